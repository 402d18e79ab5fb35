/* How far behind a publisher its network is (docs/protocol.md, Pace). Who has
 * got so much of an origin tells the neighbour that it comes from, up to which
 * number it and all behind it have everything. So the origin knows the slowest
 * of them, and takes no more of its application than those who come after can
 * still be helped with. Who falls silent is waited for no more. */
#ifndef HSY_CORE_ACKS_H
#define HSY_CORE_ACKS_H

#include "core/origins.h"
#include "core/shape.h"

enum {
    /* Bytes of an origin's bundles from one ACK to the next; to the first. */
    HSY_ACK_LEN = 64 * 1024,
    HSY_ACK_FIRST_LEN = 16 * 1024,
    HSY_ACKS_HEARD_MAX =
        1024,              /* Origins and links that they are remembered of. */
    HSY_WINDOW_PARTS = 64, /* Of retain_bytes one part may be under way, */
    HSY_WINDOW_LEN_MIN = 16 * HSY_ACK_LEN, /* but always enough for an ACK. */
    HSY_ACK_MESSAGE_LEN = 64 /* What a message counts beside its payload. */
};
/* A link whose ACKs of an origin do not rise for so long is not waited for. */
#define HSY_ACK_FRESH_NS (10 * HSY_SECOND)
/* A publisher that waits for so long without a step forward goes on. */
#define HSY_ACK_STUCK_NS (3 * HSY_SECOND)

struct hsy_acks {
    struct hsy_env *env;
    struct hsy_neighbours *neighbours;
    struct hsy_origins *origins;
    const struct hsy_shape *shape;
    struct hsy_table heard; /* struct heard */
    uint64_t base;          /* Own numbers up to there are not waited for. */
    uint64_t least;         /* Of the ACKs, when it last rose. */
    uint64_t waiting_ns;    /* Since when publishing waits; 0: it does not. */
    uint64_t mean_len;      /* Of own messages, smoothed. */
};

void hsy_acks_init(struct hsy_acks *a, struct hsy_env *env,
                   struct hsy_neighbours *neighbours,
                   struct hsy_origins *origins, const struct hsy_shape *shape);
void hsy_acks_fini(struct hsy_acks *a);
/* @len bytes of @origin were new, and @from (NULL: somebody else) brought them
 * along the tree. */
void hsy_acks_came(struct hsy_acks *a, struct hsy_origin *origin,
                   const struct hsy_neighbour *from, size_t len);
/* ACK from @n. */
void hsy_acks_heard(struct hsy_acks *a, const struct hsy_neighbour *n,
                    const struct hsy_span *ack);
/* Is the network near enough behind @last, the last number of @own? */
bool hsy_acks_may_publish(struct hsy_acks *a, const struct hsy_epoch *own,
                          uint64_t last);
/* A message that takes @len bytes of its bundle was published. */
void hsy_acks_published(struct hsy_acks *a, size_t len);

#endif
