/* The bookkeeping of messages over a whole cluster: what was published, who
 * got it, and whether the promises of broadcast held. It believes no node: it
 * is told what applications see. */
#ifndef HSY_SIM_LEDGER_H
#define HSY_SIM_LEDGER_H

#include "hearsay.h"

struct hsy_ledger;

struct hsy_totals {
    uint64_t published;
    uint64_t delivered; /* To others than the origin. */
    uint64_t phantom;   /* B1: delivered, never published. */
    uint64_t twice;     /* B2: again to the same process. */
    uint64_t altered;   /* B4: other bytes than published. */
    uint64_t reused;    /* One sequence number for two messages. */
    /* Pairs of a message and a node of which somebody has asked whether it is
     * lost, and those that once were; each counted once. */
    uint64_t judged, lost;
};

/* HEARSAY_ERR_NOMEM; the same from every function that returns int. */
HEARSAY_MUST_USE int hsy_ledger_create(struct hsy_ledger **out,
                                       uint32_t nodes_count,
                                       const struct hearsay_mem *mem);
void hsy_ledger_destroy(struct hsy_ledger *l);

/* From now on a node that is started again has what its earlier processes got,
 * and may be given of it only what says so (`again`); with @owes it also owes
 * what was published since its first one joined. */
void hsy_ledger_remember(struct hsy_ledger *l, bool owes);
/* Its disk is not what it should be: it remembers nothing. */
void hsy_ledger_unsure(struct hsy_ledger *l, uint32_t node);

/* A new process, which owes nobody what an earlier one got. */
void hsy_ledger_started(struct hsy_ledger *l, uint32_t node);
/* From now on it is expected to get what others publish. */
void hsy_ledger_joined(struct hsy_ledger *l, uint32_t node, uint64_t now_ns);
void hsy_ledger_ended(struct hsy_ledger *l, uint32_t node);
/* Its disk lost something: it may come with an incarnation that it had before,
 * and so with an epoch that names another process's messages, too. */
void hsy_ledger_forgot(struct hsy_ledger *l, uint32_t node);

struct hsy_published {
    uint32_t origin;
    uint64_t seq;
    const uint8_t *payload; /* Borrowed. */
    size_t payload_len;
};
HEARSAY_MUST_USE int hsy_ledger_published(struct hsy_ledger *l, uint64_t now_ns,
                                          const struct hsy_published *p);
/* @origin: the node whose id the message names; HSY_LEDGER_NOBODY. */
enum { HSY_LEDGER_NOBODY = -1 };
HEARSAY_MUST_USE int
hsy_ledger_delivered(struct hsy_ledger *l, uint32_t node, int64_t origin,
                     const struct hearsay_message *message);

/* @node has said that these came too late to be delivered in order: they count
 * as delivered. False: which they are cannot be said, for the origin's disk was
 * lost, and its epochs come again. */
struct hsy_late {
    uint32_t origin;
    uint64_t epoch, from, to;
};
HEARSAY_MUST_USE bool hsy_ledger_late(struct hsy_ledger *l, uint32_t node,
                                      const struct hsy_late *late);

struct hsy_totals hsy_ledger_totals(const struct hsy_ledger *l);
/* The first broken promise, "" while all hold. Static. */
const char *hsy_ledger_broken(const struct hsy_ledger *l);

/* Which deliveries to look for. */
struct hsy_expectation {
    uint64_t from_ns, to_ns; /* Published then, both included. */
    void *ctx;
    /* NULL: every node. */
    bool (*counts)(void *ctx, uint32_t origin, uint32_t node);
};
/* Pairs of a message and a process that had joined before it was published,
 * still runs, and counts. */
struct hsy_missing {
    uint64_t expected, missed;
    uint32_t origin, node; /* The first pair missed. */
    uint64_t seq;
};
struct hsy_missing hsy_ledger_missing(const struct hsy_ledger *l,
                                      const struct hsy_expectation *e);
/* The same, as a verdict: those that are missed are lost. */
struct hsy_missing hsy_ledger_judge(struct hsy_ledger *l,
                                    const struct hsy_expectation *e);

/* Has its present process joined? */
bool hsy_ledger_has_joined(const struct hsy_ledger *l, uint32_t node);

/* A message of the present process of @origin. */
struct hsy_message_name {
    uint32_t origin;
    uint64_t seq;
};
/* True: some of @members (a bit per node) other than the origin, of whom
 * *@out_node is the first, has not got it. */
bool hsy_ledger_lacks(const struct hsy_ledger *l,
                      const struct hsy_message_name *name,
                      const uint8_t *members, uint32_t *out_node);
/* Who of @members other than the origin has not got it has lost it. */
void hsy_ledger_judge_members(struct hsy_ledger *l,
                              const struct hsy_message_name *name,
                              const uint8_t *members);

/* A message that some node keeps for others, as it names it. */
struct hsy_kept_name {
    uint32_t origin;
    uint64_t epoch, seq;
    bool own; /* The present process of @origin keeps it. */
};
struct hsy_kept_message {
    void *message;         /* Lent until the next is published. */
    uint64_t published_ns; /* The caller may know of an earlier moment. */
};
/* False: nothing is known of it, or its epoch may stand for several. */
bool hsy_ledger_find(const struct hsy_ledger *l, struct hsy_kept_message *out,
                     const struct hsy_kept_name *name);
/* @node had joined before it was published, and still runs. */
bool hsy_ledger_expects(const struct hsy_ledger *l,
                        const struct hsy_kept_message *m, uint32_t node);
/* That, and it has not got it. */
bool hsy_ledger_owes(const struct hsy_ledger *l,
                     const struct hsy_kept_message *m, uint32_t node);
/* It is to have it. False: it has lost it. */
bool hsy_ledger_judge_one(struct hsy_ledger *l,
                          const struct hsy_kept_message *m, uint32_t node);

#endif
