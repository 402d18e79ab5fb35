/* Two lists through what waits: all by age, for all wait equally long; and of
 * each origin by number. */
#include "core/order.h"

#include "base/mem.h"
#include "core/kept.h"

struct hsy_held {
    struct hsy_held *older, *newer; /* Of all. */
    struct hsy_held *above;         /* Of its origin: the next number. */
    struct hsy_epoch of;
    struct hsy_blob *bundle;     /* A share. */
    struct hearsay_buf *content; /* The same; NULL. */
    uint64_t from;
    uint64_t due_ns;
    uint64_t ordinal; /* Rises with age, but for those that have none. */
    uint8_t hops;
    bool again;
};

size_t hsy_order_held_len(void)
{
    return sizeof(struct hsy_held);
}

void hsy_order_init(struct hsy_order *o, struct hsy_env *env,
                    struct hsy_origins *origins,
                    const struct hsy_order_next *next)
{
    HSY_ASSERT(next->hand_over != NULL);
    *o = (struct hsy_order){.env = env, .origins = origins, .next = *next};
}

static uint64_t held_bytes(const struct hsy_held *h)
{
    HSY_ASSERT(h->bundle != NULL);
    return h->bundle->len + (h->content == NULL ? 0 : h->content->len);
}

static void drop(struct hsy_order *o, struct hsy_held *h)
{
    *(h->older != NULL ? &h->older->newer : &o->oldest) = h->newer;
    *(h->newer != NULL ? &h->newer->older : &o->newest) = h->older;
    HSY_ASSERT(o->count > 0);
    HSY_ASSERT(o->bytes >= held_bytes(h));
    o->count--;
    o->bytes -= held_bytes(h);
    hsy_keep_no_more(o->env, h->bundle);
    hearsay_buf_unref(h->content);
    hsy_mem_free(&o->env->mem, h);
}

void hsy_order_fini(struct hsy_order *o)
{
    while (o->oldest != NULL) {
        drop(o, o->oldest);
    }
    HSY_ASSERT(o->count == 0);
}

/* ------------------------------------------------------------------- late */

static void note_late(struct hsy_order *o, const struct hsy_bundle *bundle)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "late");

    HSY_ASSERT(bundle->count >= 1);
    o->env->counters.late += bundle->count;
    hsy_note_id(&note, "origin", &bundle->origin);
    hsy_note_u64(&note, "epoch", bundle->epoch_incarnation);
    hsy_note_u64(&note, "from", bundle->first_seq);
    hsy_note_u64(&note, "to", bundle->first_seq + bundle->count - 1);
    hsy_tell(o->env, &note);
}

/* -------------------------------------------------------------- whose turn */

/* The first number that is waited for. Of an origin of which nothing was
 * handed over yet: the lowest that anybody has, if it had a life before ours,
 * and that is wanted. */
static uint64_t first_wanted(const struct hsy_order *o,
                             const struct hsy_origin *origin)
{
    uint64_t first = origin->history_from > 0 ? origin->history_from : 1;
    uint64_t unwanted = hsy_origin_unwanted(o->env, origin);
    struct hsy_span span;

    HSY_ASSERT(first >= 1);
    if (origin->next > 0) {
        return origin->next;
    }
    /* The last one of history comes to be looked at, not to be handed over. */
    if (o->env->config.history == 0 && origin->history_to > 0 &&
        !hsy_origin_missing(origin, &span, origin->history_to,
                            origin->history_to)) {
        unwanted = origin->history_to;
    }
    return unwanted >= first ? unwanted + 1 : first;
}

static void hand_over(struct hsy_order *o, struct hsy_origin *origin,
                      const struct hsy_turn *turn)
{
    uint64_t first = first_wanted(o, origin);
    uint64_t from = turn->bundle->first_seq;

    HSY_ASSERT(origin->next <= from);
    origin->skipped += from > first ? from - first : 0;
    origin->next = from + turn->bundle->count;
    o->next.hand_over(o->next.ctx, origin, turn);
}

/* Its lowest one. */
static void release(struct hsy_order *o, struct hsy_origin *origin)
{
    struct hsy_held *h = origin->held;
    struct hsy_bundle bundle = hsy_kept_bundle(h->bundle);

    HSY_ASSERT(bundle.count >= 1);
    origin->held = h->above;
    hand_over(o, origin,
              &(struct hsy_turn){.bundle = &bundle,
                                 .content = h->content,
                                 .hops = h->hops,
                                 .again = h->again,
                                 .ordinal = h->ordinal});
    drop(o, h);
}

/* Is there nothing in front of @from to wait for? */
static bool is_next(const struct hsy_order *o, const struct hsy_origin *origin,
                    uint64_t from)
{
    HSY_ASSERT(from >= 1);
    return from <= first_wanted(o, origin) ||
           (origin->under_way == 0 && from <= origin->done + 1);
}

void hsy_order_look(struct hsy_order *o, struct hsy_origin *origin)
{
    HSY_ASSERT(origin != NULL);
    while (origin->held != NULL && is_next(o, origin, origin->held->from)) {
        release(o, origin);
    }
}

/* The wait of @h is over: so is that of all in front of it. */
static void give_up(struct hsy_order *o, const struct hsy_held *h)
{
    struct hsy_origin *origin = hsy_origin_find(o->origins, &h->of);
    uint64_t to = h->from;

    HSY_ASSERT(origin != NULL); /* It stays while anything of it waits. */
    while (origin->held != NULL && origin->held->from <= to) {
        release(o, origin);
    }
    hsy_order_look(o, origin);
}

