/* Flags of a node: one table for what both roles take, and one each for what
 * only one does. A value is judged when it is read, by the flag's own rule;
 * what depends on several flags (profile, socket path) is settled at the
 * end, so that their order never matters. */
#include "cli/node_options.h"

#include "base/addr.h"
#include "base/assert.h"
#include "base/quantity.h"
#include "base/time.h"
#include "runtime/limits.h"

#include <string.h>

enum {
    FLAG_LISTEN,
    FLAG_ADVERTISE,
    FLAG_SEEDS,
    FLAG_NAME,
    FLAG_NETWORK,
    FLAG_DATA,
    FLAG_SOCKET,
    FLAG_HTTP,
    FLAG_WORKERS,
    FLAG_LOG_LEVEL,
    FLAG_LOG_FORMAT,
    FLAG_OUTPUT,
    FLAG_PARENT,
    FLAG_PROFILE,
    FLAG_PING_INTERVAL,
    FLAG_PING_TIMEOUT,
    FLAG_GOSSIP_INTERVAL,
    FLAG_GOSSIP_COUNT,
    FLAG_LINKS,
    FLAG_OVERLAY,
    FLAG_RELAY,
    FLAG_HISTORY,
    FLAG_RETAIN,
    FLAG_RETAIN_FOR,
    FLAG_RETAIN_ON_DISK,
    FLAG_TOPIC,
    FLAG_ORDERED,
    FLAG_PAYLOAD_MAX,
    FLAG_BULK_BYTES,
    FLAG_JOIN_TIMEOUT,
    FLAG_ANSWERS,
    FLAG_LEASE,
    FLAG_PRINT_LIMITS,
    FLAG_HELP
};

enum { INLINE_MAX = 15 * 1024 };
#define MIB (UINT64_C(1024) * 1024)

/* Rows that both roles have; the default of --listen is the role's own. */
#define COMMON_FLAGS(listen_default)                                           \
    {"listen", "HOST:PORT",                                                    \
     "where to accept links, up to 4 times (default " listen_default ")",      \
     FLAG_LISTEN},                                                             \
        {"advertise", "HOST[:PORT]",                                           \
         "where others reach this node, up to 4 times (default what is "       \
         "bound)",                                                             \
         FLAG_ADVERTISE},                                                      \
        {"seeds", "FILE", "the seed list (default config.txt)", FLAG_SEEDS},   \
        {"name", "TEXT", "a name for people, 64 bytes at most", FLAG_NAME},    \
        {"network", "TEXT", "the network's name (default default)",            \
         FLAG_NETWORK},                                                        \
        {"data", "DIR", "key, database, lock (default ./hearsay-data)",        \
         FLAG_DATA},                                                           \
        {"socket", "PATH", "the control socket (default DATA/control.sock)",   \
         FLAG_SOCKET},                                                         \
        {"http", "HOST:PORT",                                                  \
         "the same API on loopback TCP, or off (default off)", FLAG_HTTP},     \
        {"workers", "N", "threads for heavy work (default cores - 1)",         \
         FLAG_WORKERS},                                                        \
        {"profile", "NAME", "ping times: mission, lan, wan (default mission)", \
         FLAG_PROFILE},                                                        \
        {"ping-interval", "DUR",                                               \
         "ping each neighbour this often (default 13s)", FLAG_PING_INTERVAL},  \
        {"ping-timeout", "DUR", "a later answer is a strike (default 3s)",     \
         FLAG_PING_TIMEOUT},                                                   \
        {"log-level", "LEVEL", "debug, info, warn, error (default info)",      \
         FLAG_LOG_LEVEL},                                                      \
        {"log-format", "FORMAT", "text, json (default text)",                  \
         FLAG_LOG_FORMAT},                                                     \
        {"output", "FILE", "append the log here too; SIGHUP reopens it",       \
         FLAG_OUTPUT},                                                         \
        {"print-limits", NULL, "print every bound and its bytes, and end",     \
         FLAG_PRINT_LIMITS},                                                   \
        {"parent", "PID", NULL, FLAG_PARENT},                                  \
    {                                                                          \
        "help", NULL, "print this", FLAG_HELP                                  \
    }

