/* The control API from the caller's side: HTTP over the node's Unix socket.
 * Nothing here knows the node's code; what comes back is JSON. */
#ifndef HSY_CLIENT_CLIENT_H
#define HSY_CLIENT_CLIENT_H

#include "client/sse.h"

#include <jansson.h>

struct hsy_client;

/* Why it failed, for people: what, where, and what to do. */
struct hsy_client_error {
    int err;           /* enum hearsay_err */
    long status;       /* HTTP; 0: no answer came. */
    uint64_t retry_ms; /* With status 429: when to try again. */
    char text[512];
};

/* Gives *@out, to be returned to hsy_client_destroy(). @socket_path is
 * copied. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_client_create(struct hsy_client **out,
                                       const char *socket_path);
void hsy_client_destroy(struct hsy_client *client); /* NULL is a no-op. */

/* The socket's path; lent. */
const char *hsy_client_path(const struct hsy_client *client);

/* Gives *@out (json_decref() it). Waits 2 s for a connection and 10 s in all.
 * HEARSAY_ERR_IO: no node answers. HEARSAY_ERR_STATE: it refused; see
 * @error->status. HEARSAY_ERR_MALFORMED: it answered nonsense. */
HEARSAY_MUST_USE int hsy_client_get(struct hsy_client *client, const char *path,
                                    json_t **out,
                                    struct hsy_client_error *error);

/* The same, but whatever comes is given in *@out (hsy_mem_free() it), @out_len
 * bytes. */
HEARSAY_MUST_USE int hsy_client_get_bytes(struct hsy_client *client,
                                          const char *path, char **out,
                                          size_t *out_len,
                                          struct hsy_client_error *error);

struct hsy_client_body {
    const void *data; /* Borrowed. */
    size_t len;
};

/* As above. HEARSAY_ERR_AGAIN: status 429, see @error->retry_ms.
 * HEARSAY_ERR_TOO_BIG: status 413. */
HEARSAY_MUST_USE int hsy_client_post(struct hsy_client *client,
                                     const char *path,
                                     struct hsy_client_body body, json_t **out,
                                     struct hsy_client_error *error);

/* Requests from now on may take so long, and not 10 s. */
void hsy_client_be_patient(struct hsy_client *client, uint64_t ms);

/* A request that takes its time, or asks. */
struct hsy_client_ask {
    const char *route;
    const char *to;      /* NULL: no argument of this name. */
    const char *topic;   /* The same. */
    uint64_t timeout_ms; /* 0: the same. */
};
/* Its path, escaped. HEARSAY_ERR_TOO_BIG: no room. */
HEARSAY_MUST_USE int hsy_client_ask_path(struct hsy_client *client,
                                         const struct hsy_client_ask *ask,
                                         char *out, size_t out_max);

struct hsy_client_stream {
    const char *path;
    uint64_t for_ms;                    /* 0: without end. */
    const struct hsy_client_body *body; /* POSTs it; NULL: GET. */
    /* False ends the stream in order. */
    bool (*on_event)(void *ctx, const struct hsy_sse_event *event);
    void *ctx;
};

/* Follows events until the time is over or on_event says stop; both are 0.
 * HEARSAY_ERR_IO: no node answers, it went away, or was silent for 45 s
 * (heartbeats come every 15). HEARSAY_ERR_STATE: it refused. */
HEARSAY_MUST_USE int hsy_client_follow(struct hsy_client *client,
                                       const struct hsy_client_stream *stream,
                                       struct hsy_client_error *error);

/* Whether a node answers at all, without a request. */
bool hsy_client_node_there(const char *socket_path);

#endif
