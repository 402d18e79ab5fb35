/* Who is refused is told of peers that are likelier to have room: those that
 * had few links when they asked for one here. */
#include "core/refusal.h"

#include "core/diversity.h"
#include "core/kept.h"

/* Some have no address to be told of. */
enum { LOOKED_AT = 2 * HSY_ALTERNATIVES_MAX };

/* The record of a neighbour to try instead; NULL: it has no address, or none
 * that can be dialled. The one
 * that came with its link will do when the book has none: a hub's book is
 * full of those who came first, who are hubs, and full, themselves. */
static const struct hsy_blob *alternative(const struct hsy_overlay *o,
                                          const struct hsy_neighbour *other)
{
    const struct hsy_contact *c = hsy_book_find(o->book, &other->id);

    HSY_ASSERT(other->overlay);
    HSY_ASSERT(other->role == HEARSAY_PEER);
    if (c != NULL) {
        return c->record;
    }
    return hsy_kept_record_brief(other->record).addrs_count > 0 &&
                   !hsy_kept_undialable(other->record)
               ? other->record
               : NULL;
}

void hsy_refusal_send(struct hsy_overlay *o, const struct hsy_neighbour *n,
                      enum hsy_refuse_why why)
{
    uint8_t bytes[HSY_ALTERNATIVES_MAX * (HSY_RECORD_LEN_MAX + 2)];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_REFUSE};
    const struct hsy_neighbour *others[LOOKED_AT];
    uint32_t start = (uint32_t)hsy_prng_below(
        &o->env->prng, hsy_neighbours_count(o->neighbours));
    uint32_t count =
        hsy_diversity_humble(o->neighbours, n, start, others, LOOKED_AT);

    frame.refuse.why = why;
    frame.refuse.alternatives.bytes = bytes;
    for (uint32_t i = 0;
         i < count && frame.refuse.alternatives.count < HSY_ALTERNATIVES_MAX;
         i++) {
        const struct hsy_blob *record = alternative(o, others[i]);
        if (record != NULL) {
            hsy_records_add_encoded(&list, &frame.refuse.alternatives,
                                    record->bytes, record->len);
        }
    }
    HSY_ASSERT(!list.bad);
    hsy_send(o->env, n->link, &frame);
}
