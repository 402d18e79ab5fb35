/* Spreading messages: check, claim, deliver, relay (docs/protocol.md, Relay;
 * mission M9). How they get from link to link, flooding or along a tree, is
 * tree.h; what is missing in the end, repair.h finds. */
#ifndef HSY_CORE_RELAY_H
#define HSY_CORE_RELAY_H

#include "core/acks.h"
#include "core/bulk.h"
#include "core/delivery.h"
#include "core/messages.h"
#include "core/publish.h"
#include "core/retained.h"
#include "core/saved.h"
#include "core/tree.h"

/* A bundle whose clock is further from ours is a replay or of no interest: the
 * Message List may have forgotten it. Clocks may differ by as much. */
#define HSY_BUNDLE_WINDOW_MS (UINT64_C(10) * 60 * 1000)

/* Bytes of bundles that one GRAFT is answered with. */
enum { HSY_GRAFT_ANSWER_MAX = 128 * 1024 };

/* Is that near enough to our clock? */
bool hsy_relay_in_window(const struct hsy_env *env, uint64_t wall_ms);

struct hsy_relay {
    struct hsy_env *env;
    struct hsy_ml seen;
    struct hsy_table checking; /* Bundles whose signature is being verified. */
    struct hsy_origins origins;
    struct hsy_retained retained;
    struct hsy_delivery delivery;
    struct hsy_saved saved;
    struct hsy_bulk bulk;
    struct hsy_acks acks;
    struct hsy_publisher publisher;
    struct hsy_tree tree;
    uint64_t check_ns; /* Smoothed: how long a check takes. */
};

/* HEARSAY_ERR_NOMEM; it may be ended all the same. */
HEARSAY_MUST_USE int hsy_relay_init(struct hsy_relay *r, struct hsy_env *env,
                                    struct hsy_neighbours *neighbours);
void hsy_relay_fini(struct hsy_relay *r);
void hsy_relay_signed(struct hsy_relay *r, const struct hsy_bundle *bundle);

/* A copy as it came over a link. */
struct hsy_copy {
    const struct hsy_bundle *bundle;
    struct hsy_neighbour *from; /* NULL: that link is gone by now. */
    uint8_t hops;
    bool extra;  /* Beside the tree; see HSY_FLAG_EXTRA. */
    bool pulled; /* In answer to a PULL of ours: it is not passed on. */
};

/* Before the signature is looked at: is it worth the check? True claims the
 * check; end it with hsy_relay_checked() or hsy_relay_refused(). */
bool hsy_relay_wants(struct hsy_relay *r, const struct hsy_copy *copy);
/* The signature matches. True: it was new. */
bool hsy_relay_checked(struct hsy_relay *r, const struct hsy_copy *copy);
/* It does not match, or could not be looked at. */
void hsy_relay_refused(struct hsy_relay *r, const struct hsy_bundle *bundle);

/* @n became an overlay neighbour. */
void hsy_relay_link_up(struct hsy_relay *r, struct hsy_neighbour *n);
/* IHAVE from @n. */
void hsy_relay_announced(struct hsy_relay *r, const struct hsy_neighbour *n,
                         const struct hsy_bundle_ids *ids);
/* GRAFT from @n. */
void hsy_relay_graft(struct hsy_relay *r, struct hsy_neighbour *n,
                     const struct hsy_frame *frame);
/* PIECE from @n. False: no honest node sends it. */
bool hsy_relay_piece(struct hsy_relay *r, struct hsy_neighbour *n,
                     const struct hsy_piece *piece);
void hsy_relay_tick(struct hsy_relay *r);
uint64_t hsy_relay_deadline(const struct hsy_relay *r);

#endif
