/* Virtual disks: transactions, moods and harm. */
#include <string.h>

#include "sim/disk.h"
#include "support/claim.h"
#include "support/mem_fault.h"

enum { UNDO_MAX = 4 };

struct rig {
    struct mem_fault fault;
    struct hsy_values values;
    struct hsy_disk disk, other;
    struct hsy_prng prng;
    uint64_t token;
};

static void rig_open(struct rig *r, uint64_t fails_at, uint64_t salt)
{
    *r = (struct rig){.fault = mem_fault_at(fails_at)};
    struct hearsay_mem mem = mem_fault_mem(&r->fault);
    hsy_values_init(&r->values, &mem, salt, UNDO_MAX);
    hsy_disk_init(&r->disk, &r->values);
    hsy_disk_init(&r->other, &r->values);
    hsy_prng_init(&r->prng, 3);
}

static void rig_close(struct rig *r)
{
    hsy_disk_fini(&r->disk);
    hsy_disk_fini(&r->other);
    hsy_values_fini(&r->values);
    CLAIM_INT(r->fault.live, 0);
}

static struct hearsay_row row_of(const char *key, const char *value)
{
    return (struct hearsay_row){.table = HEARSAY_TABLE_BOOK,
                                .key = (const uint8_t *)key,
                                .key_len = strlen(key),
                                .value = (const uint8_t *)value,
                                .value_len = value == NULL ? 0 : strlen(value)};
}

static int try_put(struct rig *r, struct hsy_disk *d, const char *key,
                   const char *value)
{
    struct hearsay_row row = row_of(key, value);
    r->token++;
    int err = hsy_disk_write(d, &row, r->token, false);
    struct hsy_commit commit;
    if (err == HEARSAY_OK) {
        err = hsy_disk_commit(d, &commit, &r->prng);
    }
    if (err == HEARSAY_OK) {
        CLAIM(commit.token == r->token);
    }
    return err;
}

static void put(struct rig *r, const char *key, const char *value)
{
    CLAIM_INT(try_put(r, &r->disk, key, value), HEARSAY_OK);
}

static bool has(const struct hsy_disk *d, const char *key, const char *value)
{
    for (uint32_t i = 0; i < hsy_disk_count(d); i++) {
        struct hearsay_row row = hsy_disk_row(d, i);
        if (row.key_len == strlen(key) &&
            memcmp(row.key, key, row.key_len) == 0) {
            return row.table == HEARSAY_TABLE_BOOK && row.value != NULL &&
                   row.value_len == strlen(value) &&
                   memcmp(row.value, value, row.value_len) == 0;
        }
    }
    return false;
}

static void test_rows_are_put_replaced_and_erased(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "one");
    put(&r, "b", "");
    put(&r, "a", "two");
    CLAIM_INT(hsy_disk_count(&r.disk), 2);
    CLAIM(has(&r.disk, "a", "two"));
    CLAIM(has(&r.disk, "b", ""));
    put(&r, "a", NULL);
    put(&r, "nobody", NULL);
    CLAIM_INT(hsy_disk_count(&r.disk), 1);
    rig_close(&r);
}

/* A million disks of the same rows cost the bytes once. */
static void test_equal_values_of_two_disks_are_kept_once(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "one");
    CLAIM_INT(try_put(&r, &r.other, "a", "one"), HEARSAY_OK);
    CLAIM(hsy_disk_row(&r.disk, 0).value == hsy_disk_row(&r.other, 0).value);
    CLAIM_INT(try_put(&r, &r.other, "a", "two"), HEARSAY_OK);
    CLAIM(has(&r.disk, "a", "one")); /* One's write is not the other's. */
    CLAIM(has(&r.other, "a", "two"));
    rig_close(&r);
}

