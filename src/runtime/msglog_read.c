/* Reading the log: all of it once when it is opened, to know which rows are
 * live; and the live ones once more to give them back. What is not sound is
 * passed over up to the next sound record, which its marker shows. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/files.h"
#include "runtime/msglog_inner.h"

/* ---------------------------------------------------------------- opening */

/* One segment while it is read. */
struct scan {
    uint32_t number;
    const uint8_t *start;
    struct hsy_reader in;
    bool in_transaction;
    size_t sound_len; /* All before it is accounted for. */
    uint64_t damaged;
    uint64_t rows_dropped;
};

static void scan_skip(struct hsy_msglog *log, struct scan *s, size_t len)
{
    s->in.at += len;
    s->damaged += (uint64_t)(s->in.at - s->start) - s->sound_len;
    s->sound_len = (size_t)(s->in.at - s->start);
    s->in_transaction = false;
    hsy_msgindex_drop(&log->index, &log->changes);
}

/* A row that finds no room is dropped: the bound is a setting. */
static int scan_add(struct hsy_msglog *log, struct scan *s,
                    const struct hsy_msgrecord *record)
{
    struct hsy_msgchange change = {
        .key = hsy_msgkey(record->key, record->key_len),
        .place = {.seq = record->seq,
                  .segment = s->number,
                  .at = (uint32_t)(s->in.at - s->start),
                  .len = (uint32_t)hsy_msgrecord_len(record)},
        .deleted = record->deleted};
    int rc =
        record->deleted ? 0 : hsy_msgindex_reserve(&log->index, &change.key);
    if (rc == HEARSAY_ERR_FULL) {
        s->rows_dropped++;
        return 0;
    }
    return rc != 0 ? rc : hsy_bytes_add(&log->changes, &change, sizeof(change));
}

/* Half a transaction is none: one without its beginning is passed over, and
 * so is one behind which another begins. */
static int scan_take(struct hsy_msglog *log, struct scan *s,
                     const struct hsy_msgrecord *record)
{
    size_t len = hsy_msgrecord_len(record);
    if (record->first && s->in_transaction) {
        scan_skip(log, s, 0);
    }
    if (!record->first && !s->in_transaction) {
        scan_skip(log, s, len);
        return 0;
    }
    int rc = scan_add(log, s, record);
    if (rc != 0) {
        return rc;
    }
    log->next_seq =
        record->seq >= log->next_seq ? record->seq + 1 : log->next_seq;
    s->in.at += len;
    s->in_transaction = !record->last;
    if (record->last) {
        s->sound_len = (size_t)(s->in.at - s->start);
        hsy_msgindex_apply(&log->index, &log->changes);
    }
    return 0;
}

/* Up to the last sound record; behind it lies what may be a torn end. */
static int scan_records(struct hsy_msglog *log, struct scan *s)
{
    int rc = 0;
    while (rc == 0 && hsy_reader_left(&s->in) > 0) {
        struct hsy_reader in = s->in;
        struct hsy_msgrecord record;
        hsy_get_msgrecord(&in, log->marker, &record);
        if (!in.bad) {
            rc = scan_take(log, s, &record);
            continue;
        }
        size_t skip = hsy_msgrecord_find(&s->in, log->marker);
        if (skip == hsy_reader_left(&s->in)) {
            break;
        }
        scan_skip(log, s, skip);
    }
    hsy_msgindex_drop(&log->index, &log->changes);
    return rc;
}

/* Whether it begins as this segment of this log should. A file under the name
 * of another, e.g. a copy, would bring back rows that have been deleted. */
enum head { HEAD_SOUND, HEAD_DAMAGED, HEAD_OTHER };

static enum head scan_head(struct hsy_msglog *log, struct scan *s)
{
    struct hsy_msgsegment segment;
    struct hsy_reader in = s->in;
    hsy_get_msgsegment(&in, &segment);
    if (in.bad) {
        return HEAD_DAMAGED;
    }
    if (segment.number != s->number || segment.marker != log->marker) {
        return HEAD_OTHER;
    }
    s->in = in;
    s->sound_len = HSY_MSGSEGMENT_LEN;
    return HEAD_SOUND;
}

/* The newest segment may end anywhere: what is behind its last sound record
 * was never answered, and goes. New records follow in the same file if it is
 * good in all of its length. */
