/* What each plot shows, and what its caption says of it. */
#include "sim/report_inner.h"

#include "base/assert.h"
#include "base/time.h"
#include "sim/plot.h"
#include "sim/zeta.h"

#include <math.h>

enum { CURVE_POINTS = 200, BARS = 40 };

static void figure_open(struct hsy_text *t, const char *title)
{
    hsy_text_put(t, "<figure>\n<h2>");
    hsy_text_html(t, title);
    hsy_text_put(t, "</h2>\n");
}

static void figure_empty(struct hsy_text *t, const char *why)
{
    hsy_text_put(t, "<p class=\"none\">");
    hsy_text_html(t, why);
    hsy_text_put(t, "</p>\n</figure>\n");
}

static void caption_open(struct hsy_text *t)
{
    hsy_text_put(t, "<figcaption>");
}

static void caption_close(struct hsy_text *t)
{
    hsy_text_put(t, "</figcaption>\n</figure>\n");
}

/* "@before 12.3@after" */
static void say(struct hsy_text *t, const char *before, double value,
                const char *after)
{
    hsy_text_put(t, before);
    hsy_text_fixed(t, value, fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0);
    hsy_text_put(t, after);
}

static void say_count(struct hsy_text *t, const char *before, uint64_t value,
                      const char *after)
{
    hsy_text_put(t, before);
    hsy_text_u64(t, value);
    hsy_text_put(t, after);
}

/* ---------------------------------------------------------------- coverage */

void hsy_report_coverage(struct hsy_text *t, const struct hsy_measure *m,
                         const struct hsy_figures *f)
{
    const struct hsy_histogram *h =
        hsy_measure_histogram(m, HSY_MEASURE_LATENCY);
    figure_open(t, "Coverage over time");
    if (h->count == 0) {
        figure_empty(t, "Nothing was measured: no message was delivered.");
        return;
    }
    /* What was missed counts as never reached. */
    uint64_t missed = f->missed == HSY_FIGURE_NONE ? 0 : f->missed;
    double whole = (double)(h->count + missed);
    struct hsy_plot p = {
        .out = t,
        .x = {.label = "time after publishing, ms",
              .max = hsy_plot_round_up((double)h->max / (double)HSY_MS)},
        .y = {.label = "deliveries made, %", .max = 100}};
    hsy_plot_open(&p, "Share of deliveries made, by time after publishing");
    hsy_plot_line_open(&p, HSY_SERIES_FIRST);
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double ms = p.x.max * i / CURVE_POINTS;
        uint64_t upto = hsy_histogram_upto(h, (uint64_t)(ms * (double)HSY_MS));
        hsy_plot_line_point(&p,
                            (struct hsy_point){ms, 100 * (double)upto / whole});
    }
    hsy_plot_line_close(&p);
    hsy_plot_close(&p);
    caption_open(t);
    say(t,
        "How much of the network has a message so long after it was "
        "published, over all messages: half after ",
        (double)hsy_histogram_percentile(h, 50) / (double)HSY_MS, " ms, ");
    say(t, "99 % of those reached after ",
        (double)hsy_histogram_percentile(h, 99) / (double)HSY_MS, " ms; ");
    say_count(t, "", h->count, " deliveries, ");
    say_count(t, "", missed, " missed.");
    caption_close(t);
}

/* ------------------------------------------------------------------ degree */

static uint64_t sum_of(const uint32_t *counts, uint32_t len, uint32_t from)
{
    uint64_t sum = 0;
    for (uint32_t i = from; i < len; i++) {
        sum += counts[i];
    }
    return sum;
}

static void fitted_line(const struct hsy_plot *p,
                        const struct hsy_powerlaw *fit, double whole,
                        uint32_t degree_max)
{
    double norm = hsy_zeta_scaled(fit->alpha, fit->xmin);
    double steps = 60;
    hsy_plot_line_open(p, HSY_SERIES_SECOND);
    for (int i = 0; i <= (int)steps; i++) {
        double x =
            fit->xmin * exp(log((double)degree_max / fit->xmin) * i / steps);
        double above = exp(-fit->alpha * log(x / fit->xmin)) *
                       hsy_zeta_scaled(fit->alpha, x) / norm;
        double y = above * fit->tail / whole;
        if (y >= p->y.min) {
            hsy_plot_line_point(p, (struct hsy_point){x, y});
        }
    }
    hsy_plot_line_close(p);
    hsy_plot_legend(p, HSY_SERIES_FIRST, "peers");
    hsy_plot_legend(p, HSY_SERIES_SECOND, "fitted power law");
}

