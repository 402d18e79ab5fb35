/* What seeds tell each other: facts of four kinds in one list. Each entry
 * has its length in front, so that a seed can pass one on as it came. */
#include "wire/codec.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/compiler.h"

/* Entry:  kind u8 | body
 *
 *     1 RECORD  record
 *     2 LINKS   links
 *     3 DEATH   certificate
 *     4 LEFT    record | leave          both of the same id
 */
static void put_entry(struct hsy_writer *out,
                      const struct hsy_sync_entry *entry)
{
    hsy_put_u8(out, (uint8_t)entry->kind);
    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        hsy_put_record(out, &entry->record);
        break;
    case HSY_SYNC_LINKS:
        hsy_put_links(out, &entry->links);
        break;
    case HSY_SYNC_DEATH:
        hsy_put_certificate(out, &entry->certificate);
        break;
    case HSY_SYNC_LEFT:
        HSY_ASSERT(hsy_id_equal(&entry->left.record.id, &entry->left.leave.id));
        hsy_put_record(out, &entry->left.record);
        hsy_put_leave(out, &entry->left.leave);
        break;
    }
}

static void get_entry(struct hsy_reader *in, struct hsy_sync_entry *entry)
{
    entry->kind = (enum hsy_sync_kind)hsy_wire_get_choice(in, HSY_SYNC_RECORD,
                                                          HSY_SYNC_LEFT);
    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        hsy_get_record(in, &entry->record);
        break;
    case HSY_SYNC_LINKS:
        hsy_get_links(in, &entry->links);
        break;
    case HSY_SYNC_DEATH:
        hsy_get_certificate(in, &entry->certificate);
        break;
    case HSY_SYNC_LEFT:
        hsy_get_record(in, &entry->left.record);
        hsy_get_leave(in, &entry->left.leave);
        hsy_wire_require(
            in, hsy_id_equal(&entry->left.record.id, &entry->left.leave.id));
        break;
    }
}

static void get_item(struct hsy_reader *in, struct hsy_sync_entry *entry)
{
    uint32_t len = hsy_get_u32(in);
    const uint8_t *bytes = hsy_get_slice(in, len);
    if (in->bad) {
        return;
    }
    struct hsy_reader item = hsy_reader(bytes, len);
    get_entry(&item, entry);
    hsy_wire_require(in, hsy_reader_done(&item));
}

void hsy_wire_put_entries(struct hsy_writer *out, const struct hsy_sync *sync)
{
    HSY_ASSERT(sync->count <= HSY_SYNC_ENTRIES_MAX);
    HSY_ASSERT((sync->count == 0) == (sync->entries_len == 0));
    hsy_put_u16(out, sync->count);
    hsy_put_bytes(out, sync->entries, sync->entries_len);
}

void hsy_wire_get_entries(struct hsy_reader *in, struct hsy_sync *sync)
{
    HSY_ASSERT(sync != NULL);
    sync->count = hsy_get_u16(in);
    hsy_wire_require(in, sync->count <= HSY_SYNC_ENTRIES_MAX);
    const uint8_t *start = in->at;
    for (uint16_t i = 0; i < sync->count && !in->bad; i++) {
        HSY_UNSET struct hsy_sync_entry entry;
        get_item(in, &entry);
    }
    sync->entries = start;
    sync->entries_len = in->bad ? 0 : (uint32_t)(in->at - start);
}

/* SEED_SYNC:
 *
 *     digest u64, u64 | ask u8, 0 or 1 | count u16
 *     count x ( len u32 | entry )
 */
void hsy_wire_put_sync(struct hsy_writer *out, const struct hsy_sync *sync)
{
    hsy_put_u64(out, sync->digest[0]);
    hsy_put_u64(out, sync->digest[1]);
    hsy_wire_put_bool(out, sync->ask);
    hsy_wire_put_entries(out, sync);
}

