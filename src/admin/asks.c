/* A request that waits is suspended, so that it costs no turn of the loop; it
 * is resumed by what the node tells. The node bounds how many there are, and
 * how long each takes. */
#include "admin/asks.h"

#include "admin/state.h"
#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "base/time.h"
#include "node/view.h"
#include "runtime/clock.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK_LEN = 16 * 1024, TIMEOUT_MAX_MS = 60 * 1000 };

struct hsy_ask {
    struct hsy_ask *next;
    struct hsy_asks *asks;
    struct MHD_Connection *connection;
    uint64_t number; /* Of the message; the seq of the query. */
    enum ask_kind { ASK_SEND, ASK_QUERY, ASK_FIND } kind;
    bool suspended;
    bool over; /* Nothing more will be told. */
    enum hearsay_outcome outcome;
    struct hearsay_find_end end; /* Of a find. */
    struct hsy_json
        text;      /* Of a query: what is not read yet; of a find, all. */
    size_t at;     /* So much of it is. */
    uint64_t lost; /* Answers that found no room. */
};

static enum MHD_Result refuse_argument(struct hsy_http_request *r,
                                       const char *error, const char *hint)
{
    return hsy_http_refuse(
        r->connection,
        &(struct hsy_http_problem){
            .status = MHD_HTTP_BAD_REQUEST, .error = error, .hint = hint});
}

/* `timeout_ms`; 0: not given. */
static bool read_timeout(const struct hsy_http_request *r, uint64_t *out_ns)
{
    const char *text = hsy_http_argument(r, "timeout_ms");
    uint64_t ms = 0;
    if (text != NULL &&
        (hsy_uint_parse(&ms, text, TIMEOUT_MAX_MS) != 0 || ms == 0)) {
        return false;
    }
    *out_ns = ms * HSY_MS;
    return true;
}

static enum MHD_Result refuse_timeout(struct hsy_http_request *r)
{
    return refuse_argument(r, "`timeout_ms` is out of range",
                           "1 to 60000 milliseconds");
}

static struct hearsay_outgoing outgoing(const struct hsy_http_request *r)
{
    return (struct hearsay_outgoing){.topic = hsy_http_argument(r, "topic"),
                                     .payload = r->body != NULL ? r->body : "",
                                     .payload_len = r->body_len};
}

/* ------------------------------------------------------------------- waiting
 */

/* NULL: no memory, or too many of them. */
static struct hsy_ask *ask_new(struct hsy_http_request *r, enum ask_kind kind)
{
    bool full = r->admin->asks.count == HSY_ADMIN_ASKS_MAX;
    struct hsy_ask *ask =
        full ? NULL : hsy_mem_zalloc(hearsay_mem_default(), sizeof(*ask));
    if (ask != NULL) {
        ask->asks = &r->admin->asks;
        ask->connection = r->connection;
        ask->kind = kind;
        hsy_json_init(&ask->text, hearsay_mem_default(),
                      kind == ASK_FIND ? HSY_ADMIN_RESPONSE_MAX
                                       : HSY_ADMIN_ASK_LEN_MAX);
        ask->next = ask->asks->first;
        ask->asks->first = ask;
        ask->asks->count++;
    }
    return ask;
}

void hsy_asks_forget(struct hsy_ask *ask)
{
    struct hsy_ask **at = &ask->asks->first;
    while (*at != ask) {
        at = &(*at)->next;
    }
    *at = ask->next;
    HSY_ASSERT(ask->asks->count > 0);
    ask->asks->count--;
    hsy_json_fini(&ask->text);
    hsy_mem_free(hearsay_mem_default(), ask);
}

static void suspend(struct hsy_ask *ask)
{
    HSY_ASSERT(!ask->suspended);
    ask->suspended = true;
    MHD_suspend_connection(ask->connection);
}

static void resume(struct hsy_ask *ask)
{
    if (ask->suspended) {
        ask->suspended = false;
        MHD_resume_connection(ask->connection);
    }
}

void hsy_asks_end(struct hsy_asks *asks)
{
    asks->ending = true;
    for (struct hsy_ask *ask = asks->first; ask != NULL; ask = ask->next) {
        resume(ask);
    }
}

bool hsy_asks_any(const struct hsy_asks *asks)
{
    return asks->first != NULL;
}

