/* A graph for people, and for Graphviz. */
#ifndef HSY_CLI_NETGRAPH_SHOW_H
#define HSY_CLI_NETGRAPH_SHOW_H

#include "cli/netgraph.h"

#include <stdio.h>

/* Lines fit 80 columns, but for long names; bars grow to @width, 0: 80. */
void hsy_netgraph_show(FILE *out, const struct hsy_netgraph *g,
                       const struct hsy_netfigures *f, uint32_t width);

/* An undirected graph in the language of Graphviz; what one end only names is
 * dashed, and an arrow says who does. */
void hsy_netgraph_dot(FILE *out, const struct hsy_netgraph *g);

#endif
