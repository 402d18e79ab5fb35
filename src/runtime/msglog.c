/* An append log in segments:
 *
 *     oldest                                        newest
 *     [dead dead dead][dead live dead live][live live ...   <- appended
 *        removed         moved, if need be
 *
 * A commit writes behind the newest record and syncs once. Segments go from
 * the old end only: so a delete may go with its segment, because the put that
 * it ended lay in the same or in an older one.
 *
 * The room is twice what may be live, and two segments. Beyond it the oldest
 * segment's live rows are written again at the new end, with the numbers that
 * they had, and its file goes. At least half of all bytes are dead then, so
 * one round over all segments frees as much as it writes: what is written
 * stays below twice what is put.
 *
 * A commit that fails ends its segment. It is cut back to the last answer,
 * and the next commit begins a file: after a failed sync the kernel calls
 * clean what never reached the disk, so that nothing may be put behind it. */
#include "runtime/msglog.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/files.h"
#include "runtime/msglog_inner.h"

enum {
    SEGMENT_LEN_MIN = 64 * 1024,
    SEGMENT_LEN_MAX = 4 * 1024 * 1024,
    FLUSH_LEN = 256 * 1024,
    ROW_LEN_TYPICAL = 128
};

int hsy_msglog_fail(struct hsy_msglog *log, int err, const char *why)
{
    (void)snprintf(log->why, sizeof(log->why), "%s", why);
    return err;
}

int hsy_msglog_checked(struct hsy_msglog *log, int rc)
{
    return rc >= 0 ? rc : hsy_msglog_fail(log, rc, log->files.why);
}

/* -------------------------------------------------------------- appending */

static void segment_close(struct hsy_msglog *log)
{
    if (log->fd >= 0) {
        (void)close(log->fd);
        log->fd = -1;
    }
}

static int flush(struct hsy_msglog *log)
{
    struct hsy_msgsegment_info *last = hsy_msgindex_last(&log->index);
    struct hsy_slice bytes = {log->out.data, log->out.len};
    if (bytes.len == 0) {
        return 0;
    }
    HSY_ASSERT(log->fd >= 0);
    log->touched = true;
    int rc = hsy_msgfile_write(&log->files, log->fd, bytes, last->len);
    if (rc != 0) {
        return hsy_msglog_checked(log, rc);
    }
    last->len += bytes.len;
    log->out.len = 0;
    return 0;
}

static int flush_and_sync(struct hsy_msglog *log)
{
    int rc = flush(log);
    return rc != 0 ? rc
                   : hsy_msglog_checked(log,
                                        hsy_msgfile_sync(&log->files, log->fd));
}

/* A number is never used again, whatever became of its file. */
static int segment_begin(struct hsy_msglog *log)
{
    uint8_t head[HSY_MSGSEGMENT_LEN];
    struct hsy_writer out = hsy_writer(head, sizeof(head));
    if (log->next_number == UINT32_MAX) {
        return hsy_msglog_fail(log, HEARSAY_ERR_FULL,
                               "no number is left for a file");
    }
    struct hsy_msgsegment segment = {.marker = log->marker,
                                     .number = log->next_number++};
    struct hsy_msgsegment_info info = {.number = segment.number,
                                       .len = sizeof(head)};
    hsy_put_msgsegment(&out, &segment);
    HSY_ASSERT(out.len == sizeof(head));
    if (hsy_msgindex_add_segment(&log->index, &info) != 0) {
        return hsy_msglog_fail(log, HEARSAY_ERR_NOMEM, "out of memory");
    }
    log->touched = true;
    struct hsy_slice bytes = {head, sizeof(head)};
    int fd = hsy_msgfile_create(&log->files, segment.number, bytes);
    if (fd < 0) {
        return hsy_msglog_checked(
            log, fd); /* The rollback takes it off the index. */
    }
    log->fd = fd;
    return 0;
}

/* Room for the first record of a transaction. */
static int segment_ready(struct hsy_msglog *log)
{
    const struct hsy_msgsegment_info *last = hsy_msgindex_last(&log->index);
    if (log->fd >= 0 && last->len + log->out.len < log->segment_len) {
        return 0;
    }
    if (log->fd >= 0) {
        int rc = flush_and_sync(log);
        if (rc != 0) {
            return rc;
        }
        segment_close(log);
    }
    return segment_begin(log);
}

