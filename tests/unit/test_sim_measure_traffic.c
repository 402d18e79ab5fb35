/* What links carry, told by hand: frames by what they are for, copies, and the
 * parts of a run that are measured each for itself. */
#include "unit/test_sim_measure.h"

static void traffic_is_split_into_messages_and_control(void **state)
{
    (void)state;
    uint8_t bytes[2000];
    begin(1, 3);
    all_join();
    size_t len = frame(bytes, HSY_PING, 8, 0);
    to.sent(to.ctx, 1, 2, bytes, len);
    hsy_measure_traffic(m); /* Forgets it. */
    publish(1, 1);
    len = frame(bytes, HSY_BUNDLE, 194, 1);
    len += frame(bytes + len, HSY_PING, 8, 0);
    len += frame(bytes + len, HSY_BUNDLE, 394, 2);
    len += frame(bytes + len, HSY_PIECE, 94, 0); /* No copy, but payload. */
    CLAIM_INT(len, 714);
    to.sent(to.ctx, 1, 2, bytes, len);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    deliver(&(struct delivery){3, 1, 77, 1, 1});
    struct hsy_measure_counts counts = hsy_measure_counts(m);
    CLAIM_INT(counts.frames, 4);
    CLAIM_INT(counts.bytes, 714);
    CLAIM_INT(counts.copies, 3);
    CLAIM_INT(counts.deliveries, 2);
    struct hsy_figures f = figures();
    CLAIM(is(f.redundancy, 0.5)); /* One copy of three was not needed. */
    CLAIM(is(f.bytes_per_delivery, 357));
    CLAIM(is(f.control_per_delivery, 7));
    end();
}

/* The real codec puts the count where we look for it. */
static void a_real_bundle_is_counted(void **state)
{
    (void)state;
    uint8_t bytes[512];
    uint8_t messages[] = {0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 1, 'b'};
    struct hsy_frame real = {.type = HSY_BUNDLE};
    real.bundle.bundle.epoch_incarnation = 1;
    real.bundle.bundle.first_seq = 1;
    real.bundle.bundle.count = 2;
    real.bundle.bundle.messages = messages;
    real.bundle.bundle.messages_len = sizeof(messages);
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_frame_encode(&out, &real);
    CLAIM(!out.bad);
    begin(1, 3);
    to.sent(to.ctx, 1, 2, bytes, out.len);
    CLAIM_INT(hsy_measure_counts(m).copies, 2);
    CLAIM_INT(hsy_measure_counts(m).frames, 1);
    end();
}

static void bytes_that_are_no_frame_end_the_walk(void **state)
{
    (void)state;
    uint8_t bytes[64];
    begin(1, 3);
    to.sent(to.ctx, 1, 2, bytes, 0);
    memset(bytes, 0xff, sizeof(bytes)); /* Far too long. */
    to.sent(to.ctx, 1, 2, bytes, sizeof(bytes));
    memset(bytes, 0, sizeof(bytes)); /* Shorter than its header. */
    to.sent(to.ctx, 1, 2, bytes, sizeof(bytes));
    size_t len = frame(bytes, HSY_BUNDLE, 4, 0) - 4;
    bytes[3] = 2; /* A bundle without a body. */
    to.sent(to.ctx, 1, 2, bytes, len);
    CLAIM_INT(hsy_measure_counts(m).frames, 1);
    CLAIM_INT(hsy_measure_counts(m).copies, 0);
    CLAIM_INT(hsy_measure_counts(m).bytes, 134);
    end();
}

static struct hsy_span span_of(uint64_t first, uint64_t last)
{
    struct hsy_span span = {.from = first, .to = last};
    memset(span.of.origin.bytes, 7, sizeof(span.of.origin.bytes));
    span.of.incarnation = 3;
    span.of.nonce = 99;
    return span;
}

static void send_frame(uint32_t from, uint32_t to_node,
                       const struct hsy_frame *f)
{
    uint8_t bytes[2048];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_frame_encode(&out, f);
    CLAIM(!out.bad);
    to.sent(to.ctx, from, to_node, bytes, out.len);
}

