/* Ids for lazy links, in batches. */
#include <string.h>

#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

/* Links 4 and 6, both lazy. */
static void begin(void)
{
    relay_rig_begin(&rig);
    for (hearsay_link link = 4; link <= 6; link += 2) {
        (void)relay_rig_link(&rig, link, 2);
        relay_rig_eager(&rig, link, false);
    }
    relay_rig_forget(&rig);
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static struct hsy_announce *announce(void)
{
    return &relay_rig_tree(&rig)->announce;
}

static void add(uint32_t number, hearsay_link from)
{
    struct hsy_bundle_id id = {{(uint8_t)number, (uint8_t)(number >> 8)}};

    hsy_announce_add(announce(), &id, from);
}

static void pass(uint64_t ns)
{
    relay_rig_pass(&rig, ns);
    hsy_announce_tick(announce());
}

/* Ids told on @link, in frames of 250 at most. */
static uint32_t told(hearsay_link link)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < rig.ports.sent_count; i++) {
        const struct core_sent *sent = &rig.ports.sent[i];
        struct hsy_frame frame;
        CLAIM_INT(hsy_frame_decode(&frame, sent->bytes, sent->len, NULL), 0);
        if (sent->link == link && frame.type == HSY_IHAVE) {
            CLAIM(frame.ihave.count >= 1);
            CLAIM(frame.ihave.count <= HSY_IHAVE_IDS_MAX);
            count += frame.ihave.count;
        }
    }
    return count;
}

/* The first bytes of the last frame on @link. */
static uint32_t last_told(hearsay_link link, uint32_t index)
{
    struct hsy_frame frame = relay_rig_last(&rig, link, HSY_IHAVE);
    const struct hsy_bundle_id *id = hsy_bundle_ids_at(&frame.ihave, index);

    return id->bytes[0] | (uint32_t)id->bytes[1] << 8;
}

static void an_id_alone_is_told_after_5_ms(void **state)
{
    (void)state;
    begin();
    CLAIM(announce()->due_ns == HEARSAY_NEVER);
    add(1, 0);
    pass(5 * HSY_MS - 1);
    CLAIM_INT(told(4), 0);
    pass(1);
    CLAIM_INT(told(4), 1);
    CLAIM_INT(told(6), 1);
    CLAIM_INT(last_told(4, 0), 1);
    CLAIM_INT(relay_rig_counters(&rig)->announced, 2);
    CLAIM(announce()->due_ns == HEARSAY_NEVER);
    pass(HSY_SECOND);
    CLAIM_INT(told(4), 1); /* Once. */
    end();
}

static void under_load_50_ms_lie_between_two_batches(void **state)
{
    (void)state;
    begin();
    add(1, 0);
    pass(5 * HSY_MS);
    add(2, 0);
    pass(10 * HSY_MS);
    add(3, 0);
    pass(40 * HSY_MS - 1);
    CLAIM_INT(told(4), 1);
    pass(1);
    CLAIM_INT(told(4), 3);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_IHAVE), 2);
    CLAIM_INT(last_told(4, 0), 2);
    CLAIM_INT(last_told(4, 1), 3);
    end();
}

static void shortly_before_the_50_ms_are_over_it_is_5_ms_again(void **state)
{
    (void)state;
    begin();
    add(1, 0);
    pass(5 * HSY_MS);
    pass(47 * HSY_MS);
    add(2, 0);
    pass(5 * HSY_MS - 1);
    CLAIM_INT(told(4), 1);
    pass(1);
    CLAIM_INT(told(4), 2);
    end();
}

static void the_250th_id_waits_for_nothing(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= HSY_IHAVE_IDS_MAX - 1; i++) {
        add(i, 0);
    }
    pass(0);
    CLAIM_INT(told(4), 0);
    add(250, 0);
    pass(0);
    CLAIM_INT(told(4), HSY_IHAVE_IDS_MAX);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_IHAVE), 1);
    end();
}

static void who_sent_it_and_who_gets_all_is_not_told(void **state)
{
    (void)state;
    begin();
    (void)relay_rig_link(&rig, 8, 2);
    relay_rig_eager(&rig, 8, true);
    add(1, 4);
    add(2, 6);
    pass(5 * HSY_MS);
    CLAIM_INT(told(4), 1);
    CLAIM_INT(last_told(4, 0), 2);
    CLAIM_INT(told(6), 1);
    CLAIM_INT(last_told(6, 0), 1);
    CLAIM_INT(told(8), 0);
    end();
}

static void from_its_beginning_on_a_link_is_told(void **state)
{
    (void)state;
    begin();
    add(1, 0);
    hsy_announce_begin(announce(), relay_rig_neighbour(&rig, 6));
    add(2, 0);
    pass(5 * HSY_MS);
    CLAIM_INT(told(4), 2);
    CLAIM_INT(told(6), 1);
    CLAIM_INT(last_told(6, 0), 2);
    end();
}

static void more_than_250_go_in_several_frames(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= 600; i++) {
        add(i, i == 1 ? 4 : 0);
    }
    pass(0);
    CLAIM_INT(told(4), 599);
    CLAIM_INT(told(6), 600);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_IHAVE), 3);
    CLAIM_INT(last_told(6, 99), 600);
    end();
}

static void the_ring_holds_1024_and_the_oldest_goes(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= HSY_ANNOUNCE_MAX; i++) {
        add(i, 0);
    }
    CLAIM_INT(relay_rig_counters(&rig)->announcements_dropped, 0);
    CLAIM_INT(announce()->room, HSY_ANNOUNCE_MAX);
    add(HSY_ANNOUNCE_MAX + 1, 0);
    CLAIM_INT(relay_rig_counters(&rig)->announcements_dropped, 1);
    CLAIM_INT(announce()->room, HSY_ANNOUNCE_MAX);
    pass(0);
    CLAIM_INT(told(4), HSY_ANNOUNCE_MAX);
    CLAIM_INT(last_told(4, 23), HSY_ANNOUNCE_MAX + 1);
    end();
}

static void what_was_told_makes_room(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 1; i <= 1000; i++) {
        add(i, 0);
        pass(50 * HSY_MS);
        CLAIM_INT(last_told(4, 0), i);
        relay_rig_forget(&rig);
    }
    CLAIM_INT(announce()->room, 16);
    end();
}

static void without_memory_it_is_not_announced_and_counted(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 3; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        begin();
        rig.core.env.mem = mem;
        for (uint32_t i = 1; i <= 40; i++) { /* Rings of 16, 32, 64. */
            add(i, 0);
        }
        CLAIM_INT(fault.calls, 4); /* Three rings, and one try more. */
        CLAIM_INT(relay_rig_counters(&rig)->announcements_dropped, 1);
        pass(0);
        pass(5 * HSY_MS);
        CLAIM_INT(told(4), 39);
        hsy_announce_fini(announce());
        CLAIM_INT(fault.live, 0);
        rig.core.env.mem = rig.given.mem;
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_alone_is_told_after_5_ms),
        cmocka_unit_test(under_load_50_ms_lie_between_two_batches),
        cmocka_unit_test(shortly_before_the_50_ms_are_over_it_is_5_ms_again),
        cmocka_unit_test(the_250th_id_waits_for_nothing),
        cmocka_unit_test(who_sent_it_and_who_gets_all_is_not_told),
        cmocka_unit_test(from_its_beginning_on_a_link_is_told),
        cmocka_unit_test(more_than_250_go_in_several_frames),
        cmocka_unit_test(the_ring_holds_1024_and_the_oldest_goes),
        cmocka_unit_test(what_was_told_makes_room),
        cmocka_unit_test(without_memory_it_is_not_announced_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
