/* Membership as a peer's application follows it (docs/protocol.md, Membership):
 * who is there, who came, left, died, or refuted a death, as all seeds that
 * hold our registration tell it, merged by rank. Each step of a rank is told
 * once.
 *
 * A record and a LEAVE are their owner's word, whoever brings them. A death is
 * believed when so many seeds vouch for it that every majority has one of them:
 * by their verdicts, if they are known here, or by bringing it themselves
 * (ADR 29). Asks nobody for anything unless it is on. */
#ifndef HSY_CORE_MEMBERS_H
#define HSY_CORE_MEMBERS_H

#include "base/table.h"
#include "core/join.h"

enum { HSY_MEMBERS_MAX = 65536 }; /* The dead, which make room, included. */

struct hsy_member {
    struct hearsay_id id;    /* Key. */
    struct hsy_blob *record; /* A share; NULL unless present. */
    uint64_t boot_nonce;     /* Of the highest incarnation known. */
    uint64_t rank;           /* The highest that is believed; 0: none. */
    uint64_t doubted;        /* Of the last death that was heard of; or 0. */
    uint64_t vouched;        /* Lines that vouch for it, a bit each. */
    uint64_t listed;         /* Lines that have it on their list, a bit each. */
    bool present;            /* The application was told that it is there. */
    bool told;               /* The application was told of it. */
};

/* A line of config.txt, from a watcher's point of view. */
struct hsy_members_line {
    struct hearsay_id seed; /* That @log is of. */
    hearsay_link link;      /* To it, asked over; 0: none. */
    uint32_t nonce;         /* Of the WATCH. */
    uint32_t tries;         /* Without an answer. */
    uint64_t log, upto;     /* All that it knew then is known here; log 0. */
    uint64_t retry_ns;      /* Ask again; NEVER. */
    bool listing;           /* Some of its list is here. */
    bool complete;          /* All that it knows is known here. */
};

struct hsy_members {
    struct hsy_env *env;
    const struct hsy_join *join;
    struct hsy_members_line *lines; /* Owned; NULL: off. */
    struct hsy_table list;          /* struct hsy_member */
    uint32_t nonce;                 /* The last one that was used. */
    uint32_t present_count;
    bool known; /* A quorum has told all: who comes now, joins. */
    bool full;  /* Somebody found no room; noted. */
    uint64_t next_ns;
};

void hsy_members_init(struct hsy_members *m, struct hsy_env *env,
                      const struct hsy_join *join);
void hsy_members_fini(struct hsy_members *m);
/* NOMEM: it is off. Off: all is forgotten. On again: nothing. */
HEARSAY_MUST_USE int hsy_members_watch(struct hsy_members *m, bool on);
/* Was @news asked for? Else its signatures are not worth a look. */
bool hsy_members_wants(const struct hsy_members *m, hearsay_link link,
                       const struct hsy_member_news *news);
/* A MEMBER whose signatures match. */
void hsy_members_news(struct hsy_members *m, hearsay_link link,
                      const struct hsy_member_news *news);
/* They could not be looked at. */
void hsy_members_refused(struct hsy_members *m, hearsay_link link,
                         const struct hsy_member_news *news);
/* Is exactly this record of a member that is present? */
bool hsy_members_know(const struct hsy_members *m,
                      const struct hsy_encoded *record);
void hsy_members_tick(struct hsy_members *m);

#endif
