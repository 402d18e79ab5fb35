/* Fixed parts first, then the hosts. No pointers inside, and every byte is
 * set: equal lists are equal bytes. */
#include "core/lines.h"

#include <string.h>

#include "base/mem.h"

_Static_assert(offsetof(struct hsy_blob, bytes) % sizeof(uint32_t) == 0,
               "a line lies where a uint32_t may");

struct hsy_blob *hsy_lines_keep(struct hearsay_pool *pool,
                                const struct hearsay_mem *mem,
                                const struct hearsay_seed *s, uint32_t count)
{
    size_t len = count * sizeof(struct hsy_seed_line);

    HSY_ASSERT(count >= 1);
    HSY_ASSERT(count <= HEARSAY_SEEDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        len += strlen(s[i].host) + 1;
    }
    uint8_t *bytes = hsy_mem_zalloc(mem, len);
    if (bytes == NULL) {
        return NULL;
    }
    size_t at = count * sizeof(struct hsy_seed_line);
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_seed_line *line = (struct hsy_seed_line *)(void *)bytes + i;
        size_t host_len = strlen(s[i].host) + 1;
        line->host_at = (uint32_t)at;
        line->port = s[i].port;
        line->pinned = s[i].pinned;
        if (s[i].pinned) {
            line->id = s[i].id;
        }
        memcpy(bytes + at, s[i].host, host_len);
        at += host_len;
    }
    HSY_ASSERT(at == len);
    struct hsy_blob *lines = hsy_pool_put(pool, bytes, len);
    hsy_mem_free(mem, bytes);
    return lines;
}

uint32_t hsy_lines_count(const struct hsy_env *env)
{
    HSY_ASSERT(env->config.seeds_count >= 1);
    HSY_ASSERT(env->config.seeds_count <= HEARSAY_SEEDS_MAX);
    return env->config.seeds_count;
}

const struct hsy_seed_line *hsy_line_at(const struct hsy_env *env,
                                        uint32_t index)
{
    HSY_ASSERT(index < hsy_lines_count(env));
    return (const struct hsy_seed_line *)(const void *)env->lines->bytes +
           index;
}

const char *hsy_line_host(const struct hsy_env *env, uint32_t index)
{
    const struct hsy_seed_line *line = hsy_line_at(env, index);

    HSY_ASSERT(line->host_at < env->lines->len);
    return (const char *)env->lines->bytes + line->host_at;
}
