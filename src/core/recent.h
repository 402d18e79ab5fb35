/* The last few bundles, sent again on every new overlay link: a network that
 * is still forming, or that just lost a hub, has moments in which a message
 * cannot reach everybody, and the next link mends that. Bounded in number,
 * bytes and age. */
#ifndef HSY_CORE_RECENT_H
#define HSY_CORE_RECENT_H

#include "core/env.h"

/* The default of config.retain_max. */
enum { HSY_RECENT_MAX = 64, HSY_RECENT_BYTES_MAX = 64 * 1024 };
#define HSY_RECENT_NS (15 * HSY_SECOND)

struct hsy_kept {
    struct hsy_blob *bundle; /* A share; see kept.h. */
    uint64_t seen_ns;
    uint8_t hops;
};

struct hsy_recent {
    struct hsy_env *env;
    struct hsy_kept *ring; /* Owned; grows up to retain_max. */
    uint32_t head, count, room;
    uint32_t bytes_total;
};

void hsy_recent_init(struct hsy_recent *r, struct hsy_env *env);
void hsy_recent_fini(struct hsy_recent *r);
/* Keeps a copy; without memory it is simply not kept. */
void hsy_recent_keep(struct hsy_recent *r, const struct hsy_bundle *bundle,
                     uint8_t hops);
/* Sends all that is not too old to @link; how many. */
uint32_t hsy_recent_send(struct hsy_recent *r, hearsay_link link);

#endif
