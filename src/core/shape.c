/* Distances from a root, as in distance-vector routing with rounds counted by
 * the destination (Perkins, Bhagwat: DSDV, 1994). A parent is nearer to the
 * root than this node ever said to be, in the same round, or is of a later one
 * (the feasibility condition of Babel, RFC 8966, 3.5.1): so nodes never hang
 * on each other in a circle. Without it, those whom a dead root left behind
 * counted each other's distances up for 45 s, and told them ten times a
 * second. Who has no such neighbour has no parent until the next round. */
#include "core/shape.h"

#include "base/addr.h"

/* Each hop costs this beside half a round trip: on a fast network hops are
 * what counts. */
enum { HOP_US = 20000, RTT_GUESS_US = 500000 };
/* A parent is changed for a gain of at least so much. */
enum { GAIN_US = 20000 };
/* From so many peers on, the whole of spares_percent have a second parent; with
 * fewer, fewer. */
enum { SPARES_FROM = 200 };
/* A rank higher for each factor of 4 of links, from 8 on. */
enum { RANK_FIRST = 8, RANK_FACTOR = 4 };
/* Neighbours are told at most so often. */
#define TELL_NS (100 * HSY_MS)
/* Without any root, a node that has joined waits so long for one. */
#define PATIENCE_NS (3 * HSY_SECOND)

void hsy_shape_init(struct hsy_shape *s, struct hsy_env *env,
                    struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(neighbours != NULL);
    *s = (struct hsy_shape){.env = env,
                            .neighbours = neighbours,
                            .round_ns = HEARSAY_NEVER,
                            .next_ns = HEARSAY_NEVER};
    s->root.distance_us = HSY_DISTANCE_NONE;
}

static uint8_t own_rank(const struct hsy_shape *s)
{
    uint32_t degree = s->neighbours->degree;
    uint8_t rank = 0;

    for (; degree >= RANK_FIRST; degree /= RANK_FACTOR) {
        rank++;
    }
    HSY_ASSERT(rank <= 16);
    return rank;
}

static bool is_root(const struct hsy_shape *s)
{
    HSY_ASSERT(s->env != NULL);
    return s->has_root && hsy_id_equal(&s->root.id, &s->env->id);
}

/* > 0: @a is the better root. */
static int compare(const struct hsy_root *a, const struct hsy_root *b)
{
    HSY_ASSERT(a != NULL && b != NULL);
    if (a->rank != b->rank) {
        return a->rank > b->rank ? 1 : -1;
    }
    return hsy_id_compare(&b->id, &a->id);
}

/* Rounds wrap around. */
static bool is_later(uint32_t a, uint32_t b)
{
    HSY_ASSERT(sizeof(a) == 4);
    return a != b && a - b < UINT32_C(1) << 31;
}

static void wake(struct hsy_shape *s, uint64_t at_ns)
{
    s->next_ns = hsy_time_min(s->next_ns, at_ns);
    HSY_ASSERT(s->next_ns <= at_ns);
}

/* Neighbours may be told again from then on. */
static uint64_t tell_from(const struct hsy_shape *s)
{
    uint64_t next_ns = s->told_ns == 0 ? 0 : hsy_time_add(s->told_ns, TELL_NS);

    HSY_ASSERT(s->env != NULL);
    return hsy_time_max(next_ns, s->settled_ns);
}

static void changed(struct hsy_shape *s)
{
    s->changed = true;
    wake(s, hsy_time_max(tell_from(s), s->env->now.mono_ns));
    HSY_ASSERT(s->next_ns != HEARSAY_NEVER);
}

/* ----------------------------------------------------------------- parent */

/* Whoever hangs on this node is a hop further away than it ever said to be. */
static bool is_feasible(const struct hsy_shape *s,
                        const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->root_distance_us != HSY_DISTANCE_NONE);
    return !s->told_any || is_later(n->root_round, s->told_round) ||
           (n->root_round == s->told_round &&
            n->root_distance_us < (uint64_t)s->told_us + HOP_US);
}

static bool is_candidate(const struct hsy_shape *s,
                         const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return n->overlay && hsy_neighbour_has(n, HSY_ROOT) &&
           !hsy_neighbour_is_held(n, s->env->now.mono_ns) &&
           n->root_distance_us != HSY_DISTANCE_NONE &&
           !is_later(s->newest, n->root_round + 1) && is_feasible(s, n) &&
           (s->pressing || s->env->now.mono_ns >= n->full_until_ns);
}

