/* Bundles: consecutive messages of one origin under one signature. Messages
 * stay encoded; decoding walks them once, so that a later walk cannot fail. */
#include "wire/codec.h"

#include <string.h>

#include "base/assert.h"

enum { MESSAGE_FIXED_LEN = 1 + 4, QUERY_MS_LEN = 4, QUERY_MARK = 0x80 };
_Static_assert(HSY_BUNDLE_FIXED_LEN + MESSAGE_FIXED_LEN + QUERY_MS_LEN +
                       HSY_TOPIC_MAX + HSY_INLINE_MAX <=
                   HSY_BUNDLE_LEN_MAX,
               "the largest payload fits into a bundle of its own");
_Static_assert(HSY_BUNDLE_FIXED_LEN + MESSAGE_FIXED_LEN + HSY_TOPIC_MAX +
                       HSY_PIECES_MAX * HSY_PIECE_HASH_LEN <=
                   HSY_BUNDLE_LEN_MAX,
               "so do the hashes of the largest message");
_Static_assert(HEARSAY_PAYLOAD_MAX % HSY_PIECE_LEN == 0, "see HSY_PIECES_MAX");

/* Message:  topic_len u8 | topic | payload_len u32 | payload
 *           topic_len u8 | topic | payload_len u32 | hash 16 x pieces
 * Query:    128 + topic_len u8 | topic | timeout u32, ms | payload_len u32
 *           payload
 *
 * The topic is a text of at most 64 bytes without a NUL, and may be empty.
 * The second form when payload_len is more than 15 KiB, up to 16 MiB: pieces
 * of 32 KiB, the last one shorter. It is the only message of its bundle, and
 * no query. The timeout is 1 ms to 60 s; queries are of version 2.
 */
static size_t hashes_len(const struct hsy_message *message)
{
    HSY_ASSERT(message->payload_len <= HEARSAY_PAYLOAD_MAX);
    return (size_t)hsy_pieces_of(message->payload_len) * HSY_PIECE_HASH_LEN;
}

static void put_message(struct hsy_writer *out,
                        const struct hsy_message *message)
{
    HSY_ASSERT(message->topic_len <= HSY_TOPIC_MAX);
    HSY_ASSERT(message->payload_len <= HEARSAY_PAYLOAD_MAX);
    HSY_ASSERT(!hsy_message_large(message) || message->hashes != NULL);
    HSY_ASSERT(message->topic_len == 0 ||
               memchr(message->topic, 0, message->topic_len) == NULL);
    HSY_ASSERT(message->query_ms <= HSY_QUERY_MS_MAX);
    hsy_put_u8(out, (uint8_t)(message->topic_len |
                              (message->query_ms > 0 ? QUERY_MARK : 0)));
    hsy_put_bytes(out, message->topic, message->topic_len);
    if (message->query_ms > 0) {
        hsy_put_u32(out, message->query_ms);
    }
    hsy_put_u32(out, message->payload_len);
    if (hsy_message_large(message)) {
        hsy_put_bytes(out, message->hashes, hashes_len(message));
    } else {
        hsy_put_bytes(out, message->payload, message->payload_len);
    }
}

static void get_message(struct hsy_reader *in, struct hsy_message *message)
{
    uint8_t mark = hsy_get_u8(in);
    bool asks = (mark & QUERY_MARK) != 0;

    message->topic_len = (uint8_t)(mark & ~QUERY_MARK);
    hsy_wire_require(in, message->topic_len <= HSY_TOPIC_MAX);
    message->topic = hsy_get_slice(in, message->topic_len);
    if (!in->bad && message->topic_len > 0) {
        hsy_wire_require(in,
                         memchr(message->topic, 0, message->topic_len) == NULL);
    }
    message->query_ms = asks ? hsy_get_u32(in) : 0;
    hsy_wire_require(in, !asks || (message->query_ms >= 1 &&
                                   message->query_ms <= HSY_QUERY_MS_MAX));
    message->payload_len = hsy_get_u32(in);
    hsy_wire_require(in, message->payload_len <= HEARSAY_PAYLOAD_MAX);
    message->payload = NULL;
    message->hashes = NULL;
    if (in->bad) {
        return;
    }
    if (hsy_message_large(message)) {
        message->hashes = hsy_get_slice(in, hashes_len(message));
    } else {
        message->payload = hsy_get_slice(in, message->payload_len);
    }
}

/* Bundle:
 *
 *     origin 32 | epoch: incarnation u64, nonce u64 | first seq u64
 *     count u16 | wall time u64, ms | count x message | signature 64, by origin
 *
 * 1 to 64 messages, at most 16 KiB in all, first seq >= 1, and the seq after
 * the last message still fits into 64 bits. A large message stands alone.
 */
