/* What the checkers of invariants share: the findings that they write, and
 * the facts that they are told. A checker never sees a node; check_read.c
 * turns nodes into facts, and tests make facts up. Only checks.c and the
 * check_*.c include this. */
#ifndef HSY_SIM_CHECK_H
#define HSY_SIM_CHECK_H

#include "base/table.h"
#include "node/view.h"
#include "sim/checks.h"
#include "sim/graph.h"

/* ---------------------------------------------------------------- findings */

struct hsy_findings {
    struct hearsay_mem mem;
    uint32_t count, seeds; /* Nodes. */
    uint64_t now_ns;       /* Set by whoever brings facts. */
    uint32_t *excused;     /* Owned; per node, a bit per invariant. */
    uint32_t broken[HSY_INVARIANTS];
    uint64_t looked[HSY_INVARIANTS];
    bool armed[HSY_INVARIANTS];
    struct hsy_broken firsts[HSY_INVARIANTS]; /* Where broken > 0. */
    struct hsy_broken first;                  /* Of the armed ones. */
    bool any;
    int err; /* Sticky: HEARSAY_ERR_NOMEM. */
};

enum { HSY_NODE_NONE = INT32_MAX }; /* No node has that number. */

/* "TEXT ABOUT A_TEXT A B_TEXT B"; a NULL text leaves its number out. */
struct hsy_words {
    const char *text;
    uint32_t about; /* A node; HSY_NODE_NONE. */
    const char *a_text;
    uint64_t a;
    const char *b_text;
    uint64_t b;
};

HEARSAY_MUST_USE int hsy_findings_init(struct hsy_findings *f, uint32_t count,
                                       uint32_t seeds,
                                       const struct hearsay_mem *mem);
void hsy_findings_fini(struct hsy_findings *f);
bool hsy_findings_excused(const struct hsy_findings *f, enum hsy_invariant what,
                          uint32_t node);
/* There was something to check. */
void hsy_findings_looked(struct hsy_findings *f, enum hsy_invariant what);
/* It does not hold, at or about @node. */
void hsy_findings_broken(struct hsy_findings *f, enum hsy_invariant what,
                         uint32_t node, const struct hsy_words *words);
/* Keeps the first error. */
void hsy_findings_err(struct hsy_findings *f, int err);

/* ------------------------------------------------------------------- facts */

/* What the templates of the cluster promise. */
struct hsy_promises {
    uint32_t links_wanted;
    uint64_t ping_interval_ns, ping_timeout_ns;
    /* Seeds, peers. */
    uint32_t links_max[2], queue_max[2], jobs_max[2], seen_max[2];
    uint32_t list_max[2]; /* Entries of a Peer List; of an address book. */
    bool keeps_all; /* Bounds of what is kept are beyond what a run comes to. */
    bool floods;
    bool on_disk; /* Peers remember over a restart. */
    bool ordered; /* Peers deliver in order, and say what is missing. */
    uint64_t retain_ns;
};

/* One line of a Peer List or of an address book. */
struct hsy_listed {
    uint32_t subject; /* A node. */
    enum hsy_view_peer_state state;
    uint64_t incarnation;
};

/* One authenticated link, as one end names it. */
struct hsy_named {
    uint32_t to;
    bool overlay;
    bool cut; /* Nothing passes, one way at least. */
    uint32_t queue_bytes;
};

/* One node, now. What is borrowed is good for the call. */
struct hsy_fact {
    uint32_t node;
    bool up;      /* It has a process. */
    bool has_say; /* Which runs, and is not cut off from everybody. */
    bool joined;
    bool slow; /* All that it does is late. */
    /* What it learns may take so long to get to its disk; 0: no time to speak
     * of, as of one that is well. */
    uint64_t unsaved_ns;
    uint64_t incarnation; /* 0: none yet. */
    uint32_t listed_count, links_count;
    const struct hsy_listed *listed;
    const struct hsy_named *links;
    struct hsy_open open; /* With the links. */
    uint32_t seen;        /* Ids in its Message List. */
};

