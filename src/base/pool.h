/* Byte strings that are kept once however often they are held: records of
 * peers, snapshots of links, bundles. Every holder has a share; the last one
 * to drop it frees it. Nothing depends on the order inside. */
#ifndef HSY_BASE_POOL_H
#define HSY_BASE_POOL_H

#include "hearsay.h"

struct hsy_blob {
    uint32_t refs;
    uint32_t hash;
    uint32_t len;
    uint8_t bytes[]; /* Never changed. */
};

struct hearsay_pool {
    struct hearsay_mem mem;
    struct hsy_blob **slots; /* Owned; open addressing, NULL: free. */
    uint32_t *hashes;        /* Of the slots, behind them; 0: free. */
    uint64_t salt;
    uint32_t count;
    uint32_t mask; /* Slots less one; 0: no slots yet. */
};

/* Allocates nothing yet. */
void hsy_pool_init(struct hearsay_pool *pool, const struct hearsay_mem *mem,
                   uint64_t salt);
/* Nobody may hold a blob any more. */
void hsy_pool_fini(struct hearsay_pool *pool);

/* A share of the blob of these bytes; NULL: no memory. @len >= 1. */
HEARSAY_MUST_USE struct hsy_blob *hsy_pool_put(struct hearsay_pool *pool,
                                               const void *bytes, size_t len);
/* One more share; returns @blob. */
struct hsy_blob *hsy_blob_share(struct hsy_blob *blob);
/* Ends a share; NULL is a no-op. */
void hsy_pool_drop(struct hearsay_pool *pool, struct hsy_blob *blob);

#endif
