/* One node, one link. Two links to one node come from simultaneous dials
 * (same boot: the one dialled by the lower id stays), from a node that lost
 * its end and came again (same direction: the newer stays), or from another
 * process with the same identity (another boot: whoever answers keeps it). */
#include "core/arrivals.h"

#include "base/addr.h"
#include "core/kept.h"
#include "core/text.h"

#define CHALLENGE_NS (1 * HSY_SECOND)
/* Two dials further apart than a dial (10 s) and a handshake (15 s) may last
 * together did not cross: the later one means that the other end has no link
 * any more. */
#define SIMULTANEOUS_NS (25 * HSY_SECOND)
/* Until who was slow is probed: so long, to twice as long. */
#define SLOW_PROBE_NS (12 * HSY_SECOND)

static bool is_seed(const struct hsy_core *core)
{
    HSY_ASSERT((core->env.config.role == HEARSAY_SEED) == (core->seed != NULL));
    return core->seed != NULL;
}

/* ------------------------------------------------------------ arrivals */

static void learn_contact(struct hsy_core *core, const struct hsy_arrival *a)
{
    bool is_new;

    if (hsy_book_merge(&core->book, &a->record, &is_new) != NULL) {
        hsy_book_worked(&core->book, &a->record.id);
    }
    HSY_ASSERT(!is_seed(core));
}

/* It lives: nobody has to look for it any more. */
static void found(struct hsy_core *core, const struct hearsay_id *id)
{
    HSY_ASSERT(!hsy_id_equal(&core->env.id, id));
    (void)hsy_probe_answered(&core->probes, id);
    hsy_doubt_answered(&core->doubt, id);
}

/* Tells every machine that @n can be reached now over n->link. */
static void arrived(struct hsy_core *core, struct hsy_neighbour *n,
                    hearsay_link own_dial)
{
    struct hearsay_id id = n->id;

    hsy_liveness_link_up(&core->liveness, n);
    found(core, &id);
    if (is_seed(core)) {
        hsy_seed_answered(core->seed, &id);
        hsy_seed_link_up(core->seed, n, own_dial);
        return;
    }
    hsy_join_link_up(&core->join, n, own_dial);
    n = hsy_neighbour_by_id(&core->neighbours, &id);
    HSY_ASSERT(n != NULL);
    hsy_overlay_link_up(&core->overlay, n);
}

/* At a seed every link counts; a peer logs those of the overlay. */
static void note_come(struct hsy_core *core, const struct hsy_neighbour *n)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "connect");

    HSY_ASSERT(is_seed(core));
    hsy_note_id(&note, "peer", &n->id);
    hsy_note_addr(&note, "addr", &n->addr);
    hsy_note_text(&note, "direction", n->accepted ? "in" : "out");
    hsy_note_text(&note, "role", n->role == HEARSAY_SEED ? "seed" : "peer");
    hsy_tell(&core->env, &note);
}

static void add(struct hsy_core *core, const struct hsy_arrival *a)
{
    struct hsy_env *env = &core->env;
    struct hsy_neighbour *n;

    if (hsy_neighbour_add(&core->neighbours, &n, a->link, &a->record) != 0) {
        env->ports.hang_up(env->ports.ctx, a->link, HSY_ERROR_FULL,
                           "no room for another link; try another node");
        hsy_core_arrival_lost(core, a);
        return;
    }
    n->accepted = a->accepted;
    n->version = (uint8_t)a->version;
    n->greeted_ns = a->rtt_ns;
    n->addr = a->record.addrs_count > 0 ? a->record.addrs[0] : a->from;
    n->group = hsy_addr_group(&a->from);
    if (is_seed(core)) {
        note_come(core, n);
    }
    arrived(core, n, a->accepted ? 0 : a->link);
}

