/* The swarm over the real protocol: seeds that ever failed, new ones, and
 * that a run is decided by its seed alone. What the swarm catches, and that it
 * makes it small, is in test_swarm_bites.
 *
 * HEARSAY_SWARM_RUNS=N: so many new ones. One of them alone, with everything
 * that happens: hearsay sim --swarm --rng N --trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/swarm.h"
#include "support/claim.h"

enum { RUNS = 200, FIRST_RNG = 1 };

static struct hsy_swarm_plan plan;
static struct hsy_swarm_result result;

static void run(uint64_t rng, uint64_t hash_salt)
{
    struct hsy_swarm_choice choice = {.rng = rng};
    struct hsy_swarm_setup setup = {.mem = *hearsay_mem_default(),
                                    .crypto = hearsay_crypto_null(),
                                    .hash_salt = hash_salt};
    hsy_swarm_draw(&plan, &choice);
    assert_int_equal(hsy_swarm_run(&result, &plan, &setup), HEARSAY_OK);
}

static bool survives(uint64_t rng)
{
    run(rng, 0);
    if (result.what[0] == '\0') {
        return true;
    }
    char repro[HSY_SWARM_REPRO_LEN];
    hsy_swarm_repro(repro, &plan.choice);
    (void)fprintf(stderr, "# %s\n# %s: %s\n%s%s", repro, result.what,
                  result.text, result.blows, result.story);
    return false;
}

static void seeds_that_ever_failed_hold(void **state)
{
    (void)state;
    char path[512];
    const char *root = getenv("HEARSAY_SOURCE_ROOT");
    (void)snprintf(path, sizeof(path), "%s/tests/property/rng.txt",
                   root == NULL ? "." : root);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char line[256];
    unsigned failed = 0, tried = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] >= '0' && line[0] <= '9') {
            tried++;
            failed += survives(strtoull(line, NULL, 0)) ? 0 : 1;
        }
    }
    assert_int_equal(fclose(f), 0);
    CLAIM(tried > 0);
    CLAIM_INT(failed, 0);
}

static void new_ones_hold(void **state)
{
    (void)state;
    const char *text = getenv("HEARSAY_SWARM_RUNS");
    uint64_t runs = text == NULL ? RUNS : strtoull(text, NULL, 0);
    unsigned failed = 0;
    for (uint64_t i = 0; i < runs; i++) {
        failed += survives(FIRST_RNG + i) ? 0 : 1;
    }
    CLAIM_INT(failed, 0);
}

static uint64_t digest_of(uint64_t rng, uint64_t hash_salt)
{
    run(rng, hash_salt);
    return result.digest;
}

static void a_seed_decides_the_whole_run(void **state)
{
    (void)state;
    for (uint64_t rng = 1; rng <= 5; rng++) {
        uint64_t digest = digest_of(rng, 0);
        CLAIM(digest_of(rng, 0) == digest);
        CLAIM(digest_of(rng, 0x5eed5a17) == digest);
    }
    CLAIM(digest_of(1, 0) != digest_of(2, 0));
}

/* One plan of three has bursts, small and large; and what they publish is
 * judged like all else. */
static void some_publish_many_at_once(void **state)
{
    (void)state;
    unsigned many = 0, large = 0, of_all = 0;
    uint64_t best = 0, most = 0;
    for (uint64_t rng = 1; rng <= 300; rng++) {
        struct hsy_swarm_choice choice = {.rng = rng};
        hsy_swarm_draw(&plan, &choice);
        uint64_t weight = (uint64_t)plan.burst * plan.burst_percent;
        many += plan.burst_percent > 0 ? 1 : 0;
        large += weight > 0 && plan.burst >= 32 ? 1 : 0;
        of_all += weight > 0 && plan.burst_of_all ? 1 : 0;
        best = weight > most && plan.peers <= 16 ? rng : best;
        most = weight > most && plan.peers <= 16 ? weight : most;
    }
    CLAIM(many > 70 && many < 130);
    CLAIM(large > 10);
    CLAIM(of_all > 25 && of_all < many - 25);

    /* Where no link breaks, hardly anything escapes judgement. */
    struct hsy_swarm_choice choice = {.rng = best,
                                      .only = HSY_SWARM_BIT(HSY_SWARM_DELAY)};
    struct hsy_swarm_setup setup = {.mem = *hearsay_mem_default(),
                                    .crypto = hearsay_crypto_null()};
    hsy_swarm_draw(&plan, &choice);
    assert_int_equal(hsy_swarm_run(&result, &plan, &setup), HEARSAY_OK);
    CLAIM_TEXT(result.what, "");
    struct hsy_swarm_pairs with = result.pairs;
    CLAIM(with.judged > with.all / 10 * 9);
    CLAIM(with.judged <= with.all);
    CLAIM_INT(with.left_out, 0);
    plan.burst_percent = 0;
    assert_int_equal(hsy_swarm_run(&result, &plan, &setup), HEARSAY_OK);
    CLAIM(with.judged > 2 * result.pairs.judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_that_ever_failed_hold),
        cmocka_unit_test(new_ones_hold),
        cmocka_unit_test(a_seed_decides_the_whole_run),
        cmocka_unit_test(some_publish_many_at_once),
    };
    return cmocka_run_group_tests_name("swarm", tests, NULL, NULL);
}
