/* The life of links. What ends a link is only noted where it is found (inside
 * a read, a write, or an effect of the node) and told to the node at the end
 * of the turn, so that a step never happens inside a step. A link is freed
 * when it is GONE, libuv has closed its socket, and no list holds it. */
#include "runtime/links.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/link.h"
#include "runtime/sockaddr.h"

enum { FLUSH_ROUNDS = 4 };

struct link_item {
    hearsay_link id; /* The key. */
    struct hsy_link *link;
};

/* Rows: from. Columns: to. */
static const bool edges[7][7] = {
    [HSY_LINK_RESOLVING] = {[HSY_LINK_CONNECTING] = true,
                            [HSY_LINK_FAILED] = true,
                            [HSY_LINK_GONE] = true},
    [HSY_LINK_CONNECTING] = {[HSY_LINK_SECURING] = true,
                             [HSY_LINK_FAILED] = true,
                             [HSY_LINK_GONE] = true},
    [HSY_LINK_SECURING] = {[HSY_LINK_OPEN] = true,
                           [HSY_LINK_FAILED] = true,
                           [HSY_LINK_GONE] = true},
    [HSY_LINK_OPEN] = {[HSY_LINK_LINGERING] = true,
                       [HSY_LINK_FAILED] = true,
                       [HSY_LINK_GONE] = true},
    [HSY_LINK_LINGERING] = {[HSY_LINK_GONE] = true},
    [HSY_LINK_FAILED] = {[HSY_LINK_GONE] = true},
};

static bool is_live(enum hsy_link_state state)
{
    return state <= HSY_LINK_OPEN;
}

void hsy_link_enter(struct hsy_link *l, enum hsy_link_state to)
{
    HSY_ASSERT(edges[l->state][to]);
    struct hsy_runtime_stats *stats = &l->links->stats;
    stats->links -= is_live(l->state) && !is_live(to) ? 1U : 0U;
    stats->links_lingering -= l->state == HSY_LINK_LINGERING ? 1U : 0U;
    stats->links_lingering += to == HSY_LINK_LINGERING ? 1U : 0U;
    if (!is_live(to)) {
        hsy_in_forget(l);
    }
    l->state = to;
    hsy_link_deadline(l, HEARSAY_NEVER);
}

void hsy_link_event(struct hsy_link *l, const struct hearsay_event *ev)
{
    l->links->config.on_event(l->links->config.ctx, ev);
}

enum hearsay_down hsy_link_why(int uv_error)
{
    static const struct {
        int uv_error;
        enum hearsay_down why;
    } table[] = {{UV_EOF, HEARSAY_DOWN_CLOSED},
                 {UV_ECONNREFUSED, HEARSAY_DOWN_REFUSED},
                 {UV_ETIMEDOUT, HEARSAY_DOWN_TIMEOUT},
                 {UV_ECONNRESET, HEARSAY_DOWN_RESET},
                 {UV_EPIPE, HEARSAY_DOWN_RESET},
                 {UV_ECONNABORTED, HEARSAY_DOWN_RESET}};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].uv_error == uv_error) {
            return table[i].why;
        }
    }
    return HEARSAY_DOWN_UNREACHABLE;
}

/* ------------------------------------------------------ making and freeing */

static struct hsy_link *link_find(const struct hsy_links *links,
                                  hearsay_link id)
{
    const struct link_item *item = hsy_table_find(&links->by_id, &id);
    return item == NULL ? NULL : item->link;
}

static struct hsy_link *link_new(struct hsy_links *links, hearsay_link id,
                                 enum hsy_link_state state)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_link *l = hsy_mem_zalloc(mem, sizeof(*l));
    if (l == NULL) {
        return NULL;
    }
    void *item;
    if (hsy_table_put(&links->by_id, &item, &id) != 0) {
        hsy_mem_free(mem, l);
        return NULL;
    }
    HSY_ASSERT(((struct link_item *)item)->link == NULL); /* Never reused. */
    ((struct link_item *)item)->link = l;
    l->id = id;
    l->state = state;
    l->links = links;
    l->deadline_ns = HEARSAY_NEVER;
    l->next = links->all;
    l->at = &links->all;
    if (l->next != NULL) {
        l->next->at = &l->next;
    }
    links->all = l;
    links->count++;
    links->stats.links++;
    return l;
}