static void send_pull(uint32_t from, uint32_t to_node, uint32_t nonce,
                      struct hsy_span span)
{
    uint8_t spans[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(spans, sizeof(spans));
    struct hsy_frame f = {.type = HSY_PULL};
    f.pull.nonce = nonce;
    f.pull.credit = 1000;
    f.pull.spans.bytes = spans;
    hsy_spans_add(&list, &f.pull.spans, &span);
    send_frame(from, to_node, &f);
}

static void send_gone(uint32_t from, uint32_t to_node, uint32_t nonce)
{
    struct hsy_frame f = {.type = HSY_GONE};
    f.gone.nonce = nonce;
    send_frame(from, to_node, &f);
}

static void send_bundle(uint32_t from, uint32_t to_node, uint8_t flags,
                        uint64_t seq)
{
    uint8_t messages[] = {0, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 1, 'b'};
    struct hsy_span span = span_of(1, 1);
    struct hsy_frame f = {.type = HSY_BUNDLE, .flags = flags};
    f.bundle.bundle.origin = span.of.origin;
    f.bundle.bundle.epoch_incarnation = span.of.incarnation;
    f.bundle.bundle.epoch_nonce = span.of.nonce;
    f.bundle.bundle.first_seq = seq;
    f.bundle.bundle.count = 2;
    f.bundle.bundle.messages = messages;
    f.bundle.bundle.messages_len = sizeof(messages);
    send_frame(from, to_node, &f);
}

static uint64_t frames_of(enum hsy_traffic kind)
{
    return hsy_measure_counts(m).by_kind[kind].frames;
}

static void frames_are_told_apart_by_what_they_are_for(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        enum hsy_traffic kind;
    } types[] = {
        {HSY_IHAVE, HSY_TRAFFIC_ANNOUNCE}, {HSY_GRAFT, HSY_TRAFFIC_TREE},
        {HSY_PRUNE, HSY_TRAFFIC_TREE},     {HSY_DIGEST, HSY_TRAFFIC_REPAIR},
        {HSY_PULL, HSY_TRAFFIC_REPAIR},    {HSY_GONE, HSY_TRAFFIC_REPAIR},
        {HSY_PING, HSY_TRAFFIC_REST},      {HSY_BUNDLE, HSY_TRAFFIC_PAYLOAD}};
    enum { TYPES = sizeof(types) / sizeof(types[0]) };
    uint8_t bytes[300];
    begin(1, 3);
    all_join();
    for (uint32_t i = 0; i < TYPES; i++) {
        size_t len = frame(bytes, types[i].type, 94, 1);
        uint64_t before = frames_of(types[i].kind);
        to.sent(to.ctx, 1, 2, bytes, len);
        CLAIM_INT(frames_of(types[i].kind), before + 1);
    }
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    struct hsy_figures f = figures();
    CLAIM(is(f.frames_per_delivery, TYPES));
    CLAIM(is(f.frames_by_kind.repair, 3));
    CLAIM(is(f.frames_by_kind.tree, 2));
    CLAIM(is(f.bytes_by_kind.announce, 100));
    CLAIM(is(f.bytes_by_kind.payload, 100));
    CLAIM(is(f.bytes_by_kind.rest, 100));
    CLAIM(f.frames_by_kind.pulled == 0);
    end();
}

