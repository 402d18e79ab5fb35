/* What peers say of themselves and of each other, and what follows: who is in
 * the Peer List, who is tried, who is dead. A report is only ever a reason to
 * try; only a certificate or the subject's own LEAVE removes anybody. */
#include "core/seed_parts.h"

#include "base/addr.h"
#include "core/arrivals.h"
#include "core/fellows.h"
#include "core/kept.h"
#include "core/liveness.h"
#include "core/trial.h"

#define DEATH_ROUND_NS (2 * HSY_SECOND)

enum { LOOKED_AT_PER_MS = 128 };

/* @record, of which something new is known, is of another boot than the one
 * that is linked here: that one lives. */
static void tell_overtaken(struct hsy_seed *s, const struct hsy_record *record)
{
    const struct hsy_neighbour *n =
        hsy_neighbour_by_id(s->neighbours, &record->id);

    HSY_ASSERT(record->incarnation > 0);
    if (n != NULL && n->boot_nonce != record->boot_nonce) {
        hsy_seed_overtaken(s, n);
    }
}

/* Who plays dead is a neighbour to nobody. */
static void offer_or_not(struct hsy_seed *s, const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    hsy_registry_shun(&s->registry, id, hsy_voice_plays_dead(&s->voice, id));
}

enum hsy_merged hsy_seed_merge_record(struct hsy_seed *s,
                                      const struct hsy_record *record,
                                      bool *out_back, uint64_t *out_token)
{
    enum hsy_merged merged =
        hsy_registry_merge_record(&s->registry, record, out_back, out_token);
    bool changed = merged == HSY_MERGED_NEW || merged == HSY_MERGED_NEWER;

    HSY_ASSERT(changed || !*out_back);
    if (changed && record->incarnation > 1) {
        hsy_trial_overtaken(s, &record->id, record->incarnation - 1);
    }
    if (merged == HSY_MERGED_NEW) {
        offer_or_not(s, &record->id);
    }
    if (changed) {
        hsy_watchers_changed(&s->watchers, &record->id);
        tell_overtaken(s, record);
    }
    return merged;
}

/* ------------------------------------------------- deaths and departures */

static void gone(struct hsy_seed *s, const struct hearsay_id *id)
{
    HSY_ASSERT(hsy_registry_find(&s->registry, id) == NULL);
    hsy_trial_overtaken(s, id, HSY_INCARNATION_END);
    hsy_watchers_changed(&s->watchers, id);
    s->topology.next_ns = hsy_time_min(
        s->topology.next_ns, hsy_time_add(s->env->now.mono_ns, DEATH_ROUND_NS));
}

static void push_grave(struct hsy_seed *s, const struct hearsay_id *id)
{
    const struct hsy_grave *g = hsy_registry_grave(&s->registry, id);

    HSY_ASSERT(g != NULL);
    hsy_fellows_push(s, g->proof, g->proof_len);
}

static void tell_grave(struct hsy_seed *s, struct hsy_note *note,
                       const struct hsy_record *record)
{
    HSY_ASSERT(record->incarnation > 0);
    hsy_note_u64(note, "incarnation", record->incarnation);
    if (record->addrs_count > 0) {
        hsy_note_addr(note, "addr", &record->addrs[0]);
    }
    hsy_tell(s->env, note);
}

/* Whoever had only neighbours that are dead has nobody left to report him. So
 * when one of them is buried, this seed tries those whose registration it holds
 * and whom it has not heard for longer than their pings to it are apart. */
static void try_the_bereaved(struct hsy_seed *s, const struct hearsay_id *dead)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, dead);
    struct hsy_ids ids = e == NULL ? (struct hsy_ids){0} : hsy_entry_links(e);
    uint64_t now_ns = s->env->now.mono_ns;

    for (uint32_t i = 0; i < ids.count; i++) {
        const struct hearsay_id *id = hsy_ids_at(&ids, i);
        const struct hsy_neighbour *n = hsy_neighbour_by_id(s->neighbours, id);
        const struct hsy_entry *other = hsy_registry_find(&s->registry, id);
        if (n != NULL && other != NULL && other->held &&
            now_ns >= hsy_time_add(n->heard_ns,
                                   hsy_liveness_round_ns(&s->env->config))) {
            HSY_ASSERT(!hsy_id_equal(id, &s->env->id));
            (void)hsy_trial_start(s, id, HSY_TRIAL_BEREAVED);
        }
    }
}

