/* Membership at a peer: what is believed of what seeds say, and that each step
 * is told once. */
#include <string.h>

#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

enum { LOG = 1000 };

/* That of the seed s<index>. */
static hearsay_link link_of(uint32_t index)
{
    return 100 + 2 * (hearsay_link)index;
}

/* The seed s<index> holds the registration. */
static struct hsy_seat *register_at(uint32_t index)
{
    struct hsy_record record = core_record('s', index, 1);
    struct hsy_seat *seat = &rig.core.join.seats[index];
    struct hsy_neighbour *n = NULL;

    CLAIM_INT(
        hsy_neighbour_add(&rig.core.neighbours, &n, link_of(index), &record),
        0);
    n->version = 2;
    seat->state = HSY_SEAT_REGISTERED;
    seat->id = record.id;
    seat->known = true;
    return seat;
}

static void lose(uint32_t index)
{
    struct hearsay_id id = core_id('s', index);

    hsy_neighbour_remove(&rig.core.neighbours,
                         hsy_neighbour_by_id(&rig.core.neighbours, &id));
    rig.core.join.seats[index].state = HSY_SEAT_IDLE;
}

static void begin_with(uint32_t seeds)
{
    relay_rig_init(&rig);
    relay_rig_seeds(&rig, seeds);
    relay_rig_start(&rig);
    (void)register_at(0);
    (void)register_at(1);
    relay_rig_tick(&rig);
}

static void begin_unwatched(void)
{
    begin_with(3);
}

/* s0 and s1 of three seeds hold the registration, and have been asked. */
static int begin(void **state)
{
    (void)state;
    begin_unwatched();
    CLAIM_INT(hsy_core_watch_members(&rig.core, true), 0);
    relay_rig_tick(&rig);
    return 0;
}

static int end(void **state)
{
    (void)state;
    relay_rig_fini(&rig);
    return 0;
}

static uint32_t asked(uint32_t index)
{
    return relay_rig_sent(&rig, link_of(index), HSY_WATCH);
}

static struct hsy_watch_wish wish_of(uint32_t index)
{
    return relay_rig_last(&rig, link_of(index), HSY_WATCH).watch;
}

/* ---------------------------------------------------------- what seeds say */

static uint8_t bytes[HSY_RECORDS_LEN_MAX];
static struct hsy_writer list;
static struct hsy_frame frame;

static void open_news(enum hsy_member_how how)
{
    list = hsy_writer(bytes, sizeof(bytes));
    frame = (struct hsy_frame){.type = HSY_MEMBER};
    frame.member.how = how;
    frame.member.log = LOG;
    frame.member.upto = 7;
}

static void add(const struct hsy_sync_entry *fact)
{
    hsy_sync_add(&list, &frame.member.facts, fact);
    CLAIM(!list.bad);
}

static void add_record(const struct hsy_record *record)
{
    add(&(struct hsy_sync_entry){.kind = HSY_SYNC_RECORD, .record = *record});
}

/* The seed s<index> says it; was it wanted? */
static bool say(uint32_t index)
{
    frame.member.nonce = wish_of(index).nonce;
    if (!hsy_core_wants(&rig.core, link_of(index), &frame)) {
        return false;
    }
    relay_rig_frame(&rig, link_of(index), &frame);
    return true;
}

static void says_record(uint32_t index, const struct hsy_record *record)
{
    open_news(HSY_MEMBER_CHANGES);
    add_record(record);
    CLAIM(say(index));
}

static void says_left(uint32_t index, const struct hsy_record *record)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_LEFT};

    fact.left.record = *record;
    fact.left.leave.id = record->id;
    fact.left.leave.incarnation = record->incarnation;
    fact.left.leave.issued_ms = 5000;
    open_news(HSY_MEMBER_CHANGES);
    add(&fact);
    CLAIM(say(index));
}

