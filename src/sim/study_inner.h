/* What the files of the study share; nobody else includes this.
 *
 *   study.c         what is wanted, life, observation, figures
 *   study_phases.c  what it does when, and publishing
 *   study_slow.c    one that is slow, and what it costs the others
 *   study_split.c   two halves, and one again
 *   study_first.c   who says the first word after a strike
 *   study_strike.c  who is struck, and how
 *   study_churn.c   who is replaced
 *   study_pieces.c  what a strike leaves of the overlay
 *   study_pause.c   who is away for a while, again and again; resets
 */
#ifndef HSY_SIM_STUDY_INNER_H
#define HSY_SIM_STUDY_INNER_H

#include "base/prng.h"
#include "sim/bite.h"
#include "sim/study.h"

/* A message of the study, as its number in the payload tells it. */
struct hsy_spread {
    uint64_t at_ns, last_ns;
    uint32_t hops; /* The most of any delivery. */
};

struct hsy_study {
    struct hsy_study_config config;
    struct hearsay_config seed_config, peer_config; /* Templates. */
    struct hsy_witness *w;                          /* Both owned. */
    struct hsy_measure *m;
    struct hsy_observer forward; /* The measure's own. */
    struct hsy_prng prng;
    struct hsy_spread *spreads; /* Owned; one per message of the study. */
    uint32_t spreads_count, spreads_room;
    uint32_t spreads_first; /* Those before it warmed the network up. */
    uint8_t *member;        /* Owned; per node: it has joined. */
    uint32_t *paused;       /* Owned; the nodes that are away for a pause. */
    uint32_t paused_count;
    uint32_t members, started;
    uint32_t replaced;
    enum hsy_study_phase phase;
    uint64_t since_ns;  /* When the phase began. */
    uint64_t due_ns;    /* When its next work is due. */
    uint64_t look_ns;   /* Not before: what is missing is looked for. */
    uint64_t turn_ns;   /* The next split or heal; NEVER: none. */
    uint64_t reset_ns;  /* When connections break next; NEVER: not at all. */
    uint32_t slow_node; /* Singled out; UINT32_MAX: nobody. */
    uint32_t queued_most;
    uint8_t *sides;    /* Owned, per node, while it is split; else NULL. */
    uint64_t slice_ns; /* Virtual time between two looks. */
    uint64_t stop_ns;  /* The end of this slice, */
    bool in_slice;     /* which is not reached yet. */
    struct hsy_bite bite;
    uint64_t delivered_ns; /* The last delivery. */
    uint64_t joined_ns;    /* The last joining; 0: not all have. */
    uint64_t struck_ns;    /* The last strike; NEVER: none. */
    struct hsy_study_pieces pieces;
    struct hsy_liars *liars; /* Owned; NULL: nobody lies. */
    uint64_t lies_ns;        /* The next second of theirs; NEVER. */
    uint64_t published, delivered;
    uint32_t to_send, sent; /* Messages of this phase. */
    bool late, apart, cut_short;
};

/* study_phases.c */
uint64_t hsy_study_stop_ns(const struct hsy_study *s);
HEARSAY_MUST_USE int hsy_study_work(struct hsy_study *s);
/* A member that runs and hears others, at random; false: there is none. */
bool hsy_study_pick(struct hsy_study *s, uint32_t *out_node);

/* study_split.c */
/* From now on the split is due. */
void hsy_study_plan_split(struct hsy_study *s);
/* Splits the network, or heals it. */
HEARSAY_MUST_USE int hsy_study_turn(struct hsy_study *s);
/* Something of it is still to come, or to be waited for. */
bool hsy_study_is_split(const struct hsy_study *s);

/* study_slow.c */
HEARSAY_MUST_USE int hsy_study_single_out(struct hsy_study *s);
/* Looks at what is queued for it. */
void hsy_study_watch_queues(struct hsy_study *s);

/* study_first.c */
/* The same, and the measure follows what it publishes next for itself. */
HEARSAY_MUST_USE int hsy_study_pick_first(struct hsy_study *s, bool *out_found,
                                          uint32_t *out_node);

/* study_strike.c */
bool hsy_study_has_strikes(const struct hsy_study_config *config);
bool hsy_study_freezes(const struct hsy_study_config *config);
/* Who dies or stands still, how many that is, of so many peers. */
uint32_t hsy_study_victims(const struct hsy_study_config *config);
HEARSAY_MUST_USE int hsy_study_strike(struct hsy_study *s);

/* study_pieces.c */
/* Just struck: nobody has noticed yet. */
HEARSAY_MUST_USE int hsy_study_break(struct hsy_study *s);
/* Looks whether it is one again. */
HEARSAY_MUST_USE int hsy_study_look(struct hsy_study *s);

/* study_churn.c */
/* Of all that ever are: those that come later follow the first ones. */
uint32_t hsy_study_peers(const struct hsy_study_config *config);
/* Replaces those that are due; *@out_done: all are. */
HEARSAY_MUST_USE int hsy_study_replace(struct hsy_study *s, bool *out_done);

/* study_pause.c */
/* So many go away, or those that are away come back. */
HEARSAY_MUST_USE int hsy_study_pause(struct hsy_study *s);
HEARSAY_MUST_USE int hsy_study_unpause(struct hsy_study *s);
/* From now on connections break. */
void hsy_study_plan_resets(struct hsy_study *s);
/* Some break, when it is time for it. */
void hsy_study_reset(struct hsy_study *s);

#endif
