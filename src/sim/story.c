/* Rendering records for people who look for a fault: virtual seconds instead
 * of a date, "peer 3" instead of 64 hex digits. */
#include "sim/story.h"

#include "base/assert.h"
#include "base/time.h"

#include <string.h>

struct hsy_line hsy_line(char *data, size_t max)
{
    HSY_ASSERT(max > 0);
    data[0] = '\0';
    return (struct hsy_line){.data = data, .max = max};
}

void hsy_line_piece(struct hsy_line *line, const char *text, size_t len)
{
    size_t room = line->max - 1 - line->len;
    size_t n = len < room ? len : room;
    memcpy(line->data + line->len, text, n);
    line->len += n;
    line->data[line->len] = '\0';
}

void hsy_line_text(struct hsy_line *line, const char *text)
{
    hsy_line_piece(line, text, strlen(text));
}

void hsy_line_u64(struct hsy_line *line, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        at--;
        digits[at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    hsy_line_piece(line, digits + at, sizeof(digits) - at);
}

void hsy_line_time(struct hsy_line *line, uint64_t time_ns)
{
    uint64_t ms = time_ns / HSY_MS;
    hsy_line_u64(line, ms / 1000);
    hsy_line_text(line, ms % 1000 < 10 ? ".00" : ms % 1000 < 100 ? ".0" : ".");
    hsy_line_u64(line, ms % 1000);
    hsy_line_text(line, "s");
}

void hsy_line_node(struct hsy_line *line, const struct hsy_cluster *c,
                   uint32_t node)
{
    uint32_t seeds = hsy_cluster_seeds(c);
    hsy_line_text(line, node < seeds ? "seed " : "peer ");
    hsy_line_u64(line, node < seeds ? node + 1 : node - seeds + 1);
}

static void put_id(struct hsy_line *line, const struct hsy_cluster *c,
                   const struct hearsay_id *id)
{
    uint32_t node;
    if (hsy_cluster_find(c, id, &node)) {
        hsy_line_node(line, c, node);
        return;
    }
    char text[HEARSAY_ID_TEXT_LEN];
    hearsay_id_text(text, id);
    hsy_line_piece(line, text, 8);
}

static void put_field(struct hsy_line *line, const struct hsy_cluster *c,
                      const struct hearsay_field *f)
{
    char addr[HEARSAY_ADDR_TEXT_LEN];
    hsy_line_text(line, " ");
    hsy_line_text(line, f->key);
    hsy_line_text(line, "=");
    switch (f->kind) {
    case HEARSAY_FIELD_END:
        break;
    case HEARSAY_FIELD_U64:
        hsy_line_u64(line, f->u64);
        break;
    case HEARSAY_FIELD_TEXT:
        hsy_line_text(line, f->text);
        break;
    case HEARSAY_FIELD_ID:
        put_id(line, c, &f->id);
        break;
    case HEARSAY_FIELD_ADDR:
        hearsay_addr_text(addr, &f->addr);
        hsy_line_text(line, addr);
        break;
    }
}

static void put_now(struct hsy_line *line, const struct hsy_cluster *c)
{
    hsy_line_time(line, hsy_cluster_now(c));
    hsy_line_text(line, "  ");
}

static struct hsy_line next_line(struct hsy_story *story,
                                 const struct hsy_cluster *c)
{
    char *at = story->lines[story->count % HSY_STORY_LINES];
    story->count++;
    struct hsy_line line = hsy_line(at, HSY_STORY_LINE_LEN);
    put_now(&line, c);
    return line;
}

static void put_note(struct hsy_line *line, const struct hsy_cluster *c,
                     uint32_t node, const struct hearsay_note *note)
{
    hsy_line_node(line, c, node);
    hsy_line_text(line, "  ");
    hsy_line_text(line, note->event);
    for (uint32_t i = 0;
         i < HEARSAY_FIELDS_MAX && note->fields[i].kind != HEARSAY_FIELD_END;
         i++) {
        put_field(line, c, &note->fields[i]);
    }
}

void hsy_story_render(struct hsy_line *line, const struct hsy_cluster *c,
                      uint32_t node, const struct hearsay_note *note)
{
    put_now(line, c);
    put_note(line, c, node, note);
}

void hsy_story_note(struct hsy_story *story, const struct hsy_cluster *c,
                    uint32_t node, const struct hearsay_note *note)
{
    if (strncmp(note->event, "gossip-", 7) == 0) {
        return; /* They would drown everything else. */
    }
    struct hsy_line line = next_line(story, c);
    put_note(&line, c, node, note);
}

void hsy_story_action(struct hsy_story *story, const struct hsy_cluster *c,
                      const char *text)
{
    struct hsy_line line = next_line(story, c);
    hsy_line_text(&line, "*** ");
    hsy_line_text(&line, text);
}

void hsy_story_tell(const struct hsy_story *story, struct hsy_line *out)
{
    uint32_t first =
        story->count < HSY_STORY_LINES ? 0 : story->count - HSY_STORY_LINES;
    for (uint32_t i = first; i < story->count; i++) {
        hsy_line_text(out, "  ");
        hsy_line_text(out, story->lines[i % HSY_STORY_LINES]);
        hsy_line_text(out, "\n");
    }
}
