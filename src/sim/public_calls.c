/* What a test and its program do to a simulation. Each call becomes a struct
 * and goes through one door: from a callback it waits in a queue, since the
 * cluster is in the middle of a step then; from elsewhere it is carried out. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/public.h"

#include <string.h>

enum { PPM = 1000000, TOPIC_MAX = 64 };

#define DAY_NS (24 * 60 * HSY_MINUTE)
#define SLOW_MAX_NS (60 * HSY_MINUTE)
#define JUMP_MAX_MS (INT64_C(100) * 366 * 24 * 3600 * 1000)

/* ----------------------------------------------------------- carrying out */

static int restart(struct hsy_cluster *c, const struct hsy_call *call)
{
    int err = hsy_cluster_kill(c, call->node);
    return err != HEARSAY_OK ? err
                             : hsy_cluster_start(c, call->node, call->value);
}

static int heal(struct hsy_cluster *c, uint32_t node)
{
    if (node != HEARSAY_SIM_NOBODY) {
        hsy_cluster_heal(c, node);
        return HEARSAY_OK;
    }
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        hsy_cluster_heal(c, i);
    }
    return HEARSAY_OK;
}

static int set_weather(struct hsy_cluster *c,
                       const struct hearsay_sim_weather *w)
{
    struct hsy_weather weather = {
        .latency_ns = {.min = w->latency_ns.min, .max = w->latency_ns.max},
        .tail_ppm = w->tail_ppm,
        .tail_ns = w->tail_ns,
        .bytes_per_s = w->bytes_per_s,
        .window_len = w->window_len};
    hsy_cluster_set_weather(c, &weather);
    return HEARSAY_OK;
}

static int disk_mood(struct hearsay_sim *sim, const struct hsy_call *call)
{
    enum hsy_disk_mood mood = (enum hsy_disk_mood)call->value;
    hsy_witness_disk_bad(sim->witness, call->node);
    if (mood == HSY_DISK_LYING) {
        hsy_witness_disk_lost(sim->witness, call->node);
    }
    hsy_cluster_disk_mood(sim->cluster, call->node, mood);
    return HEARSAY_OK;
}

static int disk_harm(struct hearsay_sim *sim, const struct hsy_call *call)
{
    int err = hsy_cluster_disk_harm(sim->cluster, call->node,
                                    (enum hsy_disk_harm)call->value);
    if (err == HEARSAY_OK) {
        hsy_witness_disk_lost(sim->witness, call->node);
    }
    return err;
}

static int clock_jump(struct hearsay_sim *sim, const struct hsy_call *call)
{
    int64_t jump_ms;
    memcpy(&jump_ms, &call->value, sizeof(jump_ms));
    hsy_cluster_clock_jump(sim->cluster, call->node, jump_ms);
    hsy_witness_clock_jumped(sim->witness, call->node);
    return HEARSAY_OK;
}

static int carry_out(struct hearsay_sim *sim, const struct hsy_call *call,
                     uint64_t *out_seq)
{
    struct hsy_cluster *c = sim->cluster;
    switch (call->kind) {
    case HEARSAY_SIM_START:
        return hsy_cluster_start(c, call->node, call->value);
    case HEARSAY_SIM_KILL:
        return hsy_cluster_kill(c, call->node);
    case HEARSAY_SIM_FREEZE:
        return hsy_cluster_freeze(c, call->node);
    case HEARSAY_SIM_THAW:
        sim->thawed = true;
        return hsy_cluster_thaw(c, call->node);
    case HEARSAY_SIM_LEAVE:
        return hsy_cluster_leave(c, call->node);
    case HEARSAY_SIM_RESTART:
        return restart(c, call);
    case HEARSAY_SIM_PUBLISH:
        return hsy_public_publish(c, call, out_seq);
    case HEARSAY_SIM_CUT:
        return hsy_cluster_cut(c, call->node, call->other);
    case HEARSAY_SIM_CUT_WAY:
        return hsy_cluster_cut_way(c, call->node, call->other);
    case HEARSAY_SIM_ISOLATE:
        hsy_cluster_isolate(c, call->node);
        return HEARSAY_OK;
    case HEARSAY_SIM_HEAL:
        return heal(c, call->node);
    case HEARSAY_SIM_HEAL_PAIR:
        hsy_cluster_heal_pair(c, call->node, call->other);
        return HEARSAY_OK;
    case HEARSAY_SIM_RESET:
        (void)hsy_cluster_reset(c, call->node, (uint32_t)call->value);
        return HEARSAY_OK;
    case HEARSAY_SIM_SLOW:
        hsy_cluster_slow(c, call->node, call->value);
        return HEARSAY_OK;
    case HEARSAY_SIM_SET_WEATHER:
        return set_weather(c, &call->weather);
    case HEARSAY_SIM_DISK_MOOD:
        return disk_mood(sim, call);
    case HEARSAY_SIM_DISK_HARM:
        return disk_harm(sim, call);
    case HEARSAY_SIM_CLOCK_JUMP:
        return clock_jump(sim, call);
    }
    return HEARSAY_ERR_INVALID;
}

