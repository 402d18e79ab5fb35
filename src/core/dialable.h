/* Does anybody get through to this peer? Seeds that hold its registration dial
 * back and say so (REACH). When more than half of them do not, and no peer ever
 * did, it says in its record that it is undialable: it is offered to nobody,
 * and has time to come back when its links break (docs/protocol.md, Overlay).
 */
#ifndef HSY_CORE_DIALABLE_H
#define HSY_CORE_DIALABLE_H

#include "core/join.h"

struct hsy_dialable {
    struct hsy_env *env;
    struct hsy_join *join;
    struct hsy_self *self;
    bool dialled; /* A peer has dialled this process. */
};

void hsy_dialable_init(struct hsy_dialable *d, struct hsy_env *env,
                       struct hsy_join *join, struct hsy_self *self);
/* What the seed @n found. What is about another record, or comes from one that
 * does not hold the registration, says nothing. */
void hsy_dialable_told(struct hsy_dialable *d, const struct hsy_neighbour *n,
                       const struct hsy_reach *reach);
/* Somebody who is no seed has dialled, and proved who it is. */
void hsy_dialable_dialled(struct hsy_dialable *d);

#endif
