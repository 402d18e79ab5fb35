/* When jobs pile up: which links the node has read no more, for how long, and
 * that nothing is lost by it. 16 jobs at most: over 8 it pauses, at 4 it goes
 * on. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum { JOBS = 16, HALF = JOBS / 2, QUARTER = JOBS / 4, PEERS = 40 };

static struct stage stage;
static struct puppet seed, peers[PEERS];
static hearsay_link links[PEERS];
static uint64_t said[PEERS];

/* A peer that is joined, with @count neighbours. */
static void begin(uint32_t count)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};

    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.relay = HEARSAY_RELAY_FLOOD;
    stage.config.jobs_max = JOBS;
    stage.config.ping_interval_ns = 10 * HSY_MINUTE;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    (void)puppet_seat(&stage, &seed, 10000);
    for (uint32_t i = 0; i < count; i++) {
        puppet_init(&peers[i], (uint8_t)(2 + i), HEARSAY_PEER);
        links[i] = puppet_dial(&stage, &peers[i]);
        puppet_say(&stage, links[i], &connect);
        said[i] = 0;
    }
}

static void end(void)
{
    stage_fini(&stage);
}

static bool is_read(uint32_t i)
{
    return !stage_find(&stage, links[i])->unread;
}

static void say(uint32_t i, uint32_t bundles)
{
    for (; bundles > 0; bundles--) {
        said[i]++;
        puppet_say_bundle(&stage, links[i], &peers[i], said[i], 100);
    }
}

static void ping(uint32_t i)
{
    struct hsy_frame frame = {.type = HSY_PING, .ping = 7};

    puppet_say(&stage, links[i], &frame);
}

static uint32_t pongs(uint32_t i)
{
    return stage_frames(&stage, links[i], HSY_PONG);
}

/* ------------------------------------------------------------------- pauses */

static void over_half_the_jobs_the_busiest_link_is_not_read(void **state)
{
    (void)state;
    begin(2);
    stage.hold_jobs = true;
    say(0, HALF);
    CLAIM(is_read(0));
    say(0, 1);
    CLAIM(!is_read(0));
    CLAIM_INT(stage_counters(&stage)->reads_paused, 1);
    ping(1);
    say(1, HALF / 2 - 1); /* Below its share: two have jobs. */
    CLAIM(is_read(1));
    CLAIM_INT(pongs(1), 1);
    say(1, 1);
    CLAIM(!is_read(1));
    CLAIM_INT(stage_counters(&stage)->reads_paused, 2);
    end();
}

static void at_a_quarter_of_the_jobs_all_are_read_again(void **state)
{
    (void)state;
    begin(2);
    stage.hold_jobs = true;
    say(0, HALF + 1);
    say(1, HALF / 2);
    CLAIM(!is_read(0) && !is_read(1));
    while (stage.jobs_count > QUARTER + 1) {
        CLAIM(stage_job_back(&stage, 0));
    }
    CLAIM(!is_read(0) && !is_read(1));
    CLAIM(stage_job_back(&stage, 0));
    CLAIM(is_read(0) && is_read(1));
    CLAIM_INT(stage.node->unread_count, 0);
    end();
}

static void what_was_read_already_is_heard_later(void **state)
{
    (void)state;
    begin(1);
    stage.hold_jobs = true;
    say(0, 100); /* As if they came in one read. */
    ping(0);
    CLAIM_INT(stage.jobs_count, HALF + 1);
    CLAIM_INT(pongs(0), 0);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, 100);
    CLAIM_INT(pongs(0), 1);
    CLAIM_INT(stage_counters(&stage)->bundles_dropped, 0);
    CLAIM(is_read(0));
    end();
}

/* However many they are, each gives a little, and none is refused. */
static void nothing_is_dropped_when_many_links_bring_much(void **state)
{
    (void)state;
    begin(PEERS);
    stage.hold_jobs = true;
    for (uint32_t i = 0; i < PEERS; i++) {
        say(i, 10);
    }
    CLAIM_INT(stage.jobs_count, JOBS);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, 10 * PEERS);
    CLAIM_INT(stage_counters(&stage)->bundles_dropped, 0);
    CLAIM_INT(stage_counters(&stage)->jobs_refused, 0);
    for (uint32_t i = 0; i < PEERS; i++) {
        CLAIM(is_read(i));
    }
    end();
}

/* Signatures of others' handshakes are jobs, too; they alone pause nobody
 * until all is full. */
static void jobs_of_other_kinds_pause_a_link_when_none_is_left(void **state)
{
    struct puppet strangers[JOBS];

    (void)state;
    begin(1);
    stage.hold_jobs = true;
    for (uint8_t i = 0; i < JOBS; i++) {
        puppet_init(&strangers[i], (uint8_t)(100 + i), HEARSAY_PEER);
    }
    for (uint32_t i = 0; i < JOBS - 1; i++) {
        (void)puppet_dial(&stage, &strangers[i]);
    }
    CLAIM_INT(stage.jobs_count, JOBS - 1);
    ping(0);
    CLAIM_INT(pongs(0), 1);
    CLAIM(is_read(0));
    (void)puppet_dial(&stage, &strangers[JOBS - 1]);
    say(0, 1);
    CLAIM(!is_read(0));
    CLAIM_INT(stage_counters(&stage)->bundles_dropped, 0);
    CLAIM(stage_job_back(&stage, 0));
    CLAIM(stage_job_back(&stage, 0)); /* The first asks for another one. */
    CLAIM(is_read(0));
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, 1);
    end();
}