static void degrees_caption(struct hsy_text *t, const struct hsy_powerlaw *fit)
{
    caption_open(t);
    hsy_text_put(t, "Share of the peers that have so many links or more, both "
                    "axes logarithmic: a power law is a straight line. ");
    if (fit == NULL) {
        hsy_text_put(t, "No power law was fitted.");
        caption_close(t);
        return;
    }
    say(t, "The line is the fitted one: exponent ", fit->alpha, "");
    say(t, " &#177; ", fit->alpha_error, "");
    say_count(t, ", from degree ", fit->xmin, " on");
    say_count(t, " (", fit->tail, " peers); ");
    if (isfinite(fit->p)) {
        say(t, "p = ", fit->p,
            fit->p >= 0.1 ? ", so a power law is plausible; "
                          : ", so it is not a power law; ");
    }
    say(t, "likelihood ratio to an exponential ", fit->lr_exp,
        fit->lr_exp >= 0 ? " (above 0: the power law fits better)."
                         : " (below 0: the exponential fits better).");
    caption_close(t);
}

void hsy_report_degrees(struct hsy_text *t, const struct hsy_measure *m)
{
    const uint32_t *counts = NULL;
    uint32_t len = 0;
    figure_open(t, "Degree distribution");
    if (!hsy_measure_degrees(m, &counts, &len) || len < 2) {
        figure_empty(t, "Nothing was measured: no peer had a link.");
        return;
    }
    double whole = (double)sum_of(counts, len, 0);
    struct hsy_plot p = {.out = t,
                         .x = {.label = "degree (links of a peer)",
                               .min = 1,
                               .max = len < 10 ? 10 : (double)len * 1.1,
                               .is_log = true},
                         .y = {.label = "peers of this degree or more",
                               .min = 0.7 / whole,
                               .max = 1,
                               .is_log = true}};
    hsy_plot_open(&p, "Complementary cumulative distribution of degrees");
    uint64_t above = sum_of(counts, len, 1);
    for (uint32_t d = 1; d < len; d++) {
        if (counts[d] > 0) {
            hsy_plot_dot(&p, HSY_SERIES_FIRST,
                         (struct hsy_point){d, (double)above / whole});
        }
        above -= counts[d];
    }
    HSY_ASSERT(above == 0);
    struct hsy_powerlaw fit;
    bool is_fitted = hsy_measure_powerlaw(m, &fit);
    if (is_fitted) {
        fitted_line(&p, &fit, whole, len - 1);
    }
    hsy_plot_close(&p);
    degrees_caption(t, is_fitted ? &fit : NULL);
}

/* -------------------------------------------------------------- histograms */

/* Counts in @bars equal parts of 0..end. */
static void put_bars(const struct hsy_plot *p, const struct hsy_histogram *h,
                     double unit)
{
    uint64_t before = 0;
    for (int i = 0; i < BARS; i++) {
        struct hsy_bar bar = {.from = p->x.max * i / BARS,
                              .to = p->x.max * (i + 1) / BARS};
        uint64_t upto = hsy_histogram_upto(h, (uint64_t)(bar.to * unit));
        bar.y = (double)(upto - before);
        if (upto > before) {
            hsy_plot_bar(p, HSY_SERIES_FIRST, &bar);
        }
        before = upto;
    }
}

static double tallest(const struct hsy_histogram *h, double end, double unit)
{
    uint64_t before = 0;
    uint64_t most = 0;
    for (int i = 1; i <= BARS; i++) {
        uint64_t upto =
            hsy_histogram_upto(h, (uint64_t)(end * i / BARS * unit));
        most = upto - before > most ? upto - before : most;
        before = upto;
    }
    return (double)most;
}

static void put_histogram(struct hsy_text *t, const struct hsy_histogram *h,
                          const struct hsy_axis *x, double unit)
{
    struct hsy_plot p = {
        .out = t, .x = *x, .y = {.label = "how many", .is_whole = true}};
    p.x.max = hsy_plot_round_up((double)h->max / unit);
    p.y.max = hsy_plot_round_up(tallest(h, p.x.max, unit));
    hsy_plot_open(&p, x->label);
    put_bars(&p, h, unit);
    hsy_plot_close(&p);
}

