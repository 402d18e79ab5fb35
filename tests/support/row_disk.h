/* The disk of a relay rig: rows of messages as they were answered for, and
 * another process that begins with them. */
#ifndef HSY_TESTS_SUPPORT_ROW_DISK_H
#define HSY_TESTS_SUPPORT_ROW_DISK_H

#include "support/claim.h"
#include "support/relay_rig.h"

#include <string.h>

/* The last one of each key, in order of writing. */
struct disk_row {
    uint8_t key[32];
    uint32_t key_len, value_len;
    uint8_t value[4096];
};
enum { DISK_MAX = 512 };

struct row_disk {
    struct disk_row rows[DISK_MAX];
    uint32_t count;
    uint64_t answered; /* Tokens of this process up to there. */
};

static inline void row_disk_write(struct row_disk *disk,
                                  const struct core_row *row)
{
    uint32_t at = 0;
    uint32_t len = row->key_len;

    while (at < disk->count &&
           (disk->rows[at].key_len != len ||
            memcmp(disk->rows[at].key, row->key, len) != 0)) {
        at++;
    }
    if (at < disk->count) {
        memmove(&disk->rows[at], &disk->rows[at + 1],
                (disk->count - at - 1) * sizeof(disk->rows[0]));
        disk->count--;
    }
    if (row->value != NULL) {
        CLAIM(disk->count < DISK_MAX);
        struct disk_row *to = &disk->rows[disk->count];
        memcpy(to->key, row->key, len);
        to->key_len = len;
        to->value_len = (uint32_t)row->value_len;
        CLAIM(row->value_len <= sizeof(to->value));
        memcpy(to->value, row->value, row->value_len);
        disk->count++;
    }
}

/* For the oldest one that was asked for and not answered. */
static inline void row_disk_answer_one(struct row_disk *disk,
                                       struct relay_rig *r, bool ok)
{
    CLAIM(disk->answered < r->ports.token);
    disk->answered++;
    for (uint32_t i = 0; i < r->ports.rows_count && ok; i++) {
        if (r->ports.rows[i].token == disk->answered) {
            row_disk_write(disk, &r->ports.rows[i]);
        }
    }
    hsy_core_persisted(&r->core, disk->answered, ok);
}

/* For all that was asked for. */
static inline void row_disk_answer(struct row_disk *disk, struct relay_rig *r,
                                   bool ok)
{
    while (disk->answered < r->ports.token) {
        row_disk_answer_one(disk, r, ok);
    }
}

/* A process begins with the rows, last ones first. @r is prepared, and has a
 * link afterwards. */
static inline void row_disk_load(struct row_disk *disk, struct relay_rig *r)
{
    disk->answered = 0;
    relay_rig_start(r);
    r->core.phase = HSY_PHASE_COLD;
    for (uint32_t i = disk->count; i > 0; i--) {
        struct hearsay_row row = {.table = HEARSAY_TABLE_MESSAGES,
                                  .key = disk->rows[i - 1].key,
                                  .key_len = disk->rows[i - 1].key_len,
                                  .value = disk->rows[i - 1].value,
                                  .value_len = disk->rows[i - 1].value_len};
        CLAIM_INT(hsy_core_restore(&r->core, &row), 0);
    }
    r->core.phase = HSY_PHASE_RUNNING;
    hsy_saved_start(&relay_rig_relay(r)->saved);
    relay_rig_links(r, 1);
}

#endif
