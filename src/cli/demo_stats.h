/* Small arithmetic for the demo's figures: percentiles in bounded memory, and
 * the components of a graph. */
#ifndef HSY_CLI_DEMO_STATS_H
#define HSY_CLI_DEMO_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Counts values in buckets that are exact below 64 and at most 1/64 of the
 * value wide above; values over 2^40 fall into the last one. */
enum { HSY_HISTOGRAM_BUCKETS = 64 * 36 };

struct hsy_histogram {
    uint64_t count, max;
    uint64_t buckets[HSY_HISTOGRAM_BUCKETS];
};

void hsy_histogram_add(struct hsy_histogram *h, uint64_t value);
/* The least value that @percent (1..100) of the values do not exceed, to the
 * width of its bucket and never over the maximum; 0 when empty. */
uint64_t hsy_histogram_percentile(const struct hsy_histogram *h,
                                  unsigned percent);

/* The same of an array, which gets sorted; exact; 0 when empty. */
uint64_t hsy_percentile(uint64_t *values, size_t count, unsigned percent);

/* Union-find over caller's memory: @parents[i] = i to begin with. */
uint32_t hsy_union_find(uint32_t *parents, uint32_t i);
void hsy_union_join(uint32_t *parents, uint32_t a, uint32_t b);

#endif
