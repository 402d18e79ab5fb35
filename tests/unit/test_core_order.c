/* Delivery in order, and which topics are delivered. */
#include <stdio.h>
#include <string.h>

#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

#define WAIT_NS (60 * HSY_SECOND)

/* With so many links; what is missing is waited for a minute. */
static void begin(uint32_t links)
{
    relay_rig_init(&rig);
    rig.given.config.ordered_wait_ns = WAIT_NS;
    relay_rig_start(&rig);
    relay_rig_links(&rig, links);
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static bool hear_of(uint32_t number, uint64_t seq)
{
    return relay_rig_hear_one(&rig, 4, number, seq);
}

static void hear(uint64_t seq)
{
    CLAIM(hear_of(1, seq));
}

/* Said a minute ago, and pulled. */
static void hear_old(uint64_t seq)
{
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);

    b.wall_ms -= 60000;
    hsy_pull_from(&rig.core.repair, relay_rig_neighbour(&rig, 4));
    CLAIM(relay_rig_hear(&rig, 4, &b, HSY_FLAG_EXTRA));
}

static uint32_t delivered(void)
{
    return rig.ports.deliveries_count;
}

/* The delivery at @index: number, and what is missing before it. */
static void claim_at(uint32_t index, uint64_t seq, uint64_t missing)
{
    CLAIM(index < delivered());
    CLAIM_INT(rig.ports.deliveries[index].seq, seq);
    CLAIM_INT(rig.ports.deliveries[index].missing, missing);
}

static const struct hsy_order *order(void)
{
    return &relay_rig_relay(&rig)->delivery.order;
}

/* o1's @seq is claimed and taken, and nothing else is done with it. */
static void take_claimed(uint64_t seq)
{
    struct hsy_relay *relay = relay_rig_relay(&rig);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
    struct hsy_span span = {.of = relay_rig_epoch(1), .from = seq, .to = seq};

    CLAIM_INT(hsy_origins_claim(&relay->origins, NULL, &span), HSY_CLAIMED_NEW);
    hsy_delivery_turn(&relay->delivery,
                      &(struct hsy_turn){.bundle = &b, .hops = 1});
}

/* ------------------------------------------------------------------ order */

static void without_a_gap_nothing_waits(void **state)
{
    (void)state;
    begin(1);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        hear(seq);
        CLAIM_INT(delivered(), seq);
        claim_at((uint32_t)seq - 1, seq, 0);
    }
    CLAIM_INT(order()->count, 0);
    end();
}

static void what_is_behind_a_gap_waits_until_it_closes(void **state)
{
    (void)state;
    begin(1);
    hear(1);
    hear(3);
    hear(5);
    hear(4);
    CLAIM_INT(delivered(), 1);
    CLAIM_INT(order()->count, 3);
    hear(2);
    CLAIM_INT(delivered(), 5);
    for (uint32_t i = 0; i < 5; i++) {
        claim_at(i, i + 1, 0);
    }
    CLAIM_INT(order()->count, 0);
    CLAIM_INT(order()->bytes, 0);
    end();
}

static void not_asked_for_it_comes_as_it_comes(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    hear(1);
    hear(3);
    hear(2);
    CLAIM_INT(delivered(), 3);
    claim_at(1, 3, 0);
    claim_at(2, 2, 0);
    end();
}

static void one_origin_does_not_wait_for_another(void **state)
{
    (void)state;
    begin(1);
    hear(1);
    hear(3);
    CLAIM(hear_of(2, 1));
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(order()->count, 1);
    end();
}

static void after_its_time_it_goes_and_says_what_is_missing(void **state)
{
    (void)state;
    begin(0); /* Nobody to ask: repair gives nothing up before retain_ns. */
    (void)relay_rig_link(&rig, 5, 1);
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 1));
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 4));
    relay_rig_run_ns(&rig, HSY_SECOND);
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 5));
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 8));
    CLAIM_INT(relay_rig_deadline(&rig) <= rig.core.env.now.mono_ns + WAIT_NS,
              true);
    relay_rig_run_ns(&rig, WAIT_NS - HSY_SECOND - 1);
    CLAIM_INT(delivered(), 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(delivered(), 3); /* 5 is next then; 8 waits a second more. */
    claim_at(1, 4, 2);
    claim_at(2, 5, 0);
    relay_rig_run_ns(&rig, HSY_SECOND);
    CLAIM_INT(delivered(), 4);
    claim_at(3, 8, 2);
    end();
}

