/* The Peer List: ranks, degrees, draws, bounds, and what a restart keeps. */
#include "core/kept.h"
#include "core/registry.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

#include "base/addr.h"

#include <string.h>

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;
static bool back;
static uint64_t token;

static void begin_with(uint32_t peers_max)
{
    core_ports_init(&ports, &env);
    env.config.peers_max = peers_max;
    hsy_registry_init(&registry, &env);
}

static void begin(void)
{
    begin_with(4096);
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

static enum hsy_merged merge(const struct hsy_record *record)
{
    return hsy_registry_merge_record(&registry, record, &back, &token);
}

static enum hsy_merged put(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    return merge(&record);
}

static struct hsy_certificate certificate(uint32_t number, uint64_t incarnation)
{
    struct hsy_certificate c = {.record = core_record('p', number, incarnation),
                                .verdicts_count = 2};
    for (uint8_t i = 0; i < 2; i++) {
        c.verdicts[i] = (struct hsy_verdict){.subject = c.record.id,
                                             .incarnation = incarnation,
                                             .wall_ms = env.now.wall_ms,
                                             .seed = core_id('s', i)};
    }
    return c;
}

static enum hsy_merged bury(uint32_t number, uint64_t incarnation)
{
    struct hsy_certificate c = certificate(number, incarnation);
    return hsy_registry_merge_certificate(&registry, &c, &token);
}

static enum hsy_merged leave(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    struct hsy_leave l = {.id = record.id,
                          .incarnation = incarnation,
                          .issued_ms = env.now.wall_ms};
    return hsy_registry_merge_leave(&registry, &record, &l, &token);
}

static uint64_t rank(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    return hsy_registry_rank(&registry, &id);
}

static struct hsy_entry *entry(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    return hsy_registry_find(&registry, &id);
}

/* The snapshot of @number names @count peers; numbers ascend. */
static enum hsy_merged name_links(uint32_t number, uint64_t version,
                                  const uint32_t *others, uint32_t count)
{
    struct hearsay_id ids[64];
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = core_id('p', others[i]);
    }
    struct hsy_links links = {
        .id = core_id('p', number),
        .incarnation = entry(number)->incarnation,
        .version = version,
        .neighbours = {.bytes = (const uint8_t *)ids, .count = count}};
    return hsy_registry_merge_links(&registry, &links);
}

/* ----------------------------------------------------------------- ranks */

static void the_higher_rank_wins_whatever_the_order(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(put(1, 5), HSY_MERGED_NEW);
    CLAIM(token != 0);
    CLAIM_INT(put(1, 5), HSY_MERGED_SAME);
    CLAIM_INT(token, 0);
    CLAIM_INT(put(1, 4), HSY_MERGED_STALE);
    CLAIM_INT(put(1, 6), HSY_MERGED_NEWER);
    CLAIM_INT(bury(1, 5), HSY_MERGED_STALE);
    CLAIM_INT(bury(1, 6), HSY_MERGED_NEWER);
    CLAIM_INT(bury(1, 6), HSY_MERGED_SAME);
    CLAIM_INT(leave(1, 6), HSY_MERGED_SAME);
    CLAIM_INT(rank(1), hsy_rank_dead(6));
    CLAIM(entry(1) == NULL);
    end();
}

static void a_returning_peer_must_step_above_its_grave(void **state)
{
    (void)state;
    begin();
    (void)put(1, 5);
    (void)bury(1, 5);
    CLAIM_INT(put(1, 5), HSY_MERGED_STALE);
    CLAIM_INT(put(1, 6), HSY_MERGED_NEW);
    CLAIM(back);
    struct hearsay_id id = core_id('p', 1);
    CLAIM(hsy_registry_grave(&registry, &id) == NULL);
    CLAIM_INT(put(2, 1), HSY_MERGED_NEW);
    CLAIM(!back);
    end();
}

