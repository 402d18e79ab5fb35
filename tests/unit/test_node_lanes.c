/* The lanes of one link: their order, their bound, and what becomes of what
 * is too old or finds no room. */
#include <string.h>

#include "base/mem.h"
#include "base/time.h"
#include "node/lanes.h"
#include "support/claim.h"
#include "support/mem_fault.h"

enum { TYPE_AT = 4, HEAD = HSY_FRAME_HEADER_LEN, ID_LEN = 16, BIG = 1 << 20 };

#define NOW (100 * HSY_SECOND)

static struct hearsay_mem mem;
static struct hsy_counters counters;
static struct hsy_lanes *lanes;

static void begin(void)
{
    mem = *hearsay_mem_default();
    counters = (struct hsy_counters){0};
    lanes = hsy_lanes_new(&(struct hsy_lanes_env){
        .mem = &mem, .crypto = hearsay_crypto_null(), .counters = &counters});
    CLAIM(lanes != NULL);
    lanes->collapses = true;
}

static void end(void)
{
    hsy_lanes_free(lanes);
}

/* A BUNDLE of @len bytes, each @mark but its type and the first of its body. */
static struct hearsay_buf *frame(uint32_t len, uint8_t mark)
{
    struct hearsay_buf *buf = hsy_buf_new(&mem, len);

    CLAIM(buf != NULL);
    memset(buf->data, mark, len);
    buf->data[TYPE_AT] = HSY_BUNDLE;
    buf->data[HEAD] = 1; /* Hops, or how many ids. */
    return buf;
}

static enum hsy_lanes_rc put(enum hsy_lane lane, uint32_t len, uint8_t mark,
                             uint64_t now_ns, uint32_t max)
{
    struct hearsay_buf *buf = frame(len, mark);
    enum hsy_lanes_rc rc = hsy_lanes_put(lanes, lane, buf, now_ns, max);

    hearsay_buf_unref(buf); /* The lanes have a share of their own. */
    return rc;
}

/* A GONE among the bundles, as it is after them. */
static enum hsy_lanes_rc put_gone(uint32_t len, uint8_t mark, uint64_t now_ns,
                                  uint32_t max)
{
    struct hearsay_buf *buf = frame(len, mark);

    buf->data[TYPE_AT] = HSY_GONE;
    enum hsy_lanes_rc rc =
        hsy_lanes_put(lanes, HSY_LANE_FORWARDED, buf, now_ns, max);
    hearsay_buf_unref(buf);
    return rc;
}

/* Takes what comes next: its mark; 0: nothing. */
static uint8_t take(uint64_t now_ns, uint32_t room)
{
    struct hearsay_buf *buf = hsy_lanes_take(lanes, now_ns, room);
    uint8_t mark = buf == NULL ? 0 : buf->data[0];

    hearsay_buf_unref(buf);
    return mark;
}

/* Takes an IHAVE made of collapsed bundles: how many ids it names. */
static uint32_t take_ids(uint64_t now_ns, struct hsy_bundle_ids *out)
{
    static uint8_t bytes[HEAD + 1 + HSY_IHAVE_IDS_MAX * ID_LEN];
    struct hsy_frame ihave;
    struct hearsay_buf *buf = hsy_lanes_take(lanes, now_ns, BIG);

    if (buf == NULL) {
        return 0;
    }
    CLAIM(buf->len <= sizeof(bytes));
    memcpy(bytes, buf->data, buf->len);
    CLAIM_INT(hsy_frame_decode(&ihave, bytes, buf->len, NULL), 0);
    CLAIM_INT(ihave.type, HSY_IHAVE);
    hearsay_buf_unref(buf);
    *out = ihave.ihave;
    return ihave.ihave.count;
}

static bool is_id_of(const struct hsy_bundle_id *id, uint32_t len, uint8_t mark)
{
    struct hearsay_buf *buf = frame(len, mark);
    struct hsy_bundle_id own;

    hearsay_crypto_null()->hash(own.bytes, buf->data + HEAD + 1,
                                len - HEAD - 1);
    hearsay_buf_unref(buf);
    return memcmp(&own, id, sizeof(own)) == 0;
}

/* ------------------------------------------------------------------ order */

