/* Merging by incarnation, forgetting by usefulness, saving in batches: a
 * fresh fleet of peers must not spend its first seconds in fsync. */
#include "core/book.h"

#include <string.h>

#include "base/addr.h"
#include "base/compiler.h"
#include "core/kept.h"

enum { EVICT_TRIES = 8, FAILS_TO_EVICT = 2, ANCHOR = 1 };

#define FLUSH_AFTER_NS (10 * HSY_SECOND)
#define FLUSH_AGAIN_NS (60 * HSY_SECOND)
#define RETRY_BASE_NS (1 * HSY_SECOND)
#define RETRY_CAP_NS (60 * HSY_SECOND)
#define SLOW_WAIT_NS (60 * HSY_SECOND)

void hsy_book_init(struct hsy_book *book, struct hsy_env *env)
{
    HSY_ASSERT(env->config.book_max >= 1);
    *book = (struct hsy_book){.env = env, .flush_ns = HEARSAY_NEVER};
    hsy_table_init(
        &book->by_id, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_contact),
                                 .items_max = env->config.book_max},
        env->config.hash_salt);
}

void hsy_book_fini(struct hsy_book *book)
{
    for (uint32_t i = 0; i < book->by_id.count; i++) {
        struct hsy_contact *c = hsy_table_at(&book->by_id, i);
        hsy_keep_no_more(book->env, c->record);
    }
    hsy_table_fini(&book->by_id);
}

/* Value: the record; of an anchor, one byte 1 behind it. */
static uint64_t persist_row(struct hsy_book *book, const struct hsy_contact *c,
                            bool keep)
{
    struct hsy_env *env = book->env;
    HSY_UNSET uint8_t bytes[HSY_RECORD_LEN_MAX + 1];
    size_t len = c->record->len;

    HSY_ASSERT(len <= HSY_RECORD_LEN_MAX);
    memcpy(bytes, c->record->bytes, len);
    if (c->anchor) {
        bytes[len] = ANCHOR;
        len++;
    }
    struct hearsay_row row = {.table = HEARSAY_TABLE_BOOK,
                              .key = c->id.bytes,
                              .key_len = HEARSAY_ID_LEN,
                              .value = keep ? bytes : NULL,
                              .value_len = keep ? len : 0};
    return env->ports.persist(env->ports.ctx, &row, 1);
}

void hsy_book_forget(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c == NULL) {
        return;
    }
    if (c->saved) {
        (void)persist_row(book, c, false); /* A row too many does no harm. */
    }
    book->anchors -= c->anchor ? 1 : 0;
    book->firsts -= c->first ? 1 : 0;
    hsy_keep_no_more(book->env, c->record);
    hsy_table_remove(&book->by_id, c);
    HSY_ASSERT(hsy_book_find(book, id) == NULL);
}

/* Tries in vain, whatever became of them. */
static uint32_t in_vain(const struct hsy_contact *c)
{
    return (uint32_t)c->tries + c->refusals;
}

/* How many entries of @group there are. */
static uint32_t group_count(const struct hsy_book *book, uint64_t group)
{
    uint32_t count = 0;

    HSY_ASSERT(group != 0);
    for (uint32_t i = 0; i < book->by_id.count; i++) {
        const struct hsy_contact *c = hsy_table_at(&book->by_id, i);
        count += hsy_kept_group(c->record) == group ? 1 : 0;
    }
    return count;
}

static uint32_t group_share(const struct hsy_book *book)
{
    uint32_t share = book->env->config.book_max / HSY_BOOK_GROUP_PART;

    return share > HSY_BOOK_GROUP_MIN ? share : HSY_BOOK_GROUP_MIN;
}

/* Has its group more than its share? */
static bool is_crowded(const struct hsy_book *book, const struct hsy_contact *c)
{
    uint64_t group = hsy_kept_group(c->record);

    HSY_ASSERT(book->by_id.count > 0);
    return group != 0 && group_count(book, group) > group_share(book);
}

/* The worst of a few random ones: of a crowded group, never worked, then most
 * tries in vain. @group: of the newcomer; one that has its share already takes
 * a place of its own. NULL: none of those we looked at. */
static struct hsy_contact *pick_victim(struct hsy_book *book, uint64_t group)
{
    bool own = group != 0 && group_count(book, group) >= group_share(book);
    struct hsy_contact *worst = NULL;
    bool worst_crowded = false;

