/* An adversary has the keys of its own nodes and their links, so it can sign
 * and say whatever it likes in their name. */
#include "base/assert.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "sim/net_inner.h"

#include <string.h>

static struct hsy_end *end_to(const struct hsy_cluster *c, uint32_t from,
                              uint32_t to)
{
    struct hsy_end *e = c->hosts[from].ends;
    while (e != NULL && (!e->open || !e->up || e->out.ended ||
                         hsy_other_end(e)->node != to)) {
        e = e->next;
    }
    return e;
}

bool hsy_cluster_say(struct hsy_cluster *c, uint32_t from, uint32_t to,
                     const uint8_t *bytes, size_t len)
{
    HSY_ASSERT(from < c->count && to < c->count);
    HSY_ASSERT(len > 0 && len <= UINT32_MAX);
    struct hsy_end *end = c->hosts[from].state == HSY_PROCESS_RUNNING
                              ? end_to(c, from, to)
                              : NULL;
    struct hearsay_buf *buf =
        end == NULL ? NULL : hsy_mem_alloc(&c->mem, sizeof(*buf) + len);
    struct hsy_segment *s =
        buf == NULL ? NULL : hsy_segment_new(c, HSY_SEGMENT_BYTES);
    if (s == NULL) {
        hsy_mem_free(&c->mem, buf);
        return false;
    }
    *buf = (struct hearsay_buf){.refs = 1,
                                .len = (uint32_t)len,
                                .data = (uint8_t *)(buf + 1),
                                .mem = c->mem};
    memcpy(buf->data, bytes, len);
    s->buf = buf;
    s->forged = true;
    hsy_segments_append(&end->out.waiting, s);
    hsy_pipe_pump(c, end);
    return true;
}

void hsy_cluster_sign(const struct hsy_cluster *c, uint32_t node,
                      const uint8_t *bytes, size_t len, uint8_t *out_sig)
{
    uint8_t secret[HEARSAY_SECRET_LEN];
    HSY_ASSERT(node < c->count);
    hsy_cluster_secret(c, node, secret);
    c->config.crypto->sign(out_sig, secret, &c->ids[node], bytes, len);
}
