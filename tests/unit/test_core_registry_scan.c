/* The facts that a seed tells a reader: everybody once, by rising id, however
 * the list changes between two answers. */
#include "core/kept.h"
#include "core/registry.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;

static uint8_t room[32 * 1024];
static struct hsy_facts facts;

static void begin(uint32_t living)
{
    bool back;
    uint64_t token;

    core_ports_init(&ports, &env);
    env.config.peers_max = 4096;
    hsy_registry_init(&registry, &env);
    for (uint32_t i = 0; i < living; i++) {
        struct hsy_record r = core_record('p', 2 * i, 3);
        CLAIM_INT(hsy_registry_merge_record(&registry, &r, &back, &token),
                  HSY_MERGED_NEW);
    }
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

static void bury(uint32_t number)
{
    uint64_t token;
    struct hsy_certificate c = {.record = core_record('p', number, 3),
                                .verdicts_count = 1};
    c.verdicts[0] = (struct hsy_verdict){.subject = c.record.id,
                                         .incarnation = 3,
                                         .wall_ms = env.now.wall_ms,
                                         .seed = core_id('s', 0)};
    CLAIM_INT(hsy_registry_merge_certificate(&registry, &c, &token),
              HSY_MERGED_NEWER);
}

static void read_behind(const struct hearsay_id *after, uint32_t count,
                        size_t room_len)
{
    struct hsy_writer list = hsy_writer(room, room_len);

    facts = (struct hsy_facts){.count = 0};
    hsy_registry_facts(&registry, after, count, &list, &facts);
}

/* The last id of the answer. */
static struct hearsay_id last_of(void)
{
    struct hsy_reader at = hsy_reader(facts.entries, facts.entries_len);
    struct hsy_sync_entry entry;
    struct hearsay_id last = {{0}};

    while (hsy_sync_next(&at, &entry)) {
        CLAIM(hsy_id_compare(&last, hsy_sync_subject(&entry)) < 0);
        last = *hsy_sync_subject(&entry);
    }
    return last;
}

static void all_are_told_once_by_rising_id(void **state)
{
    (void)state;
    struct hearsay_id at = {{0}};
    uint32_t told = 0;
    begin(100);
    bury(10);
    do {
        read_behind(&at, 7, sizeof(room));
        CLAIM(facts.count <= 7);
        told += facts.count;
        at = last_of();
    } while (facts.more);
    CLAIM_INT(told, 100);
    end();
}

static void
who_is_there_all_the_time_is_met_while_others_come_and_go(void **state)
{
    (void)state;
    struct hearsay_id at = {{0}};
    uint32_t told = 0, round = 0;
    bool back;
    uint64_t token;
    begin(100);
    do {
        read_behind(&at, 7, sizeof(room));
        told += facts.count;
        at = last_of();
        struct hsy_record r = core_record('a', round, 3); /* Before them. */
        CLAIM_INT(hsy_registry_merge_record(&registry, &r, &back, &token),
                  HSY_MERGED_NEW);
        bury(2 * round); /* Was told; moves to the graves. */
        round++;
    } while (facts.more);
    CLAIM_INT(told, 100);
    end();
}

static void the_dead_come_with_their_proofs(void **state)
{
    (void)state;
    struct hearsay_id id = core_id('p', 4);
    struct hsy_sync_entry entry;
    begin(5);
    bury(4);
    read_behind(&id, 0, sizeof(room));
    CLAIM_INT(facts.count, 1);
    CLAIM(!facts.more);
    struct hsy_reader at = hsy_reader(facts.entries, facts.entries_len);
    CLAIM(hsy_sync_next(&at, &entry));
    CLAIM_INT(entry.kind, HSY_SYNC_DEATH);
    CLAIM_INT(entry.certificate.verdicts_count, 1);
    end();
}

static void of_one_that_is_not_there_nothing_is_told(void **state)
{
    (void)state;
    struct hearsay_id id = core_id('p', 3);
    begin(5);
    read_behind(&id, 0, sizeof(room));
    CLAIM_INT(facts.count, 0);
    CLAIM(!facts.more);
    end();
}

static void what_has_no_room_is_left_for_the_next_answer(void **state)
{
    (void)state;
    struct hearsay_id at = {{0}};
    begin(100);
    read_behind(&at, 48, 8 * 1024);
    CLAIM(facts.count > 0);
    CLAIM(facts.count < 48);
    CLAIM(facts.more);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_told_once_by_rising_id),
        cmocka_unit_test(
            who_is_there_all_the_time_is_met_while_others_come_and_go),
        cmocka_unit_test(the_dead_come_with_their_proofs),
        cmocka_unit_test(of_one_that_is_not_there_nothing_is_told),
        cmocka_unit_test(what_has_no_room_is_left_for_the_next_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
