/* Any frame that a hostile puppet may say; what is in it is made by
 * test_node_hostile.h. */
#ifndef HSY_TESTS_UNIT_TEST_NODE_HOSTILE_FRAME_H
#define HSY_TESTS_UNIT_TEST_NODE_HOSTILE_FRAME_H

#include "unit/test_node_hostile.h"

static inline void hostile_fill_watch(struct hostile *h,
                                      struct hsy_watch_wish *watch)
{
    watch->nonce = (uint32_t)hostile_pick(h, 3);
    if (watch->nonce != 0 && hostile_chance(h, 2)) {
        watch->log = 1 + hostile_pick(h, 2);
        watch->upto =
            hostile_chance(h, 2) ? hostile_u64(h) : hostile_pick(h, 9);
    }
}

/* In answer to the node's WATCH, or to none. */
static inline void hostile_fill_member(struct hostile *h, hearsay_link link,
                                       struct hsy_member_news *news)
{
    struct hsy_frame watch;
    bool asked = !hostile_chance(h, 8) &&
                 stage_frame(&h->stage, link, HSY_WATCH, &watch) &&
                 watch.watch.nonce != 0;

    news->nonce = asked ? watch.watch.nonce : 1 + (uint32_t)hostile_pick(h, 4);
    news->how =
        (enum hsy_member_how)hostile_pick(h, hostile_chance(h, 8) ? 5 : 4);
    if (news->how != HSY_MEMBER_REFUSED) {
        news->log = 1 + hostile_pick(h, 2);
        news->upto = hostile_pick(h, 9);
        hostile_entries(h, &news->facts, false);
    }
}

/* Mostly what has some business at a node of this role. */
static inline enum hsy_frame_type hostile_type(struct hostile *h)
{
    static const uint8_t at_peer[] = {
        HSY_PING,   HSY_PONG,    HSY_REGISTERED,  HSY_REGISTERED, HSY_PEERS,
        HSY_PEERS,  HSY_BRIDGE,  HSY_DEAD_NOTICE, HSY_BUNDLE,     HSY_BUNDLE,
        HSY_BUNDLE, HSY_CONNECT, HSY_ACCEPT,      HSY_CONNECT,    HSY_REFUSE,
        HSY_REFUSE, HSY_IHAVE,   HSY_IHAVE,       HSY_GRAFT,      HSY_PRUNE,
        HSY_DIGEST, HSY_ROOT,    HSY_PULL,        HSY_GONE,       HSY_FETCH,
        HSY_PIECE,  HSY_PIECE,   HSY_DIRECT,      HSY_DIRECT,     HSY_ACK,
        HSY_FACTS,  HSY_FACTS,   HSY_REACH,       HSY_RECORD,     HSY_MEMBER,
        HSY_MEMBER, HSY_MEMBER};
    static const uint8_t at_seed[] = {
        HSY_PING,        HSY_PONG,        HSY_REGISTER,  HSY_REGISTER,
        HSY_REGISTER,    HSY_LOOKUP,      HSY_PEERS_GET, HSY_LINKS,
        HSY_LINKS,       HSY_LEAVE,       HSY_VERDICT,   HSY_VERDICT,
        HSY_SEED_SYNC,   HSY_DEAD_REPORT, HSY_SEED_SYNC, HSY_DEAD_REPORT,
        HSY_SEED_DIGEST, HSY_SEED_PULL,   HSY_READ,      HSY_WATCH,
        HSY_WATCH};
    bool seed = h->stage.config.role == HEARSAY_SEED;
    uint64_t which = hostile_pick(h, seed ? sizeof(at_seed) : sizeof(at_peer));
    unsigned any = 1 + (unsigned)hostile_pick(h, HSY_FRAME_TYPE_MAX);

    if (hostile_chance(h, 24) && hsy_frame_known(any)) {
        return (enum hsy_frame_type)any;
    }
    return (enum hsy_frame_type)(seed ? at_seed[which] : at_peer[which]);
}

