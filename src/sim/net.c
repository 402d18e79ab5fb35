/* Connections: what TCP between two hosts looks like to their processes.
 *
 * A connection has two ends, and each end a pipe to the other. What a process
 * sends is a segment; so are the opening and the closing of a connection, so
 * everything stays in order by itself:
 *
 *     process -> waiting -> flying --- latency ---> process
 *              (own queue) (kernels, network)
 *
 * The kernels hold at most window_len bytes: a process that is frozen stops
 * the sender, as in life. Of each pipe only the next arrival is in the event
 * queue. A cut takes a pipe out of the event queue until the heal.
 *
 * An end is open while a process (or the backlog of its listener) holds it.
 * A closed end may still have segments flying to the open one. */
#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/inner.h"

#include <string.h>

enum { SCRATCH_LEN = 64 * 1024, SPLIT_ONE_IN = 8 };

struct link_key {
    hearsay_link link;
    uint32_t node, life;
};

struct link_item {
    struct link_key key;
    struct hsy_end *end;
};

static uint8_t side_of(const struct hsy_end *end)
{
    return end == &end->conn->ends[0] ? 0 : 1;
}

static struct hsy_end *other(const struct hsy_end *end)
{
    return &end->conn->ends[1 - side_of(end)];
}

/* ------------------------------------------------------------- segments */

static void append(struct hsy_segments *list, struct hsy_segment *s)
{
    s->next = NULL;
    if (list->last == NULL) {
        list->first = s;
    } else {
        list->last->next = s;
    }
    list->last = s;
}

static struct hsy_segment *take(struct hsy_segments *list)
{
    struct hsy_segment *s = list->first;
    HSY_ASSERT(s != NULL);
    list->first = s->next;
    if (list->first == NULL) {
        list->last = NULL;
    }
    return s;
}

static void segment_free(struct hsy_cluster *c, struct hsy_segment *s)
{
    hearsay_buf_unref(s->buf);
    hsy_mem_free(&c->mem, s);
}

static void segments_clear(struct hsy_cluster *c, struct hsy_segments *list)
{
    while (list->first != NULL) {
        segment_free(c, take(list));
    }
}

/* --------------------------------------------------- life of a connection */

static void attach(struct hsy_cluster *c, struct hsy_end *end)
{
    struct hsy_host *host = &c->hosts[end->node];
    end->prev = NULL;
    end->next = host->ends;
    if (host->ends != NULL) {
        host->ends->prev = end;
    }
    host->ends = end;
}

static void detach(struct hsy_cluster *c, struct hsy_end *end)
{
    if (end->prev == NULL) {
        c->hosts[end->node].ends = end->next;
    } else {
        end->prev->next = end->next;
    }
    if (end->next != NULL) {
        end->next->prev = end->prev;
    }
}

static struct hsy_conn *conn_new(struct hsy_cluster *c, uint32_t from,
                                 uint32_t to)
{
    struct hsy_conn *conn = hsy_mem_zalloc(&c->mem, sizeof(*conn));
    if (conn == NULL) {
        hsy_cluster_fail(c, HEARSAY_ERR_NOMEM, "no memory for a connection");
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        conn->ends[i].conn = conn;
        conn->ends[i].node = i == 0 ? from : to;
        attach(c, &conn->ends[i]);
    }
    return conn;
}

static void conn_free(struct hsy_cluster *c, struct hsy_conn *conn)
{
    for (int i = 0; i < 2; i++) {
        segments_clear(c, &conn->ends[i].out.flying);
        segments_clear(c, &conn->ends[i].out.waiting);
        detach(c, &conn->ends[i]);
    }
    hsy_mem_free(&c->mem, conn);
}

void hsy_net_unref(struct hsy_cluster *c, struct hsy_conn *conn)
{
    HSY_ASSERT(conn->refs > 0);
    conn->refs--;
    if (conn->refs == 0 && !conn->ends[0].open && !conn->ends[1].open) {
        conn_free(c, conn);
    }
}

void hsy_net_fini(struct hsy_cluster *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        while (c->hosts[i].ends != NULL) {
            conn_free(c, c->hosts[i].ends->conn);
        }
    }
}

