/* Allocation through the node's own allocator, and shared buffers. */
#include "base/mem.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <string.h>

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    static const uint8_t zeros[64] = {0};
    uint8_t *ptr = hsy_mem_zalloc(hearsay_mem_default(), sizeof(zeros));
    CLAIM(ptr != NULL);
    CLAIM_BYTES(ptr, zeros, sizeof(zeros));
    hsy_mem_free(hearsay_mem_default(), ptr);
    hsy_mem_free(hearsay_mem_default(), NULL);
}

static void no_memory_is_null_everywhere(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(1);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    CLAIM(hsy_mem_alloc(&mem, 8) == NULL);
    fault.calls = 0;
    CLAIM(hsy_mem_zalloc(&mem, 8) == NULL);
    fault.calls = 0;
    CLAIM(hsy_buf_new(&mem, 8) == NULL);
    CLAIM_INT(fault.live, 0);
}

static void nothing_cannot_be_allocated(void **state)
{
    (void)state;
    CLAIM_DIES((void)hsy_mem_alloc(hearsay_mem_default(), 0));
}

static void a_wipe_clears_its_bytes_and_no_others(void **state)
{
    (void)state;
    uint8_t bytes[4] = {1, 2, 3, 4};
    const uint8_t wiped[4] = {1, 0, 0, 4};
    hsy_mem_wipe(bytes + 1, 2);
    CLAIM_BYTES(bytes, wiped, sizeof(bytes));
    hsy_mem_wipe(NULL, 0);
}

static void a_buffer_lives_until_its_last_share_ends(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    struct hearsay_buf *buf = hsy_buf_new(&mem, 100);
    CLAIM(buf != NULL);
    CLAIM_INT(buf->refs, 1);
    CLAIM_INT(buf->len, 100);
    memset(buf->data, 7, buf->len); /* A sanitizer sees a short one. */

    CLAIM(hearsay_buf_ref(buf) == buf);
    hearsay_buf_unref(buf);
    CLAIM_INT(fault.live, 1);
    CLAIM_INT(buf->data[99], 7);

    hearsay_buf_unref(buf);
    CLAIM_INT(fault.live, 0);
    CLAIM_INT(fault.calls, 1);
}

static void an_empty_buffer_is_a_buffer(void **state)
{
    (void)state;
    struct hearsay_buf *buf = hsy_buf_new(hearsay_mem_default(), 0);
    CLAIM(buf != NULL);
    CLAIM_INT(buf->len, 0);
    hearsay_buf_unref(buf);
    hearsay_buf_unref(NULL);
}

static void a_share_too_many_is_a_bug(void **state)
{
    (void)state;
    struct hearsay_buf dead = {.refs = 0, .mem = *hearsay_mem_default()};
    CLAIM_DIES(hearsay_buf_unref(&dead));
    CLAIM_DIES((void)hearsay_buf_ref(&dead));
    dead.refs = UINT32_MAX;
    CLAIM_DIES((void)hearsay_buf_ref(&dead));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(no_memory_is_null_everywhere),
        cmocka_unit_test(nothing_cannot_be_allocated),
        cmocka_unit_test(a_wipe_clears_its_bytes_and_no_others),
        cmocka_unit_test(a_buffer_lives_until_its_last_share_ends),
        cmocka_unit_test(an_empty_buffer_is_a_buffer),
        cmocka_unit_test(a_share_too_many_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