static enum MHD_Result refuse_busy(struct hsy_http_request *r,
                                   const char *error)
{
    return hsy_http_refuse(r->connection,
                           &(struct hsy_http_problem){
                               .status = MHD_HTTP_TOO_MANY_REQUESTS,
                               .error = error,
                               .hint = "try again when one of them has ended",
                               .header = {"Retry-After", "1"},
                               .retry_ms = 200}); /* A few round trips. */
}

/* ask_new() has given none. */
static enum MHD_Result refuse_new(struct hsy_http_request *r)
{
    _Static_assert(HSY_ADMIN_ASKS_MAX == 8, "the text names it");
    if (r->admin->asks.count == HSY_ADMIN_ASKS_MAX) {
        return refuse_busy(r, "8 direct messages, queries and finds are under "
                              "way here, and no more may be");
    }
    return hsy_http_refuse(
        r->connection,
        &(struct hsy_http_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                   .error = "no memory for the request",
                                   .hint = "try again"});
}

/* What the node says of a direct message, a query or an answer. */
static enum MHD_Result refuse_ask(struct hsy_http_request *r, int err)
{
    _Static_assert(HEARSAY_DIRECT_MAX == 15360, "the texts name it");
    if (err == HEARSAY_ERR_TOO_BIG) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_CONTENT_TOO_LARGE,
                .error = "the message or its topic is too long",
                .hint = "to one node, as a query or an answer: 15360 bytes "
                        "and 64 bytes of topic at most"});
    }
    if (err == HEARSAY_ERR_AGAIN) {
        return refuse_busy(r, "too many direct messages (64) or queries (4) "
                              "are open, or the links are full");
    }
    return hsy_http_refuse_publish(r, err);
}

/* ----------------------------------------------------------- direct messages
 */

static enum MHD_Result answer_outcome(struct hsy_http_request *r)
{
    struct hsy_http_problem problem = {
        .status = MHD_HTTP_GATEWAY_TIMEOUT,
        .error = "no answer until the deadline",
        .hint = "the node is unreachable or slow, and may have got the message "
                "all the same; `hearsay peers` at a seed tells who is there"};
    if (!r->ask->over || r->ask->outcome == HEARSAY_OUTCOME_STOPPED) {
        problem.status = MHD_HTTP_SERVICE_UNAVAILABLE;
        problem.error = "this node stopped before the outcome was known";
        problem.hint = "the message may have arrived; ask the other node";
        return hsy_http_refuse(r->connection, &problem);
    }
    if (r->ask->outcome == HEARSAY_OUTCOME_NO_ANSWER) {
        return hsy_http_refuse(r->connection, &problem);
    }
    struct hearsay_id id = hearsay_node_id(hsy_http_node(r));
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    hsy_json_id(&json, "id", &id);
    hsy_json_u64(&json, "number", r->ask->number);
    hsy_json_string(&json, "outcome", "delivered");
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &json);
}

static enum MHD_Result begin_send(struct hsy_http_request *r)
{
    struct hearsay_outgoing out = outgoing(r);
    const char *to = hsy_http_argument(r, "to");
    if (hsy_id_parse(&out.to, to, strlen(to)) != 0) {
        return refuse_argument(r, "`to` is no id of a node",
                               "64 hex digits; `hearsay peers` lists them");
    }
    if (!read_timeout(r, &out.timeout_ns)) {
        return refuse_timeout(r);
    }
    r->ask = ask_new(r, ASK_SEND);
    if (r->ask == NULL) {
        return refuse_new(r);
    }
    int err = hearsay_runtime_send(r->admin->runtime, &out, &r->ask->number);
    if (err == HEARSAY_ERR_INVALID) {
        return refuse_argument(r, "`to` is this node itself",
                               "name another node");
    }
    if (err != 0) {
        return refuse_ask(r, err);
    }
    suspend(r->ask);
    return MHD_YES;
}

enum MHD_Result hsy_asks_send(struct hsy_http_request *request)
{
    return request->ask == NULL ? begin_send(request) : answer_outcome(request);
}

/* ------------------------------------------------------------------- queries
 */

