/* What the language of scenarios refuses, where, and in which words. Each case
 * is a slip that somebody could make; each would otherwise run and claim
 * nothing, or fail late. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "sim/scenario.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#define CLUSTER "cluster 2 seeds 4 peers rng 4 count 0\n"

static int parse(const char *text, size_t len, struct hsy_scenario **out,
                 struct hsy_scenario_error *error)
{
    return hsy_scenario_parse(out, hearsay_mem_default(), text, len, error);
}

static void refused_bytes(const char *text, size_t len, uint32_t line,
                          uint32_t column, const char *part)
{
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error = {0};
    int err = parse(text, len, &s, &error);
    if (err != HEARSAY_ERR_MALFORMED || error.line != line ||
        error.column != column || strstr(error.text, part) == NULL) {
        fail_msg("%d at %u:%u: %s", err, error.line, error.column, error.text);
    }
}

static void refused(const char *text, uint32_t line, uint32_t column,
                    const char *part)
{
    refused_bytes(text, strlen(text), line, column, part);
}

static void accepted(const char *text)
{
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error = {0};
    if (parse(text, strlen(text), &s, &error) != HEARSAY_OK) {
        fail_msg("%u:%u: %s", error.line, error.column, error.text);
    }
    hsy_scenario_destroy(s);
}

/* In line 2, and nothing else is wrong. */
static void refused_line(const char *line, uint32_t column, const char *part)
{
    char text[1024];
    (void)snprintf(text, sizeof(text), CLUSTER "%s\nrun 90s\n", line);
    refused(text, 2, column, part);
}

static void a_text_without_a_cluster_is_refused(void **state)
{
    (void)state;
    refused("", 1, 1, "there is no cluster statement");
    refused("# only words\n\n", 2, 1, "there is no cluster statement");
    refused("at 1s kill peer 1\n", 1, 1, "first statement must be cluster");
    refused("with links 3\n", 1, 1, "first statement must be cluster");
    refused("arm R5\n", 1, 1, "first statement must be cluster");
    refused(CLUSTER CLUSTER, 2, 1, "a cluster already");
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    static const char nul[] = CLUSTER "run\0 5s";
    static const char high[] = CLUSTER "run \xff\xfe 5s";
    static const char bell[] = CLUSTER "run 5\as";
    char text[2048];
    refused_bytes(nul, sizeof(nul) - 1, 2, 1, "a byte of value 0");
    refused_bytes(high, sizeof(high) - 1, 2, 5, "no printable ASCII");
    refused_bytes(bell, sizeof(bell) - 1, 2, 6, "no printable ASCII");
    accepted(CLUSTER "run 5s # \xc3\xa4 in a comment is fine\r\n");
    (void)snprintf(text, sizeof(text), CLUSTER "%0600d", 0);
    refused(text, 2, 513, "this line is too long");
    (void)snprintf(text, sizeof(text), CLUSTER "run %070d", 0);
    refused(text, 2, 5, "this word is too long");
    size_t len = strlen(CLUSTER);
    memcpy(text, CLUSTER, len);
    for (int i = 0; i < 60; i++) {
        memcpy(text + len, "x ", 3);
        len += 2;
    }
    refused(text, 2, 97, "too many words");
}

static void too_many_statements_are_refused(void **state)
{
    (void)state;
    char text[4096] = CLUSTER;
    size_t len = strlen(text);
    for (int i = 0; i < 128; i++) {
        memcpy(text + len, "run 1s\n", 8);
        len += 7;
    }
    accepted(text);
    memcpy(text + len, "run 1s\n", 8);
    refused(text, 130, 1, "too many statements");
}

