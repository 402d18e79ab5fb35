/* glomers    Gossip Glomers, challenge 3d (fly.io, 2023): 25 nodes, 100 ms
 *            links, 100 operations a second for 20 s. Its bars: fewer than 30
 *            messages per operation, a median latency below 400 ms, a maximum
 *            below 600 ms. Half of its operations are reads, which cost
 *            nothing; all of ours are broadcasts, so its bar is 60 of ours.
 * lifeguard  Dadgar, Phillips, Currey: "Lifeguard: SWIM-ing with situational
 *            awareness" (2017): of 128 nodes, C stand still for D, again and
 *            again, I apart. Who is declared dead though it was well?
 * mission    The network that Hearsay was described with (tests/scenario/
 *            m16_worked_example.scn): three seeds, five peers, pings of 13 s,
 *            ten messages of each peer at 5 s; and then one falls silent. */
#include "cli/sim_preset.h"

#include "base/time.h"
#include "cli/cli.h"
#include "cli/sim_run.h"
#include "cli/sim_show.h"

#include <inttypes.h>
#include <stdio.h>

static struct hsy_sim_wish wish_of(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = {
        .title = "", .memory_max = o->memory_max, .quiet = o->quiet};
    hsy_study_config_init(&wish.study, hearsay_mem_default());
    wish.study.rng = o->study.rng;
    wish.study.hash_salt = o->study.hash_salt;
    wish.study.checks = true;
    return wish;
}

static double ms_of(uint64_t ns)
{
    return (double)ns / 1e6;
}

/* The same object as without a preset, after what the preset adds. */
static void put_figures(const struct hsy_figures *f)
{
    struct hsy_text text;
    hsy_text_init(&text, hearsay_mem_default());
    hsy_figures_json(&text, f);
    fputs(text.err == HEARSAY_OK ? hsy_text_get(&text) : "null", stdout);
    hsy_text_fini(&text);
}

/* -------------------------------------------------------------- glomers */

enum {
    GLOMERS_PEERS = 25,
    GLOMERS_LINK_MS = 100,
    GLOMERS_RATE = 100,
    GLOMERS_S = 20,
    BAR_MESSAGES = 30,
    BAR_MEDIAN_MS = 400,
    BAR_MAX_MS = 600
};

struct bar {
    const char *what;
    double ours;
    unsigned bar;
};

static void glomers_table(const struct bar *bars, size_t count)
{
    printf("%-24s %10s %10s\n", "", "ours", "bar");
    for (size_t i = 0; i < count; i++) {
        char bar[16];
        snprintf(bar, sizeof(bar), "< %u", bars[i].bar);
        printf("%-24s %10.1f %10s  %s\n", bars[i].what, bars[i].ours, bar,
               bars[i].ours < (double)bars[i].bar ? "met" : "not met");
    }
    puts("\nMessages are all frames between nodes, pings and seeds included. "
         "Half of the\nchallenge's operations are reads; all of these are "
         "broadcasts.");
}

static int glomers_tell(const struct hsy_sim_run *run, bool json)
{
    const struct hsy_measure *m = hsy_study_measure(run->study);
    static struct hsy_histogram latency, hops; /* Large. */
    hsy_study_last(run->study, &latency, &hops);
    struct hsy_measure_counts counts = hsy_measure_counts(m);
    uint64_t ops = counts.published > 0 ? counts.published : 1;
    const struct bar bars[] = {
        {"messages per operation", (double)counts.frames / (double)ops,
         BAR_MESSAGES},
        {"median latency, ms", ms_of(hsy_histogram_percentile(&latency, 50)),
         BAR_MEDIAN_MS},
        {"maximum latency, ms", ms_of(latency.max), BAR_MAX_MS},
    };
    if (!json) {
        glomers_table(bars, sizeof(bars) / sizeof(bars[0]));
    } else {
        printf("{\"preset\": \"glomers\", \"messages_per_operation\": %.2f, "
               "\"copies_per_operation\": %.2f, \"median_ms\": %.3f, "
               "\"max_ms\": %.3f, \"bars\": {\"messages_per_operation\": %u, "
               "\"median_ms\": %u, \"max_ms\": %u}, \"figures\": ",
               bars[0].ours, (double)counts.copies / (double)ops, bars[1].ours,
               bars[2].ours, BAR_MESSAGES, BAR_MEDIAN_MS, BAR_MAX_MS);
        put_figures(&run->figures);
        puts("}");
    }
    return hsy_sim_exit_code(run, hsy_sim_run_judge(run));
}

