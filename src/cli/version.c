/* hearsay version: what this binary is. */
#include "cli/cli.h"
#include "cli/flags.h"

#include <stdio.h>

enum { FLAG_JSON, FLAG_HELP };

static const struct hsy_flag flags[] = {
    {"json", NULL, "one JSON object", FLAG_JSON},
    {"help", NULL, "print this", FLAG_HELP},
    {NULL, NULL, NULL, 0},
};

static const struct hsy_usage usage = {
    .command = "version",
    .operands = "",
    .summary = "Prints the version of this program.",
    .example = "hearsay version --json",
    .flags = flags,
};

struct version_options {
    bool json, help;
};

static int set(void *ctx, const struct hsy_flag *flag, const char *value,
               struct hsy_usage_error *error)
{
    (void)value;
    (void)error;
    struct version_options *o = ctx;
    o->json = o->json || flag->id == FLAG_JSON;
    o->help = o->help || flag->id == FLAG_HELP;
    return 0;
}

int hsy_cmd_version(int argc, char **argv)
{
    struct version_options o = {0};
    struct hsy_usage_error error;
    int first = 0;
    if (hsy_flags_scan(&usage, argc, argv, (struct hsy_flag_taker){set, &o},
                       &first, &error) != 0) {
        hsy_cli_complain("version: %s", error.text);
        return HSY_EXIT_USAGE;
    }
    if (o.help) {
        hsy_flags_help(stdout, &usage);
    } else if (o.json) {
        printf("{\"version\": \"%s\"}\n", HEARSAY_VERSION);
    } else {
        printf("hearsay %s\n", HEARSAY_VERSION);
    }
    return hsy_cli_finish(HSY_EXIT_DONE);
}
