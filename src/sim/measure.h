/* What a run costs and how well it works, measured from outside: by what
 * applications get, what links carry and what seeds write down. Histograms,
 * not lists; a bit per node for each message that is followed.
 *
 *     hsy_measure_create(&m, &mem, cluster);
 *     witness->next = hsy_measure_observer(m);
 *     ... everybody joins ...
 *     hsy_measure_traffic(m);       from here on bytes count
 *     ... publish, kill and hsy_measure_struck(), run ...
 *     hsy_measure_graph(m, graph);
 *     hsy_measure_fit(m, &options);
 *     hsy_measure_figures(m, &figures);
 */
#ifndef HSY_SIM_MEASURE_H
#define HSY_SIM_MEASURE_H

#include "sim/cluster.h"
#include "sim/figures.h"
#include "sim/graph.h"
#include "sim/histogram.h"
#include "sim/powerlaw.h"

struct hsy_measure;

enum {
    /* Messages whose deliveries are followed; fewer when their bits would
     * take more than 256 MiB. Later ones count in no figure. */
    HSY_MEASURE_MESSAGES = 65536,
    HSY_MEASURE_DEGREES = 32, /* Buckets: 0, 1, 2-3, 4-7, ... */
    /* A death that is recorded so soon after the subject came back is late,
     * not false: what led to it happened while it was away. */
    HSY_MEASURE_LATE_S = 60 /* Unless hsy_measure_late() says another time. */
};

/* @cluster is borrowed for the life of the measure. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_measure_create(struct hsy_measure **out,
                                        const struct hearsay_mem *mem,
                                        const struct hsy_cluster *cluster);
void hsy_measure_destroy(struct hsy_measure *m);
struct hsy_observer hsy_measure_observer(struct hsy_measure *m);
/* HEARSAY_ERR_NOMEM once an allocation has failed: figures are not to be
 * trusted then. */
int hsy_measure_err(const struct hsy_measure *m);

/* Bytes and copies so far are forgotten, sends by degree too. Call it when
 * all have joined and the part that is to be measured begins. */
void hsy_measure_traffic(struct hsy_measure *m);

/* As hsy_measure_traffic(), and no message published before now counts in
 * deliveries, latencies and hops. What is missed is still told of all. */
void hsy_measure_restart(struct hsy_measure *m);

/* The next message of @origin is followed for itself, in the figures `first`:
 * it is owed to those that share a component of @g with @origin. From now on
 * nothing else is counted in latencies, hops and traffic. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_measure_first(struct hsy_measure *m,
                                       const struct hsy_graph *g,
                                       uint32_t origin);
/* How many of them run and have not got it. */
uint64_t hsy_measure_first_lacking(const struct hsy_measure *m);

/* The network was in two pieces and is whole again, just now. @sides: which
 * piece each node was in, 0 or 1; @g: the overlay as it is, with links across
 * or without. From here on hsy_measure_mend() tells how what one piece missed
 * comes to it. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_measure_healed(struct hsy_measure *m,
                                        const uint8_t *sides,
                                        const struct hsy_graph *g);

/* From now on @node counts in no figure of deliveries, and is owed nothing. */
void hsy_measure_leave_out(struct hsy_measure *m, uint32_t node);

/* What the figures call missed, as of now. Looks at every message and node. */
uint64_t hsy_measure_missed(const struct hsy_measure *m);

/* Deaths are late for so long after the subject came back. */
void hsy_measure_late(struct hsy_measure *m, uint64_t late_ns);

/* @node was killed, frozen or cut off just now: its death is to be found, and
 * it is owed no message that was published before it recovers. Told again
 * before that: nothing changes. */
void hsy_measure_struck(struct hsy_measure *m, uint32_t node);
/* It was started again, thawed or healed. */
void hsy_measure_recovered(struct hsy_measure *m, uint32_t node);

/* The overlay as it is now: components, degrees, sends by degree.
 * HEARSAY_ERR_NOMEM: as before. */
HEARSAY_MUST_USE int hsy_measure_graph(struct hsy_measure *m,
                                       const struct hsy_graph *g);
/* Fits the degrees of the last hsy_measure_graph(). HEARSAY_ERR_INVALID: too
 * few of them, no fit; HEARSAY_ERR_NOMEM. @options as in powerlaw.h. */
HEARSAY_MUST_USE int
hsy_measure_fit(struct hsy_measure *m,
                const struct hsy_powerlaw_options *options);

