/* A seed's verdict is worth something because it tried for itself, so a trial
 * has one way forward, and a veto at every point of it:
 *
 *     WAITING --> PROBING ----+
 *        ^           ^        +--> CONVINCED --> SIGNING --> SIGNED
 *        +-------- PINGING ---+                               |
 *        +------------- a fellow seed came up ----------------+
 *
 * From PROBING it also goes back to WAITING, when the subject was heard lately
 * and is not refused: its line may be full (docs/adr/0022).
 *
 * Verdicts of fellows are collected in any state; a majority of them is a
 * death whatever this seed has found so far. Two minutes without a majority,
 * and the verdicts are out of date: the trial is dropped. */
#include "core/trial.h"

#include "base/addr.h"
#include "core/fellows.h"
#include "core/kept.h"
#include "core/liveness.h"
#include "core/seed_parts.h"

_Static_assert(HEARSAY_SEEDS_MAX / 2 + 1 <= HSY_VERDICTS_MAX,
               "a certificate has room for the verdicts of a majority");

/* Tries take 2 x 750 ms and the 3 s of the last answer, and those of a seed
 * that only hears a fellow's verdict follow on that: 9 s from the first report
 * to the certificate, of the 10 s that are promised. */
#define PING_PACE_NS (750 * HSY_MS)
#define ROOM_WAIT_NS (1 * HSY_SECOND)
#define SIGN_WAIT_NS (100 * HSY_MS)
#define TRIAL_NS (120 * HSY_SECOND)
/* In which somebody who lost his seeds is at another one, whatever his
 * back-off. */
#define MOVE_NS (60 * HSY_SECOND)
/* Between two looks at very many; less than what counts as being away. */
enum { APART_MS = 256 };
_Static_assert(APART_MS *HSY_MS < HSY_AWAY_NS, "or no ping would count");

/* Rows: from. Columns: to. */
static const bool edges[6][6] = {
    [HSY_TRIAL_WAITING] = {[HSY_TRIAL_PINGING] = true,
                           [HSY_TRIAL_PROBING] = true,
                           [HSY_TRIAL_WAITING] = true},
    [HSY_TRIAL_PINGING] =
        {[HSY_TRIAL_WAITING] = true, [HSY_TRIAL_CONVINCED] = true},
    [HSY_TRIAL_PROBING] =
        {[HSY_TRIAL_WAITING] = true, [HSY_TRIAL_CONVINCED] = true},
    [HSY_TRIAL_CONVINCED] = {[HSY_TRIAL_SIGNING] = true},
    [HSY_TRIAL_SIGNING] = {[HSY_TRIAL_SIGNED] = true},
    [HSY_TRIAL_SIGNED] = {[HSY_TRIAL_WAITING] = true},
};

/* A tick looks at all trials, and when half of a network is gone there are
 * many. */
static void plan(struct hsy_seed *s, uint64_t at_ns)
{
    HSY_ASSERT(s->env != NULL);
    s->trials_next_ns = hsy_time_min(
        s->trials_next_ns, hsy_time_shared(at_ns, s->trials.count, APART_MS));
}

static void enter(struct hsy_seed *s, struct hsy_trial *t,
                  enum hsy_trial_state to, uint64_t next_ns)
{
    HSY_ASSERT(edges[t->state][to]);
    HSY_ASSERT((to == HSY_TRIAL_PROBING || to == HSY_TRIAL_SIGNING ||
                to == HSY_TRIAL_SIGNED) == (next_ns == HEARSAY_NEVER));
    t->state = to;
    t->next_ns = next_ns;
    plan(s, next_ns);
}

void hsy_trials_init(struct hsy_seed *s)
{
    HSY_ASSERT(s->env != NULL);
    hsy_table_init(
        &s->trials, &s->env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_trial),
                                 .items_max = s->env->config.peers_max},
        s->env->config.hash_salt);
    s->trials_next_ns = HEARSAY_NEVER;
}

void hsy_trials_fini(struct hsy_seed *s)
{
    HSY_ASSERT(s->env != NULL);
    hsy_table_fini(&s->trials);
}

struct hsy_trial *hsy_trial_find(const struct hsy_seed *s,
                                 const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&s->trials, id);
}