/* A whole frame that was sent. */
struct hsy_frame_seen {
    uint8_t type;
    const uint8_t *bytes;
    uint32_t len; /* Header included. */
};
/* The frame at *@at of @bytes, which is moved on. False: none is left. */
bool hsy_check_next_frame(struct hsy_frame_seen *out, size_t *at,
                          const uint8_t *bytes, size_t len);

/* Reads nodes into facts. */
struct hsy_fact_reader {
    struct hearsay_mem mem;
    const struct hsy_cluster *cluster;
    struct hsy_listed *listed; /* Owned. */
    struct hsy_named *links;   /* Owned. */
    uint32_t listed_room, links_room;
};

enum { HSY_READ_LISTED = 1, HSY_READ_LINKS = 2 };

void hsy_fact_reader_init(struct hsy_fact_reader *r,
                          const struct hsy_cluster *cluster,
                          const struct hearsay_mem *mem);
void hsy_fact_reader_fini(struct hsy_fact_reader *r);
/* @parts: HSY_READ_...; the rest is always read. The lists are lent until the
 * next read. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_fact_reader_read(struct hsy_fact_reader *r,
                                          struct hsy_fact *out, uint32_t node,
                                          uint32_t parts);

/* --------------------------------------------------------------- broadcast */

enum { HSY_WAVES_MAX = 16384, HSY_WAVE_NODES_MAX = 512 };

/* One message on its way to everybody who was reachable when it was sent. */
struct hsy_wave {
    uint32_t origin;
    uint64_t seq;
    uint64_t at_ns;
    uint8_t members[HSY_WAVE_NODES_MAX / 8];
};

struct hsy_check_broadcast {
    struct hsy_findings *f;
    struct hsy_ledger *ledger;
    struct hsy_totals before; /* Of the ledger, when last looked at. */
    struct hsy_table orders;  /* (receiver, origin), epoch, life -> last seq */
    uint64_t *disturbed_ns;   /* Owned, per node: it lost a link, or stood. */
    uint32_t *lives;          /* Owned, per node: starts. */
    struct hsy_wave *waves;   /* Owned. */
    uint32_t waves_count;
    const struct hsy_promises *promises;
    struct hsy_costs costs, quiet; /* Since the last calm; since it is quiet. */
    uint64_t ends_most;            /* Of links, at any message. */
    uint64_t unrest_ns;            /* The last disturbance of anybody. */
    uint64_t *wall_ms;             /* Owned, per node: its clock, at calm. */
    struct hsy_lost *lost;         /* Owned; NULL: nothing was. */
    uint32_t lost_count;
    struct hsy_table judged; /* Kept messages that were looked at. */
    uint64_t left_out;       /* Looks, because a table was full. */
};

/* After the last fault, repair takes so long at most. A partition that seeds
 * can see is bridged within 60 s, and at a new link all is compared; where the
 * links held, an origin is idle after 30 s, then a PONG tells the sum, a ping
 * interval (13 s) later at most, and one more if the link was the partner of
 * the last exchange. All else are round trips. */
#define HSY_SETTLE_NS (116 * HSY_SECOND)

/* Numbers that a node has given up, and said so. */
enum { HSY_LOST_MAX = 1 << 16 };
struct hsy_lost {
    uint32_t node, life;
    uint32_t origin;
    uint64_t epoch, from, to;
};
/* A bundle that a node keeps for others. */
struct hsy_kept {
    uint32_t node, origin;
    uint32_t count;
    uint64_t epoch, first_seq;
    uint64_t wall_ms; /* Of its origin's clock. */
    bool own;         /* The present process of @node published it. */
};

HEARSAY_MUST_USE int hsy_check_broadcast_init(struct hsy_check_broadcast *b,
                                              struct hsy_findings *f,
                                              struct hsy_ledger *ledger,
                                              const struct hsy_promises *p);
void hsy_check_broadcast_fini(struct hsy_check_broadcast *b);
/* @graph: the live overlay, finished, from which the message starts; NULL:
 * nobody can tell who will get it. */
void hsy_check_broadcast_published(struct hsy_check_broadcast *b,
                                   uint32_t origin, uint64_t seq,
                                   struct hsy_graph *graph);
