/* The command line of seed and peer. The commands are no library, so the
 * files under test are compiled right here. */
#include "cli/flags.c"
#include "cli/node_options.c"

#include "support/claim.h"

static struct hsy_node_options options;
static struct hsy_usage_error error;

/* Parses one command line of at most 131 words; NULL ends it. */
static int parse(enum hearsay_role role, const char *const *words)
{
    static char copies[132][512];
    static char *argv[133];
    int argc = 0;
    snprintf(copies[argc], sizeof(copies[0]), "%s",
             role == HEARSAY_SEED ? "seed" : "peer");
    argv[argc] = copies[argc];
    argc++;
    for (; *words != NULL; words++) {
        snprintf(copies[argc], sizeof(copies[0]), "%s", *words);
        argv[argc] = copies[argc];
        argc++;
    }
    argv[argc] = NULL;
    memset(&error, 0, sizeof(error));
    return hsy_node_options_parse(&options, role, argc, argv, &error);
}

#define PEER(...) parse(HEARSAY_PEER, (const char *const[]){__VA_ARGS__, NULL})
#define SEED(...) parse(HEARSAY_SEED, (const char *const[]){__VA_ARGS__, NULL})

/* Refused, with all of these words in the text. */
#define REFUSED(result, ...) \
    refused(result, (const char *const[]){__VA_ARGS__, NULL})

static void refused(int result, const char *const *words)
{
    CLAIM_INT(result, HEARSAY_ERR_INVALID);
    for (; *words != NULL; words++) {
        if (strstr(error.text, *words) == NULL) {
            CLAIM_TEXT(error.text, *words); /* Prints both. */
        }
    }
}

static void a_peer_without_flags_has_the_documented_defaults(void **state)
{
    (void)state;
    CLAIM_INT(parse(HEARSAY_PEER, (const char *const[]){NULL}), 0);
    CLAIM_INT(options.role, HEARSAY_PEER);
    CLAIM_INT(options.config.listen_count, 1);
    CLAIM_TEXT(options.config.listen[0], "[::]:0");
    CLAIM_INT(options.config.advertise_count, 0);
    CLAIM_TEXT(options.seeds_path, "config.txt");
    CLAIM_TEXT(options.config.data_dir, "./hearsay-data");
    CLAIM_TEXT(options.socket_path, "./hearsay-data/control.sock");
    CLAIM(!options.http_on);
    CLAIM(!options.log_json);
    CLAIM_INT(options.log_level, HEARSAY_INFO);
    CLAIM(options.output == NULL);
    CLAIM_INT(options.parent_pid, 0);
    CLAIM(options.config.node.ping_interval_ns == 13 * HSY_SECOND);
    CLAIM(options.config.node.ping_timeout_ns == 3 * HSY_SECOND);
}

static void a_seed_listens_on_its_well_known_port(void **state)
{
    (void)state;
    CLAIM_INT(parse(HEARSAY_SEED, (const char *const[]){NULL}), 0);
    CLAIM_INT(options.config.listen_count, 1);
    CLAIM_TEXT(options.config.listen[0], "[::]:7946");
}

