/* A node on a libuv loop. The node is stepped from two places: from events of
 * sockets and wakes as they come, and from publish(). Everything else happens
 * once per turn of the loop, in a prepare hook just before it would sleep:
 *
 *     tick or leave -> links: tell what failed, write what was queued
 *     -> hand jobs to the workers, rows to the disk -> call the application
 *     -> set the timer to the node's deadline
 *
 * So an effect costs no system call of its own, and the application is never
 * called from inside a step or from inside its own call. */
#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/inner.h"

/* ------------------------------------------------------------------ notes */

void hsy_runtime_note(struct hearsay_runtime *rt, const struct hsy_note *n)
{
    hsy_outbox_note(&rt->outbox, &n->note, hsy_clock_wall_ms());
}

void hsy_runtime_slow(void *ctx, hearsay_link link, uint64_t waiting_len)
{
    struct hsy_note n = hsy_note(HEARSAY_WARN, "slow-closed");
    hsy_note_u64(&n, "link", link);
    hsy_note_u64(&n, "queue_bytes", waiting_len);
    hsy_runtime_note(ctx, &n);
}

void hsy_runtime_accept_pause(void *ctx, const char *why)
{
    struct hsy_note n = hsy_note(HEARSAY_WARN, "accept-failed");
    hsy_note_text(&n, "text", why);
    hsy_runtime_note(ctx, &n);
}

/* ------------------------------------------------------- steps and effects */

static void stop_begin(struct hearsay_runtime *rt, enum hearsay_stop why,
                       const char *text)
{
    if (rt->state != RUN_GOING) {
        return;
    }
    rt->state = RUN_STOPPING;
    rt->stop_why = why;
    rt->stop_text = text;
    uint64_t flushed_ns =
        hsy_time_add(hsy_clock_mono_ns(), rt->limits.linger_ns);
    rt->stop_by_ns = hsy_time_min(flushed_ns, rt->leave_by_ns);
}

/* A promise cannot be kept: better a node that stops than one that lies. */
static void out_of_memory(struct hearsay_runtime *rt)
{
    stop_begin(rt, HEARSAY_STOP_DISK,
               "out of memory for what must not be lost; give the process "
               "more, or lower the limits");
}

static void do_persist(struct hearsay_runtime *rt,
                       const struct hearsay_effect *fx)
{
    int rc = hsy_store_put(rt->store, fx->persist.token, &fx->persist.row,
                           fx->persist.more);
    if (rc == HEARSAY_ERR_FULL) {
        stop_begin(rt, HEARSAY_STOP_DISK,
                   "the disk does not keep up: too many writes wait for it");
    } else if (rc != 0) {
        out_of_memory(rt);
    }
}

static void do_effect(struct hearsay_runtime *rt,
                      const struct hearsay_effect *fx)
{
    int rc = 0;
    switch (fx->kind) {
    case HEARSAY_FX_DIAL:
        rc = hsy_links_dial(rt->links, fx->dial.link, fx->dial.host,
                            fx->dial.port);
        break;
    case HEARSAY_FX_SEND:
        hsy_links_send(rt->links, fx->send.link, fx->send.buf);
        break;
    case HEARSAY_FX_HANG_UP:
        hsy_links_hang_up(rt->links, fx->hang_up.link);
        break;
    case HEARSAY_FX_READ:
        hsy_links_read(rt->links, fx->read.link, fx->read.on);
        break;
    case HEARSAY_FX_DELIVER:
        rc = hsy_outbox_message(&rt->outbox, fx->message);
        break;
    case HEARSAY_FX_RECEIPT:
    case HEARSAY_FX_ANSWER:
    case HEARSAY_FX_QUERY_DONE:
    case HEARSAY_FX_FOUND:
    case HEARSAY_FX_FIND_DONE:
    case HEARSAY_FX_MEMBER:
        rc = hsy_outbox_told(&rt->outbox, fx);
        break;
    case HEARSAY_FX_NOTE:
        hsy_outbox_note(&rt->outbox, fx->note, hsy_clock_wall_ms());
        break;
    case HEARSAY_FX_JOB:
        hsy_jobs_submit(rt->jobs, fx->job);
        break;
    case HEARSAY_FX_PERSIST:
        do_persist(rt, fx);
        break;
    case HEARSAY_FX_STOPPED:
        stop_begin(rt, fx->stopped.why, fx->stopped.text);
        break;
    }
    if (rc != 0) {
        out_of_memory(rt);
    }
}

