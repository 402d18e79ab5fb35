/* The simulator as embedders have it: each function, each error, and calls
 * from callbacks. */
#include "support/claim.h"
#include "support/mem_fault.h"

#include "hearsay/sim.h"

#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

enum { SEEDS = 2, PEERS = 4, FIRST = SEEDS, NODES = SEEDS + PEERS, MANY = 64 };

/* What a program saw; the test's own program in one struct. */
struct program {
    uint32_t started[NODES], killed[NODES], stopped[NODES], heard[NODES];
    uint32_t joined;
    uint32_t timers;
    uint64_t timer_ns[MANY];
    uint32_t outcomes;
    struct hearsay_sim_outcome outcome[MANY];
    char topic[80];
    uint8_t payload[80];
    size_t payload_len;
    bool echoes; /* Each message is answered once. */
    bool repeats;
    bool strikes;
    int in_callback[8];
};

static void on_started(void *ctx, struct hearsay_sim *sim, uint32_t node)
{
    struct program *p = ctx;
    CLAIM(hearsay_sim_count(sim) == NODES);
    p->started[node]++;
}

static void on_ended(void *ctx, struct hearsay_sim *sim, uint32_t node,
                     const enum hearsay_stop *why)
{
    struct program *p = ctx;
    (void)sim;
    *(why == NULL ? &p->killed[node] : &p->stopped[node]) += 1;
}

static void on_message(void *ctx, struct hearsay_sim *sim, uint32_t node,
                       const struct hearsay_message *message)
{
    struct program *p = ctx;
    uint64_t seq = 77;
    p->heard[node]++;
    strncpy(p->topic, message->topic, sizeof(p->topic) - 1);
    p->payload_len = message->payload_len;
    CLAIM(p->payload_len <= sizeof(p->payload));
    memcpy(p->payload, message->payload, p->payload_len);
    if (p->echoes && node == FIRST + 1) {
        p->echoes = false;
        char text[] = "echo";
        CLAIM_INT(hearsay_sim_publish(sim, node, "re", text, 4, &seq), 0);
        CLAIM_INT(seq, 0);
        memset(text, 'x', sizeof(text)); /* It was copied. */
        CLAIM_INT(hearsay_sim_publish(sim, 0, NULL, text, 1, NULL), 0);
        CLAIM_INT(hearsay_sim_heal(sim, node), 0);
        CLAIM_INT(p->outcomes, 0);
    }
    if (p->strikes) {
        p->strikes = false;
        p->in_callback[0] = hearsay_sim_run(sim, 1000 * SECOND);
        p->in_callback[1] = hearsay_sim_start_all(sim, 0);
        p->in_callback[2] = hearsay_sim_calm(sim);
        p->in_callback[3] = hearsay_sim_kill(sim, node);
        hearsay_sim_destroy(sim);
    }
}

static void on_note(void *ctx, struct hearsay_sim *sim, uint32_t node,
                    const struct hearsay_note *note)
{
    struct program *p = ctx;
    (void)sim;
    p->joined += node >= FIRST && strcmp(note->event, "joined") == 0;
}

static void on_outcome(void *ctx, struct hearsay_sim *sim,
                       const struct hearsay_sim_outcome *outcome)
{
    struct program *p = ctx;
    p->outcome[p->outcomes % MANY] = *outcome;
    p->outcomes++;
    if (p->repeats) { /* Without end. */
        CLAIM_INT(hearsay_sim_heal(sim, FIRST), 0);
    }
}

static void on_timer(void *arg, struct hearsay_sim *sim, uint32_t node)
{
    struct program *p = arg;
    (void)node;
    p->timer_ns[p->timers % MANY] = hearsay_sim_now(sim);
    p->timers++;
}

static struct hearsay_sim_config settings(struct program *p)
{
    struct hearsay_sim_config config;
    hearsay_sim_config_init(&config);
    config.seeds = SEEDS;
    config.peers = PEERS;
    config.on = (struct hearsay_sim_callbacks){.ctx = p,
                                               .on_started = on_started,
                                               .on_ended = on_ended,
                                               .on_message = on_message,
                                               .on_note = on_note,
                                               .on_outcome = on_outcome};
    return config;
}

static struct hearsay_sim *sim_of(const struct hearsay_sim_config *config)
{
    struct hearsay_sim *sim = NULL;
    const char *why = "";
    CLAIM_INT(hearsay_sim_create(&sim, config, &why), 0);
    CLAIM_TEXT(why, "");
    return sim;
}

