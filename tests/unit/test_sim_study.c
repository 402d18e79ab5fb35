/* The standard run: its phases come in order and end, what it is told to
 * break it breaks, and it never hides that something was cut short. */
#include "support/claim.h"

#include "base/time.h"
#include "sim/study.h"
#include "support/mem_fault.h"

#include <string.h>

static struct hsy_study_config config_of(uint32_t peers)
{
    struct hsy_study_config config;
    hsy_study_config_init(&config, hearsay_mem_default());
    config.peers = peers;
    config.messages = 3;
    config.join_over_ns = HSY_SECOND;
    return config;
}

static struct hsy_study *run(const struct hsy_study_config *config,
                             struct hsy_figures *f)
{
    struct hsy_study *s = NULL;
    bool done = false;
    uint32_t slices = 0;
    CLAIM_INT(hsy_study_create(&s, config), HEARSAY_OK);
    while (!done && slices < 100000) {
        CLAIM_INT(hsy_study_step(s, &done), HEARSAY_OK);
        slices++;
    }
    CLAIM(done);
    CLAIM_INT(hsy_study_finish(s, NULL, f), HEARSAY_OK);
    return s;
}

static struct hsy_figures figures_of(const struct hsy_study_config *config)
{
    struct hsy_figures f;
    hsy_study_destroy(run(config, &f));
    return f;
}

static void test_all_join_and_all_messages_arrive(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(20);
    struct hsy_figures f;
    static struct hsy_histogram ns, hops;
    struct hsy_study *s = run(&config, &f);
    hsy_study_last(s, &ns, &hops);
    CLAIM_INT(f.joined, 20);
    CLAIM_INT(f.published, 3);
    CLAIM_INT(f.delivered, 3 * 19);
    CLAIM_INT(f.expected_deliveries, 3 * 19);
    CLAIM_INT(f.missed, 0);
    CLAIM_INT(f.components, 1);
    CLAIM_INT(ns.count, 3);
    CLAIM_INT(hops.count, 3);
    CLAIM(ns.min >= HSY_MS);
    CLAIM_INT(hops.max, f.hops.max);
    hsy_study_destroy(s);
}

static void test_slices_change_nothing(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(12);
    struct hsy_figures a = figures_of(&config);
    struct hsy_figures b = figures_of(&config);
    CLAIM_TEXT(a.digest, b.digest);
    config.hash_salt = 99;
    b = figures_of(&config);
    CLAIM_TEXT(a.digest, b.digest);
    config.rng = 2;
    b = figures_of(&config);
    CLAIM(strcmp(a.digest, b.digest) != 0);
}

static void test_shares_are_rounded_up(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(30);
    config.strikes.crash_ppm = 40000; /* One and a fifth. */
    config.strikes.kill = 1;
    config.again_after_ns = 0;
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    CLAIM_INT(f.joined, 30 - 2 - 1);
    CLAIM_INT(f.published, 6);
    CLAIM_INT(hsy_measure_counts(hsy_study_measure(s)).struck, 3);
    hsy_study_destroy(s);
}

/* The same network with and without the strike: it is the same until then. */
static void test_hubs_are_those_with_the_most_links(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(30);
    struct hsy_figures f;
    struct hsy_study *whole = run(&config, &f);
    config.strikes.hubs_ppm = 100000;
    struct hsy_study *struck = run(&config, &f);
    const struct hsy_graph *g = hsy_study_witness(whole)->graph;
    const struct hsy_cluster *c = hsy_study_witness(struck)->cluster;
    uint32_t killed = 0, killed_least = UINT32_MAX, left_most = 0;
    for (uint32_t i = config.seeds; i < hsy_cluster_count(c); i++) {
        uint32_t degree = g->degrees[i];
        if (hsy_cluster_process(c, i) == HSY_PROCESS_RUNNING) {
            left_most = degree > left_most ? degree : left_most;
        } else {
            killed_least = degree < killed_least ? degree : killed_least;
            killed++;
        }
    }
    CLAIM_INT(killed, 3);
    CLAIM(killed_least >= left_most);
    CLAIM_INT(f.missed, 0);
    hsy_study_destroy(whole);
    hsy_study_destroy(struck);
}

static void test_the_frozen_are_found_by_pings(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(16);
    config.strikes.freeze = 2;
    struct hsy_figures f = figures_of(&config);
    CLAIM(f.detection_s.max > 26);
    CLAIM(f.detection_s.max < 60);
    CLAIM_INT(f.false_deaths, 0);
}

