/* Signatures and hashes by libsodium. Nothing is cached: the expanded secret
 * lives on the stack of one call and is wiped before it returns. */
#include <sodium.h>

#include <string.h>

#include "base/assert.h"
#include "crypto/crypto.h"

_Static_assert(crypto_sign_SEEDBYTES == HEARSAY_SECRET_LEN, "Ed25519 seed");
_Static_assert(crypto_sign_PUBLICKEYBYTES == HEARSAY_ID_LEN, "Ed25519 key");
_Static_assert(crypto_sign_BYTES == HSY_CRYPTO_SIG_LEN, "Ed25519 signature");
_Static_assert(crypto_generichash_BYTES_MIN <= HSY_CRYPTO_HASH_LEN,
               "BLAKE2b gives 128 bits");

static void sodium_id_of(struct hearsay_id *out,
                         const uint8_t secret[HEARSAY_SECRET_LEN])
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(secret != NULL);
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(out->bytes, expanded, secret);
    sodium_memzero(expanded, sizeof(expanded));
    HSY_ASSERT(failed == 0);
}

/* libsodium's secret is seed || public key. @id must be the secret's own:
 * with another one the signature is worthless, and two such signatures on
 * the same bytes under different ids would give the secret away. Deriving
 * the key anew would be safer still, and double the cost of signing. */
static void sodium_sign(uint8_t out[HSY_CRYPTO_SIG_LEN],
                        const uint8_t secret[HEARSAY_SECRET_LEN],
                        const struct hearsay_id *id, const uint8_t *data,
                        size_t len)
{
    HSY_ASSERT(secret != NULL);
    HSY_ASSERT(id != NULL);
    HSY_ASSERT(data != NULL || len == 0);
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    memcpy(expanded, secret, HEARSAY_SECRET_LEN);
    memcpy(expanded + HEARSAY_SECRET_LEN, id->bytes, HEARSAY_ID_LEN);
    int failed = crypto_sign_detached(out, NULL, data, len, expanded);
    sodium_memzero(expanded, sizeof(expanded));
    HSY_ASSERT(failed == 0);
}

static bool sodium_verify(const uint8_t sig[HSY_CRYPTO_SIG_LEN],
                          const struct hearsay_id *id, const uint8_t *data,
                          size_t len)
{
    HSY_ASSERT(sig != NULL);
    HSY_ASSERT(id != NULL);
    HSY_ASSERT(data != NULL || len == 0);
    return crypto_sign_verify_detached(sig, data, len, id->bytes) == 0;
}

static void sodium_hash(uint8_t out[HSY_CRYPTO_HASH_LEN], const uint8_t *data,
                        size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(data != NULL || len == 0);
    int failed =
        crypto_generichash(out, HSY_CRYPTO_HASH_LEN, data, len, NULL, 0);
    HSY_ASSERT(failed == 0);
}

const struct hearsay_crypto *hearsay_crypto_sodium(void)
{
    static const struct hearsay_crypto backend = {
        .name = "sodium",
        .id_of = sodium_id_of,
        .sign = sodium_sign,
        .verify = sodium_verify,
        .hash = sodium_hash,
    };
    /* Works once and from any thread; later calls only say so. */
    return sodium_init() < 0 ? NULL : &backend;
}
