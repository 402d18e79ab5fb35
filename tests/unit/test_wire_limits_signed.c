/* Limits of link snapshots, verdicts, sync entries and bundles, each from both
 * sides. */
#include "unit/test_wire_raw.h"

enum {
    BUNDLE_LEN_MAX = 16 * 1024,
    BUNDLE_FIXED_LEN = 32 + 8 + 8 + 8 + 2 + 8 + 64
};

/* Of the id 5, with neighbours whose last bytes are given. */
static void begin_links(const uint8_t *neighbours, uint16_t count)
{
    struct hsy_writer *out = begin(HSY_LINKS);
    put_zeros(out, 31);
    hsy_put_u8(out, 5);
    hsy_put_u64(out, 1);
    hsy_put_u64(out, 1);
    hsy_put_u16(out, count);
    for (uint16_t i = 0; i < count; i++) {
        put_zeros(out, 31);
        hsy_put_u8(out, neighbours[i]);
    }
    put_zeros(out, 64);
}

static void neighbours_ascend_and_nobody_is_its_own(void **state)
{
    (void)state;
    begin_links(NULL, 0);
    CLAIM_TAKEN();
    begin_links((const uint8_t[]){1, 4, 6}, 3);
    CLAIM_TAKEN();
    begin_links((const uint8_t[]){1, 1, 6}, 3);
    CLAIM_REFUSED();
    begin_links((const uint8_t[]){1, 6, 4}, 3);
    CLAIM_REFUSED();
    begin_links((const uint8_t[]){1, 5, 6}, 3);
    CLAIM_REFUSED();
}

static void put_verdict(struct hsy_writer *out,
                        const struct hearsay_id *subject, uint64_t incarnation,
                        uint8_t seed)
{
    hsy_put_bytes(out, subject->bytes, 32);
    hsy_put_u64(out, incarnation);
    hsy_put_u64(out, 0);
    put_zeros(out, 31);
    hsy_put_u8(out, seed);
    put_zeros(out, 64);
}

static void a_verdict_comes_with_its_subjects_record(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    struct hsy_writer *out = begin(HSY_VERDICT);
    put_verdict(out, &r.id, r.incarnation, 1);
    put_record(out, &r);
    CLAIM_TAKEN();
    raw.data[6]++; /* The subject's first byte. */
    CLAIM_REFUSED();
}

/* One SEED_SYNC with one entry, whose body the caller writes. */
static size_t begin_entry(uint8_t kind)
{
    struct hsy_writer *out = begin(HSY_SEED_SYNC);
    put_zeros(out, 16 + 1);
    hsy_put_u16(out, 1);
    size_t at = out->len;
    hsy_put_u32(out, 0);
    hsy_put_u8(out, kind);
    return at;
}

static void end_entry(size_t at)
{
    struct hsy_writer len = hsy_writer(raw.data + at, 4);
    hsy_put_u32(&len, (uint32_t)(raw.out.len - at - 4));
}

/* Verdicts by seeds 1, 2, 3... */
static void death(uint8_t count)
{
    struct hsy_record r = full_record();
    size_t at = begin_entry(HSY_SYNC_DEATH);
    put_record(&raw.out, &r);
    hsy_put_u8(&raw.out, count);
    for (uint8_t i = 0; i < count; i++) {
        put_verdict(&raw.out, &r.id, r.incarnation, (uint8_t)(i + 1));
    }
    end_entry(at);
}

static void a_certificate_has_1_to_17_verdicts(void **state)
{
    (void)state;
    for (uint8_t count = 0; count <= HSY_VERDICTS_MAX + 1; count++) {
        death(count);
        CLAIM_TAKEN_IF(count >= 1 && count <= HSY_VERDICTS_MAX);
    }
}

static void verdicts_agree_and_their_seeds_ascend(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    struct hsy_writer len = hsy_writer_count();
    put_record(&len, &r);
    size_t second = 6 + 16 + 1 + 2 + 4 + 1 + len.len + 1 + 144;
    size_t seed = second + 32 + 8 + 8 + 31;

    death(3);
    raw.data[second]++; /* Another subject. */
    CLAIM_REFUSED();
    death(3);
    raw.data[second + 32 + 7]++; /* Another incarnation. */
    CLAIM_REFUSED();
    death(3);
    raw.data[seed] = 1; /* The first one's seed. */
    CLAIM_REFUSED();
    death(3);
    raw.data[seed] = 3; /* The third one's seed. */
    CLAIM_REFUSED();
    death(3);
    raw.data[seed] = 2; /* As it was. */
    CLAIM_TAKEN();
}