/* The node does not know it any more. */
static void link_forget(struct hsy_link *l)
{
    struct link_item *item = hsy_table_find(&l->links->by_id, &l->id);
    if (item != NULL) {
        HSY_ASSERT(item->link == l);
        hsy_table_remove(&l->links->by_id, item);
    }
}

static void links_free_if_done(struct hsy_links *links)
{
    if (!links->closing || links->count > 0 || links->sweep_open) {
        return;
    }
    void (*on_closed)(void *ctx) = links->on_closed;
    void *ctx = links->on_closed_ctx;
    hsy_table_fini(&links->by_id);
    hsy_mem_free(hearsay_mem_default(), links->read_buf);
    hsy_mem_free(hearsay_mem_default(), links);
    on_closed(ctx);
}

void hsy_link_free_if_done(struct hsy_link *l)
{
    struct hsy_links *links = l->links;
    if (l->state != HSY_LINK_GONE || l->handle_busy || l->dirty || l->failing ||
        l->turn_bytes > 0) {
        return;
    }
    HSY_ASSERT(!l->timed);
    HSY_ASSERT(!l->handle_live);
    if (l->transport != NULL) {
        l->transport->ops->destroy(l->transport);
    }
    hsy_dial_free(l);
    hsy_out_free(l);
    *l->at = l->next;
    if (l->next != NULL) {
        l->next->at = l->at;
    }
    hsy_mem_free(hearsay_mem_default(), l);
    HSY_ASSERT(links->count > 0);
    links->count--;
    links_free_if_done(links);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct hsy_link *l = handle->data;
    l->handle_busy = false;
    if (l->state == HSY_LINK_CONNECTING) {
        hsy_dial_closed(l);
        return;
    }
    hsy_link_free_if_done(l);
}

/* Else the kernel would go on sending what it holds, for as long as a slow
 * line takes, in the way of whatever else wants to pass there. */
static void throw_away(struct hsy_link *l)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&l->tcp, &fd) == 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
}

void hsy_link_close_handle(struct hsy_link *l)
{
    if (l->handle_live) {
        l->handle_live = false;
        if (l->late) {
            throw_away(l);
        }
        uv_close((uv_handle_t *)&l->tcp, on_handle_closed);
    }
}

/* Gives back what a link at its end needs no more. What libuv still looks at
 * (a dial's or a flight's request) stays until the socket is closed, and so
 * does the transport: the link may end from inside its open(). */
static void link_strip(struct hsy_link *l)
{
    hsy_link_close_handle(l);
    hsy_bytes_fini(&l->stream);
    hsy_bytes_fini(&l->wire);
    if (l->dial != NULL && l->dial->query != NULL) {
        hsy_dns_forget(l->links->config.dns, l->dial->query);
        l->dial->query = NULL;
    }
}

void hsy_link_drop(struct hsy_link *l)
{
    if (l->state == HSY_LINK_GONE) {
        return;
    }
    hsy_link_enter(l, HSY_LINK_GONE);
    link_forget(l);
    link_strip(l);
    hsy_link_free_if_done(l);
}

void hsy_link_fail(struct hsy_link *l, enum hearsay_down why)
{
    struct hsy_links *links = l->links;
    if (l->state == HSY_LINK_FAILED || l->state == HSY_LINK_GONE) {
        return;
    }
    bool untold = l->accepted && l->state != HSY_LINK_OPEN;
    if (l->state == HSY_LINK_LINGERING || untold) {
        hsy_link_drop(l); /* The node does not know it, or not any more. */
        return;
    }
    if (why == HEARSAY_DOWN_SLOW) {
        l->late = true;
        links->stats.slow_closed++;
        links->config.on_slow(links->config.ctx, l->id, hsy_out_len(l));
    }
    l->why = why;
    hsy_link_enter(l, HSY_LINK_FAILED);
    link_strip(l);
    l->failing = true;
    l->failed_next = NULL;
    *links->failed_end = l;
    links->failed_end = &l->failed_next;
}

void hsy_link_dirty(struct hsy_link *l)
{
    bool ended = l->state == HSY_LINK_FAILED || l->state == HSY_LINK_GONE;
    if (!l->dirty && !ended) {
        l->dirty = true;
        l->dirty_next = NULL;
        *l->links->dirty_end = l;
        l->links->dirty_end = &l->dirty_next;
    }
}