static void unknown_words_are_told_with_what_was_expected(void **state)
{
    (void)state;
    refused_line("wait 5s", 1,
                 "\"wait\": not understood here; expected at, until, expect, "
                 "hold, never, end, run, cluster, with, arm or disarm");
    refused_line("at 1s eat peer 1", 7, "\"eat\"");
    refused_line("at 1s eat peer 1", 7, "kill, crash, freeze, thaw, start, ");
    refused_line("at 1s disk 2 broken", 14,
                 "expected fine, full, flaky or lying");
    refused_line("at 1s harm 2 eat", 14, "expected lose, stale, flip or cut");
    refused_line("at 1q kill peer 1", 4, "a time (500ms, 20s, 2m, 1h)");
    refused_line("at 1s kill peer 1 twice", 19, "the end of the line");
    refused_line("at 1s kill", 11, "the line ends too early; expected nodes");
    refused_line("at 1s clock 2 10d", 15, "a jump (+3650d, -1h)");
    refused_line("at 1s clock 2 +9999d", 15, "a jump");
    refused_line("at 1s weather", 14, "latency, tail, rate or window");
    refused_line("at 1s weather wind 3s", 15, "expected latency, tail");
    refused_line("at 1s reset 2 200%", 15, "a share (2.5%)");
    refused_line("end   overlay is", 15, "expected connected, in or holds");
    refused_line("end all seeds have peer 1 asleep", 27,
                 "alive, dead, left, absent or gone");
    refused_line("end state of 1 is tired", 19, "joining, joined");
    refused_line("never event deadreport", 13, "the name of a log event");
    /* Of the runtime, which no node here has around it. */
    refused_line("never event accept-failed", 13, "the name of a log event");
    refused_line("end state of 1 is stopped", 19, "joining, joined");
    refused_line("never broken B9", 14, "the name of an invariant");
    refused_line("arm", 4, "the name of an invariant");
    refused_line("arm R5 R5", 8, "said of it before");
    refused_line("run 5s please", 8, "nothing may follow");
    refused_line("end", 4, "the line ends too early");
}

static void options_are_checked(void **state)
{
    (void)state;
    refused("cluster 0 seeds 2 peers", 1, 9, "1 to 32 seeds");
    refused("cluster 33 seeds 2 peers", 1, 9, "1 to 32 seeds");
    refused("cluster -1 seeds 2 peers", 1, 9, "expected a number");
    refused("cluster 1 seeds peers", 1, 17, "expected a number");
    refused("cluster 1 seeds 1000001 peers", 1, 17, "at most 1000000");
    refused("cluster 1 seeds 2 peers colour red", 1, 25, "\"colour\"");
    refused("cluster 1 seeds 2 peers overlay ring", 1, 33,
            "preferential, top-half or uniform");
    refused("cluster 1 seeds 2 peers rng 7 rng 8", 1, 31, "given before");
    refused("cluster 1 seeds 2 peers count 7 count unlimited", 1, 33,
            "given before");
    refused(CLUSTER "with rng 9", 2, 6, "given before");
    refused("cluster 1 seeds 2 peers ping 1ms", 1, 30, "10ms to a year");
    refused("cluster 1 seeds 2 peers ping-timeout 20s", 1, 38, "10ms to 12s");
    refused("cluster 1 seeds 2 peers links 0", 1, 31, "1 to 64");
    refused("cluster 1 seeds 2 peers latency 5ms..1ms", 1, 33,
            "this span goes back");
    refused("cluster 1 seeds 2 peers rate 0 KiB/s", 1, 30, "1 to 1048576");
    refused("cluster 1 seeds 2 peers tail 101% up to 2s", 1, 30, "a share");
    refused("cluster 1 seeds 2 peers no checks\narm R5\nrun 1s", 2, 1,
            "no checks");
    refused("cluster 1 seeds 2 peers no checks\nrun 1s\nnever broken R5", 3, 7,
            "no checks");
}

