/* Record:
 *
 *     marker u64 | sum u32 | value_len u32 | seq u64 | flags u8 | key_len u8
 *     key | value
 *
 * The sum is the CRC-32C of all that follows it. Flags: 1 put or 2 delete,
 * and 16 when it is the first, 32 when it is the last of its transaction. A
 * delete has no value.
 *
 * Segment header:
 *
 *     "hsylog" | version u16 | marker u64 | number u32 | sum u32
 *
 * The sum is the CRC-32C of all before it.
 *
 * The marker is a random number, drawn when the log is made and the same in
 * all its segments. It never leaves the disk, so no message, whose bytes are
 * a stranger's, can hold what passes for a record: behind damage the next
 * record can be looked for byte by byte, without trust in any length. It also
 * keeps blocks of other files, and runs of zeros, from being believed.
 *
 * A CRC and not a longer hash: what lies under it is sealed by the node once
 * more (node/rows.h), with a sum of another kind, so that an accident would
 * have to get past both; it is no secret that keeps anybody out; and it is in
 * reach of this layer, which has no libraries. */
#include "wire/msgrecord.h"

#include <string.h>

#include "base/assert.h"
#include "base/crc.h"

enum {
    SUM_AT = 8,
    BODY_AT = SUM_AT + 4,
    FLAG_PUT = 1,
    FLAG_DELETE = 2,
    FLAG_FIRST = 16,
    FLAG_LAST = 32
};
_Static_assert(HSY_MSGRECORD_HEAD_LEN == 26, "docs/adr/0015");
_Static_assert(HSY_MSGSEGMENT_LEN == 24, "docs/adr/0015");

static const uint8_t magic[6] = {'h', 's', 'y', 'l', 'o', 'g'};

static uint8_t flags_of(const struct hsy_msgrecord *record)
{
    int flags = record->deleted ? FLAG_DELETE : FLAG_PUT;
    flags |= record->first ? FLAG_FIRST : 0;
    flags |= record->last ? FLAG_LAST : 0;
    return (uint8_t)flags;
}

static void patch_u32(uint8_t *at, uint32_t value)
{
    struct hsy_writer out = hsy_writer(at, 4);
    hsy_put_u32(&out, value);
    HSY_ASSERT(!out.bad);
}

void hsy_put_msgrecord(struct hsy_writer *out, uint64_t marker,
                       const struct hsy_msgrecord *record)
{
    HSY_ASSERT(record->key_len >= 1);
    HSY_ASSERT(record->key_len <= HSY_MSGRECORD_KEY_MAX);
    HSY_ASSERT(record->value_len <= HSY_MSGRECORD_VALUE_MAX);
    HSY_ASSERT(!record->deleted || record->value_len == 0);

    size_t at = out->len;
    hsy_put_u64(out, marker);
    hsy_put_u32(out, 0);
    hsy_put_u32(out, (uint32_t)record->value_len);
    hsy_put_u64(out, record->seq);
    hsy_put_u8(out, flags_of(record));
    hsy_put_u8(out, (uint8_t)record->key_len);
    hsy_put_bytes(out, record->key, record->key_len);
    hsy_put_bytes(out, record->value, record->value_len);
    if (out->data != NULL && !out->bad) {
        uint8_t *start = out->data + at;
        size_t len = out->len - at;
        patch_u32(start + SUM_AT,
                  hsy_crc32c(0, start + BODY_AT, len - BODY_AT));
    }
}

/* Whether one of the two kinds, with no bit that means nothing. */
static bool flags_valid(uint8_t flags)
{
    int kind = flags & ~(FLAG_FIRST | FLAG_LAST);
    return kind == FLAG_PUT || kind == FLAG_DELETE;
}

void hsy_get_msgrecord(struct hsy_reader *in, uint64_t marker,
                       struct hsy_msgrecord *out)
{
    const uint8_t *start = in->at;
    bool sound = hsy_get_u64(in) == marker;
    uint32_t sum = hsy_get_u32(in);
    uint32_t value_len = hsy_get_u32(in);
    uint64_t seq = hsy_get_u64(in);
    uint8_t flags = hsy_get_u8(in);
    uint8_t key_len = hsy_get_u8(in);
    bool deleted = (flags & FLAG_DELETE) != 0;
    sound = sound && flags_valid(flags) && key_len >= 1 &&
            key_len <= HSY_MSGRECORD_KEY_MAX &&
            value_len <= HSY_MSGRECORD_VALUE_MAX &&
            (!deleted || value_len == 0);
    in->bad = in->bad || !sound; /* Before a length is believed. */
    const uint8_t *key = hsy_get_slice(in, key_len);
    const uint8_t *value = hsy_get_slice(in, value_len);
    if (!in->bad) {
        size_t len = (size_t)(in->at - start);
        in->bad = hsy_crc32c(0, start + BODY_AT, len - BODY_AT) != sum;
    }
    if (!in->bad) {
        *out = (struct hsy_msgrecord){.seq = seq,
                                      .first = (flags & FLAG_FIRST) != 0,
                                      .last = (flags & FLAG_LAST) != 0,
                                      .deleted = deleted,
                                      .key = key,
                                      .key_len = key_len,
                                      .value = value,
                                      .value_len = value_len};
    }
}

size_t hsy_msgrecord_find(const struct hsy_reader *in, uint64_t marker)
{
    size_t left = hsy_reader_left(in);
    size_t at = 0;

    while (at < left) {
        const uint8_t *hit = (const uint8_t *)memchr(
            in->at + at, (int)(marker >> 56), left - at);
        if (hit == NULL) {
            return left;
        }
        at = (size_t)(hit - in->at);
        struct hsy_reader here = hsy_reader(hit, left - at);
        struct hsy_msgrecord record;
        hsy_get_msgrecord(&here, marker, &record);
        if (!here.bad) {
            return at;
        }
        at++;
    }
    return left;
}

void hsy_put_msgsegment(struct hsy_writer *out,
                        const struct hsy_msgsegment *segment)
{
    size_t at = out->len;

    HSY_ASSERT(out->data != NULL);
    hsy_put_bytes(out, magic, sizeof(magic));
    hsy_put_u16(out, HSY_MSGSEGMENT_VERSION);
    hsy_put_u64(out, segment->marker);
    hsy_put_u32(out, segment->number);
    if (!out->bad) {
        hsy_put_u32(out, hsy_crc32c(0, out->data + at, out->len - at));
    }
}

void hsy_get_msgsegment(struct hsy_reader *in, struct hsy_msgsegment *out)
{
    const uint8_t *start = in->at;
    uint8_t name[sizeof(magic)];
    struct hsy_msgsegment segment = {.version = 0};

    hsy_get_bytes(in, name, sizeof(name));
    segment.version = hsy_get_u16(in);
    segment.marker = hsy_get_u64(in);
    segment.number = hsy_get_u32(in);
    uint32_t sum = hsy_get_u32(in);
    if (in->bad) {
        return;
    }
    /* Every version has the sum in this place. */
    in->bad = memcmp(name, magic, sizeof(magic)) != 0 || segment.version == 0 ||
              hsy_crc32c(0, start, HSY_MSGSEGMENT_LEN - 4) != sum;
    if (in->bad) {
        return;
    }
    if (segment.version > HSY_MSGSEGMENT_VERSION) {
        segment = (struct hsy_msgsegment){.version = segment.version};
    }
    *out = segment;
}
