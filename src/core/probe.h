/* Is that node still there? Three tries of one subject, by dialling its
 * addresses: 0, 100 and 300 ms apart while refused, else 4 s apart
 * (docs/protocol.md, Liveness and Seed registry). One authenticated answer
 * ends it as alive; three failures end it as silent. Peers use it on a broken
 * link before they report, seeds before they sign a verdict. */
#ifndef HSY_CORE_PROBE_H
#define HSY_CORE_PROBE_H

#include "base/table.h"
#include "core/env.h"

enum { HSY_PROBE_TRIES = 3, HSY_PROBE_RESTARTS_MAX = 5 };

/* So long who cannot be dialled has to come back by itself, when a link to it
 * broke, before it is tried. */
#define HSY_RETURN_NS (15 * HSY_SECOND)

struct hsy_probe {
    struct hearsay_id id; /* Key: the subject. */
    uint64_t incarnation;
    uint8_t addrs_count; /* >= 1 */
    uint8_t started, failed;
    uint8_t restarts;
    bool refused; /* The last failure was a refusal. */
    struct hearsay_addr addrs[HEARSAY_ADDRS_MAX];
    hearsay_link links[HSY_PROBE_TRIES];
    uint64_t tried_ns; /* When the last try started. */
    uint64_t next_ns;  /* When the next try starts; NEVER: all started. */
};

struct hsy_probes {
    struct hsy_env *env;
    struct hsy_table by_id;
    struct hsy_table by_link; /* Tries under way, to the id of their probe. */
    uint64_t next_ns;         /* About the earliest next_ns. */
};

/* Every neighbour may go at the same time; and at a seed, where probes are part
 * of trials, everybody on its list. */
static inline uint32_t hsy_probes_max(const struct hearsay_config *config)
{
    return config->role == HEARSAY_SEED ? config->peers_max : config->links_max;
}
/* Of an entry of by_link, for --print-limits. */
size_t hsy_probe_try_len(void);

void hsy_probes_init(struct hsy_probes *ps, struct hsy_env *env);
void hsy_probes_fini(struct hsy_probes *ps);
/* Starts one unless it runs already. HEARSAY_ERR_FULL, _NOMEM,
 * HEARSAY_ERR_INVALID (no address). */
HEARSAY_MUST_USE int hsy_probe_start(struct hsy_probes *ps,
                                     const struct hearsay_id *id,
                                     uint64_t incarnation,
                                     const struct hearsay_addr *addrs,
                                     uint32_t addrs_count);
/* A probe that has just been started waits so long, and has one try. */
void hsy_probe_later(struct hsy_probes *ps, const struct hearsay_id *id,
                     uint64_t wait_ns);
bool hsy_probe_running(const struct hsy_probes *ps,
                       const struct hearsay_id *id);
/* The subject answered: forgets the probe; true when there was one. */
bool hsy_probe_answered(struct hsy_probes *ps, const struct hearsay_id *id);
/* Is that dial a try of a probe of @id? */
bool hsy_probe_tries(const struct hsy_probes *ps, hearsay_link link,
                     const struct hearsay_id *id);
/* A dial failed. True when it was the last try of a probe: *@out is the
 * subject (the probe is gone), silent. */
bool hsy_probe_dial_failed(struct hsy_probes *ps, hearsay_link link,
                           enum hearsay_down why, struct hsy_probe *out);
/* A dial failed in a way that proves nothing (a node answered there, or this
 * process was stopped meanwhile): the probe starts over, a few times. False:
 * not a try of a probe, or it has started over often enough. */
bool hsy_probe_again(struct hsy_probes *ps, hearsay_link link);
/* Starts the tries that are due. A subject for which no dial can be opened
 * (no room) waits another second. */
void hsy_probes_tick(struct hsy_probes *ps);

#endif
