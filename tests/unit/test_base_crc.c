/* CRC-32C against its definition. */
#include "base/crc.h"
#include "base/prng.h"
#include "support/claim.h"

static uint32_t bit_by_bit(uint32_t sum, const uint8_t *bytes, size_t len)
{
    sum = ~sum;
    for (size_t i = 0; i < 8 * len; i++) {
        uint32_t bit = (uint32_t)bytes[i / 8] >> (i % 8) & 1;
        sum = (sum >> 1) ^ ((sum ^ bit) & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~sum;
}

/* RFC 3720, B.4, and the check value of every catalogue. */
static void known_sums_come_out(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    CLAIM_INT(hsy_crc32c(0, bytes, 32), UINT32_C(0x8a9136aa));
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)i;
    }
    CLAIM_INT(hsy_crc32c(0, bytes, 32), UINT32_C(0x46dd794e));
    CLAIM_INT(hsy_crc32c(0, "123456789", 9), UINT32_C(0xe3069283));
    CLAIM_INT(hsy_crc32c(0, NULL, 0), 0);
}

static void every_entry_of_the_table_is_right(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        CLAIM_INT(hsy_crc32c(0, &byte, 1), bit_by_bit(0, &byte, 1));
    }
}

static void parts_add_up_to_the_whole(void **state)
{
    (void)state;
    struct hsy_prng prng;
    hsy_prng_init(&prng, 7);
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)hsy_prng_next(&prng);
    }
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        uint32_t sum = hsy_crc32c(0, bytes, cut);
        sum = hsy_crc32c(sum, bytes + cut, sizeof(bytes) - cut);
        CLAIM_INT(sum, bit_by_bit(0, bytes, sizeof(bytes)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums_come_out),
        cmocka_unit_test(every_entry_of_the_table_is_right),
        cmocka_unit_test(parts_add_up_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
