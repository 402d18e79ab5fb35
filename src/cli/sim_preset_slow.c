/* Nine peers under load, one of which takes little or nothing: it is stopped,
 * its links carry 8 kbit a second, or it reads a byte a second. The others
 * must hardly notice, nor hold much for it; who is stopped is certified dead,
 * who is slow is not. Pairs of the same network with and without it. */
#include "cli/sim_preset_parts.h"

#include "base/assert.h"
#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    PEERS = 9,
    PAIRS = 3,
    LOAD_S = 20,
    WATCH_S = 180, /* Until it is known who is dead. */
    RATE = 1000,
    PAYLOAD_LEN = 1024,
    WARM_UP = 1000,
    LINK_MIN_MS = 1,
    LINK_MAX_MS = 20,
    BAR_QUEUE_KIB = 320
};
#define BAR_P99 1.1

enum { STOPPED, LINKS, READER, CASES };
enum { P99_BAR, QUEUE_BAR, DEATH_BAR, CASE_BARS };

struct one_run {
    double p99_ms;
    uint64_t deaths; /* Certified: of the one, true or false. */
    uint32_t queued_most;
};

struct outcome {
    uint64_t for_ns;
    uint32_t peers;
    struct one_run spared[PAIRS], slow[CASES][PAIRS];
    struct hsy_bar bars[CASES * CASE_BARS];
};

static const struct {
    enum hsy_study_slow slow;
    const char *name;
    struct {
        const char *key, *what;
    } bars[CASE_BARS];
} cases[CASES] = {
    [STOPPED] = {HSY_STUDY_SLOW_STOPPED,
                 "stopped",
                 {{"stopped_p99_ratio", "stopped: others' p99, with / without"},
                  {"stopped_queue_kib", "stopped: queued for it, KiB"},
                  {"stopped_not_dead", "stopped: not certified dead"}}},
    [LINKS] = {HSY_STUDY_SLOW_LINKS,
               "8 kbit/s",
               {{"links_p99_ratio", "8 kbit/s: others' p99, with / without"},
                {"links_queue_kib", "8 kbit/s: queued for it, KiB"},
                {"links_dead", "8 kbit/s: certified deaths"}}},
    [READER] = {HSY_STUDY_SLOW_READER,
                "1 byte/s",
                {{"reader_p99_ratio", "1 byte/s: others' p99, with / without"},
                 {"reader_queue_kib", "1 byte/s: queued for it, KiB"},
                 {"reader_dead", "1 byte/s: certified deaths"}}},
};

/* -------------------------------------------------------------- the runs */

static int run_one(const struct hsy_sim_options *o, struct outcome *r,
                   uint32_t pair, enum hsy_study_slow slow, struct one_run *out)
{
    char title[32];
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS, &r->for_ns);
    struct hsy_study_config *c = &wish.study;
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    snprintf(title, sizeof(title), "pair %" PRIu32 " of %u", pair + 1,
             (unsigned)PAIRS);
    wish.title = title;
    r->peers = c->peers;
    c->rng += pair;
    c->checks = false; /* They would take longer than the run. */
    c->weather.latency_ns.min = LINK_MIN_MS * HSY_MS;
    c->weather.latency_ns.max = LINK_MAX_MS * HSY_MS;
    c->payload_len = PAYLOAD_LEN;
    c->warm_up = WARM_UP;
    c->per_s_milli = RATE * 1000;
    c->messages = hsy_preset_messages(RATE, r->for_ns);
    c->slow = slow;
    c->for_ns = r->for_ns + WATCH_S * HSY_SECOND;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_measure_counts counts =
            hsy_measure_counts(hsy_study_measure(run.study));
        *out =
            (struct one_run){.p99_ms = run.figures.latency_ms.p99,
                             .deaths = counts.detected + counts.false_deaths,
                             .queued_most = hsy_study_queued_most(run.study)};
        code = hsy_preset_code(&run, true);
    }
    hsy_sim_run_fini(&run);
    return code;
}

static int run_pair(const struct hsy_sim_options *o, struct outcome *r,
                    uint32_t pair)
{
    int code = run_one(o, r, pair, HSY_STUDY_SLOW_SPARED, &r->spared[pair]);
    for (int i = 0; i < CASES && code <= HSY_EXIT_FAILED; i++) {
        int one = run_one(o, r, pair, cases[i].slow, &r->slow[i][pair]);
        code = one > code ? one : code;
    }
    return code;
}

