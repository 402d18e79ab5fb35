/* Deterministic random numbers. */
#include "base/prng.h"
#include "support/claim.h"

/* The first outputs of splitmix64 for 0 and for 1234567, as published with
 * many implementations of it; they become the state as they are. */
static void a_seed_is_spread_by_splitmix64(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 0);
    CLAIM_INT(prng.state[0], UINT64_C(0xe220a8397b1dcdaf));
    CLAIM_INT(prng.state[1], UINT64_C(0x6e789e6aa1b965f4));
    CLAIM_INT(prng.state[2], UINT64_C(0x06c45d188009454f));
    CLAIM_INT(prng.state[3], UINT64_C(0xf88bb8a8724c81ec));

    hsy_prng_init(&prng, 1234567);
    CLAIM_INT(prng.state[0], UINT64_C(6457827717110365317));
    CLAIM_INT(prng.state[1], UINT64_C(3203168211198807973));
    CLAIM_INT(prng.state[2], UINT64_C(9817491932198370423));
    CLAIM_INT(prng.state[3], UINT64_C(4593380528125082431));
}

/* The widely used vector of xoshiro256** for the state 1, 2, 3, 4. */
static void numbers_are_those_of_xoshiro256_starstar(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct hsy_prng prng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        CLAIM_INT(hsy_prng_next(&prng), expected[i]);
    }
}

static void equal_seeds_give_equal_numbers_and_others_do_not(void **state)
{
    (void)state;
    struct hsy_prng a;
    struct hsy_prng b;
    struct hsy_prng other;
    hsy_prng_init(&a, 99);
    hsy_prng_init(&b, 99);
    hsy_prng_init(&other, 100);
    for (int i = 0; i < 100; i++) {
        uint64_t v = hsy_prng_next(&a);
        CLAIM_INT(v, hsy_prng_next(&b));
        CLAIM(v != hsy_prng_next(&other));
    }
}

static void below_stays_below_and_meets_every_value(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 5);
    for (uint64_t bound = 1; bound <= 20; bound++) {
        uint32_t seen = 0;
        for (int i = 0; i < 1000; i++) {
            uint64_t v = hsy_prng_below(&prng, bound);
            CLAIM(v < bound);
            seen |= UINT32_C(1) << v;
        }
        CLAIM_INT(seen, (UINT32_C(1) << bound) - 1);
    }
    CLAIM(hsy_prng_below(&prng, UINT64_MAX) < UINT64_MAX);
    CLAIM_DIES((void)hsy_prng_below(&prng, 0));
}

/* With 3 * 2^62 a plain modulo would give the lower third twice as often: half
 * of all draws, where a third is right. 30000 draws: deviation about 82. */
static void below_has_no_modulo_bias(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 6);
    uint64_t third = UINT64_C(1) << 62;
    uint32_t low_count = 0;
    for (int i = 0; i < 30000; i++) {
        low_count += hsy_prng_below(&prng, 3 * third) < third ? 1 : 0;
    }
    CLAIM(low_count > 9500);
    CLAIM(low_count < 10500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_is_spread_by_splitmix64),
        cmocka_unit_test(numbers_are_those_of_xoshiro256_starstar),
        cmocka_unit_test(equal_seeds_give_equal_numbers_and_others_do_not),
        cmocka_unit_test(below_stays_below_and_meets_every_value),
        cmocka_unit_test(below_has_no_modulo_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
