/* Hostile but well-formed: authenticated puppets that say anything the wire
 * format allows, at any moment, with sound signatures of their own. Where the
 * choices come from (a PRNG, or a fuzzer's bytes) is the caller's business.
 * The only claim is that no assert of ours can be reached. */
#ifndef HSY_TESTS_UNIT_TEST_NODE_HOSTILE_H
#define HSY_TESTS_UNIT_TEST_NODE_HOSTILE_H

#include <string.h>

#include "base/addr.h"
#include "node/inner.h"
#include "support/node_rig.h"

enum {
    HOSTILE_SEEDS = 3,  /* Puppets 200.. of config.txt; one may be the node. */
    HOSTILE_PUPPETS = 9 /* The seeds, a false seed, peers. */
};

/* The tail of a frame that was begun, for a later moment. */
struct hostile_tail {
    hearsay_link link;
    uint8_t bytes[2048];
    uint32_t len;
};

struct hostile {
    struct stage stage;
    struct puppet who[HOSTILE_PUPPETS];
    struct hostile_tail tail;
    bool forges; /* Some signatures of this frame do not match. */
    uint64_t (*choose)(void *ctx, uint64_t bound); /* In [0, bound). */
    void *ctx;
    uint64_t frames;   /* Said on authenticated links. */
    uint64_t restarts; /* The node stopped, in order. */
    uint8_t list[HSY_RECORDS_LEN_MAX];
    uint8_t ids[64 * HEARSAY_ID_LEN];
    uint8_t facts[64 * 1024];
};

static inline uint64_t hostile_pick(struct hostile *h, uint64_t bound)
{
    return bound <= 1 ? 0 : h->choose(h->ctx, bound);
}

static inline bool hostile_chance(struct hostile *h, uint64_t one_in)
{
    return hostile_pick(h, one_in) == one_in - 1;
}

static inline void hostile_begin_node(struct hostile *h, bool seed)
{
    struct stage *s = &h->stage;

    stage_init(s, seed ? HEARSAY_SEED : HEARSAY_PEER, seed ? 200 : 1,
               HOSTILE_SEEDS);
    for (uint32_t i = 0; i < HOSTILE_SEEDS; i++) {
        s->lines[i].pinned = !hostile_chance(h, 3);
    }
    s->config.rng_seed = hostile_pick(h, 256);
    s->config.links_max = 48;
    s->config.jobs_max = 64;
    s->config.queue_max = 128 * 1024;
    s->config.frame_max = 64 * 1024;
    s->config.peers_max = 2 + (uint32_t)hostile_pick(h, 6);
    s->config.links_wanted = 1 + (uint32_t)hostile_pick(h, 4);
    s->config.book_max = 5;
    s->config.seen_max = seed ? 1 : 16;
    s->config.overlay = (enum hearsay_overlay)hostile_pick(h, 3);
    s->config.lease_ns = 20 * HSY_SECOND;
    if (hostile_chance(h, 4)) {
        memset(s->config.addrs[0].ip, 0, sizeof(s->config.addrs[0].ip));
    }
    stage_create(s);
    stage_start(s);
    stage_run(s, 1);
}

static inline void hostile_begin(struct hostile *h, bool seed)
{
    for (uint32_t i = 0; i < HOSTILE_PUPPETS; i++) {
        bool is_seed = i <= HOSTILE_SEEDS; /* The last of them is a liar. */
        puppet_init(&h->who[i], (uint8_t)(is_seed ? 200 + i : i),
                    is_seed ? HEARSAY_SEED : HEARSAY_PEER);
    }
    hostile_begin_node(h, seed);
}

static inline void hostile_end(struct hostile *h)
{
    stage_fini(&h->stage);
}

/* ----------------------------------------------------------------- values */

static inline struct puppet *hostile_puppet(struct hostile *h)
{
    struct puppet *p = &h->who[hostile_pick(h, HOSTILE_PUPPETS)];
    struct hearsay_id own = hearsay_node_id(h->stage.node);

    /* Nobody else can sign for the node. */
    return memcmp(&p->id, &own, sizeof(own)) == 0 ? p + 1 : p;
}

