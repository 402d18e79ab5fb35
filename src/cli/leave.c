/* hearsay leave: the node says good-bye to everybody and stops; this waits
 * until it is really gone, so that what follows in a script may start
 * another one. */
#include "cli/cli.h"
#include "cli/remote.h"

#include <time.h>

enum { POLL_MS = 50, WAIT_MS = 10000 };

static const struct hsy_flag flags[] = {
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "leave",
    .operands = "",
    .summary = "Makes the node tell the network good-bye and stop; returns "
               "when it is gone.",
    .example = "hearsay leave --data ./alice",
    .flags = flags,
};

static bool wait_until_gone(const char *path)
{
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += POLL_MS) {
        if (!hsy_client_node_there(path)) {
            return true;
        }
        struct timespec pause = {.tv_nsec = POLL_MS * 1000L * 1000L};
        nanosleep(&pause, NULL);
    }
    return false;
}

static int leave(const struct hsy_remote *remote, struct hsy_client *client)
{
    json_t *answer = NULL;
    struct hsy_client_error error;
    if (hsy_client_post(client, "/v1/leave", (struct hsy_client_body){0},
                        &answer, &error) != 0) {
        hsy_cli_complain("leave: %s", error.text);
        return HSY_EXIT_FAILED;
    }
    json_decref(answer);
    if (!wait_until_gone(hsy_client_path(client))) {
        hsy_cli_complain("leave: the node is still there after %d s; its log "
                         "may tell why",
                         WAIT_MS / 1000);
        return HSY_EXIT_FAILED;
    }
    puts(remote->json ? "{\"left\": true}" : "The node has left.");
    return HSY_EXIT_DONE;
}

int hsy_cmd_leave(int argc, char **argv)
{
    struct hsy_remote remote;
    int code = HSY_EXIT_DONE;
    if (!hsy_remote_begin(&usage, argc, argv, &remote, &code)) {
        return code;
    }
    struct hsy_client *client = NULL;
    code = hsy_remote_open(&usage, &remote, &client);
    if (code == HSY_EXIT_DONE) {
        code = leave(&remote, client);
        hsy_client_destroy(client);
    }
    return hsy_cli_finish(code);
}
