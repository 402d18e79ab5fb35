/* A cluster under observation: with it a ledger, a graph and the story of its
 * last records. What scenarios and swarms have in common. */
#ifndef HSY_SIM_WITNESS_H
#define HSY_SIM_WITNESS_H

#include "sim/graph.h"
#include "sim/ledger.h"
#include "sim/story.h"

struct hsy_witness {
    struct hearsay_mem mem;
    struct hsy_cluster *cluster; /* All owned. */
    struct hsy_ledger *ledger;
    struct hsy_graph *graph;
    int err; /* Sticky: HEARSAY_ERR_NOMEM. */
    /* Also told of every record; may be NULL. */
    void (*on_note)(void *ctx, uint32_t node, const struct hearsay_note *note);
    void *ctx;
    struct hsy_story story;
};

/* @config->observer is not looked at. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int
hsy_witness_create(struct hsy_witness **out,
                   const struct hsy_cluster_config *config);
void hsy_witness_destroy(struct hsy_witness *w);

/* Peers that run and are not cut off from everybody. */
bool hsy_witness_has_say(const struct hsy_cluster *c, uint32_t node);
/* Deliveries missed by such peers, of messages published from @from_ns on. */
struct hsy_missing hsy_witness_missing(const struct hsy_witness *w,
                                       uint64_t from_ns);

#endif
