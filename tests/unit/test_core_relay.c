/* Flooding and the periodic gossip, seen from one peer between puppets. */
#include <string.h>

#include "core/generator.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed;
static struct puppet peers[3];
static hearsay_link links[3];
static uint64_t seq; /* Of the next bundle that is heard. */

static void begin_with(uint32_t gossip_count)
{
    seq = 1;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = gossip_count;
    stage.config.jobs_max = 16;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
}

/* Three neighbours that all have an overlay link. */
static void begin(void)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};

    begin_with(0);
    (void)puppet_seat(&stage, &seed, 1);
    for (uint8_t i = 0; i < 3; i++) {
        puppet_init(&peers[i], (uint8_t)(2 + i), HEARSAY_PEER);
        links[i] = puppet_dial(&stage, &peers[i]);
        puppet_say(&stage, links[i], &connect);
    }
}

static void end(void)
{
    stage_fini(&stage);
}

/* A bundle of @origin, which comes from neighbour @from. */
static void hear(uint32_t from, const struct puppet *origin, uint64_t wall_ms,
                 uint8_t hops, bool forged)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    struct hsy_bundle *b = &frame.bundle.bundle;
    struct hsy_message m = {.topic = (const uint8_t *)"",
                            .payload = (const uint8_t *)"hi",
                            .payload_len = 2};
    uint8_t bytes[64];
    uint8_t covered_bytes[512];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_writer covered =
        hsy_writer(covered_bytes, sizeof(covered_bytes));

    b->origin = origin->id;
    b->epoch_incarnation = 1;
    b->first_seq = seq;
    b->wall_ms = wall_ms;
    b->messages = bytes;
    hsy_messages_add(&out, b, &m);
    hsy_bundle_signed_bytes(&covered, b);
    b->sig = puppet_sign(&origin->id, &covered);
    b->sig.bytes[0] ^= forged ? 1 : 0;
    frame.bundle.hops = hops;
    puppet_say(&stage, links[from], &frame);
}

static uint32_t copies(uint32_t to)
{
    return stage_frames(&stage, links[to], HSY_BUNDLE);
}

static void a_first_copy_goes_to_all_but_its_sender(void **state)
{
    struct hsy_frame relayed;

    (void)state;
    begin();
    hear(0, &peers[0], stage.now.wall_ms, 3, false);
    CLAIM_INT(stage.delivered, 1);
    CLAIM_INT(copies(0), 0);
    CLAIM_INT(copies(1), 1);
    CLAIM_INT(copies(2), 1);
    CLAIM(stage_frame(&stage, links[1], HSY_BUNDLE, &relayed));
    CLAIM_INT(relayed.bundle.hops, 4);
    end();
}

static void a_second_copy_is_dropped_and_counted(void **state)
{
    (void)state;
    begin();
    hear(0, &peers[0], stage.now.wall_ms, 1, false);
    hear(1, &peers[0], stage.now.wall_ms, 1, false);
    CLAIM_INT(stage.delivered, 1);
    CLAIM_INT(copies(0), 0);
    CLAIM_INT(stage_counters(&stage)->bundles_in, 2);
    CLAIM_INT(stage_counters(&stage)->bundles_duplicate, 1);
    end();
}

static void a_bundle_in_check_counts_as_received(void **state)
{
    (void)state;
    begin();
    stage.hold_jobs = true;
    hear(0, &peers[0], stage.now.wall_ms, 1, false);
    hear(1, &peers[0], stage.now.wall_ms, 1, false);
    CLAIM_INT(stage.jobs_count, 1);
    CLAIM_INT(stage_counters(&stage)->bundles_duplicate, 1);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, 1);
    end();
}

static void a_forged_copy_does_not_censor_the_true_one(void **state)
{
    (void)state;
    begin();
    stage.hold_jobs = true;
    hear(0, &peers[2], stage.now.wall_ms, 1, true);
    hear(1, &peers[2], stage.now.wall_ms, 1, false);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, 1);
    CLAIM(!stage_is_open(&stage, links[0]));
    CLAIM(stage_is_open(&stage, links[1]));
    CLAIM_INT(copies(2), 1);
    end();
}

