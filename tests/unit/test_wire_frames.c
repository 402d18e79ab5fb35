/* The codec as a whole: frames survive the round trip, nothing shorter or
 * longer is taken, and whatever is taken has exactly one encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "unit/test_wire_same.h"
#include "unit/test_wire_samples.h"

enum { ROUNDS = 200, FLIP_ROUNDS = 2, FRAME_MAX = 1024 * 1024 };

static struct samples samples;

static enum hsy_frame_type next_type(enum hsy_frame_type type)
{
    unsigned next = (unsigned)type + 1;

    while (next <= HSY_FRAME_TYPE_MAX && !hsy_frame_known(next)) {
        next++;
    }
    return (enum hsy_frame_type)next;
}

static void every_frame_survives_the_round_trip(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 1);
    for (enum hsy_frame_type t = HSY_HELLO; t <= HSY_FRAME_TYPE_MAX;
         t = next_type(t)) {
        for (int round = 0; round < ROUNDS; round++) {
            struct hsy_frame frame, again;
            size_t len = 0;
            sample_frame(&samples, t, &frame);
            uint8_t *bytes = sample_encode(&frame, &len);
            assert_int_equal(hsy_frame_decode(&again, bytes, len, NULL), 0);
            claim_same_frame(&frame, &again);
            free(bytes);
        }
    }
}

/* In a block of its own of exactly this size: ASan sees any over-read. */
static int decode_cut(const uint8_t *bytes, size_t len, bool fix_length)
{
    uint8_t *cut = malloc(len == 0 ? 1 : len);
    assert_non_null(cut);
    memcpy(cut, bytes, len);
    if (fix_length && len >= 4) {
        sample_fix_length(cut, len);
    }
    /* At length 0 the data begins at the end of its block. */
    const uint8_t *data = len == 0 ? cut + 1 : cut;
    struct hsy_frame frame;
    int err = hsy_frame_decode(&frame, data, len, NULL);
    free(cut);
    return err;
}

static void no_truncated_frame_is_taken(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 2);
    for (enum hsy_frame_type t = HSY_HELLO; t <= HSY_FRAME_TYPE_MAX;
         t = next_type(t)) {
        struct hsy_frame frame;
        size_t len = 0;
        sample_frame(&samples, t, &frame);
        uint8_t *bytes = sample_encode(&frame, &len);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(decode_cut(bytes, cut, false),
                             HEARSAY_ERR_MALFORMED);
            assert_int_equal(decode_cut(bytes, cut, true),
                             HEARSAY_ERR_MALFORMED);
        }
        free(bytes);
    }
}

static void no_trailing_byte_is_taken(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 3);
    for (enum hsy_frame_type t = HSY_HELLO; t <= HSY_FRAME_TYPE_MAX;
         t = next_type(t)) {
        struct hsy_frame frame;
        size_t len = 0;
        sample_frame(&samples, t, &frame);
        uint8_t *bytes = sample_encode(&frame, &len);
        uint8_t *longer = realloc(bytes, len + 1);
        assert_non_null(longer);
        longer[len] = 0;
        assert_int_equal(decode_cut(longer, len + 1, false),
                         HEARSAY_ERR_MALFORMED);
        assert_int_equal(decode_cut(longer, len + 1, true),
                         HEARSAY_ERR_MALFORMED);
        free(longer);
    }
}

/* Refused, or its one and only encoding. */
static bool canonical_or_refused(const uint8_t *bytes, size_t len)
{
    struct hsy_frame frame;
    if (hsy_frame_decode(&frame, bytes, len, NULL) != 0) {
        return false;
    }
    size_t again_len = 0;
    uint8_t *again = sample_encode(&frame, &again_len);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, bytes, len);
    free(again);
    return true;
}

static void a_changed_byte_is_refused_or_has_one_meaning(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 4);
    uint32_t taken = 0;
    for (int round = 0; round < FLIP_ROUNDS * HSY_FRAME_TYPE_MAX; round++) {
        struct hsy_frame frame;
        size_t len = 0;
        unsigned type = 1 + (unsigned)round % HSY_FRAME_TYPE_MAX;
        if (!hsy_frame_known(type)) {
            continue;
        }
        sample_frame(&samples, (enum hsy_frame_type)type, &frame);
        uint8_t *bytes = sample_encode(&frame, &len);
        for (size_t i = 0; i < 10 * len; i++) {
            static const uint8_t masks[10] = {1,  2,  4,   8,    16,
                                              32, 64, 128, 0xff, 0x55};
            uint8_t kept = bytes[i / 10];
            bytes[i / 10] ^= masks[i % 10];
            taken += canonical_or_refused(bytes, len);
            bytes[i / 10] = kept;
        }
        free(bytes);
    }
    assert_true(taken > 1000); /* Or this test tests nothing. */
}

