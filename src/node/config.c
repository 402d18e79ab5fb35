/* Defaults and limits of a node's settings; docs/reference.md lists them. */
#include <string.h>

#include "base/addr.h"
#include "base/time.h"
#include "core/overlay.h"
#include "node/inner.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

void hearsay_config_init(struct hearsay_config *config, enum hearsay_role role)
{
    bool seed = role == HEARSAY_SEED;

    HSY_ASSERT(config != NULL);
    *config = (struct hearsay_config){
        .role = role,
        .name = "",
        .network = "default",
        .overlay = HEARSAY_OVERLAY_PREFERENTIAL,
        .relay = HEARSAY_RELAY_TREE,
        .links_wanted = 4,
        .gossip_interval_ns = 5 * HSY_SECOND,
        .gossip_count = 10,
        .ping_interval_ns = 13 * HSY_SECOND,
        .ping_timeout_ns = 3 * HSY_SECOND,
        .join_timeout_ns = 0,
        .lease_ns = 10 * HSY_MINUTE,
        .links_max = seed ? 16384 : 1024,
        .peers_max = seed ? 100000 : 1,
        .book_max = 100,
        .seen_max = seed ? 1 : 65536,
        .origins_max = seed ? 16 : 16384,
        .retain_max = seed ? 1 : 262144,
        .retain_bytes = 64 * MIB,
        .retain_ns = 10 * HSY_MINUTE,
        .bulk_bytes = 64 * MIB,
        .payload_max = HEARSAY_PAYLOAD_MAX,
        .history = HEARSAY_UNLIMITED,
        .announce_ns = 50 * HSY_MS,
        .answers = false,
        .spares_percent = 20,
        .shortcuts = 64,
        .queue_max = seed ? MIB : 256 * KIB,
        .jobs_max = 4096,
        .frame_max = MIB,
        .crypto = hearsay_crypto_sodium(),
        .mem = *hearsay_mem_default(),
    };
}

static bool name_is_sound(const char *text, size_t least)
{
    if (text == NULL || strlen(text) < least ||
        strlen(text) > HEARSAY_NAME_MAX) {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return true;
}

/* A caller who forgot it would share its identity with all who forgot. */
static bool is_unset(const uint8_t secret[HEARSAY_SECRET_LEN])
{
    uint8_t any = 0;

    for (size_t i = 0; i < HEARSAY_SECRET_LEN; i++) {
        any |= secret[i];
    }
    return any == 0;
}

struct rule {
    bool broken;
    const char *text;
};

static const char *first_broken(const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rules[i].broken) {
            return rules[i].text;
        }
    }
    return NULL;
}

static const char *time_fault(const struct hearsay_config *c)
{
    const struct rule rules[] = {
        {c->ping_interval_ns < 10 * HSY_MS, "ping_interval: at least 10 ms"},
        {c->ping_timeout_ns < 10 * HSY_MS, "ping_timeout: at least 10 ms"},
        {c->ping_timeout_ns > 12 * HSY_SECOND, "ping_timeout: at most 12 s"},
        {c->gossip_interval_ns < HSY_MS, "gossip_interval: at least 1 ms"},
        {c->lease_ns < HSY_SECOND, "lease: at least 1 s"},
        {c->retain_ns < HSY_SECOND || c->retain_ns > 24 * 60 * HSY_MINUTE,
         "retain: 1 s to 1 day"},
        {c->ordered_wait_ns != 0 && (c->ordered_wait_ns < HSY_MS ||
                                     c->ordered_wait_ns > 10 * HSY_MINUTE),
         "ordered_wait: 0, or 1 ms to 10 min"},
        {c->announce_ns < HSY_MS || c->announce_ns > 10 * HSY_SECOND,
         "announce: 1 ms to 10 s"},
    };

    return first_broken(rules, sizeof(rules) / sizeof(rules[0]));
}

