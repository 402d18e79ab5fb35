/* The swarm from the command line: runs it in workers, shows how far it is,
 * makes the first failure small, and judges. */
#include "cli/sim_swarm.h"

#include "base/mem.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/sim_swarm_jobs.h"
#include "cli/sim_swarm_tally.h"
#include "runtime/clock.h"
#include "sim/minimise.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { TRIES_MAX = 300 };
#define TOLD_EVERY_NS (10 * HSY_SECOND)

struct show {
    const struct hsy_swarm_options *options;
    struct hsy_swarm_tally *tally;
    bool live; /* A terminal: one line, drawn over itself. */
    bool drawn;
    uint64_t told_ns;
};

static uint32_t jobs_of(const struct hsy_swarm_options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs =
        cores > 0 && cores < HSY_SWARM_JOBS_MAX ? (uint32_t)cores : 1;
    return o->jobs != 0 ? o->jobs : jobs;
}

/* ------------------------------------------------------------------ progress
 */

static void tell_progress(struct show *show)
{
    const struct hsy_swarm_tally *t = show->tally;
    uint64_t now_ns = hsy_clock_mono_ns();
    uint64_t every_ns = show->live ? HSY_SECOND / 5 : TOLD_EVERY_NS;
    if (show->options->quiet || now_ns - show->told_ns < every_ns) {
        return;
    }
    show->told_ns = now_ns;
    double span_s = (double)(now_ns - t->started_ns) / 1e9;
    fprintf(stderr,
            "%s%" PRIu64 " of %" PRIu64 " runs, %" PRIu64
            " failed, %.0f runs/s%s",
            show->live ? "\r\033[K" : "", t->done, show->options->runs,
            t->failed, (double)t->done / span_s, show->live ? "" : "\n");
    show->drawn = show->live;
}

static void end_progress(struct show *show)
{
    if (show->drawn) {
        fputs("\r\033[K", stderr);
        show->drawn = false;
    }
}

static void on_done(void *ctx, uint64_t run,
                    const struct hsy_swarm_result *result)
{
    struct show *show = ctx;
    hsy_swarm_tally_add(show->tally, run, result);
}

static void on_tick(void *ctx)
{
    tell_progress(ctx);
}

/* ------------------------------------------------------------------ smallest
 */

static void take_result(void *ctx, uint64_t run,
                        const struct hsy_swarm_result *result)
{
    struct hsy_swarm_result *out = ctx;
    (void)run;
    *out = *result;
}

/* In a process of its own: it may die. */
static int try_one(void *ctx, const struct hsy_swarm_choice *choice,
                   struct hsy_swarm_result *out)
{
    const struct show *show = ctx;
    memset(out, 0, sizeof(*out));
    struct hsy_swarm_jobs jobs = {.choice = *choice,
                                  .runs = 1,
                                  .jobs = 1,
                                  .hash_salt = show->options->hash_salt,
                                  .ctx = out,
                                  .done = take_result};
    int err = hsy_swarm_jobs_run(&jobs);
    return err == HEARSAY_OK && hsy_swarm_stopped() ? HEARSAY_ERR_AGAIN : err;
}

static void on_tried(void *ctx, uint32_t tries,
                     const struct hsy_swarm_choice *choice, bool fails)
{
    struct show *show = ctx;
    char repro[HSY_SWARM_REPRO_LEN];
    if (!show->options->quiet) {
        hsy_swarm_repro(repro, choice);
        fprintf(stderr, "try %" PRIu32 " %s: %s\n", tries,
                fails ? "still fails" : "does not ", repro);
    }
}

/* False: there is nothing to tell. */
static bool minimise(struct show *show, struct hsy_minimised *out)
{
    const struct hsy_swarm_tally *t = show->tally;
    struct hsy_minimiser m = {
        .ctx = show, .run = try_one, .tried = on_tried, .tries_max = TRIES_MAX};
    if (t->shown_count == 0) {
        return false;
    }
    out->choice = show->options->choice;
    out->choice.rng += t->shown_runs[0];
    out->result = t->shown[0];
    int err = hsy_minimise(out, &m);
    if (err != HEARSAY_OK && err != HEARSAY_ERR_AGAIN) {
        hsy_cli_complain("--minimise ended early: %s", hearsay_strerror(err));
    }
    return true;
}

/* -------------------------------------------------------------------- judge */

static int judge(const struct show *show)
{
    const struct hsy_swarm_tally *t = show->tally;
    int code = t->failed > 0 ? HSY_EXIT_FAILED : HSY_EXIT_DONE;
    if (t->done < show->options->runs) {
        hsy_cli_complain("stopped after %" PRIu64 " of %" PRIu64 " runs",
                         t->done, show->options->runs);
        return hsy_swarm_stopped() ? 128 + hsy_swarm_signal() : HSY_EXIT_FAILED;
    }
    uint32_t unreached = hsy_swarm_tally_unreached(t);
    if (unreached > 0 && hsy_swarm_tally_is_full(t)) {
        hsy_cli_complain("%" PRIu32 " marks were never reached: what "
                         "they stand for is not tested; see the table",
                         unreached);
        code = HSY_EXIT_FAILED;
    }
    return code;
}

static int report(struct show *show)
{
    const struct hsy_swarm_options *o = show->options;
    static struct hsy_minimised smallest;
    bool has_smallest = o->minimise && minimise(show, &smallest);
    if (o->digest) {
        hsy_swarm_tally_digests(stdout, show->tally);
    } else if (o->json) {
        hsy_swarm_tally_json(stdout, show->tally,
                             has_smallest ? &smallest.choice : NULL);
    } else {
        hsy_swarm_tally_show(stdout, show->tally);
        if (has_smallest) {
            fprintf(stdout,
                    "\nThe first failure, made small in %" PRIu32 " tries%s:\n",
                    smallest.tries, smallest.bounded ? ", not to the end" : "");
            hsy_swarm_tell_failure(stdout, &smallest.choice, &smallest.result);
        }
    }
    return judge(show);
}

static int run_all(const struct hsy_swarm_options *o)
{
    struct show show = {.options = o, .live = isatty(STDERR_FILENO) == 1};
    if (hsy_swarm_tally_create(&show.tally, o) != HEARSAY_OK) {
        hsy_cli_complain("out of memory; ask for fewer --runs");
        return HSY_EXIT_FAILED;
    }
    show.tally->started_ns = hsy_clock_mono_ns();
    show.told_ns = show.tally->started_ns;
    struct hsy_swarm_jobs jobs = {.choice = o->choice,
                                  .runs = o->runs,
                                  .jobs = jobs_of(o),
                                  .hash_salt = o->hash_salt,
                                  .trace = o->trace,
                                  .ctx = &show,
                                  .done = on_done,
                                  .tick = on_tick};
    hsy_swarm_catch_signals();
    int err = hsy_swarm_jobs_run(&jobs);
    show.tally->ended_ns = hsy_clock_mono_ns();
    end_progress(&show);
    int code = report(&show);
    if (err == HEARSAY_ERR_NOMEM) {
        hsy_cli_complain("out of memory; use fewer --jobs");
    }
    hsy_swarm_tally_destroy(show.tally);
    return err == HEARSAY_OK ? code : HSY_EXIT_FAILED;
}

int hsy_cmd_sim_swarm(int argc, char **argv)
{
    struct hsy_swarm_options options;
    struct hsy_usage_error error;
    if (hsy_swarm_options_parse(&options, argc, argv, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (options.help) {
        hsy_swarm_help(stdout);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    return hsy_cli_finish(run_all(&options));
}
