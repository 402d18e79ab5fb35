/* Mending what pushes missed. Both seeds sum up what they know of each of 256
 * buckets of ids. Who asked gets the sums of the other, names the buckets that
 * differ with what it has of them, and gets the rest:
 *
 *     SEED_SYNC, ask   --->
 *                      <---  SEED_DIGEST       the sums, 2 KiB
 *     SEED_PULL        --->                    buckets, facts known
 *                      <---  SEED_SYNC ...     at most half a queue of facts
 *                      <---  SEED_SYNC         the end: equal now? else again
 *
 * The one who serves keeps nothing in mind: the next pull says what is still
 * missing. Both begin at any bucket and any entry, so that what is refused
 * never stands in the way of the rest. */
#include "core/fellows.h"

#include "base/compiler.h"
#include "core/kept.h"

#include <string.h>

enum {
    BATCH_LEN_MAX = 256 * 1024,
    FACT_LEN = sizeof(uint64_t),
    DIGEST_LEN = HSY_SEED_BUCKETS * FACT_LEN
};

void hsy_fellows_tell_buckets(struct hsy_seed *s, const struct hsy_neighbour *n)
{
    HSY_UNSET uint8_t bytes[DIGEST_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_SEED_DIGEST,
                              .flags = HSY_FLAG_IGNORABLE,
                              .seed_digest.sums = bytes};

    for (uint32_t i = 0; i < HSY_SEED_BUCKETS; i++) {
        hsy_put_u64(&list, s->registry.buckets[i].sum);
    }
    HSY_ASSERT(!list.bad);
    if (hsy_neighbour_has(n, frame.type)) {
        hsy_send(s->env, n->link, &frame);
    }
}

/* ---------------------------------------------------------------- asking */

/* What is known of the buckets that are asked for, ascending. */
struct facts {
    uint64_t list[HSY_SEED_FACTS_MAX];
    uint32_t count;
    bool more; /* Than there is room for. */
};

/* Those that differ, from any one on, as far as what is known of them fits
 * one frame. One that alone does not fit is pulled in several parts. False:
 * none differs. */
static bool choose(struct hsy_seed *s, uint64_t from,
                   const struct hsy_seed_digest *digest,
                   struct hsy_seed_pull *pull)
{
    uint64_t start = hsy_prng_below(&s->env->prng, HSY_SEED_BUCKETS);
    uint32_t room = HSY_SEED_FACTS_MAX;
    bool any = false;

    pull->first = 0;
    pull->last = UINT64_MAX;
    for (uint64_t i = 0; i < HSY_SEED_BUCKETS; i++) {
        uint8_t bucket = (uint8_t)(start + i);
        const struct hsy_bucket *own = &s->registry.buckets[bucket];
        if (own->sum == hsy_seed_digest_sum(digest, bucket) ||
            (any && own->count > room)) {
            continue;
        }
        pull->buckets[bucket / 8] |= (uint8_t)(1U << (bucket % 8));
        any = true;
        if (own->count > room) {
            pull->first = from;
            break;
        }
        room -= own->count;
    }
    HSY_ASSERT(room <= HSY_SEED_FACTS_MAX);
    return any;
}

/* The lowest stay. */
static void add_fact(struct facts *facts, uint64_t fact)
{
    if (facts->count == HSY_SEED_FACTS_MAX) {
        facts->more = true;
        if (fact >= facts->list[facts->count - 1]) {
            return;
        }
        facts->count--;
    }
    uint32_t at = facts->count;
    while (at > 0 && facts->list[at - 1] > fact) {
        facts->list[at] = facts->list[at - 1];
        at--;
    }
    HSY_ASSERT(at < HSY_SEED_FACTS_MAX);
    facts->list[at] = fact;
    facts->count++;
}

static void collect(const struct hsy_registry *r,
                    const struct hsy_seed_pull *pull, struct facts *facts)
{
    HSY_ASSERT(facts->count == 0);
    for (uint32_t i = 0; i < r->graves.count; i++) {
        const struct hsy_grave *g = hsy_table_at(&r->graves, i);
        uint64_t fact = hsy_grave_fact(g);
        if (hsy_seed_pull_names(pull, hsy_registry_bucket(&g->id)) &&
            fact >= pull->first) {
            add_fact(facts, fact);
        }
    }
    for (uint32_t i = 0; i < r->living.count; i++) {
        const struct hsy_entry *e = hsy_registry_at(r, i);
        uint64_t fact = hsy_entry_fact(e);
        if (hsy_seed_pull_names(pull, hsy_registry_bucket(&e->id)) &&
            fact >= pull->first) {
            add_fact(facts, fact);
        }
    }
}

