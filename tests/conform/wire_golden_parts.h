/* What golden frames are made of: nodes, and what they sign. */
#ifndef HSY_TESTS_CONFORM_WIRE_GOLDEN_PARTS_H
#define HSY_TESTS_CONFORM_WIRE_GOLDEN_PARTS_H

#include <string.h>

#include "wire/frames.h"

/* Room for what the slices of the frame under test point to. */
static uint8_t list_room[4096];
static struct hearsay_id ids_room[4];

static inline struct hearsay_id id_of(uint8_t byte)
{
    struct hearsay_id id;
    memset(id.bytes, byte, sizeof(id.bytes));
    return id;
}

static inline struct hsy_sig sig_of(uint8_t byte)
{
    struct hsy_sig sig;
    memset(sig.bytes, byte, sizeof(sig.bytes));
    return sig;
}

static inline struct hearsay_addr v4(uint8_t last, uint16_t port)
{
    return (struct hearsay_addr){
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 192, 0, 2, last}, .port = port};
}

static inline struct hearsay_addr v6(uint8_t last, uint16_t port)
{
    return (struct hearsay_addr){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = last},
                                 .port = port};
}

/* Two addresses, the name "alice". */
static inline struct hsy_record alice(void)
{
    return (struct hsy_record){
        .id = id_of(0xa1),
        .incarnation = 7,
        .boot_nonce = 0x0102030405060708,
        .issued_ms = 1767225600000,
        .features = 0x11,
        .role = HEARSAY_PEER,
        .addrs_count = 2,
        .addrs = {v4(1, 7946), v6(1, 7946)},
        .name_len = 5,
        .name = "alice",
        .sig = sig_of(0xaa),
    };
}

/* A seed without a name. */
static inline struct hsy_record bob(void)
{
    return (struct hsy_record){
        .id = id_of(0xb2),
        .incarnation = HSY_INCARNATION_END - 1,
        .boot_nonce = UINT64_MAX,
        .issued_ms = 1767225600001,
        .features = 0,
        .role = HEARSAY_SEED,
        .addrs_count = 1,
        .addrs = {v4(2, 65535)},
        .sig = sig_of(0xbb),
    };
}

static inline struct hsy_leave leave_of(uint8_t byte)
{
    return (struct hsy_leave){.id = id_of(byte),
                              .incarnation = 7,
                              .issued_ms = 1767225600002,
                              .sig = sig_of(0xcc)};
}

static inline struct hsy_verdict verdict_on_alice(uint8_t seed)
{
    return (struct hsy_verdict){.subject = id_of(0xa1),
                                .incarnation = 7,
                                .wall_ms = 1767225600003,
                                .seed = id_of(seed),
                                .sig = sig_of(seed)};
}

static inline struct hsy_links links_of_alice(void)
{
    ids_room[0] = id_of(0x10);
    ids_room[1] = id_of(0x20);
    ids_room[2] = id_of(0xb2);
    return (struct hsy_links){
        .id = id_of(0xa1),
        .incarnation = 7,
        .version = 42,
        .neighbours = {.bytes = ids_room[0].bytes, .count = 3},
        .sig = sig_of(0xdd)};
}

static inline struct hsy_records alice_and_bob(void)
{
    struct hsy_records records = {.bytes = list_room};
    struct hsy_writer list = hsy_writer(list_room, sizeof(list_room));
    struct hsy_record first = alice(), second = bob();
    hsy_records_add(&list, &records, &first);
    hsy_records_add(&list, &records, &second);
    return records;
}

#endif
