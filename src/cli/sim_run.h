/* Runs one study to its end, or to a signal, and shows how far it is. */
#ifndef HSY_CLI_SIM_RUN_H
#define HSY_CLI_SIM_RUN_H

#include "cli/sim_memory.h"
#include "sim/study.h"

struct hsy_sim_run {
    struct hsy_sim_memory memory;
    struct hsy_study *study; /* Owned; NULL: none. */
    struct hsy_figures figures;
    int signum; /* That stopped it early; 0: it ran to its end. */
};

struct hsy_sim_wish {
    struct hsy_study_config study; /* Its memory is filled in. */
    const char *title;             /* For the progress; "" has none. */
    uint64_t memory_max;
    bool quiet, fit;
};

/* From now on a first SIGINT or SIGTERM ends studies early, a second one the
 * process. */
void hsy_sim_catch_signals(void);
/* The one that came; 0: none. */
int hsy_sim_signal(void);

/* False: it failed, was told on stderr, and is to be ended all the same. Then
 * hsy_sim_run_fini(). */
HEARSAY_MUST_USE bool hsy_sim_run(struct hsy_sim_run *run,
                                  const struct hsy_sim_wish *wish);
void hsy_sim_run_fini(struct hsy_sim_run *run);

/* Tells what is not as it should be, on stderr: who did not join, a network
 * in pieces, a run cut short, broken invariants. False: some of it makes the
 * run a failure. */
HEARSAY_MUST_USE bool hsy_sim_run_judge(const struct hsy_sim_run *run);

/* The exit code of a command that has done @run last. */
int hsy_sim_exit_code(const struct hsy_sim_run *run, bool well);

#endif
