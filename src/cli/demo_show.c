/* One rule decides: a terminal on stdout that can move its cursor gets the
 * table, everything else gets lines, so that a log of a demo can be read. */
#include "cli/demo_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "cli/cli.h"
#include "runtime/clock.h"

enum { ROWS_MAX = 512 };

static bool can_draw(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && term != NULL &&
           strcmp(term, "dumb") != 0;
}

void hsy_demo_show_init(struct hsy_demo_show *show, bool json,
                        uint64_t start_us)
{
    memset(show, 0, sizeof(*show));
    show->live = !json && can_draw();
    show->colours = hsy_cli_colours(STDOUT_FILENO);
    show->start_us = start_us;
    show->drawn.text = show->text;
    show->drawn.text_max = sizeof(show->text);
}

/* Tenths of a second since the start. */
static uint64_t elapsed(const struct hsy_demo_show *show)
{
    return (hsy_clock_mono_ns() / 1000 - show->start_us) / 100000;
}

static void say(struct hsy_demo_show *show, bool matters, const char *text)
{
    char line[HSY_DEMO_EVENT_LEN + 32]; /* And the time, at its longest. */
    uint64_t at = elapsed(show);
    snprintf(line, sizeof(line), "%4" PRIu64 ".%" PRIu64 " s  %s", at / 10,
             at % 10, text);
    if (show->live) {
        hsy_demo_events_add(&show->events, line);
    } else if (matters) {
        fprintf(stderr, "%s\n", line);
    }
}

void hsy_demo_say(struct hsy_demo_show *show, const char *format, ...)
{
    char text[HSY_DEMO_EVENT_LEN];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say(show, true, text);
}

/* ------------------------------------------------------------- events */

struct who {
    char text[16];
};

/* The name of one of ours, or the first 8 digits of a stranger's id. */
static struct who who(const struct hsy_demo_sources *from,
                      const struct hearsay_id *id)
{
    struct who w;
    uint32_t node = hsy_demo_ledger_find(from->ledger, id);
    char hex[HEARSAY_ID_TEXT_LEN];
    hearsay_id_text(hex, id);
    if (node == UINT32_MAX) {
        snprintf(w.text, sizeof(w.text), "%.8s", hex);
    } else {
        snprintf(w.text, sizeof(w.text), "%s",
                 hsy_demo_node_name(from->nodes, node));
    }
    return w;
}

/* False: not worth telling. */
static bool describe(char *out, size_t out_max, const char *name,
                     struct who other, const struct hsy_demo_line *line)
{
    switch (line->event) {
    case HSY_DEMO_CONNECT:
        snprintf(out, out_max, "%s linked to %s (%" PRIu64 " links)", name,
                 other.text, line->count);
        return true;
    case HSY_DEMO_DISCONNECT:
        snprintf(out, out_max, "%s lost %s: %s (%" PRIu64 " links)", name,
                 other.text, line->text, line->count);
        return true;
    case HSY_DEMO_STRIKE:
        snprintf(out, out_max, "%s: %s missed a ping, strike %" PRIu64, name,
                 other.text, line->count);
        return true;
    case HSY_DEMO_REPORT:
        snprintf(out, out_max, "%s: %s", name, line->text);
        return true;
    case HSY_DEMO_REMOVED:
        snprintf(out, out_max, "%s took %s off its list", name, other.text);
        return true;
    case HSY_DEMO_LOST:
        snprintf(out, out_max, "%s could not write %" PRIu64 " log lines", name,
                 line->count);
        return true;
    case HSY_DEMO_OTHER:
        snprintf(out, out_max, "%s: %s %s", name, line->name, line->text);
        return line->level >= HEARSAY_WARN;
    case HSY_DEMO_STARTED:
    case HSY_DEMO_JOINED:
    case HSY_DEMO_SENT:
    case HSY_DEMO_SEEN:
    case HSY_DEMO_REGISTERED:
        return false;
    }
    return false;
}