/* ------------------------------------------------------------------ waiting */

/* A copy that needs nobody. */
static int enqueue(struct hearsay_sim *sim, const struct hsy_call *call)
{
    if (sim->waiting >= HEARSAY_SIM_WAITING_MAX) {
        return HEARSAY_ERR_FULL;
    }
    size_t topic_len = call->topic == NULL ? 0 : strlen(call->topic) + 1;
    struct hsy_call *kept =
        hsy_mem_alloc(&sim->mem, sizeof(*kept) + topic_len + call->payload_len);
    if (kept == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    *kept = *call;
    kept->next = NULL;
    uint8_t *bytes = (uint8_t *)(kept + 1);
    if (call->topic != NULL) {
        memcpy(bytes, call->topic, topic_len);
        kept->topic = (const char *)bytes;
    }
    if (call->payload_len > 0) {
        memcpy(bytes + topic_len, call->payload, call->payload_len);
        kept->payload = bytes + topic_len;
    }
    *(sim->first == NULL ? &sim->first : &sim->last->next) = kept;
    sim->last = kept;
    sim->waiting++;
    return HEARSAY_OK;
}

static struct hsy_call *dequeue(struct hearsay_sim *sim)
{
    struct hsy_call *call = sim->first;
    HSY_ASSERT(call != NULL);
    HSY_ASSERT(sim->waiting > 0);
    sim->first = call->next;
    sim->waiting--;
    return call;
}

static void tell(struct hearsay_sim *sim, const struct hearsay_sim_outcome *o)
{
    if (sim->on.on_outcome != NULL) {
        sim->depth++;
        sim->on.on_outcome(sim->on.ctx, sim, o);
        sim->depth--;
    }
}

void hsy_public_drain(struct hearsay_sim *sim)
{
    HSY_ASSERT(sim->depth == 0);
    while (sim->first != NULL && sim->err == HEARSAY_OK &&
           hsy_public_counts(sim)) {
        struct hsy_call *call = dequeue(sim);
        struct hearsay_sim_outcome o = {.call = call->kind, .node = call->node};
        o.err = carry_out(sim, call, &o.seq);
        hsy_mem_free(&sim->mem, call);
        tell(sim, &o);
    }
}

void hsy_public_forget(struct hearsay_sim *sim)
{
    while (sim->first != NULL) {
        hsy_mem_free(&sim->mem, dequeue(sim));
    }
}

/* The door. @call is good. */
static int submit(struct hearsay_sim *sim, const struct hsy_call *call,
                  uint64_t *out_seq)
{
    uint64_t seq = 0;
    int err = sim->err;
    if (err != HEARSAY_OK) {
        return err;
    }
    if (sim->depth > 0) {
        err = enqueue(sim, call);
    } else {
        err = carry_out(sim, call, &seq);
        hsy_public_drain(sim);
    }
    if (err == HEARSAY_OK && out_seq != NULL) {
        *out_seq = seq;
    }
    return err;
}

/* One about @node alone. */
static int about(struct hearsay_sim *sim, enum hearsay_sim_call kind,
                 uint32_t node, uint64_t value)
{
    if (node >= hsy_cluster_count(sim->cluster)) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_call call = {.kind = kind, .node = node, .value = value};
    return submit(sim, &call, NULL);
}

/* One about two nodes. */
static int between(struct hearsay_sim *sim, enum hearsay_sim_call kind,
                   uint32_t node, uint32_t other)
{
    uint32_t count = hsy_cluster_count(sim->cluster);
    if (node >= count || other >= count || node == other) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_call call = {.kind = kind, .node = node, .other = other};
    return submit(sim, &call, NULL);
}

/* ---------------------------------------------------------------- the calls */

int hearsay_sim_publish(struct hearsay_sim *sim, uint32_t node,
                        const char *topic, const void *payload,
                        size_t payload_len, uint64_t *out_seq)
{
    if (node >= hsy_cluster_count(sim->cluster) ||
        (payload == NULL && payload_len > 0)) {
        return HEARSAY_ERR_INVALID;
    }
    if (payload_len > HEARSAY_PAYLOAD_MAX ||
        (topic != NULL && strlen(topic) > TOPIC_MAX)) {
        return HEARSAY_ERR_TOO_BIG;
    }
    struct hsy_call call = {.kind = HEARSAY_SIM_PUBLISH,
                            .node = node,
                            .topic = topic,
                            .payload = payload,
                            .payload_len = payload_len};
    return submit(sim, &call, out_seq);
}

int hearsay_sim_leave(struct hearsay_sim *sim, uint32_t node)
{
    return about(sim, HEARSAY_SIM_LEAVE, node, 0);
}

int hearsay_sim_start(struct hearsay_sim *sim, uint32_t node, uint64_t delay_ns)
{
    return about(sim, HEARSAY_SIM_START, node, delay_ns);
}

int hearsay_sim_start_all(struct hearsay_sim *sim, uint64_t spread_ns)
{
    if (spread_ns > DAY_NS) {
        return HEARSAY_ERR_INVALID;
    }
    int err = sim->depth > 0 ? HEARSAY_ERR_STATE : sim->err;
    uint32_t count = hsy_cluster_count(sim->cluster);
    for (uint32_t i = 0; i < count && err == HEARSAY_OK; i++) {
        if (hsy_cluster_process(sim->cluster, i) != HSY_PROCESS_NONE) {
            continue;
        }
        uint64_t delay_ns = i < hsy_cluster_seeds(sim->cluster)
                                ? 0
                                : hsy_prng_below(&sim->starts, spread_ns + 1);
        err = hearsay_sim_start(sim, i, delay_ns);
    }
    return err;
}

int hearsay_sim_kill(struct hearsay_sim *sim, uint32_t node)
{
    return about(sim, HEARSAY_SIM_KILL, node, 0);
}

int hearsay_sim_freeze(struct hearsay_sim *sim, uint32_t node)
{
    return about(sim, HEARSAY_SIM_FREEZE, node, 0);
}

int hearsay_sim_thaw(struct hearsay_sim *sim, uint32_t node)
{
    return about(sim, HEARSAY_SIM_THAW, node, 0);
}

int hearsay_sim_restart(struct hearsay_sim *sim, uint32_t node,
                        uint64_t delay_ns)
{
    return about(sim, HEARSAY_SIM_RESTART, node, delay_ns);
}

int hearsay_sim_cut(struct hearsay_sim *sim, uint32_t a, uint32_t b)
{
    return between(sim, HEARSAY_SIM_CUT, a, b);
}

int hearsay_sim_cut_way(struct hearsay_sim *sim, uint32_t from, uint32_t to)
{
    return between(sim, HEARSAY_SIM_CUT_WAY, from, to);
}

int hearsay_sim_isolate(struct hearsay_sim *sim, uint32_t node)
{
    return about(sim, HEARSAY_SIM_ISOLATE, node, 0);
}

int hearsay_sim_heal(struct hearsay_sim *sim, uint32_t node)
{
    if (node == HEARSAY_SIM_NOBODY) {
        struct hsy_call call = {.kind = HEARSAY_SIM_HEAL, .node = node};
        return submit(sim, &call, NULL);
    }
    return about(sim, HEARSAY_SIM_HEAL, node, 0);
}

int hearsay_sim_heal_pair(struct hearsay_sim *sim, uint32_t a, uint32_t b)
{
    return between(sim, HEARSAY_SIM_HEAL_PAIR, a, b);
}

int hearsay_sim_reset(struct hearsay_sim *sim, uint32_t node,
                      uint32_t chance_ppm)
{
    return chance_ppm > PPM ? (int)HEARSAY_ERR_INVALID
                            : about(sim, HEARSAY_SIM_RESET, node, chance_ppm);
}

int hearsay_sim_slow(struct hearsay_sim *sim, uint32_t node, uint64_t extra_ns)
{
    return extra_ns > SLOW_MAX_NS
               ? (int)HEARSAY_ERR_INVALID
               : about(sim, HEARSAY_SIM_SLOW, node, extra_ns);
}

int hearsay_sim_set_weather(struct hearsay_sim *sim,
                            const struct hearsay_sim_weather *weather)
{
    enum { RATE_MIN = 1024 };
    if (weather->latency_ns.min > weather->latency_ns.max ||
        weather->latency_ns.max > DAY_NS || weather->tail_ppm > PPM ||
        weather->tail_ns > DAY_NS || weather->window_len < 1 ||
        (weather->bytes_per_s > 0 && weather->bytes_per_s < RATE_MIN)) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_call call = {.kind = HEARSAY_SIM_SET_WEATHER,
                            .node = HEARSAY_SIM_NOBODY,
                            .weather = *weather};
    return submit(sim, &call, NULL);
}

int hearsay_sim_disk_mood(struct hearsay_sim *sim, uint32_t node,
                          enum hearsay_sim_mood mood)
{
    return (uint32_t)mood > HEARSAY_SIM_DISK_LYING
               ? (int)HEARSAY_ERR_INVALID
               : about(sim, HEARSAY_SIM_DISK_MOOD, node, (uint64_t)mood);
}

int hearsay_sim_disk_harm(struct hearsay_sim *sim, uint32_t node,
                          enum hearsay_sim_harm harm)
{
    return (uint32_t)harm > HEARSAY_SIM_HARM_CUT
               ? (int)HEARSAY_ERR_INVALID
               : about(sim, HEARSAY_SIM_DISK_HARM, node, (uint64_t)harm);
}

int hearsay_sim_clock_jump(struct hearsay_sim *sim, uint32_t node,
                           int64_t jump_ms)
{
    return jump_ms > JUMP_MAX_MS || jump_ms < -JUMP_MAX_MS
               ? (int)HEARSAY_ERR_INVALID
               : about(sim, HEARSAY_SIM_CLOCK_JUMP, node, (uint64_t)jump_ms);
}
