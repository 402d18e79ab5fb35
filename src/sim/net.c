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
 * the sender, as in life, and so does one that reads no more. Of each pipe only
 * the next arrival is in the event queue. A cut takes a pipe out of the event
 * queue until the heal.
 *
 * An end is open while a process (or the backlog of its listener) holds it.
 * A closed end may still have segments flying to the open one. */
#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/net_inner.h"

#include <string.h>

enum { SPLIT_ONE_IN = 8, MILLION = 1000000 };

struct link_item {
    hearsay_link link; /* Key. */
    struct hsy_end *end;
};

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
        conn->ends[i].side = (uint8_t)i;
        conn->ends[i].node = i == 0 ? from : to;
        attach(c, &conn->ends[i]);
    }
    return conn;
}

static void conn_free(struct hsy_cluster *c, struct hsy_conn *conn)
{
    for (int i = 0; i < 2; i++) {
        hsy_segments_clear(c, &conn->ends[i].out.flying);
        hsy_segments_clear(c, &conn->ends[i].out.waiting);
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
            conn_free(c, hsy_conn_of(c->hosts[i].ends));
        }
    }
    while (c->spare != NULL) {
        struct hsy_segment *s = c->spare;
        c->spare = s->next;
        hsy_mem_free(&c->mem, s);
    }
    c->spare_count = 0;
}

/* --------------------------------------------------------- names of links */

static struct hsy_end *find(const struct hsy_cluster *c, uint32_t node,
                            hearsay_link link)
{
    struct link_item *item = hsy_table_find(&c->hosts[node].by_link, &link);
    return item == NULL ? NULL : item->end;
}

static void name(struct hsy_cluster *c, struct hsy_end *end, hearsay_link link)
{
    void *found;
    int err = hsy_table_put(&c->hosts[end->node].by_link, &found, &link);
    if (err != HEARSAY_OK) {
        hsy_cluster_fail(c, err, "no memory for a link");
        return;
    }
    struct link_item *item = found;
    if (item->end != NULL) {
        hsy_cluster_fail(c, HEARSAY_ERR_STATE, "a link's number used twice");
        return;
    }
    item->end = end;
    end->link = link;
}

/* The process lets go of @end. Whoever calls holds a reference. */
static void close_end(struct hsy_cluster *c, struct hsy_end *end)
{
    HSY_ASSERT(end->open);
    end->open = false;
    if (end->unread) {
        end->unread = false;
        hsy_pipe_schedule(c, hsy_other_end(end)); /* What nobody will read. */
    }
    if (end->link == 0) {
        c->hosts[end->node].backlog -= end->side;
        return;
    }
    struct hsy_table *by_link = &c->hosts[end->node].by_link;
    struct link_item *item = hsy_table_find(by_link, &end->link);
    HSY_ASSERT(item != NULL);
    hsy_table_remove(by_link, item);
}

/* ---------------------------------------------------- what a process does */

static void dial_failed(struct hsy_cluster *c, uint32_t node, hearsay_link link)
{
    struct hsy_future f = {.at_ns = hsy_cluster_late(c, node, c->now_ns),
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
    hsy_pipe_emit(c, end, HSY_SEGMENT_SYN);
    uint64_t late_ns = hsy_time_add(c->now_ns, c->config.dial_timeout_ns);
    struct hsy_future f = hsy_net_future(HSY_FUTURE_DIAL_LATE, late_ns, end);
    hsy_cluster_schedule(c, &f);
}

static void tell_sent(struct hsy_cluster *c, struct hsy_end *end,
                      const struct hearsay_buf *buf)
{
    const struct hsy_observer *o = &c->config.observer;
    if (o->sent != NULL) {
        o->sent(o->ctx, end->node, hsy_other_end(end)->node, buf->data,
                buf->len);
    }
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
    } else if (!end->out.ended) { /* Else it broke: nothing goes through. */
        tell_sent(c, end, buf);
        s = hsy_segment_new(c, HSY_SEGMENT_BYTES);
    }
    if (s == NULL) {
        hearsay_buf_unref(buf);
        return;
    }
    s->buf = buf;
    hsy_segments_append(&end->out.waiting, s);
    hsy_pipe_pump(c, end);
}

