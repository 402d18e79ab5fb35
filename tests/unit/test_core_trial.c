/* From a suspicion to a death: reports, a seed's own tries, vetoes, verdicts
 * and certificates. Seen from s0 of three. */
#include "core/seed_parts.h"
#include "core/trial.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

static struct core_rig rig;
static struct hsy_frame frame;
static struct hsy_record subject, notifier;

enum { SUBJECT_LINK = 2001, NOTIFIER_LINK = 2003, S1_LINK = 3001 };

/* Both registered over links of their own; s1 is linked. */
static void begin_of(uint32_t seeds)
{
    subject = core_record('p', 1, 5);
    notifier = core_record('p', 2, 5);
    core_rig_init(&rig, 0, seeds);
    core_rig_start(&rig);
    (void)core_rig_link(&rig, SUBJECT_LINK, &subject);
    core_rig_register(&rig, &subject);
    (void)core_rig_link(&rig, NOTIFIER_LINK, &notifier);
    core_rig_register(&rig, &notifier);
    if (seeds > 1) {
        struct hsy_record s1 = core_record('s', 1, 1);
        (void)core_rig_link(&rig, S1_LINK, &s1);
    }
    core_rig_commit(&rig);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    rig.ports.dials_count = 0;
    core_ports_forget_sent(&rig.ports);
}

static void begin(void)
{
    begin_of(3);
}

static void end(void)
{
    core_rig_fini(&rig);
}

static void report_of(uint64_t incarnation)
{
    struct hsy_frame r = {.type = HSY_DEAD_REPORT};
    r.report = (struct hsy_report){.subject = subject.id,
                                   .incarnation = incarnation,
                                   .subject_addr = subject.addrs[0],
                                   .wall_ms = UINT64_C(1795376105517),
                                   .notifier = notifier.id,
                                   .notifier_addr = notifier.addrs[0]};
    CLAIM(core_rig_frame(&rig, &notifier.id, &r));
}

/* The verdict of seed s<number>, over the link of s1. */
static void verdict_of(uint32_t number, const struct hsy_record *record)
{
    struct hsy_frame v = {.type = HSY_VERDICT};
    v.verdict.verdict = (struct hsy_verdict){.subject = record->id,
                                             .incarnation = record->incarnation,
                                             .wall_ms = rig.env.now.wall_ms,
                                             .seed = core_id('s', number)};
    v.verdict.record = *record;
    struct hearsay_id s1 = core_id('s', 1);
    CLAIM(core_rig_frame(&rig, &s1, &v));
}

static bool is_dead(void)
{
    return hsy_registry_rank(&rig.seed.registry, &subject.id) ==
           hsy_rank_dead(subject.incarnation);
}

/* Dials to the subject so far. */
static uint32_t tries(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rig.ports.dials_count; i++) {
        count += hsy_id_equal(&rig.ports.dials[i].expect, &subject.id) ? 1 : 0;
    }
    return count;
}

/* --------------------------------------------------------------- reports */

static void a_report_alone_kills_nobody(void **state)
{
    (void)state;
    begin();
    report_of(5);
    CLAIM(!is_dead());
    CLAIM_INT(rig.env.counters.reports_in, 1);
    CLAIM_INT(rig.ports.signables_count, 0);
    CLAIM_INT(core_ports_sent(&rig.ports, S1_LINK, HSY_VERDICT), 0);
    end();
}

static void a_report_is_logged_in_the_words_of_the_mission(void **state)
{
    (void)state;
    begin();
    report_of(5);
    const struct core_note *note = core_ports_note(&rig.ports, "dead-report");
    CLAIM(note != NULL);
    CLAIM_TEXT(note->text, "Dead Node:10.0.0.1:7000:1795376105517:10.0.0.2");
    end();
}

static void the_subject_is_told_first(void **state)
{
    (void)state;
    begin();
    report_of(5);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_DEAD_NOTICE), 1);
    CLAIM_INT(rig.ports.sent[0].bytes[4], HSY_DEAD_NOTICE);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 1);
    end();
}

