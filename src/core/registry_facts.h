/* The registry's facts, one number each, as seeds compare them. Nobody but the
 * registry includes this. */
#ifndef HSY_CORE_REGISTRY_FACTS_H
#define HSY_CORE_REGISTRY_FACTS_H

#include "core/registry.h"

/* Adds what is known of @e or @g to the digests, or takes it back: before and
 * after each change. */
void hsy_registry_count_entry(struct hsy_registry *r, const struct hsy_entry *e,
                              bool add);
void hsy_registry_count_grave(struct hsy_registry *r, const struct hsy_grave *g,
                              bool add);

#endif
