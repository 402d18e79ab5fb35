/* What the demo makes of its nodes' logs. The commands are no library, so
 * the files under test are compiled right here. */
#include "cli/demo_ledger.c"
#include "cli/demo_stats.c"

#include "support/claim.h"

enum { SEEDS = 3, PEERS = 4 };
/* Numbers of the first nodes. */
enum { S0, S1, S2, A, B, C, D, NODES };

#define AT_S(s) ((uint64_t)(s)*1000000)

static struct hearsay_id id_of(uint32_t node)
{
    struct hearsay_id id = {{0}};
    id.bytes[0] = 1;
    id.bytes[31] = (uint8_t)(node + 1);
    return id;
}

static struct hsy_demo_ledger *empty(uint32_t messages_max)
{
    struct hsy_demo_ledger_shape shape = {SEEDS, PEERS, messages_max};
    struct hsy_demo_ledger *l = NULL;
    CLAIM_INT(hsy_demo_ledger_create(&l, &shape, hearsay_mem_default()), 0);
    return l;
}

static void start(struct hsy_demo_ledger *l, uint32_t node)
{
    struct hsy_demo_line line = {.event = HSY_DEMO_STARTED, .id = id_of(node)};
    hsy_demo_ledger_take(l, 0, node, &line);
}

static void join(struct hsy_demo_ledger *l, uint32_t node, uint64_t at_us)
{
    struct hsy_demo_line line = {
        .event = HSY_DEMO_JOINED, .after_ms = at_us / 1000, .dials = 5};
    hsy_demo_ledger_take(l, at_us, node, &line);
}

/* @node logs @event about @about. */
static void say(struct hsy_demo_ledger *l, uint64_t at_us, uint32_t node,
                enum hsy_demo_event event, uint32_t about)
{
    struct hsy_demo_line line = {.event = event, .id = id_of(about)};
    hsy_demo_ledger_take(l, at_us, node, &line);
}

static void sent(struct hsy_demo_ledger *l, uint32_t node, uint64_t seq,
                 uint64_t at_us)
{
    struct hsy_demo_line line = {
        .event = HSY_DEMO_SENT, .seq = seq, .mono_us = at_us};
    hsy_demo_ledger_take(l, at_us, node, &line);
}

static void seen(struct hsy_demo_ledger *l, uint32_t node, uint32_t origin,
                 uint64_t seq, uint64_t at_us)
{
    struct hsy_demo_line line = {.event = HSY_DEMO_SEEN,
                                 .id = id_of(origin),
                                 .seq = seq,
                                 .mono_us = at_us};
    hsy_demo_ledger_take(l, at_us, node, &line);
}

/* All started, all peers joined at 1 s, linked in a ring A-B-C-D-A. */
static struct hsy_demo_ledger *ring(void)
{
    struct hsy_demo_ledger *l = empty(1000);
    for (uint32_t i = 0; i < NODES; i++) {
        start(l, i);
    }
    for (uint32_t i = A; i < NODES; i++) {
        join(l, i, AT_S(1));
        say(l, AT_S(1), i, HSY_DEMO_CONNECT, i + 1 < NODES ? i + 1 : A);
    }
    return l;
}

static struct hsy_demo_ledger_report sum(struct hsy_demo_ledger *l,
                                         uint64_t end_us)
{
    struct hsy_demo_ledger_report report;
    hsy_demo_ledger_sum(l, end_us, &report);
    return report;
}

static void everything_delivered_is_nothing_missed(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    sent(l, A, 1, AT_S(2));
    for (uint32_t i = B; i < NODES; i++) {
        seen(l, i, A, 1, AT_S(2) + 1000 * (i - A));
    }

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.joined, 4);
    CLAIM_INT(r.join_ms_max, 1000);
    CLAIM_INT(r.dials, 20);
    CLAIM_INT(r.published, 1);
    CLAIM_INT(r.expected, 3);
    CLAIM_INT(r.delivered, 3);
    CLAIM_INT(r.missed, 0);
    CLAIM_INT(r.delivered_twice, 0);
    CLAIM_INT(r.latency_max_us, 3000);
    CLAIM(r.latency_p50_us >= 2000 && r.latency_p50_us < 2032);
    hsy_demo_ledger_destroy(l);
}

static void a_message_that_one_peer_lacks_is_missed_once(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    sent(l, A, 1, AT_S(2));
    seen(l, B, A, 1, AT_S(2));
    seen(l, D, A, 1, AT_S(2));

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.expected, 3);
    CLAIM_INT(r.delivered, 2);
    CLAIM_INT(r.missed, 1);
    hsy_demo_ledger_destroy(l);
}

