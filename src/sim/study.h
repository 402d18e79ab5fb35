/* The standard run: a network joins, settles, carries messages, is struck
 * when that is asked for, carries messages again, and is measured. In slices
 * of virtual time, so that whoever drives it can show how far it is, and stop
 * it any time with what is known so far.
 *
 *     hsy_study_create(&s, &config);
 *     do {
 *         err = hsy_study_step(s, &done);
 *     } while (err == HEARSAY_OK && !done);
 *     err = hsy_study_finish(s, &figures);
 */
#ifndef HSY_SIM_STUDY_H
#define HSY_SIM_STUDY_H

#include "sim/figures.h"
#include "sim/liars.h"
#include "sim/measure.h"
#include "sim/witness.h"

struct hsy_study;

enum {
    HSY_STUDY_PEERS_MAX = 1000000,
    HSY_STUDY_LEAN = 100000, /* Peers from which on nodes are lean. */
    HSY_STUDY_PAYLOAD_MIN = 8,
    HSY_STUDY_CHECKED = 128, /* Nodes up to which all is checked. */
    HSY_STUDY_MESSAGES_MAX = 1000000
};

/* Who is struck, all at once, when the first messages have arrived. Shares
 * are of all peers. */
struct hsy_study_strikes {
    uint32_t crash_ppm;       /* Killed, at random. */
    uint32_t kill;            /* The same, as a number. */
    uint32_t hubs_ppm;        /* Killed, those with the most links. */
    uint32_t freeze;          /* Stand still from then on, at random. */
    uint32_t freeze_ppm;      /* The same, as a share. */
    uint32_t freeze_hubs_ppm; /* Those with the most links. */
};

/* Some stand still again and again (Dadgar, Phillips, Currey: "Lifeguard",
 * 2017): so many for so long, then none for so long. */
struct hsy_study_pauses {
    uint32_t count; /* 0: none. */
    uint32_t seeds; /* So many of the seeds as well. */
    bool killed;    /* The peers are killed, and start again afterwards. */
    uint64_t lasts_ns, apart_ns;
    uint64_t for_ns; /* In all; the last pause is not cut short. */
    /* Who has been back for so long answers, and is not certified dead; 0: as
     * the measure has it. */
    uint64_t answers_ns;
};

/* Peers are replaced one by one: one at random goes, with and without a word
 * in turn, and one comes that nobody has seen before. */
struct hsy_study_churn {
    uint32_t count; /* 0: none. */
    uint64_t over_ns;
    uint64_t calm_ns; /* So long nothing befalls it afterwards. */
};

/* The network falls into two halves, at random, and is whole again later.
 * Messages that are published meanwhile come from both in turn. */
struct hsy_study_split {
    uint64_t at_ns;       /* From the beginning of the measured messages. */
    uint64_t lasts_ns;    /* 0: it does not. */
    uint64_t mend_max_ns; /* So long what is missing is waited for. */
};

/* One peer is singled out when the measured messages begin: it publishes
 * none, and counts in no figure of deliveries. What befalls it? */
enum hsy_study_slow {
    HSY_STUDY_SLOW_NONE,   /* Nobody is. */
    HSY_STUDY_SLOW_SPARED, /* Nothing: to compare with. */
    HSY_STUDY_SLOW_STOPPED,
    HSY_STUDY_SLOW_LINKS, /* 1000 bytes a second, each way of each link. */
    /* It takes a byte a second of each link with a peer. From seeds it reads
     * on: who answers no seed for minutes is as good as dead. */
    HSY_STUDY_SLOW_READER
};

struct hsy_study_config {
    struct hearsay_mem mem;
    const struct hearsay_crypto *crypto;
    const struct hsy_machine *machine;
    uint64_t rng, hash_salt;
    uint32_t seeds, peers; /* 1..HEARSAY_SEEDS_MAX, 1..PEERS_MAX */
    enum hearsay_overlay overlay;
    enum hearsay_relay relay;
    uint32_t links_wanted;
    uint64_t announce_ns;    /* Batches of IHAVE; 0: as nodes do it. */
    uint32_t spares_percent; /* Of peers with a second parent. */
    uint32_t shortcuts;      /* As in hearsay.h. */
    uint64_t ping_interval_ns, gossip_interval_ns;
    uint32_t gossip_count;
    struct hsy_weather weather;
    /* Of all connections, each second, once the overlay has settled: with this
     * chance it breaks. */
    uint32_t reset_ppm;

    uint64_t join_over_ns; /* Peers start evenly spread over this. */
    uint64_t join_max_ns;  /* And have so long after it to become members. */
    uint32_t warm_up;      /* Messages before those that are measured. */
    uint32_t messages;     /* From peers at random; 0: none. */
    uint32_t per_s_milli;  /* Messages in 1000 s; >= 1. */
    uint32_t payload_len;
    struct hsy_study_churn churn;
    struct hsy_study_strikes strikes;
    uint64_t again_after_ns; /* From the strike to the second messages. */
    bool first_after; /* One message then, for itself; and that is all. */
    struct hsy_study_pauses pauses;
    struct hsy_study_split split;
    enum hsy_study_slow slow;
    bool lies; /* While it pauses: */
    struct hsy_liars_config liars;
    uint64_t for_ns; /* Virtual time of the whole; 0: as long as it takes. */
    bool checks;     /* All invariants; for small networks. */
};