static const char *name_of(const struct hearsay_node *node,
                           const struct hearsay_id *id,
                           char out[HEARSAY_NAME_MAX + 1])
{
    struct hsy_view_link link;
    struct hsy_view_peer peer;
    out[0] = '\0';
    for (uint32_t i = 0; hsy_view_link(node, i, &link); i++) {
        if (hsy_id_equal(&link.id, id)) {
            memcpy(out, link.name, sizeof(link.name));
            return out;
        }
    }
    for (uint32_t i = 0; hsy_view_peer(node, i, &peer); i++) {
        if (hsy_id_equal(&peer.id, id)) {
            memcpy(out, peer.name, sizeof(peer.name));
            return out;
        }
    }
    return out;
}

static void put_raw(struct hsy_json *json, const char *text)
{
    hsy_json_raw(json, text, strlen(text));
}

static void open_event(struct hsy_json *json, const char *event)
{
    put_raw(json, "event: ");
    put_raw(json, event);
    put_raw(json, "\ndata: ");
    json->comma = false;
    hsy_json_open(json, NULL, '{');
}

static void close_event(struct hsy_json *json)
{
    hsy_json_close(json, '}');
    put_raw(json, "\n\n");
}

/* The last events must fit in any case. */
enum { ROOM_FOR_END = 64 * 1024 };

static void add_answer(struct hsy_ask *ask, const struct hearsay_effect *told,
                       const struct hearsay_node *node)
{
    char name[HEARSAY_NAME_MAX + 1];
    size_t most = 6 * told->answer.payload_len + 1024;
    if (ask->text.len + most > HSY_ADMIN_ASK_LEN_MAX - ROOM_FOR_END) {
        ask->lost++;
        return;
    }
    open_event(&ask->text, "answer");
    hsy_json_id(&ask->text, "from", &told->answer.from);
    hsy_json_string(&ask->text, "name",
                    name_of(node, &told->answer.from, name));
    hsy_json_payload(&ask->text, told->answer.payload,
                     told->answer.payload_len);
    close_event(&ask->text);
}

static void add_end(struct hsy_ask *ask, const struct hearsay_summary *summary,
                    const struct hearsay_node *node)
{
    char name[HEARSAY_NAME_MAX + 1];
    struct hsy_json *json = &ask->text;
    if (ask->lost > 0) {
        open_event(json, "lost");
        hsy_json_u64(json, "count", ask->lost);
        close_event(json);
    }
    open_event(json, "done");
    hsy_json_u64(json, "seq", summary->seq);
    hsy_json_u64(json, "answered", summary->answered);
    hsy_json_u64(json, "expected", summary->expected);
    hsy_json_u64(json, "missing_count", summary->missing_count);
    hsy_json_bool(json, "counted_only", summary->counted_only);
    hsy_json_bool(json, "stopped", summary->stopped);
    hsy_json_open(json, "missing", '[');
    for (uint32_t i = 0; i < summary->missing_listed; i++) {
        hsy_json_open(json, NULL, '{');
        hsy_json_id(json, "id", &summary->missing[i]);
        hsy_json_string(json, "name",
                        name_of(node, &summary->missing[i], name));
        hsy_json_close(json, '}');
    }
    hsy_json_close(json, ']');
    close_event(json);
}

static ssize_t read_query(void *cls, uint64_t position, char *out, size_t max)
{
    (void)position;
    struct hsy_ask *ask = cls;
    size_t left = ask->text.len - ask->at;
    if (ask->text.bad) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (left > 0) {
        size_t take = left < max ? left : max;
        memcpy(out, ask->text.text + ask->at, take);
        ask->at += take;
        if (ask->at == ask->text.len) {
            hsy_json_fini(&ask->text);
            ask->at = 0;
        }
        return (ssize_t)take;
    }
    if (ask->over || ask->asks->ending) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    suspend(ask);
    return 0;
}

