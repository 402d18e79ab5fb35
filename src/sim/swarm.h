/* Swarm testing: a network, its weather and what befalls it are drawn from
 * one PRNG seed; it lives through that; then a random core of it gets healthy
 * links and must become whole, while everything else stays broken for good.
 *
 * Each class of faults is on with p = 1/2. A plan is drawn completely before
 * anything runs, each concern from a stream of its own: without one class, or
 * with fewer nodes, the rest of the plan is the same. That is what makes a
 * failure shrink (sim/minimise.h). */
#ifndef HSY_SIM_SWARM_H
#define HSY_SIM_SWARM_H

#include "hearsay.h"
#include "sim/marks.h"

struct hsy_machine;

/* name, what --help says of it */
#define HSY_SWARM_FAULTS(X)                                               \
    X(DELAY, "delay", "links of up to 500 ms one way")                    \
    X(TAIL, "tail", "one segment in a hundred up to 30 s late")           \
    X(NARROW, "narrow", "links of 16 KiB to 1 MiB, and as much a second") \
    X(RESET, "reset", "up to 2 % of connections a second break")          \
    X(CLOG, "clog", "links stop one by one, go on in another order")      \
    X(CUT, "cut", "nothing passes between two nodes")                     \
    X(ONE_WAY, "one-way", "bytes pass in one direction only")             \
    X(SPLIT, "split", "two halves that do not hear each other")           \
    X(BRIDGE, "bridge", "two halves that one node alone connects")        \
    X(ISOLATE, "isolate", "one node hears nobody")                        \
    X(SEEDS_APART, "seeds-apart", "seeds reach each other only")          \
    X(HUBS_APART, "hubs-apart", "hubs reach each other only")             \
    X(CRASH, "crash", "kill -9, and back with the disk as it was")        \
    X(PAUSE, "pause", "a process stands still for 10 ms to 120 s")        \
    X(SLOW, "slow", "all that a process does is late")                    \
    X(LEAVE, "leave", "graceful departures")                              \
    X(LATE_JOIN, "late-join", "some start in the middle of it")           \
    X(FLASH, "flash", "nine in ten peers start within a second")          \
    X(RESTART_ALL, "restart-all", "all peers, seeds or nodes restart")    \
    X(HALF, "half", "half the network dies at once")                      \
    X(LATE_JOBS, "late-jobs", "signatures take up to 2 s")                \
    X(DISK_LOST, "disk-lost", "a crash, and the disk is empty")           \
    X(DISK_STALE, "disk-stale", "a crash, and the last commits are gone") \
    X(DISK_CORRUPT, "disk-corrupt", "a crash, and a row is damaged")      \
    X(DISK_FULL, "disk-full", "every write fails for a while")            \
    X(DISK_FLAKY, "disk-flaky", "one write in four fails for a while")    \
    X(DISK_LYING, "disk-lying", "fsync lies, then a crash")               \
    X(CLOCK, "clock", "a wall clock jumps by up to ten years")            \
    X(SEEDS, "seeds", "what befalls peers befalls seeds, too")

enum hsy_swarm_fault {
#define X(name, text, says) HSY_SWARM_##name,
    HSY_SWARM_FAULTS(X)
#undef X
        HSY_SWARM_FAULTS_COUNT
};
/* A set of classes: bit 1 << fault. */
#define HSY_SWARM_BIT(fault) (UINT64_C(1) << (fault))
#define HSY_SWARM_ALL (HSY_SWARM_BIT(HSY_SWARM_FAULTS_COUNT) - 1)

const char *hsy_swarm_fault_name(enum hsy_swarm_fault fault);
const char *hsy_swarm_fault_says(enum hsy_swarm_fault fault);
/* False: there is no such class. */
bool hsy_swarm_fault_find(const char *name, size_t name_len,
                          enum hsy_swarm_fault *out);

/* What is wanted other than drawn. All zero but rng: nothing. */
struct hsy_swarm_choice {
    uint64_t rng;
    uint64_t only;    /* Not 0: these classes are on, and no others. */
    uint64_t without; /* These are off. */
    uint32_t seeds;   /* 0: as drawn. */
    uint32_t peers;   /* 0: as drawn. */
    uint64_t for_ns;  /* Of the safety phase; 0: as drawn. */
};

enum {
    HSY_SWARM_STREAMS = 4,
    HSY_SWARM_SEEDS_MAX = 7,
    HSY_SWARM_PEERS_MAX = 200,
    HSY_SWARM_STRIKES_MAX = 160
};
#define HSY_SWARM_FOR_MAX_NS (UINT64_C(3600) * 1000 * 1000 * 1000)

/* One blow. Its two random numbers decide all that is still open when it
 * falls, so it needs no generator of its own. */