static void what_comes_later_than_that_is_late_and_told(void **state)
{
    (void)state;
    begin(0);
    (void)relay_rig_link(&rig, 5, 1);
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 1));
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 4));
    relay_rig_run_ns(&rig, WAIT_NS);
    CLAIM_INT(delivered(), 2);
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 2));
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(relay_rig_counters(&rig)->late, 1);
    const struct core_note *note = core_ports_note(&rig.ports, "late");
    CLAIM(note != NULL);
    CLAIM_INT(note->from, 2);
    CLAIM_INT(note->to, 2);
    /* It is claimed, kept and passed on as any other. */
    struct hsy_epoch of = relay_rig_epoch(1);
    struct hsy_span span = {.of = of, .from = 2, .to = 2};
    CLAIM_INT(hsy_origins_look(&relay_rig_relay(&rig)->origins, &span),
              HSY_CLAIMED_BEFORE);
    end();
}

static void what_is_given_up_is_waited_for_no_more(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.ordered_wait_ns = 10 * HSY_MINUTE;
    rig.given.config.retain_ns = 20 * HSY_SECOND;
    relay_rig_start(&rig);
    (void)relay_rig_link(&rig, 5, 1);
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 1));
    CLAIM(relay_rig_hear_one(&rig, 5, 1, 4));
    relay_rig_run_ns(&rig, 20 * HSY_SECOND - 1);
    CLAIM_INT(delivered(), 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(core_ports_noted(&rig.ports, "lost"), 1);
    CLAIM_INT(delivered(), 2);
    claim_at(1, 4, 2);
    end();
}

static void a_bundle_of_many_waits_and_goes_as_one(void **state)
{
    (void)state;
    begin(1);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 4, 3);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    CLAIM_INT(delivered(), 0);
    b = relay_rig_bundle(&rig, 1, 1, 3);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    CLAIM_INT(delivered(), 6);
    for (uint32_t i = 0; i < 6; i++) {
        claim_at(i, i + 1, 0);
    }
    end();
}

/* DIGEST over link 4: it has o1's numbers from @from to @to. */
static void told(uint64_t from, uint64_t to)
{
    struct hsy_span mark = {.of = relay_rig_epoch(1), .from = from, .to = to};

    (void)hsy_pull_offered(&rig.core.repair, relay_rig_neighbour(&rig, 4),
                           &mark);
}

static void a_late_joiner_waits_for_what_there_is_and_no_more(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.ordered_wait_ns = WAIT_NS;
    rig.given.joined_ns = rig.given.now.mono_ns;
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    hear(33);
    CLAIM_INT(delivered(), 0);
    told(30, 33);
    hear(31);
    CLAIM_INT(delivered(), 0);
    hear(30);
    CLAIM_INT(delivered(), 2);
    claim_at(0, 30, 0);
    claim_at(1, 31, 0);
    hear(32);
    CLAIM_INT(delivered(), 4);
    end();
}

static void of_history_that_is_not_wanted_nothing_is_missing(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.ordered_wait_ns = WAIT_NS;
    rig.given.config.history = 2;
    rig.given.joined_ns = rig.given.now.mono_ns;
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    told(10, 33);
    hear(34);
    CLAIM_INT(delivered(), 0);
    hear_old(32);
    CLAIM_INT(delivered(), 1);
    claim_at(0, 32, 0);
    hear_old(33);
    CLAIM_INT(delivered(), 3);
    claim_at(2, 34, 0);
    end();
}

