/* A seed's own tries of one subject, and the verdicts of all seeds on it
 * (docs/protocol.md, Seed registry). It ends in a veto (one authenticated
 * answer), in a certificate (a majority of verdicts), or after two minutes.
 */
#ifndef HSY_CORE_TRIAL_H
#define HSY_CORE_TRIAL_H

#include "core/seed.h"

enum { HSY_TRIAL_PINGS = 3 };

enum hsy_trial_state {
    HSY_TRIAL_WAITING,   /* For room to dial. */
    HSY_TRIAL_PINGING,   /* Over the open link. */
    HSY_TRIAL_PROBING,   /* Dials are under way, see probe.h. */
    HSY_TRIAL_CONVINCED, /* All tries failed; to be signed. */
    HSY_TRIAL_SIGNING,
    HSY_TRIAL_SIGNED /* The own verdict is out. */
};

/* What a trial was started by. */
enum hsy_trial_cause {
    HSY_TRIAL_REPORT,
    HSY_TRIAL_LINK,   /* The registration link here broke. */
    HSY_TRIAL_LEASE,  /* It ran out here. */
    HSY_TRIAL_FELLOW, /* The verdict of another seed. */
    HSY_TRIAL_BEREAVED
};

struct hsy_trial {
    struct hearsay_id id;     /* Key: the subject. */
    struct hsy_record record; /* Its incarnation is the one on trial. */
    enum hsy_trial_state state;
    enum hsy_trial_cause cause;
    uint64_t since_ns;
    /* Who said so of this very incarnation, if that is the cause: the first,
     * and those that follow. An answer refutes them. */
    struct hearsay_id notifiers[HSY_VOICE_OTHERS];
    uint8_t notifiers_count;
    uint8_t pings_count;
    uint8_t verdicts_count;
    bool gave_time; /* Nobody can dial it: it had time to come back. */
    uint64_t nonces[HSY_TRIAL_PINGS];
    uint64_t heard_ns; /* Of its last link, when there is none any more. */
    uint64_t next_ns;  /* Next ping, next try to sign; NEVER. */
    uint64_t expires_ns;
    struct hsy_verdict verdicts[HSY_VERDICTS_MAX]; /* By seed, ascending. */
};

void hsy_trials_init(struct hsy_seed *s);
void hsy_trials_fini(struct hsy_seed *s);
struct hsy_trial *hsy_trial_find(const struct hsy_seed *s,
                                 const struct hearsay_id *id);

/* Starts one of the living @id unless it runs already. False: no such peer,
 * or no room. */
bool hsy_trial_start(struct hsy_seed *s, const struct hearsay_id *id,
                     enum hsy_trial_cause cause);
/* The same at the word of @report's notifier, who answers for it. */
bool hsy_trial_reported(struct hsy_seed *s, const struct hsy_report *report);
/* Forgets the trial of @id, if it is of an incarnation up to @incarnation. */
void hsy_trial_overtaken(struct hsy_seed *s, const struct hearsay_id *id,
                         uint64_t incarnation);
/* The subject answered. */
void hsy_trial_veto(struct hsy_seed *s, const struct hearsay_id *id);
/* The link over which it was pinged is gone, and was heard at @heard_ns; it is
 * not dialled before @from_ns. */
void hsy_trial_link_lost(struct hsy_seed *s, const struct hearsay_id *id,
                         uint64_t heard_ns, uint64_t from_ns);
void hsy_trial_silent(struct hsy_seed *s, const struct hsy_probe *probe);
bool hsy_trial_is_nonce(const struct hsy_seed *s, const struct hearsay_id *id,
                        uint64_t nonce);
void hsy_trial_signed(struct hsy_seed *s, const struct hsy_verdict *own);
/* A fellow's verdict on the living, of the incarnation known here: starts a
 * trial, and may complete a certificate. */
void hsy_trial_collect(struct hsy_seed *s, const struct hsy_verdict *verdict);
/* A fellow came up. Perhaps it was this seed that had been cut off from
 * everybody: what it found then is tried again before it accuses. */
void hsy_trials_again(struct hsy_seed *s);
/* The same of one subject, if it has a verdict of this seed: that is old now,
 * and until the trial is dropped nothing else would ask the subject. */
void hsy_trial_again(struct hsy_seed *s, const struct hearsay_id *id);
void hsy_trials_tick(struct hsy_seed *s);

#endif
