/* What shape the tree has (docs/protocol.md, Relay). A tree that duplicates
 * alone carve out of the overlay is as deep as chance makes it: with many
 * publishers each one carves another (p99 4 x that of flooding, measured). So
 * one well linked node is the root, every node knows how far away it is, and
 * hangs on the neighbour that is nearest to it: paths go up to a hub and down
 * again. Only the shape depends on it; that everything arrives does not. */
#ifndef HSY_CORE_SHAPE_H
#define HSY_CORE_SHAPE_H

#include "core/neighbours.h"

/* No way to the root is known. */
#define HSY_DISTANCE_NONE UINT32_MAX
/* The root counts a round so often ... */
#define HSY_ROUND_NS (13 * HSY_SECOND)
/* ... and without one for so long it is gone. */
#define HSY_ROOT_GONE_NS (45 * HSY_SECOND)
/* A parent that has no room is not asked again before. */
#define HSY_PARENT_FULL_NS (300 * HSY_SECOND)

struct hsy_shape {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    bool has_root;        /* @root means something. */
    struct hsy_root root; /* As this node tells it: its own distance, and the
                             round of its parent. */
    uint32_t newest;      /* The last round that anybody told. */
    /* The least distance ever told in the last round that was told. Nobody
     * further away becomes the parent: see shape.c. */
    bool told_any;
    uint32_t told_round, told_us;
    hearsay_link parent; /* 0: none, or this is the root. */
    hearsay_link spare;  /* A second parent; 0: none. */
    bool pressing;     /* All that could be the parent are full: one has to. */
    uint64_t round_ns; /* When the newest round came; without a root: when it
                          may become one itself. */
    struct hsy_root gone; /* It and its rounds up to this one are over. */
    uint64_t unmeasured_us;
    bool changed; /* Neighbours are to be told. */
    uint64_t told_ns;
    uint64_t settled_ns; /* The parent has had time to refuse. */
    uint64_t next_ns;
};

void hsy_shape_init(struct hsy_shape *s, struct hsy_env *env,
                    struct hsy_neighbours *neighbours);
/* ROOT from @n. */
void hsy_shape_heard(struct hsy_shape *s, struct hsy_neighbour *n,
                     const struct hsy_root *root);
void hsy_shape_link_up(struct hsy_shape *s, struct hsy_neighbour *n);
void hsy_shape_link_down(struct hsy_shape *s, hearsay_link link);
/* @n refused to be the parent, for lack of room. */
void hsy_shape_refused(struct hsy_shape *s, struct hsy_neighbour *n);
void hsy_shape_tick(struct hsy_shape *s);
/* Is @n a parent of this node, or this node one of @n's? */
bool hsy_shape_holds(const struct hsy_shape *s, const struct hsy_neighbour *n);

#endif
