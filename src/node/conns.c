/* The byte side of links: framing, deadlines, queue accounting, ends. A conn
 * may vanish under any call into the core, so loops look it up again by its
 * number, which is never used twice. */
#include <string.h>

#include "node/inner.h"

enum { IN_FIRST = 256, IN_SLACK = 64 * 1024 };

/* ------------------------------------------------------------ the table */

struct hsy_conn *hsy_conn_find(const struct hearsay_node *node,
                               hearsay_link link)
{
    const struct hsy_conn_slot *slot = hsy_table_find(&node->conns, &link);

    HSY_ASSERT(slot == NULL || slot->conn->link == link);
    return slot == NULL ? NULL : slot->conn;
}

void hsy_conn_plan(struct hearsay_node *node, struct hsy_conn *conn,
                   uint64_t deadline_ns)
{
    conn->deadline_ns = deadline_ns;
    node->conns_next_ns = hsy_time_min(node->conns_next_ns, deadline_ns);
}

static struct hsy_conn *conn_new(struct hearsay_node *node, hearsay_link link)
{
    struct hsy_conn *conn = hsy_mem_zalloc(&node->mem, sizeof(*conn));
    struct hsy_handshake *handshake =
        hsy_mem_zalloc(&node->mem, sizeof(*handshake));
    void *item;

    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
    if (conn == NULL || handshake == NULL ||
        hsy_table_put(&node->conns, &item, &link) != 0) {
        hsy_mem_free(&node->mem, handshake);
        hsy_mem_free(&node->mem, conn);
        return NULL;
    }
    ((struct hsy_conn_slot *)item)->conn = conn;
    conn->link = link;
    conn->handshake = handshake;
    conn->deadline_ns = HEARSAY_NEVER;
    for (size_t i = 0; i < HSY_NONCE_LEN; i++) {
        handshake->nonce[i] = (uint8_t)hsy_prng_next(&node->core.env.prng);
    }
    return conn;
}

static bool is_half_open(const struct hsy_conn *conn)
{
    return conn->accepted && conn->state != HSY_CONN_UP;
}

static void conn_free(struct hearsay_node *node, struct hsy_conn *conn)
{
    void *slot = hsy_table_find(&node->conns, &conn->link);

    HSY_ASSERT(slot != NULL);
    HSY_ASSERT(!is_half_open(conn) || node->half_open > 0);
    node->half_open -= is_half_open(conn) ? 1 : 0;
    hsy_table_remove(&node->conns, slot);
    hsy_mem_free(&node->mem, conn->in);
    hsy_mem_free(&node->mem, conn->handshake);
    hsy_mem_free(&node->mem, conn);
}

void hsy_conns_fini(struct hearsay_node *node)
{
    while (node->conns.count > 0) {
        struct hsy_conn_slot *slot =
            hsy_table_at(&node->conns, node->conns.count - 1);
        conn_free(node, slot->conn);
    }
    HSY_ASSERT(node->half_open == 0);
    hsy_table_fini(&node->conns);
}

/* ------------------------------------------------------------------ ends */

/* Tells the core that the link, or the try to open it, is over. */
static void conn_end(struct hearsay_node *node, struct hsy_conn *conn,
                     enum hearsay_down why, unsigned code)
{
    hearsay_link link = conn->link;
    bool up = conn->state == HSY_CONN_UP;
    bool dialled = !conn->accepted;
    struct hearsay_id id;
    bool known = !up && conn->handshake->hello_seen;

    if (known) {
        id = conn->handshake->record.id;
    }
    conn_free(node, conn);
    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
    if (up) {
        hsy_core_link_down(&node->core, link, why);
    } else if (dialled) {
        hsy_core_dial_failed(&node->core, link, why, code, known ? &id : NULL);
    }
}

static void push_hang_up(struct hearsay_node *node, hearsay_link link)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_HANG_UP};

    effect.hang_up.link = link;
    if (!hsy_effects_push(&node->fx, &effect)) {
        node->nomem = true;
        node->hang_up_lost = true; /* Said again when it is heard of. */
    }
}

