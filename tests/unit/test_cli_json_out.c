/* Our JSON writer against a strict reader: jansson takes all of it. */
#include "admin/json_out.h"
#include "base/mem.h"
#include "base/prng.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <jansson.h>
#include <string.h>

static struct hsy_json json;

static int begin(void **state)
{
    (void)state;
    hsy_json_init(&json, hearsay_mem_default(), 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hsy_json_fini(&json);
    return 0;
}

static json_t *read_back(size_t flags)
{
    CLAIM(!json.bad);
    return json_loadb(json.text, json.len, JSON_REJECT_DUPLICATES | flags,
                      NULL);
}

static void claim_text(const char *text)
{
    CLAIM_INT(json.len, strlen(text));
    CLAIM_BYTES(json.text, text, json.len);
}

static void commas_are_where_they_are_due(void **state)
{
    (void)state;
    hsy_json_open(&json, NULL, '{');
    hsy_json_u64(&json, "a", UINT64_MAX);
    hsy_json_open(&json, "b", '[');
    hsy_json_bool(&json, NULL, true);
    hsy_json_null(&json, NULL);
    hsy_json_open(&json, NULL, '{');
    hsy_json_close(&json, '}');
    hsy_json_close(&json, ']');
    hsy_json_string(&json, "c", "x");
    hsy_json_close(&json, '}');
    claim_text("{\"a\":18446744073709551615,\"b\":[true,null,{}],"
               "\"c\":\"x\"}");
}

static void fractions_have_three_decimals(void **state)
{
    (void)state;
    hsy_json_open(&json, NULL, '[');
    hsy_json_milli(&json, NULL, 0);
    hsy_json_milli(&json, NULL, 7);
    hsy_json_milli(&json, NULL, 213456);
    hsy_json_close(&json, ']');
    claim_text("[0.000,0.007,213.456]");
}

static void control_bytes_and_quotes_are_escaped(void **state)
{
    (void)state;
    hsy_json_open(&json, NULL, '[');
    hsy_json_text(&json, NULL, "\"\\\n\x01\x7f\0é", 8);
    hsy_json_close(&json, ']');
    claim_text("[\"\\\"\\\\\\u000a\\u0001\\u007f\\u0000é\"]");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    (void)state;
    hsy_json_open(&json, NULL, '[');
    hsy_json_text(&json, NULL, "a\xff\xc3", 3);
    hsy_json_close(&json, ']');
    claim_text("[\"a\xef\xbf\xbd\xef\xbf\xbd\"]");
}

static void base64_is_padded(void **state)
{
    (void)state;
    /* RFC 4648, section 10. */
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "\"%s\"", pairs[i][1]);
        hsy_json_fini(&json);
        hsy_json_init(&json, hearsay_mem_default(), 100);
        hsy_json_base64(&json, NULL, (const uint8_t *)pairs[i][0],
                        strlen(pairs[i][0]));
        claim_text(expected);
    }
}

static void utf8_is_judged_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\xc2\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", false}, /* above it */
        {"\xc0\x80", false},         /* overlong */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\x80", false},
        {"\xe2\x82", false}, /* cut */
        {"\xe2\x28\xa1", false},
        {"\xf8\x88\x80\x80\x80", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool valid = hsy_utf8_valid((const uint8_t *)cases[i].bytes,
                                    strlen(cases[i].bytes));
        CLAIM_INT(valid, cases[i].valid);
    }
}

/* Whatever bytes come in, jansson reads what goes out, and what was UTF-8
 * comes back as it was. */
static void any_bytes_become_json_that_is_read_back(void **state)
{
    (void)state;
    struct hsy_prng rng;
    hsy_prng_init(&rng, 11);
    for (int round = 0; round < 5000; round++) {
        uint8_t bytes[64];
        size_t len = (size_t)hsy_prng_below(&rng, sizeof(bytes));
        bool ascii = hsy_prng_below(&rng, 2) == 0;
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)hsy_prng_below(&rng, ascii ? 128 : 256);
        }
        hsy_json_fini(&json);
        hsy_json_init(&json, hearsay_mem_default(), 4096);
        hsy_json_open(&json, NULL, '[');
        hsy_json_text(&json, NULL, (const char *)bytes, len);
        hsy_json_close(&json, ']');
        json_t *back = read_back(JSON_ALLOW_NUL);
        CLAIM(back != NULL);
        const json_t *text = json_array_get(back, 0);
        if (hsy_utf8_valid(bytes, len)) {
            CLAIM_INT(json_string_length(text), len);
            CLAIM_BYTES(json_string_value(text), bytes, len);
        }
        json_decref(back);
    }
}

static void over_its_bound_a_text_is_bad_for_good(void **state)
{
    (void)state;
    hsy_json_fini(&json);
    hsy_json_init(&json, hearsay_mem_default(), 10);
    hsy_json_raw(&json, "0123456789", 10);
    CLAIM(!json.bad);
    hsy_json_raw(&json, "x", 1);
    CLAIM(json.bad);
    size_t len = 0;
    CLAIM(hsy_json_take(&json, &len) == NULL);
}

static void without_memory_a_text_is_bad_and_nothing_leaks(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 4; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        hsy_json_init(&json, &mem, 1 << 20);
        for (int i = 0; i < 200; i++) {
            hsy_json_string(&json, NULL, "more than ten bytes");
        }
        CLAIM_INT(json.bad, at <= 4); /* 512, 1024, 2048, 4096 */
        hsy_json_fini(&json);
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(commas_are_where_they_are_due),
        TEST(fractions_have_three_decimals),
        TEST(control_bytes_and_quotes_are_escaped),
        TEST(bytes_that_are_no_utf8_are_replaced),
        TEST(base64_is_padded),
        TEST(utf8_is_judged_strictly),
        TEST(any_bytes_become_json_that_is_read_back),
        TEST(over_its_bound_a_text_is_bad_for_good),
        TEST(without_memory_a_text_is_bad_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
