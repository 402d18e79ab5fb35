/* Structured records, rendered as a line and as JSON. */
#include "base/addr.h"
#include "base/notes.h"
#include "base/prng.h"
#include "support/claim.h"

#include <string.h>

#define WALL_MS UINT64_C(1767323045678)
#define STAMP "2026-01-02T03:04:05.678Z"

static struct hsy_note connect_note(void)
{
    struct hearsay_id id = {{0xab}};
    struct hearsay_addr addr;
    struct hsy_note n = hsy_note(HEARSAY_INFO, "connect");
    hsy_note_id(&n, "peer", &id);
    CLAIM_INT(hearsay_addr_parse(&addr, "[::1]:7"), HEARSAY_OK);
    hsy_note_addr(&n, "addr", &addr);
    hsy_note_u64(&n, "max", UINT64_MAX);
    hsy_note_u64(&n, "min", 0);
    hsy_note_text(&n, "why", "dialled");
    return n;
}

#define ID_TEXT \
    "ab00000000000000000000000000000000000000000000000000000000000000"

static void a_note_is_one_line(void **state)
{
    (void)state;
    char out[HSY_NOTE_LINE_MAX];
    struct hsy_note n = connect_note();
    size_t len = hsy_note_line(out, sizeof(out), &n.note, WALL_MS);
    CLAIM_TEXT(out, STAMP " INFO connect peer=" ID_TEXT
                          " addr=[::1]:7 max=18446744073709551615 min=0 "
                          "why=dialled");
    CLAIM_INT(len, strlen(out));
}

static void a_note_is_one_json_object(void **state)
{
    (void)state;
    char out[HSY_NOTE_LINE_MAX];
    struct hsy_note n = connect_note();
    size_t len = hsy_note_json(out, sizeof(out), &n.note, WALL_MS);
    CLAIM_TEXT(out,
               "{\"time\":\"" STAMP "\",\"level\":\"INFO\",\"event\":\"connect"
               "\",\"peer\":\"" ID_TEXT "\",\"addr\":\"[::1]:7\",\"max\":"
               "18446744073709551615,\"min\":0,\"why\":\"dialled\"}");
    CLAIM_INT(len, strlen(out));
}

static void every_level_has_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    for (int level = HEARSAY_DEBUG; level <= HEARSAY_ERROR; level++) {
        char out[100];
        struct hsy_note n = hsy_note((enum hearsay_level)level, "e");
        (void)hsy_note_line(out, sizeof(out), &n.note, WALL_MS);
        CLAIM(strstr(out, names[level]) == out + strlen(STAMP " "));
    }
}

static void fields_are_found_by_key(void **state)
{
    (void)state;
    struct hsy_note n = connect_note();
    CLAIM_INT(hsy_note_find(&n.note, "max")->u64, UINT64_MAX);
    CLAIM_TEXT(hsy_note_find(&n.note, "why")->text, "dialled");
    CLAIM(hsy_note_find(&n.note, "nope") == NULL);
}

static void a_note_has_at_most_8_fields(void **state)
{
    (void)state;
    struct hsy_note n = hsy_note(HEARSAY_INFO, "e");
    for (int i = 0; i < HEARSAY_FIELDS_MAX; i++) {
        CLAIM(hsy_note_find(&n.note, "last") == NULL);
        hsy_note_u64(&n, i == HEARSAY_FIELDS_MAX - 1 ? "last" : "k", 1);
    }
    CLAIM(hsy_note_find(&n.note, "last") != NULL);
    CLAIM(hsy_note_find(&n.note, "none") == NULL);
    CLAIM_DIES(hsy_note_u64(&n, "ninth", 1));
}

