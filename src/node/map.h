/* The overlay as a seed knows it: every living entry of its Peer List, and
 * who names whom. Copied out, so that it is one moment of the node however
 * long a reader takes. Read-only and between steps only, as node/view.h. */
#ifndef HSY_NODE_MAP_H
#define HSY_NODE_MAP_H

#include "core/web.h"
#include "hearsay.h"

struct hsy_registry;

struct hsy_map_link {
    uint32_t from, to; /* Indices of hsy_view_peer(). */
    /* Both ends name it, and @from is the lower one; else only @from does. */
    bool both;
};

struct hsy_map {
    /* Vertices are the living: the indices of hsy_view_peer() below
     * web.vertices. Who is absent, or has sent no snapshot yet, has no part. */
    struct hsy_web web;
    /* Owned. A degree counts the links that both ends name. */
    uint32_t *degrees;
    struct hsy_map_link *links; /* Owned; of each pair one at most. */
    uint32_t links_count;
    uint64_t strangers; /* Links whose other end has no part here. */
};

/* The graph of a seed's @node. HEARSAY_ERR_STATE: it is no seed.
 * HEARSAY_ERR_NOMEM. Then there is nothing to be ended. */
HEARSAY_MUST_USE int hsy_map_init(struct hsy_map *m,
                                  const struct hearsay_node *node,
                                  const struct hearsay_mem *mem);
/* The same of a registry alone. */
HEARSAY_MUST_USE int hsy_map_of_registry(struct hsy_map *m,
                                         const struct hsy_registry *r,
                                         const struct hearsay_mem *mem);
void hsy_map_fini(struct hsy_map *m, const struct hearsay_mem *mem);

#endif
