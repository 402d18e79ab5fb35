/* hearsay demo: a network of real processes on this machine.
 *
 *     SEEDS ----> PEERS ----> RUNNING ----> CLOSING ----> ENDING ----> OVER
 *      ^  |         |                         ^             ^
 *      |  v         +-- end, or a signal -----+             |
 *     RETRY                                                 |
 *              a seed that does not start, a second signal -+
 *
 * Seeds first; when all have started, the peers, a few at a time. What they
 * log goes to the ledger and to the screen. CLOSING gives lines that are on
 * their way a moment to arrive; then the nodes are measured and ended, and
 * what they log while they end counts no more. RETRY: somebody took a seed's
 * port between choosing and binding; end the seeds and choose again. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/prng.h"
#include "base/time.h"
#include "cli/cli.h"
#include "cli/demo_ledger.h"
#include "cli/demo_measure.h"
#include "cli/demo_nodes.h"
#include "cli/demo_options.h"
#include "cli/demo_place.h"
#include "cli/demo_report.h"
#include "cli/demo_show.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "runtime/process.h"

enum {
    STARTING_MAX = 8, /* Processes on their way up at a time. */
    MESSAGES_MAX = 200000,
    TRIES_MAX = 5,
    TICKS_PER_LINE = 5 /* Of progress. */
};
#define TICK_NS (200 * HSY_MS)
#define CLOSING_NS (200 * HSY_MS)
#define ENDING_NS (5 * HSY_SECOND)

enum phase { SEEDS, RETRY, PEERS, RUNNING, CLOSING, ENDING, OVER, PHASES };

struct demo {
    struct hsy_demo_options options;
    struct hearsay_mem mem;
    struct hsy_demo_place place;
    struct uv_loop_s *loop;
    struct hsy_demo_nodes *nodes;
    struct hsy_demo_ledger *ledger;
    struct hsy_timer *tick, *end, *fault;
    struct hsy_signal *signals[3];
    struct hsy_demo_show *show;
    struct hsy_demo_sources from;
    struct hsy_prng prng;
    uint64_t cpu_before_ms; /* Of what ran before, as the build of ./run. */

    enum phase phase;
    uint64_t start_ns;
    uint64_t end_us; /* Of what is judged. */
    uint32_t spawned, tries;
    uint32_t faults_done;
    uint32_t joined_told; /* As the last progress line had it. */
    uint64_t ticks;
    const char *http; /* NULL: off. */
    bool failed;      /* The demo itself; the nodes are told apart. */
    struct hsy_demo_figures figures;
};

static const bool phase_edges[PHASES][PHASES] = {
    [SEEDS] =
        {[RETRY] = true, [PEERS] = true, [CLOSING] = true, [ENDING] = true},
    [RETRY] = {[SEEDS] = true, [CLOSING] = true, [ENDING] = true},
    [PEERS] = {[RUNNING] = true, [CLOSING] = true, [ENDING] = true},
    [RUNNING] = {[CLOSING] = true},
    [CLOSING] = {[ENDING] = true},
    [ENDING] = {[OVER] = true},
};

static uint64_t now_us(void)
{
    return hsy_clock_mono_ns() / 1000;
}

static void phase_enter(struct demo *d, enum phase to)
{
    HSY_ASSERT(phase_edges[d->phase][to]);
    d->phase = to;
    if (to == CLOSING) {
        d->end_us = now_us();
        hsy_timer_stop(d->fault);
        hsy_timer_start(d->end, CLOSING_NS, 0);
    } else if (to == ENDING) {
        hsy_timer_stop(d->fault);
        hsy_demo_nodes_signal(d->nodes, SIGTERM);
        hsy_timer_start(d->end, ENDING_NS, 0);
    } else if (to == OVER) {
        hsy_loop_stop(d->loop);
    }
}

/* Nothing left to wait for? */
static void ending_check(struct demo *d)
{
    if (d->phase == ENDING && hsy_demo_nodes_alive(d->nodes) == 0) {
        phase_enter(d, OVER);
    }
}

static void give_up(struct demo *d)
{
    d->failed = true;
    if (d->phase < ENDING) {
        if (d->phase == RUNNING) {
            phase_enter(d, CLOSING);
        }
        phase_enter(d, ENDING);
    }
    ending_check(d);
}

/* ------------------------------------------------------------ starting */

