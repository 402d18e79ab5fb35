/* config.txt. */
#include "base/seedlist.h"
#include "support/claim.h"

#include <string.h>

#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"

static struct hsy_seedlist list;
static struct hsy_parse_error error;

static int parse(const char *text)
{
    return hsy_seedlist_parse(&list, text, strlen(text), &error);
}

static void claim_refused(const char *text, uint32_t line, const char *says)
{
    CLAIM_INT(parse(text), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(error.line, line);
    if (strstr(error.text, says) == NULL) {
        CLAIM_TEXT(error.text, says); /* Shows both. */
    }
}

static void lines_become_seeds_in_order(void **state)
{
    (void)state;
    CLAIM_INT(parse("# seeds\n"
                    "\n"
                    "  10.0.0.1:7001\n"
                    "\t[2001:db8::1]:7002 \t" K1 " # the second\n"
                    "seed.example:7003#none\n"
                    "   \t \n"
                    "#"),
              HEARSAY_OK);
    CLAIM_INT(list.count, 3);
    CLAIM_TEXT(list.seeds[0].host, "10.0.0.1");
    CLAIM_INT(list.seeds[0].port, 7001);
    CLAIM(!list.seeds[0].pinned);
    CLAIM_TEXT(list.seeds[1].host, "2001:db8::1");
    CLAIM(list.seeds[1].pinned);
    CLAIM_INT(list.seeds[1].id.bytes[31], 0x11);
    CLAIM_TEXT(list.seeds[2].host, "seed.example");
}

static void lines_may_end_with_cr_lf_or_not_at_all(void **state)
{
    (void)state;
    CLAIM_INT(parse("a:1\r\n\r\nb:2 " K1 "\r\nc:3"), HEARSAY_OK);
    CLAIM_INT(list.count, 3);
    CLAIM_INT(list.seeds[2].port, 3);
    claim_refused("a:1\rb:2\n", 1, "\"a:1?b:2\": ");
}

static void a_list_without_a_seed_is_an_error(void **state)
{
    (void)state;
    claim_refused("", 0, "no seed in the file");
    claim_refused("# a:1\n\n", 0, "no seed in the file");
    CLAIM_INT(hsy_seedlist_parse(&list, NULL, 0, &error),
              HEARSAY_ERR_MALFORMED);
}

static void the_same_address_twice_counts_once(void **state)
{
    (void)state;
    CLAIM_INT(parse("Seed.Example:1\nseed.example:1\nseed.example:2\n"
                    "[::1]:1\n[0:0:0:0::1]:1\n"),
              HEARSAY_OK);
    CLAIM_INT(list.count, 3);
    CLAIM_TEXT(list.seeds[0].host, "Seed.Example");
    CLAIM_INT(list.seeds[1].port, 2);
    CLAIM_INT(parse("seed:1\nseed1:1\n"), HEARSAY_OK);
    CLAIM_INT(list.count, 2);
}

static void a_key_on_any_line_of_an_address_holds(void **state)
{
    (void)state;
    CLAIM_INT(parse("a:1\na:1 " K1 "\nA:1 " K1 "\na:1\n"), HEARSAY_OK);
    CLAIM_INT(list.count, 1);
    CLAIM(list.seeds[0].pinned);
    CLAIM_INT(list.seeds[0].id.bytes[0], 0x11);
}

static void two_keys_for_one_address_are_an_error(void **state)
{
    (void)state;
    claim_refused("a:1 " K1 "\nb:1\nA:1 " K2 "\n", 3, "another key");
    /* Also where the address is to lose against an earlier one. */
    claim_refused("a:1 " K1 "\nb:1 " K1 "\nb:1 " K2 "\n", 3, "another key");
}

static void one_key_counts_once_with_its_first_address(void **state)
{
    (void)state;
    CLAIM_INT(parse("x:9\na:1 " K1 "\nb:2 " K1 "\nc:3 " K2 "\n"), HEARSAY_OK);
    CLAIM_INT(list.count, 3);
    CLAIM_TEXT(list.seeds[1].host, "a");
    CLAIM_TEXT(list.seeds[2].host, "c");

    /* a's key is known only after b was read. */
    CLAIM_INT(parse("a:1\nb:2 " K1 "\na:1 " K1 "\n"), HEARSAY_OK);
    CLAIM_INT(list.count, 1);
    CLAIM_TEXT(list.seeds[0].host, "a");
}

static void a_bad_line_says_what_to_do(void **state)
{
    (void)state;
    claim_refused("a:1\nb:70000\n", 2,
                  "\"b:70000\": the port is over 65535: use host:port with a "
                  "port from 1 to 65535");
    claim_refused("a:0", 1, "port from 1 to 65535");
    claim_refused("10.0.0.1\n", 1, "no port: write host:port");
    claim_refused("\n\n2001:db8::1\n", 3, "in brackets, as in [::1]:7946");
    claim_refused("a:1 abcdef\n", 1, "\"abcdef\": not a key: a key is 64 hex");
    claim_refused("a:1 " K1 "1\n", 1, "not a key");
    claim_refused("a:1 g" K1 "\n", 1, "not a key");
    claim_refused("a:1 " K1 " b:2\n", 1, "\"b:2\": too much on one line");
    claim_refused("a b:1\n", 1, "\"a\": no port");
}

static void an_error_shows_no_byte_that_a_terminal_obeys(void **state)
{
    (void)state;
    claim_refused("\x1b[31m\x7f\xc3\xb6:1\n", 1, "\"?[31m???:1\": ");
}

static void a_long_word_is_cut_in_the_error(void **state)
{
    (void)state;
    char text[513];
    memset(text, 'a', sizeof(text));
    text[512] = '\0';
    CLAIM_INT(parse(text), HEARSAY_ERR_MALFORMED);
    CLAIM(strstr(error.text, "aaa...\": no port") != NULL);
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    static const char text[] = "a:1\nb:2\0\nc:3\n";
    CLAIM_INT(hsy_seedlist_parse(&list, text, sizeof(text) - 1, &error),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(error.line, 2);
    CLAIM(strstr(error.text, "NUL") != NULL);
}

static void a_line_has_at_most_512_bytes(void **state)
{
    (void)state;
    char text[600];
    memset(text, '#', sizeof(text));
    memcpy(text, "a:1 ", 4);
    text[512] = '\r';
    text[513] = '\n';
    CLAIM_INT(hsy_seedlist_parse(&list, text, 514, &error), HEARSAY_OK);
    text[512] = '#';
    CLAIM_INT(hsy_seedlist_parse(&list, text, 514, &error),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(error.line, 1);
    CLAIM(strstr(error.text, "over 512 bytes") != NULL);
}

static void there_is_room_for_32_seeds_and_not_for_33(void **state)
{
    (void)state;
    char text[34 * 8] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < HEARSAY_SEEDS_MAX; i++) {
        const char line[] = {'h', ':', (char)('1' + i / 10),
                             (char)('0' + i % 10), '\n'};
        memcpy(text + len, line, sizeof(line));
        len += sizeof(line);
    }
    memcpy(text + len, "H:10\n", 5); /* One of them again. */
    len += 5;
    CLAIM_INT(hsy_seedlist_parse(&list, text, len, &error), HEARSAY_OK);
    CLAIM_INT(list.count, HEARSAY_SEEDS_MAX);

    memcpy(text + len, "h:99\n", 5);
    CLAIM_INT(hsy_seedlist_parse(&list, text, len + 5, &error),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(error.line, 34);
    CLAIM(strstr(error.text, "more than 32 seeds") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_seeds_in_order),
        cmocka_unit_test(lines_may_end_with_cr_lf_or_not_at_all),
        cmocka_unit_test(a_list_without_a_seed_is_an_error),
        cmocka_unit_test(the_same_address_twice_counts_once),
        cmocka_unit_test(a_key_on_any_line_of_an_address_holds),
        cmocka_unit_test(two_keys_for_one_address_are_an_error),
        cmocka_unit_test(one_key_counts_once_with_its_first_address),
        cmocka_unit_test(a_bad_line_says_what_to_do),
        cmocka_unit_test(an_error_shows_no_byte_that_a_terminal_obeys),
        cmocka_unit_test(a_long_word_is_cut_in_the_error),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(a_line_has_at_most_512_bytes),
        cmocka_unit_test(there_is_room_for_32_seeds_and_not_for_33),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
