/* Small arithmetic for the demo's figures: percentiles, and the components of a
 * graph. */
#ifndef HSY_CLI_DEMO_STATS_H
#define HSY_CLI_DEMO_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "sim/histogram.h"

/* The nearest-rank percentile of an array, which gets sorted; exact; 0 when
 * empty. */
uint64_t hsy_percentile(uint64_t *values, size_t count, unsigned percent);

/* Union-find over caller's memory: @parents[i] = i to begin with. */
uint32_t hsy_union_find(uint32_t *parents, uint32_t i);
void hsy_union_join(uint32_t *parents, uint32_t a, uint32_t b);

#endif
