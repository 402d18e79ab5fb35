/* A node from its settings to its last effect. */
#include <stdlib.h>
#include <string.h>

#include "node/inner.h"
#include "node/rows.h"
#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/node_rig.h"

static struct stage stage, other;

static const struct hearsay_event tick = {.kind = HEARSAY_EV_TICK};
static const struct hearsay_event start = {.kind = HEARSAY_EV_START};

/* ---------------------------------------------------------------- settings */

typedef void (*spoiler)(struct hearsay_config *c);

static char long_text[HEARSAY_NAME_MAX + 2];

static const char *const bad_topics[] = {"a*b"};

#define SPOILER(name, statement)                       \
    static void spoil_##name(struct hearsay_config *c) \
    {                                                  \
        statement;                                     \
    }

SPOILER(role, c->role = (enum hearsay_role)3)
SPOILER(name, c->name = long_text)
SPOILER(network, c->network = "")
SPOILER(no_seeds, c->seeds_count = 0)
SPOILER(many_seeds, c->seeds_count = HEARSAY_SEEDS_MAX + 1)
SPOILER(no_addrs, c->addrs_count = 0)
SPOILER(many_addrs, c->addrs_count = HEARSAY_ADDRS_MAX + 1)
SPOILER(addr_port, c->addrs[0].port = 0)
SPOILER(addr_twice, c->addrs[1] = c->addrs[0]; c->addrs_count = 2)
SPOILER(seed_port, (void)c; stage.lines[0].port = 0)
SPOILER(seed_host, (void)c; stage.lines[0].host[0] = '\0')
SPOILER(crypto, c->crypto = NULL)
SPOILER(mem, c->mem.free = NULL)
SPOILER(ping_interval, c->ping_interval_ns = 10 * HSY_MS - 1)
SPOILER(ping_short, c->ping_timeout_ns = 10 * HSY_MS - 1)
SPOILER(ping_long, c->ping_timeout_ns = 12 * HSY_SECOND + 1)
SPOILER(gossip, c->gossip_interval_ns = HSY_MS - 1)
SPOILER(lease, c->lease_ns = HSY_SECOND - 1)
SPOILER(no_links, c->links_wanted = 0)
SPOILER(many_links, c->links_wanted = 65)
SPOILER(links_max, c->links_max = 15)
SPOILER(links_for_seeds, (c->links_max = 16, c->seeds_count = 6))
SPOILER(peers_max, c->peers_max = 0)
SPOILER(book_max, c->book_max = 0)
SPOILER(seen_max, c->seen_max = 0)
SPOILER(retain_none, c->retain_max = 0)
SPOILER(retain_many, c->retain_max = 10000001)
SPOILER(origins_few, c->origins_max = 15)
SPOILER(origins_many, c->origins_max = 1000001)
SPOILER(shortcuts, c->shortcuts = 65)
SPOILER(spares, c->spares_percent = 101)
SPOILER(retain_small, c->retain_bytes = 64 * 1024 - 1)
SPOILER(retain_big, c->retain_bytes = (UINT64_C(64) << 30) + 1)
SPOILER(retain_brief, c->retain_ns = HSY_SECOND - 1)
SPOILER(retain_long, c->retain_ns = 24 * 60 * HSY_MINUTE + 1)
SPOILER(announce_brief, c->announce_ns = HSY_MS - 1)
SPOILER(announce_long, c->announce_ns = 10 * HSY_SECOND + 1)
SPOILER(topics_none, c->topics_count = 1)
SPOILER(topics_bad, c->topics = bad_topics; c->topics_count = 1)
SPOILER(topics_many, c->topics = bad_topics; c->topics_count = 65)
SPOILER(ordered_brief, c->ordered_wait_ns = HSY_MS - 1)
SPOILER(ordered_long, c->ordered_wait_ns = 10 * HSY_MINUTE + 1)
SPOILER(queue_max, c->queue_max = 128 * 1024 - 1)
SPOILER(jobs_max, c->jobs_max = 15)
SPOILER(frame_small, c->frame_max = 64 * 1024 - 1)
SPOILER(frame_big, c->frame_max = 16 * 1024 * 1024 + 1)

