/* The flags of a swarm. The seed may be hexadecimal, as in the line that a
 * failure prints. */
#include "cli/sim_swarm_options.h"

#include "base/quantity.h"
#include "base/time.h"
#include "cli/sim_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAG_SWARM,
    FLAG_RUNS,
    FLAG_RNG,
    FLAG_JOBS,
    FLAG_WITHOUT,
    FLAG_ONLY,
    FLAG_SEEDS,
    FLAG_PEERS,
    FLAG_FOR,
    FLAG_MINIMISE,
    FLAG_TRACE,
    FLAG_JSON,
    FLAG_DIGEST,
    FLAG_QUIET,
    FLAG_SALT,
    FLAG_HELP
};

enum { RUNS_DEFAULT = 200 };

static const struct hsy_flag flags[] = {
    {"swarm", NULL, "this: random networks with random faults", FLAG_SWARM},
    {"runs", "K", "so many networks [200; 1 with --rng]", FLAG_RUNS},
    {"rng", "S", "PRNG seed of the first; the next has S + 1 [1]", FLAG_RNG},
    {"jobs", "J", "worker processes; changes no result [cores]", FLAG_JOBS},
    {"without", "CLASSES", "these faults are off: a,b,c", FLAG_WITHOUT},
    {"only", "CLASSES", "these faults are on, and no others", FLAG_ONLY},
    {"seeds", "N", "so many seeds, 1 to 7 [drawn]", FLAG_SEEDS},
    {"peers", "N", "so many peers, 3 to 200 [drawn]", FLAG_PEERS},
    {"for", "DUR", "of faults, in virtual time [drawn]", FLAG_FOR},
    {"minimise", NULL, "make the first failure as small as it gets",
     FLAG_MINIMISE},
    {"trace", NULL, "every record of one run, on stderr", FLAG_TRACE},
    {"json", NULL, "one JSON object, nothing else", FLAG_JSON},
    {"digest", NULL, "only a line `NAME DIGEST` for each run", FLAG_DIGEST},
    {"quiet", NULL, "no progress on stderr", FLAG_QUIET},
    {"hash-salt", "N", "of all hash tables; changes no result [0]", FLAG_SALT},
    {"help", NULL, "print this", FLAG_HELP},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage *const other_uses[] = {
    &hsy_sim_study_usage, &hsy_sim_scenario_usage, NULL};

const struct hsy_usage hsy_sim_swarm_usage = {
    .command = "sim",
    .operands = "",
    .typed = "sim --swarm",
    .others = other_uses,
    .summary = "Draws networks, their weather and what befalls them from one "
               "number each, and\nchecks what must hold: all the time, and, "
               "when a random core of it is healthy\nagain, that this core "
               "becomes whole within 120 virtual seconds. Each class of\n"
               "faults is on with p = 1/2. A failure prints the command that "
               "repeats it.",
    .example = "hearsay sim --swarm --runs 2000 --rng 1 --jobs 2",
    .flags = flags,
};

void hsy_swarm_help(FILE *out)
{
    hsy_flags_help(out, &hsy_sim_swarm_usage);
    fputs("\nClasses of faults:\n", out);
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        enum hsy_swarm_fault fault = (enum hsy_swarm_fault)i;
        fprintf(out, "  %-13s %s\n", hsy_swarm_fault_name(fault),
                hsy_swarm_fault_says(fault));
    }
}

static int set_rng(const struct hsy_flag *flag, const char *value,
                   uint64_t *out, struct hsy_usage_error *error)
{
    if (strncmp(value, "0x", 2) != 0) {
        return hsy_flag_uint(flag, value, (struct hsy_range){0, UINT64_MAX},
                             out, error);
    }
    const char *digits = value + 2;
    size_t len = strlen(digits);
    if (len == 0 || len > 16 ||
        strspn(digits, "0123456789abcdefABCDEF") != len) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is no number of 1 to 16 hex digits "
                               "after 0x",
                               flag->name, value);
    }
    *out = strtoull(digits, NULL, 16);
    return 0;
}

static int set_u32(const struct hsy_flag *flag, const char *value,
                   struct hsy_range range, uint32_t *out,
                   struct hsy_usage_error *error)
{
    uint64_t number = 0;
    int err = hsy_flag_uint(flag, value, range, &number, error);
    if (err == 0) {
        *out = (uint32_t)number;
    }
    return err;
}

