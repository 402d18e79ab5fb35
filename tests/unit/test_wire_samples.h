/* Random valid frames for the tests of the wire layer: every field that may
 * be free is, and every list has a length of its own. */
#ifndef HSY_TEST_WIRE_SAMPLES_H
#define HSY_TEST_WIRE_SAMPLES_H

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "wire/frames.h"

enum { SAMPLE_FRAME_MAX = 64 * 1024, SAMPLE_IDS_MAX = 40 };

/* Random numbers, and room for what the slices of one frame point to. */
struct samples {
    struct hsy_prng prng;
    uint8_t list[HSY_RECORDS_LEN_MAX];
    uint8_t entries[SAMPLE_FRAME_MAX];
    uint8_t messages[16 * 1024];
    struct hearsay_id ids[SAMPLE_IDS_MAX];
    uint8_t spans[HSY_PULL_SPANS_MAX * HSY_SPAN_LEN];
};

static inline uint64_t sample_below(struct samples *s, uint64_t bound)
{
    return hsy_prng_below(&s->prng, bound);
}

static inline uint64_t sample_u64(struct samples *s)
{
    return hsy_prng_next(&s->prng);
}

static inline void sample_bytes(struct samples *s, void *out, size_t len)
{
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)sample_u64(s);
    }
}

static inline void sample_text(struct samples *s, char *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(unsigned char)(1 + sample_below(s, 255));
    }
}

static inline uint64_t sample_incarnation(struct samples *s)
{
    return 1 + sample_below(s, HSY_INCARNATION_END - 1);
}

static inline struct hearsay_addr sample_addr(struct samples *s)
{
    struct hearsay_addr addr = {.port = (uint16_t)(1 + sample_below(s, 65535))};
    sample_bytes(s, addr.ip, sizeof(addr.ip));
    return addr;
}

static inline struct hsy_record sample_record(struct samples *s)
{
    struct hsy_record r = {.incarnation = sample_incarnation(s)};
    sample_bytes(s, r.id.bytes, sizeof(r.id.bytes));
    r.boot_nonce = sample_u64(s);
    r.issued_ms = sample_u64(s);
    r.features = sample_u64(s);
    r.role = sample_below(s, 2) == 0 ? HEARSAY_SEED : HEARSAY_PEER;
    r.addrs_count = (uint8_t)sample_below(s, HEARSAY_ADDRS_MAX + 1);
    for (uint8_t i = 0; i < r.addrs_count; i++) {
        r.addrs[i] = sample_addr(s);
    }
    r.name_len = (uint8_t)sample_below(s, HEARSAY_NAME_MAX + 1);
    sample_text(s, r.name, r.name_len);
    sample_bytes(s, r.sig.bytes, sizeof(r.sig.bytes));
    return r;
}

static inline struct hsy_leave sample_leave(struct samples *s)
{
    struct hsy_leave leave = {.incarnation = sample_incarnation(s)};
    sample_bytes(s, leave.id.bytes, sizeof(leave.id.bytes));
    leave.issued_ms = sample_u64(s);
    sample_bytes(s, leave.sig.bytes, sizeof(leave.sig.bytes));
    return leave;
}

static inline struct hsy_report sample_report(struct samples *s)
{
    struct hsy_report report = {.incarnation = sample_incarnation(s)};
    sample_bytes(s, report.subject.bytes, sizeof(report.subject.bytes));
    report.subject_addr = sample_addr(s);
    report.wall_ms = sample_u64(s);
    sample_bytes(s, report.notifier.bytes, sizeof(report.notifier.bytes));
    report.notifier_addr = sample_addr(s);
    sample_bytes(s, report.sig.bytes, sizeof(report.sig.bytes));
    return report;
}