static int glomers(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = wish_of(o);
    wish.study.peers = GLOMERS_PEERS;
    wish.study.join_over_ns = HSY_SECOND;
    wish.study.weather.latency_ns.min = GLOMERS_LINK_MS * HSY_MS;
    wish.study.weather.latency_ns.max = GLOMERS_LINK_MS * HSY_MS;
    wish.study.messages = GLOMERS_RATE * GLOMERS_S;
    wish.study.per_s_milli = GLOMERS_RATE * 1000;
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        code = glomers_tell(&run, o->json);
    }
    hsy_sim_run_fini(&run);
    return code;
}

/* ------------------------------------------------------------ lifeguard */

enum { LIFEGUARD_PEERS = 128, LIFEGUARD_S = 180 };

static const uint32_t grid_counts[] = {4, 16, 32};
static const uint64_t grid_lasts_s[] = {8, 24, 64};
static const uint64_t grid_apart_s[] = {1, 16};
enum { GRID_CELLS = 3 * 3 * 2 };

struct cell {
    uint32_t count;
    uint64_t lasts_s, apart_s;
    struct hsy_measure_counts counts;
    double p50_s, p99_s, max_s;
    char digest[17];
};

static void grid_cell(struct cell *cell, unsigned index)
{
    *cell = (struct cell){.count = grid_counts[index / 6],
                          .lasts_s = grid_lasts_s[index / 2 % 3],
                          .apart_s = grid_apart_s[index % 2]};
}

static void cell_measure(struct cell *cell, const struct hsy_sim_run *run)
{
    const struct hsy_measure *m = hsy_study_measure(run->study);
    const struct hsy_histogram *found =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTION);
    cell->counts = hsy_measure_counts(m);
    cell->p50_s = ms_of(hsy_histogram_percentile(found, 50)) / 1000;
    cell->p99_s = ms_of(hsy_histogram_percentile(found, 99)) / 1000;
    cell->max_s = ms_of(found->max) / 1000;
    snprintf(cell->digest, sizeof(cell->digest), "%s", run->figures.digest);
}

static void cell_row(const struct cell *c)
{
    printf("%4" PRIu32 " %4" PRIu64 " s %3" PRIu64 " s %8" PRIu64 " %8" PRIu64
           " %8" PRIu64 " %9" PRIu64 " %9" PRIu64,
           c->count, c->lasts_s, c->apart_s, c->counts.false_deaths,
           c->counts.false_reports_healthy, c->counts.false_reports,
           c->counts.struck, c->counts.detected);
    if (c->counts.detected > 0) {
        printf(" %7.1f %7.1f %7.1f\n", c->p50_s, c->p99_s, c->max_s);
    } else {
        printf(" %7s %7s %7s\n", "-", "-", "-");
    }
    (void)hsy_cli_flush(); /* It takes minutes: as it comes. */
}

static void cell_json(const struct cell *c, bool first)
{
    printf("%s{\"count\": %" PRIu32 ", \"lasts_s\": %" PRIu64
           ", \"apart_s\": %" PRIu64 ", \"false_deaths\": %" PRIu64
           ", \"false_at_healthy\": %" PRIu64 ", \"false_at_all\": %" PRIu64
           ", \"struck\": %" PRIu64 ", \"detected\": %" PRIu64 ", ",
           first ? "" : ", ", c->count, c->lasts_s, c->apart_s,
           c->counts.false_deaths, c->counts.false_reports_healthy,
           c->counts.false_reports, c->counts.struck, c->counts.detected);
    if (c->counts.detected > 0) {
        printf("\"detection_s\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": "
               "%.3f}, ",
               c->p50_s, c->p99_s, c->max_s);
    } else {
        fputs("\"detection_s\": null, ", stdout);
    }
    printf("\"digest\": \"%s\"}", c->digest);
}

