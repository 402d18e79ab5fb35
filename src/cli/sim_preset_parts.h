/* What the presets share; each has a file of its own. */
#ifndef HSY_CLI_SIM_PRESET_PARTS_H
#define HSY_CLI_SIM_PRESET_PARTS_H

#include "cli/sim_options.h"
#include "cli/sim_run.h"

/* Default nodes, all invariants checked, and what flags may decide of every
 * preset. */
struct hsy_sim_wish hsy_preset_wish(const struct hsy_sim_options *o);
/* Of one that is sized by flags, too: it has @peers, or as many as --peers
 * says, and *@out_for_ns is --for, or stays as it is. */
struct hsy_sim_wish hsy_preset_sized(const struct hsy_sim_options *o,
                                     uint32_t peers, uint64_t *out_for_ns);

/* Peers for so long, in hours. */
double hsy_preset_node_hours(uint32_t peers, uint64_t for_ns);
/* Of so many a second for so long; never more than a study takes. */
uint32_t hsy_preset_messages(uint32_t per_s, uint64_t for_ns);
double hsy_preset_ms(uint64_t ns);
/* NAN when one of the two is HEARSAY_NEVER. */
double hsy_preset_s_between(uint64_t from_ns, uint64_t to_ns);

/* Something that is to be at most, below, or at least a bound. What was not
 * measured (NAN) does not meet it. */
struct hsy_bar {
    const char *key;  /* In JSON. */
    const char *what; /* In the table. */
    double ours, bar;
    unsigned decimals;
    bool below; /* Less than the bar; else at most. */
    bool least; /* At least. */
};
bool hsy_preset_met(const struct hsy_bar *bars, size_t count);
/* Ours, the bar, met or not. */
void hsy_preset_table(const struct hsy_bar *bars, size_t count);
/* Members of an object that has begun, each with a comma before: "KEY": ours
 * of each, "bars": {"KEY": bar, ...}, "met": {"KEY": true, ...}, "not_met": how
 * many, "all_met". */
void hsy_preset_json(const struct hsy_bar *bars, size_t count);

/* A number; null when it is none. */
void hsy_preset_number(double value, unsigned decimals);
/* ", "KEY": " and the object that a run has without a preset, too. */
void hsy_preset_figures(const char *key, const struct hsy_figures *f);
/* {"payload": {"frames": 1, "bytes": 2}, ...} */
void hsy_preset_kinds_json(const struct hsy_carried *by_kind);
/* The same as a table: a line for each kind. */
void hsy_preset_kinds_table(const char *title,
                            const struct hsy_carried *by_kind);

/* Of a run whose bars are @met or not: 1 also when they are not. */
int hsy_preset_code(const struct hsy_sim_run *run, bool met);

/* How soon the dead are found, in a calm network: bars of it, and certificates
 * of nodes that were well. */
enum { HSY_PRESET_DEATH_BARS = 7 };
struct hsy_preset_deaths {
    struct hsy_bar bars[HSY_PRESET_DEATH_BARS];
    uint64_t false_deaths;
    double node_hours;
};
/* @peers of them, @o->runs times. The exit code so far. */
int hsy_preset_deaths(const struct hsy_sim_options *o, uint32_t peers,
                      struct hsy_preset_deaths *out);

/* Each runs it, prints what came out, and gives the exit code. */
int hsy_preset_glomers(const struct hsy_sim_options *o);
int hsy_preset_lifeguard(const struct hsy_sim_options *o);
int hsy_preset_mission(const struct hsy_sim_options *o);
int hsy_preset_partition(const struct hsy_sim_options *o);
int hsy_preset_steady(const struct hsy_sim_options *o);
int hsy_preset_slow(const struct hsy_sim_options *o);
int hsy_preset_survive(const struct hsy_sim_options *o);
int hsy_preset_liars(const struct hsy_sim_options *o);

#endif
