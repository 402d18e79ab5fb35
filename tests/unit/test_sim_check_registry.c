/* R1 to R8: made-up lists, acknowledgements and claims of three seeds and two
 * peers; each invariant is kept once and broken on purpose once. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "sim/check.h"

enum { SEEDS = 3, PEER = 3, OTHER = 4, NODES = 5 };

struct rig {
    struct hsy_findings f;
    struct hsy_check_registry r;
};

static const struct hsy_promises promises = {.ping_interval_ns =
                                                 13 * HSY_SECOND};

static int set_up(void **state)
{
    static struct rig rig;
    memset(&rig, 0, sizeof(rig));
    CLAIM_INT(hsy_findings_init(&rig.f, NODES, SEEDS, hearsay_mem_default()),
              HEARSAY_OK);
    CLAIM_INT(hsy_check_registry_init(&rig.r, &rig.f, &promises), HEARSAY_OK);
    rig.f.now_ns = 100 * HSY_SECOND;
    for (uint32_t i = 0; i < NODES; i++) {
        hsy_check_registry_started(&rig.r, i);
    }
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    hsy_check_registry_fini(&rig->r);
    hsy_findings_fini(&rig->f);
    return 0;
}

/* ---------------------------------------------------------- made-up facts */

static void own(struct rig *rig, uint32_t node, uint64_t incarnation)
{
    struct hsy_fact fact = {
        .node = node, .up = true, .has_say = true, .incarnation = incarnation};
    hsy_check_registry_fact(&rig->r, &fact);
}

static void list_of(struct rig *rig, struct hsy_fact fact)
{
    static const struct hsy_listed none[1];
    fact.up = true;
    fact.has_say = true;
    fact.incarnation = 1;
    fact.listed = fact.listed_count == 0 ? none : fact.listed;
    hsy_check_registry_fact(&rig->r, &fact);
}

static void list(struct rig *rig, uint32_t seed, const struct hsy_listed *lines,
                 uint32_t count)
{
    list_of(rig, (struct hsy_fact){
                     .node = seed, .listed = lines, .listed_count = count});
}

static void lists(struct rig *rig, uint32_t seed,
                  enum hsy_view_peer_state state, uint64_t incarnation)
{
    struct hsy_listed line = {
        .subject = PEER, .state = state, .incarnation = incarnation};
    list(rig, seed, &line, 1);
}

/* The same of a seed whose disk may refuse what it writes. */
static void lists_shakily(struct rig *rig, uint32_t seed,
                          enum hsy_view_peer_state state, uint64_t incarnation)
{
    struct hsy_listed line = {
        .subject = PEER, .state = state, .incarnation = incarnation};
    list_of(rig, (struct hsy_fact){.node = seed,
                                   .unsaved_ns = 75 * HSY_SECOND,
                                   .listed = &line,
                                   .listed_count = 1});
}

static void ack(struct rig *rig, uint32_t seed, uint64_t incarnation,
                uint64_t k)
{
    struct hsy_claimed claim = {.peer = PEER, .seed = seed, .k = k, .q = 2};
    hsy_check_registry_acked(&rig->r, seed, PEER, incarnation);
    hsy_check_registry_claimed(&rig->r, &claim);
}

static void pass(struct rig *rig, uint64_t seconds)
{
    rig->f.now_ns += seconds * HSY_SECOND;
}

static uint32_t all_broken(const struct rig *rig)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        sum += rig->f.broken[i];
    }
    return sum;
}

/* The peer runs at incarnation 4, and seeds 0 and 1 hold and acknowledge it. */
static void register_peer(struct rig *rig)
{
    own(rig, PEER, 4);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    ack(rig, 0, 4, 1);
    lists(rig, 1, HSY_PEER_ALIVE, 4);
    ack(rig, 1, 4, 2);
    list(rig, 2, NULL, 0);
}

/* --------------------------------------------------------------------- R1 */

static void test_r1_a_registration_that_two_of_three_hold_is_read(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(all_broken(rig), 0);
    CLAIM_INT(rig->f.looked[HSY_R1], 1);
}

