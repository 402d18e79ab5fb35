/* How soon the dead are found when nothing else is wrong: one falls silent, or
 * is killed, again and again; half of the network is killed, or falls silent,
 * at once. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <math.h>
#include <stdio.h>

enum {
    DEATHS = 40, /* In each run, one by one. */
    /* Longer than they are found in, and no multiple of the pings. */
    SILENT_S = 70,
    KILLED_S = 17,
    APART_S = 23,
    HALF_PPM = 500000,
    HALF_WATCH_S = 240
};

enum { SILENT, KILLED, HALF_KILLED, HALF_SILENT, CASES };

enum {
    REPORT_MEAN_BAR,
    REPORT_MAX_BAR,
    AFTER_REPORT_BAR,
    KILLED_BAR,
    HALF_KILLED_BAR,
    HALF_SILENT_BAR,
    MISSED_BAR
};
_Static_assert((int)MISSED_BAR + 1 == (int)HSY_PRESET_DEATH_BARS, "all bars");

/* The worst of all runs; the mean is that of all their reports. */
struct found {
    double reported_ns, reports;
    uint64_t reported_max_ns, certified_max_ns, found_max_ns, all_max_ns;
    uint64_t missed;
};

static const char *const titles[CASES] = {
    [SILENT] = "silent",
    [KILLED] = "killed",
    [HALF_KILLED] = "half killed",
    [HALF_SILENT] = "half silent",
};

static struct hsy_study_pauses deaths_of(int which)
{
    uint32_t lasts_s = which == SILENT ? SILENT_S : KILLED_S;
    return (struct hsy_study_pauses){
        .count = 1,
        .killed = which == KILLED,
        .lasts_ns = lasts_s * HSY_SECOND,
        .apart_ns = APART_S * HSY_SECOND,
        .for_ns = (uint64_t)DEATHS * (lasts_s + APART_S) * HSY_SECOND};
}

static void set_case(struct hsy_study_config *c, int which)
{
    c->join_over_ns = HSY_SECOND;
    c->messages = 0;
    c->checks = false;
    c->again_after_ns = 0;
    switch (which) {
    case HALF_KILLED:
        c->strikes.crash_ppm = HALF_PPM;
        c->for_ns = HALF_WATCH_S * HSY_SECOND;
        break;
    case HALF_SILENT:
        c->strikes.freeze_ppm = HALF_PPM;
        c->for_ns = HALF_WATCH_S * HSY_SECOND;
        break;
    default:
        c->pauses = deaths_of(which);
        c->for_ns = 0;
        break;
    }
}

static void add(struct found *f, const struct hsy_measure *m)
{
    struct hsy_measure_counts counts = hsy_measure_counts(m);
    const struct hsy_histogram *reported =
        hsy_measure_histogram(m, HSY_MEASURE_REPORTED);
    const struct hsy_histogram *all =
        hsy_measure_histogram(m, HSY_MEASURE_DETECTED);
    f->reported_ns += hsy_histogram_mean(reported) * (double)reported->count;
    f->reports += (double)reported->count;
    f->reported_max_ns = hsy_time_max(f->reported_max_ns, reported->max);
    f->certified_max_ns =
        hsy_time_max(f->certified_max_ns,
                     hsy_measure_histogram(m, HSY_MEASURE_CERTIFIED)->max);
    f->found_max_ns = hsy_time_max(
        f->found_max_ns, hsy_measure_histogram(m, HSY_MEASURE_DETECTION)->max);
    f->all_max_ns = hsy_time_max(f->all_max_ns, all->max);
    f->missed += counts.struck - all->count;
}

static int run_case(const struct hsy_sim_options *o, uint32_t peers,
                    struct hsy_preset_deaths *out, struct found *f, int which)
{
    int code = HSY_EXIT_DONE;
    for (uint32_t i = 0; i < o->runs && code <= HSY_EXIT_FAILED; i++) {
        struct hsy_sim_wish wish = hsy_preset_wish(o);
        struct hsy_sim_run run;
        int one = HSY_EXIT_FAILED;
        wish.title = titles[which];
        wish.study.rng += i;
        wish.study.peers = peers;
        set_case(&wish.study, which);
        if (hsy_sim_run(&run, &wish)) {
            const struct hsy_measure *m = hsy_study_measure(run.study);
            add(f, m);
            out->false_deaths += hsy_measure_counts(m).false_deaths;
            out->node_hours += hsy_preset_node_hours(
                peers,
                hsy_time_max(wish.study.for_ns, wish.study.pauses.for_ns));
            one = hsy_preset_code(&run, true);
        }
        hsy_sim_run_fini(&run);
        code = one > code ? one : code;
    }
    return code;
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static void judge(struct hsy_bar *bars, const struct found *f)
{
    double missed = 0;
    for (int i = 0; i < CASES; i++) {
        missed += (double)f[i].missed;
    }
    const struct hsy_bar all[HSY_PRESET_DEATH_BARS] = {
        [REPORT_MEAN_BAR] = {"first_report_mean_s",
                             "silent: first report, mean, s",
                             f[SILENT].reports > 0 ? f[SILENT].reported_ns /
                                                         f[SILENT].reports / 1e9
                                                   : (double)NAN,
                             31, 2, false, false},
        [REPORT_MAX_BAR] = {"first_report_max_s",
                            "silent: first report, worst, s",
                            seconds(f[SILENT].reported_max_ns), 42, 2, false,
                            false},
        [AFTER_REPORT_BAR] = {"certified_after_report_s",
                              "silent: certificate after it, worst, s",
                              seconds(f[SILENT].certified_max_ns), 10, 2, false,
                              false},
        [KILLED_BAR] = {"killed_certified_s", "killed: certificate, worst, s",
                        seconds(f[KILLED].found_max_ns), 2, 2, false, false},
        [HALF_KILLED_BAR] = {"half_killed_certified_s",
                             "half killed: known to all seeds, s",
                             seconds(f[HALF_KILLED].all_max_ns), 90, 2, false,
                             false},
        [HALF_SILENT_BAR] = {"half_silent_certified_s",
                             "half silent: known to all seeds, s",
                             seconds(f[HALF_SILENT].all_max_ns), 90, 2, false,
                             false},
        [MISSED_BAR] = {"not_certified", "deaths not known to all seeds",
                        missed, 0, 0, false, false},
    };
    for (int i = 0; i < HSY_PRESET_DEATH_BARS; i++) {
        bars[i] = all[i];
    }
}

int hsy_preset_deaths(const struct hsy_sim_options *o, uint32_t peers,
                      struct hsy_preset_deaths *out)
{
    struct found found[CASES] = {{0}};
    int code = HSY_EXIT_DONE;
    *out = (struct hsy_preset_deaths){.false_deaths = 0};
    for (int i = 0; i < CASES && code <= HSY_EXIT_FAILED; i++) {
        int one = run_case(o, peers, out, &found[i], i);
        code = one > code ? one : code;
    }
    judge(out->bars, found);
    return code;
}
