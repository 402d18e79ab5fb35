/* Peers go, and others come in their place, at an even pace. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/study_inner.h"

uint32_t hsy_study_peers(const struct hsy_study_config *config)
{
    return config->peers + config->churn.count;
}

/* Whoever leaves takes a moment for it, and goes only once. */
static int go(struct hsy_study *s, uint32_t node)
{
    struct hsy_cluster *c = s->w->cluster;
    HSY_ASSERT(s->member[node] != 0);
    s->member[node] = 0;
    s->members--;
    if (s->replaced % 2 == 0) {
        return hsy_cluster_leave(c, node);
    }
    hsy_measure_struck(s->m, node);
    return hsy_cluster_kill(c, node);
}

static int replace_one(struct hsy_study *s)
{
    uint32_t node;
    int err = hsy_study_pick(s, &node) ? go(s, node) : HEARSAY_OK;
    if (err == HEARSAY_OK) {
        uint32_t fresh = s->config.seeds + s->config.peers + s->replaced;
        err = hsy_cluster_start(s->w->cluster, fresh, 0);
    }
    s->replaced++;
    return err;
}

/* The n-th is due n / count of the time after the first, without drift. */
int hsy_study_replace(struct hsy_study *s, bool *out_done)
{
    const struct hsy_study_churn *churn = &s->config.churn;
    uint64_t now_ns = hsy_cluster_now(s->w->cluster);
    int err = HEARSAY_OK;
    while (err == HEARSAY_OK && s->replaced < churn->count &&
           now_ns >=
               s->since_ns + churn->over_ns / churn->count * s->replaced) {
        err = replace_one(s);
        s->struck_ns = now_ns;
    }
    HSY_ASSERT(s->replaced <= churn->count);
    *out_done = s->replaced == churn->count;
    s->due_ns = *out_done
                    ? HEARSAY_NEVER
                    : s->since_ns + churn->over_ns / churn->count * s->replaced;
    return err;
}
