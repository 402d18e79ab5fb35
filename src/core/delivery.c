/* At once, in the order in which bundles are claimed, or in that of their
 * numbers. */
#include "core/delivery.h"

#include <string.h>

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
    out->payload = out->content != NULL ? out->content->data : message->payload;
    out->payload_len = message->payload_len;
    env->counters.delivered++;
    env->ports.deliver(env->ports.ctx, out);
}

/* @origin: in order, and so who knows what is missing; NULL: not so. */
static void hand_over(void *ctx, struct hsy_origin *origin,
                      const struct hsy_turn *turn)
{
    struct hsy_delivery *d = ctx;
    const struct hsy_bundle *bundle = turn->bundle;
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hearsay_message out = {.origin = bundle->origin,
                                  .epoch = bundle->epoch_incarnation,
                                  .seq = bundle->first_seq,
                                  .wall_ms = bundle->wall_ms,
                                  .hops = turn->hops,
                                  .again = turn->again,
                                  .content = turn->content};
    struct hsy_message message;

    for (; hsy_messages_next(&at, &message); out.seq++) {
        HSY_ASSERT(hsy_message_large(&message) == (turn->content != NULL));
        if (!hsy_topics_want(&d->topics, &message)) {
            d->env->counters.filtered++;
            continue;
        }
        out.missing = origin != NULL ? origin->skipped : 0;
        d->env->counters.again += turn->again ? 1 : 0;
        out.query_ns = query_ns(d, bundle, &message, out.seq);
        deliver(d, &message, &out);
        if (origin != NULL) {
            origin->skipped = 0; /* Told. */
        }
    }
    HSY_ASSERT(out.seq == bundle->first_seq + bundle->count);
}

int hsy_delivery_init(struct hsy_delivery *d, struct hsy_env *env,
                      struct hsy_origins *origins)
{
    const struct hsy_order_next next = {.ctx = d, .hand_over = hand_over};
    int err = 0;

    HSY_ASSERT(env != NULL);
    *d = (struct hsy_delivery){.env = env};
    hsy_topics_init(&d->topics, &env->mem);
    hsy_order_init(&d->order, env, origins, &next);
    for (uint32_t i = 0; i < env->config.topics_count && err == 0; i++) {
        err = hsy_topics_set(&d->topics, env->config.topics[i], true);
    }
    HSY_ASSERT(err == 0 || err == HEARSAY_ERR_NOMEM);
    env->config.topics = NULL; /* The caller's. */
    env->config.topics_count = 0;
    return err;
}

void hsy_delivery_fini(struct hsy_delivery *d)
{
    HSY_ASSERT(d->env != NULL);
    hsy_order_fini(&d->order);
    hsy_topics_fini(&d->topics);
}

void hsy_delivery_turn(struct hsy_delivery *d, const struct hsy_turn *turn)
{
    HSY_ASSERT(turn->bundle->count >= 1);
    if (d->env->config.ordered_wait_ns > 0) {
        hsy_order_take(&d->order, turn);
    } else {
        hand_over(d, NULL, turn);
    }
}

void hsy_delivery_look(struct hsy_delivery *d, struct hsy_origin *origin)
{
    HSY_ASSERT(origin != NULL);
    hsy_order_look(&d->order, origin);
}

void hsy_delivery_tick(struct hsy_delivery *d)
{
    HSY_ASSERT(d->env != NULL);
    hsy_order_tick(&d->order);
}

uint64_t hsy_delivery_deadline(const struct hsy_delivery *d)
{
    HSY_ASSERT(d->env != NULL);
    return hsy_order_deadline(&d->order);
}

void hsy_delivery_flush(struct hsy_delivery *d)
{
    HSY_ASSERT(d->env != NULL);
    hsy_order_flush(&d->order);
}