/* All but rng, violations, wall_s, events_per_s, bytes_per_peer and rss_kib,
 * which are set to nothing: the caller knows them. */
void hsy_measure_figures(const struct hsy_measure *m, struct hsy_figures *out);

/* -------------------------------------------------- for plots and presets */

enum hsy_measure_what {
    HSY_MEASURE_LATENCY,   /* ns, from publishing to each first delivery. */
    HSY_MEASURE_HOPS,      /* Links that each first delivery took. */
    HSY_MEASURE_DETECTION, /* ns, from a strike to the first seed's record. */
    HSY_MEASURE_DETECTED,  /* ns, to the record of the last live seed. */
    HSY_MEASURE_REPORTED,  /* ns, from a strike to the first peer's report. */
    HSY_MEASURE_CERTIFIED, /* ns, from there to the first seed's record; 0
                              when that came first, or without a report. */
    HSY_MEASURE_JOINS,     /* ns, from a peer's start to its membership. */
    HSY_MEASURE_HISTOGRAMS /* How many there are. */
};
const struct hsy_histogram *hsy_measure_histogram(const struct hsy_measure *m,
                                                  enum hsy_measure_what what);
/* What a frame is for. */
enum hsy_traffic {
    HSY_TRAFFIC_PAYLOAD,  /* BUNDLE; but for: */
    HSY_TRAFFIC_PULLED,   /* BUNDLE that a PULL of its receiver asked for. */
    HSY_TRAFFIC_ANNOUNCE, /* IHAVE */
    HSY_TRAFFIC_TREE,     /* GRAFT, PRUNE */
    HSY_TRAFFIC_REPAIR,   /* DIGEST, PULL, GONE */
    HSY_TRAFFIC_REST,     /* Pings, seeds, the overlay. */
    HSY_TRAFFICS          /* How many there are. */
};
struct hsy_carried {
    uint64_t frames, bytes;
};
struct hsy_measure_counts {
    uint64_t published;
    uint64_t frames, bytes; /* Sent since hsy_measure_traffic(). */
    struct hsy_carried by_kind[HSY_TRAFFICS]; /* The same, split. */
    uint64_t copies;                          /* Messages in BUNDLE frames. */
    uint64_t deliveries;            /* First ones, in the same time. */
    uint64_t ignored;               /* Of messages that are not followed. */
    uint64_t unknown;               /* Of messages nobody published. */
    uint64_t struck, detected;      /* Nodes; those that a seed recorded. */
    uint64_t false_deaths;          /* Recorded about a node that was well. */
    uint64_t late_deaths;           /* hsy_measure_late() */
    uint64_t false_reports;         /* By any peer about one that was well. */
    uint64_t false_reports_healthy; /* Those by peers that were well. */
};
struct hsy_measure_counts hsy_measure_counts(const struct hsy_measure *m);

/* What a heal found, and what became of it. */
struct hsy_mend_side {
    uint32_t peers;
    uint64_t messages;   /* That one of them missed at least. */
    uint64_t deliveries; /* Pairs of a message and a peer that missed it. */
};
struct hsy_mend {
    uint64_t healed_ns; /* NEVER: it did not come to that; */
    uint64_t linked_ns; /* not yet: the first link across, a peer's ACCEPT; */
    uint64_t mended_ns; /* not yet: the last of the deliveries. */
    struct hsy_mend_side sides[2];
    uint64_t payload_bytes;                   /* Of all these deliveries. */
    uint64_t lacking;                         /* Of them, still. */
    struct hsy_carried by_kind[HSY_TRAFFICS]; /* Since the heal. */
};
struct hsy_mend hsy_measure_mend(const struct hsy_measure *m);

/* How many peers have each degree: @out[d] of *@out_len, lent until the next
 * hsy_measure_graph(). False: no graph yet. */
bool hsy_measure_degrees(const struct hsy_measure *m, const uint32_t **out,
                         uint32_t *out_len);
/* False: no fit. */
bool hsy_measure_powerlaw(const struct hsy_measure *m,
                          struct hsy_powerlaw *out);
/* Relay load against degree: bucket 0 is degree 0, bucket b >= 1 is degrees
 * from 2^(b-1) up to 2^b - 1. */
struct hsy_measure_load {
    uint64_t peers, copies;
};
struct hsy_measure_load hsy_measure_load(const struct hsy_measure *m,
                                         uint32_t bucket);

#endif
