/* Counts of values in logarithmic buckets: constant memory, any 64-bit value,
 * no floating point. A bucket is one value wide below 128 and at most 1/128
 * of its least value wide above, so that what is read back is off by less
 * than 1 %. */
#ifndef HSY_SIM_HISTOGRAM_H
#define HSY_SIM_HISTOGRAM_H

#include <stdint.h>

/* 128 buckets for 0..127, then 128 for each doubling up to 2^64. */
enum { HSY_HISTOGRAM_BUCKETS = 128 * 58 };

/* All zero: empty. */
struct hsy_histogram {
    uint64_t count, min, max; /* min and max are exact; 0 while empty. */
    uint64_t sum;             /* Exact until it saturates. */
    uint64_t buckets[HSY_HISTOGRAM_BUCKETS];
};

void hsy_histogram_add(struct hsy_histogram *h, uint64_t value);
/* The nearest-rank percentile: the least value that at least @percent
 * (1..100) of the values do not exceed. Told is the highest value of its
 * bucket, never over the maximum; so 100 is exact. 0 while empty. */
uint64_t hsy_histogram_percentile(const struct hsy_histogram *h,
                                  unsigned percent);
/* How many values are not above @value, give or take those in its bucket. */
uint64_t hsy_histogram_upto(const struct hsy_histogram *h, uint64_t value);
/* 0 while empty. */
double hsy_histogram_mean(const struct hsy_histogram *h);

#endif
