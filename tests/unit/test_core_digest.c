/* Digests: what a node has, in three sizes; and what becomes of an offer. */
#include "support/pull_rig.h"

static void start(uint32_t links)
{
    relay_rig_start(&rig);
    relay_rig_links(&rig, links);
}

static void begin_with(uint32_t links)
{
    relay_rig_init(&rig);
    rig.given.config.origins_max = 4096;
    start(links);
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static void hear(uint32_t number, uint64_t seq)
{
    CLAIM(relay_rig_hear_one(&rig, 4, number, seq));
}

static uint32_t sent(hearsay_link link, enum hsy_frame_type type)
{
    return relay_rig_sent(&rig, link, type);
}

static struct hsy_digest last_digest(hearsay_link link)
{
    return relay_rig_last(&rig, link, HSY_DIGEST).digest;
}

static void say(hearsay_link link, const struct hsy_digest *digest)
{
    struct hsy_frame frame = {.type = HSY_DIGEST, .digest = *digest};

    relay_rig_frame(&rig, link, &frame);
}

static uint32_t origins(void)
{
    return hsy_origins_count(&relay_rig_relay(&rig)->origins);
}

static uint64_t bucket_of(uint32_t number)
{
    struct hsy_epoch of = relay_rig_epoch(number);

    return UINT64_C(1) << hsy_origin_bucket(&of);
}

/* --------------------------------------------------------------- comparing */

static void who_dialled_begins_with_all_hashes(void **state)
{
    (void)state;
    relay_rig_begin(&rig);
    (void)relay_rig_link(&rig, 5, 2); /* Accepted: the other one begins. */
    CLAIM_INT(sent(5, HSY_DIGEST), 0);
    (void)relay_rig_link(&rig, 6, 2);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    CLAIM_INT(last_digest(6).kind, HSY_DIGEST_HASHES);
    CLAIM(!last_digest(6).idle_only);
    end();
}

static void equal_hashes_are_answered_by_nothing(void **state)
{
    (void)state;
    begin_with(1);
    hear(1, 1);
    (void)relay_rig_link(&rig, 8, 2);
    struct hsy_digest digest = last_digest(8);
    relay_rig_forget(&rig);
    say(8, &digest);
    CLAIM_INT(sent(8, HSY_DIGEST), 0);
    end();
}

static void marks_of_differing_buckets_answer_and_ask(void **state)
{
    (void)state;
    begin_with(1);
    CLAIM(bucket_of(1) != bucket_of(2));
    hear(1, 1);
    hear(1, 2);
    hear(2, 5);
    hear(2, 1); /* A mark, and a run behind a gap. */
    (void)relay_rig_link(&rig, 8, 2);
    struct hsy_digest digest = last_digest(8);
    digest.hashes[hsy_origin_bucket(&relay_rig_origin(&rig, 2)->of)] ^= 1;
    say(8, &digest);
    digest = last_digest(8);
    CLAIM_INT(digest.kind, HSY_DIGEST_MARKS);
    CLAIM(digest.ask);
    CLAIM(digest.buckets == bucket_of(2));
    CLAIM_INT(digest.marks.count, 1);
    CLAIM(is_span(hsy_spans_at(&digest.marks, 0), 2, 1, 5));
    end();
}

static void marks_that_ask_are_answered_by_marks_that_do_not(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_MARKS, .ask = true};

    (void)state;
    begin_with(2);
    hear(1, 1);
    digest.buckets = bucket_of(1) | 1;
    say(6, &digest);
    digest = last_digest(6);
    CLAIM_INT(digest.kind, HSY_DIGEST_MARKS);
    CLAIM(!digest.ask);
    CLAIM(digest.buckets == (bucket_of(1) | 1));
    CLAIM_INT(digest.marks.count, 1);
    uint32_t before = sent(6, HSY_DIGEST);
    say(6, &digest); /* The end: it is not answered. */
    CLAIM_INT(sent(6, HSY_DIGEST), before);
    end();
}

