/**
 * A virtual network for tests of your own program: real nodes under a virtual
 * clock, network and disk, and every fault you ask for.
 *
 * Your program's logic gets callbacks (messages, records, processes that start
 * and end, timers of its own) and calls back in (publish, leave, schedule...);
 * your test strikes (kill, cut, slow...), lets virtual time pass, and looks at
 * what came of it. One PRNG seed decides everything: same configuration, same
 * calls, same run, on every machine.
 *
 * Nodes have numbers: the seeds 0..seeds-1, then the peers. All exist from
 * the beginning, as machines with a disk and an identity; processes start,
 * freeze, crash and stop on them. Times are nanoseconds since the beginning.
 *
 * Calls from callbacks. A function marked [later] may be called from any
 * callback. There it answers 0 once its arguments are found good, and is done
 * at the same virtual time, as soon as the network has done all that it does
 * at that moment, in the order of the calls; on_outcome then tells what came
 * of it. Called from elsewhere it is done at once, and callbacks may come from
 * inside the call. Functions without the mark may be called from callbacks
 * too, unless they say otherwise, and answer at once.
 *
 * One simulation belongs to one thread at a time. Nothing here reads a clock,
 * a file or the environment. What a caller gets wrong is answered with an
 * error, except a pointer that points nowhere.
 */
#ifndef HEARSAY_SIM_H
#define HEARSAY_SIM_H

#include <hearsay.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One virtual network; opaque. */
struct hearsay_sim;

enum {
    HEARSAY_SIM_PEERS_MAX = 1000000,
    /** Calls from callbacks that wait, and timers; each. */
    HEARSAY_SIM_WAITING_MAX = 1000000,
    HEARSAY_SIM_TEXT_LEN = 160
};

/** In place of a node's number: the test itself. */
#define HEARSAY_SIM_NOBODY UINT32_MAX

/** Both ends included. */
struct hearsay_sim_range {
    uint64_t min, max;
};

/** How the network treats what is sent from now on. */
struct hearsay_sim_weather {
    struct hearsay_sim_range latency_ns; /**< One way; up to a day. */
    uint32_t tail_ppm;    /**< So many of a million segments are late: */
    uint64_t tail_ns;     /**< up to this, each doubling half as likely. */
    uint32_t bytes_per_s; /**< Of each direction of a connection, from 1,024;
                               0: no bound. */
    uint32_t window_len;  /**< Bytes that the kernels between two processes
                               hold; at least 1. */
};

/** What the disk of a node does from now on. */
enum hearsay_sim_mood {
    HEARSAY_SIM_DISK_FINE,
    HEARSAY_SIM_DISK_FULL,  /**< Every write fails. */
    HEARSAY_SIM_DISK_FLAKY, /**< One in four fails. */
    HEARSAY_SIM_DISK_LYING  /**< It says done; a crash undoes all since. */
};

/** What may become of a disk while no process uses it. */
enum hearsay_sim_harm {
    HEARSAY_SIM_HARM_LOSE,  /**< All rows. */
    HEARSAY_SIM_HARM_STALE, /**< The last commits are undone. */
    HEARSAY_SIM_HARM_FLIP,  /**< One bit of one row. */
    HEARSAY_SIM_HARM_CUT    /**< One row is cut short. */
};

/** The process on a node's machine. */
enum hearsay_sim_process {
    HEARSAY_SIM_NONE,     /**< Never started, killed, or stopped by itself. */
    HEARSAY_SIM_STARTING, /**< Its start is planned. */
    HEARSAY_SIM_RUNNING,
    HEARSAY_SIM_FROZEN
};

/** The calls that may be done later; see on_outcome. */
enum hearsay_sim_call {
    HEARSAY_SIM_START,
    HEARSAY_SIM_KILL,
    HEARSAY_SIM_FREEZE,
    HEARSAY_SIM_THAW,
    HEARSAY_SIM_LEAVE,
    HEARSAY_SIM_RESTART,
    HEARSAY_SIM_PUBLISH,
    HEARSAY_SIM_CUT,
    HEARSAY_SIM_CUT_WAY,
    HEARSAY_SIM_ISOLATE,
    HEARSAY_SIM_HEAL,
    HEARSAY_SIM_HEAL_PAIR,
    HEARSAY_SIM_RESET,
    HEARSAY_SIM_SLOW,
    HEARSAY_SIM_SET_WEATHER,
    HEARSAY_SIM_DISK_MOOD,
    HEARSAY_SIM_DISK_HARM,
    HEARSAY_SIM_CLOCK_JUMP
};