static bool node_start(struct demo *d, uint32_t node)
{
    struct hearsay_runtime_error error;
    const char *http = node == 0 ? d->http : NULL;
    if (hsy_demo_nodes_start(d->nodes, node, http, &error) == 0) {
        return true;
    }
    hsy_cli_complain("%s", error.text);
    give_up(d);
    return false;
}

/* Fresh ports, fresh directories, and a ledger that knows nobody. */
static int ground_prepare(struct demo *d, struct hearsay_runtime_error *error)
{
    struct hsy_demo_ledger_shape shape = {d->options.seeds, d->options.peers,
                                          MESSAGES_MAX};
    hsy_demo_ledger_destroy(d->ledger);
    d->ledger = NULL;
    int err = hsy_demo_ledger_create(&d->ledger, &shape, &d->mem);
    if (err != 0) {
        snprintf(error->text, sizeof(error->text), "%s", hearsay_strerror(err));
        return err;
    }
    d->from.ledger = d->ledger;
    err = hsy_demo_place_clean(error);
    if (err == 0) {
        err = hsy_demo_place_choose(&d->place, d->options.seeds, error);
    }
    return err;
}

static void seeds_start(struct demo *d)
{
    struct hearsay_runtime_error error;
    if (ground_prepare(d, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        give_up(d);
        return;
    }
    d->tries++;
    for (uint32_t i = 0; i < d->options.seeds; i++) {
        if (!node_start(d, i)) {
            return;
        }
    }
    d->spawned = d->options.seeds;
}

/* On their way up: no line of theirs says that they started. */
static uint32_t starting(const struct demo *d)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < d->spawned; i++) {
        count += hsy_demo_node_process(d->nodes, i) == HSY_PROCESS_RUNNING &&
                 !hsy_demo_ledger_node(d->ledger, i)->started;
    }
    return count;
}

static void peers_start(struct demo *d)
{
    uint32_t all = d->options.seeds + d->options.peers;
    for (uint32_t room = STARTING_MAX - starting(d);
         room > 0 && room <= STARTING_MAX && d->spawned < all; room--) {
        if (!node_start(d, d->spawned)) {
            return;
        }
        d->spawned++;
    }
    if (d->spawned == all && starting(d) == 0) {
        phase_enter(d, RUNNING);
    }
}

static void starting_go_on(struct demo *d)
{
    if (d->phase == SEEDS && d->spawned > 0 && starting(d) == 0) {
        phase_enter(d, PEERS);
    }
    if (d->phase == PEERS) {
        peers_start(d);
    }
}

/* -------------------------------------------------------------- faults */

static bool can_be_hit(const struct demo *d, uint32_t node)
{
    return hsy_demo_node_process(d->nodes, node) == HSY_PROCESS_RUNNING &&
           hsy_demo_ledger_node(d->ledger, node)->fate == HSY_FATE_NONE;
}

static bool is_frozen(const struct demo *d, uint32_t node)
{
    return hsy_demo_node_process(d->nodes, node) == HSY_PROCESS_FROZEN;
}

/* UINT32_MAX: there is none. */
static uint32_t choose_hub(const struct demo *d)
{
    uint32_t hub = UINT32_MAX, most = 0;
    for (uint32_t i = d->options.seeds; i < d->spawned; i++) {
        uint32_t degree = hsy_demo_ledger_degree(d->ledger, i);
        if (can_be_hit(d, i) && (hub == UINT32_MAX || degree > most)) {
            hub = i;
            most = degree;
        }
    }
    return hub;
}

/* One of those that @may says yes to; UINT32_MAX: there is none. */
static uint32_t choose_any(struct demo *d,
                           bool (*may)(const struct demo *d, uint32_t node))
{
    uint32_t chosen = UINT32_MAX;
    uint64_t seen = 0;
    for (uint32_t i = d->options.seeds; i < d->spawned; i++) {
        if (may(d, i) && hsy_prng_below(&d->prng, ++seen) == 0) {
            chosen = i; /* Each of n is kept with 1/n in the end. */
        }
    }
    return chosen;
}

