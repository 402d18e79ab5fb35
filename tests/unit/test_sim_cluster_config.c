/* What a cluster may be asked for, who is told what it does, and what it does
 * without memory: with real nodes. */
#include "support/sim_toys.h"

#include "support/mem_fault.h"

static struct hearsay_config real_seed, real_peer;

static struct hsy_cluster_config real_settings(const struct hearsay_mem *mem)
{
    hearsay_config_init(&real_seed, HEARSAY_SEED);
    hearsay_config_init(&real_peer, HEARSAY_PEER);
    real_peer.gossip_count = HEARSAY_UNLIMITED;
    real_peer.gossip_interval_ns = HSY_SECOND;
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, mem);
    config.machine = hsy_machine_node();
    config.crypto = hearsay_crypto_null();
    config.rng = 11;
    config.seeds = 2;
    config.peers = 6;
    config.seed_config = &real_seed;
    config.peer_config = &real_peer;
    return config;
}

/* ----------------------------------------------------------------- config */

static void refused(const struct hsy_cluster_config *config, const char *about)
{
    const char *fault = hsy_cluster_config_fault(config);
    CLAIM(fault != NULL);
    CLAIM(strstr(fault, about) != NULL);
    struct hsy_cluster *c = NULL;
    CLAIM_INT(hsy_cluster_create(&c, config), HEARSAY_ERR_INVALID);
    CLAIM(c == NULL);
}

#define REFUSED(about, field, wrong)                   \
    do {                                               \
        struct hsy_cluster_config config = settings(); \
        config.field = (wrong);                        \
        refused(&config, about);                       \
    } while (0)

static void test_nonsense_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct hsy_cluster_config good = settings();
    CLAIM(hsy_cluster_config_fault(&good) == NULL);
    REFUSED("machine", machine, NULL);
    REFUSED("crypto", crypto, NULL);
    REFUSED("seed_config", seed_config, NULL);
    REFUSED("peer_config", peer_config, NULL);
    REFUSED("seeds", seeds, 0);
    REFUSED("seeds", seeds, HEARSAY_SEEDS_MAX + 1);
    REFUSED("peers", peers, 1000001);
    REFUSED("peers", peers, UINT32_MAX);
    REFUSED("latency_ns", latency_ns, ((struct hsy_range){2, 1}));
    REFUSED("latency_ns", latency_ns, ((struct hsy_range){0, UINT64_MAX}));
    REFUSED("job_ns", job_ns, ((struct hsy_range){2, 1}));
    REFUSED("disk_ns", disk_ns, ((struct hsy_range){2, 1}));
    REFUSED("clock_ns", clock_ns, ((struct hsy_range){2, 1}));
    REFUSED("clock_ns", clock_ns, ((struct hsy_range){0, UINT64_MAX}));
    REFUSED("dial_timeout_ns", dial_timeout_ns, 0);
    REFUSED("dial_timeout_ns", dial_timeout_ns, UINT64_MAX);
    REFUSED("tail_ppm", tail_ppm, 1000001);
    REFUSED("tail_ns", tail_ns, UINT64_MAX);
    REFUSED("bytes_per_s", bytes_per_s, 1023);
    REFUSED("window_len", window_len, 0);
    REFUSED("backlog_max", backlog_max, 0);
    REFUSED("groups", groups, 1025);
    REFUSED("strangers", strangers_from, 1);
    REFUSED("strangers", strangers_groups, 1);
    good.one_host = true;
    CLAIM(hsy_cluster_config_fault(&good) == NULL);
    good.peers = 60000;
    refused(&good, "one host");
}

static void test_what_the_cluster_itself_is_asked_is_checked(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    struct hsy_weather weather = hsy_cluster_weather(c);
    weather.latency_ns.min = weather.latency_ns.max + 1;
    CLAIM_DIES(hsy_cluster_set_weather(c, &weather));
    CLAIM_DIES((void)hsy_cluster_reset(c, 1, 1000001));
    CLAIM_DIES(hsy_cluster_slow(c, 1, UINT64_MAX));
    CLAIM_DIES(hsy_cluster_far(c, 1, UINT64_MAX));
    CLAIM_DIES(hsy_cluster_isolate(c, 99));
    hsy_cluster_destroy(c);
}

/* -------------------------------------------------------------- observers */

struct watch {
    uint32_t sent, stepped, from, to;
    size_t len;
    uint64_t steps;
};

static void on_sent(void *ctx, uint32_t from, uint32_t to, const uint8_t *bytes,
                    size_t len)
{
    struct watch *w = ctx;
    CLAIM(memcmp(bytes, "hello", len < 5 ? len : 5) == 0);
    w->sent++;
    w->from = from;
    w->to = to;
    w->len += len;
}

static void on_stepped(void *ctx, uint32_t node)
{
    struct watch *w = ctx;
    CLAIM(node < 4);
    w->stepped++;
}

