/* Frames written by hand, byte by byte from the drawn layouts: our encoders
 * assert the limits that these break. A second opinion on the layouts, too. */
#ifndef HSY_TEST_WIRE_RAW_H
#define HSY_TEST_WIRE_RAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/test_wire_samples.h"

static struct samples samples;

/* One frame written by hand. */
struct raw {
    uint8_t data[SAMPLE_FRAME_MAX];
    struct hsy_writer out;
};
static struct raw raw;

static inline struct hsy_writer *begin(enum hsy_frame_type type)
{
    hsy_prng_init(&samples.prng, 77);
    raw.out = hsy_writer(raw.data, sizeof(raw.data));
    hsy_put_u32(&raw.out, 0);
    hsy_put_u8(&raw.out, (uint8_t)type);
    hsy_put_u8(&raw.out, 0);
    return &raw.out;
}

static inline int decode(void)
{
    assert_false(raw.out.bad);
    size_t len = raw.out.len;
    sample_fix_length(raw.data, len);
    uint8_t *exact = malloc(len);
    assert_non_null(exact);
    memcpy(exact, raw.data, len);
    struct hsy_frame frame;
    int err = hsy_frame_decode(&frame, exact, len, NULL);
    free(exact);
    return err;
}

#define CLAIM_TAKEN() assert_int_equal(decode(), 0)
#define CLAIM_REFUSED() assert_int_equal(decode(), HEARSAY_ERR_MALFORMED)
#define CLAIM_TAKEN_IF(holds) \
    assert_int_equal(decode(), (holds) ? 0 : HEARSAY_ERR_MALFORMED)

static inline void put_zeros(struct hsy_writer *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hsy_put_u8(out, 0);
    }
}

/* As the layout says, whatever the values; a 5th address and name bytes
 * beyond the 64th are made up. */
static inline void put_record(struct hsy_writer *out,
                              const struct hsy_record *r)
{
    hsy_put_bytes(out, r->id.bytes, 32);
    hsy_put_u64(out, r->incarnation);
    hsy_put_u64(out, r->boot_nonce);
    hsy_put_u64(out, r->issued_ms);
    hsy_put_u64(out, r->features);
    hsy_put_u8(out, (uint8_t)r->role);
    hsy_put_u8(out, r->addrs_count);
    for (uint8_t i = 0; i < r->addrs_count; i++) {
        struct hearsay_addr addr = {.ip = {0xfd}, .port = i};
        addr = i < HEARSAY_ADDRS_MAX ? r->addrs[i] : addr;
        hsy_put_bytes(out, addr.ip, 16);
        hsy_put_u16(out, addr.port);
    }
    hsy_put_u8(out, r->name_len);
    for (uint8_t i = 0; i < r->name_len; i++) {
        hsy_put_u8(out, i < HEARSAY_NAME_MAX ? (uint8_t)r->name[i] : 'x');
    }
    hsy_put_bytes(out, r->sig.bytes, 64);
}

/* Four addresses and the longest name. */
static inline struct hsy_record full_record(void)
{
    hsy_prng_init(&samples.prng, 78);
    struct hsy_record r = sample_record(&samples);
    r.addrs_count = HEARSAY_ADDRS_MAX;
    for (uint8_t i = 0; i < HEARSAY_ADDRS_MAX; i++) {
        r.addrs[i] = sample_addr(&samples);
    }
    r.name_len = HEARSAY_NAME_MAX;
    sample_text(&samples, r.name, HEARSAY_NAME_MAX);
    return r;
}

#endif
