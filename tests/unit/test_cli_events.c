/* The ring of rendered events that all subscribers share. */
#include "admin/events.h"
#include "base/prng.h"
#include "support/claim.h"
#include "support/mem_fault.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 8, ROOM_MAX = 8192 };

static struct hsy_events events;

static int begin(void **state)
{
    (void)state;
    hsy_events_init(&events, hearsay_mem_default(), EVENTS_MAX, ROOM_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hsy_events_drop(&events);
    return 0;
}

static void add(const char *text)
{
    hsy_events_add(&events, text, strlen(text));
}

static void claim_event(uint64_t id, const char *text)
{
    char copy[ROOM_MAX];
    CLAIM_INT(hsy_events_len(&events, id), strlen(text));
    hsy_events_copy(&events, id, copy);
    CLAIM_BYTES(copy, text, strlen(text));
}

static void before_anybody_asks_events_are_only_counted(void **state)
{
    (void)state;
    add("a");
    add("b");
    CLAIM(!hsy_events_kept(&events));
    CLAIM_INT(events.first_id, 3);
    CLAIM_INT(events.next_id, 3);

    CLAIM_INT(hsy_events_keep(&events), 0);
    add("c");
    CLAIM_INT(events.first_id, 3);
    claim_event(3, "c");
}

static void the_oldest_goes_when_there_are_too_many(void **state)
{
    (void)state;
    CLAIM_INT(hsy_events_keep(&events), 0);
    for (int i = 1; i <= EVENTS_MAX; i++) {
        char text[32];
        snprintf(text, sizeof(text), "event %d", i);
        add(text);
    }
    CLAIM_INT(events.first_id, 1);
    claim_event(1, "event 1");
    add("one more");
    CLAIM_INT(events.first_id, 2);
    claim_event(2, "event 2");
    claim_event(EVENTS_MAX + 1, "one more");
}

static void the_oldest_go_when_they_are_too_long(void **state)
{
    (void)state;
    char half[ROOM_MAX / 2 + 1] = {0};
    CLAIM_INT(hsy_events_keep(&events), 0);
    memset(half, 'x', ROOM_MAX / 2);
    add(half);
    add(half);
    CLAIM_INT(events.first_id, 1); /* Both fit exactly. */
    add("");
    CLAIM_INT(events.first_id, 1); /* Nothing fits always. */
    add("y");
    CLAIM_INT(events.first_id, 2);
    claim_event(2, half);
    claim_event(4, "y");
}

static void an_event_over_the_bound_is_missed_and_counted(void **state)
{
    (void)state;
    static char huge[ROOM_MAX + 2];
    CLAIM_INT(hsy_events_keep(&events), 0);
    memset(huge, 'x', ROOM_MAX + 1);
    add("a");
    add(huge);
    CLAIM_INT(events.first_id, 3);
    CLAIM_INT(events.next_id, 3);
    add("b");
    claim_event(3, "b");
}

static void dropping_gives_the_memory_back_and_ids_go_on(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    hsy_events_init(&events, &mem, EVENTS_MAX, ROOM_MAX);
    CLAIM_INT(hsy_events_keep(&events), 0);
    CLAIM_INT(hsy_events_keep(&events), 0); /* Twice is once. */
    add("a");
    CLAIM(fault.live > 0);
    hsy_events_drop(&events);
    CLAIM_INT(fault.live, 0);
    add("b");
    CLAIM_INT(events.next_id, 3);
    CLAIM_INT(events.first_id, 3);
}

static void without_memory_events_are_missed_and_nothing_leaks(void **state)
{
    (void)state;
    static char long_text[6000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    for (uint64_t at = 1; at <= 3; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        hsy_events_init(&events, &mem, EVENTS_MAX, ROOM_MAX);
        int err = hsy_events_keep(&events);
        CLAIM_INT(err, at <= 2 ? HEARSAY_ERR_NOMEM : 0);
        add("short");
        add(long_text); /* Asks for more room: the third allocation. */
        CLAIM_INT(events.next_id, 3);
        /* The third refusal costs the first event; then there is room. */
        CLAIM_INT(events.first_id, at <= 2 ? 3 : 2);
        hsy_events_drop(&events);
        CLAIM_INT(fault.live, 0);
    }
}

/* Against a plain model: every id has the text that was added under it. */
static void random_lengths_come_back_as_they_went_in(void **state)
{
    (void)state;
    struct hsy_prng rng;
    static char text[ROOM_MAX + 1];
    uint32_t lens[2000];
    hsy_prng_init(&rng, 7);
    CLAIM_INT(hsy_events_keep(&events), 0);
    for (uint32_t i = 0; i < 2000; i++) {
        uint64_t bound = hsy_prng_below(&rng, 10) == 0 ? ROOM_MAX : 300;
        lens[i] = (uint32_t)hsy_prng_below(&rng, bound);
        memset(text, 'a' + (int)(i % 26), lens[i]);
        text[lens[i]] = '\0';
        hsy_events_add(&events, text, lens[i]);
        CLAIM_INT(events.next_id, i + 2);
        for (uint64_t id = events.first_id; id < events.next_id; id++) {
            memset(text, 'a' + (int)((id - 1) % 26), lens[id - 1]);
            text[lens[id - 1]] = '\0';
            claim_event(id, text);
        }
    }
    CLAIM(events.room == ROOM_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(before_anybody_asks_events_are_only_counted),
        TEST(the_oldest_goes_when_there_are_too_many),
        TEST(the_oldest_go_when_they_are_too_long),
        TEST(an_event_over_the_bound_is_missed_and_counted),
        TEST(dropping_gives_the_memory_back_and_ids_go_on),
        TEST(without_memory_events_are_missed_and_nothing_leaks),
        TEST(random_lengths_come_back_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
