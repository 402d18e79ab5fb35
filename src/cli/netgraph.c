/* Reading the graph: what a node says is checked before it is walked, for a
 * socket may be anybody's. */
#include "cli/netgraph.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 1 << 24, LINKS_MAX = 1 << 28 };

static int refuse(const char **what, const char *text)
{
    *what = text;
    return HEARSAY_ERR_MALFORMED;
}

/* A number below @end. */
static bool read_index(const json_t *value, uint32_t end, uint32_t *out)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number >= (json_int_t)end) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

static bool read_pair(const json_t *pair, uint32_t count, uint32_t out[2])
{
    return json_array_size(pair) == 2 &&
           read_index(json_array_get(pair, 0), count, &out[0]) &&
           read_index(json_array_get(pair, 1), count, &out[1]) &&
           out[0] != out[1];
}

/* ------------------------------------------------------------------- nodes */

static int read_node(struct hsy_netgraph *g, uint32_t index)
{
    const json_t *node = json_array_get(g->nodes, index);
    const json_t *part = json_object_get(node, "component");
    const json_t *degree = json_object_get(node, "degree");
    g->component[index] = HSY_NETGRAPH_NONE;
    if (json_string_value(json_object_get(node, "id")) == NULL ||
        json_string_value(json_object_get(node, "name")) == NULL ||
        json_string_value(json_object_get(node, "state")) == NULL) {
        return HEARSAY_ERR_MALFORMED;
    }
    if (!json_is_null(degree) &&
        !read_index(degree, LINKS_MAX, &g->degrees[index])) {
        return HEARSAY_ERR_MALFORMED;
    }
    if (json_is_null(part)) {
        return 0;
    }
    if (!read_index(part, g->components, &g->component[index])) {
        return HEARSAY_ERR_MALFORMED;
    }
    g->sizes[g->component[index]]++;
    return 0;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

/* ------------------------------------------------------------------- links */

/* Counts the ends of @list in begin[], each one place further up than it
 * belongs. */
static int count_ends(struct hsy_netgraph *g, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        uint32_t ends[2];
        if (!read_pair(json_array_get(list, i), g->count, ends)) {
            return HEARSAY_ERR_MALFORMED;
        }
        g->begin[ends[0] + 1]++;
        g->begin[ends[1] + 1]++;
    }
    return 0;
}

/* @next of each node is where its next neighbour goes. */
static void put_ends(struct hsy_netgraph *g, const json_t *list, uint32_t *next)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        uint32_t ends[2] = {0};
        bool good = read_pair(json_array_get(list, i), g->count, ends);
        HSY_ASSERT(good); /* count_ends() has seen it. */
        (void)good;
        g->to[next[ends[0]]] = ends[1];
        next[ends[0]]++;
        g->to[next[ends[1]]] = ends[0];
        next[ends[1]]++;
    }
}

static int read_links(struct hsy_netgraph *g, const json_t *links,
                      const json_t *one_sided)
{
    if (count_ends(g, links) != 0 || count_ends(g, one_sided) != 0) {
        return HEARSAY_ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        g->begin[i + 1] += g->begin[i];
    }
    memcpy(g->hops, g->begin, g->count * sizeof(*g->hops));
    put_ends(g, links, g->hops);
    put_ends(g, one_sided, g->hops);
    return 0;
}

/* -------------------------------------------------------------------- made */

static int make_room(struct hsy_netgraph *g)
{
    size_t count = g->count;
    size_t ends = 2 * ((size_t)g->links + g->one_sided);
    size_t words = 6 * count + 1 + ends + g->components;
    g->memory = hsy_mem_zalloc(hearsay_mem_default(), words * sizeof(uint32_t));
    if (g->memory == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    g->component = g->memory;
    g->degrees = g->component + count;
    g->begin = g->degrees + count;
    g->hops = g->begin + count + 1;
    g->row = g->hops + count;
    g->sizes = g->row + count;
    g->to = g->sizes + g->components;
    return 0;
}

static int read_all(struct hsy_netgraph *g, const json_t *links,
                    const json_t *one_sided, const char **what)
{
    for (uint32_t i = 0; i < g->count; i++) {
        if (read_node(g, i) != 0) {
            return refuse(what, "`nodes` has one that is none");
        }
    }
    for (uint32_t i = 0; i < g->components; i++) {
        g->largest = g->sizes[i] > g->sizes[g->largest] ? i : g->largest;
    }
    qsort(g->sizes, g->components, sizeof(*g->sizes), by_size);
    if (read_links(g, links, one_sided) != 0) {
        return refuse(what, "a link has an end that is no node");
    }
    return 0;
}

int hsy_netgraph_init(struct hsy_netgraph *out, const json_t *answer,
                      const char **what)
{
    const json_t *nodes = json_object_get(answer, "nodes");
    const json_t *links = json_object_get(answer, "links");
    const json_t *one_sided = json_object_get(answer, "one_sided");
    const char *view = json_string_value(json_object_get(answer, "view"));
    *out = (struct hsy_netgraph){.answer = answer, .nodes = nodes};
    if (view == NULL || !json_is_array(nodes) || !json_is_array(links) ||
        !json_is_array(one_sided)) {
        return refuse(what,
                      "it has no `view`, `nodes`, `links` or `one_sided`");
    }
    if (json_array_size(nodes) > NODES_MAX ||
        json_array_size(links) > LINKS_MAX ||
        json_array_size(one_sided) > LINKS_MAX) {
        return refuse(what, "it is too large");
    }
    out->own = strcmp(view, "own") == 0;
    out->count = (uint32_t)json_array_size(nodes);
    out->links = (uint32_t)json_array_size(links);
    out->one_sided = (uint32_t)json_array_size(one_sided);
    if (!read_index(json_object_get(answer, "components"), out->count + 1,
                    &out->components)) {
        return refuse(what, "`components` is no count of them");
    }
    int err = make_room(out);
    if (err != 0) {
        return err;
    }
    err = read_all(out, links, one_sided, what);
    if (err != 0) {
        hsy_netgraph_fini(out);
    }
    return err;
}

void hsy_netgraph_fini(struct hsy_netgraph *g)
{
    hsy_mem_free(hearsay_mem_default(), g->memory);
    g->memory = NULL;
}

struct hsy_walk hsy_netgraph_walk(struct hsy_netgraph *g, uint32_t from)
{
    struct hsy_walk walk = {.reached = 1, .farthest = from};
    HSY_ASSERT(from < g->count);
    memset(g->hops, 0xff, g->count * sizeof(*g->hops));
    g->hops[from] = 0;
    g->row[0] = from;
    for (uint32_t at = 0; at < walk.reached; at++) {
        uint32_t v = g->row[at];
        walk.hops += g->hops[v];
        walk.farthest = v;
        for (uint32_t i = g->begin[v]; i < g->begin[v + 1]; i++) {
            uint32_t to = g->to[i];
            if (g->hops[to] == HSY_NETGRAPH_NONE) {
                g->hops[to] = g->hops[v] + 1;
                g->row[walk.reached] = to;
                walk.reached++;
            }
        }
    }
    return walk;
}