/* Does the newcomer replace the present link? Both ends must agree. */
static bool newcomer_stays(const struct hsy_core *core,
                           const struct hsy_neighbour *n,
                           const struct hsy_arrival *a)
{
    bool ours_is_lower = hsy_id_compare(&core->env.id, &n->id) < 0;

    HSY_ASSERT(!hsy_id_equal(&core->env.id, &n->id));
    bool at_once =
        hsy_time_since(n->since_ns, core->env.now.mono_ns) < SIMULTANEOUS_NS;
    if (n->accepted == a->accepted || !at_once) {
        return true; /* Who dials again has lost the old one. */
    }
    return a->accepted != ours_is_lower;
}

static void merge_links(struct hsy_core *core, struct hsy_neighbour *n,
                        const struct hsy_arrival *a)
{
    struct hsy_env *env = &core->env;
    hearsay_link loser = a->link;
    hearsay_link own_dial = a->accepted ? 0 : a->link;

    HSY_ASSERT(n->link != a->link);
    if (newcomer_stays(core, n, a)) {
        hearsay_link old = n->link;
        if (hsy_neighbour_relink(&core->neighbours, n, a->link) == 0) {
            n->accepted = a->accepted;
            n->version = (uint8_t)a->version;
            n->greeted_ns = a->rtt_ns;
            loser = old;
            /* What was on its way there may be lost: as if it were new. */
            hsy_repair_link_down(&core->repair, old);
            hsy_bulk_link_down(&core->relay.bulk, old);
            n->fresh = n->overlay;
            core->overlay.changed = core->overlay.changed || n->overlay;
        }
    }
    env->ports.hang_up(env->ports.ctx, loser, HSY_ERROR_REDUNDANT,
                       "another link to this node is open already");
    n->incarnation = n->incarnation > a->record.incarnation
                         ? n->incarnation
                         : a->record.incarnation;
    arrived(core, n, own_dial);
}

/* It proved who it is, and that it lives, before the link was refused. */
static void answered(struct hsy_core *core, const struct hearsay_id *id)
{
    HSY_ASSERT(!hsy_id_equal(&core->env.id, id));
    found(core, id);
    if (is_seed(core)) {
        hsy_seed_answered(core->seed, id);
    }
}

void hsy_core_arrival_lost(struct hsy_core *core, const struct hsy_arrival *a)
{
    HSY_ASSERT(a->link != 0);
    answered(core, &a->record.id);
    if (!a->accepted) { /* Or whoever dialled would wait for ever. */
        hsy_core_dial_failed(core, a->link, HEARSAY_DOWN_CLOSED,
                             HSY_ERROR_DUPLICATE, NULL);
    }
}

static void refuse_twin(struct hsy_core *core, const struct hsy_arrival *a)
{
    struct hsy_env *env = &core->env;

    HSY_ASSERT(a->link != 0);
    env->counters.handshake_refused++;
    env->ports.hang_up(env->ports.ctx, a->link, HSY_ERROR_DUPLICATE,
                       HSY_DUPLICATE_TEXT);
    hsy_core_arrival_lost(core, a);
}

static void challenge(struct hsy_core *core, struct hsy_neighbour *n,
                      const struct hsy_arrival *a)
{
    void *item;

    HSY_ASSERT(n->boot_nonce != a->record.boot_nonce);
    if (n->challenger != 0 ||
        hsy_table_put(&core->challengers, &item, &n->id) != 0) {
        refuse_twin(core, a);
        return;
    }
    ((struct hsy_challenger *)item)->arrival = *a;
    n->challenger = a->link;
    uint64_t wait_ns = hsy_neighbour_wait_ns(n, CHALLENGE_NS);
    n->challenge_until_ns = hsy_time_add(core->env.now.mono_ns, wait_ns);
    hsy_liveness_challenge(&core->liveness, n, wait_ns);
}

/* Both dial at once, and ours is the one that will stay: theirs is refused
 * before anything is agreed on it. */
static bool our_dial_stays(struct hsy_core *core, const struct hsy_arrival *a)
{
    HSY_ASSERT(hsy_neighbour_by_id(&core->neighbours, &a->record.id) == NULL);
    return a->accepted && hsy_id_compare(&core->env.id, &a->record.id) < 0 &&
           hsy_overlay_dialling(&core->overlay, &a->record.id);
}

