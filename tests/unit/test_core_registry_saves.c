/* What the disk did not take is written again, whole and in good time. */
#include "core/registry.h"

#include <string.h>

#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;

static void begin(void)
{
    core_ports_init(&ports, &env);
    env.config.peers_max = 16384;
    hsy_registry_init(&registry, &env);
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

static void put(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    uint64_t token = 0;
    bool back = false;
    enum hsy_merged merged =
        hsy_registry_merge_record(&registry, &record, &back, &token);
    CLAIM(merged == HSY_MERGED_NEW || merged == HSY_MERGED_NEWER);
}

static void leave(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    struct hsy_leave l = {.id = record.id,
                          .incarnation = incarnation,
                          .issued_ms = env.now.wall_ms};
    uint64_t token = 0;
    CLAIM_INT(hsy_registry_merge_leave(&registry, &record, &l, &token),
              HSY_MERGED_NEWER);
}

static bool saved(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    return hsy_entry_saved(hsy_registry_find(&registry, &id));
}

/* The disk answers all that is under way. */
static void answer(bool ok)
{
    while (ports.committed < ports.token) {
        ports.committed++;
        hsy_registry_persisted(&registry, ports.committed, ok);
    }
}

static uint64_t wait_ns(void)
{
    CLAIM(registry.save_ns != HEARSAY_NEVER);
    return hsy_time_since(env.now.mono_ns, registry.save_ns);
}

/* Until the next try, and the try itself; how many writes it made. */
static uint32_t next_try(void)
{
    uint64_t before = ports.token;
    env.now.mono_ns = registry.save_ns - 1;
    hsy_registry_save_tick(&registry);
    CLAIM_INT(ports.token, before);
    env.now.mono_ns++;
    hsy_registry_save_tick(&registry);
    return (uint32_t)(ports.token - before);
}

/* What a disk that took the writes from @first on says of @number. */
static const struct core_row *row_of(uint32_t number, enum hearsay_table table,
                                     uint64_t first)
{
    struct hearsay_id id = core_id('p', number);
    const struct core_row *found = NULL;
    for (uint32_t i = 0; i < ports.rows_count; i++) {
        const struct core_row *row = &ports.rows[i];
        if (row->token >= first && row->table == table &&
            memcmp(row->key, id.bytes, sizeof(id.bytes)) == 0) {
            found = row;
        }
    }
    return found;
}

static void a_good_disk_leaves_nothing_to_do(void **state)
{
    (void)state;
    begin();
    put(1, 1);
    CLAIM(!saved(1));
    answer(true);
    CLAIM(saved(1));
    CLAIM_INT(registry.unsaved.count, 0);
    CLAIM_INT(registry.writes.count, 0);
    CLAIM(registry.save_ns == HEARSAY_NEVER);
    end();
}

/* 1 s and a back-off of up to 1, 2, 4... 60 s, one write each. */
static void a_bad_disk_is_tried_with_one_row_and_less_and_less(void **state)
{
    (void)state;
    uint64_t longest_ns = 0;
    begin();
    for (uint32_t i = 0; i < 500; i++) {
        put(i, 1);
    }
    answer(false);
    CLAIM_INT(registry.unsaved.count, 500);
    CLAIM(wait_ns() <= 2 * HSY_SECOND + HSY_MS);
    for (uint32_t tries = 0; tries < 30; tries++) {
        CLAIM(wait_ns() >= HSY_SECOND);
        CLAIM(wait_ns() <= 61 * HSY_SECOND + HSY_MS);
        longest_ns = wait_ns() > longest_ns ? wait_ns() : longest_ns;
        CLAIM_INT(next_try(), 1);
        answer(false);
        CLAIM_INT(registry.unsaved.count, 500);
    }
    CLAIM(longest_ns > 40 * HSY_SECOND);
    end();
}

static void a_disk_that_is_good_again_gets_all_of_it(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 500; i++) {
        put(i, 1);
    }
    answer(false);
    CLAIM_INT(next_try(), 1);
    answer(true);
    CLAIM_INT(wait_ns(), 100 * HSY_MS);
    CLAIM_INT(next_try(), 256);
    answer(true);
    CLAIM_INT(wait_ns(), 100 * HSY_MS);
    CLAIM_INT(next_try(), 243);
    answer(true);
    CLAIM(registry.save_ns == HEARSAY_NEVER);
    for (uint32_t i = 0; i < 500; i++) {
        CLAIM(saved(i));
    }
    end();
}

/* Nobody would send it again, so the seed must not forget it with its
 * process. */
