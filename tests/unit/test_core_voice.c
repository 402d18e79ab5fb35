/* Who is believed: pairs of a notifier and a subject that refuted it, and what
 * a seed makes of them. Seen from s0 of one, which decides alone. */
#include "core/seed_parts.h"
#include "core/trial.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"
#include "base/compiler.h"

static struct core_rig rig;
static struct hsy_frame frame;

enum { PEERS = 8 };

static hearsay_link link_of(uint32_t peer)
{
    return 2001 + 2 * peer;
}

static int begin(void **state)
{
    (void)state;
    core_rig_init(&rig, 0, 1);
    core_rig_start(&rig);
    for (uint32_t i = 0; i < PEERS; i++) {
        struct hsy_record record = core_record('p', i, 5);
        (void)core_rig_link(&rig, link_of(i), &record);
        core_rig_register(&rig, &record);
    }
    core_rig_commit(&rig);
    return 0;
}

static int end(void **state)
{
    (void)state;
    core_rig_fini(&rig);
    return 0;
}

static void report_of(uint32_t from, uint32_t on, uint64_t incarnation)
{
    struct hsy_record subject = core_record('p', on, 5);
    struct hsy_frame r = {.type = HSY_DEAD_REPORT};
    struct hearsay_id id = core_id('p', from);

    r.report = (struct hsy_report){.subject = subject.id,
                                   .incarnation = incarnation,
                                   .subject_addr = subject.addrs[0],
                                   .wall_ms = rig.env.now.wall_ms,
                                   .notifier = id,
                                   .notifier_addr = subject.addrs[0]};
    CLAIM(core_rig_frame(&rig, &id, &r));
}

/* Did the report start a trial? */
static bool is_heard(uint32_t from, uint32_t on, uint64_t incarnation)
{
    struct hearsay_id id = core_id('p', on);

    CLAIM(hsy_trial_find(&rig.seed, &id) == NULL);
    report_of(from, on, incarnation);
    return hsy_trial_find(&rig.seed, &id) != NULL;
}

static void answer(uint32_t peer)
{
    struct hearsay_id id = core_id('p', peer);

    CLAIM(core_ports_last(&rig.ports, link_of(peer), HSY_PING, &frame));
    struct hsy_frame pong = {.type = HSY_PONG, .pong = frame.ping};
    CLAIM(core_rig_frame(&rig, &id, &pong));
    CLAIM(hsy_trial_find(&rig.seed, &id) == NULL);
}

static void refuted(uint32_t from, uint32_t on)
{
    CLAIM(is_heard(from, on, 5));
    answer(on);
}

static void be_mute_again(void)
{
    rig.env.now.mono_ns += HSY_VOICE_NS;
    hsy_seed_voice_tick(&rig.seed);
}

/* --------------------------------------------------------- one subject */

static void
a_refuted_notifier_is_mute_about_that_subject_for_an_hour(void **state)
{
    (void)state;
    refuted(1, 0);
    core_ports_forget_sent(&rig.ports);
    CLAIM(!is_heard(1, 0, 5));
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_DEAD_NOTICE), 0);
    CLAIM_INT(rig.env.counters.reports_muted, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "dead-report-muted"), 1);
    CLAIM(is_heard(2, 0, 5));
    answer(0);
    rig.env.now.mono_ns += HSY_VOICE_NS - 1;
    hsy_seed_voice_tick(&rig.seed);
    CLAIM(!is_heard(1, 0, 5));
    rig.env.now.mono_ns += 1;
    hsy_seed_voice_tick(&rig.seed);
    CLAIM(is_heard(1, 0, 5));
}

static void it_is_heard_about_others(void **state)
{
    (void)state;
    refuted(1, 0);
    CLAIM(is_heard(1, 2, 5));
}

