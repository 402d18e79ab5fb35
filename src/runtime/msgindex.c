/* A put reserves its row before anything is written, as one that is nowhere
 * (segment 0), so that nothing can fail between the disk's word and ours. A
 * deleted row is one that is nowhere again; all that are nowhere go when the
 * changes are over, whether they have happened or not. */
#include "runtime/msgindex.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

_Static_assert(sizeof(struct hsy_msgkey) == 40, "no padding: it is compared");

void hsy_msgindex_init(struct hsy_msgindex *index, uint32_t rows_max,
                       uint64_t salt)
{
    struct hsy_table_shape shape = {.key_len = sizeof(struct hsy_msgkey),
                                    .item_len = sizeof(struct hsy_msgrow),
                                    .items_max = rows_max};
    *index = (struct hsy_msgindex){.live_bytes = 0};
    hsy_table_init(&index->rows, hearsay_mem_default(), shape, salt);
}

void hsy_msgindex_fini(struct hsy_msgindex *index)
{
    hsy_table_fini(&index->rows);
    hsy_bytes_fini(&index->segments);
}

struct hsy_msgkey hsy_msgkey(const uint8_t *bytes, size_t len)
{
    struct hsy_msgkey key = {.len = (uint8_t)len};
    HSY_ASSERT(len >= 1);
    HSY_ASSERT(len <= sizeof(key.bytes));
    memcpy(key.bytes, bytes, len);
    return key;
}

const struct hsy_msgrow *hsy_msgindex_find(const struct hsy_msgindex *index,
                                           const struct hsy_msgkey *key)
{
    const struct hsy_msgrow *row = hsy_table_find(&index->rows, key);
    return row == NULL || row->place.segment == 0 ? NULL : row;
}

/* --------------------------------------------------------------- segments */

uint32_t hsy_msgindex_segments(const struct hsy_msgindex *index)
{
    return (uint32_t)(index->segments.len / sizeof(struct hsy_msgsegment_info));
}

struct hsy_msgsegment_info *hsy_msgindex_segment(struct hsy_msgindex *index,
                                                 uint32_t i)
{
    HSY_ASSERT(i < hsy_msgindex_segments(index));
    /* Allocated memory, and only ever this struct in it. */
    void *all = index->segments.data;
    return (struct hsy_msgsegment_info *)all + i;
}

struct hsy_msgsegment_info *hsy_msgindex_last(struct hsy_msgindex *index)
{
    uint32_t count = hsy_msgindex_segments(index);
    return count == 0 ? NULL : hsy_msgindex_segment(index, count - 1);
}

int hsy_msgindex_add_segment(struct hsy_msgindex *index,
                             const struct hsy_msgsegment_info *segment)
{
    const struct hsy_msgsegment_info *last = hsy_msgindex_last(index);
    HSY_ASSERT(segment->number > (last == NULL ? 0 : last->number));
    HSY_ASSERT(segment->live == 0);
    return hsy_bytes_add(&index->segments, segment, sizeof(*segment));
}

void hsy_msgindex_remove_segment(struct hsy_msgindex *index, uint32_t i)
{
    struct hsy_msgsegment_info *segment = hsy_msgindex_segment(index, i);
    HSY_ASSERT(segment->live == 0);
    size_t behind = (hsy_msgindex_segments(index) - i - 1) * sizeof(*segment);
    memmove(segment, segment + 1, behind);
    index->segments.len -= sizeof(*segment);
}

uint64_t hsy_msgindex_bytes(const struct hsy_msgindex *index)
{
    uint64_t bytes = 0;
    for (size_t at = 0; at < index->segments.len;
         at += sizeof(struct hsy_msgsegment_info)) {
        struct hsy_msgsegment_info segment;
        memcpy(&segment, index->segments.data + at, sizeof(segment));
        bytes += segment.len;
    }
    return bytes;
}

/* There are few, and the newest is meant nearly always. */
static struct hsy_msgsegment_info *by_number(struct hsy_msgindex *index,
                                             uint32_t number)
{
    for (uint32_t i = hsy_msgindex_segments(index); i > 0; i--) {
        struct hsy_msgsegment_info *segment =
            hsy_msgindex_segment(index, i - 1);
        if (segment->number == number) {
            return segment;
        }
    }
    HSY_ASSERT(false);
    return NULL;
}

/* ------------------------------------------------------------------- rows */

int hsy_msgindex_reserve(struct hsy_msgindex *index,
                         const struct hsy_msgkey *key)
{
    void *row;
    return hsy_table_put(&index->rows, &row, key);
}

static void leave(struct hsy_msgindex *index, struct hsy_msgrow *row)
{
    struct hsy_msgsegment_info *segment = by_number(index, row->place.segment);
    HSY_ASSERT(segment->live > 0);
    HSY_ASSERT(index->live_bytes >= row->place.len);
    segment->live--;
    index->live_bytes -= row->place.len;
    row->place = (struct hsy_msgplace){.segment = 0};
}

static void apply(struct hsy_msgindex *index, const struct hsy_msgchange *c)
{
    struct hsy_msgrow *row = hsy_table_find(&index->rows, &c->key);
    if (row != NULL && row->place.segment != 0) {
        leave(index, row);
    }
    if (!c->deleted) {
        HSY_ASSERT(row != NULL); /* Reserved. */
        row->place = c->place;
        by_number(index, c->place.segment)->live++;
        index->live_bytes += c->place.len;
    }
}

static struct hsy_msgchange change_at(const struct hsy_bytes *changes,
                                      size_t at)
{
    struct hsy_msgchange change;
    memcpy(&change, changes->data + at, sizeof(change));
    return change;
}

void hsy_msgindex_drop(struct hsy_msgindex *index, struct hsy_bytes *changes)
{
    for (size_t at = 0; at < changes->len; at += sizeof(struct hsy_msgchange)) {
        struct hsy_msgchange change = change_at(changes, at);
        struct hsy_msgrow *row = hsy_table_find(&index->rows, &change.key);
        if (row != NULL && row->place.segment == 0) {
            hsy_table_remove(&index->rows, row);
        }
    }
    changes->len = 0;
}

void hsy_msgindex_apply(struct hsy_msgindex *index, struct hsy_bytes *changes)
{
    for (size_t at = 0; at < changes->len; at += sizeof(struct hsy_msgchange)) {
        struct hsy_msgchange change = change_at(changes, at);
        apply(index, &change);
    }
    hsy_msgindex_drop(index, changes);
}

uint32_t hsy_msgindex_forget(struct hsy_msgindex *index, uint32_t number)
{
    uint32_t count = 0;
    for (uint32_t i = index->rows.count; i > 0; i--) {
        struct hsy_msgrow *row = hsy_table_at(&index->rows, i - 1);
        if (row->place.segment == number) {
            leave(index, row);
            hsy_table_remove(&index->rows, row);
            count++;
        }
    }
    HSY_ASSERT(by_number(index, number)->live == 0);
    return count;
}
