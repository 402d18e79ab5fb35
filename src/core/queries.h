/* Own queries: a message that asks, answers that come back, and who has not
 * answered of those that a seed says are there (docs/protocol.md, Queries). */
#ifndef HSY_CORE_QUERIES_H
#define HSY_CORE_QUERIES_H

#include "core/direct.h"
#include "core/join.h"

enum {
    HSY_QUERIES_MAX = 4,
    /* In a larger network nobody is named, only counted. */
    HSY_QUERY_LISTED_MAX = 4096,
    /* Whose answers are remembered: each counts once. */
    HSY_QUERY_NODES_MAX = 16384,
    HSY_QUERY_MISSING_MAX = 64, /* Ids in the summary. */
    HSY_QUERY_LOOKUPS_MAX = 64, /* In one go. */
    HSY_QUERY_PAGES_OPEN = 4    /* Asked for and not come. */
};
/* A seed that has not sent a page for so long, or for three round trips to it:
 * another one is asked. */
#define HSY_QUERY_PAGE_NS (1 * HSY_SECOND)
/* Before the end, or three round trips to the furthest seed before it, whether
 * those without an answer are still there is asked for the last time. */
#define HSY_QUERY_CHECK_NS (300 * HSY_MS)

enum hsy_query_state {
    HSY_QUERY_FREE,
    HSY_QUERY_WAITING, /* For the list: another query gets it just now. */
    HSY_QUERY_LISTING,
    HSY_QUERY_LISTED, /* All are known that it waits for. */
    HSY_QUERY_COUNTED /* Nobody is: too many, or no seed to ask. */
};

struct hsy_query {
    enum hsy_query_state state;
    uint64_t seq;
    uint64_t deadline_ns;
    uint64_t page_by_ns; /* LISTING: the next page is due; NEVER. */
    uint64_t check_ns;   /* When who is missing is looked up next. */
    uint64_t check_every_ns;
    struct hsy_table who; /* Nodes listed or heard; queries.c. */
    uint32_t look_at;     /* Who of them is looked up next, if missing. */
    uint32_t listed, answered;
    uint32_t owed;        /* Listed, not answered, not gone. */
    uint32_t peers_count; /* The most that a list says. */
    /* The list of one seed after the other, of all that hold a registration:
     * a quorum of them knows everybody. */
    uint32_t line;                /* Of the configuration, that names it. */
    hearsay_link link;            /* To it; 0: there is none. */
    bool read[HEARSAY_SEEDS_MAX]; /* By line: it is complete. */
    uint32_t lists;               /* How many are. */
    uint32_t failures;            /* Seeds that sent no page. */
    uint32_t pages_asked, pages_come, records; /* Of this list. */
    bool ends; /* Over; and could not be told so far. */
};

struct hsy_queries {
    struct hsy_env *env;
    const struct hsy_join *join;
    uint64_t incarnation; /* Of the epoch that queries are published in. */
    struct hsy_query list[HSY_QUERIES_MAX];
    uint64_t next_ns;
};

void hsy_queries_init(struct hsy_queries *q, struct hsy_env *env,
                      const struct hsy_join *join);
void hsy_queries_fini(struct hsy_queries *q);
/* Is there room for one more? */
bool hsy_queries_have_room(const struct hsy_queries *q);
/* The message @seq of our epoch @incarnation asks for so long. There must be
 * room. */
void hsy_queries_begin(struct hsy_queries *q, uint64_t incarnation,
                       uint64_t seq, uint64_t timeout_ns);
/* An answer came. False: no memory; it counts as not come. */
bool hsy_queries_answer(struct hsy_queries *q, const struct hsy_direct *direct);
/* A page of the list, or the answer to a LOOKUP, of the seed at @link. */
void hsy_queries_peers(struct hsy_queries *q, hearsay_link link,
                       const struct hsy_peers *peers);
void hsy_queries_tick(struct hsy_queries *q);
/* The node stops: ends them all. False: no memory to tell all. */
bool hsy_queries_stop(struct hsy_queries *q);

#endif
