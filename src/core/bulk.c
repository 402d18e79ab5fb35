/* The store. Room is spoken for as a whole when a message gets its turn, and
 * memory is taken as pieces come, doubling: so a turn cannot end in the middle
 * for want of room, and a manifest whose content never comes costs none. */
#include "core/bulk.h"

#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "core/kept.h"

enum { FIRST_LEN = 2 * HSY_PIECE_LEN };

static const bool edges[3][3] = {
    [HSY_BULK_WAITING] =
        {[HSY_BULK_FETCHING] = true, [HSY_BULK_COMPLETE] = true}, /* An own one.
                                                                   */
    [HSY_BULK_FETCHING] =
        {[HSY_BULK_WAITING] = true, [HSY_BULK_COMPLETE] = true},
};

void hsy_bulk_init(struct hsy_bulk *b, struct hsy_env *env,
                   struct hsy_neighbours *neighbours, const struct hsy_ml *seen)
{
    HSY_ASSERT(neighbours != NULL);
    *b = (struct hsy_bulk){.env = env,
                           .neighbours = neighbours,
                           .seen = seen,
                           .next_ns = HEARSAY_NEVER,
                           .age_ns = HEARSAY_NEVER,
                           .ask_ns = HEARSAY_NEVER,
                           .pause_ns = HSY_BULK_PAUSE_START_NS};
    hsy_table_init(
        &b->table, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(struct hsy_bundle_id),
                                 .item_len = sizeof(struct hsy_bulk_entry),
                                 .items_max = HSY_BULK_MAX},
        env->config.hash_salt);
    hsy_serve_init(b);
}

void hsy_bulk_fini(struct hsy_bulk *b)
{
    for (uint32_t i = 0; i < b->table.count; i++) {
        struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        hearsay_buf_unref(e->content);
        hsy_keep_no_more(b->env, e->bundle);
    }
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        hearsay_buf_unref(b->own[i].content);
        hsy_mem_free(&b->env->mem, b->own[i].room);
        b->own[i] = (struct hsy_bulk_own){.content = NULL};
    }
    hsy_table_fini(&b->table);
    hsy_table_fini(&b->serves);
    HSY_ASSERT(b->table.count == 0);
}

struct hsy_bulk_entry *hsy_bulk_find(const struct hsy_bulk *b,
                                     const struct hsy_bundle_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&b->table, id);
}

struct hsy_bulk_entry *hsy_bulk_at(const struct hsy_bulk *b, uint32_t index)
{
    HSY_ASSERT(index < b->table.count);
    return hsy_table_at(&b->table, index);
}

struct hsy_bulk_entry *hsy_bulk_turn(const struct hsy_bulk *b, uint32_t index)
{
    HSY_ASSERT(index < b->turns);
    struct hsy_bulk_entry *e = hsy_bulk_find(b, &b->turn_ids[index]);
    HSY_ASSERT(e != NULL && e->state == HSY_BULK_FETCHING);
    return e;
}

static void take_turn(struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(b->turns < HSY_BULK_TURNS);
    if (b->turns == 0) { /* How busy is this machine now? */
        b->pause_ns = HSY_BULK_PAUSE_START_NS;
        b->was_late = false;
    }
    b->turn_ids[b->turns] = e->id;
    b->turns++;
}

static void end_turn(struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    uint32_t i = 0;

    while (memcmp(&b->turn_ids[i], &e->id, sizeof(e->id)) != 0) {
        i++;
        HSY_ASSERT(i < b->turns);
    }
    b->turns--;
    b->turn_ids[i] = b->turn_ids[b->turns];
}

void hsy_bulk_message(const struct hsy_bulk_entry *e, struct hsy_bundle *bundle,
                      struct hsy_message *message)
{
    *bundle = hsy_kept_bundle(e->bundle);
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    bool there = hsy_messages_next(&at, message);
    HSY_ASSERT(there && hsy_message_large(message));
}

/* What it holds of the bound: all of its length while it is fetched and after,
 * before that what is left of an earlier turn. */
static uint64_t charge(const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->content == NULL || e->content->len <= e->len);
    if (e->state != HSY_BULK_WAITING) {
        return e->len;
    }
    return e->content == NULL ? 0 : e->content->len;
}

/* It leaves its state, and the counts of that. */
static void count_out(struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(b->bytes >= charge(e));
    b->bytes -= charge(e);
    b->waiting -= e->state == HSY_BULK_WAITING ? 1 : 0;
    if (e->state == HSY_BULK_FETCHING) {
        end_turn(b, e);
    }
}

