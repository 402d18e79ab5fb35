/* Rows in a table keyed by (table, key). Writes wait in a list, for a commit
 * takes time and a crash may come first. */
#include "sim/disk.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { KEY_MAX = 32, ROWS_MAX = 1 << 24 };

struct row_key {
    uint8_t table;
    uint8_t len;
    uint8_t bytes[KEY_MAX];
    uint8_t zero[6]; /* The key of a table entry is a multiple of 8. */
};

struct row {
    struct row_key key;
    uint32_t value_len;
    uint8_t *value; /* Owned; NULL when empty. */
};

struct hsy_write {
    struct hsy_write *next;
    uint64_t token;
    bool more;
    bool erase;
    struct row_key key;
    uint32_t value_len;
    uint8_t value[];
};

void hsy_disk_init(struct hsy_disk *d, const struct hearsay_mem *mem)
{
    HSY_ASSERT(d != NULL);
    *d = (struct hsy_disk){.mem = *mem};
    struct hsy_table_shape shape = {.key_len = sizeof(struct row_key),
                                    .item_len = sizeof(struct row),
                                    .items_max = ROWS_MAX};
    hsy_table_init(&d->rows, mem, shape, 1);
}

static void drop_first(struct hsy_disk *d)
{
    struct hsy_write *w = d->first;
    HSY_ASSERT(w != NULL);
    d->first = w->next;
    if (d->first == NULL) {
        d->last = NULL;
    }
    hsy_mem_free(&d->mem, w);
}

void hsy_disk_fini(struct hsy_disk *d)
{
    HSY_ASSERT(d != NULL);
    while (d->first != NULL) {
        drop_first(d);
    }
    for (uint32_t i = 0; i < d->rows.count; i++) {
        struct row *row = hsy_table_at(&d->rows, i);
        hsy_mem_free(&d->mem, row->value);
    }
    hsy_table_fini(&d->rows);
}

int hsy_disk_write(struct hsy_disk *d, const struct hearsay_row *row,
                   uint64_t token, bool more)
{
    HSY_ASSERT(row->key_len >= 1);
    HSY_ASSERT(row->key_len <= KEY_MAX);
    HSY_ASSERT(row->value_len < UINT32_MAX);

    struct hsy_write *w = hsy_mem_zalloc(&d->mem, sizeof(*w) + row->value_len);
    if (w == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    w->token = token;
    w->more = more;
    w->erase = row->value == NULL;
    w->key.table = (uint8_t)row->table;
    w->key.len = (uint8_t)row->key_len;
    memcpy(w->key.bytes, row->key, row->key_len);
    if (row->value != NULL) {
        w->value_len = (uint32_t)row->value_len;
        memcpy(w->value, row->value, row->value_len);
    }
    if (d->last == NULL) {
        d->first = w;
    } else {
        d->last->next = w;
    }
    d->last = w;
    d->open_count += more ? 0 : 1;
    return HEARSAY_OK;
}

static void erase_row(struct hsy_disk *d, const struct row_key *key)
{
    struct row *row = hsy_table_find(&d->rows, key);
    if (row != NULL) {
        hsy_mem_free(&d->mem, row->value);
        hsy_table_remove(&d->rows, row);
    }
}

static int put_row(struct hsy_disk *d, const struct hsy_write *w)
{
    uint8_t *value = NULL;
    if (w->value_len > 0) {
        value = hsy_mem_alloc(&d->mem, w->value_len);
        if (value == NULL) {
            return HEARSAY_ERR_NOMEM;
        }
        memcpy(value, w->value, w->value_len);
    }
    void *item;
    int err = hsy_table_put(&d->rows, &item, &w->key);
    if (err != HEARSAY_OK) {
        hsy_mem_free(&d->mem, value);
        return err;
    }
    struct row *row = item;
    hsy_mem_free(&d->mem, row->value);
    row->value = value;
    row->value_len = w->value_len;
    return HEARSAY_OK;
}

int hsy_disk_commit(struct hsy_disk *d, uint64_t *out_token)
{
    HSY_ASSERT(d->open_count > 0);
    HSY_ASSERT(d->first != NULL);

    *out_token = d->first->token;
    d->open_count--;
    int err = HEARSAY_OK;
    bool more = true;
    while (more) {
        struct hsy_write *w = d->first;
        HSY_ASSERT(w != NULL);
        HSY_ASSERT(w->token == *out_token); /* Rows of one token in a row. */
        more = w->more;
        if (w->erase) {
            erase_row(d, &w->key);
        } else if (err == HEARSAY_OK) {
            err = put_row(d, w);
        }
        drop_first(d);
    }
    return err;
}

int hsy_disk_crash(struct hsy_disk *d, struct hsy_prng *prng)
{
    uint32_t kept = (uint32_t)hsy_prng_below(prng, d->open_count + 1);
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < kept && err == HEARSAY_OK; i++) {
        uint64_t token;
        err = hsy_disk_commit(d, &token);
    }
    while (d->first != NULL) {
        drop_first(d);
    }
    d->open_count = 0;
    return err;
}

uint32_t hsy_disk_count(const struct hsy_disk *d)
{
    return d->rows.count;
}

struct hearsay_row hsy_disk_row(const struct hsy_disk *d, uint32_t index)
{
    static const uint8_t nothing[1];
    const struct row *row = hsy_table_at(&d->rows, index);
    return (struct hearsay_row){.table = (enum hearsay_table)row->key.table,
                                .key = row->key.bytes,
                                .key_len = row->key.len,
                                .value =
                                    row->value == NULL ? nothing : row->value,
                                .value_len = row->value_len};
}
