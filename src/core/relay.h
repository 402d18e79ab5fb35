/* Spreading messages: publish, check, deliver, relay (docs/protocol.md, Relay;
 * mission M9). Flooding: on a bundle seen for the first time, to every overlay
 * link but the one it came from. */
#ifndef HSY_CORE_RELAY_H
#define HSY_CORE_RELAY_H

#include "core/messages.h"
#include "core/neighbours.h"
#include "core/recent.h"

/* A bundle older than this is a replay or of no interest: the Message List
 * may have forgotten it. Clocks may differ by as much. */
#define HSY_BUNDLE_WINDOW_MS (UINT64_C(10) * 60 * 1000)

struct hsy_relay {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_ml seen;
    struct hsy_recent recent;
    struct hsy_table checking;  /* Ids whose signature is being verified. */
    uint64_t epoch_incarnation; /* 0: no message published yet. */
    uint64_t last_seq;
    uint32_t unsigned_count; /* Own bundles being signed. */
};

void hsy_relay_init(struct hsy_relay *r, struct hsy_env *env,
                    struct hsy_neighbours *neighbours);
void hsy_relay_fini(struct hsy_relay *r);
/* Takes one message of the application. @incarnation: own, for the epoch of
 * the first one. HEARSAY_ERR_TOO_BIG; HEARSAY_ERR_AGAIN: too many are being
 * signed; nothing was taken. */
HEARSAY_MUST_USE int hsy_relay_publish(struct hsy_relay *r,
                                       uint64_t incarnation,
                                       const struct hsy_message *message,
                                       uint64_t *out_seq);
void hsy_relay_signed(struct hsy_relay *r, const struct hsy_bundle *bundle);
/* Before the signature is looked at: is it worth the check? True claims the
 * check; end it with hsy_relay_checked(). */
bool hsy_relay_wants(struct hsy_relay *r, const struct hsy_bundle *bundle);
/* @good: the signature matches. @from: where it came from; NULL: that link is
 * gone by now. */
void hsy_relay_checked(struct hsy_relay *r, const struct hsy_bundle *bundle,
                       const struct hsy_neighbour *from, uint8_t hops,
                       bool good);
/* More waits for @n than fits. */
void hsy_relay_congested(struct hsy_relay *r, struct hsy_neighbour *n);
/* @n became an overlay neighbour: it gets what we saw lately. */
void hsy_relay_catch_up(struct hsy_relay *r, const struct hsy_neighbour *n);

#endif
