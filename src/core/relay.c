/* Order on receipt, always: seen or in check? drop. Too old? drop. Then the
 * signature; and only after it the claim of the numbers, delivery and relay.
 * A forged copy has another id (the id covers the signature), so it can
 * neither censor the true one nor be relayed. */
#include "core/relay.h"

#include <string.h>

#include "base/addr.h"
#include "core/kept.h"

enum { TEXT_SHOWN_MAX = 256, V1_CATCH_UP_MAX = 64 };

#define V1_CATCH_UP_NS (15 * HSY_SECOND)

struct check {
    struct hsy_bundle_id id; /* Key. */
    uint64_t since_ns;
    uint8_t copies; /* Along the tree. */
    uint8_t unused[7];
};

static struct hsy_span span_of(const struct hsy_bundle *bundle)
{
    HSY_ASSERT(bundle->count >= 1);
    return (struct hsy_span){.of = hsy_bundle_epoch(bundle),
                             .from = bundle->first_seq,
                             .to = bundle->first_seq + bundle->count - 1};
}

static size_t encoded_len(const struct hsy_bundle *bundle)
{
    HSY_ASSERT(bundle->count >= 1);
    return HSY_BUNDLE_FIXED_LEN + bundle->messages_len;
}

static enum hsy_claimed_as take_claim(struct hsy_relay *r,
                                      const struct hsy_bundle *bundle,
                                      const struct hsy_span *span, bool live)
{
    struct hsy_origin *origin = NULL;
    enum hsy_claimed_as as = hsy_origins_claim(&r->origins, &origin, span);

    HSY_ASSERT(origin != NULL || as == HSY_CLAIMED_NO_ROOM);
    if (as == HSY_CLAIMED_NEW) {
        /* One of a clock that was wrong does not stay the latest. */
        if (bundle->wall_ms > origin->wall_ms ||
            !hsy_relay_in_window(r->env, origin->wall_ms)) {
            origin->wall_ms = bundle->wall_ms;
        }
        origin->heard_ns = live ? r->env->now.mono_ns : origin->heard_ns;
        origin->changed = origin->changed || !live;
    }
    return as;
}

/* The payload as text when it is short and printable, else NULL. */
static const char *as_text(char out[TEXT_SHOWN_MAX + 1],
                           const struct hsy_message *message)
{
    if (message->payload_len > TEXT_SHOWN_MAX) {
        return NULL;
    }
    HSY_ASSERT(message->payload != NULL || message->payload_len == 0);
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

/* ------------------------------------------------------------------- own */

void hsy_relay_signed(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_env *env = r->env;
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_span span = span_of(bundle);
    struct hsy_message message;
    struct hsy_bundle_id id;
    uint64_t seq = bundle->first_seq;

    env->ports.bundle_id(env->ports.ctx, &id, bundle);
    /* Without memory for either, it may come back to us once, or nobody can
     * pull it from here; the copies that go out now are not affected. */
    bool kept = hsy_ml_add(&r->seen, &id, 1) == 0 &&
                take_claim(r, bundle, &span, true) == HSY_CLAIMED_NEW;
    while (hsy_messages_next(&at, &message)) {
        note_sent(r, seq, &message);
        seq++;
    }
    HSY_ASSERT(seq == span.to + 1);
    if (kept) {
        (void)hsy_saved_put(&r->saved,
                            hsy_retained_keep(&r->retained, bundle, &id, 1),
                            &(struct hsy_turn){.bundle = bundle}, false);
    }
    if (hsy_bundle_large(bundle)) {
        hsy_bulk_own_signed(&r->bulk, bundle);
    }
    hsy_tree_spread(
        &r->tree,
        &(struct hsy_outgoing){.bundle = bundle,
                               .id = &id,
                               .hops = 1,
                               .small = encoded_len(bundle) <= HSY_SMALL_LEN});
    hsy_publisher_signed(&r->publisher, bundle);
}

/* ---------------------------------------------------------------- receipt */

bool hsy_relay_in_window(const struct hsy_env *env, uint64_t wall_ms)
{
    uint64_t now_ms = env->now.wall_ms;
    uint64_t apart_ms = now_ms > wall_ms ? now_ms - wall_ms : wall_ms - now_ms;

    HSY_ASSERT(now_ms > 0);
    return apart_ms <= HSY_BUNDLE_WINDOW_MS;
}

/* What was seen, but whose numbers a crowd of gaps made us forget. */
static void claim_again(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_span span = span_of(bundle);

    if (hsy_origins_look(&r->origins, &span) == HSY_CLAIMED_NEW) {
        (void)take_claim(r, bundle, &span, false);
    }
    HSY_ASSERT(bundle->count >= 1);
}

/* Another copy of what came before, or is being checked. */
static bool is_copy(struct hsy_relay *r, const struct hsy_copy *copy,
                    const struct hsy_bundle_id *id)
{
    struct check *check = hsy_table_find(&r->checking, id);
    bool seen = hsy_ml_seen(&r->seen, id);
    uint8_t copies = 0;

    HSY_ASSERT(!seen || check == NULL);
    if (seen && copy->extra) {
        claim_again(r, copy->bundle);
    } else if (seen) {
        copies = hsy_ml_copy(&r->seen, id);
    } else if (check != NULL && !copy->extra) {
        copies = check->copies < UINT8_MAX ? (uint8_t)(check->copies + 1)
                                           : UINT8_MAX;
        check->copies = copies;
    }
    if (copies > 0 && copy->from != NULL) {
        hsy_tree_copy(&r->tree, copy->from, copies);
    }
    return seen || check != NULL;
}

static bool is_muted(const struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_epoch of = hsy_bundle_epoch(bundle);
    const struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);

    HSY_ASSERT(bundle->count >= 1);
    return origin != NULL && origin->muted;
}

