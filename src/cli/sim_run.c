/* The study goes on in slices; between two of them there is time to look at
 * the clock and at signals. */
#include "cli/sim_run.h"

#include "base/assert.h"
#include "base/time.h"
#include "cli/cli.h"
#include "runtime/clock.h"
#include "runtime/process.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LIVE_EVERY_MS = 250,    /* On a terminal, one line over and over; */
    LINES_EVERY_MS = 10000, /* else a line now and then. */
    ABSENT_NAMED = 8
};

static volatile sig_atomic_t caught;

static void on_signal(int signum)
{
    caught = signum;
}

void hsy_sim_catch_signals(void)
{
    /* Reset: the second one does what it does to everybody. */
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)SA_RESETHAND};
    int err = sigaction(SIGINT, &action, NULL);
    err |= sigaction(SIGTERM, &action, NULL);
    HSY_ASSERT(err == 0);
}

int hsy_sim_signal(void)
{
    return caught;
}

/* ------------------------------------------------------------- progress */

struct progress {
    const char *title;
    bool quiet, live;
    uint64_t started_ns, told_ns, told_events;
    unsigned drawn; /* Columns of the line on the terminal. */
};

static struct progress progress_begin(const struct hsy_sim_wish *wish)
{
    uint64_t now_ns = hsy_clock_mono_ns();
    return (struct progress){.title = wish->title,
                             .quiet = wish->quiet,
                             .live = isatty(STDERR_FILENO) == 1,
                             .started_ns = now_ns,
                             .told_ns = now_ns};
}

static void tell(struct progress *p, const struct hsy_sim_run *run)
{
    uint64_t every_ns = (p->live ? LIVE_EVERY_MS : LINES_EVERY_MS) * HSY_MS;
    uint64_t now_ns = hsy_clock_mono_ns();
    if (p->quiet || hsy_time_since(p->told_ns, now_ns) < every_ns) {
        return;
    }
    struct hsy_study_progress s;
    char memory[HSY_SIM_BYTES_LEN];
    char line[200];
    hsy_study_progress(run->study, &s);
    hsy_sim_bytes_text(memory, run->memory.used);
    double seconds = (double)hsy_time_since(p->told_ns, now_ns) / 1e9;
    int len = snprintf(line, sizeof(line),
                       "%s%s%s: virtual %.1f s, %" PRIu32 " of %" PRIu32
                       " joined, %" PRIu64 " messages, %" PRIu64
                       " deliveries, %.0f events/s, %s",
                       p->title, p->title[0] == '\0' ? "" : ": ",
                       hsy_study_phase_text(s.phase), (double)s.now_ns / 1e9,
                       s.joined, s.peers, s.published, s.delivered,
                       (double)(s.events - p->told_events) / seconds, memory);
    HSY_ASSERT(len > 0);
    if (p->live) {
        fprintf(stderr, "\r%-*s", (int)p->drawn, line);
        p->drawn = (unsigned)strlen(line);
    } else {
        fprintf(stderr, "%s\n", line);
    }
    fflush(stderr);
    p->told_ns = now_ns;
    p->told_events = s.events;
}

static void progress_end(const struct progress *p)
{
    if (p->drawn > 0) {
        fprintf(stderr, "\r%*s\r", (int)p->drawn, "");
    }
}

/* -------------------------------------------------------------- running */

static void complain(const struct hsy_sim_run *run, int err)
{
    if (err == HEARSAY_ERR_NOMEM) {
        hsy_sim_memory_complain("the simulation", &run->memory);
    } else if (err == HEARSAY_ERR_STATE && run->study != NULL) {
        hsy_cli_complain(
            "the simulation is broken, please report it: %s",
            hsy_cluster_fault(hsy_study_witness(run->study)->cluster));
    } else {
        hsy_cli_complain("the simulation ended: %s", hearsay_strerror(err));
    }
}

static int go(struct hsy_sim_run *run, struct progress *p)
{
    bool done = false;
    int err = HEARSAY_OK;
    while (err == HEARSAY_OK && !done && caught == 0) {
        err = hsy_study_step(run->study, &done);
        tell(p, run);
    }
    run->signum = done ? 0 : caught;
    return err;
}

