/* What a seed does about parts: asks, looks again, and tells; and when it had
 * better believe nothing. */
#include "core/bridging.h"
#include "core/fellows.h"
#include "core/seed_parts.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

#include <string.h>

enum { PEERS_MAX = 32 };

static struct core_rig rig;
static struct hsy_frame frame;
static uint64_t versions[PEERS_MAX];

static hearsay_link link_of(uint32_t number)
{
    return 2 * (hearsay_link)number + 1001;
}

static hearsay_link link_to_seed(uint32_t number)
{
    return 2 * (hearsay_link)number + 5001;
}

static void register_number(uint32_t number)
{
    struct hsy_record record = core_record('p', number, 5);
    (void)core_rig_link(&rig, link_of(number), &record);
    core_rig_register(&rig, &record);
    core_rig_commit(&rig);
}

/* @who tells of links to the @count from @first on, without itself. */
static void tell_links(uint32_t who, uint32_t first, uint32_t count)
{
    struct hearsay_id from = core_id('p', who);
    struct hearsay_id to[PEERS_MAX];
    uint32_t named = 0;
    for (uint32_t i = first; i < first + count; i++) {
        if (i != who) {
            to[named] = core_id('p', i);
            named++;
        }
    }
    versions[who]++;
    core_rig_links(&rig, &from, versions[who], to, named);
}

static void tell_clique(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        tell_links(i, first, count);
    }
}

/* s0 of @lines, with @count peers registered. */
static void begin(uint32_t lines, uint32_t count)
{
    memset(versions, 0, sizeof(versions));
    core_rig_init(&rig, 0, lines);
    core_rig_start(&rig);
    for (uint32_t i = 0; i < count; i++) {
        register_number(i);
    }
}

static void end(void)
{
    core_rig_fini(&rig);
}

static uint32_t sent(uint32_t number, enum hsy_frame_type type)
{
    return core_ports_sent(&rig.ports, link_of(number), type);
}

/* @number answers the PING it was sent last, if any. */
static void answer(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    if (core_ports_last(&rig.ports, link_of(number), HSY_PING, &frame)) {
        uint64_t nonce = frame.ping;
        frame = (struct hsy_frame){.type = HSY_PONG, .pong = nonce};
        (void)core_rig_frame(&rig, &id, &frame);
    }
}

static void answer_all(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        answer(i);
    }
}

static uint32_t bridges(void)
{
    return core_ports_sent(&rig.ports, 0, HSY_BRIDGE);
}

/* The numbers of up to two peers that @number was last told of; how many. */
static uint32_t told_of(uint32_t number, uint32_t out[2])
{
    uint32_t count = 0;
    struct hsy_record record;
    CLAIM(core_ports_last(&rig.ports, link_of(number), HSY_BRIDGE, &frame));
    struct hsy_reader at =
        hsy_reader(frame.bridge.records.bytes, frame.bridge.records.len);
    while (hsy_records_next(&at, &record)) {
        CLAIM(count < 2);
        out[count] = record.id.bytes[2];
        count++;
    }
    return count;
}

/* A fellow of the same digest is linked. */
static struct hsy_neighbour *meet_fellow(uint32_t number)
{
    struct hsy_record record = core_record('s', number, 1);
    return core_rig_link(&rig, link_to_seed(number), &record);
}

static void send_digest(uint32_t number, bool equal)
{
    struct hearsay_id id = core_id('s', number);
    frame = (struct hsy_frame){.type = HSY_SEED_SYNC};
    frame.sync.digest[0] = rig.seed.registry.digest[0] + (equal ? 0 : 1);
    frame.sync.digest[1] = rig.seed.registry.digest[1];
    CLAIM(core_rig_frame(&rig, &id, &frame));
}