    HSY_ASSERT(book->by_id.count > 0);
    for (uint32_t i = 0; i < EVICT_TRIES; i++) {
        uint32_t at =
            (uint32_t)hsy_prng_below(&book->env->prng, book->by_id.count);
        struct hsy_contact *c = hsy_table_at(&book->by_id, at);
        if (c->anchor || (own && hsy_kept_group(c->record) != group)) {
            continue;
        }
        bool crowded = group != 0 && !own && is_crowded(book, c);
        bool worse =
            worst == NULL || (crowded && !worst_crowded) ||
            (crowded == worst_crowded &&
             ((worst->good && !c->good) ||
              (worst->good == c->good && in_vain(c) > in_vain(worst))));
        worst = worse ? c : worst;
        worst_crowded = worse ? crowded : worst_crowded;
    }
    return worst;
}

/* An unknown wants the place of a proven one. Who wants no link gives way; who
 * was not reached does when it fails again after that: one failure may be a
 * moment's, and whoever fills our ears with new names must not get rid of all
 * that we know. Feelers (feeler.h) try it soon. */
static bool gives_way(struct hsy_contact *c)
{
    HSY_ASSERT(!c->anchor);
    if (!c->good || c->refusals > 0 ||
        (c->failing && c->tries >= FAILS_TO_EVICT)) {
        return true;
    }
    c->coveted = true;
    return false;
}

/* False: all that we looked at are better than an unknown newcomer. */
static bool make_room(struct hsy_book *book, const struct hsy_encoded *record)
{
    if (book->by_id.count < book->env->config.book_max) {
        return true;
    }
    struct hearsay_addr first =
        hsy_record_first_addr(record->bytes, record->len);
    struct hsy_contact *victim = pick_victim(book, hsy_addr_group(&first));
    if (victim == NULL || !gives_way(victim)) {
        return false;
    }
    struct hearsay_id id = victim->id;
    hsy_book_forget(book, &id);
    return true;
}

/* A record begins with its id. */
static const struct hearsay_id *id_of(const struct hsy_encoded *record)
{
    HSY_ASSERT(record->len > HEARSAY_ID_LEN);
    return (const struct hearsay_id *)(const void *)record->bytes;
}

static struct hsy_contact *add_contact(struct hsy_book *book,
                                       const struct hsy_encoded *record)
{
    void *item;

    if (!make_room(book, record)) {
        return NULL;
    }
    struct hsy_blob *kept = hsy_keep_encoded(book->env, record);
    if (kept == NULL ||
        hsy_table_put(&book->by_id, &item, id_of(record)) != 0) {
        hsy_keep_no_more(book->env, kept);
        return NULL;
    }
    struct hsy_contact *c = item;
    HSY_ASSERT(c->tries == 0);
    c->record = kept;
    return c;
}

/* The address may change within one incarnation. */
static bool is_newer(const struct hsy_record_brief *a,
                     const struct hsy_record_brief *b)
{
    HSY_ASSERT(b->incarnation > 0);
    return a->incarnation > b->incarnation ||
           (a->incarnation == b->incarnation && a->issued_ms > b->issued_ms);
}

/* Without memory the older one stays. */
static void replace_record(struct hsy_book *book, struct hsy_contact *c,
                           const struct hsy_encoded *record)
{
    struct hsy_blob *kept = hsy_keep_encoded(book->env, record);

    HSY_ASSERT(hsy_id_equal(&c->id, id_of(record)));
    if (kept != NULL) {
        hsy_keep_no_more(book->env, c->record);
        c->record = kept;
        c->unsaved = c->good;
    }
}

static void plan_flush(struct hsy_book *book)
{
    if (book->flush_ns == HEARSAY_NEVER) {
        book->flush_ns = hsy_time_add(book->env->now.mono_ns, FLUSH_AFTER_NS);
    }
    HSY_ASSERT(book->flush_ns != HEARSAY_NEVER);
}

/* @c, which may be NULL, cannot be dialled any more. */
static void forget_older(struct hsy_book *book, const struct hsy_contact *c,
                         const struct hsy_record_brief *news)
{
    HSY_ASSERT((news->features & HSY_RECORD_UNDIALABLE) != 0);
    if (c != NULL) {
        struct hsy_record_brief known = hsy_kept_record_brief(c->record);
        struct hearsay_id id = c->id;
        if (is_newer(news, &known)) {
            hsy_book_forget(book, &id);
        }
    }
}

