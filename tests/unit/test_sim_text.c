/* Text: numbers, escapes, and what sticks when there is no memory. */
#include "support/claim.h"
#include "support/mem_fault.h"

#include <math.h>
#include <string.h>

#include "sim/text.h"

static struct hsy_text t;

static void start(void)
{
    hsy_text_init(&t, hearsay_mem_default());
}

#define SAYS(expected)                          \
    do {                                        \
        CLAIM_TEXT(hsy_text_get(&t), expected); \
        hsy_text_fini(&t);                      \
        start();                                \
    } while (0)

static void fixed(double value, unsigned decimals)
{
    hsy_text_fixed(&t, value, decimals);
}

static void numbers_are_rounded_half_away_from_zero(void **state)
{
    (void)state;
    start();
    SAYS("");
    hsy_text_u64(&t, 0);
    hsy_text_put(&t, " ");
    hsy_text_u64(&t, UINT64_MAX);
    SAYS("0 18446744073709551615");
    fixed(0, 0);
    SAYS("0");
    fixed(2.5, 0);
    SAYS("3");
    fixed(-2.5, 0);
    SAYS("-3");
    fixed(1.005, 1);
    SAYS("1.0");
    fixed(0.0078125, 3);
    SAYS("0.008");
    fixed(-0.0001, 2); /* Not "-0.00". */
    SAYS("0.00");
    fixed(9.996, 2);
    SAYS("10.00");
    fixed(12345.6789, 9);
    SAYS("12345.678900000");
}

static void numbers_without_a_value_are_a_dash(void **state)
{
    (void)state;
    start();
    fixed((double)NAN, 2);
    SAYS("-");
    fixed((double)INFINITY, 2);
    SAYS("-");
    fixed(1e12, 9); /* Ten million of a million million. */
    SAYS("1000000000000.000000");
    fixed(1e300, 2);
    SAYS("9200000000000000000");
    CLAIM_DIES(hsy_text_fixed(&t, 1, 10));
}

static void columns_are_padded(void **state)
{
    (void)state;
    start();
    hsy_text_left(&t, "ab", 4);
    hsy_text_right(&t, "cd", 4);
    hsy_text_right(&t, "longer", 2);
    SAYS("ab    cdlonger");
}

static void json_strings_are_valid_whatever_they_hold(void **state)
{
    (void)state;
    start();
    hsy_text_json_string(&t, "a\"b\\c\n\x01\x7f");
    SAYS("\"a\\\"b\\\\c\\u000a\\u0001\\u007f\"");
    hsy_text_json_string(&t, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f");
    SAYS("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f\"");
    /* Alone, cut short, overlong, a surrogate, beyond U+10FFFF. */
    hsy_text_json_string(&t,
                         "\x80-\xc3-\xc0\xaf-\xed\xa0\x80-\xf4\x90\x80\x80");
    SAYS("\"\xef\xbf\xbd-\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd-"
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd-"
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void overlong_sequences_are_no_utf8(void **state)
{
    (void)state;
    start();
    hsy_text_html(&t, "\xe0\x80\xaf\xf0\x80\x80\xaf");
    CLAIM_INT(t.len, 7 * 3); /* U+FFFD for each byte. */
    hsy_text_fini(&t);
}

static void html_is_escaped(void **state)
{
    (void)state;
    start();
    hsy_text_html(&t, "<script a=\"b\" c='d'>&amp;\x01\x1b\n\xff");
    SAYS("&lt;script a=&quot;b&quot; c=&#39;d&#39;&gt;&amp;amp;\n\xef\xbf\xbd");
}

static void a_failure_sticks_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(2);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    hsy_text_init(&t, &mem);
    for (int i = 0; i < 100; i++) {
        hsy_text_put(&t, "0123456789");
    }
    CLAIM_INT(t.err, HEARSAY_ERR_NOMEM);
    CLAIM_INT(t.len, 250);
    CLAIM_INT(hsy_text_get(&t)[250], '\0');
    hsy_text_fini(&t);
    CLAIM_INT(fault.live, 0);
}

static void it_grows_to_its_limit_and_no_further(void **state)
{
    (void)state;
    static char block[1024 * 1024];
    memset(block, 'x', sizeof(block));
    start();
    for (int i = 0; i < 70; i++) {
        hsy_text_putn(&t, block, sizeof(block));
    }
    CLAIM_INT(t.err, HEARSAY_ERR_FULL);
    CLAIM_INT(t.len, 63 * 1024 * 1024);
    hsy_text_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_rounded_half_away_from_zero),
        cmocka_unit_test(numbers_without_a_value_are_a_dash),
        cmocka_unit_test(columns_are_padded),
        cmocka_unit_test(json_strings_are_valid_whatever_they_hold),
        cmocka_unit_test(overlong_sequences_are_no_utf8),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(a_failure_sticks_and_keeps_what_was_there),
        cmocka_unit_test(it_grows_to_its_limit_and_no_further),
    };
    return cmocka_run_group_tests_name("sim_text", tests, NULL, NULL);
}
