/* Signatures for simulation and tests. WORTHLESS FOR SECURITY: whoever knows
 * an id can sign for it, because no secret goes into a signature. What is
 * kept are the two properties that the protocol's own tests need: a changed
 * byte and a wrong signer are both refused. What is gained is speed: a few
 * multiplications per 8 bytes instead of elliptic curves.
 *
 * Two 64-bit lanes take in the data word by word; every output word is drawn
 * from both through the finaliser of splitmix64 (Steele, Lea, Flood 2014).
 * Bytes are read little-endian on every machine: traces stay identical. */
#include <string.h>

#include "base/assert.h"
#include "crypto/crypto.h"

/* What the mix is for, so that a hash is never a signature. */
enum purpose { PURPOSE_ID = 1, PURPOSE_SIGN = 2, PURPOSE_HASH = 3 };

struct mix {
    uint64_t a, b;
};

static uint64_t finalise(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void mix_word(struct mix *m, uint64_t word)
{
    /* Odd multipliers and xor-shifts: each step is a bijection of the lane,
     * so that a single changed word always changes both lanes. */
    m->a = (m->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    m->a ^= m->a >> 29;
    m->b = (m->b + word) * UINT64_C(0xd6e8feb86659fd93);
    m->b ^= m->b >> 32;
}

/* Written out, so that compilers make one load of it. */
static uint64_t load_word(const uint8_t *data)
{
    return (uint64_t)data[0] | (uint64_t)data[1] << 8 |
           (uint64_t)data[2] << 16 | (uint64_t)data[3] << 24 |
           (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
           (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
}

static void mix_bytes(struct mix *m, const uint8_t *data, size_t len)
{
    size_t left = len;
    for (; left >= 8; left -= 8, data += 8) {
        mix_word(m, load_word(data));
    }
    if (left > 0) {
        uint8_t last[8] = {0};
        memcpy(last, data, left);
        mix_word(m, load_word(last));
    }
    mix_word(m, len); /* "a" is not "a\0". */
}

/* One store, in the same way. */
static void store_word(uint8_t *out, uint64_t word)
{
    out[0] = (uint8_t)word;
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)(word >> 16);
    out[3] = (uint8_t)(word >> 24);
    out[4] = (uint8_t)(word >> 32);
    out[5] = (uint8_t)(word >> 40);
    out[6] = (uint8_t)(word >> 48);
    out[7] = (uint8_t)(word >> 56);
}

static void mix_out(const struct mix *m, uint8_t *out, size_t len)
{
    HSY_ASSERT(len % 8 == 0);
    for (size_t i = 0; i < len / 8; i++) {
        uint64_t step = (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        store_word(out + 8 * i, finalise(m->a + step) ^ finalise(m->b ^ step));
    }
}

static void null_id_of(struct hearsay_id *out,
                       const uint8_t secret[HEARSAY_SECRET_LEN])
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(secret != NULL);
    struct mix m = {.a = PURPOSE_ID, .b = PURPOSE_ID};
    mix_bytes(&m, secret, HEARSAY_SECRET_LEN);
    mix_out(&m, out->bytes, sizeof(out->bytes));
}

static void signature(uint8_t out[HSY_CRYPTO_SIG_LEN],
                      const struct hearsay_id *id, const uint8_t *data,
                      size_t len)
{
    HSY_ASSERT(id != NULL);
    HSY_ASSERT(data != NULL || len == 0);
    struct mix m = {.a = PURPOSE_SIGN, .b = PURPOSE_SIGN};
    mix_bytes(&m, id->bytes, sizeof(id->bytes));
    mix_bytes(&m, data, len);
    mix_out(&m, out, HSY_CRYPTO_SIG_LEN);
}

static void null_sign(uint8_t out[HSY_CRYPTO_SIG_LEN],
                      const uint8_t secret[HEARSAY_SECRET_LEN],
                      const struct hearsay_id *id, const uint8_t *data,
                      size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(secret != NULL);
    signature(out, id, data, len);
}

static bool null_verify(const uint8_t sig[HSY_CRYPTO_SIG_LEN],
                        const struct hearsay_id *id, const uint8_t *data,
                        size_t len)
{
    HSY_ASSERT(sig != NULL);
    uint8_t expected[HSY_CRYPTO_SIG_LEN];
    signature(expected, id, data, len);
    return memcmp(sig, expected, sizeof(expected)) == 0;
}

static void null_hash(uint8_t out[HSY_CRYPTO_HASH_LEN], const uint8_t *data,
                      size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(data != NULL || len == 0);
    struct mix m = {.a = PURPOSE_HASH, .b = PURPOSE_HASH};
    mix_bytes(&m, data, len);
    mix_out(&m, out, HSY_CRYPTO_HASH_LEN);
}

const struct hearsay_crypto *hearsay_crypto_null(void)
{
    static const struct hearsay_crypto backend = {
        .name = "null",
        .id_of = null_id_of,
        .sign = null_sign,
        .verify = null_verify,
        .hash = null_hash,
    };
    return &backend;
}
