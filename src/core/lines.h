/* The lines of config.txt as a node keeps them: one blob of its pool, for
 * every node of a network has the same. */
#ifndef HSY_CORE_LINES_H
#define HSY_CORE_LINES_H

#include "base/pool.h"
#include "core/env.h"

struct hsy_seed_line {
    uint32_t host_at; /* Where its host is, from the beginning; with a NUL. */
    uint16_t port;
    bool pinned;
    struct hearsay_id id; /* Meaningful when pinned. */
};

/* A share of them; NULL: no memory. */
HEARSAY_MUST_USE struct hsy_blob *hsy_lines_keep(struct hearsay_pool *pool,
                                                 const struct hearsay_mem *mem,
                                                 const struct hearsay_seed *s,
                                                 uint32_t count);
/* So many are counted, from 0 on. Which of them are enough for what, votes.h
 * says. */
uint32_t hsy_lines_count(const struct hsy_env *env);
/* @index < hsy_lines_count(). Lent. */
const struct hsy_seed_line *hsy_line_at(const struct hsy_env *env,
                                        uint32_t index);
const char *hsy_line_host(const struct hsy_env *env, uint32_t index);

#endif
