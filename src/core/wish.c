/* Whoever is told of the other part may be the one whose dials get through,
 * so both ends try. A dial that was lost in a cut takes 10 s to fail; the next
 * one does not wait for it. A wish outlives the minute after which its seed
 * may say it again, so while the parts are apart it never ends. */
#include "core/wish.h"

#include "base/addr.h"
#include "core/kept.h"

#include "base/mem.h"

#define WISH_NS (90 * HSY_SECOND)
#define RETRY_LEAST_NS (4 * HSY_SECOND)
#define RETRY_SPREAD_NS (8 * HSY_SECOND)
#define ROOM_NS (1 * HSY_SECOND)

static uint32_t wishes_room(const struct hsy_overlay *o)
{
    HSY_ASSERT(o != NULL);
    return o->wishes == NULL ? 0 : HSY_WISHES_MAX;
}

/* A record begins with its id. */
static const struct hearsay_id *id_of(const struct hsy_wish *w, uint32_t index)
{
    HSY_ASSERT(index < w->count);
    return (const struct hearsay_id *)(const void *)w->records[index]->bytes;
}

static void drop(struct hsy_overlay *o, struct hsy_wish *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        hsy_keep_no_more(o->env, w->records[i]);
    }
    *w = (struct hsy_wish){.until_ns = 0};
    HSY_ASSERT(w->count == 0);
}

void hsy_wishes_fini(struct hsy_overlay *o)
{
    for (uint32_t i = 0; i < wishes_room(o); i++) {
        drop(o, &o->wishes[i]);
    }
    hsy_mem_free(&o->env->mem, o->wishes);
    o->wishes = NULL;
    HSY_ASSERT(wishes_room(o) == 0);
}

static bool is_linked(const struct hsy_overlay *o, const struct hearsay_id *id)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(o->neighbours, id);

    HSY_ASSERT(id != NULL);
    return n != NULL && n->overlay;
}

static bool names(const struct hsy_wish *w, const struct hearsay_id *id)
{
    HSY_ASSERT(w->count <= HSY_BRIDGE_RECORDS);
    for (uint32_t i = 0; i < w->count; i++) {
        if (hsy_id_equal(id_of(w, i), id)) {
            return true;
        }
    }
    return false;
}

bool hsy_wish_names(const struct hsy_overlay *o, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    for (uint32_t i = 0; i < wishes_room(o); i++) {
        if (names(&o->wishes[i], id)) {
            return true;
        }
    }
    return false;
}

static bool is_granted(const struct hsy_overlay *o, const struct hsy_wish *w)
{
    HSY_ASSERT(w->count > 0);
    for (uint32_t i = 0; i < w->count; i++) {
        if (is_linked(o, id_of(w, i))) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ trying */

/* One of them, each in its turn, unless it is being tried; false: there was no
 * room for a dial. */
static bool try_one(struct hsy_overlay *o, struct hsy_wish *w)
{
    HSY_ASSERT(w->count > 0);
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t at = (w->tries + i) % w->count;
        const struct hsy_contact *c = hsy_book_find(o->book, id_of(w, at));
        if (hsy_overlay_is_trying(o, id_of(w, at))) {
            continue;
        }
        if (!hsy_overlay_try(o, c != NULL ? c->record : w->records[at],
                             w->tries / w->count)) {
            return false;
        }
        w->tries = w->tries + i + 1;
        return true;
    }
    return true;
}

static void try_now(struct hsy_overlay *o, struct hsy_wish *w)
{
    struct hsy_env *env = o->env;
    uint64_t wait_ns =
        try_one(o, w)
            ? RETRY_LEAST_NS + hsy_prng_below(&env->prng, RETRY_SPREAD_NS)
            : ROOM_NS;

    w->next_ns = hsy_time_add(env->now.mono_ns, wait_ns);
    HSY_ASSERT(w->next_ns > env->now.mono_ns);
}

uint64_t hsy_wishes_tick(struct hsy_overlay *o)
{
    uint64_t next_ns = HEARSAY_NEVER;
    uint64_t now_ns = o->env->now.mono_ns;

    HSY_ASSERT(!o->leaving);
    for (uint32_t i = 0; i < wishes_room(o); i++) {
        struct hsy_wish *w = &o->wishes[i];
        if (w->count == 0) {
            continue;
        }
        if (w->until_ns <= now_ns || is_granted(o, w)) {
            drop(o, w);
            continue;
        }
        if (w->next_ns <= now_ns) {
            try_now(o, w);
        }
        next_ns = hsy_time_min(next_ns, hsy_time_min(w->next_ns, w->until_ns));
    }
    if (next_ns == HEARSAY_NEVER) {
        hsy_mem_free(&o->env->mem, o->wishes); /* There are none. */
        o->wishes = NULL;
    }
    return next_ns;
}

/* ----------------------------------------------------------------- wishing */

/* One that says the same, else a free place, else the one that ends first. */
static struct hsy_wish *place_for(struct hsy_overlay *o,
                                  const struct hearsay_id *id)
{
    struct hsy_wish *best = &o->wishes[0];

    HSY_ASSERT(o->wishes != NULL);
    for (uint32_t i = 0; i < HSY_WISHES_MAX; i++) {
        struct hsy_wish *w = &o->wishes[i];
        if (w->count > 0 && hsy_id_equal(id_of(w, 0), id)) {
            return w;
        }
        best = w->until_ns < best->until_ns ? w : best; /* Free: 0. */
    }
    return best;
}

/* Of those that can be linked to, and are not; the book learns them all. */
static struct hsy_wish wish_of(struct hsy_overlay *o,
                               const struct hsy_records *records)
{
    struct hsy_reader at = hsy_reader(records->bytes, records->len);
    struct hsy_wish w = {.count = 0};
    struct hsy_encoded record;
    bool is_new;

    HSY_ASSERT(records->count <= HSY_BRIDGE_RECORDS);
    while (hsy_records_next_encoded(&at, &record)) {
        struct hsy_record_brief brief =
            hsy_record_brief(record.bytes, record.len);
        const struct hearsay_id *id =
            (const struct hearsay_id *)(const void *)record.bytes;
        if (brief.role != HEARSAY_PEER || brief.addrs_count == 0 ||
            hsy_id_equal(id, &o->env->id) || is_linked(o, id)) {
            continue;
        }
        (void)hsy_book_merge_encoded(o->book, &record, &is_new);
        w.records[w.count] = hsy_keep_encoded(o->env, &record);
        w.count += w.records[w.count] != NULL ? 1 : 0;
    }
    return w;
}

bool hsy_wish_add(struct hsy_overlay *o, const struct hsy_records *records)
{
    struct hsy_wish w = wish_of(o, records);

    if (w.count > 0 && o->wishes == NULL) {
        o->wishes =
            hsy_mem_zalloc(&o->env->mem, HSY_WISHES_MAX * sizeof(*o->wishes));
    }
    if (w.count == 0 || o->wishes == NULL) {
        drop(o, &w);
        return false;
    }
    struct hsy_wish *place = place_for(o, id_of(&w, 0));
    bool same = place->count > 0 && hsy_id_equal(id_of(place, 0), id_of(&w, 0));
    w.until_ns = hsy_time_add(o->env->now.mono_ns, WISH_NS);
    w.next_ns = same ? place->next_ns : o->env->now.mono_ns;
    w.tries = same ? place->tries : 0;
    drop(o, place);
    *place = w;
    HSY_ASSERT(hsy_wish_names(o, id_of(place, 0)));
    return true;
}
