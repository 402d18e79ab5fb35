/* Bytes that come in: framing, and what is held until the rest of a frame, or
 * the end of the handshake's jobs, comes. */
#include <string.h>

#include "base/compiler.h"
#include "node/inner.h"

enum { IN_FIRST = 256 };

static bool is_busy(const struct hsy_conn *conn)
{
    return conn->state == HSY_CONN_SIGNING || conn->state == HSY_CONN_CHECKING;
}

static void handle_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const uint8_t *data, size_t len)
{
    HSY_UNSET struct hsy_frame frame;
    uint8_t flags = 0;
    int err = hsy_frame_decode(&frame, data, len, &flags);

    HSY_ASSERT(len >= HSY_FRAME_HEADER_LEN);
    node->core.env.counters.frames_in++;
    if (err == HEARSAY_ERR_STATE && (flags & HSY_FLAG_IGNORABLE) != 0) {
        return; /* From a newer version, and meant to be skipped. */
    }
    if (err == HEARSAY_ERR_STATE) {
        hsy_conn_refuse(node, conn, HSY_ERROR_TYPE, "unknown frame type");
    } else if (err != 0) {
        hsy_conn_refuse(node, conn, HSY_ERROR_MALFORMED,
                        "a frame violates the wire format");
    } else if (conn->state == HSY_CONN_UP) {
        hsy_jobs_check_frame(node, conn, &frame, data, len);
    } else {
        hsy_handshake_frame(node, conn, &frame);
    }
}

/* Handles whole frames in @data; returns how many bytes they were. The conn
 * may be gone afterwards. */
static size_t consume(struct hearsay_node *node, hearsay_link link,
                      const uint8_t *data, size_t len)
{
    size_t at = 0;

    for (;;) {
        struct hsy_conn *conn = hsy_conn_find(node, link);
        size_t frame_len = 0;
        if (conn == NULL || at == len || is_busy(conn) ||
            node->end_text != NULL ||
            hsy_conn_must_hold(node, conn, len - at)) {
            return at;
        }
        uint32_t max = conn->state == HSY_CONN_UP
                           ? node->core.env.config.frame_max
                           : HSY_FRAME_MAX_BEFORE_AUTH;
        if (hsy_frame_peek(&frame_len, data + at, len - at, max) != 0) {
            hsy_conn_refuse(node, conn, HSY_ERROR_MALFORMED,
                            "the length of a frame is out of bounds");
            return at;
        }
        if (frame_len == 0 || frame_len > len - at) {
            return at;
        }
        handle_frame(node, conn, data + at, frame_len);
        at += frame_len;
    }
}

/* Appends to the conn's buffer. False: no memory, or too much is waiting. */
static bool hold(struct hearsay_node *node, struct hsy_conn *conn,
                 const uint8_t *data, size_t len)
{
    size_t need = conn->in_len + len;
    uint32_t room = conn->in_room == 0 ? IN_FIRST : conn->in_room;

    bool stranger = conn->accepted && conn->state != HSY_CONN_UP;
    size_t max = stranger
                     ? 2 * HSY_FRAME_MAX_BEFORE_AUTH
                     : (size_t)node->core.env.config.frame_max + HSY_IN_SLACK;
    if (need > max) {
        return false;
    }
    while (room < need) {
        room *= 2;
    }
    if (room != conn->in_room) {
        uint8_t *in = hsy_mem_alloc(&node->mem, room);
        if (in == NULL) {
            return false;
        }
        if (conn->in_len > 0) {
            memcpy(in, conn->in, conn->in_len);
        }
        hsy_mem_free(&node->mem, conn->in);
        conn->in = in;
        conn->in_room = room;
    }
    memcpy(conn->in + conn->in_len, data, len);
    conn->in_len = (uint32_t)need;
    HSY_ASSERT(conn->in_len <= conn->in_room);
    return true;
}

/* A begun frame must be complete in time; a whole one ends the wait. */
static void time_frame(struct hearsay_node *node, struct hsy_conn *conn,
                       bool progress)
{
    uint64_t now_ns = node->core.env.now.mono_ns;

    if (conn->state != HSY_CONN_UP) {
        return; /* The handshake's deadline holds. */
    }
    if (conn->in_len == 0 || conn->unread) {
        conn->deadline_ns = HEARSAY_NEVER;
    } else if (progress || conn->deadline_ns == HEARSAY_NEVER) {
        hsy_conn_plan(node, conn, hsy_time_add(now_ns, HSY_FRAME_NS));
    }
    /* It may have passed in this very step: the tick that ends it sees. */
    HSY_ASSERT(conn->in_len == 0 || conn->unread ||
               conn->deadline_ns != HEARSAY_NEVER);
}

/* Parses the conn's own buffer. The buffer is taken out meanwhile, so that a
 * conn that vanishes takes nothing with it that is in use. */
static void parse_held(struct hearsay_node *node, hearsay_link link)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);
    uint8_t *in = conn->in;
    uint32_t len = conn->in_len;

    conn->in = NULL;
    conn->in_len = 0;
    conn->in_room = 0;
    size_t used = consume(node, link, in, len);
    HSY_ASSERT(used <= len);
    conn = hsy_conn_find(node, link);
    if (conn != NULL && used < len &&
        !hold(node, conn, in + used, len - used)) {
        hsy_conn_refuse(node, conn, HSY_ERROR_FULL, "out of memory");
        conn = NULL;
    }
    if (conn != NULL) {
        time_frame(node, conn, used > 0);
    }
    hsy_mem_free(&node->mem, in);
}

void hsy_conn_bytes(struct hearsay_node *node, hearsay_link link,
                    const uint8_t *data, size_t len)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn == NULL && node->hang_up_lost) {
        hsy_conn_push_hang_up(node, link);
    }
    if (conn == NULL || conn->gone || conn->doomed) {
        return;
    }
    node->core.env.counters.bytes_in += len;
    hsy_core_heard(&node->core, link);
    bool direct = conn->in_len == 0;
    size_t used = direct ? consume(node, link, data, len) : 0;
    conn = hsy_conn_find(node, link);
    if (conn == NULL) {
        return;
    }
    if (used < len && !hold(node, conn, data + used, len - used)) {
        hsy_conn_refuse(node, conn, HSY_ERROR_FULL,
                        "too many bytes are waiting to be read");
        return;
    }
    if (direct) {
        time_frame(node, conn, used > 0);
    } else if (!is_busy(conn) && !hsy_conn_holds(node, conn, conn->in_len)) {
        parse_held(node, link);
    }
}

void hsy_conn_resume(struct hearsay_node *node, hearsay_link link)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn != NULL && conn->in_len > 0 && !is_busy(conn)) {
        parse_held(node, link);
    }
}
