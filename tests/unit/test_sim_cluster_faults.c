/* What may befall a virtual cluster: weather, cuts, resets, slow machines,
 * clocks that jump, disks that fail. */
#include "support/sim_toys.h"

static void send_text(struct hsy_cluster *c, uint32_t from, hearsay_link link,
                      const char *text)
{
    plan_send(from, link, text, (uint32_t)strlen(text));
    poke(c, from);
}

static uint64_t first_bytes_ns(uint32_t node)
{
    return must_see(node, HEARSAY_EV_BYTES, 0)->at_ns;
}

/* ---------------------------------------------------------------- weather */

static void test_weather_changes_what_is_sent_from_then_on(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    uint64_t start_ns = hsy_cluster_now(c);
    send_text(c, 1, link, "early");
    struct hsy_weather weather = hsy_cluster_weather(c);
    CLAIM(weather.latency_ns.min == 10 * HSY_MS);
    weather.latency_ns = (struct hsy_range){300 * HSY_MS, 300 * HSY_MS};
    hsy_cluster_set_weather(c, &weather);
    CLAIM(hsy_cluster_weather(c).latency_ns.max == 300 * HSY_MS);
    send_text(c, 1, link, "late");
    run_ms(c, 299);
    CLAIM(first_bytes_ns(2) == start_ns + 10 * HSY_MS);
    CLAIM_INT(diaries[2].bytes_len, 5);
    run_ms(c, 1);
    CLAIM_INT(diaries[2].bytes_len, 9);
    hsy_cluster_destroy(c);
}

/* One segment a connection, so that none waits behind a late one. */
static uint32_t late_of(uint32_t tail_ppm, uint64_t more_than_ns,
                        uint64_t *out_max_ns)
{
    struct hsy_cluster_config config = settings();
    config.tail_ppm = tail_ppm;
    config.tail_ns = 30 * HSY_SECOND;
    config.dial_timeout_ns = 100 * HSY_SECOND;
    uint32_t late = 0;
    for (uint64_t rng = 1; rng <= 400; rng++) {
        config.rng = rng;
        struct hsy_cluster *c = cluster_of(&config);
        dial_node(c, 1, 2);
        run_ms(c, 31 * 1000);
        uint64_t took_ns =
            must_see(2, HEARSAY_EV_LINK_UP, 0)->at_ns - 10 * HSY_MS;
        late += took_ns > more_than_ns ? 1 : 0;
        *out_max_ns = took_ns > *out_max_ns ? took_ns : *out_max_ns;
        hsy_cluster_destroy(c);
    }
    return late;
}

static void test_the_tail_is_long_and_thin(void **state)
{
    (void)state;
    uint64_t max_ns = 0;
    CLAIM_INT(late_of(0, 0, &max_ns), 0);
    CLAIM(max_ns == 0);
    uint32_t some = late_of(250000, 0, &max_ns);
    CLAIM(some > 60 && some < 140); /* Of 400, 100 are expected. */
    CLAIM(max_ns <= 30 * HSY_SECOND);
    /* All are late: half by more than 2/1024 of the most, a quarter by more
     * than 4/1024, an eighth, a sixteenth. */
    uint64_t least_ns = 30 * HSY_SECOND / 1024;
    CLAIM_INT(late_of(1000000, least_ns / 2, &max_ns), 400);
    uint32_t half = late_of(1000000, 2 * least_ns + 2, &max_ns);
    uint32_t sixteenth = late_of(1000000, 16 * least_ns + 16, &max_ns);
    CLAIM(half > 160 && half < 240);
    CLAIM(sixteenth > 8 && sixteenth < 50);
    CLAIM(max_ns > HSY_SECOND);
}

static void test_no_weather_breaks_the_order_of_bytes(void **state)
{
    (void)state;
    struct hsy_cluster_config config = settings();
    config.latency_ns = (struct hsy_range){0, 500 * HSY_MS};
    config.tail_ppm = 300000;
    config.tail_ns = 5 * HSY_SECOND;
    config.dial_timeout_ns = 60 * HSY_SECOND;
    config.bytes_per_s = 2000;
    config.window_len = 40;
    struct hsy_cluster *c = cluster_of(&config);
    hearsay_link link = dial_node(c, 1, 2);
    run_ms(c, 12000);
    must_see(1, HEARSAY_EV_LINK_UP, 0);
    uint8_t expected[100];
    for (uint8_t i = 0; i < 100; i++) {
        expected[i] = i;
        plan_send(1, link, (const char *)&expected[i], 1);
        poke(c, 1);
        struct hsy_weather weather = hsy_cluster_weather(c);
        weather.latency_ns.max = i % 2 == 0 ? 500 * HSY_MS : 0;
        weather.bytes_per_s = i % 3 == 0 ? 0 : 2000;
        hsy_cluster_set_weather(c, &weather);
        run_ms(c, 2);
    }
    for (int i = 0; i < 40 && diaries[2].bytes_len < 100; i++) {
        run_ms(c, 10000);
    }
    CLAIM_INT(diaries[2].bytes_len, 100);
    CLAIM_BYTES(diaries[2].bytes, expected, 100);
    hsy_cluster_destroy(c);
}