static void of_what_is_kept_no_more_the_mark_is_empty(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_MARKS, .ask = true};

    (void)state;
    relay_rig_init(&rig);
    rig.given.config.retain_max = 1;
    start(2);
    hear(1, 1);
    hear(1, 2);
    hear(2, 1);
    digest.buckets = bucket_of(1);
    say(6, &digest);
    digest = last_digest(6);
    CLAIM(is_span(hsy_spans_at(&digest.marks, 0), 1, 3, 2));
    offer(6, 3, 3, 2); /* Such an offer is none. */
    CLAIM_INT(sent(6, HSY_PULL), 0);
    CLAIM_INT(origins(), 2);
    end();
}

/* The clock of this node, and of those whose bundles it hears. */
static void jump(int64_t ms)
{
    rig.given.now.wall_ms += (uint64_t)ms;
    rig.core.env.now.wall_ms += (uint64_t)ms;
}

/* A clock that was wrong for a while dates what is said meanwhile, and must
 * not hide what was said before it. */
static void
what_a_wrong_clock_covers_is_told_when_it_is_right_again(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_MARKS, .ask = true};
    int64_t off_ms = 3600 * 1000;

    (void)state;
    begin_with(1);
    hear(1, 1);
    jump(off_ms);
    hear(1, 2);
    jump(-off_ms);
    hear(2, 1);
    relay_rig_pass(&rig, 10 * HSY_SECOND);
    (void)relay_rig_link(&rig, 8, 2);
    CLAIM_INT(last_digest(8).kind, HSY_DIGEST_HASHES);
    CLAIM(last_digest(8)
              .hashes[hsy_origin_bucket(&relay_rig_origin(&rig, 1)->of)] != 0);
    digest.buckets = bucket_of(1);
    say(8, &digest);
    digest = last_digest(8);
    CLAIM_INT(digest.marks.count, 1);
    CLAIM(is_span(hsy_spans_at(&digest.marks, 0), 1, 1, 2));
    end();
}

static void what_only_a_wrong_clock_dated_is_not_told(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_MARKS, .ask = true};
    int64_t off_ms = 3600 * 1000;

    (void)state;
    begin_with(1);
    jump(off_ms);
    hear(1, 1);
    jump(-off_ms);
    relay_rig_pass(&rig, 10 * HSY_SECOND);
    (void)relay_rig_link(&rig, 8, 2);
    digest.buckets = bucket_of(1);
    say(8, &digest);
    CLAIM_INT(last_digest(8).marks.count, 0);
    end();
}

static void many_marks_go_in_several_frames_the_last_is_complete(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_HASHES};
    uint32_t marks = 0;

    (void)state;
    begin_with(2);
    for (uint32_t i = 1; i <= 600; i++) {
        hear(i, 1);
    }
    relay_rig_forget(&rig);
    say(6, &digest);
    for (uint32_t i = 0; i < rig.ports.sent_count; i++) {
        const struct core_sent *s = &rig.ports.sent[i];
        struct hsy_frame frame;
        CLAIM_INT(hsy_frame_decode(&frame, s->bytes, s->len, NULL), 0);
        bool is_last = i + 1 == rig.ports.sent_count;
        CLAIM(frame.digest.ask == is_last);
        CLAIM((frame.digest.buckets != 0) == is_last);
        marks += frame.digest.marks.count;
    }
    CLAIM_INT(rig.ports.sent_count, 3);
    CLAIM_INT(marks, 600);
    end();
}

/* ------------------------------------------------------------------ offers */

static void what_is_offered_and_missing_is_pulled_at_once(void **state)
{
    (void)state;
    begin_with(2);
    hear(1, 1);
    hear(1, 4);
    offer(6, 1, 2, 9);
    CLAIM_INT(sent(6, HSY_PULL), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_PULL).pull.spans.count, 2);
    CLAIM(is_span(pulled(6, 0), 1, 2, 3));
    CLAIM(is_span(pulled(6, 1), 1, 5, 9));
    offer(4, 1, 1, 9); /* It is being pulled. */
    CLAIM_INT(sent(4, HSY_PULL), 0);
    end();
}