static struct hsy_future future(enum hsy_future_kind kind, uint64_t at_ns,
                                struct hsy_end *end)
{
    end->conn->refs++;
    return (struct hsy_future){.at_ns = at_ns,
                               .kind = kind,
                               .node = end->node,
                               .life = end->life,
                               .side = side_of(end),
                               .conn = end->conn};
}

/* --------------------------------------------------------- names of links */

static struct hsy_end *find(const struct hsy_cluster *c, uint32_t node,
                            hearsay_link link)
{
    struct link_key key = {
        .link = link, .node = node, .life = c->hosts[node].life};
    struct link_item *item = hsy_table_find(&c->by_link, &key);
    return item == NULL ? NULL : item->end;
}

static void name(struct hsy_cluster *c, struct hsy_end *end, hearsay_link link)
{
    struct link_key key = {.link = link, .node = end->node, .life = end->life};
    void *item;
    int err = hsy_table_put(&c->by_link, &item, &key);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for a link");
        return;
    }
    if (((struct link_item *)item)->end != NULL) {
        hsy_cluster_fail(c, HEARSAY_ERR_STATE, "a link's number used twice");
        return;
    }
    ((struct link_item *)item)->end = end;
    end->link = link;
}

/* The process lets go of @end. Whoever calls holds a reference. */
static void close_end(struct hsy_cluster *c, struct hsy_end *end)
{
    HSY_ASSERT(end->open);
    end->open = false;
    if (end->link == 0) {
        c->hosts[end->node].backlog -= end == &end->conn->ends[1] ? 1 : 0;
        return;
    }
    struct link_key key = {
        .link = end->link, .node = end->node, .life = end->life};
    struct link_item *item = hsy_table_find(&c->by_link, &key);
    HSY_ASSERT(item != NULL);
    hsy_table_remove(&c->by_link, item);
}

/* ------------------------------------------------------------------ pipes */

/* Puts the arrival of the first flying segment into the event queue. */
static void schedule(struct hsy_cluster *c, struct hsy_end *end)
{
    struct hsy_pipe *pipe = &end->out;
    if (pipe->scheduled || pipe->flying.first == NULL ||
        hsy_cluster_blocked(c, end->node, other(end)->node)) {
        return;
    }
    pipe->scheduled = true;
    uint64_t at_ns = hsy_time_max(pipe->flying.first->arrive_ns, c->now_ns);
    struct hsy_future f = future(HSY_FUTURE_ARRIVE, at_ns, end);
    hsy_cluster_schedule(c, &f);
}

/* Off it goes; never before what went earlier. */
static void launch(struct hsy_cluster *c, struct hsy_end *end,
                   struct hsy_segment *s)
{
    uint64_t at_ns =
        hsy_time_add(c->now_ns, hsy_cluster_draw(c, c->config.latency_ns));
    s->arrive_ns = hsy_time_max(at_ns, end->out.last_ns);
    end->out.last_ns = s->arrive_ns;
    end->out.flying_len += s->buf == NULL ? 0 : s->buf->len;
    append(&end->out.flying, s);
    schedule(c, end);
}

static struct hsy_segment *segment_new(struct hsy_cluster *c,
                                       enum hsy_segment_kind kind)
{
    struct hsy_segment *s = hsy_mem_zalloc(&c->mem, sizeof(*s));
    if (s == NULL) {
        hsy_cluster_fail(c, HEARSAY_ERR_NOMEM, "no memory for a segment");
        return NULL;
    }
    s->kind = kind;
    return s;
}

/* A segment without bytes, ahead of nothing and behind all that flies. */
static void emit(struct hsy_cluster *c, struct hsy_end *end,
                 enum hsy_segment_kind kind)
{
    struct hsy_segment *s = segment_new(c, kind);
    if (s != NULL) {
        end->out.ended = end->out.ended || kind == HSY_SEGMENT_FIN ||
                         kind == HSY_SEGMENT_RST || kind == HSY_SEGMENT_REFUSE;
        launch(c, end, s);
    }
}

static void report_sent(struct hsy_cluster *c, struct hsy_end *end,
                        uint32_t len)
{
    end->taken_len += len;
    if (!end->open || end->sent_scheduled || end->taken_len == 0) {
        return;
    }
    end->sent_scheduled = true;
    struct hsy_future f = future(HSY_FUTURE_SENT, c->now_ns, end);
    hsy_cluster_schedule(c, &f);
}

