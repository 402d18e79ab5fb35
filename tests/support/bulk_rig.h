/* A peer on recording ports that hears of large messages: their content is
 * always the beginning of the same bytes. */
#ifndef HSY_TESTS_SUPPORT_BULK_RIG_H
#define HSY_TESTS_SUPPORT_BULK_RIG_H

#include "support/claim.h"
#include "support/relay_rig.h"

#include <string.h>

enum { PIECE = HSY_PIECE_LEN, LEN = 10 * PIECE + 100, PIECES = 11 };

static struct relay_rig rig;
static uint8_t content[HEARSAY_PAYLOAD_MAX];

static inline void begin(void)
{
    relay_rig_begin_with(&rig, 3); /* 4, 6, 8. */
    for (uint32_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)(i * 7 + (i >> 15));
    }
}

static inline void end(void)
{
    relay_rig_fini(&rig);
}

static inline struct hsy_bulk *bulk(void)
{
    return &relay_rig_relay(&rig)->bulk;
}

static inline const struct hsy_counters *counters(void)
{
    return relay_rig_counters(&rig);
}

/* The manifest of o<number>'s message @seq, of @len bytes. */
static inline struct hsy_bundle manifest(uint32_t number, uint64_t seq,
                                         uint32_t len)
{
    static uint8_t bytes[HSY_BUNDLE_LEN_MAX];
    static uint8_t hashes[HSY_PIECES_MAX * HSY_PIECE_HASH_LEN];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle bundle = relay_rig_bundle(&rig, number, seq, 1);
    struct hsy_message message = {.payload_len = len, .hashes = hashes};

    for (uint16_t i = 0; i < hsy_pieces_of(len); i++) {
        rig.core.env.ports.hash(NULL, hashes + i * HSY_PIECE_HASH_LEN,
                                content + (size_t)i * PIECE,
                                hsy_piece_len(len, i));
    }
    bundle.messages = bytes;
    bundle.messages_len = 0;
    bundle.count = 0;
    hsy_messages_add(&out, &bundle, &message);
    return bundle;
}

static inline struct hsy_bundle_id id_of(uint32_t number, uint64_t seq,
                                         uint32_t len)
{
    struct hsy_bundle bundle = manifest(number, seq, len);

    return relay_rig_id(&rig, &bundle);
}

static inline bool hear(hearsay_link link, uint32_t number, uint64_t seq,
                        uint32_t len)
{
    struct hsy_bundle bundle = manifest(number, seq, len);

    return relay_rig_hear(&rig, link, &bundle, 0);
}

static inline struct hsy_frame piece(const struct hsy_bundle_id *id,
                                     uint32_t len, uint16_t index)
{
    struct hsy_frame frame = {.type = HSY_PIECE};

    frame.piece.id = *id;
    frame.piece.index = index;
    frame.piece.bytes = content + (size_t)index * PIECE;
    frame.piece.len = hsy_piece_len(len, index);
    return frame;
}

static inline void say_piece(hearsay_link link, const struct hsy_bundle_id *id,
                             uint32_t len, uint16_t index)
{
    struct hsy_frame frame = piece(id, len, index);

    relay_rig_frame(&rig, link, &frame);
}

static inline void say_no(hearsay_link link, const struct hsy_bundle_id *id,
                          enum hsy_piece_how how)
{
    struct hsy_frame frame = {.type = HSY_PIECE};

    frame.piece.id = *id;
    frame.piece.how = how;
    relay_rig_frame(&rig, link, &frame);
}

static inline void say_not_here(hearsay_link link,
                                const struct hsy_bundle_id *id)
{
    say_no(link, id, HSY_PIECE_NOT_HERE);
}

static inline void say_fetch(hearsay_link link, const struct hsy_bundle_id *id,
                             uint16_t first, uint16_t upto)
{
    struct hsy_frame frame = {.type = HSY_FETCH};

    frame.fetch.id = *id;
    frame.fetch.first = first;
    frame.fetch.upto = upto;
    relay_rig_frame(&rig, link, &frame);
}

static inline uint32_t fetches(hearsay_link link)
{
    return relay_rig_sent(&rig, link, HSY_FETCH);
}

/* The last one over @link asks up to there. */
static inline void claim_fetch(hearsay_link link, uint16_t first, uint16_t upto)
{
    struct hsy_fetch fetch = relay_rig_last(&rig, link, HSY_FETCH).fetch;

    CLAIM_INT(fetch.first, first);
    CLAIM_INT(fetch.upto, upto);
}

/* Pieces come from @link as fast as they are asked for, up to @upto. */
static inline void feed(hearsay_link link, const struct hsy_bundle_id *id,
                        uint32_t len, uint16_t upto)
{
    const struct hsy_bulk_entry *e;

    while ((e = hsy_bulk_find(bulk(), id)) != NULL && e->have < upto) {
        if (e->have == e->asked) {
            relay_rig_run(&rig, 2);
        }
        say_piece(link, id, len, e->have);
    }
}

static inline uint64_t last_sum(void)
{
    CLAIM(rig.ports.deliveries_count > 0);
    return rig.ports.deliveries[rig.ports.deliveries_count - 1].sum;
}

/* The node takes a whole one from link 4. */
static inline struct hsy_bundle_id take_one(uint32_t number, uint64_t seq,
                                            uint32_t len)
{
    CLAIM(hear(4, number, seq, len));
    struct hsy_bundle_id id = id_of(number, seq, len);
    feed(4, &id, len, hsy_pieces_of(len));
    return id;
}

#endif
