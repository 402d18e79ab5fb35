/* Making a failure small: fewer fault classes, then fewer nodes, then less
 * time, as long as the same thing still breaks. */
#ifndef HSY_SIM_MINIMISE_H
#define HSY_SIM_MINIMISE_H

#include "sim/swarm.h"

struct hsy_minimiser {
    void *ctx;
    /* Runs it. A negative return ends the search, and is returned. */
    int (*run)(void *ctx, const struct hsy_swarm_choice *choice,
               struct hsy_swarm_result *out);
    /* Told after each try; may be NULL. */
    void (*tried)(void *ctx, uint32_t tries,
                  const struct hsy_swarm_choice *choice, bool fails);
    uint32_t tries_max;
};

struct hsy_minimised {
    struct hsy_swarm_choice choice; /* The smallest that was found. */
    struct hsy_swarm_result result; /* Of that one. */
    uint32_t tries;
    bool bounded; /* It ended because of tries_max. */
};

/* @out->choice and @out->result: a choice and its failure, before and after.
 * HEARSAY_OK also when it cannot be made smaller. */
HEARSAY_MUST_USE int hsy_minimise(struct hsy_minimised *out,
                                  const struct hsy_minimiser *m);

#endif