/* Real nodes, 3 seeds, 100 peers, default timers, no gossip of their own, 10
 * messages, 10 a second; nothing strikes. */
void hsy_study_config_init(struct hsy_study_config *config,
                           const struct hearsay_mem *mem);

/* What join_over_ns usually is: 20 ms a peer, and 100 s at most. Preferential
 * attachment is a law of growth: from a peer's choice to the seeds' count of
 * its link it takes some 300 ms, and who comes within that time chooses
 * blindly. And who has joined pings its neighbours meanwhile: with no bound on
 * that time, a million peers would spend most of their events on it. */
uint64_t hsy_study_join_over(uint32_t peers);

/* NULL: good for hsy_study_create(). Else what is wrong, and what to do;
 * static. */
const char *hsy_study_config_fault(const struct hsy_study_config *config);

/* @config is copied. HEARSAY_ERR_NOMEM; HEARSAY_ERR_INVALID: as above. */
HEARSAY_MUST_USE int hsy_study_create(struct hsy_study **out,
                                      const struct hsy_study_config *config);
void hsy_study_destroy(struct hsy_study *s);

/* A slice, or a part of it when much happens. HEARSAY_ERR_NOMEM;
 * HEARSAY_ERR_STATE: a node broke its contract, see hsy_cluster_fault(). Both
 * are final, but for hsy_study_finish(). */
HEARSAY_MUST_USE int hsy_study_step(struct hsy_study *s, bool *out_done);

enum hsy_study_phase {
    HSY_STUDY_JOINING,
    HSY_STUDY_SETTLING,
    HSY_STUDY_WARMING_UP,
    HSY_STUDY_WARM, /* What warmed it up arrives. */
    HSY_STUDY_SENDING,
    HSY_STUDY_DRAINING,
    HSY_STUDY_CHURNING,
    HSY_STUDY_CALMING,  /* Replaced; degrees settle. */
    HSY_STUDY_STRIKING, /* Struck; waits for the second messages. */
    HSY_STUDY_SENDING_AGAIN,
    HSY_STUDY_DRAINING_AGAIN,
    HSY_STUDY_WATCHING, /* Until all deaths are known, or for two minutes. */
    HSY_STUDY_PAUSING,
    HSY_STUDY_LINGERING, /* Until for_ns is over. */
    HSY_STUDY_DONE
};
const char *hsy_study_phase_text(enum hsy_study_phase phase);

/* Cheap. */
struct hsy_study_progress {
    enum hsy_study_phase phase;
    uint64_t now_ns, events;
    uint32_t peers, joined;
    uint64_t published, delivered;
    uint64_t joined_ns; /* When the last peer became a member; 0: not yet. */
    bool late;          /* Some did not join in time. */
    bool cut_short;     /* for_ns ended it before it was through. */
    bool apart;         /* The overlay did not become one in time. */
};
void hsy_study_progress(const struct hsy_study *s,
                        struct hsy_study_progress *out);
/* Peer, from 0, as counted over those that are not members: its node's number
 * in the cluster. False: there are not so many. */
bool hsy_study_absent(const struct hsy_study *s, uint32_t index,
                      uint32_t *out_node);

/* Looks at the overlay and gives the figures, at any point; all but wall_s,
 * events_per_s, bytes_per_peer and rss_kib, which the caller knows. @fit: the
 * power law too, NULL: without. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_study_finish(struct hsy_study *s,
                                      const struct hsy_powerlaw_options *fit,
                                      struct hsy_figures *out);

/* Of each message of the study that came to anybody: how long, and how many
 * links, it took to the one it came to last. Empties both first. */
void hsy_study_last(const struct hsy_study *s, struct hsy_histogram *out_ns,
                    struct hsy_histogram *out_hops);

/* What a strike left of the overlay. */
struct hsy_study_pieces {
    uint32_t survivors;
    uint32_t largest;  /* Of the components, before anything was mended. */
    uint64_t whole_ns; /* From the strike until it was one; NEVER. */
};
struct hsy_study_pieces hsy_study_pieces(const struct hsy_study *s);

/* All zero when nobody lied. */
struct hsy_liars_counts hsy_study_lies(const struct hsy_study *s);

/* The most that any peer has had queued for the one that is singled out. */
uint32_t hsy_study_queued_most(const struct hsy_study *s);

/* Lent for the life of the study. The graph is that of the last finish. */
const struct hsy_witness *hsy_study_witness(const struct hsy_study *s);
const struct hsy_measure *hsy_study_measure(const struct hsy_study *s);

#endif
