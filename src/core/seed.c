/* The seed as a whole: routes what happens to the parts, and looks after the
 * time. Facts and reports are in seed_facts.c, registration in
 * seed_register.c, a seed's own tries in trial.c, the other seeds in
 * fellows.c; the Peer List itself is registry.c. */
#include "core/seed.h"

#include "base/addr.h"
#include "base/mem.h"
#include "core/bridging.h"
#include "core/dialback.h"
#include "core/fellows.h"
#include "core/kept.h"
#include "core/liveness.h"
#include "core/seed_parts.h"
#include "core/trial.h"

/* Within this a link that replaces another one is up, or it never will. */
#define SUPERSEDED_WAIT_NS (10 * HSY_SECOND)
#define NO_ROOM_WAIT_NS (60 * HSY_SECOND)
#define CHALLENGED_WAIT_NS (2 * HSY_SECOND)

/* Everything that is planned keeps a time of its own; this is the least. */
static void settle(struct hsy_seed *s)
{
    uint64_t next_ns = hsy_time_min(s->registry.next_ns, s->topology.next_ns);

    HSY_ASSERT(s->env != NULL);
    next_ns = hsy_time_min(next_ns, s->registry.save_ns);
    next_ns = hsy_time_min(next_ns, hsy_seed_acks_due(s));
    next_ns = hsy_time_min(next_ns, s->trials_next_ns);
    next_ns = hsy_time_min(next_ns, hsy_voice_due(&s->voice));
    next_ns = hsy_time_min(next_ns, s->fellows_next_ns);
    next_ns = hsy_time_min(next_ns, s->dialbacks.next_ns);
    next_ns = hsy_time_min(next_ns, s->watchers.next_ns);
    s->next_ns = hsy_time_min(next_ns, s->funeral_ns);
}

void hsy_seed_init(struct hsy_seed *s, struct hsy_env *env,
                   struct hsy_neighbours *neighbours, struct hsy_probes *probes)
{
    HSY_ASSERT(neighbours != NULL);
    HSY_ASSERT(probes != NULL);
    *s = (struct hsy_seed){
        .env = env,
        .neighbours = neighbours,
        .probes = probes,
        .dialbacks = {.again_ns = HEARSAY_NEVER, .next_ns = HEARSAY_NEVER},
        .funeral_ns = HEARSAY_NEVER,
        .next_ns = HEARSAY_NEVER};
    hsy_registry_init(&s->registry, env);
    hsy_topology_init(&s->topology, env);
    hsy_voice_init(&s->voice, env);
    hsy_watchers_init(&s->watchers, env, neighbours, &s->registry);
    hsy_trials_init(s);
    hsy_fellows_init(s);
}

void hsy_seed_fini(struct hsy_seed *s)
{
    HSY_ASSERT(s->env != NULL);
    hsy_trials_fini(s);
    hsy_voice_fini(&s->voice);
    hsy_dialbacks_fini(s);
    hsy_watchers_fini(&s->watchers);
    hsy_registry_fini(&s->registry);
    hsy_mem_free(&s->env->mem, s->acks);
    s->acks = NULL;
    s->acks_count = 0;
}

void hsy_seed_start(struct hsy_seed *s)
{
    HSY_ASSERT(s->fellows_next_ns == HEARSAY_NEVER); /* Once. */
    hsy_fellows_start(s);
    settle(s);
}

/* ----------------------------------------------------------------- links */

void hsy_seed_answered(struct hsy_seed *s, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    hsy_trial_veto(s, id);
    settle(s);
}

void hsy_seed_link_up(struct hsy_seed *s, struct hsy_neighbour *n,
                      hearsay_link own_dial)
{
    HSY_ASSERT(n->link != 0);
    hsy_trial_veto(s, &n->id);
    hsy_seed_acquit(s, n);
    hsy_fellows_link_up(s, n, own_dial);
    settle(s);
}

