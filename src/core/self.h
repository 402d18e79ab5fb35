/* What a node says of itself: its record and its incarnation. Only the owner
 * raises an incarnation, and only after the raise is on disk (docs/protocol.md,
 * Identity). */
#ifndef HSY_CORE_SELF_H
#define HSY_CORE_SELF_H

#include "core/env.h"

enum hsy_self_state {
    HSY_SELF_COLD,       /* Not started. */
    HSY_SELF_PERSISTING, /* A higher incarnation is on its way to disk. */
    HSY_SELF_SIGNING,    /* A new record is being signed. */
    HSY_SELF_READY       /* The record is good. */
};

struct hsy_self {
    struct hsy_env *env;
    enum hsy_self_state state;
    uint64_t incarnation; /* Of this process, and on disk; 0: none yet. */
    uint64_t highest;     /* Read from the disk, or given to it. */
    uint64_t wanted;      /* At least this one, when the next raise is due. */
    uint64_t token;       /* Of the write under way. */
    bool stale;           /* It says other things now: sign again. */
    bool undialable;      /* Nobody gets through to it; dialable.h. */
    bool retry;           /* Signing found no room; the next tick retries. */
    bool signed_once;     /* record has been good at least once. */
    struct hsy_record record; /* The last signed one. */
};

void hsy_self_init(struct hsy_self *self, struct hsy_env *env);
/* Before start: the row of an earlier process. MALFORMED. */
HEARSAY_MUST_USE int hsy_self_restore(struct hsy_self *self,
                                      const struct hearsay_row *row);
/* A new process is a new incarnation. */
void hsy_self_start(struct hsy_self *self);
/* Go above @rank: to refute a death, or to return from it. */
void hsy_self_step_above(struct hsy_self *self, uint64_t rank);
/* Completes addresses without an IP with the one that a seed saw. True: it
 * changed something, and a new record is on its way. */
bool hsy_self_observed(struct hsy_self *self, const struct hearsay_addr *seen);
/* The record is to say so, or no more; a new one is on its way. */
void hsy_self_set_undialable(struct hsy_self *self, bool undialable);
/* True: the new record is ready. */
bool hsy_self_signed(struct hsy_self *self, const struct hsy_record *record);
void hsy_self_persisted(struct hsy_self *self, uint64_t token, bool ok);
void hsy_self_tick(struct hsy_self *self);
bool hsy_self_has_addr(const struct hsy_self *self);

#endif
