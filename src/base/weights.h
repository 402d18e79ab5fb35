/* Weights of numbered things, to draw one of them in proportion: a tree of
 * partial sums (Fenwick 1994). Change and draw take log2 n steps. */
#ifndef HSY_BASE_WEIGHTS_H
#define HSY_BASE_WEIGHTS_H

#include "hearsay.h"

struct hsy_weights {
    struct hearsay_mem mem;
    uint64_t *sums; /* Owned; [1..room]. */
    uint32_t room;  /* A power of two; 0: nothing yet. */
};

void hsy_weights_init(struct hsy_weights *w, const struct hearsay_mem *mem);
void hsy_weights_fini(struct hsy_weights *w);
/* Room for @count of them, new ones of weight 0. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_weights_reserve(struct hsy_weights *w, uint32_t count);

/* @index < the room reserved. The weight must not fall below 0, nor their sum
 * reach 2^64. */
void hsy_weights_raise(struct hsy_weights *w, uint32_t index, uint64_t by);
void hsy_weights_lower(struct hsy_weights *w, uint32_t index, uint64_t by);

uint64_t hsy_weights_total(const struct hsy_weights *w);
/* Of all before @index. */
uint64_t hsy_weights_before(const struct hsy_weights *w, uint32_t index);
/* The one whose share of [0, total) @at lies in; @at < total. */
uint32_t hsy_weights_at(const struct hsy_weights *w, uint64_t at);

#endif