static void count_in(struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    b->bytes += charge(e);
    b->waiting += e->state == HSY_BULK_WAITING ? 1 : 0;
    if (e->state == HSY_BULK_FETCHING) {
        take_turn(b, e);
    }
    HSY_ASSERT(b->bytes <= b->env->config.bulk_bytes);
}

void hsy_bulk_enter(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                    enum hsy_bulk_state state)
{
    HSY_ASSERT(edges[e->state][state]);
    count_out(b, e);
    e->state = state;
    e->next_ns = b->env->now.mono_ns;
    e->tries = 0;
    e->nos = 0;
    e->stalls = 0;
    b->last_order++;
    e->order = b->last_order;
    count_in(b, e);
    b->next_ns = b->env->now.mono_ns;
    HSY_ASSERT(b->turns <= HSY_BULK_TURNS);
}

void hsy_bulk_remove(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    struct hsy_bundle_id id = e->id;

    count_out(b, e);
    hearsay_buf_unref(e->content);
    hsy_keep_no_more(b->env, e->bundle);
    hsy_table_remove(&b->table, e);
    hsy_serve_changed(b, &id);
    b->next_ns = b->env->now.mono_ns; /* A turn may be free. */
}

static void note_lost(struct hsy_bulk *b, const struct hsy_bundle *bundle)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "lost");

    HSY_ASSERT(bundle->count == 1);
    hsy_note_id(&note, "origin", &bundle->origin);
    hsy_note_u64(&note, "epoch", bundle->epoch_incarnation);
    hsy_note_u64(&note, "from", bundle->first_seq);
    hsy_note_u64(&note, "to", bundle->first_seq);
    hsy_tell(b->env, &note);
    b->env->counters.lost++;
}

void hsy_bulk_lose(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    struct hsy_bundle bundle;
    struct hsy_message message;

    HSY_ASSERT(e->state != HSY_BULK_COMPLETE);
    if (!e->to_serve) {
        hsy_bulk_message(e, &bundle, &message);
        note_lost(b, &bundle);
        if (b->over.over != NULL) {
            b->over.over(b->over.ctx, &bundle, &e->id);
        }
    }
    hsy_bulk_remove(b, e);
}

/* -------------------------------------------------------------------- room */

/* May it make room? A content that is complete; or what is left of one that
 * waits for its turn again, after those. */
static uint32_t spare_rank(const struct hsy_bulk_entry *e)
{
    HSY_ASSERT(e->len > 0);
    if (e->state == HSY_BULK_COMPLETE && !e->pinned) {
        return 2;
    }
    return e->state == HSY_BULK_WAITING && e->content != NULL ? 1 : 0;
}

/* The oldest of those that may go; of @origin only, unless that is NULL. */
static struct hsy_bulk_entry *oldest_spare(const struct hsy_bulk *b,
                                           const struct hearsay_id *origin)
{
    struct hsy_bulk_entry *best = NULL;

    for (uint32_t i = 0; i < b->table.count; i++) {
        struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        uint32_t rank = spare_rank(e);
        bool may =
            rank > 0 && (origin == NULL || hsy_id_equal(origin, &e->origin));
        if (may && (best == NULL || rank > spare_rank(best) ||
                    (rank == spare_rank(best) && e->order < best->order))) {
            best = e;
        }
    }
    HSY_ASSERT(best == NULL || spare_rank(best) > 0);
    return best;
}

static uint64_t bytes_of(const struct hsy_bulk *b,
                         const struct hearsay_id *origin)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < b->table.count; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        bytes += hsy_id_equal(origin, &e->origin) ? charge(e) : 0;
    }
    HSY_ASSERT(bytes <= b->bytes);
    return bytes;
}

static void make_spare(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    HSY_ASSERT(spare_rank(e) > 0);
    b->env->counters.contents_evicted++;
    if (e->state == HSY_BULK_COMPLETE) {
        hsy_bulk_remove(b, e);
        return;
    }
    b->bytes -= charge(e);
    hearsay_buf_unref(e->content);
    e->content = NULL;
    e->have = 0;
}

bool hsy_bulk_make_room(struct hsy_bulk *b, const struct hearsay_id *origin,
                        uint64_t len)
{
    const struct hearsay_config *config = &b->env->config;

    HSY_ASSERT(len <= config->bulk_bytes);
    while (b->bytes + len > config->bulk_bytes) {
        bool greedy =
            bytes_of(b, origin) + len > config->bulk_bytes / HSY_BULK_PARTS;
        struct hsy_bulk_entry *e = greedy ? oldest_spare(b, origin) : NULL;
        e = e != NULL ? e : oldest_spare(b, NULL);
        if (e == NULL) {
            return false;
        }
        make_spare(b, e);
    }
    return true;
}

