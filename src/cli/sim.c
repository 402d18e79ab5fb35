/* hearsay sim: a network in virtual time. Which of its three uses is meant
 * shows in the command line: --swarm, a scenario file, or neither. */
#include "base/assert.h"
#include "cli/cli.h"
#include "cli/sim_compare.h"
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

static int run_one(const struct hsy_sim_options *o, const char *command)
{
    struct hsy_usage_error error;
    struct hsy_sim_files files;
    if (hsy_sim_files_open(&files, o, &error) != 0) {
        hsy_cli_complain("%s", error.text);
        return HSY_EXIT_USAGE;
    }
    struct hsy_sim_wish wish = hsy_sim_wish_of(o);
    struct hsy_sim_run run;
    int code = HSY_EXIT_FAILED;
    if (hsy_sim_run(&run, &wish)) {
        struct hsy_figures_column column = {.title = "",
                                            .figures = &run.figures};
        bool well = hsy_sim_files_write(&files, &run, command);
        well = hsy_sim_run_judge(&run) && well;
        hsy_sim_show(&column, o->json);
        code = hsy_sim_exit_code(&run, well);
    }
    hsy_sim_files_close(&files);
    hsy_sim_run_fini(&run);
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
        code = hsy_sim_compare_runs(&options);
    } else {
        code = run_one(&options, command);
    }
    return hsy_cli_finish(code);
}