static void fault_do(struct demo *d, enum hsy_fault_kind kind, uint32_t node)
{
    const char *name = hsy_demo_node_name(d->nodes, node);
    uint32_t degree = hsy_demo_ledger_degree(d->ledger, node);
    switch (kind) {
    case HSY_FAULT_KILL:
        hsy_demo_ledger_fate(d->ledger, now_us(), node, HSY_FATE_KILLED);
        hsy_demo_node_kill(d->nodes, node);
        hsy_demo_say(d->show, "demo kills %s (%u links)", name, degree);
        d->figures.killed++;
        break;
    case HSY_FAULT_FREEZE:
        hsy_demo_ledger_fate(d->ledger, now_us(), node, HSY_FATE_FROZEN);
        hsy_demo_node_freeze(d->nodes, node);
        hsy_demo_say(d->show, "demo freezes %s (%u links)", name, degree);
        d->figures.frozen++;
        break;
    case HSY_FAULT_THAW:
        hsy_demo_ledger_fate(d->ledger, now_us(), node, HSY_FATE_THAWED);
        hsy_demo_node_thaw(d->nodes, node);
        hsy_demo_say(d->show, "demo thaws %s", name);
        break;
    }
}

static void fault_run(struct demo *d, const struct hsy_demo_fault *fault)
{
    for (uint32_t i = 0; i < fault->count; i++) {
        bool thaw = fault->kind == HSY_FAULT_THAW;
        bool hub = fault->kind == HSY_FAULT_KILL && i == 0;
        uint32_t node =
            hub ? choose_hub(d) : choose_any(d, thaw ? is_frozen : can_be_hit);
        if (node == UINT32_MAX) {
            hsy_demo_say(d->show, "demo finds nobody left for that");
            return;
        }
        fault_do(d, fault->kind, node);
    }
}

static void fault_arm(struct demo *d)
{
    if (d->faults_done < d->options.faults_count) {
        uint64_t at_ns =
            hsy_time_add(d->start_ns, d->options.faults[d->faults_done].at_ns);
        hsy_timer_start(d->fault, hsy_time_since(hsy_clock_mono_ns(), at_ns),
                        0);
    }
}

static void on_fault(void *ctx)
{
    struct demo *d = ctx;
    fault_run(d, &d->options.faults[d->faults_done++]);
    fault_arm(d);
}

/* --------------------------------------------------- lines of the nodes */

static uint64_t tenths(uint64_t us)
{
    return us / 100000;
}

/* Says what only several lines together tell. */
static void tell_turns(struct demo *d,
                       const struct hsy_demo_ledger_node *before, uint32_t node)
{
    const struct hsy_demo_ledger_node *n =
        hsy_demo_ledger_node(d->ledger, node);
    const char *name = hsy_demo_node_name(d->nodes, node);
    if (before->removed_us == 0 && n->removed_us != 0) {
        bool hit = n->fate != HSY_FATE_NONE;
        uint64_t after = hit ? tenths(n->removed_us - n->fault_us) : 0;
        hsy_demo_say(d->show,
                     "%s is off the list of a majority of the seeds (%llu.%llu "
                     "s%s)",
                     name, (unsigned long long)(after / 10),
                     (unsigned long long)(after % 10),
                     hit || n->gone ? "" : ", though it lives");
    }
    bool was_back = before->registered_us != 0 && before->connected_us != 0;
    if (!was_back && n->registered_us != 0 && n->connected_us != 0) {
        uint64_t after = tenths(now_us() - n->thaw_us);
        hsy_demo_say(d->show, "%s is back, registered and linked (%llu.%llu s)",
                     name, (unsigned long long)(after / 10),
                     (unsigned long long)(after % 10));
    }
}

/* Whose state a line of @node may have changed. */
static uint32_t concerns(const struct demo *d, uint32_t node,
                         const struct hsy_demo_line *line)
{
    bool at_seed =
        line->event == HSY_DEMO_REMOVED || line->event == HSY_DEMO_REGISTERED;
    uint32_t subject =
        at_seed ? hsy_demo_ledger_find(d->ledger, &line->id) : UINT32_MAX;
    return subject == UINT32_MAX ? node : subject;
}

static void on_line(void *ctx, uint32_t node, const char *text, size_t text_len)
{
    struct demo *d = ctx;
    struct hsy_demo_line line;
    if (d->phase >= ENDING || hsy_demo_line_parse(&line, text, text_len) != 0) {
        return;
    }
    uint32_t subject = concerns(d, node, &line);
    struct hsy_demo_ledger_node before =
        *hsy_demo_ledger_node(d->ledger, subject);
    hsy_demo_ledger_take(d->ledger, now_us(), node, &line);
    hsy_demo_show_line(d->show, &d->from, node, &line);
    tell_turns(d, &before, subject);
    if (line.event == HSY_DEMO_STARTED) {
        starting_go_on(d);
    }
}

