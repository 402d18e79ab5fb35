/* Measurements, told by hand what a cluster of toys does: each figure is one
 * that can be added up here. Node 0 is the seed, 1 to 3 are peers. */
#include "unit/test_sim_measure.h"

/* -------------------------------------------------------------- deliveries */

static void nothing_happened_is_not_measured(void **state)
{
    (void)state;
    begin(1, 3);
    struct hsy_figures f = figures();
    CLAIM_INT(f.peers, 3);
    CLAIM_INT(f.seeds, 1);
    CLAIM_INT(f.joined, 0);
    CLAIM_INT(f.published, 0);
    CLAIM_INT(f.missed, 0);
    CLAIM(f.hops.max == HSY_FIGURE_NONE);
    CLAIM(f.components == HSY_FIGURE_NONE);
    CLAIM(f.rng == HSY_FIGURE_NONE);
    CLAIM(is_none(f.latency_ms.p50));
    CLAIM(is_none(f.redundancy));
    CLAIM(is_none(f.detection_s.mean));
    CLAIM(is_none(f.fit.p));
    CLAIM(is(f.virtual_s, 1));
    CLAIM_INT(f.events, hsy_cluster_steps(c));
    CLAIM_INT(strlen(f.digest), 16);
    end();
}

static void deliveries_are_counted_and_timed(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    pass(20 * HSY_MS);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    pass(20 * HSY_MS);
    deliver(&(struct delivery){1, 1, 77, 1, 0}); /* To itself: no delivery. */
    struct hsy_figures f = figures();
    CLAIM_INT(f.joined, 3);
    CLAIM_INT(f.published, 1);
    CLAIM_INT(f.expected_deliveries, 2);
    CLAIM_INT(f.delivered, 1);
    CLAIM_INT(f.missed, 1);
    CLAIM_INT(hsy_measure_missed(m), 1);
    deliver(&(struct delivery){3, 1, 77, 1, 2});
    deliver(&(struct delivery){3, 1, 77, 1, 2});
    f = figures();
    CLAIM_INT(f.delivered, 2);
    CLAIM_INT(f.missed, 0);
    CLAIM_INT(f.delivered_twice, 1);
    CLAIM(is(f.latency_ms.p50, 20));
    CLAIM(is(f.latency_ms.max, 40));
    CLAIM_INT(f.hops.p50, 1);
    CLAIM_INT(f.hops.max, 2);
    CLAIM_INT(hsy_measure_counts(m).unknown, 0);
    end();
}

static void what_nobody_published_is_unknown(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 2, 1}); /* Another seq. */
    deliver(&(struct delivery){2, 3, 77, 1, 1}); /* Another origin. */
    struct hearsay_message nobodys = {.seq = 1};
    to.delivered(to.ctx, 2, hsy_cluster_now(c), &nobodys);
    CLAIM_INT(hsy_measure_counts(m).unknown, 3);
    CLAIM_INT(figures().delivered, 0);
    end();
}

static void a_gossip_that_is_told_twice_is_published_once(void **state)
{
    (void)state;
    begin(1, 3);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "gossip-sent");
    hsy_note_u64(&note, "seq", 1);
    publish(1, 1);
    to.note(to.ctx, 1, hsy_cluster_now(c), &note.note);
    CLAIM_INT(figures().published, 1);
    to.note(to.ctx, 2, hsy_cluster_now(c), &note.note);
    CLAIM_INT(figures().published, 2);
    end();
}

static void who_joins_later_is_owed_nothing(void **state)
{
    (void)state;
    begin(1, 3);
    tell(1, "joined");
    tell(2, "joined");
    publish(1, 1);
    pass(1);
    tell(3, "joined");
    CLAIM_INT(figures().expected_deliveries, 1);
    publish(1, 2);
    CLAIM_INT(figures().expected_deliveries, 3);
    end();
}

