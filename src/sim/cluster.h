/* A virtual cluster: real nodes, and around them everything that a host
 * gives a node (links, disks, workers, clocks), in virtual time and from one
 * PRNG seed. Same settings, same operations: identical effects.
 *
 * Nodes are numbered: the seeds 0..seeds-1, then the peers. All exist from
 * the beginning, as machines with a disk and an identity; their processes
 * start, crash, freeze and stop.
 *
 * Links behave as TCP between Linux hosts does: a dial takes a round trip; it
 * is refused when no process listens; the kernel of a frozen process accepts
 * and takes bytes (as many as its buffers hold) but nobody answers; bytes
 * arrive in order, cut and joined anyhow; what is cut off waits and is
 * delivered after the heal. */
#ifndef HSY_SIM_CLUSTER_H
#define HSY_SIM_CLUSTER_H

#include "base/range.h"
#include "hearsay.h"

struct hsy_cluster;

/* What the cluster drives: hearsay_node, or a toy in tests of the cluster. */
struct hsy_machine {
    int (*create)(struct hearsay_node **out,
                  const struct hearsay_config *config, const char **why);
    void (*destroy)(struct hearsay_node *node);
    int (*restore)(struct hearsay_node *node, const struct hearsay_row *row);
    int (*step)(struct hearsay_node *node, const struct hearsay_now *now,
                const struct hearsay_event *ev);
    bool (*next_effect)(struct hearsay_node *node, struct hearsay_effect *out);
    uint64_t (*deadline)(const struct hearsay_node *node);
    /* Has what a step looks at brought to the cache; may be NULL. */
    void (*fetch)(const struct hearsay_node *node, bool deep);
    enum hearsay_job_kind (*job_kind)(const struct hearsay_job *job);
    void (*job_run)(struct hearsay_job *job);
};
/* The real one. */
const struct hsy_machine *hsy_machine_node(void);

/* A direct message, or a query. */
struct hsy_ask_for {
    const uint8_t *payload;
    size_t payload_len;
    uint64_t timeout_ns; /* 0: the node's default. */
};
enum { HSY_TO_ALL = INT32_MAX };

/* Who is told what happens. Any function may be NULL. None may call back
 * into the cluster, except to read. @now_ns is virtual time. */
struct hsy_observer {
    void *ctx;
    void (*note)(void *ctx, uint32_t node, uint64_t now_ns,
                 const struct hearsay_note *note);
    void (*delivered)(void *ctx, uint32_t node, uint64_t now_ns,
                      const struct hearsay_message *message);
    /* What is for one application alone: DELIVER of a direct message, RECEIPT,
     * ANSWER, QUERY_DONE, FOUND, FIND_DONE, MEMBER. */
    void (*told)(void *ctx, uint32_t node, uint64_t now_ns,
                 const struct hearsay_effect *fx);
    /* By hsy_cluster_publish(). */
    void (*published)(void *ctx, uint32_t node, uint64_t seq,
                      const uint8_t *payload, size_t payload_len);
    /* By hsy_cluster_send(), or by hsy_cluster_query(): then @to is
     * HSY_TO_ALL. */
    void (*asked)(void *ctx, uint32_t node, uint32_t to, uint64_t number,
                  const struct hsy_ask_for *what);
    void (*started)(void *ctx, uint32_t node);
    /* A process is gone. @why NULL: killed; else it stopped by itself. */
    void (*ended)(void *ctx, uint32_t node, const enum hearsay_stop *why);
    /* Whole frames (u32 length | u8 type | ...), one or more, were given to a
     * link from @from to @to. Borrowed. */
    void (*sent)(void *ctx, uint32_t from, uint32_t to, const uint8_t *bytes,
                 size_t len);
    /* A step of @node is over and its effects are carried out. Its process
     * may be gone: ask hsy_cluster_node(). */
    void (*stepped)(void *ctx, uint32_t node);
};

