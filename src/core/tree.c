/* A link is eager or lazy, at both ends alike: a PRUNE or a GRAFT changes the
 * end that sends it and then the end that takes it. Links of protocol version
 * 1, and all links of a node that floods, are always eager. */
#include "core/tree.h"

#include "core/kept.h"
#include "core/push.h"

enum { SHORTCUT_PEERS = 20 };

/* A pruned link that still pushes is told again, but not for what was on its
 * way. */
#define PRUNE_AGAIN_NS (1 * HSY_SECOND)
/* A parent from which nothing new came for so long, while others had so many
 * bundles, is none: it is slow, or stopped. */
#define UNFED_NS (500 * HSY_MS)
enum { UNFED_MAX = 8 };
/* So long after the parents have changed. */
#define LET_GO_NS (1 * HSY_SECOND)
/* Of a link that has not been measured. */
#define RTT_GUESS_NS (100 * HSY_MS)

void hsy_tree_init(struct hsy_tree *t, struct hsy_env *env,
                   struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(neighbours != NULL);
    *t = (struct hsy_tree){
        .env = env, .neighbours = neighbours, .let_go_ns = HEARSAY_NEVER};
    hsy_announce_init(&t->announce, env, neighbours);
    hsy_wanted_init(&t->wanted, env);
    hsy_shape_init(&t->shape, env, neighbours);
}

void hsy_tree_fini(struct hsy_tree *t)
{
    HSY_ASSERT(t->env != NULL);
    hsy_announce_fini(&t->announce);
    hsy_wanted_fini(&t->wanted);
}

static bool only_floods(const struct hsy_tree *t)
{
    return t->env->config.relay == HEARSAY_RELAY_FLOOD;
}

/* Can it be lazy? */
static bool is_fixed(const struct hsy_tree *t, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->version >= HSY_PROTOCOL_MIN);
    return only_floods(t) || !hsy_neighbour_has(n, HSY_PRUNE);
}

static bool is_held(const struct hsy_tree *t, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return hsy_neighbour_is_held(n, t->env->now.mono_ns);
}

static uint32_t eager_count(const struct hsy_tree *t)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(t->neighbours, i);
        count += n->overlay && n->eager ? 1 : 0;
    }
    HSY_ASSERT(count <= t->neighbours->degree);
    return count;
}

static void make_lazy(struct hsy_tree *t, struct hsy_neighbour *n)
{
    if (n->eager && !is_fixed(t, n)) {
        n->eager = false;
        hsy_announce_begin(&t->announce, n);
    }
    HSY_ASSERT(!n->eager || is_fixed(t, n));
}

static void make_eager(struct hsy_tree *t, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    if (!n->eager && !is_held(t, n)) {
        hsy_announce_finish(&t->announce, n);
        n->eager = true;
    }
}

/* ----------------------------------------------------------------- spread */

static void fill_frame(struct hsy_frame *frame, const struct hsy_outgoing *out,
                       uint8_t flags)
{
    HSY_ASSERT(out->hops >= 1);
    frame->type = HSY_BUNDLE;
    frame->flags = flags;
    frame->bundle.hops = out->hops;
    frame->bundle.bundle = *out->bundle;
}

/* Own small bundles go over so many lazy links as well. Each saves a part of
 * the way up and down, and costs a copy or two: of a twentieth of the network,
 * that is not much of the whole. */
static uint32_t shortcuts(const struct hsy_tree *t)
{
    uint32_t fair = 1 + t->env->peers_count / SHORTCUT_PEERS;

    HSY_ASSERT(SHORTCUT_PEERS > 0);
    return fair < t->env->config.shortcuts ? fair : t->env->config.shortcuts;
}

/* Is @n one of the lazy links nearest to the root, @most at most? */
static bool is_shortcut(const struct hsy_tree *t, const struct hsy_neighbour *n,
                        uint32_t most)
{
    uint32_t nearer = 0;

    HSY_ASSERT(!n->eager);
    for (uint32_t i = 0;
         i < hsy_neighbours_count(t->neighbours) && nearer < most; i++) {
        const struct hsy_neighbour *other = hsy_neighbour_at(t->neighbours, i);
        bool closer = other->root_distance_us < n->root_distance_us ||
                      (other->root_distance_us == n->root_distance_us &&
                       other->link < n->link);
        nearer += other->overlay && !other->eager && closer ? 1 : 0;
    }
    return nearer < most;
}

