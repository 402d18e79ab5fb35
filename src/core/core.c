/* Every step is: begin (the time), one event, end (what is due). The order in
 * which machines tick is fixed, so that equal events give equal effects. */
#include "core/core.h"

#include "core/arrivals.h"

enum { CHALLENGERS_MAX = 64 };

#define LEAVE_WAIT_NS (2 * HSY_SECOND)
#define LOOK_NS (20 * HSY_MS)

static int init_seed(struct hsy_core *core)
{
    struct hsy_env *env = &core->env;

    HSY_ASSERT(core->seed == NULL);
    core->seed = env->mem.alloc(env->mem.ctx, sizeof(*core->seed));
    if (core->seed == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    hsy_seed_init(core->seed, env, &core->neighbours, &core->probes);
    return 0;
}

int hsy_core_init(struct hsy_core *core, const struct hsy_env *given)
{
    *core = (struct hsy_core){.env = *given, .leave_by_ns = HEARSAY_NEVER};
    struct hsy_env *env = &core->env;

    env->joined_ns = HEARSAY_NEVER;
    HSY_ASSERT(env->config.role == HEARSAY_SEED ||
               env->config.role == HEARSAY_PEER);
    hsy_self_init(&core->self, env);
    hsy_neighbours_init(&core->neighbours, env);
    hsy_probes_init(&core->probes, env);
    hsy_liveness_init(&core->liveness, env, &core->neighbours);
    hsy_table_init(
        &core->challengers, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_challenger),
                                 .items_max = CHALLENGERS_MAX},
        env->config.hash_salt);
    hsy_book_init(&core->book, env);
    hsy_overlay_init(&core->overlay, env, &core->neighbours, &core->book);
    hsy_feeler_init(&core->feeler, env, &core->neighbours, &core->overlay);
    int err = hsy_join_init(&core->join, env, &core->neighbours, &core->overlay,
                            &core->self);
    hsy_dialable_init(&core->dialable, env, &core->join, &core->self);
    hsy_doubt_init(&core->doubt, env, &core->neighbours, &core->probes,
                   &core->join);
    hsy_snapshot_init(&core->snapshot, env, &core->neighbours, &core->join,
                      &core->self);
    int no_relay = hsy_relay_init(&core->relay, env, &core->neighbours);
    hsy_repair_init(&core->repair, env, &core->neighbours, &core->relay);
    hsy_directs_init(&core->directs, env, &core->neighbours, &core->relay.tree);
    hsy_asked_init(&core->asked, env, &core->directs);
    hsy_queries_init(&core->queries, env, &core->join);
    hsy_reads_init(&core->reads, env, &core->join);
    core->directs.queries = &core->queries;
    core->relay.delivery.asked = &core->asked;
    hsy_generator_init(&core->generator, env, &core->relay.publisher);
    err = err == 0 ? no_relay : err;
    if (err == 0 && env->config.role == HEARSAY_SEED) {
        err = init_seed(core);
    }
    return err;
}

void hsy_core_fini(struct hsy_core *core)
{
    struct hearsay_mem mem = core->env.mem;

    if (core->seed != NULL) {
        hsy_seed_fini(core->seed);
        mem.free(mem.ctx, core->seed);
        core->seed = NULL;
    }
    mem.free(mem.ctx, core->reports.ring);
    hsy_queries_fini(&core->queries);
    hsy_reads_fini(&core->reads);
    hsy_asked_fini(&core->asked);
    hsy_directs_fini(&core->directs);
    hsy_repair_fini(&core->repair);
    hsy_relay_fini(&core->relay);
    hsy_snapshot_fini(&core->snapshot);
    hsy_join_fini(&core->join);
    hsy_overlay_fini(&core->overlay);
    hsy_book_fini(&core->book);
    hsy_table_fini(&core->challengers);
    hsy_doubt_fini(&core->doubt);
    hsy_probes_fini(&core->probes);
    hsy_neighbours_fini(&core->neighbours);
    HSY_ASSERT(core->neighbours.degree == 0);
}

