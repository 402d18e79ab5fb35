/* What is sent is looked up when it is sent: of several changes of one id, who
 * is behind hears of the last one. The list is read from the ends of its two
 * tables to their beginnings: what is removed meanwhile moves what was sent,
 * and what is added is in the log, behind the place at which the list began. */
#include "core/watchers.h"

#include "base/compiler.h"
#include "base/mem.h"
#include "core/kept.h"

/* Changes gather so long, and so far apart are two frames to one watcher. */
#define GATHER_NS (50 * HSY_MS)
#define PACE_NS (20 * HSY_MS)
/* Of one step; the next ones have their turn so much later. */
#define TURN_NS (2 * HSY_MS)

enum { SENDS_MAX = 32 };

/* One fact, as it is sent. */
struct fact {
    const uint8_t *bytes; /* Lent by the registry, or @record. */
    uint32_t len;
    uint8_t record[HSY_SYNC_RECORD_LEN_MAX];
};

/* A MEMBER as it is filled. */
struct batch {
    struct hsy_sync facts;
    struct hsy_writer list;
    uint8_t bytes[HSY_RECORDS_LEN_MAX];
};

_Static_assert((HSY_CHANGES_MAX & (HSY_CHANGES_MAX - 1)) == 0, "a ring");

void hsy_watchers_init(struct hsy_watchers *ws, struct hsy_env *env,
                       struct hsy_neighbours *neighbours,
                       const struct hsy_registry *registry)
{
    HSY_ASSERT(registry != NULL);
    *ws = (struct hsy_watchers){.env = env,
                                .neighbours = neighbours,
                                .registry = registry,
                                .next_ns = HEARSAY_NEVER};
    hsy_table_init(
        &ws->list, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_watcher),
                                 .items_max = HSY_WATCHERS_MAX},
        env->config.hash_salt);
}

void hsy_watchers_fini(struct hsy_watchers *ws)
{
    hsy_table_fini(&ws->list);
    hsy_mem_free(&ws->env->mem, ws->ring);
    ws->ring = NULL;
    HSY_ASSERT(ws->list.count == 0);
}

/* ----------------------------------------------------------------- the log */

/* False: no memory for it. */
static bool keep_log(struct hsy_watchers *ws)
{
    if (ws->ring != NULL) {
        return true;
    }
    ws->ring =
        hsy_mem_alloc(&ws->env->mem, HSY_CHANGES_MAX * sizeof(*ws->ring));
    ws->log = hsy_prng_next(&ws->env->prng) | 1; /* 0: none. */
    HSY_ASSERT(ws->count == 0);
    return ws->ring != NULL;
}

void hsy_watchers_changed(struct hsy_watchers *ws, const struct hearsay_id *id)
{
    if (ws->ring == NULL) {
        return; /* Nobody has ever asked. */
    }
    struct hsy_change *change = &ws->ring[ws->count % HSY_CHANGES_MAX];
    change->id = *id;
    change->rank = hsy_registry_rank(ws->registry, id);
    HSY_ASSERT(change->rank > 0);
    ws->count++;
    if (ws->list.count > 0) {
        ws->next_ns = hsy_time_min(
            ws->next_ns, hsy_time_add(ws->env->now.mono_ns, GATHER_NS));
    }
}

/* Does the log still have all that comes behind @upto? */
static bool reaches(const struct hsy_watchers *ws, uint64_t upto)
{
    return upto <= ws->count && ws->count - upto <= HSY_CHANGES_MAX;
}

/* ------------------------------------------------------------------- facts */

static void look_living(const struct hsy_entry *e, struct fact *fact)
{
    struct hsy_writer out = hsy_writer(fact->record, sizeof(fact->record));

    hsy_sync_put_record(&out, e->record->bytes, e->record->len);
    HSY_ASSERT(!out.bad);
    fact->bytes = fact->record;
    fact->len = (uint32_t)out.len;
}

static void look_grave(const struct hsy_grave *g, struct fact *fact)
{
    HSY_ASSERT(g->proof_len <= HSY_RECORDS_LEN_MAX);
    fact->bytes = g->proof;
    fact->len = g->proof_len;
}

/* False: nothing but a rank is left of @id. */
static bool look_up(const struct hsy_watchers *ws, const struct hearsay_id *id,
                    struct fact *fact)
{
    const struct hsy_entry *e = hsy_registry_find(ws->registry, id);
    const struct hsy_grave *g = hsy_registry_grave(ws->registry, id);

