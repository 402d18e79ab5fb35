/* What has come of each origin: which numbers of which epoch, up to where
 * without a gap, and what is missing (docs/protocol.md, Repair). A number is
 * claimed once; the claim, not the Message List, is what delivery happens
 * once by. */
#ifndef HSY_CORE_ORIGINS_H
#define HSY_CORE_ORIGINS_H

#include "base/table.h"
#include "core/env.h"

enum {
    HSY_GAPS_MAX = 8,
    HSY_PLACE_NONE = 0, /* Places in other tables count from 1. */
    /* Heard of nothing for so long, it is in the sum of idle origins. */
    HSY_ORIGIN_IDLE_S = 30
};
#define HSY_ORIGIN_IDLE_NS (HSY_ORIGIN_IDLE_S * HSY_SECOND)
/* What neighbours have when a node has just joined is history to it. */
#define HSY_HISTORY_NS (500 * HSY_MS)

/* Numbers that came, behind a gap that opened at @since_ns. */
struct hsy_run {
    uint64_t from, to;
    uint64_t since_ns;
};

/* @link has the numbers from @low to @high, or some of them. */
struct hsy_offer {
    hearsay_link link; /* 0: there is none. */
    uint64_t low, high;
};

struct hsy_held;
struct hsy_saved;

struct hsy_origin {
    struct hsy_epoch of;  /* Key. */
    uint64_t done;        /* All up to it came, or are given up. */
    struct hsy_run *runs; /* Owned, HSY_GAPS_MAX; NULL while there is no gap.
                             Ascending, apart, the first one beyond done + 1. */
    uint8_t runs_count;
    bool muted;            /* It contradicted itself: nothing more is taken. */
    bool changed;          /* Pulled something: others will be told. */
    bool dirty, marked;    /* saved.h: to be written; it has been once. */
    bool restored;         /* It was heard of in an earlier life. */
    bool told;             /* This life began with something of it. */
    bool rumour;           /* Counted as one of those that are only heard of. */
    uint64_t blank_to;     /* Up to there an earlier life was done with it, and
                              its disk may not have taken all. */
    uint64_t history_to;   /* Up to there it had published before our time. */
    uint64_t ours_from;    /* From there on surely not; 0: it is not known. */
    uint64_t history_from; /* The first of these that anybody has; 0: none. */
    uint64_t born_ns;      /* When this entry was made. */
    uint64_t heard_ns;     /* Last bundle that was not pulled; 0: none. */
    uint64_t wall_ms;      /* The latest of all its bundles, by its clock. */
    /* Retained bundles of it, in order of their numbers: places in the table
     * of retained.h. */
    uint32_t first, last;
    uint64_t retained_bytes;
    /* With delivery in order, order.h: the number after the last one handed
     * over, 0: none was; numbers skipped and not told; what waits. */
    uint64_t next, skipped;
    struct hsy_held *held;
    uint32_t under_way; /* Claimed, and on its way to being put in order. */
    uint32_t fetching;  /* Of these: large ones whose content is to come. */
    /* It comes over this link (0: not known); acks.h: all up to there is told
     * to have come, and so many bytes came since. */
    hearsay_link up;
    uint64_t acked;
    uint32_t unacked_len;
    /* Who has more, and which; and who says so while that is being pulled;
     * repair.h. */
    struct hsy_offer offer, later;
    hearsay_link pulling; /* A PULL is open there; 0: none. */
    /* The round over all neighbours because of the first gap. */
    hearsay_link asked; /* The last one asked; 0: none in this round. */
    uint64_t gone_to;   /* All asked so far have lost all up to it. */
    uint64_t gone_now;  /* The one being asked has; 0: has not said so. */
    bool unheard;       /* The last one asked has not answered. */
    uint64_t ask_next_ns;
    uint8_t rounds; /* That found nothing, in a row. */
};

struct hsy_origins {
    struct hsy_env *env;
    struct hsy_table table;  /* struct hsy_origin */
    uint64_t gap_next_ns;    /* Not later than the next look at gaps. */
    struct hsy_saved *saved; /* Is told of who goes; NULL: nobody is. */
};

enum hsy_claimed_as {
    HSY_CLAIMED_NEW,
    HSY_CLAIMED_BEFORE,  /* All of them. */
    HSY_CLAIMED_PARTLY,  /* Some: an honest origin never makes these. */
    HSY_CLAIMED_NO_ROOM, /* For one more origin. */
};

void hsy_origins_init(struct hsy_origins *o, struct hsy_env *env);
void hsy_origins_fini(struct hsy_origins *o);
/* NULL: nothing came of it. Valid until the next claim. */
struct hsy_origin *hsy_origin_find(const struct hsy_origins *o,
                                   const struct hsy_epoch *of);
uint32_t hsy_origins_count(const struct hsy_origins *o);
struct hsy_origin *hsy_origin_at(const struct hsy_origins *o, uint32_t index);
struct hsy_epoch hsy_bundle_epoch(const struct hsy_bundle *bundle);

/* Is it claimed, and how much of it? Changes nothing. NO_ROOM: not said. */
enum hsy_claimed_as hsy_origins_look(const struct hsy_origins *o,
                                     const struct hsy_span *span);
/* Claims @span, when all of it is new. A ninth gap is one too many: the
 * shortest run is forgotten, so that two gaps become one, and its numbers
 * come again (the Message List knows their bundles). *@out may be NULL. */
enum hsy_claimed_as hsy_origins_claim(struct hsy_origins *o,
                                      struct hsy_origin **out,
                                      const struct hsy_span *span);
/* The highest number that came; done when there is no gap. */
uint64_t hsy_origin_high(const struct hsy_origin *origin);
/* The first missing span within [@from, @to] of those numbers; false: none. */
bool hsy_origin_missing(const struct hsy_origin *origin, struct hsy_span *out,
                        uint64_t from, uint64_t to);
/* Gives up what is missing up to @to; how many numbers that were. */
uint64_t hsy_origin_give_up(struct hsy_origins *o, struct hsy_origin *origin,
                            uint64_t to);
/* Nothing of it is verified: it is only said to have something. */
bool hsy_origin_is_rumour(const struct hsy_origin *origin);
/* The entry of @of, made when it was not there; NULL: no room. */
struct hsy_origin *hsy_origin_make(struct hsy_origins *o,
                                   const struct hsy_epoch *of);
void hsy_origin_remove(struct hsy_origins *o, struct hsy_origin *origin);
/* Up to @to it had published before our time; up to @from - 1 only. */
void hsy_origin_older(struct hsy_origin *origin, uint64_t to);
void hsy_origin_ours(struct hsy_origin *origin, uint64_t from);
/* History of it up to there is not wanted; 0: all of it is. */
uint64_t hsy_origin_unwanted(const struct hsy_env *env,
                             const struct hsy_origin *origin);
/* So near to our clock that digests have what was said then. */
bool hsy_origins_is_near(const struct hsy_origins *o, uint64_t wall_ms);
/* Its latest bundle is. */
bool hsy_origin_is_recent(const struct hsy_origins *o,
                          const struct hsy_origin *origin);
bool hsy_origin_is_idle(const struct hsy_origin *origin, uint64_t now_ns);
uint64_t hsy_epoch_hash(const struct hsy_epoch *of, uint64_t salt);
/* The same at every node that has the same numbers; 0 when it has none. */
uint64_t hsy_origin_hash(const struct hsy_origin *origin);
/* Which of the buckets of a digest it is in. */
uint32_t hsy_origin_bucket(const struct hsy_epoch *of);

#endif