/* Speaks for itself, and now and then for another. */
static inline const struct puppet *hostile_other(struct hostile *h,
                                                 const struct puppet *p)
{
    return hostile_chance(h, 8) ? hostile_puppet(h) : p;
}

static inline struct hearsay_id hostile_id(struct hostile *h)
{
    struct hearsay_id id = {{0}};

    switch (hostile_pick(h, 8)) {
    case 0:
        return hearsay_node_id(h->stage.node);
    case 1:
        id.bytes[0] = (uint8_t)hostile_pick(h, 4);
        return id;
    default:
        return h->who[hostile_pick(h, HOSTILE_PUPPETS)].id;
    }
}

static inline uint64_t hostile_incarnation(struct hostile *h)
{
    static const uint64_t rare[] = {HSY_INCARNATION_END - 1,
                                    HSY_INCARNATION_END - 2,
                                    HSY_INCARNATION_END / 2};

    return hostile_chance(h, 64) ? rare[hostile_pick(h, 3)]
                                 : 1 + hostile_pick(h, 6);
}

static inline uint64_t hostile_u64(struct hostile *h)
{
    switch (hostile_pick(h, 4)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - hostile_pick(h, 3);
    case 2:
        return 1 + hostile_pick(h, 5);
    default:
        return hostile_pick(h, UINT64_C(1) << 48);
    }
}

static inline uint64_t hostile_wall(struct hostile *h)
{
    uint64_t now_ms = h->stage.now.wall_ms;

    switch (hostile_pick(h, 6)) {
    case 0:
        return hostile_u64(h);
    case 1:
        return now_ms - HSY_BUNDLE_WINDOW_MS - 1 + hostile_pick(h, 3);
    case 2:
        return now_ms + HSY_BUNDLE_WINDOW_MS - 1 + hostile_pick(h, 3);
    default:
        return now_ms - hostile_pick(h, 2000);
    }
}

static inline struct hearsay_addr hostile_addr(struct hostile *h)
{
    struct hearsay_addr addr = {
        .port = (uint16_t)(hostile_chance(h, 4) ? hostile_pick(h, 65536)
                                                : 7000 + hostile_pick(h, 16))};

    for (uint32_t i = 0; i < sizeof(addr.ip); i++) {
        addr.ip[i] = (uint8_t)(hostile_chance(h, 4) ? hostile_pick(h, 256) : 0);
    }
    return addr;
}

static inline struct hsy_sig hostile_sign(struct hostile *h,
                                          const struct hearsay_id *id,
                                          const struct hsy_writer *covered)
{
    struct hsy_sig sig = puppet_sign(id, covered);

    if (h->forges && hostile_chance(h, 4)) {
        sig.bytes[0] ^= 1;
    }
    return sig;
}

/* A record of @p: the one it uses, or one that it might. */
static inline struct hsy_record hostile_record(struct hostile *h,
                                               const struct puppet *p)
{
    struct hsy_record r = p->record;
    uint8_t bytes[HSY_RECORD_LEN_MAX + 64];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    if (hostile_chance(h, 2)) {
        return r;
    }
    r.incarnation = hostile_incarnation(h);
    r.boot_nonce = hostile_pick(h, 3);
    r.issued_ms = hostile_wall(h);
    r.role = hostile_chance(h, 6) ? HEARSAY_SEED : r.role;
    r.addrs_count = (uint8_t)hostile_pick(h, HEARSAY_ADDRS_MAX + 1);
    for (uint8_t i = 0; i < r.addrs_count; i++) {
        r.addrs[i] = hostile_addr(h);
        r.addrs[i].ip[0] = (uint8_t)(i + 1); /* Known, and distinct. */
        r.addrs[i].port |= 1;
    }
    r.name_len = (uint8_t)hostile_pick(h, HEARSAY_NAME_MAX + 1);
    for (uint8_t i = 0; i < r.name_len; i++) {
        r.name[i] = (char)(1 + hostile_pick(h, 255));
    }
    hsy_record_signed_bytes(&covered, &r);
    r.sig = hostile_sign(h, &r.id, &covered);
    return r;
}

