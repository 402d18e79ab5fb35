/* How the registry's facts become bytes: rows for the disk, proofs for fellow
 * seeds. Nobody but the registry includes this. */
#ifndef HSY_CORE_REGISTRY_ROWS_H
#define HSY_CORE_REGISTRY_ROWS_H

#include "core/registry.h"

enum { HSY_ROW_LEN_MAX = 4096, HSY_FLOOR_LEN = 8 };

enum hsy_row_kind { HSY_ROW_LIVING = 1, HSY_ROW_DEAD = 2, HSY_ROW_LEFT = 3 };

/* The value of a row, and the rows of one write: at most three. */
struct hsy_row_write {
    struct hearsay_id id;
    uint8_t value[HSY_ROW_LEN_MAX];
    uint8_t floor[HSY_FLOOR_LEN];
    struct hearsay_row rows[3];
    uint32_t count;
};

void hsy_row_write_init(struct hsy_row_write *w, const struct hearsay_id *id);
/* At most one of these three. The REGISTRY row of the id becomes ... */
void hsy_row_put_living(struct hsy_row_write *w, const struct hsy_blob *rec);
/* ... a grave; @proof is its sync entry, length in front ... */
void hsy_row_put_grave(struct hsy_row_write *w, const uint8_t *proof,
                       uint32_t proof_len);
/* ... or nothing. */
void hsy_row_delete(struct hsy_row_write *w);
/* The FLOOR row of the id: @rank, 0 deletes it. */
void hsy_row_put_floor(struct hsy_row_write *w, uint64_t rank);
/* Asks for the write; the token. */
uint64_t hsy_row_write_ask(struct hsy_row_write *w, struct hsy_env *env);

/* The encoding of @entry in memory of @env's, length in front; NULL: none. */
uint8_t *hsy_registry_proof(const struct hsy_env *env,
                            const struct hsy_sync_entry *entry,
                            uint32_t *out_len);

/* Rows in, from registry.c: nothing is written. False: no room or memory. */
HEARSAY_MUST_USE int hsy_registry_put_living(struct hsy_registry *r,
                                             const struct hsy_record *record);
HEARSAY_MUST_USE int hsy_registry_put_grave(struct hsy_registry *r,
                                            const struct hsy_sync_entry *fact);
HEARSAY_MUST_USE int hsy_registry_put_floor(struct hsy_registry *r,
                                            const struct hearsay_id *id,
                                            uint64_t rank);
/* Of two rows of @id the higher rank counts, whichever came first. */
void hsy_registry_settle(struct hsy_registry *r, const struct hearsay_id *id);

#endif
