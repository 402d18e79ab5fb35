/* Scenarios that run: each action does what it says, each condition holds when
 * it should and fails when it should, with a story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario.h"

#define CLUSTER "cluster 1 seeds 2 peers rng 4 count 0\n"

static int parse(const char *text, struct hsy_scenario **out,
                 struct hsy_scenario_error *error)
{
    return hsy_scenario_parse(out, hearsay_mem_default(), text, strlen(text),
                              error);
}

/* Runs @rest after CLUSTER. */
static struct hsy_scenario_result run(const char *rest, char *story,
                                      size_t story_len)
{
    char text[1024];
    (void)snprintf(text, sizeof(text), CLUSTER "%s", rest);
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error = {0};
    if (parse(text, &s, &error) != HEARSAY_OK) {
        fail_msg("%u:%u: %s", error.line, error.column, error.text);
    }
    struct hsy_scenario_setup setup = {.machine = hsy_machine_node(),
                                       .crypto = hearsay_crypto_null(),
                                       .mem = *hearsay_mem_default()};
    struct hsy_scenario_result result;
    assert_int_equal(hsy_scenario_run(s, &setup, &result, story, story_len),
                     HEARSAY_OK);
    hsy_scenario_destroy(s);
    return result;
}

static void check_passes(const char *rest)
{
    char story[8192];
    if (!run(rest, story, sizeof(story)).passed) {
        (void)fprintf(stderr, "%s\n%s\n", rest, story);
        fail_msg("%s", rest);
    }
}

static void check_fails(const char *rest, const char *part)
{
    char story[8192];
    if (run(rest, story, sizeof(story)).passed) {
        fail_msg("passes: %s", rest);
    }
    if (strstr(story, part) == NULL) {
        fail_msg("%s", story);
    }
}

static void test_what_holds_passes(void **state)
{
    (void)state;
    check_passes("run 1s");
    check_passes("until 0s..10s joined all");
    check_passes("expect 0s..10s joined peer 1");
    check_passes("hold 10s..15s joined all\nend overlay connected");
    check_passes("never event lease-expired\nrun 10s");
    check_passes("at 10s leave 2\nexpect 10s..12s all seeds have 2 left\n"
                 "end nothing pending");
}

static void test_what_does_not_hold_fails(void **state)
{
    (void)state;
    check_fails("until 0s..10s event lease-expired", "it did not come in time");
    check_fails("expect 10s..20s joined all", "it came too early");
    check_fails("at 20s kill peer 1\nhold 10s..30s joined peer 1",
                "it did not hold");
    check_fails("never event joined\nrun 10s", "it happened");
    check_fails("run 9s\nend joined none", "does not hold at the end");
    check_fails("at 10s kill hub\nat 11s kill 1..2\nrun 20s", "present state");
    check_fails("end published 7\nrun 5s", "published: 0");
    /* With nothing to deliver there is nothing to claim. */
    check_fails("end delivered all\nrun 5s", "expected: 0");
    check_fails("at 10s kill 1\nuntil 20s..90s all seeds have 1 alive", "dead");
}

static void test_a_failure_tells_a_story(void **state)
{
    (void)state;
    check_fails("at 10s kill 1\nend event lease-expired\nrun 20s",
                "line 3: end event lease-expired");
    check_fails("at 10s kill 1\nend event lease-expired\nrun 20s",
                "*** at 10s kill 1");
    check_fails("end event lease-expired\nrun 20s", "peer 2  joined");
}

static void test_lost_cut_and_late_peers(void **state)
{
    (void)state;
    check_passes("at 20s join 2 over 5s\nexpect 20s..27s state of 2 is joined");
    check_fails(
        "at 20s join 2 over 5s\nuntil 5s..19s state of 2 is joined\nrun 30s",
        "did not come in time");
    /* A cut is one way until it is healed. */
    check_passes("at 10s cut 1 -> 2\nat 10s publish 1..2\n"
                 "until 10s..12s event gossip-seen at 1\n"
                 "hold 10500ms..20s delivered 50% since 10s\n"
                 "at 20s heal 1 <-> 2\nuntil 20s..21s delivered all since 10s");
    check_fails("at 10s cut 1 -> 2\nat 10s publish 1..2\n"
                "until 10s..12s delivered all since 10s",
                "missed: 1");
    check_fails("at 10s cut 1 -> 2\nat 10s publish 1..2\n"
                "until 10s..12s event gossip-seen at 2",
                "match so far: 0");
    /* A partition takes the links away, not the processes. */
    check_passes("at 10s partition 1 | 2 and seed 1\nhold 8s..12s overlay "
                 "connected\nuntil 30s..90s overlay in 2 parts\n"
                 "hold 80s..90s overlay holds 50% together");
    /* Who is on the same side stays together. */
    check_passes("at 10s partition peers | *\nhold 10s..80s overlay connected\n"
                 "until 50s..80s registered peers with 0");
    check_fails("at 10s partition 1 | *\nuntil 80s..90s overlay holds 60% "
                "together",
                "largest component: 1 of 2");
}

/* What was before an action does not count as what came of it. */
static void test_a_span_begins_after_its_action(void **state)
{
    (void)state;
    check_passes("at 10s kill 1\nuntil 10s..11s state of 1 is none");
    check_fails("at 10s kill 1\nuntil 10s..11s state of 1 is joined",
                "it did not come in time");
    check_fails("at 10s publish 1\nexpect 10s..11s state of 1 is joined",
                "it came too early");
    check_passes("until 10s..10s state of 1 is joined");
}