/* What only the outside knows. */
static void add_costs(struct hsy_sim_run *run, const struct hsy_sim_wish *wish,
                      uint64_t started_ns)
{
    struct hsy_figures *f = &run->figures;
    uint64_t wall_ns = hsy_time_since(started_ns, hsy_clock_mono_ns());
    f->wall_s = (double)wall_ns / 1e9;
    f->events_per_s = wall_ns > 0 ? (double)f->events / f->wall_s : 0;
    f->bytes_per_peer = run->memory.peak / wish->study.peers;
    f->rss_kib = hsy_sim_rss_kib();
}

bool hsy_sim_run(struct hsy_sim_run *run, const struct hsy_sim_wish *wish)
{
    struct hsy_powerlaw_options fit = {.bootstraps = HSY_POWERLAW_BOOTSTRAPS,
                                       .rng = wish->study.rng};
    struct hsy_study_config config = wish->study;
    *run = (struct hsy_sim_run){.memory = {.max = wish->memory_max}};
    hsy_process_hold_much();
    config.mem = hsy_sim_memory_of(&run->memory);
    struct progress p = progress_begin(wish);
    int err = hsy_study_create(&run->study, &config);
    if (err == HEARSAY_OK) {
        err = go(run, &p);
    }
    uint64_t fit_ns = hsy_clock_mono_ns(); /* Is not part of the run. */
    if (err == HEARSAY_OK) {
        err = hsy_study_finish(run->study, wish->fit ? &fit : NULL,
                               &run->figures);
    }
    fit_ns = hsy_time_since(fit_ns, hsy_clock_mono_ns());
    progress_end(&p);
    if (err != HEARSAY_OK) {
        complain(run, err);
        return false;
    }
    add_costs(run, wish, p.started_ns + fit_ns);
    return true;
}

void hsy_sim_run_fini(struct hsy_sim_run *run)
{
    hsy_study_destroy(run->study);
    run->study = NULL;
}

/* -------------------------------------------------------------- judging */

static void name_absent(const struct hsy_sim_run *run)
{
    const struct hsy_cluster *c = hsy_study_witness(run->study)->cluster;
    char names[ABSENT_NAMED * 16] = "";
    size_t len = 0;
    uint32_t node = 0;
    uint32_t i = 0;
    for (; i < ABSENT_NAMED && hsy_study_absent(run->study, i, &node); i++) {
        int more =
            snprintf(names + len, sizeof(names) - len, "%speer-%" PRIu32,
                     i == 0 ? "" : ", ", node - hsy_cluster_seeds(c) + 1);
        HSY_ASSERT(more > 0 && (size_t)more < sizeof(names) - len);
        len += (size_t)more;
    }
    hsy_cli_complain(
        "%" PRIu64 " of %" PRIu64 " peers did not join in time: %s%s",
        run->figures.peers - run->figures.joined, run->figures.peers, names,
        hsy_study_absent(run->study, i, &node) ? ", ..." : "");
}

static void tell_broken(const struct hsy_sim_run *run)
{
    const struct hsy_checks *k = hsy_study_witness(run->study)->checks;
    const struct hsy_broken *b = k != NULL ? hsy_checks_first(k) : NULL;
    hsy_cli_complain("%" PRIu64 " violations of invariants",
                     run->figures.violations);
    if (b != NULL) {
        hsy_cli_complain("the first one, at %.3f s: %s: %s",
                         (double)b->at_ns / 1e9, hsy_invariant_name(b->what),
                         b->text);
    }
}

bool hsy_sim_run_judge(const struct hsy_sim_run *run)
{
    struct hsy_study_progress s;
    hsy_study_progress(run->study, &s);
    bool well = true;
    if (run->signum != 0) {
        hsy_cli_complain("stopped early, while %s; the figures are what was "
                         "known by then",
                         hsy_study_phase_text(s.phase));
    }
    if (s.cut_short) {
        hsy_cli_complain("--for ended the run before all was done; the "
                         "figures are what was known by then");
    }
    if (s.late) {
        name_absent(run);
        well = false;
    }
    if (s.apart) {
        hsy_cli_complain("the overlay was still in pieces when the messages "
                         "began");
        well = false;
    }
    if (run->figures.violations != 0 &&
        run->figures.violations != HSY_FIGURE_NONE) {
        tell_broken(run);
        well = false;
    }
    return well;
}

int hsy_sim_exit_code(const struct hsy_sim_run *run, bool well)
{
    if (run->signum != 0) {
        return 128 + run->signum;
    }
    return well ? HSY_EXIT_DONE : HSY_EXIT_FAILED;
}
