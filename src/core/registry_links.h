/* The links that the registry's entries name, and what they weigh in draws.
 * Nobody but the registry includes this. */
#ifndef HSY_CORE_REGISTRY_LINKS_H
#define HSY_CORE_REGISTRY_LINKS_H

#include "core/registry.h"

/* @e says from now on what is in @kept, whose share it takes; NULL: nothing.
 * Keeps degrees and weights of both ends true. */
void hsy_registry_set_links(struct hsy_registry *r, struct hsy_entry *e,
                            struct hsy_blob *kept);
/* Takes @e out of the draws while it changes, or puts it in again. */
void hsy_registry_draw(struct hsy_registry *r, const struct hsy_entry *e,
                       bool on);

#endif