static int encode(struct hsy_msglog *log, const struct hsy_msgrecord *record)
{
    const struct hsy_msgsegment_info *last = hsy_msgindex_last(&log->index);
    size_t len = hsy_msgrecord_len(record);
    if (last->len + log->out.len + len > HSY_MSGFILE_LEN_MAX) {
        return hsy_msglog_fail(log, HEARSAY_ERR_FULL,
                               "a transaction is beyond 64 MiB");
    }
    struct hsy_msgchange change = {
        .key = hsy_msgkey(record->key, record->key_len),
        .place = {.seq = record->seq,
                  .segment = last->number,
                  .at = (uint32_t)(last->len + log->out.len),
                  .len = (uint32_t)len},
        .deleted = record->deleted};
    int rc = hsy_bytes_reserve(&log->out, len);
    if (rc == 0) {
        rc = hsy_bytes_reserve(&log->changes, sizeof(change));
    }
    if (rc == 0 && !record->deleted) {
        rc = hsy_msgindex_reserve(&log->index, &change.key);
    }
    if (rc != 0) {
        return hsy_msglog_fail(log, rc,
                               rc == HEARSAY_ERR_FULL
                                   ? "too many messages are retained"
                                   : "out of memory");
    }
    rc = hsy_bytes_add(&log->changes, &change, sizeof(change));
    HSY_ASSERT(rc == 0);
    struct hsy_writer out = hsy_writer(log->out.data + log->out.len, len);
    hsy_put_msgrecord(&out, log->marker, record);
    HSY_ASSERT(!out.bad);
    HSY_ASSERT(out.len == len);
    log->out.len += len;
    return 0;
}

static int append(struct hsy_msglog *log, const struct hsy_msgrecord *record)
{
    HSY_ASSERT(log->in_batch);
    int rc = record->first ? segment_ready(log) : 0;
    if (rc == 0) {
        rc = encode(log, record);
    }
    return rc == 0 && log->out.len >= FLUSH_LEN ? flush(log) : rc;
}

/* --------------------------------------------------------------- a batch */

void hsy_msglog_begin(struct hsy_msglog *log)
{
    HSY_ASSERT(!log->in_batch);
    HSY_ASSERT(log->out.len == 0);
    HSY_ASSERT(log->changes.len == 0);

    const struct hsy_msgsegment_info *last = hsy_msgindex_last(&log->index);
    log->mark = (struct mark){.segments = hsy_msgindex_segments(&log->index),
                              .last_len = last == NULL ? 0 : last->len};
    log->in_batch = true;
    log->in_transaction = false;
    log->touched = false;
}

int hsy_msglog_put(struct hsy_msglog *log, const struct hearsay_row *row,
                   bool more)
{
    HSY_ASSERT(row->value_len <= HSY_MSGRECORD_VALUE_MAX);

    struct hsy_msgrecord record = {.seq = log->next_seq,
                                   .first = !log->in_transaction,
                                   .last = !more,
                                   .deleted = row->value == NULL,
                                   .key = row->key,
                                   .key_len = row->key_len};
    if (row->value != NULL) {
        record.value = row->value;
        record.value_len = row->value_len;
    }
    int rc = append(log, &record);
    if (rc == 0) {
        log->next_seq++;
        log->in_transaction = more;
    }
    return rc;
}

static void batch_end(struct hsy_msglog *log)
{
    HSY_ASSERT(log->changes.len == 0);
    hsy_bytes_fini(&log->out);
    hsy_bytes_fini(&log->changes);
    log->in_batch = false;
}

/* The batch is on disk, and counts. */
static int settle(struct hsy_msglog *log)
{
    HSY_ASSERT(log->in_batch);
    HSY_ASSERT(!log->in_transaction);
    if (log->changes.len > 0) {
        int rc = flush_and_sync(log);
        if (rc != 0) {
            return rc;
        }
    }
    hsy_msgindex_apply(&log->index, &log->changes);
    batch_end(log);
    return 0;
}

/* Best effort: records that stay there nevertheless were not answered. */
static void cut_back(struct hsy_msglog *log, uint32_t i, uint64_t len)
{
    struct hsy_msgsegment_info *segment = hsy_msgindex_segment(&log->index, i);
    segment->len = len;
    int fd = hsy_msgfile_open(&log->files, segment->number, true);
    int rc = fd < 0 ? fd : hsy_msgfile_cut(&log->files, fd, len);
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)rc;
}

/* The files that the batch has begun. One that stays nevertheless is kept in
 * the books, so that it goes before the deletes behind it do. */
