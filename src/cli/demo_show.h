/* What a demo tells while it runs: a live table on a terminal, else lines on
 * stderr. */
#ifndef HSY_CLI_DEMO_SHOW_H
#define HSY_CLI_DEMO_SHOW_H

#include "cli/demo_ledger.h"
#include "cli/demo_nodes.h"
#include "cli/demo_view.h"

struct hsy_demo_show {
    bool live; /* Else plain lines. */
    bool colours;
    uint64_t start_us;
    struct hsy_demo_events events;
    struct hsy_demo_drawn drawn;
    char text[128 * 1024]; /* drawn.text */
};

/* @json: stdout is for the figures alone. */
void hsy_demo_show_init(struct hsy_demo_show *show, bool json,
                        uint64_t start_us);

/* Something that matters: an event of the table, or a line. */
void hsy_demo_say(struct hsy_demo_show *show, const char *format, ...)
    HSY_PRINTF(2, 3);

/* Where names, links and figures come from; all borrowed. */
struct hsy_demo_sources {
    const struct hsy_demo_ledger *ledger;
    const struct hsy_demo_nodes *nodes;
    uint32_t seeds, peers;
};

/* @node logged @line: an event of the table, if people want to know. */
void hsy_demo_show_line(struct hsy_demo_show *show,
                        const struct hsy_demo_sources *from, uint32_t node,
                        const struct hsy_demo_line *line);

/* Draws the table; nothing when not live. */
void hsy_demo_show_draw(struct hsy_demo_show *show,
                        const struct hsy_demo_sources *from);

#endif
