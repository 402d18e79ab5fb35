/* Numbers of direct messages: each is new once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/once.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_once once;

static int begin(void **state)
{
    (void)state;
    core_ports_init(&ports, &env);
    hsy_once_init(&once, &env);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hsy_once_fini(&once);
    core_ports_fini(&ports);
    return 0;
}

static struct hsy_epoch sender(uint32_t number)
{
    return (struct hsy_epoch){
        .origin = core_id('o', number), .incarnation = 1, .nonce = 9};
}

static enum hsy_once_as claim(uint32_t who, uint64_t number)
{
    struct hsy_epoch of = sender(who);

    return hsy_once_claim(&once, &of, number);
}

static void a_number_is_new_once(void **state)
{
    (void)state;
    CLAIM_INT(claim(1, 7), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, 7), HSY_ONCE_BEFORE);
    CLAIM_INT(claim(1, 8), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, 7), HSY_ONCE_BEFORE);
    CLAIM_INT(claim(2, 7), HSY_ONCE_NEW);
}

static void numbers_may_come_in_any_order_within_256(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < HSY_ONCE_SPAN; i++) {
        CLAIM_INT(claim(1, 1 + (i * 77) % HSY_ONCE_SPAN), HSY_ONCE_NEW);
    }
    for (uint64_t i = 1; i <= HSY_ONCE_SPAN; i++) {
        CLAIM_INT(claim(1, i), HSY_ONCE_BEFORE);
    }
}

static void what_is_256_behind_is_too_old_to_be_judged(void **state)
{
    (void)state;
    CLAIM_INT(claim(1, 1000), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, 1000 - HSY_ONCE_SPAN), HSY_ONCE_OLD);
    CLAIM_INT(claim(1, 1001 - HSY_ONCE_SPAN), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, UINT64_MAX), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, 1000), HSY_ONCE_OLD);
    CLAIM_INT(claim(1, UINT64_MAX - 1), HSY_ONCE_NEW);
}

static void another_life_of_a_sender_begins_anew(void **state)
{
    (void)state;
    struct hsy_epoch of = sender(1);
    CLAIM_INT(claim(1, 3), HSY_ONCE_NEW);
    of.nonce++;
    CLAIM_INT(hsy_once_claim(&once, &of, 3), HSY_ONCE_NEW);
}

static void a_claim_that_is_taken_back_is_new_again(void **state)
{
    (void)state;
    struct hsy_epoch of = sender(1);
    CLAIM_INT(claim(1, 3), HSY_ONCE_NEW);
    hsy_once_release(&once, &of, 3);
    CLAIM_INT(claim(1, 3), HSY_ONCE_NEW);
    CLAIM_INT(claim(1, 3), HSY_ONCE_BEFORE);
}

static void
a_full_table_takes_nobody_until_one_has_long_been_silent(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < HSY_ONCE_MAX; i++) {
        CLAIM_INT(claim(i, 1), HSY_ONCE_NEW);
    }
    CLAIM_INT(claim(HSY_ONCE_MAX, 1), HSY_ONCE_NO_ROOM);
    env.now.mono_ns += HSY_ONCE_NS;
    CLAIM_INT(claim(HSY_ONCE_MAX, 1), HSY_ONCE_NO_ROOM);
    CLAIM_INT(claim(5, 1), HSY_ONCE_BEFORE);
    env.now.mono_ns += 1;
    CLAIM_INT(claim(HSY_ONCE_MAX, 1), HSY_ONCE_NEW);
    CLAIM_INT(claim(HSY_ONCE_MAX, 1), HSY_ONCE_BEFORE);
    CLAIM_INT(claim(5, 1), HSY_ONCE_BEFORE);
    CLAIM_INT(once.senders.count, HSY_ONCE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_is_new_once, begin, end),
        cmocka_unit_test_setup_teardown(
            numbers_may_come_in_any_order_within_256, begin, end),
        cmocka_unit_test_setup_teardown(
            what_is_256_behind_is_too_old_to_be_judged, begin, end),
        cmocka_unit_test_setup_teardown(another_life_of_a_sender_begins_anew,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_claim_that_is_taken_back_is_new_again,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_full_table_takes_nobody_until_one_has_long_been_silent, begin,
            end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
