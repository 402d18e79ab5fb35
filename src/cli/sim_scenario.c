/* Scenarios from files. All files are read and parsed before the first one
 * runs, so that a slip in the last does not cost the time of the others. */
#include "cli/sim_scenario.h"

#include "base/time.h"
#include "cli/cli.h"
#include "cli/sim_memory.h"
#include "cli/sim_options.h"
#include "cli/sim_run.h"
#include "cli/sim_values.h"
#include "runtime/clock.h"
#include "sim/scenario.h"
#include "sim/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES_MAX = 512,
    FILE_LEN_MAX = 1024 * 1024,
    STORY_LEN = 32 * 1024,
    FLAG_RNG = 1,
    FLAG_SALT,
    FLAG_JSON,
    FLAG_TRACE,
    FLAG_MEMORY,
    FLAG_QUIET,
    FLAG_HELP
};
/* Progress: a line now and then, or on a terminal one line over and over. */
#define LINES_EVERY_NS (10 * HSY_SECOND)
#define LIVE_EVERY_NS (250 * HSY_MS)

static const struct hsy_flag flags[] = {
    {"rng", "N", "another PRNG seed than the file says", FLAG_RNG},
    {"hash-salt", "N", "of all hash tables; must change nothing", FLAG_SALT},
    {"json", NULL, "one JSON object a file", FLAG_JSON},
    {"trace", NULL, "every record as it comes, on stderr", FLAG_TRACE},
    {"memory-max", "SIZE", "use no more, as in 2GiB [90 % of what is free]",
     FLAG_MEMORY},
    {"quiet", NULL, "no progress on stderr", FLAG_QUIET},
    {"help", NULL, "print this", FLAG_HELP},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage *const other_uses[] = {
    &hsy_sim_study_usage, &hsy_sim_swarm_usage, NULL};

const struct hsy_usage hsy_sim_scenario_usage = {
    .command = "sim",
    .operands = "FILE.scn...",
    .typed = "sim FILE.scn",
    .others = other_uses,
    .summary = "Runs scenarios (docs/scenarios.md) in virtual time.",
    .example = "hearsay sim tests/scenario/m16_worked_example.scn",
    .flags = flags,
};

struct options {
    uint64_t rng, salt, memory_max;
    uint64_t given; /* A bit for each flag. */
    bool json, trace, quiet, help;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct options *o = ctx;
    struct hsy_range any = {0, UINT64_MAX};
    struct hsy_range some = {1, UINT64_MAX};
    int err = hsy_flag_once(flag, &o->given, error);
    if (err != 0) {
        return err;
    }
    if (flag->id == FLAG_MEMORY) {
        return hsy_sim_memory_flag(flag, value, &o->memory_max, error);
    }
    if (flag->id == FLAG_RNG) {
        return hsy_flag_uint(flag, value, some, &o->rng, error);
    }
    if (flag->id == FLAG_SALT) {
        return hsy_flag_uint(flag, value, any, &o->salt, error);
    }
    o->json = o->json || flag->id == FLAG_JSON;
    o->trace = o->trace || flag->id == FLAG_TRACE;
    o->quiet = o->quiet || flag->id == FLAG_QUIET;
    o->help = o->help || flag->id == FLAG_HELP;
    return 0;
}

bool hsy_sim_scenario_meant(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t len = strlen(argv[i]);
        if (len >= 4 && strcmp(argv[i] + len - 4, ".scn") == 0 &&
            argv[i][0] != '-') {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------- files */

/* Into @text, which is overwritten; false: said why not. */
static bool read_file(const char *path, char *text, size_t *out_len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        hsy_cli_complain("%s: %s", path, strerror(errno));
        return false;
    }
    *out_len = fread(text, 1, FILE_LEN_MAX + 1, f);
    bool good = ferror(f) == 0;
    if (!good) {
        hsy_cli_complain("%s: %s", path, strerror(errno));
    } else if (*out_len > FILE_LEN_MAX) {
        hsy_cli_complain("%s: larger than 1 MiB, so it is no scenario", path);
    }
    return fclose(f) == 0 && good && *out_len <= FILE_LEN_MAX;
}

/* NULL: said why. @text: FILE_LEN_MAX + 1 bytes to work in. */
static struct hsy_scenario *parse_file(const char *path, char *text)
{
    size_t len;
    if (!read_file(path, text, &len)) {
        return NULL;
    }
    struct hsy_scenario *s = NULL;
    struct hsy_scenario_error error;
    int err = hsy_scenario_parse(&s, hearsay_mem_default(), text, len, &error);
    if (err == HEARSAY_ERR_MALFORMED) {
        hsy_cli_complain("%s:%" PRIu32 ":%" PRIu32 ": %s", path, error.line,
                         error.column, error.text);
    } else if (err != HEARSAY_OK) {
        hsy_cli_complain("%s: %s", path, hearsay_strerror(err));
    }
    return s;
}

/* --------------------------------------------------------------------- run */

/* How far the file at hand is, on stderr. */
struct ticker {
    const char *path;
    bool silent, live;
    bool drawn; /* A line stands on the terminal. */
    uint64_t told_ns;
};

static bool on_tick(void *ctx, const struct hsy_scenario_progress *progress)
{
    struct ticker *t = ctx;
    uint64_t now_ns = hsy_clock_mono_ns();
    uint64_t every_ns = t->live ? LIVE_EVERY_NS : LINES_EVERY_NS;
    if (!t->silent && hsy_time_since(t->told_ns, now_ns) >= every_ns) {
        fprintf(stderr, "%s%s: virtual %.1f of %.1f s, %" PRIu64 " events%s",
                t->live ? "\r\033[K" : "", t->path,
                (double)progress->now_ns / (double)HSY_SECOND,
                (double)progress->end_ns / (double)HSY_SECOND, progress->steps,
                t->live ? "" : "\n");
        fflush(stderr);
        t->drawn = t->live;
        t->told_ns = now_ns;
    }
    return hsy_sim_signal() == 0;
}

static void show_line(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

static void print_text(const char *path,
                       const struct hsy_scenario_result *result,
                       const char *story)
{
    printf("%s  %s  %" PRIu64 ".%03" PRIu64 " s  %" PRIu64
           " events  digest %016" PRIx64 "\n",
           result->passed ? "PASS" : (result->stopped ? "STOP" : "FAIL"), path,
           result->at_ns / HSY_SECOND, result->at_ns % HSY_SECOND / HSY_MS,
           result->steps, result->digest);
    if (!result->passed) {
        fputs(story, stdout);
    }
}

/* False: no memory for it. */
static bool print_json(const char *path,
                       const struct hsy_scenario_result *result,
                       const char *story)
{
    struct hsy_text t;
    hsy_text_init(&t, hearsay_mem_default());
    hsy_text_put(&t, "{\"file\": ");
    hsy_text_json_string(&t, path);
    hsy_text_put(&t,
                 result->passed ? ", \"passed\": true" : ", \"passed\": false");
    hsy_text_put(&t, result->stopped ? ", \"stopped\": true" : "");
    hsy_text_put(&t, ", \"line\": ");
    hsy_text_u64(&t, result->line);
    hsy_text_put(&t, ", \"virtual_ms\": ");
    hsy_text_u64(&t, result->at_ns / HSY_MS);
    hsy_text_put(&t, ", \"events\": ");
    hsy_text_u64(&t, result->steps);
    char digest[24];
    (void)snprintf(digest, sizeof(digest), "%016" PRIx64, result->digest);
    hsy_text_put(&t, ", \"digest\": ");
    hsy_text_json_string(&t, digest);
    hsy_text_put(&t, ", \"story\": ");
    hsy_text_json_string(&t, story);
    hsy_text_put(&t, "}\n");
    bool good = t.err == HEARSAY_OK;
    fputs(good ? hsy_text_get(&t) : "", stdout);
    hsy_text_fini(&t);
    return good;
}

static bool fits_memory(const char *path, const struct hsy_scenario *s,
                        uint64_t max)
{
    char needed[HSY_SIM_BYTES_LEN];
    char allowed[HSY_SIM_BYTES_LEN];
    uint64_t bytes = hsy_sim_memory_needed(hsy_scenario_peers(s));
    if (bytes <= max) {
        return true;
    }
    hsy_sim_bytes_text(needed, bytes);
    hsy_sim_bytes_text(allowed, max);
    hsy_cli_complain("%s: %" PRIu32 " peers need about %s, and %s are "
                     "allowed: fewer peers, or more with --memory-max",
                     path, hsy_scenario_peers(s), needed, allowed);
    return false;
}

/* A run that gave no result. Returns an exit code. */
static int complain(const char *path, int err,
                    const struct hsy_sim_memory *memory, const char *story)
{
    if (err == HEARSAY_ERR_NOMEM) {
        hsy_sim_memory_complain(path, memory);
        return HSY_EXIT_FAILED;
    }
    hsy_cli_complain("%s: %s%s%s", path, hearsay_strerror(err),
                     story[0] == '\0' ? "" : ": ", story);
    return err == HEARSAY_ERR_INVALID ? HSY_EXIT_USAGE : HSY_EXIT_FAILED;
}

/* Returns an exit code. */
static int run_file(const char *path, const struct hsy_scenario *s,
                    const struct options *o)
{
    static char story[STORY_LEN];
    struct ticker ticker = {.path = path,
                            .silent = o->quiet || o->trace,
                            .live = isatty(STDERR_FILENO) == 1,
                            .told_ns = hsy_clock_mono_ns()};
    struct hsy_sim_memory memory = {.max = o->memory_max};
    struct hsy_scenario_setup setup = {.machine = hsy_machine_node(),
                                       .crypto = hearsay_crypto_null(),
                                       .mem = hsy_sim_memory_of(&memory),
                                       .rng = o->rng,
                                       .hash_salt = o->salt,
                                       .trace = o->trace ? show_line : NULL,
                                       .goes_on = on_tick,
                                       .ctx = &ticker};
    struct hsy_scenario_result result;
    story[0] = '\0';
    int err = hsy_scenario_run(s, &setup, &result, story, sizeof(story));
    if (ticker.drawn) {
        fputs("\r\033[K", stderr);
    }
    if (err != HEARSAY_OK) {
        return complain(path, err, &memory, story);
    }
    if (!o->json) {
        print_text(path, &result, story);
    } else if (!print_json(path, &result, story)) {
        hsy_cli_complain("%s", hearsay_strerror(HEARSAY_ERR_NOMEM));
        return HSY_EXIT_FAILED;
    }
    (void)hsy_cli_flush();
    if (result.stopped) {
        return 128 + hsy_sim_signal();
    }
    return result.passed ? HSY_EXIT_DONE : HSY_EXIT_FAILED;
}

static int run_files(char **paths, int count, const struct options *o)
{
    static struct hsy_scenario *scenarios[FILES_MAX];
    static char text[FILE_LEN_MAX + 1];
    int code = HSY_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        scenarios[i] = parse_file(paths[i], text);
        bool good = scenarios[i] != NULL &&
                    fits_memory(paths[i], scenarios[i], o->memory_max);
        code = good ? code : HSY_EXIT_USAGE;
    }
    bool parsed = code == HSY_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        if (parsed && hsy_sim_signal() == 0) {
            int one = run_file(paths[i], scenarios[i], o);
            code = one > code ? one : code;
        }
        hsy_scenario_destroy(scenarios[i]);
    }
    bool cut_short = hsy_sim_signal() != 0 && code < 128;
    return cut_short ? 128 + hsy_sim_signal() : code;
}

int hsy_cmd_sim_scenario(int argc, char **argv)
{
    struct options o = {0};
    struct hsy_usage_error error;
    int first = 0;
    if (hsy_flags_scan(&hsy_sim_scenario_usage, argc, argv,
                       (struct hsy_flag_taker){set, &o}, &first, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (o.help) {
        hsy_flags_help(stdout, &hsy_sim_scenario_usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    if (argc - first < 1 || argc - first > FILES_MAX) {
        hsy_cli_complain("sim: names 1 to %d scenario files", FILES_MAX);
        return HSY_EXIT_USAGE;
    }
    if (o.memory_max == 0) {
        o.memory_max = hsy_sim_memory_free();
    }
    hsy_sim_catch_signals();
    return hsy_cli_finish(run_files(argv + first, argc - first, &o));
}
