/* A value's bucket is its highest bits: 7 of them after the first one, and how
 * far they were shifted. */
#include "sim/histogram.h"

#include "base/assert.h"

enum { SUB_BITS = 7, SUB = 1 << SUB_BITS };
_Static_assert(HSY_HISTOGRAM_BUCKETS == SUB * (64 - SUB_BITS + 1),
               "a bucket for each value of 64 bits");

static uint32_t bucket_of(uint64_t value)
{
    uint32_t shift = 0;
    /* Bytes first: most values are small, but some are 40 bits long. */
    while (value >> shift >= (UINT64_C(1) << (SUB_BITS + 9))) {
        shift += 8;
    }
    while (value >> shift >= 2 * SUB) {
        shift++;
    }
    uint32_t bucket = shift * SUB + (uint32_t)(value >> shift);
    HSY_ASSERT(bucket < HSY_HISTOGRAM_BUCKETS);
    return bucket;
}

/* The greatest value of a bucket. */
static uint64_t bucket_top(uint32_t bucket)
{
    if (bucket < 2 * SUB) {
        return bucket; /* Shift 0: as many buckets as values. */
    }
    uint32_t shift = bucket / SUB - 1;
    uint64_t high = bucket - (uint64_t)shift * SUB;
    /* The last bucket's top wraps around to 2^64 - 1, as it should. */
    return ((high + 1) << shift) - 1;
}

void hsy_histogram_add(struct hsy_histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    if (h->count == 0 || value < h->min) {
        h->min = value;
    }
    if (value > h->max) {
        h->max = value;
    }
    h->count++;
    h->sum = value > UINT64_MAX - h->sum ? UINT64_MAX : h->sum + value;
}

uint64_t hsy_histogram_percentile(const struct hsy_histogram *h,
                                  unsigned percent)
{
    HSY_ASSERT(percent >= 1);
    HSY_ASSERT(percent <= 100);
    /* In two parts, so that a huge count does not wrap around. */
    uint64_t rank =
        h->count / 100 * percent + (h->count % 100 * percent + 99) / 100;
    uint64_t passed = 0;
    for (uint32_t i = 0; rank > 0 && i < HSY_HISTOGRAM_BUCKETS; i++) {
        passed += h->buckets[i];
        if (passed >= rank) {
            uint64_t top = bucket_top(i);
            return top < h->max ? top : h->max;
        }
    }
    return 0;
}

uint64_t hsy_histogram_upto(const struct hsy_histogram *h, uint64_t value)
{
    uint64_t passed = 0;
    uint32_t last = bucket_of(value);
    for (uint32_t i = 0; i <= last; i++) {
        passed += h->buckets[i];
    }
    return passed;
}

double hsy_histogram_mean(const struct hsy_histogram *h)
{
    return h->count == 0 ? 0.0 : (double)h->sum / (double)h->count;
}
