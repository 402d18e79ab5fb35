/* Large messages: the manifest comes like any bundle, the pieces are fetched
 * in order from one neighbour at a time, checked, and delivered once. */
#include "core/lines.h"
#include "support/bulk_rig.h"
#include "support/mem_fault.h"

/* ------------------------------------------------------------------- fetch */

static void the_content_is_asked_of_whom_the_manifest_came_from(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(6, 1, 1, LEN));
    CLAIM_INT(fetches(0), 1);
    claim_fetch(6, 0, HSY_BULK_BATCH);
    CLAIM_INT(rig.ports.deliveries_count, 0);
    /* It goes on like any bundle, and before its content is here. */
    CLAIM(relay_rig_sent(&rig, 4, HSY_BUNDLE) == 1);
    end();
}

static void no_more_than_a_window_is_asked_ahead(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    relay_rig_run(&rig, 100);
    claim_fetch(4, HSY_BULK_WINDOW - HSY_BULK_BATCH, HSY_BULK_WINDOW);
    CLAIM_INT(fetches(4), HSY_BULK_WINDOW / HSY_BULK_BATCH);
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    say_piece(4, &id, LEN, 0);
    relay_rig_run(&rig, 100);
    claim_fetch(4, HSY_BULK_WINDOW, HSY_BULK_WINDOW + 1);
    end();
}

static void it_is_delivered_once_when_it_is_whole(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, PIECES - 1);
    CLAIM_INT(rig.ports.deliveries_count, 0);
    CLAIM_INT(core_ports_noted(&rig.ports, "gossip-seen"), 0);
    feed(4, &id, LEN, PIECES);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    CLAIM(rig.ports.deliveries[0].len == LEN);
    CLAIM(last_sum() == core_sum(content, LEN));
    CLAIM_INT(core_ports_noted(&rig.ports, "gossip-seen"), 1);
    say_piece(4, &id, LEN, PIECES - 1);
    CLAIM(!hear(6, 1, 1, LEN));
    CLAIM_INT(rig.ports.deliveries_count, 1);
    CLAIM_INT(counters()->pieces_unexpected, 1);
    end();
}

static void the_longest_has_512_pieces(void **state)
{
    (void)state;
    begin();
    (void)take_one(1, 1, HEARSAY_PAYLOAD_MAX);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    CLAIM(last_sum() == core_sum(content, HEARSAY_PAYLOAD_MAX));
    CLAIM(bulk()->bytes == HEARSAY_PAYLOAD_MAX);
    end();
}

static void a_shortest_one_has_one_piece(void **state)
{
    (void)state;
    begin();
    (void)take_one(1, 1, HSY_INLINE_MAX + 1);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    CLAIM(last_sum() == core_sum(content, HSY_INLINE_MAX + 1));
    end();
}

static void memory_is_taken_as_pieces_come(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, HEARSAY_PAYLOAD_MAX));
    struct hsy_bundle_id id = id_of(1, 1, HEARSAY_PAYLOAD_MAX);
    CLAIM(hsy_bulk_find(bulk(), &id)->content == NULL);
    feed(4, &id, HEARSAY_PAYLOAD_MAX, 5);
    CLAIM_INT(hsy_bulk_find(bulk(), &id)->content->len, 8 * PIECE);
    end();
}

static void a_false_piece_is_dropped_and_another_is_asked(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, 3);
    struct hsy_frame frame = piece(&id, LEN, 3);
    frame.piece.bytes = content + 1;
    relay_rig_frame(&rig, 4, &frame);
    CLAIM_INT(counters()->pieces_bad, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "piece-false"), 1);
    claim_fetch(6, 3, 3 + HSY_BULK_BATCH);
    say_piece(4, &id, LEN, 3); /* Not even when it is right. */
    CLAIM_INT(hsy_bulk_find(bulk(), &id)->have, 3);
    feed(6, &id, LEN, PIECES);
    CLAIM(last_sum() == core_sum(content, LEN));
    end();
}