/* Of the flagged, those that a PULL of the receiver names and no GONE ended. */
static void what_was_asked_for_is_pulled(void **state)
{
    (void)state;
    begin(1, 3);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 5); /* Nobody asked. */
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 0);
    send_pull(2, 1, 1, span_of(6, 9));
    send_pull(2, 1, 2, span_of(20, 20));
    send_bundle(1, 2, HSY_FLAG_EXTRA, 5);  /* Holds 5 and 6. */
    send_bundle(1, 2, HSY_FLAG_EXTRA, 9);  /* Holds 9 and 10. */
    send_bundle(1, 2, HSY_FLAG_EXTRA, 20); /* Of the other PULL. */
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 3);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 4);  /* 4 and 5: none of them. */
    send_bundle(1, 2, HSY_FLAG_EXTRA, 10); /* 10 and 11: neither. */
    send_bundle(1, 2, 0, 6);               /* Along the tree. */
    send_bundle(2, 1, HSY_FLAG_EXTRA, 6);  /* The wrong way. */
    send_bundle(3, 2, HSY_FLAG_EXTRA, 6);  /* By another one. */
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 3);
    send_gone(1, 2, 1);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 6); /* That PULL is over, */
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 3);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 20); /* this one is not. */
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 4);
    send_gone(1, 2, 2);
    send_gone(1, 2, 2);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 20);
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 4);
    CLAIM_INT(frames_of(HSY_TRAFFIC_REPAIR), 5);
    CLAIM_INT(frames_of(HSY_TRAFFIC_PAYLOAD), 8);
    end();
}

/* Asked for and never answered, by a link that broke: the newest stay. */
static void old_pulls_give_way_to_new_ones(void **state)
{
    (void)state;
    begin(1, 3);
    for (uint32_t i = 1; i <= 100; i++) {
        send_pull(2, 1, i, span_of(10 * i, 10 * i));
    }
    send_bundle(1, 2, HSY_FLAG_EXTRA, 10);
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 0);
    send_gone(1, 2, 90);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 900);
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 0);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 800);
    send_bundle(1, 2, HSY_FLAG_EXTRA, 1000);
    CLAIM_INT(frames_of(HSY_TRAFFIC_PULLED), 2);
    end();
}

/* ------------------------------------------------------ parts of the whole */

static void what_warms_up_is_not_measured(void **state)
{
    (void)state;
    uint8_t bytes[300];
    begin(1, 3);
    all_join();
    publish(1, 1);
    to.sent(to.ctx, 1, 2, bytes, frame(bytes, HSY_BUNDLE, 194, 1));
    pass(20 * HSY_MS);
    deliver(&(struct delivery){2, 1, 77, 1, 4});
    hsy_measure_restart(m);
    CLAIM(is_none(figures().latency_ms.max));
    CLAIM(is_none(figures().redundancy));
    publish(1, 2);
    pass(30 * HSY_MS);
    deliver(&(struct delivery){3, 1, 77, 1, 4}); /* Late: does not count. */
    deliver(&(struct delivery){3, 1, 77, 2, 1});
    to.sent(to.ctx, 1, 3, bytes, frame(bytes, HSY_BUNDLE, 194, 1));
    struct hsy_figures f = figures();
    CLAIM_INT(hsy_measure_counts(m).deliveries, 1);
    CLAIM(is(f.latency_ms.p50, 30));
    CLAIM(is(f.latency_ms.max, 30));
    CLAIM_INT(f.hops.max, 1);
    CLAIM(f.redundancy == 0);
    CLAIM_INT(f.published, 2); /* What is owed is owed. */
    CLAIM_INT(f.delivered, 3);
    CLAIM_INT(f.missed, 1);
    end();
}

static struct hsy_graph *pair_and_one(void)
{
    struct hsy_graph *g = NULL;
    CLAIM_INT(hsy_graph_create(&g, 5, hearsay_mem_default()), HEARSAY_OK);
    for (uint32_t i = 1; i <= 4; i++) {
        hsy_graph_vertex(g, i);
    }
    for (uint32_t i = 1; i <= 2; i++) {
        CLAIM_INT(hsy_graph_link(g, i, i + 1), HEARSAY_OK);
        CLAIM_INT(hsy_graph_link(g, i + 1, i), HEARSAY_OK);
    }
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    return g;
}

