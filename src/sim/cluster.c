/* The machines of a virtual cluster, and what they share.
 *
 * One queue holds the future. Each turn takes the next event, moves the clock
 * to it, steps one node with it, and carries out the effects; their results
 * are new events. So a node is never stepped while another one is, and the
 * whole run is a function of its settings, the operations and one PRNG.
 * Processes are in process.c, connections in net.c. */
#include "sim/cluster.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "sim/inner.h"

#include <string.h>

enum {
    SCRATCH_LEN = 64 * 1024,
    NODES_MAX = 1 << 22,
    LINKS_MAX = 1 << 28,
    FIRST_PORT = 6000,
    KEPT_FIRST = 16,
    PEERS_MAX = 1000000,
    GROUPS_MAX = 1024,
    GROUPED_MAX = 65000,
    PPM = 1000000,
    RATE_MIN = 1024,
    UNDO_ROWS = 16, /* Per disk, in clusters of at most: */
    UNDO_NODES_MAX = 2048
};

#define SPAN_MAX_NS (24 * 60 * HSY_MINUTE)
#define CLOCK_MAX_NS (100 * 366 * SPAN_MAX_NS)

struct id_item {
    struct hearsay_id id;
    uint64_t node;
};

/* 2026-01-01T00:00:00Z, plus something. */
#define WALL_START_MS UINT64_C(1767225600000)

void hsy_cluster_config_init(struct hsy_cluster_config *config,
                             const struct hearsay_mem *mem)
{
    *config = (struct hsy_cluster_config){
        .mem = *mem,
        .latency_ns = {1 * HSY_MS, 20 * HSY_MS},
        .job_ns = {0, 1 * HSY_MS},
        .disk_ns = {1 * HSY_MS, 5 * HSY_MS},
        .clock_ns = {1 * HSY_SECOND, 24 * 60 * HSY_MINUTE},
        .dial_timeout_ns = 10 * HSY_SECOND,
        .window_len = 512 * 1024,
        .backlog_max = 128,
        .wall_start_ms = WALL_START_MS,
    };
}

/* ------------------------------------------------------------- services */

void hsy_cluster_fail(struct hsy_cluster *c, int err, const char *fault)
{
    HSY_ASSERT(err != HEARSAY_OK);
    if (c->err == HEARSAY_OK) {
        c->err = err;
        c->fault = fault;
    }
}

void hsy_cluster_schedule(struct hsy_cluster *c, const struct hsy_future *f)
{
    HSY_ASSERT(f->at_ns >= c->now_ns);
    int err = hsy_queue_push(&c->queue, f);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for an event");
    }
}

uint64_t hsy_cluster_draw(struct hsy_cluster *c, struct hsy_range range)
{
    HSY_ASSERT(range.min <= range.max);
    return range.min + hsy_prng_below(&c->prng, range.max - range.min + 1);
}

uint64_t hsy_cluster_late(const struct hsy_cluster *c, uint32_t node,
                          uint64_t at_ns)
{
    return hsy_time_add(at_ns, c->hosts[node].slow_ns);
}

void hsy_cluster_keep(struct hsy_cluster *c, uint32_t node,
                      const struct hsy_future *f)
{
    struct hsy_host *host = &c->hosts[node];
    if (host->kept_count == host->kept_room) {
        uint32_t room = host->kept_room == 0 ? KEPT_FIRST : 2 * host->kept_room;
        struct hsy_future *kept = hsy_mem_alloc(&c->mem, room * sizeof(*kept));
        if (kept == NULL) {
            hsy_cluster_fail(c, HEARSAY_ERR_NOMEM, "no memory for an event");
            return;
        }
        if (host->kept_count > 0) {
            memcpy(kept, host->kept, host->kept_count * sizeof(*kept));
        }
        hsy_mem_free(&c->mem, host->kept);
        host->kept = kept;
        host->kept_room = room;
    }
    host->kept[host->kept_count] = *f;
    host->kept_count++;
}

/* ------------------------------------------------------------ addresses */

/* 64.0.0/24 and on; those of strangers follow. */
static void put_group(const struct hsy_cluster *c, uint32_t node,
                      struct hearsay_addr *addr)
{
    const struct hsy_cluster_config *config = &c->config;
    uint32_t first = config->seeds + config->strangers_from - 1;
    bool strange = config->strangers_from > 0 && node >= first;
    uint32_t group =
        strange ? config->groups + (node - first) % config->strangers_groups
                : node % config->groups;

