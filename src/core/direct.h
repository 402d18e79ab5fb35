/* Messages from one node to one node over the overlay, each acknowledged by
 * its target or told to be unanswered (docs/protocol.md, Direct messages). */
#ifndef HSY_CORE_DIRECT_H
#define HSY_CORE_DIRECT_H

#include "core/once.h"
#include "core/tree.h"
#include "core/ways.h"

enum {
    HSY_DIRECT_HOPS_MAX = 32,
    /* Without an outcome so far: of each kind (messages, answers). */
    HSY_DIRECT_OPEN_MAX = 64,
    HSY_DIRECT_SEEN_MAX = 4096,
    HSY_DIRECT_RECEIPTS_MAX = 1024,
    /* What a link may bring: so many bytes at once, and again each second. */
    HSY_DIRECT_QUOTA = 1024 * 1024,
    /* What a DIRECT counts beside its topic and payload: its check. */
    HSY_DIRECT_COST = 512
};
#define HSY_DIRECT_TIMEOUT_NS (5 * HSY_SECOND)
#define HSY_DIRECT_TIMEOUT_MIN_NS (1 * HSY_MS)
#define HSY_DIRECT_TIMEOUT_MAX_NS (60 * HSY_SECOND)
/* The first wait for a receipt; each later one is twice as long. */
#define HSY_DIRECT_WAIT_MIN_NS (500 * HSY_MS)
#define HSY_DIRECT_WAIT_MAX_NS (5 * HSY_SECOND)

struct hsy_queries;

struct hsy_directs {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    const struct hsy_tree *tree;
    struct hsy_queries *queries; /* Takes the answers. */
    struct hsy_ways ways;
    struct hsy_once once;
    struct hsy_ring seen;     /* Ids of DIRECTs, mixed with their attempt. */
    struct hsy_ring receipts; /* Given lately; direct.c. */
    struct hsy_table outs;    /* Own ones without an outcome; direct.c. */
    uint64_t incarnation;     /* Of the epoch; 0: nothing was sent yet. */
    uint64_t last_number;
    uint32_t open[2]; /* Messages; answers. */
    uint64_t next_ns; /* Not later than the next thing to do. */
};

void hsy_directs_init(struct hsy_directs *d, struct hsy_env *env,
                      struct hsy_neighbours *neighbours,
                      const struct hsy_tree *tree);
void hsy_directs_fini(struct hsy_directs *d);

/* What is to be sent: of @direct the kind, @to, about, topic and payload. */
struct hsy_direct_wish {
    struct hsy_direct direct;
    uint64_t timeout_ns;
    bool silent; /* The application hears of no outcome. */
};
/* HEARSAY_ERR_INVALID: to this node, or a timeout out of range.
 * HEARSAY_ERR_TOO_BIG. HEARSAY_ERR_AGAIN: too many are open, or being signed.
 * HEARSAY_ERR_NOMEM. Nothing was taken then; for what is taken, an outcome is
 * told. @incarnation: own. @out_number may be NULL. */
HEARSAY_MUST_USE int hsy_directs_send(struct hsy_directs *d,
                                      uint64_t incarnation,
                                      const struct hsy_direct_wish *wish,
                                      uint64_t *out_number);
/* @direct (own) is signed. */
void hsy_directs_signed(struct hsy_directs *d, const struct hsy_direct *direct);

/* DIRECT from @n: is it worth the check? */
bool hsy_directs_wants(struct hsy_directs *d, struct hsy_neighbour *n,
                       const struct hsy_frame *frame);
/* Its signature matches. @incarnation: own. */
void hsy_directs_frame(struct hsy_directs *d, struct hsy_neighbour *n,
                       uint64_t incarnation, const struct hsy_frame *frame);
/* @id has signed what came over @link first. */
static inline void hsy_directs_heard(struct hsy_directs *d,
                                     const struct hearsay_id *id,
                                     hearsay_link link)
{
    hsy_ways_learn(&d->ways, id, link);
}
void hsy_directs_tick(struct hsy_directs *d);
/* The node stops: tells the outcome of all that are open. False: no memory to
 * tell all. */
bool hsy_directs_stop(struct hsy_directs *d);

#endif
