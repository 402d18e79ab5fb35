/* Retained messages and marks on the disk: what is written when, what is
 * handed over when, and what another life makes of the rows. */
#include <stdlib.h>
#include <string.h>

#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/row_disk.h"

static struct relay_rig rig;
static struct row_disk disk;

static void prepare(void)
{
    relay_rig_init(&rig);
    rig.given.config.retain_on_disk = true;
    disk.answered = 0;
}

static void start(void)
{
    relay_rig_start(&rig);
    rig.core.env.joined_ns = rig.given.joined_ns;
    relay_rig_links(&rig, 1);
}

static void begin(void)
{
    disk.count = 0;
    prepare();
    start();
}

static void end(void)
{
    relay_rig_fini(&rig);
}

/* The disk answers for all that was asked for. */
static void answer(bool ok)
{
    row_disk_answer(&disk, &rig, ok);
}

static void tick(void)
{
    relay_rig_tick(&rig);
}

/* Until nothing is asked for any more. */
static void settle(void)
{
    tick();
    for (uint32_t i = 0; i < 5; i++) {
        answer(true);
        relay_rig_run_ns(&rig, HSY_SAVED_LATER_NS);
    }
}

static void hear_of(uint32_t number, uint64_t seq)
{
    CLAIM(relay_rig_hear_one(&rig, 4, number, seq));
}

static uint32_t delivered(void)
{
    return rig.ports.deliveries_count;
}

/* The process is gone, whatever it had in mind; another one begins with the
 * rows that were answered, last ones first. */
static void load(void)
{
    row_disk_load(&disk, &rig);
}

static void restart(void)
{
    relay_rig_fini(&rig);
    prepare();
    load();
}

static const struct hsy_counters *counters(void)
{
    return relay_rig_counters(&rig);
}

/* ----------------------------------------------------------------- writing */

static void
a_message_is_relayed_at_once_and_delivered_when_it_is_on_disk(void **state)
{
    (void)state;
    begin();
    (void)relay_rig_link(&rig, 6, 2);
    relay_rig_eager(&rig, 6, true);
    hear_of(1, 1);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 1);
    tick();
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(rig.ports.token, 1);
    answer(true);
    CLAIM_INT(delivered(), 1);
    CLAIM(!rig.ports.deliveries[0].again);
    end();
}

static void without_the_setting_nothing_is_written(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    hear_of(1, 1);
    relay_rig_run_ns(&rig, HSY_MINUTE);
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(rig.ports.token, 0);
    end();
}

static void what_one_step_brings_is_one_transaction(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 10; seq++) {
        hear_of(1, seq);
    }
    tick();
    CLAIM_INT(rig.ports.token, 1);
    CLAIM_INT(rig.ports.rows_count, 10);
    answer(true);
    CLAIM_INT(delivered(), 10);
    /* That they were is written a second later. */
    relay_rig_run_ns(&rig, HSY_SAVED_LATER_NS - 1);
    CLAIM_INT(rig.ports.token, 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(rig.ports.token, 2);
    CLAIM_INT(rig.ports.rows_count, 11);
    end();
}

static void that_it_was_handed_over_rides_along_with_the_next(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    tick();
    answer(true);
    hear_of(1, 2);
    tick();
    CLAIM_INT(rig.ports.token, 2);
    CLAIM_INT(rig.ports.rows_count, 3);
    end();
}

static void eight_transactions_are_under_way_and_the_rest_waits(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 20; seq++) {
        hear_of(1, seq);
        tick();
    }
    CLAIM_INT(rig.ports.token, HSY_FLIGHTS_MAX);
    answer(true);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX);
    tick();
    CLAIM_INT(rig.ports.token, HSY_FLIGHTS_MAX + 1);
    answer(true);
    CLAIM_INT(delivered(), 20);
    end();
}

static void own_messages_are_kept_and_not_delivered(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(relay_rig_publish(&rig, "mine"), 0);
    relay_rig_sign_all(&rig);
    settle();
    CLAIM_INT(delivered(), 0);
    CLAIM(disk.count >= 1);
    restart();
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(counters()->restored, 1);
    end();
}

