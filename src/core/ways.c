/* A way goes with its link: the number of a link is never used again, so a way
 * over one that is gone finds nothing, and nothing has to be cleaned up. */
#include "core/ways.h"

void hsy_ways_init(struct hsy_ways *w, const struct hsy_env *env,
                   struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(neighbours != NULL);
    *w = (struct hsy_ways){.neighbours = neighbours};
    hsy_ring_init(&w->ring, env,
                  (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                           .item_len = sizeof(struct hsy_way),
                                           .items_max = HSY_WAYS_MAX});
}

void hsy_ways_fini(struct hsy_ways *w)
{
    HSY_ASSERT(w->neighbours != NULL);
    hsy_ring_fini(&w->ring);
}

void hsy_ways_learn(struct hsy_ways *w, const struct hearsay_id *id,
                    hearsay_link link)
{
    struct hsy_way *way = hsy_ring_put(&w->ring, id);

    HSY_ASSERT(link != 0);
    if (way != NULL) {
        way->link = link;
    }
}

bool hsy_ways_usable(const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return n->overlay && hsy_neighbour_has(n, HSY_DIRECT);
}

struct hsy_neighbour *hsy_ways_find(const struct hsy_ways *w,
                                    const struct hearsay_id *id)
{
    struct hsy_neighbour *n = hsy_neighbour_by_id(w->neighbours, id);

    HSY_ASSERT(w->ring.table.count <= HSY_WAYS_MAX);
    if (n != NULL && hsy_ways_usable(n)) {
        return n;
    }
    const struct hsy_way *way = hsy_ring_find(&w->ring, id);
    n = way == NULL ? NULL : hsy_neighbour_by_link(w->neighbours, way->link);
    return n != NULL && hsy_ways_usable(n) ? n : NULL;
}