static void an_offer_of_what_is_being_pulled_waits_for_its_turn(void **state)
{
    (void)state;
    begin_with(3);
    offer(4, 1, 1, 5);
    offer(6, 1, 1, 7);
    offer(8, 1, 1, 6); /* Not as good. */
    CLAIM_INT(sent(0, HSY_PULL), 1);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 5);
    CLAIM(relay_rig_hear(&rig, 4, &b, HSY_FLAG_EXTRA));
    gone(4);
    CLAIM_INT(sent(0, HSY_PULL), 2);
    CLAIM(is_span(pulled(6, 0), 1, 6, 7));
    CLAIM_INT(rig.core.repair.rumours, 1);
    gone(6);
    CLAIM_INT(rig.core.repair.rumours, 0);
    CLAIM_INT(relay_rig_origin(&rig, 1)->offer.link, 0);
    end();
    begin_with(3);
    offer(4, 1, 1, 5);
    offer(6, 1, 1, 7);
    relay_rig_unlink(&rig, 6); /* It is gone before its turn. */
    gone(4);
    CLAIM_INT(sent(0, HSY_PULL), 1);
    CLAIM_INT(origins(), 0);
    end();
}

static void what_is_there_or_muted_is_not_pulled(void **state)
{
    (void)state;
    begin_with(2);
    hear(1, 1);
    offer(6, 1, 1, 1);
    relay_rig_origin(&rig, 1)->muted = true;
    offer(6, 1, 1, 5);
    CLAIM_INT(sent(6, HSY_PULL), 0);
    CLAIM_INT(relay_rig_origin(&rig, 1)->offer.link, 0);
    end();
}

static void sixteen_spans_are_in_one_pull_and_the_rest_in_the_next(void **state)
{
    (void)state;
    begin_with(2);
    offer_many(6, 1, 20, 1, 5);
    CLAIM_INT(sent(6, HSY_PULL), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_PULL).pull.spans.count,
              HSY_PULL_SPANS_MAX);
    gone(6);
    CLAIM_INT(sent(6, HSY_PULL), 2);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_PULL).pull.spans.count, 4);
    gone(6);
    CLAIM_INT(sent(6, HSY_PULL), 2);
    end();
}

static void eight_pulls_are_open_at_a_time(void **state)
{
    (void)state;
    begin_with(9);
    rig.core.repair.at_once = HSY_PULLS_MAX;
    for (uint32_t i = 0; i < 9; i++) {
        offer(4 + 2 * i, 1 + i, 1, 5);
    }
    CLAIM_INT(sent(0, HSY_PULL), HSY_PULLS_MAX);
    CLAIM_INT(sent(20, HSY_PULL), 0);
    gone(8);
    CLAIM_INT(sent(20, HSY_PULL), 1);
    CLAIM(is_span(pulled(20, 0), 9, 1, 5));
    end();
}

