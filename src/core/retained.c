/* Two chains through one table: by age, and for each origin by number. A
 * removal moves the last item of the table into the hole, so its neighbours
 * in both chains are told. */
#include "core/retained.h"

#include "core/kept.h"
#include "core/saved.h"

/* An origin may hold this part of the bytes before it pays for its own. */
enum { QUOTA_PARTS = 4 };

void hsy_retained_init(struct hsy_retained *r, struct hsy_env *env,
                       struct hsy_origins *origins)
{
    HSY_ASSERT(origins != NULL);
    *r = (struct hsy_retained){.env = env, .origins = origins};
    hsy_table_init(
        &r->table, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct hsy_retained_bundle),
                                 .items_max = env->config.retain_max},
        env->config.hash_salt);
}

static struct hsy_retained_bundle *at(const struct hsy_retained *r,
                                      uint32_t place)
{
    HSY_ASSERT(place != HSY_PLACE_NONE);
    return hsy_table_at(&r->table, place - 1);
}

static struct hsy_retained_bundle *at_or_null(const struct hsy_retained *r,
                                              uint32_t place)
{
    HSY_ASSERT(place <= r->table.count);
    return place == HSY_PLACE_NONE ? NULL : at(r, place);
}

void hsy_retained_fini(struct hsy_retained *r)
{
    for (uint32_t i = 1; i <= r->table.count; i++) {
        hsy_keep_no_more(r->env, at(r, i)->bundle);
    }
    hsy_table_fini(&r->table);
    r->oldest = HSY_PLACE_NONE;
    r->newest = HSY_PLACE_NONE;
    HSY_ASSERT(r->table.count == 0);
}

struct hsy_bundle hsy_retained_bundle(const struct hsy_retained_bundle *b)
{
    HSY_ASSERT(b != NULL);
    return hsy_kept_bundle(b->bundle);
}

static struct hsy_origin *origin_of(const struct hsy_retained *r,
                                    const struct hsy_retained_bundle *b)
{
    struct hsy_bundle bundle = hsy_retained_bundle(b);
    struct hsy_epoch of = hsy_bundle_epoch(&bundle);
    struct hsy_origin *origin = hsy_origin_find(r->origins, &of);

    HSY_ASSERT(origin != NULL); /* It stays while anything of it is kept. */
    return origin;
}

/* ------------------------------------------------------------- the chains */

/* Whoever points to the item @b, of @origin, points to @place instead. */
static void point_to(struct hsy_retained *r, struct hsy_origin *origin,
                     const struct hsy_retained_bundle *b, uint32_t place)
{
    struct hsy_retained_bundle *older = at_or_null(r, b->older);
    struct hsy_retained_bundle *newer = at_or_null(r, b->newer);
    struct hsy_retained_bundle *previous = at_or_null(r, b->previous);
    struct hsy_retained_bundle *following = at_or_null(r, b->following);

    *(older != NULL ? &older->newer : &r->oldest) = place;
    *(newer != NULL ? &newer->older : &r->newest) = place;
    *(previous != NULL ? &previous->following : &origin->first) = place;
    *(following != NULL ? &following->previous : &origin->last) = place;
    HSY_ASSERT(place <= r->table.count);
}

static void unchain(struct hsy_retained *r, struct hsy_origin *origin,
                    const struct hsy_retained_bundle *b)
{
    struct hsy_retained_bundle *older = at_or_null(r, b->older);
    struct hsy_retained_bundle *newer = at_or_null(r, b->newer);
    struct hsy_retained_bundle *previous = at_or_null(r, b->previous);
    struct hsy_retained_bundle *following = at_or_null(r, b->following);

    *(older != NULL ? &older->newer : &r->oldest) = b->newer;
    *(newer != NULL ? &newer->older : &r->newest) = b->older;
    *(previous != NULL ? &previous->following : &origin->first) = b->following;
    *(following != NULL ? &following->previous : &origin->last) = b->previous;
    HSY_ASSERT(r->bytes >= b->bundle->len);
}

static void chain(struct hsy_retained *r, struct hsy_origin *origin,
                  struct hsy_retained_bundle *b, uint32_t place)
{
    uint32_t before = origin->last;

    while (before != HSY_PLACE_NONE && at(r, before)->from > b->from) {
        before = at(r, before)->previous;
    }
    b->older = r->newest;
    b->newer = HSY_PLACE_NONE;
    b->previous = before;
    b->following =
        before == HSY_PLACE_NONE ? origin->first : at(r, before)->following;
    point_to(r, origin, b, place);
    HSY_ASSERT(r->newest == place);
}