    HSY_ASSERT(node < UINT16_MAX);
    addr->ip[12] = 64;
    addr->ip[13] = (uint8_t)(group >> 8);
    addr->ip[14] = (uint8_t)group;
    addr->ip[15] = (uint8_t)node;
    addr->port = (uint16_t)(FIRST_PORT + (node >> 8));
}

static struct hearsay_addr addr_of(const struct hsy_cluster *c, uint32_t node)
{
    uint32_t n = node + 1;
    struct hearsay_addr addr = {.ip = {[10] = 0xff, [11] = 0xff}};
    if (c->config.one_host) {
        addr.ip[12] = 127;
        addr.ip[15] = 1;
        addr.port = (uint16_t)(FIRST_PORT + node);
    } else if (c->config.groups > 0) {
        put_group(c, node, &addr);
    } else {
        addr.ip[12] = 10;
        addr.ip[13] = (uint8_t)(n >> 16);
        addr.ip[14] = (uint8_t)(n >> 8);
        addr.ip[15] = (uint8_t)n;
        addr.port = FIRST_PORT;
    }
    return addr;
}

bool hsy_cluster_find_addr(const struct hsy_cluster *c,
                           const struct hearsay_addr *addr, uint32_t *out_node)
{
    uint32_t node;
    if (c->config.one_host) {
        node = (uint32_t)addr->port - FIRST_PORT;
    } else if (c->config.groups > 0) {
        node = ((uint32_t)(addr->port - FIRST_PORT) << 8) | addr->ip[15];
    } else {
        node = (((uint32_t)addr->ip[13] << 16) | ((uint32_t)addr->ip[14] << 8) |
                addr->ip[15]) -
               1;
    }
    if (node >= c->count) {
        return false;
    }
    struct hearsay_addr own = addr_of(c, node);
    if (!hsy_addr_equal(&own, addr)) {
        return false;
    }
    *out_node = node;
    return true;
}

/* ------------------------------------------------------------- creation */

/* The identity of a machine depends on nothing but the seed and its number. */
void hsy_cluster_secret(const struct hsy_cluster *c, uint32_t node,
                        uint8_t out[HEARSAY_SECRET_LEN])
{
    struct hsy_prng prng;
    hsy_prng_init(&prng, c->config.rng + UINT64_C(0x5bd1e995) * (node + 1));
    for (size_t i = 0; i < HEARSAY_SECRET_LEN; i++) {
        out[i] = (uint8_t)hsy_prng_next(&prng);
    }
}

static void init_tables(struct hsy_cluster *c)
{
    struct hsy_table_shape ids = {.key_len = sizeof(struct hearsay_id),
                                  .item_len = sizeof(struct id_item),
                                  .items_max = NODES_MAX};
    struct hsy_table_shape cuts = {
        .key_len = 8, .item_len = 8, .items_max = LINKS_MAX};
    hsy_table_init(&c->by_id, &c->mem, ids, c->config.hash_salt);
    hsy_table_init(&c->cuts, &c->mem, cuts, c->config.hash_salt);
}

static int init_hosts(struct hsy_cluster *c)
{
    struct hsy_table_shape links = {
        .key_len = 8, .item_len = 16, .items_max = LINKS_MAX};
    c->hosts = hsy_mem_zalloc(&c->mem, c->count * sizeof(*c->hosts));
    c->ids = hsy_mem_zalloc(&c->mem, c->count * sizeof(*c->ids));
    c->scratch = hsy_mem_alloc(&c->mem, SCRATCH_LEN);
    c->scratch_len = SCRATCH_LEN;
    if (c->hosts == NULL || c->ids == NULL || c->scratch == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        hsy_disk_init(&c->hosts[i].disk, &c->values);
        hsy_table_init(&c->hosts[i].by_link, &c->mem, links,
                       c->config.hash_salt);
        c->hosts[i].tick_ns = HEARSAY_NEVER;
        c->hosts[i].clock_ns = hsy_cluster_draw(c, c->config.clock_ns);
        uint8_t secret[HEARSAY_SECRET_LEN];
        hsy_cluster_secret(c, i, secret);
        c->config.crypto->id_of(&c->ids[i], secret);
        void *item;
        int err = hsy_table_put(&c->by_id, &item, &c->ids[i]);
        if (err != HEARSAY_OK) {
            return err;
        }
        ((struct id_item *)item)->node = i;
    }
    return HEARSAY_OK;
}

