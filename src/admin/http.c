/* One request: its route is found when the headers are there, its body is
 * collected up to what a message may hold, its answer is queued at the end.
 * Errors that need no body are answered at once. All memory of a request is
 * bounded by HEARSAY_PAYLOAD_MAX and its answer.
 *
 * On TCP any page in a browser of this machine can send requests. It cannot
 * choose the Host header (DNS rebinding changes what a name means, not what
 * the browser sends) nor leave out Origin when it writes; so both must be
 * local. */
#include "admin/http.h"

#include "admin/admin.h"
#include "admin/asks.h"
#include "admin/state.h"
#include "base/addr.h"
#include "base/assert.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "node/view.h"

#include <string.h>

enum { PROBLEM_LEN_MAX = 4096 };

/* --------------------------------------------------------------- answers */

enum { BODY_FIRST = 16 * 1024 };

static void free_text(void *text)
{
    hsy_mem_free(hearsay_mem_default(), text);
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response,
                             struct hsy_http_header header)
{
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (header.name != NULL) {
        MHD_add_response_header(response, header.name, header.value);
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result no_memory(struct MHD_Connection *connection)
{
    static char text[] =
        "{\"error\":\"no memory for the answer\",\"hint\":\"try again\"}\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
    return response == NULL ? MHD_NO
                            : queue(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                                    response, (struct hsy_http_header){0});
}

static enum MHD_Result answer_with(struct MHD_Connection *connection,
                                   unsigned status, struct hsy_json *json,
                                   struct hsy_http_header header)
{
    hsy_json_raw(json, "\n", 1);
    size_t len = 0;
    char *text = hsy_json_take(json, &len);
    if (text == NULL) {
        return no_memory(connection);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(len, text,
                                                           free_text);
    if (response == NULL) {
        free_text(text);
        return no_memory(connection);
    }
    return queue(connection, status, response, header);
}

enum MHD_Result hsy_http_answer(struct MHD_Connection *connection,
                                unsigned status, struct hsy_json *json)
{
    return answer_with(connection, status, json, (struct hsy_http_header){0});
}

enum MHD_Result hsy_http_refuse(struct MHD_Connection *connection,
                                const struct hsy_http_problem *problem)
{
    struct hsy_json json;
    hsy_json_init(&json, hearsay_mem_default(), PROBLEM_LEN_MAX);
    hsy_json_open(&json, NULL, '{');
    hsy_json_string(&json, "error", problem->error);
    hsy_json_string(&json, "hint", problem->hint);
    if (problem->retry_ms > 0) { /* Retry-After knows seconds only. */
        hsy_json_u64(&json, "retry_ms", problem->retry_ms);
    }
    hsy_json_close(&json, '}');
    return answer_with(connection, problem->status, &json, problem->header);
}

/* --------------------------------------------------------------- requests */

const struct hearsay_node *hsy_http_node(const struct hsy_http_request *r)
{
    return hearsay_runtime_node(r->admin->runtime);
}

const char *hsy_http_argument(const struct hsy_http_request *r,
                              const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}

static bool read_number(const struct hsy_http_request *r, const char *name,
                        uint64_t *out)
{
    const char *text = hsy_http_argument(r, name);
    return text != NULL && hsy_uint_parse(out, text, UINT64_MAX) == 0;
}

bool hsy_http_message_name(const struct hsy_http_request *r,
                           struct hsy_view_message *out)
{
    const char *origin = hsy_http_argument(r, "origin");
    return origin != NULL &&
           hsy_id_parse(&out->origin, origin, strlen(origin)) == 0 &&
           read_number(r, "epoch", &out->epoch) &&
           read_number(r, "seq", &out->seq);
}

/* ---------------------------------------------------------------- routing */

/* "GET, POST" of what @path has. */
static void list_methods(const char *path, char *out, size_t out_max)
{
    size_t len = 0;
    for (const struct hsy_http_route *r = hsy_http_routes; r->path != NULL;
         r++) {
        size_t method_len = strlen(r->method);
        if (strcmp(r->path, path) != 0 || len + method_len + 3 > out_max) {
            continue;
        }
        memcpy(out + len, len == 0 ? "" : ", ", len == 0 ? 0 : 2);
        len += len == 0 ? 0 : 2;
        memcpy(out + len, r->method, method_len);
        len += method_len;
    }
    out[len] = '\0';
}

static const struct hsy_http_route *find_route(const char *method,
                                               const char *path)
{
    /* libmicrohttpd leaves out the body of an answer to HEAD by itself. */
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct hsy_http_route *r = hsy_http_routes; r->path != NULL;
         r++) {
        if (strcmp(r->path, path) == 0 && strcmp(r->method, wanted) == 0) {
            return r;
        }
    }
    return NULL;
}

static enum MHD_Result refuse_route(struct MHD_Connection *connection,
                                    const char *url)
{
    char methods[32];
    list_methods(url, methods, sizeof(methods));
    if (methods[0] != '\0') {
        return hsy_http_refuse(connection,
                               &(struct hsy_http_problem){
                                   .status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                   .error = "this method is not for this route",
                                   .hint = "see the Allow header",
                                   .header = {"Allow", methods}});
    }
    return hsy_http_refuse(
        connection,
        &(struct hsy_http_problem){
            .status = MHD_HTTP_NOT_FOUND,
            .error = "there is no such route",
            .hint = "routes: /v1/status /v1/peers /v1/links /v1/events "
                    "/v1/content /v1/find /v1/messages /v1/queries /v1/answers "
                    "/v1/leave"});
}

/* A Content-Length over the limit is refused before a byte of it is read. */
static bool is_too_long(struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                   "Content-Length");
    uint64_t len = 0;
    return text != NULL && hsy_uint_parse(&len, text, HSY_ADMIN_BODY_MAX) != 0;
}

static enum MHD_Result refuse_long(struct MHD_Connection *connection)
{
    return hsy_http_refuse(
        connection, &(struct hsy_http_problem){
                        .status = MHD_HTTP_CONTENT_TOO_LARGE,
                        .error = "the body is longer than a message may be",
                        .hint = "16 MiB (16777216 bytes) at most; split it"});
}

static enum MHD_Result refuse_crowded(struct MHD_Connection *connection)
{
    return hsy_http_refuse(
        connection, &(struct hsy_http_problem){
                        .status = MHD_HTTP_TOO_MANY_REQUESTS,
                        .error = "too many large messages are being handed in",
                        .hint = "try again a little later",
                        .header = {"Retry-After", "1"},
                        .retry_ms = 100});
}

static enum MHD_Result begin(struct hsy_admin *admin,
                             struct MHD_Connection *connection, const char *url,
                             const char *method, void **out)
{
    const struct hsy_http_route *route = find_route(method, url);
    if (route == NULL) {
        return refuse_route(connection, url);
    }
    if (is_too_long(connection)) {
        return refuse_long(connection);
    }
    struct hsy_http_request *request =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*request));
    if (request == NULL) {
        return no_memory(connection);
    }
    request->admin = admin;
    request->connection = connection;
    request->route = route;
    *out = request;
    return MHD_YES;
}

