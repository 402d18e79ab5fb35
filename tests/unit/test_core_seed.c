/* The seed as its peers see it: registration, answers, lists, bridges. */
#include "core/fellows.h"
#include "core/seed_parts.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

static struct core_rig rig;
static struct hsy_frame frame;

/* s0 of three. */
static void begin(void)
{
    core_rig_init(&rig, 0, 3);
    core_rig_start(&rig);
}

static void end(void)
{
    core_rig_fini(&rig);
}

static hearsay_link link_of(uint32_t number)
{
    return 2 * (hearsay_link)number + 1001;
}

static void join(const struct hsy_record *record)
{
    (void)core_rig_link(&rig, link_of(record->id.bytes[2]), record);
    core_rig_register(&rig, record);
}

static struct hsy_record join_number(uint32_t number)
{
    struct hsy_record record = core_record('p', number, 5);
    join(&record);
    core_rig_commit(&rig);
    return record;
}

static const struct hsy_registered *answer(uint32_t number)
{
    bool any =
        core_ports_last(&rig.ports, link_of(number), HSY_REGISTERED, &frame);
    CLAIM(any);
    return &frame.registered;
}

/* ---------------------------------------------------------- registration */

static void a_registration_is_acknowledged_only_after_the_commit(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    join(&record);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 0);
    core_rig_commit(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    CLAIM_INT(answer(1)->incarnation, 5);
    CLAIM_INT(answer(1)->known_rank, hsy_rank_alive(5));
    CLAIM_INT(answer(1)->lease_s, 600);
    CLAIM_INT(answer(1)->peers_count, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "peer-registered"), 1);
    CLAIM_INT(rig.env.counters.registrations, 1);
    end();
}

/* The disk refuses all that is under way. */
static void fail_writes(void)
{
    while (rig.ports.committed < rig.ports.token) {
        rig.ports.committed++;
        hsy_seed_persisted(&rig.seed, rig.ports.committed, false);
    }
}

static void a_failed_commit_is_refused_at_once(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    join(&record);
    fail_writes();
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_FULL);
    core_rig_register(&rig, &record); /* Asks for the write again. */
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    core_rig_commit(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 2);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

static void a_disk_that_does_not_answer_is_waited_for_4_seconds(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    join(&record);
    core_rig_run(&rig, 3999);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_FULL);
    core_rig_commit(&rig); /* Too late to be an answer. */
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    core_rig_register(&rig, &record);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

/* The newer record is under way to the disk, as a fellow's word. */
static void a_write_that_was_overtaken_is_answered_with_the_later(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    struct hsy_record later = record;
    uint64_t token = 0;
    bool back = false;
    begin();
    join(&record);
    later.issued_ms++;
    CLAIM_INT(
        hsy_registry_merge_record(&rig.seed.registry, &later, &back, &token),
        HSY_MERGED_NEWER);
    rig.ports.committed = token - 1;
    hsy_seed_persisted(&rig.seed, token - 1, true);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 0);
    core_rig_commit(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 1);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

static void the_same_record_again_is_answered_again(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    join(&record);
    core_rig_register(&rig, &record); /* The write is pending. */
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 0);
    uint64_t token = rig.ports.token;
    core_rig_commit(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 2);
    core_rig_register(&rig, &record);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 3);
    CLAIM_INT(rig.ports.token, token); /* Nothing was written. */
    CLAIM_INT(core_ports_noted(&rig.ports, "peer-registered"), 1);
    end();
}

static void nobody_is_answered_over_a_link_that_is_gone(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    join(&record);
    core_rig_unlink(&rig, &record.id);
    core_rig_commit(&rig);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), 0);
    end();
}

static void only_the_owner_registers_a_record(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    (void)core_rig_link(&rig, link_of(1), &record);
    frame.type = HSY_REGISTER;
    frame.reg = core_record('p', 2, 5);
    CLAIM(core_rig_frame(&rig, &record.id, &frame));
    CLAIM_INT(rig.env.counters.frames_unexpected, 1);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 0);
    end();
}

