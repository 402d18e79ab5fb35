/* The Message List (mission M9): ids of bundles seen, bounded, oldest out
 * first, and of each how many copies have come along the tree. One whose
 * signature is still being verified is not here but in relay.h. */
#ifndef HSY_CORE_MESSAGES_H
#define HSY_CORE_MESSAGES_H

#include "core/ring.h"

struct hsy_ml {
    struct hsy_ring ring; /* By struct hsy_bundle_id; messages.c. */
};

void hsy_ml_init(struct hsy_ml *ml, const struct hsy_env *env);
void hsy_ml_fini(struct hsy_ml *ml);
bool hsy_ml_seen(const struct hsy_ml *ml, const struct hsy_bundle_id *id);
/* Records @id, of which @copies have come along the tree; the oldest makes
 * room. HEARSAY_ERR_INVALID: it was there. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_ml_add(struct hsy_ml *ml,
                                const struct hsy_bundle_id *id, uint8_t copies);
/* Another copy of @id came: how many by now, 255 at most. 0: not there. */
uint8_t hsy_ml_copy(struct hsy_ml *ml, const struct hsy_bundle_id *id);
uint32_t hsy_ml_count(const struct hsy_ml *ml);
/* Bytes of one, in the table. */
size_t hsy_ml_seen_len(void);

#endif