static void every_flag_arrives_in_its_field(void **state)
{
    (void)state;
    const struct hearsay_config *n = &options.config.node;
    CLAIM_INT(PEER("--name", "alice", "--network", "lab", "--gossip-interval",
                   "250ms", "--gossip-count", "7", "--links", "6", "--overlay",
                   "top-half"),
              0);
    CLAIM_TEXT(n->name, "alice");
    CLAIM_TEXT(n->network, "lab");
    CLAIM(n->gossip_interval_ns == 250 * HSY_MS);
    CLAIM_INT(n->gossip_count, 7);
    CLAIM_INT(n->links_wanted, 6);
    CLAIM_INT(n->overlay, HEARSAY_OVERLAY_TOP_HALF);

    CLAIM_INT(PEER("--overlay", "uniform", "--relay", "flood", "--join-timeout",
                   "90s", "--workers", "3", "--log-level", "warn",
                   "--log-format", "json"),
              0);
    CLAIM_INT(n->overlay, HEARSAY_OVERLAY_UNIFORM);
    CLAIM_INT(n->relay, HEARSAY_RELAY_FLOOD);
    CLAIM(n->join_timeout_ns == 90 * HSY_SECOND);
    CLAIM_INT(options.config.workers, 3);
    CLAIM_INT(options.log_level, HEARSAY_WARN);
    CLAIM(options.log_json);

    CLAIM_INT(PEER("--seeds", "s.txt", "--data", "d", "--output", "o.log",
                   "--parent", "17", "--http", "127.0.0.1:8080"),
              0);
    CLAIM_TEXT(options.seeds_path, "s.txt");
    CLAIM_TEXT(options.config.data_dir, "d");
    CLAIM_TEXT(options.socket_path, "d/control.sock");
    CLAIM_TEXT(options.output, "o.log");
    CLAIM_INT(options.parent_pid, 17);
    CLAIM(options.http_on);
    CLAIM_INT(options.http.port, 8080);

    CLAIM_INT(PEER("--history", "5", "--retain", "2MiB", "--retain-for", "3m"),
              0);
    CLAIM_INT(n->history, 5);
    CLAIM(n->retain_bytes == UINT64_C(2) << 20);
    CLAIM(n->retain_ns == 3 * HSY_MINUTE);
    CLAIM_INT(PEER("--payload-max", "15KiB", "--bulk-bytes", "1024MiB"), 0);
    CLAIM_INT(n->payload_max, 15360);
    CLAIM(n->bulk_bytes == UINT64_C(1) << 30);

    CLAIM_INT(SEED("--lease", "2m"), 0);
    CLAIM(n->lease_ns == 2 * HSY_MINUTE);
}

static void gossip_may_be_off_or_without_end(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--gossip-count", "0"), 0);
    CLAIM_INT(options.config.node.gossip_count, 0);
    CLAIM_INT(PEER("--gossip-count", "unlimited"), 0);
    CLAIM(options.config.node.gossip_count == HEARSAY_UNLIMITED);
    /* The number that stands for it is not a number that one can give. */
    REFUSED(PEER("--gossip-count", "4294967295"), "--gossip-count",
            "4294967295", "unlimited");
}

static void history_may_be_off_or_all(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--name", "x"), 0);
    CLAIM(options.config.node.history == HEARSAY_UNLIMITED);
    CLAIM_INT(PEER("--history", "off"), 0);
    CLAIM_INT(options.config.node.history, 0);
    CLAIM_INT(PEER("--history", "0"), 0);
    CLAIM_INT(options.config.node.history, 0);
    CLAIM_INT(PEER("--history", "all"), 0);
    CLAIM(options.config.node.history == HEARSAY_UNLIMITED);
    REFUSED(PEER("--history", "4294967295"), "--history", "4294967295", "all",
            "off");
    REFUSED(PEER("--history", "some"), "--history", "`some`", "all", "off");
    REFUSED(SEED("--history", "all"), "--history", "seed --help");
}

static void what_is_kept_has_bounds_from_both_sides(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--retain", "1MiB"), 0);
    CLAIM_INT(PEER("--retain", "1048576"), 0);
    REFUSED(PEER("--retain", "1023KiB"), "--retain", "1023KiB", "1MiB",
            "16384MiB");
    CLAIM_INT(PEER("--retain", "16384MiB"), 0);
    REFUSED(PEER("--retain", "16385MiB"), "--retain", "16385MiB");
    REFUSED(PEER("--retain", "1GiB"), "--retain", "`1GiB`", "64MiB");
    CLAIM_INT(PEER("--retain-for", "1s"), 0);
    REFUSED(PEER("--retain-for", "999ms"), "--retain-for", "1s", "24h");
    REFUSED(PEER("--retain-for", "25h"), "--retain-for", "25h");
}

