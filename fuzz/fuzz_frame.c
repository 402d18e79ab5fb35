/* Fuzz target for the wire format; the claims are in test_wire_fuzz.h. Build
 * and run it with
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc -Itests
 * \ fuzz/fuzz_frame.c src/wire/?*.c src/base/?*.c -o /tmp/fuzz_frame mkdir -p
 * /tmp/found && /tmp/fuzz_frame /tmp/found fuzz/corpus/frame
 *
 * What it finds goes into fuzz/corpus/frame, named bad-WHY when the decoder
 * must refuse it: tests/unit/test_wire_corpus.c replays all of them. */
#include "unit/test_wire_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_frame(data, len);
    return 0;
}
