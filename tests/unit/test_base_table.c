/* The bounded hash table. */
#include "base/mem.h"
#include "base/prng.h"
#include "base/table.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <string.h>

enum { KEY_LEN = 16 };

struct item {
    uint8_t key[KEY_LEN];
    uint64_t value;
};

static void key_of(uint8_t out[KEY_LEN], uint64_t number)
{
    memset(out, 0, KEY_LEN);
    memcpy(out + 4, &number, sizeof(number));
}

static struct hsy_table new_table(const struct hearsay_mem *mem,
                                  uint32_t items_max, uint64_t salt)
{
    struct hsy_table t;
    struct hsy_table_shape shape = {KEY_LEN, sizeof(struct item), items_max};
    hsy_table_init(&t, mem, shape, salt);
    return t;
}

static int put(struct hsy_table *t, uint64_t number, uint64_t value)
{
    uint8_t key[KEY_LEN];
    void *found = NULL;
    key_of(key, number);
    int err = hsy_table_put(t, &found, key);
    if (err == HEARSAY_OK) {
        ((struct item *)found)->value = value;
    }
    return err;
}

static struct item *find(const struct hsy_table *t, uint64_t number)
{
    uint8_t key[KEY_LEN];
    key_of(key, number);
    return hsy_table_find(t, key);
}

static void an_empty_table_finds_nothing_and_owns_nothing(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    struct hsy_table t = new_table(&mem, 4, 1);
    CLAIM(find(&t, 1) == NULL);
    CLAIM_INT(fault.calls, 0);
    hsy_table_fini(&t);
    CLAIM_INT(fault.live, 0);
}

static void a_new_item_has_its_key_and_zeros(void **state)
{
    (void)state;
    struct hsy_table t = new_table(hearsay_mem_default(), 4, 1);
    uint8_t key[KEY_LEN];
    void *found = NULL;
    key_of(key, 5);
    CLAIM_INT(put(&t, 9, UINT64_MAX), HEARSAY_OK);
    hsy_table_remove(&t, find(&t, 9)); /* Leaves its bytes behind. */

    CLAIM_INT(hsy_table_put(&t, &found, key), HEARSAY_OK);
    CLAIM_BYTES(((struct item *)found)->key, key, KEY_LEN);
    CLAIM_INT(((struct item *)found)->value, 0);
    hsy_table_fini(&t);
}

static void putting_a_key_twice_gives_the_same_item(void **state)
{
    (void)state;
    struct hsy_table t = new_table(hearsay_mem_default(), 1, 1);
    uint8_t key[KEY_LEN];
    void *found = NULL;
    key_of(key, 5);
    CLAIM_INT(put(&t, 5, 55), HEARSAY_OK);
    CLAIM_INT(hsy_table_put(&t, &found, key), HEARSAY_OK);
    CLAIM_INT(((struct item *)found)->value, 55);
    CLAIM_INT(t.count, 1);
    hsy_table_fini(&t);
}

static void a_full_table_refuses_and_keeps_its_items(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 7, 8, 9, 16, 100};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct hsy_table t = new_table(hearsay_mem_default(), limits[i], i);
        for (uint64_t n = 0; n < limits[i]; n++) {
            CLAIM_INT(put(&t, n, n * n), HEARSAY_OK);
        }
        CLAIM_INT(put(&t, limits[i], 1), HEARSAY_ERR_FULL);
        CLAIM_INT(t.count, limits[i]);
        CLAIM_INT(t.room, limits[i]); /* Grown so far and no further. */
        for (uint64_t n = 0; n < limits[i]; n++) {
            CLAIM_INT(find(&t, n)->value, n * n);
        }
        CLAIM_INT(put(&t, 0, 1), HEARSAY_OK); /* It is there already. */
        hsy_table_remove(&t, find(&t, 0));
        CLAIM_INT(put(&t, limits[i], 1), HEARSAY_OK);
        hsy_table_fini(&t);
    }
}

static void a_table_that_cannot_grow_is_unchanged(void **state)
{
    (void)state;
    /* Call 1 makes the first room of 4, call 2 the next, of 6. */
    for (uint64_t call = 1; call <= 2; call++) {
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_table t = new_table(&mem, 100, 3);
        uint64_t before = call == 1 ? 0 : 4;
        for (uint64_t n = 0; n < before; n++) {
            CLAIM_INT(put(&t, n, n), HEARSAY_OK);
        }
        CLAIM_INT(put(&t, before, 1), HEARSAY_ERR_NOMEM);
        CLAIM_INT(t.count, before);
        CLAIM(find(&t, before) == NULL);
        for (uint64_t n = 0; n < before; n++) {
            CLAIM_INT(find(&t, n)->value, n);
        }
        CLAIM_INT(put(&t, before, 1), HEARSAY_OK); /* Memory is back. */
        hsy_table_fini(&t);
        CLAIM_INT(fault.live, 0);
    }
}