bool hsy_fellows_pull(struct hsy_seed *s, struct hsy_fellow *f,
                      const struct hsy_neighbour *n,
                      const struct hsy_seed_digest *digest)
{
    HSY_UNSET uint8_t bytes[HSY_SEED_FACTS_MAX * FACT_LEN];
    HSY_UNSET struct facts facts;
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_SEED_PULL,
                              .flags = HSY_FLAG_IGNORABLE,
                              .seed_pull.facts = bytes};

    if (!choose(s, f->pull_from, digest, &frame.seed_pull)) {
        f->pull_from = 0;
        return false;
    }
    facts.count = 0;
    facts.more = false;
    collect(&s->registry, &frame.seed_pull, &facts);
    for (uint32_t i = 0; i < facts.count; i++) {
        hsy_put_u64(&list, facts.list[i]);
    }
    HSY_ASSERT(!list.bad);
    frame.seed_pull.count = (uint16_t)facts.count;
    if (facts.more) {
        frame.seed_pull.last = facts.list[facts.count - 1];
    }
    f->news = f->news && frame.seed_pull.first != 0;
    f->pull_from = frame.seed_pull.last + 1; /* 0 after the highest. */
    hsy_send(s->env, n->link, &frame);
    return true;
}

/* --------------------------------------------------------------- serving */

struct batch {
    struct hsy_seed *s;
    const struct hsy_neighbour *n;
    const struct hsy_seed_pull *pull;
    uint32_t left; /* Bytes that may still go; the last entry may be longer. */
    struct hsy_sync sync;
    struct hsy_writer list;
    uint8_t bytes[HSY_RECORDS_LEN_MAX];
};

static void flush(struct batch *b)
{
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};

    HSY_ASSERT(!b->list.bad);
    if (b->sync.count > 0) {
        hsy_fellows_put_digest(b->s, &b->sync);
        frame.sync = b->sync;
        hsy_send(b->s->env, b->n->link, &frame);
    }
    b->list = hsy_writer(b->bytes, sizeof(b->bytes));
    b->sync = (struct hsy_sync){.entries = b->bytes};
}

/* A fact too large for the buffer (the links of a great hub) makes a frame of
 * its own. */
static void add(struct batch *b, const uint8_t *proof, uint32_t len)
{
    HSY_ASSERT(len > 0);
    if (len > b->list.max - b->list.len ||
        b->sync.count == HSY_SYNC_ENTRIES_MAX) {
        flush(b);
    }
    b->left -= len < b->left ? len : b->left;
    b->sync.count++;
    b->sync.entries_len += len;
    if (len > b->list.max) {
        b->sync.entries = proof;
        flush(b);
        return;
    }
    hsy_put_bytes(&b->list, proof, len);
}

static void add_grave(struct batch *b, const struct hsy_grave *g)
{
    HSY_ASSERT(g->proof != NULL);
    if (hsy_seed_pull_names(b->pull, hsy_registry_bucket(&g->id)) &&
        hsy_seed_pull_wants(b->pull, hsy_grave_fact(g))) {
        add(b, g->proof, g->proof_len);
    }
}

static void add_entry(struct batch *b, const struct hsy_entry *e)
{
    HSY_UNSET uint8_t proof[HSY_SYNC_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(proof, sizeof(proof));

    HSY_ASSERT(e->record != NULL);
    if (!hsy_seed_pull_names(b->pull, hsy_registry_bucket(&e->id)) ||
        !hsy_seed_pull_wants(b->pull, hsy_entry_fact(e))) {
        return;
    }
    hsy_sync_put_record(&out, e->record->bytes, e->record->len);
    HSY_ASSERT(!out.bad);
    add(b, proof, (uint32_t)out.len);
    if (e->links != NULL) {
        add(b, e->links->bytes, e->links->len);
    }
}

/* Any place of a table of @count. */
static uint32_t anywhere(struct hsy_seed *s, uint32_t count)
{
    uint64_t at = hsy_prng_below(&s->env->prng, (uint64_t)count + 1);

    HSY_ASSERT(at <= count);
    return (uint32_t)at;
}

void hsy_fellows_serve(struct hsy_seed *s, struct hsy_fellow *f,
                       const struct hsy_neighbour *n,
                       const struct hsy_seed_pull *pull)
{
    const struct hsy_registry *r = &s->registry;
    uint32_t max = s->env->config.queue_max / 2;
    HSY_UNSET struct batch b;

    HSY_ASSERT(n->fellow);
    b.s = s;
    b.n = n;
    b.pull = pull;
    b.left = max < BATCH_LEN_MAX ? max : BATCH_LEN_MAX;
    b.list = hsy_writer(b.bytes, sizeof(b.bytes));
    b.sync = (struct hsy_sync){.entries = b.bytes};
    uint32_t first = anywhere(s, r->graves.count);
    for (uint32_t i = 0; i < r->graves.count && b.left > 0; i++) {
        add_grave(&b, hsy_table_at(&r->graves, (first + i) % r->graves.count));
    }
    first = anywhere(s, r->living.count);
    for (uint32_t i = 0; i < r->living.count && b.left > 0; i++) {
        add_entry(&b, hsy_registry_at(r, (first + i) % r->living.count));
    }
    flush(&b);
    hsy_fellows_send_digest(s, f, n, false);
}
