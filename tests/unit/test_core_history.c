/* What was published before a node joined: how much of it is wanted, and how it
 * is told from what was published since. */
#include "support/pull_rig.h"

static void start(uint32_t links)
{
    relay_rig_start(&rig);
    relay_rig_links(&rig, links);
}

/* A node that has joined this very moment. */
static void begin_joining(uint32_t history)
{
    relay_rig_init(&rig);
    rig.given.joined_ns = rig.given.now.mono_ns;
    rig.given.config.history = history;
    start(2);
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static void hear(uint32_t number, uint64_t seq)
{
    CLAIM(relay_rig_hear_one(&rig, 4, number, seq));
}

/* Pulled: said a minute ago, or just now. */
static void hear_pulled(hearsay_link link, uint64_t seq, bool long_ago)
{
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);

    b.wall_ms -= long_ago ? 60000 : 0;
    CLAIM(relay_rig_hear(&rig, link, &b, HSY_FLAG_EXTRA));
}

/* 8 and 9 are offered, 8 comes, 11 is heard: of 1 to 7, 9 and 10 nothing can
 * be had; 1 to 9 was published before. */
static void what_was_before_our_time_is_not_lost_when_it_is_gone(void **state)
{
    (void)state;
    begin_joining(HEARSAY_UNLIMITED);
    offer(4, 1, 8, 9);
    CLAIM_INT(relay_rig_origin(&rig, 1)->history_to, 9);
    hear_pulled(4, 8, true);
    gone(4);
    hear(1, 11);
    for (uint32_t round = 0; round < 2; round++) {
        relay_rig_run(&rig, 2500);
        gone_span(4, round == 0 ? 1 : 9, round == 0 ? 7 : 10, HSY_GONE_DONE);
        relay_rig_run(&rig, 250);
        gone_span(6, round == 0 ? 1 : 9, round == 0 ? 7 : 10, HSY_GONE_DONE);
        relay_rig_run(&rig, 250);
        CLAIM_INT(relay_rig_origin(&rig, 1)->done, round == 0 ? 8 : 11);
        CLAIM_INT(relay_rig_counters(&rig)->lost, round);
    }
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 1);
    CLAIM_INT(core_ports_note(&rig.ports, "lost")->from, 10);
    CLAIM_INT(core_ports_note(&rig.ports, "lost")->to, 10);
    end();
}

static void
what_is_offered_half_a_second_after_joining_is_no_history(void **state)
{
    (void)state;
    begin_joining(HEARSAY_UNLIMITED);
    relay_rig_pass(&rig, HSY_HISTORY_NS - 1);
    offer(6, 1, 1, 3);
    CLAIM_INT(relay_rig_origin(&rig, 1)->history_to, 3);
    relay_rig_pass(&rig, 1);
    offer(6, 1, 1, 5);
    CLAIM_INT(relay_rig_origin(&rig, 1)->history_to, 3);
    rig.core.env.joined_ns = HEARSAY_NEVER; /* Not joined yet. */
    offer(6, 1, 1, 7);
    CLAIM_INT(relay_rig_origin(&rig, 1)->history_to, 7);
    end();
}

/* As soon as one of them shows that it is history. */
static void history_that_is_not_wanted_is_closed_quietly(void **state)
{
    static const uint32_t wanted[] = {0, 3};

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        begin_joining(wanted[i]);
        offer(6, 1, 1, 10);
        hear(1, 11);
        relay_rig_run(&rig, 1);
        CLAIM_INT(relay_rig_origin(&rig, 1)->done, 0);
        if (i == 1) {
            hear_pulled(6, 8, true);
            hear_pulled(6, 9, true);
        }
        hear_pulled(6, 10, true);
        gone(6);
        relay_rig_run(&rig, 1);
        CLAIM_INT(relay_rig_origin(&rig, 1)->done, 11);
        CLAIM_INT(relay_rig_counters(&rig)->lost, 0);
        CLAIM_INT(rig.ports.deliveries_count, i == 0 ? 1 : 4);
        end();
    }
}

/* A neighbour's mark counts what was said since we joined, too; clocks tell. */
static void what_was_said_since_joining_is_had_without_history_too(void **state)
{
    (void)state;
    begin_joining(0);
    offer(6, 1, 1, 5);
    CLAIM(is_span(pulled(6, 0), 1, 5, 5));
    relay_rig_unlink(&rig, 4);
    for (uint64_t seq = 5; seq >= 3; seq--) {
        hear_pulled(6, seq, false);
        gone(6);
        relay_rig_run(&rig, seq == 5 ? 2000 : 250);
        CLAIM(is_span(pulled(6, 0), 1, seq - 1, seq - 1));
    }
    hear_pulled(6, 2, true);
    gone(6);
    relay_rig_run(&rig, 1);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 5);
    CLAIM_INT(rig.ports.deliveries_count, 3);
    CLAIM_INT(relay_rig_counters(&rig)->lost, 0);
    end();
}

