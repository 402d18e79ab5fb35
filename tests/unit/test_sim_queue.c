/* The event queue: by time, and in the order of scheduling at equal times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "sim/queue.h"

static void push(struct hsy_queue *q, uint64_t at_ns, uint64_t value)
{
    struct hsy_future f = {
        .at_ns = at_ns, .kind = HSY_FUTURE_DIAL_FAILED, .value = value};
    assert_int_equal(hsy_queue_push(q, &f), HEARSAY_OK);
}

static void test_equal_times_keep_their_order(void **state)
{
    (void)state;
    struct hsy_queue q;
    hsy_queue_init(&q, hearsay_mem_default());
    for (uint64_t i = 0; i < 200; i++) {
        push(&q, 7, i);
    }
    for (uint64_t i = 0; i < 200; i++) {
        assert_int_equal(hsy_queue_pop(&q).value, i);
    }
    assert_true(hsy_queue_next_ns(&q) == HEARSAY_NEVER);
    hsy_queue_fini(&q);
}

static void test_random_times_come_out_sorted(void **state)
{
    (void)state;
    struct hsy_queue q;
    struct hsy_prng prng;
    hsy_queue_init(&q, hearsay_mem_default());
    hsy_prng_init(&prng, 1);
    uint64_t last_ns = 0;
    for (int i = 0; i < 5000; i++) {
        push(&q, last_ns + hsy_prng_below(&prng, 100), 0);
        push(&q, last_ns + hsy_prng_below(&prng, 100), 0);
        struct hsy_future f = hsy_queue_pop(&q);
        assert_true(f.at_ns >= last_ns);
        last_ns = f.at_ns;
    }
    while (hsy_queue_next_ns(&q) != HEARSAY_NEVER) {
        struct hsy_future f = hsy_queue_pop(&q);
        assert_true(f.at_ns >= last_ns);
        last_ns = f.at_ns;
    }
    hsy_queue_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_times_keep_their_order),
        cmocka_unit_test(test_random_times_come_out_sorted),
    };
    return cmocka_run_group_tests_name("sim_queue", tests, NULL, NULL);
}