static void members_of_both_sides_are_asked_and_then_told(void **state)
{
    (void)state;
    begin(1, 8);
    tell_clique(0, 4);
    tell_clique(4, 4);
    core_rig_run(&rig, 15000);
    uint32_t asked = 0;
    for (uint32_t i = 0; i < 8; i++) {
        CLAIM(sent(i, HSY_PING) <= 1);
        asked += sent(i, HSY_PING);
    }
    CLAIM_INT(asked, 4); /* Two of each side. */
    CLAIM_INT(bridges(), 0);
    answer_all(0, 8);
    core_rig_run(&rig, 2999);
    CLAIM_INT(bridges(), 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(bridges(), 4);
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t others[2];
        CLAIM_INT(sent(i, HSY_BRIDGE), sent(i, HSY_PING));
        if (sent(i, HSY_BRIDGE) > 0) {
            CLAIM_INT(told_of(i, others), 2);
            CLAIM(others[0] != others[1]);
            CLAIM((others[0] < 4) == (i >= 4));
            CLAIM((others[1] < 4) == (i >= 4));
        }
    }
    CLAIM_INT(rig.env.counters.bridges, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "bridge"), 1);
    end();
}

/* So that one link more than one comes of it. */
static void those_who_are_opposite_are_told_of_each_other_first(void **state)
{
    uint32_t others[2], back[2];

    (void)state;
    begin(1, 8);
    tell_clique(0, 4);
    tell_clique(4, 4);
    core_rig_run(&rig, 15000);
    answer_all(0, 8);
    core_rig_run(&rig, 3000);
    CLAIM_INT(bridges(), 4);
    for (uint32_t i = 0; i < 8; i++) {
        if (sent(i, HSY_BRIDGE) > 0) {
            CLAIM_INT(told_of(i, others), 2);
            CLAIM_INT(told_of(others[0], back), 2);
            CLAIM_INT(back[0], i);
        }
    }
    end();
}

static void who_does_not_answer_is_not_told_nor_told_of(void **state)
{
    uint32_t others[2];

    (void)state;
    begin(1, 8);
    tell_clique(0, 4);
    tell_clique(4, 4);
    core_rig_run(&rig, 15000);
    uint32_t low[2], high[2];
    uint32_t lows = 0;
    uint32_t highs = 0;
    for (uint32_t i = 0; i < 8; i++) {
        if (sent(i, HSY_PING) > 0 && i < 4) {
            low[lows++] = i;
        } else if (sent(i, HSY_PING) > 0) {
            high[highs++] = i;
        }
    }
    CLAIM_INT(lows, 2);
    CLAIM_INT(highs, 2);
    answer(low[0]);
    core_rig_run(&rig, 5000);
    CLAIM_INT(bridges(), 0); /* One side alone. */
    answer(high[1]);
    core_rig_run(&rig, 500);
    CLAIM_INT(bridges(), 2);
    CLAIM_INT(told_of(low[0], others), 1);
    CLAIM_INT(others[0], high[1]);
    CLAIM_INT(told_of(high[1], others), 1);
    CLAIM_INT(others[0], low[0]);
    end();
}

static void who_has_linked_meanwhile_is_told_nothing(void **state)
{
    (void)state;
    begin(1, 4);
    tell_clique(0, 2);
    tell_clique(2, 2);
    core_rig_run(&rig, 15000);
    tell_links(1, 0, 3);
    answer_all(0, 4);
    core_rig_run(&rig, 60000);
    CLAIM_INT(bridges(), 0);
    CLAIM_INT(rig.seed.topology.components, 1);
    end();
}

static void an_answer_to_something_else_is_none(void **state)
{
    struct hearsay_id id;

    (void)state;
    begin(1, 2);
    tell_links(0, 0, 0);
    tell_links(1, 1, 0);
    core_rig_run(&rig, 15000);
    for (uint32_t i = 0; i < 2; i++) {
        id = core_id('p', i);
        CLAIM_INT(sent(i, HSY_PING), 1);
        frame = (struct hsy_frame){.type = HSY_PONG, .pong = 4711};
        CLAIM(!core_rig_frame(&rig, &id, &frame));
        frame = (struct hsy_frame){.type = HSY_PONG, .pong = 0};
        CLAIM(!core_rig_frame(&rig, &id, &frame));
    }
    core_rig_run(&rig, 11000);
    CLAIM_INT(bridges(), 0);
    end();
}