void hsy_report_latency(struct hsy_text *t, const struct hsy_measure *m)
{
    const struct hsy_histogram *h =
        hsy_measure_histogram(m, HSY_MEASURE_LATENCY);
    const struct hsy_histogram *hops =
        hsy_measure_histogram(m, HSY_MEASURE_HOPS);
    double unit = (double)HSY_MS;
    figure_open(t, "Latency");
    if (h->count == 0) {
        figure_empty(t, "Nothing was measured: no message was delivered.");
        return;
    }
    put_histogram(
        t, h, &(struct hsy_axis){.label = "latency of a delivery, ms"}, unit);
    caption_open(t);
    say(t, "Time from publishing to each first delivery: least ",
        (double)h->min / unit, " ms, ");
    say(t, "median ", (double)hsy_histogram_percentile(h, 50) / unit, " ms, ");
    say(t, "99 % within ", (double)hsy_histogram_percentile(h, 99) / unit,
        " ms, ");
    say(t, "the last after ", (double)h->max / unit, " ms; ");
    say_count(t, "over ", hsy_histogram_percentile(hops, 50),
              " links in the median, ");
    say_count(t, "", hops->max, " at most.");
    caption_close(t);
}

void hsy_report_detection(struct hsy_text *t, const struct hsy_measure *m)
{
    const struct hsy_histogram *h =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTION);
    const struct hsy_histogram *all =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTED);
    struct hsy_measure_counts counts = hsy_measure_counts(m);
    double unit = (double)HSY_SECOND;
    figure_open(t, "Detection of deaths");
    if (h->count == 0) {
        figure_empty(t, counts.struck == 0
                            ? "Nothing was measured: no peer was killed, "
                              "frozen or cut off."
                            : "No seed has recorded any death.");
        return;
    }
    put_histogram(t, h, &(struct hsy_axis){.label = "time to detection, s"},
                  unit);
    caption_open(t);
    say(t, "Time from a death to the first seed that recorded it: mean ",
        hsy_histogram_mean(h) / unit, " s, ");
    say(t, "latest ", (double)h->max / unit, " s. ");
    say_count(t, "", counts.detected, " of ");
    say_count(t, "", counts.struck, " were found; ");
    if (all->count > 0) {
        say(t, "all seeds knew after ", hsy_histogram_mean(all) / unit,
            " s in the mean; ");
    }
    say_count(t, "", counts.false_deaths, " deaths were false.");
    caption_close(t);
}

/* -------------------------------------------------------------------- load */

void hsy_report_load(struct hsy_text *t, const struct hsy_measure *m)
{
    uint32_t last = 0;
    double most = 0;
    figure_open(t, "Relay load by degree");
    for (uint32_t b = 1; b < HSY_MEASURE_DEGREES; b++) {
        struct hsy_measure_load load = hsy_measure_load(m, b);
        if (load.peers > 0) {
            double mean = (double)load.copies / (double)load.peers;
            most = mean > most ? mean : most;
            last = b;
        }
    }
    if (!(most > 0)) {
        figure_empty(t, "Nothing was measured: no peer with links sent any "
                        "message.");
        return;
    }
    struct hsy_plot p = {.out = t,
                         .x = {.label = "degree (links of a peer)",
                               .min = 1,
                               .max = (double)(UINT64_C(1) << last),
                               .is_log = true},
                         .y = {.label = "messages sent per peer",
                               .max = hsy_plot_round_up(most)}};
    hsy_plot_open(&p, "Messages sent per peer, by degree");
    for (uint32_t b = 1; b <= last; b++) {
        struct hsy_measure_load load = hsy_measure_load(m, b);
        struct hsy_bar bar = {.from = (double)(UINT64_C(1) << (b - 1)),
                              .to = (double)(UINT64_C(1) << b)};
        if (load.peers > 0) {
            bar.y = (double)load.copies / (double)load.peers;
            hsy_plot_bar(&p, HSY_SERIES_FIRST, &bar);
        }
    }
    hsy_plot_close(&p);
    caption_open(t);
    say(t,
        "How many copies of messages a peer sent in the mean, by its "
        "degree; bars double in width. The most: ",
        most, " per peer.");
    caption_close(t);
}
