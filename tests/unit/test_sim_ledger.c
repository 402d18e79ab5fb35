/* The ledger: each promise of broadcast, kept and then broken on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/ledger.h"

enum { ORIGIN = 0, READER = 1, OTHER = 2, NODES = 3 };

static struct hsy_ledger *ledger(void)
{
    struct hsy_ledger *l = NULL;
    assert_int_equal(hsy_ledger_create(&l, NODES, hearsay_mem_default()),
                     HEARSAY_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        hsy_ledger_started(l, i);
        hsy_ledger_joined(l, i, 0);
    }
    return l;
}

static void publish(struct hsy_ledger *l, uint64_t now_ns, uint64_t seq,
                    const char *text)
{
    struct hsy_published p = {.origin = ORIGIN,
                              .seq = seq,
                              .payload = (const uint8_t *)text,
                              .payload_len = strlen(text)};
    assert_int_equal(hsy_ledger_published(l, now_ns, &p), HEARSAY_OK);
}

static void deliver_of(struct hsy_ledger *l, uint32_t node, uint64_t epoch,
                       uint64_t seq, const char *text)
{
    struct hearsay_message m = {.epoch = epoch,
                                .seq = seq,
                                .payload = (const uint8_t *)text,
                                .payload_len = strlen(text)};
    assert_int_equal(hsy_ledger_delivered(l, node, ORIGIN, &m), HEARSAY_OK);
}

static void deliver(struct hsy_ledger *l, uint32_t node, uint64_t seq,
                    const char *text)
{
    deliver_of(l, node, 1, seq, text);
}

static struct hsy_missing missing(const struct hsy_ledger *l, uint64_t from_ns)
{
    struct hsy_expectation e = {.from_ns = from_ns, .to_ns = HEARSAY_NEVER};
    return hsy_ledger_missing(l, &e);
}

static void test_all_is_well_when_everybody_gets_it_once(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    deliver(l, OTHER, 1, "hello");
    assert_string_equal(hsy_ledger_broken(l), "");
    assert_int_equal(missing(l, 0).expected, 2);
    assert_int_equal(missing(l, 0).missed, 0);
    assert_int_equal(hsy_ledger_totals(l).delivered, 2);
    hsy_ledger_destroy(l);
}

static void test_b1_a_phantom_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 2, "hello");
    assert_int_equal(hsy_ledger_totals(l).phantom, 1);
    assert_memory_equal(hsy_ledger_broken(l), "B1", 2);
    hsy_ledger_destroy(l);
}

static void test_b1_an_unknown_origin_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    struct hearsay_message m = {.epoch = 1, .seq = 1};
    assert_int_equal(hsy_ledger_delivered(l, READER, HSY_LEDGER_NOBODY, &m),
                     HEARSAY_OK);
    assert_int_equal(hsy_ledger_totals(l).phantom, 1);
    hsy_ledger_destroy(l);
}

static void test_b1_an_epoch_that_never_was_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver_of(l, READER, 7, 1, "hello");
    deliver_of(l, READER, 8, 1, "hello"); /* One process, one epoch. */
    assert_int_equal(hsy_ledger_totals(l).phantom, 1);
    hsy_ledger_destroy(l);
}

static void test_b1_a_sequence_number_used_twice_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    publish(l, 5, 1, "hello");
    assert_string_equal(hsy_ledger_broken(l), "");
    publish(l, 6, 1, "other");
    assert_int_equal(hsy_ledger_totals(l).reused, 1);
    assert_memory_equal(hsy_ledger_broken(l), "B1", 2);
    hsy_ledger_destroy(l);
}

static void test_b2_a_second_delivery_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    deliver(l, READER, 1, "hello");
    assert_int_equal(hsy_ledger_totals(l).twice, 1);
    assert_memory_equal(hsy_ledger_broken(l), "B2", 2);
    hsy_ledger_destroy(l);
}