static void a_write_that_fails_delivers_all_the_same(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    tick();
    answer(false);
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(counters()->unsaved, 1);
    CLAIM_INT(counters()->persist_failed, 1);
    /* At least that it came is tried again. */
    relay_rig_run_ns(&rig, 10 * HSY_SECOND);
    answer(true);
    restart();
    hear_of(1, 2);
    CLAIM(!relay_rig_hear_one(&rig, 4, 1, 1) || delivered() == 0);
    settle();
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(rig.ports.deliveries[0].seq, 2);
    end();
}

static void a_disk_that_does_not_answer_is_not_waited_for(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= HSY_FLIGHTS_MAX + 2; seq++) {
        hear_of(1, seq);
        tick();
    }
    relay_rig_run_ns(&rig, HSY_SAVED_DISK_NS - 1);
    CLAIM_INT(delivered(), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 2);
    CLAIM_INT(counters()->unsaved, HSY_FLIGHTS_MAX + 2);
    /* What comes meanwhile is not even asked for. */
    hear_of(1, 11);
    relay_rig_run_ns(&rig, HSY_MINUTE);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 3);
    CLAIM_INT(rig.ports.token, HSY_FLIGHTS_MAX);
    /* Not before it has answered all of it. */
    row_disk_answer_one(&disk, &rig, true);
    tick();
    hear_of(1, 12);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 4);
    answer(true);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 4);
    CLAIM_INT(core_ports_noted(&rig.ports, "disk-stuck"), 1);
    hear_of(1, 13);
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 4);
    settle();
    CLAIM_INT(delivered(), HSY_FLIGHTS_MAX + 5);
    restart();
    CLAIM_INT(delivered(), 0); /* That all have come is on the disk. */
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 13);
    CLAIM_INT(counters()->restored, HSY_FLIGHTS_MAX + 1);
    end();
}

/* Its answer waits in front of the door, with all else that came. */
static void who_was_stopped_does_not_call_the_disk_stuck(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    tick();
    relay_rig_pass(&rig, HSY_MINUTE);
    tick();
    hear_of(1, 2);
    CLAIM_INT(delivered(), 0);
    answer(true);
    tick();
    answer(true);
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(core_ports_noted(&rig.ports, "disk-stuck"), 0);
    hear_of(1, 3); /* Once only: */
    tick();
    relay_rig_pass(&rig, HSY_MINUTE);
    tick();
    CLAIM_INT(delivered(), 2);
    relay_rig_pass(&rig, HSY_MINUTE);
    tick();
    CLAIM_INT(delivered(), 3);
    CLAIM_INT(core_ports_noted(&rig.ports, "disk-stuck"), 1);
    end();
}

static void with_too_many_on_their_way_it_is_delivered_unwritten(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    uint64_t each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
    rig.core.env.config.retain_bytes = HSY_SAVING_PARTS * 3 * each;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        hear_of(1, seq);
    }
    CLAIM_INT(delivered(), 0);
    hear_of(1, 4);
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(counters()->unsaved, 1);
    end();
}

static void who_leaves_waits_for_the_disk_and_says_all(void **state)
{
    (void)state;
    begin();
    rig.core.self.signed_once = true;
    hear_of(1, 1);
    hear_of(1, 2);
    hsy_core_leave(&rig.core);
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(rig.ports.signables_count, 0);
    answer(true);
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(rig.ports.signables_count, 1); /* The good-bye. */
    answer(true);
    restart();
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(counters()->restored, 2);
    end();
}

/* --------------------------------------------------------------- restoring */

static void what_was_delivered_is_not_delivered_again(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 5; seq++) {
        hear_of(1, seq);
    }
    hear_of(2, 1);
    settle();
    CLAIM_INT(delivered(), 6);
    restart();
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(counters()->restored, 6);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 5);
    CLAIM(!relay_rig_hear_one(&rig, 4, 1, 3)); /* It is known by its id. */
    hear_of(1, 6);
    settle();
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(rig.ports.deliveries[0].seq, 6);
    end();
}

