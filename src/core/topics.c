/* A list that is gone through for each message: with 64 patterns a hundredth
 * of what its signature costs. */
#include "core/topics.h"

#include <string.h>

#include "base/mem.h"

_Static_assert((int)HSY_PATTERN_MAX >= (int)HSY_TOPIC_MAX, "any topic fits");

void hsy_topics_init(struct hsy_topics *t, const struct hearsay_mem *mem)
{
    HSY_ASSERT(mem != NULL);
    *t = (struct hsy_topics){.mem = mem};
}

void hsy_topics_fini(struct hsy_topics *t)
{
    HSY_ASSERT(t->mem != NULL);
    hsy_mem_free(t->mem, t->patterns);
    t->patterns = NULL;
    t->count = 0;
}

bool hsy_pattern_is_sound(const char *pattern)
{
    size_t len = pattern == NULL ? 0 : strlen(pattern);

    if (pattern == NULL || len > HSY_PATTERN_MAX) {
        return false;
    }
    const char *star = strchr(pattern, '*');
    HSY_ASSERT(star == NULL || star < pattern + len);
    return star == NULL || star == pattern + len - 1;
}

static uint32_t find(const struct hsy_topics *t, const struct hsy_pattern *p)
{
    uint32_t at = 0;

    while (at < t->count && (t->patterns[at].len != p->len ||
                             t->patterns[at].begins != p->begins ||
                             memcmp(t->patterns[at].text, p->text, p->len))) {
        at++;
    }
    HSY_ASSERT(at <= t->count);
    return at;
}

static int add(struct hsy_topics *t, const struct hsy_pattern *p)
{
    if (t->count == HSY_TOPICS_MAX) {
        return HEARSAY_ERR_FULL;
    }
    if (t->patterns == NULL) {
        HSY_ASSERT(t->count == 0);
        t->patterns =
            hsy_mem_alloc(t->mem, HSY_TOPICS_MAX * sizeof(*t->patterns));
    }
    if (t->patterns == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    t->patterns[t->count] = *p;
    t->count++;
    return 0;
}

int hsy_topics_set(struct hsy_topics *t, const char *pattern, bool on)
{
    struct hsy_pattern p = {.len = 0};

    if (!hsy_pattern_is_sound(pattern)) {
        return HEARSAY_ERR_INVALID;
    }
    size_t len = strlen(pattern);
    p.begins = len > 0 && pattern[len - 1] == '*';
    p.len = (uint8_t)(p.begins ? len - 1 : len);
    memcpy(p.text, pattern, p.len);
    uint32_t at = find(t, &p);
    if (on) {
        return at < t->count ? 0 : add(t, &p);
    }
    if (at < t->count) {
        t->count--;
        t->patterns[at] = t->patterns[t->count]; /* Their order is nothing. */
    }
    HSY_ASSERT(find(t, &p) == t->count);
    return 0;
}

bool hsy_topics_want(const struct hsy_topics *t,
                     const struct hsy_message *message)
{
    HSY_ASSERT(t->count <= HSY_TOPICS_MAX);
    for (uint32_t i = 0; i < t->count; i++) {
        const struct hsy_pattern *p = &t->patterns[i];
        bool fits = p->begins ? message->topic_len >= p->len
                              : message->topic_len == p->len;
        if (fits && memcmp(p->text, message->topic, p->len) == 0) {
            return true;
        }
    }
    return t->count == 0;
}
