/* What links carry: frames by their header, messages by the count in the
 * bundle, and what each frame is for.
 *
 * A bundle that mends is told from one that spreads by who asked: it is pulled
 * when a PULL of its receiver to its sender names its messages, and no GONE
 * has ended that PULL yet. Flags alone do not tell: what is flooded beside the
 * tree is flagged alike. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "wire/frames.h"

#include <string.h>

enum {
    TYPE_AT = 4,
    FLAGS_AT = 5,
    /* hops u8 | origin | epoch 16 | first seq 8 | count u16 | ... */
    ORIGIN_AT = HSY_FRAME_HEADER_LEN + 1,
    FIRST_AT = ORIGIN_AT + HEARSAY_ID_LEN + 16,
    COUNT_AT = FIRST_AT + 8
};

/* Length of the whole frame at @bytes; 0: that is none. */
static size_t frame_len(const uint8_t *bytes, size_t len)
{
    if (len < HSY_FRAME_HEADER_LEN) {
        return 0;
    }
    size_t body = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
                  (size_t)bytes[2] << 8 | bytes[3];
    return body >= 2 && body <= len - TYPE_AT ? TYPE_AT + body : 0;
}

static uint32_t copies_in(const uint8_t *frame, size_t len)
{
    if (frame[TYPE_AT] != HSY_BUNDLE || len < COUNT_AT + 2) {
        return 0;
    }
    return (uint32_t)frame[COUNT_AT] << 8 | frame[COUNT_AT + 1];
}

static uint64_t u64_at(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static enum hsy_traffic bundle_kind(const struct hsy_measure *m, uint32_t from,
                                    uint32_t to, const uint8_t *frame,
                                    size_t len)
{
    uint32_t copies = copies_in(frame, len);
    if (copies == 0 || (frame[FLAGS_AT] & HSY_FLAG_EXTRA) == 0) {
        return HSY_TRAFFIC_PAYLOAD;
    }
    struct hsy_carried_span span = {
        .epoch = hsy_measure_epoch_print(frame + ORIGIN_AT),
        .first = u64_at(frame + FIRST_AT),
        .count = copies};
    return hsy_measure_was_asked(m, from, to, &span) ? HSY_TRAFFIC_PULLED
                                                     : HSY_TRAFFIC_PAYLOAD;
}

static enum hsy_traffic kind_of(struct hsy_measure *m, uint32_t from,
                                uint32_t to, const uint8_t *frame, size_t len)
{
    switch (frame[TYPE_AT]) {
    case HSY_BUNDLE:
        return bundle_kind(m, from, to, frame, len);
    case HSY_PIECE:
        return HSY_TRAFFIC_PAYLOAD;
    case HSY_IHAVE:
        return HSY_TRAFFIC_ANNOUNCE;
    case HSY_GRAFT:
    case HSY_PRUNE:
        return HSY_TRAFFIC_TREE;
    case HSY_PULL:
    case HSY_GONE:
        hsy_measure_asked(m, from, to, frame, len);
        return HSY_TRAFFIC_REPAIR;
    case HSY_DIGEST:
        return HSY_TRAFFIC_REPAIR;
    case HSY_ACCEPT:
        hsy_measure_mend_accepted(m, from, to);
        return HSY_TRAFFIC_REST;
    default:
        return HSY_TRAFFIC_REST;
    }
}

/* Is the message of hsy_measure_first() in this bundle? */
static bool holds_first(const struct hsy_measure *m, const uint8_t *frame)
{
    const struct hsy_message_key *key = &m->first.key;
    const struct hearsay_id *id = hsy_cluster_id(m->cluster, key->origin);
    uint64_t first = u64_at(frame + FIRST_AT);
    uint64_t count = (uint64_t)frame[COUNT_AT] << 8 | frame[COUNT_AT + 1];
    return m->first.published &&
           memcmp(frame + ORIGIN_AT, id->bytes, sizeof(id->bytes)) == 0 &&
           key->seq >= first && key->seq - first < count;
}

static void count_frame(struct hsy_measure *m, uint32_t from, uint32_t to,
                        const uint8_t *frame, size_t len)
{
    enum hsy_traffic kind = kind_of(m, from, to, frame, len);
    uint32_t copies = copies_in(frame, len);
    if (m->first.due != NULL) {
        m->first.copies += copies > 0 && holds_first(m, frame) ? 1 : 0;
        return;
    }
    m->counts.frames++;
    m->counts.by_kind[kind].frames++;
    m->counts.by_kind[kind].bytes += len;
    if (copies > 0) {
        m->counts.copies += copies;
        m->members[from].copies += copies;
    }
}

void hsy_measure_sent(void *ctx, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t len)
{
    struct hsy_measure *m = ctx;
    HSY_ASSERT(from < m->count);
    m->counts.bytes += m->first.due == NULL ? len : 0;
    for (size_t frame; (frame = frame_len(bytes, len)) > 0;) {
        count_frame(m, from, to, bytes, frame);
        bytes += frame;
        len -= frame;
    }
}

void hsy_measure_traffic(struct hsy_measure *m)
{
    m->counts.frames = 0;
    m->counts.bytes = 0;
    m->counts.copies = 0;
    m->counts.deliveries = 0;
    memset(m->counts.by_kind, 0, sizeof(m->counts.by_kind));
    for (uint32_t i = 0; i < m->count; i++) {
        m->members[i].copies = 0;
    }
}

void hsy_measure_restart(struct hsy_measure *m)
{
    hsy_measure_traffic(m);
    m->from_ns = hsy_cluster_now(m->cluster);
    memset(&m->histograms[HSY_MEASURE_LATENCY], 0, sizeof(m->histograms[0]));
    memset(&m->histograms[HSY_MEASURE_HOPS], 0, sizeof(m->histograms[0]));
}
