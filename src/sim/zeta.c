/* Hurwitz zeta by Euler-Maclaurin summation: the first terms one by one up to
 * Q = q + N, then with f(x) = (x / q)^-s
 *
 *   sum of f(x), x >= Q  =  integral from Q  +  f(Q) / 2
 *                           + sum of B_2j / (2j)! (s)_(2j-1) Q^(1-2j) f(Q)
 *
 * where (s)_n = s (s+1) ... (s+n-1). Moments of ln(x / q) are the derivatives
 * of all of this by s, with the sign turned. The terms of the sum fall by
 * about ((s + 2j) / (2 pi Q))^2 each, so that Q >= 10 + s leaves an error
 * below 1e-16 after ten of them. */
#include "sim/zeta.h"

#include "base/assert.h"

#include <math.h>

enum { TERMS = 10 };

/* B_2j / (2j)! */
static const double bernoulli[TERMS] = {
    1.0 / 12,
    -1.0 / 720,
    1.0 / 30240,
    -1.0 / 1209600,
    1.0 / 47900160,
    -691.0 / 1307674368000.0,
    1.0 / 74724249600.0,
    -3617.0 / 10670622842880000.0,
    43867.0 / 5109094217170944000.0,
    -174611.0 / 802857662698291200000.0,
};

/* Sums of f(x) ln(x / q)^n for n = 0, 1, 2. */
struct moments {
    double of[3];
};

static void add_term(struct moments *m, double f, double ln)
{
    m->of[0] += f;
    m->of[1] += f * ln;
    m->of[2] += f * ln * ln;
}

/* The rest from x = @at on; @ln = ln(at / q), @f = f(at). */
static void add_rest(struct moments *m, double s, double at, double ln)
{
    double f = exp(-s * ln);
    double over = 1 / (s - 1);
    double whole = f * at * over; /* The integral. */
    m->of[0] += whole;
    m->of[1] += whole * (ln + over);
    m->of[2] += whole * (ln * ln + 2 * ln * over + 2 * over * over);
    add_term(m, f / 2, ln);
    double rising = s / at; /* (s)_(2j-1) at^(1-2j) */
    double h = 1 / s;       /* d ln (s)_(2j-1) / ds */
    double h2 = h * h;      /* and its derivative, negated. */
    for (int j = 0; j < TERMS; j++) {
        double term = bernoulli[j] * rising * f;
        double d = ln - h;
        m->of[0] += term;
        m->of[1] += term * d;
        m->of[2] += term * (d * d - h2);
        double a = s + 2 * j + 1;
        double b = a + 1;
        rising *= a * b / (at * at);
        h += 1 / a + 1 / b;
        h2 += 1 / (a * a) + 1 / (b * b);
    }
}

struct hsy_zeta hsy_zeta(double s, double q)
{
    HSY_ASSERT(s > 1);
    HSY_ASSERT(q >= 0.5);
    struct moments m = {{0, 0, 0}};
    double at = q;
    for (; at < 10 + s; at++) {
        double ln = log(at / q);
        add_term(&m, exp(-s * ln), ln);
    }
    add_rest(&m, s, at, log(at / q));
    double mean = m.of[1] / m.of[0];
    return (struct hsy_zeta){.scaled = m.of[0],
                             .mean = mean,
                             .variance = m.of[2] / m.of[0] - mean * mean};
}

double hsy_zeta_scaled(double s, double q)
{
    HSY_ASSERT(s > 1);
    HSY_ASSERT(q >= 0.5);
    double sum = 0;
    double at = q;
    for (; at < 10 + s; at++) {
        sum += exp(-s * log(at / q));
    }
    double f = exp(-s * log(at / q));
    double rising = s / at;
    double rest = at / (s - 1) + 0.5;
    for (int j = 0; j < TERMS; j++) {
        rest += bernoulli[j] * rising;
        rising *= (s + 2 * j + 1) * (s + 2 * j + 2) / (at * at);
    }
    return sum + f * rest;
}

/* ------------------------------------------------------------------- erfc */

static const double SQRT_PI = 1.7724538509055160273;

/* erf(x) exp(x^2) = 2 / sqrt(pi) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...): no term
 * is negative, so nothing cancels. */
static double erf_scaled(double x)
{
    double term = x;
    double sum = x;
    for (int n = 1; term > sum * 1e-17; n++) {
        term *= 2 * x * x / (2 * n + 1);
        sum += term;
    }
    return 2 / SQRT_PI * sum;
}

double hsy_erfc_scaled(double x)
{
    HSY_ASSERT(x >= 0);
    if (x < 2) {
        return exp(x * x) - erf_scaled(x);
    }
    /* Laplace's continued fraction, from its end: at x = 2, where it is
     * slowest, 100 levels are exact to the last digit. */
    int levels = x < 4 ? 100 : 30;
    double fraction = x;
    for (int n = levels; n > 0; n--) {
        fraction = x + n / 2.0 / fraction;
    }
    return 1 / (SQRT_PI * fraction);
}

double hsy_erfc(double x)
{
    return x < 0 ? 2 - hsy_erfc(-x) : exp(-x * x) * hsy_erfc_scaled(x);
}
