/* Requests whose answer takes time: direct messages and finds, answered when
 * their outcome is known, and queries, which stream what comes in. */
#ifndef HSY_ADMIN_ASKS_H
#define HSY_ADMIN_ASKS_H

#include "admin/http.h"

struct hsy_ask;

struct hsy_asks {
    struct hsy_ask *first; /* Owned list. */
    uint32_t count;        /* HSY_ADMIN_ASKS_MAX at most. */
    bool ending;
};

/* POST /v1/messages with `to`. */
enum MHD_Result hsy_asks_send(struct hsy_http_request *request);
/* POST /v1/queries. */
enum MHD_Result hsy_asks_query(struct hsy_http_request *request);
/* GET /v1/find: what a quorum of the seeds knows. */
enum MHD_Result hsy_asks_find(struct hsy_http_request *request);
/* POST /v1/answers. */
enum MHD_Result hsy_asks_answer(struct hsy_http_request *request);
/* The request of @ask is over. */
void hsy_asks_forget(struct hsy_ask *ask);
/* RECEIPT, ANSWER, QUERY_DONE, FOUND or FIND_DONE. True: somebody waits for it,
 * and goes on. */
bool hsy_asks_told(struct hsy_asks *asks, const struct hearsay_effect *told,
                   const struct hearsay_node *node);
/* Every 15 s: so that a client sees that the node is there. */
void hsy_asks_beat(struct hsy_asks *asks);
/* Lets all go on, to their end. */
void hsy_asks_end(struct hsy_asks *asks);
bool hsy_asks_any(const struct hsy_asks *asks);

#endif