/* The kernel takes what its window has room for, one segment at least. */
static void pump(struct hsy_cluster *c, struct hsy_end *end)
{
    struct hsy_pipe *pipe = &end->out;
    uint32_t taken_len = 0;
    while (pipe->waiting.first != NULL) {
        const struct hsy_segment *s = pipe->waiting.first;
        uint32_t len = s->buf == NULL ? 0 : s->buf->len;
        if (pipe->flying_len > 0 && len > 0 &&
            pipe->flying_len + len > c->config.window_len) {
            break;
        }
        taken_len += len;
        launch(c, end, take(&pipe->waiting));
    }
    report_sent(c, end, taken_len);
}

static void reset(struct hsy_cluster *c, struct hsy_end *end)
{
    segments_clear(c, &end->out.waiting);
    if (!end->out.ended) {
        emit(c, end, HSY_SEGMENT_RST);
    }
}

/* ---------------------------------------------------- what a process does */

static void dial_failed(struct hsy_cluster *c, uint32_t node, hearsay_link link)
{
    struct hsy_future f = {.at_ns = c->now_ns,
                           .kind = HSY_FUTURE_DIAL_FAILED,
                           .node = node,
                           .life = c->hosts[node].life,
                           .value = link};
    hsy_cluster_schedule(c, &f);
}

void hsy_net_dial(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  const struct hearsay_addr *addr)
{
    HSY_ASSERT(link % 2 == 0);
    HSY_ASSERT(link != 0);

    uint32_t to;
    if (addr == NULL || !hsy_cluster_find_addr(c, addr, &to)) {
        dial_failed(c, node, link);
        return;
    }
    struct hsy_conn *conn = conn_new(c, node, to);
    if (conn == NULL) {
        return;
    }
    struct hsy_end *end = &conn->ends[0];
    end->open = true;
    end->life = c->hosts[node].life;
    name(c, end, link);
    emit(c, end, HSY_SEGMENT_SYN);
    uint64_t late_ns = hsy_time_add(c->now_ns, c->config.dial_timeout_ns);
    struct hsy_future f = future(HSY_FUTURE_DIAL_LATE, late_ns, end);
    hsy_cluster_schedule(c, &f);
}

void hsy_net_send(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  struct hearsay_buf *buf)
{
    struct hsy_end *end = find(c, node, link);
    struct hsy_segment *s = NULL;
    if (end == NULL || !end->up) {
        /* A node may not know yet that the link went; but a link that it
         * was never told to be up is a bug. */
        if (end != NULL) {
            hsy_cluster_fail(c, HEARSAY_ERR_STATE, "sent before LINK_UP");
        }
    } else {
        s = segment_new(c, HSY_SEGMENT_BYTES);
    }
    if (s == NULL) {
        hearsay_buf_unref(buf);
        return;
    }
    s->buf = buf;
    append(&end->out.waiting, s);
    pump(c, end);
}

void hsy_net_hang_up(struct hsy_cluster *c, uint32_t node, hearsay_link link)
{
    struct hsy_end *end = find(c, node, link);
    if (end == NULL) {
        return; /* It went by itself a moment ago. */
    }
    struct hsy_conn *conn = end->conn;
    conn->refs++;
    close_end(c, end);
    struct hsy_segment *s =
        end->out.ended ? NULL : segment_new(c, HSY_SEGMENT_FIN);
    if (s != NULL) {
        end->out.ended = true;
        append(&end->out.waiting, s);
        pump(c, end);
    }
    hsy_net_unref(c, conn);
}

/* A killed process loses its own queue. Then its kernel says FIN, or RST if
 * bytes were unread; to be met with both, either comes here by chance. */
static void abandon(struct hsy_cluster *c, struct hsy_end *end, bool in_order)
{
    close_end(c, end);
    if (end->out.ended) {
        return;
    }
    bool rst = !in_order && hsy_prng_below(&c->prng, 2) == 0;
    if (!in_order) {
        segments_clear(c, &end->out.waiting);
    }
    struct hsy_segment *s =
        segment_new(c, rst ? HSY_SEGMENT_RST : HSY_SEGMENT_FIN);
    if (s != NULL) {
        end->out.ended = true;
        append(&end->out.waiting, s);
        pump(c, end);
    }
}

