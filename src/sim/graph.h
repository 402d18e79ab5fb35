/* The overlay as a graph: who is connected to whom, by both ends' word. */
#ifndef HSY_SIM_GRAPH_H
#define HSY_SIM_GRAPH_H

#include "sim/cluster.h"

struct hsy_graph {
    struct hearsay_mem mem;
    uint32_t count;
    uint32_t *parents; /* Owned, one per vertex: a forest of components. */
    uint32_t *degrees; /* Owned. */
    bool *present;     /* Owned: those that count. */
    uint64_t *words;   /* Owned: what was said; after finish, the links. */
    uint32_t words_count, words_room;
    uint32_t vertices, links, components;
    uint32_t one_sided; /* Links that one end only knows of (O4). */
};

HEARSAY_MUST_USE int hsy_graph_create(struct hsy_graph **out, uint32_t count,
                                      const struct hearsay_mem *mem);
void hsy_graph_destroy(struct hsy_graph *g);

/* Build: clear, all vertices, then all links as each end names them (words
 * about absent vertices are ignored), then finish. */
void hsy_graph_clear(struct hsy_graph *g);
void hsy_graph_vertex(struct hsy_graph *g, uint32_t v);
HEARSAY_MUST_USE int hsy_graph_link(struct hsy_graph *g, uint32_t from,
                                    uint32_t to);
/* HEARSAY_ERR_NOMEM: it is not finished. */
HEARSAY_MUST_USE int hsy_graph_finish(struct hsy_graph *g);
/* Of a finished graph: the ends of the link @index < links, in order; lower
 * end first. */
void hsy_graph_ends(const struct hsy_graph *g, uint32_t index,
                    uint32_t *out_lower, uint32_t *out_higher);
/* Are they in one component? */
bool hsy_graph_together(const struct hsy_graph *g, uint32_t a, uint32_t b);

/* All of that for the live overlay: peers that run and are not frozen nor
 * cut off from everybody. In graph_read.c. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_graph_read(struct hsy_graph *g,
                                    const struct hsy_cluster *c);

#endif
