/* Links into many parts of the internet (docs/protocol.md, Overlay): whoever
 * owns one address group, or a few, is not all that a peer sees. Groups are
 * those of hsy_addr_group(); 0 is exempt. */
#ifndef HSY_CORE_DIVERSITY_H
#define HSY_CORE_DIVERSITY_H

#include "core/neighbours.h"
#include "core/tree.h"

/* Who has been linked so long has had time to find others. */
#define HSY_SETTLED_NS (60 * HSY_SECOND)

/* Does a link of our own choice lead into @group, or is one asked for? */
bool hsy_diversity_chosen(const struct hsy_neighbours *ns, uint64_t group);
/* The node is full, and @newcomer wants a link. Fills @out with the neighbour
 * that makes room: of the group with most links, at least two, if the newcomer
 * is of a group without any; neither of our choice, nor part of the tree, nor
 * one that may have few links; of those the latest. False: there is none. */
bool hsy_diversity_victim(const struct hsy_neighbours *ns,
                          const struct hsy_tree *tree,
                          const struct hsy_neighbour *newcomer,
                          struct hearsay_id *out);
/* Up to @max overlay neighbours, @except not among them, from @start on:
 * first those that are known to have few links. Returns how many. */
uint32_t hsy_diversity_humble(const struct hsy_neighbours *ns,
                              const struct hsy_neighbour *except,
                              uint32_t start, const struct hsy_neighbour **out,
                              uint32_t max);

#endif