static void each_setting_out_of_range_is_refused_by_name(void **state)
{
    static const struct {
        spoiler spoil;
        const char *word;
    } cases[] = {
        {spoil_role, "role"},
        {spoil_name, "name"},
        {spoil_network, "network"},
        {spoil_no_seeds, "seeds"},
        {spoil_many_seeds, "seeds"},
        {spoil_no_addrs, "addrs"},
        {spoil_many_addrs, "addrs"},
        {spoil_addr_port, "addrs"},
        {spoil_addr_twice, "addrs"},
        {spoil_seed_port, "seeds"},
        {spoil_seed_host, "seeds"},
        {spoil_crypto, "crypto"},
        {spoil_mem, "mem"},
        {spoil_ping_interval, "ping_interval"},
        {spoil_ping_short, "ping_timeout"},
        {spoil_ping_long, "ping_timeout"},
        {spoil_gossip, "gossip_interval"},
        {spoil_lease, "lease"},
        {spoil_no_links, "links_wanted"},
        {spoil_many_links, "links_wanted"},
        {spoil_links_max, "links_max"},
        {spoil_links_for_seeds, "links_max: 14 and half"},
        {spoil_peers_max, "peers_max"},
        {spoil_book_max, "book_max"},
        {spoil_seen_max, "seen_max"},
        {spoil_retain_none, "retain_max"},
        {spoil_retain_many, "retain_max"},
        {spoil_origins_few, "origins_max"},
        {spoil_origins_many, "origins_max"},
        {spoil_shortcuts, "shortcuts"},
        {spoil_spares, "spares_percent"},
        {spoil_retain_small, "retain_bytes"},
        {spoil_retain_big, "retain_bytes"},
        {spoil_retain_brief, "retain:"},
        {spoil_retain_long, "retain:"},
        {spoil_announce_brief, "announce:"},
        {spoil_announce_long, "announce:"},
        {spoil_topics_bad, "topics"},
        {spoil_topics_many, "topics"},
        {spoil_topics_none, "topics"},
        {spoil_ordered_brief, "ordered_wait"},
        {spoil_ordered_long, "ordered_wait"},
        {spoil_queue_max, "queue_max"},
        {spoil_jobs_max, "jobs_max"},
        {spoil_frame_small, "frame_max"},
        {spoil_frame_big, "frame_max"},
    };

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *why = "";
        struct hearsay_node *node = NULL;
        stage_init(&stage, HEARSAY_PEER, 1, 1);
        cases[i].spoil(&stage.config);
        CLAIM_INT(hearsay_node_create(&node, &stage.config, &why),
                  HEARSAY_ERR_INVALID);
        CLAIM(node == NULL);
        CLAIM(strstr(why, cases[i].word) == why);
    }
}

static void the_limits_themselves_are_allowed(void **state)
{
    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.ping_interval_ns = 10 * HSY_MS;
    stage.config.ping_timeout_ns = 12 * HSY_SECOND;
    stage.config.gossip_interval_ns = HSY_MS;
    stage.config.lease_ns = HSY_SECOND;
    stage.config.links_wanted = 64;
    stage.config.links_max = 16;
    stage.config.book_max = 1;
    stage.config.seen_max = 1;
    stage.config.retain_max = 1;
    stage.config.origins_max = 16;
    stage.config.retain_bytes = 64 * 1024;
    stage.config.retain_ns = HSY_SECOND;
    stage.config.announce_ns = HSY_MS;
    stage.config.ordered_wait_ns = HSY_MS;
    stage.config.queue_max = 128 * 1024;
    stage.config.jobs_max = 16;
    stage.config.frame_max = 64 * 1024;
    stage_create(&stage);
    stage_fini(&stage);
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.retain_max = 10000000;
    stage.config.origins_max = 1000000;
    stage.config.retain_bytes = UINT64_C(64) << 30;
    stage.config.retain_ns = 24 * 60 * HSY_MINUTE;
    stage.config.announce_ns = 10 * HSY_SECOND;
    stage.config.shortcuts = 64;
    stage.config.ordered_wait_ns = 10 * HSY_MINUTE;
    stage.config.spares_percent = 100;
    stage_create(&stage);
    stage_fini(&stage);
}

/* ------------------------------------------------------------------ seasons */

static int subscribe(const char *pattern, bool on)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_SUBSCRIBE};

    ev.subscribe.pattern = pattern;
    ev.subscribe.on = on;
    return stage_step(&stage, &ev);
}