static void a_report_on_a_life_to_come_starts_nothing(void **state)
{
    (void)state;
    begin();
    report_of(6);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(core_ports_noted(&rig.ports, "dead-report-ignored"), 1);
    end();
}

static void
a_report_on_a_former_life_starts_tries_but_needs_no_answer(void **state)
{
    (void)state;
    begin();
    report_of(4);
    CLAIM_INT(rig.seed.trials.count, 1);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_DEAD_NOTICE), 0);
    end();
}

static void a_notifier_speaks_for_itself_and_is_registered(void **state)
{
    (void)state;
    begin();
    struct hsy_frame r = {.type = HSY_DEAD_REPORT};
    r.report = (struct hsy_report){
        .subject = subject.id, .incarnation = 5, .notifier = core_id('p', 9)};
    CLAIM(core_rig_frame(&rig, &notifier.id, &r));
    struct hsy_record stranger = core_record('p', 9, 1);
    (void)core_rig_link(&rig, 2009, &stranger);
    CLAIM(core_rig_frame(&rig, &stranger.id, &r));
    CLAIM_INT(rig.env.counters.frames_unexpected, 2);
    CLAIM_INT(rig.env.counters.reports_in, 0);
    CLAIM_INT(rig.seed.trials.count, 0);
    end();
}

/* ------------------------------------------------------- the own tries */

static void a_verdict_needs_the_seeds_own_three_failed_tries(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id); /* Its registration link broke. */
    core_rig_run(&rig, 0);
    CLAIM_INT(tries(), 1);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    core_rig_run(&rig, 100);
    CLAIM_INT(tries(), 2);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    core_rig_run(&rig, 200);
    CLAIM_INT(tries(), 3);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    CLAIM_INT(rig.ports.signables_count, 1);
    CLAIM_INT(rig.ports.signables[0].verdict.incarnation, 5);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_VERDICT), 0);
    core_rig_sign(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, S1_LINK, HSY_VERDICT), 1);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_VERDICT), 1);
    CLAIM_INT(rig.env.counters.verdicts, 1);
    CLAIM(!is_dead()); /* One of three is no majority. */
    end();
}

/* The subject has said nothing for longer than a round of its pings takes. */
static void begin_mute(void)
{
    begin();
    core_rig_silence(&rig, 25000);
}

static void a_mute_link_is_pinged_three_times(void **state)
{
    (void)state;
    begin_mute();
    report_of(5);
    core_rig_run(&rig, 749);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 1);
    core_rig_run(&rig, 1);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 2);
    core_rig_run(&rig, 750);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 3);
    core_rig_run(&rig, 2999);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(rig.ports.signables_count, 1);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 3);
    CLAIM_INT(tries(), 0);
    end();
}

/* Its answers may be stuck in a line that is full. */
static void who_was_heard_lately_is_given_time(void **state)
{
    (void)state;
    begin_mute();
    hsy_neighbour_by_id(&rig.neighbours, &subject.id)->heard_ns =
        rig.env.now.mono_ns;
    report_of(5);
    core_rig_run(&rig, 24999);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 3);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(rig.ports.signables_count, 1);
    end();
}

static void nor_is_one_convicted_whose_link_broke_and_who_is_mute(void **state)
{
    (void)state;
    begin();
    hsy_neighbour_by_id(&rig.neighbours, &subject.id)->heard_ns =
        rig.env.now.mono_ns;
    core_rig_unlink(&rig, &subject.id);
    core_rig_run(&rig, 8000);
    CLAIM_INT(tries(), 3);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_TIMEOUT);
    core_rig_run(&rig, 16999);
    CLAIM_INT(tries(), 3);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 8001); /* Three more. */
    CLAIM_INT(tries(), 6);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_TIMEOUT);
    CLAIM_INT(rig.ports.signables_count, 1);
    end();
}

