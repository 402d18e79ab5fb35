/* Server-sent events, cut anywhere. */
#include "client/sse.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came out: "id|name|data\n" for each event. */
struct seen {
    char text[1024];
    size_t len;
    int stop_after; /* 0: never. */
    int count;
};

static bool on_event(void *ctx, const struct hsy_sse_event *event)
{
    struct seen *seen = ctx;
    seen->len += (size_t)snprintf(
        seen->text + seen->len, sizeof(seen->text) - seen->len, "%s|%s|%.*s\n",
        event->id, event->name, (int)event->data_len, event->data);
    CLAIM_INT(strlen(event->data), event->data_len);
    seen->count++;
    return seen->count != seen->stop_after;
}

/* Feeds @stream in pieces of @piece bytes. */
static struct seen feed(const char *stream, size_t piece)
{
    struct seen seen = {.len = 0};
    struct hsy_sse sse;
    hsy_sse_init(&sse, hearsay_mem_default(), on_event, &seen);
    size_t len = strlen(stream);
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        CLAIM_INT(hsy_sse_feed(&sse, stream + at, part), 0);
    }
    hsy_sse_fini(&sse);
    return seen;
}

static void an_event_is_the_same_however_it_was_cut(void **state)
{
    (void)state;
    static const char stream[] = "retry: 1000\n\n"
                                 "id: 7\nevent: note\ndata: {\"a\":1}\n\n"
                                 ":\n\n"
                                 "data:no space\ndata:  two\n\n"
                                 "event: lost\ndata: {\"count\":3}\n\n"
                                 "data: never ended";
    static const char expected[] = "7|note|{\"a\":1}\n"
                                   "7|message|no space\n two\n"
                                   "7|lost|{\"count\":3}\n";
    for (size_t piece = 1; piece <= sizeof(stream); piece++) {
        struct seen seen = feed(stream, piece);
        CLAIM_TEXT(seen.text, expected);
    }
}

static void lines_end_in_three_ways(void **state)
{
    (void)state;
    static const char stream[] = "data: a\r\n\r\ndata: b\r\rdata: c\n\n"
                                 "data: d\r\ndata: e\n\r\n";
    for (size_t piece = 1; piece <= sizeof(stream); piece++) {
        struct seen seen = feed(stream, piece);
        CLAIM_TEXT(seen.text,
                   "|message|a\n|message|b\n|message|c\n|message|d\ne\n");
    }
}

static void an_event_without_data_is_none(void **state)
{
    (void)state;
    struct seen seen = feed("event: note\nid: 3\n\ndata: x\n\ndata\n\n", 64);
    /* The id stays, the name does not; an empty data line is data. */
    CLAIM_TEXT(seen.text, "3|message|x\n3|message|\n");
}

static void who_has_enough_says_stop(void **state)
{
    (void)state;
    static const char stream[] = "data: a\n\ndata: b\n\ndata: c\n\n";
    struct seen seen = {.stop_after = 2};
    struct hsy_sse sse;
    hsy_sse_init(&sse, hearsay_mem_default(), on_event, &seen);
    CLAIM_INT(hsy_sse_feed(&sse, stream, strlen(stream)), HEARSAY_ERR_STATE);
    CLAIM_INT(seen.count, 2);
    hsy_sse_fini(&sse);
}

static void a_line_has_a_bound(void **state)
{
    (void)state;
    static char line[HSY_SSE_LINE_MAX + 1];
    memset(line, 'x', sizeof(line));
    struct seen seen = {.len = 0};
    struct hsy_sse sse;
    hsy_sse_init(&sse, hearsay_mem_default(), on_event, &seen);
    CLAIM_INT(hsy_sse_feed(&sse, line, HSY_SSE_LINE_MAX), 0);
    CLAIM_INT(hsy_sse_feed(&sse, line, 1), HEARSAY_ERR_TOO_BIG);
    hsy_sse_fini(&sse);
}

static void an_event_of_many_lines_has_the_same_bound(void **state)
{
    (void)state;
    static char line[1024];
    memset(line, 'x', sizeof(line));
    memcpy(line, "data:", 5);
    line[sizeof(line) - 1] = '\n';
    struct seen seen = {.len = 0};
    struct hsy_sse sse;
    hsy_sse_init(&sse, hearsay_mem_default(), on_event, &seen);
    int err = 0;
    for (int i = 0; i < 300 && err == 0; i++) {
        err = hsy_sse_feed(&sse, line, sizeof(line));
    }
    CLAIM_INT(err, HEARSAY_ERR_TOO_BIG);
    hsy_sse_fini(&sse);
}

static void without_memory_it_says_so_and_nothing_leaks(void **state)
{
    (void)state;
    static const char stream[] = "data: a\n\n";
    for (uint64_t at = 1; at <= 3; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct seen seen = {.len = 0};
        struct hsy_sse sse;
        hsy_sse_init(&sse, &mem, on_event, &seen);
        int err = hsy_sse_feed(&sse, stream, strlen(stream));
        CLAIM_INT(err, at <= 2 ? HEARSAY_ERR_NOMEM : 0);
        hsy_sse_fini(&sse);
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_the_same_however_it_was_cut),
        cmocka_unit_test(lines_end_in_three_ways),
        cmocka_unit_test(an_event_without_data_is_none),
        cmocka_unit_test(who_has_enough_says_stop),
        cmocka_unit_test(a_line_has_a_bound),
        cmocka_unit_test(an_event_of_many_lines_has_the_same_bound),
        cmocka_unit_test(without_memory_it_says_so_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
