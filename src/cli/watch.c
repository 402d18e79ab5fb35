/* hearsay watch: follows /v1/events. Messages and, with --events, the notes
 * of the node's log; one line each. What the node could not keep for us is
 * said on stderr and, as JSON, in the stream: never skipped in silence. */
#include "cli/watch.h"

#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/exec.h"
#include "cli/print.h"
#include "runtime/clock.h"

#include <string.h>

#define FETCH_NS (30 * HSY_SECOND)
#define EXEC_NS (30 * HSY_SECOND)

enum {
    FLAG_TOPIC,
    FLAG_EVENTS,
    FLAG_QUERIES,
    FLAG_COUNT,
    FLAG_FOR,
    FLAG_EXEC,
    FLAG_EXEC_TIMEOUT
};

static const struct hsy_flag flags[] = {
    {"topic", "TEXT", "only messages with this topic", FLAG_TOPIC},
    {"events", NULL, "also what the node notes, and who comes and goes",
     FLAG_EVENTS},
    {"queries", NULL, "only messages that ask; `hearsay answer` answers them",
     FLAG_QUERIES},
    {"count", "N", "end after this many", FLAG_COUNT},
    {"for", "DUR", "end after this time", FLAG_FOR},
    {"exec", "CMD", "run `sh -c CMD` for each message, one at a time",
     FLAG_EXEC},
    {"exec-timeout", "DUR", "kill CMD, and all it started, after this [30s]",
     FLAG_EXEC_TIMEOUT},
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "watch",
    .operands = "",
    .summary = "Follows messages as they arrive. CMD gets the message on its "
               "standard input,\nand HEARSAY_ORIGIN, HEARSAY_SEQ and "
               "HEARSAY_TOPIC in its environment.",
    .example = "hearsay watch --topic deploy --exec './restart.sh'",
    .flags = flags,
};

/* --------------------------------------------------------------- options */

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    static const struct hsy_range duration = {1 * HSY_MS,
                                              30 * 24 * 60 * HSY_MINUTE};
    static const struct hsy_range command = {1 * HSY_MS, 60 * HSY_MINUTE};
    static const struct hsy_range count = {1, UINT32_MAX};
    struct hsy_watching *w = ctx;
    switch (flag->id) {
    case FLAG_TOPIC:
        w->topic = value;
        return 0;
    case FLAG_EVENTS:
        w->events = true;
        return 0;
    case FLAG_QUERIES:
        w->queries = true;
        return 0;
    case FLAG_EXEC:
        w->exec = value;
        return 0;
    case FLAG_EXEC_TIMEOUT:
        return hsy_flag_duration(flag, value, command, &w->exec_ns, error);
    case FLAG_COUNT:
        return hsy_flag_uint(flag, value, count, &w->count, error);
    case FLAG_FOR:
        return hsy_flag_duration(flag, value, duration, &w->for_ns, error);
    default:
        return hsy_remote_set(&w->remote, flag, value, error);
    }
}

int hsy_watch_parse(struct hsy_watching *out, int argc, char **argv,
                    struct hsy_usage_error *error)
{
    *out = (struct hsy_watching){.out = stdout};
    int first = 0;
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err == 0 && out->exec == NULL && out->exec_ns != 0) {
        return hsy_flag_refuse(error, "--exec-timeout: there is no --exec "
                                      "that it could be of; give a command");
    }
    out->exec_ns = out->exec_ns == 0 ? EXEC_NS : out->exec_ns;
    return err;
}

/* -------------------------------------------------------------- messages */

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

bool hsy_base64_decode(char *text, size_t *out_len)
{
    size_t len = strlen(text), done = 0;
    for (size_t i = 0; i < len; i += 4) {
        if (len - i < 4) {
            return false;
        }
        size_t pad = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k + pad < 4 ? base64_value(text[i + k]) : 0;
            if (value < 0 || (pad > 0 && i + 4 < len)) {
                return false;
            }
            bits = bits << 6 | (uint32_t)value;
        }
        for (size_t k = 0; k + pad < 3; k++) {
            text[done++] = (char)(bits >> (16 - 8 * k) & 0xff);
        }
    }
    *out_len = done;
    return true;
}

/* Gives *@out, a large payload that the event only names; tried again while
 * the node has too many others that do the same. */
