/* What a node of this configuration may come to hold at most, row by row: a
 * bound, the bytes of one, and what happens there. A ceiling, not an estimate:
 * an idle peer holds about a hundredth of it. */
#ifndef HSY_NODE_LIMITS_H
#define HSY_NODE_LIMITS_H

#include "hearsay.h"

struct hsy_limit {
    const char *what; /* Static. */
    uint64_t bound, each;
    const char *then; /* Static. */
};

/* False: no such row. A bound of 0: not of this role. */
bool hsy_node_limit(const struct hearsay_config *config, uint32_t index,
                    struct hsy_limit *out);
/* All of them together, in bytes. */
uint64_t hsy_node_limits_total(const struct hearsay_config *config);

#endif
