/* Nodes that lie about deaths, in the place of some of a cluster's:
 *
 *   neighbours   two of one peer report it dead, again and again; later they
 *                report everybody
 *   replayer     a peer that says again what was true when it was said: its own
 *                reports of the dead who are back, and those of others
 *   seeds        some of them sign verdicts on whoever lives; more than half
 *                can kill him, and that is what a majority means
 *   player       answers seeds, and no peer, for a while
 *   recluse      an honest seed, cut off from everybody for long
 *
 * Their own nodes go on behind it: a liar that did nothing else would be found
 * dead itself. */
#ifndef HSY_SIM_LIARS_H
#define HSY_SIM_LIARS_H

#include "sim/cluster.h"

struct hsy_liars;

struct hsy_liars_config {
    bool neighbours, replayer, player;
    uint32_t seeds;
    uint64_t recluse_ns; /* 0: there is none. */
};

struct hsy_liars_counts {
    uint64_t lies;         /* Frames. */
    uint64_t liars;        /* Peers that reported who lives. */
    uint64_t liars_muted;  /* Of them, those that a seed does not hear now. */
    uint64_t honest_muted; /* Others. */
    uint64_t players, players_found;
};

/* @c is borrowed. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_liars_create(struct hsy_liars **out,
                                      const struct hearsay_mem *mem,
                                      struct hsy_cluster *c,
                                      const struct hsy_liars_config *config,
                                      uint64_t rng);
void hsy_liars_destroy(struct hsy_liars *l);
/* What an observer sees: they listen, too. */
void hsy_liars_note(struct hsy_liars *l, const struct hearsay_note *note);
void hsy_liars_sent(struct hsy_liars *l, uint32_t from, const uint8_t *bytes,
                    size_t len);
/* Every second from when all have joined. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_liars_second(struct hsy_liars *l);
struct hsy_liars_counts hsy_liars_counts(const struct hsy_liars *l);

#endif