/* All have joined, at 20 s. */
static struct hearsay_sim *joined_sim(struct program *p)
{
    memset(p, 0, sizeof(*p));
    struct hearsay_sim_config config = settings(p);
    struct hearsay_sim *sim = sim_of(&config);
    CLAIM_INT(hearsay_sim_start_all(sim, SECOND), 0);
    CLAIM_INT(hearsay_sim_run(sim, 20 * SECOND), 0);
    CLAIM_INT(p->joined, PEERS);
    return sim;
}

/* ---------------------------------------------------------------- settings */

static void test_settings_out_of_range_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int which;
    } cases[] = {{"seeds", 0},       {"seeds", 1},   {"peers", 2},
                 {"latency_ns", 3},  {"tail", 4},    {"window", 5},
                 {"crypto", 6},      {"mem", 7},     {"keeps", 8},
                 {"roles", 9},       {"job_ns", 10}, {"links", 11},
                 {"bytes_per_s", 12}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct program p = {0};
        struct hearsay_sim_config c = settings(&p);
        c.seeds = cases[i].which == 0 ? 0 : cases[i].which == 1 ? 33 : c.seeds;
        c.peers = cases[i].which == 2 ? 1000001 : c.peers;
        c.weather.latency_ns.min = cases[i].which == 3 ? UINT64_MAX : 0;
        c.weather.tail_ppm = cases[i].which == 4 ? 1000001 : 0;
        c.weather.window_len = cases[i].which == 5 ? 0 : 65536;
        c.weather.bytes_per_s = cases[i].which == 12 ? 1 : 0;
        c.crypto = cases[i].which == 6 ? NULL : c.crypto;
        c.mem.alloc = cases[i].which == 7 ? NULL : c.mem.alloc;
        c.keeps = cases[i].which == 8 ? 8 : c.keeps;
        c.seed.role = cases[i].which == 9 ? HEARSAY_PEER : c.seed.role;
        c.job_ns.min = cases[i].which == 10 ? c.job_ns.max + 1 : c.job_ns.min;
        c.peer.links_wanted = cases[i].which == 11 ? 0 : c.peer.links_wanted;
        struct hearsay_sim *sim = NULL;
        const char *why = "";
        CLAIM_INT(hearsay_sim_create(&sim, &c, &why), HEARSAY_ERR_INVALID);
        CLAIM(sim == NULL);
        CLAIM(strstr(why, cases[i].word) != NULL);
        CLAIM_INT(hearsay_sim_create(&sim, &c, NULL), HEARSAY_ERR_INVALID);
    }
}

static void test_the_defaults_make_a_network(void **state)
{
    (void)state;
    struct hearsay_sim_config config;
    hearsay_sim_config_init(&config);
    CLAIM(config.crypto == hearsay_crypto_null());
    struct hearsay_sim *sim = sim_of(&config);
    CLAIM_INT(hearsay_sim_count(sim), 11);
    CLAIM_INT(hearsay_sim_seeds(sim), 3);
    CLAIM_INT(hearsay_sim_now(sim), 0);
    CLAIM_TEXT(hearsay_sim_fault(sim), "");
    hearsay_sim_destroy(sim);
    hearsay_sim_destroy(NULL);
}

static void test_real_signatures_are_possible(void **state)
{
    (void)state;
    struct program p = {0};
    struct hearsay_sim_config config = settings(&p);
    config.crypto = hearsay_crypto_sodium();
    struct hearsay_sim *sim = sim_of(&config);
    CLAIM_INT(hearsay_sim_start_all(sim, 0), 0);
    CLAIM_INT(hearsay_sim_run(sim, 5 * SECOND), 0);
    CLAIM_INT(p.joined, PEERS);
    hearsay_sim_destroy(sim);
}

/* ------------------------------------------------------------- publishing */

