/* The last events, rendered once and shared by all subscribers: a ring with
 * two bounds, events and bytes. The oldest go first; whoever wanted them can
 * count what is missing, because ids have no gaps. */
#ifndef HSY_ADMIN_EVENTS_H
#define HSY_ADMIN_EVENTS_H

#include "hearsay.h"

struct hsy_events {
    struct hearsay_mem mem;
    uint8_t *bytes; /* Owned; NULL while nothing is kept. */
    uint64_t *ends; /* Owned; where event id ends, at id % events_max. */
    uint32_t room;  /* Of bytes; a power of two. */
    uint32_t events_max, room_max; /* Powers of two. */
    uint64_t head, tail;           /* Byte positions; they only rise. */
    uint64_t first_id, next_id;    /* Kept are first_id <= id < next_id. */
};

/* Ids start at 1. Keeps nothing until hsy_events_keep(). */
void hsy_events_init(struct hsy_events *events, const struct hearsay_mem *mem,
                     uint32_t events_max, uint32_t room_max);

/* From now on events are kept. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_events_keep(struct hsy_events *events);
/* Forgets all and keeps nothing more; ids go on. */
void hsy_events_drop(struct hsy_events *events);
bool hsy_events_kept(const struct hsy_events *events);

/* One more event. Not kept (nothing is, no memory, too long): it has its id
 * all the same, and all before it are gone with it. */
void hsy_events_add(struct hsy_events *events, const char *text, size_t len);

/* Bytes of a kept event. */
size_t hsy_events_len(const struct hsy_events *events, uint64_t id);
/* Copies a kept event; @out has room for its length. */
void hsy_events_copy(const struct hsy_events *events, uint64_t id, char *out);

#endif
