/* The seed's Peer List: who is registered, who is dead, who has left, and how
 * many links each has (docs/protocol.md, Seed registry).
 *
 * Two tables: the living, and the graves (tombstones). An id is in at most
 * one of them. rank = 2 * incarnation + dead; the higher rank wins, always.
 * What is left of a grave after 24 h is a floor: the rank alone.
 */
#ifndef HSY_CORE_REGISTRY_H
#define HSY_CORE_REGISTRY_H

#include "base/table.h"
#include "base/weights.h"
#include "core/env.h"

enum {
    HSY_GRAVES_EXTRA = 1024,   /* Graves beyond peers_max; floors as many. */
    HSY_LINKS_COUNT_MAX = 4096 /* Neighbours in one snapshot. */
};

#define HSY_GRAVE_MS (UINT64_C(24) * 3600 * 1000)

/* The token of a record whose last write failed. */
#define HSY_TOKEN_LOST UINT64_MAX

/* What this seed's dials back found out; see dialback.h. */
enum hsy_reach_found { HSY_REACH_UNKNOWN, HSY_REACH_YES, HSY_REACH_NO };

struct hsy_entry {
    struct hearsay_id id;    /* Key. */
    struct hsy_blob *record; /* A share; see kept.h. */
    struct hsy_blob *links;  /* A share: its snapshot; NULL: none. */
    uint64_t incarnation;    /* Of both. */
    /* NEVER unless held, restored from disk, or silent in a trial that got no
     * majority: then that long without a sign of life starts a trial. 0:
     * restored, to be set when the clock runs. */
    uint64_t lease_until_ns;
    /* The last of its incarnations on which this seed signed a verdict; 0:
     * none. If it is the present one, a FLOOR row of its rank says so on disk.
     */
    uint64_t accused;
    uint64_t token;  /* Of the write of the record that is awaited, or
                        HSY_TOKEN_LOST. 0: it is on disk. */
    uint32_t degree; /* Links that both ends name. */
    bool held;       /* This seed holds the registration link. */
    bool absent;     /* Its lease ran out here: not offered, not synced. */
    bool shunned;    /* It plays dead (voice.h): not offered. */
    bool cut;        /* As the topology saw it: others hang on it alone. */
    bool undialable; /* So its record says. */
    bool reaching;   /* A dial back waits, or is under way. */
    bool denied;     /* It was told that it is not reached. */
    uint8_t reach;   /* enum hsy_reach_found, of these addresses. */
};

struct hsy_grave {
    struct hearsay_id id; /* Key. */
    uint64_t incarnation;
    bool left; /* By its own word; else by certificate. */
    /* Said by the proof, but not after it was learnt: so all seeds drop it at
     * the same time, and a clock that is wrong drops it early, to a floor. */
    uint64_t since_ms;
    uint64_t buried_ns; /* When this process learnt it; 0: restored. */
    uint8_t *proof;     /* Owned: DEATH or LEFT, length in front. */
    uint32_t proof_len;
    struct hsy_record record;
};

/* What is known of the ids with one first byte; see registry_facts.c. */
struct hsy_bucket {
    uint64_t sum;
    uint32_t count; /* Living and graves. */
};

/* The least that an id may come back with is above this. */
struct hsy_floor {
    struct hearsay_id id; /* Key. */
    uint64_t rank;
    uint64_t order; /* Rises; the lowest is the oldest. */
};

