/* hearsay sim --compare: the same network once per value. */
#ifndef HSY_CLI_SIM_COMPARE_H
#define HSY_CLI_SIM_COMPARE_H

#include "cli/sim_options.h"
#include "cli/sim_run.h"

/* What @options wants of one network. */
struct hsy_sim_wish hsy_sim_wish_of(const struct hsy_sim_options *options);

/* Runs all values of what is compared, each @options->runs times, and prints
 * them side by side. The exit code. */
int hsy_sim_compare_runs(const struct hsy_sim_options *options);

#endif
