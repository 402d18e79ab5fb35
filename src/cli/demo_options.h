/* The command line of `hearsay demo`: its own flags, and those of the nodes,
 * which are checked here and handed on. */
#ifndef HSY_CLI_DEMO_OPTIONS_H
#define HSY_CLI_DEMO_OPTIONS_H

#include "cli/flags.h"
#include "hearsay.h"

enum {
    HSY_DEMO_FAULTS_MAX = 32,
    HSY_DEMO_PASSED_MAX = 24,
    HSY_DEMO_PASSED_BYTES = 4096
};

enum hsy_fault_kind { HSY_FAULT_KILL, HSY_FAULT_FREEZE, HSY_FAULT_THAW };

/* Do it to @count peers, @at_ns after the start. */
struct hsy_demo_fault {
    enum hsy_fault_kind kind;
    uint32_t count;
    uint64_t at_ns;
};

/* "--flag=value" words for the nodes of one role. */
struct hsy_demo_passed {
    const char *words[HSY_DEMO_PASSED_MAX]; /* Into bytes[]. */
    uint32_t words_count;
    char bytes[HSY_DEMO_PASSED_BYTES];
    size_t bytes_len;
};

struct hsy_demo_options {
    uint32_t peers, seeds;
    uint64_t for_ns; /* HEARSAY_NEVER: until stopped. */
    struct hsy_demo_fault faults[HSY_DEMO_FAULTS_MAX]; /* In time's order. */
    uint32_t faults_count;
    uint64_t rng;
    const char *http; /* Points into argv; NULL: off. */
    struct hearsay_addr http_addr;
    bool json, help;
    struct hsy_demo_passed for_seeds, for_peers;
};

void hsy_demo_help(FILE *out);

/* Reads argv[1..]; @out must stay where it is. HEARSAY_ERR_INVALID: @error
 * names flag, value, and what is accepted. */
HEARSAY_MUST_USE int hsy_demo_options_parse(struct hsy_demo_options *out,
                                            int argc, char **argv,
                                            struct hsy_usage_error *error);

#endif