int hsy_core_restore(struct hsy_core *core, const struct hearsay_row *row)
{
    bool is_seed = core->seed != NULL;

    HSY_ASSERT(core->phase == HSY_PHASE_COLD);
    switch (row->table) {
    case HEARSAY_TABLE_SELF:
        return hsy_self_restore(&core->self, row);
    case HEARSAY_TABLE_BOOK:
        return is_seed ? HEARSAY_ERR_MALFORMED
                       : hsy_book_restore(&core->book, row);
    case HEARSAY_TABLE_REGISTRY:
    case HEARSAY_TABLE_FLOOR:
        return is_seed ? hsy_registry_restore(&core->seed->registry, row)
                       : HEARSAY_ERR_MALFORMED;
    case HEARSAY_TABLE_MESSAGES:
        return is_seed ? HEARSAY_ERR_MALFORMED
                       : hsy_saved_restore(&core->relay.saved, row);
    }
    return HEARSAY_ERR_MALFORMED;
}

void hsy_core_begin(struct hsy_core *core, const struct hearsay_now *now)
{
    HSY_ASSERT(now->mono_ns >= core->env.now.mono_ns);
    HSY_ASSERT(now->mono_ns < HEARSAY_NEVER);
    core->env.now = *now;
    hsy_liveness_woke(&core->liveness);
}

void hsy_core_start(struct hsy_core *core)
{
    HSY_ASSERT(core->phase == HSY_PHASE_COLD);
    core->phase = HSY_PHASE_RUNNING;
    core->started_ns = core->env.now.mono_ns;
    hsy_self_start(&core->self);
    hsy_saved_start(&core->relay.saved);
}

bool hsy_core_joined(const struct hsy_core *core)
{
    HSY_ASSERT(core->seed == NULL || core->env.joined_ns == HEARSAY_NEVER);
    return core->env.joined_ns != HEARSAY_NEVER;
}

/* --------------------------------------------------------------- signed */

/* The first good record opens the doors; later ones are told to the seeds. */
static void record_ready(struct hsy_core *core, bool first)
{
    struct hsy_env *env = &core->env;

    HSY_ASSERT(core->self.state == HSY_SELF_READY);
    if (first) {
        struct hsy_note note = hsy_note(HEARSAY_INFO, "started");
        hsy_note_id(&note, "id", &env->id);
        hsy_note_text(&note, "name", env->config.name);
        hsy_note_text(&note, "role", core->seed != NULL ? "seed" : "peer");
        hsy_note_u64(&note, "incarnation", core->self.incarnation);
        hsy_tell(env, &note);
    }
    if (core->seed != NULL) {
        if (first) {
            hsy_seed_start(core->seed);
        }
        return;
    }
    if (first) {
        hsy_join_start(&core->join);
    }
    hsy_join_record_ready(&core->join);
    if (!first) {
        hsy_core_tell_record(core);
    }
    hsy_snapshot_changed(&core->snapshot);
}

static void leave_signed(struct hsy_core *core, const struct hsy_leave *leave)
{
    struct hsy_env *env = &core->env;
    struct hsy_frame frame = {.type = HSY_LEAVE, .leave = *leave};

    if (core->phase != HSY_PHASE_LEAVING) {
        return; /* It took too long: already stopped. */
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(&core->neighbours); i++) {
        hearsay_link link = hsy_neighbour_at(&core->neighbours, i)->link;
        hsy_send(env, link, &frame);
        env->ports.hang_up(env->ports.ctx, link, 0, NULL);
    }
    env->ports.stop(env->ports.ctx, HEARSAY_STOP_LEFT, "left the network");
    HSY_ASSERT(core->seed == NULL);
}

/* The last thing to be signed: it hangs up. */
static void say_good_bye(struct hsy_core *core)
{
    struct hsy_env *env = &core->env;
    struct hsy_signable what = {.kind = HSY_SIGN_LEAVE};

    HSY_ASSERT(core->phase == HSY_PHASE_LEAVING);
    what.leave.id = env->id;
    what.leave.incarnation = core->self.incarnation;
    what.leave.issued_ms = env->now.wall_ms;
    if (core->seed != NULL || !core->self.signed_once ||
        !env->ports.sign(env->ports.ctx, &what)) {
        env->ports.stop(env->ports.ctx, HEARSAY_STOP_LEFT, "stopped");
    }
}

/* Everything that was taken is on its way, and on the disk; and of each large
 * message one copy is out, or the time for that is over. */
static bool is_done(const struct hsy_core *core)
{
    const struct hsy_relay *relay = &core->relay;
    uint64_t last_ns = core->leave_by_ns - LEAVE_WAIT_NS / 4;
    bool late = core->env.now.mono_ns >= last_ns;

    HSY_ASSERT(core->leave_by_ns > 0);
    return hsy_publisher_done(&relay->publisher) &&
           hsy_saved_idle(&relay->saved) &&
           (late || core->neighbours.degree == 0 ||
            !hsy_bulk_is_pinned(&relay->bulk));
}

