/* A bounded hash table: a dense array of items, and beside it an array of
 * slots that say which item lives where.
 *
 *     items   [A][B][C][D]..........      in the order of insertion
 *     slots   ..[t|2]...[t|1][t|4].[t|3]. power of two, at most half full
 *
 * A slot is an item's index + 1 in its low bits, and in the bits above
 * slots_mask, which an index never needs, a tag: the same bits of the item's
 * hash. So a probe that meets a foreign item nearly always ends in the slot
 * array, and a find costs one cache miss there and, on a hit, one in items.
 *
 * Slots hold no tombstones: removing shifts the rest of the cluster back, so
 * that a table that is always full and always changing (the Message List)
 * never slows down. */
#include "base/table.h"

#include "base/assert.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum {
    KEY_LEN_MIN = 8,
    KEY_LEN_MAX = 64,
    ROOM_FIRST = 4,
    /* Twice as many slots, as bytes of uint32_t, stay far under SIZE_MAX
     * where memory is large enough, and the mask fits 32 bits. */
    ITEMS_MAX_MAX = 1 << 30
};

static uint32_t hash_key(const struct hsy_table *t, const void *key)
{
    /* No assert: called for every find, by functions that checked. */
    return hsy_hash(t->salt, key, t->key_len);
}

static uint8_t *item_at(const struct hsy_table *t, uint32_t index)
{
    return t->items + (size_t)index * t->item_len;
}

static uint32_t slot_index(const struct hsy_table *t, uint32_t slot)
{
    return (slot & t->slots_mask) - 1;
}

static uint32_t slot_value(const struct hsy_table *t, uint32_t hash,
                           uint32_t index)
{
    HSY_ASSERT(index < t->slots_mask); /* Leaves the tag's bits alone. */
    return (hash & ~t->slots_mask) | (index + 1);
}

/* Ends, because at least half of the slots are free. */
static uint32_t find_free(const struct hsy_table *t, uint32_t hash)
{
    uint32_t at = hash & t->slots_mask;
    while (t->slots[at] != 0) {
        at = (at + 1) & t->slots_mask;
    }
    return at;
}

/* Keys are links, ids of bundles and ids of nodes: none is worth a call. */
static bool is_key(const uint8_t *item, const void *key, uint32_t key_len)
{
    const uint8_t *bytes = (const uint8_t *)key;
    uint64_t a;
    uint64_t b;
    uint32_t at = 0;
    for (; at + 8 <= key_len; at += 8) {
        memcpy(&a, item + at, 8);
        memcpy(&b, bytes + at, 8);
        if (a != b) {
            return false;
        }
    }
    return at == key_len || memcmp(item + at, bytes + at, key_len - at) == 0;
}

static uint8_t *find_hashed(const struct hsy_table *t, const void *key,
                            uint32_t hash)
{
    uint32_t mask = t->slots_mask;
    for (uint32_t at = hash & mask; t->slots[at] != 0; at = (at + 1) & mask) {
        uint32_t slot = t->slots[at];
        if (((slot ^ hash) & ~mask) == 0) {
            uint8_t *item = item_at(t, slot_index(t, slot));
            if (is_key(item, key, t->key_len)) {
                return item;
            }
        }
    }
    return NULL;
}

void hsy_table_init(struct hsy_table *t, const struct hearsay_mem *mem,
                    struct hsy_table_shape shape, uint64_t salt)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(mem != NULL);
    HSY_ASSERT(shape.key_len >= KEY_LEN_MIN);
    HSY_ASSERT(shape.key_len <= KEY_LEN_MAX);
    HSY_ASSERT(shape.item_len >= shape.key_len);
    HSY_ASSERT(shape.items_max >= 1);
    HSY_ASSERT(shape.items_max <= ITEMS_MAX_MAX);

    *t = (struct hsy_table){.mem = *mem,
                            .salt = salt,
                            .key_len = shape.key_len,
                            .item_len = shape.item_len,
                            .items_max = shape.items_max};
}

void hsy_table_fini(struct hsy_table *t)
{
    HSY_ASSERT(t != NULL);

    hsy_mem_free(&t->mem, t->slots);
    t->items = NULL;
    t->slots = NULL;
    t->count = 0;
    t->room = 0;
    t->slots_mask = 0;
}

void *hsy_table_find(const struct hsy_table *t, const void *key)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(key != NULL);

    if (t->count == 0) {
        return NULL; /* There may be no slots yet. */
    }
    return find_hashed(t, key, hash_key(t, key));
}

static uint32_t slots_for(uint32_t room)
{
    HSY_ASSERT(room >= 1);
    HSY_ASSERT(room <= ITEMS_MAX_MAX);

    uint32_t slots_count = 2 * ROOM_FIRST;
    while (slots_count / 2 < room) {
        slots_count *= 2;
    }
    return slots_count;
}

static uint32_t next_room(const struct hsy_table *t)
{
    /* By half: a million nodes with a few items each should not hold twice as
     * many places, and copying stays amortised. */
    uint32_t room = t->room == 0 ? ROOM_FIRST : t->room + t->room / 2;
    return room < t->items_max ? room : t->items_max;
}

/* All items into slots that are all free. */
static void fill_slots(struct hsy_table *t)
{
    HSY_ASSERT(t->count <= t->slots_mask);
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t hash = hash_key(t, item_at(t, i));
        t->slots[find_free(t, hash)] = slot_value(t, hash, i);
    }
}

