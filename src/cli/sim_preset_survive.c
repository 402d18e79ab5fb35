/* Does the overlay stay what it is when peers come and go, and one piece when
 * many go at once? A network that has grown; the same after half of its peers
 * were replaced; the same without its 20 % largest hubs; and half as large a
 * one of which 5 % are left. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    PEERS = 10000,
    SEEDS = 5,
    HUBS_PPM = 200000,
    CRASH_PPM = 950000,
    REPLACED_MS = 50, /* From one replaced peer to the next. */
    CALM_S = 60,      /* Before its degrees are looked at. */
    HUBS_MEND_S = 60,
    CRASH_MEND_S = 120,
    DEGREE_MIN = 4
};
#define FIT_P 0.1
#define HUBS_SHARE 90.0

enum { GROWN, REPLACED, NO_HUBS, CRASHED, ROUNDS };
enum {
    GROWN_FIT,
    GROWN_DEGREE,
    REPLACED_FIT,
    REPLACED_DEGREE,
    HUBS_LARGEST,
    HUBS_WHOLE,
    CRASH_WHOLE,
    BARS
};

static const char *const titles[ROUNDS] = {"grown", "half replaced",
                                           "without hubs", "5 % left"};

struct outcome {
    uint32_t peers;
    struct hsy_figures figures[ROUNDS];
    struct hsy_study_pieces pieces[ROUNDS];
    struct hsy_bar bars[BARS];
};

static void set_round(struct hsy_sim_wish *wish, int round)
{
    struct hsy_study_config *c = &wish->study;
    wish->title = titles[round];
    wish->fit = round == GROWN || round == REPLACED;
    c->seeds = SEEDS;
    c->messages = 0;
    c->checks = false;
    c->for_ns = 0;
    switch (round) {
    case REPLACED:
        c->churn = (struct hsy_study_churn){
            .count = c->peers / 2,
            .over_ns = (uint64_t)(c->peers / 2) * REPLACED_MS * HSY_MS,
            .calm_ns = CALM_S * HSY_SECOND};
        break;
    case NO_HUBS:
        c->strikes.hubs_ppm = HUBS_PPM;
        c->again_after_ns = 2 * HUBS_MEND_S * HSY_SECOND;
        break;
    case CRASHED:
        c->peers = c->peers / 2 > 0 ? c->peers / 2 : 1;
        c->join_over_ns = hsy_study_join_over(c->peers);
        c->strikes.crash_ppm = CRASH_PPM;
        c->again_after_ns = 2 * CRASH_MEND_S * HSY_SECOND;
        break;
    default:
        break;
    }
}

static int run_round(const struct hsy_sim_options *o, struct outcome *r,
                     int round)
{
    uint64_t for_ns = 0;
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS, &for_ns);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    r->peers = wish.study.peers;
    set_round(&wish, round);
    if (hsy_sim_run(&run, &wish)) {
        r->figures[round] = run.figures;
        r->pieces[round] = hsy_study_pieces(run.study);
        code = hsy_preset_code(&run, true);
    }
    hsy_sim_run_fini(&run);
    return code;
}

/* ---------------------------------------------------------------- judging */

static struct hsy_bar least(const char *key, const char *what, double ours,
                            double bar, unsigned decimals)
{
    return (struct hsy_bar){key, what, ours, bar, decimals, false, true};
}

static struct hsy_bar whole(const char *key, const char *what,
                            const struct hsy_study_pieces *p, double bar)
{
    return (struct hsy_bar){
        key, what, hsy_preset_s_between(0, p->whole_ns), bar, 1, false, false};
}

static void judge(struct outcome *r)
{
    const struct hsy_figures *f = r->figures;
    const struct hsy_study_pieces *hubs = &r->pieces[NO_HUBS];
    double share = hubs->survivors > 0 ? 100.0 * hubs->largest / hubs->survivors
                                       : (double)NAN;
    r->bars[GROWN_FIT] =
        least("grown_p", "grown: power law, p", f[GROWN].fit.p, FIT_P, 2);
    r->bars[GROWN_DEGREE] = least("grown_degree_min", "grown: least degree",
                                  (double)f[GROWN].degree.min, DEGREE_MIN, 0);
    r->bars[REPLACED_FIT] = least("replaced_p", "half replaced: power law, p",
                                  f[REPLACED].fit.p, FIT_P, 2);
    r->bars[REPLACED_DEGREE] =
        least("replaced_degree_min", "half replaced: least degree",
              (double)f[REPLACED].degree.min, DEGREE_MIN, 0);
    r->bars[HUBS_LARGEST] =
        least("hubs_largest_percent", "without hubs: in one piece at once, %",
              share, HUBS_SHARE, 1);
    r->bars[HUBS_WHOLE] =
        whole("hubs_whole_s", "without hubs: one piece, s", hubs, HUBS_MEND_S);
    r->bars[CRASH_WHOLE] = whole("crash_whole_s", "5 % left: one piece, s",
                                 &r->pieces[CRASHED], CRASH_MEND_S);
}

static void print_json(const struct outcome *r)
{
    static const char *const keys[ROUNDS] = {
        "grown_figures", "replaced_figures", "hubs_figures", "crash_figures"};
    printf("{\"preset\": \"survive\", \"peers\": %" PRIu32
           ", \"hubs_survivors\": %" PRIu32 ", \"crash_survivors\": %" PRIu32
           ", \"crash_largest\": %" PRIu32,
           r->peers, r->pieces[NO_HUBS].survivors, r->pieces[CRASHED].survivors,
           r->pieces[CRASHED].largest);
    hsy_preset_json(r->bars, BARS);
    for (int i = 0; i < ROUNDS; i++) {
        hsy_preset_figures(keys[i], &r->figures[i]);
    }
    puts("}");
}

static void print_table(const struct outcome *r)
{
    printf("%" PRIu32 " peers, and %" PRIu32 " for the crash\n\n", r->peers,
           r->peers / 2);
    hsy_preset_table(r->bars, BARS);
    printf("\nwithout hubs: %" PRIu32 " peers left; after the crash %" PRIu32
           ", of which %" PRIu32 "\nin the largest piece at once\n",
           r->pieces[NO_HUBS].survivors, r->pieces[CRASHED].survivors,
           r->pieces[CRASHED].largest);
}

int hsy_preset_survive(const struct hsy_sim_options *o)
{
    static struct outcome r; /* Large. */
    int code = HSY_EXIT_DONE;
    for (int i = 0; i < ROUNDS && code <= HSY_EXIT_FAILED; i++) {
        int one = run_round(o, &r, i);
        code = one > code ? one : code;
    }
    if (code > HSY_EXIT_FAILED) {
        return code; /* Stopped: half of it says nothing. */
    }
    judge(&r);
    if (o->json) {
        print_json(&r);
    } else {
        print_table(&r);
    }
    return hsy_preset_met(r.bars, BARS) ? code : HSY_EXIT_FAILED;
}
