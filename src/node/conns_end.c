/* How links end: in order, refused, doomed, or gone at the other end. The core
 * hears of each end once, after the conn is gone. */
#include <string.h>

#include "node/inner.h"

/* What the core must know of a conn that is no more. */
struct ending {
    hearsay_link link;
    bool up, dialled;
    bool known; /* Who would have been at the other end. */
    struct hearsay_id id;
};

static struct ending ending_of(const struct hsy_conn *conn)
{
    struct ending e = {.link = conn->link,
                       .up = conn->state == HSY_CONN_UP,
                       .dialled = !conn->accepted};

    HSY_ASSERT(e.up == (conn->handshake == NULL));
    e.known = !e.up && conn->handshake->hello_seen;
    if (e.known) {
        e.id = conn->handshake->record.id;
    }
    return e;
}

/* Tells the core that the link, or the try to open it, is over. */
static void tell_end(struct hearsay_node *node, const struct ending *e,
                     enum hearsay_down why, unsigned code)
{
    HSY_ASSERT(hsy_conn_find(node, e->link) == NULL);
    if (e->up) {
        hsy_core_link_down(&node->core, e->link, why);
    } else if (e->dialled) {
        hsy_core_dial_failed(&node->core, e->link, why, code,
                             e->known ? &e->id : NULL);
    }
}

void hsy_conn_end(struct hearsay_node *node, struct hsy_conn *conn,
                  enum hearsay_down why, unsigned code)
{
    struct ending e = ending_of(conn);

    hsy_conn_free(node, conn);
    tell_end(node, &e, why, code);
}

void hsy_conn_push_hang_up(struct hearsay_node *node, hearsay_link link)
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
        hsy_conn_last_words(node, conn);
        hsy_conn_push_hang_up(node, conn->link);
    }
    hsy_conn_free(node, conn);
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
    struct ending e = ending_of(conn);

    count_refusal(&node->core.env.counters, code);
    hsy_note_addr(&note, "addr", &conn->from);
    hsy_note_u64(&note, "code", code);
    hsy_note_text(&note, "text", text);
    hsy_tell(&node->core.env, &note);
    hsy_conn_hang_up(node, conn, code, text);
    tell_end(node, &e, HEARSAY_DOWN_CLOSED, code);
}

void hsy_conn_doom(struct hearsay_node *node, struct hsy_conn *conn,
                   enum hearsay_down why)
{
    conn->doomed = true;
    conn->why = why;
    node->doom_pending = true;
}

void hsy_conn_doom_slow(struct hearsay_node *node, struct hsy_conn *conn)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "slow-closed");

    node->core.env.counters.slow_closed++;
    if (conn->given > 0 &&
        hsy_time_since(conn->taken_ns, node->core.env.now.mono_ns) <
            HSY_SLOW_NS) {
        hsy_core_heard(&node->core, conn->link); /* Who takes is there. */
    }
    hsy_note_u64(&note, "link", conn->link);
    hsy_note_u64(&note, "queue_bytes", hsy_conn_queued(conn));
    hsy_tell(&node->core.env, &note);
    hsy_conn_doom(node, conn, HEARSAY_DOWN_SLOW);
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
    if (conn->unread) {
        conn->gone = true;
        hsy_conn_hear_out(node, conn);
        conn = hsy_conn_find(node, link);
    }
    if (conn == NULL) {
        return; /* What it still had to say was no good. */
    }
    if (conn->state == HSY_CONN_UP && conn->jobs > 0) {
        /* What it said before it went is still being verified. */
        conn->gone = true;
        conn->why = why;
        return;
    }
    unsigned code = conn->state == HSY_CONN_UP ? 0 : unread_error(conn);
    hsy_conn_end(node, conn, why, code);
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
    node->busy_count -= conn->jobs == 0 ? 1 : 0;
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
