/* What becomes of a bundle that comes: check, claim, delivery; and what of an
 * origin that contradicts itself. */
#include <string.h>

#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

/* Links 4, 6, 8; the first two are eager. */
static void start(void)
{
    relay_rig_start(&rig);
    for (hearsay_link link = 4; link <= 8; link += 2) {
        (void)relay_rig_link(&rig, link, 2);
        relay_rig_eager(&rig, link, link <= 6);
    }
    relay_rig_forget(&rig);
}

static void begin(void)
{
    relay_rig_init(&rig);
    start();
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static uint32_t delivered(void)
{
    return rig.ports.deliveries_count;
}

static struct hsy_frame frame_of(const struct hsy_bundle *bundle)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};

    frame.bundle.hops = 1;
    frame.bundle.bundle = *bundle;
    return frame;
}

/* Another bundle of @number with these numbers. */
static struct hsy_bundle other_of(uint32_t number, uint64_t seq, uint16_t count)
{
    struct hsy_bundle other = relay_rig_bundle(&rig, number, seq, count);

    other.wall_ms++;
    return other;
}

/* --------------------------------------------------------------- delivery */

static void
each_message_of_a_bundle_is_delivered_once_and_in_order(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 5, 3);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    CLAIM(!relay_rig_hear(&rig, 6, &b, 0));
    CLAIM_INT(delivered(), 3);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM_INT(rig.ports.deliveries[i].seq, 5 + i);
        CLAIM_INT(rig.ports.deliveries[i].epoch, 1);
    }
    CLAIM_INT(relay_rig_counters(&rig)->bundles_in, 2);
    CLAIM_INT(relay_rig_counters(&rig)->bundles_duplicate, 1);
    end();
}

static void
numbers_that_a_crowd_of_gaps_forgot_are_not_delivered_again(void **state)
{
    (void)state;
    begin();
    for (uint64_t i = 1; i <= HSY_GAPS_MAX + 1; i++) {
        CLAIM(relay_rig_hear_one(&rig, 4, 1, 10 * i));
    }
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 10, 1);
    struct hsy_span span = {.of = relay_rig_epoch(1), .from = 10, .to = 10};
    struct hsy_origins *origins = &relay_rig_relay(&rig)->origins;
    CLAIM_INT(hsy_origins_look(origins, &span), HSY_CLAIMED_NEW);
    /* It is pulled again, and so its number is known again. */
    CLAIM(!relay_rig_hear(&rig, 4, &b, HSY_FLAG_EXTRA));
    CLAIM_INT(hsy_origins_look(origins, &span), HSY_CLAIMED_BEFORE);
    CLAIM_INT(delivered(), HSY_GAPS_MAX + 1);
    end();
}

static void a_bundle_of_an_own_past_life_is_no_news(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    b.origin = rig.core.env.id;
    CLAIM(!relay_rig_hear(&rig, 4, &b, 0));
    CLAIM_INT(relay_rig_counters(&rig)->bundles_duplicate, 1);
    CLAIM_INT(relay_rig_relay(&rig)->checking.count, 0);
    end();
}

static void as_many_checks_go_on_as_there_are_jobs(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.jobs_max = 16;
    start();
    for (uint64_t seq = 1; seq <= 16; seq++) {
        struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
        struct hsy_frame frame = frame_of(&b);
        CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    }
    CLAIM(!relay_rig_hear_one(&rig, 4, 1, 17));
    CLAIM_INT(relay_rig_counters(&rig)->bundles_dropped, 1);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    struct hsy_frame frame = frame_of(&b);
    relay_rig_frame(&rig, 4, &frame);
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 17)); /* Another copy. */
    CLAIM_INT(delivered(), 2);
    end();
}

static void one_origin_too_many_is_counted_and_not_delivered(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.origins_max = 16;
    start();
    for (uint32_t number = 1; number <= 17; number++) {
        (void)relay_rig_hear_one(&rig, 4, number, 1);
    }
    CLAIM_INT(delivered(), 16);
    CLAIM_INT(relay_rig_counters(&rig)->bundles_dropped, 1);
    end();
}

static void how_long_a_check_takes_is_learnt(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 50; seq++) {
        struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
        struct hsy_frame frame = frame_of(&b);
        CLAIM(hsy_core_wants(&rig.core, 4, &frame));
        relay_rig_pass(&rig, 8 * HSY_MS);
        relay_rig_frame(&rig, 4, &frame);
    }
    CLAIM(relay_rig_relay(&rig)->check_ns > 7 * HSY_MS);
    CLAIM(relay_rig_relay(&rig)->check_ns <= 8 * HSY_MS);
    end();
}

/* ---------------------------------------------------------------- forgery */

static void a_forged_copy_neither_censors_nor_claims(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle forged = relay_rig_bundle(&rig, 1, 1, 1);
    forged.sig.bytes[0] ^= 1;
    struct hsy_frame frame = frame_of(&forged);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 1)); /* The true one, meanwhile. */
    hsy_core_refused(&rig.core, 4, &frame);
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(relay_rig_counters(&rig)->equivocations, 0);
    forged.first_seq = 2;
    frame = frame_of(&forged);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    hsy_core_refused(&rig.core, 4, &frame);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 1);
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 2));
    CLAIM_INT(delivered(), 2);
    /* It is not remembered either: it may be checked again. */
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    hsy_core_refused(&rig.core, 4, &frame);
    CLAIM_INT(relay_rig_relay(&rig)->checking.count, 0);
    end();
}

/* ----------------------------------------------------------- equivocation */

