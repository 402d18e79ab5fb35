/* Dadgar, Phillips, Currey: "Lifeguard: SWIM-ing with situational awareness"
 * (2017): of 128 nodes, C stand still for D, again and again, I apart. Who is
 * declared dead though it answers? Theirs is a calm network; ours is also one
 * with lines of two seconds, one whose connections break, and both; and in
 * every other run one of the seeds stands still with them. Beside the grid, how
 * soon those that are dead are found (sim_preset_deaths.c). */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PEERS = 128, SECONDS = 180, RESETS_PPM = 50000 };
#define LINE_NS (2 * HSY_SECOND) /* Added, each way. */
/* Who has been back for so long has answered whoever asked him, with a proof
 * that it is him: a dial, HELLO and AUTH are three round trips, and then he is
 * to be ready. */
enum { ANSWER_TRIPS = 3 };
#define ANSWER_NS (1 * HSY_SECOND)

/* C, of 128 peers; with fewer, as many fewer, but one. */
static const uint32_t grid_counts[] = {4, 16, 32};
/* Three pings in a row are missed after 29 s at the soonest: two pauses are
 * shorter, one is longer than the 42 s that it takes at the latest. */
static const uint64_t grid_lasts_s[] = {8, 24, 64};
static const uint64_t grid_apart_s[] = {1, 16};
enum { GRID = 3 * 3 * 2, SHORT_S = 29 };

/* An hour with resets takes five times as long to compute, so they are there
 * in each fourth run only, from the first one on. */
static const struct {
    const char *name;
    bool resets, far;
    uint32_t every;
} weathers[] = {{"calm", false, false, 1},
                {"far", false, true, 1},
                {"resets", true, false, 4},
                {"both", true, true, 4}};
enum { CALM, WEATHERS = 4 };

struct cell {
    unsigned weather;
    uint32_t count, reset_ppm;
    uint64_t lasts_s, apart_s;
    struct hsy_measure_counts counts; /* The sum of all runs. */
};

enum { FALSE_BAR, SHORT_BAR, GRID_BARS };
enum { BARS = GRID_BARS + HSY_PRESET_DEATH_BARS };

struct outcome {
    uint32_t peers;
    uint64_t for_ns;
    double node_hours;
    struct cell cells[WEATHERS * GRID];
    struct hsy_preset_deaths deaths;
    struct hsy_bar bars[BARS];
};

/* --------------------------------------------------------------- one cell */

/* Resets of nearly 0 to 5 % a second: more the further down the grid. */
static struct cell cell_of(uint32_t peers, unsigned index)
{
    unsigned weather = index / GRID;
    unsigned at = index % GRID;
    uint32_t count = (uint32_t)((uint64_t)grid_counts[at / 6] * peers / PEERS);
    return (struct cell){.weather = weather,
                         .count = count > 0 ? count : 1,
                         .reset_ppm = weathers[weather].resets
                                          ? RESETS_PPM / GRID * (at + 1)
                                          : 0,
                         .lasts_s = grid_lasts_s[at / 2 % 3],
                         .apart_s = grid_apart_s[at % 2]};
}

static void cell_set(struct hsy_study_config *c, const struct cell *cell,
                     bool seed_too, uint64_t for_ns)
{
    c->join_over_ns = HSY_SECOND;
    c->messages = 0;
    c->checks = false;
    c->for_ns = 0;
    c->reset_ppm = cell->reset_ppm;
    if (weathers[cell->weather].far) {
        c->weather.latency_ns.min += LINE_NS;
        c->weather.latency_ns.max += LINE_NS;
    }
    c->pauses = (struct hsy_study_pauses){
        .count = cell->count,
        .seeds = seed_too ? 1 : 0,
        .lasts_ns = cell->lasts_s * HSY_SECOND,
        .apart_ns = cell->apart_s * HSY_SECOND,
        .for_ns = for_ns,
        .answers_ns = ANSWER_TRIPS * 2 * c->weather.latency_ns.max + ANSWER_NS};
}

static void cell_add(struct cell *cell, const struct hsy_measure *m)
{
    struct hsy_measure_counts more = hsy_measure_counts(m);
    struct hsy_measure_counts *sum = &cell->counts;
    sum->struck += more.struck;
    sum->detected += more.detected;
    sum->false_deaths += more.false_deaths;
    sum->late_deaths += more.late_deaths;
    sum->false_reports += more.false_reports;
    sum->false_reports_healthy += more.false_reports_healthy;
}

static int cell_run(const struct hsy_sim_options *o, struct outcome *r,
                    struct cell *cell, uint32_t round)
{
    char title[64];
    uint64_t for_ns = SECONDS * HSY_SECOND;
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS, &for_ns);
    struct hsy_sim_run run;
    uint32_t every = weathers[cell->weather].every;
    int code = HSY_EXIT_FAILED;
    if (round % every != 0) {
        return HSY_EXIT_DONE;
    }
    snprintf(title, sizeof(title), "%s, C %" PRIu32 ", D %" PRIu64 " s",
             weathers[cell->weather].name, cell->count, cell->lasts_s);
    wish.title = title;
    wish.study.rng += round;
    cell_set(&wish.study, cell, round / every % 2 == 1, for_ns);
    if (hsy_sim_run(&run, &wish)) {
        cell_add(cell, hsy_study_measure(run.study));
        r->node_hours += hsy_preset_node_hours(wish.study.peers, for_ns);
        code = hsy_preset_code(&run, true);
    }
    hsy_sim_run_fini(&run);
    return code;
}

