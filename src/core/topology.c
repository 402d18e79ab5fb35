/* A look is stateless: it sees the whole graph anew, so no sequence of joins
 * and deaths can make it drift. It costs a look-up for each end of each link,
 * so it is made when something may have come of it, and now and then. */
#include "core/topology.h"

#include "base/mem.h"

#define ROUND_NS (15 * HSY_SECOND)
#define GAP_NS (5 * HSY_SECOND)
/* 10,000 peers of 8 links: some 10 ms of work. */
#define GAP_PER_PEER_NS (HSY_MS / 2)

void hsy_topology_init(struct hsy_topology *t, struct hsy_env *env)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(env != NULL);
    *t = (struct hsy_topology){.env = env};
}

void hsy_topology_soon(struct hsy_topology *t, const struct hsy_registry *r,
                       uint64_t wait_ns)
{
    uint64_t gap_ns = hsy_time_min(
        hsy_time_max(GAP_NS, r->living.count * GAP_PER_PEER_NS), ROUND_NS);
    uint64_t at_ns = hsy_time_add(t->env->now.mono_ns, wait_ns);

    HSY_ASSERT(wait_ns > 0);
    if (t->looked_ns > 0) {
        at_ns = hsy_time_max(at_ns, hsy_time_add(t->looked_ns, gap_ns));
    }
    t->next_ns = hsy_time_min(t->next_ns, at_ns);
}

/* ------------------------------------------------------------------- edges */

static bool is_counted(const struct hsy_entry *e)
{
    HSY_ASSERT(e != NULL);
    return !e->absent && e->links != NULL;
}

/* NONE: not living, or not counted. */
static uint32_t place_of(const struct hsy_registry *r,
                         const struct hearsay_id *id)
{
    const struct hsy_entry *e = hsy_registry_find(r, id);

    HSY_ASSERT(r->living.count < HSY_WEB_NONE);
    return e != NULL && is_counted(e) ? hsy_registry_index(r, e) : HSY_WEB_NONE;
}

/* Links as both ends name them. */
static uint64_t count_edges(const struct hsy_registry *r)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < r->living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, i);
        count += is_counted(e) ? hsy_entry_links(e).count : 0;
    }
    HSY_ASSERT(count <= (uint64_t)r->living.count * HSY_LINKS_COUNT_MAX);
    return count;
}

static void add_edges(struct hsy_web *web, const struct hsy_registry *r)
{
    HSY_ASSERT(web->vertices == r->living.count);
    for (uint32_t i = 0; i < web->vertices; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, i);
        if (!is_counted(e)) {
            continue;
        }
        hsy_web_vertex(web, i);
        struct hsy_ids links = hsy_entry_links(e);
        for (uint32_t k = 0; k < links.count; k++) {
            uint32_t other = place_of(r, hsy_ids_at(&links, k));
            if (other != HSY_WEB_NONE) {
                hsy_web_edge(web, other);
            }
        }
    }
}

int hsy_topology_web(const struct hsy_registry *r,
                     const struct hearsay_mem *mem, struct hsy_web *out)
{
    uint64_t edges = count_edges(r);

    HSY_ASSERT(out != NULL);
    if (edges > UINT32_MAX ||
        hsy_web_init(out, mem, r->living.count, (uint32_t)edges) != 0) {
        return HEARSAY_ERR_NOMEM;
    }
    add_edges(out, r);
    hsy_web_walk(out);
    return 0;
}

/* ------------------------------------------------------------------- parts */

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

/* Any other than the best-placed, of those that are held if there are any:
 * each next one takes the place with the chance that keeps all equal. */
static void place_second(const struct hsy_picture *p, struct hsy_env *env,
                         struct hsy_component *part, uint32_t at)
{
    bool held = hsy_registry_at(p->r, at)->held;
    uint32_t others = held ? part->held - 1 : part->unheld;

    HSY_ASSERT(at != part->best);
    if (!held && part->held > 1) {
        return;
    }
    if (others <= 1 || hsy_prng_below(&env->prng, others) == 0) {
        part->second = at;
    }
}

static void place(const struct hsy_picture *p, struct hsy_env *env,
                  struct hsy_component *part, uint32_t at)
{
    const struct hsy_entry *e = hsy_registry_at(p->r, at);
    uint32_t other = at;

