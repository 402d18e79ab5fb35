/* xoshiro256** 1.0 by Blackman and Vigna, public domain algorithm: 256 bits
 * of state, four xors and two shifts a number. Its state must not be all zero
 * and should not be close to it, so one 64-bit seed is spread by splitmix64,
 * whose four outputs in a row are never all zero (it is a bijection of a
 * counter: at most one of them is). */
#include "base/prng.h"

#include "base/assert.h"

#include <stddef.h>

static uint64_t rotate_left(uint64_t v, unsigned bits)
{
    HSY_ASSERT(bits > 0);
    HSY_ASSERT(bits < 64); /* A shift by 64 is undefined. */
    return (v << bits) | (v >> (64 - bits));
}

static uint64_t splitmix64(uint64_t *counter)
{
    *counter += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *counter;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void hsy_prng_init(struct hsy_prng *prng, uint64_t seed)
{
    HSY_ASSERT(prng != NULL);

    uint64_t counter = seed;
    for (size_t i = 0; i < 4; i++) {
        prng->state[i] = splitmix64(&counter);
    }
    HSY_ASSERT((prng->state[0] | prng->state[1]) != 0);
}

uint64_t hsy_prng_next(struct hsy_prng *prng)
{
    HSY_ASSERT(prng != NULL);

    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t hsy_prng_below(struct hsy_prng *prng, uint64_t bound)
{
    HSY_ASSERT(prng != NULL);
    HSY_ASSERT(bound >= 1);

    /* The 2^64 numbers fall into blocks of @bound; the last one may be cut
     * short and would favour small results, so a number in it is drawn again.
     * A block that begins at or before 2^64 - bound is whole. (Lemire's
     * multiplication needs a 128-bit product, which C11 does not have.) */
    uint64_t last_whole = UINT64_C(0) - bound;
    uint64_t number;
    uint64_t result;
    do {
        number = hsy_prng_next(prng);
        result = number % bound;
    } while (number - result > last_whole);
    HSY_ASSERT(result < bound);
    return result;
}