/* A write that finds no memory stops the node at once: then there are no last
 * words. */
static void leave_when_done(struct hsy_core *core)
{
    struct hsy_relay *relay = &core->relay;

    HSY_ASSERT(core->phase != HSY_PHASE_RUNNING);
    hsy_publisher_flush(&relay->publisher); /* There may be a job free now. */
    hsy_saved_flush(&relay->saved);
    if (!core->bye_said && is_done(core)) {
        core->bye_said = true;
        hsy_saved_end(&relay->saved);
        if (core->phase == HSY_PHASE_LEAVING) {
            say_good_bye(core);
        }
    }
}

/* What the application was told is taken goes out before a good-bye does. */
static void bundle_signed(struct hsy_core *core,
                          const struct hsy_bundle *bundle)
{
    HSY_ASSERT(core->seed == NULL);
    hsy_relay_signed(&core->relay, bundle);
    if (core->phase == HSY_PHASE_LEAVING) {
        leave_when_done(core);
    }
}

void hsy_core_signed(struct hsy_core *core, const struct hsy_signable *what)
{
    bool first = !core->self.signed_once;

    HSY_ASSERT(core->phase != HSY_PHASE_COLD);
    switch (what->kind) {
    case HSY_SIGN_RECORD:
        if (hsy_self_signed(&core->self, &what->record)) {
            record_ready(core, first);
        }
        return;
    case HSY_SIGN_LEAVE:
        leave_signed(core, &what->leave);
        return;
    case HSY_SIGN_REPORT:
        hsy_core_report_signed(core, &what->report);
        return;
    case HSY_SIGN_LINKS:
        hsy_snapshot_signed(&core->snapshot, &what->links);
        return;
    case HSY_SIGN_BUNDLE:
        bundle_signed(core, &what->bundle);
        return;
    case HSY_SIGN_DIRECT:
        HSY_ASSERT(core->seed == NULL);
        hsy_directs_signed(&core->directs, &what->direct);
        return;
    case HSY_SIGN_VERDICT:
        HSY_ASSERT(core->seed != NULL);
        hsy_seed_signed(core->seed, what);
        return;
    }
}

void hsy_core_persisted(struct hsy_core *core, uint64_t token, bool ok)
{
    HSY_ASSERT(token > 0);
    core->env.counters.persist_failed += ok ? 0 : 1;
    hsy_self_persisted(&core->self, token, ok);
    if (core->seed != NULL) {
        hsy_seed_persisted(core->seed, token, ok);
        return;
    }
    if (!ok) {
        hsy_book_write_failed(&core->book, token);
    }
    hsy_saved_persisted(&core->relay.saved, token, ok);
    if (core->phase == HSY_PHASE_LEAVING) {
        leave_when_done(core);
    }
}

/* ------------------------------------------------------ the application */

int hsy_core_publish(struct hsy_core *core, const struct hsy_message *message,
                     uint64_t *out_seq)
{
    if (core->phase != HSY_PHASE_RUNNING || !hsy_core_joined(core)) {
        return HEARSAY_ERR_STATE;
    }
    HSY_ASSERT(core->seed == NULL);
    return hsy_publish(&core->relay.publisher, core->self.incarnation, message,
                       out_seq);
}

int hsy_core_subscribe(struct hsy_core *core, const char *pattern, bool on)
{
    HSY_ASSERT(core->phase != HSY_PHASE_COLD);
    if (core->seed != NULL) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_topics_set(&core->relay.delivery.topics, pattern, on);
}

bool hsy_core_serve(struct hsy_core *core, hearsay_link link,
                    struct hsy_frame *out)
{
    HSY_ASSERT(link != 0);
    return core->seed == NULL && hsy_bulk_serve(&core->relay.bulk, link, out);
}

int hsy_core_send(struct hsy_core *core, const struct hsy_direct_wish *wish,
                  uint64_t *out_number)
{
    if (core->phase != HSY_PHASE_RUNNING || !hsy_core_joined(core)) {
        return HEARSAY_ERR_STATE;
    }
    HSY_ASSERT(core->seed == NULL);
    return hsy_directs_send(&core->directs, core->self.incarnation, wish,
                            out_number);
}

