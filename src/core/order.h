/* Delivery in order, for who asks for it (docs/delivery.md): of each origin in
 * rising numbers. What comes behind a gap waits until the gap closes, or its
 * time is over, or there is no room for it; then it goes, and the application
 * is told how many numbers are missing. What comes later than that is not
 * delivered, for it would come out of order. */
#ifndef HSY_CORE_ORDER_H
#define HSY_CORE_ORDER_H

#include "core/origins.h"

enum {
    HSY_HELD_MAX = 4096, /* Bundles that wait. */
    HSY_HELD_PARTS = 4   /* Of retain_bytes they may have one part. */
};

/* A bundle to be handed over, and what it takes along. */
struct hsy_turn {
    const struct hsy_bundle *bundle; /* Borrowed. */
    struct hearsay_buf *content;     /* Of a large one, borrowed; else NULL. */
    uint8_t hops;
    bool again;       /* See struct hearsay_message. */
    uint64_t ordinal; /* saved.h; 0: none. */
};

/* Where they go when it is their turn. */
struct hsy_order_next {
    void *ctx;
    void (*hand_over)(void *ctx, struct hsy_origin *origin,
                      const struct hsy_turn *turn);
};

struct hsy_held; /* One that waits. */

struct hsy_order {
    struct hsy_env *env;
    struct hsy_origins *origins;
    struct hsy_order_next next;
    struct hsy_held *oldest, *newest; /* Owned: by age. */
    uint32_t count;
    uint64_t bytes;
    bool ending; /* Nothing waits any more. */
};

void hsy_order_init(struct hsy_order *o, struct hsy_env *env,
                    struct hsy_origins *origins,
                    const struct hsy_order_next *next);
void hsy_order_fini(struct hsy_order *o);
/* Takes what was claimed; it is handed over now, or later, or it is late. */
void hsy_order_take(struct hsy_order *o, const struct hsy_turn *turn);
/* Gaps of @origin may have closed without a message. */
void hsy_order_look(struct hsy_order *o, struct hsy_origin *origin);
void hsy_order_tick(struct hsy_order *o);
/* NEVER: nothing waits. */
uint64_t hsy_order_deadline(const struct hsy_order *o);
/* The end: what waits is handed over, and from now on nothing waits. */
void hsy_order_flush(struct hsy_order *o);

/* The lowest ordinal that waits; UINT64_MAX: none does. */
uint64_t hsy_order_lowest(const struct hsy_order *o);
bool hsy_order_holds(const struct hsy_order *o, uint64_t ordinal);
/* Of one that waits, without the bundle. */
size_t hsy_order_held_len(void);

#endif