static void files_drop(struct hsy_msglog *log)
{
    for (uint32_t i = hsy_msgindex_segments(&log->index);
         i > log->mark.segments; i--) {
        struct hsy_msgsegment_info *segment =
            hsy_msgindex_segment(&log->index, i - 1);
        segment->len = 0;
        if (hsy_msgfile_remove(&log->files, segment->number) == 0) {
            hsy_msgindex_remove_segment(&log->index, i - 1);
        }
    }
}

void hsy_msglog_rollback(struct hsy_msglog *log)
{
    HSY_ASSERT(log->in_batch);

    log->out.len = 0;
    hsy_msgindex_drop(&log->index, &log->changes);
    if (log->touched) {
        segment_close(log);
        files_drop(log);
        if (log->mark.segments > 0) {
            cut_back(log, log->mark.segments - 1, log->mark.last_len);
        }
    }
    log->in_transaction = false;
    batch_end(log);
}

/* --------------------------------------------------------------- cleaning */

/* Writes the live records among the bytes of a segment again. */
static int move_live(struct hsy_msglog *log, uint32_t number,
                     const struct hsy_bytes *bytes)
{
    struct hsy_reader in = hsy_reader(bytes->data, bytes->len);
    uint64_t moved = 0;
    int rc = 0;
    while (rc == 0 && hsy_reader_left(&in) > 0) {
        size_t at = (size_t)(in.at - bytes->data);
        struct hsy_reader here = in;
        struct hsy_msgrecord record;
        hsy_get_msgrecord(&here, log->marker, &record);
        if (here.bad) {
            in.at += hsy_msgrecord_find(&in, log->marker);
            continue;
        }
        in = here;
        struct hsy_msgkey key = hsy_msgkey(record.key, record.key_len);
        const struct hsy_msgrow *row = hsy_msgindex_find(&log->index, &key);
        if (row != NULL && row->place.segment == number &&
            row->place.at == at) {
            record.first = true;
            record.last = true;
            rc = append(log, &record);
            moved++;
        }
    }
    log->rows_moved += rc == 0 ? moved : 0;
    return rc;
}

/* What cannot be moved for want of memory, room or descriptors stays for the
 * next time; what can be read no more is lost. */
static int move_oldest(struct hsy_msglog *log)
{
    uint32_t number = hsy_msgindex_segment(&log->index, 0)->number;
    struct hsy_bytes bytes = {.data = NULL};
    int rc = hsy_msgfile_read(&log->files, number, HSY_MSGFILE_LEN_MAX, &bytes);
    if (rc == 0) {
        hsy_msglog_begin(log);
        rc = move_live(log, number, &bytes);
        if (rc == 0) {
            rc = settle(log);
        }
        if (rc != 0) {
            hsy_msglog_rollback(log);
        }
    } else if (rc != HEARSAY_ERR_NOMEM &&
               hsy_msgindex_bytes(&log->index) >
                   log->bytes_max + 2 * (uint64_t)log->segment_len) {
        rc = 0; /* It was tried often enough: given up. */
    }
    hsy_bytes_fini(&bytes);
    return rc;
}

static int remove_oldest(struct hsy_msglog *log)
{
    const struct hsy_msgsegment_info *oldest =
        hsy_msgindex_segment(&log->index, 0);
    int rc = hsy_msgfile_remove(&log->files, oldest->number);
    if (rc == 0) {
        hsy_msgindex_remove_segment(&log->index, 0);
    }
    return rc;
}

/* The newest goes with its last row, but not while it is written to. */
static bool oldest_is_closed(const struct hsy_msglog *log)
{
    return hsy_msgindex_segments(&log->index) > (log->fd >= 0 ? 1u : 0u);
}

static int remove_dead(struct hsy_msglog *log)
{
    int rc = 0;
    while (rc == 0 && oldest_is_closed(log) &&
           hsy_msgindex_segment(&log->index, 0)->live == 0) {
        rc = remove_oldest(log);
    }
    return rc;
}

static int empty_oldest(struct hsy_msglog *log)
{
    uint32_t number = hsy_msgindex_segment(&log->index, 0)->number;
    int rc = log->index.live_bytes <= log->live_max ? move_oldest(log) : 0;
    if (rc == 0 && hsy_msgindex_segment(&log->index, 0)->live > 0) {
        log->rows_dropped += hsy_msgindex_forget(&log->index, number);
    }
    return rc;
}

