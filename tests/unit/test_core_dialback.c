/* Whether a seed gets through to those that register with it, and what follows
 * from it there. Seen from s0 of three. */
#include "core/dialback.h"
#include "core/kept.h"
#include "core/seed_parts.h"
#include "core/trial.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

static struct core_rig rig;
static struct hsy_frame frame;

enum { LINK_OF_1 = 2001, S1_LINK = 3001, WAIT_MS = 5001 };

static hearsay_link link_of(uint32_t number)
{
    return LINK_OF_1 + 2 * (number - 1);
}

static struct hsy_record record_of(uint32_t number)
{
    return core_record('p', number, 5);
}

static struct hsy_entry *entry_of(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    return hsy_registry_find(&rig.seed.registry, &id);
}

static void begin(void)
{
    core_rig_init(&rig, 0, 3);
    core_rig_start(&rig);
    struct hsy_record s1 = core_record('s', 1, 1);
    (void)core_rig_link(&rig, S1_LINK, &s1);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    core_ports_forget_sent(&rig.ports);
    rig.ports.dials_count = 0;
}

static void end(void)
{
    core_rig_fini(&rig);
}

static void register_it(uint32_t number)
{
    struct hsy_record r = record_of(number);

    core_rig_link(&rig, link_of(number), &r)->version = 2;
    core_rig_register(&rig, &r);
    core_rig_commit(&rig);
    core_rig_run(&rig, WAIT_MS);
}

/* The last feeler that is open; NULL. */
static struct core_dial *feeler(void)
{
    for (uint32_t i = rig.ports.feels_count; i > 0; i--) {
        if (rig.ports.feels[i - 1].open) {
            return &rig.ports.feels[i - 1];
        }
    }
    return NULL;
}

static void pass(uint64_t ms)
{
    core_rig_run(&rig, ms);
}

static void fail_feeler(bool alive)
{
    struct core_dial *dial = feeler();

    CLAIM(dial != NULL);
    dial->open = false;
    CLAIM(hsy_seed_feeler_failed(&rig.seed, dial->link, alive));
    pass(1);
}

static void answer_feeler(void)
{
    struct core_dial *dial = feeler();

    CLAIM(dial != NULL);
    dial->open = false;
    CLAIM(hsy_seed_felt(&rig.seed, dial->link));
    pass(1);
}

/* p1 was reached, so this seed's own line is good. */
static void begin_with_one(void)
{
    begin();
    register_it(1);
    answer_feeler();
}

static void is_not_reached(uint32_t number)
{
    register_it(number);
    fail_feeler(false);
    fail_feeler(false);
}

/* How many records of @number are in a sample for @asker. */
static uint32_t offers(uint32_t asker, uint32_t number)
{
    static uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_records records = {0};
    struct hearsay_id who = core_id('p', asker);
    struct hearsay_id wanted = core_id('p', number);
    struct hsy_record r;
    uint32_t count = 0;

    (void)hsy_registry_sample(&rig.seed.registry, &who, &list, &records);
    struct hsy_reader at = hsy_reader(records.bytes, records.len);
    while (hsy_records_next(&at, &r)) {
        count += hsy_id_equal(&r.id, &wanted) ? 1 : 0;
    }
    return count;
}

/* ------------------------------------------------------------------ dialling
 */

static void who_registers_is_dialled_back_by_a_feeler(void **state)
{
    (void)state;
    begin();
    register_it(1);
    CLAIM_INT(rig.ports.feels_count, 1);
    struct hearsay_id id = core_id('p', 1);
    for (uint32_t i = 0; i < rig.ports.dials_count; i++) {
        CLAIM(!hsy_id_equal(&rig.ports.dials[i].expect, &id));
    }
    CLAIM(hsy_id_equal(&rig.ports.feels[0].expect, &id));
    CLAIM_INT(rig.ports.feels[0].port, 7000);
    end();
}

static void who_was_reached_is_not_dialled_again_and_hears_nothing(void **state)
{
    (void)state;
    begin_with_one();
    struct hsy_record again = record_of(1);
    core_rig_register(&rig, &again);
    pass(20 * 60 * 1000);
    CLAIM_INT(rig.ports.feels_count, 1);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REACH), 0);
    CLAIM_INT(entry_of(1)->reach, HSY_REACH_YES);
    end();
}