static inline struct hsy_verdict sample_verdict(struct samples *s,
                                                const struct hsy_record *of)
{
    struct hsy_verdict verdict = {.subject = of->id,
                                  .incarnation = of->incarnation};
    verdict.wall_ms = sample_u64(s);
    sample_bytes(s, verdict.seed.bytes, sizeof(verdict.seed.bytes));
    sample_bytes(s, verdict.sig.bytes, sizeof(verdict.sig.bytes));
    return verdict;
}

/* The first byte rises: seeds come in order whatever the rest is. */
static inline void sample_certificate(struct samples *s,
                                      struct hsy_certificate *out,
                                      uint8_t verdicts_count)
{
    memset(out, 0, sizeof(*out));
    out->record = sample_record(s);
    out->verdicts_count = verdicts_count;
    for (uint8_t i = 0; i < verdicts_count; i++) {
        out->verdicts[i] = sample_verdict(s, &out->record);
        out->verdicts[i].seed.bytes[0] = (uint8_t)(i * 3);
    }
}

static inline struct hsy_links sample_links(struct samples *s, uint32_t count)
{
    struct hsy_links links = {.incarnation = sample_incarnation(s)};
    sample_bytes(s, links.id.bytes, sizeof(links.id.bytes));
    links.id.bytes[0] = 0xff; /* Above all neighbours. */
    links.version = sample_u64(s);
    for (uint32_t i = 0; i < count; i++) {
        sample_bytes(s, s->ids[i].bytes, sizeof(s->ids[i].bytes));
        s->ids[i].bytes[0] = (uint8_t)(i * 5);
    }
    links.neighbours =
        (struct hsy_ids){.bytes = s->ids[0].bytes, .count = count};
    sample_bytes(s, links.sig.bytes, sizeof(links.sig.bytes));
    return links;
}

static inline struct hsy_records sample_records(struct samples *s,
                                                uint16_t count)
{
    struct hsy_records records = {.bytes = s->list};
    struct hsy_writer list = hsy_writer(s->list, sizeof(s->list));
    for (uint16_t i = 0; i < count; i++) {
        struct hsy_record record = sample_record(s);
        hsy_records_add(&list, &records, &record);
    }
    return records;
}

static inline struct hsy_bundle sample_bundle(struct samples *s, uint16_t count)
{
    struct hsy_bundle bundle = {.epoch_incarnation = sample_incarnation(s),
                                .messages = s->messages};
    sample_bytes(s, bundle.origin.bytes, sizeof(bundle.origin.bytes));
    bundle.epoch_nonce = sample_u64(s);
    bundle.first_seq = 1 + sample_below(s, UINT64_MAX - 1 - count);
    bundle.wall_ms = sample_u64(s);
    struct hsy_writer out = hsy_writer(s->messages, sizeof(s->messages));
    if (sample_below(s, 4) == 0) { /* A large one, alone. */
        uint32_t len =
            HSY_INLINE_MAX + 1 + (uint32_t)sample_below(s, 6 * HSY_PIECE_LEN);
        struct hsy_message message = {.payload_len = len, .hashes = s->entries};
        sample_bytes(s, s->entries,
                     (size_t)hsy_pieces_of(len) * HSY_PIECE_HASH_LEN);
        hsy_messages_add(&out, &bundle, &message);
        count = 0;
    }
    for (uint16_t i = 0; i < count; i++) {
        char topic[HSY_TOPIC_MAX];
        uint8_t payload[150];
        struct hsy_message message = {.topic = (const uint8_t *)topic,
                                      .payload = payload};
        message.topic_len = (uint8_t)sample_below(s, HSY_TOPIC_MAX + 1);
        message.payload_len = (uint32_t)sample_below(s, sizeof(payload) + 1);
        sample_text(s, topic, message.topic_len);
        sample_bytes(s, payload, message.payload_len);
        if (sample_below(s, 4) == 0) {
            message.query_ms =
                (uint32_t)(1 + sample_below(s, HSY_QUERY_MS_MAX));
        }
        hsy_messages_add(&out, &bundle, &message);
    }
    sample_bytes(s, bundle.sig.bytes, sizeof(bundle.sig.bytes));
    return bundle;
}

