/* Seeds that tell each other: two or three of them, frames shuttled between
 * them as bytes, 1 ms a step. */
#include "core/fellows.h"
#include "core/seed_parts.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

#include <stdlib.h>
#include <string.h>

enum { SEEDS = 2 };

static struct core_rig rigs[SEEDS];
static bool cut;

static hearsay_link link_to(uint32_t number)
{
    return 5001 + 2 * (hearsay_link)number;
}

/* One link, the same number at both ends. */
static void meet(void)
{
    for (uint32_t i = 0; i < SEEDS; i++) {
        struct hsy_record other = core_record('s', 1 - i, 1);
        (void)core_rig_link(&rigs[i], link_to(1 - i), &other);
    }
    cut = false;
}

static void part(void)
{
    for (uint32_t i = 0; i < SEEDS; i++) {
        struct hearsay_id other = core_id('s', 1 - i);
        core_rig_unlink(&rigs[i], &other);
    }
    cut = true;
}

static void begin_of(uint32_t lines)
{
    for (uint32_t i = 0; i < SEEDS; i++) {
        core_rig_init(&rigs[i], i, lines);
        core_rig_start(&rigs[i]);
    }
    cut = true;
}

static void begin(void)
{
    begin_of(3);
}

static void end(void)
{
    for (uint32_t i = 0; i < SEEDS; i++) {
        core_rig_fini(&rigs[i]);
    }
}

/* Everything that @from has sent goes to @to; a PING is answered. */
static void carry(struct core_rig *from, struct core_rig *to)
{
    struct core_ports *ports = &from->ports;
    struct core_sent *sent = ports->sent;
    uint32_t count = ports->sent_count;
    struct hsy_frame frame;

    ports->sent = NULL;
    ports->sent_count = 0;
    ports->sent_room = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool ours = sent[i].link == link_to(to->env.id.bytes[2]);
        if (ours && !cut) {
            CLAIM_INT(
                hsy_frame_decode(&frame, sent[i].bytes, sent[i].len, NULL), 0);
            if (frame.type == HSY_PING) {
                uint64_t nonce = frame.ping;
                frame = (struct hsy_frame){.type = HSY_PONG, .pong = nonce};
                (void)core_rig_frame(from, &to->env.id, &frame);
            } else {
                CLAIM(core_rig_frame(to, &from->env.id, &frame));
            }
        }
        free(sent[i].bytes);
    }
    free(sent);
}

/* Both go on for @ms; dials are never answered. */
static void run(uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i++) {
        for (uint32_t k = 0; k < SEEDS; k++) {
            core_rig_run(&rigs[k], 1);
            core_rig_commit(&rigs[k]);
            rigs[k].ports.dials_count = 0;
        }
        carry(&rigs[0], &rigs[1]);
        carry(&rigs[1], &rigs[0]);
    }
}

/* The same with dials that are refused and verdicts that are signed. */
static void run_silent(uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i += 10) {
        for (uint32_t k = 0; k < SEEDS; k++) {
            core_rig_silence(&rigs[k], 10);
        }
        carry(&rigs[0], &rigs[1]);
        carry(&rigs[1], &rigs[0]);
    }
}

static uint64_t sum_of_buckets(uint32_t at)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < HSY_SEED_BUCKETS; i++) {
        sum += rigs[at].seed.registry.buckets[i].sum;
    }
    return sum;
}

static bool equal(void)
{
    const uint64_t *a = rigs[0].seed.registry.digest;
    const uint64_t *b = rigs[1].seed.registry.digest;
    CLAIM(sum_of_buckets(0) == a[0]);
    CLAIM(sum_of_buckets(1) == b[0]);
    return a[0] == b[0] && a[1] == b[1];
}

static struct hsy_record join(uint32_t at, uint32_t number)
{
    struct hsy_record record = core_record('p', number, 5);
    (void)core_rig_link(&rigs[at], 7001 + 2 * (hearsay_link)number, &record);
    core_rig_register(&rigs[at], &record);
    return record;
}

