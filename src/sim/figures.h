/* The figures of one run: what `--json` prints, and the table for people. */
#ifndef HSY_SIM_FIGURES_H
#define HSY_SIM_FIGURES_H

#include "sim/text.h"

/* What was not measured: HSY_FIGURE_NONE, or NAN where the field is a double;
 * `null` in JSON, "-" in the table. */
#define HSY_FIGURE_NONE UINT64_MAX

enum { HSY_FIGURES_COLUMNS = 8, HSY_FIGURES_DEGREES = 32 };

struct hsy_figures {
    uint64_t peers, seeds, rng;
    uint64_t joined;     /* Peers that are members now. */
    uint64_t components; /* Of the overlay of live peers. */
    uint64_t published;
    uint64_t expected_deliveries; /* Published x members all the while. */
    uint64_t delivered;           /* First deliveries, all of them. */
    uint64_t missed;              /* Of those expected. */
    uint64_t delivered_twice;
    double redundancy; /* Needless copies sent per delivery. */
    struct {
        double p50, p99, max;
    } latency_ms; /* From publishing to delivery. */
    struct {
        uint64_t p50, max;
    } hops;
    double bytes_per_delivery;   /* Of all frames, control included. */
    double control_per_delivery; /* The part that carries no message. */
    double frames_per_delivery;
    /* The same by what a frame is for; see enum hsy_traffic. */
    struct hsy_figures_kinds {
        double payload, pulled, announce, tree, repair, rest;
    } frames_by_kind, bytes_by_kind;
    /* Of the first message after a strike, to those that it could reach. */
    struct {
        uint64_t expected, missed;
        double redundancy, p50_ms, p99_ms, max_ms;
    } first;
    struct {
        uint64_t min, max;
        double mean;
    } degree;
    struct {
        double alpha;
        uint64_t xmin;
        double p, lr_exp;
    } fit;
    uint64_t false_deaths;
    struct {
        double mean, p99, max;
    } detection_s; /* From a death to the first seed's record of it. */
    uint64_t violations;
    uint64_t events; /* hearsay_step() calls. */
    double events_per_s, virtual_s, wall_s;
    uint64_t bytes_per_peer, rss_kib;
    char digest[17]; /* Hex digits; "": none. */
    /* Peers of degree 0 first, then of 1, 2-3, 4-7, ..., and the copies of
     * messages that they have sent. In JSON only. */
    struct {
        uint64_t peers, copies;
    } sends[HSY_FIGURES_DEGREES];
};

/* Nothing is measured yet. */
void hsy_figures_init(struct hsy_figures *f);
void hsy_figures_set_digest(struct hsy_figures *f, uint64_t digest);

/* One object on one line, without the line's end. Errors: @t->err. */
void hsy_figures_json(struct hsy_text *t, const struct hsy_figures *f);

struct hsy_figures_column {
    const char *title; /* Borrowed. */
    const struct hsy_figures *figures;
};
/* A line per figure, with its unit; 1..HSY_FIGURES_COLUMNS columns. */
void hsy_figures_table(struct hsy_text *t,
                       const struct hsy_figures_column *columns,
                       uint32_t count);

/* The lines of that table, for other renderings. False: no such line. */
struct hsy_figure {
    const char *label, *unit; /* Static. "" has no unit. */
};
bool hsy_figures_line(uint32_t index, struct hsy_figure *out);
/* Its value, as in the table. */
void hsy_figures_value(struct hsy_text *t, const struct hsy_figures *f,
                       uint32_t index);

/* ------------------------------------------------------------ several runs */

enum { HSY_FIGURES_RUNS_MAX = 100 };

/* Of each figure the median, or the largest, of 1..HSY_FIGURES_RUNS_MAX runs;
 * of an even number of them the lower one of the two in the middle. Runs in
 * which it was not measured do not count. The digest is that of a single run,
 * else none; sends by degree are the sum. */
void hsy_figures_median(struct hsy_figures *out, const struct hsy_figures *runs,
                        uint32_t count);
void hsy_figures_most(struct hsy_figures *out, const struct hsy_figures *runs,
                      uint32_t count);

/* What is compared: each run of @runs divided by the same run of @base. */
struct hsy_figures_ratio {
    const char *name, *label; /* Static; in JSON, in the table. */
    double median, worst;     /* NAN: not known. */
};
/* False: there are not so many lines. */
bool hsy_figures_ratio(uint32_t index, const struct hsy_figures *runs,
                       const struct hsy_figures *base, uint32_t count,
                       struct hsy_figures_ratio *out);
/* {"redundancy": {"median": 0.071, "worst": 0.08}, ...} */
void hsy_figures_ratios_json(struct hsy_text *t, const struct hsy_figures *runs,
                             const struct hsy_figures *base, uint32_t count);

#endif
