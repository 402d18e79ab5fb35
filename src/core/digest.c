/* What a node has, told in three sizes: one sum with each PONG; when sums
 * differ, a hash for each of 64 buckets; where these differ, the marks of
 * every origin. Sums are of idle origins only: under load no two nodes ever
 * have the same, and busy origins show their gaps by themselves. */
#include "core/repair.h"

/* A sum serves for so long. */
#define SUM_NS (1 * HSY_SECOND)
/* What a wrong clock has covered comes back within so long. */
#define REVIEW_NS (10 * HSY_SECOND)

static struct hsy_origins *origins_of(const struct hsy_repair *r)
{
    HSY_ASSERT(r->relay != NULL);
    return &r->relay->origins;
}

/* Is @origin in digests? */
static bool counts(const struct hsy_repair *r, const struct hsy_origin *origin,
                   bool idle_only)
{
    HSY_ASSERT(origin != NULL);
    return !hsy_origin_is_rumour(origin) &&
           hsy_origin_is_recent(origins_of(r), origin) &&
           (!idle_only || hsy_origin_is_idle(origin, r->env->now.mono_ns));
}

/* An origin is as recent as the latest of its bundles. When that one is of a
 * clock that was wrong, what came before, and is kept, must not go with it. */
static void review(struct hsy_repair *r, struct hsy_origin *origin)
{
    const struct hsy_retained *retained = &r->relay->retained;
    const struct hsy_retained_bundle *b =
        hsy_retained_from(retained, origin, 1);
    uint64_t latest_ms = 0;

    HSY_ASSERT(!hsy_origin_is_recent(origins_of(r), origin));
    for (; b != NULL; b = hsy_retained_following(retained, b)) {
        uint64_t wall_ms = hsy_retained_bundle(b).wall_ms;
        if (wall_ms > latest_ms &&
            hsy_origins_is_near(origins_of(r), wall_ms)) {
            latest_ms = wall_ms;
        }
    }
    origin->wall_ms = latest_ms != 0 ? latest_ms : origin->wall_ms;
}

static void review_all(struct hsy_repair *r)
{
    uint64_t now_ns = r->env->now.mono_ns;

    if (r->reviewed_ns != 0 &&
        hsy_time_since(r->reviewed_ns, now_ns) < REVIEW_NS) {
        return;
    }
    r->reviewed_ns = now_ns;
    for (uint32_t i = 0; i < hsy_origins_count(origins_of(r)); i++) {
        struct hsy_origin *origin = hsy_origin_at(origins_of(r), i);
        if (!hsy_origin_is_recent(origins_of(r), origin)) {
            review(r, origin);
        }
    }
    HSY_ASSERT(r->reviewed_ns == now_ns);
}

static void hashes_of(struct hsy_repair *r, bool idle_only,
                      uint64_t hashes[HSY_DIGEST_BUCKETS])
{
    review_all(r);
    for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
        hashes[i] = 0;
    }
    for (uint32_t i = 0; i < hsy_origins_count(origins_of(r)); i++) {
        const struct hsy_origin *origin = hsy_origin_at(origins_of(r), i);
        if (counts(r, origin, idle_only)) {
            hashes[hsy_origin_bucket(&origin->of)] += hsy_origin_hash(origin);
        }
    }
    HSY_ASSERT(HSY_DIGEST_BUCKETS == 64);
}

static uint64_t sum_now(struct hsy_repair *r)
{
    uint64_t hashes[HSY_DIGEST_BUCKETS];
    uint64_t now_ns = r->env->now.mono_ns;

    if (r->sum_ns != 0 && hsy_time_since(r->sum_ns, now_ns) < SUM_NS) {
        return r->sum;
    }
    hashes_of(r, true, hashes);
    r->sum = 0;
    r->sum_ns = now_ns;
    for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
        r->sum += hashes[i];
    }
    HSY_ASSERT(r->sum_ns != 0);
    return r->sum;
}

static void send_digest(struct hsy_repair *r, hearsay_link link,
                        const struct hsy_digest *digest)
{
    struct hsy_frame frame = {.type = HSY_DIGEST, .digest = *digest};

    HSY_ASSERT(link != 0);
    r->env->counters.digests_sent++;
    hsy_send(r->env, link, &frame);
}

/* ------------------------------------------------------------------ marks */

/* Marks on their way to one or more links, a frame at a time. */
struct telling {
    struct hsy_repair *r;
    hearsay_link to;     /* 0: to all overlay links ... */
    hearsay_link except; /* ... but this one. */
    struct hsy_digest digest;
    struct hsy_writer list;
    uint8_t bytes[HSY_DIGEST_MARKS_MAX * HSY_SPAN_LEN];
};