static void
what_was_on_disk_and_not_told_says_that_it_may_come_again(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    settle();
    hear_of(1, 2);
    tick();
    answer(true); /* Handed over, and that is not written yet. */
    hear_of(1, 3);
    tick(); /* Asked for, and not answered: gone. */
    CLAIM_INT(delivered(), 2);
    restart();
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(rig.ports.deliveries[0].seq, 2);
    CLAIM(rig.ports.deliveries[0].again);
    CLAIM_INT(counters()->again, 1);
    hear_of(1, 3);
    settle();
    CLAIM_INT(delivered(), 2);
    CLAIM(!rig.ports.deliveries[1].again);
    restart(); /* Now all of it is told. */
    CLAIM_INT(delivered(), 0);
    end();
}

static void pull(uint64_t from, uint64_t to)
{
    struct hsy_frame frame = {.type = HSY_PULL};
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_span span = {.of = relay_rig_epoch(1), .from = from, .to = to};
    frame.pull.nonce = 1;
    frame.pull.credit = HSY_PULL_CREDIT;
    frame.pull.spans.bytes = bytes;
    hsy_spans_add(&list, &frame.pull.spans, &span);
    relay_rig_frame(&rig, 4, &frame);
}

static void who_pulls_gets_what_was_restored(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    hear_of(1, 2);
    settle();
    restart();
    pull(1, 2);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 2);
    end();
}

/* What was delivered without the disk is not here any more after a restart, and
 * nobody knows that better than its mark; but others may keep it, and who has
 * this node alone to ask must not give it up for that. */
static void what_the_disk_refused_is_not_called_gone(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    settle();
    hear_of(1, 2);
    tick();
    answer(false);
    CLAIM_INT(counters()->unsaved, 1);
    settle();
    hear_of(1, 3);
    settle();
    CLAIM_INT(delivered(), 3);
    restart();
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 3);
    pull(2, 2);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 0);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_GONE).gone.spans.count, 0);
    end();
}

static void what_is_kept_no_more_is_remembered_by_its_mark(void **state)
{
    (void)state;
    begin();
    rig.core.env.config.retain_max = 3;
    relay_rig_relay(&rig)->retained.table.items_max = 3;
    for (uint64_t seq = 1; seq <= 10; seq++) {
        hear_of(1, seq);
        tick();
        answer(true);
    }
    settle();
    CLAIM_INT(disk.count, 3 + 1 + 1); /* Bundles, the mark, handed over. */
    restart();
    CLAIM_INT(counters()->restored, 3);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 10);
    CLAIM_INT(delivered(), 0);
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 2)); /* Its id is forgotten. */
    settle();
    CLAIM_INT(delivered(), 0);
    end();
}

static void a_gap_stays_one(void **state)
{
    (void)state;
    begin();
    rig.core.env.config.retain_max = 2;
    relay_rig_relay(&rig)->retained.table.items_max = 2;
    hear_of(1, 1);
    hear_of(1, 4);
    hear_of(1, 5);
    hear_of(1, 8);
    settle();
    restart();
    const struct hsy_origin *origin = relay_rig_origin(&rig, 1);
    CLAIM_INT(origin->done, 1);
    CLAIM_INT(origin->runs_count, 2);
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 0);
    relay_rig_run_ns(&rig, HSY_GAP_NS);
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 0);
    CLAIM(relay_rig_sent(&rig, 4, HSY_PULL) >= 1);
    end();
}

static void what_is_too_old_is_dropped_and_remembered(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    settle();
    struct hsy_env *given = &rig.given;
    relay_rig_fini(&rig);
    prepare();
    given->now.wall_ms += 11 * 60 * 1000;
    load();
    CLAIM_INT(counters()->restored, 0);
    CLAIM_INT(delivered(), 0);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 1);
    settle();
    CLAIM_INT(disk.count, 2); /* Its mark, and what was handed over. */
    end();
}

/* By a clock that is wrong at the start, all of an origin is over; but what
 * this very life has begun with, it must not deliver again. */
