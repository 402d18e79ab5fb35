/* A bounded hash table of fixed-size items, dense and in a deterministic
 * order: open addressing (linear probing, backward-shift deletion) over an
 * array of items. An item begins with its key. Grows by half up to
 * items_max and no further.
 *
 * Pointers to items are valid until the next put or remove. Order of
 * hsy_table_at(): insertion order, except that a removal moves the last item
 * into the hole; the hash never shows. */
#ifndef HSY_BASE_TABLE_H
#define HSY_BASE_TABLE_H

#include "hearsay.h"

struct hsy_table {
    struct hearsay_mem mem;
    uint8_t *items;  /* Behind the slots; NULL while empty. */
    uint32_t *slots; /* Owned; item index + 1, 0 = free. */
    uint64_t salt;   /* Against chosen keys; any value gives equal results. */
    uint32_t key_len, item_len;
    uint32_t count, room, items_max;
    uint32_t slots_mask;
};

struct hsy_table_shape {
    uint32_t key_len;   /* 8..64 */
    uint32_t item_len;  /* >= key_len; keep it a multiple of 8. */
    uint32_t items_max; /* >= 1 */
};

/* Allocates nothing yet. */
void hsy_table_init(struct hsy_table *t, const struct hearsay_mem *mem,
                    struct hsy_table_shape shape, uint64_t salt);
void hsy_table_fini(struct hsy_table *t);

/* NULL: not there. */
void *hsy_table_find(const struct hsy_table *t, const void *key);

/* The item of @key in *@out, added (key copied, the rest zero) if it was not
 * there. HEARSAY_ERR_FULL: items_max reached. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_table_put(struct hsy_table *t, void **out,
                                   const void *key);

/* @item must be in the table. */
void hsy_table_remove(struct hsy_table *t, void *item);

/* The item at @index goes, and one of @key (not there yet; the rest zero) is
 * in its place; returns it. Needs no memory. */
void *hsy_table_rekey(struct hsy_table *t, uint32_t index, const void *key);

/* Has the slots, and as many of the items as lie in one piece of @len bytes
 * with them, brought to the cache. */
void hsy_table_fetch(const struct hsy_table *t, size_t len);

/* @index < count. */
void *hsy_table_at(const struct hsy_table *t, uint32_t index);

#endif
