/* Measurements, told by hand what a cluster of toys does: each figure is one
 * that can be added up here. Node 0 is the seed, 1 to 3 are peers. */
#include "support/sim_toys.h"

#include <math.h>

#include "base/notes.h"
#include "sim/measure.h"
#include "support/mem_fault.h"
#include "wire/frames.h"

static struct hsy_cluster *c;
static struct hsy_measure *m;
static struct hsy_observer to;

/* All peers are members at 1 s. */
static void begin(uint32_t seeds, uint32_t peers)
{
    struct hsy_cluster_config config = settings();
    config.seeds = seeds;
    config.peers = peers;
    c = cluster_of(&config);
    CLAIM_INT(hsy_measure_create(&m, hearsay_mem_default(), c), HEARSAY_OK);
    to = hsy_measure_observer(m);
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        to.started(to.ctx, i);
    }
    CLAIM_INT(hsy_cluster_run(c, HSY_SECOND), HEARSAY_OK);
}

static void end(void)
{
    CLAIM_INT(hsy_measure_err(m), HEARSAY_OK);
    hsy_measure_destroy(m);
    hsy_cluster_destroy(c);
}

static void pass(uint64_t ns)
{
    CLAIM_INT(hsy_cluster_run(c, hsy_cluster_now(c) + ns), HEARSAY_OK);
}

static void tell(uint32_t node, const char *event)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, event);
    to.note(to.ctx, node, hsy_cluster_now(c), &note.note);
}

static void all_join(void)
{
    for (uint32_t i = hsy_cluster_seeds(c); i < hsy_cluster_count(c); i++) {
        tell(i, "joined");
    }
}

static void publish(uint32_t node, uint64_t seq)
{
    to.published(to.ctx, node, seq, (const uint8_t *)"x", 1);
}

struct delivery {
    uint32_t node, origin;
    uint64_t epoch, seq;
    uint32_t hops;
};

static void deliver(const struct delivery *d)
{
    struct hearsay_message message = {.origin = *hsy_cluster_id(c, d->origin),
                                      .epoch = d->epoch,
                                      .seq = d->seq,
                                      .hops = d->hops};
    to.delivered(to.ctx, d->node, hsy_cluster_now(c), &message);
}

static void tell_dead(uint32_t node, const char *event, uint32_t subject,
                      uint64_t incarnation)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, event);
    hsy_note_id(&note, "subject", hsy_cluster_id(c, subject));
    hsy_note_u64(&note, "incarnation", incarnation);
    to.note(to.ctx, node, hsy_cluster_now(c), &note.note);
}

static struct hsy_figures figures(void)
{
    struct hsy_figures f;
    hsy_measure_figures(m, &f);
    return f;
}

static bool is_none(double figure)
{
    return !isfinite(figure);
}

static bool is(double actual, double expected)
{
    return fabs(actual - expected) <= 0.01 * fabs(expected);
}

/* -------------------------------------------------------------- deliveries */

static void nothing_happened_is_not_measured(void **state)
{
    (void)state;
    begin(1, 3);
    struct hsy_figures f = figures();
    CLAIM_INT(f.peers, 3);
    CLAIM_INT(f.seeds, 1);
    CLAIM_INT(f.joined, 0);
    CLAIM_INT(f.published, 0);
    CLAIM_INT(f.missed, 0);
    CLAIM(f.hops.max == HSY_FIGURE_NONE);
    CLAIM(f.components == HSY_FIGURE_NONE);
    CLAIM(f.rng == HSY_FIGURE_NONE);
    CLAIM(is_none(f.latency_ms.p50));
    CLAIM(is_none(f.redundancy));
    CLAIM(is_none(f.detection_s.mean));
    CLAIM(is_none(f.fit.p));
    CLAIM(is(f.virtual_s, 1));
    CLAIM_INT(f.events, hsy_cluster_steps(c));
    CLAIM_INT(strlen(f.digest), 16);
    end();
}

