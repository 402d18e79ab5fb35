/* Registration: a record goes into the Peer List, then onto the disk, and
 * only then is the peer told so. A seed that forgot what it acknowledged
 * would break what the majority promises (docs/protocol.md, Seed registry). */
#include "core/seed_parts.h"

#include "base/addr.h"
#include "base/compiler.h"
#include "base/mem.h"
#include "core/dialback.h"
#include "core/fellows.h"
#include "core/kept.h"

/* Before the peer's own patience ends (DISK_WAIT_NS in join.c). */
#define ACK_WAIT_NS (4 * HSY_SECOND)
/* Of one answer to a READ. */
enum { FACTS_LEN_MAX = 32 * 1024 };
/* By then who registered has told its links, too. */
#define BACK_LOOK_NS (3 * HSY_SECOND)

static void send_answer(struct hsy_seed *s, const struct hsy_neighbour *n,
                        uint64_t incarnation,
                        enum hsy_registered_verdict verdict)
{
    HSY_UNSET uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_REGISTERED};
    struct hsy_registered *r = &frame.registered;

    HSY_ASSERT(incarnation > 0);
    r->verdict = verdict;
    r->incarnation = incarnation;
    r->known_rank = hsy_registry_rank(&s->registry, &n->id);
    r->lease_s = (uint32_t)hsy_time_min(s->env->config.lease_ns / HSY_SECOND,
                                        UINT32_MAX);
    r->peers_count = hsy_registry_count(&s->registry);
    if (verdict == HSY_REGISTERED_OK) {
        r->by_degree =
            hsy_registry_sample(&s->registry, &n->id, &list, &r->sample);
    }
    HSY_ASSERT(r->by_degree <= r->sample.count);
    hsy_send(s->env, n->link, &frame);
}

/* --------------------------------------------------- waiting for the disk */

/* Room for one more; false: none, or no memory for the ring. */
static bool acks_ready(struct hsy_seed *s)
{
    if (s->acks == NULL) {
        s->acks = hsy_mem_alloc(&s->env->mem, HSY_ACKS_MAX * sizeof(*s->acks));
    }
    HSY_ASSERT(s->acks_count <= HSY_ACKS_MAX);
    return s->acks != NULL && s->acks_count < HSY_ACKS_MAX;
}

static struct hsy_ack *ack_at(const struct hsy_seed *s, uint32_t index)
{
    HSY_ASSERT(index < HSY_ACKS_MAX);
    return &s->acks[(s->acks_head + index) % HSY_ACKS_MAX];
}

static void await_disk(struct hsy_seed *s, const struct hsy_entry *e,
                       uint64_t asked_ns)
{
    uint64_t token = e->token;

    HSY_ASSERT(s->acks_count < HSY_ACKS_MAX);
    HSY_ASSERT(token != HSY_TOKEN_LOST);
    if (s->acks_count > 0) { /* Asked twice: behind later writes, in order. */
        token = hsy_time_max(token, ack_at(s, s->acks_count - 1)->token);
    }
    *ack_at(s, s->acks_count) = (struct hsy_ack){.token = token,
                                                 .id = e->id,
                                                 .incarnation = e->incarnation,
                                                 .asked_ns = asked_ns};
    s->acks_count++;
}

static struct hsy_ack pop_ack(struct hsy_seed *s)
{
    HSY_ASSERT(s->acks_count > 0);
    struct hsy_ack ack = *ack_at(s, 0);
    s->acks_head = (s->acks_head + 1) % HSY_ACKS_MAX;
    s->acks_count--;
    return ack;
}

/* To whoever still waits, and for that very record. Who cannot be answered
 * with yes is told no, so that it need not wait for its patience to end. */
static void acknowledge(struct hsy_seed *s, const struct hsy_ack *ack)
{
    const struct hsy_neighbour *n =
        hsy_neighbour_by_id(s->neighbours, &ack->id);
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &ack->id);

    HSY_ASSERT(ack->incarnation > 0);
    if (n == NULL || (e != NULL && e->incarnation != ack->incarnation)) {
        return; /* It has asked again since, or is about to. */
    }
    if (e == NULL) {
        send_answer(s, n, ack->incarnation, HSY_REGISTERED_STALE);
    } else if (hsy_entry_saved(e)) {
        send_answer(s, n, ack->incarnation, HSY_REGISTERED_OK);
    } else if (e->token == HSY_TOKEN_LOST) {
        send_answer(s, n, ack->incarnation, HSY_REGISTERED_FULL);
    } else {
        await_disk(s, e, ack->asked_ns); /* A fellow knew a newer record. */
    }
}