static void a_second_delivery_counts_as_twice(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    sent(l, A, 1, AT_S(2));
    seen(l, B, A, 1, AT_S(2));
    seen(l, B, A, 1, AT_S(3));
    seen(l, C, A, 1, AT_S(3));
    seen(l, D, A, 1, AT_S(3));

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.delivered_twice, 1);
    CLAIM_INT(r.delivered, 3);
    hsy_demo_ledger_destroy(l);
}

static void the_last_two_seconds_are_not_judged(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    sent(l, A, 1, AT_S(8));
    sent(l, A, 2, AT_S(8) + 1);

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.published, 2);
    CLAIM_INT(r.expected, 3);
    CLAIM_INT(r.missed, 3);
    hsy_demo_ledger_destroy(l);
}

static void who_joined_later_is_not_expected_to_have_it(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = empty(1000);
    for (uint32_t i = 0; i < NODES; i++) {
        start(l, i);
    }
    join(l, A, AT_S(1));
    join(l, B, AT_S(2));
    sent(l, A, 1, AT_S(2));
    join(l, C, AT_S(2) + 1);

    CLAIM_INT(sum(l, AT_S(10)).expected, 1);
    hsy_demo_ledger_destroy(l);
}

static void lines_may_come_in_any_order(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = empty(1000);
    /* B's pipe was read first: A is known by id only, its message unsent. */
    start(l, B);
    join(l, B, AT_S(1));
    say(l, AT_S(1), B, HSY_DEMO_CONNECT, A);
    seen(l, B, A, 1, AT_S(2) + 700);
    start(l, A);
    join(l, A, AT_S(1));
    sent(l, A, 1, AT_S(2));

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.delivered, 1);
    CLAIM_INT(r.missed, 0);
    CLAIM_INT(r.latency_max_us, 700);
    CLAIM_INT(hsy_demo_ledger_degree(l, A), 1);
    CLAIM_INT(hsy_demo_ledger_degree(l, B), 1);
    hsy_demo_ledger_destroy(l);
}

static void a_link_counts_once_and_either_end_names_it(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    CLAIM_INT(sum(l, 0).links, 4);
    CLAIM_INT(sum(l, 0).links_one_sided, 4);
    say(l, AT_S(2), B, HSY_DEMO_CONNECT, A); /* The other end of A-B. */
    CLAIM_INT(sum(l, 0).links, 4);
    CLAIM_INT(sum(l, 0).links_one_sided, 3);
    say(l, AT_S(2), A, HSY_DEMO_CONNECT, C);
    struct hsy_demo_ledger_report r = sum(l, 0);
    CLAIM_INT(r.links, 5);
    CLAIM_INT(r.min_degree, 2);
    CLAIM_INT(r.max_degree, 3);
    say(l, AT_S(3), A, HSY_DEMO_DISCONNECT, B);
    CLAIM_INT(sum(l, 0).links, 5); /* B still names it. */
    say(l, AT_S(3), B, HSY_DEMO_DISCONNECT, A);
    CLAIM_INT(sum(l, 0).links, 4);
    hsy_demo_ledger_destroy(l);
}

static void a_link_to_a_seed_is_no_link_of_the_overlay(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    say(l, AT_S(2), A, HSY_DEMO_CONNECT, S0);
    CLAIM_INT(sum(l, 0).links, 4);
    CLAIM_INT(hsy_demo_ledger_degree(l, S0), 0);
    hsy_demo_ledger_destroy(l);
}

static void components_are_of_the_untouched(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    CLAIM_INT(sum(l, 0).components, 1);
    hsy_demo_ledger_fate(l, AT_S(2), B, HSY_FATE_KILLED);
    CLAIM_INT(sum(l, 0).components, 1); /* C-D-A */
    hsy_demo_ledger_fate(l, AT_S(2), D, HSY_FATE_FROZEN);
    CLAIM_INT(sum(l, 0).components, 2);
    hsy_demo_ledger_fate(l, AT_S(3), D, HSY_FATE_THAWED);
    CLAIM_INT(sum(l, 0).components, 2); /* It may not hold them together. */
    hsy_demo_ledger_destroy(l);
}

static void a_peer_that_ended_by_itself_is_a_component(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    hsy_demo_ledger_gone(l, B);
    CLAIM_INT(sum(l, 0).components, 2);
    CLAIM_INT(sum(l, 0).links, 2);
    hsy_demo_ledger_destroy(l);
}

