/* Processes: their life, their steps, and what may be done to them.
 *
 * Every event for a process names its life, a number that changes with each
 * start and each end: what was meant for an earlier process is ignored. A
 * frozen process misses nothing: its events are kept in order and played back
 * when it thaws. */
#include "base/assert.h"
#include "base/compiler.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "node/rows.h"
#include "sim/inner.h"

#include <string.h>

enum {
    TICKS_IN_ROW_MAX = 1000,
    HOST_HEAD_LEN = 128,
    LINKS_LEN = 256,
    FETCH_FROM = 256 /* Nodes: fewer fit the cache, of 16 KiB each. */
};

/* Back into the queue, in order, as if they happened now. */
static void replay(struct hsy_cluster *c, struct hsy_host *host)
{
    for (uint32_t i = 0; i < host->kept_count; i++) {
        host->kept[i].at_ns = c->now_ns;
        if (host->kept[i].kind == HSY_FUTURE_TICK) {
            host->tick_ns = c->now_ns;
        }
        hsy_cluster_schedule(c, &host->kept[i]);
    }
    hsy_mem_free(&c->mem, host->kept);
    host->kept = NULL;
    host->kept_count = 0;
    host->kept_room = 0;
}

/* --------------------------------------------------- life of a process */

static void process_ended(struct hsy_cluster *c, uint32_t node,
                          const enum hearsay_stop *why)
{
    struct hsy_host *host = &c->hosts[node];
    HSY_ASSERT(host->node != NULL);

    host->leftovers.by_itself = why != NULL;
    host->leftovers.jobs = host->jobs;
    host->leftovers.writes = host->disk.open_count;
    host->state = HSY_PROCESS_NONE;
    host->leftovers.links = hsy_net_process_gone(c, node, why != NULL);
    c->config.machine->destroy(host->node);
    host->node = NULL;
    host->life++; /* So that nothing on its way finds this one. */
    host->jobs = 0;
    host->stopping = false;
    replay(c, host);
    host->tick_ns = HEARSAY_NEVER; /* What was replayed is for nobody. */
    int err = why != NULL ? hsy_disk_flush(&host->disk, &c->prng)
                          : hsy_disk_crash(&host->disk, &c->prng);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for a row");
    }
    const struct hsy_observer *o = &c->config.observer;
    if (o->ended != NULL) {
        o->ended(o->ctx, node, why);
    }
}

/* "seed-1", "peer-12": from 1 within the role, as scenarios number them. */
static void name_of(const struct hsy_cluster *c, uint32_t node, char out[16])
{
    bool is_seed = node < c->config.seeds;
    uint32_t number = is_seed ? node + 1 : node - c->config.seeds + 1;
    memcpy(out, is_seed ? "seed-" : "peer-", 5);
    uint32_t digits = 1;
    for (uint32_t rest = number / 10; rest > 0; rest /= 10) {
        digits++;
    }
    out[5 + digits] = '\0';
    for (uint32_t i = digits; i > 0; i--) {
        out[4 + i] = (char)('0' + number % 10);
        number /= 10;
    }
}

static int create_node(struct hsy_cluster *c, uint32_t node)
{
    char name[16];
    name_of(c, node, name);
    struct hearsay_config config = node < c->config.seeds
                                       ? *c->config.seed_config
                                       : *c->config.peer_config;
    config.name = name;
    hsy_cluster_secret(c, node, config.secret);
    config.boot_nonce = hsy_prng_next(&c->prng);
    config.rng_seed = hsy_prng_next(&c->prng);
    config.seeds = c->seed_list;
    config.seeds_count = c->config.seeds;
    config.addrs[0] = hsy_cluster_addr(c, node);
    config.addrs_count = 1;
    config.hash_salt = c->config.hash_salt;
    config.pool = &c->pool;
    config.crypto = c->config.crypto;
    config.mem = c->mem;
    const char *why = "the node could not be made";
    int err = c->config.machine->create(&c->hosts[node].node, &config, &why);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, why);
    }
    return err;
}