static const char *bound_fault(const struct hearsay_config *c)
{
    const struct rule rules[] = {
        {c->links_wanted < 1 || c->links_wanted > 64, "links_wanted: 1 to 64"},
        {c->links_max < 16 || c->links_max > 1000000, "links_max: 16 to 10^6"},
        {c->links_max < 14 + c->seeds_count / 2,
         "links_max: 14 and half of the seeds at least"},
        {c->peers_max < 1 || c->peers_max > 10000000, "peers_max: 1 to 10^7"},
        {c->book_max < 1 || c->book_max > 100000, "book_max: 1 to 10^5"},
        {c->seen_max < 1 || c->seen_max > 100000000, "seen_max: 1 to 10^8"},
        {c->origins_max < 16 || c->origins_max > 1000000,
         "origins_max: 16 to 10^6"},
        {c->retain_max < 1 || c->retain_max > 10000000,
         "retain_max: 1 to 10^7"},
        {c->retain_bytes < 64 * KIB || c->retain_bytes > UINT64_C(65536) * MIB,
         "retain_bytes: 64 KiB to 64 GiB"},
        {c->bulk_bytes < 16 * MIB || c->bulk_bytes > UINT64_C(65536) * MIB,
         "bulk_bytes: 16 MiB to 64 GiB"},
        {c->payload_max < HSY_INLINE_MAX ||
             c->payload_max > HEARSAY_PAYLOAD_MAX,
         "payload_max: 15 KiB to 16 MiB"},
        {c->shortcuts > 64, "shortcuts: at most 64"},
        {c->spares_percent > 100, "spares_percent: at most 100"},
        {c->queue_max < 128 * KIB, "queue_max: at least 128 KiB"},
        {c->jobs_max < 16 || c->jobs_max > 1000000, "jobs_max: 16 to 10^6"},
        {c->frame_max < 64 * KIB || c->frame_max > 16 * MIB,
         "frame_max: 64 KiB to 16 MiB"},
    };

    return first_broken(rules, sizeof(rules) / sizeof(rules[0]));
}

/* What a record or a dial could not carry. */
static const char *list_fault(const struct hearsay_config *c)
{
    for (uint32_t i = 0; i < c->addrs_count; i++) {
        if (c->addrs[i].port == 0) {
            return "addrs: each needs a port";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (hsy_addr_equal(&c->addrs[i], &c->addrs[k])) {
                return "addrs: no two may be the same";
            }
        }
    }
    for (uint32_t i = 0; i < c->seeds_count; i++) {
        if (c->seeds[i].host[0] == '\0' || c->seeds[i].port == 0) {
            return "seeds: each needs a host and a port";
        }
    }
    return NULL;
}

static const char *topics_fault(const struct hearsay_config *c)
{
    if (c->topics_count > HSY_TOPICS_MAX ||
        (c->topics_count > 0 && c->topics == NULL)) {
        return "topics: at most 64 patterns";
    }
    for (uint32_t i = 0; i < c->topics_count; i++) {
        if (!hsy_pattern_is_sound(c->topics[i])) {
            return "topics: each at most 64 bytes, with a * at its end only";
        }
    }
    return NULL;
}

const char *hsy_config_fault(const struct hearsay_config *c)
{
    const struct rule rules[] = {
        {c->role != HEARSAY_SEED && c->role != HEARSAY_PEER,
         "role: seed or peer"},
        {!name_is_sound(c->name, 0),
         "name: at most 64 bytes, no control characters"},
        {!name_is_sound(c->network, 1),
         "network: 1 to 64 bytes, no control characters"},
        {is_unset(c->secret), "secret: 32 random bytes, kept for good"},
        {c->seeds == NULL || c->seeds_count < 1 ||
             c->seeds_count > HEARSAY_SEEDS_MAX,
         "seeds: 1 to 32 of them"},
        {c->addrs_count < 1 || c->addrs_count > HEARSAY_ADDRS_MAX,
         "addrs: 1 to 4 of them"},
        {c->crypto == NULL, "crypto: a backend is needed"},
        {c->mem.alloc == NULL || c->mem.free == NULL,
         "mem: both functions are needed"},
    };
    const char *fault = first_broken(rules, sizeof(rules) / sizeof(rules[0]));

    fault = fault != NULL ? fault : time_fault(c);
    fault = fault != NULL ? fault : bound_fault(c);
    fault = fault != NULL ? fault : topics_fault(c);
    return fault != NULL ? fault : list_fault(c);
}