static void who_was_struck_is_owed_what_comes_after(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    pass(1);
    hsy_measure_struck(m, 2);
    publish(1, 2);
    CLAIM_INT(figures().expected_deliveries, 2); /* Peer 3 is owed both. */
    pass(1);
    hsy_measure_recovered(m, 2);
    CLAIM_INT(figures().expected_deliveries, 2);
    publish(1, 3);
    CLAIM_INT(figures().expected_deliveries, 4);
    CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK); /* It may have taken all. */
    CLAIM_INT(figures().expected_deliveries, 0);
    end();
}

/* Seq 1 again, by another process of the same peer: another message. */
static void epochs_tell_the_processes_of_an_origin_apart(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK);
    to.ended(to.ctx, 1, NULL);
    CLAIM_INT(hsy_cluster_start(c, 1, 0), HEARSAY_OK);
    pass(HSY_MS);
    to.started(to.ctx, 1);
    tell(1, "joined");
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 78, 1, 1});
    deliver(&(struct delivery){3, 1, 78, 1, 1});
    deliver(&(struct delivery){3, 1, 77, 1, 1}); /* The old one, late. */
    struct hsy_figures f = figures();
    CLAIM_INT(f.published, 2);
    CLAIM_INT(f.delivered, 3);
    CLAIM_INT(f.delivered_twice, 0);
    CLAIM_INT(hsy_measure_counts(m).unknown, 0);
    end();
}

static void a_new_process_owes_nothing_to_the_one_before(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    to.ended(to.ctx, 2, NULL);
    to.started(to.ctx, 2);
    CLAIM_INT(figures().joined, 2);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    CLAIM_INT(figures().delivered_twice, 0);
    end();
}

static void joins_are_timed_from_their_start(void **state)
{
    (void)state;
    begin(1, 3);
    tell(1, "joined");
    tell(1, "joined"); /* Once more says nothing new. */
    const struct hsy_histogram *h = hsy_measure_histogram(m, HSY_MEASURE_JOINS);
    CLAIM_INT(h->count, 1);
    CLAIM(h->max == HSY_SECOND);
    end();
}

/* ------------------------------------------------------------------ deaths */

static void a_death_is_timed_at_the_first_seed_and_at_all(void **state)
{
    (void)state;
    begin(3, 3);
    hsy_measure_struck(m, 4);
    hsy_measure_struck(m, 4);
    hsy_measure_struck(m, 1); /* Nobody looks for the deaths of seeds. */
    CLAIM_INT(hsy_measure_counts(m).struck, 1);
    pass(2 * HSY_SECOND);
    tell_dead(1, "dead-removed", 4, 1);
    pass(HSY_SECOND);
    tell_dead(0, "dead-removed", 4, 1);
    const struct hsy_histogram *all =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTED);
    CLAIM_INT(all->count, 0);
    CLAIM_INT(hsy_cluster_kill(c, 2), HEARSAY_OK); /* Need not know. */
    tell_dead(0, "dead-removed", 4, 1);
    CLAIM_INT(all->count, 1);
    CLAIM(all->max == 3 * HSY_SECOND);
    struct hsy_figures f = figures();
    CLAIM(is(f.detection_s.mean, 2));
    CLAIM(is(f.detection_s.max, 2));
    CLAIM_INT(f.false_deaths, 0);
    CLAIM_INT(hsy_measure_counts(m).detected, 1);
    end();
}

static void the_first_report_and_what_follows_it_are_timed(void **state)
{
    (void)state;
    begin(2, 4);
    hsy_measure_struck(m, 2);
    pass(30 * HSY_SECOND);
    tell_dead(3, "dead-report", 2, 1);
    pass(HSY_SECOND);
    tell_dead(4, "dead-report", 2, 1); /* The second one. */
    pass(4 * HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 1);
    tell_dead(1, "dead-removed", 2, 1);
    const struct hsy_histogram *reported =
        hsy_measure_histogram(m, HSY_MEASURE_REPORTED);
    const struct hsy_histogram *certified =
        hsy_measure_histogram(m, HSY_MEASURE_CERTIFIED);
    CLAIM_INT(reported->count, 1);
    CLAIM(reported->max == 30 * HSY_SECOND);
    CLAIM_INT(certified->count, 1);
    CLAIM(certified->max == 5 * HSY_SECOND);
    hsy_measure_struck(m, 3);
    tell_dead(0, "dead-removed", 3, 1); /* Without a report. */
    CLAIM_INT(certified->count, 2);
    CLAIM(certified->min == 0);
    end();
}