void hsy_conn_hang_up(struct hearsay_node *node, struct hsy_conn *conn,
                      unsigned code, const char *text)
{
    struct hsy_frame frame = {.type = HSY_ERROR};

    HSY_ASSERT(code == 0 || text != NULL);
    if (!conn->gone) {
        if (code != 0) {
            size_t len = strlen(text);
            len = len < HSY_ERROR_TEXT_MAX ? len : HSY_ERROR_TEXT_MAX;
            frame.error.code = (enum hsy_error_code)code;
            frame.error.text_len = (uint8_t)len;
            memcpy(frame.error.text, text, len);
            hsy_conn_send_frame(node, conn, &frame);
        }
        push_hang_up(node, conn->link);
    }
    conn_free(node, conn);
}

static void count_refusal(struct hsy_counters *counters,
                          enum hsy_error_code code)
{
    switch (code) {
    case HSY_ERROR_MALFORMED:
        counters->malformed++;
        return;
    case HSY_ERROR_TYPE:
        counters->frames_unexpected++;
        return;
    case HSY_ERROR_AUTH:
        counters->signatures_bad++;
        return;
    case HSY_ERROR_VERSION:
    case HSY_ERROR_NETWORK:
    case HSY_ERROR_TRUST:
    case HSY_ERROR_OWN_ID:
    case HSY_ERROR_DUPLICATE:
    case HSY_ERROR_FULL:
    case HSY_ERROR_REDUNDANT:
        counters->handshake_refused++;
        return;
    case HSY_ERROR_LATE:
        return; /* Counted by kind, where the deadline is known. */
    }
}

void hsy_conn_refuse(struct hearsay_node *node, struct hsy_conn *conn,
                     enum hsy_error_code code, const char *text)
{
    bool usual = code == HSY_ERROR_OWN_ID || code == HSY_ERROR_REDUNDANT;
    struct hsy_note note =
        hsy_note(usual ? HEARSAY_DEBUG : HEARSAY_INFO, "link-refused");
    hearsay_link link = conn->link;
    bool up = conn->state == HSY_CONN_UP;
    bool dialled = !conn->accepted;
    struct hearsay_id id;
    bool known = !up && conn->handshake->hello_seen;

    count_refusal(&node->core.env.counters, code);
    hsy_note_addr(&note, "addr", &conn->from);
    hsy_note_u64(&note, "code", code);
    hsy_note_text(&note, "text", text);
    hsy_tell(&node->core.env, &note);
    if (known) {
        id = conn->handshake->record.id;
    }
    hsy_conn_hang_up(node, conn, code, text);
    if (up) {
        hsy_core_link_down(&node->core, link, HEARSAY_DOWN_CLOSED);
    } else if (dialled) {
        hsy_core_dial_failed(&node->core, link, HEARSAY_DOWN_CLOSED, code,
                             known ? &id : NULL);
    }
    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
}

void hsy_conn_doom(struct hearsay_node *node, struct hsy_conn *conn,
                   enum hearsay_down why)
{
    conn->doomed = true;
    conn->why = why;
    node->doom_pending = true;
}

/* The ERROR that explains an end, when it lies unread behind a handshake
 * whose signatures are still being checked. */
static unsigned unread_error(const struct hsy_conn *conn)
{
    struct hsy_frame frame;
    size_t len = 0;

    if (conn->in_len == 0 ||
        hsy_frame_peek(&len, conn->in, conn->in_len,
                       HSY_FRAME_MAX_BEFORE_AUTH) != 0 ||
        len == 0 || len > conn->in_len ||
        hsy_frame_decode(&frame, conn->in, len, NULL) != 0) {
        return 0;
    }
    return frame.type == HSY_ERROR ? frame.error.code : 0;
}

void hsy_conn_link_down(struct hearsay_node *node, hearsay_link link,
                        enum hearsay_down why)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn == NULL || conn->gone) {
        return; /* We hung up first. */
    }
    if (conn->state == HSY_CONN_UP && conn->jobs > 0) {
        /* What it said before it went is still being verified. */
        conn->gone = true;
        conn->why = why;
        return;
    }
    unsigned code = conn->state == HSY_CONN_UP ? 0 : unread_error(conn);
    conn_end(node, conn, why, code);
    HSY_ASSERT(hsy_conn_find(node, link) == NULL);
}

bool hsy_conn_job_back(struct hearsay_node *node, hearsay_link link)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn == NULL) {
        return false;
    }
    HSY_ASSERT(conn->jobs > 0);
    conn->jobs--;
    if (conn->gone && conn->jobs == 0) {
        node->doom_pending = true; /* Its last word has been heard. */
    }
    return true;
}