static void an_item_with_another_key_stays_in_its_place(void **state)
{
    (void)state;
    for (uint64_t salt = 0; salt < 20; salt++) {
        struct hsy_table t = new_table(hearsay_mem_default(), 50, salt << 57);
        for (uint64_t n = 0; n < 20; n++) {
            CLAIM_INT(put(&t, n, n), HEARSAY_OK);
        }
        for (uint64_t n = 0; n < 20; n++) {
            uint8_t key[KEY_LEN];
            key_of(key, 100 + n);
            struct item *item = hsy_table_rekey(&t, (uint32_t)n, key);
            CLAIM(item == hsy_table_at(&t, (uint32_t)n));
            CLAIM_INT(item->value, 0);
            CLAIM(find(&t, 100 + n) == item);
            CLAIM(find(&t, n) == NULL);
            CLAIM(n == 19 || find(&t, n + 1)->value == n + 1);
        }
        CLAIM_INT(t.count, 20);
        uint8_t other[KEY_LEN];
        key_of(other, 101);
        CLAIM_DIES((void)hsy_table_rekey(&t, 0, other)); /* There already. */
        key_of(other, 7);
        CLAIM_DIES((void)hsy_table_rekey(&t, 20, other));
        hsy_table_fini(&t);
    }
}

static void the_order_is_that_of_insertion_under_any_salt(void **state)
{
    (void)state;
    for (uint64_t salt = 0; salt < 20; salt++) {
        struct hsy_table t = new_table(hearsay_mem_default(), 50, salt << 57);
        for (uint64_t n = 0; n < 20; n++) {
            CLAIM_INT(put(&t, n * 1000, n), HEARSAY_OK);
        }
        hsy_table_remove(&t, find(&t, 3000)); /* 19 moves into the hole. */
        hsy_table_remove(&t, hsy_table_at(&t, 18));
        CLAIM_INT(t.count, 18);
        for (uint32_t i = 0; i < t.count; i++) {
            struct item *item = hsy_table_at(&t, i);
            CLAIM_INT(item->value, i == 3 ? 19 : i);
        }
        CLAIM_DIES((void)hsy_table_at(&t, 18));
        hsy_table_fini(&t);
    }
}

static void removing_what_is_not_in_the_table_is_a_bug(void **state)
{
    (void)state;
    struct hsy_table t = new_table(hearsay_mem_default(), 50, 1);
    CLAIM_INT(put(&t, 1, 1), HEARSAY_OK);
    CLAIM_INT(put(&t, 2, 2), HEARSAY_OK);
    uint8_t *second = hsy_table_at(&t, 1);
    CLAIM_DIES(hsy_table_remove(&t, second + 1));
    CLAIM_DIES(hsy_table_remove(&t, second + sizeof(struct item)));
    CLAIM_DIES(hsy_table_remove(&t, NULL));
    hsy_table_fini(&t);
}

static void impossible_shapes_are_bugs(void **state)
{
    (void)state;
    static const struct hsy_table_shape shapes[] = {
        {7, 16, 1}, {65, 80, 1}, {16, 15, 1}, {16, 16, 0}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct hsy_table t;
        CLAIM_DIES(hsy_table_init(&t, hearsay_mem_default(), shapes[i], 1));
    }
}

static void every_byte_of_a_key_of_any_length_counts(void **state)
{
    (void)state;
    for (uint32_t len = 8; len <= 64; len++) {
        struct hsy_table t;
        struct hsy_table_shape shape = {len, 72, 65};
        uint8_t key[64] = {0};
        void *found;
        hsy_table_init(&t, hearsay_mem_default(), shape, len);
        CLAIM_INT(hsy_table_put(&t, &found, key), HEARSAY_OK);
        for (uint32_t i = 0; i < len; i++) {
            key[i] = 1;
            CLAIM(hsy_table_find(&t, key) == NULL);
            CLAIM_INT(hsy_table_put(&t, &found, key), HEARSAY_OK);
            key[i] = 0;
        }
        CLAIM_INT(t.count, len + 1);
        hsy_table_fini(&t);
    }
}