/* --------------------------------------------------------------------- ends */

static void a_frame_begun_may_wait_while_its_link_is_not_read(void **state)
{
    const uint8_t begun[] = {0, 0, 0};

    (void)state;
    begin(1);
    stage.hold_jobs = true;
    say(0, HALF + 1);
    stage_bytes(&stage, links[0], begun, sizeof(begun));
    stage_run(&stage, 60000);
    CLAIM(stage_is_open(&stage, links[0]));
    CLAIM_INT(stage_counters(&stage)->frames_late, 0);
    stage_settle(&stage);
    stage_run(&stage, 29999);
    CLAIM(stage_is_open(&stage, links[0]));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, links[0]));
    CLAIM_INT(stage_counters(&stage)->frames_late, 1);
    end();
}

static void last_words_are_heard_of_a_link_that_was_not_read(void **state)
{
    (void)state;
    begin(1);
    stage.hold_jobs = true;
    say(0, HALF + 3);
    CLAIM_INT(stage.jobs_count, HALF + 1);
    stage_down(&stage, links[0], HEARSAY_DOWN_CLOSED);
    CLAIM_INT(stage.jobs_count, HALF + 3);
    CLAIM_INT(stage.node->unread_count, 0);
    stage_settle(&stage);
    CLAIM_INT(stage.delivered, HALF + 3);
    CLAIM_INT(stage_ups(&stage), 1); /* The seed. */
    end();
}

static void a_link_that_ends_unread_leaves_nothing_behind(void **state)
{
    (void)state;
    begin(2);
    stage.hold_jobs = true;
    say(0, HALF + 1);
    CLAIM_INT(stage.node->unread_count, 1);
    stage.node->core.env.ports.hang_up(stage.node, links[0], 0, NULL);
    stage_tick(&stage);
    CLAIM_INT(stage.node->unread_count, 0);
    CLAIM_INT(stage.node->busy_count, 0);
    say(1, HALF + 1 - HALF); /* One job more is over half, and all its own. */
    stage_settle(&stage);
    CLAIM_INT(stage.node->busy_count, 0);
    CLAIM_INT(stage.node->checks_count, 0);
    CLAIM(is_read(1));
    end();
}

/* --------------------------------------------------------------------- load */

static struct stage origin, hearer;

/* Three messages are published for every signature that is checked. */
static void load_that_only_exceeds_the_cpu_loses_nothing(void **state)
{
    struct world w = {.stages = {&stage, &origin, &hearer}, .count = 3};
    uint32_t pauses = 0;

    (void)state;
    stage_init(&stage, HEARSAY_SEED, 200, 1);
    stage_init(&origin, HEARSAY_PEER, 2, 1);
    stage_init(&hearer, HEARSAY_PEER, 3, 1);
    hearer.config.jobs_max = JOBS;
    for (uint32_t i = 0; i < w.count; i++) {
        w.stages[i]->config.gossip_count = 0;
        stage_create(w.stages[i]);
        stage_start(w.stages[i]);
    }
    world_run(&w, 20000);
    hearer.hold_jobs = true;
    for (uint32_t i = 1; i <= 300; i++) {
        CLAIM_INT(stage_publish(&origin, "news"), 0);
        world_settle(&w);
        CLAIM(hearer.jobs_count <= JOBS);
        if (i % 3 == 0) {
            CLAIM(stage_job_back(&hearer, 0));
        }
    }
    CLAIM(hearer.delivered <= 100);
    stage_settle(&hearer);
    world_settle(&w);
    CLAIM_INT(hearer.delivered, 300);
    CLAIM_INT(stage_counters(&hearer)->bundles_dropped, 0);
    CLAIM_INT(stage_counters(&hearer)->jobs_refused, 0);
    for (uint32_t i = 0; i < hearer.links_used; i++) {
        pauses += hearer.links[i].pauses;
    }
    CLAIM(pauses >= 10);
    for (uint32_t i = 0; i < w.count; i++) {
        stage_fini(w.stages[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_half_the_jobs_the_busiest_link_is_not_read),
        cmocka_unit_test(at_a_quarter_of_the_jobs_all_are_read_again),
        cmocka_unit_test(what_was_read_already_is_heard_later),
        cmocka_unit_test(nothing_is_dropped_when_many_links_bring_much),
        cmocka_unit_test(jobs_of_other_kinds_pause_a_link_when_none_is_left),
        cmocka_unit_test(a_frame_begun_may_wait_while_its_link_is_not_read),
        cmocka_unit_test(last_words_are_heard_of_a_link_that_was_not_read),
        cmocka_unit_test(a_link_that_ends_unread_leaves_nothing_behind),
        cmocka_unit_test(load_that_only_exceeds_the_cpu_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