/* A certificate with verdicts of s<first> and those behind it. */
static void says_dead(uint32_t index, const struct hsy_record *record,
                      uint32_t first, uint8_t count)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_DEATH};
    struct hsy_certificate *proof = &fact.certificate;

    proof->record = *record;
    proof->verdicts_count = count;
    for (uint8_t i = 0; i < count; i++) {
        proof->verdicts[i] =
            (struct hsy_verdict){.subject = record->id,
                                 .incarnation = record->incarnation,
                                 .wall_ms = 6000 + (uint64_t)i,
                                 .seed = core_id('s', first + i)};
    }
    open_news(HSY_MEMBER_CHANGES);
    add(&fact);
    CLAIM(say(index));
}

/* The whole list of s<index>: p<first> and those behind it. */
static void says_list(uint32_t index, uint32_t first, uint32_t count)
{
    open_news(HSY_MEMBER_LIST);
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_record record = core_record('p', first + i, 5);
        add_record(&record);
    }
    CLAIM(say(index));
    open_news(HSY_MEMBER_END);
    CLAIM(say(index));
}

/* Both have told p1, p2, p3, and the application knows that these are all. */
static int begin_listed(void **state)
{
    int err = begin(state);

    says_list(0, 1, 3);
    says_list(1, 1, 3);
    rig.ports.told_count = 0;
    return err;
}

/* -------------------------------------------------------------- what is told
 */

static uint32_t told(void)
{
    return core_ports_told(&rig.ports, HEARSAY_FX_MEMBER);
}

static const struct core_told *last(void)
{
    const struct core_told *t =
        core_ports_told_last(&rig.ports, HEARSAY_FX_MEMBER);

    CLAIM(t != NULL);
    return t;
}

/* The last of @count steps that were told is @change of p<number>. */
static void claim_told(uint32_t count, enum hearsay_change change,
                       uint32_t number, uint64_t incarnation)
{
    struct hearsay_id id = core_id('p', number);

    CLAIM_INT(told(), count);
    CLAIM_INT(last()->member.change, change);
    CLAIM_BYTES(&last()->member.id, &id, sizeof(id));
    CLAIM_INT(last()->member.incarnation, incarnation);
}

/* ------------------------------------------------------------------- asking */

static void nobody_is_asked_unless_the_application_listens(void **state)
{
    (void)state;
    begin_unwatched();
    relay_rig_run(&rig, 100000);
    CLAIM_INT(asked(0) + asked(1), 0);
    open_news(HSY_MEMBER_LIST);
    frame.member.nonce = 1;
    CLAIM(!hsy_core_wants(&rig.core, link_of(0), &frame));
    relay_rig_fini(&rig);
}

static void each_seed_that_holds_us_is_asked_once(void **state)
{
    (void)state;
    CLAIM_INT(asked(0), 1);
    CLAIM_INT(asked(1), 1);
    CLAIM_INT(wish_of(0).log, 0);
    CLAIM(wish_of(0).nonce != wish_of(1).nonce);
    CLAIM_INT(hsy_core_watch_members(&rig.core, true), 0); /* It is on. */
    relay_rig_run(&rig, 4900);
    CLAIM_INT(asked(0), 1);
}

static void a_seed_of_version_1_is_not_asked(void **state)
{
    struct hearsay_id id = core_id('s', 0);

    (void)state;
    begin_unwatched();
    hsy_neighbour_by_id(&rig.core.neighbours, &id)->version = 1;
    CLAIM_INT(hsy_core_watch_members(&rig.core, true), 0);
    relay_rig_tick(&rig);
    CLAIM_INT(asked(0), 0);
    CLAIM_INT(asked(1), 1);
    relay_rig_fini(&rig);
}

static void without_an_answer_it_is_asked_again_and_less_often(void **state)
{
    (void)state;
    uint32_t before = asked(0);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(asked(0), before + 1);
    relay_rig_run(&rig, 9900);
    CLAIM_INT(asked(0), before + 1);
    relay_rig_run(&rig, 100);
    CLAIM_INT(asked(0), before + 2);
    relay_rig_run(&rig, 600000);
    CLAIM_INT(asked(0), before + 2 + 2 + 9); /* 20, 40 and then 60 s. */
}