static void deliveries_are_counted_and_timed(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    pass(20 * HSY_MS);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    pass(20 * HSY_MS);
    deliver(&(struct delivery){1, 1, 77, 1, 0}); /* To itself: no delivery. */
    struct hsy_figures f = figures();
    CLAIM_INT(f.joined, 3);
    CLAIM_INT(f.published, 1);
    CLAIM_INT(f.expected_deliveries, 2);
    CLAIM_INT(f.delivered, 1);
    CLAIM_INT(f.missed, 1);
    deliver(&(struct delivery){3, 1, 77, 1, 2});
    deliver(&(struct delivery){3, 1, 77, 1, 2});
    f = figures();
    CLAIM_INT(f.delivered, 2);
    CLAIM_INT(f.missed, 0);
    CLAIM_INT(f.delivered_twice, 1);
    CLAIM(is(f.latency_ms.p50, 20));
    CLAIM(is(f.latency_ms.max, 40));
    CLAIM_INT(f.hops.p50, 1);
    CLAIM_INT(f.hops.max, 2);
    CLAIM_INT(hsy_measure_counts(m).unknown, 0);
    end();
}

static void what_nobody_published_is_unknown(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 2, 1}); /* Another seq. */
    deliver(&(struct delivery){2, 3, 77, 1, 1}); /* Another origin. */
    struct hearsay_message nobodys = {.seq = 1};
    to.delivered(to.ctx, 2, hsy_cluster_now(c), &nobodys);
    CLAIM_INT(hsy_measure_counts(m).unknown, 3);
    CLAIM_INT(figures().delivered, 0);
    end();
}

static void a_gossip_that_is_told_twice_is_published_once(void **state)
{
    (void)state;
    begin(1, 3);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "gossip-sent");
    hsy_note_u64(&note, "seq", 1);
    publish(1, 1);
    to.note(to.ctx, 1, hsy_cluster_now(c), &note.note);
    CLAIM_INT(figures().published, 1);
    to.note(to.ctx, 2, hsy_cluster_now(c), &note.note);
    CLAIM_INT(figures().published, 2);
    end();
}

static void who_joins_later_is_owed_nothing(void **state)
{
    (void)state;
    begin(1, 3);
    tell(1, "joined");
    tell(2, "joined");
    publish(1, 1);
    pass(1);
    tell(3, "joined");
    CLAIM_INT(figures().expected_deliveries, 1);
    publish(1, 2);
    CLAIM_INT(figures().expected_deliveries, 3);
    end();
}

static void who_was_struck_is_owed_what_comes_after(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    pass(1);
    hsy_measure_struck(m, 2);
    publish(1, 2);
    CLAIM_INT(figures().expected_deliveries, 2); /* Peer 3 is owed both. */
    pass(1);
    hsy_measure_recovered(m, 2);
    CLAIM_INT(figures().expected_deliveries, 2);
    publish(1, 3);
    CLAIM_INT(figures().expected_deliveries, 4);
    CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK); /* It may have taken all. */
    CLAIM_INT(figures().expected_deliveries, 0);
    end();
}

/* Seq 1 again, by another process of the same peer: another message. */
static void epochs_tell_the_processes_of_an_origin_apart(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    CLAIM_INT(hsy_cluster_kill(c, 1), HEARSAY_OK);
    to.ended(to.ctx, 1, NULL);
    CLAIM_INT(hsy_cluster_start(c, 1, 0), HEARSAY_OK);
    pass(HSY_MS);
    to.started(to.ctx, 1);
    tell(1, "joined");
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 78, 1, 1});
    deliver(&(struct delivery){3, 1, 78, 1, 1});
    deliver(&(struct delivery){3, 1, 77, 1, 1}); /* The old one, late. */
    struct hsy_figures f = figures();
    CLAIM_INT(f.published, 2);
    CLAIM_INT(f.delivered, 3);
    CLAIM_INT(f.delivered_twice, 0);
    CLAIM_INT(hsy_measure_counts(m).unknown, 0);
    end();
}

