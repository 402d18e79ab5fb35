/* Cursors with a sticky error. */
#include "base/cursor.h"
#include "support/claim.h"

#include <string.h>

static const uint8_t fifteen[15] = {1, 2,  3,  4,  5,  6,  7, 8,
                                    9, 10, 11, 12, 13, 14, 15};

static void integers_are_big_endian_both_ways(void **state)
{
    (void)state;
    struct hsy_reader in = hsy_reader(fifteen, sizeof(fifteen));
    CLAIM_INT(hsy_get_u8(&in), 0x01);
    CLAIM_INT(hsy_get_u16(&in), 0x0203);
    CLAIM_INT(hsy_get_u32(&in), 0x04050607);
    CLAIM_INT(hsy_get_u64(&in), UINT64_C(0x08090a0b0c0d0e0f));
    CLAIM(hsy_reader_done(&in));

    uint8_t bytes[15];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_u8(&out, 0x01);
    hsy_put_u16(&out, 0x0203);
    hsy_put_u32(&out, 0x04050607);
    hsy_put_u64(&out, UINT64_C(0x08090a0b0c0d0e0f));
    CLAIM(!out.bad);
    CLAIM_INT(out.len, 15);
    CLAIM_BYTES(bytes, fifteen, 15);
}

static void a_read_over_the_end_is_zero_and_sticks(void **state)
{
    (void)state;
    struct hsy_reader in = hsy_reader(fifteen, 3);
    CLAIM_INT(hsy_get_u32(&in), 0);
    CLAIM(in.bad);
    CLAIM_INT(hsy_get_u8(&in), 0); /* Though three bytes are there. */
    CLAIM_INT(hsy_reader_left(&in), 0);
    CLAIM(!hsy_reader_done(&in));
    CLAIM(hsy_get_slice(&in, 0) == NULL);
}

static void every_width_ends_exactly_at_the_end(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 9; len++) {
        struct hsy_reader in = hsy_reader(fifteen, len);
        (void)hsy_get_u64(&in);
        CLAIM(in.bad == (len < 8));
        in = hsy_reader(fifteen, len);
        (void)hsy_get_u32(&in);
        CLAIM(in.bad == (len < 4));
        in = hsy_reader(fifteen, len);
        (void)hsy_get_u16(&in);
        CLAIM(in.bad == (len < 2));
        in = hsy_reader(fifteen, len);
        (void)hsy_get_u8(&in);
        CLAIM(in.bad == (len < 1));
    }
}

static void bytes_that_are_left_over_are_not_done(void **state)
{
    (void)state;
    struct hsy_reader in = hsy_reader(fifteen, 3);
    (void)hsy_get_u16(&in);
    CLAIM(!in.bad);
    CLAIM(!hsy_reader_done(&in));
    CLAIM_INT(hsy_reader_left(&in), 1);
}

static void missing_bytes_are_read_as_zeros(void **state)
{
    (void)state;
    static const uint8_t zeros[4] = {0};
    uint8_t got[4] = {9, 9, 9, 9};
    struct hsy_reader in = hsy_reader(fifteen, 4);
    hsy_get_bytes(&in, got, 4);
    CLAIM_BYTES(got, fifteen, 4);
    CLAIM(hsy_reader_done(&in));

    in = hsy_reader(fifteen, 3);
    hsy_get_bytes(&in, got, 4);
    CLAIM(in.bad);
    CLAIM_BYTES(got, zeros, 4);
}

static void a_slice_is_borrowed_in_place(void **state)
{
    (void)state;
    struct hsy_reader in = hsy_reader(fifteen, 5);
    CLAIM(hsy_get_slice(&in, 2) == fifteen);
    CLAIM(hsy_get_slice(&in, 0) == fifteen + 2);
    CLAIM(hsy_get_slice(&in, 3) == fifteen + 2);
    CLAIM(hsy_reader_done(&in));
    CLAIM(hsy_get_slice(&in, SIZE_MAX) == NULL);
    CLAIM(in.bad);
}

static void nothing_at_all_can_be_read_from_null(void **state)
{
    (void)state;
    struct hsy_reader in = hsy_reader(NULL, 0);
    CLAIM(hsy_reader_done(&in));
    CLAIM(hsy_get_slice(&in, 0) == NULL);
    hsy_get_bytes(&in, NULL, 0);
    CLAIM(!in.bad);
    CLAIM_INT(hsy_get_u8(&in), 0);
    CLAIM(in.bad);
}

static void a_write_without_room_changes_nothing_and_sticks(void **state)
{
    (void)state;
    uint8_t bytes[5] = {9, 9, 9, 9, 9};
    const uint8_t expected[5] = {0, 1, 0, 2, 9};
    struct hsy_writer out = hsy_writer(bytes, 4);
    hsy_put_u16(&out, 1);
    hsy_put_u16(&out, 2);
    CLAIM(!out.bad);
    hsy_put_bytes(&out, NULL, 0);
    CLAIM(!out.bad);
    hsy_put_u8(&out, 3);
    CLAIM(out.bad);
    CLAIM_INT(out.len, 4);
    CLAIM_BYTES(bytes, expected, 5);

    out = hsy_writer(bytes, 4);
    hsy_put_bytes(&out, fifteen, 5);
    CLAIM(out.bad);
    hsy_put_u8(&out, 3); /* There is room, but the record is spoiled. */
    CLAIM_INT(out.len, 0);
    CLAIM_BYTES(bytes, expected, 5);
}

static void a_counting_writer_only_counts(void **state)
{
    (void)state;
    struct hsy_writer out = hsy_writer_count();
    hsy_put_u8(&out, 1);
    hsy_put_u16(&out, 1);
    hsy_put_u32(&out, 1);
    hsy_put_u64(&out, 1);
    hsy_put_bytes(&out, fifteen, 15);
    CLAIM(!out.bad);
    CLAIM_INT(out.len, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian_both_ways),
        cmocka_unit_test(a_read_over_the_end_is_zero_and_sticks),
        cmocka_unit_test(every_width_ends_exactly_at_the_end),
        cmocka_unit_test(bytes_that_are_left_over_are_not_done),
        cmocka_unit_test(missing_bytes_are_read_as_zeros),
        cmocka_unit_test(a_slice_is_borrowed_in_place),
        cmocka_unit_test(nothing_at_all_can_be_read_from_null),
        cmocka_unit_test(a_write_without_room_changes_nothing_and_sticks),
        cmocka_unit_test(a_counting_writer_only_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
