/* A network that nothing befalls, under steady load: repair has nothing to do
 * there, and must not cost as if it had. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    PEERS = 50,
    MINUTES = 10,
    RATE = 100,
    PAYLOAD_LEN = 1024,
    WARM_UP = 100,
    LINK_MIN_MS = 10,
    LINK_MAX_MS = 50
};
#define BAR_SHARE 0.01

enum { SHARE_BAR, MISSED_BAR, BARS };

static void judge(struct hsy_bar *bars, const struct hsy_measure_counts *counts,
                  const struct hsy_figures *f)
{
    double payload = (double)counts->deliveries * PAYLOAD_LEN;
    double repair = (double)(counts->by_kind[HSY_TRAFFIC_REPAIR].bytes +
                             counts->by_kind[HSY_TRAFFIC_PULLED].bytes);
    bars[SHARE_BAR] =
        (struct hsy_bar){.key = "repair_share",
                         .what = "repair and pulled / payload, in bytes",
                         .ours = payload > 0 ? repair / payload : (double)NAN,
                         .bar = BAR_SHARE,
                         .decimals = 5,
                         .below = true};
    bars[MISSED_BAR] = (struct hsy_bar){.key = "missed",
                                        .what = "deliveries missed",
                                        .ours = (double)f->missed,
                                        .bar = 0};
}

static void print(const struct hsy_figures *f, const struct hsy_bar *bars,
                  const struct hsy_measure_counts *counts, bool json)
{
    uint64_t payload = counts->deliveries * PAYLOAD_LEN;
    if (json) {
        printf("{\"preset\": \"steady\", \"peers\": %" PRIu64
               ", \"payload_bytes\": %" PRIu64 ", \"sent\": ",
               f->peers, payload);
        hsy_preset_kinds_json(counts->by_kind);
        hsy_preset_json(bars, BARS);
        hsy_preset_figures("figures", f);
        puts("}");
        return;
    }
    printf("%" PRIu64 " peers, %u messages a second of %u bytes: %" PRIu64
           " messages\n\n",
           f->peers, (unsigned)RATE, (unsigned)PAYLOAD_LEN,
           f->published - WARM_UP);
    hsy_preset_kinds_table("sent", counts->by_kind);
    printf("%-20s %12" PRIu64 " %16" PRIu64 "\n\n", "delivered payload",
           counts->deliveries, payload);
    hsy_preset_table(bars, BARS);
}

int hsy_preset_steady(const struct hsy_sim_options *o)
{
    uint64_t for_ns = MINUTES * HSY_MINUTE;
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS, &for_ns);
    struct hsy_study_config *c = &wish.study;
    c->checks = false; /* They would take longer than the run. */
    c->weather.latency_ns.min = LINK_MIN_MS * HSY_MS;
    c->weather.latency_ns.max = LINK_MAX_MS * HSY_MS;
    c->payload_len = PAYLOAD_LEN;
    c->warm_up = WARM_UP;
    c->per_s_milli = RATE * 1000;
    c->messages = hsy_preset_messages(RATE, for_ns);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_bar bars[BARS];
        struct hsy_measure_counts counts =
            hsy_measure_counts(hsy_study_measure(run.study));
        judge(bars, &counts, &run.figures);
        print(&run.figures, bars, &counts, o->json);
        code = hsy_preset_code(&run, hsy_preset_met(bars, BARS));
    }
    hsy_sim_run_fini(&run);
    return code;
}
