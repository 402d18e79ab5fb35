/* The network in two halves: half of the peers, drawn, and every other seed.
 * No dial and no byte passes between them; connections stand still, as they do
 * when a route is gone, until somebody gives them up. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/study_inner.h"

void hsy_study_plan_split(struct hsy_study *s)
{
    const struct hsy_study_split *p = &s->config.split;
    if (p->lasts_ns > 0) {
        s->turn_ns = hsy_time_add(hsy_cluster_now(s->w->cluster), p->at_ns);
    }
}

/* Selection sampling: each half of the peers is as likely as any other. */
static void draw_sides(struct hsy_study *s)
{
    uint32_t seeds = s->config.seeds;
    uint32_t peers = s->config.peers;
    uint32_t wanted = peers / 2;
    for (uint32_t i = 0; i < seeds; i++) {
        s->sides[i] = (uint8_t)(i % 2);
    }
    for (uint32_t i = 0; i < peers; i++) {
        bool in = hsy_prng_below(&s->prng, peers - i) < wanted;
        s->sides[seeds + i] = in ? 1 : 0;
        wanted -= in ? 1 : 0;
    }
    HSY_ASSERT(wanted == 0);
}

static int split(struct hsy_study *s)
{
    s->sides = hsy_mem_zalloc(&s->config.mem,
                              (size_t)s->config.seeds + s->config.peers);
    if (s->sides == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    draw_sides(s);
    hsy_cluster_split(s->w->cluster, s->sides);
    s->turn_ns = hsy_time_add(s->turn_ns, s->config.split.lasts_ns);
    return HEARSAY_OK;
}

static int heal(struct hsy_study *s)
{
    hsy_cluster_split(s->w->cluster, NULL);
    s->turn_ns = HEARSAY_NEVER;
    s->struck_ns = hsy_cluster_now(s->w->cluster);
    int err = hsy_graph_read(s->w->graph, s->w->cluster);
    if (err == HEARSAY_OK) {
        err = hsy_measure_healed(s->m, s->sides, s->w->graph);
    }
    hsy_mem_free(&s->config.mem, s->sides);
    s->sides = NULL;
    return err;
}

int hsy_study_turn(struct hsy_study *s)
{
    return s->sides == NULL ? split(s) : heal(s);
}

bool hsy_study_is_split(const struct hsy_study *s)
{
    struct hsy_mend mend = hsy_measure_mend(s->m);
    uint64_t now_ns = hsy_cluster_now(s->w->cluster);
    if (mend.healed_ns == HEARSAY_NEVER) {
        return s->turn_ns != HEARSAY_NEVER;
    }
    return mend.mended_ns == HEARSAY_NEVER &&
           hsy_time_since(mend.healed_ns, now_ns) < s->config.split.mend_max_ns;
}