static void whose_link_was_slow_is_not_dialled_at_once(void **state)
{
    (void)state;
    begin();
    struct hsy_neighbour gone =
        *hsy_neighbour_by_id(&rig.neighbours, &subject.id);
    gone.heard_ns = rig.env.now.mono_ns;
    hsy_neighbour_remove(&rig.neighbours,
                         hsy_neighbour_by_id(&rig.neighbours, &subject.id));
    hsy_seed_link_down(&rig.seed, &gone, HEARSAY_DOWN_SLOW);
    core_rig_run(&rig, 24999);
    CLAIM_INT(tries(), 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(tries(), 1);
    end();
}

static void pong(uint64_t nonce, bool counts)
{
    struct hsy_frame p = {.type = HSY_PONG, .pong = nonce};
    CLAIM_INT(core_rig_frame(&rig, &subject.id, &p), counts);
}

static void one_pong_vetoes(void **state)
{
    (void)state;
    begin();
    report_of(5);
    CLAIM(core_ports_last(&rig.ports, SUBJECT_LINK, HSY_PING, &frame));
    uint64_t first = frame.ping;
    core_rig_run(&rig, 4900);
    pong(first + 1, false);
    CLAIM_INT(rig.seed.trials.count, 1);
    pong(first, true); /* Late, but in time for the trial. */
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(rig.env.counters.reports_vetoed, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "dead-refuted"), 1);
    core_rig_run(&rig, 10000);
    CLAIM_INT(rig.ports.signables_count, 0);
    end();
}

static void a_link_that_comes_up_vetoes(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_run(&rig, 0);
    core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    core_rig_run(&rig, 100);
    (void)core_rig_link(&rig, 2011, &subject);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM(!hsy_probe_running(&rig.probes, &subject.id));
    end();
}

static void an_answer_during_signing_makes_the_signature_void(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    for (uint32_t i = 0; i < 3; i++) {
        core_rig_run(&rig, 200);
        core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    }
    CLAIM_INT(rig.ports.signables_count, 1);
    (void)core_rig_link(&rig, 2011, &subject);
    core_rig_sign(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_VERDICT), 0);
    CLAIM_INT(rig.env.counters.verdicts, 0);
    end();
}

static void pings_go_over_to_dials_when_the_link_breaks(void **state)
{
    (void)state;
    begin();
    report_of(5);
    core_rig_run(&rig, 1000);
    core_rig_unlink(&rig, &subject.id);
    core_rig_run(&rig, 0);
    CLAIM_INT(tries(), 1);
    CLAIM_INT(rig.seed.trials.count, 1);
    end();
}

static void a_seed_that_was_away_listens_before_it_judges(void **state)
{
    (void)state;
    begin();
    report_of(5);
    core_rig_run(&rig, 2000);               /* All three are sent. */
    rig.env.now.mono_ns += 20 * HSY_SECOND; /* Stopped, and woken. */
    hsy_seed_tick(&rig.seed);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 2999);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(rig.ports.signables_count, 1);
    end();
}

static void a_full_job_queue_only_delays_the_verdict(void **state)
{
    (void)state;
    begin_mute();
    report_of(5);
    rig.ports.no_room = true;
    core_rig_run(&rig, 6000);
    CLAIM_INT(rig.ports.signables_count, 0);
    rig.ports.no_room = false;
    core_rig_run(&rig, 100);
    CLAIM_INT(rig.ports.signables_count, 1);
    end();
}

/* Half of a network may go at once. */
static void as_many_are_tried_at_once_as_there_are_peers(void **state)
{
    uint64_t token;
    bool back;

    (void)state;
    begin();
    for (uint32_t i = 0; i < 1500; i++) {
        struct hsy_record one = core_record('q', i, 1);
        CLAIM_INT(hsy_seed_merge_record(&rig.seed, &one, &back, &token),
                  HSY_MERGED_NEW);
        CLAIM(hsy_trial_start(&rig.seed, &one.id, HSY_TRIAL_LINK));
    }
    CLAIM_INT(rig.seed.trials.count, 1500);
    CLAIM_INT(rig.probes.by_id.count, 1500);
    end();
}

/* -------------------------------------------------------- certificates */

