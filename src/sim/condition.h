/* Conditions of scenarios: what can be asked of a cluster. */
#ifndef HSY_SIM_CONDITION_H
#define HSY_SIM_CONDITION_H

#include "sim/script.h"
#include "sim/witness.h"

/* What a condition looks at. */
struct hsy_scene {
    const struct hsy_witness *witness;
    const struct hsy_cluster *cluster; /* Of the witness. */
    bool graph_fresh;                  /* False: to be read again before use. */
    bool hub_known;
    uint32_t hub;
    int err; /* Sticky: HEARSAY_ERR_NOMEM. */
};

/* The nodes that @who stands for now; binds the hub. */
struct hsy_who hsy_scene_who(struct hsy_scene *scene,
                             const struct hsy_who *who);

/* Does the condition of @st hold? @hits: events that matched it so far.
 * @why gets what was seen. */
bool hsy_condition_holds(struct hsy_scene *scene,
                         const struct hsy_statement *st, uint64_t hits,
                         struct hsy_line *why);

/* Does this note count for the condition of @st? */
bool hsy_condition_matches(const struct hsy_scene *scene,
                           const struct hsy_statement *st, uint32_t node,
                           const struct hearsay_note *note);

#endif
