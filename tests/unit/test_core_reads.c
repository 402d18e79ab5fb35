/* Quorum reads: what is found when seeds disagree, lie, are silent, or know too
 * much for one answer. */
#include "base/addr.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum { SEEDS = 5, SEATS = 3 };

static struct stage stage;
static struct puppet seeds[SEEDS];
static hearsay_link seats[SEATS]; /* Of those that hold the registration. */
static uint8_t seated[SEATS];     /* Which seeds these are. */
static uint64_t number;

static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, SEEDS);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    uint32_t count = 0;
    for (uint8_t i = 0; i < SEEDS; i++) {
        puppet_init(&seeds[i], (uint8_t)(200 + i), HEARSAY_SEED);
        if (stage_dial(&stage, (uint16_t)(7200 + i)) != NULL) {
            CLAIM(count < SEATS);
            seats[count] = puppet_seat(&stage, &seeds[i], 1);
            seated[count] = i;
            count++;
        }
    }
    CLAIM_INT(count, SEATS);
    stage_run(&stage, 1000);
}

static void end(void)
{
    stage_fini(&stage);
}

static int find(const struct hearsay_id *id, uint64_t timeout_ns)
{
    struct hearsay_event ev = {.kind = HEARSAY_EV_FIND};

    ev.find.all = id == NULL;
    if (id != NULL) {
        ev.find.id = *id;
    }
    ev.find.timeout_ns = timeout_ns;
    ev.find.out_number = &number;
    return stage_step(&stage, &ev);
}

/* ----------------------------------------------------------- what seeds say */

static uint8_t room[64 * 1024];
static struct hsy_writer list;
static struct hsy_sync facts;

static void nothing(void)
{
    list = hsy_writer(room, sizeof(room));
    facts = (struct hsy_sync){.count = 0};
}

static struct hsy_record record_of(uint8_t who, uint64_t incarnation)
{
    struct puppet p;

    puppet_init(&p, who, HEARSAY_PEER);
    p.record.incarnation = incarnation;
    puppet_sign_record(&p);
    return p.record;
}

static void add_alive(uint8_t who, uint64_t incarnation)
{
    struct hsy_sync_entry e = {.kind = HSY_SYNC_RECORD};

    e.record = record_of(who, incarnation);
    hsy_sync_add(&list, &facts, &e);
}

static struct hsy_verdict verdict_of(uint8_t seed, const struct hsy_record *r)
{
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));
    struct puppet p;
    struct hsy_verdict v = {.subject = r->id, .incarnation = r->incarnation};

    puppet_init(&p, seed, HEARSAY_SEED);
    v.seed = p.id;
    hsy_verdict_signed_bytes(&covered, &v);
    v.sig = puppet_sign(&p.id, &covered);
    return v;
}

/* Certified by @count seeds from number @first on. */
static void add_dead(uint8_t who, uint64_t incarnation, uint8_t first,
                     uint8_t count)
{
    struct hsy_sync_entry e = {.kind = HSY_SYNC_DEATH};

    e.certificate.record = record_of(who, incarnation);
    for (uint8_t i = 0; i < count; i++) { /* By rising id. */
        struct hsy_verdict v =
            verdict_of((uint8_t)(first + i), &e.certificate.record);
        uint8_t at = i;
        while (at > 0 && hsy_id_compare(&e.certificate.verdicts[at - 1].seed,
                                        &v.seed) > 0) {
            e.certificate.verdicts[at] = e.certificate.verdicts[at - 1];
            at--;
        }
        e.certificate.verdicts[at] = v;
    }
    e.certificate.verdicts_count = count;
    hsy_sync_add(&list, &facts, &e);
}

static void add_left(uint8_t who, uint64_t incarnation)
{
    struct hsy_sync_entry e = {.kind = HSY_SYNC_LEFT};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    e.left.record = record_of(who, incarnation);
    e.left.leave = (struct hsy_leave){
        .id = e.left.record.id, .incarnation = incarnation, .issued_ms = 1};
    hsy_leave_signed_bytes(&covered, &e.left.leave);
    e.left.leave.sig = puppet_sign(&e.left.record.id, &covered);
    hsy_sync_add(&list, &facts, &e);
}

/* The seat @at says what was added. */
static void say(uint32_t at, bool more)
{
    struct hsy_frame ask, frame = {.type = HSY_FACTS};

    CLAIM(stage_frame(&stage, seats[at], HSY_READ, &ask));
    CLAIM(!list.bad);
    frame.facts.nonce = ask.read.nonce;
    frame.facts.more = more;
    frame.facts.count = facts.count;
    frame.facts.entries = facts.entries;
    frame.facts.entries_len = facts.entries_len;
    puppet_say(&stage, seats[at], &frame);
    stage_settle(&stage);
}

