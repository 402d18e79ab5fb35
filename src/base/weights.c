/* sums[i] is the sum of the last (i & -i) weights up to the i-th, counted from
 * 1. With a room of a power of two sums[room] is the total, and doubling the
 * room adds one sum that is not 0. */
#include "base/weights.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { ROOM_FIRST = 8 };

void hsy_weights_init(struct hsy_weights *w, const struct hearsay_mem *mem)
{
    HSY_ASSERT(mem->alloc != NULL);
    *w = (struct hsy_weights){.mem = *mem};
}

void hsy_weights_fini(struct hsy_weights *w)
{
    HSY_ASSERT(w->mem.free != NULL);
    hsy_mem_free(&w->mem, w->sums);
    w->sums = NULL;
    w->room = 0;
}

int hsy_weights_reserve(struct hsy_weights *w, uint32_t count)
{
    uint32_t room = w->room == 0 ? ROOM_FIRST : w->room;

    HSY_ASSERT(count <= (uint32_t)1 << 31);
    if (count <= w->room) {
        return HEARSAY_OK;
    }
    while (room < count) {
        room *= 2;
    }
    uint64_t *sums =
        hsy_mem_zalloc(&w->mem, ((size_t)room + 1) * sizeof(*sums));
    if (sums == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (w->room > 0) {
        memcpy(sums, w->sums, ((size_t)w->room + 1) * sizeof(*sums));
        for (uint32_t i = 2 * w->room; i <= room && i > 0; i *= 2) {
            sums[i] = w->sums[w->room];
        }
    }
    hsy_mem_free(&w->mem, w->sums);
    w->sums = sums;
    w->room = room;
    return HEARSAY_OK;
}

void hsy_weights_raise(struct hsy_weights *w, uint32_t index, uint64_t by)
{
    HSY_ASSERT(index < w->room);
    for (uint32_t i = index + 1; i <= w->room; i += i & (0 - i)) {
        w->sums[i] += by;
    }
}

void hsy_weights_lower(struct hsy_weights *w, uint32_t index, uint64_t by)
{
    HSY_ASSERT(index < w->room);
    for (uint32_t i = index + 1; i <= w->room; i += i & (0 - i)) {
        HSY_ASSERT(w->sums[i] >= by);
        w->sums[i] -= by;
    }
}

uint64_t hsy_weights_total(const struct hsy_weights *w)
{
    return w->room == 0 ? 0 : w->sums[w->room];
}

uint64_t hsy_weights_before(const struct hsy_weights *w, uint32_t index)
{
    uint64_t sum = 0;

    HSY_ASSERT(index <= w->room);
    for (uint32_t i = index; i > 0; i -= i & (0 - i)) {
        sum += w->sums[i];
    }
    return sum;
}

uint32_t hsy_weights_at(const struct hsy_weights *w, uint64_t at)
{
    uint32_t index = 0;

    HSY_ASSERT(at < hsy_weights_total(w));
    for (uint32_t step = w->room / 2; step > 0; step /= 2) {
        if (w->sums[index + step] <= at) {
            index += step;
            at -= w->sums[index];
        }
    }
    return index;
}