static void a_death_of_a_stranger_keeps_its_old_record_out(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(bury(1, 5), HSY_MERGED_NEWER);
    CLAIM_INT(put(1, 5), HSY_MERGED_STALE);
    end();
}

static void of_one_incarnation_the_record_issued_later_wins(void **state)
{
    (void)state;
    begin();
    struct hsy_record first = core_record('p', 1, 5);
    struct hsy_record second = first;
    second.issued_ms++;
    second.addrs[0].port++;
    CLAIM_INT(merge(&first), HSY_MERGED_NEW);
    CLAIM_INT(merge(&second), HSY_MERGED_NEWER);
    CLAIM_INT(merge(&first), HSY_MERGED_STALE);
    CLAIM_INT(hsy_kept_record(entry(1)->record).addrs[0].port, 7001);
    end();
}

static void a_record_without_an_address_is_not_taken(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = core_record('p', 1, 5);
    record.addrs_count = 0;
    CLAIM_INT(merge(&record), HSY_MERGED_STALE);
    CLAIM_INT(hsy_registry_count(&registry), 0);
    end();
}

static void a_full_list_refuses(void **state)
{
    (void)state;
    begin_with(3);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM_INT(put(i, 1), HSY_MERGED_NEW);
    }
    CLAIM_INT(put(3, 1), HSY_MERGED_FULL);
    CLAIM_INT(token, 0);
    CLAIM_INT(put(2, 2), HSY_MERGED_NEWER);
    (void)bury(0, 1);
    CLAIM_INT(put(3, 1), HSY_MERGED_NEW);
    end();
}

/* --------------------------------------------------------------- degrees */

static void degree_counts_only_links_both_ends_name(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= 4; i++) {
        (void)put(i, 1);
    }
    const uint32_t all[] = {2, 3, 4};
    const uint32_t one[] = {1};
    CLAIM_INT(name_links(1, 1, all, 3), HSY_MERGED_NEWER);
    CLAIM_INT(entry(1)->degree, 0); /* Claimed, not confirmed. */
    CLAIM_INT(name_links(2, 1, one, 1), HSY_MERGED_NEWER);
    CLAIM_INT(name_links(3, 1, one, 1), HSY_MERGED_NEWER);
    CLAIM_INT(entry(1)->degree, 2);
    CLAIM_INT(entry(2)->degree, 1);
    CLAIM_INT(name_links(1, 1, one, 0), HSY_MERGED_SAME);
    CLAIM_INT(name_links(1, 0, one, 0), HSY_MERGED_STALE);
    CLAIM_INT(name_links(1, 2, all + 1, 2), HSY_MERGED_NEWER); /* Not 2. */
    CLAIM_INT(entry(1)->degree, 1);
    CLAIM_INT(entry(2)->degree, 0);
    CLAIM_INT(entry(3)->degree, 1);
    end();
}

static void a_death_lowers_the_degrees_of_its_neighbours(void **state)
{
    (void)state;
    begin();
    const uint32_t one[] = {1};
    const uint32_t two[] = {2};
    (void)put(1, 1);
    (void)put(2, 1);
    (void)name_links(1, 1, two, 1);
    (void)name_links(2, 1, one, 1);
    CLAIM_INT(entry(1)->degree, 1);
    (void)bury(2, 1);
    CLAIM_INT(entry(1)->degree, 0);
    end();
}

static void a_new_incarnation_starts_without_links(void **state)
{
    (void)state;
    begin();
    const uint32_t one[] = {1};
    const uint32_t two[] = {2};
    (void)put(1, 1);
    (void)put(2, 1);
    (void)name_links(1, 9, two, 1);
    (void)name_links(2, 1, one, 1);
    (void)put(1, 2);
    CLAIM_INT(entry(1)->degree, 0);
    CLAIM_INT(entry(2)->degree, 0);
    CLAIM_INT(name_links(1, 1, two, 1), HSY_MERGED_NEWER);
    CLAIM_INT(entry(2)->degree, 1);
    end();
}

