/* The machine that is the product: a node as the host sees it. A file of its
 * own, so that a cluster of toys links without it. */
#include "node/view.h"
#include "sim/cluster.h"

const struct hsy_machine *hsy_machine_node(void)
{
    static const struct hsy_machine machine = {
        .create = hearsay_node_create,
        .destroy = hearsay_node_destroy,
        .restore = hearsay_node_restore,
        .step = hearsay_step,
        .next_effect = hearsay_next_effect,
        .deadline = hearsay_deadline,
        .fetch = hsy_node_fetch,
        .job_kind = hearsay_job_kind,
        .job_run = hearsay_job_run,
    };
    return &machine;
}
