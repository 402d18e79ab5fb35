/* Dadgar, Phillips, Currey: "Lifeguard: SWIM-ing with situational awareness"
 * (2017): of 128 nodes, C stand still for D, again and again, I apart. Who is
 * declared dead though it was well? */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>

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
    cell->p50_s = hsy_preset_ms(hsy_histogram_percentile(found, 50)) / 1000;
    cell->p99_s = hsy_preset_ms(hsy_histogram_percentile(found, 99)) / 1000;
    cell->max_s = hsy_preset_ms(found->max) / 1000;
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
    struct hsy_sim_wish wish = hsy_preset_wish(o);
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

int hsy_preset_lifeguard(const struct hsy_sim_options *o)
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
