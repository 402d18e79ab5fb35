/* Where log lines go: a descriptor that may take nothing for a while. What it
 * does not take now is held, up to a bound, and written when it can be; lines
 * beyond the bound are counted. Writing never waits. */
#ifndef HSY_RUNTIME_LOG_SINK_H
#define HSY_RUNTIME_LOG_SINK_H

#include "hearsay.h"

enum { HSY_LOG_HELD_MAX = 256 * 1024 };

struct hsy_log_sink {
    int fd;     /* -1: none. */
    int err;    /* errno of the last write that failed; 0: none, or full. */
    char *held; /* Owned; NULL while nothing is held. */
    size_t held_len, held_room;
    uint64_t lost; /* Lines since the last "log-lines-lost" that got in. */
};

/* False: the line was lost, and counted. */
bool hsy_log_sink_put(struct hsy_log_sink *s, const char *line, size_t len);
/* Writes what is held, as far as it goes. True: nothing is held any more. */
bool hsy_log_sink_flush(struct hsy_log_sink *s);
/* Frees what is held; the descriptor stays open. */
void hsy_log_sink_fini(struct hsy_log_sink *s);

#endif
