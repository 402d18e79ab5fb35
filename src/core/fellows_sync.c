/* Keeping the registries of all seeds equal, in two ways:
 *
 * Push: each seed tells all fellows at once what it found itself. Nobody
 * passes on what it was told, so a fact costs n - 1 frames.
 *
 * Digests: now and then, and when the own registry has come to rest after a
 * change, a seed sends the digest of all it knows. A fellow with another one,
 * at rest too, asks for everything. It comes in batches; a PING follows each,
 * and the next waits for its PONG: so the link's queue never overflows,
 * however slow the link. */
#include "core/fellows.h"

#include "core/kept.h"
#include "core/seed_parts.h"
#include "core/trial.h"

#include "base/addr.h"
#include "base/compiler.h"

#define DIGEST_EVERY_NS (15 * HSY_SECOND)
#define DIGEST_AFTER_NS (2 * HSY_SECOND) /* A change, or coming up. */
#define QUIET_NS (1 * HSY_SECOND)
#define QUARREL_NS (60 * HSY_SECOND)
#define WANT_EVERY_NS (10 * HSY_SECOND)
#define BATCH_PACE_NS (50 * HSY_MS)
#define PONG_WAIT_NS (5 * HSY_SECOND)
#define IN_STEP_LOOK_NS (1 * HSY_SECOND)

enum { BATCH_LEN_MAX = 256 * 1024, RECORD_PROOF_MAX = 5 + HSY_RECORD_LEN_MAX };

static void put_digest(const struct hsy_seed *s, struct hsy_sync *sync)
{
    HSY_ASSERT(sync != NULL);
    sync->digest[0] = s->registry.digest[0];
    sync->digest[1] = s->registry.digest[1];
}

static bool agrees(const struct hsy_seed *s, const struct hsy_sync *sync)
{
    HSY_ASSERT(sync != NULL);
    return sync->digest[0] == s->registry.digest[0] &&
           sync->digest[1] == s->registry.digest[1];
}

/* ------------------------------------------------------------------ push */

void hsy_fellows_push(struct hsy_seed *s, const uint8_t *proof,
                      uint32_t proof_len)
{
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};

    HSY_ASSERT(proof != NULL);
    HSY_ASSERT(proof_len > 0);
    put_digest(s, &frame.sync);
    frame.sync.count = 1;
    frame.sync.entries = proof;
    frame.sync.entries_len = proof_len;
    hsy_fellows_send(s, &frame);
    /* A digest follows when things have come to rest. */
    s->fellows_next_ns = hsy_time_min(
        s->fellows_next_ns, hsy_time_add(s->env->now.mono_ns, DIGEST_AFTER_NS));
}

static uint32_t record_proof(uint8_t out[RECORD_PROOF_MAX],
                             const struct hsy_record *record)
{
    HSY_UNSET struct hsy_sync_entry fact;
    struct hsy_writer list = hsy_writer(out, RECORD_PROOF_MAX);
    struct hsy_sync sync = {0};

    fact.kind = HSY_SYNC_RECORD;
    fact.record = *record;
    hsy_sync_add(&list, &sync, &fact);
    HSY_ASSERT(!list.bad);
    HSY_ASSERT(sync.count == 1);
    return sync.entries_len;
}

void hsy_fellows_push_record(struct hsy_seed *s,
                             const struct hsy_record *record)
{
    uint8_t proof[RECORD_PROOF_MAX];
    uint32_t len = record_proof(proof, record);

    HSY_ASSERT(len <= sizeof(proof));
    hsy_fellows_push(s, proof, len);
}

/* --------------------------------------------------------- all of it, out */

/* The next fact of the stream to a fellow. */
struct item {
    const uint8_t *proof; /* Lent by the registry, or @record. */
    uint32_t len;
    uint8_t record[RECORD_PROOF_MAX];
};

/* From the ends of both tables to their beginnings: what is removed meanwhile
 * moves what was sent, and what is added is pushed anyway. */
