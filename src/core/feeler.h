/* Keeps the address book true: every two minutes one entry that nobody has
 * tried, or whose place an unknown wants, is dialled, and hung up once it has
 * shown who it is; and the links of longest standing become anchors
 * (docs/protocol.md, Overlay). */
#ifndef HSY_CORE_FEELER_H
#define HSY_CORE_FEELER_H

#include "core/overlay.h"

#define HSY_FEELER_NS (120 * HSY_SECOND)

struct hsy_feeler {
    struct hsy_env *env;
    const struct hsy_neighbours *neighbours;
    struct hsy_overlay *overlay;
    struct hearsay_id id; /* Who is dialled. */
    hearsay_link link;    /* 0: nobody. */
    uint32_t at;          /* The book is looked through from here on. */
    uint64_t feel_ns;     /* The next feeler, not sooner. */
    uint64_t next_ns;     /* NEVER: the overlay is not active yet. */
};

void hsy_feeler_init(struct hsy_feeler *f, struct hsy_env *env,
                     const struct hsy_neighbours *neighbours,
                     struct hsy_overlay *overlay);
/* Once the overlay is active. */
void hsy_feeler_tick(struct hsy_feeler *f);
/* The dial @link came up, and who it was is proved. True: it was a feeler. */
bool hsy_feeler_came(struct hsy_feeler *f, hearsay_link link);
/* True: it was a feeler that failed. @alive: the other end answered. */
bool hsy_feeler_dial_failed(struct hsy_feeler *f, hearsay_link link,
                            bool alive);

#endif
