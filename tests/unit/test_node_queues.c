/* What waits for a link that takes little: the window given to the host, the
 * lanes behind it, and when enough is enough. Flooding, so that every bundle
 * goes to every link. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum { KIB = 1024, QUEUE = 128 * KIB };

static struct stage stage;
static struct puppet seed, source, sink, third;
static hearsay_link from, to, other;
static uint64_t said;

static hearsay_link linked(const struct puppet *p)
{
    struct hsy_frame connect = {.type = HSY_CONNECT}, pong;
    hearsay_link link = puppet_dial(&stage, p);

    puppet_say(&stage, link, &connect);
    CLAIM_INT(stage_frames(&stage, link, HSY_ACCEPT), 1);
    CLAIM(stage_frame(&stage, link, HSY_PING, &pong)); /* A new link is. */
    pong = (struct hsy_frame){.type = HSY_PONG, .pong = pong.ping};
    puppet_say(&stage, link, &pong);
    stage_find(&stage, link)->out_len = 0;
    return link;
}

/* A peer with three neighbours. The sink, which speaks @version, takes nothing
 * from now on. */
static void begin(uint16_t version)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.relay = HEARSAY_RELAY_FLOOD;
    stage.config.queue_max = QUEUE;
    stage.config.ping_interval_ns = 10 * HSY_MINUTE; /* Nobody answers. */
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&source, 2, HEARSAY_PEER);
    puppet_init(&sink, 3, HEARSAY_PEER);
    puppet_init(&third, 4, HEARSAY_PEER);
    sink.version = version;
    (void)puppet_seat(&stage, &seed, 4);
    from = linked(&source);
    to = linked(&sink);
    other = linked(&third);
    said = 0;
    stage.hold_sent = true;
}

static void end(void)
{
    stage_fini(&stage);
}

/* The host takes all that was given on @link. */
static void take_all(hearsay_link link)
{
    if (stage_find(&stage, link)->unsent > 0) {
        stage_sent(&stage, link, stage_find(&stage, link)->unsent);
    }
}

/* @count bundles of others, each a little over 1 KiB. */
static void forward(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        said++;
        puppet_say_bundle(&stage, from, &source, said, KIB);
        take_all(from);
        take_all(other);
    }
}

static struct hsy_view_link view_of(hearsay_link link)
{
    struct hsy_view_link view = {.link = 0};

    for (uint32_t i = 0; hsy_view_link(stage.node, i, &view); i++) {
        if (view.link == link) {
            return view;
        }
    }
    return (struct hsy_view_link){.link = 0};
}

static void ping(hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_PING, .ping = 7};

    puppet_say(&stage, link, &frame);
}

/* The type of the first frame after the first @skip bytes sent to the sink. */
static unsigned type_at(uint32_t skip)
{
    const struct stage_link *l = stage_find(&stage, to);

    CLAIM(skip + 5 <= l->out_len);
    return l->out[skip + 4];
}

/* ----------------------------------------------------------------- window */

static void no_more_than_a_window_is_given(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(60);
    const struct stage_link *l = stage_find(&stage, to);
    CLAIM(l->unsent <= HSY_WINDOW_LEN);
    CLAIM(l->unsent > HSY_WINDOW_LEN - 2 * KIB);
    struct hsy_view_link view = view_of(to);
    CLAIM_INT(view.queue_bytes, l->unsent + view.lanes[HSY_LANE_FORWARDED]);
    CLAIM(view.lanes[HSY_LANE_FORWARDED] >
          60 * KIB - HSY_WINDOW_LEN); /* And their heads. */
    CLAIM_INT(view.lanes[HSY_LANE_CONTROL], 0);
    while (stage_find(&stage, to)->unsent > 0) {
        take_all(to);
    }
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), 60);
    CLAIM_INT(view_of(to).queue_bytes, 0);
    CLAIM_INT(stage_counters(&stage)->bundles_collapsed, 0);
    end();
}