static void what_came_since_joining_bounds_history(void **state)
{
    (void)state;
    begin_joining(0);
    hear(1, 3);
    offer(6, 1, 1, 5);
    CLAIM_INT(relay_rig_origin(&rig, 1)->history_to, 2);
    CLAIM(is_span(pulled(6, 0), 1, 2, 2));
    CLAIM(is_span(pulled(6, 1), 1, 4, 5));
    end();
}

/* The last one of history is gone: so is what would say which time it was. */
static void history_of_which_nothing_is_left_is_closed_quietly(void **state)
{
    (void)state;
    begin_joining(0);
    offer(6, 1, 1, 5);
    hear(1, 6);
    gone(6);
    relay_rig_unlink(&rig, 4);
    relay_rig_run(&rig, 2500);
    gone_span(6, 5, 5, HSY_GONE_DONE);
    relay_rig_run(&rig, 2500);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 6);
    CLAIM_INT(relay_rig_counters(&rig)->lost, 0);
    end();
}

/* An earlier life may have been there, and did not get it. */
static void after_an_earlier_life_it_is_told(void **state)
{
    static const uint32_t wanted[] = {HEARSAY_UNLIMITED, 2};

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t first = i == 0 ? 1 : 4;
        begin_joining(wanted[i]);
        relay_rig_relay(&rig)->saved.had_life = true;
        offer(6, 1, 1, 5);
        hear(1, 6);
        gone(6);
        relay_rig_unlink(&rig, 4);
        relay_rig_run(&rig, 2500);
        gone_span(6, first, 5, HSY_GONE_DONE);
        relay_rig_run(&rig, 2500);
        CLAIM_INT(relay_rig_origin(&rig, 1)->done, 6);
        CLAIM_INT(relay_rig_counters(&rig)->lost, 6 - first);
        end();
    }
}

static void of_history_as_much_is_pulled_as_is_wanted(void **state)
{
    static const struct {
        uint32_t history;
        uint64_t from;
    } cases[] = {
        {HEARSAY_UNLIMITED, 2}, {3, 8}, {8, 3}, {9, 2}, {10, 2}, {0, 10}};

    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin_joining(cases[i].history);
        offer(6, 1, 2, 10);
        CLAIM(is_span(pulled(6, 0), 1, cases[i].from, 10));
        end();
    }
    relay_rig_begin_with(&rig, 2); /* Long after joining it is none. */
    rig.core.env.config.history = 3;
    offer(6, 1, 2, 10);
    CLAIM(is_span(pulled(6, 0), 1, 2, 10));
    end();
}

static void without_history_what_is_older_is_claimed_only(void **state)
{
    (void)state;
    begin_joining(0);
    offer(6, 1, 1, 10);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 10, 1);
    b.wall_ms -= 60000;
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    gone(6);
    CLAIM_INT(rig.ports.deliveries_count, 0);
    CLAIM_INT(hsy_origin_high(relay_rig_origin(&rig, 1)), 10);
    CLAIM_INT(relay_rig_relay(&rig)->retained.table.count, 1);
    relay_rig_pass(&rig, HSY_HISTORY_NS);
    offer(6, 1, 1, 11); /* In our time, though it is pulled. */
    b = relay_rig_bundle(&rig, 1, 11, 1);
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    CLAIM_INT(rig.ports.deliveries_count, 1);
    end();
}

static void with_history_what_is_older_is_delivered(void **state)
{
    (void)state;
    begin_joining(3);
    relay_rig_pass(&rig, 10 * HSY_SECOND);
    offer(6, 1, 1, 10);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 10, 1);
    b.wall_ms -= 60000;
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    CLAIM_INT(rig.ports.deliveries_count, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_before_our_time_is_not_lost_when_it_is_gone),
        cmocka_unit_test(
            what_is_offered_half_a_second_after_joining_is_no_history),
        cmocka_unit_test(history_that_is_not_wanted_is_closed_quietly),
        cmocka_unit_test(
            what_was_said_since_joining_is_had_without_history_too),
        cmocka_unit_test(what_came_since_joining_bounds_history),
        cmocka_unit_test(history_of_which_nothing_is_left_is_closed_quietly),
        cmocka_unit_test(after_an_earlier_life_it_is_told),
        cmocka_unit_test(of_history_as_much_is_pulled_as_is_wanted),
        cmocka_unit_test(without_history_what_is_older_is_claimed_only),
        cmocka_unit_test(with_history_what_is_older_is_delivered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
