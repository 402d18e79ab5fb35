/* The answer of /v1/topology as a graph, and what can be said of it. */
#ifndef HSY_CLI_NETGRAPH_H
#define HSY_CLI_NETGRAPH_H

#include "hearsay.h"
#include "sim/powerlaw.h"

#include <jansson.h>

#define HSY_NETGRAPH_NONE UINT32_MAX

enum {
    HSY_NETGRAPH_HUBS = 10,
    HSY_NETGRAPH_BINS = 33,   /* Degree 0, 1, 2-3, 4-7, ... */
    HSY_NETGRAPH_SOURCES = 64 /* Peers from which paths are measured. */
};

struct hsy_netgraph {
    const json_t *answer, *nodes; /* Lent. */
    bool own;                     /* A peer's view: itself and its links. */
    uint32_t count;               /* Of nodes. */
    uint32_t links, one_sided;
    uint32_t components;
    uint32_t largest;     /* One of the components, if there are any. */
    uint32_t *memory;     /* Owned: all of the below. */
    uint32_t *component;  /* Of each node; NONE: it is not counted. */
    uint32_t *degrees;    /* Links that both ends name. */
    uint32_t *begin;      /* count + 1 places in to[]. */
    uint32_t *to;         /* Neighbours by either end's word. */
    uint32_t *sizes;      /* Of each component, largest first. */
    uint32_t *hops, *row; /* Of the last walk; see hsy_netgraph_walk(). */
};

/* @answer outlives @out. HEARSAY_ERR_MALFORMED: it is no such answer; *@what
 * says where, static. HEARSAY_ERR_NOMEM. Then there is nothing to be ended. */
HEARSAY_MUST_USE int hsy_netgraph_init(struct hsy_netgraph *out,
                                       const json_t *answer, const char **what);
void hsy_netgraph_fini(struct hsy_netgraph *g);

/* A walk in breadth from @from. */
struct hsy_walk {
    uint32_t reached;  /* With @from; they are row[0..reached), nearest first */
    uint32_t farthest; /* One of the last. */
    uint64_t hops;     /* The sum over all reached. */
};
/* Fills hops[] (NONE: out of reach) and row[]. */
struct hsy_walk hsy_netgraph_walk(struct hsy_netgraph *g, uint32_t from);

struct hsy_netfigures {
    /* Nodes by their state; silent are those of the alive who have no snapshot
     * of their links at that seed yet. All else is of the others: the counted.
     */
    uint32_t alive, absent, silent, counted;
    uint32_t cuts;
    uint32_t degree_min, degree_max;
    double degree_median, degree_mean;
    uint32_t bins[HSY_NETGRAPH_BINS], bins_count;
    uint32_t hubs[HSY_NETGRAPH_HUBS]; /* Nodes, highest degree first. */
    uint32_t hubs_count;
    /* Of the largest component: no pair of it was found farther apart. Exact
     * when all of it were sources. */
    uint32_t diameter;
    bool diameter_exact;
    double path_mean; /* From the sources to all others. 0: there are none. */
    uint32_t path_sources;
    bool fitted; /* Else there are too few to fit. */
    struct hsy_powerlaw fit;
};

/* HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_netfigures_of(struct hsy_netfigures *out,
                                       struct hsy_netgraph *g);

/* The least degree of bin @bin; that of the next one is above it. */
uint32_t hsy_netgraph_bin_least(uint32_t bin);

/* The figures as an object; NULL: no memory. */
json_t *hsy_netfigures_json(const struct hsy_netfigures *f,
                            const struct hsy_netgraph *g);

#endif
