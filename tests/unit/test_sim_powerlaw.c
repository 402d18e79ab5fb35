/* The fit finds what a sample was drawn from, and refuses what was not. The
 * samples are drawn by this file's own means. */
#include "support/claim.h"
#include "support/mem_fault.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "sim/powerlaw.h"
#include "sim/powerlaw_inner.h"
#include "sim/zeta.h"

enum { SAMPLE_MAX = 20000, SERIES = 1 << 18 };

static uint32_t sample[SAMPLE_MAX];
static double above[SERIES];

static double uniform(struct hsy_prng *prng)
{
    return (double)(hsy_prng_next(prng) >> 11) / 9007199254740992.0;
}

/* Adds up the series backwards, and finds a number in it. */
static void draw_powerlaw(uint32_t count, double alpha, uint32_t xmin,
                          uint64_t rng)
{
    struct hsy_prng prng;
    hsy_prng_init(&prng, rng);
    double sum = pow(xmin + SERIES - 0.5, 1 - alpha) / (alpha - 1);
    for (uint32_t i = SERIES; i > 0; i--) {
        sum += pow(xmin + i - 1, -alpha);
        above[i - 1] = sum;
    }
    for (uint32_t k = 0; k < count; k++) {
        double u = (1 - uniform(&prng)) * sum;
        uint32_t low = 0;
        uint32_t high = SERIES;
        while (high - low > 1) {
            uint32_t middle = (low + high) / 2;
            low = above[middle] >= u ? middle : low;
            high = above[middle] >= u ? high : middle;
        }
        sample[k] = xmin + low;
    }
}

static struct hsy_powerlaw fit_with(uint32_t count, uint32_t bootstraps)
{
    struct hsy_powerlaw fit = {0};
    struct hsy_powerlaw_options options = {.bootstraps = bootstraps, .rng = 7};
    CLAIM_INT(
        hsy_powerlaw_fit(&fit, hearsay_mem_default(), sample, count, &options),
        HEARSAY_OK);
    return fit;
}

/* -------------------------------------------------------------- functions */

static bool near(double actual, double expected, double error)
{
    return fabs(actual - expected) <= error * fabs(expected);
}

static void zeta_has_its_known_values(void **state)
{
    (void)state;
    double pi = acos(-1);
    CLAIM(near(hsy_zeta_scaled(2, 1), pi * pi / 6, 1e-13));
    CLAIM(near(hsy_zeta_scaled(4, 1), pow(pi, 4) / 90, 1e-13));
    CLAIM(near(hsy_zeta_scaled(3, 1), 1.2020569031595942854, 1e-13));
    CLAIM(near(hsy_zeta_scaled(1.5, 1), 2.6123753486854883433, 1e-13));
    CLAIM(near(hsy_zeta_scaled(2.5, 1), 1.3414872572509171798, 1e-13));
    /* zeta(s, 1/2) = (2^s - 1) zeta(s), scaled by 2^-s. */
    for (double s = 1.1; s < 20; s += 0.7) {
        CLAIM(near(hsy_zeta_scaled(s, 0.5) * pow(2, s),
                   (pow(2, s) - 1) * hsy_zeta_scaled(s, 1), 1e-12));
    }
}

static void zeta_loses_its_first_term_from_one_q_to_the_next(void **state)
{
    (void)state;
    for (double s = 1.05; s < 90; s *= 1.3) {
        for (double q = 1; q < 1e6; q *= 3) {
            double here = hsy_zeta_scaled(s, q);
            double next = hsy_zeta_scaled(s, q + 1) * pow(q / (q + 1), s);
            CLAIM(near(here, 1 + next, 1e-12));
            CLAIM(near(hsy_zeta(s, q).scaled, here, 1e-12));
        }
    }
}

static void moments_are_the_slopes_of_zeta(void **state)
{
    (void)state;
    double h = 1e-4;
    for (double s = 1.5; s < 6; s += 0.5) {
        for (double q = 1; q < 100; q *= 4) {
            double low = log(hsy_zeta_scaled(s - h, q));
            double here = log(hsy_zeta_scaled(s, q));
            double high = log(hsy_zeta_scaled(s + h, q));
            struct hsy_zeta z = hsy_zeta(s, q);
            CLAIM(near(z.mean, (low - high) / (2 * h), 1e-5));
            CLAIM(near(z.variance, (low - 2 * here + high) / (h * h), 1e-3));
        }
    }
}

