/* How many events a second does one core simulate? An event is one
 * hearsay_step() with its effects carried out. Told for small and for large
 * networks while they join, while they are calm, and while messages flood;
 * and beside it a floor of the same run: a node that does nothing, in the
 * same cluster, stepped by its timer only.
 *
 *     sim_events            the networks of 32 and of 10,000
 *     sim_events N...       of so many peers
 *
 * Time is that of the processor, so that others who use it do not count. */
#include "base/time.h"
#include "sim/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SEEDS = 3,
    TICK_MS = 100,       /* Of the node that does nothing. */
    STEPS_MIN = 1000000, /* Each figure is of at least so many. */
    SETTLE_S = 30,
    MESSAGES = 20,
    PAYLOAD_LEN = 100
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int err, const char *what)
{
    if (err != HEARSAY_OK) {
        fprintf(stderr, "sim_events: %s: %s\n", what, hearsay_strerror(err));
        exit(1);
    }
}

/* ------------------------------------------- a machine that does nothing */

struct hearsay_node {
    uint64_t deadline_ns;
};

static int idle_create(struct hearsay_node **out,
                       const struct hearsay_config *config, const char **why)
{
    (void)config;
    (void)why;
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? HEARSAY_OK : HEARSAY_ERR_NOMEM;
}

static void idle_destroy(struct hearsay_node *node)
{
    free(node);
}

static int idle_restore(struct hearsay_node *node,
                        const struct hearsay_row *row)
{
    (void)node;
    (void)row;
    return HEARSAY_OK;
}

static int idle_step(struct hearsay_node *node, const struct hearsay_now *now,
                     const struct hearsay_event *ev)
{
    (void)ev;
    node->deadline_ns = now->mono_ns + TICK_MS * HSY_MS;
    return HEARSAY_OK;
}

static bool idle_effect(struct hearsay_node *node, struct hearsay_effect *out)
{
    (void)node;
    (void)out;
    return false;
}

static uint64_t idle_deadline(const struct hearsay_node *node)
{
    return node->deadline_ns;
}

static const struct hsy_machine idle_machine = {.create = idle_create,
                                                .destroy = idle_destroy,
                                                .restore = idle_restore,
                                                .step = idle_step,
                                                .next_effect = idle_effect,
                                                .deadline = idle_deadline};

/* ------------------------------------------------------------ measuring */

struct bench {
    struct hsy_cluster *c;
    struct hearsay_config seed, peer;
    uint32_t peers;
    uint32_t members;
    double floor_per_s;
    uint64_t delivered;
};

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct bench *b = ctx;
    (void)now_ns;
    b->members += node >= SEEDS && strcmp(note->event, "joined") == 0;
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct bench *b = ctx;
    (void)node;
    (void)now_ns;
    (void)message;
    b->delivered++;
}

static void make(struct bench *b, const struct hsy_machine *machine)
{
    struct hsy_cluster_config config;
    hearsay_config_init(&b->seed, HEARSAY_SEED);
    hearsay_config_init(&b->peer, HEARSAY_PEER);
    b->peer.gossip_count = 0;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = machine;
    config.crypto = hearsay_crypto_null();
    config.rng = 1;
    config.seeds = SEEDS;
    config.peers = b->peers;
    config.seed_config = &b->seed;
    config.peer_config = &b->peer;
    config.observer = (struct hsy_observer){
        .ctx = b, .note = on_note, .delivered = on_delivered};
    must(hsy_cluster_create(&b->c, &config), "creating the cluster");
    for (uint32_t i = 0; i < SEEDS + b->peers; i++) {
        uint64_t delay_ns = i < SEEDS ? 0 : 500 * HSY_MS + i * HSY_MS;
        must(hsy_cluster_start(b->c, i, delay_ns), "starting");
    }
}

/* One line; gives events a second. */
static double tell(const struct bench *b, const char *what, uint64_t events,
                   double spent_s)
{
    double per_s = (double)events / spent_s;
    printf("%7" PRIu32 "  %-9s %12" PRIu64 " %9.2f %12.0f", b->peers, what,
           events, spent_s, per_s);
    if (b->floor_per_s > 0) {
        printf(" %7.1f", b->floor_per_s / per_s);
    }
    putchar('\n');
    fflush(stdout);
    return per_s;
}

