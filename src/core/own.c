/* What is published. The copy of the payload is made at once, its hashes a few
 * at a time between other things: 256 KiB take a quarter of a millisecond, and
 * a millisecond lies between two of them, so 16 MiB are ready after 64 ms and
 * nothing small waits for them. */
#include <string.h>

#include "base/mem.h"
#include "core/bulk.h"

enum { HASHED_AT_A_TIME = 8 };

/* One that found no memory to be kept is tried again. */
#define AGAIN_NS (100 * HSY_MS)

static struct hsy_bulk_own *free_slot(struct hsy_bulk *b)
{
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        if (b->own[i].content == NULL) {
            return &b->own[i];
        }
    }
    HSY_ASSERT(HSY_BULK_OWN > 0);
    return NULL;
}

bool hsy_bulk_own_any(const struct hsy_bulk *b)
{
    HSY_ASSERT(b->env != NULL);
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        if (b->own[i].content != NULL) {
            return true;
        }
    }
    return false;
}

bool hsy_bulk_own_waits(const struct hsy_bulk *b)
{
    HSY_ASSERT(b->env != NULL);
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        if (b->own[i].content != NULL && !b->own[i].signing) {
            return true;
        }
    }
    return false;
}

/* Own ones that nobody has got yet may take half of the room: the rest is for
 * what others say. One of them fits in any case. */
static bool within_share(const struct hsy_bulk *b, uint64_t len)
{
    uint64_t bytes = 0;

    HSY_ASSERT(len > HSY_INLINE_MAX);
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        bytes += b->own[i].content == NULL ? 0 : b->own[i].content->len;
    }
    for (uint32_t i = 0; i < b->table.count; i++) {
        const struct hsy_bulk_entry *e = hsy_bulk_at(b, i);
        bytes += e->pinned ? e->len : 0;
    }
    return bytes == 0 || bytes + len <= b->env->config.bulk_bytes / 2;
}

int hsy_bulk_own_take(struct hsy_bulk *b, const struct hsy_message *message,
                      uint64_t seq)
{
    struct hsy_env *env = b->env;
    struct hsy_bulk_own *own = free_slot(b);

    HSY_ASSERT(hsy_message_large(message));
    if (own == NULL || !within_share(b, message->payload_len) ||
        !hsy_bulk_make_room(b, &env->id, message->payload_len)) {
        return HEARSAY_ERR_AGAIN;
    }
    struct hearsay_buf *content = hsy_buf_new(&env->mem, message->payload_len);
    uint8_t *room = hsy_mem_alloc(&env->mem, HSY_BUNDLE_LEN_MAX);
    if (content == NULL || room == NULL) {
        hearsay_buf_unref(content);
        hsy_mem_free(&env->mem, room);
        return HEARSAY_ERR_NOMEM;
    }
    memcpy(content->data, message->payload, message->payload_len);
    *own = (struct hsy_bulk_own){.content = content,
                                 .room = room,
                                 .seq = seq,
                                 .wall_ms = env->now.wall_ms,
                                 .topic_len = message->topic_len};
    memcpy(own->topic, message->topic, message->topic_len);
    b->bytes += message->payload_len;
    return 0;
}

/* The one with the lowest number that is not being signed. */
static struct hsy_bulk_own *first_unsigned(struct hsy_bulk *b)
{
    struct hsy_bulk_own *first = NULL;

    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        struct hsy_bulk_own *own = &b->own[i];
        if (own->content != NULL && !own->signing &&
            (first == NULL || own->seq < first->seq)) {
            first = own;
        }
    }
    HSY_ASSERT(first == NULL || first->content != NULL);
    return first;
}

struct hsy_bulk_own *hsy_bulk_own_hash(struct hsy_bulk *b, bool all)
{
    struct hsy_bulk_own *own = first_unsigned(b);

    if (own == NULL) {
        return NULL;
    }
    uint32_t len = own->content->len;
    for (uint32_t i = 0;
         (all || i < HASHED_AT_A_TIME) && own->hashed < hsy_pieces_of(len);
         i++) {
        b->env->ports.hash(
            b->env->ports.ctx, own->room + own->hashed * HSY_PIECE_HASH_LEN,
            own->content->data + (size_t)own->hashed * HSY_PIECE_LEN,
            hsy_piece_len(len, own->hashed));
        own->hashed++;
    }
    HSY_ASSERT(own->hashed <= hsy_pieces_of(len));
    return own->hashed == hsy_pieces_of(len) ? own : NULL;
}

static struct hsy_bulk_own *find_own(struct hsy_bulk *b, uint64_t seq)
{
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        if (b->own[i].content != NULL && b->own[i].seq == seq) {
            return &b->own[i];
        }
    }
    HSY_ASSERT(seq >= 1);
    return NULL;
}

/* False: no memory, or no place; it is tried again. */
static bool settle(struct hsy_bulk *b, struct hsy_bulk_own *own)
{
    struct hsy_reader in = hsy_reader(own->room, own->signed_len);
    struct hsy_bundle bundle;
    struct hsy_bundle_id id;

    hsy_get_bundle(&in, &bundle);
    HSY_ASSERT(hsy_reader_done(&in)); /* We encoded it ourselves. */
    b->env->ports.bundle_id(b->env->ports.ctx, &id, &bundle);
    struct hsy_bulk_entry *e = hsy_bulk_add(b, &bundle, &id);
    if (e == NULL) {
        return false;
    }
    e->content = own->content; /* The bytes stay spoken for. */
    e->have = hsy_pieces_of(e->len);
    hsy_bulk_enter(b, e, HSY_BULK_COMPLETE);
    e->pinned = true;
    e->next_ns = hsy_time_add(b->env->now.mono_ns, HSY_BULK_PIN_NS);
    hsy_bulk_plan_age(b, e);
    hsy_mem_free(&b->env->mem, own->room);
    *own = (struct hsy_bulk_own){.content = NULL};
    hsy_serve_changed(b, &id);
    return true;
}

void hsy_bulk_own_settle(struct hsy_bulk *b)
{
    HSY_ASSERT(b->env != NULL);
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        struct hsy_bulk_own *own = &b->own[i];
        if (own->signed_len > 0 && !settle(b, own)) {
            hsy_bulk_plan(b, hsy_time_add(b->env->now.mono_ns, AGAIN_NS));
        }
    }
}

void hsy_bulk_own_signed(struct hsy_bulk *b, const struct hsy_bundle *bundle)
{
    struct hsy_bulk_own *own = find_own(b, bundle->first_seq);

    HSY_ASSERT(own != NULL && own->signing);
    struct hsy_writer out = hsy_writer(own->room, HSY_BUNDLE_LEN_MAX);
    hsy_put_bundle(&out, bundle);
    HSY_ASSERT(!out.bad);
    own->signed_len = (uint32_t)out.len;
    hsy_bulk_own_settle(b);
}
