/* One table: a mark, what it means, and how it is recognised. Fault classes
 * have marks of their own behind it, for a fault that never falls tests
 * nothing either. */
#include "sim/marks.h"

#include "base/assert.h"
#include "base/notes.h"
#include "core/counters.h"
#include "sim/swarm.h"
#include "wire/frames.h"

#include <stddef.h>
#include <string.h>

enum kind {
    KIND_NOTE,    /* event [key = text or number] */
    KIND_STOP,    /* number: enum hearsay_stop */
    KIND_COUNTER, /* number: its offset */
    KIND_FRAME    /* number: type; @at: byte of the body, @value */
};

enum { ANY = -1 };

struct mark {
    const char *name;
    const char *says;
    enum kind kind;
    enum hearsay_role role; /* 0: either. */
    const char *event;
    const char *key;  /* NULL: any. */
    const char *text; /* NULL: compare @value, or ANY. */
    int64_t value;
    size_t number;
    size_t at;
};

#define EITHER ((enum hearsay_role)0)
#define NOTE(id, who, ev, explained)                                         \
    {                                                                        \
        .name = (id), .says = (explained), .kind = KIND_NOTE, .role = (who), \
        .event = (ev), .value = ANY                                          \
    }
#define NOTE_TEXT(id, who, ev, k, t, explained)                              \
    {                                                                        \
        .name = (id), .says = (explained), .kind = KIND_NOTE, .role = (who), \
        .event = (ev), .key = (k), .text = (t), .value = ANY                 \
    }
#define NOTE_IS(id, who, ev, k, v, explained)                                \
    {                                                                        \
        .name = (id), .says = (explained), .kind = KIND_NOTE, .role = (who), \
        .event = (ev), .key = (k), .value = (v)                              \
    }
#define STOP(id, why, explained)                                              \
    {                                                                         \
        .name = (id), .says = (explained), .kind = KIND_STOP, .number = (why) \
    }
#define COUNTER(id, who, field, explained)                            \
    {                                                                 \
        .name = (id), .says = (explained), .kind = KIND_COUNTER,      \
        .role = (who), .number = offsetof(struct hsy_counters, field) \
    }
#define FRAME(id, who, type, place, v, explained)                             \
    {                                                                         \
        .name = (id), .says = (explained), .kind = KIND_FRAME, .role = (who), \
        .number = (type), .at = (place), .value = (v)                         \
    }

enum {
    DIGEST_LEN = 16, /* Before ask in SEED_SYNC. */
    GONE_HOW = 4     /* Behind the nonce. */
};

