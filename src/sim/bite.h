/* Virtual time in bites that take about equally many steps, so that whoever
 * drives a run can look up now and then, however much happens at once. How it
 * is bitten changes nothing in a run. */
#ifndef HSY_SIM_BITE_H
#define HSY_SIM_BITE_H

#include "sim/cluster.h"

struct hsy_bite {
    uint64_t len_ns; /* Of the next one; 0: none was taken yet. */
};

/* Runs towards @until_ns, and there in the end: hsy_cluster_now() says how far
 * it came. Errors as hsy_cluster_run(). */
HEARSAY_MUST_USE int hsy_bite_run(struct hsy_bite *b, struct hsy_cluster *c,
                                  uint64_t until_ns);

#endif
