/* O1 to O4: made-up graphs and links; each is kept once and broken once. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "sim/check.h"

/* Node 0 is a seed. */
enum { NODES = 7 };

struct rig {
    struct hsy_findings f;
    struct hsy_check_overlay o;
    struct hsy_graph *g;
};

static const struct hsy_promises promises = {.links_wanted = 2,
                                             .ping_interval_ns =
                                                 13 * HSY_SECOND,
                                             .ping_timeout_ns = 3 * HSY_SECOND};

static int set_up(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof(rig));
    CLAIM_INT(hsy_findings_init(&rig.f, NODES, 1, hearsay_mem_default()),
              HEARSAY_OK);
    CLAIM_INT(hsy_check_overlay_init(&rig.o, &rig.f, &promises), HEARSAY_OK);
    CLAIM_INT(hsy_graph_create(&rig.g, NODES, hearsay_mem_default()),
              HEARSAY_OK);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    hsy_graph_destroy(rig->g);
    hsy_check_overlay_fini(&rig->o);
    hsy_findings_fini(&rig->f);
    return 0;
}

static void both(struct rig *rig, uint32_t a, uint32_t b)
{
    CLAIM_INT(hsy_graph_link(rig->g, a, b), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(rig->g, b, a), HEARSAY_OK);
}

/* All six peers in a ring, but for so many of its links. */
static void ring(struct rig *rig, uint32_t without)
{
    for (uint32_t i = 1; i < NODES; i++) {
        hsy_graph_vertex(rig->g, i);
    }
    for (uint32_t i = 1 + without; i < NODES; i++) {
        both(rig, i, i == NODES - 1 ? 1 : i + 1);
    }
    CLAIM_INT(hsy_graph_finish(rig->g), HEARSAY_OK);
    hsy_check_overlay_calm(&rig->o, rig->g);
}

static void test_o1_a_ring_is_connected(void **state)
{
    struct rig *rig = *state;
    ring(rig, 0);
    CLAIM_INT(rig->f.broken[HSY_O1], 0);
    CLAIM_INT(rig->f.looked[HSY_O1], 1);
}

static void test_o1_two_pieces_are_caught(void **state)
{
    struct rig *rig = *state;
    ring(rig, 2);
    CLAIM_INT(rig->f.broken[HSY_O1], 1);
    CLAIM(!rig->f.any); /* Armed by a later issue. */
}

static void test_o2_two_links_each_are_enough_for_two(void **state)
{
    struct rig *rig = *state;
    ring(rig, 0);
    CLAIM_INT(rig->f.broken[HSY_O2], 0);
    CLAIM_INT(rig->f.looked[HSY_O2], 6);
}

static void test_o2_the_ends_of_a_line_are_caught(void **state)
{
    struct rig *rig = *state;
    ring(rig, 1);
    CLAIM_INT(rig->f.broken[HSY_O2], 2);
    CLAIM_INT(rig->f.firsts[HSY_O2].node, 1);
}

static void test_o2_the_cap_is_that_of_the_protocol(void **state)
{
    (void)state;
    CLAIM_INT(hsy_check_degree_max(4, 100), 32 + 8);
    CLAIM_INT(hsy_check_degree_max(4, 1000), 84 + 21);
    CLAIM_INT(hsy_check_degree_max(4, 1000000), 2666 + 666);
}

static bool fits_by(void *ctx, const uint32_t *degrees, uint32_t count,
                    double *out_p)
{
    const double *p = ctx;
    CLAIM_INT(count, NODES - 1);
    CLAIM_INT(degrees[0], 2);
    *out_p = *p;
    return *p >= 0;
}

static void test_o3_a_good_fit_is_fine(void **state)
{
    struct rig *rig = *state;
    double p = 0.1;
    rig->o.fit = (struct hsy_checks_fit){.ctx = &p, .p_of = fits_by};
    ring(rig, 0);
    CLAIM_INT(rig->f.looked[HSY_O3], 1);
    CLAIM_INT(rig->f.broken[HSY_O3], 0);
}

static void test_o3_a_bad_fit_is_caught(void **state)
{
    struct rig *rig = *state;
    double p = 0.09;
    rig->o.fit = (struct hsy_checks_fit){.ctx = &p, .p_of = fits_by};
    ring(rig, 0);
    CLAIM_INT(rig->f.broken[HSY_O3], 1);
}

static void test_o3_too_few_peers_are_not_asked_about(void **state)
{
    struct rig *rig = *state;
    double p = 0;
    rig->o.fit =
        (struct hsy_checks_fit){.ctx = &p, .p_of = fits_by, .peers_min = NODES};
    ring(rig, 0);
    CLAIM_INT(rig->f.looked[HSY_O3], 0);
}

/* ---------------------------------------------------------------------- O4 */

