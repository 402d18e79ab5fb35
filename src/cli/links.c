/* hearsay links: the open links of the node. */
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/text_table.h"

static const struct hsy_flag flags[] = {
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "links",
    .operands = "",
    .summary = "Lists the open links of the node, to seeds and to peers.",
    .example = "hearsay links --data ./alice --json",
    .flags = flags,
};

static const struct hsy_column columns[] = {
    {"ID", "id", hsy_cell_id},
    {"NAME", "name", hsy_cell_text},
    {"ROLE", "role", hsy_cell_text},
    {"DIR", "direction", hsy_cell_text},
    {"RELAY", "relay", hsy_cell_text},
    {"V", "version", hsy_cell_text},
    {"RTT MS", "rtt_ms", hsy_cell_text},
    {"QUEUE", "queue_bytes", hsy_cell_text},
    {"STRIKES", "strikes", hsy_cell_text},
    {"ADDRESS", "address", hsy_cell_text},
    {NULL, NULL, NULL},
};

int hsy_cmd_links(int argc, char **argv)
{
    struct hsy_remote remote;
    int code = HSY_EXIT_DONE;
    if (!hsy_remote_begin(&usage, argc, argv, &remote, &code)) {
        return code;
    }
    json_t *links = NULL;
    code = hsy_remote_get(&usage, &remote, "/v1/links", &links);
    if (code == HSY_EXIT_DONE && remote.json) {
        hsy_print_json(links);
    } else if (code == HSY_EXIT_DONE) {
        hsy_table_print(stdout, columns, links, hsy_table_look_of(stdout));
    }
    json_decref(links);
    return hsy_cli_finish(code);
}
