/* Likelihood ratios of a fitted power law to an exponential and to a lognormal
 * tail, both discrete and from the same xmin on, each by its own maximum
 * likelihood. Vuong (1989): the ratio over its standard deviation, which the
 * values themselves give, is standard normal when both are equally far from
 * the truth. */
#include "sim/powerlaw_inner.h"

#include "base/assert.h"
#include "sim/zeta.h"

#include <math.h>

static const double SQRT_2 = 1.41421356237309504880;

/* Another distribution: ln P(x), given that x >= xmin. */
struct rival {
    double (*ln_of)(const struct rival *r, double x);
    double xmin;
    double a, b; /* Its parameters. */
    double norm; /* ln P(X >= xmin) */
};

static struct hsy_ratio ratio(const struct hsy_sample *s,
                              const struct hsy_tail *t, const struct rival *r)
{
    double norm = log(hsy_zeta_scaled(t->alpha, t->xmin));
    double sum = 0;
    double squares = 0;
    for (uint32_t i = t->first; i < s->distinct; i++) {
        double ours = -t->alpha * (s->logs[i] - log(t->xmin)) - norm;
        double d = ours - r->ln_of(r, s->values[i]);
        sum += s->counts[i] * d;
        squares += s->counts[i] * d * d;
    }
    double mean = sum / t->count;
    double variance = squares / t->count - mean * mean;
    if (variance <= 1e-14 * squares / t->count) {
        return (struct hsy_ratio){.normalised = 0, .p = 1}; /* One and all. */
    }
    double z = sum / sqrt(t->count * variance);
    return (struct hsy_ratio){.normalised = z, .p = hsy_erfc(fabs(z) / SQRT_2)};
}

/* ------------------------------------------------------------ exponential */

static double ln_exponential(const struct rival *r, double x)
{
    return r->b - r->a * (x - r->xmin);
}

struct hsy_ratio hsy_ratio_exponential(const struct hsy_sample *s,
                                       const struct hsy_tail *tail)
{
    double sum = 0;
    for (uint32_t i = tail->first; i < s->distinct; i++) {
        sum += (double)s->counts[i] * (s->values[i] - tail->xmin);
    }
    double mean = sum / tail->count;
    HSY_ASSERT(mean > 0); /* A tail has two different values. */
    /* P = (1 - q) q^(x - xmin), with mean q / (1 - q). */
    struct rival r = {.ln_of = ln_exponential,
                      .xmin = tail->xmin,
                      .a = log(1 + 1 / mean),
                      .b = -log(1 + mean)};
    return ratio(s, tail, &r);
}

/* -------------------------------------------------------------- lognormal */

/* P(Z > z) exp(z^2 / 2) for z >= 0, Z standard normal. */
static double upper_scaled(double z)
{
    return 0.5 * hsy_erfc_scaled(z / SQRT_2);
}

/* ln P(Z > z) */
static double ln_upper(double z)
{
    return z < 0 ? log(0.5 * hsy_erfc(z / SQRT_2))
                 : log(upper_scaled(z)) - z * z / 2;
}

/* ln P(low < Z <= high); far out, where both ends round to nothing, too. */
static double ln_between(double low, double high)
{
    if (high <= 0) {
        return ln_between(-high, -low);
    }
    if (low < 0) {
        return log(0.5 * (hsy_erfc(low / SQRT_2) - hsy_erfc(high / SQRT_2)));
    }
    double scaled = upper_scaled(low) -
                    exp((low * low - high * high) / 2) * upper_scaled(high);
    return log(scaled) - low * low / 2;
}

/* A continuous lognormal, rounded to the nearest integer. */
static double ln_lognormal(const struct rival *r, double x)
{
    return ln_between((log(x - 0.5) - r->a) / r->b,
                      (log(x + 0.5) - r->a) / r->b) -
           r->norm;
}

static struct rival lognormal(const struct hsy_tail *t, double mu, double sigma)
{
    return (struct rival){.ln_of = ln_lognormal,
                          .xmin = t->xmin,
                          .a = mu,
                          .b = sigma,
                          .norm = ln_upper((log(t->xmin - 0.5) - mu) / sigma)};
}