static void be_observed(struct hsy_core *core, const struct hearsay_addr *seen)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "no-address");

    if (hsy_self_observed(&core->self, seen) ||
        hsy_self_has_addr(&core->self)) {
        return;
    }
    HSY_ASSERT(core->env.config.addrs_count >= 1);
    hsy_note_addr(&note, "observed", seen);
    hsy_note_text(&note, "text",
                  "this seed sees another IP family than the one listened "
                  "on: say where others reach this node with --advertise");
    hsy_tell(&core->env, &note);
}

/* True: it was a feeler of ours, and is hung up. At the other end it is no
 * link: whatever there is between the two goes on. */
static bool felt(struct hsy_core *core, const struct hsy_arrival *a)
{
    const struct hearsay_id *id = &a->record.id;
    struct hsy_env *env = &core->env;

    if (a->accepted ||
        (is_seed(core) ? !hsy_seed_felt(core->seed, a->link)
                       : !hsy_feeler_came(&core->feeler, a->link))) {
        return false;
    }
    if (!is_seed(core)) {
        learn_contact(core, a);
    }
    answered(core, id);
    env->ports.hang_up(env->ports.ctx, a->link, 0, NULL);
    return true;
}

void hsy_core_link_up(struct hsy_core *core, const struct hsy_arrival *a)
{
    struct hsy_env *env = &core->env;
    struct hsy_neighbour *n =
        hsy_neighbour_by_id(&core->neighbours, &a->record.id);

    HSY_ASSERT(a->link != 0);
    if (core->phase != HSY_PHASE_RUNNING) {
        env->ports.hang_up(env->ports.ctx, a->link, 0, NULL);
        return;
    }
    if (felt(core, a)) {
        return;
    }
    env->counters.links_up++;
    if (!is_seed(core)) {
        learn_contact(core, a);
        if (a->accepted && a->record.role == HEARSAY_PEER) {
            hsy_dialable_dialled(&core->dialable);
        }
    }
    if (n == NULL && our_dial_stays(core, a)) {
        env->ports.hang_up(env->ports.ctx, a->link, HSY_ERROR_REDUNDANT,
                           "my own dial to you is under way");
    } else if (n == NULL) {
        add(core, a);
    } else if (n->boot_nonce != a->record.boot_nonce) {
        challenge(core, n, a);
    } else {
        merge_links(core, n, a);
    }
    if (!is_seed(core) && hsy_join_is_seat(&core->join, &a->record.id)) {
        be_observed(core, &a->observed);
    }
}

/* ------------------------------------------------------------- records */

void hsy_core_tell_record(struct hsy_core *core)
{
    struct hsy_frame frame = {.type = HSY_RECORD,
                              .flags = HSY_FLAG_IGNORABLE,
                              .record = core->self.record};

    HSY_ASSERT(!is_seed(core));
    for (uint32_t i = 0; i < hsy_neighbours_count(&core->neighbours); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(&core->neighbours, i);
        if (n->overlay && hsy_neighbour_has(n, HSY_RECORD)) {
            hsy_send(&core->env, n->link, &frame);
        }
    }
}

bool hsy_core_renewed(struct hsy_core *core, struct hsy_neighbour *n,
                      const struct hsy_record *record)
{
    bool is_new;

    HSY_ASSERT(!is_seed(core));
    if (!hsy_id_equal(&record->id, &n->id) || record->role != n->role ||
        record->boot_nonce != n->boot_nonce) {
        return false;
    }
    struct hsy_blob *kept = hsy_keep_record(&core->env, record);
    if (kept == NULL || record->incarnation < n->incarnation) {
        hsy_keep_no_more(&core->env, kept);
        return true; /* The old one will do. */
    }
    hsy_keep_no_more(&core->env, n->record);
    n->record = kept;
    n->incarnation = record->incarnation;
    (void)hsy_book_merge(&core->book, record, &is_new);
    return true;
}

/* -------------------------------------------------------------- deaths */

