/* The byte side of links: who may come in, what is refused with which words,
 * and every bound and deadline from both sides. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed, peer;

/* A peer that has started, and whose seat's dial is link 2. */
static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.queue_max = 128 * 1024;
    stage.config.jobs_max = 16;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
}

static void end(void)
{
    stage_fini(&stage);
}

static unsigned error_on(hearsay_link link)
{
    struct hsy_frame frame;

    return stage_frame(&stage, link, HSY_ERROR, &frame) ? frame.error.code : 0;
}

/* ------------------------------------------------------------- handshake */

static void an_acceptor_is_up_when_its_auth_is_out(void **state)
{
    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    CLAIM_INT(stage_find(&stage, link)->out_len, 0); /* The dialler first. */
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    CLAIM_INT(stage_frames(&stage, link, HSY_HELLO), 1);
    CLAIM_INT(stage_frames(&stage, link, HSY_AUTH), 0);
    struct hsy_frame auth = puppet_auth(&stage, link, &peer, 7);
    puppet_say(&stage, link, &auth);
    CLAIM_INT(stage_frames(&stage, link, HSY_AUTH), 1);
    CLAIM_INT(stage_ups(&stage), 1);
    CLAIM_INT(stage_counters(&stage)->links_up, 1);
    end();
}

static void a_dialler_speaks_first_and_is_up_after_their_auth(void **state)
{
    (void)state;
    begin();
    stage_open(&stage, 2);
    CLAIM_INT(stage_frames(&stage, 2, HSY_HELLO), 1);
    struct hsy_frame hello = puppet_hello(&seed, 7);
    puppet_say(&stage, 2, &hello);
    CLAIM_INT(stage_frames(&stage, 2, HSY_AUTH), 1);
    CLAIM_INT(stage_ups(&stage), 0);
    struct hsy_frame auth = puppet_auth(&stage, 2, &seed, 7);
    puppet_say(&stage, 2, &auth);
    CLAIM_INT(stage_ups(&stage), 1);
    CLAIM_INT(stage_frames(&stage, 2, HSY_REGISTER), 1);
    end();
}

/* What the node answers to this HELLO on a new link. */
static unsigned answer_to(const struct hsy_frame *hello)
{
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);

    puppet_say(&stage, link, hello);
    bool open = stage_is_open(&stage, link);
    CLAIM(open == (error_on(link) == 0));
    return error_on(link);
}

static void hello_needs_a_version_in_common(void **state)
{
    struct hsy_frame hello;

    (void)state;
    begin();
    hello = puppet_hello(&peer, 7);
    hello.hello.version_min = HSY_PROTOCOL_MAX + 1;
    hello.hello.version_max = HSY_PROTOCOL_MAX + 1;
    CLAIM_INT(answer_to(&hello), HSY_ERROR_VERSION);
    hello.hello.version_min = 0;
    hello.hello.version_max = HSY_PROTOCOL_MIN - 1;
    CLAIM_INT(answer_to(&hello), HSY_ERROR_VERSION);
    hello.hello.version_max = UINT16_MAX;
    CLAIM_INT(answer_to(&hello), 0);
    CLAIM_INT(stage_counters(&stage)->handshake_refused, 2);
    end();
}

static void hello_needs_the_same_network_and_trust(void **state)
{
    struct hsy_frame hello;

    (void)state;
    begin();
    hello = puppet_hello(&peer, 7);
    memcpy(hello.hello.network, "tesT", 4);
    CLAIM_INT(answer_to(&hello), HSY_ERROR_NETWORK);
    memcpy(hello.hello.network, "test5", 5);
    hello.hello.network_len = 5;
    CLAIM_INT(answer_to(&hello), HSY_ERROR_NETWORK);
    hello = puppet_hello(&peer, 7);
    hello.hello.trust = HSY_TRUST_MEMBERS;
    CLAIM_INT(answer_to(&hello), HSY_ERROR_TRUST);
    end();
}

static void nobody_links_to_itself(void **state)
{
    struct hsy_frame hello;

    (void)state;
    begin();
    hello = puppet_hello(&peer, 7);
    hello.hello.record.id = hearsay_node_id(stage.node);
    CLAIM_INT(answer_to(&hello), HSY_ERROR_OWN_ID);
    end();
}