static void tell(struct hsy_seed *s, enum hearsay_level level,
                 const char *event, const struct hsy_trial *t)
{
    struct hsy_note note = hsy_note(level, event);

    HSY_ASSERT(t->record.addrs_count >= 1);
    hsy_note_id(&note, "subject", &t->id);
    hsy_note_addr(&note, "addr", &t->record.addrs[0]);
    hsy_note_u64(&note, "incarnation", t->record.incarnation);
    hsy_note_u64(&note, "verdicts", t->verdicts_count);
    hsy_tell(s->env, &note);
}

static void forget(struct hsy_seed *s, struct hsy_trial *t)
{
    HSY_ASSERT(hsy_trial_find(s, &t->id) == t);
    (void)hsy_probe_answered(s->probes, &t->id);
    hsy_table_remove(&s->trials, t);
}

/* --------------------------------------------------------- the own tries */

static uint64_t answer_ns(const struct hsy_seed *s,
                          const struct hsy_neighbour *n)
{
    HSY_ASSERT(n->link != 0);
    return hsy_neighbour_wait_ns(n, s->env->config.ping_timeout_ns);
}

static void ping(struct hsy_seed *s, struct hsy_trial *t,
                 const struct hsy_neighbour *n)
{
    struct hsy_env *env = s->env;
    struct hsy_frame frame = {.type = HSY_PING};

    HSY_ASSERT(t->pings_count < HSY_TRIAL_PINGS);
    frame.ping = hsy_prng_next(&env->prng);
    t->nonces[t->pings_count] = frame.ping;
    t->pings_count++;
    env->counters.pings++;
    hsy_send(env, n->link, &frame);
    /* All deadlines are equally long: after the last one all have passed. */
    uint64_t wait_ns =
        t->pings_count < HSY_TRIAL_PINGS ? PING_PACE_NS : answer_ns(s, n);
    t->next_ns = hsy_time_add(env->now.mono_ns, wait_ns);
    plan(s, t->next_ns);
}

/* Dials to whom nobody can dial prove nothing while he may be about to come
 * back: to this seed, or, if he had no link to it, to one that will tell. */
static bool gives_time(const struct hsy_seed *s, struct hsy_trial *t)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &t->id);

    HSY_ASSERT(e != NULL);
    if (t->gave_time || !hsy_entry_unreachable(e)) {
        return false;
    }
    t->gave_time = true;
    return true;
}

/* From WAITING: over the open link, else by dialling. */
static void begin(struct hsy_seed *s, struct hsy_trial *t)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(s->neighbours, &t->id);
    const struct hsy_record *record = &t->record;

    HSY_ASSERT(t->state == HSY_TRIAL_WAITING);
    if (n == NULL && gives_time(s, t)) {
        enter(s, t, HSY_TRIAL_WAITING,
              hsy_time_add(s->env->now.mono_ns, t->cause == HSY_TRIAL_LINK
                                                    ? HSY_RETURN_NS
                                                    : MOVE_NS));
        return;
    }
    if (n != NULL) {
        t->pings_count = 0;
        enter(s, t, HSY_TRIAL_PINGING, s->env->now.mono_ns);
        ping(s, t, n);
        return;
    }
    if (hsy_probe_start(s->probes, &t->id, record->incarnation, record->addrs,
                        record->addrs_count) == 0) {
        enter(s, t, HSY_TRIAL_PROBING, HEARSAY_NEVER);
        return;
    }
    enter(s, t, HSY_TRIAL_WAITING,
          hsy_time_add(s->env->now.mono_ns, ROOM_WAIT_NS));
}

bool hsy_trial_start(struct hsy_seed *s, const struct hearsay_id *id,
                     enum hsy_trial_cause cause)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, id);
    void *item;

    if (e == NULL) {
        return false;
    }
    if (hsy_trial_find(s, id) != NULL) {
        /* One of an earlier life ended when the newer record came. */
        return true;
    }
    if (hsy_table_put(&s->trials, &item, id) != 0) {
        return false;
    }
    struct hsy_trial *t = item;
    HSY_ASSERT(t->state == HSY_TRIAL_WAITING);
    t->record = hsy_kept_record(e->record);
    t->cause = cause;
    t->since_ns = s->env->now.mono_ns;
    t->expires_ns = hsy_time_add(s->env->now.mono_ns, TRIAL_NS);
    plan(s, t->expires_ns);
    begin(s, t);
    return true;
}

/* A report of an older incarnation may have been true: nobody answers for
 * it. Nor for one that comes when there was another reason to try. */
