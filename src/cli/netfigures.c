/* What can be said of a graph. Longest and mean path would need a walk from
 * every node: here a few walks are made, and what they cannot know is said. */
#include "cli/netgraph.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 3 };

static const json_t *of_node(const struct hsy_netgraph *g, uint32_t node,
                             const char *key)
{
    return json_object_get(json_array_get(g->nodes, node), key);
}

static void count_states(struct hsy_netfigures *f, const struct hsy_netgraph *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        bool alive =
            strcmp(json_string_value(of_node(g, i, "state")), "alive") == 0;
        bool counted = g->component[i] != HSY_NETGRAPH_NONE;
        f->alive += alive ? 1 : 0;
        f->absent += alive ? 0 : 1;
        f->silent += alive && !counted ? 1 : 0;
        f->counted += counted ? 1 : 0;
        f->cuts += json_is_true(of_node(g, i, "cut")) ? 1 : 0;
    }
}

/* ----------------------------------------------------------------- degrees */

uint32_t hsy_netgraph_bin_least(uint32_t bin)
{
    HSY_ASSERT(bin < HSY_NETGRAPH_BINS);
    return bin == 0 ? 0 : UINT32_C(1) << (bin - 1);
}

static uint32_t bin_of(uint32_t degree)
{
    uint32_t bin = 0;
    while (degree > 0) {
        degree /= 2;
        bin++;
    }
    return bin;
}

static int by_degree(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Keeps the highest, in order. */
static void offer_hub(struct hsy_netfigures *f, const struct hsy_netgraph *g,
                      uint32_t node)
{
    uint32_t at = f->hubs_count;
    if (at == HSY_NETGRAPH_HUBS) {
        at--;
        if (g->degrees[f->hubs[at]] >= g->degrees[node]) {
            return;
        }
    } else {
        f->hubs_count++;
    }
    for (; at > 0 && g->degrees[f->hubs[at - 1]] < g->degrees[node]; at--) {
        f->hubs[at] = f->hubs[at - 1];
    }
    f->hubs[at] = node;
}

/* @degrees has room for all that are counted. */
static void take_degrees(struct hsy_netfigures *f, const struct hsy_netgraph *g,
                         uint32_t *degrees)
{
    uint32_t count = 0;
    double sum = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->component[i] == HSY_NETGRAPH_NONE) {
            continue;
        }
        uint32_t bin = bin_of(g->degrees[i]);
        degrees[count] = g->degrees[i];
        sum += g->degrees[i];
        count++;
        f->bins[bin]++;
        f->bins_count = bin >= f->bins_count ? bin + 1 : f->bins_count;
        offer_hub(f, g, i);
    }
    HSY_ASSERT(count == f->counted);
    if (count == 0) {
        return;
    }
    qsort(degrees, count, sizeof(*degrees), by_degree);
    f->degree_min = degrees[0];
    f->degree_max = degrees[count - 1];
    f->degree_mean = sum / count;
    f->degree_median =
        ((double)degrees[(count - 1) / 2] + (double)degrees[count / 2]) / 2;
}

/* ------------------------------------------------------------------- paths */

struct paths {
    uint32_t longest;
    uint64_t hops, pairs;
};

static struct hsy_walk walk(struct paths *p, struct hsy_netgraph *g,
                            uint32_t from)
{
    struct hsy_walk w = hsy_netgraph_walk(g, from);
    uint32_t far = g->hops[w.farthest];
    p->longest = far > p->longest ? far : p->longest;
    return w;
}

/* Fills @out with the largest component; how many they are. */
static uint32_t members_of(const struct hsy_netgraph *g, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->component[i] == g->largest) {
            out[count] = i;
            count++;
        }
    }
    return count;
}

/* The double sweep: from anywhere to the farthest, from there to the farthest
 * again, and once more; nothing is farther apart than twice that. Then from
 * sources spread evenly over the component. @members has room for it. */
