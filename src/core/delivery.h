/* What becomes of a message once its numbers are claimed: it is handed to the
 * application (docs/delivery.md). */
#ifndef HSY_CORE_DELIVERY_H
#define HSY_CORE_DELIVERY_H

#include "core/asked.h"

struct hsy_delivery {
    struct hsy_env *env;
    struct hsy_asked *asked; /* Takes queries; NULL: there are none. */
};

void hsy_delivery_init(struct hsy_delivery *d, struct hsy_env *env);
void hsy_delivery_fini(struct hsy_delivery *d);
/* Takes the messages of @bundle (borrowed), all of them new, which came over
 * @hops links. */
void hsy_delivery_take(struct hsy_delivery *d, const struct hsy_bundle *bundle,
                       uint8_t hops);

#endif