struct hsy_strike {
    uint64_t at_ns;
    uint64_t lasts_ns;
    uint64_t whom, how; /* Random. */
    enum hsy_swarm_fault fault;
};

struct hsy_swarm_plan {
    struct hsy_swarm_choice choice;
    uint64_t on;                       /* Classes. */
    uint32_t seeds, peers;             /* That there are. */
    uint32_t seeds_drawn, peers_drawn; /* That strikes are aimed at. */
    uint64_t for_ns;
    /* The network. */
    enum hearsay_overlay overlay;
    uint32_t links_wanted;
    uint32_t gossip_count;
    uint64_t gossip_interval_ns;
    uint64_t ping_interval_ns;
    /* Bounds of peers; 0: the usual ones, which nothing here comes near. */
    uint32_t links_max, jobs_max, book_max, seen_max;
    /* How messages spread, and what is kept of them; 0: as usual. */
    enum hearsay_relay relay;
    uint32_t history; /* UNLIMITED: all, as usual. */
    uint32_t retain_max;
    uint64_t retain_ns;
    uint64_t ordered_wait_ns;
    bool retain_on_disk;
    bool one_host;
    uint64_t stagger_ns;
    /* The weather of the safety phase. */
    uint64_t latency_min_ns, latency_max_ns, job_max_ns, disk_max_ns;
    uint32_t tail_ppm, bytes_per_s, window_len, reset_ppm;
    uint64_t tail_ns;
    uint32_t publish_percent; /* Chance of a message each second. */
    uint32_t burst_percent;   /* And of so many short ones at once. */
    uint32_t burst;
    bool burst_of_all; /* Each of another peer, not all of one. */
    uint32_t strikes_count;
    struct hsy_strike strikes[HSY_SWARM_STRIKES_MAX]; /* By time. */
    uint64_t
        streams[HSY_SWARM_STREAMS]; /* Seeds of what is drawn while it runs. */
};

/* The choice must be within the bounds above. */
void hsy_swarm_draw(struct hsy_swarm_plan *out,
                    const struct hsy_swarm_choice *choice);

struct hsy_swarm_setup {
    struct hearsay_mem mem;
    const struct hsy_machine *machine; /* Makes real nodes; NULL: the usual. */
    const struct hearsay_crypto *crypto;
    uint64_t hash_salt;
    /* Each record and each blow as a line; NULL: nobody. */
    void (*trace)(void *ctx, const char *line);
    void *ctx;
};

enum {
    HSY_SWARM_INVARIANTS_MAX = 32,
    HSY_SWARM_STORY_LEN = 12 * 1024,
    HSY_SWARM_BLOWS_LEN = 4 * 1024
};

/* What was looked at: pairs of a message and a node other than its origin. */
struct hsy_swarm_pairs {
    uint64_t published; /* Messages. */
    uint64_t all;       /* Each with each other peer. */
    /* Deliveries: each was compared with what was published. */
    uint64_t delivered, phantom, twice, altered;
    /* Pairs of which it was asked whether the message is lost (B3, B7, and
     * what the core publishes last), each counted once; those that were. */
    uint64_t judged, lost;
    uint64_t left_out; /* Questions that a full table kept from being asked. */
};

/* Plain bytes, so that a process can hand it to another. */
struct hsy_swarm_result {
    /* "": all held. Otherwise an invariant ("B2"), or what the core did not
     * get ("joined", "lists", "overlay", "messages", "calm"), or "contract"
     * when a node broke it. */
    char what[16];
    char text[200];
    uint64_t at_ns;
    uint64_t for_ns; /* The safety phase. */
    uint64_t digest, steps, virtual_ns;
    uint64_t on, struck; /* Classes drawn, and those that fell. */
    uint32_t seeds, peers, core;
    /* Per invariant: times broken (armed or not), times looked at. */
    uint32_t broken[HSY_SWARM_INVARIANTS_MAX];
    uint64_t looked[HSY_SWARM_INVARIANTS_MAX];
    struct hsy_swarm_pairs pairs;
    struct hsy_marks marks;
    char blows[HSY_SWARM_BLOWS_LEN]; /* What was broken, where and when. */
    char story[HSY_SWARM_STORY_LEN]; /* The last records of a failure. */
};

/* HEARSAY_ERR_NOMEM, and *@out says so too. A failure of the network is no
 * error here. */
HEARSAY_MUST_USE int hsy_swarm_run(struct hsy_swarm_result *out,
                                   const struct hsy_swarm_plan *plan,
                                   const struct hsy_swarm_setup *setup);

enum { HSY_SWARM_REPRO_LEN = 640 };
/* "hearsay sim --swarm --rng 0x..." and what else the choice says. */
void hsy_swarm_repro(char out[HSY_SWARM_REPRO_LEN],
                     const struct hsy_swarm_choice *choice);

#endif
