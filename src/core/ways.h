/* Which link leads to which node: the one over which something that the node
 * has signed came first. Learnt by listening, never asked for, and never more
 * than a hint: who finds no way, or a wrong one, spreads (direct.h). */
#ifndef HSY_CORE_WAYS_H
#define HSY_CORE_WAYS_H

#include "core/neighbours.h"
#include "core/ring.h"

enum { HSY_WAYS_MAX = 4096 };

struct hsy_ways {
    struct hsy_neighbours *neighbours;
    struct hsy_ring ring; /* struct hsy_way; the oldest goes. */
};

struct hsy_way {
    struct hearsay_id id; /* Key. */
    hearsay_link link;
};

void hsy_ways_init(struct hsy_ways *w, const struct hsy_env *env,
                   struct hsy_neighbours *neighbours);
void hsy_ways_fini(struct hsy_ways *w);
/* Something that @id has signed came over @link, whose signature matches.
 * Without memory it is not learnt. */
void hsy_ways_learn(struct hsy_ways *w, const struct hearsay_id *id,
                    hearsay_link link);
/* The neighbour that leads to @id: itself, or the way that was learnt. NULL:
 * none, or its link is gone. */
struct hsy_neighbour *hsy_ways_find(const struct hsy_ways *w,
                                    const struct hearsay_id *id);
/* May a DIRECT go there? */
bool hsy_ways_usable(const struct hsy_neighbour *n);

#endif
