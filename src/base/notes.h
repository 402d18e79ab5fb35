/* Making structured records (struct hearsay_note) and rendering them. */
#ifndef HSY_BASE_NOTES_H
#define HSY_BASE_NOTES_H

#include "hearsay.h"

struct hsy_note {
    struct hearsay_note note;
    uint32_t count;
};

/* Use: struct hsy_note n = hsy_note(HEARSAY_INFO, "connect");
 *      hsy_note_id(&n, "peer", &id);  ... then hand over &n.note.
 * A field beyond HEARSAY_FIELDS_MAX is a bug (asserted). */
struct hsy_note hsy_note(enum hearsay_level level, const char *event);
void hsy_note_u64(struct hsy_note *n, const char *key, uint64_t value);
void hsy_note_text(struct hsy_note *n, const char *key, const char *value);
void hsy_note_id(struct hsy_note *n, const char *key,
                 const struct hearsay_id *value);
void hsy_note_addr(struct hsy_note *n, const char *key,
                   const struct hearsay_addr *value);

/* Finds a field by key; NULL: not there. */
const struct hearsay_field *hsy_note_find(const struct hearsay_note *note,
                                          const char *key);

enum { HSY_NOTE_LINE_MAX = 2048 };

/* `2026-01-02T03:04:05.678Z INFO event key=value ...` and a NUL, no newline;
 * cut at out_max. Values with spaces, quotes or control bytes, and each `text`,
 * are quoted with C escapes. Returns the length. */
size_t hsy_note_line(char *out, size_t out_max, const struct hearsay_note *note,
                     uint64_t wall_ms);
/* The same record as one JSON object: {"time":"...","level":"INFO",
 * "event":"...", key: value...}; valid JSON also for bytes that are not
 * UTF-8 (replaced) and never cut inside a value: HSY_NOTE_LINE_MAX holds any
 * note whose texts total at most 256 bytes (a control byte counts as two),
 * others have their texts cut. 0 and "" when @out_max has no room for the
 * record with empty texts. */
size_t hsy_note_json(char *out, size_t out_max, const struct hearsay_note *note,
                     uint64_t wall_ms);
/* "member-joined"; how a step of membership is called where it is shown. */
const char *hsy_member_event(enum hearsay_change change);
/* "2026-01-02T03:04:05.678Z" */
enum { HSY_TIME_TEXT_LEN = 25 };
void hsy_wall_text(char out[HSY_TIME_TEXT_LEN], uint64_t wall_ms);

#endif