static void another_address_is_dialled_anew(void **state)
{
    (void)state;
    begin_with_one();
    struct hsy_record moved = record_of(1);
    moved.addrs[0].port = 7001;
    moved.issued_ms++;
    core_rig_register(&rig, &moved);
    pass(4999);
    CLAIM_INT(rig.ports.feels_count, 1);
    pass(2);
    CLAIM_INT(rig.ports.feels_count, 2);
    CLAIM_INT(rig.ports.feels[1].port, 7001);
    end();
}

static void one_failure_is_tried_again_at_once_and_two_are_a_no(void **state)
{
    (void)state;
    begin_with_one();
    register_it(2);
    fail_feeler(false);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REACH), 0);
    CLAIM_INT(rig.ports.feels_count, 3);
    fail_feeler(false);
    CLAIM(core_ports_last(&rig.ports, link_of(2), HSY_REACH, &frame));
    CLAIM(!frame.reach.reached);
    CLAIM_INT(frame.reach.incarnation, 5);
    CLAIM_INT(frame.reach.addr.port, 7000);
    CLAIM_INT(core_ports_noted(&rig.ports, "undialable"), 1);
    end();
}

static void whoever_refuses_and_says_who_it_is_was_reached(void **state)
{
    (void)state;
    begin();
    register_it(1);
    fail_feeler(true);
    CLAIM_INT(entry_of(1)->reach, HSY_REACH_YES);
    end();
}

static void sixteen_are_dialled_at_a_time_in_the_order_they_came(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= HSY_DIALBACKS_OPEN + 2; i++) {
        register_it(i);
    }
    CLAIM_INT(rig.ports.feels_count, HSY_DIALBACKS_OPEN);
    answer_feeler();
    CLAIM_INT(rig.ports.feels_count, HSY_DIALBACKS_OPEN + 1);
    struct hearsay_id next = core_id('p', HSY_DIALBACKS_OPEN + 1);
    CLAIM(hsy_id_equal(&rig.ports.feels[HSY_DIALBACKS_OPEN].expect, &next));
    end();
}

static void who_was_not_reached_is_tried_again_every_ten_minutes(void **state)
{
    (void)state;
    begin_with_one();
    is_not_reached(2);
    pass(9 * 60 * 1000);
    CLAIM_INT(rig.ports.feels_count, 3);
    pass(2 * 60 * 1000);
    CLAIM_INT(rig.ports.feels_count, 4);
    answer_feeler();
    CLAIM(core_ports_last(&rig.ports, link_of(2), HSY_REACH, &frame));
    CLAIM(frame.reach.reached);
    CLAIM_INT(entry_of(2)->reach, HSY_REACH_YES);
    end();
}

static void without_room_for_a_dial_nobody_is_called_undialable(void **state)
{
    (void)state;
    begin_with_one();
    rig.ports.no_room = true;
    register_it(2);
    CLAIM_INT(entry_of(2)->reach, HSY_REACH_UNKNOWN);
    CLAIM(offers(1, 2) > 0);
    rig.ports.no_room = false;
    pass(11 * 60 * 1000);
    CLAIM_INT(rig.ports.feels_count, 2);
    end();
}

/* ------------------------------------------------------------------ offering
 */

static void who_is_not_reached_is_offered_to_nobody(void **state)
{
    (void)state;
    begin_with_one();
    register_it(3);
    answer_feeler();
    is_not_reached(2);
    CLAIM_INT(offers(1, 2), 0);
    CLAIM(offers(1, 3) > 0);
    CLAIM(offers(2, 1) > 0);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 3);
    end();
}

static void a_record_that_says_so_is_offered_to_nobody(void **state)
{
    (void)state;
    begin_with_one();
    register_it(2);
    answer_feeler();
    struct hsy_record says = record_of(2);
    says.features = HSY_RECORD_UNDIALABLE;
    says.issued_ms++;
    core_rig_register(&rig, &says);
    CLAIM_INT(offers(1, 2), 0);
    says.features = 0;
    says.issued_ms++;
    core_rig_register(&rig, &says);
    CLAIM(offers(1, 2) > 0);
    end();
}

