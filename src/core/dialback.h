/* A seed dials back whoever registers with it, for nobody should be sent to a
 * peer that sits behind a NAT or a firewall (docs/protocol.md, Overlay). The
 * dial is a feeler: it proves who lives there, and becomes no link.
 *
 * Two dials that fail are a no, which the peer is told (REACH); whoever is told
 * so by most of its seeds says it in its record, and so all learn it. */
#ifndef HSY_CORE_DIALBACK_H
#define HSY_CORE_DIALBACK_H

#include "core/seed.h"

/* The record of @id is new here, or other addresses are in it. Nothing happens
 * when too many wait: nobody is called undialable for it, and it has its turn
 * within HSY_DIALBACK_AGAIN_NS. */
void hsy_dialback_want(struct hsy_seed *s, const struct hearsay_id *id);
/* The dial @link came up, and who it was is proved. True: it was one of these,
 * and is to be hung up. */
bool hsy_dialback_came(struct hsy_seed *s, hearsay_link link);
/* @alive: the other end said who it is, and refused for another reason. True:
 * it was one of these. */
bool hsy_dialback_dial_failed(struct hsy_seed *s, hearsay_link link,
                              bool alive);
void hsy_dialbacks_tick(struct hsy_seed *s);
void hsy_dialbacks_fini(struct hsy_seed *s);

#endif