static void newest_open(struct hsy_msglog *log, const struct scan *s,
                        uint64_t len)
{
    struct hsy_msgsegment_info *last = hsy_msgindex_last(&log->index);
    bool good = s->damaged == 0 && s->sound_len >= HSY_MSGSEGMENT_LEN;
    log->torn_bytes += len - s->sound_len;
    last->len = s->sound_len;
    int fd = hsy_msgfile_open(&log->files, last->number, true);
    if (fd < 0) {
        return;
    }
    if (len > s->sound_len) {
        good = hsy_msgfile_cut(&log->files, fd, s->sound_len) == 0 && good;
    }
    if (good && last->len < log->segment_len) {
        log->fd = fd;
    } else {
        (void)close(fd);
    }
}

static int segment_scan(struct hsy_msglog *log, uint32_t number, bool newest,
                        struct hsy_bytes *bytes)
{
    struct hsy_msgsegment_info info = {.number = number};
    int rc = hsy_msgfile_read(&log->files, number, HSY_MSGFILE_LEN_MAX, bytes);
    if (rc == HEARSAY_ERR_NOMEM || rc == HEARSAY_ERR_DENIED) {
        return hsy_msglog_checked(log, rc);
    }
    info.len = rc == 0 ? bytes->len : HSY_MSGSEGMENT_LEN;
    if (hsy_msgindex_add_segment(&log->index, &info) != 0) {
        return HEARSAY_ERR_NOMEM;
    }
    log->next_number = number + 1;
    struct scan s = {.number = number,
                     .start = bytes->data,
                     .in = hsy_reader(bytes->data, bytes->len)};
    if (rc != 0 || scan_head(log, &s) == HEAD_OTHER) {
        log->damaged_bytes += info.len;
        return 0;
    }
    rc = scan_records(log, &s);
    log->damaged_bytes += s.damaged;
    log->rows_dropped += s.rows_dropped;
    if (newest) {
        newest_open(log, &s, info.len);
    } else {
        log->damaged_bytes += info.len - s.sound_len;
    }
    return rc;
}

/* The marker is the newest sound header's. */
static int head_read(struct hsy_msglog *log, uint32_t number, bool *known)
{
    uint8_t head[HSY_MSGSEGMENT_LEN];
    struct hsy_msgsegment segment;
    int fd = hsy_msgfile_open(&log->files, number, false);
    if (fd < 0) {
        return fd == HEARSAY_ERR_DENIED ? hsy_msglog_checked(log, fd) : 0;
    }
    bool whole = hsy_msgfile_read_at(fd, head, sizeof(head), 0);
    (void)close(fd);
    struct hsy_reader in = hsy_reader(head, whole ? sizeof(head) : 0);
    hsy_get_msgsegment(&in, &segment);
    if (in.bad) {
        return 0;
    }
    if (segment.version > HSY_MSGSEGMENT_VERSION) {
        return hsy_msglog_fail(log, HEARSAY_ERR_NEWER,
                               "it is of a newer program");
    }
    log->marker = segment.marker;
    *known = true;
    return 0;
}

/* No header is sound. The first record stands in a fixed place, where nobody
 * else's bytes can be, and begins with the marker: if it is sound with it, the
 * log is saved, which is one file as long as little is kept. */
static int marker_guess(struct hsy_msglog *log, const struct hsy_bytes *numbers,
                        struct hsy_bytes *bytes, bool *known)
{
    int rc = 0;
    for (size_t at = numbers->len; at > 0 && rc == 0 && !*known;
         at -= sizeof(uint32_t)) {
        uint32_t number;
        memcpy(&number, numbers->data + at - sizeof(number), sizeof(number));
        rc = hsy_msgfile_read(&log->files, number, HSY_MSGFILE_LEN_MAX, bytes);
        if (rc != 0 || bytes->len <= HSY_MSGSEGMENT_LEN) {
            rc = rc == HEARSAY_ERR_NOMEM ? rc : 0;
            continue;
        }
        struct hsy_msgrecord record;
        struct hsy_reader in = hsy_reader(bytes->data + HSY_MSGSEGMENT_LEN,
                                          bytes->len - HSY_MSGSEGMENT_LEN);
        struct hsy_reader marker = in;
        log->marker = hsy_get_u64(&marker);
        hsy_get_msgrecord(&in, log->marker, &record);
        *known = !in.bad;
    }
    return rc;
}

