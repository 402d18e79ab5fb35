/* The one place that reads the machine's clocks and randomness. Any thread. */
#ifndef HSY_RUNTIME_CLOCK_H
#define HSY_RUNTIME_CLOCK_H

#include "hearsay.h"

/* CLOCK_MONOTONIC and CLOCK_REALTIME. */
struct hearsay_now hsy_clock_now(void);
uint64_t hsy_clock_mono_ns(void);
uint64_t hsy_clock_wall_ms(void);

/* Fills @out from the kernel's generator. HEARSAY_ERR_IO: there is none. */
HEARSAY_MUST_USE int hsy_random(void *out, size_t len);

#endif