/* Each round once, for as long as it takes; others may be asked. */
static void while_they_stay_apart_they_are_asked_again(void **state)
{
    (void)state;
    begin(1, 2);
    tell_links(0, 0, 0);
    tell_links(1, 1, 0);
    for (uint32_t ms = 0; ms < 120000; ms += 100) {
        core_rig_run(&rig, 100);
        answer_all(0, 2);
    }
    CLAIM(sent(0, HSY_BRIDGE) >= 5); /* Every 18 s. */
    CLAIM(sent(0, HSY_BRIDGE) <= 7);
    CLAIM_INT(sent(0, HSY_PING), sent(1, HSY_PING));
    CLAIM(sent(0, HSY_PING) <= sent(0, HSY_BRIDGE) + 1);
    end();
}

/* After 12 s others of the part have their turn. */
static void who_never_answers_is_not_waited_for(void **state)
{
    (void)state;
    begin(1, 9);
    tell_clique(0, 5);
    tell_clique(5, 4);
    core_rig_run(&rig, 15000);
    core_rig_run(&rig, 26000);
    uint32_t asked = 0;
    for (uint32_t i = 0; i < 9; i++) {
        asked += sent(i, HSY_PING);
    }
    CLAIM_INT(asked, 12); /* Three times four. */
    answer_all(0, 9);
    core_rig_run(&rig, 3000);
    CLAIM(bridges() > 0);
    end();
}

static void many_parts_are_asked_at_most_64_at_a_time(void **state)
{
    (void)state;
    begin(1, 0);
    core_rig_run(&rig, 1);
    for (uint32_t i = 0; i < 100; i++) {
        struct hearsay_id id = core_id('p', i);
        register_number(i);
        core_rig_links(&rig, &id, 1, NULL, 0);
    }
    core_rig_run(&rig, 15000);
    CLAIM_INT(rig.seed.topology.components, 100);
    CLAIM_INT(rig.seed.topology.partings_count, HSY_PARTINGS_MAX);
    uint32_t asked = 0;
    for (uint32_t i = 0; i < 100; i++) {
        CLAIM(sent(i, HSY_PING) <= 1);
        asked += sent(i, HSY_PING);
    }
    CLAIM_INT(asked, HSY_PARTINGS_MAX + 1); /* And the largest one. */
    end();
}

/* -------------------------------------------------------------- phantoms */

/* p0..p3 are registered here; p4..p7 were told of by s1, which is gone. */
static void begin_stale(void)
{
    begin(3, 4);
    (void)meet_fellow(1);
    struct hearsay_id s1 = core_id('s', 1);
    for (uint32_t i = 4; i < 8; i++) {
        struct hsy_record record = core_record('p', i, 5);
        bool back;
        uint64_t token;
        CLAIM_INT(hsy_seed_merge_record(&rig.seed, &record, &back, &token),
                  HSY_MERGED_NEW);
    }
    core_rig_unlink(&rig, &s1);
    core_rig_commit(&rig);
}

static void see_links(uint32_t who, uint32_t first, uint32_t count)
{
    struct hearsay_id to[PEERS_MAX];
    uint32_t named = 0;
    for (uint32_t i = first; i < first + count; i++) {
        if (i != who) {
            to[named] = core_id('p', i);
            named++;
        }
    }
    versions[who]++;
    struct hsy_links links = {
        .id = core_id('p', who),
        .incarnation = 5,
        .version = versions[who],
        .neighbours = {.bytes = (const uint8_t *)to, .count = named}};
    CLAIM_INT(hsy_registry_merge_links(&rig.seed.registry, &links),
              HSY_MERGED_NEWER);
}

