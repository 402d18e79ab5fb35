/* Two halves of a network, both of which go on talking for longer than pings
 * bear, become one again: what each has missed comes to it from the other,
 * all of it, soon, and for little more than its own bytes. */
#include "cli/sim_preset_parts.h"

#include "base/time.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    PEERS = 1000,
    CUT_MINUTES = 8,
    RATE = 20, /* 10 a second in each half. */
    PAYLOAD_LEN = 1024,
    WARM_UP = 100,
    LINK_MIN_MS = 10,
    LINK_MAX_MS = 50,
    MEND_MAX_S = 180,
    BAR_S = 10
};
#define BAR_BYTES 1.5

enum { LACKING_BAR, SECONDS_BAR, BYTES_BAR, BARS };

struct outcome {
    uint32_t peers;
    uint64_t cut_ns;
    struct hsy_mend mend;
    uint64_t repair_bytes;
    struct hsy_bar bars[BARS];
};

/* Nothing is published after the heal, so that whatever carries or asks for
 * messages then is repair, however it is flagged. */
static uint64_t repair_bytes(const struct hsy_mend *mend)
{
    uint64_t bytes = 0;
    for (int i = 0; i < HSY_TRAFFICS; i++) {
        bytes += i == HSY_TRAFFIC_REST ? 0 : mend->by_kind[i].bytes;
    }
    return bytes;
}

static void judge(struct outcome *r)
{
    const struct hsy_mend *mend = &r->mend;
    r->repair_bytes = repair_bytes(mend);
    r->bars[LACKING_BAR] = (struct hsy_bar){.key = "lacking",
                                            .what = "deliveries still missing",
                                            .ours = (double)mend->lacking,
                                            .bar = 0};
    r->bars[SECONDS_BAR] = (struct hsy_bar){
        .key = "mended_s",
        .what = "first link across to last delivery, s",
        .ours = hsy_preset_s_between(mend->linked_ns, mend->mended_ns),
        .bar = BAR_S,
        .decimals = 2};
    r->bars[BYTES_BAR] = (struct hsy_bar){
        .key = "repair_per_missing_byte",
        .what = "repair bytes / missing payload bytes",
        .ours = mend->payload_bytes > 0
                    ? (double)r->repair_bytes / (double)mend->payload_bytes
                    : (double)NAN,
        .bar = BAR_BYTES,
        .decimals = 3};
}

static void print_table(const struct outcome *r)
{
    const struct hsy_mend *mend = &r->mend;
    double linked_s = hsy_preset_s_between(mend->healed_ns, mend->linked_ns);
    double mended_s = hsy_preset_s_between(mend->healed_ns, mend->mended_ns);
    printf("%" PRIu32 " peers, in two halves for %.0f s, %u messages a second "
           "of %u bytes in each\n\n",
           r->peers, (double)r->cut_ns / 1e9, (unsigned)RATE / 2,
           (unsigned)PAYLOAD_LEN);
    for (int i = 0; i < 2; i++) {
        printf("half %c: %" PRIu32 " peers; missing at the heal: %" PRIu64
               " messages, %" PRIu64 " deliveries\n",
               'A' + i, mend->sides[i].peers, mend->sides[i].messages,
               mend->sides[i].deliveries);
    }
    fputs("seconds after the heal: first link across ", stdout);
    hsy_preset_number(linked_s, 2);
    fputs(", last missing delivery ", stdout);
    hsy_preset_number(mended_s, 2);
    puts("\n");
    hsy_preset_kinds_table("after the heal", mend->by_kind);
    printf("%-20s %12s %16" PRIu64 "  (all but the rest)\n", "repair", "",
           r->repair_bytes);
    printf("%-20s %12" PRIu64 " %16" PRIu64 "\n\n", "missing payload",
           mend->sides[0].deliveries + mend->sides[1].deliveries,
           mend->payload_bytes);
    hsy_preset_table(r->bars, BARS);
}

static void print_json(const struct outcome *r, const struct hsy_figures *f)
{
    const struct hsy_mend *mend = &r->mend;
    printf("{\"preset\": \"partition\", \"peers\": %" PRIu32
           ", \"cut_s\": %.3f, \"halves\": [",
           r->peers, (double)r->cut_ns / 1e9);
    for (int i = 0; i < 2; i++) {
        printf("%s{\"peers\": %" PRIu32 ", \"missing_messages\": %" PRIu64
               ", \"missing_deliveries\": %" PRIu64 "}",
               i == 0 ? "" : ", ", mend->sides[i].peers,
               mend->sides[i].messages, mend->sides[i].deliveries);
    }
    fputs("], \"first_link_s\": ", stdout);
    hsy_preset_number(hsy_preset_s_between(mend->healed_ns, mend->linked_ns),
                      3);
    fputs(", \"last_delivery_s\": ", stdout);
    hsy_preset_number(hsy_preset_s_between(mend->healed_ns, mend->mended_ns),
                      3);
    printf(", \"missing_bytes\": %" PRIu64 ", \"repair_bytes\": %" PRIu64
           ", \"after_heal\": ",
           mend->payload_bytes, r->repair_bytes);
    hsy_preset_kinds_json(mend->by_kind);
    hsy_preset_json(r->bars, BARS);
    hsy_preset_figures("figures", f);
    puts("}");
}

int hsy_preset_partition(const struct hsy_sim_options *o)
{
    struct outcome r = {.cut_ns = CUT_MINUTES * HSY_MINUTE};
    struct hsy_sim_wish wish = hsy_preset_sized(o, PEERS, &r.cut_ns);
    struct hsy_study_config *c = &wish.study;
    c->weather.latency_ns.min = LINK_MIN_MS * HSY_MS;
    c->weather.latency_ns.max = LINK_MAX_MS * HSY_MS;
    c->payload_len = PAYLOAD_LEN;
    c->warm_up = WARM_UP;
    c->per_s_milli = RATE * 1000;
    c->messages = hsy_preset_messages(RATE, r.cut_ns);
    c->split.lasts_ns = r.cut_ns;
    c->split.mend_max_ns = MEND_MAX_S * HSY_SECOND;
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        r.peers = c->peers;
        r.mend = hsy_measure_mend(hsy_study_measure(run.study));
        judge(&r);
        if (o->json) {
            print_json(&r, &run.figures);
        } else {
            print_table(&r);
        }
        code = hsy_preset_code(&run, hsy_preset_met(r.bars, BARS));
    }
    hsy_sim_run_fini(&run);
    return code;
}
