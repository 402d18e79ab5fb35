/* What links carry: frames by their header, messages by the count in the
 * bundle. */
#include "sim/measure_inner.h"

#include "base/assert.h"
#include "wire/frames.h"

#include <string.h>

enum {
    TYPE_AT = 4,
    /* hops u8 | origin | epoch 16 | first seq 8 | count u16 | ... */
    COUNT_AT = HSY_FRAME_HEADER_LEN + 1 + HEARSAY_ID_LEN + 16 + 8
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

void hsy_measure_sent(void *ctx, uint32_t from, uint32_t to,
                      const uint8_t *bytes, size_t len)
{
    struct hsy_measure *m = ctx;
    (void)to;
    HSY_ASSERT(from < m->count);
    m->counts.bytes += len;
    for (size_t frame; (frame = frame_len(bytes, len)) > 0;) {
        uint32_t copies = copies_in(bytes, frame);
        m->counts.frames++;
        if (copies > 0) {
            m->counts.copies += copies;
            m->counts.copies_bytes += frame;
            m->members[from].copies += copies;
        }
        bytes += frame;
        len -= frame;
    }
}

void hsy_measure_traffic(struct hsy_measure *m)
{
    m->counts.frames = 0;
    m->counts.bytes = 0;
    m->counts.copies = 0;
    m->counts.copies_bytes = 0;
    m->counts.deliveries = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        m->members[i].copies = 0;
    }
}
