/* A flag sets one thing, and is told at once when its value is none. What
 * contradicts what is looked for when all are known. Nothing is started, and
 * no file touched, before all of it is sound. */
#include "cli/sim_options.h"

#include "base/assert.h"
#include "base/quantity.h"
#include "base/time.h"
#include "cli/sim_values.h"

#include <string.h>

enum {
    FLAG_PEERS,
    FLAG_SEEDS,
    FLAG_MESSAGES,
    FLAG_WARM_UP,
    FLAG_RATE,
    FLAG_PAYLOAD,
    FLAG_RNG,
    FLAG_FOR,
    FLAG_JOIN_OVER,
    FLAG_LINKS,
    FLAG_OVERLAY,
    FLAG_RELAY,
    FLAG_LATENCY,
    FLAG_TAIL,
    FLAG_CAPACITY,
    FLAG_PING,
    FLAG_GOSSIP,
    FLAG_GOSSIP_COUNT,
    FLAG_CRASH,
    FLAG_KILL,
    FLAG_HUBS,
    FLAG_FREEZE,
    FLAG_FREEZE_HUBS,
    FLAG_AFTER,
    FLAG_FIRST_AFTER,
    FLAG_COMPARE,
    FLAG_RUNS,
    FLAG_PRESET,
    FLAG_FIT,
    FLAG_JSON,
    FLAG_REPORT,
    FLAG_DUMP_DEGREES,
    FLAG_DUMP_EDGES,
    FLAG_MEMORY,
    FLAG_SALT,
    FLAG_QUIET,
    FLAG_HELP,
    FLAGS
};
_Static_assert((int)FLAGS < (int)HSY_FLAGS_MAX, "flags.h holds so many");

