/* A set of pointers by linear probing, without tombstones: removing shifts
 * the rest of the cluster back. Beside the pointers lie the hashes, so a probe
 * that meets a foreign blob does not touch it: of a million blobs none is in a
 * cache. */
#include "base/pool.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { SLOTS_FIRST = 8 };

void hsy_pool_init(struct hearsay_pool *pool, const struct hearsay_mem *mem,
                   uint64_t salt)
{
    HSY_ASSERT(pool != NULL);
    HSY_ASSERT(mem->alloc != NULL);
    *pool = (struct hearsay_pool){.mem = *mem, .salt = salt};
}

void hsy_pool_fini(struct hearsay_pool *pool)
{
    HSY_ASSERT(pool->count == 0); /* Else somebody forgot a share. */
    hsy_mem_free(&pool->mem, pool->slots);
    pool->slots = NULL;
    pool->hashes = NULL;
    pool->mask = 0;
}

/* Never 0, which marks a free slot. */
static uint32_t hash_of(const struct hearsay_pool *pool, const void *bytes,
                        size_t len)
{
    uint32_t hash = hsy_hash(pool->salt, bytes, len);
    return hash == 0 ? 1 : hash;
}

/* Ends, because a quarter of the slots is free. */
static uint32_t find_free(const struct hearsay_pool *pool, uint32_t hash)
{
    uint32_t at = hash & pool->mask;
    while (pool->hashes[at] != 0) {
        at = (at + 1) & pool->mask;
    }
    return at;
}

static void set(struct hearsay_pool *pool, uint32_t at, struct hsy_blob *blob)
{
    pool->slots[at] = blob;
    pool->hashes[at] = blob->hash;
}

static int grow(struct hearsay_pool *pool)
{
    struct hsy_blob **old = pool->slots;
    size_t old_count = old == NULL ? 0 : (size_t)pool->mask + 1;
    size_t count = old == NULL ? SLOTS_FIRST : 2 * old_count;

    HSY_ASSERT(count <= (size_t)1 << 31);
    struct hsy_blob **slots = hsy_mem_zalloc(
        &pool->mem, count * (sizeof(struct hsy_blob *) + sizeof(uint32_t)));
    if (slots == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    pool->slots = slots;
    pool->hashes = (uint32_t *)(void *)(slots + count);
    pool->mask = (uint32_t)(count - 1);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i] != NULL) {
            set(pool, find_free(pool, old[i]->hash), old[i]);
        }
    }
    hsy_mem_free(&pool->mem, old);
    return HEARSAY_OK;
}

static struct hsy_blob *find(const struct hearsay_pool *pool, uint32_t hash,
                             const void *bytes, size_t len)
{
    if (pool->slots == NULL) {
        return NULL;
    }
    for (uint32_t at = hash & pool->mask; pool->hashes[at] != 0;
         at = (at + 1) & pool->mask) {
        struct hsy_blob *blob = pool->slots[at];
        if (pool->hashes[at] == hash && blob->len == len &&
            memcmp(blob->bytes, bytes, len) == 0) {
            return blob;
        }
    }
    return NULL;
}

static bool is_full(const struct hearsay_pool *pool)
{
    uint64_t slots = pool->slots == NULL ? 0 : (uint64_t)pool->mask + 1;

    HSY_ASSERT(pool->count <= slots);
    return pool->count >= slots - slots / 4;
}

struct hsy_blob *hsy_pool_put(struct hearsay_pool *pool, const void *bytes,
                              size_t len)
{
    HSY_ASSERT(len >= 1);
    HSY_ASSERT(len <= UINT32_MAX);
    uint32_t hash = hash_of(pool, bytes, len);
    struct hsy_blob *blob = find(pool, hash, bytes, len);

    if (blob != NULL) {
        return hsy_blob_share(blob);
    }
    if (is_full(pool) && grow(pool) != HEARSAY_OK) {
        return NULL;
    }
    blob = hsy_mem_alloc(&pool->mem, sizeof(*blob) + len);
    if (blob == NULL) {
        return NULL;
    }
    blob->refs = 1;
    blob->hash = hash;
    blob->len = (uint32_t)len;
    memcpy(blob->bytes, bytes, len);
    set(pool, find_free(pool, hash), blob);
    pool->count++;
    return blob;
}

struct hsy_blob *hsy_blob_share(struct hsy_blob *blob)
{
    HSY_ASSERT(blob->refs >= 1); /* 0: already freed. */
    HSY_ASSERT(blob->refs < UINT32_MAX);
    blob->refs++;
    return blob;
}

/* Whatever comes behind the hole in the same cluster moves into it, unless
 * that would put it before its home slot, where no find would look. */
static void close_hole(struct hearsay_pool *pool, uint32_t hole)
{
    uint32_t mask = pool->mask;
    uint32_t at = (hole + 1) & mask;

    HSY_ASSERT(hole <= mask);
    while (pool->hashes[at] != 0) {
        uint32_t home = pool->hashes[at] & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            pool->slots[hole] = pool->slots[at];
            pool->hashes[hole] = pool->hashes[at];
            hole = at;
        }
        at = (at + 1) & mask;
    }
    pool->slots[hole] = NULL;
    pool->hashes[hole] = 0;
}

void hsy_pool_drop(struct hearsay_pool *pool, struct hsy_blob *blob)
{
    if (blob == NULL) {
        return;
    }
    HSY_ASSERT(blob->refs >= 1);
    HSY_ASSERT(pool->count > 0);
    blob->refs--;
    if (blob->refs > 0) {
        return;
    }
    uint32_t at = blob->hash & pool->mask;
    while (pool->slots[at] != blob) {
        HSY_ASSERT(pool->slots[at] != NULL); /* Else of another pool. */
        at = (at + 1) & pool->mask;
    }
    close_hole(pool, at);
    pool->count--;
    hsy_mem_free(&pool->mem, blob);
}