static void topics_are_patterns_up_to_64(void **state)
{
    (void)state;
    static char words[65][16];
    const char *all[131] = {NULL};
    CLAIM_INT(PEER("--topic", "disk", "--topic", "alerts/*", "--topic", ""), 0);
    CLAIM_INT(options.config.node.topics_count, 3);
    CLAIM_TEXT(options.config.node.topics[1], "alerts/*");
    CLAIM_TEXT(options.config.node.topics[2], "");
    REFUSED(PEER("--topic", "a*b"), "--topic", "`a*b`", "end");
    REFUSED(PEER("--topic", "01234567890123456789012345678901234567890123456789"
                            "012345678901234"),
            "--topic", "64 bytes");
    for (uint32_t i = 0; i < 65; i++) {
        snprintf(words[i], sizeof(words[i]), "t%u", i);
        all[2 * i] = "--topic";
        all[2 * i + 1] = words[i];
    }
    REFUSED(parse(HEARSAY_PEER, all), "--topic", "`t64`", "64");
    all[128] = NULL;
    CLAIM_INT(parse(HEARSAY_PEER, all), 0);
    CLAIM_INT(options.config.node.topics_count, 64);
}

static void order_is_off_or_waits_a_while(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--ordered", "0"), 0);
    CLAIM_INT(options.config.node.ordered_wait_ns, 0);
    CLAIM_INT(PEER("--ordered", "10m"), 0);
    CLAIM(options.config.node.ordered_wait_ns == 10 * HSY_MINUTE);
    CLAIM_INT(PEER("--ordered", "1ms"), 0);
    REFUSED(PEER("--ordered", "0ms"), "--ordered", "1ms", "10m");
    REFUSED(PEER("--ordered", "11m"), "--ordered", "11m");
}

static void addresses_are_taken_up_to_four_times(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--listen", "127.0.0.1:1", "--listen", "[::1]:2", "--listen",
                   "127.0.0.2:3", "--listen", "127.0.0.3:4"),
              0);
    CLAIM_INT(options.config.listen_count, 4);
    CLAIM_TEXT(options.config.listen[3], "127.0.0.3:4");
    REFUSED(PEER("--listen", "127.0.0.1:1", "--listen", "[::1]:2", "--listen",
                 "127.0.0.2:3", "--listen", "127.0.0.3:4", "--listen",
                 "127.0.0.4:5"),
            "--listen", "127.0.0.4:5", "4");
}

static void an_advertised_address_may_lack_its_port(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--advertise", "192.0.2.7", "--advertise", "node.example",
                   "--advertise", "2001:db8::7", "--advertise",
                   "[2001:db8::7]:99"),
              0);
    CLAIM_INT(options.config.advertise_count, 4);
    REFUSED(PEER("--advertise", "a b"), "--advertise", "a b", "HOST:PORT");
    REFUSED(PEER("--advertise", ":::"), "--advertise", ":::", "HOST:PORT");
    REFUSED(PEER("--advertise", "192.0.2.7:0"), "--advertise", "192.0.2.7:0");
}

static void a_profile_sets_both_times_wherever_it_stands(void **state)
{
    (void)state;
    const struct hearsay_config *n = &options.config.node;
    CLAIM_INT(PEER("--profile", "lan"), 0);
    CLAIM(n->ping_interval_ns == 1 * HSY_SECOND);
    CLAIM(n->ping_timeout_ns == 500 * HSY_MS);
    CLAIM_INT(PEER("--profile", "wan"), 0);
    CLAIM(n->ping_interval_ns == 5 * HSY_SECOND);
    CLAIM(n->ping_timeout_ns == 3 * HSY_SECOND);

    CLAIM_INT(PEER("--ping-interval", "2s", "--profile", "lan"), 0);
    CLAIM(n->ping_interval_ns == 2 * HSY_SECOND);
    CLAIM(n->ping_timeout_ns == 500 * HSY_MS);
    CLAIM_INT(SEED("--profile", "lan", "--ping-timeout", "70ms"), 0);
    CLAIM(n->ping_interval_ns == 1 * HSY_SECOND);
    CLAIM(n->ping_timeout_ns == 70 * HSY_MS);
}

static void an_answer_is_due_before_the_next_ping(void **state)
{
    (void)state;
    const struct hearsay_config *n = &options.config.node;
    CLAIM_INT(PEER("--ping-interval", "3s", "--ping-timeout", "3s"), 0);
    REFUSED(PEER("--ping-interval", "3s", "--ping-timeout", "3001ms"),
            "--ping-timeout", "3001 ms", "--ping-interval", "3000 ms");
    /* A timeout that nobody gave gives way. */
    CLAIM_INT(PEER("--ping-interval", "500ms"), 0);
    CLAIM(n->ping_timeout_ns == 500 * HSY_MS);
}