static int refuse_class(const struct hsy_flag *flag, const char *name,
                        size_t name_len, struct hsy_usage_error *error)
{
    char known[400] = "";
    size_t len = 0;
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        int more = snprintf(known + len, sizeof(known) - len, "%s%s",
                            i == 0 ? "" : ", ",
                            hsy_swarm_fault_name((enum hsy_swarm_fault)i));
        len +=
            more > 0 && (size_t)more < sizeof(known) - len ? (size_t)more : 0;
    }
    return hsy_flag_refuse(
        error, "--%s: `%.*s` is no class of faults; there are: %s", flag->name,
        name_len > 40 ? 40 : (int)name_len, name, known);
}

static int set_classes(const struct hsy_flag *flag, const char *value,
                       uint64_t *out, struct hsy_usage_error *error)
{
    for (;;) {
        size_t len = strcspn(value, ",");
        enum hsy_swarm_fault fault;
        if (!hsy_swarm_fault_find(value, len, &fault)) {
            return refuse_class(flag, value, len, error);
        }
        *out |= HSY_SWARM_BIT(fault);
        if (value[len] == '\0') {
            return 0;
        }
        value += len + 1;
    }
}

static int set_valued(struct hsy_swarm_options *o, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range runs = {1, HSY_SWARM_RUNS_MAX};
    static const struct hsy_range jobs = {1, HSY_SWARM_JOBS_MAX};
    static const struct hsy_range seeds = {1, HSY_SWARM_SEEDS_MAX};
    static const struct hsy_range peers = {3, HSY_SWARM_PEERS_MAX};
    static const struct hsy_range for_ns = {HSY_SECOND, HSY_SWARM_FOR_MAX_NS};
    static const struct hsy_range salt = {0, UINT64_MAX};
    switch (flag->id) {
    case FLAG_RUNS:
        o->runs_given = true;
        return hsy_flag_uint(flag, value, runs, &o->runs, error);
    case FLAG_RNG:
        o->rng_given = true;
        return set_rng(flag, value, &o->choice.rng, error);
    case FLAG_JOBS:
        return set_u32(flag, value, jobs, &o->jobs, error);
    case FLAG_WITHOUT:
        return set_classes(flag, value, &o->choice.without, error);
    case FLAG_ONLY:
        return set_classes(flag, value, &o->choice.only, error);
    case FLAG_SEEDS:
        return set_u32(flag, value, seeds, &o->choice.seeds, error);
    case FLAG_PEERS:
        return set_u32(flag, value, peers, &o->choice.peers, error);
    case FLAG_FOR:
        return hsy_flag_duration(flag, value, for_ns, &o->choice.for_ns, error);
    default: /* FLAG_SALT */
        return hsy_flag_uint(flag, value, salt, &o->hash_salt, error);
    }
}

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct hsy_swarm_options *o = ctx;
    int err = hsy_flag_once(flag, &o->given, error);
    if (err != 0) {
        return err;
    }
    if (value != NULL) {
        return set_valued(o, flag, value, error);
    }
    o->minimise = o->minimise || flag->id == FLAG_MINIMISE;
    o->trace = o->trace || flag->id == FLAG_TRACE;
    o->json = o->json || flag->id == FLAG_JSON;
    o->digest = o->digest || flag->id == FLAG_DIGEST;
    o->quiet = o->quiet || flag->id == FLAG_QUIET;
    o->help = o->help || flag->id == FLAG_HELP;
    return 0;
}

static int check(const struct hsy_swarm_options *o,
                 struct hsy_usage_error *error)
{
    if (o->choice.only != 0 && o->choice.without != 0) {
        return hsy_flag_refuse(error, "--only and --without: choose one; "
                                      "--only already leaves all others out");
    }
    if (o->trace && o->runs != 1) {
        return hsy_flag_refuse(error,
                               "--trace tells of one run, and %" PRIu64
                               " are asked for; choose one with --rng",
                               o->runs);
    }
    if (o->json && o->digest) {
        return hsy_flag_refuse(error, "--json and --digest: choose one");
    }
    if (o->digest && o->minimise) {
        return hsy_flag_refuse(error, "--digest prints nothing else; leave "
                                      "--minimise out");
    }
    if (o->choice.rng > UINT64_MAX - o->runs) {
        return hsy_flag_refuse(
            error, "--rng: too near to 2^64 for %" PRIu64 " runs", o->runs);
    }
    return 0;
}

int hsy_swarm_options_parse(struct hsy_swarm_options *out, int argc,
                            char **argv, struct hsy_usage_error *error)
{
    *out = (struct hsy_swarm_options){.choice.rng = 1};
    int first = 0;
    int err = hsy_flags_scan(&hsy_sim_swarm_usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->help) {
        return err;
    }
    if (!out->runs_given) {
        out->runs = out->rng_given || out->trace ? 1 : RUNS_DEFAULT;
    }
    return check(out, error);
}
