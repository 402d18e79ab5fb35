/* What was answered "on disk" is on disk: the database and the disk lane. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/rows.h"
#include "runtime/store.h"
#include "support/claim.h"
#include "support/stub_node.h"

static char dir[64], path[96];

static int dir_make(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/hearsay-store-XXXXXX");
    CLAIM(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    return 0;
}

static void log_remove(void)
{
    for (unsigned i = 1; i < 20; i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s/retain/%010u.log", dir, i);
        (void)unlink(name);
    }
    char name[128];
    (void)snprintf(name, sizeof(name), "%s/retain", dir);
    (void)rmdir(name);
}

static int dir_remove(void **state)
{
    (void)state;
    log_remove();
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

/* The disk thread's wake, as a bell that can be waited for. */
struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool ringing;
};

static struct bell bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                           false};

static void ring(void *ctx)
{
    (void)ctx;
    (void)pthread_mutex_lock(&bell.lock);
    bell.ringing = true;
    (void)pthread_cond_broadcast(&bell.rung);
    (void)pthread_mutex_unlock(&bell.lock);
}

static void bell_wait(void)
{
    (void)pthread_mutex_lock(&bell.lock);
    while (!bell.ringing) {
        (void)pthread_cond_wait(&bell.rung, &bell.lock);
    }
    bell.ringing = false;
    (void)pthread_mutex_unlock(&bell.lock);
}

static int try_open(struct hsy_store **out, const char *at,
                    struct hearsay_runtime_error *error)
{
    struct hsy_store_config config = {
        .path = at, .tokens_max = 1024, .wake = ring};
    bell.ringing = false;
    return hsy_store_open(out, &config, error);
}

static struct hsy_store *open_store(const char *at)
{
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    int rc = try_open(&store, at, &error);
    if (rc != 0) {
        print_message("%s\n", error.text);
    }
    CLAIM_INT(rc, 0);
    return store;
}

static void put_in(struct hsy_store *store, uint64_t token,
                   enum hearsay_table table, const char *key, const char *value,
                   bool more)
{
    struct hearsay_row row = {.table = table,
                              .key = (const uint8_t *)key,
                              .key_len = strlen(key),
                              .value = (const uint8_t *)value,
                              .value_len = value == NULL ? 0 : strlen(value)};
    CLAIM_INT(hsy_store_put(store, token, &row, more), 0);
}

static void put(struct hsy_store *store, uint64_t token, const char *key,
                const char *value)
{
    put_in(store, token, HEARSAY_TABLE_REGISTRY, key, value, false);
}

static void next_is(struct hsy_store *store, uint64_t token, bool want)
{
    uint64_t got;
    bool ok;
    hsy_store_commit(store);
    while (!hsy_store_next(store, &got, &ok)) {
        bell_wait();
    }
    CLAIM(ok == want);
    CLAIM_INT(got, token);
}

static void next_ok(struct hsy_store *store, uint64_t token)
{
    next_is(store, token, true);
}

struct rows {
    uint32_t count;
    char text[4096];
};

static int collect(void *ctx, const struct hearsay_row *row)
{
    struct rows *rows = ctx;
    size_t at = strlen(rows->text);
    (void)snprintf(rows->text + at, sizeof(rows->text) - at, "%d:%.*s=%.*s ",
                   (int)row->table, (int)row->key_len, (const char *)row->key,
                   (int)row->value_len, (const char *)row->value);
    rows->count++;
    return 0;
}

static struct rows load(struct hsy_store *store)
{
    struct rows rows = {.count = 0};
    struct hearsay_runtime_error error;
    CLAIM_INT(hsy_store_load(store, collect, &rows, &error), 0);
    return rows;
}

static void rows_come_back_after_closing(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(path);
    CLAIM_INT(hsy_store_start(store), 0);
    put(store, 1, "b", "two");
    put(store, 2, "a", "one");
    put(store, 3, "gone", "x");
    put(store, 4, "gone", NULL);
    put(store, 5, "b", "three");
    put(store, 6, "empty", "");
    hsy_store_commit(store);
    for (uint64_t token = 1; token <= 6; token++) {
        next_ok(store, token);
    }
    CLAIM_INT(hsy_store_depth(store), 0);
    hsy_store_close(store);

    store = open_store(path);
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:a=one 2:b=three 2:empty= ");
}

