/* The demo's live table. Compiled here: the commands are no library. */
#include "cli/demo_view.c"

#include "support/claim.h"

enum { ROWS = 40, TEXT_MAX = 64 * 1024 };

static char buffer[TEXT_MAX];
static struct hsy_demo_row rows[ROWS];
static struct hsy_demo_events events;

static struct hsy_demo_screen screen_of(uint32_t height, uint32_t width,
                                        uint32_t nodes_count)
{
    memset(&events, 0, sizeof(events));
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = (struct hsy_demo_row){.name = "peer",
                                        .state = "joined",
                                        .id = "00112233",
                                        .links = 3,
                                        .delivered = i};
    }
    return (struct hsy_demo_screen){.window = {height, width, false},
                                    .title = "title",
                                    .nodes_count = nodes_count,
                                    .rows = rows,
                                    .events = &events};
}

static struct hsy_demo_drawn drawing(void)
{
    return (struct hsy_demo_drawn){.text = buffer, .text_max = TEXT_MAX};
}

static uint32_t newlines(const char *text)
{
    uint32_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static uint32_t widest(const char *text)
{
    uint32_t width = 0, most = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\x1b') {
            text += strcspn(text, "ABCJKm"); /* Takes no room. */
            continue;
        }
        width = *text == '\n' ? 0 : width + 1;
        most = width > most ? width : most;
    }
    return most;
}

static void each_node_has_its_row(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(30, 100, 5);
    struct hsy_demo_drawn drawn = drawing();
    rows[2].name = "seed3";
    rows[2].seed = true;
    rows[4].name = "peer9";
    hsy_demo_draw(&drawn, &screen);

    CLAIM(strstr(buffer, "title\x1b[K\n") != NULL);
    CLAIM(strstr(buffer, "seed3     00112233  joined\x1b") == NULL);
    CLAIM(strstr(buffer, "seed3     00112233  joined") != NULL);
    CLAIM(strstr(buffer, "peer9     00112233  joined         3          0"
                         "          4        0") != NULL);
    CLAIM(strstr(buffer, "more") == NULL);
    CLAIM_INT(newlines(buffer), drawn.lines);
    CLAIM_INT(drawn.lines, 2 + 5 + 1);
}

static void it_fits_every_window(void **state)
{
    (void)state;
    for (uint32_t height = 15; height < 60; height++) {
        struct hsy_demo_screen screen = screen_of(height, 40, ROWS);
        struct hsy_demo_drawn drawn = drawing();
        for (uint32_t i = 0; i < 20; i++) {
            hsy_demo_events_add(&events, "an event that is wider than forty "
                                         "characters and has to be cut");
        }
        hsy_demo_draw(&drawn, &screen);
        CLAIM(drawn.lines < height); /* The cursor has a line of its own. */
        CLAIM_INT(newlines(buffer), drawn.lines);
        CLAIM(widest(buffer) <= 40);
    }
}

static void rows_that_do_not_fit_are_counted(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(24, 80, ROWS);
    struct hsy_demo_drawn drawn = drawing();
    uint32_t shown = hsy_demo_rows_shown(&screen.window, ROWS);
    char more[32];
    snprintf(more, sizeof(more), "... and %u more", ROWS - shown);
    hsy_demo_draw(&drawn, &screen);
    CLAIM(shown < ROWS);
    CLAIM(strstr(buffer, more) != NULL);
}

static void it_is_drawn_over_itself(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(24, 80, 3);
    struct hsy_demo_drawn drawn = drawing();
    hsy_demo_draw(&drawn, &screen);
    CLAIM(strncmp(buffer, "title", 5) == 0);
    hsy_demo_draw(&drawn, &screen);
    CLAIM(strncmp(buffer, "\r\x1b[6Atitle", 10) == 0);
}

static void the_last_events_are_shown_oldest_first(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(24, 80, 3);
    struct hsy_demo_drawn drawn = drawing();
    for (int i = 0; i < 9; i++) {
        char text[24];
        snprintf(text, sizeof(text), "event-%d", i);
        hsy_demo_events_add(&events, text);
    }
    hsy_demo_draw(&drawn, &screen);
    CLAIM(strstr(buffer, "event-2") == NULL);
    CLAIM(strstr(buffer, "event-3\x1b[K\nevent-4") != NULL);
    CLAIM(strstr(buffer, "event-8\x1b[K\n\x1b[J") != NULL);
    CLAIM_TEXT(hsy_demo_events_get(&events, 0), "event-8");
    CLAIM(hsy_demo_events_get(&events, HSY_DEMO_EVENTS_SHOWN) == NULL);
}

static void colours_are_only_for_those_who_want_them(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(24, 80, 3);
    struct hsy_demo_drawn drawn = drawing();
    hsy_demo_draw(&drawn, &screen);
    CLAIM(strstr(buffer, "\x1b[32m") == NULL);
    screen.window.colours = true;
    hsy_demo_draw(&drawn, &screen);
    CLAIM(strstr(buffer, "\x1b[32m") != NULL);
}

static void a_small_buffer_cuts_and_stays_text(void **state)
{
    (void)state;
    struct hsy_demo_screen screen = screen_of(24, 80, 3);
    for (size_t max = 2; max < 400; max++) {
        struct hsy_demo_drawn drawn = {.text = buffer, .text_max = max};
        memset(buffer, 'x', sizeof(buffer));
        hsy_demo_draw(&drawn, &screen);
        CLAIM(strlen(buffer) < max);
        CLAIM_INT(buffer[max], 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_node_has_its_row),
        cmocka_unit_test(it_fits_every_window),
        cmocka_unit_test(rows_that_do_not_fit_are_counted),
        cmocka_unit_test(it_is_drawn_over_itself),
        cmocka_unit_test(the_last_events_are_shown_oldest_first),
        cmocka_unit_test(colours_are_only_for_those_who_want_them),
        cmocka_unit_test(a_small_buffer_cuts_and_stays_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