static int step(struct hearsay_runtime *rt, const struct hearsay_event *ev)
{
    if (rt->state != RUN_GOING) {
        return HEARSAY_ERR_STATE;
    }
    struct hearsay_now now = hsy_clock_now();
    int rc = hearsay_step(rt->node, &now, ev);
    HSY_ASSERT(rc != HEARSAY_ERR_BUSY); /* We drain after each. */
    struct hearsay_effect fx;
    while (hearsay_next_effect(rt->node, &fx)) {
        do_effect(rt, &fx);
    }
    rt->step_failures += rc == HEARSAY_ERR_NOMEM ? 1 : 0;
    return rc;
}

void hsy_runtime_link_event(void *ctx, const struct hearsay_event *ev)
{
    struct hearsay_runtime *rt = ctx;
    if (step(rt, ev) != HEARSAY_ERR_NOMEM) {
        return;
    }
    /* A stream with a hole is of no use; a link that the node did not hear
     * of is none. */
    if (ev->kind == HEARSAY_EV_BYTES) {
        hsy_links_break(rt->links, ev->bytes.link);
    } else if (ev->kind == HEARSAY_EV_LINK_UP) {
        hsy_links_break(rt->links, ev->up.link);
    }
}

void hsy_runtime_accept(void *ctx, int fd)
{
    struct hearsay_runtime *rt = ctx;
    hsy_links_accept(rt->links, fd);
}

void hsy_runtime_wake(void *ctx)
{
    struct hearsay_runtime *rt = ctx;
    (void)uv_async_send(&rt->wake);
}

static void jobs_collect(struct hearsay_runtime *rt)
{
    struct hearsay_job *job;
    while ((job = hsy_jobs_next(rt->jobs)) != NULL) {
        struct hearsay_event ev = {.kind = HEARSAY_EV_JOB_DONE,
                                   .job = {.job = job}};
        (void)step(rt, &ev); /* A stopped node frees it when destroyed. */
    }
}

/* Messages that were retained and are so no more, against the node's will. */
void hsy_runtime_tell_dropped(struct hearsay_runtime *rt)
{
    uint64_t dropped = hsy_store_log_stats(rt->store).rows_dropped;
    if (dropped > rt->rows_dropped) {
        struct hsy_note n = hsy_note(HEARSAY_WARN, "retain-dropped");
        hsy_note_u64(&n, "count", dropped - rt->rows_dropped);
        hsy_runtime_note(rt, &n);
        rt->rows_dropped = dropped;
    }
}

static void store_collect(struct hearsay_runtime *rt)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_PERSISTED};
    bool told = false;
    while (hsy_store_next(rt->store, &ev.persisted.token, &ev.persisted.ok)) {
        if (!ev.persisted.ok && !told) {
            struct hsy_note n = hsy_note(HEARSAY_ERROR, "persist-failed");
            hsy_note_text(&n, "text", hsy_store_why(rt->store));
            hsy_runtime_note(rt, &n);
            told = true;
        }
        (void)step(rt, &ev);
    }
    hsy_runtime_tell_dropped(rt);
}

void hsy_runtime_on_wake(uv_async_t *wake)
{
    struct hearsay_runtime *rt = wake->data;
    hsy_links_resolved(rt->links);
    jobs_collect(rt);
    store_collect(rt);
}

/* ------------------------------------------------------------------ turns */

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* Being active is all it does. */
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* The turn that it began does the rest. */
}

/* START, TICK and LEAVE: what only the time brings. */
static void turn_time(struct hearsay_runtime *rt, uint64_t now_ns)
{
    if (rt->state == RUN_NEW) {
        rt->state = RUN_GOING;
        (void)step(rt, &(struct hearsay_event){.kind = HEARSAY_EV_START});
    }
    if (rt->leave_wanted && !rt->leave_told) {
        rt->leave_told = true;
        (void)step(rt, &(struct hearsay_event){.kind = HEARSAY_EV_LEAVE});
    }
    if (rt->state == RUN_GOING && now_ns >= rt->leave_by_ns) {
        stop_begin(rt, HEARSAY_STOP_LEFT, "left; not all heard the good-bye");
    }
    if (rt->state == RUN_GOING && now_ns >= hearsay_deadline(rt->node)) {
        (void)step(rt, &(struct hearsay_event){.kind = HEARSAY_EV_TICK});
    }
}