static void probe_neighbour(struct hsy_core *core,
                            const struct hsy_neighbour *gone)
{
    const struct hsy_contact *c = hsy_book_find(&core->book, &gone->id);
    struct hsy_record record = {.addrs_count = 1, .addrs = {gone->addr}};

    if (c != NULL) {
        record = hsy_kept_record(c->record);
    }
    int err = hsy_probe_start(&core->probes, &gone->id, gone->incarnation,
                              record.addrs, record.addrs_count);
    if (err != 0) {
        core->env.counters.probes_refused++;
    }
}

static const char *why_text(enum hearsay_down why)
{
    switch (why) {
    case HEARSAY_DOWN_CLOSED:
        return "closed";
    case HEARSAY_DOWN_RESET:
        return "reset";
    case HEARSAY_DOWN_REFUSED:
        return "refused";
    case HEARSAY_DOWN_TIMEOUT:
        return "silent";
    case HEARSAY_DOWN_UNREACHABLE:
        return "unreachable";
    case HEARSAY_DOWN_SLOW:
        return "slow";
    }
    return "?";
}

static void note_gone(struct hsy_core *core, const struct hsy_neighbour *gone,
                      const char *why)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "disconnect");

    HSY_ASSERT(gone->overlay || is_seed(core));
    hsy_note_id(&note, "peer", &gone->id);
    hsy_note_addr(&note, "addr", &gone->addr);
    hsy_note_text(&note, "why", why);
    if (gone->overlay) {
        hsy_note_u64(&note, "degree", core->neighbours.degree);
    }
    hsy_tell(&core->env, &note);
}

/* Takes @n out of the table and tells the machines of a peer. */
static void remove_neighbour(struct hsy_core *core, struct hsy_neighbour *n,
                             const char *why)
{
    struct hsy_neighbour gone = *n;

    hsy_neighbour_remove(&core->neighbours, n);
    core->env.counters.links_lost++;
    if (is_seed(core) || gone.overlay) {
        note_gone(core, &gone, why);
    }
    if (is_seed(core)) {
        return;
    }
    if (gone.overlay || gone.asked) {
        hsy_overlay_link_down(&core->overlay, &gone);
    }
    if (gone.overlay) {
        hsy_tree_link_down(&core->relay.tree, &gone);
        hsy_repair_link_down(&core->repair, gone.link);
        hsy_bulk_link_down(&core->relay.bulk, gone.link);
    }
    hsy_join_link_down(&core->join, &gone.id);
}

/* The old process is gone: the one that waited takes its place. */
static bool admit_challenger(struct hsy_core *core, const struct hearsay_id *id)
{
    struct hsy_challenger *c = hsy_table_find(&core->challengers, id);

    if (c == NULL) {
        return false;
    }
    struct hsy_arrival arrival = c->arrival;
    hsy_table_remove(&core->challengers, c);
    HSY_ASSERT(hsy_neighbour_by_id(&core->neighbours, id) == NULL);
    add(core, &arrival);
    return true;
}

/* A process that is stopped may look slow for a while, so who is slow is probed
 * too, unless he comes back; but later, when his line is free again, and not by
 * all at once. Who cannot be dialled has time to come back by himself. */
static void look_after(struct hsy_core *core, const struct hsy_neighbour *gone,
                       enum hearsay_down why, bool undialable)
{
    probe_neighbour(core, gone);
    if (undialable) {
        hsy_probe_later(&core->probes, &gone->id, HSY_RETURN_NS);
    } else if (why == HEARSAY_DOWN_SLOW) {
        hsy_probe_later(&core->probes, &gone->id,
                        SLOW_PROBE_NS +
                            hsy_prng_below(&core->env.prng, SLOW_PROBE_NS));
    }
    HSY_ASSERT(why != HEARSAY_DOWN_TIMEOUT);
}

void hsy_core_drop(struct hsy_core *core, const struct hearsay_id *id,
                   enum hearsay_down why, bool hang_up)
{
    struct hsy_env *env = &core->env;
    struct hsy_neighbour *n = hsy_neighbour_by_id(&core->neighbours, id);

