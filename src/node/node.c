/* The node: core, wire and crypto as one machine without I/O. A step is: the
 * time, one event, what is due, what broke; then the effects. */
#include <string.h>

#include "base/compiler.h"
#include "core/lines.h"
#include "node/inner.h"
#include "node/view.h"

/* Of one table: enough for the links of a peer. */
enum { FETCH_LEN = 1024 };

/* A host that ticks so late was stopped, or its machine slept. */
#define LATE_NS (1 * HSY_SECOND)

/* ------------------------------------------------------------- life */

/* Name and network in one piece, each with its NUL. */
static int copy_texts(struct hearsay_node *node,
                      const struct hearsay_config *config)
{
    size_t name_len = strlen(config->name) + 1;
    size_t network_len = strlen(config->network) + 1;

    node->texts = hsy_mem_alloc(&node->mem, name_len + network_len);
    if (node->texts == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    memcpy(node->texts, config->name, name_len);
    memcpy(node->texts + name_len, config->network, network_len);
    HSY_ASSERT(name_len <= HEARSAY_NAME_MAX + 1);
    return 0;
}

static int init_core(struct hearsay_node *node,
                     const struct hearsay_config *config)
{
    struct hsy_env env = {
        .config = *config, .mem = node->mem, .ports = hsy_node_ports(node)};

    env.config.name = node->texts;
    env.config.network = node->texts + strlen(node->texts) + 1;
    env.config.seeds = NULL;
    env.pool = node->pool;
    env.lines = node->lines;
    hsy_mem_wipe(env.config.secret, sizeof(env.config.secret));
    hsy_prng_init(&env.prng, config->rng_seed);
    node->crypto->id_of(&env.id, node->secret);
    return hsy_core_init(&node->core, &env);
}

/* Everything but the core. A failure leaves something to be destroyed. */
static int init_node(struct hearsay_node *node,
                     const struct hearsay_config *config)
{
    node->mem = config->mem;
    node->crypto = config->crypto;
    node->conns_next_ns = HEARSAY_NEVER;
    node->due_ns = HEARSAY_NEVER;
    memcpy(node->secret, config->secret, sizeof(node->secret));
    hsy_effects_init(&node->fx, &node->mem);
    hsy_table_init(
        &node->conns, &node->mem,
        (struct hsy_table_shape){.key_len = sizeof(hearsay_link),
                                 .item_len = sizeof(struct hsy_conn_slot),
                                 .items_max = config->links_max},
        config->hash_salt);
    hsy_pool_init(&node->own_pool, &node->mem, config->hash_salt);
    node->pool = config->pool != NULL ? config->pool : &node->own_pool;
    int err = copy_texts(node, config);
    if (err != 0) {
        return err;
    }
    node->lines = hsy_lines_keep(node->pool, &node->mem, config->seeds,
                                 config->seeds_count);
    return node->lines == NULL ? HEARSAY_ERR_NOMEM : 0;
}

static void fini_node(struct hearsay_node *node)
{
    hsy_effects_fini(&node->fx);
    hsy_table_fini(&node->conns);
    hsy_pool_drop(node->pool, node->lines);
    hsy_pool_fini(&node->own_pool);
    hsy_mem_free(&node->mem, node->texts);
    hsy_mem_wipe(node->secret, sizeof(node->secret));
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
    int err = init_node(node, config);
    if (err != 0) {
        fini_node(node);
        hsy_mem_free(&config->mem, node);
        return err;
    }
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
    fini_node(node);
    hsy_mem_free(&mem, node);
}

/* A table from a file may have any number. */
static bool is_table(enum hearsay_table table)
{
    return (unsigned)table < HSY_TABLES_COUNT;
}

/* The node starts with the rows that are sound, whichever are not: all that is
 * in them can be learnt again. The seeds say which incarnation to step above,
 * fellow seeds have the Peer List, and the address book fills by itself. */
int hearsay_node_restore(struct hearsay_node *node,
                         const struct hearsay_row *row)
{
    struct hearsay_row bare = *row;

    HSY_ASSERT(row->key != NULL || row->key_len == 0);
    if (node->core.phase != HSY_PHASE_COLD) {
        return HEARSAY_ERR_STATE;
    }
    int err = is_table(row->table) && hsy_row_unseal(&bare)
                  ? hsy_core_restore(&node->core, &bare)
                  : HEARSAY_ERR_MALFORMED;
    if (err != 0 && err != HEARSAY_ERR_NOMEM) {
        node->core.env.counters.rows_refused++;
        node->rows_refused[is_table(row->table) ? (uint32_t)row->table
                                                : HSY_TABLES_COUNT]++;
    }
    return err;
}

static void tell_rows_refused(struct hearsay_node *node)
{
    for (uint32_t i = 0; i <= HSY_TABLES_COUNT; i++) {
        if (node->rows_refused[i] > 0) {
            struct hsy_note note = hsy_note(HEARSAY_WARN, "rows-refused");
            hsy_note_text(&note, "table",
                          hsy_table_name((enum hearsay_table)i));
            hsy_note_u64(&note, "count", node->rows_refused[i]);
            hsy_tell(&node->core.env, &note);
        }
    }
}

struct hearsay_id hearsay_node_id(const struct hearsay_node *node)
{
    return node->core.env.id;
}

/* ------------------------------------------------------------- stepping */

/* What the application gave, and how much payload it may be. */
struct given {
    const char *topic; /* NULL: none. */
    const uint8_t *payload;
    size_t payload_len, payload_max;
};

/* HEARSAY_ERR_TOO_BIG. */
static int content_of(struct hsy_message *out, const struct given *given)
{
    const char *text = given->topic != NULL ? given->topic : "";
    size_t topic_len = strlen(text);

    HSY_ASSERT(given->payload != NULL || given->payload_len == 0);
    if (topic_len > HSY_TOPIC_MAX || given->payload_len > given->payload_max) {
        return HEARSAY_ERR_TOO_BIG;
    }
    *out = (struct hsy_message){.topic = (const uint8_t *)text,
                                .topic_len = (uint8_t)topic_len,
                                .payload = given->payload,
                                .payload_len = (uint32_t)given->payload_len};
    return 0;
}

static int publish(struct hearsay_node *node, const struct hearsay_event *ev)
{
    struct hsy_message message;
    int err = content_of(
        &message,
        &(struct given){.topic = ev->publish.topic,
                        .payload = ev->publish.payload,
                        .payload_len = ev->publish.payload_len,
                        .payload_max = node->core.env.config.payload_max});

    return err != 0
               ? err
               : hsy_core_publish(&node->core, &message, ev->publish.out_seq);
}

static uint64_t timeout_of(uint64_t wanted_ns)
{
    return wanted_ns == 0 ? HSY_DIRECT_TIMEOUT_NS : wanted_ns;
}

static int send(struct hearsay_node *node, const struct hearsay_event *ev)
{
    struct hsy_direct_wish wish = {.direct = {.kind = HSY_DIRECT_MESSAGE}};
    struct hsy_message content;
    int err = content_of(&content,
                         &(struct given){.topic = ev->send.topic,
                                         .payload = ev->send.payload,
                                         .payload_len = ev->send.payload_len,
                                         .payload_max = HEARSAY_DIRECT_MAX});

    if (err != 0) {
        return err;
    }
    wish.timeout_ns = timeout_of(ev->send.timeout_ns);
    wish.direct.to = ev->send.to;
    wish.direct.topic = content.topic;
    wish.direct.topic_len = content.topic_len;
    wish.direct.payload = content.payload;
    wish.direct.payload_len = content.payload_len;
    return hsy_core_send(&node->core, &wish, ev->send.out_number);
}

/* A part of a millisecond counts as one. */
static int query(struct hearsay_node *node, const struct hearsay_event *ev)
{
    uint64_t timeout_ns = timeout_of(ev->query.timeout_ns);
    struct hsy_message message;
    int err = content_of(&message,
                         &(struct given){.topic = ev->query.topic,
                                         .payload = ev->query.payload,
                                         .payload_len = ev->query.payload_len,
                                         .payload_max = HEARSAY_DIRECT_MAX});

    if (err != 0) {
        return err;
    }
    if (timeout_ns > HSY_DIRECT_TIMEOUT_MAX_NS) {
        return HEARSAY_ERR_INVALID;
    }
    message.query_ms = (uint32_t)((timeout_ns + HSY_MS - 1) / HSY_MS);
    return hsy_core_query(&node->core, &message, ev->query.out_seq);
}

static int answer(struct hearsay_node *node, const struct hearsay_event *ev)
{
    struct hsy_query_name name = {.origin = ev->answer.origin,
                                  .incarnation = ev->answer.epoch,
                                  .seq = ev->answer.seq};
    struct hsy_message content;
    int err = content_of(&content,
                         &(struct given){.payload = ev->answer.payload,
                                         .payload_len = ev->answer.payload_len,
                                         .payload_max = HEARSAY_DIRECT_MAX});

    return err != 0 ? err
                    : hsy_core_answer(&node->core, &name, &content,
                                      ev->answer.out_number);
}

static int find(struct hearsay_node *node, const struct hearsay_event *ev)
{
    uint64_t number = 0;
    uint64_t *out = ev->find.out_number;

    HSY_ASSERT(!node->stopped);
    return hsy_core_find(&node->core, ev->find.all ? NULL : &ev->find.id,
                         ev->find.timeout_ns, out != NULL ? out : &number);
}

/* Does the application hand something over with it? */
static bool takes(const struct hearsay_event *ev)
{
    return ev->kind == HEARSAY_EV_PUBLISH || ev->kind == HEARSAY_EV_SEND ||
           ev->kind == HEARSAY_EV_QUERY || ev->kind == HEARSAY_EV_ANSWER ||
           ev->kind == HEARSAY_EV_FIND;
}

static int subscribe(struct hearsay_node *node, const struct hearsay_event *ev)
{
    return hsy_core_subscribe(&node->core, ev->subscribe.pattern,
                              ev->subscribe.on);
}

static int handle(struct hearsay_node *node, const struct hearsay_event *ev)
{
    HSY_ASSERT(!node->stopped);
    if (node->end_text != NULL && ev->kind != HEARSAY_EV_JOB_DONE) {
        if (ev->kind == HEARSAY_EV_LINK_UP) {
            hsy_conn_push_hang_up(node, ev->up.link);
        }
        /* Ending: only the jobs are waited for. */
        return takes(ev) ? HEARSAY_ERR_STATE : 0;
    }
    /* tidy: dispatch */
    switch (ev->kind) {
    case HEARSAY_EV_START:
        tell_rows_refused(node);
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
    case HEARSAY_EV_SEND:
        return send(node, ev);
    case HEARSAY_EV_QUERY:
        return query(node, ev);
    case HEARSAY_EV_ANSWER:
        return answer(node, ev);
    case HEARSAY_EV_FIND:
        return find(node, ev);
    case HEARSAY_EV_JOB_DONE:
        hsy_jobs_done(node, ev->job.job);
        return 0;
    case HEARSAY_EV_PERSISTED:
        hsy_core_persisted(&node->core, ev->persisted.token, ev->persisted.ok);
        return 0;
    case HEARSAY_EV_SUBSCRIBE:
        return subscribe(node, ev);
    case HEARSAY_EV_WATCH:
        return hsy_core_watch_members(&node->core, ev->watch.on);
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
    if (hsy_core_give_up(&node->core) && node->jobs_count == 0) {
        node->stopped = hsy_effects_push(&node->fx, &effect);
    }
}

static uint64_t deadline_now(const struct hearsay_node *node)
{
    if (node->end_text != NULL || node->core.phase == HSY_PHASE_COLD) {
        return HEARSAY_NEVER;
    }
    return hsy_time_min(hsy_core_deadline(&node->core), node->conns_next_ns);
}

/* What is due after the event, whose outcome was @err. */
static int settle(struct hearsay_node *node, const struct hearsay_event *ev,
                  int err)
{
    if (node->end_text == NULL) {
        hsy_conns_tick(node);
        hsy_core_end(&node->core);
        hsy_conns_serve(node);
        hsy_conns_tick(node);
    }
    if (node->end_text != NULL) {
        finish(node);
    }
    node->due_ns = deadline_now(node);
    /* A message that was taken is taken, whatever else found no memory. */
    bool lost = node->nomem && !takes(ev);
    return err == 0 && lost ? HEARSAY_ERR_NOMEM : err;
}

/* The whole of a step: the event, and what is due. */
static int run_step(struct hearsay_node *node, const struct hearsay_now *now,
                    const struct hearsay_event *ev)
{
    hsy_core_begin(&node->core, now);
    if (node->due_ns != HEARSAY_NEVER &&
        hsy_time_since(node->due_ns, now->mono_ns) > LATE_NS) {
        hsy_liveness_excuse(&node->core.liveness);
        node->late_ns = now->mono_ns;
    }
    return settle(node, ev, handle(node, ev));
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
    if (ev->kind == HEARSAY_EV_SENT && node->end_text == NULL &&
        now->mono_ns < node->due_ns) {
        /* Every other step is one of these. Nothing is due, and it concerns
         * one number of one link only. */
        node->core.env.now = *now;
        hsy_conn_sent(node, ev->sent.link, ev->sent.len);
        const struct hearsay_event tick = {.kind = HEARSAY_EV_TICK};
        if (node->crowd_pending) {
            return run_step(node, now, &tick);
        }
        return node->nomem ? settle(node, ev, 0) : 0;
    }
    return run_step(node, now, ev);
}

bool hearsay_next_effect(struct hearsay_node *node, struct hearsay_effect *out)
{
    HSY_ASSERT(out != NULL);
    return hsy_effects_pop(&node->fx, out);
}

uint64_t hearsay_deadline(const struct hearsay_node *node)
{
    HSY_ASSERT(node != NULL);
    return node->due_ns;
}

void hsy_node_fetch(const struct hearsay_node *node, bool deep)
{
    if (!deep) {
        hsy_prefetch(node, sizeof(*node));
        return;
    }
    HSY_ASSERT(node != NULL);
    hsy_table_fetch(&node->conns, FETCH_LEN);
    hsy_table_fetch(&node->core.neighbours.by_link, FETCH_LEN);
    hsy_table_fetch(&node->core.neighbours.by_id, FETCH_LEN);
}
