/* What all subcommands share: exit codes, error texts, and their table. */
#ifndef HSY_CLI_CLI_H
#define HSY_CLI_CLI_H

#include "base/compiler.h"
#include "hearsay.h"

enum {
    HSY_EXIT_DONE = 0,
    HSY_EXIT_FAILED = 1, /* The world refused. */
    HSY_EXIT_USAGE = 2   /* Wrong flags, or a file they name is wrong. */
};

/* One subcommand. @run gets argv from its own name on, and returns the exit
 * code of the process. */
struct hsy_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

int hsy_cmd_seed(int argc, char **argv);
int hsy_cmd_peer(int argc, char **argv);
int hsy_cmd_send(int argc, char **argv);
int hsy_cmd_query(int argc, char **argv);
int hsy_cmd_answer(int argc, char **argv);
int hsy_cmd_watch(int argc, char **argv);
int hsy_cmd_peers(int argc, char **argv);
int hsy_cmd_find(int argc, char **argv);
int hsy_cmd_links(int argc, char **argv);
int hsy_cmd_topology(int argc, char **argv);
int hsy_cmd_status(int argc, char **argv);
int hsy_cmd_leave(int argc, char **argv);
int hsy_cmd_version(int argc, char **argv);
int hsy_cmd_demo(int argc, char **argv);
int hsy_cmd_sim(int argc, char **argv);

/* "hearsay: TEXT" and a newline on stderr. */
void hsy_cli_complain(const char *format, ...) HSY_PRINTF(1, 2);

/* Flushes stdout for whoever reads it live. False: nobody takes it (any
 * more); hsy_cli_finish() will say why. */
bool hsy_cli_flush(void);

/* Flushes stdout. @code, or HSY_EXIT_FAILED and a text when what was printed
 * did not arrive. Every command that prints ends with it. */
int hsy_cli_finish(int code);

void hsy_cli_sleep_ms(uint64_t ms);

/* True when @stream_fd is a terminal that may be coloured. */
bool hsy_cli_colours(int stream_fd);

#endif
