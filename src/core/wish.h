/* Links that seeds wish for, because they see the overlay in parts
 * (docs/protocol.md, Connectivity). A wish is tried again and again until
 * there is such a link, for lines may open at any moment: neither back-off
 * nor a full book stands in its way. How often a seed may wish is the
 * caller's business (hsy_join_may_bridge). */
#ifndef HSY_CORE_WISH_H
#define HSY_CORE_WISH_H

#include "core/overlay.h"

enum { HSY_WISHES_MAX = 4 };

/* A link to one of them is wished for. */
struct hsy_wish {
    struct hsy_blob *records[HSY_BRIDGE_RECORDS]; /* Shares; see kept.h. */
    uint32_t count;                               /* 0: this place is free. */
    uint32_t tries;
    uint64_t until_ns, next_ns;
};

void hsy_wishes_fini(struct hsy_overlay *o);
/* To one of @records; false: there is nothing to be done, or no memory. */
bool hsy_wish_add(struct hsy_overlay *o, const struct hsy_records *records);
/* Is a link with @id wished for? */
bool hsy_wish_names(const struct hsy_overlay *o, const struct hearsay_id *id);
/* Tries what is due; when to come back. */
uint64_t hsy_wishes_tick(struct hsy_overlay *o);

#endif
