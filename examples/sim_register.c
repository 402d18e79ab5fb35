/* A replicated register over gossip, tested against a partition and a crash.
 *
 * The program under test: each node keeps one value, the newest it has heard
 * of by (time, origin), and repeats its own write every 10 s until it has seen
 * a newer one. Its promise: once the network is whole again, all nodes have
 * the same value, the newest that was ever written.
 *
 * The test: ten peers, a partition in the middle, a write on either side, the
 * writer of the newer one crashes and comes back. All of it in virtual time,
 * from one PRNG seed; run it with another number and see.
 *
 *     sim_register [SEED]        exit code 0: the promise held */
#include <hearsay/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 3, PEERS = 10, NODES = SEEDS + PEERS };

#define SECOND UINT64_C(1000000000)
#define CHECK(call) check((call), #call)

static void check(int err, const char *what)
{
    if (err != 0) {
        fprintf(stderr, "%s: %s\n", what, hearsay_strerror(err));
        exit(1);
    }
}

/* ------------------------------------------------ the program under test */

struct value {
    uint64_t written_ns; /* By the writer's clock; here, virtual time. */
    uint32_t writer;
    char text[32];
};

/* What one process remembers. Only the writer's own value survives a crash:
 * a real program would keep it in a file. */
struct replica {
    struct value newest;
    struct value own; /* On "disk". */
};

static struct replica replicas[NODES];

static int is_newer(const struct value *a, const struct value *b)
{
    return a->written_ns != b->written_ns ? a->written_ns > b->written_ns
                                          : a->writer > b->writer;
}

/* The writer tells its value again until it hears of a newer one. */
static void repeat(void *arg, struct hearsay_sim *sim, uint32_t node)
{
    struct replica *r = &replicas[node];
    (void)arg;
    if (is_newer(&r->newest, &r->own) || r->own.written_ns == 0) {
        return;
    }
    /* Refused before the node has joined: the next round tries again. */
    (void)!hearsay_sim_publish(sim, node, "register", &r->own, sizeof(r->own),
                               NULL);
    CHECK(hearsay_sim_schedule(sim, node, 10 * SECOND, repeat, NULL));
}

static void write_value(struct hearsay_sim *sim, uint32_t node,
                        const char *text)
{
    struct replica *r = &replicas[node];
    memset(&r->own, 0, sizeof(r->own));
    r->own.written_ns = hearsay_sim_now(sim);
    r->own.writer = node;
    strncpy(r->own.text, text, sizeof(r->own.text) - 1);
    r->newest = r->own;
    repeat(NULL, sim, node);
    printf("%4.0f s  node %u writes \"%s\"\n",
           (double)r->own.written_ns / (double)SECOND, node, text);
}

static void on_started(void *ctx, struct hearsay_sim *sim, uint32_t node)
{
    struct replica *r = &replicas[node];
    (void)ctx;
    r->newest = r->own; /* Memory is lost, the disk is not. */
    if (r->own.written_ns != 0) {
        CHECK(hearsay_sim_schedule(sim, node, SECOND, repeat, NULL));
    }
}

static void on_message(void *ctx, struct hearsay_sim *sim, uint32_t node,
                       const struct hearsay_message *message)
{
    struct value heard;
    (void)ctx;
    (void)sim;
    if (strcmp(message->topic, "register") != 0 ||
        message->payload_len != sizeof(heard)) {
        return; /* A stranger's bytes. */
    }
    memcpy(&heard, message->payload, sizeof(heard));
    if (is_newer(&heard, &replicas[node].newest)) {
        replicas[node].newest = heard;
    }
}

/* ---------------------------------------------------------------- the test */

static void run(struct hearsay_sim *sim, uint64_t until_s)
{
    int err = hearsay_sim_run(sim, until_s * SECOND);
    if (err != 0) {
        fprintf(stderr, "%s\n", hearsay_sim_fault(sim));
        exit(1);
    }
}

static int have(const char *text)
{
    int count = 0;
    for (uint32_t i = SEEDS; i < NODES; i++) {
        count += strcmp(replicas[i].newest.text, text) == 0;
    }
    return count;
}

static void show(const struct hearsay_sim *sim, const char *what)
{
    printf("%4.0f s  %s: %d have \"red\", %d \"blue\"\n",
           (double)hearsay_sim_now(sim) / (double)SECOND, what, have("red"),
           have("blue"));
}

/* Seeds and peers of even number on one side, the others on the other. */
static void partition(struct hearsay_sim *sim)
{
    for (uint32_t a = 0; a < NODES; a++) {
        for (uint32_t b = a + 1; b < NODES; b++) {
            if ((a + b) % 2 == 1) {
                CHECK(hearsay_sim_cut(sim, a, b));
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct hearsay_sim_config config;
    struct hearsay_sim *sim = NULL;
    struct hearsay_sim_status status;
    struct hearsay_sim_broken broken;
    const char *why = NULL;

    hearsay_sim_config_init(&config);
    config.rng = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    config.seeds = SEEDS;
    config.peers = PEERS;
    config.on.on_started = on_started;
    config.on.on_message = on_message;
    if (hearsay_sim_create(&sim, &config, &why) != 0) {
        fprintf(stderr, "%s\n", why != NULL ? why : "out of memory");
        return 1;
    }
    CHECK(hearsay_sim_start_all(sim, SECOND));
    run(sim, 20);

    partition(sim);
    run(sim, 25);
    write_value(sim, SEEDS + 1, "red"); /* The even side. */
    run(sim, 28);
    write_value(sim, SEEDS + 2, "blue"); /* The odd side; the newer one. */
    run(sim, 30);
    show(sim, "cut in two");
    CHECK(hearsay_sim_restart(sim, SEEDS + 2, 60 * SECOND));
    run(sim, 60);
    CHECK(hearsay_sim_heal(sim, HEARSAY_SIM_NOBODY));
    run(sim, 240);
    show(sim, "healed");

    CHECK(hearsay_sim_get_status(sim, &status));
    printf("%4.0f s  %u peers joined, %u components, digest %016llx\n",
           (double)status.now_ns / (double)SECOND, status.joined,
           status.components, (unsigned long long)status.digest);
    if (hearsay_sim_first_broken(sim, &broken)) {
        printf("a promise of Hearsay broke: %s, %s\n", broken.name,
               broken.text);
        return 1;
    }
    hearsay_sim_destroy(sim);
    if (have("blue") != PEERS) {
        printf("the promise did not hold: not everybody has \"blue\"\n");
        return 1;
    }
    printf("the promise held\n");
    return 0;
}