static void a_rumour_that_comes_to_nothing_is_forgotten(void **state)
{
    (void)state;
    begin_with(2);
    offer_many(6, 1, 2, 1, 5);
    CLAIM_INT(origins(), 2);
    CLAIM_INT(rig.core.repair.rumours, 2);
    struct hsy_bundle b = relay_rig_bundle(&rig, 2, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    gone(6);
    CLAIM_INT(origins(), 1);
    CLAIM(relay_rig_origin(&rig, 2) != NULL);
    CLAIM_INT(rig.core.repair.rumours, 0);
    end();
}

static void a_link_takes_its_rumours_with_it(void **state)
{
    (void)state;
    begin_with(2);
    offer_many(6, 1, 100, 1, 5);
    CLAIM_INT(origins(), 100);
    relay_rig_unlink(&rig, 6);
    CLAIM_INT(origins(), 0);
    CLAIM_INT(rig.core.repair.rumours, 0);
    end();
}

static void there_are_1024_rumours_at_most(void **state)
{
    (void)state;
    begin_with(2);
    for (uint32_t i = 0; i < 5; i++) {
        offer_many(6, 1 + 250 * i, 250 + 250 * i, 1, 5);
    }
    CLAIM_INT(rig.core.repair.rumours, HSY_RUMOURS_MAX);
    CLAIM_INT(origins(), HSY_RUMOURS_MAX);
    hear(2000, 1); /* What is heard is no rumour. */
    offer(6, 2000, 1, 3);
    CLAIM_INT(origins(), HSY_RUMOURS_MAX + 1);
    CLAIM_INT(relay_rig_origin(&rig, 2000)->offer.link, 6);
    while (hsy_pull_of(&rig.core.repair, 6) != NULL) {
        gone(6);
    }
    CLAIM_INT(rig.core.repair.rumours, 0);
    CLAIM_INT(origins(), 1);
    end();
}

/* The link has its hands full when it offers something; before its turn comes,
 * the tree has brought it. */
static void an_offer_that_needs_no_pull_any_more_is_forgotten(void **state)
{
    (void)state;
    begin_with(2);
    offer(6, 2, 1, 1);
    offer(6, 1, 1, 1);
    CLAIM_INT(sent(6, HSY_PULL), 1);
    hear(1, 1);
    gone(6);
    CLAIM_INT(relay_rig_origin(&rig, 1)->offer.link, 0);
    CLAIM_INT(rig.core.repair.rumours, 0);
    hear(1, 3); /* A gap of later on is asked for. */
    relay_rig_run_ns(&rig, HSY_GAP_NS);
    CLAIM(is_span(pulled(4, 0), 1, 2, 2));
    end();
}

static void an_own_past_life_is_noted_and_not_delivered(void **state)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_MARKS};
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_span mark = {.from = 3, .to = 10};

    (void)state;
    begin_with(2);
    mark.of.origin = rig.core.env.id;
    mark.of.incarnation = 4;
    for (uint32_t i = 0; i < 2; i++) {
        struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
        mark.to += i;
        digest.marks = (struct hsy_spans){.bytes = bytes};
        hsy_spans_add(&list, &digest.marks, &mark);
        say(6, &digest);
        struct hsy_origin *past =
            hsy_origin_find(&relay_rig_relay(&rig)->origins, &mark.of);
        CLAIM(past != NULL);
        CLAIM_INT(past->done, 10 + i); /* So that digests agree. */
    }
    mark.of.nonce = rig.core.env.config.boot_nonce; /* This life. */
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    digest.marks = (struct hsy_spans){.bytes = bytes};
    hsy_spans_add(&list, &digest.marks, &mark);
    say(6, &digest);
    CLAIM_INT(origins(), 1);
    CLAIM_INT(sent(6, HSY_PULL), 0);
    CLAIM_INT(rig.ports.deliveries_count, 0);
    end();
}

/* -------------------------------------------------------------- two nodes */

enum { ORIGINS = 6, NUMBERS = 40 };
static struct relay_rig other;

/* All that @from has said over link 4 since the last time. */
static bool pump(struct relay_rig *from, struct relay_rig *to)
{
    bool any = false;

    for (uint32_t i = 0; i < from->ports.sent_count; i++) {
        const struct core_sent *s = &from->ports.sent[i];
        struct hsy_frame frame;
        CLAIM_INT(hsy_frame_decode(&frame, s->bytes, s->len, NULL), 0);
        if (hsy_core_wants(&to->core, 4, &frame)) {
            relay_rig_frame(to, 4, &frame);
        }
        any = true;
    }
    core_ports_forget_sent(&from->ports);
    return any;
}