/* Peers 1, 2, 3 are linked, 4 is apart: it is owed nothing. */
static void the_first_message_is_owed_to_its_component(void **state)
{
    (void)state;
    struct hsy_frame f = {.type = HSY_BUNDLE};
    uint8_t messages[] = {0, 0, 0, 0, 1, 'a'};
    begin(1, 4);
    all_join();
    struct hsy_graph *g = pair_and_one();
    CLAIM(figures().first.expected == HSY_FIGURE_NONE);
    publish(1, 1);
    CLAIM_INT(hsy_measure_first(m, g, 1), HEARSAY_OK);
    CLAIM_INT(hsy_measure_first_lacking(m), 2);
    publish(2, 1); /* Another one's. */
    publish(1, 2);
    f.bundle.bundle.origin = *hsy_cluster_id(c, 1);
    f.bundle.bundle.epoch_incarnation = 1;
    f.bundle.bundle.count = 1;
    f.bundle.bundle.messages = messages;
    f.bundle.bundle.messages_len = sizeof(messages);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        f.bundle.bundle.first_seq = seq;
        send_frame(1, 2, &f);
        send_frame(1, 3, &f);
        send_frame(2, 3, &f);
    }
    pass(20 * HSY_MS);
    deliver(&(struct delivery){2, 1, 77, 2, 1});
    CLAIM_INT(hsy_measure_first_lacking(m), 1);
    pass(10 * HSY_MS);
    deliver(&(struct delivery){3, 1, 77, 1, 1}); /* Of before. */
    deliver(&(struct delivery){4, 1, 77, 2, 1}); /* Came all the same. */
    struct hsy_figures got = figures();
    CLAIM_INT(got.first.expected, 2);
    CLAIM_INT(got.first.missed, 1);
    CLAIM_INT(got.expected_deliveries, 3 + 3); /* Of the other two. */
    CLAIM(is(got.first.max_ms, 20));
    CLAIM(is(got.first.redundancy, 0.5)); /* 3 copies, 2 deliveries. */
    CLAIM(is_none(got.latency_ms.max));   /* Nothing before. */
    CLAIM_INT(hsy_cluster_kill(c, 3), HEARSAY_OK);
    CLAIM_INT(figures().first.missed, 0); /* The dead are owed nothing. */
    hsy_graph_destroy(g);
    end();
}

/* Peers 1 and 2 were apart from 3 and 4 for a second. */
static void a_heal_finds_what_each_side_missed(void **state)
{
    (void)state;
    static const uint8_t sides[] = {0, 0, 0, 1, 1};
    uint8_t bytes[300];
    struct hsy_graph *g = NULL;
    struct hsy_frame accept = {.type = HSY_ACCEPT};
    begin(1, 4);
    all_join();
    CLAIM_INT(hsy_graph_create(&g, 5, hearsay_mem_default()), HEARSAY_OK);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    to.published(to.ctx, 1, 1, (const uint8_t *)"abcd", 4);
    to.published(to.ctx, 3, 1, (const uint8_t *)"abcdef", 6);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    deliver(&(struct delivery){4, 3, 78, 1, 1});
    to.sent(to.ctx, 1, 2, bytes, frame(bytes, HSY_DIGEST, 94, 0));
    send_frame(1, 3, &accept); /* Before the heal: it did not arrive. */
    CLAIM(hsy_measure_mend(m).healed_ns == HEARSAY_NEVER);
    pass(HSY_SECOND);
    CLAIM_INT(hsy_measure_healed(m, sides, g), HEARSAY_OK);
    publish(2, 1); /* No part of it. */
    struct hsy_mend mend = hsy_measure_mend(m);
    CLAIM(mend.healed_ns == 2 * HSY_SECOND);
    CLAIM(mend.linked_ns == HEARSAY_NEVER);
    CLAIM_INT(mend.sides[0].peers, 2);
    CLAIM_INT(mend.sides[0].messages, 1);
    CLAIM_INT(mend.sides[0].deliveries, 2);
    CLAIM_INT(mend.sides[1].deliveries, 2);
    CLAIM_INT(mend.payload_bytes, 2 * 4 + 2 * 6);
    CLAIM_INT(mend.lacking, 4);
    CLAIM_INT(mend.by_kind[HSY_TRAFFIC_REPAIR].frames, 0);
    pass(HSY_SECOND);
    send_frame(1, 2, &accept); /* On one side. */
    send_frame(0, 3, &accept); /* A seed's. */
    CLAIM(hsy_measure_mend(m).linked_ns == HEARSAY_NEVER);
    send_frame(1, 3, &accept);
    pass(HSY_SECOND);
    send_frame(4, 2, &accept);
    CLAIM(hsy_measure_mend(m).linked_ns == 3 * HSY_SECOND);
    to.sent(to.ctx, 1, 3, bytes, frame(bytes, HSY_DIGEST, 94, 0));
    deliver(&(struct delivery){1, 3, 78, 1, 1});
    deliver(&(struct delivery){2, 3, 78, 1, 1});
    deliver(&(struct delivery){2, 3, 78, 1, 1}); /* Again: counts once. */
    deliver(&(struct delivery){3, 1, 77, 1, 1});
    deliver(&(struct delivery){3, 2, 79, 1, 1}); /* Published later. */
    mend = hsy_measure_mend(m);
    CLAIM_INT(mend.lacking, 1);
    CLAIM(mend.mended_ns == HEARSAY_NEVER);
    CLAIM_INT(mend.by_kind[HSY_TRAFFIC_REPAIR].frames, 1);
    CLAIM_INT(mend.by_kind[HSY_TRAFFIC_REPAIR].bytes, 100);
    deliver(&(struct delivery){4, 1, 77, 1, 1});
    CLAIM(hsy_measure_mend(m).mended_ns == 4 * HSY_SECOND);
    hsy_graph_destroy(g);
    end();
}

