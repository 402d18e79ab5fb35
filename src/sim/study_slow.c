/* One peer that takes what it is sent too slowly, or not at all. The others
 * must not be held up by it, nor hold much for it. */
#include "base/assert.h"
#include "base/time.h"
#include "node/view.h"
#include "sim/study_inner.h"

#include <string.h>

enum { LINK_PER_S = 1000, READER_PER_S = 1 }; /* Bytes. */

int hsy_study_single_out(struct hsy_study *s)
{
    struct hsy_cluster *c = s->w->cluster;
    uint32_t node;
    if (s->config.slow == HSY_STUDY_SLOW_NONE || !hsy_study_pick(s, &node)) {
        return HEARSAY_OK;
    }
    s->slow_node = node;
    hsy_measure_leave_out(s->m, node);
    switch (s->config.slow) {
    case HSY_STUDY_SLOW_NONE:
    case HSY_STUDY_SLOW_SPARED:
        return HEARSAY_OK;
    case HSY_STUDY_SLOW_STOPPED:
        s->struck_ns = hsy_cluster_now(c);
        hsy_measure_struck(s->m, node);
        return hsy_cluster_freeze(c, node);
    case HSY_STUDY_SLOW_LINKS:
        hsy_cluster_throttle(c, node,
                             (struct hsy_throttle){.in_per_s = LINK_PER_S,
                                                   .out_per_s = LINK_PER_S});
        return HEARSAY_OK;
    case HSY_STUDY_SLOW_READER:
        hsy_cluster_throttle(c, node,
                             (struct hsy_throttle){.in_per_s = READER_PER_S,
                                                   .peers_only = true});
        return HEARSAY_OK;
    }
    return HEARSAY_OK;
}

void hsy_study_watch_queues(struct hsy_study *s)
{
    const struct hsy_cluster *c = s->w->cluster;
    uint32_t count = s->slow_node == UINT32_MAX ? 0 : hsy_cluster_count(c);
    for (uint32_t i = s->config.seeds; i < count; i++) {
        const struct hearsay_node *node = hsy_cluster_node(c, i);
        struct hsy_view_link link;
        for (uint32_t k = 0;
             node != NULL && i != s->slow_node && hsy_view_link(node, k, &link);
             k++) {
            bool is_it = memcmp(&link.id, hsy_cluster_id(c, s->slow_node),
                                sizeof(link.id)) == 0;
            if (is_it && link.queue_bytes > s->queued_most) {
                s->queued_most = link.queue_bytes;
            }
        }
    }
}

uint32_t hsy_study_queued_most(const struct hsy_study *s)
{
    return s->queued_most;
}
