/* hearsay answer: to a query that `hearsay watch --queries` has shown. */
#include "base/addr.h"
#include "base/quantity.h"
#include "cli/cli.h"
#include "cli/remote.h"

#include <string.h>

static const struct hsy_flag flags[] = {
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "answer",
    .operands = "QUERY TEXT",
    .summary = "Answers a query, named as `hearsay watch --queries` names it. "
               "The node must run\nwith --answers, or it has answered by "
               "itself.",
    .example = "hearsay answer 4e8c...:1:7 \"release 0.2\"",
    .flags = flags,
};

enum { PATH_MAX_LEN = 256, PARTS = 3, NAME_MAX_LEN = 128 };

struct answering {
    struct hsy_remote remote;
    char path[PATH_MAX_LEN];
    const char *text;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct answering *a = ctx;
    return hsy_remote_set(&a->remote, flag, value, error);
}

/* "ORIGIN:EPOCH:SEQ" to the path of the request. */
static int read_name(struct answering *a, const char *name,
                     struct hsy_usage_error *error)
{
    char copy[NAME_MAX_LEN] = "";
    char *parts[PARTS] = {copy, NULL, NULL};
    struct hearsay_id id;
    uint64_t epoch = 0, seq = 0;
    snprintf(copy, sizeof(copy), "%s", name);
    for (int i = 1; i < PARTS; i++) {
        char *colon = strchr(parts[i - 1], ':');
        if (colon == NULL) {
            break;
        }
        *colon = '\0';
        parts[i] = colon + 1;
    }
    if (strlen(name) >= sizeof(copy) || parts[PARTS - 1] == NULL ||
        hsy_id_parse(&id, parts[0], strlen(parts[0])) != 0 ||
        hsy_uint_parse(&epoch, parts[1], UINT64_MAX) != 0 ||
        hsy_uint_parse(&seq, parts[2], UINT64_MAX) != 0) {
        return hsy_flag_refuse(error,
                               "`%.100s` names no query; expected is "
                               "ID:EPOCH:NUMBER, as `hearsay watch "
                               "--queries` shows it",
                               name);
    }
    snprintf(a->path, sizeof(a->path),
             "/v1/answers?origin=%s&epoch=%llu&seq=%llu", parts[0],
             (unsigned long long)epoch, (unsigned long long)seq);
    return 0;
}

static int parse(struct answering *out, int argc, char **argv,
                 struct hsy_usage_error *error)
{
    *out = (struct answering){.text = NULL};
    int first = 0;
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->remote.help) {
        return err;
    }
    if (argc - first != 2) {
        return hsy_flag_refuse(error, "a QUERY and one TEXT are expected; "
                                      "quote it if it has blanks");
    }
    out->text = argv[first + 1];
    return read_name(out, argv[first], error);
}

static int run(const struct answering *a)
{
    struct hsy_client *client = NULL;
    int code = hsy_remote_open(&usage, &a->remote, &client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    json_t *answer = NULL;
    struct hsy_client_error error;
    struct hsy_client_body body = {a->text, strlen(a->text)};
    if (hsy_client_post(client, a->path, body, &answer, &error) != 0) {
        hsy_cli_complain("answer: %s", error.text);
        code = HSY_EXIT_FAILED;
    } else if (a->remote.json) {
        hsy_print_json(answer);
    } else {
        puts("answered");
    }
    json_decref(answer);
    hsy_client_destroy(client);
    return code;
}

int hsy_cmd_answer(int argc, char **argv)
{
    struct answering a;
    struct hsy_usage_error error;
    if (parse(&a, argc, argv, &error) != 0) {
        hsy_cli_complain("answer: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (a.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return hsy_cli_finish(run(&a));
}