static void erfc_is_that_of_the_c_library(void **state)
{
    (void)state;
    for (double x = -5; x < 26; x += 0.0625) {
        CLAIM(near(hsy_erfc(x), erfc(x), 1e-11));
    }
}

/* ------------------------------------------------------------------- fits */

static void claim_found(double alpha, uint32_t xmin, uint64_t rng)
{
    enum { COUNT = 5000 };
    draw_powerlaw(COUNT, alpha, xmin, rng);
    struct hsy_powerlaw fit = fit_with(COUNT, 50);
    CLAIM(fabs(fit.alpha - alpha) < 3 * fit.alpha_error);
    /* (alpha - 1) / sqrt(n) is that of the continuous power law. */
    CLAIM(near(fit.alpha_error, (alpha - 1) / sqrt(fit.tail), 0.35));
    CLAIM(fit.p >= 0.1);
    CLAIM(fit.lr_exp > 2);
    CLAIM(fit.lr_exp_p < 0.1);
    CLAIM(fit.lr_lognormal > -2);
    CLAIM(fit.xmin >= xmin);
    CLAIM_INT(fit.count, COUNT);
}

static void exact_power_laws_are_found(void **state)
{
    (void)state;
    claim_found(2.0, 1, 1);
    claim_found(2.5, 1, 2);
    claim_found(3.0, 1, 3);
    claim_found(2.0, 5, 4);
    claim_found(2.5, 5, 5);
    claim_found(3.0, 5, 6);
}

/* At a fixed xmin the likelihood must be flat at the estimate. */
static void the_estimate_is_the_likeliest(void **state)
{
    (void)state;
    draw_powerlaw(2000, 2.3, 3, 9);
    struct hsy_powerlaw_options options = {.xmin = 3};
    struct hsy_powerlaw fit;
    CLAIM_INT(
        hsy_powerlaw_fit(&fit, hearsay_mem_default(), sample, 2000, &options),
        HEARSAY_OK);
    double logs = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        logs += log(sample[i] / 3.0);
    }
    CLAIM_INT(fit.xmin, 3);
    CLAIM_INT(fit.tail, 2000);
    CLAIM(near(hsy_zeta(fit.alpha, 3).mean, logs / 2000, 1e-8));
    bool has_p = isfinite(fit.p);
    CLAIM(!has_p); /* No bootstraps were asked for. */
}

/* The distance by its definition: over all integers up to the largest. */
static void the_distance_is_kolmogorov_and_smirnovs(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    draw_powerlaw(COUNT, 2.7, 2, 11);
    struct hsy_powerlaw fit = fit_with(COUNT, 0);
    double zeta = hsy_zeta_scaled(fit.alpha, fit.xmin);
    double model = 0;
    double most = 0;
    uint32_t last = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        last = sample[i] > last ? sample[i] : last;
    }
    for (uint32_t x = fit.xmin; x <= last; x++) {
        uint32_t upto = 0;
        for (uint32_t i = 0; i < COUNT; i++) {
            upto += sample[i] >= fit.xmin && sample[i] <= x ? 1 : 0;
        }
        model += pow((double)x / fit.xmin, -fit.alpha) / zeta;
        double d = fabs((double)upto / fit.tail - model);
        most = d > most ? d : most;
    }
    CLAIM(near(fit.ks, most, 1e-9));
}

static void xmin_is_found_where_the_law_begins(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 5);
    draw_powerlaw(5000, 2.5, 10, 5);
    for (uint32_t i = 0; i < 5000; i++) {
        sample[5000 + i] = 1 + (uint32_t)hsy_prng_below(&prng, 9);
    }
    struct hsy_powerlaw fit = fit_with(10000, 50);
    CLAIM(fit.xmin >= 9);
    CLAIM(fit.xmin <= 13);
    CLAIM(fabs(fit.alpha - 2.5) < 3 * fit.alpha_error);
    CLAIM(fit.p >= 0.1);
    CLAIM_INT(fit.count, 10000);
}

static uint32_t poisson(struct hsy_prng *prng, double mean)
{
    uint32_t count = 0;
    for (double p = uniform(prng); p > exp(-mean); p *= uniform(prng)) {
        count++;
    }
    return count;
}