/* A vertex of the simplex: mu, ln sigma, and what is to be least. */
struct vertex {
    double at[2], cost;
};

static double cost(const struct hsy_sample *s, const struct hsy_tail *t,
                   const double at[2])
{
    /* A lognormal far to the left becomes a power law: no farther. */
    if (at[0] < log(t->xmin) - 50 || at[0] > 50 || fabs(at[1]) > 5) {
        return (double)INFINITY;
    }
    struct rival r = lognormal(t, at[0], exp(at[1]));
    double sum = 0;
    for (uint32_t i = t->first; i < s->distinct; i++) {
        sum -= s->counts[i] * r.ln_of(&r, s->values[i]);
    }
    return isfinite(sum) ? sum : (double)INFINITY;
}

static void order(struct vertex v[3])
{
    for (int i = 1; i < 3; i++) {
        for (int k = i; k > 0 && v[k].cost < v[k - 1].cost; k--) {
            struct vertex swapped = v[k];
            v[k] = v[k - 1];
            v[k - 1] = swapped;
        }
    }
}

/* On the line from the worst vertex through the middle of the others: 1 is
 * its mirror image. */
static struct vertex along(const struct hsy_sample *s, const struct hsy_tail *t,
                           const struct vertex v[3], double where)
{
    struct vertex n;
    for (int i = 0; i < 2; i++) {
        double middle = (v[0].at[i] + v[1].at[i]) / 2;
        n.at[i] = middle + where * (middle - v[2].at[i]);
    }
    n.cost = cost(s, t, n.at);
    return n;
}

static void shrink(const struct hsy_sample *s, const struct hsy_tail *t,
                   struct vertex v[3])
{
    for (int i = 1; i < 3; i++) {
        for (int k = 0; k < 2; k++) {
            v[i].at[k] = (v[i].at[k] + v[0].at[k]) / 2;
        }
        v[i].cost = cost(s, t, v[i].at);
    }
}

/* Nelder and Mead's method, bounded in steps. */
static void descend(const struct hsy_sample *s, const struct hsy_tail *t,
                    struct vertex v[3])
{
    order(v);
    for (int i = 0; i < 300; i++) {
        if (v[2].cost - v[0].cost < 1e-9 * fabs(v[0].cost)) {
            return;
        }
        struct vertex n = along(s, t, v, 1);
        if (n.cost < v[0].cost) {
            struct vertex far = along(s, t, v, 2);
            v[2] = far.cost < n.cost ? far : n;
        } else if (n.cost < v[1].cost) {
            v[2] = n;
        } else {
            n = along(s, t, v, n.cost < v[2].cost ? 0.5 : -0.5);
            if (n.cost < v[2].cost) {
                v[2] = n;
            } else {
                shrink(s, t, v);
            }
        }
        order(v);
    }
}

struct hsy_ratio hsy_ratio_lognormal(const struct hsy_sample *s,
                                     const struct hsy_tail *tail)
{
    double sum = 0;
    double squares = 0;
    for (uint32_t i = tail->first; i < s->distinct; i++) {
        sum += s->counts[i] * s->logs[i];
        squares += s->counts[i] * s->logs[i] * s->logs[i];
    }
    double mu = sum / tail->count;
    double variance = squares / tail->count - mu * mu;
    double spread = log(variance > 1e-4 ? variance : 1e-4) / 2;
    struct vertex v[3] = {{.at = {mu, spread}},
                          {.at = {mu - 1, spread + 0.3}},
                          {.at = {mu, spread + 0.6}}};
    for (int i = 0; i < 3; i++) {
        v[i].cost = cost(s, tail, v[i].at);
    }
    descend(s, tail, v);
    if (!isfinite(v[0].cost)) {
        return (struct hsy_ratio){.normalised = (double)NAN, .p = (double)NAN};
    }
    struct rival r = lognormal(tail, v[0].at[0], exp(v[0].at[1]));
    return ratio(s, tail, &r);
}
