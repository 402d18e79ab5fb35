/* The peers that a seed tells of membership (docs/protocol.md, Membership).
 *
 * One log for all of them: the last HSY_CHANGES_MAX changes of the registry,
 * each an id and its rank. A watcher is a place in it. It is sent what comes
 * behind, looked up in the registry as it is by then; and no more until it has
 * said that it has taken that. Who comes without a place, or too late for his,
 * gets all of the registry first. So a watcher that is slow costs one entry
 * here, and misses nothing. */
#ifndef HSY_CORE_WATCHERS_H
#define HSY_CORE_WATCHERS_H

#include "core/neighbours.h"
#include "core/registry.h"

enum {
    HSY_WATCHERS_MAX = 1024,
    HSY_CHANGES_MAX = 4096 /* A power of two. */
};

struct hsy_change {
    struct hearsay_id id;
    uint64_t rank;
};

struct hsy_watcher {
    struct hearsay_id id; /* Key. */
    hearsay_link link;    /* That it asked over; with another one it is gone. */
    uint64_t next_ns;     /* Nothing is sent to it before. */
    uint64_t upto;        /* Changes that it knows; listing: from the end on. */
    uint32_t nonce;
    uint32_t graves_left, living_left; /* Listing: not sent yet. */
    bool listing;
    bool begun; /* Listing: some of it was sent. */
    bool open;  /* It has not said yet that it took the last MEMBER. */
    bool greet; /* It has asked, and had no answer. */
};

struct hsy_watchers {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    const struct hsy_registry *registry;
    struct hsy_table list;   /* struct hsy_watcher */
    struct hsy_change *ring; /* Owned; made for the first watcher. */
    uint64_t log;            /* Its name, drawn then; 0: there is none. */
    uint64_t count;          /* Changes that were ever written to it. */
    uint32_t at;             /* Whose turn it is. */
    uint64_t next_ns;
};

void hsy_watchers_init(struct hsy_watchers *ws, struct hsy_env *env,
                       struct hsy_neighbours *neighbours,
                       const struct hsy_registry *registry);
void hsy_watchers_fini(struct hsy_watchers *ws);
/* A WATCH of @n. */
void hsy_watchers_wish(struct hsy_watchers *ws, const struct hsy_neighbour *n,
                       const struct hsy_watch_wish *wish);
/* The registry knows something newer of @id. */
void hsy_watchers_changed(struct hsy_watchers *ws, const struct hearsay_id *id);
void hsy_watchers_tick(struct hsy_watchers *ws);

#endif
