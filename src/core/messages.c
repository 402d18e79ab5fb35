/* A set for the question "seen?" that is a ring as well, for the question "who
 * goes when it is full?": its items lie in the order in which they came, and
 * once it is full each new one takes the place of the oldest. */
#include "core/messages.h"

struct seen {
    struct hsy_bundle_id id; /* Key. */
    uint8_t copies;
    uint8_t unused[7]; /* Items are a multiple of 8 bytes. */
};

void hsy_ml_init(struct hsy_ml *ml, const struct hsy_env *env)
{
    HSY_ASSERT(env->config.seen_max >= 1);
    *ml = (struct hsy_ml){0};
    hsy_table_init(
        &ml->seen, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct seen),
                                 .items_max = env->config.seen_max},
        env->config.hash_salt);
}

void hsy_ml_fini(struct hsy_ml *ml)
{
    hsy_table_fini(&ml->seen);
    ml->oldest = 0;
}

bool hsy_ml_seen(const struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&ml->seen, id) != NULL;
}

int hsy_ml_add(struct hsy_ml *ml, const struct hsy_bundle_id *id,
               uint8_t copies)
{
    void *item;

    if (hsy_ml_seen(ml, id)) {
        return HEARSAY_ERR_INVALID;
    }
    if (ml->seen.count < ml->seen.items_max) {
        HSY_ASSERT(ml->oldest == 0); /* Nothing has gone so far. */
        int err = hsy_table_put(&ml->seen, &item, id);
        if (err != 0) {
            return err;
        }
    } else {
        item = hsy_table_rekey(&ml->seen, ml->oldest, id);
        ml->oldest = (ml->oldest + 1) % ml->seen.items_max;
    }
    ((struct seen *)item)->copies = copies;
    return 0;
}

uint8_t hsy_ml_copy(struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    struct seen *seen = hsy_table_find(&ml->seen, id);

    if (seen == NULL) {
        return 0;
    }
    seen->copies =
        seen->copies < UINT8_MAX ? (uint8_t)(seen->copies + 1) : UINT8_MAX;
    HSY_ASSERT(seen->copies > 0);
    return seen->copies;
}

size_t hsy_ml_seen_len(void)
{
    return sizeof(struct seen);
}

uint32_t hsy_ml_count(const struct hsy_ml *ml)
{
    HSY_ASSERT(ml->seen.count <= ml->seen.items_max);
    return ml->seen.count;
}
