/* The per-instance allocator, and reference-counted buffers on it. */
#ifndef HSY_BASE_MEM_H
#define HSY_BASE_MEM_H

#include "hearsay.h"

/* NULL when there is no memory. @len >= 1. */
void *hsy_mem_alloc(const struct hearsay_mem *mem, size_t len);
/* The same, all bytes zero. */
void *hsy_mem_zalloc(const struct hearsay_mem *mem, size_t len);
/* NULL @ptr is a no-op. */
void hsy_mem_free(const struct hearsay_mem *mem, void *ptr);
/* Overwrites a secret in a way that the compiler may not leave out. */
void hsy_mem_wipe(void *ptr, size_t len);

/* One buffer with one reference and room for @len bytes; NULL: no memory. */
struct hearsay_buf *hsy_buf_new(const struct hearsay_mem *mem, uint32_t len);

#endif