static void a_sync_has_at_most_64_entries(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (uint16_t count = 62; count <= 66; count++) {
        struct hsy_writer *out = begin(HSY_SEED_SYNC);
        put_zeros(out, 16 + 1);
        hsy_put_u16(out, count);
        for (uint16_t i = 0; i < count; i++) {
            struct hsy_writer len = hsy_writer_count();
            put_record(&len, &r);
            hsy_put_u32(out, (uint32_t)len.len + 1);
            hsy_put_u8(out, HSY_SYNC_RECORD);
            put_record(out, &r);
        }
        CLAIM_TAKEN_IF(count <= HSY_SYNC_ENTRIES_MAX);
    }
}

static void ask_is_0_or_1(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        struct hsy_writer *out = begin(HSY_SEED_SYNC);
        put_zeros(out, 16);
        hsy_put_u8(out, (uint8_t)value);
        hsy_put_u16(out, 0);
        CLAIM_TAKEN_IF(value <= 1);
    }
}

/* A SEED_PULL that says @count facts and has them: 0, 1, 2 ... */
static struct hsy_writer *begin_pull(uint16_t count)
{
    struct hsy_writer *out = begin(HSY_SEED_PULL);
    put_zeros(out, HSY_SEED_BUCKETS / 8);
    hsy_put_u64(out, 0);
    hsy_put_u64(out, UINT64_MAX);
    hsy_put_u16(out, count);
    for (uint16_t i = 0; i < count; i++) {
        hsy_put_u64(out, i);
    }
    return out;
}

static void a_seed_digest_has_256_sums(void **state)
{
    (void)state;
    for (uint32_t count = 255; count <= 257; count++) {
        put_zeros(begin(HSY_SEED_DIGEST), 8 * count);
        CLAIM_TAKEN_IF(count == HSY_SEED_BUCKETS);
    }
}

static void a_seed_pull_has_at_most_1024_facts(void **state)
{
    (void)state;
    begin_pull(0);
    CLAIM_TAKEN();
    begin_pull(HSY_SEED_FACTS_MAX);
    CLAIM_TAKEN();
    begin_pull(HSY_SEED_FACTS_MAX + 1);
    CLAIM_REFUSED();
}

static void facts_of_a_seed_pull_never_fall_and_are_in_its_range(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 4 * 8; i++) {
        uint8_t first = i / 8;
        uint8_t second = i % 8;
        struct hsy_writer *out = begin(HSY_SEED_PULL);
        put_zeros(out, HSY_SEED_BUCKETS / 8);
        hsy_put_u64(out, 1);
        hsy_put_u64(out, 6);
        hsy_put_u16(out, 2);
        hsy_put_u64(out, first);
        hsy_put_u64(out, second);
        CLAIM_TAKEN_IF(first >= 1 && second >= first && second <= 6);
    }
}

static void the_range_of_a_seed_pull_is_not_backwards(void **state)
{
    (void)state;
    for (uint8_t last = 0; last < 4; last++) {
        struct hsy_writer *out = begin(HSY_SEED_PULL);
        put_zeros(out, HSY_SEED_BUCKETS / 8);
        hsy_put_u64(out, 2);
        hsy_put_u64(out, last);
        hsy_put_u16(out, 0);
        CLAIM_TAKEN_IF(last >= 2);
    }
}

static void an_entry_has_a_kind_and_nothing_after_its_body(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (uint8_t kind = 0; kind <= 6; kind++) {
        size_t at = begin_entry(kind);
        put_record(&raw.out, &r);
        end_entry(at);
        CLAIM_TAKEN_IF(kind == HSY_SYNC_RECORD);
    }
    size_t at = begin_entry(HSY_SYNC_RECORD);
    put_record(&raw.out, &r);
    hsy_put_u8(&raw.out, 0);
    end_entry(at);
    CLAIM_REFUSED();
}

