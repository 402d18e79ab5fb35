/* A growable run of bytes, for queues of output. */
#ifndef HSY_RUNTIME_BYTES_H
#define HSY_RUNTIME_BYTES_H

#include "hearsay.h"

/* Borrowed bytes. */
struct hsy_slice {
    const uint8_t *data;
    size_t len;
};

/* Starts zeroed. */
struct hsy_bytes {
    uint8_t *data; /* Owned; NULL while room is 0. */
    size_t len, room;
};

/* Room for @more bytes beyond len. HEARSAY_ERR_NOMEM: nothing changed. */
HEARSAY_MUST_USE int hsy_bytes_reserve(struct hsy_bytes *b, size_t more);
HEARSAY_MUST_USE int hsy_bytes_add(struct hsy_bytes *b, const void *data,
                                   size_t len);
/* Frees; zeroed again. */
void hsy_bytes_fini(struct hsy_bytes *b);
/* Moves all of @from, which ends up empty, to the end of @to. */
HEARSAY_MUST_USE int hsy_bytes_move(struct hsy_bytes *to,
                                    struct hsy_bytes *from);

#endif
