/* Graphs: components, degrees, and links that one end only knows of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/graph.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_is_one_component),
        cmocka_unit_test(test_a_lonely_vertex_is_a_component),
        cmocka_unit_test(
            test_o4_a_one_sided_link_is_caught_and_connects_nothing),
        cmocka_unit_test(test_links_to_the_absent_do_not_count),
        cmocka_unit_test(test_a_cleared_graph_is_empty),
    };
    return cmocka_run_group_tests_name("sim_graph", tests, NULL, NULL);
}
