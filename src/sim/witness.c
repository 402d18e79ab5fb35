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

static void on_published(void *ctx, uint32_t node, uint64_t seq,
                         const uint8_t *payload, size_t payload_len)
{
    struct hsy_witness *w = ctx;
    struct hsy_published p = {.origin = node,
                              .seq = seq,
                              .payload = payload,
                              .payload_len = payload_len};
    keep_err(w,
             hsy_ledger_published(w->ledger, hsy_cluster_now(w->cluster), &p));
}

/* The generator of a node publishes by itself, and says so. */
static void on_gossip(struct hsy_witness *w, uint32_t node,
                      const struct hearsay_note *note)
{
    const struct hearsay_field *seq = hsy_note_find(note, "seq");
    const struct hearsay_field *text = hsy_note_find(note, "text");
    HSY_ASSERT(seq != NULL);
    HSY_ASSERT(text != NULL);
    on_published(w, node, seq->u64, (const uint8_t *)text->text,
                 strlen(text->text));
}

static void on_note(void *ctx, uint32_t node, uint64_t now_ns,
                    const struct hearsay_note *note)
{
    struct hsy_witness *w = ctx;
    hsy_story_note(&w->story, w->cluster, node, note);
    if (strcmp(note->event, "gossip-sent") == 0) {
        on_gossip(w, node, note);
    } else if (strcmp(note->event, "joined") == 0) {
        hsy_ledger_joined(w->ledger, node, now_ns);
    }
    if (w->on_note != NULL) {
        w->on_note(w->ctx, node, note);
    }
}

static void on_delivered(void *ctx, uint32_t node, uint64_t now_ns,
                         const struct hearsay_message *message)
{
    struct hsy_witness *w = ctx;
    (void)now_ns;
    uint32_t origin;
    bool known = hsy_cluster_find(w->cluster, &message->origin, &origin);
    keep_err(w, hsy_ledger_delivered(w->ledger, node,
                                     known ? (int64_t)origin
                                           : (int64_t)HSY_LEDGER_NOBODY,
                                     message));
}

static void on_started(void *ctx, uint32_t node)
{
    struct hsy_witness *w = ctx;
    hsy_ledger_started(w->ledger, node);
}

static void on_ended(void *ctx, uint32_t node, const enum hearsay_stop *why)
{
    struct hsy_witness *w = ctx;
    (void)why;
    hsy_ledger_ended(w->ledger, node);
}

int hsy_witness_create(struct hsy_witness **out,
                       const struct hsy_cluster_config *config)
{
    struct hsy_witness *w = hsy_mem_zalloc(&config->mem, sizeof(*w));
    if (w == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    w->mem = config->mem;
    struct hsy_cluster_config observed = *config;
    observed.observer = (struct hsy_observer){.ctx = w,
                                              .note = on_note,
                                              .delivered = on_delivered,
                                              .published = on_published,
                                              .started = on_started,
                                              .ended = on_ended};
    uint32_t count = config->seeds + config->peers;
    int err = hsy_cluster_create(&w->cluster, &observed);
    if (err == HEARSAY_OK) {
        err = hsy_ledger_create(&w->ledger, count, &w->mem);
    }
    if (err == HEARSAY_OK) {
        err = hsy_graph_create(&w->graph, count, &w->mem);
    }
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
    hsy_ledger_destroy(w->ledger);
    hsy_graph_destroy(w->graph);
    hsy_mem_free(&mem, w);
}

bool hsy_witness_has_say(const struct hsy_cluster *c, uint32_t node)
{
    return hsy_cluster_process(c, node) == HSY_PROCESS_RUNNING &&
           !hsy_cluster_is_isolated(c, node);
}

static bool counts(void *ctx, uint32_t node)
{
    const struct hsy_witness *w = ctx;
    return hsy_witness_has_say(w->cluster, node);
}

struct hsy_missing hsy_witness_missing(const struct hsy_witness *w,
                                       uint64_t from_ns)
{
    struct hsy_expectation e = {.from_ns = from_ns,
                                .to_ns = hsy_cluster_now(w->cluster),
                                .counts = counts};
    memcpy(&e.ctx, &w, sizeof(e.ctx)); /* Handed back, and only read. */
    return hsy_ledger_missing(w->ledger, &e);
}
