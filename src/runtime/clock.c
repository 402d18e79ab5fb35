/* The machine's clocks and randomness, read here and nowhere else. */
#include "runtime/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/assert.h"
#include "base/time.h"

static uint64_t read_ns(clockid_t clock)
{
    struct timespec ts;
    int rc = clock_gettime(clock, &ts);
    HSY_ASSERT(rc == 0);
    return (uint64_t)ts.tv_sec * HSY_SECOND + (uint64_t)ts.tv_nsec;
}

uint64_t hsy_clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t hsy_clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / HSY_MS;
}

struct hearsay_now hsy_clock_now(void)
{
    return (struct hearsay_now){.mono_ns = hsy_clock_mono_ns(),
                                .wall_ms = hsy_clock_wall_ms()};
}

int hsy_random(void *out, size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(len <= 256); /* Then getrandom() never gives a part. */

    ssize_t n;
    do {
        n = getrandom(out, len, 0);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)len ? 0 : HEARSAY_ERR_IO;
}
