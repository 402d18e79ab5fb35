/* The tail is grown from the largest value downwards; at each value it is
 * fitted by maximum likelihood, and the one that is nearest to its fit by
 * Kolmogorov and Smirnov's distance wins. Everything works on counts of
 * different values, so the cost is theirs squared, not that of the sample. */
#include "sim/powerlaw.h"

#include "base/assert.h"
#include "base/mem.h"
#include "sim/powerlaw_inner.h"
#include "sim/zeta.h"

#include <math.h>

/* What is steeper is no power law to anybody, but any thin tail looks like one
 * somewhere when exponents may be 10 or 15: random graphs would pass. (The
 * authors' own program stops at 3.5.) */
static const double ALPHA_MAX = 6;
static const double ALPHA_MIN = 1.0001;

/* Maximises -alpha mean(ln x) - ln zeta(alpha, xmin). Its slope is the mean
 * of ln(x / xmin) that alpha stands for less @mean, the one seen; its
 * curvature is the variance, so Newton's method takes a handful of steps. */
static double likeliest(double mean, double xmin)
{
    /* The well-known approximation by a continuous variable from xmin - 1/2. */
    double alpha = 1 + 1 / (mean + log(xmin / (xmin - 0.5)));
    for (int i = 0; i < 50; i++) {
        if (alpha > ALPHA_MAX) {
            alpha = ALPHA_MAX;
        }
        struct hsy_zeta z = hsy_zeta(alpha, xmin);
        double step = (z.mean - mean) / z.variance;
        double next = alpha + step;
        if (next < ALPHA_MIN) {
            next = 1 + (alpha - 1) / 2;
        }
        if (next < ALPHA_MIN) {
            return ALPHA_MIN;
        }
        if (fabs(next - alpha) < 1e-10 ||
            (alpha == ALPHA_MAX && next >= ALPHA_MAX)) {
            return next < ALPHA_MAX ? next : ALPHA_MAX;
        }
        alpha = next;
    }
    return alpha;
}

/* Sum of (k / xmin)^-alpha over k >= x, from that over k >= @above. Over a
 * wide gap it is cheaper to begin anew. */