static inline struct hsy_records hostile_records(struct hostile *h,
                                                 uint64_t most)
{
    struct hsy_writer list = hsy_writer(h->list, sizeof(h->list));
    struct hsy_records records = {.bytes = h->list};
    uint64_t count = hostile_pick(h, most + 1);

    count = hostile_chance(h, 8) ? most : count;
    for (uint64_t i = 0; i < count; i++) {
        struct hsy_record r = hostile_record(h, hostile_puppet(h));
        hsy_records_add(&list, &records, &r);
    }
    return records;
}

static inline struct hsy_leave hostile_leave(struct hostile *h,
                                             const struct puppet *p)
{
    struct hsy_leave leave = {.id = p->id,
                              .incarnation = hostile_chance(h, 2)
                                                 ? p->record.incarnation
                                                 : hostile_incarnation(h),
                              .issued_ms = hostile_wall(h)};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    hsy_leave_signed_bytes(&covered, &leave);
    leave.sig = hostile_sign(h, &p->id, &covered);
    return leave;
}

static inline struct hsy_report hostile_report(struct hostile *h,
                                               const struct puppet *p)
{
    struct hsy_report r = {.subject = hostile_id(h),
                           .incarnation = hostile_incarnation(h),
                           .subject_addr = hostile_addr(h),
                           .wall_ms = hostile_wall(h),
                           .notifier = p->id,
                           .notifier_addr = hostile_addr(h)};
    uint8_t bytes[512];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    hsy_report_signed_bytes(&covered, &r);
    r.sig = hostile_sign(h, &p->id, &covered);
    return r;
}

static inline struct hsy_verdict hostile_verdict(struct hostile *h,
                                                 const struct puppet *seed,
                                                 const struct hsy_record *r)
{
    struct hsy_verdict v = {.subject = r->id,
                            .incarnation = r->incarnation,
                            .wall_ms = hostile_wall(h),
                            .seed = seed->id};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    hsy_verdict_signed_bytes(&covered, &v);
    v.sig = hostile_sign(h, &seed->id, &covered);
    return v;
}

/* Ascending, none twice, never @p itself: what the wire format allows. */
static inline struct hsy_links hostile_links(struct hostile *h,
                                             const struct puppet *p)
{
    struct hsy_links links = {.id = p->id,
                              .incarnation = hostile_chance(h, 2)
                                                 ? p->record.incarnation
                                                 : hostile_incarnation(h),
                              .version = hostile_u64(h)};
    uint8_t bytes[4096];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));
    struct hearsay_id *ids = (struct hearsay_id *)(void *)h->ids;
    uint32_t wanted = (uint32_t)hostile_pick(h, 10);
    uint32_t count = 0;

    for (uint32_t i = 0; i < wanted; i++) {
        struct hearsay_id id = hostile_id(h);
        uint32_t at = count;
        while (at > 0 && memcmp(&ids[at - 1], &id, sizeof(id)) > 0) {
            at--;
        }
        bool twice = at > 0 && memcmp(&ids[at - 1], &id, sizeof(id)) == 0;
        if (twice || memcmp(&id, &p->id, sizeof(id)) == 0) {
            continue;
        }
        memmove(&ids[at + 1], &ids[at], (count - at) * sizeof(id));
        ids[at] = id;
        count++;
    }
    links.neighbours = (struct hsy_ids){.bytes = h->ids, .count = count};
    hsy_links_signed_bytes(&covered, &links);
    links.sig = hostile_sign(h, &p->id, &covered);
    return links;
}

