/* Pieces of large messages on a link: one is given when nothing else waits and
 * the host holds nothing, so whatever is small goes before it. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum {
    LEN = 4 * HSY_PIECE_LEN,
    FRAME_LEN = 6 + 16 + 2 + 1 + 2 + HSY_PIECE_LEN
};

static struct stage stage;
static struct puppet seed, source, sink;
static hearsay_link from, to;
static struct hsy_bundle_id id;
static uint8_t content[LEN];

static hearsay_link linked(const struct puppet *p)
{
    struct hsy_frame connect = {.type = HSY_CONNECT}, pong;
    hearsay_link link = puppet_dial(&stage, p);

    puppet_say(&stage, link, &connect);
    CLAIM(stage_frame(&stage, link, HSY_PING, &pong));
    pong = (struct hsy_frame){.type = HSY_PONG, .pong = pong.ping};
    puppet_say(&stage, link, &pong);
    return link;
}

static int publish(uint32_t len)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH};

    ev.publish.payload = content;
    ev.publish.payload_len = len;
    return stage_step(&stage, &ev);
}

static void take_all(hearsay_link link)
{
    stage_find(&stage, link)->out_len = 0; /* What comes next is seen. */
    if (stage_find(&stage, link)->unsent > 0) {
        stage_sent(&stage, link, stage_find(&stage, link)->unsent);
    }
}

/* A peer that floods, has published a large message, and whose neighbours take
 * nothing from now on. */
static void begin(void)
{
    struct hsy_frame frame;

    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.relay = HEARSAY_RELAY_FLOOD;
    stage.config.ping_interval_ns = 10 * HSY_MINUTE;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&source, 2, HEARSAY_PEER);
    puppet_init(&sink, 3, HEARSAY_PEER);
    (void)puppet_seat(&stage, &seed, 3);
    from = linked(&source);
    to = linked(&sink);
    for (uint32_t i = 0; i < LEN; i++) {
        content[i] = (uint8_t)(i * 3 + (i >> 13));
    }
    CLAIM_INT(publish(LEN), 0);
    stage_run(&stage, 5);
    CLAIM(stage_frame(&stage, to, HSY_BUNDLE, &frame));
    CLAIM(hsy_bundle_large(&frame.bundle.bundle));
    stage.config.crypto->hash(id.bytes, frame.bundle.bundle.encoded,
                              frame.bundle.bundle.encoded_len);
    take_all(to);
    take_all(from);
    stage.hold_sent = true;
}

static void end(void)
{
    stage_fini(&stage);
}

static void fetch(hearsay_link link, uint16_t first, uint16_t upto)
{
    struct hsy_frame frame = {.type = HSY_FETCH};

    frame.fetch.id = id;
    frame.fetch.first = first;
    frame.fetch.upto = upto;
    puppet_say(&stage, link, &frame);
}

static uint32_t pieces(void)
{
    return stage_frames(&stage, to, HSY_PIECE);
}

static void one_piece_at_a_time_is_given(void **state)
{
    struct hsy_frame frame;

    (void)state;
    begin();
    fetch(to, 0, 4);
    CLAIM_INT(pieces(), 1);
    CLAIM_INT(stage_find(&stage, to)->unsent, FRAME_LEN);
    for (uint16_t i = 0; i < 4; i++) {
        CLAIM(stage_frame(&stage, to, HSY_PIECE, &frame));
        CLAIM_INT(frame.piece.index, i);
        CLAIM_BYTES(frame.piece.bytes, content + i * HSY_PIECE_LEN,
                    frame.piece.len);
        take_all(to);
    }
    CLAIM_INT(stage_counters(&stage)->pieces_out, 4);
    end();
}

static void what_is_small_overtakes_the_next_piece(void **state)
{
    (void)state;
    begin();
    fetch(to, 0, 4);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        puppet_say_bundle(&stage, from, &source, seq, 1000);
    }
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), 0);
    take_all(to);
    CLAIM_INT(stage_frames(&stage, to, HSY_BUNDLE), 20);
    CLAIM_INT(pieces(), 0);
    take_all(to);
    CLAIM_INT(pieces(), 1);
    end();
}

/* They wait as a request, and not as bytes. */
static void pieces_take_no_room_in_the_queue(void **state)
{
    (void)state;
    begin();
    fetch(to, 0, 4);
    const struct hsy_conn *conn = hsy_conn_find(stage.node, to);
    CLAIM(conn->lanes == NULL);
    CLAIM_INT(hsy_conn_queued(conn), FRAME_LEN);
    CLAIM_INT(stage_counters(&stage)->bundles_collapsed, 0);
    end();
}

static void a_link_that_is_gone_is_served_no_more(void **state)
{
    (void)state;
    begin();
    fetch(to, 0, 4);
    stage_down(&stage, to, HEARSAY_DOWN_RESET);
    CLAIM_INT(stage.node->core.relay.bulk.serves.count, 0);
    stage_run(&stage, 100);
    CLAIM_INT(stage_counters(&stage)->pieces_out, 1);
    end();
}

static void a_fetch_that_cannot_be_ends_the_link(void **state)
{
    (void)state;
    begin();
    fetch(to, 0, 5);
    CLAIM(!stage_is_open(&stage, to) || stage_find(&stage, to)->hung_up);
    CLAIM_INT(stage_counters(&stage)->pieces_out, 0);
    end();
}

static void a_peer_that_leaves_waits_for_one_copy(void **state)
{
    (void)state;
    begin();
    stage.hold_sent = false;
    stage_leave(&stage);
    stage_run(&stage, 100);
    CLAIM(!stage.stopped);
    fetch(to, 0, 4);
    stage_run(&stage, 100);
    CLAIM_INT(pieces(), 4);
    CLAIM(stage.stopped);
    CLAIM_INT(stage.stop_why, HEARSAY_STOP_LEFT);
    end();
}

static void but_not_for_longer_than_a_second_and_a_half(void **state)
{
    (void)state;
    begin();
    stage.hold_sent = false;
    stage_leave(&stage);
    stage_run(&stage, 1450);
    CLAIM(!stage.stopped);
    stage_run(&stage, 100);
    CLAIM(stage.stopped);
    CLAIM_INT(stage_frames(&stage, to, HSY_LEAVE), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_piece_at_a_time_is_given),
        cmocka_unit_test(what_is_small_overtakes_the_next_piece),
        cmocka_unit_test(pieces_take_no_room_in_the_queue),
        cmocka_unit_test(a_link_that_is_gone_is_served_no_more),
        cmocka_unit_test(a_fetch_that_cannot_be_ends_the_link),
        cmocka_unit_test(a_peer_that_leaves_waits_for_one_copy),
        cmocka_unit_test(but_not_for_longer_than_a_second_and_a_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
