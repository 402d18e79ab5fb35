/* Three kinds of rows: a bundle each, what is handed over, and what has come
 * of an origin (its mark). What makes the order of writing right:
 *
 *   - A message is handed over when its row is answered; what is handed over
 *     is written later. So after a crash nothing is forgotten, and what may
 *     come twice says so.
 *   - A mark goes with, or after, the rows of all bundles that it covers.
 *   - A row goes with, or after, the mark that covers it, and when its message
 *     was handed over.
 *   - What is handed over is written with, or after, all rows of before: among
 *     these may be the new one of a content that was fetched again.
 *
 *     put --> first..last --write--> flights --persisted--> delivery
 *     drop, mark --> gone, dirty --write, a second later--> flights
 */
#include "core/saved.h"

#include <string.h>

#include "base/mem.h"
#include "core/kept.h"

#define AGAIN_NS (10 * HSY_SECOND)

struct hsy_saving {
    struct hsy_saving *next;
    struct hsy_epoch of;
    struct hsy_bundle_id id;
    struct hsy_blob *bundle;     /* A share. */
    struct hearsay_buf *content; /* The same; NULL. */
    uint64_t ordinal;
    uint8_t hops;
    bool deliver;
    bool again; /* See struct hearsay_message. */
};

size_t hsy_saved_saving_len(void)
{
    return sizeof(struct hsy_saving);
}

void hsy_saved_init(struct hsy_saved *s, struct hsy_env *env)
{
    HSY_ASSERT(env->config.retain_bytes > 0);
    *s = (struct hsy_saved){.env = env, .next_ns = HEARSAY_NEVER};
}

static void free_saving(struct hsy_saved *s, struct hsy_saving *e)
{
    HSY_ASSERT(s->count > 0);
    HSY_ASSERT(s->bytes >= e->bundle->len);
    s->count--;
    s->bytes -= e->bundle->len;
    s->contents_len -= e->content == NULL ? 0 : e->content->len;
    hsy_keep_no_more(s->env, e->bundle);
    hearsay_buf_unref(e->content);
    hsy_mem_free(&s->env->mem, e);
}

static void free_list(struct hsy_saved *s, struct hsy_saving *e)
{
    while (e != NULL) {
        struct hsy_saving *next = e->next;
        free_saving(s, e);
        e = next;
    }
    HSY_ASSERT(s->env != NULL);
}

void hsy_saved_fini(struct hsy_saved *s)
{
    free_list(s, s->first);
    for (uint32_t i = 0; i < s->flights_count; i++) {
        free_list(s, s->flights[i].first);
        hsy_mem_free(&s->env->mem, s->flights[i].gone);
    }
    hsy_mem_free(&s->env->mem, s->gone);
    hsy_restored_free(s);
    HSY_ASSERT(s->count == 0);
}

static void plan(struct hsy_saved *s, uint64_t after_ns)
{
    HSY_ASSERT(hsy_saved_on(s));
    s->next_ns =
        hsy_time_min(s->next_ns, hsy_time_add(s->env->now.mono_ns, after_ns));
}

/* -------------------------------------------------------------------- take */

void hsy_saved_mark(struct hsy_saved *s, struct hsy_origin *origin)
{
    HSY_ASSERT(origin != NULL);
    if (hsy_saved_on(s) && !origin->dirty) {
        origin->dirty = true;
        s->dirty++;
        plan(s, HSY_SAVED_LATER_NS);
    }
}

/* Contents are kept for others, too, but may have to make room there. */
static bool has_room(const struct hsy_saved *s, const struct hsy_blob *bundle,
                     const struct hearsay_buf *content)
{
    const struct hearsay_config *config = &s->env->config;
    uint64_t content_len = content == NULL ? 0 : content->len;

    HSY_ASSERT(s->count <= HSY_SAVING_MAX);
    return s->count < HSY_SAVING_MAX &&
           s->bytes + bundle->len <= config->retain_bytes / HSY_SAVING_PARTS &&
           s->contents_len + content_len <= config->bulk_bytes;
}

static struct hsy_saving *new_saving(struct hsy_saved *s,
                                     struct hsy_blob *bundle,
                                     struct hearsay_buf *content)
{
    struct hsy_saving *e =
        !s->stuck && has_room(s, bundle, content)
            ? hsy_mem_zalloc(&s->env->mem, sizeof(struct hsy_saving))
            : NULL;

