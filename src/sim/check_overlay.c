/* O1 to O4. The graph of the live overlay, links that both ends name, answers
 * the first three at calm. For O4 each way of each link is remembered with
 * the time since when the other end does not name it; who is frozen, slow or
 * cut off, and those cut off from each other, are given that time anew. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/check.h"

#include <string.h>

enum { WAYS_MAX = 1 << 22 };

struct way {
    uint64_t key;      /* from << 32 | to */
    uint64_t since_ns; /* One-sided since; NEVER: it is not. */
    uint32_t round;    /* The last one in which it was named. */
    bool told;
    bool cut; /* In that round. */
};

int hsy_check_overlay_init(struct hsy_check_overlay *o, struct hsy_findings *f,
                           const struct hsy_promises *promises)
{
    memset(o, 0, sizeof(*o));
    o->f = f;
    o->promises = promises;
    struct hsy_table_shape shape = {
        .key_len = 8, .item_len = sizeof(struct way), .items_max = WAYS_MAX};
    hsy_table_init(&o->ways, &f->mem, shape, 1);
    o->says = hsy_mem_zalloc(&f->mem, f->count * sizeof(*o->says));
    if (o->says == NULL) {
        hsy_check_overlay_fini(o);
        return HEARSAY_ERR_NOMEM;
    }
    return HEARSAY_OK;
}

void hsy_check_overlay_fini(struct hsy_check_overlay *o)
{
    if (o->f == NULL) {
        return; /* Never begun. */
    }
    hsy_table_fini(&o->ways);
    hsy_mem_free(&o->f->mem, o->says);
    memset(o, 0, sizeof(*o));
}

/* ---------------------------------------------------------------------- O4 */

void hsy_check_overlay_fact(struct hsy_check_overlay *o,
                            const struct hsy_fact *fact)
{
    HSY_ASSERT(fact->node < o->f->count);
    o->says[fact->node] = fact->has_say && !fact->slow;
    for (uint32_t i = 0; i < fact->links_count; i++) {
        uint64_t key = ((uint64_t)fact->node << 32) | fact->links[i].to;
        if (!fact->links[i].overlay) {
            continue;
        }
        struct way *known = hsy_table_find(&o->ways, &key);
        if (known == NULL) {
            void *item;
            int err = hsy_table_put(&o->ways, &item, &key);
            if (err != HEARSAY_OK) {
                hsy_findings_err(o->f, err);
                return;
            }
            known = item;
            known->since_ns = HEARSAY_NEVER;
        }
        known->round = o->round;
        known->cut = fact->links[i].cut;
    }
}

static bool is_one_sided(const struct hsy_check_overlay *o,
                         const struct way *way)
{
    uint64_t back = (way->key << 32) | (way->key >> 32);
    const struct way *other = hsy_table_find(&o->ways, &back);
    return !way->cut && o->says[way->key >> 32] &&
           o->says[(uint32_t)way->key] &&
           (other == NULL || other->round != o->round);
}

static void judge_way(struct hsy_check_overlay *o, struct way *way)
{
    uint64_t bound_ns = o->promises->ping_interval_ns +
                        3 * o->promises->ping_timeout_ns + o->grace_ns;
    if (!is_one_sided(o, way)) {
        way->since_ns = HEARSAY_NEVER;
        way->told = false;
        return;
    }
    way->since_ns = hsy_time_min(way->since_ns, o->f->now_ns);
    uint64_t lasts_ns = hsy_time_since(way->since_ns, o->f->now_ns);
    if (lasts_ns > bound_ns && !way->told) {
        way->told = true;
        struct hsy_words words = {.text = "names a link that is not named by",
                                  .about = (uint32_t)way->key,
                                  .a_text = "for ms",
                                  .a = lasts_ns / HSY_MS};
        hsy_findings_broken(o->f, HSY_O4, (uint32_t)(way->key >> 32), &words);
    }
}

