/* One run of a scenario. Only run.c and run_actions.c include this. */
#ifndef HSY_SIM_RUN_INNER_H
#define HSY_SIM_RUN_INNER_H

#include "sim/bite.h"
#include "sim/condition.h"

struct hsy_run {
    const struct hsy_scenario *s;
    const struct hsy_scenario_setup *setup;
    struct hsy_witness *witness; /* Owned. */
    struct hsy_cluster *cluster; /* Of the witness. */
    struct hsy_scene scene;
    struct hsy_bite bite;
    struct hsy_scenario_result *result;
    struct hsy_line out;
    uint64_t hits[HSY_SCRIPT_STATEMENTS];
    bool done[HSY_SCRIPT_STATEMENTS];        /* Claims: nothing more to see. */
    uint64_t next_ns[HSY_SCRIPT_STATEMENTS]; /* Actions: when; or NEVER. */
    uint64_t published;
    bool asks_calm; /* The checks are to be told so at the end. */
    bool says_calm; /* And all of them count then. */
    bool failed;
};

/* The first failure counts. @st NULL: no statement asked for it. */
void hsy_run_fail(struct hsy_run *r, const struct hsy_statement *st,
                  const char *why);

/* Carries out the action @index, now. Returns when to do so again. */
uint64_t hsy_run_act(struct hsy_run *r, uint32_t index);

#endif
