/* Frames between a peer and its seeds: registration, samples of the Peer
 * List, verdicts and bridges. */
#include "wire/codec.h"

#include "base/addr.h"
#include "base/assert.h"

/* A rank is 2 * incarnation + dead; 0 when nothing is known. */
static bool rank_valid(uint64_t rank)
{
    return rank < 2 * HSY_INCARNATION_END;
}

/* REGISTERED:
 *
 *     verdict u8 | incarnation u64 | known rank u64 | lease u32, s
 *     peers_count u32 | by_degree u16 | records
 *
 * by_degree <= the number of records, at most 48.
 */
void hsy_wire_put_registered(struct hsy_writer *out,
                             const struct hsy_registered *registered)
{
    HSY_ASSERT(registered->verdict <= HSY_REGISTERED_NO_ADDR);
    HSY_ASSERT(registered->by_degree <= registered->sample.count);
    HSY_ASSERT(rank_valid(registered->known_rank));
    hsy_put_u8(out, (uint8_t)registered->verdict);
    hsy_wire_put_incarnation(out, registered->incarnation);
    hsy_put_u64(out, registered->known_rank);
    hsy_put_u32(out, registered->lease_s);
    hsy_put_u32(out, registered->peers_count);
    hsy_put_u16(out, registered->by_degree);
    hsy_wire_put_records(out, &registered->sample);
}

void hsy_wire_get_registered(struct hsy_reader *in,
                             struct hsy_registered *registered)
{
    HSY_ASSERT(registered != NULL);
    registered->verdict = (enum hsy_registered_verdict)hsy_wire_get_choice(
        in, HSY_REGISTERED_OK, HSY_REGISTERED_NO_ADDR);
    registered->incarnation = hsy_wire_get_incarnation(in);
    registered->known_rank = hsy_get_u64(in);
    hsy_wire_require(in, rank_valid(registered->known_rank));
    registered->lease_s = hsy_get_u32(in);
    registered->peers_count = hsy_get_u32(in);
    registered->by_degree = hsy_get_u16(in);
    hsy_wire_get_records(in, &registered->sample, HSY_PAGE_RECORDS);
    hsy_wire_require(in, registered->by_degree <= registered->sample.count);
}

/* PEERS_GET:  kind u8 | count u16, 1 to 48 | page u32
 *
 * Kind LOOKUP is only ever an answer.
 */
void hsy_wire_put_peers_get(struct hsy_writer *out,
                            const struct hsy_peers_get *get)
{
    HSY_ASSERT(get->kind <= HSY_PEERS_TOP);
    HSY_ASSERT(get->kind != HSY_PEERS_LOOKUP);
    HSY_ASSERT(get->count >= 1);
    HSY_ASSERT(get->count <= HSY_PAGE_RECORDS);
    hsy_put_u8(out, (uint8_t)get->kind);
    hsy_put_u16(out, get->count);
    hsy_put_u32(out, get->page);
}

void hsy_wire_get_peers_get(struct hsy_reader *in, struct hsy_peers_get *get)
{
    HSY_ASSERT(get != NULL);
    get->kind = (enum hsy_peers_kind)hsy_wire_get_choice(in, HSY_PEERS_SAMPLE,
                                                         HSY_PEERS_TOP);
    hsy_wire_require(in, get->kind != HSY_PEERS_LOOKUP);
    get->count = hsy_get_u16(in);
    hsy_wire_require(in, get->count >= 1 && get->count <= HSY_PAGE_RECORDS);
    get->page = hsy_get_u32(in);
}

/* PEERS:  kind u8 | page u32 | peers_count u32 | by_degree u16 | records
 *
 * by_degree <= the number of records, at most 48; of kind LOOKUP at most 1.
 */
static uint16_t peers_max(enum hsy_peers_kind kind)
{
    return kind == HSY_PEERS_LOOKUP ? 1 : HSY_PAGE_RECORDS;
}

void hsy_wire_put_peers(struct hsy_writer *out, const struct hsy_peers *peers)
{
    HSY_ASSERT(peers->kind <= HSY_PEERS_TOP);
    HSY_ASSERT(peers->records.count <= peers_max(peers->kind));
    HSY_ASSERT(peers->by_degree <= peers->records.count);
    hsy_put_u8(out, (uint8_t)peers->kind);
    hsy_put_u32(out, peers->page);
    hsy_put_u32(out, peers->peers_count);
    hsy_put_u16(out, peers->by_degree);
    hsy_wire_put_records(out, &peers->records);
}

void hsy_wire_get_peers(struct hsy_reader *in, struct hsy_peers *peers)
{
    HSY_ASSERT(peers != NULL);
    peers->kind = (enum hsy_peers_kind)hsy_wire_get_choice(in, HSY_PEERS_SAMPLE,
                                                           HSY_PEERS_TOP);
    peers->page = hsy_get_u32(in);
    peers->peers_count = hsy_get_u32(in);
    peers->by_degree = hsy_get_u16(in);
    hsy_wire_get_records(in, &peers->records, peers_max(peers->kind));
    hsy_wire_require(in, peers->by_degree <= peers->records.count);
}

/* VERDICT:  verdict 144 | record, of the verdict's subject
 */
void hsy_wire_put_verdict_frame(struct hsy_writer *out,
                                const struct hsy_frame *frame)
{
    HSY_ASSERT(hsy_id_equal(&frame->verdict.verdict.subject,
                            &frame->verdict.record.id));
    hsy_put_verdict(out, &frame->verdict.verdict);
    hsy_put_record(out, &frame->verdict.record);
}

void hsy_wire_get_verdict_frame(struct hsy_reader *in, struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    hsy_get_verdict(in, &frame->verdict.verdict);
    hsy_get_record(in, &frame->verdict.record);
    hsy_wire_require(in, hsy_id_equal(&frame->verdict.verdict.subject,
                                      &frame->verdict.record.id));
}

/* BRIDGE:  why u8 | records, 1 or 2
 */
void hsy_wire_put_bridge(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->bridge.why == HSY_BRIDGE_COMPONENT);
    HSY_ASSERT(frame->bridge.records.count >= 1);
    HSY_ASSERT(frame->bridge.records.count <= HSY_BRIDGE_RECORDS);
    hsy_put_u8(out, (uint8_t)frame->bridge.why);
    hsy_wire_put_records(out, &frame->bridge.records);
}

void hsy_wire_get_bridge(struct hsy_reader *in, struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    frame->bridge.why = (enum hsy_bridge_why)hsy_wire_get_choice(
        in, HSY_BRIDGE_COMPONENT, HSY_BRIDGE_COMPONENT);
    hsy_wire_get_records(in, &frame->bridge.records, HSY_BRIDGE_RECORDS);
    hsy_wire_require(in, frame->bridge.records.count >= 1);
}

/* REACH:  incarnation u64 | reached u8 | address 18 */
void hsy_wire_put_reach(struct hsy_writer *out, const struct hsy_reach *reach)
{
    HSY_ASSERT(hsy_incarnation_valid(reach->incarnation));
    hsy_wire_put_incarnation(out, reach->incarnation);
    hsy_wire_put_bool(out, reach->reached);
    hsy_wire_put_addr(out, &reach->addr);
}

void hsy_wire_get_reach(struct hsy_reader *in, struct hsy_reach *reach)
{
    HSY_ASSERT(reach != NULL);
    reach->incarnation = hsy_wire_get_incarnation(in);
    reach->reached = hsy_wire_get_bool(in);
    hsy_wire_get_addr(in, &reach->addr);
}