static void another_node_at_a_pinned_address_is_refused(void **state)
{
    struct puppet other;

    (void)state;
    begin();
    puppet_init(&other, 201, HEARSAY_SEED);
    puppet_answer(&stage, 2, &other);
    CLAIM_INT(error_on(2), HSY_ERROR_AUTH);
    CLAIM_INT(stage_frames(&stage, 2, HSY_AUTH), 0);
    CLAIM_INT(stage_ups(&stage), 0);
    end();
}

static void an_auth_that_does_not_match_is_refused(void **state)
{
    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    struct hsy_frame auth = puppet_auth(&stage, link, &peer, 7);
    auth.auth.bytes[63] ^= 1;
    puppet_say(&stage, link, &auth);
    CLAIM_INT(error_on(link), HSY_ERROR_AUTH);
    CLAIM_INT(stage_counters(&stage)->signatures_bad, 1);

    peer.record.sig.bytes[0] ^= 1; /* The record is verified with it. */
    link = puppet_dial(&stage, &peer);
    CLAIM_INT(error_on(link), HSY_ERROR_AUTH);
    CLAIM_INT(stage_ups(&stage), 0);
    end();
}

static void an_auth_of_another_link_is_worthless(void **state)
{
    (void)state;
    begin();
    hearsay_link first = stage_accept(&stage, &peer.record.addrs[0]);
    hearsay_link second = stage_accept(&stage, &peer.record.addrs[0]);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, first, &hello);
    puppet_say(&stage, second, &hello);
    struct hsy_frame auth = puppet_auth(&stage, first, &peer, 7);
    puppet_say(&stage, second, &auth);
    CLAIM_INT(error_on(second), HSY_ERROR_AUTH);
    puppet_say(&stage, first, &auth);
    CLAIM_INT(stage_ups(&stage), 1);
    end();
}

static void a_frame_out_of_turn_ends_the_handshake(void **state)
{
    struct hsy_frame ping = {.type = HSY_PING};

    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    puppet_say(&stage, link, &ping);
    CLAIM_INT(error_on(link), HSY_ERROR_TYPE);
    link = stage_accept(&stage, &peer.record.addrs[0]);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    puppet_say(&stage, link, &hello);
    CLAIM_INT(error_on(link), HSY_ERROR_TYPE);
    end();
}

static void hello_has_five_seconds_on_either_side(void **state)
{
    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    stage_open(&stage, 2);
    stage_run(&stage, 4999);
    CLAIM(stage_is_open(&stage, link));
    CLAIM(stage_is_open(&stage, 2));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM(!stage_is_open(&stage, 2));
    CLAIM_INT(stage_counters(&stage)->handshake_late, 2);
    end();
}

/* A long line needs a round trip for the one and one more for the other. */
static void
after_a_hello_the_dialler_has_five_seconds_for_its_auth(void **state)
{
    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    stage_run(&stage, 4000);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    stage_run(&stage, 4999);
    CLAIM(stage_is_open(&stage, link));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(stage_counters(&stage)->handshake_late, 1);
    end();
}

static void
after_a_hello_the_acceptor_has_seven_seconds_for_its_auth(void **state)
{
    (void)state;
    begin();
    stage_open(&stage, 2);
    stage_run(&stage, 4000);
    struct hsy_frame hello = puppet_hello(&seed, 7);
    puppet_say(&stage, 2, &hello);
    stage_run(&stage, 6999);
    CLAIM(stage_is_open(&stage, 2));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, 2));
    end();
}

static void a_handshake_has_fifteen_seconds_whoever_takes_them(void **state)
{
    (void)state;
    begin();
    stage.hold_jobs = true; /* Our own signatures take for ever. */
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    stage_open(&stage, 2);
    stage_run(&stage, 4000);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    struct hsy_frame auth = puppet_auth(&stage, link, &peer, 7);
    puppet_say(&stage, link, &auth);
    hello = puppet_hello(&seed, 7);
    puppet_say(&stage, 2, &hello);
    stage_run(&stage, 10999);
    CLAIM(stage_is_open(&stage, link));
    CLAIM(stage_is_open(&stage, 2));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM(!stage_is_open(&stage, 2));
    stage.hold_jobs = false;
    stage_settle(&stage);
    end();
}