static void test_a_narrow_line_makes_later_segments_queue(void **state)
{
    (void)state;
    struct hsy_cluster_config config = settings();
    config.bytes_per_s = 1000000; /* 1,000 bytes a millisecond. */
    struct hsy_cluster *c = cluster_of(&config);
    hearsay_link link = link_up(c, 1, 2);
    uint64_t start_ns = hsy_cluster_now(c);
    static const char text[1000];
    for (int i = 0; i < 3; i++) {
        plan_send(1, link, text, sizeof(text));
    }
    poke(c, 1);
    run_ms(c, 100);
    uint64_t last_ns = 0;
    for (uint32_t i = 0; saw(2, HEARSAY_EV_BYTES, i) != NULL; i++) {
        last_ns = saw(2, HEARSAY_EV_BYTES, i)->at_ns;
    }
    CLAIM(first_bytes_ns(2) == start_ns + 11 * HSY_MS);
    CLAIM(last_ns == start_ns + 13 * HSY_MS);
    hsy_cluster_destroy(c);
}

/* ------------------------------------------------------------------- cuts */

static void test_a_cut_of_one_way_leaves_the_other(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    CLAIM_INT(hsy_cluster_cut_way(c, 1, 2), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_cut_way(c, 1, 2), HEARSAY_OK); /* Again: the same. */
    send_text(c, 1, link, "there");
    send_text(c, 2, diaries[2].accepted, "back");
    run_ms(c, 1000);
    CLAIM_INT(diaries[2].bytes_len, 0);
    CLAIM_INT(diaries[1].bytes_len, 4);
    hsy_cluster_heal_pair(c, 2, 1);
    run_ms(c, 100);
    CLAIM_INT(diaries[2].bytes_len, 5);
    hsy_cluster_destroy(c);
}

static void test_a_split_lets_nothing_pass_until_it_ends(void **state)
{
    (void)state;
    uint8_t sides[64] = {0};
    struct hsy_cluster *c = cluster();
    CLAIM(hsy_cluster_count(c) <= sizeof(sides));
    hearsay_link across = link_up(c, 1, 2);
    hearsay_link within = dial_node(c, 1, 3);
    run_ms(c, 100);
    sides[2] = 1;
    hsy_cluster_split(c, sides);
    CLAIM(hsy_cluster_blocked(c, 1, 2));
    CLAIM(hsy_cluster_blocked(c, 2, 1));
    CLAIM(!hsy_cluster_blocked(c, 1, 3));
    send_text(c, 1, across, "there");
    send_text(c, 1, within, "here");
    run_ms(c, 1000);
    CLAIM_INT(diaries[2].bytes_len, 0);
    CLAIM_INT(diaries[3].bytes_len, 4);
    sides[2] = 0; /* Others are apart now. */
    sides[3] = 1;
    hsy_cluster_split(c, sides);
    run_ms(c, 100);
    CLAIM_INT(diaries[2].bytes_len, 5);
    send_text(c, 1, within, "and here");
    CLAIM_INT(hsy_cluster_cut(c, 1, 3), HEARSAY_OK);
    hsy_cluster_split(c, NULL);
    run_ms(c, 100);
    CLAIM_INT(diaries[3].bytes_len, 4); /* A cut is still a cut. */
    hsy_cluster_heal_pair(c, 1, 3);
    run_ms(c, 100);
    CLAIM_INT(diaries[3].bytes_len, 12);
    hsy_cluster_destroy(c);
}

