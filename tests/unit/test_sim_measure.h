/* What the tests of the measure share: a cluster of toys, told by hand what
 * happens. Node 0 is the seed, the others are peers. */
#ifndef HSY_TEST_SIM_MEASURE_H
#define HSY_TEST_SIM_MEASURE_H

#include "support/sim_toys.h"

#include <math.h>

#include "base/notes.h"
#include "sim/measure.h"
#include "support/mem_fault.h"
#include "wire/frames.h"

static struct hsy_cluster *c;
static struct hsy_measure *m;
static struct hsy_observer to;

/* All peers are members at 1 s. */
static inline void begin(uint32_t seeds, uint32_t peers)
{
    struct hsy_cluster_config config = settings();
    config.seeds = seeds;
    config.peers = peers;
    c = cluster_of(&config);
    CLAIM_INT(hsy_measure_create(&m, hearsay_mem_default(), c), HEARSAY_OK);
    to = hsy_measure_observer(m);
    for (uint32_t i = 0; i < hsy_cluster_count(c); i++) {
        to.started(to.ctx, i);
    }
    CLAIM_INT(hsy_cluster_run(c, HSY_SECOND), HEARSAY_OK);
}

static inline void end(void)
{
    CLAIM_INT(hsy_measure_err(m), HEARSAY_OK);
    hsy_measure_destroy(m);
    hsy_cluster_destroy(c);
}

static inline void pass(uint64_t ns)
{
    CLAIM_INT(hsy_cluster_run(c, hsy_cluster_now(c) + ns), HEARSAY_OK);
}

static inline void tell(uint32_t node, const char *event)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, event);
    to.note(to.ctx, node, hsy_cluster_now(c), &note.note);
}

static inline void all_join(void)
{
    for (uint32_t i = hsy_cluster_seeds(c); i < hsy_cluster_count(c); i++) {
        tell(i, "joined");
    }
}

static inline void publish(uint32_t node, uint64_t seq)
{
    to.published(to.ctx, node, seq, (const uint8_t *)"x", 1);
}

struct delivery {
    uint32_t node, origin;
    uint64_t epoch, seq;
    uint32_t hops;
};

static inline void deliver(const struct delivery *d)
{
    struct hearsay_message message = {.origin = *hsy_cluster_id(c, d->origin),
                                      .epoch = d->epoch,
                                      .seq = d->seq,
                                      .hops = d->hops};
    to.delivered(to.ctx, d->node, hsy_cluster_now(c), &message);
}

static inline void tell_dead(uint32_t node, const char *event, uint32_t subject,
                             uint64_t incarnation)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, event);
    hsy_note_id(&note, "subject", hsy_cluster_id(c, subject));
    hsy_note_u64(&note, "incarnation", incarnation);
    to.note(to.ctx, node, hsy_cluster_now(c), &note.note);
}

static inline struct hsy_figures figures(void)
{
    struct hsy_figures f;
    hsy_measure_figures(m, &f);
    return f;
}

static inline bool is_none(double figure)
{
    return !isfinite(figure);
}

static inline bool is(double actual, double expected)
{
    return fabs(actual - expected) <= 0.01 * fabs(expected);
}

/* A frame of @type with @body_len bytes after its header, all zero but for
 * the @count of a bundle. */
static inline size_t frame(uint8_t *out, uint8_t type, size_t body_len,
                           uint8_t count)
{
    memset(out, 0, 6 + body_len);
    out[2] = (uint8_t)((body_len + 2) >> 8);
    out[3] = (uint8_t)(body_len + 2);
    out[4] = type;
    if (type == HSY_BUNDLE && body_len > 1 + 32 + 16 + 8 + 1) {
        out[6 + 1 + 32 + 16 + 8 + 1] = count;
    }
    return 6 + body_len;
}

#endif