static void losses_count_among_the_untouched_only(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    sent(l, A, 1, AT_S(2)); /* Nobody ever sees these two. */
    sent(l, B, 1, AT_S(2));
    hsy_demo_ledger_fate(l, AT_S(3), B, HSY_FATE_KILLED);

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.expected, 2); /* A's, at C and D. */
    CLAIM_INT(r.missed, 2);
    CLAIM_INT(r.published, 2);
    hsy_demo_ledger_destroy(l);
}

static void a_removal_needs_a_majority_of_the_seeds(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    hsy_demo_ledger_fate(l, AT_S(2), B, HSY_FATE_KILLED);
    hsy_demo_ledger_fate(l, AT_S(2), C, HSY_FATE_FROZEN);
    say(l, AT_S(3), S0, HSY_DEMO_REMOVED, B);
    say(l, AT_S(3), S0, HSY_DEMO_REMOVED, B);
    CLAIM_INT(sum(l, 0).removed_dead, 0);
    say(l, AT_S(4), S2, HSY_DEMO_REMOVED, B);
    say(l, AT_S(5), S1, HSY_DEMO_REMOVED, B);
    say(l, AT_S(30), S0, HSY_DEMO_REMOVED, C);
    say(l, AT_S(31), S1, HSY_DEMO_REMOVED, C);

    struct hsy_demo_ledger_report r = sum(l, 0);
    CLAIM_INT(r.removed_dead, 2);
    CLAIM_INT(r.removed_alive, 0);
    CLAIM_INT(r.killed_max_us, AT_S(2));
    CLAIM_INT(r.frozen_max_us, AT_S(29));
    hsy_demo_ledger_destroy(l);
}

static void removing_one_that_lives_is_told_apart(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    say(l, AT_S(3), S0, HSY_DEMO_REMOVED, B);
    CLAIM_INT(sum(l, 0).removed_alive, 0);
    say(l, AT_S(3), S1, HSY_DEMO_REMOVED, B);
    CLAIM_INT(sum(l, 0).removed_alive, 1);
    CLAIM_INT(sum(l, 0).removed_dead, 0);
    hsy_demo_ledger_destroy(l);
}

static void a_thawed_peer_is_back_when_registered_and_linked(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    hsy_demo_ledger_fate(l, AT_S(2), B, HSY_FATE_FROZEN);
    say(l, AT_S(9), S0, HSY_DEMO_REMOVED, B);
    say(l, AT_S(9), S1, HSY_DEMO_REMOVED, B);
    hsy_demo_ledger_fate(l, AT_S(20), B, HSY_FATE_THAWED);
    CLAIM_INT(sum(l, 0).thawed, 1);
    CLAIM_INT(sum(l, 0).returned, 0);
    say(l, AT_S(21), S0, HSY_DEMO_REGISTERED, B);
    CLAIM_INT(sum(l, 0).returned, 0);
    say(l, AT_S(23), B, HSY_DEMO_CONNECT, A);
    say(l, AT_S(25), S1, HSY_DEMO_REGISTERED, B);

    struct hsy_demo_ledger_report r = sum(l, 0);
    CLAIM_INT(r.returned, 1);
    CLAIM_INT(r.returned_max_us, AT_S(3));
    CLAIM_INT(r.removed_dead, 1); /* That it was, is not forgotten. */
    hsy_demo_ledger_destroy(l);
}

static void a_short_frost_that_nobody_noticed_is_a_return(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    hsy_demo_ledger_fate(l, AT_S(2), B, HSY_FATE_FROZEN);
    hsy_demo_ledger_fate(l, AT_S(3), B, HSY_FATE_THAWED);

    struct hsy_demo_ledger_report r = sum(l, 0);
    CLAIM_INT(r.returned, 1);
    CLAIM_INT(r.returned_max_us, 0);
    hsy_demo_ledger_destroy(l);
}

static void messages_beyond_the_bound_are_counted_not_judged(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = empty(2);
    start(l, A);
    start(l, B);
    join(l, A, AT_S(1));
    join(l, B, AT_S(1));
    for (uint64_t seq = 1; seq <= 5; seq++) {
        sent(l, A, seq, AT_S(2));
    }

    struct hsy_demo_ledger_report r = sum(l, AT_S(10));
    CLAIM_INT(r.published, 5);
    CLAIM_INT(r.unfollowed, 3);
    CLAIM_INT(r.expected, 2);
    hsy_demo_ledger_destroy(l);
}