void hsy_seed_acknowledge(struct hsy_seed *s, uint64_t token, bool ok)
{
    uint32_t left = s->acks_count; /* Some may have to wait once more. */

    hsy_registry_persisted(&s->registry, token, ok);
    for (; left > 0 && ack_at(s, 0)->token <= token; left--) {
        struct hsy_ack ack = pop_ack(s);
        acknowledge(s, &ack);
    }
    HSY_ASSERT(s->acks_count <= HSY_ACKS_MAX); /* All of later writes. */
}

uint64_t hsy_seed_acks_due(const struct hsy_seed *s)
{
    HSY_ASSERT(s->acks_count <= HSY_ACKS_MAX);
    return s->acks_count == 0
               ? HEARSAY_NEVER
               : hsy_time_add(ack_at(s, 0)->asked_ns, ACK_WAIT_NS);
}

void hsy_seed_acks_tick(struct hsy_seed *s)
{
    while (hsy_seed_acks_due(s) <= s->env->now.mono_ns) {
        struct hsy_ack ack = pop_ack(s);
        const struct hsy_neighbour *n =
            hsy_neighbour_by_id(s->neighbours, &ack.id);
        const struct hsy_entry *e = hsy_registry_find(&s->registry, &ack.id);
        bool saved =
            e != NULL && e->incarnation == ack.incarnation &&
            hsy_entry_saved(e); /* It waited for the writes of others. */
        if (n != NULL) {
            send_answer(s, n, ack.incarnation,
                        saved ? HSY_REGISTERED_OK : HSY_REGISTERED_FULL);
        }
    }
    HSY_ASSERT(hsy_seed_acks_due(s) > s->env->now.mono_ns);
}

/* ---------------------------------------------------------- registration */

static void tell_registered(struct hsy_seed *s, const struct hsy_entry *e,
                            bool back)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "peer-registered");

    struct hsy_record record = hsy_kept_record(e->record);

    HSY_ASSERT(record.addrs_count >= 1);
    hsy_note_id(&note, "peer", &e->id);
    hsy_note_addr(&note, "addr", &record.addrs[0]);
    hsy_note_u64(&note, "incarnation", e->incarnation);
    hsy_note_u64(&note, "degree", e->degree);
    hsy_note_u64(&note, "back", back ? 1 : 0);
    hsy_tell(s->env, &note);
    s->env->counters.registrations++;
}

/* Another boot of an identity whose present boot is registered here: nobody
 * may push out a live record of the same rank. */
static bool is_rival(const struct hsy_entry *e, const struct hsy_record *record)
{
    HSY_ASSERT(record->addrs_count >= 1);
    return e != NULL && e->held && e->incarnation == record->incarnation &&
           hsy_kept_record_brief(e->record).boot_nonce != record->boot_nonce;
}

static void take(struct hsy_seed *s, const struct hsy_neighbour *n,
                 const struct hsy_record *record, enum hsy_merged merged,
                 bool back)
{
    struct hsy_entry *e = hsy_registry_find(&s->registry, &record->id);

    HSY_ASSERT(e != NULL);
    bool news = merged != HSY_MERGED_SAME || !e->held;
    if (news && (merged != HSY_MERGED_NEW || back)) {
        /* It was away, or we were: the graph may be another one. */
        hsy_topology_soon(&s->topology, &s->registry, BACK_LOOK_NS);
    }
    hsy_registry_hold(&s->registry, &e->id, true);
    if (e->reach == HSY_REACH_UNKNOWN) {
        hsy_dialback_want(s, &e->id);
    }
    if (news) {
        tell_registered(s, e, back);
    }
    if (merged != HSY_MERGED_SAME) {
        hsy_fellows_push_record(s, record);
    }
    if (hsy_entry_saved(e)) {
        send_answer(s, n, record->incarnation, HSY_REGISTERED_OK);
    } else if (e->token == HSY_TOKEN_LOST) {
        send_answer(s, n, record->incarnation, HSY_REGISTERED_FULL);
    } else {
        await_disk(s, e, s->env->now.mono_ns);
    }
}

static void merge(struct hsy_seed *s, const struct hsy_neighbour *n,
                  const struct hsy_record *record)
{
    uint64_t token = 0;
    bool back = false;
    enum hsy_merged merged = hsy_seed_merge_record(s, record, &back, &token);

    switch (merged) {
    case HSY_MERGED_NEW:
    case HSY_MERGED_NEWER:
    case HSY_MERGED_SAME:
        take(s, n, record, merged, back);
        break;
    case HSY_MERGED_STALE:
        HSY_ASSERT(token == 0);
        send_answer(s, n, record->incarnation, HSY_REGISTERED_STALE);
        break;
    case HSY_MERGED_FULL:
        HSY_ASSERT(token == 0);
        send_answer(s, n, record->incarnation, HSY_REGISTERED_FULL);
        break;
    }
}