/* With a newer link on its way, wait for that one; and for the line of one
 * that was slow, to be free again. However else it broke: at once. */
static uint64_t first_try_ns(const struct hsy_seed *s,
                             const struct hsy_neighbour *gone,
                             enum hearsay_down why)
{
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(gone->heard_ns <= now_ns);
    if (gone->superseded) {
        return hsy_time_add(now_ns, SUPERSEDED_WAIT_NS);
    }
    return why == HEARSAY_DOWN_SLOW
               ? hsy_time_add(gone->heard_ns,
                              hsy_liveness_round_ns(&s->env->config))
               : now_ns;
}

void hsy_seed_link_down(struct hsy_seed *s, const struct hsy_neighbour *gone,
                        enum hearsay_down why)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &gone->id);
    uint64_t from_ns = first_try_ns(s, gone, why);

    HSY_ASSERT(hsy_neighbour_by_id(s->neighbours, &gone->id) == NULL);
    hsy_fellows_link_down(s, gone);
    hsy_trial_link_lost(s, &gone->id, gone->heard_ns, from_ns);
    if (e != NULL && e->held) {
        hsy_registry_hold(&s->registry, &gone->id, false);
        bool later = from_ns > s->env->now.mono_ns;
        if (later || !hsy_trial_start(s, &gone->id, HSY_TRIAL_LINK)) {
            hsy_registry_recheck(
                &s->registry, &gone->id,
                later ? from_ns
                      : hsy_time_add(s->env->now.mono_ns, NO_ROOM_WAIT_NS));
        } else {
            hsy_trial_find(s, &gone->id)->heard_ns = gone->heard_ns;
        }
    }
    settle(s);
}

bool hsy_seed_dial_failed(struct hsy_seed *s, hearsay_link link,
                          enum hearsay_down why, unsigned code)
{
    (void)why; /* The same back-off for all. */
    HSY_ASSERT(link != 0);
    bool ours = hsy_fellows_dial_failed(s, link, code);
    settle(s);
    return ours;
}

bool hsy_seed_felt(struct hsy_seed *s, hearsay_link link)
{
    bool ours = hsy_dialback_came(s, link);

    HSY_ASSERT(link != 0);
    settle(s);
    return ours;
}

bool hsy_seed_feeler_failed(struct hsy_seed *s, hearsay_link link, bool alive)
{
    bool ours = hsy_dialback_dial_failed(s, link, alive);

    HSY_ASSERT(link != 0);
    settle(s);
    return ours;
}

void hsy_seed_probe_silent(struct hsy_seed *s, const struct hsy_probe *probe)
{
    HSY_ASSERT(probe->failed == HSY_PROBE_TRIES);
    hsy_trial_silent(s, probe);
    settle(s);
}

bool hsy_seed_pong(struct hsy_seed *s, struct hsy_neighbour *n, uint64_t nonce)
{
    bool ours = false;

    HSY_ASSERT(n->link != 0);
    if (hsy_trial_is_nonce(s, &n->id, nonce)) {
        hsy_trial_veto(s, &n->id);
        hsy_seed_acquit(s, n);
        ours = true;
    }
    ours = hsy_bridging_pong(s, &n->id, nonce) || ours;
    settle(s);
    return ours;
}

/* ---------------------------------------------------------------- frames */

/* A fellow's verdict, with the subject's record in case it is news here. */
static void verdict_in(struct hsy_seed *s, const struct hsy_neighbour *n,
                       const struct hsy_verdict *verdict,
                       const struct hsy_record *record)
{
    uint64_t token = 0;
    bool back = false;

    HSY_ASSERT(hsy_id_equal(&verdict->subject, &record->id));
    if (!n->fellow || !hsy_id_equal(&verdict->seed, &n->id) ||
        !hsy_seed_is_fellow(s, &n->id) || record->role != HEARSAY_PEER ||
        verdict->incarnation != record->incarnation) {
        hsy_seed_misuse(s);
        return;
    }
    if (hsy_registry_rank(&s->registry, &record->id) <
        hsy_rank_alive(record->incarnation)) {
        (void)hsy_seed_merge_record(s, record, &back, &token);
    }
    hsy_trial_collect(s, verdict);
}

