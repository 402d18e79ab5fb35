/* Facts come in, in any order and any number of times, and the rank decides:
 * merging is idempotent and commutative, so seeds that have heard the same
 * facts have the same Peer List, whichever way the facts came. */
#include "core/registry_facts.h"
#include "core/registry_links.h"
#include "core/registry_rows.h"
#include "core/registry_saves.h"

#include "base/addr.h"
#include "base/compiler.h"
#include "base/mem.h"
#include "core/kept.h"

#include <string.h>

void hsy_registry_init(struct hsy_registry *r, struct hsy_env *env)
{
    uint32_t peers_max = env->config.peers_max;
    uint64_t salt = env->config.hash_salt;
    uint32_t graves_max = peers_max + HSY_GRAVES_EXTRA;

    HSY_ASSERT(peers_max >= 1);
    HSY_ASSERT(graves_max > peers_max);
    *r = (struct hsy_registry){.env = env};
    hsy_weights_init(&r->weights, &env->mem);
    hsy_table_init(
        &r->living, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_entry),
                                 .items_max = peers_max},
        salt);
    hsy_table_init(
        &r->graves, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_grave),
                                 .items_max = graves_max},
        salt);
    hsy_table_init(
        &r->floors, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_floor),
                                 .items_max = graves_max},
        salt);
    hsy_registry_saves_init(r);
}

void hsy_registry_fini(struct hsy_registry *r)
{
    HSY_ASSERT(r->env != NULL);
    for (uint32_t i = 0; i < r->living.count; i++) {
        struct hsy_entry *e = hsy_table_at(&r->living, i);
        hsy_keep_no_more(r->env, e->record);
        hsy_keep_no_more(r->env, e->links);
    }
    for (uint32_t i = 0; i < r->graves.count; i++) {
        struct hsy_grave *g = hsy_table_at(&r->graves, i);
        hsy_mem_free(&r->env->mem, g->proof);
    }
    hsy_table_fini(&r->living);
    hsy_weights_fini(&r->weights);
    hsy_table_fini(&r->graves);
    hsy_table_fini(&r->floors);
    hsy_registry_saves_fini(r);
}

struct hsy_entry *hsy_registry_find(const struct hsy_registry *r,
                                    const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&r->living, id);
}

struct hsy_grave *hsy_registry_grave(const struct hsy_registry *r,
                                     const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&r->graves, id);
}

struct hsy_entry *hsy_registry_at(const struct hsy_registry *r, uint32_t index)
{
    HSY_ASSERT(index < r->living.count);
    return hsy_table_at(&r->living, index);
}

uint64_t hsy_registry_rank(const struct hsy_registry *r,
                           const struct hearsay_id *id)
{
    const struct hsy_entry *e = hsy_registry_find(r, id);
    const struct hsy_grave *g = hsy_registry_grave(r, id);

    HSY_ASSERT(e == NULL || g == NULL);
    if (e != NULL) {
        return hsy_rank_alive(e->incarnation);
    }
    if (g != NULL) {
        return hsy_rank_dead(g->incarnation);
    }
    const struct hsy_floor *f = hsy_table_find(&r->floors, id);
    return f != NULL ? f->rank : 0;
}

uint32_t hsy_registry_count(const struct hsy_registry *r)
{
    HSY_ASSERT(r->absent_count <= r->living.count);
    return r->living.count - r->absent_count;
}

enum { LOOKED_AT_PER_MS = 128 };

/* How long a record from disk is believed without a word: peers come back
 * within the cap of their back-off (60 s) and the time to register. Then it is
 * probed; one that registered elsewhere answers. */
#define RESTORED_NS (75 * HSY_SECOND)

/* -------------------------------------------------------------- presence */

static void set_absent(struct hsy_registry *r, struct hsy_entry *e, bool absent)
{
    if (e->absent == absent) {
        return;
    }
    HSY_ASSERT(absent || r->absent_count > 0);
    hsy_registry_draw(r, e, false);
    e->absent = absent;
    r->graph_ns = r->env->now.mono_ns;
    hsy_registry_draw(r, e, true);
    r->absent_count = absent ? r->absent_count + 1 : r->absent_count - 1;
    HSY_ASSERT(r->absent_count <= r->living.count);
}

