/* A peer's link snapshot: who its overlay neighbours are, versioned and
 * signed, sent to its seeds on every change (mission M6). Changes of one
 * instant go out as one snapshot. */
#ifndef HSY_CORE_SNAPSHOT_H
#define HSY_CORE_SNAPSHOT_H

#include "core/join.h"
#include "core/neighbours.h"
#include "core/self.h"

struct hsy_snapshot {
    struct hsy_env *env;
    const struct hsy_neighbours *neighbours;
    struct hsy_join *join;
    const struct hsy_self *self;
    bool dirty;
    bool signing;
    uint64_t version;
    uint64_t next_ns;      /* When a dirty one is signed; NEVER. */
    struct hsy_blob *last; /* A share: the last signed LINKS; kept.h. */
};

void hsy_snapshot_init(struct hsy_snapshot *s, struct hsy_env *env,
                       const struct hsy_neighbours *neighbours,
                       struct hsy_join *join, const struct hsy_self *self);
void hsy_snapshot_fini(struct hsy_snapshot *s);
/* The set of links, or the incarnation, is another one. */
void hsy_snapshot_changed(struct hsy_snapshot *s);
/* A seed registered this peer just now and has no snapshot of it. */
void hsy_snapshot_tell(struct hsy_snapshot *s, hearsay_link seed);
void hsy_snapshot_signed(struct hsy_snapshot *s, const struct hsy_links *links);
void hsy_snapshot_tick(struct hsy_snapshot *s);

#endif
