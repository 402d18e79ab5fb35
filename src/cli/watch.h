/* watch: what to do with one event. Apart from the connection, so that tests
 * can feed it. */
#ifndef HSY_CLI_WATCH_H
#define HSY_CLI_WATCH_H

#include "cli/remote.h"

struct hsy_watching {
    struct hsy_remote remote;
    const char *topic; /* NULL: all. */
    const char *exec;  /* NULL: print. */
    uint64_t exec_ns;  /* > 0; of each command. */
    bool events;       /* Notes of the node too. */
    bool queries;      /* Of messages those that ask. */
    uint64_t count;    /* 0: without end. */
    uint64_t for_ns;   /* 0: without end. */
    FILE *out;

    uint64_t seen;
    struct hsy_client *client; /* For contents; NULL: not asked yet. */
    bool failed;               /* A command of --exec did, or stdout is gone. */
};

/* False: that was enough. */
bool hsy_watch_event(void *watching, const struct hsy_sse_event *event);

HEARSAY_MUST_USE int hsy_watch_parse(struct hsy_watching *out, int argc,
                                     char **argv,
                                     struct hsy_usage_error *error);

/* Decodes in place: *@out_len bytes at @text. False: not base64. */
bool hsy_base64_decode(char *text, size_t *out_len);

#endif
