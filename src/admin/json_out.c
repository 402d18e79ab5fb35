/* A writer that knows only where a comma is due. What it writes is valid JSON
 * as long as brackets are closed as they were opened, for any bytes in. */
#include "admin/json_out.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum { ROOM_FIRST = 512 };

void hsy_json_init(struct hsy_json *json, const struct hearsay_mem *mem,
                   size_t len_max)
{
    *json = (struct hsy_json){.mem = *mem, .len_max = len_max};
}

void hsy_json_fini(struct hsy_json *json)
{
    hsy_mem_free(&json->mem, json->text);
    json->text = NULL;
    json->len = json->room = 0;
}

char *hsy_json_take(struct hsy_json *json, size_t *out_len)
{
    if (json->bad) {
        hsy_json_fini(json);
        return NULL;
    }
    char *text = json->text;
    *out_len = json->len;
    json->text = NULL;
    json->len = json->room = 0;
    return text;
}

/* Room for @more bytes, or bad. */
static bool reserve(struct hsy_json *json, size_t more)
{
    if (json->bad || more > json->len_max - json->len) {
        json->bad = true;
        return false;
    }
    if (more <= json->room - json->len) {
        return true;
    }
    size_t room = json->room == 0 ? ROOM_FIRST : json->room;
    while (room - json->len < more) {
        room *= 2; /* len_max is far below SIZE_MAX / 2. */
    }
    char *text = hsy_mem_alloc(&json->mem, room);
    if (text == NULL) {
        json->bad = true;
        return false;
    }
    if (json->len > 0) {
        memcpy(text, json->text, json->len);
    }
    hsy_mem_free(&json->mem, json->text);
    json->text = text;
    json->room = room;
    return true;
}

void hsy_json_raw(struct hsy_json *json, const char *text, size_t len)
{
    if (len > 0 && reserve(json, len)) {
        memcpy(json->text + json->len, text, len);
        json->len += len;
    }
}

static void put(struct hsy_json *json, const char *text)
{
    hsy_json_raw(json, text, strlen(text));
}

static void put_key(struct hsy_json *json, const char *key)
{
    if (json->comma) {
        put(json, ",");
    }
    json->comma = true;
    if (key != NULL) {
        put(json, "\"");
        put(json, key);
        put(json, "\":");
    }
}

void hsy_json_open(struct hsy_json *json, const char *key, char bracket)
{
    HSY_ASSERT(bracket == '{' || bracket == '[');
    put_key(json, key);
    hsy_json_raw(json, &bracket, 1);
    json->comma = false;
}

void hsy_json_close(struct hsy_json *json, char bracket)
{
    HSY_ASSERT(bracket == '}' || bracket == ']');
    hsy_json_raw(json, &bracket, 1);
    json->comma = true;
}

void hsy_json_u64(struct hsy_json *json, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_key(json, key);
    put(json, text);
}

void hsy_json_milli(struct hsy_json *json, const char *key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%llu.%03u",
             (unsigned long long)(value / 1000), (unsigned)(value % 1000));
    put_key(json, key);
    put(json, text);
}

void hsy_json_bool(struct hsy_json *json, const char *key, bool value)
{
    put_key(json, key);
    put(json, value ? "true" : "false");
}

void hsy_json_null(struct hsy_json *json, const char *key)
{
    put_key(json, key);
    put(json, "null");
}

/* ------------------------------------------------------------------ text */

/* The least code point that a sequence of this many bytes may stand for. */
static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};

/* Length in bytes of the code point at @at, or 0: no UTF-8. */
static size_t utf8_len(const uint8_t *at, size_t left)
{
    HSY_ASSERT(left > 0);
    if (at[0] < 0x80) {
        return 1;
    }
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len > left) {
        return 0;
    }
    uint32_t point = (uint32_t)at[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (at[i] & 0x3fU);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[len] || point > 0x10ffff || surrogate ? 0 : len;
}

bool hsy_utf8_valid(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_len(data + i, len - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

/* One code point as JSON wants it inside quotes. */
static void put_point(struct hsy_json *json, const uint8_t *at, size_t len)
{
    char escaped[8];
    if (len > 1 ||
        (at[0] >= 0x20 && at[0] != '"' && at[0] != '\\' && at[0] != 0x7f)) {
        hsy_json_raw(json, (const char *)at, len);
    } else if (at[0] == '"' || at[0] == '\\') {
        snprintf(escaped, sizeof(escaped), "\\%c", at[0]);
        put(json, escaped);
    } else {
        snprintf(escaped, sizeof(escaped), "\\u%04x", at[0]);
        put(json, escaped);
    }
}

void hsy_json_text(struct hsy_json *json, const char *key, const char *text,
                   size_t len)
{
    const uint8_t *at = (const uint8_t *)text;
    put_key(json, key);
    put(json, "\"");
    for (size_t i = 0; i < len;) {
        size_t step = utf8_len(at + i, len - i);
        if (step == 0) {
            put(json, "\xef\xbf\xbd");
            step = 1;
        } else {
            put_point(json, at + i, step);
        }
        i += step;
    }
    put(json, "\"");
}

void hsy_json_string(struct hsy_json *json, const char *key, const char *text)
{
    hsy_json_text(json, key, text, strlen(text));
}

void hsy_json_id(struct hsy_json *json, const char *key,
                 const struct hearsay_id *id)
{
    char text[HEARSAY_ID_TEXT_LEN];
    hearsay_id_text(text, id);
    hsy_json_string(json, key, text);
}

void hsy_json_addr(struct hsy_json *json, const char *key,
                   const struct hearsay_addr *addr)
{
    char text[HEARSAY_ADDR_TEXT_LEN];
    hearsay_addr_text(text, addr);
    hsy_json_string(json, key, text);
}

void hsy_json_base64(struct hsy_json *json, const char *key,
                     const uint8_t *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    put_key(json, key);
    put(json, "\"");
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        bits |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= have > 2 ? (uint32_t)data[i + 2] : 0;
        char quad[4] = {digits[bits >> 18 & 63], digits[bits >> 12 & 63],
                        have > 1 ? digits[bits >> 6 & 63] : '=',
                        have > 2 ? digits[bits & 63] : '='};
        hsy_json_raw(json, quad, sizeof(quad));
    }
    put(json, "\"");
}

/* A NUL is valid UTF-8, and no text that a person or a shell can read. */
void hsy_json_payload(struct hsy_json *json, const uint8_t *data, size_t len)
{
    bool text = hsy_utf8_valid(data, len) &&
                (len == 0 || memchr(data, '\0', len) == NULL);
    if (text) {
        hsy_json_text(json, "text", (const char *)data, len);
    } else {
        hsy_json_base64(json, "payload_base64", data, len);
    }
}
