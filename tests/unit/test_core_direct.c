/* Direct messages at one node: which way they go, what is acknowledged, and
 * what the sender is told. */
#include <string.h>

#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/relay_rig.h"

static struct relay_rig rig;
static uint8_t big[HEARSAY_DIRECT_MAX];

/* Links 4, 6, 8, 10; the first two are eager. */
static void start(void)
{
    relay_rig_start(&rig);
    for (hearsay_link link = 4; link <= 10; link += 2) {
        (void)relay_rig_link(&rig, link, 2);
        relay_rig_eager(&rig, link, link <= 6);
    }
    relay_rig_forget(&rig);
}

static int begin(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    start();
    return 0;
}

static int end(void **state)
{
    (void)state;
    relay_rig_fini(&rig);
    return 0;
}

static const struct hsy_counters *counters(void)
{
    return relay_rig_counters(&rig);
}

/* DIRECTs sent over @link; 0: over all. */
static uint32_t sent(hearsay_link link)
{
    return relay_rig_sent(&rig, link, HSY_DIRECT);
}

static uint32_t told(enum hearsay_effect_kind kind)
{
    return core_ports_told(&rig.ports, kind);
}

static enum hearsay_outcome outcome(void)
{
    const struct core_told *last =
        core_ports_told_last(&rig.ports, HEARSAY_FX_RECEIPT);

    HSY_ASSERT(last != NULL);
    return last->outcome;
}

static int wish(struct hearsay_id to, uint64_t timeout_ns, uint32_t len)
{
    struct hsy_direct_wish w = {.timeout_ns = timeout_ns};

    w.direct.kind = HSY_DIRECT_MESSAGE;
    w.direct.to = to;
    w.direct.topic = (const uint8_t *)"";
    w.direct.payload = big;
    w.direct.payload_len = len;
    return hsy_core_send(&rig.core, &w, NULL);
}

/* To o<number>, signed, for 5 s. */
static void send_to(uint32_t number)
{
    CLAIM_INT(wish(core_id('o', number), 5 * HSY_SECOND, 2), 0);
    CLAIM(relay_rig_sign(&rig));
}

/* One of o<number>, to @to. */
static struct hsy_frame direct_of(uint32_t number, struct hearsay_id to,
                                  uint64_t count)
{
    struct hsy_epoch of = relay_rig_epoch(number);
    struct hsy_frame frame = {.type = HSY_DIRECT};
    struct hsy_direct *d = &frame.direct.direct;

    frame.direct.hops_left = 20;
    d->kind = HSY_DIRECT_MESSAGE;
    d->origin = of.origin;
    d->incarnation = of.incarnation;
    d->nonce = of.nonce;
    d->number = count;
    d->to = to;
    d->wall_ms = rig.core.env.now.wall_ms;
    d->topic = (const uint8_t *)"t";
    d->topic_len = 1;
    d->payload = (const uint8_t *)"hi";
    d->payload_len = 2;
    return frame;
}

/* From o<number>: that our @count came. */
static struct hsy_frame receipt_of(uint32_t number, uint64_t count)
{
    struct hsy_frame frame = direct_of(number, rig.core.env.id, 1);
    struct hsy_direct *d = &frame.direct.direct;

    d->kind = HSY_DIRECT_RECEIPT;
    d->number = 0;
    d->topic_len = 0;
    d->payload_len = 0;
    d->about_incarnation = 5;
    d->about_nonce = 77;
    d->about_number = count;
    return frame;
}

/* False: it was not worth the check. */
static bool hear(hearsay_link link, const struct hsy_frame *frame)
{
    if (!hsy_core_wants(&rig.core, link, frame)) {
        return false;
    }
    relay_rig_frame(&rig, link, frame);
    return true;
}

/* --------------------------------------------------------------------- ways */

static void without_a_way_it_is_spread_over_the_eager_links(void **state)
{
    (void)state;
    send_to(1);
    CLAIM_INT(sent(4), 1);
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(sent(0), 2);
    CLAIM_INT(counters()->directs_spread, 2);
    struct hsy_frame frame = relay_rig_last(&rig, 4, HSY_DIRECT);
    CLAIM_INT(frame.direct.hops_left, HSY_DIRECT_HOPS_MAX);
    CLAIM_INT(frame.direct.attempt, 0);
}