enum hsy_merged hsy_registry_merge_links(struct hsy_registry *r,
                                         const struct hsy_links *links)
{
    struct hsy_entry *e = hsy_registry_find(r, &links->id);

    HSY_ASSERT(links->version == 0 || links->incarnation != 0);
    if (e == NULL || links->incarnation != e->incarnation) {
        return HSY_MERGED_STALE;
    }
    if (e->links != NULL) {
        uint64_t known = hsy_kept_links_brief(e->links).version;
        if (links->version <= known) {
            return links->version == known ? HSY_MERGED_SAME : HSY_MERGED_STALE;
        }
    }
    if (links->neighbours.count > HSY_LINKS_COUNT_MAX) {
        return HSY_MERGED_FULL;
    }
    struct hsy_blob *kept = hsy_keep_links(r->env, links);
    if (kept == NULL) {
        return HSY_MERGED_FULL;
    }
    hsy_registry_count_entry(r, e, false);
    hsy_registry_set_links(r, e, kept);
    hsy_registry_count_entry(r, e, true);
    set_absent(r, e, false); /* A new snapshot is a sign of life. */
    return HSY_MERGED_NEWER;
}

/* ---------------------------------------------------------------- floors */

static void drop_oldest_floor(struct hsy_registry *r)
{
    HSY_UNSET struct hsy_row_write write;
    struct hsy_floor *oldest = NULL;

    HSY_ASSERT(r->floors.count > 0);
    for (uint32_t i = 0; i < r->floors.count; i++) {
        struct hsy_floor *f = hsy_table_at(&r->floors, i);
        if (oldest == NULL || f->order < oldest->order) {
            oldest = f;
        }
    }
    hsy_row_write_init(&write, &oldest->id);
    hsy_row_put_floor(&write, 0);
    (void)hsy_registry_ask(r, &write);
    hsy_table_remove(&r->floors, oldest);
}

int hsy_registry_put_floor(struct hsy_registry *r, const struct hearsay_id *id,
                           uint64_t rank)
{
    void *item;

    HSY_ASSERT(rank > 0);
    HSY_ASSERT(rank < 2 * HSY_INCARNATION_END);
    int err = hsy_table_put(&r->floors, &item, id);
    if (err != 0) {
        return err;
    }
    struct hsy_floor *f = item;
    r->floors_order++;
    f->order = r->floors_order;
    f->rank = rank;
    return 0;
}

/* The id has something higher now. @e: it is living, or was so far. */
static void clear_floor(struct hsy_registry *r, struct hsy_row_write *write,
                        const struct hsy_entry *e)
{
    struct hsy_floor *f = hsy_table_find(&r->floors, &write->id);

    HSY_ASSERT(write->count == 1);
    if (f != NULL) {
        hsy_table_remove(&r->floors, f);
    }
    if (f != NULL || (e != NULL && e->accused > 0)) {
        hsy_row_put_floor(write, 0);
    }
}

/* ---------------------------------------------------------------- graves */

static void free_grave(struct hsy_registry *r, struct hsy_grave *g)
{
    HSY_ASSERT(g != NULL);
    hsy_registry_count_grave(r, g, false);
    hsy_mem_free(&r->env->mem, g->proof);
    hsy_table_remove(&r->graves, g);
}

/* Of a grave only the rank remains. Without memory for it not even that: the
 * floor is a second line of defence, 24 h are the first. */
static void sink_grave(struct hsy_registry *r, struct hsy_grave *g)
{
    HSY_UNSET struct hsy_row_write write;
    uint64_t rank = hsy_rank_dead(g->incarnation);

    HSY_ASSERT(hsy_registry_find(r, &g->id) == NULL);
    if (r->floors.count == r->floors.items_max) {
        drop_oldest_floor(r);
    }
    hsy_row_write_init(&write, &g->id);
    hsy_row_delete(&write);
    free_grave(r, g);
    if (hsy_registry_put_floor(r, &write.id, rank) == 0) {
        hsy_row_put_floor(&write, rank);
    }
    (void)hsy_registry_ask(r, &write);
}

static void sink_oldest_grave(struct hsy_registry *r)
{
    struct hsy_grave *oldest = NULL;

    HSY_ASSERT(r->graves.count > 0);
    for (uint32_t i = 0; i < r->graves.count; i++) {
        struct hsy_grave *g = hsy_table_at(&r->graves, i);
        if (oldest == NULL || g->since_ms < oldest->since_ms) {
            oldest = g;
        }
    }
    sink_grave(r, oldest);
}