static void tell_end(struct demo *d, uint32_t node, int exit_code, int signum)
{
    const char *name = hsy_demo_node_name(d->nodes, node);
    const char *last = NULL;
    if (signum != 0) {
        hsy_demo_say(d->show,
                     "%s was ended by signal %d; its last lines:", name,
                     signum);
    } else {
        hsy_demo_say(d->show,
                     "%s ended with exit code %d; its last lines:", name,
                     exit_code);
    }
    for (uint32_t i = 0; hsy_demo_node_last(d->nodes, node, i, &last); i++) {
        hsy_demo_say(d->show, "  %s", last);
    }
}

static void retry_check(struct demo *d)
{
    if (d->phase == RETRY && hsy_demo_nodes_alive(d->nodes) == 0) {
        phase_enter(d, SEEDS);
        seeds_start(d);
    }
}

/* A seed did not come up. */
static void seed_failed(struct demo *d, uint32_t node)
{
    if (hsy_demo_node_said(d->nodes, node, "in use") && d->tries < TRIES_MAX) {
        hsy_demo_say(d->show, "a port was taken meanwhile; choosing others");
        d->spawned = 0;
        phase_enter(d, RETRY);
        hsy_demo_nodes_signal(d->nodes, SIGKILL);
        retry_check(d);
        return;
    }
    const char *last = NULL;
    hsy_cli_complain("%s did not start:", hsy_demo_node_name(d->nodes, node));
    for (uint32_t i = 0; hsy_demo_node_last(d->nodes, node, i, &last); i++) {
        hsy_cli_complain("  %s", last);
    }
    give_up(d);
}

static void on_exit(void *ctx, uint32_t node, int exit_code, int signum)
{
    struct demo *d = ctx;
    hsy_demo_ledger_gone(d->ledger, node);
    switch (d->phase) {
    case SEEDS:
        seed_failed(d, node);
        break;
    case RETRY:
        retry_check(d);
        break;
    case PEERS:
    case RUNNING:
    case CLOSING:
        if (hsy_demo_ledger_node(d->ledger, node)->fate != HSY_FATE_KILLED) {
            d->figures.ended++;
            tell_end(d, node, exit_code, signum);
        }
        starting_go_on(d);
        break;
    case ENDING:
        ending_check(d);
        break;
    case OVER:
    case PHASES:
        break;
    }
}

/* ------------------------------------------------- timers and signals */

static void tell_progress(struct demo *d)
{
    uint32_t joined = 0;
    for (uint32_t i = d->options.seeds; i < d->spawned; i++) {
        joined += hsy_demo_ledger_node(d->ledger, i)->joined;
    }
    if (!d->show->live && d->phase < CLOSING && joined != d->joined_told) {
        d->joined_told = joined;
        hsy_demo_say(d->show, "joined %u/%u", joined, d->options.peers);
    }
}

static void on_tick(void *ctx)
{
    struct demo *d = ctx;
    starting_go_on(d);
    if (++d->ticks % TICKS_PER_LINE == 0) {
        tell_progress(d);
    }
    if (d->phase < ENDING && d->spawned > 0) {
        hsy_demo_show_draw(d->show, &d->from);
    }
}

static void close_books(struct demo *d)
{
    tell_progress(d);
    hsy_demo_show_draw(d->show, &d->from);
    d->figures.seeds = d->options.seeds;
    d->figures.peers = d->options.peers;
    hsy_demo_ledger_sum(d->ledger, d->end_us, &d->figures.ledger);
    hsy_demo_measure(&d->figures, d->nodes, &d->options);
}

static void on_end(void *ctx)
{
    struct demo *d = ctx;
    if (d->phase < CLOSING) {
        phase_enter(d, CLOSING);
    } else if (d->phase == CLOSING) {
        close_books(d);
        phase_enter(d, ENDING);
        ending_check(d);
    } else if (d->phase == ENDING) {
        hsy_demo_nodes_signal(d->nodes, SIGKILL);
    }
}

static void on_signal(void *ctx, int signum)
{
    struct demo *d = ctx;
    (void)signum;
    if (d->phase < CLOSING) {
        hsy_demo_say(d->show, "stopping");
        phase_enter(d, CLOSING);
    } else if (d->phase == ENDING) {
        hsy_demo_nodes_signal(d->nodes, SIGKILL);
    }
}

/* ---------------------------------------------------------- the command */