static void test_restart_kills_and_starts_later(void **state)
{
    (void)state;
    check_passes("at 10s restart 1 after 5s\nhold 10500ms..14500ms state of 1 "
                 "is waiting\nuntil 15s..17s joined 1");
    check_passes("at 10s kill 1\nat 12s restart 1\nuntil 12s..14s joined 1\n"
                 "until 12s..20s all seeds have 1 alive inc 2");
}

static void test_machines_can_be_made_bad(void **state)
{
    (void)state;
    check_passes("at 10s slow 1 by 2s\nat 11s publish 2\n"
                 "expect 13s..16s event gossip-seen at 1");
    check_passes("at 10s slow 1 by 2s\nat 10s fast 1\nat 11s publish 2\n"
                 "expect 11s..12s event gossip-seen at 1");
    check_passes("at 10s far 1 by 2s\nat 11s publish 2\n"
                 "expect 13s..16s event gossip-seen at 1");
    check_passes("at 10s far 1 by 2s\nat 10s near 1\nat 11s publish 2\n"
                 "expect 11s..12s event gossip-seen at 1");
    check_passes("at 10s kill 1\nat 10s harm 1 lose\nat 11s start 1\n"
                 "until 11s..20s event peer-registered about 1\nend joined 1");
    check_fails("at 5s disk 1 full\nat 10s restart 1\n"
                "until 10s..60s joined 1",
                "did not come in time");
    check_passes("at 5s disk 1 full\nat 9s disk 1 fine\nat 10s restart 1\n"
                 "until 10s..13s joined 1");
    check_fails("at 10s clock 1 +1d\nat 11s publish 2\nuntil 11s..13s "
                "delivered all",
                "missed: 1");
}

static void test_weather_changes(void **state)
{
    (void)state;
    check_passes("at 10s weather latency 2s..2s\nat 11s publish 2\n"
                 "expect 13s..14s event gossip-seen at 1");
    check_passes("with latency 500ms..500ms\nexpect 4s..15s joined all");
    check_passes("at 9s weather tail 100% up to 30s\nat 9s weather tail 0% up "
                 "to 0s rate 4 KiB/s window 1 KiB\nat 11s publish 2\n"
                 "expect 11s..12s event gossip-seen at 1");
    check_fails("at 9s weather tail 100% up to 1h\nat 11s publish 2\n"
                "until 11s..12s delivered all since 11s",
                "missed: 1");
    check_passes("at 9s weather rate 1 KiB/s\nat 11s publish 2\n"
                 "expect 11200ms..13s delivered all since 11s");
    check_passes("at 10s reset peers 100%\nuntil 10s..10100ms event "
                 "disconnect with why reset");
    check_fails("at 10s reset peers 0.0001%\nuntil 10s..11s event disconnect",
                "match so far: 0");
}

static void test_what_repeats_stops(void **state)
{
    (void)state;
    check_passes("at 10s publish 1 every 1s for 5s\nend published 5\nrun 30s");
    /* At the moments when it cannot, it does not. */
    check_passes("at 10s publish 1 every 1s for 5s\nat 12500ms freeze 1\n"
                 "end published 3\nrun 30s");
}

static void test_shares_are_the_same_all_along(void **state)
{
    (void)state;
    check_passes("at 10s kill 50% of peers\nuntil 10s..20s all seeds have "
                 "50% of peers dead\nat 30s start 50% of peers\n"
                 "until 30s..40s joined 50% of peers\nend joined all");
    check_passes("at 10s kill top 50%\nuntil 10s..20s all seeds have top 50% "
                 "dead\nnever event dead-removed about peer 2");
    /* An action binds it; before, it names nobody. */
    check_fails(
        "at 10s kill hub\nuntil 1s..5s all seeds have hub alive\nrun 20s",
        "nobody is chosen yet");
    check_passes("until 5s..9s degree of hub between 1 and 1");
}

static void test_invariants_can_be_asked_about(void **state)
{
    (void)state;
    check_passes("run 100s\nend calm\nnever message lost\nnever broken B1");
    check_fails("until 0s..5s broken B1", "B1 holds");
    check_passes("arm R5 R7 O1 O2\nrun 100s\nend calm");
    /* O1 is not armed; calm with it is not to be had in two parts. */
    check_fails("arm O1\nat 5s partition 1 | 2\nrun 100s\nend calm",
                "O1 broke");
    check_passes("at 5s partition 1 | 2\nrun 100s\ndisarm S4\n"
                 "end calm\nend broken O1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_holds_passes),
        cmocka_unit_test(test_what_does_not_hold_fails),
        cmocka_unit_test(test_a_failure_tells_a_story),
        cmocka_unit_test(test_lost_cut_and_late_peers),
        cmocka_unit_test(test_a_span_begins_after_its_action),
        cmocka_unit_test(test_restart_kills_and_starts_later),
        cmocka_unit_test(test_machines_can_be_made_bad),
        cmocka_unit_test(test_weather_changes),
        cmocka_unit_test(test_what_repeats_stops),
        cmocka_unit_test(test_shares_are_the_same_all_along),
        cmocka_unit_test(test_invariants_can_be_asked_about),
    };
    return cmocka_run_group_tests_name("sim_scenario", tests, NULL, NULL);
}
