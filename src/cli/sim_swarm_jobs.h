/* Runs of a swarm in processes of their own: they use all cores, and a run
 * that dies (a failed assert) is a failure among others. */
#ifndef HSY_CLI_SIM_SWARM_JOBS_H
#define HSY_CLI_SIM_SWARM_JOBS_H

#include "sim/swarm.h"

struct hsy_swarm_jobs {
    struct hsy_swarm_choice choice; /* Run i has choice.rng + i. */
    uint64_t runs;
    uint32_t jobs;
    uint64_t hash_salt;
    bool trace; /* Every record on stderr. */
    void *ctx;
    /* One is done, in any order. @result is lent. */
    void (*done)(void *ctx, uint64_t run,
                 const struct hsy_swarm_result *result);
    /* About ten times a second; may be NULL. */
    void (*tick)(void *ctx);
};

/* Signals end the runs from now on; see hsy_swarm_stopped(). */
void hsy_swarm_catch_signals(void);
/* SIGINT or SIGTERM came. */
bool hsy_swarm_stopped(void);
/* Which of them; 0: none. */
int hsy_swarm_signal(void);

/* All of them, or until a signal comes. HEARSAY_ERR_IO: no process or pipe
 * was to be had, told on stderr; HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_swarm_jobs_run(const struct hsy_swarm_jobs *jobs);

#endif