static inline void sample_entry(struct samples *s, enum hsy_sync_kind kind,
                                struct hsy_sync_entry *entry)
{
    memset(entry, 0, sizeof(*entry));
    entry->kind = kind;
    switch (kind) {
    case HSY_SYNC_RECORD:
        entry->record = sample_record(s);
        break;
    case HSY_SYNC_LINKS:
        entry->links = sample_links(s, (uint32_t)sample_below(s, 8));
        break;
    case HSY_SYNC_DEATH:
        sample_certificate(s, &entry->certificate,
                           (uint8_t)(1 + sample_below(s, 4)));
        break;
    case HSY_SYNC_LEFT:
        entry->left.record = sample_record(s);
        entry->left.leave = sample_leave(s);
        entry->left.leave.id = entry->left.record.id;
        break;
    }
}

static inline struct hsy_sync sample_sync(struct samples *s, uint16_t count)
{
    struct hsy_sync sync = {.entries = s->entries};
    sync.digest[0] = sample_u64(s);
    sync.digest[1] = sample_u64(s);
    sync.ask = sample_below(s, 2) == 1;
    struct hsy_writer list = hsy_writer(s->entries, sizeof(s->entries));
    for (uint16_t i = 0; i < count; i++) {
        struct hsy_sync_entry entry;
        sample_entry(s, (enum hsy_sync_kind)(1 + i % 4), &entry);
        hsy_sync_add(&list, &sync, &entry);
    }
    return sync;
}

/* Of rising ids, and no links. */
static inline struct hsy_facts sample_facts(struct samples *s)
{
    static const enum hsy_sync_kind kinds[] = {HSY_SYNC_RECORD, HSY_SYNC_DEATH,
                                               HSY_SYNC_LEFT};
    struct hsy_facts facts = {.nonce = (uint32_t)sample_u64(s)};
    struct hsy_sync list_of = {.entries = s->entries};
    struct hsy_writer list = hsy_writer(s->entries, sizeof(s->entries));
    uint16_t count = (uint16_t)sample_below(s, 6);

    for (uint16_t i = 0; i < count; i++) {
        struct hsy_sync_entry entry;
        sample_entry(s, kinds[i % 3], &entry);
        if (entry.kind == HSY_SYNC_RECORD) {
            entry.record.id.bytes[0] = (uint8_t)(i * 7);
        } else if (entry.kind == HSY_SYNC_DEATH) {
            entry.certificate.record.id.bytes[0] = (uint8_t)(i * 7);
            for (uint8_t k = 0; k < entry.certificate.verdicts_count; k++) {
                entry.certificate.verdicts[k].subject =
                    entry.certificate.record.id;
            }
        } else {
            entry.left.record.id.bytes[0] = (uint8_t)(i * 7);
            entry.left.leave.id = entry.left.record.id;
        }
        hsy_sync_add(&list, &list_of, &entry);
    }
    facts.count = list_of.count;
    facts.more = count > 0 && sample_below(s, 2) == 1;
    facts.entries = list_of.entries;
    facts.entries_len = list_of.entries_len;
    return facts;
}

static inline struct hsy_seed_digest sample_seed_digest(struct samples *s)
{
    sample_bytes(s, s->entries, 8 * HSY_SEED_BUCKETS);
    return (struct hsy_seed_digest){.sums = s->entries};
}

static inline struct hsy_seed_pull sample_seed_pull(struct samples *s)
{
    struct hsy_seed_pull pull = {.facts = s->entries,
                                 .first = sample_below(s, 99)};
    struct hsy_writer list = hsy_writer(s->entries, sizeof(s->entries));
    uint64_t fact = pull.first;
    sample_bytes(s, pull.buckets, sizeof(pull.buckets));
    pull.count = (uint16_t)sample_below(s, HSY_SEED_FACTS_MAX + 1);
    pull.last = UINT64_MAX - sample_below(s, 99);
    for (uint16_t i = 0; i < pull.count; i++) {
        fact += sample_below(s, UINT64_MAX / HSY_SEED_FACTS_MAX / 2);
        hsy_put_u64(&list, fact);
    }
    return pull;
}