void hsy_seed_overtaken(struct hsy_seed *s, const struct hsy_neighbour *n)
{
    HSY_ASSERT(hsy_registry_rank(&s->registry, &n->id) > 0);
    send_answer(s, n, n->incarnation, HSY_REGISTERED_STALE);
}

void hsy_seed_acquit(struct hsy_seed *s, const struct hsy_neighbour *n)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &n->id);

    HSY_ASSERT(n->link != 0);
    if (e != NULL && hsy_entry_accused(e)) {
        send_answer(s, n, e->incarnation, HSY_REGISTERED_STALE);
    }
}

/* Once more of the incarnation that this seed's verdict is on. */
static bool is_accused(const struct hsy_entry *e,
                       const struct hsy_record *record)
{
    HSY_ASSERT(record->incarnation > 0);
    return e != NULL && e->incarnation == record->incarnation &&
           hsy_entry_accused(e);
}

void hsy_seed_register(struct hsy_seed *s, const struct hsy_neighbour *n,
                       const struct hsy_record *record)
{
    if (!hsy_id_equal(&record->id, &n->id) || record->role != HEARSAY_PEER ||
        n->role != HEARSAY_PEER) {
        hsy_seed_misuse(s);
        return;
    }
    if (record->addrs_count == 0) {
        send_answer(s, n, record->incarnation, HSY_REGISTERED_NO_ADDR);
        return;
    }
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &record->id);
    if (is_rival(e, record) || is_accused(e, record)) {
        send_answer(s, n, record->incarnation, HSY_REGISTERED_STALE);
        return;
    }
    if (!acks_ready(s)) {
        send_answer(s, n, record->incarnation, HSY_REGISTERED_FULL);
        return;
    }
    merge(s, n, record);
    HSY_ASSERT(s->acks_count <= HSY_ACKS_MAX);
}

/* --------------------------------------------------------------- answers */

static void send_peers(struct hsy_seed *s, const struct hsy_neighbour *n,
                       struct hsy_frame *frame)
{
    HSY_ASSERT(frame->type == HSY_PEERS);
    HSY_ASSERT(frame->peers.by_degree <= frame->peers.records.count);
    frame->peers.peers_count = hsy_registry_count(&s->registry);
    hsy_send(s->env, n->link, frame);
}

void hsy_seed_peers_get(struct hsy_seed *s, const struct hsy_neighbour *n,
                        const struct hsy_peers_get *get)
{
    HSY_UNSET uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_PEERS};
    struct hsy_peers *p = &frame.peers;
    struct hsy_registry *r = &s->registry;

    HSY_ASSERT(get->count >= 1);
    HSY_ASSERT(get->count <= HSY_PAGE_RECORDS);
    p->kind = get->kind;
    p->page = get->page;
    switch (get->kind) {
    case HSY_PEERS_SAMPLE:
        p->by_degree = hsy_registry_sample(r, &n->id, &list, &p->records);
        break;
    case HSY_PEERS_UNIFORM:
        hsy_registry_uniform(r, &n->id, get->count, &list, &p->records);
        break;
    case HSY_PEERS_PAGE:
        hsy_registry_page(r, get->page, &list, &p->records);
        break;
    case HSY_PEERS_TOP:
        hsy_registry_top(r, &n->id, get->count, &list, &p->records);
        p->by_degree = p->records.count;
        break;
    case HSY_PEERS_LOOKUP:
        hsy_seed_misuse(s); /* Only ever an answer. */
        return;
    }
    send_peers(s, n, &frame);
}

void hsy_seed_lookup(struct hsy_seed *s, const struct hsy_neighbour *n,
                     const struct hearsay_id *id)
{
    uint8_t bytes[HSY_RECORD_LEN_MAX + 2];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_PEERS};
    const struct hsy_entry *e = hsy_registry_find(&s->registry, id);

    frame.peers.kind = HSY_PEERS_LOOKUP;
    frame.peers.page = hsy_lookup_mark(id); /* Which one, if it is nobody. */
    if (e != NULL && !e->absent) {
        hsy_records_add_encoded(&list, &frame.peers.records, e->record->bytes,
                                e->record->len);
    }
    HSY_ASSERT(!list.bad);
    send_peers(s, n, &frame);
}

void hsy_seed_read(struct hsy_seed *s, const struct hsy_neighbour *n,
                   const struct hsy_read_ask *read)
{
    HSY_UNSET uint8_t bytes[FACTS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_FACTS};

    HSY_ASSERT(read->count <= HSY_PAGE_RECORDS);
    frame.facts.nonce = read->nonce;
    hsy_registry_facts(&s->registry, &read->id, read->count, &list,
                       &frame.facts);
    hsy_send(s->env, n->link, &frame);
}
