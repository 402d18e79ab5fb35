/* D1 to D3 and Q1: direct messages and queries. The book knows what was asked
 * for, by the content of each message: no two of a run are alike. */
#ifndef HSY_SIM_CHECK_DIRECT_H
#define HSY_SIM_CHECK_DIRECT_H

#include "base/table.h"
#include "sim/check.h"

enum { HSY_DIRECT_BOOK_MAX = 1 << 20, HSY_DIRECT_MISSING_MAX = 64 };

/* What came of all so far, and the end of the last query. */
struct hsy_direct_totals {
    uint64_t sent, delivered, unanswered, stopped, taken;
    uint64_t queries, answers, done;
    uint32_t answered, expected;
    uint32_t missing[HSY_DIRECT_MISSING_MAX]; /* Nodes. */
    uint32_t missing_count, missing_listed;
};

struct hsy_check_direct {
    struct hsy_findings *f;
    const struct hsy_cluster *cluster;
    struct hsy_table asked;   /* Messages and queries, by who and number. */
    struct hsy_table content; /* Messages, by their content. */
    struct hsy_table heard;   /* Who was delivered which query. */
    struct hsy_table answers; /* Who has answered which query. */
    uint64_t *stalled_ns;     /* Owned, per node: it last did not run. */
    struct hsy_direct_totals totals;
};

HEARSAY_MUST_USE int hsy_check_direct_init(struct hsy_check_direct *d,
                                           struct hsy_findings *f,
                                           const struct hsy_cluster *cluster);
void hsy_check_direct_fini(struct hsy_check_direct *d);
/* @node of this @life has sent to @to, or asks all (HSY_NODE_NONE). */
struct hsy_direct_asked {
    uint32_t node, life, to;
    uint64_t number;
    uint64_t timeout_ns;
    const uint8_t *payload;
    size_t payload_len;
};
void hsy_check_direct_asked(struct hsy_check_direct *d,
                            const struct hsy_direct_asked *asked);
/* A query was delivered to @node. */
void hsy_check_direct_heard(struct hsy_check_direct *d, uint32_t node,
                            uint32_t origin, uint64_t seq);
void hsy_check_direct_told(struct hsy_check_direct *d, uint32_t node,
                           const struct hearsay_effect *fx);
/* The process of @node is gone, by itself or not. */
void hsy_check_direct_ended(struct hsy_check_direct *d, uint32_t node,
                            bool by_itself);
void hsy_check_direct_stalled(struct hsy_check_direct *d, uint32_t node);
/* D3: outcomes that are overdue. */
void hsy_check_direct_look(struct hsy_check_direct *d);

#endif