/* @count peers in a ring, known to the seed @at only. */
static void fill(uint32_t at, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)join(at, first + i);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct hearsay_id who = core_id('p', first + i);
        struct hearsay_id ids[2] = {
            core_id('p', first + (i + 1) % count),
            core_id('p', first + (i + count - 1) % count)};
        if (hsy_id_compare(&ids[0], &ids[1]) > 0) {
            struct hearsay_id swap = ids[0];
            ids[0] = ids[1];
            ids[1] = swap;
        }
        core_rig_links(&rigs[at], &who, 1, ids, 2);
    }
}

static struct hsy_certificate death_of(uint32_t number, uint32_t first_seed)
{
    struct hsy_certificate c = {.record = core_record('p', number, 5),
                                .verdicts_count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        c.verdicts[i] =
            (struct hsy_verdict){.subject = c.record.id,
                                 .incarnation = 5,
                                 .wall_ms = rigs[0].env.now.wall_ms,
                                 .seed = core_id('s', first_seed + i)};
    }
    return c;
}

/* ---------------------------------------------------------------- claims */

static void a_registration_reaches_the_fellow_at_once(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    struct hsy_record record = join(0, 1);
    run(2);
    CLAIM(hsy_registry_find(&rigs[1].seed.registry, &record.id) != NULL);
    CLAIM(equal());
    struct hearsay_id none = core_id('p', 9);
    core_rig_links(&rigs[0], &record.id, 1, &none, 1);
    run(2);
    CLAIM(equal());
    CLAIM_INT(rigs[1].env.counters.frames_unexpected, 0);
    end();
}

static void two_registries_converge_when_they_meet(void **state)
{
    (void)state;
    begin();
    fill(0, 1, 300);
    fill(1, 1001, 200);
    for (uint32_t i = 1; i <= 20; i++) {
        struct hsy_certificate c = death_of(i, 0);
        hsy_seed_bury(&rigs[0].seed, &c, false);
    }
    meet();
    run(2000);
    CLAIM(equal());
    for (uint32_t k = 0; k < SEEDS; k++) {
        CLAIM_INT(rigs[k].seed.registry.living.count, 480);
        CLAIM_INT(rigs[k].seed.registry.graves.count, 20);
        CLAIM_INT(rigs[k].env.counters.frames_unexpected, 0);
    }
    struct hearsay_id id = core_id('p', 1100);
    CLAIM_INT(hsy_registry_find(&rigs[0].seed.registry, &id)->degree, 2);
    end();
}

static void a_fellow_of_the_same_mind_is_sent_nothing(void **state)
{
    (void)state;
    begin();
    meet();
    fill(0, 1, 50);
    run(1000);
    CLAIM(equal());
    part();
    run(500);
    meet();
    for (uint32_t k = 0; k < SEEDS; k++) {
        /* The digest, and the question. */
        CLAIM_INT(
            core_ports_sent(&rigs[k].ports, link_to(1 - k), HSY_SEED_SYNC), 1);
    }
    carry(&rigs[0], &rigs[1]);
    carry(&rigs[1], &rigs[0]);
    core_rig_run(&rigs[0], 1000);
    core_rig_run(&rigs[1], 1000);
    CLAIM_INT(core_ports_sent(&rigs[0].ports, 0, HSY_SEED_SYNC), 0);
    CLAIM_INT(core_ports_sent(&rigs[1].ports, 0, HSY_SEED_SYNC), 0);
    CLAIM_INT(core_ports_sent(&rigs[1].ports, 0, HSY_SEED_DIGEST), 0);
    end();
}

static void what_a_push_missed_a_digest_finds(void **state)
{
    (void)state;
    begin();
    meet();
    run(20000);
    cut = true; /* Frames are lost, the link is not: a fellow that restarted
                   with an old disk looks the same. */
    struct hsy_record record = join(0, 1);
    run(100);
    cut = false;
    CLAIM(!equal());
    run(17000); /* The next digest, and the pull that it starts. */
    CLAIM(equal());
    CLAIM(hsy_registry_find(&rigs[1].seed.registry, &record.id) != NULL);
    end();
}

/* How often s0 asks where they differ, at a digest that is not its own. */
static uint32_t questions(void)
{
    struct hsy_frame other = {.type = HSY_SEED_SYNC};
    struct hearsay_id s1 = core_id('s', 1);
    struct hsy_frame frame;
    uint32_t count = 0;
    core_ports_forget_sent(&rigs[0].ports);
    CLAIM(core_rig_frame(&rigs[0], &s1, &other));
    if (core_ports_last(&rigs[0].ports, link_to(1), HSY_SEED_SYNC, &frame)) {
        count += frame.sync.ask ? 1 : 0;
    }
    return count;
}