static void test_b2_a_new_process_may_get_it_again(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    hsy_ledger_ended(l, READER);
    hsy_ledger_started(l, READER);
    deliver(l, READER, 1, "hello");
    assert_string_equal(hsy_ledger_broken(l), "");
    hsy_ledger_destroy(l);
}

/* An origin that lost its disk begins with its first epoch again. */
static struct hsy_ledger *ledger_with_one_epoch_twice(void)
{
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    hsy_ledger_ended(l, ORIGIN);
    hsy_ledger_forgot(l, ORIGIN);
    hsy_ledger_started(l, ORIGIN);
    publish(l, 6, 1, "again");
    return l;
}

static void test_an_epoch_used_again_stands_for_two_messages(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger_with_one_epoch_twice();
    deliver(l, READER, 1, "again");
    deliver(l, OTHER, 1, "again");
    deliver(l, OTHER, 1, "hello");
    assert_string_equal(hsy_ledger_broken(l), "");
    deliver(l, READER, 1, "hello");
    assert_int_equal(hsy_ledger_totals(l).twice, 1);
    hsy_ledger_destroy(l);
}

static void test_an_epoch_used_again_hides_no_other_fault(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger_with_one_epoch_twice();
    deliver(l, OTHER, 1, "other");
    assert_int_equal(hsy_ledger_totals(l).altered, 1);
    deliver(l, OTHER, 2, "hello");
    assert_int_equal(hsy_ledger_totals(l).phantom, 1);
    hsy_ledger_destroy(l);
}

static void test_b4_a_changed_payload_is_caught(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hellp");
    assert_int_equal(hsy_ledger_totals(l).altered, 1);
    assert_memory_equal(hsy_ledger_broken(l), "B4", 2);
    hsy_ledger_destroy(l);
}

static void test_b3_a_missed_message_is_named(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "hello");
    publish(l, 9, 2, "again");
    deliver(l, READER, 1, "hello");
    deliver(l, READER, 2, "again");
    deliver(l, OTHER, 1, "hello");
    struct hsy_missing m = missing(l, 0);
    assert_int_equal(m.expected, 4);
    assert_int_equal(m.missed, 1);
    assert_int_equal(m.node, OTHER);
    assert_int_equal(m.seq, 2);
    assert_int_equal(missing(l, 10).expected, 0);
    hsy_ledger_destroy(l);
}

static void test_b3_who_joined_later_or_went_is_owed_nothing(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    hsy_ledger_ended(l, READER);
    hsy_ledger_started(l, READER);
    publish(l, 5, 1, "hello");
    hsy_ledger_joined(l, READER, 6);
    hsy_ledger_ended(l, OTHER);
    assert_int_equal(missing(l, 0).expected, 0);
    hsy_ledger_destroy(l);
}

static void test_two_processes_of_one_origin_are_told_apart(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    publish(l, 5, 1, "before");
    hsy_ledger_ended(l, ORIGIN);
    hsy_ledger_started(l, ORIGIN);
    publish(l, 9, 1, "after");
    deliver_of(l, READER, 2, 1, "after");
    deliver_of(l, READER, 1, 1, "before");
    assert_string_equal(hsy_ledger_broken(l), "");
    assert_int_equal(hsy_ledger_totals(l).delivered, 2);
    hsy_ledger_destroy(l);
}

static void test_who_lacks_a_message_is_told(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    const uint8_t all = 1u << ORIGIN | 1u << READER | 1u << OTHER;
    const uint8_t readers = 1u << READER;
    struct hsy_message_name name = {.origin = ORIGIN, .seq = 1};
    uint32_t who = NODES;
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    assert_true(hsy_ledger_lacks(l, &name, &all, &who));
    assert_int_equal(who, OTHER);
    assert_false(hsy_ledger_lacks(l, &name, &readers, &who));
    name.seq = 2; /* Never published, so never got. */
    assert_true(hsy_ledger_lacks(l, &name, &readers, &who));
    assert_int_equal(who, READER);
    hsy_ledger_destroy(l);
}