static void a_handshake_tells_the_round_trip(void **state)
{
    struct hsy_neighbours *ns;

    (void)state;
    begin();
    ns = &stage.node->core.neighbours;
    stage_open(&stage, 2);
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    stage_run(&stage, 1500);
    struct hsy_frame hello = puppet_hello(&seed, 7);
    puppet_say(&stage, 2, &hello);
    stage_run(&stage, 700);
    struct hsy_frame auth = puppet_auth(&stage, 2, &seed, 7);
    puppet_say(&stage, 2, &auth);
    CLAIM_INT(hsy_neighbour_by_link(ns, 2)->greeted_ns, 1500 * HSY_MS);
    hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    stage_run(&stage, 2500);
    auth = puppet_auth(&stage, link, &peer, 7);
    puppet_say(&stage, link, &auth);
    CLAIM_INT(hsy_neighbour_by_link(ns, link)->greeted_ns, 2500 * HSY_MS);
    end();
}

static void a_dial_has_ten_seconds(void **state)
{
    (void)state;
    begin();
    stage_run(&stage, 9998);
    CLAIM(!stage_find(&stage, 2)->hung_up);
    stage_run(&stage, 2);
    CLAIM(stage_find(&stage, 2)->hung_up);
    CLAIM_INT(stage_counters(&stage)->dials_failed, 1);
    end();
}

static void the_stalest_of_64_half_open_links_makes_room(void **state)
{
    hearsay_link links[HSY_HALF_OPEN_MAX + 1];
    struct hsy_frame hello;

    (void)state;
    begin();
    hello = puppet_hello(&peer, 7);
    for (uint32_t i = 0; i < HSY_HALF_OPEN_MAX; i++) {
        links[i] = stage_accept(&stage, &peer.record.addrs[0]);
    }
    CLAIM(stage_is_open(&stage, links[0]));
    puppet_say(&stage, links[0], &hello); /* No longer the stalest. */
    stage_run(&stage, 500);
    links[64] = stage_accept(&stage, &peer.record.addrs[0]);
    CLAIM(stage_is_open(&stage, links[0]));
    CLAIM(!stage_is_open(&stage, links[1]));
    CLAIM(stage_is_open(&stage, links[2]));
    CLAIM(stage_is_open(&stage, links[64]));
    CLAIM_INT(stage_counters(&stage)->half_open_refused, 1);
    CLAIM_INT(stage.node->half_open, HSY_HALF_OPEN_MAX);
    end();
}

/* Else each of a crowd would push out one that is about to speak. */
static void who_has_half_a_second_to_speak_is_not_pushed_out(void **state)
{
    hearsay_link links[HSY_HALF_OPEN_MAX];

    (void)state;
    begin();
    for (uint32_t i = 0; i < HSY_HALF_OPEN_MAX; i++) {
        links[i] = stage_accept(&stage, &peer.record.addrs[0]);
    }
    stage_run(&stage, 499);
    hearsay_link late = stage_accept(&stage, &peer.record.addrs[0]);
    CLAIM(!stage_is_open(&stage, late));
    for (uint32_t i = 0; i < HSY_HALF_OPEN_MAX; i++) {
        CLAIM(stage_is_open(&stage, links[i]));
    }
    CLAIM_INT(stage_counters(&stage)->half_open_refused, 1);
    end();
}

/* ----------------------------------------------------------------- framing */

static size_t stream_of(uint8_t *bytes, size_t max)
{
    struct hsy_writer out = hsy_writer(bytes, max);
    struct hsy_frame ping = {.type = HSY_PING, .ping = 11};
    struct hsy_frame connect = {.type = HSY_CONNECT};

    hsy_frame_encode(&out, &ping);
    hsy_frame_encode(&out, &connect);
    ping.ping = 12;
    hsy_frame_encode(&out, &ping);
    CLAIM(!out.bad);
    return out.len;
}

static void claim_stream_taken(hearsay_link link)
{
    struct hsy_frame pong;

    CLAIM_INT(stage_frames(&stage, link, HSY_PONG), 2);
    CLAIM(stage_frame(&stage, link, HSY_PONG, &pong));
    CLAIM_INT(pong.pong, 12);
    CLAIM_INT(stage_frames(&stage, link, HSY_ACCEPT), 1);
    CLAIM(stage_is_open(&stage, link));
}

static void frames_may_be_split_at_every_byte_or_come_together(void **state)
{
    uint8_t bytes[128];
    size_t len = stream_of(bytes, sizeof(bytes));

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        begin();
        hearsay_link link = puppet_dial(&stage, &peer);
        if (cut > 0) {
            stage_bytes(&stage, link, bytes, cut);
        }
        stage_bytes(&stage, link, bytes + cut, len - cut);
        claim_stream_taken(link);
        end();
    }
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    for (size_t i = 0; i < len; i++) {
        stage_bytes(&stage, link, bytes + i, 1);
    }
    claim_stream_taken(link);
    end();
}