/* What is not measured yet is taken to be as far as the furthest. Were it taken
 * to be near, everybody would hang on it until its first ping; and a distance
 * that grows is not believed before the next round. */
static uint64_t unmeasured_rtt_us(const struct hsy_shape *s)
{
    uint64_t most_us = 0;

    for (uint32_t i = 0; i < hsy_neighbours_count(s->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(s->neighbours, i);
        if (n->overlay && n->rtt_least_ns / 1000 > most_us) {
            most_us = n->rtt_least_ns / 1000;
        }
    }
    HSY_ASSERT(RTT_GUESS_US > 0);
    return most_us == 0 ? RTT_GUESS_US : most_us;
}

static uint32_t distance_over(const struct hsy_shape *s,
                              const struct hsy_neighbour *n)
{
    uint64_t rtt_us =
        n->rtt_least_ns == 0 ? s->unmeasured_us : n->rtt_least_ns / 1000;
    uint64_t far = n->root_distance_us + rtt_us / 2 + HOP_US;

    HSY_ASSERT(n->root_distance_us != HSY_DISTANCE_NONE);
    return far < HSY_DISTANCE_NONE ? (uint32_t)far : HSY_DISTANCE_NONE - 1;
}

/* The nearest one to the root but @except (NULL: nobody). The present one
 * stays if it is nearly as near. */
static struct hsy_neighbour *nearest(const struct hsy_shape *s,
                                     hearsay_link present,
                                     const struct hsy_neighbour *except)
{
    struct hsy_neighbour *best = NULL;
    uint32_t best_us = HSY_DISTANCE_NONE;

    for (uint32_t i = 0; i < hsy_neighbours_count(s->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(s->neighbours, i);
        if (n == except || !is_candidate(s, n)) {
            continue;
        }
        uint32_t far_us = distance_over(s, n);
        far_us =
            n->link == present && far_us > GAIN_US ? far_us - GAIN_US : far_us;
        if (best == NULL || far_us < best_us) {
            best = n;
            best_us = far_us;
        }
    }
    HSY_ASSERT(best == NULL || best->overlay);
    return best;
}

/* Some nodes have a second parent: with none, what a crash breaks is mended by
 * announcements only; with one at each, every delivery would come twice. In a
 * small network paths are short anyway, and each second copy weighs more. */
static bool wants_spare(const struct hsy_shape *s)
{
    uint64_t draw = s->env->id.bytes[HEARSAY_ID_LEN - 1];
    uint64_t peers =
        s->env->peers_count < SPARES_FROM ? s->env->peers_count : SPARES_FROM;

    HSY_ASSERT(s->env->config.spares_percent <= 100);
    return draw * 100 * SPARES_FROM <
           s->env->config.spares_percent * peers * 256;
}

/* It must not hang on this node itself. */
static struct hsy_neighbour *second(const struct hsy_shape *s,
                                    const struct hsy_neighbour *first)
{
    struct hsy_neighbour *n =
        first == NULL || !wants_spare(s) ? NULL : nearest(s, s->spare, first);

    HSY_ASSERT(n == NULL || n != first);
    return n != NULL && n->root_distance_us < s->root.distance_us ? n : NULL;
}

/* A new parent that has no room says so within a round trip; a distance that
 * was told before would bind this node for a round. */
static uint64_t time_to_refuse(const struct hsy_neighbour *n)
{
    HSY_ASSERT(TELL_NS < HSY_SECOND);
    return hsy_time_min(
        n->rtt_ns == 0 ? TELL_NS : n->rtt_ns + 2 * HOP_US * UINT64_C(1000),
        HSY_SECOND);
}

/* NULL: there is none, or this node is the root. When all are full, one of
 * them is pressed. */
static struct hsy_neighbour *first(struct hsy_shape *s)
{
    struct hsy_neighbour *n = NULL;

    s->pressing = false;
    if (!is_root(s)) {
        n = nearest(s, s->parent, NULL);
        s->pressing = n == NULL;
    }
    HSY_ASSERT(n == NULL || !s->pressing);
    return s->pressing ? nearest(s, s->parent, NULL) : n;
}

/* Chooses the parents anew. */
static void choose(struct hsy_shape *s)
{
    s->unmeasured_us = unmeasured_rtt_us(s);

    struct hsy_neighbour *best = first(s);
    hearsay_link parent = best == NULL ? 0 : best->link;
    struct hsy_root before = s->root;

    s->root.distance_us = is_root(s)     ? 0
                          : best == NULL ? HSY_DISTANCE_NONE
                                         : distance_over(s, best);
    s->root.round = best == NULL ? s->root.round : best->root_round;
    struct hsy_neighbour *other = second(s, best);
    hearsay_link spare = other == NULL ? 0 : other->link;
    uint32_t now_us = s->root.distance_us;
    uint32_t moved_us = now_us > before.distance_us
                            ? now_us - before.distance_us
                            : before.distance_us - now_us;
    s->env->counters.parents_changed += parent != s->parent ? 1 : 0;
    if (best != NULL && parent != s->parent) {
        s->settled_ns = hsy_time_add(s->env->now.mono_ns, time_to_refuse(best));
    }
    if (parent != s->parent || spare != s->spare || moved_us >= GAIN_US ||
        s->root.round != before.round) {
        changed(s);
    }
    s->parent = parent;
    s->spare = spare;
    HSY_ASSERT(s->parent != 0 || s->spare == 0);
}

bool hsy_shape_holds(const struct hsy_shape *s, const struct hsy_neighbour *n)
{
    /* Between two parents, whatever feeds it is held. */
    bool lost = s->has_root && s->parent == 0 && !is_root(s);

    HSY_ASSERT(n->link != 0);
    return lost || n->link == s->parent || n->link == s->spare || n->child;
}

/* ------------------------------------------------------------------- root */

static void adopt(struct hsy_shape *s, const struct hsy_root *root)
{
    HSY_ASSERT(root != NULL);
    s->root = *root;
    s->root.distance_us = HSY_DISTANCE_NONE;
    s->newest = root->round;
    s->told_any = false;
    s->has_root = true;
    s->parent = 0;
    s->spare = 0;
    s->round_ns = s->env->now.mono_ns;
    for (uint32_t i = 0; i < hsy_neighbours_count(s->neighbours); i++) {
        hsy_neighbour_at(s->neighbours, i)->root_distance_us =
            HSY_DISTANCE_NONE;
    }
    wake(s, s->round_ns);
    changed(s);
}

static void be_root(struct hsy_shape *s)
{
    struct hsy_root own = {
        .rank = own_rank(s), .id = s->env->id, .round = s->newest + 1};

    HSY_ASSERT(s->neighbours->degree > 0);
    adopt(s, &own);
    s->root.distance_us = 0;
}

static void lose_root(struct hsy_shape *s)
{
    HSY_ASSERT(s->has_root);
    s->env->counters.roots_lost++;
    s->gone = s->root;
    s->gone.round = s->newest;
    s->has_root = false;
    s->parent = 0;
    s->spare = 0;
    s->root.distance_us = HSY_DISTANCE_NONE;
    /* Not all at once: the first ones are enough. */
    s->round_ns = hsy_time_add(s->env->now.mono_ns,
                               1 + hsy_prng_below(&s->env->prng, PATIENCE_NS));
    wake(s, s->round_ns);
}

static bool is_gone(const struct hsy_shape *s, const struct hsy_root *root)
{
    HSY_ASSERT(root != NULL);
    return compare(root, &s->gone) == 0 &&
           !is_later(root->round, s->gone.round);
}

static void send_root(struct hsy_shape *s, const struct hsy_neighbour *n)
{
    struct hsy_frame frame = {.type = HSY_ROOT, .root = s->root};
    bool is_new = !s->told_any || is_later(s->root.round, s->told_round);

    HSY_ASSERT(s->has_root);
    frame.root.parent = n->link == s->parent || n->link == s->spare;
    if (s->root.distance_us != HSY_DISTANCE_NONE &&
        (is_new || (s->root.round == s->told_round &&
                    s->root.distance_us < s->told_us))) {
        s->told_any = true;
        s->told_round = s->root.round;
        s->told_us = s->root.distance_us;
    }
    hsy_send(s->env, n->link, &frame);
}

void hsy_shape_heard(struct hsy_shape *s, struct hsy_neighbour *n,
                     const struct hsy_root *root)
{
    bool own = hsy_id_equal(&root->id, &s->env->id);
    int better = s->has_root ? compare(root, &s->root) : 1;

    HSY_ASSERT(n->overlay);
    n->root_distance_us = HSY_DISTANCE_NONE;
    n->child = root->parent;
    if (is_gone(s, root) || (own && !is_root(s))) {
        return; /* Of a past round, or of our own past life. */
    }
    if (better < 0) {
        send_root(s, n);
        return;
    }
    if (better > 0) {
        adopt(s, root);
    } else if (is_later(root->round, s->newest) && !own) {
        s->newest = root->round;
        s->round_ns = s->env->now.mono_ns;
    }
    n->root_distance_us = root->distance_us;
    n->root_round = root->round;
    choose(s);
}

void hsy_shape_link_up(struct hsy_shape *s, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    n->root_distance_us = HSY_DISTANCE_NONE;
    n->child = false;
    n->full_until_ns = 0;
    if (s->has_root && hsy_neighbour_has(n, HSY_ROOT)) {
        send_root(s, n);
    } else if (s->round_ns == HEARSAY_NEVER) {
        s->round_ns = hsy_time_add(s->env->now.mono_ns, PATIENCE_NS);
        wake(s, s->round_ns);
    }
}

void hsy_shape_link_down(struct hsy_shape *s, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    if (s->parent == link || s->spare == link) {
        choose(s);
    }
}

void hsy_shape_refused(struct hsy_shape *s, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    n->full_until_ns = hsy_time_add(s->env->now.mono_ns, HSY_PARENT_FULL_NS);
    if (s->has_root) {
        choose(s);
    }
}

/* ------------------------------------------------------------------- time */

static void tell(struct hsy_shape *s)
{
    HSY_ASSERT(s->has_root);
    for (uint32_t i = 0; i < hsy_neighbours_count(s->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(s->neighbours, i);
        if (n->overlay && hsy_neighbour_has(n, HSY_ROOT)) {
            send_root(s, n);
        }
    }
    s->changed = false;
    s->told_ns = s->env->now.mono_ns;
}

/* Who has joined may be the root when there is none, or when it is far better
 * linked than the one there is. */
static bool should_be_root(const struct hsy_shape *s)
{
    uint64_t now_ns = s->env->now.mono_ns;

    if (s->env->joined_ns == HEARSAY_NEVER || s->neighbours->degree == 0) {
        return false;
    }
    HSY_ASSERT(s->env->joined_ns <= now_ns);
    return s->has_root ? own_rank(s) > s->root.rank : now_ns >= s->round_ns;
}

static void count_round(struct hsy_shape *s)
{
    HSY_ASSERT(is_root(s));
    s->newest++;
    s->root.round = s->newest;
    s->round_ns = s->env->now.mono_ns;
    s->changed = true;
}

static uint64_t next_look(const struct hsy_shape *s)
{
    uint64_t now_ns = s->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;

    if (s->has_root) {
        next_ns = hsy_time_add(s->round_ns,
                               is_root(s) ? HSY_ROUND_NS : HSY_ROOT_GONE_NS);
    } else if (s->round_ns != HEARSAY_NEVER) {
        /* Nobody to be the root of yet, or not joined: look again later. */
        next_ns = hsy_time_max(s->round_ns, hsy_time_add(now_ns, HSY_SECOND));
    }
    if (s->changed) {
        next_ns = hsy_time_min(next_ns, tell_from(s));
    }
    HSY_ASSERT(next_ns > now_ns);
    return next_ns;
}

void hsy_shape_tick(struct hsy_shape *s)
{
    uint64_t now_ns = s->env->now.mono_ns;

    if (should_be_root(s)) {
        be_root(s);
    }
    if (now_ns < s->next_ns) {
        return;
    }
    if (is_root(s) && now_ns >= hsy_time_add(s->round_ns, HSY_ROUND_NS)) {
        count_round(s);
    } else if (s->has_root && !is_root(s) &&
               now_ns >= hsy_time_add(s->round_ns, HSY_ROOT_GONE_NS)) {
        lose_root(s);
    }
    if (s->changed && s->has_root && now_ns >= tell_from(s)) {
        tell(s);
    }
    s->changed = s->changed && s->has_root;
    s->next_ns = next_look(s);
}