struct hsy_contact *hsy_book_merge_encoded(struct hsy_book *book,
                                           const struct hsy_encoded *record,
                                           bool *out_new)
{
    struct hsy_record_brief news = hsy_record_brief(record->bytes, record->len);
    const struct hearsay_id *id = id_of(record);

    HSY_ASSERT(news.addrs_count <= HEARSAY_ADDRS_MAX);
    *out_new = false;
    if (news.role != HEARSAY_PEER || news.addrs_count == 0 ||
        hsy_id_equal(id, &book->env->id)) {
        return NULL;
    }
    struct hsy_contact *c = hsy_book_find(book, id);
    if ((news.features & HSY_RECORD_UNDIALABLE) != 0) {
        forget_older(book, c, &news);
        return NULL;
    }
    if (c == NULL) {
        c = add_contact(book, record);
        *out_new = c != NULL;
        return c;
    }
    struct hsy_record_brief known = hsy_kept_record_brief(c->record);
    if (news.incarnation > known.incarnation) {
        c->tries = 0; /* It came back: try at once. */
        c->failing = false;
        c->refusals = 0;
        c->slow = false;
        c->next_try_ns = 0;
    }
    if (is_newer(&news, &known)) {
        replace_record(book, c, record);
        plan_flush(book);
    }
    return c;
}

struct hsy_contact *hsy_book_merge(struct hsy_book *book,
                                   const struct hsy_record *record,
                                   bool *out_new)
{
    HSY_UNSET uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));

    hsy_put_record(&out, record);
    HSY_ASSERT(!out.bad);
    struct hsy_encoded encoded = {.bytes = bytes, .len = out.len};
    return hsy_book_merge_encoded(book, &encoded, out_new);
}

struct hsy_contact *hsy_book_find(const struct hsy_book *book,
                                  const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&book->by_id, id);
}

void hsy_book_worked(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c == NULL) {
        return;
    }
    c->tries = 0;
    c->coveted = false;
    c->failing = false;
    c->next_try_ns = c->refusals > 0 ? c->next_try_ns : 0;
    c->unsaved = c->unsaved || !c->good;
    c->good = true;
    if (c->unsaved) {
        plan_flush(book);
    }
    HSY_ASSERT(!c->unsaved || book->flush_ns != HEARSAY_NEVER);
}

void hsy_book_linked(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c != NULL && hsy_book_slow_until(book, id) == 0) {
        c->refusals = 0;
        c->slow = false;
    }
    hsy_book_worked(book, id);
    HSY_ASSERT(c == NULL || c->next_try_ns == 0 || c->slow);
}

static void back_off(struct hsy_book *book, struct hsy_contact *c,
                     uint32_t times)
{
    struct hsy_env *env = book->env;
    uint64_t wait_ns =
        RETRY_BASE_NS + hsy_backoff_ns(env, times, RETRY_BASE_NS, RETRY_CAP_NS);

    HSY_ASSERT(times >= 1);
    c->slow = false;
    c->next_try_ns = hsy_time_add(env->now.mono_ns, wait_ns);
    HSY_ASSERT(c->next_try_ns > env->now.mono_ns);
}

void hsy_book_failed(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c != NULL) {
        c->tries =
            (uint16_t)(c->tries < UINT16_MAX ? c->tries + 1 : UINT16_MAX);
        c->failing = c->failing || c->coveted;
        back_off(book, c, c->tries);
    }
}

void hsy_book_refused(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c != NULL) {
        c->refusals =
            (uint8_t)(c->refusals < UINT8_MAX ? c->refusals + 1 : UINT8_MAX);
        back_off(book, c, c->refusals);
    }
}

void hsy_book_slow(struct hsy_book *book, const struct hearsay_id *id)
{
    struct hsy_contact *c = hsy_book_find(book, id);

    if (c == NULL) {
        return;
    }
    c->refusals = c->refusals > 0 ? c->refusals : 1; /* So that it stands. */
    c->slow = true;
    c->next_try_ns = hsy_time_add(book->env->now.mono_ns, SLOW_WAIT_NS);
    HSY_ASSERT(c->next_try_ns > book->env->now.mono_ns);
}

