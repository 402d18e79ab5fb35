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

static void deliver(struct hsy_delivery *d, const struct hsy_message *message,
                    struct hearsay_message *out)
{
    struct hsy_env *env = d->env;
    char topic[HSY_TOPIC_MAX + 1];

    HSY_ASSERT(message->topic_len <= HSY_TOPIC_MAX);
    memcpy(topic, message->topic, message->topic_len);
    topic[message->topic_len] = '\0';
    out->topic = topic;
    out->payload = out->content != NULL ? out->content->data : message->payload;
    out->payload_len = message->payload_len;
    env->counters.delivered++;
    env->ports.deliver(env->ports.ctx, out);
}

void hsy_delivery_take(struct hsy_delivery *d, const struct hsy_bundle *bundle,
                       uint8_t hops, struct hearsay_buf *content)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hearsay_message out = {.origin = bundle->origin,
                                  .epoch = bundle->epoch_incarnation,
                                  .seq = bundle->first_seq,
                                  .wall_ms = bundle->wall_ms,
                                  .hops = hops,
                                  .content = content};
    struct hsy_message message;

    while (hsy_messages_next(&at, &message)) {
        HSY_ASSERT(hsy_message_large(&message) == (content != NULL));
        deliver(d, &message, &out);
        out.seq++;
    }
    HSY_ASSERT(out.seq == bundle->first_seq + bundle->count);
}
