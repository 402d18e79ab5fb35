/* SQLite, kept small: a cache of 128 KiB, no mmap, no lookaside pool. WAL with
 * synchronous=FULL makes a commit one fsync of the log, and a commit that was
 * answered is never lost. All rows are of one table, keyed by (part, key);
 * views under the names of the parts are for people with sqlite3(1). */
#include "runtime/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "node/rows.h"
#include "runtime/files.h"

enum { BUSY_WAIT_MS = 2000 }; /* For a person who reads meanwhile. */

struct hsy_db {
    sqlite3 *sql;
    sqlite3_stmt *put, *del;
};

/* Entry i leads from version i to i + 1. Never edited, only added to. */
static const char *const migrations[] = {
    "CREATE TABLE state (part INTEGER NOT NULL, key BLOB NOT NULL,"
    " value BLOB NOT NULL, PRIMARY KEY (part, key)) WITHOUT ROWID;"
    "CREATE VIEW self AS SELECT CAST(key AS TEXT) AS key,"
    " hex(value) AS value FROM state WHERE part = 0;"
    "CREATE VIEW book AS SELECT lower(hex(key)) AS id,"
    " hex(value) AS value FROM state WHERE part = 1;"
    "CREATE VIEW registry AS SELECT lower(hex(key)) AS id,"
    " hex(value) AS value FROM state WHERE part = 2;"
    "CREATE VIEW floor AS SELECT lower(hex(key)) AS id,"
    " hex(value) AS value FROM state WHERE part = 3;",
    /* Rows are sealed by the node from here on (node/rows.h); the views show
     * what is under the seal. */
    "UPDATE state SET value = hearsay_sealed(part, key, value);"
    "DROP VIEW self; DROP VIEW book; DROP VIEW registry; DROP VIEW floor;"
    "CREATE VIEW self AS SELECT CAST(key AS TEXT) AS key,"
    " hex(substr(value, 1, length(value) - 8)) AS value"
    " FROM state WHERE part = 0;"
    "CREATE VIEW book AS SELECT lower(hex(key)) AS id,"
    " hex(substr(value, 1, length(value) - 8)) AS value"
    " FROM state WHERE part = 1;"
    "CREATE VIEW registry AS SELECT lower(hex(key)) AS id,"
    " hex(substr(value, 1, length(value) - 8)) AS value"
    " FROM state WHERE part = 2;"
    "CREATE VIEW floor AS SELECT lower(hex(key)) AS id,"
    " hex(substr(value, 1, length(value) - 8)) AS value"
    " FROM state WHERE part = 3;",
};
_Static_assert(sizeof(migrations) / sizeof(migrations[0]) == HSY_DB_VERSION,
               "one migration for each version");
_Static_assert(HEARSAY_TABLE_SELF == 0 && HEARSAY_TABLE_BOOK == 1 &&
                   HEARSAY_TABLE_REGISTRY == 2 && HEARSAY_TABLE_FLOOR == 3,
               "the numbers on disk");

static int failed(sqlite3 *sql, int rc, const char *path,
                  struct hearsay_runtime_error *error)
{
    const char *why = sql != NULL ? sqlite3_errmsg(sql) : sqlite3_errstr(rc);
    switch (rc & 0xff) { /* Without SQLite's details. */
    case SQLITE_NOMEM:
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* Our SQL does not fit its schema. */
        return hsy_error_set(
            error, HEARSAY_ERR_MALFORMED,
            "the database %s is damaged (%s); move it and its -wal and -shm "
            "files away and start again: the node then learns anew from the "
            "network what was in it",
            path, why);
    default:
        return hsy_error_set(error, HEARSAY_ERR_IO,
                             "cannot use the database %s: %s; check the "
                             "directory's rights and the space on the disk",
                             path, why);
    }
}

static int query_int(sqlite3 *sql, const char *text, int *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int(stmt, 0);
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(stmt);
    return rc;
}

static int exec(sqlite3 *sql, const char *text)
{
    return sqlite3_exec(sql, text, NULL, NULL, NULL);
}