struct hsy_cluster_config {
    struct hearsay_mem mem;
    const struct hsy_machine *machine;
    struct hsy_observer observer;
    uint64_t rng;
    uint32_t seeds, peers; /* 1..HEARSAY_SEEDS_MAX, 0..1,000,000 */
    /* Templates, borrowed for the life of the cluster: identity, addresses,
     * seed list, crypto and memory are filled in. */
    const struct hearsay_config *seed_config, *peer_config;
    const struct hearsay_crypto *crypto;
    struct hsy_range latency_ns; /* One way. */
    struct hsy_range job_ns;
    struct hsy_range disk_ns;
    struct hsy_range clock_ns; /* What a host's monotonic clock begins at. */
    uint64_t dial_timeout_ns;
    uint32_t tail_ppm;    /* So many of a million segments are late: */
    uint64_t tail_ns;     /* up to this much, each doubling half as likely. */
    uint32_t bytes_per_s; /* Of each direction of a connection; 0: no bound. */
    uint32_t window_len;  /* Bytes that the kernels between two hold. */
    uint32_t backlog_max; /* Connections waiting for a frozen process. */
    bool one_host;        /* All nodes share one IP; ports differ. */
    /* Public addresses instead, of so many /24, in turn; 0: private ones. From
     * the peer @strangers_from on (from 1; 0: none), of @strangers_groups
     * others. Below 65,536 nodes. */
    uint32_t groups, strangers_from, strangers_groups;
    uint64_t wall_start_ms;
    uint64_t hash_salt; /* Of all hash tables; changes nothing to be seen. */
};

/* 1-20 ms one way, jobs and disk at once up to a few ms. The caller sets
 * machine, rng, seeds, peers, the templates and crypto. */
void hsy_cluster_config_init(struct hsy_cluster_config *config,
                             const struct hearsay_mem *mem);

/* NULL: @config is good for hsy_cluster_create(). Else what is wrong with
 * it, and what to do; static. */
const char *hsy_cluster_config_fault(const struct hsy_cluster_config *config);

/* No process runs yet. HEARSAY_ERR_NOMEM; HEARSAY_ERR_INVALID: see
 * hsy_cluster_config_fault(). */
HEARSAY_MUST_USE int
hsy_cluster_create(struct hsy_cluster **out,
                   const struct hsy_cluster_config *config);
void hsy_cluster_destroy(struct hsy_cluster *c);

enum hsy_process {
    HSY_PROCESS_NONE,     /* Never started, killed, or stopped by itself. */
    HSY_PROCESS_STARTING, /* Its start is planned. */
    HSY_PROCESS_RUNNING,
    HSY_PROCESS_FROZEN
};

/* Operations take place now. HEARSAY_ERR_STATE: the process is not in a
 * state for it; nothing happened. */
HEARSAY_MUST_USE int hsy_cluster_start(struct hsy_cluster *c, uint32_t node,
                                       uint64_t delay_ns);
HEARSAY_MUST_USE int hsy_cluster_kill(struct hsy_cluster *c, uint32_t node);
HEARSAY_MUST_USE int hsy_cluster_freeze(struct hsy_cluster *c, uint32_t node);
HEARSAY_MUST_USE int hsy_cluster_thaw(struct hsy_cluster *c, uint32_t node);
HEARSAY_MUST_USE int hsy_cluster_leave(struct hsy_cluster *c, uint32_t node);
/* The application follows membership from now on; with the process it ends. */
HEARSAY_MUST_USE int hsy_cluster_watch(struct hsy_cluster *c, uint32_t node);
/* As hearsay_step() with PUBLISH. */
HEARSAY_MUST_USE int hsy_cluster_publish(struct hsy_cluster *c, uint32_t node,
                                         const uint8_t *payload,
                                         size_t payload_len, uint64_t *out_seq);
/* As hearsay_step() with SEND. */
HEARSAY_MUST_USE int hsy_cluster_send(struct hsy_cluster *c, uint32_t node,
                                      uint32_t to,
                                      const struct hsy_ask_for *what,
                                      uint64_t *out_number);
/* As hearsay_step() with QUERY. */
HEARSAY_MUST_USE int hsy_cluster_query(struct hsy_cluster *c, uint32_t node,
                                       const struct hsy_ask_for *what,
                                       uint64_t *out_seq);