/* Of the disk; when its jobs pile up the node says which links to leave. */
static void turn_pressure(struct hearsay_runtime *rt)
{
    uint64_t depth = hsy_store_depth(rt->store);
    if (depth * 2 > rt->lane_max) {
        hsy_links_pause_busiest(rt->links);
    } else if (depth * 4 < rt->lane_max) {
        hsy_links_resume(rt->links);
    }
}

/* on_stopped, when the last words are out and the last rows on disk. */
static void turn_stopping(struct hearsay_runtime *rt, uint64_t now_ns)
{
    bool quiet =
        hsy_links_lingering(rt->links) == 0 && hsy_store_depth(rt->store) == 0;
    if (!quiet && now_ns < rt->stop_by_ns) {
        return;
    }
    rt->state = RUN_STOPPED;
    if (rt->on_stopped != NULL) {
        rt->on_stopped(rt->outbox.ctx, rt->stop_why, rt->stop_text);
    }
}

static uint64_t next_deadline(const struct hearsay_runtime *rt)
{
    switch (rt->state) {
    case RUN_NEW:
        return 0;
    case RUN_GOING:
        return hsy_time_min(hearsay_deadline(rt->node), rt->leave_by_ns);
    case RUN_STOPPING:
        return rt->stop_by_ns;
    case RUN_STOPPED:
    case RUN_CLOSING:
        return HEARSAY_NEVER;
    }
    HSY_ASSERT(false);
    return HEARSAY_NEVER;
}

static void timer_set(struct hearsay_runtime *rt)
{
    uint64_t at_ns = next_deadline(rt);
    if (at_ns == HEARSAY_NEVER) {
        (void)uv_timer_stop(&rt->timer);
        return;
    }
    uint64_t wait_ns = hsy_time_since(hsy_clock_mono_ns(), at_ns);
    uint64_t wait_ms = wait_ns / HSY_MS + (wait_ns % HSY_MS != 0 ? 1 : 0);
    (void)uv_timer_start(&rt->timer, on_timer, wait_ms, 0);
}

void hsy_runtime_on_turn(uv_prepare_t *prepare)
{
    struct hearsay_runtime *rt = prepare->data;
    uint64_t now_ns = hsy_clock_mono_ns();
    rt->turns++;

    turn_time(rt, now_ns);
    if (rt->state == RUN_STOPPING) {
        hsy_listen_stop(&rt->listen);
        hsy_links_hang_up_all(rt->links);
    }
    turn_pressure(rt);
    bool more = hsy_links_flush(rt->links);
    hsy_jobs_kick(rt->jobs);
    more = hsy_outbox_flush(&rt->outbox) || more;
    if (rt->state == RUN_STOPPING && !more) {
        turn_stopping(rt, now_ns);
    }
    if (rt->state == RUN_CLOSING) {
        return; /* By one of the callbacks. */
    }
    /* The callbacks may have published. */
    more = hsy_links_flush(rt->links) || more;
    hsy_jobs_kick(rt->jobs);
    if (rt->outbox.first == NULL) {
        /* That a message was delivered is not on disk before it was. */
        hsy_store_commit(rt->store);
    }
    timer_set(rt);
    if (more || rt->outbox.first != NULL) {
        (void)uv_idle_start(&rt->idle, on_idle);
    } else {
        (void)uv_idle_stop(&rt->idle);
    }
}

/* -------------------------------------------------------------- the rest */

int hearsay_runtime_publish(struct hearsay_runtime *rt, const char *topic,
                            const void *payload, size_t payload_len,
                            uint64_t *out_seq)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(payload != NULL || payload_len == 0);

    if (rt->outbox.len > HSY_OUTBOX_LEN_MAX) {
        return HEARSAY_ERR_AGAIN;
    }
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH,
                               .publish = {.topic = topic,
                                           .payload = payload,
                                           .payload_len = payload_len,
                                           .out_seq = out_seq}};
    return step(rt, &ev);
}

int hearsay_runtime_subscribe(struct hearsay_runtime *rt, const char *pattern,
                              bool on)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(pattern != NULL);
    return step(rt, &(struct hearsay_event){
                        .kind = HEARSAY_EV_SUBSCRIBE,
                        .subscribe = {.pattern = pattern, .on = on}});
}

