/* The disk lane: what the node wants kept is gathered while the former commit
 * runs, and then committed at once by the disk thread; answers come in order
 * of asking. Retained messages go to a log of their own, all other rows to the
 * database; what has no place is not kept, and its answer is "ok".
 *
 * An answer is "ok" when all rows of its token are on disk. A token with rows
 * in both places may be half there when its answer is "not ok", or never
 * came: each place has all of its rows or none. */
#ifndef HSY_RUNTIME_STORE_H
#define HSY_RUNTIME_STORE_H

#include "runtime/msglog.h"
#include "runtime/stats.h"

struct hsy_store;

struct hsy_store_config {
    const char *path; /* Of the database; NULL: none. Borrowed. */
    const char *vfs;  /* NULL, or a fault-injecting one. */
    const struct hsy_msglog_config *log; /* NULL: none. Borrowed. */
    uint32_t tokens_max; /* Transactions not yet answered; beyond: refused. */
    void (*wake)(void *ctx); /* From the disk thread: hsy_store_next(). */
    void *ctx;
};

/* Opens and migrates. Gives *@out, to be returned to hsy_store_close().
 * Errors as hsy_db_open() and hsy_msglog_open(). */
HEARSAY_MUST_USE int hsy_store_open(struct hsy_store **out,
                                    const struct hsy_store_config *config,
                                    struct hearsay_runtime_error *error);

/* All rows: of the database first, as hsy_db_load() gives them, then those of
 * the log in the order of writing. Before hsy_store_start() only. */
HEARSAY_MUST_USE int
hsy_store_load(struct hsy_store *store,
               int (*row)(void *ctx, const struct hearsay_row *row), void *ctx,
               struct hearsay_runtime_error *error);

/* Starts the disk thread. HEARSAY_ERR_IO: no thread. */
HEARSAY_MUST_USE int hsy_store_start(struct hsy_store *store);

/* Asks for @row, which is copied, as part of transaction @token; @more: its
 * next row follows. One whose last row is missing when the token changes, or
 * at the next commit, is dropped without an answer. HEARSAY_ERR_NOMEM,
 * HEARSAY_ERR_FULL: so is this one. */
HEARSAY_MUST_USE int hsy_store_put(struct hsy_store *store, uint64_t token,
                                   const struct hearsay_row *row, bool more);

/* Hands over what was asked for, if the disk thread is free. Once per turn. */
void hsy_store_commit(struct hsy_store *store);

/* The next answer, in order. False: none just now. */
bool hsy_store_next(struct hsy_store *store, uint64_t *out_token, bool *out_ok);

/* Why the last failed commit failed; "" when none has. */
const char *hsy_store_why(const struct hsy_store *store);

/* Transactions asked for and not yet answered. */
uint32_t hsy_store_depth(const struct hsy_store *store);
/* What the log holds, and what it lost; zeros when there is none. */
struct hsy_msglog_stats hsy_store_log_stats(const struct hsy_store *store);
/* Fills in disk, commits, commits_failed and rows. */
void hsy_store_stats(const struct hsy_store *store,
                     struct hsy_runtime_stats *out);

/* Commits what was asked for, waits for it, then closes. No wake comes any
 * more. NULL is a no-op. */
void hsy_store_close(struct hsy_store *store);

#endif