enum MHD_Result hsy_asks_query(struct hsy_http_request *r)
{
    struct hearsay_outgoing out = outgoing(r);
    if (!read_timeout(r, &out.timeout_ns)) {
        return refuse_timeout(r);
    }
    r->ask = ask_new(r, ASK_QUERY);
    if (r->ask == NULL) {
        return refuse_new(r);
    }
    int err = hearsay_runtime_query(r->admin->runtime, &out, &r->ask->number);
    if (err != 0) {
        return refuse_ask(r, err);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_LEN, read_query, r->ask, NULL);
    if (response == NULL) {
        return MHD_NO;
    }
    open_event(&r->ask->text, "asked");
    hsy_json_u64(&r->ask->text, "seq", r->ask->number);
    close_event(&r->ask->text);
    hsy_admin_start_beats(r->admin);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result result =
        MHD_queue_response(r->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* ------------------------------------------------------------------- answers
 */

static enum MHD_Result refuse_answer(struct hsy_http_request *r, int err)
{
    struct hsy_http_problem problem = {.error = hearsay_strerror(err)};
    if (err == HEARSAY_ERR_UNKNOWN) {
        problem.status = MHD_HTTP_NOT_FOUND;
        problem.hint = "`hearsay watch --queries` shows those that came";
    } else if (err == HEARSAY_ERR_LATE) {
        problem.status = MHD_HTTP_GONE;
        problem.hint = "who asked waits no more";
    } else if (err == HEARSAY_ERR_ANSWERED) {
        problem.status = MHD_HTTP_CONFLICT;
        problem.hint = "each node answers a query once; a node without "
                       "--answers does so by itself";
    } else {
        return refuse_ask(r, err);
    }
    return hsy_http_refuse(r->connection, &problem);
}

enum MHD_Result hsy_asks_answer(struct hsy_http_request *r)
{
    struct hsy_view_message query = {.epoch = 0};
    uint64_t number = 0;
    if (!hsy_http_message_name(r, &query)) {
        return refuse_argument(r, "this names no query",
                               "`origin`, `epoch` and `seq`, as the event "
                               "has them");
    }
    struct hearsay_answer answer = {.origin = query.origin,
                                    .epoch = query.epoch,
                                    .seq = query.seq,
                                    .payload = r->body != NULL ? r->body : "",
                                    .payload_len = r->body_len};
    int err = hearsay_runtime_answer(r->admin->runtime, &answer, &number);
    if (err != 0) {
        return refuse_answer(r, err);
    }
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), HSY_ADMIN_RESPONSE_MAX);
    hsy_json_open(&json, NULL, '{');
    hsy_json_u64(&json, "number", number);
    hsy_json_close(&json, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_ACCEPTED, &json);
}

/* --------------------------------------------------------------------- finds
 */

static void add_found(struct hsy_ask *ask, const struct hearsay_found *found)
{
    static const char *const states[] = {"alive", "dead", "left"};
    struct hsy_json *json = &ask->text;
    HSY_ASSERT((size_t)found->state < sizeof(states) / sizeof(states[0]));
    hsy_json_open(json, NULL, '{');
    hsy_json_id(json, "id", &found->id);
    hsy_json_string(json, "name", found->name);
    hsy_json_string(json, "role",
                    found->role == HEARSAY_SEED ? "seed" : "peer");
    hsy_json_open(json, "addresses", '[');
    for (uint32_t i = 0; i < found->addrs_count; i++) {
        hsy_json_addr(json, NULL, &found->addrs[i]);
    }
    hsy_json_close(json, ']');
    hsy_json_u64(json, "incarnation", found->incarnation);
    hsy_json_string(json, "state", states[found->state]);
    hsy_json_close(json, '}');
}

static enum MHD_Result refuse_short(struct hsy_http_request *r)
{
    const struct hearsay_find_end *end = &r->ask->end;
    char error[128];
    (void)snprintf(error, sizeof(error),
                   "%u of %u seeds answered in time, and %u are needed",
                   end->answered, end->seeds, end->quorum);
    return hsy_http_refuse(
        r->connection,
        &(struct hsy_http_problem){
            .status = MHD_HTTP_GATEWAY_TIMEOUT,
            .error = error,
            .hint = "see that the seeds run (`hearsay status` there), or ask "
                    "one of them alone: `hearsay peers` at it"});
}

static enum MHD_Result answer_find(struct hsy_http_request *r)
{
    struct hsy_ask *ask = r->ask;
    if (!ask->over || ask->end.stopped) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                       .error = "this node stopped before the "
                                                "seeds had answered",
                                       .hint = "ask another one"});
    }
    if (!ask->end.whole) {
        return refuse_short(r);
    }
    hsy_json_close(&ask->text, ']');
    hsy_json_u64(&ask->text, "answered", ask->end.answered);
    hsy_json_u64(&ask->text, "quorum", ask->end.quorum);
    hsy_json_u64(&ask->text, "seeds", ask->end.seeds);
    hsy_json_close(&ask->text, '}');
    return hsy_http_answer(r->connection, MHD_HTTP_OK, &ask->text);
}