static void a_departure_is_of_one_id(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (int other = 0; other <= 1; other++) {
        size_t at = begin_entry(HSY_SYNC_LEFT);
        put_record(&raw.out, &r);
        hsy_put_bytes(&raw.out, r.id.bytes, 31);
        hsy_put_u8(&raw.out, (uint8_t)(r.id.bytes[31] + other));
        hsy_put_u64(&raw.out, r.incarnation);
        put_zeros(&raw.out, 8 + 64);
        end_entry(at);
        CLAIM_TAKEN_IF(other == 0);
    }
}

static struct hsy_writer *begin_bundle(uint64_t first_seq, uint16_t count)
{
    struct hsy_writer *out = begin(HSY_BUNDLE);
    hsy_put_u8(out, 0);
    put_zeros(out, 32);
    hsy_put_u64(out, 1);
    hsy_put_u64(out, 0);
    hsy_put_u64(out, first_seq);
    hsy_put_u16(out, count);
    hsy_put_u64(out, 0);
    return out;
}

static void put_message(struct hsy_writer *out, uint8_t topic_len,
                        uint32_t payload_len)
{
    hsy_put_u8(out, topic_len);
    for (uint8_t i = 0; i < topic_len; i++) {
        hsy_put_u8(out, 't');
    }
    hsy_put_u32(out, payload_len);
    put_zeros(out, payload_len);
}

static void a_bundle_has_1_to_64_messages(void **state)
{
    (void)state;
    for (uint16_t count = 0; count <= 66; count++) {
        struct hsy_writer *out = begin_bundle(1, count);
        for (uint16_t i = 0; i < count; i++) {
            put_message(out, 1, 1);
        }
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(count >= 1 && count <= 64);
    }
}

static void seqs_begin_at_1_and_do_not_wrap(void **state)
{
    (void)state;
    static const struct {
        uint64_t first;
        bool taken;
    } cases[] = {{0, false},
                 {1, true},
                 {UINT64_MAX - 2, true},
                 {UINT64_MAX - 1, false},
                 {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hsy_writer *out = begin_bundle(cases[i].first, 2);
        put_message(out, 0, 0);
        put_message(out, 0, 0);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(cases[i].taken);
    }
}

static void a_topic_has_at_most_64_bytes_and_no_nul(void **state)
{
    (void)state;
    for (uint8_t len = 62; len <= 66; len++) {
        struct hsy_writer *out = begin_bundle(1, 1);
        put_message(out, len, 3);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(len <= HSY_TOPIC_MAX);
    }
    struct hsy_writer *out = begin_bundle(1, 1);
    size_t at = out->len;
    put_message(out, 4, 3);
    put_zeros(out, 64);
    raw.data[at + 2] = 0;
    CLAIM_REFUSED();
}

/* One of @len bytes whose hashes are @hashes. */
static void put_large(struct hsy_writer *out, uint32_t len, uint32_t hashes)
{
    hsy_put_u8(out, 0);
    hsy_put_u32(out, len);
    put_zeros(out, (size_t)hashes * HSY_PIECE_HASH_LEN);
}

static void up_to_15_kib_a_payload_is_in_its_bundle(void **state)
{
    (void)state;
    for (uint32_t len = HSY_INLINE_MAX - 1; len <= HSY_INLINE_MAX + 1; len++) {
        struct hsy_writer *out = begin_bundle(1, 1);
        put_message(out, HSY_TOPIC_MAX, len);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(len <= HSY_INLINE_MAX);
    }
}

static void a_larger_one_has_a_hash_for_each_32_kib(void **state)
{
    (void)state;
    static const uint32_t lens[] = {HSY_INLINE_MAX + 1, HSY_PIECE_LEN,
                                    HSY_PIECE_LEN + 1, HEARSAY_PAYLOAD_MAX};
    static const uint32_t pieces[] = {1, 1, 2, 512};
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t hashes = pieces[i] - 1; hashes <= pieces[i] + 1;
             hashes++) {
            struct hsy_writer *out = begin_bundle(1, 1);
            put_large(out, lens[i], hashes);
            put_zeros(out, 64);
            CLAIM_TAKEN_IF(hashes == pieces[i]);
        }
    }
}