static void the_link_that_brought_a_bundle_first_is_the_way(void **state)
{
    (void)state;
    struct hsy_bundle bundle = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &bundle, 0));
    CLAIM(!relay_rig_hear(&rig, 4, &bundle, 0));
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(sent(0), 1);
    CLAIM_INT(counters()->directs_spread, 0);
}

static void a_copy_beside_the_tree_teaches_no_way(void **state)
{
    (void)state;
    struct hsy_bundle bundle = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &bundle, HSY_FLAG_EXTRA));
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(0), 2);
}

static void a_direct_message_teaches_the_way_back(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    CLAIM(hear(8, &frame));
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(0), 1);
}

static void a_receipt_teaches_the_way_so_only_the_first_is_spread(void **state)
{
    (void)state;
    send_to(1);
    struct hsy_frame receipt = receipt_of(1, 1);
    CLAIM(hear(10, &receipt));
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(10), 1);
    CLAIM_INT(sent(0), 1);
}

static void a_way_over_a_lost_link_is_none(void **state)
{
    (void)state;
    CLAIM(relay_rig_hear_one(&rig, 10, 1, 1));
    relay_rig_unlink(&rig, 10);
    relay_rig_run(&rig, 6000); /* Flooding is over. */
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(10), 0);
    CLAIM(sent(0) >= 2);
}

static void a_neighbour_is_its_own_way(void **state)
{
    (void)state;
    CLAIM_INT(wish(core_id('p', 8), 5 * HSY_SECOND, 2), 0);
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(0), 1);
}

static void nothing_goes_over_a_link_of_version_1(void **state)
{
    (void)state;
    (void)relay_rig_link(&rig, 12, 1);
    relay_rig_forget(&rig);
    CLAIM_INT(wish(core_id('p', 12), 5 * HSY_SECOND, 2), 0);
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(sent(12), 0);
    CLAIM_INT(sent(0), 2);
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    CLAIM(hsy_core_wants(&rig.core, 12, &frame));
    CLAIM(!hsy_core_frame(&rig.core, 12, &frame));
}

static void the_oldest_way_goes_when_there_are_too_many(void **state)
{
    (void)state;
    struct hsy_ways *ways = &rig.core.directs.ways;
    for (uint32_t i = 0; i < HSY_WAYS_MAX; i++) {
        struct hearsay_id id = core_id('w', i);
        hsy_ways_learn(ways, &id, 6);
    }
    struct hearsay_id first = core_id('w', 0);
    struct hearsay_id second = core_id('w', 1);
    CLAIM(hsy_ways_find(ways, &first) != NULL);
    struct hearsay_id more = core_id('x', 0);
    hsy_ways_learn(ways, &more, 6);
    CLAIM(hsy_ways_find(ways, &first) == NULL);
    CLAIM(hsy_ways_find(ways, &second) != NULL);
    CLAIM(hsy_ways_find(ways, &more) != NULL);
}

/* --------------------------------------------------------------- forwarding */

static void it_is_passed_on_along_the_way_with_a_hop_less(void **state)
{
    (void)state;
    CLAIM(relay_rig_hear_one(&rig, 8, 2, 1));
    relay_rig_forget(&rig);
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    CLAIM(hear(4, &frame));
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(0), 1);
    struct hsy_frame on = relay_rig_last(&rig, 8, HSY_DIRECT);
    CLAIM_INT(on.direct.hops_left, 19);
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 0);
}

static void it_never_goes_back_over_its_link(void **state)
{
    (void)state;
    CLAIM(relay_rig_hear_one(&rig, 4, 2, 1));
    relay_rig_forget(&rig);
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    CLAIM(hear(4, &frame));
    CLAIM_INT(sent(4), 0);
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(sent(0), 1);
}

