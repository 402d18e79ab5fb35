/* The command line of `hearsay seed` and `hearsay peer`, read into what the
 * runtime wants. Reading touches nothing of the world. */
#ifndef HSY_CLI_NODE_OPTIONS_H
#define HSY_CLI_NODE_OPTIONS_H

#include "base/seedlist.h"
#include "cli/flags.h"
#include "hearsay/runtime.h"

enum { HSY_SOCKET_PATH_MAX = 107 }; /* Bytes in sockaddr_un, without NUL. */

enum { HSY_TOPIC_FLAGS_MAX = 64, HSY_TOPIC_FLAG_LEN_MAX = 64 };

enum hsy_profile { HSY_PROFILE_MISSION, HSY_PROFILE_LAN, HSY_PROFILE_WAN };

struct hsy_node_options {
    enum hearsay_role role;
    /* Strings in it point into argv or are static. Without seeds, callbacks
     * and ctx: node_run's. */
    struct hearsay_runtime_config config;
    const char *seeds_path;
    char socket_path[HSY_SOCKET_PATH_MAX + 1];
    const char *socket_wish; /* As given; NULL: in the data directory. */
    struct hearsay_addr http;
    bool http_on;
    enum hearsay_level log_level;
    bool log_json;
    const char *output; /* NULL: stderr only. */
    int64_t parent_pid; /* 0: none. */
    enum hsy_profile profile;
    bool ping_interval_given, ping_timeout_given;
    const char *topics[HSY_TOPIC_FLAGS_MAX];
    bool help, print_limits;
};

const struct hsy_usage *hsy_node_usage(enum hearsay_role role);

/* Reads argv[1..]. HEARSAY_ERR_INVALID: @error names flag, value, and what is
 * accepted. */
HEARSAY_MUST_USE int hsy_node_options_parse(struct hsy_node_options *out,
                                            enum hearsay_role role, int argc,
                                            char **argv,
                                            struct hsy_usage_error *error);

/* The table of every bound and its bytes. */
void hsy_print_limits(FILE *out, const struct hsy_node_options *options);

/* Parses, opens, runs until the node stops. The exit code of the process. */
int hsy_node_main(enum hearsay_role role, int argc, char **argv);

#endif
