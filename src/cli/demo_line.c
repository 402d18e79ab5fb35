/* From a log line to a struct: one table says which event is which, and under
 * which key each of them names the other party. Unknown events and keys are
 * passed over, so that nodes may log more than the demo knows. */
#include "cli/demo_line.h"

#include "base/addr.h"
#include "base/assert.h"

#include <jansson.h>
#include <string.h>

struct event_row {
    const char *name;
    enum hsy_demo_event event;
    const char *id_key;    /* NULL: names nobody. */
    const char *count_key; /* NULL: counts nothing. */
};

static const struct event_row event_rows[] = {
    {"started", HSY_DEMO_STARTED, "id", NULL},
    {"joined", HSY_DEMO_JOINED, NULL, "links"},
    {"connect", HSY_DEMO_CONNECT, "peer", "degree"},
    {"disconnect", HSY_DEMO_DISCONNECT, "peer", "degree"},
    {"gossip-sent", HSY_DEMO_SENT, NULL, NULL},
    {"gossip-seen", HSY_DEMO_SEEN, "origin", "hops"},
    {"strike", HSY_DEMO_STRIKE, "peer", "count"},
    {"dead-report", HSY_DEMO_REPORT, "subject", NULL},
    {"dead-removed", HSY_DEMO_REMOVED, "subject", NULL},
    {"peer-registered", HSY_DEMO_REGISTERED, "peer", "degree"},
    {"log-lines-lost", HSY_DEMO_LOST, NULL, "count"},
};

static const struct event_row *event_find(const char *name)
{
    for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++) {
        if (strcmp(event_rows[i].name, name) == 0) {
            return &event_rows[i];
        }
    }
    return NULL;
}

static uint64_t get_u64(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value > 0 ? (uint64_t)value : 0;
}

static void get_text(char *out, size_t out_max, const json_t *object,
                     const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        return;
    }
    size_t len = strnlen(text, out_max - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

static void get_id(struct hearsay_id *out, const json_t *object,
                   const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL || hsy_id_parse(out, text, strlen(text)) != 0) {
        memset(out, 0, sizeof(*out));
    }
}

static enum hearsay_level get_level(const json_t *object)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    const char *text = json_string_value(json_object_get(object, "level"));
    for (unsigned i = 0; text != NULL && i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            return (enum hearsay_level)i;
        }
    }
    return HEARSAY_INFO;
}

static void line_fill(struct hsy_demo_line *out, const json_t *object,
                      const struct event_row *row)
{
    *out = (struct hsy_demo_line){.event = HSY_DEMO_OTHER};
    out->level = get_level(object);
    out->seq = get_u64(object, "seq");
    out->mono_us = get_u64(object, "mono_us");
    out->after_ms = get_u64(object, "after_ms");
    out->dials = get_u64(object, "dials");
    get_text(out->name, sizeof(out->name), object, "event");
    get_text(out->text, sizeof(out->text), object, "why");
    get_text(out->text, sizeof(out->text), object, "text");
    if (row == NULL) {
        return;
    }
    out->event = row->event;
    if (row->id_key != NULL) {
        get_id(&out->id, object, row->id_key);
    }
    if (row->count_key != NULL) {
        out->count = get_u64(object, row->count_key);
    }
}

int hsy_demo_line_parse(struct hsy_demo_line *out, const char *text,
                        size_t text_len)
{
    HSY_ASSERT(out != NULL);
    json_t *object = json_loadb(text, text_len, 0, NULL);
    const char *name = json_string_value(json_object_get(object, "event"));
    if (name == NULL) {
        json_decref(object);
        return HEARSAY_ERR_MALFORMED;
    }
    line_fill(out, object, event_find(name));
    json_decref(object);
    return 0;
}