/* Degrees are kept step by step; here they are counted anew. */
static void degrees_stay_true_under_random_snapshots(void **state)
{
    (void)state;
    enum { PEERS = 12 };
    bool names[PEERS][PEERS] = {{false}};
    struct hsy_prng prng;
    begin();
    hsy_prng_init(&prng, 1);
    for (uint32_t i = 0; i < PEERS; i++) {
        (void)put(i, 1);
    }
    for (uint64_t round = 1; round <= 2000; round++) {
        uint32_t who = (uint32_t)hsy_prng_below(&prng, PEERS);
        uint32_t others[PEERS];
        uint32_t count = 0;
        for (uint32_t k = 0; k < PEERS; k++) {
            names[who][k] = k != who && hsy_prng_below(&prng, 3) == 0;
            if (names[who][k]) {
                others[count] = k;
                count++;
            }
        }
        CLAIM_INT(name_links(who, round, others, count), HSY_MERGED_NEWER);
        for (uint32_t i = 0; i < PEERS; i++) {
            uint32_t degree = 0;
            for (uint32_t k = 0; k < PEERS; k++) {
                degree += names[i][k] && names[k][i] ? 1 : 0;
            }
            CLAIM_INT(entry(i)->degree, degree);
        }
    }
    end();
}

/* ----------------------------------------------------------------- draws */

static uint8_t list_bytes[HSY_RECORDS_LEN_MAX];

struct drawn {
    struct hsy_records records;
    uint32_t counts[64]; /* By the peer's number. */
    uint16_t by_degree;
};

static void count_drawn(struct drawn *d, uint32_t first, uint32_t end)
{
    struct hsy_reader at = hsy_reader(d->records.bytes, d->records.len);
    struct hsy_record record;
    for (uint32_t i = 0; hsy_records_next(&at, &record); i++) {
        if (i >= first && i < end) {
            d->counts[record.id.bytes[2]]++;
        }
    }
}

static void sample(struct drawn *d, uint32_t asker)
{
    struct hsy_writer list = hsy_writer(list_bytes, sizeof(list_bytes));
    struct hearsay_id id = core_id('p', asker);
    d->records = (struct hsy_records){0};
    d->by_degree = hsy_registry_sample(&registry, &id, &list, &d->records);
}

/* A star: 0 is the hub of 1..9, so degrees are 9 and 1. */
static void make_star(void)
{
    uint32_t spokes[9];
    const uint32_t hub[] = {0};
    for (uint32_t i = 0; i < 10; i++) {
        (void)put(i, 1);
    }
    for (uint32_t i = 0; i < 9; i++) {
        spokes[i] = i + 1;
        (void)name_links(i + 1, 1, hub, 1);
    }
    (void)name_links(0, 1, spokes, 9);
    CLAIM_INT(entry(0)->degree, 9);
}

static void draws_follow_degree_plus_one(void **state)
{
    (void)state;
    struct drawn d = {.by_degree = 0};
    begin();
    make_star();
    for (uint32_t i = 0; i < 1000; i++) {
        sample(&d, 63);
        CLAIM_INT(d.by_degree, HSY_SAMPLE_BY_DEGREE);
        count_drawn(&d, 0, d.by_degree);
    }
    /* 32,000 draws of weight 10 + 9 * 2: 11,429 for the hub (standard
     * deviation 86), 2,286 for each spoke (46). Five deviations. */
    CLAIM(d.counts[0] > 11429 - 430);
    CLAIM(d.counts[0] < 11429 + 430);
    for (uint32_t i = 1; i < 10; i++) {
        CLAIM(d.counts[i] > 2286 - 230);
        CLAIM(d.counts[i] < 2286 + 230);
    }
    end();
}

