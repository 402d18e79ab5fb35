/* Gaps: whom they are asked of, how they close; and the answers to PULL. */
#include "support/pull_rig.h"

/* As repair.c has them. */
#define AGAIN_NS (200 * HSY_MS)
#define ROUND_NS (2 * HSY_SECOND)

static void end(void)
{
    relay_rig_fini(&rig);
}

static uint32_t pulls(hearsay_link link)
{
    return relay_rig_sent(&rig, link, HSY_PULL);
}

/* o1's message @seq in answer to a PULL. */
static bool answer(hearsay_link link, uint64_t seq)
{
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);

    return relay_rig_hear(&rig, link, &b, HSY_FLAG_EXTRA);
}

static void hear(uint64_t seq)
{
    CLAIM(relay_rig_hear_one(&rig, 4, 1, seq));
}

static const struct hsy_origin *origin(void)
{
    return relay_rig_origin(&rig, 1);
}

static uint64_t lost(void)
{
    return relay_rig_counters(&rig)->lost;
}

/* Of 1 to 7, 3 to 5 are missing, and link 4 has been asked for them. */
static void begin_gap(uint32_t links)
{
    relay_rig_begin_with(&rig, links);
    for (uint64_t seq = 1; seq <= 7; seq++) {
        if (seq < 3 || seq > 5) {
            hear(seq);
        }
    }
    relay_rig_run_ns(&rig, HSY_GAP_NS);
    CLAIM_INT(pulls(4), 1);
}

/* ------------------------------------------------------------------ asking */

static void a_gap_is_left_to_the_tree_for_2_s_and_then_pulled(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(1);
    hear(4);
    relay_rig_run_ns(&rig, HSY_GAP_NS - 1);
    CLAIM_INT(pulls(0), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(pulls(4), 1);
    CLAIM_INT(pulls(0), 1);
    struct hsy_frame frame = relay_rig_last(&rig, 4, HSY_PULL);
    CLAIM_INT(frame.pull.credit, HSY_PULL_CREDIT_FIRST);
    CLAIM_INT(frame.pull.spans.count, 1);
    CLAIM(is_span(pulled(4, 0), 1, 2, 3));
    end();
}

static void what_the_tree_closes_is_not_pulled(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(1);
    hear(3);
    relay_rig_run(&rig, 1999);
    hear(2);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(pulls(0), 0);
    end();
}

static void all_gaps_of_an_origin_are_in_one_pull(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(2);
    hear(5);
    hear(9);
    relay_rig_run_ns(&rig, HSY_GAP_NS);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_PULL).pull.spans.count, 3);
    CLAIM(is_span(pulled(4, 0), 1, 1, 1));
    CLAIM(is_span(pulled(4, 1), 1, 3, 4));
    CLAIM(is_span(pulled(4, 2), 1, 6, 8));
    end();
}

static void what_was_pulled_is_delivered_and_not_passed_on(void **state)
{
    (void)state;
    begin_gap(3);
    relay_rig_forget(&rig);
    relay_rig_eager(&rig, 6, true);
    for (uint64_t seq = 3; seq <= 5; seq++) {
        struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
        CLAIM(hsy_repair_expects(&rig.core.repair, 4, &b));
        CLAIM(!hsy_repair_expects(&rig.core.repair, 6, &b));
        CLAIM(answer(4, seq));
    }
    CLAIM_INT(rig.ports.deliveries_count, 7);
    CLAIM_INT(relay_rig_counters(&rig)->repaired, 3);
    CLAIM_INT(origin()->done, 7);
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_BUNDLE), 0);
    end();
}

static void after_a_pull_the_others_are_told_at_once_what_changed(void **state)
{
    (void)state;
    begin_gap(3);
    CLAIM(answer(4, 3));
    gone_span(4, 1, 0, HSY_GONE_DONE);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_DIGEST), 0); /* It knows. */
    struct hsy_frame frame = relay_rig_last(&rig, 8, HSY_DIGEST);
    CLAIM_INT(frame.digest.kind, HSY_DIGEST_MARKS);
    CLAIM(!frame.digest.ask);
    CLAIM_INT(frame.digest.buckets, 0);
    CLAIM_INT(frame.digest.marks.count, 1);
    CLAIM(is_span(hsy_spans_at(&frame.digest.marks, 0), 1, 1, 7));
    CLAIM(!origin()->changed);
    end();
}

