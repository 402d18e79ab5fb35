/* A node as a process: the command line becomes a configuration, the runtime
 * and the API are opened on one loop, and signals end it. What can be wrong
 * is found in this order: flags, the seed list (both: exit 2), then the world
 * (exit 1).
 *
 * Notes go to the log and to the API's subscribers; the log is the one thing
 * that outlives everything else here, so that the last words are heard. */
#include "cli/node_options.h"

#include "admin/admin.h"
#include "base/mem.h"
#include "base/notes.h"
#include "base/time.h"
#include "cli/cli.h"
#include "node/view.h"
#include "runtime/clock.h"
#include "runtime/files.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/process.h"

#include <signal.h>
#include <unistd.h>

enum { SEEDS_FILE_MAX = 64 * 1024, SIGNALS_COUNT = 3 };

#define LOG_FLUSH_NS (20 * HSY_MS)

struct node_run {
    const struct hsy_node_options *options;
    struct uv_loop_s *loop;
    struct hsy_log *log;
    struct hsy_timer *log_flush; /* Runs while lines wait for a busy reader. */
    struct hearsay_runtime *runtime;
    struct hsy_admin *admin;
    struct hsy_signal *signals[SIGNALS_COUNT];
    bool leaving;
    int exit_code;
};

/* ------------------------------------------------------------- callbacks */

static void log_message(struct node_run *run,
                        const struct hearsay_message *message)
{
    struct hsy_note note = hsy_note(HEARSAY_DEBUG, "delivered");
    hsy_note_id(&note, "origin", &message->origin);
    hsy_note_u64(&note, "epoch", message->epoch);
    hsy_note_u64(&note, "seq", message->seq);
    hsy_note_u64(&note, "missing", message->missing);
    hsy_note_u64(&note, "again", message->again ? 1 : 0);
    hsy_log_now(run->log, &note.note);
}

static void on_message(void *ctx, const struct hearsay_message *message)
{
    struct node_run *run = ctx;
    if (run->options->log_level == HEARSAY_DEBUG) {
        log_message(run, message);
    }
    if (run->admin != NULL) {
        hsy_admin_message(run->admin, message);
    }
}

static void on_told(void *ctx, const struct hearsay_effect *told)
{
    struct node_run *run = ctx;
    if (run->admin != NULL) {
        hsy_admin_told(run->admin, told);
    }
}

static void on_log_flush(void *ctx)
{
    struct node_run *run = ctx;
    if (hsy_log_flush(run->log)) {
        hsy_timer_stop(run->log_flush);
    }
}

static void on_note(void *ctx, const struct hearsay_note *note,
                    uint64_t wall_ms)
{
    struct node_run *run = ctx;
    hsy_log_note(run->log, note, wall_ms);
    if (run->log_flush != NULL && hsy_log_is_behind(run->log)) {
        hsy_timer_start(run->log_flush, LOG_FLUSH_NS, LOG_FLUSH_NS);
    }
    if (run->admin != NULL && note->level >= run->options->log_level) {
        hsy_admin_note(run->admin, note, wall_ms);
    }
}

static int exit_code_of(enum hearsay_stop why)
{
    switch (why) {
    case HEARSAY_STOP_LEFT:
        return HSY_EXIT_DONE;
    case HEARSAY_STOP_JOIN_TIMEOUT:
    case HEARSAY_STOP_DUPLICATE:
    case HEARSAY_STOP_DISK:
        return HSY_EXIT_FAILED;
    }
    return HSY_EXIT_FAILED;
}

/* The last words on stderr, also for those who read no logs. */
static void say_why_stopped(const struct node_run *run, enum hearsay_stop why,
                            const char *text)
{
    const char *command = hsy_node_usage(run->options->role)->command;
    if (why != HEARSAY_STOP_JOIN_TIMEOUT) {
        hsy_cli_complain("%s: %s", command, text);
        return;
    }
    struct hsy_view_status status;
    hsy_view_status(hearsay_runtime_node(run->runtime), hsy_clock_mono_ns(),
                    &status);
    hsy_cli_complain("%s: joined %u/%u, of %u seeds: %s", command,
                     status.registered, status.quorum, status.seeds, text);
}

