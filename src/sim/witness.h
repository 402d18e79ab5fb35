/* A cluster under observation: with it a ledger, a graph, the checks of all
 * invariants and the story of its last records. What scenarios, swarms and
 * studies have in common. */
#ifndef HSY_SIM_WITNESS_H
#define HSY_SIM_WITNESS_H

#include "sim/checks.h"
#include "sim/graph.h"
#include "sim/ledger.h"
#include "sim/story.h"

/* What a witness keeps. Each costs: the ledger a bit per node and message,
 * the checks a look at every step, the story a line per record. */
enum {
    HSY_WITNESS_LEDGER = 1,
    HSY_WITNESS_CHECKS = 2, /* And the ledger, which they need. */
    HSY_WITNESS_STORY = 4,
    HSY_WITNESS_ALL = 7
};

struct hsy_witness_options {
    uint32_t keeps; /* HSY_WITNESS_... */
};

struct hsy_witness {
    struct hearsay_mem mem;
    struct hsy_cluster *cluster; /* All owned. */
    struct hsy_ledger *ledger;   /* NULL unless kept. */
    struct hsy_graph *graph;
    struct hsy_checks *checks; /* NULL unless kept. */
    struct hsy_meter meter;    /* Of the cluster's memory, for the checks. */
    int err;                   /* Sticky: HEARSAY_ERR_NOMEM. */
    bool tells_story;
    /* Also told of every record; may be NULL. */
    void (*on_note)(void *ctx, uint32_t node, const struct hearsay_note *note);
    void *ctx;
    /* Told of everything, last; functions may be NULL. The caller sets it. */
    struct hsy_observer next;
    struct hsy_story story;
};

/* @config->observer is not looked at; @config itself is borrowed for the
 * call, its templates for the life of the witness. @options NULL: all is
 * kept. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int
hsy_witness_create(struct hsy_witness **out,
                   const struct hsy_cluster_config *config,
                   const struct hsy_witness_options *options);
void hsy_witness_destroy(struct hsy_witness *w);

/* The disk of @node lost rows: taken away, put back, refused for their seal,
 * or never written. A seed cannot keep its word about what was in them (R1,
 * R2, R4, R8). A peer promises nothing with its disk: what was there it learns
 * again. */
void hsy_witness_disk_lost(struct hsy_witness *w, uint32_t node);
/* It does not write all that it should. */
void hsy_witness_disk_bad(struct hsy_witness *w, uint32_t node);
/* The wall clock of @node jumped: its messages count as too old or too new,
 * which excuses a loss (B3). */
void hsy_witness_clock_jumped(struct hsy_witness *w, uint32_t node);

/* Peers that run and are not cut off from everybody. */
bool hsy_witness_has_say(const struct hsy_cluster *c, uint32_t node);
/* Deliveries missed by such peers, of messages published from @from_ns on.
 * The ledger must be kept. */
struct hsy_missing hsy_witness_missing(const struct hsy_witness *w,
                                       uint64_t from_ns);

#endif