/* When the proof says that it happened: the same for every seed. */
static uint64_t stamp_of(const struct hsy_sync_entry *fact)
{
    uint64_t stamp_ms = 0;

    if (fact->kind == HSY_SYNC_LEFT) {
        return fact->left.leave.issued_ms;
    }
    HSY_ASSERT(fact->kind == HSY_SYNC_DEATH);
    for (uint8_t i = 0; i < fact->certificate.verdicts_count; i++) {
        stamp_ms =
            hsy_time_max(stamp_ms, fact->certificate.verdicts[i].wall_ms);
    }
    return stamp_ms;
}

static void clamp_since(const struct hsy_registry *r, struct hsy_grave *g)
{
    g->since_ms = hsy_time_min(g->since_ms, r->env->now.wall_ms);
    HSY_ASSERT(g->since_ms <= r->env->now.wall_ms);
}

int hsy_registry_put_grave(struct hsy_registry *r,
                           const struct hsy_sync_entry *fact)
{
    bool left = fact->kind == HSY_SYNC_LEFT;
    const struct hsy_record *record =
        left ? &fact->left.record : &fact->certificate.record;
    uint32_t proof_len = 0;
    uint8_t *proof = hsy_registry_proof(r->env, fact, &proof_len);
    void *item = NULL;

    HSY_ASSERT(left || fact->kind == HSY_SYNC_DEATH);
    if (proof == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    int err = hsy_table_put(&r->graves, &item, &record->id);
    if (err != 0) {
        hsy_mem_free(&r->env->mem, proof);
        return err;
    }
    struct hsy_grave *g = item;
    HSY_ASSERT(g->proof == NULL); /* It was not there. */
    g->incarnation = left ? fact->left.leave.incarnation : record->incarnation;
    g->left = left;
    g->since_ms = stamp_of(fact);
    g->proof = proof;
    g->proof_len = proof_len;
    g->record = *record;
    hsy_registry_count_grave(r, g, true);
    return 0;
}

static void free_entry(struct hsy_registry *r, struct hsy_entry *e)
{
    hsy_registry_count_entry(r, e, false);
    hsy_registry_set_links(r, e, NULL);
    set_absent(r, e, false);
    HSY_ASSERT(e->links == NULL);
    hsy_keep_no_more(r->env, e->record);
    /* The last one moves here, and its weight with it. */
    uint32_t last = r->living.count - 1;
    uint64_t moves = hsy_entry_weight(hsy_registry_at(r, last));
    uint32_t index = hsy_registry_index(r, e);
    hsy_registry_draw(r, e, false);
    if (index != last) {
        hsy_weights_lower(&r->weights, last, moves);
        hsy_weights_raise(&r->weights, index, moves);
    }
    hsy_table_remove(&r->living, e);
}

/* A clock that was wrong had sunk it too early. As long as others have the
 * grave, and think that all should, seeds would never agree. */
static bool rises_again(struct hsy_registry *r, const struct hearsay_id *id,
                        const struct hsy_sync_entry *fact)
{
    uint64_t stamp_ms = stamp_of(fact);

    HSY_ASSERT(hsy_registry_rank(r, id) != 0);
    return hsy_registry_grave(r, id) == NULL &&
           r->graves.count < r->graves.items_max &&
           hsy_time_since(stamp_ms, r->env->now.wall_ms) < HSY_GRAVE_MS;
}

/* An id is listed, or has a floor. Rows of both come only from a disk that
 * forgot a part of what it had said was written. */
void hsy_registry_settle(struct hsy_registry *r, const struct hearsay_id *id)
{
    struct hsy_entry *e = hsy_registry_find(r, id);
    struct hsy_grave *g = hsy_registry_grave(r, id);
    struct hsy_floor *f = hsy_table_find(&r->floors, id);

    HSY_ASSERT(e == NULL || g == NULL);
    if (f == NULL || (e == NULL && g == NULL)) {
        return;
    }
    if (hsy_registry_rank(r, id) >= f->rank) {
        if (e != NULL && f->rank == hsy_rank_alive(e->incarnation)) {
            e->accused = e->incarnation;
        }
        hsy_table_remove(&r->floors, f);
    } else if (e != NULL) {
        free_entry(r, e);
    } else {
        free_grave(r, g);
    }
}

/* An older grave sinks to a floor first: should there be no memory for the
 * new one, the rank that was known is still known. */
static enum hsy_merged bury(struct hsy_registry *r,
                            const struct hsy_sync_entry *fact, uint64_t rank,
                            uint64_t *out_token)
{
    const struct hearsay_id *id = fact->kind == HSY_SYNC_LEFT
                                      ? &fact->left.record.id
                                      : &fact->certificate.record.id;
    HSY_UNSET struct hsy_row_write write;
    uint64_t known = hsy_registry_rank(r, id);

    *out_token = 0;
    if (rank < known) {
        return HSY_MERGED_STALE;
    }
    if (rank == known && !rises_again(r, id, fact)) {
        return HSY_MERGED_SAME;
    }
    struct hsy_grave *old = hsy_registry_grave(r, id);
    if (old != NULL) {
        sink_grave(r, old);
    } else if (r->graves.count == r->graves.items_max) {
        sink_oldest_grave(r);
    }
    if (hsy_registry_put_grave(r, fact) != 0) {
        return HSY_MERGED_FULL;
    }
    struct hsy_grave *g = hsy_registry_grave(r, id);
    clamp_since(r, g);
    g->buried_ns = r->env->now.mono_ns;
    hsy_row_write_init(&write, id);
    hsy_row_put_grave(&write, g->proof, g->proof_len);
    struct hsy_entry *e = hsy_registry_find(r, id);
    clear_floor(r, &write, e);
    if (e != NULL) {
        free_entry(r, e);
    }
    *out_token = hsy_registry_ask(r, &write);
    HSY_ASSERT(hsy_registry_rank(r, id) == rank);
    return rank == known ? HSY_MERGED_SAME : HSY_MERGED_NEWER;
}

enum hsy_merged
hsy_registry_merge_certificate(struct hsy_registry *r,
                               const struct hsy_certificate *certificate,
                               uint64_t *out_token)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_DEATH,
                                  .certificate = *certificate};

    HSY_ASSERT(certificate->verdicts_count >= 1);
    return bury(r, &fact, hsy_rank_dead(certificate->record.incarnation),
                out_token);
}