/* What seeds tell each other of their registries. */
static void fellow_frame(struct hsy_seed *s, const struct hsy_neighbour *n,
                         const struct hsy_frame *frame)
{
    struct hsy_fellow *f = hsy_fellow_of(s, &n->id);

    HSY_ASSERT(n->link != 0);
    if (!n->fellow || f == NULL) {
        hsy_seed_misuse(s);
    } else if (frame->type == HSY_SEED_SYNC) {
        hsy_fellows_sync_in(s, f, n, &frame->sync);
    } else if (frame->type == HSY_SEED_DIGEST) {
        hsy_fellows_buckets_in(s, f, n, &frame->seed_digest);
    } else {
        hsy_fellows_serve(s, f, n, &frame->seed_pull);
    }
}

static bool take_frame(struct hsy_seed *s, struct hsy_neighbour *n,
                       const struct hsy_frame *frame) /* tidy: dispatch */
{
    switch (frame->type) {
    case HSY_REGISTER:
        hsy_seed_register(s, n, &frame->reg);
        return true;
    case HSY_LOOKUP:
        hsy_seed_lookup(s, n, &frame->lookup);
        return true;
    case HSY_PEERS_GET:
        hsy_seed_peers_get(s, n, &frame->peers_get);
        return true;
    case HSY_READ:
        hsy_seed_read(s, n, &frame->read);
        return true;
    case HSY_LINKS:
        hsy_seed_links(s, n, &frame->links);
        return true;
    case HSY_LEAVE:
        hsy_seed_leave(s, &frame->leave);
        return true;
    case HSY_DEAD_REPORT:
        hsy_seed_report(s, n, &frame->report);
        return true;
    case HSY_SEED_SYNC:
    case HSY_SEED_DIGEST:
    case HSY_SEED_PULL:
        fellow_frame(s, n, frame);
        return true;
    case HSY_VERDICT:
        verdict_in(s, n, &frame->verdict.verdict, &frame->verdict.record);
        return true;
    case HSY_WATCH:
        hsy_watchers_wish(&s->watchers, n, &frame->watch);
        return true;
    case HSY_HELLO:
    case HSY_AUTH:
    case HSY_ERROR:
    case HSY_PING:
    case HSY_PONG:
    case HSY_MEMBER:
    case HSY_REGISTERED:
    case HSY_PEERS:
    case HSY_DEAD_NOTICE:
    case HSY_BRIDGE:
    case HSY_CONNECT:
    case HSY_ACCEPT:
    case HSY_REFUSE:
    case HSY_BUNDLE:
    case HSY_IHAVE:
    case HSY_GRAFT:
    case HSY_PRUNE:
    case HSY_DIGEST:
    case HSY_PULL:
    case HSY_GONE:
    case HSY_ROOT:
    case HSY_ACK:
    case HSY_FETCH:
    case HSY_PIECE:
    case HSY_DIRECT:
    case HSY_FACTS:
    case HSY_REACH:
    case HSY_RECORD:
        return false;
    }
    return false;
}

bool hsy_seed_frame(struct hsy_seed *s, struct hsy_neighbour *n,
                    const struct hsy_frame *frame)
{
    HSY_ASSERT(n->link != 0);
    hsy_registry_renew(&s->registry, &n->id);
    if (frame->type != HSY_REGISTER) { /* That is answered anyway. */
        hsy_seed_acquit(s, n);
    }
    bool ours = take_frame(s, n, frame);
    settle(s);
    return ours;
}

