/* Many small networks, each drawn from one PRNG seed: its size, overlay rule,
 * delays, and what befalls it (kills, freezes, restarts, departures, cuts).
 * While that lasts, the promises of safety must hold; then everything is
 * healed, and within two minutes the network must be whole again.
 *
 * A failure names its seed. HEARSAY_SWARM_RNG=N runs that one alone
 * (with HEARSAY_SWARM_TRACE=1, telling all); HEARSAY_SWARM_RUNS=N runs more.
 * rng.txt holds the seeds that ever failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/time.h"
#include "node/view.h"
#include "sim/witness.h"

enum { RUNS = 200, FIRST_RNG = 1000, STORY_LEN = 16 * 1024 };

/* What may befall a network; each kind is on with p = 1/2. */
enum fault {
    FAULT_KILL,
    FAULT_FREEZE,
    FAULT_RESTART,
    FAULT_LEAVE,
    FAULT_ISOLATE,
    FAULT_CUT,
    FAULT_SEED_KILL, /* These four last: they strike seeds. */
    FAULT_SEED_FREEZE,
    FAULT_SEED_RESTART,
    FAULT_SEED_ISOLATE,
    FAULTS
};

static const char *const fault_names[FAULTS] = {
    "kill", "freeze", "restart", "leave",   "isolate",
    "cut",  "kill",   "freeze",  "restart", "isolate"};

struct swarm {
    uint64_t rng;
    struct hsy_prng prng;
    struct hearsay_config seed_config, peer_config;
    struct hsy_cluster_config config;
    struct hsy_witness *w;
    bool on[FAULTS];
    uint32_t joins; /* Registrations and links, since it was last cleared. */
    char why[256];  /* "" while all is well. */
};

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static uint64_t draw(struct swarm *s, uint64_t min, uint64_t max)
{
    return min + hsy_prng_below(&s->prng, max - min + 1);
}

static bool coin(struct swarm *s)
{
    return hsy_prng_below(&s->prng, 2) == 0;
}

/* ------------------------------------------------------------- the network */

static void choose_network(struct swarm *s)
{
    hearsay_config_init(&s->seed_config, HEARSAY_SEED);
    hearsay_config_init(&s->peer_config, HEARSAY_PEER);
    s->peer_config.overlay = (enum hearsay_overlay)draw(s, 0, 2);
    s->peer_config.links_wanted = (uint32_t)draw(s, 2, 5);
    s->peer_config.gossip_count = coin(s) ? HEARSAY_UNLIMITED : 10;
    s->peer_config.gossip_interval_ns = draw(s, 1, 10) * HSY_SECOND;
    /* Who went while no seed was up is hidden when the lease ends. */
    s->seed_config.lease_ns = 60 * HSY_SECOND;

    hsy_cluster_config_init(&s->config, hearsay_mem_default());
    s->config.machine = hsy_machine_node();
    s->config.crypto = hearsay_crypto_null();
    s->config.rng = s->rng;
    s->config.seeds = (uint32_t)draw(s, 1, 5);
    s->config.peers = (uint32_t)draw(s, 4, 16);
    s->config.seed_config = &s->seed_config;
    s->config.peer_config = &s->peer_config;
    s->config.latency_ns.min = draw(s, 0, 5) * HSY_MS;
    s->config.latency_ns.max =
        s->config.latency_ns.min + draw(s, 0, coin(s) ? 20 : 200) * HSY_MS;
    s->config.job_ns.max = draw(s, 0, 30) * HSY_MS;
    s->config.disk_ns.max = draw(s, 1, 100) * HSY_MS;
    s->config.one_host = coin(s);
    for (int i = 0; i < FAULTS; i++) {
        s->on[i] = coin(s);
    }
}

static void broke(struct swarm *s, const char *what, uint32_t node,
                  uint64_t number)
{
    if (s->why[0] == '\0') {
        struct hsy_line line = hsy_line(s->why, sizeof(s->why));
        hsy_line_node(&line, s->w->cluster, node);
        hsy_line_text(&line, ": ");
        hsy_line_text(&line, what);
        hsy_line_text(&line, " (");
        hsy_line_u64(&line, number);
        hsy_line_text(&line, ")");
    }
}

