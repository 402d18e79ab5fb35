/* The language of scenarios: what is refused, where, and in which words; and
 * that an expectation that does not come true fails, with a story. */
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

static void check_refused(const char *text, uint32_t line, uint32_t column,
                          const char *part)
{
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error = {0};
    assert_int_equal(parse(text, &s, &error), HEARSAY_ERR_MALFORMED);
    if (error.line != line || error.column != column ||
        strstr(error.text, part) == NULL) {
        fail_msg("%u:%u: %s", error.line, error.column, error.text);
    }
}

static void test_errors_name_line_and_column(void **state)
{
    (void)state;
    check_refused("", 1, 1, "no cluster");
    check_refused("# only words\n", 1, 1, "no cluster");
    check_refused("at 1s kill peer 1\n", 1, 1, "must be cluster");
    check_refused("cluster 0 seeds 2 peers", 1, 9, "1 to 32 seeds");
    check_refused("cluster 1 seeds peers", 1, 17, "expected a number");
    check_refused("cluster 1 seeds 2 peers\n\nat 1s eat peer 1", 3, 7,
                  "\"eat\"");
    check_refused(CLUSTER "at 1s kill peer 3", 2, 17, "no such peer");
    check_refused(CLUSTER "at 1s kill peer 1 twice", 2, 19,
                  "the end of the line");
    check_refused(CLUSTER "at 1q kill peer 1", 2, 4, "expected a time");
    check_refused(CLUSTER "expect 5s..2s joined all", 2, 8, "goes back");
    check_refused(CLUSTER "end   overlay is", 2, 15, "expected connected");
    check_refused(CLUSTER "end   joined", 2, 13, "ends too early");
    check_refused(CLUSTER "end all seeds have peer 1 asleep", 2, 27,
                  "expected alive");
    check_refused(CLUSTER "run 5s please", 2, 8, "nothing may follow");
    check_refused("cluster 1 seeds 2 peers overlay ring", 1, 33,
                  "expected preferential");
    check_refused("cluster 1 seeds 2 peers colour red", 1, 25, "\"colour\"");
    check_refused(CLUSTER CLUSTER, 2, 1, "a cluster already");
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
    check_passes("never event stopped\nrun 10s");
    check_passes("at 10s leave 2\nexpect 10s..12s all seeds have 2 left\n"
                 "end nothing pending");
}

static void test_what_does_not_hold_fails(void **state)
{
    (void)state;
    check_fails("until 0s..10s event stopped", "it did not come in time");
    check_fails("expect 10s..20s joined all", "it came too early");
    check_fails("at 20s kill peer 1\nhold 10s..30s joined peer 1",
                "it did not hold");
    check_fails("never event joined\nrun 10s", "it happened");
    check_fails("run 9s\nend joined none", "does not hold at the end");
    check_fails("end published 7\nrun 5s", "published: 0");
    check_fails("at 10s kill 1\nuntil 20s..90s all seeds have 1 alive", "dead");
}

static void test_a_failure_tells_a_story(void **state)
{
    (void)state;
    check_fails("at 10s kill 1\nend event stopped\nrun 20s",
                "line 3: end event stopped");
    check_fails("at 10s kill 1\nend event stopped\nrun 20s",
                "*** at 10s kill 1");
    check_fails("end event stopped\nrun 20s", "peer 2  joined");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_name_line_and_column),
        cmocka_unit_test(test_what_holds_passes),
        cmocka_unit_test(test_what_does_not_hold_fails),
        cmocka_unit_test(test_a_failure_tells_a_story),
    };
    return cmocka_run_group_tests_name("sim_scenario", tests, NULL, NULL);
}