static void exponential_poisson_and_uniform_are_refused(void **state)
{
    (void)state;
    struct hsy_prng prng;
    for (uint64_t rng = 1; rng <= 3; rng++) {
        hsy_prng_init(&prng, rng);
        for (uint32_t i = 0; i < 5000; i++) {
            sample[i] = 1 + (uint32_t)(-8 * log(1 - uniform(&prng)));
        }
        struct hsy_powerlaw fit = fit_with(5000, 100);
        CLAIM(fit.p < 0.1);
        CLAIM(fit.lr_exp < 0);
        CLAIM(fit.lr_lognormal < 0);
        for (uint32_t i = 0; i < 5000; i++) {
            sample[i] = poisson(&prng, 8);
        }
        CLAIM(fit_with(5000, 100).p < 0.1);
        for (uint32_t i = 0; i < 5000; i++) {
            sample[i] = 1 + (uint32_t)hsy_prng_below(&prng, 30);
        }
        CLAIM(fit_with(5000, 100).p < 0.1);
    }
}

/* --------------------------------------------------------------- networks */

enum { VERTICES = 2000, LINKS = 4 };

/* Barabasi and Albert: LINKS links a vertex, to ends of older links. */
static void attach(struct hsy_prng *prng)
{
    static uint32_t ends[2 * VERTICES * LINKS];
    uint32_t count = 0;
    memset(sample, 0, sizeof(sample));
    for (uint32_t v = 1; v < VERTICES; v++) {
        uint32_t first = count;
        uint32_t wanted = v < LINKS ? v : (uint32_t)LINKS;
        uint32_t chosen[LINKS];
        for (uint32_t k = 0; k < wanted;) {
            uint32_t to = v <= LINKS ? k : ends[hsy_prng_below(prng, first)];
            bool again = false;
            for (uint32_t i = 0; i < k; i++) {
                again = again || chosen[i] == to;
            }
            if (!again) {
                chosen[k++] = to;
                ends[count++] = v;
                ends[count++] = to;
                sample[v]++;
                sample[to]++;
            }
        }
    }
}

static void preferential_attachment_passes(void **state)
{
    (void)state;
    uint32_t passed = 0;
    for (uint64_t rng = 1; rng <= 8; rng++) {
        struct hsy_prng prng;
        hsy_prng_init(&prng, rng);
        attach(&prng);
        struct hsy_powerlaw fit = fit_with(VERTICES, 50);
        CLAIM(fit.lr_exp > 0);
        CLAIM(fit.alpha > 2.4);
        CLAIM(fit.alpha < 3.3);
        passed += fit.p >= 0.1 ? 1 : 0;
    }
    CLAIM(passed >= 5);
}

static void a_uniform_random_graph_fails(void **state)
{
    (void)state;
    for (uint64_t rng = 1; rng <= 8; rng++) {
        struct hsy_prng prng;
        hsy_prng_init(&prng, rng);
        memset(sample, 0, sizeof(sample));
        for (uint32_t i = 0; i < VERTICES * LINKS; i++) {
            sample[hsy_prng_below(&prng, VERTICES)]++;
            sample[hsy_prng_below(&prng, VERTICES)]++;
        }
        CLAIM(fit_with(VERTICES, 50).p < 0.1);
    }
}

/* ------------------------------------------------------------------ draws */

static void draws_are_of_the_seen_body_and_the_fitted_tail(void **state)
{
    (void)state;
    enum { DRAWS = 200000 };
    struct hsy_sample seen;
    struct hsy_draw draw;
    struct hsy_prng prng;
    static uint32_t counts[8];
    CLAIM_INT(hsy_sample_init(&seen, hearsay_mem_default(), 10), HEARSAY_OK);
    static const uint32_t values[] = {1, 1, 1, 3, 5, 5, 6, 7, 20000, 0};
    for (uint32_t i = 0; i < 10; i++) {
        hsy_sample_add(&seen, values[i]); /* 9 of them: the zero is none. */
    }
    hsy_sample_finish(&seen);
    CLAIM_INT(seen.distinct, 6);
    CLAIM_INT(seen.values[5], 20000);
    struct hsy_tail tail = {.alpha = 2, .first = 2, .xmin = 5, .count = 5};
    CLAIM_INT(hsy_draw_init(&draw, &seen, &tail), HEARSAY_OK);
    hsy_prng_init(&prng, 3);
    uint32_t far = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t x = hsy_draw_next(&draw, &prng);
        counts[x < 7 ? x : 7]++;
        far += x >= 10000 ? 1 : 0;
    }
    CLAIM_INT(counts[0] + counts[2] + counts[4], 0);
    CLAIM(near(counts[1], DRAWS * 3.0 / 9, 0.02));
    CLAIM(near(counts[3], DRAWS * 1.0 / 9, 0.03));
    double zeta = hsy_zeta_scaled(2, 5);
    CLAIM(near(counts[5], DRAWS * 5.0 / 9 / zeta, 0.02));
    CLAIM(near(counts[6], DRAWS * 5.0 / 9 / zeta * 25 / 36, 0.02));
    /* P(X >= 10,000) is about 5 / 10,000 of the tail. */
    CLAIM(near(far, DRAWS * 5.0 / 9 * 4.5e-4, 0.4));
    hsy_draw_fini(&draw);
    hsy_sample_fini(&seen);
}

