/* `hearsay sim --swarm`: random networks with random faults. */
#ifndef HSY_CLI_SIM_SWARM_H
#define HSY_CLI_SIM_SWARM_H

/* @argv from "sim" on, --swarm among the flags. The exit code of the process:
 * 0 all held, 1 something broke, 2 wrong usage, 130 or 143 cut short by a
 * signal. */
int hsy_cmd_sim_swarm(int argc, char **argv);

#endif
