/* What the log of retained messages knows of itself: where each live row is,
 * and how much of each segment is live. */
#ifndef HSY_RUNTIME_MSGINDEX_H
#define HSY_RUNTIME_MSGINDEX_H

#include "base/table.h"
#include "runtime/bytes.h"

struct hsy_msgkey {
    uint8_t len;
    uint8_t bytes[32];
    uint8_t zero[7]; /* The key of a table is compared whole. */
};

/* Where the record of a row is. */
struct hsy_msgplace {
    uint64_t seq;
    uint32_t segment; /* Its number; 0: nowhere yet. */
    uint32_t at, len; /* In its file. */
};

struct hsy_msgrow {
    struct hsy_msgkey key;
    struct hsy_msgplace place;
};

/* One record, as it will change the index. */
struct hsy_msgchange {
    struct hsy_msgkey key;
    struct hsy_msgplace place;
    bool deleted;
};

struct hsy_msgsegment_info {
    uint32_t number; /* From 1, rising. */
    uint32_t live;   /* Rows. */
    uint64_t len;    /* Of its file. */
};

struct hsy_msgindex {
    struct hsy_table rows;     /* Of struct hsy_msgrow. */
    struct hsy_bytes segments; /* Of struct hsy_msgsegment_info, by number. */
    uint64_t live_bytes;
};

void hsy_msgindex_init(struct hsy_msgindex *index, uint32_t rows_max,
                       uint64_t salt);
void hsy_msgindex_fini(struct hsy_msgindex *index);

struct hsy_msgkey hsy_msgkey(const uint8_t *bytes, size_t len);

/* NULL: not live. */
const struct hsy_msgrow *hsy_msgindex_find(const struct hsy_msgindex *index,
                                           const struct hsy_msgkey *key);

/* Makes room for a put of @key, so that applying it cannot fail; to be
 * followed by hsy_msgindex_apply() or _drop(). HEARSAY_ERR_FULL,
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_msgindex_reserve(struct hsy_msgindex *index,
                                          const struct hsy_msgkey *key);
/* What @changes (of struct hsy_msgchange) say has happened, in this order.
 * Empties @changes. */
void hsy_msgindex_apply(struct hsy_msgindex *index, struct hsy_bytes *changes);
/* It has not happened. */
void hsy_msgindex_drop(struct hsy_msgindex *index, struct hsy_bytes *changes);

/* The rows of the segment @number are lost; how many they were. */
uint32_t hsy_msgindex_forget(struct hsy_msgindex *index, uint32_t number);

uint32_t hsy_msgindex_segments(const struct hsy_msgindex *index);
/* @i < hsy_msgindex_segments(); lent until one is added or removed. */
struct hsy_msgsegment_info *hsy_msgindex_segment(struct hsy_msgindex *index,
                                                 uint32_t i);
/* The newest; NULL: none. */
struct hsy_msgsegment_info *hsy_msgindex_last(struct hsy_msgindex *index);
/* HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int
hsy_msgindex_add_segment(struct hsy_msgindex *index,
                         const struct hsy_msgsegment_info *segment);
/* Nothing in it may be live. */
void hsy_msgindex_remove_segment(struct hsy_msgindex *index, uint32_t i);
/* Of all files. */
uint64_t hsy_msgindex_bytes(const struct hsy_msgindex *index);

#endif