/* As hearsay_step() with FIND, of the node @whom, or of HSY_TO_ALL. */
HEARSAY_MUST_USE int hsy_cluster_look_up(struct hsy_cluster *c, uint32_t node,
                                         uint32_t whom, uint64_t *out_number);
/* What no honest node would do: @from says whole frames of somebody else's
 * making to @to. False: they have no link that is up, or there is no memory. */
bool hsy_cluster_say(struct hsy_cluster *c, uint32_t from, uint32_t to,
                     const uint8_t *bytes, size_t len);
/* Signs as @node does. */
void hsy_cluster_sign(const struct hsy_cluster *c, uint32_t node,
                      const uint8_t *bytes, size_t len, uint8_t *out_sig);
/* Nothing passes between @a and @b, either way, until a heal. */
HEARSAY_MUST_USE int hsy_cluster_cut(struct hsy_cluster *c, uint32_t a,
                                     uint32_t b);
void hsy_cluster_isolate(struct hsy_cluster *c, uint32_t node);
/* Nothing passes from @from to @to; the other way does. A dial over it, from
 * either side, times out. */
HEARSAY_MUST_USE int hsy_cluster_cut_way(struct hsy_cluster *c, uint32_t from,
                                         uint32_t to);
/* Nothing passes between hosts of different sides, until the next call; beside
 * all cuts. @sides: a number per node, borrowed for the call; NULL: the network
 * is whole again. */
void hsy_cluster_split(struct hsy_cluster *c, const uint8_t *sides);
/* Ends every cut that @node is part of. */
void hsy_cluster_heal(struct hsy_cluster *c, uint32_t node);
/* Ends the cuts between these two. An isolated one stays isolated. */
void hsy_cluster_heal_pair(struct hsy_cluster *c, uint32_t a, uint32_t b);

/* How the network treats what is sent from now on; config says how it begins.
 * What is on its way keeps its time of arrival. */
struct hsy_weather {
    struct hsy_range latency_ns;
    uint32_t tail_ppm;
    uint64_t tail_ns;
    uint32_t bytes_per_s;
    uint32_t window_len;
};
void hsy_cluster_set_weather(struct hsy_cluster *c,
                             const struct hsy_weather *weather);
struct hsy_weather hsy_cluster_weather(const struct hsy_cluster *c);

/* Each connection of @node breaks with this chance: the bytes in flight are
 * lost, and both ends see a reset (one that is cut off, after the heal).
 * Returns how many broke. */
uint32_t hsy_cluster_reset(struct hsy_cluster *c, uint32_t node,
                           uint32_t chance_ppm);
/* Whatever reaches the process of @node, its jobs and its timers come so much
 * later than they should, from now on; 0 ends it. */
void hsy_cluster_slow(struct hsy_cluster *c, uint32_t node, uint64_t extra_ns);
/* What is sent from now on to or from @node is so much longer under way, each
 * way, than the weather makes it; 0 ends it. */
void hsy_cluster_far(struct hsy_cluster *c, uint32_t node, uint64_t extra_ns);
/* As behind a NAT: nobody who dials @node from now on gets an answer. Its own
 * dials, and connections that are there, are as before. */
void hsy_cluster_nat(struct hsy_cluster *c, uint32_t node, bool on);
uint64_t hsy_cluster_distance(const struct hsy_cluster *c, uint32_t node);
/* Each connection of @node takes so many bytes a second at most towards it,
 * and from it, of what is sent from now on; 0: no bound of its own. */
struct hsy_throttle {
    uint32_t in_per_s, out_per_s;
    bool peers_only; /* Not of those to and from seeds. */
};
void hsy_cluster_throttle(struct hsy_cluster *c, uint32_t node,
                          struct hsy_throttle throttle);
uint64_t hsy_cluster_slowness(const struct hsy_cluster *c, uint32_t node);

