/* Weights to draw by. */
#include "base/prng.h"
#include "base/weights.h"
#include "support/claim.h"
#include "support/mem_fault.h"

enum { COUNT = 100 };

static struct hsy_weights weights;
static uint64_t naive[COUNT];

static void nothing_has_no_weight(void **state)
{
    (void)state;
    hsy_weights_init(&weights, hearsay_mem_default());
    CLAIM_INT(hsy_weights_total(&weights), 0);
    CLAIM_DIES(hsy_weights_raise(&weights, 0, 1));
    CLAIM_INT(hsy_weights_reserve(&weights, 3), 0);
    CLAIM_INT(hsy_weights_total(&weights), 0);
    CLAIM_DIES((void)hsy_weights_at(&weights, 0));
    CLAIM_DIES(hsy_weights_lower(&weights, 0, 1));
    hsy_weights_fini(&weights);
}

/* Every point of [0, total) belongs to who it should. */
static void check_all(uint32_t count)
{
    uint64_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        CLAIM_INT(hsy_weights_before(&weights, i), at);
        for (uint64_t end = at + naive[i]; at < end; at++) {
            CLAIM_INT(hsy_weights_at(&weights, at), i);
        }
    }
    CLAIM_INT(hsy_weights_total(&weights), at);
}

static void it_does_what_a_naive_array_does_while_it_grows(void **state)
{
    struct hsy_prng prng;

    (void)state;
    hsy_prng_init(&prng, 5);
    hsy_weights_init(&weights, hearsay_mem_default());
    for (uint32_t i = 0; i < COUNT; i++) {
        naive[i] = 0;
    }
    for (uint32_t count = 1; count <= COUNT; count++) {
        CLAIM_INT(hsy_weights_reserve(&weights, count), 0);
        for (uint32_t k = 0; k < 5; k++) {
            uint32_t at = (uint32_t)hsy_prng_below(&prng, count);
            uint64_t by = hsy_prng_below(&prng, 4);
            if (hsy_prng_below(&prng, 3) > 0) {
                hsy_weights_raise(&weights, at, by);
                naive[at] += by;
            } else {
                hsy_weights_lower(&weights, at, naive[at]);
                naive[at] = 0;
            }
        }
        check_all(count);
    }
    hsy_weights_fini(&weights);
}

static void room_for_many_at_once_keeps_what_was_there(void **state)
{
    (void)state;
    hsy_weights_init(&weights, hearsay_mem_default());
    CLAIM_INT(hsy_weights_reserve(&weights, 8), 0);
    hsy_weights_raise(&weights, 3, 2);
    hsy_weights_raise(&weights, 7, 5);
    CLAIM_INT(hsy_weights_reserve(&weights, 100), 0);
    CLAIM_INT(hsy_weights_total(&weights), 7);
    hsy_weights_raise(&weights, 99, 1);
    CLAIM_INT(hsy_weights_at(&weights, 1), 3);
    CLAIM_INT(hsy_weights_at(&weights, 6), 7);
    CLAIM_INT(hsy_weights_at(&weights, 7), 99);
    CLAIM_INT(hsy_weights_before(&weights, 99), 7);
    hsy_weights_fini(&weights);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(2);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    hsy_weights_init(&weights, &mem);
    CLAIM_INT(hsy_weights_reserve(&weights, 1), 0);
    hsy_weights_raise(&weights, 0, 9);
    CLAIM_INT(hsy_weights_reserve(&weights, 9), HEARSAY_ERR_NOMEM);
    CLAIM_INT(hsy_weights_total(&weights), 9);
    CLAIM_INT(hsy_weights_reserve(&weights, 9), 0);
    CLAIM_INT(hsy_weights_total(&weights), 9);
    hsy_weights_fini(&weights);
    CLAIM_INT(fault.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_no_weight),
        cmocka_unit_test(it_does_what_a_naive_array_does_while_it_grows),
        cmocka_unit_test(room_for_many_at_once_keeps_what_was_there),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
