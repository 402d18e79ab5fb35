/* Back-off with full jitter: after a common fault a thousand nodes must not
 * come back in the same instant (docs/protocol.md, Overlay). */
#include "core/env.h"

uint64_t hsy_backoff_ns(struct hsy_env *env, uint32_t tries, uint64_t base_ns,
                        uint64_t cap_ns)
{
    HSY_ASSERT(base_ns >= HSY_MS);
    HSY_ASSERT(cap_ns >= base_ns);

    uint64_t ceiling_ns = base_ns;
    for (uint32_t i = 0; i < tries && ceiling_ns < cap_ns; i++) {
        ceiling_ns *= 2; /* Below 2 * cap_ns: no overflow. */
    }
    ceiling_ns = hsy_time_min(ceiling_ns, cap_ns);
    return HSY_MS + hsy_prng_below(&env->prng, ceiling_ns);
}