static void nodes_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    refused_line("at 1s kill peer 5", 17, "there is no such peer");
    refused_line("at 1s kill 5", 12, "there is no such peer");
    refused_line("at 1s kill peer 0", 17, "there is no such peer");
    refused_line("at 1s kill seed 3", 17, "there is no such seed");
    refused_line("at 1s kill peer 3..9", 17, "there is no such peer");
    refused_line("at 1s kill peer 3..2", 17, "these numbers go back");
    refused_line("at 1s kill 0% of peers", 12, "names nobody");
    refused_line("at 1s kill 1 and 2 and 3 and 4 and 1", 32, "at most four");
    refused_line("end registered 1 with 3", 5, "fewer seeds than that");
    refused_line("end overlay in 5 parts", 5, "fewer peers than that");
    refused("cluster 1 seeds 0 peers\nat 1s kill hub\nrun 2s", 2, 12,
            "there is no peer");
    refused("cluster 1 seeds 0 peers\nat 1s kill peers\nrun 2s", 2, 12,
            "there is no peer");
}

static void times_that_go_back_are_refused(void **state)
{
    (void)state;
    refused_line("expect 5s..2s joined all", 8, "this span goes back");
    refused_line("until 5s..2s joined all", 7, "this span goes back");
    refused_line("end degree between 5 and 3", 5, "go back");
    refused(CLUSTER "at 9s kill 1\nat 8s kill 2\nrun 90s", 3, 4,
            "before the action above");
}

static void impossible_actions_are_refused(void **state)
{
    (void)state;
    refused_line("at 1s thaw peer 1", 12, "peer 1 is not frozen then");
    refused_line("at 1s start peer 1", 13, "peer 1 runs then");
    refused_line("at 1s start peers", 13, "peer 1 runs then");
    refused_line("at 1s harm seed 2 lose", 12, "seed 2 runs then");
    refused_line("at 1s publish seed 1", 15, "only peers publish");
    refused_line("at 1s heal 2", 7, "nothing is cut then");
    refused_line("at 1s heal 2 <-> *", 7, "nothing is cut then");
    refused_line("at 1s cut 2 <-> 1..3", 11, "peer 2 is on both sides");
    refused_line("at 1s cut seeds and peers -> *", 11, "nobody else is left");
    refused_line("at 1s join hub over 1s", 12, "named by number");
    refused_line("at 1s slow 1 by 25h", 17, "at most a day");
    refused_line("at 1s far 1 by 25h", 16, "at most a day further");
    refused_line("at 1s weather tail 1% up to 25h", 29, "0s to 24h");
    refused_line("at 1s publish 1 every 0s for 5s", 23, "too often");
    refused_line("at 1s publish 1 every 5s for 0s", 30, "before it begins");
    refused_line("at 1s reset 1 0%", 7, "no connection breaks");
    refused(CLUSTER "at 1s cut 1 <-> 2\nat 2s heal 3\nrun 9s", 3, 12,
            "nobody has cut that off");
    refused(CLUSTER "at 1s cut 1 <-> 2\nat 2s heal 1 <-> 3\nrun 9s", 3, 18,
            "nobody has cut that off");
    accepted(CLUSTER "at 1s cut hub <-> 2\nat 2s heal 3\nrun 9s");
    accepted(CLUSTER "at 1s isolate 2\nat 2s heal 3\nrun 9s");
    static const struct {
        const char *lines;
        uint32_t column;
        const char *part;
    } pairs[] = {
        {"at 1s kill 1\nat 2s kill 1", 12, "peer 1 does not run then"},
        {"at 1s kill 1\nat 2s freeze 1", 14, "peer 1 does not run then"},
        {"at 1s kill 1\nat 2s leave 1", 13, "peer 1 does not run then"},
        {"at 1s kill 1\nat 2s publish 1", 15, "peer 1 does not run then"},
        {"at 1s freeze 1\nat 2s freeze 1", 14, "peer 1 does not run then"},
        {"at 1s freeze 1\nat 2s publish 1", 15, "peer 1 does not run then"},
        {"at 1s freeze 1\nat 2s start 1", 13, "peer 1 runs then"},
        {"at 1s kill 1\nat 2s join 1 over 1s", 12, "named before"},
        {"at 1s join 1 over 1s\nat 2s join 1 over 1s", 12, "named before"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), CLUSTER "%s\nrun 90s\n",
                       pairs[i].lines);
        refused(text, 3, pairs[i].column, pairs[i].part);
    }
    /* Where chance decides, the run finds out. */
    accepted(CLUSTER "at 1s kill hub\nat 2s start 1\nrun 9s");
    accepted(CLUSTER "at 1s freeze 1\nat 2s thaw 1\nat 3s kill 1\n"
                     "at 4s restart 1 after 2s\nat 5s leave 1\nrun 9s");
}

