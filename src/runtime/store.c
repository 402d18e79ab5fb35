/* Group commit. There are two batches: the loop's thread fills one, the disk
 * thread commits the other, and they change places when the disk thread is
 * free. A batch has a run of records for each place that keeps rows, each
 * record a head and its key and value:
 *
 *     | struct head | key (key_len) | value (value_len) |
 *
 * and a list of the tokens in it, which know the places of their rows: when
 * one place fails, tokens with rows only in the other are none the worse.
 * Only `state` of the batch under way is shared; everything else is handed
 * over with it. */
#include "runtime/store.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/bytes.h"
#include "runtime/clock.h"
#include "runtime/db.h"
#include "runtime/worker.h"

enum place { PLACE_DB, PLACE_LOG, PLACES };

struct head {
    uint32_t value_len;
    uint8_t table;
    uint8_t key_len;
    bool deleted;
    bool more; /* The next record here is of the same token. */
};

struct token {
    uint64_t token;
    uint64_t asked_ns;
    bool in[PLACES];
};

struct part {
    struct hsy_bytes records;
    size_t last_at; /* Of the last record. */
    uint64_t rows;
    bool failed;
    char why[160];
};

struct batch {
    struct part parts[PLACES];
    struct hsy_bytes tokens; /* Of struct token. */
    uint64_t started_ns, ended_ns;
    struct hsy_msglog_stats log;
};

/* The transaction that is being asked for. */
struct asking {
    bool open;    /* The last row has `more`. */
    bool refused; /* A row found no memory: the others are refused too. */
    uint64_t token;
    bool in[PLACES];
    size_t len_before[PLACES];
    uint64_t rows_before[PLACES];
};

enum commit_state { COMMIT_IDLE, COMMIT_ASKED, COMMIT_DONE };

struct hsy_store {
    struct hsy_store_config config;
    struct hsy_db *db;      /* NULL: its rows are not kept. */
    struct hsy_msglog *log; /* NULL: the same. */
    struct batch filling;
    struct batch answering; /* Committed; its tokens are being given. */
    size_t answered_len;    /* Bytes of answering.tokens already given. */
    struct asking asking;
    bool under_way; /* What the loop's thread knows of `state`. */
    uint32_t depth;
    struct hsy_lane_stats stats;
    uint64_t commits, commits_failed, rows;
    char why[160];
    struct hsy_msglog_stats log_stats; /* As of the last answer. */

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* Guards the rest. */
    pthread_cond_t changed;
    enum commit_state state;
    bool stopping;
    struct batch committing; /* The disk thread's while COMMIT_ASKED. */
};

/* ----------------------------------------------------------- disk thread */

static int put_row(struct hsy_store *store, enum place place,
                   const struct hearsay_row *row, bool more)
{
    return place == PLACE_LOG ? hsy_msglog_put(store->log, row, more)
                              : hsy_db_put(store->db, row);
}

static int put_records(struct hsy_store *store, enum place place,
                       const struct hsy_bytes *records)
{
    size_t at = 0;
    while (at < records->len) {
        struct head head;
        memcpy(&head, records->data + at, sizeof(head));
        const uint8_t *key = records->data + at + sizeof(head);
        struct hearsay_row row = {.table = (enum hearsay_table)head.table,
                                  .key = key,
                                  .key_len = head.key_len,
                                  .value =
                                      head.deleted ? NULL : key + head.key_len,
                                  .value_len = head.value_len};
        int rc = put_row(store, place, &row, head.more);
        if (rc != 0) {
            return rc;
        }
        at += sizeof(head) + head.key_len + head.value_len;
    }
    HSY_ASSERT(at == records->len);
    return 0;
}

static void part_failed(struct part *part, const char *why)
{
    part->failed = true;
    (void)snprintf(part->why, sizeof(part->why), "%s", why);
}

static void db_commit(struct hsy_store *store, struct part *part)
{
    int rc = hsy_db_begin(store->db);
    if (rc == 0) {
        rc = put_records(store, PLACE_DB, &part->records);
    }
    if (rc == 0) {
        rc = hsy_db_commit(store->db);
    }
    if (rc != 0) {
        part_failed(part, hsy_db_why(store->db));
        hsy_db_rollback(store->db);
    }
}