/* ----------------------------------------------------------------- errors */

static void too_few_and_all_equal_are_no_power_law(void **state)
{
    (void)state;
    struct hsy_powerlaw fit = {.alpha = 42};
    const struct hearsay_mem *mem = hearsay_mem_default();
    CLAIM_INT(hsy_powerlaw_fit(&fit, mem, sample, 0, NULL),
              HEARSAY_ERR_INVALID);
    draw_powerlaw(200, 2.5, 1, 1);
    CLAIM_INT(
        hsy_powerlaw_fit(&fit, mem, sample, HSY_POWERLAW_TAIL_MIN - 1, NULL),
        HEARSAY_ERR_INVALID);
    for (uint32_t i = 0; i < 200; i++) {
        sample[i] = 6;
    }
    CLAIM_INT(hsy_powerlaw_fit(&fit, mem, sample, 200, NULL),
              HEARSAY_ERR_INVALID);
    memset(sample, 0, sizeof(sample));
    CLAIM_INT(hsy_powerlaw_fit(&fit, mem, sample, 200, NULL),
              HEARSAY_ERR_INVALID);
    CLAIM(fit.alpha > 41.9); /* Untouched. */
    sample[0] = 1;
    sample[1] = 2;
    struct hsy_powerlaw_options two = {.tail_min = 2};
    CLAIM_INT(hsy_powerlaw_fit(&fit, mem, sample, 200, &two), HEARSAY_OK);
    CLAIM_INT(fit.count, 2);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    draw_powerlaw(200, 2.5, 1, 1);
    struct hsy_powerlaw_options options = {.bootstraps = 2};
    int err = HEARSAY_ERR_NOMEM;
    uint64_t call = 0;
    while (err != HEARSAY_OK) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_powerlaw fit;
        err = hsy_powerlaw_fit(&fit, &mem, sample, 200, &options);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(call > 10);
}

static void a_fit_is_the_same_each_time(void **state)
{
    (void)state;
    draw_powerlaw(1000, 2.5, 2, 8);
    struct hsy_powerlaw a = fit_with(1000, 20);
    struct hsy_powerlaw b = fit_with(1000, 20);
    CLAIM_BYTES(&a.p, &b.p, sizeof(a.p));
    CLAIM_BYTES(&a.alpha, &b.alpha, sizeof(a.alpha));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeta_has_its_known_values),
        cmocka_unit_test(zeta_loses_its_first_term_from_one_q_to_the_next),
        cmocka_unit_test(moments_are_the_slopes_of_zeta),
        cmocka_unit_test(erfc_is_that_of_the_c_library),
        cmocka_unit_test(exact_power_laws_are_found),
        cmocka_unit_test(the_estimate_is_the_likeliest),
        cmocka_unit_test(the_distance_is_kolmogorov_and_smirnovs),
        cmocka_unit_test(xmin_is_found_where_the_law_begins),
        cmocka_unit_test(exponential_poisson_and_uniform_are_refused),
        cmocka_unit_test(preferential_attachment_passes),
        cmocka_unit_test(a_uniform_random_graph_fails),
        cmocka_unit_test(draws_are_of_the_seen_body_and_the_fitted_tail),
        cmocka_unit_test(too_few_and_all_equal_are_no_power_law),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_fit_is_the_same_each_time),
    };
    return cmocka_run_group_tests_name("sim_powerlaw", tests, NULL, NULL);
}
