/* The plots of a report; each is a <figure> with its caption, or an honest
 * sentence when there is nothing to show. */
#ifndef HSY_SIM_REPORT_INNER_H
#define HSY_SIM_REPORT_INNER_H

#include "sim/report.h"

void hsy_report_coverage(struct hsy_text *t, const struct hsy_measure *m,
                         const struct hsy_figures *f);
void hsy_report_degrees(struct hsy_text *t, const struct hsy_measure *m);
void hsy_report_latency(struct hsy_text *t, const struct hsy_measure *m);
void hsy_report_detection(struct hsy_text *t, const struct hsy_measure *m);
void hsy_report_load(struct hsy_text *t, const struct hsy_measure *m);

#endif
