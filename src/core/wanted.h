/* Bundles that were announced and have not come: who has them, and when to
 * ask (docs/protocol.md, Relay; Plumtree, Leitao et al. 2007, section 3.6). */
#ifndef HSY_CORE_WANTED_H
#define HSY_CORE_WANTED_H

#include "base/table.h"
#include "core/env.h"

enum { HSY_WANTED_MAX = 4096, HSY_ANNOUNCERS_MAX = 4 };

struct hsy_wanted_bundle {
    struct hsy_bundle_id id;                     /* Key. */
    hearsay_link announcers[HSY_ANNOUNCERS_MAX]; /* Those not asked yet. */
    uint64_t heard_ns;                           /* First announced. */
    uint64_t due_ns;                             /* Ask the next one then. */
    uint8_t count;
    bool asked; /* Somebody was: it was not only late. */
};

struct hsy_wanted {
    struct hsy_env *env;
    struct hsy_table table; /* struct hsy_wanted_bundle */
    uint64_t next_ns;       /* Not later than the earliest due. */
    uint64_t lag_ns; /* So late a payload comes after its announcement, 95
                        times of 100; an estimate. */
};

void hsy_wanted_init(struct hsy_wanted *w, struct hsy_env *env);
void hsy_wanted_fini(struct hsy_wanted *w);
/* @link has it. The first to say so is asked after @wait_ns, unless it has
 * come by then. When there is no room, repair has to find it. */
void hsy_wanted_add(struct hsy_wanted *w, const struct hsy_bundle_id *id,
                    hearsay_link link, uint64_t wait_ns);
/* It was announced after it had come. */
void hsy_wanted_early(struct hsy_wanted *w);
/* It came, or is being checked. */
void hsy_wanted_came(struct hsy_wanted *w, const struct hsy_bundle_id *id);
/* Who is to be asked for something now. 0: nobody. What nobody is left to be
 * asked for goes. */
hearsay_link hsy_wanted_whom(struct hsy_wanted *w);
/* What to ask @link for now; HSY_GRAFT_IDS_MAX ids at most. If one does not
 * come within @wait_ns, the next who announced it is asked. */
uint32_t hsy_wanted_take(struct hsy_wanted *w, hearsay_link link,
                         struct hsy_bundle_id ids[HSY_GRAFT_IDS_MAX],
                         uint64_t wait_ns);
/* @link cannot be asked before @until_ns. */
void hsy_wanted_later(struct hsy_wanted *w, hearsay_link link,
                      uint64_t until_ns);
/* @link is gone: the next ones are asked at once. */
void hsy_wanted_skip(struct hsy_wanted *w, hearsay_link link);

#endif
