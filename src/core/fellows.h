/* The other seeds: who they are, links to them, and what they are told
 * (docs/protocol.md, Seed registry). A seed pushes what it finds itself to all
 * fellows; digests of the whole registry catch what was missed. */
#ifndef HSY_CORE_FELLOWS_H
#define HSY_CORE_FELLOWS_H

#include "core/seed.h"
#include "core/votes.h"

void hsy_fellows_init(struct hsy_seed *s);
void hsy_fellows_start(struct hsy_seed *s);
/* Counts the vote of @id, once; false: it is no seed that is known here. Of all
 * lines, whoever answers there just now: a name that points to another seed
 * for a moment must not make a death cheaper. */
bool hsy_fellows_vote(const struct hsy_seed *s, struct hsy_votes *votes,
                      const struct hearsay_id *id);
/* The line of @id, which is known and not this node; NULL. */
struct hsy_fellow *hsy_fellow_of(struct hsy_seed *s,
                                 const struct hearsay_id *id);
void hsy_fellows_link_up(struct hsy_seed *s, struct hsy_neighbour *n,
                         hearsay_link own_dial);
void hsy_fellows_link_down(struct hsy_seed *s,
                           const struct hsy_neighbour *gone);
bool hsy_fellows_dial_failed(struct hsy_seed *s, hearsay_link link,
                             unsigned code);
/* To all fellows that are linked. */
void hsy_fellows_send(struct hsy_seed *s, const struct hsy_frame *frame);
void hsy_fellows_tick(struct hsy_seed *s);
/* Does this seed know what a quorum knows? With so many fellows, itself
 * included, it is linked, hears from them, and has compared notes. */
bool hsy_fellows_in_touch(const struct hsy_seed *s);

/* ---------------------------------------------------------- fellows_sync.c */

/* One fact for all of them, encoded with its length in front ... */
void hsy_fellows_push(struct hsy_seed *s, const uint8_t *proof,
                      uint32_t proof_len);
/* ... or a record. */
void hsy_fellows_push_record(struct hsy_seed *s,
                             const struct hsy_record *record);
/* A fellow's link is new: asks where it differs. */
void hsy_fellows_sync_start(struct hsy_seed *s, struct hsy_fellow *f,
                            const struct hsy_neighbour *n);
void hsy_fellows_sync_in(struct hsy_seed *s, struct hsy_fellow *f,
                         const struct hsy_neighbour *n,
                         const struct hsy_sync *sync);
void hsy_fellows_buckets_in(struct hsy_seed *s, struct hsy_fellow *f,
                            const struct hsy_neighbour *n,
                            const struct hsy_seed_digest *digest);
/* Sends what is due to @f; when to come back. */
uint64_t hsy_fellows_sync_tick(struct hsy_seed *s, struct hsy_fellow *f,
                               const struct hsy_neighbour *n);

/* The digest of all that is known here; @ask: and where does yours differ? */
void hsy_fellows_send_digest(struct hsy_seed *s, struct hsy_fellow *f,
                             const struct hsy_neighbour *n, bool ask);
/* For fellows_pull.c: the same into @sync. */
void hsy_fellows_put_digest(const struct hsy_seed *s, struct hsy_sync *sync);

/* ---------------------------------------------------------- fellows_pull.c */

/* Sends the own SEED_DIGEST. */
void hsy_fellows_tell_buckets(struct hsy_seed *s,
                              const struct hsy_neighbour *n);
/* Asks for what differs from @digest; false: nothing does. */
bool hsy_fellows_pull(struct hsy_seed *s, struct hsy_fellow *f,
                      const struct hsy_neighbour *n,
                      const struct hsy_seed_digest *digest);
/* Sends what was asked for, as much as fits, and the digest to end it. */
void hsy_fellows_serve(struct hsy_seed *s, struct hsy_fellow *f,
                       const struct hsy_neighbour *n,
                       const struct hsy_seed_pull *pull);

#endif