    HSY_ASSERT(e == NULL || g == NULL);
    if (e != NULL) {
        look_living(e, fact);
    } else if (g != NULL) {
        look_grave(g, fact);
    }
    return e != NULL || g != NULL;
}

static void batch_begin(struct batch *b)
{
    b->facts = (struct hsy_sync){.entries = b->bytes};
    b->list = hsy_writer(b->bytes, sizeof(b->bytes));
}

/* False: it is full. */
static bool batch_add(struct batch *b, const struct fact *fact)
{
    if (b->facts.count == HSY_SYNC_ENTRIES_MAX ||
        fact->len > b->list.max - b->list.len) {
        return false;
    }
    hsy_put_bytes(&b->list, fact->bytes, fact->len);
    HSY_ASSERT(!b->list.bad);
    b->facts.count++;
    b->facts.entries_len = (uint32_t)b->list.len;
    return true;
}

/* ---------------------------------------------------------------- watchers */

static void start_list(const struct hsy_watchers *ws, struct hsy_watcher *w)
{
    w->listing = true;
    w->begun = false;
    w->graves_left = ws->registry->graves.count;
    w->living_left = ws->registry->living.count;
    w->upto = ws->count;
    HSY_ASSERT(reaches(ws, w->upto));
}

static bool is_owed(const struct hsy_watchers *ws, const struct hsy_watcher *w)
{
    HSY_ASSERT(w->upto <= ws->count);
    return !w->open && (w->greet || w->listing || w->upto < ws->count);
}

static void send_news(struct hsy_watchers *ws, struct hsy_watcher *w,
                      enum hsy_member_how how, const struct hsy_sync *facts)
{
    struct hsy_frame frame = {.type = HSY_MEMBER};

    HSY_ASSERT(!w->open);
    frame.member.nonce = w->nonce;
    frame.member.how = how;
    frame.member.log = ws->log;
    frame.member.upto = w->upto;
    frame.member.facts = *facts;
    hsy_send(ws->env, w->link, &frame);
    w->open = true;
    w->greet = false;
    w->next_ns = hsy_time_add(ws->env->now.mono_ns, PACE_NS);
}

/* Removals have made a table shorter. */
static void clamp(uint32_t *left, uint32_t count)
{
    *left = *left < count ? *left : count;
}

static void send_list(struct hsy_watchers *ws, struct hsy_watcher *w)
{
    const struct hsy_registry *r = ws->registry;
    HSY_UNSET struct batch batch;
    HSY_UNSET struct fact fact;
    bool room = true;

    HSY_ASSERT(w->listing);
    batch_begin(&batch);
    clamp(&w->graves_left, r->graves.count);
    clamp(&w->living_left, r->living.count);
    while (room && w->graves_left > 0) {
        look_grave(hsy_table_at(&r->graves, w->graves_left - 1), &fact);
        room = batch_add(&batch, &fact);
        w->graves_left -= room ? 1 : 0;
    }
    while (room && w->living_left > 0) {
        look_living(hsy_registry_at(r, w->living_left - 1), &fact);
        room = batch_add(&batch, &fact);
        w->living_left -= room ? 1 : 0;
    }
    bool first = !w->begun;
    bool last = !first && w->graves_left == 0 && w->living_left == 0;
    w->begun = true;
    w->listing = !last;
    send_news(ws, w,
              first  ? HSY_MEMBER_LIST
              : last ? HSY_MEMBER_END
                     : HSY_MEMBER_MORE,
              &batch.facts);
}

/* False: the log, or the registry, has forgotten something of it. */
static bool send_changes(struct hsy_watchers *ws, struct hsy_watcher *w)
{
    HSY_UNSET struct batch batch;
    HSY_UNSET struct fact fact;

    HSY_ASSERT(!w->listing);
    if (!reaches(ws, w->upto)) {
        return false;
    }
    batch_begin(&batch);
    for (; w->upto < ws->count; w->upto++) {
        const struct hsy_change *c = &ws->ring[w->upto % HSY_CHANGES_MAX];
        if (c->rank != hsy_registry_rank(ws->registry, &c->id)) {
            continue; /* A later one tells more. */
        }
        if (!look_up(ws, &c->id, &fact)) {
            return false;
        }
        if (!batch_add(&batch, &fact)) {
            break;
        }
    }
    send_news(ws, w, HSY_MEMBER_CHANGES, &batch.facts);
    return true;
}