static void a_seed_tries_by_itself_whoever_is_mute(void **state)
{
    (void)state;
    struct hearsay_id subject = core_id('p', 0);

    refuted(1, 0);
    core_rig_unlink(&rig, &subject);
    CLAIM(hsy_trial_find(&rig.seed, &subject) != NULL);
    core_rig_silence(&rig, 400);
    CLAIM(hsy_registry_find(&rig.seed.registry, &subject) == NULL);
}

/* ------------------------------------------------- what makes no pair */

static void what_may_have_been_true_is_not_held_against_anybody(void **state)
{
    (void)state;
    uint64_t token;
    bool back;

    CLAIM(is_heard(1, 0, 4)); /* Of an earlier life. */
    answer(0);
    CLAIM_INT(rig.seed.voice.count, 0);
    CLAIM(is_heard(1, 0, 5)); /* Overtaken by a newer record. */
    struct hsy_record newer = core_record('p', 0, 6);
    CLAIM_INT(hsy_seed_merge_record(&rig.seed, &newer, &back, &token),
              HSY_MERGED_NEWER);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(rig.seed.voice.count, 0);
}

static void nor_what_the_seed_had_a_reason_of_its_own_to_try(void **state)
{
    (void)state;
    struct hearsay_id subject = core_id('p', 0);

    CLAIM(hsy_trial_start(&rig.seed, &subject, HSY_TRIAL_BEREAVED));
    report_of(1, 0, 5);
    answer(0);
    CLAIM_INT(rig.seed.voice.count, 0);
}

static void who_joins_a_report_is_refuted_with_it(void **state)
{
    (void)state;
    CLAIM(is_heard(1, 0, 5));
    report_of(2, 0, 5);
    report_of(2, 0, 5);
    answer(0);
    CLAIM_INT(rig.seed.voice.count, 2);
    CLAIM(!is_heard(1, 0, 5));
    CLAIM(!is_heard(2, 0, 5));
}

/* ----------------------------------------------------- three others */

static void who_was_refuted_by_three_has_no_voice(void **state)
{
    (void)state;
    struct hearsay_id liar = core_id('p', 1);

    refuted(1, 0);
    refuted(1, 2);
    CLAIM(!hsy_voice_is_mute(&rig.seed.voice, &liar));
    refuted(1, 3);
    CLAIM(hsy_voice_is_mute(&rig.seed.voice, &liar));
    CLAIM_INT(core_ports_noted(&rig.ports, "notifier-muted"), 1);
    CLAIM(!is_heard(1, 4, 5));
    CLAIM(!is_heard(1, 4, 4));
    CLAIM(is_heard(5, 4, 5));
    be_mute_again();
    CLAIM(is_heard(1, 0, 5));
}

static void who_refuted_three_plays_dead_and_counts_against_nobody(void **state)
{
    (void)state;
    struct hearsay_id player = core_id('p', 0), honest = core_id('p', 1);

    refuted(1, 2);
    refuted(1, 3);
    refuted(1, 0);
    CLAIM(hsy_voice_is_mute(&rig.seed.voice, &honest));
    refuted(4, 0);
    CLAIM(!hsy_voice_plays_dead(&rig.seed.voice, &player));
    refuted(5, 0);
    CLAIM(hsy_voice_plays_dead(&rig.seed.voice, &player));
    CLAIM_INT(core_ports_noted(&rig.ports, "peer-plays-dead"), 1);
    CLAIM(!hsy_voice_is_mute(&rig.seed.voice, &honest)); /* It has it again. */
    CLAIM(!is_heard(1, 0, 5));
    CLAIM(is_heard(1, 6, 5));
}

/* Is p<peer> in a sample for p7? */
static bool is_offered(uint32_t peer)
{
    HSY_UNSET uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_records records = {0};
    struct hsy_record record;
    struct hearsay_id asker = core_id('p', 7), id = core_id('p', peer);
    bool found = false;

    (void)hsy_registry_sample(&rig.seed.registry, &asker, &list, &records);
    struct hsy_reader in = hsy_reader(records.bytes, records.len);
    while (hsy_records_next(&in, &record)) {
        found = found || hsy_id_equal(&record.id, &id);
    }
    CLAIM(records.count > 0);
    return found;
}

