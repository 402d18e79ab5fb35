/* Finding what is missing, and having it sent (docs/protocol.md, Repair). An
 * origin that is heard shows its gaps by itself; of one that is idle, digests
 * tell. What is found out is pulled; nothing is ever pushed. */
#ifndef HSY_CORE_REPAIR_H
#define HSY_CORE_REPAIR_H

#include "core/relay.h"

enum {
    HSY_PULLS_MAX = 8,                /* Open at the same time. */
    HSY_PULL_CREDIT = 96 * 1024,      /* Bytes asked for at a time, at most, */
    HSY_PULL_CREDIT_FIRST = 8 * 1024, /* of a link that is new, */
    HSY_PULL_CREDIT_MIN = 2 * 1024,   /* and of a slow one. */
    HSY_PULL_ANSWER_MAX = 128 * 1024, /* Sent for one PULL at most. */
    HSY_RUMOURS_MAX = 1024 /* Origins only heard of, until something comes. */
};
/* A gap is given to the tree for so long to close it. */
#define HSY_GAP_NS (2 * HSY_SECOND)
#define HSY_PULL_NS (5 * HSY_SECOND)
/* Answered within so long, the next PULL asks for twice as much; after longer
 * than that, for half. */
#define HSY_PULL_QUICK_NS (1 * HSY_SECOND)
#define HSY_PULL_LATE_NS (2 * HSY_SECOND)
/* What a neighbour that was slow may miss, it is told of so often. */
#define HSY_HELD_DIGEST_NS (10 * HSY_SECOND)
#define HSY_EXCHANGE_NS (13 * HSY_SECOND)

/* One PULL that is not answered to its end. */
struct hsy_pull {
    hearsay_link link;
    uint32_t nonce;
    uint32_t in_check; /* Bundles of it. */
    uint64_t begun_ns, deadline_ns;
    bool ended; /* GONE has come. */
    bool more;  /* And said that the credit was used up. */
    bool got;   /* Something new came. */
    uint32_t count;
    struct hsy_span spans[HSY_PULL_SPANS_MAX];
};

struct hsy_repair {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_relay *relay;
    struct hsy_pull *pulls[HSY_PULLS_MAX]; /* Owned; NULL: free. */
    uint32_t last_nonce;
    uint32_t at_once;      /* So many PULLs may be open: 1 to HSY_PULLS_MAX. */
    uint32_t first_credit; /* Of a new link: the least after a late PULL. */
    uint32_t rumours;      /* Entries of origins.h that are only that. */
    hearsay_link last_partner; /* Of an exchange that this node began. */
    uint64_t sum, sum_ns;      /* Of idle origins; when it was made. */
    uint64_t reviewed_ns;      /* When clocks were looked at; digest.c. */
    uint64_t next_ns;          /* Gaps and pulls: not later than the next. */
};

void hsy_repair_init(struct hsy_repair *r, struct hsy_env *env,
                     struct hsy_neighbours *neighbours,
                     struct hsy_relay *relay);
void hsy_repair_fini(struct hsy_repair *r);

/* @n became an overlay neighbour: compare everything. */
void hsy_repair_link_up(struct hsy_repair *r, struct hsy_neighbour *n);
/* What was dropped on the way to @n, its ids even, it may pull now. */
void hsy_repair_relieved(struct hsy_repair *r, struct hsy_neighbour *n);
/* What was pulled from @link, or offered by it, others are asked for. */
void hsy_repair_link_down(struct hsy_repair *r, hearsay_link link);
/* A PONG went out to @n: the sum of idle origins goes with it. */
void hsy_repair_ponged(struct hsy_repair *r, const struct hsy_neighbour *n);
/* DIGEST, PULL, GONE from @n. */
void hsy_repair_digest(struct hsy_repair *r, struct hsy_neighbour *n,
                       const struct hsy_digest *digest);
void hsy_repair_pull(struct hsy_repair *r, const struct hsy_neighbour *n,
                     const struct hsy_frame *frame);
void hsy_repair_gone(struct hsy_repair *r, const struct hsy_neighbour *n,
                     const struct hsy_frame *frame);
/* Is this what was pulled from @link? */
bool hsy_repair_expects(struct hsy_repair *r, hearsay_link link,
                        const struct hsy_bundle *bundle);
/* Of what was pulled: it is being checked; it is not any more. */
void hsy_repair_checking(struct hsy_repair *r, hearsay_link link);
void hsy_repair_checked(struct hsy_repair *r, hearsay_link link, bool is_new);
void hsy_repair_tick(struct hsy_repair *r);

/* pulls.c, for the other files of this machine only. */
struct hsy_pull *hsy_pull_of(struct hsy_repair *r, hearsay_link link);
/* Asks @n for what it is known to have and this node lacks. */
void hsy_pull_from(struct hsy_repair *r, struct hsy_neighbour *n);
/* @mark says what @n has. True: something of it is missing here. */
bool hsy_pull_offered(struct hsy_repair *r, const struct hsy_neighbour *n,
                      const struct hsy_span *mark);
/* Ends those whose time is up; the next moment to look. */
uint64_t hsy_pulls_expire(struct hsy_repair *r);
/* digest.c, the same. */
/* Tells neighbours that are held; the next moment to do so. */
uint64_t hsy_digest_tell_held(struct hsy_repair *r);
/* Tells all but @except of the origins that have changed. */
void hsy_digest_tell(struct hsy_repair *r, hearsay_link except);

#endif