static void uniform_draws_name_nobody_twice(void **state)
{
    (void)state;
    struct drawn d = {.by_degree = 0};
    begin();
    for (uint32_t i = 0; i < 40; i++) {
        (void)put(i, 1);
    }
    for (uint32_t round = 0; round < 200; round++) {
        memset(d.counts, 0, sizeof(d.counts));
        sample(&d, 3);
        CLAIM_INT(d.records.count, HSY_SAMPLE_MAX);
        count_drawn(&d, d.by_degree, HSY_SAMPLE_MAX);
        for (uint32_t i = 0; i < 40; i++) {
            CLAIM(d.counts[i] <= 1);
        }
        CLAIM_INT(d.counts[3], 0); /* The asker. */
    }
    end();
}

static void a_small_list_is_drawn_whole(void **state)
{
    (void)state;
    struct drawn d = {.by_degree = 0};
    begin();
    sample(&d, 0);
    CLAIM_INT(d.records.count, 0);
    (void)put(0, 1);
    sample(&d, 0); /* Only the asker. */
    CLAIM_INT(d.records.count, 0);
    (void)put(1, 1);
    (void)put(2, 1);
    sample(&d, 0);
    CLAIM_INT(d.by_degree, HSY_SAMPLE_BY_DEGREE);
    CLAIM_INT(d.records.count, HSY_SAMPLE_BY_DEGREE + 2);
    end();
}

static void nobody_is_drawn_who_asks_is_dead_or_absent(void **state)
{
    (void)state;
    struct drawn d = {.by_degree = 0};
    begin();
    make_star();
    for (uint32_t i = 1; i < 4; i++) {
        CLAIM_INT(bury(i, 1), HSY_MERGED_NEWER);
    }
    struct hearsay_id four = core_id('p', 4);
    struct hearsay_id expired;
    hsy_registry_hold(&registry, &four, true);
    env.now.mono_ns += env.config.lease_ns;
    CLAIM(hsy_registry_tick(&registry, &expired));
    CLAIM(entry(4)->absent);
    for (uint32_t asker = 0; asker < 10; asker++) {
        memset(d.counts, 0, sizeof(d.counts));
        for (uint32_t i = 0; i < 100; i++) {
            sample(&d, asker);
            CLAIM_INT(d.by_degree, HSY_SAMPLE_BY_DEGREE);
            count_drawn(&d, 0, d.records.count);
        }
        for (uint32_t i = 0; i < 10; i++) {
            bool offered = i != asker && (i == 0 || i > 4);
            CLAIM((d.counts[i] > 0) == offered);
        }
    }
    end();
}

static void the_top_is_sorted_by_degree(void **state)
{
    (void)state;
    struct hsy_writer list = hsy_writer(list_bytes, sizeof(list_bytes));
    struct hsy_records records = {0};
    struct hsy_record record;
    struct hearsay_id nobody = core_id('q', 0);
    begin();
    for (uint32_t i = 10; i < 20; i++) {
        (void)put(i, 1);
    }
    make_star();
    hsy_registry_top(&registry, &nobody, 5, &list, &records);
    CLAIM_INT(records.count, 5);
    struct hsy_reader at = hsy_reader(records.bytes, records.len);
    CLAIM(hsy_records_next(&at, &record));
    CLAIM_INT(record.id.bytes[2], 0);
    for (uint8_t i = 1; hsy_records_next(&at, &record); i++) {
        CLAIM_INT(record.id.bytes[2], i); /* Equal degrees: as they came. */
    }
    end();
}

static void pages_together_are_the_list(void **state)
{
    (void)state;
    struct drawn d = {.by_degree = 0};
    begin();
    for (uint32_t i = 0; i < 60; i++) {
        (void)put(i, 1);
    }
    for (uint32_t page = 0; page < 3; page++) {
        struct hsy_writer list = hsy_writer(list_bytes, sizeof(list_bytes));
        d.records = (struct hsy_records){0};
        hsy_registry_page(&registry, page, &list, &d.records);
        CLAIM_INT(d.records.count, page == 0 ? 48 : page == 1 ? 12 : 0);
        count_drawn(&d, 0, UINT32_MAX);
    }
    for (uint32_t i = 0; i < 60; i++) {
        CLAIM_INT(d.counts[i], 1);
    }
    end();
}

