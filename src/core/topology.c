/* Components by union-find over the link snapshots. A round is stateless: it
 * sees the whole graph anew, so no sequence of joins and deaths can make it
 * drift. Only how many rounds in a row saw the network apart is remembered:
 * one round alone may fall into the moment between two snapshots. */
#include "core/topology.h"

#include "base/mem.h"

#define ROUND_NS (15 * HSY_SECOND)

#define NOBODY UINT32_MAX

enum { ROUNDS_APART = 2 };

/* Entries are named by their index in the registry's table. */
struct graph {
    const struct hsy_registry *r;
    uint32_t count;
    uint32_t *parent; /* Owned, all three in one; NOBODY: not counted. */
    uint32_t *size;   /* Of the component, at its root. */
    uint32_t *best;   /* The best-placed of the component, at its root. */
    uint32_t components;
    uint32_t largest; /* Its root. */
};

void hsy_topology_init(struct hsy_topology *t, struct hsy_env *env)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(env != NULL);
    *t = (struct hsy_topology){.env = env};
}

static uint32_t root_of(struct graph *g, uint32_t at)
{
    HSY_ASSERT(at < g->count);
    HSY_ASSERT(g->parent[at] != NOBODY);
    while (g->parent[at] != at) {
        g->parent[at] = g->parent[g->parent[at]]; /* Halves the path. */
        at = g->parent[at];
    }
    return at;
}

static void unite(struct graph *g, uint32_t a, uint32_t b)
{
    uint32_t big = root_of(g, a);
    uint32_t small = root_of(g, b);

    if (big == small) {
        return;
    }
    if (g->size[big] < g->size[small]) {
        uint32_t swap = big;
        big = small;
        small = swap;
    }
    HSY_ASSERT(g->components > 1);
    g->parent[small] = big;
    g->size[big] += g->size[small];
    g->components--;
}

/* NOBODY: not living, or not counted. */
static uint32_t index_of(const struct graph *g, const struct hearsay_id *id)
{
    const struct hsy_entry *e = hsy_registry_find(g->r, id);

    if (e == NULL) {
        return NOBODY;
    }
    uint32_t index = (uint32_t)(e - hsy_registry_at(g->r, 0));
    HSY_ASSERT(index < g->count);
    return g->parent[index] == NOBODY ? NOBODY : index;
}

static void add_members(struct graph *g)
{
    HSY_ASSERT(g->components == 0);
    for (uint32_t i = 0; i < g->count; i++) {
        const struct hsy_entry *e = hsy_registry_at(g->r, i);
        bool counted = !e->absent && e->links != NULL;
        g->parent[i] = counted ? i : NOBODY;
        g->size[i] = 1;
        g->best[i] = NOBODY;
        g->components += counted ? 1 : 0;
    }
}

static void add_edges(struct graph *g)
{
    HSY_ASSERT(g->count == g->r->living.count);
    for (uint32_t i = 0; i < g->count; i++) {
        const struct hsy_entry *e = hsy_registry_at(g->r, i);
        if (g->parent[i] == NOBODY) {
            continue;
        }
        struct hsy_ids links = hsy_entry_links(e);
        for (uint32_t k = 0; k < links.count; k++) {
            uint32_t other = index_of(g, hsy_ids_at(&links, k));
            if (other != NOBODY) {
                unite(g, i, other);
            }
        }
    }
}

/* A peer that this seed can tell comes before one that it cannot; then the
 * one with more links, for it is well known in its component. */
static bool better_placed(const struct hsy_entry *a, const struct hsy_entry *b)
{
    HSY_ASSERT(a != b);
    if (a->held != b->held) {
        return a->held;
    }
    return a->degree > b->degree;
}

static void find_best(struct graph *g)
{
    g->largest = NOBODY;
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->parent[i] == NOBODY) {
            continue;
        }
        uint32_t root = root_of(g, i);
        uint32_t best = g->best[root];
        if (best == NOBODY || better_placed(hsy_registry_at(g->r, i),
                                            hsy_registry_at(g->r, best))) {
            g->best[root] = i;
        }
        if (g->largest == NOBODY || g->size[root] > g->size[g->largest]) {
            g->largest = root;
        }
    }
    HSY_ASSERT((g->largest == NOBODY) == (g->components == 0));
}

/* A member of the component of @root, the next one after a random place, if
 * possible one that this seed can tell: so the load is spread. */
static uint32_t any_member(struct graph *g, struct hsy_env *env, uint32_t root)
{
    uint32_t start = (uint32_t)hsy_prng_below(&env->prng, g->count);
    uint32_t found = NOBODY;

    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t at = (uint32_t)(((uint64_t)start + i) % g->count);
        if (g->parent[at] == NOBODY || root_of(g, at) != root) {
            continue;
        }
        if (hsy_registry_at(g->r, at)->held) {
            return at;
        }
        found = found == NOBODY ? at : found;
    }
    HSY_ASSERT(found != NOBODY);
    return found;
}

struct bridges {
    struct hsy_bridge *out;
    uint32_t max, count;
};

static void add_bridge(struct graph *g, struct bridges *b, uint32_t from,
                       uint32_t to)
{
    HSY_ASSERT(from != to);
    if (b->count < b->max) {
        b->out[b->count] = (struct hsy_bridge){.a = hsy_registry_at(g->r, from),
                                               .b = hsy_registry_at(g->r, to)};
        b->count++;
    }
}

/* Two for each smaller component that has two peers: one would be the next
 * single point of failure. */
static void build_bridges(struct graph *g, struct hsy_env *env,
                          struct bridges *b)
{
    HSY_ASSERT(g->components > 1);
    for (uint32_t i = 0; i < g->count && b->count < b->max; i++) {
        if (g->parent[i] != i || i == g->largest) {
            continue; /* Not the root of a smaller one. */
        }
        uint32_t best = g->best[i];
        add_bridge(g, b, best, any_member(g, env, g->largest));
        uint32_t second = any_member(g, env, i);
        if (second != best) {
            add_bridge(g, b, second, any_member(g, env, g->largest));
        }
    }
}

int hsy_topology_round(struct hsy_topology *t, const struct hsy_registry *r,
                       struct hsy_bridge *out, uint32_t out_max,
                       uint32_t *out_count)
{
    const struct hearsay_mem *mem = &t->env->mem;
    struct graph g = {.r = r, .count = r->living.count};
    struct bridges bridges = {.out = out, .max = out_max};

    HSY_ASSERT(out_max >= 1);
    t->next_ns = hsy_time_add(t->env->now.mono_ns, ROUND_NS);
    *out_count = 0;
    if (t->components <= 1 && t->looked_ns > r->graph_ns) {
        return 0; /* The same graph, and in one piece. */
    }
    t->looked_ns = t->env->now.mono_ns;
    if (g.count > 0) {
        g.parent = hsy_mem_alloc(mem, (size_t)g.count * 3 * sizeof(uint32_t));
        if (g.parent == NULL) {
            return HEARSAY_ERR_NOMEM;
        }
        g.size = g.parent + g.count;
        g.best = g.size + g.count;
    }
    add_members(&g);
    add_edges(&g);
    find_best(&g);
    t->components = g.components;
    t->apart_rounds = g.components > 1 ? t->apart_rounds + 1 : 0;
    if (t->apart_rounds >= ROUNDS_APART) {
        build_bridges(&g, t->env, &bridges);
    }
    hsy_mem_free(mem, g.parent);
    HSY_ASSERT(bridges.count <= out_max);
    *out_count = bridges.count;
    return 0;
}