static void test_an_observer_sees_what_is_sent_and_every_step(void **state)
{
    (void)state;
    struct watch watch = {0};
    struct hsy_cluster_config config = settings();
    config.observer = (struct hsy_observer){
        .ctx = &watch, .sent = on_sent, .stepped = on_stepped};
    struct hsy_cluster *c = cluster_of(&config);
    hearsay_link link = link_up(c, 3, 2);
    plan_send(3, link, "hello", 5);
    poke(c, 3);
    CLAIM_INT(watch.sent, 1);
    CLAIM_INT(watch.from, 3);
    CLAIM_INT(watch.to, 2);
    CLAIM_INT(watch.len, 5);
    plan_send(3, 998, "hello, nobody", 13); /* No such link. */
    poke(c, 3);
    run_ms(c, 100);
    CLAIM_INT(watch.sent, 1);
    CLAIM_INT(watch.stepped, hsy_cluster_steps(c));
    hsy_cluster_destroy(c);
}

/* ------------------------------------------------------------- real nodes */

/* Half a minute of a small network, with a bit of everything. */
static int live(struct hsy_cluster *c)
{
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < hsy_cluster_count(c) && err == HEARSAY_OK; i++) {
        err = hsy_cluster_start(c, i, i * 100 * HSY_MS);
    }
    err = err != 0 ? err : hsy_cluster_run(c, 3 * HSY_SECOND);
    err = err != 0 ? err : hsy_cluster_cut_way(c, 3, 4);
    err = err != 0 ? err : hsy_cluster_cut(c, 2, 5);
    hsy_cluster_disk_mood(c, 2, HSY_DISK_LYING);
    hsy_cluster_slow(c, 5, 20 * HSY_MS);
    (void)hsy_cluster_reset(c, 3, 500000);
    err = err != 0 ? err : hsy_cluster_run(c, 6 * HSY_SECOND);
    err = err != 0 ? err : hsy_cluster_kill(c, 2);
    err = err != 0 ? err : hsy_cluster_disk_harm(c, 2, HSY_HARM_STALE);
    err = err != 0 ? err : hsy_cluster_disk_harm(c, 2, HSY_HARM_FLIP);
    err = err != 0 ? err : hsy_cluster_start(c, 2, HSY_SECOND);
    err = err != 0 ? err : hsy_cluster_freeze(c, 6);
    hsy_cluster_heal(c, 3);
    err = err != 0 ? err : hsy_cluster_run(c, 9 * HSY_SECOND);
    err = err != 0 ? err : hsy_cluster_thaw(c, 6);
    hsy_cluster_heal_pair(c, 2, 5);
    err = err != 0 ? err : hsy_cluster_leave(c, 7);
    return err != 0 ? err : hsy_cluster_run(c, 12 * HSY_SECOND);
}

static uint64_t digest_with(uint64_t rng, uint64_t salt)
{
    struct hsy_cluster_config config = real_settings(hearsay_mem_default());
    config.rng = rng;
    config.hash_salt = salt;
    config.tail_ppm = 10000;
    config.tail_ns = 3 * HSY_SECOND;
    config.bytes_per_s = 100000;
    struct hsy_cluster *c = NULL;
    CLAIM_INT(hsy_cluster_create(&c, &config), HEARSAY_OK);
    int err = live(c);
    if (err != HEARSAY_OK) {
        fail_msg("%d %s", err, hsy_cluster_fault(c));
    }
    uint64_t digest = hsy_cluster_digest(c);
    hsy_cluster_destroy(c);
    return digest;
}

static void test_the_hash_salt_changes_nothing_to_be_seen(void **state)
{
    (void)state;
    CLAIM(digest_with(1, 1) == digest_with(1, UINT64_C(0x9e3779b97f4a7c15)));
    CLAIM(digest_with(2, 0) == digest_with(2, 77));
    CLAIM(digest_with(1, 1) != digest_with(2, 1));
    struct hsy_cluster_config config = settings();
    config.hash_salt = 4711;
    struct hsy_cluster *c = cluster_of(&config);
    CLAIM_INT(diaries[1].hash_salt, 4711); /* The nodes have it too. */
    hsy_cluster_destroy(c);
}

/* At the first some hundred allocations each, and then at ever fewer, for a
 * network makes too many to try them all here. */
static void test_no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    uint64_t fails_at = 1;
    uint64_t tries = 0;
    int err = HEARSAY_ERR_NOMEM;
    bool survived = false;
    while (!survived) {
        struct mem_fault fault = mem_fault_at(fails_at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_cluster_config config = real_settings(&mem);
        struct hsy_cluster *c = NULL;
        err = hsy_cluster_create(&c, &config);
        if (err == HEARSAY_OK) {
            err = live(c);
        }
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        hsy_cluster_destroy(c);
        CLAIM_INT(fault.live, 0);
        survived = fault.calls < fails_at;
        fails_at += 1 + fails_at / 64;
        tries++;
    }
    CLAIM_INT(err, HEARSAY_OK);
    CLAIM(tries > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nonsense_is_refused_with_a_reason),
        cmocka_unit_test(test_what_the_cluster_itself_is_asked_is_checked),
        cmocka_unit_test(test_an_observer_sees_what_is_sent_and_every_step),
        cmocka_unit_test(test_the_hash_salt_changes_nothing_to_be_seen),
        cmocka_unit_test(test_no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests_name("sim_cluster_config", tests, NULL, NULL);
}