/* ---------------------------------------------------------------- leases */

static bool expired(uint32_t *out_number)
{
    struct hearsay_id id;
    bool any = hsy_registry_tick(&registry, &id);
    if (any) {
        *out_number = id.bytes[2];
    }
    return any;
}

static void a_lease_hides_and_kills_nobody(void **state)
{
    (void)state;
    uint32_t number = 0;
    uint64_t start_ns;
    begin();
    start_ns = env.now.mono_ns;
    (void)put(1, 1);
    (void)put(2, 1);
    struct hearsay_id id = core_id('p', 1);
    hsy_registry_hold(&registry, &id, true);
    env.now.mono_ns = start_ns + env.config.lease_ns - 1;
    CLAIM(!expired(&number));
    env.now.mono_ns = start_ns + env.config.lease_ns;
    CLAIM(expired(&number));
    CLAIM_INT(number, 1);
    CLAIM(!expired(&number));
    CLAIM(entry(1)->absent);
    CLAIM_INT(hsy_registry_count(&registry), 1);
    hsy_registry_renew(&registry, &id);
    CLAIM_INT(hsy_registry_count(&registry), 2);
    end();
}

static void a_renewed_lease_lasts_from_then_on(void **state)
{
    (void)state;
    uint32_t number = 0;
    begin();
    uint64_t start_ns = env.now.mono_ns;
    (void)put(1, 1);
    struct hearsay_id id = core_id('p', 1);
    hsy_registry_hold(&registry, &id, true);
    env.now.mono_ns = start_ns + env.config.lease_ns / 2;
    hsy_registry_renew(&registry, &id);
    env.now.mono_ns = start_ns + env.config.lease_ns;
    CLAIM(!expired(&number));
    env.now.mono_ns += env.config.lease_ns / 2;
    CLAIM(expired(&number));
    end();
}

static void many_leases_expire_in_one_round(void **state)
{
    (void)state;
    uint32_t number = 0;
    uint32_t count = 0;
    begin();
    for (uint32_t i = 0; i < 50; i++) {
        (void)put(i, 1);
        struct hearsay_id id = core_id('p', i);
        hsy_registry_hold(&registry, &id, true);
    }
    env.now.mono_ns += env.config.lease_ns;
    while (expired(&number)) {
        (void)bury(number, 1); /* The table changes under the scan. */
        count++;
    }
    CLAIM_INT(count, 50);
    end();
}

/* ---------------------------------------------------------------- graves */

static void a_grave_becomes_a_floor_after_24_hours(void **state)
{
    (void)state;
    uint32_t number = 0;
    begin();
    (void)put(1, 5);
    (void)bury(1, 5);
    CLAIM(!expired(&number));
    env.now.wall_ms += HSY_GRAVE_MS - 1;
    env.now.mono_ns += (HSY_GRAVE_MS - 1) * HSY_MS;
    CLAIM(!expired(&number));
    CLAIM_INT(registry.graves.count, 1);
    env.now.wall_ms += 1;
    env.now.mono_ns += HSY_MS;
    CLAIM(!expired(&number));
    CLAIM_INT(registry.graves.count, 0);
    CLAIM_INT(rank(1), hsy_rank_dead(5));
    CLAIM_INT(put(1, 5), HSY_MERGED_STALE);
    CLAIM_INT(put(1, 6), HSY_MERGED_NEW);
    CLAIM(back);
    CLAIM_INT(registry.floors.count, 0);
    end();
}

static void a_full_graveyard_sinks_the_oldest(void **state)
{
    (void)state;
    begin_with(1);
    for (uint32_t i = 0; i <= 1 + HSY_GRAVES_EXTRA; i++) {
        env.now.wall_ms++;
        CLAIM_INT(bury(i, 1), HSY_MERGED_NEWER);
    }
    CLAIM_INT(registry.graves.count, 1 + HSY_GRAVES_EXTRA);
    struct hearsay_id first = core_id('p', 0);
    CLAIM(hsy_registry_grave(&registry, &first) == NULL);
    CLAIM_INT(rank(0), hsy_rank_dead(1)); /* As a floor. */
    end();
}

