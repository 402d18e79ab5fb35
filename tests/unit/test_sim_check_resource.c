/* S1 to S4: made-up sizes, leftovers and traffic; each is kept once and
 * broken once. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "sim/check.h"
#include "wire/frames.h"

enum { SEED = 0, PEER = 1, NODES = 2 };

struct rig {
    struct hsy_findings f;
    struct hsy_check_resource s;
};

static const struct hsy_promises promises = {.keeps_all = true,
                                             .links_max = {4, 2},
                                             .queue_max = {100, 50},
                                             .jobs_max = {6, 5},
                                             .seen_max = {1, 9},
                                             .list_max = {3, 1}};

static int set_up(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof(rig));
    CLAIM_INT(hsy_findings_init(&rig.f, NODES, 1, hearsay_mem_default()),
              HEARSAY_OK);
    hsy_check_resource_init(&rig.s, &rig.f, &promises);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    hsy_findings_fini(&rig->f);
    return 0;
}

static void test_s1_memory_below_the_ceiling_is_fine(void **state)
{
    struct rig *rig = *state;
    rig->s.ceiling = 1000;
    const uint64_t live_bytes = 1000;
    rig->s.live_bytes = &live_bytes;
    hsy_check_resource_look(&rig->s);
    CLAIM_INT(rig->f.looked[HSY_S1], 1);
    CLAIM_INT(rig->f.broken[HSY_S1], 0);
}

static void test_s1_memory_above_the_ceiling_is_caught(void **state)
{
    struct rig *rig = *state;
    rig->s.ceiling = 1000;
    const uint64_t live_bytes = 1001;
    rig->s.live_bytes = &live_bytes;
    hsy_check_resource_look(&rig->s);
    CLAIM_INT(rig->f.broken[HSY_S1], 1);
    CLAIM(!rig->f.any); /* Armed by a later issue. */
}

/* How often S2 is broken by a node with so many links and lines, and so many
 * bytes in the queue of the last link. */
static uint32_t s2_of(struct rig *rig, uint32_t node, uint32_t links,
                      uint32_t lines, uint32_t queued)
{
    struct hsy_named named[8] = {{0}};
    struct hsy_listed listed[8] = {{0}};
    named[links - 1].queue_bytes = queued;
    struct hsy_fact fact = {.node = node,
                            .up = true,
                            .links = named,
                            .links_count = links,
                            .listed = listed,
                            .listed_count = lines};
    uint32_t before = rig->f.broken[HSY_S2];
    hsy_check_resource_fact(&rig->s, &fact);
    return rig->f.broken[HSY_S2] - before;
}

static void test_s2_what_is_at_its_bound_is_fine(void **state)
{
    struct rig *rig = *state;
    CLAIM_INT(s2_of(rig, SEED, 4, 3, 100), 0);
    CLAIM_INT(s2_of(rig, PEER, 2, 1, 50), 0);
    CLAIM_INT(rig->f.looked[HSY_S2], 2);
}

static void test_s2_each_bound_that_is_passed_is_caught(void **state)
{
    struct rig *rig = *state;
    CLAIM_INT(s2_of(rig, SEED, 5, 3, 100), 1);
    CLAIM_INT(s2_of(rig, SEED, 4, 4, 100), 1);
    CLAIM_INT(s2_of(rig, SEED, 4, 3, 101), 1);
    CLAIM_INT(s2_of(rig, PEER, 3, 1, 50), 1);
    CLAIM_INT(s2_of(rig, PEER, 2, 2, 50), 1);
    CLAIM_INT(s2_of(rig, PEER, 2, 1, 51), 1);
    CLAIM_INT(rig->f.first.what, HSY_S2);
}

static uint32_t s2_of_fact(struct rig *rig, struct hsy_fact fact)
{
    uint32_t before = rig->f.broken[HSY_S2];
    fact.node = PEER;
    fact.up = true;
    hsy_check_resource_fact(&rig->s, &fact);
    return rig->f.broken[HSY_S2] - before;
}

static void test_s2_what_the_node_does_not_count_itself(void **state)
{
    struct rig *rig = *state;
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.open = {.jobs = 5}}), 0);
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.open = {.jobs = 6}}), 1);
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.open = {.links = 2}}), 0);
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.open = {.links = 3}}), 1);
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.seen = 9}), 0);
    CLAIM_INT(s2_of_fact(rig, (struct hsy_fact){.seen = 10}), 1);
}

static void test_s3_who_leaves_nothing_or_is_killed_is_fine(void **state)
{
    struct rig *rig = *state;
    struct hsy_leftovers clean = {.by_itself = true, .writes = 2};
    struct hsy_leftovers killed = {.jobs = 3, .links = 2};
    hsy_check_resource_ended(&rig->s, PEER, &clean);
    hsy_check_resource_ended(&rig->s, PEER, &killed);
    CLAIM_INT(rig->f.looked[HSY_S3], 1);
    CLAIM_INT(rig->f.broken[HSY_S3], 0);
}

