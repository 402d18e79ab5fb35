/* A disk that forgot a part of what it had said was written has rows that do
 * not fit together: the highest rank of an id counts, in any order. */
#include "core/registry_rows.h"

#include "base/mem.h"

#include <string.h>

#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;

static void begin(void)
{
    core_ports_init(&ports, &env);
    hsy_registry_init(&registry, &env);
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

/* Rows as the registry itself asks for them. */
static struct hsy_row_write living, grave, floor_row;

static void write_living(uint64_t incarnation)
{
    struct hsy_record record = core_record('p', 1, incarnation);
    struct hsy_blob *kept = NULL;
    uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_record(&out, &record);
    kept = hsy_pool_put(&ports.pool, bytes, (uint32_t)out.len);
    CLAIM(kept != NULL);
    hsy_row_write_init(&living, &record.id);
    hsy_row_put_living(&living, kept);
    hsy_pool_drop(&ports.pool, kept);
}

static void write_grave(uint64_t incarnation)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_LEFT};
    uint32_t len = 0;

    fact.left.record = core_record('p', 1, incarnation);
    fact.left.leave.id = fact.left.record.id;
    fact.left.leave.incarnation = incarnation;
    uint8_t *proof = hsy_registry_proof(&env, &fact, &len);
    CLAIM(proof != NULL);
    hsy_row_write_init(&grave, &fact.left.record.id);
    hsy_row_put_grave(&grave, proof, len);
    hsy_mem_free(&env.mem, proof);
}

static void write_floor(uint64_t rank)
{
    struct hearsay_id id = core_id('p', 1);

    hsy_row_write_init(&floor_row, &id);
    hsy_row_put_floor(&floor_row, rank);
}

static uint64_t rank_of(const struct hsy_row_write *first,
                        const struct hsy_row_write *second)
{
    struct hearsay_id id = core_id('p', 1);

    hsy_registry_fini(&registry);
    hsy_registry_init(&registry, &env);
    CLAIM_INT(hsy_registry_restore(&registry, &first->rows[0]), 0);
    CLAIM_INT(hsy_registry_restore(&registry, &second->rows[0]), 0);
    return hsy_registry_rank(&registry, &id);
}

static void an_old_record_does_not_come_back_under_a_floor(void **state)
{
    (void)state;
    begin();
    write_living(3);
    write_floor(hsy_rank_dead(4));
    CLAIM_INT(rank_of(&living, &floor_row), hsy_rank_dead(4));
    CLAIM_INT(registry.living.count, 0);
    CLAIM_INT(rank_of(&floor_row, &living), hsy_rank_dead(4));
    CLAIM_INT(registry.living.count, 0);
    CLAIM(registry.digest[0] == 0);
    end();
}

static void a_record_above_its_floor_stays(void **state)
{
    (void)state;
    begin();
    write_living(5);
    write_floor(hsy_rank_dead(4));
    CLAIM_INT(rank_of(&living, &floor_row), hsy_rank_alive(5));
    CLAIM_INT(registry.floors.count, 0);
    CLAIM_INT(rank_of(&floor_row, &living), hsy_rank_alive(5));
    CLAIM_INT(registry.living.count, 1);
    CLAIM_INT(registry.floors.count, 0);
    end();
}

static void of_a_tombstone_and_a_floor_the_higher_one_stays(void **state)
{
    (void)state;
    begin();
    write_grave(4);
    write_floor(hsy_rank_dead(4));
    CLAIM_INT(rank_of(&grave, &floor_row), hsy_rank_dead(4));
    CLAIM_INT(registry.graves.count, 1);
    CLAIM_INT(registry.floors.count, 0);
    write_floor(hsy_rank_dead(6));
    CLAIM_INT(rank_of(&floor_row, &grave), hsy_rank_dead(6));
    CLAIM_INT(registry.graves.count, 0);
    CLAIM_INT(registry.floors.count, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_record_does_not_come_back_under_a_floor),
        cmocka_unit_test(a_record_above_its_floor_stays),
        cmocka_unit_test(of_a_tombstone_and_a_floor_the_higher_one_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
