/* hearsay find: what a quorum of the seeds knows, of one node or of all. */
#include "base/addr.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/text_table.h"

#include <string.h>

enum { FLAG_TIMEOUT, PATH_LEN_MAX = 160, PATIENCE_MS = 10 * 1000 };

static const struct hsy_flag flags[] = {
    {"timeout", "DUR",
     "wait for seeds this long at most (default 5s, up to 60s)", FLAG_TIMEOUT},
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "find",
    .operands = "[NODE]",
    .summary = "Asks a majority of the seeds who is there, through the local "
               "peer: every node that\nany of them knows, dead ones too; or "
               "those whose id or name begins with NODE.",
    .example = "hearsay find alice",
    .flags = flags,
};

struct finding {
    struct hsy_remote remote;
    const char *node; /* NULL: all. */
    uint64_t timeout_ns;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    static const struct hsy_range timeout = {1 * HSY_MS, 60 * HSY_SECOND};
    struct finding *f = ctx;
    return flag->id == FLAG_TIMEOUT
               ? hsy_flag_duration(flag, value, timeout, &f->timeout_ns, error)
               : hsy_remote_set(&f->remote, flag, value, error);
}

static int parse(struct finding *out, int argc, char **argv,
                 struct hsy_usage_error *error)
{
    int first = 0;
    *out = (struct finding){.timeout_ns = 5 * HSY_SECOND};
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->remote.help) {
        return err;
    }
    if (argc - first > 1) {
        return hsy_flag_refuse(error, "takes one NODE at most, and got %d",
                               argc - first);
    }
    out->node = first < argc ? argv[first] : NULL;
    return 0;
}

/* A whole id is looked up by the seeds; of all else they tell everything. */
static bool is_id(const char *text)
{
    struct hearsay_id id;
    return text != NULL && hsy_id_parse(&id, text, strlen(text)) == 0;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Leaves those in @nodes whom @text means. */
static void keep(json_t *nodes, const char *text)
{
    for (size_t i = json_array_size(nodes); text != NULL && i > 0; i--) {
        const json_t *node = json_array_get(nodes, i - 1);
        if (!begins(hsy_text_of(node, "id"), text) &&
            !begins(hsy_text_of(node, "name"), text)) {
            json_array_remove(nodes, i - 1);
        }
    }
}

static const struct hsy_column columns[] = {
    {"ID", "id", hsy_cell_id},
    {"NAME", "name", hsy_cell_text},
    {"STATE", "state", hsy_cell_text},
    {"INC", "incarnation", hsy_cell_text},
    {"ADDRESSES", "addresses", hsy_cell_texts},
    {NULL, NULL, NULL},
};

static int show(const struct finding *f, json_t *found)
{
    json_t *nodes = json_object_get(found, "nodes");
    keep(nodes, f->node);
    if (f->remote.json) {
        hsy_print_json(found);
    } else if (json_array_size(nodes) > 0) {
        hsy_table_print(stdout, columns, nodes, hsy_table_look_of(stdout));
    }
    if (f->node != NULL && json_array_size(nodes) == 0) {
        hsy_cli_complain("find: no node begins with \"%s\"; %lld of %lld seeds "
                         "say so",
                         f->node, hsy_number_of(found, "answered"),
                         hsy_number_of(found, "seeds"));
        return HSY_EXIT_FAILED;
    }
    return HSY_EXIT_DONE;
}

/* The exit code. */
static int ask(const struct finding *f, json_t **out)
{
    struct hsy_client *client = NULL;
    struct hsy_client_error error;
    char path[PATH_LEN_MAX];
    int code = hsy_remote_open(&usage, &f->remote, &client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    (void)snprintf(path, sizeof(path), "/v1/find?timeout_ms=%llu%s%s",
                   (unsigned long long)(f->timeout_ns / HSY_MS),
                   is_id(f->node) ? "&id=" : "", is_id(f->node) ? f->node : "");
    hsy_client_be_patient(client, f->timeout_ns / HSY_MS + PATIENCE_MS);
    if (hsy_client_get(client, path, out, &error) != 0) {
        hsy_cli_complain("find: %s", error.text);
        code = HSY_EXIT_FAILED;
    }
    hsy_client_destroy(client);
    return code;
}

int hsy_cmd_find(int argc, char **argv)
{
    struct finding f;
    struct hsy_usage_error error;
    if (parse(&f, argc, argv, &error) != 0) {
        hsy_cli_complain("find: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (f.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    json_t *found = NULL;
    int code = ask(&f, &found);
    if (code == HSY_EXIT_DONE) {
        code = show(&f, found);
    }
    json_decref(found);
    return hsy_cli_finish(code);
}