static void run_until(struct swarm *s, uint64_t until_ns)
{
    if (s->why[0] != '\0') {
        return;
    }
    if (hsy_cluster_run(s->w->cluster, until_ns) != HEARSAY_OK) {
        broke(s, hsy_cluster_fault(s->w->cluster), 0, 0);
    }
    if (s->w->err != HEARSAY_OK) {
        broke(s, hearsay_strerror(s->w->err), 0, 0);
    }
    if (hsy_ledger_broken(s->w->ledger)[0] != '\0') {
        broke(s, hsy_ledger_broken(s->w->ledger), 0, 0);
    }
}

static void run_for(struct swarm *s, uint64_t span_ns)
{
    run_until(s, hsy_cluster_now(s->w->cluster) + span_ns);
}

static uint32_t any_peer(struct swarm *s)
{
    return s->config.seeds + (uint32_t)draw(s, 0, s->config.peers - 1);
}

/* ------------------------------------------------------------------- chaos */

static void tell(struct swarm *s, const char *what, uint32_t node)
{
    char text[64];
    struct hsy_line line = hsy_line(text, sizeof(text));
    hsy_line_text(&line, what);
    hsy_line_text(&line, " ");
    hsy_line_node(&line, s->w->cluster, node);
    hsy_story_action(&s->w->story, s->w->cluster, text);
    if (getenv("HEARSAY_SWARM_RNG") != NULL) {
        (void)fprintf(stderr, "# %.3f %s\n",
                      (double)hsy_cluster_now(s->w->cluster) / 1e9, text);
    }
}

static int befall(struct swarm *s, enum fault fault, uint32_t node)
{
    struct hsy_cluster *c = s->w->cluster;
    uint32_t other = any_peer(s);
    switch (fault) {
    case FAULT_KILL:
    case FAULT_SEED_KILL:
        return hsy_cluster_kill(c, node);
    case FAULT_FREEZE:
    case FAULT_SEED_FREEZE:
        return hsy_cluster_process(c, node) == HSY_PROCESS_FROZEN
                   ? hsy_cluster_thaw(c, node)
                   : hsy_cluster_freeze(c, node);
    case FAULT_RESTART:
    case FAULT_SEED_RESTART:
        (void)!hsy_cluster_kill(c, node); /* It may be down already. */
        return hsy_cluster_start(c, node, draw(s, 0, 3000) * HSY_MS);
    case FAULT_LEAVE:
        return hsy_cluster_leave(c, node);
    case FAULT_ISOLATE:
    case FAULT_SEED_ISOLATE:
        if (hsy_cluster_is_isolated(c, node)) {
            hsy_cluster_heal(c, node);
        } else {
            hsy_cluster_isolate(c, node);
        }
        return HEARSAY_OK;
    case FAULT_CUT:
        return other == node ? HEARSAY_OK : hsy_cluster_cut(c, node, other);
    case FAULTS:
        break;
    }
    return HEARSAY_OK;
}

static void chaos(struct swarm *s)
{
    uint64_t faults = draw(s, 0, 20);
    for (uint64_t i = 0; i < faults && s->why[0] == '\0'; i++) {
        run_for(s, draw(s, 100, coin(s) ? 1000 : 30000) * HSY_MS);
        enum fault fault = (enum fault)draw(s, 0, FAULTS - 1);
        uint32_t node = fault >= FAULT_SEED_KILL
                            ? (uint32_t)draw(s, 0, s->config.seeds - 1)
                            : any_peer(s);
        if (s->why[0] == '\0' && s->on[fault]) {
            tell(s, fault_names[fault], node);
            (void)!befall(s, fault, node); /* Refused: nothing befell it. */
        }
    }
}

/* ------------------------------------------------------------------- quiet */

/* Everything heals; of the dead, some stay so. At least three peers live. */
static void heal_all(struct swarm *s)
{
    struct hsy_cluster *c = s->w->cluster;
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        hsy_cluster_heal(c, i);
        (void)!hsy_cluster_thaw(c, i); /* It may not be frozen. */
        bool must_run = i < s->config.seeds + 3;
        if (hsy_cluster_process(c, i) == HSY_PROCESS_NONE &&
            (must_run || coin(s))) {
            tell(s, "start", i);
            (void)!hsy_cluster_start(c, i, 0);
        }
    }
    hsy_story_action(&s->w->story, c, "all is healed");
}

