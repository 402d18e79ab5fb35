/* A run on one page: HTML with plots as SVG inside, nothing to load, no
 * script, light or dark as the reader's system is. */
#ifndef HSY_SIM_REPORT_H
#define HSY_SIM_REPORT_H

#include "sim/measure.h"

struct hsy_report_page {
    const char *title;
    const char *command; /* That makes it again; "" when there is none. */
    const struct hsy_figures *figures;
    const struct hsy_measure *measure; /* NULL: nothing was measured. */
};

/* All of @report is borrowed, and escaped. Errors: @t->err. */
void hsy_report_html(struct hsy_text *t, const struct hsy_report_page *report);

#endif
