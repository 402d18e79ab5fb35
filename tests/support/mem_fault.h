/* An allocator that fails at one chosen call, and counts what is not given
 * back. A test lets the first call fail, then the second, and so on until
 * the work succeeds: thus every failure path has run.
 *
 *     struct mem_fault fault = mem_fault_at(1);
 *     struct hearsay_mem mem = mem_fault_mem(&fault);
 *     ...
 *     CLAIM_INT(fault.live, 0);
 */
#ifndef HSY_TESTS_SUPPORT_MEM_FAULT_H
#define HSY_TESTS_SUPPORT_MEM_FAULT_H

#include "hearsay.h"

#define MEM_FAULT_NEVER UINT64_MAX

struct mem_fault {
    uint64_t calls;    /* Allocations asked for so far. */
    uint64_t fails_at; /* From 1; MEM_FAULT_NEVER. Only this call fails. */
    uint64_t live;     /* Allocations not freed yet. */
};

static inline struct mem_fault mem_fault_at(uint64_t call)
{
    return (struct mem_fault){.fails_at = call};
}

static inline void *mem_fault_alloc(void *ctx, size_t len)
{
    struct mem_fault *fault = (struct mem_fault *)ctx;
    const struct hearsay_mem *real = hearsay_mem_default();
    fault->calls++;
    if (fault->calls == fault->fails_at) {
        return NULL;
    }
    void *ptr = real->alloc(real->ctx, len);
    if (ptr != NULL) {
        fault->live++;
    }
    return ptr;
}

static inline void mem_fault_free(void *ctx, void *ptr)
{
    struct mem_fault *fault = (struct mem_fault *)ctx;
    const struct hearsay_mem *real = hearsay_mem_default();
    if (ptr != NULL) {
        fault->live--;
    }
    real->free(real->ctx, ptr);
}

/* @fault is borrowed for as long as the allocator is used. */
static inline struct hearsay_mem mem_fault_mem(struct mem_fault *fault)
{
    return (struct hearsay_mem){
        .alloc = mem_fault_alloc, .free = mem_fault_free, .ctx = fault};
}

#endif
