/* What was announced and has not come: whom to ask for it, and when. */
#include "core/wanted.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_wanted wanted;
static struct hsy_bundle_id due_id;

#define WAIT_NS (100 * HSY_MS)

static void begin(void)
{
    core_ports_init(&ports, &env);
    hsy_wanted_init(&wanted, &env);
}

static void end(void)
{
    hsy_wanted_fini(&wanted);
    core_ports_fini(&ports);
}

static struct hsy_bundle_id id_of(uint32_t number)
{
    return (struct hsy_bundle_id){{(uint8_t)number, (uint8_t)(number >> 8)}};
}

static void add(uint32_t number, hearsay_link link)
{
    struct hsy_bundle_id id = id_of(number);

    hsy_wanted_add(&wanted, &id, link, WAIT_NS);
}

static void came(uint32_t number)
{
    struct hsy_bundle_id id = id_of(number);

    hsy_wanted_came(&wanted, &id);
}

/* Who is to be asked now; 0: nobody. */
static hearsay_link ask(uint64_t wait_ns)
{
    struct hsy_bundle_id ids[HSY_GRAFT_IDS_MAX];
    hearsay_link link = hsy_wanted_whom(&wanted);

    if (link != 0) {
        CLAIM(hsy_wanted_take(&wanted, link, ids, wait_ns) >= 1);
        due_id = ids[0];
    }
    return link;
}

static void who_announced_first_is_asked_when_the_wait_is_over(void **state)
{
    (void)state;
    begin();
    CLAIM(wanted.next_ns == HEARSAY_NEVER);
    add(1, 4);
    CLAIM(wanted.next_ns == env.now.mono_ns + WAIT_NS);
    env.now.mono_ns += WAIT_NS - 1;
    add(1, 6); /* The wait is not longer for that. */
    CLAIM_INT(ask(WAIT_NS), 0);
    env.now.mono_ns += 1;
    CLAIM_INT(ask(WAIT_NS), 4);
    CLAIM_INT(due_id.bytes[0], 1);
    CLAIM_INT(ask(WAIT_NS), 0);
    end();
}

static void the_next_is_asked_a_wait_later_until_nobody_is_left(void **state)
{
    (void)state;
    begin();
    add(1, 4);
    add(1, 6);
    env.now.mono_ns += WAIT_NS;
    CLAIM_INT(ask(30 * HSY_MS), 4);
    CLAIM_INT(ask(30 * HSY_MS), 0);
    env.now.mono_ns += 30 * HSY_MS - 1;
    CLAIM_INT(ask(30 * HSY_MS), 0);
    env.now.mono_ns += 1;
    CLAIM_INT(ask(30 * HSY_MS), 6);
    CLAIM_INT(ask(30 * HSY_MS), 0);
    CLAIM_INT(wanted.table.count, 1); /* The last one may yet answer. */
    env.now.mono_ns += 30 * HSY_MS;
    CLAIM_INT(ask(30 * HSY_MS), 0);
    CLAIM_INT(wanted.table.count, 0);
    CLAIM(wanted.next_ns == HEARSAY_NEVER);
    end();
}

static void what_has_come_is_not_asked_for(void **state)
{
    (void)state;
    begin();
    add(1, 4);
    add(2, 6);
    came(1);
    came(3); /* Never announced. */
    env.now.mono_ns += WAIT_NS;
    CLAIM_INT(ask(WAIT_NS), 6);
    CLAIM_INT(ask(WAIT_NS), 0);
    end();
}

static void all_that_is_due_comes_in_one_go(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= 10; i++) {
        add(i, i);
    }
    env.now.mono_ns += 10 * HSY_MS;
    add(11, 11);
    env.now.mono_ns += WAIT_NS - 10 * HSY_MS;
    uint64_t asked = 0;
    for (uint32_t i = 1; i <= 10; i++) {
        hearsay_link link = ask(WAIT_NS);
        CLAIM(link >= 1 && link <= 10);
        CLAIM_INT(due_id.bytes[0], link);
        asked |= UINT64_C(1) << link;
    }
    CLAIM_INT(asked, 0x7fe);
    CLAIM_INT(ask(WAIT_NS), 0);
    CLAIM(wanted.next_ns == env.now.mono_ns + 10 * HSY_MS);
    end();
}