static void an_encoder_without_room_says_so_and_stays_inside(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 5);
    for (enum hsy_frame_type t = HSY_HELLO; t <= HSY_FRAME_TYPE_MAX;
         t = next_type(t)) {
        struct hsy_frame frame;
        size_t len = 0;
        sample_frame(&samples, t, &frame);
        uint8_t *bytes = sample_encode(&frame, &len);
        for (size_t room = 1; room < len; room += 7) {
            uint8_t *small = malloc(room);
            assert_non_null(small);
            struct hsy_writer out = hsy_writer(small, room);
            hsy_frame_encode(&out, &frame);
            assert_true(out.bad);
            free(small);
        }
        free(bytes);
    }
}

static void an_unknown_type_is_told_apart_and_shows_its_flags(void **state)
{
    (void)state;
    static const uint8_t types[] = {0, HSY_FRAME_TYPE_MAX + 1, 0x7f, 0xff};
    for (size_t i = 0; i < sizeof(types); i++) {
        uint8_t bytes[] = {0, 0, 0, 4, types[i], 0x81, 1, 2};
        struct hsy_frame frame;
        uint8_t flags = 0;
        assert_int_equal(hsy_frame_decode(&frame, bytes, sizeof(bytes), &flags),
                         HEARSAY_ERR_STATE);
        assert_int_equal(flags, 0x81);
        assert_int_equal(hsy_frame_decode(&frame, bytes, sizeof(bytes), NULL),
                         HEARSAY_ERR_STATE);
        bytes[3] = 5; /* Not even its length is right. */
        assert_int_equal(hsy_frame_decode(&frame, bytes, sizeof(bytes), &flags),
                         HEARSAY_ERR_MALFORMED);
    }
}

static void a_known_type_has_only_known_flags(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        uint8_t bytes[] = {0, 0, 0, 2, HSY_ACCEPT, (uint8_t)flags};
        struct hsy_frame frame;
        assert_int_equal(hsy_frame_decode(&frame, bytes, sizeof(bytes), NULL),
                         flags <= HSY_FLAG_IGNORABLE ? 0
                                                     : HEARSAY_ERR_MALFORMED);
    }
}

static void only_a_bundle_is_a_copy_beside_the_tree(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 9);
    for (enum hsy_frame_type t = HSY_HELLO; t <= HSY_FRAME_TYPE_MAX;
         t = next_type(t)) {
        struct hsy_frame frame;
        size_t len = 0;
        sample_frame(&samples, t, &frame);
        frame.flags = 0;
        uint8_t *bytes = sample_encode(&frame, &len);
        bytes[5] = HSY_FLAG_EXTRA;
        assert_int_equal(hsy_frame_decode(&frame, bytes, len, NULL),
                         t == HSY_BUNDLE ? 0 : HEARSAY_ERR_MALFORMED);
        free(bytes);
    }
}

static void a_span_may_be_empty_and_no_less(void **state)
{
    (void)state;
    uint8_t bytes[4 + 2 + 4 + 1 + 2 + HSY_SPAN_LEN];
    uint8_t spans[HSY_SPAN_LEN];
    struct hsy_frame frame = {.type = HSY_GONE, .gone.spans.bytes = spans};
    struct hsy_writer list = hsy_writer(spans, sizeof(spans));
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    const struct hsy_span span = {.of.incarnation = 1, .from = 3, .to = 2};
    hsy_spans_add(&list, &frame.gone.spans, &span);
    hsy_frame_encode(&out, &frame);
    assert_false(out.bad);
    assert_int_equal(hsy_frame_decode(&frame, bytes, out.len, NULL), 0);
    bytes[out.len - 1] = 1; /* To 1, from 3. */
    assert_int_equal(hsy_frame_decode(&frame, bytes, out.len, NULL),
                     HEARSAY_ERR_MALFORMED);
    bytes[out.len - 9] = 0; /* From 0. */
    assert_int_equal(hsy_frame_decode(&frame, bytes, out.len, NULL),
                     HEARSAY_ERR_MALFORMED);
}

static void peek_waits_for_four_bytes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 0, 10};
    for (size_t len = 0; len <= 4; len++) {
        size_t whole = 99;
        assert_int_equal(hsy_frame_peek(&whole, bytes, len, FRAME_MAX), 0);
        assert_int_equal(whole, len < 4 ? 0 : 14);
    }
}