static bool take_check(struct hsy_relay *r, const struct hsy_bundle_id *id,
                       bool extra)
{
    void *item;

    if (hsy_table_put(&r->checking, &item, id) != 0) {
        return false;
    }
    struct check *check = item;
    check->since_ns = r->env->now.mono_ns;
    check->copies = extra ? 0 : 1;
    HSY_ASSERT(hsy_table_find(&r->checking, id) == item);
    return true;
}

bool hsy_relay_wants(struct hsy_relay *r, const struct hsy_copy *copy)
{
    struct hsy_env *env = r->env;
    struct hsy_bundle_id id;

    env->counters.bundles_in++;
    env->ports.bundle_id(env->ports.ctx, &id, copy->bundle);
    if (is_copy(r, copy, &id) ||
        hsy_id_equal(&copy->bundle->origin, &env->id)) { /* Of a past life. */
        env->counters.bundles_duplicate++;
        return false;
    }
    hsy_wanted_came(&r->tree.wanted, &id);
    if (is_muted(r, copy->bundle)) {
        env->counters.bundles_muted++;
        return false;
    }
    if (!hsy_relay_in_window(env, copy->bundle->wall_ms)) {
        env->counters.bundles_expired++;
        return false;
    }
    if (!take_check(r, &id, copy->extra)) {
        env->counters.bundles_dropped++; /* Repair, or another copy. */
        return false;
    }
    return true;
}

static void note_seen(struct hsy_relay *r, const struct hsy_copy *copy,
                      uint64_t seq, const struct hsy_message *message)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "gossip-seen");
    char text[TEXT_SHOWN_MAX + 1];

    HSY_ASSERT(seq >= 1);
    hsy_note_id(&note, "origin", &copy->bundle->origin);
    hsy_note_u64(&note, "seq", seq);
    hsy_note_u64(&note, "hops", copy->hops);
    if (copy->from != NULL) {
        hsy_note_id(&note, "from", &copy->from->id);
    }
    hsy_note_u64(&note, "mono_us", r->env->now.mono_ns / 1000);
    note_text(&note, message, text);
    hsy_tell(r->env, &note);
}

static void note_all_seen(struct hsy_relay *r, const struct hsy_copy *copy)
{
    const struct hsy_bundle *bundle = copy->bundle;
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;
    uint64_t seq = bundle->first_seq;

    while (hsy_messages_next(&at, &message)) {
        note_seen(r, copy, seq, &message);
        seq++;
    }
    HSY_ASSERT(seq == bundle->first_seq + bundle->count);
}

