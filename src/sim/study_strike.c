/* Who is struck: so many at random, or those with the most links. Chosen by
 * the study's own generator, from what is so, not from what nodes say. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/study_inner.h"

static uint32_t share_of(uint32_t peers, uint32_t ppm)
{
    return (uint32_t)(((uint64_t)peers * ppm + 999999) / 1000000);
}

uint32_t hsy_study_victims(const struct hsy_study_config *config)
{
    const struct hsy_study_strikes *k = &config->strikes;
    uint32_t peers = config->peers;
    uint64_t all = (uint64_t)share_of(peers, k->crash_ppm) +
                   share_of(peers, k->hubs_ppm) + k->kill +
                   share_of(peers, k->freeze_ppm) +
                   share_of(peers, k->freeze_hubs_ppm) + k->freeze;
    return all > UINT32_MAX ? UINT32_MAX : (uint32_t)all;
}

bool hsy_study_has_strikes(const struct hsy_study_config *config)
{
    return hsy_study_victims(config) > 0;
}

bool hsy_study_freezes(const struct hsy_study_config *config)
{
    const struct hsy_study_strikes *k = &config->strikes;
    return k->freeze > 0 || k->freeze_ppm > 0 || k->freeze_hubs_ppm > 0;
}

/* What befalls one of them. */
typedef int (*strike_one)(struct hsy_study *s, uint32_t node);

static int kill_one(struct hsy_study *s, uint32_t node)
{
    hsy_measure_struck(s->m, node);
    return hsy_cluster_kill(s->w->cluster, node);
}

static int freeze_one(struct hsy_study *s, uint32_t node)
{
    hsy_measure_struck(s->m, node);
    return hsy_cluster_freeze(s->w->cluster, node);
}

static int strike_some(struct hsy_study *s, uint32_t count, strike_one one)
{
    int err = HEARSAY_OK;
    uint32_t node;
    for (uint32_t i = 0; err == HEARSAY_OK && i < count; i++) {
        if (!hsy_study_pick(s, &node)) {
            break;
        }
        err = one(s, node);
    }
    return err;
}

/* The least degree such that not more than @count peers have a higher one. */
static uint32_t hub_degree(const struct hsy_graph *g, const uint32_t *peers_of,
                           uint32_t count)
{
    uint32_t above = 0;
    uint32_t degree = g->count;
    while (degree > 0 && above + peers_of[degree] <= count) {
        above += peers_of[degree];
        degree--;
    }
    return degree;
}

/* Those above the bar, then of those at it the first ones. */
static int strike_above(struct hsy_study *s, uint32_t bar, uint32_t count,
                        strike_one one)
{
    const struct hsy_graph *g = s->w->graph;
    int err = HEARSAY_OK;
    for (int at_bar = 0; at_bar <= 1; at_bar++) {
        for (uint32_t i = 0; i < g->count && count > 0; i++) {
            bool meant =
                at_bar == 0 ? g->degrees[i] > bar : g->degrees[i] == bar;
            if (err == HEARSAY_OK && g->present[i] && meant) {
                err = one(s, i);
                count--;
            }
        }
    }
    return err;
}

static int strike_hubs(struct hsy_study *s, uint32_t count, strike_one one)
{
    struct hsy_graph *g = s->w->graph;
    int err = hsy_graph_read(g, s->w->cluster);
    if (err != HEARSAY_OK) {
        return err;
    }
    uint32_t *peers_of = hsy_mem_zalloc(&s->config.mem, ((size_t)g->count + 1) *
                                                            sizeof(*peers_of));
    if (peers_of == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        HSY_ASSERT(g->degrees[i] <= g->count);
        peers_of[g->degrees[i]] += g->present[i];
    }
    err = strike_above(s, hub_degree(g, peers_of, count), count, one);
    hsy_mem_free(&s->config.mem, peers_of);
    return err;
}

int hsy_study_strike(struct hsy_study *s)
{
    const struct hsy_study_strikes *k = &s->config.strikes;
    uint32_t peers = s->config.peers;
    s->struck_ns = hsy_cluster_now(s->w->cluster);
    int err = HEARSAY_OK;
    if (k->hubs_ppm > 0) {
        err = strike_hubs(s, share_of(peers, k->hubs_ppm), kill_one);
    }
    if (err == HEARSAY_OK && k->freeze_hubs_ppm > 0) {
        err = strike_hubs(s, share_of(peers, k->freeze_hubs_ppm), freeze_one);
    }
    if (err == HEARSAY_OK) {
        err = strike_some(s, share_of(peers, k->crash_ppm) + k->kill, kill_one);
    }
    if (err == HEARSAY_OK) {
        err = strike_some(s, share_of(peers, k->freeze_ppm) + k->freeze,
                          freeze_one);
    }
    return err;
}