static void a_pull_goes_on_until_its_bundles_are_checked(void **state)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE, .flags = HSY_FLAG_EXTRA};

    (void)state;
    begin_gap(2);
    frame.bundle.hops = 1;
    frame.bundle.bundle = relay_rig_bundle(&rig, 1, 3, 3);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    gone_span(4, 1, 0, HSY_GONE_DONE);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) != NULL);
    relay_rig_frame(&rig, 4, &frame);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) == NULL);
    CLAIM_INT(origin()->done, 7);
    end();
}

static void more_is_asked_of_who_had_something(void **state)
{
    (void)state;
    begin_gap(2);
    CLAIM(answer(4, 3));
    gone_span(4, 1, 0, HSY_GONE_MORE);
    CLAIM_INT(pulls(4), 2);
    CLAIM(is_span(pulled(4, 0), 1, 4, 5));
    gone_span(4, 1, 0, HSY_GONE_MORE); /* But nothing came. */
    CLAIM_INT(pulls(4), 2);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(pulls(6), 1);
    end();
}

static void a_pull_is_given_up_5_s_after_the_last_bundle_of_it(void **state)
{
    (void)state;
    begin_gap(2);
    relay_rig_run_ns(&rig, HSY_PULL_NS - 1);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) != NULL);
    CLAIM(answer(4, 3));
    relay_rig_run_ns(&rig, HSY_PULL_NS - 1);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) != NULL);
    CLAIM_INT(pulls(6), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) == NULL);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(pulls(6), 1);
    gone_span(4, 3, 5, HSY_GONE_DONE); /* Too late: it means nothing. */
    gone_span(6, 4, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 0);
    end();
}

/* The line of the first one may be stuck. */
static void a_new_link_with_the_same_waits_2_s_and_not_5(void **state)
{
    (void)state;
    begin_gap(1);
    CLAIM_INT(pulls(4), 1);
    relay_rig_run_ns(&rig, HSY_SECOND);
    (void)relay_rig_link(&rig, 6, 2);
    offer(6, 1, 1, 7);
    CLAIM_INT(pulls(6), 0);
    CLAIM(answer(4, 3)); /* It is not stuck. */
    relay_rig_run_ns(&rig, HSY_PULL_LATE_NS - 1);
    CLAIM_INT(pulls(6), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) == NULL);
    CLAIM_INT(pulls(6), 1);
    CLAIM(is_span(pulled(6, 0), 1, 4, 5));
    offer(4, 1, 1, 7); /* It had its chance. */
    relay_rig_run_ns(&rig, HSY_PULL_NS - 1);
    CLAIM(hsy_pull_of(&rig.core.repair, 6) != NULL);
    CLAIM_INT(pulls(0), 2);
    (void)relay_rig_link(&rig, 8, 2);
    offer(8, 1, 1, 7); /* New, and 6 is late already. */
    relay_rig_run_ns(&rig, 0);
    CLAIM_INT(pulls(8), 1);
    end();
}