static void four_announcers_are_remembered(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= HSY_ANNOUNCERS_MAX + 1; i++) {
        add(1, i);
    }
    for (uint32_t i = 1; i <= HSY_ANNOUNCERS_MAX; i++) {
        env.now.mono_ns += WAIT_NS;
        CLAIM_INT(ask(WAIT_NS), i);
        CLAIM_INT(ask(WAIT_NS), 0);
    }
    env.now.mono_ns += WAIT_NS;
    CLAIM_INT(ask(WAIT_NS), 0);
    CLAIM_INT(wanted.table.count, 0);
    end();
}

static void there_is_room_for_4096_and_the_rest_is_counted(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= HSY_WANTED_MAX; i++) {
        add(i, 1);
    }
    CLAIM_INT(env.counters.announcements_dropped, 0);
    add(HSY_WANTED_MAX + 1, 1);
    CLAIM_INT(env.counters.announcements_dropped, 1);
    add(1, 2); /* Known: no room is needed. */
    CLAIM_INT(env.counters.announcements_dropped, 1);
    came(1);
    add(HSY_WANTED_MAX + 1, 1);
    CLAIM_INT(env.counters.announcements_dropped, 1);
    end();
}

/* ------------------------------------------------------------------- lag */

static void lag(uint64_t lag_ns)
{
    add(1, 4);
    env.now.mono_ns += lag_ns;
    came(1);
}

static void the_lag_rests_where_one_of_twenty_is_above_it(void **state)
{
    (void)state;
    begin();
    /* Of a hundred, 90 come after 10 ms, 7 after 60, 3 after 400. */
    for (uint32_t i = 0; i < 4000; i++) {
        uint32_t k = i * 37 % 100;
        lag(k < 90 ? 10 * HSY_MS : k < 97 ? 60 * HSY_MS : 400 * HSY_MS);
    }
    CLAIM(wanted.lag_ns > 45 * HSY_MS);
    CLAIM(wanted.lag_ns < 90 * HSY_MS);
    end();
}

static void the_lag_is_1_to_500_ms(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 4000; i++) {
        lag(0);
        CLAIM(wanted.lag_ns >= HSY_MS);
    }
    CLAIM(wanted.lag_ns == HSY_MS);
    for (uint32_t i = 0; i < 400; i++) {
        lag(10 * HSY_SECOND);
        CLAIM(wanted.lag_ns <= 500 * HSY_MS);
    }
    CLAIM(wanted.lag_ns == 500 * HSY_MS);
    end();
}

static void what_had_to_be_asked_for_was_later_than_likely(void **state)
{
    (void)state;
    begin();
    uint64_t before_ns = 4 * WAIT_NS; /* However soon it came then. */
    wanted.lag_ns = before_ns;
    add(1, 4);
    env.now.mono_ns += WAIT_NS;
    CLAIM_INT(ask(WAIT_NS), 4);
    CLAIM_INT(ask(WAIT_NS), 0);
    came(1);
    CLAIM(wanted.lag_ns > before_ns);
    end();
}

static void without_memory_it_is_left_to_repair(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 4; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        core_ports_init(&ports, &env);
        core_ports_use_mem(&ports, &env, &mem);
        hsy_wanted_init(&wanted, &env);
        for (uint32_t i = 1; i <= 200; i++) {
            add(i, 1);
        }
        CLAIM_INT(env.counters.announcements_dropped,
                  fault.calls >= at ? 1 : 0);
        CLAIM_INT(wanted.table.count, 200 - env.counters.announcements_dropped);
        end();
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_announced_first_is_asked_when_the_wait_is_over),
        cmocka_unit_test(the_next_is_asked_a_wait_later_until_nobody_is_left),
        cmocka_unit_test(what_has_come_is_not_asked_for),
        cmocka_unit_test(all_that_is_due_comes_in_one_go),
        cmocka_unit_test(four_announcers_are_remembered),
        cmocka_unit_test(there_is_room_for_4096_and_the_rest_is_counted),
        cmocka_unit_test(the_lag_rests_where_one_of_twenty_is_above_it),
        cmocka_unit_test(the_lag_is_1_to_500_ms),
        cmocka_unit_test(what_had_to_be_asked_for_was_later_than_likely),
        cmocka_unit_test(without_memory_it_is_left_to_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
