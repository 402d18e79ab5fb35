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

/* When to look at @count things, one of which is due at @at_ns: each look is at
 * all of them, so where they are many, those that are due one after the other
 * share a few moments. These lie a power of two of milliseconds apart, so that
 * those of a smaller past are among those of now; and @most_ms apart at most,
 * for what is due waits so long. */
static inline uint64_t hsy_time_shared(uint64_t at_ns, uint32_t count,
                                       uint32_t most_ms)
{
    uint64_t step_ns = HSY_MS;

    if (count < 128 || at_ns == 0 || at_ns == HEARSAY_NEVER) {
        return at_ns;
    }
    uint32_t apart_ms = count / 128 < most_ms ? count / 128 : most_ms;
    for (uint32_t ms = apart_ms; ms > 1; ms /= 2) {
        step_ns *= 2;
    }
    return hsy_time_add(at_ns, step_ns - 1 - (at_ns - 1) % step_ns);
}

#endif