static void two_messages_with_one_number_mute_their_origin(void **state)
{
    (void)state;
    begin();
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    relay_rig_forget(&rig);
    struct hsy_bundle other = other_of(1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &other, 0));
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(relay_rig_counters(&rig)->equivocations, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "equivocation"), 1);
    CLAIM_BYTES(core_ports_note(&rig.ports, "equivocation")->id.bytes,
                other.origin.bytes, HEARSAY_ID_LEN);
    CLAIM(relay_rig_origin(&rig, 1)->muted);
    /* Nothing more of it is even checked; another life of it is. */
    CLAIM(!relay_rig_hear_one(&rig, 4, 1, 2));
    CLAIM_INT(relay_rig_counters(&rig)->bundles_muted, 1);
    struct hsy_bundle reborn = relay_rig_bundle(&rig, 1, 1, 1);
    reborn.epoch_nonce++;
    CLAIM(relay_rig_hear(&rig, 4, &reborn, 0));
    CLAIM_INT(delivered(), 2);
    end();
}

static void the_proof_is_passed_on_once_to_all(void **state)
{
    (void)state;
    begin();
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    relay_rig_forget(&rig);
    struct hsy_bundle other = other_of(1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &other, 0));
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 1);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_BUNDLE), 0);
    CLAIM_INT(relay_rig_sent(&rig, 8, HSY_BUNDLE), 1); /* Lazy, too. */
    struct hsy_frame told = relay_rig_last(&rig, 8, HSY_BUNDLE);
    CLAIM_INT(told.flags, HSY_FLAG_EXTRA);
    CLAIM(told.bundle.bundle.wall_ms == other.wall_ms);
    CLAIM(!relay_rig_hear(&rig, 8, &other, 0));
    struct hsy_bundle third = other;
    third.wall_ms++;
    CLAIM(!relay_rig_hear(&rig, 4, &third, 0)); /* It is muted. */
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_BUNDLE), 2);
    CLAIM_INT(relay_rig_counters(&rig)->equivocations, 1);
    end();
}

static void
numbers_that_overlap_in_part_are_a_contradiction_as_well(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 3);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    struct hsy_bundle other = relay_rig_bundle(&rig, 1, 3, 2);
    CLAIM(relay_rig_hear(&rig, 4, &other, 0));
    CLAIM(relay_rig_origin(&rig, 1)->muted);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 3);
    CLAIM_INT(delivered(), 3);
    end();
}

static void a_third_in_check_meanwhile_is_told_no_more(void **state)
{
    (void)state;
    begin();
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    struct hsy_bundle second = other_of(1, 1, 1);
    struct hsy_bundle third = second;
    third.wall_ms++;
    struct hsy_frame frame = frame_of(&third);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    CLAIM(relay_rig_hear(&rig, 6, &second, 0));
    relay_rig_frame(&rig, 4, &frame);
    CLAIM_INT(relay_rig_counters(&rig)->equivocations, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "equivocation"), 1);
    end();
}

static void without_the_first_one_nothing_is_proved(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.retain_max = 1;
    start();
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 2)); /* The first one is dropped. */
    struct hsy_bundle other = other_of(1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &other, 0));
    CLAIM(!relay_rig_origin(&rig, 1)->muted);
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(relay_rig_counters(&rig)->bundles_duplicate, 1);
    end();
}

/* -------------------------------------------------------------- version 1 */

static void a_new_link_of_version_1_gets_what_is_15_s_old_at_most(void **state)
{
    (void)state;
    begin();
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    relay_rig_pass(&rig, 1);
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 2));
    relay_rig_pass(&rig, 15 * HSY_SECOND);
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 3));
    (void)relay_rig_link(&rig, 10, 1);
    CLAIM_INT(relay_rig_sent(&rig, 10, HSY_BUNDLE), 2);
    struct hsy_frame frame = relay_rig_last(&rig, 10, HSY_BUNDLE);
    CLAIM_INT(frame.bundle.bundle.first_seq, 3);
    CLAIM_INT(frame.bundle.hops, 2);
    CLAIM_INT(frame.flags, 0);
    end();
}

static void it_gets_64_of_them_at_most(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 65; seq++) {
        CLAIM(relay_rig_hear_one(&rig, 4, 1, seq));
    }
    (void)relay_rig_link(&rig, 10, 1);
    CLAIM_INT(relay_rig_sent(&rig, 10, HSY_BUNDLE), 64);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            each_message_of_a_bundle_is_delivered_once_and_in_order),
        cmocka_unit_test(
            numbers_that_a_crowd_of_gaps_forgot_are_not_delivered_again),
        cmocka_unit_test(a_bundle_of_an_own_past_life_is_no_news),
        cmocka_unit_test(as_many_checks_go_on_as_there_are_jobs),
        cmocka_unit_test(one_origin_too_many_is_counted_and_not_delivered),
        cmocka_unit_test(how_long_a_check_takes_is_learnt),
        cmocka_unit_test(a_forged_copy_neither_censors_nor_claims),
        cmocka_unit_test(two_messages_with_one_number_mute_their_origin),
        cmocka_unit_test(the_proof_is_passed_on_once_to_all),
        cmocka_unit_test(
            numbers_that_overlap_in_part_are_a_contradiction_as_well),
        cmocka_unit_test(a_third_in_check_meanwhile_is_told_no_more),
        cmocka_unit_test(without_the_first_one_nothing_is_proved),
        cmocka_unit_test(a_new_link_of_version_1_gets_what_is_15_s_old_at_most),
        cmocka_unit_test(it_gets_64_of_them_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
