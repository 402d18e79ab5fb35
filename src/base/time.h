/* Monotonic time in nanoseconds; HEARSAY_NEVER is "no deadline". */
#ifndef HSY_BASE_TIME_H
#define HSY_BASE_TIME_H

#include "hearsay.h"

#define HSY_MS UINT64_C(1000000)
#define HSY_SECOND (UINT64_C(1000) * HSY_MS)
#define HSY_MINUTE (60 * HSY_SECOND)

/* Saturating: a timeout of HEARSAY_NEVER must not wrap into the past. */
static inline uint64_t hsy_time_add(uint64_t at_ns, uint64_t delta_ns)
{
    return delta_ns >= HEARSAY_NEVER - at_ns ? HEARSAY_NEVER : at_ns + delta_ns;
}

static inline uint64_t hsy_time_min(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static inline uint64_t hsy_time_max(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* How long from @from_ns to @to_ns; 0 when that lies in the past. */
static inline uint64_t hsy_time_since(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

#endif