static const struct mark marks_table[] = {
    /* Joining. */
    NOTE("joined", HEARSAY_PEER, "joined", "a peer joined"),
    NOTE("no-quorum", HEARSAY_PEER, "no-quorum", "too few seeds in reach"),
    NOTE("seed-lost", HEARSAY_PEER, "seed-lost", "a registration was lost"),
    NOTE("seed-unreachable", HEARSAY_PEER, "seed-unreachable",
         "a seed could not be dialled"),
    NOTE("seed-mute", HEARSAY_PEER, "seed-mute", "REGISTER without answer"),
    FRAME("registered-ok", HEARSAY_SEED, HSY_REGISTERED, 0, 0,
          "a registration was acknowledged"),
    FRAME("registered-stale", HEARSAY_SEED, HSY_REGISTERED, 0, 1,
          "a seed knew a higher rank"),
    FRAME("registered-full", HEARSAY_SEED, HSY_REGISTERED, 0, 2,
          "a seed could not keep a registration"),
    COUNTER("rows-refused", EITHER, rows_refused,
            "a damaged row was not believed"),
    NOTE_IS("peer-back", HEARSAY_SEED, "peer-registered", "back", 1,
            "one that was dead or had left came back"),
    COUNTER("refutation", HEARSAY_PEER, refutations,
            "a peer raised its incarnation"),
    /* Links. */
    NOTE_TEXT("down-closed", EITHER, "disconnect", "why", "closed",
              "a link ended in order"),
    NOTE_TEXT("down-reset", EITHER, "disconnect", "why", "reset",
              "a link broke"),
    NOTE_TEXT("down-silent", EITHER, "disconnect", "why", "silent",
              "a link ended after three strikes"),
    NOTE_TEXT("down-slow", EITHER, "disconnect", "why", "slow",
              "a link ended as too slow"),
    NOTE_TEXT("down-left", EITHER, "disconnect", "why", "left",
              "a link ended with a good-bye"),
    NOTE_TEXT("down-replaced", EITHER, "disconnect", "why", "replaced",
              "a newer link took the place of an older one"),
    COUNTER("slow-closed", EITHER, slow_closed,
            "one that takes nothing was cut off"),
    NOTE_IS("refuse-own-id", EITHER, "link-refused", "code", 4,
            "a seed reached itself"),
    FRAME("refuse-redundant", EITHER, HSY_ERROR, 0, HSY_ERROR_REDUNDANT,
          "a second link between two was refused"),
    COUNTER("link-lost", EITHER, links_lost, "an authenticated link was lost"),
    COUNTER("handshake-late", EITHER, handshake_late,
            "no HELLO or AUTH in time"),
    COUNTER("dial-failed", EITHER, dials_failed, "a dial failed"),
    /* The overlay. */
    FRAME("refuse-connect", HEARSAY_PEER, HSY_REFUSE, 0, HSY_REFUSE_FULL,
          "a full peer refused, and named others"),
    FRAME("lookup", EITHER, HSY_LOOKUP, 0, ANY, "a record was looked up"),
    FRAME("peers-asked", HEARSAY_PEER, HSY_PEERS_GET, 0, ANY,
          "a peer asked its seeds for more peers"),
    NOTE("bridge-asked", HEARSAY_SEED, "bridge",
         "a seed bridged two components"),
    COUNTER("bridged", HEARSAY_PEER, bridges, "a peer linked as asked"),
    /* Messages. */
    COUNTER("duplicate-bundle", HEARSAY_PEER, bundles_duplicate,
            "a copy was dropped"),
    COUNTER("expired-bundle", HEARSAY_PEER, bundles_expired,
            "a message of another age was dropped"),
    COUNTER("graft-brought", HEARSAY_PEER, grafted,
            "a bundle came because it was asked for"),
    COUNTER("graft-refused", HEARSAY_PEER, grafts_refused,
            "a peer had enough eager links, or was asked too often"),
    COUNTER("pruned", HEARSAY_PEER, prunes_in, "a link was found needless"),
    COUNTER("bundle-collapsed", HEARSAY_PEER, bundles_collapsed,
            "one that waited for too long was announced instead"),
    COUNTER("read-paused", HEARSAY_PEER, reads_paused,
            "a link was read no more, for there was too much to check"),
    COUNTER("parent-replaced", HEARSAY_PEER, parents_changed,
            "a peer hung on another one"),
    COUNTER("root-lost", HEARSAY_PEER, roots_lost,
            "the root was silent, and another took over"),
    COUNTER("gap-pulled", HEARSAY_PEER, repaired,
            "what was missing was pulled"),
    COUNTER("history-pulled", HEARSAY_PEER, history,
            "a late one got what was said before"),
    NOTE("given-up", HEARSAY_PEER, "lost",
         "what nobody has any more was given up"),
    FRAME("pull-unfinished", HEARSAY_PEER, HSY_GONE, GONE_HOW, HSY_GONE_MORE,
          "more was asked for than one answer holds"),
    FRAME("digests-differ", HEARSAY_PEER, HSY_DIGEST, 0, HSY_DIGEST_HASHES,
          "two compared what they have"),
    COUNTER("direct-answered", HEARSAY_PEER, directs_delivered,
            "a direct message was acknowledged"),
    COUNTER("direct-unanswered", HEARSAY_PEER, directs_unanswered,
            "a direct message was not, until its deadline"),
    COUNTER("direct-again", HEARSAY_PEER, directs_again,
            "a retry was known and acknowledged again"),
    COUNTER("answer-late", HEARSAY_PEER, answers_late,
            "an answer came when its query was over"),
    /* Liveness and death. */
    NOTE_IS("strike-1", EITHER, "strike", "count", 1, "a ping was missed"),
    NOTE_IS("strike-3", EITHER, "strike", "count", 3, "the third in a row"),
    NOTE("death-reported", HEARSAY_PEER, "dead-report",
         "a peer reported a death"),
    NOTE_IS("death-reported-to-none", HEARSAY_PEER, "dead-report", "seeds", 0,
            "a report that no seed could hear was kept"),
    NOTE("report-heard", HEARSAY_SEED, "dead-report", "a seed heard of it"),
    NOTE("report-ignored", HEARSAY_SEED, "dead-report-ignored",
         "a report that proves nothing"),
    FRAME("notice", HEARSAY_SEED, HSY_DEAD_NOTICE, 0, ANY,
          "a subject was told of its death"),
    NOTE("veto", HEARSAY_SEED, "dead-refuted", "the subject answered"),
    NOTE("verdict", HEARSAY_SEED, "dead-verdict", "a seed signed a verdict"),
    NOTE("trial-dropped", HEARSAY_SEED, "trial-dropped",
         "no majority came together"),
    NOTE("certificate", HEARSAY_SEED, "dead-removed",
         "a certificate of a death"),
    NOTE_IS("certificate-of-3", HEARSAY_SEED, "dead-removed", "verdicts", 3,
            "of three seeds"),
    NOTE("lease-expired", HEARSAY_SEED, "lease-expired",
         "a lease ran out in silence"),
    NOTE("left", HEARSAY_SEED, "peer-left", "a graceful departure"),
    /* Seeds among each other. */
    FRAME("sync-wanted", HEARSAY_SEED, HSY_SEED_SYNC, DIGEST_LEN, 1,
          "a seed asked another where they differ"),
    FRAME("verdict-sent", HEARSAY_SEED, HSY_VERDICT, 0, ANY,
          "a verdict went to the fellows"),
    /* Ends. */
    STOP("stopped-left", HEARSAY_STOP_LEFT, "a process left"),
    STOP("stopped-disk", HEARSAY_STOP_DISK, "a process gave up its disk"),
    COUNTER("persist-failed", EITHER, persist_failed, "a write failed"),
};
enum { TABLE_COUNT = sizeof(marks_table) / sizeof(marks_table[0]) };
_Static_assert(TABLE_COUNT + HSY_SWARM_FAULTS_COUNT <= HSY_MARKS_MAX,
               "every mark has a place");