static void durations_have_bounds_from_both_sides(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--ping-interval", "100ms"), 0);
    REFUSED(PEER("--ping-interval", "99ms"), "--ping-interval", "99ms", "100ms",
            "1h");
    CLAIM_INT(PEER("--ping-interval", "1h"), 0);
    REFUSED(PEER("--ping-interval", "61m"), "--ping-interval", "61m");
    CLAIM_INT(PEER("--join-timeout", "0"), 0);
    CLAIM_INT(PEER("--join-timeout", "1ms"), 0);
    REFUSED(PEER("--join-timeout", "25h"), "--join-timeout", "25h", "24h");
    REFUSED(PEER("--gossip-interval", "0"), "--gossip-interval", "10ms");
    REFUSED(PEER("--gossip-interval", "5"), "--gossip-interval", "`5`", "13s");
    REFUSED(SEED("--lease", "999ms"), "--lease", "999ms", "1s");
}

static void numbers_have_bounds_from_both_sides(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--links", "1"), 0);
    CLAIM_INT(PEER("--links", "64"), 0);
    REFUSED(PEER("--links", "0"), "--links", "`0`", "1 to 64");
    REFUSED(PEER("--links", "65"), "--links", "`65`", "1 to 64");
    REFUSED(PEER("--links", "-1"), "--links", "`-1`", "1 to 64");
    REFUSED(PEER("--links", "4x"), "--links", "`4x`", "1 to 64");
    REFUSED(PEER("--workers", "0"), "--workers", "`0`", "1 to 256");
    REFUSED(PEER("--workers", "257"), "--workers", "`257`", "1 to 256");
    REFUSED(PEER("--parent", "0"), "--parent", "`0`");
}

static void a_choice_names_all_that_there_is(void **state)
{
    (void)state;
    REFUSED(PEER("--overlay", "ring"), "--overlay", "ring",
            "preferential, top-half, uniform");
    REFUSED(PEER("--payload-max", "14KiB"), "--payload-max", "14KiB",
            "15KiB to 16MiB");
    REFUSED(PEER("--payload-max", "17MiB"), "--payload-max", "17MiB",
            "15KiB to 16MiB");
    REFUSED(PEER("--bulk-bytes", "15MiB"), "--bulk-bytes", "15MiB",
            "16MiB to 65536MiB");
    REFUSED(PEER("--bulk-bytes", "some"), "--bulk-bytes", "some",
            "as in 64MiB");
    REFUSED(PEER("--relay", "pigeon"), "--relay", "pigeon", "tree, flood");
    REFUSED(PEER("--profile", "moon"), "--profile", "moon",
            "mission, lan, wan");
    REFUSED(PEER("--log-level", "loud"), "--log-level", "loud",
            "debug, info, warn, error");
    REFUSED(PEER("--log-format", "xml"), "--log-format", "xml", "text, json");
    REFUSED(PEER("--overlay", ""), "--overlay", "``", "preferential");
}

static void the_api_stays_on_loopback(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--http", "off"), 0);
    CLAIM(!options.http_on);
    CLAIM_INT(PEER("--http", "[::1]:8080"), 0);
    CLAIM_INT(PEER("--http", "localhost:0"), 0);
    CLAIM_INT(PEER("--http", "127.9.9.9:80"), 0);
    REFUSED(PEER("--http", "0.0.0.0:80"), "--http", "0.0.0.0:80", "loopback");
    REFUSED(PEER("--http", "[::]:80"), "--http", "[::]:80", "loopback");
    REFUSED(PEER("--http", "192.0.2.1:80"), "--http", "loopback");
    REFUSED(PEER("--http", "example.org:80"), "--http", "loopback");
    REFUSED(PEER("--http", "on"), "--http", "`on`", "127.0.0.1:8080");
}