struct hsy_registry {
    struct hsy_env *env;
    struct hsy_table living;    /* struct hsy_entry */
    struct hsy_table graves;    /* struct hsy_grave */
    struct hsy_table floors;    /* struct hsy_floor */
    struct hsy_weights weights; /* Of the living, by their place. */
    uint64_t floors_order;
    uint32_t absent_count;  /* Of the living. */
    uint32_t offered_count; /* The same: hsy_entry_offered(). */
    uint64_t digest[2];     /* Sum over entries; order does not matter. */
    struct hsy_bucket buckets[HSY_SEED_BUCKETS]; /* Of digest[0]. */
    uint64_t changed_ns; /* When the digest last changed. */
    uint64_t graph_ns;   /* The same, or somebody became absent or present. */
    uint64_t next_ns;    /* Not later than the next expiry. */
    uint32_t scan_left;  /* Of a scan for expiries; 0: none under way. */
    uint64_t scan_next_ns;
    /* The disk; see registry_saves.c. */
    struct hsy_table writes;  /* Asked for and not answered: token, id. */
    struct hsy_table unsaved; /* Ids whose rows must be written again. */
    uint64_t save_ns;         /* When some of them are; NEVER. */
    uint32_t save_tries;      /* In vain, since a write went well. */
};

void hsy_registry_init(struct hsy_registry *r, struct hsy_env *env);
void hsy_registry_fini(struct hsy_registry *r);

struct hsy_entry *hsy_registry_find(const struct hsy_registry *r,
                                    const struct hearsay_id *id);
struct hsy_grave *hsy_registry_grave(const struct hsy_registry *r,
                                     const struct hearsay_id *id);
struct hsy_entry *hsy_registry_at(const struct hsy_registry *r, uint32_t index);
/* Its place: hsy_registry_at(). */
uint32_t hsy_registry_index(const struct hsy_registry *r,
                            const struct hsy_entry *e);
/* Nobody but itself opens links to it, as far as is known here. */
static inline bool hsy_entry_unreachable(const struct hsy_entry *e)
{
    return e->undialable || e->reach == HSY_REACH_NO;
}
/* May others be sent to it? */
static inline bool hsy_entry_offered(const struct hsy_entry *e)
{
    return !e->absent && !e->shunned && !hsy_entry_unreachable(e);
}
/* In draws by degree: degree + 1, and 0 of those that are not offered. */
uint64_t hsy_entry_weight(const struct hsy_entry *e);
/* Its neighbours as it says, ascending; lent. */
struct hsy_ids hsy_entry_links(const struct hsy_entry *e);
/* The highest rank known of an id; 0: never heard of. */
uint64_t hsy_registry_rank(const struct hsy_registry *r,
                           const struct hearsay_id *id);

static inline uint8_t hsy_registry_bucket(const struct hearsay_id *id)
{
    return id->bytes[0];
}
/* What the digests count for it. */
uint64_t hsy_entry_fact(const struct hsy_entry *e);
uint64_t hsy_grave_fact(const struct hsy_grave *g);

/* What a merge did. */
enum hsy_merged {
    HSY_MERGED_NEW,   /* The living gained an id, or one came back. */
    HSY_MERGED_NEWER, /* Something newer of an id, or a new grave. */
    HSY_MERGED_SAME,  /* Known already. */
    HSY_MERGED_STALE, /* Something higher is known, or it fits nobody. */
    HSY_MERGED_FULL   /* No room, no memory: nothing changed. */
};

/* Verified facts in, by rank. Each changes memory and asks for the disk write
 * (ports.persist; *@out_token, 0 when nothing is written, HSY_TOKEN_LOST when
 * it must wait). Of two records of
 * one incarnation the one issued later wins. A record without an address is
 * stale. *@out_back: the id had been dead or had left. */
enum hsy_merged hsy_registry_merge_record(struct hsy_registry *r,
                                          const struct hsy_record *record,
                                          bool *out_back, uint64_t *out_token);
enum hsy_merged
hsy_registry_merge_certificate(struct hsy_registry *r,
                               const struct hsy_certificate *certificate,
                               uint64_t *out_token);
/* @record is the subject's, of any incarnation. */
enum hsy_merged hsy_registry_merge_leave(struct hsy_registry *r,
                                         const struct hsy_record *record,
                                         const struct hsy_leave *leave,
                                         uint64_t *out_token);
