/* What the files of the cluster share; nobody else includes this.
 *
 *   cluster.c  the machines: addresses, identities, services
 *   cluster_faults.c  what befalls them: cuts, weather, disks, clocks
 *   process.c  their processes: life, steps, operations, the run of time
 *   effects.c  carries out what a node wants done
 *   net.c, net_pipes.c  the connections between them
 */
#ifndef HSY_SIM_INNER_H
#define HSY_SIM_INNER_H

#include "base/pool.h"
#include "base/prng.h"
#include "base/table.h"
#include "sim/cluster.h"
#include "sim/disk.h"
#include "sim/queue.h"

enum hsy_segment_kind {
    HSY_SEGMENT_SYN,
    HSY_SEGMENT_SYN_ACK,
    HSY_SEGMENT_REFUSE,
    HSY_SEGMENT_BYTES,
    HSY_SEGMENT_FIN,
    HSY_SEGMENT_RST,  /* Lost at a cut. */
    HSY_SEGMENT_BREAK /* The network's: waits at a cut, as bytes do. */
};

struct hsy_segment {
    struct hsy_segment *next;
    uint64_t arrive_ns;
    struct hearsay_buf *buf; /* Owned share; BYTES only. */
    enum hsy_segment_kind kind;
    bool forged; /* Its node knows nothing of it. */
};

struct hsy_segments {
    struct hsy_segment *first, *last;
};

/* One direction of a connection, seen from its sender. */
struct hsy_pipe {
    struct hsy_segments flying;  /* In the network and the kernels. */
    struct hsy_segments waiting; /* Still in the sender's own queue. */
    uint64_t last_ns;            /* Arrival of the last one that took off. */
    uint64_t free_ns;            /* When the wire has taken all that flies. */
    uint32_t flying_len;         /* Bytes of flying. */
    bool scheduled;              /* An ARRIVE event is in the queue. */
    bool ended;                  /* FIN, RST, BREAK or REFUSE was sent. */
};

struct hsy_end {
    struct hsy_end *prev, *next; /* Among the ends at the same machine. */
    struct hsy_pipe out;
    hearsay_link link; /* 0: in the backlog. */
    uint32_t node;
    uint32_t life;      /* Of the process that holds it. */
    uint32_t taken_len; /* To be reported as SENT. */
    uint8_t side;       /* Its index in its connection. */
    bool open;          /* A process, or its backlog, holds it. */
    bool up;            /* LINK_UP was told. */
    bool unread;        /* Its process reads no more from it. */
    bool sent_scheduled;
};

/* ends[0] dialled. Freed when no end is open and no event refers to it. */
struct hsy_conn {
    struct hsy_end ends[2];
    uint32_t refs;
};

/* What every event looks at comes first, and together; see look_ahead(). */
struct hsy_host {
    struct hearsay_node *node; /* Owned; NULL: no process. */
    enum hsy_process state;
    uint32_t life;
    uint64_t clock_ns; /* Added to virtual time: its monotonic clock. */
    uint64_t tick_ns;  /* Of the tick that counts; NEVER: none. */
    uint64_t wall_ms;  /* Added to the wall clock, modulo 2^64. */
    struct hsy_throttle throttle;
    uint64_t slow_ns; /* Added to whatever reaches its process. */
    bool nat;         /* Nobody can dial it. */
    uint64_t far_ns;  /* Added to each way of what it says and hears. */
    bool isolated;
    bool starting;         /* A START event is in the queue. */
    bool stopping;         /* The STOPPED effect was seen. */
    uint32_t ticks_in_row; /* At one instant: a node that spins. */
    uint32_t cuts;         /* Ways that are cut and name this one. */
    uint8_t side;          /* Of the split; 0 while there is none. */
    uint32_t backlog;
    struct hsy_table by_link; /* link -> end */
    struct hsy_end *ends;     /* List through prev and next. */
    uint32_t jobs;            /* Open ones. */
    enum hearsay_stop stop;
    uint64_t job_ns[2]; /* Per kind of job, when the last will be done. */
    uint64_t disk_ns;   /* The same of the last write. */
    struct hsy_disk disk;
    struct hsy_future *kept; /* Owned: what a frozen process missed. */
    uint32_t kept_count, kept_room;
    struct hsy_leftovers leftovers;
};

