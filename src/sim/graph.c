/* Union and find over the links that both ends name. Cost: one table entry a
 * link, so a million peers are some hundred megabytes and a second. */
#include "sim/graph.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { LINKS_MAX = 1 << 28, BY_LOWER = 1, BY_HIGHER = 2 };

struct pair {
    uint64_t key; /* lower << 32 | higher */
    uint64_t said;
};

int hsy_graph_create(struct hsy_graph **out, uint32_t count,
                     const struct hearsay_mem *mem)
{
    HSY_ASSERT(count > 0);
    struct hsy_graph *g = hsy_mem_zalloc(mem, sizeof(*g));
    if (g == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    g->mem = *mem;
    g->count = count;
    struct hsy_table_shape shape = {
        .key_len = 8, .item_len = sizeof(struct pair), .items_max = LINKS_MAX};
    hsy_table_init(&g->pairs, mem, shape, 1);
    g->parents = hsy_mem_alloc(mem, count * sizeof(*g->parents));
    g->degrees = hsy_mem_alloc(mem, count * sizeof(*g->degrees));
    g->present = hsy_mem_alloc(mem, count * sizeof(*g->present));
    if (g->parents == NULL || g->degrees == NULL || g->present == NULL) {
        hsy_graph_destroy(g);
        return HEARSAY_ERR_NOMEM;
    }
    hsy_graph_clear(g);
    *out = g;
    return HEARSAY_OK;
}

void hsy_graph_destroy(struct hsy_graph *g)
{
    if (g == NULL) {
        return;
    }
    struct hearsay_mem mem = g->mem; /* Outlives the memory that held it. */
    hsy_table_fini(&g->pairs);
    hsy_mem_free(&mem, g->parents);
    hsy_mem_free(&mem, g->degrees);
    hsy_mem_free(&mem, g->present);
    hsy_mem_free(&mem, g);
}

void hsy_graph_clear(struct hsy_graph *g)
{
    while (g->pairs.count > 0) {
        hsy_table_remove(&g->pairs,
                         hsy_table_at(&g->pairs, g->pairs.count - 1));
    }
    for (uint32_t i = 0; i < g->count; i++) {
        g->parents[i] = i;
        g->degrees[i] = 0;
        g->present[i] = false;
    }
    g->vertices = 0;
    g->links = 0;
    g->components = 0;
    g->one_sided = 0;
}

void hsy_graph_vertex(struct hsy_graph *g, uint32_t v)
{
    HSY_ASSERT(v < g->count);
    HSY_ASSERT(!g->present[v]);
    g->present[v] = true;
    g->vertices++;
}

int hsy_graph_link(struct hsy_graph *g, uint32_t from, uint32_t to)
{
    HSY_ASSERT(from < g->count);
    HSY_ASSERT(to < g->count);
    HSY_ASSERT(from != to);
    if (!g->present[from] || !g->present[to]) {
        return HEARSAY_OK;
    }
    uint64_t lower = from < to ? from : to;
    uint64_t higher = from < to ? to : from;
    uint64_t key = (lower << 32) | higher;
    void *item;
    int err = hsy_table_put(&g->pairs, &item, &key);
    if (err == HEARSAY_OK) {
        struct pair *pair = item;
        pair->said |= from == lower ? BY_LOWER : BY_HIGHER;
    }
    return err;
}

static uint32_t root_of(struct hsy_graph *g, uint32_t v)
{
    while (g->parents[v] != v) {
        g->parents[v] = g->parents[g->parents[v]]; /* Halves the path. */
        v = g->parents[v];
    }
    return v;
}

void hsy_graph_finish(struct hsy_graph *g)
{
    g->components = g->vertices;
    for (uint32_t i = 0; i < g->pairs.count; i++) {
        const struct pair *pair = hsy_table_at(&g->pairs, i);
        uint32_t a = (uint32_t)(pair->key >> 32);
        uint32_t b = (uint32_t)pair->key;
        if (pair->said != (BY_LOWER | BY_HIGHER)) {
            g->one_sided++;
            continue;
        }
        g->links++;
        g->degrees[a]++;
        g->degrees[b]++;
        uint32_t root_a = root_of(g, a);
        uint32_t root_b = root_of(g, b);
        if (root_a != root_b) {
            g->parents[root_b] = root_a;
            g->components--;
        }
    }
}
