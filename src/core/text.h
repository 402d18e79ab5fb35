/* The mission's literal texts are built from these, without printf. */
#ifndef HSY_CORE_TEXT_H
#define HSY_CORE_TEXT_H

#include "hearsay.h"

struct hsy_text {
    char *data;
    size_t max; /* Room, the final NUL included. */
    size_t len;
};

/* Both keep the NUL; no room is a bug of the caller (asserted). */
void hsy_text_add(struct hsy_text *t, const char *s);
void hsy_text_add_u64(struct hsy_text *t, uint64_t v);

#endif
