/* Graves, floors and clocks: what sank too early rises again, and nothing else
 * does. */
#include "core/registry.h"

#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;
static struct hsy_leave word; /* The last one. */

static void begin_with(uint32_t peers_max)
{
    core_ports_init(&ports, &env);
    env.config.peers_max = peers_max;
    hsy_registry_init(&registry, &env);
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

static enum hsy_merged hear(uint32_t number)
{
    struct hsy_record record = core_record('p', number, word.incarnation);
    uint64_t token = 0;

    return hsy_registry_merge_leave(&registry, &record, &word, &token);
}

static enum hsy_merged leave(uint32_t number, uint64_t incarnation)
{
    word = (struct hsy_leave){.id = core_id('p', number),
                              .incarnation = incarnation,
                              .issued_ms = env.now.wall_ms};
    return hear(number);
}

/* All that is due. */
static void tick_at(uint64_t wall_ms)
{
    struct hearsay_id id;

    env.now.wall_ms = wall_ms;
    env.now.mono_ns += HSY_GRAVE_MS * HSY_MS;
    while (hsy_registry_tick(&registry, &id)) {
    }
}

/* What the last row of @table says. */
static bool is_on_disk(uint32_t table)
{
    bool there = false;

    for (uint32_t i = 0; i < ports.rows_count; i++) {
        if ((uint32_t)ports.rows[i].table == table) {
            there = ports.rows[i].value != NULL;
        }
    }
    return there;
}

static void what_a_wrong_clock_sank_rises_again_when_it_is_right(void **state)
{
    (void)state;
    begin_with(100);
    uint64_t right_ms = env.now.wall_ms;
    CLAIM_INT(leave(1, 5), HSY_MERGED_NEWER);
    uint64_t digest = registry.digest[0];
    tick_at(right_ms + 100 * HSY_GRAVE_MS);
    CLAIM_INT(registry.graves.count, 0);
    CLAIM_INT(registry.floors.count, 1);
    CLAIM(!is_on_disk(HEARSAY_TABLE_REGISTRY));
    CLAIM(is_on_disk(HEARSAY_TABLE_FLOOR));
    CLAIM_INT(hear(1), HSY_MERGED_SAME); /* Too old, by this clock. */
    CLAIM_INT(registry.graves.count, 0);

    env.now.wall_ms = right_ms + 1;
    CLAIM_INT(hear(1), HSY_MERGED_SAME); /* No news. */
    CLAIM_INT(registry.graves.count, 1);
    CLAIM_INT(registry.floors.count, 0);
    CLAIM(registry.digest[0] == digest);
    CLAIM_INT(hsy_registry_rank(&registry, &word.id), hsy_rank_dead(5));
    CLAIM(is_on_disk(HEARSAY_TABLE_REGISTRY));
    CLAIM(!is_on_disk(HEARSAY_TABLE_FLOOR));
    end();
}

static void a_lower_word_raises_nothing(void **state)
{
    (void)state;
    begin_with(100);
    uint64_t right_ms = env.now.wall_ms;
    CLAIM_INT(leave(1, 5), HSY_MERGED_NEWER);
    tick_at(right_ms + 2 * HSY_GRAVE_MS);
    env.now.wall_ms = right_ms + 1;
    CLAIM_INT(leave(1, 4), HSY_MERGED_STALE);
    CLAIM_INT(registry.graves.count, 0);
    end();
}

static void one_that_is_24_hours_old_stays_a_floor(void **state)
{
    (void)state;
    begin_with(100);
    uint64_t right_ms = env.now.wall_ms;
    CLAIM_INT(leave(1, 5), HSY_MERGED_NEWER);
    tick_at(right_ms + HSY_GRAVE_MS);
    CLAIM_INT(hear(1), HSY_MERGED_SAME);
    CLAIM_INT(registry.graves.count, 0);
    env.now.wall_ms = right_ms + HSY_GRAVE_MS - 1;
    CLAIM_INT(hear(1), HSY_MERGED_SAME);
    CLAIM_INT(registry.graves.count, 1);
    end();
}

static void none_rises_where_another_one_would_have_to_sink(void **state)
{
    (void)state;
    begin_with(1);
    CLAIM_INT(leave(0, 1), HSY_MERGED_NEWER);
    struct hsy_leave first = word;
    for (uint32_t i = 1; i <= 1 + HSY_GRAVES_EXTRA; i++) {
        env.now.wall_ms++;
        CLAIM_INT(leave(i, 1), HSY_MERGED_NEWER);
    }
    CLAIM(hsy_registry_grave(&registry, &first.id) == NULL);
    word = first;
    CLAIM_INT(hear(0), HSY_MERGED_SAME);
    CLAIM(hsy_registry_grave(&registry, &first.id) == NULL);
    CLAIM_INT(hsy_registry_rank(&registry, &first.id), hsy_rank_dead(1));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_wrong_clock_sank_rises_again_when_it_is_right),
        cmocka_unit_test(a_lower_word_raises_nothing),
        cmocka_unit_test(one_that_is_24_hours_old_stays_a_floor),
        cmocka_unit_test(none_rises_where_another_one_would_have_to_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