static void peek_refuses_what_is_shorter_than_a_header(void **state)
{
    (void)state;
    uint8_t bytes[] = {0, 0, 0, 1};
    size_t whole = 99;
    assert_int_equal(hsy_frame_peek(&whole, bytes, 4, FRAME_MAX),
                     HEARSAY_ERR_MALFORMED);
    assert_int_equal(whole, 99); /* Untouched. */
    bytes[3] = 2;
    assert_int_equal(hsy_frame_peek(&whole, bytes, 4, FRAME_MAX), 0);
    assert_int_equal(whole, HSY_FRAME_HEADER_LEN);
}

static void peek_refuses_what_is_longer_than_the_limit(void **state)
{
    (void)state;
    static const uint8_t at_limit[] = {0, 0x10, 0, 0};
    static const uint8_t above[] = {0, 0x10, 0, 1};
    static const uint8_t most[] = {0xff, 0xff, 0xff, 0xff};
    size_t whole = 99;
    assert_int_equal(hsy_frame_peek(&whole, above, 4, FRAME_MAX),
                     HEARSAY_ERR_TOO_BIG);
    assert_int_equal(hsy_frame_peek(&whole, most, 4, FRAME_MAX),
                     HEARSAY_ERR_TOO_BIG);
    assert_int_equal(whole, 99);
    assert_int_equal(hsy_frame_peek(&whole, at_limit, 4, FRAME_MAX), 0);
    assert_int_equal(whole, FRAME_MAX + 4);
}

static void every_type_has_a_name_and_no_other_number_has(void **state)
{
    (void)state;
    assert_string_equal(hsy_frame_name(HSY_HELLO), "HELLO");
    assert_string_equal(hsy_frame_name(HSY_DEAD_NOTICE), "DEAD_NOTICE");
    assert_string_equal(hsy_frame_name(HSY_BUNDLE), "BUNDLE");
    for (unsigned type = HSY_HELLO; type <= HSY_FRAME_TYPE_MAX; type++) {
        if (!hsy_frame_known(type)) {
            assert_string_equal(hsy_frame_name(type), "?");
            continue;
        }
        assert_string_not_equal(hsy_frame_name(type), "?");
        for (unsigned other = HSY_HELLO; other < type; other++) {
            assert_string_not_equal(hsy_frame_name(type),
                                    hsy_frame_name(other));
        }
    }
    assert_string_equal(hsy_frame_name(0), "?");
    assert_string_equal(hsy_frame_name(HSY_FRAME_TYPE_MAX + 1), "?");
    assert_string_equal(hsy_frame_name(UINT32_MAX), "?");
}

static void a_sync_list_walks_back_to_what_was_added(void **state)
{
    (void)state;
    static uint8_t room[SAMPLE_FRAME_MAX];
    static struct hsy_sync_entry entries[8];
    static struct hearsay_id ids[8][8];
    hsy_prng_init(&samples.prng, 6);
    struct hsy_writer list = hsy_writer(room, sizeof(room));
    struct hsy_sync sync = {.entries = room};
    for (size_t i = 0; i < 8; i++) {
        sample_entry(&samples, (enum hsy_sync_kind)(1 + i % 4), &entries[i]);
        if (entries[i].kind == HSY_SYNC_LINKS) { /* The ids are only lent. */
            memcpy(ids[i], samples.ids, sizeof(ids[i]));
            entries[i].links.neighbours.bytes = ids[i][0].bytes;
        }
        hsy_sync_add(&list, &sync, &entries[i]);
    }
    assert_int_equal(sync.count, 8);
    struct hsy_reader at = hsy_reader(sync.entries, sync.entries_len);
    struct hsy_sync_entry entry;
    for (size_t i = 0; i < 8; i++) {
        assert_true(hsy_sync_next(&at, &entry));
        claim_same_entry(&entries[i], &entry);
    }
    assert_false(hsy_sync_next(&at, &entry));
    assert_true(hsy_reader_done(&at));
}