static void say_nothing(uint32_t at)
{
    nothing();
    say(at, false);
}

static struct hearsay_id id_of(uint8_t who)
{
    struct puppet p;

    puppet_init(&p, who, HEARSAY_PEER);
    return p.id;
}

/* Four puppets, by rising id. */
static void four(uint8_t out[4])
{
    for (uint8_t i = 0; i < 4; i++) {
        uint8_t at = i;
        struct hearsay_id id = id_of((uint8_t)(10 + i));
        while (at > 0) {
            struct hearsay_id before = id_of(out[at - 1]);
            if (hsy_id_compare(&before, &id) < 0) {
                break;
            }
            out[at] = out[at - 1];
            at--;
        }
        out[at] = (uint8_t)(10 + i);
    }
}

/* ------------------------------------------------------------------ merging */

static void the_highest_rank_of_a_quorum_is_found(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_alive(10, 3);
    say(0, false);
    nothing();
    add_alive(10, 5);
    say(1, false);
    CLAIM_INT(stage.finds_done, 0);
    nothing();
    add_alive(10, 4);
    say(2, false);
    CLAIM_INT(stage.finds_done, 1);
    CLAIM_INT(stage.found_count, 1);
    CLAIM_INT(stage.found[0].incarnation, 5);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_ALIVE);
    CLAIM_INT(stage.found[0].number, number);
    CLAIM(stage.find_end.whole);
    CLAIM_INT(stage.find_end.answered, 3);
    CLAIM_INT(stage.find_end.quorum, 3);
    CLAIM_INT(stage.find_end.seeds, 5);
    end();
}

static void
a_death_that_one_seed_knows_outranks_what_the_others_list(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_alive(10, 5);
    say(0, false);
    nothing();
    add_dead(10, 5, 200, 3);
    say(1, false);
    nothing();
    add_alive(10, 5);
    say(2, false);
    CLAIM_INT(stage.found_count, 1);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_DEAD);
    end();
}

static void who_came_back_outranks_its_death(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_dead(10, 5, 200, 3);
    say(0, false);
    nothing();
    add_alive(10, 6);
    say(1, false);
    say_nothing(2);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_ALIVE);
    CLAIM_INT(stage.found[0].incarnation, 6);
    end();
}

static void who_left_is_found_as_such(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_left(10, 5);
    say(0, false);
    nothing();
    add_alive(10, 5);
    say(1, false);
    say_nothing(2);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_LEFT);
    end();
}

static void whom_no_seed_of_a_quorum_knows_is_not_there(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    say_nothing(0);
    say_nothing(1);
    say_nothing(2);
    CLAIM_INT(stage.finds_done, 1);
    CLAIM_INT(stage.found_count, 0);
    CLAIM(stage.find_end.whole);
    end();
}

/* ------------------------------------------------------------------- lying */

/* Two seeds of five are known to be none of the others: those not seated. */
static void know_all_seeds(void)
{
    struct hsy_join *j = &stage.node->core.join;

    for (uint32_t i = 0; i < SEEDS; i++) {
        j->seats[i].known = true;
        j->seats[i].id = seeds[i].id;
    }
}

static void a_death_that_too_few_seeds_have_signed_is_none(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    know_all_seeds();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_dead(10, 5, 200, 2); /* Three of five it takes. */
    say(0, false);
    nothing();
    add_alive(10, 5);
    say(1, false);
    say_nothing(2);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_ALIVE);
    CLAIM_INT(stage_counters(&stage)->facts_unproven, 1);
    end();
}

static void strangers_sign_no_death_when_all_seeds_are_known(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    know_all_seeds();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_dead(10, 5, 220, 5);
    say(0, false);
    nothing();
    add_alive(10, 5);
    say(1, false);
    say_nothing(2);
    CLAIM_INT(stage.found[0].state, HEARSAY_FOUND_ALIVE);
    end();
}

static void one_that_was_not_asked_for_is_not_told(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    nothing();
    add_alive(11, 5);
    say(0, false);
    say_nothing(1);
    say_nothing(2);
    CLAIM_INT(stage.finds_done, 0); /* The liar has not answered. */
    stage_run(&stage, 5000);
    CLAIM_INT(stage.finds_done, 1);
    CLAIM_INT(stage.found_count, 0);
    end();
}

/* ------------------------------------------------------------------ quorums */

static void without_a_quorum_the_deadline_tells(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 3 * HSY_SECOND), 0);
    nothing();
    add_alive(10, 5);
    say(0, false);
    say(1, false);
    stage_run(&stage, 2900);
    CLAIM_INT(stage.finds_done, 0);
    stage_run(&stage, 200);
    CLAIM_INT(stage.finds_done, 1);
    CLAIM(!stage.find_end.whole);
    CLAIM_INT(stage_counters(&stage)->reads_short, 1);
    end();
}