static void check_joined(struct swarm *s, uint32_t node)
{
    struct hsy_view_status status;
    const struct hsy_cluster *c = s->w->cluster;
    hsy_view_status(hsy_cluster_node(c, node),
                    hsy_cluster_clock(c, node).mono_ns, &status);
    if (status.state != HSY_VIEW_JOINED) {
        broke(s, "has not joined, registered", node, status.registered);
    } else if (status.registered < status.quorum) {
        broke(s, "is below its quorum", node, status.registered);
    }
}

/* What @seed says of every peer, against what is so. */
static void check_list(struct swarm *s, uint32_t seed)
{
    const struct hsy_cluster *c = s->w->cluster;
    struct hsy_view_peer peer;
    uint32_t node;
    bool alive[64] = {false};
    for (uint32_t i = 0; hsy_view_peer(hsy_cluster_node(c, seed), i, &peer);
         i++) {
        if (hsy_cluster_find(c, &peer.id, &node)) {
            alive[node] = peer.state == HSY_PEER_ALIVE;
        }
    }
    for (node = s->config.seeds; node < hsy_cluster_count(c); node++) {
        bool runs = hsy_cluster_process(c, node) == HSY_PROCESS_RUNNING;
        if (runs && !alive[node]) {
            broke(s, "lives but is not in the list of seed", node, seed + 1);
        } else if (!runs && alive[node]) {
            broke(s, "is dead but in the list of seed", node, seed + 1);
        }
    }
}

static void check_overlay(struct swarm *s)
{
    struct hsy_graph *g = s->w->graph;
    assert_int_equal(hsy_graph_read(g, s->w->cluster), HEARSAY_OK);
    if (g->components != 1) {
        broke(s, "O1: the overlay is in pieces", 0, g->components);
    }
    if (g->one_sided != 0) {
        broke(s, "O4: links that one end only knows of", 0, g->one_sided);
    }
}

static void check_whole(struct swarm *s)
{
    const struct hsy_cluster *c = s->w->cluster;
    check_overlay(s);
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        if (i < s->config.seeds) {
            check_list(s, i);
        } else if (hsy_cluster_process(c, i) == HSY_PROCESS_RUNNING) {
            check_joined(s, i);
        }
        struct hsy_leftovers left = hsy_cluster_leftovers(c, i);
        if (left.by_itself && left.jobs > 0) {
            broke(s, "S3: stopped with jobs", i, left.jobs);
        }
    }
}

static void check_messages(struct swarm *s)
{
    struct hsy_cluster *c = s->w->cluster;
    uint64_t from_ns = hsy_cluster_now(c);
    for (uint32_t i = s->config.seeds; i < hsy_cluster_count(c); i++) {
        uint64_t seq;
        if (hsy_cluster_process(c, i) == HSY_PROCESS_RUNNING &&
            hsy_cluster_publish(c, i, (const uint8_t *)"quiet", 5, &seq) !=
                HEARSAY_OK) {
            broke(s, "refuses to publish", i, 0);
        }
    }
    struct hsy_missing missing = hsy_witness_missing(s->w, from_ns);
    if (missing.expected == 0) {
        broke(s, "nobody is there to listen", 0, 0);
    }
    run_for(s, 5 * HSY_SECOND);
    struct hsy_expectation e = {.from_ns = from_ns, .to_ns = from_ns};
    missing = hsy_ledger_missing(s->w->ledger, &e);
    if (missing.missed > 0) {
        broke(s, "B3: missed a message", missing.node, missing.seq);
    }
}

/* HEARSAY_SWARM_TRACE=1: every record, as it comes. */
static void on_note(void *ctx, uint32_t node, const struct hearsay_note *note)
{
    struct swarm *s = ctx;
    const struct hsy_story *story = &s->w->story;
    if (strcmp(note->event, "registered") == 0 ||
        (node >= s->config.seeds && strcmp(note->event, "connect") == 0)) {
        s->joins++;
    }
    if (getenv("HEARSAY_SWARM_TRACE") != NULL && story->count > 0 &&
        strncmp(note->event, "gossip-", 7) != 0) {
        uint32_t last = (story->count - 1) % HSY_STORY_LINES;
        (void)fprintf(stderr, "%s\n", story->lines[last]);
    }
}