/* The check of @id is over; how many copies came along the tree. */
static uint8_t end_check(struct hsy_relay *r, const struct hsy_bundle_id *id)
{
    struct check *check = hsy_table_find(&r->checking, id);

    HSY_ASSERT(check != NULL);
    uint8_t copies = check->copies;
    uint64_t took_ns = hsy_time_since(check->since_ns, r->env->now.mono_ns);
    r->check_ns = (7 * r->check_ns + took_ns) / 8;
    hsy_table_remove(&r->checking, check);
    return copies;
}

void hsy_relay_refused(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_bundle_id id;

    r->env->ports.bundle_id(r->env->ports.ctx, &id, bundle);
    (void)end_check(r, &id);
    HSY_ASSERT(!hsy_ml_seen(&r->seen, &id));
}

/* The count is not signed, so it must not decide anything. */
static uint8_t one_more_hop(const struct hsy_copy *copy)
{
    uint8_t hops =
        copy->hops < UINT8_MAX ? (uint8_t)(copy->hops + 1) : copy->hops;

    HSY_ASSERT(hops >= 1);
    return hops;
}

/* Two bundles that @bundle's origin signed claim the same number. */
static void note_equivocation(struct hsy_relay *r, struct hsy_origin *origin,
                              const struct hsy_bundle *bundle)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "equivocation");

    HSY_ASSERT(!origin->muted);
    origin->muted = true;
    r->env->counters.equivocations++;
    hsy_note_id(&note, "origin", &bundle->origin);
    hsy_note_u64(&note, "epoch", bundle->epoch_incarnation);
    hsy_note_u64(&note, "seq", bundle->first_seq);
    hsy_note_text(&note, "text",
                  "signed two different messages with one number: nothing "
                  "more of it is taken");
    hsy_tell(r->env, &note);
}

/* Numbers that are claimed, in a bundle that was never seen. With the other
 * bundle at hand that is proof of a lying origin; it is kept as any bundle is,
 * and the second one goes to the neighbours, so that they see both. */
static void contradict(struct hsy_relay *r, const struct hsy_copy *copy,
                       const struct hsy_bundle_id *id)
{
    struct hsy_epoch of = hsy_bundle_epoch(copy->bundle);
    struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);
    uint64_t to = copy->bundle->first_seq + copy->bundle->count - 1;

    HSY_ASSERT(origin != NULL);
    const struct hsy_retained_bundle *other =
        hsy_retained_from(&r->retained, origin, copy->bundle->first_seq);
    r->env->counters.bundles_duplicate++;
    if (other == NULL || other->from > to || origin->muted ||
        memcmp(&other->id, id, sizeof(*id)) == 0) {
        return; /* Forgotten: nothing can be said. */
    }
    note_equivocation(r, origin, copy->bundle);
    hsy_tree_spread(&r->tree, &(struct hsy_outgoing){.bundle = copy->bundle,
                                                     .id = id,
                                                     .except = copy->from,
                                                     .hops = one_more_hop(copy),
                                                     .to_all = true});
}

/* Was it published before our time? A mark may tell of what was published just
 * after we joined: where the two disagree it is of our time, and so is all that
 * its origin said after it. */
static bool is_history(struct hsy_relay *r, const struct hsy_copy *copy)
{
    struct hsy_epoch of = hsy_bundle_epoch(copy->bundle);
    struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);
    uint64_t up_ms =
        hsy_time_since(r->env->joined_ns, r->env->now.mono_ns) / HSY_MS;

    HSY_ASSERT(origin != NULL);
    if (copy->bundle->wall_ms + up_ms >= r->env->now.wall_ms) {
        hsy_origin_ours(origin, copy->bundle->first_seq);
    }
    return copy->pulled && copy->bundle->first_seq <= origin->history_to;
}

/* Of what is kept as @b (NULL: it is not): @wanted, the application gets it,
 * now or when the disk has it. */
static void settle(struct hsy_relay *r, struct hsy_retained_bundle *b,
                   const struct hsy_turn *turn, bool wanted)
{
    struct hsy_epoch of = hsy_bundle_epoch(turn->bundle);
    bool later = hsy_saved_put(&r->saved, b, turn, wanted);

    HSY_ASSERT(turn->bundle->count >= 1);
    if (wanted && !later) {
        hsy_delivery_turn(&r->delivery, turn);
    } else if (!wanted) {
        hsy_delivery_look(&r->delivery, hsy_origin_find(&r->origins, &of));
    }
}

