/* What all subcommands share that talk to a running node: where its socket
 * is, --json, and their errors. */
#ifndef HSY_CLI_REMOTE_H
#define HSY_CLI_REMOTE_H

#include "cli/flags.h"
#include "client/client.h"

enum {
    HSY_REMOTE_SOCKET = 1000,
    HSY_REMOTE_DATA,
    HSY_REMOTE_JSON,
    HSY_REMOTE_HELP
};

/* Rows for their tables; the last ones before the NULL row. */
#define HSY_REMOTE_FLAGS                                                      \
    {"socket", "PATH",                                                        \
     "the node's control socket "                                             \
     "(default $HEARSAY_SOCKET, or DATA/control.sock)",                       \
     HSY_REMOTE_SOCKET},                                                      \
        {"data", "DIR", "the node's data directory (default ./hearsay-data)", \
         HSY_REMOTE_DATA},                                                    \
        {"json", NULL, "JSON, for programs", HSY_REMOTE_JSON},                \
    {                                                                         \
        "help", NULL, "print this", HSY_REMOTE_HELP                           \
    }

struct hsy_remote {
    const char *socket, *data; /* NULL: not given. */
    bool json, help;
};

/* Takes one of the flags above; others are a bug. */
int hsy_remote_set(struct hsy_remote *remote, const struct hsy_flag *flag,
                   const char *value, struct hsy_usage_error *error);

/* --socket, else --data, else @environment (may be NULL), else the default.
 * HEARSAY_ERR_INVALID: too long. */
HEARSAY_MUST_USE int hsy_remote_path(const struct hsy_remote *remote,
                                     const char *environment, char out[108],
                                     struct hsy_usage_error *error);

/* Reads a command line of flags alone, for commands without own ones.
 * *@out_code is the exit code when the answer is false: there is nothing more
 * to do. */
bool hsy_remote_begin(const struct hsy_usage *usage, int argc, char **argv,
                      struct hsy_remote *out, int *out_code);

/* Gives *@out, to be ended with hsy_client_destroy(); or complains and gives
 * an exit code, which is never 0 then. */
int hsy_remote_open(const struct hsy_usage *usage,
                    const struct hsy_remote *remote, struct hsy_client **out);

/* GETs @path and gives the JSON; or complains. The exit code. */
int hsy_remote_get(const struct hsy_usage *usage,
                   const struct hsy_remote *remote, const char *path,
                   json_t **out);

/* One line (or indented) of JSON on stdout. */
void hsy_print_json(const json_t *json);

/* What is under @key of an object; "" and 0: no such text or number. */
const char *hsy_text_of(const json_t *object, const char *key);
long long hsy_number_of(const json_t *object, const char *key);

#endif
