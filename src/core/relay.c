/* Order on receipt, always: seen or in check? drop. Too old? drop. Then the
 * signature, and only after it the claim of the id, delivery and relay. A
 * forged copy has another id (the id covers the signature), so it can neither
 * censor the true one nor be relayed. */
#include "core/relay.h"

#include <string.h>

#include "base/addr.h"

enum { UNSIGNED_MAX = 256, TEXT_SHOWN_MAX = 256, LINKS_AT_ONCE = 64 };

void hsy_relay_init(struct hsy_relay *r, struct hsy_env *env,
                    struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(neighbours != NULL);
    *r = (struct hsy_relay){.env = env, .neighbours = neighbours};
    hsy_ml_init(&r->seen, env);
    hsy_recent_init(&r->recent, env);
    hsy_table_init(
        &r->checking, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct hsy_bundle_id),
                                 .items_max = env->config.jobs_max},
        env->config.hash_salt);
}

void hsy_relay_fini(struct hsy_relay *r)
{
    hsy_ml_fini(&r->seen);
    hsy_recent_fini(&r->recent);
    hsy_table_fini(&r->checking);
}

int hsy_relay_publish(struct hsy_relay *r, uint64_t incarnation,
                      const struct hsy_message *message, uint64_t *out_seq)
{
    uint8_t bytes[HEARSAY_PAYLOAD_MAX + HSY_TOPIC_MAX + 8];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_signable what = {.kind = HSY_SIGN_BUNDLE};
    struct hsy_env *env = r->env;

    HSY_ASSERT(incarnation > 0);
    if (message->payload_len > HEARSAY_PAYLOAD_MAX ||
        message->topic_len > HSY_TOPIC_MAX) {
        return HEARSAY_ERR_TOO_BIG;
    }
    if (r->epoch_incarnation == 0) {
        r->epoch_incarnation = incarnation; /* Fixed for the process's life. */
    }
    what.bundle.origin = env->id;
    what.bundle.epoch_incarnation = r->epoch_incarnation;
    what.bundle.epoch_nonce = env->config.boot_nonce;
    what.bundle.first_seq = r->last_seq + 1;
    what.bundle.wall_ms = env->now.wall_ms;
    what.bundle.messages = bytes;
    hsy_messages_add(&out, &what.bundle, message);
    HSY_ASSERT(!out.bad);
    if (r->unsigned_count >= UNSIGNED_MAX ||
        !env->ports.sign(env->ports.ctx, &what)) {
        env->counters.publish_refused++;
        return HEARSAY_ERR_AGAIN;
    }
    r->unsigned_count++;
    r->last_seq++;
    env->counters.published++;
    if (out_seq != NULL) {
        *out_seq = r->last_seq;
    }
    return 0;
}

/* To every overlay link but @except, in groups, each encoded once. */
static void spread(struct hsy_relay *r, const struct hsy_bundle *bundle,
                   uint8_t hops, const struct hsy_neighbour *except)
{
    hearsay_link links[LINKS_AT_ONCE];
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    struct hsy_env *env = r->env;
    uint32_t total = hsy_neighbours_count(r->neighbours);
    uint32_t count = 0;

    HSY_ASSERT(hops >= 1);
    frame.bundle.hops = hops;
    frame.bundle.bundle = *bundle;
    for (uint32_t i = 0; i < total; i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(r->neighbours, i);
        if (n->overlay && n != except) {
            links[count] = n->link;
            count++;
            env->counters.bundles_relayed++;
        }
        if (count == LINKS_AT_ONCE || (count > 0 && i + 1 == total)) {
            env->ports.send(env->ports.ctx, links, count, &frame);
            count = 0;
        }
    }
    HSY_ASSERT(count == 0);
}

/* The payload as text when it is short and printable, else NULL. */
static const char *as_text(char out[TEXT_SHOWN_MAX + 1],
                           const struct hsy_message *message)
{
    HSY_ASSERT(message->payload != NULL || message->payload_len == 0);
    if (message->payload_len > TEXT_SHOWN_MAX) {
        return NULL;
    }
    for (uint32_t i = 0; i < message->payload_len; i++) {
        if (message->payload[i] < 0x20 || message->payload[i] == 0x7f) {
            return NULL;
        }
        out[i] = (char)message->payload[i];
    }
    out[message->payload_len] = '\0';
    return out;
}

static void note_text(struct hsy_note *note, const struct hsy_message *message,
                      char text[TEXT_SHOWN_MAX + 1])
{
    const char *shown = as_text(text, message);

    HSY_ASSERT(note->count < HEARSAY_FIELDS_MAX);
    if (shown != NULL) {
        hsy_note_text(note, "text", shown);
    } else {
        hsy_note_u64(note, "bytes", message->payload_len);
    }
}

static void note_sent(struct hsy_relay *r, uint64_t seq,
                      const struct hsy_message *message)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "gossip-sent");
    char text[TEXT_SHOWN_MAX + 1];

    HSY_ASSERT(seq >= 1);
    hsy_note_u64(&note, "seq", seq);
    hsy_note_u64(&note, "mono_us", r->env->now.mono_ns / 1000);
    note_text(&note, message, text);
    hsy_tell(r->env, &note);
}