uint32_t hsy_net_process_gone(struct hsy_cluster *c, uint32_t node,
                              bool in_order)
{
    uint32_t links = 0;
    struct hsy_end *end = c->hosts[node].ends;
    while (end != NULL) {
        struct hsy_conn *conn = end->conn;
        do {
            end = end->next; /* Both ends may be here; @conn may go. */
        } while (end != NULL && end->conn == conn);
        conn->refs++;
        for (int i = 0; i < 2; i++) {
            if (conn->ends[i].node == node && conn->ends[i].open) {
                abandon(c, &conn->ends[i], in_order);
                links++;
            }
        }
        hsy_net_unref(c, conn);
    }
    return links;
}

/* ------------------------------------------------------ what the net does */

void hsy_net_healed(struct hsy_cluster *c, uint32_t node)
{
    for (struct hsy_end *end = c->hosts[node].ends; end != NULL;
         end = end->next) {
        schedule(c, end);
        schedule(c, other(end));
    }
}

static void tell_up(struct hsy_cluster *c, struct hsy_end *end, bool accepted)
{
    end->up = true;
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_UP};
    ev.up.link = end->link;
    ev.up.accepted = accepted;
    ev.up.from = hsy_cluster_addr(c, other(end)->node);
    if (accepted) { /* A port of the kernel's choice, and nobody's. */
        ev.up.from.port = (uint16_t)(32768 + end->link % 28000);
    }
    (void)hsy_cluster_feed(c, end->node, &ev);
}

static void tell_down(struct hsy_cluster *c, struct hsy_end *end,
                      enum hearsay_down why)
{
    hearsay_link link = end->link;
    uint32_t node = end->node;
    HSY_ASSERT(link != 0);
    close_end(c, end);
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_DOWN};
    ev.down.link = link;
    ev.down.why = why;
    (void)hsy_cluster_feed(c, node, &ev);
}

/* One delivery, or two: where a stream is cut means nothing. */
static void tell_bytes(struct hsy_cluster *c, struct hsy_end *end,
                       const uint8_t *data, uint32_t len)
{
    uint32_t first_len = len;
    if (len > 1 && hsy_prng_below(&c->prng, SPLIT_ONE_IN) == 0) {
        first_len = 1 + (uint32_t)hsy_prng_below(&c->prng, len - 1);
    }
    struct hearsay_event ev = {.kind = HEARSAY_EV_BYTES};
    ev.bytes.link = end->link;
    ev.bytes.data = data;
    ev.bytes.len = first_len;
    (void)hsy_cluster_feed(c, end->node, &ev);
    if (first_len < len && end->open) {
        ev.bytes.data = data + first_len;
        ev.bytes.len = len - first_len;
        (void)hsy_cluster_feed(c, end->node, &ev);
    }
}

static bool due(const struct hsy_cluster *c, const struct hsy_end *from)
{
    const struct hsy_segment *s = from->out.flying.first;
    return s != NULL && s->arrive_ns <= c->now_ns;
}

/* Joins what is there, as one read of a socket does. */
static void on_bytes(struct hsy_cluster *c, struct hsy_end *from,
                     struct hsy_segment *s)
{
    struct hsy_end *to = other(from);
    if (!to->open) {
        reset(c, to);
    } else if (s->buf->len >= c->scratch_len) {
        tell_bytes(c, to, s->buf->data, s->buf->len);
    } else {
        uint32_t len = s->buf->len;
        memcpy(c->scratch, s->buf->data, len);
        while (due(c, from) &&
               from->out.flying.first->kind == HSY_SEGMENT_BYTES &&
               from->out.flying.first->buf->len <= c->scratch_len - len) {
            struct hsy_segment *more = take(&from->out.flying);
            memcpy(c->scratch + len, more->buf->data, more->buf->len);
            len += more->buf->len;
            from->out.flying_len -= more->buf->len;
            segment_free(c, more);
        }
        tell_bytes(c, to, c->scratch, len);
    }
}

/* The kernel's part: the listener's process need not run for it. */
static void on_syn(struct hsy_cluster *c, struct hsy_end *from)
{
    struct hsy_end *to = other(from);
    struct hsy_host *host = &c->hosts[to->node];
    if (!from->open) {
        return; /* Hung up before it began. */
    }
    if (host->state == HSY_PROCESS_NONE) {
        emit(c, to, HSY_SEGMENT_REFUSE);
        return;
    }
    if (host->backlog >= c->config.backlog_max) {
        return; /* Dropped: the dialler will time out. */
    }
    host->backlog++;
    to->open = true;
    to->life = host->life;
    emit(c, to, HSY_SEGMENT_SYN_ACK);
    struct hsy_future f = future(HSY_FUTURE_ACCEPT, c->now_ns, to);
    hsy_cluster_schedule(c, &f);
}