static void room_in_the_window_is_used_as_it_appears(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(40);
    uint32_t out_len = stage_find(&stage, to)->out_len;
    stage_sent(&stage, to, 300); /* Less than a frame. */
    uint32_t some_len = stage_find(&stage, to)->out_len;
    stage_sent(&stage, to, 1200);
    CLAIM(stage_find(&stage, to)->out_len > out_len);
    CLAIM(stage_find(&stage, to)->out_len <= some_len + 2500);
    CLAIM(stage_find(&stage, to)->unsent <= HSY_WINDOW_LEN);
    end();
}

static void a_ping_waits_behind_the_window_only(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(60);
    uint32_t out_len = stage_find(&stage, to)->out_len;
    take_all(to);
    CLAIM_INT(type_at(out_len), HSY_BUNDLE);
    while (view_of(to).lanes[HSY_LANE_CONTROL] == 0) {
        ping(to); /* The first ones fit where a bundle does not. */
    }
    uint32_t next_len = stage_find(&stage, to)->out_len;
    CLAIM(next_len - out_len <= HSY_WINDOW_LEN);
    stage_sent(&stage, to, 2 * KIB);
    CLAIM_INT(type_at(next_len), HSY_PONG);
    CLAIM(view_of(to).lanes[HSY_LANE_FORWARDED] > 0);
    end();
}

static void own_messages_go_before_those_of_others(void **state)
{
    struct hsy_frame last;

    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(60);
    uint32_t out_len = stage_find(&stage, to)->out_len;
    CLAIM_INT(stage_publish(&stage, "mine"), 0);
    CLAIM(view_of(to).lanes[HSY_LANE_OWN] > 0);
    CLAIM_INT(stage.node->core.env.ports.waiting(stage.node, to),
              view_of(to).lanes[HSY_LANE_OWN]);
    stage_sent(&stage, to, 600);
    CLAIM(stage_find(&stage, to)->out_len > out_len);
    CLAIM(stage_frame(&stage, to, HSY_BUNDLE, &last));
    struct hearsay_id own = hearsay_node_id(stage.node);
    CLAIM_BYTES(&last.bundle.bundle.origin, &own, sizeof(own));
    end();
}

/* ----------------------------------------------------------------- collapse */

static void what_waited_a_second_is_announced_instead(void **state)
{
    struct hsy_frame ihave, last;
    struct hsy_bundle_id id;

    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(40);
    uint32_t given = stage_frames(&stage, to, HSY_BUNDLE);
    stage_pass(&stage, HSY_SECOND);
    take_all(to);
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), given);
    CLAIM_INT(stage_counters(&stage)->bundles_collapsed, 40 - given);
    CLAIM_INT(stage_frames(&stage, to, HSY_IHAVE), 1);
    CLAIM(stage_frame(&stage, to, HSY_IHAVE, &ihave));
    CLAIM_INT(ihave.ihave.count, 40 - given);
    CLAIM_INT(stage_counters(&stage)->links_crowded, 0);
    /* By the ids under which everybody knows them. */
    CLAIM(stage_frame(&stage, other, HSY_BUNDLE, &last));
    CLAIM_INT(last.bundle.bundle.first_seq, 40);
    stage.node->core.env.ports.bundle_id(stage.node, &id, &last.bundle.bundle);
    CLAIM_BYTES(hsy_bundle_ids_at(&ihave.ihave, 39 - given), &id, sizeof(id));
    end();
}

static void a_full_queue_collapses_bundles_and_demotes_once(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(200);
    const struct hsy_counters *counters = stage_counters(&stage);
    CLAIM(stage_is_open(&stage, to));
    CLAIM(view_of(to).queue_bytes <= QUEUE);
    CLAIM(view_of(to).queue_bytes > QUEUE - 20 * KIB);
    CLAIM(counters->bundles_collapsed > 70);
    CLAIM_INT(counters->links_crowded, 1);
    CLAIM_INT(counters->slow_closed, 0);
    while (stage_find(&stage, to)->unsent > 0) {
        take_all(to);
    }
    CLAIM(stage_frames(&stage, to, HSY_IHAVE) >= 1);
    CLAIM_INT(counters->announcements_dropped, 0);
    forward(200); /* Another episode. */
    CLAIM_INT(counters->links_crowded, 2);
    end();
}

