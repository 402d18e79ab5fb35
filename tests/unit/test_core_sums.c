/* The sums of all that nodes have, and when they are compared. */
#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

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

static void ponged(hearsay_link link)
{
    hsy_repair_ponged(&rig.core.repair, relay_rig_neighbour(&rig, link));
}

static void the_sum_goes_with_a_pong_and_is_of_idle_origins(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    ponged(6);
    CLAIM_INT(sent(6, HSY_DIGEST), 0); /* There is nothing to tell. */
    relay_rig_pass(&rig, HSY_SECOND);
    hear(1, 1);
    relay_rig_pass(&rig, HSY_ORIGIN_IDLE_NS - 1);
    ponged(6);
    CLAIM_INT(sent(6, HSY_DIGEST), 0);
    relay_rig_pass(&rig, HSY_SECOND); /* A sum serves for a second. */
    ponged(6);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    CLAIM_INT(last_digest(6).kind, HSY_DIGEST_SUM);
    CLAIM(last_digest(6).sum == hsy_origin_hash(relay_rig_origin(&rig, 1)));
    end();
}

static void what_is_too_old_is_in_no_sum(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(1, 1);
    relay_rig_pass(&rig, rig.core.env.config.retain_ns);
    ponged(6);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    relay_rig_pass(&rig, HSY_SECOND);
    ponged(6);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    end();
}

static void say_sum(hearsay_link link, uint64_t sum)
{
    struct hsy_frame frame = {.type = HSY_DIGEST};

    frame.digest = (struct hsy_digest){.kind = HSY_DIGEST_SUM, .sum = sum};
    relay_rig_frame(&rig, link, &frame);
}

static void a_sum_that_differs_begins_an_exchange(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(1, 1);
    relay_rig_pass(&rig, 40 * HSY_SECOND);
    uint64_t sum = hsy_origin_hash(relay_rig_origin(&rig, 1));
    say_sum(4, sum);
    CLAIM_INT(sent(4, HSY_DIGEST), 0);
    say_sum(4, sum + 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    CLAIM_INT(last_digest(4).kind, HSY_DIGEST_HASHES);
    CLAIM(last_digest(4).idle_only);
    end();
}

static void a_link_has_one_exchange_in_13_s_and_not_twice_in_a_row(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_pass(&rig, 60 * HSY_SECOND);
    say_sum(4, 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    relay_rig_pass(&rig, HSY_EXCHANGE_NS);
    say_sum(4, 2); /* The other one's turn. */
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    say_sum(6, 1);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 2);
    relay_rig_pass(&rig, HSY_EXCHANGE_NS - 1);
    say_sum(6, 2);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    relay_rig_pass(&rig, 1);
    say_sum(6, 2);
    CLAIM_INT(sent(6, HSY_DIGEST), 2);
    end();
}

static void an_only_neighbour_may_be_the_last_partner(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    relay_rig_pass(&rig, HSY_EXCHANGE_NS);
    say_sum(4, 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    relay_rig_pass(&rig, HSY_EXCHANGE_NS);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 2);
    end();
}

/* As does one whose origins are all of a clock that was wrong. */
static void
who_waits_for_one_that_says_no_sum_asks_the_last_partner_again(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_pass(&rig, 60 * HSY_SECOND);
    say_sum(4, 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    relay_rig_pass(&rig, 2 * HSY_EXCHANGE_NS - 1);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    relay_rig_pass(&rig, 1);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 2);
    CLAIM_INT(sent(6, HSY_DIGEST), 0);
    end();
}

/* An exchange of the sums 0 and 1 has not helped. */
static void begin_same(void)
{
    relay_rig_begin_with(&rig, 1);
    relay_rig_pass(&rig, 60 * HSY_SECOND);
    say_sum(4, 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
}

static void the_same_two_sums_are_compared_again_after_52_s(void **state)
{
    (void)state;
    begin_same();
    for (uint32_t i = 1; i <= 3; i++) { /* However often. */
        relay_rig_pass(&rig, 4 * HSY_EXCHANGE_NS - 1);
        say_sum(4, 1);
        CLAIM_INT(sent(4, HSY_DIGEST), i);
        relay_rig_pass(&rig, 1);
        say_sum(4, 1);
        CLAIM_INT(sent(4, HSY_DIGEST), i + 1);
    }
    end();
}

static void sums_of_which_one_has_changed_are_compared_after_13_s(void **state)
{
    (void)state;
    begin_same(); /* Theirs. */
    relay_rig_pass(&rig, HSY_EXCHANGE_NS - 1);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    relay_rig_pass(&rig, 1);
    say_sum(4, 2);
    CLAIM_INT(sent(4, HSY_DIGEST), 2);
    relay_rig_pass(&rig, HSY_EXCHANGE_NS);
    say_sum(4, 1); /* Only the last two count. */
    CLAIM_INT(sent(4, HSY_DIGEST), 3);
    end();
    begin_same(); /* Our own. */
    hear(1, 1);
    relay_rig_pass(&rig, HSY_ORIGIN_IDLE_NS + HSY_SECOND);
    relay_rig_forget(&rig);
    CLAIM(HSY_ORIGIN_IDLE_NS + HSY_SECOND < 4 * HSY_EXCHANGE_NS);
    say_sum(4, 1);
    CLAIM_INT(sent(4, HSY_DIGEST), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_goes_with_a_pong_and_is_of_idle_origins),
        cmocka_unit_test(what_is_too_old_is_in_no_sum),
        cmocka_unit_test(a_sum_that_differs_begins_an_exchange),
        cmocka_unit_test(
            a_link_has_one_exchange_in_13_s_and_not_twice_in_a_row),
        cmocka_unit_test(an_only_neighbour_may_be_the_last_partner),
        cmocka_unit_test(
            who_waits_for_one_that_says_no_sum_asks_the_last_partner_again),
        cmocka_unit_test(the_same_two_sums_are_compared_again_after_52_s),
        cmocka_unit_test(sums_of_which_one_has_changed_are_compared_after_13_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