static void test_the_first_word_after_a_strike(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(40);
    config.warm_up = 2;
    config.strikes.crash_ppm = 200000;
    config.again_after_ns = 10 * HSY_MS;
    config.first_after = true;
    struct hsy_figures f;
    static struct hsy_histogram ns, hops;
    struct hsy_study *s = run(&config, &f);
    CLAIM_INT(f.published, 2 + 3 + 1);
    CLAIM_INT(f.joined, 32);
    CLAIM(f.first.expected >= 16);
    CLAIM(f.first.expected <= 31);
    CLAIM_INT(f.first.missed, 0);
    CLAIM(f.first.p99_ms >= 1);
    CLAIM(f.first.redundancy >= 0);
    hsy_study_last(s, &ns, &hops);
    CLAIM_INT(ns.count, 3 + 1); /* Without those that warmed it up. */
    CLAIM_INT(hsy_measure_counts(hsy_study_measure(s)).deliveries, 3 * 39);
    hsy_study_destroy(s);
}

static void test_shares_and_hubs_stand_still(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(30);
    config.strikes.freeze_ppm = 100000;
    config.strikes.freeze_hubs_ppm = 100000;
    config.again_after_ns = 10 * HSY_MS;
    config.first_after = true;
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    const struct hsy_cluster *c = hsy_study_witness(s)->cluster;
    uint32_t frozen = 0;
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        frozen += hsy_cluster_process(c, i) == HSY_PROCESS_FROZEN ? 1 : 0;
    }
    CLAIM_INT(frozen, 6);
    CLAIM_INT(f.first.missed, 0);
    CLAIM(f.first.expected <= 23);
    hsy_study_destroy(s);
}

/* For less than it takes to give up a connection: what is on its way waits,
 * and everything arrives. */
static void test_two_halves_for_a_while(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(21);
    config.messages = 40;
    config.warm_up = 2;
    config.split = (struct hsy_study_split){.at_ns = HSY_SECOND,
                                            .lasts_ns = 2 * HSY_SECOND,
                                            .mend_max_ns = HSY_MINUTE};
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    struct hsy_mend mend = hsy_measure_mend(hsy_study_measure(s));
    CLAIM_INT(f.published, 42);
    CLAIM_INT(f.missed, 0);
    CLAIM_INT(mend.sides[0].peers, 11);
    CLAIM_INT(mend.sides[1].peers, 10);
    /* Each half publishes every other one of the 20 messages. */
    CLAIM(mend.sides[0].messages >= 10);
    CLAIM(mend.sides[1].messages >= 10);
    CLAIM(mend.sides[1].deliveries >= 10 * 10);
    CLAIM_INT(mend.lacking, 0);
    CLAIM(mend.linked_ns == mend.healed_ns);
    CLAIM(mend.mended_ns > mend.healed_ns);
    CLAIM(f.latency_ms.max > 1000);
    CLAIM_INT(f.false_deaths, 0);
    hsy_study_destroy(s);
}

static void test_one_is_singled_out(void **state)
{
    (void)state;
    for (int i = HSY_STUDY_SLOW_SPARED; i <= HSY_STUDY_SLOW_READER; i++) {
        struct hsy_study_config config = config_of(9);
        config.messages = 50;
        config.per_s_milli = 1000 * 1000;
        config.payload_len = 1024;
        config.slow = (enum hsy_study_slow)i;
        config.for_ns = 90 * HSY_SECOND;
        struct hsy_figures f;
        struct hsy_study *s = run(&config, &f);
        bool stopped = i == HSY_STUDY_SLOW_STOPPED;
        struct hsy_measure_counts counts =
            hsy_measure_counts(hsy_study_measure(s));
        CLAIM_INT(f.published, 50);
        CLAIM_INT(f.expected_deliveries, 50 * 7); /* To the others. */
        CLAIM_INT(f.missed, 0);
        CLAIM_INT(counts.deliveries, 50 * 7);
        CLAIM_INT(counts.detected, stopped ? 1 : 0);
        CLAIM(i != HSY_STUDY_SLOW_SPARED || hsy_study_queued_most(s) < 65536);
        hsy_study_destroy(s);
    }
}

static void test_pauses_come_and_go(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(16);
    config.messages = 0;
    config.pauses = (struct hsy_study_pauses){.count = 2,
                                              .lasts_ns = 4 * HSY_SECOND,
                                              .apart_ns = 6 * HSY_SECOND,
                                              .for_ns = 30 * HSY_SECOND};
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    CLAIM_INT(hsy_measure_counts(hsy_study_measure(s)).struck, 3 * 2);
    const struct hsy_cluster *c = hsy_study_witness(s)->cluster;
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) { /* All are back. */
        CLAIM_INT(hsy_cluster_process(c, i), HSY_PROCESS_RUNNING);
    }
    CLAIM_INT(f.false_deaths, 0);
    hsy_study_destroy(s);
}