static void clamp(const struct hsy_seed *s, struct hsy_fellow *f)
{
    const struct hsy_registry *r = &s->registry;

    if (f->graves_left > r->graves.count) {
        f->graves_left = r->graves.count;
    }
    if (f->living_left > r->living.count) {
        f->living_left = r->living.count;
        f->links_next = false;
    }
    HSY_ASSERT(f->living_left <= r->living.count);
}

/* False: this place has nothing to send. */
static bool look(const struct hsy_seed *s, const struct hsy_fellow *f,
                 struct item *item)
{
    if (f->graves_left > 0) {
        const struct hsy_grave *g =
            hsy_table_at(&s->registry.graves, f->graves_left - 1);
        item->proof = g->proof;
        item->len = g->proof_len;
        return true;
    }
    HSY_ASSERT(f->living_left > 0);
    const struct hsy_entry *e =
        hsy_registry_at(&s->registry, f->living_left - 1);
    if (e->absent) {
        return false;
    }
    if (!f->links_next) {
        struct hsy_record record = hsy_kept_record(e->record);
        item->len = record_proof(item->record, &record);
        item->proof = item->record;
        return true;
    }
    if (e->links == NULL) {
        return false;
    }
    item->proof = e->links->bytes;
    item->len = e->links->len;
    return true;
}

static void advance(struct hsy_fellow *f)
{
    if (f->graves_left > 0) {
        f->graves_left--;
        return;
    }
    HSY_ASSERT(f->living_left > 0);
    if (f->links_next) {
        f->living_left--;
    }
    f->links_next = !f->links_next;
}

static bool done(const struct hsy_fellow *f)
{
    HSY_ASSERT(!f->links_next || f->living_left > 0);
    return f->graves_left == 0 && f->living_left == 0;
}

static void send_entries(struct hsy_seed *s, const struct hsy_neighbour *n,
                         struct hsy_sync *sync)
{
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};

    HSY_ASSERT(sync->count > 0);
    put_digest(s, sync);
    frame.sync = *sync;
    hsy_send(s->env, n->link, &frame);
}

/* One frame of facts; how many bytes. A fact too large for the buffer (the
 * links of a great hub) makes a frame of its own. */
static uint32_t send_frame(struct hsy_seed *s, struct hsy_fellow *f,
                           const struct hsy_neighbour *n)
{
    HSY_UNSET uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_sync sync = {.entries = bytes};
    struct item item;

    for (; !done(f) && sync.count < HSY_SYNC_ENTRIES_MAX; advance(f)) {
        if (!look(s, f, &item)) {
            continue;
        }
        if (item.len > list.max - list.len && sync.count > 0) {
            break;
        }
        sync.count++;
        if (item.len > list.max) {
            sync.entries = item.proof;
            sync.entries_len = item.len;
            advance(f);
            break;
        }
        hsy_put_bytes(&list, item.proof, item.len);
        HSY_ASSERT(!list.bad);
        sync.entries_len = (uint32_t)list.len;
    }
    if (sync.count > 0) {
        send_entries(s, n, &sync);
    }
    return sync.entries_len;
}

static void send_batch(struct hsy_seed *s, struct hsy_fellow *f,
                       const struct hsy_neighbour *n)
{
    struct hsy_env *env = s->env;
    uint32_t max = env->config.queue_max / 2;
    struct hsy_frame frame = {.type = HSY_PING};

    max = max < BATCH_LEN_MAX ? max : BATCH_LEN_MAX;
    clamp(s, f);
    uint32_t sent = 0;
    do {
        sent += send_frame(s, f, n);
    } while (sent < max && !done(f));
    f->stream_nonce = 0;
    f->stream_ns = HEARSAY_NEVER;
    if (done(f)) {
        return;
    }
    f->stream_nonce = hsy_prng_next(&env->prng) | 1; /* 0: none. */
    f->stream_ns =
        hsy_time_add(env->now.mono_ns, hsy_neighbour_wait_ns(n, PONG_WAIT_NS));
    frame.ping = f->stream_nonce;
    env->counters.pings++;
    hsy_send(env, n->link, &frame);
    HSY_ASSERT(f->stream_ns > env->now.mono_ns);
}

