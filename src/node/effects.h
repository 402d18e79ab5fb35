/* The effects of one step, in order, and an arena for what they lend. Both
 * are emptied when the next step begins. */
#ifndef HSY_NODE_EFFECTS_H
#define HSY_NODE_EFFECTS_H

#include "hearsay.h"

struct hsy_arena_block;
struct hsy_effects_share;

struct hsy_effects {
    struct hearsay_mem mem;
    struct hearsay_effect *items; /* Owned. */
    uint32_t head, count, room;
    struct hsy_arena_block *blocks;   /* Owned; the newest first. */
    struct hsy_effects_share *shares; /* In the arena. */
};

void hsy_effects_init(struct hsy_effects *fx, const struct hearsay_mem *mem);
/* Unrefs what was not drained. */
void hsy_effects_fini(struct hsy_effects *fx);
/* Nothing undrained may be left. Frees what was lent. */
void hsy_effects_reset(struct hsy_effects *fx);
/* False: no memory; the effect is lost and the caller deals with it. */
HEARSAY_MUST_USE bool hsy_effects_push(struct hsy_effects *fx,
                                       const struct hearsay_effect *effect);
HEARSAY_MUST_USE bool hsy_effects_pop(struct hsy_effects *fx,
                                      struct hearsay_effect *out);
/* Bytes that live until the next reset; NULL: no memory. */
void *hsy_effects_room(struct hsy_effects *fx, size_t len);
/* Copies that live until the next reset; NULL: no memory. */
void *hsy_effects_copy(struct hsy_effects *fx, const void *data, size_t len);
/* A share of @buf that ends with the next reset; false: no memory. */
HEARSAY_MUST_USE bool hsy_effects_hold(struct hsy_effects *fx,
                                       struct hearsay_buf *buf);
const char *hsy_effects_text(struct hsy_effects *fx, const char *text);

#endif
