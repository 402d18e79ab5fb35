/* The demo's live table, as text; and its last events. */
#ifndef HSY_CLI_DEMO_VIEW_H
#define HSY_CLI_DEMO_VIEW_H

#include "base/compiler.h"
#include "hearsay.h"

enum { HSY_DEMO_EVENTS_SHOWN = 6, HSY_DEMO_EVENT_LEN = 240 };

/* The last events; a ring. */
struct hsy_demo_events {
    char text[HSY_DEMO_EVENTS_SHOWN][HSY_DEMO_EVENT_LEN];
    uint32_t count; /* Ever added. */
};

void hsy_demo_events_add(struct hsy_demo_events *events, const char *text);
/* @age 0 is the newest; NULL: there is none. */
const char *hsy_demo_events_get(const struct hsy_demo_events *events,
                                uint32_t age);

/* One node. */
struct hsy_demo_row {
    const char *name, *state;
    char id[9]; /* Its first 8 digits; "" when not known. */
    bool seed;
    uint64_t links, published, delivered, strikes;
};

struct hsy_demo_window {
    uint32_t height, width; /* Of the terminal, in characters. */
    bool colours;
};

struct hsy_demo_screen {
    struct hsy_demo_window window;
    const char *title; /* One line. */
    uint32_t nodes_count;
    const struct hsy_demo_row *rows; /* As many as hsy_demo_rows_shown(). */
    const struct hsy_demo_events *events;
};

/* How many of @nodes_count rows fit. */
uint32_t hsy_demo_rows_shown(const struct hsy_demo_window *window,
                             uint32_t nodes_count);

/* What was drawn, so that it can be drawn over. */
struct hsy_demo_drawn {
    char *text; /* Caller's; a NUL ends it. */
    size_t text_max, text_len;
    uint32_t lines; /* Of the last drawing. */
};

/* Renders @screen into @drawn->text, over the lines drawn before. No line is
 * wider than the window, and all fit its height. */
void hsy_demo_draw(struct hsy_demo_drawn *drawn,
                   const struct hsy_demo_screen *screen);

#endif