struct hsy_cluster {
    struct hsy_cluster_config config;
    struct hearsay_mem mem;
    struct hsy_weather weather;
    uint32_t count;
    struct hsy_host *hosts; /* Owned. */
    struct hearsay_id *ids; /* Owned. */
    struct hearsay_seed seed_list[HEARSAY_SEEDS_MAX];
    struct hsy_table by_id; /* id -> index */
    struct hsy_table cuts;  /* (from, to) */
    uint32_t isolated_count;
    bool is_split;
    bool is_throttled; /* Some host is, or was. */
    bool is_far;       /* The same. */
    struct hsy_values values;
    struct hsy_queue queue;
    struct hearsay_pool pool; /* What nodes know alike, once. */
    struct hsy_prng prng;
    uint64_t now_ns;
    uint64_t next_accepted;    /* Odd. */
    struct hsy_segment *spare; /* Owned: segments to use again. */
    uint32_t spare_count;
    uint64_t digest;
    uint64_t steps;
    uint8_t *scratch; /* Owned: where segments are joined. */
    uint32_t scratch_len;
    int err; /* Sticky. */
    const char *fault;
};

/* cluster.c */
void hsy_cluster_fail(struct hsy_cluster *c, int err, const char *fault);
void hsy_cluster_schedule(struct hsy_cluster *c, const struct hsy_future *f);
uint64_t hsy_cluster_draw(struct hsy_cluster *c, struct hsy_range range);
/* When something that is due at @at_ns reaches the process of @node. */
uint64_t hsy_cluster_late(const struct hsy_cluster *c, uint32_t node,
                          uint64_t at_ns);
/* The identity of a machine. */
void hsy_cluster_secret(const struct hsy_cluster *c, uint32_t node,
                        uint8_t out[HEARSAY_SECRET_LEN]);

/* process.c */
/* One step of the process of @node, its effects carried out. */
int hsy_cluster_feed(struct hsy_cluster *c, uint32_t node,
                     const struct hearsay_event *ev);
/* For when the frozen process of @node goes on. */
void hsy_cluster_keep(struct hsy_cluster *c, uint32_t node,
                      const struct hsy_future *f);
/* Its process, if one runs, became slower or faster: its tick moves. */
void hsy_cluster_pace(struct hsy_cluster *c, uint32_t node);

/* effects.c */
void hsy_effects_apply(struct hsy_cluster *c, uint32_t node,
                       const struct hearsay_effect *fx);

/* What the host itself has to say; as the notes of its node. */
void hsy_effects_note(struct hsy_cluster *c, uint32_t node,
                      const struct hearsay_note *note);

/* net.c */
void hsy_net_dial(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  const struct hearsay_addr *addr);
/* Takes @buf. */
void hsy_net_send(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  struct hearsay_buf *buf);
void hsy_net_hang_up(struct hsy_cluster *c, uint32_t node, hearsay_link link);
/* What comes on the link waits in the network, or goes on to its process. */
void hsy_net_read(struct hsy_cluster *c, uint32_t node, hearsay_link link,
                  bool on);
/* The process of @node is gone; in order (its queues are flushed), or not.
 * Returns how many links it still had. */
uint32_t hsy_net_process_gone(struct hsy_cluster *c, uint32_t node,
                              bool in_order);
/* hsy_cluster_reset(). */
uint32_t hsy_net_break(struct hsy_cluster *c, uint32_t node,
                       uint32_t chance_ppm);
/* What was stuck at a cut that is over goes on. */
void hsy_net_healed(struct hsy_cluster *c, uint32_t node);
/* Each takes over the reference of @f. */
void hsy_net_arrive(struct hsy_cluster *c, const struct hsy_future *f);
void hsy_net_accept(struct hsy_cluster *c, const struct hsy_future *f);
void hsy_net_sent(struct hsy_cluster *c, const struct hsy_future *f);
void hsy_net_dial_late(struct hsy_cluster *c, const struct hsy_future *f);
void hsy_net_unref(struct hsy_cluster *c, struct hsy_conn *conn);
/* Frees all connections. */
void hsy_net_fini(struct hsy_cluster *c);

#endif
