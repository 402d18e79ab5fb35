/* Structured records, and their two renderings for logs.
 *
 * Texts in a note may come from peers (a node's name, a payload), so both
 * renderings treat them as hostile: no byte of a text may end a line, close a
 * quote or reach a terminal as a control code.
 *
 * All output goes through a sink that takes a piece whole or not at all and
 * takes nothing after the first piece it refused: so a cut never splits a
 * character or an escape. JSON must stay valid when it is cut. It is rendered
 * twice: first counted with empty texts, then written, the texts sharing what
 * the rest leaves over. */
#include "base/notes.h"

#include "base/assert.h"

#include <string.h>

/* ------------------------------------------------------- making of notes */

struct hsy_note hsy_note(enum hearsay_level level, const char *event)
{
    HSY_ASSERT(event != NULL);
    HSY_ASSERT(event[0] != '\0');
    /* Zero is HEARSAY_FIELD_END: the list of fields is closed already. */
    return (struct hsy_note){.note = {.level = level, .event = event}};
}

static struct hearsay_field *add_field(struct hsy_note *n, const char *key,
                                       enum hearsay_field_kind kind)
{
    HSY_ASSERT(n != NULL);
    HSY_ASSERT(key != NULL);
    HSY_ASSERT(n->count < HEARSAY_FIELDS_MAX);

    struct hearsay_field *field = &n->note.fields[n->count];
    n->count++;
    field->key = key;
    field->kind = kind;
    return field;
}

void hsy_note_u64(struct hsy_note *n, const char *key, uint64_t value)
{
    add_field(n, key, HEARSAY_FIELD_U64)->u64 = value;
}

void hsy_note_text(struct hsy_note *n, const char *key, const char *value)
{
    HSY_ASSERT(value != NULL);
    add_field(n, key, HEARSAY_FIELD_TEXT)->text = value;
}

void hsy_note_id(struct hsy_note *n, const char *key,
                 const struct hearsay_id *value)
{
    HSY_ASSERT(value != NULL);
    add_field(n, key, HEARSAY_FIELD_ID)->id = *value;
}

void hsy_note_addr(struct hsy_note *n, const char *key,
                   const struct hearsay_addr *value)
{
    HSY_ASSERT(value != NULL);
    add_field(n, key, HEARSAY_FIELD_ADDR)->addr = *value;
}

/* The end of a note's fields: a full note has no END. */
static uint32_t fields_count(const struct hearsay_note *note)
{
    HSY_ASSERT(note != NULL);

    uint32_t count = 0;
    while (count < HEARSAY_FIELDS_MAX &&
           note->fields[count].kind != HEARSAY_FIELD_END) {
        count++;
    }
    return count;
}