static void topics_are_of_a_peer_and_at_any_time(void **state)
{
    static const char *const topics[] = {"disk", "alerts/*"};

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.topics = topics;
    stage.config.topics_count = 2;
    stage_create(&stage);
    const struct hsy_topics *t = &stage.node->core.relay.delivery.topics;
    CLAIM_INT(t->count, 2);
    CLAIM_INT(subscribe("net", true), HEARSAY_ERR_STATE);
    CLAIM_INT(stage_step(&stage, &start), 0);
    CLAIM_INT(subscribe("net", true), 0);
    CLAIM_INT(t->count, 3);
    CLAIM_INT(subscribe("alerts/*", false), 0);
    CLAIM_INT(t->count, 2);
    CLAIM_INT(subscribe("n*t", true), HEARSAY_ERR_INVALID);
    CLAIM_INT(t->count, 2);
    stage_fini(&stage);

    stage_init(&stage, HEARSAY_SEED, 1, 1);
    stage_create(&stage);
    CLAIM_INT(stage_step(&stage, &start), 0);
    CLAIM_INT(subscribe("net", true), HEARSAY_ERR_STATE);
    stage_fini(&stage);
}

static void start_comes_first_and_once(void **state)
{
    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    CLAIM_INT(stage_step(&stage, &tick), HEARSAY_ERR_STATE);
    CLAIM(hearsay_deadline(stage.node) == HEARSAY_NEVER);
    CLAIM_INT(stage.effects_count, 0);
    CLAIM_INT(stage_step(&stage, &start), 0);
    CLAIM_INT(stage_step(&stage, &start), HEARSAY_ERR_STATE);
    stage_fini(&stage);
}

static void effects_must_be_drained_before_the_next_step(void **state)
{
    struct hearsay_effect effect;

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    CLAIM_INT(hearsay_step(stage.node, &stage.now, &start), 0);
    CLAIM_INT(hearsay_step(stage.node, &stage.now, &tick), HEARSAY_ERR_BUSY);
    while (hearsay_next_effect(stage.node, &effect)) {
        CLAIM(effect.kind != HEARSAY_FX_SEND);
    }
    CLAIM_INT(hearsay_step(stage.node, &stage.now, &tick), 0);
    stage_fini(&stage);
}

static void publishing_needs_a_peer_that_has_joined(void **state)
{
    struct puppet seed;

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    CLAIM_INT(stage_publish(&stage, "early"), HEARSAY_ERR_STATE);
    puppet_init(&seed, 200, HEARSAY_SEED);
    (void)puppet_seat(&stage, &seed, 1);
    CLAIM_INT(stage_publish(&stage, "now"), 0);
    stage_leave(&stage);
    CLAIM(stage.stopped);
    CLAIM_INT(stage_publish(&stage, "late"), HEARSAY_ERR_STATE);
    stage_fini(&stage);
}

static void stopped_is_the_last_effect_and_waits_for_every_job(void **state)
{
    struct puppet seed;
    struct puppet peer;

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
    hearsay_link link = puppet_seat(&stage, &seed, 1);
    hearsay_link half = stage_accept(&stage, &peer.record.addrs[0]);
    stage.hold_jobs = true;
    CLAIM_INT(stage_publish(&stage, "last"), 0);
    CLAIM_INT(stage_publish(&stage, "very last"), 0);
    stage_leave(&stage);
    CLAIM_INT(stage.jobs_count, 2); /* The good-bye is signed after them. */
    stage_run(&stage, 1999);
    CLAIM(stage_is_open(&stage, link));
    stage_run(&stage, 1); /* No signed good-bye in time. */
    CLAIM(!stage_is_open(&stage, link));
    CLAIM(!stage_is_open(&stage, half));
    CLAIM(!stage.stopped);
    hearsay_link late = stage_accept(&stage, &peer.record.addrs[0]);
    CLAIM(!stage_is_open(&stage, late)); /* No job, so no link to keep. */
    CLAIM(stage_job_back(&stage, 0));
    CLAIM(!stage.stopped);
    CLAIM(stage_job_back(&stage, 0));
    CLAIM(stage.stopped);
    CLAIM_INT(stage.stop_why, HEARSAY_STOP_LEFT);
    CLAIM_INT(stage_step(&stage, &tick), HEARSAY_ERR_STATE);
    CLAIM_INT(stage.effects_after_stop, 0);
    CLAIM(hearsay_deadline(stage.node) == HEARSAY_NEVER);
    stage_fini(&stage);
}

static void a_peer_says_good_bye_before_it_stops(void **state)
{
    struct puppet seed;
    struct hsy_frame leave;

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    hearsay_link link = puppet_seat(&stage, &seed, 1);
    stage_leave(&stage);
    CLAIM(stage.stopped);
    CLAIM(stage_frame(&stage, link, HSY_LEAVE, &leave));
    CLAIM_INT(leave.leave.incarnation, 1);
    stage_fini(&stage);
}