static void without_a_hop_left_it_ends(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    frame.direct.hops_left = 0;
    CLAIM(!hear(4, &frame));
    CLAIM_INT(counters()->directs_stray, 1);
    frame.direct.hops_left = 1;
    CLAIM(hear(4, &frame));
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_DIRECT).direct.hops_left, 0);
    struct hsy_frame last = direct_of(1, rig.core.env.id, 2);
    last.direct.hops_left = 0;
    CLAIM(hear(4, &last)); /* It has arrived. */
}

static void a_circle_ends_where_it_was_before(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    CLAIM(hear(4, &frame));
    frame.direct.hops_left--;
    CLAIM(!hear(6, &frame));
    CLAIM_INT(counters()->directs_duplicate, 1);
    frame.direct.attempt = 1;
    CLAIM(hear(6, &frame));
}

static void an_own_one_that_comes_back_is_dropped(void **state)
{
    (void)state;
    send_to(1);
    struct hsy_frame frame = relay_rig_last(&rig, 4, HSY_DIRECT);
    CLAIM(!hear(6, &frame));
    CLAIM_INT(counters()->directs_duplicate, 1);
}

static void a_retry_is_spread_though_there_is_a_way(void **state)
{
    (void)state;
    CLAIM(relay_rig_hear_one(&rig, 8, 2, 1));
    relay_rig_forget(&rig);
    struct hsy_frame frame = direct_of(1, core_id('o', 2), 1);
    frame.direct.attempt = 1;
    CLAIM(hear(4, &frame));
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(sent(0), 1); /* The eager ones but its own. */
    frame.direct.attempt = 2;
    CLAIM(hear(4, &frame));
    CLAIM_INT(sent(6), 2);
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(10), 1);
    CLAIM_INT(sent(4), 0);
}

static void a_link_has_a_quota(void **state)
{
    (void)state;
    uint32_t cost = HSY_DIRECT_COST + HEARSAY_DIRECT_MAX;
    uint32_t most = HSY_DIRECT_QUOTA / cost;
    for (uint32_t i = 0; i <= most; i++) {
        struct hsy_frame frame = direct_of(1, core_id('o', 2), 1 + i);
        frame.direct.direct.topic_len = 0;
        frame.direct.direct.payload = big;
        frame.direct.direct.payload_len = sizeof(big);
        CLAIM(hear(4, &frame) == (i < most));
        if (i == most) {
            CLAIM_INT(counters()->directs_dropped, 1);
            CLAIM(hear(6, &frame)); /* Each link has its own. */
            relay_rig_pass(&rig, 100 * HSY_MS);
            frame.direct.attempt = 1;
            CLAIM(hear(4, &frame)); /* A tenth of it is back. */
        }
    }
}

static void it_counts_for_ten_minutes_either_way(void **state)
{
    (void)state;
    const uint64_t window_ms = HSY_BUNDLE_WINDOW_MS;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 1);
    uint64_t now_ms = frame.direct.direct.wall_ms;
    frame.direct.direct.wall_ms = now_ms - window_ms - 1;
    CLAIM(!hear(4, &frame));
    frame.direct.direct.wall_ms = now_ms + window_ms + 1;
    CLAIM(!hear(4, &frame));
    CLAIM_INT(counters()->directs_expired, 2);
    frame.direct.direct.wall_ms = now_ms - window_ms;
    CLAIM(hear(4, &frame));
}

/* ------------------------------------------------------------------ arrival */

static void it_is_delivered_and_acknowledged_the_way_it_came(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
    CLAIM(hear(8, &frame));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
    CLAIM_INT(core_ports_told_last(&rig.ports, HEARSAY_FX_DELIVER)->number, 3);
    CLAIM_INT(sent(0), 0); /* The receipt is being signed. */
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(0), 1);
    struct hsy_frame receipt = relay_rig_last(&rig, 8, HSY_DIRECT);
    CLAIM_INT(receipt.direct.direct.kind, HSY_DIRECT_RECEIPT);
    CLAIM_INT(receipt.direct.direct.about_number, 3);
    CLAIM_INT(receipt.direct.direct.about_nonce, 9);
    CLAIM_BYTES(&receipt.direct.direct.to, &frame.direct.direct.origin, 32);
}

