/* The links that the registry's entries name. Nobody but the registry includes
 * this. */
#ifndef HSY_CORE_REGISTRY_LINKS_H
#define HSY_CORE_REGISTRY_LINKS_H

#include "core/registry.h"

/* @e says from now on what is in @kept, whose share it takes; NULL: nothing.
 * Keeps degrees and weights of both ends true. */
void hsy_registry_set_links(struct hsy_registry *r, struct hsy_entry *e,
                            struct hsy_blob *kept);

#endif