    HSY_ASSERT(n != NULL);
    struct hsy_neighbour gone = *n;
    bool undialable = hsy_kept_undialable(n->record); /* It goes with it. */
    if (hang_up) {
        env->ports.hang_up(env->ports.ctx, gone.link, 0, NULL);
    }
    remove_neighbour(core, n, gone.superseded ? "replaced" : why_text(why));
    if (is_seed(core) && gone.challenger != 0) {
        hsy_registry_hold(&core->seed->registry, &gone.id, false);
    }
    if (admit_challenger(core, &gone.id)) {
        return; /* Restarted: nobody died, and it will register anew. */
    }
    if (is_seed(core)) {
        hsy_seed_link_down(core->seed, &gone, why);
    } else if (gone.overlay && !gone.superseded &&
               why != HEARSAY_DOWN_TIMEOUT) { /* Reported already. */
        look_after(core, &gone, why, undialable);
    }
}

void hsy_core_link_down(struct hsy_core *core, hearsay_link link,
                        enum hearsay_down why)
{
    struct hsy_neighbour *n = hsy_neighbour_by_link(&core->neighbours, link);

    if (n != NULL) {
        struct hearsay_id id = n->id;
        hsy_core_drop(core, &id, why, false);
        if (why == HEARSAY_DOWN_SLOW) {
            hsy_book_slow(&core->book, &id);
        }
        return;
    }
    for (uint32_t i = 0; i < core->challengers.count; i++) {
        struct hsy_challenger *c = hsy_table_at(&core->challengers, i);
        if (c->arrival.link == link) {
            n = hsy_neighbour_by_id(&core->neighbours, &c->id);
            HSY_ASSERT(n != NULL);
            n->challenger = 0;
            n->challenge_until_ns = HEARSAY_NEVER;
            struct hsy_arrival arrival = c->arrival;
            hsy_table_remove(&core->challengers, c);
            hsy_core_arrival_lost(core, &arrival);
            return;
        }
    }
}

void hsy_core_evict(struct hsy_core *core, const struct hearsay_id *id)
{
    struct hsy_neighbour *n = hsy_neighbour_by_id(&core->neighbours, id);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "link-evicted");

    HSY_ASSERT(n != NULL && n->overlay);
    hsy_note_id(&note, "peer", id);
    hsy_note_addr(&note, "addr", &n->addr);
    hsy_tell(&core->env, &note);
    core->env.counters.links_evicted++;
    hsy_overlay_evict(&core->overlay, n);
    n->superseded = true; /* Nobody died. */
    hsy_core_drop(core, id, HEARSAY_DOWN_CLOSED, true);
}

void hsy_core_departed(struct hsy_core *core, const struct hearsay_id *id)
{
    struct hsy_env *env = &core->env;
    struct hsy_neighbour *n = hsy_neighbour_by_id(&core->neighbours, id);
    struct hsy_note note = hsy_note(HEARSAY_INFO, "peer-left");

    HSY_ASSERT(n != NULL);
    HSY_ASSERT(!is_seed(core));
    hsy_note_id(&note, "peer", id);
    hsy_note_addr(&note, "addr", &n->addr);
    hsy_tell(env, &note);
    env->counters.departures++;
    env->ports.hang_up(env->ports.ctx, n->link, 0, NULL);
    remove_neighbour(core, n, "left");
    hsy_book_forget(&core->book, id);
    (void)admit_challenger(core, id); /* It left, and is back already. */
}

/* ------------------------------------------------------------- reports */

void hsy_report_text(char out[HSY_REPORT_TEXT_MAX],
                     const struct hsy_report *report)
{
    char ip[HEARSAY_ADDR_TEXT_LEN];
    struct hsy_text t = {.data = out, .max = HSY_REPORT_TEXT_MAX};

    hsy_text_add(&t, "Dead Node:");
    hsy_addr_ip_text(ip, &report->subject_addr);
    hsy_text_add(&t, ip);
    hsy_text_add(&t, ":");
    hsy_text_add_u64(&t, report->subject_addr.port);
    hsy_text_add(&t, ":");
    hsy_text_add_u64(&t, report->wall_ms);
    hsy_text_add(&t, ":");
    hsy_addr_ip_text(ip, &report->notifier_addr);
    hsy_text_add(&t, ip);
    HSY_ASSERT(t.len < t.max);
}

