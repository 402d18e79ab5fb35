/* Plain TCP: stream bytes are wire bytes. One object without state serves all
 * links. */
#include <stddef.h>

#include "base/assert.h"
#include "runtime/transport.h"

static int plain_start(struct hsy_transport *t, struct hsy_bytes *wire)
{
    (void)t;
    (void)wire;
    return 0;
}

static bool plain_ready(const struct hsy_transport *t)
{
    (void)t;
    return true;
}

static int plain_seal(struct hsy_transport *t, struct hsy_bytes *wire,
                      struct hsy_bytes *stream)
{
    (void)t;
    return hsy_bytes_move(wire, stream);
}

static int plain_open(struct hsy_transport *t, struct hsy_bytes *wire,
                      struct hsy_slice in, struct hsy_sink out)
{
    (void)t;
    (void)wire;
    (void)out.take(out.ctx, in.data, in.len);
    return 0;
}

static void plain_destroy(struct hsy_transport *t)
{
    (void)t;
}

static const struct hsy_transport_ops plain_ops = {
    .name = "plain",
    .start = plain_start,
    .ready = plain_ready,
    .seal = plain_seal,
    .open = plain_open,
    .finish = plain_start,
    .destroy = plain_destroy,
};

int hsy_plain_make(void *ctx, struct hsy_transport **out, bool accepted)
{
    static struct hsy_transport plain = {.ops = &plain_ops};

    HSY_ASSERT(out != NULL);
    (void)ctx;
    (void)accepted;
    *out = &plain;
    return 0;
}