static void a_record_must_say_where(void **state)
{
    (void)state;
    struct hsy_record record = core_record('p', 1, 5);
    begin();
    (void)core_rig_link(&rig, link_of(1), &record);
    record.addrs_count = 0;
    core_rig_register(&rig, &record);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_NO_ADDR);
    end();
}

static void an_older_incarnation_is_told_to_step_up(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = join_number(1);
    record.incarnation = 4;
    core_rig_register(&rig, &record);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_STALE);
    CLAIM_INT(answer(1)->known_rank, hsy_rank_alive(5));
    CLAIM_INT(answer(1)->sample.count, 0);
    record.incarnation = 6;
    core_rig_register(&rig, &record);
    core_rig_commit(&rig);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

static void another_boot_does_not_push_out_a_live_record(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = join_number(1);
    record.boot_nonce = 2;
    record.issued_ms += 5;
    core_rig_register(&rig, &record);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_STALE);
    record.incarnation = 6;
    core_rig_register(&rig, &record);
    core_rig_commit(&rig);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

static void a_full_list_is_said_to_be_full(void **state)
{
    (void)state;
    core_rig_init(&rig, 0, 1);
    hsy_seed_fini(&rig.seed);
    rig.env.config.peers_max = 1;
    hsy_seed_init(&rig.seed, &rig.env, &rig.neighbours, &rig.probes);
    core_rig_start(&rig);
    (void)join_number(1);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    (void)join_number(2);
    CLAIM_INT(answer(2)->verdict, HSY_REGISTERED_FULL);
    end();
}

static void a_sample_comes_with_the_acknowledgement(void **state)
{
    (void)state;
    begin();
    (void)join_number(1);
    (void)join_number(2);
    const struct hsy_registered *r = answer(2);
    CLAIM_INT(r->by_degree, HSY_SAMPLE_BY_DEGREE);
    CLAIM_INT(r->sample.count, HSY_SAMPLE_BY_DEGREE + 1);
    struct hsy_reader at = hsy_reader(r->sample.bytes, r->sample.len);
    struct hsy_record other;
    while (hsy_records_next(&at, &other)) {
        CLAIM_INT(other.id.bytes[2], 1);
    }
    end();
}

/* --------------------------------------------------------------- answers */

static const struct hsy_peers *ask(const struct hsy_frame *question)
{
    struct hearsay_id id = core_id('p', 1);
    CLAIM(core_rig_frame(&rig, &id, question));
    CLAIM(core_ports_last(&rig.ports, link_of(1), HSY_PEERS, &frame));
    return &frame.peers;
}

static void a_seed_answers_every_kind_of_question(void **state)
{
    (void)state;
    struct hsy_frame get = {.type = HSY_PEERS_GET};
    begin();
    for (uint32_t i = 1; i <= 6; i++) {
        (void)join_number(i);
    }
    get.peers_get = (struct hsy_peers_get){HSY_PEERS_SAMPLE, 48, 0};
    CLAIM_INT(ask(&get)->by_degree, HSY_SAMPLE_BY_DEGREE);
    CLAIM_INT(frame.peers.records.count, HSY_SAMPLE_BY_DEGREE + 5);
    CLAIM_INT(frame.peers.peers_count, 6);
    get.peers_get = (struct hsy_peers_get){HSY_PEERS_UNIFORM, 3, 0};
    CLAIM_INT(ask(&get)->records.count, 3);
    get.peers_get = (struct hsy_peers_get){HSY_PEERS_PAGE, 48, 0};
    CLAIM_INT(ask(&get)->records.count, 6);
    get.peers_get = (struct hsy_peers_get){HSY_PEERS_TOP, 2, 0};
    CLAIM_INT(ask(&get)->records.count, 2);
    struct hsy_frame lookup = {.type = HSY_LOOKUP, .lookup = core_id('p', 4)};
    CLAIM_INT(ask(&lookup)->records.count, 1);
    CLAIM_INT(frame.peers.kind, HSY_PEERS_LOOKUP);
    lookup.lookup = core_id('q', 4);
    CLAIM_INT(ask(&lookup)->records.count, 0);
    end();
}

