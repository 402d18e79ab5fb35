/* Rows come in any order and before there is a clock. Bundles wait in a heap,
 * the oldest on top: it goes when there are too many, and at START they come
 * out in the order in which they were seen. */
#include "core/saved.h"

#include <string.h>

#include "base/mem.h"
#include "core/kept.h"
#include "core/relay.h"

struct restored {
    struct hsy_blob *bundle; /* A share. */
    struct hsy_bundle_id id;
    struct hsy_saved_head head;
};

struct hsy_restored {
    struct restored *heap; /* Owned. */
    uint32_t count, room;
    uint64_t bytes;
    uint64_t handed; /* As the disk has it. */
};

static struct hsy_restored *restored_of(struct hsy_saved *s)
{
    if (s->restored == NULL) {
        s->restored = hsy_mem_zalloc(&s->env->mem, sizeof(*s->restored));
    }
    HSY_ASSERT(hsy_saved_on(s));
    return s->restored;
}

void hsy_restored_free(struct hsy_saved *s)
{
    struct hsy_restored *r = s->restored;

    HSY_ASSERT(s->env != NULL);
    for (uint32_t i = 0; r != NULL && i < r->count; i++) {
        hsy_keep_no_more(s->env, r->heap[i].bundle);
    }
    hsy_mem_free(&s->env->mem, r == NULL ? NULL : r->heap);
    hsy_mem_free(&s->env->mem, r);
    s->restored = NULL;
}

/* -------------------------------------------------------------------- heap */

static bool is_before(const struct hsy_restored *r, uint32_t a, uint32_t b)
{
    HSY_ASSERT(a < r->count);
    HSY_ASSERT(b < r->count);
    return r->heap[a].head.ordinal < r->heap[b].head.ordinal;
}

static void swap(struct hsy_restored *r, uint32_t a, uint32_t b)
{
    struct restored kept = r->heap[a];

    HSY_ASSERT(a != b);
    r->heap[a] = r->heap[b];
    r->heap[b] = kept;
}