static void lanes_go_in_their_order_and_each_in_its_own(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_ANNOUNCE, 30, 41, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 30, 31, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 30, 32, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_OWN, 30, 21, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 30, 11, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 30, 12, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(hsy_lanes_len(lanes, HSY_LANE_FORWARDED), 60);
    const uint8_t order[] = {11, 12, 21, 31, 32, 41, 0};
    for (size_t i = 0; i < sizeof(order); i++) {
        CLAIM_INT(take(NOW, BIG), order[i]);
    }
    CLAIM(hsy_lanes_empty(lanes));
    CLAIM_INT(hsy_lanes_len(NULL, HSY_LANE_OWN), 0);
    end();
}

static void a_short_frame_does_not_overtake_a_long_one(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_FORWARDED, 1000, 31, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 20, 32, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_ANNOUNCE, 20, 41, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(take(NOW, 999), 0);
    CLAIM_INT(put(HSY_LANE_CONTROL, 20, 11, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(take(NOW, 999), 11);
    CLAIM_INT(take(NOW, 1000), 31);
    CLAIM_INT(take(NOW, 20), 32);
    end();
}

static void a_frame_goes_by_the_lane_of_its_kind(void **state)
{
    struct hearsay_id own = {{1}}, other = {{2}};
    struct hsy_frame f = {.type = HSY_PING};

    (void)state;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_CONTROL);
    f.type = HSY_GRAFT;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_CONTROL);
    f.type = HSY_IHAVE;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_ANNOUNCE);
    f.type = HSY_GONE;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_FORWARDED);
    f = (struct hsy_frame){.type = HSY_BUNDLE};
    f.bundle.bundle.origin = own;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_OWN);
    f.bundle.bundle.origin = other;
    CLAIM_INT(hsy_lane_of(&f, &own), HSY_LANE_FORWARDED);
}

/* -------------------------------------------------------------------- ages */

static void a_forwarded_bundle_is_announced_after_a_second(void **state)
{
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 32, NOW + HSY_MS, BIG),
              HSY_LANES_OK);
    CLAIM_INT(take(NOW + HSY_SECOND - 1, 10), 0);
    CLAIM_INT(counters.bundles_collapsed, 0);
    CLAIM_INT(take(NOW + HSY_SECOND, 200), 32);
    CLAIM_INT(counters.bundles_collapsed, 1);
    CLAIM_INT(take_ids(NOW + HSY_SECOND, &ids), 1);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 200, 31));
    CLAIM(!lanes->crowded); /* Age alone is no reason to demote. */
    CLAIM(hsy_lanes_empty(lanes));
    end();
}

static void an_own_bundle_waits_for_five_seconds(void **state)
{
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_OWN, 200, 21, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(take(NOW + 5 * HSY_SECOND - 1, 10), 0);
    CLAIM_INT(counters.bundles_collapsed, 0);
    CLAIM_INT(take_ids(NOW + 5 * HSY_SECOND, &ids), 1);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 200, 21));
    end();
}

static void a_gone_has_no_age_and_ends_the_bundles_before_it(void **state)
{
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put_gone(30, 32, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 33, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(take(NOW + HSY_MINUTE, 10), 0); /* It waits, and what follows. */
    CLAIM_INT(counters.bundles_collapsed, 1);
    CLAIM_INT(hsy_lanes_len(lanes, HSY_LANE_FORWARDED), 230);
    CLAIM_INT(take(NOW + HSY_MINUTE, BIG), 32);
    CLAIM_INT(take_ids(NOW + HSY_MINUTE, &ids), 2);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 200, 31));
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 1), 200, 33));
    CLAIM(hsy_lanes_empty(lanes));
    end();
}

static void control_and_announcements_have_no_age(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_CONTROL, 30, 11, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_ANNOUNCE, 30, 41, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(take(NOW + HSY_MINUTE, BIG), 11);
    CLAIM_INT(take(NOW + HSY_MINUTE, BIG), 41);
    end();
}

/* ------------------------------------------------------------------ bounds */

static void the_bound_counts_every_frame_that_waits(void **state)
{
    uint32_t cost = 100 + HSY_LANE_ITEM_LEN;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 11, NOW, cost - 1), HSY_LANES_FULL);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 11, NOW, cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 12, NOW, 2 * cost - 1),
              HSY_LANES_FULL);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 12, NOW, 2 * cost), HSY_LANES_OK);
    CLAIM_INT(lanes->cost, 2 * cost);
    end();
}