void hsy_tree_spread(struct hsy_tree *t, const struct hsy_outgoing *out)
{
    bool flood = out->to_all || t->env->now.mono_ns < t->flood_until_ns;
    struct hsy_frame pushed;
    struct hsy_frame beside;
    struct hsy_push tree;
    struct hsy_push extra;
    uint32_t quick = out->small ? shortcuts(t) : 0;
    uint8_t version = hsy_bundle_version(out->bundle);
    uint32_t lazy = 0;

    fill_frame(&pushed, out, 0);
    fill_frame(&beside, out, HSY_FLAG_EXTRA);
    hsy_push_begin(&tree, t->env, &pushed);
    hsy_push_begin(&extra, t->env, &beside);
    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(t->neighbours, i);
        if (!n->overlay || n == out->except || is_held(t, n)) {
            continue; /* Digests tell the last kind. */
        }
        if (n->version < version) {
            t->env->counters.bundles_withheld++;
            continue;
        }
        if (n->eager) {
            hsy_push_to(&tree, n->link);
        } else if (flood || is_shortcut(t, n, quick)) {
            hsy_push_to(&extra, n->link);
        } else {
            lazy++;
        }
    }
    hsy_push_flush(&tree);
    hsy_push_flush(&extra);
    t->env->counters.bundles_relayed += tree.sent + extra.sent;
    t->env->counters.bundles_pushed_extra += extra.sent;
    if (lazy > 0) {
        hsy_announce_add(&t->announce, out->id,
                         out->except == NULL ? 0 : out->except->link);
    }
}

/* ------------------------------------------------------------------ prune */

static void send_prune(struct hsy_tree *t, struct hsy_neighbour *n,
                       enum hsy_prune_why why)
{
    struct hsy_frame frame = {.type = HSY_PRUNE};
    uint8_t bytes[HSY_REDIRECTS_MAX * (HSY_RECORD_LEN_MAX + 2)];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_records *others = &frame.prune.alternatives;

    HSY_ASSERT(hsy_neighbour_has(n, HSY_PRUNE));
    frame.prune.why = why;
    others->bytes = bytes;
    for (uint32_t i = 0;
         why == HSY_PRUNE_FULL && i < hsy_neighbours_count(t->neighbours) &&
         others->count < HSY_REDIRECTS_MAX;
         i++) {
        const struct hsy_neighbour *other = hsy_neighbour_at(t->neighbours, i);
        if (other != n && other->overlay && other->eager &&
            hsy_kept_record_brief(other->record).addrs_count > 0) {
            hsy_records_add_encoded(&list, others, other->record->bytes,
                                    other->record->len);
        }
    }
    HSY_ASSERT(!list.bad);
    n->pruned_ns = t->env->now.mono_ns;
    t->env->counters.prunes_sent++;
    hsy_send(t->env, n->link, &frame);
}

void hsy_tree_copy(struct hsy_tree *t, struct hsy_neighbour *n, uint8_t copy)
{
    uint64_t again_ns = hsy_time_add(n->pruned_ns, PRUNE_AGAIN_NS);

    HSY_ASSERT(n->link != 0);
    if (copy < HSY_PRUNE_COPY || !n->overlay || is_fixed(t, n) ||
        hsy_shape_holds(&t->shape, n)) {
        return;
    }
    bool only_one = n->eager && eager_count(t) == 1;
    if (!only_one && (n->eager || t->env->now.mono_ns >= again_ns)) {
        make_lazy(t, n);
        send_prune(t, n, HSY_PRUNE_DUPLICATE);
    }
}

/* ------------------------------------------------------------------ graft */

#define RATION_NS (HSY_SECOND / HSY_GRAFTS_PER_S)

/* When there is one more, once all are used up. */
static uint64_t next_ration_ns(const struct hsy_ration *r)
{
    HSY_ASSERT(r->left == 0);
    return hsy_time_add(r->counted_ns, RATION_NS);
}

/* One of 20 a second; false: they are used up. */
static bool take(const struct hsy_tree *t, struct hsy_ration *r)
{
    uint64_t now_ns = t->env->now.mono_ns;
    uint64_t more = hsy_time_since(r->counted_ns, now_ns) / RATION_NS;

    if (r->left + more >= HSY_GRAFTS_PER_S) {
        *r =
            (struct hsy_ration){.left = HSY_GRAFTS_PER_S, .counted_ns = now_ns};
    } else {
        r->left = (uint8_t)(r->left + more);
        r->counted_ns = hsy_time_add(r->counted_ns, more * RATION_NS);
    }
    if (r->left == 0) {
        return false;
    }
    r->left--;
    HSY_ASSERT(r->left < HSY_GRAFTS_PER_S);
    return true;
}

