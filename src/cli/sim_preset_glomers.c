/* Gossip Glomers, challenges 3d and 3e (fly.io, 2023): 25 nodes, 100 ms links,
 * 100 operations a second for 20 s; fewer than 30 messages per operation, a
 * median latency of at most 400 ms, a maximum of at most 600 ms. An operation
 * here is one broadcast: reads, half of the challenge's own, cost nothing and
 * would halve our number. And with the network in two halves for a while, as
 * its nemesis does it, under the same load: nothing may be lost. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <stdio.h>

enum {
    PEERS = 25,
    LINK_MS = 100,
    RATE = 100,
    LOAD_S = 20,
    CUT_AT_S = 5,
    CUT_S = 10,
    MEND_MAX_S = 60,
    BAR_MESSAGES = 30,
    BAR_MEDIAN_MS = 400,
    BAR_MAX_MS = 600,
    /* What is tuned for it: everybody is linked to everybody, so that the tree
     * is as flat as the bound on eager links lets it be; announcements, which
     * only mend, are rare; and there is nothing beside the tree. */
    LINKS = 24,
    ANNOUNCE_MS = 3000,
    SPARES = 0,
    SHORTCUTS = 0
};

enum { MESSAGES_BAR, MEDIAN_BAR, MAX_BAR, LOST_BAR, BARS };

struct outcome {
    struct hsy_bar bars[BARS];
    double copies;
    struct hsy_figures calm, cut;
};

static struct hsy_sim_wish wish_of(const struct hsy_sim_options *o, bool cut)
{
    struct hsy_sim_wish wish = hsy_preset_wish(o);
    wish.title = cut ? "cut in two" : "whole";
    wish.study.peers = PEERS;
    wish.study.links_wanted = LINKS;
    wish.study.spares_percent = SPARES;
    wish.study.shortcuts = SHORTCUTS;
    wish.study.announce_ns = ANNOUNCE_MS * HSY_MS;
    wish.study.join_over_ns = HSY_SECOND;
    wish.study.weather.latency_ns.min = LINK_MS * HSY_MS;
    wish.study.weather.latency_ns.max = LINK_MS * HSY_MS;
    wish.study.messages = RATE * LOAD_S;
    wish.study.per_s_milli = RATE * 1000;
    if (cut) {
        wish.study.split.at_ns = CUT_AT_S * HSY_SECOND;
        wish.study.split.lasts_ns = CUT_S * HSY_SECOND;
        wish.study.split.mend_max_ns = MEND_MAX_S * HSY_SECOND;
    }
    return wish;
}

static void set_bars(struct hsy_bar *bars)
{
    bars[MESSAGES_BAR] = (struct hsy_bar){.key = "messages_per_operation",
                                          .what = "messages per operation",
                                          .bar = BAR_MESSAGES,
                                          .decimals = 1,
                                          .below = true};
    bars[MEDIAN_BAR] = (struct hsy_bar){.key = "median_ms",
                                        .what = "median latency, ms",
                                        .bar = BAR_MEDIAN_MS,
                                        .decimals = 1};
    bars[MAX_BAR] = (struct hsy_bar){.key = "max_ms",
                                     .what = "maximum latency, ms",
                                     .bar = BAR_MAX_MS,
                                     .decimals = 1};
    bars[LOST_BAR] = (struct hsy_bar){.key = "lost_when_cut",
                                      .what = "deliveries lost when cut in two",
                                      .bar = 0};
}

/* Of the whole load; latencies are until the last node has a message. */
static void measure_calm(struct outcome *out, const struct hsy_sim_run *run)
{
    static struct hsy_histogram latency, hops; /* Large. */
    hsy_study_last(run->study, &latency, &hops);
    struct hsy_measure_counts counts =
        hsy_measure_counts(hsy_study_measure(run->study));
    double ops = counts.published > 0 ? (double)counts.published : 1;
    out->bars[MESSAGES_BAR].ours = (double)counts.frames / ops;
    out->bars[MEDIAN_BAR].ours =
        hsy_preset_ms(hsy_histogram_percentile(&latency, 50));
    out->bars[MAX_BAR].ours = hsy_preset_ms(latency.max);
    out->copies = (double)counts.copies / ops;
    out->calm = run->figures;
}

static int run_round(struct outcome *out, const struct hsy_sim_options *o,
                     bool cut)
{
    struct hsy_sim_wish wish = wish_of(o, cut);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        if (cut) {
            out->cut = run.figures;
            out->bars[LOST_BAR].ours = (double)run.figures.missed;
        } else {
            measure_calm(out, &run);
        }
        code = hsy_preset_code(&run, true);
    }
    hsy_sim_run_fini(&run);
    return code;
}

static void print_json(const struct outcome *r, const char *relay)
{
    printf("{\"preset\": \"glomers\", \"settings\": {\"relay\": \"%s\", "
           "\"links\": %u, \"latency_ms\": %u, \"announce_ms\": %u, "
           "\"spares_percent\": %u, \"shortcuts\": %u}, "
           "\"copies_per_operation\": %.2f",
           relay, (unsigned)LINKS, (unsigned)LINK_MS, (unsigned)ANNOUNCE_MS,
           (unsigned)SPARES, (unsigned)SHORTCUTS, r->copies);
    hsy_preset_json(r->bars, BARS);
    hsy_preset_figures("figures", &r->calm);
    hsy_preset_figures("cut_figures", &r->cut);
    puts("}");
}

static void print_table(const struct outcome *r, const char *relay)
{
    printf("%u peers, links of %u ms, %u broadcasts a second for %u s\n"
           "settings: relay %s, m = %u, announcements every %u ms, no second "
           "parents, no\nshortcuts\n\n",
           (unsigned)PEERS, (unsigned)LINK_MS, (unsigned)RATE, (unsigned)LOAD_S,
           relay, (unsigned)LINKS, (unsigned)ANNOUNCE_MS);
    hsy_preset_table(r->bars, BARS);
    printf("\nMessages are all frames between nodes, pings and seeds included. "
           "An operation is\na broadcast. The last line is of another run, in "
           "two halves for %u s.\n",
           (unsigned)CUT_S);
}

int hsy_preset_glomers(const struct hsy_sim_options *o)
{
    static struct outcome r; /* Large. */
    set_bars(r.bars);
    int code = run_round(&r, o, false);
    if (code <= HSY_EXIT_FAILED) {
        int cut = run_round(&r, o, true);
        code = cut > code ? cut : code;
    }
    if (code > HSY_EXIT_FAILED) {
        return code; /* Stopped: half of it says nothing. */
    }
    const char *relay = hsy_sim_relay_name(o->study.relay);
    if (o->json) {
        print_json(&r, relay);
    } else {
        print_table(&r, relay);
    }
    return hsy_preset_met(r.bars, BARS) ? code : HSY_EXIT_FAILED;
}
