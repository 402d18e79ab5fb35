/* The environment is read here and handed down: a flag wins over it, and it
 * wins over the default, so that a shell in a node's service needs no flags.
 */
#include "cli/remote.h"

#include "base/assert.h"
#include "cli/cli.h"

#include <stdlib.h>

enum { SOCKET_PATH_MAX = 107 };

int hsy_remote_set(struct hsy_remote *remote, const struct hsy_flag *flag,
                   const char *value, struct hsy_usage_error *error)
{
    HSY_ASSERT(flag->id >= HSY_REMOTE_SOCKET && flag->id <= HSY_REMOTE_HELP);
    if (value != NULL && value[0] == '\0') {
        return hsy_flag_refuse(error, "--%s: `` is empty; accepted is a path",
                               flag->name);
    }
    if (flag->id == HSY_REMOTE_SOCKET) {
        remote->socket = value;
    } else if (flag->id == HSY_REMOTE_DATA) {
        remote->data = value;
    } else if (flag->id == HSY_REMOTE_JSON) {
        remote->json = true;
    } else {
        remote->help = true;
    }
    return 0;
}

int hsy_remote_path(const struct hsy_remote *remote, const char *environment,
                    char out[108], struct hsy_usage_error *error)
{
    const char *path = remote->socket;
    bool in_dir = false;
    if (path == NULL && remote->data != NULL) {
        path = remote->data;
        in_dir = true;
    }
    if (path == NULL && environment != NULL && environment[0] != '\0') {
        path = environment;
    }
    if (path == NULL) {
        path = "./hearsay-data";
        in_dir = true;
    }
    int len = snprintf(out, SOCKET_PATH_MAX + 1, "%s%s", path,
                       in_dir ? "/control.sock" : "");
    if (len < 0 || len > SOCKET_PATH_MAX) {
        return hsy_flag_refuse(error,
                               "`%.80s...` is a socket path of %d bytes; the "
                               "system allows %d",
                               path, len, SOCKET_PATH_MAX);
    }
    return 0;
}

static int set_only(void *ctx, const struct hsy_flag *flag, const char *value,
                    struct hsy_usage_error *error)
{
    return hsy_remote_set(ctx, flag, value, error);
}

bool hsy_remote_begin(const struct hsy_usage *usage, int argc, char **argv,
                      struct hsy_remote *out, int *out_code)
{
    struct hsy_usage_error error;
    int first = 0;
    *out = (struct hsy_remote){0};
    if (hsy_flags_scan(usage, argc, argv,
                       (struct hsy_flag_taker){set_only, out}, &first,
                       &error) != 0) {
        hsy_cli_complain("%s: %s", usage->command, error.text);
        *out_code = HSY_EXIT_USAGE;
        return false;
    }
    if (out->help) {
        hsy_flags_help(stdout, usage);
        *out_code = hsy_cli_finish(HSY_EXIT_DONE);
        return false;
    }
    return true;
}

int hsy_remote_open(const struct hsy_usage *usage,
                    const struct hsy_remote *remote, struct hsy_client **out)
{
    char path[SOCKET_PATH_MAX + 1];
    struct hsy_usage_error error;
    if (hsy_remote_path(remote, getenv("HEARSAY_SOCKET"), path, &error) != 0) {
        hsy_cli_complain("%s: %s", usage->command, error.text);
        return HSY_EXIT_USAGE;
    }
    if (hsy_client_create(out, path) != 0) {
        hsy_cli_complain("%s: no memory", usage->command);
        return HSY_EXIT_FAILED;
    }
    return HSY_EXIT_DONE;
}

int hsy_remote_get(const struct hsy_usage *usage,
                   const struct hsy_remote *remote, const char *path,
                   json_t **out)
{
    struct hsy_client *client = NULL;
    int code = hsy_remote_open(usage, remote, &client);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    struct hsy_client_error error;
    if (hsy_client_get(client, path, out, &error) != 0) {
        hsy_cli_complain("%s: %s", usage->command, error.text);
        code = HSY_EXIT_FAILED;
    }
    hsy_client_destroy(client);
    return code;
}

void hsy_print_json(const json_t *json)
{
    json_dumpf(json, stdout,
               JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    putchar('\n');
}

const char *hsy_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

long long hsy_number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}