static void report_death(struct hsy_core *core, const struct hearsay_id *id,
                         uint64_t incarnation, const struct hearsay_addr *addr)
{
    struct hsy_env *env = &core->env;
    struct hsy_signable what = {.kind = HSY_SIGN_REPORT};

    HSY_ASSERT(!is_seed(core));
    what.report.subject = *id;
    what.report.incarnation = incarnation;
    what.report.subject_addr = *addr;
    what.report.wall_ms = env->now.wall_ms;
    what.report.notifier = env->id;
    what.report.notifier_addr = core->self.record.addrs[0];
    if (!env->ports.sign(env->ports.ctx, &what)) {
        env->counters.jobs_refused++; /* The other neighbours report too. */
    }
}

static void hold_report(struct hsy_core *core, const struct hsy_report *report)
{
    struct hsy_reports *held = &core->reports;
    struct hsy_env *env = &core->env;

    if (held->ring == NULL) {
        held->ring =
            env->mem.alloc(env->mem.ctx, HSY_REPORTS_MAX * sizeof(*held->ring));
    }
    if (held->ring == NULL) {
        return; /* Others report it too. */
    }
    if (held->count == HSY_REPORTS_MAX) {
        held->head = (held->head + 1) % HSY_REPORTS_MAX;
        held->count--;
    }
    held->ring[(held->head + held->count) % HSY_REPORTS_MAX] = *report;
    held->count++;
    HSY_ASSERT(held->count <= HSY_REPORTS_MAX);
}

void hsy_core_report_again(struct hsy_core *core, hearsay_link seed)
{
    struct hsy_reports *held = &core->reports;
    struct hsy_frame frame = {.type = HSY_DEAD_REPORT};

    HSY_ASSERT(seed != 0);
    for (uint32_t i = 0; i < held->count; i++) {
        frame.report = held->ring[(held->head + i) % HSY_REPORTS_MAX];
        hsy_send(&core->env, seed, &frame);
    }
    if (hsy_join_is_held(&core->join)) {
        held->count = 0; /* As many have heard them as there should be. */
    }
}

void hsy_core_report_signed(struct hsy_core *core,
                            const struct hsy_report *report)
{
    struct hsy_env *env = &core->env;
    struct hsy_frame frame = {.type = HSY_DEAD_REPORT, .report = *report};
    struct hsy_note note = hsy_note(HEARSAY_WARN, "dead-report");
    char text[HSY_REPORT_TEXT_MAX];

    HSY_ASSERT(hsy_id_equal(&report->notifier, &env->id));
    struct hsy_votes told = hsy_join_tell_seeds(&core->join, &frame);
    if (hsy_votes_missing(&told) > 0) {
        hold_report(core, report);
    }
    hsy_report_text(text, report);
    hsy_note_id(&note, "subject", &report->subject);
    hsy_note_addr(&note, "addr", &report->subject_addr);
    hsy_note_u64(&note, "seeds", told.count);
    hsy_note_text(&note, "text", text);
    hsy_tell(env, &note);
    env->counters.reports_sent++;
}

static void silent(struct hsy_core *core, const struct hsy_probe *probe)
{
    if (is_seed(core)) {
        hsy_seed_probe_silent(core->seed, probe);
        return;
    }
    HSY_ASSERT(probe->addrs_count >= 1);
    if (hsy_doubt_not_found(&core->doubt, probe)) {
        report_death(core, &probe->id, probe->incarnation, &probe->addrs[0]);
    }
}

/* That dial of a probe was no try: the node says that another link is open
 * (REDUNDANT); or somebody took the connection, and it broke (whose process is
 * gone refuses the next one); or HELLO came, and then no more in time, which
 * a node does whose line is bad (AUTH: it was somebody else); or this process
 * was away. It is repeated a few times only, for anybody can say HELLO. */
