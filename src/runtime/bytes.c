/* A growable run of bytes. Doubling keeps appending linear; a run that is
 * emptied is freed, so that idle links hold nothing. */
#include "runtime/bytes.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { ROOM_MIN = 512 };

int hsy_bytes_reserve(struct hsy_bytes *b, size_t more)
{
    HSY_ASSERT(b->len <= b->room);
    HSY_ASSERT(more <= SIZE_MAX / 4);

    if (b->room - b->len >= more) {
        return 0;
    }
    size_t room = b->room < ROOM_MIN ? ROOM_MIN : b->room;
    while (room - b->len < more) {
        room *= 2;
    }
    uint8_t *data = hsy_mem_alloc(hearsay_mem_default(), room);
    if (data == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (b->len > 0) {
        memcpy(data, b->data, b->len);
    }
    hsy_mem_free(hearsay_mem_default(), b->data);
    b->data = data;
    b->room = room;
    return 0;
}

int hsy_bytes_add(struct hsy_bytes *b, const void *data, size_t len)
{
    if (hsy_bytes_reserve(b, len) != 0) {
        return HEARSAY_ERR_NOMEM;
    }
    if (len > 0) {
        memcpy(b->data + b->len, data, len);
    }
    b->len += len;
    return 0;
}

void hsy_bytes_fini(struct hsy_bytes *b)
{
    hsy_mem_free(hearsay_mem_default(), b->data);
    *b = (struct hsy_bytes){0};
}

int hsy_bytes_move(struct hsy_bytes *to, struct hsy_bytes *from)
{
    if (to->len == 0) {
        hsy_bytes_fini(to);
        *to = *from;
        *from = (struct hsy_bytes){0};
        return 0;
    }
    int rc = hsy_bytes_add(to, from->data, from->len);
    if (rc == 0) {
        hsy_bytes_fini(from);
    }
    return rc;
}