static void a_bundle_counts_for_ten_minutes_either_way(void **state)
{
    (void)state;
    begin();
    uint64_t now_ms = stage.now.wall_ms;
    hear(0, &peers[0], now_ms - HSY_BUNDLE_WINDOW_MS - 1, 1, false);
    hear(0, &peers[0], now_ms + HSY_BUNDLE_WINDOW_MS + 1, 1, false);
    CLAIM_INT(stage.delivered, 0);
    CLAIM_INT(stage_counters(&stage)->bundles_expired, 2);
    hear(0, &peers[0], now_ms - HSY_BUNDLE_WINDOW_MS, 1, false);
    seq = 2;
    hear(0, &peers[0], now_ms + HSY_BUNDLE_WINDOW_MS, 1, false);
    CLAIM_INT(stage.delivered, 2);
    end();
}

static void the_hop_count_saturates_and_decides_nothing(void **state)
{
    struct hsy_frame relayed;

    (void)state;
    begin();
    hear(0, &peers[0], stage.now.wall_ms, 255, false);
    CLAIM_INT(stage.delivered, 1);
    CLAIM(stage_frame(&stage, links[1], HSY_BUNDLE, &relayed));
    CLAIM_INT(relayed.bundle.hops, 255);
    end();
}

static void an_own_message_that_comes_back_is_not_delivered(void **state)
{
    struct hsy_frame own;

    (void)state;
    begin();
    CLAIM_INT(stage_publish(&stage, "mine"), 0);
    CLAIM(stage_frame(&stage, links[0], HSY_BUNDLE, &own));
    CLAIM_INT(own.bundle.hops, 1);
    puppet_say(&stage, links[0], &own);
    CLAIM_INT(stage.delivered, 0);
    CLAIM_INT(stage_counters(&stage)->bundles_duplicate, 1);
    end();
}

static void publishing_too_much_or_too_fast_is_refused(void **state)
{
    static char big[HEARSAY_PAYLOAD_MAX + 2];

    (void)state;
    begin();
    memset(big, 'x', sizeof(big) - 1);
    CLAIM_INT(stage_publish(&stage, big), HEARSAY_ERR_TOO_BIG);
    big[HSY_INLINE_MAX] = '\0';
    CLAIM_INT(stage_publish(&stage, big), 0);
    /* One travels alone; 15 jobs are left for bundles of 64, and one more
     * bundle gathers without a job. */
    stage.hold_jobs = true;
    for (uint32_t i = 0; i < 1 + 15 * 64 + 64; i++) {
        CLAIM_INT(stage_publish(&stage, "x"), 0);
    }
    CLAIM_INT(stage.jobs_count, 16);
    CLAIM_INT(stage_publish(&stage, "x"), HEARSAY_ERR_AGAIN);
    CLAIM_INT(stage_counters(&stage)->publish_refused, 1);
    stage_settle(&stage);
    CLAIM_INT(stage_publish(&stage, "x"), 0);
    /* No hole. */
    CLAIM_INT(stage.node->core.relay.publisher.last_seq, 1 + 1025 + 1);
    stage_run(&stage, 20);
    CLAIM_INT(copies(0), 1 + 1 + 16 + 1);
    end();
}

/* Jobs end in any order; the good-bye hangs up. */
static void what_was_taken_goes_out_before_the_good_bye(void **state)
{
    (void)state;
    begin();
    stage.hold_jobs = true;
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM_INT(stage_publish(&stage, "x"), 0);
    }
    stage_leave(&stage);
    while (stage.jobs_count > 0) {
        CLAIM(stage_job_back(&stage, stage.jobs_count - 1));
    }
    CLAIM_INT(copies(0), 2);
    CLAIM_INT(copies(1), 2);
    CLAIM_INT(stage_frames(&stage, links[0], HSY_LEAVE), 1);
    CLAIM(stage.stopped);
    end();
}

