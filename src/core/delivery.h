/* What becomes of a message once its numbers are claimed: it is put in order,
 * if that was asked for, and handed to the application, if it wants its topic
 * (docs/delivery.md). */
#ifndef HSY_CORE_DELIVERY_H
#define HSY_CORE_DELIVERY_H

#include "core/asked.h"
#include "core/order.h"
#include "core/topics.h"

struct hsy_delivery {
    struct hsy_env *env;
    struct hsy_topics topics;
    struct hsy_order order;
    struct hsy_asked *asked; /* Takes queries; NULL: there are none. */
};

/* HEARSAY_ERR_NOMEM; it may be ended all the same. */
HEARSAY_MUST_USE int hsy_delivery_init(struct hsy_delivery *d,
                                       struct hsy_env *env,
                                       struct hsy_origins *origins);
void hsy_delivery_fini(struct hsy_delivery *d);
/* Takes the messages of a bundle, all of them new. */
void hsy_delivery_turn(struct hsy_delivery *d, const struct hsy_turn *turn);
/* Numbers of @origin were claimed or given up, and nothing taken for it. */
void hsy_delivery_look(struct hsy_delivery *d, struct hsy_origin *origin);
void hsy_delivery_tick(struct hsy_delivery *d);
uint64_t hsy_delivery_deadline(const struct hsy_delivery *d);
/* The node leaves: nothing waits any more. */
void hsy_delivery_flush(struct hsy_delivery *d);

#endif
