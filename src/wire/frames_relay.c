/* Frames that spread and mend messages between two peers, beside BUNDLE
 * itself. All of them are of version 2. */
#include "wire/codec.h"

#include "base/assert.h"

/* ------------------------------------------------------------------ spans */

/* Span:  origin 32 | epoch: incarnation u64, nonce u64 | from u64 | to u64
 *
 * from >= 1; to >= from - 1 (equal: empty); to + 1 fits into 64 bits.
 */
static bool span_valid(const struct hsy_span *span)
{
    return span->from >= 1 && span->to >= span->from - 1 &&
           span->to < UINT64_MAX;
}

static void get_span(struct hsy_reader *in, struct hsy_span *span)
{
    hsy_wire_get_id(in, &span->of.origin);
    span->of.incarnation = hsy_wire_get_incarnation(in);
    span->of.nonce = hsy_get_u64(in);
    span->from = hsy_get_u64(in);
    span->to = hsy_get_u64(in);
    hsy_wire_require(in, span_valid(span));
}

void hsy_spans_add(struct hsy_writer *list, struct hsy_spans *spans,
                   const struct hsy_span *span)
{
    HSY_ASSERT(span_valid(span));
    HSY_ASSERT(spans->bytes == list->data);
    hsy_wire_put_id(list, &span->of.origin);
    hsy_wire_put_incarnation(list, span->of.incarnation);
    hsy_put_u64(list, span->of.nonce);
    hsy_put_u64(list, span->from);
    hsy_put_u64(list, span->to);
    if (!list->bad) {
        spans->count++;
    }
}

struct hsy_span hsy_spans_at(const struct hsy_spans *spans, uint32_t index)
{
    struct hsy_reader in =
        hsy_reader(spans->bytes + (size_t)index * HSY_SPAN_LEN, HSY_SPAN_LEN);
    struct hsy_span span;

    HSY_ASSERT(index < spans->count);
    get_span(&in, &span);
    HSY_ASSERT(hsy_reader_done(&in));
    return span;
}

static void put_spans(struct hsy_writer *out, const struct hsy_spans *spans)
{
    hsy_put_u16(out, (uint16_t)spans->count);
    hsy_put_bytes(out, spans->bytes, (size_t)spans->count * HSY_SPAN_LEN);
}

static void get_spans(struct hsy_reader *in, struct hsy_spans *spans,
                      uint16_t min, uint16_t max)
{
    uint16_t count = hsy_get_u16(in);

    hsy_wire_require(in, count >= min && count <= max);
    spans->count = in->bad ? 0 : count;
    spans->bytes = in->at;
    for (uint32_t i = 0; i < spans->count; i++) {
        struct hsy_span span;
        get_span(in, &span);
    }
}

/* ------------------------------------------------------------------- tree */

/* IHAVE:  count u8, 1 to 250 | bundle id 16 x count
 */
void hsy_wire_put_ihave(struct hsy_writer *out,
                        const struct hsy_bundle_ids *ids)
{
    HSY_ASSERT(ids->count >= 1);
    HSY_ASSERT(ids->count <= HSY_IHAVE_IDS_MAX);
    hsy_put_u8(out, (uint8_t)ids->count);
    hsy_put_bytes(out, ids->bytes,
                  (size_t)ids->count * sizeof(struct hsy_bundle_id));
}

void hsy_wire_get_ihave(struct hsy_reader *in, struct hsy_bundle_ids *ids)
{
    ids->count = hsy_wire_get_choice(in, 1, HSY_IHAVE_IDS_MAX);
    ids->bytes =
        hsy_get_slice(in, (size_t)ids->count * sizeof(struct hsy_bundle_id));
}

/* GRAFT:  last parent u8, 0 or 1 | count u8, at most 64 | bundle id 16 x count
 */
void hsy_wire_put_graft(struct hsy_writer *out, const struct hsy_frame *frame)
{
    const struct hsy_bundle_ids *ids = &frame->graft.ids;

    HSY_ASSERT(ids->count <= HSY_GRAFT_IDS_MAX);
    hsy_wire_put_bool(out, frame->graft.last_parent);
    hsy_put_u8(out, (uint8_t)ids->count);
    hsy_put_bytes(out, ids->bytes,
                  (size_t)ids->count * sizeof(struct hsy_bundle_id));
}

void hsy_wire_get_graft(struct hsy_reader *in, struct hsy_frame *frame)
{
    struct hsy_bundle_ids *ids = &frame->graft.ids;

    frame->graft.last_parent = hsy_wire_get_bool(in);
    ids->count = hsy_wire_get_choice(in, 0, HSY_GRAFT_IDS_MAX);
    ids->bytes =
        hsy_get_slice(in, (size_t)ids->count * sizeof(struct hsy_bundle_id));
}

/* PRUNE:  why u8 | records, at most 4
 */
void hsy_wire_put_prune(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->prune.alternatives.count <= HSY_REDIRECTS_MAX);
    hsy_put_u8(out, (uint8_t)frame->prune.why);
    hsy_wire_put_records(out, &frame->prune.alternatives);
}

void hsy_wire_get_prune(struct hsy_reader *in, struct hsy_frame *frame)
{
    frame->prune.why = (enum hsy_prune_why)hsy_wire_get_choice(
        in, HSY_PRUNE_DUPLICATE, HSY_PRUNE_SLOW);
    hsy_wire_get_records(in, &frame->prune.alternatives, HSY_REDIRECTS_MAX);
}