static void rise(struct hsy_restored *r, uint32_t at)
{
    HSY_ASSERT(at < r->count);
    while (at > 0 && is_before(r, at, (at - 1) / 2)) {
        swap(r, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void sink(struct hsy_restored *r)
{
    uint32_t at = 0;

    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1;
             child <= 2 * at + 2 && child < r->count; child++) {
            least = is_before(r, child, least) ? child : least;
        }
        if (least == at) {
            break;
        }
        swap(r, at, least);
        at = least;
    }
    HSY_ASSERT(r->count == 0 || at < r->count);
}

static int push(struct hsy_saved *s, struct hsy_restored *r,
                const struct restored *item)
{
    if (r->count == r->room) {
        uint32_t room = r->room == 0 ? 64 : 2 * r->room;
        struct restored *heap =
            hsy_mem_alloc(&s->env->mem, room * sizeof(*heap));
        if (heap == NULL) {
            return HEARSAY_ERR_NOMEM;
        }
        if (r->count > 0) {
            memcpy(heap, r->heap, r->count * sizeof(*heap));
        }
        hsy_mem_free(&s->env->mem, r->heap);
        r->heap = heap;
        r->room = room;
    }
    r->heap[r->count] = *item;
    r->count++;
    r->bytes += item->bundle->len;
    rise(r, r->count - 1);
    HSY_ASSERT(r->count <= r->room);
    return 0;
}

static struct restored pop(struct hsy_restored *r)
{
    HSY_ASSERT(r->count > 0);
    struct restored top = r->heap[0];
    r->count--;
    r->bytes -= top.bundle->len;
    r->heap[0] = r->heap[r->count];
    sink(r);
    return top;
}

/* ------------------------------------------------------------------ claims */

/* Whatever of them is not claimed yet. False: no room. */
static bool claim(struct hsy_saved *s, const struct hsy_span *all)
{
    struct hsy_origin *origin = hsy_origin_make(s->origins, &all->of);
    uint64_t from = all->from;
    struct hsy_span span;

    HSY_ASSERT(all->from <= all->to);
    while (origin != NULL && hsy_origin_missing(origin, &span, from, all->to)) {
        if (hsy_origins_claim(s->origins, NULL, &span) != HSY_CLAIMED_NEW) {
            return false;
        }
        from = span.to + 1;
    }
    if (origin != NULL) {
        origin->restored = true;
    }
    return origin != NULL;
}

static struct hsy_origin *claim_bundle(struct hsy_saved *s,
                                       const struct hsy_bundle *bundle)
{
    struct hsy_span span = {.of = hsy_bundle_epoch(bundle),
                            .from = bundle->first_seq,
                            .to = bundle->first_seq + bundle->count - 1};

    if (!claim(s, &span)) {
        return NULL;
    }
    struct hsy_origin *origin = hsy_origin_find(s->origins, &span.of);
    HSY_ASSERT(origin != NULL);
    origin->wall_ms =
        bundle->wall_ms > origin->wall_ms ? bundle->wall_ms : origin->wall_ms;
    return origin;
}

/* -------------------------------------------------------------------- rows */

/* What another life kept, what waited there for those in front of it, and what
 * was on its way: of all these there may be rows that were not handed over. */
uint64_t hsy_restored_max(const struct hearsay_config *config)
{
    HSY_ASSERT(config->retain_on_disk);
    return (uint64_t)config->retain_max + HSY_HELD_MAX + HSY_SAVING_MAX;
}

uint64_t hsy_restored_bytes(const struct hearsay_config *config)
{
    uint64_t bytes = config->retain_bytes;

    HSY_ASSERT(config->retain_on_disk);
    return bytes + bytes / HSY_HELD_PARTS + bytes / HSY_SAVING_PARTS;
}

/* A heap that is full goes after one of twice its room has come. */
size_t hsy_restored_len(void)
{
    return 3 * sizeof(struct restored);
}

static bool is_full(const struct hsy_saved *s, const struct hsy_restored *r)
{
    const struct hearsay_config *config = &s->env->config;

    HSY_ASSERT(r != NULL);
    return r->count > hsy_restored_max(config) ||
           r->bytes > hsy_restored_bytes(config);
}

/* The oldest ones go; that they came is not forgotten. */
static void make_room(struct hsy_saved *s, struct hsy_restored *r)
{
    HSY_ASSERT(r->count > 0);
    while (is_full(s, r)) {
        struct restored top = pop(r);
        struct hsy_bundle bundle = hsy_kept_bundle(top.bundle);
        struct hsy_origin *origin = claim_bundle(s, &bundle);
        if (origin != NULL) {
            hsy_saved_mark(s, origin);
        }
        struct hsy_epoch of = hsy_bundle_epoch(&bundle);
        hsy_saved_forget(s, &of, &top.id, 0);
        hsy_keep_no_more(s->env, top.bundle);
    }
}

static int restore_bundle(struct hsy_saved *s, const struct hearsay_row *row)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    struct restored item;
    struct hsy_bundle bundle;

    hsy_get_saved_head(&in, &item.head);
    hsy_get_bundle(&in, &bundle);
    if (!hsy_reader_done(&in)) {
        return HEARSAY_ERR_MALFORMED;
    }
    s->env->ports.bundle_id(s->env->ports.ctx, &item.id, &bundle);
    if (memcmp(item.id.bytes, row->key, sizeof(item.id.bytes)) != 0) {
        return HEARSAY_ERR_MALFORMED;
    }
    struct hsy_restored *r = restored_of(s);
    item.bundle = r == NULL ? NULL : hsy_keep_bundle(s->env, &bundle);
    if (item.bundle == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int err = push(s, r, &item);
    if (err != 0) {
        hsy_keep_no_more(s->env, item.bundle);
        return err;
    }
    s->last_ordinal = item.head.ordinal > s->last_ordinal ? item.head.ordinal
                                                          : s->last_ordinal;
    make_room(s, r);
    HSY_ASSERT(!is_full(s, r));
    return 0;
}

static int restore_mark(struct hsy_saved *s, const struct hearsay_row *row)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    uint8_t key[HSY_MARK_KEY_LEN];
    struct hsy_mark mark;
    bool ok = true;

    hsy_get_mark(&in, &mark);
    hsy_mark_key(key, &mark.of);
    if (!hsy_reader_done(&in) || memcmp(key, row->key, sizeof(key)) != 0) {
        return HEARSAY_ERR_MALFORMED;
    }
    struct hsy_span span = {.of = mark.of, .from = 1, .to = mark.done};
    if (mark.done > 0) {
        ok = claim(s, &span);
    }
    for (uint32_t i = 0; i < mark.runs_count && ok; i++) {
        span.from = mark.runs[i].from;
        span.to = mark.runs[i].to;
        ok = claim(s, &span);
    }
    struct hsy_origin *origin = hsy_origin_find(s->origins, &mark.of);
    if (!ok || origin == NULL) {
        return HEARSAY_ERR_FULL;
    }
    origin->marked = true;
    origin->blank_to = hsy_origin_high(origin);
    origin->next = mark.done + 1 > origin->next ? mark.done + 1 : origin->next;
    origin->wall_ms =
        mark.wall_ms > origin->wall_ms ? mark.wall_ms : origin->wall_ms;
    HSY_ASSERT(origin->restored);
    return 0;
}