static bool is_at_seed(const struct hsy_http_request *r)
{
    struct hsy_view_status status;
    hsy_view_status(hsy_http_node(r), hsy_clock_mono_ns(), &status);
    return status.role == HEARSAY_SEED;
}

static enum MHD_Result begin_find(struct hsy_http_request *r)
{
    const char *text = hsy_http_argument(r, "id");
    struct hearsay_id id;
    uint64_t timeout_ns = 0;
    if (text != NULL && hsy_id_parse(&id, text, strlen(text)) != 0) {
        return refuse_argument(r, "`id` is no id of a node", "64 hex digits");
    }
    if (!read_timeout(r, &timeout_ns)) {
        return refuse_timeout(r);
    }
    r->ask = ask_new(r, ASK_FIND);
    if (r->ask == NULL) {
        return refuse_new(r);
    }
    int err = hearsay_runtime_find(r->admin->runtime, text != NULL ? &id : NULL,
                                   timeout_ns, &r->ask->number);
    if (err == HEARSAY_ERR_AGAIN) {
        return refuse_busy(r, "another find is under way here");
    }
    if (err == HEARSAY_ERR_STATE && is_at_seed(r)) {
        return hsy_http_refuse(
            r->connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_CONFLICT,
                .error =
                    "this node is a seed, and peers ask a majority of them",
                .hint = "find at a peer; `hearsay peers` here tells what this "
                        "seed knows"});
    }
    if (err != 0) {
        return refuse_ask(r, err);
    }
    hsy_json_open(&r->ask->text, NULL, '{');
    hsy_json_open(&r->ask->text, "nodes", '[');
    suspend(r->ask);
    return MHD_YES;
}

enum MHD_Result hsy_asks_find(struct hsy_http_request *request)
{
    return request->ask == NULL ? begin_find(request) : answer_find(request);
}

/* -------------------------------------------------------------- what is told
 */

/* Which number of which kind @told is about. */
static uint64_t number_of(const struct hearsay_effect *told,
                          enum ask_kind *out_kind)
{
    if (told->kind == HEARSAY_FX_RECEIPT) {
        *out_kind = ASK_SEND;
        return told->receipt.number;
    }
    if (told->kind == HEARSAY_FX_FOUND) {
        *out_kind = ASK_FIND;
        return told->found->number;
    }
    if (told->kind == HEARSAY_FX_FIND_DONE) {
        *out_kind = ASK_FIND;
        return told->find_done.number;
    }
    *out_kind = ASK_QUERY;
    return told->kind == HEARSAY_FX_ANSWER ? told->answer.seq
                                           : told->summary->seq;
}

static bool is_for(const struct hsy_ask *ask, const struct hearsay_effect *told)
{
    enum ask_kind kind;
    uint64_t number = number_of(told, &kind);
    return ask->kind == kind && ask->number == number && !ask->over;
}

bool hsy_asks_told(struct hsy_asks *asks, const struct hearsay_effect *told,
                   const struct hearsay_node *node)
{
    struct hsy_ask *ask = asks->first;
    while (ask != NULL && !is_for(ask, told)) {
        ask = ask->next;
    }
    if (ask == NULL) {
        return false; /* Its client is gone. */
    }
    if (told->kind == HEARSAY_FX_RECEIPT) {
        ask->outcome = told->receipt.outcome;
        ask->over = true;
    } else if (told->kind == HEARSAY_FX_ANSWER) {
        add_answer(ask, told, node);
    } else if (told->kind == HEARSAY_FX_FOUND) {
        add_found(ask, told->found);
        return true; /* All at once, at the end. */
    } else if (told->kind == HEARSAY_FX_FIND_DONE) {
        ask->end = told->find_done;
        ask->over = true;
    } else {
        add_end(ask, told->summary, node);
        ask->over = true;
    }
    resume(ask);
    return true;
}

void hsy_asks_beat(struct hsy_asks *asks)
{
    for (struct hsy_ask *ask = asks->first; ask != NULL; ask = ask->next) {
        if (ask->kind == ASK_QUERY && ask->text.len == 0) {
            put_raw(&ask->text, ":\n\n");
            resume(ask);
        }
    }
}