/* hearsay_sealed(part, key, value): the value with its seal. */
static void sealed(sqlite3_context *sql, int count, sqlite3_value **values)
{
    HSY_ASSERT(count == 3);
    struct hearsay_row row = {
        .table = (enum hearsay_table)sqlite3_value_int(values[0]),
        .key = sqlite3_value_blob(values[1]),
        .key_len = (size_t)sqlite3_value_bytes(values[1]),
        .value = sqlite3_value_blob(values[2]),
        .value_len = (size_t)sqlite3_value_bytes(values[2])};
    if (row.value == NULL || row.key_len > UINT8_MAX) {
        sqlite3_result_value(sql, values[2]); /* Not ours: stays refused. */
        return;
    }
    uint8_t *bytes = sqlite3_malloc64(row.value_len + HSY_SEAL_LEN);
    if (bytes == NULL) {
        sqlite3_result_error_nomem(sql);
        return;
    }
    memcpy(bytes, row.value, row.value_len);
    hsy_row_seal(bytes + row.value_len, &row);
    sqlite3_result_blob64(sql, bytes, row.value_len + HSY_SEAL_LEN,
                          sqlite3_free);
}

static int migrate_one(sqlite3 *sql, int from)
{
    char version[40];
    (void)snprintf(version, sizeof(version), "PRAGMA user_version = %d",
                   from + 1);
    int rc = exec(sql, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) {
        rc = exec(sql, migrations[from]);
    }
    if (rc == SQLITE_OK) {
        rc = exec(sql, version);
    }
    return rc == SQLITE_OK ? exec(sql, "COMMIT") : rc;
}

static int migrate(sqlite3 *sql, const char *path,
                   struct hearsay_runtime_error *error)
{
    int version = 0;
    int rc = query_int(sql, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK && version > HSY_DB_VERSION) {
        return hsy_error_set(
            error, HEARSAY_ERR_NEWER,
            "the database %s has version %d, and this program knows versions "
            "up to %d; use the newer program, or another data directory",
            path, version, HSY_DB_VERSION);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_create_function_v2(sql, "hearsay_sealed", 3,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                        sealed, NULL, NULL, NULL);
    }
    while (rc == SQLITE_OK && version < HSY_DB_VERSION) {
        rc = version < 0 ? SQLITE_CORRUPT : migrate_one(sql, version);
        version++;
    }
    return rc == SQLITE_OK ? 0 : failed(sql, rc, path, error);
}

/* "ok", or what is wrong. Reads the file once; it is read next anyway. */
static int check(sqlite3 *sql, const char *path,
                 struct hearsay_runtime_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql, "PRAGMA quick_check(1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        bool good = text != NULL && strcmp((const char *)text, "ok") == 0;
        rc = good ? SQLITE_OK : SQLITE_CORRUPT;
    }
    (void)sqlite3_finalize(stmt);
    if (rc == SQLITE_OK) {
        return 0;
    }
    /* The text of a failed check is not in sqlite3_errmsg(). */
    return failed((rc & 0xff) == SQLITE_CORRUPT ? NULL : sql, rc, path, error);
}