static void send_what_is_owed(struct hsy_watchers *ws, struct hsy_watcher *w)
{
    HSY_ASSERT(is_owed(ws, w));
    if (!w->listing && !send_changes(ws, w)) {
        ws->env->counters.watch_relists++;
        start_list(ws, w);
    }
    if (w->listing && !w->open) {
        send_list(ws, w);
    }
}

static bool is_here(const struct hsy_watchers *ws, const struct hsy_watcher *w)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(ws->neighbours, &w->id);

    HSY_ASSERT(w->link != 0);
    return n != NULL && n->link == w->link;
}

/* Those whose link is gone leave when something is owed to them, or when there
 * is no room for another one. */
static void sweep(struct hsy_watchers *ws)
{
    for (uint32_t left = ws->list.count; left > 0; left--) {
        struct hsy_watcher *w = hsy_table_at(&ws->list, left - 1);
        if (!is_here(ws, w)) {
            hsy_table_remove(&ws->list, w);
        }
    }
    HSY_ASSERT(ws->list.count <= HSY_WATCHERS_MAX);
}

void hsy_watchers_tick(struct hsy_watchers *ws)
{
    uint64_t now_ns = ws->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;
    uint32_t sends = 0;

    if (now_ns < ws->next_ns) {
        return;
    }
    for (uint32_t left = ws->list.count; left > 0; left--) {
        ws->at = ws->at < ws->list.count ? ws->at : 0;
        struct hsy_watcher *w = hsy_table_at(&ws->list, ws->at);
        if (is_owed(ws, w) && w->next_ns <= now_ns) {
            if (!is_here(ws, w)) {
                hsy_table_remove(&ws->list, w); /* The last one is here now. */
                continue;
            }
            if (sends == SENDS_MAX) {
                next_ns = hsy_time_add(now_ns, TURN_NS);
                break; /* It is the first one then. */
            }
            send_what_is_owed(ws, w);
            sends++;
        }
        next_ns = is_owed(ws, w) ? hsy_time_min(next_ns, w->next_ns) : next_ns;
        ws->at++;
    }
    ws->next_ns = next_ns;
    HSY_ASSERT(ws->next_ns > now_ns);
}

/* ------------------------------------------------------------------ wishes */

static void refuse(struct hsy_watchers *ws, const struct hsy_neighbour *n,
                   uint32_t nonce)
{
    struct hsy_frame frame = {.type = HSY_MEMBER};

    HSY_ASSERT(nonce != 0);
    frame.member.nonce = nonce;
    frame.member.how = HSY_MEMBER_REFUSED;
    hsy_send(ws->env, n->link, &frame);
}

/* NULL: no room. */
static struct hsy_watcher *add(struct hsy_watchers *ws,
                               const struct hsy_neighbour *n)
{
    void *item = NULL;

    if (!keep_log(ws)) {
        return NULL;
    }
    if (ws->list.count == HSY_WATCHERS_MAX) {
        sweep(ws);
    }
    if (hsy_table_put(&ws->list, &item, &n->id) != 0) {
        return NULL;
    }
    HSY_ASSERT(item != NULL);
    return item;
}

void hsy_watchers_wish(struct hsy_watchers *ws, const struct hsy_neighbour *n,
                       const struct hsy_watch_wish *wish)
{
    struct hsy_watcher *w = hsy_table_find(&ws->list, &n->id);
    bool known = w != NULL && w->link == n->link;

    HSY_ASSERT(n->link != 0);
    if (wish->nonce == 0) {
        if (w != NULL) {
            hsy_table_remove(&ws->list, w);
        }
        return;
    }
    if (known && w->nonce == wish->nonce) {
        w->open = false; /* It has taken the last one. */
        ws->next_ns = hsy_time_min(ws->next_ns, w->next_ns);
        return;
    }
    bool listed = hsy_registry_find(ws->registry, &n->id) != NULL;
    w = listed && w == NULL ? add(ws, n) : w;
    if (!listed || w == NULL) {
        refuse(ws, n, wish->nonce);
        return;
    }
    uint64_t next_ns = hsy_time_max(w->next_ns, ws->env->now.mono_ns);
    *w = (struct hsy_watcher){.id = n->id,
                              .link = n->link,
                              .nonce = wish->nonce,
                              .next_ns = next_ns,
                              .upto = wish->upto,
                              .greet = true};
    if (wish->log != ws->log || !reaches(ws, wish->upto)) {
        start_list(ws, w);
    }
    ws->next_ns = hsy_time_min(ws->next_ns, w->next_ns);
}
