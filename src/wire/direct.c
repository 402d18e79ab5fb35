/* Direct messages: from one node to one node, under one signature each. */
#include "wire/codec.h"

#include <string.h>

#include "base/assert.h"

/* Direct:
 *
 *     kind u8: 0 message, 1 receipt, 2 answer
 *     origin 32 | epoch: incarnation u64, nonce u64 | number u64 | to 32
 *     about: incarnation u64, nonce u64, number u64
 *     wall time u64, ms | topic text, at most 64 | payload_len u32 | payload
 *     signature 64, by origin
 *
 * number >= 1, of the origin's own count of messages and answers; 0 in a
 * receipt. about: of a receipt, the epoch of @to and the number that came; of
 * an answer, the epoch of @to and the seq of its query; else all zero. Only a
 * message has a topic, and a receipt has no payload.
 */
static bool direct_valid(const struct hsy_direct *direct)
{
    bool receipt = direct->kind == HSY_DIRECT_RECEIPT;
    bool message = direct->kind == HSY_DIRECT_MESSAGE;
    bool about = direct->about_incarnation >= 1 &&
                 direct->about_incarnation < HSY_INCARNATION_END &&
                 direct->about_number >= 1;
    bool about_none = direct->about_incarnation == 0 &&
                      direct->about_nonce == 0 && direct->about_number == 0;

    return receipt == (direct->number == 0) && (message ? about_none : about) &&
           (message || direct->topic_len == 0) &&
           (!receipt || direct->payload_len == 0) &&
           direct->topic_len <= HSY_TOPIC_MAX &&
           direct->payload_len <= HEARSAY_DIRECT_MAX;
}

static void put_direct_body(struct hsy_writer *out,
                            const struct hsy_direct *direct)
{
    HSY_ASSERT(direct_valid(direct));
    hsy_put_u8(out, (uint8_t)direct->kind);
    hsy_wire_put_id(out, &direct->origin);
    hsy_wire_put_incarnation(out, direct->incarnation);
    hsy_put_u64(out, direct->nonce);
    hsy_put_u64(out, direct->number);
    hsy_wire_put_id(out, &direct->to);
    hsy_put_u64(out, direct->about_incarnation);
    hsy_put_u64(out, direct->about_nonce);
    hsy_put_u64(out, direct->about_number);
    hsy_put_u64(out, direct->wall_ms);
    hsy_put_u8(out, direct->topic_len);
    hsy_put_bytes(out, direct->topic, direct->topic_len);
    hsy_put_u32(out, direct->payload_len);
    hsy_put_bytes(out, direct->payload, direct->payload_len);
}

void hsy_put_direct(struct hsy_writer *out, const struct hsy_direct *direct)
{
    put_direct_body(out, direct);
    hsy_wire_put_sig(out, &direct->sig);
}

static void get_content(struct hsy_reader *in, struct hsy_direct *direct)
{
    direct->topic_len = hsy_wire_get_choice(in, 0, HSY_TOPIC_MAX);
    direct->topic = hsy_get_slice(in, direct->topic_len);
    if (!in->bad && direct->topic_len > 0) {
        hsy_wire_require(in,
                         memchr(direct->topic, 0, direct->topic_len) == NULL);
    }
    direct->payload_len = hsy_get_u32(in);
    hsy_wire_require(in, direct->payload_len <= HEARSAY_DIRECT_MAX);
    direct->payload = hsy_get_slice(in, direct->payload_len);
}

void hsy_get_direct(struct hsy_reader *in, struct hsy_direct *direct)
{
    HSY_ASSERT(direct != NULL);
    direct->kind = (enum hsy_direct_kind)hsy_wire_get_choice(
        in, HSY_DIRECT_MESSAGE, HSY_DIRECT_ANSWER);
    hsy_wire_get_id(in, &direct->origin);
    direct->incarnation = hsy_wire_get_incarnation(in);
    direct->nonce = hsy_get_u64(in);
    direct->number = hsy_get_u64(in);
    hsy_wire_get_id(in, &direct->to);
    direct->about_incarnation = hsy_get_u64(in);
    direct->about_nonce = hsy_get_u64(in);
    direct->about_number = hsy_get_u64(in);
    direct->wall_ms = hsy_get_u64(in);
    get_content(in, direct);
    hsy_wire_require(in, in->bad || direct_valid(direct));
    hsy_wire_get_sig(in, &direct->sig);
}

void hsy_direct_signed_bytes(struct hsy_writer *out,
                             const struct hsy_direct *direct)
{
    hsy_wire_put_domain(out, "hearsay-direct-1");
    put_direct_body(out, direct);
}

/* DIRECT:  hops left u8 | attempt u8, at most 7 | direct
 *
 * The first two are outside the signature: whoever passes it on counts the
 * hops down.
 */
void hsy_wire_put_direct(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->direct.attempt < HSY_DIRECT_ATTEMPTS_MAX);
    hsy_put_u8(out, frame->direct.hops_left);
    hsy_put_u8(out, frame->direct.attempt);
    hsy_put_direct(out, &frame->direct.direct);
}

void hsy_wire_get_direct(struct hsy_reader *in, struct hsy_frame *frame)
{
    frame->direct.hops_left = hsy_get_u8(in);
    frame->direct.attempt =
        hsy_wire_get_choice(in, 0, HSY_DIRECT_ATTEMPTS_MAX - 1);
    hsy_get_direct(in, &frame->direct.direct);
}