/* Room for @len bytes, doubling. False: no memory, or all bodies together
 * would take more than they may. */
static bool body_room(struct hsy_http_request *request, size_t len)
{
    size_t room = request->body_room == 0 ? BODY_FIRST : request->body_room;
    while (room < len) {
        room *= 2;
    }
    size_t more = room - request->body_room;
    if (more == 0) {
        return true;
    }
    if (more > HSY_ADMIN_BODIES_MAX - request->admin->bodies_len) {
        return false;
    }
    char *body = hsy_mem_alloc(hearsay_mem_default(), room);
    if (body == NULL) {
        return false;
    }
    if (request->body_len > 0) {
        memcpy(body, request->body, request->body_len);
    }
    hsy_mem_free(hearsay_mem_default(), request->body);
    request->body = body;
    request->body_room = room;
    request->admin->bodies_len += more;
    return true;
}

/* Stores what fits and counts the rest. MHD_NO: far too much; hang up. */
static enum MHD_Result collect(struct hsy_http_request *request,
                               const char *data, size_t *data_len)
{
    size_t len = *data_len;
    *data_len = 0;
    request->body_seen += len;
    if (request->body_seen > HSY_ADMIN_BODY_MAX) {
        return MHD_NO;
    }
    size_t left = HEARSAY_PAYLOAD_MAX - request->body_len;
    size_t take = len < left ? len : left;
    if (request->crowded || !body_room(request, request->body_len + take)) {
        request->crowded = true;
        return MHD_YES;
    }
    memcpy(request->body + request->body_len, data, take);
    request->body_len += take;
    return MHD_YES;
}