void hsy_conns_hang_up(struct hearsay_node *node)
{
    while (node->conns.count > 0) {
        struct hsy_conn_slot *slot =
            hsy_table_at(&node->conns, node->conns.count - 1);
        hsy_conn_hang_up(node, slot->conn, 0, NULL);
    }
    HSY_ASSERT(node->half_open == 0);
}

/* ------------------------------------------------------------------ opens */

hearsay_link hsy_conn_dial(struct hearsay_node *node, const char *host,
                           uint16_t port, const struct hearsay_id *expect)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_DIAL};
    struct hsy_conn *conn = conn_new(node, node->last_link + 2);

    HSY_ASSERT(port > 0);
    if (conn == NULL) {
        return 0;
    }
    effect.dial.link = conn->link;
    effect.dial.host = hsy_effects_text(&node->fx, host);
    effect.dial.port = port;
    if (effect.dial.host == NULL || !hsy_effects_push(&node->fx, &effect)) {
        conn_free(node, conn);
        return 0;
    }
    node->last_link = conn->link;
    node->core.env.counters.dials++;
    conn->state = HSY_CONN_DIALLING;
    if (expect != NULL) {
        conn->expect = *expect;
        conn->has_expect = true;
    }
    hsy_conn_plan(node, conn,
                  hsy_time_add(node->core.env.now.mono_ns, HSY_DIAL_NS));
    return conn->link;
}

/* The half-open link that has said nothing for the longest time. */
static struct hsy_conn *stalest_half_open(const struct hearsay_node *node)
{
    struct hsy_conn *stalest = NULL;

    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (is_half_open(conn) && !conn->handshake->hello_seen &&
            (stalest == NULL || conn->link < stalest->link)) {
            stalest = conn; /* Numbers rise: the lowest is the oldest. */
        }
    }
    return stalest;
}

static void accept_conn(struct hearsay_node *node, hearsay_link link,
                        const struct hearsay_addr *from)
{
    struct hsy_counters *counters = &node->core.env.counters;

    counters->links_accepted++;
    if (node->half_open >= HSY_HALF_OPEN_MAX) {
        struct hsy_conn *stalest = stalest_half_open(node);
        counters->half_open_refused++;
        if (stalest == NULL) {
            push_hang_up(node, link);
            return;
        }
        hsy_conn_hang_up(node, stalest, 0, NULL);
    }
    struct hsy_conn *conn =
        node->core.self.signed_once ? conn_new(node, link) : NULL;
    if (conn == NULL) {
        push_hang_up(node, link);
        return;
    }
    conn->accepted = true;
    conn->from = *from;
    conn->state = HSY_CONN_HELLO;
    node->half_open++;
    HSY_ASSERT(node->half_open <= HSY_HALF_OPEN_MAX);
    hsy_conn_plan(node, conn,
                  hsy_time_add(node->core.env.now.mono_ns, HSY_HANDSHAKE_NS));
}

void hsy_conn_link_up(struct hearsay_node *node, hearsay_link link,
                      bool accepted, const struct hearsay_addr *from)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (accepted) {
        HSY_ASSERT(link % 2 == 1);
        HSY_ASSERT(conn == NULL);
        accept_conn(node, link, from);
        return;
    }
    if (conn == NULL || conn->state != HSY_CONN_DIALLING) {
        push_hang_up(node, link); /* Given up meanwhile. */
        return;
    }
    conn->from = *from;
    conn->state = HSY_CONN_HELLO;
    hsy_conn_plan(node, conn,
                  hsy_time_add(node->core.env.now.mono_ns, HSY_HANDSHAKE_NS));
    hsy_handshake_begin(node, conn);
}

/* ------------------------------------------------------------- bytes in */

static bool is_busy(const struct hsy_conn *conn)
{
    return conn->state == HSY_CONN_SIGNING || conn->state == HSY_CONN_CHECKING;
}

