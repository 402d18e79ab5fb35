/* A simulation for embedders: a cluster with its witness, the embedder's
 * program attached to it, and time that runs for both.
 *
 * The cluster forbids calls from within a step. So time runs from one moment
 * of the cluster to the next; after each, what callbacks asked for is done,
 * and the timers of that moment come. */
#include "sim/public.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

#include <string.h>

enum { SEEDS = 3, PEERS = 8, MOMENT_MAX = HEARSAY_SIM_WAITING_MAX };

/* Streams of their own, so that the program's choices move no start. */
static const uint64_t choices_stream = 0x63686f6963657321;
static const uint64_t starts_stream = 0x7374617274732121;

_Static_assert((int)HEARSAY_SIM_NONE == (int)HSY_PROCESS_NONE &&
                   (int)HEARSAY_SIM_STARTING == (int)HSY_PROCESS_STARTING &&
                   (int)HEARSAY_SIM_RUNNING == (int)HSY_PROCESS_RUNNING &&
                   (int)HEARSAY_SIM_FROZEN == (int)HSY_PROCESS_FROZEN,
               "processes are cast");
_Static_assert((int)HEARSAY_SIM_DISK_FULL == (int)HSY_DISK_FULL &&
                   (int)HEARSAY_SIM_DISK_FLAKY == (int)HSY_DISK_FLAKY &&
                   (int)HEARSAY_SIM_DISK_LYING == (int)HSY_DISK_LYING,
               "moods are cast");
_Static_assert((int)HEARSAY_SIM_HARM_LOSE == (int)HSY_HARM_LOSE &&
                   (int)HEARSAY_SIM_HARM_STALE == (int)HSY_HARM_STALE &&
                   (int)HEARSAY_SIM_HARM_FLIP == (int)HSY_HARM_FLIP &&
                   (int)HEARSAY_SIM_HARM_CUT == (int)HSY_HARM_CUT,
               "harms are cast");
_Static_assert((int)HEARSAY_SIM_KEEP_LEDGER == (int)HSY_WITNESS_LEDGER &&
                   (int)HEARSAY_SIM_KEEP_CHECKS == (int)HSY_WITNESS_CHECKS &&
                   (int)HEARSAY_SIM_KEEP_STORY == (int)HSY_WITNESS_STORY,
               "keeps are cast");

/* ---------------------------------------------------------------- settings */

void hearsay_sim_config_init(struct hearsay_sim_config *config)
{
    struct hsy_cluster_config c;
    hsy_cluster_config_init(&c, hearsay_mem_default());
    *config = (struct hearsay_sim_config){
        .rng = 1,
        .seeds = SEEDS,
        .peers = PEERS,
        .weather = {.latency_ns = {c.latency_ns.min, c.latency_ns.max},
                    .tail_ppm = c.tail_ppm,
                    .tail_ns = c.tail_ns,
                    .bytes_per_s = c.bytes_per_s,
                    .window_len = c.window_len},
        .job_ns = {c.job_ns.min, c.job_ns.max},
        .disk_ns = {c.disk_ns.min, c.disk_ns.max},
        .wall_start_ms = c.wall_start_ms,
        .keeps = HEARSAY_SIM_KEEP_ALL,
        .crypto = hearsay_crypto_null(),
        .mem = *hearsay_mem_default()};
    hearsay_config_init(&config->seed, HEARSAY_SEED);
    hearsay_config_init(&config->peer, HEARSAY_PEER);
    config->peer.gossip_count = 0; /* The embedder's program talks. */
}

static struct hsy_cluster_config
cluster_config(const struct hearsay_sim_config *config)
{
    struct hsy_cluster_config c;
    hsy_cluster_config_init(&c, &config->mem);
    c.machine = hsy_machine_node();
    c.rng = config->rng;
    c.seeds = config->seeds;
    c.peers = config->peers;
    c.seed_config = &config->seed;
    c.peer_config = &config->peer;
    c.crypto = config->crypto;
    c.latency_ns = (struct hsy_range){config->weather.latency_ns.min,
                                      config->weather.latency_ns.max};
    c.tail_ppm = config->weather.tail_ppm;
    c.tail_ns = config->weather.tail_ns;
    c.bytes_per_s = config->weather.bytes_per_s;
    c.window_len = config->weather.window_len;
    c.job_ns = (struct hsy_range){config->job_ns.min, config->job_ns.max};
    c.disk_ns = (struct hsy_range){config->disk_ns.min, config->disk_ns.max};
    c.one_host = config->one_host;
    c.wall_start_ms = config->wall_start_ms;
    return c;
}