/** What came of a call that a callback made. */
struct hearsay_sim_outcome {
    enum hearsay_sim_call call;
    uint32_t node; /**< It was about; HEARSAY_SIM_NOBODY: about none. */
    int err;       /**< What the call would have returned. */
    uint64_t seq;  /**< PUBLISH, when @err is 0: the message's number. */
};

/** Your program, on all nodes at once: @node says where. Each function may be
 * NULL. What pointers point to is lent for the call. */
struct hearsay_sim_callbacks {
    void *ctx;
    /** The process at @node begins, with an empty memory: yours too. */
    void (*on_started)(void *ctx, struct hearsay_sim *sim, uint32_t node);
    /** It is gone. @why is NULL when it was killed; else it stopped by
     * itself. Its timers are gone with it. */
    void (*on_ended)(void *ctx, struct hearsay_sim *sim, uint32_t node,
                     const enum hearsay_stop *why);
    /** As HEARSAY_FX_DELIVER. */
    void (*on_message)(void *ctx, struct hearsay_sim *sim, uint32_t node,
                       const struct hearsay_message *message);
    /** As HEARSAY_FX_NOTE; docs/reference.md lists them. "joined" is the one
     * after which a peer can publish. */
    void (*on_note)(void *ctx, struct hearsay_sim *sim, uint32_t node,
                    const struct hearsay_note *note);
    /** A call from a callback was done, or failed. In the order of the
     * calls. */
    void (*on_outcome)(void *ctx, struct hearsay_sim *sim,
                       const struct hearsay_sim_outcome *outcome);
};

/** What is kept of a run besides its nodes. Each costs: the ledger a bit per
 * node and message, the checks a look at every step, the story 8 KiB. */
enum {
    HEARSAY_SIM_KEEP_LEDGER = 1, /**< hearsay_sim_get_missing() */
    HEARSAY_SIM_KEEP_CHECKS =
        2, /**< hearsay_sim_first_broken(); and the ledger. */
    HEARSAY_SIM_KEEP_STORY = 4, /**< hearsay_sim_story() */
    HEARSAY_SIM_KEEP_ALL = 7
};

/** Start from hearsay_sim_config_init(). Borrowed by hearsay_sim_create(),
 * which copies it; strings that @seed and @peer point to stay the caller's and
 * must outlive the simulation. */
struct hearsay_sim_config {
    uint64_t rng;   /**< Decides every random choice. */
    uint32_t seeds; /**< 1..HEARSAY_SEEDS_MAX */
    uint32_t peers; /**< 0..HEARSAY_SIM_PEERS_MAX */
    /** The settings of all seeds and of all peers. Names, secrets, nonces,
     * the list of seeds, addresses, crypto and memory are filled in. */
    struct hearsay_config seed, peer;
    struct hearsay_sim_weather weather;
    struct hearsay_sim_range job_ns;  /**< How long a job takes. */
    struct hearsay_sim_range disk_ns; /**< How long a write takes. */
    bool one_host;          /**< All share one IP address; ports differ. */
    uint64_t wall_start_ms; /**< The wall clocks at time 0. */
    uint32_t keeps;         /**< HEARSAY_SIM_KEEP_... */
    /** Default: hearsay_crypto_null(), whose signatures are worthless but
     * cost nothing; hearsay_crypto_sodium() makes runs some times slower. */
    const struct hearsay_crypto *crypto;
    struct hearsay_mem mem; /**< Of everything here. */
    struct hearsay_sim_callbacks on;
};

/** Fills @config in: rng 1, 3 seeds, 8 peers, the defaults of both roles,
 * 1-20 ms one way, jobs and disk up to a few ms, all kept, no callbacks. Peers
 * publish nothing by themselves (peer.gossip_count is 0). */
