/* Histograms: what is read back is within 1 % of what was put in. */
#include "support/claim.h"

#include "base/prng.h"
#include "sim/histogram.h"

#include <stdlib.h>
#include <string.h>

static struct hsy_histogram h;

static void clear(void)
{
    memset(&h, 0, sizeof(h));
}

static void small_values_are_exact(void **state)
{
    (void)state;
    clear();
    for (uint64_t v = 0; v < 100; v++) {
        hsy_histogram_add(&h, v);
    }
    CLAIM_INT(h.count, 100);
    CLAIM_INT(h.min, 0);
    CLAIM_INT(h.max, 99);
    for (unsigned percent = 1; percent <= 100; percent++) {
        CLAIM_INT(hsy_histogram_percentile(&h, percent), percent - 1);
        CLAIM_INT(hsy_histogram_upto(&h, percent - 1), percent);
    }
    CLAIM(hsy_histogram_mean(&h) > 49.49);
    CLAIM(hsy_histogram_mean(&h) < 49.51);
}

static void ranks_are_rounded_up(void **state)
{
    (void)state;
    clear();
    hsy_histogram_add(&h, 10);
    hsy_histogram_add(&h, 20);
    hsy_histogram_add(&h, 30);
    CLAIM_INT(hsy_histogram_percentile(&h, 1), 10);
    CLAIM_INT(hsy_histogram_percentile(&h, 33), 10);
    CLAIM_INT(hsy_histogram_percentile(&h, 34), 20);
    CLAIM_INT(hsy_histogram_percentile(&h, 50), 20);
    CLAIM_INT(hsy_histogram_percentile(&h, 67), 30);
}

static int order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void percentiles_are_within_one_percent(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static uint64_t values[COUNT];
    struct hsy_prng prng;
    hsy_prng_init(&prng, 1);
    clear();
    for (int i = 0; i < COUNT; i++) {
        values[i] = hsy_prng_next(&prng) >> hsy_prng_below(&prng, 64);
        hsy_histogram_add(&h, values[i]);
    }
    qsort(values, COUNT, sizeof(values[0]), order);
    for (unsigned percent = 1; percent <= 100; percent++) {
        uint64_t exact = values[COUNT * percent / 100 - 1];
        uint64_t told = hsy_histogram_percentile(&h, percent);
        CLAIM(told >= exact);
        CLAIM(told - exact <= exact / 100);
    }
    CLAIM(hsy_histogram_percentile(&h, 100) == values[COUNT - 1]);
}

/* A value alone is told as it is: its bucket ends at the maximum. Beside a
 * larger one it is told as the top of its bucket. */
static void every_power_of_two_and_its_neighbours_have_a_bucket(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++) {
        for (uint64_t off = 0; off < 3; off++) {
            uint64_t value = (UINT64_C(1) << shift) - 1 + off;
            clear();
            hsy_histogram_add(&h, value);
            hsy_histogram_add(&h, UINT64_MAX);
            uint64_t told = hsy_histogram_percentile(&h, 50);
            CLAIM(told >= value);
            CLAIM(told - value <= value / 128);
            CLAIM(hsy_histogram_percentile(&h, 100) == UINT64_MAX);
        }
    }
}

static void an_empty_one_tells_nothing(void **state)
{
    (void)state;
    clear();
    CLAIM_INT(hsy_histogram_percentile(&h, 50), 0);
    CLAIM_INT(hsy_histogram_upto(&h, UINT64_MAX), 0);
    CLAIM(hsy_histogram_mean(&h) < 1e-300);
    CLAIM_DIES(hsy_histogram_percentile(&h, 0));
    CLAIM_DIES(hsy_histogram_percentile(&h, 101));
}

static void the_sum_stops_at_its_end(void **state)
{
    (void)state;
    clear();
    hsy_histogram_add(&h, UINT64_MAX - 1);
    hsy_histogram_add(&h, 5);
    CLAIM(h.sum == UINT64_MAX);
    CLAIM_INT(h.min, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(ranks_are_rounded_up),
        cmocka_unit_test(percentiles_are_within_one_percent),
        cmocka_unit_test(every_power_of_two_and_its_neighbours_have_a_bucket),
        cmocka_unit_test(an_empty_one_tells_nothing),
        cmocka_unit_test(the_sum_stops_at_its_end),
    };
    return cmocka_run_group_tests_name("sim_histogram", tests, NULL, NULL);
}
