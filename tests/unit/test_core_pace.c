/* How much is asked of whom, and who is told nothing unasked: what keeps a slow
 * line free for pings. */
#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;
static uint64_t brought; /* Of o1, over link 6. */

static void end(void)
{
    relay_rig_fini(&rig);
    brought = 0;
}

static uint32_t sent(hearsay_link link, enum hsy_frame_type type)
{
    return relay_rig_sent(&rig, link, type);
}

/* Link 6 has so many of o1. */
static void offer(uint64_t to)
{
    static uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_frame frame = {.type = HSY_DIGEST};
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_span mark = {.of = relay_rig_epoch(1), .from = 1, .to = to};

    frame.digest.kind = HSY_DIGEST_MARKS;
    frame.digest.marks.bytes = bytes;
    hsy_spans_add(&list, &frame.digest.marks, &mark);
    relay_rig_frame(&rig, 6, &frame);
}

/* The open PULL brings one bundle, and there is more. */
static void answered_after(uint64_t wait_ns)
{
    struct hsy_frame frame = {.type = HSY_GONE};
    struct hsy_frame asked = relay_rig_last(&rig, 6, HSY_PULL);

    relay_rig_pass(&rig, wait_ns);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, ++brought, 1);
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    frame.gone.nonce = asked.pull.nonce;
    frame.gone.how = HSY_GONE_MORE;
    relay_rig_frame(&rig, 6, &frame);
}

static uint32_t credit(void)
{
    return relay_rig_last(&rig, 6, HSY_PULL).pull.credit;
}

static void
who_is_quick_is_asked_for_more_and_who_is_late_for_less(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    offer(1000);
    CLAIM_INT(credit(), HSY_PULL_CREDIT_FIRST);
    CLAIM_INT(rig.core.repair.at_once, 1);
    answered_after(HSY_PULL_QUICK_NS);
    CLAIM_INT(credit(), 2 * HSY_PULL_CREDIT_FIRST);
    CLAIM_INT(rig.core.repair.at_once, 2);
    answered_after(HSY_PULL_LATE_NS); /* Neither. */
    CLAIM_INT(credit(), 2 * HSY_PULL_CREDIT_FIRST);
    CLAIM_INT(rig.core.repair.at_once, 2);
    for (uint32_t i = 0; i < 8; i++) {
        answered_after(0);
    }
    CLAIM_INT(credit(), HSY_PULL_CREDIT);
    CLAIM_INT(rig.core.repair.at_once, HSY_PULLS_MAX);
    answered_after(HSY_PULL_LATE_NS + 1);
    CLAIM_INT(credit(), HSY_PULL_CREDIT / 2);
    CLAIM_INT(rig.core.repair.at_once, HSY_PULLS_MAX / 2);
    for (uint32_t i = 0; i < 8; i++) {
        answered_after(HSY_PULL_LATE_NS + 1);
    }
    CLAIM_INT(credit(), HSY_PULL_CREDIT_MIN);
    CLAIM_INT(rig.core.repair.at_once, 1);
    CLAIM_INT(rig.core.repair.first_credit, HSY_PULL_CREDIT_MIN);
    answered_after(HSY_PULL_QUICK_NS);
    CLAIM_INT(rig.core.repair.first_credit, HSY_PULL_CREDIT_FIRST);
    end();
}

static void a_new_link_is_asked_for_little_while_the_line_is_slow(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    rig.core.repair.first_credit = HSY_PULL_CREDIT_MIN;
    offer(1000);
    CLAIM_INT(credit(), HSY_PULL_CREDIT_MIN);
    answered_after(HSY_PULL_QUICK_NS);
    CLAIM_INT(credit(), 2 * HSY_PULL_CREDIT_MIN);
    end();
}

/* ------------------------------------------------------------------- held */

static void who_was_slow_is_told_digests_and_sent_no_bundles(void **state)
{
    struct hsy_neighbour *n;

    (void)state;
    relay_rig_begin_with(&rig, 3); /* 8 is lazy: ids are announced. */
    n = relay_rig_neighbour(&rig, 6);
    n->held_until_ns = rig.core.env.now.mono_ns + 60 * HSY_SECOND;
    hsy_repair_link_up(&rig.core.repair, n);
    relay_rig_forget(&rig);
    relay_rig_graft(&rig, 6, NULL, true);
    CLAIM(!n->eager);
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
    relay_rig_run_ns(&rig, HSY_HELD_DIGEST_NS - HSY_SECOND);
    CLAIM_INT(sent(6, HSY_BUNDLE) + sent(6, HSY_IHAVE), 0);
    CLAIM_INT(sent(6, HSY_DIGEST), 0);
    relay_rig_run_ns(&rig, HSY_SECOND);
    CLAIM_INT(sent(6, HSY_DIGEST), 1);
    relay_rig_run_ns(&rig, 60 * HSY_SECOND);
    CLAIM_INT(sent(6, HSY_DIGEST), 6);
    CLAIM_INT(n->held_until_ns, 0);
    CLAIM(relay_rig_hear_one(&rig, 4, 1, 2));
    relay_rig_run_ns(&rig, HSY_SECOND);
    CLAIM_INT(sent(6, HSY_BUNDLE) + sent(6, HSY_IHAVE), 1);
    end();
}

/* It could not ask, or never become eager again. */
static void who_cannot_be_lazy_is_not_held(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2; round++) {
        relay_rig_init(&rig);
        rig.given.config.relay =
            round == 0 ? HEARSAY_RELAY_TREE : HEARSAY_RELAY_FLOOD;
        relay_rig_start(&rig);
        (void)relay_rig_link(&rig, 4, 2);
        struct hsy_neighbour *n = relay_rig_link(&rig, 6, round == 0 ? 1 : 2);
        n->held_until_ns = rig.core.env.now.mono_ns + 60 * HSY_SECOND;
        hsy_relay_link_up(relay_rig_relay(&rig), n);
        CLAIM_INT(n->held_until_ns, 0);
        CLAIM(n->eager);
        relay_rig_forget(&rig);
        CLAIM(relay_rig_hear_one(&rig, 4, 1, 1));
        CLAIM_INT(sent(6, HSY_BUNDLE), 1);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            who_is_quick_is_asked_for_more_and_who_is_late_for_less),
        cmocka_unit_test(a_new_link_is_asked_for_little_while_the_line_is_slow),
        cmocka_unit_test(who_was_slow_is_told_digests_and_sent_no_bundles),
        cmocka_unit_test(who_cannot_be_lazy_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
