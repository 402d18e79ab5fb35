/* Scenarios from files. All files are read and parsed before the first one
 * runs, so that a slip in the last does not cost the time of the others. */
#include "cli/sim_scenario.h"

#include "base/time.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/sim_memory.h"
#include "sim/scenario.h"
#include "sim/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FILES_MAX = 512,
    FILE_LEN_MAX = 1024 * 1024,
    STORY_LEN = 32 * 1024,
    FLAG_RNG = 1,
    FLAG_SALT,
    FLAG_JSON,
    FLAG_TRACE,
    FLAG_HELP
};

static const struct hsy_flag flags[] = {
    {"rng", "N", "another PRNG seed than the file says", FLAG_RNG},
    {"hash-salt", "N", "of all hash tables; must change nothing", FLAG_SALT},
    {"json", NULL, "one JSON object a file", FLAG_JSON},
    {"trace", NULL, "every record as it comes, on stderr", FLAG_TRACE},
    {"help", NULL, "print this", FLAG_HELP},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "sim",
    .operands = "FILE.scn...",
    .summary = "Runs scenarios (docs/scenarios.md) in virtual time.",
    .example = "hearsay sim tests/scenario/m16_worked_example.scn",
    .flags = flags,
};

struct options {
    uint64_t rng, salt;
    bool json, trace, help;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    struct options *o = ctx;
    struct hsy_range any = {0, UINT64_MAX};
    struct hsy_range some = {1, UINT64_MAX};
    if (flag->id == FLAG_RNG) {
        return hsy_flag_uint(flag, value, some, &o->rng, error);
    }
    if (flag->id == FLAG_SALT) {
        return hsy_flag_uint(flag, value, any, &o->salt, error);
    }
    o->json = o->json || flag->id == FLAG_JSON;
    o->trace = o->trace || flag->id == FLAG_TRACE;
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
           result->passed ? "PASS" : "FAIL", path, result->at_ns / HSY_SECOND,
           result->at_ns % HSY_SECOND / HSY_MS, result->steps, result->digest);
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

static bool fits_memory(const char *path, const struct hsy_scenario *s)
{
    char needed[HSY_SIM_BYTES_LEN];
    char free_now[HSY_SIM_BYTES_LEN];
    uint64_t bytes = hsy_sim_memory_needed(hsy_scenario_peers(s));
    uint64_t max = hsy_sim_memory_free();
    if (bytes <= max) {
        return true;
    }
    hsy_sim_bytes_text(needed, bytes);
    hsy_sim_bytes_text(free_now, max);
    hsy_cli_complain("%s: %" PRIu32 " peers need about %s, and %s are free: "
                     "fewer peers, or a larger machine",
                     path, hsy_scenario_peers(s), needed, free_now);
    return false;
}

/* Returns an exit code. */
static int run_file(const char *path, const struct hsy_scenario *s,
                    const struct options *o)
{
    static char story[STORY_LEN];
    struct hsy_scenario_setup setup = {.machine = hsy_machine_node(),
                                       .crypto = hearsay_crypto_null(),
                                       .mem = *hearsay_mem_default(),
                                       .rng = o->rng,
                                       .hash_salt = o->salt,
                                       .trace = o->trace ? show_line : NULL};
    struct hsy_scenario_result result;
    int err = hsy_scenario_run(s, &setup, &result, story, sizeof(story));
    if (err != HEARSAY_OK) {
        hsy_cli_complain("%s: %s%s%s", path, hearsay_strerror(err),
                         err == HEARSAY_ERR_INVALID ? ": " : "",
                         err == HEARSAY_ERR_INVALID ? story : "");
        return err == HEARSAY_ERR_INVALID ? HSY_EXIT_USAGE : HSY_EXIT_FAILED;
    }
    if (!o->json) {
        print_text(path, &result, story);
    } else if (!print_json(path, &result, story)) {
        hsy_cli_complain("%s", hearsay_strerror(HEARSAY_ERR_NOMEM));
        return HSY_EXIT_FAILED;
    }
    (void)hsy_cli_flush();
    return result.passed ? HSY_EXIT_DONE : HSY_EXIT_FAILED;
}

static int run_files(char **paths, int count, const struct options *o)
{
    static struct hsy_scenario *scenarios[FILES_MAX];
    static char text[FILE_LEN_MAX + 1];
    int code = HSY_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        scenarios[i] = parse_file(paths[i], text);
        bool good = scenarios[i] != NULL && fits_memory(paths[i], scenarios[i]);
        code = good ? code : HSY_EXIT_USAGE;
    }
    bool parsed = code == HSY_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        int one = parsed ? run_file(paths[i], scenarios[i], o) : code;
        code = one > code ? one : code;
        hsy_scenario_destroy(scenarios[i]);
    }
    return code;
}

int hsy_cmd_sim_scenario(int argc, char **argv)
{
    struct options o = {0};
    struct hsy_usage_error error;
    int first = 0;
    if (hsy_flags_scan(&usage, argc, argv, (struct hsy_flag_taker){set, &o},
                       &first, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (o.help) {
        hsy_flags_help(stdout, &usage);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    if (argc - first < 1 || argc - first > FILES_MAX) {
        hsy_cli_complain("sim: names 1 to %d scenario files", FILES_MAX);
        return HSY_EXIT_USAGE;
    }
    return hsy_cli_finish(run_files(argv + first, argc - first, &o));
}