static void a_refusal_is_noted_and_asked_again_after_a_minute(void **state)
{
    (void)state;
    open_news(HSY_MEMBER_REFUSED);
    frame.member.log = frame.member.upto = 0;
    CLAIM(say(0));
    CLAIM_INT(core_ports_noted(&rig.ports, "watch-refused"), 1);
    relay_rig_run(&rig, 59900);
    CLAIM_INT(asked(0), 1);
    relay_rig_run(&rig, 100);
    CLAIM_INT(asked(0), 2);
}

static void what_was_taken_is_acknowledged_with_the_same_nonce(void **state)
{
    (void)state;
    uint32_t nonce = wish_of(0).nonce;
    says_list(0, 1, 3);
    CLAIM_INT(asked(0), 3);
    CLAIM_INT(wish_of(0).nonce, nonce);
    CLAIM_INT(wish_of(0).log, LOG);
    CLAIM_INT(wish_of(0).upto, 7);
}

static void off_means_that_the_seeds_are_told_and_all_is_forgotten(void **state)
{
    (void)state;
    CLAIM_INT(hsy_core_watch_members(&rig.core, false), 0);
    CLAIM_INT(wish_of(0).nonce, 0);
    CLAIM_INT(wish_of(1).nonce, 0);
    CLAIM_INT(rig.core.members.list.count, 0);
    relay_rig_run(&rig, 100000);
    CLAIM_INT(asked(0), 4);
    CLAIM_INT(hsy_core_watch_members(&rig.core, true), 0);
    relay_rig_tick(&rig);
    CLAIM_INT(wish_of(0).log, 0); /* From the beginning. */
    says_list(0, 1, 3);
    claim_told(3, HEARSAY_MEMBER_KNOWN, 3, 5);
}

static void a_lost_seed_is_asked_from_where_it_was(void **state)
{
    (void)state;
    uint32_t nonce = wish_of(1).nonce;
    lose(1);
    relay_rig_run(&rig, 1000);
    (void)register_at(1);
    relay_rig_tick(&rig);
    CLAIM(wish_of(1).nonce != nonce);
    CLAIM_INT(wish_of(1).log, LOG);
    CLAIM_INT(wish_of(1).upto, 7);
    open_news(HSY_MEMBER_CHANGES);
    CLAIM(say(1));
    CLAIM(rig.core.members.lines[1].complete);
    CLAIM_INT(told(), 0);
}

static void a_seed_that_takes_its_place_is_asked_for_all(void **state)
{
    struct hsy_record fourth = core_record('p', 4, 5);

    (void)state;
    lose(1);
    (void)register_at(2);
    relay_rig_tick(&rig);
    CLAIM_INT(wish_of(2).log, 0);
    says_list(2, 1, 4); /* p4 came while nobody told us. */
    claim_told(1, HEARSAY_MEMBER_JOINED, 4, 5);
    says_record(0, &fourth);
    CLAIM_INT(told(), 1);
}

static void changes_that_hang_in_the_air_are_not_taken(void **state)
{
    struct hsy_record record = core_record('p', 9, 5);

    (void)state;
    open_news(HSY_MEMBER_CHANGES); /* It was asked for all. */
    add_record(&record);
    CLAIM(say(0));
    CLAIM_INT(told(), 0);
    CLAIM_INT(relay_rig_counters(&rig)->frames_unexpected, 1);
    CLAIM(!say(0)); /* Nor anything else until it is asked again. */
    relay_rig_run(&rig, 60000);
    CLAIM(wish_of(0).nonce != 0);
    says_list(0, 9, 1);
    claim_told(1, HEARSAY_MEMBER_KNOWN, 9, 5);
}

static void a_list_that_stops_in_the_middle_is_asked_for_again(void **state)
{
    (void)state;
    open_news(HSY_MEMBER_LIST);
    CLAIM(say(0));
    uint32_t nonce = wish_of(0).nonce;
    relay_rig_run(&rig, 29900);
    CLAIM_INT(wish_of(0).nonce, nonce);
    relay_rig_run(&rig, 100);
    CLAIM(wish_of(0).nonce != nonce);
}