static void two_of_three_verdicts_are_a_certificate(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    CLAIM(!is_dead());
    verdict_of(1, &subject);
    CLAIM(is_dead());
    CLAIM_INT(rig.env.counters.deaths, 1);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(core_ports_noted(&rig.ports, "dead-removed"), 1);
    CLAIM(core_ports_last(&rig.ports, S1_LINK, HSY_SEED_SYNC, &frame));
    CLAIM_INT(frame.sync.count, 1);
    struct hsy_reader at =
        hsy_reader(frame.sync.entries, frame.sync.entries_len);
    struct hsy_sync_entry entry;
    CLAIM(hsy_sync_next(&at, &entry));
    CLAIM_INT(entry.kind, HSY_SYNC_DEATH);
    CLAIM_INT(entry.certificate.verdicts_count, 2);
    CLAIM_INT(entry.certificate.verdicts[0].seed.bytes[2], 0);
    CLAIM_INT(entry.certificate.verdicts[1].seed.bytes[2], 1);
    end();
}

/* The notifier, mute for long, is linked to the dead one alone. */
static void who_loses_a_neighbour_and_is_mute_is_tried(void **state)
{
    (void)state;
    for (uint32_t mute = 0; mute < 2; mute++) {
        begin_mute();
        struct hsy_neighbour *n =
            hsy_neighbour_by_id(&rig.neighbours, &notifier.id);
        n->heard_ns = rig.env.now.mono_ns - (mute == 0 ? 1 : 25) * HSY_SECOND;
        core_rig_links(&rig, &subject.id, 1, &notifier.id, 1);
        core_rig_unlink(&rig, &subject.id);
        core_rig_silence(&rig, 400);
        CLAIM(hsy_trial_find(&rig.seed, &notifier.id) == NULL);
        verdict_of(1, &subject);
        CLAIM(is_dead());
        CLAIM((hsy_trial_find(&rig.seed, &notifier.id) != NULL) == (mute == 1));
        end();
    }
}

static void the_same_verdict_twice_counts_once(void **state)
{
    (void)state;
    begin();
    verdict_of(1, &subject);
    verdict_of(1, &subject);
    CLAIM(!is_dead());
    CLAIM_INT(hsy_trial_find(&rig.seed, &subject.id)->verdicts_count, 1);
    end();
}

static void a_fellows_verdict_makes_a_seed_try_at_once(void **state)
{
    (void)state;
    begin();
    verdict_of(1, &subject);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 1);
    CLAIM(core_ports_last(&rig.ports, SUBJECT_LINK, HSY_PING, &frame));
    pong(frame.ping, true);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM(!is_dead());
    end();
}

static void a_seed_speaks_for_itself_alone(void **state)
{
    (void)state;
    begin();
    verdict_of(2, &subject); /* Over the link of s1. */
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(rig.env.counters.frames_unexpected, 1);
    end();
}

static void a_verdict_brings_the_record_it_is_about(void **state)
{
    (void)state;
    begin();
    struct hsy_record newer = subject;
    newer.incarnation = 6;
    verdict_of(1, &newer);
    CLAIM_INT(hsy_registry_rank(&rig.seed.registry, &subject.id),
              hsy_rank_alive(6));
    CLAIM_INT(hsy_trial_find(&rig.seed, &subject.id)->record.incarnation, 6);
    struct hsy_record unknown = core_record('p', 7, 3);
    verdict_of(1, &unknown);
    CLAIM(hsy_trial_find(&rig.seed, &unknown.id) != NULL);
    end();
}

static void a_newer_life_ends_the_trial_of_the_older(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    CLAIM_INT(rig.seed.trials.count, 1);
    struct hsy_record newer = subject;
    newer.incarnation = 6;
    verdict_of(1, &newer);
    CLAIM_INT(hsy_trial_find(&rig.seed, &subject.id)->record.incarnation, 6);
    CLAIM_INT(hsy_trial_find(&rig.seed, &subject.id)->verdicts_count, 1);
    end();
}

static void a_verdict_on_the_dead_is_no_news(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    verdict_of(1, &subject);
    CLAIM(is_dead());
    verdict_of(1, &subject);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(rig.env.counters.deaths, 1);
    end();
}