static void a_new_process_owes_nothing_to_the_one_before(void **state)
{
    (void)state;
    begin(1, 3);
    all_join();
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    to.ended(to.ctx, 2, NULL);
    to.started(to.ctx, 2);
    CLAIM_INT(figures().joined, 2);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    CLAIM_INT(figures().delivered_twice, 0);
    end();
}

static void joins_are_timed_from_their_start(void **state)
{
    (void)state;
    begin(1, 3);
    tell(1, "joined");
    tell(1, "joined"); /* Once more says nothing new. */
    const struct hsy_histogram *h = hsy_measure_histogram(m, HSY_MEASURE_JOINS);
    CLAIM_INT(h->count, 1);
    CLAIM(h->max == HSY_SECOND);
    end();
}

/* ----------------------------------------------------------------- traffic */

/* A frame of @type with @body_len bytes after its header, all zero but for
 * the @count of a bundle. */
static size_t frame(uint8_t *out, uint8_t type, size_t body_len, uint8_t count)
{
    memset(out, 0, 6 + body_len);
    out[2] = (uint8_t)((body_len + 2) >> 8);
    out[3] = (uint8_t)(body_len + 2);
    out[4] = type;
    if (type == HSY_BUNDLE && body_len > 1 + 32 + 16 + 8 + 1) {
        out[6 + 1 + 32 + 16 + 8 + 1] = count;
    }
    return 6 + body_len;
}

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
    CLAIM_INT(len, 614);
    to.sent(to.ctx, 1, 2, bytes, len);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    deliver(&(struct delivery){3, 1, 77, 1, 1});
    struct hsy_measure_counts counts = hsy_measure_counts(m);
    CLAIM_INT(counts.frames, 3);
    CLAIM_INT(counts.bytes, 614);
    CLAIM_INT(counts.copies, 3);
    CLAIM_INT(counts.copies_bytes, 600);
    CLAIM_INT(counts.deliveries, 2);
    struct hsy_figures f = figures();
    CLAIM(is(f.redundancy, 0.5)); /* One copy of three was not needed. */
    CLAIM(is(f.bytes_per_delivery, 307));
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

/* ------------------------------------------------------------------ deaths */

static void a_death_is_timed_at_the_first_seed_and_at_all(void **state)
{
    (void)state;
    begin(3, 3);
    hsy_measure_struck(m, 4);
    hsy_measure_struck(m, 4);
    hsy_measure_struck(m, 1); /* Nobody looks for the deaths of seeds. */
    CLAIM_INT(hsy_measure_counts(m).struck, 1);
    pass(2 * HSY_SECOND);
    tell_dead(1, "dead-removed", 4, 1);
    pass(HSY_SECOND);
    tell_dead(0, "dead-removed", 4, 1);
    const struct hsy_histogram *all =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTED);
    CLAIM_INT(all->count, 0);
    CLAIM_INT(hsy_cluster_kill(c, 2), HEARSAY_OK); /* Need not know. */
    tell_dead(0, "dead-removed", 4, 1);
    CLAIM_INT(all->count, 1);
    CLAIM(all->max == 3 * HSY_SECOND);
    struct hsy_figures f = figures();
    CLAIM(is(f.detection_s.mean, 2));
    CLAIM(is(f.detection_s.max, 2));
    CLAIM_INT(f.false_deaths, 0);
    CLAIM_INT(hsy_measure_counts(m).detected, 1);
    end();
}

static void a_death_of_one_that_is_well_is_false_and_counted_once(void **state)
{
    (void)state;
    begin(2, 3);
    tell_dead(0, "dead-removed", 3, 1);
    tell_dead(1, "dead-removed", 3, 1);
    CLAIM_INT(figures().false_deaths, 1);
    tell_dead(1, "dead-removed", 3, 2); /* Another incarnation. */
    CLAIM_INT(figures().false_deaths, 2);
    tell_dead(2, "dead-removed", 3, 3); /* A peer has no say. */
    CLAIM_INT(figures().false_deaths, 2);
    CLAIM(is_none(figures().detection_s.mean));
    end();
}