bool hsy_trial_reported(struct hsy_seed *s, const struct hsy_report *report)
{
    if (!hsy_trial_start(s, &report->subject, HSY_TRIAL_REPORT)) {
        return false;
    }
    struct hsy_trial *t = hsy_trial_find(s, &report->subject);
    HSY_ASSERT(t != NULL);
    bool answers_for_it = t->cause == HSY_TRIAL_REPORT &&
                          report->incarnation == t->record.incarnation;
    for (uint8_t i = 0; i < t->notifiers_count; i++) {
        answers_for_it = answers_for_it &&
                         !hsy_id_equal(&t->notifiers[i], &report->notifier);
    }
    if (answers_for_it && t->notifiers_count < HSY_VOICE_OTHERS) {
        t->notifiers[t->notifiers_count] = report->notifier;
        t->notifiers_count++;
    }
    return true;
}

void hsy_trial_overtaken(struct hsy_seed *s, const struct hearsay_id *id,
                         uint64_t incarnation)
{
    struct hsy_trial *t = hsy_trial_find(s, id);

    HSY_ASSERT(incarnation > 0);
    if (t != NULL && t->record.incarnation <= incarnation) {
        forget(s, t);
    }
}

void hsy_trial_veto(struct hsy_seed *s, const struct hearsay_id *id)
{
    struct hsy_trial *t = hsy_trial_find(s, id);

    if (t == NULL) {
        return;
    }
    s->env->counters.reports_vetoed++;
    tell(s, HEARSAY_INFO, "dead-refuted", t);
    hsy_seed_refuted(s, &t->id, t->notifiers, t->notifiers_count);
    forget(s, t);
    hsy_registry_alive(&s->registry, id);
    HSY_ASSERT(hsy_trial_find(s, id) == NULL);
}

void hsy_trial_link_lost(struct hsy_seed *s, const struct hearsay_id *id,
                         uint64_t heard_ns, uint64_t from_ns)
{
    struct hsy_trial *t = hsy_trial_find(s, id);

    HSY_ASSERT(hsy_neighbour_by_id(s->neighbours, id) == NULL);
    if (t != NULL) {
        t->heard_ns = heard_ns;
    }
    if (t != NULL && t->state == HSY_TRIAL_PINGING) {
        enter(s, t, HSY_TRIAL_WAITING, from_ns);
        if (from_ns <= s->env->now.mono_ns) {
            begin(s, t);
        }
    }
}

