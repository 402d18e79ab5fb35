/* The seed and those it tells of membership: what they are sent, and when. */
#include "core/seed_parts.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct core_rig rig;
static struct hsy_frame frame;

enum { LIVING = 3 };

static hearsay_link link_of(uint32_t number)
{
    return 2 * (hearsay_link)number + 1001;
}

static struct hsy_record join(uint32_t number)
{
    struct hsy_record record = core_record('p', number, 5);

    (void)core_rig_link(&rig, link_of(number), &record);
    core_rig_register(&rig, &record);
    core_rig_commit(&rig);
    return record;
}

/* Told by a fellow: without a link. */
static void hear_of(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    uint64_t token = 0;
    bool back = false;

    (void)hsy_seed_merge_record(&rig.seed, &record, &back, &token);
    core_rig_commit(&rig);
}

static void bury(uint32_t number, uint64_t incarnation)
{
    struct hsy_certificate proof = {
        .record = core_record('p', number, incarnation), .verdicts_count = 1};

    proof.verdicts[0].subject = proof.record.id;
    proof.verdicts[0].incarnation = incarnation;
    proof.verdicts[0].seed = core_id('s', 0);
    hsy_seed_bury(&rig.seed, &proof, false);
    core_rig_commit(&rig);
}

/* s0 of one; p1, p2 and p3 are registered. */
static int begin(void **state)
{
    (void)state;
    core_rig_init(&rig, 0, 1);
    core_rig_start(&rig);
    for (uint32_t i = 1; i <= LIVING; i++) {
        (void)join(i);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    core_rig_fini(&rig);
    return 0;
}

static void wish(uint32_t number, uint32_t nonce, uint64_t log, uint64_t upto)
{
    struct hearsay_id id = core_id('p', number);
    struct hsy_frame watch = {
        .type = HSY_WATCH, .watch = {.nonce = nonce, .log = log, .upto = upto}};

    CLAIM(core_rig_frame(&rig, &id, &watch));
    core_rig_run(&rig, 0);
}

static uint32_t news_count(uint32_t number)
{
    return core_ports_sent(&rig.ports, link_of(number), HSY_MEMBER);
}

/* The last MEMBER to p<number>. */
static const struct hsy_member_news *news(uint32_t number)
{
    CLAIM(core_ports_last(&rig.ports, link_of(number), HSY_MEMBER, &frame));
    return &frame.member;
}

static uint32_t facts(uint32_t number, enum hsy_sync_kind kind)
{
    const struct hsy_sync *all = &news(number)->facts;
    struct hsy_reader at = hsy_reader(all->entries, all->entries_len);
    struct hsy_sync_entry fact;
    uint32_t count = 0;

    while (hsy_sync_next(&at, &fact)) {
        count += fact.kind == kind ? 1 : 0;
    }
    return count;
}

/* Says that the last one was taken, and waits for the next. */
static void taken(uint32_t number, uint64_t ms)
{
    wish(number, news(number)->nonce, 0, 0);
    core_rig_run(&rig, ms);
}

/* p1 watches and has taken the list. */
static int begin_watched(void **state)
{
    int err = begin(state);

    wish(1, 7, 0, 0);
    taken(1, 20);
    CLAIM_INT(news(1)->how, HSY_MEMBER_END);
    taken(1, 100);
    core_ports_forget_sent(&rig.ports);
    return err;
}

/* --------------------------------------------------------------------- list */

static void who_asks_gets_all_that_is_known(void **state)
{
    (void)state;
    bury(3, 5);
    wish(1, 7, 0, 0);
    CLAIM_INT(news_count(1), 1);
    CLAIM_INT(news(1)->nonce, 7);
    CLAIM_INT(news(1)->how, HSY_MEMBER_LIST);
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), LIVING - 1);
    CLAIM_INT(facts(1, HSY_SYNC_DEATH), 1);
    taken(1, 19);
    CLAIM_INT(news_count(1), 1);
    core_rig_run(&rig, 1);
    CLAIM_INT(news_count(1), 2);
    CLAIM_INT(news(1)->how, HSY_MEMBER_END);
    CLAIM(news(1)->log != 0);
}

static void who_is_absent_is_not_dead_and_is_listed(void **state)
{
    struct hearsay_id id = core_id('p', 3);

    (void)state;
    hsy_registry_find(&rig.seed.registry, &id)->absent = true;
    wish(1, 7, 0, 0);
    hsy_registry_find(&rig.seed.registry, &id)->absent = false;
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), LIVING);
}