static void a_disk_that_fails_stops_the_node(void **state)
{
    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    stage.writes_fail = true;
    stage_start(&stage);
    CLAIM(stage.stopped);
    CLAIM_INT(stage.stop_why, HEARSAY_STOP_DISK);
    stage_fini(&stage);
}

/* -------------------------------------------------------------------- rows */

/* With a seal that fits. */
static int restore_sealed(const struct hearsay_row *row)
{
    uint8_t value[1024];
    struct hearsay_row sealed = *row;

    CLAIM(row->value_len + HSY_SEAL_LEN <= sizeof(value));
    memcpy(value, row->value, row->value_len);
    hsy_row_seal(value + row->value_len, row);
    sealed.value = value;
    sealed.value_len += HSY_SEAL_LEN;
    return hearsay_node_restore(stage.node, &sealed);
}

static int restore(enum hearsay_table table, const char *key, const void *value,
                   size_t len)
{
    struct hearsay_row row = {.table = table,
                              .key = (const uint8_t *)key,
                              .key_len = strlen(key),
                              .value = value,
                              .value_len = len};

    return restore_sealed(&row);
}

static void an_incarnation_row_is_believed_only_if_it_is_whole(void **state)
{
    const uint8_t seven[] = {0, 0, 0, 0, 0, 0, 0, 7};
    const uint8_t zero[8] = {0};
    const uint8_t huge[] = {0x3f, 255, 255, 255, 255, 255, 255, 255};

    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnation", seven, 7),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnatiom", seven, 8),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnation", zero, 8),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnation", huge, 8),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnation", seven, 8), 0);
    stage_start(&stage);
    CLAIM_INT(stage.incarnation_saved, 8);
    CLAIM_INT(restore(HEARSAY_TABLE_SELF, "incarnation", seven, 8),
              HEARSAY_ERR_STATE);
    stage_fini(&stage);
}

static void rows_of_the_other_role_or_damaged_are_skipped(void **state)
{
    struct puppet peer;
    uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hearsay_row row = {.table = HEARSAY_TABLE_BOOK, .value = bytes};

    (void)state;
    puppet_init(&peer, 2, HEARSAY_PEER);
    hsy_put_record(&out, &peer.record);
    row.key = peer.id.bytes;
    row.key_len = HEARSAY_ID_LEN;
    row.value_len = out.len;
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage_create(&stage);
    CLAIM_INT(restore_sealed(&row), 0);
    row.value_len--;
    CLAIM_INT(restore_sealed(&row), HEARSAY_ERR_MALFORMED);
    row.value_len++;
    row.key_len--;
    CLAIM_INT(restore_sealed(&row), HEARSAY_ERR_MALFORMED);
    row.key_len++;
    row.key = stage.config.secret;
    CLAIM_INT(restore_sealed(&row), HEARSAY_ERR_MALFORMED);
    row.table = HEARSAY_TABLE_REGISTRY;
    CLAIM_INT(restore_sealed(&row), HEARSAY_ERR_MALFORMED);
    row.table = HEARSAY_TABLE_BOOK;
    row.value = NULL;
    row.value_len = 0;
    CLAIM_INT(hearsay_node_restore(stage.node, &row), HEARSAY_ERR_MALFORMED);
    stage_fini(&stage);
}

/* ------------------------------------------------------------- determinism */

/* A seed and two peers that join, gossip, lose a link, and leave. */
static struct world world;
static struct stage third;

static uint64_t salt;

static void play(uint32_t chunk)
{
    stage_init(&stage, HEARSAY_SEED, 200, 1);
    stage_init(&other, HEARSAY_PEER, 2, 1);
    stage_init(&third, HEARSAY_PEER, 3, 1);
    world = (struct world){
        .stages = {&stage, &other, &third}, .count = 3, .chunk = chunk};
    for (uint32_t i = 0; i < 3; i++) {
        world.stages[i]->config.hash_salt = salt;
        stage_create(world.stages[i]);
        stage_start(world.stages[i]);
    }
    world_run(&world, 20000);
    world_cut(&world, &other, &third);
    world_run(&world, 20000);
    stage_leave(&third);
    world_run(&world, 1000);
}

static void stop_playing(void)
{
    stage_fini(&stage);
    stage_fini(&other);
    stage_fini(&third);
}

static void equal_events_give_equal_effects(void **state)
{
    uint64_t first[3];

    (void)state;
    play(0);
    for (uint32_t i = 0; i < 3; i++) {
        first[i] = world.stages[i]->digest;
        CLAIM(world.stages[i]->effects_count > 20);
    }
    stop_playing();
    play(0);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM(world.stages[i]->digest == first[i]);
    }
    stop_playing();
}

