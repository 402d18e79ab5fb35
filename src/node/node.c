/* The node: core, wire and crypto as one machine without I/O. A step is: the
 * time, one event, what is due, what broke; then the effects. */
#include <string.h>

#include "node/inner.h"

/* A host that ticks so late was stopped, or its machine slept. */
#define LATE_NS (1 * HSY_SECOND)

/* ------------------------------------------------------------- life */

static int copy_config(struct hearsay_node *node,
                       const struct hearsay_config *config)
{
    size_t seeds_len = config->seeds_count * sizeof(*config->seeds);

    node->mem = config->mem;
    node->crypto = config->crypto;
    memcpy(node->secret, config->secret, sizeof(node->secret));
    memcpy(node->name, config->name, strlen(config->name) + 1);
    memcpy(node->network, config->network, strlen(config->network) + 1);
    node->seeds = hsy_mem_alloc(&node->mem, seeds_len);
    if (node->seeds == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    memcpy(node->seeds, config->seeds, seeds_len);
    return 0;
}

static int init_core(struct hearsay_node *node,
                     const struct hearsay_config *config)
{
    struct hsy_env env = {
        .config = *config, .mem = node->mem, .ports = hsy_node_ports(node)};

    env.config.name = node->name;
    env.config.network = node->network;
    env.config.seeds = node->seeds;
    hsy_mem_wipe(env.config.secret, sizeof(env.config.secret));
    hsy_prng_init(&env.prng, config->rng_seed);
    node->crypto->id_of(&env.id, node->secret);
    return hsy_core_init(&node->core, &env);
}

int hearsay_node_create(struct hearsay_node **out,
                        const struct hearsay_config *config, const char **why)
{
    const char *fault = hsy_config_fault(config);

    HSY_ASSERT(out != NULL);
    if (fault != NULL) {
        if (why != NULL) {
            *why = fault;
        }
        return HEARSAY_ERR_INVALID;
    }
    struct hearsay_node *node = hsy_mem_zalloc(&config->mem, sizeof(*node));
    if (node == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int err = copy_config(node, config);
    if (err != 0) {
        hsy_mem_free(&config->mem, node);
        return err;
    }
    hsy_effects_init(&node->fx, &node->mem);
    hsy_table_init(
        &node->conns, &node->mem,
        (struct hsy_table_shape){.key_len = sizeof(hearsay_link),
                                 .item_len = sizeof(struct hsy_conn_slot),
                                 .items_max = config->links_max},
        config->rng_seed);
    node->conns_next_ns = HEARSAY_NEVER;
    err = init_core(node, config);
    if (err != 0) {
        hearsay_node_destroy(node);
        return err;
    }
    *out = node;
    return 0;
}

void hearsay_node_destroy(struct hearsay_node *node)
{
    if (node == NULL) {
        return;
    }
    struct hearsay_mem mem = node->mem; /* Outlives the memory that held it. */
    hsy_jobs_fini(node);
    hsy_conns_fini(node);
    hsy_core_fini(&node->core);
    hsy_effects_fini(&node->fx);
    hsy_mem_free(&mem, node->seeds);
    hsy_mem_wipe(node->secret, sizeof(node->secret));
    hsy_mem_free(&mem, node);
}

int hearsay_node_restore(struct hearsay_node *node,
                         const struct hearsay_row *row)
{
    HSY_ASSERT(row != NULL);
    if (node->core.phase != HSY_PHASE_COLD) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_core_restore(&node->core, row);
}

struct hearsay_id hearsay_node_id(const struct hearsay_node *node)
{
    return node->core.env.id;
}

/* ------------------------------------------------------------- stepping */

static int publish(struct hearsay_node *node, const struct hearsay_event *ev)
{
    const char *topic = ev->publish.topic != NULL ? ev->publish.topic : "";
    size_t topic_len = strlen(topic);

    HSY_ASSERT(ev->publish.payload != NULL || ev->publish.payload_len == 0);
    if (topic_len > HSY_TOPIC_MAX ||
        ev->publish.payload_len > HEARSAY_PAYLOAD_MAX) {
        return HEARSAY_ERR_TOO_BIG;
    }
    struct hsy_message message = {.topic = (const uint8_t *)topic,
                                  .topic_len = (uint8_t)topic_len,
                                  .payload = ev->publish.payload,
                                  .payload_len =
                                      (uint32_t)ev->publish.payload_len};
    return hsy_core_publish(&node->core, &message, ev->publish.out_seq);
}

static int handle(struct hearsay_node *node, const struct hearsay_event *ev)
{
    HSY_ASSERT(!node->stopped);
    if (node->end_text != NULL && ev->kind != HEARSAY_EV_JOB_DONE) {
        return 0; /* Ending: only the jobs are waited for. */
    }
    /* tidy: dispatch */
    switch (ev->kind) {
    case HEARSAY_EV_START:
        hsy_core_start(&node->core);
        return 0;
    case HEARSAY_EV_TICK:
        return 0;
    case HEARSAY_EV_LINK_UP:
        hsy_conn_link_up(node, ev->up.link, ev->up.accepted, &ev->up.from);
        return 0;
    case HEARSAY_EV_LINK_DOWN:
        hsy_conn_link_down(node, ev->down.link, ev->down.why);
        return 0;
    case HEARSAY_EV_BYTES:
        hsy_conn_bytes(node, ev->bytes.link, ev->bytes.data, ev->bytes.len);
        return 0;
    case HEARSAY_EV_SENT:
        hsy_conn_sent(node, ev->sent.link, ev->sent.len);
        return 0;
    case HEARSAY_EV_PUBLISH:
        return publish(node, ev);
    case HEARSAY_EV_JOB_DONE:
        hsy_jobs_done(node, ev->job.job);
        return 0;
    case HEARSAY_EV_PERSISTED:
        hsy_core_persisted(&node->core, ev->persisted.token, ev->persisted.ok);
        return 0;
    case HEARSAY_EV_LEAVE:
        if (node->core.phase == HSY_PHASE_RUNNING) {
            hsy_core_leave(&node->core);
        }
        return 0;
    }
    return HEARSAY_ERR_INVALID;
}

/* May this event come now? */
static bool in_season(const struct hearsay_node *node,
                      const struct hearsay_event *ev)
{
    bool cold = node->core.phase == HSY_PHASE_COLD;

    return !node->stopped && cold == (ev->kind == HEARSAY_EV_START);
}

/* STOPPED comes when the links are closed and the last job is back, so that
 * after it nothing is pending. */
static void finish(struct hearsay_node *node)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_STOPPED};

    HSY_ASSERT(node->core.phase == HSY_PHASE_STOPPED);
    hsy_conns_hang_up(node);
    effect.stopped.why = node->end_why;
    effect.stopped.text = node->end_text;
    if (node->jobs_count == 0) {
        node->stopped = hsy_effects_push(&node->fx, &effect);
    }
}