static void a_quarrel_is_looked_into_every_10_seconds(void **state)
{
    (void)state;
    begin();
    meet();
    (void)join(0, 1);
    CLAIM_INT(questions(), 0); /* Something is under way. */
    core_rig_run(&rigs[0], 1000);
    CLAIM_INT(questions(), 1);
    core_rig_run(&rigs[0], 9999);
    CLAIM_INT(questions(), 0);
    core_rig_run(&rigs[0], 1);
    CLAIM_INT(questions(), 1);
    end();
}

static void a_question_that_was_not_understood_is_repeated(void **state)
{
    (void)state;
    begin();
    fill(0, 1, 10);
    cut = true;
    meet();
    cut = true;
    run(5); /* Both first frames are lost. */
    cut = false;
    run(2500);
    CLAIM(equal());
    end();
}

/* Of all that @at has sent to the other seed. */
static uint64_t bytes_to_the_other(uint32_t at)
{
    const struct core_ports *ports = &rigs[at].ports;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < ports->sent_count; i++) {
        bytes +=
            ports->sent[i].link == link_to(1 - at) ? ports->sent[i].len : 0;
    }
    return bytes;
}

/* s1 pulls the buckets that @named says, of which it has nothing. */
static void pull(uint8_t named)
{
    struct hsy_frame frame = {.type = HSY_SEED_PULL};
    struct hearsay_id s1 = core_id('s', 1);
    memset(frame.seed_pull.buckets, named, sizeof(frame.seed_pull.buckets));
    frame.seed_pull.last = UINT64_MAX;
    core_ports_forget_sent(&rigs[0].ports);
    CLAIM(core_rig_frame(&rigs[0], &s1, &frame));
}

static void a_great_registry_never_fills_a_queue(void **state)
{
    (void)state;
    begin();
    rigs[0].env.config.queue_max = 64 * 1024;
    fill(0, 1, 1000);
    meet();
    pull(0xff);
    CLAIM(bytes_to_the_other(0) > 30 * 1024);
    CLAIM(bytes_to_the_other(0) <= 36 * 1024);
    core_ports_forget_sent(&rigs[0].ports);
    core_rig_run(&rigs[0], 10000); /* It waits for the next pull. */
    CLAIM(bytes_to_the_other(0) < 100);
    run(15000);
    CLAIM(equal());
    end();
}

static void a_pull_is_answered_of_the_buckets_it_names(void **state)
{
    (void)state;
    begin();
    fill(0, 1, 10);
    meet();
    pull(0); /* The end alone. */
    CLAIM_INT(core_ports_sent(&rigs[0].ports, link_to(1), HSY_SEED_SYNC), 1);
    pull(0xff);
    CLAIM_INT(core_ports_sent(&rigs[0].ports, link_to(1), HSY_SEED_SYNC), 2);
    end();
}

/* @count records with ids of all buckets, at both seeds alike. */
static void fill_both(uint32_t count)
{
    for (uint32_t k = 0; k < SEEDS; k++) {
        rigs[k].seed.registry.living.items_max = count + 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_record record = core_record('p', i, 5);
        bool back = false;
        uint64_t token = 0;
        record.id.bytes[0] = (uint8_t)i;
        for (uint32_t k = 0; k < SEEDS; k++) {
            CLAIM_INT(hsy_registry_merge_record(&rigs[k].seed.registry, &record,
                                                &back, &token),
                      HSY_MERGED_NEW);
            core_rig_commit(&rigs[k]);
        }
    }
}

/* What crosses the link in both directions until both know the same, for @ms
 * at most: bytes, and how many of the frames were SEED_PULL. */
struct traffic {
    uint64_t bytes;
    uint32_t pulls;
};