static int restore_handed(struct hsy_saved *s, const struct hearsay_row *row)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    uint64_t ordinal = hsy_get_handed(&in);

    HSY_ASSERT(hsy_saved_on(s));
    if (!hsy_reader_done(&in)) {
        return HEARSAY_ERR_MALFORMED;
    }
    struct hsy_restored *r = restored_of(s);
    if (r == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    r->handed = ordinal;
    s->last_ordinal = ordinal > s->last_ordinal ? ordinal : s->last_ordinal;
    return 0;
}

int hsy_saved_restore(struct hsy_saved *s, const struct hearsay_row *row)
{
    HSY_ASSERT(row->table == HEARSAY_TABLE_MESSAGES);
    if (!hsy_saved_on(s)) {
        return HEARSAY_ERR_MALFORMED; /* Nobody wants them. */
    }
    if (row->key_len == sizeof(struct hsy_bundle_id)) {
        return restore_bundle(s, row);
    }
    if (row->key_len == HSY_MARK_KEY_LEN) {
        return restore_mark(s, row);
    }
    bool is_handed = row->key_len == HSY_HANDED_KEY_LEN &&
                     memcmp(row->key, hsy_handed_key, row->key_len) == 0;
    return is_handed ? restore_handed(s, row) : HEARSAY_ERR_MALFORMED;
}

/* ------------------------------------------------------------------- start */

static uint64_t age_ns(const struct hsy_saved *s, uint64_t seen_ms)
{
    uint64_t now_ms = s->env->now.wall_ms;

    HSY_ASSERT(now_ms > 0);
    return hsy_time_since(seen_ms, now_ms) < UINT64_MAX / HSY_MS
               ? hsy_time_since(seen_ms, now_ms) * HSY_MS
               : HEARSAY_NEVER;
}

/* Kept again, with the age that it has; false: that is too high, or there is
 * no room for so many. */
static bool keep(struct hsy_saved *s, const struct restored *item,
                 const struct hsy_bundle *bundle, bool has_room)
{
    uint64_t age = age_ns(s, item->head.seen_ms);
    uint64_t now_ns = s->env->now.mono_ns;
    struct hsy_retained_bundle *b =
        age > s->env->config.retain_ns || !has_room
            ? NULL
            : hsy_retained_keep(s->retained, bundle, &item->id,
                                item->head.hops);

    HSY_ASSERT(bundle->count >= 1);
    if (b == NULL) {
        struct hsy_epoch of = hsy_bundle_epoch(bundle);
        hsy_saved_mark(s, hsy_origin_find(s->origins, &of));
        hsy_saved_forget(s, &of, &item->id, item->head.ordinal);
        return false;
    }
    b->ordinal = item->head.ordinal;
    b->seen_ns = now_ns > age ? now_ns - age : 0;
    s->env->counters.restored++;
    return true;
}

static bool is_own(const struct hsy_saved *s, const struct hsy_bundle *bundle)
{
    HSY_ASSERT(bundle->count >= 1);
    return memcmp(&bundle->origin, &s->env->id, sizeof(s->env->id)) == 0;
}

/* The content was in memory only, and is fetched again: to be delivered if it
 * is @due, else for neighbours that may need it. */
static void fetch_again(struct hsy_saved *s, const struct restored *item,
                        const struct hsy_bundle *bundle, bool due)
{
    HSY_ASSERT(hsy_bundle_large(bundle));
    s->large.expect(s->large.ctx, &(struct hsy_manifest){
                                      .bundle = bundle,
                                      .id = &item->id,
                                      .ordinal = due ? item->head.ordinal : 0,
                                      .hops = item->head.hops,
                                      .to_serve = !due});
}

/* What was not handed over, or not for sure. */
static void deliver(struct hsy_saved *s, const struct restored *item,
                    const struct hsy_bundle *bundle)
{
    HSY_ASSERT(item->head.ordinal > 0);
    hsy_delivery_turn(s->delivery,
                      &(struct hsy_turn){.bundle = bundle,
                                         .hops = item->head.hops,
                                         .again = true,
                                         .ordinal = item->head.ordinal});
}

/* Does the application still need it? */
static bool is_due(const struct hsy_saved *s, const struct restored *item,
                   const struct hsy_bundle *bundle)
{
    HSY_ASSERT(s->restored != NULL);
    return item->head.deliver && item->head.ordinal > s->restored->handed &&
           !is_own(s, bundle);
}

/* In order, what is behind what was handed over is next; @due: before that,
 * what was not. */
