/* What stands between a link's stream bytes (frames) and its wire bytes (what
 * the socket carries): nothing for plain TCP, records for TLS. Nothing else
 * may assume that both are equally many. */
#ifndef HSY_RUNTIME_TRANSPORT_H
#define HSY_RUNTIME_TRANSPORT_H

#include "runtime/bytes.h"

/* Takes stream bytes as they come out, in runs; false: stop, the link ended. */
struct hsy_sink {
    bool (*take)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
};

struct hsy_transport {
    const struct hsy_transport_ops *ops;
};

/* All return 0 or HEARSAY_ERR_NOMEM / _FORGED / _MALFORMED, after which only
 * destroy() may follow. What a transport itself wants sent (a handshake, an
 * alert) it appends to @wire. */
struct hsy_transport_ops {
    const char *name;
    HEARSAY_MUST_USE int (*start)(struct hsy_transport *t,
                                  struct hsy_bytes *wire);
    /* May frames travel? Asked after start() and after each open(). */
    bool (*ready)(const struct hsy_transport *t);
    /* Stream bytes to wire bytes; all of @stream is taken. Only when ready. */
    HEARSAY_MUST_USE int (*seal)(struct hsy_transport *t,
                                 struct hsy_bytes *wire,
                                 struct hsy_bytes *stream);
    /* Wire bytes to stream bytes. */
    HEARSAY_MUST_USE int (*open)(struct hsy_transport *t,
                                 struct hsy_bytes *wire, struct hsy_slice in,
                                 struct hsy_sink out);
    /* Says that nothing will follow. */
    HEARSAY_MUST_USE int (*finish)(struct hsy_transport *t,
                                   struct hsy_bytes *wire);
    void (*destroy)(struct hsy_transport *t);
};

/* Gives *@out. @accepted: the other side opened the connection. */
typedef int (*hsy_transport_make)(void *ctx, struct hsy_transport **out,
                                  bool accepted);

/* Bytes as they are; @ctx is not used. */
HEARSAY_MUST_USE int hsy_plain_make(void *ctx, struct hsy_transport **out,
                                    bool accepted);

#endif