static void a_full_queue_still_has_room_for_control(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(200);
    uint64_t collapsed = stage_counters(&stage)->bundles_collapsed;
    uint32_t pongs = 0;
    for (; pongs < 200; pongs++) {
        ping(to);
    }
    CLAIM(stage_is_open(&stage, to));
    CLAIM(view_of(to).queue_bytes <= QUEUE);
    CLAIM(stage_counters(&stage)->bundles_collapsed > collapsed);
    CLAIM(view_of(to).lanes[HSY_LANE_CONTROL] > 0);
    stage_sent(&stage, to, HSY_WINDOW_LEN / 2);
    CLAIM_INT(stage_frames(&stage, to, HSY_PONG), pongs);
    end();
}

static void a_full_queue_ends_a_link_of_version_1(void **state)
{
    (void)state;
    begin(1);
    forward(100);
    CLAIM(stage_is_open(&stage, to));
    stage_pass(&stage, 2 * HSY_SECOND); /* No age: it cannot be announced. */
    forward(20);
    CLAIM(!stage_is_open(&stage, to));
    CLAIM_INT(stage_counters(&stage)->slow_closed, 1);
    CLAIM_INT(stage_counters(&stage)->bundles_collapsed, 0);
    CLAIM_INT(stage_counters(&stage)->links_crowded, 0);
    CLAIM_INT(stage_noted(&stage, "slow-closed"), 1);
    end();
}

static void a_link_of_version_1_gets_all_that_fits(void **state)
{
    (void)state;
    begin(1);
    forward(100);
    stage_pass(&stage, 6 * HSY_SECOND);
    while (stage_find(&stage, to)->unsent > 0) {
        take_all(to);
    }
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), 100);
    CLAIM_INT(stage_frames(&stage, to, HSY_IHAVE), 0);
    end();
}

/* --------------------------------------------------------------------- slow */

static void who_takes_nothing_for_ten_seconds_is_slow(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(1);
    take_all(from);
    stage_run(&stage, 9999);
    CLAIM(stage_is_open(&stage, to));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, to));
    CLAIM_INT(stage_counters(&stage)->slow_closed, 1);
    CLAIM_INT(stage_counters(&stage)->strikes, 0);
    CLAIM_INT(stage_noted(&stage, "dead-report"), 0);
    CLAIM(stage_is_open(&stage, from));
    end();
}

static void whatever_is_taken_starts_the_ten_seconds_anew(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(1);
    take_all(from);
    stage_run(&stage, 9000);
    stage_sent(&stage, to, 1);
    stage_run(&stage, 9000);
    CLAIM(stage_is_open(&stage, to));
    stage_run(&stage, 1000);
    CLAIM(!stage_is_open(&stage, to));
    end();
}

/* More waits for the sink than finds room, for so long; after each second but
 * the last it takes @len bytes. */
static void crowd_for_4_s(uint32_t len)
{
    for (uint32_t s = 0; s < 3; s++) {
        stage_run(&stage, 1000);
        stage_sent(&stage, to, len);
        forward(150);
    }
    stage_run(&stage, 999);
    CLAIM(stage_is_open(&stage, to));
    CLAIM_INT(stage_counters(&stage)->links_crowded, 1); /* One episode. */
    stage_run(&stage, 1);
}

static void who_takes_less_than_6_kib_in_4_s_of_a_crowd_is_slow(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(200);
    CLAIM_INT(stage_counters(&stage)->links_crowded, 1);
    crowd_for_4_s(HSY_CROWDED_LEN / 3);
    CLAIM(stage_is_open(&stage, to));
    crowd_for_4_s(HSY_CROWDED_LEN / 3 - 1); /* Counted anew. */
    CLAIM(!stage_is_open(&stage, to));
    CLAIM_INT(stage_counters(&stage)->slow_closed, 1);
    CLAIM(stage_is_open(&stage, from));
    end();
}

