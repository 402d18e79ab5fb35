/* Cursors over bytes. All bounds checks of the wire format are the two
 * functions take() and grow(); everything else moves bytes inside what they
 * granted. After a failure nothing moves any more, so a codec may run to its
 * end and ask once. Integers are put together byte by byte: the machine's
 * byte order and alignment never show. */
#include "base/cursor.h"

#include "base/assert.h"

#include <string.h>

/* The next @len >= 1 bytes, or NULL and bad from now on. */
static const uint8_t *take(struct hsy_reader *in, size_t len)
{
    HSY_ASSERT(in != NULL);
    HSY_ASSERT(len >= 1); /* So that NULL + 0 is never formed. */

    if (in->bad || (size_t)(in->end - in->at) < len) {
        in->bad = true;
        return NULL;
    }
    const uint8_t *at = in->at;
    in->at += len;
    return at;
}

/* Written out, so that compilers make one load and one swap of each. */
static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

uint8_t hsy_get_u8(struct hsy_reader *in)
{
    const uint8_t *at = take(in, 1);

    return at == NULL ? 0 : at[0];
}

uint16_t hsy_get_u16(struct hsy_reader *in)
{
    const uint8_t *at = take(in, 2);

    return at == NULL ? 0 : (uint16_t)((uint32_t)at[0] << 8 | at[1]);
}

uint32_t hsy_get_u32(struct hsy_reader *in)
{
    const uint8_t *at = take(in, 4);

    return at == NULL ? 0 : load_u32(at);
}

uint64_t hsy_get_u64(struct hsy_reader *in)
{
    const uint8_t *at = take(in, 8);

    return at == NULL ? 0 : (uint64_t)load_u32(at) << 32 | load_u32(at + 4);
}

void hsy_get_bytes(struct hsy_reader *in, void *out, size_t len)
{
    HSY_ASSERT(in != NULL);
    HSY_ASSERT(out != NULL || len == 0);

    if (len == 0) {
        return;
    }
    const uint8_t *at = take(in, len);
    if (at == NULL) {
        memset(out, 0, len); /* Never stale bytes from the stack. */
        return;
    }
    memcpy(out, at, len);
}

const uint8_t *hsy_get_slice(struct hsy_reader *in, size_t len)
{
    HSY_ASSERT(in != NULL);

    if (len == 0) {
        return in->bad ? NULL : in->at;
    }
    return take(in, len);
}

/* Room for @len >= 1 more bytes. NULL: nothing to write, because there is no
 * room (bad from now on) or because this writer only counts. */
static uint8_t *grow(struct hsy_writer *out, size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(len >= 1);
    HSY_ASSERT(out->len <= out->max);

    if (out->bad || out->max - out->len < len) {
        out->bad = true;
        return NULL;
    }
    uint8_t *at = out->data == NULL ? NULL : out->data + out->len;
    out->len += len;
    return at;
}

/* As load_u32(): one swap and one store. */
static void store_u32(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 24);
    at[1] = (uint8_t)(v >> 16);
    at[2] = (uint8_t)(v >> 8);
    at[3] = (uint8_t)v;
}

void hsy_put_u8(struct hsy_writer *out, uint8_t v)
{
    uint8_t *at = grow(out, 1);

    if (at != NULL) {
        at[0] = v;
    }
}

void hsy_put_u16(struct hsy_writer *out, uint16_t v)
{
    uint8_t *at = grow(out, 2);

    if (at != NULL) {
        at[0] = (uint8_t)(v >> 8);
        at[1] = (uint8_t)v;
    }
}

void hsy_put_u32(struct hsy_writer *out, uint32_t v)
{
    uint8_t *at = grow(out, 4);

    if (at != NULL) {
        store_u32(at, v);
    }
}

void hsy_put_u64(struct hsy_writer *out, uint64_t v)
{
    uint8_t *at = grow(out, 8);

    if (at != NULL) {
        store_u32(at, (uint32_t)(v >> 32));
        store_u32(at + 4, (uint32_t)v);
    }
}

void hsy_put_bytes(struct hsy_writer *out, const void *data, size_t len)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(data != NULL || len == 0);

    if (len == 0) {
        return;
    }
    uint8_t *at = grow(out, len);
    if (at != NULL) {
        memcpy(at, data, len);
    }
}