static void a_payload_has_at_most_16_mib(void **state)
{
    (void)state;
    struct hsy_writer *out = begin_bundle(1, 1);
    put_large(out, HEARSAY_PAYLOAD_MAX + 1, 513);
    put_zeros(out, 64);
    CLAIM_REFUSED();
}

static void a_large_message_is_alone_in_its_bundle(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 2; first++) {
        struct hsy_writer *out = begin_bundle(1, 2);
        for (uint32_t i = 0; i < 2; i++) {
            if (i == first) {
                put_large(out, HSY_PIECE_LEN, 1);
            } else {
                put_message(out, 0, 3);
            }
        }
        put_zeros(out, 64);
        CLAIM_REFUSED();
    }
}

static void a_bundle_has_at_most_16_kib(void **state)
{
    (void)state;
    uint32_t most = BUNDLE_LEN_MAX - BUNDLE_FIXED_LEN - 2 * 5 - 9000;
    for (uint32_t last = most - 1; last <= most + 1; last++) {
        struct hsy_writer *out = begin_bundle(1, 2);
        put_message(out, 0, 9000);
        put_message(out, 0, last);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(last <= most);
        assert_int_equal(out->len - 7, BUNDLE_LEN_MAX - most + last);
    }
}

static void a_query_waits_for_1_ms_to_60_s(void **state)
{
    (void)state;
    static const struct {
        uint32_t ms;
        bool taken;
    } cases[] = {{0, false},
                 {1, true},
                 {60000, true},
                 {60001, false},
                 {UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hsy_writer *out = begin_bundle(1, 1);
        hsy_put_u8(out, 128 + 1);
        hsy_put_u8(out, 't');
        hsy_put_u32(out, cases[i].ms);
        hsy_put_u32(out, 2);
        put_zeros(out, 2 + 64);
        CLAIM_TAKEN_IF(cases[i].taken);
    }
    for (uint8_t topic_len = 63; topic_len <= 66; topic_len++) {
        struct hsy_writer *out = begin_bundle(1, 1);
        hsy_put_u8(out, (uint8_t)(128 + topic_len));
        for (uint8_t i = 0; i < topic_len; i++) {
            hsy_put_u8(out, 't');
        }
        hsy_put_u32(out, 1);
        hsy_put_u32(out, 0);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(topic_len <= 64);
    }
}

/* What a DIRECT has beside its topic and payload, which are empty. */
struct direct {
    uint8_t attempt, kind;
    uint64_t incarnation, number, about_incarnation, about_nonce, about_number;
    uint8_t topic_len;
    uint32_t payload_len;
    bool taken;
};

static void a_direct_message_says_what_its_kind_may(void **state)
{
    (void)state;
    static const struct direct cases[] = {
        {0, 0, 1, 1, 0, 0, 0, 1, 1, true},
        {7, 0, 1, 1, 0, 0, 0, 64, 0, true},
        {8, 0, 1, 1, 0, 0, 0, 0, 0, false},     /* Too many attempts. */
        {0, 3, 1, 1, 0, 0, 0, 0, 0, false},     /* No such kind. */
        {0, 0, 0, 1, 0, 0, 0, 0, 0, false},     /* No incarnation. */
        {0, 0, 1, 0, 0, 0, 0, 0, 0, false},     /* No number. */
        {0, 0, 1, 1, 1, 0, 0, 0, 0, false},     /* About something. */
        {0, 0, 1, 1, 0, 1, 0, 0, 0, false},     /* The same. */
        {0, 0, 1, 1, 0, 0, 1, 0, 0, false},     /* The same. */
        {0, 0, 1, 1, 0, 0, 0, 65, 0, false},    /* Too long a topic. */
        {0, 0, 1, 1, 0, 0, 0, 0, 15360, true},  /* The longest payload, */
        {0, 0, 1, 1, 0, 0, 0, 0, 15361, false}, /* and one more byte. */
        {0, 1, 1, 0, 1, 0, 1, 0, 0, true},
        {0, 1, 1, 1, 1, 0, 1, 0, 0, false}, /* A receipt has no number, */
        {0, 1, 1, 0, 0, 0, 1, 0, 0, false}, /* is about an epoch, */
        {0, 1, 1, 0, 1, 0, 0, 0, 0, false}, /* and a number, */
        {0, 1, 1, 0, 1, 0, 1, 1, 0, false}, /* has no topic, */
        {0, 1, 1, 0, 1, 0, 1, 0, 1, false}, /* and no payload. */
        {0, 2, 1, 1, 1, 0, 1, 0, 9, true},
        {0, 2, 1, 0, 1, 0, 1, 0, 9, false}, /* An answer has a number, */
        {0, 2, 1, 1, 0, 0, 1, 0, 9, false}, /* is about a query, */
        {0, 2, 1, 1, 1, 0, 1, 1, 9, false}, /* and has no topic. */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct direct *c = &cases[i];
        struct hsy_writer *out = begin(HSY_DIRECT);
        hsy_put_u8(out, 3);
        hsy_put_u8(out, c->attempt);
        hsy_put_u8(out, c->kind);
        put_zeros(out, 32);
        hsy_put_u64(out, c->incarnation);
        hsy_put_u64(out, 0);
        hsy_put_u64(out, c->number);
        put_zeros(out, 32);
        hsy_put_u64(out, c->about_incarnation);
        hsy_put_u64(out, c->about_nonce);
        hsy_put_u64(out, c->about_number);
        hsy_put_u64(out, 0);
        put_message(out, c->topic_len, c->payload_len);
        put_zeros(out, 64);
        CLAIM_TAKEN_IF(c->taken);
    }
}

static void a_length_that_runs_past_the_end_is_refused(void **state)
{
    (void)state;
    struct hsy_writer *out = begin_bundle(1, 1);
    hsy_put_u8(out, 0);
    hsy_put_u32(out, UINT32_MAX);
    put_zeros(out, 64);
    CLAIM_REFUSED();
    out = begin(HSY_SEED_SYNC);
    put_zeros(out, 17);
    hsy_put_u16(out, 1);
    hsy_put_u32(out, UINT32_MAX);
    hsy_put_u8(out, HSY_SYNC_RECORD);
    CLAIM_REFUSED();
    out = begin(HSY_LINKS);
    put_zeros(out, 39);
    hsy_put_u8(out, 1);
    put_zeros(out, 8);
    hsy_put_u16(out, UINT16_MAX);
    put_zeros(out, 64);
    CLAIM_REFUSED();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_ascend_and_nobody_is_its_own),
        cmocka_unit_test(a_verdict_comes_with_its_subjects_record),
        cmocka_unit_test(a_certificate_has_1_to_17_verdicts),
        cmocka_unit_test(verdicts_agree_and_their_seeds_ascend),
        cmocka_unit_test(a_sync_has_at_most_64_entries),
        cmocka_unit_test(ask_is_0_or_1),
        cmocka_unit_test(a_seed_digest_has_256_sums),
        cmocka_unit_test(a_seed_pull_has_at_most_1024_facts),
        cmocka_unit_test(facts_of_a_seed_pull_never_fall_and_are_in_its_range),
        cmocka_unit_test(the_range_of_a_seed_pull_is_not_backwards),
        cmocka_unit_test(an_entry_has_a_kind_and_nothing_after_its_body),
        cmocka_unit_test(a_departure_is_of_one_id),
        cmocka_unit_test(a_bundle_has_1_to_64_messages),
        cmocka_unit_test(seqs_begin_at_1_and_do_not_wrap),
        cmocka_unit_test(a_topic_has_at_most_64_bytes_and_no_nul),
        cmocka_unit_test(up_to_15_kib_a_payload_is_in_its_bundle),
        cmocka_unit_test(a_larger_one_has_a_hash_for_each_32_kib),
        cmocka_unit_test(a_payload_has_at_most_16_mib),
        cmocka_unit_test(a_large_message_is_alone_in_its_bundle),
        cmocka_unit_test(a_bundle_has_at_most_16_kib),
        cmocka_unit_test(a_query_waits_for_1_ms_to_60_s),
        cmocka_unit_test(a_direct_message_says_what_its_kind_may),
        cmocka_unit_test(a_length_that_runs_past_the_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
