/* Whose reports a seed believes (docs/protocol.md, Death; models/voice.pml,
 * from which the rules are). Of a refuted report the seed knows only that one
 * end lied: who reports the living, or who answers seeds and nobody else. So
 * each is remembered as a pair for an hour, and the rule is the same at both
 * ends: three different others.
 *
 * Who is silent and who plays dead is derived from the pairs, and changes with
 * them. In memory only: a seed that is started again believes everybody. */
#ifndef HSY_CORE_VOICE_H
#define HSY_CORE_VOICE_H

#include "base/table.h"
#include "core/env.h"

enum { HSY_VOICE_OTHERS = 3, HSY_VOICE_PAIRS_MAX = 4096 };

#define HSY_VOICE_NS (60 * HSY_MINUTE)

struct hsy_pair {
    struct hearsay_id notifier, subject;
    uint64_t refuted_ns;
};

/* How many pairs an id is the subject of. */
struct hsy_refuter {
    struct hearsay_id id; /* Key. */
    uint64_t pairs;
};

struct hsy_voice {
    const struct hsy_env *env;
    struct hsy_pair *ring; /* Owned, oldest first; made on first use. */
    uint32_t head, count;
    struct hsy_table refuters; /* struct hsy_refuter */
};

/* What a notifier may say of a subject. */
enum hsy_said {
    HSY_SAID_HEARD,
    HSY_SAID_BEFORE, /* And it was refuted, less than an hour ago. */
    HSY_SAID_BY_LIAR /* It has no voice at all. */
};

void hsy_voice_init(struct hsy_voice *v, const struct hsy_env *env);
void hsy_voice_fini(struct hsy_voice *v);
enum hsy_said hsy_voice_said(const struct hsy_voice *v,
                             const struct hearsay_id *notifier,
                             const struct hearsay_id *subject);
/* Has @id refuted so many notifiers that it may be taken for the one who lies?
 * Then its pairs count against nobody. */
bool hsy_voice_plays_dead(const struct hsy_voice *v,
                          const struct hearsay_id *id);
/* Has @id no voice, whatever it says? */
bool hsy_voice_is_mute(const struct hsy_voice *v, const struct hearsay_id *id);
/* A report of @notifier on @subject was refuted. There is room for it after
 * hsy_voice_expire(); without memory it is not remembered. */
void hsy_voice_refuted(struct hsy_voice *v, const struct hearsay_id *notifier,
                       const struct hearsay_id *subject);
/* Forgets one pair that is an hour old, or the oldest while there is no room
 * for one more: *@out was its subject. Call again until false. */
bool hsy_voice_expire(struct hsy_voice *v, struct hearsay_id *out);
/* When the oldest is an hour old; NEVER. */
uint64_t hsy_voice_due(const struct hsy_voice *v);
/* @index < count, oldest first. */
const struct hsy_pair *hsy_voice_at(const struct hsy_voice *v, uint32_t index);

#endif
