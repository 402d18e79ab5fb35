/* Frames between two peers of the overlay, where they are more than a number
 * or a single signed thing. */
#include "wire/codec.h"

#include "base/assert.h"

/* REFUSE:  why u8 | records, at most 8
 */
void hsy_wire_put_refuse(struct hsy_writer *out, const struct hsy_frame *frame)
{
    HSY_ASSERT(frame->refuse.why >= HSY_REFUSE_FULL);
    HSY_ASSERT(frame->refuse.why <= HSY_REFUSE_ROLE);
    HSY_ASSERT(frame->refuse.alternatives.count <= HSY_ALTERNATIVES_MAX);
    hsy_put_u8(out, (uint8_t)frame->refuse.why);
    hsy_wire_put_records(out, &frame->refuse.alternatives);
}

void hsy_wire_get_refuse(struct hsy_reader *in, struct hsy_frame *frame)
{
    HSY_ASSERT(frame != NULL);
    frame->refuse.why = (enum hsy_refuse_why)hsy_wire_get_choice(
        in, HSY_REFUSE_FULL, HSY_REFUSE_ROLE);
    hsy_wire_get_records(in, &frame->refuse.alternatives, HSY_ALTERNATIVES_MAX);
}
