/* Rows, and what a crash or a failing disk makes of them.
 *
 * Writes wait in a list, for a commit takes time and a crash may come first.
 * A key of any disk is written once, into the shared keys, and is a number
 * from then on. Values are shared by reference: what a disk writes is nearly
 * always what another disk wrote last under that key.
 *
 *     keys (of the cluster)   (table, key) -> number, latest value
 *     rows (of a disk)        number -> value
 *
 * Two ways back: a disk that lies keeps the rows as they were when the lying
 * began (a crash brings them back), and a short log of what each commit has
 * replaced serves HSY_HARM_STALE. */
#include "sim/disk.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { KEY_MAX = 32, KEYS_MAX = 1 << 26, ROWS_MAX = 1 << 24, FLAKY_ONE_IN = 4 };

struct row_key {
    uint8_t table;
    uint8_t len;
    uint8_t bytes[KEY_MAX];
    uint8_t zero[6]; /* The key of a table entry is a multiple of 8. */
};

struct value {
    uint32_t refs;
    uint32_t key; /* Its number. */
    uint32_t len;
    uint8_t bytes[];
};

struct key_item {
    struct row_key key;
    struct value *latest; /* Not owned; NULL: gone. */
};

struct hsy_row {
    uint64_t key;        /* Its number. */
    struct value *value; /* A share; never NULL. */
};

struct hsy_write {
    struct hsy_write *next;
    uint64_t token;
    uint32_t key;
    bool more;
    struct value *value; /* A share; NULL: the row goes. */
};

struct undone {
    struct value *before; /* A share; NULL: there was no such row. */
    uint32_t key;
    bool first; /* Of its commit. */
};

/* A ring: the last @count changes, the oldest at @at. */
struct hsy_undo {
    uint32_t at, count;
    struct undone changes[];
};

/* ---------------------------------------------------------------- values */

void hsy_values_init(struct hsy_values *v, const struct hearsay_mem *mem,
                     uint64_t salt, uint32_t undo_max)
{
    HSY_ASSERT(v != NULL);
    *v = (struct hsy_values){.mem = *mem, .salt = salt, .undo_max = undo_max};
    struct hsy_table_shape shape = {.key_len = sizeof(struct row_key),
                                    .item_len = sizeof(struct key_item),
                                    .items_max = KEYS_MAX};
    hsy_table_init(&v->keys, mem, shape, salt);
}

void hsy_values_fini(struct hsy_values *v)
{
    hsy_table_fini(&v->keys);
}

static struct value *value_ref(struct value *value)
{
    if (value != NULL) {
        value->refs++;
    }
    return value;
}

static void value_unref(struct hsy_values *v, struct value *value)
{
    if (value == NULL) {
        return;
    }
    HSY_ASSERT(value->refs > 0);
    value->refs--;
    if (value->refs > 0) {
        return;
    }
    struct key_item *item = hsy_table_at(&v->keys, value->key);
    if (item->latest == value) {
        item->latest = NULL;
    }
    hsy_mem_free(&v->mem, value);
}

/* A share of these bytes under @key; NULL: no memory. */
static struct value *value_of(struct hsy_values *v, uint32_t key,
                              const uint8_t *bytes, uint32_t len)
{
    struct key_item *item = hsy_table_at(&v->keys, key);
    struct value *value = item->latest;
    if (value != NULL && value->len == len &&
        (len == 0 || memcmp(value->bytes, bytes, len) == 0)) {
        return value_ref(value);
    }
    value = hsy_mem_alloc(&v->mem, sizeof(*value) + len);
    if (value == NULL) {
        return NULL;
    }
    *value = (struct value){.refs = 1, .key = key, .len = len};
    if (len > 0) {
        memcpy(value->bytes, bytes, len);
    }
    item->latest = value;
    return value;
}

static int key_number(struct hsy_values *v, const struct hearsay_row *row,
                      uint32_t *out)
{
    struct row_key key = {.table = (uint8_t)row->table,
                          .len = (uint8_t)row->key_len};
    memcpy(key.bytes, row->key, row->key_len);
    void *item;
    int err = hsy_table_put(&v->keys, &item, &key);
    if (err != HEARSAY_OK) {
        return HEARSAY_ERR_NOMEM;
    }
    size_t at =
        (size_t)((uint8_t *)item - (uint8_t *)hsy_table_at(&v->keys, 0));
    *out = (uint32_t)(at / sizeof(struct key_item));
    return HEARSAY_OK;
}

/* ------------------------------------------------------------------ life */