/* -------------------------------------------------------------- deadlines */

static void on_sweep(uv_timer_t *timer);

static void timed_remove(struct hsy_link *l)
{
    *l->timed_at = l->timed_next;
    if (l->timed_next != NULL) {
        l->timed_next->timed_at = l->timed_at;
    }
    l->timed = false;
}

static void timed_add(struct hsy_link *l)
{
    struct hsy_links *links = l->links;
    l->timed_next = links->timed;
    l->timed_at = &links->timed;
    if (l->timed_next != NULL) {
        l->timed_next->timed_at = &l->timed_next;
    }
    links->timed = l;
    l->timed = true;
}

static void sweep_at(struct hsy_links *links, uint64_t at_ns)
{
    if (at_ns >= links->sweep_ns || links->closing) {
        return;
    }
    links->sweep_ns = at_ns;
    uint64_t wait_ns = hsy_time_since(hsy_clock_mono_ns(), at_ns);
    int rc = uv_timer_start(&links->sweep, on_sweep, wait_ns / HSY_MS + 1, 0);
    HSY_ASSERT(rc == 0);
}

void hsy_link_deadline(struct hsy_link *l, uint64_t at_ns)
{
    l->deadline_ns = at_ns;
    if (at_ns == HEARSAY_NEVER) {
        if (l->timed) {
            timed_remove(l);
        }
        return;
    }
    if (!l->timed) {
        timed_add(l);
    }
    sweep_at(l->links, at_ns);
}

