/* The registry and the address book in SQLite: state.db. One connection, used
 * by one thread at a time. */
#ifndef HSY_RUNTIME_DB_H
#define HSY_RUNTIME_DB_H

#include "hearsay/runtime.h"

struct hsy_db;

enum { HSY_DB_VERSION = 2 };

/* Opens or makes @path and brings it up to HSY_DB_VERSION. @vfs: NULL, or a
 * registered sqlite3_vfs, for fault injection. Gives *@out, to be returned to
 * hsy_db_close(). HEARSAY_ERR_NEWER, HEARSAY_ERR_MALFORMED, HEARSAY_ERR_IO,
 * HEARSAY_ERR_NOMEM; *@error says what to do. */
HEARSAY_MUST_USE int hsy_db_open(struct hsy_db **out, const char *path,
                                 const char *vfs,
                                 struct hearsay_runtime_error *error);

/* Gives each row to @row; what it returns other than 0 stops and is
 * returned, with *@error untouched. HEARSAY_ERR_MALFORMED, HEARSAY_ERR_IO. */
HEARSAY_MUST_USE int
hsy_db_load(struct hsy_db *db,
            int (*row)(void *ctx, const struct hearsay_row *row), void *ctx,
            struct hearsay_runtime_error *error);

/* One transaction: begin, any number of puts, then commit or roll back. After
 * a failure only roll back. On disk when hsy_db_commit() gives 0. */
HEARSAY_MUST_USE int hsy_db_begin(struct hsy_db *db);
HEARSAY_MUST_USE int hsy_db_put(struct hsy_db *db,
                                const struct hearsay_row *row);
HEARSAY_MUST_USE int hsy_db_commit(struct hsy_db *db);
void hsy_db_rollback(struct hsy_db *db);

/* Why the last call failed; lent until the next call. */
const char *hsy_db_why(struct hsy_db *db);

void hsy_db_close(struct hsy_db *db); /* NULL is a no-op. */

#endif
