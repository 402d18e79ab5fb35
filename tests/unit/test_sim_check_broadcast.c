/* B1 to B7 on a made-up network of three: each is kept once and broken on
 * purpose once. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

/* Nobody is a seed. */
enum { ORIGIN = 0, READER = 1, OTHER = 2, NODES = 3 };

/* The clocks of all, when nothing else is said. */
#define WALL_MS UINT64_C(1000000000)
#define SETTLE_S (HSY_SETTLE_NS / HSY_SECOND)

struct rig {
    struct hsy_findings f;
    struct hsy_promises promises;
    struct hsy_ledger *ledger;
    struct hsy_graph *g;
    struct hsy_check_broadcast b;
};

static int set_up(void **state)
{
    static struct rig rig;
    const struct hearsay_mem *mem = hearsay_mem_default();
    memset(&rig, 0, sizeof(rig));
    CLAIM_INT(hsy_findings_init(&rig.f, NODES, 0, mem), HEARSAY_OK);
    CLAIM_INT(hsy_ledger_create(&rig.ledger, NODES, mem), HEARSAY_OK);
    CLAIM_INT(hsy_graph_create(&rig.g, NODES, mem), HEARSAY_OK);
    rig.promises.keeps_all = true;
    rig.promises.retain_ns = 10 * HSY_MINUTE;
    CLAIM_INT(
        hsy_check_broadcast_init(&rig.b, &rig.f, rig.ledger, &rig.promises),
        HEARSAY_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        hsy_ledger_started(rig.ledger, i);
        hsy_ledger_joined(rig.ledger, i, 0);
        hsy_check_broadcast_started(&rig.b, i);
        hsy_graph_vertex(rig.g, i);
    }
    rig.f.now_ns = 100 * HSY_SECOND;
    for (uint32_t i = 0; i < NODES; i++) {
        rig.b.wall_ms[i] = WALL_MS;
    }
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    hsy_check_broadcast_fini(&rig->b);
    hsy_graph_destroy(rig->g);
    hsy_ledger_destroy(rig->ledger);
    hsy_findings_fini(&rig->f);
    return 0;
}

/* ---------------------------------------------------------- made-up facts */

/* A line: origin, reader and, if @whole, the other. */
static void link_up(struct rig *rig, bool whole)
{
    for (uint32_t i = 0; i < (whole ? 2 : 1); i++) {
        CLAIM_INT(hsy_graph_link(rig->g, i, i + 1), HEARSAY_OK);
        CLAIM_INT(hsy_graph_link(rig->g, i + 1, i), HEARSAY_OK);
    }
    CLAIM_INT(hsy_graph_finish(rig->g), HEARSAY_OK);
}

static void publish(struct rig *rig, uint64_t seq, const char *text)
{
    struct hsy_published p = {.origin = ORIGIN,
                              .seq = seq,
                              .payload = (const uint8_t *)text,
                              .payload_len = strlen(text)};
    CLAIM_INT(hsy_ledger_published(rig->ledger, rig->f.now_ns, &p), HEARSAY_OK);
    hsy_check_broadcast_published(&rig->b, ORIGIN, seq, rig->g);
}

static void deliver_after(struct rig *rig, uint32_t node, uint64_t seq,
                          const char *text, uint64_t missing)
{
    struct hearsay_message m = {.epoch = 1,
                                .seq = seq,
                                .missing = missing,
                                .payload = (const uint8_t *)text,
                                .payload_len = strlen(text)};
    CLAIM_INT(hsy_ledger_delivered(rig->ledger, node, ORIGIN, &m), HEARSAY_OK);
    hsy_check_broadcast_delivered(&rig->b, node, ORIGIN, &m);
}

static void deliver(struct rig *rig, uint32_t node, uint64_t seq,
                    const char *text)
{
    deliver_after(rig, node, seq, text, 0);
}

static void pass(struct rig *rig, uint64_t seconds)
{
    rig->f.now_ns += seconds * HSY_SECOND;
}