static void link_late(struct hsy_link *l, uint64_t now_ns)
{
    switch (l->state) {
    case HSY_LINK_RESOLVING:
    case HSY_LINK_CONNECTING:
        hsy_dial_late(l, now_ns);
        break;
    case HSY_LINK_SECURING:
        hsy_link_fail(l, HEARSAY_DOWN_TIMEOUT);
        break;
    case HSY_LINK_OPEN:
        if (l->write_dead) {
            hsy_link_fail(l, HEARSAY_DOWN_RESET);
        } else if (l->flight != NULL) {
            hsy_out_check(l, now_ns);
        }
        break;
    case HSY_LINK_LINGERING:
        l->late = true;
        hsy_link_drop(l);
        break;
    case HSY_LINK_FAILED:
    case HSY_LINK_GONE:
        break;
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct hsy_links *links = timer->data;
    uint64_t now_ns = hsy_clock_mono_ns();
    links->sweep_ns = HEARSAY_NEVER;

    /* A link's end or the node's answer may change any link's deadline, so
     * the list is taken apart from its head. */
    struct hsy_link *left = links->timed, *l;
    links->timed = NULL;
    if (left != NULL) {
        left->timed_at = &left;
    }
    while ((l = left) != NULL) {
        uint64_t at_ns = l->deadline_ns;
        timed_remove(l);
        if (at_ns <= now_ns) {
            link_late(l, now_ns);
        } else {
            hsy_link_deadline(l, at_ns);
        }
    }
}

/* ------------------------------------------------------------ the outside */

int hsy_links_create(struct hsy_links **out,
                     const struct hsy_links_config *config)
{
    HSY_ASSERT(config->links_max >= 1);
    HSY_ASSERT(config->out_max >= 1);
    HSY_ASSERT(config->out_max <= UINT32_MAX);
    HSY_ASSERT(config->on_event != NULL);
    HSY_ASSERT(config->on_slow != NULL);

    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_links *links = hsy_mem_zalloc(mem, sizeof(*links));
    if (links == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    links->read_buf = hsy_mem_alloc(mem, HSY_READ_LEN);
    if (links->read_buf == NULL) {
        hsy_mem_free(mem, links);
        return HEARSAY_ERR_NOMEM;
    }
    links->config = *config;
    /* What the node dials it bounds itself; accepted ones are bounded here.
     * Twice as many: those that FAILED keep their place until it is told. */
    struct hsy_table_shape shape = {.key_len = sizeof(hearsay_link),
                                    .item_len = sizeof(struct link_item),
                                    .items_max = 4 * config->links_max + 64};
    hsy_table_init(&links->by_id, mem, shape, 0);
    links->dirty_end = &links->dirty;
    links->failed_end = &links->failed;
    links->sweep_ns = HEARSAY_NEVER;
    int rc = uv_timer_init(config->loop, &links->sweep);
    HSY_ASSERT(rc == 0);
    links->sweep.data = links;
    links->sweep_open = true;
    *out = links;
    return 0;
}

int hsy_links_dial(struct hsy_links *links, hearsay_link id, const char *host,
                   uint16_t port)
{
    HSY_ASSERT(!links->closing);
    HSY_ASSERT(id % 2 == 0); /* The node's. */
    HSY_ASSERT(link_find(links, id) == NULL);

    struct hsy_dial *dial =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*dial));
    if (dial == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    struct hsy_link *l = link_new(links, id, HSY_LINK_RESOLVING);
    if (l == NULL) {
        hsy_mem_free(hearsay_mem_default(), dial);
        return HEARSAY_ERR_NOMEM;
    }
    l->dial = dial;
    links->stats.dials++;
    hsy_dial_start(l, host, port);
    return 0;
}

void hsy_links_resolved(struct hsy_links *links)
{
    struct hsy_dns_answer answer;
    while (hsy_dns_next(links->config.dns, &answer)) {
        hsy_dial_answer(answer.ctx, &answer);
    }
}

static bool accept_open(struct hsy_link *l, int fd)
{
    int rc = uv_tcp_init(l->links->config.loop, &l->tcp);
    HSY_ASSERT(rc == 0);
    l->tcp.data = l;
    l->handle_live = true;
    l->handle_busy = true;
    return uv_tcp_open(&l->tcp, fd) == 0;
}

void hsy_links_accept(struct hsy_links *links, int fd)
{
    HSY_ASSERT(fd >= 0);

    if (links->ending || links->stats.links >= links->config.links_max) {
        links->stats.accepts_refused++;
        (void)close(fd);
        return;
    }
    hearsay_link id = links->accepted_last == 0 ? 1 : links->accepted_last + 2;
    struct hsy_link *l = link_new(links, id, HSY_LINK_CONNECTING);
    if (l == NULL) {
        links->stats.accept_failures++;
        (void)close(fd);
        return;
    }
    links->accepted_last = id;
    l->accepted = true;
    if (!accept_open(l, fd)) {
        links->stats.accept_failures++;
        (void)close(fd);
        hsy_link_drop(l);
        return;
    }
    links->stats.accepted++;
    hsy_link_connected(l);
}

void hsy_links_send(struct hsy_links *links, hearsay_link id,
                    struct hearsay_buf *buf)
{
    struct hsy_link *l = link_find(links, id);
    if (l == NULL || !is_live(l->state) || l->write_dead) {
        hearsay_buf_unref(buf);
        return;
    }
    if (hsy_out_len(l) + buf->len > links->config.out_max) {
        hsy_link_fail(l, HEARSAY_DOWN_SLOW);
    } else if (hsy_bytes_add(&l->stream, buf->data, buf->len) != 0) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
    } else {
        hsy_link_dirty(l);
    }
    hearsay_buf_unref(buf);
}

static void link_hang_up(struct hsy_link *l)
{
    struct hsy_links *links = l->links;
    if (l->state != HSY_LINK_OPEN || l->write_dead ||
        links->stats.links_lingering >= links->config.links_max) {
        hsy_link_drop(l);
        return;
    }
    bool paused = l->paused != 0;
    link_forget(l);
    hsy_link_enter(l, HSY_LINK_LINGERING);
    hsy_link_deadline(
        l, hsy_time_add(hsy_clock_mono_ns(), links->config.limits.linger_ns));
    if (paused) {
        hsy_in_start(l); /* To see its end. */
    }
    hsy_link_dirty(l);
}

void hsy_links_hang_up(struct hsy_links *links, hearsay_link id)
{
    struct hsy_link *l = link_find(links, id);
    if (l != NULL) {
        link_hang_up(l);
    }
}

void hsy_links_hang_up_all(struct hsy_links *links)
{
    links->ending = true;
    struct hsy_link *next;
    for (struct hsy_link *l = links->all; l != NULL; l = next) {
        next = l->next;
        if (l->state != HSY_LINK_LINGERING) {
            link_hang_up(l);
        }
    }
}