static void init_seed_list(struct hsy_cluster *c)
{
    for (uint32_t i = 0; i < c->config.seeds; i++) {
        struct hearsay_addr addr = addr_of(c, i);
        char host[HEARSAY_ADDR_TEXT_LEN];
        hsy_addr_host_text(host, &addr);
        memcpy(c->seed_list[i].host, host, strlen(host) + 1);
        c->seed_list[i].port = addr.port;
    }
}

static const char *counts_fault(const struct hsy_cluster_config *config)
{
    if (config->seeds < 1 || config->seeds > HEARSAY_SEEDS_MAX) {
        return "seeds must be 1 to 32";
    }
    if (config->peers > PEERS_MAX) {
        return "peers must be at most 1,000,000";
    }
    if (config->one_host &&
        config->seeds + config->peers > UINT16_MAX - FIRST_PORT) {
        return "one host has ports for at most 59,535 nodes; give each node "
               "a host of its own";
    }
    return NULL;
}

static bool upside_down(struct hsy_range range)
{
    return range.min > range.max || range.max > SPAN_MAX_NS;
}

static const char *times_fault(const struct hsy_cluster_config *config)
{
    if (upside_down(config->latency_ns)) {
        return "latency_ns: min must not exceed max, nor max 1 day";
    }
    if (upside_down(config->job_ns)) {
        return "job_ns: min must not exceed max, nor max 1 day";
    }
    if (upside_down(config->disk_ns)) {
        return "disk_ns: min must not exceed max, nor max 1 day";
    }
    if (config->clock_ns.min > config->clock_ns.max ||
        config->clock_ns.max > CLOCK_MAX_NS) {
        return "clock_ns: min must not exceed max, nor max 100 years";
    }
    if (config->dial_timeout_ns < 1 || config->dial_timeout_ns > SPAN_MAX_NS) {
        return "dial_timeout_ns must be more than 0 and at most 1 day";
    }
    return NULL;
}

static const char *network_fault(const struct hsy_cluster_config *config)
{
    if (config->groups > GROUPS_MAX || config->strangers_groups > GROUPS_MAX) {
        return "groups and strangers_groups must be at most 1,024";
    }
    if (config->groups > 0 && config->seeds + config->peers > GROUPED_MAX) {
        return "with groups, seeds and peers must be at most 65,000";
    }
    if ((config->strangers_from > 0) != (config->strangers_groups > 0) ||
        (config->strangers_from > 0 && config->groups == 0)) {
        return "strangers need groups: give both numbers, and groups";
    }
    if (config->tail_ppm > PPM || config->tail_ns > SPAN_MAX_NS) {
        return "tail_ppm must be at most 1,000,000 and tail_ns 1 day";
    }
    if (config->bytes_per_s > 0 && config->bytes_per_s < RATE_MIN) {
        return "bytes_per_s must be 0 (no bound) or at least 1,024";
    }
    if (config->window_len < 1) {
        return "window_len must be at least 1 byte";
    }
    if (config->backlog_max < 1) {
        return "backlog_max must be at least 1";
    }
    return NULL;
}

const char *hsy_cluster_config_fault(const struct hsy_cluster_config *config)
{
    if (config->machine == NULL || config->crypto == NULL ||
        config->seed_config == NULL || config->peer_config == NULL) {
        return "machine, crypto, seed_config and peer_config must be set";
    }
    const char *fault = counts_fault(config);
    if (fault == NULL) {
        fault = times_fault(config);
    }
    return fault != NULL ? fault : network_fault(config);
}

