/* Queries of others that came here, and the answers to them: of the
 * application, or this node's own word that they came. */
#ifndef HSY_CORE_ASKED_H
#define HSY_CORE_ASKED_H

#include "core/direct.h"

enum { HSY_ASKED_MAX = 1024 };
/* A query of which this clock says that it was over so long ago is history:
 * clocks may differ by as much. */
#define HSY_ASKED_SKEW_MS UINT64_C(10000)

/* What names a query; the nonce of its epoch is nobody's business. */
struct hsy_query_name {
    struct hearsay_id origin;
    uint64_t incarnation, seq;
};

struct hsy_asked {
    struct hsy_env *env;
    struct hsy_directs *directs;
    uint64_t incarnation; /* Own, for answers. */
    struct hsy_ring ring; /* Of queries; asked.c. */
    uint64_t next_ns; /* When own words that found no room are tried again. */
};

void hsy_asked_init(struct hsy_asked *a, struct hsy_env *env,
                    struct hsy_directs *directs);
void hsy_asked_fini(struct hsy_asked *a);

/* A query that is being delivered. */
struct hsy_asking {
    struct hsy_epoch of;
    uint64_t seq, wall_ms;
    uint32_t query_ms;
};
/* How long it can still be answered; 0: it is over, or nothing is known of
 * it for want of memory. */
uint64_t hsy_asked_heard(struct hsy_asked *a, const struct hsy_asking *asking);
/* The application answers. HEARSAY_ERR_UNKNOWN, HEARSAY_ERR_LATE,
 * HEARSAY_ERR_ANSWERED, and those of hsy_directs_send(). @payload is
 * borrowed. */
HEARSAY_MUST_USE int hsy_asked_answer(struct hsy_asked *a,
                                      const struct hsy_query_name *name,
                                      const struct hsy_message *payload,
                                      uint64_t *out_number);
void hsy_asked_tick(struct hsy_asked *a);

#endif
