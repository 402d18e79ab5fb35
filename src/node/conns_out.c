/* Frames that go out: encoded once, counted against the bound of each queue. */
#include "node/inner.h"

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
    hsy_conn_send(node, conn, buf);
    hearsay_buf_unref(buf);
}