static void test_a_message_reaches_all_others_with_its_topic(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    uint64_t seq = 0;
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, "news", "hello", 5, &seq), 0);
    CLAIM_INT(seq, 1);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, NULL, 0, &seq), 0);
    CLAIM_INT(seq, 2);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), 0);
    CLAIM_INT(p.heard[FIRST], 0);
    CLAIM_INT(p.heard[FIRST + 1], 2);
    CLAIM_INT(p.heard[FIRST + 3], 2);
    struct hearsay_sim_missing missing;
    CLAIM_INT(hearsay_sim_get_missing(sim, 0, &missing), 0);
    CLAIM_INT(missing.expected, 2 * (PEERS - 1));
    CLAIM_INT(missing.missed, 0);
    struct hearsay_sim_status status;
    CLAIM_INT(hearsay_sim_get_status(sim, &status), 0);
    CLAIM_INT(status.published, 2);
    CLAIM_INT(status.delivered, 2 * (PEERS - 1));
    CLAIM_INT(status.joined, PEERS);
    CLAIM_INT(status.running, NODES);
    CLAIM_INT(status.connected, PEERS);
    CLAIM_INT(status.components, 1);
    CLAIM(status.links >= PEERS - 1);
    CLAIM_INT(status.one_sided, 0);
    CLAIM(status.steps > 0);
    CLAIM(status.digest == hearsay_sim_digest(sim));
    hearsay_sim_destroy(sim);
}

static void test_publishing_says_what_is_wrong(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    char long_topic[66] = {0};
    memset(long_topic, 0x74, 65);
    static const uint8_t big[HEARSAY_PAYLOAD_MAX + 1];
    uint64_t seq = 5;
    CLAIM_INT(hearsay_sim_publish(sim, NODES, NULL, "x", 1, &seq),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, NULL, 1, &seq),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, long_topic, "x", 1, &seq),
              HEARSAY_ERR_TOO_BIG);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, big, sizeof(big), &seq),
              HEARSAY_ERR_TOO_BIG);
    CLAIM_INT(hearsay_sim_publish(sim, 0, NULL, "x", 1, &seq),
              HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_kill(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, "x", 1, &seq),
              HEARSAY_ERR_STATE);
    CLAIM_INT(seq, 5);
    hearsay_sim_destroy(sim);
}

/* --------------------------------------------------------- from callbacks */

static void test_calls_from_callbacks_are_done_in_order_and_told(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    p.echoes = true;
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, "first", 5, NULL), 0);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), 0);
    CLAIM_INT(p.outcomes, 3);
    CLAIM_INT(p.outcome[2].call, HEARSAY_SIM_HEAL);
    CLAIM_INT(p.outcome[0].call, HEARSAY_SIM_PUBLISH);
    CLAIM_INT(p.outcome[0].node, FIRST + 1);
    CLAIM_INT(p.outcome[0].err, 0);
    CLAIM_INT(p.outcome[0].seq, 1);
    CLAIM_INT(p.outcome[1].node, 0); /* A seed. */
    CLAIM_INT(p.outcome[1].err, HEARSAY_ERR_STATE);
    CLAIM_INT(p.heard[FIRST], 1);
    CLAIM_TEXT(p.topic, "re");
    CLAIM_INT(p.payload_len, 4);
    CLAIM_BYTES(p.payload, "echo", 4);
    hearsay_sim_destroy(sim);
}

static void test_running_is_not_for_callbacks_and_striking_is(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    p.strikes = true;
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, "x", 1, NULL), 0);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), 0);
    CLAIM_INT(p.in_callback[0], HEARSAY_ERR_STATE);
    CLAIM_INT(p.in_callback[1], HEARSAY_ERR_STATE);
    CLAIM_INT(p.in_callback[2], HEARSAY_ERR_STATE);
    CLAIM_INT(p.in_callback[3], 0);
    CLAIM_INT(p.outcome[0].call, HEARSAY_SIM_KILL);
    CLAIM_INT(p.killed[p.outcome[0].node], 1);
    hearsay_sim_destroy(sim);
}

static void test_callbacks_without_end_are_ended(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    p.echoes = true;
    p.repeats = true;
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, "x", 1, NULL), 0);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), HEARSAY_ERR_FULL);
    CLAIM(strstr(hearsay_sim_fault(sim), "without end") != NULL);
    CLAIM_INT(hearsay_sim_run(sim, 30 * SECOND), HEARSAY_ERR_FULL);
    CLAIM_INT(hearsay_sim_heal(sim, FIRST), HEARSAY_ERR_FULL);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST, 0, on_timer, &p),
              HEARSAY_ERR_FULL);
    hearsay_sim_destroy(sim); /* With calls that wait. */
}

/* ------------------------------------------------------------------ timers */

