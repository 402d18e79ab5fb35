/* A ring of encoded bundles; the oldest goes when a bound is reached. */
#include "core/recent.h"

#include "base/mem.h"
#include "core/kept.h"

enum { ROOM_FIRST = 4 };

void hsy_recent_init(struct hsy_recent *r, struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *r = (struct hsy_recent){.env = env};
}

static void drop_oldest(struct hsy_recent *r)
{
    struct hsy_kept *oldest = &r->ring[r->head];

    HSY_ASSERT(r->count > 0);
    HSY_ASSERT(r->bytes_total >= oldest->bundle->len);
    r->bytes_total -= oldest->bundle->len;
    hsy_keep_no_more(r->env, oldest->bundle);
    *oldest = (struct hsy_kept){0};
    r->head = (r->head + 1) % r->room;
    r->count--;
}

void hsy_recent_fini(struct hsy_recent *r)
{
    while (r->count > 0) {
        drop_oldest(r);
    }
    HSY_ASSERT(r->bytes_total == 0);
    hsy_mem_free(&r->env->mem, r->ring);
    r->ring = NULL;
    r->room = 0;
}

static bool is_old(const struct hsy_recent *r, const struct hsy_kept *kept)
{
    HSY_ASSERT(kept->bundle != NULL);
    return hsy_time_since(kept->seen_ns, r->env->now.mono_ns) > HSY_RECENT_NS;
}

/* Twice the room, with the oldest first. False: no memory. */
static bool grow(struct hsy_recent *r)
{
    uint32_t room = r->room == 0 ? ROOM_FIRST : 2 * r->room;
    uint32_t max = r->env->config.retain_max;

    HSY_ASSERT(r->room < max);
    room = room < max ? room : max;
    struct hsy_kept *ring =
        hsy_mem_alloc(&r->env->mem, room * sizeof(*r->ring));
    if (ring == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        ring[i] = r->ring[(r->head + i) % r->room];
    }
    hsy_mem_free(&r->env->mem, r->ring);
    r->ring = ring;
    r->room = room;
    r->head = 0;
    return true;
}

/* Room for @len more bytes under all three bounds. */
static bool make_room(struct hsy_recent *r, size_t len)
{
    HSY_ASSERT(r->count <= r->room);
    if (len > HSY_RECENT_BYTES_MAX) {
        return false;
    }
    while (r->count > 0 && (r->count == r->env->config.retain_max ||
                            is_old(r, &r->ring[r->head]) ||
                            r->bytes_total + len > HSY_RECENT_BYTES_MAX)) {
        drop_oldest(r);
    }
    return r->count < r->room || grow(r);
}

void hsy_recent_keep(struct hsy_recent *r, const struct hsy_bundle *bundle,
                     uint8_t hops)
{
    struct hsy_env *env = r->env;
    struct hsy_blob *kept = hsy_keep_bundle(env, bundle);

    if (kept == NULL) {
        return;
    }
    if (!make_room(r, kept->len)) {
        hsy_keep_no_more(env, kept);
        return;
    }
    r->ring[(r->head + r->count) % r->room] = (struct hsy_kept){
        .bundle = kept, .hops = hops, .seen_ns = env->now.mono_ns};
    r->count++;
    r->bytes_total += kept->len;
    HSY_ASSERT(r->bytes_total <= HSY_RECENT_BYTES_MAX);
}

uint32_t hsy_recent_send(struct hsy_recent *r, hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    uint32_t sent = 0;

    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct hsy_kept *kept = &r->ring[(r->head + i) % r->room];
        if (is_old(r, kept)) {
            continue;
        }
        struct hsy_reader in =
            hsy_reader(kept->bundle->bytes, kept->bundle->len);
        hsy_get_bundle(&in, &frame.bundle.bundle);
        HSY_ASSERT(hsy_reader_done(&in)); /* We encoded it ourselves. */
        frame.bundle.hops = kept->hops;
        hsy_send(r->env, link, &frame);
        sent++;
    }
    return sent;
}
