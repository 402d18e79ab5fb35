/* A ring of encoded bundles; the oldest goes when a bound is reached. */
#include "core/recent.h"

void hsy_recent_init(struct hsy_recent *r, struct hsy_env *env)
{
    HSY_ASSERT(env != NULL);
    *r = (struct hsy_recent){.env = env};
}

static void drop_oldest(struct hsy_recent *r)
{
    struct hsy_kept *oldest = &r->ring[r->head];

    HSY_ASSERT(r->count > 0);
    HSY_ASSERT(r->bytes_total >= oldest->len);
    r->bytes_total -= oldest->len;
    r->env->mem.free(r->env->mem.ctx, oldest->bytes);
    *oldest = (struct hsy_kept){0};
    r->head = (r->head + 1) % HSY_RECENT_MAX;
    r->count--;
}

void hsy_recent_fini(struct hsy_recent *r)
{
    while (r->count > 0) {
        drop_oldest(r);
    }
    HSY_ASSERT(r->bytes_total == 0);
    r->env->mem.free(r->env->mem.ctx, r->ring);
    r->ring = NULL;
}

static bool is_old(const struct hsy_recent *r, const struct hsy_kept *kept)
{
    HSY_ASSERT(kept->bytes != NULL);
    return hsy_time_since(kept->seen_ns, r->env->now.mono_ns) > HSY_RECENT_NS;
}

/* Room for @len more bytes under all three bounds. */
static bool make_room(struct hsy_recent *r, size_t len)
{
    struct hsy_env *env = r->env;

    if (r->ring == NULL) {
        r->ring =
            env->mem.alloc(env->mem.ctx, HSY_RECENT_MAX * sizeof(*r->ring));
    }
    if (r->ring == NULL || len > HSY_RECENT_BYTES_MAX) {
        return false;
    }
    while (r->count > 0 &&
           (r->count == HSY_RECENT_MAX || is_old(r, &r->ring[r->head]) ||
            r->bytes_total + len > HSY_RECENT_BYTES_MAX)) {
        drop_oldest(r);
    }
    HSY_ASSERT(r->count < HSY_RECENT_MAX);
    return true;
}

void hsy_recent_keep(struct hsy_recent *r, const struct hsy_bundle *bundle,
                     uint8_t hops)
{
    struct hsy_writer count = hsy_writer_count();
    struct hsy_env *env = r->env;

    hsy_put_bundle(&count, bundle);
    if (!make_room(r, count.len)) {
        return;
    }
    uint8_t *bytes = env->mem.alloc(env->mem.ctx, count.len);
    if (bytes == NULL) {
        return;
    }
    struct hsy_writer out = hsy_writer(bytes, count.len);
    hsy_put_bundle(&out, bundle);
    HSY_ASSERT(!out.bad);
    r->ring[(r->head + r->count) % HSY_RECENT_MAX] =
        (struct hsy_kept){.bytes = bytes,
                          .len = (uint32_t)out.len,
                          .hops = hops,
                          .seen_ns = env->now.mono_ns};
    r->count++;
    r->bytes_total += (uint32_t)out.len;
    HSY_ASSERT(r->bytes_total <= HSY_RECENT_BYTES_MAX);
}

uint32_t hsy_recent_send(struct hsy_recent *r, hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    uint32_t sent = 0;

    HSY_ASSERT(link != 0);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct hsy_kept *kept = &r->ring[(r->head + i) % HSY_RECENT_MAX];
        if (is_old(r, kept)) {
            continue;
        }
        struct hsy_reader in = hsy_reader(kept->bytes, kept->len);
        hsy_get_bundle(&in, &frame.bundle.bundle);
        HSY_ASSERT(hsy_reader_done(&in)); /* We encoded it ourselves. */
        frame.bundle.hops = kept->hops;
        hsy_send(r->env, link, &frame);
        sent++;
    }
    return sent;
}
