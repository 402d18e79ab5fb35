/* A heap of small keys, four children to a node: the four lie in one cache
 * line, and the tree is half as deep as a binary one. What a key stands for
 * lies still in a slot of its own.
 *
 *     heap   [time | order, slot] ...     sorted enough
 *     slots  [node, kind, ...] ...        free ones form a list
 *     ring   [time | order, slot] ...     for the instant that is now
 *
 * Much of what a node does takes no time (the kernel takes its bytes at once,
 * a job is done at once): that waits in the ring, first in, first out, and
 * never goes through the heap. The order of scheduling makes the order total,
 * so equal times never depend on the heap's shape. */
#include "sim/queue.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum {
    ROOM_FIRST = 64,
    FAN = 4,
    SLOT_BITS = 26, /* 67 million events at once, */
    SLOTS_MAX = 1 << SLOT_BITS
};

/* and 270 thousand million in all: days of computing. */
#define ORDER_MAX (UINT64_C(1) << (64 - SLOT_BITS))

struct hsy_queue_key {
    uint64_t at_ns;
    uint64_t order; /* The slot is in its low bits. */
};

struct hsy_queue_slot {
    union {
        struct hsy_conn *conn;
        uint64_t value;
        struct hearsay_job *job;
    };
    uint32_t node; /* Of a free one: index + 1 of the next free one. */
    uint32_t life;
    uint8_t kind;
    uint8_t side;
};

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
    hsy_mem_free(&q->mem, q->slots);
    hsy_mem_free(&q->mem, q->ring);
    *q = (struct hsy_queue){.mem = q->mem};
}

