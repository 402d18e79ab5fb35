/* A row as the host keeps it:
 *
 *     value | seal u64
 *
 * The seal is FNV-1a over table, length of the key, key and value. Each of its
 * steps can be undone, so any change within one byte changes the seal; of all
 * other accidents it misses one in 2^64. It is no secret: who can write to the
 * disk can seal what he likes, and has the node's key anyway. */
#include "node/rows.h"

#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"

static uint64_t add_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t sum_of(const struct hearsay_row *row)
{
    const uint8_t head[] = {(uint8_t)row->table, (uint8_t)row->key_len};
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    HSY_ASSERT(row->key_len <= UINT8_MAX);
    sum = add_bytes(sum, head, sizeof(head));
    sum = add_bytes(sum, row->key, row->key_len);
    return add_bytes(sum, row->value, row->value_len);
}

void hsy_row_seal(uint8_t out[HSY_SEAL_LEN], const struct hearsay_row *row)
{
    struct hsy_writer seal = hsy_writer(out, HSY_SEAL_LEN);

    HSY_ASSERT(row->value != NULL);
    hsy_put_u64(&seal, sum_of(row));
    HSY_ASSERT(!seal.bad);
}

bool hsy_row_unseal(struct hearsay_row *row)
{
    struct hearsay_row bare = *row;
    uint8_t seal[HSY_SEAL_LEN];

    if (row->value == NULL || row->value_len < HSY_SEAL_LEN ||
        row->key_len > UINT8_MAX) {
        return false;
    }
    bare.value_len -= HSY_SEAL_LEN;
    hsy_row_seal(seal, &bare);
    if (memcmp(seal, bare.value + bare.value_len, HSY_SEAL_LEN) != 0) {
        return false;
    }
    *row = bare;
    return true;
}

const char *hsy_table_name(enum hearsay_table table)
{
    switch (table) {
    case HEARSAY_TABLE_SELF:
        return "self";
    case HEARSAY_TABLE_BOOK:
        return "book";
    case HEARSAY_TABLE_REGISTRY:
        return "registry";
    case HEARSAY_TABLE_FLOOR:
        return "floor";
    case HEARSAY_TABLE_MESSAGES:
        return "messages";
    }
    return "unknown"; /* A number from a file. */
}
