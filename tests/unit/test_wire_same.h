/* Two things of the wire format are the same, field by field. */
#ifndef HSY_TESTS_UNIT_TEST_WIRE_SAME_H
#define HSY_TESTS_UNIT_TEST_WIRE_SAME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"
#include "wire/frames.h"

static inline void claim_same_id(const struct hearsay_id *a,
                                 const struct hearsay_id *b)
{
    assert_true(hsy_id_equal(a, b));
}

static inline void claim_same_sig(const struct hsy_sig *a,
                                  const struct hsy_sig *b)
{
    assert_memory_equal(a->bytes, b->bytes, HSY_SIG_LEN);
}

static inline void claim_same_record(const struct hsy_record *a,
                                     const struct hsy_record *b)
{
    assert_true(hsy_record_equal(a, b));
}

static inline void claim_same_records(const struct hsy_records *a,
                                      const struct hsy_records *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->len, b->len);
    if (a->len > 0) {
        assert_memory_equal(a->bytes, b->bytes, a->len);
    }
}

static inline void claim_same_leave(const struct hsy_leave *a,
                                    const struct hsy_leave *b)
{
    claim_same_id(&a->id, &b->id);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->issued_ms, b->issued_ms);
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_verdict(const struct hsy_verdict *a,
                                      const struct hsy_verdict *b)
{
    claim_same_id(&a->subject, &b->subject);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->wall_ms, b->wall_ms);
    claim_same_id(&a->seed, &b->seed);
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_links(const struct hsy_links *a,
                                    const struct hsy_links *b)
{
    claim_same_id(&a->id, &b->id);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->neighbours.count, b->neighbours.count);
    for (uint32_t i = 0; i < a->neighbours.count; i++) {
        claim_same_id(hsy_ids_at(&a->neighbours, i),
                      hsy_ids_at(&b->neighbours, i));
    }
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_hello(const struct hsy_hello *a,
                                    const struct hsy_hello *b)
{
    assert_int_equal(a->version_min, b->version_min);
    assert_int_equal(a->version_max, b->version_max);
    assert_int_equal(a->network_len, b->network_len);
    assert_memory_equal(a->network, b->network, a->network_len);
    assert_int_equal(a->trust, b->trust);
    assert_int_equal(a->features, b->features);
    assert_memory_equal(a->nonce, b->nonce, HSY_NONCE_LEN);
    assert_true(hsy_addr_equal(&a->observed, &b->observed));
    claim_same_record(&a->record, &b->record);
}

static inline void claim_same_error(const struct hsy_error *a,
                                    const struct hsy_error *b)
{
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->text_len, b->text_len);
    assert_memory_equal(a->text, b->text, a->text_len);
}

static inline void claim_same_registered(const struct hsy_registered *a,
                                         const struct hsy_registered *b)
{
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->known_rank, b->known_rank);
    assert_int_equal(a->lease_s, b->lease_s);
    assert_int_equal(a->peers_count, b->peers_count);
    assert_int_equal(a->by_degree, b->by_degree);
    claim_same_records(&a->sample, &b->sample);
}

static inline void claim_same_peers_get(const struct hsy_peers_get *a,
                                        const struct hsy_peers_get *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->page, b->page);
}

static inline void claim_same_peers(const struct hsy_peers *a,
                                    const struct hsy_peers *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->page, b->page);
    assert_int_equal(a->peers_count, b->peers_count);
    assert_int_equal(a->by_degree, b->by_degree);
    claim_same_records(&a->records, &b->records);
}

static inline void claim_same_report(const struct hsy_report *a,
                                     const struct hsy_report *b)
{
    claim_same_id(&a->subject, &b->subject);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_true(hsy_addr_equal(&a->subject_addr, &b->subject_addr));
    assert_int_equal(a->wall_ms, b->wall_ms);
    claim_same_id(&a->notifier, &b->notifier);
    assert_true(hsy_addr_equal(&a->notifier_addr, &b->notifier_addr));
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_certificate(const struct hsy_certificate *a,
                                          const struct hsy_certificate *b)
{
    claim_same_record(&a->record, &b->record);
    assert_int_equal(a->verdicts_count, b->verdicts_count);
    for (uint8_t i = 0; i < a->verdicts_count; i++) {
        claim_same_verdict(&a->verdicts[i], &b->verdicts[i]);
    }
}

static inline void claim_same_entry(const struct hsy_sync_entry *a,
                                    const struct hsy_sync_entry *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case HSY_SYNC_RECORD:
        claim_same_record(&a->record, &b->record);
        break;
    case HSY_SYNC_LINKS:
        claim_same_links(&a->links, &b->links);
        break;
    case HSY_SYNC_DEATH:
        claim_same_certificate(&a->certificate, &b->certificate);
        break;
    case HSY_SYNC_LEFT:
        claim_same_record(&a->left.record, &b->left.record);
        claim_same_leave(&a->left.leave, &b->left.leave);
        break;
    }
}

