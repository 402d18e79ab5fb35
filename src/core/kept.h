/* What a node holds for long is held encoded, in its pool: small, and shared
 * by all who hold the same, be it the book and a neighbour of one node or the
 * thousand nodes of a simulation. */
#ifndef HSY_CORE_KEPT_H
#define HSY_CORE_KEPT_H

#include "base/pool.h"
#include "core/env.h"

/* Each gives a share that the caller drops; NULL: no memory. */
HEARSAY_MUST_USE struct hsy_blob *
hsy_keep_record(const struct hsy_env *env, const struct hsy_record *record);
HEARSAY_MUST_USE struct hsy_blob *
hsy_keep_encoded(const struct hsy_env *env, const struct hsy_encoded *record);
/* As the entry of a SEED_SYNC, length in front: how it is passed on. */
HEARSAY_MUST_USE struct hsy_blob *hsy_keep_links(const struct hsy_env *env,
                                                 const struct hsy_links *links);
HEARSAY_MUST_USE struct hsy_blob *
hsy_keep_bundle(const struct hsy_env *env, const struct hsy_bundle *bundle);
void hsy_keep_no_more(const struct hsy_env *env, struct hsy_blob *kept);

struct hsy_record hsy_kept_record(const struct hsy_blob *kept);
struct hsy_record_brief hsy_kept_record_brief(const struct hsy_blob *kept);
/* Where its first address is; see hsy_addr_group(). */
uint64_t hsy_kept_group(const struct hsy_blob *kept);
/* Dials whom it is of, at the address whose turn it is after so many tries. 0:
 * no room for one more dial. */
hearsay_link hsy_kept_dial(const struct hsy_env *env,
                           const struct hsy_blob *kept, uint32_t tries);
/* The same with a feeler. */
hearsay_link hsy_kept_feel(const struct hsy_env *env,
                           const struct hsy_blob *kept, uint32_t tries);
/* Does it say that nobody can dial it? */
bool hsy_kept_undialable(const struct hsy_blob *kept);
/* Is it this one, byte for byte? */
bool hsy_kept_is(const struct hsy_blob *kept, const struct hsy_encoded *record);
/* These lend what @kept holds. */
struct hsy_bundle hsy_kept_bundle(const struct hsy_blob *kept);
struct hsy_links hsy_kept_links(const struct hsy_blob *kept);
struct hsy_links_brief hsy_kept_links_brief(const struct hsy_blob *kept);

#endif
