/* A strike may leave the overlay in pieces: how large is the largest one before
 * anybody has noticed, and how long until there is one piece again? */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/study_inner.h"

#define LOOK_NS HSY_SECOND

static int largest(struct hsy_study *s, uint32_t *out)
{
    struct hsy_graph *g = s->w->graph;
    uint32_t *sizes =
        hsy_mem_zalloc(&s->config.mem, (size_t)g->count * sizeof(*sizes));
    if (sizes == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    *out = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t root = g->parents[i];
        while (root != g->parents[root]) {
            root = g->parents[root];
        }
        sizes[root] += g->present[i] ? 1 : 0;
        *out = sizes[root] > *out ? sizes[root] : *out;
    }
    hsy_mem_free(&s->config.mem, sizes);
    return HEARSAY_OK;
}

int hsy_study_break(struct hsy_study *s)
{
    struct hsy_graph *g = s->w->graph;
    struct hsy_study_pieces *p = &s->pieces;
    int err = hsy_graph_read(g, s->w->cluster);
    if (err == HEARSAY_OK) {
        err = largest(s, &p->largest);
    }
    p->survivors = g->vertices;
    p->whole_ns = g->components <= 1 ? 0 : HEARSAY_NEVER;
    s->look_ns = hsy_cluster_now(s->w->cluster) + LOOK_NS;
    return err;
}

int hsy_study_look(struct hsy_study *s)
{
    uint64_t now_ns = hsy_cluster_now(s->w->cluster);
    if (s->pieces.whole_ns != HEARSAY_NEVER || now_ns < s->look_ns) {
        return HEARSAY_OK;
    }
    HSY_ASSERT(s->struck_ns != HEARSAY_NEVER);
    s->look_ns = now_ns + LOOK_NS;
    int err = hsy_graph_read(s->w->graph, s->w->cluster);
    if (err == HEARSAY_OK && s->w->graph->components <= 1) {
        s->pieces.whole_ns = hsy_time_since(s->struck_ns, now_ns);
    }
    return err;
}

struct hsy_study_pieces hsy_study_pieces(const struct hsy_study *s)
{
    return s->pieces;
}