/* Makes a node of @template as the cluster would, and drops it: what is wrong
 * with it is better known before anything starts. */
static int try_template(const struct hearsay_sim_config *config,
                        const struct hearsay_config *template, const char **why)
{
    struct hearsay_seed seed = {.host = "10.0.0.1", .port = 1};
    struct hearsay_config tried = *template;
    tried.name = "tried";
    memset(tried.secret, 1, sizeof(tried.secret));
    tried.seeds = &seed;
    tried.seeds_count = 1;
    tried.addrs[0] = (struct hearsay_addr){.port = 1};
    tried.addrs_count = 1;
    tried.crypto = config->crypto;
    tried.mem = config->mem;
    struct hearsay_node *node;
    int err = hearsay_node_create(&node, &tried, why);
    if (err == HEARSAY_OK) {
        hearsay_node_destroy(node);
    }
    return err;
}

static int check(const struct hearsay_sim_config *config, const char **why)
{
    if (config->mem.alloc == NULL || config->mem.free == NULL) {
        *why = "mem has no functions; start from hearsay_sim_config_init()";
        return HEARSAY_ERR_INVALID;
    }
    if (config->crypto == NULL) {
        *why = "crypto must be set; start from hearsay_sim_config_init()";
        return HEARSAY_ERR_INVALID;
    }
    if ((config->keeps & ~(uint32_t)HEARSAY_SIM_KEEP_ALL) != 0) {
        *why = "keeps has a bit that means nothing";
        return HEARSAY_ERR_INVALID;
    }
    if (config->seed.role != HEARSAY_SEED ||
        config->peer.role != HEARSAY_PEER) {
        *why = "seed and peer must have the roles of their names";
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_cluster_config c = cluster_config(config);
    const char *fault = hsy_cluster_config_fault(&c);
    if (fault != NULL) {
        *why = fault;
        return HEARSAY_ERR_INVALID;
    }
    int err = try_template(config, &config->seed, why);
    return err != HEARSAY_OK ? err : try_template(config, &config->peer, why);
}

/* --------------------------------------------------------------- callbacks */

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct hearsay_sim *sim = ctx;
    (void)now_ns;
    if (sim->on.on_note != NULL) {
        sim->depth++;
        sim->on.on_note(sim->on.ctx, sim, node, note);
        sim->depth--;
    }
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct hearsay_sim *sim = ctx;
    (void)now_ns;
    if (sim->on.on_message != NULL) {
        sim->depth++;
        sim->on.on_message(sim->on.ctx, sim, node, message);
        sim->depth--;
    }
}

static void on_started(void *ctx, uint32_t node)
{
    struct hearsay_sim *sim = ctx;
    if (sim->on.on_started != NULL) {
        sim->depth++;
        sim->on.on_started(sim->on.ctx, sim, node);
        sim->depth--;
    }
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hearsay_sim *sim = ctx;
    if (sim->on.on_ended != NULL) {
        sim->depth++;
        sim->on.on_ended(sim->on.ctx, sim, node, why);
        sim->depth--;
    }
}

/* -------------------------------------------------------------------- life */

