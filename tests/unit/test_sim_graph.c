/* Graphs: components, degrees, and links that one end only knows of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "sim/graph.h"
#include "support/mem_fault.h"

enum { VERTICES = 6 };

static struct hsy_graph *graph(uint32_t vertices)
{
    struct hsy_graph *g = NULL;
    assert_int_equal(hsy_graph_create(&g, VERTICES, hearsay_mem_default()),
                     HEARSAY_OK);
    for (uint32_t i = 0; i < vertices; i++) {
        hsy_graph_vertex(g, i);
    }
    return g;
}

static void both(struct hsy_graph *g, uint32_t a, uint32_t b)
{
    assert_int_equal(hsy_graph_link(g, a, b), HEARSAY_OK);
    assert_int_equal(hsy_graph_link(g, b, a), HEARSAY_OK);
}

static void test_a_path_is_one_component(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(4);
    both(g, 0, 1);
    both(g, 1, 2);
    both(g, 3, 2);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->components, 1);
    assert_int_equal(g->links, 3);
    assert_int_equal(g->degrees[1], 2);
    assert_int_equal(g->degrees[3], 1);
    hsy_graph_destroy(g);
}

static void test_a_lonely_vertex_is_a_component(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(4);
    both(g, 0, 1);
    both(g, 1, 2);
    both(g, 0, 2);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->components, 2);
    hsy_graph_destroy(g);
}

/* O4, broken on purpose. */
static void
test_o4_a_one_sided_link_is_caught_and_connects_nothing(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(2);
    assert_int_equal(hsy_graph_link(g, 0, 1), HEARSAY_OK);
    assert_int_equal(hsy_graph_link(g, 0, 1), HEARSAY_OK);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->one_sided, 1);
    assert_int_equal(g->components, 2);
    assert_int_equal(g->degrees[0], 0);
    hsy_graph_destroy(g);
}

static void test_links_to_the_absent_do_not_count(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(2);
    both(g, 0, 5);
    both(g, 1, 5);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->components, 2);
    assert_int_equal(g->one_sided, 0);
    hsy_graph_destroy(g);
}

static void test_a_cleared_graph_is_empty(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(2);
    both(g, 0, 1);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    hsy_graph_clear(g);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->vertices, 0);
    assert_int_equal(g->links, 0);
    assert_int_equal(g->components, 0);
    hsy_graph_destroy(g);
}

static void test_links_come_in_order_and_once(void **state)
{
    (void)state;
    struct hsy_graph *g = graph(5);
    both(g, 4, 1);
    both(g, 2, 0);
    both(g, 1, 4); /* Once more. */
    both(g, 1, 0);
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    const uint32_t expected[3][2] = {{0, 1}, {0, 2}, {1, 4}};
    assert_int_equal(g->links, 3);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t lower;
        uint32_t higher;
        hsy_graph_ends(g, i, &lower, &higher);
        assert_int_equal(lower, expected[i][0]);
        assert_int_equal(higher, expected[i][1]);
    }
    assert_int_equal(g->degrees[1], 2);
    assert_true(hsy_graph_together(g, 4, 2));
    assert_false(hsy_graph_together(g, 3, 2));
    hsy_graph_destroy(g);
}

/* Large enough for several digits of the sort, and for the words to grow. */
static void test_a_large_graph_agrees_with_a_plain_count(void **state)
{
    (void)state;
    enum { COUNT = 300000, LINKS = 400000 };
    struct hsy_graph *g = NULL;
    assert_int_equal(hsy_graph_create(&g, COUNT, hearsay_mem_default()),
                     HEARSAY_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        hsy_graph_vertex(g, i);
    }
    struct hsy_prng prng;
    hsy_prng_init(&prng, 5);
    /* A ring, and one-sided chords to higher numbers; each chord is a word
     * that no ring link has. */
    for (uint32_t i = 0; i < COUNT; i++) {
        both(g, i, (i + 1) % COUNT);
    }
    for (uint32_t i = 0; i < LINKS - COUNT; i++) {
        uint32_t span = 2 + (uint32_t)hsy_prng_below(&prng, 1000);
        assert_int_equal(hsy_graph_link(g, i, i + span), HEARSAY_OK);
    }
    assert_int_equal(hsy_graph_finish(g), HEARSAY_OK);
    assert_int_equal(g->links, COUNT);
    assert_int_equal(g->one_sided, LINKS - COUNT);
    assert_int_equal(g->components, 1);
    uint32_t before = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t lower;
        uint32_t higher;
        hsy_graph_ends(g, i, &lower, &higher);
        assert_true(lower >= before && lower < higher);
        assert_int_equal(g->degrees[i], 2);
        before = lower;
    }
    hsy_graph_destroy(g);
}

static void test_each_failed_allocation_is_an_error_and_no_leak(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 6; at++) { /* Four of them create it. */
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_graph *g = NULL;
        int err = hsy_graph_create(&g, VERTICES, &mem);
        if (err == HEARSAY_OK) {
            hsy_graph_vertex(g, 0);
            hsy_graph_vertex(g, 1);
            err = hsy_graph_link(g, 0, 1);
        }
        if (err == HEARSAY_OK) {
            err = hsy_graph_finish(g);
        }
        assert_int_equal(err, HEARSAY_ERR_NOMEM);
        hsy_graph_destroy(g);
        assert_int_equal(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_is_one_component),
        cmocka_unit_test(test_a_lonely_vertex_is_a_component),
        cmocka_unit_test(
            test_o4_a_one_sided_link_is_caught_and_connects_nothing),
        cmocka_unit_test(test_links_to_the_absent_do_not_count),
        cmocka_unit_test(test_a_cleared_graph_is_empty),
        cmocka_unit_test(test_links_come_in_order_and_once),
        cmocka_unit_test(test_a_large_graph_agrees_with_a_plain_count),
        cmocka_unit_test(test_each_failed_allocation_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests_name("sim_graph", tests, NULL, NULL);
}
