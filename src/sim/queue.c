/* A binary heap in one array: O(log n) per event whatever the number of
 * nodes, and no memory per event. The sequence number makes the order total,
 * so equal times never depend on the heap's shape. */
#include "sim/queue.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { ROOM_FIRST = 64 };

void hsy_queue_init(struct hsy_queue *q, const struct hearsay_mem *mem)
{
    HSY_ASSERT(q != NULL);
    HSY_ASSERT(mem != NULL);
    *q = (struct hsy_queue){.mem = *mem};
}

void hsy_queue_fini(struct hsy_queue *q)
{
    HSY_ASSERT(q != NULL);
    hsy_mem_free(&q->mem, q->heap);
    q->heap = NULL;
    q->count = 0;
    q->room = 0;
}

static bool sooner(const struct hsy_future *a, const struct hsy_future *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static int grow(struct hsy_queue *q)
{
    HSY_ASSERT(q->room < UINT32_MAX / 4);
    uint32_t room = q->room == 0 ? ROOM_FIRST : q->room * 2;
    struct hsy_future *heap =
        hsy_mem_alloc(&q->mem, (size_t)room * sizeof(*heap));
    if (heap == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (q->count > 0) {
        memcpy(heap, q->heap, (size_t)q->count * sizeof(*heap));
    }
    hsy_mem_free(&q->mem, q->heap);
    q->heap = heap;
    q->room = room;
    return HEARSAY_OK;
}

int hsy_queue_push(struct hsy_queue *q, const struct hsy_future *f)
{
    HSY_ASSERT(q != NULL);
    HSY_ASSERT(f->at_ns != HEARSAY_NEVER);

    if (q->count == q->room) {
        int err = grow(q);
        if (err != HEARSAY_OK) {
            return err;
        }
    }
    struct hsy_future item = *f;
    item.seq = q->next_seq;
    q->next_seq++;
    uint32_t at = q->count;
    q->count++;
    while (at > 0 && sooner(&item, &q->heap[(at - 1) / 2])) {
        q->heap[at] = q->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    q->heap[at] = item;
    return HEARSAY_OK;
}

const struct hsy_future *hsy_queue_peek(const struct hsy_queue *q)
{
    HSY_ASSERT(q != NULL);
    return q->count == 0 ? NULL : &q->heap[0];
}

struct hsy_future hsy_queue_pop(struct hsy_queue *q)
{
    HSY_ASSERT(q != NULL);
    HSY_ASSERT(q->count > 0);

    struct hsy_future first = q->heap[0];
    q->count--;
    struct hsy_future last = q->heap[q->count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < q->count; child = 2 * at + 1) {
        if (child + 1 < q->count &&
            sooner(&q->heap[child + 1], &q->heap[child])) {
            child++;
        }
        if (!sooner(&q->heap[child], &last)) {
            break;
        }
        q->heap[at] = q->heap[child];
        at = child;
    }
    q->heap[at] = last;
    return first;
}