/* AUTH and what follows it in one portion, while the check is still out. */
static void frames_behind_the_handshake_wait_for_it(void **state)
{
    uint8_t bytes[512];

    (void)state;
    begin();
    hearsay_link link = stage_accept(&stage, &peer.record.addrs[0]);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    struct hsy_frame auth = puppet_auth(&stage, link, &peer, 7);
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_frame_encode(&out, &auth);
    size_t len = out.len + stream_of(bytes + out.len, sizeof(bytes) - out.len);
    stage.hold_jobs = true;
    stage_bytes(&stage, link, bytes, len);
    CLAIM_INT(stage_frames(&stage, link, HSY_PONG), 0);
    stage_settle(&stage);
    claim_stream_taken(link);
    end();
}

static void a_frame_has_thirty_seconds_from_its_first_byte(void **state)
{
    uint8_t begun[] = {0, 0, 0, 10, HSY_PING, 0};

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    stage_bytes(&stage, link, begun, 3);
    stage_run(&stage, 29000);
    stage_bytes(&stage, link, begun + 3, 3); /* Trickling does not help. */
    stage_run(&stage, 999);
    CLAIM(stage_is_open(&stage, link));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(stage_counters(&stage)->frames_late, 1);
    CLAIM_INT(error_on(link), HSY_ERROR_LATE);
    end();
}

static bool length_taken(hearsay_link link, uint32_t length)
{
    uint8_t bytes[4];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_u32(&out, length);
    stage_bytes(&stage, link, bytes, sizeof(bytes));
    return stage_is_open(&stage, link);
}

static void a_length_is_refused_before_its_bytes_come(void **state)
{
    uint32_t max;

    (void)state;
    begin();
    max = stage.config.frame_max;
    CLAIM(length_taken(stage_accept(&stage, &peer.record.addrs[0]), 4096));
    CLAIM(!length_taken(stage_accept(&stage, &peer.record.addrs[0]), 4097));
    CLAIM_INT(stage_counters(&stage)->malformed, 1);
    CLAIM(length_taken(puppet_dial(&stage, &peer), max));
    puppet_init(&peer, 3, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, &peer);
    CLAIM(!length_taken(link, max + 1));
    CLAIM_INT(error_on(link), HSY_ERROR_MALFORMED);
    CLAIM_INT(stage_counters(&stage)->malformed, 2);
    end();
}

static void an_unknown_type_is_skipped_only_if_it_says_so(void **state)
{
    const uint8_t skipped[] = {0, 0, 0, 3, 99, HSY_FLAG_IGNORABLE, 5};
    const uint8_t unknown[] = {0, 0, 0, 2, 99, 0};

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    stage_bytes(&stage, link, skipped, sizeof(skipped));
    CLAIM(stage_is_open(&stage, link));
    stage_bytes(&stage, link, unknown, sizeof(unknown));
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(error_on(link), HSY_ERROR_TYPE);
    CLAIM_INT(stage_counters(&stage)->frames_unexpected, 1);
    end();
}

static void garbage_is_counted_and_hung_up(void **state)
{
    const uint8_t trailing[] = {0, 0, 0, 3, HSY_ACCEPT, 0, 1};

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    stage_bytes(&stage, link, trailing, sizeof(trailing));
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(error_on(link), HSY_ERROR_MALFORMED);
    CLAIM_INT(stage_counters(&stage)->malformed, 1);
    CLAIM_INT(stage_noted(&stage, "link-refused"), 1);
    CLAIM_INT(stage_ups(&stage), 0);
    end();
}

/* ------------------------------------------------------------------ bounds */

static void a_link_that_takes_nothing_is_closed_as_slow(void **state)
{
    struct hsy_frame ping = {.type = HSY_PING};
    uint32_t fit = 0;

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    stage.hold_sent = true;
    for (; fit < 20000 && stage_is_open(&stage, link); fit++) {
        puppet_say(&stage, link, &ping);
    }
    /* A PONG has 14 bytes; those that wait behind the window count more. */
    uint32_t given = HSY_WINDOW_LEN / 14;
    uint32_t wait = (128 * 1024 - 14 * given) / (14 + HSY_LANE_ITEM_LEN);
    CLAIM_INT(fit, given + wait + 1);
    CLAIM_INT(stage_counters(&stage)->slow_closed, 1);
    CLAIM_INT(stage_ups(&stage), 0);
    end();
}