static inline void claim_same_sync(const struct hsy_sync *a,
                                   const struct hsy_sync *b)
{
    assert_int_equal(a->digest[0], b->digest[0]);
    assert_int_equal(a->digest[1], b->digest[1]);
    assert_int_equal(a->ask, b->ask);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->entries_len, b->entries_len);
    if (a->entries_len > 0) {
        assert_memory_equal(a->entries, b->entries, a->entries_len);
    }
}

static inline void claim_same_direct(const struct hsy_direct *a,
                                     const struct hsy_direct *b)
{
    assert_int_equal(a->kind, b->kind);
    claim_same_id(&a->origin, &b->origin);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->nonce, b->nonce);
    assert_int_equal(a->number, b->number);
    claim_same_id(&a->to, &b->to);
    assert_int_equal(a->about_incarnation, b->about_incarnation);
    assert_int_equal(a->about_nonce, b->about_nonce);
    assert_int_equal(a->about_number, b->about_number);
    assert_int_equal(a->wall_ms, b->wall_ms);
    assert_int_equal(a->topic_len, b->topic_len);
    assert_memory_equal(a->topic, b->topic, a->topic_len);
    assert_int_equal(a->payload_len, b->payload_len);
    assert_memory_equal(a->payload, b->payload, a->payload_len);
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_bundle(const struct hsy_bundle *a,
                                     const struct hsy_bundle *b)
{
    claim_same_id(&a->origin, &b->origin);
    assert_int_equal(a->epoch_incarnation, b->epoch_incarnation);
    assert_int_equal(a->epoch_nonce, b->epoch_nonce);
    assert_int_equal(a->first_seq, b->first_seq);
    assert_int_equal(a->wall_ms, b->wall_ms);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->asks, b->asks);
    assert_int_equal(a->messages_len, b->messages_len);
    assert_memory_equal(a->messages, b->messages, a->messages_len);
    claim_same_sig(&a->sig, &b->sig);
}

static inline void claim_same_spans(const struct hsy_spans *a,
                                    const struct hsy_spans *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        struct hsy_span one = hsy_spans_at(a, i), other = hsy_spans_at(b, i);
        claim_same_id(&one.of.origin, &other.of.origin);
        assert_int_equal(one.of.incarnation, other.of.incarnation);
        assert_int_equal(one.of.nonce, other.of.nonce);
        assert_int_equal(one.from, other.from);
        assert_int_equal(one.to, other.to);
    }
}

static inline void claim_same_digest(const struct hsy_digest *a,
                                     const struct hsy_digest *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case HSY_DIGEST_SUM:
        assert_int_equal(a->sum, b->sum);
        break;
    case HSY_DIGEST_HASHES:
        assert_int_equal(a->idle_only, b->idle_only);
        assert_memory_equal(a->hashes, b->hashes, sizeof(a->hashes));
        break;
    case HSY_DIGEST_MARKS:
        assert_int_equal(a->ask, b->ask);
        assert_int_equal(a->buckets, b->buckets);
        claim_same_spans(&a->marks, &b->marks);
        break;
    }
}

static inline void claim_same_seed_pull(const struct hsy_seed_pull *a,
                                        const struct hsy_seed_pull *b)
{
    assert_memory_equal(a->buckets, b->buckets, sizeof(a->buckets));
    assert_int_equal(a->first, b->first);
    assert_int_equal(a->last, b->last);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->facts, b->facts, 8 * (size_t)a->count);
}

