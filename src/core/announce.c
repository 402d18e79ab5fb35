/* A batch goes out a tenth of announce_ns after its first id when the last one
 * was long ago, else announce_ns after the last one, or with HSY_IHAVE_IDS_MAX
 * ids. One frame for each id would cost more than the payload it saves. */
#include "core/announce.h"

#include "base/mem.h"

enum { ROOM_FIRST = 16, IDLE_PARTS = 10 };

void hsy_announce_init(struct hsy_announce *a, struct hsy_env *env,
                       struct hsy_neighbours *neighbours)
{
    HSY_ASSERT(env->config.announce_ns > 0);
    *a = (struct hsy_announce){
        .env = env, .neighbours = neighbours, .due_ns = HEARSAY_NEVER};
}

void hsy_announce_fini(struct hsy_announce *a)
{
    HSY_ASSERT(a->env != NULL);
    hsy_mem_free(&a->env->mem, a->ring);
    a->ring = NULL;
    a->room = 0;
}

static struct hsy_announced *entry(const struct hsy_announce *a, uint64_t n)
{
    HSY_ASSERT((a->room & (a->room - 1)) == 0);
    return &a->ring[n & (a->room - 1)];
}

/* False: no memory. */
static bool make_room(struct hsy_announce *a)
{
    uint32_t room = a->room == 0 ? ROOM_FIRST : 2 * a->room;

    if (a->head - a->told < a->room || a->room == HSY_ANNOUNCE_MAX) {
        return true; /* Room, or the oldest goes. */
    }
    HSY_ASSERT(room <= HSY_ANNOUNCE_MAX);
    struct hsy_announced *ring =
        hsy_mem_alloc(&a->env->mem, room * sizeof(*ring));
    if (ring == NULL) {
        return false;
    }
    for (uint64_t n = a->told; n < a->head; n++) {
        ring[n & (room - 1)] = *entry(a, n);
    }
    hsy_mem_free(&a->env->mem, a->ring);
    a->ring = ring;
    a->room = room;
    return true;
}

static void plan(struct hsy_announce *a)
{
    uint64_t now_ns = a->env->now.mono_ns;
    uint64_t batch_ns = a->env->config.announce_ns;
    uint64_t soon_ns = hsy_time_add(now_ns, batch_ns / IDLE_PARTS);
    uint64_t next_ns = hsy_time_add(a->told_ns, batch_ns);

    HSY_ASSERT(a->head > a->told);
    if (a->head - a->told >= HSY_IHAVE_IDS_MAX) {
        a->due_ns = now_ns;
    } else if (a->due_ns == HEARSAY_NEVER) {
        a->due_ns = a->told_ns == 0 ? soon_ns : hsy_time_max(soon_ns, next_ns);
    }
}

void hsy_announce_add(struct hsy_announce *a, const struct hsy_bundle_id *id,
                      hearsay_link from)
{
    if (!make_room(a)) {
        a->env->counters.announcements_dropped++;
        return;
    }
    if (a->head - a->told == a->room) {
        a->told++;
        a->env->counters.announcements_dropped++;
    }
    *entry(a, a->head) = (struct hsy_announced){.id = *id, .from = from};
    a->head++;
    plan(a);
    HSY_ASSERT(a->head - a->told <= a->room);
}

void hsy_announce_begin(const struct hsy_announce *a, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->announced <= a->head);
    n->announced = a->head;
}

static void flush(struct hsy_announce *a, const struct hsy_neighbour *n,
                  uint8_t *bytes, uint32_t count)
{
    struct hsy_frame frame = {.type = HSY_IHAVE};

    if (count == 0) {
        return;
    }
    HSY_ASSERT(count <= HSY_IHAVE_IDS_MAX);
    frame.ihave = (struct hsy_bundle_ids){.bytes = bytes, .count = count};
    a->env->counters.announced += count;
    hsy_send(a->env, n->link, &frame);
}

static void tell(struct hsy_announce *a, struct hsy_neighbour *n)
{
    uint8_t bytes[HSY_IHAVE_IDS_MAX * sizeof(struct hsy_bundle_id)];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    uint64_t from = n->announced > a->told ? n->announced : a->told;
    uint32_t count = 0;

    HSY_ASSERT(n->announced <= a->head);
    for (uint64_t i = from; i < a->head; i++) {
        const struct hsy_announced *told = entry(a, i);
        if (told->from == n->link) {
            continue;
        }
        hsy_put_bytes(&out, told->id.bytes, sizeof(told->id.bytes));
        count++;
        if (count == HSY_IHAVE_IDS_MAX) {
            flush(a, n, bytes, count);
            out = hsy_writer(bytes, sizeof(bytes));
            count = 0;
        }
    }
    flush(a, n, bytes, count);
    n->announced = a->head;
}

void hsy_announce_finish(struct hsy_announce *a, struct hsy_neighbour *n)
{
    HSY_ASSERT(!n->eager);
    tell(a, n);
}

void hsy_announce_tick(struct hsy_announce *a)
{
    if (a->env->now.mono_ns < a->due_ns) {
        return;
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(a->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(a->neighbours, i);
        if (n->overlay && !n->eager &&
            !hsy_neighbour_is_held(n, a->env->now.mono_ns)) {
            tell(a, n);
        } else {
            hsy_announce_begin(a, n);
        }
    }
    a->told = a->head;
    a->told_ns = a->env->now.mono_ns;
    a->due_ns = HEARSAY_NEVER;
    HSY_ASSERT(a->told_ns > 0);
}
