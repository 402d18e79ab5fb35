/* Addresses, endpoints and ids as text. */
#include "base/addr.h"
#include "support/claim.h"

#include <string.h>

static int parse_ip(uint8_t out[16], const char *text)
{
    return hsy_ip_parse(out, text, strlen(text));
}

/* Left: what people write. Right: its one canonical form. */
static const char *const canonical[][2] = {
    {"0.0.0.0", "0.0.0.0"},
    {"127.0.0.1", "127.0.0.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"::", "::"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"::1", "::1"},
    {"0:0:0:0:0:0:0:1", "::1"},
    {"1::", "1::"},
    {"::ffff:1.2.3.4", "1.2.3.4"},
    {"::ffff:102:304", "1.2.3.4"},
    {"::FFFF:0:0", "0.0.0.0"},
    {"::1.2.3.4", "::102:304"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    /* RFC 5952, sections 1, 2 and 4. */
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
    {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001",
     "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
    {"2001:db8:0:0:0::1", "2001:db8::1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static void every_ip_has_one_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        struct hearsay_addr addr = {.port = 0};
        struct hearsay_addr again = {.port = 0};
        char text[HEARSAY_ADDR_TEXT_LEN];
        CLAIM_INT(parse_ip(addr.ip, canonical[i][0]), HEARSAY_OK);
        hsy_addr_host_text(text, &addr);
        CLAIM_TEXT(text, canonical[i][1]);
        CLAIM_INT(parse_ip(again.ip, text), HEARSAY_OK);
        CLAIM(hsy_addr_equal(&addr, &again));
    }
}

static void what_is_no_ip_is_refused_untouched(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.1000",
        "01.2.3.4",
        "1.2.3.00",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        ":",
        ":::",
        "1",
        "1:",
        ":1",
        "1:2",
        "::1::",
        "1:::2",
        "12345::",
        "::g",
        "[::1]",
        "::1%lo",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3:4:5:6:7:8:",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "::1.2.3",
        "::1.2.3.256",
        "1:2:3:4:5:1.2.3.4",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t ip[16];
        uint8_t before[16];
        memset(ip, 0x5a, sizeof(ip));
        memcpy(before, ip, sizeof(ip));
        CLAIM_INT(parse_ip(ip, cases[i]), HEARSAY_ERR_MALFORMED);
        CLAIM_BYTES(ip, before, sizeof(ip));
    }
}

static void an_ip_ends_where_its_length_says(void **state)
{
    (void)state;
    uint8_t ip[16];
    CLAIM_INT(hsy_ip_parse(ip, "1.2.3.45", 7), HEARSAY_OK);
    CLAIM_INT(ip[15], 4);
    CLAIM_INT(hsy_ip_parse(ip, "::12", 3), HEARSAY_OK);
    CLAIM_INT(ip[15], 1);
}

static void addresses_come_in_three_texts(void **state)
{
    (void)state;
    struct hearsay_addr v4;
    struct hearsay_addr v6;
    char text[HEARSAY_ADDR_TEXT_LEN];
    CLAIM_INT(hearsay_addr_parse(&v4, "10.0.0.7:65535"), HEARSAY_OK);
    CLAIM_INT(hearsay_addr_parse(&v6, "[2001:DB8::0:1]:0"), HEARSAY_OK);

    hearsay_addr_text(text, &v4);
    CLAIM_TEXT(text, "10.0.0.7:65535");
    hsy_addr_ip_text(text, &v4);
    CLAIM_TEXT(text, "10.0.0.7");
    hearsay_addr_text(text, &v6);
    CLAIM_TEXT(text, "[2001:db8::1]:0");
    hsy_addr_ip_text(text, &v6);
    CLAIM_TEXT(text, "[2001:db8::1]");
    hsy_addr_host_text(text, &v6);
    CLAIM_TEXT(text, "2001:db8::1");
}

static void the_longest_address_fits(void **state)
{
    (void)state;
    struct hearsay_addr addr = {.port = 65535};
    char text[HEARSAY_ADDR_TEXT_LEN];
    memset(addr.ip, 0xff, sizeof(addr.ip));
    hearsay_addr_text(text, &addr);
    CLAIM_TEXT(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void what_is_no_address_is_refused_untouched(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4: 1",
        "1.2.3.4:1 ",
        "[1.2.3.4]:1",
        "::1:1",
        "[::1]",
        "[::1]:",
        "[::1]1",
        "[::1",
        "[]:1",
        "host:1",
        ":1",
        "[::1]:1:2",
        "[[::1]]:1",
        "1.2.3.4:0x1",
        "1.2.3.4:99999999999999999999",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hearsay_addr addr = {.port = 77};
        CLAIM_INT(hearsay_addr_parse(&addr, cases[i]), HEARSAY_ERR_MALFORMED);
        CLAIM_INT(addr.port, 77);
    }
}

static void an_address_knows_its_kind(void **state)
{
    (void)state;
    struct hearsay_addr none = {.port = 5};
    struct hearsay_addr v4;
    struct hearsay_addr v6;
    CLAIM_INT(hearsay_addr_parse(&v4, "0.0.0.1:5"), HEARSAY_OK);
    CLAIM_INT(hearsay_addr_parse(&v6, "[::1]:5"), HEARSAY_OK);
    CLAIM(!hsy_addr_has_ip(&none));
    CLAIM(hsy_addr_has_ip(&v4));
    CLAIM(hsy_addr_has_ip(&v6));
    CLAIM(hsy_addr_is_v4(&v4));
    CLAIM(!hsy_addr_is_v4(&v6));
    CLAIM(!hsy_addr_equal(&v4, &v6));
    struct hearsay_addr other_port = v4;
    other_port.port = 6;
    CLAIM(!hsy_addr_equal(&v4, &other_port));
}

static void endpoints_are_hosts_and_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
    } cases[] = {
        {"10.0.0.7:1", "10.0.0.7", 1},
        {"[::1]:65535", "::1", 65535},
        {"[0:0::0:1]:7946", "::1", 7946},
        {"[::ffff:10.0.0.7]:5", "10.0.0.7", 5},
        {"localhost:7946", "localhost", 7946},
        {"Seed-1.my_net.Example:80", "Seed-1.my_net.Example", 80},
        {"1st.example:80", "1st.example", 80},
        {"fe80:80", "fe80", 80},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hearsay_seed seed = {.pinned = true};
        const char *why = NULL;
        CLAIM_INT(hsy_endpoint_parse(&seed, cases[i].text, false, &why),
                  HEARSAY_OK);
        CLAIM_TEXT(seed.host, cases[i].host);
        CLAIM_INT(seed.port, cases[i].port);
        CLAIM(!seed.pinned);
        CLAIM(why == NULL);
    }
}

static void a_bad_endpoint_is_told_what_to_write(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no port"},
        {"10.0.0.7", "no port"},
        {"[::1]", "no port"},
        {"[::1]x:5", "no port"},
        {"[::1:5", "not closed"},
        {":5", "no host"},
        {"::1:5", "brackets"},
        {"2001:db8::1", "brackets"},
        {"[host]:5", "not an IPv6"},
        {"[1.2.3.4]:5", "not an IPv6"},
        {"[fe80::1%eth0]:5", "not an IPv6"},
        {"1.2.3:5", "not an IPv4"},
        {"256.1.1.1:5", "not an IPv4"},
        {"12345:5", "not an IPv4"},
        {"ho st:5", "letters, digits"},
        {"h\xc3\xb6st:5", "letters, digits"},
        {"user@host:5", "letters, digits"},
        {"http//host:5", "letters, digits"},
        {"host:", "not a number"},
        {"host:http", "not a number"},
        {"host:+5", "not a number"},
        {"host:5 ", "not a number"},
        {"host:65536", "over 65535"},
        {"host:18446744073709551617", "over 65535"},
        {"host:0", "port 0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hearsay_seed seed = {.port = 77};
        const char *why = "";
        CLAIM_INT(hsy_endpoint_parse(&seed, cases[i].text, false, &why),
                  HEARSAY_ERR_MALFORMED);
        CLAIM(strstr(why, cases[i].says) != NULL);
        CLAIM(strlen(why) < 100);
        CLAIM_INT(seed.port, 77);
    }
}

static void port_zero_is_for_those_who_ask_for_it(void **state)
{
    (void)state;
    struct hearsay_seed seed;
    const char *why = NULL;
    CLAIM_INT(hsy_endpoint_parse(&seed, "[::]:0", true, &why), HEARSAY_OK);
    CLAIM_TEXT(seed.host, "::");
    CLAIM_INT(seed.port, 0);
    CLAIM_INT(hsy_endpoint_parse(&seed, "[::]:0", false, &why),
              HEARSAY_ERR_MALFORMED);
}

static void a_host_name_has_at_most_253_bytes(void **state)
{
    (void)state;
    struct hearsay_seed seed;
    const char *why = NULL;
    char text[300];
    memset(text, 'a', sizeof(text));
    memcpy(text + 253, ":5", 3);
    CLAIM_INT(hsy_endpoint_parse(&seed, text, false, &why), HEARSAY_OK);
    CLAIM_INT(strlen(seed.host), 253);

    memcpy(text + 253, "a:5", 4);
    CLAIM_INT(hsy_endpoint_parse(&seed, text, false, &why),
              HEARSAY_ERR_MALFORMED);
    CLAIM(strstr(why, "over 253 bytes") != NULL);
}

#define ID_TEXT \
    "00ff10a05b0000000000000000000000000000000000000000000000000000c3"

static void an_id_is_64_hex_digits(void **state)
{
    (void)state;
    struct hearsay_id id;
    char text[HEARSAY_ID_TEXT_LEN];
    CLAIM_INT(hsy_id_parse(&id, ID_TEXT, 64), HEARSAY_OK);
    CLAIM_INT(id.bytes[1], 0xff);
    CLAIM_INT(id.bytes[31], 0xc3);
    hearsay_id_text(text, &id);
    CLAIM_TEXT(text, ID_TEXT);

    struct hearsay_id upper;
    text[2] = 'F';
    text[6] = 'A';
    CLAIM_INT(hsy_id_parse(&upper, text, 64), HEARSAY_OK);
    CLAIM(hsy_id_equal(&id, &upper));
}

static void what_is_no_id_is_refused_untouched(void **state)
{
    (void)state;
    static const char bad[] = {'g', ' ', '/', ':', '@', 'G', '`', '\0'};
    struct hearsay_id id = {{77}};
    CLAIM_INT(hsy_id_parse(&id, ID_TEXT, 63), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(hsy_id_parse(&id, ID_TEXT "0", 65), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(hsy_id_parse(&id, "", 0), HEARSAY_ERR_MALFORMED);
    for (size_t i = 0; i < sizeof(bad); i++) {
        char text[] = ID_TEXT;
        text[63] = bad[i];
        CLAIM_INT(hsy_id_parse(&id, text, 64), HEARSAY_ERR_MALFORMED);
        text[63] = '0';
        text[0] = bad[i];
        CLAIM_INT(hsy_id_parse(&id, text, 64), HEARSAY_ERR_MALFORMED);
    }
    CLAIM_INT(id.bytes[0], 77);
}

static void ids_are_ordered_by_their_bytes(void **state)
{
    (void)state;
    struct hearsay_id low = {{1, 255}};
    struct hearsay_id high = {{200, 0}};
    CLAIM(hsy_id_compare(&low, &high) < 0);
    CLAIM(hsy_id_compare(&high, &low) > 0);
    CLAIM(hsy_id_compare(&low, &low) == 0);
    CLAIM(!hsy_id_equal(&low, &high));
}

static uint64_t group_of(const char *ip)
{
    struct hearsay_addr addr = {.port = 1};
    CLAIM_INT(hsy_ip_parse(addr.ip, ip, strlen(ip)), HEARSAY_OK);
    return hsy_addr_group(&addr);
}

static void a_group_is_the_least_that_has_an_owner(void **state)
{
    (void)state;
    CLAIM(group_of("8.8.8.0") == group_of("8.8.8.255"));
    CLAIM(group_of("8.8.8.8") != group_of("8.8.9.8"));
    CLAIM(group_of("8.8.8.8") != group_of("8.9.8.8"));
    CLAIM(group_of("2001:db8:1::1") == group_of("2001:db8:1:ffff::2"));
    CLAIM(group_of("2001:db8:1::1") != group_of("2001:db8:2::1"));
    CLAIM(group_of("2001:db8::1") != group_of("2001:db9::1"));
    CLAIM(group_of("2001:db8::1") != group_of("32.1.13.184"));
    CLAIM(group_of("8.8.8.8") == group_of("::ffff:8.8.8.8"));
}

static void who_is_in_no_public_network_is_in_no_group(void **state)
{
    static const char *const inner[] = {
        "0.0.0.0",     "10.0.0.1",      "10.255.255.255",
        "127.0.0.1",   "100.64.0.1",    "100.127.255.1",
        "169.254.1.1", "172.16.0.1",    "172.31.255.255",
        "192.168.0.1", "192.168.255.1", "::",
        "::1",         "fc00::1",       "fdff:1::1",
        "fe80::1",     "febf::1"};
    static const char *const outer[] = {
        "1.0.0.1",     "9.255.0.1",  "11.0.0.1",   "100.63.0.1",  "100.128.0.1",
        "169.253.1.1", "172.15.0.1", "172.32.0.1", "192.167.0.1", "128.0.0.1",
        "fec0::1",     "fe00::1",    "2000::1",    "1::1",        "0:1::1"};
    (void)state;
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
        CLAIM_INT(group_of(inner[i]), 0);
    }
    for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
        CLAIM(group_of(outer[i]) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ip_has_one_text),
        cmocka_unit_test(what_is_no_ip_is_refused_untouched),
        cmocka_unit_test(an_ip_ends_where_its_length_says),
        cmocka_unit_test(addresses_come_in_three_texts),
        cmocka_unit_test(the_longest_address_fits),
        cmocka_unit_test(what_is_no_address_is_refused_untouched),
        cmocka_unit_test(an_address_knows_its_kind),
        cmocka_unit_test(endpoints_are_hosts_and_ports),
        cmocka_unit_test(a_bad_endpoint_is_told_what_to_write),
        cmocka_unit_test(port_zero_is_for_those_who_ask_for_it),
        cmocka_unit_test(a_host_name_has_at_most_253_bytes),
        cmocka_unit_test(an_id_is_64_hex_digits),
        cmocka_unit_test(what_is_no_id_is_refused_untouched),
        cmocka_unit_test(ids_are_ordered_by_their_bytes),
        cmocka_unit_test(a_group_is_the_least_that_has_an_owner),
        cmocka_unit_test(who_is_in_no_public_network_is_in_no_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