static void a_retry_is_acknowledged_again_and_not_delivered_again(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
    CLAIM(hear(8, &frame));
    CLAIM(relay_rig_sign(&rig));
    CLAIM(!hear(6, &frame)); /* A copy of the same attempt. */
    frame.direct.attempt = 1;
    CLAIM(hear(6, &frame));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
    CLAIM(!relay_rig_sign(&rig)); /* The receipt was signed before. */
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_DIRECT).direct.attempt, 1);
    CLAIM_INT(counters()->directs_again, 1);
}

static void a_replay_is_known_when_its_id_is_forgotten(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
    CLAIM(hear(8, &frame));
    for (uint32_t i = 0; i < HSY_DIRECT_SEEN_MAX; i++) {
        struct hsy_frame other = direct_of(2, core_id('o', 3), 1 + i);
        relay_rig_pass(&rig, HSY_MS);
        CLAIM(hear(6, &other));
    }
    relay_rig_forget(&rig);
    CLAIM(hear(8, &frame));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
    CLAIM_INT(counters()->directs_again, 1);
}

static void
what_finds_no_memory_is_not_acknowledged_and_may_come_again(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
    rig.ports.tells_nothing = true;
    CLAIM(hear(8, &frame));
    CLAIM(!relay_rig_sign(&rig));
    CLAIM_INT(counters()->directs_dropped, 1);
    rig.ports.tells_nothing = false;
    frame.direct.attempt = 1;
    CLAIM(hear(8, &frame));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
    CLAIM(relay_rig_sign(&rig));
}

static void without_a_job_the_receipt_waits_for_the_retry(void **state)
{
    (void)state;
    struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
    rig.ports.no_room = true;
    CLAIM(hear(8, &frame));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
    rig.ports.no_room = false;
    CLAIM(!relay_rig_sign(&rig));
    frame.direct.attempt = 1;
    CLAIM(hear(8, &frame));
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(told(HEARSAY_FX_DELIVER), 1);
}

/* ------------------------------------------------------------------ outcome */

static void a_receipt_of_the_target_tells_that_it_is_delivered(void **state)
{
    (void)state;
    send_to(1);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 0);
    struct hsy_frame receipt = receipt_of(1, 1);
    CLAIM(hear(4, &receipt));
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1);
    CLAIM_INT(outcome(), HEARSAY_OUTCOME_DELIVERED);
    receipt.direct.attempt = 1;
    CLAIM(hear(6, &receipt));
    relay_rig_run(&rig, 6000);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1);
    CLAIM_INT(counters()->directs_delivered, 1);
}

static void a_receipt_that_the_target_has_not_signed_is_nothing(void **state)
{
    (void)state;
    send_to(1);
    struct hsy_frame forged = receipt_of(2, 1); /* o2 signs for o1. */
    CLAIM(hear(4, &forged));
    struct hsy_frame other = receipt_of(1, 2); /* No such number. */
    CLAIM(hear(4, &other));
    struct hsy_frame old = receipt_of(1, 1); /* Of another life of ours. */
    old.direct.direct.about_nonce++;
    CLAIM(hear(4, &old));
    old = receipt_of(1, 1);
    old.direct.direct.about_incarnation++;
    CLAIM(hear(4, &old));
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 0);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(outcome(), HEARSAY_OUTCOME_NO_ANSWER);
}

static void without_a_word_the_deadline_tells(void **state)
{
    (void)state;
    send_to(1);
    relay_rig_run(&rig, 4999);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 0);
    relay_rig_run(&rig, 1);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1);
    CLAIM_INT(outcome(), HEARSAY_OUTCOME_NO_ANSWER);
    CLAIM_INT(counters()->directs_unanswered, 1);
    struct hsy_frame late = receipt_of(1, 1);
    CLAIM(hear(4, &late));
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1);
}