/* It becomes eager, and sends the bundles @ids. */
static void send_graft(struct hsy_tree *t, struct hsy_neighbour *n,
                       const struct hsy_bundle_id *ids, uint32_t count)
{
    struct hsy_frame frame = {.type = HSY_GRAFT};

    HSY_ASSERT(hsy_neighbour_has(n, HSY_GRAFT));
    frame.graft.ids = (struct hsy_bundle_ids){
        .count = count, .bytes = count == 0 ? NULL : ids->bytes};
    frame.graft.last_parent =
        t->shape.pressing || eager_count(t) == (n->eager ? 1 : 0);
    make_eager(t, n);
    t->env->counters.grafts_sent++;
    hsy_send(t->env, n->link, &frame);
}

bool hsy_tree_may_graft(struct hsy_tree *t, struct hsy_neighbour *n)
{
    bool may = take(t, &n->grafts_in);

    HSY_ASSERT(n->overlay);
    t->env->counters.grafts_in++;
    t->env->counters.grafts_refused += may ? 0 : 1;
    return may;
}

/* An eager link that is no part of the tree becomes lazy; false: it is. */
static bool shed(struct hsy_tree *t, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    if (!n->overlay || !n->eager || is_fixed(t, n) ||
        hsy_shape_holds(&t->shape, n)) {
        return false;
    }
    make_lazy(t, n);
    send_prune(t, n, HSY_PRUNE_DUPLICATE);
    return true;
}

/* An eager link that is no part of the tree, as one that was grafted for a
 * bundle that was late, makes room for one that may be. False: there is none.
 */
static bool make_room(struct hsy_tree *t)
{
    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        if (shed(t, hsy_neighbour_at(t->neighbours, i))) {
            return true;
        }
    }
    HSY_ASSERT(eager_count(t) >= HSY_EAGER_MAX);
    return false;
}

void hsy_tree_graft(struct hsy_tree *t, struct hsy_neighbour *n,
                    bool last_parent)
{
    HSY_ASSERT(n->overlay);
    if (is_held(t, n)) {
        return; /* What it wanted it has got; more it asks for. */
    }
    if (n->eager || last_parent || eager_count(t) < HSY_EAGER_MAX ||
        make_room(t)) {
        make_eager(t, n);
    } else {
        t->env->counters.grafts_refused++;
        send_prune(t, n, HSY_PRUNE_FULL);
    }
}

static uint64_t rtt_of(const struct hsy_neighbour *n)
{
    HSY_ASSERT(RTT_GUESS_NS > 0);
    return n->rtt_ns == 0 ? RTT_GUESS_NS : n->rtt_ns;
}

/* The quickest lazy link but @except; NULL: there is none. */
static struct hsy_neighbour *best_lazy(const struct hsy_tree *t,
                                       const struct hsy_neighbour *except)
{
    struct hsy_neighbour *best = NULL;

    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(t->neighbours, i);
        bool lazy = n != except && n->overlay && !n->eager && !is_fixed(t, n) &&
                    !is_held(t, n);
        if (lazy && (best == NULL || rtt_of(n) < rtt_of(best))) {
            best = n;
        }
    }
    HSY_ASSERT(best == NULL || !best->eager);
    return best;
}

static void graft_best(struct hsy_tree *t, const struct hsy_neighbour *except)
{
    struct hsy_neighbour *n = best_lazy(t, except);

    HSY_ASSERT(n == NULL || n != except);
    if (n != NULL && take(t, &n->grafts_out)) {
        send_graft(t, n, NULL, 0);
    }
}

/* Former parents are let go when the new ones have had time to begin: what is
 * on its way meanwhile would else come from none. Who has been the first with
 * something meanwhile stays until it comes second: the new one may be dead. */
static void let_go(struct hsy_tree *t)
{
    t->let_go_ns = HEARSAY_NEVER;
    if (t->shape.parent == 0) {
        return; /* It is gone again: they are all there is. */
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(t->neighbours, i);
        if (n->former) {
            (void)shed(t, n);
        }
        n->former = false;
    }
    HSY_ASSERT(t->let_go_ns == HEARSAY_NEVER);
}

