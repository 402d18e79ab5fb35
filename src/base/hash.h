/* Hashing of bytes under a salt, for tables in memory. */
#ifndef HSY_BASE_HASH_H
#define HSY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One secret number per half word, from the salt. */
static inline uint64_t hsy_hash_secret(uint64_t salt, uint64_t counter)
{
    uint64_t z = salt ^ (counter * UINT64_C(0x9e3779b97f4a7c15));
    z *= UINT64_C(0xd6e8feb86659fd93);
    return z ^ (z >> 32);
}

static inline uint64_t hsy_hash_word(uint64_t word, uint64_t salt,
                                     uint64_t counter)
{
    uint64_t low = word & UINT32_MAX;
    uint64_t high = word >> 32;
    return (hsy_hash_secret(salt, counter) + low) *
           (hsy_hash_secret(salt, counter + 1) + high);
}

/* Multilinear hashing with halved multiplications (Lemire and Kaser 2014):
 * the sum of (secret + low half) * (secret' + high half) over the words. Its
 * upper 32 bits collide for two given keys of one length with a chance of
 * about 2^-32 over the secrets, so keys cannot be chosen to collide without
 * the salt, unlike with a chain of xor and multiply by constants. The
 * products do not wait for each other. */
static inline uint32_t hsy_hash(uint64_t salt, const void *data, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint64_t sum = salt;
    uint64_t counter = 1;
    size_t at = 0;
    uint64_t word;
    for (; at + 8 <= len; at += 8) {
        memcpy(&word, bytes + at, 8);
        sum += hsy_hash_word(word, salt, counter);
        counter += 2;
    }
    if (at < len) {
        word = 0;
        memcpy(&word, bytes + at, len - at);
        sum += hsy_hash_word(word, salt, counter);
    }
    /* The upper half is the good one; one more round spreads it over the low
     * bits, from which a home slot is taken. */
    sum = (sum ^ (sum >> 32)) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)(sum >> 32);
}

#endif
