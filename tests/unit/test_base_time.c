/* Times add up without wrapping around, and many share few moments. */
#include "base/time.h"
#include "support/claim.h"

static void never_is_never_whatever_is_added(void **state)
{
    (void)state;
    CLAIM_INT(hsy_time_add(5, 6), 11);
    CLAIM(hsy_time_add(HEARSAY_NEVER, 1) == HEARSAY_NEVER);
    CLAIM(hsy_time_add(1, HEARSAY_NEVER) == HEARSAY_NEVER);
    CLAIM_INT(hsy_time_since(5, 11), 6);
    CLAIM_INT(hsy_time_since(11, 5), 0);
}

static void few_are_looked_at_when_they_are_due(void **state)
{
    (void)state;
    CLAIM_INT(hsy_time_shared(1234567, 127, 256), 1234567);
    CLAIM_INT(hsy_time_shared(0, 100000, 256), 0);
    CLAIM(hsy_time_shared(HEARSAY_NEVER, 100000, 256) == HEARSAY_NEVER);
}

static void many_share_moments_that_lie_a_power_of_two_apart(void **state)
{
    (void)state;
    CLAIM_INT(hsy_time_shared(1, 128, 256), HSY_MS);
    CLAIM_INT(hsy_time_shared(HSY_MS, 128, 256), HSY_MS);
    CLAIM_INT(hsy_time_shared(HSY_MS + 1, 128, 256), 2 * HSY_MS);
    CLAIM_INT(hsy_time_shared(1, 1024, 256), 8 * HSY_MS);
    CLAIM_INT(hsy_time_shared(1, 2047, 256), 8 * HSY_MS); /* 15.99: not 16. */
    CLAIM_INT(hsy_time_shared(1, 2048, 256), 16 * HSY_MS);
}

static void however_many_they_are_none_waits_too_long(void **state)
{
    (void)state;
    CLAIM_INT(hsy_time_shared(1, 10000000, 256), 256 * HSY_MS);
    CLAIM_INT(hsy_time_shared(1, 10000000, 100), 64 * HSY_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_is_never_whatever_is_added),
        cmocka_unit_test(few_are_looked_at_when_they_are_due),
        cmocka_unit_test(many_share_moments_that_lie_a_power_of_two_apart),
        cmocka_unit_test(however_many_they_are_none_waits_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