void hsy_relay_signed(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_env *env = r->env;
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;
    struct hsy_bundle_id id;
    uint64_t seq = bundle->first_seq;

    HSY_ASSERT(r->unsigned_count > 0);
    r->unsigned_count--;
    env->ports.bundle_id(env->ports.ctx, &id, bundle);
    if (hsy_ml_add(&r->seen, &id) == HEARSAY_ERR_NOMEM) {
        env->counters.bundles_dropped++; /* It may come back to us once. */
    }
    while (hsy_messages_next(&at, &message)) {
        note_sent(r, seq, &message);
        seq++;
    }
    hsy_recent_keep(&r->recent, bundle, 1);
    spread(r, bundle, 1, NULL);
}

static bool in_window(const struct hsy_env *env, uint64_t wall_ms)
{
    uint64_t now_ms = env->now.wall_ms;
    uint64_t apart_ms = now_ms > wall_ms ? now_ms - wall_ms : wall_ms - now_ms;

    return apart_ms <= HSY_BUNDLE_WINDOW_MS;
}

bool hsy_relay_wants(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_env *env = r->env;
    struct hsy_bundle_id id;
    void *item;

    env->counters.bundles_in++;
    env->ports.bundle_id(env->ports.ctx, &id, bundle);
    if (hsy_ml_seen(&r->seen, &id) ||
        hsy_table_find(&r->checking, &id) != NULL) {
        env->counters.bundles_duplicate++;
        return false;
    }
    if (hsy_id_equal(&bundle->origin, &env->id)) {
        env->counters.bundles_duplicate++; /* Our own, from before. */
        return false;
    }
    if (!in_window(env, bundle->wall_ms)) {
        env->counters.bundles_expired++;
        return false;
    }
    if (hsy_table_put(&r->checking, &item, &id) != 0) {
        env->counters.bundles_dropped++; /* Another copy may have more luck. */
        return false;
    }
    HSY_ASSERT(hsy_table_find(&r->checking, &id) != NULL);
    return true;
}

static void deliver(struct hsy_relay *r, const struct hsy_message *message,
                    struct hearsay_message *out)
{
    struct hsy_env *env = r->env;
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

static void note_seen(struct hsy_relay *r, const struct hearsay_message *seen,
                      const struct hsy_message *message,
                      const struct hsy_neighbour *from)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "gossip-seen");
    char text[TEXT_SHOWN_MAX + 1];

    HSY_ASSERT(seen->seq >= 1);
    hsy_note_id(&note, "origin", &seen->origin);
    hsy_note_u64(&note, "seq", seen->seq);
    hsy_note_u64(&note, "hops", seen->hops);
    if (from != NULL) {
        hsy_note_id(&note, "from", &from->id);
    }
    hsy_note_u64(&note, "mono_us", r->env->now.mono_ns / 1000);
    note_text(&note, message, text);
    hsy_tell(r->env, &note);
}

static void hand_over(struct hsy_relay *r, const struct hsy_bundle *bundle,
                      const struct hsy_neighbour *from, uint8_t hops)
{
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hearsay_message out = {.origin = bundle->origin,
                                  .epoch = bundle->epoch_incarnation,
                                  .seq = bundle->first_seq,
                                  .wall_ms = bundle->wall_ms,
                                  .hops = hops};
    struct hsy_message message;

    while (hsy_messages_next(&at, &message)) {
        note_seen(r, &out, &message, from);
        deliver(r, &message, &out);
        out.seq++;
    }
    HSY_ASSERT(out.seq == bundle->first_seq + bundle->count);
}

void hsy_relay_checked(struct hsy_relay *r, const struct hsy_bundle *bundle,
                       const struct hsy_neighbour *from, uint8_t hops,
                       bool good)
{
    struct hsy_env *env = r->env;
    struct hsy_bundle_id id;

    env->ports.bundle_id(env->ports.ctx, &id, bundle);
    void *claim = hsy_table_find(&r->checking, &id);
    HSY_ASSERT(claim != NULL);
    hsy_table_remove(&r->checking, claim);
    if (!good) {
        return;
    }
    if (hsy_ml_add(&r->seen, &id) != 0) {
        env->counters.bundles_dropped++; /* No memory: as if never come. */
        return;
    }
    hand_over(r, bundle, from, hops);
    /* The count is not signed, so it must not decide: the Message List ends
     * loops by itself. */
    uint8_t next = hops < UINT8_MAX ? (uint8_t)(hops + 1) : hops;
    hsy_recent_keep(&r->recent, bundle, next);
    spread(r, bundle, next, from);
    HSY_ASSERT(hsy_ml_seen(&r->seen, &id));
}

void hsy_relay_catch_up(struct hsy_relay *r, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    r->env->counters.bundles_relayed += hsy_recent_send(&r->recent, n->link);
}

void hsy_relay_congested(struct hsy_relay *r, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    (void)r;
}
