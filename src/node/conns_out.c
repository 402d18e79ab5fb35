/* Frames that go out: encoded once, however many links they take. A window of
 * bytes is given to the host; what does not fit waits in lanes, where it can
 * still be overtaken, shortened, or thrown away. */
#include "node/inner.h"

uint32_t hsy_conn_queued(const struct hsy_conn *conn)
{
    uint32_t len = conn->given;

    for (int i = 0; i < HSY_LANES; i++) {
        len += hsy_lanes_len(conn->lanes, (enum hsy_lane)i);
    }
    HSY_ASSERT(len >= conn->given);
    return len;
}

/* ---------------------------------------------------------- to the host */

/* What may be given now: one frame at least when the host holds none. */
static uint32_t window(const struct hsy_conn *conn)
{
    if (conn->given == 0) {
        return UINT32_MAX;
    }
    return conn->given < HSY_WINDOW_LEN ? HSY_WINDOW_LEN - conn->given : 0;
}

/* Takes the share of @buf. */
static void give(struct hearsay_node *node, struct hsy_conn *conn,
                 struct hearsay_buf *buf)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_SEND};
    struct hsy_counters *counters = &node->core.env.counters;

    effect.send.link = conn->link;
    effect.send.buf = buf;
    if (!hsy_effects_push(&node->fx, &effect)) {
        hearsay_buf_unref(buf);
        node->nomem = true; /* A hole in the stream: it must end. */
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    if (conn->given == 0) {
        uint64_t now_ns = node->core.env.now.mono_ns;
        conn->taken_ns = now_ns;
        node->conns_next_ns = hsy_time_min(node->conns_next_ns,
                                           hsy_time_add(now_ns, HSY_SLOW_NS));
    }
    conn->given += buf->len;
    counters->frames_out++;
    counters->bytes_out += buf->len;
}

/* From the lanes, as far as the window goes. */
static void pump(struct hearsay_node *node, struct hsy_conn *conn)
{
    uint64_t now_ns = node->core.env.now.mono_ns;
    struct hearsay_buf *buf;

    while (!conn->doomed &&
           (buf = hsy_lanes_take(conn->lanes, now_ns, window(conn))) != NULL) {
        give(node, conn, buf);
    }
    if (hsy_lanes_empty(conn->lanes)) {
        conn->relieved = conn->relieved || conn->lanes->told;
        node->crowd_pending = node->crowd_pending || conn->relieved;
        hsy_lanes_free(conn->lanes);
        conn->lanes = NULL;
    }
    HSY_ASSERT(conn->lanes == NULL || conn->doomed || conn->given > 0);
}

/* A piece is made when nothing else waits for the link, and is given when the
 * host holds nothing: so whatever comes has one piece before it at most, and
 * no piece takes any room in the lanes. */
static void serve(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_frame frame;

    while (conn->serving && conn->lanes == NULL && conn->given == 0 &&
           !conn->doomed && !conn->gone) {
        conn->serving = hsy_core_serve(&node->core, conn->link, &frame);
        if (conn->serving) {
            hsy_conn_send_frame(node, conn, &frame);
        }
    }
    HSY_ASSERT(conn->state == HSY_CONN_UP || !conn->serving);
}

void hsy_conns_serve(struct hearsay_node *node)
{
    if (!node->serve_pending) {
        return;
    }
    node->serve_pending = false;
    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (conn->serving) {
            serve(node, conn);
        }
    }
}

void hsy_conn_sent(struct hearsay_node *node, hearsay_link link, size_t len)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn == NULL) {
        return;
    }
    HSY_ASSERT(len <= conn->given);
    conn->given -= (uint32_t)len;
    conn->crowded_len += (uint32_t)len;
    conn->taken_ns = node->core.env.now.mono_ns;
    if (conn->lanes != NULL && !conn->gone && !conn->doomed) {
        pump(node, conn);
    }
    if (conn->serving) {
        serve(node, conn);
    }
}

uint64_t hsy_conn_slow_ns(const struct hearsay_node *node,
                          const struct hsy_conn *conn)
{
    /* While this process was away its host could take nothing. */
    uint64_t taken_ns = hsy_time_max(conn->taken_ns, node->late_ns);
    uint64_t crowded_ns = conn->crowded_ns == HEARSAY_NEVER
                              ? HEARSAY_NEVER
                              : hsy_time_max(conn->crowded_ns, node->late_ns);

    return conn->given == 0
               ? HEARSAY_NEVER
               : hsy_time_min(hsy_time_add(taken_ns, HSY_SLOW_NS),
                              hsy_time_add(crowded_ns, HSY_CROWDED_NS));
}

bool hsy_conn_keeps_up(struct hearsay_node *node, struct hsy_conn *conn)
{
    uint64_t now_ns = node->core.env.now.mono_ns;
    bool moves = hsy_time_since(conn->taken_ns, now_ns) < HSY_SLOW_NS;

    if (!moves ||
        (conn->crowded_len > 0 && conn->crowded_len < HSY_CROWDED_LEN)) {
        return false;
    }
    conn->crowded_ns = now_ns;
    conn->crowded_len = 0;
    return true;
}