bool hsy_fellows_sync_pong(struct hsy_seed *s, struct hsy_fellow *f,
                           uint64_t nonce)
{
    if (f->stream_nonce == 0 || f->stream_nonce != nonce) {
        return false;
    }
    HSY_ASSERT(f->stream_ns != HEARSAY_NEVER);
    f->stream_nonce = 0;
    f->stream_ns = hsy_time_add(s->env->now.mono_ns, BATCH_PACE_NS);
    s->fellows_next_ns = hsy_time_min(s->fellows_next_ns, f->stream_ns);
    return true;
}

static void start_stream(struct hsy_seed *s, struct hsy_fellow *f)
{
    if (f->stream_ns != HEARSAY_NEVER) {
        return; /* The one under way will do. */
    }
    f->graves_left = s->registry.graves.count;
    f->living_left = s->registry.living.count;
    f->links_next = false;
    if (!done(f)) {
        f->stream_ns = s->env->now.mono_ns;
        s->fellows_next_ns = s->env->now.mono_ns;
    }
    HSY_ASSERT(done(f) || f->stream_ns != HEARSAY_NEVER);
}

/* ---------------------------------------------------------------- digests */

static void send_digest(struct hsy_seed *s, struct hsy_fellow *f,
                        const struct hsy_neighbour *n, bool want_all)
{
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(n->fellow);
    put_digest(s, &frame.sync);
    frame.sync.want_all = want_all;
    f->synced_ns = now_ns;
    f->digest_ns = hsy_time_add(now_ns, DIGEST_EVERY_NS);
    hsy_send(s->env, n->link, &frame);
}

void hsy_fellows_sync_start(struct hsy_seed *s, struct hsy_fellow *f,
                            const struct hsy_neighbour *n)
{
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(n->fellow);
    f->graves_left = 0;
    f->living_left = 0;
    f->links_next = false;
    f->stream_nonce = 0;
    f->stream_ns = HEARSAY_NEVER;
    send_digest(s, f, n, true);
    /* It may not know us for a fellow yet, and drop this: ask again soon. */
    f->up_ns = now_ns;
    f->in_step = false;
    f->agreed_ns = now_ns;
    f->want_ns = hsy_time_add(now_ns, QUIET_NS);
    f->digest_ns = hsy_time_add(now_ns, DIGEST_AFTER_NS);
    s->fellows_next_ns = hsy_time_min(s->fellows_next_ns, f->digest_ns);
}

/* Right after what it says was taken: both know the same. The first time, that
 * may be a graph that nobody has looked at. */
static void agree(struct hsy_seed *s, struct hsy_fellow *f)
{
    HSY_ASSERT(f->up_ns <= s->env->now.mono_ns);
    f->agreed_ns = s->env->now.mono_ns;
    if (!f->in_step) {
        f->in_step = true;
        hsy_topology_soon(&s->topology, &s->registry, IN_STEP_LOOK_NS);
    }
}

/* Facts that are under way would make any two digests differ: so it counts
 * only while nothing changes here, or after a minute of no agreement. */
static void differ(struct hsy_seed *s, struct hsy_fellow *f,
                   const struct hsy_neighbour *n, const struct hsy_sync *sync)
{
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(!agrees(s, sync));
    bool quiet = now_ns >= hsy_time_add(s->registry.changed_ns, QUIET_NS) ||
                 now_ns >= hsy_time_add(f->agreed_ns, QUARREL_NS);
    if (quiet && now_ns >= f->want_ns) {
        f->want_ns = hsy_time_add(now_ns, WANT_EVERY_NS);
        send_digest(s, f, n, true);
    }
}