HEARSAY_API void hearsay_sim_config_init(struct hearsay_sim_config *config);

/**
 * Makes a network at time 0, in which no process runs yet.
 *
 * Gives *@out, to be returned to hearsay_sim_destroy(). On failure *@out is
 * untouched. HEARSAY_ERR_INVALID: a setting is out of range, and *@why (may
 * be NULL) says which in a static string. HEARSAY_ERR_NOMEM.
 */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_create(struct hearsay_sim **out,
                   const struct hearsay_sim_config *config, const char **why);

/** Frees all; no callback comes. NULL is a no-op. From a callback it does
 * nothing. */
HEARSAY_API void hearsay_sim_destroy(struct hearsay_sim *sim);

/**
 * Lets virtual time pass up to @until_ns, and everything up to then happen.
 *
 * HEARSAY_ERR_STATE from a callback, and HEARSAY_ERR_INVALID for a time that
 * has passed; nothing happened. Final, so that every later call here answers
 * the same and hearsay_sim_fault() says why: HEARSAY_ERR_NOMEM;
 * HEARSAY_ERR_STATE for a node that broke its contract;
 * HEARSAY_ERR_FULL for callbacks that made 1,000,000 calls or timers
 * at one moment and let no time pass.
 */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_run(struct hearsay_sim *sim,
                                                 uint64_t until_ns);

/** Why running ended for good; "" while all is well. Static. */
HEARSAY_API const char *hearsay_sim_fault(const struct hearsay_sim *sim);

/* -------------------------------------------------- what your program does */

/* The errors that all functions marked [later] share. HEARSAY_ERR_INVALID: no
 * such node, or an argument out of range. HEARSAY_ERR_FULL:
 * HEARSAY_SIM_WAITING_MAX calls wait. HEARSAY_ERR_NOMEM. The call was not
 * taken. HEARSAY_ERR_STATE: the process is not in a state for it; nothing
 * happened. And the error that ended hearsay_sim_run() for good. */

/** [later] Publishes as HEARSAY_EV_PUBLISH does, with its errors, also
 * HEARSAY_ERR_STATE when no process runs there. @topic may be NULL; @payload
 * may be NULL when @payload_len is 0; both are copied if need be.
 * *@out_seq (may be NULL) is the message's number, or 0 from a callback:
 * on_outcome tells it then. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_publish(struct hearsay_sim *sim, uint32_t node, const char *topic,
                    const void *payload, size_t payload_len, uint64_t *out_seq);

/** [later] Leaves in order, as HEARSAY_EV_LEAVE; on_ended follows. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_leave(struct hearsay_sim *sim,
                                                   uint32_t node);

/** What a timer calls. */
typedef void (*hearsay_sim_timer)(void *arg, struct hearsay_sim *sim,
                                  uint32_t node);

/**
 * Calls @timer once, @delay_ns from now. At once also from a callback.
 *
 * The timer belongs to the process that runs at @node: it ends with it without
 * a call, and while that is frozen it waits for the thaw. (hearsay_sim_slow()
 * does not slow it.) @node HEARSAY_SIM_NOBODY: it belongs to the test and
 * always comes. @arg is handed back. Timers of one moment come in the order in
 * which they were made, after all that the network does at that moment. From
 * @timer, functions marked [later] are done later as from any callback.
 *
 * HEARSAY_ERR_INVALID: no such node, or @timer is NULL. HEARSAY_ERR_STATE: no
 * process there. HEARSAY_ERR_FULL: HEARSAY_SIM_WAITING_MAX timers wait.
 * HEARSAY_ERR_NOMEM. No timer was made.
 */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_schedule(struct hearsay_sim *sim, uint32_t node, uint64_t delay_ns,
                     hearsay_sim_timer timer, void *arg);

/** A number in 0..@bound - 1 (@bound 0: any 64 bits) for your program's own
 * choices; it follows from the run's PRNG seed and the calls made so far. */
HEARSAY_API uint64_t hearsay_sim_random(struct hearsay_sim *sim,
                                        uint64_t bound);

/* ----------------------------------------------------------- what befalls it
 */