static bool fetch_content(struct hsy_watching *w, const char *path, char **out,
                          size_t *out_len)
{
    struct hsy_client_error error = {.text = "no connection"};
    if (w->client == NULL &&
        hsy_remote_open(&usage, &w->remote, &w->client) != HSY_EXIT_DONE) {
        return false;
    }
    uint64_t end_ns = hsy_time_add(hsy_clock_mono_ns(), FETCH_NS);
    int err = hsy_client_get_bytes(w->client, path, out, out_len, &error);
    while (err == HEARSAY_ERR_AGAIN && hsy_clock_mono_ns() < end_ns) {
        hsy_cli_sleep_ms(error.retry_ms);
        err = hsy_client_get_bytes(w->client, path, out, out_len, &error);
    }
    if (err != 0) {
        hsy_cli_complain("watch: --exec: %s", error.text);
        return false;
    }
    return true;
}

/* Gives *@out: what the event carries, or names. */
static bool payload_of(struct hsy_watching *w, const json_t *json, char **out,
                       size_t *out_len)
{
    const char *path = json_string_value(json_object_get(json, "path"));
    if (path != NULL) {
        return fetch_content(w, path, out, out_len);
    }
    const char *base64 =
        json_string_value(json_object_get(json, "payload_base64"));
    const char *payload = base64 != NULL ? base64 : hsy_text_of(json, "text");
    size_t len = strlen(payload);
    char *copy = hsy_mem_alloc(hearsay_mem_default(), len + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, payload, len + 1);
    if (base64 != NULL && !hsy_base64_decode(copy, &len)) {
        hsy_mem_free(hearsay_mem_default(), copy);
        return false;
    }
    *out = copy;
    *out_len = len;
    return true;
}

static bool run_command(struct hsy_watching *w, const json_t *json)
{
    char *payload = NULL;
    size_t len = 0;
    bool ok = payload_of(w, json, &payload, &len);
    if (ok && len <= HEARSAY_PAYLOAD_MAX) {
        char seq[24];
        snprintf(seq, sizeof(seq), "%lld",
                 (long long)json_integer_value(json_object_get(json, "seq")));
        ok = hsy_exec_run(w->exec, &(struct hsy_exec_message){
                                       .origin = hsy_text_of(json, "origin"),
                                       .seq = seq,
                                       .topic = hsy_text_of(json, "topic"),
                                       .payload = payload,
                                       .payload_len = len,
                                       .timeout_ns = w->exec_ns});
    }
    hsy_mem_free(hearsay_mem_default(), payload);
    return ok;
}

static void show_message(FILE *out, const json_t *json)
{
    char when[HSY_TIME_TEXT_LEN];
    hsy_wall_text(when,
                  (uint64_t)json_integer_value(json_object_get(json, "time")));
    fprintf(out, "%s %.8s #%lld ", when, hsy_text_of(json, "origin"),
            (long long)json_integer_value(json_object_get(json, "seq")));
    if (json_is_true(json_object_get(json, "direct"))) {
        fputs("(direct) ", out);
    }
    if (json_object_get(json, "query_ms") != NULL) {
        fprintf(out, "(asks: %s:%lld:%lld) ", hsy_text_of(json, "origin"),
                (long long)json_integer_value(json_object_get(json, "epoch")),
                (long long)json_integer_value(json_object_get(json, "seq")));
    }
    if (hsy_text_of(json, "topic")[0] != '\0') {
        fputc('[', out);
        hsy_print_defused(out, hsy_text_of(json, "topic"));
        fputs("] ", out);
    }
    long long missing = json_integer_value(json_object_get(json, "missing"));
    if (missing > 0) {
        fprintf(out, "(%lld missing before) ", missing);
    }
    if (json_is_true(json_object_get(json, "again"))) {
        fputs("(maybe again) ", out);
    }
    const char *base64 =
        json_string_value(json_object_get(json, "payload_base64"));
    const char *path = json_string_value(json_object_get(json, "path"));
    if (path != NULL) {
        fprintf(out, "(%lld bytes: GET %s)",
                (long long)json_integer_value(json_object_get(json, "bytes")),
                path);
    } else if (base64 != NULL) {
        fprintf(out, "(bytes, no text) base64:%s", base64);
    } else {
        hsy_print_defused(out, hsy_text_of(json, "text"));
    }
    fputc('\n', out);
}

/* `time LEVEL event key=value...`, as in the log. */
static void show_note(FILE *out, const json_t *json)
{
    const char *key = NULL;
    json_t *value = NULL;
    fprintf(out, "%s %s %s", hsy_text_of(json, "time"),
            hsy_text_of(json, "level"), hsy_text_of(json, "event"));
    void *at = json_object_iter((json_t *)(uintptr_t)json);
    for (; at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)json, at)) {
        key = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (strcmp(key, "time") == 0 || strcmp(key, "level") == 0 ||
            strcmp(key, "event") == 0) {
            continue;
        }
        if (json_is_string(value)) {
            fprintf(out, " %s=", key);
            hsy_print_defused(out, json_string_value(value));
        } else {
            fprintf(out, " %s=%lld", key, (long long)json_integer_value(value));
        }
    }
    fputc('\n', out);
}

