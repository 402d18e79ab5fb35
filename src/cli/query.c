/* hearsay query: asks everybody, prints each answer as it comes, and at the
 * end who has not answered. */
#include "base/time.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/remote.h"

#include <string.h>

enum {
    FLAG_TOPIC,
    FLAG_TIMEOUT,
    PATH_MAX_LEN = 384, /* 64 bytes of topic, each escaped as %XX. */
    PATIENCE_MS = 10 * 1000
};

static const struct hsy_flag flags[] = {
    {"topic", "TEXT", "what it is about, 64 bytes at most", FLAG_TOPIC},
    {"timeout", "DUR", "wait this long at most (default 5s, up to 60s)",
     FLAG_TIMEOUT},
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "query",
    .operands = "TEXT",
    .summary = "Asks every peer and prints the answers. The exit code is 0 "
               "only if all that are\nthere have answered.",
    .example = "hearsay query --topic version \"which release?\"",
    .flags = flags,
};

struct asking {
    struct hsy_remote remote;
    const char *topic, *text;
    uint64_t timeout_ns;
    bool done;    /* The summary came, */
    bool stopped; /* but before the end; */
    bool all;     /* or all have answered. */
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    static const struct hsy_range timeout = {1 * HSY_MS, 60 * HSY_SECOND};
    struct asking *a = ctx;
    switch (flag->id) {
    case FLAG_TOPIC:
        return hsy_flag_topic(flag, value, &a->topic, error);
    case FLAG_TIMEOUT:
        return hsy_flag_duration(flag, value, timeout, &a->timeout_ns, error);
    default:
        return hsy_remote_set(&a->remote, flag, value, error);
    }
}

static int parse(struct asking *out, int argc, char **argv,
                 struct hsy_usage_error *error)
{
    *out = (struct asking){.timeout_ns = 5 * HSY_SECOND};
    int first = 0;
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->remote.help) {
        return err;
    }
    if (argc - first != 1) {
        return hsy_flag_refuse(error, "one TEXT is expected; quote it if it "
                                      "has blanks");
    }
    out->text = argv[first];
    return 0;
}

static void print_node(const json_t *json, const char *id_key)
{
    const char *name = hsy_text_of(json, "name");
    if (name[0] != '\0') {
        hsy_print_defused(stdout, name);
    } else {
        printf("%.8s", hsy_text_of(json, id_key));
    }
}

static void show_answer(const json_t *json)
{
    print_node(json, "from");
    const char *base64 =
        json_string_value(json_object_get(json, "payload_base64"));
    if (base64 != NULL) {
        printf(": (bytes, no text) base64:%s\n", base64);
    } else if (hsy_text_of(json, "text")[0] == '\0') {
        puts(": received");
    } else {
        fputs(": ", stdout);
        hsy_print_defused(stdout, hsy_text_of(json, "text"));
        putchar('\n');
    }
}

static void show_done(const json_t *json)
{
    const json_t *missing = json_object_get(json, "missing");
    size_t listed = json_array_size(missing);
    long long more = hsy_number_of(json, "missing_count") - (long long)listed;
    printf("%lld of %lld answered", hsy_number_of(json, "answered"),
           hsy_number_of(json, "expected"));
    for (size_t i = 0; i < listed; i++) {
        fputs(i == 0 ? "; missing: " : ", ", stdout);
        print_node(json_array_get(missing, i), "id");
    }
    if (more > 0) {
        printf("; %lld %s", more,
               listed > 0 ? "more" : "missing, not known by name");
    }
    putchar('\n');
}

static bool on_event(void *ctx, const struct hsy_sse_event *event)
{
    struct asking *a = ctx;
    json_t *json = json_loadb(event->data, event->data_len, 0, NULL);
    a->done = strcmp(event->name, "done") == 0;
    if (a->done) {
        a->stopped = json_is_true(json_object_get(json, "stopped"));
        a->all = hsy_number_of(json, "missing_count") == 0 && !a->stopped;
    }
    if (a->remote.json && strcmp(event->name, "asked") != 0) {
        printf("%s\n", event->data);
    } else if (a->done) {
        show_done(json);
    } else if (strcmp(event->name, "answer") == 0) {
        show_answer(json);
    } else if (strcmp(event->name, "lost") == 0) {
        hsy_cli_complain("query: %lld answers came faster than they were "
                         "read, and are not shown",
                         hsy_number_of(json, "count"));
    }
    json_decref(json);
    return hsy_cli_flush() && !a->done;
}

static int run(struct asking *a)
{
    char path[PATH_MAX_LEN];
    struct hsy_client *client = NULL;
    int code = hsy_remote_open(&usage, &a->remote, &client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    struct hsy_client_error error;
    struct hsy_client_ask ask = {.route = "/v1/queries",
                                 .topic = a->topic,
                                 .timeout_ms = a->timeout_ns / HSY_MS};
    struct hsy_client_body body = {a->text, strlen(a->text)};
    struct hsy_client_stream stream = {.path = path,
                                       .for_ms = ask.timeout_ms + PATIENCE_MS,
                                       .body = &body,
                                       .on_event = on_event,
                                       .ctx = a};
    if (hsy_client_ask_path(client, &ask, path, sizeof(path)) != 0) {
        hsy_cli_complain("query: no memory");
        code = HSY_EXIT_FAILED;
    } else if (hsy_client_follow(client, &stream, &error) != 0) {
        hsy_cli_complain("query: %s", error.text);
        code = HSY_EXIT_FAILED;
    } else if (!a->done) {
        hsy_cli_complain("query: the node did not tell the end in time");
        code = HSY_EXIT_FAILED;
    } else if (a->stopped) {
        hsy_cli_complain("query: the node stopped before the end; who is "
                         "missing may have answered");
    }
    hsy_client_destroy(client);
    return code == HSY_EXIT_DONE && !a->all ? HSY_EXIT_FAILED : code;
}

int hsy_cmd_query(int argc, char **argv)
{
    struct asking a;
    struct hsy_usage_error error;
    if (parse(&a, argc, argv, &error) != 0) {
        hsy_cli_complain("query: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (a.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return hsy_cli_finish(run(&a));
}