uint32_t hsy_marks_count(void)
{
    return TABLE_COUNT + HSY_SWARM_FAULTS_COUNT;
}

const char *hsy_mark_name(uint32_t mark)
{
    HSY_ASSERT(mark < hsy_marks_count());
    return mark < TABLE_COUNT ? marks_table[mark].name
                              : hsy_swarm_fault_name(
                                    (enum hsy_swarm_fault)(mark - TABLE_COUNT));
}

const char *hsy_mark_says(uint32_t mark)
{
    HSY_ASSERT(mark < hsy_marks_count());
    return mark < TABLE_COUNT ? marks_table[mark].says
                              : hsy_swarm_fault_says(
                                    (enum hsy_swarm_fault)(mark - TABLE_COUNT));
}

static bool is_about(const struct mark *m, enum kind kind,
                     enum hearsay_role role)
{
    return m->kind == kind && (m->role == EITHER || m->role == role);
}

static bool field_fits(const struct mark *m, const struct hearsay_note *note)
{
    if (m->key == NULL) {
        return true;
    }
    const struct hearsay_field *f = hsy_note_find(note, m->key);
    if (f == NULL) {
        return false;
    }
    if (m->text != NULL) {
        return f->kind == HEARSAY_FIELD_TEXT && strcmp(f->text, m->text) == 0;
    }
    return f->kind == HEARSAY_FIELD_U64 && f->u64 == (uint64_t)m->value;
}

void hsy_marks_note(struct hsy_marks *marks, enum hearsay_role role,
                    const struct hearsay_note *note)
{
    for (uint32_t i = 0; i < TABLE_COUNT; i++) {
        const struct mark *m = &marks_table[i];
        if (is_about(m, KIND_NOTE, role) &&
            strcmp(m->event, note->event) == 0 && field_fits(m, note)) {
            marks->reached[i]++;
        }
    }
}

/* u32 length | u8 type | u8 flags | body; the length counts from the type. */
static void sent_one(struct hsy_marks *marks, enum hearsay_role role,
                     const uint8_t *frame, size_t len)
{
    enum { TYPE_AT = 4, BODY_AT = 6 };
    for (uint32_t i = 0; i < TABLE_COUNT; i++) {
        const struct mark *m = &marks_table[i];
        if (is_about(m, KIND_FRAME, role) && m->number == frame[TYPE_AT] &&
            (m->value == ANY ||
             (BODY_AT + m->at < len && frame[BODY_AT + m->at] == m->value))) {
            marks->reached[i]++;
        }
    }
}

void hsy_marks_sent(struct hsy_marks *marks, enum hearsay_role role,
                    const uint8_t *bytes, size_t len)
{
    enum { LENGTH_LEN = 4, LEN_MIN = 6 };
    while (len >= LEN_MIN) {
        size_t body_len = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
                          (size_t)bytes[2] << 8 | bytes[3];
        if (body_len > len - LENGTH_LEN) {
            return; /* No whole frame: the machine is no node. */
        }
        sent_one(marks, role, bytes, LENGTH_LEN + body_len);
        bytes += LENGTH_LEN + body_len;
        len -= LENGTH_LEN + body_len;
    }
}

void hsy_marks_stopped(struct hsy_marks *marks, enum hearsay_stop why)
{
    for (uint32_t i = 0; i < TABLE_COUNT; i++) {
        if (marks_table[i].kind == KIND_STOP && marks_table[i].number == why) {
            marks->reached[i]++;
        }
    }
}

void hsy_marks_struck(struct hsy_marks *marks, uint32_t fault)
{
    HSY_ASSERT(fault < HSY_SWARM_FAULTS_COUNT);
    marks->reached[TABLE_COUNT + fault]++;
}

void hsy_marks_counters(struct hsy_marks *marks, enum hearsay_role role,
                        const struct hsy_counters *counters)
{
    for (uint32_t i = 0; i < TABLE_COUNT; i++) {
        const struct mark *m = &marks_table[i];
        uint64_t value;
        if (is_about(m, KIND_COUNTER, role)) {
            memcpy(&value, (const uint8_t *)counters + m->number,
                   sizeof(value));
            marks->reached[i] += value > 0 ? 1 : 0;
        }
    }
}
