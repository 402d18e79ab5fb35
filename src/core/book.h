/* A peer's address book: nodes it could link to, so that a lost link is
 * replaced without asking a seed (docs/protocol.md, Overlay). Bounded;
 * an entry that never worked makes room before one that did. */
#ifndef HSY_CORE_BOOK_H
#define HSY_CORE_BOOK_H

#include "base/table.h"
#include "core/env.h"

struct hsy_contact {
    struct hearsay_id id;    /* Key. */
    struct hsy_blob *record; /* A share; see kept.h. */
    uint64_t next_try_ns;    /* Back-off after a failure; 0: any time. */
    uint32_t token;          /* Of its last write; the lower half. */
    uint16_t tries;          /* Times in a row that it was not reached. */
    uint8_t refusals;        /* In a row: it answers, but wants no link. */
    bool good : 1;           /* A link to it once came up. */
    bool unsaved : 1;        /* Good, and the disk does not know it yet. */
    bool saved : 1;          /* A row on disk. */
    bool slow : 1;           /* next_try_ns is how long it counts as slow. */
    bool anchor : 1;         /* Of long standing; on disk as such. */
    bool first : 1;          /* An anchor of an earlier life, not tried yet. */
    bool coveted : 1;        /* Proven, and an unknown wants its place. */
    bool failing : 1;        /* Not reached since. */
};
/* Large networks hold millions of these. */
_Static_assert(sizeof(struct hsy_contact) <= HEARSAY_ID_LEN + 24,
               "it fits three words and its id");

struct hsy_book {
    struct hsy_env *env;
    struct hsy_table by_id; /* struct hsy_contact */
    uint64_t flush_ns;      /* When unsaved ones go to disk; NEVER. */
    uint32_t anchors;       /* Entries with anchor set. */
    uint32_t firsts;        /* Entries with first set. */
};

enum {
    HSY_BOOK_FLUSH_ROWS = 16,
    HSY_ANCHORS = 4,
    /* Of a full book, one address group may have this part, or this many,
     * before it makes room for the others and takes none from them. */
    HSY_BOOK_GROUP_PART = 16,
    HSY_BOOK_GROUP_MIN = 4
};

void hsy_book_init(struct hsy_book *book, struct hsy_env *env);
void hsy_book_fini(struct hsy_book *book);
HEARSAY_MUST_USE int hsy_book_restore(struct hsy_book *book,
                                      const struct hearsay_row *row);

/* Merges a verified record: the newest wins (mission M4). NULL: seeds, self,
 * no address, undialable (it is forgotten), no room or memory. Valid until the
 * next merge. */
struct hsy_contact *hsy_book_merge(struct hsy_book *book,
                                   const struct hsy_record *record,
                                   bool *out_new);
/* The same of a record that is encoded, and sound. */
struct hsy_contact *hsy_book_merge_encoded(struct hsy_book *book,
                                           const struct hsy_encoded *record,
                                           bool *out_new);
struct hsy_contact *hsy_book_find(const struct hsy_book *book,
                                  const struct hearsay_id *id);
/* It was reached; it is kept on disk from now on. Whether it wants a link is
 * another question: the back-off after a refusal stays. */
void hsy_book_worked(struct hsy_book *book, const struct hearsay_id *id);
/* An overlay link with it: no refusal stands any more. */
void hsy_book_linked(struct hsy_book *book, const struct hearsay_id *id);
/* It was not reached, or did not answer: back off. */
void hsy_book_failed(struct hsy_book *book, const struct hearsay_id *id);
/* It said no: back off, whatever else becomes of it. */
void hsy_book_refused(struct hsy_book *book, const struct hearsay_id *id);
/* Its link took nothing any more: it is not asked for another one for a
 * minute, however well it answers otherwise. */
void hsy_book_slow(struct hsy_book *book, const struct hearsay_id *id);
/* Until when it counts as slow; 0: it does not. */
uint64_t hsy_book_slow_until(const struct hsy_book *book,
                             const struct hearsay_id *id);
/* Its link has stood for long, or does no more: an anchor is never evicted, and
 * after a restart it is dialled first. At most HSY_ANCHORS. */
void hsy_book_anchor(struct hsy_book *book, struct hsy_contact *c, bool on);
/* The next anchor of an earlier life, each once; false: no more. */
bool hsy_book_take_first(struct hsy_book *book, struct hearsay_id *out);
/* It left or died: forget it. */
void hsy_book_forget(struct hsy_book *book, const struct hearsay_id *id);
/* Writes what is due, at most HSY_BOOK_FLUSH_ROWS rows. */
void hsy_book_tick(struct hsy_book *book);
/* A write failed, maybe one of the book: it is tried again in a minute. */
void hsy_book_write_failed(struct hsy_book *book, uint64_t token);
/* Writes all that is unsaved now. */
void hsy_book_flush(struct hsy_book *book);

#endif
