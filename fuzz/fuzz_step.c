/* Fuzz target for a whole node, peer or seed, between hostile neighbours; the
 * claims are in test_node_fuzz.h. Build and run it with
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc -Itests
 * \ fuzz/fuzz_step.c tests/support/node_rig.c src/base/?*.c src/wire/?*.c
 * \ src/core/?*.c src/node/?*.c src/crypto/?*.c -lsodium -o /tmp/fuzz_step
 *     mkdir -p /tmp/found && /tmp/fuzz_step /tmp/found fuzz/corpus/step
 *
 * What it finds goes into fuzz/corpus/step, named after what it broke:
 * tests/unit/test_node_hostile.c replays all of them. */
#include "unit/test_node_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_step_bytes(data, len);
    return 0;
}