void hsy_check_overlay_judge(struct hsy_check_overlay *o)
{
    hsy_findings_looked(o->f, HSY_O4);
    for (uint32_t i = o->ways.count; i > 0; i--) {
        struct way *way = hsy_table_at(&o->ways, i - 1);
        if (way->round == o->round) {
            judge_way(o, way);
        }
    }
    for (uint32_t i = o->ways.count; i > 0; i--) {
        struct way *way = hsy_table_at(&o->ways, i - 1);
        if (way->round != o->round) {
            hsy_table_remove(&o->ways, way); /* Moves a judged one here. */
        }
    }
    o->round++;
}

/* ---------------------------------------------------------------- O1 to O3 */

static uint64_t root(uint64_t n)
{
    uint64_t r = 0;
    while ((r + 1) * (r + 1) <= n) {
        r++;
    }
    return r;
}

/* sqrt is taken of n times 10^6, for three decimals. */
uint32_t hsy_check_degree_max(uint32_t links_wanted, uint32_t peers)
{
    uint64_t cap =
        links_wanted * 2 * root((uint64_t)peers * UINT64_C(1000000)) / 3000;
    cap = cap < 32 ? 32 : cap;
    return (uint32_t)(cap + cap / 4);
}

static void calm_degrees(struct hsy_check_overlay *o,
                         const struct hsy_graph *graph)
{
    uint32_t wanted = o->promises->links_wanted;
    uint32_t least =
        wanted < graph->vertices - 1 ? wanted : graph->vertices - 1;
    uint32_t most = hsy_check_degree_max(wanted, graph->vertices);
    for (uint32_t i = 0; i < o->f->count; i++) {
        if (!graph->present[i]) {
            continue;
        }
        hsy_findings_looked(o->f, HSY_O2);
        uint32_t degree = graph->degrees[i];
        if (degree < least || degree > most) {
            struct hsy_words words = {.text = "has a degree out of bounds:",
                                      .about = HSY_NODE_NONE,
                                      .a_text = "it is",
                                      .a = degree,
                                      .b_text = "and the bound",
                                      .b = degree < least ? least : most};
            hsy_findings_broken(o->f, HSY_O2, i, &words);
        }
    }
}

static int calm_fit(struct hsy_check_overlay *o, const struct hsy_graph *graph)
{
    uint32_t *degrees =
        hsy_mem_alloc(&o->f->mem, graph->vertices * sizeof(*degrees));
    if (degrees == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < o->f->count; i++) {
        if (graph->present[i]) {
            degrees[count] = graph->degrees[i];
            count++;
        }
    }
    double p;
    if (o->fit.p_of(o->fit.ctx, degrees, count, &p)) {
        hsy_findings_looked(o->f, HSY_O3);
        if (p < 0.1) {
            struct hsy_words words = {.text = "no power law fits;",
                                      .about = HSY_NODE_NONE,
                                      .a_text = "p in thousandths",
                                      .a = p > 0 ? (uint64_t)(p * 1000) : 0};
            hsy_findings_broken(o->f, HSY_O3, o->f->seeds, &words);
        }
    }
    hsy_mem_free(&o->f->mem, degrees);
    return HEARSAY_OK;
}

void hsy_check_overlay_calm(struct hsy_check_overlay *o,
                            const struct hsy_graph *graph)
{
    if (graph->vertices == 0) {
        return;
    }
    hsy_findings_looked(o->f, HSY_O1);
    if (graph->components != 1) {
        struct hsy_words words = {.text = "the overlay is in pieces:",
                                  .about = HSY_NODE_NONE,
                                  .a_text = "components",
                                  .a = graph->components,
                                  .b_text = "of peers",
                                  .b = graph->vertices};
        hsy_findings_broken(o->f, HSY_O1, o->f->seeds, &words);
    }
    calm_degrees(o, graph);
    if (o->fit.p_of != NULL && graph->vertices >= o->fit.peers_min) {
        hsy_findings_err(o->f, calm_fit(o, graph));
    }
}
