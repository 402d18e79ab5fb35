/* A peer's registrations: q = n/2 + 1 seeds hold it, chosen at random, and a
 * lost one is replaced by another (docs/protocol.md, Seed registry; mission
 * M3, M4). */
#ifndef HSY_CORE_JOIN_H
#define HSY_CORE_JOIN_H

#include "core/neighbours.h"
#include "core/overlay.h"
#include "core/self.h"
#include "core/votes.h"

enum hsy_seat_state {
    HSY_SEAT_IDLE, /* Not in use; not before next_ns. */
    HSY_SEAT_DIALLING,
    HSY_SEAT_LINKED,      /* Authenticated; own record not ready. */
    HSY_SEAT_REGISTERING, /* REGISTER sent; answered or lost by next_ns. */
    HSY_SEAT_REGISTERED
};

/* One line of config.txt, from a peer's point of view. */
struct hsy_seat {
    enum hsy_seat_state state;
    bool known;     /* id is meaningful. */
    bool twin;      /* The same seed as an earlier line: counts no more. */
    bool failed;    /* The last try failed. */
    bool mute;      /* Linked, and a REGISTER went unanswered. */
    bool unreached; /* It could not dial this peer back. */
    struct hearsay_id id;
    hearsay_link dialling;
    uint32_t tries;
    uint64_t next_ns;
    uint64_t bridge_next_ns; /* Its BRIDGEs are not obeyed before. */
};

struct hsy_join {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_overlay *overlay;
    struct hsy_self *self;
    struct hsy_seat *seats; /* Owned; one per line of config.txt. */
    uint32_t told;          /* The last one that was asked for peers. */
    uint64_t started_ns;
    uint64_t give_up_ns;  /* --join-timeout; NEVER. */
    uint64_t complain_ns; /* Not sooner: the next "no quorum" note. */
    bool joined;          /* The quorum was reached once. */
    bool stopped;         /* Leaving: seek no more. */
    uint64_t next_ns;     /* Not later than the earliest thing to do. */
};

/* HEARSAY_ERR_NOMEM leaves something that fini takes. */
HEARSAY_MUST_USE int hsy_join_init(struct hsy_join *j, struct hsy_env *env,
                                   struct hsy_neighbours *neighbours,
                                   struct hsy_overlay *overlay,
                                   struct hsy_self *self);
void hsy_join_fini(struct hsy_join *j);
void hsy_join_start(struct hsy_join *j);

/* A majority of the seeds hold a registration. */
bool hsy_join_is_held(const struct hsy_join *j);
/* A vote for each seed of the list, once for lines that are the same one; none
 * is in favour so far. */
struct hsy_votes hsy_join_votes(const struct hsy_join *j);
/* k of q of n, to be shown. */
uint32_t hsy_join_registered(const struct hsy_join *j);
uint32_t hsy_join_quorum(const struct hsy_join *j);
uint32_t hsy_join_seeds(const struct hsy_join *j);

/* A link to @n came up; @own_dial: the number of our dial that reached it, 0
 * when it dialled us. */
void hsy_join_link_up(struct hsy_join *j, const struct hsy_neighbour *n,
                      hearsay_link own_dial);
/* True: the dial was one of this machine. */
bool hsy_join_dial_failed(struct hsy_join *j, hearsay_link link);
void hsy_join_link_down(struct hsy_join *j, const struct hearsay_id *id);
/* The own record is new: register it everywhere. */
void hsy_join_record_ready(struct hsy_join *j);
/* True: this seed counts as registered since now. */
bool hsy_join_registered_frame(struct hsy_join *j,
                               const struct hsy_neighbour *n,
                               const struct hsy_registered *answer);
/* Logs a list that came (mission M14); @added: how many ids were new. */
void hsy_join_note_list(struct hsy_join *j, const struct hearsay_id *seed,
                        const struct hsy_records *list, uint32_t added);
/* Which line of the list is the seed @id; HEARSAY_SEEDS_MAX: none is known to
 * be. */
uint32_t hsy_join_line_of(const struct hsy_join *j,
                          const struct hearsay_id *id);
/* Lines whose seed is not known: neither pinned nor ever reached. */
uint32_t hsy_join_unknown(const struct hsy_join *j);
/* A seed of the list answered as @id. It may have refused us since, or we gave
 * it up: what it says is still a seed's word. */
bool hsy_join_is_seat(const struct hsy_join *j, const struct hearsay_id *id);
/* What the seed @id found when it dialled back; false: it holds no registration
 * of this peer. */
bool hsy_join_reach(struct hsy_join *j, const struct hearsay_id *id,
                    bool reached);
/* More than half of those that hold the registration say that they cannot. */
bool hsy_join_is_unreached(const struct hsy_join *j);
/* The seed of the configuration's line @line; false: it is not known yet, or
 * that of an earlier line. */
bool hsy_join_seed_at(const struct hsy_join *j, uint32_t line,
                      struct hearsay_id *out);
/* One BRIDGE per seed and minute is obeyed; true claims it. */
bool hsy_join_may_bridge(struct hsy_join *j, const struct hearsay_id *id);
/* Sends @frame to every seed that holds a registration; which these are. */
struct hsy_votes hsy_join_tell_seeds(struct hsy_join *j,
                                     const struct hsy_frame *frame);
/* It has joined, and seeds that hold it do not answer, or are lost: what is in
 * their way may be its own line, and dials would fill it. */
bool hsy_join_is_strained(const struct hsy_join *j);
/* The seed of the configuration's line @index; NULL: it holds none. */
const struct hsy_neighbour *hsy_join_holder(const struct hsy_join *j,
                                            uint32_t index);
void hsy_join_tick(struct hsy_join *j);

#endif
