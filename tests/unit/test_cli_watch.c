/* What `watch` makes of events, how commands are run, and where the socket is
 * looked for. The commands are no library, so the files under test are
 * compiled right here. */
#include "cli/cli.c"
#include "cli/exec.c"
#include "cli/flags.c"
#include "cli/print.c"
#include "cli/remote.c"
#include "cli/text_table.c"
#include "cli/watch.c"

#include "support/claim.h"

static char *shown;
static size_t shown_len;

static struct hsy_watching begin_watching(void)
{
    struct hsy_watching w = {.out = open_memstream(&shown, &shown_len),
                             .exec_ns = 10 * HSY_SECOND};
    CLAIM(w.out != NULL);
    return w;
}

static void end_watching(struct hsy_watching *w, const char *expected)
{
    fclose(w->out);
    CLAIM_TEXT(shown, expected);
    free(shown);
}

static bool feed(struct hsy_watching *w, const char *name, const char *data)
{
    return hsy_watch_event(
        w, &(struct hsy_sse_event){"1", name, data, strlen(data)});
}

#define ORIGIN \
    "8f3a2b1c8f3a2b1c8f3a2b1c8f3a2b1c8f3a2b1c8f3a2b1c8f3a2b1c8f3a2b1c"
#define MESSAGE(topic, payload)                                        \
    "{\"origin\":\"" ORIGIN "\",\"epoch\":1,\"seq\":12,\"time\":1000," \
    "\"hops\":2,\"topic\":\"" topic "\"," payload "}"

static void a_message_is_one_line(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    CLAIM(feed(&w, "message", MESSAGE("", "\"text\":\"hello there\"")));
    CLAIM(feed(&w, "message", MESSAGE("ops", "\"text\":\"é\"")));
    end_watching(&w, "1970-01-01T00:00:01.000Z 8f3a2b1c #12 hello there\n"
                     "1970-01-01T00:00:01.000Z 8f3a2b1c #12 [ops] é\n");
}

#define MEMBER                                                                 \
    "{\"time\":\"2026-12-01T11:43:29.077Z\",\"event\":\"member-died\",\"id\":" \
    "\"" ORIGIN "\",\"name\":\"b\\u001bb\",\"address\":\"10.0.0.1:7\","        \
    "\"incarnation\":3,\"signed\":\"2026-12-01T11:43:29.004Z\",\"by\":["       \
    "\"" ORIGIN "\",\"" ORIGIN "\"],\"count\":2}"

static void a_step_of_membership_is_one_line_for_who_wants_events(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    CLAIM(feed(&w, "member", MEMBER));
    CLAIM_INT(w.seen, 0);
    w.events = true;
    CLAIM(feed(&w, "member", MEMBER));
    CLAIM(feed(&w, "member",
               "{\"time\":\"T\",\"event\":\"members-listed\",\"by\":[],"
               "\"count\":2}"));
    CLAIM_INT(w.seen, 2);
    end_watching(&w, "2026-12-01T11:43:29.077Z member-died member=8f3a2b1c "
                     "name=b\\x1bb address=10.0.0.1:7 incarnation=3 "
                     "signed=2026-12-01T11:43:29.004Z by=8f3a2b1c,8f3a2b1c "
                     "count=2\n"
                     "T members-listed count=2\n");
}

static void a_message_cannot_drive_the_terminal(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    CLAIM(feed(&w, "message", MESSAGE("", "\"text\":\"a\\u001b[2Jb\\nc\"")));
    end_watching(&w, "1970-01-01T00:00:01.000Z 8f3a2b1c #12 a\\x1b[2Jb\\nc\n");
}

static void json_is_passed_on_as_it_came(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    w.remote.json = true;
    CLAIM(feed(&w, "message", MESSAGE("", "\"payload_base64\":\"AAE=\"")));
    end_watching(&w, MESSAGE("", "\"payload_base64\":\"AAE=\"") "\n");
}

