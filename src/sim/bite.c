/* Twice as long after a light bite, half as long after a heavy one: by steps,
 * not by a clock, so two runs are bitten alike. */
#include "sim/bite.h"

#include "base/assert.h"
#include "base/time.h"

enum { LIGHT = 10000, HEAVY = 40000 }; /* Steps: about 50 ms at the most. */
#define LEAST_NS (HSY_MS / 1000)
/* A storm may break after any calm, so calm does not make it longer. */
#define MOST_NS (20 * HSY_MS)

int hsy_bite_run(struct hsy_bite *b, struct hsy_cluster *c, uint64_t until_ns)
{
    uint64_t now_ns = hsy_cluster_now(c);
    uint64_t steps = hsy_cluster_steps(c);
    b->len_ns = b->len_ns == 0 ? HSY_MS : b->len_ns;
    int err = hsy_cluster_run(
        c, hsy_time_min(until_ns, hsy_time_add(now_ns, b->len_ns)));
    steps = hsy_cluster_steps(c) - steps;
    if (steps < LIGHT) {
        b->len_ns = hsy_time_min(2 * b->len_ns, MOST_NS);
    } else if (steps > HEAVY) {
        b->len_ns = hsy_time_max(b->len_ns / 2, LEAST_NS);
    }
    HSY_ASSERT(b->len_ns > 0);
    return err;
}