static void say_leave(hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_LEAVE};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    frame.leave.id = peer.id;
    frame.leave.incarnation = 1;
    hsy_leave_signed_bytes(&covered, &frame.leave);
    frame.leave.sig = puppet_sign(&peer.id, &covered);
    puppet_say(&stage, link, &frame);
}

static void last_words_are_heard_though_the_link_is_down(void **state)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    puppet_say(&stage, link, &connect);
    stage.hold_jobs = true;
    say_leave(link);
    stage_down(&stage, link, HEARSAY_DOWN_CLOSED);
    CLAIM_INT(stage_counters(&stage)->departures, 0);
    CLAIM_INT(stage_ups(&stage), 1);
    stage_settle(&stage);
    CLAIM_INT(stage_counters(&stage)->departures, 1);
    CLAIM_INT(stage_ups(&stage), 0);
    stage_run(&stage, 3000);
    CLAIM(stage_dial(&stage, 7002) == NULL); /* Nobody died. */
    CLAIM_INT(stage_noted(&stage, "dead-report"), 0);
    end();
}

/* From a host that reads on though it was asked not to. */
static void a_bundle_for_which_there_is_no_job_may_come_again(void **state)
{
    uint64_t seq = 0;

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    stage.hold_jobs = true;
    while (stage_counters(&stage)->bundles_dropped == 0) {
        seq++;
        puppet_say_bundle(&stage, link, &peer, seq, 4000);
        CLAIM(stage_is_open(&stage, link));
    }
    CLAIM(seq * 4000 > stage.config.frame_max);
    CLAIM_INT(stage_counters(&stage)->bundles_dropped, 1);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, seq - 1);
    puppet_say_bundle(&stage, link, &peer, 17, 4000);
    CLAIM_INT(stage.delivered, seq);
    end();
}

static void a_forged_frame_ends_its_link(void **state)
{
    struct hsy_frame frame = {.type = HSY_LEAVE};

    (void)state;
    begin();
    hearsay_link link = puppet_dial(&stage, &peer);
    frame.leave.id = peer.id;
    frame.leave.incarnation = 1;
    puppet_say(&stage, link, &frame);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(error_on(link), HSY_ERROR_AUTH);
    CLAIM_INT(stage_counters(&stage)->signatures_bad, 1);
    CLAIM_INT(stage_counters(&stage)->departures, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acceptor_is_up_when_its_auth_is_out),
        cmocka_unit_test(a_dialler_speaks_first_and_is_up_after_their_auth),
        cmocka_unit_test(hello_needs_a_version_in_common),
        cmocka_unit_test(hello_needs_the_same_network_and_trust),
        cmocka_unit_test(nobody_links_to_itself),
        cmocka_unit_test(another_node_at_a_pinned_address_is_refused),
        cmocka_unit_test(an_auth_that_does_not_match_is_refused),
        cmocka_unit_test(an_auth_of_another_link_is_worthless),
        cmocka_unit_test(a_frame_out_of_turn_ends_the_handshake),
        cmocka_unit_test(hello_has_five_seconds_on_either_side),
        cmocka_unit_test(
            after_a_hello_the_dialler_has_five_seconds_for_its_auth),
        cmocka_unit_test(
            after_a_hello_the_acceptor_has_seven_seconds_for_its_auth),
        cmocka_unit_test(a_handshake_has_fifteen_seconds_whoever_takes_them),
        cmocka_unit_test(a_handshake_tells_the_round_trip),
        cmocka_unit_test(a_dial_has_ten_seconds),
        cmocka_unit_test(the_stalest_of_64_half_open_links_makes_room),
        cmocka_unit_test(who_has_half_a_second_to_speak_is_not_pushed_out),
        cmocka_unit_test(frames_may_be_split_at_every_byte_or_come_together),
        cmocka_unit_test(frames_behind_the_handshake_wait_for_it),
        cmocka_unit_test(a_frame_has_thirty_seconds_from_its_first_byte),
        cmocka_unit_test(a_length_is_refused_before_its_bytes_come),
        cmocka_unit_test(an_unknown_type_is_skipped_only_if_it_says_so),
        cmocka_unit_test(garbage_is_counted_and_hung_up),
        cmocka_unit_test(a_link_that_takes_nothing_is_closed_as_slow),
        cmocka_unit_test(last_words_are_heard_though_the_link_is_down),
        cmocka_unit_test(a_bundle_for_which_there_is_no_job_may_come_again),
        cmocka_unit_test(a_forged_frame_ends_its_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