void hsy_seed_bury(struct hsy_seed *s, const struct hsy_certificate *proof,
                   bool tell)
{
    const struct hsy_record *record = &proof->record;
    struct hsy_note note = hsy_note(HEARSAY_WARN, "dead-removed");
    uint64_t token = 0;

    HSY_ASSERT(proof->verdicts_count >= 1);
    if (hsy_registry_rank(&s->registry, &record->id) <
        hsy_rank_dead(record->incarnation)) {
        try_the_bereaved(s, &record->id); /* Before its snapshot goes. */
    }
    if (hsy_registry_merge_certificate(&s->registry, proof, &token) !=
        HSY_MERGED_NEWER) {
        return;
    }
    gone(s, &record->id);
    s->env->counters.deaths++;
    /* It looks at every link: where they are many, several deaths share it. */
    uint64_t pace_ns =
        hsy_neighbours_count(s->neighbours) / LOOKED_AT_PER_MS * HSY_MS;
    s->funeral_ns =
        hsy_time_min(s->funeral_ns, hsy_time_add(s->env->now.mono_ns, pace_ns));
    hsy_note_id(&note, "subject", &record->id);
    hsy_note_u64(&note, "verdicts", proof->verdicts_count);
    tell_grave(s, &note, record);
    if (tell) {
        push_grave(s, &record->id);
    }
}

void hsy_seed_depart(struct hsy_seed *s, const struct hsy_record *record,
                     const struct hsy_leave *leave, bool tell)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "peer-left");
    uint64_t token = 0;

    HSY_ASSERT(hsy_id_equal(&record->id, &leave->id));
    if (hsy_registry_merge_leave(&s->registry, record, leave, &token) !=
        HSY_MERGED_NEWER) {
        return;
    }
    gone(s, &leave->id);
    s->env->counters.departures++;
    hsy_note_id(&note, "peer", &leave->id);
    tell_grave(s, &note, record);
    if (tell) {
        push_grave(s, &leave->id);
    }
    tell_overtaken(s, record); /* With its disk it forgot that it once left. */
}

/* From the one who leaves or passed on: the signature is what counts. */
void hsy_seed_leave(struct hsy_seed *s, const struct hsy_leave *leave)
{
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &leave->id);

    HSY_ASSERT(leave->incarnation > 0);
    if (e != NULL) {
        struct hsy_record record = hsy_kept_record(e->record); /* It goes. */
        hsy_seed_depart(s, &record, leave, true);
    }
}

/* ----------------------------------------------------------------- links */

void hsy_seed_links(struct hsy_seed *s, const struct hsy_neighbour *n,
                    const struct hsy_links *links)
{
    if (!hsy_id_equal(&n->id, &links->id) ||
        links->neighbours.count > HSY_LINKS_COUNT_MAX) {
        hsy_seed_misuse(s);
        return;
    }
    if (hsy_registry_merge_links(&s->registry, links) != HSY_MERGED_NEWER) {
        return;
    }
    const struct hsy_entry *e = hsy_registry_find(&s->registry, &links->id);
    HSY_ASSERT(e != NULL);
    HSY_ASSERT(e->links != NULL);
    struct hsy_note note = hsy_note(HEARSAY_DEBUG, "degree");
    hsy_note_id(&note, "peer", &e->id);
    hsy_note_u64(&note, "degree", e->degree);
    hsy_tell(s->env, &note);
    hsy_fellows_push(s, e->links->bytes, e->links->len);
}

/* --------------------------------------------------------------- reports */

static void tell_report(struct hsy_seed *s, const struct hsy_report *report)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, "dead-report");
    char text[HSY_REPORT_TEXT_MAX];

    hsy_report_text(text, report);
    HSY_ASSERT(text[0] == 'D');
    hsy_note_id(&note, "from", &report->notifier);
    hsy_note_id(&note, "subject", &report->subject);
    hsy_note_addr(&note, "addr", &report->subject_addr);
    hsy_note_text(&note, "text", text);
    hsy_tell(s->env, &note);
}

