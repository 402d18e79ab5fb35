/* A virtual disk: the rows that one node has persisted. It outlives the
 * node's processes. A write is a transaction: all of its rows or none.
 *
 * A million disks hold nearly the same rows (signed records), so the bytes
 * are kept once, in the values that all disks of a cluster share. */
#ifndef HSY_SIM_DISK_H
#define HSY_SIM_DISK_H

#include "base/prng.h"
#include "base/table.h"
#include "sim/cluster.h"

/* What all disks of a cluster share. */
struct hsy_values {
    struct hearsay_mem mem;
    struct hsy_table keys;
    uint64_t salt;
    uint32_t undo_max; /* Changed rows per disk that HSY_HARM_STALE can undo. */
};

void hsy_values_init(struct hsy_values *v, const struct hearsay_mem *mem,
                     uint64_t salt, uint32_t undo_max);
/* After all of its disks. */
void hsy_values_fini(struct hsy_values *v);

struct hsy_write;
struct hsy_undo;
struct hsy_row;

struct hsy_disk {
    struct hsy_values *values;
    struct hsy_table rows;
    struct hsy_write *first, *last; /* Open writes, in order; owned. */
    struct hsy_undo *undo;          /* Owned; NULL: nothing to undo. */
    struct hsy_row *durable;        /* Owned: the rows when the lying began. */
    uint32_t durable_count;
    uint32_t open_count; /* Whole transactions among the writes. */
    enum hsy_disk_mood mood;
};

void hsy_disk_init(struct hsy_disk *d, struct hsy_values *values);
void hsy_disk_fini(struct hsy_disk *d);

/* One row of a transaction, copied; @more: its next row follows. An earlier
 * one that never got its last row is dropped. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_disk_write(struct hsy_disk *d,
                                    const struct hearsay_row *row,
                                    uint64_t token, bool more);

/* The oldest open transaction and its fate. */
struct hsy_commit {
    uint64_t token;
    bool ok; /* False: the disk failed, and all of its rows are lost. */
};
/* There must be one. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_disk_commit(struct hsy_disk *d, struct hsy_commit *out,
                                     struct hsy_prng *prng);
/* The process died: of the open writes, the disk keeps the first so many (at
 * random) and loses the others; one that lied loses what it never wrote. */
HEARSAY_MUST_USE int hsy_disk_crash(struct hsy_disk *d, struct hsy_prng *prng);
/* The process ended in order: all that is open is written, lies come true. */
HEARSAY_MUST_USE int hsy_disk_flush(struct hsy_disk *d, struct hsy_prng *prng);

/* HEARSAY_ERR_NOMEM: the mood is as it was. */
HEARSAY_MUST_USE int hsy_disk_set_mood(struct hsy_disk *d,
                                       enum hsy_disk_mood mood);
/* No write may be open. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_disk_harm(struct hsy_disk *d, enum hsy_disk_harm harm,
                                   struct hsy_prng *prng);

uint32_t hsy_disk_count(const struct hsy_disk *d);
/* @index < count. Lent until the next write or commit. */
struct hearsay_row hsy_disk_row(const struct hsy_disk *d, uint32_t index);

#endif