static void a_bundle_without_room_collapses_to_its_id(void **state)
{
    struct hsy_bundle_ids ids;
    uint32_t max = 200 + HSY_LANE_ITEM_LEN;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, max), HSY_LANES_OK);
    CLAIM(!lanes->crowded);
    CLAIM_INT(put(HSY_LANE_OWN, 200, 21, NOW, max), HSY_LANES_OK);
    CLAIM(lanes->crowded);
    CLAIM_INT(counters.bundles_collapsed, 1);
    CLAIM_INT(hsy_lanes_len(lanes, HSY_LANE_OWN), 0);
    CLAIM_INT(take(NOW, BIG), 31);
    CLAIM_INT(take_ids(NOW, &ids), 1);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 200, 21));
    end();
}

static void old_bundles_make_room_before_anything_is_refused(void **state)
{
    uint32_t max = 200 + HSY_LANE_ITEM_LEN;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, max), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 32, NOW + HSY_SECOND, max),
              HSY_LANES_OK);
    CLAIM_INT(counters.bundles_collapsed, 1);
    CLAIM(!lanes->crowded);
    CLAIM_INT(take(NOW + HSY_SECOND, BIG), 32);
    end();
}

static void an_announcement_without_room_is_dropped(void **state)
{
    struct hearsay_buf *buf;

    (void)state;
    begin();
    buf = frame(HEAD + 1 + 3 * ID_LEN, 41);
    buf->data[HEAD] = 3;
    CLAIM_INT(hsy_lanes_put(lanes, HSY_LANE_ANNOUNCE, buf, NOW, 10),
              HSY_LANES_OK);
    hearsay_buf_unref(buf);
    CLAIM(hsy_lanes_empty(lanes));
    CLAIM_INT(counters.announcements_dropped, 3);
    CLAIM(!lanes->crowded);
    end();
}

static void control_pushes_out_the_least_important_first(void **state)
{
    uint32_t cost = 100 + HSY_LANE_ITEM_LEN;
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_OWN, 100, 21, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 100, 31, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 100, 32, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_ANNOUNCE, 100, 41, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 11, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(counters.announcements_dropped, 1);
    CLAIM_INT(counters.bundles_collapsed, 0);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 12, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(counters.bundles_collapsed, 1);
    CLAIM(lanes->crowded);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 13, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 14, NOW, 4 * cost), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 15, NOW, 4 * cost), HSY_LANES_FULL);
    for (uint8_t mark = 11; mark <= 14; mark++) {
        CLAIM_INT(take(NOW, BIG), mark);
    }
    CLAIM_INT(take_ids(NOW, &ids), 3); /* The oldest went first. */
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 100, 31));
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 1), 100, 32));
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 2), 100, 21));
    end();
}

/* The PULL that it ends runs out. */
static void a_gone_without_room_leaves_nothing(void **state)
{
    uint32_t cost = 100 + HSY_LANE_ITEM_LEN;
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put_gone(100, 31, NOW, cost), HSY_LANES_OK);
    CLAIM_INT(put_gone(100, 32, NOW, cost), HSY_LANES_OK); /* No room. */
    CLAIM_INT(hsy_lanes_len(lanes, HSY_LANE_FORWARDED), 100);
    CLAIM_INT(put(HSY_LANE_CONTROL, 100, 11, NOW, cost), HSY_LANES_OK);
    CLAIM_INT(hsy_lanes_len(lanes, HSY_LANE_FORWARDED), 0); /* Pushed out. */
    CLAIM(lanes->crowded);
    CLAIM_INT(take(NOW, BIG), 11);
    CLAIM_INT(take_ids(NOW, &ids), 0);
    CLAIM_INT(counters.bundles_collapsed, 0);
    CLAIM_INT(counters.announcements_dropped, 0);
    CLAIM(hsy_lanes_empty(lanes));
    end();
}

/* Nobody could ask for it again. */
static void nothing_collapses_when_the_other_end_knows_no_ihave(void **state)
{
    uint32_t max = 200 + HSY_LANE_ITEM_LEN;

    (void)state;
    begin();
    lanes->collapses = false;
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, max), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 32, NOW, max), HSY_LANES_FULL);
    CLAIM_INT(put(HSY_LANE_OWN, 200, 21, NOW, max), HSY_LANES_FULL);
    CLAIM_INT(put(HSY_LANE_CONTROL, 20, 11, NOW, max), HSY_LANES_FULL);
    CLAIM_INT(take(NOW + HSY_MINUTE, BIG), 31);
    CLAIM_INT(counters.bundles_collapsed, 0);
    end();
}