static void test_who_was_killed_for_a_pause_starts_again(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(16);
    config.messages = 0;
    config.pauses = (struct hsy_study_pauses){.count = 1,
                                              .killed = true,
                                              .lasts_ns = 10 * HSY_SECOND,
                                              .apart_ns = 10 * HSY_SECOND,
                                              .for_ns = 50 * HSY_SECOND};
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    const struct hsy_measure *m = hsy_study_measure(s);
    CLAIM_INT(hsy_measure_counts(m).struck, 3);
    CLAIM_INT(hsy_measure_counts(m).detected, 3);
    CLAIM(hsy_measure_histogram(m, HSY_MEASURE_DETECTION)->max < HSY_SECOND);
    CLAIM_INT(f.joined, 16);
    CLAIM_INT(f.false_deaths, 0);
    hsy_study_destroy(s);
}

static void test_peers_are_replaced_by_new_ones(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(16);
    config.messages = 0;
    config.churn = (struct hsy_study_churn){
        .count = 8, .over_ns = 8 * HSY_SECOND, .calm_ns = 30 * HSY_SECOND};
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    const struct hsy_cluster *c = hsy_study_witness(s)->cluster;
    uint32_t old = 0;
    uint32_t fresh = 0;
    for (uint32_t i = config.seeds; i < hsy_cluster_count(c); i++) {
        bool runs = hsy_cluster_process(c, i) == HSY_PROCESS_RUNNING;
        old += runs && i < config.seeds + 16 ? 1 : 0;
        fresh += runs && i >= config.seeds + 16 ? 1 : 0;
    }
    CLAIM_INT(hsy_cluster_count(c), config.seeds + 16 + 8);
    CLAIM_INT(old + fresh, 16);
    CLAIM(fresh >= 4); /* One that has just come may go again. */
    CLAIM_INT(f.components, 1);
    CLAIM(f.degree.min >= 4);
    CLAIM_INT(f.false_deaths, 0);
    hsy_study_destroy(s);
}

static void test_pieces_are_counted_before_anybody_has_noticed(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(40);
    config.messages = 0;
    config.strikes.crash_ppm = 850000;
    config.again_after_ns = 30 * HSY_SECOND;
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    struct hsy_study_pieces p = hsy_study_pieces(s);
    CLAIM_INT(p.survivors, 6);
    CLAIM(p.largest < 6); /* Of this PRNG seed. */
    CLAIM(p.whole_ns >= HSY_SECOND);
    CLAIM(p.whole_ns <= 30 * HSY_SECOND);
    CLAIM_INT(f.components, 1);
    hsy_study_destroy(s);
}

static void test_a_seed_may_be_away_too(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(8);
    config.messages = 0;
    config.pauses = (struct hsy_study_pauses){.count = 1,
                                              .seeds = 1,
                                              .lasts_ns = 20 * HSY_SECOND,
                                              .apart_ns = HSY_SECOND,
                                              .for_ns = 30 * HSY_SECOND};
    struct hsy_study *s = NULL;
    bool done = false;
    bool seen = false;
    CLAIM_INT(hsy_study_create(&s, &config), HEARSAY_OK);
    while (!done) {
        CLAIM_INT(hsy_study_step(s, &done), HEARSAY_OK);
        const struct hsy_cluster *c = hsy_study_witness(s)->cluster;
        uint32_t seeds = 0;
        uint32_t all = 0;
        for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
            bool away = hsy_cluster_process(c, i) == HSY_PROCESS_FROZEN;
            seeds += away && i < config.seeds ? 1 : 0;
            all += away ? 1 : 0;
        }
        CLAIM(all == 0 || (all == 2 && seeds == 1));
        seen = seen || all == 2;
    }
    CLAIM(seen);
    hsy_study_destroy(s);
}

static void test_connections_break_when_asked_to(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(16);
    config.messages = 0;
    config.for_ns = 60 * HSY_SECOND;
    struct hsy_figures calm = figures_of(&config);
    config.reset_ppm = 50000;
    struct hsy_figures f = figures_of(&config);
    CLAIM(f.events > 2 * calm.events); /* Links are made again. */
    CLAIM_INT(f.joined, 16);
    CLAIM_INT(f.components, 1);
    CLAIM_INT(f.false_deaths, 0);
}

