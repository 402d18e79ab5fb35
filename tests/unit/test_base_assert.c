/* Asserts: alive in release builds, and telling. */
#include "base/assert.h"
#include "support/claim.h"

#include <string.h>

static void a_true_claim_is_evaluated_once_and_passes(void **state)
{
    (void)state;
    int times = 0;
    HSY_ASSERT(++times > 0);
    CLAIM_INT(times, 1);
}

static void a_broken_claim_ends_the_process(void **state)
{
    (void)state;
    CLAIM_DIES(HSY_ASSERT(1 + 1 == 3));
}

static void a_broken_claim_names_itself_and_its_place(void **state)
{
    (void)state;
    int ends[2];
    CLAIM_INT(pipe(ends), 0);

    CLAIM_DIES({
        (void)dup2(ends[1], STDERR_FILENO);
        hsy_assert_fail("sky == green", "world.c", 42);
    });

    char said[256] = "";
    (void)close(ends[1]);
    CLAIM(read(ends[0], said, sizeof(said) - 1) > 0);
    (void)close(ends[0]);
    CLAIM_TEXT(said, "hearsay: bug: world.c:42: not true: sky == green\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_claim_is_evaluated_once_and_passes),
        cmocka_unit_test(a_broken_claim_ends_the_process),
        cmocka_unit_test(a_broken_claim_names_itself_and_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
