/* A virtual disk: the rows that one node has persisted. It outlives the
 * node's processes. A write is a transaction: all of its rows or none. */
#ifndef HSY_SIM_DISK_H
#define HSY_SIM_DISK_H

#include "base/prng.h"
#include "base/table.h"

struct hsy_write;

struct hsy_disk {
    struct hearsay_mem mem;
    struct hsy_table rows;
    struct hsy_write *first, *last; /* Open writes, in order; owned. */
    uint32_t open_count;            /* Whole transactions among them. */
};

void hsy_disk_init(struct hsy_disk *d, const struct hearsay_mem *mem);
void hsy_disk_fini(struct hsy_disk *d);

/* One row of a transaction, copied; @more: its next row follows.
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_disk_write(struct hsy_disk *d,
                                    const struct hearsay_row *row,
                                    uint64_t token, bool more);
/* Commits the oldest open transaction; there must be one. Gives its token.
 * HEARSAY_ERR_NOMEM: it was lost. */
HEARSAY_MUST_USE int hsy_disk_commit(struct hsy_disk *d, uint64_t *out_token);
/* The process died: of the open writes, the disk keeps the first so many (at
 * random) and loses the others. */
HEARSAY_MUST_USE int hsy_disk_crash(struct hsy_disk *d, struct hsy_prng *prng);

uint32_t hsy_disk_count(const struct hsy_disk *d);
/* @index < count. Lent until the next commit. */
struct hearsay_row hsy_disk_row(const struct hsy_disk *d, uint32_t index);

#endif