static const struct hsy_flag seed_flags[] = {
    COMMON_FLAGS("[::]:7946"),
    {"lease", "DUR", "silence keeps a peer listed this long (default 10m)",
     FLAG_LEASE},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_flag peer_flags[] = {
    COMMON_FLAGS("[::]:0"),
    {"gossip-interval", "DUR", "generate a message this often (default 5s)",
     FLAG_GOSSIP_INTERVAL},
    {"gossip-count", "N",
     "how many in all, 0 = none, or unlimited (default 10)", FLAG_GOSSIP_COUNT},
    {"links", "M", "links that this peer chooses itself (default 4)",
     FLAG_LINKS},
    {"overlay", "RULE",
     "preferential, top-half, uniform (default preferential)", FLAG_OVERLAY},
    {"relay", "HOW", "tree, flood (default tree)", FLAG_RELAY},
    {"history", "N",
     "of what was said before it came, N messages of each origin, all, or off "
     "(default all)",
     FLAG_HISTORY},
    {"retain", "SIZE", "messages kept for others, in bytes (default 64MiB)",
     FLAG_RETAIN},
    {"retain-for", "DUR", "and for how long (default 10m)", FLAG_RETAIN_FOR},
    {"retain-on-disk", NULL,
     "keep them over a restart, and deliver nothing twice because of one",
     FLAG_RETAIN_ON_DISK},
    {"topic", "PATTERN",
     "deliver this topic only, or those that begin with what is before a *; "
     "up to 64 times (default all)",
     FLAG_TOPIC},
    {"ordered", "DUR",
     "deliver each origin's messages in order, and wait for what is missing "
     "so long; 0 = as they come (default 0)",
     FLAG_ORDERED},
    {"payload-max", "SIZE",
     "take no longer messages, 15KiB to 16MiB (default 16MiB)",
     FLAG_PAYLOAD_MAX},
    {"bulk-bytes", "SIZE",
     "for messages of more than 15 KiB, from 16MiB (default 64MiB)",
     FLAG_BULK_BYTES},
    {"join-timeout", "DUR", "give up joining after this; 0 = never (default 0)",
     FLAG_JOIN_TIMEOUT},
    {"answers", NULL,
     "an application answers queries (`hearsay answer`); without it this "
     "peer says by itself that it got them",
     FLAG_ANSWERS},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage seed_usage = {
    .command = "seed",
    .operands = "",
    .summary = "Runs a seed node in the foreground: it keeps the list of "
               "peers that newcomers ask for.",
    .example = "hearsay seed --listen 0.0.0.0:7946 --seeds config.txt "
               "--data /var/lib/hearsay",
    .flags = seed_flags,
};

static const struct hsy_usage peer_usage = {
    .command = "peer",
    .operands = "",
    .summary = "Runs a peer in the foreground: it joins through the seeds, "
               "links to other peers, and gossips.",
    .example = "hearsay peer --seeds config.txt --data ./alice --name alice",
    .flags = peer_flags,
};

const struct hsy_usage *hsy_node_usage(enum hearsay_role role)
{
    return role == HEARSAY_SEED ? &seed_usage : &peer_usage;
}

/* ------------------------------------------------------- addresses, names */

static int set_listen(struct hsy_node_options *o, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    struct hearsay_seed parsed;
    const char *why = "";
    if (hsy_endpoint_parse(&parsed, value, true, &why) != 0) {
        return hsy_flag_refuse(error,
                               "--%s: `%s`: %s; accepted is HOST:PORT, as in "
                               "0.0.0.0:7946 or [::]:0",
                               flag->name, value, why);
    }
    if (o->config.listen_count == HEARSAY_LISTEN_MAX) {
        return hsy_flag_refuse(error, "--%s: `%s` is one too many; at most %d",
                               flag->name, value, HEARSAY_LISTEN_MAX);
    }
    o->config.listen[o->config.listen_count++] = value;
    return 0;
}

/* HOST:PORT, or HOST alone: a name, an IPv4, an IPv6 with brackets or not. */
static bool is_advertisable(const char *value, const char **out_why)
{
    struct hearsay_seed parsed;
    if (hsy_endpoint_parse(&parsed, value, false, out_why) == 0) {
        return true;
    }
    uint8_t ip[16];
    if (hsy_ip_parse(ip, value, strlen(value)) == 0) {
        return true;
    }
    char with_port[HEARSAY_HOST_MAX + 8];
    const char *ignored = NULL;
    int len = snprintf(with_port, sizeof(with_port), "%s:1", value);
    return len > 0 && (size_t)len < sizeof(with_port) &&
           hsy_endpoint_parse(&parsed, with_port, false, &ignored) == 0;
}

static int set_advertise(struct hsy_node_options *o,
                         const struct hsy_flag *flag, const char *value,
                         struct hsy_usage_error *error)
{
    const char *why = "";
    if (!is_advertisable(value, &why)) {
        return hsy_flag_refuse(error,
                               "--%s: `%s`: %s; accepted is HOST or "
                               "HOST:PORT, as in 192.0.2.7 or [2001:db8::7]:"
                               "7946",
                               flag->name, value, why);
    }
    if (o->config.advertise_count == HEARSAY_ADDRS_MAX) {
        return hsy_flag_refuse(error, "--%s: `%s` is one too many; at most %d",
                               flag->name, value, HEARSAY_ADDRS_MAX);
    }
    o->config.advertise[o->config.advertise_count++] = value;
    return 0;
}

static int set_topic(struct hsy_node_options *o, const struct hsy_flag *flag,
                     const char *value, struct hsy_usage_error *error)
{
    struct hearsay_config *n = &o->config.node;
    size_t len = strlen(value);
    const char *star = strchr(value, '*');
    if (len > HSY_TOPIC_FLAG_LEN_MAX ||
        (star != NULL && star != value + len - 1)) {
        return hsy_flag_refuse(error,
                               "--%s: `%.80s` is no pattern; accepted is a "
                               "topic, or the beginning of one and a * at the "
                               "end, of at most %d bytes",
                               flag->name, value, HSY_TOPIC_FLAG_LEN_MAX);
    }
    if (n->topics_count == HSY_TOPIC_FLAGS_MAX) {
        return hsy_flag_refuse(error, "--%s: `%s` is one too many; at most %d",
                               flag->name, value, HSY_TOPIC_FLAGS_MAX);
    }
    o->topics[n->topics_count++] = value;
    n->topics = o->topics;
    return 0;
}

static bool is_loopback(const uint8_t ip[16])
{
    static const uint8_t v6[16] = {[15] = 1};
    static const uint8_t v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    return memcmp(ip, v6, sizeof(v6)) == 0 || memcmp(ip, v4, sizeof(v4)) == 0;
}

/* The API has no authentication yet, so loopback only. */
static int set_http(struct hsy_node_options *o, const struct hsy_flag *flag,
                    const char *value, struct hsy_usage_error *error)
{
    o->http_on = strcmp(value, "off") != 0;
    if (!o->http_on) {
        return 0;
    }
    struct hearsay_seed parsed;
    const char *why = "";
    if (hsy_endpoint_parse(&parsed, value, true, &why) != 0) {
        return hsy_flag_refuse(error,
                               "--%s: `%s`: %s; accepted is off, or a loopback "
                               "HOST:PORT, as in 127.0.0.1:8080",
                               flag->name, value, why);
    }
    const char *host =
        strcmp(parsed.host, "localhost") == 0 ? "127.0.0.1" : parsed.host;
    if (hsy_ip_parse(o->http.ip, host, strlen(host)) != 0 ||
        !is_loopback(o->http.ip)) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is not on loopback, and the API "
                               "lets everybody in; accepted is off, "
                               "127.0.0.1:PORT, [::1]:PORT or localhost:PORT",
                               flag->name, value);
    }
    o->http.port = parsed.port;
    return 0;
}

