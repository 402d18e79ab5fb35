/* A peer on recording ports that pulls what it misses. */
#ifndef HSY_TESTS_SUPPORT_PULL_RIG_H
#define HSY_TESTS_SUPPORT_PULL_RIG_H

#include "support/claim.h"
#include "support/relay_rig.h"

#include <string.h>

static struct relay_rig rig;

/* The span at @index of the last PULL over @link. */
static inline struct hsy_span pulled(hearsay_link link, uint32_t index)
{
    struct hsy_frame frame = relay_rig_last(&rig, link, HSY_PULL);

    return hsy_spans_at(&frame.pull.spans, index);
}

static inline bool is_span(struct hsy_span span, uint32_t number, uint64_t from,
                           uint64_t to)
{
    struct hsy_epoch of = relay_rig_epoch(number);

    return memcmp(&span.of, &of, sizeof(of)) == 0 && span.from == from &&
           span.to == to;
}

/* GONE over @link, of o1 from @from to @to (none: to < from), for the last
 * PULL there. */
static inline void gone_span(hearsay_link link, uint64_t from, uint64_t to,
                             enum hsy_gone_how how)
{
    struct hsy_frame frame = {.type = HSY_GONE};
    struct hsy_frame pull = relay_rig_last(&rig, link, HSY_PULL);
    struct hsy_span span = {.of = relay_rig_epoch(1), .from = from, .to = to};
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));

    frame.gone.nonce = pull.pull.nonce;
    frame.gone.how = how;
    frame.gone.spans.bytes = bytes;
    if (from <= to) {
        hsy_spans_add(&list, &frame.gone.spans, &span);
    }
    relay_rig_frame(&rig, link, &frame);
}

/* It has nothing more, and calls nothing gone. */
static inline void gone(hearsay_link link)
{
    gone_span(link, 1, 0, HSY_GONE_DONE);
}

/* MARKS over @link: of o<first> to o<last>, each the same. */
static inline void offer_many(hearsay_link link, uint32_t first, uint32_t last,
                              uint64_t from, uint64_t to)
{
    static uint8_t bytes[HSY_DIGEST_MARKS_MAX * HSY_SPAN_LEN];
    struct hsy_frame frame = {.type = HSY_DIGEST,
                              .digest.kind = HSY_DIGEST_MARKS};
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));

    frame.digest.marks.bytes = bytes;
    for (uint32_t i = first; i <= last; i++) {
        struct hsy_span mark = {
            .of = relay_rig_epoch(i), .from = from, .to = to};
        hsy_spans_add(&list, &frame.digest.marks, &mark);
    }
    relay_rig_frame(&rig, link, &frame);
}

static inline void offer(hearsay_link link, uint32_t number, uint64_t from,
                         uint64_t to)
{
    offer_many(link, number, number, from, to);
}

#endif
