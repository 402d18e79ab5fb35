/* What waits for one link: four queues of frames, each first in, first out,
 * the first that is not empty served first (docs/protocol.md, Queues). Frames
 * are shares of buffers that other links share too. All is bounded: by bytes,
 * and a bundle that gets too old or finds no room collapses to its id, of
 * which a bounded list is announced when there is nothing better to send. */
#ifndef HSY_NODE_LANES_H
#define HSY_NODE_LANES_H

#include "core/counters.h"
#include "crypto/crypto.h"
#include "wire/frames.h"

enum hsy_lane {
    HSY_LANE_CONTROL,   /* Whatever is none of the others. */
    HSY_LANE_OWN,       /* Bundles of this node. */
    HSY_LANE_FORWARDED, /* Bundles of others. */
    HSY_LANE_ANNOUNCE   /* IHAVE. */
};

enum {
    HSY_LANES = 4,
    /* Of a link: one IHAVE frame and a bit, 4 KiB. Who misses more is better
     * served by repair. */
    HSY_LANE_IDS_MAX = 256,
    /* What each frame that waits counts beside its bytes: its place in the
     * queue and the head of its buffer. Else a stranger's pings, 14 bytes
     * each and never fetched, would take six times the bound. */
    HSY_LANE_ITEM_LEN = 64
};

/* What is older is old news: a tree has gone around it by then. The origin's
 * own bundles nobody else has, so they wait for longer. */
#define HSY_LANE_OWN_NS (5 * HSY_SECOND)
#define HSY_LANE_FORWARDED_NS (1 * HSY_SECOND)

/* What all lanes of a node share. */
struct hsy_lanes_env {
    const struct hearsay_mem *mem;
    const struct hearsay_crypto *crypto;
    struct hsy_counters *counters;
};

struct hsy_lane_item;

struct hsy_lane_queue {
    struct hsy_lane_item *first, *last; /* Owned. */
    uint32_t len;                       /* Bytes of its frames. */
};

struct hsy_lanes {
    struct hsy_lanes_env env;
    struct hsy_lane_queue queues[HSY_LANES];
    struct hsy_bundle_id *ids; /* Owned: a ring; NULL while there is none. */
    uint32_t ids_first, ids_count;
    uint32_t cost; /* Of all frames: their bytes, and HSY_LANE_ITEM_LEN each. */
    bool collapses; /* The other end knows IHAVE: bundles may collapse. */
    bool crowded;   /* A bundle found no room since all was empty. */
    bool told;      /* And the core knows. */
};

enum hsy_lanes_rc {
    HSY_LANES_OK,   /* It waits, or collapsed, or was dropped and counted. */
    HSY_LANES_FULL, /* No room, and the link cannot do without it. */
    HSY_LANES_NOMEM
};

/* Which lane a frame goes by; @own is this node. */
enum hsy_lane hsy_lane_of(const struct hsy_frame *frame,
                          const struct hearsay_id *own);

/* Empty ones; NULL: no memory. */
struct hsy_lanes *hsy_lanes_new(const struct hsy_lanes_env *env);
/* NULL is a no-op. */
void hsy_lanes_free(struct hsy_lanes *lanes);
bool hsy_lanes_empty(const struct hsy_lanes *lanes);
/* Bytes of one lane; NULL @lanes: 0. */
uint32_t hsy_lanes_len(const struct hsy_lanes *lanes, enum hsy_lane lane);

/* Queues @buf (borrowed; a share is taken), so that no more than @max waits.
 * Old bundles make room first. Then a control frame pushes out the others,
 * the oldest of the least important lane first. */
HEARSAY_MUST_USE enum hsy_lanes_rc hsy_lanes_put(struct hsy_lanes *lanes,
                                                 enum hsy_lane lane,
                                                 struct hearsay_buf *buf,
                                                 uint64_t now_ns, uint32_t max);
/* The next frame, given, if it is not longer than @room; NULL: none, or it
 * must wait. Ids of collapsed bundles come as IHAVE, after the last bundle. */
struct hearsay_buf *hsy_lanes_take(struct hsy_lanes *lanes, uint64_t now_ns,
                                   uint32_t room);
/* The next of one lane, whatever its length and age; NULL: none. */
struct hearsay_buf *hsy_lanes_take_from(struct hsy_lanes *lanes,
                                        enum hsy_lane lane);

#endif
