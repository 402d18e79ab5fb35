/* Retained messages and marks on the disk, so that a peer that is started
 * again neither delivers twice nor forgets (docs/adr/0019). A message is
 * handed to the application when its row is committed, relayed long before. */
#ifndef HSY_CORE_SAVED_H
#define HSY_CORE_SAVED_H

#include "core/bulk.h"
#include "core/delivery.h"
#include "core/messages.h"
#include "core/retained.h"
#include "core/saved_rows.h"

enum {
    HSY_SAVING_MAX = 16384, /* Bundles on their way to the disk. */
    HSY_SAVING_PARTS = 4,   /* Of retain_bytes they may have one part. */
    HSY_FLIGHTS_MAX = 8,    /* Transactions. */
    HSY_BATCH_BUNDLES = 64, /* Bundles in one of them; rows of other kinds: */
    HSY_BATCH_ROWS = 512,
    HSY_SAVED_GONE_MAX = 65536 /* Rows that wait to be deleted. */
};
/* Marks, rows that go, and what was handed over are written so much later, or
 * with what is written anyway. */
#define HSY_SAVED_LATER_NS (1 * HSY_SECOND)
/* A disk that has not answered after so long is not waited for. */
#define HSY_SAVED_DISK_NS (10 * HSY_SECOND)

struct hsy_saving; /* A bundle on its way. */

/* A row that goes: of a bundle, or a mark. */
struct hsy_gone {
    struct hsy_epoch of;
    uint64_t ordinal; /* Of the bundle. */
    uint8_t key_len;
    uint8_t key[HSY_MARK_KEY_LEN];
};

/* A transaction that the disk has not answered. */
struct hsy_flight {
    uint64_t token;    /* 0: none. */
    uint64_t since_ns; /* When it was asked for, or this process was back. */
    bool excused;      /* It was away once already. */
    struct hsy_saving *first;
    struct hsy_gone *gone; /* Owned; NULL: none. */
    uint32_t gone_count;
    bool marks; /* It has some. */
};

struct hsy_restored; /* saved_restore.c */

/* Where a large message goes whose content has to be fetched again. */
struct hsy_saved_large {
    void *ctx;
    const struct hsy_bulk *bulk;
    void (*expect)(void *ctx, const struct hsy_manifest *manifest);
};

struct hsy_saved {
    struct hsy_env *env;
    struct hsy_saved_large large;
    struct hsy_origins *origins;
    struct hsy_retained *retained;
    struct hsy_ml *seen;
    struct hsy_delivery *delivery;
    struct hsy_saving *first, *last; /* Owned: not written yet. */
    uint32_t count;                  /* Written or not, and not answered. */
    uint64_t bytes;
    uint64_t contents_len; /* Of large messages among them. */
    struct hsy_flight flights[HSY_FLIGHTS_MAX]; /* In order of asking. */
    uint32_t flights_count;
    struct hsy_gone *gone; /* Owned. */
    uint32_t gone_count, gone_room;
    uint64_t last_ordinal;
    uint64_t over;   /* Up to there all are answered, and given to delivery. */
    bool had_life;   /* A process before this one had left something. */
    uint64_t handed; /* Up to there the disk knows of it; UINT64_MAX: ask. */
    uint32_t dirty;  /* Origins whose marks are to be written. */
    bool stuck;      /* The disk: see HSY_SAVED_DISK_NS. */
    uint64_t next_ns;
    struct hsy_restored *restored; /* Owned; before START only. */
};

void hsy_saved_init(struct hsy_saved *s, struct hsy_env *env);
void hsy_saved_fini(struct hsy_saved *s);
static inline bool hsy_saved_on(const struct hsy_saved *s)
{
    return s->env->config.retain_on_disk;
}
/* HEARSAY_ERR_MALFORMED, HEARSAY_ERR_FULL, HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_saved_restore(struct hsy_saved *s,
                                       const struct hearsay_row *row);
/* The clock runs: what was restored is kept, claimed and delivered. */
void hsy_saved_start(struct hsy_saved *s);
/* The bundle of @turn was claimed, and is kept as @b (NULL: it is not). True:
 * it will be delivered, if that is asked for; false: not from here. */
bool hsy_saved_put(struct hsy_saved *s, struct hsy_retained_bundle *b,
                   const struct hsy_turn *turn, bool deliver);
/* @b is kept no more. */
void hsy_saved_drop(struct hsy_saved *s, const struct hsy_retained_bundle *b);
/* What has come of @origin is to be written: not all of it is kept. */
void hsy_saved_mark(struct hsy_saved *s, struct hsy_origin *origin);
/* @origin is forgotten. */
void hsy_saved_unmark(struct hsy_saved *s, const struct hsy_origin *origin);
void hsy_saved_persisted(struct hsy_saved *s, uint64_t token, bool ok);
void hsy_saved_tick(struct hsy_saved *s);
/* Nothing waits to be delivered. */
bool hsy_saved_idle(const struct hsy_saved *s);
/* Asks for all bundles that are not written. */
void hsy_saved_flush(struct hsy_saved *s);
/* The last words: what waits is delivered, and all that is to be written is. */
void hsy_saved_end(struct hsy_saved *s);

/* saved_restore.c, for saved.c only. */
void hsy_restored_free(struct hsy_saved *s);
/* The row of @id goes, when @ordinal is over. Without memory it stays until
 * the next start. */
void hsy_saved_forget(struct hsy_saved *s, const struct hsy_epoch *of,
                      const struct hsy_bundle_id *id, uint64_t ordinal);

/* Of one on its way, without the bundle. */
size_t hsy_saved_saving_len(void);

/* What a start reads back at most, before it is delivered or kept: bundles,
 * their bytes, and what one takes beside its bundle. */
uint64_t hsy_restored_max(const struct hearsay_config *config);
uint64_t hsy_restored_bytes(const struct hearsay_config *config);
size_t hsy_restored_len(void);

#endif
