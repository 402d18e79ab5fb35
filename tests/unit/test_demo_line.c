/* Reading the nodes' log lines. Compiled here: the commands are no library. */
#include "cli/demo_line.c"

#include "support/claim.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int parse(struct hsy_demo_line *out, const char *text)
{
    return hsy_demo_line_parse(out, text, strlen(text));
}

static void a_delivery_is_read_whole(void **state)
{
    (void)state;
    struct hsy_demo_line line;
    CLAIM_INT(parse(&line, "{\"time\":\"2026-01-02T03:04:05.678Z\","
                           "\"level\":\"INFO\",\"event\":\"gossip-seen\","
                           "\"origin\":\"" ID "\",\"seq\":7,\"hops\":2,"
                           "\"from\":\"" ID "\",\"mono_us\":123456789012,"
                           "\"text\":\"1795376105517:127.0.0.1:7\"}"),
              0);
    CLAIM_INT(line.event, HSY_DEMO_SEEN);
    CLAIM_INT(line.level, HEARSAY_INFO);
    CLAIM_INT(line.seq, 7);
    CLAIM_INT(line.count, 2);
    CLAIM_INT(line.mono_us, 123456789012);
    CLAIM_INT(line.id.bytes[1], 0x11);
    CLAIM_INT(line.id.bytes[31], 0xff);
    CLAIM_TEXT(line.text, "1795376105517:127.0.0.1:7");
}

static void each_event_names_its_other_party(void **state)
{
    (void)state;
    static const struct {
        const char *event, *key;
        enum hsy_demo_event kind;
    } cases[] = {
        {"started", "id", HSY_DEMO_STARTED},
        {"connect", "peer", HSY_DEMO_CONNECT},
        {"disconnect", "peer", HSY_DEMO_DISCONNECT},
        {"strike", "peer", HSY_DEMO_STRIKE},
        {"dead-report", "subject", HSY_DEMO_REPORT},
        {"dead-removed", "subject", HSY_DEMO_REMOVED},
        {"peer-registered", "peer", HSY_DEMO_REGISTERED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct hsy_demo_line line;
        snprintf(text, sizeof(text), "{\"event\":\"%s\",\"%s\":\"" ID "\"}",
                 cases[i].event, cases[i].key);
        CLAIM_INT(parse(&line, text), 0);
        CLAIM_INT(line.event, cases[i].kind);
        CLAIM_INT(line.id.bytes[2], 0x22);
    }
}

static void a_join_tells_time_and_dials(void **state)
{
    (void)state;
    struct hsy_demo_line line;
    CLAIM_INT(parse(&line, "{\"event\":\"joined\",\"registered\":2,"
                           "\"quorum\":2,\"links\":4,\"dials\":6,"
                           "\"after_ms\":312,\"level\":\"WARN\"}"),
              0);
    CLAIM_INT(line.event, HSY_DEMO_JOINED);
    CLAIM_INT(line.level, HEARSAY_WARN);
    CLAIM_INT(line.after_ms, 312);
    CLAIM_INT(line.dials, 6);
}

static void unknown_events_and_odd_values_are_passed_over(void **state)
{
    (void)state;
    struct hsy_demo_line line;
    CLAIM_INT(parse(&line, "{\"event\":\"novelty\",\"peer\":\"" ID "\"}"), 0);
    CLAIM_INT(line.event, HSY_DEMO_OTHER);
    CLAIM_TEXT(line.name, "novelty");
    CLAIM_INT(parse(&line, "{\"event\":\"gossip-sent\",\"seq\":-5,"
                           "\"mono_us\":\"soon\"}"),
              0);
    CLAIM_INT(line.seq, 0);
    CLAIM_INT(line.mono_us, 0);
    CLAIM_INT(parse(&line, "{\"event\":\"connect\",\"peer\":\"short\"}"), 0);
    CLAIM_INT(line.id.bytes[0], 0);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[1024];
    struct hsy_demo_line line;
    snprintf(text, sizeof(text), "{\"event\":\"%0100d\",\"text\":\"%0500d\"}",
             0, 0);
    CLAIM_INT(parse(&line, text), 0);
    CLAIM_INT(strlen(line.name), sizeof(line.name) - 1);
    CLAIM_INT(strlen(line.text), sizeof(line.text) - 1);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",   "hearsay: port in use", "{", "[]",
        "{}", "{\"event\":1}",        "3", "{\"event\":\"connect\"} and more"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hsy_demo_line line;
        CLAIM_INT(parse(&line, cases[i]), HEARSAY_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_is_read_whole),
        cmocka_unit_test(each_event_names_its_other_party),
        cmocka_unit_test(a_join_tells_time_and_dials),
        cmocka_unit_test(unknown_events_and_odd_values_are_passed_over),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(what_is_no_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
