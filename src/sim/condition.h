/* Conditions of scenarios: what can be asked of a cluster. */
#ifndef HSY_SIM_CONDITION_H
#define HSY_SIM_CONDITION_H

#include "base/prng.h"
#include "sim/script.h"
#include "sim/witness.h"

/* What a condition looks at. */
struct hsy_scene {
    const struct hsy_scenario *scenario;
    struct hsy_witness *witness;
    const struct hsy_cluster *cluster; /* Of the witness. */
    bool graph_fresh;                  /* False: to be read again before use. */
    struct hsy_prng prng;              /* For shares of peers that are drawn. */
    bool *picked[HSY_SCRIPT_PICKS];    /* Owned, per node; NULL: not yet. */
    int err;                           /* Sticky: HEARSAY_ERR_NOMEM. */
};

void hsy_scene_fini(struct hsy_scene *scene);
/* Chooses the peers that @args names by degree or by chance, unless they are
 * known. */
void hsy_scene_bind(struct hsy_scene *scene, const struct hsy_args *args);
/* Does @who name @node? Never what is not bound; @others as the parser has
 * it, against the first W of @args. */
bool hsy_scene_names(const struct hsy_scene *scene, const struct hsy_args *args,
                     uint32_t which, uint32_t node);
const struct hsy_graph *hsy_scene_graph(struct hsy_scene *scene);

/* Does the condition of @st hold? @hits: events that matched it so far.
 * @why gets what was seen. False
 * also while nobody knows whom it names. */
bool hsy_condition_holds(struct hsy_scene *scene,
                         const struct hsy_statement *st, uint64_t hits,
                         struct hsy_line *why);

/* Does this note count for the condition of @st? */
bool hsy_condition_matches(const struct hsy_scene *scene,
                           const struct hsy_statement *st, uint32_t node,
                           const struct hearsay_note *note);

#endif
