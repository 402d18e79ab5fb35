/* Percentiles of a few values, and components by union-find. */
#include "cli/demo_stats.h"

#include "base/assert.h"

#include <stdlib.h>

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
