/* libcurl over a Unix socket. Every request has deadlines; answers are kept
 * up to a bound; an answer that is not 2xx becomes a text with the node's own
 * words (error and hint) in it. */
#include "client/client.h"

#include "base/compiler.h"
#include "base/mem.h"
#include "base/quantity.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECT_MS = 2000,
    TOTAL_MS = 10000,
    SILENCE_S = 45, /* Three heartbeats. */
    ANSWER_MAX = 64 * 1024 * 1024,
    RETRY_MS_DEFAULT = 1000
};

struct hsy_client {
    CURL *curl;
    uint64_t total_ms; /* Of a request. */
    char socket_path[108];
    char curl_text[CURL_ERROR_SIZE];
};

/* What an answer brings. */
struct answer {
    char *text; /* Owned. */
    size_t len, room;
    uint64_t retry_ms;
    bool failed;         /* No memory, or too long. */
    struct hsy_sse *sse; /* NULL: collect; else feed it. */
    CURL *curl;
    bool stopped;   /* on_event said so. */
    bool silent;    /* Nothing came for SILENCE_S. */
    time_t heard_s; /* When the last bytes came. */
};

int hsy_client_create(struct hsy_client **out, const char *socket_path)
{
    struct hsy_client *client =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*client));
    if (client == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (strlen(socket_path) >= sizeof(client->socket_path) ||
        curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
        hsy_mem_free(hearsay_mem_default(), client);
        return HEARSAY_ERR_NOMEM;
    }
    memcpy(client->socket_path, socket_path, strlen(socket_path) + 1);
    client->total_ms = TOTAL_MS;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        hsy_client_destroy(client);
        return HEARSAY_ERR_NOMEM;
    }
    *out = client;
    return 0;
}

void hsy_client_destroy(struct hsy_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->curl != NULL) {
        curl_easy_cleanup(client->curl);
    }
    curl_global_cleanup();
    hsy_mem_free(hearsay_mem_default(), client);
}

const char *hsy_client_path(const struct hsy_client *client)
{
    return client->socket_path;
}

static int fail(struct hsy_client_error *error, int err, const char *format,
                ...) HSY_PRINTF(3, 4);

static int fail(struct hsy_client_error *error, int err, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    error->err = err;
    return err;
}

/* --------------------------------------------------------------- reading */

static bool append(struct answer *a, const char *bytes, size_t len)
{
    if (len > ANSWER_MAX - a->len) {
        return false;
    }
    if (a->len + len > a->room) {
        size_t room = a->room == 0 ? 4096 : a->room;
        while (room < a->len + len) {
            room *= 2;
        }
        char *wider = hsy_mem_alloc(hearsay_mem_default(), room);
        if (wider == NULL) {
            return false;
        }
        if (a->len > 0) {
            memcpy(wider, a->text, a->len);
        }
        hsy_mem_free(hearsay_mem_default(), a->text);
        a->text = wider;
        a->room = room;
    }
    memcpy(a->text + a->len, bytes, len);
    a->len += len;
    return true;
}

static time_t now_s(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* A number other than @len makes curl end the transfer. */
static size_t on_body(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)one;
    struct answer *a = ctx;
    long status = 0;
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    if (a->sse == NULL || status != 200) {
        a->failed = !append(a, bytes, len);
        return a->failed ? 0 : len;
    }
    int err = hsy_sse_feed(a->sse, bytes, len); /* May take its time. */
    a->heard_s = now_s();
    a->stopped = err == HEARSAY_ERR_STATE;
    a->failed = err != 0 && !a->stopped;
    return err == 0 ? len : 0;
}

/* About once a second. curl's own LOW_SPEED_TIME rounds three bytes in 15 s,
 * a heartbeat, down to none. Not 0 makes curl end the transfer. */
static int on_progress(void *ctx, curl_off_t down_max, curl_off_t down,
                       curl_off_t up_max, curl_off_t up)
{
    (void)down_max;
    (void)down;
    (void)up_max;
    (void)up;
    struct answer *a = ctx;
    a->silent = now_s() - a->heard_s > SILENCE_S;
    return a->silent ? 1 : 0;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)one;
    static const char key[] = "Retry-After: ";
    struct answer *a = ctx;
    char value[16] = "";
    size_t key_len = sizeof(key) - 1;
    size_t end = len;
    while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r')) {
        end--;
    }
    if (end > key_len && end - key_len < sizeof(value) &&
        strncasecmp(bytes, key, key_len) == 0) {
        memcpy(value, bytes + key_len, end - key_len);
        uint64_t seconds = 0;
        if (hsy_uint_parse(&seconds, value, 3600) == 0) {
            a->retry_ms = seconds * 1000;
        }
    }
    return len;
}

/* The sum of the options that every request has. */
static CURLcode prepare(struct hsy_client *client, const char *path,
                        struct answer *a)
{
    char url[512];
    CURL *curl = client->curl;
    snprintf(url, sizeof(url), "http://localhost%s", path);
    curl_easy_reset(curl); /* Keeps the connection. */
    client->curl_text[0] = '\0';
    a->curl = curl;
    CURLcode code = CURLE_OK;
    code |= curl_easy_setopt(curl, CURLOPT_URL, url);
    code |=
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
    code |= curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    code |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    code |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    code |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_text);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    code |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    code |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
    return code;
}

