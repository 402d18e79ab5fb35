/* Keeping the registries of all seeds equal, in two ways:
 *
 * Push: each seed tells all fellows at once what it found itself. Nobody
 * passes on what it was told, so a fact costs n - 1 frames.
 *
 * Digests: now and then, and when the own registry has come to rest after a
 * change, a seed sends the digest of all it knows. A fellow with another one,
 * at rest too, asks where they differ, and pulls (fellows_pull.c). */
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
#define ASK_EVERY_NS (10 * HSY_SECOND)
#define IN_STEP_LOOK_NS (1 * HSY_SECOND)

void hsy_fellows_put_digest(const struct hsy_seed *s, struct hsy_sync *sync)
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
    hsy_fellows_put_digest(s, &frame.sync);
    frame.sync.count = 1;
    frame.sync.entries = proof;
    frame.sync.entries_len = proof_len;
    hsy_fellows_send(s, &frame);
    /* A digest follows when things have come to rest. */
    s->fellows_next_ns = hsy_time_min(
        s->fellows_next_ns, hsy_time_add(s->env->now.mono_ns, DIGEST_AFTER_NS));
}

void hsy_fellows_push_record(struct hsy_seed *s,
                             const struct hsy_record *record)
{
    HSY_UNSET struct hsy_sync_entry fact;
    HSY_UNSET uint8_t proof[HSY_SYNC_RECORD_LEN_MAX];
    struct hsy_writer list = hsy_writer(proof, sizeof(proof));
    struct hsy_sync sync = {0};

    fact.kind = HSY_SYNC_RECORD;
    fact.record = *record;
    hsy_sync_add(&list, &sync, &fact);
    HSY_ASSERT(!list.bad);
    HSY_ASSERT(sync.count == 1);
    hsy_fellows_push(s, proof, sync.entries_len);
}

/* ---------------------------------------------------------------- digests */

void hsy_fellows_send_digest(struct hsy_seed *s, struct hsy_fellow *f,
                             const struct hsy_neighbour *n, bool ask)
{
    struct hsy_frame frame = {.type = HSY_SEED_SYNC};
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(n->fellow);
    hsy_fellows_put_digest(s, &frame.sync);
    frame.sync.ask = ask;
    f->asked = f->asked || ask;
    f->synced_ns = now_ns;
    f->digest_ns = hsy_time_add(now_ns, DIGEST_EVERY_NS);
    hsy_send(s->env, n->link, &frame);
}

void hsy_fellows_sync_start(struct hsy_seed *s, struct hsy_fellow *f,
                            const struct hsy_neighbour *n)
{
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(n->fellow);
    f->asked = false;
    f->news = false;
    f->pull_from = 0;
    hsy_fellows_send_digest(s, f, n, true);
    /* It may not know us for a fellow yet, and drop this: ask again soon. */
    f->up_ns = now_ns;
    f->in_step = false;
    f->agreed_ns = now_ns;
    f->ask_ns = hsy_time_add(now_ns, QUIET_NS);
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
 * only while nothing changes here, or after a minute of no agreement. But a
 * pull that brings something leaves more to be had. */
static void differ(struct hsy_seed *s, struct hsy_fellow *f,
                   const struct hsy_neighbour *n, const struct hsy_sync *sync)
{
    uint64_t now_ns = s->env->now.mono_ns;
    bool more = (f->news || f->pull_from != 0) && now_ns < f->ask_ns;

    HSY_ASSERT(!agrees(s, sync));
    bool quiet = now_ns >= hsy_time_add(s->registry.changed_ns, QUIET_NS) ||
                 now_ns >= hsy_time_add(f->agreed_ns, QUARREL_NS);
    if (more || (quiet && now_ns >= f->ask_ns)) {
        f->ask_ns = hsy_time_add(now_ns, ASK_EVERY_NS);
        hsy_fellows_send_digest(s, f, n, true);
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
        hsy_fellows_send_digest(s, f, n, false);
    }
    HSY_ASSERT(digest_due(s, f) > now_ns);
    return digest_due(s, f);
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
    uint64_t before = s->registry.digest[0];
    HSY_UNSET struct hsy_sync_entry entry;

    HSY_ASSERT(sync->count <= HSY_SYNC_ENTRIES_MAX);
    while (hsy_sync_next(&at, &entry)) {
        entry_in(s, &entry);
    }
    HSY_ASSERT(hsy_reader_done(&at)); /* The decoder walked it before. */
    f->news = f->news || s->registry.digest[0] != before;
    if (agrees(s, sync)) {
        agree(s, f);
        return;
    }
    if (sync->ask) {
        hsy_fellows_tell_buckets(s, n);
    }
    if (sync->count == 0) {
        differ(s, f, n, sync);
    }
}

void hsy_fellows_buckets_in(struct hsy_seed *s, struct hsy_fellow *f,
                            const struct hsy_neighbour *n,
                            const struct hsy_seed_digest *digest)
{
    HSY_ASSERT(n->fellow);
    if (!f->asked) {
        return;
    }
    f->asked = false;
    if (!hsy_fellows_pull(s, f, n, digest)) {
        agree(s, f);
    }
}
