/* Which frame goes to which machine. A frame that has no business on its link
 * is answered by hanging up: an honest node never sends one. */
#include <string.h>

#include "base/addr.h"
#include "core/arrivals.h"
#include "core/core.h"
#include "core/diversity.h"
#include "core/kept.h"

static struct hsy_copy copy_of(struct hsy_core *core, hearsay_link link,
                               const struct hsy_frame *frame)
{
    const struct hsy_bundle *bundle = &frame->bundle.bundle;
    bool extra = (frame->flags & HSY_FLAG_EXTRA) != 0;

    HSY_ASSERT(frame->type == HSY_BUNDLE);
    return (struct hsy_copy){
        .bundle = bundle,
        .from = hsy_neighbour_by_link(&core->neighbours, link),
        .hops = frame->bundle.hops,
        .extra = extra,
        .pulled = extra && hsy_repair_expects(&core->repair, link, bundle)};
}

/* Is it on a link whose version does not have it? */
static bool is_too_new(struct hsy_core *core, hearsay_link link,
                       const struct hsy_bundle *bundle)
{
    const struct hsy_neighbour *n =
        hsy_neighbour_by_link(&core->neighbours, link);

    HSY_ASSERT(bundle->count >= 1);
    return n != NULL && n->version < hsy_bundle_version(bundle);
}

/* On a link that may not carry any, the frame itself decides. */
static bool wants_direct(struct hsy_core *core, hearsay_link link,
                         const struct hsy_frame *frame)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    HSY_ASSERT(frame->type == HSY_DIRECT);
    if (n == NULL || core->phase != HSY_PHASE_RUNNING) {
        return false;
    }
    return core->seed != NULL || !hsy_ways_usable(n) ||
           hsy_directs_wants(&core->directs, n, frame);
}

bool hsy_core_wants(struct hsy_core *core, hearsay_link link,
                    const struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    if (frame->type == HSY_DIRECT) {
        return wants_direct(core, link, frame);
    }
    if (frame->type != HSY_BUNDLE) {
        return true;
    }
    if (core->seed != NULL || core->phase != HSY_PHASE_RUNNING) {
        return false;
    }
    if (is_too_new(core, link, &frame->bundle.bundle)) {
        core->env.counters.frames_unexpected++;
        return false;
    }
    struct hsy_copy copy = copy_of(core, link, frame);
    bool wants = hsy_relay_wants(&core->relay, &copy);
    if (wants && copy.pulled) {
        hsy_repair_checking(&core->repair, link);
    }
    return wants;
}

static void bundle_checked(struct hsy_core *core, hearsay_link link,
                           const struct hsy_frame *frame, bool good)
{
    struct hsy_copy copy = copy_of(core, link, frame);
    bool is_new = false;

    if (good) {
        is_new = hsy_relay_checked(&core->relay, &copy);
    } else {
        hsy_relay_refused(&core->relay, copy.bundle);
    }
    if (is_new && !copy.extra && copy.from != NULL) {
        hsy_directs_heard(&core->directs, &copy.bundle->origin, link);
    }
    if (copy.pulled) {
        hsy_repair_checked(&core->repair, link, is_new);
    }
    HSY_ASSERT(good || !is_new);
}

void hsy_core_refused(struct hsy_core *core, hearsay_link link,
                      const struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    if (frame->type == HSY_BUNDLE) {
        bundle_checked(core, link, frame, false);
    }
}

void hsy_core_heard(struct hsy_core *core, hearsay_link link)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    if (n != NULL) {
        HSY_ASSERT(n->heard_ns <= core->env.now.mono_ns);
        n->heard_ns = core->env.now.mono_ns;
    }
}

void hsy_core_congested(struct hsy_core *core, hearsay_link link)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    HSY_ASSERT(link != 0);
    if (n != NULL && core->seed == NULL) {
        hsy_tree_demote(&core->relay.tree, n);
    }
}

void hsy_core_relieved(struct hsy_core *core, hearsay_link link)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    HSY_ASSERT(link != 0);
    if (n != NULL && n->overlay && core->seed == NULL) {
        hsy_repair_relieved(&core->repair, n);
    }
}