static void a_seed_has_no_business_with_overlay_frames(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = join_number(1);
    struct hsy_frame connect = {.type = HSY_CONNECT};
    CLAIM(!core_rig_frame(&rig, &record.id, &connect));
    end();
}

/* --------------------------------------------------------- links, leaves */

static void links_are_taken_from_their_owner_alone(void **state)
{
    (void)state;
    begin();
    struct hsy_record a = join_number(1);
    struct hsy_record b = join_number(2);
    core_rig_links(&rig, &a.id, 1, &b.id, 1);
    core_rig_links(&rig, &b.id, 1, &a.id, 1);
    CLAIM_INT(hsy_registry_find(&rig.seed.registry, &a.id)->degree, 1);
    struct hsy_frame forged = {.type = HSY_LINKS};
    forged.links =
        (struct hsy_links){.id = a.id, .incarnation = 5, .version = 2};
    CLAIM(core_rig_frame(&rig, &b.id, &forged));
    CLAIM_INT(rig.env.counters.frames_unexpected, 1);
    CLAIM_INT(hsy_registry_find(&rig.seed.registry, &a.id)->degree, 1);
    end();
}

/* It lost its disk, and is as old as the life in which it left; this seed hears
 * of that from a fellow. */
static void who_left_in_an_earlier_life_is_told_to_step_up(void **state)
{
    (void)state;
    begin();
    struct hsy_record now = join_number(1);
    struct hsy_record past = now;
    struct hsy_leave leave = {.id = now.id, .incarnation = 5};
    past.boot_nonce++;
    hsy_seed_depart(&rig.seed, &past, &leave, false);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 0);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_STALE);
    CLAIM_INT(answer(1)->known_rank, hsy_rank_dead(5));
    now.incarnation = 6;
    core_rig_register(&rig, &now);
    core_rig_commit(&rig);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 1);

    /* Who really leaves is told nothing more. */
    uint32_t before = core_ports_sent(&rig.ports, 0, HSY_REGISTERED);
    leave.incarnation = 6;
    hsy_seed_depart(&rig.seed, &now, &leave, false);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 0);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_REGISTERED), before);
    end();
}

static void a_peer_that_leaves_needs_no_trial(void **state)
{
    (void)state;
    begin();
    struct hsy_record a = join_number(1);
    struct hsy_frame leave = {.type = HSY_LEAVE};
    leave.leave = (struct hsy_leave){.id = a.id, .incarnation = 5};
    CLAIM(core_rig_frame(&rig, &a.id, &leave));
    core_rig_unlink(&rig, &a.id);
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 0);
    CLAIM_INT(rig.seed.trials.count, 0);
    CLAIM_INT(rig.env.counters.departures, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "peer-left"), 1);
    /* And comes back. */
    a.incarnation = 6;
    join(&a);
    core_rig_commit(&rig);
    CLAIM_INT(answer(1)->verdict, HSY_REGISTERED_OK);
    end();
}

static void an_old_leave_removes_nobody(void **state)
{
    (void)state;
    begin();
    struct hsy_record a = join_number(1);
    struct hsy_frame leave = {.type = HSY_LEAVE};
    leave.leave = (struct hsy_leave){.id = a.id, .incarnation = 4};
    CLAIM(core_rig_frame(&rig, &a.id, &leave));
    CLAIM_INT(hsy_registry_count(&rig.seed.registry), 1);
    end();
}

/* --------------------------------------------------------------- bridges */

static void answer_ping(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    bool any = core_ports_last(&rig.ports, link_of(number), HSY_PING, &frame);
    CLAIM(any);
    uint64_t nonce = frame.ping;
    frame = (struct hsy_frame){.type = HSY_PONG, .pong = nonce};
    CLAIM(core_rig_frame(&rig, &id, &frame));
}

