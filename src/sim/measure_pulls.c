/* Who has asked whom for what. A node that pulls is answered by bundles, and
 * then by GONE; both may be cut off, so what is remembered of each pair is a
 * ring, in which the newest pushes out the oldest. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "wire/frames.h"

#include <string.h>

enum { PRINTED_LEN = HEARSAY_ID_LEN + 16 };

/* FNV-1a over the origin's id and the epoch, as they lie in frames. */
uint64_t hsy_measure_epoch_print(const uint8_t *origin_and_epoch)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < PRINTED_LEN; i++) {
        h = (h ^ origin_and_epoch[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static uint64_t pair_of(uint32_t asker, uint32_t asked)
{
    return (uint64_t)asker << 32 | asked;
}

static void add(struct hsy_pulls *pulls, uint32_t nonce,
                const struct hsy_spans *spans, uint32_t index)
{
    struct hsy_span span = hsy_spans_at(spans, index);
    const uint8_t *at = spans->bytes + (size_t)index * HSY_SPAN_LEN;
    pulls->pulled[pulls->next] =
        (struct hsy_pulled){.epoch = hsy_measure_epoch_print(at),
                            .from = span.from,
                            .to = span.to,
                            .nonce = nonce};
    pulls->next = (pulls->next + 1) % HSY_PULLED_MAX;
    pulls->count += pulls->count < HSY_PULLED_MAX ? 1 : 0;
}

static void on_pull(struct hsy_measure *m, uint64_t pair,
                    const struct hsy_frame *frame)
{
    void *item;
    int err = hsy_table_put(&m->pulls, &item, &pair);
    if (err == HEARSAY_ERR_NOMEM) {
        m->err = err;
    }
    for (uint32_t i = 0; err == HEARSAY_OK && i < frame->pull.spans.count;
         i++) {
        add(item, frame->pull.nonce, &frame->pull.spans, i);
    }
}

/* Those that stay move to the front; in the order in which they came. */
static void on_gone(struct hsy_measure *m, uint64_t pair, uint32_t nonce)
{
    struct hsy_pulls *pulls = hsy_table_find(&m->pulls, &pair);
    if (pulls == NULL) {
        return;
    }
    struct hsy_pulls left = {.who = pair};
    uint32_t first = pulls->next + HSY_PULLED_MAX - pulls->count;
    for (uint32_t i = 0; i < pulls->count; i++) {
        const struct hsy_pulled *p =
            &pulls->pulled[(first + i) % HSY_PULLED_MAX];
        if (p->nonce != nonce) {
            left.pulled[left.count] = *p;
            left.count++;
        }
    }
    left.next = left.count % HSY_PULLED_MAX;
    if (left.count > 0) {
        *pulls = left;
    } else {
        hsy_table_remove(&m->pulls, pulls);
    }
}

void hsy_measure_asked(struct hsy_measure *m, uint32_t from, uint32_t to,
                       const uint8_t *frame, size_t len)
{
    struct hsy_frame read;
    if (hsy_frame_decode(&read, frame, len, NULL) != HEARSAY_OK) {
        return;
    }
    if (read.type == HSY_PULL) {
        on_pull(m, pair_of(from, to), &read);
    } else {
        HSY_ASSERT(read.type == HSY_GONE);
        on_gone(m, pair_of(to, from), read.gone.nonce);
    }
}

bool hsy_measure_was_asked(const struct hsy_measure *m, uint32_t from,
                           uint32_t to, const struct hsy_carried_span *span)
{
    uint64_t pair = pair_of(to, from);
    const struct hsy_pulls *pulls =
        m->pulls.count == 0 ? NULL : hsy_table_find(&m->pulls, &pair);
    for (uint32_t i = 0; pulls != NULL && i < pulls->count; i++) {
        const struct hsy_pulled *p = &pulls->pulled[i];
        /* The ring is full, or begins at 0. A bundle that only touches what
         * was asked for is sent whole. */
        if (p->epoch == span->epoch && span->first <= p->to &&
            p->from < span->first + span->count) {
            return true;
        }
    }
    return false;
}