static void what_is_asked_for_in_a_commit_shares_the_next_one(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(path);
    CLAIM_INT(hsy_store_start(store), 0);
    put(store, 1, "k", "1");
    hsy_store_commit(store);
    for (uint64_t token = 2; token <= 100; token++) {
        put(store, token, "k", "v");
        hsy_store_commit(store);
    }
    for (uint64_t token = 1; token <= 100; token++) {
        next_ok(store, token);
    }
    struct hsy_runtime_stats stats = {.commits = 0};
    hsy_store_stats(store, &stats);
    hsy_store_close(store);
    CLAIM(stats.commits >= 2);
    CLAIM(stats.commits <= 100);
    CLAIM_INT(stats.rows, 100);
    CLAIM_INT(stats.disk.done, 100);
}

static void closing_commits_what_was_asked_for(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(path);
    CLAIM_INT(hsy_store_start(store), 0);
    put(store, 1, "first", "1");
    hsy_store_commit(store);
    put(store, 2, "second", "2");
    hsy_store_close(store);

    store = open_store(path);
    CLAIM_INT(load(store).count, 2);
    hsy_store_close(store);
}

static void without_a_path_all_is_well_at_once(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(NULL);
    CLAIM_INT(hsy_store_start(store), 0);
    put(store, 7, "a", "1");
    hsy_store_commit(store);
    next_ok(store, 7);
    CLAIM_INT(hsy_store_depth(store), 0);
    hsy_store_close(store);
}

static void too_many_unanswered_are_refused(void **state)
{
    (void)state;
    struct hsy_store_config config = {.tokens_max = 2, .wake = ring};
    struct hsy_store *store;
    struct hearsay_runtime_error error;
    CLAIM_INT(hsy_store_open(&store, &config, &error), 0);
    put(store, 1, "a", "1");
    put(store, 2, "a", "1");
    struct hearsay_row row = {.key = (const uint8_t *)"a", .key_len = 1};
    CLAIM_INT(hsy_store_put(store, 3, &row, false), HEARSAY_ERR_FULL);
    hsy_store_close(store);
}

/* ------------------------------------------------ the log of messages */

static bool log_fails;

static ssize_t log_write(void *ctx, int fd, struct hsy_slice bytes, off_t at)
{
    (void)ctx;
    return pwrite(fd, bytes.data, bytes.len, at);
}

static int log_sync(void *ctx, int fd, bool names)
{
    (void)ctx;
    (void)fd;
    (void)names;
    errno = EIO;
    return log_fails ? -1 : 0;
}

static const struct hsy_msgfile_disk log_disk = {.write = log_write,
                                                 .sync = log_sync};

static struct hsy_store *open_with_log(void)
{
    char retain[96];
    (void)snprintf(retain, sizeof(retain), "%s/retain", dir);
    struct hsy_msglog_config log = {
        .dir = retain, .live_max = 1 << 20, .disk = &log_disk};
    struct hsy_store_config config = {
        .path = path, .log = &log, .tokens_max = 1024, .wake = ring};
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    log_fails = false;
    bell.ringing = false;
    CLAIM_INT(hsy_store_open(&store, &config, &error), 0);
    return store;
}

static void put_message(struct hsy_store *store, uint64_t token,
                        const char *key, const char *value)
{
    put_in(store, token, HEARSAY_TABLE_MESSAGES, key, value, false);
}