/* After the ledger was told. */
void hsy_check_broadcast_delivered(struct hsy_check_broadcast *b, uint32_t node,
                                   int64_t origin,
                                   const struct hearsay_message *message);
/* It lost a link, froze, ended or started: what was on its way may be lost. */
void hsy_check_broadcast_disturbed(struct hsy_check_broadcast *b,
                                   uint32_t node);
/* It has no process: nothing is expected of it, and it disturbs nobody. */
void hsy_check_broadcast_absent(struct hsy_check_broadcast *b, uint32_t node);
void hsy_check_broadcast_started(struct hsy_check_broadcast *b, uint32_t node);
void hsy_check_broadcast_frame(struct hsy_check_broadcast *b,
                               const struct hsy_frame_seen *frame);
/* Waves that reached everybody, or whose way was disturbed, are over. */
void hsy_check_broadcast_look(struct hsy_check_broadcast *b);
void hsy_check_broadcast_calm(struct hsy_check_broadcast *b,
                              const struct hsy_graph *graph);

/* check_costs.c, of the same. */
void hsy_check_costs_disturbed(struct hsy_check_broadcast *b);
void hsy_check_costs_published(struct hsy_check_broadcast *b,
                               const struct hsy_graph *graph);
void hsy_check_costs_delivered(struct hsy_check_broadcast *b);
void hsy_check_costs_calm(struct hsy_check_broadcast *b);

/* check_repair.c, of the same. */
void hsy_check_repair_begin(struct hsy_check_broadcast *b);
/* @node has given @lost up; its node and life are filled in here. */
void hsy_check_repair_lost(struct hsy_check_broadcast *b, uint32_t node,
                           const struct hsy_lost *lost);
/* Before calm: all that every node keeps. */
void hsy_check_repair_kept(struct hsy_check_broadcast *b,
                           const struct hsy_graph *graph,
                           const struct hsy_kept *kept);
void hsy_check_repair_calm(struct hsy_check_broadcast *b,
                           const struct hsy_graph *graph);

/* ---------------------------------------------------------------- registry */

/* What one seed is known to hold of one node. rank = 2 * incarnation + dead;
 * 0: nothing. */
struct hsy_held {
    uint64_t rank;
    uint64_t risen_ns;
    uint64_t before;     /* The rank before it rose lately. */
    uint64_t grave_rank; /* The highest of a tombstone; 0: none. */
    uint64_t acked;      /* Incarnation in the seed's last REGISTERED. */
    uint32_t read;       /* The number of the list that last had it. */
    enum hsy_view_peer_state state;
    bool present; /* In the list that was last read. */
};

struct hsy_subject {
    uint64_t highest;  /* Incarnation that its own process ever had. */
    uint64_t acked;    /* Incarnation acknowledged by a quorum; 0: none. */
    uint64_t ended_ns; /* NEVER: it has a process. */
    uint64_t say_ns;   /* Since when it runs undisturbed; NEVER: it does not. */
    uint64_t buried_ns; /* Since when a seed calls it dead; NEVER. */
    bool r6_told;
};

struct hsy_check_registry {
    struct hsy_findings *f;
    uint32_t quorum;
    uint64_t ping_ns, bound_ns;   /* Of R6; of R5. */
    struct hsy_held *held;        /* Owned: seeds x nodes. */
    struct hsy_subject *subjects; /* Owned, per node. */
    uint32_t reads[HEARSAY_SEEDS_MAX];
    uint64_t crashed_ns[HEARSAY_SEEDS_MAX]; /* NEVER: nothing may be lost. */
    /* Since when, and until when, writes may not have reached the disk. */
    uint64_t unsaved_from_ns[HEARSAY_SEEDS_MAX];
    uint64_t unsaved_until_ns[HEARSAY_SEEDS_MAX];
    /* Since when, as it was at the crash; NEVER: all had. */
    uint64_t crash_unsaved_ns[HEARSAY_SEEDS_MAX];
    bool says[HEARSAY_SEEDS_MAX]; /* Runs and is not cut off. */
};

HEARSAY_MUST_USE int
hsy_check_registry_init(struct hsy_check_registry *r, struct hsy_findings *f,
                        const struct hsy_promises *promises);
