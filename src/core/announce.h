/* What is to be announced on lazy links: one ring of ids for all of them, and
 * in each neighbour how far it has been told. */
#ifndef HSY_CORE_ANNOUNCE_H
#define HSY_CORE_ANNOUNCE_H

#include "core/neighbours.h"

enum { HSY_ANNOUNCE_MAX = 1024 };

struct hsy_announced {
    struct hsy_bundle_id id;
    hearsay_link from; /* Who has it for sure; 0: nobody. */
};

struct hsy_announce {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_announced *ring; /* Owned; a power of two. */
    uint32_t room;
    uint64_t head;    /* Ids ever added. */
    uint64_t told_ns; /* Last time of telling. */
    uint64_t due_ns;  /* NEVER: nothing to tell. */
    uint64_t told;    /* Ids up to there have been told. */
};

void hsy_announce_init(struct hsy_announce *a, struct hsy_env *env,
                       struct hsy_neighbours *neighbours);
void hsy_announce_fini(struct hsy_announce *a);
/* Without memory it is not announced: repair finds it. */
void hsy_announce_add(struct hsy_announce *a, const struct hsy_bundle_id *id,
                      hearsay_link from);
/* From here on @n is told; what was added before, it gets or got otherwise. */
void hsy_announce_begin(const struct hsy_announce *a, struct hsy_neighbour *n);
/* @n is about to become eager: what waits to be told is told it now, for it is
 * not pushed any more. */
void hsy_announce_finish(struct hsy_announce *a, struct hsy_neighbour *n);
/* Tells what is due. */
void hsy_announce_tick(struct hsy_announce *a);

#endif