static void run_answering(uint64_t ms, uint32_t first, uint32_t count)
{
    for (uint64_t i = 0; i < ms; i += 100) {
        core_rig_run(&rig, 100);
        answer_all(first, count);
    }
}

/* p3 is linked with the others through p9, of whom this seed has not heard;
 * and p4 and p5 died long ago. */
static void a_seed_that_is_cut_off_believes_no_parts(void **state)
{
    (void)state;
    begin_stale();
    tell_clique(0, 3);
    tell_links(3, 9, 1);
    see_links(4, 4, 2);
    see_links(5, 4, 2);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    run_answering(60000, 0, 4);
    CLAIM_INT(rig.seed.topology.components, 3);
    CLAIM_INT(bridges(), 0);
    CLAIM_INT(sent(3, HSY_PING), 0);
    end();
}

/* All its links are known here, whatever the fellows say. */
static void
a_part_that_is_registered_here_is_believed_by_one_alone(void **state)
{
    (void)state;
    begin(3, 8);
    tell_clique(0, 5);
    tell_clique(5, 3);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    run_answering(20000, 0, 8);
    CLAIM_INT(bridges(), 4);
    end();
}

/* p3 and p4, who is registered elsewhere, are a part of their own. */
static void with_a_quorum_in_step_others_are_believed_too(void **state)
{
    (void)state;
    begin_stale();
    tell_clique(0, 3);
    tell_links(3, 4, 1);
    see_links(4, 3, 1);
    for (uint32_t i = 5; i < 8; i++) {
        see_links(i, 0, 1);
    }
    run_answering(30000, 0, 4);
    CLAIM_INT(rig.seed.topology.components, 2);
    CLAIM_INT(bridges(), 0);
    (void)meet_fellow(1);
    send_digest(1, true);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    run_answering(9000, 0, 4); /* 5 s after the last look, and 3 s later. */
    CLAIM_INT(sent(3, HSY_BRIDGE), 1);
    CLAIM_INT(bridges(), 3); /* With two of the others. */
    end();
}

/* Of the largest part nobody is registered here; its peers know other seeds. */
static void
a_side_of_which_nobody_is_here_is_told_of_by_who_is_in_touch(void **state)
{
    uint32_t others[2];

    (void)state;
    begin_stale();
    tell_clique(0, 2);
    tell_clique(2, 2);
    for (uint32_t i = 4; i < 8; i++) {
        see_links(i, 4, 4);
    }
    run_answering(30000, 0, 4);
    CLAIM_INT(rig.seed.topology.components, 3);
    CLAIM_INT(core_ports_sent(&rig.ports, link_of(0), HSY_PING), 0);
    CLAIM_INT(bridges(), 0); /* It may be dead and gone. */
    (void)meet_fellow(1);
    send_digest(1, true);
    run_answering(9000, 0, 4);
    CLAIM_INT(bridges(), 4);
    for (uint32_t i = 0; i < 4; i++) {
        CLAIM_INT(told_of(i, others), 2);
        CLAIM(others[0] >= 4);
        CLAIM(others[1] >= 4);
    }
    end();
}

/* ----------------------------------------------------------------- in touch */

static void in_touch_is_linked_heard_and_compared(void **state)
{
    (void)state;
    begin(3, 1);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    struct hsy_neighbour *n = meet_fellow(1);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    send_digest(1, false);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    send_digest(1, true);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    send_digest(1, false); /* Something is under way. */
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    n->heard_ns = rig.env.now.mono_ns;
    core_rig_run(&rig, 24999);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    core_rig_run(&rig, 1);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    end();
}

static void a_fellow_that_was_away_is_compared_with_again(void **state)
{
    struct hearsay_id s1 = core_id('s', 1);

    (void)state;
    begin(3, 1);
    (void)meet_fellow(1);
    send_digest(1, true);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    core_rig_unlink(&rig, &s1);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    struct hsy_neighbour *n = meet_fellow(1);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    core_rig_run(&rig, 14999); /* Digests never agree: too much happens. */
    n->heard_ns = rig.env.now.mono_ns;
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    core_rig_run(&rig, 1);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    end();
}