/* NULL: it is gone, or @link is 0 for none. */
static struct hsy_neighbour *parent_at(const struct hsy_tree *t,
                                       hearsay_link link)
{
    HSY_ASSERT(t->neighbours != NULL);
    return link == 0 ? NULL : hsy_neighbour_by_link(t->neighbours, link);
}

/* False: too many GRAFTs went over it just now. */
static bool hang_on(struct hsy_tree *t, hearsay_link link)
{
    struct hsy_neighbour *n = parent_at(t, link);

    HSY_ASSERT(n == NULL || n->link == link);
    if (n == NULL || n->eager) {
        return true;
    }
    if (!take(t, &n->grafts_out)) {
        return false;
    }
    send_graft(t, n, NULL, 0);
    return true;
}

static void mark_former(struct hsy_tree *t, hearsay_link link)
{
    struct hsy_neighbour *n = parent_at(t, link);

    HSY_ASSERT(n == NULL || n->link == link);
    if (n != NULL) {
        n->former = true;
    }
}

void hsy_tree_first(struct hsy_tree *t, struct hsy_neighbour *n)
{
    HSY_ASSERT(t->neighbours != NULL);
    n->former = false;
    if (n->link == t->parent) {
        t->fed_ns = t->env->now.mono_ns;
        t->unfed = 0;
    }
}

/* Hangs on the parents that the shape has chosen. */
static void reshape(struct hsy_tree *t)
{
    const struct hsy_shape *s = &t->shape;

    if (t->parent == s->parent && t->spare == s->spare) {
        return;
    }
    if (!hang_on(t, s->parent) || !hang_on(t, s->spare)) {
        return; /* At a later tick. */
    }
    mark_former(t, t->parent);
    mark_former(t, t->spare);
    t->fed_ns = t->env->now.mono_ns;
    t->unfed = 0;
    t->parent = s->parent;
    t->spare = s->spare;
    if (s->parent != 0) {
        t->let_go_ns = hsy_time_add(t->env->now.mono_ns, LET_GO_NS);
    }
    HSY_ASSERT(t->parent == s->parent);
}

/* Whom every neighbour prunes would hear of a message by announcements only,
 * and could push none of its own. */
void hsy_tree_pruned(struct hsy_tree *t, struct hsy_neighbour *n,
                     enum hsy_prune_why why)
{
    bool parent = n->link == t->shape.parent || n->link == t->shape.spare;

    t->env->counters.prunes_in++;
    make_lazy(t, n);
    HSY_ASSERT(!n->eager || is_fixed(t, n));
    if (why == HSY_PRUNE_FULL) {
        hsy_shape_refused(&t->shape, n);
        reshape(t);
        parent = n->link == t->shape.parent || n->link == t->shape.spare;
    }
    if (parent) {
        (void)hang_on(t, n->link); /* It did not know yet. */
    }
    if (eager_count(t) == 0) {
        graft_best(t, n);
    }
}

void hsy_tree_demote(struct hsy_tree *t, struct hsy_neighbour *n)
{
    bool was_eager = n->eager;

    make_lazy(t, n);
    t->env->counters.links_demoted += was_eager && !n->eager ? 1 : 0;
    if (n->link == t->shape.parent || n->link == t->shape.spare) {
        hsy_shape_refused(&t->shape, n); /* Who cannot take cannot give. */
        reshape(t);
    }
    HSY_ASSERT(!only_floods(t) || n->eager || !was_eager);
}

void hsy_tree_root(struct hsy_tree *t, struct hsy_neighbour *n,
                   const struct hsy_root *root)
{
    if (only_floods(t)) {
        return;
    }
    HSY_ASSERT(n->overlay);
    hsy_shape_heard(&t->shape, n, root);
    reshape(t);
}

static uint64_t bounded(uint64_t wait_ns)
{
    HSY_ASSERT(HSY_GRAFT_MIN_NS < HSY_GRAFT_MAX_NS);
    return hsy_time_min(hsy_time_max(wait_ns, HSY_GRAFT_MIN_NS),
                        HSY_GRAFT_MAX_NS);
}

void hsy_tree_announced(struct hsy_tree *t, const struct hsy_neighbour *n,
                        const struct hsy_bundle_id *id, uint64_t check_ns)
{
    uint64_t wait_ns = hsy_time_max(2 * rtt_of(n), 2 * t->wanted.lag_ns);

    HSY_ASSERT(n->overlay);
    wait_ns = hsy_time_max(wait_ns, 2 * check_ns);
    hsy_wanted_add(&t->wanted, id, n->link, bounded(wait_ns));
}