/* Node 0 is a seed. A thousand bytes at a hundred a second take ten seconds. */
static void test_a_throttled_host_takes_its_time(void **state)
{
    (void)state;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    struct hsy_cluster *c = cluster();
    hearsay_link one = link_up(c, 1, 2);
    hearsay_link seed = dial_node(c, 0, 2);
    run_ms(c, 100);
    hsy_cluster_throttle(
        c, 2, (struct hsy_throttle){.in_per_s = 100, .peers_only = true});
    send_text(c, 1, one, text);
    send_text(c, 0, seed, "seed");
    send_text(c, 2, diaries[2].accepted, "out");
    run_ms(c, 9900);
    CLAIM_INT(diaries[2].bytes_len, 4);
    run_ms(c, 200);
    CLAIM_INT(diaries[2].bytes_len, 1004);
    hsy_cluster_throttle(c, 2, (struct hsy_throttle){.out_per_s = 1});
    send_text(c, 1, one, text);
    run_ms(c, 100);
    CLAIM_INT(diaries[2].bytes_len, 2004);
    hsy_cluster_destroy(c);
}

static void dial_over_a_cut(uint32_t from, uint32_t to)
{
    struct hsy_cluster *c = cluster();
    CLAIM_INT(hsy_cluster_cut_way(c, 1, 2), HEARSAY_OK);
    dial_node(c, from, to);
    run_ms(c, 9999);
    CLAIM(saw(from, HEARSAY_EV_LINK_UP, 0) == NULL);
    CLAIM(saw(from, HEARSAY_EV_LINK_DOWN, 0) == NULL);
    run_ms(c, 2);
    CLAIM_INT(must_see(from, HEARSAY_EV_LINK_DOWN, 0)->why,
              HEARSAY_DOWN_TIMEOUT);
    hsy_cluster_heal(c, 1);
    run_ms(c, 1000); /* Nothing is left of it. */
    CLAIM(saw(from, HEARSAY_EV_LINK_UP, 0) == NULL);
    if (saw(to, HEARSAY_EV_LINK_UP, 0) != NULL) {
        must_see(to, HEARSAY_EV_LINK_DOWN, 0);
    }
    hsy_cluster_destroy(c);
}

static void test_a_dial_over_half_a_cut_times_out(void **state)
{
    (void)state;
    dial_over_a_cut(1, 2);
    dial_over_a_cut(2, 1);
}

static void test_healing_a_pair_leaves_other_cuts(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link one = link_up(c, 1, 2);
    hearsay_link other = dial_node(c, 1, 3);
    run_ms(c, 100);
    CLAIM_INT(hsy_cluster_cut(c, 1, 2), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_cut(c, 1, 3), HEARSAY_OK);
    plan_send(1, one, "one", 3);
    send_text(c, 1, other, "other");
    hsy_cluster_heal_pair(c, 1, 2);
    run_ms(c, 100);
    CLAIM_INT(diaries[2].bytes_len, 3);
    CLAIM_INT(diaries[3].bytes_len, 0);
    hsy_cluster_isolate(c, 3);
    hsy_cluster_heal_pair(c, 1, 3);
    run_ms(c, 100);
    CLAIM_INT(diaries[3].bytes_len, 0); /* Isolated is isolated. */
    hsy_cluster_heal(c, 3);
    run_ms(c, 100);
    CLAIM_INT(diaries[3].bytes_len, 5);
    hsy_cluster_destroy(c);
}

/* ----------------------------------------------------------------- resets */

static void test_a_reset_loses_what_is_in_flight_and_tells_both(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    send_text(c, 1, link, "lost");
    CLAIM_INT(hsy_cluster_reset(c, 1, 1000000), 1);
    CLAIM_INT(hsy_cluster_reset(c, 1, 1000000), 0); /* It is broken. */
    send_text(c, 1, link, "lost too");              /* It does not know. */
    run_ms(c, 100);
    CLAIM_INT(diaries[2].bytes_len, 0);
    CLAIM_INT(must_see(1, HEARSAY_EV_LINK_DOWN, 0)->why, HEARSAY_DOWN_RESET);
    CLAIM_INT(must_see(2, HEARSAY_EV_LINK_DOWN, 0)->why, HEARSAY_DOWN_RESET);
    CLAIM(saw(1, HEARSAY_EV_LINK_DOWN, 1) == NULL);
    hsy_cluster_destroy(c);
}

static void test_a_reset_comes_with_its_chance(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    for (int i = 0; i < 100; i++) {
        dial_node(c, 1, 2);
    }
    run_ms(c, 100);
    CLAIM_INT(hsy_cluster_reset(c, 1, 0), 0);
    uint32_t broken = hsy_cluster_reset(c, 2, 300000);
    CLAIM(broken > 10 && broken < 50);
    run_ms(c, 100);
    CLAIM(saw(1, HEARSAY_EV_LINK_DOWN, broken - 1) != NULL);
    CLAIM(saw(1, HEARSAY_EV_LINK_DOWN, broken) == NULL);
    hsy_cluster_destroy(c);
}