static void frozen_cut_off_and_dead_are_no_false_deaths(void **state)
{
    (void)state;
    begin(1, 3);
    CLAIM_INT(hsy_cluster_freeze(c, 1), HEARSAY_OK);
    hsy_cluster_isolate(c, 2);
    CLAIM_INT(hsy_cluster_kill(c, 3), HEARSAY_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        tell_dead(0, "dead-removed", i, 1);
    }
    CLAIM_INT(figures().false_deaths, 0);
    end();
}

static void a_death_just_after_the_return_is_late(void **state)
{
    (void)state;
    begin(1, 3);
    hsy_measure_struck(m, 2);
    pass(30 * HSY_SECOND);
    hsy_measure_recovered(m, 2);
    pass((HSY_MEASURE_LATE_S - 1) * HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 1);
    CLAIM_INT(hsy_measure_counts(m).late_deaths, 1);
    CLAIM_INT(figures().false_deaths, 0);
    pass(HSY_SECOND);
    tell_dead(0, "dead-removed", 2, 2);
    CLAIM_INT(figures().false_deaths, 1);
    CLAIM_INT(hsy_measure_counts(m).detected, 0);
    end();
}

static void an_old_death_is_no_news_of_a_new_strike(void **state)
{
    (void)state;
    begin(2, 3);
    hsy_measure_struck(m, 2);
    tell_dead(0, "dead-removed", 2, 1);
    hsy_measure_recovered(m, 2);
    hsy_measure_struck(m, 2);
    tell_dead(1, "dead-removed", 2, 1); /* Learnt late by another seed. */
    CLAIM_INT(hsy_measure_counts(m).detected, 1);
    tell_dead(1, "dead-removed", 2, 2);
    CLAIM_INT(hsy_measure_counts(m).detected, 2);
    CLAIM_INT(hsy_measure_counts(m).struck, 2);
    end();
}

static void false_reports_are_told_apart_by_their_reporter(void **state)
{
    (void)state;
    begin(1, 3);
    tell_dead(1, "dead-report", 2, 1);
    hsy_measure_struck(m, 1);
    tell_dead(1, "dead-report", 2, 1);
    tell_dead(2, "dead-report", 1, 1); /* True. */
    tell_dead(0, "dead-report", 2, 1); /* A seed only heard of it. */
    tell_dead(0, "dead-report-ignored", 2, 1);
    CLAIM_INT(hsy_measure_counts(m).false_reports, 2);
    CLAIM_INT(hsy_measure_counts(m).false_reports_healthy, 1);
    end();
}

/* ----------------------------------------------------------------- overlay */