/* A text, and how it looks behind `t=` and inside JSON's quotes. */
static const char *const texts[][3] = {
    {"plain", "plain", "plain"},
    {"", "\"\"", ""},
    {"a=b:c,d'", "a=b:c,d'", "a=b:c,d'"},
    {"two words", "\"two words\"", "two words"},
    {"q\"q", "\"q\\\"q\"", "q\\\"q"},
    {"b\\b", "\"b\\\\b\"", "b\\\\b"},
    {"\n\r\t", "\"\\n\\r\\t\"", "\\n\\r\\t"},
    {"\x1b[m", "\"\\033[m\"", "\\u001b[m"},
    {"\x01\x1f", "\"\\001\\037\"", "\\u0001\\u001f"},
    {"\x7f", "\"\\177\"", "\\u007f"},
    {"\xc2\x9b", "\"\\302\\233\"", "\\u009b"},
    /* UTF-8 of 2, 3 and 4 bytes, at the ends of their ranges. */
    {"\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf"},
    {"\xe0\xa0\x80\xed\x9f\xbf", "\xe0\xa0\x80\xed\x9f\xbf",
     "\xe0\xa0\x80\xed\x9f\xbf"},
    {"\xee\x80\x80\xef\xbf\xbf", "\xee\x80\x80\xef\xbf\xbf",
     "\xee\x80\x80\xef\xbf\xbf"},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
     "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    /* Not UTF-8: alone, cut short, overlong, surrogate, out of range. */
    {"\x80", "\"\\200\"", "\xef\xbf\xbd"},
    {"\xff.", "\"\\377.\"", "\xef\xbf\xbd."},
    {"\xc3", "\"\\303\"", "\xef\xbf\xbd"},
    {"\xe2\x82", "\"\\342\\202\"", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x9f\x98", "\"\\360\\237\\230\"",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc1\xbf", "\"\\301\\277\"", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", "\"\\340\\237\\277\"",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", "\"\\355\\240\\200\"",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf4\x90\x80\x80", "\"\\364\\220\\200\\200\"",
     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

static void hostile_texts_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char out[400];
        struct hsy_note n = hsy_note(HEARSAY_WARN, "e");
        hsy_note_text(&n, "t", texts[i][0]);
        (void)hsy_note_line(out, sizeof(out), &n.note, WALL_MS);
        CLAIM_TEXT(out + strlen(STAMP " WARN e t="), texts[i][1]);

        size_t len = hsy_note_json(out, sizeof(out), &n.note, WALL_MS);
        char *value = strstr(out, "\"t\":\"");
        CLAIM(value != NULL);
        CLAIM_TEXT(out + len - 2, "\"}");
        out[len - 2] = '\0';
        CLAIM_TEXT(value + 5, texts[i][2]);
    }
}

/* ----------------------------------------------------- a validator of JSON */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* RFC 8259's string at @at; where it ends, or NULL. Bytes over 0x7f are
 * judged by claim_utf8(). */
static const char *skip_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    while (*at != '"') {
        if ((unsigned char)*at < 0x20) {
            return NULL; /* The final NUL, too. */
        }
        if (*at != '\\') {
            at++;
        } else if (at[1] == 'u') {
            if (!is_hex(at[2]) || !is_hex(at[3]) || !is_hex(at[4]) ||
                !is_hex(at[5])) {
                return NULL;
            }
            at += 6;
        } else if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL) {
            at += 2;
        } else {
            return NULL;
        }
    }
    return at + 1;
}

static const char *skip_value(const char *at)
{
    if (*at == '"') {
        return skip_string(at);
    }
    size_t len = strspn(at, "0123456789");
    return len == 0 || (len > 1 && *at == '0') ? NULL : at + len;
}

static bool is_json_object(const char *at)
{
    if (*at != '{') {
        return false;
    }
    do {
        at = skip_string(at + 1);
        if (at == NULL || *at != ':') {
            return false;
        }
        at = skip_value(at + 1);
    } while (at != NULL && *at == ',');
    return at != NULL && strcmp(at, "}") == 0;
}

