/* Networks that others have published figures of, and the mission's. */
#ifndef HSY_CLI_SIM_PRESET_H
#define HSY_CLI_SIM_PRESET_H

#include "cli/sim_options.h"

/* Runs @options->preset and prints what came out. The exit code. */
int hsy_sim_preset(const struct hsy_sim_options *options);

#endif
