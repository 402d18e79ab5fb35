/* Pipes: what flies from one end of a connection to the other, when it
 * arrives, and what has to wait until the kernels have room (see net.c). */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/net_inner.h"

enum {
    SPARE_MAX = 4096, /* Segments, of 32 bytes. */
    MILLION = 1000000,
    TAIL_DOUBLINGS = 10 /* From 1/1024 of the longest delay to all of it. */
};

/* ------------------------------------------------------------- segments */

void hsy_segments_append(struct hsy_segments *list, struct hsy_segment *s)
{
    s->next = NULL;
    if (list->last == NULL) {
        list->first = s;
    } else {
        list->last->next = s;
    }
    list->last = s;
}

struct hsy_segment *hsy_segments_take(struct hsy_segments *list)
{
    struct hsy_segment *s = list->first;
    HSY_ASSERT(s != NULL);
    list->first = s->next;
    if (list->first == NULL) {
        list->last = NULL;
    }
    return s;
}

struct hsy_segment *hsy_segment_new(struct hsy_cluster *c,
                                    enum hsy_segment_kind kind)
{
    struct hsy_segment *s = c->spare;
    if (s != NULL) {
        c->spare = s->next;
        c->spare_count--;
    } else {
        s = hsy_mem_alloc(&c->mem, sizeof(*s));
    }
    if (s == NULL) {
        hsy_cluster_fail(c, HEARSAY_ERR_NOMEM, "no memory for a segment");
        return NULL;
    }
    *s = (struct hsy_segment){.kind = kind};
    return s;
}

void hsy_segment_free(struct hsy_cluster *c, struct hsy_segment *s)
{
    hearsay_buf_unref(s->buf);
    if (c->spare_count < SPARE_MAX) {
        s->next = c->spare;
        c->spare = s;
        c->spare_count++;
    } else {
        hsy_mem_free(&c->mem, s);
    }
}

void hsy_segments_clear(struct hsy_cluster *c, struct hsy_segments *list)
{
    while (list->first != NULL) {
        hsy_segment_free(c, hsy_segments_take(list));
    }
}

struct hsy_future hsy_net_future(enum hsy_future_kind kind, uint64_t at_ns,
                                 struct hsy_end *end)
{
    hsy_conn_of(end)->refs++;
    return (struct hsy_future){.at_ns = at_ns,
                               .kind = (uint8_t)kind,
                               .node = end->node,
                               .life = end->life,
                               .side = end->side,
                               .conn = hsy_conn_of(end)};
}

/* ------------------------------------------------------------------ pipes */

/* When the process at the other end sees @s; the opening of a connection is
 * its kernel's business, which no slow process holds up. */
uint64_t hsy_pipe_seen_ns(const struct hsy_cluster *c, uint32_t to,
                          const struct hsy_segment *s)
{
    uint64_t slow_ns = s->kind == HSY_SEGMENT_SYN ? 0 : c->hosts[to].slow_ns;
    return hsy_time_add(s->arrive_ns, slow_ns);
}

/* Puts the arrival of the first flying segment into the event queue. */
void hsy_pipe_schedule(struct hsy_cluster *c, struct hsy_end *end)
{
    struct hsy_pipe *pipe = &end->out;
    uint32_t to = hsy_other_end(end)->node;
    if (pipe->scheduled || pipe->flying.first == NULL ||
        hsy_other_end(end)->unread || hsy_cluster_blocked(c, end->node, to)) {
        return;
    }
    pipe->scheduled = true;
    uint64_t at_ns =
        hsy_time_max(hsy_pipe_seen_ns(c, to, pipe->flying.first), c->now_ns);
    struct hsy_future f = hsy_net_future(HSY_FUTURE_ARRIVE, at_ns, end);
    f.node = to;
    hsy_cluster_schedule(c, &f);
}

/* Of the few that are late, half are later than twice the least delay, a
 * quarter than four times, and so on: a Pareto distribution in integers. */
static uint64_t tail_of(struct hsy_cluster *c)
{
    const struct hsy_weather *w = &c->weather;
    if (w->tail_ppm == 0 || w->tail_ns == 0 ||
        hsy_prng_below(&c->prng, MILLION) >= w->tail_ppm) {
        return 0;
    }
    uint64_t least_ns = (w->tail_ns >> TAIL_DOUBLINGS) + 1;
    uint64_t coins = hsy_prng_next(&c->prng);
    for (int i = 1; i < TAIL_DOUBLINGS && (coins & 1) != 0; i++) {
        least_ns *= 2;
        coins >>= 1;
    }
    uint64_t delay_ns = least_ns + hsy_prng_below(&c->prng, least_ns);
    return hsy_time_min(delay_ns, w->tail_ns);
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return b == 0 || (a != 0 && a < b) ? a : b; /* 0 is no bound. */
}