static inline struct hsy_certificate hostile_certificate(struct hostile *h)
{
    struct hsy_certificate c = {.record = hostile_record(h, hostile_puppet(h))};
    uint64_t wanted = 1 + hostile_pick(h, 4);

    for (uint32_t i = 0; i < HOSTILE_PUPPETS && c.verdicts_count < wanted;
         i++) {
        const struct puppet *seed = hostile_puppet(h);
        uint8_t at = c.verdicts_count;
        if (at > 0 && memcmp(&c.verdicts[at - 1].seed, &seed->id,
                             sizeof(seed->id)) >= 0) {
            continue; /* Seeds come in ascending order. */
        }
        c.verdicts[at] = hostile_verdict(h, seed, &c.record);
        c.verdicts_count++;
    }
    return c;
}

static inline void hostile_entries(struct hostile *h, struct hsy_sync *sync,
                                   bool links)
{
    struct hsy_writer list = hsy_writer(h->facts, sizeof(h->facts));
    uint64_t count = hostile_pick(h, hostile_chance(h, 8) ? 60 : 4);
    static struct hsy_sync_entry e;

    for (uint64_t i = 0; i < count; i++) {
        const struct puppet *p = hostile_puppet(h);
        e.kind = (enum hsy_sync_kind)(1 + hostile_pick(h, 4));
        if (e.kind == HSY_SYNC_LINKS && !links) {
            continue;
        }
        switch (e.kind) {
        case HSY_SYNC_RECORD:
            e.record = hostile_record(h, p);
            break;
        case HSY_SYNC_LINKS:
            e.links = hostile_links(h, p);
            break;
        case HSY_SYNC_DEATH:
            e.certificate = hostile_certificate(h);
            break;
        case HSY_SYNC_LEFT:
            e.left.record = hostile_record(h, p);
            e.left.leave = hostile_leave(h, p);
            break;
        }
        hsy_sync_add(&list, sync, &e);
    }
}

static inline void hostile_sync(struct hostile *h, struct hsy_sync *sync)
{
    sync->digest[0] = hostile_chance(h, 2)
                          ? h->stage.node->core.env.config.rng_seed
                          : hostile_u64(h);
    sync->ask = hostile_chance(h, 3);
    hostile_entries(h, sync, true);
}

/* Of the read that is under way, or any; by rising id, as the format wants. */
static inline void hostile_facts(struct hostile *h, struct hsy_facts *facts)
{
    const struct hsy_reads *r = &h->stage.node->core.reads;
    struct hsy_writer list = hsy_writer(h->facts, sizeof(h->facts));
    struct hearsay_id last = {{0}};
    struct hsy_sync sync = {.count = 0};
    static struct hsy_sync_entry e;

    for (uint64_t left = hostile_pick(h, 6); left > 0; left--) {
        const struct puppet *p = hostile_puppet(h);
        e.kind = HSY_SYNC_RECORD;
        e.record = hostile_record(h, p);
        if (hostile_chance(h, 3)) {
            e.kind = HSY_SYNC_DEATH;
            e.certificate = hostile_certificate(h);
        }
        if (hsy_id_compare(&last, hsy_sync_subject(&e)) < 0) {
            last = *hsy_sync_subject(&e);
            hsy_sync_add(&list, &sync, &e);
        }
    }
    facts->nonce = hostile_chance(h, 4) ? (uint32_t)hostile_u64(h) : r->nonce;
    facts->more = sync.count > 0 && hostile_chance(h, 2);
    facts->count = sync.count;
    facts->entries = sync.entries;
    facts->entries_len = sync.entries_len;
}

/* Half of the time of a registry that is empty. */
static inline struct hsy_seed_digest hostile_seed_digest(struct hostile *h)
{
    memset(h->facts, 0, 8 * HSY_SEED_BUCKETS);
    if (hostile_chance(h, 2)) {
        h->facts[hostile_pick(h, 8 * HSY_SEED_BUCKETS)] = 1;
    }
    return (struct hsy_seed_digest){.sums = h->facts};
}

static inline struct hsy_seed_pull hostile_seed_pull(struct hostile *h)
{
    struct hsy_writer list = hsy_writer(h->facts, sizeof(h->facts));
    struct hsy_seed_pull pull = {.facts = h->facts,
                                 .last = 8 + hostile_u64(h) / 2};
    memset(pull.buckets, hostile_chance(h, 2) ? 0xff : 0, sizeof(pull.buckets));
    pull.count = (uint16_t)hostile_pick(h, 9);
    for (uint16_t i = 0; i < pull.count; i++) {
        hsy_put_u64(&list, i);
    }
    return pull;
}

