/* What the files of the swarm share; nobody else includes this.
 *
 *   swarm_draw.c    a plan from one PRNG seed
 *   swarm_strike.c  the blows, and the end of each
 *   swarm_core.c    the core that must become whole, and whether it did
 *   swarm.c         a run: its network, its phases, its result
 */
#ifndef HSY_SIM_SWARM_INNER_H
#define HSY_SIM_SWARM_INNER_H

#include "base/prng.h"
#include "sim/swarm.h"
#include "sim/witness.h"

enum {
    HSY_DEEDS_MAX = 1024,
    HSY_SWARM_NODES_MAX = 256,
    HSY_SWARM_WINDOW = 256 * 1024 /* Bytes a healthy connection holds. */
};
_Static_assert(HSY_SWARM_SEEDS_MAX + HSY_SWARM_PEERS_MAX <= HSY_SWARM_NODES_MAX,
               "a run has fixed arrays");

/* What is to be done later because of a strike. */
enum hsy_deed_kind {
    HSY_DEED_THAW,
    HSY_DEED_FAST,      /* No longer slow. */
    HSY_DEED_DISK_FINE, /* And a process that ended because of it is back. */
    HSY_DEED_CRASH,     /* Of a machine whose disk lied. */
    HSY_DEED_ISOLATE,
    HSY_DEED_HEAL,
    HSY_DEED_REJOIN /* The pairs that the strike cut. */
};

struct hsy_deed {
    uint64_t at_ns;
    uint64_t seq; /* Of those of one moment, the order they were planned in. */
    enum hsy_deed_kind kind;
    uint32_t node; /* REJOIN: index of the strike. */
};

/* What became of a node. */
enum hsy_fate {
    HSY_FATE_CORE,
    HSY_FATE_GONE, /* Dead, frozen or cut off from all: for everybody. */
    HSY_FATE_GREY  /* Broken for some only; nothing is promised about it. */
};

/* Which stream of a plan decides what. */
enum hsy_swarm_stream {
    HSY_SWARM_STREAM_CLUSTER,
    HSY_SWARM_STREAM_STARTS,
    HSY_SWARM_STREAM_TRAFFIC,
    HSY_SWARM_STREAM_CORE
};

/* Of a message that is drawn: some have more pieces than one. */
enum { HSY_SWARM_PAYLOAD_MAX = 192 * 1024 };

struct hsy_swarm {
    struct hearsay_mem mem;
    const struct hsy_swarm_plan *plan;
    const struct hsy_swarm_setup *setup;
    struct hsy_swarm_result *out;
    struct hsy_line blows;
    struct hearsay_config seed_config, peer_config;
    struct hsy_witness *w; /* Owned, and with it the cluster. */
    struct hsy_cluster *c;
    struct hsy_prng traffic, core;
    uint32_t count;
    uint32_t ghosts; /* In a list, and gone. */
    uint32_t hidden; /* Alive, and not in every list. */
    uint32_t joins;  /* Links and registrations, in the calm. */
    uint32_t deeds_count;
    uint64_t deeds_seq;
    struct hsy_deed deeds[HSY_DEEDS_MAX]; /* By time. */
    enum hsy_fate fates[HSY_SWARM_NODES_MAX];
    int64_t clock_ms[HSY_SWARM_NODES_MAX]; /* Sum of its jumps. */
    bool hubs[HSY_SWARM_NODES_MAX];        /* Of the last strike that asked. */
    uint8_t payload[HSY_SWARM_PAYLOAD_MAX];
};

/* Classes that break connections or keep bytes from passing. */
#define HSY_SWARM_BREAKS_LINKS                                                 \
    (HSY_SWARM_BIT(HSY_SWARM_RESET) | HSY_SWARM_BIT(HSY_SWARM_CLOG) |          \
     HSY_SWARM_BIT(HSY_SWARM_CUT) | HSY_SWARM_BIT(HSY_SWARM_ONE_WAY) |         \
     HSY_SWARM_BIT(HSY_SWARM_SPLIT) | HSY_SWARM_BIT(HSY_SWARM_BRIDGE) |        \
     HSY_SWARM_BIT(HSY_SWARM_ISOLATE) | HSY_SWARM_BIT(HSY_SWARM_SEEDS_APART) | \
     HSY_SWARM_BIT(HSY_SWARM_HUBS_APART))

static inline bool hsy_swarm_is_on(const struct hsy_swarm_plan *p,
                                   enum hsy_swarm_fault fault)
{
    return (p->on & HSY_SWARM_BIT(fault)) != 0;
}

/* swarm_draw.c: a random number named by two others. */
uint64_t hsy_swarm_mix(uint64_t a, uint64_t b);

/* swarm.c: the first failure counts. */
void hsy_swarm_broke(struct hsy_swarm *s, const char *what, uint32_t node,
                     const char *text);
/* The same of some number. */
void hsy_swarm_broke_at(struct hsy_swarm *s, const char *what, uint32_t node,
                        const char *text, uint64_t number);
void hsy_swarm_told(struct hsy_swarm *s);
/* Lets time pass, and looks whether all holds. */
void hsy_swarm_pass(struct hsy_swarm *s, uint64_t until_ns);
bool hsy_swarm_failed(const struct hsy_swarm *s);
/* A number for each node that stays the same when others are missing. */
uint64_t hsy_swarm_name(const struct hsy_swarm *s, uint32_t node);

/* swarm_strike.c */
void hsy_swarm_strike(struct hsy_swarm *s, uint32_t index);
/* When the next deed is due; HEARSAY_NEVER. */
uint64_t hsy_swarm_next_deed(const struct hsy_swarm *s);
void hsy_swarm_do_deed(struct hsy_swarm *s);
/* What a strike does, in the story and in the list of blows. */
void hsy_swarm_tell(struct hsy_swarm *s, const char *what, int64_t node,
                    uint64_t lasts_ns);

/* swarm_core.c */
void hsy_swarm_choose_core(struct hsy_swarm *s);
void hsy_swarm_check_core(struct hsy_swarm *s);

#endif