static void without_history_the_first_is_the_one_after_it(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.ordered_wait_ns = WAIT_NS;
    rig.given.config.history = 0;
    rig.given.joined_ns = rig.given.now.mono_ns;
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    hear(35);
    told(10, 33);
    CLAIM_INT(delivered(), 0); /* 34 was said in our time. */
    hear(34);
    CLAIM_INT(delivered(), 0); /* Was 33? */
    hear_old(33);
    CLAIM_INT(delivered(), 2);
    claim_at(0, 34, 0);
    claim_at(1, 35, 0);
    end();
}

/* ------------------------------------------------------------------ bounds */

static void when_there_are_too_many_the_oldest_gap_is_skipped(void **state)
{
    (void)state;
    begin(1);
    rig.core.env.config.retain_max = 100000;
    rig.core.env.config.retain_bytes = 64 << 20;
    CLAIM(hear_of(2, 1));
    CLAIM(hear_of(2, 3));
    hear(1);
    for (uint64_t seq = 3; seq < 2 + HSY_HELD_MAX; seq++) {
        hear(seq);
    }
    CLAIM_INT(order()->count, HSY_HELD_MAX);
    CLAIM_INT(delivered(), 2);
    CLAIM_INT(relay_rig_counters(&rig)->hurried, 0);
    hear(2 + HSY_HELD_MAX);
    CLAIM_INT(order()->count, HSY_HELD_MAX);
    CLAIM_INT(relay_rig_counters(&rig)->hurried, 1);
    CLAIM_INT(delivered(), 3);
    CLAIM_INT(rig.ports.deliveries[2].origin.bytes[2], 2);
    claim_at(2, 3, 1);
    hear(2); /* Nothing of the other one is lost. */
    CLAIM_INT(delivered(), 4 + HSY_HELD_MAX);
    end();
}

static void bytes_that_wait_are_bounded_too(void **state)
{
    (void)state;
    begin(1);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 3, 1);
    uint64_t each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
    rig.core.env.config.retain_bytes = HSY_HELD_PARTS * 3 * each;
    hear(1);
    hear(3);
    hear(5);
    hear(7);
    CLAIM_INT(order()->bytes, 3 * each);
    CLAIM_INT(delivered(), 1);
    hear(9);
    CLAIM_INT(order()->bytes, 3 * each);
    CLAIM_INT(delivered(), 2);
    claim_at(1, 3, 1);
    end();
}

/* The one that is oldest is behind the one that comes. */
static void what_finds_no_room_before_its_origins_oldest_goes(void **state)
{
    (void)state;
    begin(1);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 3, 1);
    uint64_t each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
    rig.core.env.config.retain_bytes = HSY_HELD_PARTS * 2 * each;
    hear(1);
    hear(9);
    hear(7);
    hear(5);
    CLAIM_INT(delivered(), 2);
    claim_at(1, 5, 3);
    CLAIM_INT(order()->count, 2);
    hear(6);
    CLAIM_INT(delivered(), 4);
    claim_at(3, 7, 0);
    end();
}

static void without_memory_nothing_waits_and_the_order_holds(void **state)
{
    (void)state;
    begin(1);
    hear(1);
    hear(3);
    hear(6);
    struct mem_fault fault = mem_fault_at(1);
    struct hearsay_mem mem = rig.core.env.mem;
    rig.core.env.mem = mem_fault_mem(&fault);
    take_claimed(5);
    rig.core.env.mem = mem;
    CLAIM_INT(delivered(), 4);
    claim_at(1, 3, 1);
    claim_at(2, 5, 1);
    claim_at(3, 6, 0);
    end();
}

static void who_leaves_hands_over_what_waits(void **state)
{
    (void)state;
    begin(1);
    hear(1);
    hear(3);
    hear(6);
    rig.core.self.signed_once = false;
    hsy_core_leave(&rig.core);
    CLAIM_INT(delivered(), 3);
    claim_at(1, 3, 1);
    claim_at(2, 6, 2);
    take_claimed(9); /* Its check was under way. */
    CLAIM_INT(delivered(), 4);
    end();
}