static void run_both(uint32_t ms)
{
    for (uint32_t passed = 0; passed < ms; passed += 50) {
        while (pump(&rig, &other) || pump(&other, &rig)) {
        }
        relay_rig_run(&rig, 50);
        relay_rig_run(&other, 50);
        if (passed % 13000 == 0) { /* Of tails without a gap, sums tell. */
            hsy_repair_ponged(&rig.core.repair, relay_rig_neighbour(&rig, 4));
            hsy_repair_ponged(&other.core.repair,
                              relay_rig_neighbour(&other, 4));
        }
    }
}

static void hear_at(struct relay_rig *at, uint32_t number, uint64_t seq)
{
    CLAIM(relay_rig_hear_one(at, 100, number, seq));
}

/* Each number is known to one of them at least, and they hear them over links
 * that are gone by now; holes lie in random places. */
static void two_nodes_that_differ_at_random_end_up_the_same(void **state)
{
    struct hsy_prng prng;

    (void)state;
    for (uint64_t round = 0; round < 40; round++) {
        hsy_prng_init(&prng, round);
        relay_rig_begin(&rig);
        relay_rig_init(&other);
        other.given.id = core_id('n', 0);
        relay_rig_start(&other);
        for (uint32_t i = 0; i < ORIGINS * NUMBERS; i++) {
            uint64_t who = hsy_prng_below(&prng, 12);
            if (who != 0) {
                hear_at(&rig, i % ORIGINS, 1 + i / ORIGINS);
            }
            if (who != 1) {
                hear_at(&other, i % ORIGINS, 1 + i / ORIGINS);
            }
        }
        (void)relay_rig_link(&rig, 4, 2);
        (void)relay_rig_link(&other, 4, 2);
        run_both(60000);
        for (uint32_t number = 0; number < ORIGINS; number++) {
            CLAIM_INT(relay_rig_origin(&rig, number)->done, NUMBERS);
            CLAIM_INT(relay_rig_origin(&other, number)->done, NUMBERS);
        }
        CLAIM_INT(rig.ports.deliveries_count, ORIGINS * NUMBERS);
        CLAIM_INT(other.ports.deliveries_count, ORIGINS * NUMBERS);
        CLAIM_INT(relay_rig_counters(&rig)->lost, 0);
        CLAIM_INT(rig.core.repair.rumours, 0);
        relay_rig_fini(&other);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_dialled_begins_with_all_hashes),
        cmocka_unit_test(equal_hashes_are_answered_by_nothing),
        cmocka_unit_test(marks_of_differing_buckets_answer_and_ask),
        cmocka_unit_test(marks_that_ask_are_answered_by_marks_that_do_not),
        cmocka_unit_test(of_what_is_kept_no_more_the_mark_is_empty),
        cmocka_unit_test(
            what_a_wrong_clock_covers_is_told_when_it_is_right_again),
        cmocka_unit_test(what_only_a_wrong_clock_dated_is_not_told),
        cmocka_unit_test(many_marks_go_in_several_frames_the_last_is_complete),
        cmocka_unit_test(what_is_offered_and_missing_is_pulled_at_once),
        cmocka_unit_test(an_offer_of_what_is_being_pulled_waits_for_its_turn),
        cmocka_unit_test(what_is_there_or_muted_is_not_pulled),
        cmocka_unit_test(
            sixteen_spans_are_in_one_pull_and_the_rest_in_the_next),
        cmocka_unit_test(eight_pulls_are_open_at_a_time),
        cmocka_unit_test(a_rumour_that_comes_to_nothing_is_forgotten),
        cmocka_unit_test(a_link_takes_its_rumours_with_it),
        cmocka_unit_test(there_are_1024_rumours_at_most),
        cmocka_unit_test(an_offer_that_needs_no_pull_any_more_is_forgotten),
        cmocka_unit_test(an_own_past_life_is_noted_and_not_delivered),
        cmocka_unit_test(two_nodes_that_differ_at_random_end_up_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
