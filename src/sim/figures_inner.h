/* The table of figures, for the files that walk it: figures.c, and
 * figures_runs.c for those of several runs. */
#ifndef HSY_SIM_FIGURES_INNER_H
#define HSY_SIM_FIGURES_INNER_H

#include "sim/figures.h"

enum hsy_figures_kind {
    HSY_FIGURES_COUNT, /* uint64_t */
    HSY_FIGURES_REAL,  /* double */
    HSY_FIGURES_WORDS
};

struct hsy_figures_row {
    const char *group, *name; /* In JSON; @group NULL: at the top. */
    const char *label, *unit; /* In the table. */
    enum hsy_figures_kind kind;
    unsigned decimals;
    size_t at; /* In struct hsy_figures. */
};

/* NULL: there are not so many. */
const struct hsy_figures_row *hsy_figures_row(uint32_t index);

#endif