/* The naive table: what the real one must do, too simple to be wrong. */
enum { NAIVE_MAX = 300 };

struct naive {
    struct {
        uint64_t number, value;
    } items[NAIVE_MAX];
    uint32_t count;
};

static uint32_t naive_find(const struct naive *n, uint64_t number)
{
    uint32_t i = 0;
    while (i < n->count && n->items[i].number != number) {
        i++;
    }
    return i;
}

static int naive_put(struct naive *n, uint64_t number, uint64_t value)
{
    uint32_t at = naive_find(n, number);
    if (at == NAIVE_MAX) {
        return HEARSAY_ERR_FULL;
    }
    if (at == n->count) {
        n->count++;
        n->items[at].number = number;
    }
    n->items[at].value = value;
    return HEARSAY_OK;
}

static void claim_equal(const struct hsy_table *t, const struct naive *n)
{
    CLAIM_INT(t->count, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        const struct item *item = hsy_table_at(t, i);
        uint8_t key[KEY_LEN];
        key_of(key, n->items[i].number);
        CLAIM_BYTES(item->key, key, KEY_LEN);
        CLAIM_INT(item->value, n->items[i].value);
        CLAIM(find(t, n->items[i].number) == item);
    }
}

static void one_random_step(struct hsy_table *t, struct naive *n,
                            struct hsy_prng *prng, uint64_t removes_percent)
{
    uint64_t number = hsy_prng_below(prng, 600);
    uint32_t at = naive_find(n, number);
    if (hsy_prng_below(prng, 100) >= removes_percent) {
        uint64_t value = hsy_prng_next(prng);
        CLAIM_INT(put(t, number, value), naive_put(n, number, value));
        return;
    }
    struct item *item = find(t, number);
    CLAIM((item != NULL) == (at < n->count));
    if (item != NULL) {
        hsy_table_remove(t, item);
        n->count--;
        n->items[at] = n->items[n->count];
    }
}

static void it_does_what_a_naive_array_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct hsy_prng prng;
        hsy_prng_init(&prng, seed);
        struct hsy_table t =
            new_table(hearsay_mem_default(), NAIVE_MAX, hsy_prng_next(&prng));
        struct naive n = {.count = 0};
        /* Fill until FULL, hold it there, then drain. */
        for (uint32_t step = 0; step < 9000; step++) {
            one_random_step(&t, &n, &prng, 20 + 30 * (step / 3000));
            if (step % 300 == 0) {
                claim_equal(&t, &n);
            }
        }
        claim_equal(&t, &n);
        hsy_table_fini(&t);
    }
}

/* A bad hash would make long clusters out of keys that differ in few bits.
 * At a load of at most one half a find walks 1.5 slots on average; a cluster
 * of more than 64 slots does not happen with a good one. */
static void keys_that_count_up_do_not_cluster(void **state)
{
    (void)state;
    for (uint64_t shift = 0; shift <= 48; shift += 8) {
        struct hsy_table t = new_table(hearsay_mem_default(), 4096, shift);
        uint32_t run = 0;
        for (uint64_t n = 0; n < 4096; n++) {
            CLAIM_INT(put(&t, n << shift, n), HEARSAY_OK);
        }
        CLAIM(t.slots_mask + 1 >= 2 * t.count);
        for (uint32_t i = 0; i <= t.slots_mask; i++) {
            run = t.slots[i] == 0 ? 0 : run + 1;
            CLAIM(run <= 64);
        }
        hsy_table_fini(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_finds_nothing_and_owns_nothing),
        cmocka_unit_test(a_new_item_has_its_key_and_zeros),
        cmocka_unit_test(putting_a_key_twice_gives_the_same_item),
        cmocka_unit_test(a_full_table_refuses_and_keeps_its_items),
        cmocka_unit_test(a_table_that_cannot_grow_is_unchanged),
        cmocka_unit_test(an_item_with_another_key_stays_in_its_place),
        cmocka_unit_test(the_order_is_that_of_insertion_under_any_salt),
        cmocka_unit_test(removing_what_is_not_in_the_table_is_a_bug),
        cmocka_unit_test(impossible_shapes_are_bugs),
        cmocka_unit_test(every_byte_of_a_key_of_any_length_counts),
        cmocka_unit_test(it_does_what_a_naive_array_does),
        cmocka_unit_test(keys_that_count_up_do_not_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