/* The content of every large message is this, or no node has it. */
static inline const uint8_t *hostile_content(uint32_t len)
{
    static uint8_t content[4 * HSY_PIECE_LEN];
    for (uint32_t i = 0; i < len; i++) {
        content[i] = (uint8_t)(i * 7);
    }
    return content;
}

/* A large message, whose hashes are right or not. */
static inline void hostile_add_large(struct hostile *h, struct hsy_writer *out,
                                     struct hsy_bundle *b)
{
    uint8_t hashes[4 * HSY_PIECE_HASH_LEN] = {0};
    uint32_t len =
        HSY_INLINE_MAX + 1 + (uint32_t)hostile_pick(h, 3 * HSY_PIECE_LEN);
    const uint8_t *content = hostile_content(len);
    struct hsy_message m = {.payload_len = len, .hashes = hashes};

    for (uint16_t i = 0; !hostile_chance(h, 4) && i < hsy_pieces_of(len); i++) {
        h->stage.config.crypto->hash(hashes + i * HSY_PIECE_HASH_LEN,
                                     content + (size_t)i * HSY_PIECE_LEN,
                                     hsy_piece_len(len, i));
    }
    hsy_messages_add(out, b, &m);
}

static inline struct hsy_bundle hostile_bundle(struct hostile *h,
                                               const struct puppet *p)
{
    static uint8_t bytes[HSY_BUNDLE_LEN_MAX];
    static uint8_t covered_bytes[HSY_BUNDLE_LEN_MAX + 64];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_writer covered =
        hsy_writer(covered_bytes, sizeof(covered_bytes));
    struct hsy_bundle b = {.origin = p->id,
                           .epoch_incarnation = hostile_incarnation(h),
                           .epoch_nonce = hostile_chance(h, 4)
                                              ? hostile_u64(h)
                                              : hostile_pick(h, 2),
                           .wall_ms = hostile_wall(h),
                           .messages = bytes};
    uint8_t text[8] = {0};
    uint64_t count = 1 + hostile_pick(h, hostile_chance(h, 8) ? 64 : 3);

    b.first_seq =
        hostile_chance(h, 8) ? UINT64_MAX - count : 1 + hostile_pick(h, 100);
    if (hostile_chance(h, 4)) {
        hostile_add_large(h, &out, &b);
        count = 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct hsy_message m = {.topic = (const uint8_t *)"t",
                                .topic_len = (uint8_t)hostile_pick(h, 2),
                                .payload = text};
        text[0] = (uint8_t)hostile_pick(h, 256);
        m.payload_len = (uint32_t)hostile_pick(h, sizeof(text));
        m.query_ms = hostile_chance(h, 8)
                         ? (uint32_t)(1 + hostile_pick(h, HSY_QUERY_MS_MAX))
                         : 0;
        hsy_messages_add(&out, &b, &m);
    }
    hsy_bundle_signed_bytes(&covered, &b);
    b.sig = hostile_sign(h, &p->id, &covered);
    return b;
}

/* ----------------------------------------------------------------- frames */

static inline void hostile_fill_registered(struct hostile *h,
                                           struct hsy_registered *r)
{
    r->verdict = (enum hsy_registered_verdict)(
        hostile_chance(h, 3) ? hostile_pick(h, 4) : HSY_REGISTERED_OK);
    r->incarnation = hostile_chance(h, 4)
                         ? hostile_incarnation(h)
                         : h->stage.node->core.self.record.incarnation;
    r->known_rank = hostile_chance(h, 32)
                        ? 2 * HSY_INCARNATION_END - 1 - hostile_pick(h, 4)
                        : hostile_pick(h, 20);
    r->lease_s = (uint32_t)hostile_u64(h);
    r->peers_count =
        (uint32_t)(hostile_chance(h, 4) ? hostile_u64(h) : hostile_pick(h, 10));
    r->sample = hostile_records(h, HSY_PAGE_RECORDS);
    r->by_degree = (uint16_t)hostile_pick(h, r->sample.count + UINT64_C(1));
}

