/* From one number to another. */
#ifndef HSY_BASE_RANGE_H
#define HSY_BASE_RANGE_H

#include <stdint.h>

/* Both ends included. */
struct hsy_range {
    uint64_t min, max;
};

#endif