static void who_sent_a_false_piece_is_not_asked_again(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    struct hsy_frame frame = piece(&id, LEN, 0);
    frame.piece.bytes = content + 1;
    relay_rig_frame(&rig, 4, &frame);
    relay_rig_forget(&rig);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(fetches(4), 0);
    CLAIM(fetches(6) > 1 && fetches(8) > 1);
    end();
}

static void a_piece_that_cannot_be_is_an_offence(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    struct hsy_frame frame = piece(&id, LEN, 0);
    frame.piece.len--;
    CLAIM(!hsy_core_frame(&rig.core, 4, &frame));
    frame = piece(&id, LEN, 0);
    frame.piece.index = PIECES;
    CLAIM(!hsy_core_frame(&rig.core, 4, &frame));
    end();
}

static void a_piece_that_nobody_asked_for_is_counted(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    struct hsy_bundle_id other = id_of(2, 1, LEN);
    say_piece(6, &id, LEN, 0); /* Not by this one. */
    say_piece(4, &id, LEN, 1); /* Not yet. */
    say_piece(4, &other, LEN, 0);
    CLAIM_INT(counters()->pieces_unexpected, 3);
    CLAIM_INT(hsy_bulk_find(bulk(), &id)->have, 0);
    end();
}

static void who_is_silent_for_2_s_is_left_for_the_next(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, 4);
    relay_rig_run(&rig, 1998);
    CLAIM_INT(fetches(6), 0);
    relay_rig_run(&rig, 2);
    claim_fetch(4, 4, 4); /* No more, please. */
    claim_fetch(6, 4, 4 + HSY_BULK_BATCH);
    CLAIM_INT(counters()->fetches_moved, 1);
    say_piece(4, &id, LEN, 4); /* What was on its way counts. */
    CLAIM_INT(hsy_bulk_find(bulk(), &id)->have, 5);
    feed(6, &id, LEN, PIECES);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    end();
}

static void a_lost_link_moves_on_at_once(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, 5);
    relay_rig_unlink(&rig, 4);
    claim_fetch(6, 5, 5 + HSY_BULK_BATCH);
    feed(6, &id, LEN, PIECES);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    CLAIM(last_sum() == core_sum(content, LEN));
    end();
}

static void without_neighbours_it_waits_for_one(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    relay_rig_unlink(&rig, 4);
    relay_rig_unlink(&rig, 6);
    relay_rig_unlink(&rig, 8);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(counters()->lost, 0);
    (void)relay_rig_link(&rig, 10, 2);
    relay_rig_tick(&rig);
    claim_fetch(10, 0, HSY_BULK_BATCH);
    end();
}

static void a_link_of_version_1_is_not_asked(void **state)
{
    (void)state;
    relay_rig_begin(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    (void)relay_rig_link(&rig, 6, 1);
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 0);
    CLAIM_INT(counters()->bundles_withheld, 1);
    say_not_here(4, &id);
    relay_rig_run(&rig, 20000);
    CLAIM_INT(fetches(6), 0);
    struct hsy_bundle bundle = manifest(2, 1, LEN);
    CLAIM(!relay_rig_hear(&rig, 6, &bundle, 0));
    CLAIM_INT(counters()->frames_unexpected, 1);
    end();
}

static void what_they_have_not_heard_of_is_not_lost(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    for (uint32_t ms = 0; ms < 60000; ms += 100) {
        say_no(4, &id, HSY_PIECE_GONE);
        say_not_here(6, &id);
        say_no(8, &id, HSY_PIECE_GONE);
        relay_rig_run(&rig, 100);
    }
    CLAIM_INT(counters()->lost, 0);
    CLAIM(hsy_bulk_find(bulk(), &id) != NULL);
    end();
}