/* ------------------------------------------------------------------ coming */

/* When the table is full a complete one makes room. */
static bool has_place(struct hsy_bulk *b, const struct hearsay_id *origin)
{
    uint32_t waiting = 0;

    for (uint32_t i = 0; i < b->table.count; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        waiting +=
            e->state != HSY_BULK_COMPLETE && hsy_id_equal(origin, &e->origin)
                ? 1
                : 0;
    }
    if (waiting >= HSY_BULK_MAX / HSY_BULK_PARTS) {
        return false;
    }
    if (b->table.count == HSY_BULK_MAX) {
        struct hsy_bulk_entry *e = oldest_spare(b, NULL);
        if (e == NULL || e->state != HSY_BULK_COMPLETE) {
            return false;
        }
        make_spare(b, e);
    }
    HSY_ASSERT(b->table.count < HSY_BULK_MAX);
    return true;
}

struct hsy_bulk_entry *hsy_bulk_add(struct hsy_bulk *b,
                                    const struct hsy_bundle *bundle,
                                    const struct hsy_bundle_id *id)
{
    struct hsy_message message;
    void *item;

    HSY_ASSERT(hsy_bulk_find(b, id) == NULL);
    if (!has_place(b, &bundle->origin)) {
        return NULL;
    }
    struct hsy_blob *kept = hsy_keep_bundle(b->env, bundle);
    if (kept == NULL || hsy_table_put(&b->table, &item, id) != 0) {
        hsy_keep_no_more(b->env, kept);
        return NULL;
    }
    struct hsy_bulk_entry *e = item;
    struct hsy_bundle whole;
    e->origin = bundle->origin;
    e->bundle = kept;
    e->state = HSY_BULK_WAITING;
    e->since_ns = b->env->now.mono_ns;
    e->progress_ns = e->since_ns;
    b->last_order++;
    e->order = b->last_order;
    count_in(b, e);
    hsy_bulk_plan_age(b, e);
    hsy_bulk_message(e, &whole, &message);
    e->len = message.payload_len;
    HSY_ASSERT(e->len > HSY_INLINE_MAX);
    return e;
}

static void note_too_large(struct hsy_bulk *b, const struct hsy_bundle *bundle,
                           uint32_t len)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "too-large");

    HSY_ASSERT(len > b->env->config.payload_max);
    hsy_note_id(&note, "origin", &bundle->origin);
    hsy_note_u64(&note, "epoch", bundle->epoch_incarnation);
    hsy_note_u64(&note, "seq", bundle->first_seq);
    hsy_note_u64(&note, "bytes", len);
    hsy_note_text(&note, "text",
                  "larger than payload_max: neither fetched nor delivered");
    hsy_tell(b->env, &note);
    b->env->counters.contents_refused++;
}

bool hsy_bulk_expect(struct hsy_bulk *b, const struct hsy_manifest *manifest)
{
    const struct hsy_bundle *bundle = manifest->bundle;
    struct hsy_reader at = hsy_reader(bundle->messages, bundle->messages_len);
    struct hsy_message message;
    bool there = hsy_messages_next(&at, &message);

    HSY_ASSERT(there && hsy_message_large(&message));
    if (message.payload_len > b->env->config.payload_max) {
        if (!manifest->to_serve) {
            note_too_large(b, bundle, message.payload_len);
        }
        return false;
    }
    if (hsy_bulk_find(b, manifest->id) != NULL) {
        return false; /* Its claim was forgotten; it was not. */
    }
    struct hsy_bulk_entry *e = hsy_bulk_add(b, bundle, manifest->id);
    if (e == NULL) {
        if (!manifest->to_serve) {
            note_lost(b, bundle);
        }
        return false;
    }
    e->hops = manifest->hops;
    e->to_serve = manifest->to_serve;
    e->ordinal = manifest->ordinal;
    e->from = manifest->from == NULL ? 0 : manifest->from->link;
    hsy_fetch_next(b);
    return true;
}

uint64_t hsy_bulk_lowest(const struct hsy_bulk *b)
{
    uint64_t lowest = UINT64_MAX;
    bool any = b->waiting > 0 || b->turns > 0;

    for (uint32_t i = 0; any && i < b->table.count; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        if (e->state != HSY_BULK_COMPLETE && e->ordinal > 0 &&
            e->ordinal < lowest) {
            lowest = e->ordinal;
        }
    }
    HSY_ASSERT(lowest > 0);
    return lowest;
}