static inline void hostile_fill_peers(struct hostile *h, struct hsy_peers *p)
{
    p->kind = (enum hsy_peers_kind)hostile_pick(h, 5);
    p->page = (uint32_t)hostile_u64(h);
    p->peers_count = (uint32_t)hostile_u64(h);
    p->records =
        hostile_records(h, p->kind == HSY_PEERS_LOOKUP ? 1 : HSY_PAGE_RECORDS);
    p->by_degree = (uint16_t)hostile_pick(h, p->records.count + UINT64_C(1));
}

static inline void hostile_fill_get(struct hostile *h, struct hsy_peers_get *g)
{
    static const enum hsy_peers_kind kinds[] = {
        HSY_PEERS_SAMPLE, HSY_PEERS_UNIFORM, HSY_PEERS_PAGE, HSY_PEERS_TOP};

    g->kind = kinds[hostile_pick(h, 4)];
    g->count = (uint16_t)(1 + hostile_pick(h, HSY_PAGE_RECORDS));
    g->page = (uint32_t)hostile_u64(h);
}

/* Of what the node relays to somebody, or any. */
static inline struct hsy_bundle_id hostile_bundle_id(struct hostile *h)
{
    struct hsy_bundle_id id = {{0}};
    const struct hsy_ml *seen = &h->stage.node->core.relay.seen;

    if (seen->ring.table.count > 0 && hostile_chance(h, 2)) {
        memcpy(&id,
               hsy_table_at(&seen->ring.table,
                            (uint32_t)hostile_pick(h, seen->ring.table.count)),
               sizeof(id));
    } else {
        id.bytes[0] = (uint8_t)(1 + hostile_pick(h, 200));
    }
    return id;
}

static inline struct hsy_bundle_ids hostile_bundle_ids(struct hostile *h)
{
    struct hsy_bundle_ids ids = {
        .bytes = h->list,
        .count = (uint32_t)(1 + hostile_pick(h, HSY_IHAVE_IDS_MAX))};

    for (uint32_t i = 0; i < ids.count; i++) {
        struct hsy_bundle_id id = hostile_bundle_id(h);
        memcpy(h->list + 16 * (size_t)i, &id, sizeof(id));
    }
    return ids;
}

/* Half of them for the node itself. */
static inline struct hsy_direct hostile_direct(struct hostile *h,
                                               const struct puppet *p)
{
    static uint8_t text[8];
    static uint8_t covered_bytes[1024];
    struct hsy_writer covered =
        hsy_writer(covered_bytes, sizeof(covered_bytes));
    struct hsy_direct d = {.kind = (enum hsy_direct_kind)hostile_pick(h, 3),
                           .origin = p->id,
                           .incarnation = hostile_incarnation(h),
                           .nonce = hostile_pick(h, 2),
                           .to = hostile_chance(h, 2)
                                     ? hearsay_node_id(h->stage.node)
                                     : hostile_id(h),
                           .wall_ms = hostile_wall(h),
                           .payload = text};

    if (d.kind != HSY_DIRECT_RECEIPT) {
        d.number = hostile_chance(h, 8) ? 1 + hostile_u64(h) / 2
                                        : 1 + hostile_pick(h, 600);
        d.payload_len = (uint32_t)hostile_pick(h, sizeof(text));
    }
    if (d.kind != HSY_DIRECT_MESSAGE) {
        d.about_incarnation = 1 + hostile_pick(h, 3);
        d.about_nonce = hostile_chance(h, 2) ? h->stage.config.boot_nonce : 7;
        d.about_number = 1 + hostile_pick(h, 9);
    }
    text[0] = (uint8_t)hostile_pick(h, 256);
    hsy_direct_signed_bytes(&covered, &d);
    d.sig = hostile_sign(h, &p->id, &covered);
    return d;
}

