/* The rules of the WHATWG text, "Interpreting an event stream": lines end
 * with LF, CR or CRLF, an empty line ends an event, ":" starts a comment, and
 * what is not ended when the stream ends is thrown away. A line is collected
 * byte by byte, so it does not matter where the network cut it. */
#include "client/sse.h"

#include "base/mem.h"

#include <string.h>

void hsy_sse_init(struct hsy_sse *sse, const struct hearsay_mem *mem,
                  bool (*on_event)(void *ctx,
                                   const struct hsy_sse_event *event),
                  void *ctx)
{
    *sse = (struct hsy_sse){.mem = *mem, .on_event = on_event, .ctx = ctx};
}

void hsy_sse_fini(struct hsy_sse *sse)
{
    hsy_mem_free(&sse->mem, sse->line.text);
    hsy_mem_free(&sse->mem, sse->data.text);
    sse->line.text = sse->data.text = NULL;
}

/* Room for @more bytes and a NUL. */
static int reserve(const struct hsy_sse *sse, struct hsy_sse_text *text,
                   size_t more)
{
    if (more > HSY_SSE_LINE_MAX - text->len) {
        return HEARSAY_ERR_TOO_BIG;
    }
    if (text->room > text->len + more) {
        return 0;
    }
    size_t room = text->room == 0 ? 1024 : text->room;
    while (room <= text->len + more) {
        room *= 2;
    }
    char *wider = hsy_mem_alloc(&sse->mem, room);
    if (wider == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (text->len > 0) {
        memcpy(wider, text->text, text->len);
    }
    hsy_mem_free(&sse->mem, text->text);
    text->text = wider;
    text->room = room;
    return 0;
}

static int append(const struct hsy_sse *sse, struct hsy_sse_text *text,
                  const char *bytes, size_t len)
{
    int err = reserve(sse, text, len);
    if (err == 0) {
        memcpy(text->text + text->len, bytes, len);
        text->len += len;
        text->text[text->len] = '\0';
    }
    return err;
}

/* An id or a name; one that is too long is cut, ours never are. */
static void set_name(char out[HSY_SSE_NAME_MAX + 1], const char *value,
                     size_t len)
{
    size_t take = len < HSY_SSE_NAME_MAX ? len : HSY_SSE_NAME_MAX;
    memcpy(out, value, take);
    out[take] = '\0';
}

static int dispatch(struct hsy_sse *sse)
{
    bool go_on = true;
    if (sse->has_data) {
        struct hsy_sse_event event = {
            .id = sse->id,
            .name = sse->name[0] == '\0' ? "message" : sse->name,
            .data = sse->data.text,
            .data_len = sse->data.len,
        };
        go_on = sse->on_event(sse->ctx, &event);
    }
    sse->name[0] = '\0';
    sse->data.len = 0;
    sse->has_data = false;
    return go_on ? 0 : HEARSAY_ERR_STATE;
}

static int add_data(struct hsy_sse *sse, const char *value, size_t len)
{
    int err = sse->has_data ? append(sse, &sse->data, "\n", 1) : 0;
    if (err == 0) {
        err = append(sse, &sse->data, value, len);
    }
    sse->has_data = true;
    return err;
}

static int take_line(struct hsy_sse *sse)
{
    const char *line = sse->line.text;
    size_t len = sse->line.len;
    if (len == 0) {
        return dispatch(sse);
    }
    const char *colon = memchr(line, ':', len);
    size_t key_len = colon == NULL ? len : (size_t)(colon - line);
    const char *value = colon == NULL ? line + len : colon + 1;
    size_t value_len = (size_t)(line + len - value);
    if (value_len > 0 && value[0] == ' ') {
        value++;
        value_len--;
    }
    if (key_len == 4 && memcmp(line, "data", 4) == 0) {
        return add_data(sse, value, value_len);
    }
    if (key_len == 5 && memcmp(line, "event", 5) == 0) {
        set_name(sse->name, value, value_len);
    } else if (key_len == 2 && memcmp(line, "id", 2) == 0) {
        set_name(sse->id, value, value_len);
    }
    return 0; /* Comments and fields that we do not know. */
}

/* Bytes up to the end of the line, or of what there is. */
static size_t line_part(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && bytes[i] != '\n' && bytes[i] != '\r') {
        i++;
    }
    return i;
}

int hsy_sse_feed(struct hsy_sse *sse, const char *bytes, size_t len)
{
    int err = 0;
    for (size_t i = 0; i < len && err == 0; i++) {
        bool lf_of_crlf = sse->after_cr && bytes[i] == '\n';
        sse->after_cr = false;
        if (lf_of_crlf) {
            continue;
        }
        size_t part = line_part(bytes + i, len - i);
        err = append(sse, &sse->line, bytes + i, part);
        i += part;
        if (err == 0 && i < len) {
            sse->after_cr = bytes[i] == '\r';
            err = take_line(sse);
            sse->line.len = 0;
        }
    }
    return err;
}
