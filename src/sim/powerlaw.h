/* Is it a power law? The method of Clauset, Shalizi and Newman, "Power-law
 * distributions in empirical data", SIAM Review 51 (2009), for integers:
 *
 *   p(x) = x^-alpha / zeta(alpha, xmin),  x = xmin, xmin + 1, ...
 *
 * alpha by exact maximum likelihood; xmin where the Kolmogorov-Smirnov
 * distance of the tail is least; p by a semi-parametric bootstrap, each sample
 * fitted from scratch; and Vuong's likelihood ratio against two others. The
 * usual reading: p >= 0.1 means that a power law is plausible. Exponents are
 * looked for from 1 to 6. */
#ifndef HSY_SIM_POWERLAW_H
#define HSY_SIM_POWERLAW_H

#include "hearsay.h"

enum {
    HSY_POWERLAW_BOOTSTRAPS = 100, /* A quick fit: p within +-0.06. */
    HSY_POWERLAW_BOOTSTRAPS_MAX = 100000,
    /* Fewer values in the tail say nothing (the paper's rule of thumb). */
    HSY_POWERLAW_TAIL_MIN = 50,
    /* And one value in so many: a law for fewer is none of the whole. */
    HSY_POWERLAW_TAIL_SHARE = 20
};

struct hsy_powerlaw_options {
    uint32_t bootstraps; /* 0: no p. p is off by about 1/2 its root. */
    uint64_t rng;
    uint32_t xmin;     /* 0: to be found. */
    uint32_t tail_min; /* Least values in a tail; 0: the two rules above. */
};

struct hsy_powerlaw {
    double alpha;
    double alpha_error; /* One standard error. */
    double ks;          /* Distance between the tail and the fit. */
    double p;           /* Share of bootstraps that fit worse; NAN: none. */
    /* Log-likelihood ratios, normalised: above 0 the power law is the better
     * one; the p beside it is two-sided, and below 0.1 the sign counts. NAN:
     * the other one cannot be fitted. */
    double lr_exp, lr_exp_p;
    double lr_lognormal, lr_lognormal_p;
    uint32_t xmin;
    uint32_t tail;  /* Values >= xmin. */
    uint32_t count; /* All values; zeros are left out. */
    uint32_t bootstraps;
};

/* @options NULL: the defaults above, rng 1. HEARSAY_ERR_INVALID: fewer than
 * tail_min values above 0, or no tail with two different values; nothing to
 * fit. HEARSAY_ERR_NOMEM. *@out is untouched on failure. */
HEARSAY_MUST_USE int
hsy_powerlaw_fit(struct hsy_powerlaw *out, const struct hearsay_mem *mem,
                 const uint32_t *degrees, uint32_t count,
                 const struct hsy_powerlaw_options *options);

#endif
