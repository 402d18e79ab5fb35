/* Figures on stdout: one network, or several side by side. */
#ifndef HSY_CLI_SIM_SHOW_H
#define HSY_CLI_SIM_SHOW_H

#include "sim/figures.h"

/* @json: one object, or with more than one column an array of objects that
 * also say which one they are ("KEY": "TITLE"). Without: a table. */
void hsy_sim_show(const struct hsy_figures_column *columns, uint32_t count,
                  const char *key, bool json);

#endif
