/* Liars lie for real: what they say arrives, is signed, and is judged by the
 * nodes that it is said to. */
#include "support/claim.h"

#include "base/time.h"
#include "sim/study.h"

static struct hsy_study_config config_of(uint32_t seeds, uint32_t peers)
{
    struct hsy_study_config config;
    hsy_study_config_init(&config, hearsay_mem_default());
    config.seeds = seeds;
    config.peers = peers;
    config.messages = 0;
    config.join_over_ns = HSY_SECOND;
    config.lies = true;
    config.pauses = (struct hsy_study_pauses){.count = 1,
                                              .lasts_ns = 50 * HSY_SECOND,
                                              .apart_ns = 20 * HSY_SECOND,
                                              .for_ns = 200 * HSY_SECOND,
                                              .answers_ns = 2 * HSY_SECOND};
    return config;
}

static struct hsy_liars_counts run(const struct hsy_study_config *config,
                                   uint64_t *out_false)
{
    struct hsy_study *s = NULL;
    bool done = false;
    CLAIM_INT(hsy_study_create(&s, config), HEARSAY_OK);
    while (!done) {
        CLAIM_INT(hsy_study_step(s, &done), HEARSAY_OK);
    }
    struct hsy_liars_counts counts = hsy_study_lies(s);
    *out_false = hsy_measure_counts(hsy_study_measure(s)).false_deaths;
    hsy_study_destroy(s);
    return counts;
}

static void lying_neighbours_kill_nobody_and_lose_their_voice(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(3, 8);
    uint64_t wrong;
    config.liars.neighbours = true;
    struct hsy_liars_counts n = run(&config, &wrong);
    CLAIM_INT(n.liars, 2);
    CLAIM(n.lies > 100);
    CLAIM_INT(n.liars_muted, 2);
    CLAIM_INT(n.honest_muted, 0);
    CLAIM_INT(wrong, 0);
}

static void a_minority_of_lying_seeds_kills_nobody_a_majority_does(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(3, 8);
    uint64_t wrong;
    config.liars.seeds = 1;
    struct hsy_liars_counts n = run(&config, &wrong);
    CLAIM(n.lies > 100);
    CLAIM_INT(wrong, 0);
    config.liars.seeds = 2; /* So verdicts do arrive, and count. */
    (void)run(&config, &wrong);
    CLAIM(wrong > 10);
}

static void what_was_true_once_kills_nobody_later(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(3, 8);
    uint64_t wrong;
    config.liars.replayer = true;
    struct hsy_liars_counts n = run(&config, &wrong);
    CLAIM(n.lies > 100);
    CLAIM_INT(n.honest_muted, 0);
    CLAIM_INT(wrong, 0);
}

static void who_plays_dead_takes_nobodys_voice(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(3, 12);
    uint64_t wrong;
    config.liars.player = true;
    struct hsy_liars_counts n = run(&config, &wrong);
    CLAIM_INT(n.players, 1);
    CLAIM_INT(n.honest_muted, 0);
    CLAIM_INT(wrong, 0);
}

static void a_seed_that_was_alone_kills_nobody(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(3, 8);
    uint64_t wrong;
    config.liars.recluse_ns = 120 * HSY_SECOND;
    struct hsy_liars_counts n = run(&config, &wrong);
    CLAIM_INT(n.lies, 0);
    CLAIM_INT(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lying_neighbours_kill_nobody_and_lose_their_voice),
        cmocka_unit_test(
            a_minority_of_lying_seeds_kills_nobody_a_majority_does),
        cmocka_unit_test(what_was_true_once_kills_nobody_later),
        cmocka_unit_test(who_plays_dead_takes_nobodys_voice),
        cmocka_unit_test(a_seed_that_was_alone_kills_nobody),
    };
    return cmocka_run_group_tests_name("liars", tests, NULL, NULL);
}
