/* The log of retained messages: rows of HEARSAY_TABLE_MESSAGES, appended to
 * segment files (docs/adr/0015). What a commit has answered is there after a
 * crash; what a damaged disk has changed is never given back. One thread at a
 * time; the directory is locked by whoever owns it. */
#ifndef HSY_RUNTIME_MSGLOG_H
#define HSY_RUNTIME_MSGLOG_H

#include "runtime/msgfile.h"

struct hsy_msglog;

struct hsy_msglog_config {
    const char *dir; /* Borrowed; made when missing. */
    /* How much the node keeps, in bytes of records; > 0. The files take
     * twice that and two segments at most; see hsy_msglog_commit(). */
    uint64_t live_max;
    uint32_t rows_max;    /* 0: one for each 128 bytes of live_max. */
    uint32_t segment_len; /* 0: a 16th of live_max, 64 KiB to 4 MiB. */
    const struct hsy_msgfile_disk *disk; /* NULL: the system's. Copied. */
};

struct hsy_msglog_stats {
    uint64_t bytes; /* Of all files. */
    uint64_t live_bytes;
    uint32_t segments;
    uint32_t rows;          /* Live. */
    uint64_t torn_bytes;    /* Cut off the end by opening. */
    uint64_t damaged_bytes; /* Passed over elsewhere. */
    uint64_t rows_moved;    /* Out of a segment that had to go. */
    uint64_t rows_dropped;  /* Live ones lost: no room, or damaged. */
};

/* Opens or makes the log, and reads what is in it. Gives *@out, to be returned
 * to hsy_msglog_close(). HEARSAY_ERR_IO, HEARSAY_ERR_DENIED, HEARSAY_ERR_NOMEM;
 * HEARSAY_ERR_NEWER: of a later version, nothing was touched. *@error says
 * what to do. */
HEARSAY_MUST_USE int hsy_msglog_open(struct hsy_msglog **out,
                                     const struct hsy_msglog_config *config,
                                     struct hearsay_runtime_error *error);

/* Gives every live row to @row, in the order in which they were put; stops
 * with what is not 0. Not in a transaction. */
HEARSAY_MUST_USE int
hsy_msglog_load(struct hsy_msglog *log,
                int (*row)(void *ctx, const struct hearsay_row *row), void *ctx,
                struct hearsay_runtime_error *error);

/* One group commit: begin, any number of puts, then commit or roll back.
 * After a failure only roll back: nothing of it counts then, except that a
 * disk which fails for that too may show some of it after a restart. */
void hsy_msglog_begin(struct hsy_msglog *log);
/* @more: the next row is of the same transaction; after a crash there are all
 * of its rows or none. HEARSAY_ERR_IO, HEARSAY_ERR_NOMEM; HEARSAY_ERR_FULL:
 * rows_max is reached, or a transaction is beyond 64 MiB. */
HEARSAY_MUST_USE int hsy_msglog_put(struct hsy_msglog *log,
                                    const struct hearsay_row *row, bool more);
/* On disk when it gives 0. Then removes segments without a live row from the
 * old end. Beyond its room it also moves live rows from there to the new end;
 * or, when more are live than live_max, drops them, which is counted. */
HEARSAY_MUST_USE int hsy_msglog_commit(struct hsy_msglog *log);
void hsy_msglog_rollback(struct hsy_msglog *log);

/* Why the last call failed; lent until the next call. */
const char *hsy_msglog_why(const struct hsy_msglog *log);
void hsy_msglog_stats(const struct hsy_msglog *log,
                      struct hsy_msglog_stats *out);

/* Not in a transaction. NULL is a no-op. */
void hsy_msglog_close(struct hsy_msglog *log);

#endif
