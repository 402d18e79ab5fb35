/* What the files behind hearsay/sim.h share; nobody else includes this.
 *
 *   public.c           made of what, its end, the run of time, callbacks
 *   public_calls.c     what may be done now or later
 *   public_timers.c    timers of the embedder's program
 *   public_look.c      status and verdicts
 *   public_scenario.c  scenarios
 *   public_inner.c     what cluster.h does not offer yet
 */
#ifndef HSY_SIM_PUBLIC_H
#define HSY_SIM_PUBLIC_H

#include "base/prng.h"
#include "hearsay/sim.h"
#include "sim/witness.h"

/* One call: to be done, or waiting to be. */
struct hsy_call {
    struct hsy_call *next;
    enum hearsay_sim_call kind;
    uint32_t node, other;
    uint64_t value; /* A delay, a chance, a mood... */
    struct hearsay_sim_weather weather;
    const char *topic; /* Borrowed, or in the same allocation. */
    const uint8_t *payload;
    size_t payload_len;
};

struct hsy_timer {
    uint64_t at_ns;
    uint64_t seq;
    uint32_t node;
    uint32_t life; /* Of the process that it belongs to. */
    hearsay_sim_timer call;
    void *arg;
};

struct hsy_timers {
    struct hearsay_mem mem;
    struct hsy_timer *heap; /* Owned. */
    uint32_t count, room;
};

struct hearsay_sim {
    struct hearsay_mem mem;
    struct hsy_witness *witness; /* Owned, unless @borrowed. */
    struct hsy_cluster *cluster; /* Of the witness. */
    struct hsy_graph *graph;     /* Owned. */
    struct hearsay_config seed_config, peer_config;
    struct hearsay_sim_callbacks on;
    struct hsy_prng choices; /* For hearsay_sim_random(). */
    struct hsy_prng starts;
    struct hsy_call *first, *last; /* Waiting calls; owned. */
    struct hsy_timers timers;
    struct hsy_timers parked; /* Of frozen processes; no heap. */
    uint64_t next_seq;
    uint64_t moment_ns; /* What follows counts calls and timers then. */
    uint32_t moment_count;
    uint32_t waiting;
    uint32_t depth; /* Callbacks under way. */
    bool borrowed;  /* A scenario's. */
    bool thawed;    /* Parked timers are to be looked at. */
    int err;        /* Sticky. */
    const char *fault;
};

/* public.c */
/* HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_public_create(struct hearsay_sim **out,
                                       const struct hearsay_sim_config *config);
/* @w gets the callbacks of @sim, which has none yet. */
HEARSAY_MUST_USE int hsy_public_attach(struct hearsay_sim *sim,
                                       struct hsy_witness *w);
void hsy_public_destroy(struct hearsay_sim *sim);
int hsy_public_run(struct hearsay_sim *sim, uint64_t until_ns);
void hsy_public_fail(struct hearsay_sim *sim, int err, const char *fault);
/* One more call or timer now. False: too many, and @sim has failed. */
bool hsy_public_counts(struct hearsay_sim *sim);

/* public_calls.c */
/* What waits is done. */
void hsy_public_drain(struct hearsay_sim *sim);
void hsy_public_forget(struct hearsay_sim *sim);

/* public_timers.c */
void hsy_timers_init(struct hsy_timers *t, const struct hearsay_mem *mem);
void hsy_timers_fini(struct hsy_timers *t);
/* HEARSAY_NEVER: none. */
uint64_t hsy_timers_next_ns(const struct hsy_timers *t);
/* Those that are due come. */
void hsy_public_fire(struct hearsay_sim *sim);
/* Those whose process has thawed go on. */
void hsy_public_unpark(struct hearsay_sim *sim);

/* public_inner.c */
/* When the next thing will happen; HEARSAY_NEVER: nothing will. */
uint64_t hsy_public_next_ns(const struct hsy_cluster *c);
/* As hsy_cluster_publish(), with a topic; NULL: none. */
HEARSAY_MUST_USE int hsy_public_publish(struct hsy_cluster *c,
                                        const struct hsy_call *call,
                                        uint64_t *out_seq);

#endif