/** [later] Starts a process @delay_ns from now. A machine's disk keeps what
 * earlier processes wrote. HEARSAY_ERR_STATE: there is one, or a start is
 * planned. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_start(struct hearsay_sim *sim, uint32_t node, uint64_t delay_ns);

/** Starts all that have no process: seeds now, each peer after a random part
 * of @spread_ns, at most a day (else HEARSAY_ERR_INVALID). HEARSAY_ERR_STATE:
 * from a callback. HEARSAY_ERR_NOMEM: some may have been started. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_start_all(struct hearsay_sim *sim,
                                                       uint64_t spread_ns);

/** [later] As kill -9 or a power cut: of what was being written, the disk may
 * keep a part. Also takes back a planned start. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_kill(struct hearsay_sim *sim,
                                                  uint32_t node);

/** [later] As SIGSTOP: its kernel goes on taking bytes and connections. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_freeze(struct hearsay_sim *sim,
                                                    uint32_t node);

/** [later] As SIGCONT. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_thaw(struct hearsay_sim *sim,
                                                  uint32_t node);

/** [later] A kill, and a start @delay_ns later. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_restart(struct hearsay_sim *sim, uint32_t node, uint64_t delay_ns);

/** [later] Nothing passes between @a and @b until a heal: it waits, as TCP
 * does, and dials time out. HEARSAY_ERR_INVALID: one and the same. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_cut(struct hearsay_sim *sim,
                                                 uint32_t a, uint32_t b);

/** [later] Nothing passes from @from to @to; the other way goes on. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_cut_way(struct hearsay_sim *sim, uint32_t from, uint32_t to);

/** [later] Cuts @node off from everybody. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_isolate(struct hearsay_sim *sim,
                                                     uint32_t node);

/** [later] Ends every cut that @node is part of. HEARSAY_SIM_NOBODY: every
 * cut there is. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_heal(struct hearsay_sim *sim,
                                                  uint32_t node);

/** [later] Ends the cuts between these two; an isolated one stays so. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_heal_pair(struct hearsay_sim *sim,
                                                       uint32_t a, uint32_t b);

/** [later] Each connection of @node breaks with this chance (of 1,000,000):
 * what is in flight is lost, and both ends see a reset. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_reset(struct hearsay_sim *sim, uint32_t node, uint32_t chance_ppm);

/** [later] What reaches its process, its jobs and the node's own timers come
 * so much later, up to an hour; 0 ends it. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_slow(struct hearsay_sim *sim, uint32_t node, uint64_t extra_ns);

/** [later] What is sent from now on, by anybody, is treated so; what is on its
 * way stays as it is. Borrows @weather. HEARSAY_ERR_INVALID: out of its
 * ranges; the weather stays. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_set_weather(struct hearsay_sim *sim,
                        const struct hearsay_sim_weather *weather);

/** [later] Writes of @node from now on go so, whether a process runs there or
 * not, until another mood. A lying disk excuses what Hearsay promises of that
 * node's registry (hearsay_sim_first_broken()). */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_disk_mood(struct hearsay_sim *sim, uint32_t node,
                      enum hearsay_sim_mood mood);

/** [later] Damages what the disk of @node holds; its next process finds it so.
 * HEARSAY_ERR_STATE: a process runs there. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_disk_harm(struct hearsay_sim *sim, uint32_t node,
                      enum hearsay_sim_harm harm);

/** [later] Its wall clock jumps by @jump_ms, at most 100 years either way and
 * not below 0. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_clock_jump(struct hearsay_sim *sim, uint32_t node, int64_t jump_ms);

/* ------------------------------------------------------------- looking at it
 */

/** Nanoseconds since the beginning. */
HEARSAY_API uint64_t hearsay_sim_now(const struct hearsay_sim *sim);
/** Seeds and peers together. */
HEARSAY_API uint32_t hearsay_sim_count(const struct hearsay_sim *sim);
/** Seeds alone: the first of all nodes. */
HEARSAY_API uint32_t hearsay_sim_seeds(const struct hearsay_sim *sim);
/** As it is set now. */
HEARSAY_API struct hearsay_sim_weather
hearsay_sim_get_weather(const struct hearsay_sim *sim);