/* -------------------------------------------------------- large messages */

/* What is behind it waits for it, in ordered mode; and on the disk there is no
 * word of it before it is complete, so that it is pulled again otherwise. */
static void fetching(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_epoch of = hsy_bundle_epoch(bundle);
    struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);

    HSY_ASSERT(origin != NULL); /* It is claimed. */
    origin->under_way++;
    origin->fetching++;
}

static void fetched(struct hsy_relay *r, const struct hsy_bundle *bundle)
{
    struct hsy_epoch of = hsy_bundle_epoch(bundle);
    struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);

    HSY_ASSERT(origin != NULL && origin->fetching > 0);
    origin->under_way--;
    origin->fetching--;
}

static void large_over(void *ctx, const struct hsy_bundle *bundle,
                       const struct hsy_bundle_id *id)
{
    struct hsy_relay *r = ctx;

    HSY_ASSERT(hsy_bundle_large(bundle));
    fetched(r, bundle);
    settle(r, hsy_retained_find(&r->retained, id),
           &(struct hsy_turn){.bundle = bundle}, false);
}

static void expect(struct hsy_relay *r, const struct hsy_manifest *manifest)
{
    HSY_ASSERT(hsy_bundle_large(manifest->bundle));
    fetching(r, manifest->bundle);
    if (!hsy_bulk_expect(&r->bulk, manifest)) {
        large_over(r, manifest->bundle, manifest->id);
    }
}

static void expect_again(void *ctx, const struct hsy_manifest *manifest)
{
    struct hsy_relay *r = ctx;

    HSY_ASSERT(manifest->to_serve == (manifest->ordinal == 0));
    if (manifest->to_serve) {
        (void)!hsy_bulk_expect(&r->bulk, manifest);
    } else {
        expect(r, manifest);
    }
}

/* ---------------------------------------------------------------- receipt */

static void pass_on(struct hsy_relay *r, const struct hsy_copy *copy,
                    const struct hsy_bundle_id *id)
{
    uint8_t hops = one_more_hop(copy);

    HSY_ASSERT(hops >= 1);
    if (copy->pulled) {
        return; /* Who else lacks it pulls it, too. */
    }
    hsy_tree_spread(&r->tree, &(struct hsy_outgoing){.bundle = copy->bundle,
                                                     .id = id,
                                                     .except = copy->from,
                                                     .hops = hops});
}

/* It was new: who brought it, along the tree, and how much it was. */
static void came(struct hsy_relay *r, const struct hsy_copy *copy)
{
    struct hsy_epoch of = hsy_bundle_epoch(copy->bundle);
    struct hsy_origin *origin = hsy_origin_find(&r->origins, &of);

    HSY_ASSERT(origin != NULL);
    if (!copy->extra && copy->from != NULL) {
        hsy_tree_first(&r->tree, copy->from);
    }
    hsy_acks_came(&r->acks, origin, copy->extra ? NULL : copy->from,
                  encoded_len(copy->bundle));
}

bool hsy_relay_checked(struct hsy_relay *r, const struct hsy_copy *copy)
{
    struct hsy_env *env = r->env;
    struct hsy_span span = span_of(copy->bundle);
    struct hsy_bundle_id id;

    env->ports.bundle_id(env->ports.ctx, &id, copy->bundle);
    uint8_t copies = end_check(r, &id);
    enum hsy_claimed_as as = take_claim(r, copy->bundle, &span, !copy->pulled);
    if (as == HSY_CLAIMED_NO_ROOM) {
        env->counters.bundles_dropped++; /* As if never come. */
        return false;
    }
    if (hsy_ml_add(&r->seen, &id, copies) != 0) {
        env->counters.announcements_dropped++; /* Its numbers still know it. */
    }
    if (as != HSY_CLAIMED_NEW) {
        contradict(r, copy, &id);
        return false;
    }
    came(r, copy);
    bool history = is_history(r, copy);
    env->counters.history += history ? 1 : 0;
    bool wanted = !history || env->config.history != 0;
    struct hsy_retained_bundle *b =
        hsy_retained_keep(&r->retained, copy->bundle, &id, one_more_hop(copy));
    if (wanted && hsy_bundle_large(copy->bundle)) {
        expect(r, &(struct hsy_manifest){.bundle = copy->bundle,
                                         .id = &id,
                                         .from = copy->from,
                                         .hops = copy->hops});
    } else {
        if (wanted) {
            note_all_seen(r, copy);
        }
        settle(r, b,
               &(struct hsy_turn){.bundle = copy->bundle, .hops = copy->hops},
               wanted);
    }
    pass_on(r, copy, &id);
    return true;
}