/* Printable UTF-8 is the node's business; here only the length, because a
 * text that is too long is surely a mistake on the command line. */
static int set_text(const struct hsy_flag *flag, const char *value,
                    struct hsy_range len, const char **out,
                    struct hsy_usage_error *error)
{
    size_t value_len = strlen(value);
    if (value_len < len.min || value_len > len.max) {
        return hsy_flag_refuse(error,
                               "--%s: `%.80s` has %zu bytes; accepted is a "
                               "text of %llu to %llu bytes",
                               flag->name, value, value_len,
                               (unsigned long long)len.min,
                               (unsigned long long)len.max);
    }
    *out = value;
    return 0;
}

static const struct hsy_range path_len = {1, 4000};

static int set_place(struct hsy_node_options *o, const struct hsy_flag *flag,
                     const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range name_len = {0, HEARSAY_NAME_MAX};
    static const struct hsy_range network_len = {1, HEARSAY_NAME_MAX};
    struct hearsay_runtime_config *c = &o->config;
    switch (flag->id) {
    case FLAG_LISTEN:
        return set_listen(o, flag, value, error);
    case FLAG_ADVERTISE:
        return set_advertise(o, flag, value, error);
    case FLAG_HTTP:
        return set_http(o, flag, value, error);
    case FLAG_TOPIC:
        return set_topic(o, flag, value, error);
    case FLAG_NAME:
        return set_text(flag, value, name_len, &c->node.name, error);
    case FLAG_NETWORK:
        return set_text(flag, value, network_len, &c->node.network, error);
    case FLAG_SEEDS:
        return set_text(flag, value, path_len, &o->seeds_path, error);
    case FLAG_DATA:
        return set_text(flag, value, path_len, &c->data_dir, error);
    case FLAG_SOCKET:
        return set_text(flag, value, path_len, &o->socket_wish, error);
    default: /* FLAG_OUTPUT: the caller sends no other. */
        return set_text(flag, value, path_len, &o->output, error);
    }
}