static void test_a_reset_at_a_cut_is_told_after_the_heal(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    CLAIM_INT(hsy_cluster_cut_way(c, 1, 2), HEARSAY_OK);
    send_text(c, 1, link, "lost");
    CLAIM_INT(hsy_cluster_reset(c, 2, 1000000), 1);
    run_ms(c, 5000);
    must_see(1, HEARSAY_EV_LINK_DOWN, 0);
    CLAIM(saw(2, HEARSAY_EV_LINK_DOWN, 0) == NULL);
    hsy_cluster_heal(c, 1);
    run_ms(c, 100);
    CLAIM_INT(must_see(2, HEARSAY_EV_LINK_DOWN, 0)->why, HEARSAY_DOWN_RESET);
    CLAIM_INT(diaries[2].bytes_len, 0);
    hsy_cluster_destroy(c);
}

/* The end that has hung up is not told; the other sees no orderly end. */
static void test_a_reset_overtakes_an_end_in_order(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    plan_send(1, link, "last words", 10);
    plan_hang_up(1, link);
    poke(c, 1);
    CLAIM_INT(hsy_cluster_reset(c, 2, 1000000), 1);
    run_ms(c, 100);
    CLAIM_INT(must_see(2, HEARSAY_EV_LINK_DOWN, 0)->why, HEARSAY_DOWN_RESET);
    CLAIM_INT(diaries[2].bytes_len, 0);
    CLAIM(saw(1, HEARSAY_EV_LINK_DOWN, 0) == NULL);
    hsy_cluster_destroy(c);
}

static void test_a_reset_of_a_link_to_oneself_counts_once(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    dial_node(c, 1, 1);
    run_ms(c, 100);
    CLAIM_INT(hsy_cluster_reset(c, 1, 1000000), 1);
    run_ms(c, 100);
    must_see(1, HEARSAY_EV_LINK_DOWN, 1);
    hsy_cluster_destroy(c);
}

/* --------------------------------------------------------------- machines */

static void test_a_slow_machine_is_late_with_everything(void **state)
{
    (void)state;
    struct hsy_cluster_config config = settings();
    config.disk_ns = (struct hsy_range){5 * HSY_MS, 5 * HSY_MS};
    struct hsy_cluster *c = cluster_of(&config);
    hearsay_link link = link_up(c, 1, 2);
    uint64_t now_ns = hsy_cluster_now(c);
    toys[2]->deadline_ns = now_ns + 300 * HSY_MS;
    poke(c, 2);
    hsy_cluster_slow(c, 2, 50 * HSY_MS);
    send_text(c, 1, link, "hello");
    plan_row(2, 1, "a", "one", false);
    poke(c, 2);
    run_ms(c, 1000);
    CLAIM(first_bytes_ns(2) == now_ns + 60 * HSY_MS);
    CLAIM(must_see(2, HEARSAY_EV_PERSISTED, 0)->at_ns == now_ns + 55 * HSY_MS);
    CLAIM(must_see(2, HEARSAY_EV_TICK, 0)->at_ns == now_ns + 350 * HSY_MS);
    CLAIM(saw(2, HEARSAY_EV_TICK, 1) == NULL);

    now_ns = hsy_cluster_now(c);
    toys[2]->deadline_ns = now_ns + 20 * HSY_MS;
    poke(c, 2);
    hsy_cluster_slow(c, 2, 0);
    run_ms(c, 1000);
    CLAIM(must_see(2, HEARSAY_EV_TICK, 1)->at_ns == now_ns + 20 * HSY_MS);
    CLAIM(saw(2, HEARSAY_EV_TICK, 2) == NULL);
    hsy_cluster_destroy(c);
}