void hsy_demo_show_line(struct hsy_demo_show *show,
                        const struct hsy_demo_sources *from, uint32_t node,
                        const struct hsy_demo_line *line)
{
    char text[HSY_DEMO_EVENT_LEN];
    bool peer = node >= from->seeds;
    bool report = line->event == HSY_DEMO_REPORT && peer;
    bool matters = report || line->event == HSY_DEMO_LOST;
    /* What peers tell of these, seeds would only repeat. */
    bool told = !peer && (line->event == HSY_DEMO_REPORT ||
                          line->event == HSY_DEMO_CONNECT ||
                          line->event == HSY_DEMO_DISCONNECT);
    if ((show->live || matters) && !told &&
        describe(text, sizeof(text), hsy_demo_node_name(from->nodes, node),
                 who(from, &line->id), line)) {
        say(show, matters, text);
    }
}

/* -------------------------------------------------------------- table */

static const char *state_of(const struct hsy_demo_sources *from, uint32_t node)
{
    const struct hsy_demo_ledger_node *n =
        hsy_demo_ledger_node(from->ledger, node);
    switch (hsy_demo_node_process(from->nodes, node)) {
    case HSY_PROCESS_NONE:
        return "waiting";
    case HSY_PROCESS_FROZEN:
        return "frozen";
    case HSY_PROCESS_ENDED:
        return n->fate == HSY_FATE_KILLED ? "killed" : "ended";
    case HSY_PROCESS_RUNNING:
        break;
    }
    if (!n->started) {
        return "starting";
    }
    if (node < from->seeds) {
        return "serving";
    }
    return n->joined ? "joined" : "joining";
}

static void row_fill(struct hsy_demo_row *row,
                     const struct hsy_demo_sources *from, uint32_t node)
{
    const struct hsy_demo_ledger_node *n =
        hsy_demo_ledger_node(from->ledger, node);
    char hex[HEARSAY_ID_TEXT_LEN];
    hearsay_id_text(hex, &n->id);
    *row = (struct hsy_demo_row){.name = hsy_demo_node_name(from->nodes, node),
                                 .state = state_of(from, node),
                                 .seed = node < from->seeds,
                                 .links =
                                     hsy_demo_ledger_degree(from->ledger, node),
                                 .published = n->published,
                                 .delivered = n->delivered,
                                 .strikes = n->strikes};
    snprintf(row->id, sizeof(row->id), "%.8s", n->started ? hex : "");
}

static void title_fill(char *out, size_t out_max,
                       const struct hsy_demo_show *show,
                       const struct hsy_demo_sources *from)
{
    uint32_t joined = 0;
    uint64_t delivered = 0;
    for (uint32_t i = from->seeds; i < from->seeds + from->peers; i++) {
        const struct hsy_demo_ledger_node *n =
            hsy_demo_ledger_node(from->ledger, i);
        joined += n->joined;
        delivered += n->delivered;
    }
    snprintf(out, out_max,
             "hearsay demo %" PRIu64 " s: %" PRIu32 " seeds, %" PRIu32
             "/%" PRIu32 " peers joined, %" PRIu64 " published, %" PRIu64
             " delivered (Ctrl-C)",
             elapsed(show) / 10, from->seeds, joined, from->peers,
             hsy_demo_ledger_published(from->ledger), delivered);
}

static struct hsy_demo_window window_now(const struct hsy_demo_show *show)
{
    struct winsize size = {0};
    struct hsy_demo_window window = {24, 80, show->colours};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0) {
        window.height = size.ws_row;
        window.width = size.ws_col;
    }
    return window;
}

void hsy_demo_show_draw(struct hsy_demo_show *show,
                        const struct hsy_demo_sources *from)
{
    if (!show->live) {
        return;
    }
    char title[HSY_DEMO_EVENT_LEN];
    struct hsy_demo_row rows[ROWS_MAX];
    struct hsy_demo_window window = window_now(show);
    window.height = window.height < ROWS_MAX ? window.height : ROWS_MAX;
    uint32_t count = from->seeds + from->peers;
    uint32_t shown = hsy_demo_rows_shown(&window, count);
    HSY_ASSERT(shown <= ROWS_MAX);
    for (uint32_t i = 0; i < shown; i++) {
        row_fill(&rows[i], from, i);
    }
    title_fill(title, sizeof(title), show, from);
    struct hsy_demo_screen screen = {.window = window,
                                     .title = title,
                                     .nodes_count = count,
                                     .rows = rows,
                                     .events = &show->events};
    hsy_demo_draw(&show->drawn, &screen);
    fwrite(show->text, 1, show->drawn.text_len, stdout);
    fflush(stdout);
}