static void set_next(struct hsy_saved *s, const struct restored *item, bool due)
{
    struct hsy_bundle bundle = hsy_kept_bundle(item->bundle);
    struct hsy_epoch of = hsy_bundle_epoch(&bundle);
    struct hsy_origin *origin = hsy_origin_find(s->origins, &of);
    uint64_t behind = bundle.first_seq + bundle.count;

    if (origin == NULL || is_due(s, item, &bundle) != due) {
        return;
    }
    if (!due) {
        origin->next = behind > origin->next ? behind : origin->next;
    } else if (origin->next == 0 || bundle.first_seq < origin->next) {
        origin->next = bundle.first_seq;
    }
    HSY_ASSERT(origin->next > 0);
}

/* The clock of gaps begins now; marks of origins of which nothing can come any
 * more go. */
static void start_origins(struct hsy_saved *s)
{
    uint64_t over_ns = 2 * hsy_time_max(s->env->config.retain_ns,
                                        HSY_BUNDLE_WINDOW_MS * HSY_MS);
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(over_ns > 0);
    for (uint32_t i = hsy_origins_count(s->origins); i > 0; i--) {
        struct hsy_origin *origin = hsy_origin_at(s->origins, i - 1);
        origin->born_ns = now_ns;
        for (uint32_t k = 0; k < origin->runs_count; k++) {
            origin->runs[k].since_ns = now_ns;
        }
        if (age_ns(s, origin->wall_ms) > over_ns &&
            origin->first == HSY_PLACE_NONE && origin->held == NULL &&
            origin->under_way == 0 && !origin->told) {
            hsy_origin_remove(s->origins, origin);
        }
    }
    s->origins->gap_next_ns = now_ns;
}

/* All its numbers are claimed, or there was no room for its origin. */
static void start_bundle(struct hsy_saved *s, const struct restored *item,
                         bool has_room)
{
    struct hsy_bundle bundle = hsy_kept_bundle(item->bundle);
    struct hsy_epoch of = hsy_bundle_epoch(&bundle);

    if (hsy_origin_find(s->origins, &of) == NULL) {
        hsy_saved_forget(s, &of, &item->id, 0);
        return;
    }
    (void)!hsy_ml_add(s->seen, &item->id, 1);
    bool kept = keep(s, item, &bundle, has_room);
    bool due = is_due(s, item, &bundle);
    if (due) {
        hsy_origin_find(s->origins, &of)->told = true;
    }
    if (hsy_bundle_large(&bundle)) {
        if (due || kept) {
            fetch_again(s, item, &bundle, due);
        }
    } else if (due) {
        deliver(s, item, &bundle);
    }
    HSY_ASSERT(bundle.count >= 1);
}

/* Puts them in order, the newest first, in place. */
static struct restored *sorted(struct hsy_restored *r)
{
    HSY_ASSERT(r->heap != NULL || r->count == 0);
    while (r->count > 0) {
        struct restored top = pop(r);
        r->heap[r->count] = top; /* The place that was freed. */
    }
    return r->heap;
}

static void start_bundles(struct hsy_saved *s, struct hsy_restored *r)
{
    const struct hearsay_config *config = &s->env->config;
    uint32_t count = r->count;
    uint64_t bytes = r->bytes;
    const struct restored *all = sorted(r);

    for (uint32_t i = count; i > 0; i--) {
        struct hsy_bundle bundle = hsy_kept_bundle(all[i - 1].bundle);
        (void)claim_bundle(s, &bundle);
    }
    for (uint32_t i = count; i > 0; i--) {
        set_next(s, &all[i - 1], false);
    }
    for (uint32_t i = count; i > 0; i--) {
        set_next(s, &all[i - 1], true);
    }
    for (uint32_t i = count; i > 0; i--) {
        /* The newest that there is room for are kept. */
        start_bundle(s, &all[i - 1],
                     i <= config->retain_max && bytes <= config->retain_bytes);
        bytes -= all[i - 1].bundle->len;
        hsy_keep_no_more(s->env, all[i - 1].bundle);
    }
    HSY_ASSERT(r->count == 0);
}

void hsy_saved_start(struct hsy_saved *s)
{
    if (!hsy_saved_on(s)) {
        return;
    }
    s->over = s->last_ordinal;
    s->had_life = s->restored != NULL || hsy_origins_count(s->origins) > 0;
    if (s->restored != NULL) {
        s->handed = s->restored->handed;
        start_bundles(s, s->restored);
    }
    start_origins(s);
    hsy_restored_free(s);
    HSY_ASSERT(s->restored == NULL);
    s->next_ns = hsy_time_add(s->env->now.mono_ns, HSY_SAVED_LATER_NS);
}