static const struct hsy_flag sim_flags[] = {
    {"peers", "N", "how many peers, up to 1000000 [100]", FLAG_PEERS},
    {"seeds", "N", "how many seeds [3]", FLAG_SEEDS},
    {"messages", "N", "messages, each from a peer at random [10]",
     FLAG_MESSAGES},
    {"warm-up", "N", "so many others before, which are not measured [0]",
     FLAG_WARM_UP},
    {"rate", "R", "so many of them a second, as in 10 or 0.5 [10]", FLAG_RATE},
    {"payload", "SIZE", "of each message [100]", FLAG_PAYLOAD},
    {"rng", "N", "decides everything that is chance [1]", FLAG_RNG},
    {"for", "DUR", "end at this virtual time [when all is done]", FLAG_FOR},
    {"join-over", "DUR",
     "peers start evenly over this [20 ms a peer, 100s at most]",
     FLAG_JOIN_OVER},
    {"links", "M", "links that a peer chooses itself [4]", FLAG_LINKS},
    {"overlay", "RULE", "preferential, top-half, uniform [preferential]",
     FLAG_OVERLAY},
    {"relay", "HOW", "tree, flood [tree]", FLAG_RELAY},
    {"latency", "A..B", "one way, of each segment [1ms..20ms]", FLAG_LATENCY},
    {"tail", "P%,T", "so many segments up to T late, as in 1%,30s [none]",
     FLAG_TAIL},
    {"capacity", "SIZE", "bytes a second, each way of a link [no bound]",
     FLAG_CAPACITY},
    {"ping-interval", "DUR", "how often neighbours are pinged [13s]",
     FLAG_PING},
    {"gossip-interval", "DUR", "peers publish by themselves so often [5s]",
     FLAG_GOSSIP},
    {"gossip-count", "N", "and so many times, or unlimited [0]",
     FLAG_GOSSIP_COUNT},
    {"crash", "P%", "kill so many peers when the messages have arrived, ...",
     FLAG_CRASH},
    {"kill", "N", "the same as a number", FLAG_KILL},
    {"hubs", "P%", "the same, of those with the most links", FLAG_HUBS},
    {"freeze", "N|P%", "so many stand still", FLAG_FREEZE},
    {"freeze-hubs", "P%", "the same, of those with the most links",
     FLAG_FREEZE_HUBS},
    {"after", "DUR", "... and send the messages again so much later [1m]",
     FLAG_AFTER},
    {"first-after", NULL, "... but only one, which is measured for itself",
     FLAG_FIRST_AFTER},
    {"compare", "WHAT=A,B...",
     "side by side: overlay=RULE,RULE... or relay=HOW...", FLAG_COMPARE},
    {"runs", "N", "of each, with rng, rng + 1, ... [1]", FLAG_RUNS},
    {"preset", "NAME",
     "glomers, mission, partition, steady, slow, survive, lifeguard, liars: "
     "docs/simulator.md",
     FLAG_PRESET},
    {"fit", NULL, "fit a power law to the degrees", FLAG_FIT},
    {"json", NULL, "the figures as one JSON object, nothing else", FLAG_JSON},
    {"report", "FILE", "write a page with plots (HTML)", FLAG_REPORT},
    {"dump-degrees", "FILE", "write the degree of each peer, one a line",
     FLAG_DUMP_DEGREES},
    {"dump-edges", "FILE", "write each link as two numbers of nodes",
     FLAG_DUMP_EDGES},
    {"memory-max", "SIZE", "use no more, as in 2GiB [90 % of what is free]",
     FLAG_MEMORY},
    {"hash-salt", "N", "of all hash tables: changes nothing [0]", FLAG_SALT},
    {"quiet", NULL, "no progress on stderr", FLAG_QUIET},
    {"help", NULL, "print this", FLAG_HELP},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage *const other_uses[] = {
    &hsy_sim_swarm_usage, &hsy_sim_scenario_usage, NULL};

const struct hsy_usage hsy_sim_study_usage = {
    .command = "sim",
    .operands = "",
    .takes = "flags, or files named *.scn",
    .others = other_uses,
    .summary =
        "Runs a network of real nodes in virtual time and measures it. The "
        "same flags\ngive the same run, on every machine. Other ways to use "
        "it:\n\n"
        "  hearsay sim FILE.scn...     play scenarios (docs/scenarios.md)\n"
        "  hearsay sim --swarm ...     random networks with random faults\n"
        "  hearsay sim --swarm --help  says more",
    .example = "hearsay sim --peers 1000 --messages 100 --crash 30% --fit",
    .flags = sim_flags,
};

void hsy_sim_help(FILE *out)
{
    hsy_flags_help(out, &hsy_sim_study_usage);
}

/* ---------------------------------------------------------------- names */

static const char *const overlays[] = {"preferential", "top-half", "uniform",
                                       NULL};
static const char *const relays[] = {"tree", "flood", NULL};
static const char *const presets[] = {
    "none", "glomers", "mission",   "partition", "steady",
    "slow", "survive", "lifeguard", "liars",     NULL};
_Static_assert((int)HEARSAY_OVERLAY_UNIFORM == 2, "the order of overlays[]");
_Static_assert((int)HEARSAY_RELAY_TREE == 0 && (int)HEARSAY_RELAY_FLOOD == 1,
               "the order of relays[]");
_Static_assert((int)HSY_SIM_PRESET_LIARS == 8, "the order of presets[]");

const char *hsy_sim_overlay_name(uint32_t overlay)
{
    HSY_ASSERT(overlay <= HEARSAY_OVERLAY_UNIFORM);
    return overlays[overlay];
}

const char *hsy_sim_relay_name(uint32_t relay)
{
    HSY_ASSERT(relay <= HEARSAY_RELAY_FLOOD);
    return relays[relay];
}

const char *hsy_sim_preset_name(enum hsy_sim_preset preset)
{
    return presets[preset];
}

/* ------------------------------------------------------------- one flag */

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

static int set_enum(const struct hsy_flag *flag, const char *value,
                    const char *const *names, uint32_t *out,
                    struct hsy_usage_error *error)
{
    return hsy_flag_choice(flag, value, names, out, error);
}

static int set_count(struct hsy_study_config *c, const struct hsy_flag *flag,
                     const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range peers = {1, HSY_STUDY_PEERS_MAX};
    static const struct hsy_range seeds = {1, HEARSAY_SEEDS_MAX};
    static const struct hsy_range messages = {0, HSY_STUDY_MESSAGES_MAX};
    static const struct hsy_range links = {1, 64};
    static const struct hsy_range gossip = {0, HEARSAY_UNLIMITED - 1};
    switch (flag->id) {
    case FLAG_PEERS:
        return set_u32(flag, value, peers, &c->peers, error);
    case FLAG_SEEDS:
        return set_u32(flag, value, seeds, &c->seeds, error);
    case FLAG_MESSAGES:
        return set_u32(flag, value, messages, &c->messages, error);
    case FLAG_LINKS:
        return set_u32(flag, value, links, &c->links_wanted, error);
    case FLAG_KILL:
        return set_u32(flag, value, peers, &c->strikes.kill, error);
    case FLAG_WARM_UP:
        return set_u32(flag, value, messages, &c->warm_up, error);
    default: /* FLAG_GOSSIP_COUNT */
        if (strcmp(value, "unlimited") == 0) {
            c->gossip_count = HEARSAY_UNLIMITED;
            return 0;
        }
        return set_u32(flag, value, gossip, &c->gossip_count, error);
    }
}

static int set_time(struct hsy_study_config *c, const struct hsy_flag *flag,
                    const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range any = {0, 365 * 24 * 60 * HSY_MINUTE};
    static const struct hsy_range least_1s = {HSY_SECOND,
                                              365 * 24 * 60 * HSY_MINUTE};
    static const struct hsy_range least_ping = {10 * HSY_MS, 60 * HSY_MINUTE};
    static const struct hsy_range least_1ms = {HSY_MS, 60 * HSY_MINUTE};
    switch (flag->id) {
    case FLAG_FOR:
        return hsy_flag_duration(flag, value, least_1s, &c->for_ns, error);
    case FLAG_JOIN_OVER:
        return hsy_flag_duration(flag, value, any, &c->join_over_ns, error);
    case FLAG_PING:
        return hsy_flag_duration(flag, value, least_ping, &c->ping_interval_ns,
                                 error);
    case FLAG_GOSSIP:
        return hsy_flag_duration(flag, value, least_1ms, &c->gossip_interval_ns,
                                 error);
    default: /* FLAG_AFTER */
        return hsy_flag_duration(flag, value, any, &c->again_after_ns, error);
    }
}

/* A share, or a number. */
static int set_freeze(struct hsy_study_config *c, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range peers = {1, HSY_STUDY_PEERS_MAX};
    return strchr(value, '%') != NULL
               ? hsy_sim_share(flag, value, &c->strikes.freeze_ppm, error)
               : set_u32(flag, value, peers, &c->strikes.freeze, error);
}

static int set_value(struct hsy_sim_options *o, const struct hsy_flag *flag,
                     const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range runs = {1, HSY_SIM_RUNS_MAX};
    struct hsy_study_config *c = &o->study;
    switch (flag->id) {
    case FLAG_RATE:
        return hsy_sim_rate(flag, value, &c->per_s_milli, error);
    case FLAG_LATENCY:
        return hsy_sim_latency(flag, value, &c->weather.latency_ns, error);
    case FLAG_TAIL:
        return hsy_sim_tail(flag, value, &c->weather, error);
    case FLAG_CRASH:
        return hsy_sim_share(flag, value, &c->strikes.crash_ppm, error);
    case FLAG_HUBS:
        return hsy_sim_share(flag, value, &c->strikes.hubs_ppm, error);
    case FLAG_FREEZE:
        return set_freeze(c, flag, value, error);
    case FLAG_FREEZE_HUBS:
        return hsy_sim_share(flag, value, &c->strikes.freeze_hubs_ppm, error);
    case FLAG_RUNS:
        return set_u32(flag, value, runs, &o->runs, error);
    case FLAG_COMPARE:
        return hsy_sim_compare(o, value, error);
    default:
        return hsy_sim_size_flag(o, flag, value, error);
    }
}

static int set_name(struct hsy_sim_options *o, const struct hsy_flag *flag,
                    const char *value, struct hsy_usage_error *error)
{
    uint32_t choice = 0;
    int err = 0;
    switch (flag->id) {
    case FLAG_OVERLAY:
        err = set_enum(flag, value, overlays, &choice, error);
        o->study.overlay = (enum hearsay_overlay)choice;
        return err;
    case FLAG_RELAY:
        err = set_enum(flag, value, relays, &choice, error);
        o->study.relay = (enum hearsay_relay)choice;
        return err;
    default: /* FLAG_PRESET */
        err = set_enum(flag, value, presets + 1, &choice, error);
        o->preset = (enum hsy_sim_preset)(choice + 1);
        return err;
    }
}

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error) /* tidy: dispatch */
{
    static const struct hsy_range all = {0, UINT64_MAX};
    struct hsy_sim_options *o = ctx;
    int err = hsy_flag_once(flag, &o->given, error);
    if (err != 0) {
        return err;
    }
    switch (flag->id) {
    case FLAG_PEERS:
    case FLAG_SEEDS:
    case FLAG_MESSAGES:
    case FLAG_LINKS:
    case FLAG_KILL:
    case FLAG_WARM_UP:
    case FLAG_GOSSIP_COUNT:
        return set_count(&o->study, flag, value, error);
    case FLAG_FOR:
    case FLAG_JOIN_OVER:
    case FLAG_PING:
    case FLAG_GOSSIP:
    case FLAG_AFTER:
        return set_time(&o->study, flag, value, error);
    case FLAG_OVERLAY:
    case FLAG_RELAY:
    case FLAG_PRESET:
        return set_name(o, flag, value, error);
    case FLAG_RNG:
        return hsy_flag_uint(flag, value, all, &o->study.rng, error);
    case FLAG_SALT:
        return hsy_flag_uint(flag, value, all, &o->study.hash_salt, error);
    case FLAG_REPORT:
        o->report = value;
        return 0;
    case FLAG_DUMP_DEGREES:
        o->dump_degrees = value;
        return 0;
    case FLAG_DUMP_EDGES:
        o->dump_edges = value;
        return 0;
    case FLAG_FIT:
        o->fit = true;
        return 0;
    case FLAG_FIRST_AFTER:
        o->study.first_after = true;
        return 0;
    case FLAG_JSON:
        o->json = true;
        return 0;
    case FLAG_QUIET:
        o->quiet = true;
        return 0;
    case FLAG_HELP:
        o->help = true;
        return 0;
    default:
        return set_value(o, flag, value, error);
    }
}

