/* A queue of copies. Each item is one allocation: the struct, then the bytes
 * that it points to. */
#include "runtime/outbox.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum item_kind { ITEM_MESSAGE, ITEM_NOTE, ITEM_TOLD };

struct hsy_outbox_item {
    struct hsy_outbox_item *next;
    size_t len;
    enum item_kind kind;
    uint64_t wall_ms;
    union {
        struct hearsay_message message;
        struct hearsay_note note;
        struct hearsay_effect told;
    };
    struct hearsay_summary summary; /* Of QUERY_DONE. */
    /* Bytes follow. */
};

static struct hsy_outbox_item *item_new(size_t bytes_len)
{
    struct hsy_outbox_item *item;
    item = hsy_mem_alloc(hearsay_mem_default(), sizeof(*item) + bytes_len);
    if (item != NULL) {
        *item = (struct hsy_outbox_item){.len = sizeof(*item) + bytes_len};
    }
    return item;
}

static void item_free(struct hsy_outbox_item *item)
{
    if (item->kind == ITEM_MESSAGE) {
        hearsay_buf_unref(item->message.content);
    }
    hsy_mem_free(hearsay_mem_default(), item);
}

static void put(struct hsy_outbox *box, struct hsy_outbox_item *item)
{
    if (box->last == NULL) {
        box->first = item;
    } else {
        box->last->next = item;
    }
    box->last = item;
    box->len += item->len;
}

int hsy_outbox_message(struct hsy_outbox *box,
                       const struct hearsay_message *message)
{
    if (box->on_message == NULL || box->stopped) {
        return 0;
    }
    size_t topic_len = strlen(message->topic) + 1;
    size_t copied = message->content != NULL ? 0 : message->payload_len;
    struct hsy_outbox_item *item = item_new(topic_len + copied);
    if (item == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    char *topic = (char *)(item + 1);
    uint8_t *payload = (uint8_t *)topic + topic_len;
    memcpy(topic, message->topic, topic_len);
    if (copied > 0) {
        memcpy(payload, message->payload, copied);
    }
    item->message = *message;
    item->message.topic = topic;
    if (message->content != NULL) {
        (void)hearsay_buf_ref(message->content); /* Ended by item_free(). */
        item->len += message->payload_len;
    } else {
        item->message.payload = payload;
    }
    put(box, item);
    return 0;
}

static size_t texts_len(const struct hearsay_note *note)
{
    size_t len = 0;
    for (int i = 0; i < HEARSAY_FIELDS_MAX; i++) {
        if (note->fields[i].kind == HEARSAY_FIELD_END) {
            break;
        }
        if (note->fields[i].kind == HEARSAY_FIELD_TEXT) {
            len += strlen(note->fields[i].text) + 1;
        }
    }
    return len;
}

static void texts_copy(struct hearsay_note *note, char *to)
{
    for (int i = 0; i < HEARSAY_FIELDS_MAX; i++) {
        struct hearsay_field *field = &note->fields[i];
        if (field->kind == HEARSAY_FIELD_END) {
            break;
        }
        if (field->kind == HEARSAY_FIELD_TEXT) {
            size_t len = strlen(field->text) + 1;
            memcpy(to, field->text, len);
            field->text = to;
            to += len;
        }
    }
}

void hsy_outbox_note(struct hsy_outbox *box, const struct hearsay_note *note,
                     uint64_t wall_ms)
{
    if (box->on_note == NULL || box->stopped) {
        return;
    }
    struct hsy_outbox_item *item = item_new(texts_len(note));
    if (item == NULL) {
        return;
    }
    item->kind = ITEM_NOTE;
    item->wall_ms = wall_ms;
    item->note = *note;
    texts_copy(&item->note, (char *)(item + 1));
    put(box, item);
}

int hsy_outbox_told(struct hsy_outbox *box, const struct hearsay_effect *told)
{
    const void *data = NULL;
    size_t len = 0;
    if (box->on_told == NULL || box->stopped) {
        return 0;
    }
    if (told->kind == HEARSAY_FX_ANSWER) {
        data = told->answer.payload;
        len = told->answer.payload_len;
    } else if (told->kind == HEARSAY_FX_QUERY_DONE) {
        data = told->summary->missing;
        len = told->summary->missing_listed * sizeof(*told->summary->missing);
    } else if (told->kind == HEARSAY_FX_FOUND) {
        data = told->found;
        len = sizeof(*told->found);
    }
    struct hsy_outbox_item *item = item_new(len);
    if (item == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (len > 0) {
        memcpy(item + 1, data, len);
    }
    item->kind = ITEM_TOLD;
    item->told = *told;
    if (told->kind == HEARSAY_FX_ANSWER) {
        item->told.answer.payload = (const uint8_t *)(item + 1);
    } else if (told->kind == HEARSAY_FX_QUERY_DONE) {
        item->summary = *told->summary;
        item->summary.missing = (const struct hearsay_id *)(item + 1);
        item->told.summary = &item->summary;
    } else if (told->kind == HEARSAY_FX_FOUND) {
        item->told.found = (const struct hearsay_found *)(item + 1);
    }
    put(box, item);
    return 0;
}

static struct hsy_outbox_item *take(struct hsy_outbox *box)
{
    struct hsy_outbox_item *item = box->first;
    if (item != NULL) {
        box->first = item->next;
        box->last = box->first == NULL ? NULL : box->last;
        HSY_ASSERT(box->len >= item->len);
        box->len -= item->len;
    }
    return item;
}

bool hsy_outbox_flush(struct hsy_outbox *box)
{
    /* What a callback causes waits for the next call: no endless turn. */
    const struct hsy_outbox_item *end = box->last;
    bool more = box->first != NULL;
    while (more && box->first != NULL) {
        struct hsy_outbox_item *item = take(box);
        more = item != end;
        switch (item->kind) {
        case ITEM_MESSAGE:
            box->on_message(box->ctx, &item->message);
            break;
        case ITEM_NOTE:
            box->on_note(box->ctx, &item->note, item->wall_ms);
            break;
        case ITEM_TOLD:
            box->on_told(box->ctx, &item->told);
            break;
        }
        item_free(item);
    }
    return box->first != NULL;
}

void hsy_outbox_stop(struct hsy_outbox *box)
{
    box->stopped = true;
    struct hsy_outbox_item *item;
    while ((item = take(box)) != NULL) {
        item_free(item);
    }
}