static void links_that_outlast_a_split_count_from_the_heal(void **state)
{
    (void)state;
    static const uint8_t sides[] = {0, 0, 0, 1, 1};
    begin(1, 4);
    all_join();
    struct hsy_graph *g = pair_and_one();
    CLAIM_INT(hsy_measure_healed(m, sides, g), HEARSAY_OK);
    struct hsy_mend mend = hsy_measure_mend(m);
    CLAIM(mend.linked_ns == mend.healed_ns);
    CLAIM(mend.mended_ns == mend.healed_ns); /* Nothing was missing. */
    hsy_graph_destroy(g);
    end();
}

/* What a seed cannot reach is dead to it, whatever we know. */
static void a_death_across_a_split_is_not_false(void **state)
{
    (void)state;
    static const uint8_t sides[] = {0, 0, 1, 1};
    begin(1, 3);
    all_join();
    hsy_cluster_split(c, sides);
    tell_dead(0, "dead-removed", 2, 1);
    tell_dead(1, "dead-report", 2, 1);
    CLAIM_INT(figures().false_deaths, 0);
    CLAIM_INT(hsy_measure_counts(m).false_reports, 0);
    tell_dead(0, "dead-removed", 1, 1);
    CLAIM_INT(figures().false_deaths, 1);
    hsy_cluster_split(c, NULL);
    tell_dead(0, "dead-removed", 3, 1);
    CLAIM_INT(figures().false_deaths, 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_is_split_into_messages_and_control),
        cmocka_unit_test(a_real_bundle_is_counted),
        cmocka_unit_test(frames_are_told_apart_by_what_they_are_for),
        cmocka_unit_test(what_was_asked_for_is_pulled),
        cmocka_unit_test(old_pulls_give_way_to_new_ones),
        cmocka_unit_test(what_warms_up_is_not_measured),
        cmocka_unit_test(the_first_message_is_owed_to_its_component),
        cmocka_unit_test(a_heal_finds_what_each_side_missed),
        cmocka_unit_test(links_that_outlast_a_split_count_from_the_heal),
        cmocka_unit_test(a_death_across_a_split_is_not_false),
        cmocka_unit_test(bytes_that_are_no_frame_end_the_walk),
    };
    return cmocka_run_group_tests_name("sim_measure_traffic", tests, NULL,
                                       NULL);
}