static void who_is_silent_is_asked_again_every_second(void **state)
{
    (void)state;
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    say_nothing(0);
    say_nothing(1);
    stage_run(&stage, 1100);
    CLAIM_INT(stage_frames(&stage, seats[2], HSY_READ), 2);
    say_nothing(0);
    say_nothing(1);
    say_nothing(2);
    CLAIM(stage.find_end.whole);
    end();
}

static void a_late_answer_belongs_to_no_later_round(void **state)
{
    (void)state;
    struct hsy_frame ask, frame = {.type = HSY_FACTS};
    struct hearsay_id id = id_of(10);
    begin();
    CLAIM_INT(find(&id, 0), 0);
    CLAIM(stage_frame(&stage, seats[0], HSY_READ, &ask));
    stage_run(&stage, 1100);
    frame.facts.nonce = ask.read.nonce;
    puppet_say(&stage, seats[0], &frame);
    say_nothing(1);
    say_nothing(2);
    CLAIM_INT(stage.finds_done, 0);
    end();
}

static void one_read_is_under_way_at_a_time(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(find(NULL, 0), 0);
    CLAIM_INT(find(NULL, 0), HEARSAY_ERR_AGAIN);
    CLAIM_INT(find(NULL, 61 * HSY_SECOND), HEARSAY_ERR_INVALID);
    end();
}

/* -------------------------------------------------------------------- scans */

static void rounds_go_on_behind_what_all_have_told(void **state)
{
    (void)state;
    struct hsy_frame ask;
    uint8_t who[4];
    four(who);
    begin();
    CLAIM_INT(find(NULL, 0), 0);
    nothing();
    add_alive(who[0], 1);
    add_alive(who[1], 1);
    say(0, true); /* Up to that one. */
    nothing();
    add_alive(who[0], 1);
    add_alive(who[1], 2);
    add_alive(who[2], 1);
    say(1, true); /* Up to the third. */
    nothing();
    add_alive(who[3], 1);
    say(2, false);
    CLAIM_INT(stage.found_count, 2); /* The others are not known from all. */
    CLAIM_INT(stage.found[1].incarnation, 2);
    CLAIM(stage_frame(&stage, seats[0], HSY_READ, &ask));
    struct hearsay_id last = id_of(who[1]);
    CLAIM(hsy_id_equal(&ask.read.id, &last));
    for (uint32_t i = 0; i < SEATS; i++) {
        nothing();
        add_alive(who[2], 1);
        add_alive(who[3], 1);
        say(i, false);
    }
    CLAIM_INT(stage.finds_done, 1);
    CLAIM_INT(stage.found_count, 4);
    CLAIM_INT(stage.find_end.found, 4);
    CLAIM(stage.find_end.whole);
    end();
}

static void a_seed_that_goes_back_is_not_believed(void **state)
{
    (void)state;
    uint8_t who[4];
    four(who);
    begin();
    CLAIM_INT(find(NULL, 0), 0);
    for (uint32_t i = 0; i < SEATS; i++) {
        nothing();
        add_alive(who[1], 1);
        say(i, true);
    }
    nothing();
    add_alive(who[0], 1);
    say(0, false);
    say_nothing(1);
    say_nothing(2);
    CLAIM_INT(stage.finds_done, 0);
    CLAIM_INT(stage.found_count, 1);
    end();
}

static void who_stops_tells_that_it_did(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(find(NULL, 60 * HSY_SECOND), 0);
    stage_leave(&stage);
    stage_run(&stage, 3000);
    CLAIM_INT(stage.finds_done, 1);
    CLAIM(stage.find_end.stopped);
    CLAIM(!stage.find_end.whole);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_rank_of_a_quorum_is_found),
        cmocka_unit_test(
            a_death_that_one_seed_knows_outranks_what_the_others_list),
        cmocka_unit_test(who_came_back_outranks_its_death),
        cmocka_unit_test(who_left_is_found_as_such),
        cmocka_unit_test(whom_no_seed_of_a_quorum_knows_is_not_there),
        cmocka_unit_test(a_death_that_too_few_seeds_have_signed_is_none),
        cmocka_unit_test(strangers_sign_no_death_when_all_seeds_are_known),
        cmocka_unit_test(one_that_was_not_asked_for_is_not_told),
        cmocka_unit_test(without_a_quorum_the_deadline_tells),
        cmocka_unit_test(who_is_silent_is_asked_again_every_second),
        cmocka_unit_test(a_late_answer_belongs_to_no_later_round),
        cmocka_unit_test(one_read_is_under_way_at_a_time),
        cmocka_unit_test(rounds_go_on_behind_what_all_have_told),
        cmocka_unit_test(a_seed_that_goes_back_is_not_believed),
        cmocka_unit_test(who_stops_tells_that_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
