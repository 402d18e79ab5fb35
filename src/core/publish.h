/* Own messages on their way into bundles (docs/protocol.md, Relay). A message
 * alone travels at once; while the bundle before it is being signed, or does
 * not get away, messages gather in the next one. */
#ifndef HSY_CORE_PUBLISH_H
#define HSY_CORE_PUBLISH_H

#include "core/acks.h"
#include "core/bulk.h"

/* So long a bundle may gather messages. */
#define HSY_GATHER_NS (20 * HSY_MS)

struct hsy_publisher {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_bulk *bulk;
    struct hsy_acks *acks;
    uint64_t epoch_incarnation; /* 0: no message published yet. */
    uint64_t last_seq;
    uint32_t unsigned_count; /* Own bundles being signed. */
    uint8_t *open;           /* Owned: the messages that gather; NULL: none. */
    uint32_t open_len;
    uint16_t open_count;
    uint64_t open_wall_ms; /* Of the first one. */
    uint64_t next_ns;      /* The open bundle is to be closed; NEVER. */
    uint64_t hash_next_ns; /* More hashes of a large one; NEVER. */
};

void hsy_publisher_init(struct hsy_publisher *p, struct hsy_env *env,
                        struct hsy_neighbours *neighbours,
                        struct hsy_bulk *bulk, struct hsy_acks *acks);
void hsy_publisher_fini(struct hsy_publisher *p);
/* Takes one message of the application. @incarnation: own, for the epoch of
 * the first one. HEARSAY_ERR_TOO_BIG; HEARSAY_ERR_NOMEM; HEARSAY_ERR_AGAIN: too
 * many are being signed, or wait for room on every link, or have not come
 * everywhere. Nothing was taken then; what is taken is never lost. */
HEARSAY_MUST_USE int hsy_publish(struct hsy_publisher *p, uint64_t incarnation,
                                 const struct hsy_message *message,
                                 uint64_t *out_seq);
/* One of its bundles is signed. */
void hsy_publisher_signed(struct hsy_publisher *p,
                          const struct hsy_bundle *bundle);
/* All that was taken is signed. */
bool hsy_publisher_done(const struct hsy_publisher *p);
void hsy_publisher_tick(struct hsy_publisher *p);
/* Closes the open bundle now, if a job for its signature can be had. */
void hsy_publisher_flush(struct hsy_publisher *p);

#endif