static void telling_begin(struct telling *t, struct hsy_repair *r)
{
    HSY_ASSERT(r != NULL);
    t->r = r;
    t->to = 0;
    t->except = 0;
    t->digest =
        (struct hsy_digest){.kind = HSY_DIGEST_MARKS, .marks.bytes = t->bytes};
    t->list = hsy_writer(t->bytes, sizeof(t->bytes));
}

static void telling_send(struct telling *t)
{
    struct hsy_neighbours *ns = t->r->neighbours;

    if (t->to != 0) {
        send_digest(t->r, t->to, &t->digest);
    }
    for (uint32_t i = 0; t->to == 0 && i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        if (n->overlay && hsy_neighbour_has(n, HSY_DIGEST) &&
            n->link != t->except) {
            send_digest(t->r, n->link, &t->digest);
        }
    }
    HSY_ASSERT(t->digest.marks.count <= HSY_DIGEST_MARKS_MAX);
    t->digest.marks.count = 0;
    t->list = hsy_writer(t->bytes, sizeof(t->bytes));
}

static void telling_add(struct telling *t, const struct hsy_origin *origin)
{
    const struct hsy_retained *retained = &t->r->relay->retained;
    const struct hsy_retained_bundle *lowest =
        hsy_retained_from(retained, origin, 1);
    struct hsy_span mark = {.of = origin->of, .to = hsy_origin_high(origin)};

    HSY_ASSERT(mark.to >= 1);
    mark.from = lowest == NULL ? mark.to + 1 : lowest->from;
    hsy_spans_add(&t->list, &t->digest.marks, &mark);
    if (t->digest.marks.count == HSY_DIGEST_MARKS_MAX) {
        telling_send(t);
    }
}

/* The marks of all in @buckets; the last frame says that they are complete,
 * and may ask for the same of the other side. */
static void tell_buckets(struct hsy_repair *r, hearsay_link link,
                         uint64_t buckets, bool ask)
{
    struct telling t;

    HSY_ASSERT(buckets != 0);
    telling_begin(&t, r);
    t.to = link;
    for (uint32_t i = 0; i < hsy_origins_count(origins_of(r)); i++) {
        const struct hsy_origin *origin = hsy_origin_at(origins_of(r), i);
        uint64_t bucket = UINT64_C(1) << hsy_origin_bucket(&origin->of);
        if ((buckets & bucket) != 0 && counts(r, origin, false)) {
            telling_add(&t, origin);
        }
    }
    t.digest.ask = ask;
    t.digest.buckets = buckets;
    telling_send(&t);
}

void hsy_digest_tell(struct hsy_repair *r, hearsay_link except)
{
    struct telling t;

    HSY_ASSERT(except != 0);
    telling_begin(&t, r);
    t.except = except;
    for (uint32_t i = 0; i < hsy_origins_count(origins_of(r)); i++) {
        struct hsy_origin *origin = hsy_origin_at(origins_of(r), i);
        if (origin->changed && !hsy_origin_is_rumour(origin)) {
            telling_add(&t, origin);
            origin->changed = false;
        }
    }
    if (t.digest.marks.count > 0) {
        telling_send(&t);
    }
}

static void on_marks(struct hsy_repair *r, struct hsy_neighbour *n,
                     const struct hsy_digest *digest)
{
    bool lacks = false;

    HSY_ASSERT(digest->kind == HSY_DIGEST_MARKS);
    for (uint32_t i = 0; i < digest->marks.count; i++) {
        struct hsy_span mark = hsy_spans_at(&digest->marks, i);
        lacks = hsy_pull_offered(r, n, &mark) || lacks;
    }
    if (digest->ask && digest->buckets != 0) {
        tell_buckets(r, n->link, digest->buckets, false);
    }
    if (lacks) {
        hsy_pull_from(r, n);
    }
}

/* ------------------------------------------------------------- comparing */

static void send_hashes(struct hsy_repair *r, struct hsy_neighbour *n,
                        bool idle_only)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_HASHES,
                                .idle_only = idle_only};
    uint64_t hashes[HSY_DIGEST_BUCKETS];

    hashes_of(r, idle_only, hashes);
    for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
        digest.hashes[i] = (uint32_t)(hashes[i] >> 32);
    }
    n->digest_next_ns = hsy_time_add(r->env->now.mono_ns, HSY_EXCHANGE_NS);
    r->last_partner = n->link;
    HSY_ASSERT(n->digest_next_ns > r->env->now.mono_ns);
    send_digest(r, n->link, &digest);
}

