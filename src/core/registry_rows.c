/* One row per id in the REGISTRY table, so that a death overwrites the life
 * and a return overwrites the death in one write:
 *
 *     key   id 32
 *     value 1 | record           living
 *           2 | certificate      dead
 *           3 | record | leave   left
 *
 * and one in FLOOR, key id, value rank u64, for ids whose grave is gone. The
 * own disk is trusted: signatures were checked on the way in. */
#include "core/registry_rows.h"

#include "base/addr.h"
#include "base/mem.h"

#include <string.h>

enum { PROOF_LEN_LEN = 4, PROOF_HEAD_LEN = PROOF_LEN_LEN + 1 };

_Static_assert(1 + HSY_RECORD_LEN_MAX + 1 +
                       HSY_VERDICTS_MAX * sizeof(struct hsy_verdict) <=
                   HSY_ROW_LEN_MAX,
               "the largest certificate fits a row");

/* --------------------------------------------------------------- writing */

void hsy_row_write_init(struct hsy_row_write *w, const struct hearsay_id *id)
{
    HSY_ASSERT(w != NULL);
    HSY_ASSERT(id != NULL);
    w->id = *id;
    w->count = 0;
}

static struct hearsay_row *add_row(struct hsy_row_write *w,
                                   enum hearsay_table table)
{
    HSY_ASSERT(w->count < sizeof(w->rows) / sizeof(w->rows[0]));

    struct hearsay_row *row = &w->rows[w->count];
    *row = (struct hearsay_row){
        .table = table, .key = w->id.bytes, .key_len = sizeof(w->id.bytes)};
    w->count++;
    return row;
}

void hsy_row_put_living(struct hsy_row_write *w, const struct hsy_blob *rec)
{
    struct hsy_writer out = hsy_writer(w->value, sizeof(w->value));
    struct hearsay_row *row = add_row(w, HEARSAY_TABLE_REGISTRY);

    hsy_put_u8(&out, HSY_ROW_LIVING);
    hsy_put_bytes(&out, rec->bytes, rec->len);
    HSY_ASSERT(!out.bad);
    row->value = w->value;
    row->value_len = out.len;
}

void hsy_row_put_grave(struct hsy_row_write *w, const uint8_t *proof,
                       uint32_t proof_len)
{
    struct hsy_writer out = hsy_writer(w->value, sizeof(w->value));
    struct hearsay_row *row = add_row(w, HEARSAY_TABLE_REGISTRY);

    HSY_ASSERT(proof_len > PROOF_HEAD_LEN);
    hsy_put_u8(&out, proof[PROOF_LEN_LEN] == HSY_SYNC_DEATH ? HSY_ROW_DEAD
                                                            : HSY_ROW_LEFT);
    hsy_put_bytes(&out, proof + PROOF_HEAD_LEN, proof_len - PROOF_HEAD_LEN);
    HSY_ASSERT(!out.bad);
    row->value = w->value;
    row->value_len = out.len;
}

void hsy_row_delete(struct hsy_row_write *w)
{
    const struct hearsay_row *row = add_row(w, HEARSAY_TABLE_REGISTRY);

    HSY_ASSERT(row->value == NULL);
}

void hsy_row_put_floor(struct hsy_row_write *w, uint64_t rank)
{
    struct hsy_writer out = hsy_writer(w->floor, sizeof(w->floor));
    struct hearsay_row *row = add_row(w, HEARSAY_TABLE_FLOOR);

    if (rank == 0) {
        return;
    }
    hsy_put_u64(&out, rank);
    HSY_ASSERT(!out.bad);
    row->value = w->floor;
    row->value_len = out.len;
}

uint64_t hsy_row_write_ask(struct hsy_row_write *w, struct hsy_env *env)
{
    HSY_ASSERT(w->count >= 1);
    return env->ports.persist(env->ports.ctx, w->rows, w->count);
}