static void the_overlay_is_measured(void **state)
{
    (void)state;
    struct hsy_graph *g = NULL;
    uint8_t bytes[300];
    begin(1, 3);
    CLAIM_INT(hsy_measure_fit(m, NULL), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_graph_create(&g, 4, hearsay_mem_default()), HEARSAY_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        hsy_graph_vertex(g, i);
    }
    CLAIM_INT(hsy_graph_link(g, 1, 2), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 2, 1), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 2, 3), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 3, 2), HEARSAY_OK);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    to.sent(to.ctx, 2, 1, bytes, frame(bytes, HSY_BUNDLE, 194, 3));
    const uint32_t *degrees = NULL;
    uint32_t len = 0;
    CLAIM(!hsy_measure_degrees(m, &degrees, &len));
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    struct hsy_figures f = figures();
    CLAIM_INT(f.components, 1);
    CLAIM_INT(f.degree.min, 1);
    CLAIM_INT(f.degree.max, 2);
    CLAIM(is(f.degree.mean, 4.0 / 3));
    CLAIM(hsy_measure_degrees(m, &degrees, &len));
    CLAIM_INT(len, 3);
    CLAIM_INT(degrees[1], 2);
    CLAIM_INT(degrees[2], 1);
    CLAIM_INT(hsy_measure_load(m, 1).peers, 2);
    CLAIM_INT(hsy_measure_load(m, 1).copies, 0);
    CLAIM_INT(hsy_measure_load(m, 2).peers, 1);
    CLAIM_INT(hsy_measure_load(m, 2).copies, 3);
    CLAIM_INT(hsy_measure_fit(m, NULL), HEARSAY_ERR_INVALID); /* Too few. */
    struct hsy_powerlaw fit;
    CLAIM(!hsy_measure_powerlaw(m, &fit));
    struct hsy_powerlaw_options any = {.tail_min = 2};
    CLAIM_INT(hsy_measure_fit(m, &any), HEARSAY_OK);
    CLAIM(hsy_measure_powerlaw(m, &fit));
    CLAIM_INT(figures().fit.xmin, 1);
    hsy_graph_destroy(g);
    end();
}

/* ------------------------------------------------------------------ memory */

static int work(struct hearsay_mem *mem)
{
    int err = hsy_measure_create(&m, mem, c);
    if (err != HEARSAY_OK) {
        return err;
    }
    to = hsy_measure_observer(m);
    publish(1, 1);
    deliver(&(struct delivery){2, 1, 77, 1, 1});
    hsy_measure_struck(m, 2);
    tell_dead(0, "dead-removed", 2, 1);
    struct hsy_graph *g = NULL;
    CLAIM_INT(hsy_graph_create(&g, 4, hearsay_mem_default()), HEARSAY_OK);
    hsy_graph_vertex(g, 1);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    err = hsy_measure_graph(m, g);
    hsy_graph_destroy(g);
    if (err == HEARSAY_OK) {
        err = hsy_measure_err(m);
    }
    (void)figures();
    hsy_measure_destroy(m);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    c = cluster();
    int err = HEARSAY_ERR_NOMEM;
    uint64_t call = 0;
    while (err != HEARSAY_OK) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        err = work(&mem);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(call > 8);
    hsy_cluster_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happened_is_not_measured),
        cmocka_unit_test(deliveries_are_counted_and_timed),
        cmocka_unit_test(what_nobody_published_is_unknown),
        cmocka_unit_test(a_gossip_that_is_told_twice_is_published_once),
        cmocka_unit_test(who_joins_later_is_owed_nothing),
        cmocka_unit_test(who_was_struck_is_owed_what_comes_after),
        cmocka_unit_test(epochs_tell_the_processes_of_an_origin_apart),
        cmocka_unit_test(a_new_process_owes_nothing_to_the_one_before),
        cmocka_unit_test(joins_are_timed_from_their_start),
        cmocka_unit_test(traffic_is_split_into_messages_and_control),
        cmocka_unit_test(a_real_bundle_is_counted),
        cmocka_unit_test(frames_are_told_apart_by_what_they_are_for),
        cmocka_unit_test(what_was_asked_for_is_pulled),
        cmocka_unit_test(old_pulls_give_way_to_new_ones),
        cmocka_unit_test(bytes_that_are_no_frame_end_the_walk),
        cmocka_unit_test(a_death_is_timed_at_the_first_seed_and_at_all),
        cmocka_unit_test(a_death_of_one_that_is_well_is_false_and_counted_once),
        cmocka_unit_test(frozen_cut_off_and_dead_are_no_false_deaths),
        cmocka_unit_test(a_death_just_after_the_return_is_late),
        cmocka_unit_test(an_old_death_is_no_news_of_a_new_strike),
        cmocka_unit_test(false_reports_are_told_apart_by_their_reporter),
        cmocka_unit_test(the_overlay_is_measured),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sim_measure", tests, NULL, NULL);
}