    HSY_ASSERT(hsy_saved_on(s));
    if (e != NULL) {
        e->bundle = hsy_blob_share(bundle);
        e->content = content == NULL ? NULL : hearsay_buf_ref(content);
        s->count++;
        s->bytes += bundle->len;
        s->contents_len += content == NULL ? 0 : content->len;
    }
    return e;
}

bool hsy_saved_put(struct hsy_saved *s, struct hsy_retained_bundle *b,
                   const struct hsy_turn *turn, bool deliver)
{
    struct hsy_epoch of = hsy_bundle_epoch(turn->bundle);
    struct hsy_origin *origin = hsy_origin_find(s->origins, &of);

    HSY_ASSERT(origin != NULL);
    if (!hsy_saved_on(s)) {
        return false;
    }
    struct hsy_saving *e =
        b == NULL ? NULL : new_saving(s, b->bundle, turn->content);
    if (e == NULL) {
        s->env->counters.unsaved++;
        hsy_saved_mark(s, origin); /* At least that it came. */
        return false;
    }
    s->last_ordinal++;
    b->ordinal = s->last_ordinal;
    e->of = of;
    e->id = b->id;
    e->ordinal = b->ordinal;
    e->hops = b->hops;
    e->deliver = deliver;
    e->again = turn->again;
    origin->under_way += deliver ? 1 : 0;
    *(s->first == NULL ? &s->first : &s->last->next) = e;
    s->last = e;
    return true;
}

static bool room_for_gone(struct hsy_saved *s)
{
    uint32_t room = s->gone_room == 0 ? 64 : 2 * s->gone_room;

    HSY_ASSERT(s->gone_count <= s->gone_room);
    if (s->gone_count < s->gone_room) {
        return true;
    }
    struct hsy_gone *gone =
        room > HSY_SAVED_GONE_MAX
            ? NULL
            : hsy_mem_alloc(&s->env->mem, room * sizeof(*gone));
    if (gone == NULL) {
        return false;
    }
    if (s->gone_count > 0) {
        memcpy(gone, s->gone, s->gone_count * sizeof(*gone));
    }
    hsy_mem_free(&s->env->mem, s->gone);
    s->gone = gone;
    s->gone_room = room;
    return true;
}

static void forget(struct hsy_saved *s, const struct hsy_gone *gone)
{
    HSY_ASSERT(hsy_saved_on(s));
    if (room_for_gone(s)) {
        s->gone[s->gone_count] = *gone;
        s->gone_count++;
        plan(s, s->gone_count >= HSY_BATCH_ROWS ? 0 : HSY_SAVED_LATER_NS);
    }
}

void hsy_saved_forget(struct hsy_saved *s, const struct hsy_epoch *of,
                      const struct hsy_bundle_id *id, uint64_t ordinal)
{
    struct hsy_gone gone = {
        .of = *of, .ordinal = ordinal, .key_len = sizeof(id->bytes)};

    HSY_ASSERT(id != NULL);
    memcpy(gone.key, id->bytes, sizeof(id->bytes));
    forget(s, &gone);
}

void hsy_saved_drop(struct hsy_saved *s, const struct hsy_retained_bundle *b)
{
    struct hsy_bundle bundle = hsy_retained_bundle(b);
    struct hsy_epoch of = hsy_bundle_epoch(&bundle);

    if (!hsy_saved_on(s) || b->ordinal == 0) {
        return;
    }
    hsy_saved_mark(s, hsy_origin_find(s->origins, &of));
    hsy_saved_forget(s, &of, &b->id, b->ordinal);
    HSY_ASSERT(s->next_ns != HEARSAY_NEVER);
}

void hsy_saved_unmark(struct hsy_saved *s, const struct hsy_origin *origin)
{
    struct hsy_gone gone = {.of = origin->of, .key_len = HSY_MARK_KEY_LEN};

    HSY_ASSERT(!origin->dirty || s->dirty > 0);
    s->dirty -= origin->dirty ? 1 : 0;
    if (origin->marked) {
        hsy_mark_key(gone.key, &origin->of);
        forget(s, &gone);
    }
}

/* ----------------------------------------------------------------- deliver */

/* Up to there the application has had all that it is to get. */
static uint64_t handed(const struct hsy_saved *s)
{
    uint64_t waits = hsy_order_lowest(&s->delivery->order);
    uint64_t fetched = hsy_bulk_lowest(s->large.bulk);

    waits = fetched < waits ? fetched : waits;
    HSY_ASSERT(waits >= 1);
    return waits - 1 < s->over ? waits - 1 : s->over;
}