static struct traffic run_counted(uint64_t ms)
{
    struct traffic t = {0};
    for (uint64_t i = 0; i < ms && !equal(); i++) {
        for (uint32_t k = 0; k < SEEDS; k++) {
            core_rig_run(&rigs[k], 1);
            core_rig_commit(&rigs[k]);
            rigs[k].ports.dials_count = 0;
            t.bytes += bytes_to_the_other(k);
            t.pulls +=
                core_ports_sent(&rigs[k].ports, link_to(1 - k), HSY_SEED_PULL);
            carry(&rigs[k], &rigs[1 - k]);
        }
    }
    return t;
}

/* The figures of ADR 24. */
static void one_difference_in_10000_costs_6_kilobytes(void **state)
{
    (void)state;
    begin();
    fill_both(10000);
    meet();
    run(20000);
    CLAIM(equal());
    cut = true;
    struct hsy_record record = join(0, 10001);
    run(100);
    cut = false;
    struct traffic t = run_counted(20000);
    CLAIM(hsy_registry_find(&rigs[1].seed.registry, &record.id) != NULL);
    CLAIM(equal());
    CLAIM_INT(t.pulls, 2); /* Both ends ask. */
    CLAIM(t.bytes > 4096);
    CLAIM(t.bytes < 6144);
    end();
}

static void
where_more_differs_than_one_pull_can_name_all_is_mended(void **state)
{
    (void)state;
    begin(); /* All of one bucket. */
    fill(0, 1, 1500);
    fill(1, 2001, 1500);
    meet();
    run(3000);
    CLAIM(equal());
    CLAIM_INT(rigs[0].seed.registry.living.count, 3000);
    end();
}

/* s1 does not take it, and s0 does not give it up. */
static void what_is_refused_is_pulled_every_10_seconds_at_most(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    (void)join(1, 1);
    run(10);
    struct hsy_certificate c = death_of(1, 7);
    hsy_seed_bury(&rigs[0].seed, &c, false);
    struct traffic t = run_counted(60000);
    CLAIM(!equal());
    CLAIM(t.pulls >= 2);
    CLAIM(t.pulls <= 12); /* Both ends. */
    CLAIM(t.bytes < 60000);
    end();
}

/* Nor is it a reason to send anything. */
static void a_digest_that_nobody_asked_for_is_not_looked_at(void **state)
{
    (void)state;
    static const uint8_t zeros[8 * HSY_SEED_BUCKETS];
    struct hsy_frame frame = {.type = HSY_SEED_DIGEST,
                              .seed_digest.sums = zeros};
    struct hearsay_id s1 = core_id('s', 1);
    begin();
    (void)join(0, 1);
    meet();
    for (uint32_t i = 0; i < 3; i++) { /* It asks when the link comes up. */
        core_ports_forget_sent(&rigs[0].ports);
        CLAIM(core_rig_frame(&rigs[0], &s1, &frame));
        CLAIM_INT(core_ports_sent(&rigs[0].ports, link_to(1), HSY_SEED_PULL),
                  i == 0 ? 1 : 0);
    }
    end();
}

static void sums_are_not_told_on_a_link_of_version_1(void **state)
{
    (void)state;
    struct hsy_frame frame = {.type = HSY_SEED_SYNC, .sync.ask = true};
    struct hearsay_id s1 = core_id('s', 1);
    begin();
    (void)join(0, 1);
    meet();
    for (uint8_t version = 1; version <= 2; version++) {
        hsy_neighbour_by_id(&rigs[0].neighbours, &s1)->version = version;
        CLAIM(core_rig_frame(&rigs[0], &s1, &frame));
        CLAIM_INT(core_ports_sent(&rigs[0].ports, link_to(1), HSY_SEED_DIGEST),
                  version - 1);
    }
    end();
}

static void a_certificate_needs_a_majority_of_known_seeds(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    struct hsy_record record = join(1, 1);
    run(10);
    /* s7 and s8 are nobody here. */
    struct hsy_certificate c = death_of(1, 7);
    hsy_seed_bury(&rigs[0].seed, &c, false);
    run(20000);
    CLAIM(hsy_registry_find(&rigs[1].seed.registry, &record.id) != NULL);
    CLAIM(rigs[1].env.counters.frames_unexpected > 0);
    CLAIM_INT(rigs[1].seed.trials.count, 0);
    end();
}

/* One of the two seeds of a certificate is not known here, never was, and is
 * gone for good: the word of the other, and the own tries, still add up. */