static void
what_was_told_at_the_start_is_known_when_the_clock_is_right(void **state)
{
    uint64_t off_ms = UINT64_C(30) * 24 * 3600 * 1000;
    (void)state;
    begin();
    rig.core.env.config.retain_max = 1;
    relay_rig_relay(&rig)->retained.table.items_max = 1;
    hear_of(1, 1);
    hear_of(1, 2);
    settle(); /* Of the first, a mark is left. */
    hear_of(1, 3);
    tick();
    answer(true);
    relay_rig_fini(&rig);
    prepare();
    rig.given.now.wall_ms += off_ms;
    load();
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(rig.ports.deliveries[0].seq, 3);
    rig.given.now.wall_ms -= off_ms;
    rig.core.env.now.wall_ms -= off_ms;
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1)); /* Its id is forgotten. */
    settle();
    CLAIM_INT(delivered(), 1);
    end();
}

static void of_more_than_there_is_room_for_the_newest_are_kept(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 8; seq++) {
        hear_of(1, seq);
    }
    settle();
    relay_rig_fini(&rig);
    prepare();
    rig.given.config.retain_max = 5;
    load();
    CLAIM_INT(counters()->restored, 5);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 8);
    const struct hsy_retained_bundle *b = hsy_retained_from(
        &relay_rig_relay(&rig)->retained, relay_rig_origin(&rig, 1), 1);
    CLAIM_INT(b->from, 4);
    end();
}

/* Of them nothing else is left; what is kept for others may be younger. */
static void
what_waited_is_delivered_though_there_is_no_room_for_it(void **state)
{
    (void)state;
    disk.count = 0;
    prepare();
    rig.given.config.ordered_wait_ns = HSY_MINUTE;
    rig.given.config.retain_max = 5;
    start();
    for (uint64_t seq = 2; seq <= 9; seq++) { /* 1 is missing. */
        hear_of(1, seq);
    }
    settle();
    CLAIM_INT(delivered(), 0);
    relay_rig_fini(&rig);
    prepare();
    rig.given.config.retain_max = 5;
    load();
    CLAIM_INT(counters()->restored, 5);
    CLAIM_INT(delivered(), 8);
    for (uint32_t i = 0; i < 8; i++) {
        CLAIM_INT(rig.ports.deliveries[i].seq, 2 + i);
    }
    end();
}

/* ------------------------------------------------------------------ damage */

static int restore_changed(uint32_t at, uint8_t by)
{
    struct disk_row changed = disk.rows[0];
    struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                              .key = changed.key,
                              .key_len = changed.key_len,
                              .value = changed.value,
                              .value_len = changed.value_len};
    changed.value[at] ^= by;
    return hsy_core_restore(&rig.core, &row);
}

static void a_damaged_row_is_refused(void **state)
{
    (void)state;
    begin();
    hear_of(1, 1);
    settle();
    relay_rig_fini(&rig);
    prepare();
    relay_rig_start(&rig);
    rig.core.phase = HSY_PHASE_COLD;
    CLAIM_INT(restore_changed(0, 3), HEARSAY_ERR_MALFORMED);  /* Version. */
    CLAIM_INT(restore_changed(1, 2), HEARSAY_ERR_MALFORMED);  /* Flags. */
    CLAIM_INT(restore_changed(30, 1), HEARSAY_ERR_MALFORMED); /* Its id. */
    struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                              .key = disk.rows[0].key,
                              .key_len = disk.rows[0].key_len,
                              .value = disk.rows[0].value,
                              .value_len = disk.rows[0].value_len - 1};
    CLAIM_INT(hsy_core_restore(&rig.core, &row), HEARSAY_ERR_MALFORMED);
    row.key_len = 5;
    CLAIM_INT(hsy_core_restore(&rig.core, &row), HEARSAY_ERR_MALFORMED);
    end();
}

