/* Byte strings that are kept once. */
#include "base/pool.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <string.h>

static struct hsy_blob *put(struct hearsay_pool *pool, uint32_t number)
{
    uint8_t bytes[40];

    memset(bytes, (int)(number % 7), sizeof(bytes));
    memcpy(bytes, &number, sizeof(number));
    return hsy_pool_put(pool, bytes, 20 + number % 20);
}

static void equal_bytes_are_one_blob_while_somebody_holds_it(void **state)
{
    struct hearsay_pool pool;

    (void)state;
    hsy_pool_init(&pool, hearsay_mem_default(), 3);
    struct hsy_blob *one = hsy_pool_put(&pool, "gossip", 6);
    struct hsy_blob *same = hsy_pool_put(&pool, "gossip", 6);
    struct hsy_blob *shorter = hsy_pool_put(&pool, "gossi", 5);
    struct hsy_blob *other = hsy_pool_put(&pool, "Gossip", 6);
    CLAIM(one == same);
    CLAIM(one != shorter);
    CLAIM(one != other);
    CLAIM_INT(pool.count, 3);
    CLAIM_INT(one->len, 6);
    CLAIM_BYTES(one->bytes, "gossip", 6);
    CLAIM(hsy_blob_share(one) == one);
    hsy_pool_drop(&pool, one);
    hsy_pool_drop(&pool, one);
    CLAIM_BYTES(one->bytes, "gossip", 6); /* The third share. */
    CLAIM_INT(pool.count, 3);
    hsy_pool_drop(&pool, one);
    CLAIM_INT(pool.count, 2);
    hsy_pool_drop(&pool, shorter);
    hsy_pool_drop(&pool, other);
    hsy_pool_drop(&pool, NULL);
    hsy_pool_fini(&pool);
}

static void what_is_held_is_found_whatever_else_comes_and_goes(void **state)
{
    enum { COUNT = 600 };
    static struct hsy_blob *held[COUNT];

    (void)state;
    for (uint64_t salt = 0; salt < 4; salt++) {
        struct hearsay_pool pool;
        hsy_pool_init(&pool, hearsay_mem_default(), salt << 60);
        memset(held, 0, sizeof(held));
        for (uint32_t step = 0; step < 20000; step++) {
            uint32_t at = (step * 7919U + step / 600) % COUNT;
            if (held[at] == NULL) {
                held[at] = put(&pool, at);
                continue;
            }
            struct hsy_blob *again = put(&pool, at);
            CLAIM(again == held[at]);
            CLAIM_INT(again->refs, 2);
            hsy_pool_drop(&pool, again);
            hsy_pool_drop(&pool, held[at]);
            held[at] = NULL;
        }
        for (uint32_t i = 0; i < COUNT; i++) {
            hsy_pool_drop(&pool, held[i]);
        }
        CLAIM_INT(pool.count, 0);
        hsy_pool_fini(&pool);
    }
}

static void without_memory_there_is_no_share_and_nothing_changes(void **state)
{
    (void)state;
    /* Calls 1, 2: slots and a blob; 9: more slots for the seventh blob. */
    for (uint64_t call = 1; call <= 9; call++) {
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hearsay_pool pool;
        struct hsy_blob *blobs[7];
        uint32_t failed = 0;

        hsy_pool_init(&pool, &mem, 1);
        for (uint32_t i = 0; i < 7; i++) {
            uint32_t before = pool.count;
            blobs[i] = put(&pool, i);
            if (blobs[i] == NULL) {
                failed++;
                CLAIM_INT(pool.count, before);
                blobs[i] = put(&pool, i);
            }
        }
        CLAIM_INT(failed, 1);
        CLAIM_INT(pool.count, 7);
        for (uint32_t i = 0; i < 7; i++) {
            hsy_pool_drop(&pool, blobs[i]);
        }
        hsy_pool_fini(&pool);
        CLAIM_INT(fault.live, 0);
    }
}

static void a_share_that_was_forgotten_or_ended_twice_is_a_bug(void **state)
{
    struct hearsay_pool pool;
    struct hearsay_pool another;

    (void)state;
    hsy_pool_init(&pool, hearsay_mem_default(), 1);
    hsy_pool_init(&another, hearsay_mem_default(), 1);
    struct hsy_blob *blob = put(&pool, 1);
    struct hsy_blob *strange = put(&another, 2);
    CLAIM_DIES(hsy_pool_fini(&pool));
    CLAIM_DIES(hsy_pool_drop(&pool, strange));
    CLAIM_DIES(strange = hsy_pool_put(&pool, "", 0));
    hsy_pool_drop(&pool, blob);
    hsy_pool_drop(&another, strange);
    hsy_pool_fini(&pool);
    hsy_pool_fini(&another);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_are_one_blob_while_somebody_holds_it),
        cmocka_unit_test(what_is_held_is_found_whatever_else_comes_and_goes),
        cmocka_unit_test(without_memory_there_is_no_share_and_nothing_changes),
        cmocka_unit_test(a_share_that_was_forgotten_or_ended_twice_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