static void run_for(struct bench *b, uint64_t span_ns)
{
    must(hsy_cluster_run(b->c, hsy_cluster_now(b->c) + span_ns),
         hsy_cluster_fault(b->c));
}

static void bench_floor(struct bench *b)
{
    make(b, &idle_machine);
    run_for(b, (500 + b->peers) * HSY_MS);
    double cpu = cpu_s();
    uint64_t steps = hsy_cluster_steps(b->c);
    while (hsy_cluster_steps(b->c) - steps < STEPS_MIN) {
        run_for(b, HSY_SECOND);
    }
    b->floor_per_s = 0;
    b->floor_per_s =
        tell(b, "floor", hsy_cluster_steps(b->c) - steps, cpu_s() - cpu);
    hsy_cluster_destroy(b->c);
}

static void join(struct bench *b)
{
    b->members = 0;
    make(b, hsy_machine_node());
    while (b->members < b->peers) {
        run_for(b, 100 * HSY_MS);
        if (hsy_cluster_now(b->c) > 1000 * HSY_SECOND) {
            fprintf(stderr, "sim_events: only %" PRIu32 " joined\n",
                    b->members);
            exit(1);
        }
    }
}

/* Small networks join again and again, the last one stays. What it takes to
 * make the nodes is part of it, what it takes to end them is not. */
static void bench_join(struct bench *b)
{
    uint64_t events = 0;
    double spent_s = 0;
    while (events < STEPS_MIN) {
        if (events > 0) {
            hsy_cluster_destroy(b->c);
        }
        double cpu = cpu_s();
        join(b);
        spent_s += cpu_s() - cpu;
        events += hsy_cluster_steps(b->c);
    }
    tell(b, "joining", events, spent_s);
}

static void bench_calm(struct bench *b)
{
    run_for(b, SETTLE_S * HSY_SECOND);
    double cpu = cpu_s();
    uint64_t steps = hsy_cluster_steps(b->c);
    uint64_t from_ns = hsy_cluster_now(b->c);
    while (hsy_cluster_steps(b->c) - steps < STEPS_MIN) {
        run_for(b, HSY_SECOND);
    }
    tell(b, "calm", hsy_cluster_steps(b->c) - steps, cpu_s() - cpu);
    printf("%7" PRIu32 "  calm: virtual time is %.0f x real time\n", b->peers,
           (double)(hsy_cluster_now(b->c) - from_ns) / 1e9 / (cpu_s() - cpu));
}

static void bench_flood(struct bench *b)
{
    uint8_t payload[PAYLOAD_LEN] = {0};
    double cpu = cpu_s();
    uint64_t steps = hsy_cluster_steps(b->c);
    b->delivered = 0;
    uint64_t count = 0;
    while (count < MESSAGES || hsy_cluster_steps(b->c) - steps < STEPS_MIN) {
        uint64_t seq;
        uint32_t from = SEEDS + (uint32_t)(count * 7919 % b->peers);
        must(hsy_cluster_publish(b->c, from, payload, sizeof(payload), &seq),
             "publishing");
        count++;
        run_for(b, 100 * HSY_MS);
    }
    run_for(b, 2 * HSY_SECOND);
    tell(b, "flooding", hsy_cluster_steps(b->c) - steps, cpu_s() - cpu);
    printf("%7" PRIu32 "  flooding: %.3f of the deliveries, %.2f events for "
           "each\n",
           b->peers, (double)b->delivered / (double)(count * (b->peers - 1)),
           (double)(hsy_cluster_steps(b->c) - steps) / (double)b->delivered);
    hsy_cluster_destroy(b->c);
}

static void bench(uint32_t peers)
{
    struct bench b = {.peers = peers};
    bench_floor(&b);
    bench_join(&b);
    bench_calm(&b);
    bench_flood(&b);
}

int main(int argc, char **argv)
{
    printf("%7s  %-9s %12s %9s %12s %7s\n", "peers", "while", "events", "cpu s",
           "events/s", "x floor");
    for (int i = 1; i < argc; i++) {
        unsigned long peers = strtoul(argv[i], NULL, 10);
        if (peers < 2 || peers > 100000) {
            fputs("usage: sim_events [N...], each from 2 to 100000\n", stderr);
            return 2;
        }
        bench((uint32_t)peers);
    }
    if (argc == 1) {
        bench(32);
        bench(10000);
    }
    return 0;
}