static void on_hashes(struct hsy_repair *r, struct hsy_neighbour *n,
                      const struct hsy_digest *digest)
{
    uint64_t hashes[HSY_DIGEST_BUCKETS];
    uint64_t differing = 0;

    hashes_of(r, digest->idle_only, hashes);
    for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
        bool differs = digest->hashes[i] != (uint32_t)(hashes[i] >> 32);
        differing |= (uint64_t)(differs ? 1 : 0) << i;
    }
    HSY_ASSERT(hsy_neighbour_has(n, HSY_DIGEST));
    if (differing != 0) {
        tell_buckets(r, n->link, differing, true);
    }
}

/* The one before waits for as long again, so that another, if there is one and
 * it says anything at all, has its turn. Sums may differ and nothing be
 * missing, as when an origin's clock was wrong, until the retention ends: the
 * same two are compared again after four times as long. */
static bool may_exchange(const struct hsy_repair *r,
                         const struct hsy_neighbour *n, uint64_t theirs)
{
    bool same = n->digest_ours == r->sum && n->digest_theirs == theirs;
    bool again = n->link == r->last_partner && r->neighbours->degree > 1;
    uint64_t more_ns =
        (same ? 3 * HSY_EXCHANGE_NS : 0) + (again ? HSY_EXCHANGE_NS : 0);

    HSY_ASSERT(n->overlay);
    return r->env->now.mono_ns >= hsy_time_add(n->digest_next_ns, more_ns);
}

void hsy_repair_digest(struct hsy_repair *r, struct hsy_neighbour *n,
                       const struct hsy_digest *digest)
{
    HSY_ASSERT(n->overlay);
    switch (digest->kind) {
    case HSY_DIGEST_SUM:
        if (digest->sum != sum_now(r) && may_exchange(r, n, digest->sum)) {
            n->digest_ours = r->sum;
            n->digest_theirs = digest->sum;
            send_hashes(r, n, true);
        }
        return;
    case HSY_DIGEST_HASHES:
        on_hashes(r, n, digest);
        return;
    case HSY_DIGEST_MARKS:
        on_marks(r, n, digest);
        return;
    }
}

void hsy_repair_ponged(struct hsy_repair *r, const struct hsy_neighbour *n)
{
    struct hsy_digest digest = {.kind = HSY_DIGEST_SUM};

    HSY_ASSERT(n->link != 0);
    digest.sum = sum_now(r);
    if (n->overlay && hsy_neighbour_has(n, HSY_DIGEST) && digest.sum != 0) {
        send_digest(r, n->link, &digest);
    }
}

/* One of the two begins: who dialled. */
void hsy_repair_link_up(struct hsy_repair *r, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    if (hsy_neighbour_has(n, HSY_DIGEST) && !n->accepted) {
        send_hashes(r, n, false);
    }
    if (n->held_until_ns != 0) {
        n->held_next_ns = hsy_time_add(r->env->now.mono_ns, HSY_HELD_DIGEST_NS);
        r->next_ns = hsy_time_min(r->next_ns, n->held_next_ns);
    }
}

uint64_t hsy_digest_tell_held(struct hsy_repair *r)
{
    uint64_t now_ns = r->env->now.mono_ns;
    uint64_t next_ns = HEARSAY_NEVER;

    HSY_ASSERT(HSY_HELD_DIGEST_NS > 0);
    for (uint32_t i = 0; i < hsy_neighbours_count(r->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(r->neighbours, i);
        if (!n->overlay || !hsy_neighbour_has(n, HSY_DIGEST) ||
            n->held_until_ns == 0) {
            continue;
        }
        if (now_ns >= n->held_next_ns) {
            bool over = !hsy_neighbour_is_held(n, now_ns);
            n->held_until_ns = over ? 0 : n->held_until_ns;
            n->held_next_ns = hsy_time_add(now_ns, HSY_HELD_DIGEST_NS);
            send_hashes(r, n, false);
        }
        next_ns = hsy_time_min(next_ns, n->held_next_ns);
    }
    return next_ns;
}

void hsy_repair_relieved(struct hsy_repair *r, struct hsy_neighbour *n)
{
    HSY_ASSERT(n->overlay);
    if (hsy_neighbour_has(n, HSY_DIGEST)) {
        send_hashes(r, n, false);
    }
}