int hsy_public_create(struct hearsay_sim **out,
                      const struct hearsay_sim_config *config)
{
    struct hearsay_sim *sim = hsy_mem_zalloc(&config->mem, sizeof(*sim));
    if (sim == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    sim->mem = config->mem;
    sim->on = config->on;
    sim->fault = "";
    sim->seed_config = config->seed;
    sim->peer_config = config->peer;
    hsy_timers_init(&sim->timers, &sim->mem);
    hsy_timers_init(&sim->parked, &sim->mem);
    hsy_prng_init(&sim->choices, config->rng ^ choices_stream);
    hsy_prng_init(&sim->starts, config->rng ^ starts_stream);
    *out = sim;
    return HEARSAY_OK;
}

int hsy_public_attach(struct hearsay_sim *sim, struct hsy_witness *w)
{
    HSY_ASSERT(sim->witness == NULL);
    sim->witness = w;
    sim->cluster = w->cluster;
    w->next = (struct hsy_observer){.ctx = sim,
                                    .note = on_note,
                                    .delivered = on_delivered,
                                    .started = on_started,
                                    .ended = on_ended};
    return hsy_graph_create(&sim->graph, hsy_cluster_count(w->cluster),
                            &sim->mem);
}

int hearsay_sim_create(struct hearsay_sim **out,
                       const struct hearsay_sim_config *config,
                       const char **why)
{
    const char *unread = NULL;
    struct hearsay_sim *sim = NULL;
    int err = check(config, why == NULL ? &unread : why);
    if (err == HEARSAY_OK) {
        err = hsy_public_create(&sim, config);
    }
    if (err != HEARSAY_OK) {
        return err;
    }
    struct hsy_cluster_config c = cluster_config(config);
    c.seed_config = &sim->seed_config; /* These outlive the cluster. */
    c.peer_config = &sim->peer_config;
    struct hsy_witness_options options = {.keeps = config->keeps};
    struct hsy_witness *w = NULL;
    err = hsy_witness_create(&w, &c, &options);
    if (err == HEARSAY_OK) {
        err = hsy_public_attach(sim, w);
    }
    if (err != HEARSAY_OK) {
        hsy_public_destroy(sim);
        return err;
    }
    *out = sim;
    return HEARSAY_OK;
}

/* Takes a half-built one too. */
void hsy_public_destroy(struct hearsay_sim *sim)
{
    struct hearsay_mem mem = sim->mem; /* Outlives the memory that held it. */
    hsy_public_forget(sim);
    hsy_timers_fini(&sim->timers);
    hsy_timers_fini(&sim->parked);
    hsy_graph_destroy(sim->graph);
    if (!sim->borrowed) {
        hsy_witness_destroy(sim->witness);
    }
    hsy_mem_free(&mem, sim);
}

void hearsay_sim_destroy(struct hearsay_sim *sim)
{
    if (sim != NULL && sim->depth == 0 && !sim->borrowed) {
        hsy_public_destroy(sim);
    }
}

/* -------------------------------------------------------------------- time */

void hsy_public_fail(struct hearsay_sim *sim, int err, const char *fault)
{
    HSY_ASSERT(err != HEARSAY_OK);
    if (sim->err == HEARSAY_OK) {
        sim->err = err;
        sim->fault = fault;
    }
}

bool hsy_public_counts(struct hearsay_sim *sim)
{
    uint64_t now_ns = hsy_cluster_now(sim->cluster);
    if (now_ns != sim->moment_ns) {
        sim->moment_ns = now_ns;
        sim->moment_count = 0;
    }
    if (sim->moment_count == MOMENT_MAX) {
        hsy_public_fail(sim, HEARSAY_ERR_FULL,
                        "callbacks call without end and let no time pass");
        return false;
    }
    sim->moment_count++;
    return true;
}

/* All that happens up to @until_ns, which is not past the next moment. */
static void advance(struct hearsay_sim *sim, uint64_t until_ns)
{
    int err = hsy_cluster_run(sim->cluster, until_ns);
    if (err != HEARSAY_OK) {
        hsy_public_fail(sim, err, hsy_cluster_fault(sim->cluster));
    } else if (sim->witness->err != HEARSAY_OK) {
        hsy_public_fail(sim, sim->witness->err, "no memory for the books");
    }
}

int hsy_public_run(struct hearsay_sim *sim, uint64_t until_ns)
{
    sim->thawed = true; /* A scenario may have thawed some. */
    while (sim->err == HEARSAY_OK) {
        if (sim->thawed) {
            hsy_public_unpark(sim);
        }
        uint64_t next_ns = hsy_time_min(hsy_public_next_ns(sim->cluster),
                                        hsy_timers_next_ns(&sim->timers));
        /* One that was parked may be late. */
        next_ns = hsy_time_max(next_ns, hsy_cluster_now(sim->cluster));
        advance(sim, hsy_time_min(next_ns, until_ns));
        hsy_public_drain(sim);
        hsy_public_fire(sim);
        if (next_ns > until_ns) {
            break;
        }
    }
    return sim->err;
}

int hearsay_sim_run(struct hearsay_sim *sim, uint64_t until_ns)
{
    if (sim->depth > 0 || sim->borrowed) {
        return HEARSAY_ERR_STATE;
    }
    if (sim->err == HEARSAY_OK && until_ns < hsy_cluster_now(sim->cluster)) {
        return HEARSAY_ERR_INVALID;
    }
    int err = hsy_public_run(sim, until_ns);
    if (err == HEARSAY_OK && sim->witness->checks != NULL) {
        err = hsy_checks_look(sim->witness->checks);
        if (err != HEARSAY_OK) {
            hsy_public_fail(sim, err, "no memory for the checks");
        }
    }
    return err;
}