enum hsy_merged hsy_registry_merge_leave(struct hsy_registry *r,
                                         const struct hsy_record *record,
                                         const struct hsy_leave *leave,
                                         uint64_t *out_token)
{
    struct hsy_sync_entry fact = {.kind = HSY_SYNC_LEFT};

    HSY_ASSERT(hsy_id_equal(&record->id, &leave->id));
    fact.left.record = *record;
    fact.left.leave = *leave;
    return bury(r, &fact, hsy_rank_dead(leave->incarnation), out_token);
}

/* ---------------------------------------------------------------- living */

static void note_due(struct hsy_registry *r, uint64_t at_ns)
{
    r->next_ns = hsy_time_min(r->next_ns, at_ns);
    r->scan_next_ns = hsy_time_min(r->scan_next_ns, at_ns);
    HSY_ASSERT(r->next_ns <= at_ns);
}

int hsy_registry_put_living(struct hsy_registry *r,
                            const struct hsy_record *record)
{
    void *item;

    HSY_ASSERT(record->addrs_count >= 1);
    HSY_ASSERT(hsy_registry_find(r, &record->id) == NULL);
    int err = hsy_weights_reserve(&r->weights, r->living.count + 1);
    if (err != 0) {
        return err;
    }
    struct hsy_blob *kept = hsy_keep_record(r->env, record);
    err = kept == NULL ? HEARSAY_ERR_NOMEM
                       : hsy_table_put(&r->living, &item, &record->id);
    if (err != 0) {
        hsy_keep_no_more(r->env, kept);
        return err;
    }
    struct hsy_entry *e = item;
    e->record = kept;
    e->incarnation = record->incarnation;
    e->undialable = hsy_kept_undialable(kept);
    hsy_registry_draw(r, e, true);
    hsy_registry_count_entry(r, e, true);
    return 0;
}