static void what_could_not_be_checked_is_asked_for_again(void **state)
{
    struct hsy_record record = core_record('p', 4, 5);

    (void)state;
    open_news(HSY_MEMBER_CHANGES);
    add_record(&record);
    frame.member.upto = 8;
    frame.member.nonce = wish_of(0).nonce;
    hsy_core_refused(&rig.core, link_of(0), &frame);
    relay_rig_run(&rig, 1000);
    CLAIM(wish_of(0).nonce != frame.member.nonce);
    CLAIM_INT(wish_of(0).upto, 7);
    says_record(0, &record);
    claim_told(1, HEARSAY_MEMBER_JOINED, 4, 5);
}

/* ------------------------------------------------------------------ telling */

static void
who_is_there_is_told_before_the_word_that_these_are_all(void **state)
{
    (void)state;
    says_list(0, 1, 3);
    claim_told(3, HEARSAY_MEMBER_KNOWN, 3, 5);
    says_list(1, 2, 3); /* A quorum: p4 is known to one of them only. */
    CLAIM_INT(told(), 5);
    CLAIM_INT(last()->member.change, HEARSAY_MEMBERS_LISTED);
    CLAIM_INT(last()->member.count, 4);
    CLAIM_INT(last()->member.by_count, 2);
    CLAIM_INT(rig.ports.told[3].member.change, HEARSAY_MEMBER_KNOWN);
}

static void a_newcomer_joins_once_whoever_says_so(void **state)
{
    struct hsy_record record = core_record('p', 4, 5);
    struct hearsay_id seed = core_id('s', 1);

    (void)state;
    says_record(1, &record);
    claim_told(1, HEARSAY_MEMBER_JOINED, 4, 5);
    CLAIM_INT(last()->member.by_count, 1);
    CLAIM_BYTES(&last()->missing[0], &seed, sizeof(seed));
    CLAIM_INT(last()->member.wall_ms, 1000);
    says_record(0, &record);
    says_record(1, &record);
    CLAIM_INT(told(), 1);
}

static void a_new_address_is_no_step(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    record.issued_ms++;
    record.addrs[0].port++;
    says_record(0, &record);
    CLAIM_INT(told(), 0);
    says_dead(0, &record, 0, 2);
    CLAIM_INT(last()->member.addr.port, 7001);
}

static void we_are_no_news_to_ourselves(void **state)
{
    struct hsy_record own = core_record('m', 0, 5);

    (void)state;
    says_record(0, &own);
    own.incarnation = 6;
    says_record(0, &own);
    CLAIM_INT(told(), 0);
}

static void who_leaves_is_believed_whoever_brings_it(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_left(0, &record);
    claim_told(1, HEARSAY_MEMBER_LEFT, 1, 5);
    CLAIM_INT(last()->member.wall_ms, 5000);
    says_left(1, &record);
    says_record(1, &record); /* Of before. */
    CLAIM_INT(told(), 1);
}

/* One seed of three may lie: it signs a verdict, and brings it. */
static void one_seed_cannot_announce_a_death(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 0, 1);
    says_dead(0, &record, 0, 1);
    CLAIM_INT(told(), 0);
    CLAIM_INT(relay_rig_counters(&rig)->members_doubted, 2);
    record.incarnation = 6;
    says_record(1, &record);
    claim_told(1, HEARSAY_MEMBER_REFUTED, 1, 6);
}

/* With as many keys as it likes. */
static void verdicts_of_strangers_count_for_nothing(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 10, 17);
    CLAIM_INT(told(), 0);
    /* Nor does one that is not linked, as long as its key is not known. */
    says_dead(0, &record, 2, 1);
    CLAIM_INT(told(), 0);
    rig.core.join.seats[2].id = core_id('s', 2);
    rig.core.join.seats[2].known = true;
    says_dead(0, &record, 2, 1);
    claim_told(1, HEARSAY_MEMBER_DIED, 1, 5);
}