static void each_origin_is_pulled_from_one_link_at_a_time(void **state)
{
    (void)state;
    begin_gap(3);
    rig.core.repair.at_once = HSY_PULLS_MAX;
    relay_rig_run_ns(&rig, HSY_PULL_NS - HSY_SECOND);
    CLAIM_INT(pulls(0), 1);
    CLAIM(relay_rig_hear_one(&rig, 6, 2, 2)); /* Another origin's gap ... */
    relay_rig_run_ns(&rig, HSY_SECOND - 1);
    CLAIM_INT(pulls(0), 1); /* ... is young. */
    CLAIM(answer(4, 3));
    relay_rig_run_ns(&rig, HSY_SECOND + 1);
    CLAIM_INT(pulls(0), 1); /* 4 has its hands full, and is to be asked. */
    gone_span(4, 1, 0, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(pulls(4), 2);
    CLAIM(is_span(pulled(4, 0), 2, 1, 1));
    CLAIM_INT(pulls(6), 1);
    CLAIM(is_span(pulled(6, 0), 1, 4, 5));
    end();
}

static void a_lost_link_ends_its_pull_and_the_next_is_asked(void **state)
{
    (void)state;
    begin_gap(2);
    relay_rig_unlink(&rig, 4);
    CLAIM(hsy_pull_of(&rig.core.repair, 4) == NULL);
    CLAIM_INT(origin()->pulling, 0);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(pulls(6), 1);
    end();
}

/* -------------------------------------------------------------------- lost */

static void what_all_neighbours_say_is_gone_is_lost_and_told(void **state)
{
    (void)state;
    begin_gap(3);
    gone_span(4, 3, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS - 1);
    CLAIM_INT(pulls(6), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(pulls(6), 1);
    gone_span(6, 3, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 0);
    gone_span(8, 3, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 3);
    const struct core_note *note = core_ports_note(&rig.ports, "lost");
    struct hsy_epoch of = relay_rig_epoch(1);
    CLAIM(note != NULL);
    CLAIM_BYTES(note->id.bytes, of.origin.bytes, HEARSAY_ID_LEN);
    CLAIM_INT(note->from, 3);
    CLAIM_INT(note->to, 5);
    CLAIM_INT(origin()->done, 7);
    CLAIM(!answer(4, 4) || rig.ports.deliveries_count == 4);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(pulls(0), 3); /* And never asked for again. */
    end();
}

static void only_what_none_of_them_has_is_lost(void **state)
{
    (void)state;
    begin_gap(2);
    gone_span(4, 3, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    gone_span(6, 3, 4, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 2);
    CLAIM_INT(core_ports_note(&rig.ports, "lost")->to, 4);
    CLAIM_INT(origin()->done, 4);
    end();
}

static void a_neighbour_that_says_nothing_keeps_the_gap_open(void **state)
{
    (void)state;
    begin_gap(2);
    gone_span(4, 3, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    gone_span(6, 1, 0, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 0);
    /* The next round, two seconds later. */
    relay_rig_run_ns(&rig, ROUND_NS - 1);
    CLAIM_INT(pulls(0), 2);
    relay_rig_run_ns(&rig, AGAIN_NS + 1);
    CLAIM_INT(pulls(4), 2);
    end();
}

/* Its turn to be asked had not come: all hands are full. */
static void nor_is_a_neighbour_heard_that_was_lost_before_its_turn(void **state)
{
    struct hsy_span mark = {.of = relay_rig_epoch(2), .from = 1, .to = 9};
    struct hsy_repair *repair = &rig.core.repair;

    (void)state;
    begin_gap(2);
    gone_span(4, 3, 5, HSY_GONE_DONE);
    struct hsy_neighbour *n = relay_rig_neighbour(&rig, 4);
    CLAIM(hsy_pull_offered(repair, n, &mark));
    hsy_pull_from(repair, n);
    CLAIM_INT(pulls(4), 2);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(origin()->asked, 6);
    CLAIM_INT(pulls(6), 0);
    relay_rig_unlink(&rig, 6);
    relay_rig_run_ns(&rig, 2 * AGAIN_NS);
    CLAIM_INT(lost(), 0);
    CLAIM_INT(origin()->done, 2);
    end();
}

static void gone_must_begin_where_the_gap_does(void **state)
{
    (void)state;
    begin_gap(1);
    gone_span(4, 4, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 0);
    end();
}

static void what_comes_in_the_middle_of_a_round_shortens_the_gap(void **state)
{
    (void)state;
    begin_gap(2);
    gone_span(4, 3, 3, HSY_GONE_DONE);
    hear(3);
    hear(4); /* Beyond what the first one said. */
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM(is_span(pulled(6, 0), 1, 5, 5));
    gone_span(6, 5, 5, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 0); /* The first one has not said so of 5. */
    CLAIM_INT(origin()->done, 4);
    end();
}

static void a_gap_is_given_up_when_nobody_can_have_it_any_more(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    rig.core.env.config.retain_ns = 60 * HSY_SECOND;
    hear(1);
    hear(3);
    for (uint32_t i = 0; i < 59; i++) {
        relay_rig_run(&rig, 1000);
    }
    relay_rig_run_ns(&rig, HSY_SECOND - 1);
    CLAIM_INT(lost(), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(lost(), 1);
    CLAIM_INT(origin()->done, 3);
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 1);
    end();
}

static void without_neighbours_nothing_is_lost_before_that(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    hear(1);
    hear(3);
    relay_rig_unlink(&rig, 4);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(lost(), 0);
    end();
}

/* ------------------------------------------------------------- in our time */

static void a_gap_in_our_time_is_pulled_though_we_joined_just_now(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.joined_ns = rig.given.now.mono_ns;
    relay_rig_start(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    hear(3);
    relay_rig_run_ns(&rig, HSY_GAP_NS);
    CLAIM_INT(pulls(4), 1);
    CLAIM(is_span(pulled(4, 0), 1, 1, 2));
    gone_span(4, 1, 2, HSY_GONE_DONE);
    relay_rig_run_ns(&rig, AGAIN_NS);
    CLAIM_INT(lost(), 2);
    end();
}

/* ---------------------------------------------------------------- answers */

static void pull(hearsay_link link, uint32_t credit, uint32_t number,
                 uint64_t from, uint64_t to)
{
    struct hsy_frame frame = {.type = HSY_PULL};
    struct hsy_span span = {
        .of = relay_rig_epoch(number), .from = from, .to = to};
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));

    frame.pull.nonce = 55;
    frame.pull.credit = credit;
    frame.pull.spans.bytes = bytes;
    hsy_spans_add(&list, &frame.pull.spans, &span);
    relay_rig_frame(&rig, link, &frame);
}

static struct hsy_frame last_gone(hearsay_link link)
{
    struct hsy_frame frame = relay_rig_last(&rig, link, HSY_GONE);

    CLAIM_INT(frame.gone.nonce, 55);
    return frame;
}

static void what_is_kept_is_sent_and_then_gone_ends_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        hear(seq);
    }
    relay_rig_forget(&rig);
    pull(6, HSY_PULL_CREDIT, 1, 2, 4);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 3);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_BUNDLE);
    CLAIM_INT(frame.flags, HSY_FLAG_EXTRA);
    CLAIM_INT(frame.bundle.bundle.first_seq, 4);
    CLAIM_INT(frame.bundle.hops, 2);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_DONE);
    CLAIM_INT(last_gone(6).gone.spans.count, 0);
    CLAIM_INT(relay_rig_counters(&rig)->pulls_in, 1);
    CLAIM_INT(relay_rig_counters(&rig)->bundles_pulled, 3);
    end();
}