void hsy_seed_signed(struct hsy_seed *s, const struct hsy_signable *what)
{
    HSY_ASSERT(what != NULL);
    if (what->kind == HSY_SIGN_VERDICT) {
        hsy_trial_signed(s, &what->verdict);
    }
    settle(s);
}

void hsy_seed_persisted(struct hsy_seed *s, uint64_t token, bool ok)
{
    HSY_ASSERT(token != 0);
    hsy_seed_acknowledge(s, token, ok);
    settle(s);
}

/* ------------------------------------------------------------------ time */

/* A link that outlived its owner's death, a frozen peer's for one. Links that
 * came up after it are of somebody who is about to come back. One that is
 * being challenged by another boot is left to that for a moment. */
static void hang_up_the_dead(struct hsy_seed *s)
{
    struct hsy_env *env = s->env;

    s->funeral_ns = HEARSAY_NEVER;
    for (uint32_t left = hsy_neighbours_count(s->neighbours); left > 0;
         left--) {
        struct hsy_neighbour *n = hsy_neighbour_at(s->neighbours, left - 1);
        const struct hsy_grave *g = hsy_registry_grave(&s->registry, &n->id);
        if (g == NULL || g->left || n->since_ns > g->buried_ns) {
            continue;
        }
        if (n->challenger != 0) {
            s->funeral_ns = hsy_time_add(env->now.mono_ns, CHALLENGED_WAIT_NS);
            continue;
        }
        HSY_ASSERT(n->link != 0);
        env->ports.hang_up(env->ports.ctx, n->link, 0, NULL);
        env->counters.links_lost++;
        hsy_neighbour_remove(s->neighbours, n);
    }
    HSY_ASSERT(s->funeral_ns > env->now.mono_ns);
}

/* The registry has hidden it already. */
static void lease_expired(struct hsy_seed *s, const struct hearsay_id *id)
{
    struct hsy_env *env = s->env;
    const struct hsy_entry *e = hsy_registry_find(&s->registry, id);
    const struct hsy_neighbour *n = hsy_neighbour_by_id(s->neighbours, id);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "lease-expired");

    HSY_ASSERT(e != NULL);
    HSY_ASSERT(e->absent);
    if (n != NULL && e->held &&
        hsy_time_add(n->heard_ns, env->config.lease_ns) > env->now.mono_ns) {
        hsy_registry_renew(&s->registry, id); /* By pings, not by us. */
        return;
    }
    hsy_note_id(&note, "peer", id);
    struct hsy_record record = hsy_kept_record(e->record);
    hsy_note_addr(&note, "addr", &record.addrs[0]);
    hsy_tell(env, &note);
    hsy_trial_again(s, id); /* One that failed while we were cut off. */
    if (!hsy_trial_start(s, id, HSY_TRIAL_LEASE)) {
        hsy_registry_recheck(&s->registry, id,
                             hsy_time_add(env->now.mono_ns, NO_ROOM_WAIT_NS));
    }
}

void hsy_seed_tick(struct hsy_seed *s)
{
    struct hearsay_id id;

    if (s->env->now.mono_ns < s->next_ns) {
        return;
    }
    if (s->funeral_ns <= s->env->now.mono_ns) {
        hang_up_the_dead(s);
    }
    while (hsy_registry_tick(&s->registry, &id)) {
        lease_expired(s, &id);
    }
    hsy_seed_acks_tick(s);
    hsy_registry_save_tick(&s->registry);
    hsy_trials_tick(s);
    hsy_seed_voice_tick(s);
    hsy_fellows_tick(s);
    if (s->dialbacks.next_ns <= s->env->now.mono_ns) {
        hsy_dialbacks_tick(s);
    }
    if (s->topology.next_ns <= s->env->now.mono_ns) {
        hsy_bridging_tick(s);
    }
    HSY_ASSERT(s->topology.next_ns > s->env->now.mono_ns);
    hsy_watchers_tick(&s->watchers);
    settle(s);
}
