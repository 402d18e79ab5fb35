/* REFUSE, with others to try instead (docs/protocol.md, Overlay). */
#ifndef HSY_CORE_REFUSAL_H
#define HSY_CORE_REFUSAL_H

#include "core/overlay.h"

void hsy_refusal_send(struct hsy_overlay *o, const struct hsy_neighbour *n,
                      enum hsy_refuse_why why);

#endif
