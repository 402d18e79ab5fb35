/* hearsay peers: what a seed has in its list, or a peer in its book. */
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/text_table.h"

static const struct hsy_flag flags[] = {
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "peers",
    .operands = "",
    .summary = "Lists the peers that the node knows: a seed's Peer List, or a "
               "peer's address book.",
    .example = "hearsay peers --data ./seed-1",
    .flags = flags,
};

static const struct hsy_column columns[] = {
    {"ID", "id", hsy_cell_id},
    {"NAME", "name", hsy_cell_text},
    {"ROLE", "role", hsy_cell_text},
    {"STATE", "state", hsy_cell_text},
    {"DEGREE", "degree", hsy_cell_text},
    {"INC", "incarnation", hsy_cell_text},
    {"ADDRESSES", "addresses", hsy_cell_texts},
    {NULL, NULL, NULL},
};

int hsy_cmd_peers(int argc, char **argv)
{
    struct hsy_remote remote;
    int code = HSY_EXIT_DONE;
    if (!hsy_remote_begin(&usage, argc, argv, &remote, &code)) {
        return code;
    }
    json_t *peers = NULL;
    code = hsy_remote_get(&usage, &remote, "/v1/peers", &peers);
    if (code == HSY_EXIT_DONE && remote.json) {
        hsy_print_json(peers);
    } else if (code == HSY_EXIT_DONE) {
        hsy_table_print(stdout, columns, peers, hsy_table_look_of(stdout));
    }
    json_decref(peers);
    return hsy_cli_finish(code);
}