static void half_a_certificate_is_a_reason_to_try(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    struct hsy_record record = join(0, 1);
    run(10);
    core_rig_unlink(&rigs[0], &record.id);
    struct hsy_certificate c = death_of(1, 0);
    c.verdicts[1].seed = core_id('s', 9);
    hsy_seed_bury(&rigs[0].seed, &c, false);
    run_silent(20000);
    CLAIM_INT(hsy_registry_rank(&rigs[1].seed.registry, &record.id),
              hsy_rank_dead(5));
    CLAIM_INT(rigs[1].env.counters.verdicts, 1); /* Its own, as well. */
    end();
}

static void a_death_found_by_two_is_known_to_both(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    struct hsy_record record = join(0, 1);
    (void)core_rig_link(&rigs[1], 7001, &record);
    core_rig_register(&rigs[1], &record);
    run(10);
    core_rig_unlink(&rigs[0], &record.id);
    core_rig_unlink(&rigs[1], &record.id);
    run_silent(1000);
    for (uint32_t k = 0; k < SEEDS; k++) {
        CLAIM_INT(hsy_registry_rank(&rigs[k].seed.registry, &record.id),
                  hsy_rank_dead(5));
        CLAIM_INT(rigs[k].env.counters.deaths, 1);
        CLAIM_INT(rigs[k].seed.trials.count, 0);
    }
    CLAIM(equal());
    end();
}

static void a_departure_is_passed_on(void **state)
{
    (void)state;
    begin();
    meet();
    run(3000);
    struct hsy_record record = join(0, 1);
    run(10);
    struct hsy_frame leave = {.type = HSY_LEAVE};
    leave.leave = (struct hsy_leave){.id = record.id, .incarnation = 5};
    CLAIM(core_rig_frame(&rigs[0], &record.id, &leave));
    run(2);
    CLAIM_INT(hsy_registry_rank(&rigs[1].seed.registry, &record.id),
              hsy_rank_dead(5));
    CLAIM_INT(rigs[1].env.counters.departures, 1);
    CLAIM(equal());
    end();
}

static void peers_come_and_go_while_all_is_pulled(void **state)
{
    (void)state;
    struct hsy_prng prng;
    begin();
    hsy_prng_init(&prng, 5);
    rigs[0].env.config.queue_max = 16 * 1024;
    fill(0, 1, 400);
    meet();
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t number = 1 + (uint32_t)hsy_prng_below(&prng, 400);
        struct hearsay_id id = core_id('p', number);
        struct hsy_frame leave = {.type = HSY_LEAVE};
        leave.leave = (struct hsy_leave){.id = id, .incarnation = 5};
        CLAIM(core_rig_frame(&rigs[0], &id, &leave));
        run(10);
    }
    run(40000);
    CLAIM(equal());
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_reaches_the_fellow_at_once),
        cmocka_unit_test(two_registries_converge_when_they_meet),
        cmocka_unit_test(a_fellow_of_the_same_mind_is_sent_nothing),
        cmocka_unit_test(what_a_push_missed_a_digest_finds),
        cmocka_unit_test(a_quarrel_is_looked_into_every_10_seconds),
        cmocka_unit_test(a_question_that_was_not_understood_is_repeated),
        cmocka_unit_test(a_great_registry_never_fills_a_queue),
        cmocka_unit_test(a_pull_is_answered_of_the_buckets_it_names),
        cmocka_unit_test(one_difference_in_10000_costs_6_kilobytes),
        cmocka_unit_test(
            where_more_differs_than_one_pull_can_name_all_is_mended),
        cmocka_unit_test(what_is_refused_is_pulled_every_10_seconds_at_most),
        cmocka_unit_test(a_digest_that_nobody_asked_for_is_not_looked_at),
        cmocka_unit_test(sums_are_not_told_on_a_link_of_version_1),
        cmocka_unit_test(a_certificate_needs_a_majority_of_known_seeds),
        cmocka_unit_test(half_a_certificate_is_a_reason_to_try),
        cmocka_unit_test(a_death_found_by_two_is_known_to_both),
        cmocka_unit_test(a_departure_is_passed_on),
        cmocka_unit_test(peers_come_and_go_while_all_is_pulled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