static bool proves_nothing(const struct hsy_core *core, enum hearsay_down why,
                           unsigned code, bool greeted)
{
    bool broke =
        code == 0 && (why == HEARSAY_DOWN_CLOSED || why == HEARSAY_DOWN_RESET);

    HSY_ASSERT(why <= HEARSAY_DOWN_SLOW);
    return code == HSY_ERROR_REDUNDANT || broke ||
           (greeted && code != HSY_ERROR_AUTH) ||
           hsy_liveness_was_away(&core->liveness);
}

void hsy_core_dial_failed(struct hsy_core *core, hearsay_link link,
                          enum hearsay_down why, unsigned code,
                          const struct hearsay_id *id)
{
    struct hsy_probe ended;
    struct hsy_neighbour *n =
        id != NULL ? hsy_neighbour_by_id(&core->neighbours, id) : NULL;

    core->env.counters.dials_failed++;
    bool met = id != NULL && code != 0 && code != HSY_ERROR_AUTH;
    if (is_seed(core) ? hsy_seed_feeler_failed(core->seed, link, met)
                      : hsy_feeler_dial_failed(&core->feeler, link, met)) {
        return;
    }
    if (code == HSY_ERROR_REDUNDANT && n != NULL) {
        arrived(core, n, link); /* There is a better link already. */
        return;
    }
    bool greeted = id != NULL && hsy_probe_tries(&core->probes, link, id);
    if (proves_nothing(core, why, code, greeted) &&
        hsy_probe_again(&core->probes, link)) {
        return;
    }
    if (hsy_probe_dial_failed(&core->probes, link, why, &ended)) {
        silent(core, &ended);
        return;
    }
    if (is_seed(core)) {
        (void)hsy_seed_dial_failed(core->seed, link, why, code);
        return;
    }
    if (!hsy_join_dial_failed(&core->join, link)) {
        (void)hsy_overlay_dial_failed(&core->overlay, link);
    }
}

/* --------------------------------------------------------------- watch */

static void settle_challenges(struct hsy_core *core)
{
    for (uint32_t i = core->challengers.count; i > 0; i--) {
        struct hsy_challenger *c = hsy_table_at(&core->challengers, i - 1);
        struct hsy_neighbour *n =
            hsy_neighbour_by_id(&core->neighbours, &c->id);
        HSY_ASSERT(n != NULL);
        if (core->env.now.mono_ns >= n->challenge_until_ns) {
            struct hearsay_id id = n->id;
            n->challenger = 0;
            hsy_core_drop(core, &id, HEARSAY_DOWN_TIMEOUT, true);
        }
    }
}

static void act_on(struct hsy_core *core, enum hsy_finding finding,
                   const struct hearsay_id *id)
{
    struct hsy_neighbour *n = hsy_neighbour_by_id(&core->neighbours, id);
    bool dead = finding == HSY_FINDING_DEAD;

    HSY_ASSERT(n != NULL);
    struct hsy_neighbour gone = *n;
    struct hsy_suspect suspect = {
        .id = *id,
        .incarnation = n->incarnation,
        .addr = n->addr,
        .wait_ns = hsy_kept_undialable(n->record) ? HSY_RETURN_NS : 1};
    core->env.counters.slow_closed += finding == HSY_FINDING_SLOW ? 1 : 0;
    hsy_core_drop(core, id, dead ? HEARSAY_DOWN_TIMEOUT : HEARSAY_DOWN_SLOW,
                  true);
    if (finding == HSY_FINDING_SLOW) {
        hsy_book_slow(&core->book, id);
    }
    if (dead && gone.overlay && hsy_doubt_struck_out(&core->doubt, &suspect)) {
        report_death(core, id, gone.incarnation, &gone.addr);
    }
}

void hsy_core_watch(struct hsy_core *core)
{
    struct hearsay_id id;
    enum hsy_finding finding;

    settle_challenges(core);
    while ((finding = hsy_liveness_tick(&core->liveness, &id)) !=
           HSY_FINDING_NONE) {
        act_on(core, finding, &id);
    }
    HSY_ASSERT(core->liveness.next_ns > core->env.now.mono_ns);
}