static void test_for_cuts_short_and_says_so(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(10);
    config.for_ns = 3 * HSY_SECOND;
    struct hsy_study_progress p;
    struct hsy_figures f;
    struct hsy_study *s = run(&config, &f);
    hsy_study_progress(s, &p);
    CLAIM(p.cut_short);
    CLAIM_INT(p.now_ns, 3 * HSY_SECOND);
    hsy_study_destroy(s);

    config.for_ns = 60 * HSY_SECOND;
    s = run(&config, &f);
    hsy_study_progress(s, &p);
    CLAIM(!p.cut_short);
    CLAIM_INT(p.now_ns, 60 * HSY_SECOND);
    hsy_study_destroy(s);
}

static void test_who_cannot_join_is_named(void **state)
{
    (void)state;
    struct hsy_study_config config = config_of(5);
    config.weather.latency_ns = (struct hsy_range){HSY_MINUTE, HSY_MINUTE};
    config.join_max_ns = 20 * HSY_SECOND;
    struct hsy_study_progress p;
    struct hsy_figures f;
    uint32_t node = 0;
    struct hsy_study *s = run(&config, &f);
    hsy_study_progress(s, &p);
    CLAIM(p.late);
    CLAIM_INT(p.joined, 0);
    CLAIM(hsy_study_absent(s, 4, &node));
    CLAIM_INT(node, config.seeds + 4);
    CLAIM(!hsy_study_absent(s, 5, &node));
    hsy_study_destroy(s);
}

static void test_nonsense_is_refused(void **state)
{
    (void)state;
    struct hsy_study *s = NULL;
    struct hsy_study_config wrong[11];
    for (int i = 0; i < 11; i++) {
        wrong[i] = config_of(10);
        CLAIM(hsy_study_config_fault(&wrong[i]) == NULL);
    }
    wrong[0].peers = 0;
    wrong[1].seeds = HEARSAY_SEEDS_MAX + 1;
    wrong[2].per_s_milli = 0;
    wrong[3].payload_len = HEARSAY_PAYLOAD_MAX + 1;
    wrong[4].weather.latency_ns.min = HSY_SECOND;
    wrong[5].strikes.kill = 11;
    wrong[6].strikes.crash_ppm = 1000001;
    wrong[7].pauses.count = 1; /* Without a length. */
    wrong[8].pauses.seeds = 3; /* All of them. */
    wrong[9].reset_ppm = 1000001;
    wrong[10].churn.count = 11;
    for (int i = 0; i < 11; i++) {
        CLAIM(hsy_study_config_fault(&wrong[i]) != NULL);
        CLAIM_INT(hsy_study_create(&s, &wrong[i]), HEARSAY_ERR_INVALID);
    }
    CLAIM(s == NULL);
}

/* One allocation after the other fails; once all have been tried, or every
 * so-manyth of them. Nothing crashes, and nothing is kept. */
static void test_no_memory_is_an_error(void **state)
{
    (void)state;
    bool refused = false;
    bool whole = false;
    for (uint64_t k = 1; !whole; k += k < 100 ? 1 : k / 10) {
        struct mem_fault fault = mem_fault_at(k);
        struct hsy_study_config config = config_of(4);
        struct hsy_figures f;
        config.mem = mem_fault_mem(&fault);
        config.strikes.hubs_ppm = 250000;
        struct hsy_study *s = NULL;
        bool done = false;
        int err = hsy_study_create(&s, &config);
        while (err == HEARSAY_OK && !done) {
            err = hsy_study_step(s, &done);
        }
        if (err == HEARSAY_OK) {
            err = hsy_study_finish(s, NULL, &f);
        }
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        refused = refused || err == HEARSAY_ERR_NOMEM;
        whole = fault.calls < k;
        hsy_study_destroy(s);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_join_and_all_messages_arrive),
        cmocka_unit_test(test_slices_change_nothing),
        cmocka_unit_test(test_shares_are_rounded_up),
        cmocka_unit_test(test_hubs_are_those_with_the_most_links),
        cmocka_unit_test(test_the_frozen_are_found_by_pings),
        cmocka_unit_test(test_the_first_word_after_a_strike),
        cmocka_unit_test(test_shares_and_hubs_stand_still),
        cmocka_unit_test(test_two_halves_for_a_while),
        cmocka_unit_test(test_one_is_singled_out),
        cmocka_unit_test(test_pauses_come_and_go),
        cmocka_unit_test(test_who_was_killed_for_a_pause_starts_again),
        cmocka_unit_test(test_peers_are_replaced_by_new_ones),
        cmocka_unit_test(test_pieces_are_counted_before_anybody_has_noticed),
        cmocka_unit_test(test_a_seed_may_be_away_too),
        cmocka_unit_test(test_connections_break_when_asked_to),
        cmocka_unit_test(test_for_cuts_short_and_says_so),
        cmocka_unit_test(test_who_cannot_join_is_named),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_no_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("study", tests, NULL, NULL);
}