void hsy_wire_get_sync(struct hsy_reader *in, struct hsy_sync *sync)
{
    HSY_ASSERT(sync != NULL);
    sync->digest[0] = hsy_get_u64(in);
    sync->digest[1] = hsy_get_u64(in);
    sync->ask = hsy_wire_get_bool(in);
    hsy_wire_get_entries(in, sync);
}

void hsy_sync_add(struct hsy_writer *list, struct hsy_sync *sync,
                  const struct hsy_sync_entry *entry)
{
    HSY_ASSERT(list != NULL);
    HSY_ASSERT(entry != NULL);
    HSY_ASSERT(list->bad || sync->entries_len == list->len);
    HSY_ASSERT(sync->count < HSY_SYNC_ENTRIES_MAX);
    struct hsy_writer item = hsy_writer_count();
    put_entry(&item, entry);
    hsy_put_u32(list, (uint32_t)item.len);
    put_entry(list, entry);
    if (!list->bad) {
        sync->entries = list->data;
        sync->entries_len = (uint32_t)list->len;
        sync->count++;
    }
}

void hsy_sync_put_record(struct hsy_writer *out, const uint8_t *encoded,
                         size_t len)
{
    HSY_ASSERT(len > HSY_SIG_LEN);
    HSY_ASSERT(len <= HSY_RECORD_LEN_MAX);
    hsy_put_u32(out, (uint32_t)len + 1);
    hsy_put_u8(out, HSY_SYNC_RECORD);
    hsy_put_bytes(out, encoded, len);
}

bool hsy_sync_next(struct hsy_reader *at, struct hsy_sync_entry *entry)
{
    HSY_ASSERT(at != NULL);
    HSY_ASSERT(entry != NULL);
    if (hsy_reader_left(at) == 0) {
        return false;
    }
    get_item(at, entry);
    return !at->bad;
}

const struct hearsay_id *hsy_sync_subject(const struct hsy_sync_entry *entry)
{
    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        return &entry->record.id;
    case HSY_SYNC_LINKS:
        return &entry->links.id;
    case HSY_SYNC_DEATH:
        return &entry->certificate.record.id;
    case HSY_SYNC_LEFT:
        return &entry->left.record.id;
    }
    HSY_ASSERT(false);
    return NULL;
}

/* READ:  nonce u32 | count u16, at most 48 | id 32 */
void hsy_wire_put_read(struct hsy_writer *out, const struct hsy_read_ask *read)
{
    HSY_ASSERT(read->count <= HSY_PAGE_RECORDS);
    hsy_put_u32(out, read->nonce);
    hsy_put_u16(out, read->count);
    hsy_wire_put_id(out, &read->id);
}

void hsy_wire_get_read(struct hsy_reader *in, struct hsy_read_ask *read)
{
    HSY_ASSERT(read != NULL);
    read->nonce = hsy_get_u32(in);
    read->count = hsy_get_u16(in);
    hsy_wire_require(in, read->count <= HSY_PAGE_RECORDS);
    hsy_wire_get_id(in, &read->id);
}

/* FACTS:
 *
 *     nonce u32 | more u8, 0 or 1 | count u16, at most 48
 *     count x ( len u32 | entry )
 *
 * Entries are of the kinds 1, 3 and 4, by strictly rising id. There is one at
 * least when there are more.
 */
void hsy_wire_put_facts(struct hsy_writer *out, const struct hsy_facts *facts)
{
    HSY_ASSERT(facts->count <= HSY_PAGE_RECORDS);
    HSY_ASSERT(facts->count > 0 || (!facts->more && facts->entries_len == 0));
    hsy_put_u32(out, facts->nonce);
    hsy_wire_put_bool(out, facts->more);
    hsy_put_u16(out, facts->count);
    hsy_put_bytes(out, facts->entries, facts->entries_len);
}