bool hsy_trial_is_nonce(const struct hsy_seed *s, const struct hearsay_id *id,
                        uint64_t nonce)
{
    const struct hsy_trial *t = hsy_trial_find(s, id);

    for (uint8_t i = 0; t != NULL && i < t->pings_count; i++) {
        HSY_ASSERT(i < HSY_TRIAL_PINGS);
        if (t->nonces[i] == nonce) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------- the verdict */

static void sign(struct hsy_seed *s, struct hsy_trial *t)
{
    struct hsy_env *env = s->env;
    struct hsy_signable what = {.kind = HSY_SIGN_VERDICT};

    HSY_ASSERT(t->state == HSY_TRIAL_CONVINCED);
    what.verdict.subject = t->id;
    what.verdict.incarnation = t->record.incarnation;
    what.verdict.wall_ms = env->now.wall_ms;
    what.verdict.seed = env->id;
    if (env->ports.sign(env->ports.ctx, &what)) {
        enter(s, t, HSY_TRIAL_SIGNING, HEARSAY_NEVER);
        return;
    }
    t->next_ns = hsy_time_add(env->now.mono_ns, SIGN_WAIT_NS);
}

static void convince(struct hsy_seed *s, struct hsy_trial *t)
{
    HSY_ASSERT(hsy_registry_find(&s->registry, &t->id) != NULL);
    enter(s, t, HSY_TRIAL_CONVINCED, s->env->now.mono_ns);
    sign(s, t);
}

void hsy_trial_silent(struct hsy_seed *s, const struct hsy_probe *probe)
{
    struct hsy_trial *t = hsy_trial_find(s, &probe->id);

    HSY_ASSERT(probe->failed == HSY_PROBE_TRIES);
    if (t == NULL || t->state != HSY_TRIAL_PROBING ||
        t->record.incarnation != probe->incarnation) {
        return;
    }
    uint64_t quiet_ns =
        hsy_time_add(t->heard_ns, hsy_liveness_round_ns(&s->env->config));
    if (!probe->refused && s->env->now.mono_ns < quiet_ns) {
        enter(s, t, HSY_TRIAL_WAITING, quiet_ns);
        return;
    }
    convince(s, t);
}

static void fill_frame(struct hsy_frame *frame, const struct hsy_trial *t,
                       const struct hsy_verdict *own)
{
    HSY_ASSERT(hsy_id_equal(&own->subject, &t->id));
    *frame = (struct hsy_frame){.type = HSY_VERDICT};
    frame->verdict.verdict = *own;
    frame->verdict.record = t->record;
}

/* False: this seed's verdict is there already. */
static bool add_verdict(struct hsy_trial *t, const struct hsy_verdict *verdict)
{
    uint8_t at = 0;

    HSY_ASSERT(verdict->incarnation == t->record.incarnation);
    while (at < t->verdicts_count &&
           hsy_id_compare(&t->verdicts[at].seed, &verdict->seed) < 0) {
        at++;
    }
    bool same = at < t->verdicts_count &&
                hsy_id_equal(&t->verdicts[at].seed, &verdict->seed);
    if (same || t->verdicts_count == HSY_VERDICTS_MAX) {
        return false;
    }
    for (uint8_t i = t->verdicts_count; i > at; i--) {
        t->verdicts[i] = t->verdicts[i - 1];
    }
    t->verdicts[at] = *verdict;
    t->verdicts_count++;
    HSY_ASSERT(t->verdicts_count <= HSY_VERDICTS_MAX);
    return true;
}

/* True: there is a majority, the trial is over, and @t is gone. */
static bool conclude(struct hsy_seed *s, const struct hsy_trial *t)
{
    struct hsy_certificate proof = {.record = t->record,
                                    .verdicts_count = t->verdicts_count};
    struct hsy_votes votes = hsy_votes(s->env);

    for (uint8_t i = 0; i < t->verdicts_count; i++) {
        if (!hsy_fellows_vote(s, &votes, &t->verdicts[i].seed)) {
            hsy_votes_add_stranger(&votes); /* It was one when it said so. */
        }
    }
    HSY_ASSERT(votes.count == t->verdicts_count);
    if (!hsy_votes_meet_majorities(&votes)) {
        return false;
    }
    for (uint8_t i = 0; i < t->verdicts_count; i++) {
        HSY_ASSERT(hsy_id_equal(&t->verdicts[i].subject, &t->id));
        proof.verdicts[i] = t->verdicts[i];
    }
    hsy_seed_bury(s, &proof, true);
    return true;
}

void hsy_trial_signed(struct hsy_seed *s, const struct hsy_verdict *own)
{
    struct hsy_trial *t = hsy_trial_find(s, &own->subject);
    struct hsy_frame frame;

    HSY_ASSERT(hsy_id_equal(&own->seed, &s->env->id));
    if (t == NULL || t->state != HSY_TRIAL_SIGNING ||
        t->record.incarnation != own->incarnation) {
        return; /* It answered while this was being signed. */
    }
    enter(s, t, HSY_TRIAL_SIGNED, HEARSAY_NEVER);
    bool added = add_verdict(t, own);
    HSY_ASSERT(added || t->verdicts_count == HSY_VERDICTS_MAX);
    hsy_registry_accuse(&s->registry, hsy_registry_find(&s->registry, &t->id));
    s->env->counters.verdicts++;
    tell(s, HEARSAY_INFO, "dead-verdict", t);
    fill_frame(&frame, t, own);
    hsy_fellows_send(s, &frame);
    (void)conclude(s, t);
}

void hsy_trial_collect(struct hsy_seed *s, const struct hsy_verdict *verdict)
{
    const struct hsy_entry *e =
        hsy_registry_find(&s->registry, &verdict->subject);

    HSY_ASSERT(hsy_seed_is_fellow(s, &verdict->seed));
    if (e == NULL || e->incarnation != verdict->incarnation ||
        !hsy_trial_start(s, &verdict->subject, HSY_TRIAL_FELLOW)) {
        return;
    }
    struct hsy_trial *t = hsy_trial_find(s, &verdict->subject);
    HSY_ASSERT(t != NULL);
    if (add_verdict(t, verdict)) {
        (void)conclude(s, t);
    }
}

static void withdraw(struct hsy_seed *s, struct hsy_trial *t)
{
    uint8_t kept = 0;

    for (uint8_t i = 0; i < t->verdicts_count; i++) {
        if (!hsy_id_equal(&t->verdicts[i].seed, &s->env->id)) {
            t->verdicts[kept] = t->verdicts[i];
            kept++;
        }
    }
    HSY_ASSERT(kept + 1 == t->verdicts_count);
    t->verdicts_count = kept;
    t->expires_ns = hsy_time_add(s->env->now.mono_ns, TRIAL_NS);
    enter(s, t, HSY_TRIAL_WAITING, s->env->now.mono_ns);
}

void hsy_trials_again(struct hsy_seed *s)
{
    for (uint32_t i = 0; i < s->trials.count; i++) {
        struct hsy_trial *t = hsy_table_at(&s->trials, i);
        if (t->state == HSY_TRIAL_SIGNED) {
            withdraw(s, t);
        }
    }
    HSY_ASSERT(s->trials.count <= s->env->config.peers_max);
}

void hsy_trial_again(struct hsy_seed *s, const struct hearsay_id *id)
{
    struct hsy_trial *t = hsy_trial_find(s, id);

    HSY_ASSERT(id != NULL);
    if (t != NULL && t->state == HSY_TRIAL_SIGNED) {
        withdraw(s, t);
    }
}

/* ----------------------------------------------------------------- time */

static void pings_due(struct hsy_seed *s, struct hsy_trial *t)
{
    const struct hsy_neighbour *n = hsy_neighbour_by_id(s->neighbours, &t->id);
    uint64_t now_ns = s->env->now.mono_ns;

    HSY_ASSERT(t->state == HSY_TRIAL_PINGING);
    if (n == NULL) {
        hsy_trial_link_lost(s, &t->id, t->heard_ns, now_ns); /* Hung up. */
        return;
    }
    if (t->pings_count < HSY_TRIAL_PINGS) {
        ping(s, t, n);
        return;
    }
    uint64_t wait_ns = answer_ns(s, n);
    uint64_t asked_ns = hsy_time_since(wait_ns, now_ns);
    if (hsy_time_since(t->next_ns, now_ns) > HSY_AWAY_NS ||
        hsy_liveness_unread(n, asked_ns)) {
        /* The answers may be waiting in the socket: look there first. */
        t->next_ns = hsy_time_add(now_ns, wait_ns);
        return;
    }
    uint64_t quiet_ns =
        hsy_time_add(n->heard_ns, hsy_liveness_round_ns(&s->env->config));
    if (now_ns < quiet_ns) {
        t->next_ns = quiet_ns; /* Its line is full: answers may come yet. */
        return;
    }
    convince(s, t);
}

static void due(struct hsy_seed *s, struct hsy_trial *t)
{
    HSY_ASSERT(t->next_ns <= s->env->now.mono_ns);
    switch (t->state) {
    case HSY_TRIAL_WAITING:
        begin(s, t);
        break;
    case HSY_TRIAL_PINGING:
        pings_due(s, t);
        break;
    case HSY_TRIAL_CONVINCED:
        sign(s, t);
        break;
    case HSY_TRIAL_PROBING:
    case HSY_TRIAL_SIGNING:
    case HSY_TRIAL_SIGNED:
        HSY_ASSERT(false); /* Their next_ns is NEVER. */
        break;
    }
}

/* No majority: perhaps too few seeds are up. A lease starts another trial, if
 * nothing is heard of the subject until then. */
static void expire(struct hsy_seed *s, struct hsy_trial *t)
{
    struct hearsay_id id = t->id;

    HSY_ASSERT(t->expires_ns <= s->env->now.mono_ns);
    if (conclude(s, t)) {
        return; /* Two lines turned out to be one seed: n is smaller now. */
    }
    tell(s, HEARSAY_INFO, "trial-dropped", t);
    forget(s, t);
    hsy_registry_recheck(
        &s->registry, &id,
        hsy_time_add(s->env->now.mono_ns, s->env->config.lease_ns));
}

/* From the last to the first: removing one moves one that has been seen. */
void hsy_trials_tick(struct hsy_seed *s)
{
    uint64_t now_ns = s->env->now.mono_ns;

    if (now_ns < s->trials_next_ns) {
        return;
    }
    uint64_t next_ns = HEARSAY_NEVER;
    for (uint32_t left = s->trials.count; left > 0; left--) {
        struct hsy_trial *t = hsy_table_at(&s->trials, left - 1);
        if (t->expires_ns <= now_ns) {
            expire(s, t);
            continue;
        }
        if (t->next_ns <= now_ns) {
            due(s, t);
        }
        HSY_ASSERT(t->next_ns > now_ns);
        next_ns =
            hsy_time_min(next_ns, hsy_time_min(t->next_ns, t->expires_ns));
    }
    s->trials_next_ns = hsy_time_shared(next_ns, s->trials.count, APART_MS);
}