static void
it_is_tried_again_after_half_a_second_and_twice_as_long(void **state)
{
    (void)state;
    CLAIM(relay_rig_hear_one(&rig, 8, 1, 1));
    relay_rig_forget(&rig);
    send_to(1);
    CLAIM_INT(sent(8), 1);
    CLAIM_INT(sent(0), 1);
    relay_rig_run(&rig, 499);
    CLAIM_INT(sent(0), 1);
    relay_rig_run(&rig, 1);
    CLAIM_INT(sent(4), 1); /* Spread, over the eager ones ... */
    CLAIM_INT(sent(6), 1);
    CLAIM_INT(sent(0), 3);
    relay_rig_run(&rig, 999);
    CLAIM_INT(sent(0), 3);
    relay_rig_run(&rig, 1);
    CLAIM_INT(sent(0), 7); /* ... and then over all. */
    relay_rig_run(&rig, 2000);
    CLAIM_INT(sent(0), 11);
    CLAIM_INT(counters()->directs_retried, 3);
    relay_rig_run(&rig, 10000);
    CLAIM_INT(sent(0), 11);
}

static void the_outcome_is_told_once_there_is_memory_for_it(void **state)
{
    (void)state;
    send_to(1);
    rig.ports.tells_nothing = true;
    struct hsy_frame receipt = receipt_of(1, 1);
    CLAIM(hear(4, &receipt));
    relay_rig_run(&rig, 7000);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 0);
    rig.ports.tells_nothing = false;
    relay_rig_run(&rig, 10);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1);
    CLAIM_INT(outcome(), HEARSAY_OUTCOME_DELIVERED);
}

static void who_stops_tells_what_is_not_known(void **state)
{
    (void)state;
    send_to(1);
    send_to(2);
    rig.core.phase = HSY_PHASE_STOPPED;
    rig.ports.tells_nothing = true;
    CLAIM(!hsy_core_give_up(&rig.core));
    rig.ports.tells_nothing = false;
    CLAIM(hsy_core_give_up(&rig.core));
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 2);
    CLAIM_INT(outcome(), HEARSAY_OUTCOME_STOPPED);
    CLAIM(hsy_core_give_up(&rig.core));
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 2);
}

/* ------------------------------------------------------------------- bounds */

static void sixty_four_are_open_at_a_time(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < HSY_DIRECT_OPEN_MAX; i++) {
        send_to(1);
    }
    CLAIM_INT(wish(core_id('o', 1), HSY_SECOND, 2), HEARSAY_ERR_AGAIN);
    CLAIM(!relay_rig_sign(&rig)); /* Nothing was taken. */
    struct hsy_frame receipt = receipt_of(1, 9);
    CLAIM(hear(4, &receipt));
    send_to(1);
}

static void no_number_is_open_256_behind_the_last_one(void **state)
{
    (void)state;
    CLAIM_INT(wish(core_id('o', 2), 60 * HSY_SECOND, 2), 0);
    CLAIM(relay_rig_sign(&rig));
    for (uint64_t i = 2; i <= HSY_ONCE_SPAN; i++) {
        send_to(1);
        struct hsy_frame receipt = receipt_of(1, i);
        CLAIM(hear(4, &receipt));
    }
    CLAIM_INT(wish(core_id('o', 1), HSY_SECOND, 2), HEARSAY_ERR_AGAIN);
    struct hsy_frame receipt = receipt_of(2, 1);
    CLAIM(hear(4, &receipt));
    send_to(1);
}