/* ------------------------------------------------------- all together */

/* The first given flag that is not one of @allowed. */
static const char *given_beside(uint64_t given, const int *allowed,
                                size_t allowed_count)
{
    for (size_t i = 0; i < allowed_count; i++) {
        given &= ~(UINT64_C(1) << allowed[i]);
    }
    for (int i = 0; i < FLAGS; i++) {
        if ((given >> i & 1) != 0) {
            return sim_flags[i].name;
        }
    }
    return NULL;
}

static bool has(const struct hsy_sim_options *o, int flag)
{
    return (o->given >> flag & 1) != 0;
}

static int preset_check(const struct hsy_sim_options *o,
                        struct hsy_usage_error *error)
{
    /* The last three: of those that can be made smaller, or run again. */
    static const int allowed[] = {
        FLAG_PRESET, FLAG_RNG,   FLAG_JSON,  FLAG_QUIET, FLAG_SALT,
        FLAG_MEMORY, FLAG_RELAY, FLAG_PEERS, FLAG_FOR,   FLAG_RUNS};
    size_t count = sizeof(allowed) / sizeof(allowed[0]);
    count -= o->preset < HSY_SIM_PRESET_PARTITION ? 2 : 0;
    count -= o->preset < HSY_SIM_PRESET_LIFEGUARD ? 1 : 0;
    const char *beside = given_beside(o->given, allowed, count);
    if (o->preset != HSY_SIM_PRESET_NONE && beside != NULL) {
        return hsy_flag_refuse(error,
                               "--%s: --preset %s decides that itself; leave "
                               "one of the two out",
                               beside, presets[o->preset]);
    }
    return 0;
}