static void what_nothing_can_come_of_is_refused(void **state)
{
    (void)state;
    refused(CLUSTER "run 5s\nat 6s kill 1\n", 3, 4, "when all is over");
    refused(CLUSTER "at 5s kill 1\nuntil 0s..5s joined all", 2, 4,
            "when all is over");
    refused(CLUSTER "end joined all", 2, 1, "nothing is claimed");
    refused_line("until 0s..0s joined all", 7, "over before anything");
    refused_line("hold 0s..0s joined all", 6, "over before anything");
    refused_line("until 1s..5s delivered all since 5s", 14, "over before the");
    refused_line("until 1s..5s calm", 1, "at the end only");
    refused_line("never calm", 1, "at the end only");
}

/* ------------------------------------------------------------------- noise */

static const char *const all_words =
    "# everything\n"
    "cluster 2 seeds 4 peers rng 4 ping 13s ping-timeout 3s gossip 5s count 3 "
    "links 3\n"
    "with latency 1ms..20ms tail 1.5% up to 3s rate 64 KiB/s window 16 KiB\n"
    "with overlay uniform jobs 0ms..1ms disk 1ms..5ms stagger 0s..1s one host\n"
    "arm R5 O1\ndisarm S4\n"
    "until 0s..20s overlay connected\n"
    "at 1s join 4 over 5s\nat 20s cut 2 <-> *\n"
    "expect 33s..62s some reports 2\nat 63s heal 2\n"
    "at 64s reset peers 2% every 1s for 9s\nat 65s slow 1 by 1s\n"
    "at 65s far 2 by 1s\n"
    "at 66s weather latency 1ms..2ms rate 9 KiB/s\nat 67s disk seed 1 full\n"
    "at 68s kill top 20%\nat 69s restart top 20% after 2s\n"
    "at 70s clock 3 -1h\nat 71s partition seed 1 and 1..2 | *\n"
    "hold 63s..90s all seeds have 2 alive inc 2\nnever message lost\n"
    "end delivered 90% since 3s\nend event strike at 1 with peer x\n"
    "end nothing pending\nend calm\nrun 100s\n";

/* One change at a place. */
static size_t mutate(char *text, size_t len, size_t max, struct hsy_prng *prng)
{
    static const char pieces[] = " \n#.<->*%|0129as\t\r\x80";
    size_t at = (size_t)hsy_prng_below(prng, len + 1);
    char piece = pieces[hsy_prng_below(prng, sizeof(pieces))];
    uint64_t kind = hsy_prng_below(prng, 4);
    if (kind == 0 && at < len) {
        text[at] = piece;
    } else if (kind == 1 && at < len) {
        memmove(text + at, text + at + 1, len - at - 1);
        return len - 1;
    } else if (kind == 2 && len < max) {
        memmove(text + at + 1, text + at, len - at);
        text[at] = piece;
        return len + 1;
    } else if (at < len) {
        size_t from = (size_t)hsy_prng_below(prng, len);
        size_t n = (size_t)hsy_prng_below(prng, 40);
        n = from + n > len ? len - from : n;
        n = at + n > len ? len - at : n;
        memmove(text + at, text + from, n);
    }
    return len;
}

