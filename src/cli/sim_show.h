/* Figures on stdout: one network, or several side by side. */
#ifndef HSY_CLI_SIM_SHOW_H
#define HSY_CLI_SIM_SHOW_H

#include "sim/figures.h"

/* @json: one object; without: a table. */
void hsy_sim_show(const struct hsy_figures_column *column, bool json);

/* Networks that differ in one thing, each run once or several times. */
struct hsy_sim_shown {
    const char *key;                         /* What they differ in, */
    const char *titles[HSY_FIGURES_COLUMNS]; /* and how. */
    uint32_t values, runs;
    const struct hsy_figures *figures; /* The runs of value v begin at */
    size_t stride;                     /* v * stride. */
};
/* @json: an object, or with more than one value an array of objects, that say
 * which one they are ("KEY": "TITLE") and hold its figures; of several runs
 * the median, "runs", and as "largest" the largest of each. "ratio" is against
 * the first value. Without: tables. */
void hsy_sim_show_compared(const struct hsy_sim_shown *shown, bool json);

#endif
