/* Peer records, alone and in lists. A record delimits itself; in a list each
 * has its length in front all the same, so that a list can be walked and
 * copied by code that does not look inside. */
#include "wire/codec.h"

#include <string.h>

#include "base/addr.h"
#include "base/assert.h"
#include "base/compiler.h"

enum { RECORD_FIXED_LEN = HEARSAY_ID_LEN + 4 * 8 + 1 + 1 + 1 + HSY_SIG_LEN };
_Static_assert(RECORD_FIXED_LEN + HEARSAY_ADDRS_MAX * HSY_ADDR_LEN +
                       HEARSAY_NAME_MAX <=
                   HSY_RECORD_LEN_MAX,
               "the largest record stays below the promised size");

static void put_addrs(struct hsy_writer *out, const struct hsy_record *record)
{
    HSY_ASSERT(record->addrs_count <= HEARSAY_ADDRS_MAX);
    hsy_put_u8(out, record->addrs_count);
    for (uint8_t i = 0; i < record->addrs_count; i++) {
        hsy_wire_put_addr(out, &record->addrs[i]);
    }
}

/* Known, and not said before. */
static bool addr_is_new(const struct hsy_record *record, uint8_t index)
{
    const struct hearsay_addr *addr = &record->addrs[index];
    if (!hsy_addr_has_ip(addr) || addr->port == 0) {
        return false;
    }
    for (uint8_t i = 0; i < index; i++) {
        if (hsy_addr_equal(&record->addrs[i], addr)) {
            return false;
        }
    }
    return true;
}

static void get_addrs(struct hsy_reader *in, struct hsy_record *record)
{
    record->addrs_count = hsy_wire_get_choice(in, 0, HEARSAY_ADDRS_MAX);
    for (uint8_t i = 0; i < record->addrs_count && !in->bad; i++) {
        hsy_wire_get_addr(in, &record->addrs[i]);
        hsy_wire_require(in, addr_is_new(record, i));
    }
}

/* Record:
 *
 *     id 32 | incarnation u64 | boot nonce u64 | issued at u64, ms
 *     features u64 | role u8 | addrs_count u8 | addrs_count x address 18
 *     name_len u8 | name | signature 64, by id
 *
 * Incarnation in [1, 2^62). At most 4 addresses, distinct, none of them with
 * an unknown IP or port. The name may be empty.
 */
static void put_record_body(struct hsy_writer *out,
                            const struct hsy_record *record)
{
    HSY_ASSERT(record != NULL);
    HSY_ASSERT(record->role == HEARSAY_SEED || record->role == HEARSAY_PEER);
    HSY_ASSERT(record->name_len <= HEARSAY_NAME_MAX);
    hsy_wire_put_id(out, &record->id);
    hsy_wire_put_incarnation(out, record->incarnation);
    hsy_put_u64(out, record->boot_nonce);
    hsy_put_u64(out, record->issued_ms);
    hsy_put_u64(out, record->features);
    hsy_put_u8(out, (uint8_t)record->role);
    put_addrs(out, record);
    hsy_wire_put_text(out, record->name, record->name_len);
}

void hsy_put_record(struct hsy_writer *out, const struct hsy_record *record)
{
    put_record_body(out, record);
    hsy_wire_put_sig(out, &record->sig);
}

void hsy_get_record(struct hsy_reader *in, struct hsy_record *record)
{
    HSY_ASSERT(record != NULL);
    /* Unused room is zero: equal records are equal in every byte. */
    memset(record, 0, sizeof(*record));
    hsy_wire_get_id(in, &record->id);
    record->incarnation = hsy_wire_get_incarnation(in);
    record->boot_nonce = hsy_get_u64(in);
    record->issued_ms = hsy_get_u64(in);
    record->features = hsy_get_u64(in);
    record->role =
        (enum hearsay_role)hsy_wire_get_choice(in, HEARSAY_SEED, HEARSAY_PEER);
    get_addrs(in, record);
    record->name_len = hsy_wire_get_text(in, record->name, HEARSAY_NAME_MAX);
    hsy_wire_get_sig(in, &record->sig);
}

struct hsy_record_brief hsy_record_brief(const uint8_t *encoded, size_t len)
{
    struct hsy_reader in = hsy_reader(encoded, len);
    struct hsy_record_brief brief;

    HSY_ASSERT(len >= RECORD_FIXED_LEN);
    (void)hsy_get_slice(&in, HEARSAY_ID_LEN);
    brief.incarnation = hsy_get_u64(&in);
    brief.boot_nonce = hsy_get_u64(&in);
    brief.issued_ms = hsy_get_u64(&in);
    brief.features = hsy_get_u64(&in);
    brief.role = (enum hearsay_role)hsy_get_u8(&in);
    brief.addrs_count = hsy_get_u8(&in);
    HSY_ASSERT(!in.bad);
    return brief;
}

struct hearsay_addr hsy_record_first_addr(const uint8_t *encoded, size_t len)
{
    struct hsy_reader in = hsy_reader(encoded, len);
    struct hearsay_addr addr = {.port = 0};

    HSY_ASSERT(len >= RECORD_FIXED_LEN);
    (void)hsy_get_slice(&in, HEARSAY_ID_LEN + 4 * 8 + 1);
    if (hsy_get_u8(&in) > 0) {
        hsy_wire_get_addr(&in, &addr);
    }
    HSY_ASSERT(!in.bad);
    return addr;
}