/* The last word of each in @out, by its number: a kind of fact, or 0. */
static void keep_facts(uint32_t number, uint8_t out[400])
{
    const struct hsy_sync *all = &news(number)->facts;
    struct hsy_reader at = hsy_reader(all->entries, all->entries_len);
    struct hsy_sync_entry fact;

    CLAIM(all->count <= HSY_SYNC_ENTRIES_MAX);
    while (hsy_sync_next(&at, &fact)) {
        const struct hearsay_id *id = &fact.record.id; /* All begin with it. */
        out[id->bytes[1] * 256 + id->bytes[2]] = (uint8_t)fact.kind;
    }
}

/* 200 and more, of whom two die while the list is on its way: one before he is
 * sent, one after it. */
static void a_long_list_comes_in_parts_and_misses_nobody(void **state)
{
    uint8_t known[400] = {0};

    (void)state;
    for (uint32_t i = 100; i < 300; i++) {
        hear_of(i, 5);
    }
    wish(1, 7, 0, 0);
    for (uint32_t part = 0; part < 10; part++) {
        keep_facts(1, known);
        if (part == 1) {
            CLAIM_INT(known[2], 0);
            CLAIM_INT(known[299], HSY_SYNC_RECORD);
            bury(2, 5);
            bury(299, 5);
        }
        taken(1, 100);
    }
    CLAIM_INT(news(1)->how, HSY_MEMBER_CHANGES);
    for (uint32_t i = 1; i < 300; i++) {
        bool is_there = i <= LIVING || i >= 100;
        bool dead = i == 2 || i == 299;
        CLAIM_INT(known[i], !is_there ? 0
                            : dead    ? HSY_SYNC_DEATH
                                      : HSY_SYNC_RECORD);
    }
}

/* ------------------------------------------------------------------ changes */

static void a_calm_network_sends_nothing(void **state)
{
    (void)state;
    core_rig_run(&rig, 20000);
    CLAIM_INT(news_count(1), 0);
}

static void a_change_goes_out_within_50_ms(void **state)
{
    (void)state;
    hear_of(9, 5);
    core_rig_run(&rig, 49);
    CLAIM_INT(news_count(1), 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(news_count(1), 1);
    CLAIM_INT(news(1)->how, HSY_MEMBER_CHANGES);
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), 1);
}

static void deaths_and_departures_go_out_with_their_proof(void **state)
{
    struct hearsay_id id = core_id('p', 3);
    struct hsy_frame leave = {.type = HSY_LEAVE};

    (void)state;
    bury(2, 5);
    leave.leave.id = id;
    leave.leave.incarnation = 5;
    leave.leave.issued_ms = rig.env.now.wall_ms;
    CLAIM(core_rig_frame(&rig, &id, &leave));
    core_rig_run(&rig, 100);
    CLAIM_INT(facts(1, HSY_SYNC_DEATH), 1);
    CLAIM_INT(facts(1, HSY_SYNC_LEFT), 1);
}

static void who_has_not_taken_the_last_ones_gets_no_more(void **state)
{
    (void)state;
    hear_of(9, 5);
    core_rig_run(&rig, 100);
    hear_of(10, 5);
    core_rig_run(&rig, 5000);
    CLAIM_INT(news_count(1), 1);
    taken(1, 0);
    CLAIM_INT(news_count(1), 2);
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), 1);
    taken(1, 5000);
    CLAIM_INT(news_count(1), 2);
}

/* He hears of the last one. */
static void changes_of_one_id_are_one_for_who_is_behind(void **state)
{
    (void)state;
    hear_of(9, 5);
    bury(9, 5);
    hear_of(9, 6);
    core_rig_run(&rig, 100);
    CLAIM_INT(news(1)->facts.count, 1);
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), 1);
}

static void who_comes_back_gets_what_came_meanwhile(void **state)
{
    (void)state;
    hear_of(9, 5);
    core_rig_run(&rig, 100);
    uint64_t log = news(1)->log, upto = news(1)->upto;
    core_ports_forget_sent(&rig.ports);
    wish(1, 8, log, upto - 1);
    core_rig_run(&rig, 20);
    CLAIM_INT(news(1)->nonce, 8);
    CLAIM_INT(news(1)->how, HSY_MEMBER_CHANGES);
    CLAIM_INT(news(1)->facts.count, 1);
    wish(1, 9, log, upto); /* With nothing new there is an answer, too. */
    core_rig_run(&rig, 20);
    CLAIM_INT(news(1)->nonce, 9);
    CLAIM_INT(news(1)->facts.count, 0);
    wish(1, 10, log + 2, upto); /* That of another life of this seed. */
    core_rig_run(&rig, 20);
    CLAIM_INT(news(1)->how, HSY_MEMBER_LIST);
    wish(1, 11, log, upto + 1); /* A place that is not there yet. */
    core_rig_run(&rig, 20);
    CLAIM_INT(news(1)->how, HSY_MEMBER_LIST);
}