/* Whatever it is, it is a scenario or an error with a place and a reason. The
 * text has no room behind it, so that a sanitizer sees a read too far. */
static void damaged_texts_are_parsed_or_refused(void **state)
{
    (void)state;
    accepted(all_words);
    struct hsy_prng prng;
    hsy_prng_init(&prng, 3);
    uint32_t bad = 0;
    for (int round = 0; round < 4000; round++) {
        char text[4096];
        size_t len = strlen(all_words);
        memcpy(text, all_words, len);
        uint64_t changes = 1 + hsy_prng_below(&prng, 12);
        for (uint64_t i = 0; i < changes; i++) {
            len = mutate(text, len, sizeof(text), &prng);
        }
        char *exact = malloc(len + (len == 0 ? 1 : 0));
        CLAIM(exact != NULL);
        memcpy(exact, text, len);
        struct hsy_scenario *s = NULL;
        struct hsy_scenario_error error = {0};
        int err = parse(exact, len, &s, &error);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_MALFORMED);
        if (err != HEARSAY_OK) {
            CLAIM(error.line >= 1);
            CLAIM(error.column >= 1);
            CLAIM(error.text[0] != '\0');
            bad++;
        }
        hsy_scenario_destroy(s);
        free(exact);
    }
    CLAIM(bad > 2000);
}

static void no_memory_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    uint64_t call = 0;
    int err = HEARSAY_ERR_NOMEM;
    while (err == HEARSAY_ERR_NOMEM) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_scenario *s = NULL;
        struct hsy_scenario_error error;
        err =
            hsy_scenario_parse(&s, &mem, all_words, strlen(all_words), &error);
        hsy_scenario_destroy(s);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM_INT(err, HEARSAY_OK);
    CLAIM(call > 3);
}

/* The run too: the first failures all, then every seventh. */
static void a_run_without_memory_is_an_error(void **state)
{
    (void)state;
    static const char text[] =
        "cluster 1 seeds 2 peers rng 4 count 1 stagger 0s..0s\n"
        "at 1s kill hub\nat 2s partition 50% of peers | seeds\n"
        "until 1s..3s overlay connected\nend calm\nrun 3s\n";
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error;
    CLAIM_INT(parse(text, strlen(text), &s, &error), HEARSAY_OK);
    int err = HEARSAY_ERR_NOMEM;
    uint32_t failed = 0;
    for (uint64_t call = 1; err != HEARSAY_OK && call < 100000;
         call += call < 300 ? 1 : 7) {
        static char story[4096];
        struct mem_fault fault = mem_fault_at(call);
        struct hsy_scenario_setup setup = {.machine = hsy_machine_node(),
                                           .crypto = hearsay_crypto_null(),
                                           .mem = mem_fault_mem(&fault)};
        struct hsy_scenario_result result;
        err = hsy_scenario_run(s, &setup, &result, story, sizeof(story));
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
        bool reached = fault.calls >= call;
        failed += err == HEARSAY_ERR_NOMEM ? 1 : 0;
        /* A node that goes on without is no failure of the run. */
        err = reached ? HEARSAY_ERR_NOMEM : err;
    }
    CLAIM_INT(err, HEARSAY_OK);
    CLAIM(failed > 20);
    hsy_scenario_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_without_a_cluster_is_refused),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(too_many_statements_are_refused),
        cmocka_unit_test(unknown_words_are_told_with_what_was_expected),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(nodes_that_do_not_exist_are_refused),
        cmocka_unit_test(times_that_go_back_are_refused),
        cmocka_unit_test(impossible_actions_are_refused),
        cmocka_unit_test(what_nothing_can_come_of_is_refused),
        cmocka_unit_test(damaged_texts_are_parsed_or_refused),
        cmocka_unit_test(no_memory_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_run_without_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("sim_scenario_errors", tests, NULL,
                                       NULL);
}
