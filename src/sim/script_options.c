/* The first line of a scenario, its options, and the weather: one table of
 * patterns and ranges, so that nothing is accepted that a node or a cluster
 * would refuse when it starts. */
#include "base/time.h"
#include "sim/script_parser.h"

#include <string.h>

enum {
    KIB = 1024,
    PEERS_MAX = 1000000,
    LINKS_MAX = 64,
    BOOK_MAX = 100000,
    RETAIN_MAX = 10000000,
    RATE_KIB_MAX = 1024 * 1024,
    GROUPS_MAX = 1024,
    PUBLIC_MAX = 65000
};
#define SPAN_MAX_NS (10 * HSY_MINUTE)
#define DAY_NS (24 * 60 * HSY_MINUTE)
#define YEAR_NS (365 * 24 * 60 * HSY_MINUTE)

enum option {
    OPTION_RNG,
    OPTION_PING,
    OPTION_PING_TIMEOUT,
    OPTION_GOSSIP,
    OPTION_COUNT,
    OPTION_UNLIMITED,
    OPTION_OVERLAY,
    OPTION_LINKS,
    OPTION_LINKS_MAX,
    OPTION_BOOK,
    OPTION_RELAY_TREE,
    OPTION_RELAY_FLOOD,
    OPTION_HISTORY,
    OPTION_HISTORY_ALL,
    OPTION_RETAIN,
    OPTION_RETAIN_FOR,
    OPTION_ORDERED,
    OPTION_ON_DISK,
    OPTION_JOBS,
    OPTION_DISK,
    OPTION_STAGGER,
    OPTION_LEASE,
    OPTION_JOIN_TIMEOUT,
    OPTION_ONE_HOST,
    OPTION_UNCHECKED,
    OPTION_GROUPS,
    OPTION_STRANGERS,
    OPTION_LATENCY,
    OPTION_TAIL,
    OPTION_RATE,
    OPTION_WINDOW,
    OPTIONS
};

/* @min to @max: of the first number, or of the end of a span. */
static const struct {
    const char *pattern;
    uint64_t min, max;
    const char *range; /* In words. */
} options[OPTIONS] = {
    [OPTION_RNG] = {"rng $n", 1, UINT32_MAX, "1 to 4294967295"},
    [OPTION_PING] = {"ping $time", 10 * HSY_MS, YEAR_NS, "10ms to a year"},
    [OPTION_PING_TIMEOUT] = {"ping-timeout $time", 10 * HSY_MS, 12 * HSY_SECOND,
                             "10ms to 12s"},
    [OPTION_GOSSIP] = {"gossip $time", HSY_MS, YEAR_NS, "1ms to a year"},
    [OPTION_COUNT] = {"count $n", 0, UINT32_MAX - 1, "0 to 4294967294"},
    [OPTION_UNLIMITED] = {"count unlimited", 0, 0, ""},
    [OPTION_OVERLAY] = {"overlay $rule", 0, 0, ""},
    [OPTION_LINKS] = {"links $n", 1, LINKS_MAX, "1 to 64"},
    [OPTION_LINKS_MAX] = {"links-max $n", 16, PEERS_MAX, "16 to 1000000"},
    [OPTION_BOOK] = {"book $n", 1, BOOK_MAX, "1 to 100000"},
    [OPTION_RELAY_TREE] = {"relay tree", 0, 0, ""},
    [OPTION_RELAY_FLOOD] = {"relay flood", 0, 0, ""},
    [OPTION_HISTORY] = {"history $n", 0, UINT32_MAX - 1, "0 to 4294967294"},
    [OPTION_HISTORY_ALL] = {"history all", 0, 0, ""},
    [OPTION_RETAIN] = {"retain $n", 1, RETAIN_MAX, "1 to 10000000"},
    [OPTION_RETAIN_FOR] = {"retain-for $time", HSY_SECOND, DAY_NS, "1s to 24h"},
    [OPTION_ORDERED] = {"ordered $time", HSY_MS, 10 * HSY_MINUTE, "1ms to 10m"},
    [OPTION_ON_DISK] = {"retain-on-disk", 0, 0, ""},
    [OPTION_JOBS] = {"jobs $span", 0, SPAN_MAX_NS, "0s to 10m"},
    [OPTION_DISK] = {"disk $span", 0, SPAN_MAX_NS, "0s to 10m"},
    [OPTION_STAGGER] = {"stagger $span", 0, YEAR_NS, "0s to a year"},
    [OPTION_LEASE] = {"lease $time", HSY_SECOND, YEAR_NS, "1s to a year"},
    [OPTION_JOIN_TIMEOUT] = {"join-timeout $time", 0, YEAR_NS, "0s to a year"},
    [OPTION_ONE_HOST] = {"one host", 0, 0, ""},
    [OPTION_UNCHECKED] = {"no checks", 0, 0, ""},
    [OPTION_GROUPS] = {"groups $n", 1, GROUPS_MAX, "1 to 1024"},
    [OPTION_STRANGERS] = {"strangers $n from peer $n", 1, PUBLIC_MAX,
                          "1 to 65000"},
    [OPTION_LATENCY] = {"latency $span", 0, SPAN_MAX_NS, "0s to 10m"},
    [OPTION_TAIL] = {"tail $percent up to $time", 0, DAY_NS, "0s to 24h"},
    [OPTION_RATE] = {"rate $n KiB/s", 1, RATE_KIB_MAX, "1 to 1048576"},
    [OPTION_WINDOW] = {"window $n KiB", 1, RATE_KIB_MAX, "1 to 1048576"},
};