/* ------------------------------------------------------------------- wait */

static void insert(struct hsy_order *o, struct hsy_origin *origin,
                   struct hsy_held *h)
{
    struct hsy_held **at = &origin->held;

    while (*at != NULL && (*at)->from < h->from) {
        at = &(*at)->above;
    }
    h->above = *at;
    *at = h;
    h->older = o->newest;
    *(o->newest != NULL ? &o->newest->newer : &o->oldest) = h;
    o->newest = h;
    o->count++;
    o->bytes += held_bytes(h);
    HSY_ASSERT(o->count <= HSY_HELD_MAX);
}

/* What has waited longest is waited for no more. False: that would be for
 * something behind @turn, of the same origin. */
static bool make_room(struct hsy_order *o, const struct hsy_origin *origin,
                      const struct hsy_turn *turn)
{
    uint64_t bytes_max = o->env->config.retain_bytes / HSY_HELD_PARTS;
    uint64_t len = HSY_BUNDLE_FIXED_LEN + turn->bundle->messages_len +
                   (turn->content == NULL ? 0U : turn->content->len);

    while (o->oldest != NULL &&
           (o->count == HSY_HELD_MAX || o->bytes + len > bytes_max)) {
        const struct hsy_held *h = o->oldest;
        o->env->counters.hurried++;
        if (hsy_origin_find(o->origins, &h->of) == origin &&
            h->from > turn->bundle->first_seq) {
            return false;
        }
        give_up(o, h);
    }
    HSY_ASSERT(o->count < HSY_HELD_MAX);
    return true;
}

/* False: no memory, so that it cannot wait. */
static bool hold(struct hsy_order *o, struct hsy_origin *origin,
                 const struct hsy_turn *turn)
{
    struct hsy_held *h = hsy_mem_zalloc(&o->env->mem, sizeof(*h));
    struct hsy_blob *kept = hsy_keep_bundle(o->env, turn->bundle);

    if (h == NULL || kept == NULL) {
        hsy_keep_no_more(o->env, kept);
        hsy_mem_free(&o->env->mem, h);
        return false;
    }
    h->of = origin->of;
    h->bundle = kept;
    h->content = turn->content == NULL ? NULL : hearsay_buf_ref(turn->content);
    h->from = turn->bundle->first_seq;
    h->due_ns =
        hsy_time_add(o->env->now.mono_ns, o->env->config.ordered_wait_ns);
    h->hops = turn->hops;
    h->again = turn->again;
    h->ordinal = turn->ordinal;
    HSY_ASSERT(origin->held == NULL || origin->held->from != h->from);
    insert(o, origin, h);
    return true;
}

/* All that waits and is lower than @from goes first: the order holds. */
static void overtake(struct hsy_order *o, struct hsy_origin *origin,
                     uint64_t from)
{
    HSY_ASSERT(from >= 1);
    while (origin->held != NULL && origin->held->from < from) {
        release(o, origin);
    }
}

/* Forgotten numbers (origins.h) may come twice. */
static bool waits(const struct hsy_origin *origin, uint64_t from)
{
    const struct hsy_held *h = origin->held;

    HSY_ASSERT(from >= 1);
    while (h != NULL && h->from < from) {
        h = h->above;
    }
    return h != NULL && h->from == from;
}

void hsy_order_take(struct hsy_order *o, const struct hsy_turn *turn)
{
    struct hsy_epoch of = hsy_bundle_epoch(turn->bundle);
    struct hsy_origin *origin = hsy_origin_find(o->origins, &of);
    uint64_t from = turn->bundle->first_seq;

    HSY_ASSERT(origin != NULL); /* It was claimed. */
    if (from < origin->next) {
        note_late(o, turn->bundle);
        hsy_order_look(o, origin); /* It may have been the last under way. */
        return;
    }
    if (waits(origin, from)) {
        return;
    }
    if (!o->ending && !is_next(o, origin, from) && make_room(o, origin, turn) &&
        !is_next(o, origin, from) && hold(o, origin, turn)) {
        return;
    }
    overtake(o, origin, from);
    hand_over(o, origin, turn);
    hsy_order_look(o, origin);
}

void hsy_order_tick(struct hsy_order *o)
{
    while (o->oldest != NULL && o->oldest->due_ns <= o->env->now.mono_ns) {
        give_up(o, o->oldest);
    }
    HSY_ASSERT((o->oldest == NULL) == (o->count == 0));
}

uint64_t hsy_order_deadline(const struct hsy_order *o)
{
    HSY_ASSERT(o->env != NULL);
    return o->oldest == NULL ? HEARSAY_NEVER : o->oldest->due_ns;
}

uint64_t hsy_order_lowest(const struct hsy_order *o)
{
    const struct hsy_held *h = o->oldest;

    HSY_ASSERT(o->env != NULL);
    while (h != NULL && h->ordinal == 0) {
        h = h->newer;
    }
    return h == NULL ? UINT64_MAX : h->ordinal;
}

bool hsy_order_holds(const struct hsy_order *o, uint64_t ordinal)
{
    const struct hsy_held *h = ordinal < hsy_order_lowest(o) ? NULL : o->oldest;

    while (h != NULL && h->ordinal != ordinal) {
        h = h->newer;
    }
    HSY_ASSERT(h == NULL || o->count > 0);
    return h != NULL;
}

void hsy_order_flush(struct hsy_order *o)
{
    o->ending = true;
    while (o->oldest != NULL) {
        give_up(o, o->oldest);
    }
    HSY_ASSERT(o->count == 0);
}