static void what_all_are_done_with_is_lost_and_told(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    const uint32_t least_ms = (uint32_t)(HSY_BULK_LOST_NS / HSY_MS);
    for (uint32_t ms = 0; ms < 2 * least_ms && counters()->lost == 0;
         ms += 100) {
        for (hearsay_link link = 4; link <= 8; link += 2) {
            say_no(link, &id, HSY_PIECE_GONE);
        }
        CLAIM(counters()->lost == 0 || ms >= least_ms);
        relay_rig_run(&rig, 100);
    }
    CLAIM_INT(counters()->lost, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 1);
    CLAIM_INT(core_ports_note(&rig.ports, "lost")->from, 1);
    CLAIM(hsy_bulk_find(bulk(), &id) == NULL);
    CLAIM(bulk()->bytes == 0);
    end();
}

static void what_does_not_come_in_time_is_lost_and_told(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    relay_rig_run(&rig, 10 * 60 * 1000 - 1);
    CLAIM_INT(counters()->lost, 0);
    relay_rig_run(&rig, 2);
    CLAIM_INT(counters()->lost, 1);
    CLAIM_INT(bulk()->table.count, 0);
    end();
}

static void what_is_larger_than_we_want_is_passed_on_only(void **state)
{
    (void)state;
    begin();
    rig.core.env.config.payload_max = LEN - 1;
    CLAIM(hear(4, 1, 1, LEN));
    CLAIM_INT(fetches(0), 0);
    CLAIM_INT(counters()->contents_refused, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "too-large"), 1);
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    CLAIM(hsy_retained_find(&relay_rig_relay(&rig)->retained, &id) != NULL);
    end();
}

/* A machine that steps us late has better things to do. */
static void who_is_stepped_late_asks_for_less(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    uint64_t start_ns = HSY_BULK_PAUSE_START_NS;
    CLAIM_INT(bulk()->pause_ns, start_ns);
    relay_rig_pass(&rig, start_ns); /* Not late so far: quickly more. */
    relay_rig_tick(&rig);
    CLAIM_INT(bulk()->pause_ns, start_ns / 8 * 7);
    relay_rig_pass(&rig, start_ns + HSY_BULK_LATE_NS);
    relay_rig_tick(&rig);
    CLAIM_INT(bulk()->pause_ns, start_ns / 4 * 7);
    say_piece(4, &id, LEN, 0);
    relay_rig_pass(&rig, start_ns / 4 * 7); /* And slowly from then on. */
    relay_rig_tick(&rig);
    CLAIM_INT(bulk()->pause_ns, start_ns / 4 * 7 / 32 * 31);
    end();
}

/* -------------------------------------------------------------------- room */

static void an_origin_has_a_quarter_of_the_turns(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 6; seq++) {
        CLAIM(hear(4, 1, seq, HSY_INLINE_MAX + (uint32_t)seq));
    }
    CLAIM_INT(bulk()->turns, HSY_BULK_TURNS / HSY_BULK_PARTS);
    CLAIM_INT(bulk()->waiting, 2);
    CLAIM(hear(4, 2, 1, HSY_INLINE_MAX + 1));
    CLAIM_INT(bulk()->turns, HSY_BULK_TURNS / HSY_BULK_PARTS + 1);
    struct hsy_bundle_id id = id_of(1, 1, HSY_INLINE_MAX + 1);
    feed(4, &id, HSY_INLINE_MAX + 1, 1);
    relay_rig_run(&rig, 1);
    CLAIM_INT(bulk()->waiting, 1); /* The next one has its turn. */
    end();
}

static void sixteen_are_fetched_at_a_time(void **state)
{
    (void)state;
    begin();
    for (uint32_t number = 1; number <= 17; number++) {
        CLAIM(hear(4, number, 1, HSY_INLINE_MAX + 1));
    }
    CLAIM_INT(bulk()->turns, 16);
    CLAIM_INT(bulk()->waiting, 1);
    end();
}

