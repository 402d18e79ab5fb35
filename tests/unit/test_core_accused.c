/* A verdict cannot be taken back: whoever has it may complete it at any time.
 * So whom a seed has called dead, and then hears, must step above it. Seen from
 * s0 of three. */
#include "core/seed_parts.h"
#include "core/trial.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

#include <string.h>

static struct core_rig rig;
static struct hsy_frame frame;
static struct hsy_record subject;

enum { SUBJECT_LINK = 2001, S1_LINK = 3001, LATER_LINK = 2011 };

static int begin(void **state)
{
    struct hsy_record s1 = core_record('s', 1, 1);

    (void)state;
    subject = core_record('p', 1, 5);
    core_rig_init(&rig, 0, 3);
    core_rig_start(&rig);
    (void)core_rig_link(&rig, S1_LINK, &s1);
    (void)core_rig_link(&rig, SUBJECT_LINK, &subject);
    core_rig_register(&rig, &subject);
    core_rig_commit(&rig);
    core_rig_silence(&rig, 25000);
    core_ports_forget_sent(&rig.ports);
    return 0;
}

static int end(void **state)
{
    (void)state;
    core_rig_fini(&rig);
    return 0;
}

static const struct hsy_entry *entry(void)
{
    const struct hsy_entry *e =
        hsy_registry_find(&rig.seed.registry, &subject.id);

    CLAIM(e != NULL);
    return e;
}

/* Its link breaks, its machine refuses, and this seed signs. */
static void accuse(void)
{
    core_rig_unlink(&rig, &subject.id);
    core_rig_silence(&rig, 400);
    CLAIM_INT(rig.env.counters.verdicts, 1);
    CLAIM(hsy_entry_accused(entry()));
}

static void try_over_the_link(void)
{
    CLAIM(hsy_trial_start(&rig.seed, &subject.id, HSY_TRIAL_BEREAVED));
    rig.seed.next_ns = rig.env.now.mono_ns;
}

/* How many times it was told to step above this incarnation. */
static uint32_t told(hearsay_link link)
{
    if (!core_ports_last(&rig.ports, link, HSY_REGISTERED, &frame)) {
        return 0;
    }
    CLAIM_INT(frame.registered.verdict, HSY_REGISTERED_STALE);
    CLAIM_INT(frame.registered.known_rank, hsy_rank_alive(5));
    return core_ports_sent(&rig.ports, link, HSY_REGISTERED);
}

static void who_comes_after_the_verdict_is_told_to_step_above(void **state)
{
    (void)state;
    accuse();
    (void)core_rig_link(&rig, LATER_LINK, &subject);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(told(LATER_LINK), 1);
}

static void nor_can_it_register_before_it_has(void **state)
{
    (void)state;
    accuse();
    (void)core_rig_link(&rig, LATER_LINK, &subject);
    core_rig_register(&rig, &subject);
    core_rig_commit(&rig);
    CLAIM_INT(told(LATER_LINK), 2);
    CLAIM(!entry()->held);
    subject.incarnation = 6;
    core_rig_register(&rig, &subject);
    core_rig_commit(&rig);
    CLAIM(core_ports_last(&rig.ports, LATER_LINK, HSY_REGISTERED, &frame));
    CLAIM_INT(frame.registered.verdict, HSY_REGISTERED_OK);
    CLAIM(!hsy_entry_accused(entry()));
    CLAIM(entry()->held);
    core_rig_register(&rig, &subject); /* It may do so as often as it likes. */
    CLAIM(core_ports_last(&rig.ports, LATER_LINK, HSY_REGISTERED, &frame));
    CLAIM_INT(frame.registered.verdict, HSY_REGISTERED_OK);
}

static void a_late_answer_over_the_open_link_is_told_too(void **state)
{
    struct hsy_frame pong = {.type = HSY_PONG};

    (void)state;
    try_over_the_link();
    core_rig_silence(&rig, 5100);
    CLAIM(hsy_entry_accused(entry()));
    CLAIM_INT(told(SUBJECT_LINK), 0);
    CLAIM(core_ports_last(&rig.ports, SUBJECT_LINK, HSY_PING, &frame));
    pong.pong = frame.ping;
    CLAIM(core_rig_frame(&rig, &subject.id, &pong));
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(told(SUBJECT_LINK), 1);
}

static void so_is_who_speaks_when_the_trial_was_dropped(void **state)
{
    (void)state;
    try_over_the_link();
    core_rig_silence(&rig, 126000);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM(hsy_entry_accused(entry()));
    core_ports_forget_sent(&rig.ports);
    core_rig_links(&rig, &subject.id, 1, NULL, 0);
    CLAIM_INT(told(SUBJECT_LINK), 1);
}