static void test_timers_come_in_time_and_in_order(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t delay_ns = (i * 7 % 40) * SECOND / 10;
        CLAIM_INT(hearsay_sim_schedule(sim, HEARSAY_SIM_NOBODY, delay_ns,
                                       on_timer, &p),
                  0);
    }
    CLAIM_INT(hearsay_sim_run(sim, 20 * SECOND), 0);
    CLAIM_INT(p.timers, 1);
    CLAIM_INT(hearsay_sim_run(sim, 24 * SECOND), 0);
    CLAIM_INT(p.timers, 40);
    for (uint64_t i = 0; i < 40; i++) {
        CLAIM(p.timer_ns[i] == 20 * SECOND + i * SECOND / 10);
    }
    hearsay_sim_destroy(sim);
}

static void test_a_timer_ends_with_its_process_and_waits_for_the_thaw(void **st)
{
    (void)st;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST, SECOND, on_timer, &p), 0);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST + 1, SECOND, on_timer, &p), 0);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST + 2, SECOND, on_timer, &p), 0);
    CLAIM_INT(hearsay_sim_restart(sim, FIRST, 0), 0);
    CLAIM_INT(hearsay_sim_freeze(sim, FIRST + 1), 0);
    CLAIM_INT(hearsay_sim_freeze(sim, FIRST + 2), 0);
    CLAIM_INT(hearsay_sim_run(sim, 23 * SECOND), 0);
    CLAIM_INT(p.timers, 0);
    CLAIM_INT(hearsay_sim_thaw(sim, FIRST + 1), 0);
    CLAIM_INT(hearsay_sim_kill(sim, FIRST + 2), 0);
    CLAIM_INT(hearsay_sim_run(sim, 24 * SECOND), 0);
    CLAIM_INT(p.timers, 1);
    CLAIM(p.timer_ns[0] == 23 * SECOND);
    hearsay_sim_destroy(sim);
}

static void test_timers_say_what_is_wrong(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    CLAIM_INT(hearsay_sim_schedule(sim, NODES, 0, on_timer, &p),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST, 0, NULL, &p),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_kill(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_schedule(sim, FIRST, 0, on_timer, &p),
              HEARSAY_ERR_STATE);
    int err = 0;
    uint32_t made = 0;
    while (err == 0 && made <= HEARSAY_SIM_WAITING_MAX) {
        err =
            hearsay_sim_schedule(sim, HEARSAY_SIM_NOBODY, SECOND, on_timer, &p);
        made += err == 0 ? 1 : 0;
    }
    CLAIM_INT(err, HEARSAY_ERR_FULL);
    CLAIM_INT(made, HEARSAY_SIM_WAITING_MAX);
    hearsay_sim_destroy(sim);
}

/* ----------------------------------------------------------------- striking */