static bool grow(struct hsy_bulk *b, struct hsy_bulk_entry *e, uint32_t least)
{
    uint32_t room = e->content == NULL ? FIRST_LEN : 2 * e->content->len;

    HSY_ASSERT(least <= e->len);
    room = room < e->len ? room : e->len;
    struct hearsay_buf *more = hsy_buf_new(&b->env->mem, room);
    if (more == NULL) {
        return false;
    }
    HSY_ASSERT(room >= least);
    if (e->content != NULL) {
        memcpy(more->data, e->content->data, e->content->len);
    }
    hearsay_buf_unref(e->content);
    e->content = more;
    return true;
}

bool hsy_bulk_append(struct hsy_bulk *b, struct hsy_bulk_entry *e,
                     const struct hsy_piece *piece)
{
    uint32_t at = (uint32_t)e->have * HSY_PIECE_LEN;
    uint32_t room = e->content == NULL ? 0 : e->content->len;

    HSY_ASSERT(piece->index == e->have);
    HSY_ASSERT(piece->len == hsy_piece_len(e->len, piece->index));
    if (at + piece->len > room && !grow(b, e, at + piece->len)) {
        return false;
    }
    memcpy(e->content->data + at, piece->bytes, piece->len);
    e->have++;
    e->progress_ns = b->env->now.mono_ns;
    return true;
}

/* -------------------------------------------------------------------- time */

/* A content that is too old is of no use to anybody: the window of bundles is
 * over, and who still lacks it gives it up. */
static void age(struct hsy_bulk *b, struct hsy_bulk_entry *e)
{
    uint64_t now_ns = b->env->now.mono_ns;

    HSY_ASSERT(e->since_ns <= now_ns);
    e->pinned = e->pinned && now_ns < e->next_ns;
    if (hsy_time_since(e->since_ns, now_ns) < b->env->config.retain_ns) {
        hsy_bulk_plan_age(b, e);
    } else if (e->state == HSY_BULK_COMPLETE) {
        hsy_bulk_remove(b, e);
    } else {
        hsy_bulk_lose(b, e);
    }
}

static void age_all(struct hsy_bulk *b)
{
    if (b->env->now.mono_ns >= b->age_ns) {
        b->age_ns = HEARSAY_NEVER;
        for (uint32_t i = b->table.count; i > 0; i--) {
            age(b, hsy_bulk_at(b, i - 1));
        }
    }
    hsy_bulk_plan(b, b->age_ns);
}

void hsy_bulk_plan_age(struct hsy_bulk *b, const struct hsy_bulk_entry *e)
{
    uint64_t end_ns = hsy_time_add(e->since_ns, b->env->config.retain_ns);

    HSY_ASSERT(!e->pinned || e->state == HSY_BULK_COMPLETE);
    end_ns = e->pinned ? hsy_time_min(end_ns, e->next_ns) : end_ns;
    b->age_ns = hsy_time_min(b->age_ns, end_ns);
    hsy_bulk_plan(b, b->age_ns);
}

void hsy_bulk_plan(struct hsy_bulk *b, uint64_t at_ns)
{
    b->next_ns = hsy_time_min(b->next_ns, at_ns);
    HSY_ASSERT(b->next_ns <= at_ns);
}

void hsy_bulk_tick(struct hsy_bulk *b)
{
    uint64_t now_ns = b->env->now.mono_ns;

    /* Once more when one went or got its turn: there may be room for others.
     * Each of them is asked of somebody then, so this ends. */
    while (b->next_ns <= now_ns) {
        b->next_ns = HEARSAY_NEVER;
        age_all(b);
        for (uint32_t i = b->turns; i > 0; i--) {
            hsy_fetch_tick(b, hsy_bulk_turn(b, i - 1));
        }
        hsy_bulk_own_settle(b);
        hsy_fetch_next(b);
        hsy_fetch_more(b);
    }
    HSY_ASSERT(b->next_ns > now_ns);
}

void hsy_bulk_link_up(struct hsy_bulk *b, const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    for (uint32_t i = 0; i < b->turns; i++) {
        struct hsy_bulk_entry *e = hsy_bulk_turn(b, i);
        if (e->link == 0) {
            e->next_ns = b->env->now.mono_ns; /* Here is somebody to ask. */
            b->next_ns = e->next_ns;
        }
    }
}

void hsy_bulk_link_down(struct hsy_bulk *b, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    hsy_serve_link_down(b, link);
    hsy_fetch_link_down(b, link);
}

bool hsy_bulk_is_pinned(const struct hsy_bulk *b)
{
    HSY_ASSERT(b->env != NULL);
    for (uint32_t i = 0; i < b->table.count; i++) {
        if (hsy_bulk_at(b, i)->pinned) {
            return true;
        }
    }
    return false;
}