int hearsay_step(struct hearsay_node *node, const struct hearsay_now *now,
                 const struct hearsay_event *ev)
{
    HSY_ASSERT(node != NULL);
    HSY_ASSERT(now->mono_ns >= node->core.env.now.mono_ns);
    if (node->fx.head != node->fx.count) {
        return HEARSAY_ERR_BUSY;
    }
    if (!in_season(node, ev)) {
        return HEARSAY_ERR_STATE;
    }
    hsy_effects_reset(&node->fx);
    node->nomem = false;
    uint64_t due_ns = hearsay_deadline(node);
    hsy_core_begin(&node->core, now);
    if (due_ns != HEARSAY_NEVER &&
        hsy_time_since(due_ns, now->mono_ns) > LATE_NS) {
        hsy_liveness_excuse(&node->core.liveness);
    }
    int err = handle(node, ev);
    if (node->end_text == NULL) {
        hsy_conns_tick(node);
        hsy_core_end(&node->core);
        hsy_conns_tick(node);
    }
    if (node->end_text != NULL) {
        finish(node);
    }
    /* A message that was taken is taken, whatever else found no memory. */
    bool lost = node->nomem && ev->kind != HEARSAY_EV_PUBLISH;
    return err == 0 && lost ? HEARSAY_ERR_NOMEM : err;
}

bool hearsay_next_effect(struct hearsay_node *node, struct hearsay_effect *out)
{
    HSY_ASSERT(out != NULL);
    return hsy_effects_pop(&node->fx, out);
}

uint64_t hearsay_deadline(const struct hearsay_node *node)
{
    if (node->end_text != NULL || node->core.phase == HSY_PHASE_COLD) {
        return HEARSAY_NEVER;
    }
    return hsy_time_min(hsy_core_deadline(&node->core), node->conns_next_ns);
}