void hsy_record_signed_bytes(struct hsy_writer *out,
                             const struct hsy_record *record)
{
    hsy_wire_put_domain(out, "hearsay-record-1");
    put_record_body(out, record);
}

void hsy_encoded_signed_bytes(struct hsy_writer *out,
                              const struct hsy_encoded *record)
{
    HSY_ASSERT(record->len >= RECORD_FIXED_LEN);
    hsy_wire_put_domain(out, "hearsay-record-1");
    hsy_put_bytes(out, record->bytes, record->len - HSY_SIG_LEN);
}

bool hsy_record_same_addrs(const struct hsy_record *a,
                           const struct hsy_record *b)
{
    if (a->addrs_count != b->addrs_count) {
        return false;
    }
    for (uint8_t i = 0; i < a->addrs_count; i++) {
        if (!hsy_addr_equal(&a->addrs[i], &b->addrs[i])) {
            return false;
        }
    }
    return true;
}

bool hsy_record_equal(const struct hsy_record *a, const struct hsy_record *b)
{
    HSY_ASSERT(a != NULL);
    HSY_ASSERT(b != NULL);
    return hsy_id_equal(&a->id, &b->id) && a->incarnation == b->incarnation &&
           a->boot_nonce == b->boot_nonce && a->issued_ms == b->issued_ms &&
           a->features == b->features && a->role == b->role &&
           hsy_record_same_addrs(a, b) && a->name_len == b->name_len &&
           memcmp(a->name, b->name, a->name_len) == 0 &&
           memcmp(a->sig.bytes, b->sig.bytes, HSY_SIG_LEN) == 0;
}

/* Records:  count u16 | count x ( len u16 | record )
 *
 * The struct's bytes are the part after the count.
 */
static void get_item(struct hsy_reader *in, struct hsy_record *record)
{
    uint16_t len = hsy_get_u16(in);
    const uint8_t *bytes = hsy_get_slice(in, len);
    if (in->bad) {
        return;
    }
    struct hsy_reader item = hsy_reader(bytes, len);
    hsy_get_record(&item, record);
    hsy_wire_require(in, hsy_reader_done(&item));
}

void hsy_wire_put_records(struct hsy_writer *out,
                          const struct hsy_records *records)
{
    HSY_ASSERT(records != NULL);
    HSY_ASSERT(records->count <= HSY_PAGE_RECORDS);
    HSY_ASSERT((records->count == 0) == (records->len == 0));
    hsy_put_u16(out, records->count);
    hsy_put_bytes(out, records->bytes, records->len);
}

void hsy_wire_get_records(struct hsy_reader *in, struct hsy_records *records,
                          uint16_t count_max)
{
    HSY_ASSERT(records != NULL);
    HSY_ASSERT(count_max <= HSY_PAGE_RECORDS);
    uint16_t count = hsy_get_u16(in);
    hsy_wire_require(in, count <= count_max);
    const uint8_t *start = in->at;
    for (uint16_t i = 0; i < count && !in->bad; i++) {
        HSY_UNSET struct hsy_record record;
        get_item(in, &record);
    }
    *records = (struct hsy_records){.bytes = start};
    if (!in->bad) {
        records->len = (uint32_t)(in->at - start);
        records->count = count;
    }
}

void hsy_records_add(struct hsy_writer *list, struct hsy_records *records,
                     const struct hsy_record *record)
{
    HSY_ASSERT(list != NULL);
    HSY_ASSERT(records != NULL);
    HSY_ASSERT(list->bad || records->len == list->len);
    HSY_ASSERT(records->count < HSY_PAGE_RECORDS);
    struct hsy_writer item = hsy_writer_count();
    hsy_put_record(&item, record);
    HSY_ASSERT(item.len <= HSY_RECORD_LEN_MAX);
    hsy_put_u16(list, (uint16_t)item.len);
    hsy_put_record(list, record);
    if (!list->bad) {
        records->bytes = list->data;
        records->len = (uint32_t)list->len;
        records->count++;
    }
}

void hsy_records_add_encoded(struct hsy_writer *list,
                             struct hsy_records *records,
                             const uint8_t *encoded, size_t len)
{
    HSY_ASSERT(len >= RECORD_FIXED_LEN);
    HSY_ASSERT(len <= HSY_RECORD_LEN_MAX);
    HSY_ASSERT(list->bad || records->len == list->len);
    HSY_ASSERT(records->count < HSY_PAGE_RECORDS);
    hsy_put_u16(list, (uint16_t)len);
    hsy_put_bytes(list, encoded, len);
    if (!list->bad) {
        records->bytes = list->data;
        records->len = (uint32_t)list->len;
        records->count++;
    }
}

bool hsy_records_next_encoded(struct hsy_reader *at, struct hsy_encoded *out)
{
    HSY_ASSERT(at != NULL);
    HSY_ASSERT(out != NULL);
    if (hsy_reader_left(at) == 0) {
        return false;
    }
    out->len = hsy_get_u16(at);
    out->bytes = hsy_get_slice(at, out->len);
    return !at->bad;
}

bool hsy_records_next(struct hsy_reader *at, struct hsy_record *record)
{
    HSY_ASSERT(at != NULL);
    HSY_ASSERT(record != NULL);
    if (hsy_reader_left(at) == 0) {
        return false;
    }
    get_item(at, record);
    return !at->bad;
}