static void test_what_is_far_is_late_each_way_and_in_order(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    uint64_t now_ns = hsy_cluster_now(c);
    hsy_cluster_far(c, 2, 500 * HSY_MS);
    CLAIM_INT(hsy_cluster_distance(c, 2), 500 * HSY_MS);
    CLAIM_INT(hsy_cluster_distance(c, 1), 0);
    send_text(c, 1, link, "one");
    run_ms(c, 20);
    hsy_cluster_far(c, 2, 0);
    send_text(c, 1, link, "two");
    run_ms(c, 1000);
    CLAIM(first_bytes_ns(2) == now_ns + 510 * HSY_MS);
    CLAIM_INT(diaries[2].bytes_len, 6);
    CLAIM_BYTES(diaries[2].bytes, "onetwo", 6);
    now_ns = hsy_cluster_now(c);
    hsy_cluster_far(c, 2, 200 * HSY_MS);
    hsy_cluster_far(c, 1, 300 * HSY_MS);
    dial_node(c, 2, 1); /* There and back, each time both of their ways. */
    run_ms(c, 2000);
    CLAIM(must_see(2, HEARSAY_EV_LINK_UP, 1)->at_ns == now_ns + 1020 * HSY_MS);
    hsy_cluster_destroy(c);
}

static void test_becoming_fast_keeps_the_order_of_bytes(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hearsay_link link = link_up(c, 1, 2);
    hsy_cluster_slow(c, 2, 500 * HSY_MS);
    send_text(c, 1, link, "one");
    run_ms(c, 20);
    hsy_cluster_slow(c, 2, 0);
    send_text(c, 1, link, "two");
    run_ms(c, 1000);
    CLAIM_INT(diaries[2].bytes_len, 6);
    CLAIM_BYTES(diaries[2].bytes, "onetwo", 6);
    hsy_cluster_destroy(c);
}

static void test_a_wall_clock_jumps_alone_and_not_below_zero(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    uint64_t wall_ms = hsy_cluster_wall_ms(c);
    const int64_t ten_years_ms = INT64_C(10) * 366 * 24 * 3600 * 1000;
    hsy_cluster_clock_jump(c, 1, ten_years_ms);
    CLAIM(hsy_cluster_clock(c, 1).wall_ms == wall_ms + (uint64_t)ten_years_ms);
    CLAIM(hsy_cluster_clock(c, 2).wall_ms == wall_ms);
    CLAIM(hsy_cluster_wall_ms(c) == wall_ms);
    hsy_cluster_clock_jump(c, 1, -2 * ten_years_ms);
    CLAIM(hsy_cluster_clock(c, 1).wall_ms == wall_ms - (uint64_t)ten_years_ms);
    run_ms(c, 1000);
    poke(c, 1);
    CLAIM(must_see(1, HEARSAY_EV_PUBLISH, 0)->wall_ms ==
          wall_ms - (uint64_t)ten_years_ms + 1000);
    CLAIM(must_see(1, HEARSAY_EV_PUBLISH, 0)->at_ns == HSY_SECOND);
    hsy_cluster_clock_jump(c, 1, INT64_MIN);
    CLAIM(hsy_cluster_clock(c, 1).wall_ms == 0);
    run_ms(c, 7);
    CLAIM(hsy_cluster_clock(c, 1).wall_ms == 7);
    hsy_cluster_destroy(c);
}

/* ------------------------------------------------------------------ disks */

static uint64_t persisted_ok(struct hsy_cluster *c, uint32_t writes)
{
    uint32_t ok = 0;
    for (uint32_t i = 0; i < writes; i++) {
        plan_row(1, i + 1, "a", "value", false);
        poke(c, 1);
        run_ms(c, 10);
        const struct seen *s = must_see(1, HEARSAY_EV_PERSISTED, i);
        CLAIM(s->token == i + 1);
        ok += s->ok ? 1 : 0;
    }
    return ok;
}

static void test_a_full_disk_fails_and_a_flaky_one_sometimes(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    hsy_cluster_disk_mood(c, 1, HSY_DISK_FULL);
    CLAIM_INT(persisted_ok(c, 5), 0);
    hsy_cluster_destroy(c);
    c = cluster();
    hsy_cluster_disk_mood(c, 1, HSY_DISK_FLAKY);
    uint64_t ok = persisted_ok(c, 80);
    CLAIM(ok > 45 && ok < 75);
    hsy_cluster_disk_mood(c, 1, HSY_DISK_FINE);
    hsy_cluster_destroy(c);
}

static uint32_t restored_after(struct hsy_cluster *c, bool crash)
{
    if (crash) {
        CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK);
    } else {
        struct hearsay_effect *fx = plan(1);
        fx->kind = HEARSAY_FX_STOPPED;
        fx->stopped.why = HEARSAY_STOP_LEFT;
        poke(c, 1);
    }
    CLAIM_INT(hsy_cluster_start(c, 1, 0), HEARSAY_OK);
    run_ms(c, 1);
    return diaries[1].restored;
}