static uint64_t save(struct hsy_registry *r, struct hsy_entry *e)
{
    HSY_UNSET struct hsy_row_write write;

    hsy_row_write_init(&write, &e->id);
    hsy_row_put_living(&write, e->record);
    if (!hsy_entry_accused(e)) {
        clear_floor(r, &write, e);
        e->accused = 0;
    }
    e->token = hsy_registry_ask(r, &write);
    HSY_ASSERT(!hsy_entry_saved(e));
    return e->token;
}

/* False: no memory, and nothing changed. */
static bool replace_record(struct hsy_registry *r, struct hsy_entry *e,
                           const struct hsy_record *record)
{
    struct hsy_record before = hsy_kept_record(e->record);
    struct hsy_blob *kept = hsy_keep_record(r->env, record);

    HSY_ASSERT(record->incarnation >= e->incarnation);
    if (kept == NULL) {
        return false;
    }
    hsy_registry_count_entry(r, e, false);
    if (record->incarnation > e->incarnation) {
        hsy_registry_set_links(r, e, NULL); /* Said by an earlier life. */
    }
    hsy_registry_draw(r, e, false);
    if (record->incarnation > e->incarnation ||
        !hsy_record_same_addrs(&before, record)) {
        e->reach = HSY_REACH_UNKNOWN; /* It was found of another place. */
    }
    hsy_keep_no_more(r->env, e->record);
    e->record = kept;
    e->incarnation = record->incarnation;
    e->undialable = hsy_kept_undialable(kept);
    hsy_registry_draw(r, e, true);
    hsy_registry_count_entry(r, e, true);
    set_absent(r, e, false);
    return true;
}

/* Two records of one incarnation: an address was learnt, or two boots share
 * an old data directory. Every seed must settle on the same one. */
static bool issued_later(const struct hsy_record *a, const struct hsy_record *b)
{
    HSY_ASSERT(a->incarnation == b->incarnation);
    if (a->issued_ms != b->issued_ms) {
        return a->issued_ms > b->issued_ms;
    }
    return memcmp(a->sig.bytes, b->sig.bytes, HSY_SIG_LEN) > 0;
}

static enum hsy_merged merge_twin(struct hsy_registry *r, struct hsy_entry *e,
                                  const struct hsy_record *record,
                                  uint64_t *out_token)
{
    struct hsy_record known = hsy_kept_record(e->record);

    HSY_ASSERT(known.incarnation == record->incarnation);
    if (hsy_record_equal(&known, record)) {
        if (e->token == HSY_TOKEN_LOST) {
            *out_token = save(r, e);
        }
        return HSY_MERGED_SAME;
    }
    if (!issued_later(record, &known)) {
        return HSY_MERGED_STALE;
    }
    if (!replace_record(r, e, record)) {
        return HSY_MERGED_FULL;
    }
    *out_token = save(r, e);
    return HSY_MERGED_NEWER;
}

enum hsy_merged hsy_registry_merge_record(struct hsy_registry *r,
                                          const struct hsy_record *record,
                                          bool *out_back, uint64_t *out_token)
{
    uint64_t rank = hsy_rank_alive(record->incarnation);
    uint64_t known = hsy_registry_rank(r, &record->id);
    struct hsy_entry *e = hsy_registry_find(r, &record->id);

    *out_back = false;
    *out_token = 0;
    if (record->addrs_count == 0) {
        return HSY_MERGED_STALE;
    }
    if (e != NULL && rank == known) {
        return merge_twin(r, e, record, out_token);
    }
    if (rank <= known) {
        return HSY_MERGED_STALE;
    }
    if (e != NULL) {
        if (!replace_record(r, e, record)) {
            return HSY_MERGED_FULL;
        }
        *out_token = save(r, e);
        return HSY_MERGED_NEWER;
    }
    if (hsy_registry_put_living(r, record) != 0) {
        return HSY_MERGED_FULL;
    }
    struct hsy_grave *g = hsy_registry_grave(r, &record->id);
    if (g != NULL) {
        free_grave(r, g);
    }
    e = hsy_registry_find(r, &record->id);
    HSY_ASSERT(e != NULL);
    e->lease_until_ns = HEARSAY_NEVER;
    *out_back = known != 0;
    *out_token = save(r, e);
    return HSY_MERGED_NEW;
}

bool hsy_entry_saved(const struct hsy_entry *e)
{
    HSY_ASSERT(e != NULL);
    return e->token == 0;
}