static void both_ends_of_a_bridge_are_told(void **state)
{
    (void)state;
    begin();
    struct hsy_record a = join_number(1);
    struct hsy_record b = join_number(2);
    core_rig_links(&rig, &a.id, 1, NULL, 0);
    core_rig_links(&rig, &b.id, 1, NULL, 0);
    core_rig_run(&rig, 15000);
    CLAIM_INT(core_ports_sent(&rig.ports, 0, HSY_BRIDGE), 0);
    answer_ping(1);
    answer_ping(2);
    core_rig_run(&rig, 3000); /* The second look that sees them apart. */
    CLAIM_INT(core_ports_sent(&rig.ports, link_of(1), HSY_BRIDGE), 1);
    CLAIM_INT(core_ports_sent(&rig.ports, link_of(2), HSY_BRIDGE), 1);
    CLAIM(core_ports_last(&rig.ports, link_of(1), HSY_BRIDGE, &frame));
    struct hsy_reader at =
        hsy_reader(frame.bridge.records.bytes, frame.bridge.records.len);
    struct hsy_record other;
    CLAIM(hsy_records_next(&at, &other));
    CLAIM(hsy_id_equal(&other.id, &b.id));
    CLAIM_INT(rig.env.counters.bridges, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "bridge"), 1);
    end();
}

/* --------------------------------------------------------------- fellows */

/* So many verdicts are a death. */
static uint32_t verdicts_wanted(void)
{
    struct hsy_votes votes = hsy_votes(&rig.env);

    while (!hsy_votes_meet_majorities(&votes)) {
        hsy_votes_add_stranger(&votes);
    }
    return votes.count;
}

/* True: @id has a vote on deaths. */
static bool votes(const struct hearsay_id *id)
{
    struct hsy_votes all = hsy_votes(&rig.env);
    bool voted = hsy_fellows_vote(&rig.seed, &all, id);

    CLAIM_INT(all.count, voted ? 1 : 0);
    return voted;
}

static void who_is_no_seed_of_the_list_has_no_vote(void **state)
{
    (void)state;
    struct hearsay_id seed = core_id('s', 1);
    struct hearsay_id other = core_id('s', 3);
    struct hearsay_id peer = core_id('p', 1);
    begin();
    CLAIM(votes(&rig.env.id));
    CLAIM(votes(&seed));
    CLAIM(!votes(&other));
    CLAIM(!votes(&peer));
    end();
}

static void a_seed_dials_every_line_but_its_own(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(rig.ports.dials_count, 2);
    CLAIM_INT(rig.ports.dials[0].port, 9001);
    CLAIM_INT(rig.ports.dials[1].port, 9002);
    CLAIM_INT(verdicts_wanted(), 2);
    end();
}

static void a_fellow_that_is_away_is_dialled_for_ever(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 20; i++) {
        core_rig_fail_dials(&rig, HEARSAY_DOWN_REFUSED);
        uint32_t dials = rig.ports.dials_count;
        core_rig_run(&rig, 199);
        CLAIM_INT(rig.ports.dials_count, dials); /* Not at once. */
        core_rig_run(&rig, 60000);
        CLAIM_INT(rig.ports.dials_count, dials + 2); /* Within the cap. */
    }
    end();
}

