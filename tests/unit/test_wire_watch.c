/* Limits of WATCH and MEMBER, each from both sides. */
#include "unit/test_wire_raw.h"

static void begin_watch(uint32_t nonce, uint64_t log, uint64_t upto)
{
    struct hsy_writer *out = begin(HSY_WATCH);
    hsy_put_u32(out, nonce);
    hsy_put_u64(out, log);
    hsy_put_u64(out, upto);
}

static void an_end_says_no_more_and_a_beginning_has_no_place(void **state)
{
    (void)state;
    begin_watch(0, 0, 0);
    CLAIM_TAKEN();
    begin_watch(0, 1, 0);
    CLAIM_REFUSED();
    begin_watch(1, 0, 0);
    CLAIM_TAKEN();
    begin_watch(1, 0, 1);
    CLAIM_REFUSED();
    begin_watch(1, 1, 1);
    CLAIM_TAKEN();
}

struct member_case {
    uint32_t nonce;
    uint8_t how;
    uint64_t log, upto;
    uint16_t count;
};

static struct hsy_writer *begin_member(struct member_case c)
{
    struct hsy_writer *out = begin(HSY_MEMBER);
    hsy_put_u32(out, c.nonce);
    hsy_put_u8(out, c.how);
    hsy_put_u64(out, c.log);
    hsy_put_u64(out, c.upto);
    hsy_put_u16(out, c.count);
    return out;
}

static void put_entry(struct hsy_writer *out)
{
    struct hsy_record r = full_record();
    struct hsy_writer len = hsy_writer_count();
    put_record(&len, &r);
    hsy_put_u32(out, (uint32_t)len.len + 1);
    hsy_put_u8(out, HSY_SYNC_RECORD);
    put_record(out, &r);
}

static void news_have_a_nonce_a_kind_and_a_log(void **state)
{
    (void)state;
    for (uint8_t how = 0; how <= 5; how++) {
        bool refused = how == HSY_MEMBER_REFUSED;
        (void)begin_member((struct member_case){1, how, 1, 0, 0});
        CLAIM_TAKEN_IF(how < HSY_MEMBER_REFUSED);
        (void)begin_member((struct member_case){0, how, 1, 0, 0});
        CLAIM_REFUSED();
        (void)begin_member((struct member_case){1, how, 0, 0, 0});
        CLAIM_TAKEN_IF(refused);
    }
}

static void a_refusal_says_nothing_else(void **state)
{
    (void)state;
    struct member_case c = {1, HSY_MEMBER_REFUSED, 0, 0, 0};
    (void)begin_member(c);
    CLAIM_TAKEN();
    c.upto = 1;
    (void)begin_member(c);
    CLAIM_REFUSED();
    c.upto = 0;
    c.count = 1;
    put_entry(begin_member(c));
    CLAIM_REFUSED();
}

static void news_have_at_most_64_facts(void **state)
{
    (void)state;
    for (uint16_t count = 62; count <= 66; count++) {
        struct hsy_writer *out = begin_member(
            (struct member_case){1, HSY_MEMBER_CHANGES, 1, 0, count});
        for (uint16_t i = 0; i < count; i++) {
            put_entry(out);
        }
        CLAIM_TAKEN_IF(count <= HSY_SYNC_ENTRIES_MAX);
    }
}

/* Who is linked to whom is no concern of a peer's. */
static void links_are_no_news(void **state)
{
    (void)state;
    struct hsy_writer *out =
        begin_member((struct member_case){1, HSY_MEMBER_CHANGES, 1, 0, 1});
    hsy_put_u32(out, 1 + 32 + 8 + 8 + 2 + 64);
    hsy_put_u8(out, HSY_SYNC_LINKS);
    put_zeros(out, 32);
    hsy_put_u64(out, 1);
    hsy_put_u64(out, 1);
    hsy_put_u16(out, 0);
    put_zeros(out, 64);
    CLAIM_REFUSED();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_says_no_more_and_a_beginning_has_no_place),
        cmocka_unit_test(news_have_a_nonce_a_kind_and_a_log),
        cmocka_unit_test(a_refusal_says_nothing_else),
        cmocka_unit_test(news_have_at_most_64_facts),
        cmocka_unit_test(links_are_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