static void test_the_life_of_processes(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    struct hearsay_sim_node n;
    CLAIM_INT(p.started[FIRST], 1);
    CLAIM_INT(hearsay_sim_start(sim, FIRST, 0), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_thaw(sim, FIRST), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_freeze(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_look(sim, FIRST, &n), 0);
    CLAIM_INT(n.process, HEARSAY_SIM_FROZEN);
    CLAIM_INT(hearsay_sim_leave(sim, FIRST), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_thaw(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_leave(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), 0);
    CLAIM_INT(p.stopped[FIRST], 1);
    CLAIM_INT(hearsay_sim_kill(sim, FIRST), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_restart(sim, FIRST, 0), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_start(sim, FIRST, 5 * SECOND), 0);
    CLAIM_INT(hearsay_sim_run(sim, 29 * SECOND), 0);
    CLAIM_INT(p.started[FIRST], 1);
    CLAIM_INT(hearsay_sim_run(sim, 31 * SECOND), 0);
    CLAIM_INT(p.started[FIRST], 2);
    CLAIM_INT(hearsay_sim_restart(sim, FIRST, 0), 0);
    CLAIM_INT(hearsay_sim_run(sim, 50 * SECOND), 0);
    CLAIM_INT(p.killed[FIRST], 1);
    CLAIM_INT(p.started[FIRST], 3);
    CLAIM_INT(hearsay_sim_look(sim, FIRST, &n), 0);
    CLAIM_INT(n.process, HEARSAY_SIM_RUNNING);
    CLAIM(n.joined);
    CLAIM(n.degree >= 1);
    CLAIM(n.clock.wall_ms > 0);
    uint32_t found = 0;
    CLAIM(hearsay_sim_find(sim, &n.id, &found));
    CLAIM_INT(found, FIRST);
    n.id.bytes[0] ^= 1;
    CLAIM(!hearsay_sim_find(sim, &n.id, &found));
    hearsay_sim_destroy(sim);
}

static uint32_t hear_of(struct hearsay_sim *sim, const struct program *p,
                        uint32_t from, uint32_t at)
{
    uint32_t before = p->heard[at];
    CLAIM_INT(hearsay_sim_publish(sim, from, NULL, "x", 1, NULL), 0);
    CLAIM_INT(hearsay_sim_run(sim, hearsay_sim_now(sim) + 2 * SECOND), 0);
    return p->heard[at] - before;
}

static void test_cuts_hold_until_they_heal(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    struct hearsay_sim_node n;
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 1);
    CLAIM_INT(hearsay_sim_isolate(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_look(sim, FIRST, &n), 0);
    CLAIM(n.isolated);
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 0);
    CLAIM_INT(hearsay_sim_heal(sim, FIRST), 0);
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 2);
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != FIRST) {
            CLAIM_INT(hearsay_sim_cut_way(sim, FIRST, i), 0);
        }
    }
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 0);
    CLAIM_INT(hear_of(sim, &p, FIRST + 1, FIRST), 1);
    CLAIM_INT(hearsay_sim_heal(sim, HEARSAY_SIM_NOBODY), 0);
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 2);
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != FIRST) {
            CLAIM_INT(hearsay_sim_cut(sim, i, FIRST), 0);
        }
    }
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 0);
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != FIRST) {
            CLAIM_INT(hearsay_sim_heal_pair(sim, i, FIRST), 0);
        }
    }
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 2);
    hearsay_sim_destroy(sim);
}

static void test_weather_slowness_resets_disks_and_clocks(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    struct hearsay_sim_node n;
    struct hearsay_sim_weather w = hearsay_sim_get_weather(sim);
    w.latency_ns = (struct hearsay_sim_range){3 * SECOND, 3 * SECOND};
    CLAIM_INT(hearsay_sim_set_weather(sim, &w), 0);
    CLAIM(hearsay_sim_get_weather(sim).latency_ns.max == 3 * SECOND);
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 0);
    w.latency_ns = (struct hearsay_sim_range){0, 0};
    CLAIM_INT(hearsay_sim_set_weather(sim, &w), 0);
    CLAIM_INT(hearsay_sim_slow(sim, FIRST + 1, SECOND), 0);
    CLAIM_INT(hearsay_sim_slow(sim, FIRST + 1, 0), 0);
    CLAIM_INT(hearsay_sim_reset(sim, FIRST, 1000000), 0);
    CLAIM_INT(hearsay_sim_look(sim, FIRST, &n), 0);
    uint64_t wall_ms = n.clock.wall_ms;
    CLAIM_INT(hearsay_sim_clock_jump(sim, FIRST, -60000), 0);
    CLAIM_INT(hearsay_sim_look(sim, FIRST, &n), 0);
    CLAIM(n.clock.wall_ms == wall_ms - 60000);
    CLAIM_INT(hearsay_sim_disk_mood(sim, 0, HEARSAY_SIM_DISK_FLAKY), 0);
    CLAIM_INT(hearsay_sim_disk_mood(sim, 0, HEARSAY_SIM_DISK_FINE), 0);
    CLAIM_INT(hearsay_sim_disk_harm(sim, FIRST, HEARSAY_SIM_HARM_LOSE),
              HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_kill(sim, FIRST), 0);
    CLAIM_INT(hearsay_sim_disk_harm(sim, FIRST, HEARSAY_SIM_HARM_LOSE), 0);
    CLAIM_INT(hearsay_sim_start(sim, FIRST, 0), 0);
    CLAIM_INT(hearsay_sim_run(sim, 60 * SECOND), 0);
    hearsay_sim_destroy(sim);
}