/** A hash of everything that any node has done so far: equal for equal runs. */
HEARSAY_API uint64_t hearsay_sim_digest(const struct hearsay_sim *sim);

/** Whose id is this, for example a message's origin? False: nobody's. */
HEARSAY_API bool hearsay_sim_find(const struct hearsay_sim *sim,
                                  const struct hearsay_id *id,
                                  uint32_t *out_node);

/** One node. */
struct hearsay_sim_node {
    struct hearsay_id id;
    struct hearsay_addr addr;
    struct hearsay_now clock; /**< The two clocks of its host. */
    enum hearsay_sim_process process;
    bool isolated;
    bool joined;     /**< A peer that has joined, a seed that serves. */
    uint32_t degree; /**< Overlay links; 0 without a process. */
};

/** HEARSAY_ERR_INVALID: no such node; *@out is untouched. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_look(const struct hearsay_sim *sim,
                                                  uint32_t node,
                                                  struct hearsay_sim_node *out);

/** All of it. The peers that count for the overlay run and are not cut off
 * from everybody. */
struct hearsay_sim_status {
    uint64_t now_ns;
    uint64_t digest;
    uint64_t steps;     /**< hearsay_step() calls. */
    uint32_t running;   /**< Processes that run, frozen ones not counted. */
    uint32_t joined;    /**< Of the peers that run. */
    uint32_t connected; /**< Peers that count for the overlay. */
    uint32_t components;
    uint32_t links;
    uint32_t one_sided; /**< Links that only one end knows of. */
    uint64_t published; /**< From here on 0 unless the ledger is kept. */
    uint64_t delivered; /**< To others than the origin. */
};

/** HEARSAY_ERR_NOMEM: *@out is untouched. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_get_status(struct hearsay_sim *sim, struct hearsay_sim_status *out);

/** Pairs of a message and a peer that had joined before it was published, has
 * run ever since, and is not cut off from everybody. */
struct hearsay_sim_missing {
    uint64_t expected, missed;
    uint32_t origin, node; /**< The first pair missed, if any. */
    uint64_t seq;
};

/** Of messages published at @from_ns or later. HEARSAY_ERR_STATE: the ledger
 * is not kept; *@out is untouched. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_get_missing(const struct hearsay_sim *sim, uint64_t from_ns,
                        struct hearsay_sim_missing *out);

/** A promise of Hearsay that did not hold (docs/testing.md, Invariants): a bug
 * of ours, please report it with the run's PRNG seed. */
struct hearsay_sim_broken {
    const char *name; /**< "B2"; static. */
    const char *says; /**< What the promise is; static. */
    uint32_t node;    /**< Where, or about whom. */
    uint64_t at_ns;
    char text[HEARSAY_SIM_TEXT_LEN];
};

/** Safety is checked after every step. True: *@out is the first promise that
 * broke. False: all hold, or checks are not kept; *@out is untouched. */
HEARSAY_API bool hearsay_sim_first_broken(const struct hearsay_sim *sim,
                                          struct hearsay_sim_broken *out);

/** Checks liveness too: call it when all is healed and has settled, two
 * minutes after the last fault. hearsay_sim_first_broken() tells what came of
 * it. HEARSAY_ERR_STATE: from a callback, or the checks are not kept.
 * HEARSAY_ERR_NOMEM. */
HEARSAY_API HEARSAY_MUST_USE int hearsay_sim_calm(struct hearsay_sim *sim);

/** Whether @invariant ("B3") counts for hearsay_sim_first_broken(). At the
 * beginning those do that docs/testing.md names as armed by the simulator.
 * HEARSAY_ERR_INVALID: there is no such one. HEARSAY_ERR_STATE: the checks are
 * not kept. */
HEARSAY_API HEARSAY_MUST_USE int
hearsay_sim_arm(struct hearsay_sim *sim, const char *invariant, bool armed);

/** Writes the last 40 records of the run, readable, one a line, into
 * @story_len bytes with a final NUL; what has no room is cut. "" unless the
 * story is kept. */
HEARSAY_API void hearsay_sim_story(const struct hearsay_sim *sim, char *story,
                                   size_t story_len);

#ifdef __cplusplus
}
#endif

#endif