static bool seqs_valid(const struct hsy_bundle *bundle)
{
    return bundle->count >= 1 && bundle->count <= HSY_BUNDLE_MESSAGES_MAX &&
           bundle->first_seq >= 1 &&
           bundle->first_seq <= UINT64_MAX - bundle->count;
}

static void put_bundle_body(struct hsy_writer *out,
                            const struct hsy_bundle *bundle)
{
    HSY_ASSERT(bundle != NULL);
    HSY_ASSERT(seqs_valid(bundle));
    HSY_ASSERT(bundle->messages_len <=
               HSY_BUNDLE_LEN_MAX - HSY_BUNDLE_FIXED_LEN);
    hsy_wire_put_id(out, &bundle->origin);
    hsy_wire_put_incarnation(out, bundle->epoch_incarnation);
    hsy_put_u64(out, bundle->epoch_nonce);
    hsy_put_u64(out, bundle->first_seq);
    hsy_put_u16(out, bundle->count);
    hsy_put_u64(out, bundle->wall_ms);
    hsy_put_bytes(out, bundle->messages, bundle->messages_len);
}

void hsy_put_bundle(struct hsy_writer *out, const struct hsy_bundle *bundle)
{
    put_bundle_body(out, bundle);
    hsy_wire_put_sig(out, &bundle->sig);
}

static void get_messages(struct hsy_reader *in, struct hsy_bundle *bundle)
{
    const uint8_t *start = in->at;
    bundle->asks = false;
    for (uint16_t i = 0; i < bundle->count && !in->bad; i++) {
        struct hsy_message message;
        get_message(in, &message);
        hsy_wire_require(in, in->bad || !hsy_message_large(&message) ||
                                 (bundle->count == 1 && message.query_ms == 0));
        bundle->asks = bundle->asks || message.query_ms > 0;
    }
    bundle->messages = start;
    bundle->messages_len = in->bad ? 0 : (uint32_t)(in->at - start);
    hsy_wire_require(in, bundle->messages_len <=
                             HSY_BUNDLE_LEN_MAX - HSY_BUNDLE_FIXED_LEN);
}

const uint8_t *hsy_bundle_encoded(const struct hsy_bundle *bundle,
                                  uint8_t room[HSY_BUNDLE_LEN_MAX],
                                  size_t *out_len)
{
    if (bundle->encoded != NULL) {
        *out_len = bundle->encoded_len;
        return bundle->encoded;
    }
    struct hsy_writer out = hsy_writer(room, HSY_BUNDLE_LEN_MAX);
    hsy_put_bundle(&out, bundle);
    HSY_ASSERT(!out.bad);
    *out_len = out.len;
    return room;
}

void hsy_get_bundle(struct hsy_reader *in, struct hsy_bundle *bundle)
{
    const uint8_t *start = in->at;

    HSY_ASSERT(bundle != NULL);
    hsy_wire_get_id(in, &bundle->origin);
    bundle->epoch_incarnation = hsy_wire_get_incarnation(in);
    bundle->epoch_nonce = hsy_get_u64(in);
    bundle->first_seq = hsy_get_u64(in);
    bundle->count = hsy_get_u16(in);
    hsy_wire_require(in, seqs_valid(bundle));
    bundle->wall_ms = hsy_get_u64(in);
    get_messages(in, bundle);
    hsy_wire_get_sig(in, &bundle->sig);
    bundle->encoded = in->bad ? NULL : start;
    bundle->encoded_len = in->bad ? 0 : (uint32_t)(in->at - start);
}

void hsy_bundle_signed_bytes(struct hsy_writer *out,
                             const struct hsy_bundle *bundle)
{
    hsy_wire_put_domain(out, "hearsay-bundle-1");
    put_bundle_body(out, bundle);
}

void hsy_messages_add(struct hsy_writer *out, struct hsy_bundle *bundle,
                      const struct hsy_message *message)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(message != NULL);
    HSY_ASSERT(bundle->messages == out->data);
    HSY_ASSERT(out->bad || bundle->messages_len == out->len);
    HSY_ASSERT(bundle->count < HSY_BUNDLE_MESSAGES_MAX);
    put_message(out, message);
    if (!out->bad) {
        bundle->messages_len = (uint32_t)out->len;
        bundle->asks = bundle->asks || message->query_ms > 0;
        bundle->count++;
    }
}

bool hsy_messages_next(struct hsy_reader *at, struct hsy_message *message)
{
    HSY_ASSERT(at != NULL);
    HSY_ASSERT(message != NULL);
    if (hsy_reader_left(at) == 0) {
        return false;
    }
    get_message(at, message);
    return !at->bad;
}

bool hsy_bundle_large(const struct hsy_bundle *bundle)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;

    HSY_ASSERT(bundle->count >= 1);
    return bundle->count == 1 && hsy_messages_next(&at, &message) &&
           hsy_message_large(&message);
}
