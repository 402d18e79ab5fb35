/* Which topics the application wants. A pattern is a whole topic, or what a
 * topic begins with and a '*'. Without any, all is wanted. */
#ifndef HSY_CORE_TOPICS_H
#define HSY_CORE_TOPICS_H

#include "core/env.h"

enum { HSY_TOPICS_MAX = 64, HSY_PATTERN_MAX = 64 };

struct hsy_pattern {
    uint8_t len; /* Without the '*'. */
    bool begins; /* There was one. */
    char text[HSY_PATTERN_MAX];
};

struct hsy_topics {
    const struct hearsay_mem *mem;
    struct hsy_pattern *patterns; /* Owned, HSY_TOPICS_MAX; NULL: none. */
    uint32_t count;
};

void hsy_topics_init(struct hsy_topics *t, const struct hearsay_mem *mem);
void hsy_topics_fini(struct hsy_topics *t);
/* Can any topic match it? */
bool hsy_pattern_is_sound(const char *pattern);
/* Adds @pattern, or takes it away; one that is there, or gone, already changes
 * nothing. HEARSAY_ERR_INVALID: it is not sound; HEARSAY_ERR_FULL;
 * HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_topics_set(struct hsy_topics *t, const char *pattern,
                                    bool on);
bool hsy_topics_want(const struct hsy_topics *t,
                     const struct hsy_message *message);

#endif
