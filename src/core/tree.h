/* Along which links bundles travel (docs/protocol.md, Relay): Plumtree
 * (Leitao, Pereira, Rodrigues: "Epidemic Broadcast Trees", 2007) with flooding
 * as a state, and with a bound on eager links that never strands a leaf. A link
 * is lazy until the shape (shape.h) or a bundle that is late makes it eager:
 * only GRAFT and PRUNE change that, at both ends, never a bundle that comes. */
#ifndef HSY_CORE_TREE_H
#define HSY_CORE_TREE_H

#include "core/announce.h"
#include "core/shape.h"
#include "core/wanted.h"

enum {
    HSY_EAGER_MAX = 12,
    /* From this copy on, a link that is no part of the tree is pruned. */
    HSY_PRUNE_COPY = 2,
    HSY_GRAFTS_PER_S = 20,
    /* Own bundles up to this also take shortcuts; see tree.c. */
    HSY_SMALL_LEN = 1024
};
/* Flooding goes on so long after joining, and after the loss of a link. */
#define HSY_FLOOD_NS (5 * HSY_SECOND)
/* Bounds of the wait for a bundle that was announced. */
#define HSY_GRAFT_MIN_NS (20 * HSY_MS)
#define HSY_GRAFT_MAX_NS (500 * HSY_MS)

struct hsy_tree {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_announce announce;
    struct hsy_wanted wanted;
    struct hsy_shape shape;
    uint64_t flood_until_ns;
    hearsay_link parent, spare; /* Hung on last; see shape.h. */
    uint64_t let_go_ns;
    uint64_t fed_ns; /* Last first copy from the parent. */
    uint32_t unfed;  /* Bundles since then that others had. */
};

void hsy_tree_init(struct hsy_tree *t, struct hsy_env *env,
                   struct hsy_neighbours *neighbours);
void hsy_tree_fini(struct hsy_tree *t);
/* One bundle to send on. */
struct hsy_outgoing {
    const struct hsy_bundle *bundle;
    const struct hsy_bundle_id *id;
    const struct hsy_neighbour *except; /* Where it came from; NULL: own. */
    uint8_t hops;
    bool small;  /* An own one that may take shortcuts. */
    bool to_all; /* Over all of them. */
};
void hsy_tree_spread(struct hsy_tree *t, const struct hsy_outgoing *out);
/* @n was the first to bring a bundle along the tree. */
void hsy_tree_first(struct hsy_tree *t, struct hsy_neighbour *n);
/* The copy with this number came from @n. */
void hsy_tree_copy(struct hsy_tree *t, struct hsy_neighbour *n, uint8_t copy);
void hsy_tree_joined(struct hsy_tree *t);
void hsy_tree_link_up(struct hsy_tree *t, struct hsy_neighbour *n);
/* @gone is a copy of an overlay neighbour that is no more. */
void hsy_tree_link_down(struct hsy_tree *t, const struct hsy_neighbour *gone);
/* @n has the bundle @id, which has not come. @check_ns: how long a check
 * takes here. */
void hsy_tree_announced(struct hsy_tree *t, const struct hsy_neighbour *n,
                        const struct hsy_bundle_id *id, uint64_t check_ns);
/* GRAFT from @n. False: it sends too many, and gets no bundle for this one. */
bool hsy_tree_may_graft(struct hsy_tree *t, struct hsy_neighbour *n);
/* It becomes eager, or is told that there is no room. */
void hsy_tree_graft(struct hsy_tree *t, struct hsy_neighbour *n,
                    bool last_parent);
/* PRUNE from @n. */
void hsy_tree_pruned(struct hsy_tree *t, struct hsy_neighbour *n,
                     enum hsy_prune_why why);
/* ROOT from @n. */
void hsy_tree_root(struct hsy_tree *t, struct hsy_neighbour *n,
                   const struct hsy_root *root);
/* More waits for @n than fits. */
void hsy_tree_demote(struct hsy_tree *t, struct hsy_neighbour *n);
void hsy_tree_tick(struct hsy_tree *t);
uint64_t hsy_tree_deadline(const struct hsy_tree *t);

#endif