static void
messages_are_in_the_log_and_come_back_last_and_in_order(void **state)
{
    (void)state;
    struct hsy_store *store = open_with_log();
    CLAIM_INT(hsy_store_start(store), 0);
    put_message(store, 1, "z", "one");
    put(store, 2, "k", "two");
    put_message(store, 3, "a", "three");
    put_message(store, 4, "m", "four");
    put_message(store, 5, "m", NULL);
    for (uint64_t token = 1; token <= 5; token++) {
        next_ok(store, token);
    }
    CLAIM_INT(hsy_store_log_stats(store).rows, 2);
    hsy_store_close(store);
    store = open_with_log();
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:k=two 4:z=one 4:a=three ");
    store = open_store(path); /* Nothing of them is in the database. */
    rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:k=two ");
}

static void without_a_log_messages_are_not_kept_and_all_is_well(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(path);
    CLAIM_INT(hsy_store_start(store), 0);
    put_message(store, 1, "a", "1");
    put_in(store, 2, HEARSAY_TABLE_MESSAGES, "b", "2", true);
    put_in(store, 2, HEARSAY_TABLE_REGISTRY, "c", "3", false);
    next_ok(store, 1);
    next_ok(store, 2);
    hsy_store_close(store);
    store = open_store(path);
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:c=3 ");
}

/* Tokens of one place, and one of both, whose first row is here or there. */
static void put_four_tokens(struct hsy_store *store, const char *value)
{
    put_message(store, 1, "log", value);
    put(store, 2, "db", value);
    put_in(store, 3, HEARSAY_TABLE_MESSAGES, "both", value, true);
    put_in(store, 3, HEARSAY_TABLE_REGISTRY, "both", value, false);
    put_in(store, 4, HEARSAY_TABLE_REGISTRY, "both2", value, true);
    put_in(store, 4, HEARSAY_TABLE_MESSAGES, "both2", value, true);
    put_in(store, 4, HEARSAY_TABLE_MESSAGES, "both3", value, false);
}

static void a_failing_log_fails_only_who_has_rows_there(void **state)
{
    (void)state;
    struct hsy_store *store = open_with_log();
    CLAIM_INT(hsy_store_start(store), 0);
    log_fails = true;
    put_four_tokens(store, "1");
    next_is(store, 1, false);
    next_is(store, 2, true);
    next_is(store, 3, false);
    next_is(store, 4, false);
    CLAIM(strstr(hsy_store_why(store), "retained messages") != NULL);
    struct hsy_runtime_stats stats = {.commits = 0};
    hsy_store_stats(store, &stats);
    CLAIM_INT(stats.commits_failed, 1);
    log_fails = false;
    put_four_tokens(store, "2");
    for (uint64_t token = 1; token <= 4; token++) {
        next_ok(store, token);
    }
    hsy_store_close(store);
    store = open_with_log();
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:both=2 2:both2=2 2:db=2 "
                          "4:log=2 4:both=2 4:both2=2 4:both3=2 ");
}

static void a_transaction_that_never_became_whole_is_dropped(void **state)
{
    (void)state;
    enum hearsay_table messages = HEARSAY_TABLE_MESSAGES;
    struct hsy_store *store = open_with_log();
    CLAIM_INT(hsy_store_start(store), 0);
    put(store, 1, "first", "1");
    put_in(store, 2, HEARSAY_TABLE_REGISTRY, "never", "2", true);
    put_in(store, 2, messages, "never", "2", true);
    put_message(store, 3, "last", "3");
    put_in(store, 4, messages, "never", "4", true);
    next_ok(store, 1); /* Commits. */
    next_ok(store, 3);
    CLAIM_INT(hsy_store_depth(store), 0);
    put_in(store, 5, HEARSAY_TABLE_REGISTRY, "never", "5", true);
    hsy_store_close(store);
    store = open_with_log();
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "2:first=1 4:last=3 ");
}

/* Somebody else writes in the database for longer than is waited for. */
static void a_failing_database_fails_only_who_has_rows_there(void **state)
{
    (void)state;
    struct hsy_store *store = open_with_log();
    sqlite3 *other;
    CLAIM_INT(hsy_store_start(store), 0);
    CLAIM_INT(sqlite3_open(path, &other), SQLITE_OK);
    CLAIM_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
              SQLITE_OK);
    put_four_tokens(store, "1");
    next_is(store, 1, true);
    next_is(store, 2, false);
    next_is(store, 3, false);
    next_is(store, 4, false);
    CLAIM_INT(sqlite3_close(other), SQLITE_OK);
    hsy_store_close(store);
    store = open_with_log();
    struct rows rows = load(store);
    hsy_store_close(store);
    CLAIM_TEXT(rows.text, "4:log=1 4:both=1 4:both2=1 4:both3=1 ");
}