int hsy_core_query(struct hsy_core *core, const struct hsy_message *message,
                   uint64_t *out_seq)
{
    struct hsy_publisher *p = &core->relay.publisher;

    if (core->phase != HSY_PHASE_RUNNING || !hsy_core_joined(core)) {
        return HEARSAY_ERR_STATE;
    }
    if (message->query_ms == 0 || message->query_ms > HSY_QUERY_MS_MAX) {
        return HEARSAY_ERR_INVALID;
    }
    if (!hsy_queries_have_room(&core->queries)) {
        return HEARSAY_ERR_AGAIN;
    }
    int err = hsy_publish(p, core->self.incarnation, message, out_seq);
    if (err == 0) {
        hsy_queries_begin(&core->queries, p->epoch_incarnation, p->last_seq,
                          message->query_ms * HSY_MS);
    }
    HSY_ASSERT(core->seed == NULL);
    return err;
}

int hsy_core_answer(struct hsy_core *core, const struct hsy_query_name *name,
                    const struct hsy_message *payload, uint64_t *out_number)
{
    if (core->phase != HSY_PHASE_RUNNING || !hsy_core_joined(core)) {
        return HEARSAY_ERR_STATE;
    }
    HSY_ASSERT(core->seed == NULL);
    return hsy_asked_answer(&core->asked, name, payload, out_number);
}

int hsy_core_find(struct hsy_core *core, const struct hearsay_id *id,
                  uint64_t timeout_ns, uint64_t *out_number)
{
    if (core->phase != HSY_PHASE_RUNNING || !hsy_core_joined(core)) {
        return HEARSAY_ERR_STATE;
    }
    HSY_ASSERT(core->seed == NULL);
    return hsy_reads_begin(&core->reads, id, timeout_ns, out_number);
}

bool hsy_core_give_up(struct hsy_core *core)
{
    HSY_ASSERT(core->phase == HSY_PHASE_STOPPED);
    return hsy_directs_stop(&core->directs) &&
           hsy_queries_stop(&core->queries) && hsy_reads_stop(&core->reads);
}

void hsy_core_leave(struct hsy_core *core)
{
    HSY_ASSERT(core->phase == HSY_PHASE_RUNNING);
    core->phase = HSY_PHASE_LEAVING;
    core->leave_by_ns = hsy_time_add(core->env.now.mono_ns, LEAVE_WAIT_NS);
    core->overlay.leaving = true;
    core->join.stopped = true;
    hsy_generator_stop(&core->generator);
    hsy_delivery_flush(&core->relay.delivery);
    hsy_book_flush(&core->book);
    leave_when_done(core); /* Else behind the last bundle. */
}

/* ------------------------------------------------------------------ end */

static void note_joined(struct hsy_core *core)
{
    struct hsy_env *env = &core->env;
    struct hsy_note note = hsy_note(HEARSAY_INFO, "joined");

    env->counters.dials_before_join = env->counters.dials;
    hsy_note_u64(&note, "registered", hsy_join_registered(&core->join));
    hsy_note_u64(&note, "quorum", hsy_join_quorum(&core->join));
    hsy_note_u64(&note, "links", core->neighbours.degree);
    hsy_note_u64(&note, "dials", env->counters.dials_before_join);
    hsy_note_u64(&note, "after_ms",
                 hsy_time_since(core->started_ns, env->now.mono_ns) / HSY_MS);
    hsy_tell(env, &note);
    HSY_ASSERT(hsy_core_joined(core));
}

/* Joined: the quorum holds us, and there is a link, or nobody to link to. */
static void check_joined(struct hsy_core *core)
{
    bool linked = core->neighbours.degree > 0 || core->overlay.peers_count <= 1;

    if (hsy_core_joined(core) || !core->join.joined || !linked) {
        return;
    }
    core->env.joined_ns = core->env.now.mono_ns;
    note_joined(core);
    hsy_tree_joined(&core->relay.tree);
    core->asked.incarnation = core->self.incarnation;
    hsy_generator_start(&core->generator);
    HSY_ASSERT(hsy_core_joined(core));
}

static void links_changed(struct hsy_core *core)
{
    if (!core->overlay.changed) {
        return;
    }
    core->overlay.changed = false;
    hsy_snapshot_changed(&core->snapshot);
    for (uint32_t i = 0; i < hsy_neighbours_count(&core->neighbours); i++) {
        struct hsy_neighbour *n = hsy_neighbour_at(&core->neighbours, i);
        if (n->fresh && n->overlay) {
            n->held_until_ns = hsy_book_slow_until(&core->book, &n->id);
            hsy_relay_link_up(&core->relay, n);
            hsy_repair_link_up(&core->repair, n);
            hsy_liveness_measure(&core->liveness, n);
        }
        n->fresh = false;
    }
    HSY_ASSERT(!core->overlay.changed);
}

