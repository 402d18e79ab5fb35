/* hearsay sim: a network in virtual time. Which of its three uses is meant
 * shows in the command line: --swarm, a scenario file, or neither. */
#include "base/assert.h"
#include "cli/cli.h"
#include "cli/sim_files.h"
#include "cli/sim_options.h"
#include "cli/sim_preset.h"
#include "cli/sim_run.h"
#include "cli/sim_scenario.h"
#include "cli/sim_show.h"
#include "cli/sim_swarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMMAND_MAX = 1024 };

/* The command that makes this run again, for the report. */
static void command_text(char out[COMMAND_MAX], int argc, char **argv)
{
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; i < argc && len < COMMAND_MAX; i++) {
        int more = snprintf(out + len, COMMAND_MAX - len, "%s%s",
                            i == 0 ? "hearsay " : " ", argv[i]);
        len += more > 0 ? (size_t)more : 0;
    }
}

static bool fits_memory(const struct hsy_sim_options *o)
{
    char needed[HSY_SIM_BYTES_LEN];
    char allowed[HSY_SIM_BYTES_LEN];
    uint64_t bytes = hsy_sim_memory_needed(o->study.peers);
    if (bytes <= o->memory_max) {
        return true;
    }
    hsy_sim_bytes_text(needed, bytes);
    hsy_sim_bytes_text(allowed, o->memory_max);
    hsy_cli_complain("--peers: %" PRIu32 " peers need about %s, and %s are "
                     "allowed: fewer peers, or more with --memory-max",
                     o->study.peers, needed, allowed);
    return false;
}

static struct hsy_sim_wish wish_of(const struct hsy_sim_options *o)
{
    struct hsy_sim_wish wish = {.study = o->study,
                                .title = "",
                                .memory_max = o->memory_max,
                                .quiet = o->quiet,
                                .fit = o->fit};
    wish.study.checks = o->study.peers + o->study.seeds <= HSY_STUDY_CHECKED;
    return wish;
}

static int run_one(const struct hsy_sim_options *o, const char *command)
{
    struct hsy_usage_error error;
    struct hsy_sim_files files;
    if (hsy_sim_files_open(&files, o, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    struct hsy_sim_wish wish = wish_of(o);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_figures_column column = {.title = "",
                                            .figures = &run.figures};
        bool well = hsy_sim_files_write(&files, &run, command);
        well = hsy_sim_run_judge(&run) && well;
        hsy_sim_show(&column, 1, "", o->json);
        code = hsy_sim_exit_code(&run, well);
    }
    hsy_sim_files_close(&files);
    hsy_sim_run_fini(&run);
    return code;
}

/* -------------------------------------------------------------- compare */

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

static int compare(const struct hsy_sim_options *o)
{
    struct hsy_figures figures[HSY_SIM_VALUES_MAX];
    struct hsy_figures_column columns[HSY_SIM_VALUES_MAX];
    uint32_t count = 0;
    int code = HSY_EXIT_DONE;
    while (count < o->values_count && code <= HSY_EXIT_FAILED) {
        struct hsy_sim_wish wish = wish_of(o);
        struct hsy_sim_run run;
        wish.title = apply(o, o->values[count], &wish.study);
        bool ran = hsy_sim_run(&run, &wish);
        if (ran) {
            figures[count] = run.figures;
            columns[count].title = wish.title;
            columns[count].figures = &figures[count];
            count++;
        }
        int one = ran ? hsy_sim_exit_code(&run, hsy_sim_run_judge(&run))
                      : HSY_EXIT_FAILED;
        code = one > code ? one : code;
        hsy_sim_run_fini(&run);
        if (!ran) {
            break;
        }
    }
    if (count > 0) {
        const char *key =
            o->compared == HSY_SIM_COMPARE_OVERLAY ? "overlay" : "relay";
        hsy_sim_show(columns, count, key, o->json);
    }
    return code;
}

/* ------------------------------------------------------------- dispatch */

int hsy_cmd_sim(int argc, char **argv)
{
    if (hsy_sim_scenario_meant(argc, argv)) {
        return hsy_cmd_sim_scenario(argc, argv);
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--swarm") == 0) {
            return hsy_cmd_sim_swarm(argc, argv);
        }
    }
    static struct hsy_sim_options options;
    struct hsy_usage_error error;
    char command[COMMAND_MAX];
    command_text(command, argc, argv); /* Before getopt sorts it. */
    if (hsy_sim_options_parse(&options, argc, argv, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (options.help) {
        hsy_sim_help(stdout);
        return hsy_cli_finish(HSY_EXIT_DONE);
    }
    if (options.memory_max == 0) {
        options.memory_max = hsy_sim_memory_free();
    }
    if (!fits_memory(&options)) {
        return HSY_EXIT_USAGE;
    }
    hsy_sim_catch_signals();
    int code = HSY_EXIT_DONE;
    if (options.preset != HSY_SIM_PRESET_NONE) {
        code = hsy_sim_preset(&options);
    } else if (options.compared != HSY_SIM_COMPARE_NONE) {
        code = compare(&options);
    } else {
        code = run_one(&options, command);
    }
    return hsy_cli_finish(code);
}