void hsy_check_registry_fini(struct hsy_check_registry *r);
void hsy_check_registry_started(struct hsy_check_registry *r, uint32_t node);
/* @writes: transactions that were not on disk yet and may be lost. */
void hsy_check_registry_ended(struct hsy_check_registry *r, uint32_t node,
                              uint32_t writes);
/* @seed sent REGISTERED, verdict OK. */
void hsy_check_registry_acked(struct hsy_check_registry *r, uint32_t seed,
                              uint32_t peer, uint64_t incarnation);
/* @peer says that @seed's word makes it registered with k; q are enough. */
struct hsy_claimed {
    uint32_t peer, seed;
    uint64_t k, q;
};
void hsy_check_registry_claimed(struct hsy_check_registry *r,
                                const struct hsy_claimed *claim);
/* The facts of a node, lists included if there is anything new in them. */
void hsy_check_registry_fact(struct hsy_check_registry *r,
                             const struct hsy_fact *fact);
/* R1 and R6, over all. */
void hsy_check_registry_look(struct hsy_check_registry *r);
/* R5 and R7. */
void hsy_check_registry_calm(struct hsy_check_registry *r);

/* ----------------------------------------------------------------- overlay */

struct hsy_check_overlay {
    struct hsy_findings *f;
    const struct hsy_promises *promises;
    struct hsy_table ways; /* (from, to) -> since when it is one-sided */
    bool *says;            /* Owned, per node. */
    uint32_t round;
    struct hsy_checks_fit fit;
    uint64_t grace_ns; /* What links take to be agreed on, besides. */
};

HEARSAY_MUST_USE int
hsy_check_overlay_init(struct hsy_check_overlay *o, struct hsy_findings *f,
                       const struct hsy_promises *promises);
void hsy_check_overlay_fini(struct hsy_check_overlay *o);
/* O4: a round is the facts (with links) of all nodes, then a judgement. */
void hsy_check_overlay_fact(struct hsy_check_overlay *o,
                            const struct hsy_fact *fact);
void hsy_check_overlay_judge(struct hsy_check_overlay *o);
/* O1 to O3. */
void hsy_check_overlay_calm(struct hsy_check_overlay *o,
                            const struct hsy_graph *graph);
/* max(32, (2/3) m sqrt(n)) and a quarter. */
uint32_t hsy_check_degree_max(uint32_t links_wanted, uint32_t peers);

/* ---------------------------------------------------------------- resource */

enum { HSY_CALM_SECONDS = 60 };

struct hsy_check_resource {
    struct hsy_findings *f;
    const struct hsy_promises *promises;
    const uint64_t *live_bytes; /* Of the whole cluster; NULL: not known. */
    uint64_t ceiling;           /* What they may come to. */
    uint64_t second;            /* The number of the second of the last slot. */
    /* Per second, of the last minute; index: second % HSY_CALM_SECONDS. */
    uint32_t joins[HSY_CALM_SECONDS];
    uint32_t silent[HSY_CALM_SECONDS];
    uint64_t bytes[HSY_CALM_SECONDS];
};

void hsy_check_resource_init(struct hsy_check_resource *s,
                             struct hsy_findings *f,
                             const struct hsy_promises *promises);
/* S2: with lists and links. */
void hsy_check_resource_fact(struct hsy_check_resource *s,
                             const struct hsy_fact *fact);
/* S3. */
void hsy_check_resource_ended(struct hsy_check_resource *s, uint32_t node,
                              const struct hsy_leftovers *left);
/* A link came up or a registration was acknowledged. */
void hsy_check_resource_joined(struct hsy_check_resource *s);
/* An end of a link says that the other one missed three pings. */
void hsy_check_resource_silent(struct hsy_check_resource *s);
void hsy_check_resource_frame(struct hsy_check_resource *s,
                              const struct hsy_frame_seen *frame);
/* S1. */
void hsy_check_resource_look(struct hsy_check_resource *s);
/* S4; @up: nodes that run. */
/* @ends: of links, those to seeds as well. */
void hsy_check_resource_calm(struct hsy_check_resource *s, uint32_t up,
                             uint32_t ends);

#endif