void hsy_disk_init(struct hsy_disk *d, struct hsy_values *values)
{
    HSY_ASSERT(d != NULL);
    *d = (struct hsy_disk){.values = values};
    struct hsy_table_shape shape = {.key_len = sizeof(uint64_t),
                                    .item_len = sizeof(struct hsy_row),
                                    .items_max = ROWS_MAX};
    hsy_table_init(&d->rows, &values->mem, shape, values->salt);
}

static void drop_first(struct hsy_disk *d)
{
    struct hsy_write *w = d->first;
    HSY_ASSERT(w != NULL);
    d->first = w->next;
    if (d->first == NULL) {
        d->last = NULL;
    }
    value_unref(d->values, w->value);
    hsy_mem_free(&d->values->mem, w);
}

static void drop_writes(struct hsy_disk *d)
{
    while (d->first != NULL) {
        drop_first(d);
    }
    d->open_count = 0;
}

static void drop_rows(struct hsy_disk *d)
{
    for (uint32_t i = d->rows.count; i > 0; i--) {
        struct hsy_row *row = hsy_table_at(&d->rows, i - 1);
        value_unref(d->values, row->value);
        hsy_table_remove(&d->rows, row);
    }
}

/* What the lying began with no longer matters: it is on the disk. */
static void drop_durable(struct hsy_disk *d)
{
    for (uint32_t i = 0; i < d->durable_count; i++) {
        value_unref(d->values, d->durable[i].value);
    }
    hsy_mem_free(&d->values->mem, d->durable);
    d->durable = NULL;
    d->durable_count = 0;
}

static struct undone *undone_at(const struct hsy_disk *d, uint32_t index)
{
    return &d->undo->changes[(d->undo->at + index) % d->values->undo_max];
}

static void drop_undo(struct hsy_disk *d)
{
    for (uint32_t i = 0; d->undo != NULL && i < d->undo->count; i++) {
        value_unref(d->values, undone_at(d, i)->before);
    }
    hsy_mem_free(&d->values->mem, d->undo);
    d->undo = NULL;
}

void hsy_disk_fini(struct hsy_disk *d)
{
    HSY_ASSERT(d != NULL);
    if (d->values == NULL) {
        return; /* Never came to be. */
    }
    drop_writes(d);
    drop_rows(d);
    drop_durable(d);
    drop_undo(d);
    hsy_table_fini(&d->rows);
}

/* ---------------------------------------------------------------- writes */

/* A transaction whose token changes before its last row was never whole. */
static void drop_torn(struct hsy_disk *d)
{
    struct hsy_write *whole = NULL; /* The last row of the last whole one. */
    struct hsy_write *torn = d->first;
    for (uint32_t left = d->open_count; left > 0; torn = torn->next) {
        left -= torn->more ? 0 : 1;
        whole = torn;
    }
    if (whole == NULL) {
        d->first = NULL;
    } else {
        whole->next = NULL;
    }
    d->last = whole;
    while (torn != NULL) {
        struct hsy_write *next = torn->next;
        value_unref(d->values, torn->value);
        hsy_mem_free(&d->values->mem, torn);
        torn = next;
    }
}

