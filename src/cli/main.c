/* hearsay(1): a table of subcommands and nothing else. */
#include "cli/cli.h"
#include "runtime/process.h"

#include <stdio.h>
#include <string.h>

static int help(int argc, char **argv);

static const struct hsy_command commands[] = {
    {"seed", "run a seed node in the foreground", hsy_cmd_seed},
    {"peer", "run a peer in the foreground", hsy_cmd_peer},
    {"demo", "run a whole network on this machine, to look at", hsy_cmd_demo},
    {"sim", "run a network in virtual time, and measure it", hsy_cmd_sim},
    {"send", "publish a message at the local peer", hsy_cmd_send},
    {"query", "ask every peer, and say who has not answered", hsy_cmd_query},
    {"answer", "answer a query at the local peer", hsy_cmd_answer},
    {"watch", "follow messages and events as they arrive", hsy_cmd_watch},
    {"peers", "list the peers that the local node knows", hsy_cmd_peers},
    {"find", "ask a majority of the seeds who is there", hsy_cmd_find},
    {"links", "list the open links of the local node", hsy_cmd_links},
    {"topology", "show the overlay as a graph: parts, hubs, degrees",
     hsy_cmd_topology},
    {"status", "tell how the local node is doing", hsy_cmd_status},
    {"leave", "make the local node say good-bye and stop", hsy_cmd_leave},
    {"version", "print the version", hsy_cmd_version},
    {"help", "print this, or the flags of one subcommand", help},
};
enum { COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const struct hsy_command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("Usage: hearsay SUBCOMMAND [FLAG...]\n\n"
          "A gossip network: nodes find each other through seeds, broadcast\n"
          "messages to everybody, and watch who is there.\n\n",
          out);
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n`hearsay SUBCOMMAND --help` tells more.\n", out);
}

static int refuse(const char *name)
{
    hsy_cli_complain("there is no subcommand `%s`; `hearsay help` lists them",
                     name);
    return HSY_EXIT_USAGE;
}

static int help(int argc, char **argv)
{
    const struct hsy_command *command = argc > 1 ? find(argv[1]) : NULL;
    if (argc > 1 && command == NULL && strcmp(argv[1], "--help") != 0) {
        return refuse(argv[1]);
    }
    if (command != NULL && command->run != help) {
        char flag[] = "--help";
        char *args[] = {argv[1], flag, NULL};
        return command->run(2, args);
    }
    print_overview(stdout);
    return hsy_cli_finish(HSY_EXIT_DONE);
}

int main(int argc, char **argv)
{
    hsy_process_init(); /* A reader that went away is now a write error. */
    if (argc < 2) {
        print_overview(stderr);
        return HSY_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    const struct hsy_command *command = find(name);
    return command != NULL ? command->run(argc - 1, argv + 1) : refuse(name);
}
