/* What only the nodes themselves and the kernel can tell: asked once, while
 * they still run. */
#ifndef HSY_CLI_DEMO_MEASURE_H
#define HSY_CLI_DEMO_MEASURE_H

#include "cli/demo_nodes.h"
#include "cli/demo_report.h"

/* Fills in relay_copies, status_missing, rss and anonymous. Blocks; no more
 * nodes are asked once 10 s are over. */
void hsy_demo_measure(struct hsy_demo_figures *out,
                      struct hsy_demo_nodes *nodes,
                      const struct hsy_demo_options *options);

#endif
