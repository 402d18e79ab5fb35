/* The mission's periodic gossip (M8): `<timestamp>:<sender.IP>:<Msg#>`, the
 * first one right after joining. */
#ifndef HSY_CORE_GENERATOR_H
#define HSY_CORE_GENERATOR_H

#include "core/publish.h"

enum { HSY_GOSSIP_TEXT_MAX = 20 + 1 + HEARSAY_ADDR_TEXT_LEN + 1 + 10 + 1 };

struct hsy_generator {
    struct hsy_env *env;
    struct hsy_publisher *publisher;
    uint32_t made;
    uint64_t next_ns; /* NEVER: not joined, or done. */
};

void hsy_generator_init(struct hsy_generator *g, struct hsy_env *env,
                        struct hsy_publisher *publisher);
void hsy_generator_start(struct hsy_generator *g);
void hsy_generator_stop(struct hsy_generator *g);
void hsy_generator_tick(struct hsy_generator *g, uint64_t incarnation,
                        const struct hearsay_addr *own);
/* Writes the text and a NUL; returns its length. */
size_t hsy_gossip_text(char out[HSY_GOSSIP_TEXT_MAX], uint64_t wall_ms,
                       const struct hearsay_addr *own, uint32_t number);

#endif
