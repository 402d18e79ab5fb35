/* Encoded when it comes, decoded when it is needed. A record is a third of
 * its struct that way; and the own encoding is trusted, so decoding it cannot
 * fail. */
#include "core/kept.h"

#include <string.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "base/mem.h"

enum { LINKS_HEAD_LEN = 4 + 1 }; /* Length and kind of the sync entry. */

struct hsy_blob *hsy_keep_record(const struct hsy_env *env,
                                 const struct hsy_record *record)
{
    HSY_UNSET uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_record(&out, record);
    HSY_ASSERT(!out.bad);
    return hsy_pool_put(env->pool, bytes, out.len);
}

struct hsy_blob *hsy_keep_encoded(const struct hsy_env *env,
                                  const struct hsy_encoded *record)
{
    HSY_ASSERT(record->len <= HSY_RECORD_LEN_MAX);
    return hsy_pool_put(env->pool, record->bytes, record->len);
}

struct hsy_blob *hsy_keep_links(const struct hsy_env *env,
                                const struct hsy_links *links)
{
    HSY_UNSET struct hsy_sync_entry fact;
    struct hsy_writer count = hsy_writer_count();
    struct hsy_sync counted = {0};
    struct hsy_sync written = {0};

    fact.kind = HSY_SYNC_LINKS;
    fact.links = *links;
    hsy_sync_add(&count, &counted, &fact);
    HSY_ASSERT(count.len > LINKS_HEAD_LEN);
    uint8_t *bytes = hsy_mem_alloc(&env->mem, count.len);
    if (bytes == NULL) {
        return NULL;
    }
    struct hsy_writer out = hsy_writer(bytes, count.len);
    hsy_sync_add(&out, &written, &fact);
    HSY_ASSERT(!out.bad);
    struct hsy_blob *kept = hsy_pool_put(env->pool, bytes, out.len);
    hsy_mem_free(&env->mem, bytes);
    return kept;
}

struct hsy_blob *hsy_keep_bundle(const struct hsy_env *env,
                                 const struct hsy_bundle *bundle)
{
    HSY_UNSET uint8_t room[HSY_BUNDLE_LEN_MAX];
    size_t len = 0;
    const uint8_t *bytes = hsy_bundle_encoded(bundle, room, &len);

    HSY_ASSERT(len > HSY_SIG_LEN);
    return hsy_pool_put(env->pool, bytes, len);
}

void hsy_keep_no_more(const struct hsy_env *env, struct hsy_blob *kept)
{
    HSY_ASSERT(env->pool != NULL);
    hsy_pool_drop(env->pool, kept);
}

struct hsy_record hsy_kept_record(const struct hsy_blob *kept)
{
    struct hsy_reader in = hsy_reader(kept->bytes, kept->len);
    struct hsy_record record;

    hsy_get_record(&in, &record);
    HSY_ASSERT(hsy_reader_done(&in));
    return record;
}

struct hsy_record_brief hsy_kept_record_brief(const struct hsy_blob *kept)
{
    HSY_ASSERT(kept != NULL);
    return hsy_record_brief(kept->bytes, kept->len);
}

/* Where a dial goes, and to whom. */
struct place {
    struct hearsay_id id;
    char host[HEARSAY_ADDR_TEXT_LEN];
    uint16_t port;
};

static struct place place_of(const struct hsy_blob *kept, uint32_t tries)
{
    struct hsy_record record = hsy_kept_record(kept);
    struct place place = {.id = record.id};

    HSY_ASSERT(record.addrs_count >= 1);
    const struct hearsay_addr *addr = &record.addrs[tries % record.addrs_count];
    hsy_addr_host_text(place.host, addr);
    place.port = addr->port;
    return place;
}

hearsay_link hsy_kept_dial(const struct hsy_env *env,
                           const struct hsy_blob *kept, uint32_t tries)
{
    struct place to = place_of(kept, tries);

    HSY_ASSERT(to.port != 0);
    return env->ports.dial(env->ports.ctx, to.host, to.port, &to.id);
}

hearsay_link hsy_kept_feel(const struct hsy_env *env,
                           const struct hsy_blob *kept, uint32_t tries)
{
    struct place to = place_of(kept, tries);

    HSY_ASSERT(to.port != 0);
    return env->ports.feel(env->ports.ctx, to.host, to.port, &to.id);
}

bool hsy_kept_undialable(const struct hsy_blob *kept)
{
    uint64_t features = hsy_kept_record_brief(kept).features;

    HSY_ASSERT(kept->len > HSY_SIG_LEN);
    return (features & HSY_RECORD_UNDIALABLE) != 0;
}

uint64_t hsy_kept_group(const struct hsy_blob *kept)
{
    HSY_ASSERT(kept != NULL);
    struct hearsay_addr first = hsy_record_first_addr(kept->bytes, kept->len);
    return hsy_addr_group(&first);
}

bool hsy_kept_is(const struct hsy_blob *kept, const struct hsy_encoded *record)
{
    HSY_ASSERT(record->bytes != NULL);
    return kept->len == record->len &&
           memcmp(kept->bytes, record->bytes, record->len) == 0;
}

struct hsy_bundle hsy_kept_bundle(const struct hsy_blob *kept)
{
    struct hsy_reader in = hsy_reader(kept->bytes, kept->len);
    struct hsy_bundle bundle;

    hsy_get_bundle(&in, &bundle);
    HSY_ASSERT(hsy_reader_done(&in));
    return bundle;
}

struct hsy_links hsy_kept_links(const struct hsy_blob *kept)
{
    struct hsy_reader in =
        hsy_reader(kept->bytes + LINKS_HEAD_LEN, kept->len - LINKS_HEAD_LEN);
    struct hsy_links links;

    HSY_ASSERT(kept->len > LINKS_HEAD_LEN);
    hsy_get_links(&in, &links);
    HSY_ASSERT(hsy_reader_done(&in));
    return links;
}

struct hsy_links_brief hsy_kept_links_brief(const struct hsy_blob *kept)
{
    HSY_ASSERT(kept->len > LINKS_HEAD_LEN);
    return hsy_links_brief(kept->bytes + LINKS_HEAD_LEN,
                           kept->len - LINKS_HEAD_LEN);
}