static void test_strikes_say_what_is_wrong(void **state)
{
    (void)state;
    struct program p = {0};
    struct hearsay_sim_config config = settings(&p);
    struct hearsay_sim *sim = sim_of(&config);
    struct hearsay_sim_weather w = hearsay_sim_get_weather(sim);
    struct hearsay_sim_node n;
    CLAIM_INT(hearsay_sim_start(sim, NODES, 0), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_kill(sim, NODES), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_cut(sim, 1, 1), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_cut(sim, 1, NODES), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_cut_way(sim, NODES, 1), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_heal_pair(sim, 2, 2), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_heal(sim, NODES), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_isolate(sim, NODES), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_reset(sim, 0, 1000001), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_slow(sim, 0, 3601 * SECOND), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_disk_mood(sim, 0, (enum hearsay_sim_mood)4),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_disk_harm(sim, 0, (enum hearsay_sim_harm)4),
              HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_clock_jump(sim, 0, INT64_MIN), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_clock_jump(sim, 0, INT64_MAX), HEARSAY_ERR_INVALID);
    w.window_len = 0;
    CLAIM_INT(hearsay_sim_set_weather(sim, &w), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_start_all(sim, UINT64_MAX), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_look(sim, NODES, &n), HEARSAY_ERR_INVALID);
    CLAIM_INT(hearsay_sim_run(sim, SECOND), 0);
    CLAIM_INT(hearsay_sim_run(sim, 0), HEARSAY_ERR_INVALID);
    CLAIM_TEXT(hearsay_sim_fault(sim), "");
    hearsay_sim_destroy(sim);
}

/* ----------------------------------------------------------------- verdicts */

static void test_promises_hold_and_can_be_asked_for(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    struct hearsay_sim_broken broken;
    char story[256];
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 1);
    CLAIM_INT(hearsay_sim_run(sim, 120 * SECOND), 0);
    CLAIM_INT(hearsay_sim_calm(sim), 0);
    CLAIM(!hearsay_sim_first_broken(sim, &broken));
    CLAIM_INT(hearsay_sim_arm(sim, "B3", true), 0);
    CLAIM_INT(hearsay_sim_arm(sim, "Z9", true), HEARSAY_ERR_INVALID);
    hearsay_sim_story(sim, story, sizeof(story));
    CLAIM(strlen(story) > 0);
    CLAIM(strlen(story) < sizeof(story));
    hearsay_sim_story(sim, story, 0);
    hearsay_sim_destroy(sim);
}

static void test_a_promise_that_breaks_is_named(void **state)
{
    (void)state;
    struct program p;
    struct hearsay_sim *sim = joined_sim(&p);
    struct hearsay_sim_broken broken = {0};
    /* Not calm at all: one is cut off, and the others must miss it. */
    CLAIM_INT(hearsay_sim_arm(sim, "B3", true), 0);
    CLAIM_INT(hearsay_sim_arm(sim, "O1", true), 0);
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != FIRST) {
            CLAIM_INT(hearsay_sim_cut(sim, i, FIRST), 0);
        }
    }
    CLAIM_INT(hear_of(sim, &p, FIRST, FIRST + 1), 0);
    CLAIM_INT(hearsay_sim_run(sim, 120 * SECOND), 0);
    CLAIM_INT(hearsay_sim_calm(sim), 0);
    CLAIM(hearsay_sim_first_broken(sim, &broken));
    CLAIM(broken.name != NULL && strlen(broken.says) > 0);
    CLAIM(strlen(broken.text) > 0);
    hearsay_sim_destroy(sim);
}

static void test_what_is_not_kept_cannot_be_asked_for(void **state)
{
    (void)state;
    struct program p = {0};
    struct hearsay_sim_config config = settings(&p);
    config.keeps = 0;
    struct hearsay_sim *sim = sim_of(&config);
    struct hearsay_sim_missing missing;
    struct hearsay_sim_broken broken;
    struct hearsay_sim_status status;
    char story[64] = "?";
    CLAIM_INT(hearsay_sim_start_all(sim, 0), 0);
    CLAIM_INT(hearsay_sim_run(sim, 20 * SECOND), 0);
    CLAIM_INT(p.joined, PEERS);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, "x", 1, NULL), 0);
    CLAIM_INT(hearsay_sim_run(sim, 25 * SECOND), 0);
    CLAIM_INT(p.heard[FIRST + 1], 1);
    CLAIM_INT(hearsay_sim_get_missing(sim, 0, &missing), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_calm(sim), HEARSAY_ERR_STATE);
    CLAIM_INT(hearsay_sim_arm(sim, "B1", true), HEARSAY_ERR_STATE);
    CLAIM(!hearsay_sim_first_broken(sim, &broken));
    CLAIM_INT(hearsay_sim_get_status(sim, &status), 0);
    CLAIM_INT(status.published, 0);
    hearsay_sim_story(sim, story, sizeof(story));
    CLAIM_TEXT(story, "");
    hearsay_sim_destroy(sim);
}

