/* One frame over many links, a group of them at a time: the host encodes it
 * once for each group. */
#ifndef HSY_CORE_PUSH_H
#define HSY_CORE_PUSH_H

#include "core/env.h"

enum { HSY_PUSH_LINKS = 64 };

struct hsy_push {
    const struct hsy_env *env;
    const struct hsy_frame *frame; /* Borrowed. */
    uint32_t count, sent;          /* Of links: gathered, and done with. */
    hearsay_link links[HSY_PUSH_LINKS];
};

/* Not an initializer: most of the links would be set in vain. */
static inline void hsy_push_begin(struct hsy_push *p, const struct hsy_env *env,
                                  const struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    p->env = env;
    p->frame = frame;
    p->count = 0;
    p->sent = 0;
}

/* At the end, too. */
static inline void hsy_push_flush(struct hsy_push *p)
{
    HSY_ASSERT(p->count <= HSY_PUSH_LINKS);
    if (p->count > 0) {
        p->env->ports.send(p->env->ports.ctx, p->links, p->count, p->frame);
    }
    p->sent += p->count;
    p->count = 0;
}

static inline void hsy_push_to(struct hsy_push *p, hearsay_link link)
{
    HSY_ASSERT(link != 0);
    p->links[p->count] = link;
    p->count++;
    if (p->count == HSY_PUSH_LINKS) {
        hsy_push_flush(p);
    }
}

#endif