static void who_is_too_late_gets_all_again(void **state)
{
    (void)state;
    hear_of(9, 5);
    core_rig_run(&rig, 100);
    for (uint32_t i = 0; i < HSY_CHANGES_MAX; i++) {
        hear_of(9, 6 + (uint64_t)i);
    }
    taken(1, 20);
    CLAIM_INT(news(1)->how, HSY_MEMBER_CHANGES); /* It still has all. */
    for (uint32_t i = 0; i <= HSY_CHANGES_MAX; i++) {
        hear_of(9, 6 + HSY_CHANGES_MAX + (uint64_t)i);
    }
    taken(1, 20);
    CLAIM_INT(news(1)->how, HSY_MEMBER_LIST);
    CLAIM_INT(facts(1, HSY_SYNC_RECORD), LIVING + 1);
    CLAIM_INT(rig.env.counters.watch_relists, 1);
}

/* A tombstone that sank before it was sent: only the rank is left of it. */
static void what_cannot_be_proved_any_more_is_a_new_list(void **state)
{
    struct hearsay_id id = core_id('p', 3);

    (void)state;
    bury(3, 5);
    hsy_registry_grave(&rig.seed.registry, &id)->since_ms = 0;
    rig.env.now.wall_ms += HSY_GRAVE_MS;
    rig.seed.registry.next_ns = 0;
    CLAIM(!hsy_registry_tick(&rig.seed.registry, &id));
    core_rig_run(&rig, 100);
    CLAIM_INT(news(1)->how, HSY_MEMBER_LIST);
    CLAIM_INT(news(1)->facts.count, LIVING - 1);
}

/* ------------------------------------------------------------------- bounds */

static void only_who_is_registered_is_told(void **state)
{
    struct hsy_record record = core_record('p', 50, 5);

    (void)state;
    (void)core_rig_link(&rig, link_of(50), &record);
    wish(50, 7, 0, 0);
    CLAIM_INT(news(50)->how, HSY_MEMBER_REFUSED);
    CLAIM_INT(rig.seed.watchers.list.count, 0);
}

static void no_more_means_no_more(void **state)
{
    (void)state;
    wish(1, 0, 0, 0);
    hear_of(9, 5);
    core_rig_run(&rig, 5000);
    CLAIM_INT(news_count(1), 0);
    CLAIM_INT(rig.seed.watchers.list.count, 0);
}

static void whose_link_is_gone_is_told_no_more(void **state)
{
    struct hearsay_id id = core_id('p', 1);

    (void)state;
    core_rig_unlink(&rig, &id);
    hear_of(9, 5);
    core_rig_run(&rig, 100);
    CLAIM_INT(news_count(1), 0);
    CLAIM_INT(rig.seed.watchers.list.count, 0);
}

static void there_are_1024_at_most_and_who_is_gone_makes_room(void **state)
{
    struct hearsay_id id = core_id('p', 1000);

    (void)state;
    for (uint32_t i = 1000; i < 1000 + HSY_WATCHERS_MAX; i++) {
        (void)join(i);
        wish(i, 7, 0, 0);
    }
    CLAIM_INT(rig.seed.watchers.list.count, HSY_WATCHERS_MAX);
    wish(2, 7, 0, 0);
    CLAIM_INT(news(2)->how, HSY_MEMBER_REFUSED);
    core_rig_unlink(&rig, &id);
    wish(2, 8, 0, 0);
    core_rig_run(&rig, 1000);
    CLAIM_INT(news(2)->how, HSY_MEMBER_LIST);
}

int main(void)
{
#define WATCHED(test) cmocka_unit_test_setup_teardown(test, begin_watched, end)
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        PLAIN(who_asks_gets_all_that_is_known),
        PLAIN(who_is_absent_is_not_dead_and_is_listed),
        PLAIN(a_long_list_comes_in_parts_and_misses_nobody),
        WATCHED(a_calm_network_sends_nothing),
        WATCHED(a_change_goes_out_within_50_ms),
        WATCHED(deaths_and_departures_go_out_with_their_proof),
        WATCHED(who_has_not_taken_the_last_ones_gets_no_more),
        WATCHED(changes_of_one_id_are_one_for_who_is_behind),
        WATCHED(who_comes_back_gets_what_came_meanwhile),
        WATCHED(who_is_too_late_gets_all_again),
        WATCHED(what_cannot_be_proved_any_more_is_a_new_list),
        PLAIN(only_who_is_registered_is_told),
        WATCHED(no_more_means_no_more),
        WATCHED(whose_link_is_gone_is_told_no_more),
        PLAIN(there_are_1024_at_most_and_who_is_gone_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