static const struct hsy_throttle *throttle_of(const struct hsy_cluster *c,
                                              const struct hsy_end *at,
                                              const struct hsy_end *to)
{
    static const struct hsy_throttle none;
    const struct hsy_throttle *throttle = &c->hosts[at->node].throttle;
    bool spared = throttle->peers_only && to->node < c->config.seeds;
    return spared ? &none : throttle;
}

static uint32_t rate_of(const struct hsy_cluster *c, struct hsy_end *end)
{
    uint32_t rate = c->weather.bytes_per_s;
    if (c->is_throttled) {
        const struct hsy_end *to = hsy_other_end(end);
        rate = lower(rate, throttle_of(c, end, to)->out_per_s);
        rate = lower(rate, throttle_of(c, to, end)->in_per_s);
    }
    return rate;
}

/* When the last of @len bytes that are sent now is there. */
static uint64_t arrival(struct hsy_cluster *c, struct hsy_end *end,
                        uint32_t len)
{
    struct hsy_pipe *pipe = &end->out;
    uint64_t off_ns = c->now_ns;
    uint32_t rate = rate_of(c, end);
    if (rate > 0) {
        off_ns = hsy_time_max(off_ns, pipe->free_ns) + len * HSY_SECOND / rate;
        pipe->free_ns = off_ns;
    }
    uint64_t at_ns =
        hsy_time_add(off_ns, hsy_cluster_draw(c, c->weather.latency_ns));
    if (c->is_far) {
        at_ns += c->hosts[end->node].far_ns;
        at_ns += c->hosts[hsy_other_end(end)->node].far_ns;
    }
    return hsy_time_add(at_ns, tail_of(c));
}

/* Off it goes; never before what went earlier. */
static void launch(struct hsy_cluster *c, struct hsy_end *end,
                   struct hsy_segment *s)
{
    uint32_t len = s->buf == NULL ? 0 : s->buf->len;
    uint64_t at_ns = arrival(c, end, len);
    s->arrive_ns = hsy_time_max(at_ns, end->out.last_ns);
    end->out.last_ns = s->arrive_ns;
    end->out.flying_len += len;
    hsy_segments_append(&end->out.flying, s);
    hsy_pipe_schedule(c, end);
}

/* A segment without bytes, ahead of nothing and behind all that flies. */
void hsy_pipe_emit(struct hsy_cluster *c, struct hsy_end *end,
                   enum hsy_segment_kind kind)
{
    struct hsy_segment *s = hsy_segment_new(c, kind);
    if (s != NULL) {
        end->out.ended = end->out.ended || (kind != HSY_SEGMENT_SYN &&
                                            kind != HSY_SEGMENT_SYN_ACK);
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
    uint64_t at_ns = hsy_cluster_late(c, end->node, c->now_ns);
    struct hsy_future f = hsy_net_future(HSY_FUTURE_SENT, at_ns, end);
    hsy_cluster_schedule(c, &f);
}

/* The kernel takes what its window has room for, one segment at least. */
void hsy_pipe_pump(struct hsy_cluster *c, struct hsy_end *end)
{
    struct hsy_pipe *pipe = &end->out;
    uint32_t taken_len = 0;
    while (pipe->waiting.first != NULL) {
        const struct hsy_segment *s = pipe->waiting.first;
        uint32_t len = s->buf == NULL ? 0 : s->buf->len;
        if (pipe->flying_len > 0 && len > 0 &&
            pipe->flying_len + len > c->weather.window_len) {
            break;
        }
        taken_len += s->forged ? 0 : len;
        launch(c, end, hsy_segments_take(&pipe->waiting));
    }
    report_sent(c, end, taken_len);
}

/* A FIN that had to wait behind bytes goes with them: it was never said. */
void hsy_pipe_reset(struct hsy_cluster *c, struct hsy_end *end)
{
    const struct hsy_segment *last = end->out.waiting.last;
    if (last != NULL && last->kind != HSY_SEGMENT_BYTES) {
        end->out.ended = false;
    }
    hsy_segments_clear(c, &end->out.waiting);
    if (!end->out.ended) {
        hsy_pipe_emit(c, end, HSY_SEGMENT_RST);
    }
}