static void test_a_transaction_without_its_last_row_is_dropped(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    struct hearsay_row a = row_of("a", "1");
    struct hearsay_row b = row_of("b", "2");
    struct hearsay_row n = row_of("c", "3");
    CLAIM_INT(hsy_disk_write(&r.disk, &n, 1, false), HEARSAY_OK);
    CLAIM_INT(hsy_disk_write(&r.disk, &a, 2, true), HEARSAY_OK);
    CLAIM_INT(hsy_disk_write(&r.disk, &b, 3, true), HEARSAY_OK);
    CLAIM_INT(hsy_disk_write(&r.disk, &b, 4, false), HEARSAY_OK);
    CLAIM_INT(r.disk.open_count, 2);
    struct hsy_commit commit;
    CLAIM_INT(hsy_disk_commit(&r.disk, &commit, &r.prng), HEARSAY_OK);
    CLAIM(commit.token == 1);
    CLAIM_INT(hsy_disk_commit(&r.disk, &commit, &r.prng), HEARSAY_OK);
    CLAIM(commit.token == 4);
    CLAIM(!has(&r.disk, "a", "1"));
    CLAIM(has(&r.disk, "b", "2"));
    CLAIM_INT(hsy_disk_write(&r.disk, &a, 5, true), HEARSAY_OK);
    CLAIM_INT(hsy_disk_flush(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM_INT(hsy_disk_count(&r.disk), 2);
    rig_close(&r);
}

static void test_a_full_disk_keeps_what_it_has(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "one");
    CLAIM_INT(hsy_disk_set_mood(&r.disk, HSY_DISK_FULL), HEARSAY_OK);
    put(&r, "a", "two");
    put(&r, "b", "three");
    CLAIM(has(&r.disk, "a", "one"));
    CLAIM_INT(hsy_disk_count(&r.disk), 1);
    rig_close(&r);
}

static void test_a_lie_is_undone_by_a_crash(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "one");
    put(&r, "b", "two");
    CLAIM_INT(hsy_disk_set_mood(&r.disk, HSY_DISK_LYING), HEARSAY_OK);
    put(&r, "a", "changed");
    put(&r, "b", NULL);
    put(&r, "c", "new");
    CLAIM(has(&r.disk, "a", "changed"));
    CLAIM_INT(hsy_disk_crash(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM_INT(hsy_disk_count(&r.disk), 2);
    CLAIM(has(&r.disk, "a", "one"));
    CLAIM(has(&r.disk, "b", "two"));
    put(&r, "a", "again"); /* It goes on lying, */
    CLAIM_INT(hsy_disk_crash(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM(has(&r.disk, "a", "one"));
    put(&r, "a", "kept"); /* until its mood is another. */
    CLAIM_INT(hsy_disk_set_mood(&r.disk, HSY_DISK_FINE), HEARSAY_OK);
    CLAIM_INT(hsy_disk_crash(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM(has(&r.disk, "a", "kept"));
    rig_close(&r);
}

static void test_the_end_in_order_makes_a_lie_true(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    CLAIM_INT(hsy_disk_set_mood(&r.disk, HSY_DISK_LYING), HEARSAY_OK);
    put(&r, "a", "one");
    CLAIM_INT(hsy_disk_flush(&r.disk, &r.prng), HEARSAY_OK);
    put(&r, "a", "two");
    CLAIM_INT(hsy_disk_crash(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM(has(&r.disk, "a", "one"));
    rig_close(&r);
}

static void harm(struct rig *r, enum hsy_disk_harm harm)
{
    CLAIM_INT(hsy_disk_harm(&r->disk, harm, &r->prng), HEARSAY_OK);
}

static void test_a_stale_disk_is_one_of_the_past(void **state)
{
    (void)state;
    static const char *const values[] = {"0", "1", "2", "3", "4",
                                         "5", "6", "7", "8"};
    bool seen[9] = {false};
    for (uint64_t rng = 0; rng < 200; rng++) {
        struct rig r;
        rig_open(&r, MEM_FAULT_NEVER, 1);
        hsy_prng_init(&r.prng, rng);
        for (int i = 0; i < 9; i++) {
            put(&r, "a", values[i]);
        }
        harm(&r, HSY_HARM_STALE);
        CLAIM_INT(hsy_disk_count(&r.disk), 1);
        for (int i = 0; i < 9; i++) {
            seen[i] = seen[i] || has(&r.disk, "a", values[i]);
        }
        rig_close(&r);
    }
    for (int i = 0; i < 9; i++) { /* At least one, at most UNDO_MAX back. */
        CLAIM_INT(seen[i], i < 8 && i >= 8 - UNDO_MAX);
    }
}

/* Two rows a commit, three commits: the log holds two of them whole. */
static void test_a_commit_is_undone_whole_or_not_at_all(void **state)
{
    (void)state;
    for (uint64_t rng = 0; rng < 20; rng++) {
        struct rig r;
        rig_open(&r, MEM_FAULT_NEVER, 1);
        hsy_prng_init(&r.prng, rng);
        for (uint64_t token = 1; token <= 3; token++) {
            const char *value = token == 1 ? "1" : token == 2 ? "2" : "3";
            struct hearsay_row a = row_of("a", value);
            struct hearsay_row b = row_of("b", value);
            struct hsy_commit commit;
            CLAIM_INT(hsy_disk_write(&r.disk, &a, token, true), HEARSAY_OK);
            CLAIM_INT(hsy_disk_write(&r.disk, &b, token, false), HEARSAY_OK);
            CLAIM_INT(hsy_disk_commit(&r.disk, &commit, &r.prng), HEARSAY_OK);
        }
        harm(&r, HSY_HARM_STALE);
        CLAIM((has(&r.disk, "a", "1") && has(&r.disk, "b", "1")) ||
              (has(&r.disk, "a", "2") && has(&r.disk, "b", "2")));
        harm(&r, HSY_HARM_STALE);
        harm(&r, HSY_HARM_STALE); /* Nothing more to undo. */
        CLAIM(has(&r.disk, "a", "1") && has(&r.disk, "b", "1"));
        rig_close(&r);
    }
}

static void test_a_flip_changes_one_bit_and_a_cut_the_length(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "value");
    CLAIM_INT(try_put(&r, &r.other, "a", "value"), HEARSAY_OK);
    harm(&r, HSY_HARM_FLIP);
    struct hearsay_row row = hsy_disk_row(&r.disk, 0);
    uint32_t bits = 0;
    CLAIM_INT(row.value_len, 5);
    for (uint32_t i = 0; i < 5 * 8; i++) {
        bits += ((row.value[i / 8] ^ (unsigned)"value"[i / 8]) >> (i % 8)) & 1;
    }
    CLAIM_INT(bits, 1);
    CLAIM(has(&r.other, "a", "value")); /* The other's share is its own. */
    harm(&r, HSY_HARM_CUT);
    CLAIM(hsy_disk_row(&r.disk, 0).value_len < 5);
    harm(&r, HSY_HARM_LOSE);
    CLAIM_INT(hsy_disk_count(&r.disk), 0);
    harm(&r, HSY_HARM_FLIP); /* Of nothing. */
    harm(&r, HSY_HARM_CUT);
    harm(&r, HSY_HARM_STALE);
    CLAIM_INT(hsy_disk_count(&r.disk), 0);
    put(&r, "b", "");
    harm(&r, HSY_HARM_FLIP);
    CLAIM(has(&r.disk, "b", ""));
    rig_close(&r);
}

static void test_harm_to_a_lying_disk_stays(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, MEM_FAULT_NEVER, 1);
    put(&r, "a", "one");
    CLAIM_INT(hsy_disk_set_mood(&r.disk, HSY_DISK_LYING), HEARSAY_OK);
    harm(&r, HSY_HARM_LOSE);
    CLAIM_INT(hsy_disk_crash(&r.disk, &r.prng), HEARSAY_OK);
    CLAIM_INT(hsy_disk_count(&r.disk), 0);
    rig_close(&r);
}

static int do_all(struct rig *r)
{
    int err = try_put(r, &r->disk, "a", "one");
    err = err != 0 ? err : try_put(r, &r->disk, "b", "two");
    err = err != 0 ? err : hsy_disk_set_mood(&r->disk, HSY_DISK_LYING);
    err = err != 0 ? err : try_put(r, &r->disk, "a", "three");
    err = err != 0 ? err : try_put(r, &r->disk, "c", "four");
    err = err != 0 ? err : hsy_disk_crash(&r->disk, &r->prng);
    err = err != 0 ? err : hsy_disk_flush(&r->disk, &r->prng);
    err = err != 0 ? err : try_put(r, &r->disk, "b", NULL);
    err = err != 0 ? err : hsy_disk_harm(&r->disk, HSY_HARM_STALE, &r->prng);
    err = err != 0 ? err : hsy_disk_harm(&r->disk, HSY_HARM_FLIP, &r->prng);
    return err != 0 ? err : hsy_disk_harm(&r->disk, HSY_HARM_CUT, &r->prng);
}

static void test_no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    int err = HEARSAY_ERR_NOMEM;
    uint64_t fails_at = 1;
    for (; err != HEARSAY_OK; fails_at++) {
        struct rig r;
        rig_open(&r, fails_at, 1);
        err = do_all(&r);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        rig_close(&r);
    }
    CLAIM(fails_at > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_put_replaced_and_erased),
        cmocka_unit_test(test_equal_values_of_two_disks_are_kept_once),
        cmocka_unit_test(test_a_transaction_without_its_last_row_is_dropped),
        cmocka_unit_test(test_a_full_disk_keeps_what_it_has),
        cmocka_unit_test(test_a_lie_is_undone_by_a_crash),
        cmocka_unit_test(test_the_end_in_order_makes_a_lie_true),
        cmocka_unit_test(test_a_stale_disk_is_one_of_the_past),
        cmocka_unit_test(test_a_commit_is_undone_whole_or_not_at_all),
        cmocka_unit_test(test_a_flip_changes_one_bit_and_a_cut_the_length),
        cmocka_unit_test(test_harm_to_a_lying_disk_stays),
        cmocka_unit_test(test_no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("sim_disk", tests, NULL, NULL);
}