static void what_cannot_be_sent_is_refused(void **state)
{
    (void)state;
    struct hearsay_id o1 = core_id('o', 1);
    CLAIM_INT(wish(rig.core.env.id, HSY_SECOND, 2), HEARSAY_ERR_INVALID);
    CLAIM_INT(wish(o1, 0, 2), HEARSAY_ERR_INVALID);
    CLAIM_INT(wish(o1, 60 * HSY_SECOND + 1, 2), HEARSAY_ERR_INVALID);
    CLAIM_INT(wish(o1, HSY_SECOND, HEARSAY_DIRECT_MAX + 1),
              HEARSAY_ERR_TOO_BIG);
    rig.ports.no_room = true;
    CLAIM_INT(wish(o1, HSY_SECOND, 2), HEARSAY_ERR_AGAIN);
    rig.ports.no_room = false;
    rig.core.env.joined_ns = HEARSAY_NEVER;
    CLAIM_INT(wish(o1, HSY_SECOND, 2), HEARSAY_ERR_STATE);
    rig.core.env.joined_ns = 1;
    rig.core.phase = HSY_PHASE_LEAVING;
    CLAIM_INT(wish(o1, HSY_SECOND, 2), HEARSAY_ERR_STATE);
    rig.core.phase = HSY_PHASE_RUNNING;
    CLAIM_INT(counters()->directs_sent, 0);
    CLAIM_INT(rig.core.directs.last_number, 0);
    send_to(1); /* No number was used up. */
    CLAIM_INT(rig.core.directs.last_number, 1);
}

/* Whichever allocation fails: what was taken has its one outcome, and what was
 * told to be delivered here came once. */
static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        relay_rig_init(&rig);
        rig.given.mem = mem;
        start();
        fault.fails_at = fault.calls + at;
        int err = wish(core_id('o', 1), HSY_SECOND, 2);
        if (err == 0) {
            (void)relay_rig_sign(&rig);
        }
        struct hsy_frame frame = direct_of(1, rig.core.env.id, 3);
        if (hsy_core_wants(&rig.core, 4, &frame)) {
            relay_rig_frame(&rig, 4, &frame);
        }
        frame.direct.attempt = 1;
        if (hsy_core_wants(&rig.core, 4, &frame)) {
            relay_rig_frame(&rig, 4, &frame);
        }
        bool over = fault.calls < fault.fails_at;
        fault.fails_at = MEM_FAULT_NEVER;
        CLAIM(told(HEARSAY_FX_DELIVER) <= 1);
        relay_rig_run(&rig, 2000);
        CLAIM_INT(told(HEARSAY_FX_RECEIPT), err == 0 ? 1 : 0);
        relay_rig_fini(&rig);
        CLAIM_INT(fault.live, 0);
        if (over) {
            return;
        }
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_way_it_is_spread_over_the_eager_links),
        CASE(the_link_that_brought_a_bundle_first_is_the_way),
        CASE(a_copy_beside_the_tree_teaches_no_way),
        CASE(a_direct_message_teaches_the_way_back),
        CASE(a_receipt_teaches_the_way_so_only_the_first_is_spread),
        CASE(a_way_over_a_lost_link_is_none),
        CASE(a_neighbour_is_its_own_way),
        CASE(nothing_goes_over_a_link_of_version_1),
        CASE(the_oldest_way_goes_when_there_are_too_many),
        CASE(it_is_passed_on_along_the_way_with_a_hop_less),
        CASE(it_never_goes_back_over_its_link),
        CASE(without_a_hop_left_it_ends),
        CASE(a_circle_ends_where_it_was_before),
        CASE(an_own_one_that_comes_back_is_dropped),
        CASE(a_retry_is_spread_though_there_is_a_way),
        CASE(a_link_has_a_quota),
        CASE(it_counts_for_ten_minutes_either_way),
        CASE(it_is_delivered_and_acknowledged_the_way_it_came),
        CASE(a_retry_is_acknowledged_again_and_not_delivered_again),
        CASE(a_replay_is_known_when_its_id_is_forgotten),
        CASE(what_finds_no_memory_is_not_acknowledged_and_may_come_again),
        CASE(without_a_job_the_receipt_waits_for_the_retry),
        CASE(a_receipt_of_the_target_tells_that_it_is_delivered),
        CASE(a_receipt_that_the_target_has_not_signed_is_nothing),
        CASE(without_a_word_the_deadline_tells),
        CASE(it_is_tried_again_after_half_a_second_and_twice_as_long),
        CASE(the_outcome_is_told_once_there_is_memory_for_it),
        CASE(who_stops_tells_what_is_not_known),
        CASE(sixty_four_are_open_at_a_time),
        CASE(no_number_is_open_256_behind_the_last_one),
        CASE(what_cannot_be_sent_is_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