int hsy_disk_write(struct hsy_disk *d, const struct hearsay_row *row,
                   uint64_t token, bool more)
{
    HSY_ASSERT(row->key_len >= 1);
    HSY_ASSERT(row->key_len <= KEY_MAX);
    HSY_ASSERT(row->value_len < UINT32_MAX / 2);

    if (d->last != NULL && d->last->more && d->last->token != token) {
        drop_torn(d);
    }
    uint32_t key = 0;
    int err = key_number(d->values, row, &key);
    if (err != HEARSAY_OK) {
        return err;
    }
    struct hsy_write *w = hsy_mem_zalloc(&d->values->mem, sizeof(*w));
    if (w == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    *w = (struct hsy_write){.token = token, .key = key, .more = more};
    if (row->value != NULL) {
        w->value =
            value_of(d->values, key, row->value, (uint32_t)row->value_len);
        if (w->value == NULL) {
            hsy_mem_free(&d->values->mem, w);
            return HEARSAY_ERR_NOMEM;
        }
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

/* Takes the share @before. */
static int log_change(struct hsy_disk *d, uint32_t key, struct value *before,
                      bool first)
{
    uint32_t max = d->values->undo_max;
    if (max > 0 && d->undo == NULL) {
        d->undo = hsy_mem_zalloc(
            &d->values->mem, sizeof(*d->undo) + max * sizeof(struct undone));
    }
    if (d->undo == NULL) {
        value_unref(d->values, before);
        return max > 0 ? HEARSAY_ERR_NOMEM : HEARSAY_OK;
    }
    if (d->undo->count == max) {
        value_unref(d->values, undone_at(d, 0)->before);
        d->undo->at = (d->undo->at + 1) % max;
        d->undo->count--;
    }
    *undone_at(d, d->undo->count) =
        (struct undone){.before = before, .key = key, .first = first};
    d->undo->count++;
    return HEARSAY_OK;
}

/* Puts a share of @value, or nothing when that is NULL, in the place of what
 * was there, whose share is given. HEARSAY_ERR_NOMEM: nothing changed. */
static int set_row(struct hsy_disk *d, uint64_t key, struct value *value,
                   struct value **out_before)
{
    struct hsy_row *row = hsy_table_find(&d->rows, &key);
    *out_before = row == NULL ? NULL : row->value;
    if (value == NULL) {
        if (row != NULL) {
            hsy_table_remove(&d->rows, row);
        }
        return HEARSAY_OK;
    }
    if (row == NULL) {
        void *item;
        int err = hsy_table_put(&d->rows, &item, &key);
        if (err != HEARSAY_OK) {
            return HEARSAY_ERR_NOMEM;
        }
        row = item;
    }
    row->value = value_ref(value);
    return HEARSAY_OK;
}

static bool fails(const struct hsy_disk *d, struct hsy_prng *prng)
{
    return d->mood == HSY_DISK_FULL ||
           (d->mood == HSY_DISK_FLAKY &&
            hsy_prng_below(prng, FLAKY_ONE_IN) == 0);
}

int hsy_disk_commit(struct hsy_disk *d, struct hsy_commit *out,
                    struct hsy_prng *prng)
{
    HSY_ASSERT(d->open_count > 0);
    HSY_ASSERT(d->first != NULL);

    *out = (struct hsy_commit){.token = d->first->token, .ok = !fails(d, prng)};
    d->open_count--;
    int err = HEARSAY_OK;
    bool more = true;
    for (bool first = true; more; first = false) {
        struct hsy_write *w = d->first;
        HSY_ASSERT(w != NULL);
        HSY_ASSERT(w->token == out->token); /* Rows of one token in a row. */
        more = w->more;
        struct value *before = NULL;
        if (out->ok && err == HEARSAY_OK) {
            err = set_row(d, w->key, w->value, &before);
        }
        if (out->ok && err == HEARSAY_OK) {
            err = log_change(d, w->key, before, first);
        }
        drop_first(d);
    }
    return err;
}

int hsy_disk_flush(struct hsy_disk *d, struct hsy_prng *prng)
{
    int err = HEARSAY_OK;
    while (d->open_count > 0 && err == HEARSAY_OK) {
        struct hsy_commit commit;
        err = hsy_disk_commit(d, &commit, prng);
    }
    drop_writes(d);
    if (d->mood == HSY_DISK_LYING && err == HEARSAY_OK) {
        drop_durable(d);
        d->mood = HSY_DISK_FINE; /* To begin anew, from these rows. */
        err = hsy_disk_set_mood(d, HSY_DISK_LYING);
    }
    return err;
}

/* ---------------------------------------------------------------- crashes */

/* The rows are again as the lying found them; it goes on from there. */
static int come_clean(struct hsy_disk *d)
{
    drop_rows(d);
    drop_undo(d);
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < d->durable_count && err == HEARSAY_OK; i++) {
        struct value *before;
        err = set_row(d, d->durable[i].key, d->durable[i].value, &before);
    }
    return err;
}

int hsy_disk_crash(struct hsy_disk *d, struct hsy_prng *prng)
{
    uint32_t kept = (uint32_t)hsy_prng_below(prng, d->open_count + 1);
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < kept && err == HEARSAY_OK; i++) {
        struct hsy_commit commit;
        err = hsy_disk_commit(d, &commit, prng);
    }
    drop_writes(d);
    if (d->mood == HSY_DISK_LYING && err == HEARSAY_OK) {
        err = come_clean(d);
    }
    return err;
}

int hsy_disk_set_mood(struct hsy_disk *d, enum hsy_disk_mood mood)
{
    if (mood == d->mood) {
        return HEARSAY_OK;
    }
    struct hsy_row *durable = NULL;
    uint32_t count = mood == HSY_DISK_LYING ? d->rows.count : 0;
    if (count > 0) {
        durable = hsy_mem_alloc(&d->values->mem, count * sizeof(*durable));
        if (durable == NULL) {
            return HEARSAY_ERR_NOMEM;
        }
    }
    drop_durable(d); /* At the end of the lying, all is written out. */
    for (uint32_t i = 0; i < count; i++) {
        const struct hsy_row *row = hsy_table_at(&d->rows, i);
        durable[i] = *row;
        (void)value_ref(row->value);
    }
    d->durable = durable;
    d->durable_count = count;
    d->mood = mood;
    return HEARSAY_OK;
}

/* ------------------------------------------------------------------- harm */

static int undo_commit(struct hsy_disk *d)
{
    bool first = false;
    int err = HEARSAY_OK;
    while (!first && err == HEARSAY_OK) {
        HSY_ASSERT(d->undo->count > 0);
        struct undone *u = undone_at(d, d->undo->count - 1);
        struct value *after = NULL;
        err = set_row(d, u->key, u->before, &after);
        if (err == HEARSAY_OK) {
            value_unref(d->values, after);
            value_unref(d->values, u->before);
            first = u->first;
            d->undo->count--;
        }
    }
    return err;
}

/* Some of the last commits, at least one: as many as the log holds whole. */
static int undo_some(struct hsy_disk *d, struct hsy_prng *prng)
{
    uint32_t commits = 0;
    for (uint32_t i = 0; d->undo != NULL && i < d->undo->count; i++) {
        commits += undone_at(d, i)->first ? 1 : 0;
    }
    if (commits == 0) {
        return HEARSAY_OK;
    }
    int err = HEARSAY_OK;
    uint32_t count = 1 + (uint32_t)hsy_prng_below(prng, commits);
    for (uint32_t i = 0; i < count && err == HEARSAY_OK; i++) {
        err = undo_commit(d);
    }
    return err;
}

/* One row that has bytes, if the first that chance names has any. */
static int spoil(struct hsy_disk *d, enum hsy_disk_harm harm,
                 struct hsy_prng *prng)
{
    if (d->rows.count == 0) {
        return HEARSAY_OK;
    }
    uint32_t index = (uint32_t)hsy_prng_below(prng, d->rows.count);
    struct hsy_row *row = hsy_table_at(&d->rows, index);
    const struct value *good = row->value;
    if (good->len == 0) {
        return HEARSAY_OK;
    }
    uint32_t len = good->len;
    if (harm == HSY_HARM_CUT) {
        len = (uint32_t)hsy_prng_below(prng, len);
    }
    struct value *bad =
        hsy_mem_alloc(&d->values->mem, sizeof(*bad) + good->len);
    if (bad == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    *bad = (struct value){.refs = 1, .key = good->key, .len = len};
    memcpy(bad->bytes, good->bytes, good->len);
    if (harm == HSY_HARM_FLIP) {
        uint64_t bit = hsy_prng_below(prng, (uint64_t)len * 8);
        bad->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    value_unref(d->values, row->value);
    row->value = bad;
    return HEARSAY_OK;
}

int hsy_disk_harm(struct hsy_disk *d, enum hsy_disk_harm harm,
                  struct hsy_prng *prng)
{
    HSY_ASSERT(d->open_count == 0);
    int err = HEARSAY_OK;
    switch (harm) {
    case HSY_HARM_LOSE:
        drop_rows(d);
        drop_undo(d);
        break;
    case HSY_HARM_STALE:
        err = undo_some(d, prng);
        break;
    case HSY_HARM_FLIP:
    case HSY_HARM_CUT:
        err = spoil(d, harm, prng);
        break;
    }
    if (err == HEARSAY_OK && d->mood == HSY_DISK_LYING) {
        d->mood = HSY_DISK_FINE; /* The harm itself is no lie. */
        err = hsy_disk_set_mood(d, HSY_DISK_LYING);
    }
    return err;
}

/* ---------------------------------------------------------------- reading */

uint32_t hsy_disk_count(const struct hsy_disk *d)
{
    return d->rows.count;
}

struct hearsay_row hsy_disk_row(const struct hsy_disk *d, uint32_t index)
{
    const struct hsy_row *row = hsy_table_at(&d->rows, index);
    HSY_ASSERT(row->key < d->values->keys.count);
    const struct key_item *item =
        hsy_table_at(&d->values->keys, (uint32_t)row->key);
    return (struct hearsay_row){.table = (enum hearsay_table)item->key.table,
                                .key = item->key.bytes,
                                .key_len = item->key.len,
                                .value = row->value->bytes,
                                .value_len = row->value->len};
}