static void other_topics_are_left_out(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    w.topic = "ops";
    CLAIM(feed(&w, "message", MESSAGE("", "\"text\":\"no\"")));
    CLAIM(feed(&w, "message", MESSAGE("opsy", "\"text\":\"no\"")));
    CLAIM(feed(&w, "message", MESSAGE("ops", "\"text\":\"yes\"")));
    CLAIM_INT(w.seen, 1);
    end_watching(&w, "1970-01-01T00:00:01.000Z 8f3a2b1c #12 [ops] yes\n");
}

static void notes_are_shown_when_asked_for(void **state)
{
    (void)state;
    static const char note[] = "{\"time\":\"T\",\"level\":\"INFO\",\"event\":"
                               "\"connect\",\"peer\":\"ab\",\"n\":3}";
    struct hsy_watching w = begin_watching();
    CLAIM(feed(&w, "note", note));
    CLAIM_INT(w.seen, 0);
    w.events = true;
    CLAIM(feed(&w, "note", note));
    CLAIM_INT(w.seen, 1);
    end_watching(&w, "T INFO connect peer=ab n=3\n");
}

static void the_count_ends_it(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    w.count = 2;
    w.remote.json = true;
    CLAIM(feed(&w, "message", "{\"topic\":\"\"}"));
    CLAIM(!feed(&w, "message", "{\"topic\":\"\"}"));
    end_watching(&w, "{\"topic\":\"\"}\n{\"topic\":\"\"}\n");
}

static void what_is_lost_is_said_and_counts_for_nothing(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    w.count = 1;
    w.remote.json = true;
    CLAIM(feed(&w, "lost", "{\"count\":7}"));
    end_watching(&w, "{\"event\": \"lost\", \"count\": 7}\n");
}

static void nonsense_is_skipped(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    CLAIM(feed(&w, "message", "[1]"));
    CLAIM(feed(&w, "message", "{"));
    CLAIM(feed(&w, "unheard-of", "{}"));
    CLAIM_INT(w.seen, 0);
    end_watching(&w, "");
}

static void base64_comes_back_as_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
        size_t len;
    } good[] = {{"", "", 0},         {"Zg==", "f", 1},
                {"Zm8=", "fo", 2},   {"Zm9v", "foo", 3},
                {"AAE=", "\0\1", 2}, {"Zm9vYg==", "foob", 4}};
    static const char *const bad[] = {
        "Z", "Zg=", "Zg==Zg==", "Z===", "Zm9!", "=m9v", "Zm9vY", "Z=8="};
    char copy[16];
    size_t len = 0;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(copy, sizeof(copy), "%s", good[i].text);
        CLAIM(hsy_base64_decode(copy, &len));
        CLAIM_INT(len, good[i].len);
        CLAIM_BYTES(copy, good[i].bytes, len);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(copy, sizeof(copy), "%s", bad[i]);
        CLAIM(!hsy_base64_decode(copy, &len));
    }
}

static void a_command_gets_the_payload_and_its_names(void **state)
{
    (void)state;
    struct hsy_watching w = begin_watching();
    w.exec = "test \"$(cat)\" = 'foo' && test $HEARSAY_ORIGIN = " ORIGIN
             " && test $HEARSAY_SEQ = 12 && test $HEARSAY_TOPIC = ops";
    CLAIM(feed(&w, "message", MESSAGE("ops", "\"text\":\"foo\"")));
    CLAIM(!w.failed);
    CLAIM(feed(&w, "message", MESSAGE("ops", "\"payload_base64\":\"Zm9v\"")));
    CLAIM(!w.failed);
    CLAIM(feed(&w, "message", MESSAGE("ops", "\"text\":\"bar\"")));
    CLAIM(w.failed);
    end_watching(&w, "");
}

