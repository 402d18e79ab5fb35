/* Room grows by doubling; the first failure sticks, and nothing is written
 * any more. */
#include "sim/text.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { FIRST_ROOM = 256, DECIMALS_MAX = 9 };

void hsy_text_init(struct hsy_text *t, const struct hearsay_mem *mem)
{
    *t = (struct hsy_text){.mem = *mem};
}

void hsy_text_fini(struct hsy_text *t)
{
    struct hearsay_mem mem = t->mem;
    hsy_mem_free(&mem, t->data);
    hsy_text_init(t, &mem);
}

const char *hsy_text_get(const struct hsy_text *t)
{
    return t->data == NULL ? "" : t->data;
}

/* Room for @len more bytes and the NUL? */
static bool grow(struct hsy_text *t, size_t len)
{
    if (t->err != HEARSAY_OK) {
        return false;
    }
    if (len >= HSY_TEXT_LEN_MAX - t->len) {
        t->err = HEARSAY_ERR_FULL;
        return false;
    }
    if (t->len + len < t->room) {
        return true;
    }
    size_t room = t->room == 0 ? FIRST_ROOM : t->room;
    while (room <= t->len + len) {
        room *= 2;
    }
    char *data = hsy_mem_alloc(&t->mem, room);
    if (data == NULL) {
        t->err = HEARSAY_ERR_NOMEM;
        return false;
    }
    if (t->len > 0) {
        memcpy(data, t->data, t->len);
    }
    hsy_mem_free(&t->mem, t->data);
    t->data = data;
    t->room = room;
    return true;
}

void hsy_text_putn(struct hsy_text *t, const char *data, size_t len)
{
    if (len == 0 || !grow(t, len)) {
        return;
    }
    memcpy(t->data + t->len, data, len);
    t->len += len;
    t->data[t->len] = '\0';
}

void hsy_text_put(struct hsy_text *t, const char *s)
{
    hsy_text_putn(t, s, strlen(s));
}

static void spaces(struct hsy_text *t, size_t used, size_t width)
{
    for (size_t i = used; i < width; i++) {
        hsy_text_putn(t, " ", 1);
    }
}

void hsy_text_right(struct hsy_text *t, const char *s, size_t width)
{
    spaces(t, strlen(s), width);
    hsy_text_put(t, s);
}

void hsy_text_left(struct hsy_text *t, const char *s, size_t width)
{
    hsy_text_put(t, s);
    spaces(t, strlen(s), width);
}

/* At least @digits of them. */
static void put_digits(struct hsy_text *t, uint64_t value, size_t digits)
{
    char text[20];
    size_t at = sizeof(text);
    HSY_ASSERT(digits <= sizeof(text));
    do {
        at--;
        text[at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof(text) - at < digits);
    hsy_text_putn(t, text + at, sizeof(text) - at);
}

void hsy_text_u64(struct hsy_text *t, uint64_t value)
{
    put_digits(t, value, 1);
}

void hsy_text_fixed(struct hsy_text *t, double value, unsigned decimals)
{
    HSY_ASSERT(decimals <= DECIMALS_MAX);
    if (!isfinite(value)) {
        hsy_text_put(t, "-");
        return;
    }
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++) {
        scale *= 10;
    }
    double size = fabs(value);
    while (scale > 1 && size >= 9.2e18 / (double)scale) {
        scale /= 10;
        decimals--;
    }
    /* 2^63: what is larger is told as if it were not. */
    double shifted = size >= 9.2e18 ? 9.2e18 : size * (double)scale + 0.5;
    uint64_t whole = (uint64_t)shifted;
    if (value < 0 && whole > 0) {
        hsy_text_put(t, "-");
    }
    hsy_text_u64(t, whole / scale);
    if (decimals > 0) {
        hsy_text_put(t, ".");
        put_digits(t, whole % scale, decimals);
    }
}

/* ---------------------------------------------------------------- escapes */

/* Length of the UTF-8 sequence at @s (which ends with a NUL); 0: none. */
static size_t utf8_len(const char *s)
{
    const uint8_t *b = (const uint8_t *)s;
    size_t len = b[0] < 0x80                   ? 1
                 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2
                 : b[0] >= 0xe0 && b[0] < 0xf0 ? 3
                 : b[0] >= 0xf0 && b[0] < 0xf5 ? 4
                                               : 0;
    for (size_t i = 1; i < len; i++) {
        if ((b[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong =
        (b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xf0 && b[1] < 0x90);
    bool beyond = (b[0] == 0xed && b[1] >= 0xa0) || /* Surrogates. */
                  (b[0] == 0xf4 && b[1] >= 0x90);
    return overlong || beyond ? 0 : len;
}

static void json_control(struct hsy_text *t, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    hsy_text_putn(t, escape, sizeof(escape));
}

void hsy_text_json_string(struct hsy_text *t, const char *s)
{
    hsy_text_put(t, "\"");
    while (*s != '\0') {
        size_t len = utf8_len(s);
        if (len == 0) {
            hsy_text_put(t, "\xef\xbf\xbd");
            len = 1;
        } else if (*s == '"' || *s == '\\') {
            hsy_text_put(t, "\\");
            hsy_text_putn(t, s, 1);
        } else if ((uint8_t)*s < 0x20 || *s == 0x7f) {
            json_control(t, (uint8_t)*s);
        } else {
            hsy_text_putn(t, s, len);
        }
        s += len;
    }
    hsy_text_put(t, "\"");
}

/* NULL: it needs no escape. */
static const char *html_escape(char c)
{
    return c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

void hsy_text_html(struct hsy_text *t, const char *s)
{
    while (*s != '\0') {
        size_t len = utf8_len(s);
        bool control =
            ((uint8_t)*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f;
        if (len == 0) {
            hsy_text_put(t, "\xef\xbf\xbd");
            len = 1;
        } else if (html_escape(*s) != NULL) {
            hsy_text_put(t, html_escape(*s));
        } else if (!control) {
            hsy_text_putn(t, s, len);
        }
        s += len;
    }
}