static void lifeguard_head(void)
{
    printf("%u peers for %u s; C stand still for D, I apart\n\n",
           (unsigned)LIFEGUARD_PEERS, (unsigned)LIFEGUARD_S);
    printf("%4s %6s %5s %8s %17s %9s %9s %23s\n", "", "", "", "false",
           "false reports", "", "", "found after, s");
    printf("%4s %6s %5s %8s %8s %8s %9s %9s %7s %7s %7s\n", "C", "D", "I",
           "deaths", "healthy", "all", "struck", "found", "p50", "p99", "max");
}

/* Gives the exit code so far; stops at the first cell that fails. */
static int lifeguard_cell(const struct hsy_sim_options *o, unsigned index,
                          struct cell *cell)
{
    char title[64];
    struct hsy_sim_wish wish = wish_of(o);
    grid_cell(cell, index);
    snprintf(title, sizeof(title), "cell %u of %u", index + 1, GRID_CELLS);
    wish.title = title;
    wish.study.peers = LIFEGUARD_PEERS;
    wish.study.join_over_ns = HSY_SECOND;
    wish.study.messages = 0;
    wish.study.checks = false;
    wish.study.pauses =
        (struct hsy_study_pauses){.count = cell->count,
                                  .lasts_ns = cell->lasts_s * HSY_SECOND,
                                  .apart_ns = cell->apart_s * HSY_SECOND,
                                  .for_ns = LIFEGUARD_S * HSY_SECOND};
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        cell_measure(cell, &run);
        code = hsy_sim_exit_code(&run, hsy_sim_run_judge(&run));
    }
    hsy_sim_run_fini(&run);
    return code;
}

static int lifeguard(const struct hsy_sim_options *o)
{
    static struct cell cells[GRID_CELLS];
    unsigned done = 0;
    int code = HSY_EXIT_DONE;
    if (!o->json) {
        lifeguard_head();
    }
    while (code == HSY_EXIT_DONE && done < GRID_CELLS) {
        code = lifeguard_cell(o, done, &cells[done]);
        if (code == HSY_EXIT_DONE) {
            if (!o->json) {
                cell_row(&cells[done]);
            }
            done++;
        }
    }
    if (o->json) {
        putchar('[');
        for (unsigned i = 0; i < done; i++) {
            cell_json(&cells[i], i == 0);
        }
        puts("]");
    }
    return code;
}

/* -------------------------------------------------------------- mission */

static int mission(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = wish_of(o);
    wish.study.peers = 5;
    wish.study.join_over_ns = HSY_SECOND;
    wish.study.gossip_count = 10;
    wish.study.messages = 0;
    wish.study.strikes.freeze = 1; /* Silent: found by pings alone. */
    wish.study.again_after_ns = 0;
    wish.study.for_ns = 3 * HSY_MINUTE;
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_figures_column column = {.title = "mission",
                                            .figures = &run.figures};
        hsy_sim_show(&column, o->json);
        code = hsy_sim_exit_code(&run, hsy_sim_run_judge(&run));
    }
    hsy_sim_run_fini(&run);
    return code;
}

int hsy_sim_preset(const struct hsy_sim_options *options)
{
    switch (options->preset) {
    case HSY_SIM_PRESET_GLOMERS:
        return glomers(options);
    case HSY_SIM_PRESET_LIFEGUARD:
        return lifeguard(options);
    case HSY_SIM_PRESET_MISSION:
        return mission(options);
    case HSY_SIM_PRESET_NONE:
        break;
    }
    return HSY_EXIT_USAGE;
}
