/* The protocol as one machine: routes each event to the machines of this
 * folder, in a fixed order. Structs in, ports out. The node (src/node) stands
 * around it and turns bytes into verified structs and back. */
#ifndef HSY_CORE_CORE_H
#define HSY_CORE_CORE_H

#include "core/book.h"
#include "core/dialable.h"
#include "core/direct.h"
#include "core/doubt.h"
#include "core/feeler.h"
#include "core/generator.h"
#include "core/join.h"
#include "core/liveness.h"
#include "core/neighbours.h"
#include "core/overlay.h"
#include "core/probe.h"
#include "core/queries.h"
#include "core/reads.h"
#include "core/repair.h"
#include "core/seed.h"
#include "core/self.h"
#include "core/snapshot.h"

enum hsy_phase {
    HSY_PHASE_COLD, /* Before START. */
    HSY_PHASE_RUNNING,
    HSY_PHASE_LEAVING, /* LEAVE is being signed. */
    HSY_PHASE_STOPPED
};

/* An authenticated link, as the handshake leaves it. */
struct hsy_arrival {
    hearsay_link link;
    bool accepted;
    uint16_t version;             /* Of the protocol, on this link. */
    uint64_t rtt_ns;              /* Of the handshake; 0: not known. */
    struct hearsay_addr from;     /* The other end of the connection. */
    struct hearsay_addr observed; /* Where the other end sees us. */
    struct hsy_record record;     /* Its own, verified. */
};

/* Same id, other boot: waits while the holder of the old link is asked. */
struct hsy_challenger {
    struct hearsay_id id; /* Key. */
    struct hsy_arrival arrival;
};

/* Reports that fewer seeds than the quorum have heard, for those that register
 * us later. The oldest makes room. */
enum { HSY_REPORTS_MAX = 16 };

struct hsy_reports {
    struct hsy_report *ring; /* Owned; made on first use. */
    uint32_t head, count;
};

/* First what every step looks at, then what many do, then the rest. */
struct hsy_core {
    enum hsy_phase phase;
    uint64_t started_ns;
    uint64_t leave_by_ns;  /* NEVER unless leaving. */
    bool bye_said;         /* LEAVE is being signed. */
    struct hsy_seed *seed; /* Owned; only in the seed role. */
    struct hsy_liveness liveness;
    struct hsy_generator generator;
    struct hsy_snapshot snapshot;
    struct hsy_join join;
    struct hsy_overlay overlay;
    struct hsy_book book;
    struct hsy_probes probes;
    struct hsy_doubt doubt;       /* At peers. */
    struct hsy_table challengers; /* struct hsy_challenger */
    struct hsy_self self;
    struct hsy_neighbours neighbours;
    struct hsy_env env;
    struct hsy_relay relay;
    struct hsy_repair repair;
    struct hsy_directs directs;
    struct hsy_asked asked;
    struct hsy_queries queries;
    struct hsy_reads reads;
    struct hsy_reports reports;
    struct hsy_feeler feeler;
    struct hsy_dialable dialable;
};

/* @env's config, id, mem, prng and ports are set; it is copied. NOMEM. */
HEARSAY_MUST_USE int hsy_core_init(struct hsy_core *core,
                                   const struct hsy_env *env);
void hsy_core_fini(struct hsy_core *core);
HEARSAY_MUST_USE int hsy_core_restore(struct hsy_core *core,
                                      const struct hearsay_row *row);

/* Before each event of a step, and after it. */
void hsy_core_begin(struct hsy_core *core, const struct hearsay_now *now);
void hsy_core_end(struct hsy_core *core);

void hsy_core_start(struct hsy_core *core);
void hsy_core_link_up(struct hsy_core *core, const struct hsy_arrival *a);
/* An authenticated link ended, not by our own hang_up. */
void hsy_core_link_down(struct hsy_core *core, hearsay_link link,
                        enum hearsay_down why);
/* A dial ended before it was authenticated. @code: the ERROR frame that came,
 * 0: none; @id: who answered there, NULL: nobody. */
void hsy_core_dial_failed(struct hsy_core *core, hearsay_link link,
                          enum hearsay_down why, unsigned code,
                          const struct hearsay_id *id);
/* Bytes came in. */
void hsy_core_heard(struct hsy_core *core, hearsay_link link);
/* Is this frame worth the check of its signatures? For a BUNDLE, true must be
 * followed by hsy_core_frame() or hsy_core_refused(). */
bool hsy_core_wants(struct hsy_core *core, hearsay_link link,
                    const struct hsy_frame *frame);
/* A frame whose signatures match. False: it has no business on this link. A
 * link that is gone by now is all right. */
bool hsy_core_frame(struct hsy_core *core, hearsay_link link,
                    const struct hsy_frame *frame);
/* Its signatures did not match, or could not be looked at. */
void hsy_core_refused(struct hsy_core *core, hearsay_link link,
                      const struct hsy_frame *frame);
/* Have we verified exactly this record before? */
bool hsy_core_knows(const struct hsy_core *core,
                    const struct hsy_encoded *record);
/* More waits on @link than fits: some of it was dropped. */
void hsy_core_congested(struct hsy_core *core, hearsay_link link);
/* Nothing waits there any more. */
void hsy_core_relieved(struct hsy_core *core, hearsay_link link);
/* @link is not read just now, by our own choice, or is read again. */
void hsy_core_paused(struct hsy_core *core, hearsay_link link, bool paused);
void hsy_core_signed(struct hsy_core *core, const struct hsy_signable *what);
void hsy_core_persisted(struct hsy_core *core, uint64_t token, bool ok);
HEARSAY_MUST_USE int hsy_core_publish(struct hsy_core *core,
                                      const struct hsy_message *message,
                                      uint64_t *out_seq);
HEARSAY_MUST_USE int hsy_core_subscribe(struct hsy_core *core,
                                        const char *pattern, bool on);
/* The next piece of a large message for @link, when nothing else waits there;
 * false: none just now. Lent until the next call of anything. */
HEARSAY_MUST_USE bool hsy_core_serve(struct hsy_core *core, hearsay_link link,
                                     struct hsy_frame *out);
/* A message to one node; see direct.h. HEARSAY_ERR_STATE: not joined. */
HEARSAY_MUST_USE int hsy_core_send(struct hsy_core *core,
                                   const struct hsy_direct_wish *wish,
                                   uint64_t *out_number);
/* Publishes @message, whose query_ms says how long it waits. HEARSAY_ERR_AGAIN
 * also for too many queries. */
HEARSAY_MUST_USE int hsy_core_query(struct hsy_core *core,
                                    const struct hsy_message *message,
                                    uint64_t *out_seq);
/* The application answers a query; see asked.h. */
HEARSAY_MUST_USE int hsy_core_answer(struct hsy_core *core,
                                     const struct hsy_query_name *name,
                                     const struct hsy_message *payload,
                                     uint64_t *out_number);
/* What a quorum of seeds knows of @id, or of all (NULL); see reads.h.
 * HEARSAY_ERR_STATE: a seed, or not joined. */
HEARSAY_MUST_USE int hsy_core_find(struct hsy_core *core,
                                   const struct hearsay_id *id,
                                   uint64_t timeout_ns, uint64_t *out_number);
void hsy_core_leave(struct hsy_core *core);
/* The node has stopped: tells the application what became of all that it still
 * waits for. False: no memory; again. */
bool hsy_core_give_up(struct hsy_core *core);

uint64_t hsy_core_deadline(const struct hsy_core *core);
bool hsy_core_joined(const struct hsy_core *core);

#endif