/* ------------------------------------------------------------------ topics */

static bool wants(struct hsy_topics *t, const char *topic)
{
    struct hsy_message message = {.topic = (const uint8_t *)topic,
                                  .topic_len = (uint8_t)strlen(topic)};

    return hsy_topics_want(t, &message);
}

static void a_pattern_is_a_topic_or_its_beginning(void **state)
{
    (void)state;
    struct hsy_topics t;
    hsy_topics_init(&t, hearsay_mem_default());
    CLAIM(wants(&t, ""));
    CLAIM(wants(&t, "any"));
    CLAIM_INT(hsy_topics_set(&t, "disk", true), 0);
    CLAIM_INT(hsy_topics_set(&t, "alerts/*", true), 0);
    CLAIM(wants(&t, "disk"));
    CLAIM(!wants(&t, "disks"));
    CLAIM(!wants(&t, "dis"));
    CLAIM(!wants(&t, ""));
    CLAIM(wants(&t, "alerts/"));
    CLAIM(wants(&t, "alerts/red"));
    CLAIM(!wants(&t, "alerts"));
    CLAIM_INT(hsy_topics_set(&t, "", true), 0);
    CLAIM(wants(&t, ""));
    CLAIM(!wants(&t, "other"));
    CLAIM_INT(hsy_topics_set(&t, "*", true), 0);
    CLAIM(wants(&t, "other"));
    hsy_topics_fini(&t);
}

static void a_pattern_taken_away_is_gone(void **state)
{
    (void)state;
    struct hsy_topics t;
    hsy_topics_init(&t, hearsay_mem_default());
    CLAIM_INT(hsy_topics_set(&t, "a", true), 0);
    CLAIM_INT(hsy_topics_set(&t, "a", true), 0);
    CLAIM_INT(hsy_topics_set(&t, "b", true), 0);
    CLAIM_INT(t.count, 2);
    CLAIM_INT(hsy_topics_set(&t, "a*", false), 0); /* Another one. */
    CLAIM(wants(&t, "a"));
    CLAIM_INT(hsy_topics_set(&t, "a", false), 0);
    CLAIM(!wants(&t, "a"));
    CLAIM(wants(&t, "b"));
    CLAIM_INT(hsy_topics_set(&t, "b", false), 0);
    CLAIM(wants(&t, "a")); /* None: all. */
    hsy_topics_fini(&t);
}

static void patterns_have_bounds_and_errors(void **state)
{
    (void)state;
    struct hsy_topics t;
    char text[80];
    hsy_topics_init(&t, hearsay_mem_default());
    memset(text, 'x', sizeof(text));
    text[64] = '\0';
    CLAIM_INT(hsy_topics_set(&t, text, true), 0);
    text[64] = 'x';
    text[65] = '\0';
    CLAIM_INT(hsy_topics_set(&t, text, true), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_topics_set(&t, "a*b", true), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_topics_set(&t, "**", true), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_topics_set(&t, NULL, true), HEARSAY_ERR_INVALID);
    for (uint32_t i = 1; i < HSY_TOPICS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "topic %u", i);
        CLAIM_INT(hsy_topics_set(&t, text, true), 0);
    }
    CLAIM_INT(hsy_topics_set(&t, "one more", true), HEARSAY_ERR_FULL);
    CLAIM(!wants(&t, "one more"));
    CLAIM_INT(hsy_topics_set(&t, "topic 7", true), 0); /* It is there. */
    hsy_topics_fini(&t);

    struct mem_fault fault = mem_fault_at(1);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    hsy_topics_init(&t, &mem);
    CLAIM_INT(hsy_topics_set(&t, "a", true), HEARSAY_ERR_NOMEM);
    CLAIM(wants(&t, "b"));
    hsy_topics_fini(&t);
}