/* ------------------------------------------------------- numbers, choices */

static int set_u32(const struct hsy_flag *flag, const char *value,
                   struct hsy_range range, uint32_t *out,
                   struct hsy_usage_error *error)
{
    HSY_ASSERT(range.max <= UINT32_MAX);
    uint64_t number = 0;
    int err = hsy_flag_uint(flag, value, range, &number, error);
    if (err == 0) {
        *out = (uint32_t)number;
    }
    return err;
}

static int set_gossip_count(const struct hsy_flag *flag, const char *value,
                            uint32_t *out, struct hsy_usage_error *error)
{
    if (strcmp(value, "unlimited") == 0) {
        *out = HEARSAY_UNLIMITED;
        return 0;
    }
    struct hsy_range range = {0, HEARSAY_UNLIMITED - 1};
    uint64_t number = 0;
    if (hsy_flag_uint(flag, value, range, &number, error) != 0) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is neither a whole number from 0 "
                               "(none) to %lu nor `unlimited`",
                               flag->name, value, (unsigned long)range.max);
    }
    *out = (uint32_t)number;
    return 0;
}

static int set_history(const struct hsy_flag *flag, const char *value,
                       uint32_t *out, struct hsy_usage_error *error)
{
    bool all = strcmp(value, "all") == 0;
    if (all || strcmp(value, "off") == 0) {
        *out = all ? HEARSAY_UNLIMITED : 0;
        return 0;
    }
    struct hsy_range range = {0, HEARSAY_UNLIMITED - 1};
    if (set_u32(flag, value, range, out, error) != 0) {
        return hsy_flag_refuse(error,
                               "--%s: `%s` is neither a whole number from 0 to "
                               "%lu, nor `all`, nor `off`",
                               flag->name, value, (unsigned long)range.max);
    }
    return 0;
}

static int set_number(struct hsy_node_options *o, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    struct hearsay_config *n = &o->config.node;
    uint64_t pid = 0;
    int err;
    switch (flag->id) {
    case FLAG_WORKERS:
        return set_u32(flag, value, (struct hsy_range){1, 256},
                       &o->config.workers, error);
    case FLAG_LINKS:
        return set_u32(flag, value, (struct hsy_range){1, 64}, &n->links_wanted,
                       error);
    case FLAG_GOSSIP_COUNT:
        return set_gossip_count(flag, value, &n->gossip_count, error);
    case FLAG_HISTORY:
        return set_history(flag, value, &n->history, error);
    default: /* FLAG_PARENT */
        err = hsy_flag_uint(flag, value, (struct hsy_range){1, INT32_MAX}, &pid,
                            error);
        o->parent_pid = (int64_t)pid;
        return err;
    }
}

/* 0 is off; it must not be taken for the shortest wait. */
static int set_ordered(const struct hsy_flag *flag, const char *value,
                       uint64_t *out, struct hsy_usage_error *error)
{
    static const struct hsy_range wait = {HSY_MS, 10 * HSY_MINUTE};
    if (strcmp(value, "0") == 0) {
        *out = 0;
        return 0;
    }
    return hsy_flag_duration(flag, value, wait, out, error);
}

