/* Only those count that say something: a neighbour is waited for when its ACKs
 * have risen lately, and no longer than that. */
#include "core/acks.h"

struct key {
    struct hsy_epoch of;
    hearsay_link link;
};

struct heard {
    struct key key;
    uint64_t upto;
    uint64_t rose_ns;
};

void hsy_acks_init(struct hsy_acks *a, struct hsy_env *env,
                   struct hsy_neighbours *neighbours,
                   struct hsy_origins *origins, const struct hsy_shape *shape)
{
    HSY_ASSERT(origins != NULL);
    *a = (struct hsy_acks){.env = env,
                           .neighbours = neighbours,
                           .origins = origins,
                           .shape = shape};
    hsy_table_init(&a->heard, &env->mem,
                   (struct hsy_table_shape){.key_len = sizeof(struct key),
                                            .item_len = sizeof(struct heard),
                                            .items_max = HSY_ACKS_HEARD_MAX},
                   env->config.hash_salt);
}

void hsy_acks_fini(struct hsy_acks *a)
{
    hsy_table_fini(&a->heard);
    HSY_ASSERT(a->heard.count == 0);
}

static bool is_fresh(const struct hsy_acks *a, const struct heard *h)
{
    HSY_ASSERT(h->rose_ns <= a->env->now.mono_ns);
    return hsy_time_since(h->rose_ns, a->env->now.mono_ns) <= HSY_ACK_FRESH_NS;
}

/* What spreads beside the tree makes circles, in which each waits for the next.
 */
static bool is_in_tree(const struct hsy_acks *a, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return n->overlay && (n->child || n->link == a->shape->parent);
}

/* Of those that are fed from here, and say so; UINT64_MAX: nobody does. */
static uint64_t least_behind(const struct hsy_acks *a,
                             const struct hsy_epoch *of, hearsay_link except)
{
    uint64_t least = UINT64_MAX;

    HSY_ASSERT(of != NULL);
    if (a->heard.count == 0) {
        return least; /* As almost always. */
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(a->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(a->neighbours, i);
        struct key key = {.of = *of, .link = n->link};
        const struct heard *h = is_in_tree(a, n) && n->link != except
                                    ? hsy_table_find(&a->heard, &key)
                                    : NULL;
        if (h != NULL && is_fresh(a, h) && h->upto < least) {
            least = h->upto;
        }
    }
    return least;
}

static void send_ack(struct hsy_acks *a, struct hsy_origin *origin)
{
    const struct hsy_neighbour *up =
        origin->up == 0 ? NULL
                        : hsy_neighbour_by_link(a->neighbours, origin->up);
    struct hsy_frame frame = {.type = HSY_ACK};
    uint64_t behind = least_behind(a, &origin->of, origin->up);
    uint64_t upto = origin->done < behind ? origin->done : behind;

    origin->unacked_len = 0;
    if (up == NULL || !up->overlay || !hsy_neighbour_has(up, HSY_ACK) ||
        upto <= origin->acked) {
        return;
    }
    HSY_ASSERT(upto >= 1);
    origin->acked = upto;
    frame.ack = (struct hsy_span){.of = origin->of, .from = 1, .to = upto};
    a->env->counters.acks_sent++;
    hsy_send(a->env, up->link, &frame);
}

void hsy_acks_came(struct hsy_acks *a, struct hsy_origin *origin,
                   const struct hsy_neighbour *from, size_t len)
{
    uint32_t enough = origin->acked == 0 ? HSY_ACK_FIRST_LEN : HSY_ACK_LEN;

    HSY_ASSERT(len <= HSY_BUNDLE_LEN_MAX);
    origin->unacked_len += (uint32_t)len;
    if (from != NULL && is_in_tree(a, from)) {
        origin->up = from->link;
    }
    if (origin->unacked_len >= enough) {
        send_ack(a, origin);
    }
}

/* One that is not waited for any more makes room; false: there is none. */
static bool make_room(struct hsy_acks *a)
{
    for (uint32_t i = a->heard.count; i > 0; i--) {
        struct heard *h = hsy_table_at(&a->heard, i - 1);
        if (!is_fresh(a, h)) {
            hsy_table_remove(&a->heard, h);
        }
    }
    return a->heard.count < HSY_ACKS_HEARD_MAX;
}

static struct heard *heard_of(struct hsy_acks *a, const struct key *key)
{
    void *item = hsy_table_find(&a->heard, key);
    bool room =
        item != NULL || a->heard.count < HSY_ACKS_HEARD_MAX || make_room(a);

    HSY_ASSERT(key->link != 0);
    if (item == NULL && (!room || hsy_table_put(&a->heard, &item, key) != 0)) {
        return NULL;
    }
    return item;
}

void hsy_acks_heard(struct hsy_acks *a, const struct hsy_neighbour *n,
                    const struct hsy_span *ack)
{
    struct key key = {.of = ack->of, .link = n->link};
    struct hsy_origin *origin = hsy_origin_find(a->origins, &ack->of);

    HSY_ASSERT(n->overlay);
    a->env->counters.acks_in++;
    if (origin == NULL || ack->to > hsy_origin_high(origin)) {
        return; /* Of what was never here. */
    }
    struct heard *h = heard_of(a, &key);
    if (h == NULL || ack->to <= h->upto) {
        return;
    }
    h->upto = ack->to;
    h->rose_ns = a->env->now.mono_ns;
    send_ack(a, origin);
}

/* ------------------------------------------------------------------- pace */

void hsy_acks_published(struct hsy_acks *a, size_t len)
{
    HSY_ASSERT(len <= HSY_INLINE_MAX);
    a->mean_len = a->mean_len == 0 ? len : (15 * a->mean_len + len) / 16;
}

static bool is_near(const struct hsy_acks *a, uint64_t last)
{
    uint64_t each = a->mean_len + HSY_ACK_MESSAGE_LEN;
    uint64_t window = hsy_time_max(
        a->env->config.retain_bytes / HSY_WINDOW_PARTS, HSY_WINDOW_LEN_MIN);

    HSY_ASSERT(window > 0);
    return last <= a->base || (last - a->base) <= window / each;
}

bool hsy_acks_may_publish(struct hsy_acks *a, const struct hsy_epoch *own,
                          uint64_t last)
{
    uint64_t now_ns = a->env->now.mono_ns;
    uint64_t least = least_behind(a, own, 0);

    HSY_ASSERT(own->nonce == a->env->config.boot_nonce);
    if (least == UINT64_MAX) {
        a->base = last; /* Nobody says anything. */
    } else if (least > a->base) {
        a->base = least;
    }
    if (is_near(a, last)) {
        a->waiting_ns = 0;
        return true;
    }
    if (a->waiting_ns == 0 || least > a->least) {
        a->waiting_ns = now_ns;
        a->least = least;
    }
    if (hsy_time_since(a->waiting_ns, now_ns) < HSY_ACK_STUCK_NS) {
        return false;
    }
    a->base = last;
    a->waiting_ns = 0;
    return true;
}
