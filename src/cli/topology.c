/* hearsay topology: the overlay as a graph, for people, programs and
 * Graphviz. */
#include "cli/cli.h"
#include "cli/netgraph_show.h"
#include "cli/remote.h"
#include "cli/text_table.h"

enum { FLAG_DOT = 1 };

static const struct hsy_flag flags[] = {
    {"dot", NULL, "the graph, for Graphviz: | sfdp -Tsvg > overlay.svg",
     FLAG_DOT},
    HSY_REMOTE_FLAGS,
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "topology",
    .operands = "",
    .summary = "Shows the overlay as a graph: its components, the peers that "
               "hold one together,\ndegrees, hubs and paths. A seed knows the "
               "whole network, a peer its own links.",
    .example = "hearsay topology --data ./seed-1",
    .flags = flags,
};

struct asking {
    struct hsy_remote remote;
    bool dot;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct asking *a = ctx;
    if (flag->id != FLAG_DOT) {
        return hsy_remote_set(&a->remote, flag, value, error);
    }
    a->dot = true;
    return 0;
}

static int parse(struct asking *out, int argc, char **argv,
                 struct hsy_usage_error *error)
{
    int first = 0;
    *out = (struct asking){.dot = false};
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err == 0 && out->dot && out->remote.json) {
        return hsy_flag_refuse(error, "--json and --dot are two forms of one "
                                      "answer; give one of them");
    }
    return err;
}

static int no_memory(void)
{
    hsy_cli_complain("topology: no memory");
    return HSY_EXIT_FAILED;
}

/* The answer, with `figures` of it. */
static int print_json(json_t *answer, const struct hsy_netgraph *g,
                      const struct hsy_netfigures *f)
{
    if (json_object_set_new(answer, "figures", hsy_netfigures_json(f, g)) !=
        0) {
        return no_memory();
    }
    hsy_print_json(answer);
    return HSY_EXIT_DONE;
}

static int show(const struct asking *a, json_t *answer, struct hsy_netgraph *g)
{
    struct hsy_netfigures figures;
    if (a->dot) {
        hsy_netgraph_dot(stdout, g);
        return HSY_EXIT_DONE;
    }
    if (hsy_netfigures_of(&figures, g) != 0) {
        return no_memory();
    }
    if (a->remote.json) {
        return print_json(answer, g, &figures);
    }
    hsy_netgraph_show(stdout, g, &figures, hsy_table_look_of(stdout).width);
    return HSY_EXIT_DONE;
}

static int run(const struct asking *a)
{
    json_t *answer = NULL;
    const char *what = NULL;
    struct hsy_netgraph graph;
    int code = hsy_remote_get(&usage, &a->remote, "/v1/topology", &answer);
    if (code != HSY_EXIT_DONE) {
        return code;
    }
    int err = hsy_netgraph_init(&graph, answer, &what);
    if (err == 0) {
        code = show(a, answer, &graph);
        hsy_netgraph_fini(&graph);
    } else if (err == HEARSAY_ERR_MALFORMED) {
        hsy_cli_complain("topology: the answer is no topology: %s; is that a "
                         "hearsay socket?",
                         what);
        code = HSY_EXIT_FAILED;
    } else {
        code = no_memory();
    }
    json_decref(answer);
    return code;
}

int hsy_cmd_topology(int argc, char **argv)
{
    struct asking asking;
    struct hsy_usage_error error;
    if (parse(&asking, argc, argv, &error) != 0) {
        hsy_cli_complain("topology: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (asking.remote.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return hsy_cli_finish(run(&asking));
}