static double more_above(const struct hsy_tail *t, double sum, uint32_t above,
                         uint32_t x)
{
    if (above - x > 12) {
        return exp(-t->alpha * log((double)x / t->xmin)) *
               hsy_zeta_scaled(t->alpha, x);
    }
    for (uint32_t k = above; k > x; k--) {
        sum += exp(-t->alpha * log((double)(k - 1) / t->xmin));
    }
    return sum;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The greatest distance between the two cumulative distributions. Between
 * two values seen the one is flat and the other one rises, so that it is
 * enough to look at each value seen and just before it. Gives up with what it
 * has beyond @limit. */
static double distance(const struct hsy_sample *s, const struct hsy_tail *t,
                       double limit)
{
    double whole = hsy_zeta_scaled(t->alpha, t->xmin);
    uint32_t top = s->values[s->distinct - 1] + 1;
    double sum = exp(-t->alpha * log((double)top / t->xmin)) *
                 hsy_zeta_scaled(t->alpha, top);
    double most = sum / whole; /* Nothing was seen up there. */
    uint64_t seen = 0;         /* Above the present value. */
    uint32_t above = top;
    for (uint32_t i = s->distinct; i > t->first && most <= limit; i--) {
        uint32_t x = s->values[i - 1];
        double share = (double)seen / t->count;
        sum = more_above(t, sum, above, x + 1);
        most = larger(most, fabs(sum / whole - share));
        seen += s->counts[i - 1];
        share = (double)seen / t->count;
        sum = more_above(t, sum, x + 1, x);
        most = larger(most, fabs(sum / whole - share));
        above = x;
    }
    return most;
}

bool hsy_tail_best(struct hsy_tail *out, const struct hsy_sample *s,
                   uint32_t xmin, uint32_t tail_min)
{
    bool found = false;
    uint64_t count = 0;
    double logs = 0;
    for (uint32_t i = s->distinct; i > 0; i--) {
        uint32_t x = s->values[i - 1];
        if (x < xmin) {
            break;
        }
        count += s->counts[i - 1];
        logs += s->counts[i - 1] * s->logs[i - 1];
        bool wanted = xmin == 0 || i == 1 || s->values[i - 2] < xmin;
        if (!wanted || count < tail_min || i == s->distinct) {
            continue;
        }
        struct hsy_tail t = {.first = i - 1,
                             .xmin = xmin == 0 ? x : xmin,
                             .count = (uint32_t)count};
        t.alpha = likeliest(logs / (double)count - log(t.xmin), t.xmin);
        double limit = found ? out->ks : 2;
        t.ks = distance(s, &t, limit);
        if (t.ks <= limit) { /* Of two equal ones, the longer tail. */
            *out = t;
            found = true;
        }
    }
    return found;
}

/* How many of the bootstraps are no nearer to their own fits. */
static int bootstrap(double *out_p, const struct hsy_sample *seen,
                     const struct hsy_tail *tail,
                     const struct hsy_powerlaw_options *options)
{
    struct hsy_sample sample;
    struct hsy_draw draw;
    struct hsy_prng prng;
    uint32_t worse = 0;
    int err = hsy_sample_init(&sample, &seen->mem, seen->total);
    if (err != HEARSAY_OK) {
        return err;
    }
    err = hsy_draw_init(&draw, seen, tail);
    if (err != HEARSAY_OK) {
        hsy_sample_fini(&sample);
        return err;
    }
    hsy_prng_init(&prng, options->rng);
    for (uint32_t i = 0; i < options->bootstraps; i++) {
        struct hsy_tail best;
        hsy_sample_clear(&sample);
        for (uint32_t k = 0; k < seen->total; k++) {
            hsy_sample_add(&sample, hsy_draw_next(&draw, &prng));
        }
        hsy_sample_finish(&sample);
        /* A sample without any tail is no worse than the data. */
        if (hsy_tail_best(&best, &sample, options->xmin, options->tail_min) &&
            best.ks >= tail->ks) {
            worse++;
        }
    }
    *out_p = (double)worse / options->bootstraps;
    hsy_draw_fini(&draw);
    hsy_sample_fini(&sample);
    return HEARSAY_OK;
}

static int fit(struct hsy_powerlaw *out, const struct hsy_sample *s,
               const struct hsy_powerlaw_options *options)
{
    struct hsy_tail t;
    if (!hsy_tail_best(&t, s, options->xmin, options->tail_min)) {
        return HEARSAY_ERR_INVALID;
    }
    double p = (double)NAN;
    if (options->bootstraps > 0) {
        int err = bootstrap(&p, s, &t, options);
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    struct hsy_zeta z = hsy_zeta(t.alpha, t.xmin);
    struct hsy_ratio exponential = hsy_ratio_exponential(s, &t);
    struct hsy_ratio lognormal = hsy_ratio_lognormal(s, &t);
    *out = (struct hsy_powerlaw){.alpha = t.alpha,
                                 .alpha_error = 1 / sqrt(t.count * z.variance),
                                 .ks = t.ks,
                                 .p = p,
                                 .lr_exp = exponential.normalised,
                                 .lr_exp_p = exponential.p,
                                 .lr_lognormal = lognormal.normalised,
                                 .lr_lognormal_p = lognormal.p,
                                 .xmin = t.xmin,
                                 .tail = t.count,
                                 .count = s->total,
                                 .bootstraps = options->bootstraps};
    return HEARSAY_OK;
}

int hsy_powerlaw_fit(struct hsy_powerlaw *out, const struct hearsay_mem *mem,
                     const uint32_t *degrees, uint32_t count,
                     const struct hsy_powerlaw_options *options)
{
    struct hsy_powerlaw_options o = {.bootstraps = HSY_POWERLAW_BOOTSTRAPS,
                                     .rng = 1};
    if (options != NULL) {
        o = *options;
    }
    HSY_ASSERT(o.bootstraps <= HSY_POWERLAW_BOOTSTRAPS_MAX);
    if (o.tail_min == 0) {
        o.tail_min = count / HSY_POWERLAW_TAIL_SHARE;
        o.tail_min = o.tail_min > HSY_POWERLAW_TAIL_MIN
                         ? o.tail_min
                         : (uint32_t)HSY_POWERLAW_TAIL_MIN;
    }
    if (count < o.tail_min) {
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_sample s;
    int err = hsy_sample_init(&s, mem, count);
    if (err != HEARSAY_OK) {
        return err;
    }
    for (uint32_t i = 0; i < count; i++) {
        hsy_sample_add(&s, degrees[i]);
    }
    hsy_sample_finish(&s);
    err = fit(out, &s, &o);
    hsy_sample_fini(&s);
    return err;
}