static bool sooner(const struct hsy_queue_key *a, const struct hsy_queue_key *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

/* ---------------------------------------------------------------- growing */

/* By half, which wastes less than doubling where there are millions. */
static uint32_t more(uint32_t room)
{
    return room == 0 ? ROOM_FIRST : room + room / 2;
}

static int heap_grow(struct hsy_queue *q)
{
    uint32_t room = more(q->heap_room);
    struct hsy_queue_key *heap =
        hsy_mem_alloc(&q->mem, (size_t)room * sizeof(*heap));
    if (heap == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (q->heap_count > 0) {
        memcpy(heap, q->heap, (size_t)q->heap_count * sizeof(*heap));
    }
    hsy_mem_free(&q->mem, q->heap);
    q->heap = heap;
    q->heap_room = room;
    return HEARSAY_OK;
}

static int slots_grow(struct hsy_queue *q)
{
    uint32_t room = more(q->slots_room);
    if (room > SLOTS_MAX) {
        return HEARSAY_ERR_NOMEM;
    }
    struct hsy_queue_slot *slots =
        hsy_mem_alloc(&q->mem, (size_t)room * sizeof(*slots));
    if (slots == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (q->slots_count > 0) {
        memcpy(slots, q->slots, (size_t)q->slots_count * sizeof(*slots));
    }
    hsy_mem_free(&q->mem, q->slots);
    q->slots = slots;
    q->slots_room = room;
    return HEARSAY_OK;
}

static int ring_grow(struct hsy_queue *q)
{
    uint32_t room = q->ring_room == 0 ? ROOM_FIRST : 2 * q->ring_room;
    struct hsy_queue_key *ring =
        hsy_mem_alloc(&q->mem, (size_t)room * sizeof(*ring));
    if (ring == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < q->ring_count; i++) {
        ring[i] = q->ring[(q->ring_at + i) & (q->ring_room - 1)];
    }
    hsy_mem_free(&q->mem, q->ring);
    q->ring = ring;
    q->ring_room = room;
    q->ring_at = 0;
    return HEARSAY_OK;
}

/* ---------------------------------------------------------------- pushing */

/* Room for one key and one slot, so that a push cannot fail half-way. */
static int make_room(struct hsy_queue *q, bool in_ring)
{
    int err = HEARSAY_OK;
    if (in_ring && q->ring_count == q->ring_room) {
        err = ring_grow(q);
    } else if (!in_ring && q->heap_count == q->heap_room) {
        err = heap_grow(q);
    }
    if (err == HEARSAY_OK && q->free_slot == 0 &&
        q->slots_count == q->slots_room) {
        err = slots_grow(q);
    }
    return err;
}

static uint32_t slot_take(struct hsy_queue *q)
{
    uint32_t index = q->free_slot;
    if (index == 0) {
        q->slots_count++;
        return q->slots_count - 1;
    }
    q->free_slot = q->slots[index - 1].node;
    return index - 1;
}

static void heap_push(struct hsy_queue *q, struct hsy_queue_key key)
{
    uint32_t at = q->heap_count;
    q->heap_count++;
    while (at > 0 && sooner(&key, &q->heap[(at - 1) / FAN])) {
        q->heap[at] = q->heap[(at - 1) / FAN];
        at = (at - 1) / FAN;
    }
    q->heap[at] = key;
}

int hsy_queue_push(struct hsy_queue *q, const struct hsy_future *f)
{
    HSY_ASSERT(f->at_ns != HEARSAY_NEVER);
    HSY_ASSERT(q->next_order < ORDER_MAX);

    bool in_ring =
        f->at_ns == q->popped_ns &&
        (q->ring_count == 0 || q->ring[q->ring_at].at_ns == f->at_ns);
    int err = make_room(q, in_ring);
    if (err != HEARSAY_OK) {
        return err;
    }
    uint32_t slot = slot_take(q);
    q->slots[slot] = (struct hsy_queue_slot){.value = f->value,
                                             .node = f->node,
                                             .life = f->life,
                                             .kind = f->kind,
                                             .side = f->side};
    struct hsy_queue_key key = {.at_ns = f->at_ns,
                                .order = (q->next_order << SLOT_BITS) | slot};
    q->next_order++;
    if (in_ring) {
        q->ring[(q->ring_at + q->ring_count) & (q->ring_room - 1)] = key;
        q->ring_count++;
    } else {
        heap_push(q, key);
    }
    return HEARSAY_OK;
}

/* ---------------------------------------------------------------- popping */

/* The next one is in the ring, not in the heap. Not both are empty. */
static bool ring_is_next(const struct hsy_queue *q)
{
    return q->ring_count > 0 &&
           (q->heap_count == 0 || sooner(&q->ring[q->ring_at], &q->heap[0]));
}

uint64_t hsy_queue_next_ns(const struct hsy_queue *q)
{
    if (q->ring_count == 0 && q->heap_count == 0) {
        return HEARSAY_NEVER;
    }
    return ring_is_next(q) ? q->ring[q->ring_at].at_ns : q->heap[0].at_ns;
}

/* Where the least child of @at is; none when that is not below count. */
static uint32_t least_child(const struct hsy_queue *q, uint32_t at)
{
    uint32_t least = FAN * at + 1;
    uint32_t end = least + FAN < q->heap_count ? least + FAN : q->heap_count;
    for (uint32_t i = least + 1; i < end; i++) {
        least = sooner(&q->heap[i], &q->heap[least]) ? i : least;
    }
    return least;
}

static struct hsy_queue_key heap_pop(struct hsy_queue *q)
{
    struct hsy_queue_key first = q->heap[0];
    q->heap_count--;
    struct hsy_queue_key last = q->heap[q->heap_count];
    uint32_t at = 0;
    uint32_t child = least_child(q, at);
    while (child < q->heap_count && sooner(&q->heap[child], &last)) {
        q->heap[at] = q->heap[child];
        at = child;
        child = least_child(q, at);
    }
    q->heap[at] = last;
    return first;
}

static struct hsy_queue_key ring_pop(struct hsy_queue *q)
{
    struct hsy_queue_key first = q->ring[q->ring_at];
    q->ring_at = (q->ring_at + 1) & (q->ring_room - 1);
    q->ring_count--;
    return first;
}

static uint32_t slot_of(const struct hsy_queue_key *key)
{
    return (uint32_t)(key->order & (SLOTS_MAX - 1));
}

static struct hsy_future read_slot(const struct hsy_queue_slot *slot,
                                   uint64_t at_ns)
{
    return (struct hsy_future){.at_ns = at_ns,
                               .value = slot->value,
                               .node = slot->node,
                               .life = slot->life,
                               .kind = slot->kind,
                               .side = slot->side};
}

struct hsy_future hsy_queue_pop(struct hsy_queue *q)
{
    HSY_ASSERT(q->ring_count + q->heap_count > 0);

    struct hsy_queue_key key = ring_is_next(q) ? ring_pop(q) : heap_pop(q);
    uint32_t index = slot_of(&key);
    struct hsy_queue_slot *slot = &q->slots[index];
    struct hsy_future f = read_slot(slot, key.at_ns);
    slot->node = q->free_slot;
    q->free_slot = index + 1;
    q->popped_ns = key.at_ns;
    return f;
}

/* The one after @second, which is the least child of the first: a child of
 * either. There are three at least. */
static uint32_t third(const struct hsy_queue *q, uint32_t second)
{
    uint32_t end = q->heap_count < FAN + 1 ? q->heap_count : FAN + 1;
    uint32_t best = least_child(q, second);
    for (uint32_t i = 1; i < end; i++) {
        if (i != second &&
            (best >= q->heap_count || sooner(&q->heap[i], &q->heap[best]))) {
            best = i;
        }
    }
    HSY_ASSERT(best < q->heap_count);
    return best;
}

bool hsy_queue_ahead(const struct hsy_queue *q, uint32_t index,
                     struct hsy_future *out)
{
    HSY_ASSERT(index <= 2);

    if (q->heap_count <= index) {
        return false;
    }
    uint32_t at = index == 0 ? 0 : least_child(q, 0);
    const struct hsy_queue_key *key = &q->heap[index == 2 ? third(q, at) : at];
    *out = read_slot(&q->slots[slot_of(key)], key->at_ns);
    return true;
}