enum MHD_Result hsy_http_handle(void *cls, struct MHD_Connection *connection,
                                const char *url, const char *method,
                                const char *version, const char *data,
                                size_t *data_len, void **request)
{
    (void)version;
    if (*request == NULL) {
        return begin(cls, connection, url, method, request);
    }
    struct hsy_http_request *r = *request;
    if (*data_len > 0) {
        return collect(r, data, data_len);
    }
    if (r->crowded) {
        return refuse_crowded(connection);
    }
    if (r->body_seen > r->body_len) {
        return refuse_long(connection);
    }
    return r->route->answer(r);
}

/* ---------------------------------------------------------------- contents */

static bool is_read(const struct hsy_admin *admin,
                    const struct hearsay_buf *content)
{
    const struct hsy_http_request *r = admin->readers;
    while (r != NULL && r->content != content) {
        r = r->next_reader;
    }
    return r != NULL;
}

bool hsy_http_pin(struct hsy_http_request *r, struct hearsay_buf *content)
{
    struct hsy_admin *admin = r->admin;
    size_t more = is_read(admin, content) ? 0 : content->len;
    HSY_ASSERT(r->content == NULL);
    if (more > HSY_ADMIN_PINNED_MAX - admin->pinned_len) {
        return false;
    }
    admin->pinned_len += more;
    r->content = content;
    r->next_reader = admin->readers;
    admin->readers = r;
    return true;
}

static void unpin(struct hsy_http_request *r)
{
    struct hsy_admin *admin = r->admin;
    struct hsy_http_request **at = &admin->readers;
    while (*at != r) {
        at = &(*at)->next_reader;
    }
    *at = r->next_reader;
    if (!is_read(admin, r->content)) {
        HSY_ASSERT(admin->pinned_len >= r->content->len);
        admin->pinned_len -= r->content->len;
    }
    hearsay_buf_unref(r->content);
}

/* --------------------------------------------------------------------- end */

void hsy_http_done(void *cls, struct MHD_Connection *connection, void **request,
                   enum MHD_RequestTerminationCode why)
{
    (void)cls;
    (void)connection;
    (void)why;
    struct hsy_http_request *r = *request;
    if (r != NULL) {
        HSY_ASSERT(r->admin->bodies_len >= r->body_room);
        r->admin->bodies_len -= r->body_room;
        if (r->ask != NULL) {
            hsy_asks_forget(r->ask);
        }
        if (r->content != NULL) {
            unpin(r);
        }
        if (r->draws) {
            HSY_ASSERT(r->admin->drawings > 0);
            r->admin->drawings--;
        }
        hsy_mem_free(hearsay_mem_default(), r->body);
        hsy_mem_free(hearsay_mem_default(), r);
    }
    *request = NULL;
}

/* -------------------------------------------------------------------- TCP */

/* "127.0.0.1", "[::1]" or "localhost", with a port or without, and nothing
 * else. */
static bool is_local(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);
        if (strncmp(host, names[i], len) == 0 &&
            (host[len] == '\0' || host[len] == ':')) {
            return true;
        }
    }
    return false;
}

static bool is_from_here(struct MHD_Connection *connection)
{
    static const char scheme[] = "http://";
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *origin =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin");
    if (host == NULL || !is_local(host)) {
        return false;
    }
    return origin == NULL || (strncmp(origin, scheme, strlen(scheme)) == 0 &&
                              strcmp(origin + strlen(scheme), host) == 0);
}

enum MHD_Result hsy_http_handle_tcp(void *cls,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *data_len, void **request)
{
    if (*request == NULL && !is_from_here(connection)) {
        return hsy_http_refuse(
            connection,
            &(struct hsy_http_problem){
                .status = MHD_HTTP_FORBIDDEN,
                .error = "this request does not come from this machine's own "
                         "pages",
                .hint = "name the host 127.0.0.1, [::1] or localhost"});
    }
    return hsy_http_handle(cls, connection, url, method, version, data,
                           data_len, request);
}