static int compare_check(const struct hsy_sim_options *o,
                         struct hsy_usage_error *error)
{
    static const int files[] = {FLAG_REPORT, FLAG_DUMP_DEGREES,
                                FLAG_DUMP_EDGES};
    bool compares = o->compared != HSY_SIM_COMPARE_NONE;
    if (!compares && o->preset == HSY_SIM_PRESET_NONE && has(o, FLAG_RUNS)) {
        return hsy_flag_refuse(error, "--runs: it is for --compare and some "
                                      "presets; add one of these, or see "
                                      "hearsay sim --swarm --help");
    }
    if (o->study.rng > UINT64_MAX - (o->runs - 1)) {
        return hsy_flag_refuse(error, "--rng: with --runs it goes beyond 2^64 "
                                      "- 1; choose a smaller one");
    }
    if (!compares) {
        return 0;
    }
    if (o->runs > HSY_FIGURES_RUNS_MAX) {
        return hsy_flag_refuse(error,
                               "--runs: at most %u of each with --compare",
                               (unsigned)HSY_FIGURES_RUNS_MAX);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (has(o, files[i])) {
            return hsy_flag_refuse(error,
                                   "--%s: it is for one network, and "
                                   "--compare runs several; leave one of the "
                                   "two out",
                                   sim_flags[files[i]].name);
        }
    }
    if (o->compared == HSY_SIM_COMPARE_OVERLAY && has(o, FLAG_OVERLAY)) {
        return hsy_flag_refuse(error, "--overlay: --compare overlay=... sets "
                                      "it; leave one of the two out");
    }
    if (o->compared == HSY_SIM_COMPARE_RELAY && has(o, FLAG_RELAY)) {
        return hsy_flag_refuse(error, "--relay: --compare relay=... sets it; "
                                      "leave one of the two out");
    }
    return 0;
}

