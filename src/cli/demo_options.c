/* The demo's flags come first in one table, and behind them those of seed and
 * peer that make sense for many nodes at once, taken from their own tables.
 * A flag that both roles know goes to both. What is handed on is tried with
 * the nodes' own parser, so that a wrong value is told once, before anything
 * starts, and not by every node. */
#include "cli/demo_options.h"

#include "base/assert.h"
#include "base/quantity.h"
#include "base/time.h"
#include "cli/demo_ledger.h"
#include "cli/node_options.h"

#include <string.h>

enum {
    FLAG_SEEDS,
    FLAG_PEERS,
    FLAG_FOR,
    FLAG_KILL,
    FLAG_FREEZE,
    FLAG_THAW,
    FLAG_RNG,
    FLAG_HTTP,
    FLAG_JSON,
    FLAG_HELP,
    FLAG_PASSED
};

static const struct hsy_flag own_flags[] = {
    {"seeds", "N", "how many seeds [3]", FLAG_SEEDS},
    {"peers", "N", "how many peers [12]", FLAG_PEERS},
    {"for", "DUR", "end after this [runs until Ctrl-C]", FLAG_FOR},
    {"kill", "N@T", "kill -9 N peers at T, the biggest hub among them",
     FLAG_KILL},
    {"freeze", "N@T", "stop N peers (SIGSTOP) at T", FLAG_FREEZE},
    {"thaw", "N@T", "let N stopped peers go on (SIGCONT) at T", FLAG_THAW},
    {"rng", "N", "chooses whom to kill and to freeze [1]", FLAG_RNG},
    {"http", "HOST:PORT", "the API of seed1, or off [127.0.0.1:8080]",
     FLAG_HTTP},
    {"json", NULL, "the figures as one JSON object, nothing else", FLAG_JSON},
    {"help", NULL, "print this; --kill, --freeze, --thaw may be repeated",
     FLAG_HELP},
};
enum { OWN_FLAGS_COUNT = sizeof(own_flags) / sizeof(own_flags[0]) };

static const struct hsy_usage demo_usage = {
    .command = "demo",
    .operands = "",
    .summary =
        "Runs a network of real processes on this machine and shows what it "
        "does.\nData is kept under ./hearsay-demo, which each demo empties "
        "first.\nFlags of the nodes are handed on to them.",
    .example = "hearsay demo --peers 20 --gossip-count unlimited --kill "
               "3@20s --for 1m",
    .flags = NULL,
};

/* What the demo itself decides for each node. */
static bool is_passed_on(const char *name)
{
    static const char *const decided[] = {
        "listen",    "advertise", "name",       "data",   "socket",
        "log-level", "parent",    "log-format", "output", "print-limits"};
    for (size_t i = 0; i < sizeof(decided) / sizeof(decided[0]); i++) {
        if (strcmp(decided[i], name) == 0) {
            return false;
        }
    }
    return true;
}

static const struct hsy_flag *flag_find(const struct hsy_flag *flags,
                                        const char *name)
{
    for (; flags->name != NULL; flags++) {
        if (strcmp(flags->name, name) == 0) {
            return flags;
        }
    }
    return NULL;
}

static const struct hsy_flag *role_flags(enum hearsay_role role)
{
    return hsy_node_usage(role)->flags;
}

static void add_passed(struct hsy_flag table[HSY_FLAGS_MAX], uint32_t *count,
                       enum hearsay_role role)
{
    for (const struct hsy_flag *f = role_flags(role); f->name != NULL; f++) {
        if (is_passed_on(f->name) && flag_find(table, f->name) == NULL) {
            HSY_ASSERT(*count + 1 < HSY_FLAGS_MAX);
            table[*count] = *f;
            table[*count].id = FLAG_PASSED;
            table[++*count] = (struct hsy_flag){0};
        }
    }
}

/* All of the flags; @table is the caller's, and ends with a NULL name. */
static struct hsy_usage usage_make(struct hsy_flag table[HSY_FLAGS_MAX])
{
    uint32_t count = OWN_FLAGS_COUNT;
    memset(table, 0, HSY_FLAGS_MAX * sizeof(*table));
    memcpy(table, own_flags, sizeof(own_flags));
    add_passed(table, &count, HEARSAY_PEER);
    add_passed(table, &count, HEARSAY_SEED);
    struct hsy_usage usage = demo_usage;
    usage.flags = table;
    return usage;
}