static void set_rule(struct hearsay_config *config, const char *rule)
{
    config->overlay = strcmp(rule, "preferential") == 0
                          ? HEARSAY_OVERLAY_PREFERENTIAL
                      : strcmp(rule, "uniform") == 0 ? HEARSAY_OVERLAY_UNIFORM
                                                     : HEARSAY_OVERLAY_TOP_HALF;
}

static void set_both(struct hsy_scenario *s, enum option option, uint64_t value)
{
    struct hearsay_config *configs[] = {&s->seed_config, &s->peer_config};
    for (int i = 0; i < 2; i++) {
        if (option == OPTION_PING) {
            configs[i]->ping_interval_ns = value;
        } else if (option == OPTION_PING_TIMEOUT) {
            configs[i]->ping_timeout_ns = value;
        } else if (option == OPTION_LEASE) {
            configs[i]->lease_ns = value;
        } else if (option == OPTION_LINKS_MAX) {
            configs[i]->links_max = (uint32_t)value;
        }
    }
}

static uint32_t set_weather(struct hsy_weather *w, enum option option,
                            const struct hsy_args *args)
{
    uint64_t n = args->numbers[0];
    if (option == OPTION_LATENCY) {
        w->latency_ns = (struct hsy_range){n, args->numbers[1]};
        return HSY_WEATHER_LATENCY;
    }
    if (option == OPTION_TAIL) {
        w->tail_ppm = (uint32_t)n;
        w->tail_ns = args->numbers[1];
        return HSY_WEATHER_TAIL;
    }
    if (option == OPTION_RATE) {
        w->bytes_per_s = (uint32_t)(n * KIB - (n == RATE_KIB_MAX ? 1 : 0));
        return HSY_WEATHER_RATE;
    }
    w->window_len = (uint32_t)(n * KIB - (n == RATE_KIB_MAX ? 1 : 0));
    return HSY_WEATHER_WINDOW;
}

/* How messages spread, and what is kept of them. */
static void set_messages(struct hearsay_config *config, enum option option,
                         uint64_t value)
{
    if (option == OPTION_RELAY_TREE || option == OPTION_RELAY_FLOOD) {
        config->relay = option == OPTION_RELAY_TREE ? HEARSAY_RELAY_TREE
                                                    : HEARSAY_RELAY_FLOOD;
    } else if (option == OPTION_HISTORY || option == OPTION_HISTORY_ALL) {
        config->history =
            option == OPTION_HISTORY ? (uint32_t)value : HEARSAY_UNLIMITED;
    } else if (option == OPTION_RETAIN) {
        config->retain_max = (uint32_t)value;
    } else if (option == OPTION_ORDERED) {
        config->ordered_wait_ns = value;
    } else if (option == OPTION_ON_DISK) {
        config->retain_on_disk = true;
    } else {
        config->retain_ns = value;
    }
}

static void set_option(struct hsy_scenario *s, enum option option,
                       const struct hsy_args *args)
{
    uint64_t n = args->numbers[0];
    struct hsy_range range = {args->numbers[0], args->numbers[1]};
    switch (option) { /* tidy: dispatch */
    case OPTION_RNG:
        s->rng = n;
        break;
    case OPTION_PING:
    case OPTION_PING_TIMEOUT:
    case OPTION_LEASE:
    case OPTION_LINKS_MAX:
        set_both(s, option, n);
        break;
    case OPTION_GOSSIP:
        s->peer_config.gossip_interval_ns = n;
        break;
    case OPTION_COUNT:
        s->peer_config.gossip_count = (uint32_t)n;
        break;
    case OPTION_UNLIMITED:
        s->peer_config.gossip_count = HEARSAY_UNLIMITED;
        break;
    case OPTION_OVERLAY:
        set_rule(&s->peer_config, args->words[0]);
        break;
    case OPTION_LINKS:
        s->peer_config.links_wanted = (uint32_t)n;
        break;
    case OPTION_BOOK:
        s->peer_config.book_max = (uint32_t)n;
        break;
    case OPTION_RELAY_TREE:
    case OPTION_RELAY_FLOOD:
    case OPTION_HISTORY:
    case OPTION_HISTORY_ALL:
    case OPTION_RETAIN:
    case OPTION_RETAIN_FOR:
    case OPTION_ORDERED:
    case OPTION_ON_DISK:
        set_messages(&s->peer_config, option, n);
        break;
    case OPTION_JOBS:
        s->job_ns = range;
        break;
    case OPTION_DISK:
        s->disk_ns = range;
        break;
    case OPTION_STAGGER:
        s->stagger_ns = range;
        break;
    case OPTION_JOIN_TIMEOUT:
        s->peer_config.join_timeout_ns = n;
        break;
    case OPTION_ONE_HOST:
        s->one_host = true;
        break;
    case OPTION_GROUPS:
        s->groups = (uint32_t)n;
        break;
    case OPTION_STRANGERS:
        s->strangers_groups = (uint32_t)n;
        s->strangers_from = (uint32_t)args->numbers[1];
        break;
    case OPTION_UNCHECKED:
        s->unchecked = true;
        break;
    case OPTION_LATENCY:
    case OPTION_TAIL:
    case OPTION_RATE:
    case OPTION_WINDOW:
        (void)set_weather(&s->weather, option, args);
        break;
    case OPTIONS:
        break;
    }
}

