/* What `hearsay sim` was asked for. */
#ifndef HSY_CLI_SIM_OPTIONS_H
#define HSY_CLI_SIM_OPTIONS_H

#include "cli/flags.h"
#include "sim/study.h"

enum hsy_sim_preset {
    HSY_SIM_PRESET_NONE,
    HSY_SIM_PRESET_GLOMERS,
    HSY_SIM_PRESET_MISSION,
    HSY_SIM_PRESET_PARTITION, /* From here on --peers and --for count, */
    HSY_SIM_PRESET_STEADY,
    HSY_SIM_PRESET_SLOW,
    HSY_SIM_PRESET_SURVIVE,
    HSY_SIM_PRESET_LIFEGUARD, /* and from here on --runs. */
    HSY_SIM_PRESET_LIARS
};

enum hsy_sim_compared {
    HSY_SIM_COMPARE_NONE,
    HSY_SIM_COMPARE_OVERLAY,
    HSY_SIM_COMPARE_RELAY
};

enum { HSY_SIM_VALUES_MAX = HSY_FIGURES_COLUMNS, HSY_SIM_RUNS_MAX = 1000000 };

struct hsy_sim_options {
    struct hsy_study_config study; /* But for memory and crypto. */
    bool help, json, quiet, fit;
    const char *dump_degrees, *dump_edges, *report; /* NULL: not wanted. */
    bool sized;                                     /* --peers was given. */
    uint64_t memory_max;                            /* 0: not given. */
    enum hsy_sim_preset preset;
    enum hsy_sim_compared compared;
    uint32_t values[HSY_SIM_VALUES_MAX]; /* Of what is compared. */
    uint32_t values_count;
    /* Of each value, 1..HSY_FIGURES_RUNS_MAX; of a preset, RUNS_MAX. */
    uint32_t runs;
    uint64_t given; /* A bit for each row of the table of flags. */
};

/* "preferential"; static. */
const char *hsy_sim_overlay_name(uint32_t overlay);
const char *hsy_sim_relay_name(uint32_t relay);
const char *hsy_sim_preset_name(enum hsy_sim_preset preset);

/* HEARSAY_ERR_INVALID: @error says why. May reorder @argv. */
HEARSAY_MUST_USE int hsy_sim_options_parse(struct hsy_sim_options *out,
                                           int argc, char **argv,
                                           struct hsy_usage_error *error);
void hsy_sim_help(FILE *out);

/* The three uses of `hearsay sim`; each names the others' flags. */
extern const struct hsy_usage hsy_sim_study_usage;
extern const struct hsy_usage hsy_sim_swarm_usage;
extern const struct hsy_usage hsy_sim_scenario_usage;

#endif
