/* Server-sent events out of a byte stream that may be cut anywhere. */
#ifndef HSY_CLIENT_SSE_H
#define HSY_CLIENT_SSE_H

#include "hearsay.h"

enum { HSY_SSE_LINE_MAX = 256 * 1024, HSY_SSE_NAME_MAX = 31 };

/* One event. All is lent for the call. */
struct hsy_sse_event {
    const char *id;   /* Of this event, or the last one that had any. */
    const char *name; /* "message" when the stream names none. */
    const char *data; /* Ends with a NUL; lines joined by newlines. */
    size_t data_len;
};

struct hsy_sse {
    struct hearsay_mem mem;
    /* False: stop, nothing more is wanted. */
    bool (*on_event)(void *ctx, const struct hsy_sse_event *event);
    void *ctx;
    struct hsy_sse_text {
        char *text; /* Owned. */
        size_t len, room;
    } line, data;
    char id[HSY_SSE_NAME_MAX + 1];
    char name[HSY_SSE_NAME_MAX + 1];
    bool has_data, after_cr;
};

void hsy_sse_init(struct hsy_sse *sse, const struct hearsay_mem *mem,
                  bool (*on_event)(void *ctx,
                                   const struct hsy_sse_event *event),
                  void *ctx);
void hsy_sse_fini(struct hsy_sse *sse);

/* HEARSAY_ERR_STATE: on_event said stop. HEARSAY_ERR_TOO_BIG: a line or an
 * event over HSY_SSE_LINE_MAX. HEARSAY_ERR_NOMEM. After an error, feed no
 * more. */
HEARSAY_MUST_USE int hsy_sse_feed(struct hsy_sse *sse, const char *bytes,
                                  size_t len);

#endif