static inline struct hsy_watch_wish sample_watch(struct samples *s)
{
    struct hsy_watch_wish watch;
    memset(&watch, 0, sizeof(watch));
    watch.nonce = (uint32_t)sample_below(s, 3);
    if (watch.nonce != 0 && sample_below(s, 2) == 1) {
        watch.log = 1 + sample_below(s, UINT64_MAX);
        watch.upto = sample_u64(s);
    }
    return watch;
}

static inline struct hsy_member_news sample_member(struct samples *s)
{
    struct hsy_member_news news = {
        .nonce = (uint32_t)(1 + sample_below(s, UINT32_MAX)),
        .how = (enum hsy_member_how)sample_below(s, 5)};
    if (news.how == HSY_MEMBER_REFUSED) {
        return news;
    }
    news.log = 1 + sample_below(s, UINT64_MAX);
    news.upto = sample_u64(s);
    news.facts.entries = s->entries;
    struct hsy_writer list = hsy_writer(s->entries, sizeof(s->entries));
    for (uint64_t left = sample_below(s, 5); left > 0; left--) {
        static const enum hsy_sync_kind kinds[] = {
            HSY_SYNC_RECORD, HSY_SYNC_DEATH, HSY_SYNC_LEFT};
        struct hsy_sync_entry entry;
        sample_entry(s, kinds[sample_below(s, 3)], &entry);
        hsy_sync_add(&list, &news.facts, &entry);
    }
    return news;
}

static inline struct hsy_hello sample_hello(struct samples *s)
{
    struct hsy_hello hello = {.version_min = (uint16_t)sample_below(s, 40000)};
    hello.version_max = (uint16_t)(hello.version_min + sample_below(s, 20000));
    hello.network_len = (uint8_t)(1 + sample_below(s, HEARSAY_NAME_MAX));
    sample_text(s, hello.network, hello.network_len);
    hello.trust =
        sample_below(s, 2) == 0 ? HSY_TRUST_ORIGIN : HSY_TRUST_MEMBERS;
    hello.features = sample_u64(s);
    sample_bytes(s, hello.nonce, sizeof(hello.nonce));
    hello.observed = sample_addr(s);
    hello.record = sample_record(s);
    return hello;
}

static inline struct hsy_error sample_error(struct samples *s)
{
    struct hsy_error error = {
        .code = (enum hsy_error_code)(1 + sample_below(s, 11))};
    error.text_len = (uint8_t)sample_below(s, HSY_ERROR_TEXT_MAX + 1);
    sample_text(s, error.text, error.text_len);
    return error;
}

static inline struct hsy_registered sample_registered(struct samples *s)
{
    return (struct hsy_registered){
        .verdict = (enum hsy_registered_verdict)sample_below(s, 4),
        .incarnation = sample_incarnation(s),
        .known_rank = sample_below(s, 2 * HSY_INCARNATION_END),
        .lease_s = (uint32_t)sample_u64(s),
        .peers_count = (uint32_t)sample_u64(s),
        .by_degree = (uint16_t)sample_below(s, 4),
        .sample = sample_records(s, (uint16_t)(3 + sample_below(s, 3))),
    };
}

/* Not LOOKUP: nobody asks for it, and its answers are short. */
static inline enum hsy_peers_kind sample_peers_kind(struct samples *s)
{
    static const enum hsy_peers_kind kinds[] = {
        HSY_PEERS_SAMPLE, HSY_PEERS_UNIFORM, HSY_PEERS_PAGE, HSY_PEERS_TOP};
    return kinds[sample_below(s, 4)];
}