/* Failures are left for the next time: the rows are safe where they are. */
static void clean(struct hsy_msglog *log)
{
    uint32_t rounds = hsy_msgindex_segments(&log->index);
    int rc = remove_dead(log);
    while (rc == 0 && rounds > 0 && oldest_is_closed(log) &&
           hsy_msgindex_bytes(&log->index) > log->bytes_max) {
        rc = empty_oldest(log);
        if (rc == 0) {
            rc = remove_dead(log);
        }
        rounds--;
    }
}

int hsy_msglog_commit(struct hsy_msglog *log)
{
    int rc = settle(log);
    if (rc == 0) {
        clean(log);
    }
    return rc;
}

/* ---------------------------------------------------------------- opening */

static int open_files(struct hsy_msglog *log,
                      const struct hsy_msglog_config *config)
{
    struct hsy_bytes numbers = {.data = NULL};
    int rc = hsy_msglog_checked(
        log, hsy_msgfiles_open(&log->files, config->dir, config->disk));
    if (rc == 0) {
        rc = hsy_msglog_checked(log, hsy_msgfiles_list(&log->files, &numbers));
    }
    if (rc == 0) {
        rc = hsy_msglog_read_all(log, &numbers);
    }
    hsy_bytes_fini(&numbers);
    hsy_bytes_fini(&log->changes);
    return rc;
}

static int open_failed(const struct hsy_msglog *log, int rc, const char *dir,
                       struct hearsay_runtime_error *error)
{
    switch (rc) { /* Of all that there are, these can happen. */
    case HEARSAY_ERR_NOMEM:
        return hsy_error_set(error, rc, "out of memory");
    case HEARSAY_ERR_NEWER:
        return hsy_error_set(
            error, rc,
            "the log of retained messages in %s was written by a newer "
            "program; use that one, or move the directory away",
            dir);
    default:
        return hsy_error_set(error, rc,
                             "cannot use %s: %s; check the directory's rights "
                             "and the space on the disk",
                             dir, log->why);
    }
}

int hsy_msglog_open(struct hsy_msglog **out,
                    const struct hsy_msglog_config *config,
                    struct hearsay_runtime_error *error)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(config->live_max > 0);

    uint64_t salt = 0;
    struct hsy_msglog *log =
        hsy_mem_zalloc(hearsay_mem_default(), sizeof(*log));
    if (log == NULL || hsy_random(&salt, sizeof(salt)) != 0) {
        hsy_mem_free(hearsay_mem_default(), log);
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    uint64_t part = config->live_max / 16;
    part = part < SEGMENT_LEN_MIN ? SEGMENT_LEN_MIN : part;
    part = part > SEGMENT_LEN_MAX ? SEGMENT_LEN_MAX : part;
    uint64_t rows = config->live_max / ROW_LEN_TYPICAL + 1;
    rows = rows > (1u << 24) ? 1u << 24 : rows;
    log->segment_len =
        config->segment_len != 0 ? config->segment_len : (uint32_t)part;
    log->live_max = config->live_max;
    log->bytes_max = 2 * config->live_max + 2 * (uint64_t)log->segment_len;
    log->next_seq = 1;
    log->next_number = 1;
    log->fd = -1;
    log->files.dir_fd = -1;
    hsy_msgindex_init(&log->index,
                      config->rows_max != 0 ? config->rows_max : (uint32_t)rows,
                      salt);
    int rc = open_files(log, config);
    if (rc != 0) {
        (void)open_failed(log, rc, config->dir, error);
        hsy_msglog_close(log);
        return rc;
    }
    clean(log);
    *out = log;
    return 0;
}

void hsy_msglog_close(struct hsy_msglog *log)
{
    if (log == NULL) {
        return;
    }
    HSY_ASSERT(!log->in_batch);
    segment_close(log);
    hsy_msgfiles_close(&log->files);
    hsy_msgindex_fini(&log->index);
    hsy_mem_free(hearsay_mem_default(), log);
}

const char *hsy_msglog_why(const struct hsy_msglog *log)
{
    return log->why;
}

void hsy_msglog_stats(const struct hsy_msglog *log,
                      struct hsy_msglog_stats *out)
{
    *out = (struct hsy_msglog_stats){.bytes = hsy_msgindex_bytes(&log->index),
                                     .live_bytes = log->index.live_bytes,
                                     .segments =
                                         hsy_msgindex_segments(&log->index),
                                     .rows = log->index.rows.count,
                                     .torn_bytes = log->torn_bytes,
                                     .damaged_bytes = log->damaged_bytes,
                                     .rows_moved = log->rows_moved,
                                     .rows_dropped = log->rows_dropped};
}
