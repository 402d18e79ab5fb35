/* Fuzz target for the log of retained messages: what decodes is canonical, and
 * looking for the next record ends where one begins. Marker and sum, which
 * chance does not find, are put right first. Build and run it with
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
 *         fuzz/fuzz_msgrecord.c src/wire/msgrecord.c src/base/?*.c
 *         -o /tmp/fuzz_msgrecord && /tmp/fuzz_msgrecord -max_len=1000
 */
#include "base/assert.h"
#include "base/crc.h"
#include "wire/msgrecord.h"

#include <string.h>

#define MARKER UINT64_C(0x6d61726b65723031)

enum { LEN_MAX = 4096, SUM_AT = 8, BODY_AT = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_record(const uint8_t *data, size_t len)
{
    uint8_t again[LEN_MAX];
    struct hsy_msgrecord record;
    struct hsy_reader in = hsy_reader(data, len);
    HSY_ASSERT(hsy_msgrecord_find(&in, MARKER) <= len);
    hsy_get_msgrecord(&in, MARKER, &record);
    if (in.bad) {
        return;
    }
    struct hsy_writer out = hsy_writer(again, sizeof(again));
    hsy_put_msgrecord(&out, MARKER, &record);
    HSY_ASSERT(!out.bad);
    HSY_ASSERT(out.len == (size_t)(in.at - data));
    HSY_ASSERT(memcmp(again, data, out.len) == 0);
}

/* As long as it says that it is, if so much is there. */
static void put_right(uint8_t *data, size_t len)
{
    struct hsy_writer marker = hsy_writer(data, 8);
    hsy_put_u64(&marker, MARKER);
    struct hsy_reader in = hsy_reader(data + BODY_AT, 4);
    size_t whole = HSY_MSGRECORD_HEAD_LEN + (size_t)hsy_get_u32(&in) +
                   data[HSY_MSGRECORD_HEAD_LEN - 1];
    if (whole <= len) {
        struct hsy_writer sum = hsy_writer(data + SUM_AT, 4);
        hsy_put_u32(&sum, hsy_crc32c(0, data + BODY_AT, whole - BODY_AT));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t bytes[LEN_MAX];
    struct hsy_msgsegment segment;
    struct hsy_reader in = hsy_reader(data, len);
    hsy_get_msgsegment(&in, &segment);
    check_record(data, len);
    if (len >= HSY_MSGRECORD_HEAD_LEN && len <= sizeof(bytes)) {
        memcpy(bytes, data, len);
        put_right(bytes, len);
        check_record(bytes, len);
    }
    return 0;
}