static int set_size(struct hsy_node_options *o, const struct hsy_flag *flag,
                    const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range payload = {INLINE_MAX, HEARSAY_PAYLOAD_MAX};
    static const struct hsy_range bulk = {16 * MIB, 64 * 1024 * MIB};
    /* Narrower than what a node takes (src/node/config.c), so that whatever
     * --retain says can stand beside --retain-on-disk. */
    static const struct hsy_range retain = {HSY_RETAIN_DISK_MIN,
                                            HSY_RETAIN_DISK_MAX};
    struct hearsay_config *n = &o->config.node;
    if (flag->id == FLAG_RETAIN) {
        return hsy_flag_size(flag, value, retain, &n->retain_bytes, error);
    }
    if (flag->id == FLAG_BULK_BYTES) {
        return hsy_flag_size(flag, value, bulk, &n->bulk_bytes, error);
    }
    uint64_t size = n->payload_max;
    int err = hsy_flag_size(flag, value, payload, &size, error);
    n->payload_max = (uint32_t)size;
    return err;
}

static int set_duration(struct hsy_node_options *o, const struct hsy_flag *flag,
                        const char *value, struct hsy_usage_error *error)
{
    static const struct hsy_range interval = {100 * HSY_MS, 60 * HSY_MINUTE};
    static const struct hsy_range timeout = {10 * HSY_MS, 12 * HSY_SECOND};
    static const struct hsy_range gossip = {10 * HSY_MS, 24 * 60 * HSY_MINUTE};
    static const struct hsy_range join = {0, 24 * 60 * HSY_MINUTE};
    static const struct hsy_range lease = {HSY_SECOND, 24 * 60 * HSY_MINUTE};
    static const struct hsy_range retain = {HSY_SECOND, 24 * 60 * HSY_MINUTE};
    struct hearsay_config *n = &o->config.node;
    switch (flag->id) {
    case FLAG_PING_INTERVAL:
        o->ping_interval_given = true;
        return hsy_flag_duration(flag, value, interval, &n->ping_interval_ns,
                                 error);
    case FLAG_PING_TIMEOUT:
        o->ping_timeout_given = true;
        return hsy_flag_duration(flag, value, timeout, &n->ping_timeout_ns,
                                 error);
    case FLAG_GOSSIP_INTERVAL:
        return hsy_flag_duration(flag, value, gossip, &n->gossip_interval_ns,
                                 error);
    case FLAG_JOIN_TIMEOUT:
        return hsy_flag_duration(flag, value, join, &n->join_timeout_ns, error);
    case FLAG_ORDERED:
        return set_ordered(flag, value, &n->ordered_wait_ns, error);
    case FLAG_RETAIN_FOR:
        return hsy_flag_duration(flag, value, retain, &n->retain_ns, error);
    default: /* FLAG_LEASE */
        return hsy_flag_duration(flag, value, lease, &n->lease_ns, error);
    }
}

/* In the order of the enums that they stand for. */
static const char *const profiles[] = {"mission", "lan", "wan", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const overlays[] = {"preferential", "top-half", "uniform",
                                       NULL};
static const char *const relays[] = {"tree", "flood", NULL};

static int set_choice(struct hsy_node_options *o, const struct hsy_flag *flag,
                      const char *value, struct hsy_usage_error *error)
{
    static const char *const *const names[] = {
        [FLAG_PROFILE] = profiles,   [FLAG_LOG_LEVEL] = levels,
        [FLAG_LOG_FORMAT] = formats, [FLAG_OVERLAY] = overlays,
        [FLAG_RELAY] = relays,
    };
    uint32_t index = 0;
    int err = hsy_flag_choice(flag, value, names[flag->id], &index, error);
    if (err != 0) {
        return err;
    }
    switch (flag->id) {
    case FLAG_PROFILE:
        o->profile = (enum hsy_profile)index;
        break;
    case FLAG_LOG_LEVEL:
        o->log_level = (enum hearsay_level)index;
        break;
    case FLAG_LOG_FORMAT:
        o->log_json = index == 1;
        break;
    case FLAG_OVERLAY:
        o->config.node.overlay = (enum hearsay_overlay)index;
        break;
    default: /* FLAG_RELAY */
        o->config.node.relay = (enum hearsay_relay)index;
        break;
    }
    return 0;
}

/* ---------------------------------------------------------------- all of it */

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct hsy_node_options *o = ctx;
    switch (flag->id) {
    case FLAG_HELP:
        o->help = true;
        return 0;
    case FLAG_PRINT_LIMITS:
        o->print_limits = true;
        return 0;
    case FLAG_RETAIN_ON_DISK:
        o->config.node.retain_on_disk = true;
        return 0;
    case FLAG_ANSWERS:
        o->config.node.answers = true;
        return 0;
    case FLAG_WORKERS:
    case FLAG_LINKS:
    case FLAG_GOSSIP_COUNT:
    case FLAG_HISTORY:
    case FLAG_PARENT:
        return set_number(o, flag, value, error);
    case FLAG_PING_INTERVAL:
    case FLAG_PING_TIMEOUT:
    case FLAG_GOSSIP_INTERVAL:
    case FLAG_JOIN_TIMEOUT:
    case FLAG_RETAIN_FOR:
    case FLAG_ORDERED:
    case FLAG_LEASE:
        return set_duration(o, flag, value, error);
    case FLAG_RETAIN:
    case FLAG_PAYLOAD_MAX:
    case FLAG_BULK_BYTES:
        return set_size(o, flag, value, error);
    case FLAG_PROFILE:
    case FLAG_LOG_LEVEL:
    case FLAG_LOG_FORMAT:
    case FLAG_OVERLAY:
    case FLAG_RELAY:
        return set_choice(o, flag, value, error);
    default:
        return set_place(o, flag, value, error);
    }
}