/* When the next digest to @f is due: every 15 s, and once the registry has
 * been at rest for two since it changed. */
static uint64_t digest_due(const struct hsy_seed *s, const struct hsy_fellow *f)
{
    HSY_ASSERT(f->synced_ns <= s->env->now.mono_ns);
    if (s->registry.changed_ns < f->synced_ns) {
        return f->digest_ns;
    }
    return hsy_time_min(f->digest_ns,
                        hsy_time_add(s->registry.changed_ns, DIGEST_AFTER_NS));
}

uint64_t hsy_fellows_sync_tick(struct hsy_seed *s, struct hsy_fellow *f,
                               const struct hsy_neighbour *n)
{
    uint64_t now_ns = s->env->now.mono_ns;

    if (digest_due(s, f) <= now_ns) {
        send_digest(s, f, n, false);
    }
    if (f->stream_ns <= now_ns) {
        send_batch(s, f, n);
    }
    uint64_t due_ns = hsy_time_min(digest_due(s, f), f->stream_ns);
    HSY_ASSERT(due_ns > now_ns);
    return due_ns;
}

/* ------------------------------------------------------------- facts in */

/* A certificate counts as far as this seed knows the seeds that signed it.
 * With too few, their verdicts are still a reason to try. */
static void death_in(struct hsy_seed *s, const struct hsy_certificate *proof)
{
    struct hsy_votes votes = hsy_votes(s->env);

    HSY_ASSERT(proof->verdicts_count >= 1);
    for (uint8_t i = 0; i < proof->verdicts_count; i++) {
        (void)hsy_fellows_vote(s, &votes, &proof->verdicts[i].seed);
    }
    if (hsy_votes_meet_majorities(&votes)) {
        hsy_seed_bury(s, proof, false);
        return;
    }
    hsy_seed_misuse(s);
    for (uint8_t i = 0; i < proof->verdicts_count; i++) {
        if (hsy_seed_is_fellow(s, &proof->verdicts[i].seed)) {
            hsy_trial_collect(s, &proof->verdicts[i]);
        }
    }
}

static void entry_in(struct hsy_seed *s, const struct hsy_sync_entry *entry)
{
    uint64_t token = 0;
    bool back = false;

    switch (entry->kind) {
    case HSY_SYNC_RECORD:
        if (entry->record.role != HEARSAY_PEER) {
            hsy_seed_misuse(s);
            break;
        }
        (void)hsy_seed_merge_record(s, &entry->record, &back, &token);
        break;
    case HSY_SYNC_LINKS:
        (void)hsy_registry_merge_links(&s->registry, &entry->links);
        break;
    case HSY_SYNC_DEATH:
        death_in(s, &entry->certificate);
        break;
    case HSY_SYNC_LEFT:
        HSY_ASSERT(hsy_id_equal(&entry->left.record.id, &entry->left.leave.id));
        hsy_seed_depart(s, &entry->left.record, &entry->left.leave, false);
        break;
    }
}

void hsy_fellows_sync_in(struct hsy_seed *s, struct hsy_fellow *f,
                         const struct hsy_neighbour *n,
                         const struct hsy_sync *sync)
{
    struct hsy_reader at = hsy_reader(sync->entries, sync->entries_len);
    HSY_UNSET struct hsy_sync_entry entry;

    HSY_ASSERT(sync->count <= HSY_SYNC_ENTRIES_MAX);
    while (hsy_sync_next(&at, &entry)) {
        entry_in(s, &entry);
    }
    HSY_ASSERT(hsy_reader_done(&at)); /* The decoder walked it before. */
    if (agrees(s, sync)) {
        agree(s, f);
        return;
    }
    if (sync->want_all) {
        start_stream(s, f);
    }
    if (sync->count == 0) {
        differ(s, f, n, sync);
    }
}
