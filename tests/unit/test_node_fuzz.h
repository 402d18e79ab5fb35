/* What fuzz/fuzz_step.c claims, and test_node_hostile.c replays: bytes become
 * choices of a hostile world around one node (test_node_moves.h), and no
 * choice reaches an assert. */
#ifndef HSY_TESTS_UNIT_TEST_NODE_FUZZ_H
#define HSY_TESTS_UNIT_TEST_NODE_FUZZ_H

#include "unit/test_node_moves.h"

enum { FUZZ_STEP_LEN_MAX = 16 * 1024 };

struct fuzz_bytes {
    const uint8_t *at, *end;
};

/* Small numbers take one byte; without bytes all is 0. */
static inline uint64_t fuzz_choose(void *ctx, uint64_t bound)
{
    struct fuzz_bytes *in = (struct fuzz_bytes *)ctx;
    uint64_t value = 0;

    for (uint64_t left = bound - 1; left > 0 && in->at < in->end; left >>= 8) {
        value = value << 8 | *in->at;
        in->at++;
    }
    return value % bound;
}

/* The first byte is the role. */
static inline void fuzz_step_bytes(const uint8_t *data, size_t len)
{
    static struct hostile h;
    struct fuzz_bytes in = {.at = data + 1, .end = data + len};

    if (len < 2 || len > FUZZ_STEP_LEN_MAX) {
        return;
    }
    memset(&h, 0, sizeof(h));
    h.choose = fuzz_choose;
    h.ctx = &in;
    hostile_begin(&h, data[0] % 2 == 1);
    while (in.at < in.end) {
        hostile_move(&h);
    }
    stage_settle(&h.stage);
    hostile_end(&h);
}

#endif