static void drop(struct hsy_retained *r, uint32_t place)
{
    struct hsy_retained_bundle *b = at(r, place);
    struct hsy_origin *origin = origin_of(r, b);

    if (r->saved != NULL) {
        hsy_saved_drop(r->saved, b);
    }
    unchain(r, origin, b);
    r->bytes -= b->bundle->len;
    HSY_ASSERT(origin->retained_bytes >= b->bundle->len);
    origin->retained_bytes -= b->bundle->len;
    hsy_keep_no_more(r->env, b->bundle);
    hsy_table_remove(&r->table, b);
    if (place <= r->table.count) { /* The last one has moved here. */
        struct hsy_retained_bundle *moved = at(r, place);
        point_to(r, origin_of(r, moved), moved, place);
    }
}

/* ------------------------------------------------------------------- keep */

static bool is_old(const struct hsy_retained *r, uint32_t place)
{
    HSY_ASSERT(r->env->config.retain_ns > 0);
    return hsy_time_since(at(r, place)->seen_ns, r->env->now.mono_ns) >
           r->env->config.retain_ns;
}

static bool is_full(const struct hsy_retained *r, size_t len)
{
    const struct hearsay_config *config = &r->env->config;

    HSY_ASSERT(len <= config->retain_bytes);
    return r->table.count == config->retain_max ||
           r->bytes + len > config->retain_bytes;
}

/* What is old goes; and when there is no room, the oldest of all, or of
 * @origin when that has more than its part. */
static void make_room(struct hsy_retained *r, const struct hsy_origin *origin,
                      size_t len)
{
    uint64_t quota = r->env->config.retain_bytes / QUOTA_PARTS;

    while (r->oldest != HSY_PLACE_NONE && is_old(r, r->oldest)) {
        drop(r, r->oldest);
    }
    while (is_full(r, len)) {
        bool own = origin->first != HSY_PLACE_NONE &&
                   origin->retained_bytes + len > quota;
        drop(r, own ? origin->first : r->oldest);
    }
    HSY_ASSERT(r->table.count < r->env->config.retain_max);
}

struct hsy_retained_bundle *hsy_retained_keep(struct hsy_retained *r,
                                              const struct hsy_bundle *bundle,
                                              const struct hsy_bundle_id *id,
                                              uint8_t hops)
{
    struct hsy_epoch of = hsy_bundle_epoch(bundle);
    struct hsy_origin *origin = hsy_origin_find(r->origins, &of);
    struct hsy_blob *kept = hsy_keep_bundle(r->env, bundle);
    void *item;

    HSY_ASSERT(origin != NULL);
    if (kept == NULL) {
        return NULL;
    }
    bool fits = kept->len <= r->env->config.retain_bytes &&
                hsy_table_find(&r->table, id) == NULL;
    if (fits) {
        make_room(r, origin, kept->len);
    }
    if (!fits || hsy_table_put(&r->table, &item, id) != 0) {
        hsy_keep_no_more(r->env, kept);
        return NULL;
    }
    struct hsy_retained_bundle *b = item;
    b->bundle = kept;
    b->seen_ns = r->env->now.mono_ns;
    b->from = bundle->first_seq;
    b->count = bundle->count;
    b->hops = hops;
    chain(r, origin, b, r->table.count);
    r->bytes += kept->len;
    origin->retained_bytes += kept->len;
    HSY_ASSERT(r->bytes <= r->env->config.retain_bytes);
    return b;
}

/* ------------------------------------------------------------------- find */

struct hsy_retained_bundle *hsy_retained_find(const struct hsy_retained *r,
                                              const struct hsy_bundle_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&r->table, id);
}

const struct hsy_retained_bundle *
hsy_retained_from(const struct hsy_retained *r, const struct hsy_origin *origin,
                  uint64_t from)
{
    const struct hsy_retained_bundle *b = at_or_null(r, origin->first);

    HSY_ASSERT(from >= 1);
    while (b != NULL && b->from + b->count - 1 < from) {
        b = at_or_null(r, b->following);
    }
    return b;
}

const struct hsy_retained_bundle *
hsy_retained_following(const struct hsy_retained *r,
                       const struct hsy_retained_bundle *b)
{
    HSY_ASSERT(b != NULL);
    return at_or_null(r, b->following);
}

const struct hsy_retained_bundle *
hsy_retained_oldest(const struct hsy_retained *r)
{
    HSY_ASSERT((r->oldest == HSY_PLACE_NONE) == (r->table.count == 0));
    return at_or_null(r, r->oldest);
}

const struct hsy_retained_bundle *
hsy_retained_newer(const struct hsy_retained *r,
                   const struct hsy_retained_bundle *b)
{
    HSY_ASSERT(b != NULL);
    return at_or_null(r, b->newer);
}

const struct hsy_retained_bundle *hsy_retained_at(const struct hsy_retained *r,
                                                  uint32_t index)
{
    HSY_ASSERT(r->table.count <= r->table.items_max);
    return index < r->table.count ? at(r, index + 1) : NULL;
}
