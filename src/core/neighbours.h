/* Nodes that this one has an authenticated link with: one entry per node id,
 * so that "who" and "over which connection" cannot come apart. The link of an
 * entry may be replaced (simultaneous dials); everything else stays. */
#ifndef HSY_CORE_NEIGHBOURS_H
#define HSY_CORE_NEIGHBOURS_H

#include "base/table.h"
#include "core/env.h"

/* So many are left, and were when they were counted last. */
struct hsy_ration {
    uint8_t left;
    uint64_t counted_ns;
};

struct hsy_neighbour {
    struct hearsay_id id; /* Key. */
    hearsay_link link;
    bool accepted;            /* This node's listener got it. */
    bool overlay;             /* Messages are relayed over it. */
    bool chosen;              /* Overlay link that this node asked for. */
    bool asked;               /* CONNECT sent, not answered. */
    bool invited;             /* CONNECT went out on this link. */
    bool superseded;          /* The other end has a newer link: no break. */
    bool fresh;               /* Became overlay, has not been caught up yet. */
    bool fellow;              /* Seed to known seed. */
    bool former;              /* Was a parent until lately; tree.c. */
    bool child;               /* It hangs on this node; shape.h. */
    bool eager;               /* Bundles are pushed over it; else announced. */
    bool unread;              /* We do not read what it says just now. */
    uint8_t version;          /* Of the protocol. */
    uint8_t strikes;          /* Missed pings in a row. */
    uint8_t skips;            /* Rounds skipped in a row. */
    struct hearsay_addr addr; /* First advertised, else where it came from. */
    enum hearsay_role role;
    uint64_t incarnation;
    uint64_t boot_nonce;
    uint64_t since_ns;
    uint64_t heard_ns;   /* Last bytes. */
    uint64_t unread_ns;  /* When that last changed; 0: never. */
    uint64_t ping_nonce; /* Of the last PING; 0: it was answered, or none. */
    uint64_t ping_sent_ns;
    uint64_t ping_deadline_ns; /* NEVER unless one is open. */
    uint64_t ping_next_ns;
    uint64_t doubt_nonce;    /* Of a PING that is open; doubt.h. 0: none. */
    uint64_t rtt_ns;         /* Smoothed; 0: not measured. */
    uint64_t greeted_ns;     /* Round trip of the handshake; 0: not known. */
    uint64_t asked_until_ns; /* Deadline of CONNECT; NEVER. */
    hearsay_link challenger; /* Same id, other boot, waiting; 0: none. */
    uint64_t challenge_until_ns;
    struct hsy_ration grafts_out, grafts_in; /* GRAFTs sent; answered. */
    uint64_t announced;        /* It was told of ids up to there; announce.h. */
    uint64_t pruned_ns;        /* Last PRUNE to it; 0: none. */
    uint64_t rtt_least_ns;     /* The least ever measured; 0: none. */
    uint32_t root_round;       /* As it said last; shape.h. */
    uint32_t root_distance_us; /* The same; HSY_DISTANCE_NONE. */
    uint64_t full_until_ns;    /* It has no room to be the parent before. */
    uint64_t held_until_ns;    /* It was slow lately: until then it gets only
                                  what it asks for. 0: it was not. */
    uint64_t held_next_ns;     /* It is told then what it may lack. */
    uint32_t pull_credit;      /* Bytes that a PULL to it asks for; pulls.c. */
    uint64_t digest_next_ns;   /* No exchange of digests with it before. */
    uint64_t digest_ours, digest_theirs; /* Sums of the last exchange. */
    uint32_t degree;      /* As its last CONNECT said; 0: it has sent none. */
    uint64_t group;       /* Where the connection leads; hsy_addr_group(). */
    uint32_t direct_used; /* Bytes of DIRECT that it had of its quota, and */
    uint64_t direct_ns;   /* when that was counted; direct.h. */
    struct hsy_blob *record; /* A share: as it came with the link; kept.h. */
};

struct hsy_neighbours {
    struct hsy_table by_id;   /* struct hsy_neighbour */
    struct hsy_table by_link; /* hearsay_link -> place in by_id */
    const struct hsy_env *env;
    uint32_t last_at; /* Place last found by its link: a guess. */
    uint32_t degree;  /* Entries with overlay set. */
    uint32_t chosen;  /* Entries with overlay and chosen set. */
};

/* No answer is waited for longer, however slow a line seems to be. */
#define HSY_ANSWER_MAX_NS (12 * HSY_SECOND)

/* How long an answer of @n may take: three round trips, and @least_ns at least.
 * Before the first PONG, and at a seed that pings no peers, the handshake tells
 * what a round trip is. */
static inline uint64_t hsy_neighbour_wait_ns(const struct hsy_neighbour *n,
                                             uint64_t least_ns)
{
    uint64_t rtt_ns = n->rtt_ns != 0 ? n->rtt_ns : n->greeted_ns;

    rtt_ns = hsy_time_min(rtt_ns, HSY_ANSWER_MAX_NS); /* So that 3 x fits. */
    return hsy_time_min(hsy_time_max(least_ns, 3 * rtt_ns), HSY_ANSWER_MAX_NS);
}

/* Is nothing sent to it unasked just now? */
static inline bool hsy_neighbour_is_held(const struct hsy_neighbour *n,
                                         uint64_t now_ns)
{
    return now_ns < n->held_until_ns;
}

/* Does the version that it speaks with us have frames of @type? */
static inline bool hsy_neighbour_has(const struct hsy_neighbour *n,
                                     enum hsy_frame_type type)
{
    return n->version >= hsy_frame_version(type);
}

void hsy_neighbours_init(struct hsy_neighbours *ns, const struct hsy_env *env);
void hsy_neighbours_fini(struct hsy_neighbours *ns);
/* NULL: none. Pointers are valid until the next add or remove. */
struct hsy_neighbour *hsy_neighbour_by_id(const struct hsy_neighbours *ns,
                                          const struct hearsay_id *id);
struct hsy_neighbour *hsy_neighbour_by_link(struct hsy_neighbours *ns,
                                            hearsay_link link);
struct hsy_neighbour *hsy_neighbour_at(const struct hsy_neighbours *ns,
                                       uint32_t index);
uint32_t hsy_neighbours_count(const struct hsy_neighbours *ns);

/* Adds an entry for @record over @link. HEARSAY_ERR_FULL, _NOMEM. The id must
 * not be there yet. */
HEARSAY_MUST_USE int hsy_neighbour_add(struct hsy_neighbours *ns,
                                       struct hsy_neighbour **out,
                                       hearsay_link link,
                                       const struct hsy_record *record);
/* The entry goes on over another link. HEARSAY_ERR_NOMEM leaves it as it
 * was. */
HEARSAY_MUST_USE int hsy_neighbour_relink(struct hsy_neighbours *ns,
                                          struct hsy_neighbour *n,
                                          hearsay_link link);
void hsy_neighbour_remove(struct hsy_neighbours *ns, struct hsy_neighbour *n);
/* The one door for overlay membership: keeps degree and chosen true. */
void hsy_neighbour_set_overlay(struct hsy_neighbours *ns,
                               struct hsy_neighbour *n, bool overlay,
                               bool chosen);

#endif