void hsy_core_paused(struct hsy_core *core, hearsay_link link, bool paused)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    HSY_ASSERT(link != 0);
    if (n != NULL) {
        n->unread = paused;
        n->unread_ns = core->env.now.mono_ns;
    }
}

bool hsy_core_knows(const struct hsy_core *core,
                    const struct hsy_encoded *record)
{
    /* It begins with its id, and has one encoding only. */
    const struct hearsay_id *id =
        (const struct hearsay_id *)(const void *)record->bytes;

    HSY_ASSERT(record->len >= HEARSAY_ID_LEN);
    if (core->seed != NULL) {
        const struct hsy_entry *e =
            hsy_registry_find(&core->seed->registry, id);
        return e != NULL && hsy_kept_is(e->record, record);
    }
    const struct hsy_contact *c = hsy_book_find(&core->book, id);
    return c != NULL && hsy_kept_is(c->record, record);
}

/* ------------------------------------------------------- frames at a peer */

static void on_pong(struct hsy_core *core, struct hsy_neighbour *n,
                    uint64_t nonce)
{
    bool ours = hsy_liveness_pong(&core->liveness, n, nonce);

    if (ours && n->challenger != 0) { /* Alive: the newcomer is a clone. */
        struct hsy_challenger *c = hsy_table_find(&core->challengers, &n->id);
        HSY_ASSERT(c != NULL);
        struct hsy_arrival arrival = c->arrival;
        core->env.ports.hang_up(core->env.ports.ctx, n->challenger,
                                HSY_ERROR_DUPLICATE, HSY_DUPLICATE_TEXT);
        n->challenger = 0;
        n->challenge_until_ns = HEARSAY_NEVER;
        hsy_table_remove(&core->challengers, c);
        hsy_core_arrival_lost(core, &arrival);
    }
    (void)hsy_doubt_pong(&core->doubt, n, nonce);
    if (core->seed != NULL) {
        (void)hsy_seed_pong(core->seed, n, nonce);
    }
}

static void on_registered(struct hsy_core *core, const struct hsy_neighbour *n,
                          const struct hsy_registered *answer)
{
    HSY_ASSERT(n->link != 0);
    if (hsy_join_registered_frame(&core->join, n, answer)) {
        core->env.counters.registrations++;
        hsy_overlay_seed_answered(&core->overlay);
        hsy_snapshot_tell(&core->snapshot, n->link);
        hsy_core_report_again(core, n->link);
    }
}

static bool on_peers(struct hsy_core *core, const struct hsy_neighbour *n,
                     const struct hsy_peers *peers)
{
    HSY_ASSERT(peers->by_degree <= peers->records.count);
    if (!hsy_join_is_seat(&core->join, &n->id)) {
        return false;
    }
    hsy_overlay_told_count(&core->overlay, peers->peers_count);
    hsy_queries_peers(&core->queries, n->link, peers);
    if (peers->kind == HSY_PEERS_PAGE) {
        return true; /* Asked for by queries only. */
    }
    uint32_t added =
        hsy_overlay_learn(&core->overlay, &peers->records, peers->by_degree);
    hsy_join_note_list(&core->join, &n->id, &peers->records, added);
    return true;
}

/* Somebody says we are dead. We say louder that we are not. */
static bool on_dead_notice(struct hsy_core *core, const struct hsy_neighbour *n,
                           const struct hsy_report *report)
{
    HSY_ASSERT(core->seed == NULL);
    if (!hsy_join_is_seat(&core->join, &n->id)) {
        return false;
    }
    if (hsy_id_equal(&report->subject, &core->env.id)) {
        hsy_self_step_above(&core->self, hsy_rank_dead(report->incarnation));
    }
    return true;
}

static bool is_our_seed(const struct hsy_core *core,
                        const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return core->seed != NULL ? hsy_seed_is_fellow(core->seed, id)
                              : hsy_join_is_seat(&core->join, id);
}

