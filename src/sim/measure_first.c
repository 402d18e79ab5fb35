/* The first message after a strike, measured for itself. Who is owed it is
 * looked up in the overlay as it is when it is published: a network that a
 * strike has torn may need a while to be one again. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"

#include <string.h>

int hsy_measure_first(struct hsy_measure *m, const struct hsy_graph *g,
                      uint32_t origin)
{
    HSY_ASSERT(g->count == m->count);
    HSY_ASSERT(origin < m->count);
    uint8_t *due = hsy_mem_zalloc(&m->mem, (m->count + 7) / 8);
    if (due == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    hsy_mem_free(&m->mem, m->first.due);
    memset(&m->first, 0, sizeof(m->first));
    m->first.due = due;
    m->first.key.origin = origin;
    for (uint32_t i = m->seeds; i < m->count; i++) {
        if (i != origin && g->present[i] && g->present[origin] &&
            hsy_graph_together(g, i, origin)) {
            due[i / 8] |= (uint8_t)(1u << (i % 8));
            m->first.due_count++;
        }
    }
    return HEARSAY_OK;
}

void hsy_measure_first_published(struct hsy_measure *m,
                                 const struct hsy_message_key *key)
{
    struct hsy_first *first = &m->first;
    if (first->due != NULL && !first->published &&
        first->key.origin == key->origin) {
        first->published = true;
        first->key = *key;
    }
}

bool hsy_measure_is_first(const struct hsy_measure *m,
                          const struct hsy_message_key *key)
{
    const struct hsy_first *first = &m->first;
    return first->published && key->origin == first->key.origin &&
           key->life == first->key.life && key->seq == first->key.seq;
}

void hsy_measure_first_delivered(struct hsy_measure *m,
                                 const struct hsy_measured *message,
                                 uint32_t node, uint64_t now_ns)
{
    struct hsy_first *first = &m->first;
    if (!hsy_measure_is_first(m, &message->key)) {
        return;
    }
    first->deliveries++;
    if (hsy_measure_bit(first->due, node)) {
        hsy_histogram_add(&first->latency, now_ns - message->published_ns);
    }
}

uint64_t hsy_measure_first_lacking(const struct hsy_measure *m)
{
    const struct hsy_first *first = &m->first;
    const struct hsy_measured *message =
        first->published ? hsy_table_find(&m->messages, &first->key) : NULL;
    uint64_t lacking = 0;
    for (uint32_t i = m->seeds; first->due != NULL && i < m->count; i++) {
        bool has = message != NULL && hsy_measured_has(message, i);
        lacking +=
            !has && hsy_measure_bit(first->due, i) &&
                    hsy_cluster_process(m->cluster, i) == HSY_PROCESS_RUNNING
                ? 1
                : 0;
    }
    return lacking;
}

static double ms_of(uint64_t ns)
{
    return (double)ns / (double)HSY_MS;
}

void hsy_measure_first_figures(const struct hsy_measure *m,
                               struct hsy_figures *f)
{
    const struct hsy_first *first = &m->first;
    const struct hsy_histogram *h = &first->latency;
    if (first->due == NULL) {
        return;
    }
    f->first.expected = first->due_count;
    f->first.missed = hsy_measure_first_lacking(m);
    if (first->deliveries > 0) {
        f->first.redundancy =
            ((double)first->copies - (double)first->deliveries) /
            (double)first->deliveries;
    }
    if (h->count > 0) {
        f->first.p50_ms = ms_of(hsy_histogram_percentile(h, 50));
        f->first.p99_ms = ms_of(hsy_histogram_percentile(h, 99));
        f->first.max_ms = ms_of(h->max);
    }
}