/* ---------------------------------------------------------------- judging */

static double ratio_of(const struct outcome *r, int which, int pair)
{
    return r->slow[which][pair].p99_ms / r->spared[pair].p99_ms;
}

static double median_ratio(const struct outcome *r, int which)
{
    double sorted[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        double ratio = ratio_of(r, which, i);
        int at = i;
        for (; at > 0 && sorted[at - 1] > ratio; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = ratio;
    }
    return sorted[PAIRS / 2];
}

static void judge_case(struct outcome *r, int which)
{
    struct hsy_bar *bars = &r->bars[which * CASE_BARS];
    uint32_t queued = 0;
    double wrong = 0;
    for (int i = 0; i < PAIRS; i++) {
        const struct one_run *run = &r->slow[which][i];
        queued = run->queued_most > queued ? run->queued_most : queued;
        if (which == STOPPED) {
            wrong += run->deaths == 0 ? 1 : 0;
        } else {
            wrong += (double)run->deaths;
        }
    }
    bars[P99_BAR] = (struct hsy_bar){
        .ours = median_ratio(r, which), .bar = BAR_P99, .decimals = 3};
    bars[QUEUE_BAR] = (struct hsy_bar){
        .ours = (double)queued / 1024, .bar = BAR_QUEUE_KIB, .decimals = 1};
    bars[DEATH_BAR] = (struct hsy_bar){.ours = wrong, .bar = 0};
    for (int i = 0; i < CASE_BARS; i++) {
        bars[i].key = cases[which].bars[i].key;
        bars[i].what = cases[which].bars[i].what;
    }
}

static void put_run(const struct one_run *run)
{
    fputs("{\"p99_ms\": ", stdout);
    hsy_preset_number(run->p99_ms, 3);
    printf(", \"queued_most\": %" PRIu32 ", \"deaths\": %" PRIu64 "}",
           run->queued_most, run->deaths);
}

static void print_json(const struct outcome *r)
{
    printf("{\"preset\": \"slow\", \"peers\": %" PRIu32
           ", \"load_s\": %.3f, \"pairs\": [",
           r->peers, (double)r->for_ns / 1e9);
    for (int i = 0; i < PAIRS; i++) {
        fputs(i == 0 ? "{\"without\": " : ", {\"without\": ", stdout);
        put_run(&r->spared[i]);
        fputs(", \"stopped\": ", stdout);
        put_run(&r->slow[STOPPED][i]);
        fputs(", \"links\": ", stdout);
        put_run(&r->slow[LINKS][i]);
        fputs(", \"reader\": ", stdout);
        put_run(&r->slow[READER][i]);
        putchar('}');
    }
    putchar(']');
    hsy_preset_json(r->bars, CASES * CASE_BARS);
    puts("}");
}

static void print_table(const struct outcome *r)
{
    printf("%" PRIu32 " peers, %u messages a second of %u bytes for %.0f s, "
           "one peer slow\n\n%-10s %12s",
           r->peers, (unsigned)RATE, (unsigned)PAYLOAD_LEN,
           (double)r->for_ns / 1e9, "p99, ms", "without");
    for (int i = 0; i < CASES; i++) {
        printf(" %12s", cases[i].name);
    }
    for (int i = 0; i < PAIRS; i++) {
        printf("\npair %-5d %12.2f", i + 1, r->spared[i].p99_ms);
        for (int k = 0; k < CASES; k++) {
            printf(" %12.2f", r->slow[k][i].p99_ms);
        }
    }
    puts("\n");
    hsy_preset_table(r->bars, CASES * CASE_BARS);
}

int hsy_preset_slow(const struct hsy_sim_options *o)
{
    struct outcome r = {.for_ns = LOAD_S * HSY_SECOND};
    int code = HSY_EXIT_DONE;
    for (uint32_t i = 0; i < PAIRS && code <= HSY_EXIT_FAILED; i++) {
        int one = run_pair(o, &r, i);
        code = one > code ? one : code;
    }
    if (code > HSY_EXIT_FAILED) {
        return code; /* Stopped: half a pair says nothing. */
    }
    for (int i = 0; i < CASES; i++) {
        judge_case(&r, i);
    }
    if (o->json) {
        print_json(&r);
    } else {
        print_table(&r);
    }
    return hsy_preset_met(r.bars, CASES * CASE_BARS) ? code : HSY_EXIT_FAILED;
}