/* The disk has answered for @e, one way or the other. */
static void hand_over(struct hsy_saved *s, const struct hsy_saving *e)
{
    struct hsy_bundle bundle = hsy_kept_bundle(e->bundle);

    HSY_ASSERT(e->ordinal > s->over);
    s->over = e->ordinal;
    if (!e->deliver) {
        return;
    }
    struct hsy_origin *origin = hsy_origin_find(s->origins, &e->of);
    HSY_ASSERT(origin != NULL); /* It stays while this is under way. */
    HSY_ASSERT(origin->under_way > 0);
    origin->under_way--;
    hsy_delivery_turn(s->delivery, &(struct hsy_turn){.bundle = &bundle,
                                                      .content = e->content,
                                                      .hops = e->hops,
                                                      .again = e->again,
                                                      .ordinal = e->ordinal});
}

static void hand_over_all(struct hsy_saved *s, struct hsy_saving *first)
{
    for (struct hsy_saving *e = first; e != NULL; e = e->next) {
        hand_over(s, e);
    }
    free_list(s, first);
    HSY_ASSERT(s->over <= s->last_ordinal);
}

/* ------------------------------------------------------------------- write */

/* One transaction as it is put together. */
struct batch {
    struct hearsay_row rows[HSY_BATCH_BUNDLES + HSY_BATCH_ROWS + 1];
    uint32_t count;
    uint32_t others; /* Of these: neither bundles nor what is handed over. */
    struct hsy_writer bytes; /* Keys and values. */
};

static void add_bundle(struct hsy_saved *s, struct batch *b,
                       const struct hsy_saving *e)
{
    struct hsy_saved_head head = {.ordinal = e->ordinal,
                                  .seen_ms = s->env->now.wall_ms,
                                  .hops = e->hops,
                                  .deliver = e->deliver};
    size_t at = b->bytes.len;

    hsy_put_saved_head(&b->bytes, &head);
    hsy_put_bytes(&b->bytes, e->bundle->bytes, e->bundle->len);
    HSY_ASSERT(!b->bytes.bad);
    b->rows[b->count] = (struct hearsay_row){.table = HEARSAY_TABLE_MESSAGES,
                                             .key = e->id.bytes,
                                             .key_len = sizeof(e->id.bytes),
                                             .value = b->bytes.data + at,
                                             .value_len = b->bytes.len - at};
    b->count++;
}

static void add_handed(struct batch *b, uint64_t ordinal)
{
    size_t at = b->bytes.len;

    hsy_put_handed(&b->bytes, ordinal);
    HSY_ASSERT(!b->bytes.bad);
    b->rows[b->count] =
        (struct hearsay_row){.table = HEARSAY_TABLE_MESSAGES,
                             .key = (const uint8_t *)hsy_handed_key,
                             .key_len = HSY_HANDED_KEY_LEN,
                             .value = b->bytes.data + at,
                             .value_len = b->bytes.len - at};
    b->count++;
}

static void add_mark(struct batch *b, const struct hsy_origin *origin)
{
    struct hsy_mark mark = {.of = origin->of,
                            .done = origin->done,
                            .wall_ms = origin->wall_ms,
                            .runs_count = origin->runs_count};
    uint8_t key[HSY_MARK_KEY_LEN];
    size_t at = b->bytes.len;

    for (uint32_t i = 0; i < origin->runs_count; i++) {
        mark.runs[i] = origin->runs[i];
    }
    hsy_mark_key(key, &origin->of);
    hsy_put_bytes(&b->bytes, key, sizeof(key));
    hsy_put_mark(&b->bytes, &mark);
    HSY_ASSERT(!b->bytes.bad);
    b->rows[b->count] =
        (struct hearsay_row){.table = HEARSAY_TABLE_MESSAGES,
                             .key = b->bytes.data + at,
                             .key_len = sizeof(key),
                             .value = b->bytes.data + at + sizeof(key),
                             .value_len = b->bytes.len - at - sizeof(key)};
    b->count++;
}