static void a_log_that_cannot_be_opened_leaves_nothing_open(void **state)
{
    (void)state;
    struct hsy_msglog_config log = {.dir = "/dev/null/retain", .live_max = 1};
    struct hsy_store_config config = {
        .path = path, .log = &log, .tokens_max = 1, .wake = ring};
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(hsy_store_open(&store, &config, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "/dev/null/retain") != NULL);
}

/* The child: commits rows for ever and says which are answered. */
static _Noreturn void commit_until_killed(int ack_fd)
{
    struct hsy_store *store = open_store(path);
    if (hsy_store_start(store) != 0) {
        _exit(1);
    }
    for (uint32_t token = 1;; token++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "%08u", token);
        put(store, token, key, "acknowledged");
        hsy_store_commit(store);
        next_ok(store, token);
        if (write(ack_fd, &token, sizeof(token)) != sizeof(token)) {
            _exit(1);
        }
    }
}

static uint32_t acks_until(int fd, uint32_t count)
{
    uint32_t token = 0;
    while (token < count &&
           read(fd, &token, sizeof(token)) == (ssize_t)sizeof(token)) {
    }
    return token;
}

static void a_kill_loses_nothing_that_was_answered(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 5; round++) {
        int fds[2];
        CLAIM_INT(pipe(fds), 0);
        pid_t child = fork();
        CLAIM(child >= 0);
        if (child == 0) {
            (void)close(fds[0]);
            commit_until_killed(fds[1]);
        }
        (void)close(fds[1]);
        uint32_t acked = acks_until(fds[0], 3 + round * 7);
        CLAIM_INT(kill(child, SIGKILL), 0);
        uint32_t more = acks_until(fds[0], UINT32_MAX);
        acked = more > acked ? more : acked;
        CLAIM_INT(waitpid(child, NULL, 0), child);
        (void)close(fds[0]);

        struct hsy_store *store = open_store(path);
        uint32_t rows = load(store).count;
        hsy_store_close(store);
        CLAIM(rows >= acked);
        CLAIM(acked >= 3);
    }
}

