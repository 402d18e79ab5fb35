/* Requests and answers, between libmicrohttpd and the routes. */
#ifndef HSY_ADMIN_HTTP_H
#define HSY_ADMIN_HTTP_H

#include "admin/json_out.h"

#include <microhttpd.h>

struct hsy_admin;
struct hsy_ask;
struct hsy_http_route;
struct hsy_view_message;

struct hsy_http_request {
    struct hsy_admin *admin;
    struct MHD_Connection *connection;
    const struct hsy_http_route *route; /* NULL: answered at once. */
    char *body;          /* Owned; NULL: none. HEARSAY_PAYLOAD_MAX at most. */
    size_t body_room;    /* Of it; */
    size_t body_len;     /* what is stored; */
    uint64_t body_seen;  /* and what came. */
    bool crowded;        /* All bodies together take too much. */
    struct hsy_ask *ask; /* Owned; NULL: it does not wait; asks.h. */
    bool draws;          /* It counts in admin->drawings. */
    struct hearsay_buf *content; /* Owned; what is downloaded; NULL: nothing. */
    struct hsy_http_request *next_reader; /* With content: in admin->readers. */
};

struct hsy_http_route {
    const char *method, *path;
    /* Queues the answer. */
    enum MHD_Result (*answer)(struct hsy_http_request *request);
};

/* The table; its last row has a NULL path. */
extern const struct hsy_http_route hsy_http_routes[];

/* An answer's extra header; NULL name: none. */
struct hsy_http_header {
    const char *name, *value;
};

/* What was wrong, for people. */
struct hsy_http_problem {
    unsigned status;
    const char *error; /* What. */
    const char *hint;  /* What to do. */
    struct hsy_http_header header;
    uint64_t retry_ms; /* 0: trying again is no use. */
};

/* Takes what @json holds, also when it is bad (then answers 503). */
enum MHD_Result hsy_http_answer(struct MHD_Connection *connection,
                                unsigned status, struct hsy_json *json);
enum MHD_Result hsy_http_refuse(struct MHD_Connection *connection,
                                const struct hsy_http_problem *problem);

/* What routes read of a request. */
const struct hearsay_node *hsy_http_node(const struct hsy_http_request *r);
/* NULL: there is no such argument. */
const char *hsy_http_argument(const struct hsy_http_request *r,
                              const char *name);
/* `origin`, `epoch` and `seq`. False: one is missing or malformed. */
bool hsy_http_message_name(const struct hsy_http_request *r,
                           struct hsy_view_message *out);

/* Holds @content until the request is over; takes it when it does. False: too
 * much is held already. */
bool hsy_http_pin(struct hsy_http_request *r, struct hearsay_buf *content);

/* Why the node did not take a message. */
enum MHD_Result hsy_http_refuse_publish(struct hsy_http_request *request,
                                        int err);

/* libmicrohttpd's handler; its cls is the listener's struct hsy_admin. */
enum MHD_Result hsy_http_handle(void *cls, struct MHD_Connection *connection,
                                const char *url, const char *method,
                                const char *version, const char *data,
                                size_t *data_len, void **request);
/* The same for TCP, where browsers are: other sites' pages are refused. */
enum MHD_Result hsy_http_handle_tcp(void *cls,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *data_len, void **request);
/* Frees the request when it is over. */
void hsy_http_done(void *cls, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode why);

#endif