static int settle(struct hsy_db *db, const char *path,
                  struct hearsay_runtime_error *error)
{
    sqlite3 *sql = db->sql;
    (void)sqlite3_extended_result_codes(sql, 1);
    (void)sqlite3_db_config(sql, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    (void)sqlite3_busy_timeout(sql, BUSY_WAIT_MS);
    int rc = exec(sql, "PRAGMA cache_size = -128;"
                       "PRAGMA mmap_size = 0;"
                       "PRAGMA journal_mode = WAL;"
                       "PRAGMA synchronous = FULL;"
                       "PRAGMA journal_size_limit = 1048576;");
    if (rc != SQLITE_OK) {
        return failed(sql, rc, path, error);
    }
    rc = migrate(sql, path, error);
    return rc != 0 ? rc : check(sql, path, error);
}

static int prepare(struct hsy_db *db)
{
    int rc =
        sqlite3_prepare_v3(db->sql,
                           "INSERT OR REPLACE INTO state (part, key, value) "
                           "VALUES (?1, ?2, ?3)",
                           -1, SQLITE_PREPARE_PERSISTENT, &db->put, NULL);
    if (rc != SQLITE_OK) {
        return rc;
    }
    return sqlite3_prepare_v3(db->sql,
                              "DELETE FROM state WHERE part = ?1 AND key = ?2",
                              -1, SQLITE_PREPARE_PERSISTENT, &db->del, NULL);
}

int hsy_db_open(struct hsy_db **out, const char *path, const char *vfs,
                struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(path != NULL);

    struct hsy_db *db = hsy_mem_zalloc(hearsay_mem_default(), sizeof(*db));
    if (db == NULL) {
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    int rc = sqlite3_open_v2(
        path, &db->sql,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, vfs);
    if (rc != SQLITE_OK) {
        rc = failed(db->sql, rc, path, error);
        goto fail;
    }
    rc = settle(db, path, error);
    if (rc != 0) {
        goto fail;
    }
    rc = prepare(db);
    if (rc != SQLITE_OK) {
        rc = failed(db->sql, rc, path, error);
        goto fail;
    }
    *out = db;
    return 0;

fail:
    hsy_db_close(db);
    return rc;
}

void hsy_db_close(struct hsy_db *db)
{
    if (db == NULL) {
        return;
    }
    (void)sqlite3_finalize(db->put);
    (void)sqlite3_finalize(db->del);
    int rc = sqlite3_close(db->sql);
    HSY_ASSERT(rc == SQLITE_OK);
    hsy_mem_free(hearsay_mem_default(), db);
}

static struct hearsay_row row_at(sqlite3_stmt *stmt)
{
    /* Blobs before their lengths, as SQLite wants it. */
    const void *key = sqlite3_column_blob(stmt, 1);
    const void *value = sqlite3_column_blob(stmt, 2);
    return (struct hearsay_row){
        .table = (enum hearsay_table)sqlite3_column_int(stmt, 0),
        .key = key,
        .key_len = (size_t)sqlite3_column_bytes(stmt, 1),
        /* NULL would mean "deleted", and is what an empty blob gives. */
        .value = value != NULL ? value : (const void *)"",
        .value_len = (size_t)sqlite3_column_bytes(stmt, 2)};
}

int hsy_db_load(struct hsy_db *db,
                int (*row)(void *ctx, const struct hearsay_row *row), void *ctx,
                struct hearsay_runtime_error *error)
{
    HSY_ASSERT(row != NULL);

    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(
        db->sql, "SELECT part, key, value FROM state ORDER BY part, key", -1,
        &stmt, NULL);
    int stop = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            struct hearsay_row r = row_at(stmt);
            stop = row(ctx, &r);
        }
        if (stop != 0) {
            break;
        }
    }
    if (stop == 0 && rc != SQLITE_DONE) {
        stop = failed(db->sql, rc, sqlite3_db_filename(db->sql, "main"), error);
    }
    (void)sqlite3_finalize(stmt);
    return stop;
}

static int db_error(int rc)
{
    return (rc & 0xff) == SQLITE_NOMEM ? HEARSAY_ERR_NOMEM : HEARSAY_ERR_IO;
}

int hsy_db_begin(struct hsy_db *db)
{
    int rc = exec(db->sql, "BEGIN IMMEDIATE");
    return rc == SQLITE_OK ? 0 : db_error(rc);
}

int hsy_db_put(struct hsy_db *db, const struct hearsay_row *row)
{
    HSY_ASSERT(row->key_len >= 1);
    HSY_ASSERT(row->key_len <= 32);
    HSY_ASSERT(row->value_len <= INT32_MAX);

    sqlite3_stmt *stmt = row->value == NULL ? db->del : db->put;
    int rc = sqlite3_bind_int(stmt, 1, (int)row->table);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_blob(stmt, 2, row->key, (int)row->key_len,
                               SQLITE_STATIC);
    }
    if (rc == SQLITE_OK && row->value != NULL) {
        rc = sqlite3_bind_blob(stmt, 3, row->value, (int)row->value_len,
                               SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return rc == SQLITE_DONE ? 0 : db_error(rc);
}

int hsy_db_commit(struct hsy_db *db)
{
    int rc = exec(db->sql, "COMMIT");
    return rc == SQLITE_OK ? 0 : db_error(rc);
}

void hsy_db_rollback(struct hsy_db *db)
{
    if (sqlite3_get_autocommit(db->sql) == 0) {
        (void)exec(db->sql, "ROLLBACK");
    }
}

const char *hsy_db_why(struct hsy_db *db)
{
    return sqlite3_errmsg(db->sql);
}
