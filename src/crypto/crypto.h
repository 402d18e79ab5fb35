/* One interface for signatures and hashes; the backends stand behind it. */
#ifndef HSY_CRYPTO_CRYPTO_H
#define HSY_CRYPTO_CRYPTO_H

#include "hearsay.h"

enum { HSY_CRYPTO_SIG_LEN = 64, HSY_CRYPTO_HASH_LEN = 16 };

/* Stateless: any thread may call any of them at any time. */
struct hearsay_crypto {
    const char *name;
    /* The public key of a secret. */
    void (*id_of)(struct hearsay_id *out,
                  const uint8_t secret[HEARSAY_SECRET_LEN]);
    void (*sign)(uint8_t out[HSY_CRYPTO_SIG_LEN],
                 const uint8_t secret[HEARSAY_SECRET_LEN],
                 const struct hearsay_id *id, const uint8_t *data, size_t len);
    bool (*verify)(const uint8_t sig[HSY_CRYPTO_SIG_LEN],
                   const struct hearsay_id *id, const uint8_t *data,
                   size_t len);
    /* 128 bits. */
    void (*hash)(uint8_t out[HSY_CRYPTO_HASH_LEN], const uint8_t *data,
                 size_t len);
};

#endif
