/* What befalls a network again and again: some of its nodes are away for a
 * while, drawn anew each time, and connections break. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/study_inner.h"

/* ----------------------------------------------------------------- pauses */

static int go_away(struct hsy_study *s, uint32_t node)
{
    struct hsy_cluster *c = s->w->cluster;
    s->paused[s->paused_count] = node;
    s->paused_count++;
    hsy_measure_struck(s->m, node);
    return s->config.pauses.killed && node >= s->config.seeds
               ? hsy_cluster_kill(c, node)
               : hsy_cluster_freeze(c, node);
}

/* Seeds that follow each other, from one that is drawn. */
static int pause_seeds(struct hsy_study *s)
{
    uint32_t seeds = s->config.seeds;
    uint32_t first = (uint32_t)hsy_prng_below(&s->prng, seeds);
    int err = HEARSAY_OK;
    for (uint32_t i = 0; err == HEARSAY_OK && i < s->config.pauses.seeds; i++) {
        err = go_away(s, (first + i) % seeds);
    }
    return err;
}

int hsy_study_pause(struct hsy_study *s)
{
    HSY_ASSERT(s->paused_count == 0);
    const struct hsy_study_pauses *p = &s->config.pauses;
    int err = p->seeds > 0 ? pause_seeds(s) : HEARSAY_OK;
    s->struck_ns = hsy_cluster_now(s->w->cluster);
    for (uint32_t i = 0; err == HEARSAY_OK && i < p->count; i++) {
        uint32_t node;
        if (!hsy_study_pick(s, &node)) {
            break;
        }
        err = go_away(s, node);
    }
    return err;
}

int hsy_study_unpause(struct hsy_study *s)
{
    struct hsy_cluster *c = s->w->cluster;
    int err = HEARSAY_OK;
    s->struck_ns = hsy_cluster_now(c);
    for (uint32_t i = 0; err == HEARSAY_OK && i < s->paused_count; i++) {
        uint32_t node = s->paused[i];
        hsy_measure_recovered(s->m, node);
        err = hsy_cluster_process(c, node) == HSY_PROCESS_NONE
                  ? hsy_cluster_start(c, node, 0)
                  : hsy_cluster_thaw(c, node);
        /* It may have stopped by itself when it woke up. */
        err = err == HEARSAY_ERR_STATE ? HEARSAY_OK : err;
    }
    s->paused_count = 0;
    return err;
}

/* ----------------------------------------------------------------- resets */

void hsy_study_plan_resets(struct hsy_study *s)
{
    if (s->config.reset_ppm > 0) {
        s->reset_ns = hsy_cluster_now(s->w->cluster) + HSY_SECOND;
    }
}

void hsy_study_reset(struct hsy_study *s)
{
    struct hsy_cluster *c = s->w->cluster;
    if (hsy_cluster_now(c) < s->reset_ns) {
        return;
    }
    s->reset_ns += HSY_SECOND;
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        /* Each has two ends. */
        (void)hsy_cluster_reset(c, i, s->config.reset_ppm / 2);
    }
}