static void test_r1_a_registration_that_one_forgot_is_caught(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    list(rig, 0, NULL, 0);
    hsy_check_registry_look(&rig->r);
    hsy_check_registry_look(&rig->r); /* Told once. */
    CLAIM_INT(rig->f.broken[HSY_R1], 1);
    CLAIM_INT(rig->f.firsts[HSY_R1].node, PEER);
}

static void test_r1_a_tombstone_answers_for_a_registration(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    lists(rig, 1, HSY_PEER_LEFT, 4);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r1_a_seed_that_is_down_holds_what_it_held(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    hsy_check_registry_ended(&rig->r, 0, 0);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(all_broken(rig), 0);
    hsy_check_registry_started(&rig->r, 0);
    list(rig, 0, NULL, 0); /* It was acknowledged, so it was on disk. */
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R1], 1);
}

static void test_r1_a_harmed_seed_is_no_witness(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    rig->f.excused[0] = 1u << HSY_R1 | 1u << HSY_R4;
    list(rig, 0, NULL, 0);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(all_broken(rig), 0);
}

/* --------------------------------------------------------------- R2 to R4 */

static void test_r2_alive_above_its_tombstone_is_no_resurrection(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r2_a_resurrection_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(rig->f.broken[HSY_R2], 1);
    CLAIM_INT(rig->f.first.what, HSY_R2);
}

static void test_r2_a_resurrection_after_the_grave_sank_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_LEFT, 4);
    list(rig, 0, NULL, 0);
    CLAIM_INT(all_broken(rig), 0);
    lists(rig, 0, HSY_PEER_ABSENT, 4);
    CLAIM_INT(rig->f.broken[HSY_R2], 1);
}

static void test_r3_an_incarnation_that_its_owner_had_is_fine(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    own(rig, PEER, 2); /* An old disk; the higher one was its own, too. */
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    CLAIM_INT(all_broken(rig), 0);
    CLAIM_INT(rig->f.looked[HSY_R3], 1);
}

static void test_r3_a_seed_that_raises_an_incarnation_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 4);
    lists(rig, 0, HSY_PEER_DEAD, 5);
    CLAIM_INT(rig->f.broken[HSY_R3], 1);
    CLAIM_INT(rig->f.first.node, 0);
}

static void test_r3_a_book_with_an_invented_incarnation_is_caught(void **state)
{
    struct rig *rig = *state;
    struct hsy_listed line = {.subject = PEER, .incarnation = 5};
    struct hsy_fact fact = {.node = OTHER,
                            .up = true,
                            .has_say = true,
                            .incarnation = 1,
                            .listed = &line,
                            .listed_count = 1};
    own(rig, PEER, 4);
    hsy_check_registry_fact(&rig->r, &fact);
    CLAIM_INT(rig->f.broken[HSY_R3], 1);
    CLAIM_INT(rig->f.first.node, OTHER);
}

static void test_r4_ranks_that_rise_are_fine(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    lists(rig, 0, HSY_PEER_ABSENT, 4);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r4_a_rank_that_falls_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
    CLAIM_INT(rig->f.broken[HSY_R2], 0);
}

