/* A set for the question "seen?" that is a ring as well, for the question "who
 * goes when it is full?". */
#include "core/messages.h"

struct seen {
    struct hsy_bundle_id id; /* Key. */
    bool known;              /* Not made just now. */
    uint8_t copies;
    uint8_t unused[6]; /* Items are a multiple of 8 bytes. */
};

void hsy_ml_init(struct hsy_ml *ml, const struct hsy_env *env)
{
    HSY_ASSERT(env->config.seen_max >= 1);
    hsy_ring_init(
        &ml->ring, env,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct seen),
                                 .items_max = env->config.seen_max});
}

void hsy_ml_fini(struct hsy_ml *ml)
{
    hsy_ring_fini(&ml->ring);
}

bool hsy_ml_seen(const struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_ring_find(&ml->ring, id) != NULL;
}

int hsy_ml_add(struct hsy_ml *ml, const struct hsy_bundle_id *id,
               uint8_t copies)
{
    struct seen *seen = hsy_ring_put(&ml->ring, id);

    HSY_ASSERT(id != NULL);
    if (seen == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (seen->known) {
        return HEARSAY_ERR_INVALID;
    }
    seen->known = true;
    seen->copies = copies;
    return 0;
}

uint8_t hsy_ml_copy(struct hsy_ml *ml, const struct hsy_bundle_id *id)
{
    struct seen *seen = hsy_ring_find(&ml->ring, id);

    if (seen == NULL) {
        return 0;
    }
    seen->copies =
        seen->copies < UINT8_MAX ? (uint8_t)(seen->copies + 1) : UINT8_MAX;
    HSY_ASSERT(seen->copies > 0);
    return seen->copies;
}

uint32_t hsy_ml_count(const struct hsy_ml *ml)
{
    HSY_ASSERT(ml->ring.table.count <= ml->ring.table.items_max);
    return ml->ring.table.count;
}

size_t hsy_ml_seen_len(void)
{
    return sizeof(struct seen);
}