/* ---------------------------------------------------------------- judging */

/* No connection, a broken one, or one too slow. */
static int judge_transport(const struct hsy_client *client, CURLcode code,
                           struct hsy_client_error *error)
{
    long os_errno = 0;
    curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &os_errno);
    if (code == CURLE_COULDNT_CONNECT && os_errno == EACCES) {
        return fail(error, HEARSAY_ERR_IO,
                    "%s: permission denied: run this as the user that runs "
                    "the node",
                    client->socket_path);
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
        return fail(error, HEARSAY_ERR_IO,
                    "no node answers at %s: is `hearsay peer` running? use "
                    "--socket or --data",
                    client->socket_path);
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return fail(error, HEARSAY_ERR_IO,
                    "the node at %s is there but silent: %s; it may be "
                    "stopped or overloaded",
                    client->socket_path, client->curl_text);
    }
    return fail(error, HEARSAY_ERR_IO, "the node at %s went away: %s",
                client->socket_path,
                client->curl_text[0] != '\0' ? client->curl_text
                                             : curl_easy_strerror(code));
}

/* The node's refusal, in its own words. */
static int judge_status(const struct answer *a, long status,
                        struct hsy_client_error *error)
{
    json_t *json = json_loadb(a->text != NULL ? a->text : "", a->len, 0, NULL);
    const char *what = json_string_value(json_object_get(json, "error"));
    const char *hint = json_string_value(json_object_get(json, "hint"));
    int err = status == 429   ? HEARSAY_ERR_AGAIN
              : status == 413 ? HEARSAY_ERR_TOO_BIG
                              : HEARSAY_ERR_STATE;
    json_int_t finer = json_integer_value(json_object_get(json, "retry_ms"));
    error->retry_ms = finer > 0          ? (uint64_t)finer
                      : a->retry_ms != 0 ? a->retry_ms
                                         : RETRY_MS_DEFAULT;
    fail(error, err, "the node refused (%ld): %s; %s", status,
         what != NULL ? what : "it does not say why",
         hint != NULL ? hint : "is that a hearsay socket?");
    json_decref(json);
    return err;
}

static int judge(const struct hsy_client *client, CURLcode code,
                 const struct answer *a, struct hsy_client_error *error)
{
    error->status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &error->status);
    if (a->failed) {
        return fail(error, HEARSAY_ERR_NOMEM,
                    "the answer of %s is too long, or memory is out",
                    client->socket_path);
    }
    if (a->silent) {
        return fail(error, HEARSAY_ERR_IO,
                    "the node at %s has been silent for %d s; it may be "
                    "stopped or overloaded",
                    client->socket_path, SILENCE_S);
    }
    if (code != CURLE_OK && !a->stopped) {
        return judge_transport(client, code, error);
    }
    if (error->status < 200 || error->status > 299) {
        return judge_status(a, error->status, error);
    }
    return 0;
}

/* Runs the prepared request and reads its JSON. */
static int perform(struct hsy_client *client, struct answer *a, json_t **out,
                   struct hsy_client_error *error)
{
    *error = (struct hsy_client_error){0};
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)client->total_ms);
    CURLcode code = curl_easy_perform(client->curl);
    int err = judge(client, code, a, error);
    if (err == 0) {
        json_error_t where;
        json_t *json = json_loadb(a->text != NULL ? a->text : "", a->len,
                                  JSON_REJECT_DUPLICATES, &where);
        if (json != NULL) {
            *out = json;
        } else {
            err =
                fail(error, HEARSAY_ERR_MALFORMED,
                     "%s answered no JSON (line %d, column %d: %s); is that "
                     "a hearsay socket?",
                     client->socket_path, where.line, where.column, where.text);
        }
    }
    hsy_mem_free(hearsay_mem_default(), a->text);
    return err;
}

/* --------------------------------------------------------------- requests */

int hsy_client_get(struct hsy_client *client, const char *path, json_t **out,
                   struct hsy_client_error *error)
{
    struct answer a = {0};
    if (prepare(client, path, &a) != CURLE_OK) {
        return fail(error, HEARSAY_ERR_NOMEM, "libcurl: no memory");
    }
    return perform(client, &a, out, error);
}

int hsy_client_get_bytes(struct hsy_client *client, const char *path,
                         char **out, size_t *out_len,
                         struct hsy_client_error *error)
{
    struct answer a = {0};
    if (prepare(client, path, &a) != CURLE_OK) {
        return fail(error, HEARSAY_ERR_NOMEM, "libcurl: no memory");
    }
    *error = (struct hsy_client_error){0};
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
    CURLcode code = curl_easy_perform(client->curl);
    int err = judge(client, code, &a, error);
    if (err != 0) {
        hsy_mem_free(hearsay_mem_default(), a.text);
        return err;
    }
    *out = a.text;
    *out_len = a.len;
    return 0;
}