static void apply_profile(struct hsy_node_options *o)
{
    static const struct {
        uint64_t interval_ns, timeout_ns;
    } times[] = {
        [HSY_PROFILE_MISSION] = {13 * HSY_SECOND, 3 * HSY_SECOND},
        [HSY_PROFILE_LAN] = {1 * HSY_SECOND, 500 * HSY_MS},
        [HSY_PROFILE_WAN] = {5 * HSY_SECOND, 3 * HSY_SECOND},
    };
    struct hearsay_config *n = &o->config.node;
    if (!o->ping_interval_given) {
        n->ping_interval_ns = times[o->profile].interval_ns;
    }
    if (!o->ping_timeout_given) {
        n->ping_timeout_ns =
            hsy_time_min(times[o->profile].timeout_ns, n->ping_interval_ns);
    }
}

static int settle_socket(struct hsy_node_options *o,
                         struct hsy_usage_error *error)
{
    const char *dir = o->config.data_dir;
    int len = o->socket_wish != NULL
                  ? snprintf(o->socket_path, sizeof(o->socket_path), "%s",
                             o->socket_wish)
                  : snprintf(o->socket_path, sizeof(o->socket_path),
                             "%s/control.sock", dir);
    if (len >= 0 && len <= HSY_SOCKET_PATH_MAX) {
        return 0;
    }
    return hsy_flag_refuse(error,
                           "--%s: `%.80s%s` makes a socket path of %d bytes; "
                           "the system allows %d: choose a shorter one with "
                           "--socket",
                           o->socket_wish != NULL ? "socket" : "data",
                           o->socket_wish != NULL ? o->socket_wish : dir,
                           len > 80 ? "..." : "", len, HSY_SOCKET_PATH_MAX);
}

int hsy_node_options_parse(struct hsy_node_options *out, enum hearsay_role role,
                           int argc, char **argv, struct hsy_usage_error *error)
{
    *out = (struct hsy_node_options){
        .role = role,
        .seeds_path = "config.txt",
        .log_level = HEARSAY_INFO,
    };
    hearsay_runtime_config_init(&out->config, role);
    out->config.listen_count = 0;
    out->config.data_dir = "./hearsay-data";

    int first = 0;
    int err = hsy_flags_scan(hsy_node_usage(role), argc, argv,
                             (struct hsy_flag_taker){set, out}, &first, error);
    if (err != 0 || out->help) {
        return err;
    }
    if (out->config.listen_count == 0) {
        out->config.listen[out->config.listen_count++] =
            role == HEARSAY_SEED ? "[::]:7946" : "[::]:0";
    }
    apply_profile(out);
    const struct hearsay_config *n = &out->config.node;
    if (n->ping_timeout_ns > n->ping_interval_ns) {
        return hsy_flag_refuse(
            error,
            "--ping-timeout: %llu ms is longer than --ping-interval, %llu ms; "
            "an answer is due before the next ping",
            (unsigned long long)(n->ping_timeout_ns / HSY_MS),
            (unsigned long long)(n->ping_interval_ns / HSY_MS));
    }
    return settle_socket(out, error);
}