static void a_record_list_walks_back_to_what_was_added(void **state)
{
    (void)state;
    static struct hsy_record records[HSY_PAGE_RECORDS];
    hsy_prng_init(&samples.prng, 7);
    struct hsy_writer list = hsy_writer(samples.list, sizeof(samples.list));
    struct hsy_records slice = {.bytes = samples.list};
    for (size_t i = 0; i < HSY_PAGE_RECORDS; i++) {
        records[i] = sample_record(&samples);
        hsy_records_add(&list, &slice, &records[i]);
    }
    struct hsy_reader at = hsy_reader(slice.bytes, slice.len);
    struct hsy_record record;
    for (size_t i = 0; i < HSY_PAGE_RECORDS; i++) {
        assert_true(hsy_records_next(&at, &record));
        claim_same_record(&records[i], &record);
    }
    assert_false(hsy_records_next(&at, &record));
    assert_true(hsy_reader_done(&at));
}

static void a_bundle_walks_back_to_its_messages(void **state)
{
    (void)state;
    uint8_t room[200];
    struct hsy_writer out = hsy_writer(room, sizeof(room));
    struct hsy_bundle bundle = {.messages = room};
    const struct hsy_message first = {.topic = (const uint8_t *)"news",
                                      .topic_len = 4,
                                      .payload = (const uint8_t *)"hello",
                                      .payload_len = 5};
    const struct hsy_message empty = {.topic = NULL, .payload = NULL};
    hsy_messages_add(&out, &bundle, &first);
    hsy_messages_add(&out, &bundle, &empty);
    assert_int_equal(bundle.count, 2);
    struct hsy_reader at = hsy_reader(bundle.messages, bundle.messages_len);
    struct hsy_message message;
    assert_true(hsy_messages_next(&at, &message));
    assert_int_equal(message.topic_len, 4);
    assert_memory_equal(message.topic, "news", 4);
    assert_int_equal(message.payload_len, 5);
    assert_memory_equal(message.payload, "hello", 5);
    assert_true(hsy_messages_next(&at, &message));
    assert_int_equal(message.topic_len + message.payload_len, 0);
    assert_false(hsy_messages_next(&at, &message));
}

static void a_list_that_is_full_keeps_what_it_has(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 8);
    uint8_t room[HSY_RECORD_LEN_MAX + 50];
    struct hsy_writer list = hsy_writer(room, sizeof(room));
    struct hsy_records records = {.bytes = room};
    struct hsy_record record = sample_record(&samples), again;
    while (!list.bad) {
        hsy_records_add(&list, &records, &record);
    }
    assert_true(records.count >= 1);
    struct hsy_reader at = hsy_reader(records.bytes, records.len);
    for (uint16_t i = 0; i < records.count; i++) {
        assert_true(hsy_records_next(&at, &again));
        claim_same_record(&record, &again);
    }
    assert_true(hsy_reader_done(&at));
}

static void an_iterator_over_garbage_ends_and_stays_inside(void **state)
{
    (void)state;
    hsy_prng_init(&samples.prng, 9);
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)sample_below(&samples, 40);
        uint8_t *bytes = malloc(len + 1);
        assert_non_null(bytes);
        sample_bytes(&samples, bytes, len);
        struct hsy_record record;
        struct hsy_sync_entry entry;
        struct hsy_message message;
        struct hsy_reader at = hsy_reader(bytes, len);
        while (hsy_records_next(&at, &record)) {
        }
        at = hsy_reader(bytes, len);
        while (hsy_sync_next(&at, &entry)) {
        }
        at = hsy_reader(bytes, len);
        while (hsy_messages_next(&at, &message)) {
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_survives_the_round_trip),
        cmocka_unit_test(no_truncated_frame_is_taken),
        cmocka_unit_test(no_trailing_byte_is_taken),
        cmocka_unit_test(a_changed_byte_is_refused_or_has_one_meaning),
        cmocka_unit_test(an_encoder_without_room_says_so_and_stays_inside),
        cmocka_unit_test(an_unknown_type_is_told_apart_and_shows_its_flags),
        cmocka_unit_test(a_known_type_has_only_known_flags),
        cmocka_unit_test(only_a_bundle_is_a_copy_beside_the_tree),
        cmocka_unit_test(a_span_may_be_empty_and_no_less),
        cmocka_unit_test(peek_waits_for_four_bytes),
        cmocka_unit_test(peek_refuses_what_is_shorter_than_a_header),
        cmocka_unit_test(peek_refuses_what_is_longer_than_the_limit),
        cmocka_unit_test(every_type_has_a_name_and_no_other_number_has),
        cmocka_unit_test(a_sync_list_walks_back_to_what_was_added),
        cmocka_unit_test(a_record_list_walks_back_to_what_was_added),
        cmocka_unit_test(a_bundle_walks_back_to_its_messages),
        cmocka_unit_test(a_list_that_is_full_keeps_what_it_has),
        cmocka_unit_test(an_iterator_over_garbage_ends_and_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