uint64_t hsy_book_slow_until(const struct hsy_book *book,
                             const struct hearsay_id *id)
{
    const struct hsy_contact *c = hsy_book_find(book, id);

    HSY_ASSERT(c == NULL || !c->slow || c->refusals > 0);
    return c != NULL && c->slow && c->next_try_ns > book->env->now.mono_ns
               ? c->next_try_ns
               : 0;
}

void hsy_book_anchor(struct hsy_book *book, struct hsy_contact *c, bool on)
{
    HSY_ASSERT(c->anchor != on);
    HSY_ASSERT(!on || book->anchors < HSY_ANCHORS);
    c->anchor = on;
    book->anchors += on ? 1 : UINT32_MAX; /* Modulo 2^32: less one. */
    book->firsts -= c->first ? 1 : 0;
    c->first = false;
    c->unsaved = c->good;
    plan_flush(book);
}

bool hsy_book_take_first(struct hsy_book *book, struct hearsay_id *out)
{
    HSY_ASSERT(book->firsts <= book->anchors);
    for (uint32_t i = 0; i < book->by_id.count && book->firsts > 0; i++) {
        struct hsy_contact *c = hsy_table_at(&book->by_id, i);
        if (c->first) {
            c->first = false;
            book->firsts--;
            *out = c->id;
            return true;
        }
    }
    return false;
}

/* How many rows were written, at most @max. */
static uint32_t save_some(struct hsy_book *book, uint32_t max)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < book->by_id.count && written < max; i++) {
        struct hsy_contact *c = hsy_table_at(&book->by_id, i);
        if (c->unsaved) {
            c->token = (uint32_t)persist_row(book, c, true);
            c->unsaved = false;
            c->saved = true;
            written++;
        }
    }
    HSY_ASSERT(written <= max);
    return written;
}

void hsy_book_tick(struct hsy_book *book)
{
    uint64_t now_ns = book->env->now.mono_ns;

    if (now_ns < book->flush_ns) {
        return;
    }
    bool more = save_some(book, HSY_BOOK_FLUSH_ROWS) == HSY_BOOK_FLUSH_ROWS;
    book->flush_ns = more ? hsy_time_add(now_ns, HSY_SECOND) : HEARSAY_NEVER;
    HSY_ASSERT(book->flush_ns > now_ns);
}

/* Rows written since have tokens of their own; one of 2^32 writes ago with the
 * same lower half is written once more. */
void hsy_book_write_failed(struct hsy_book *book, uint64_t token)
{
    HSY_ASSERT(token != 0);
    for (uint32_t i = 0; i < book->by_id.count; i++) {
        struct hsy_contact *c = hsy_table_at(&book->by_id, i);
        if (c->saved && c->token == (uint32_t)token) {
            c->unsaved = true;
            book->flush_ns =
                hsy_time_add(book->env->now.mono_ns, FLUSH_AGAIN_NS);
        }
    }
}

void hsy_book_flush(struct hsy_book *book)
{
    uint32_t written = save_some(book, UINT32_MAX);

    HSY_ASSERT(written <= book->by_id.count);
    book->flush_ns = HEARSAY_NEVER;
}

int hsy_book_restore(struct hsy_book *book, const struct hearsay_row *row)
{
    struct hsy_reader in = hsy_reader(row->value, row->value_len);
    struct hsy_record record;
    bool added;

    HSY_ASSERT(row->table == HEARSAY_TABLE_BOOK);
    hsy_get_record(&in, &record);
    bool anchor = !in.bad && in.at != in.end;
    if (anchor && hsy_get_u8(&in) != ANCHOR) {
        return HEARSAY_ERR_MALFORMED;
    }
    if (!hsy_reader_done(&in) || row->key_len != HEARSAY_ID_LEN ||
        !hsy_id_equal(&record.id,
                      (const struct hearsay_id *)(const void *)row->key)) {
        return HEARSAY_ERR_MALFORMED;
    }
    struct hsy_contact *c = hsy_book_merge(book, &record, &added);
    if (c == NULL) {
        return HEARSAY_ERR_FULL;
    }
    c->good = true;
    c->saved = true;
    if (anchor && !c->anchor && book->anchors < HSY_ANCHORS) {
        c->anchor = true;
        c->first = true;
        book->anchors++;
        book->firsts++;
    }
    return 0;
}