int hearsay_runtime_watch(struct hearsay_runtime *rt, bool on)
{
    HSY_ASSERT(rt != NULL);
    return step(rt, &(struct hearsay_event){.kind = HEARSAY_EV_WATCH,
                                            .watch = {.on = on}});
}

static int take_in(struct hearsay_runtime *rt, const struct hearsay_event *ev)
{
    return rt->outbox.len > HSY_OUTBOX_LEN_MAX ? HEARSAY_ERR_AGAIN
                                               : step(rt, ev);
}

int hearsay_runtime_send(struct hearsay_runtime *rt,
                         const struct hearsay_outgoing *out,
                         uint64_t *out_number)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(out->payload != NULL || out->payload_len == 0);

    struct hearsay_event ev = {.kind = HEARSAY_EV_SEND,
                               .send = {.to = out->to,
                                        .topic = out->topic,
                                        .payload = out->payload,
                                        .payload_len = out->payload_len,
                                        .timeout_ns = out->timeout_ns,
                                        .out_number = out_number}};
    return take_in(rt, &ev);
}

int hearsay_runtime_query(struct hearsay_runtime *rt,
                          const struct hearsay_outgoing *out, uint64_t *out_seq)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(out->payload != NULL || out->payload_len == 0);

    struct hearsay_event ev = {.kind = HEARSAY_EV_QUERY,
                               .query = {.topic = out->topic,
                                         .payload = out->payload,
                                         .payload_len = out->payload_len,
                                         .timeout_ns = out->timeout_ns,
                                         .out_seq = out_seq}};
    return take_in(rt, &ev);
}

int hearsay_runtime_answer(struct hearsay_runtime *rt,
                           const struct hearsay_answer *answer,
                           uint64_t *out_number)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(answer->payload != NULL || answer->payload_len == 0);

    struct hearsay_event ev = {.kind = HEARSAY_EV_ANSWER,
                               .answer = {.origin = answer->origin,
                                          .epoch = answer->epoch,
                                          .seq = answer->seq,
                                          .payload = answer->payload,
                                          .payload_len = answer->payload_len,
                                          .out_number = out_number}};
    return take_in(rt, &ev);
}

int hearsay_runtime_find(struct hearsay_runtime *rt,
                         const struct hearsay_id *id, uint64_t timeout_ns,
                         uint64_t *out_number)
{
    HSY_ASSERT(rt != NULL);
    HSY_ASSERT(out_number != NULL);

    struct hearsay_event ev = {.kind = HEARSAY_EV_FIND,
                               .find = {.all = id == NULL,
                                        .timeout_ns = timeout_ns,
                                        .out_number = out_number}};
    if (id != NULL) {
        ev.find.id = *id;
    }
    return take_in(rt, &ev);
}

void hearsay_runtime_leave(struct hearsay_runtime *rt)
{
    HSY_ASSERT(rt != NULL);
    if (rt->leave_wanted || rt->state == RUN_CLOSING) {
        return;
    }
    rt->leave_wanted = true;
    rt->leave_by_ns = hsy_time_add(hsy_clock_mono_ns(), rt->limits.leave_ns);
    hsy_runtime_wake(rt);
}

const struct hearsay_node *
hearsay_runtime_node(const struct hearsay_runtime *rt)
{
    return rt->node;
}

bool hearsay_runtime_bound(const struct hearsay_runtime *rt, uint32_t index,
                           struct hearsay_addr *out)
{
    if (index >= rt->listen.count) {
        return false;
    }
    *out = rt->listen.listeners[index].bound;
    return true;
}

void hsy_runtime_stats(const struct hearsay_runtime *rt,
                       struct hsy_runtime_stats *out)
{
    *out = (struct hsy_runtime_stats){.workers = rt->workers,
                                      .lane_max = rt->lane_max,
                                      .step_failures = rt->step_failures,
                                      .accept_failures = rt->listen.failures,
                                      .turns = rt->turns};
    if (rt->state == RUN_CLOSING) {
        return;
    }
    for (uint32_t kind = 0; kind < HSY_JOB_KINDS; kind++) {
        out->jobs[kind] =
            *hsy_jobs_stats(rt->jobs, (enum hearsay_job_kind)kind);
    }
    hsy_store_stats(rt->store, out);
    hsy_links_stats(rt->links, out);
}