static void a_death_is_told_when_enough_seeds_signed_it(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 0, 2);
    claim_told(1, HEARSAY_MEMBER_DIED, 1, 5);
    CLAIM_INT(last()->member.by_count, 2);
    CLAIM_INT(last()->member.wall_ms, 6001);
    CLAIM_INT(last()->member.count, 3);
    says_dead(1, &record, 0, 2);
    says_record(1, &record);
    CLAIM_INT(told(), 1);
}

static void a_death_is_told_when_enough_seeds_bring_it(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 10, 2);
    CLAIM_INT(told(), 0);
    says_dead(1, &record, 10, 2);
    claim_told(1, HEARSAY_MEMBER_DIED, 1, 5);
}

/* What was said of an earlier life is no voice against this one. */
static void each_death_needs_voices_of_its_own(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 0, 1);
    record.incarnation = 6;
    record.boot_nonce = 2;
    says_record(0, &record);
    says_dead(1, &record, 1, 1);
    claim_told(1, HEARSAY_MEMBER_JOINED, 1, 6);
}

/* Of five lines two are s0's: four seeds, of which two must vouch. */
static void one_seed_on_two_lines_has_one_voice(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    begin_with(5);
    CLAIM_INT(hsy_core_watch_members(&rig.core, true), 0);
    relay_rig_tick(&rig);
    rig.core.join.seats[2].id = core_id('s', 0);
    rig.core.join.seats[2].known = true;
    rig.core.join.seats[2].twin = true;
    says_list(0, 1, 1);
    says_list(1, 1, 1);
    uint32_t before = told();
    says_dead(0, &record, 0, 1);
    CLAIM_INT(told(), before);
    says_dead(1, &record, 0, 1);
    claim_told(before + 1, HEARSAY_MEMBER_DIED, 1, 5);
    CLAIM_INT(last()->member.by_count, 2);
    relay_rig_fini(&rig);
}

static void the_same_boot_refutes_and_another_one_joins(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_dead(0, &record, 0, 2);
    record.incarnation = 6;
    says_record(0, &record);
    claim_told(2, HEARSAY_MEMBER_REFUTED, 1, 6);
    says_dead(1, &record, 0, 2);
    claim_told(3, HEARSAY_MEMBER_DIED, 1, 6);
    record.incarnation = 7;
    record.boot_nonce = 2;
    says_record(1, &record);
    claim_told(4, HEARSAY_MEMBER_JOINED, 1, 7);
    record.incarnation = 8;
    record.boot_nonce = 3; /* Killed and started before anybody noticed. */
    says_record(0, &record);
    claim_told(5, HEARSAY_MEMBER_JOINED, 1, 8);
}

/* What nobody was told of can go without a word. */
static void the_end_of_a_stranger_is_not_told_but_remembered(void **state)
{
    struct hsy_record record = core_record('p', 9, 5);

    (void)state;
    says_left(0, &record);
    says_record(1, &record); /* A seed that is behind. */
    CLAIM_INT(told(), 0);
    record.incarnation = 6;
    says_record(1, &record);
    claim_told(1, HEARSAY_MEMBER_JOINED, 9, 6);
}

static void who_is_on_no_list_of_a_quorum_is_gone(void **state)
{
    struct hsy_record third = core_record('p', 3, 5);

    (void)state;
    lose(0);
    lose(1);
    relay_rig_tick(&rig);
    (void)register_at(2);
    (void)register_at(0);
    relay_rig_tick(&rig);
    says_list(2, 1, 2);
    CLAIM_INT(told(), 0); /* One seed may not know it. */
    says_list(0, 1, 2);
    claim_told(1, HEARSAY_MEMBER_UNLISTED, 3, 5);
    CLAIM_INT(last()->member.by_count, 2);
    says_record(0, &third); /* They have learnt of it after all. */
    claim_told(2, HEARSAY_MEMBER_JOINED, 3, 5);
}

static void who_is_on_one_list_of_a_quorum_stays(void **state)
{
    (void)state;
    lose(1);
    relay_rig_tick(&rig);
    (void)register_at(2);
    relay_rig_tick(&rig);
    says_list(2, 1, 1);
    CLAIM_INT(told(), 0);
}

/* ------------------------------------------------------------------- bounds */