/* Peers 1 and 2 now, and whom they name. */
static void round_of(struct rig *rig, bool one_names, bool two_names,
                     bool two_says)
{
    struct hsy_named to_two = {.to = 2, .overlay = true};
    struct hsy_named to_one = {.to = 1, .overlay = true};
    struct hsy_fact one = {.node = 1,
                           .up = true,
                           .has_say = true,
                           .links = &to_two,
                           .links_count = one_names ? 1 : 0};
    struct hsy_fact two = {.node = 2,
                           .up = true,
                           .has_say = two_says,
                           .links = &to_one,
                           .links_count = two_names ? 1 : 0};
    hsy_check_overlay_fact(&rig->o, &one);
    hsy_check_overlay_fact(&rig->o, &two);
    hsy_check_overlay_judge(&rig->o);
}

static void pass(struct rig *rig, uint64_t seconds)
{
    rig->f.now_ns += seconds * HSY_SECOND;
}

static void test_o4_a_link_that_both_name_may_last(void **state)
{
    struct rig *rig = *state;
    round_of(rig, true, true, true);
    pass(rig, 1000);
    round_of(rig, true, true, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
    CLAIM_INT(rig->f.looked[HSY_O4], 2);
}

static void test_o4_a_one_sided_link_is_caught_after_22_s(void **state)
{
    struct rig *rig = *state;
    round_of(rig, true, true, true);
    round_of(rig, true, false, true);
    pass(rig, 22);
    round_of(rig, true, false, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
    pass(rig, 1);
    round_of(rig, true, false, true);
    round_of(rig, true, false, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 1);
    CLAIM_INT(rig->f.first.node, 1);
}

static void test_o4_slow_weather_gives_more_time(void **state)
{
    struct rig *rig = *state;
    rig->o.grace_ns = 2 * HSY_SECOND;
    round_of(rig, true, false, true);
    pass(rig, 24);
    round_of(rig, true, false, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
}

static void test_o4_a_link_that_went_and_came_begins_anew(void **state)
{
    struct rig *rig = *state;
    round_of(rig, true, false, true);
    pass(rig, 20);
    round_of(rig, false, false, true);
    round_of(rig, true, false, true);
    pass(rig, 20);
    round_of(rig, true, false, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
}

static void test_o4_who_is_frozen_cannot_let_go(void **state)
{
    struct rig *rig = *state;
    round_of(rig, false, true, true);
    pass(rig, 30);
    round_of(rig, false, true, false);
    round_of(rig, false, true, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
}

static void test_o4_who_is_slow_lets_go_late(void **state)
{
    struct rig *rig = *state;
    struct hsy_named to_one = {.to = 1, .overlay = true};
    struct hsy_fact two = {.node = 2,
                           .up = true,
                           .has_say = true,
                           .slow = true,
                           .links = &to_one,
                           .links_count = 1};
    round_of(rig, false, true, true);
    pass(rig, 30);
    hsy_check_overlay_fact(&rig->o, &two);
    hsy_check_overlay_judge(&rig->o);
    round_of(rig, false, true, true); /* Fast again: time begins. */
    pass(rig, 22);
    round_of(rig, false, true, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
    pass(rig, 1);
    round_of(rig, false, true, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 1);
}

static void test_o4_who_cannot_reach_the_other_cannot_know(void **state)
{
    struct rig *rig = *state;
    struct hsy_named cut = {.to = 2, .overlay = true, .cut = true};
    struct hsy_fact one = {.node = 1,
                           .up = true,
                           .has_say = true,
                           .links = &cut,
                           .links_count = 1};
    round_of(rig, true, false, true);
    pass(rig, 20);
    hsy_check_overlay_fact(&rig->o, &one);
    hsy_check_overlay_judge(&rig->o);
    pass(rig, 20);
    round_of(rig, true, false, true);
    CLAIM_INT(rig->f.broken[HSY_O4], 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_o1_a_ring_is_connected),
        CASE(test_o1_two_pieces_are_caught),
        CASE(test_o2_two_links_each_are_enough_for_two),
        CASE(test_o2_the_ends_of_a_line_are_caught),
        CASE(test_o2_the_cap_is_that_of_the_protocol),
        CASE(test_o3_a_good_fit_is_fine),
        CASE(test_o3_a_bad_fit_is_caught),
        CASE(test_o3_too_few_peers_are_not_asked_about),
        CASE(test_o4_a_link_that_both_name_may_last),
        CASE(test_o4_a_one_sided_link_is_caught_after_22_s),
        CASE(test_o4_slow_weather_gives_more_time),
        CASE(test_o4_a_link_that_went_and_came_begins_anew),
        CASE(test_o4_who_is_frozen_cannot_let_go),
        CASE(test_o4_who_is_slow_lets_go_late),
        CASE(test_o4_who_cannot_reach_the_other_cannot_know),
    };
    return cmocka_run_group_tests_name("sim_check_overlay", tests, NULL, NULL);
}