static void calm(struct rig *rig)
{
    hsy_check_broadcast_look(&rig->b);
    hsy_check_broadcast_calm(&rig->b, rig->g);
}

/* @node keeps these of the origin, published when its clock said so. */
static void keep_of(struct rig *rig, uint32_t node, uint64_t first_seq,
                    uint32_t count, uint64_t wall_ms)
{
    struct hsy_kept kept = {.node = node,
                            .own = node == ORIGIN,
                            .origin = ORIGIN,
                            .count = count,
                            .epoch = 1,
                            .first_seq = first_seq,
                            .wall_ms = wall_ms};
    hsy_check_repair_kept(&rig->b, rig->g, &kept);
}

static void keep(struct rig *rig, uint32_t node, uint64_t first_seq,
                 uint32_t count)
{
    keep_of(rig, node, first_seq, count, WALL_MS - SETTLE_S * 1000);
}

static uint32_t all_broken(const struct rig *rig)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        sum += rig->f.broken[i];
    }
    return sum;
}

/* --------------------------------------------------------------- B1 to B5 */

static void test_all_hold_when_everybody_gets_it_once(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    deliver(rig, OTHER, 1, "hello");
    publish(rig, 2, "again");
    deliver(rig, READER, 2, "again");
    deliver(rig, OTHER, 2, "again");
    pass(rig, SETTLE_S);
    keep(rig, READER, 1, 2);
    calm(rig);
    CLAIM_INT(all_broken(rig), 0);
    CLAIM(rig->f.looked[HSY_B1] > 0);
    CLAIM(rig->f.looked[HSY_B2] > 0);
    CLAIM_INT(rig->f.looked[HSY_B3], 3); /* Two waves; all that are old. */
    CLAIM(rig->f.looked[HSY_B4] > 0);
    CLAIM_INT(rig->f.looked[HSY_B5], 4);
    CLAIM_INT(rig->f.looked[HSY_B7], 2);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).judged, 4);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).lost, 0);
    CLAIM_INT(rig->b.left_out, 0);
}

static void test_b1_a_phantom_is_caught(void **state)
{
    struct rig *rig = *state;
    deliver(rig, READER, 1, "hello");
    CLAIM_INT(rig->f.broken[HSY_B1], 1);
    CLAIM_INT(rig->f.first.node, READER);
}

static void test_b1_one_number_for_two_messages_is_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    publish(rig, 1, "other");
    CLAIM_INT(rig->f.broken[HSY_B1], 1);
    CLAIM_INT(rig->f.first.node, ORIGIN);
}

static void test_b2_a_second_delivery_is_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    deliver(rig, OTHER, 1, "hello");
    CLAIM_INT(rig->f.broken[HSY_B2], 0);
    deliver(rig, READER, 1, "hello");
    CLAIM_INT(rig->f.broken[HSY_B2], 1);
    CLAIM_INT(rig->f.first.node, READER);
}

static void test_b4_a_changed_payload_is_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hellp");
    CLAIM_INT(rig->f.broken[HSY_B4], 1);
    CLAIM_INT(rig->f.first.node, READER);
}

static void test_b3_a_loss_in_calm_is_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    pass(rig, 4);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0); /* It may be on its way. */
    CLAIM_INT(hsy_ledger_totals(rig->ledger).judged, 0);
    pass(rig, 1);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 1);
    CLAIM_INT(rig->f.first.node, OTHER);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).judged, 2);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).lost, 1);
}

static void test_b3_what_there_is_no_room_for_is_counted(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    for (uint32_t i = 1; i <= HSY_WAVES_MAX; i++) {
        publish(rig, i, "hello");
    }
    CLAIM_INT(rig->b.left_out, 0);
    publish(rig, HSY_WAVES_MAX + 1, "hello");
    publish(rig, HSY_WAVES_MAX + 2, "hello");
    CLAIM_INT(rig->b.left_out, 2);
    pass(rig, 5);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], HSY_WAVES_MAX);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).lost, 2 * HSY_WAVES_MAX);
}

