/* What `hearsay sim --swarm` was asked for. */
#ifndef HSY_CLI_SIM_SWARM_OPTIONS_H
#define HSY_CLI_SIM_SWARM_OPTIONS_H

#include "cli/flags.h"
#include "sim/swarm.h"

enum { HSY_SWARM_RUNS_MAX = 1000000, HSY_SWARM_JOBS_MAX = 64 };
/* From so many runs on, with all classes on, every mark must be reached. */
enum { HSY_SWARM_FULL = 2000 };

struct hsy_swarm_options {
    struct hsy_swarm_choice choice; /* Its rng is that of the first run. */
    uint64_t runs;
    uint32_t jobs; /* 0: not given. */
    uint64_t hash_salt;
    uint64_t given; /* A bit for each flag. */
    bool rng_given, runs_given;
    bool minimise, json, digest, trace, quiet, help;
};

/* HEARSAY_ERR_INVALID: @error says why. May reorder @argv. */
HEARSAY_MUST_USE int hsy_swarm_options_parse(struct hsy_swarm_options *out,
                                             int argc, char **argv,
                                             struct hsy_usage_error *error);
/* Usage, and the classes of faults. */
void hsy_swarm_help(FILE *out);

#endif
