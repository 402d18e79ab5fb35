/* A record of the log is believed as a whole or not at all. */
#include "support/claim.h"
#include "wire/msgrecord.h"

#include <string.h>

#define MARKER UINT64_C(0x6d61726b65723031)

static uint8_t value[HSY_MSGRECORD_VALUE_MAX];
static uint8_t bytes[3 * HSY_MSGRECORD_LEN_MAX];

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(value); i++) {
        value[i] = (uint8_t)(i * 31 + i / 256);
    }
    return 0;
}

static struct hsy_msgrecord sample(size_t value_len)
{
    return (struct hsy_msgrecord){.seq = UINT64_C(0x0102030405060708),
                                  .first = true,
                                  .last = true,
                                  .key = (const uint8_t *)"sixteen-bytes-id",
                                  .key_len = 16,
                                  .value = value,
                                  .value_len = value_len};
}

static size_t encode(const struct hsy_msgrecord *record)
{
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_msgrecord(&out, MARKER, record);
    CLAIM(!out.bad);
    CLAIM_INT(out.len, hsy_msgrecord_len(record));
    return out.len;
}

static bool decodes(size_t len, struct hsy_msgrecord *out)
{
    struct hsy_reader in = hsy_reader(bytes, len);
    hsy_get_msgrecord(&in, MARKER, out);
    return !in.bad;
}

static void claim_round_trip(const struct hsy_msgrecord *want)
{
    struct hsy_msgrecord got;
    size_t len = encode(want);
    struct hsy_reader in = hsy_reader(bytes, len);
    hsy_get_msgrecord(&in, MARKER, &got);
    CLAIM(hsy_reader_done(&in));
    CLAIM_INT(got.seq, want->seq);
    CLAIM(got.first == want->first);
    CLAIM(got.last == want->last);
    CLAIM(got.deleted == want->deleted);
    CLAIM_INT(got.key_len, want->key_len);
    CLAIM_BYTES(got.key, want->key, want->key_len);
    CLAIM_INT(got.value_len, want->value_len);
    CLAIM(want->value_len == 0 ||
          memcmp(got.value, want->value, want->value_len) == 0);
}

static void records_come_back_as_they_were(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 100, 17 * 1024,
                                  HSY_MSGRECORD_VALUE_MAX};
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct hsy_msgrecord r = sample(lens[i]);
        claim_round_trip(&r);
    }
    struct hsy_msgrecord r = sample(5);
    for (r.key_len = 1; r.key_len <= 16; r.key_len++) {
        claim_round_trip(&r);
    }
    r = sample(0);
    r.deleted = true;
    r.value = NULL;
    claim_round_trip(&r);
    for (int flags = 0; flags < 4; flags++) {
        r = sample(3);
        r.first = (flags & 1) != 0;
        r.last = (flags & 2) != 0;
        claim_round_trip(&r);
    }
}

static void every_truncation_is_seen(void **state)
{
    (void)state;
    struct hsy_msgrecord r = sample(300);
    size_t len = encode(&r);
    for (size_t cut = 0; cut < len; cut++) {
        CLAIM(!decodes(cut, &r));
    }
    CLAIM(decodes(len, &r));
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    struct hsy_msgrecord r = sample(300);
    size_t len = encode(&r);
    /* Behind it there is room for a length that has become longer. */
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CLAIM(!decodes(sizeof(bytes), &r));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CLAIM(decodes(len, &r));
}

static void every_overwritten_run_of_four_bytes_is_seen(void **state)
{
    (void)state;
    static const uint8_t fills[] = {0x00, 0xff, 0x5a};
    struct hsy_msgrecord r = sample(300);
    size_t len = encode(&r);
    for (size_t at = 0; at + 4 <= len; at++) {
        uint8_t before[4];
        memcpy(before, bytes + at, 4);
        for (size_t i = 0; i < sizeof(fills); i++) {
            memset(bytes + at, fills[i], 4);
            CLAIM(memcmp(bytes + at, before, 4) == 0 || !decodes(len, &r));
        }
        memcpy(bytes + at, before, 4);
    }
    CLAIM(decodes(len, &r));
}