static void test_b3_a_lost_link_gives_repair_its_time(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    pass(rig, 1);
    hsy_check_broadcast_disturbed(&rig->b, READER);
    pass(rig, SETTLE_S - 2);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0);
    CLAIM_INT(rig->f.looked[HSY_B3], 0);
    pass(rig, 1);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 1);
    CLAIM_INT(rig->f.first.node, OTHER);
}

static void test_b3_who_ended_releases_from_the_promise(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    hsy_check_broadcast_disturbed(&rig->b, OTHER);
    hsy_ledger_ended(rig->ledger, OTHER);
    pass(rig, SETTLE_S);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0);
}

static void test_b3_what_need_not_be_kept_may_be_lost(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    rig->promises.keeps_all = false;
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    pass(rig, SETTLE_S);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0);
    CLAIM_INT(rig->f.looked[HSY_B3], 0);
}

static void test_b3_who_was_not_connected_is_owed_nothing(void **state)
{
    struct rig *rig = *state;
    link_up(rig, false);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    pass(rig, 60);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0);
    CLAIM_INT(rig->f.looked[HSY_B3], 1);
}

static void test_b3_an_excused_origin_owes_nothing(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    rig->f.excused[ORIGIN] = 1u << HSY_B3;
    publish(rig, 1, "hello");
    pass(rig, 60);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B3], 0);
}

static void test_b5_an_inversion_is_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    publish(rig, 2, "again");
    deliver(rig, READER, 2, "again");
    CLAIM_INT(rig->f.broken[HSY_B5], 0);
    deliver(rig, READER, 1, "hello");
    CLAIM_INT(rig->f.broken[HSY_B5], 1);
    CLAIM(!rig->f.any); /* Armed when it can be asked for. */
}

static void test_b5_a_hole_must_be_told(void **state)
{
    struct rig *rig = *state;
    rig->promises.ordered = true;
    link_up(rig, true);
    publish(rig, 1, "hello");
    publish(rig, 3, "again");
    publish(rig, 6, "third");
    deliver(rig, READER, 1, "hello");
    deliver_after(rig, READER, 3, "again", 1);
    CLAIM_INT(rig->f.broken[HSY_B5], 0);
    deliver_after(rig, READER, 6, "third", 1);
    CLAIM_INT(rig->f.broken[HSY_B5], 1);
}

static void test_b5_a_new_process_begins_anew(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    publish(rig, 1, "hello");
    publish(rig, 2, "again");
    deliver(rig, READER, 2, "again");
    hsy_ledger_ended(rig->ledger, READER);
    hsy_ledger_started(rig->ledger, READER);
    hsy_check_broadcast_started(&rig->b, READER);
    deliver(rig, READER, 1, "hello");
    CLAIM_INT(all_broken(rig), 0);
}

/* ---------------------------------------------------------------------- B6 */

/* So many messages over a line of three: four ways each. */
static void cost(struct rig *rig, uint32_t messages, uint32_t copies)
{
    struct hsy_frame_seen bundle = {.type = HSY_BUNDLE, .len = 10};
    struct hsy_frame_seen ping = {.type = HSY_PING, .len = 3};
    for (uint32_t i = 0; i < messages; i++) {
        hsy_check_costs_published(&rig->b, rig->g);
        hsy_check_costs_delivered(&rig->b);
        hsy_check_costs_delivered(&rig->b);
    }
    for (uint32_t i = 0; i < copies; i++) {
        hsy_check_broadcast_frame(&rig->b, &bundle);
    }
    hsy_check_broadcast_frame(&rig->b, &ping);
    CLAIM_INT(rig->b.costs.copies, copies);
    CLAIM_INT(rig->b.costs.bundle_bytes, 10 * copies);
    CLAIM_INT(rig->b.costs.control_bytes, 3);
}