/* The option at word @at, from @first on in the table. Returns the words
 * taken; 0: there is none, or (*@err) one that cannot be. */
static uint32_t read_option(struct hsy_parser *p, uint32_t at,
                            enum option *option, struct hsy_args *args,
                            int *err)
{
    hsy_parser_look(p);
    uint32_t taken = 0;
    unsigned i = *option;
    for (; i < OPTIONS && taken == 0; i++) {
        taken = hsy_parser_match(p, options[i].pattern, at, args);
    }
    if (taken == 0) {
        *err = hsy_parser_fail_expected(p);
        return 0;
    }
    i--;
    /* Two patterns for one and the same. */
    bool is_second = i == OPTION_UNLIMITED || i == OPTION_RELAY_FLOOD ||
                     i == OPTION_HISTORY_ALL;
    uint32_t bit = UINT32_C(1) << (is_second ? i - 1 : i);
    if ((p->options_seen & bit) != 0) {
        *err = hsy_parser_fail(p, at, "this option was given before", NULL);
        return 0;
    }
    p->options_seen |= bit;
    uint64_t value = args->numbers[args->numbers_count > 1 ? 1 : 0];
    if (args->numbers_count > 0 &&
        (value < options[i].min || value > options[i].max)) {
        uint32_t where = i == OPTION_TAIL ? at + taken - 1 : at + 1;
        *err = hsy_parser_fail(p, where, "out of range; accepted is ",
                               options[i].range);
        return 0;
    }
    *option = (enum option)i;
    return taken;
}

int hsy_parser_options(struct hsy_parser *p, uint32_t at)
{
    int err = HEARSAY_OK;
    while (at < p->count && err == HEARSAY_OK) {
        struct hsy_args args;
        enum option option = OPTION_RNG;
        uint32_t taken = read_option(p, at, &option, &args, &err);
        if (taken > 0) {
            set_option(p->s, option, &args);
        }
        at += taken;
    }
    return err;
}

int hsy_parser_weather(struct hsy_parser *p, struct hsy_statement *st,
                       uint32_t at)
{
    int err = HEARSAY_OK;
    uint32_t seen = p->options_seen;
    p->options_seen = 0;
    if (at == p->count) {
        hsy_parser_look(p);
        return hsy_parser_fail(
            p, at,
            "the line ends too early; expected latency, tail, rate "
            "or window",
            NULL);
    }
    while (at < p->count && err == HEARSAY_OK) {
        enum option option = OPTION_LATENCY;
        uint32_t taken = read_option(p, at, &option, &st->args, &err);
        if (taken > 0) {
            st->weather_set |= set_weather(&st->weather, option, &st->args);
        }
        at += taken;
    }
    p->options_seen = seen;
    return err;
}

int hsy_parser_cluster(struct hsy_parser *p)
{
    struct hsy_args args;
    uint32_t taken = hsy_parser_match(p, "cluster $n seeds $n peers", 0, &args);
    if (taken == 0) {
        return hsy_parser_fail_expected(p);
    }
    if (p->s->seeds > 0) {
        return hsy_parser_fail(p, 0, "there is a cluster already", NULL);
    }
    if (args.numbers[0] < 1 || args.numbers[0] > HEARSAY_SEEDS_MAX) {
        return hsy_parser_fail(p, 1, "a cluster has 1 to 32 seeds", NULL);
    }
    if (args.numbers[1] > PEERS_MAX) {
        return hsy_parser_fail(p, 3, "a cluster has at most 1000000 peers",
                               NULL);
    }
    p->s->seeds = (uint32_t)args.numbers[0];
    p->s->peers = (uint32_t)args.numbers[1];
    return hsy_parser_options(p, taken);
}
