/* dirty -> (a moment later) signing -> sent. A change while signing only
 * makes it dirty again. */
#include "core/snapshot.h"

#include <string.h>

#include "core/kept.h"

#define SETTLE_NS (100 * HSY_MS)

void hsy_snapshot_init(struct hsy_snapshot *s, struct hsy_env *env,
                       const struct hsy_neighbours *neighbours,
                       struct hsy_join *join, const struct hsy_self *self)
{
    HSY_ASSERT(neighbours != NULL);
    HSY_ASSERT(join != NULL);
    *s = (struct hsy_snapshot){.env = env,
                               .neighbours = neighbours,
                               .join = join,
                               .self = self,
                               .next_ns = HEARSAY_NEVER};
}

void hsy_snapshot_fini(struct hsy_snapshot *s)
{
    HSY_ASSERT(s->env != NULL);
    hsy_keep_no_more(s->env, s->last);
    s->last = NULL;
}

void hsy_snapshot_changed(struct hsy_snapshot *s)
{
    if (!s->dirty && !s->signing) {
        s->next_ns = hsy_time_add(s->env->now.mono_ns, SETTLE_NS);
    }
    s->dirty = true;
    HSY_ASSERT(s->signing == (s->next_ns == HEARSAY_NEVER));
}

/* The snapshot kept, or false while there is none of this incarnation. */
static bool kept(const struct hsy_snapshot *s, struct hsy_links *out)
{
    if (s->last == NULL) {
        return false;
    }
    *out = hsy_kept_links(s->last);
    return out->incarnation == s->self->incarnation;
}

void hsy_snapshot_tell(struct hsy_snapshot *s, hearsay_link seed)
{
    struct hsy_frame frame = {.type = HSY_LINKS};

    HSY_ASSERT(seed != 0);
    if (kept(s, &frame.links)) {
        hsy_send(s->env, seed, &frame);
    } else {
        hsy_snapshot_changed(s);
    }
}

/* Packs the overlay neighbours' ids, ascending, into @out. */
static uint32_t collect(const struct hsy_snapshot *s, struct hearsay_id *out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < hsy_neighbours_count(s->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(s->neighbours, i);
        if (!n->overlay) {
            continue;
        }
        uint32_t at = count; /* Insertion sort: lists are short. */
        while (at > 0 && memcmp(&out[at - 1], &n->id, sizeof(n->id)) > 0) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = n->id;
        count++;
    }
    HSY_ASSERT(count == s->neighbours->degree);
    return count;
}

static void sign_now(struct hsy_snapshot *s)
{
    struct hsy_env *env = s->env;
    struct hsy_signable what = {.kind = HSY_SIGN_LINKS};
    uint32_t degree = s->neighbours->degree;
    struct hearsay_id *ids =
        env->mem.alloc(env->mem.ctx, (degree + 1) * sizeof(*ids));

    if (ids == NULL) {
        s->next_ns = hsy_time_add(env->now.mono_ns, HSY_SECOND);
        return;
    }
    what.links.id = env->id;
    what.links.incarnation = s->self->incarnation;
    what.links.version = s->version + 1;
    what.links.neighbours.count = collect(s, ids);
    what.links.neighbours.bytes = (const uint8_t *)ids;
    if (env->ports.sign(env->ports.ctx, &what)) {
        s->version++;
        s->dirty = false;
        s->signing = true;
        s->next_ns = HEARSAY_NEVER;
    } else {
        s->next_ns = hsy_time_add(env->now.mono_ns, SETTLE_NS);
    }
    env->mem.free(env->mem.ctx, ids);
    HSY_ASSERT(s->next_ns > env->now.mono_ns);
}

void hsy_snapshot_tick(struct hsy_snapshot *s)
{
    if (!s->dirty || s->signing || s->env->now.mono_ns < s->next_ns) {
        return;
    }
    if (s->self->state != HSY_SELF_READY) {
        s->next_ns = hsy_time_add(s->env->now.mono_ns, SETTLE_NS);
        return;
    }
    sign_now(s);
    HSY_ASSERT(s->next_ns > s->env->now.mono_ns);
}

void hsy_snapshot_signed(struct hsy_snapshot *s, const struct hsy_links *links)
{
    struct hsy_frame frame = {.type = HSY_LINKS};
    struct hsy_env *env = s->env;

    HSY_ASSERT(s->signing);
    s->signing = false;
    if (s->dirty) { /* It changed meanwhile. */
        s->next_ns = hsy_time_add(env->now.mono_ns, SETTLE_NS);
    }
    frame.links = *links;
    (void)hsy_join_tell_seeds(s->join, &frame);
    struct hsy_blob *kept = hsy_keep_links(env, links);
    if (kept != NULL) { /* Else a seed that registers us makes us sign again. */
        hsy_keep_no_more(env, s->last);
        s->last = kept;
    }
}
