/* Whom the phrases of a scenario name, and the graph that conditions look
 * at, read once per look. */
#include "base/mem.h"
#include "sim/condition.h"

#include <string.h>

enum { MILLION = 1000000 };

void hsy_scene_fini(struct hsy_scene *scene)
{
    for (uint32_t i = 0; i < HSY_SCRIPT_PICKS; i++) {
        hsy_mem_free(&scene->witness->mem, scene->picked[i]);
        scene->picked[i] = NULL;
    }
}

const struct hsy_graph *hsy_scene_graph(struct hsy_scene *scene)
{
    struct hsy_graph *g = scene->witness->graph;
    if (!scene->graph_fresh) {
        int err = hsy_graph_read(g, scene->cluster);
        scene->err = scene->err == HEARSAY_OK ? err : scene->err;
        scene->graph_fresh = true;
    }
    return g;
}

/* ------------------------------------------------------------------- picks */

/* The peer of highest degree that is not picked yet; of equals, the first. */
static void pick_best(const struct hsy_graph *g, uint32_t seeds, bool *picked)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = seeds; i < g->count; i++) {
        if (!picked[i] && g->present[i] &&
            (best == UINT32_MAX || g->degrees[i] > g->degrees[best])) {
            best = i;
        }
    }
    if (best != UINT32_MAX) {
        picked[best] = true;
    }
}

static void pick_any(struct hsy_scene *scene, uint32_t seeds, uint32_t peers,
                     bool *picked)
{
    uint32_t at = seeds + (uint32_t)hsy_prng_below(&scene->prng, peers);
    while (picked[at]) { /* At most as many as are picked. */
        at = at + 1 == seeds + peers ? seeds : at + 1;
    }
    picked[at] = true;
}

/* At least one, for a share of few is still meant to be somebody. */
static uint32_t share_of(uint32_t peers, uint32_t ppm)
{
    uint64_t count = ((uint64_t)peers * ppm + MILLION / 2) / MILLION;
    return count < 1 ? 1 : count > peers ? peers : (uint32_t)count;
}

static void bind_pick(struct hsy_scene *scene, uint32_t index)
{
    const struct hsy_pick *pick = &scene->scenario->picks[index];
    uint32_t seeds = hsy_cluster_seeds(scene->cluster);
    uint32_t count = hsy_cluster_count(scene->cluster);
    bool *picked = hsy_mem_zalloc(&scene->witness->mem, count * sizeof(bool));
    if (picked == NULL) {
        scene->err = HEARSAY_ERR_NOMEM;
        return;
    }
    uint32_t wanted =
        pick->kind == HSY_PICK_HUB ? 1 : share_of(count - seeds, pick->ppm);
    for (uint32_t i = 0; i < wanted; i++) {
        if (pick->kind == HSY_PICK_SHARE) {
            pick_any(scene, seeds, count - seeds, picked);
        } else {
            pick_best(hsy_scene_graph(scene), seeds, picked);
        }
    }
    scene->picked[index] = picked;
}

void hsy_scene_bind(struct hsy_scene *scene, const struct hsy_args *args)
{
    for (uint32_t i = 0; i < args->who_count; i++) {
        for (uint32_t k = 0; k < args->who[i].count; k++) {
            const struct hsy_part *part = &args->who[i].parts[k];
            if (part->picked && scene->picked[part->pick] == NULL) {
                bind_pick(scene, part->pick);
            }
        }
    }
}

static bool names(const struct hsy_scene *scene, const struct hsy_who *who,
                  uint32_t node)
{
    for (uint32_t i = 0; i < who->count; i++) {
        const struct hsy_part *part = &who->parts[i];
        const bool *picked = part->picked ? scene->picked[part->pick] : NULL;
        if (part->picked ? picked != NULL && picked[node]
                         : node >= part->first && node <= part->last) {
            return true;
        }
    }
    return false;
}

bool hsy_scene_names(const struct hsy_scene *scene, const struct hsy_args *args,
                     uint32_t which, uint32_t node)
{
    const struct hsy_who *who = &args->who[which];
    return who->others ? !names(scene, &args->who[1 - which], node)
                       : names(scene, who, node);
}
