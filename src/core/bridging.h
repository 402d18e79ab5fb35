/* What a seed does about an overlay that it sees in parts
 * (docs/protocol.md, Connectivity). It asks members of both sides whether
 * they are there, looks once more, and only then asks them to link. */
#ifndef HSY_CORE_BRIDGING_H
#define HSY_CORE_BRIDGING_H

#include "core/seed.h"

/* A look is due. */
void hsy_bridging_tick(struct hsy_seed *s);
/* @id answered the PING @nonce; true: it was asked here. */
bool hsy_bridging_pong(struct hsy_seed *s, const struct hearsay_id *id,
                       uint64_t nonce);

#endif