/* -------------------------------------------------------------- the disk */

static int restore(struct hsy_registry *to, const struct core_row *row)
{
    struct hearsay_row r = {.table = row->table,
                            .key = row->key,
                            .key_len = 32,
                            .value = row->value,
                            .value_len = row->value_len};
    return hsy_registry_restore(to, &r);
}

/* Is this the last word on its key? */
static bool is_current(uint32_t index)
{
    const struct core_row *row = &ports.rows[index];
    for (uint32_t i = index + 1; i < ports.rows_count; i++) {
        if (ports.rows[i].table == row->table &&
            memcmp(ports.rows[i].key, row->key, 32) == 0) {
            return false;
        }
    }
    return row->value != NULL;
}

static void what_was_written_comes_back(void **state)
{
    (void)state;
    struct hsy_registry again;
    struct hearsay_id expired_id;
    begin();
    for (uint32_t i = 0; i < 8; i++) {
        (void)put(i, i + 1);
    }
    (void)bury(2, 3);
    (void)leave(3, 4);
    (void)bury(4, 5);
    (void)put(4, 6);
    (void)bury(5, 6);
    env.now.wall_ms += HSY_GRAVE_MS; /* 2, 3 and 5 sink. */
    env.now.mono_ns += HSY_GRAVE_MS * HSY_MS;
    CLAIM(!hsy_registry_tick(&registry, &expired_id));
    (void)bury(6, 7);
    (void)leave(7, 8);
    CLAIM_INT(registry.floors.count, 3);

    hsy_registry_init(&again, &env);
    for (uint32_t i = 0; i < ports.rows_count; i++) {
        if (is_current(i)) {
            CLAIM_INT(restore(&again, &ports.rows[i]), 0);
        }
    }
    CLAIM_INT(again.living.count, registry.living.count);
    CLAIM_INT(again.graves.count, 2);
    CLAIM_INT(again.floors.count, 3);
    CLAIM(again.digest[0] == registry.digest[0]);
    CLAIM(again.digest[1] == registry.digest[1]);
    for (uint32_t i = 0; i < 8; i++) {
        struct hearsay_id id = core_id('p', i);
        CLAIM_INT(hsy_registry_rank(&again, &id), rank(i));
    }
    hsy_registry_fini(&again);
    end();
}