static void what_is_kept_no_more_is_said_to_be_gone(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.retain_max = 2;
    relay_rig_start(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        hear(seq);
    }
    pull(4, HSY_PULL_CREDIT, 1, 2, 9);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 2);
    struct hsy_frame frame = last_gone(4);
    CLAIM_INT(frame.gone.spans.count, 1);
    /* Of 6 to 9 it knows nothing. */
    CLAIM(is_span(hsy_spans_at(&frame.gone.spans, 0), 1, 2, 3));
    end();
}

/* By its clock nobody takes them any more. Nothing is sent; and nothing is
 * called gone until they have been here for as long. */
static void a_clock_that_is_wrong_makes_nothing_gone(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.retain_ns = 60 * HSY_MINUTE;
    relay_rig_start(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        hear(seq);
    }
    rig.core.env.now.wall_ms += 11 * 60 * 1000;
    rig.given.now.wall_ms += 11 * 60 * 1000;
    hear(5); /* Of now. */
    pull(4, HSY_PULL_CREDIT, 1, 1, 5);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 1);
    CLAIM_INT(last_gone(4).gone.spans.count, 0);
    relay_rig_pass(&rig, 10 * HSY_MINUTE);
    pull(4, HSY_PULL_CREDIT, 1, 1, 3);
    struct hsy_frame frame = last_gone(4);
    CLAIM_INT(frame.gone.spans.count, 1);
    CLAIM(is_span(hsy_spans_at(&frame.gone.spans, 0), 1, 1, 3));
    end();
}