/* Not quiet: a flood over 4 ways, a half more, and two that are pulled. */
static void test_b6_copies_up_to_a_flood_are_fine(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    hsy_check_costs_disturbed(&rig->b);
    cost(rig, 50, 50 * (6 + 2));
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 0);
    CLAIM_INT(rig->f.looked[HSY_B6], 2);
    CLAIM_INT(rig->b.costs.copies, 0);
}

static void test_b6_more_copies_than_a_flood_are_caught(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    hsy_check_costs_disturbed(&rig->b);
    cost(rig, 50, 50 * (6 + 2) + 1);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 1);
}

static void test_b6_a_storm_of_control_is_caught(void **state)
{
    struct rig *rig = *state;
    struct hsy_frame_seen graft = {.type = HSY_GRAFT, .len = 23};
    link_up(rig, true);
    hsy_check_costs_disturbed(&rig->b);
    cost(rig, 50, 100);
    for (uint32_t i = 0; i < 50 * (6 + 3); i++) {
        hsy_check_broadcast_frame(&rig->b, &graft);
    }
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 0);
    cost(rig, 50, 100);
    for (uint32_t i = 0; i < 50 * (6 + 3) + 1; i++) {
        hsy_check_broadcast_frame(&rig->b, &graft);
    }
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 1);
}

/* Quiet: 5/2 x 3, and 3 shortcuts. */
static void test_b6_in_quiet_times_a_tree_is_the_bound(void **state)
{
    struct rig *rig = *state;
    link_up(rig, true);
    hsy_check_costs_disturbed(&rig->b);
    pass(rig, 45);
    cost(rig, 500, 500 * 8 - 1); /* Less than all times allow. */
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 0);
    pass(rig, 1);
    rig->b.quiet = (struct hsy_costs){0};
    for (uint32_t i = 0; i < 500; i++) {
        rig->b.quiet.messages++;
        rig->b.quiet.nodes += 3;
    }
    rig->b.quiet.deliveries = 1000;
    rig->b.quiet.copies = 5 * 1500 / 2 + 1500 + 101;
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B6], 1);
}

/* ---------------------------------------------------------------------- B7 */

static void missed(struct rig *rig)
{
    link_up(rig, true);
    publish(rig, 1, "hello");
    deliver(rig, READER, 1, "hello");
    hsy_check_broadcast_disturbed(&rig->b, OTHER);
    rig->promises.keeps_all = false; /* So that B3 has no word. */
    pass(rig, SETTLE_S);
}

static void test_b7_what_others_keep_and_one_lacks_is_caught(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    keep(rig, READER, 1, 1);
    calm(rig);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
    CLAIM_INT(rig->f.firsts[HSY_B7].node, OTHER);
    CLAIM_INT(rig->f.first.node, OTHER); /* It is armed. */
}

static void test_b7_one_that_several_keep_is_told_once(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    rig->promises.keeps_all = true;
    keep(rig, READER, 1, 1);
    keep(rig, ORIGIN, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
}

static void test_b7_with_tight_bounds_neighbours_must_have_it(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    keep(rig, ORIGIN, 1, 1); /* Two links away. */
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
}

static void test_b7_what_is_older_than_it_is_kept_is_excused(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    rig->promises.retain_ns = HSY_SETTLE_NS - HSY_MS;
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
}

static void test_b7_what_nobody_keeps_is_lost(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    calm(rig);
    CLAIM_INT(rig->f.looked[HSY_B7], 0);
}

static void test_b7_what_went_a_moment_ago_may_be_under_way(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    rig->f.now_ns -= HSY_SECOND;
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.looked[HSY_B7], 0);
}

static void test_b7_another_component_owes_nothing(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    hsy_graph_clear(rig->g);
    for (uint32_t i = 0; i < NODES; i++) {
        hsy_graph_vertex(rig->g, i);
    }
    link_up(rig, false);
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.looked[HSY_B7], 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
}

