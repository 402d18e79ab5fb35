/* Reading and writing bytes with a sticky error: check once, at the end.
 * All integers are big-endian. */
#ifndef HSY_BASE_CURSOR_H
#define HSY_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hsy_reader {
    const uint8_t *at, *end;
    bool bad; /* Sticky: a read ran over the end. Reads then return 0. */
};

static inline struct hsy_reader hsy_reader(const void *data, size_t len)
{
    const uint8_t *at = (const uint8_t *)data;
    return (struct hsy_reader){.at = at, .end = len == 0 ? at : at + len};
}

uint8_t hsy_get_u8(struct hsy_reader *in);
uint16_t hsy_get_u16(struct hsy_reader *in);
uint32_t hsy_get_u32(struct hsy_reader *in);
uint64_t hsy_get_u64(struct hsy_reader *in);
/* Copies @len bytes to @out; on error @out becomes all zero. */
void hsy_get_bytes(struct hsy_reader *in, void *out, size_t len);
/* Borrows the next @len bytes in place; NULL on error (or @len 0 at NULL). */
const uint8_t *hsy_get_slice(struct hsy_reader *in, size_t len);
static inline size_t hsy_reader_left(const struct hsy_reader *in)
{
    return in->bad ? 0 : (size_t)(in->end - in->at);
}
/* True when all bytes were read and no read failed. */
static inline bool hsy_reader_done(const struct hsy_reader *in)
{
    return !in->bad && in->at == in->end;
}

struct hsy_writer {
    uint8_t *data; /* NULL: only counts. */
    size_t max;
    size_t len; /* Bytes written, or that would have been; <= max. */
    bool bad;   /* Sticky: no room. Puts then change nothing. */
};

static inline struct hsy_writer hsy_writer(void *data, size_t max)
{
    return (struct hsy_writer){.data = (uint8_t *)data, .max = max};
}

/* Counts what an encoder would write, and never fails. */
static inline struct hsy_writer hsy_writer_count(void)
{
    return (struct hsy_writer){.max = SIZE_MAX};
}

void hsy_put_u8(struct hsy_writer *out, uint8_t v);
void hsy_put_u16(struct hsy_writer *out, uint16_t v);
void hsy_put_u32(struct hsy_writer *out, uint32_t v);
void hsy_put_u64(struct hsy_writer *out, uint64_t v);
void hsy_put_bytes(struct hsy_writer *out, const void *data, size_t len);

#endif