bool hsy_relay_piece(struct hsy_relay *r, struct hsy_neighbour *n,
                     const struct hsy_piece *piece)
{
    const struct hsy_bulk_entry *e = NULL;
    struct hsy_message message;
    struct hsy_bundle bundle;

    if (!hsy_bulk_piece(&r->bulk, n, piece, &e)) {
        return false;
    }
    if (e != NULL) {
        hsy_bulk_message(e, &bundle, &message);
        HSY_ASSERT(e->content->len == message.payload_len);
        note_all_seen(r, &(struct hsy_copy){
                             .bundle = &bundle, .from = n, .hops = e->hops});
        fetched(r, &bundle);
        settle(r, hsy_retained_find(&r->retained, &e->id),
               &(struct hsy_turn){.bundle = &bundle,
                                  .content = e->content,
                                  .hops = e->hops,
                                  .again = e->ordinal > 0},
               true);
    }
    return true;
}

/* ------------------------------------------------------------------ links */

/* A neighbour of version 1 cannot pull: it gets what was new lately. */
static void catch_up(struct hsy_relay *r, const struct hsy_neighbour *n)
{
    const struct hsy_retained_bundle *b = hsy_retained_oldest(&r->retained);
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    uint32_t sent = 0;

    HSY_ASSERT(!hsy_neighbour_has(n, HSY_PULL));
    for (; b != NULL && sent < V1_CATCH_UP_MAX;
         b = hsy_retained_newer(&r->retained, b)) {
        if (hsy_time_since(b->seen_ns, r->env->now.mono_ns) > V1_CATCH_UP_NS) {
            continue;
        }
        frame.bundle.bundle = hsy_retained_bundle(b);
        if (n->version < hsy_bundle_version(&frame.bundle.bundle)) {
            r->env->counters.bundles_withheld++;
            continue;
        }
        frame.bundle.hops = b->hops;
        r->env->counters.bundles_relayed++;
        hsy_send(r->env, n->link, &frame);
        sent++;
    }
}

void hsy_relay_link_up(struct hsy_relay *r, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    hsy_tree_link_up(&r->tree, n);
    hsy_bulk_link_up(&r->bulk, n);
    if (!hsy_neighbour_has(n, HSY_PULL)) {
        catch_up(r, n);
    }
}

void hsy_relay_announced(struct hsy_relay *r, const struct hsy_neighbour *n,
                         const struct hsy_bundle_ids *ids)
{
    HSY_ASSERT(n->overlay);
    r->env->counters.announcements_in += ids->count;
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct hsy_bundle_id *id = hsy_bundle_ids_at(ids, i);
        if (hsy_ml_seen(&r->seen, id) ||
            hsy_table_find(&r->checking, id) != NULL) {
            hsy_wanted_early(&r->tree.wanted);
        } else {
            hsy_tree_announced(&r->tree, n, id, r->check_ns);
        }
    }
}

/* Of what @n wants, as much as HSY_GRAFT_ANSWER_MAX lets through; the rest is
 * announced to it, for it asks nobody twice who has not said so twice. */
