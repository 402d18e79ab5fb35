/* The seed's graph of the overlay: its parts, and whom it would fall apart
 * without (docs/protocol.md, Connectivity). Computed from the registry's link
 * snapshots; what is done about it is in bridging.c. */
#ifndef HSY_CORE_TOPOLOGY_H
#define HSY_CORE_TOPOLOGY_H

#include "core/registry.h"
#include "core/web.h"

enum {
    HSY_PARTINGS_MAX = 64, /* Asked about at the same time. */
    HSY_PARTING_MEMBERS = 4
};

/* A smaller part and the largest: up to two members of each. Those that are
 * registered here were asked whether they are there; a side of which nobody is
 * has been known to fellows lately. Sets of members have bit k for ids[k]. */
struct hsy_parting {
    struct hearsay_id ids[HSY_PARTING_MEMBERS]; /* 0, 1 of the smaller. */
    uint8_t known, asked, answered;
    bool told;
};

struct hsy_topology {
    struct hsy_env *env;
    uint32_t components; /* Of the last look; 0: no look yet, or nobody. */
    uint32_t cuts;       /* Peers that hold a component together. */
    uint64_t looked_ns;  /* When it looked at the graph last; 0: never. */
    uint64_t next_ns;
    /* See bridging.c. */
    struct hsy_parting partings[HSY_PARTINGS_MAX];
    uint32_t partings_count;
    uint64_t nonce; /* Of the PINGs that asked; 0: none. */
    uint64_t asked_ns;
};

/* Of a component, as a look saw it. Members are places in the registry. */
struct hsy_component {
    uint32_t best;         /* The best-placed. */
    uint32_t second;       /* Another one, held if there is one; NONE. */
    uint32_t held, unheld; /* So many are held here, and are not. */
    /* Somebody in it is not held here, or names who is not counted: there may
     * be links that only other seeds know of. */
    bool open;
};

/* What a look saw. */
struct hsy_picture {
    const struct hsy_registry *r;
    struct hsy_web web; /* Over the places in the registry. */
    /* Owned; web.parts of them. NULL: fewer than two. */
    struct hsy_component *parts;
    uint32_t largest; /* One of them; NONE: fewer than two. */
};

void hsy_topology_init(struct hsy_topology *t, struct hsy_env *env);

/* There may be something to see @wait_ns from now. Looks are so far apart
 * that they cost little. */
void hsy_topology_soon(struct hsy_topology *t, const struct hsy_registry *r,
                       uint64_t wait_ns);

/* The graph of @r as it is now, walked. Vertices are places in the registry;
 * counted are the living, not absent entries that have had the time to link (a
 * snapshot is there). An edge is what one end's snapshot says of the other.
 * HEARSAY_ERR_NOMEM: there is nothing to be ended. */
HEARSAY_MUST_USE int hsy_topology_web(const struct hsy_registry *r,
                                      const struct hearsay_mem *mem,
                                      struct hsy_web *out);

/* Counts the components of that graph. Marks the entries that hold one
 * together. Plans the next look. False: nothing has changed, or no memory;
 * else @out is to be ended. */
HEARSAY_MUST_USE bool hsy_topology_look(struct hsy_topology *t,
                                        struct hsy_registry *r,
                                        struct hsy_picture *out);
void hsy_picture_fini(struct hsy_picture *p, const struct hearsay_mem *mem);

/* There are two or more:
 * The part of @id; NULL: it is not counted. */
const struct hsy_component *hsy_picture_part(const struct hsy_picture *p,
                                             const struct hearsay_id *id);
/* A member of the largest part, any but @other; one that this seed holds, if
 * it holds any. NONE: there is no other one. */
uint32_t hsy_picture_any(const struct hsy_picture *p, struct hsy_env *env,
                         uint32_t other);

#endif
