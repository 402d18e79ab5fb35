/* One line of a node's JSON log, as far as the demo needs it. */
#ifndef HSY_CLI_DEMO_LINE_H
#define HSY_CLI_DEMO_LINE_H

#include "hearsay.h"

enum hsy_demo_event {
    HSY_DEMO_STARTED,
    HSY_DEMO_JOINED,
    HSY_DEMO_CONNECT,
    HSY_DEMO_DISCONNECT,
    HSY_DEMO_SENT,
    HSY_DEMO_SEEN,
    HSY_DEMO_STRIKE,
    HSY_DEMO_REPORT,     /* A dead report; at its notifier or at a seed. */
    HSY_DEMO_REMOVED,    /* At a seed: a certificate took a peer off. */
    HSY_DEMO_REGISTERED, /* At a seed: a peer came on, or came back. */
    HSY_DEMO_LOST,       /* Lines that the node could not write. */
    HSY_DEMO_OTHER
};

enum { HSY_DEMO_TEXT_MAX = 128 };

struct hsy_demo_line {
    enum hsy_demo_event event;
    enum hearsay_level level;
    /* The node itself (started), the other end of a link, the origin of a
     * message, the subject of a report. All zero: the line names none. */
    struct hearsay_id id;
    uint64_t seq, mono_us;    /* A message's, and when it was seen. */
    uint64_t after_ms, dials; /* Of a join. */
    uint64_t count;           /* Strikes; hops; degree after a change; lines. */
    char name[32];            /* The event's name as logged, cut. */
    char text[HSY_DEMO_TEXT_MAX]; /* The literal text or reason, cut. */
};

/* Reads one line, without its newline. HEARSAY_ERR_MALFORMED: it is no JSON
 * object with an event; a node's words before its log is up, or a crash. */
HEARSAY_MUST_USE int hsy_demo_line_parse(struct hsy_demo_line *out,
                                         const char *text, size_t text_len);

#endif
