/* One network after the other: all values with one PRNG seed, then all with
 * the next, so that a run that is stopped has complete pairs to compare. */
#include "cli/sim_compare.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/sim_show.h"

#include <inttypes.h>
#include <stdio.h>

struct hsy_sim_wish hsy_sim_wish_of(const struct hsy_sim_options *options)
{
    struct hsy_sim_wish wish = {.study = options->study,
                                .title = "",
                                .memory_max = options->memory_max,
                                .quiet = options->quiet,
                                .fit = options->fit};
    wish.study.checks =
        options->study.peers + options->study.seeds <= HSY_STUDY_CHECKED;
    return wish;
}

static const char *apply(const struct hsy_sim_options *o, uint32_t value,
                         struct hsy_study_config *out)
{
    if (o->compared == HSY_SIM_COMPARE_OVERLAY) {
        out->overlay = (enum hearsay_overlay)value;
        return hsy_sim_overlay_name(value);
    }
    out->relay = (enum hearsay_relay)value;
    return hsy_sim_relay_name(value);
}

/* Gives the exit code. *@out is set unless it could not be run at all. */
static int run_value(const struct hsy_sim_options *o, uint32_t index,
                     uint32_t round, struct hsy_figures *out, bool *out_ran)
{
    char title[64];
    struct hsy_sim_run run;
    struct hsy_sim_wish wish = hsy_sim_wish_of(o);
    const char *name = apply(o, o->values[index], &wish.study);
    snprintf(title, sizeof(title), o->runs > 1 ? "%s, run %" PRIu32 : "%s",
             name, round + 1);
    wish.title = title;
    wish.study.rng += round;
    *out_ran = hsy_sim_run(&run, &wish);
    int code = HSY_EXIT_FAILED;
    if (*out_ran) {
        *out = run.figures;
        code = hsy_sim_exit_code(&run, hsy_sim_run_judge(&run));
    }
    hsy_sim_run_fini(&run);
    return code;
}

int hsy_sim_compare_runs(const struct hsy_sim_options *options)
{
    const struct hsy_sim_options *o = options;
    const struct hearsay_mem *mem = hearsay_mem_default();
    size_t all = (size_t)o->values_count * o->runs;
    struct hsy_figures *figures = hsy_mem_zalloc(mem, all * sizeof(*figures));
    struct hsy_sim_shown shown = {
        .key = o->compared == HSY_SIM_COMPARE_OVERLAY ? "overlay" : "relay",
        .figures = figures,
        .stride = o->runs};
    int code = figures != NULL ? HSY_EXIT_DONE : HSY_EXIT_FAILED;
    bool ran = figures != NULL;
    for (size_t i = 0; i < all && ran && code <= HSY_EXIT_FAILED; i++) {
        uint32_t index = (uint32_t)(i % o->values_count);
        uint32_t round = (uint32_t)(i / o->values_count);
        struct hsy_study_config ignored;
        shown.titles[index] = apply(o, o->values[index], &ignored);
        int one = run_value(o, index, round,
                            &figures[(size_t)index * o->runs + round], &ran);
        code = one > code ? one : code;
        if (ran && round == 0) {
            shown.values = index + 1;
        }
        if (ran && index + 1 == o->values_count) {
            shown.runs = round + 1;
        }
    }
    /* The first round may have been stopped half way; later ones count when
     * they are complete. */
    shown.runs = shown.runs == 0 ? 1 : shown.runs;
    if (shown.values > 0) {
        hsy_sim_show_compared(&shown, o->json);
    }
    hsy_mem_free(mem, figures);
    return code;
}