static void test_r4_a_living_record_that_vanishes_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    list(rig, 0, NULL, 0);
    list(rig, 0, NULL, 0);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r4_a_crash_may_lose_what_was_not_committed(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    pass(rig, 10);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    hsy_check_registry_ended(&rig->r, 0, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r4_a_crash_may_not_lose_more_than_that(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    pass(rig, 10);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    hsy_check_registry_ended(&rig->r, 0, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 3);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r4_a_crash_may_lose_nothing_that_is_old(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    pass(rig, 10);
    hsy_check_registry_ended(&rig->r, 0, 1);
    list(rig, 0, NULL, 0);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r4_a_crash_without_open_writes_loses_nothing(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    hsy_check_registry_ended(&rig->r, 0, 0);
    list(rig, 0, NULL, 0);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

/* Seed 0 held the peer at 4; its disk refused what came in the next 30 s. */
static void disk_refuses(struct rig *rig)
{
    own(rig, PEER, 6);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    pass(rig, 10);
    lists_shakily(rig, 0, HSY_PEER_DEAD, 4);
    pass(rig, 30);
    lists_shakily(rig, 0, HSY_PEER_ALIVE, 5);
}

static void test_r4_a_crash_may_lose_what_the_disk_refused(void **state)
{
    struct rig *rig = *state;
    disk_refuses(rig);
    hsy_check_registry_ended(&rig->r, 0, 0);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(all_broken(rig), 0);
}

/* The next process has trouble of its own, which has begun later. */
static void test_r4_and_so_may_a_crash_before_more_trouble(void **state)
{
    struct rig *rig = *state;
    disk_refuses(rig);
    pass(rig, 10);
    hsy_check_registry_ended(&rig->r, 0, 0);
    pass(rig, 100);
    lists_shakily(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r4_a_disk_that_refuses_keeps_what_it_had(void **state)
{
    struct rig *rig = *state;
    disk_refuses(rig);
    hsy_check_registry_ended(&rig->r, 0, 0);
    list(rig, 0, NULL, 0);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r4_what_was_refused_is_written_again_in_time(void **state)
{
    struct rig *rig = *state;
    disk_refuses(rig);
    pass(rig, 76);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    hsy_check_registry_ended(&rig->r, 0, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

/* Seed 0 held the peer as dead at 4; its disk refused the life at 5. */
static void disk_refuses_a_life(struct rig *rig,
                                enum hsy_view_peer_state before)
{
    own(rig, PEER, 5);
    lists(rig, 0, before, 4);
    pass(rig, 10);
    lists_shakily(rig, 0, HSY_PEER_ALIVE, 5);
    pass(rig, 1);
    hsy_check_registry_ended(&rig->r, 0, 0);
    list(rig, 0, NULL, 0);
}

static void test_r4_what_was_refused_may_leave_a_grave_that_sank(void **state)
{
    struct rig *rig = *state;
    disk_refuses_a_life(rig, HSY_PEER_LEFT);
    CLAIM_INT(all_broken(rig), 0);
    lists(rig, 0, HSY_PEER_ALIVE, 4); /* But its rank was held. */
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r4_what_was_refused_leaves_the_life_before(void **state)
{
    struct rig *rig = *state;
    disk_refuses_a_life(rig, HSY_PEER_ALIVE);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

/* A frozen seed's writes wait with it, for as long as it takes. */
static void freeze_and_kill(struct rig *rig, uint64_t after_s)
{
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    pass(rig, 10);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    pass(rig, after_s);
    for (int i = 0; i < 10; i++) {
        struct hsy_fact fact = {.node = 0, .unsaved_ns = 2 * HSY_SECOND};
        struct hsy_listed line = {
            .subject = PEER, .state = HSY_PEER_ALIVE, .incarnation = 5};
        fact.listed = &line;
        fact.listed_count = 1;
        list_of(rig, fact);
        pass(rig, 1);
    }
    hsy_check_registry_ended(&rig->r, 0, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
}

static void test_r4_a_frozen_seed_may_lose_its_last_writes(void **state)
{
    struct rig *rig = *state;
    freeze_and_kill(rig, 1);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r4_a_frozen_seed_may_lose_no_older_ones(void **state)
{
    struct rig *rig = *state;
    freeze_and_kill(rig, 4);
    CLAIM_INT(rig->f.broken[HSY_R4], 1);
}

static void test_r2_a_refused_write_is_no_leave_to_resurrect(void **state)
{
    struct rig *rig = *state;
    disk_refuses(rig);
    lists_shakily(rig, 0, HSY_PEER_DEAD, 5);
    lists_shakily(rig, 0, HSY_PEER_ALIVE, 5); /* Without a crash. */
    CLAIM_INT(rig->f.broken[HSY_R2], 1);
}

/* A crash takes the tombstone, and a fellow that has not heard of the death
 * tells of the life. */
static void test_r2_a_lost_tombstone_holds_nothing(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists_shakily(rig, 0, HSY_PEER_DEAD, 4);
    pass(rig, 10);
    hsy_check_registry_ended(&rig->r, 0, 0);
    list(rig, 0, NULL, 0);
    pass(rig, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(all_broken(rig), 0);
}

static void test_r2_a_tombstone_on_the_disk_is_not_lost(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    pass(rig, 10);
    hsy_check_registry_ended(&rig->r, 0, 1);
    list(rig, 0, NULL, 0);
    pass(rig, 1);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    CLAIM_INT(rig->f.broken[HSY_R2], 1);
}

/* --------------------------------------------------------------- R5 to R8 */

static void test_r5_a_tombstone_at_a_quorum_is_enough(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    lists(rig, 2, HSY_PEER_DEAD, 4);
    hsy_check_registry_ended(&rig->r, PEER, 0);
    pass(rig, 121);
    hsy_check_registry_calm(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R5], 0);
    CLAIM_INT(rig->f.looked[HSY_R5], 1);
}

static void test_r5_a_dead_node_that_stays_listed_is_caught(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    hsy_check_registry_ended(&rig->r, PEER, 0);
    pass(rig, 119);
    hsy_check_registry_calm(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R5], 0);
    pass(rig, 1);
    hsy_check_registry_calm(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R5], 1);
    CLAIM_INT(rig->f.firsts[HSY_R5].node, PEER);
}

static void test_r6_a_tombstone_that_is_refuted_soon_is_fine(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    pass(rig, 60);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    hsy_check_registry_look(&rig->r);
    pass(rig, 12);
    own(rig, PEER, 5);
    lists(rig, 0, HSY_PEER_ALIVE, 5);
    hsy_check_registry_look(&rig->r);
    pass(rig, 12);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R6], 0);
    CLAIM_INT(rig->f.looked[HSY_R6], 1);
}

static void test_r6_a_living_node_that_stays_buried_is_caught(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    pass(rig, 60);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    hsy_check_registry_look(&rig->r);
    pass(rig, 13);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R6], 0);
    pass(rig, 1);
    hsy_check_registry_look(&rig->r);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R6], 1);
}

static void test_r6_a_node_cut_off_lately_may_be_buried(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    struct hsy_fact cut = {.node = PEER, .up = true, .incarnation = 4};
    pass(rig, 60);
    hsy_check_registry_fact(&rig->r, &cut);
    own(rig, PEER, 4);
    lists(rig, 0, HSY_PEER_DEAD, 4);
    hsy_check_registry_look(&rig->r);
    pass(rig, 20);
    hsy_check_registry_look(&rig->r);
    CLAIM_INT(rig->f.looked[HSY_R6], 0);
}

static void test_r7_seeds_that_agree_are_fine(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 4);
    for (uint32_t s = 0; s < SEEDS; s++) {
        lists(rig, s, s == 1 ? HSY_PEER_ABSENT : HSY_PEER_ALIVE, 4);
    }
    hsy_check_registry_calm(&rig->r);
    CLAIM_INT(all_broken(rig), 0);
    CLAIM_INT(rig->f.looked[HSY_R7], 2);
}

static void test_r7_a_seed_that_lacks_something_is_caught(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    hsy_check_registry_calm(&rig->r);
    CLAIM_INT(rig->f.broken[HSY_R7], 1);
    CLAIM_INT(rig->f.firsts[HSY_R7].node, 2);
}

static void test_r8_a_majority_that_holds_it_is_a_registration(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    CLAIM_INT(all_broken(rig), 0);
    CLAIM_INT(rig->f.looked[HSY_R8], 1);
}

static void test_r8_an_acknowledgement_without_a_record_is_caught(void **state)
{
    struct rig *rig = *state;
    own(rig, PEER, 4);
    lists(rig, 0, HSY_PEER_ALIVE, 4);
    ack(rig, 0, 4, 1);
    lists(rig, 1, HSY_PEER_ALIVE, 3);
    ack(rig, 1, 4, 2);
    CLAIM_INT(rig->f.broken[HSY_R8], 1);
    CLAIM_INT(rig->f.first.node, PEER);
}

static void test_r8_a_claim_that_no_seed_answered_is_caught(void **state)
{
    struct rig *rig = *state;
    struct hsy_claimed claim = {.peer = PEER, .seed = 0, .k = 2, .q = 2};
    hsy_check_registry_claimed(&rig->r, &claim);
    CLAIM_INT(rig->f.broken[HSY_R8], 1);
}

static void test_r8_a_quorum_of_one_in_three_is_caught(void **state)
{
    struct rig *rig = *state;
    register_peer(rig);
    struct hsy_claimed claim = {.peer = PEER, .seed = 0, .k = 1, .q = 1};
    hsy_check_registry_claimed(&rig->r, &claim);
    CLAIM_INT(rig->f.broken[HSY_R8], 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_r1_a_registration_that_two_of_three_hold_is_read),
        CASE(test_r1_a_registration_that_one_forgot_is_caught),
        CASE(test_r1_a_tombstone_answers_for_a_registration),
        CASE(test_r1_a_seed_that_is_down_holds_what_it_held),
        CASE(test_r1_a_harmed_seed_is_no_witness),
        CASE(test_r2_alive_above_its_tombstone_is_no_resurrection),
        CASE(test_r2_a_resurrection_is_caught),
        CASE(test_r2_a_resurrection_after_the_grave_sank_is_caught),
        CASE(test_r3_an_incarnation_that_its_owner_had_is_fine),
        CASE(test_r3_a_seed_that_raises_an_incarnation_is_caught),
        CASE(test_r3_a_book_with_an_invented_incarnation_is_caught),
        CASE(test_r4_ranks_that_rise_are_fine),
        CASE(test_r4_a_rank_that_falls_is_caught),
        CASE(test_r4_a_living_record_that_vanishes_is_caught),
        CASE(test_r4_a_crash_may_lose_what_was_not_committed),
        CASE(test_r4_a_crash_may_not_lose_more_than_that),
        CASE(test_r4_a_crash_may_lose_nothing_that_is_old),
        CASE(test_r4_a_crash_without_open_writes_loses_nothing),
        CASE(test_r4_a_crash_may_lose_what_the_disk_refused),
        CASE(test_r4_and_so_may_a_crash_before_more_trouble),
        CASE(test_r4_a_disk_that_refuses_keeps_what_it_had),
        CASE(test_r4_what_was_refused_is_written_again_in_time),
        CASE(test_r4_what_was_refused_may_leave_a_grave_that_sank),
        CASE(test_r4_what_was_refused_leaves_the_life_before),
        CASE(test_r4_a_frozen_seed_may_lose_its_last_writes),
        CASE(test_r4_a_frozen_seed_may_lose_no_older_ones),
        CASE(test_r2_a_refused_write_is_no_leave_to_resurrect),
        CASE(test_r2_a_lost_tombstone_holds_nothing),
        CASE(test_r2_a_tombstone_on_the_disk_is_not_lost),
        CASE(test_r5_a_tombstone_at_a_quorum_is_enough),
        CASE(test_r5_a_dead_node_that_stays_listed_is_caught),
        CASE(test_r6_a_tombstone_that_is_refuted_soon_is_fine),
        CASE(test_r6_a_living_node_that_stays_buried_is_caught),
        CASE(test_r6_a_node_cut_off_lately_may_be_buried),
        CASE(test_r7_seeds_that_agree_are_fine),
        CASE(test_r7_a_seed_that_lacks_something_is_caught),
        CASE(test_r8_a_majority_that_holds_it_is_a_registration),
        CASE(test_r8_an_acknowledgement_without_a_record_is_caught),
        CASE(test_r8_a_claim_that_no_seed_answered_is_caught),
        CASE(test_r8_a_quorum_of_one_in_three_is_caught),
    };
    return cmocka_run_group_tests_name("sim_check_registry", tests, NULL, NULL);
}