static void who_plays_dead_is_offered_to_nobody(void **state)
{
    (void)state;
    uint64_t token;
    bool back;

    CLAIM(is_offered(0));
    refuted(1, 0);
    refuted(2, 0);
    CLAIM(is_offered(0));
    refuted(3, 0);
    CLAIM(!is_offered(0));
    CLAIM(is_offered(1));
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), PEERS);
    struct hsy_record newer = core_record('p', 0, 6);
    CLAIM_INT(hsy_seed_merge_record(&rig.seed, &newer, &back, &token),
              HSY_MERGED_NEWER);
    CLAIM(!is_offered(0));
    be_mute_again();
    CLAIM(is_offered(0));
}

static void nor_when_it_comes_back_from_a_death(void **state)
{
    (void)state;
    struct hearsay_id player = core_id('p', 0);

    refuted(1, 0);
    refuted(2, 0);
    refuted(3, 0);
    core_rig_unlink(&rig, &player);
    core_rig_silence(&rig, 400);
    CLAIM(hsy_registry_find(&rig.seed.registry, &player) == NULL);
    CLAIM_INT(rig.seed.registry.offered_count, rig.seed.registry.living.count);
    struct hsy_record back = core_record('p', 0, 7);
    (void)core_rig_link(&rig, 2101, &back);
    core_rig_register(&rig, &back);
    CLAIM(hsy_registry_find(&rig.seed.registry, &player) != NULL);
    CLAIM(!is_offered(0));
}

/* ------------------------------------------------------------------ room */

static void the_oldest_pair_makes_room(void **state)
{
    (void)state;
    struct hsy_voice *v = &rig.seed.voice;
    struct hearsay_id liar = core_id('n', 1), other = core_id('n', 2);
    struct hearsay_id gone;

    for (uint32_t i = 0; i < HSY_VOICE_PAIRS_MAX; i++) {
        struct hearsay_id subject = core_id('q', i);
        hsy_voice_refuted(v, i < 4 ? &liar : &other, &subject);
    }
    CLAIM_INT(v->count, HSY_VOICE_PAIRS_MAX);
    CLAIM(hsy_voice_is_mute(v, &liar));
    CLAIM(hsy_voice_expire(v, &gone));
    struct hearsay_id first = core_id('q', 0);
    CLAIM(hsy_id_equal(&gone, &first));
    CLAIM(!hsy_voice_expire(v, &gone));
    CLAIM(hsy_voice_is_mute(v, &liar));
    hsy_voice_refuted(v, &other, &first);
    CLAIM(hsy_voice_expire(v, &gone));
    CLAIM(!hsy_voice_is_mute(v, &liar));
    CLAIM_INT(hsy_voice_said(v, &liar, &first), HSY_SAID_HEARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_refuted_notifier_is_mute_about_that_subject_for_an_hour, begin,
            end),
        cmocka_unit_test_setup_teardown(it_is_heard_about_others, begin, end),
        cmocka_unit_test_setup_teardown(a_seed_tries_by_itself_whoever_is_mute,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            what_may_have_been_true_is_not_held_against_anybody, begin, end),
        cmocka_unit_test_setup_teardown(
            nor_what_the_seed_had_a_reason_of_its_own_to_try, begin, end),
        cmocka_unit_test_setup_teardown(who_joins_a_report_is_refuted_with_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_was_refuted_by_three_has_no_voice,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            who_refuted_three_plays_dead_and_counts_against_nobody, begin, end),
        cmocka_unit_test_setup_teardown(who_plays_dead_is_offered_to_nobody,
                                        begin, end),
        cmocka_unit_test_setup_teardown(nor_when_it_comes_back_from_a_death,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_pair_makes_room, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
