/* At once, in the order in which bundles are claimed. */
#include "core/delivery.h"

#include <string.h>

void hsy_delivery_init(struct hsy_delivery *d, struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *d = (struct hsy_delivery){.env = env};
}

void hsy_delivery_fini(struct hsy_delivery *d)
{
    HSY_ASSERT(d->env != NULL);
}

/* How long the message that is about to be delivered can be answered. */
static uint64_t query_ns(const struct hsy_delivery *d,
                         const struct hsy_bundle *bundle,
                         const struct hsy_message *message, uint64_t seq)
{
    struct hsy_asking asking = {.of = {.origin = bundle->origin,
                                       .incarnation = bundle->epoch_incarnation,
                                       .nonce = bundle->epoch_nonce},
                                .seq = seq,
                                .wall_ms = bundle->wall_ms,
                                .query_ms = message->query_ms};

    HSY_ASSERT(seq >= bundle->first_seq);
    return message->query_ms == 0 || d->asked == NULL
               ? 0
               : hsy_asked_heard(d->asked, &asking);
}

static void deliver(struct hsy_delivery *d, const struct hsy_message *message,
                    struct hearsay_message *out)
{
    struct hsy_env *env = d->env;
    char topic[HSY_TOPIC_MAX + 1];

    HSY_ASSERT(message->topic_len <= HSY_TOPIC_MAX);
    memcpy(topic, message->topic, message->topic_len);
    topic[message->topic_len] = '\0';
    out->topic = topic;
    out->payload = message->payload;
    out->payload_len = message->payload_len;
    env->counters.delivered++;
    env->ports.deliver(env->ports.ctx, out);
}

void hsy_delivery_take(struct hsy_delivery *d, const struct hsy_bundle *bundle,
                       uint8_t hops)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hearsay_message out = {.origin = bundle->origin,
                                  .epoch = bundle->epoch_incarnation,
                                  .seq = bundle->first_seq,
                                  .wall_ms = bundle->wall_ms,
                                  .hops = hops};
    struct hsy_message message;

    while (hsy_messages_next(&at, &message)) {
        out.query_ns = query_ns(d, bundle, &message, out.seq);
        deliver(d, &message, &out);
        out.seq++;
    }
    HSY_ASSERT(out.seq == bundle->first_seq + bundle->count);
}