/* As many as fit. True: there was one. */
static bool add_marks(struct hsy_saved *s, struct batch *b)
{
    uint32_t before = b->others;

    for (uint32_t i = 0; i < hsy_origins_count(s->origins) && s->dirty > 0 &&
                         b->others < HSY_BATCH_ROWS;
         i++) {
        struct hsy_origin *origin = hsy_origin_at(s->origins, i);
        if (origin->dirty && origin->fetching == 0) {
            add_mark(b, origin);
            origin->dirty = false;
            origin->marked = true;
            s->dirty--;
            b->others++;
        }
    }
    HSY_ASSERT(b->others <= HSY_BATCH_ROWS);
    return b->others > before;
}

static bool is_mark(const struct hsy_gone *g)
{
    HSY_ASSERT(g->key_len == HSY_MARK_KEY_LEN ||
               g->key_len == sizeof(struct hsy_bundle_id));
    return g->key_len == HSY_MARK_KEY_LEN;
}

/* Its message was handed over, or waits for nothing. */
static bool is_over(const struct hsy_saved *s, const struct hsy_gone *g)
{
    HSY_ASSERT(s->over <= s->last_ordinal);
    return is_mark(g) || (g->ordinal <= s->over &&
                          !hsy_order_holds(&s->delivery->order, g->ordinal));
}

/* May its row go? A content that is being fetched holds back the mark of its
 * origin, and so its own row. */
static bool may_go(const struct hsy_saved *s, const struct hsy_gone *g)
{
    const struct hsy_origin *origin =
        is_mark(g) ? NULL : hsy_origin_find(s->origins, &g->of);

    HSY_ASSERT(g->key_len > 0);
    return is_over(s, g) && (origin == NULL || !origin->dirty);
}

/* Those of one kind that go are put into @flight, for the case that they do
 * not, as long as there is room for all its rows. False: some are left. */
static bool add_gone(struct hsy_saved *s, struct batch *b,
                     struct hsy_flight *flight, uint8_t key_len)
{
    uint32_t kept = 0;
    bool all = true;

    HSY_ASSERT(flight->gone != NULL);
    for (uint32_t i = 0; i < s->gone_count; i++) {
        const struct hsy_gone *g = &s->gone[i];
        bool goes = g->key_len == key_len && may_go(s, g);
        if (!goes || b->others == HSY_BATCH_ROWS) {
            s->gone[kept] = *g;
            kept++;
            all = all && !goes;
            continue;
        }
        struct hsy_gone *gone = &flight->gone[flight->gone_count];
        *gone = *g;
        b->rows[b->count] =
            (struct hearsay_row){.table = HEARSAY_TABLE_MESSAGES,
                                 .key = gone->key,
                                 .key_len = gone->key_len};
        flight->gone_count++;
        b->others++;
        b->count++;
    }
    s->gone_count = kept;
    HSY_ASSERT(b->others <= HSY_BATCH_ROWS);
    return all;
}

/* Marks that go, marks, and rows of bundles that go: in this order, so that a
 * mark that comes again stays, and none goes before it is there. */
static void add_rest(struct hsy_saved *s, struct batch *b,
                     struct hsy_flight *flight)
{
    flight->gone =
        hsy_mem_alloc(&s->env->mem, HSY_BATCH_ROWS * sizeof(*flight->gone));
    HSY_ASSERT(flight->gone_count == 0);
    if (flight->gone == NULL || !add_gone(s, b, flight, HSY_MARK_KEY_LEN)) {
        return;
    }
    flight->marks = add_marks(s, b);
    (void)add_gone(s, b, flight, sizeof(struct hsy_bundle_id));
}

/* What the first so many bundles, and the rest, may come to in bytes. */
static size_t batch_room(const struct hsy_saved *s)
{
    size_t len = HSY_HANDED_LEN;
    uint32_t count = 0;

    for (const struct hsy_saving *e = s->first;
         e != NULL && count < HSY_BATCH_BUNDLES; e = e->next, count++) {
        len += HSY_SAVED_HEAD_LEN + e->bundle->len;
    }
    uint32_t marks = s->dirty < HSY_BATCH_ROWS ? s->dirty : HSY_BATCH_ROWS;
    HSY_ASSERT(count <= HSY_BATCH_BUNDLES);
    return len + marks * (size_t)(HSY_MARK_KEY_LEN + HSY_MARK_LEN_MAX);
}

/* The first bundles that wait go into @flight. */
static void add_bundles(struct hsy_saved *s, struct batch *b,
                        struct hsy_flight *flight)
{
    struct hsy_saving **end = &s->first;

