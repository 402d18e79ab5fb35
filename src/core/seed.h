/* The seed role: registrations, reports, trials, verdicts, fellow seeds, and
 * the watch over connectivity (docs/protocol.md, Seed registry, Liveness,
 * Connectivity). Driven by core.c, which has already put the node at the
 * other end into the neighbours table and keeps the probes.
 *
 * Of all functions here only hsy_seed_tick() removes neighbours. */
#ifndef HSY_CORE_SEED_H
#define HSY_CORE_SEED_H

#include "core/neighbours.h"
#include "core/probe.h"
#include "core/registry.h"
#include "core/topology.h"
#include "core/voice.h"
#include "core/watchers.h"

enum { HSY_ACKS_MAX = 4096 };

/* One line of config.txt, from a seed's point of view. */
struct hsy_fellow {
    struct hearsay_id id;
    bool known; /* id is meaningful: pinned, or reached under its address. */
    bool self;  /* This line is this very node. */
    bool twice; /* An earlier line is the same seed: not counted, not used. */
    hearsay_link dialling; /* 0: not now. */
    uint32_t tries;
    uint64_t next_ns; /* When to dial again; NEVER while linked or dialling. */

    /* While linked: */
    uint64_t up_ns;     /* When its link came up. */
    bool in_step;       /* Digests were equal since then. */
    uint64_t digest_ns; /* When to send the next digest. */
    uint64_t synced_ns; /* Last digest sent. */
    uint64_t agreed_ns; /* Its digest and ours were last equal; or up. */
    uint64_t ask_ns;    /* Not sooner: ask for its SEED_DIGEST again. */
    bool asked;         /* For that; it has not come. */
    bool news;          /* It told something new since the last pull, or the
                           first of several for one bucket. */
    uint64_t pull_from; /* The next of these: facts from here on; 0: none. */
};

/* A registration waiting for the disk, in token order. */
struct hsy_ack {
    uint64_t token;
    struct hearsay_id id;
    uint64_t incarnation;
    uint64_t asked_ns;
};

/* Dials back to peers that registered; dialback.h. */
#define HSY_DIALBACK_AGAIN_NS (10 * HSY_MINUTE)
#define HSY_DIALBACK_WAIT_NS (5 * HSY_SECOND)
enum { HSY_DIALBACKS_OPEN = 16, HSY_DIALBACKS_MAX = 4096 };

struct hsy_dialback {
    hearsay_link link;
    struct hearsay_id id;
    uint64_t incarnation;
    uint8_t failed; /* Dials so far. */
};

/* One that waits: for the others, and for what it does first. */
struct hsy_dialback_wish {
    struct hearsay_id id;
    uint64_t due_ns;
};

struct hsy_dialbacks {
    struct hsy_dialback open[HSY_DIALBACKS_OPEN];
    uint32_t open_count;
    struct hsy_dialback_wish *ring; /* Owned; made on first use. */
    uint32_t head, count;
    bool reached;      /* Somebody, ever. */
    uint64_t again_ns; /* When those that were not reached are dialled; NEVER */
    uint64_t next_ns;
};

struct hsy_seed {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_probes *probes;
    struct hsy_registry registry;
    struct hsy_topology topology;
    struct hsy_watchers watchers;
    struct hsy_fellow fellows[HEARSAY_SEEDS_MAX]; /* As config.seeds. */
    uint64_t fellows_next_ns;
    struct hsy_table trials; /* struct hsy_trial; of peers in the list. */
    uint64_t trials_next_ns;
    struct hsy_voice voice;
    struct hsy_ack *acks; /* Owned ring; HSY_ACKS_MAX, made on first use. */
    uint32_t acks_head, acks_count;
    struct hsy_dialbacks dialbacks;
    uint64_t funeral_ns; /* When to hang up links to the newly dead. */
    uint64_t next_ns;    /* Not later than the earliest thing to do. */
};

void hsy_seed_init(struct hsy_seed *s, struct hsy_env *env,
                   struct hsy_neighbours *neighbours,
                   struct hsy_probes *probes);
void hsy_seed_fini(struct hsy_seed *s);
/* Dials the fellows. */
void hsy_seed_start(struct hsy_seed *s);

/* @n is authenticated, and its entry's link is new. @own_dial: the number of
 * the dial of ours that led to the id @n, else 0 (it may be another link than
 * the one that stayed). */
void hsy_seed_link_up(struct hsy_seed *s, struct hsy_neighbour *n,
                      hearsay_link own_dial);
/* @gone is a copy: it is no neighbour any more. A broken registration link
 * starts a trial. */
void hsy_seed_link_down(struct hsy_seed *s, const struct hsy_neighbour *gone,
                        enum hearsay_down why);
/* A dial failed. @code: the ERROR that came, 0 none. False: not a dial of
 * this machine. */
bool hsy_seed_dial_failed(struct hsy_seed *s, hearsay_link link,
                          enum hearsay_down why, unsigned code);
/* The feeler @link came up, and who it was is proved; or it failed, @alive: but
 * whom it was meant for lives there. False: not a feeler of this machine. */
bool hsy_seed_felt(struct hsy_seed *s, hearsay_link link);
bool hsy_seed_feeler_failed(struct hsy_seed *s, hearsay_link link, bool alive);
/* A probe of this subject ended in silence: the dials part of a trial. */
void hsy_seed_probe_silent(struct hsy_seed *s, const struct hsy_probe *probe);
/* Any authenticated answer of @id (a link that came up, the PONG of a trial's
 * nonce): vetoes its trial. */
void hsy_seed_answered(struct hsy_seed *s, const struct hearsay_id *id);
/* A PONG from @n: true when its nonce is one of a trial, or of a look at the
 * topology. */
bool hsy_seed_pong(struct hsy_seed *s, struct hsy_neighbour *n, uint64_t nonce);

/* A verified frame. False: a seed has no business with it. */
bool hsy_seed_frame(struct hsy_seed *s, struct hsy_neighbour *n,
                    const struct hsy_frame *frame);
void hsy_seed_signed(struct hsy_seed *s, const struct hsy_signable *what);
void hsy_seed_persisted(struct hsy_seed *s, uint64_t token, bool ok);
void hsy_seed_tick(struct hsy_seed *s);

/* Is @id a seed of config.txt, as far as known? */
bool hsy_seed_is_fellow(const struct hsy_seed *s, const struct hearsay_id *id);

#endif