static void send_wanted(struct hsy_relay *r, const struct hsy_neighbour *n,
                        const struct hsy_bundle_ids *ids)
{
    struct hsy_bundle_id rest[HSY_GRAFT_IDS_MAX];
    struct hsy_frame answer = {.type = HSY_BUNDLE};
    struct hsy_frame ihave = {.type = HSY_IHAVE, .ihave.bytes = rest[0].bytes};
    uint32_t credit = HSY_GRAFT_ANSWER_MAX;

    HSY_ASSERT(ids->count <= HSY_GRAFT_IDS_MAX);
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct hsy_retained_bundle *b =
            hsy_retained_find(&r->retained, hsy_bundle_ids_at(ids, i));
        if (b != NULL && b->bundle->len <= credit) {
            credit -= b->bundle->len;
            answer.bundle.bundle = hsy_retained_bundle(b);
            answer.bundle.hops = b->hops;
            r->env->counters.bundles_relayed++;
            hsy_send(r->env, n->link, &answer);
        } else if (b != NULL) {
            rest[ihave.ihave.count] = b->id;
            ihave.ihave.count++;
        }
    }
    if (ihave.ihave.count > 0) {
        r->env->counters.announced += ihave.ihave.count;
        hsy_send(r->env, n->link, &ihave);
    }
}

void hsy_relay_graft(struct hsy_relay *r, struct hsy_neighbour *n,
                     const struct hsy_frame *frame)
{
    HSY_ASSERT(n->overlay);
    /* Also when there is no room for another eager link, and first: that an
     * announced bundle can always be had is what delivery rests on. */
    if (hsy_tree_may_graft(&r->tree, n)) {
        send_wanted(r, n, &frame->graft.ids);
    }
    hsy_tree_graft(&r->tree, n, frame->graft.last_parent);
}

/* ------------------------------------------------------------------- life */

int hsy_relay_init(struct hsy_relay *r, struct hsy_env *env,
                   struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(neighbours != NULL);
    *r = (struct hsy_relay){.env = env};
    hsy_ml_init(&r->seen, env);
    hsy_origins_init(&r->origins, env);
    hsy_retained_init(&r->retained, env, &r->origins);
    int err = hsy_delivery_init(&r->delivery, env, &r->origins);
    hsy_saved_init(&r->saved, env);
    r->saved.origins = &r->origins;
    r->saved.retained = &r->retained;
    r->saved.seen = &r->seen;
    r->saved.delivery = &r->delivery;
    r->saved.large = (struct hsy_saved_large){
        .ctx = r, .bulk = &r->bulk, .expect = expect_again};
    r->origins.saved = &r->saved;
    r->retained.saved = &r->saved;
    hsy_bulk_init(&r->bulk, env, neighbours, &r->seen);
    r->bulk.over = (struct hsy_bulk_over){.ctx = r, .over = large_over};
    hsy_acks_init(&r->acks, env, neighbours, &r->origins, &r->tree.shape);
    hsy_publisher_init(&r->publisher, env, neighbours, &r->bulk, &r->acks);
    hsy_tree_init(&r->tree, env, neighbours);
    hsy_table_init(
        &r->checking, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct check),
                                 .items_max = env->config.jobs_max},
        env->config.hash_salt);
    return err;
}

void hsy_relay_fini(struct hsy_relay *r)
{
    HSY_ASSERT(r->env != NULL);
    hsy_ml_fini(&r->seen);
    hsy_retained_fini(&r->retained);
    hsy_origins_fini(&r->origins);
    hsy_saved_fini(&r->saved);
    hsy_delivery_fini(&r->delivery);
    hsy_acks_fini(&r->acks);
    hsy_publisher_fini(&r->publisher);
    hsy_bulk_fini(&r->bulk);
    hsy_tree_fini(&r->tree);
    hsy_table_fini(&r->checking);
}

void hsy_relay_tick(struct hsy_relay *r)
{
    HSY_ASSERT(r->env != NULL);
    hsy_publisher_tick(&r->publisher);
    hsy_bulk_tick(&r->bulk);
    hsy_tree_tick(&r->tree);
    hsy_delivery_tick(&r->delivery);
    hsy_saved_tick(&r->saved);
}

uint64_t hsy_relay_deadline(const struct hsy_relay *r)
{
    uint64_t next_ns =
        hsy_time_min(r->publisher.next_ns, hsy_tree_deadline(&r->tree));

    HSY_ASSERT(r->env != NULL);
    next_ns = hsy_time_min(next_ns, r->publisher.hash_next_ns);
    next_ns = hsy_time_min(next_ns, r->bulk.next_ns);
    next_ns = hsy_time_min(next_ns, r->saved.next_ns);
    return hsy_time_min(next_ns, hsy_delivery_deadline(&r->delivery));
}