const struct hearsay_field *hsy_note_find(const struct hearsay_note *note,
                                          const char *key)
{
    HSY_ASSERT(note != NULL);
    HSY_ASSERT(key != NULL);

    uint32_t count = fields_count(note);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(note->fields[i].key, key) == 0) {
            return &note->fields[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ sink */

struct sink {
    char *out;  /* NULL: only counts. */
    size_t max; /* Without the final NUL. */
    size_t len;
    bool full; /* Sticky. */
};

static void put_bytes(struct sink *s, const char *bytes, size_t len)
{
    HSY_ASSERT(s->len <= s->max);

    if (s->full || len > s->max - s->len) {
        s->full = true;
        return;
    }
    if (s->out != NULL) {
        memcpy(s->out + s->len, bytes, len);
    }
    s->len += len;
}

static void put(struct sink *s, const char *text)
{
    HSY_ASSERT(text != NULL);
    put_bytes(s, text, strlen(text));
}

static void put_u64(struct sink *s, uint64_t v)
{
    char digits[20]; /* UINT64_MAX has 20. */
    size_t at = sizeof(digits);
    do {
        at--;
        digits[at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put_bytes(s, digits + at, sizeof(digits) - at);
}

/* Every value but a text. */
static void put_plain(struct sink *s, const struct hearsay_field *field)
{
    char id[HEARSAY_ID_TEXT_LEN];
    char addr[HEARSAY_ADDR_TEXT_LEN];

    switch (field->kind) {
    case HEARSAY_FIELD_U64:
        put_u64(s, field->u64);
        return;
    case HEARSAY_FIELD_ID:
        hearsay_id_text(id, &field->id);
        put(s, id);
        return;
    case HEARSAY_FIELD_ADDR:
        hearsay_addr_text(addr, &field->addr);
        put(s, addr);
        return;
    case HEARSAY_FIELD_TEXT:
    case HEARSAY_FIELD_END:
        break;
    }
    HSY_ASSERT(false); /* A text, or no field at all. */
}

static const char *level_name(enum hearsay_level level)
{
    switch (level) {
    case HEARSAY_DEBUG:
        return "DEBUG";
    case HEARSAY_INFO:
        return "INFO";
    case HEARSAY_WARN:
        return "WARN";
    case HEARSAY_ERROR:
        return "ERROR";
    }
    HSY_ASSERT(false); /* Not a value of the enum. */
    return NULL;
}

/* ------------------------------------------------------------ characters */

/* The length of the UTF-8 character at @at, or 0 when there is none (RFC
 * 3629: no overlong forms, no surrogates, nothing over U+10FFFF). @at ends
 * with a NUL, which no continuation byte is, so this never reads past it. */
static size_t utf8_len(const unsigned char *at)
{
    if (at[0] < 0x80) {
        return 1;
    }
    size_t len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] < 0xc2 || at[0] > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong =
        (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
    bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : len;
}

/* Terminals obey U+0080..U+009F as they obey the codes under U+0020. */
static bool is_control(const unsigned char *at)
{
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

/* The letter behind the backslash for what both C and JSON write so; 0. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    }
    return 0;
}

static void put_short_escape(struct sink *s, char letter)
{
    const char escape[2] = {'\\', letter};
    put_bytes(s, escape, sizeof(escape));
}

/* ------------------------------------------------------------------ line */

static bool needs_quotes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (*at == '\0') {
        return true; /* Else `key=` would swallow the next word. */
    }
    while (*at != '\0') {
        size_t len = utf8_len(at);
        if (len == 0 || is_control(at) || *at == ' ' ||
            short_escape(*at) != 0) {
            return true;
        }
        at += len;
    }
    return false;
}

/* Three octal digits: unlike \x, C ends that escape by itself. */
static void put_octal(struct sink *s, unsigned char c)
{
    const char escape[4] = {'\\', (char)('0' + (c >> 6)),
                            (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};
    put_bytes(s, escape, sizeof(escape));
}

static void put_quoted(struct sink *s, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    put(s, "\"");
    while (*at != '\0') {
        size_t len = utf8_len(at);
        char letter = short_escape(*at);
        if (letter != 0) {
            put_short_escape(s, letter);
        } else if (len == 0 || is_control(at)) {
            len = 1; /* Of a two-byte control code the rest is next. */
            put_octal(s, *at);
        } else {
            put_bytes(s, (const char *)at, len);
        }
        at += len;
    }
    put(s, "\"");
}

static void put_line_field(struct sink *s, const struct hearsay_field *field)
{
    put(s, " ");
    put(s, field->key);
    put(s, "=");
    if (field->kind != HEARSAY_FIELD_TEXT) {
        put_plain(s, field);
    } else if (strcmp(field->key, "text") == 0 || needs_quotes(field->text)) {
        put_quoted(s, field->text);
    } else {
        put(s, field->text);
    }
}

size_t hsy_note_line(char *out, size_t out_max, const struct hearsay_note *note,
                     uint64_t wall_ms)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(out_max >= 1);
    HSY_ASSERT(note != NULL);

    char stamp[HSY_TIME_TEXT_LEN];
    hsy_wall_text(stamp, wall_ms);
    struct sink s = {.out = out, .max = out_max - 1};
    put(&s, stamp);
    put(&s, " ");
    put(&s, level_name(note->level));
    put(&s, " ");
    put(&s, note->event);
    uint32_t count = fields_count(note);
    for (uint32_t i = 0; i < count; i++) {
        put_line_field(&s, &note->fields[i]);
    }
    HSY_ASSERT(s.len < out_max);
    out[s.len] = '\0';
    return s.len;
}

/* ------------------------------------------------------------------ JSON */

/* One character of a JSON string. Returns how many bytes of @at it took. */
static size_t put_json_char(struct sink *s, const unsigned char *at)
{
    size_t len = utf8_len(at);
    char letter = short_escape(*at);
    if (letter != 0) {
        put_short_escape(s, letter);
        return 1;
    }
    if (len == 0) {
        put(s, "\xef\xbf\xbd"); /* U+FFFD, one for each bad byte. */
        return 1;
    }
    if (is_control(at)) {
        /* U+0000..U+009F; the last byte of UTF-8 is the code itself. */
        unsigned char code = at[len - 1];
        char escape[6] = {'\\',
                          'u',
                          '0',
                          '0',
                          "0123456789abcdef"[code >> 4],
                          "0123456789abcdef"[code & 15]};
        put_bytes(s, escape, sizeof(escape));
        return len;
    }
    put_bytes(s, (const char *)at, len);
    return len;
}

/* At most *@budget bytes of @text, which are taken from *@budget. Stops at
 * the first character that does not fit. */
static void put_json_text(struct sink *s, const char *text, size_t *budget)
{
    HSY_ASSERT(budget != NULL);

    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        struct sink probe = {.max = *budget};
        size_t taken = put_json_char(&probe, at);
        if (probe.full) {
            return;
        }
        (void)put_json_char(s, at);
        *budget -= probe.len;
        at += taken;
    }
}

static void put_json_field(struct sink *s, const struct hearsay_field *field,
                           size_t *budget)
{
    bool quotes = field->kind != HEARSAY_FIELD_U64;
    put(s, ",\"");
    put(s, field->key);
    put(s, quotes ? "\":\"" : "\":");
    if (field->kind == HEARSAY_FIELD_TEXT) {
        put_json_text(s, field->text, budget);
    } else {
        put_plain(s, field);
    }
    if (quotes) {
        put(s, "\"");
    }
}

static void put_json(struct sink *s, const struct hearsay_note *note,
                     uint64_t wall_ms, size_t budget)
{
    char stamp[HSY_TIME_TEXT_LEN];
    hsy_wall_text(stamp, wall_ms);
    put(s, "{\"time\":\"");
    put(s, stamp);
    put(s, "\",\"level\":\"");
    put(s, level_name(note->level));
    put(s, "\",\"event\":\"");
    put(s, note->event);
    put(s, "\"");
    uint32_t count = fields_count(note);
    for (uint32_t i = 0; i < count; i++) {
        put_json_field(s, &note->fields[i], &budget);
    }
    put(s, "}");
}

size_t hsy_note_json(char *out, size_t out_max, const struct hearsay_note *note,
                     uint64_t wall_ms)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(out_max >= 1);
    HSY_ASSERT(note != NULL);

    struct sink frame = {.max = out_max - 1};
    put_json(&frame, note, wall_ms, 0);
    if (frame.full) {
        out[0] = '\0'; /* Half an object would be worse than none. */
        return 0;
    }
    struct sink s = {.out = out, .max = out_max - 1};
    put_json(&s, note, wall_ms, frame.max - frame.len);
    HSY_ASSERT(!s.full);
    out[s.len] = '\0';
    return s.len;
}

/* ------------------------------------------------------------------ time */

/* 9999-12-31T23:59:59.999Z: what has no four-digit year is shown as that. */
#define WALL_MS_MAX UINT64_C(253402300799999)

struct date {
    uint32_t year, month, day; /* Month and day from 1. */
};

/* The Gregorian date @days after 1970-01-01. Counting years from the first of
 * March puts the leap day at a year's end: then the months before a date
 * have (153 * month + 2) / 5 days, and leap years need no case of their own.
 * 719468 days lie between 0000-03-01 and 1970-01-01; 146097 are 400 years. */
static struct date date_of(uint32_t days)
{
    HSY_ASSERT(days <= WALL_MS_MAX / 86400000);

    uint32_t since = days + 719468;
    uint32_t era = since / 146097;
    uint32_t in_era = since % 146097;
    uint32_t year =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint32_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint32_t from_march = (5 * in_year + 2) / 153;
    uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    return (struct date){.year = era * 400 + year + (month <= 2 ? 1 : 0),
                         .month = month,
                         .day = in_year - (153 * from_march + 2) / 5 + 1};
}

/* @v as the @width digits that end before @end. */
static void put_padded(char *end, uint32_t v, uint32_t width)
{
    for (uint32_t i = 0; i < width; i++) {
        end--;
        *end = (char)('0' + v % 10);
        v /= 10;
    }
    HSY_ASSERT(v == 0);
}

void hsy_wall_text(char out[HSY_TIME_TEXT_LEN], uint64_t wall_ms)
{
    HSY_ASSERT(out != NULL);

    uint64_t shown_ms = wall_ms < WALL_MS_MAX ? wall_ms : WALL_MS_MAX;
    struct date date = date_of((uint32_t)(shown_ms / 86400000));
    uint32_t in_day_ms = (uint32_t)(shown_ms % 86400000);

    memcpy(out, "0000-00-00T00:00:00.000Z", HSY_TIME_TEXT_LEN);
    put_padded(out + 4, date.year, 4);
    put_padded(out + 7, date.month, 2);
    put_padded(out + 10, date.day, 2);
    put_padded(out + 13, in_day_ms / 3600000, 2);
    put_padded(out + 16, in_day_ms / 60000 % 60, 2);
    put_padded(out + 19, in_day_ms / 1000 % 60, 2);
    put_padded(out + 23, in_day_ms % 1000, 3);
}

const char *hsy_member_event(enum hearsay_change change)
{
    switch (change) {
    case HEARSAY_MEMBER_KNOWN:
        return "member-known";
    case HEARSAY_MEMBERS_LISTED:
        return "members-listed";
    case HEARSAY_MEMBER_JOINED:
        return "member-joined";
    case HEARSAY_MEMBER_REFUTED:
        return "member-refuted";
    case HEARSAY_MEMBER_LEFT:
        return "member-left";
    case HEARSAY_MEMBER_DIED:
        return "member-died";
    case HEARSAY_MEMBER_UNLISTED:
        return "member-unlisted";
    }
    return "?";
}