/* Decodes, unlike the code under test, and looks at the number. */
static void claim_utf8(const char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    while (*at != 0) {
        size_t len = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        uint32_t code = len == 1 ? *at : *at & (0xffu >> (len + 1));
        CLAIM(*at < 0x80 || (*at >= 0xc0 && *at < 0xf8));
        for (size_t i = 1; i < len; i++) {
            CLAIM((at[i] & 0xc0) == 0x80);
            code = code << 6 | (at[i] & 0x3fu);
        }
        CLAIM(len == 1 || code >= least[len]);
        CLAIM(code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000));
        at += len;
    }
}

static void random_text(char *out, size_t len, struct hsy_prng *prng)
{
    static const char likely[] = "\"\\\n\x1b\xc2\xe2\x82\xac\xf0\x9f\x98\x80 a";
    for (size_t i = 0; i < len; i++) {
        uint64_t pick = hsy_prng_next(prng);
        out[i] = (pick & 1) != 0 ? likely[(pick >> 8) % (sizeof(likely) - 1)]
                                 : (char)(1 + (pick >> 8) % 255);
    }
    out[len] = '\0';
}

static void any_bytes_give_valid_json_in_any_room(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 8);
    uint32_t written = 0;
    for (int round = 0; round < 5000; round++) {
        char a[301];
        char b[301];
        char out[1500];
        random_text(a, hsy_prng_below(&prng, 301), &prng);
        random_text(b, hsy_prng_below(&prng, 301), &prng);
        struct hsy_note n = hsy_note(HEARSAY_ERROR, "fuzz");
        hsy_note_text(&n, "a", a);
        hsy_note_u64(&n, "n", hsy_prng_next(&prng));
        hsy_note_text(&n, "b", b);

        size_t max = 1 + hsy_prng_below(&prng, sizeof(out));
        size_t len = hsy_note_json(out, max, &n.note, WALL_MS);
        CLAIM(len < max);
        CLAIM_INT(strlen(out), len);
        claim_utf8(out);
        CLAIM(len == 0 || is_json_object(out));
        written += len > 0 ? 1 : 0;

        len = hsy_note_line(out, max, &n.note, WALL_MS);
        CLAIM(len < max);
        CLAIM_INT(strlen(out), len);
        claim_utf8(out);
        CLAIM(strpbrk(out, "\n\r\t\x1b\x7f") == NULL);
    }
    CLAIM(written > 4000);
}

static void json_too_large_for_its_room_is_not_begun(void **state)
{
    (void)state;
    char out[200];
    struct hsy_note n = hsy_note(HEARSAY_INFO, "e");
    hsy_note_text(&n, "t", "12345");
    size_t whole = hsy_note_json(out, sizeof(out), &n.note, WALL_MS);

    CLAIM_INT(hsy_note_json(out, whole + 1, &n.note, WALL_MS), whole);
    CLAIM_INT(hsy_note_json(out, whole, &n.note, WALL_MS), whole - 1);
    CLAIM(strstr(out, "\"t\":\"1234\"}") != NULL);
    CLAIM_INT(hsy_note_json(out, whole - 4, &n.note, WALL_MS), whole - 5);
    CLAIM(strstr(out, "\"t\":\"\"}") != NULL);
    CLAIM_INT(hsy_note_json(out, whole - 5, &n.note, WALL_MS), 0);
    CLAIM_TEXT(out, "");
}

static void a_full_line_holds_256_bytes_of_text_beside_7_ids(void **state)
{
    (void)state;
    static const unsigned char worst[] = {'"', 0xff, 'a'};
    for (size_t i = 0; i < sizeof(worst); i++) {
        char text[257];
        char out[HSY_NOTE_LINE_MAX];
        memset(text, worst[i], 256);
        text[256] = '\0';
        struct hearsay_id id = {{1}};
        struct hsy_note n = hsy_note(HEARSAY_ERROR, "an-event-of-24-letters-x");
        hsy_note_text(&n, "a-key-of-16-byte", text);
        for (int k = 1; k < HEARSAY_FIELDS_MAX; k++) {
            hsy_note_id(&n, "b-key-of-16-byte", &id);
        }
        size_t len = hsy_note_json(out, sizeof(out), &n.note, WALL_MS);
        char large[2 * HSY_NOTE_LINE_MAX];
        CLAIM_INT(hsy_note_json(large, sizeof(large), &n.note, WALL_MS), len);
        CLAIM(is_json_object(out));
    }
}

