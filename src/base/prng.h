/* Deterministic random numbers: xoshiro256** (Blackman, Vigna 2018), seeded
 * through splitmix64. Never for secrets. */
#ifndef HSY_BASE_PRNG_H
#define HSY_BASE_PRNG_H

#include <stdint.h>

struct hsy_prng {
    uint64_t state[4];
};

void hsy_prng_init(struct hsy_prng *prng, uint64_t seed);
uint64_t hsy_prng_next(struct hsy_prng *prng);
/* Uniform in [0, bound), without modulo bias; bound >= 1. */
uint64_t hsy_prng_below(struct hsy_prng *prng, uint64_t bound);

#endif
