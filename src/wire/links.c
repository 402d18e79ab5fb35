/* A peer's snapshot of its links. Neighbours come in ascending order: a set
 * of links has one encoding, and seeds can compare snapshots by hash. */
#include "wire/codec.h"

#include "base/addr.h"
#include "base/assert.h"

/* Strictly ascending, and nobody is a neighbour of itself. */
static bool neighbours_valid(const struct hsy_links *links)
{
    const struct hsy_ids *ids = &links->neighbours;
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct hearsay_id *id = hsy_ids_at(ids, i);
        if (hsy_id_equal(id, &links->id)) {
            return false;
        }
        if (i > 0 && hsy_id_compare(hsy_ids_at(ids, i - 1), id) >= 0) {
            return false;
        }
    }
    return true;
}

/* Links:
 *
 *     id 32 | incarnation u64 | version u64 | count u16 | count x neighbour 32
 *     signature 64, by id
 */
static void put_links_body(struct hsy_writer *out,
                           const struct hsy_links *links)
{
    HSY_ASSERT(links != NULL);
    HSY_ASSERT(links->neighbours.count <= UINT16_MAX);
    HSY_ASSERT(neighbours_valid(links));
    hsy_wire_put_id(out, &links->id);
    hsy_wire_put_incarnation(out, links->incarnation);
    hsy_put_u64(out, links->version);
    hsy_put_u16(out, (uint16_t)links->neighbours.count);
    hsy_put_bytes(out, links->neighbours.bytes,
                  (size_t)links->neighbours.count * HEARSAY_ID_LEN);
}

void hsy_put_links(struct hsy_writer *out, const struct hsy_links *links)
{
    put_links_body(out, links);
    hsy_wire_put_sig(out, &links->sig);
}

void hsy_get_links(struct hsy_reader *in, struct hsy_links *links)
{
    HSY_ASSERT(links != NULL);
    hsy_wire_get_id(in, &links->id);
    links->incarnation = hsy_wire_get_incarnation(in);
    links->version = hsy_get_u64(in);
    uint16_t count = hsy_get_u16(in);
    const uint8_t *bytes = hsy_get_slice(in, (size_t)count * HEARSAY_ID_LEN);
    links->neighbours = (struct hsy_ids){
        .bytes = bytes,
        .count = in->bad ? 0 : count,
    };
    hsy_wire_require(in, neighbours_valid(links));
    hsy_wire_get_sig(in, &links->sig);
}

struct hsy_links_brief hsy_links_brief(const uint8_t *encoded, size_t len)
{
    struct hsy_reader in = hsy_reader(encoded, len);
    struct hsy_links_brief brief;

    HSY_ASSERT(encoded != NULL);
    (void)hsy_get_slice(&in, HEARSAY_ID_LEN);
    brief.incarnation = hsy_get_u64(&in);
    brief.version = hsy_get_u64(&in);
    brief.neighbours.count = hsy_get_u16(&in);
    brief.neighbours.bytes =
        hsy_get_slice(&in, (size_t)brief.neighbours.count * HEARSAY_ID_LEN);
    HSY_ASSERT(!in.bad);
    return brief;
}

void hsy_links_signed_bytes(struct hsy_writer *out,
                            const struct hsy_links *links)
{
    hsy_wire_put_domain(out, "hearsay-links-1");
    put_links_body(out, links);
}