/* What the disk of @node does from now on. */
enum hsy_disk_mood {
    HSY_DISK_FINE,
    HSY_DISK_FULL,  /* Every write fails. */
    HSY_DISK_FLAKY, /* One in four fails. */
    HSY_DISK_LYING  /* It says done, and a crash undoes everything since. */
};
void hsy_cluster_disk_mood(struct hsy_cluster *c, uint32_t node,
                           enum hsy_disk_mood mood);
enum hsy_disk_mood hsy_cluster_disk_mood_of(const struct hsy_cluster *c,
                                            uint32_t node);
/* What may have become of a disk while no process used it. */
enum hsy_disk_harm {
    HSY_HARM_LOSE,  /* All rows. */
    HSY_HARM_STALE, /* The last commits are undone. */
    HSY_HARM_FLIP,  /* One bit of one row. */
    HSY_HARM_CUT    /* One row's value is cut short. */
};
/* HEARSAY_ERR_STATE: a process runs there. */
HEARSAY_MUST_USE int hsy_cluster_disk_harm(struct hsy_cluster *c, uint32_t node,
                                           enum hsy_disk_harm harm);
/* The wall clock of @node jumps, forward or back, not below 0. */
void hsy_cluster_clock_jump(struct hsy_cluster *c, uint32_t node, int64_t ms);

/* Lets virtual time pass up to @until_ns, and everything up to then happen.
 * HEARSAY_ERR_NOMEM; HEARSAY_ERR_STATE: a node broke its contract, and
 * hsy_cluster_fault() says how. Both are final. */
HEARSAY_MUST_USE int hsy_cluster_run(struct hsy_cluster *c, uint64_t until_ns);
/* "" while all is well. */
const char *hsy_cluster_fault(const struct hsy_cluster *c);

uint64_t hsy_cluster_now(const struct hsy_cluster *c);
/* The two clocks of a host; monotonic clocks begin anywhere. */
struct hearsay_now hsy_cluster_clock(const struct hsy_cluster *c,
                                     uint32_t node);
uint64_t hsy_cluster_wall_ms(const struct hsy_cluster *c);
uint32_t hsy_cluster_count(const struct hsy_cluster *c);
uint32_t hsy_cluster_seeds(const struct hsy_cluster *c);
enum hsy_process hsy_cluster_process(const struct hsy_cluster *c,
                                     uint32_t node);
/* Another number for each process of the same machine. */
uint32_t hsy_cluster_life(const struct hsy_cluster *c, uint32_t node);
bool hsy_cluster_is_isolated(const struct hsy_cluster *c, uint32_t node);
/* Does nothing pass from @from to @to? */
bool hsy_cluster_blocked(const struct hsy_cluster *c, uint32_t from,
                         uint32_t to);
/* NULL: no process. */
const struct hearsay_node *hsy_cluster_node(const struct hsy_cluster *c,
                                            uint32_t node);
const struct hearsay_id *hsy_cluster_id(const struct hsy_cluster *c,
                                        uint32_t node);
struct hearsay_addr hsy_cluster_addr(const struct hsy_cluster *c,
                                     uint32_t node);
/* False: nobody's. */
bool hsy_cluster_find(const struct hsy_cluster *c, const struct hearsay_id *id,
                      uint32_t *out_node);
bool hsy_cluster_find_addr(const struct hsy_cluster *c,
                           const struct hearsay_addr *addr, uint32_t *out_node);

/* Of everything that any node has done so far. */
uint64_t hsy_cluster_digest(const struct hsy_cluster *c);
uint64_t hsy_cluster_steps(const struct hsy_cluster *c);

/* What the process of @node has under way now, by the cluster's own count. */
struct hsy_open {
    uint32_t jobs;
    uint32_t links; /* Half-open ones and dials, too. */
};
struct hsy_open hsy_cluster_open(const struct hsy_cluster *c, uint32_t node);

/* What a process still had open when it stopped by itself (S3). */
struct hsy_leftovers {
    bool by_itself; /* False: it was killed, which may leave anything. */
    uint32_t jobs, writes, links;
};
struct hsy_leftovers hsy_cluster_leftovers(const struct hsy_cluster *c,
                                           uint32_t node);

#endif
