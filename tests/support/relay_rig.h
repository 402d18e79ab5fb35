/* A peer that relays, on recording ports, in virtual time: the machines of the
 * core that spread and mend messages, with the routes that lead to them, and
 * none of those that make links. The test says which links there are, and what
 * comes over them. */
#ifndef HSY_TESTS_SUPPORT_RELAY_RIG_H
#define HSY_TESTS_SUPPORT_RELAY_RIG_H

#include "core/core.h"
#include "support/core_ports.h"

struct relay_rig {
    struct hearsay_seed line;
    struct hsy_env given; /* For changes before the start. */
    struct core_ports ports;
    struct hsy_core core;
};

/* The settings of a peer "m0" of a thousand, which has no second parent and up
 * to 3 shortcuts, and which joined 100 s ago, unless the test says something
 * else before the start. */
void relay_rig_init(struct relay_rig *rig);
/* Config.txt has so many lines; before the start. */
void relay_rig_seeds(struct relay_rig *rig, uint32_t count);
void relay_rig_start(struct relay_rig *rig);
void relay_rig_fini(struct relay_rig *rig);
/* Both of the above. */
void relay_rig_begin(struct relay_rig *rig);
/* The same with so many links: 4, 6, ... of version 2. The first is eager and
 * the others are lazy, now that the state of flooding is over. */
void relay_rig_begin_with(struct relay_rig *rig, uint32_t links);
/* Those links, in a rig that has started. */
void relay_rig_links(struct relay_rig *rig, uint32_t links);
/* Time goes on by @ns with a tick whenever one is due, the last one at the end
 * if it is due then. */
void relay_rig_run_ns(struct relay_rig *rig, uint64_t ns);
void relay_rig_run(struct relay_rig *rig, uint64_t ms);
/* Only the time goes on. */
void relay_rig_pass(struct relay_rig *rig, uint64_t ns);
void relay_rig_tick(struct relay_rig *rig);
uint64_t relay_rig_deadline(const struct relay_rig *rig);
const struct hsy_counters *relay_rig_counters(const struct relay_rig *rig);
struct hsy_relay *relay_rig_relay(struct relay_rig *rig);
struct hsy_tree *relay_rig_tree(struct relay_rig *rig);

/* An overlay link to the peer p<link>; odd numbers were accepted. */
struct hsy_neighbour *relay_rig_link(struct relay_rig *rig, hearsay_link link,
                                     uint8_t version);
struct hsy_neighbour *relay_rig_neighbour(struct relay_rig *rig,
                                          hearsay_link link);
void relay_rig_unlink(struct relay_rig *rig, hearsay_link link);
/* As GRAFT and PRUNE of the neighbours would have it. */
void relay_rig_eager(struct relay_rig *rig, hearsay_link link, bool eager);
/* @frame comes in; claimed to be lawful. */
void relay_rig_frame(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_frame *frame);

/* Bundles of the origin o<number>, made when the test began: the same ones
 * whenever it asks. First epoch, @count messages; lent
 * until the next one is made. */
struct hsy_bundle relay_rig_bundle(const struct relay_rig *rig, uint32_t number,
                                   uint64_t seq, uint16_t count);
struct hsy_epoch relay_rig_epoch(uint32_t number);
struct hsy_origin *relay_rig_origin(struct relay_rig *rig, uint32_t number);
struct hsy_bundle_id relay_rig_id(struct relay_rig *rig,
                                  const struct hsy_bundle *bundle);
/* It comes over @link, with these flags, and its signature matches. False: it
 * was not worth the check. */
bool relay_rig_hear(struct relay_rig *rig, hearsay_link link,
                    const struct hsy_bundle *bundle, uint8_t flags);
/* One message of o<number> along the tree. */
bool relay_rig_hear_one(struct relay_rig *rig, hearsay_link link,
                        uint32_t number, uint64_t seq);
void relay_rig_ihave(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_bundle_id *id);
void relay_rig_graft(struct relay_rig *rig, hearsay_link link,
                     const struct hsy_bundle_id *id, bool last_parent);
void relay_rig_prune(struct relay_rig *rig, hearsay_link link,
                     enum hsy_prune_why why);
void relay_rig_root(struct relay_rig *rig, hearsay_link link,
                    const struct hsy_root *root);
/* The root r<number>; does the node follow it? */
struct hsy_root relay_rig_root_of(uint32_t number, uint8_t rank,
                                  uint32_t round);
bool relay_rig_has_root(struct relay_rig *rig, uint32_t number);

/* How many frames of @type went over @link, and the last one: claimed to be
 * there. */
uint32_t relay_rig_sent(const struct relay_rig *rig, hearsay_link link,
                        enum hsy_frame_type type);
struct hsy_frame relay_rig_last(const struct relay_rig *rig, hearsay_link link,
                                enum hsy_frame_type type);
void relay_rig_forget(struct relay_rig *rig);
int relay_rig_publish(struct relay_rig *rig, const char *text);
/* The oldest bundle that waits for a signature gets it, or all do. False:
 * there is none. */
bool relay_rig_sign(struct relay_rig *rig);
void relay_rig_sign_all(struct relay_rig *rig);

#endif
