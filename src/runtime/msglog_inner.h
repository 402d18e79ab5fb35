/* The inside of the log, as msglog.c (writing) and msglog_read.c (reading) see
 * it. Private to these. */
#ifndef HSY_RUNTIME_MSGLOG_INNER_H
#define HSY_RUNTIME_MSGLOG_INNER_H

#include "runtime/msgindex.h"
#include "runtime/msglog.h"
#include "wire/msgrecord.h"

enum {
    /* Of a segment with a long transaction at its end. */
    HSY_MSGFILE_LEN_MAX = 64 * 1024 * 1024
};

/* Where a rollback leads to. */
struct mark {
    uint32_t segments;
    uint64_t last_len;
};

struct hsy_msglog {
    struct hsy_msgfiles files;
    struct hsy_msgindex index;
    uint64_t live_max, bytes_max;
    uint32_t segment_len;
    uint64_t marker, next_seq;
    uint32_t next_number;
    int fd; /* The newest segment; -1: a transaction begins another one. */

    struct hsy_bytes out;     /* Records to be written at the newest's end. */
    struct hsy_bytes changes; /* Of the batch, or of a transaction read. */
    struct mark mark;
    bool in_batch, in_transaction;
    bool touched; /* The batch has written, or tried to. */

    uint64_t torn_bytes, damaged_bytes, rows_moved, rows_dropped;
    char why[sizeof(((struct hsy_msgfiles *)0)->why)];
};

/* Says why; gives @err back. */
int hsy_msglog_fail(struct hsy_msglog *log, int err, const char *why);
/* @rc; with the reason of the files when it is a failure of theirs. */
int hsy_msglog_checked(struct hsy_msglog *log, int rc);

/* Reads the segments of these @numbers (uint32_t, rising) into the index, and
 * opens the newest for more if it is good. */
HEARSAY_MUST_USE int hsy_msglog_read_all(struct hsy_msglog *log,
                                         const struct hsy_bytes *numbers);

#endif