    part->held += e->held ? 1 : 0;
    part->unheld += e->held ? 0 : 1;
    if (part->best == HSY_WEB_NONE ||
        better_placed(e, hsy_registry_at(p->r, part->best))) {
        other = part->best;
        part->best = at;
    }
    if (other != HSY_WEB_NONE) {
        place_second(p, env, part, other);
    }
    HSY_ASSERT(part->second != part->best);
}

static bool names_strangers(const struct hsy_picture *p, uint32_t at)
{
    struct hsy_ids links = hsy_entry_links(hsy_registry_at(p->r, at));
    uint32_t known = p->web.to_begin[at + 1] - p->web.to_begin[at];

    HSY_ASSERT(known <= links.count);
    return known < links.count;
}

static void look_at_parts(struct hsy_picture *p, struct hsy_env *env)
{
    for (uint32_t i = 0; i < p->web.parts; i++) {
        p->parts[i] = (struct hsy_component){.best = HSY_WEB_NONE,
                                             .second = HSY_WEB_NONE};
        if (p->largest == HSY_WEB_NONE ||
            p->web.size[i] > p->web.size[p->largest]) {
            p->largest = i;
        }
    }
    for (uint32_t i = 0; i < p->web.vertices; i++) {
        if (p->web.part[i] == HSY_WEB_NONE) {
            continue;
        }
        struct hsy_component *part = &p->parts[p->web.part[i]];
        place(p, env, part, i);
        part->open = part->open || !hsy_registry_at(p->r, i)->held ||
                     names_strangers(p, i);
    }
    HSY_ASSERT(p->largest != HSY_WEB_NONE);
}

const struct hsy_component *hsy_picture_part(const struct hsy_picture *p,
                                             const struct hearsay_id *id)
{
    uint32_t at = place_of(p->r, id);

    HSY_ASSERT(p->parts != NULL);
    return at == HSY_WEB_NONE ? NULL : &p->parts[p->web.part[at]];
}

/* The next one after a random place: so the load is spread. */
uint32_t hsy_picture_any(const struct hsy_picture *p, struct hsy_env *env,
                         uint32_t other)
{
    uint32_t count = p->web.vertices;
    uint32_t found = HSY_WEB_NONE;

    HSY_ASSERT(count > 0);
    uint32_t start = (uint32_t)hsy_prng_below(&env->prng, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)(((uint64_t)start + i) % count);
        if (at == other || p->web.part[at] != p->largest) {
            continue;
        }
        if (hsy_registry_at(p->r, at)->held) {
            return at;
        }
        found = found == HSY_WEB_NONE ? at : found;
    }
    return found;
}

/* -------------------------------------------------------------------- look */

void hsy_picture_fini(struct hsy_picture *p, const struct hearsay_mem *mem)
{
    HSY_ASSERT(p->r != NULL);
    hsy_web_fini(&p->web, mem);
    hsy_mem_free(mem, p->parts);
    p->parts = NULL;
}

static bool take_picture(struct hsy_picture *p, struct hsy_env *env)
{
    HSY_ASSERT(p->parts == NULL);
    if (hsy_topology_web(p->r, &env->mem, &p->web) != 0) {
        return false;
    }
    if (p->web.parts <= 1) {
        return true;
    }
    p->parts = hsy_mem_alloc(&env->mem, p->web.parts * sizeof(*p->parts));
    if (p->parts == NULL) {
        hsy_web_fini(&p->web, &env->mem);
        return false;
    }
    look_at_parts(p, env);
    return true;
}

bool hsy_topology_look(struct hsy_topology *t, struct hsy_registry *r,
                       struct hsy_picture *out)
{
    *out = (struct hsy_picture){.r = r, .largest = HSY_WEB_NONE};
    t->next_ns = hsy_time_add(t->env->now.mono_ns, ROUND_NS);
    if (t->components <= 1 && t->looked_ns > r->graph_ns) {
        return false; /* The same graph, and in one piece. */
    }
    if (!take_picture(out, t->env)) {
        return false;
    }
    t->looked_ns = t->env->now.mono_ns;
    t->components = out->web.parts;
    t->cuts = out->web.cuts_count;
    for (uint32_t i = 0; i < out->web.vertices; i++) {
        hsy_registry_at(r, i)->cut = out->web.cuts[i];
    }
    HSY_ASSERT(t->next_ns > t->looked_ns);
    return true;
}