static void a_verdict_that_was_never_sent_accuses_nobody(void **state)
{
    (void)state;
    core_rig_unlink(&rig, &subject.id);
    for (uint32_t i = 0; i < 3; i++) {
        core_rig_run(&rig, 200);
        core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
    }
    (void)core_rig_link(&rig, LATER_LINK, &subject);
    core_rig_sign(&rig);
    CLAIM_INT(rig.env.counters.verdicts, 0);
    CLAIM(!hsy_entry_accused(entry()));
    CLAIM_INT(told(LATER_LINK), 0);
}

/* The last row of the subject in @table; NULL: none, or it was deleted. */
static const struct core_row *row_in(enum hearsay_table table)
{
    const struct core_row *last = NULL;

    for (uint32_t i = 0; i < rig.ports.rows_count; i++) {
        const struct core_row *row = &rig.ports.rows[i];
        if (row->table == table && row->key_len == HEARSAY_ID_LEN &&
            memcmp(row->key, subject.id.bytes, HEARSAY_ID_LEN) == 0) {
            last = row;
        }
    }
    return last != NULL && last->value != NULL ? last : NULL;
}

static void restore(struct hsy_registry *r, const struct core_row *row)
{
    struct hearsay_row given = {.table = row->table,
                                .key = row->key,
                                .key_len = row->key_len,
                                .value = row->value,
                                .value_len = row->value_len};

    CLAIM_INT(hsy_registry_restore(r, &given), 0);
}

static void
a_seed_that_starts_again_still_knows_whom_it_has_accused(void **state)
{
    (void)state;
    accuse();
    for (uint32_t floor_first = 0; floor_first < 2; floor_first++) {
        struct hsy_registry again;
        hsy_registry_init(&again, &rig.env);
        if (floor_first == 1) {
            restore(&again, row_in(HEARSAY_TABLE_FLOOR));
        }
        restore(&again, row_in(HEARSAY_TABLE_REGISTRY));
        if (floor_first == 0) {
            restore(&again, row_in(HEARSAY_TABLE_FLOOR));
        }
        const struct hsy_entry *e = hsy_registry_find(&again, &subject.id);
        CLAIM(e != NULL);
        CLAIM(hsy_entry_accused(e));
        CLAIM_INT(again.floors.count, 0);
        hsy_registry_fini(&again);
    }
}

static void what_it_has_stepped_above_leaves_the_disk(void **state)
{
    uint64_t token;
    bool back;

    (void)state;
    accuse();
    CLAIM(row_in(HEARSAY_TABLE_FLOOR) != NULL);
    subject.incarnation = 6;
    CLAIM_INT(hsy_seed_merge_record(&rig.seed, &subject, &back, &token),
              HSY_MERGED_NEWER);
    CLAIM(row_in(HEARSAY_TABLE_FLOOR) == NULL);
    CLAIM(!hsy_entry_accused(entry()));
}

static void so_does_what_became_a_death(void **state)
{
    struct hsy_frame v = {.type = HSY_VERDICT};
    struct hearsay_id s1 = core_id('s', 1);

    (void)state;
    accuse();
    v.verdict.verdict = (struct hsy_verdict){.subject = subject.id,
                                             .incarnation = 5,
                                             .wall_ms = rig.env.now.wall_ms,
                                             .seed = s1};
    v.verdict.record = subject;
    CLAIM(core_rig_frame(&rig, &s1, &v));
    CLAIM(hsy_registry_grave(&rig.seed.registry, &subject.id) != NULL);
    CLAIM(row_in(HEARSAY_TABLE_FLOOR) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_comes_after_the_verdict_is_told_to_step_above, begin, end),
        cmocka_unit_test_setup_teardown(nor_can_it_register_before_it_has,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_late_answer_over_the_open_link_is_told_too, begin, end),
        cmocka_unit_test_setup_teardown(
            so_is_who_speaks_when_the_trial_was_dropped, begin, end),
        cmocka_unit_test_setup_teardown(
            a_verdict_that_was_never_sent_accuses_nobody, begin, end),
        cmocka_unit_test_setup_teardown(
            a_seed_that_starts_again_still_knows_whom_it_has_accused, begin,
            end),
        cmocka_unit_test_setup_teardown(
            what_it_has_stepped_above_leaves_the_disk, begin, end),
        cmocka_unit_test_setup_teardown(so_does_what_became_a_death, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