void hsy_demo_help(FILE *out)
{
    struct hsy_flag table[HSY_FLAGS_MAX];
    struct hsy_usage usage = usage_make(table);
    hsy_flags_help(out, &usage);
}

/* ----------------------------------------------------------- one flag */

static int set_count(const struct hsy_flag *flag, const char *value,
                     uint32_t max, uint32_t *out, struct hsy_usage_error *error)
{
    uint64_t number = 0;
    int err =
        hsy_flag_uint(flag, value, (struct hsy_range){1, max}, &number, error);
    if (err == 0) {
        *out = (uint32_t)number;
    }
    return err;
}

/* "3@20s" */
static bool fault_parse(struct hsy_demo_fault *out, const char *value)
{
    const char *at = strchr(value, '@');
    char count_text[8];
    uint64_t count = 0;
    if (at == NULL || (size_t)(at - value) >= sizeof(count_text)) {
        return false;
    }
    memcpy(count_text, value, (size_t)(at - value));
    count_text[at - value] = '\0';
    if (hsy_uint_parse(&count, count_text, HSY_LEDGER_PEERS_MAX) != 0 ||
        count == 0 || hsy_duration_parse(&out->at_ns, at + 1) != 0) {
        return false;
    }
    out->count = (uint32_t)count;
    return true;
}

static int set_fault(struct hsy_demo_options *o, const struct hsy_flag *flag,
                     const char *value, struct hsy_usage_error *error)
{
    struct hsy_demo_fault fault = {
        .kind = (enum hsy_fault_kind)(flag->id - FLAG_KILL + HSY_FAULT_KILL)};
    if (!fault_parse(&fault, value)) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is not how many and when; accepted "
                               "is N@T, as in 3@20s",
                               flag->name, value);
    }
    if (o->faults_count == HSY_DEMO_FAULTS_MAX) {
        return hsy_flag_refuse(error, "--%s: `%s` is one too many; at most %d",
                               flag->name, value, HSY_DEMO_FAULTS_MAX);
    }
    uint32_t place = o->faults_count++;
    for (; place > 0 && o->faults[place - 1].at_ns > fault.at_ns; place--) {
        o->faults[place] = o->faults[place - 1];
    }
    o->faults[place] = fault;
    return 0;
}

static int pass_on(struct hsy_demo_passed *passed, const struct hsy_flag *flag,
                   const char *value, struct hsy_usage_error *error)
{
    char *word = passed->bytes + passed->bytes_len;
    size_t room = sizeof(passed->bytes) - passed->bytes_len;
    int len = snprintf(word, room, "--%s%s%s", flag->name,
                       value == NULL ? "" : "=", value == NULL ? "" : value);
    if (len < 0 || (size_t)len >= room ||
        passed->words_count == HSY_DEMO_PASSED_MAX) {
        return hsy_flag_refuse(error, "--%s: too much to hand on to the nodes",
                               flag->name);
    }
    passed->bytes_len += (size_t)len + 1;
    passed->words[passed->words_count++] = word;
    return 0;
}

static int set_passed(struct hsy_demo_options *o, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    int err = 0;
    if (flag_find(role_flags(HEARSAY_SEED), flag->name) != NULL) {
        err = pass_on(&o->for_seeds, flag, value, error);
    }
    if (err == 0 && flag_find(role_flags(HEARSAY_PEER), flag->name) != NULL) {
        err = pass_on(&o->for_peers, flag, value, error);
    }
    return err;
}

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    static const struct hsy_range for_range = {HSY_SECOND,
                                               24 * 60 * HSY_MINUTE};
    static const struct hsy_range rng_range = {0, UINT64_MAX};
    struct hsy_demo_options *o = ctx;
    switch (flag->id) {
    case FLAG_SEEDS:
        return set_count(flag, value, HEARSAY_SEEDS_MAX, &o->seeds, error);
    case FLAG_PEERS:
        return set_count(flag, value, HSY_LEDGER_PEERS_MAX, &o->peers, error);
    case FLAG_FOR:
        return hsy_flag_duration(flag, value, for_range, &o->for_ns, error);
    case FLAG_KILL:
    case FLAG_FREEZE:
    case FLAG_THAW:
        return set_fault(o, flag, value, error);
    case FLAG_RNG:
        return hsy_flag_uint(flag, value, rng_range, &o->rng, error);
    case FLAG_HTTP:
        o->http = strcmp(value, "off") == 0 ? NULL : value;
        return 0;
    case FLAG_JSON:
        o->json = true;
        return 0;
    case FLAG_HELP:
        o->help = true;
        return 0;
    default: /* FLAG_PASSED */
        return set_passed(o, flag, value, error);
    }
}

