/* How many seeds of how many are enough. */
#include "core/votes.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;

/* Of @seeds, with the first @count of them in favour. */
static struct hsy_votes votes_of(uint32_t seeds, uint32_t count)
{
    env.config.seeds_count = seeds;
    struct hsy_votes votes = hsy_votes(&env);
    for (uint32_t i = 0; i < count; i++) {
        hsy_votes_add(&votes, i);
    }
    return votes;
}

/* The least that makes a majority of @seeds. */
static uint32_t majority_of(uint32_t seeds)
{
    uint32_t count = 0;
    struct hsy_votes votes = votes_of(seeds, 0);

    while (hsy_votes_missing(&votes) > 0) {
        CLAIM(count < seeds);
        count++;
        votes = votes_of(seeds, count);
    }
    return count;
}

/* The least that every majority of @seeds meets. */
static uint32_t met_of(uint32_t seeds)
{
    uint32_t count = 0;
    struct hsy_votes votes = votes_of(seeds, 0);

    while (!hsy_votes_meet_majorities(&votes)) {
        CLAIM(count < seeds);
        count++;
        votes = votes_of(seeds, count);
    }
    return count;
}

static void more_than_half_are_a_majority(void **state)
{
    static const uint32_t wanted[] = {0, 1, 2, 2, 3, 3, 4, 4};

    (void)state;
    for (uint32_t seeds = 1; seeds < 8; seeds++) {
        struct hsy_votes none = votes_of(seeds, 0);
        CLAIM_INT(majority_of(seeds), wanted[seeds]);
        CLAIM_INT(hsy_votes_majority(&none), wanted[seeds]);
    }
    CLAIM_INT(majority_of(HEARSAY_SEEDS_MAX), HEARSAY_SEEDS_MAX / 2 + 1);
}

static void what_is_missing_falls_by_one_with_each_vote(void **state)
{
    (void)state;
    for (uint32_t seeds = 1; seeds <= HEARSAY_SEEDS_MAX; seeds++) {
        uint32_t wanted = majority_of(seeds);
        for (uint32_t count = 0; count <= seeds; count++) {
            struct hsy_votes votes = votes_of(seeds, count);
            CLAIM_INT(votes.count, count);
            CLAIM_INT(votes.seeds, seeds);
            CLAIM_INT(hsy_votes_missing(&votes),
                      count < wanted ? wanted - count : 0);
        }
    }
}

static void any_two_majorities_have_a_seed_in_common(void **state)
{
    (void)state;
    for (uint32_t seeds = 1; seeds <= HEARSAY_SEEDS_MAX; seeds++) {
        CLAIM(2 * majority_of(seeds) > seeds);
        CLAIM(2 * (majority_of(seeds) - 1) <= seeds); /* And no more. */
    }
}

/* 1 of 1 or 2, 2 of 3 or 4, 3 of 5 (docs/protocol.md, Death). */
static void a_death_takes_as_many_as_meet_every_majority(void **state)
{
    static const uint32_t wanted[] = {0, 1, 1, 2, 2, 3, 3, 4};

    (void)state;
    for (uint32_t seeds = 1; seeds < 8; seeds++) {
        CLAIM_INT(met_of(seeds), wanted[seeds]);
    }
    for (uint32_t seeds = 1; seeds <= HEARSAY_SEEDS_MAX; seeds++) {
        CLAIM(met_of(seeds) + majority_of(seeds) > seeds);
        CLAIM(met_of(seeds) - 1 + majority_of(seeds) <= seeds);
    }
}

static void a_line_that_is_another_ones_seed_has_no_vote(void **state)
{
    (void)state;
    struct hsy_votes votes = votes_of(3, 1);
    CLAIM_INT(hsy_votes_missing(&votes), 1);
    hsy_votes_void(&votes);
    CLAIM_INT(votes.seeds, 2);
    CLAIM_INT(hsy_votes_missing(&votes), 1); /* Two of two. */
    hsy_votes_void(&votes);
    CLAIM_INT(hsy_votes_missing(&votes), 0); /* One of one. */
    CLAIM_DIES(hsy_votes_void(&votes));
}

static void a_vote_without_a_line_is_one(void **state)
{
    (void)state;
    struct hsy_votes votes = votes_of(3, 1);
    CLAIM(!hsy_votes_meet_majorities(&votes));
    hsy_votes_add_stranger(&votes);
    CLAIM(hsy_votes_meet_majorities(&votes));
    CLAIM_INT(hsy_votes_missing(&votes), 0);
    CLAIM_INT(votes.count, 2);
}

static void a_line_votes_once(void **state)
{
    (void)state;
    struct hsy_votes votes = votes_of(HEARSAY_SEEDS_MAX, HEARSAY_SEEDS_MAX);
    CLAIM_DIES(hsy_votes_add(&votes, 0));
    CLAIM_DIES(hsy_votes_add(&votes, HEARSAY_SEEDS_MAX - 1));
    CLAIM_DIES(hsy_votes_add(&votes, HEARSAY_SEEDS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_half_are_a_majority),
        cmocka_unit_test(what_is_missing_falls_by_one_with_each_vote),
        cmocka_unit_test(any_two_majorities_have_a_seed_in_common),
        cmocka_unit_test(a_death_takes_as_many_as_meet_every_majority),
        cmocka_unit_test(a_line_that_is_another_ones_seed_has_no_vote),
        cmocka_unit_test(a_vote_without_a_line_is_one),
        cmocka_unit_test(a_line_votes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
