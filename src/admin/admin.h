/* The node's side of the control API: HTTP on a Unix socket, and on loopback
 * TCP when asked for, in the node's own loop and thread. Routes: docs/api.md.
 */
#ifndef HSY_ADMIN_ADMIN_H
#define HSY_ADMIN_ADMIN_H

#include "hearsay/runtime.h"

struct uv_loop_s;
struct hsy_admin;

enum {
    /* Of both listeners; of the connections of one, these leave eight, so that
     * `status` finds room. */
    HSY_ADMIN_SUBSCRIBERS_MAX = 64,
    HSY_ADMIN_ASKS_MAX = 8, /* Direct messages, queries, finds; 60 s each. */
    HSY_ADMIN_CONNECTIONS_MAX = 80, /* Per listener; others are refused. */
    /* Text of a query's answers that its client has not read yet. What finds
     * no room is counted and told. */
    HSY_ADMIN_ASK_LEN_MAX = 4 * 1024 * 1024,
    HSY_ADMIN_CONNECTION_LEN = 16 * 1024, /* libmicrohttpd's memory for one. */
    /* A longer body closes the line. */
    HSY_ADMIN_BODY_MAX = HEARSAY_PAYLOAD_MAX + 1024 * 1024,
    HSY_ADMIN_BODIES_MAX = 64 * 1024 * 1024, /* All of them together. */
    /* Contents that are being downloaded: the node may have dropped them. */
    HSY_ADMIN_PINNED_MAX = 64 * 1024 * 1024,
    /* Answers of /v1/topology that are being read. 10,000 peers with 100,000
     * links are 4 MiB of text. */
    HSY_ADMIN_DRAWINGS_MAX = 2,
    HSY_ADMIN_IDLE_S = 30,
    HSY_ADMIN_EVENTS_MAX = 1024,           /* Remembered for all subscribers. */
    HSY_ADMIN_EVENTS_LEN_MAX = 256 * 1024, /* Their bytes. */
    HSY_ADMIN_RESPONSE_MAX = 64 * 1024 * 1024
};

struct hsy_admin_config {
    struct uv_loop_s *loop;
    struct hearsay_runtime *runtime; /* Outlives the admin. */
    const char *socket_path;         /* <= 107 bytes; replaced when stale. */
    const struct hearsay_addr *http; /* NULL: no TCP. Borrowed. */
};

/* Binds and listens. Gives *@out, to be ended with hsy_admin_close().
 * HEARSAY_ERR_IO: *@error says which socket, why, and what to do.
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_admin_open(struct hsy_admin **out,
                                    const struct hsy_admin_config *config,
                                    struct hearsay_runtime_error *error);

/* Hangs up on everybody and removes the socket. NULL is a no-op. Not from
 * inside a request. */
void hsy_admin_close(struct hsy_admin *admin);

/* What subscribers of /v1/events get. Cheap when there are none. */
void hsy_admin_message(struct hsy_admin *admin,
                       const struct hearsay_message *message);
void hsy_admin_note(struct hsy_admin *admin, const struct hearsay_note *note,
                    uint64_t wall_ms);

/* RECEIPT, ANSWER, QUERY_DONE: for the requests that wait for them. MEMBER: for
 * the subscribers. */
void hsy_admin_told(struct hsy_admin *admin, const struct hearsay_effect *told);

/* The TCP address that is really bound; false: none. */
bool hsy_admin_bound(const struct hsy_admin *admin, struct hearsay_addr *out);

#endif