static void on_stopped(void *ctx, enum hearsay_stop why, const char *text)
{
    struct node_run *run = ctx;
    run->exit_code = exit_code_of(why);
    if (run->exit_code != HSY_EXIT_DONE) {
        say_why_stopped(run, why, text);
    }
    hsy_loop_stop(run->loop);
}

static void on_signal(void *ctx, int signum)
{
    struct node_run *run = ctx;
    if (signum == SIGHUP) {
        hsy_log_reopen(run->log);
        return;
    }
    if (run->leaving) {
        hsy_cli_complain("a second signal: ending at once");
        run->exit_code = HSY_EXIT_FAILED;
        hsy_loop_stop(run->loop);
        return;
    }
    run->leaving = true;
    struct hsy_note note = hsy_note(HEARSAY_INFO, "leaving");
    hsy_note_text(&note, "why", signum == SIGINT ? "SIGINT" : "SIGTERM");
    hsy_log_now(run->log, &note.note);
    hearsay_runtime_leave(run->runtime);
}

/* --------------------------------------------------------------- opening */

static int open_log(struct node_run *run, struct hearsay_runtime_error *error)
{
    return hsy_log_open(&run->log,
                        &(struct hsy_log_config){
                            .level = run->options->log_level,
                            .json = run->options->log_json,
                            .to_stderr = true,
                            .output = run->options->output,
                        },
                        error);
}

