/* What a power cut leaves of a journalled disk: walk along the journal, and
 * cut before any operation. What was synced is there. Of the rest each piece
 * is there or not, as the tear says. */
#ifndef HSY_TESTS_SUPPORT_CRASH_CUT_H
#define HSY_TESTS_SUPPORT_CRASH_CUT_H

#include "support/crash_vfs.h"

enum crash_tear {
    CRASH_LOST,      /* Nothing that was not synced. */
    CRASH_KEPT,      /* All of it: the process was killed. */
    CRASH_PREFIX,    /* All up to some sector of some write, in order. */
    CRASH_TORN,      /* Each sector, or not. */
    CRASH_REORDERED, /* Some operations, in any order, some of them torn. */
    CRASH_JUNK,      /* As TORN, and some sectors are noise. */
    CRASH_TEARS
};

const char *crash_tear_name(enum crash_tear tear);

/* Does a sync do what it says? */
enum crash_honesty {
    CRASH_HONEST,
    CRASH_RETRIES,    /* Honest; what a failed sync left is there after the
                         next that succeeds. Linux does not promise that. */
    CRASH_LIES_OFTEN, /* Every other one does nothing, by @rng. */
    CRASH_LIES_ALWAYS
};

struct crash_cut {
    const struct crash_journal *journal; /* Borrowed. */
    enum crash_honesty honesty;
    uint64_t rng;
    size_t at; /* Operations done. */
    /* By inode, what is on the disk for certain. */
    struct crash_file *inodes;
    size_t inodes_count;
    struct crash_disk names; /* The same of names; no bytes. */
    size_t *pending;         /* Operations that may be there. */
    size_t pending_count, pending_room;
};

/* Before the first operation. */
void crash_cut_init(struct crash_cut *cut, const struct crash_journal *journal,
                    enum crash_honesty honesty, uint64_t rng);
void crash_cut_fini(struct crash_cut *cut);
/* One more operation is done. False: there is none. */
bool crash_cut_step(struct crash_cut *cut);
/* The power goes. *@out: empty, or to be replaced. */
void crash_cut_take(const struct crash_cut *cut, struct crash_disk *out,
                    enum crash_tear tear, uint64_t rng);

#endif
