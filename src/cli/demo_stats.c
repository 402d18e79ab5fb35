/* Percentiles without keeping the values: a bucket for every value below 64,
 * then 64 buckets for each power of two, so that a bucket's width is at most
 * 1/64 of what it holds. */
#include "cli/demo_stats.h"

#include "base/assert.h"

#include <stdlib.h>

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS };

static uint32_t bucket_of(uint64_t value)
{
    uint32_t shift = 0;
    while (value >> shift >= 2 * SUB) {
        shift++;
    }
    /* Values below 2 * SUB have shift 0 and are their own bucket. */
    uint64_t bucket = (uint64_t)shift * SUB + (value >> shift);
    return bucket < HSY_HISTOGRAM_BUCKETS ? (uint32_t)bucket
                                          : HSY_HISTOGRAM_BUCKETS - 1;
}

/* The greatest value of a bucket. */
static uint64_t bucket_top(uint32_t bucket)
{
    if (bucket < 2 * SUB) {
        return bucket;
    }
    uint32_t shift = bucket / SUB - 1;
    uint64_t high = bucket - (uint64_t)shift * SUB;
    return ((high + 1) << shift) - 1;
}

void hsy_histogram_add(struct hsy_histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    if (value > h->max) {
        h->max = value;
    }
}

uint64_t hsy_histogram_percentile(const struct hsy_histogram *h,
                                  unsigned percent)
{
    HSY_ASSERT(percent >= 1);
    HSY_ASSERT(percent <= 100);
    uint64_t rank = (h->count * percent + 99) / 100;
    uint64_t passed = 0;
    for (uint32_t i = 0; i < HSY_HISTOGRAM_BUCKETS; i++) {
        passed += h->buckets[i];
        if (passed >= rank && rank > 0) {
            uint64_t top = bucket_top(i);
            return top < h->max ? top : h->max;
        }
    }
    return 0;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

uint64_t hsy_percentile(uint64_t *values, size_t count, unsigned percent)
{
    HSY_ASSERT(percent >= 1);
    HSY_ASSERT(percent <= 100);
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof(*values), compare_u64);
    return values[(count * percent + 99) / 100 - 1];
}

uint32_t hsy_union_find(uint32_t *parents, uint32_t i)
{
    while (parents[i] != i) {
        parents[i] = parents[parents[i]]; /* Halves the path as it goes. */
        i = parents[i];
    }
    return i;
}

void hsy_union_join(uint32_t *parents, uint32_t a, uint32_t b)
{
    parents[hsy_union_find(parents, a)] = hsy_union_find(parents, b);
}
