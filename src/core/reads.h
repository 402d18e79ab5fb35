/* Quorum reads: what the seeds know of one node, or of all (docs/protocol.md,
 * Reading). A registration is acknowledged by a majority of the seeds, and a
 * death has verdicts that every majority has one of; so what a majority says,
 * merged by rank, has every acknowledged registration and every death. */
#ifndef HSY_CORE_READS_H
#define HSY_CORE_READS_H

#include "core/join.h"

#define HSY_READ_NS (5 * HSY_SECOND) /* Unless the caller says otherwise. */
#define HSY_READ_MAX_NS (60 * HSY_SECOND)
/* Seeds that have not answered for so long, or for three round trips to them,
 * are asked again, or passed over when the others are a majority. */
#define HSY_READ_ANSWER_NS (1 * HSY_SECOND)

/* Of all seeds together, in one round. */
enum { HSY_READ_FACTS_MAX = HEARSAY_SEEDS_MAX * HSY_PAGE_RECORDS };

struct hsy_read_fact;

struct hsy_reads {
    struct hsy_env *env;
    const struct hsy_join *join;
    uint64_t number; /* Of the read under way, or the last one. */
    bool open;
    bool all;             /* Else of @id alone. */
    bool ends;            /* Over; and could not be told so far. */
    bool whole;           /* So far each round had a majority. */
    struct hearsay_id id; /* All behind it are still to be read. */
    uint32_t found;       /* Told so far. */
    uint64_t deadline_ns;
    /* The round. */
    uint32_t nonce;
    uint64_t asked, answered; /* Lines of the list, a bit each. */
    uint64_t answer_by_ns;
    bool more;              /* Some answer had no room for all. */
    struct hearsay_id upto; /* Then: all who answered told of all up to it. */
    struct hsy_read_fact *facts; /* Owned; by id. */
    uint32_t facts_count;
    uint64_t next_ns;
};

void hsy_reads_init(struct hsy_reads *r, struct hsy_env *env,
                    const struct hsy_join *join);
void hsy_reads_fini(struct hsy_reads *r);
/* Reads @id, or all when it is NULL. HEARSAY_ERR_INVALID: @timeout_ns is out of
 * range (0 is the default); HEARSAY_ERR_AGAIN: one is under way;
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_reads_begin(struct hsy_reads *r,
                                     const struct hearsay_id *id,
                                     uint64_t timeout_ns, uint64_t *out_number);
/* FACTS of the neighbour at @link. */
void hsy_reads_facts(struct hsy_reads *r, hearsay_link link,
                     const struct hsy_facts *facts);
void hsy_reads_tick(struct hsy_reads *r);
/* The node stops. False: no memory to tell. */
bool hsy_reads_stop(struct hsy_reads *r);
/* One fact of a round, for --print-limits. */
size_t hsy_read_fact_len(void);

#endif