static void on_error(struct hsy_core *core, struct hsy_neighbour *n,
                     const struct hsy_error *error)
{
    struct hsy_env *env = &core->env;
    bool usual = error->code == HSY_ERROR_REDUNDANT;
    struct hsy_note note =
        hsy_note(usual ? HEARSAY_DEBUG : HEARSAY_INFO, "error-received");
    char text[HSY_ERROR_TEXT_MAX + 1];

    HSY_ASSERT(error->text_len <= HSY_ERROR_TEXT_MAX);
    memcpy(text, error->text, error->text_len);
    text[error->text_len] = '\0';
    hsy_note_id(&note, "from", &n->id);
    hsy_note_u64(&note, "code", error->code);
    hsy_note_text(&note, "text", text);
    hsy_tell(env, &note);
    n->superseded = n->superseded || usual;
    /* Believed only from a seed of ours: a member may not stop another member,
     * and anybody may call himself a seed. */
    if (error->code == HSY_ERROR_DUPLICATE && is_our_seed(core, &n->id)) {
        env->ports.stop(env->ports.ctx, HEARSAY_STOP_DUPLICATE,
                        HSY_DUPLICATE_TEXT);
    }
}

static bool on_bridge(struct hsy_core *core, const struct hsy_neighbour *n,
                      const struct hsy_records *records)
{
    if (!hsy_join_is_seat(&core->join, &n->id)) {
        return false;
    }
    HSY_ASSERT(records->count <= HSY_BRIDGE_RECORDS);
    if (hsy_join_may_bridge(&core->join, &n->id)) {
        hsy_overlay_bridge(&core->overlay, records);
    }
    return true;
}

static void on_connect(struct hsy_core *core, struct hsy_neighbour *n,
                       uint32_t degree)
{
    struct hearsay_id id = n->id;
    struct hearsay_id victim;

    n->degree = degree;
    if (hsy_overlay_would_evict(&core->overlay, n) &&
        hsy_diversity_victim(&core->neighbours, &core->relay.tree, n,
                             &victim)) {
        hsy_core_evict(core, &victim);
        n = hsy_neighbour_by_id(&core->neighbours, &id);
    }
    HSY_ASSERT(n != NULL);
    hsy_overlay_connect(&core->overlay, n, degree);
}

static bool on_refuse(struct hsy_core *core, struct hsy_neighbour *n,
                      const struct hsy_frame *frame)
{
    if (!n->asked && !n->overlay) {
        return true; /* Too late to matter. */
    }
    struct hearsay_id id = n->id;
    /* A link that made room for another one: nobody died. */
    n->superseded =
        n->superseded || (n->overlay && frame->refuse.why == HSY_REFUSE_FULL);
    hsy_overlay_refuse(&core->overlay, n, &frame->refuse.alternatives);
    if (!hsy_join_is_seat(&core->join, &id)) {
        HSY_ASSERT(core->seed == NULL);
        hsy_core_drop(core, &id, HEARSAY_DOWN_SLOW, true);
    }
    return true;
}

/* What spreads and mends messages, from an overlay neighbour. From others it
 * is too early or too late, which is no offence. */
static bool message_frame(struct hsy_core *core, struct hsy_neighbour *n,
                          const struct hsy_frame *frame)
{
    if (!hsy_neighbour_has(n, frame->type)) {
        return false;
    }
    if (!n->overlay) {
        core->env.counters.frames_unexpected++;
        return true;
    }
    HSY_ASSERT(frame->type >= HSY_IHAVE);
    if (frame->type == HSY_IHAVE) {
        hsy_relay_announced(&core->relay, n, &frame->ihave);
    } else if (frame->type == HSY_GRAFT) {
        hsy_relay_graft(&core->relay, n, frame);
    } else if (frame->type == HSY_PRUNE) {
        hsy_tree_pruned(&core->relay.tree, n, frame->prune.why);
        (void)hsy_overlay_learn(&core->overlay, &frame->prune.alternatives, 0);
    } else if (frame->type == HSY_DIGEST) {
        hsy_repair_digest(&core->repair, n, &frame->digest);
    } else if (frame->type == HSY_PULL) {
        hsy_repair_pull(&core->repair, n, frame);
    } else if (frame->type == HSY_GONE) {
        hsy_repair_gone(&core->repair, n, frame);
    } else if (frame->type == HSY_FETCH) {
        return hsy_bulk_fetch(&core->relay.bulk, n, &frame->fetch);
    } else if (frame->type == HSY_PIECE) {
        return hsy_relay_piece(&core->relay, n, &frame->piece);
    } else if (frame->type == HSY_DIRECT) {
        hsy_directs_frame(&core->directs, n, core->self.incarnation, frame);
    } else if (frame->type == HSY_ACK) {
        hsy_acks_heard(&core->relay.acks, n, &frame->ack);
    } else {
        hsy_tree_root(&core->relay.tree, n, &frame->root);
    }
    return true;
}