/* As the runtime does: a row that the node refuses is told and skipped. */
static void skip_row(struct hsy_cluster *c, uint32_t node,
                     const struct hearsay_row *row, int err)
{
    struct hsy_note n = hsy_note(HEARSAY_WARN, "store-row-skipped");
    hsy_note_text(&n, "table", hsy_table_name(row->table));
    if (row->key_len == HEARSAY_ID_LEN) {
        struct hearsay_id id;
        memcpy(id.bytes, row->key, sizeof(id.bytes));
        hsy_note_id(&n, "key", &id);
    }
    hsy_note_text(&n, "text", hearsay_strerror(err));
    hsy_effects_note(c, node, &n.note);
}

static void restore(struct hsy_cluster *c, uint32_t node)
{
    const struct hsy_host *host = &c->hosts[node];
    for (uint32_t i = 0; i < hsy_disk_count(&host->disk); i++) {
        struct hearsay_row row = hsy_disk_row(&host->disk, i);
        int err = c->config.machine->restore(host->node, &row);
        if (err == HEARSAY_ERR_NOMEM) {
            hsy_cluster_fail(c, err, "no memory to restore a row");
        } else if (err != HEARSAY_OK) {
            skip_row(c, node, &row, err);
        }
    }
}

static void boot(struct hsy_cluster *c, uint32_t node)
{
    struct hsy_host *host = &c->hosts[node];
    HSY_ASSERT(host->node == NULL);
    host->starting = false;
    if (create_node(c, node) != HEARSAY_OK) {
        return;
    }
    host->state = HSY_PROCESS_RUNNING;
    host->leftovers = (struct hsy_leftovers){0};
    const struct hsy_observer *o = &c->config.observer;
    if (o->started != NULL) {
        o->started(o->ctx, node);
    }
    restore(c, node);
    struct hearsay_event ev = {.kind = HEARSAY_EV_START};
    (void)hsy_cluster_feed(c, node, &ev);
}

/* ----------------------------------------------------------------- steps */

/* In virtual time. */
static uint64_t deadline_of(const struct hsy_cluster *c, uint32_t node)
{
    const struct hsy_host *host = &c->hosts[node];
    uint64_t deadline_ns = c->config.machine->deadline(host->node);
    return deadline_ns == HEARSAY_NEVER
               ? HEARSAY_NEVER
               : hsy_time_since(host->clock_ns, deadline_ns);
}

/* One tick in the queue, not later than the node's deadline (on a slow
 * machine: than that and its delay). A later one that was scheduled before is
 * recognised by tick_ns and ignored. */
static void plan_tick(struct hsy_cluster *c, uint32_t node)
{
    struct hsy_host *host = &c->hosts[node];
    uint64_t deadline_ns = deadline_of(c, node);
    if (deadline_ns == HEARSAY_NEVER) {
        return;
    }
    deadline_ns = hsy_time_max(deadline_ns, c->now_ns);
    deadline_ns = hsy_cluster_late(c, node, deadline_ns);
    if (deadline_ns >= host->tick_ns) {
        return;
    }
    host->tick_ns = deadline_ns;
    struct hsy_future f = {.at_ns = deadline_ns,
                           .kind = HSY_FUTURE_TICK,
                           .node = node,
                           .life = host->life};
    hsy_cluster_schedule(c, &f);
}

void hsy_cluster_pace(struct hsy_cluster *c, uint32_t node)
{
    struct hsy_host *host = &c->hosts[node];
    if (host->state == HSY_PROCESS_RUNNING) {
        host->tick_ns = HEARSAY_NEVER; /* That one is ignored. */
        plan_tick(c, node);
    }
}

static bool is_refusal(const struct hearsay_event *ev, int err)
{
    bool asks = ev->kind == HEARSAY_EV_SEND || ev->kind == HEARSAY_EV_QUERY ||
                ev->kind == HEARSAY_EV_ANSWER || ev->kind == HEARSAY_EV_FIND;
    return (asks || ev->kind == HEARSAY_EV_PUBLISH ||
            ev->kind == HEARSAY_EV_LEAVE || ev->kind == HEARSAY_EV_WATCH) &&
           (err == HEARSAY_ERR_STATE || err == HEARSAY_ERR_AGAIN ||
            err == HEARSAY_ERR_TOO_BIG || (asks && err == HEARSAY_ERR_INVALID));
}