static void a_line_is_cut_at_its_room_between_characters(void **state)
{
    (void)state;
    char out[100];
    size_t head = strlen(STAMP " INFO e t=");
    struct hsy_note n = hsy_note(HEARSAY_INFO, "e");
    hsy_note_text(&n, "t", "\" \xe2\x82\xac");
    CLAIM_INT(hsy_note_line(out, 1, &n.note, WALL_MS), 0);
    CLAIM_TEXT(out, "");
    /* "\" euro" : quote, escape of two bytes, space, three bytes, quote. */
    static const size_t lens[] = {0, 1, 1, 3, 4, 4, 4, 7, 8};
    for (size_t room = 0; room < sizeof(lens) / sizeof(lens[0]); room++) {
        CLAIM_INT(hsy_note_line(out, head + room + 1, &n.note, WALL_MS),
                  head + lens[room]);
    }
}

static void wall_time_is_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {86399999, "1970-01-01T23:59:59.999Z"},
        {86400000, "1970-01-02T00:00:00.000Z"},
        {UINT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {UINT64_C(951868800000), "2000-03-01T00:00:00.000Z"},
        {UINT64_C(1000000000000), "2001-09-09T01:46:40.000Z"},
        {UINT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {UINT64_C(1735689599999), "2024-12-31T23:59:59.999Z"},
        {UINT64_C(1735689600000), "2025-01-01T00:00:00.000Z"},
        {WALL_MS, STAMP},
        {UINT64_C(4107456000000), "2100-02-28T00:00:00.000Z"},
        {UINT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {UINT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {UINT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[HSY_TIME_TEXT_LEN];
        hsy_wall_text(out, cases[i].ms);
        CLAIM_TEXT(out, cases[i].text);
    }
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
    static const uint32_t days[] = {31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static uint32_t number(const char *digits, size_t len)
{
    uint32_t v = 0;
    for (size_t i = 0; i < len; i++) {
        v = v * 10 + (uint32_t)(digits[i] - '0');
    }
    return v;
}

static void every_day_until_9999_follows_the_one_before(void **state)
{
    (void)state;
    uint64_t ms = 0;
    for (uint32_t year = 1970; year <= 9999; year++) {
        for (uint32_t month = 1; month <= 12; month++) {
            for (uint32_t day = 1; day <= days_in(year, month); day++) {
                char out[HSY_TIME_TEXT_LEN];
                hsy_wall_text(out, ms);
                CLAIM(number(out, 4) == year);
                CLAIM(number(out + 5, 2) == month);
                CLAIM(number(out + 8, 2) == day);
                ms += 86400000;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_one_line),
        cmocka_unit_test(a_note_is_one_json_object),
        cmocka_unit_test(every_level_has_its_name),
        cmocka_unit_test(fields_are_found_by_key),
        cmocka_unit_test(a_note_has_at_most_8_fields),
        cmocka_unit_test(hostile_texts_are_escaped),
        cmocka_unit_test(any_bytes_give_valid_json_in_any_room),
        cmocka_unit_test(json_too_large_for_its_room_is_not_begun),
        cmocka_unit_test(a_full_line_holds_256_bytes_of_text_beside_7_ids),
        cmocka_unit_test(a_line_is_cut_at_its_room_between_characters),
        cmocka_unit_test(wall_time_is_written_in_utc),
        cmocka_unit_test(every_day_until_9999_follows_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
