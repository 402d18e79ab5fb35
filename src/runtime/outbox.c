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
    union {
        struct hearsay_summary summary; /* Of QUERY_DONE. */
        struct hearsay_member member;   /* Of MEMBER; its name follows @by. */
    };
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

/* How many bytes @told lends. */
static size_t lent_len(const struct hearsay_effect *told)
{
    if (told->kind == HEARSAY_FX_ANSWER) {
        return told->answer.payload_len;
    }
    if (told->kind == HEARSAY_FX_QUERY_DONE) {
        return told->summary->missing_listed * sizeof(*told->summary->missing);
    }
    if (told->kind == HEARSAY_FX_FOUND) {
        return sizeof(*told->found);
    }
    if (told->kind == HEARSAY_FX_MEMBER) {
        return told->member->by_count * sizeof(*told->member->by) +
               strlen(told->member->name) + 1;
    }
    return 0;
}

static void copy_some(void *to, const void *from, size_t len)
{
    if (len > 0) {
        memcpy(to, from, len);
    }
}

/* Behind the item, which has room for it. */
static void copy_lent(struct hsy_outbox_item *item,
                      const struct hearsay_effect *told)
{
    void *room = item + 1;
    if (told->kind == HEARSAY_FX_ANSWER) {
        copy_some(room, told->answer.payload, told->answer.payload_len);
        item->told.answer.payload = room;
    } else if (told->kind == HEARSAY_FX_QUERY_DONE) {
        copy_some(room, told->summary->missing, lent_len(told));
        item->summary = *told->summary;
        item->summary.missing = room;
        item->told.summary = &item->summary;
    } else if (told->kind == HEARSAY_FX_FOUND) {
        copy_some(room, told->found, sizeof(*told->found));
        item->told.found = room;
    } else if (told->kind == HEARSAY_FX_MEMBER) {
        size_t by_len = told->member->by_count * sizeof(*told->member->by);
        char *name = (char *)room + by_len;
        copy_some(room, told->member->by, by_len);
        copy_some(name, told->member->name, strlen(told->member->name) + 1);
        item->member = *told->member;
        item->member.by = room;
        item->member.name = name;
        item->told.member = &item->member;
    }
}

int hsy_outbox_told(struct hsy_outbox *box, const struct hearsay_effect *told)
{
    if (box->on_told == NULL || box->stopped) {
        return 0;
    }
    struct hsy_outbox_item *item = item_new(lent_len(told));
    if (item == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    item->kind = ITEM_TOLD;
    item->told = *told;
    copy_lent(item, told);
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