void hsy_wire_get_facts(struct hsy_reader *in, struct hsy_facts *facts)
{
    struct hearsay_id last = {{0}};

    HSY_ASSERT(facts != NULL);
    facts->nonce = hsy_get_u32(in);
    facts->more = hsy_wire_get_bool(in);
    facts->count = hsy_get_u16(in);
    hsy_wire_require(in, facts->count <= HSY_PAGE_RECORDS);
    hsy_wire_require(in, facts->count > 0 || !facts->more);
    const uint8_t *start = in->at;
    for (uint16_t i = 0; i < facts->count && !in->bad; i++) {
        HSY_UNSET struct hsy_sync_entry entry;
        get_item(in, &entry);
        if (in->bad) {
            break;
        }
        const struct hearsay_id *id = hsy_sync_subject(&entry);
        hsy_wire_require(in, entry.kind != HSY_SYNC_LINKS &&
                                 (i == 0 || hsy_id_compare(&last, id) < 0));
        last = *id;
    }
    facts->entries = start;
    facts->entries_len = in->bad ? 0 : (uint32_t)(in->at - start);
}

/* SEED_DIGEST:
 *
 *     sum u64 x 256
 */
void hsy_wire_put_seed_digest(struct hsy_writer *out,
                              const struct hsy_seed_digest *digest)
{
    HSY_ASSERT(digest->sums != NULL);
    hsy_put_bytes(out, digest->sums, HSY_SEED_BUCKETS * sizeof(uint64_t));
}

void hsy_wire_get_seed_digest(struct hsy_reader *in,
                              struct hsy_seed_digest *digest)
{
    HSY_ASSERT(digest != NULL);
    digest->sums = hsy_get_slice(in, HSY_SEED_BUCKETS * sizeof(uint64_t));
}

static uint64_t u64_at(const uint8_t *list, uint32_t index)
{
    HSY_ASSERT(list != NULL);
    struct hsy_reader in =
        hsy_reader(list + index * sizeof(uint64_t), sizeof(uint64_t));
    return hsy_get_u64(&in);
}

uint64_t hsy_seed_digest_sum(const struct hsy_seed_digest *digest,
                             uint8_t bucket)
{
    HSY_ASSERT(digest != NULL);
    return u64_at(digest->sums, bucket);
}

/* SEED_PULL:
 *
 *     buckets 32, bit b % 8 of byte b / 8
 *     first u64 | last u64, not below first | count u16, at most 1,024
 *     count x fact u64, in [first, last], none below the one before
 */
void hsy_wire_put_seed_pull(struct hsy_writer *out,
                            const struct hsy_seed_pull *pull)
{
    HSY_ASSERT(pull->count <= HSY_SEED_FACTS_MAX);
    hsy_put_bytes(out, pull->buckets, sizeof(pull->buckets));
    hsy_put_u64(out, pull->first);
    hsy_put_u64(out, pull->last);
    hsy_put_u16(out, pull->count);
    hsy_put_bytes(out, pull->facts, pull->count * sizeof(uint64_t));
}

void hsy_wire_get_seed_pull(struct hsy_reader *in, struct hsy_seed_pull *pull)
{
    hsy_get_bytes(in, pull->buckets, sizeof(pull->buckets));
    pull->first = hsy_get_u64(in);
    pull->last = hsy_get_u64(in);
    hsy_wire_require(in, pull->first <= pull->last);
    pull->count = hsy_get_u16(in);
    hsy_wire_require(in, pull->count <= HSY_SEED_FACTS_MAX);
    pull->facts = hsy_get_slice(in, pull->count * sizeof(uint64_t));
    uint64_t least = pull->first;
    for (uint32_t i = 0; i < pull->count && !in->bad; i++) {
        uint64_t fact = u64_at(pull->facts, i);
        hsy_wire_require(in, least <= fact && fact <= pull->last);
        least = fact;
    }
}

bool hsy_seed_pull_wants(const struct hsy_seed_pull *pull, uint64_t fact)
{
    uint32_t low = 0;
    uint32_t high = pull->count;

    HSY_ASSERT(pull->count <= HSY_SEED_FACTS_MAX);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (u64_at(pull->facts, middle) < fact) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool has = low < pull->count && u64_at(pull->facts, low) == fact;
    return !has && pull->first <= fact && fact <= pull->last;
}
