/* Where a demo lives: ./hearsay-demo, locked while it runs, emptied when it
 * begins, with a config.txt of free ports. */
#ifndef HSY_CLI_DEMO_PLACE_H
#define HSY_CLI_DEMO_PLACE_H

#include "hearsay/runtime.h"

#define HSY_DEMO_DIR "hearsay-demo"
#define HSY_DEMO_SEEDS_FILE HSY_DEMO_DIR "/config.txt"

struct hsy_demo_place {
    int lock_fd; /* Owned. */
    uint16_t ports[HEARSAY_SEEDS_MAX];
};

/* Makes, locks and empties the directory. To be ended with
 * hsy_demo_place_close(). HEARSAY_ERR_LOCKED: another demo runs here.
 * HEARSAY_ERR_IO. *@error says which and why. */
HEARSAY_MUST_USE int hsy_demo_place_open(struct hsy_demo_place *out,
                                         struct hearsay_runtime_error *error);
void hsy_demo_place_close(struct hsy_demo_place *place);

/* Chooses @seeds free ports on 127.0.0.1 and writes them down. Somebody may
 * still take one before its seed does; then choose anew. */
HEARSAY_MUST_USE int hsy_demo_place_choose(struct hsy_demo_place *place,
                                           uint32_t seeds,
                                           struct hearsay_runtime_error *error);

/* Empties the directory again; the lock stays. */
HEARSAY_MUST_USE int hsy_demo_place_clean(struct hearsay_runtime_error *error);

/* True when something listens at @addr already, or it cannot be bound. */
bool hsy_demo_port_taken(const struct hearsay_addr *addr);

#endif