static void take_paths(struct hsy_netfigures *f, struct hsy_netgraph *g,
                       uint32_t *members)
{
    struct paths p = {0};
    uint32_t size = g->components > 0 ? members_of(g, members) : 0;
    uint32_t from = size > 0 ? members[0] : 0;
    for (int sweep = 0; sweep < SWEEPS && size > 0; sweep++) {
        from = walk(&p, g, from).farthest;
    }
    f->path_sources =
        size < HSY_NETGRAPH_SOURCES ? size : (uint32_t)HSY_NETGRAPH_SOURCES;
    for (uint32_t i = 0; i < f->path_sources; i++) {
        uint64_t at = (uint64_t)i * size / f->path_sources;
        struct hsy_walk w = walk(&p, g, members[at]);
        p.hops += w.hops;
        p.pairs += w.reached - 1;
    }
    f->diameter = p.longest;
    f->diameter_exact = f->path_sources == size;
    f->path_mean = p.pairs > 0 ? (double)p.hops / (double)p.pairs : 0;
}

int hsy_netfigures_of(struct hsy_netfigures *out, struct hsy_netgraph *g)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    uint32_t *values =
        hsy_mem_alloc(mem, ((size_t)g->count + 1) * sizeof(*values));
    if (values == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    *out = (struct hsy_netfigures){.alive = 0};
    count_states(out, g);
    take_degrees(out, g, values);
    int err =
        g->own ? HEARSAY_ERR_INVALID
               : hsy_powerlaw_fit(&out->fit, mem, values, out->counted, NULL);
    out->fitted = err == 0;
    if (err != HEARSAY_ERR_NOMEM) {
        take_paths(out, g, values);
    }
    hsy_mem_free(mem, values);
    return err == HEARSAY_ERR_NOMEM ? err : 0;
}

/* -------------------------------------------------------------------- JSON */

static json_t *fit_json(const struct hsy_netfigures *f)
{
    if (!f->fitted) {
        return json_null();
    }
    return json_pack("{s:f, s:f, s:I, s:I, s:f, s:f, s:b}", "alpha",
                     f->fit.alpha, "alpha_error", f->fit.alpha_error, "xmin",
                     (json_int_t)f->fit.xmin, "tail", (json_int_t)f->fit.tail,
                     "ks", f->fit.ks, "p", f->fit.p, "plausible",
                     f->fit.p >= 0.1 ? 1 : 0);
}

static json_t *sizes_json(const struct hsy_netgraph *g)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < g->components; i++) {
        json_array_append_new(list, json_integer(g->sizes[i]));
    }
    return list;
}

/* [least degree, count] of each bin. */
static json_t *bins_json(const struct hsy_netfigures *f)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < f->bins_count; i++) {
        json_array_append_new(
            list, json_pack("[I, I]", (json_int_t)hsy_netgraph_bin_least(i),
                            (json_int_t)f->bins[i]));
    }
    return list;
}

static json_t *hubs_json(const struct hsy_netfigures *f)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < f->hubs_count; i++) {
        json_array_append_new(list, json_integer(f->hubs[i]));
    }
    return list;
}

json_t *hsy_netfigures_json(const struct hsy_netfigures *f,
                            const struct hsy_netgraph *g)
{
    json_t *degrees =
        json_pack("{s:I, s:f, s:f, s:I, s:o}", "min", (json_int_t)f->degree_min,
                  "median", f->degree_median, "mean", f->degree_mean, "max",
                  (json_int_t)f->degree_max, "bins", bins_json(f));
    json_t *paths =
        json_pack("{s:I, s:b, s:f, s:I}", "diameter", (json_int_t)f->diameter,
                  "diameter_exact", f->diameter_exact ? 1 : 0, "mean",
                  f->path_mean, "sources", (json_int_t)f->path_sources);
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o}", "alive",
        (json_int_t)f->alive, "absent", (json_int_t)f->absent, "silent",
        (json_int_t)f->silent, "links", (json_int_t)g->links, "one_sided",
        (json_int_t)g->one_sided, "component_sizes", sizes_json(g), "cut_peers",
        (json_int_t)f->cuts, "degrees", degrees, "hubs", hubs_json(f), "paths",
        paths, "power_law", fit_json(f));
}