static void a_death_of_one_that_is_well_is_false_and_counted_once(void **state)
{
    (void)state;
    begin(2, 3);
    tell_dead(0, "dead-removed", 3, 1);
    tell_dead(1, "dead-removed", 3, 1);
    CLAIM_INT(figures().false_deaths, 1);
    tell_dead(1, "dead-removed", 3, 2); /* Another incarnation. */
    CLAIM_INT(figures().false_deaths, 2);
    tell_dead(2, "dead-removed", 3, 3); /* A peer has no say. */
    CLAIM_INT(figures().false_deaths, 2);
    CLAIM(is_none(figures().detection_s.mean));
    end();
}

static void frozen_cut_off_and_dead_are_no_false_deaths(void **state)
{
    (void)state;
    begin(1, 3);
    CLAIM_INT(hsy_cluster_freeze(c, 1), HEARSAY_OK);
    hsy_cluster_isolate(c, 2);
    CLAIM_INT(hsy_cluster_kill(c, 3), HEARSAY_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        tell_dead(0, "dead-removed", i, 1);
    }
    CLAIM_INT(figures().false_deaths, 0);
    end();
}

static void a_death_just_after_the_return_is_late(void **state)
{
    (void)state;
    begin(1, 3);
    hsy_measure_struck(m, 2);
    pass(30 * HSY_SECOND);
    hsy_measure_recovered(m, 2);
    pass((HSY_MEASURE_LATE_S - 1) * HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 1);
    CLAIM_INT(hsy_measure_counts(m).late_deaths, 1);
    CLAIM_INT(figures().false_deaths, 0);
    pass(HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 2);
    CLAIM_INT(figures().false_deaths, 1);
    hsy_measure_late(m, (HSY_MEASURE_LATE_S + 1) * HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 3);
    CLAIM_INT(hsy_measure_counts(m).late_deaths, 2);
    CLAIM_INT(figures().false_deaths, 1);
    CLAIM_INT(hsy_measure_counts(m).detected, 0);
    end();
}

static void an_old_death_is_no_news_of_a_new_strike(void **state)
{
    (void)state;
    begin(2, 3);
    hsy_measure_struck(m, 2);
    tell_dead(0, "dead-removed", 2, 1);
    hsy_measure_recovered(m, 2);
    hsy_measure_struck(m, 2);
    tell_dead(1, "dead-removed", 2, 1); /* Learnt late by another seed. */
    CLAIM_INT(hsy_measure_counts(m).detected, 1);
    tell_dead(1, "dead-removed", 2, 2);
    CLAIM_INT(hsy_measure_counts(m).detected, 2);
    CLAIM_INT(hsy_measure_counts(m).struck, 2);
    end();
}

static void false_reports_are_told_apart_by_their_reporter(void **state)
{
    (void)state;
    begin(1, 3);
    tell_dead(1, "dead-report", 2, 1);
    hsy_measure_struck(m, 1);
    tell_dead(1, "dead-report", 2, 1);
    tell_dead(2, "dead-report", 1, 1); /* True. */
    tell_dead(0, "dead-report", 2, 1); /* A seed only heard of it. */
    tell_dead(0, "dead-report-ignored", 2, 1);
    CLAIM_INT(hsy_measure_counts(m).false_reports, 2);
    CLAIM_INT(hsy_measure_counts(m).false_reports_healthy, 1);
    end();
}

/* ----------------------------------------------------------------- overlay */