static void on_end(struct hsy_cluster *c, struct hsy_end *from,
                   enum hearsay_down why)
{
    struct hsy_end *to = other(from);
    if (to->open && to->link == 0) {
        close_end(c, to); /* Gone before the process accepted it. */
    } else if (to->open) {
        tell_down(c, to, why);
    }
}

static void on_syn_ack(struct hsy_cluster *c, struct hsy_end *from)
{
    if (other(from)->open) {
        tell_up(c, other(from), false);
    } else {
        reset(c, other(from));
    }
}

static void on_segment(struct hsy_cluster *c, struct hsy_end *from,
                       struct hsy_segment *s)
{
    switch (s->kind) {
    case HSY_SEGMENT_SYN:
        on_syn(c, from);
        break;
    case HSY_SEGMENT_SYN_ACK:
        on_syn_ack(c, from);
        break;
    case HSY_SEGMENT_REFUSE:
        on_end(c, from, HEARSAY_DOWN_REFUSED);
        break;
    case HSY_SEGMENT_BYTES:
        on_bytes(c, from, s);
        break;
    case HSY_SEGMENT_FIN:
        on_end(c, from, HEARSAY_DOWN_CLOSED);
        break;
    case HSY_SEGMENT_RST:
        on_end(c, from, HEARSAY_DOWN_RESET);
        break;
    }
}

/* Nobody sends a reset again: at a cut it is lost for good. */
static void stall(struct hsy_cluster *c, struct hsy_end *from)
{
    while (due(c, from) && from->out.flying.first->kind == HSY_SEGMENT_RST) {
        segment_free(c, take(&from->out.flying));
        from->out.ended = false;
    }
}

static bool must_wait(const struct hsy_cluster *c, const struct hsy_end *from)
{
    const struct hsy_end *to = &from->conn->ends[1 - side_of(from)];
    return from->out.flying.first != NULL && to->open &&
           from->out.flying.first->kind != HSY_SEGMENT_SYN &&
           c->hosts[to->node].state == HSY_PROCESS_FROZEN;
}

void hsy_net_arrive(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_end *from = &f->conn->ends[f->side];
    from->out.scheduled = false;
    if (hsy_cluster_blocked(c, from->node, other(from)->node)) {
        stall(c, from);
    } else if (must_wait(c, from)) {
        from->out.scheduled = true;
        hsy_cluster_keep(c, other(from)->node, f);
        return; /* It keeps the reference. */
    }
    while (!hsy_cluster_blocked(c, from->node, other(from)->node) &&
           due(c, from) && c->err == HEARSAY_OK) {
        struct hsy_segment *s = take(&from->out.flying);
        from->out.flying_len -= s->buf == NULL ? 0 : s->buf->len;
        on_segment(c, from, s);
        segment_free(c, s);
    }
    pump(c, from);
    schedule(c, from);
    hsy_net_unref(c, f->conn);
}

void hsy_net_accept(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_end *end = &f->conn->ends[f->side];
    if (end->open) {
        c->hosts[end->node].backlog--;
        name(c, end, c->next_accepted);
        c->next_accepted += 2;
        tell_up(c, end, true);
    }
    hsy_net_unref(c, f->conn);
}

void hsy_net_sent(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_end *end = &f->conn->ends[f->side];
    end->sent_scheduled = false;
    if (end->open && end->taken_len > 0) {
        struct hearsay_event ev = {.kind = HEARSAY_EV_SENT};
        ev.sent.link = end->link;
        ev.sent.len = end->taken_len;
        end->taken_len = 0;
        (void)hsy_cluster_feed(c, end->node, &ev);
    }
    hsy_net_unref(c, f->conn);
}

void hsy_net_dial_late(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_end *end = &f->conn->ends[f->side];
    if (end->open && !end->up) {
        reset(c, end);
        tell_down(c, end, HEARSAY_DOWN_TIMEOUT);
    }
    hsy_net_unref(c, f->conn);
}
