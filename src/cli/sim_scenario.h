/* `hearsay sim FILE.scn...`: runs scenarios from files. */
#ifndef HSY_CLI_SIM_SCENARIO_H
#define HSY_CLI_SIM_SCENARIO_H

#include <stdbool.h>

/* Does the command line name a scenario? */
bool hsy_sim_scenario_meant(int argc, char **argv);

/* @argv from "sim" on, flags and files. The exit code of the process: 0 all
 * passed, 1 one failed, 2 wrong usage or a file that is none. */
int hsy_cmd_sim_scenario(int argc, char **argv);

#endif