static void tell_ignored(struct hsy_seed *s, const struct hsy_report *report)
{
    struct hsy_note note = hsy_note(HEARSAY_DEBUG, "dead-report-ignored");

    HSY_ASSERT(report->incarnation > 0);
    hsy_note_id(&note, "from", &report->notifier);
    hsy_note_id(&note, "subject", &report->subject);
    hsy_note_u64(&note, "incarnation", report->incarnation);
    hsy_tell(s->env, &note);
}

/* Not of whom its reports were refuted, so that it costs them nothing more. */
static bool is_believed(struct hsy_seed *s, const struct hsy_report *report)
{
    struct hsy_note note = hsy_note(HEARSAY_INFO, "dead-report-muted");
    enum hsy_said said =
        hsy_voice_said(&s->voice, &report->notifier, &report->subject);

    if (said == HSY_SAID_HEARD) {
        return true;
    }
    HSY_ASSERT(s->voice.count > 0);
    s->env->counters.reports_muted++;
    hsy_note_id(&note, "from", &report->notifier);
    hsy_note_id(&note, "subject", &report->subject);
    hsy_note_text(&note, "why",
                  said == HSY_SAID_BEFORE
                      ? "its report on this one was refuted lately"
                      : "its reports on three others were refuted lately");
    hsy_tell(s->env, &note);
    return false;
}

/* The subject hears first of what is said about it. */
static void tell_subject(struct hsy_seed *s, const struct hsy_report *report)
{
    const struct hsy_neighbour *n =
        hsy_neighbour_by_id(s->neighbours, &report->subject);
    struct hsy_frame frame = {.type = HSY_DEAD_NOTICE};

    if (n != NULL) {
        HSY_ASSERT(n->link != 0);
        frame.report = *report;
        hsy_send(s->env, n->link, &frame);
    }
}

void hsy_seed_report(struct hsy_seed *s, const struct hsy_neighbour *n,
                     const struct hsy_report *report)
{
    if (!hsy_id_equal(&n->id, &report->notifier) ||
        hsy_registry_find(&s->registry, &n->id) == NULL) {
        hsy_seed_misuse(s);
        return;
    }
    HSY_ASSERT(report->incarnation > 0);
    s->env->counters.reports_in++;
    tell_report(s, report);
    const struct hsy_entry *e =
        hsy_registry_find(&s->registry, &report->subject);
    /* Of an incarnation unknown here the other seeds know more. An older one
     * is what a neighbour knew when they linked: the tries decide. */
    if (e == NULL || report->incarnation > e->incarnation) {
        tell_ignored(s, report);
        return;
    }
    if (!is_believed(s, report)) {
        return;
    }
    if (report->incarnation == e->incarnation) {
        tell_subject(s, report);
    }
    if (!hsy_trial_reported(s, report)) {
        tell_ignored(s, report);
    }
}

/* --------------------------------------------------------------- refuted */

/* The first time that somebody loses its voice, or is found to play dead. */
static void tell_liar(struct hsy_seed *s, const char *event,
                      const struct hearsay_id *id)
{
    struct hsy_note note = hsy_note(HEARSAY_WARN, event);

    HSY_ASSERT(event != NULL);
    hsy_note_id(&note, "peer", id);
    hsy_tell(s->env, &note);
}

void hsy_seed_voice_tick(struct hsy_seed *s)
{
    struct hearsay_id subject;

    while (hsy_voice_expire(&s->voice, &subject)) {
        offer_or_not(s, &subject);
    }
    HSY_ASSERT(hsy_voice_due(&s->voice) > s->env->now.mono_ns);
}

void hsy_seed_refuted(struct hsy_seed *s, const struct hearsay_id *subject,
                      const struct hearsay_id *notifiers, uint32_t count)
{
    struct hsy_voice *v = &s->voice;
    bool played = hsy_voice_plays_dead(v, subject);

    HSY_ASSERT(count <= HSY_VOICE_OTHERS);
    for (uint32_t i = 0; i < count; i++) {
        bool was_mute = hsy_voice_is_mute(v, &notifiers[i]);
        hsy_seed_voice_tick(s); /* Makes room. */
        hsy_voice_refuted(v, &notifiers[i], subject);
        if (!was_mute && hsy_voice_is_mute(v, &notifiers[i])) {
            tell_liar(s, "notifier-muted", &notifiers[i]);
        }
    }
    if (!played && hsy_voice_plays_dead(v, subject)) {
        tell_liar(s, "peer-plays-dead", subject);
    }
    offer_or_not(s, subject);
}