void hsy_net_hang_up(struct hsy_cluster *c, uint32_t node, hearsay_link link)
{
    struct hsy_end *end = find(c, node, link);
    if (end == NULL) {
        return; /* It went by itself a moment ago. */
    }
    struct hsy_conn *conn = hsy_conn_of(end);
    conn->refs++;
    close_end(c, end);
    struct hsy_segment *s =
        end->out.ended ? NULL : hsy_segment_new(c, HSY_SEGMENT_FIN);
    if (s != NULL) {
        end->out.ended = true;
        hsy_segments_append(&end->out.waiting, s);
        hsy_pipe_pump(c, end);
    }
    hsy_net_unref(c, conn);
}

void hsy_net_read(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  bool on)
{
    struct hsy_end *end = find(c, node, link);
    if (end == NULL || end->unread == !on) {
        return;
    }
    end->unread = !on;
    if (on) {
        hsy_pipe_schedule(c, hsy_other_end(end));
    }
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
        hsy_segments_clear(c, &end->out.waiting);
    }
    struct hsy_segment *s =
        hsy_segment_new(c, rst ? HSY_SEGMENT_RST : HSY_SEGMENT_FIN);
    if (s != NULL) {
        end->out.ended = true;
        hsy_segments_append(&end->out.waiting, s);
        hsy_pipe_pump(c, end);
    }
}

