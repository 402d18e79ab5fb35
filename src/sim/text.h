/* Growing text with a sticky error: write everything, then look at err once.
 * No printf, no locale: numbers look the same on every machine. */
#ifndef HSY_SIM_TEXT_H
#define HSY_SIM_TEXT_H

#include "hearsay.h"

enum { HSY_TEXT_LEN_MAX = 64 * 1024 * 1024 };

struct hsy_text {
    struct hearsay_mem mem;
    char *data; /* Owned; NULL while empty; else ends with a NUL. */
    size_t len; /* Without the NUL. */
    size_t room;
    /* Sticky; what is written after it is lost. HEARSAY_ERR_NOMEM;
     * HEARSAY_ERR_FULL: HSY_TEXT_LEN_MAX reached. */
    int err;
};

void hsy_text_init(struct hsy_text *t, const struct hearsay_mem *mem);
/* It is empty again, its error forgotten. */
void hsy_text_fini(struct hsy_text *t);
/* The text so far, "" while empty; lent until the next call that writes. */
const char *hsy_text_get(const struct hsy_text *t);

void hsy_text_put(struct hsy_text *t, const char *s);
void hsy_text_putn(struct hsy_text *t, const char *data, size_t len);
/* @s after so many spaces that both are @width bytes long; or before them. */
void hsy_text_right(struct hsy_text *t, const char *s, size_t width);
void hsy_text_left(struct hsy_text *t, const char *s, size_t width);
void hsy_text_u64(struct hsy_text *t, uint64_t value);
/* With so many decimals (0..9), rounded half away from zero; never "-0".
 * "-" when it is no finite number; magnitudes over 9.2e9 lose decimals. */
void hsy_text_fixed(struct hsy_text *t, double value, unsigned decimals);
/* Quoted and escaped. Bytes that are no UTF-8 become U+FFFD. */
void hsy_text_json_string(struct hsy_text *t, const char *s);
/* Safe between tags and in quoted attributes of HTML and SVG: escapes
 * & < > " ', leaves control characters out. */
void hsy_text_html(struct hsy_text *t, const char *s);

#endif
