/* The graph of a cluster, from the views of its nodes. A file of its own: the
 * graph itself needs no node. */
#include "node/view.h"
#include "sim/graph.h"

static bool counts(const struct hsy_cluster *c, uint32_t node)
{
    return hsy_cluster_process(c, node) == HSY_PROCESS_RUNNING &&
           !hsy_cluster_is_isolated(c, node);
}

static int read_links(struct hsy_graph *g, const struct hsy_cluster *c,
                      uint32_t node)
{
    struct hsy_view_link link;
    uint32_t to;
    int err = HEARSAY_OK;
    for (uint32_t i = 0; err == HEARSAY_OK &&
                         hsy_view_link(hsy_cluster_node(c, node), i, &link);
         i++) {
        if (link.overlay && hsy_cluster_find(c, &link.id, &to)) {
            err = hsy_graph_link(g, node, to);
        }
    }
    return err;
}

int hsy_graph_read(struct hsy_graph *g, const struct hsy_cluster *c)
{
    hsy_graph_clear(g);
    for (uint32_t i = hsy_cluster_seeds(c); i < hsy_cluster_count(c); i++) {
        if (counts(c, i)) {
            hsy_graph_vertex(g, i);
        }
    }
    for (uint32_t i = hsy_cluster_seeds(c); i < hsy_cluster_count(c); i++) {
        int err = counts(c, i) ? read_links(g, c, i) : HEARSAY_OK;
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    return hsy_graph_finish(g);
}