static void test_b7_a_clock_that_is_off_excuses(void **state)
{
    struct rig *rig = *state;
    missed(rig);
    keep_of(rig, READER, 1, 1, WALL_MS - 600001);
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
    rig->b.wall_ms[OTHER] = WALL_MS - 600000;
    rig->f.now_ns++; /* For another look. */
    hsy_check_repair_calm(&rig->b, rig->g);
    keep_of(rig, READER, 1, 1, WALL_MS);
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
    rig->b.wall_ms[OTHER] = WALL_MS;
    hsy_check_repair_calm(&rig->b, rig->g);
    keep_of(rig, READER, 1, 1, WALL_MS - 600000);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
}

static void test_b7_what_was_given_up_for_a_reason_is_excused(void **state)
{
    struct rig *rig = *state;
    struct hsy_lost lost = {.origin = ORIGIN, .epoch = 1, .from = 1, .to = 1};
    missed(rig);
    hsy_check_repair_lost(&rig->b, OTHER, &lost);
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 0);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).lost, 0);
    rig->promises.keeps_all = true; /* Then there is no reason. */
    hsy_check_repair_calm(&rig->b, rig->g);
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
    CLAIM_INT(hsy_ledger_totals(rig->ledger).lost, 1);
}

static void test_b7_what_was_given_up_and_not_written_down_counts(void **state)
{
    struct rig *rig = *state;
    struct hsy_lost other = {.origin = ORIGIN, .epoch = 2, .from = 1, .to = 1};
    missed(rig);
    for (uint32_t i = 1; i < HSY_LOST_MAX; i++) {
        hsy_check_repair_lost(&rig->b, OTHER, &other);
    }
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 1);
    CLAIM_INT(rig->b.left_out, 0);
    hsy_check_repair_lost(&rig->b, OTHER, &other);
    hsy_check_repair_calm(&rig->b, rig->g);
    keep(rig, READER, 1, 1);
    CLAIM_INT(rig->f.broken[HSY_B7], 1); /* The next may have been told. */
    CLAIM_INT(rig->b.left_out, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_all_hold_when_everybody_gets_it_once),
        CASE(test_b1_a_phantom_is_caught),
        CASE(test_b1_one_number_for_two_messages_is_caught),
        CASE(test_b2_a_second_delivery_is_caught),
        CASE(test_b4_a_changed_payload_is_caught),
        CASE(test_b3_a_loss_in_calm_is_caught),
        CASE(test_b3_what_there_is_no_room_for_is_counted),
        CASE(test_b3_a_lost_link_gives_repair_its_time),
        CASE(test_b3_who_ended_releases_from_the_promise),
        CASE(test_b3_what_need_not_be_kept_may_be_lost),
        CASE(test_b3_who_was_not_connected_is_owed_nothing),
        CASE(test_b3_an_excused_origin_owes_nothing),
        CASE(test_b5_an_inversion_is_caught),
        CASE(test_b5_a_hole_must_be_told),
        CASE(test_b5_a_new_process_begins_anew),
        CASE(test_b6_copies_up_to_a_flood_are_fine),
        CASE(test_b6_more_copies_than_a_flood_are_caught),
        CASE(test_b6_a_storm_of_control_is_caught),
        CASE(test_b6_in_quiet_times_a_tree_is_the_bound),
        CASE(test_b7_what_others_keep_and_one_lacks_is_caught),
        CASE(test_b7_one_that_several_keep_is_told_once),
        CASE(test_b7_with_tight_bounds_neighbours_must_have_it),
        CASE(test_b7_what_is_older_than_it_is_kept_is_excused),
        CASE(test_b7_what_nobody_keeps_is_lost),
        CASE(test_b7_what_went_a_moment_ago_may_be_under_way),
        CASE(test_b7_another_component_owes_nothing),
        CASE(test_b7_a_clock_that_is_off_excuses),
        CASE(test_b7_what_was_given_up_for_a_reason_is_excused),
        CASE(test_b7_what_was_given_up_and_not_written_down_counts),
    };
    return cmocka_run_group_tests_name("sim_check_broadcast", tests, NULL,
                                       NULL);
}
