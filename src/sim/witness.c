/* Wires the observers of a cluster to the books that are kept of it. */
#include "sim/witness.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/notes.h"

#include <string.h>

static void keep_err(struct hsy_witness *w, int err)
{
    if (w->err == HEARSAY_OK) {
        w->err = err;
    }
}

static void publish(struct hsy_witness *w, const struct hsy_published *p)
{
    if (w->ledger != NULL) {
        keep_err(
            w, hsy_ledger_published(w->ledger, hsy_cluster_now(w->cluster), p));
    }
    if (w->checks != NULL) {
        hsy_checks_published(w->checks, p->origin, p->seq);
    }
}

static void on_published(void *ctx, uint32_t node, uint64_t seq,
                         const uint8_t *payload, size_t payload_len)
{
    struct hsy_witness *w = ctx;
    struct hsy_published p = {.origin = node,
                              .seq = seq,
                              .payload = payload,
                              .payload_len = payload_len};
    publish(w, &p);
    if (w->next.published != NULL) {
        w->next.published(w->next.ctx, node, seq, payload, payload_len);
    }
}

/* The generator of a node publishes by itself, and says so. */
static void on_gossip(struct hsy_witness *w, uint32_t node,
                      const struct hearsay_note *note)
{
    const struct hearsay_field *seq = hsy_note_find(note, "seq");
    const struct hearsay_field *text = hsy_note_find(note, "text");
    HSY_ASSERT(seq != NULL);
    if (text == NULL) {
        return; /* Long or no text: then hsy_cluster_publish() did it. */
    }
    struct hsy_published p = {.origin = node,
                              .seq = seq->u64,
                              .payload = (const uint8_t *)text->text,
                              .payload_len = strlen(text->text)};
    publish(w, &p);
}

static void on_late(struct hsy_witness *w, uint32_t node,
                    const struct hearsay_note *note)
{
    const struct hearsay_field *origin = hsy_note_find(note, "origin");
    struct hsy_late late = {.epoch = hsy_note_find(note, "epoch")->u64,
                            .from = hsy_note_find(note, "from")->u64,
                            .to = hsy_note_find(note, "to")->u64};
    if (hsy_cluster_find(w->cluster, &origin->id, &late.origin) &&
        !hsy_ledger_late(w->ledger, node, &late) && w->checks != NULL) {
        hsy_checks_excuse(w->checks, HSY_B3, late.origin);
    }
}

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct hsy_witness *w = ctx;
    if (w->tells_story) {
        hsy_story_note(&w->story, w->cluster, node, note);
    }
    if (w->ledger != NULL && strcmp(note->event, "gossip-sent") == 0) {
        on_gossip(w, node, note);
    } else if (w->ledger != NULL && strcmp(note->event, "joined") == 0) {
        hsy_ledger_joined(w->ledger, node, now_ns);
    } else if (w->ledger != NULL && strcmp(note->event, "late") == 0) {
        on_late(w, node, note);
    }
    if (w->checks != NULL) {
        hsy_checks_note(w->checks, node, note);
    }
    if (w->on_note != NULL) {
        w->on_note(w->ctx, node, note);
    }
    if (w->next.note != NULL) {
        w->next.note(w->next.ctx, node, now_ns, note);
    }
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct hsy_witness *w = ctx;
    if (w->ledger != NULL) {
        uint32_t index;
        bool known = hsy_cluster_find(w->cluster, &message->origin, &index);
        int64_t origin = known ? (int64_t)index : (int64_t)HSY_LEDGER_NOBODY;
        keep_err(w, hsy_ledger_delivered(w->ledger, node, origin, message));
        if (w->checks != NULL) {
            hsy_checks_delivered(w->checks, node, origin, message);
        }
    }
    if (w->next.delivered != NULL) {
        w->next.delivered(w->next.ctx, node, now_ns, message);
    }
}

static void on_asked(void *ctx, uint32_t node, uint32_t to, uint64_t number,
                     const struct hsy_ask_for *what)
{
    struct hsy_witness *w = ctx;
    if (w->checks != NULL) {
        hsy_checks_asked(w->checks, node, to, number, what);
    }
    if (w->next.asked != NULL) {
        w->next.asked(w->next.ctx, node, to, number, what);
    }
}

static void on_told(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_effect *fx)
{
    struct hsy_witness *w = ctx;
    if (w->checks != NULL) {
        hsy_checks_told(w->checks, node, fx);
    }
    if (w->next.told != NULL) {
        w->next.told(w->next.ctx, node, now_ns, fx);
    }
}

static void on_started(void *ctx, uint32_t node)
{
    struct hsy_witness *w = ctx;
    if (w->ledger != NULL) {
        hsy_ledger_started(w->ledger, node);
    }
    if (w->checks != NULL) {
        hsy_checks_started(w->checks, node);
    }
    if (w->next.started != NULL) {
        w->next.started(w->next.ctx, node);
    }
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hsy_witness *w = ctx;
    if (w->ledger != NULL) {
        hsy_ledger_ended(w->ledger, node);
    }
    if (w->checks != NULL) {
        hsy_checks_ended(w->checks, node);
    }
    if (w->next.ended != NULL) {
        w->next.ended(w->next.ctx, node, why);
    }
}

static void on_sent(void *ctx, uint32_t from, uint32_t to, const uint8_t *bytes,
                    size_t len)
{
    struct hsy_witness *w = ctx;
    if (w->checks != NULL) {
        hsy_checks_sent(w->checks, from, to, bytes, len);
    }
    if (w->next.sent != NULL) {
        w->next.sent(w->next.ctx, from, to, bytes, len);
    }
}

