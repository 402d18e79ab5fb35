/* What presets have in common: how they are asked for, and how they tell
 * whether a bar is met. */
#include "cli/sim_preset.h"

#include "base/assert.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/sim_preset_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct hsy_sim_wish hsy_preset_wish(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = {
        .title = "", .memory_max = o->memory_max, .quiet = o->quiet};
    hsy_study_config_init(&wish.study, hearsay_mem_default());
    wish.study.rng = o->study.rng;
    wish.study.hash_salt = o->study.hash_salt;
    wish.study.relay = o->study.relay;
    wish.study.checks = true;
    return wish;
}

struct hsy_sim_wish hsy_preset_sized(const struct hsy_sim_options *o,
                                     uint32_t peers, uint64_t *out_for_ns)
{
    struct hsy_sim_wish wish = hsy_preset_wish(o);
    struct hsy_study_config *c = &wish.study;
    c->peers = o->sized ? o->study.peers : peers;
    c->join_over_ns = hsy_study_join_over(c->peers);
    c->checks = c->peers + c->seeds <= HSY_STUDY_CHECKED;
    *out_for_ns = o->study.for_ns != 0 ? o->study.for_ns : *out_for_ns;
    return wish;
}

uint32_t hsy_preset_messages(uint32_t per_s, uint64_t for_ns)
{
    return (uint32_t)hsy_time_min(for_ns / (HSY_SECOND / per_s),
                                  HSY_STUDY_MESSAGES_MAX);
}

double hsy_preset_node_hours(uint32_t peers, uint64_t for_ns)
{
    return (double)peers * (double)for_ns / (60.0 * (double)HSY_MINUTE);
}

double hsy_preset_ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

double hsy_preset_s_between(uint64_t from_ns, uint64_t to_ns)
{
    if (from_ns == HEARSAY_NEVER || to_ns == HEARSAY_NEVER) {
        return (double)NAN;
    }
    return ((double)to_ns - (double)from_ns) / 1e9;
}

/* ------------------------------------------------------------------ bars */

static bool is_met(const struct hsy_bar *b)
{
    if (b->least) {
        return b->ours >= b->bar;
    }
    return b->below ? b->ours < b->bar : b->ours <= b->bar;
}

bool hsy_preset_met(const struct hsy_bar *bars, size_t count)
{
    bool met = true;
    for (size_t i = 0; i < count; i++) {
        met = met && is_met(&bars[i]);
    }
    return met;
}

void hsy_preset_table(const struct hsy_bar *bars, size_t count)
{
    printf("%-40s %10s %10s\n", "", "ours", "bar");
    for (size_t i = 0; i < count; i++) {
        const struct hsy_bar *b = &bars[i];
        char ours[32] = "-";
        char bar[32];
        if (isfinite(b->ours)) {
            snprintf(ours, sizeof(ours), "%.*f", (int)b->decimals, b->ours);
        }
        snprintf(bar, sizeof(bar), "%s %g",
                 b->least   ? ">="
                 : b->below ? "<"
                            : "<=",
                 b->bar);
        printf("%-40s %10s %10s  %s\n", b->what, ours, bar,
               is_met(b) ? "met" : "not met");
    }
}

void hsy_preset_number(double value, unsigned decimals)
{
    if (isfinite(value)) {
        printf("%.*f", (int)decimals, value);
    } else {
        fputs("null", stdout);
    }
}

void hsy_preset_json(const struct hsy_bar *bars, size_t count)
{
    enum { MORE_DECIMALS = 2 };
    for (size_t i = 0; i < count; i++) {
        printf(", \"%s\": ", bars[i].key);
        hsy_preset_number(bars[i].ours, bars[i].decimals + MORE_DECIMALS);
    }
    fputs(", \"bars\": {", stdout);
    for (size_t i = 0; i < count; i++) {
        printf("%s\"%s\": %g", i == 0 ? "" : ", ", bars[i].key, bars[i].bar);
    }
    fputs("}, \"met\": {", stdout);
    for (size_t i = 0; i < count; i++) {
        printf("%s\"%s\": %s", i == 0 ? "" : ", ", bars[i].key,
               is_met(&bars[i]) ? "true" : "false");
    }
    unsigned not_met = 0;
    for (size_t i = 0; i < count; i++) {
        not_met += is_met(&bars[i]) ? 0 : 1;
    }
    printf("}, \"not_met\": %u, \"all_met\": %s", not_met,
           not_met == 0 ? "true" : "false");
}

int hsy_preset_code(const struct hsy_sim_run *run, bool met)
{
    return hsy_sim_exit_code(run, hsy_sim_run_judge(run) && met);
}

/* --------------------------------------------------------------- figures */

void hsy_preset_figures(const char *key, const struct hsy_figures *f)
{
    struct hsy_text text;
    hsy_text_init(&text, hearsay_mem_default());
    hsy_figures_json(&text, f);
    printf(", \"%s\": %s", key,
           text.err == HEARSAY_OK ? hsy_text_get(&text) : "null");
    hsy_text_fini(&text);
}

static const char *kind_name(int kind)
{
    static const char *const names[HSY_TRAFFICS] = {
        [HSY_TRAFFIC_PAYLOAD] = "payload",   [HSY_TRAFFIC_PULLED] = "pulled",
        [HSY_TRAFFIC_ANNOUNCE] = "announce", [HSY_TRAFFIC_TREE] = "tree",
        [HSY_TRAFFIC_REPAIR] = "repair",     [HSY_TRAFFIC_REST] = "rest"};
    HSY_ASSERT(kind < HSY_TRAFFICS);
    return names[kind];
}

void hsy_preset_kinds_json(const struct hsy_carried *by_kind)
{
    for (int i = 0; i < HSY_TRAFFICS; i++) {
        printf("%s\"%s\": {\"frames\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
               i == 0 ? "{" : ", ", kind_name(i), by_kind[i].frames,
               by_kind[i].bytes);
    }
    putchar('}');
}

void hsy_preset_kinds_table(const char *title,
                            const struct hsy_carried *by_kind)
{
    printf("%-20s %12s %16s\n", title, "frames", "bytes");
    for (int i = 0; i < HSY_TRAFFICS; i++) {
        printf("%-20s %12" PRIu64 " %16" PRIu64 "\n", kind_name(i),
               by_kind[i].frames, by_kind[i].bytes);
    }
}

int hsy_sim_preset(const struct hsy_sim_options *options)
{
    switch (options->preset) {
    case HSY_SIM_PRESET_GLOMERS:
        return hsy_preset_glomers(options);
    case HSY_SIM_PRESET_LIFEGUARD:
        return hsy_preset_lifeguard(options);
    case HSY_SIM_PRESET_MISSION:
        return hsy_preset_mission(options);
    case HSY_SIM_PRESET_PARTITION:
        return hsy_preset_partition(options);
    case HSY_SIM_PRESET_STEADY:
        return hsy_preset_steady(options);
    case HSY_SIM_PRESET_SLOW:
        return hsy_preset_slow(options);
    case HSY_SIM_PRESET_SURVIVE:
        return hsy_preset_survive(options);
    case HSY_SIM_PRESET_LIARS:
        return hsy_preset_liars(options);
    case HSY_SIM_PRESET_NONE:
        break;
    }
    return HSY_EXIT_USAGE;
}