int hsy_cluster_feed(struct hsy_cluster *c, uint32_t node,
                     const struct hearsay_event *ev)
{
    struct hsy_host *host = &c->hosts[node];
    HSY_ASSERT(host->state == HSY_PROCESS_RUNNING);
    if (c->err != HEARSAY_OK) {
        return c->err;
    }
    struct hearsay_now now = hsy_cluster_clock(c, node);
    int err = c->config.machine->step(host->node, &now, ev);
    if (err != HEARSAY_OK && !is_refusal(ev, err)) {
        hsy_cluster_fail(c, err, "a step failed");
    }
    c->steps++;
    struct hearsay_effect fx;
    while (c->config.machine->next_effect(host->node, &fx)) {
        hsy_effects_apply(c, node, &fx);
    }
    if (host->stopping) {
        enum hearsay_stop why = host->stop;
        process_ended(c, node, &why);
    } else {
        plan_tick(c, node);
    }
    const struct hsy_observer *o = &c->config.observer;
    if (o->stepped != NULL) {
        o->stepped(o->ctx, node);
    }
    return err;
}

static void on_tick(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_host *host = &c->hosts[f->node];
    host->tick_ns = HEARSAY_NEVER;
    if (deadline_of(c, f->node) > c->now_ns) {
        plan_tick(c, f->node);
        return;
    }
    struct hearsay_event ev = {.kind = HEARSAY_EV_TICK};
    (void)hsy_cluster_feed(c, f->node, &ev);
    host->ticks_in_row =
        host->tick_ns == c->now_ns ? host->ticks_in_row + 1 : 0;
    if (host->ticks_in_row > TICKS_IN_ROW_MAX) {
        hsy_cluster_fail(c, HEARSAY_ERR_STATE,
                         "a node asks for ticks without end");
    }
}

static void on_job(struct hsy_cluster *c, const struct hsy_future *f)
{
    HSY_ASSERT(c->hosts[f->node].jobs > 0);
    c->hosts[f->node].jobs--;
    struct hearsay_event ev = {.kind = HEARSAY_EV_JOB_DONE};
    ev.job.job = f->job;
    (void)hsy_cluster_feed(c, f->node, &ev);
}

static void on_disk(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_PERSISTED};
    struct hsy_commit commit;
    int err = hsy_disk_commit(&c->hosts[f->node].disk, &commit, &c->prng);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for a row");
    }
    ev.persisted.token = commit.token;
    ev.persisted.ok = commit.ok;
    (void)hsy_cluster_feed(c, f->node, &ev);
}

static void on_dial_failed(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_DOWN};
    ev.down.link = f->value;
    ev.down.why = HEARSAY_DOWN_UNREACHABLE;
    (void)hsy_cluster_feed(c, f->node, &ev);
}

/* For a process that runs. */
static void dispatch(struct hsy_cluster *c, const struct hsy_future *f)
{
    switch ((enum hsy_future_kind)f->kind) {
    case HSY_FUTURE_START:
    case HSY_FUTURE_ARRIVE:
        break; /* Not for a process; see turn(). */
    case HSY_FUTURE_TICK:
        on_tick(c, f);
        break;
    case HSY_FUTURE_ACCEPT:
        hsy_net_accept(c, f);
        break;
    case HSY_FUTURE_SENT:
        hsy_net_sent(c, f);
        break;
    case HSY_FUTURE_DIAL_LATE:
        hsy_net_dial_late(c, f);
        break;
    case HSY_FUTURE_DIAL_FAILED:
        on_dial_failed(c, f);
        break;
    case HSY_FUTURE_JOB:
        on_job(c, f);
        break;
    case HSY_FUTURE_DISK:
        on_disk(c, f);
        break;
    }
}

static bool holds_conn(const struct hsy_future *f)
{
    return f->kind >= HSY_FUTURE_ARRIVE && f->kind <= HSY_FUTURE_DIAL_LATE;
}

