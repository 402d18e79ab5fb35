/* Bundles kept for those who missed them: found by id for GRAFT, by number for
 * PULL; bounded in number, bytes and age, oldest out first, and who has more
 * than a quarter of all makes room for himself (docs/protocol.md, Repair). */
#ifndef HSY_CORE_RETAINED_H
#define HSY_CORE_RETAINED_H

#include "core/origins.h"

struct hsy_retained_bundle {
    struct hsy_bundle_id id; /* Key. */
    struct hsy_blob *bundle; /* A share; see kept.h. */
    uint64_t seen_ns;
    uint64_t from;    /* Its numbers. */
    uint64_t ordinal; /* saved.h; 0: it is not on the disk. */
    uint16_t count;
    uint8_t hops; /* As it is to be sent on. */
    /* Places, counted from 1; HSY_PLACE_NONE at an end. */
    uint32_t older, newer;        /* Of all. */
    uint32_t previous, following; /* Of its origin, by number. */
};

struct hsy_retained {
    struct hsy_env *env;
    struct hsy_origins *origins;
    struct hsy_table table; /* struct hsy_retained_bundle */
    uint32_t oldest, newest;
    uint64_t bytes;
    struct hsy_saved *saved; /* Is told of what goes; NULL: nobody is. */
};

void hsy_retained_init(struct hsy_retained *r, struct hsy_env *env,
                       struct hsy_origins *origins);
void hsy_retained_fini(struct hsy_retained *r);
/* Keeps a copy of @bundle, whose numbers are claimed; without memory, or
 * larger than all the room, it is simply not kept, and NULL. */
struct hsy_retained_bundle *hsy_retained_keep(struct hsy_retained *r,
                                              const struct hsy_bundle *bundle,
                                              const struct hsy_bundle_id *id,
                                              uint8_t hops);
/* NULL: not, or not any more. Valid until the next keep. */
struct hsy_retained_bundle *hsy_retained_find(const struct hsy_retained *r,
                                              const struct hsy_bundle_id *id);
/* The first one of @origin that holds a number of @from or above. */
const struct hsy_retained_bundle *
hsy_retained_from(const struct hsy_retained *r, const struct hsy_origin *origin,
                  uint64_t from);
const struct hsy_retained_bundle *
hsy_retained_following(const struct hsy_retained *r,
                       const struct hsy_retained_bundle *b);
/* The oldest, and the next newer one. */
const struct hsy_retained_bundle *
hsy_retained_oldest(const struct hsy_retained *r);
const struct hsy_retained_bundle *
hsy_retained_newer(const struct hsy_retained *r,
                   const struct hsy_retained_bundle *b);
/* All of them, in no order. NULL: no such index. */
const struct hsy_retained_bundle *hsy_retained_at(const struct hsy_retained *r,
                                                  uint32_t index);
/* Lent until the next keep. */
struct hsy_bundle hsy_retained_bundle(const struct hsy_retained_bundle *b);

#endif
