/* Who says the first word after a strike: one of the largest piece of what is
 * left, at random. What it says to a piece of three would show nothing. */
#include "base/assert.h"
#include "sim/study_inner.h"

enum { TRIES = 64 };

static bool is_in_most(const struct hsy_graph *g, uint32_t node)
{
    uint32_t with = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        with += g->present[i] && hsy_graph_together(g, i, node) ? 1 : 0;
    }
    return 2 * with > g->vertices;
}

int hsy_study_pick_first(struct hsy_study *s, bool *out_found,
                         uint32_t *out_node)
{
    const struct hsy_graph *g = s->w->graph;
    int err = hsy_graph_read(s->w->graph, s->w->cluster);
    *out_found = false;
    if (err != HEARSAY_OK) {
        return err;
    }
    for (int i = 0; i < TRIES; i++) {
        *out_found = hsy_study_pick(s, out_node);
        if (!*out_found || is_in_most(g, *out_node)) {
            break;
        }
    }
    return *out_found ? hsy_measure_first(s->m, g, *out_node) : HEARSAY_OK;
}