static void the_overlay_is_measured(void **state)
{
    (void)state;
    struct hsy_graph *g = NULL;
    uint8_t bytes[300];
    begin(1, 3);
    CLAIM_INT(hsy_measure_fit(m, NULL), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_graph_create(&g, 4, hearsay_mem_default()), HEARSAY_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        hsy_graph_vertex(g, i);
    }
    CLAIM_INT(hsy_graph_link(g, 1, 2), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 2, 1), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 2, 3), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 3, 2), HEARSAY_OK);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    to.sent(to.ctx, 2, 1, bytes, frame(bytes, HSY_BUNDLE, 194, 3));
    const uint32_t *degrees = NULL;
    uint32_t len = 0;
    CLAIM(!hsy_measure_degrees(m, &degrees, &len));
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    struct hsy_figures f = figures();
    CLAIM_INT(f.components, 1);
    CLAIM_INT(f.degree.min, 1);
    CLAIM_INT(f.degree.max, 2);
    CLAIM(is(f.degree.mean, 4.0 / 3));
    CLAIM(hsy_measure_degrees(m, &degrees, &len));
    CLAIM_INT(len, 3);
    CLAIM_INT(degrees[1], 2);
    CLAIM_INT(degrees[2], 1);
    CLAIM_INT(hsy_measure_load(m, 1).peers, 2);
    CLAIM_INT(hsy_measure_load(m, 1).copies, 0);
    CLAIM_INT(hsy_measure_load(m, 2).peers, 1);
    CLAIM_INT(hsy_measure_load(m, 2).copies, 3);
    CLAIM_INT(hsy_measure_fit(m, NULL), HEARSAY_ERR_INVALID); /* Too few. */
    struct hsy_powerlaw fit;
    CLAIM(!hsy_measure_powerlaw(m, &fit));
    struct hsy_powerlaw_options any = {.tail_min = 2};
    CLAIM_INT(hsy_measure_fit(m, &any), HEARSAY_OK);
    CLAIM(hsy_measure_powerlaw(m, &fit));
    CLAIM_INT(figures().fit.xmin, 1);
    hsy_graph_destroy(g);
    end();
}

/* ------------------------------------------------------------------ memory */

static int work(struct hearsay_mem *mem)
{
    int err = hsy_measure_create(&m, mem, c);
    if (err != HEARSAY_OK) {
        return err;
    }
    to = hsy_measure_observer(m);
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    hsy_measure_struck(m, 2);
    tell_dead(0, "dead-removed", 2, 1);
    struct hsy_graph *g = NULL;
    CLAIM_INT(hsy_graph_create(&g, 4, hearsay_mem_default()), HEARSAY_OK);
    hsy_graph_vertex(g, 1);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    err = hsy_measure_graph(m, g);
    hsy_graph_destroy(g);
    if (err == HEARSAY_OK) {
        err = hsy_measure_err(m);
    }
    (void)figures();
    hsy_measure_destroy(m);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    c = cluster();
    int err = HEARSAY_ERR_NOMEM;
    uint64_t call = 0;
    while (err != HEARSAY_OK) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        err = work(&mem);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(call > 8);
    hsy_cluster_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happened_is_not_measured),
        cmocka_unit_test(deliveries_are_counted_and_timed),
        cmocka_unit_test(what_nobody_published_is_unknown),
        cmocka_unit_test(a_gossip_that_is_told_twice_is_published_once),
        cmocka_unit_test(who_joins_later_is_owed_nothing),
        cmocka_unit_test(who_was_struck_is_owed_what_comes_after),
        cmocka_unit_test(epochs_tell_the_processes_of_an_origin_apart),
        cmocka_unit_test(a_new_process_owes_nothing_to_the_one_before),
        cmocka_unit_test(joins_are_timed_from_their_start),
        cmocka_unit_test(a_death_is_timed_at_the_first_seed_and_at_all),
        cmocka_unit_test(the_first_report_and_what_follows_it_are_timed),
        cmocka_unit_test(a_death_of_one_that_is_well_is_false_and_counted_once),
        cmocka_unit_test(frozen_cut_off_and_dead_are_no_false_deaths),
        cmocka_unit_test(a_death_just_after_the_return_is_late),
        cmocka_unit_test(an_old_death_is_no_news_of_a_new_strike),
        cmocka_unit_test(false_reports_are_told_apart_by_their_reporter),
        cmocka_unit_test(the_overlay_is_measured),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sim_measure", tests, NULL, NULL);
}
