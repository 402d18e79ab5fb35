/* A set for the question "seen?" and a ring for the answer to "who goes when
 * it is full?". Both grow together, by doubling, up to config.seen_max. */
#include "core/messages.h"

#include <string.h>

enum { RING_FIRST = 64 };

struct seen {
    struct hsy_bundle_id id; /* Key. */
};

void hsy_ml_init(struct hsy_ml *ml, const struct hsy_env *env)
{
    HSY_ASSERT(env->config.seen_max >= 1);
    *ml = (struct hsy_ml){.mem = env->mem, .ring_max = env->config.seen_max};
    hsy_table_init(
        &ml->seen, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct seen),
                                 .items_max = env->config.seen_max},
        env->config.rng_seed);
}

void hsy_ml_fini(struct hsy_ml *ml)
{
    hsy_table_fini(&ml->seen);
    ml->mem.free(ml->mem.ctx, ml->ring);
    ml->ring = NULL;
    ml->ring_len = 0;
}

bool hsy_ml_seen(const struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&ml->seen, id) != NULL;
}

/* While the ring is below its bound it has not wrapped: ring_at == count. */
static int ring_reserve(struct hsy_ml *ml)
{
    if (ml->ring_at < ml->ring_len) {
        return 0;
    }
    HSY_ASSERT(ml->ring_len < ml->ring_max);
    uint32_t len = ml->ring_len == 0 ? RING_FIRST : 2 * ml->ring_len;
    len = len < ml->ring_max ? len : ml->ring_max;
    struct hsy_bundle_id *ring =
        ml->mem.alloc(ml->mem.ctx, len * sizeof(*ring));
    if (ring == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (ml->ring_len > 0) {
        memcpy(ring, ml->ring, ml->ring_len * sizeof(*ring));
    }
    ml->mem.free(ml->mem.ctx, ml->ring);
    ml->ring = ring;
    ml->ring_len = len;
    return 0;
}

static void forget_oldest(struct hsy_ml *ml)
{
    void *oldest = hsy_table_find(&ml->seen, &ml->ring[ml->ring_at]);

    HSY_ASSERT(oldest != NULL);
    hsy_table_remove(&ml->seen, oldest);
}

int hsy_ml_add(struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    void *item;

    if (hsy_ml_seen(ml, id)) {
        return HEARSAY_ERR_INVALID;
    }
    int err = ring_reserve(ml);
    if (err != 0) {
        return err;
    }
    if (ml->seen.count == ml->ring_max) {
        forget_oldest(ml);
    }
    err = hsy_table_put(&ml->seen, &item, id);
    if (err != 0) {
        HSY_ASSERT(err == HEARSAY_ERR_NOMEM); /* Room was made above. */
        return err;
    }
    ml->ring[ml->ring_at] = *id;
    ml->ring_at++;
    if (ml->ring_at == ml->ring_max) {
        ml->ring_at = 0;
    }
    return 0;
}

uint32_t hsy_ml_count(const struct hsy_ml *ml)
{
    HSY_ASSERT(ml->seen.count <= ml->ring_max);
    return ml->seen.count;
}