static void of_its_own_open_gap_a_node_says_nothing(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(1);
    hear(4);
    pull(6, HSY_PULL_CREDIT, 1, 2, 3);
    CLAIM_INT(last_gone(6).gone.spans.count, 0);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 0);
    pull(6, HSY_PULL_CREDIT, 2, 1, 9); /* An origin that it does not know. */
    CLAIM_INT(last_gone(6).gone.spans.count, 0);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_DONE);
    end();
}

static void as_many_bytes_are_sent_as_there_is_credit(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        hear(seq);
    }
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    uint32_t each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
    relay_rig_forget(&rig);
    pull(6, 3 * each - 1, 1, 1, 5);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 2);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_MORE);
    pull(6, 3 * each, 1, 1, 3);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 5);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_DONE);
    pull(6, 0, 1, 1, 5); /* One at least, or nothing would ever move. */
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 6);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_MORE);
    end();
}

static void for_no_credit_more_than_128_kib_are_sent(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint64_t i = 0; i < 1000; i++) {
        struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1 + 64 * i, 64);
        CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    }
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 64);
    uint32_t each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
    relay_rig_forget(&rig);
    pull(6, UINT32_MAX, 1, 1, 64000);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), HSY_PULL_ANSWER_MAX / each);
    CLAIM_INT(last_gone(6).gone.how, HSY_GONE_MORE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_is_left_to_the_tree_for_2_s_and_then_pulled),
        cmocka_unit_test(what_the_tree_closes_is_not_pulled),
        cmocka_unit_test(all_gaps_of_an_origin_are_in_one_pull),
        cmocka_unit_test(what_was_pulled_is_delivered_and_not_passed_on),
        cmocka_unit_test(after_a_pull_the_others_are_told_at_once_what_changed),
        cmocka_unit_test(a_pull_goes_on_until_its_bundles_are_checked),
        cmocka_unit_test(more_is_asked_of_who_had_something),
        cmocka_unit_test(a_pull_is_given_up_5_s_after_the_last_bundle_of_it),
        cmocka_unit_test(a_new_link_with_the_same_waits_2_s_and_not_5),
        cmocka_unit_test(each_origin_is_pulled_from_one_link_at_a_time),
        cmocka_unit_test(a_lost_link_ends_its_pull_and_the_next_is_asked),
        cmocka_unit_test(what_all_neighbours_say_is_gone_is_lost_and_told),
        cmocka_unit_test(only_what_none_of_them_has_is_lost),
        cmocka_unit_test(a_neighbour_that_says_nothing_keeps_the_gap_open),
        cmocka_unit_test(
            nor_is_a_neighbour_heard_that_was_lost_before_its_turn),
        cmocka_unit_test(gone_must_begin_where_the_gap_does),
        cmocka_unit_test(what_comes_in_the_middle_of_a_round_shortens_the_gap),
        cmocka_unit_test(a_gap_is_given_up_when_nobody_can_have_it_any_more),
        cmocka_unit_test(without_neighbours_nothing_is_lost_before_that),
        cmocka_unit_test(a_gap_in_our_time_is_pulled_though_we_joined_just_now),
        cmocka_unit_test(what_is_kept_is_sent_and_then_gone_ends_it),
        cmocka_unit_test(what_is_kept_no_more_is_said_to_be_gone),
        cmocka_unit_test(a_clock_that_is_wrong_makes_nothing_gone),
        cmocka_unit_test(of_its_own_open_gap_a_node_says_nothing),
        cmocka_unit_test(as_many_bytes_are_sent_as_there_is_credit),
        cmocka_unit_test(for_no_credit_more_than_128_kib_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