uint32_t hsy_net_process_gone(struct hsy_cluster *c, uint32_t node,
                              bool in_order)
{
    uint32_t links = 0;
    struct hsy_end *end = c->hosts[node].ends;
    while (end != NULL) {
        struct hsy_conn *conn = hsy_conn_of(end);
        do {
            end = end->next; /* Both ends may be here; @conn may go. */
        } while (end != NULL && hsy_conn_of(end) == conn);
        conn->refs++;
        for (int i = 0; i < 2; i++) {
            if (conn->ends[i].node == node && conn->ends[i].open) {
                /* One in the backlog was never the process's. */
                links += conn->ends[i].link != 0 ? 1 : 0;
                abandon(c, &conn->ends[i], in_order);
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
        hsy_pipe_schedule(c, end);
        hsy_pipe_schedule(c, hsy_other_end(end));
    }
}

/* What flies from @end is lost; the other end, if a process holds it, will
 * see why. */
static void sever(struct hsy_cluster *c, struct hsy_end *end)
{
    hsy_segments_clear(c, &end->out.flying);
    hsy_segments_clear(c, &end->out.waiting);
    end->out.flying_len = 0;
    end->out.last_ns = 0;
    end->out.free_ns = 0;
    if (hsy_other_end(end)->open) {
        hsy_pipe_emit(c, end, HSY_SEGMENT_BREAK);
    }
}

uint32_t hsy_net_break(struct hsy_cluster *c, uint32_t node,
                       uint32_t chance_ppm)
{
    uint32_t broken = 0;
    for (struct hsy_end *end = c->hosts[node].ends; end != NULL;
         end = end->next) {
        bool again = end->side == 1 && hsy_other_end(end)->node == node;
        if (end->open && end->up && !end->out.ended && !again &&
            hsy_prng_below(&c->prng, MILLION) < chance_ppm) {
            sever(c, end);
            sever(c, hsy_other_end(end));
            broken++;
        }
    }
    return broken;
}

static void tell_up(struct hsy_cluster *c, struct hsy_end *end, bool accepted)
{
    end->up = true;
    struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_UP};
    ev.up.link = end->link;
    ev.up.accepted = accepted;
    ev.up.from = hsy_cluster_addr(c, hsy_other_end(end)->node);
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

/* Something flies from @from that the other process may see now. */
static bool due(const struct hsy_cluster *c, struct hsy_end *from)
{
    const struct hsy_segment *s = from->out.flying.first;
    return s != NULL && !hsy_other_end(from)->unread &&
           hsy_pipe_seen_ns(c, hsy_other_end(from)->node, s) <= c->now_ns;
}

/* Joins what is there, as one read of a socket does. */
static void on_bytes(struct hsy_cluster *c, struct hsy_end *from,
                     struct hsy_segment *s)
{
    struct hsy_end *to = hsy_other_end(from);
    if (!to->open) {
        hsy_pipe_reset(c, to);
    } else if (s->buf->len >= c->scratch_len) {
        tell_bytes(c, to, s->buf->data, s->buf->len);
    } else {
        uint32_t len = s->buf->len;
        memcpy(c->scratch, s->buf->data, len);
        while (due(c, from) &&
               from->out.flying.first->kind == HSY_SEGMENT_BYTES &&
               from->out.flying.first->buf->len <= c->scratch_len - len) {
            struct hsy_segment *more = hsy_segments_take(&from->out.flying);
            memcpy(c->scratch + len, more->buf->data, more->buf->len);
            len += more->buf->len;
            from->out.flying_len -= more->buf->len;
            hsy_segment_free(c, more);
        }
        tell_bytes(c, to, c->scratch, len);
    }
}

/* The kernel's part: the listener's process need not run for it. */
static void on_syn(struct hsy_cluster *c, struct hsy_end *from)
{
    struct hsy_end *to = hsy_other_end(from);
    struct hsy_host *host = &c->hosts[to->node];
    if (!from->open || host->nat) {
        return; /* Hung up before it began; or dropped on the way. */
    }
    if (host->state == HSY_PROCESS_NONE) {
        hsy_pipe_emit(c, to, HSY_SEGMENT_REFUSE);
        return;
    }
    if (host->backlog >= c->config.backlog_max) {
        return; /* Dropped: the dialler will time out. */
    }
    host->backlog++;
    to->open = true;
    to->life = host->life;
    hsy_pipe_emit(c, to, HSY_SEGMENT_SYN_ACK);
    uint64_t at_ns = hsy_cluster_late(c, to->node, c->now_ns);
    struct hsy_future f = hsy_net_future(HSY_FUTURE_ACCEPT, at_ns, to);
    hsy_cluster_schedule(c, &f);
}

static void on_end(struct hsy_cluster *c, struct hsy_end *from,
                   enum hearsay_down why)
{
    struct hsy_end *to = hsy_other_end(from);
    if (to->open && to->link == 0) {
        close_end(c, to); /* Gone before the process accepted it. */
    } else if (to->open) {
        tell_down(c, to, why);
    }
}

static void on_syn_ack(struct hsy_cluster *c, struct hsy_end *from)
{
    if (hsy_other_end(from)->open) {
        tell_up(c, hsy_other_end(from), false);
    } else {
        hsy_pipe_reset(c, hsy_other_end(from));
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
    case HSY_SEGMENT_BREAK:
        on_end(c, from, HEARSAY_DOWN_RESET);
        break;
    }
}

/* Nobody sends a reset again: at a cut it is lost for good. */
static void stall(struct hsy_cluster *c, struct hsy_end *from)
{
    while (due(c, from) && from->out.flying.first->kind == HSY_SEGMENT_RST) {
        hsy_segment_free(c, hsy_segments_take(&from->out.flying));
        from->out.ended = false;
    }
}

static bool must_wait(const struct hsy_cluster *c, struct hsy_end *from)
{
    const struct hsy_end *to = hsy_other_end(from);
    return from->out.flying.first != NULL && to->open &&
           from->out.flying.first->kind != HSY_SEGMENT_SYN &&
           c->hosts[to->node].state == HSY_PROCESS_FROZEN;
}

void hsy_net_arrive(struct hsy_cluster *c, const struct hsy_future *f)
{
    struct hsy_end *from = &f->conn->ends[f->side];
    from->out.scheduled = false;
    if (hsy_cluster_blocked(c, from->node, hsy_other_end(from)->node)) {
        stall(c, from);
    } else if (must_wait(c, from)) {
        from->out.scheduled = true;
        hsy_cluster_keep(c, hsy_other_end(from)->node, f);
        return; /* It keeps the reference. */
    }
    while (!hsy_cluster_blocked(c, from->node, hsy_other_end(from)->node) &&
           due(c, from) && c->err == HEARSAY_OK) {
        struct hsy_segment *s = hsy_segments_take(&from->out.flying);
        from->out.flying_len -= s->buf == NULL ? 0 : s->buf->len;
        on_segment(c, from, s);
        hsy_segment_free(c, s);
    }
    hsy_pipe_pump(c, from);
    hsy_pipe_schedule(c, from);
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
        hsy_pipe_reset(c, end);
        tell_down(c, end, HEARSAY_DOWN_TIMEOUT);
    }
    hsy_net_unref(c, f->conn);
}
