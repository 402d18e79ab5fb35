/* Pings, strikes and suspicion (docs/protocol.md, Liveness; mission M10). A
 * neighbour that misses three pings in a row, or whose link breaks and who
 * refuses three redials, is dead to us: its link is replaced and the death is
 * reported to all our seeds. */
#ifndef HSY_CORE_LIVENESS_H
#define HSY_CORE_LIVENESS_H

#include "core/neighbours.h"

enum { HSY_STRIKES_DEAD = 3, HSY_SKIPS_SLOW = 6 };

/* What a tick found out about one neighbour. */
enum hsy_finding {
    HSY_FINDING_NONE,
    HSY_FINDING_DEAD, /* Three strikes. */
    HSY_FINDING_SLOW, /* Bytes come, answers do not. */
    HSY_FINDING_IDLE  /* A link that nobody uses. */
};

struct hsy_liveness {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    uint64_t away_ns; /* Until when the last long pause excuses misses. */
    uint64_t next_ns; /* Not later than the earliest thing to do. */
};

void hsy_liveness_init(struct hsy_liveness *l, struct hsy_env *env,
                       struct hsy_neighbours *neighbours);
/* A link to @n came up, or was replaced: pings start over. */
void hsy_liveness_link_up(struct hsy_liveness *l, struct hsy_neighbour *n);
void hsy_liveness_ping(struct hsy_liveness *l, const struct hsy_neighbour *n,
                       uint64_t nonce);
/* Only the answer to the open ping counts (an older one would hide a
 * crash). False: it answers nothing that is open. */
bool hsy_liveness_pong(struct hsy_liveness *l, struct hsy_neighbour *n,
                       uint64_t nonce);
/* How far away is @n? Asked at once, beside the pings of each interval. */
void hsy_liveness_measure(struct hsy_liveness *l, struct hsy_neighbour *n);
/* Who pings this node is heard at least so often, however slow its line. */
uint64_t hsy_liveness_round_ns(const struct hearsay_config *config);
/* Pings now, for a decision within @wait_ns. */
void hsy_liveness_challenge(struct hsy_liveness *l, struct hsy_neighbour *n,
                            uint64_t wait_ns);
/* Every step, before its event: a process that was stopped for a while must
 * not count its own absence as theirs. */
void hsy_liveness_woke(struct hsy_liveness *l);
/* This very step came much later than it should have (somebody else noticed,
 * or hsy_liveness_woke() did). */
void hsy_liveness_excuse(struct hsy_liveness *l);
/* Less than a few seconds ago. */
bool hsy_liveness_was_away(const struct hsy_liveness *l);
/* Did we leave what @n said unread at any time since then? */
bool hsy_liveness_unread(const struct hsy_neighbour *n, uint64_t since_ns);
/* Sends pings, counts strikes. Finding other than NONE: about *@out, which
 * the caller removes before it calls again; NONE: nothing more to do. */
enum hsy_finding hsy_liveness_tick(struct hsy_liveness *l,
                                   struct hearsay_id *out);

#endif