static void no_effect_depends_on_the_hash_salt(void **state)
{
    uint64_t first[3];

    (void)state;
    play(0);
    for (uint32_t i = 0; i < 3; i++) {
        first[i] = world.stages[i]->digest;
    }
    stop_playing();
    for (salt = 1; salt <= 5; salt++) {
        play(0);
        for (uint32_t i = 0; i < 3; i++) {
            CLAIM(world.stages[i]->digest == first[i]);
        }
        stop_playing();
    }
    salt = 0;
}

static void two_peers_hear_each_other_however_the_bytes_are_cut(void **state)
{
    static const uint32_t chunks[] = {0, 1, 7, 100};

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        play(chunks[i]);
        CLAIM_INT(stage_counters(&stage)->registrations, 2);
        CLAIM(other.delivered >= 7); /* One each five seconds. */
        CLAIM(third.delivered >= 7);
        CLAIM(third.stopped);
        CLAIM_INT(stage_counters(&stage)->departures, 1);
        CLAIM_INT(stage_counters(&stage)->malformed, 0);
        CLAIM_INT(stage_counters(&other)->malformed, 0);
        CLAIM_INT(stage_counters(&other)->reports_sent, 0);
        stop_playing();
    }
}

/* ---------------------------------------------------------- without memory */

static struct mem_fault fault;

/* A peer joins, links, publishes, hears, leaves. False: it could not even be
 * created. */
static bool live(void)
{
    struct puppet seed;
    struct puppet peer;
    struct hsy_frame connect = {.type = HSY_CONNECT};
    const struct stage_link *dial;

    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.mem = mem_fault_mem(&fault);
    if (hearsay_node_create(&stage.node, &stage.config, NULL) != 0) {
        return false;
    }
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
    dial = stage_dial(&stage, 7200);
    hearsay_link link = dial == NULL ? 0 : dial->link;
    if (dial != NULL) {
        puppet_answer(&stage, link, &seed);
    }
    struct hsy_frame reg;
    if (stage_frame(&stage, link, HSY_REGISTER, &reg)) {
        struct hsy_frame answer = {.type = HSY_REGISTERED};
        uint8_t list[600];
        struct hsy_writer out = hsy_writer(list, sizeof(list));
        answer.registered.incarnation = reg.reg.incarnation;
        answer.registered.peers_count = 2;
        hsy_records_add(&out, &answer.registered.sample, &peer.record);
        puppet_say(&stage, link, &answer);
    }
    link = puppet_dial(&stage, &peer);
    puppet_say(&stage, link, &connect);
    (void)stage_publish(&stage, "hello");
    stage_run(&stage, 15000);
    stage_leave(&stage);
    stage_run(&stage, 3000);
    stage_settle(&stage);
    return true;
}

static void without_memory_nothing_crashes_and_nothing_leaks(void **state)
{
    uint64_t calls = 0;

    (void)state;
    fault = mem_fault_at(MEM_FAULT_NEVER);
    CLAIM(live());
    CLAIM(stage.stopped);
    CLAIM(stage_counters(&stage)->published >= 1);
    stage_fini(&stage);
    calls = fault.calls;
    CLAIM_INT(fault.live, 0);
    CLAIM(calls > 50);
    for (uint64_t at = 1; at <= calls; at++) {
        fault = mem_fault_at(at);
        (void)live();
        stage_fini(&stage);
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_out_of_range_is_refused_by_name),
        cmocka_unit_test(the_limits_themselves_are_allowed),
        cmocka_unit_test(topics_are_of_a_peer_and_at_any_time),
        cmocka_unit_test(start_comes_first_and_once),
        cmocka_unit_test(effects_must_be_drained_before_the_next_step),
        cmocka_unit_test(publishing_needs_a_peer_that_has_joined),
        cmocka_unit_test(stopped_is_the_last_effect_and_waits_for_every_job),
        cmocka_unit_test(a_peer_says_good_bye_before_it_stops),
        cmocka_unit_test(a_disk_that_fails_stops_the_node),
        cmocka_unit_test(an_incarnation_row_is_believed_only_if_it_is_whole),
        cmocka_unit_test(rows_of_the_other_role_or_damaged_are_skipped),
        cmocka_unit_test(equal_events_give_equal_effects),
        cmocka_unit_test(no_effect_depends_on_the_hash_salt),
        cmocka_unit_test(two_peers_hear_each_other_however_the_bytes_are_cut),
        cmocka_unit_test(without_memory_nothing_crashes_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
