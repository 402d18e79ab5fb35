/* Rows of the log of messages: to bytes and back (docs/adr/0019). */
#ifndef HSY_CORE_SAVED_ROWS_H
#define HSY_CORE_SAVED_ROWS_H

#include "core/origins.h"

enum {
    HSY_SAVED_VERSION = 1,
    HSY_SAVED_HEAD_LEN = 1 + 1 + 1 + 8 + 8, /* Before a bundle. */
    HSY_MARK_KEY_LEN = 1 + 16,
    HSY_MARK_LEN_MAX = 1 + HEARSAY_ID_LEN + 4 * 8 + 1 + HSY_GAPS_MAX * 2 * 8,
    HSY_HANDED_KEY_LEN = 6,
    HSY_HANDED_LEN = 1 + 8
};

/* What goes in front of a bundle. */
struct hsy_saved_head {
    uint64_t ordinal; /* From 1, rising with each bundle of any life. */
    uint64_t seen_ms; /* Of our wall clock. */
    uint8_t hops;
    bool deliver; /* The application is to get it. */
};

/* What has come of an epoch. */
struct hsy_mark {
    struct hsy_epoch of;
    uint64_t done;
    uint64_t wall_ms; /* The latest of its bundles, by its clock. */
    uint8_t runs_count;
    struct hsy_run runs[HSY_GAPS_MAX];
};

void hsy_put_saved_head(struct hsy_writer *out,
                        const struct hsy_saved_head *head);
void hsy_get_saved_head(struct hsy_reader *in, struct hsy_saved_head *head);
void hsy_put_mark(struct hsy_writer *out, const struct hsy_mark *mark);
/* Sticky error also when its runs are not what origins.h says of them. */
void hsy_get_mark(struct hsy_reader *in, struct hsy_mark *mark);
/* Up to which ordinal all is handed over; without its terminator. */
extern const char hsy_handed_key[HSY_HANDED_KEY_LEN + 1];
void hsy_put_handed(struct hsy_writer *out, uint64_t ordinal);
uint64_t hsy_get_handed(struct hsy_reader *in);
void hsy_mark_key(uint8_t out[HSY_MARK_KEY_LEN], const struct hsy_epoch *of);

#endif
