/* Memory comes in through the door: every allocation goes to the allocator
 * of its node, so that a test can make the k-th one fail and a simulation can
 * count them. The C library's allocator is here and nowhere else.
 *
 * A buffer is one allocation, header and bytes together: it is made once per
 * message and shared by all links that send it. Its count is not atomic, for
 * a node and its links belong to one thread. */
#include "base/mem.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static void *default_alloc(void *ctx, size_t len)
{
    (void)ctx;
    return malloc(len);
}

static void default_free(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

const struct hearsay_mem *hearsay_mem_default(void)
{
    static const struct hearsay_mem mem = {.alloc = default_alloc,
                                           .free = default_free};
    return &mem;
}

void *hsy_mem_alloc(const struct hearsay_mem *mem, size_t len)
{
    HSY_ASSERT(mem != NULL);
    HSY_ASSERT(mem->alloc != NULL);
    HSY_ASSERT(len >= 1); /* malloc(0) may be NULL: it would look like a
                             failure. */
    return mem->alloc(mem->ctx, len);
}

void *hsy_mem_zalloc(const struct hearsay_mem *mem, size_t len)
{
    void *ptr = hsy_mem_alloc(mem, len);
    if (ptr != NULL) {
        memset(ptr, 0, len);
    }
    return ptr;
}

void hsy_mem_free(const struct hearsay_mem *mem, void *ptr)
{
    HSY_ASSERT(mem != NULL);
    HSY_ASSERT(mem->free != NULL);
    mem->free(mem->ctx, ptr);
}

void hsy_mem_wipe(void *ptr, size_t len)
{
    HSY_ASSERT(ptr != NULL || len == 0);

    /* Stores through a volatile lvalue are side effects: unlike a memset
     * before free() they cannot be dropped as dead. */
    volatile uint8_t *at = ptr;
    for (size_t i = 0; i < len; i++) {
        at[i] = 0;
    }
}

struct hearsay_buf *hsy_buf_new(const struct hearsay_mem *mem, uint32_t len)
{
    HSY_ASSERT(mem != NULL);

    struct hearsay_buf *buf;
    size_t whole_len = sizeof(*buf) + len;
    HSY_ASSERT(whole_len > len); /* Could wrap where size_t has 32 bits. */
    buf = hsy_mem_alloc(mem, whole_len);
    if (buf == NULL) {
        return NULL;
    }
    *buf = (struct hearsay_buf){
        .refs = 1, .len = len, .data = (uint8_t *)(buf + 1), .mem = *mem};
    return buf;
}

struct hearsay_buf *hearsay_buf_ref(struct hearsay_buf *buf)
{
    HSY_ASSERT(buf != NULL);
    HSY_ASSERT(buf->refs >= 1); /* 0: already freed. */
    HSY_ASSERT(buf->refs < UINT32_MAX);
    buf->refs++;
    return buf;
}

void hearsay_buf_unref(struct hearsay_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    HSY_ASSERT(buf->refs >= 1);
    buf->refs--;
    if (buf->refs == 0) {
        struct hearsay_mem mem = buf->mem; /* Outlives what held it. */
        hsy_mem_free(&mem, buf);
    }
}