static void turn(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_host *host = &c->hosts[f->node];
    c->now_ns = f->at_ns;
    if (f->kind == HSY_FUTURE_ARRIVE) {
        hsy_net_arrive(c, f);
    } else if (f->life != host->life) {
        if (holds_conn(f)) {
            hsy_net_unref(c, f->conn);
        }
    } else if (f->kind == HSY_FUTURE_START) {
        boot(c, f->node);
    } else if (f->kind == HSY_FUTURE_TICK && f->at_ns != host->tick_ns) {
        return; /* Another one has taken its place. */
    } else if (host->state == HSY_PROCESS_FROZEN) {
        hsy_cluster_keep(c, f->node, f);
    } else {
        dispatch(c, f);
    }
}

/* In a large network an event finds nothing of its node in a cache. So the
 * third next one has its host fetched, the second next one what that points
 * to, and the next one what that points to: by the time it is its turn, all
 * of it is there. */
static void look_ahead(const struct hsy_cluster *c)
{
    const struct hsy_machine *m = c->config.machine;
    struct hsy_future f;
    if (m->fetch == NULL || c->count < FETCH_FROM) {
        return;
    }
    if (hsy_queue_ahead(&c->queue, 2, &f)) {
        hsy_prefetch(&c->hosts[f.node], HOST_HEAD_LEN);
        if (holds_conn(&f)) {
            hsy_prefetch(f.conn, sizeof(struct hsy_conn));
        }
    }
    if (hsy_queue_ahead(&c->queue, 1, &f)) {
        m->fetch(c->hosts[f.node].node, false);
        hsy_table_fetch(&c->hosts[f.node].by_link, LINKS_LEN);
        if (f.kind == HSY_FUTURE_ARRIVE) {
            hsy_prefetch(f.conn->ends[f.side].out.flying.first,
                         sizeof(struct hsy_segment));
        }
    }
    if (hsy_queue_ahead(&c->queue, 0, &f) && c->hosts[f.node].node != NULL) {
        m->fetch(c->hosts[f.node].node, true);
    }
}

int hsy_cluster_run(struct hsy_cluster *c, uint64_t until_ns)
{
    HSY_ASSERT(until_ns >= c->now_ns);
    HSY_ASSERT(until_ns != HEARSAY_NEVER);
    while (c->err == HEARSAY_OK && hsy_queue_next_ns(&c->queue) <= until_ns) {
        struct hsy_future f = hsy_queue_pop(&c->queue);
        look_ahead(c);
        turn(c, &f);
    }
    if (c->err == HEARSAY_OK) {
        c->now_ns = until_ns;
    }
    return c->err;
}

/* ------------------------------------------------------------ operations */

int hsy_cluster_start(struct hsy_cluster *c, uint32_t node, uint64_t delay_ns)
{
    HSY_ASSERT(node < c->count);
    struct hsy_host *host = &c->hosts[node];
    if (host->state != HSY_PROCESS_NONE || host->starting) {
        return HEARSAY_ERR_STATE;
    }
    host->life++;
    host->starting = true;
    struct hsy_future f = {.at_ns = hsy_time_add(c->now_ns, delay_ns),
                           .kind = HSY_FUTURE_START,
                           .node = node,
                           .life = host->life};
    hsy_cluster_schedule(c, &f);
    return c->err;
}

int hsy_cluster_kill(struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    struct hsy_host *host = &c->hosts[node];
    if (host->starting) {
        host->starting = false;
        host->life++;
        return HEARSAY_OK;
    }
    if (host->state == HSY_PROCESS_NONE) {
        return HEARSAY_ERR_STATE;
    }
    process_ended(c, node, NULL);
    return c->err;
}

int hsy_cluster_freeze(struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    if (c->hosts[node].state != HSY_PROCESS_RUNNING) {
        return HEARSAY_ERR_STATE;
    }
    c->hosts[node].state = HSY_PROCESS_FROZEN;
    return HEARSAY_OK;
}

/* Whether the loop that wakes up looks at its timers or at its sockets first
 * is chance; both happen in life. */