static void a_tombstone_is_written_again_too(void **state)
{
    (void)state;
    begin();
    put(1, 3);
    answer(true);
    leave(1, 3);
    answer(false);
    uint64_t first = ports.token + 1;
    CLAIM_INT(next_try(), 1);
    const struct core_row *row = row_of(1, HEARSAY_TABLE_REGISTRY, first);
    CLAIM(row != NULL);
    CLAIM_INT(row->value[0], 3); /* Left. */
    answer(true);
    CLAIM_INT(registry.unsaved.count, 0);
    end();
}

/* Of what happened meanwhile only the end is written. */
static void what_is_written_is_what_is_true_by_then(void **state)
{
    (void)state;
    begin();
    put(1, 3);
    leave(1, 3);
    answer(false);
    put(1, 4);
    uint64_t first = ports.token + 1;
    CLAIM_INT(next_try(), 1);
    const struct core_row *row = row_of(1, HEARSAY_TABLE_REGISTRY, first);
    CLAIM(row != NULL);
    CLAIM_INT(row->value[0], 1); /* Living. */
    row = row_of(1, HEARSAY_TABLE_FLOOR, first);
    CLAIM(row != NULL);
    CLAIM(row->value == NULL);
    answer(true);
    CLAIM(saved(1));
    end();
}

static void a_grave_that_sank_is_a_floor_on_disk_in_the_end(void **state)
{
    (void)state;
    struct hearsay_id id;
    begin();
    put(1, 3);
    leave(1, 3);
    answer(true);
    env.now.wall_ms += HSY_GRAVE_MS;
    env.now.mono_ns += HSY_GRAVE_MS * HSY_MS;
    CLAIM(!hsy_registry_tick(&registry, &id));
    CLAIM_INT(registry.floors.count, 1);
    answer(false);
    uint64_t first = ports.token + 1;
    CLAIM_INT(next_try(), 1);
    CLAIM(row_of(1, HEARSAY_TABLE_REGISTRY, first)->value == NULL);
    CLAIM_INT(row_of(1, HEARSAY_TABLE_FLOOR, first)->value[7], 7);
    end();
}

/* Writes overtake each other: the last one asked for is the one that counts. */
static void an_older_write_says_nothing_of_a_newer_one(void **state)
{
    (void)state;
    begin();
    put(1, 1);
    put(1, 2);
    hsy_registry_persisted(&registry, 1, true);
    CLAIM(!saved(1));
    hsy_registry_persisted(&registry, 2, true);
    CLAIM(saved(1));
    put(1, 3);
    put(1, 4);
    hsy_registry_persisted(&registry, 3, false);
    CLAIM(!saved(1));
    hsy_registry_persisted(&registry, 4, true);
    CLAIM(saved(1));
    CLAIM_INT(registry.unsaved.count, 1); /* Once too often is fine. */
    end();
}

static void no_more_than_8192_writes_are_under_way(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 8200; i++) {
        put(i, 1);
    }
    CLAIM_INT(ports.token, 8192);
    CLAIM_INT(registry.unsaved.count, 8);
    CLAIM_INT(next_try(), 0);
    answer(true);
    CLAIM_INT(next_try(), 8);
    answer(true);
    CLAIM(saved(8199));
    CLAIM(registry.save_ns == HEARSAY_NEVER);
    end();
}

static void a_disk_that_fails_again_is_left_alone_again(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 5000; i++) {
        put(i, 1);
    }
    answer(false);
    CLAIM_INT(next_try(), 1);
    answer(true); /* One goes well; those that follow do not. */
    CLAIM_INT(next_try(), 256);
    answer(false);
    uint64_t from_ns = env.now.mono_ns;
    uint64_t before = ports.token;
    while (env.now.mono_ns < from_ns + HSY_MINUTE) {
        (void)next_try();
        answer(false);
    }
    CLAIM(ports.token - before >= 2);
    CLAIM(ports.token - before < 20);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_fails_again_is_left_alone_again),
        cmocka_unit_test(a_good_disk_leaves_nothing_to_do),
        cmocka_unit_test(a_bad_disk_is_tried_with_one_row_and_less_and_less),
        cmocka_unit_test(a_disk_that_is_good_again_gets_all_of_it),
        cmocka_unit_test(a_tombstone_is_written_again_too),
        cmocka_unit_test(what_is_written_is_what_is_true_by_then),
        cmocka_unit_test(a_grave_that_sank_is_a_floor_on_disk_in_the_end),
        cmocka_unit_test(an_older_write_says_nothing_of_a_newer_one),
        cmocka_unit_test(no_more_than_8192_writes_are_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