/* Of the epochs that hostile_bundle() uses, and others. */
static inline struct hsy_spans hostile_spans(struct hostile *h, uint32_t least)
{
    struct hsy_spans spans = {.bytes = h->list};
    struct hsy_writer list = hsy_writer(h->list, sizeof(h->list));
    uint32_t count = least + (uint32_t)hostile_pick(h, 16);

    for (uint32_t i = 0; i < count; i++) {
        struct hsy_span span = {.of.origin = hostile_id(h),
                                .of.incarnation = 1 + hostile_pick(h, 3),
                                .of.nonce = hostile_pick(h, 2),
                                .from = 1 + hostile_pick(h, 60)};
        span.to = span.from - 1 + hostile_pick(h, 60);
        if (hostile_chance(h, 8)) {
            span.to = UINT64_MAX - 1 - hostile_pick(h, 3);
        }
        hsy_spans_add(&list, &spans, &span);
    }
    return spans;
}

static inline void hostile_fill_digest(struct hostile *h, struct hsy_digest *d)
{
    d->kind = (enum hsy_digest_kind)hostile_pick(h, 3);
    d->sum = hostile_u64(h);
    d->idle_only = hostile_chance(h, 2);
    d->hashes[hostile_pick(h, HSY_DIGEST_BUCKETS)] = (uint32_t)hostile_u64(h);
    d->ask = hostile_chance(h, 2);
    d->buckets = hostile_u64(h);
    d->marks = hostile_spans(h, 0);
}

/* Of a content that the node knows, or any. */
static inline struct hsy_bundle_id hostile_large_id(struct hostile *h)
{
    const struct hsy_table *table = &h->stage.node->core.relay.bulk.table;

    if (table->count > 0 && !hostile_chance(h, 8)) {
        const struct hsy_bulk_entry *e =
            hsy_table_at(table, (uint32_t)hostile_pick(h, table->count));
        return e->id;
    }
    return hostile_bundle_id(h);
}

/* What the node asks for, or something like it. */
static inline void hostile_fill_piece(struct hostile *h, hearsay_link link,
                                      struct hsy_piece *piece)
{
    struct hsy_frame fetch;
    uint32_t len = HSY_PIECE_LEN;

    piece->id = hostile_large_id(h);
    if (hostile_chance(h, 6)) {
        piece->how = hostile_chance(h, 2) ? HSY_PIECE_NOT_HERE : HSY_PIECE_GONE;
        return;
    }
    piece->index = (uint16_t)hostile_pick(h, 4);
    if (!hostile_chance(h, 6) &&
        stage_frame(&h->stage, link, HSY_FETCH, &fetch)) {
        piece->id = fetch.fetch.id;
        piece->index = fetch.fetch.first;
    }
    const struct hsy_bulk_entry *e =
        hsy_bulk_find(&h->stage.node->core.relay.bulk, &piece->id);
    if (e != NULL && piece->index < hsy_pieces_of(e->len)) {
        len = hsy_piece_len(e->len, piece->index);
    }
    piece->index = piece->index < 4 ? piece->index : 3;
    piece->bytes = hostile_content(sizeof(uint8_t[4 * HSY_PIECE_LEN])) +
                   (size_t)piece->index * HSY_PIECE_LEN;
    piece->len = hostile_chance(h, 16) ? 1 : len;
}

/* Of a pull of the node's, or any. */
static inline uint32_t hostile_pull_nonce(struct hostile *h, hearsay_link link)
{
    struct hsy_frame pull;

    bool asked =
        !hostile_chance(h, 4) && stage_frame(&h->stage, link, HSY_PULL, &pull);
    return asked ? pull.pull.nonce : (uint32_t)hostile_pick(h, 4);
}

/* Of a ping of the node's, or any. */
static inline uint64_t hostile_pong(struct hostile *h, hearsay_link link)
{
    struct hsy_frame ping;

    bool asked =
        !hostile_chance(h, 4) && stage_frame(&h->stage, link, HSY_PING, &ping);
    return asked ? ping.ping : hostile_u64(h);
}

#endif
