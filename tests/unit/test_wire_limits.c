/* Limits of records, of their lists and of the frames that set a link up,
 * each from both sides. */
#include "unit/test_wire_raw.h"

static void begin_register(const struct hsy_record *record)
{
    put_record(begin(HSY_REGISTER), record);
}

static void the_layout_of_a_record_is_the_drawn_one(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    struct hsy_writer by_hand = hsy_writer(raw.data, sizeof(raw.data));
    put_record(&by_hand, &r);
    uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_record(&out, &r);
    assert_false(out.bad);
    assert_int_equal(out.len, by_hand.len);
    assert_memory_equal(bytes, raw.data, out.len);
}

static void an_incarnation_is_in_1_to_2_62(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    static const struct {
        uint64_t incarnation;
        bool taken;
    } cases[] = {{0, false},
                 {1, true},
                 {HSY_INCARNATION_END - 1, true},
                 {HSY_INCARNATION_END, false},
                 {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        r.incarnation = cases[i].incarnation;
        begin_register(&r);
        CLAIM_TAKEN_IF(cases[i].taken);

        struct hsy_writer *out = begin(HSY_LEAVE);
        put_zeros(out, 32);
        hsy_put_u64(out, cases[i].incarnation);
        put_zeros(out, 8 + 64);
        CLAIM_TAKEN_IF(cases[i].taken);

        out = begin(HSY_DEAD_REPORT);
        put_zeros(out, 32);
        hsy_put_u64(out, cases[i].incarnation);
        put_zeros(out, 18 + 8 + 32 + 18 + 64);
        CLAIM_TAKEN_IF(cases[i].taken);

        out = begin(HSY_LINKS);
        put_zeros(out, 32);
        hsy_put_u64(out, cases[i].incarnation);
        put_zeros(out, 8 + 2 + 64);
        CLAIM_TAKEN_IF(cases[i].taken);

        out = begin(HSY_REGISTERED);
        put_zeros(out, 1);
        hsy_put_u64(out, cases[i].incarnation);
        put_zeros(out, 8 + 4 + 4 + 2 + 2);
        CLAIM_TAKEN_IF(cases[i].taken);
    }
}

static void a_role_is_seed_or_peer(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (unsigned role = 0; role <= 4; role++) {
        r.role = (enum hearsay_role)role;
        begin_register(&r);
        CLAIM_TAKEN_IF(role == 1 || role == 2);
    }
}

static void a_record_has_at_most_4_addresses(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (uint8_t count = 0; count <= 5; count++) {
        r.addrs_count = count;
        begin_register(&r);
        CLAIM_TAKEN_IF(count <= HEARSAY_ADDRS_MAX);
    }
}

static void addresses_are_distinct(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (uint8_t i = 1; i < HEARSAY_ADDRS_MAX; i++) {
        for (uint8_t k = 0; k < i; k++) {
            r = full_record();
            r.addrs[i] = r.addrs[k];
            begin_register(&r);
            CLAIM_REFUSED();
            r.addrs[i].port ^= 0x4000; /* One IP, another port. */
            begin_register(&r);
            CLAIM_TAKEN();
        }
    }
}

static void an_address_is_known(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    r.addrs[2].port = 0;
    begin_register(&r);
    CLAIM_REFUSED();
    r = full_record();
    memset(r.addrs[3].ip, 0, sizeof(r.addrs[3].ip));
    begin_register(&r);
    CLAIM_REFUSED();
    r.addrs[3].ip[15] = 1;
    begin_register(&r);
    CLAIM_TAKEN();
}

static void a_name_has_at_most_64_bytes_and_no_nul(void **state)
{
    (void)state;
    struct hsy_record r = full_record();
    for (uint8_t len = 62; len <= 66; len++) {
        r.name_len = len;
        begin_register(&r);
        CLAIM_TAKEN_IF(len <= HEARSAY_NAME_MAX);
    }
    r.name_len = 0;
    begin_register(&r);
    CLAIM_TAKEN();
    r.name_len = HEARSAY_NAME_MAX;
    r.name[HEARSAY_NAME_MAX - 1] = 0;
    begin_register(&r);
    CLAIM_REFUSED();
    r.name_len = HEARSAY_NAME_MAX - 1;
    begin_register(&r);
    CLAIM_TAKEN();
}

struct hello_case {
    uint16_t version_min, version_max;
    uint8_t network_len, trust;
};

static void begin_hello(struct hello_case c)
{
    struct hsy_record r = full_record();
    struct hsy_writer *out = begin(HSY_HELLO);
    hsy_put_u16(out, c.version_min);
    hsy_put_u16(out, c.version_max);
    hsy_put_u8(out, c.network_len);
    for (uint8_t i = 0; i < c.network_len; i++) {
        hsy_put_u8(out, 'n');
    }
    hsy_put_u8(out, c.trust);
    put_zeros(out, 8 + 32 + 18);
    put_record(out, &r);
}

static void a_hello_has_versions_in_order_a_network_and_a_trust(void **state)
{
    (void)state;
    begin_hello((struct hello_case){1, 1, 1, 0});
    CLAIM_TAKEN();
    begin_hello((struct hello_case){2, 1, 1, 0});
    CLAIM_REFUSED();
    begin_hello((struct hello_case){1, 2, 1, 1});
    CLAIM_TAKEN();
    begin_hello((struct hello_case){1, 1, 0, 0});
    CLAIM_REFUSED();
    begin_hello((struct hello_case){1, 1, 64, 0});
    CLAIM_TAKEN();
    begin_hello((struct hello_case){1, 1, 65, 0});
    CLAIM_REFUSED();
    begin_hello((struct hello_case){1, 1, 1, 2});
    CLAIM_REFUSED();
    begin_hello((struct hello_case){1, 1, 2, 0});
    raw.data[6 + 5] = 0; /* A NUL in the network's name. */
    CLAIM_REFUSED();
}

static void begin_error(uint8_t code, uint8_t text_len)
{
    struct hsy_writer *out = begin(HSY_ERROR);
    hsy_put_u8(out, code);
    hsy_put_u8(out, text_len);
    for (uint8_t i = 0; i < text_len; i++) {
        hsy_put_u8(out, 't');
    }
}

static void an_error_has_a_known_code_and_at_most_200_bytes(void **state)
{
    (void)state;
    for (uint8_t code = 0; code <= HSY_ERROR_REDUNDANT + 2; code++) {
        begin_error(code, 0);
        CLAIM_TAKEN_IF(code >= HSY_ERROR_VERSION &&
                       code <= HSY_ERROR_REDUNDANT);
    }
    for (uint8_t len = HSY_ERROR_TEXT_MAX - 1; len <= HSY_ERROR_TEXT_MAX + 1;
         len++) {
        begin_error(HSY_ERROR_FULL, len);
        CLAIM_TAKEN_IF(len <= HSY_ERROR_TEXT_MAX);
    }
    begin_error(HSY_ERROR_FULL, 3);
    raw.data[6 + 2 + 1] = 0;
    CLAIM_REFUSED();
}

/* A list of @count records, each followed by @extra bytes inside its item. */
static void put_list(struct hsy_writer *out, uint16_t count, uint16_t extra)
{
    struct hsy_record r = full_record();
    hsy_put_u16(out, count);
    for (uint16_t i = 0; i < count; i++) {
        struct hsy_writer len = hsy_writer_count();
        put_record(&len, &r);
        hsy_put_u16(out, (uint16_t)(len.len + extra));
        put_record(out, &r);
        put_zeros(out, extra);
    }
}

static void a_refusal_names_at_most_8_others_and_a_reason(void **state)
{
    (void)state;
    for (uint16_t count = 0; count <= HSY_ALTERNATIVES_MAX + 1; count++) {
        struct hsy_writer *out = begin(HSY_REFUSE);
        hsy_put_u8(out, HSY_REFUSE_FULL);
        put_list(out, count, 0);
        CLAIM_TAKEN_IF(count <= HSY_ALTERNATIVES_MAX);
    }
    for (uint8_t why = 0; why <= 6; why++) {
        struct hsy_writer *out = begin(HSY_REFUSE);
        hsy_put_u8(out, why);
        put_list(out, 0, 0);
        CLAIM_TAKEN_IF(why >= HSY_REFUSE_FULL && why <= HSY_REFUSE_ROLE);
    }
}

static void a_record_fills_its_item_exactly(void **state)
{
    (void)state;
    struct hsy_writer *out = begin(HSY_REFUSE);
    hsy_put_u8(out, HSY_REFUSE_FULL);
    put_list(out, 2, 1);
    CLAIM_REFUSED();
    out = begin(HSY_REFUSE);
    hsy_put_u8(out, HSY_REFUSE_FULL);
    put_list(out, 2, 0);
    raw.data[6 + 1 + 2 + 1]--; /* The first item's length. */
    CLAIM_REFUSED();
}

static void a_bridge_has_one_or_two_records_and_a_reason(void **state)
{
    (void)state;
    for (uint16_t count = 0; count <= 3; count++) {
        struct hsy_writer *out = begin(HSY_BRIDGE);
        hsy_put_u8(out, HSY_BRIDGE_COMPONENT);
        put_list(out, count, 0);
        CLAIM_TAKEN_IF(count == 1 || count == 2);
    }
    for (uint8_t why = 0; why <= 3; why++) {
        struct hsy_writer *out = begin(HSY_BRIDGE);
        hsy_put_u8(out, why);
        put_list(out, 1, 0);
        CLAIM_TAKEN_IF(why == HSY_BRIDGE_COMPONENT);
    }
}

struct list_case {
    uint8_t kind;
    uint16_t by_degree, count;
};

static void begin_peers(struct list_case c)
{
    struct hsy_writer *out = begin(HSY_PEERS);
    hsy_put_u8(out, c.kind);
    hsy_put_u32(out, 3);
    hsy_put_u32(out, 1000);
    hsy_put_u16(out, c.by_degree);
    put_list(out, c.count, 0);
}

static void a_page_has_at_most_48_records(void **state)
{
    (void)state;
    begin_peers((struct list_case){HSY_PEERS_PAGE, 0, HSY_PAGE_RECORDS});
    CLAIM_TAKEN();
    begin_peers((struct list_case){HSY_PEERS_PAGE, 0, HSY_PAGE_RECORDS + 1});
    CLAIM_REFUSED();
    begin_peers((struct list_case){HSY_PEERS_PAGE, 0, 0});
    CLAIM_TAKEN();
    begin_peers((struct list_case){HSY_PEERS_TOP + 1, 0, 0});
    CLAIM_REFUSED();
}

static void by_degree_counts_records_that_are_there(void **state)
{
    (void)state;
    begin_peers((struct list_case){HSY_PEERS_SAMPLE, 5, 5});
    CLAIM_TAKEN();
    begin_peers((struct list_case){HSY_PEERS_SAMPLE, 6, 5});
    CLAIM_REFUSED();
}

static void a_lookup_finds_at_most_one(void **state)
{
    (void)state;
    for (uint16_t count = 0; count <= 2; count++) {
        begin_peers((struct list_case){HSY_PEERS_LOOKUP, 0, count});
        CLAIM_TAKEN_IF(count <= 1);
    }
}

static void begin_registered(struct list_case c, uint64_t rank)
{
    struct hsy_writer *out = begin(HSY_REGISTERED);
    hsy_put_u8(out, c.kind); /* The verdict. */
    hsy_put_u64(out, 1);
    hsy_put_u64(out, rank);
    hsy_put_u32(out, 600);
    hsy_put_u32(out, 1000);
    hsy_put_u16(out, c.by_degree);
    put_list(out, c.count, 0);
}

static void a_registration_is_answered_within_the_limits(void **state)
{
    (void)state;
    for (uint8_t verdict = 0; verdict <= HSY_REGISTERED_NO_ADDR + 1;
         verdict++) {
        begin_registered((struct list_case){verdict, 0, 0}, 0);
        CLAIM_TAKEN_IF(verdict <= HSY_REGISTERED_NO_ADDR);
    }
    begin_registered((struct list_case){0, 48, HSY_PAGE_RECORDS}, 0);
    CLAIM_TAKEN();
    begin_registered((struct list_case){0, 0, HSY_PAGE_RECORDS + 1}, 0);
    CLAIM_REFUSED();
    begin_registered((struct list_case){0, 2, 1}, 0);
    CLAIM_REFUSED();
    begin_registered((struct list_case){0, 0, 0}, 2 * HSY_INCARNATION_END - 1);
    CLAIM_TAKEN();
    begin_registered((struct list_case){0, 0, 0}, 2 * HSY_INCARNATION_END);
    CLAIM_REFUSED();
}

static void begin_peers_get(uint8_t kind, uint16_t count)
{
    struct hsy_writer *out = begin(HSY_PEERS_GET);
    hsy_put_u8(out, kind);
    hsy_put_u16(out, count);
    hsy_put_u32(out, 0);
}

static void one_asks_for_1_to_48_peers_of_a_kind(void **state)
{
    (void)state;
    for (uint16_t count = 0; count <= HSY_PAGE_RECORDS + 1; count++) {
        begin_peers_get(HSY_PEERS_SAMPLE, count);
        CLAIM_TAKEN_IF(count >= 1 && count <= HSY_PAGE_RECORDS);
    }
    for (uint8_t kind = 0; kind <= HSY_PEERS_TOP + 2; kind++) {
        begin_peers_get(kind, 1); /* LOOKUP is an answer. */
        CLAIM_TAKEN_IF(kind <= HSY_PEERS_TOP && kind != HSY_PEERS_LOOKUP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_of_a_record_is_the_drawn_one),
        cmocka_unit_test(an_incarnation_is_in_1_to_2_62),
        cmocka_unit_test(a_role_is_seed_or_peer),
        cmocka_unit_test(a_record_has_at_most_4_addresses),
        cmocka_unit_test(addresses_are_distinct),
        cmocka_unit_test(an_address_is_known),
        cmocka_unit_test(a_name_has_at_most_64_bytes_and_no_nul),
        cmocka_unit_test(a_hello_has_versions_in_order_a_network_and_a_trust),
        cmocka_unit_test(an_error_has_a_known_code_and_at_most_200_bytes),
        cmocka_unit_test(a_refusal_names_at_most_8_others_and_a_reason),
        cmocka_unit_test(a_record_fills_its_item_exactly),
        cmocka_unit_test(a_bridge_has_one_or_two_records_and_a_reason),
        cmocka_unit_test(a_page_has_at_most_48_records),
        cmocka_unit_test(by_degree_counts_records_that_are_there),
        cmocka_unit_test(a_lookup_finds_at_most_one),
        cmocka_unit_test(a_registration_is_answered_within_the_limits),
        cmocka_unit_test(one_asks_for_1_to_48_peers_of_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