int hsy_cluster_thaw(struct hsy_cluster *c, uint32_t node)
{
    HSY_ASSERT(node < c->count);
    struct hsy_host *host = &c->hosts[node];
    if (host->state != HSY_PROCESS_FROZEN) {
        return HEARSAY_ERR_STATE;
    }
    host->state = HSY_PROCESS_RUNNING;
    if (hsy_prng_below(&c->prng, 2) == 0) {
        replay(c, host);
        return c->err;
    }
    struct hearsay_event ev = {.kind = HEARSAY_EV_TICK};
    uint32_t life = host->life;
    (void)hsy_cluster_feed(c, node, &ev);
    if (host->life == life) {
        replay(c, host);
    }
    return c->err;
}

static int feed_now(struct hsy_cluster *c, uint32_t node,
                    const struct hearsay_event *ev)
{
    HSY_ASSERT(node < c->count);
    if (c->hosts[node].state != HSY_PROCESS_RUNNING) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_cluster_feed(c, node, ev);
}

int hsy_cluster_leave(struct hsy_cluster *c, uint32_t node)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_LEAVE};
    return feed_now(c, node, &ev);
}

int hsy_cluster_watch(struct hsy_cluster *c, uint32_t node)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_WATCH, .watch = {.on = true}};
    return feed_now(c, node, &ev);
}

int hsy_cluster_publish(struct hsy_cluster *c, uint32_t node,
                        const uint8_t *payload, size_t payload_len,
                        uint64_t *out_seq)
{
    uint64_t seq = 0;
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH};
    ev.publish.topic = NULL;
    ev.publish.payload = payload;
    ev.publish.payload_len = payload_len;
    ev.publish.out_seq = &seq;
    int err = feed_now(c, node, &ev);
    if (err != HEARSAY_OK) {
        return err;
    }
    const struct hsy_observer *o = &c->config.observer;
    if (o->published != NULL) {
        o->published(o->ctx, node, seq, payload, payload_len);
    }
    *out_seq = seq;
    return HEARSAY_OK;
}

static void tell_asked(struct hsy_cluster *c, uint32_t node, uint32_t to,
                       uint64_t number, const struct hsy_ask_for *what)
{
    const struct hsy_observer *o = &c->config.observer;
    if (o->asked != NULL) {
        o->asked(o->ctx, node, to, number, what);
    }
}

int hsy_cluster_send(struct hsy_cluster *c, uint32_t node, uint32_t to,
                     const struct hsy_ask_for *what, uint64_t *out_number)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_SEND};
    HSY_ASSERT(to < hsy_cluster_count(c));
    ev.send.to = *hsy_cluster_id(c, to);
    ev.send.payload = what->payload;
    ev.send.payload_len = what->payload_len;
    ev.send.timeout_ns = what->timeout_ns;
    ev.send.out_number = out_number;
    int err = feed_now(c, node, &ev);
    if (err == HEARSAY_OK) {
        tell_asked(c, node, to, *out_number, what);
    }
    return err;
}

int hsy_cluster_query(struct hsy_cluster *c, uint32_t node,
                      const struct hsy_ask_for *what, uint64_t *out_seq)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_QUERY};
    ev.query.payload = what->payload;
    ev.query.payload_len = what->payload_len;
    ev.query.timeout_ns = what->timeout_ns;
    ev.query.out_seq = out_seq;
    int err = feed_now(c, node, &ev);
    const struct hsy_observer *o = &c->config.observer;
    if (err == HEARSAY_OK && o->published != NULL) {
        o->published(o->ctx, node, *out_seq, what->payload, what->payload_len);
    }
    if (err == HEARSAY_OK) {
        tell_asked(c, node, HSY_TO_ALL, *out_seq, what);
    }
    return err;
}

int hsy_cluster_look_up(struct hsy_cluster *c, uint32_t node, uint32_t whom,
                        uint64_t *out_number)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_FIND};
    ev.find.all = whom == HSY_TO_ALL;
    if (!ev.find.all) {
        HSY_ASSERT(whom < hsy_cluster_count(c));
        ev.find.id = *hsy_cluster_id(c, whom);
    }
    ev.find.out_number = out_number;
    return feed_now(c, node, &ev);
}