static void the_oldest_content_makes_room(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle_id first = take_one(1, 1, HEARSAY_PAYLOAD_MAX / 2);
    struct hsy_bundle_id second = take_one(2, 1, HEARSAY_PAYLOAD_MAX / 2);
    CLAIM_INT(counters()->contents_evicted, 0);
    (void)take_one(3, 1, PIECE);
    CLAIM_INT(counters()->contents_evicted, 1);
    CLAIM(hsy_bulk_find(bulk(), &first) == NULL);
    CLAIM(hsy_bulk_find(bulk(), &second) != NULL);
    CLAIM_INT(rig.ports.deliveries_count, 3);
    CLAIM_INT(counters()->lost, 0);
    end();
}

static void who_has_more_than_a_quarter_makes_room_for_himself(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle_id quiet = take_one(1, 1, PIECE);
    struct hsy_bundle_id busy = take_one(2, 1, HEARSAY_PAYLOAD_MAX / 2);
    (void)take_one(2, 2, HEARSAY_PAYLOAD_MAX / 2);
    CLAIM(hsy_bulk_find(bulk(), &quiet) != NULL);
    CLAIM(hsy_bulk_find(bulk(), &busy) == NULL);
    end();
}

static void without_room_it_waits_and_is_not_lost(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, HEARSAY_PAYLOAD_MAX));
    CLAIM(hear(4, 2, 1, LEN));
    CLAIM_INT(bulk()->turns, 1);
    CLAIM_INT(bulk()->waiting, 1);
    struct hsy_bundle_id id = id_of(1, 1, HEARSAY_PAYLOAD_MAX);
    feed(4, &id, HEARSAY_PAYLOAD_MAX, 512);
    relay_rig_run(&rig, 1);
    id = id_of(2, 1, LEN);
    feed(4, &id, LEN, PIECES);
    CLAIM_INT(rig.ports.deliveries_count, 2);
    end();
}

/* A content that never comes holds nobody up: its turn ends with a round. */
static void who_gets_nothing_gives_up_its_turn(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, HEARSAY_PAYLOAD_MAX));
    CLAIM(hear(4, 2, 1, LEN));
    struct hsy_bundle_id id = id_of(2, 1, LEN);
    relay_rig_run(&rig, 15000); /* 2, 4 and 8 s. */
    CLAIM(hsy_bulk_find(bulk(), &id)->state == HSY_BULK_FETCHING);
    feed(4, &id, LEN, PIECES);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    id = id_of(1, 1, HEARSAY_PAYLOAD_MAX);
    CLAIM(hsy_bulk_find(bulk(), &id)->state == HSY_BULK_WAITING);
    relay_rig_run(&rig, 2000); /* It rests before it tries again. */
    CLAIM(hsy_bulk_find(bulk(), &id)->state == HSY_BULK_FETCHING);
    end();
}

/* Nor do two of them take turns at the speed of the network. */
static void answers_of_not_here_cause_no_storm(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, HEARSAY_PAYLOAD_MAX));
    CLAIM(hear(4, 2, 1, HEARSAY_PAYLOAD_MAX));
    struct hsy_bundle_id first = id_of(1, 1, HEARSAY_PAYLOAD_MAX);
    struct hsy_bundle_id second = id_of(2, 1, HEARSAY_PAYLOAD_MAX);
    for (uint32_t ms = 0; ms < 5000; ms += 10) {
        for (hearsay_link link = 4; link <= 8; link += 2) {
            say_not_here(link, &first);
            say_not_here(link, &second);
        }
        relay_rig_run(&rig, 10);
    }
    CLAIM(fetches(0) <= 2 * 3 * 4); /* Two, three links, four rounds. */
    end();
}

static void more_than_1024_of_one_origin_do_not_wait(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= HSY_BULK_MAX / HSY_BULK_PARTS; seq++) {
        CLAIM(hear(4, 1, seq, HSY_INLINE_MAX + 1));
    }
    CLAIM_INT(counters()->lost, 0);
    CLAIM(hear(4, 1, HSY_BULK_MAX / HSY_BULK_PARTS + 1, HSY_INLINE_MAX + 1));
    CLAIM_INT(counters()->lost, 1);
    CLAIM(hear(4, 2, 1, HSY_INLINE_MAX + 1));
    CLAIM_INT(counters()->lost, 1);
    end();
}