uint32_t hsy_links_lingering(const struct hsy_links *links)
{
    return links->stats.links_lingering;
}

void hsy_links_read(struct hsy_links *links, hearsay_link id, bool on)
{
    struct hsy_link *l = link_find(links, id);
    if (l == NULL || l->state != HSY_LINK_OPEN) {
        return; /* It ended; the node will hear of it. */
    }
    if (on) {
        hsy_in_resume(l, HSY_PAUSE_NODE);
    } else {
        hsy_in_pause(l, HSY_PAUSE_NODE);
    }
}

void hsy_links_break(struct hsy_links *links, hearsay_link id)
{
    struct hsy_link *l = link_find(links, id);
    if (l != NULL) {
        hsy_link_fail(l, HEARSAY_DOWN_RESET);
    }
}

static void tell_failed(struct hsy_links *links)
{
    struct hsy_link *l;
    while ((l = links->failed) != NULL) {
        links->failed = l->failed_next;
        if (links->failed == NULL) {
            links->failed_end = &links->failed;
        }
        l->failing = false;
        if (l->state == HSY_LINK_GONE) {
            hsy_link_free_if_done(l); /* Hung up meanwhile: no answer. */
            continue;
        }
        struct hearsay_event ev = {.kind = HEARSAY_EV_LINK_DOWN,
                                   .down = {.link = l->id, .why = l->why}};
        hsy_link_drop(l);
        links->config.on_event(links->config.ctx, &ev);
    }
}

static void flush_dirty(struct hsy_links *links)
{
    struct hsy_link *l = links->dirty;
    links->dirty = NULL;
    links->dirty_end = &links->dirty;
    while (l != NULL) {
        struct hsy_link *next = l->dirty_next;
        l->dirty = false;
        if (l->state == HSY_LINK_GONE) {
            hsy_link_free_if_done(l);
        } else {
            hsy_out_flush(l);
        }
        l = next;
    }
}

bool hsy_links_flush(struct hsy_links *links)
{
    hsy_in_turn_over(links);
    for (int round = 0; round < FLUSH_ROUNDS; round++) {
        tell_failed(links);
        flush_dirty(links);
        if (links->dirty == NULL && links->failed == NULL) {
            return false;
        }
    }
    return true;
}

void hsy_links_stats(const struct hsy_links *links,
                     struct hsy_runtime_stats *out)
{
    const struct hsy_runtime_stats *s = &links->stats;
    out->links = s->links;
    out->links_lingering = s->links_lingering;
    out->links_paused = s->links_paused;
    out->pauses = s->pauses;
    out->accepted = s->accepted;
    out->accepts_refused = s->accepts_refused;
    out->accept_failures += s->accept_failures;
    out->dials = s->dials;
    out->slow_closed = s->slow_closed;
    out->bytes_in = s->bytes_in;
    out->bytes_out = s->bytes_out;
    out->flushes = s->flushes;
    for (const struct hsy_link *l = links->all; l != NULL; l = l->next) {
        out->queue_bytes += hsy_out_len(l);
    }
}

static void on_sweep_closed(uv_handle_t *handle)
{
    struct hsy_links *links = handle->data;
    links->sweep_open = false;
    links_free_if_done(links);
}

void hsy_links_close(struct hsy_links *links, void (*on_closed)(void *ctx),
                     void *ctx)
{
    HSY_ASSERT(!links->closing);
    HSY_ASSERT(on_closed != NULL);

    links->closing = true;
    links->on_closed = on_closed;
    links->on_closed_ctx = ctx;
    struct hsy_link *next;
    for (struct hsy_link *l = links->all; l != NULL; l = next) {
        next = l->next;
        l->dirty = false;
        l->failing = false;
        l->turn_bytes = 0;
        if (l->state == HSY_LINK_GONE) {
            hsy_link_free_if_done(l);
        } else {
            hsy_link_drop(l);
        }
    }
    uv_close((uv_handle_t *)&links->sweep, on_sweep_closed);
}

size_t hsy_runtime_link_len(void)
{
    return sizeof(struct hsy_link) + sizeof(struct hsy_flight) +
           sizeof(struct hsy_dial) + 4 * sizeof(struct link_item);
}