static void tick_peer(struct hsy_core *core)
{
    HSY_ASSERT(core->seed == NULL);
    hsy_join_tick(&core->join);
    core->env.strained = hsy_join_is_strained(&core->join);
    hsy_overlay_tick(&core->overlay);
    hsy_feeler_tick(&core->feeler);
    links_changed(core);
    check_joined(core);
    hsy_snapshot_tick(&core->snapshot);
    if (hsy_core_joined(core)) {
        hsy_generator_tick(&core->generator, core->self.incarnation,
                           &core->self.record.addrs[0]);
    }
    core->env.peers_count = core->overlay.peers_count;
    hsy_relay_tick(&core->relay);
    hsy_repair_tick(&core->repair);
    hsy_directs_tick(&core->directs);
    hsy_asked_tick(&core->asked);
    hsy_queries_tick(&core->queries);
    hsy_reads_tick(&core->reads);
    hsy_book_tick(&core->book);
}

void hsy_core_end(struct hsy_core *core)
{
    struct hsy_env *env = &core->env;

    if (core->phase == HSY_PHASE_LEAVING &&
        env->now.mono_ns >= core->leave_by_ns) {
        hsy_saved_end(&core->relay.saved);
        env->ports.stop(env->ports.ctx, HEARSAY_STOP_LEFT,
                        "left the network without a signed good-bye");
    }
    if (core->phase == HSY_PHASE_LEAVING) {
        leave_when_done(core);
    }
    if (core->phase != HSY_PHASE_RUNNING) {
        return;
    }
    hsy_self_tick(&core->self);
    hsy_core_watch(core);
    hsy_doubt_tick(&core->doubt);
    hsy_probes_tick(&core->probes);
    if (core->seed != NULL) {
        hsy_seed_tick(core->seed);
    } else {
        tick_peer(core);
    }
}

/* While a large message is still being fetched from here, often. */
static uint64_t leave_look_ns(const struct hsy_core *core)
{
    HSY_ASSERT(core->phase == HSY_PHASE_LEAVING);
    return core->bye_said
               ? core->leave_by_ns
               : hsy_time_min(core->leave_by_ns,
                              hsy_time_add(core->env.now.mono_ns, LOOK_NS));
}

uint64_t hsy_core_deadline(const struct hsy_core *core)
{
    uint64_t next_ns =
        hsy_time_min(core->liveness.next_ns, core->probes.next_ns);

    if (core->phase != HSY_PHASE_RUNNING) {
        return core->phase == HSY_PHASE_LEAVING ? leave_look_ns(core)
                                                : HEARSAY_NEVER;
    }
    if (core->self.retry) {
        next_ns = hsy_time_min(
            next_ns, hsy_time_add(core->env.now.mono_ns, 10 * HSY_MS));
    }
    if (core->seed != NULL) {
        return hsy_time_min(next_ns, core->seed->next_ns);
    }
    next_ns = hsy_time_min(next_ns, core->doubt.next_ns);
    next_ns = hsy_time_min(next_ns, core->join.next_ns);
    next_ns = hsy_time_min(next_ns, core->snapshot.next_ns);
    next_ns = hsy_time_min(next_ns, core->generator.next_ns);
    next_ns = hsy_time_min(next_ns, hsy_relay_deadline(&core->relay));
    next_ns = hsy_time_min(next_ns, core->repair.next_ns);
    next_ns = hsy_time_min(next_ns, core->directs.next_ns);
    next_ns = hsy_time_min(next_ns, core->asked.next_ns);
    next_ns = hsy_time_min(next_ns, core->queries.next_ns);
    next_ns = hsy_time_min(next_ns, core->reads.next_ns);
    next_ns = hsy_time_min(next_ns, core->book.flush_ns);
    next_ns = hsy_time_min(next_ns, core->feeler.next_ns);
    if (core->overlay.active) {
        next_ns = hsy_time_min(next_ns, core->overlay.next_ns);
        next_ns = hsy_time_min(next_ns, core->overlay.hungry
                                            ? core->overlay.ask_next_ns
                                            : HEARSAY_NEVER);
    }
    HSY_ASSERT(core->seed == NULL);
    return next_ns;
}