/* --------------------------------------------------------------------- ids */

static void ids_without_memory_are_lost_and_counted(void **state)
{
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);

    (void)state;
    begin();
    mem = mem_fault_mem(&fault);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 100, 31, NOW, 1), HSY_LANES_OK);
    fault.fails_at = fault.calls + 1;
    CLAIM_INT(take(NOW, BIG), 0);
    CLAIM_INT(counters.announcements_dropped, 1);
    CLAIM(hsy_lanes_empty(lanes));
    struct hearsay_buf *buf = frame(100, 31);
    fault.fails_at = fault.calls + 1;
    CLAIM_INT(hsy_lanes_put(lanes, HSY_LANE_OWN, buf, NOW, BIG),
              HSY_LANES_NOMEM);
    hearsay_buf_unref(buf);
    CLAIM(hsy_lanes_empty(lanes));
    end();
}

static void ids_go_when_no_bundle_waits_and_before_announcements(void **state)
{
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    CLAIM_INT(put(HSY_LANE_ANNOUNCE, 30, 41, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_OWN, 30, 21, NOW, BIG), HSY_LANES_OK);
    CLAIM_INT(put(HSY_LANE_FORWARDED, 200, 31, NOW, 200), HSY_LANES_OK);
    CLAIM_INT(take(NOW, BIG), 21);
    CLAIM_INT(take(NOW, HEAD + 1 + HSY_IHAVE_IDS_MAX * ID_LEN - 1),
              0); /* Not in parts. */
    CLAIM_INT(take_ids(NOW, &ids), 1);
    CLAIM_INT(take(NOW, BIG), 41);
    end();
}

static void ids_are_bounded_and_go_250_at_a_time(void **state)
{
    struct hsy_bundle_ids ids;

    (void)state;
    begin();
    for (uint32_t i = 0; i < HSY_LANE_IDS_MAX + 10; i++) {
        CLAIM_INT(put(HSY_LANE_FORWARDED, 100 + i, 31, NOW, 1), HSY_LANES_OK);
    }
    CLAIM_INT(counters.bundles_collapsed, HSY_LANE_IDS_MAX + 10);
    CLAIM_INT(counters.announcements_dropped, 10);
    CLAIM_INT(take_ids(NOW, &ids), HSY_IHAVE_IDS_MAX);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 0), 100, 31));
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 249), 349, 31));
    CLAIM_INT(take_ids(NOW, &ids), HSY_LANE_IDS_MAX - HSY_IHAVE_IDS_MAX);
    CLAIM(is_id_of(hsy_bundle_ids_at(&ids, 5), 355, 31));
    CLAIM_INT(take_ids(NOW, &ids), 0);
    CLAIM(hsy_lanes_empty(lanes));
    CLAIM_INT(put(HSY_LANE_FORWARDED, 100, 31, NOW, 1), HSY_LANES_OK);
    CLAIM_INT(take_ids(NOW, &ids), 1); /* There is room again. */
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_go_in_their_order_and_each_in_its_own),
        cmocka_unit_test(a_short_frame_does_not_overtake_a_long_one),
        cmocka_unit_test(a_frame_goes_by_the_lane_of_its_kind),
        cmocka_unit_test(a_forwarded_bundle_is_announced_after_a_second),
        cmocka_unit_test(an_own_bundle_waits_for_five_seconds),
        cmocka_unit_test(a_gone_has_no_age_and_ends_the_bundles_before_it),
        cmocka_unit_test(control_and_announcements_have_no_age),
        cmocka_unit_test(the_bound_counts_every_frame_that_waits),
        cmocka_unit_test(a_bundle_without_room_collapses_to_its_id),
        cmocka_unit_test(old_bundles_make_room_before_anything_is_refused),
        cmocka_unit_test(an_announcement_without_room_is_dropped),
        cmocka_unit_test(control_pushes_out_the_least_important_first),
        cmocka_unit_test(a_gone_without_room_leaves_nothing),
        cmocka_unit_test(nothing_collapses_when_the_other_end_knows_no_ihave),
        cmocka_unit_test(ids_without_memory_are_lost_and_counted),
        cmocka_unit_test(ids_go_when_no_bundle_waits_and_before_announcements),
        cmocka_unit_test(ids_are_bounded_and_go_250_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
