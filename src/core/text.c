/* Appending to a bounded text. */
#include "core/text.h"

#include <string.h>

#include "base/assert.h"

void hsy_text_add(struct hsy_text *t, const char *s)
{
    size_t len = strlen(s);

    HSY_ASSERT(t->len + len < t->max);
    memcpy(t->data + t->len, s, len + 1);
    t->len += len;
}

void hsy_text_add_u64(struct hsy_text *t, uint64_t v)
{
    char digits[21]; /* 2^64 has 20. */
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        at--;
        digits[at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    HSY_ASSERT(at < sizeof(digits) - 1);
    hsy_text_add(t, digits + at);
}