static int open_signals(struct node_run *run)
{
    static const int numbers[SIGNALS_COUNT] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < SIGNALS_COUNT; i++) {
        int err = hsy_signal_create(&run->signals[i], run->loop, numbers[i],
                                    on_signal, run);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

static int open_runtime(struct node_run *run, const struct hsy_seedlist *seeds,
                        struct hearsay_runtime_error *error)
{
    struct hearsay_runtime_config config = run->options->config;
    config.node.seeds = seeds->seeds;
    config.node.seeds_count = seeds->count;
    config.on_message = on_message;
    config.on_note = on_note;
    config.on_told = on_told;
    config.on_stopped = on_stopped;
    config.ctx = run;
    return hearsay_runtime_open(&run->runtime, run->loop, &config, error);
}

static int open_all(struct node_run *run, const struct hsy_seedlist *seeds,
                    struct hearsay_runtime_error *error)
{
    int err = open_log(run, error);
    if (err != 0) {
        return err;
    }
    err = hsy_loop_create(&run->loop);
    if (err == 0) {
        err = open_signals(run);
    }
    if (err == 0) {
        err = hsy_timer_create(&run->log_flush, run->loop, on_log_flush, run);
    }
    if (err != 0) {
        return hsy_error_set(error, err, "no event loop: %s",
                             hearsay_strerror(err));
    }
    err = open_runtime(run, seeds, error);
    if (err != 0) {
        return err;
    }
    const struct hsy_node_options *o = run->options;
    /* After the runtime, whose lock on the data directory makes sure that a
     * socket file in there is nobody's. */
    return hsy_admin_open(&run->admin,
                          &(struct hsy_admin_config){
                              .loop = run->loop,
                              .runtime = run->runtime,
                              .socket_path = o->socket_path,
                              .http = o->http_on ? &o->http : NULL,
                          },
                          error);
}

static void close_all(struct node_run *run)
{
    hsy_admin_close(run->admin);
    run->admin = NULL;
    if (run->runtime != NULL) {
        hearsay_runtime_close(run->runtime, NULL, NULL);
    }
    for (int i = 0; i < SIGNALS_COUNT; i++) {
        hsy_signal_destroy(run->signals[i]);
    }
    hsy_timer_destroy(run->log_flush);
    run->log_flush = NULL;       /* Notes may still come. */
    hsy_loop_destroy(run->loop); /* Runs the last callbacks. */
    hsy_log_close(run->log);
}

static void say_running(struct node_run *run)
{
    const struct hsy_node_options *o = run->options;
    struct hearsay_id id = hearsay_node_id(hearsay_runtime_node(run->runtime));
    struct hearsay_addr addr;
    struct hsy_note note = hsy_note(HEARSAY_INFO, "running");
    hsy_note_text(&note, "role", hsy_node_usage(o->role)->command);
    hsy_note_id(&note, "id", &id);
    if (hearsay_runtime_bound(run->runtime, 0, &addr)) {
        hsy_note_addr(&note, "listen", &addr);
    }
    hsy_note_text(&note, "data", o->config.data_dir);
    hsy_note_text(&note, "socket", o->socket_path);
    if (hsy_admin_bound(run->admin, &addr)) {
        hsy_note_addr(&note, "http", &addr);
    }
    hsy_note_u64(&note, "pid", (uint64_t)getpid());
    hsy_log_now(run->log, &note.note);
}

/* INVALID is a flag whose value only the node could judge. */
static int refusal(enum hearsay_role role, int err,
                   const struct hearsay_runtime_error *error)
{
    hsy_cli_complain("%s: %s", hsy_node_usage(role)->command, error->text);
    return err == HEARSAY_ERR_INVALID ? HSY_EXIT_USAGE : HSY_EXIT_FAILED;
}

static int run_node(const struct hsy_node_options *options,
                    const struct hsy_seedlist *seeds)
{
    struct node_run run = {.options = options, .exit_code = HSY_EXIT_FAILED};
    struct hearsay_runtime_error error = {0};
    hsy_process_raise_files();
    int err = open_all(&run, seeds, &error);
    if (err == 0) {
        say_running(&run);
        hsy_loop_run(run.loop);
    } else {
        run.exit_code = refusal(options->role, err, &error);
    }
    close_all(&run);
    return run.exit_code;
}

/* ------------------------------------------------------------- preparing */

/* config.txt; a text on stderr when something is wrong with it. */
static int load_seeds(struct hsy_seedlist *out, const char *path)
{
    struct hsy_file file = {0};
    struct hearsay_runtime_error read_error = {0};
    int err = hsy_file_read(&file, path, SEEDS_FILE_MAX, &read_error);
    if (err != 0) {
        hsy_cli_complain("%s; it lists the seeds, one host:port a line; name "
                         "another file with --seeds",
                         read_error.text);
        return err;
    }
    struct hsy_parse_error error;
    err = hsy_seedlist_parse(out, file.data, file.len, &error);
    if (err != 0 && error.line > 0) {
        hsy_cli_complain("%s:%u: %s", path, error.line, error.text);
    } else if (err != 0) {
        hsy_cli_complain("%s: %s", path, error.text);
    }
    hsy_file_free(&file);
    return err;
}

static int start(const struct hsy_node_options *options)
{
    const struct hearsay_mem *mem = hearsay_mem_default();
    struct hsy_seedlist *seeds = hsy_mem_alloc(mem, sizeof(*seeds));
    if (seeds == NULL) {
        hsy_cli_complain("%s", hearsay_strerror(HEARSAY_ERR_NOMEM));
        return HSY_EXIT_FAILED;
    }
    int code = load_seeds(seeds, options->seeds_path) == 0
                   ? run_node(options, seeds)
                   : HSY_EXIT_USAGE;
    hsy_mem_free(mem, seeds);
    return code;
}

int hsy_node_main(enum hearsay_role role, int argc, char **argv)
{
    struct hsy_node_options options;
    struct hsy_usage_error error;
    const struct hsy_usage *usage = hsy_node_usage(role);
    if (hsy_node_options_parse(&options, role, argc, argv, &error) != 0) {
        hsy_cli_complain("%s: %s", usage->command, error.text);
        return HSY_EXIT_USAGE;
    }
    if (options.help) {
        hsy_flags_help(stdout, usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    if (options.print_limits) {
        hsy_print_limits(stdout, &options);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    if (options.parent_pid != 0 &&
        hsy_process_die_with_parent(options.parent_pid) != 0) {
        hsy_cli_complain("%s: --parent %lld is not our parent (any more)",
                         usage->command, (long long)options.parent_pid);
        return HSY_EXIT_FAILED;
    }
    return start(&options);
}