static void a_frozen_peers_link_is_hung_up_after_its_death(void **state)
{
    (void)state;
    begin_mute();
    report_of(5);
    core_rig_silence(&rig, 5100);
    CLAIM(!is_dead());
    CLAIM_INT(rig.ports.hang_ups_count, 0);
    verdict_of(1, &subject);
    CLAIM(is_dead());
    core_rig_run(&rig, 0);
    CLAIM_INT(rig.ports.hang_ups_count, 1);
    CLAIM_INT(rig.ports.hang_ups[0], SUBJECT_LINK);
    CLAIM(hsy_neighbour_by_id(&rig.neighbours, &subject.id) == NULL);
    CLAIM(hsy_neighbour_by_id(&rig.neighbours, &notifier.id) != NULL);
    end();
}

static void who_comes_back_is_not_hung_up_for_its_old_death(void **state)
{
    (void)state;
    begin_of(1);
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    CLAIM(is_dead());
    (void)core_rig_link(&rig, 2021, &subject); /* REGISTER is under way. */
    core_rig_unlink(&rig, &notifier.id);
    core_rig_silence(&rig, 400);
    CLAIM_INT(rig.env.counters.deaths, 2);
    CLAIM_INT(rig.ports.hang_ups_count, 0);
    CLAIM(hsy_neighbour_by_id(&rig.neighbours, &subject.id) != NULL);
    end();
}

static void one_seed_alone_decides_alone(void **state)
{
    (void)state;
    begin_of(1);
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    CLAIM(is_dead());
    end();
}

static void the_falsely_dead_comes_back_above_its_grave(void **state)
{
    (void)state;
    begin_of(1);
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    (void)core_rig_link(&rig, 2021, &subject);
    core_rig_register(&rig, &subject);
    CLAIM(core_ports_last(&rig.ports, 2021, HSY_REGISTERED, &frame));
    CLAIM_INT(frame.registered.verdict, HSY_REGISTERED_STALE);
    CLAIM_INT(frame.registered.known_rank, hsy_rank_dead(5));
    subject.incarnation = 6;
    core_rig_register(&rig, &subject);
    core_rig_commit(&rig);
    core_rig_run(&rig, 1000);
    CLAIM_INT(rig.ports.hang_ups_count, 0);
    CLAIM(core_ports_last(&rig.ports, 2021, HSY_REGISTERED, &frame));
    CLAIM_INT(frame.registered.verdict, HSY_REGISTERED_OK);
    end();
}

/* ------------------------------------------------------------------ time */

static void verdicts_expire_after_two_minutes(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 119990);
    CLAIM_INT(rig.seed.trials.count, 1);
    core_rig_silence(&rig, 20);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM(!is_dead());
    verdict_of(1, &subject); /* It tries again, and has no verdict yet. */
    CLAIM(!is_dead());
    CLAIM_INT(rig.seed.trials.count, 1);
    end();
}

static void a_dropped_trial_is_held_again_after_a_lease(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 121000);
    CLAIM_INT(rig.seed.trials.count, 0);
    core_rig_silence(&rig, 598000);
    CLAIM(hsy_trial_find(&rig.seed, &subject.id) == NULL);
    core_rig_silence(&rig, 3000);
    const struct hsy_trial *t = hsy_trial_find(&rig.seed, &subject.id);
    CLAIM(t != NULL);
    CLAIM_INT(t->state, HSY_TRIAL_SIGNED);
    CLAIM(core_ports_noted(&rig.ports, "lease-expired") >= 1);
    end();
}

static void an_open_verdict_is_tried_again_when_a_fellow_comes_up(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    const struct hsy_trial *t = hsy_trial_find(&rig.seed, &subject.id);
    CLAIM(t != NULL);
    CLAIM_INT(t->state, HSY_TRIAL_SIGNED);
    struct hsy_record s2 = core_record('s', 2, 1);
    (void)core_rig_link(&rig, 3003, &s2);
    CLAIM_INT(core_ports_sent(&rig.ports, 3003, HSY_VERDICT), 0);
    core_rig_silence(&rig, 400);
    CLAIM_INT(core_ports_sent(&rig.ports, 3003, HSY_VERDICT), 1);
    end();
}