/* Of o1, with these topics, from @seq on. */
static struct hsy_bundle bundle_of(uint64_t seq, const char *const *topics)
{
    static uint8_t bytes[1024];
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    b.count = 0;
    b.messages = bytes;
    b.messages_len = 0;
    for (; *topics != NULL; topics++) {
        struct hsy_message message = {.topic = (const uint8_t *)*topics,
                                      .topic_len = (uint8_t)strlen(*topics),
                                      .payload = (const uint8_t *)"x",
                                      .payload_len = 1};
        hsy_messages_add(&out, &b, &message);
    }
    CLAIM(!out.bad);
    return b;
}

static void only_delivery_is_filtered(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    CLAIM_INT(hsy_core_subscribe(&rig.core, "disk", true), 0);
    struct hsy_bundle b =
        bundle_of(1, (const char *const[]){"net", "disk", "", NULL});
    CLAIM(relay_rig_hear(&rig, 6, &b, 0));
    CLAIM_INT(delivered(), 1);
    claim_at(0, 2, 0);
    CLAIM_INT(relay_rig_counters(&rig)->filtered, 2);
    CLAIM_INT(relay_rig_counters(&rig)->delivered, 1);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_BUNDLE), 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);
    CLAIM(hsy_retained_find(&relay_rig_relay(&rig)->retained, &id) != NULL);
    CLAIM_INT(relay_rig_origin(&rig, 1)->done, 3);
    CLAIM_INT(hsy_core_subscribe(&rig.core, "disk", false), 0);
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 4));
    CLAIM_INT(delivered(), 2);
    end();
}

/* What is missing before one that is not wanted is told with the next. */
static void what_is_missing_is_told_with_the_next_that_is_wanted(void **state)
{
    (void)state;
    begin(0);
    (void)relay_rig_link(&rig, 5, 1);
    CLAIM_INT(hsy_core_subscribe(&rig.core, "disk", true), 0);
    struct hsy_bundle b = bundle_of(1, (const char *const[]){"disk", NULL});
    CLAIM(relay_rig_hear(&rig, 5, &b, 0));
    b = bundle_of(4, (const char *const[]){"net", NULL});
    CLAIM(relay_rig_hear(&rig, 5, &b, 0));
    relay_rig_run_ns(&rig, WAIT_NS);
    CLAIM_INT(delivered(), 1);
    b = bundle_of(5, (const char *const[]){"disk", "disk", NULL});
    CLAIM(relay_rig_hear(&rig, 5, &b, 0));
    CLAIM_INT(delivered(), 3);
    claim_at(1, 5, 2);
    claim_at(2, 6, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_gap_nothing_waits),
        cmocka_unit_test(what_is_behind_a_gap_waits_until_it_closes),
        cmocka_unit_test(not_asked_for_it_comes_as_it_comes),
        cmocka_unit_test(one_origin_does_not_wait_for_another),
        cmocka_unit_test(after_its_time_it_goes_and_says_what_is_missing),
        cmocka_unit_test(what_comes_later_than_that_is_late_and_told),
        cmocka_unit_test(what_is_given_up_is_waited_for_no_more),
        cmocka_unit_test(a_bundle_of_many_waits_and_goes_as_one),
        cmocka_unit_test(a_late_joiner_waits_for_what_there_is_and_no_more),
        cmocka_unit_test(of_history_that_is_not_wanted_nothing_is_missing),
        cmocka_unit_test(without_history_the_first_is_the_one_after_it),
        cmocka_unit_test(when_there_are_too_many_the_oldest_gap_is_skipped),
        cmocka_unit_test(bytes_that_wait_are_bounded_too),
        cmocka_unit_test(what_finds_no_room_before_its_origins_oldest_goes),
        cmocka_unit_test(without_memory_nothing_waits_and_the_order_holds),
        cmocka_unit_test(who_leaves_hands_over_what_waits),
        cmocka_unit_test(a_pattern_is_a_topic_or_its_beginning),
        cmocka_unit_test(a_pattern_taken_away_is_gone),
        cmocka_unit_test(patterns_have_bounds_and_errors),
        cmocka_unit_test(only_delivery_is_filtered),
        cmocka_unit_test(what_is_missing_is_told_with_the_next_that_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