/* Own bundles nobody else has, and what ends the link (LEAVE, ERROR) is a
 * control frame. */
void hsy_conn_last_words(struct hearsay_node *node, struct hsy_conn *conn)
{
    const enum hsy_lane order[] = {HSY_LANE_OWN, HSY_LANE_CONTROL};
    struct hearsay_buf *buf;

    for (int i = 0; i < 2 && conn->lanes != NULL; i++) {
        while (!conn->doomed &&
               (buf = hsy_lanes_take_from(conn->lanes, order[i])) != NULL) {
            give(node, conn, buf);
        }
    }
}

/* ------------------------------------------------------------- to the lanes */

/* Some of what waits for @conn was thrown away; told when the step ends, for
 * the core may be in the middle of something. */
static void note_crowd(struct hearsay_node *node, const struct hsy_conn *conn)
{
    if (conn->lanes->crowded && !conn->lanes->told) {
        node->crowd_pending = true;
    }
}

static void enqueue(struct hearsay_node *node, struct hsy_conn *conn,
                    struct hearsay_buf *buf, enum hsy_lane lane)
{
    struct hsy_env *env = &node->core.env;

    if (conn->lanes == NULL) {
        conn->lanes =
            hsy_lanes_new(&(struct hsy_lanes_env){.mem = &node->mem,
                                                  .crypto = node->crypto,
                                                  .counters = &env->counters});
    }
    if (conn->lanes == NULL) {
        node->nomem = true;
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    conn->lanes->collapses = conn->version >= hsy_frame_version(HSY_IHAVE);
    uint32_t max = env->config.queue_max - conn->given;
    switch (hsy_lanes_put(conn->lanes, lane, buf, env->now.mono_ns, max)) {
    case HSY_LANES_OK:
        note_crowd(node, conn);
        break;
    case HSY_LANES_FULL:
        hsy_conn_doom_slow(node, conn);
        return;
    case HSY_LANES_NOMEM:
        node->nomem = true;
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    pump(node, conn);
}

void hsy_conn_send(struct hearsay_node *node, struct hsy_conn *conn,
                   struct hearsay_buf *buf, enum hsy_lane lane)
{
    HSY_ASSERT(conn->given <= node->core.env.config.queue_max);
    if (conn->doomed || conn->gone) {
        return;
    }
    if (conn->lanes == NULL && buf->len <= window(conn) &&
        buf->len <= node->core.env.config.queue_max - conn->given) {
        give(node, conn, hearsay_buf_ref(buf));
    } else {
        enqueue(node, conn, buf, lane);
    }
}

static void begin_crowd(struct hearsay_node *node, struct hsy_conn *conn,
                        bool crowded)
{
    uint64_t now_ns = node->core.env.now.mono_ns;

    conn->crowded_ns = crowded ? now_ns : HEARSAY_NEVER;
    conn->crowded_len = 0;
    node->conns_next_ns =
        hsy_time_min(node->conns_next_ns, hsy_time_add(now_ns, HSY_CROWDED_NS));
}

static struct hsy_conn *find_crowded(struct hearsay_node *node)
{
    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        bool crowded =
            conn->lanes != NULL && conn->lanes->crowded && !conn->lanes->told;
        if (crowded || conn->relieved) {
            return conn;
        }
    }
    node->crowd_pending = false;
    return NULL;
}

void hsy_conns_tell_crowded(struct hearsay_node *node)
{
    struct hsy_conn *conn;

    while (node->crowd_pending && (conn = find_crowded(node)) != NULL) {
        bool relieved = conn->relieved;
        conn->relieved = false;
        if (!relieved) {
            conn->lanes->told = true;
        }
        begin_crowd(node, conn, !relieved);
        if (conn->gone || conn->doomed) {
            continue;
        }
        if (relieved) {
            hsy_core_relieved(&node->core, conn->link);
        } else {
            node->core.env.counters.links_crowded++;
            hsy_core_congested(&node->core, conn->link);
        }
    }
}

/* ------------------------------------------------------------------ frames */

struct hearsay_buf *hsy_conn_encode(struct hearsay_node *node,
                                    const struct hsy_frame *frame)
{
    struct hsy_writer count = hsy_writer_count();

    hsy_frame_encode(&count, frame);
    HSY_ASSERT(!count.bad);
    struct hearsay_buf *buf = hsy_buf_new(&node->mem, (uint32_t)count.len);
    if (buf != NULL) {
        struct hsy_writer out = hsy_writer(buf->data, buf->len);
        hsy_frame_encode(&out, frame);
        HSY_ASSERT(!out.bad);
        HSY_ASSERT(out.len == buf->len);
    }
    return buf;
}

void hsy_conn_send_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const struct hsy_frame *frame)
{
    struct hearsay_buf *buf = hsy_conn_encode(node, frame);

    if (buf == NULL) {
        node->nomem = true;
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    hsy_conn_send(node, conn, buf, hsy_lane_of(frame, &node->core.env.id));
    hearsay_buf_unref(buf);
}