/* Everything is healed: two minutes, of which the last one is calm. */
static void settle(struct swarm *s)
{
    run_for(s, (from_env("HEARSAY_SETTLE", 120) - 60) * HSY_SECOND);
    s->joins = 0;
    run_for(s, 60 * HSY_SECOND);
    if (s->joins > 10 * s->config.peers) {
        broke(s, "S4: links and registrations without end", 0, s->joins);
    }
}

/* True: all is well; else @s->why says what is not. */
static bool live(struct swarm *s, uint64_t rng)
{
    memset(s, 0, sizeof(*s));
    s->rng = rng;
    hsy_prng_init(&s->prng, rng);
    choose_network(s);
    assert_int_equal(hsy_witness_create(&s->w, &s->config, NULL), HEARSAY_OK);
    s->w->on_note = on_note;
    s->w->ctx = s;
    uint64_t stagger_ms = draw(s, 0, 5000);
    for (uint32_t i = 0; i < s->config.seeds + s->config.peers; i++) {
        uint64_t delay_ns = draw(s, 0, stagger_ms) * HSY_MS;
        assert_int_equal(hsy_cluster_start(s->w->cluster, i, delay_ns),
                         HEARSAY_OK);
    }
    chaos(s);
    if (s->why[0] == '\0') {
        heal_all(s);
        settle(s);
    }
    if (s->why[0] == '\0') {
        check_whole(s);
    }
    if (s->why[0] == '\0') {
        check_messages(s);
    }
    return s->why[0] == '\0';
}

static bool survives(uint64_t rng)
{
    static struct swarm s;
    bool well = live(&s, rng);
    if (!well) {
        static char story[STORY_LEN];
        struct hsy_line line = hsy_line(story, sizeof(story));
        hsy_story_tell(&s.w->story, &line);
        (void)fprintf(
            stderr,
            "# HEARSAY_SWARM_RNG=%llu fails at %llu ms with %u seeds "
            "and %u peers: %s\n%s",
            (unsigned long long)rng,
            (unsigned long long)(hsy_cluster_now(s.w->cluster) / HSY_MS),
            s.config.seeds, s.config.peers, s.why, story);
    }
    hsy_witness_destroy(s.w);
    return well;
}

/* ------------------------------------------------------------------- tests */

static void test_seeds_that_ever_failed(void **state)
{
    (void)state;
    char path[512];
    const char *root = getenv("HEARSAY_SOURCE_ROOT");
    (void)snprintf(path, sizeof(path), "%s/tests/property/rng.txt",
                   root == NULL ? "." : root);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char line[256];
    unsigned failed = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] >= '0' && line[0] <= '9') {
            failed += survives(strtoull(line, NULL, 0)) ? 0 : 1;
        }
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(failed, 0);
}

static void test_a_swarm_of_new_ones(void **state)
{
    (void)state;
    uint64_t only = from_env("HEARSAY_SWARM_RNG", 0);
    uint64_t first = only != 0 ? only : FIRST_RNG;
    uint64_t runs = only != 0 ? 1 : from_env("HEARSAY_SWARM_RUNS", RUNS);
    unsigned failed = 0;
    for (uint64_t i = 0; i < runs; i++) {
        failed += survives(first + i) ? 0 : 1;
    }
    assert_int_equal(failed, 0);
}

static uint64_t digest_of(uint64_t rng)
{
    static struct swarm s;
    (void)live(&s, rng);
    uint64_t digest = hsy_cluster_digest(s.w->cluster);
    hsy_witness_destroy(s.w);
    return digest;
}

static void test_the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    for (uint64_t rng = 1; rng <= 5; rng++) {
        assert_true(digest_of(rng) == digest_of(rng));
    }
    assert_true(digest_of(1) != digest_of(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds_that_ever_failed),
        cmocka_unit_test(test_a_swarm_of_new_ones),
        cmocka_unit_test(test_the_same_seed_gives_the_same_run),
    };
    return cmocka_run_group_tests_name("swarm", tests, NULL, NULL);
}