uint8_t *hsy_registry_proof(const struct hsy_env *env,
                            const struct hsy_sync_entry *entry,
                            uint32_t *out_len)
{
    struct hsy_writer count = hsy_writer_count();
    struct hsy_sync counted = {0};

    hsy_sync_add(&count, &counted, entry);
    HSY_ASSERT(count.len > PROOF_HEAD_LEN);
    HSY_ASSERT(count.len <= UINT32_MAX);
    uint8_t *proof = hsy_mem_alloc(&env->mem, count.len);
    if (proof == NULL) {
        return NULL;
    }
    struct hsy_writer out = hsy_writer(proof, count.len);
    struct hsy_sync written = {0};
    hsy_sync_add(&out, &written, entry);
    HSY_ASSERT(!out.bad);
    *out_len = (uint32_t)out.len;
    return proof;
}

/* --------------------------------------------------------------- reading */

static int restore_living(struct hsy_registry *r, struct hsy_reader *in,
                          const struct hearsay_id *id)
{
    struct hsy_record record;

    hsy_get_record(in, &record);
    if (!hsy_reader_done(in) || !hsy_id_equal(&record.id, id) ||
        record.addrs_count == 0) {
        return HEARSAY_ERR_MALFORMED;
    }
    HSY_ASSERT(record.incarnation > 0);
    return hsy_registry_put_living(r, &record);
}

static int restore_dead(struct hsy_registry *r, struct hsy_reader *in,
                        const struct hearsay_id *id)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_DEATH};

    hsy_get_certificate(in, &fact.certificate);
    if (!hsy_reader_done(in) ||
        !hsy_id_equal(&fact.certificate.record.id, id)) {
        return HEARSAY_ERR_MALFORMED;
    }
    HSY_ASSERT(fact.certificate.verdicts_count >= 1);
    return hsy_registry_put_grave(r, &fact);
}

static int restore_left(struct hsy_registry *r, struct hsy_reader *in,
                        const struct hearsay_id *id)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_LEFT};

    hsy_get_record(in, &fact.left.record);
    hsy_get_leave(in, &fact.left.leave);
    if (!hsy_reader_done(in) || !hsy_id_equal(&fact.left.record.id, id) ||
        !hsy_id_equal(&fact.left.leave.id, id)) {
        return HEARSAY_ERR_MALFORMED;
    }
    HSY_ASSERT(fact.left.leave.incarnation > 0);
    return hsy_registry_put_grave(r, &fact);
}

static int restore_registry(struct hsy_registry *r,
                            const struct hearsay_row *row,
                            const struct hearsay_id *id)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    uint8_t kind = hsy_get_u8(&in);

    HSY_ASSERT(row->table == HEARSAY_TABLE_REGISTRY);
    if (hsy_registry_find(r, id) != NULL || hsy_registry_grave(r, id) != NULL) {
        return HEARSAY_ERR_MALFORMED; /* A store has one row per key. */
    }
    if (kind == HSY_ROW_LIVING) {
        return restore_living(r, &in, id);
    }
    if (kind == HSY_ROW_DEAD) {
        return restore_dead(r, &in, id);
    }
    if (kind == HSY_ROW_LEFT) {
        return restore_left(r, &in, id);
    }
    return HEARSAY_ERR_MALFORMED;
}

static int restore_floor(struct hsy_registry *r, const struct hearsay_row *row,
                         const struct hearsay_id *id)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    uint64_t rank = hsy_get_u64(&in);

    HSY_ASSERT(row->table == HEARSAY_TABLE_FLOOR);
    if (!hsy_reader_done(&in) || rank == 0 || rank >= 2 * HSY_INCARNATION_END) {
        return HEARSAY_ERR_MALFORMED;
    }
    return hsy_registry_put_floor(r, id, rank);
}

int hsy_registry_restore(struct hsy_registry *r, const struct hearsay_row *row)
{
    struct hearsay_id id;

    HSY_ASSERT(row->table == HEARSAY_TABLE_REGISTRY ||
               row->table == HEARSAY_TABLE_FLOOR);
    if (row->key_len != sizeof(id.bytes) || row->value == NULL) {
        return HEARSAY_ERR_MALFORMED;
    }
    memcpy(id.bytes, row->key, sizeof(id.bytes));
    int err = row->table == HEARSAY_TABLE_FLOOR ? restore_floor(r, row, &id)
                                                : restore_registry(r, row, &id);
    if (err == 0) {
        hsy_registry_settle(r, &id);
    }
    return err;
}