/* Only for a living id of the same incarnation and a higher version; keeps
 * degrees of both ends true. Nothing is written to disk. A record of a new
 * incarnation drops the snapshot. */
enum hsy_merged hsy_registry_merge_links(struct hsy_registry *r,
                                         const struct hsy_links *links);

/* The registration link of @id came (held) or went. Any frame on it renews
 * the lease. Both do nothing for an id that is not living. */
void hsy_registry_hold(struct hsy_registry *r, const struct hearsay_id *id,
                       bool held);
void hsy_registry_renew(struct hsy_registry *r, const struct hearsay_id *id);
/* The subject of a trial answered: present again, and leased only if held. */
void hsy_registry_alive(struct hsy_registry *r, const struct hearsay_id *id);
/* Offer @id to nobody, or again. Nothing for an id that is not living. */
void hsy_registry_shun(struct hsy_registry *r, const struct hearsay_id *id,
                       bool shunned);
/* Expire @id again at @at_ns, whatever it is now. */
void hsy_registry_recheck(struct hsy_registry *r, const struct hearsay_id *id,
                          uint64_t at_ns);

/* What a dial back to @e found. */
void hsy_registry_reach(struct hsy_registry *r, struct hsy_entry *e,
                        enum hsy_reach_found found);
/* This seed's verdict on the present incarnation of @e goes out: somebody may
 * complete it with others, whatever @e answers. So it has to step above. */
void hsy_registry_accuse(struct hsy_registry *r, struct hsy_entry *e);
bool hsy_entry_accused(const struct hsy_entry *e);

/* Is the record of @e on disk? */
bool hsy_entry_saved(const struct hsy_entry *e);
/* The write @token is on disk, or failed: then it is asked for again later. */
void hsy_registry_persisted(struct hsy_registry *r, uint64_t token, bool ok);
/* Writes again what is due; see save_ns. */
void hsy_registry_save_tick(struct hsy_registry *r);

/* 32 draws with probability proportional to degree + 1, with replacement,
 * then 16 uniform ones without; never @asker, nor who is not offered. Appends
 * to @list; returns how many draws were by degree. */
uint16_t hsy_registry_sample(struct hsy_registry *r,
                             const struct hearsay_id *asker,
                             struct hsy_writer *list,
                             struct hsy_records *records);
/* At most @count uniform draws without replacement, as above. */
void hsy_registry_uniform(struct hsy_registry *r,
                          const struct hearsay_id *asker, uint32_t count,
                          struct hsy_writer *list, struct hsy_records *records);
/* The @count of highest degree, highest first; @count <= HSY_PAGE_RECORDS. */
void hsy_registry_top(struct hsy_registry *r, const struct hearsay_id *asker,
                      uint32_t count, struct hsy_writer *list,
                      struct hsy_records *records);
/* Page @page of all, HSY_PAGE_RECORDS each, in the table's order. */
void hsy_registry_page(const struct hsy_registry *r, uint32_t page,
                       struct hsy_writer *list, struct hsy_records *records);

/* The facts about up to @count ids behind @after, by rising id, with their
 * proofs, as entries of a SEED_SYNC; who is absent is living. @count 0: about
 * @after alone. Fewer, when @list has no room for more. */
void hsy_registry_facts(const struct hsy_registry *r,
                        const struct hearsay_id *after, uint32_t count,
                        struct hsy_writer *list, struct hsy_facts *facts);

/* The living that are not absent. */
uint32_t hsy_registry_count(const struct hsy_registry *r);

/* Before start: a row of HEARSAY_TABLE_REGISTRY or _FLOOR. MALFORMED, FULL,
 * NOMEM: the registry is unchanged. */
HEARSAY_MUST_USE int hsy_registry_restore(struct hsy_registry *r,
                                          const struct hearsay_row *row);

/* Leases and old graves. True: *@out is a peer whose lease ran out just now;
 * call again until false. */
bool hsy_registry_tick(struct hsy_registry *r, struct hearsay_id *out);

#endif