static void sql(const char *text)
{
    sqlite3 *db;
    CLAIM_INT(sqlite3_open(path, &db), SQLITE_OK);
    CLAIM_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    CLAIM_INT(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_version_is_refused_and_untouched(void **state)
{
    (void)state;
    hsy_store_close(open_store(path));
    sql("PRAGMA user_version = 3");
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(try_open(&store, path, &error), HEARSAY_ERR_NEWER);
    CLAIM_INT(error.err, HEARSAY_ERR_NEWER);
    CLAIM(strstr(error.text, path) != NULL);
    CLAIM(strstr(error.text, "version 3") != NULL);
    CLAIM(strstr(error.text, "newer program") != NULL);
    sql("PRAGMA user_version = 2");
    hsy_store_close(open_store(path));
}

static int check_seal(void *ctx, const struct hearsay_row *row)
{
    struct hearsay_row bare = *row;
    CLAIM(hsy_row_unseal(&bare));
    return collect(ctx, &bare);
}

/* As version 1 left it: rows without seals. */
static void rows_of_version_1_are_sealed_once(void **state)
{
    (void)state;
    sql("CREATE TABLE state (part INTEGER NOT NULL, key BLOB NOT NULL,"
        " value BLOB NOT NULL, PRIMARY KEY (part, key)) WITHOUT ROWID;"
        "CREATE VIEW self AS SELECT 1; CREATE VIEW book AS SELECT 1;"
        "CREATE VIEW registry AS SELECT 1; CREATE VIEW floor AS SELECT 1;"
        "INSERT INTO state VALUES (0, CAST('incarnation' AS BLOB), x'3700'),"
        " (1, x'61', x'62'), (2, x'63', x'640065'), (3, x'66', x'67');"
        "PRAGMA user_version = 1");
    for (int i = 0; i < 2; i++) {
        struct hsy_store *store = open_store(path);
        struct rows rows = {.count = 0};
        struct hearsay_runtime_error error = {.err = 0};
        CLAIM_INT(hsy_store_load(store, check_seal, &rows, &error), 0);
        CLAIM_INT(rows.count, 4);
        CLAIM_TEXT(rows.text, "0:incarnation=7 1:a=b 2:c=d 3:f=g ");
        hsy_store_close(store);
    }
}

static void overwrite(off_t at, size_t len)
{
    int fd = open(path, O_WRONLY);
    CLAIM(fd >= 0);
    char junk[512];
    memset(junk, 0x5a, sizeof(junk));
    for (size_t done = 0; done < len; done += sizeof(junk)) {
        CLAIM_INT(pwrite(fd, junk, sizeof(junk), at + (off_t)done),
                  sizeof(junk));
    }
    CLAIM_INT(close(fd), 0);
}

static void claim_damaged(void)
{
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(try_open(&store, path, &error), HEARSAY_ERR_MALFORMED);
    CLAIM(strstr(error.text, path) != NULL);
    CLAIM(strstr(error.text, "damaged") != NULL);
    CLAIM(strstr(error.text, "move it") != NULL);
}

static void a_damaged_header_is_told_with_what_to_do(void **state)
{
    (void)state;
    hsy_store_close(open_store(path));
    overwrite(0, 512);
    claim_damaged();
}

static void a_damaged_page_is_found_when_opening(void **state)
{
    (void)state;
    struct hsy_store *store = open_store(path);
    CLAIM_INT(hsy_store_start(store), 0);
    for (uint64_t token = 1; token <= 500; token++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "%08u", (unsigned)token);
        put(store, token, key, "some value that fills pages of the file");
    }
    hsy_store_close(store);
    struct stat st;
    CLAIM_INT(stat(path, &st), 0);
    CLAIM(st.st_size >= 5 * 4096);
    overwrite(st.st_size / 4096 / 2 * 4096, 4096);
    claim_damaged();
}

static void a_foreign_database_is_not_taken_for_ours(void **state)
{
    (void)state;
    sql("CREATE TABLE state (something TEXT)");
    claim_damaged();
}

static void a_path_under_a_file_says_what_to_check(void **state)
{
    (void)state;
    struct hsy_store *store;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(try_open(&store, "/dev/null/state.db", &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "/dev/null/state.db") != NULL);
    CLAIM(strstr(error.text, "rights") != NULL);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, dir_make, dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(rows_come_back_after_closing),
        IN_DIR(what_is_asked_for_in_a_commit_shares_the_next_one),
        IN_DIR(closing_commits_what_was_asked_for),
        IN_DIR(messages_are_in_the_log_and_come_back_last_and_in_order),
        IN_DIR(without_a_log_messages_are_not_kept_and_all_is_well),
        IN_DIR(a_failing_log_fails_only_who_has_rows_there),
        IN_DIR(a_transaction_that_never_became_whole_is_dropped),
        IN_DIR(a_failing_database_fails_only_who_has_rows_there),
        IN_DIR(a_log_that_cannot_be_opened_leaves_nothing_open),
        IN_DIR(a_kill_loses_nothing_that_was_answered),
        IN_DIR(a_newer_version_is_refused_and_untouched),
        IN_DIR(rows_of_version_1_are_sealed_once),
        IN_DIR(a_damaged_header_is_told_with_what_to_do),
        IN_DIR(a_damaged_page_is_found_when_opening),
        IN_DIR(a_foreign_database_is_not_taken_for_ours),
        cmocka_unit_test(without_a_path_all_is_well_at_once),
        cmocka_unit_test(too_many_unanswered_are_refused),
        cmocka_unit_test(a_path_under_a_file_says_what_to_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