static int handles_create(struct demo *d)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    int err = hsy_timer_create(&d->tick, d->loop, on_tick, d);
    if (err == 0) {
        err = hsy_timer_create(&d->end, d->loop, on_end, d);
    }
    if (err == 0) {
        err = hsy_timer_create(&d->fault, d->loop, on_fault, d);
    }
    for (size_t i = 0; err == 0 && i < 3; i++) {
        err = hsy_signal_create(&d->signals[i], d->loop, numbers[i], on_signal,
                                d);
    }
    return err;
}

static int demo_create(struct demo *d)
{
    struct hsy_demo_nodes_config config = {.options = &d->options,
                                           .place = &d->place,
                                           .mem = &d->mem,
                                           .on_line = on_line,
                                           .on_exit = on_exit,
                                           .ctx = d};
    int err = hsy_loop_create(&d->loop);
    if (err == 0) {
        config.loop = d->loop;
        err = hsy_demo_nodes_create(&d->nodes, &config);
    }
    if (err == 0) {
        err = handles_create(d);
    }
    if (err != 0) {
        hsy_cli_complain("%s", hearsay_strerror(err));
    }
    return err;
}

/* Takes a half-built one too. */
static void demo_destroy(struct demo *d)
{
    for (size_t i = 0; i < 3; i++) {
        hsy_signal_destroy(d->signals[i]);
    }
    hsy_timer_destroy(d->fault);
    hsy_timer_destroy(d->end);
    hsy_timer_destroy(d->tick);
    hsy_demo_nodes_destroy(d->nodes);
    hsy_demo_ledger_destroy(d->ledger);
    hsy_loop_destroy(d->loop);
}

static void choose_http(struct demo *d)
{
    d->http = d->options.http;
    if (d->http != NULL && hsy_demo_port_taken(&d->options.http_addr)) {
        hsy_cli_complain("%s is taken, so the API of seed1 is not there; "
                         "choose another address with --http",
                         d->http);
        d->http = NULL;
    }
}

static void demo_run(struct demo *d)
{
    d->start_ns = hsy_clock_mono_ns();
    hsy_prng_init(&d->prng, d->options.rng);
    hsy_demo_show_init(d->show, d->options.json, d->start_ns / 1000);
    d->from = (struct hsy_demo_sources){.nodes = d->nodes,
                                        .seeds = d->options.seeds,
                                        .peers = d->options.peers};
    hsy_demo_say(d->show, "starting %u seeds and %u peers in ./%s",
                 d->options.seeds, d->options.peers, HSY_DEMO_DIR);
    choose_http(d);
    if (d->http != NULL) {
        hsy_demo_say(d->show, "the API of seed1 is on http://%s", d->http);
    }
    if (d->options.for_ns != HEARSAY_NEVER) {
        hsy_timer_start(d->end, d->options.for_ns, 0);
    }
    hsy_timer_start(d->tick, TICK_NS, TICK_NS);
    fault_arm(d);
    seeds_start(d);
    if (d->phase != OVER) {
        hsy_loop_run(d->loop);
    }
}

static int demo_tell(struct demo *d)
{
    if (d->failed) {
        return HSY_EXIT_FAILED;
    }
    d->figures.cpu_ms = hsy_demo_cpu_ms() - d->cpu_before_ms;
    if (d->options.json) {
        hsy_demo_report_json(stdout, &d->figures);
    } else {
        hsy_demo_report_text(stdout, &d->figures);
    }
    return hsy_cli_finish(hsy_demo_verdict(&d->figures));
}

static int demo_main(struct demo *d)
{
    struct hearsay_runtime_error error;
    if (hsy_demo_place_open(&d->place, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_FAILED;
    }
    int code = HSY_EXIT_FAILED;
    if (demo_create(d) == 0) {
        demo_run(d);
        code = demo_tell(d);
    }
    demo_destroy(d);
    hsy_demo_place_close(&d->place);
    return code;
}

int hsy_cmd_demo(int argc, char **argv)
{
    /* Static: large, and there is one demo in a process. */
    static struct hsy_demo_show show;
    static struct demo demo;
    struct hsy_usage_error error;
    demo.cpu_before_ms = hsy_demo_cpu_ms();
    if (hsy_demo_options_parse(&demo.options, argc, argv, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (demo.options.help) {
        hsy_demo_help(stdout);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    hsy_process_raise_files();
    demo.mem = *hearsay_mem_default();
    demo.show = &show;
    return demo_main(&demo);
}