static void what_finds_no_memory_is_told_later(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    rig.ports.tells_nothing = true;
    says_dead(0, &record, 0, 2);
    rig.ports.tells_nothing = false;
    CLAIM_INT(told(), 0);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(wish_of(0).log, 0); /* All of it, for that was not taken. */
    says_list(0, 2, 2);
    CLAIM_INT(told(), 0);
    says_dead(0, &record, 0, 2);
    claim_told(1, HEARSAY_MEMBER_DIED, 1, 5);
}

/* @count peers from p<first> on, in pieces. */
static void says_many(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 64) {
        open_news(HSY_MEMBER_CHANGES);
        for (uint32_t k = i; k < i + 64 && k < count; k++) {
            struct hsy_record record = core_record('p', first + k, 5);
            record.id.bytes[3] = (uint8_t)((first + k) >> 16);
            add_record(&record);
        }
        CLAIM(say(0));
        rig.ports.told_count = 0;
        core_ports_forget_sent(&rig.ports);
        relay_rig_frame(&rig, link_of(0), &frame); /* Once more: a WATCH. */
    }
}

static void
the_dead_make_room_and_then_newcomers_are_noted_as_lost(void **state)
{
    struct hsy_record record = core_record('p', 1, 5);

    (void)state;
    says_left(0, &record);
    says_many(4, HSY_MEMBERS_MAX - 3);
    CLAIM_INT(rig.core.members.list.count, HSY_MEMBERS_MAX);
    says_many(4 + HSY_MEMBERS_MAX - 3, 1);
    CLAIM_INT(rig.core.members.present_count, HSY_MEMBERS_MAX);
    CLAIM_INT(core_ports_noted(&rig.ports, "members-full"), 0);
    says_many(4 + HSY_MEMBERS_MAX - 2, 2);
    CLAIM_INT(rig.core.members.list.count, HSY_MEMBERS_MAX);
    CLAIM_INT(core_ports_noted(&rig.ports, "members-full"), 1);
}

int main(void)
{
#define LISTED(test) cmocka_unit_test_setup_teardown(test, begin_listed, end)
#define ASKED(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked_unless_the_application_listens),
        ASKED(each_seed_that_holds_us_is_asked_once),
        cmocka_unit_test(a_seed_of_version_1_is_not_asked),
        ASKED(without_an_answer_it_is_asked_again_and_less_often),
        ASKED(a_refusal_is_noted_and_asked_again_after_a_minute),
        ASKED(what_was_taken_is_acknowledged_with_the_same_nonce),
        LISTED(off_means_that_the_seeds_are_told_and_all_is_forgotten),
        LISTED(a_lost_seed_is_asked_from_where_it_was),
        LISTED(a_seed_that_takes_its_place_is_asked_for_all),
        ASKED(changes_that_hang_in_the_air_are_not_taken),
        ASKED(a_list_that_stops_in_the_middle_is_asked_for_again),
        LISTED(what_could_not_be_checked_is_asked_for_again),
        ASKED(who_is_there_is_told_before_the_word_that_these_are_all),
        LISTED(a_newcomer_joins_once_whoever_says_so),
        LISTED(a_new_address_is_no_step),
        LISTED(we_are_no_news_to_ourselves),
        LISTED(who_leaves_is_believed_whoever_brings_it),
        LISTED(one_seed_cannot_announce_a_death),
        LISTED(verdicts_of_strangers_count_for_nothing),
        LISTED(a_death_is_told_when_enough_seeds_signed_it),
        LISTED(a_death_is_told_when_enough_seeds_bring_it),
        LISTED(each_death_needs_voices_of_its_own),
        cmocka_unit_test(one_seed_on_two_lines_has_one_voice),
        LISTED(the_same_boot_refutes_and_another_one_joins),
        LISTED(the_end_of_a_stranger_is_not_told_but_remembered),
        LISTED(who_is_on_no_list_of_a_quorum_is_gone),
        LISTED(who_is_on_one_list_of_a_quorum_stays),
        LISTED(what_finds_no_memory_is_told_later),
        LISTED(the_dead_make_room_and_then_newcomers_are_noted_as_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