/* The bytes of a message are a stranger's, but the marker he cannot know. */
static void a_record_of_another_log_is_none(void **state)
{
    (void)state;
    struct hsy_msgrecord r = sample(300);
    size_t len = encode(&r);
    struct hsy_reader in = hsy_reader(bytes, len);
    hsy_get_msgrecord(&in, MARKER + 1, &r);
    CLAIM(in.bad);
    memset(bytes, 0, len);
    CLAIM(!decodes(len, &r));
}

static void what_is_not_canonical_is_refused(void **state)
{
    (void)state;
    CLAIM_DIES({
        struct hsy_msgrecord r = sample(1);
        r.deleted = true;
        (void)encode(&r);
    });
    CLAIM_DIES({
        struct hsy_msgrecord r = sample(1);
        r.key_len = 0;
        (void)encode(&r);
    });
    CLAIM_DIES({
        struct hsy_msgrecord r = sample(HSY_MSGRECORD_VALUE_MAX);
        r.value_len++;
        (void)encode(&r);
    });
}

static void a_record_without_room_is_not_written(void **state)
{
    (void)state;
    struct hsy_msgrecord r = sample(300);
    struct hsy_writer out = hsy_writer(bytes, hsy_msgrecord_len(&r) - 1);
    hsy_put_msgrecord(&out, MARKER, &r);
    CLAIM(out.bad);
    out = hsy_writer_count();
    hsy_put_msgrecord(&out, MARKER, &r);
    CLAIM_INT(out.len, hsy_msgrecord_len(&r));
}

static size_t find(size_t at, size_t len)
{
    struct hsy_reader in = hsy_reader(bytes + at, len - at);
    return at + hsy_msgrecord_find(&in, MARKER);
}

static void behind_damage_the_next_record_is_found(void **state)
{
    (void)state;
    struct hsy_msgrecord r = sample(100);
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    for (int i = 0; i < 3; i++) {
        hsy_put_msgrecord(&out, MARKER, &r);
    }
    size_t one = hsy_msgrecord_len(&r);
    CLAIM_INT(find(0, out.len), 0);
    CLAIM_INT(find(1, out.len), one);
    bytes[one + 40] ^= 1;
    CLAIM_INT(find(one, out.len), 2 * one);
    CLAIM_INT(find(2 * one + 1, out.len), out.len);
    CLAIM_INT(find(2 * one, out.len - 1), out.len - 1);
    CLAIM_INT(find(out.len, out.len), out.len);
}

static void segment_headers_come_back_and_are_guarded(void **state)
{
    (void)state;
    struct hsy_msgsegment s = {.marker = MARKER, .number = 0x01020304};
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_msgsegment(&out, &s);
    CLAIM_INT(out.len, HSY_MSGSEGMENT_LEN);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct hsy_reader in = hsy_reader(bytes, out.len);
        hsy_get_msgsegment(&in, &s);
        CLAIM(in.bad);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < out.len; cut++) {
        struct hsy_reader in = hsy_reader(bytes, cut);
        hsy_get_msgsegment(&in, &s);
        CLAIM(in.bad);
    }
    s = (struct hsy_msgsegment){.marker = 0};
    struct hsy_reader in = hsy_reader(bytes, out.len);
    hsy_get_msgsegment(&in, &s);
    CLAIM(hsy_reader_done(&in));
    CLAIM_INT(s.version, HSY_MSGSEGMENT_VERSION);
    CLAIM(s.marker == MARKER);
    CLAIM_INT(s.number, 0x01020304);
}

#define FILLED(test) cmocka_unit_test_setup(test, fill)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILLED(records_come_back_as_they_were),
        FILLED(every_truncation_is_seen),
        FILLED(every_flipped_bit_is_seen),
        FILLED(every_overwritten_run_of_four_bytes_is_seen),
        FILLED(a_record_of_another_log_is_none),
        FILLED(what_is_not_canonical_is_refused),
        FILLED(a_record_without_room_is_not_written),
        FILLED(behind_damage_the_next_record_is_found),
        FILLED(segment_headers_come_back_and_are_guarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