static void a_line_without_a_key_is_known_when_it_has_answered(void **state)
{
    (void)state;
    core_rig_init(&rig, 0, 3);
    rig.lines[0].pinned = false;
    rig.lines[1].pinned = false;
    rig.lines[2].pinned = false;
    core_rig_relist(&rig);
    core_rig_start(&rig);
    CLAIM_INT(rig.ports.dials_count, 3);
    struct hsy_record one = core_record('s', 1, 1);
    CLAIM(!hsy_seed_is_fellow(&rig.seed, &one.id));
    CLAIM(!votes(&one.id));
    CLAIM(votes(&rig.env.id)); /* Though its line is not known yet. */
    /* Line 0 is this very seed. */
    CLAIM(hsy_seed_dial_failed(&rig.seed, rig.ports.dials[0].link,
                               HEARSAY_DOWN_CLOSED, HSY_ERROR_OWN_ID));
    rig.ports.dials[0].open = false;
    /* Lines 1 and 2 are one seed. */
    struct hsy_neighbour *n =
        core_rig_link(&rig, rig.ports.dials[1].link, &one);
    CLAIM(n->fellow);
    CLAIM(hsy_seed_is_fellow(&rig.seed, &one.id));
    CLAIM_INT(verdicts_wanted(), 2);
    hsy_seed_link_up(&rig.seed, n, rig.ports.dials[2].link);
    CLAIM_INT(verdicts_wanted(), 2); /* No cheaper for that. */
    CLAIM(votes(&one.id));           /* Once. */
    CLAIM_INT(core_ports_noted(&rig.ports, "seed-twice"), 1);
    core_rig_run(&rig, 120000);
    CLAIM_INT(rig.ports.dials_count, 3);
    core_rig_unlink(&rig, &one.id);
    core_rig_run(&rig, 60000);
    CLAIM_INT(rig.ports.dials_count, 4); /* Its first line alone. */
    end();
}

static void who_calls_itself_a_seed_is_no_fellow(void **state)
{
    (void)state;
    begin();
    struct hsy_record stranger = core_record('s', 9, 1);
    struct hsy_neighbour *n = core_rig_link(&rig, 1001, &stranger);
    CLAIM(!n->fellow);
    struct hsy_frame sync = {.type = HSY_SEED_SYNC};
    sync.sync.ask = true;
    core_ports_forget_sent(&rig.ports);
    CLAIM(core_rig_frame(&rig, &stranger.id, &sync));
    core_rig_run(&rig, 100);
    CLAIM_INT(core_ports_sent(&rig.ports, 1001, HSY_SEED_SYNC), 0);
    CLAIM_INT(rig.env.counters.frames_unexpected, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_acknowledged_only_after_the_commit),
        cmocka_unit_test(a_failed_commit_is_refused_at_once),
        cmocka_unit_test(a_disk_that_does_not_answer_is_waited_for_4_seconds),
        cmocka_unit_test(a_write_that_was_overtaken_is_answered_with_the_later),
        cmocka_unit_test(the_same_record_again_is_answered_again),
        cmocka_unit_test(nobody_is_answered_over_a_link_that_is_gone),
        cmocka_unit_test(only_the_owner_registers_a_record),
        cmocka_unit_test(a_record_must_say_where),
        cmocka_unit_test(an_older_incarnation_is_told_to_step_up),
        cmocka_unit_test(another_boot_does_not_push_out_a_live_record),
        cmocka_unit_test(a_full_list_is_said_to_be_full),
        cmocka_unit_test(a_sample_comes_with_the_acknowledgement),
        cmocka_unit_test(a_seed_answers_every_kind_of_question),
        cmocka_unit_test(a_seed_has_no_business_with_overlay_frames),
        cmocka_unit_test(links_are_taken_from_their_owner_alone),
        cmocka_unit_test(who_left_in_an_earlier_life_is_told_to_step_up),
        cmocka_unit_test(a_peer_that_leaves_needs_no_trial),
        cmocka_unit_test(an_old_leave_removes_nobody),
        cmocka_unit_test(both_ends_of_a_bridge_are_told),
        cmocka_unit_test(who_is_no_seed_of_the_list_has_no_vote),
        cmocka_unit_test(a_seed_dials_every_line_but_its_own),
        cmocka_unit_test(a_fellow_that_is_away_is_dialled_for_ever),
        cmocka_unit_test(a_line_without_a_key_is_known_when_it_has_answered),
        cmocka_unit_test(who_calls_itself_a_seed_is_no_fellow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
