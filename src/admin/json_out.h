/* Writing JSON into a growing, bounded text. Written by hand and not with
 * jansson, so that a list of thousands of peers costs its text and nothing
 * else, and so that fractions need no floating point. */
#ifndef HSY_ADMIN_JSON_OUT_H
#define HSY_ADMIN_JSON_OUT_H

#include "hearsay.h"

struct hsy_json {
    struct hearsay_mem mem;
    char *text; /* Owned; NULL while empty; not NUL-terminated. */
    size_t len, room, len_max;
    bool comma; /* The next value needs one before it. */
    bool bad;   /* Sticky: no memory, or over len_max. */
};

void hsy_json_init(struct hsy_json *json, const struct hearsay_mem *mem,
                   size_t len_max);
void hsy_json_fini(struct hsy_json *json);

/* Gives the text (to be freed with the allocator); the writer is then empty.
 * NULL: bad. */
char *hsy_json_take(struct hsy_json *json, size_t *out_len);

/* Raw bytes, for what is not JSON around it. */
void hsy_json_raw(struct hsy_json *json, const char *text, size_t len);

/* @key is NULL inside arrays; it is written as it is, so: no quotes in it. */
void hsy_json_open(struct hsy_json *json, const char *key, char bracket);
void hsy_json_close(struct hsy_json *json, char bracket);
void hsy_json_u64(struct hsy_json *json, const char *key, uint64_t value);
/* @value / 1000 with three decimals. */
void hsy_json_milli(struct hsy_json *json, const char *key, uint64_t value);
void hsy_json_bool(struct hsy_json *json, const char *key, bool value);
void hsy_json_null(struct hsy_json *json, const char *key);
/* Bytes that are no UTF-8 become U+FFFD. */
void hsy_json_text(struct hsy_json *json, const char *key, const char *text,
                   size_t len);
void hsy_json_string(struct hsy_json *json, const char *key, const char *text);
void hsy_json_id(struct hsy_json *json, const char *key,
                 const struct hearsay_id *id);
void hsy_json_addr(struct hsy_json *json, const char *key,
                   const struct hearsay_addr *addr);
void hsy_json_base64(struct hsy_json *json, const char *key,
                     const uint8_t *data, size_t len);

/* "text" when it is one that a person can read, else "payload_base64". */
void hsy_json_payload(struct hsy_json *json, const uint8_t *data, size_t len);

/* Strict: no surrogates, nothing overlong, nothing above U+10FFFF. */
bool hsy_utf8_valid(const uint8_t *data, size_t len);

#endif