static void an_open_verdict_is_tried_again_when_a_lease_runs_out(void **state)
{
    (void)state;
    begin();
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    const struct hsy_trial *t = hsy_trial_find(&rig.seed, &subject.id);
    CLAIM(t != NULL);
    CLAIM_INT(t->state, HSY_TRIAL_SIGNED);
    CLAIM_INT(tries(), 3);
    hsy_registry_recheck(&rig.seed.registry, &subject.id,
                         rig.env.now.mono_ns + HSY_SECOND);
    core_rig_silence(&rig, 2000);
    CLAIM_INT(tries(), 6);
    end();
}

static void a_lease_that_runs_out_starts_tries(void **state)
{
    (void)state;
    begin();
    core_rig_run(&rig, 599990);
    CLAIM_INT(rig.seed.trials.count, 0);
    struct hsy_neighbour *n =
        hsy_neighbour_by_id(&rig.neighbours, &notifier.id);
    n->heard_ns = rig.env.now.mono_ns; /* It pings; the core answers. */
    core_rig_run(&rig, 20);
    CLAIM_INT(rig.seed.trials.count, 1);
    CLAIM(hsy_trial_find(&rig.seed, &subject.id) != NULL);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 1);
    CLAIM(core_ports_last(&rig.ports, SUBJECT_LINK, HSY_PING, &frame));
    pong(frame.ping, true);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_alone_kills_nobody),
        cmocka_unit_test(a_report_is_logged_in_the_words_of_the_mission),
        cmocka_unit_test(the_subject_is_told_first),
        cmocka_unit_test(a_report_on_a_life_to_come_starts_nothing),
        cmocka_unit_test(
            a_report_on_a_former_life_starts_tries_but_needs_no_answer),
        cmocka_unit_test(a_notifier_speaks_for_itself_and_is_registered),
        cmocka_unit_test(a_verdict_needs_the_seeds_own_three_failed_tries),
        cmocka_unit_test(a_mute_link_is_pinged_three_times),
        cmocka_unit_test(who_was_heard_lately_is_given_time),
        cmocka_unit_test(nor_is_one_convicted_whose_link_broke_and_who_is_mute),
        cmocka_unit_test(whose_link_was_slow_is_not_dialled_at_once),
        cmocka_unit_test(one_pong_vetoes),
        cmocka_unit_test(a_link_that_comes_up_vetoes),
        cmocka_unit_test(an_answer_during_signing_makes_the_signature_void),
        cmocka_unit_test(pings_go_over_to_dials_when_the_link_breaks),
        cmocka_unit_test(a_seed_that_was_away_listens_before_it_judges),
        cmocka_unit_test(a_full_job_queue_only_delays_the_verdict),
        cmocka_unit_test(as_many_are_tried_at_once_as_there_are_peers),
        cmocka_unit_test(two_of_three_verdicts_are_a_certificate),
        cmocka_unit_test(who_loses_a_neighbour_and_is_mute_is_tried),
        cmocka_unit_test(the_same_verdict_twice_counts_once),
        cmocka_unit_test(a_fellows_verdict_makes_a_seed_try_at_once),
        cmocka_unit_test(a_seed_speaks_for_itself_alone),
        cmocka_unit_test(a_verdict_brings_the_record_it_is_about),
        cmocka_unit_test(a_newer_life_ends_the_trial_of_the_older),
        cmocka_unit_test(a_verdict_on_the_dead_is_no_news),
        cmocka_unit_test(a_frozen_peers_link_is_hung_up_after_its_death),
        cmocka_unit_test(who_comes_back_is_not_hung_up_for_its_old_death),
        cmocka_unit_test(one_seed_alone_decides_alone),
        cmocka_unit_test(the_falsely_dead_comes_back_above_its_grave),
        cmocka_unit_test(verdicts_expire_after_two_minutes),
        cmocka_unit_test(a_dropped_trial_is_held_again_after_a_lease),
        cmocka_unit_test(an_open_verdict_is_tried_again_when_a_fellow_comes_up),
        cmocka_unit_test(an_open_verdict_is_tried_again_when_a_lease_runs_out),
        cmocka_unit_test(a_lease_that_runs_out_starts_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
