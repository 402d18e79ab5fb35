/* What many runs of a swarm came to; the same in whatever order they end. */
#ifndef HSY_CLI_SIM_SWARM_TALLY_H
#define HSY_CLI_SIM_SWARM_TALLY_H

#include "cli/sim_swarm_options.h"

enum { HSY_SWARM_SHOWN = 8 };

struct hsy_swarm_run {
    uint64_t digest;
    bool done;
    char what[16]; /* "": all held. */
};

/* A mark or an invariant: in how many runs, and in which one first. */
struct hsy_swarm_seen {
    uint64_t runs, first;
};

struct hsy_swarm_tally {
    const struct hsy_swarm_options *options;
    struct hsy_swarm_run *runs; /* Owned, one per run. */
    uint64_t done, failed, steps, virtual_ns;
    struct hsy_swarm_pairs pairs;
    struct hsy_swarm_seen marks[HSY_MARKS_MAX];
    struct hsy_swarm_seen broken[HSY_SWARM_INVARIANTS_MAX];
    uint64_t looked[HSY_SWARM_INVARIANTS_MAX];
    /* The failures of the lowest numbers, in order. */
    uint32_t shown_count;
    uint64_t shown_runs[HSY_SWARM_SHOWN];
    struct hsy_swarm_result shown[HSY_SWARM_SHOWN];
    uint64_t started_ns, ended_ns;
};

/* Gives *@out; HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int
hsy_swarm_tally_create(struct hsy_swarm_tally **out,
                       const struct hsy_swarm_options *options);
void hsy_swarm_tally_destroy(struct hsy_swarm_tally *t);
void hsy_swarm_tally_add(struct hsy_swarm_tally *t, uint64_t run,
                         const struct hsy_swarm_result *result);
/* Marks that no run has reached. */
uint32_t hsy_swarm_tally_unreached(const struct hsy_swarm_tally *t);
/* Enough runs, with everything on, for all marks to be wanted. */
bool hsy_swarm_tally_is_full(const struct hsy_swarm_tally *t);
/* Of all digests, in order of the runs. */
uint64_t hsy_swarm_tally_digest(const struct hsy_swarm_tally *t);

/* How one failure is told: its line, what was broken, its last records. */
void hsy_swarm_tell_failure(FILE *out, const struct hsy_swarm_choice *choice,
                            const struct hsy_swarm_result *result);
void hsy_swarm_tally_show(FILE *out, const struct hsy_swarm_tally *t);
void hsy_swarm_tally_json(FILE *out, const struct hsy_swarm_tally *t,
                          const struct hsy_swarm_choice *smallest);
/* A line `swarm-RNG DIGEST` for each run. */
void hsy_swarm_tally_digests(FILE *out, const struct hsy_swarm_tally *t);

#endif