int hsy_msglog_read_all(struct hsy_msglog *log, const struct hsy_bytes *numbers)
{
    size_t count = numbers->len / sizeof(uint32_t);
    struct hsy_bytes bytes = {.data = NULL};
    bool known = false;
    uint32_t number;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        memcpy(&number, numbers->data + i * sizeof(number), sizeof(number));
        rc = head_read(log, number, &known);
    }
    if (rc == 0 && !known) {
        rc = marker_guess(log, numbers, &bytes, &known);
    }
    if (rc == 0 && !known) {
        rc = hsy_random(&log->marker, sizeof(log->marker));
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        memcpy(&number, numbers->data + i * sizeof(number), sizeof(number));
        rc = segment_scan(log, number, i + 1 == count, &bytes);
    }
    hsy_bytes_fini(&bytes);
    return rc;
}

/* ---------------------------------------------------------------- looking */

struct order {
    uint64_t seq;
    uint32_t index;
};

static int by_seq(const void *a, const void *b)
{
    struct order x;
    struct order y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x.seq < y.seq ? -1 : x.seq > y.seq;
}

/* A file that is kept open for as long as the rows are in it. */
struct source {
    uint32_t number;
    int fd;
    uint8_t room[HSY_MSGRECORD_LEN_MAX];
};

/* Read again, and judged again: what was sound may no longer be. */
static bool row_read(struct hsy_msglog *log, struct source *source,
                     const struct hsy_msgrow *row, struct hsy_msgrecord *out)
{
    const struct hsy_msgplace *place = &row->place;
    HSY_ASSERT(place->len <= sizeof(source->room));
    if (source->number != place->segment) {
        if (source->fd >= 0) {
            (void)close(source->fd);
        }
        source->number = place->segment;
        source->fd = hsy_msgfile_open(&log->files, place->segment, false);
    }
    if (source->fd < 0 ||
        !hsy_msgfile_read_at(source->fd, source->room, place->len, place->at)) {
        return false;
    }
    struct hsy_reader in = hsy_reader(source->room, place->len);
    hsy_get_msgrecord(&in, log->marker, out);
    return hsy_reader_done(&in) && out->seq == place->seq;
}

static int load_rows(struct hsy_msglog *log, const struct order *order,
                     struct source *source,
                     int (*row)(void *ctx, const struct hearsay_row *row),
                     void *ctx)
{
    int rc = 0;
    for (uint32_t i = 0; i < log->index.rows.count && rc == 0; i++) {
        const struct hsy_msgrow *at =
            hsy_table_at(&log->index.rows, order[i].index);
        struct hsy_msgrecord record;
        if (!row_read(log, source, at, &record)) {
            log->damaged_bytes += at->place.len;
            log->rows_dropped++;
            continue;
        }
        struct hearsay_row r = {.table = HEARSAY_TABLE_MESSAGES,
                                .key = record.key,
                                .key_len = record.key_len,
                                .value = record.value,
                                .value_len = record.value_len};
        rc = row(ctx, &r);
    }
    return rc;
}

int hsy_msglog_load(struct hsy_msglog *log,
                    int (*row)(void *ctx, const struct hearsay_row *row),
                    void *ctx, struct hearsay_runtime_error *error)
{
    HSY_ASSERT(!log->in_batch);

    const struct hearsay_mem *mem = hearsay_mem_default();
    uint32_t count = log->index.rows.count;
    struct order *order = hsy_mem_alloc(mem, (count + 1) * sizeof(*order));
    struct source *source = hsy_mem_alloc(mem, sizeof(*source));
    if (order == NULL || source == NULL) {
        hsy_mem_free(mem, order);
        hsy_mem_free(mem, source);
        return hsy_error_set(error, HEARSAY_ERR_NOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct hsy_msgrow *at = hsy_table_at(&log->index.rows, i);
        order[i] = (struct order){.seq = at->place.seq, .index = i};
    }
    qsort(order, count, sizeof(*order), by_seq);
    source->number = 0;
    source->fd = -1;
    int rc = load_rows(log, order, source, row, ctx);
    if (source->fd >= 0) {
        (void)close(source->fd);
    }
    hsy_mem_free(mem, order);
    hsy_mem_free(mem, source);
    return rc;
}