static inline struct hsy_peers sample_peers(struct samples *s)
{
    return (struct hsy_peers){
        .kind = sample_peers_kind(s),
        .page = (uint32_t)sample_u64(s),
        .peers_count = (uint32_t)sample_u64(s),
        .by_degree = (uint16_t)sample_below(s, 4),
        .records = sample_records(s, (uint16_t)(3 + sample_below(s, 3))),
    };
}

static inline struct hsy_peers_get sample_peers_get(struct samples *s)
{
    return (struct hsy_peers_get){
        .kind = sample_peers_kind(s),
        .count = (uint16_t)(1 + sample_below(s, HSY_PAGE_RECORDS)),
        .page = (uint32_t)sample_u64(s),
    };
}

static inline struct hsy_spans sample_spans(struct samples *s, uint32_t count)
{
    struct hsy_spans spans = {.bytes = s->spans};
    struct hsy_writer list = hsy_writer(s->spans, sizeof(s->spans));
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_span span = {.of.incarnation = sample_incarnation(s),
                                .of.nonce = sample_u64(s),
                                .from = 1 + sample_below(s, UINT64_MAX / 2)};
        sample_bytes(s, span.of.origin.bytes, sizeof(span.of.origin.bytes));
        span.to = span.from - 1 + sample_below(s, UINT64_MAX / 4);
        hsy_spans_add(&list, &spans, &span);
    }
    return spans;
}

static inline struct hsy_digest sample_digest(struct samples *s)
{
    struct hsy_digest d = {.kind = (enum hsy_digest_kind)sample_below(s, 3)};
    switch (d.kind) {
    case HSY_DIGEST_SUM:
        d.sum = sample_u64(s);
        break;
    case HSY_DIGEST_HASHES:
        d.idle_only = sample_below(s, 2) == 1;
        for (uint32_t i = 0; i < HSY_DIGEST_BUCKETS; i++) {
            d.hashes[i] = (uint32_t)sample_u64(s);
        }
        break;
    case HSY_DIGEST_MARKS:
        d.ask = sample_below(s, 2) == 1;
        d.buckets = sample_u64(s);
        d.marks = sample_spans(s, (uint32_t)sample_below(s, 17));
        break;
    }
    return d;
}

static inline struct hsy_piece sample_piece(struct samples *s)
{
    struct hsy_piece p = {.how = (enum hsy_piece_how)sample_below(s, 3),
                          .bytes = s->entries};
    sample_bytes(s, p.id.bytes, sizeof(p.id.bytes));
    if (p.how == HSY_PIECE_DATA) {
        p.index = (uint16_t)sample_below(s, HSY_PIECES_MAX);
        p.len = (uint32_t)(1 + sample_below(s, 300));
        sample_bytes(s, s->entries, p.len);
    }
    return p;
}

static inline struct hsy_direct sample_direct(struct samples *s)
{
    struct hsy_direct d = {.kind = (enum hsy_direct_kind)sample_below(s, 3)};
    bool message = d.kind == HSY_DIRECT_MESSAGE;
    bool receipt = d.kind == HSY_DIRECT_RECEIPT;
    sample_bytes(s, d.origin.bytes, sizeof(d.origin.bytes));
    sample_bytes(s, d.to.bytes, sizeof(d.to.bytes));
    d.incarnation = sample_incarnation(s);
    d.nonce = sample_u64(s);
    d.number = receipt ? 0 : 1 + sample_below(s, UINT64_MAX);
    d.about_incarnation = message ? 0 : sample_incarnation(s);
    d.about_nonce = message ? 0 : sample_u64(s);
    d.about_number = message ? 0 : 1 + sample_below(s, UINT64_MAX);
    d.wall_ms = sample_u64(s);
    d.topic_len = message ? (uint8_t)sample_below(s, HSY_TOPIC_MAX + 1) : 0;
    d.payload_len = receipt ? 0 : (uint32_t)sample_below(s, 1000);
    sample_text(s, (char *)s->messages, d.topic_len);
    sample_bytes(s, s->messages + d.topic_len, d.payload_len);
    d.topic = s->messages;
    d.payload = s->messages + d.topic_len;
    sample_bytes(s, d.sig.bytes, sizeof(d.sig.bytes));
    return d;
}

