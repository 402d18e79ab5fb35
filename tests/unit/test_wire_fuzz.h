/* What must hold for any bytes at all: whatever is decoded has exactly one
 * encoding, and its lists can be walked to their ends. Shared by the fuzz
 * target and by the test that replays its corpus. */
#ifndef HSY_TEST_WIRE_FUZZ_H
#define HSY_TEST_WIRE_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "wire/frames.h"

static inline void walk_records(const struct hsy_records *records)
{
    struct hsy_reader at = hsy_reader(records->bytes, records->len);
    struct hsy_record record;
    uint32_t count = 0;
    while (hsy_records_next(&at, &record)) {
        count++;
    }
    HSY_ASSERT(count == records->count);
    HSY_ASSERT(hsy_reader_done(&at));
}

static inline void walk_messages(const struct hsy_bundle *bundle)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;
    uint32_t count = 0;
    uint64_t sum = 0; /* Touches every byte that the bundle lends. */
    while (hsy_messages_next(&at, &message)) {
        count++;
        bool large = hsy_message_large(&message);
        const uint8_t *lent = large ? message.hashes : message.payload;
        uint32_t len = large ? (uint32_t)hsy_pieces_of(message.payload_len) *
                                   HSY_PIECE_HASH_LEN
                             : message.payload_len;
        for (uint32_t i = 0; i < len; i++) {
            sum += lent[i];
        }
    }
    HSY_ASSERT(sum <= UINT64_C(255) * bundle->messages_len);
    HSY_ASSERT(count == bundle->count);
    HSY_ASSERT(hsy_reader_done(&at));
}

static inline void walk_sync(const struct hsy_sync *sync)
{
    struct hsy_reader at = hsy_reader(sync->entries, sync->entries_len);
    struct hsy_sync_entry entry;
    uint32_t count = 0;
    while (hsy_sync_next(&at, &entry)) {
        count++;
    }
    HSY_ASSERT(count == sync->count);
    HSY_ASSERT(hsy_reader_done(&at));
}

/* Most frames have no list. */
static inline void walk(const struct hsy_frame *frame)
{
    if (frame->type == HSY_REGISTERED) {
        walk_records(&frame->registered.sample);
    } else if (frame->type == HSY_PEERS) {
        walk_records(&frame->peers.records);
    } else if (frame->type == HSY_BRIDGE) {
        walk_records(&frame->bridge.records);
    } else if (frame->type == HSY_REFUSE) {
        walk_records(&frame->refuse.alternatives);
    } else if (frame->type == HSY_BUNDLE) {
        walk_messages(&frame->bundle.bundle);
    } else if (frame->type == HSY_SEED_SYNC) {
        walk_sync(&frame->sync);
    }
}

/* @data has exactly @len bytes, so that a sanitizer sees any over-read. */
static inline bool check_exact(const uint8_t *data, size_t len)
{
    struct hsy_frame frame;
    if (hsy_frame_decode(&frame, data, len, NULL) != 0) {
        return false;
    }
    size_t peeked = 0;
    HSY_ASSERT(hsy_frame_peek(&peeked, data, len, UINT32_MAX) == 0);
    HSY_ASSERT(peeked == len);
    walk(&frame);
    uint8_t *again = malloc(len);
    HSY_ASSERT(again != NULL);
    struct hsy_writer out = hsy_writer(again, len);
    hsy_frame_encode(&out, &frame);
    HSY_ASSERT(!out.bad);
    HSY_ASSERT(out.len == len);
    HSY_ASSERT(memcmp(again, data, len) == 0);
    free(again);
    return true;
}

/* As it came, then with a length field that fits: a mutation seldom hits on
 * the right one. True: one of the two was a frame. */
static inline bool check_frame(const uint8_t *data, size_t len)
{
    size_t peeked = 0;
    int err = hsy_frame_peek(&peeked, data, len, 1024 * 1024);
    HSY_ASSERT(err == 0 || peeked == 0);
    if (len < 4) {
        return false;
    }
    uint8_t *copy = malloc(len);
    HSY_ASSERT(copy != NULL);
    memcpy(copy, data, len);
    bool taken = check_exact(copy, len);
    if (!taken) {
        struct hsy_writer length = hsy_writer(copy, 4);
        hsy_put_u32(&length, (uint32_t)(len - 4));
        taken = check_exact(copy, len);
    }
    free(copy);
    return taken;
}

#endif
