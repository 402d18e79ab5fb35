/* What the public simulator needs of the cluster and cluster.h does not
 * offer. */
#include "sim/inner.h"
#include "sim/public.h"

uint64_t hsy_public_next_ns(const struct hsy_cluster *c)
{
    return hsy_queue_next_ns(&c->queue);
}

int hsy_public_publish(struct hsy_cluster *c, const struct hsy_call *call,
                       uint64_t *out_seq)
{
    if (c->hosts[call->node].state != HSY_PROCESS_RUNNING) {
        return HEARSAY_ERR_STATE;
    }
    uint64_t seq = 0;
    struct hearsay_event ev = {.kind = HEARSAY_EV_PUBLISH};
    ev.publish.topic = call->topic;
    ev.publish.payload = call->payload;
    ev.publish.payload_len = call->payload_len;
    ev.publish.out_seq = &seq;
    int err = hsy_cluster_feed(c, call->node, &ev);
    if (err != HEARSAY_OK) {
        return err;
    }
    const struct hsy_observer *o = &c->config.observer;
    if (o->published != NULL) {
        o->published(o->ctx, call->node, seq, call->payload, call->payload_len);
    }
    *out_seq = seq;
    return HEARSAY_OK;
}