static void who_says_so_and_is_reached_by_a_new_seed_hears_it(void **state)
{
    (void)state;
    begin_with_one();
    struct hsy_record says = record_of(2);
    says.features = HSY_RECORD_UNDIALABLE;
    core_rig_link(&rig, link_of(2), &says)->version = 2;
    core_rig_register(&rig, &says);
    pass(WAIT_MS);
    answer_feeler();
    CLAIM(core_ports_last(&rig.ports, link_of(2), HSY_REACH, &frame));
    CLAIM(frame.reach.reached);
    end();
}

static void a_seed_that_never_reached_anybody_hides_nobody(void **state)
{
    (void)state;
    begin();
    register_it(1);
    fail_feeler(false);
    fail_feeler(false);
    register_it(2);
    CLAIM(offers(2, 1) > 0);
    CLAIM_INT(core_ports_sent(&rig.ports, link_of(1), HSY_REACH), 1);
    end();
}

/* -------------------------------------------------------------------- trials
 */

/* Dials to p2 so far. */
static uint32_t tries(void)
{
    struct hearsay_id id = core_id('p', 2);
    uint32_t count = 0;

    for (uint32_t i = 0; i < rig.ports.dials_count; i++) {
        count += hsy_id_equal(&rig.ports.dials[i].expect, &id) ? 1 : 0;
    }
    return count;
}

static void whose_link_broke_has_15_s_to_come_back(void **state)
{
    (void)state;
    begin_with_one();
    is_not_reached(2);
    struct hearsay_id id = core_id('p', 2);
    core_rig_unlink(&rig, &id);
    pass(14 * 1000);
    CLAIM_INT(tries(), 0);
    pass(2 * 1000);
    CLAIM_INT(tries(), 1);
    end();
}

static void who_comes_back_meanwhile_is_not_tried(void **state)
{
    (void)state;
    begin_with_one();
    is_not_reached(2);
    struct hearsay_id id = core_id('p', 2);
    core_rig_unlink(&rig, &id);
    pass(10 * 1000);
    struct hsy_record r = record_of(2);
    (void)core_rig_link(&rig, link_of(9), &r);
    pass(20 * 1000);
    CLAIM_INT(tries(), 0);
    CLAIM(hsy_trial_find(&rig.seed, &id) == NULL);
    end();
}

static void who_had_no_link_here_is_not_tried_for_a_minute(void **state)
{
    (void)state;
    begin_with_one();
    is_not_reached(2);
    struct hearsay_id id = core_id('p', 2);
    core_rig_unlink(&rig, &id);
    hsy_trial_veto(&rig.seed, &id);
    CLAIM(hsy_trial_start(&rig.seed, &id, HSY_TRIAL_FELLOW));
    pass(59 * 1000);
    CLAIM_INT(tries(), 0);
    pass(2 * 1000);
    CLAIM_INT(tries(), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_registers_is_dialled_back_by_a_feeler),
        cmocka_unit_test(
            who_was_reached_is_not_dialled_again_and_hears_nothing),
        cmocka_unit_test(another_address_is_dialled_anew),
        cmocka_unit_test(one_failure_is_tried_again_at_once_and_two_are_a_no),
        cmocka_unit_test(whoever_refuses_and_says_who_it_is_was_reached),
        cmocka_unit_test(sixteen_are_dialled_at_a_time_in_the_order_they_came),
        cmocka_unit_test(who_was_not_reached_is_tried_again_every_ten_minutes),
        cmocka_unit_test(without_room_for_a_dial_nobody_is_called_undialable),
        cmocka_unit_test(who_is_not_reached_is_offered_to_nobody),
        cmocka_unit_test(a_record_that_says_so_is_offered_to_nobody),
        cmocka_unit_test(who_says_so_and_is_reached_by_a_new_seed_hears_it),
        cmocka_unit_test(a_seed_that_never_reached_anybody_hides_nobody),
        cmocka_unit_test(whose_link_broke_has_15_s_to_come_back),
        cmocka_unit_test(who_comes_back_meanwhile_is_not_tried),
        cmocka_unit_test(who_had_no_link_here_is_not_tried_for_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