/* One piece of memory, slots first: what is looked at together lies together.
 * A failure changes nothing. */
static int grow(struct hsy_table *t)
{
    HSY_ASSERT(t->room < t->items_max);

    uint32_t room = next_room(t);
    uint32_t slots_count = slots_for(room);
    size_t slots_len = (size_t)slots_count * sizeof(*t->slots);
    HSY_ASSERT(slots_len % 8 == 0); /* Items are as aligned as the slots. */
    if (room > (SIZE_MAX - slots_len) / t->item_len) {
        return HEARSAY_ERR_NOMEM; /* A 32-bit machine has not so much. */
    }
    uint32_t *slots =
        hsy_mem_alloc(&t->mem, slots_len + (size_t)room * t->item_len);
    if (slots == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    bool as_many = t->slots != NULL && slots_count == t->slots_mask + 1;
    uint8_t *items = (uint8_t *)slots + slots_len;
    if (t->count > 0) {
        memcpy(items, t->items, (size_t)t->count * t->item_len);
    }
    if (as_many) {
        memcpy(slots, t->slots, slots_len);
    } else {
        memset(slots, 0, slots_len);
    }
    hsy_mem_free(&t->mem, t->slots);
    t->slots = slots;
    t->items = items;
    t->room = room;
    t->slots_mask = slots_count - 1;
    if (!as_many) {
        fill_slots(t);
    }
    return HEARSAY_OK;
}

int hsy_table_put(struct hsy_table *t, void **out, const void *key)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(key != NULL);

    uint32_t hash = hash_key(t, key);
    uint8_t *item = t->count == 0 ? NULL : find_hashed(t, key, hash);
    if (item != NULL) {
        *out = item;
        return HEARSAY_OK;
    }
    if (t->count == t->items_max) {
        return HEARSAY_ERR_FULL;
    }
    if (t->count == t->room) {
        int err = grow(t);
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    item = item_at(t, t->count);
    memcpy(item, key, t->key_len);
    memset(item + t->key_len, 0, t->item_len - t->key_len);
    t->slots[find_free(t, hash)] = slot_value(t, hash, t->count);
    t->count++;
    HSY_ASSERT(t->count <= t->room);
    *out = item;
    return HEARSAY_OK;
}

/* The slot that points to the item at @index. */
static uint32_t slot_of(const struct hsy_table *t, uint32_t index)
{
    HSY_ASSERT(index < t->count);

    uint32_t at = hash_key(t, item_at(t, index)) & t->slots_mask;
    while (slot_index(t, t->slots[at]) != index) {
        HSY_ASSERT(t->slots[at] != 0); /* Else the item's key was changed. */
        at = (at + 1) & t->slots_mask;
    }
    return at;
}

/* Frees the slot @hole. Whatever comes behind it in the same cluster moves
 * into the hole, unless that would put it before its home slot, where no
 * find would look. */
static void close_hole(struct hsy_table *t, uint32_t hole)
{
    HSY_ASSERT(hole <= t->slots_mask);

    uint32_t mask = t->slots_mask;
    uint32_t at = (hole + 1) & mask;
    while (t->slots[at] != 0) {
        uint32_t index = slot_index(t, t->slots[at]);
        uint32_t home = hash_key(t, item_at(t, index)) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            t->slots[hole] = t->slots[at];
            hole = at;
        }
        at = (at + 1) & mask;
    }
    t->slots[hole] = 0;
}

void hsy_table_remove(struct hsy_table *t, void *item)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(t->count > 0);
    HSY_ASSERT((uint8_t *)item >= t->items);

    size_t offset = (size_t)((uint8_t *)item - t->items);
    HSY_ASSERT(offset % t->item_len == 0);
    HSY_ASSERT(offset / t->item_len < t->count);

    uint32_t index = (uint32_t)(offset / t->item_len);
    uint32_t last = t->count - 1;
    close_hole(t, slot_of(t, index));
    if (index != last) {
        uint32_t at = slot_of(t, last);
        t->slots[at] = slot_value(t, t->slots[at], index); /* Same tag. */
        memcpy(item, item_at(t, last), t->item_len);
    }
    t->count--;
}

void *hsy_table_rekey(struct hsy_table *t, uint32_t index, const void *key)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(index < t->count);
    HSY_ASSERT(hsy_table_find(t, key) == NULL);

    uint8_t *item = item_at(t, index);
    uint32_t hash = hash_key(t, key);
    close_hole(t, slot_of(t, index));
    memcpy(item, key, t->key_len);
    memset(item + t->key_len, 0, t->item_len - t->key_len);
    t->slots[find_free(t, hash)] = slot_value(t, hash, index);
    return item;
}

void hsy_table_fetch(const struct hsy_table *t, size_t len)
{
    HSY_ASSERT(t != NULL);

    size_t used_len = (size_t)t->count * t->item_len;
    size_t slots_len = ((size_t)t->slots_mask + 1) * sizeof(*t->slots);
    size_t whole_len = t->count == 0 ? 0 : slots_len + used_len;
    hsy_prefetch(t->slots, whole_len < len ? whole_len : len);
}

void *hsy_table_at(const struct hsy_table *t, uint32_t index)
{
    HSY_ASSERT(t != NULL);
    HSY_ASSERT(index < t->count);
    return item_at(t, index);
}