static void log_commit(struct hsy_store *store, struct part *part)
{
    hsy_msglog_begin(store->log);
    int rc = put_records(store, PLACE_LOG, &part->records);
    if (rc == 0) {
        rc = hsy_msglog_commit(store->log);
    }
    if (rc != 0) {
        part_failed(part, hsy_msglog_why(store->log));
        hsy_msglog_rollback(store->log);
    }
}

static void batch_commit(struct hsy_store *store, struct batch *b)
{
    b->started_ns = hsy_clock_mono_ns();
    if (b->parts[PLACE_LOG].rows > 0) {
        log_commit(store, &b->parts[PLACE_LOG]);
    }
    if (b->parts[PLACE_DB].rows > 0) {
        db_commit(store, &b->parts[PLACE_DB]);
    }
    if (store->log != NULL) {
        hsy_msglog_stats(store->log, &b->log);
    }
    b->ended_ns = hsy_clock_mono_ns();
}

static void *disk_thread(void *arg)
{
    struct hsy_store *store = arg;

    (void)pthread_mutex_lock(&store->lock);
    for (;;) {
        while (store->state != COMMIT_ASKED && !store->stopping) {
            (void)pthread_cond_wait(&store->changed, &store->lock);
        }
        if (store->state != COMMIT_ASKED) {
            break;
        }
        (void)pthread_mutex_unlock(&store->lock);
        batch_commit(store, &store->committing);
        (void)pthread_mutex_lock(&store->lock);
        store->state = COMMIT_DONE;
        store->config.wake(store->config.ctx);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* ----------------------------------------------------- the loop's thread */

int hsy_store_open(struct hsy_store **out,
                   const struct hsy_store_config *config,
                   struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(config->wake != NULL);
    HSY_ASSERT(config->tokens_max >= 1);

    struct hsy_store *store =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*store));
    if (store == NULL) {
        error->err = HEARSAY_ERR_NOMEM;
        (void)snprintf(error->text, sizeof(error->text), "out of memory");
        return HEARSAY_ERR_NOMEM;
    }
    store->config = *config;
    int rc = pthread_mutex_init(&store->lock, NULL);
    HSY_ASSERT(rc == 0);
    rc = pthread_cond_init(&store->changed, NULL);
    HSY_ASSERT(rc == 0);
    if (config->path != NULL) {
        rc = hsy_db_open(&store->db, config->path, config->vfs, error);
    }
    if (rc == 0 && config->log != NULL) {
        rc = hsy_msglog_open(&store->log, config->log, error);
    }
    if (store->log != NULL) {
        hsy_msglog_stats(store->log, &store->log_stats);
    }
    store->config.path = NULL; /* Was borrowed. */
    store->config.vfs = NULL;
    store->config.log = NULL;
    if (rc != 0) {
        hsy_store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

int hsy_store_load(struct hsy_store *store,
                   int (*row)(void *ctx, const struct hearsay_row *row),
                   void *ctx, struct hearsay_runtime_error *error)
{
    HSY_ASSERT(!store->started);
    int rc = store->db == NULL ? 0 : hsy_db_load(store->db, row, ctx, error);
    if (rc == 0 && store->log != NULL) {
        rc = hsy_msglog_load(store->log, row, ctx, error);
        hsy_msglog_stats(store->log, &store->log_stats);
    }
    return rc;
}

int hsy_store_start(struct hsy_store *store)
{
    HSY_ASSERT(!store->started);
    if (store->db == NULL && store->log == NULL) {
        return 0;
    }
    int rc = hsy_worker_start(&store->thread, disk_thread, store,
                              HSY_WORKER_STACK_LEN);
    store->started = rc == 0;
    return rc;
}

static bool is_kept(const struct hsy_store *store, enum place place)
{
    return place == PLACE_LOG ? store->log != NULL : store->db != NULL;
}

static int part_add(struct part *part, const struct hearsay_row *row)
{
    struct head head = {.value_len = (uint32_t)row->value_len,
                        .table = (uint8_t)row->table,
                        .key_len = (uint8_t)row->key_len,
                        .deleted = row->value == NULL};
    if (row->value == NULL) {
        head.value_len = 0;
    }
    size_t len = sizeof(head) + head.key_len + head.value_len;
    if (hsy_bytes_reserve(&part->records, len) != 0) {
        return HEARSAY_ERR_NOMEM;
    }
    /* Room is there: none of these can fail. */
    part->last_at = part->records.len;
    int rc = hsy_bytes_add(&part->records, &head, sizeof(head));
    HSY_ASSERT(rc == 0);
    rc = hsy_bytes_add(&part->records, row->key, head.key_len);
    HSY_ASSERT(rc == 0);
    rc = hsy_bytes_add(&part->records, row->value, head.value_len);
    HSY_ASSERT(rc == 0);
    part->rows++;
    return 0;
}

/* The last record here is followed by another one of its token after all. */
static void part_more(struct part *part)
{
    struct head head;
    memcpy(&head, part->records.data + part->last_at, sizeof(head));
    head.more = true;
    memcpy(part->records.data + part->last_at, &head, sizeof(head));
}

static int batch_add(struct hsy_store *store, const struct hearsay_row *row)
{
    enum place place =
        row->table == HEARSAY_TABLE_MESSAGES ? PLACE_LOG : PLACE_DB;
    struct part *part = &store->filling.parts[place];
    if (!is_kept(store, place)) {
        return 0;
    }
    if (store->asking.in[place]) {
        part_more(part);
    }
    int rc = part_add(part, row);
    store->asking.in[place] = store->asking.in[place] || rc == 0;
    return rc;
}

static void asking_begin(struct hsy_store *store, uint64_t token)
{
    store->asking = (struct asking){.open = true, .token = token};
    for (int i = 0; i < PLACES; i++) {
        const struct part *part = &store->filling.parts[i];
        store->asking.len_before[i] = part->records.len;
        store->asking.rows_before[i] = part->rows;
    }
}

/* As if none of its rows had been asked for. */
static void asking_undo(struct hsy_store *store)
{
    for (int i = 0; i < PLACES; i++) {
        struct part *part = &store->filling.parts[i];
        part->records.len = store->asking.len_before[i];
        part->rows = store->asking.rows_before[i];
    }
}

/* Its last row did not come, and will not. */
static void asking_drop(struct hsy_store *store)
{
    if (store->asking.open) {
        asking_undo(store);
        store->asking.open = false;
    }
}

static int token_add(struct hsy_store *store)
{
    struct token t = {.token = store->asking.token,
                      .asked_ns = hsy_clock_mono_ns()};
    memcpy(t.in, store->asking.in, sizeof(t.in));
    return hsy_bytes_add(&store->filling.tokens, &t, sizeof(t));
}

int hsy_store_put(struct hsy_store *store, uint64_t token,
                  const struct hearsay_row *row, bool more)
{
    HSY_ASSERT(row->key_len >= 1);
    HSY_ASSERT(row->key_len <= 32);
    HSY_ASSERT(row->value_len <= UINT32_MAX);

    if (store->depth >= store->config.tokens_max) {
        return HEARSAY_ERR_FULL;
    }
    struct asking *asking = &store->asking;
    if (asking->open && asking->token != token) {
        asking_drop(store);
    }
    if (!asking->open) {
        asking_begin(store, token);
    }
    asking->open = more;
    asking->refused = asking->refused || batch_add(store, row) != 0;
    if (!more && !asking->refused) {
        asking->refused = token_add(store) != 0;
    }
    if (asking->refused) {
        asking_undo(store);
        return HEARSAY_ERR_NOMEM;
    }
    if (more) {
        return 0;
    }
    store->depth++;
    if (store->depth > store->stats.depth_peak) {
        store->stats.depth_peak = store->depth;
    }
    return 0;
}

static void batch_fini(struct batch *b)
{
    for (int i = 0; i < PLACES; i++) {
        hsy_bytes_fini(&b->parts[i].records);
    }
    hsy_bytes_fini(&b->tokens);
    *b = (struct batch){.started_ns = 0};
}

/* Nothing of it is kept: as good as committed. */
static void answer_at_once(struct hsy_store *store)
{
    HSY_ASSERT(store->answering.tokens.len == 0);
    uint64_t now_ns = hsy_clock_mono_ns();
    store->answering = store->filling;
    store->answering.started_ns = now_ns;
    store->answering.ended_ns = now_ns;
    store->filling = (struct batch){.started_ns = 0};
}

static void disk_ask(struct hsy_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    HSY_ASSERT(store->state == COMMIT_IDLE);
    store->committing = store->filling;
    store->state = COMMIT_ASKED;
    (void)pthread_cond_signal(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
    store->filling = (struct batch){.started_ns = 0};
    store->under_way = true;
}

void hsy_store_commit(struct hsy_store *store)
{
    asking_drop(store);
    if (store->filling.tokens.len == 0 || store->under_way ||
        store->answering.tokens.len > 0) {
        return;
    }
    if (store->db == NULL && store->log == NULL) {
        answer_at_once(store);
        store->config.wake(store->config.ctx);
        return;
    }
    HSY_ASSERT(store->started);
    disk_ask(store);
}

static void count_batch(struct hsy_store *store, const struct batch *b)
{
    bool failed = false;
    bool any = false;
    for (int i = 0; i < PLACES; i++) {
        const struct part *part = &b->parts[i];
        any = any || part->rows > 0;
        store->rows += part->failed ? 0 : part->rows;
        failed = failed || part->failed;
        if (part->failed) {
            memcpy(store->why, part->why, sizeof(store->why));
        }
    }
    store->commits += any && !failed ? 1 : 0;
    store->commits_failed += failed ? 1 : 0;
    store->log_stats = b->log;
    uint64_t run_ns = b->ended_ns - b->started_ns;
    store->stats.run_ns += run_ns;
    if (run_ns > store->stats.run_max_ns) {
        store->stats.run_max_ns = run_ns;
    }
}

/* Takes over the batch of a commit that has ended. */
static bool disk_collect(struct hsy_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    bool done = store->state == COMMIT_DONE;
    if (done) {
        store->state = COMMIT_IDLE;
        store->answering = store->committing;
        store->committing = (struct batch){.started_ns = 0};
    }
    (void)pthread_mutex_unlock(&store->lock);
    if (done) {
        store->under_way = false;
        count_batch(store, &store->answering);
        for (int i = 0; i < PLACES; i++) {
            hsy_bytes_fini(&store->answering.parts[i].records);
        }
    }
    return done;
}

static void token_done(struct hsy_store *store, const struct token *t)
{
    struct hsy_lane_stats *stats = &store->stats;
    uint64_t wait_ns = store->answering.started_ns - t->asked_ns;
    HSY_ASSERT(store->depth > 0);
    store->depth--;
    stats->done++;
    stats->wait_ns += wait_ns;
    if (wait_ns > stats->wait_max_ns) {
        stats->wait_max_ns = wait_ns;
    }
}

static bool token_ok(const struct batch *b, const struct token *t)
{
    bool ok = true;
    for (int i = 0; i < PLACES; i++) {
        ok = ok && !(t->in[i] && b->parts[i].failed);
    }
    return ok;
}

bool hsy_store_next(struct hsy_store *store, uint64_t *out_token, bool *out_ok)
{
    if (store->answering.tokens.len == 0 &&
        (!store->under_way || !disk_collect(store))) {
        return false;
    }
    struct batch *b = &store->answering;
    struct token t;
    HSY_ASSERT(store->answered_len + sizeof(t) <= b->tokens.len);
    memcpy(&t, b->tokens.data + store->answered_len, sizeof(t));
    store->answered_len += sizeof(t);
    token_done(store, &t);
    *out_token = t.token;
    *out_ok = token_ok(b, &t);
    if (store->answered_len == b->tokens.len) {
        batch_fini(b);
        store->answered_len = 0;
    }
    return true;
}

const char *hsy_store_why(const struct hsy_store *store)
{
    return store->why;
}

struct hsy_msglog_stats hsy_store_log_stats(const struct hsy_store *store)
{
    return store->log_stats;
}

uint32_t hsy_store_depth(const struct hsy_store *store)
{
    return store->depth;
}

void hsy_store_stats(const struct hsy_store *store,
                     struct hsy_runtime_stats *out)
{
    out->disk = store->stats;
    out->disk.depth = store->depth;
    out->commits = store->commits;
    out->commits_failed = store->commits_failed;
    out->rows = store->rows;
}

static void thread_stop(struct hsy_store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    store->stopping = true;
    (void)pthread_cond_signal(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
    int rc = pthread_join(store->thread, NULL);
    HSY_ASSERT(rc == 0);
}

void hsy_store_close(struct hsy_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->started) {
        thread_stop(store); /* Ends the commit under way first. */
        asking_drop(store);
        if (store->filling.tokens.len > 0) {
            batch_commit(store, &store->filling);
        }
    }
    batch_fini(&store->filling);
    batch_fini(&store->answering);
    batch_fini(&store->committing);
    hsy_db_close(store->db);
    hsy_msglog_close(store->log);
    (void)pthread_cond_destroy(&store->changed);
    (void)pthread_mutex_destroy(&store->lock);
    hsy_mem_free(hearsay_mem_default(), store);
}