/* -------------------------------------------------------------- sameness */

/* Drawn in and out of callbacks; its messages feed the digest. */
static uint64_t digest_of(uint64_t rng, uint32_t slices)
{
    struct program p = {.echoes = true};
    struct hearsay_sim_config config = settings(&p);
    config.rng = rng;
    struct hearsay_sim *sim = sim_of(&config);
    CLAIM_INT(hearsay_sim_start_all(sim, SECOND), 0);
    CLAIM_INT(hearsay_sim_run(sim, 20 * SECOND), 0);
    uint64_t drawn = hearsay_sim_random(sim, 0);
    CLAIM(hearsay_sim_random(sim, 3) < 3);
    CLAIM_INT(hearsay_sim_publish(sim, FIRST, NULL, &drawn, 8, NULL), 0);
    for (uint32_t i = 1; i <= slices; i++) {
        CLAIM_INT(hearsay_sim_run(sim, (20 + 20 * i / slices) * SECOND), 0);
    }
    uint64_t digest = hearsay_sim_digest(sim);
    hearsay_sim_destroy(sim);
    return digest;
}

static void test_the_seed_decides_everything_and_slices_nothing(void **state)
{
    (void)state;
    CLAIM(digest_of(7, 1) == digest_of(7, 1));
    CLAIM(digest_of(7, 1) == digest_of(7, 20));
    CLAIM(digest_of(7, 1) != digest_of(8, 1));
}

/* ------------------------------------------------------------------- memory */

static int short_life(struct hearsay_mem mem)
{
    struct program p = {.echoes = true};
    struct hearsay_sim_config config = settings(&p);
    config.mem = mem;
    struct hearsay_sim *sim = NULL;
    int err = hearsay_sim_create(&sim, &config, NULL);
    if (err != 0) {
        return err;
    }
    err = hearsay_sim_start_all(sim, 0);
    if (err == 0) {
        err = hearsay_sim_schedule(sim, HEARSAY_SIM_NOBODY, 0, on_timer, &p);
    }
    if (err == 0) {
        err = hearsay_sim_run(sim, SECOND / 100);
    }
    hearsay_sim_destroy(sim);
    return err;
}

static void test_no_memory_is_an_error_wherever_it_is_missing(void **state)
{
    (void)state;
    int err = HEARSAY_ERR_NOMEM;
    uint32_t failures = 0;
    for (uint64_t k = 1; failures < 400; k++) {
        struct mem_fault fault = mem_fault_at(k);
        err = short_life(mem_fault_mem(&fault));
        CLAIM(err == 0 || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
        failures++;
        if (fault.calls < k) {
            break; /* The work succeeds. */
        }
    }
    CLAIM_INT(err, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_out_of_range_are_named),
        cmocka_unit_test(test_the_defaults_make_a_network),
        cmocka_unit_test(test_real_signatures_are_possible),
        cmocka_unit_test(test_a_message_reaches_all_others_with_its_topic),
        cmocka_unit_test(test_publishing_says_what_is_wrong),
        cmocka_unit_test(test_calls_from_callbacks_are_done_in_order_and_told),
        cmocka_unit_test(test_running_is_not_for_callbacks_and_striking_is),
        cmocka_unit_test(test_callbacks_without_end_are_ended),
        cmocka_unit_test(test_timers_come_in_time_and_in_order),
        cmocka_unit_test(
            test_a_timer_ends_with_its_process_and_waits_for_the_thaw),
        cmocka_unit_test(test_timers_say_what_is_wrong),
        cmocka_unit_test(test_the_life_of_processes),
        cmocka_unit_test(test_cuts_hold_until_they_heal),
        cmocka_unit_test(test_weather_slowness_resets_disks_and_clocks),
        cmocka_unit_test(test_strikes_say_what_is_wrong),
        cmocka_unit_test(test_promises_hold_and_can_be_asked_for),
        cmocka_unit_test(test_a_promise_that_breaks_is_named),
        cmocka_unit_test(test_what_is_not_kept_cannot_be_asked_for),
        cmocka_unit_test(test_the_seed_decides_everything_and_slices_nothing),
        cmocka_unit_test(test_no_memory_is_an_error_wherever_it_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
