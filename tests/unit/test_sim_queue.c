/* The event queue: by time, and in the order of scheduling at equal times. */
#include "base/prng.h"
#include "sim/queue.h"
#include "support/claim.h"
#include "support/mem_fault.h"

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

/* Against the plainest queue there is: by time, then by order of pushing. */
static void test_now_and_later_mix_in_the_order_of_scheduling(void **state)
{
    (void)state;
    enum { EVENTS = 3000 };
    static uint64_t times[EVENTS];
    static bool done[EVENTS];
    struct hsy_queue q;
    struct hsy_prng prng;
    hsy_queue_init(&q, hearsay_mem_default());
    hsy_prng_init(&prng, 5);
    uint64_t now_ns = 0;
    for (uint32_t pushed = 0, popped = 0; popped < EVENTS; popped++) {
        for (int i = 0; i < 3 && pushed < EVENTS; i++) {
            times[pushed] = now_ns + hsy_prng_below(&prng, 3); /* Often now. */
            push(&q, times[pushed], pushed);
            pushed++;
        }
        uint32_t first = EVENTS;
        for (uint32_t i = 0; i < pushed; i++) {
            bool sooner = first == EVENTS || times[i] < times[first];
            first = !done[i] && sooner ? i : first;
        }
        CLAIM(hsy_queue_next_ns(&q) == times[first]);
        struct hsy_future f = hsy_queue_pop(&q);
        CLAIM_INT(f.value, first);
        CLAIM(f.at_ns == times[first]);
        done[first] = true;
        now_ns = f.at_ns;
    }
    CLAIM(hsy_queue_next_ns(&q) == HEARSAY_NEVER);
    hsy_queue_fini(&q);
}

static void test_no_memory_schedules_nothing(void **state)
{
    (void)state;
    uint64_t refused = 0;
    for (uint64_t fails_at = 1; fails_at <= 12; fails_at++) {
        struct mem_fault fault = mem_fault_at(fails_at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_queue q;
        hsy_queue_init(&q, &mem);
        uint64_t taken = 0;
        for (uint64_t i = 0; i < 400; i++) {
            struct hsy_future f = {.at_ns = i % 2, /* Ring and heap. */
                                   .kind = HSY_FUTURE_DIAL_FAILED};
            int err = hsy_queue_push(&q, &f);
            CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
            taken += err == HEARSAY_OK ? 1 : 0;
        }
        for (uint64_t i = 0; i < taken; i++) {
            CLAIM(hsy_queue_pop(&q).at_ns <= 1);
        }
        CLAIM(hsy_queue_next_ns(&q) == HEARSAY_NEVER);
        refused += 400 - taken;
        hsy_queue_fini(&q);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(refused >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_times_keep_their_order),
        cmocka_unit_test(test_random_times_come_out_sorted),
        cmocka_unit_test(test_now_and_later_mix_in_the_order_of_scheduling),
        cmocka_unit_test(test_no_memory_schedules_nothing),
    };
    return cmocka_run_group_tests_name("sim_queue", tests, NULL, NULL);
}
