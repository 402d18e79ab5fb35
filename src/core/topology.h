/* The seed's graph of the overlay: components, and who should be bridged
 * (docs/protocol.md, Connectivity). Computed from the registry's link
 * snapshots; keeps only what two rounds in a row must agree on. */
#ifndef HSY_CORE_TOPOLOGY_H
#define HSY_CORE_TOPOLOGY_H

#include "core/registry.h"

struct hsy_topology {
    struct hsy_env *env;
    uint32_t components;   /* Of the last round; 0: no round yet, or nobody. */
    uint32_t apart_rounds; /* Rounds in a row with more than one. */
    uint64_t looked_ns;    /* When the last round looked at the graph. */
    uint64_t next_ns;
};

/* Two peers of different components that should be linked. */
struct hsy_bridge {
    const struct hsy_entry *a, *b; /* Lent by the registry. */
};

void hsy_topology_init(struct hsy_topology *t, struct hsy_env *env);
/* Counts components over the living, not absent entries that have had the
 * time to link (a snapshot is there): an edge exists when either end's
 * snapshot names the other. HEARSAY_ERR_NOMEM: only next_ns changed. From the
 * second round in a row on that sees more than one, fills @out with at most
 * @out_max bridges: up to two from every smaller component to the largest,
 * from its best-placed peer and another one. Sets *@out_count. */
HEARSAY_MUST_USE int hsy_topology_round(struct hsy_topology *t,
                                        const struct hsy_registry *r,
                                        struct hsy_bridge *out,
                                        uint32_t out_max, uint32_t *out_count);

#endif
