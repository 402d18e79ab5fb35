/* Positions in the byte ring are 64-bit and never wrap; the place of a byte
 * is its position modulo the room. Growing therefore moves bytes from
 * position % old to position % new, and nothing else changes. */
#include "admin/events.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { ROOM_FIRST = 4096 };

static bool is_power_of_two(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

void hsy_events_init(struct hsy_events *events, const struct hearsay_mem *mem,
                     uint32_t events_max, uint32_t room_max)
{
    HSY_ASSERT(is_power_of_two(events_max));
    HSY_ASSERT(is_power_of_two(room_max));
    HSY_ASSERT(room_max >= ROOM_FIRST);
    *events = (struct hsy_events){
        .mem = *mem,
        .events_max = events_max,
        .room_max = room_max,
        .first_id = 1,
        .next_id = 1,
    };
}

bool hsy_events_kept(const struct hsy_events *events)
{
    return events->bytes != NULL;
}

int hsy_events_keep(struct hsy_events *events)
{
    if (events->bytes != NULL) {
        return 0;
    }
    uint8_t *bytes = hsy_mem_alloc(&events->mem, ROOM_FIRST);
    uint64_t *ends =
        hsy_mem_alloc(&events->mem, events->events_max * sizeof(*events->ends));
    if (bytes == NULL || ends == NULL) {
        hsy_mem_free(&events->mem, ends);
        hsy_mem_free(&events->mem, bytes);
        return HEARSAY_ERR_NOMEM;
    }
    events->bytes = bytes;
    events->ends = ends;
    events->room = ROOM_FIRST;
    events->first_id = events->next_id;
    events->head = events->tail = 0;
    return 0;
}

void hsy_events_drop(struct hsy_events *events)
{
    hsy_mem_free(&events->mem, events->ends);
    hsy_mem_free(&events->mem, events->bytes);
    events->bytes = NULL;
    events->ends = NULL;
    events->first_id = events->next_id;
    events->head = events->tail = 0;
    events->room = 0;
}

static uint64_t end_of(const struct hsy_events *events, uint64_t id)
{
    HSY_ASSERT(id >= events->first_id && id < events->next_id);
    return events->ends[id & (events->events_max - 1)];
}

static uint64_t start_of(const struct hsy_events *events, uint64_t id)
{
    return id == events->first_id ? events->tail : end_of(events, id - 1);
}

static void forget_oldest(struct hsy_events *events)
{
    events->tail = end_of(events, events->first_id);
    events->first_id++;
}

/* Copies @len bytes at position @at out of, or into, the ring. */
static void ring_read(const struct hsy_events *events, uint64_t at,
                      uint8_t *out, size_t len)
{
    size_t place = (size_t)at & (events->room - 1);
    size_t first = len < events->room - place ? len : events->room - place;
    memcpy(out, events->bytes + place, first);
    memcpy(out + first, events->bytes, len - first);
}

static void ring_write(struct hsy_events *events, uint64_t at,
                       const uint8_t *data, size_t len)
{
    size_t place = (size_t)at & (events->room - 1);
    size_t first = len < events->room - place ? len : events->room - place;
    memcpy(events->bytes + place, data, first);
    memcpy(events->bytes, data + first, len - first);
}

/* Doubles the room. False: at its bound, or no memory. */
static bool grow(struct hsy_events *events)
{
    if (events->room >= events->room_max) {
        return false;
    }
    struct hsy_events wider = *events;
    wider.room = events->room * 2;
    wider.bytes = hsy_mem_alloc(&events->mem, wider.room);
    if (wider.bytes == NULL) {
        return false;
    }
    for (uint64_t at = events->tail; at < events->head;) {
        /* Up to the next edge of the old ring, in one piece. */
        size_t place = (size_t)at & (events->room - 1);
        uint64_t left = events->head - at;
        size_t len = events->room - place;
        len = left < len ? (size_t)left : len;
        ring_write(&wider, at, events->bytes + place, len);
        at += len;
    }
    hsy_mem_free(&events->mem, events->bytes);
    *events = wider;
    return true;
}

/* Makes room for @len bytes. False: it will never fit. */
static bool make_room(struct hsy_events *events, size_t len)
{
    if (len > events->room_max) {
        return false;
    }
    while (events->room - (events->head - events->tail) < len) {
        if (grow(events)) {
            continue;
        }
        if (events->first_id == events->next_id) {
            return false; /* Empty, and still too small: no memory. */
        }
        forget_oldest(events);
    }
    return true;
}

void hsy_events_add(struct hsy_events *events, const char *text, size_t len)
{
    if (events->bytes == NULL || !make_room(events, len)) {
        events->next_id++;
        events->first_id = events->next_id;
        events->tail = events->head;
        return;
    }
    if (events->next_id - events->first_id == events->events_max) {
        forget_oldest(events);
    }
    ring_write(events, events->head, (const uint8_t *)text, len);
    events->head += len;
    events->ends[events->next_id & (events->events_max - 1)] = events->head;
    events->next_id++;
    HSY_ASSERT(events->head - events->tail <= events->room);
}

size_t hsy_events_len(const struct hsy_events *events, uint64_t id)
{
    return (size_t)(end_of(events, id) - start_of(events, id));
}

void hsy_events_copy(const struct hsy_events *events, uint64_t id, char *out)
{
    ring_read(events, start_of(events, id), (uint8_t *)out,
              hsy_events_len(events, id));
}