static bool same_file(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static int study_check(const struct hsy_sim_options *o,
                       struct hsy_usage_error *error)
{
    const struct hsy_study_config *c = &o->study;
    bool strikes = has(o, FLAG_CRASH) || has(o, FLAG_KILL) ||
                   has(o, FLAG_HUBS) || has(o, FLAG_FREEZE) ||
                   has(o, FLAG_FREEZE_HUBS);
    if ((has(o, FLAG_AFTER) || has(o, FLAG_FIRST_AFTER)) && !strikes) {
        return hsy_flag_refuse(error,
                               "--%s: nothing strikes; add --crash, --kill, "
                               "--hubs, --freeze or --freeze-hubs",
                               has(o, FLAG_AFTER) ? "after" : "first-after");
    }
    /* With a preset it is how long the load lasts. */
    bool is_end = o->preset == HSY_SIM_PRESET_NONE;
    if (is_end && c->for_ns != 0 && c->for_ns <= c->join_over_ns) {
        return hsy_flag_refuse(error, "--for: peers still join then; choose a "
                                      "time beyond --join-over");
    }
    if (same_file(o->report, o->dump_degrees) ||
        same_file(o->report, o->dump_edges) ||
        same_file(o->dump_degrees, o->dump_edges)) {
        return hsy_flag_refuse(error, "--report, --dump-degrees, --dump-edges: "
                                      "each needs a file of its own");
    }
    const char *fault = hsy_study_config_fault(c);
    return fault == NULL ? 0 : hsy_flag_refuse(error, "%s", fault);
}

int hsy_sim_options_parse(struct hsy_sim_options *out, int argc, char **argv,
                          struct hsy_usage_error *error)
{
    struct hsy_flag_taker taker = {set, out};
    int first = 0;
    memset(out, 0, sizeof(*out));
    out->runs = 1;
    hsy_study_config_init(&out->study, hearsay_mem_default());
    int err =
        hsy_flags_scan(&hsy_sim_study_usage, argc, argv, taker, &first, error);
    if (err != 0 || out->help) {
        return err;
    }
    out->sized = has(out, FLAG_PEERS);
    if (!has(out, FLAG_JOIN_OVER)) {
        out->study.join_over_ns = hsy_study_join_over(out->study.peers);
    }
    err = preset_check(out, error);
    if (err == 0) {
        err = compare_check(out, error);
    }
    return err == 0 ? study_check(out, error) : err;
}