/* ROOT:  rank u8 | id 32 | round u32 | distance u32, us | parent u8, 0 or 1
 */
void hsy_wire_put_root(struct hsy_writer *out, const struct hsy_root *root)
{
    HSY_ASSERT(root != NULL);
    hsy_put_u8(out, root->rank);
    hsy_wire_put_id(out, &root->id);
    hsy_put_u32(out, root->round);
    hsy_put_u32(out, root->distance_us);
    hsy_wire_put_bool(out, root->parent);
}

void hsy_wire_get_root(struct hsy_reader *in, struct hsy_root *root)
{
    HSY_ASSERT(root != NULL);
    root->rank = hsy_get_u8(in);
    hsy_wire_get_id(in, &root->id);
    root->round = hsy_get_u32(in);
    root->distance_us = hsy_get_u32(in);
    root->parent = hsy_wire_get_bool(in);
}

/* ACK:  origin 32 | epoch: incarnation u64, nonce u64 | upto u64, at least 1
 */
void hsy_wire_put_ack(struct hsy_writer *out, const struct hsy_span *ack)
{
    HSY_ASSERT(ack->from == 1 && ack->to >= 1);
    hsy_wire_put_id(out, &ack->of.origin);
    hsy_wire_put_incarnation(out, ack->of.incarnation);
    hsy_put_u64(out, ack->of.nonce);
    hsy_put_u64(out, ack->to);
}

void hsy_wire_get_ack(struct hsy_reader *in, struct hsy_span *ack)
{
    hsy_wire_get_id(in, &ack->of.origin);
    ack->of.incarnation = hsy_wire_get_incarnation(in);
    ack->of.nonce = hsy_get_u64(in);
    ack->from = 1;
    ack->to = hsy_get_u64(in);
    hsy_wire_require(in, ack->to >= 1 && span_valid(ack));
}

/* ----------------------------------------------------------------- repair */

/* DIGEST:  kind u8, then
 *
 *     0 sum     u64
 *     1 hashes  idle only u8, 0 or 1 | u32 x 64
 *     2 marks   ask u8, 0 or 1 | buckets u64, bit k: bucket k is complete
 *               count u16, at most 256 | span x count
 */
void hsy_wire_put_digest(struct hsy_writer *out,
                         const struct hsy_digest *digest)
{
    hsy_put_u8(out, (uint8_t)digest->kind);
    switch (digest->kind) {
    case HSY_DIGEST_SUM:
        hsy_put_u64(out, digest->sum);
        return;
    case HSY_DIGEST_HASHES:
        hsy_wire_put_bool(out, digest->idle_only);
        for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
            hsy_put_u32(out, digest->hashes[i]);
        }
        return;
    case HSY_DIGEST_MARKS:
        HSY_ASSERT(digest->marks.count <= HSY_DIGEST_MARKS_MAX);
        hsy_wire_put_bool(out, digest->ask);
        hsy_put_u64(out, digest->buckets);
        put_spans(out, &digest->marks);
        return;
    }
}

void hsy_wire_get_digest(struct hsy_reader *in, struct hsy_digest *digest)
{
    digest->kind = (enum hsy_digest_kind)hsy_wire_get_choice(in, HSY_DIGEST_SUM,
                                                             HSY_DIGEST_MARKS);
    switch (digest->kind) {
    case HSY_DIGEST_SUM:
        digest->sum = hsy_get_u64(in);
        return;
    case HSY_DIGEST_HASHES:
        digest->idle_only = hsy_wire_get_bool(in);
        for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
            digest->hashes[i] = hsy_get_u32(in);
        }
        return;
    case HSY_DIGEST_MARKS:
        digest->ask = hsy_wire_get_bool(in);
        digest->buckets = hsy_get_u64(in);
        get_spans(in, &digest->marks, 0, HSY_DIGEST_MARKS_MAX);
        return;
    }
}

/* PULL:  nonce u32 | credit u32, bytes | count u16, 1 to 16 | span x count
 */
void hsy_wire_put_pull(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->pull.spans.count >= 1);
    HSY_ASSERT(frame->pull.spans.count <= HSY_PULL_SPANS_MAX);
    hsy_put_u32(out, frame->pull.nonce);
    hsy_put_u32(out, frame->pull.credit);
    put_spans(out, &frame->pull.spans);
}

void hsy_wire_get_pull(struct hsy_reader *in, struct hsy_frame *frame)
{
    frame->pull.nonce = hsy_get_u32(in);
    frame->pull.credit = hsy_get_u32(in);
    get_spans(in, &frame->pull.spans, 1, HSY_PULL_SPANS_MAX);
}

/* GONE:  nonce u32 | how u8: 0 done, 1 more | count u16, at most 16
 *        span x count
 */
void hsy_wire_put_gone(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->gone.spans.count <= HSY_PULL_SPANS_MAX);
    hsy_put_u32(out, frame->gone.nonce);
    hsy_put_u8(out, (uint8_t)frame->gone.how);
    put_spans(out, &frame->gone.spans);
}

void hsy_wire_get_gone(struct hsy_reader *in, struct hsy_frame *frame)
{
    frame->gone.nonce = hsy_get_u32(in);
    frame->gone.how = (enum hsy_gone_how)hsy_wire_get_choice(in, HSY_GONE_DONE,
                                                             HSY_GONE_MORE);
    get_spans(in, &frame->gone.spans, 0, HSY_PULL_SPANS_MAX);
}