static void handle_frame(struct hearsay_node *node, struct hsy_conn *conn,
                         const uint8_t *data, size_t len)
{
    struct hsy_frame frame;
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
        if (conn == NULL || is_busy(conn) || node->end_text != NULL) {
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
    size_t max = stranger ? 2 * HSY_FRAME_MAX_BEFORE_AUTH
                          : (size_t)node->core.env.config.frame_max + IN_SLACK;
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
    if (conn->in_len == 0) {
        conn->deadline_ns = HEARSAY_NEVER;
    } else if (progress || conn->deadline_ns == HEARSAY_NEVER) {
        hsy_conn_plan(node, conn, hsy_time_add(now_ns, HSY_FRAME_NS));
    }
    /* It may have passed in this very step: the tick that ends it sees. */
    HSY_ASSERT(conn->in_len == 0 || conn->deadline_ns != HEARSAY_NEVER);
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
        push_hang_up(node, link);
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
    } else if (!is_busy(conn)) {
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

/* ------------------------------------------------------------ bytes out */

void hsy_conn_sent(struct hearsay_node *node, hearsay_link link, size_t len)
{
    struct hsy_conn *conn = hsy_conn_find(node, link);

    if (conn != NULL) {
        HSY_ASSERT(len <= conn->queued);
        conn->queued -= (uint32_t)len;
    }
}

void hsy_conn_send(struct hearsay_node *node, struct hsy_conn *conn,
                   struct hearsay_buf *buf)
{
    struct hearsay_effect effect = {.kind = HEARSAY_FX_SEND};
    struct hsy_counters *counters = &node->core.env.counters;

    if (conn->doomed || conn->gone) {
        return;
    }
    if (conn->queued + buf->len > node->core.env.config.queue_max) {
        counters->slow_closed++;
        hsy_conn_doom(node, conn, HEARSAY_DOWN_SLOW);
        return;
    }
    effect.send.link = conn->link;
    effect.send.buf = hsy_buf_ref(buf);
    if (!hsy_effects_push(&node->fx, &effect)) {
        hearsay_buf_unref(buf);
        node->nomem = true; /* A hole in the stream: it must end. */
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    conn->queued += buf->len;
    counters->frames_out++;
    counters->bytes_out += buf->len;
}

/* NULL: no memory. */
static struct hearsay_buf *encode(struct hearsay_node *node,
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
    struct hearsay_buf *buf = encode(node, frame);

    if (buf == NULL) {
        node->nomem = true;
        hsy_conn_doom(node, conn, HEARSAY_DOWN_RESET);
        return;
    }
    hsy_conn_send(node, conn, buf);
    hearsay_buf_unref(buf);
}

/* ----------------------------------------------------------------- ticks */

static void expire(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_counters *counters = &node->core.env.counters;

    if (conn->state == HSY_CONN_DIALLING) {
        push_hang_up(node, conn->link);
        conn_end(node, conn, HEARSAY_DOWN_TIMEOUT, 0);
    } else if (conn->state == HSY_CONN_UP) {
        counters->frames_late++;
        hsy_conn_refuse(node, conn, HSY_ERROR_LATE,
                        "a frame was begun and not finished in time");
    } else {
        counters->handshake_late++;
        push_hang_up(node, conn->link);
        conn_end(node, conn, HEARSAY_DOWN_TIMEOUT, 0);
    }
}

/* One conn whose time has come; NULL: none. */
static struct hsy_conn *find_expired(struct hearsay_node *node)
{
    uint64_t next_ns = HEARSAY_NEVER;

    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (!conn->gone && conn->deadline_ns <= node->core.env.now.mono_ns) {
            return conn;
        }
        next_ns = hsy_time_min(next_ns,
                               conn->gone ? HEARSAY_NEVER : conn->deadline_ns);
    }
    node->conns_next_ns = next_ns;
    return NULL;
}

/* One conn that must go now; NULL: none. */
static struct hsy_conn *find_doomed(struct hearsay_node *node)
{
    for (uint32_t i = 0; i < node->conns.count; i++) {
        struct hsy_conn *conn =
            ((struct hsy_conn_slot *)hsy_table_at(&node->conns, i))->conn;
        if (conn->doomed || (conn->gone && conn->jobs == 0)) {
            return conn;
        }
    }
    node->doom_pending = false;
    return NULL;
}

void hsy_conns_tick(struct hearsay_node *node)
{
    struct hsy_conn *conn;

    if (node->core.env.now.mono_ns >= node->conns_next_ns) {
        while ((conn = find_expired(node)) != NULL) {
            expire(node, conn);
        }
    }
    while (node->doom_pending && (conn = find_doomed(node)) != NULL) {
        if (!conn->gone) {
            push_hang_up(node, conn->link);
        }
        conn_end(node, conn, conn->why, 0);
    }
    HSY_ASSERT(!node->doom_pending);
}