/* Each allocation fails once; what is missing then comes in the end. */
static void without_memory_a_piece_comes_again(void **state)
{
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    uint64_t calls = UINT64_MAX;

    (void)state;
    begin();
    end();
    for (uint64_t call = 1; call <= calls; call++) {
        fault = mem_fault_at(MEM_FAULT_NEVER);
        relay_rig_init(&rig);
        hsy_pool_drop(rig.given.pool, rig.given.lines);
        core_ports_use_mem(&rig.ports, &rig.given, &mem);
        rig.given.lines =
            hsy_lines_keep(rig.given.pool, &rig.given.mem, &rig.line, 1);
        relay_rig_start(&rig);
        relay_rig_links(&rig, 3);
        struct hsy_bundle_id id = id_of(1, 1, LEN);
        fault.calls = 0;
        fault.fails_at = call;
        (void)hear(4, 1, 1, LEN);
        for (uint32_t i = 0; i < 40 && hsy_bulk_find(bulk(), &id) != NULL &&
                             rig.ports.deliveries_count == 0;
             i++) {
            const struct hsy_bulk_entry *e = hsy_bulk_find(bulk(), &id);
            hearsay_link link = e->link;
            if (link == 0 || e->asked == e->have) {
                relay_rig_run(&rig, 2100);
                continue;
            }
            say_piece(link, &id, LEN, e->have);
        }
        calls = fault.fails_at > fault.calls ? 0 : UINT64_MAX;
        /* Whole, or told, or as if it had never come. */
        CLAIM(rig.ports.deliveries_count == 1 || counters()->lost == 1 ||
              counters()->bundles_dropped == 1);
        relay_rig_fini(&rig);
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_is_asked_of_whom_the_manifest_came_from),
        cmocka_unit_test(no_more_than_a_window_is_asked_ahead),
        cmocka_unit_test(it_is_delivered_once_when_it_is_whole),
        cmocka_unit_test(the_longest_has_512_pieces),
        cmocka_unit_test(a_shortest_one_has_one_piece),
        cmocka_unit_test(memory_is_taken_as_pieces_come),
        cmocka_unit_test(a_false_piece_is_dropped_and_another_is_asked),
        cmocka_unit_test(who_sent_a_false_piece_is_not_asked_again),
        cmocka_unit_test(a_piece_that_cannot_be_is_an_offence),
        cmocka_unit_test(a_piece_that_nobody_asked_for_is_counted),
        cmocka_unit_test(who_is_silent_for_2_s_is_left_for_the_next),
        cmocka_unit_test(a_lost_link_moves_on_at_once),
        cmocka_unit_test(without_neighbours_it_waits_for_one),
        cmocka_unit_test(a_link_of_version_1_is_not_asked),
        cmocka_unit_test(what_they_have_not_heard_of_is_not_lost),
        cmocka_unit_test(what_all_are_done_with_is_lost_and_told),
        cmocka_unit_test(what_does_not_come_in_time_is_lost_and_told),
        cmocka_unit_test(what_is_larger_than_we_want_is_passed_on_only),
        cmocka_unit_test(who_is_stepped_late_asks_for_less),
        cmocka_unit_test(an_origin_has_a_quarter_of_the_turns),
        cmocka_unit_test(sixteen_are_fetched_at_a_time),
        cmocka_unit_test(the_oldest_content_makes_room),
        cmocka_unit_test(who_has_more_than_a_quarter_makes_room_for_himself),
        cmocka_unit_test(without_room_it_waits_and_is_not_lost),
        cmocka_unit_test(who_gets_nothing_gives_up_its_turn),
        cmocka_unit_test(answers_of_not_here_cause_no_storm),
        cmocka_unit_test(more_than_1024_of_one_origin_do_not_wait),
        cmocka_unit_test(without_memory_a_piece_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