/* ---------------------------------------------------------------- leases */

void hsy_registry_recheck(struct hsy_registry *r, const struct hearsay_id *id,
                          uint64_t at_ns)
{
    struct hsy_entry *e = hsy_registry_find(r, id);

    HSY_ASSERT(at_ns > 0); /* 0 is "not set yet". */
    if (e != NULL) {
        e->lease_until_ns = at_ns;
        note_due(r, at_ns);
    }
}

void hsy_registry_renew(struct hsy_registry *r, const struct hearsay_id *id)
{
    struct hsy_entry *e = hsy_registry_find(r, id);

    HSY_ASSERT(r->env->config.lease_ns > 0);
    if (e != NULL && e->held) {
        set_absent(r, e, false);
        e->lease_until_ns =
            hsy_time_add(r->env->now.mono_ns, r->env->config.lease_ns);
        note_due(r, e->lease_until_ns);
    }
}

void hsy_registry_hold(struct hsy_registry *r, const struct hearsay_id *id,
                       bool held)
{
    struct hsy_entry *e = hsy_registry_find(r, id);

    HSY_ASSERT(id != NULL);
    if (e == NULL) {
        return;
    }
    e->held = held;
    e->lease_until_ns = HEARSAY_NEVER;
    hsy_registry_renew(r, id);
    HSY_ASSERT(held || e->lease_until_ns == HEARSAY_NEVER);
}

void hsy_registry_alive(struct hsy_registry *r, const struct hearsay_id *id)
{
    struct hsy_entry *e = hsy_registry_find(r, id);

    if (e == NULL) {
        return;
    }
    set_absent(r, e, false);
    hsy_registry_hold(r, id, e->held);
    HSY_ASSERT(!e->absent);
}

/* Sinks the graves that are old enough. */
static void expire_graves(struct hsy_registry *r)
{
    uint64_t wall_ms = r->env->now.wall_ms;

    for (uint32_t left = r->graves.count; left > 0; left--) {
        struct hsy_grave *g = hsy_table_at(&r->graves, left - 1);
        clamp_since(r, g);
        uint64_t age_ms = wall_ms - g->since_ms;
        if (age_ms >= HSY_GRAVE_MS) {
            sink_grave(r, g); /* The last one moves here: already seen. */
            continue;
        }
        HSY_ASSERT(HSY_GRAVE_MS - age_ms <= HSY_GRAVE_MS);
        note_due(r, hsy_time_add(r->env->now.mono_ns,
                                 (HSY_GRAVE_MS - age_ms) * HSY_MS));
    }
}

/* From the last entry to the first: one that is removed meanwhile moves one
 * that has been seen into its place, so none is missed. */
bool hsy_registry_tick(struct hsy_registry *r, struct hearsay_id *out)
{
    uint64_t now_ns = r->env->now.mono_ns;

    if (r->scan_left == 0) {
        if (now_ns < r->next_ns) {
            return false;
        }
        r->scan_left = r->living.count;
        r->scan_next_ns = HEARSAY_NEVER;
        expire_graves(r);
    }
    while (r->scan_left > 0) {
        uint32_t index = r->scan_left - 1;
        r->scan_left = index < r->living.count ? index : r->living.count;
        if (index >= r->living.count) {
            continue;
        }
        struct hsy_entry *e = hsy_table_at(&r->living, index);
        if (e->lease_until_ns == 0) {
            e->lease_until_ns = hsy_time_add(
                now_ns, hsy_time_min(r->env->config.lease_ns, RESTORED_NS));
        }
        if (e->lease_until_ns <= now_ns) {
            e->lease_until_ns = HEARSAY_NEVER;
            set_absent(r, e, true);
            *out = e->id;
            return true;
        }
        r->scan_next_ns = hsy_time_min(r->scan_next_ns, e->lease_until_ns);
    }
    /* Leases run out one by one, and each look is at all of them: where they
     * are many, some wait for others. */
    uint64_t pace_ns = r->living.count / LOOKED_AT_PER_MS * HSY_MS;
    r->next_ns = hsy_time_max(r->scan_next_ns, hsy_time_add(now_ns, pace_ns));
    HSY_ASSERT(r->next_ns > now_ns);
    return false;
}
