/* What the log of retained messages is made of (docs/adr/0015): segments with
 * a header, and records. Pure; the files are runtime/msglog.c's. */
#ifndef HSY_WIRE_MSGRECORD_H
#define HSY_WIRE_MSGRECORD_H

#include "base/cursor.h"

enum {
    HSY_MSGRECORD_KEY_MAX = 32,
    HSY_MSGRECORD_VALUE_MAX = 64 * 1024,
    HSY_MSGRECORD_HEAD_LEN = 8 + 4 + 4 + 8 + 1 + 1,
    HSY_MSGRECORD_LEN_MAX = HSY_MSGRECORD_HEAD_LEN + HSY_MSGRECORD_KEY_MAX +
                            HSY_MSGRECORD_VALUE_MAX,
    HSY_MSGSEGMENT_LEN = 6 + 2 + 8 + 4 + 4,
    HSY_MSGSEGMENT_VERSION = 1
};

/* A row of a log. Key and value are lent. */
struct hsy_msgrecord {
    uint64_t seq;     /* When its row was written, in order. */
    bool first, last; /* Of a transaction: all of it counts, or nothing. */
    bool deleted;     /* No value: the row of this key goes. */
    const uint8_t *key;
    size_t key_len; /* 1..HSY_MSGRECORD_KEY_MAX */
    const uint8_t *value;
    size_t value_len; /* <= HSY_MSGRECORD_VALUE_MAX */
};

static inline size_t hsy_msgrecord_len(const struct hsy_msgrecord *record)
{
    return HSY_MSGRECORD_HEAD_LEN + record->key_len + record->value_len;
}

/* Writes @record for the log that @marker names. */
void hsy_put_msgrecord(struct hsy_writer *out, uint64_t marker,
                       const struct hsy_msgrecord *record);
/* Takes a record off @in; sticky error when no sound one begins there. */
void hsy_get_msgrecord(struct hsy_reader *in, uint64_t marker,
                       struct hsy_msgrecord *out);
/* How many bytes from @in->at the next sound record begins; as many as are
 * left when there is none. Moves nothing. */
size_t hsy_msgrecord_find(const struct hsy_reader *in, uint64_t marker);

/* What a segment begins with. */
struct hsy_msgsegment {
    uint16_t version;
    uint64_t marker;
    uint32_t number;
};

void hsy_put_msgsegment(struct hsy_writer *out,
                        const struct hsy_msgsegment *segment);
/* Any version; of a later one than ours the other fields are zero. */
void hsy_get_msgsegment(struct hsy_reader *in, struct hsy_msgsegment *out);

#endif