static void strangers_find_no_room_and_do_no_harm(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    for (uint32_t i = NODES; i < 100; i++) {
        seen(l, A, i, 1, AT_S(2));
        say(l, AT_S(2), A, HSY_DEMO_CONNECT, i);
        say(l, AT_S(2), S0, HSY_DEMO_REMOVED, i);
    }
    CLAIM_INT(sum(l, 0).links, 4);
    CLAIM_INT(sum(l, 0).expected, 0);
    hsy_demo_ledger_destroy(l);
}

static void a_dead_report_counts_at_its_notifier(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    say(l, AT_S(2), A, HSY_DEMO_REPORT, B);
    say(l, AT_S(2), S0, HSY_DEMO_REPORT, B);
    say(l, AT_S(2), S1, HSY_DEMO_REPORT, B);
    CLAIM_INT(sum(l, 0).dead_reports, 1);
    hsy_demo_ledger_destroy(l);
}

static void nobody_is_killed_twice(void **state)
{
    (void)state;
    struct hsy_demo_ledger *l = ring();
    hsy_demo_ledger_fate(l, AT_S(2), B, HSY_FATE_KILLED);
    CLAIM_DIES(hsy_demo_ledger_fate(l, AT_S(3), B, HSY_FATE_FROZEN));
    CLAIM_DIES(hsy_demo_ledger_fate(l, AT_S(3), B, HSY_FATE_THAWED));
    CLAIM_DIES(hsy_demo_ledger_fate(l, AT_S(3), C, HSY_FATE_THAWED));
    hsy_demo_ledger_destroy(l);
}

/* ------------------------------------------------------------- figures */

static void a_percentile_is_within_its_bucket(void **state)
{
    (void)state;
    static struct hsy_histogram h;
    CLAIM_INT(hsy_histogram_percentile(&h, 50), 0);
    for (uint64_t v = 1; v <= 100000; v++) {
        hsy_histogram_add(&h, v);
    }
    for (unsigned percent = 1; percent <= 100; percent++) {
        uint64_t exact = 1000 * (uint64_t)percent;
        uint64_t told = hsy_histogram_percentile(&h, percent);
        CLAIM(told >= exact);
        CLAIM(told <= exact + exact / 64);
    }
    CLAIM_INT(hsy_histogram_percentile(&h, 100), 100000);
}

static void percentiles_of_few_values(void **state)
{
    (void)state;
    uint64_t values[] = {30, 10, 20};
    CLAIM_INT(hsy_percentile(values, 3, 50), 20);
    CLAIM_INT(hsy_percentile(values, 3, 100), 30);
    CLAIM_INT(hsy_percentile(values, 3, 1), 10);
    CLAIM_INT(hsy_percentile(values, 2, 50), 10);
    CLAIM_INT(hsy_percentile(values, 0, 50), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_delivered_is_nothing_missed),
        cmocka_unit_test(a_message_that_one_peer_lacks_is_missed_once),
        cmocka_unit_test(a_second_delivery_counts_as_twice),
        cmocka_unit_test(the_last_two_seconds_are_not_judged),
        cmocka_unit_test(who_joined_later_is_not_expected_to_have_it),
        cmocka_unit_test(lines_may_come_in_any_order),
        cmocka_unit_test(a_link_counts_once_and_either_end_names_it),
        cmocka_unit_test(a_link_to_a_seed_is_no_link_of_the_overlay),
        cmocka_unit_test(components_are_of_the_untouched),
        cmocka_unit_test(a_peer_that_ended_by_itself_is_a_component),
        cmocka_unit_test(losses_count_among_the_untouched_only),
        cmocka_unit_test(a_removal_needs_a_majority_of_the_seeds),
        cmocka_unit_test(removing_one_that_lives_is_told_apart),
        cmocka_unit_test(a_thawed_peer_is_back_when_registered_and_linked),
        cmocka_unit_test(a_short_frost_that_nobody_noticed_is_a_return),
        cmocka_unit_test(messages_beyond_the_bound_are_counted_not_judged),
        cmocka_unit_test(strangers_find_no_room_and_do_no_harm),
        cmocka_unit_test(a_dead_report_counts_at_its_notifier),
        cmocka_unit_test(nobody_is_killed_twice),
        cmocka_unit_test(a_percentile_is_within_its_bucket),
        cmocka_unit_test(percentiles_of_few_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