static void a_damaged_row_changes_nothing(void **state)
{
    (void)state;
    begin();
    (void)put(1, 5);
    struct hsy_registry again;
    hsy_registry_init(&again, &env);
    struct core_row row = ports.rows[0];
    for (size_t len = 0; len < row.value_len; len++) {
        row.value_len = len;
        CLAIM_INT(restore(&again, &row), HEARSAY_ERR_MALFORMED);
        row.value_len = ports.rows[0].value_len;
    }
    row.key[0] ^= 1;
    CLAIM_INT(restore(&again, &row), HEARSAY_ERR_MALFORMED);
    row = ports.rows[0];
    row.table = HEARSAY_TABLE_FLOOR;
    CLAIM_INT(restore(&again, &row), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(again.living.count, 0);
    CLAIM_INT(restore(&again, &ports.rows[0]), 0);
    CLAIM_INT(restore(&again, &ports.rows[0]), HEARSAY_ERR_MALFORMED);
    hsy_registry_fini(&again);
    end();
}

/* After a restart of everybody, those who do not come back must be noticed,
 * though no link to them ever breaks. */
static void a_restored_record_has_one_lease_to_show_up(void **state)
{
    (void)state;
    uint32_t number = 0;
    begin();
    (void)put(1, 5);
    struct hsy_registry again;
    struct hearsay_id id;
    hsy_registry_init(&again, &env);
    CLAIM_INT(restore(&again, &ports.rows[0]), 0);
    CLAIM(!hsy_registry_tick(&again, &id));
    env.now.mono_ns += env.config.lease_ns;
    CLAIM(hsy_registry_tick(&again, &id));
    CLAIM(!expired(&number)); /* The one of this process has none. */
    hsy_registry_fini(&again);
    end();
}

/* -------------------------------------------------------------- digests */

static void equal_facts_have_equal_digests_in_any_order(void **state)
{
    (void)state;
    uint64_t digest[2];
    const uint32_t one[] = {1};
    begin();
    uint64_t empty = registry.digest[0];
    (void)put(1, 1);
    (void)put(2, 2);
    (void)name_links(2, 7, one, 1);
    (void)bury(3, 3);
    memcpy(digest, registry.digest, sizeof(digest));
    CLAIM(digest[0] != empty);
    end();
    begin();
    (void)put(3, 3);
    (void)bury(3, 3);
    (void)put(2, 1);
    (void)put(2, 2);
    (void)name_links(2, 6, one, 0);
    CLAIM(registry.digest[0] != digest[0]);
    (void)name_links(2, 7, one, 1);
    (void)put(1, 1);
    CLAIM(registry.digest[0] == digest[0]);
    CLAIM(registry.digest[1] == digest[1]);
    end();
}

static void no_memory_changes_nothing(void **state)
{
    (void)state;
    const uint32_t two[] = {2};
    for (uint64_t call = 1; call < 40; call++) {
        struct mem_fault fault = mem_fault_at(call);
        core_ports_init(&ports, &env);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        core_ports_use_mem(&ports, &env, &mem);
        hsy_registry_init(&registry, &env);
        for (uint32_t i = 1; i < 12; i++) {
            bool is_new = put(i, 1) == HSY_MERGED_NEW;
            CLAIM((entry(i) != NULL) == is_new);
        }
        if (entry(1) != NULL) {
            bool newer = name_links(1, 1, two, 1) == HSY_MERGED_NEWER;
            CLAIM((entry(1)->links != NULL) == newer);
        }
        bool dead = bury(1, 1) == HSY_MERGED_NEWER;
        CLAIM((rank(1) == hsy_rank_dead(1)) == dead);
        hsy_registry_fini(&registry);
        core_ports_fini(&ports);
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_higher_rank_wins_whatever_the_order),
        cmocka_unit_test(a_returning_peer_must_step_above_its_grave),
        cmocka_unit_test(a_death_of_a_stranger_keeps_its_old_record_out),
        cmocka_unit_test(of_one_incarnation_the_record_issued_later_wins),
        cmocka_unit_test(a_record_without_an_address_is_not_taken),
        cmocka_unit_test(a_full_list_refuses),
        cmocka_unit_test(degree_counts_only_links_both_ends_name),
        cmocka_unit_test(a_death_lowers_the_degrees_of_its_neighbours),
        cmocka_unit_test(a_new_incarnation_starts_without_links),
        cmocka_unit_test(degrees_stay_true_under_random_snapshots),
        cmocka_unit_test(draws_follow_degree_plus_one),
        cmocka_unit_test(uniform_draws_name_nobody_twice),
        cmocka_unit_test(a_small_list_is_drawn_whole),
        cmocka_unit_test(nobody_is_drawn_who_asks_is_dead_or_absent),
        cmocka_unit_test(the_top_is_sorted_by_degree),
        cmocka_unit_test(pages_together_are_the_list),
        cmocka_unit_test(a_lease_hides_and_kills_nobody),
        cmocka_unit_test(a_renewed_lease_lasts_from_then_on),
        cmocka_unit_test(many_leases_expire_in_one_round),
        cmocka_unit_test(a_grave_becomes_a_floor_after_24_hours),
        cmocka_unit_test(a_full_graveyard_sinks_the_oldest),
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(a_damaged_row_changes_nothing),
        cmocka_unit_test(a_restored_record_has_one_lease_to_show_up),
        cmocka_unit_test(equal_facts_have_equal_digests_in_any_order),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