static void test_a_pair_is_counted_once_by_whoever_judges_it(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    const uint8_t all = 1u << ORIGIN | 1u << READER | 1u << OTHER;
    struct hsy_message_name name = {.origin = ORIGIN, .seq = 1};
    struct hsy_kept_name kept = {.origin = ORIGIN, .seq = 1, .own = true};
    struct hsy_expectation e = {.to_ns = HEARSAY_NEVER};
    struct hsy_kept_message m;
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    assert_int_equal(missing(l, 0).missed, NODES - 2);
    assert_int_equal(hsy_ledger_totals(l).judged, 0); /* Only asked. */
    assert_true(hsy_ledger_find(l, &m, &kept));
    assert_true(hsy_ledger_judge_one(l, &m, READER));
    assert_int_equal(hsy_ledger_totals(l).judged, 1);
    assert_int_equal(hsy_ledger_totals(l).lost, 0);
    hsy_ledger_judge_members(l, &name, &all);
    assert_int_equal(hsy_ledger_totals(l).judged, 2);
    assert_int_equal(hsy_ledger_totals(l).lost, 1);
    assert_false(hsy_ledger_judge_one(l, &m, OTHER));
    assert_int_equal(hsy_ledger_judge(l, &e).missed, NODES - 2);
    assert_int_equal(hsy_ledger_totals(l).judged, NODES - 1);
    assert_int_equal(hsy_ledger_totals(l).lost, NODES - 2);
    hsy_ledger_destroy(l);
}

static void test_what_was_there_once_can_be_lost_later(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    struct hsy_kept_name kept = {.origin = ORIGIN, .seq = 1, .own = true};
    struct hsy_kept_message m;
    publish(l, 5, 1, "hello");
    deliver(l, READER, 1, "hello");
    assert_true(hsy_ledger_find(l, &m, &kept));
    assert_true(hsy_ledger_judge_one(l, &m, READER));
    hsy_ledger_ended(l, READER);
    hsy_ledger_started(l, READER);
    assert_false(hsy_ledger_judge_one(l, &m, READER));
    assert_int_equal(hsy_ledger_totals(l).judged, 1);
    assert_int_equal(hsy_ledger_totals(l).lost, 1);
    hsy_ledger_destroy(l);
}

static void test_who_has_joined_is_known(void **state)
{
    (void)state;
    struct hsy_ledger *l = ledger();
    assert_true(hsy_ledger_has_joined(l, READER));
    hsy_ledger_ended(l, READER);
    hsy_ledger_started(l, READER);
    assert_false(hsy_ledger_has_joined(l, READER));
    hsy_ledger_destroy(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_well_when_everybody_gets_it_once),
        cmocka_unit_test(test_b1_a_phantom_is_caught),
        cmocka_unit_test(test_b1_an_unknown_origin_is_caught),
        cmocka_unit_test(test_b1_an_epoch_that_never_was_is_caught),
        cmocka_unit_test(test_b1_a_sequence_number_used_twice_is_caught),
        cmocka_unit_test(test_b2_a_second_delivery_is_caught),
        cmocka_unit_test(test_b2_a_new_process_may_get_it_again),
        cmocka_unit_test(test_an_epoch_used_again_stands_for_two_messages),
        cmocka_unit_test(test_an_epoch_used_again_hides_no_other_fault),
        cmocka_unit_test(test_b4_a_changed_payload_is_caught),
        cmocka_unit_test(test_b3_a_missed_message_is_named),
        cmocka_unit_test(test_b3_who_joined_later_or_went_is_owed_nothing),
        cmocka_unit_test(test_two_processes_of_one_origin_are_told_apart),
        cmocka_unit_test(test_who_lacks_a_message_is_told),
        cmocka_unit_test(test_a_pair_is_counted_once_by_whoever_judges_it),
        cmocka_unit_test(test_what_was_there_once_can_be_lost_later),
        cmocka_unit_test(test_who_has_joined_is_known),
    };
    return cmocka_run_group_tests_name("sim_ledger", tests, NULL, NULL);
}