static void a_mark_is_what_runs_can_be_or_refused(void **state)
{
    (void)state;
    static uint8_t bytes[HSY_MARK_LEN_MAX];
    struct hsy_mark mark = {.of = relay_rig_epoch(1),
                            .done = 3,
                            .wall_ms = 9,
                            .runs_count = 2,
                            .runs = {{5, 6, 0}, {8, 8, 0}}};
    struct hsy_mark back;
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_mark(&out, &mark);
    struct hsy_reader in = hsy_reader(bytes, out.len);
    hsy_get_mark(&in, &back);
    CLAIM(hsy_reader_done(&in));
    CLAIM_INT(back.done, 3);
    CLAIM_INT(back.runs[1].from, 8);
    static const struct hsy_run bad[] = {{4, 6, 0}, {6, 5, 0}, {7, 7, 0}};
    for (uint32_t i = 0; i < 3; i++) {
        mark.runs[i == 2 ? 1 : 0] = bad[i];
        out = hsy_writer(bytes, sizeof(bytes));
        hsy_put_mark(&out, &mark);
        in = hsy_reader(bytes, out.len);
        hsy_get_mark(&in, &back);
        CLAIM(in.bad);
        mark.runs[0] = (struct hsy_run){5, 6, 0};
    }
}

static void without_memory_it_is_delivered_and_nothing_is_lost(void **state)
{
    (void)state;
    for (uint32_t at = 1; at <= 6; at++) {
        begin();
        hear_of(1, 1);
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = rig.core.env.mem;
        rig.core.env.mem = mem_fault_mem(&fault);
        tick();
        answer(true);
        rig.core.env.mem = mem;
        settle();
        CLAIM_INT(delivered(), 1);
        end();
    }
}

/* ------------------------------------------------------------------- order */

static void in_order_what_waits_is_kept_and_waits_again(void **state)
{
    (void)state;
    disk.count = 0;
    prepare();
    rig.given.config.ordered_wait_ns = HSY_MINUTE;
    start();
    hear_of(1, 1);
    hear_of(1, 3);
    settle();
    CLAIM_INT(delivered(), 1);
    relay_rig_fini(&rig);
    prepare();
    rig.given.config.ordered_wait_ns = HSY_MINUTE;
    load();
    CLAIM_INT(delivered(), 0);
    hear_of(1, 2);
    settle();
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(rig.ports.deliveries[0].seq, 2);
    CLAIM_INT(rig.ports.deliveries[1].seq, 3);
    CLAIM_INT(rig.ports.deliveries[1].missing, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_message_is_relayed_at_once_and_delivered_when_it_is_on_disk),
        cmocka_unit_test(without_the_setting_nothing_is_written),
        cmocka_unit_test(what_one_step_brings_is_one_transaction),
        cmocka_unit_test(that_it_was_handed_over_rides_along_with_the_next),
        cmocka_unit_test(eight_transactions_are_under_way_and_the_rest_waits),
        cmocka_unit_test(own_messages_are_kept_and_not_delivered),
        cmocka_unit_test(a_write_that_fails_delivers_all_the_same),
        cmocka_unit_test(a_disk_that_does_not_answer_is_not_waited_for),
        cmocka_unit_test(who_was_stopped_does_not_call_the_disk_stuck),
        cmocka_unit_test(with_too_many_on_their_way_it_is_delivered_unwritten),
        cmocka_unit_test(who_leaves_waits_for_the_disk_and_says_all),
        cmocka_unit_test(what_was_delivered_is_not_delivered_again),
        cmocka_unit_test(
            what_was_on_disk_and_not_told_says_that_it_may_come_again),
        cmocka_unit_test(who_pulls_gets_what_was_restored),
        cmocka_unit_test(what_the_disk_refused_is_not_called_gone),
        cmocka_unit_test(what_is_kept_no_more_is_remembered_by_its_mark),
        cmocka_unit_test(a_gap_stays_one),
        cmocka_unit_test(what_is_too_old_is_dropped_and_remembered),
        cmocka_unit_test(
            what_was_told_at_the_start_is_known_when_the_clock_is_right),
        cmocka_unit_test(of_more_than_there_is_room_for_the_newest_are_kept),
        cmocka_unit_test(
            what_waited_is_delivered_though_there_is_no_room_for_it),
        cmocka_unit_test(a_damaged_row_is_refused),
        cmocka_unit_test(a_mark_is_what_runs_can_be_or_refused),
        cmocka_unit_test(without_memory_it_is_delivered_and_nothing_is_lost),
        cmocka_unit_test(in_order_what_waits_is_kept_and_waits_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