/* ------------------------------------------------------------- generator */

static void the_text_is_timestamp_sender_and_number(void **state)
{
    char text[HSY_GOSSIP_TEXT_MAX];
    struct hearsay_addr addr = seed.record.addrs[0];

    (void)state;
    puppet_init(&seed, 200, HEARSAY_SEED);
    addr = seed.record.addrs[0];
    size_t len = hsy_gossip_text(text, 1234, &addr, 7);
    CLAIM_INT(len, strlen(text));
    CLAIM_TEXT(text, "1234:10.0.0.200:7");
    memset(addr.ip, 0, sizeof(addr.ip));
    addr.ip[15] = 1;
    (void)hsy_gossip_text(text, UINT64_MAX, &addr, UINT32_MAX);
    CLAIM_TEXT(text, "18446744073709551615:[::1]:4294967295");
}

static uint64_t published(void)
{
    return stage_counters(&stage)->published;
}

static void gossip_begins_at_joining_and_keeps_its_interval(void **state)
{
    (void)state;
    begin_with(3);
    stage_run(&stage, 1000);
    CLAIM_INT(published(), 0);
    (void)puppet_seat(&stage, &seed, 1);
    CLAIM_INT(published(), 1);
    stage_run(&stage, 4999);
    CLAIM_INT(published(), 1);
    stage_run(&stage, 1);
    CLAIM_INT(published(), 2);
    stage_run(&stage, 60000);
    CLAIM_INT(published(), 3);
    end();
}

static void gossip_can_be_off_or_without_end(void **state)
{
    (void)state;
    begin_with(0);
    (void)puppet_seat(&stage, &seed, 1);
    stage_run(&stage, 20000);
    CLAIM_INT(published(), 0);
    end();
    begin_with(HEARSAY_UNLIMITED);
    (void)puppet_seat(&stage, &seed, 1);
    for (uint32_t i = 1; i <= 30; i++) {
        CLAIM_INT(published(), i);
        stage_run(&stage, 5000);
    }
    end();
}

static void back_pressure_leaves_no_hole_in_the_numbers(void **state)
{
    (void)state;
    begin_with(HEARSAY_UNLIMITED);
    (void)puppet_seat(&stage, &seed, 1);
    stage.hold_jobs = true;
    while (stage_publish(&stage, "x") == 0) {
        CLAIM(published() < 2000);
    }
    uint64_t before = published();
    stage_run(&stage, 5050);
    CLAIM_INT(published(), before);
    CLAIM_INT(stage.node->core.generator.made, 1);
    stage_settle(&stage);
    stage_run(&stage, 100);
    CLAIM_INT(published(), before + 1);
    CLAIM_INT(stage.node->core.generator.made, 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_copy_goes_to_all_but_its_sender),
        cmocka_unit_test(a_second_copy_is_dropped_and_counted),
        cmocka_unit_test(a_bundle_in_check_counts_as_received),
        cmocka_unit_test(a_forged_copy_does_not_censor_the_true_one),
        cmocka_unit_test(a_bundle_counts_for_ten_minutes_either_way),
        cmocka_unit_test(the_hop_count_saturates_and_decides_nothing),
        cmocka_unit_test(an_own_message_that_comes_back_is_not_delivered),
        cmocka_unit_test(publishing_too_much_or_too_fast_is_refused),
        cmocka_unit_test(what_was_taken_goes_out_before_the_good_bye),
        cmocka_unit_test(the_text_is_timestamp_sender_and_number),
        cmocka_unit_test(gossip_begins_at_joining_and_keeps_its_interval),
        cmocka_unit_test(gossip_can_be_off_or_without_end),
        cmocka_unit_test(back_pressure_leaves_no_hole_in_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