/* ---------------------------------------------------------------- judging */

static void judge(struct outcome *r)
{
    double wrong = (double)r->deaths.false_deaths;
    double brief = 0;
    for (unsigned i = 0; i < WEATHERS * GRID; i++) {
        const struct cell *c = &r->cells[i];
        wrong += (double)c->counts.false_deaths;
        if (c->weather == CALM && c->lasts_s < SHORT_S) {
            brief += (double)c->counts.detected;
        }
    }
    r->bars[FALSE_BAR] = (struct hsy_bar){"false_certificates",
                                          "certificates of nodes that answer",
                                          wrong,
                                          0,
                                          0,
                                          false,
                                          false};
    r->bars[SHORT_BAR] =
        (struct hsy_bar){"short_certified",
                         "calm: certified in a pause of 8 or 24 s",
                         brief,
                         0,
                         0,
                         false,
                         false};
    memcpy(r->bars + GRID_BARS, r->deaths.bars, sizeof(r->deaths.bars));
}

/* --------------------------------------------------------------- printing */

static void print_head(uint32_t peers, uint32_t runs, uint64_t for_ns)
{
    printf("%" PRIu32 " peers for %.0f s, %" PRIu32
           " runs; C stand still for D, I apart\n\n",
           peers, (double)for_ns / 1e9, runs);
    printf("%-7s %4s %5s %5s | %-15s | %-16s | %-16s\n", "", "", "", "",
           "certified though", "false reports", "pauses");
    printf("%-7s %4s %5s %5s | %7s %8s | %7s %8s | %7s %8s\n", "", "C", "D",
           "I", "well", "back", "healthy", "all", "all", "found");
}

static void cell_row(const struct cell *c)
{
    const struct hsy_measure_counts *n = &c->counts;
    printf("%-7s %4" PRIu32 " %3" PRIu64 " s %3" PRIu64 " s | %7" PRIu64
           " %8" PRIu64 " | %7" PRIu64 " %8" PRIu64 " | %7" PRIu64 " %8" PRIu64
           "\n",
           weathers[c->weather].name, c->count, c->lasts_s, c->apart_s,
           n->false_deaths, n->late_deaths, n->false_reports_healthy,
           n->false_reports, n->struck, n->detected);
    (void)hsy_cli_flush(); /* It takes minutes: as it comes. */
}

static void cell_json(const struct cell *c, bool first)
{
    const struct hsy_measure_counts *n = &c->counts;
    printf("%s{\"weather\": \"%s\", \"resets_percent\": %.2f, \"count\": "
           "%" PRIu32 ", \"lasts_s\": %" PRIu64 ", \"apart_s\": %" PRIu64
           ", \"false_certificates\": %" PRIu64 ", \"late\": %" PRIu64
           ", \"false_at_healthy\": %" PRIu64 ", \"false_at_all\": %" PRIu64
           ", \"struck\": %" PRIu64 ", \"detected\": %" PRIu64 "}",
           first ? "" : ", ", weathers[c->weather].name,
           (double)c->reset_ppm / 1e4, c->count, c->lasts_s, c->apart_s,
           n->false_deaths, n->late_deaths, n->false_reports_healthy,
           n->false_reports, n->struck, n->detected);
}

static void print_json(const struct outcome *r, uint32_t runs)
{
    printf("{\"preset\": \"lifeguard\", \"peers\": %" PRIu32
           ", \"runs\": %" PRIu32 ", \"for_s\": %.3f, \"node_hours\": %.1f, "
           "\"grid\": [",
           r->peers, runs, (double)r->for_ns / 1e9, r->node_hours);
    for (unsigned i = 0; i < WEATHERS * GRID; i++) {
        cell_json(&r->cells[i], i == 0);
    }
    putchar(']');
    hsy_preset_json(r->bars, BARS);
    puts("}");
}

int hsy_preset_lifeguard(const struct hsy_sim_options *o)
{
    static struct outcome r; /* Large. */
    r.for_ns = SECONDS * HSY_SECOND;
    r.peers = hsy_preset_sized(o, PEERS, &r.for_ns).study.peers;
    int code = HSY_EXIT_DONE;
    if (!o->json) {
        print_head(r.peers, o->runs, r.for_ns);
    }
    for (unsigned i = 0; i < WEATHERS * GRID && code <= HSY_EXIT_FAILED; i++) {
        r.cells[i] = cell_of(r.peers, i);
        for (uint32_t k = 0; k < o->runs && code <= HSY_EXIT_FAILED; k++) {
            int one = cell_run(o, &r, &r.cells[i], k);
            code = one > code ? one : code;
        }
        if (!o->json && code <= HSY_EXIT_FAILED) {
            cell_row(&r.cells[i]);
        }
    }
    if (code <= HSY_EXIT_FAILED) {
        int one = hsy_preset_deaths(o, r.peers, &r.deaths);
        code = one > code ? one : code;
    }
    if (code > HSY_EXIT_FAILED) {
        return code; /* Stopped: half of it says nothing. */
    }
    r.node_hours += r.deaths.node_hours;
    judge(&r);
    if (o->json) {
        print_json(&r, o->runs);
    } else {
        printf("\n%.0f node hours\n\n", r.node_hours);
        hsy_preset_table(r.bars, BARS);
    }
    return hsy_preset_met(r.bars, BARS) ? code : HSY_EXIT_FAILED;
}