static bool peer_frame(struct hsy_core *core, struct hsy_neighbour *n,
                       const struct hsy_frame *frame)
{
    HSY_ASSERT(core->seed == NULL);
    /* tidy: dispatch */
    switch (frame->type) {
    case HSY_REGISTERED:
        on_registered(core, n, &frame->registered);
        return true;
    case HSY_PEERS:
        return on_peers(core, n, &frame->peers);
    case HSY_DEAD_NOTICE:
        return on_dead_notice(core, n, &frame->report);
    case HSY_BRIDGE:
        return on_bridge(core, n, &frame->bridge.records);
    case HSY_FACTS:
        hsy_reads_facts(&core->reads, n->link, &frame->facts);
        return true;
    case HSY_REACH:
        hsy_dialable_told(&core->dialable, n, &frame->reach);
        return true;
    case HSY_RECORD:
        return hsy_core_renewed(core, n, &frame->record);
    case HSY_CONNECT:
        on_connect(core, n, frame->connect.degree);
        return true;
    case HSY_ACCEPT:
        return hsy_overlay_accept(&core->overlay, n);
    case HSY_REFUSE:
        return on_refuse(core, n, frame);
    case HSY_LEAVE:
        if (!hsy_id_equal(&frame->leave.id, &n->id)) {
            return false;
        }
        hsy_core_departed(core, &frame->leave.id);
        return true;
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
        return message_frame(core, n, frame);
    case HSY_HELLO:
    case HSY_AUTH:
    case HSY_ERROR:
    case HSY_PING:
    case HSY_PONG:
    case HSY_BUNDLE:
    case HSY_REGISTER:
    case HSY_LOOKUP:
    case HSY_PEERS_GET:
    case HSY_LINKS:
    case HSY_DEAD_REPORT:
    case HSY_SEED_DIGEST:
    case HSY_SEED_PULL:
    case HSY_SEED_SYNC:
    case HSY_VERDICT:
    case HSY_READ:
        return false;
    }
    return false;
}

static bool route(struct hsy_core *core, struct hsy_neighbour *n,
                  const struct hsy_frame *frame)
{
    HSY_ASSERT(n != NULL);
    if (frame->type == HSY_PING) {
        hsy_liveness_ping(&core->liveness, n, frame->ping);
        if (core->seed == NULL) {
            hsy_repair_ponged(&core->repair, n);
        }
        return true;
    }
    if (frame->type == HSY_PONG) {
        on_pong(core, n, frame->pong);
        return true;
    }
    if (frame->type == HSY_ERROR) {
        on_error(core, n, &frame->error);
        return true;
    }
    return core->seed != NULL ? hsy_seed_frame(core->seed, n, frame)
                              : peer_frame(core, n, frame);
}

bool hsy_core_frame(struct hsy_core *core, hearsay_link link,
                    const struct hsy_frame *frame)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    if (frame->type == HSY_BUNDLE) {
        if (core->seed != NULL) {
            return false;
        }
        bundle_checked(core, link, frame, true);
        return true;
    }
    bool leaving = core->phase == HSY_PHASE_LEAVING;
    if (n == NULL || (core->phase != HSY_PHASE_RUNNING &&
                      !(leaving && frame->type == HSY_FETCH))) {
        return true; /* A frame of a link that is no more. */
    }
    HSY_ASSERT(n->link == link);
    return route(core, n, frame);
}
