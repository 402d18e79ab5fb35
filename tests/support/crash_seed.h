/* A seed with all that it keeps on disk, at work on a disk that may fail: the
 * real core (Peer List, trials, fellows, own incarnation), the real disk lane
 * and the real database, in virtual time. It keeps books of what was promised
 * to whom, what was asked for and what was answered, each with the number of
 * operations that the disk had seen by then. */
#ifndef HSY_TESTS_SUPPORT_CRASH_SEED_H
#define HSY_TESTS_SUPPORT_CRASH_SEED_H

#include "core/self.h"
#include "runtime/store.h"
#include "support/core_ports.h"
#include "support/crash_vfs.h"

enum {
    CRASH_PEERS = 24,
    CRASH_CROWD = 40,                          /* More, that come at once. */
    CRASH_IDS = 1 + CRASH_PEERS + CRASH_CROWD, /* The seed itself is 0. */
    CRASH_FACTS_MAX = 4096,
    CRASH_WORDS_MAX = 4096,
    CRASH_BATCHES_MAX = 1024,
    CRASH_STARTS_MAX = 64,
    CRASH_ROWS_MAX = 8192,
    CRASH_KEYS_MAX = 3 * CRASH_IDS
};

#define CRASH_PATH "/crash/state.db"
#define CRASH_NEVER UINT64_MAX

/* What a workload is made of: counted, so that it cannot become empty. */
enum crash_event {
    CRASH_REGISTERED,
    CRASH_RAISED,
    CRASH_TWIN,      /* Another record of the same incarnation. */
    CRASH_CAME_BACK, /* After death or departure. */
    CRASH_REFUSED,   /* Too low a rank: told so. */
    CRASH_LEARNT,    /* From a fellow. */
    CRASH_LEFT,
    CRASH_CERTIFIED, /* By fellows. */
    CRASH_TRIED,     /* By the seed's own trial. */
    CRASH_SANK,      /* Tombstones into floors. */
    CRASH_ROSE,      /* Floors cleared by a comeback. */
    CRASH_EXPIRED,
    CRASH_OWN_RAISED,
    CRASH_RESTARTED,
    CRASH_OVERLAPPED, /* Asked while a commit ran. */
    CRASH_BATCHED,    /* Commits of three tokens or more. */
    CRASH_FULL_SAID,  /* Only where the disk fails. */
    CRASH_STOPPED,    /* The same: no incarnation without a disk. */
    CRASH_EVENTS
};

const char *crash_event_name(enum crash_event event);

/* The rank that a write holds of one id. */
struct crash_fact {
    uint32_t who;
    uint64_t rank;
    uint64_t token;
    uint64_t asked; /* Operations by then. */
    uint64_t kept;  /* The same when it was answered "ok"; NEVER. */
};

/* "You are registered", or an incarnation of its own that it has shown. */
struct crash_word {
    uint32_t who;
    uint64_t rank;
    uint64_t at;
};

struct crash_batch {
    uint64_t begun;
    uint64_t kept; /* NEVER: not answered, or not "ok". */
    uint64_t sum;  /* Over all rows as they are after it. */
};

struct crash_key {
    uint64_t key, row; /* Hashes; row 0: deleted. */
};

struct crash_seed {
    /* Of the process. */
    struct core_rig rig;
    struct hsy_self self;
    struct hsy_store *store;
    bool running;
    uint64_t life_token;               /* The last one before it. */
    uint64_t starts[CRASH_STARTS_MAX]; /* Operations before each, tries too. */
    uint32_t starts_count;
    /* Of the workload. */
    struct crash_vfs *vfs;
    struct hsy_prng prng;
    uint32_t seeds; /* In config.txt. */
    int wal_pages;  /* After so many the log goes into the database. */
    struct hearsay_now now;
    uint64_t token; /* The last one, over all processes. */
    hearsay_link link;
    uint64_t links_version;
    /* The books. */
    struct crash_fact facts[CRASH_FACTS_MAX];
    uint32_t facts_count;
    struct crash_word words[CRASH_WORDS_MAX];
    uint32_t words_count;
    struct crash_batch batches[CRASH_BATCHES_MAX];
    uint32_t batches_count;
    uint64_t rows[CRASH_ROWS_MAX]; /* Hashes of all that were ever asked. */
    uint32_t rows_count;
    struct crash_key keys[CRASH_KEYS_MAX];
    uint32_t keys_count;
    uint64_t sum;
    uint32_t events[CRASH_EVENTS];
    uint32_t tokens_asked; /* Of the next batch. */
    /* What it said of a disk that fails. */
    uint32_t open_failures, write_failures;
    uint32_t mute; /* Failures without a text that says what and what to do. */
    uint32_t broken; /* Rows of its own disk that it refused, and incarnations
                        that it showed a second time. */
    char text[512];  /* The last one. */
};

/* The number of an id; CRASH_IDS: of nobody here. */
uint32_t crash_who(const struct hearsay_id *id);
struct hearsay_id crash_id(uint32_t who);

/* What is kept of a row, in sums over rows. */
uint64_t crash_row_hash(const struct hearsay_row *row);

/* The workload @rng on @vfs, which has been mounted: some @steps, from the
 * first start to the last end. Faults of @vfs come as they come. */
void crash_seed_work(struct crash_seed *s, struct crash_vfs *vfs, uint64_t rng,
                     uint32_t steps);
/* The disk is good again: two minutes later all must be on it. Returns how
 * many ids are not; the process has ended then. */
uint32_t crash_seed_mend(struct crash_seed *s);

#endif