/* ------------------------------------------------------- all together */

static int faults_check(const struct hsy_demo_options *o,
                        struct hsy_usage_error *error)
{
    static const char *const names[] = {"kill", "freeze", "thaw"};
    uint32_t touched = 0, frozen = 0;
    for (uint32_t i = 0; i < o->faults_count; i++) {
        const struct hsy_demo_fault *f = &o->faults[i];
        if (f->at_ns >= o->for_ns) {
            return hsy_flag_refuse(error,
                                   "--%s: the demo ends before that; choose "
                                   "a time under --for",
                                   names[f->kind]);
        }
        if (f->kind == HSY_FAULT_THAW && f->count > frozen) {
            return hsy_flag_refuse(error,
                                   "--thaw: only %u of the peers to thaw are "
                                   "frozen by then",
                                   frozen);
        }
        touched += f->kind == HSY_FAULT_THAW ? 0 : f->count;
        frozen += f->kind == HSY_FAULT_FREEZE ? f->count : 0;
        frozen -= f->kind == HSY_FAULT_THAW ? f->count : 0;
    }
    if (touched > o->peers) {
        return hsy_flag_refuse(error,
                               "--kill and --freeze ask for %u peers; there "
                               "are %u (--peers)",
                               touched, o->peers);
    }
    return 0;
}

/* The nodes' own parser has the last word on what they are handed. */
static int passed_check(const struct hsy_demo_passed *passed,
                        enum hearsay_role role, const char *http,
                        struct hearsay_addr *out_http,
                        struct hsy_usage_error *error)
{
    char name[] = "demo";
    char flag[] = "--http";
    char *argv[HSY_DEMO_PASSED_MAX + 4] = {name};
    char words[HSY_DEMO_PASSED_BYTES];
    char http_copy[128];
    int argc = 1;
    memcpy(words, passed->bytes, sizeof(words));
    for (uint32_t i = 0; i < passed->words_count; i++) {
        argv[argc++] = words + (passed->words[i] - passed->bytes);
    }
    if (http != NULL && strlen(http) < sizeof(http_copy)) {
        snprintf(http_copy, sizeof(http_copy), "%s", http);
        argv[argc++] = flag;
        argv[argc++] = http_copy;
    }
    struct hsy_node_options parsed;
    int err = hsy_node_options_parse(&parsed, role, argc, argv, error);
    *out_http = parsed.http;
    return err;
}

int hsy_demo_options_parse(struct hsy_demo_options *out, int argc, char **argv,
                           struct hsy_usage_error *error)
{
    *out = (struct hsy_demo_options){.peers = 12,
                                     .seeds = 3,
                                     .for_ns = HEARSAY_NEVER,
                                     .rng = 1,
                                     .http = "127.0.0.1:8080"};
    struct hsy_flag table[HSY_FLAGS_MAX];
    struct hsy_usage usage = usage_make(table);
    int first = 0;
    int err = hsy_flags_scan(&usage, argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->help) {
        return err;
    }
    err = faults_check(out, error);
    if (err == 0) {
        err = passed_check(&out->for_peers, HEARSAY_PEER, NULL, &out->http_addr,
                           error);
    }
    if (err == 0) {
        err = passed_check(&out->for_seeds, HEARSAY_SEED, out->http,
                           &out->http_addr, error);
    }
    return err;
}
