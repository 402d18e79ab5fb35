/* Frames by which the pieces of a large message are asked for and sent. Both
 * are of version 2. */
#include "wire/codec.h"

#include "base/assert.h"

/* FETCH:  bundle id 16 | first u16 | upto u16, exclusive
 *
 * first <= upto <= 512. Equal: what was asked for and has not come is not
 * wanted any more.
 */
static bool fetch_valid(const struct hsy_fetch *fetch)
{
    return fetch->first <= fetch->upto && fetch->upto <= HSY_PIECES_MAX;
}

void hsy_wire_put_fetch(struct hsy_writer *out, const struct hsy_fetch *fetch)
{
    HSY_ASSERT(fetch_valid(fetch));
    hsy_put_bytes(out, fetch->id.bytes, sizeof(fetch->id.bytes));
    hsy_put_u16(out, fetch->first);
    hsy_put_u16(out, fetch->upto);
}

void hsy_wire_get_fetch(struct hsy_reader *in, struct hsy_fetch *fetch)
{
    hsy_get_bytes(in, fetch->id.bytes, sizeof(fetch->id.bytes));
    fetch->first = hsy_get_u16(in);
    fetch->upto = hsy_get_u16(in);
    hsy_wire_require(in, fetch_valid(fetch));
}

/* PIECE:  bundle id 16 | index u16 | how u8 | len u16 | bytes
 *
 *     how 0  data: 1 byte to 32 KiB
 *         1  not here: index 0, no bytes
 *         2  gone: the same
 */
static bool piece_valid(const struct hsy_piece *piece)
{
    if (piece->how != HSY_PIECE_DATA) {
        return piece->index == 0 && piece->len == 0;
    }
    return piece->index < HSY_PIECES_MAX && piece->len >= 1 &&
           piece->len <= HSY_PIECE_LEN;
}

void hsy_wire_put_piece(struct hsy_writer *out, const struct hsy_piece *piece)
{
    HSY_ASSERT(piece_valid(piece));
    hsy_put_bytes(out, piece->id.bytes, sizeof(piece->id.bytes));
    hsy_put_u16(out, piece->index);
    hsy_put_u8(out, (uint8_t)piece->how);
    hsy_put_u16(out, (uint16_t)piece->len);
    hsy_put_bytes(out, piece->bytes, piece->len);
}

void hsy_wire_get_piece(struct hsy_reader *in, struct hsy_piece *piece)
{
    hsy_get_bytes(in, piece->id.bytes, sizeof(piece->id.bytes));
    piece->index = hsy_get_u16(in);
    piece->how = (enum hsy_piece_how)hsy_wire_get_choice(in, HSY_PIECE_DATA,
                                                         HSY_PIECE_GONE);
    piece->len = hsy_get_u16(in);
    piece->bytes = hsy_get_slice(in, piece->len);
    hsy_wire_require(in, piece_valid(piece));
}
