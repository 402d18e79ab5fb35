/* What a test sees of a simulation. */
#include "base/prng.h"
#include "node/view.h"
#include "sim/public.h"

#include <string.h>

uint64_t hearsay_sim_now(const struct hearsay_sim *sim)
{
    return hsy_cluster_now(sim->cluster);
}

uint32_t hearsay_sim_count(const struct hearsay_sim *sim)
{
    return hsy_cluster_count(sim->cluster);
}

uint32_t hearsay_sim_seeds(const struct hearsay_sim *sim)
{
    return hsy_cluster_seeds(sim->cluster);
}

uint64_t hearsay_sim_digest(const struct hearsay_sim *sim)
{
    return hsy_cluster_digest(sim->cluster);
}

bool hearsay_sim_find(const struct hearsay_sim *sim,
                      const struct hearsay_id *id, uint32_t *out_node)
{
    return hsy_cluster_find(sim->cluster, id, out_node);
}

const char *hearsay_sim_fault(const struct hearsay_sim *sim)
{
    return sim->fault;
}

uint64_t hearsay_sim_random(struct hearsay_sim *sim, uint64_t bound)
{
    return bound == 0 ? hsy_prng_next(&sim->choices)
                      : hsy_prng_below(&sim->choices, bound);
}

struct hearsay_sim_weather
hearsay_sim_get_weather(const struct hearsay_sim *sim)
{
    struct hsy_weather w = hsy_cluster_weather(sim->cluster);
    return (struct hearsay_sim_weather){
        .latency_ns = {w.latency_ns.min, w.latency_ns.max},
        .tail_ppm = w.tail_ppm,
        .tail_ns = w.tail_ns,
        .bytes_per_s = w.bytes_per_s,
        .window_len = w.window_len};
}

/* False: no process. */
static bool view(const struct hearsay_sim *sim, uint32_t node,
                 struct hsy_view_status *out)
{
    const struct hearsay_node *n = hsy_cluster_node(sim->cluster, node);
    if (n == NULL) {
        return false;
    }
    hsy_view_status(n, hsy_cluster_clock(sim->cluster, node).mono_ns, out);
    return true;
}

int hearsay_sim_look(const struct hearsay_sim *sim, uint32_t node,
                     struct hearsay_sim_node *out)
{
    const struct hsy_cluster *c = sim->cluster;
    if (node >= hsy_cluster_count(c)) {
        return HEARSAY_ERR_INVALID;
    }
    *out = (struct hearsay_sim_node){
        .id = *hsy_cluster_id(c, node),
        .addr = hsy_cluster_addr(c, node),
        .clock = hsy_cluster_clock(c, node),
        .process = (enum hearsay_sim_process)hsy_cluster_process(c, node),
        .isolated = hsy_cluster_is_isolated(c, node)};
    struct hsy_view_status status;
    if (view(sim, node, &status)) {
        out->joined =
            status.state == HSY_VIEW_JOINED || status.state == HSY_VIEW_SERVING;
        out->degree = status.degree;
    }
    return HEARSAY_OK;
}

int hearsay_sim_get_status(struct hearsay_sim *sim,
                           struct hearsay_sim_status *out)
{
    const struct hsy_cluster *c = sim->cluster;
    int err = hsy_graph_read(sim->graph, c);
    if (err != HEARSAY_OK) {
        return err;
    }
    *out = (struct hearsay_sim_status){.now_ns = hsy_cluster_now(c),
                                       .digest = hsy_cluster_digest(c),
                                       .steps = hsy_cluster_steps(c),
                                       .connected = sim->graph->vertices,
                                       .components = sim->graph->components,
                                       .links = sim->graph->links,
                                       .one_sided = sim->graph->one_sided};
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        struct hsy_view_status status;
        if (hsy_cluster_process(c, i) == HSY_PROCESS_RUNNING &&
            view(sim, i, &status)) {
            out->running++;
            out->joined += status.state == HSY_VIEW_JOINED ? 1u : 0u;
        }
    }
    if (sim->witness->ledger != NULL) {
        struct hsy_totals totals = hsy_ledger_totals(sim->witness->ledger);
        out->published = totals.published;
        out->delivered = totals.delivered;
    }
    return HEARSAY_OK;
}

int hearsay_sim_get_missing(const struct hearsay_sim *sim, uint64_t from_ns,
                            struct hearsay_sim_missing *out)
{
    if (sim->witness->ledger == NULL) {
        return HEARSAY_ERR_STATE;
    }
    struct hsy_missing m = hsy_witness_missing(sim->witness, from_ns);
    *out = (struct hearsay_sim_missing){.expected = m.expected,
                                        .missed = m.missed,
                                        .origin = m.origin,
                                        .node = m.node,
                                        .seq = m.seq};
    return HEARSAY_OK;
}

bool hearsay_sim_first_broken(const struct hearsay_sim *sim,
                              struct hearsay_sim_broken *out)
{
    const struct hsy_checks *k = sim->witness->checks;
    const struct hsy_broken *first = k == NULL ? NULL : hsy_checks_first(k);
    if (first == NULL) {
        return false;
    }
    *out = (struct hearsay_sim_broken){.name = hsy_invariant_name(first->what),
                                       .says = hsy_invariant_says(first->what),
                                       .node = first->node,
                                       .at_ns = first->at_ns};
    _Static_assert(sizeof(out->text) == sizeof(first->text), "copied whole");
    memcpy(out->text, first->text, sizeof(out->text));
    return true;
}

int hearsay_sim_calm(struct hearsay_sim *sim)
{
    if (sim->depth > 0 || sim->witness->checks == NULL) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_checks_calm(sim->witness->checks);
}

int hearsay_sim_arm(struct hearsay_sim *sim, const char *invariant, bool armed)
{
    enum hsy_invariant what;
    if (!hsy_invariant_find(invariant, &what)) {
        return HEARSAY_ERR_INVALID;
    }
    if (sim->witness->checks == NULL) {
        return HEARSAY_ERR_STATE;
    }
    hsy_checks_arm(sim->witness->checks, what, armed);
    return HEARSAY_OK;
}

void hearsay_sim_story(const struct hearsay_sim *sim, char *story,
                       size_t story_len)
{
    if (story_len > 0) {
        struct hsy_line line = hsy_line(story, story_len);
        hsy_story_tell(&sim->witness->story, &line);
    }
}