/* Of @p, on its link. */
static inline void hostile_frame(struct hostile *h, const struct puppet *p,
                                 hearsay_link link, struct hsy_frame *f)
{
    *f = (struct hsy_frame){.type = hostile_type(h)};
    h->forges = hostile_chance(h, 32);
    f->flags = hostile_chance(h, 16) ? HSY_FLAG_IGNORABLE : 0;
    /* tidy: dispatch */
    switch (f->type) {
    case HSY_HELLO:
        *f = puppet_hello(p, (uint8_t)hostile_pick(h, 256));
        return;
    case HSY_AUTH:
        *f = puppet_auth(&h->stage, link, p, p->number);
        return;
    case HSY_ERROR:
        f->error.code = (enum hsy_error_code)(1 + hostile_pick(h, 11));
        f->error.text_len = (uint8_t)hostile_pick(h, HSY_ERROR_TEXT_MAX + 1);
        memset(f->error.text, 1 + (int)hostile_pick(h, 255), 200);
        return;
    case HSY_LEAVE:
        f->leave = hostile_leave(h, hostile_other(h, p));
        return;
    case HSY_PING:
        f->ping = hostile_u64(h);
        return;
    case HSY_PONG:
        f->pong = hostile_pong(h, link);
        return;
    case HSY_REGISTER:
        f->reg = hostile_record(h, hostile_other(h, p));
        return;
    case HSY_REGISTERED:
        hostile_fill_registered(h, &f->registered);
        return;
    case HSY_LOOKUP:
        f->lookup = hostile_id(h);
        return;
    case HSY_PEERS_GET:
        hostile_fill_get(h, &f->peers_get);
        return;
    case HSY_PEERS:
        hostile_fill_peers(h, &f->peers);
        return;
    case HSY_LINKS:
        f->links = hostile_links(h, hostile_other(h, p));
        return;
    case HSY_DEAD_REPORT:
    case HSY_DEAD_NOTICE:
        f->report = hostile_report(h, hostile_other(h, p));
        return;
    case HSY_SEED_SYNC:
        hostile_sync(h, &f->sync);
        return;
    case HSY_SEED_DIGEST:
        f->seed_digest = hostile_seed_digest(h);
        return;
    case HSY_SEED_PULL:
        f->seed_pull = hostile_seed_pull(h);
        return;
    case HSY_WATCH:
        hostile_fill_watch(h, &f->watch);
        return;
    case HSY_MEMBER:
        hostile_fill_member(h, link, &f->member);
        return;
    case HSY_VERDICT:
        f->verdict.record = hostile_record(h, hostile_puppet(h));
        f->verdict.verdict =
            hostile_verdict(h, hostile_other(h, p), &f->verdict.record);
        return;
    case HSY_BRIDGE:
        f->bridge.why = HSY_BRIDGE_COMPONENT;
        f->bridge.records = hostile_records(h, HSY_BRIDGE_RECORDS);
        if (f->bridge.records.count == 0) {
            f->type = HSY_ACCEPT; /* The wire format wants at least one. */
        }
        return;
    case HSY_CONNECT:
        f->connect.degree = (uint32_t)hostile_u64(h);
        return;
    case HSY_ACCEPT:
        return;
    case HSY_REFUSE:
        f->refuse.why = (enum hsy_refuse_why)(1 + hostile_pick(h, 4));
        f->refuse.alternatives = hostile_records(h, HSY_ALTERNATIVES_MAX);
        return;
    case HSY_BUNDLE:
        f->bundle.hops =
            (uint8_t)(hostile_chance(h, 4) ? 250 + hostile_pick(h, 6)
                                           : hostile_pick(h, 70));
        f->bundle.bundle = hostile_bundle(h, hostile_other(h, p));
        f->flags |= hostile_chance(h, 4) ? HSY_FLAG_EXTRA : 0;
        return;
    case HSY_IHAVE:
        f->ihave = hostile_bundle_ids(h);
        return;
    case HSY_GRAFT:
        f->graft.last_parent = hostile_chance(h, 2);
        f->graft.ids = hostile_bundle_ids(h);
        f->graft.ids.count = f->graft.ids.count < HSY_GRAFT_IDS_MAX
                                 ? f->graft.ids.count - 1
                                 : HSY_GRAFT_IDS_MAX;
        return;
    case HSY_PRUNE:
        f->prune.why = (enum hsy_prune_why)(1 + hostile_pick(h, 3));
        f->prune.alternatives = hostile_records(h, HSY_REDIRECTS_MAX);
        return;
    case HSY_DIGEST:
        hostile_fill_digest(h, &f->digest);
        return;
    case HSY_PULL:
        f->pull.nonce = (uint32_t)hostile_pick(h, 4);
        f->pull.credit = (uint32_t)(hostile_chance(h, 2) ? hostile_u64(h)
                                                         : hostile_pick(h, 99));
        f->pull.spans = hostile_spans(h, 1);
        return;
    case HSY_GONE:
        f->gone.nonce = hostile_pull_nonce(h, link);
        f->gone.how = (enum hsy_gone_how)hostile_pick(h, 2);
        f->gone.spans = hostile_spans(h, 0);
        return;
    case HSY_ROOT:
        f->root.rank = (uint8_t)hostile_pick(h, hostile_chance(h, 4) ? 256 : 3);
        f->root.id = hostile_id(h);
        f->root.round = (uint32_t)(hostile_chance(h, 8) ? hostile_u64(h)
                                                        : hostile_pick(h, 9));
        f->root.distance_us = (uint32_t)hostile_u64(h);
        f->root.parent = hostile_chance(h, 2);
        return;
    case HSY_READ:
        f->read.nonce = (uint32_t)hostile_pick(h, 4);
        f->read.count = (uint16_t)hostile_pick(h, HSY_PAGE_RECORDS + 1);
        f->read.id = hostile_id(h);
        return;
    case HSY_FACTS:
        hostile_facts(h, &f->facts);
        return;
    case HSY_REACH:
        f->reach.incarnation = 1 + hostile_pick(h, 3);
        f->reach.reached = hostile_chance(h, 2);
        f->reach.addr = hostile_addr(h);
        return;
    case HSY_RECORD:
        f->record = hostile_record(h, hostile_other(h, p));
        return;
    case HSY_ACK:
        f->gone.spans = hostile_spans(h, 1);
        f->ack = hsy_spans_at(&f->gone.spans, 0);
        f->ack.to = f->ack.from;
        f->ack.from = 1;
        return;
    case HSY_FETCH:
        f->fetch.id = hostile_large_id(h);
        f->fetch.first = (uint16_t)hostile_pick(h, 4);
        f->fetch.upto = (uint16_t)(f->fetch.first + hostile_pick(h, 5));
        return;
    case HSY_PIECE:
        hostile_fill_piece(h, link, &f->piece);
        return;
    case HSY_DIRECT:
        f->direct.hops_left = (uint8_t)hostile_pick(h, 34);
        f->direct.attempt = (uint8_t)hostile_pick(h, HSY_DIRECT_ATTEMPTS_MAX);
        f->direct.direct = hostile_direct(h, hostile_other(h, p));
        return;
    }
}

#endif
