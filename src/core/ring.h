/* A table that is a ring as well: when it is full, each new item takes the
 * place of the oldest. */
#ifndef HSY_CORE_RING_H
#define HSY_CORE_RING_H

#include "base/table.h"
#include "core/env.h"

struct hsy_ring {
    struct hsy_table table;
    uint32_t oldest; /* Its place, once the table is full. */
};

static inline void hsy_ring_init(struct hsy_ring *ring,
                                 const struct hsy_env *env,
                                 struct hsy_table_shape shape)
{
    ring->oldest = 0;
    hsy_table_init(&ring->table, &env->mem, shape, env->config.hash_salt);
}

static inline void hsy_ring_fini(struct hsy_ring *ring)
{
    hsy_table_fini(&ring->table);
    ring->oldest = 0;
}

static inline void *hsy_ring_find(const struct hsy_ring *ring, const void *key)
{
    return hsy_table_find(&ring->table, key);
}

/* The item of @key, made (all else zero) if it was not there. NULL: no
 * memory. */
static inline void *hsy_ring_put(struct hsy_ring *ring, const void *key)
{
    struct hsy_table *t = &ring->table;
    void *item = hsy_table_find(t, key);

    if (item != NULL) {
        return item;
    }
    if (t->count < t->items_max) {
        HSY_ASSERT(ring->oldest == 0); /* Nothing has gone so far. */
        return hsy_table_put(t, &item, key) == 0 ? item : NULL;
    }
    item = hsy_table_rekey(t, ring->oldest, key);
    ring->oldest = (ring->oldest + 1) % t->items_max;
    return item;
}

#endif
