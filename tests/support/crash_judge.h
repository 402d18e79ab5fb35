/* What a process finds on a disk that went dark, held against the books of
 * who wrote it. */
#ifndef HSY_TESTS_SUPPORT_CRASH_JUDGE_H
#define HSY_TESTS_SUPPORT_CRASH_JUDGE_H

#include "support/crash_cut.h"
#include "support/crash_seed.h"

/* What may be there. */
enum crash_claim {
    CRASH_EXACT,   /* One of the states since the last commit answered. */
    CRASH_AS_TRUE, /* After failed writes: no less than was answered, no more
                      than was asked, and each row as it was asked for. */
    CRASH_EARLIER, /* Syncs lied, in order: any state that there was. */
    CRASH_ANY_TRUE /* Syncs lied, in no order: rows that were asked for; or it
                      is refused, and says what to do. */
};

/* What is wrong with a point. */
enum crash_fault_found {
    CRASH_FINE,
    CRASH_LOST_WORD,   /* R1, R4, R8: an acknowledgement is not kept. */
    CRASH_RESURRECTED, /* R2: a dead rank that was kept, alive again. */
    CRASH_FELL,        /* R4: less than was answered for. */
    CRASH_ROSE_ALONE,  /* R3: more than was ever asked. */
    CRASH_GARBAGE,     /* A row that nobody wrote. */
    CRASH_NO_STATE,    /* Rows of different times together. */
    CRASH_UNREADABLE,  /* Refused though nothing lied, or without a word. */
    CRASH_FAULTS
};

const char *crash_found_name(enum crash_fault_found found);

struct crash_judge {
    /* Of the run. */
    const struct crash_seed *books;
    struct crash_vfs *vfs;
    struct hsy_env env;
    struct core_ports ports;
    uint64_t rows[CRASH_ROWS_MAX]; /* Of the books, sorted. */
    uint32_t rows_count;
    /* Of the point. */
    struct hsy_registry registry;
    struct hsy_self self;
    uint64_t sum;
    uint32_t rows_read, rows_false;
    uint32_t rows_refused; /* True ones: two of one key, say. */
    uint32_t fell;         /* Ids whose rank a further row lowered. */
    uint64_t least[CRASH_IDS], most[CRASH_IDS];
    bool refused; /* With a word. */
    bool mixed;   /* No state, which ANY_TRUE lets pass. */
    char text[512];
};

/* @vfs is for the judge alone, and named "crash-judge". */
void crash_judge_init(struct crash_judge *judge, struct crash_vfs *vfs);
void crash_judge_fini(struct crash_judge *judge);
/* The books are borrowed, and closed. */
void crash_judge_read(struct crash_judge *judge,
                      const struct crash_seed *books);
/* @disk, @at operations after the start. */
enum crash_fault_found crash_judge_point(struct crash_judge *judge,
                                         const struct crash_disk *disk,
                                         uint64_t at, enum crash_claim claim);
/* How many writes of the last process were never made good. */
uint32_t crash_judge_owed(struct crash_judge *judge);

#endif