static void who_takes_little_while_little_waits_is_not_slow(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(40); /* More than the window, less than the queue. */
    for (uint32_t s = 0; s < 20; s++) {
        stage_run(&stage, 1000);
        stage_sent(&stage, to, 100);
        CLAIM(stage_is_open(&stage, to));
    }
    CLAIM_INT(stage_counters(&stage)->links_crowded, 0);
    end();
}

/* Its host could not take anything either. */
static void a_pause_of_our_own_is_not_held_against_a_link(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(1);
    take_all(from);
    stage_pass(&stage, 30 * HSY_SECOND);
    stage_tick(&stage);
    CLAIM(stage_is_open(&stage, to));
    stage_run(&stage, 9999);
    CLAIM(stage_is_open(&stage, to));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, to));
    end();
}

static void who_was_slow_is_probed_and_not_asked_for_a_minute(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(1);
    take_all(from);
    stage_run(&stage, 10000);
    CLAIM(!stage_is_open(&stage, to));
    stage.hold_sent = false;
    stage_run(&stage, 11999);
    CLAIM(stage_dial(&stage, 7003) == NULL); /* Its line is full. */
    stage_run(&stage, 12001);
    const struct stage_link *dial = stage_dial(&stage, 7003);
    CLAIM(dial != NULL); /* Is it there at all? */
    hearsay_link probe = dial->link;
    puppet_answer(&stage, probe, &sink);
    stage_run(&stage, 16000);
    CLAIM_INT(stage_frames(&stage, probe, HSY_CONNECT), 0);
    CLAIM_INT(stage_counters(&stage)->reports_sent, 0);
    CLAIM(stage_dial(&stage, 7003) == NULL);
    stage_run(&stage, 19999); /* The probe's link was closed as idle. */
    CLAIM(stage_dial(&stage, 7003) == NULL);
    stage_run(&stage, 30000);
    CLAIM(stage_dial(&stage, 7003) != NULL);
    end();
}

/* --------------------------------------------------------------------- ends */

static void the_good_bye_goes_out_though_the_window_is_full(void **state)
{
    (void)state;
    begin(HSY_PROTOCOL_MAX);
    forward(60);
    CLAIM_INT(stage_publish(&stage, "last"), 0);
    uint32_t bundles = stage_frames(&stage, to, HSY_BUNDLE);
    stage_leave(&stage);
    CLAIM_INT(stage_frames(&stage, to, HSY_LEAVE), 1);
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), bundles + 1);
    CLAIM(stage.stopped);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_a_window_is_given),
        cmocka_unit_test(room_in_the_window_is_used_as_it_appears),
        cmocka_unit_test(a_ping_waits_behind_the_window_only),
        cmocka_unit_test(own_messages_go_before_those_of_others),
        cmocka_unit_test(what_waited_a_second_is_announced_instead),
        cmocka_unit_test(a_full_queue_collapses_bundles_and_demotes_once),
        cmocka_unit_test(a_full_queue_still_has_room_for_control),
        cmocka_unit_test(a_full_queue_ends_a_link_of_version_1),
        cmocka_unit_test(a_link_of_version_1_gets_all_that_fits),
        cmocka_unit_test(who_takes_nothing_for_ten_seconds_is_slow),
        cmocka_unit_test(whatever_is_taken_starts_the_ten_seconds_anew),
        cmocka_unit_test(who_takes_less_than_6_kib_in_4_s_of_a_crowd_is_slow),
        cmocka_unit_test(who_takes_little_while_little_waits_is_not_slow),
        cmocka_unit_test(a_pause_of_our_own_is_not_held_against_a_link),
        cmocka_unit_test(who_was_slow_is_probed_and_not_asked_for_a_minute),
        cmocka_unit_test(the_good_bye_goes_out_though_the_window_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