static inline void sample_body(struct samples *s, struct hsy_frame *f)
{
    switch (f->type) { /* tidy: dispatch */
    case HSY_HELLO:
        f->hello = sample_hello(s);
        break;
    case HSY_AUTH:
        sample_bytes(s, f->auth.bytes, sizeof(f->auth.bytes));
        break;
    case HSY_ERROR:
        f->error = sample_error(s);
        break;
    case HSY_LEAVE:
        f->leave = sample_leave(s);
        break;
    case HSY_PING:
        f->ping = sample_u64(s);
        break;
    case HSY_PONG:
        f->pong = sample_u64(s);
        break;
    case HSY_REGISTER:
        f->reg = sample_record(s);
        break;
    case HSY_REGISTERED:
        f->registered = sample_registered(s);
        break;
    case HSY_LOOKUP:
        sample_bytes(s, f->lookup.bytes, sizeof(f->lookup.bytes));
        break;
    case HSY_PEERS_GET:
        f->peers_get = sample_peers_get(s);
        break;
    case HSY_PEERS:
        f->peers = sample_peers(s);
        break;
    case HSY_LINKS:
        f->links = sample_links(s, (uint32_t)sample_below(s, SAMPLE_IDS_MAX));
        break;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        f->report = sample_report(s);
        break;
    case HSY_SEED_SYNC:
        f->sync = sample_sync(s, (uint16_t)sample_below(s, 6));
        break;
    case HSY_SEED_DIGEST:
        f->seed_digest = sample_seed_digest(s);
        break;
    case HSY_SEED_PULL:
        f->seed_pull = sample_seed_pull(s);
        break;
    case HSY_WATCH:
        f->watch = sample_watch(s);
        break;
    case HSY_MEMBER:
        f->member = sample_member(s);
        break;
    case HSY_VERDICT:
        f->verdict.record = sample_record(s);
        f->verdict.verdict = sample_verdict(s, &f->verdict.record);
        break;
    case HSY_BRIDGE:
        f->bridge.why = HSY_BRIDGE_COMPONENT;
        f->bridge.records =
            sample_records(s, (uint16_t)(1 + sample_below(s, 2)));
        break;
    case HSY_CONNECT:
        f->connect.degree = (uint32_t)sample_u64(s);
        break;
    case HSY_ACCEPT:
        break;
    case HSY_REFUSE:
        f->refuse.why = (enum hsy_refuse_why)(1 + sample_below(s, 4));
        f->refuse.alternatives =
            sample_records(s, (uint16_t)sample_below(s, 4));
        break;
    case HSY_BUNDLE:
        f->bundle.hops = (uint8_t)sample_u64(s);
        f->bundle.bundle = sample_bundle(s, (uint16_t)(1 + sample_below(s, 8)));
        break;
    case HSY_IHAVE:
        f->ihave.count = (uint32_t)(1 + sample_below(s, HSY_IHAVE_IDS_MAX));
        f->ihave.bytes = s->messages;
        sample_bytes(s, s->messages, 16 * (size_t)f->ihave.count);
        break;
    case HSY_GRAFT:
        f->graft.last_parent = sample_below(s, 2) == 1;
        f->graft.ids.count = (uint32_t)sample_below(s, HSY_GRAFT_IDS_MAX + 1);
        f->graft.ids.bytes = s->messages;
        sample_bytes(s, s->messages, 16 * (size_t)f->graft.ids.count);
        break;
    case HSY_PRUNE:
        f->prune.why = (enum hsy_prune_why)(1 + sample_below(s, 3));
        f->prune.alternatives =
            sample_records(s, (uint16_t)sample_below(s, HSY_REDIRECTS_MAX + 1));
        break;
    case HSY_DIGEST:
        f->digest = sample_digest(s);
        break;
    case HSY_PULL:
        f->pull.nonce = (uint32_t)sample_u64(s);
        f->pull.credit = (uint32_t)sample_u64(s);
        f->pull.spans = sample_spans(s, (uint32_t)(1 + sample_below(s, 16)));
        break;
    case HSY_GONE:
        f->gone.nonce = (uint32_t)sample_u64(s);
        f->gone.how = (enum hsy_gone_how)sample_below(s, 2);
        f->gone.spans = sample_spans(s, (uint32_t)sample_below(s, 17));
        break;
    case HSY_READ:
        f->read.nonce = (uint32_t)sample_u64(s);
        f->read.count = (uint16_t)sample_below(s, HSY_PAGE_RECORDS + 1);
        sample_bytes(s, f->read.id.bytes, sizeof(f->read.id.bytes));
        break;
    case HSY_FACTS:
        f->facts = sample_facts(s);
        break;
    case HSY_REACH:
        f->reach.incarnation = sample_incarnation(s);
        f->reach.reached = sample_below(s, 2) == 1;
        f->reach.addr = sample_addr(s);
        break;
    case HSY_RECORD:
        f->record = sample_record(s);
        break;
    case HSY_ACK:
        sample_bytes(s, f->ack.of.origin.bytes, sizeof(f->ack.of.origin.bytes));
        f->ack.of.incarnation = sample_incarnation(s);
        f->ack.of.nonce = sample_u64(s);
        f->ack.from = 1;
        f->ack.to = 1 + sample_below(s, 1000000);
        break;
    case HSY_ROOT:
        f->root.rank = (uint8_t)sample_u64(s);
        sample_bytes(s, f->root.id.bytes, sizeof(f->root.id.bytes));
        f->root.round = (uint32_t)sample_u64(s);
        f->root.distance_us = (uint32_t)sample_u64(s);
        f->root.parent = sample_below(s, 2) == 1;
        break;
    case HSY_FETCH:
        sample_bytes(s, f->fetch.id.bytes, sizeof(f->fetch.id.bytes));
        f->fetch.first = (uint16_t)sample_below(s, HSY_PIECES_MAX);
        f->fetch.upto =
            (uint16_t)(f->fetch.first +
                       sample_below(s, HSY_PIECES_MAX - f->fetch.first));
        break;
    case HSY_PIECE:
        f->piece = sample_piece(s);
        break;
    case HSY_DIRECT:
        f->direct.hops_left = (uint8_t)sample_u64(s);
        f->direct.attempt = (uint8_t)sample_below(s, HSY_DIRECT_ATTEMPTS_MAX);
        f->direct.direct = sample_direct(s);
        break;
    }
}

/* Its slices are lent by @s until the next frame. */
static inline void sample_frame(struct samples *s, enum hsy_frame_type type,
                                struct hsy_frame *frame)
{
    memset(frame, 0, sizeof(*frame));
    frame->type = type;
    frame->flags = (uint8_t)sample_below(s, type == HSY_BUNDLE ? 4 : 2);
    sample_body(s, frame);
}

/* The frame in a heap block of exactly its size, for ASan; free() it. */
static inline uint8_t *sample_encode(const struct hsy_frame *frame, size_t *len)
{
    struct hsy_writer count = hsy_writer_count();
    hsy_frame_encode(&count, frame);
    uint8_t *bytes = malloc(count.len);
    if (bytes == NULL) {
        abort();
    }
    struct hsy_writer out = hsy_writer(bytes, count.len);
    hsy_frame_encode(&out, frame);
    if (out.bad || out.len != count.len) {
        abort();
    }
    *len = out.len;
    return bytes;
}

/* Makes the length field agree with @len. */
static inline void sample_fix_length(uint8_t *bytes, size_t len)
{
    struct hsy_writer out = hsy_writer(bytes, 4);
    hsy_put_u32(&out, (uint32_t)(len - 4));
}

#endif