/* The wait for one that was asked, before the next one is: a round trip of
 * the slowest of them. */
static uint64_t answer_ns(const struct hsy_tree *t)
{
    uint64_t rtt_ns = HSY_GRAFT_MIN_NS;

    for (uint32_t i = 0; i < hsy_neighbours_count(t->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(t->neighbours, i);
        rtt_ns = n->overlay ? hsy_time_max(rtt_ns, rtt_of(n)) : rtt_ns;
    }
    HSY_ASSERT(rtt_ns > 0);
    return bounded(rtt_ns);
}

/* @count more bundles that the parent should have brought, and others have. */
static void blame_parent(struct hsy_tree *t, uint32_t count)
{
    struct hsy_neighbour *n = parent_at(t, t->parent);
    uint64_t hungry_ns = hsy_time_since(t->fed_ns, t->env->now.mono_ns);

    t->unfed += count;
    if (n != NULL && t->unfed >= UNFED_MAX && hungry_ns >= UNFED_NS) {
        t->unfed = 0;
        hsy_shape_refused(&t->shape, n);
        reshape(t);
    }
    HSY_ASSERT(t->unfed < UNFED_MAX || hungry_ns < UNFED_NS || n == NULL);
}

static void ask_for_what_is_late(struct hsy_tree *t)
{
    uint64_t wait_ns = answer_ns(t);
    hearsay_link link;

    while ((link = hsy_wanted_whom(&t->wanted)) != 0) {
        struct hsy_neighbour *n = hsy_neighbour_by_link(t->neighbours, link);
        struct hsy_bundle_id ids[HSY_GRAFT_IDS_MAX];
        if (n == NULL || !n->overlay) {
            hsy_wanted_skip(&t->wanted, link);
        } else if (take(t, &n->grafts_out)) {
            uint32_t count = hsy_wanted_take(&t->wanted, link, ids, wait_ns);
            send_graft(t, n, ids, count);
            blame_parent(t, count);
        } else {
            hsy_wanted_later(&t->wanted, link, next_ration_ns(&n->grafts_out));
        }
    }
    HSY_ASSERT(t->wanted.next_ns > t->env->now.mono_ns);
}

/* ------------------------------------------------------------------ links */

void hsy_tree_joined(struct hsy_tree *t)
{
    t->flood_until_ns = hsy_time_add(t->env->now.mono_ns, HSY_FLOOD_NS);
    HSY_ASSERT(t->flood_until_ns > t->env->now.mono_ns);
}

void hsy_tree_link_up(struct hsy_tree *t, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    n->grafts_out = (struct hsy_ration){.left = HSY_GRAFTS_PER_S,
                                        .counted_ns = t->env->now.mono_ns};
    n->grafts_in = n->grafts_out;
    n->eager = is_fixed(t, n);
    if (n->eager) {
        n->held_until_ns = 0; /* Digests and GRAFT would be all it gets. */
    }
    hsy_announce_begin(&t->announce, n);
    if (only_floods(t)) {
        return;
    }
    hsy_shape_link_up(&t->shape, n);
    if (eager_count(t) == 0 && !is_held(t, n) && take(t, &n->grafts_out)) {
        send_graft(t, n, NULL, 0); /* The first one; the shape comes later. */
    }
}

void hsy_tree_link_down(struct hsy_tree *t, const struct hsy_neighbour *gone)
{
    HSY_ASSERT(gone->overlay);
    t->flood_until_ns = hsy_time_add(t->env->now.mono_ns, HSY_FLOOD_NS);
    hsy_shape_link_down(&t->shape, gone->link);
    reshape(t);
    if (gone->eager) {
        graft_best(t, NULL);
    }
}

void hsy_tree_tick(struct hsy_tree *t)
{
    if (t->env->now.mono_ns >= t->wanted.next_ns) {
        ask_for_what_is_late(t);
    }
    hsy_announce_tick(&t->announce);
    if (!only_floods(t)) {
        hsy_shape_tick(&t->shape);
        reshape(t);
        if (t->env->now.mono_ns >= t->let_go_ns) {
            let_go(t);
        }
    }
}

uint64_t hsy_tree_deadline(const struct hsy_tree *t)
{
    uint64_t next_ns = hsy_time_min(t->wanted.next_ns, t->announce.due_ns);

    HSY_ASSERT(t->env != NULL);
    return hsy_time_min(next_ns, hsy_time_min(t->shape.next_ns, t->let_go_ns));
}