/* `time event key=value...`, with the first digits of ids. */
static void show_member(FILE *out, const json_t *json)
{
    fprintf(out, "%s %s", hsy_text_of(json, "time"),
            hsy_text_of(json, "event"));
    if (hsy_text_of(json, "id")[0] != '\0') {
        fprintf(out, " member=%.8s name=", hsy_text_of(json, "id"));
        hsy_print_defused(out, hsy_text_of(json, "name"));
        fprintf(
            out, " address=%s incarnation=%lld signed=%s",
            hsy_text_of(json, "address"),
            (long long)json_integer_value(json_object_get(json, "incarnation")),
            hsy_text_of(json, "signed"));
    }
    size_t index = 0;
    json_t *seed = NULL;
    json_array_foreach(json_object_get(json, "by"), index, seed)
    {
        fprintf(out, "%s%.8s", index == 0 ? " by=" : ",",
                json_string_value(seed));
    }
    fprintf(out, " count=%lld\n",
            (long long)json_integer_value(json_object_get(json, "count")));
}

static void tell_lost(const struct hsy_watching *w, const json_t *json)
{
    long long count =
        (long long)json_integer_value(json_object_get(json, "count"));
    hsy_cli_complain("watch: %lld events came faster than they were read, and "
                     "are lost here",
                     count);
    if (w->remote.json) {
        fprintf(w->out, "{\"event\": \"lost\", \"count\": %lld}\n", count);
    }
}

static bool is_wanted(const struct hsy_watching *w, const json_t *message)
{
    bool asks = json_object_get(message, "query_ms") != NULL;
    return (!w->queries || asks) &&
           (w->topic == NULL ||
            strcmp(w->topic, hsy_text_of(message, "topic")) == 0);
}

/* Whether @event counts; it has been shown then. */
static bool show(struct hsy_watching *w, const struct hsy_sse_event *event,
                 const json_t *json)
{
    if (strcmp(event->name, "lost") == 0) {
        tell_lost(w, json);
        return false;
    }
    bool member = strcmp(event->name, "member") == 0;
    bool note = strcmp(event->name, "note") == 0 || member;
    bool message = strcmp(event->name, "message") == 0;
    if (!(message ? is_wanted(w, json) : note && w->events)) {
        return false;
    }
    if (message && w->exec != NULL) {
        w->failed = !run_command(w, json) || w->failed;
    } else if (w->remote.json) {
        fprintf(w->out, "%s\n", event->data);
    } else if (message) {
        show_message(w->out, json);
    } else if (member) {
        show_member(w->out, json);
    } else {
        show_note(w->out, json);
    }
    return true;
}

bool hsy_watch_event(void *watching, const struct hsy_sse_event *event)
{
    struct hsy_watching *w = watching;
    json_t *json = json_loadb(event->data, event->data_len, 0, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        hsy_cli_complain("watch: an event is no JSON object; skipped: %.80s",
                         event->data);
        return true;
    }
    w->seen += show(w, event, json) ? 1 : 0;
    json_decref(json);
    if (!hsy_cli_flush()) {
        return false;
    }
    return w->count == 0 || w->seen < w->count;
}

/* ------------------------------------------------------------------- run */

static int run(struct hsy_watching *w)
{
    struct hsy_client *client = NULL;
    int code = hsy_remote_open(&usage, &w->remote, &client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    struct hsy_client_error error;
    int err = hsy_client_follow(
        client,
        &(struct hsy_client_stream){
            .path = w->events ? "/v1/events?members=true" : "/v1/events",
            .for_ms = w->for_ns / HSY_MS,
            .on_event = hsy_watch_event,
            .ctx = w,
        },
        &error);
    if (err != 0) {
        hsy_cli_complain("watch: %s", error.text);
    }
    hsy_client_destroy(w->client);
    hsy_client_destroy(client);
    code = err != 0 || w->failed ? HSY_EXIT_FAILED : HSY_EXIT_DONE;
    return hsy_cli_finish(code);
}

int hsy_cmd_watch(int argc, char **argv)
{
    struct hsy_watching w;
    struct hsy_usage_error error;
    if (hsy_watch_parse(&w, argc, argv, &error) != 0) {
        hsy_cli_complain("watch: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (w.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return run(&w);
}
