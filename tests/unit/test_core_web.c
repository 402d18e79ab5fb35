/* Parts of a graph, and the vertices that hold one together, against the slow
 * way: take each away, and count. */
#include "base/prng.h"
#include "core/web.h"
#include "support/claim.h"

enum { VERTICES_MAX = 24, ROUNDS = 3000 };

/* As it is drawn: who is there, and who names whom. */
struct drawing {
    uint32_t vertices;
    bool there[VERTICES_MAX];
    bool names[VERTICES_MAX][VERTICES_MAX];
};

static const struct hearsay_mem *mem;
static struct hsy_web web;

static void walk(const struct drawing *d)
{
    CLAIM_INT(hsy_web_init(&web, mem, d->vertices, d->vertices * d->vertices),
              0);
    for (uint32_t v = 0; v < d->vertices; v++) {
        if (!d->there[v]) {
            continue;
        }
        hsy_web_vertex(&web, v);
        for (uint32_t to = 0; to < d->vertices; to++) {
            if (d->names[v][to]) {
                hsy_web_edge(&web, to);
            }
        }
    }
    hsy_web_walk(&web);
}

/* Paints what hangs together with @v, but for @without. */
static void paint(const struct drawing *d, uint32_t without, uint32_t v,
                  uint32_t *colours, uint32_t colour)
{
    colours[v] = colour;
    for (uint32_t to = 0; to < d->vertices; to++) {
        bool linked = d->there[to] && (d->names[v][to] || d->names[to][v]);
        if (linked && to != without && colours[to] == 0) {
            paint(d, without, to, colours, colour);
        }
    }
}

static uint32_t count_parts(const struct drawing *d, uint32_t without,
                            uint32_t colours[VERTICES_MAX])
{
    uint32_t parts = 0;
    for (uint32_t v = 0; v < VERTICES_MAX; v++) {
        colours[v] = 0;
    }
    for (uint32_t v = 0; v < d->vertices; v++) {
        if (d->there[v] && v != without && colours[v] == 0) {
            parts++;
            paint(d, without, v, colours, parts);
        }
    }
    return parts;
}

static void claim_equal(const struct drawing *d)
{
    uint32_t colours[VERTICES_MAX];
    uint32_t spare[VERTICES_MAX];
    uint32_t sizes[VERTICES_MAX] = {0};
    uint32_t parts = count_parts(d, HSY_WEB_NONE, colours);
    uint32_t cuts = 0;

    CLAIM_INT(web.parts, parts);
    for (uint32_t v = 0; v < d->vertices; v++) {
        CLAIM((web.part[v] != HSY_WEB_NONE) == d->there[v]);
        bool cut = d->there[v] && count_parts(d, v, spare) > parts;
        CLAIM(web.cuts[v] == cut);
        cuts += cut ? 1 : 0;
        for (uint32_t to = 0; d->there[v] && to < d->vertices; to++) {
            CLAIM(!d->there[to] ||
                  (web.part[v] == web.part[to]) == (colours[v] == colours[to]));
        }
        sizes[d->there[v] ? web.part[v] : 0] += d->there[v] ? 1 : 0;
    }
    for (uint32_t i = 0; i < web.parts; i++) {
        CLAIM_INT(web.size[i], sizes[i]);
    }
    CLAIM_INT(web.cuts_count, cuts);
}

/* From single vertices to almost all of the edges; some vertices are away, and
 * named nevertheless; some name themselves. */
static void random_graphs_are_as_the_slow_way_sees_them(void **state)
{
    struct hsy_prng prng;

    (void)state;
    hsy_prng_init(&prng, 42);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct drawing d = {0};
        d.vertices = (uint32_t)hsy_prng_below(&prng, VERTICES_MAX + 1);
        uint64_t per_mille = hsy_prng_below(&prng, 1 + round % 7 * 50);
        for (uint32_t v = 0; v < d.vertices; v++) {
            d.there[v] = hsy_prng_below(&prng, 8) > 0;
            for (uint32_t to = 0; to < d.vertices; to++) {
                d.names[v][to] = hsy_prng_below(&prng, 1000) < per_mille;
            }
        }
        walk(&d);
        claim_equal(&d);
        hsy_web_fini(&web, mem);
    }
}

/* A tree: all that is no leaf is a cut. As deep, which calls of one's
 * own would not survive everywhere. */
static void a_long_chain_is_walked_without_calls(void **state)
{
    enum { LONG = 200000 };

    (void)state;
    CLAIM_INT(hsy_web_init(&web, mem, LONG, LONG), 0);
    for (uint32_t v = 0; v < LONG; v++) {
        hsy_web_vertex(&web, v);
        if (v > 0) {
            hsy_web_edge(&web, v - 1);
        }
    }
    hsy_web_walk(&web);
    CLAIM_INT(web.parts, 1);
    CLAIM_INT(web.cuts_count, LONG - 2);
    CLAIM(!web.cuts[0]);
    CLAIM(web.cuts[1]);
    CLAIM(!web.cuts[LONG - 1]);
    hsy_web_fini(&web, mem);
}

static void two_cliques_hang_on_the_one_they_share(void **state)
{
    struct drawing d = {.vertices = 7};

    (void)state;
    for (uint32_t v = 0; v < 7; v++) {
        d.there[v] = true;
        for (uint32_t to = 0; to < 7; to++) {
            d.names[v][to] =
                v != to && ((v <= 3 && to <= 3) || (v >= 3 && to >= 3));
        }
    }
    walk(&d);
    claim_equal(&d);
    CLAIM_INT(web.cuts_count, 1);
    CLAIM(web.cuts[3]);
    hsy_web_fini(&web, mem);
}

static void nobody_is_no_part(void **state)
{
    struct drawing d = {0};

    (void)state;
    walk(&d);
    CLAIM_INT(web.parts, 0);
    CLAIM_INT(web.cuts_count, 0);
    hsy_web_fini(&web, mem);
}

static void *no_alloc(void *ctx, size_t len)
{
    (void)ctx;
    (void)len;
    return NULL;
}

static void without_memory_there_is_nothing_to_end(void **state)
{
    struct hearsay_mem none = *mem;

    (void)state;
    none.alloc = no_alloc;
    CLAIM_INT(hsy_web_init(&web, &none, 4, 4), HEARSAY_ERR_NOMEM);
    CLAIM(web.memory == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_are_as_the_slow_way_sees_them),
        cmocka_unit_test(a_long_chain_is_walked_without_calls),
        cmocka_unit_test(two_cliques_hang_on_the_one_they_share),
        cmocka_unit_test(nobody_is_no_part),
        cmocka_unit_test(without_memory_there_is_nothing_to_end),
    };
    mem = hearsay_mem_default();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