static void on_stepped(void *ctx, uint32_t node)
{
    struct hsy_witness *w = ctx;
    if (w->checks != NULL) {
        hsy_checks_stepped(w->checks, node);
    }
    if (w->next.stepped != NULL) {
        w->next.stepped(w->next.ctx, node);
    }
}

static int create_checks(struct hsy_witness *w,
                         const struct hsy_cluster_config *config)
{
    int err = hsy_checks_create(&w->checks, config, w->cluster, w->ledger);
    if (err == HEARSAY_OK) {
        hsy_checks_set_meter(w->checks, &w->meter, hsy_meter_ceiling(config));
    }
    return err;
}

static int create_parts(struct hsy_witness *w,
                        const struct hsy_cluster_config *config, uint32_t keeps)
{
    uint32_t count = config->seeds + config->peers;
    struct hsy_cluster_config metered = *config;
    if ((keeps & HSY_WITNESS_CHECKS) != 0) {
        metered.mem = hsy_meter_mem(&w->meter);
    }
    int err = hsy_cluster_create(&w->cluster, &metered);
    if (err == HEARSAY_OK) {
        err = hsy_graph_create(&w->graph, count, &w->mem);
    }
    if (err == HEARSAY_OK &&
        (keeps & (HSY_WITNESS_LEDGER | HSY_WITNESS_CHECKS)) != 0) {
        err = hsy_ledger_create(&w->ledger, count, &w->mem);
    }
    if (w->ledger != NULL && config->peer_config->retain_on_disk) {
        hsy_ledger_remember(w->ledger,
                            config->peer_config->history == HEARSAY_UNLIMITED);
    }
    if (err == HEARSAY_OK && (keeps & HSY_WITNESS_CHECKS) != 0) {
        err = create_checks(w, config);
    }
    return err;
}

int hsy_witness_create(struct hsy_witness **out,
                       const struct hsy_cluster_config *config,
                       const struct hsy_witness_options *options)
{
    uint32_t keeps = options == NULL ? HSY_WITNESS_ALL : options->keeps;
    HSY_ASSERT((keeps & ~(uint32_t)HSY_WITNESS_ALL) == 0);
    struct hsy_witness *w = hsy_mem_zalloc(&config->mem, sizeof(*w));
    if (w == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    w->mem = config->mem;
    hsy_meter_init(&w->meter, &w->mem);
    w->tells_story = (keeps & HSY_WITNESS_STORY) != 0;
    struct hsy_cluster_config observed = *config;
    observed.observer = (struct hsy_observer){.ctx = w,
                                              .note = on_note,
                                              .delivered = on_delivered,
                                              .published = on_published,
                                              .asked = on_asked,
                                              .told = on_told,
                                              .started = on_started,
                                              .ended = on_ended,
                                              .sent = on_sent,
                                              .stepped = on_stepped};
    int err = create_parts(w, &observed, keeps);
    if (err != HEARSAY_OK) {
        hsy_witness_destroy(w);
        return err;
    }
    *out = w;
    return HEARSAY_OK;
}

void hsy_witness_destroy(struct hsy_witness *w)
{
    if (w == NULL) {
        return;
    }
    struct hearsay_mem mem = w->mem; /* Outlives the memory that held it. */
    hsy_cluster_destroy(w->cluster);
    hsy_checks_destroy(w->checks);
    hsy_ledger_destroy(w->ledger);
    hsy_graph_destroy(w->graph);
    hsy_mem_free(&mem, w);
}

void hsy_witness_disk_bad(struct hsy_witness *w, uint32_t node)
{
    HSY_ASSERT(w != NULL);
    if (w->ledger != NULL) {
        hsy_ledger_unsure(w->ledger, node);
    }
}

void hsy_witness_disk_lost(struct hsy_witness *w, uint32_t node)
{
    static const enum hsy_invariant whats[] = {HSY_R1, HSY_R2, HSY_R4, HSY_R8};
    HSY_ASSERT(node < hsy_cluster_count(w->cluster));
    hsy_witness_disk_bad(w, node);
    if (w->ledger != NULL) {
        hsy_ledger_forgot(w->ledger, node);
    }
    if (w->checks == NULL) {
        return;
    }
    if (node >= hsy_cluster_seeds(w->cluster)) {
        hsy_checks_excuse(w->checks, HSY_B5, node); /* An epoch comes again. */
        return;
    }
    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
        hsy_checks_excuse(w->checks, whats[i], node);
    }
}

void hsy_witness_clock_jumped(struct hsy_witness *w, uint32_t node)
{
    HSY_ASSERT(node < hsy_cluster_count(w->cluster));
    hsy_witness_disk_bad(w, node); /* What is too old, the clock says. */
    if (w->checks != NULL) {
        hsy_checks_excuse(w->checks, HSY_B3, node);
    }
}

bool hsy_witness_has_say(const struct hsy_cluster *c, uint32_t node)
{
    return hsy_cluster_process(c, node) == HSY_PROCESS_RUNNING &&
           !hsy_cluster_is_isolated(c, node);
}

static bool counts(void *ctx, uint32_t origin, uint32_t node)
{
    (void)origin;
    const struct hsy_witness *w = ctx;
    return hsy_witness_has_say(w->cluster, node);
}

struct hsy_missing hsy_witness_missing(const struct hsy_witness *w,
                                       uint64_t from_ns)
{
    HSY_ASSERT(w->ledger != NULL);
    struct hsy_expectation e = {.from_ns = from_ns,
                                .to_ns = hsy_cluster_now(w->cluster),
                                .counts = counts};
    memcpy(&e.ctx, &w, sizeof(e.ctx)); /* Handed back, and only read. */
    return hsy_ledger_missing(w->ledger, &e);
}