static void test_a_lying_disk_loses_all_at_a_crash_only(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    plan_row(1, 1, "a", "old", false);
    poke(c, 1);
    run_ms(c, 100);
    hsy_cluster_disk_mood(c, 1, HSY_DISK_LYING);
    plan_row(1, 2, "b", "new", false);
    poke(c, 1);
    run_ms(c, 100);
    CLAIM(must_see(1, HEARSAY_EV_PERSISTED, 1)->ok);
    CLAIM_INT(restored_after(c, true), 1);
    plan_row(1, 3, "b", "newer", false);
    poke(c, 1);
    run_ms(c, 100);
    CLAIM_INT(restored_after(c, false), 2); /* In order: it is kept. */
    CLAIM_INT(restored_after(c, true), 2);
    hsy_cluster_destroy(c);
}

static void test_a_disk_is_harmed_only_while_nobody_uses_it(void **state)
{
    (void)state;
    struct hsy_cluster *c = cluster();
    plan_row(1, 1, "a", "value", false);
    poke(c, 1);
    run_ms(c, 100);
    CLAIM_INT(hsy_cluster_disk_harm(c, 1, HSY_HARM_LOSE), HEARSAY_ERR_STATE);
    CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_disk_harm(c, 1, HSY_HARM_LOSE), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_start(c, 1, 0), HEARSAY_OK);
    run_ms(c, 1);
    CLAIM_INT(diaries[1].restored, 0);
    hsy_cluster_destroy(c);
}

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    (void)node;
    (void)now_ns;
    CLAIM_TEXT(note->event, "store-row-skipped");
    ++*(uint32_t *)ctx;
}

/* As the runtime does: told, skipped, and the process goes on. */
static void test_a_row_that_the_node_refuses_is_skipped(void **state)
{
    (void)state;
    uint32_t notes = 0;
    struct hsy_cluster_config config = settings();
    config.observer = (struct hsy_observer){.ctx = &notes, .note = on_note};
    struct hsy_cluster *c = cluster_of(&config);
    plan_row(1, 1, "a", "value", true);
    plan_row(1, 1, "0123456789abcdef0123456789abcdef", "value", false);
    poke(c, 1);
    run_ms(c, 100);
    diaries[1].refuses = true;
    CLAIM_INT(restored_after(c, true), 0);
    CLAIM_INT(notes, 2);
    CLAIM_INT(hsy_cluster_process(c, 1), HSY_PROCESS_RUNNING);
    CLAIM_INT(hsy_cluster_run(c, 10 * HSY_SECOND), HEARSAY_OK);
    hsy_cluster_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weather_changes_what_is_sent_from_then_on),
        cmocka_unit_test(test_the_tail_is_long_and_thin),
        cmocka_unit_test(test_no_weather_breaks_the_order_of_bytes),
        cmocka_unit_test(test_a_narrow_line_makes_later_segments_queue),
        cmocka_unit_test(test_a_cut_of_one_way_leaves_the_other),
        cmocka_unit_test(test_a_split_lets_nothing_pass_until_it_ends),
        cmocka_unit_test(test_a_throttled_host_takes_its_time),
        cmocka_unit_test(test_a_dial_over_half_a_cut_times_out),
        cmocka_unit_test(test_healing_a_pair_leaves_other_cuts),
        cmocka_unit_test(test_a_reset_loses_what_is_in_flight_and_tells_both),
        cmocka_unit_test(test_a_reset_comes_with_its_chance),
        cmocka_unit_test(test_a_reset_at_a_cut_is_told_after_the_heal),
        cmocka_unit_test(test_a_reset_overtakes_an_end_in_order),
        cmocka_unit_test(test_a_reset_of_a_link_to_oneself_counts_once),
        cmocka_unit_test(test_a_slow_machine_is_late_with_everything),
        cmocka_unit_test(test_what_is_far_is_late_each_way_and_in_order),
        cmocka_unit_test(test_becoming_fast_keeps_the_order_of_bytes),
        cmocka_unit_test(test_a_wall_clock_jumps_alone_and_not_below_zero),
        cmocka_unit_test(test_a_full_disk_fails_and_a_flaky_one_sometimes),
        cmocka_unit_test(test_a_lying_disk_loses_all_at_a_crash_only),
        cmocka_unit_test(test_a_disk_is_harmed_only_while_nobody_uses_it),
        cmocka_unit_test(test_a_row_that_the_node_refuses_is_skipped),
    };
    return cmocka_run_group_tests_name("sim_cluster_faults", tests, NULL, NULL);
}
