/* Shared by the files of the power law, and by its tests. */
#ifndef HSY_SIM_POWERLAW_INNER_H
#define HSY_SIM_POWERLAW_INNER_H

#include "base/prng.h"
#include "sim/powerlaw.h"

/* Positive values as a sorted list of different ones with their counts. */
struct hsy_sample {
    struct hearsay_mem mem;
    uint32_t *values, *counts; /* Owned; @distinct of each. */
    double *logs;              /* Owned: ln of each value. */
    uint32_t distinct, total;
    uint32_t *dense;  /* Owned: counts of small values, while adding. */
    uint32_t *sparse; /* Owned: the other values, in any order. */
    uint32_t dense_end, sparse_count, room;
};

/* Room for @room values. HEARSAY_ERR_NOMEM: nothing to give back. */
HEARSAY_MUST_USE int hsy_sample_init(struct hsy_sample *s,
                                     const struct hearsay_mem *mem,
                                     uint32_t room);
void hsy_sample_fini(struct hsy_sample *s);
/* Build: clear, add (zeros are left out), then finish. */
void hsy_sample_clear(struct hsy_sample *s);
void hsy_sample_add(struct hsy_sample *s, uint32_t value);
void hsy_sample_finish(struct hsy_sample *s);

/* A power law, and how well it fits the values from xmin on. */
struct hsy_tail {
    double alpha, ks;
    uint32_t first; /* Index of xmin among the values of the sample. */
    uint32_t xmin, count;
};

/* The best tail. False: there is none (too few values, or all equal). */
bool hsy_tail_best(struct hsy_tail *out, const struct hsy_sample *s,
                   uint32_t xmin, uint32_t tail_min);

/* Draws from the fitted tail, and below it from what was seen. */
enum { HSY_DRAW_TABLE = 4096 };
struct hsy_draw {
    const struct hsy_sample *seen; /* Borrowed. */
    struct hsy_tail tail;
    uint32_t *below; /* Owned: how many were seen up to each value < xmin. */
    double *above;   /* Owned: P(X >= xmin + i). */
    double scale;    /* zeta_scaled(alpha, xmin) */
};
HEARSAY_MUST_USE int hsy_draw_init(struct hsy_draw *d,
                                   const struct hsy_sample *seen,
                                   const struct hsy_tail *tail);
void hsy_draw_fini(struct hsy_draw *d);
uint32_t hsy_draw_next(const struct hsy_draw *d, struct hsy_prng *prng);

/* Vuong's test of a fitted tail against another distribution. */
struct hsy_ratio {
    double normalised, p; /* NAN: the other one cannot be fitted. */
};
struct hsy_ratio hsy_ratio_exponential(const struct hsy_sample *s,
                                       const struct hsy_tail *tail);
struct hsy_ratio hsy_ratio_lognormal(const struct hsy_sample *s,
                                     const struct hsy_tail *tail);

#endif