    flight->first = s->first;
    while (*end != NULL && b->count < HSY_BATCH_BUNDLES) {
        add_bundle(s, b, *end);
        end = &(*end)->next;
    }
    struct hsy_saving *rest = *end;
    *end = NULL;
    flight->first = b->count == 0 ? NULL : flight->first;
    s->first = rest;
    s->last = rest == NULL ? NULL : s->last;
    HSY_ASSERT((s->first == NULL) == (s->last == NULL));
}

/* At least that it came is to be on the disk. */
static void mark_unsaved(struct hsy_saved *s, const struct hsy_saving *e)
{
    struct hsy_origin *origin = hsy_origin_find(s->origins, &e->of);

    HSY_ASSERT(origin != NULL || !e->deliver);
    s->env->counters.unsaved++;
    if (origin != NULL) {
        hsy_saved_mark(s, origin);
    }
}

static void hand_over_unsaved(struct hsy_saved *s, struct hsy_saving *first)
{
    HSY_ASSERT(hsy_saved_on(s));
    for (const struct hsy_saving *e = first; e != NULL; e = e->next) {
        mark_unsaved(s, e);
    }
    hand_over_all(s, first);
}

static void hand_over_waiting(struct hsy_saved *s)
{
    struct hsy_saving *first = s->first;

    s->first = NULL;
    s->last = NULL;
    hand_over_unsaved(s, first);
    HSY_ASSERT(s->over <= s->last_ordinal);
}

/* Without memory what waits is delivered unwritten; of the rest nothing is
 * lost by waiting. */
static void cannot_write(struct hsy_saved *s)
{
    HSY_ASSERT(s->flights_count <= HSY_FLIGHTS_MAX);
    s->next_ns = hsy_time_add(s->env->now.mono_ns, AGAIN_NS);
    if (s->flights_count == 0) { /* In order: behind what is under way. */
        hand_over_waiting(s);
    }
}

/* One transaction: bundles that wait and, when it is time, the rest. False:
 * nothing could be written. */
static bool write(struct hsy_saved *s, bool all)
{
    struct hsy_env *env = s->env;
    struct hsy_flight flight = {.token = 0};
    size_t room = batch_room(s);
    struct batch *b = hsy_mem_alloc(&env->mem, sizeof(*b) + room);

    HSY_ASSERT(s->flights_count < HSY_FLIGHTS_MAX);
    if (b == NULL) {
        cannot_write(s);
        return false;
    }
    b->count = 0;
    b->others = 0;
    b->bytes = hsy_writer(b + 1, room);
    add_bundles(s, b, &flight);
    uint64_t told = handed(s);
    if (s->first == NULL && told != s->handed) {
        add_handed(b, told);
        s->handed = told;
    }
    if (all && s->first == NULL) {
        add_rest(s, b, &flight);
    }
    if (b->count > 0) {
        flight.token = env->ports.persist(env->ports.ctx, b->rows, b->count);
        flight.since_ns = env->now.mono_ns;
        s->flights[s->flights_count] = flight;
        s->flights_count++;
    } else {
        hsy_mem_free(&env->mem, flight.gone);
    }
    hsy_mem_free(&env->mem, b);
    return flight.token != 0;
}

/* Is there anything that is written later? */
static bool has_rest(const struct hsy_saved *s)
{
    HSY_ASSERT(s->env != NULL);
    for (uint32_t i = 0; i < s->gone_count; i++) {
        if (is_over(s, &s->gone[i])) {
            return true;
        }
    }
    return s->dirty > 0 || handed(s) != s->handed;
}

/* Its time begins anew if it is over and this process was away: it has not
 * heard what the disk said. Once, or a slow process would wait for ever. */
static void excuse(struct hsy_flight *flight, uint64_t now_ns)
{
    uint64_t late_ns = HSY_SAVED_DISK_NS + HSY_AWAY_NS;
    bool was_away = hsy_time_since(flight->since_ns, now_ns) > late_ns;

    HSY_ASSERT(flight->token > 0);
    if (was_away && !flight->excused) {
        flight->excused = true;
        flight->since_ns = now_ns;
    }
}

/* What waits for a disk that does not answer is delivered unwritten; until it
 * has answered all that is under way, nothing else is written. */