int hsy_cluster_create(struct hsy_cluster **out,
                       const struct hsy_cluster_config *config)
{
    HSY_ASSERT(config != NULL);
    if (hsy_cluster_config_fault(config) != NULL) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_cluster *c = hsy_mem_zalloc(&config->mem, sizeof(*c));
    if (c == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    c->config = *config;
    c->mem = config->mem;
    c->count = config->seeds + config->peers;
    c->next_accepted = 1;
    c->fault = "";
    c->weather = (struct hsy_weather){.latency_ns = config->latency_ns,
                                      .tail_ppm = config->tail_ppm,
                                      .tail_ns = config->tail_ns,
                                      .bytes_per_s = config->bytes_per_s,
                                      .window_len = config->window_len};
    hsy_queue_init(&c->queue, &c->mem);
    hsy_pool_init(&c->pool, &c->mem, config->hash_salt);
    hsy_prng_init(&c->prng, config->rng);
    hsy_values_init(&c->values, &c->mem, config->hash_salt,
                    c->count <= UNDO_NODES_MAX ? UNDO_ROWS : 0);
    init_tables(c);
    init_seed_list(c);
    int err = init_hosts(c);
    if (err != HEARSAY_OK) {
        hsy_cluster_destroy(c);
        return err;
    }
    *out = c;
    return HEARSAY_OK;
}

static void fini_host(struct hsy_cluster *c, struct hsy_host *host)
{
    if (host->disk.values == NULL) {
        return; /* Never came to be. */
    }
    if (host->node != NULL) {
        c->config.machine->destroy(host->node);
    }
    hsy_disk_fini(&host->disk);
    hsy_table_fini(&host->by_link);
    hsy_mem_free(&c->mem, host->kept);
}

void hsy_cluster_destroy(struct hsy_cluster *c)
{
    if (c == NULL) {
        return;
    }
    struct hearsay_mem mem = c->mem; /* Outlives the memory that held it. */
    for (uint32_t i = 0; c->hosts != NULL && i < c->count; i++) {
        fini_host(c, &c->hosts[i]);
    }
    if (c->hosts != NULL) {
        hsy_net_fini(c);
    }
    hsy_values_fini(&c->values);
    hsy_pool_fini(&c->pool);
    hsy_queue_fini(&c->queue);
    hsy_table_fini(&c->by_id);
    hsy_table_fini(&c->cuts);
    hsy_mem_free(&mem, c->hosts);
    hsy_mem_free(&mem, c->ids);
    hsy_mem_free(&mem, c->scratch);
    hsy_mem_free(&mem, c);
}

/* --------------------------------------------------------------- reading */

const char *hsy_cluster_fault(const struct hsy_cluster *c)
{
    return c->fault;
}

uint64_t hsy_cluster_now(const struct hsy_cluster *c)
{
    return c->now_ns;
}

struct hearsay_now hsy_cluster_clock(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return (struct hearsay_now){.mono_ns = c->now_ns + c->hosts[node].clock_ns,
                                .wall_ms = hsy_cluster_wall_ms(c) +
                                           c->hosts[node].wall_ms};
}

uint64_t hsy_cluster_wall_ms(const struct hsy_cluster *c)
{
    return c->config.wall_start_ms + c->now_ns / HSY_MS;
}

uint32_t hsy_cluster_count(const struct hsy_cluster *c)
{
    return c->count;
}

uint32_t hsy_cluster_seeds(const struct hsy_cluster *c)
{
    return c->config.seeds;
}

enum hsy_process hsy_cluster_process(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].starting ? HSY_PROCESS_STARTING
                                   : c->hosts[node].state;
}

uint32_t hsy_cluster_life(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].life;
}

bool hsy_cluster_is_isolated(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].isolated;
}

const struct hearsay_node *hsy_cluster_node(const struct hsy_cluster *c,
                                            uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].node;
}

const struct hearsay_id *hsy_cluster_id(const struct hsy_cluster *c,
                                        uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return &c->ids[node];
}

struct hearsay_addr hsy_cluster_addr(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return addr_of(c, node);
}

bool hsy_cluster_find(const struct hsy_cluster *c, const struct hearsay_id *id,
                      uint32_t *out_node)
{
    const struct id_item *item = hsy_table_find(&c->by_id, id);
    if (item == NULL) {
        return false;
    }
    *out_node = (uint32_t)item->node;
    return true;
}

uint64_t hsy_cluster_digest(const struct hsy_cluster *c)
{
    return c->digest;
}

uint64_t hsy_cluster_steps(const struct hsy_cluster *c)
{
    return c->steps;
}

struct hsy_open hsy_cluster_open(const struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    const struct hsy_host *host = &c->hosts[node];
    struct hsy_open open = {.jobs = host->jobs};
    for (const struct hsy_end *e = host->ends; e != NULL; e = e->next) {
        bool held = e->open && e->link != 0 && e->life == host->life;
        open.links += held ? 1 : 0;
    }
    return open;
}

struct hsy_leftovers hsy_cluster_leftovers(const struct hsy_cluster *c,
                                           uint32_t node)
{
    HSY_ASSERT(node < c->count);
    return c->hosts[node].leftovers;
}