static void so_many_as_a_quorum_must_be_in_touch(void **state)
{
    (void)state;
    begin(1, 0);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    end();
    begin(2, 0);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    (void)meet_fellow(1);
    send_digest(1, true);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    end();
    begin(5, 0);
    (void)meet_fellow(1);
    send_digest(1, true);
    CLAIM(!hsy_fellows_in_touch(&rig.seed));
    (void)meet_fellow(4);
    send_digest(4, true);
    CLAIM(hsy_fellows_in_touch(&rig.seed));
    end();
}

static void agreement_with_a_fellow_brings_a_look(void **state)
{
    (void)state;
    begin(3, 2);
    tell_links(0, 0, 0);
    core_rig_run(&rig, 20000);
    uint64_t due_ns = rig.seed.topology.next_ns;
    CLAIM(due_ns > rig.env.now.mono_ns + 2 * HSY_SECOND);
    core_rig_run(&rig, 6000);
    (void)meet_fellow(1);
    send_digest(1, false);
    uint64_t now_ns = rig.env.now.mono_ns;
    CLAIM(rig.seed.topology.next_ns > now_ns + HSY_SECOND);
    send_digest(1, true);
    CLAIM_INT(rig.seed.topology.next_ns, now_ns + HSY_SECOND);
    rig.seed.topology.next_ns = now_ns + 10 * HSY_SECOND;
    send_digest(1, true); /* Nothing new about that. */
    CLAIM_INT(rig.seed.topology.next_ns, now_ns + 10 * HSY_SECOND);
    end();
}

static void who_registers_again_brings_a_look(void **state)
{
    struct hearsay_id p0 = core_id('p', 0);

    (void)state;
    begin(1, 3);
    tell_clique(0, 3);
    core_rig_run(&rig, 16000);
    core_rig_run(&rig, 6000);
    CLAIM(rig.seed.topology.next_ns > rig.env.now.mono_ns + 4 * HSY_SECOND);
    core_rig_unlink(&rig, &p0);
    register_number(0);
    CLAIM_INT(rig.seed.topology.next_ns, rig.env.now.mono_ns + 3 * HSY_SECOND);
    rig.seed.topology.next_ns = rig.env.now.mono_ns + 10 * HSY_SECOND;
    register_number(20); /* A newcomer has no past to be mended. */
    CLAIM_INT(rig.seed.topology.next_ns, rig.env.now.mono_ns + 10 * HSY_SECOND);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_both_sides_are_asked_and_then_told),
        cmocka_unit_test(those_who_are_opposite_are_told_of_each_other_first),
        cmocka_unit_test(who_does_not_answer_is_not_told_nor_told_of),
        cmocka_unit_test(who_has_linked_meanwhile_is_told_nothing),
        cmocka_unit_test(an_answer_to_something_else_is_none),
        cmocka_unit_test(while_they_stay_apart_they_are_asked_again),
        cmocka_unit_test(who_never_answers_is_not_waited_for),
        cmocka_unit_test(many_parts_are_asked_at_most_64_at_a_time),
        cmocka_unit_test(a_seed_that_is_cut_off_believes_no_parts),
        cmocka_unit_test(
            a_part_that_is_registered_here_is_believed_by_one_alone),
        cmocka_unit_test(with_a_quorum_in_step_others_are_believed_too),
        cmocka_unit_test(
            a_side_of_which_nobody_is_here_is_told_of_by_who_is_in_touch),
        cmocka_unit_test(in_touch_is_linked_heard_and_compared),
        cmocka_unit_test(a_fellow_that_was_away_is_compared_with_again),
        cmocka_unit_test(so_many_as_a_quorum_must_be_in_touch),
        cmocka_unit_test(agreement_with_a_fellow_brings_a_look),
        cmocka_unit_test(who_registers_again_brings_a_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
