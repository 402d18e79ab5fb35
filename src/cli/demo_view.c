/* The table is drawn over itself: the cursor goes up by as many lines as were
 * drawn last, each line is written and cleared to its end, and what is left
 * below is cleared. So nothing else of the terminal is touched, and the last
 * table stays to be read. Every line is cut at the window's width, since one
 * that wraps would break the count. */
#include "cli/demo_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum { LINES_AROUND = 5, ROWS_MIN = 3, WIDTH_MAX = 300 };

void hsy_demo_events_add(struct hsy_demo_events *events, const char *text)
{
    char *place = events->text[events->count++ % HSY_DEMO_EVENTS_SHOWN];
    snprintf(place, HSY_DEMO_EVENT_LEN, "%s", text);
}

const char *hsy_demo_events_get(const struct hsy_demo_events *events,
                                uint32_t age)
{
    if (age >= HSY_DEMO_EVENTS_SHOWN || age >= events->count) {
        return NULL;
    }
    return events->text[(events->count - 1 - age) % HSY_DEMO_EVENTS_SHOWN];
}

/* Title, head of the table, "and more", an empty line, and the cursor's own
 * line are there always. */
uint32_t hsy_demo_rows_shown(const struct hsy_demo_window *window,
                             uint32_t nodes_count)
{
    uint32_t taken = LINES_AROUND + HSY_DEMO_EVENTS_SHOWN;
    uint32_t room =
        window->height > taken + ROWS_MIN ? window->height - taken : ROWS_MIN;
    return nodes_count < room ? nodes_count : room;
}

static void put(struct hsy_demo_drawn *drawn, const char *text, size_t len)
{
    size_t room = drawn->text_max - 1 - drawn->text_len;
    len = len < room ? len : room;
    memcpy(drawn->text + drawn->text_len, text, len);
    drawn->text_len += len;
    drawn->text[drawn->text_len] = '\0';
}

static void put_text(struct hsy_demo_drawn *drawn, const char *text)
{
    put(drawn, text, strlen(text));
}

static void put_line(struct hsy_demo_drawn *drawn,
                     const struct hsy_demo_window *window, const char *colour,
                     const char *text)
{
    size_t len = strlen(text);
    bool coloured = window->colours && colour[0] != '\0';
    put_text(drawn, coloured ? colour : "");
    put(drawn, text, len < window->width ? len : window->width);
    put_text(drawn, coloured ? "\x1b[0m" : "");
    put_text(drawn, "\x1b[K\n");
    drawn->lines++;
}

static const char *colour_of(const char *state)
{
    static const char *const colours[][2] = {
        {"joined", "\x1b[32m"}, {"serving", "\x1b[36m"},
        {"killed", "\x1b[31m"}, {"ended", "\x1b[31m"},
        {"frozen", "\x1b[34m"}, {"joining", "\x1b[33m"}};
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
        if (strcmp(colours[i][0], state) == 0) {
            return colours[i][1];
        }
    }
    return "";
}

static void put_row(struct hsy_demo_drawn *drawn,
                    const struct hsy_demo_window *window,
                    const struct hsy_demo_row *row)
{
    char text[WIDTH_MAX];
    if (row->seed) {
        snprintf(text, sizeof(text), "%-9s %-8s  %-9s", row->name, row->id,
                 row->state);
    } else {
        snprintf(text, sizeof(text),
                 "%-9s %-8s  %-9s %6llu %10llu %10llu %8llu", row->name,
                 row->id, row->state, (unsigned long long)row->links,
                 (unsigned long long)row->published,
                 (unsigned long long)row->delivered,
                 (unsigned long long)row->strikes);
    }
    put_line(drawn, window, colour_of(row->state), text);
}

void hsy_demo_draw(struct hsy_demo_drawn *drawn,
                   const struct hsy_demo_screen *screen)
{
    HSY_ASSERT(drawn->text_max > 1);
    const struct hsy_demo_window *window = &screen->window;
    uint32_t shown = hsy_demo_rows_shown(window, screen->nodes_count);
    char text[WIDTH_MAX];
    drawn->text_len = 0;
    drawn->text[0] = '\0';
    if (drawn->lines > 0) {
        snprintf(text, sizeof(text), "\r\x1b[%uA", drawn->lines);
        put_text(drawn, text);
    }
    drawn->lines = 0;
    put_line(drawn, window, "\x1b[1m", screen->title);
    put_line(drawn, window, "\x1b[2m",
             "NODE      ID        STATE      LINKS  PUBLISHED  DELIVERED  "
             "STRIKES");
    for (uint32_t i = 0; i < shown; i++) {
        put_row(drawn, window, &screen->rows[i]);
    }
    if (shown < screen->nodes_count) {
        snprintf(text, sizeof(text), "... and %u more",
                 screen->nodes_count - shown);
        put_line(drawn, window, "", text);
    }
    put_line(drawn, window, "", "");
    for (uint32_t age = HSY_DEMO_EVENTS_SHOWN; age-- > 0;) {
        const char *event = hsy_demo_events_get(screen->events, age);
        if (event != NULL) {
            put_line(drawn, window, "", event);
        }
    }
    put_text(drawn, "\x1b[J");
}