static inline void claim_same_frame(const struct hsy_frame *a,
                                    const struct hsy_frame *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
    switch (a->type) { /* tidy: dispatch */
    case HSY_HELLO:
        claim_same_hello(&a->hello, &b->hello);
        break;
    case HSY_AUTH:
        claim_same_sig(&a->auth, &b->auth);
        break;
    case HSY_ERROR:
        claim_same_error(&a->error, &b->error);
        break;
    case HSY_LEAVE:
        claim_same_leave(&a->leave, &b->leave);
        break;
    case HSY_PING:
        assert_int_equal(a->ping, b->ping);
        break;
    case HSY_PONG:
        assert_int_equal(a->pong, b->pong);
        break;
    case HSY_REGISTER:
        claim_same_record(&a->reg, &b->reg);
        break;
    case HSY_REGISTERED:
        claim_same_registered(&a->registered, &b->registered);
        break;
    case HSY_LOOKUP:
        claim_same_id(&a->lookup, &b->lookup);
        break;
    case HSY_PEERS_GET:
        claim_same_peers_get(&a->peers_get, &b->peers_get);
        break;
    case HSY_PEERS:
        claim_same_peers(&a->peers, &b->peers);
        break;
    case HSY_LINKS:
        claim_same_links(&a->links, &b->links);
        break;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        claim_same_report(&a->report, &b->report);
        break;
    case HSY_SEED_SYNC:
        claim_same_sync(&a->sync, &b->sync);
        break;
    case HSY_WATCH:
        assert_int_equal(a->watch.nonce, b->watch.nonce);
        assert_int_equal(a->watch.log, b->watch.log);
        assert_int_equal(a->watch.upto, b->watch.upto);
        break;
    case HSY_MEMBER:
        assert_int_equal(a->member.nonce, b->member.nonce);
        assert_int_equal(a->member.how, b->member.how);
        assert_int_equal(a->member.log, b->member.log);
        assert_int_equal(a->member.upto, b->member.upto);
        claim_same_sync(&a->member.facts, &b->member.facts);
        break;
    case HSY_VERDICT:
        claim_same_verdict(&a->verdict.verdict, &b->verdict.verdict);
        claim_same_record(&a->verdict.record, &b->verdict.record);
        break;
    case HSY_BRIDGE:
        assert_int_equal(a->bridge.why, b->bridge.why);
        claim_same_records(&a->bridge.records, &b->bridge.records);
        break;
    case HSY_CONNECT:
        assert_int_equal(a->connect.degree, b->connect.degree);
        break;
    case HSY_ACCEPT:
        break;
    case HSY_REFUSE:
        assert_int_equal(a->refuse.why, b->refuse.why);
        claim_same_records(&a->refuse.alternatives, &b->refuse.alternatives);
        break;
    case HSY_BUNDLE:
        assert_int_equal(a->bundle.hops, b->bundle.hops);
        claim_same_bundle(&a->bundle.bundle, &b->bundle.bundle);
        break;
    case HSY_IHAVE:
        assert_int_equal(a->ihave.count, b->ihave.count);
        assert_memory_equal(a->ihave.bytes, b->ihave.bytes,
                            16 * (size_t)a->ihave.count);
        break;
    case HSY_GRAFT:
        assert_int_equal(a->graft.last_parent, b->graft.last_parent);
        assert_int_equal(a->graft.ids.count, b->graft.ids.count);
        assert_memory_equal(a->graft.ids.bytes, b->graft.ids.bytes,
                            16 * (size_t)a->graft.ids.count);
        break;
    case HSY_PRUNE:
        assert_int_equal(a->prune.why, b->prune.why);
        claim_same_records(&a->prune.alternatives, &b->prune.alternatives);
        break;
    case HSY_DIGEST:
        claim_same_digest(&a->digest, &b->digest);
        break;
    case HSY_PULL:
        assert_int_equal(a->pull.nonce, b->pull.nonce);
        assert_int_equal(a->pull.credit, b->pull.credit);
        claim_same_spans(&a->pull.spans, &b->pull.spans);
        break;
    case HSY_GONE:
        assert_int_equal(a->gone.nonce, b->gone.nonce);
        assert_int_equal(a->gone.how, b->gone.how);
        claim_same_spans(&a->gone.spans, &b->gone.spans);
        break;
    case HSY_READ:
        assert_int_equal(a->read.nonce, b->read.nonce);
        assert_int_equal(a->read.count, b->read.count);
        claim_same_id(&a->read.id, &b->read.id);
        break;
    case HSY_FACTS:
        assert_int_equal(a->facts.nonce, b->facts.nonce);
        assert_int_equal(a->facts.more, b->facts.more);
        assert_int_equal(a->facts.count, b->facts.count);
        assert_int_equal(a->facts.entries_len, b->facts.entries_len);
        assert_memory_equal(a->facts.entries, b->facts.entries,
                            a->facts.entries_len);
        break;
    case HSY_REACH:
        assert_int_equal(a->reach.incarnation, b->reach.incarnation);
        assert_int_equal(a->reach.reached, b->reach.reached);
        assert_memory_equal(&a->reach.addr, &b->reach.addr,
                            sizeof(a->reach.addr));
        break;
    case HSY_RECORD:
        assert_true(hsy_record_equal(&a->record, &b->record));
        break;
    case HSY_SEED_DIGEST:
        assert_memory_equal(a->seed_digest.sums, b->seed_digest.sums,
                            8 * HSY_SEED_BUCKETS);
        break;
    case HSY_SEED_PULL:
        claim_same_seed_pull(&a->seed_pull, &b->seed_pull);
        break;
    case HSY_ACK:
        assert_memory_equal(&a->ack, &b->ack, sizeof(a->ack));
        break;
    case HSY_ROOT:
        assert_int_equal(a->root.rank, b->root.rank);
        claim_same_id(&a->root.id, &b->root.id);
        assert_int_equal(a->root.round, b->root.round);
        assert_int_equal(a->root.distance_us, b->root.distance_us);
        assert_int_equal(a->root.parent, b->root.parent);
        break;
    case HSY_FETCH:
        assert_memory_equal(&a->fetch, &b->fetch, sizeof(a->fetch));
        break;
    case HSY_PIECE:
        assert_memory_equal(&a->piece.id, &b->piece.id, sizeof(a->piece.id));
        assert_int_equal(a->piece.index, b->piece.index);
        assert_int_equal(a->piece.how, b->piece.how);
        assert_int_equal(a->piece.len, b->piece.len);
        assert_memory_equal(a->piece.bytes, b->piece.bytes, a->piece.len);
        break;
    case HSY_DIRECT:
        assert_int_equal(a->direct.hops_left, b->direct.hops_left);
        assert_int_equal(a->direct.attempt, b->direct.attempt);
        claim_same_direct(&a->direct.direct, &b->direct.direct);
        break;
    }
}

#endif