static void look_at_disk(struct hsy_saved *s)
{
    struct hsy_note note = hsy_note(HEARSAY_ERROR, "disk-stuck");
    struct hsy_flight *first = &s->flights[0];

    HSY_ASSERT(!s->stuck || s->count == 0);
    if (s->stuck || s->flights_count == 0) {
        return;
    }
    excuse(first, s->env->now.mono_ns);
    uint64_t due_ns = hsy_time_add(first->since_ns, HSY_SAVED_DISK_NS);
    if (s->env->now.mono_ns < due_ns) {
        s->next_ns = hsy_time_min(s->next_ns, due_ns);
        return;
    }
    s->stuck = true;
    hsy_note_u64(&note, "waiting", s->count);
    hsy_note_text(&note, "text",
                  "the disk has not answered for 10 s: messages are delivered "
                  "without being on it");
    hsy_tell(s->env, &note);
    for (uint32_t i = 0; i < s->flights_count; i++) {
        struct hsy_saving *saving = s->flights[i].first;
        s->flights[i].first = NULL;
        hand_over_unsaved(s, saving);
    }
    hand_over_waiting(s);
}

void hsy_saved_tick(struct hsy_saved *s)
{
    bool due = s->env->now.mono_ns >= s->next_ns;

    if (!hsy_saved_on(s)) {
        return;
    }
    s->next_ns = due ? HEARSAY_NEVER : s->next_ns;
    while (!s->stuck && (s->first != NULL || (due && has_rest(s))) &&
           s->flights_count < HSY_FLIGHTS_MAX && write(s, due)) {
    }
    if (due && has_rest(s)) {
        plan(s, HSY_SAVED_LATER_NS);
    }
    look_at_disk(s);
    HSY_ASSERT(s->next_ns > s->env->now.mono_ns);
}

/* -------------------------------------------------------------- the answer */

/* None of its rows is on the disk. What was to go goes another time; marks,
 * and those of what was not saved, are written again. */
static void write_failed(struct hsy_saved *s, const struct hsy_flight *flight)
{
    HSY_ASSERT(flight->token > 0);
    s->handed = UINT64_MAX;
    for (uint32_t i = 0; i < flight->gone_count; i++) {
        forget(s, &flight->gone[i]);
    }
    for (uint32_t i = 0; flight->marks && i < hsy_origins_count(s->origins);
         i++) {
        struct hsy_origin *origin = hsy_origin_at(s->origins, i);
        if (origin->marked) {
            hsy_saved_mark(s, origin);
        }
    }
    for (const struct hsy_saving *e = flight->first; e != NULL; e = e->next) {
        mark_unsaved(s, e);
    }
    s->next_ns = hsy_time_add(s->env->now.mono_ns, AGAIN_NS);
}

void hsy_saved_persisted(struct hsy_saved *s, uint64_t token, bool ok)
{
    struct hsy_flight flight = s->flights[0];

    if (s->flights_count == 0 || flight.token != token) {
        return; /* Another machine's. Answers come in order. */
    }
    s->flights_count--;
    s->stuck = s->stuck && s->flights_count > 0;
    memmove(s->flights, s->flights + 1,
            s->flights_count * sizeof(s->flights[0]));
    if (!ok) {
        write_failed(s, &flight);
    }
    hsy_mem_free(&s->env->mem, flight.gone);
    hand_over_all(s, flight.first);
    if (handed(s) != s->handed) {
        plan(s, ok ? HSY_SAVED_LATER_NS : AGAIN_NS);
    }
}

/* --------------------------------------------------------------------- end */

bool hsy_saved_idle(const struct hsy_saved *s)
{
    HSY_ASSERT(s->count > 0 || s->first == NULL);
    return s->count == 0;
}

void hsy_saved_flush(struct hsy_saved *s)
{
    while (s->first != NULL && s->flights_count < HSY_FLIGHTS_MAX &&
           write(s, false)) {
    }
    HSY_ASSERT(s->flights_count <= HSY_FLIGHTS_MAX);
}

/* They will be answered when nobody is there any more. */
static void end_flights(struct hsy_saved *s)
{
    for (uint32_t i = 0; i < s->flights_count; i++) {
        hand_over_all(s, s->flights[i].first);
        hsy_mem_free(&s->env->mem, s->flights[i].gone);
    }
    s->flights_count = 0;
    HSY_ASSERT(s->over <= s->last_ordinal);
}

void hsy_saved_end(struct hsy_saved *s)
{
    if (!hsy_saved_on(s)) {
        return;
    }
    end_flights(s);
    while ((s->first != NULL || has_rest(s)) && write(s, true)) {
        end_flights(s);
    }
    HSY_ASSERT(s->flights_count == 0);
}