void hsy_client_be_patient(struct hsy_client *client, uint64_t ms)
{
    client->total_ms = ms;
}

/* No "Expect: 100-continue": it only costs a round trip here. NULL: no
 * memory. */
static struct curl_slist *post_headers(void)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    return headers == NULL
               ? NULL
               : curl_slist_append(headers,
                                   "Content-Type: application/octet-stream");
}

static CURLcode prepare_post(struct hsy_client *client,
                             struct curl_slist *headers,
                             const struct hsy_client_body *body)
{
    CURLcode code = CURLE_OK;
    code |= curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    code |= curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                             (curl_off_t)body->len);
    code |= curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS,
                             body->len > 0 ? body->data : "");
    return headers == NULL ? CURLE_OUT_OF_MEMORY : code;
}

int hsy_client_post(struct hsy_client *client, const char *path,
                    struct hsy_client_body body, json_t **out,
                    struct hsy_client_error *error)
{
    struct answer a = {0};
    struct curl_slist *headers = post_headers();
    CURLcode code = prepare(client, path, &a);
    code |= prepare_post(client, headers, &body);
    int err = code == CURLE_OK
                  ? perform(client, &a, out, error)
                  : fail(error, HEARSAY_ERR_NOMEM, "libcurl: no memory");
    curl_slist_free_all(headers);
    return err;
}

/* "&name=value", escaped; "?" before the first one. HEARSAY_ERR_TOO_BIG. */
static int add_argument(struct hsy_client *client, const char *name,
                        const char *value, char *out, size_t out_max)
{
    size_t len = strlen(out);
    char *escaped = curl_easy_escape(client->curl, value, 0);
    int more = escaped == NULL ? -1
                               : snprintf(out + len, out_max - len, "%c%s=%s",
                                          strchr(out, '?') == NULL ? '?' : '&',
                                          name, escaped);
    curl_free(escaped);
    return more < 0 || (size_t)more >= out_max - len ? HEARSAY_ERR_TOO_BIG : 0;
}

int hsy_client_ask_path(struct hsy_client *client,
                        const struct hsy_client_ask *ask, char *out,
                        size_t out_max)
{
    char ms[24];
    int err = 0;
    snprintf(ms, sizeof(ms), "%llu", (unsigned long long)ask->timeout_ms);
    snprintf(out, out_max, "%s", ask->route);
    if (ask->to != NULL) {
        err = add_argument(client, "to", ask->to, out, out_max);
    }
    if (err == 0 && ask->topic != NULL) {
        err = add_argument(client, "topic", ask->topic, out, out_max);
    }
    if (err == 0 && ask->timeout_ms > 0) {
        err = add_argument(client, "timeout_ms", ms, out, out_max);
    }
    return err;
}

static CURLcode prepare_stream(struct hsy_client *client, struct answer *a,
                               uint64_t for_ms)
{
    CURL *curl = client->curl;
    CURLcode code = CURLE_OK;
    a->heard_s = now_s();
    code |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    code |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    code |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, a);
    if (for_ms > 0) {
        code |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)for_ms);
    }
    return code;
}

/* curl has one code for all timeouts; only the one of --for is as wished. */
static bool time_is_over(const struct hsy_client *client, CURLcode code,
                         uint64_t for_ms)
{
    curl_off_t total_us = 0;
    curl_easy_getinfo(client->curl, CURLINFO_TOTAL_TIME_T, &total_us);
    return code == CURLE_OPERATION_TIMEDOUT && for_ms > 0 &&
           (uint64_t)total_us / 1000 + 1 >= for_ms;
}

int hsy_client_follow(struct hsy_client *client,
                      const struct hsy_client_stream *stream,
                      struct hsy_client_error *error)
{
    struct hsy_sse sse;
    hsy_sse_init(&sse, hearsay_mem_default(), stream->on_event, stream->ctx);
    struct answer a = {.sse = &sse};
    CURLcode code = prepare(client, stream->path, &a);
    code |= prepare_stream(client, &a, stream->for_ms);
    struct curl_slist *headers = NULL;
    if (stream->body != NULL) {
        headers = post_headers();
        code |= prepare_post(client, headers, stream->body);
    }
    *error = (struct hsy_client_error){0};
    if (code != CURLE_OK) {
        curl_slist_free_all(headers);
        hsy_sse_fini(&sse);
        return fail(error, HEARSAY_ERR_NOMEM, "libcurl: no memory");
    }
    code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    int err = 0;
    if (!time_is_over(client, code, stream->for_ms)) {
        err = judge(client, code, &a, error);
        if (err == 0 && !a.stopped) {
            err = fail(error, HEARSAY_ERR_IO, "the node at %s went away",
                       client->socket_path);
        }
    }
    hsy_sse_fini(&sse);
    hsy_mem_free(hearsay_mem_default(), a.text);
    return err;
}

bool hsy_client_node_there(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof(address.sun_path)) {
        return false;
    }
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return true; /* Not known; so not gone. */
    }
    bool there =
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return there;
}