static void a_command_need_not_read(void **state)
{
    (void)state;
    static char payload[HEARSAY_PAYLOAD_MAX];
    memset(payload, 'x', sizeof(payload));
    struct hsy_exec_message message = {
        "o", "1", "t", payload, sizeof(payload), 10 * HSY_SECOND};
    CLAIM(hsy_exec_run("exit 0", &message));
    CLAIM(!hsy_exec_run("exit 3", &message));
    CLAIM(!hsy_exec_run("kill -9 $$", &message));
    CLAIM(hsy_exec_run("test $(wc -c) = 16777216", &message));
}

static void
a_flag_wins_over_the_environment_and_that_over_the_default(void **state)
{
    (void)state;
    char path[108];
    struct hsy_usage_error error;
    struct hsy_remote r = {0};
    CLAIM_INT(hsy_remote_path(&r, NULL, path, &error), 0);
    CLAIM_TEXT(path, "./hearsay-data/control.sock");
    CLAIM_INT(hsy_remote_path(&r, "/run/h.sock", path, &error), 0);
    CLAIM_TEXT(path, "/run/h.sock");
    r.data = "d";
    CLAIM_INT(hsy_remote_path(&r, "/run/h.sock", path, &error), 0);
    CLAIM_TEXT(path, "d/control.sock");
    r.socket = "s";
    CLAIM_INT(hsy_remote_path(&r, "/run/h.sock", path, &error), 0);
    CLAIM_TEXT(path, "s");

    char wide[109];
    memset(wide, 'w', sizeof(wide));
    wide[107] = '\0';
    r.socket = wide;
    CLAIM_INT(hsy_remote_path(&r, NULL, path, &error), 0);
    wide[107] = 'w';
    wide[108] = '\0';
    CLAIM_INT(hsy_remote_path(&r, NULL, path, &error), HEARSAY_ERR_INVALID);
    CLAIM(strstr(error.text, "108") != NULL);
}

static void columns_fit_their_cells_and_lines_the_terminal(void **state)
{
    (void)state;
    static const struct hsy_column columns[] = {
        {"ID", "id", hsy_cell_id},
        {"NAME", "name", hsy_cell_text},
        {"N", "n", hsy_cell_text},
        {NULL, NULL, NULL},
    };
    json_t *rows = json_pack("[{s:s,s:s,s:i},{s:s,s:s}]", "id", ORIGIN, "name",
                             "péter", "n", 5, "id", "ff", "name", "\033[2J");
    FILE *out = open_memstream(&shown, &shown_len);
    hsy_table_print(out, columns, rows, (struct hsy_table_look){0});
    fclose(out);
    CLAIM_TEXT(shown, "ID        NAME   N\n"
                      "8f3a2b1c  péter  5\n"
                      "ff        ?[2J   -\n");
    free(shown);

    out = open_memstream(&shown, &shown_len);
    hsy_table_print(out, columns, rows, (struct hsy_table_look){.width = 13});
    fclose(out);
    CLAIM_TEXT(shown, "ID        NAM\n"
                      "8f3a2b1c  pét\n"
                      "ff        ?[2\n");
    free(shown);
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line),
        cmocka_unit_test(a_step_of_membership_is_one_line_for_who_wants_events),
        cmocka_unit_test(a_message_cannot_drive_the_terminal),
        cmocka_unit_test(json_is_passed_on_as_it_came),
        cmocka_unit_test(other_topics_are_left_out),
        cmocka_unit_test(notes_are_shown_when_asked_for),
        cmocka_unit_test(the_count_ends_it),
        cmocka_unit_test(what_is_lost_is_said_and_counts_for_nothing),
        cmocka_unit_test(nonsense_is_skipped),
        cmocka_unit_test(base64_comes_back_as_bytes),
        cmocka_unit_test(a_command_gets_the_payload_and_its_names),
        cmocka_unit_test(a_command_need_not_read),
        cmocka_unit_test(
            a_flag_wins_over_the_environment_and_that_over_the_default),
        cmocka_unit_test(columns_fit_their_cells_and_lines_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