static void test_s3_a_job_or_a_link_left_behind_is_caught(void **state)
{
    struct rig *rig = *state;
    struct hsy_leftovers job = {.by_itself = true, .jobs = 1};
    struct hsy_leftovers link = {.by_itself = true, .links = 1};
    hsy_check_resource_ended(&rig->s, PEER, &job);
    CLAIM_INT(rig->f.broken[HSY_S3], 1);
    hsy_check_resource_ended(&rig->s, PEER, &link);
    CLAIM_INT(rig->f.broken[HSY_S3], 2);
}

/* ---------------------------------------------------------------------- S4 */

static void at(struct rig *rig, uint64_t seconds)
{
    rig->f.now_ns = seconds * HSY_SECOND;
}

static void join(struct rig *rig, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        hsy_check_resource_joined(&rig->s);
    }
}

static void test_s4_ten_joins_a_node_in_a_minute_are_calm(void **state)
{
    struct rig *rig = *state;
    at(rig, 100);
    join(rig, 500); /* More than a minute ago. */
    at(rig, 160);
    join(rig, 20);
    hsy_check_resource_calm(&rig->s, 2, 0);
    CLAIM_INT(rig->f.looked[HSY_S4], 1);
    CLAIM_INT(rig->f.broken[HSY_S4], 0);
}

static void test_s4_joins_without_end_are_caught(void **state)
{
    struct rig *rig = *state;
    for (uint64_t s = 101; s <= 160; s++) {
        at(rig, s);
        join(rig, s <= 121 ? 1 : 0);
    }
    hsy_check_resource_calm(&rig->s, 2, 0);
    CLAIM_INT(rig->f.broken[HSY_S4], 1);
}

static void test_s4_links_that_end_in_silence_may_be_replaced(void **state)
{
    struct rig *rig = *state;
    at(rig, 160);
    join(rig, 24);
    hsy_check_resource_silent(&rig->s);
    hsy_check_resource_silent(&rig->s);
    hsy_check_resource_calm(&rig->s, 2, 0);
    CLAIM_INT(rig->f.broken[HSY_S4], 0);
    join(rig, 1);
    hsy_check_resource_calm(&rig->s, 2, 0);
    CLAIM_INT(rig->f.broken[HSY_S4], 1);
}

static void send(struct rig *rig, uint8_t type, uint32_t len)
{
    struct hsy_frame_seen frame = {.type = type, .len = len};
    hsy_check_resource_frame(&rig->s, &frame);
}

static void test_s4_payloads_are_no_unrest(void **state)
{
    struct rig *rig = *state;
    at(rig, 100);
    send(rig, HSY_BUNDLE, 1000000);
    send(rig, HSY_IHAVE, 1000000);
    send(rig, HSY_PING, 65536);
    hsy_check_resource_calm(&rig->s, 1, 0);
    CLAIM_INT(rig->f.broken[HSY_S4], 0);
}

static void test_s4_chatter_is_caught(void **state)
{
    struct rig *rig = *state;
    at(rig, 100);
    send(rig, HSY_SEED_SYNC, 65537);
    hsy_check_resource_calm(&rig->s, 1, 0);
    CLAIM_INT(rig->f.broken[HSY_S4], 1);
}

static void test_frames_are_told_apart(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 0, 0, 2, HSY_BUNDLE, 0,       /**/
                             0, 0, 0, 3, HSY_PING,   0, 0xff, /**/
                             0, 0, 0, 9, HSY_PONG,   0};
    struct hsy_frame_seen seen;
    size_t from = 0;
    CLAIM(hsy_check_next_frame(&seen, &from, bytes, sizeof(bytes)));
    CLAIM_INT(seen.type, HSY_BUNDLE);
    CLAIM_INT(seen.len, 6);
    CLAIM(hsy_check_next_frame(&seen, &from, bytes, sizeof(bytes)));
    CLAIM_INT(seen.type, HSY_PING);
    CLAIM_INT(seen.len, 7);
    CLAIM(!hsy_check_next_frame(&seen, &from, bytes, sizeof(bytes)));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_s1_memory_below_the_ceiling_is_fine),
        CASE(test_s1_memory_above_the_ceiling_is_caught),
        CASE(test_s2_what_is_at_its_bound_is_fine),
        CASE(test_s2_each_bound_that_is_passed_is_caught),
        CASE(test_s2_what_the_node_does_not_count_itself),
        CASE(test_s3_who_leaves_nothing_or_is_killed_is_fine),
        CASE(test_s3_a_job_or_a_link_left_behind_is_caught),
        CASE(test_s4_ten_joins_a_node_in_a_minute_are_calm),
        CASE(test_s4_joins_without_end_are_caught),
        CASE(test_s4_links_that_end_in_silence_may_be_replaced),
        CASE(test_s4_payloads_are_no_unrest),
        CASE(test_s4_chatter_is_caught),
        CASE(test_frames_are_told_apart),
    };
    return cmocka_run_group_tests_name("sim_check_resource", tests, NULL, NULL);
}