static void texts_have_a_length(void **state)
{
    (void)state;
    char name[66];
    memset(name, 'x', sizeof(name));
    name[64] = '\0';
    CLAIM_INT(PEER("--name", name), 0);
    name[64] = 'x';
    name[65] = '\0';
    REFUSED(PEER("--name", name), "--name", "65 bytes", "0 to 64");
    CLAIM_INT(PEER("--name", ""), 0);
    REFUSED(PEER("--network", ""), "--network", "1 to 64");
    REFUSED(PEER("--data", ""), "--data", "0 bytes");
}

static void a_socket_path_fits_into_its_address(void **state)
{
    (void)state;
    char path[HSY_SOCKET_PATH_MAX + 2];
    memset(path, 's', sizeof(path));
    path[HSY_SOCKET_PATH_MAX] = '\0';
    CLAIM_INT(PEER("--socket", path), 0);
    CLAIM_TEXT(options.socket_path, path);
    path[HSY_SOCKET_PATH_MAX] = 's';
    path[HSY_SOCKET_PATH_MAX + 1] = '\0';
    REFUSED(PEER("--socket", path), "--socket", "108", "107");

    /* 107 with "/control.sock", which has 13 bytes. */
    path[94] = '\0';
    CLAIM_INT(PEER("--data", path), 0);
    path[94] = 's';
    path[95] = '\0';
    REFUSED(PEER("--data", path), "--data", "108", "107", "--socket");
    CLAIM_INT(PEER("--data", path, "--socket", "s"), 0);
}

static void what_is_no_flag_is_named(void **state)
{
    (void)state;
    REFUSED(PEER("--bogus"), "--bogus", "peer --help");
    REFUSED(PEER("-x"), "-x");
    REFUSED(PEER("extra"), "`extra`");
    REFUSED(PEER("--links"), "--links", "missing");
    REFUSED(PEER("--help=3"), "--help", "no value");
    /* Each role has its own. */
    REFUSED(SEED("--links", "4"), "--links", "seed --help");
    REFUSED(PEER("--lease", "5m"), "--lease", "peer --help");
}

static void help_wins_over_what_else_is_missing(void **state)
{
    (void)state;
    CLAIM_INT(PEER("--help"), 0);
    CLAIM(options.help);
    CLAIM_INT(PEER("--print-limits"), 0);
    CLAIM(options.print_limits);
}

static void help_shows_every_flag_but_the_hidden_one(void **state)
{
    (void)state;
    char text[8192];
    FILE *out = fmemopen(text, sizeof(text), "w");
    CLAIM(out != NULL);
    hsy_flags_help(out, hsy_node_usage(HEARSAY_PEER));
    fclose(out);
    for (const struct hsy_flag *f = peer_flags; f->name != NULL; f++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "--%s ", f->name);
        CLAIM((strstr(text, flag) != NULL) == (f->id != FLAG_PARENT));
    }
    CLAIM(strstr(text, "Example:") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_without_flags_has_the_documented_defaults),
        cmocka_unit_test(a_seed_listens_on_its_well_known_port),
        cmocka_unit_test(every_flag_arrives_in_its_field),
        cmocka_unit_test(gossip_may_be_off_or_without_end),
        cmocka_unit_test(history_may_be_off_or_all),
        cmocka_unit_test(what_is_kept_has_bounds_from_both_sides),
        cmocka_unit_test(topics_are_patterns_up_to_64),
        cmocka_unit_test(order_is_off_or_waits_a_while),
        cmocka_unit_test(addresses_are_taken_up_to_four_times),
        cmocka_unit_test(an_advertised_address_may_lack_its_port),
        cmocka_unit_test(a_profile_sets_both_times_wherever_it_stands),
        cmocka_unit_test(an_answer_is_due_before_the_next_ping),
        cmocka_unit_test(durations_have_bounds_from_both_sides),
        cmocka_unit_test(numbers_have_bounds_from_both_sides),
        cmocka_unit_test(a_choice_names_all_that_there_is),
        cmocka_unit_test(the_api_stays_on_loopback),
        cmocka_unit_test(texts_have_a_length),
        cmocka_unit_test(a_socket_path_fits_into_its_address),
        cmocka_unit_test(what_is_no_flag_is_named),
        cmocka_unit_test(help_wins_over_what_else_is_missing),
        cmocka_unit_test(help_shows_every_flag_but_the_hidden_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
