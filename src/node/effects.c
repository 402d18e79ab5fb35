/* A growing array read from its head, and a list of blocks for lent bytes. A
 * node holds neither for longer than it must, for there may be a million of
 * them: the array goes when it has been drained, the blocks when the next
 * step begins. */
#include "node/effects.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

enum {
    ITEMS_FIRST = 16, /* 1 KiB: allocators keep such pieces at hand. */
    BLOCK_FIRST = 448,
    BLOCK_LEN = 2048,
    ALIGN = 16
};

struct hsy_arena_block {
    struct hsy_arena_block *next;
    size_t len, used;
    _Alignas(ALIGN) uint8_t data[];
};

/* A buffer that an effect lends. */
struct hsy_effects_share {
    struct hsy_effects_share *next;
    struct hearsay_buf *buf;
};

void hsy_effects_init(struct hsy_effects *fx, const struct hearsay_mem *mem)
{
    HSY_ASSERT(mem->alloc != NULL);
    *fx = (struct hsy_effects){.mem = *mem};
}

static void drop_items(struct hsy_effects *fx)
{
    fx->mem.free(fx->mem.ctx, fx->items);
    fx->items = NULL;
    fx->head = 0;
    fx->count = 0;
    fx->room = 0;
}

static void drop_blocks(struct hsy_effects *fx)
{
    for (; fx->shares != NULL; fx->shares = fx->shares->next) {
        hearsay_buf_unref(fx->shares->buf);
    }
    while (fx->blocks != NULL) {
        struct hsy_arena_block *next = fx->blocks->next;
        fx->mem.free(fx->mem.ctx, fx->blocks);
        fx->blocks = next;
    }
}

void hsy_effects_reset(struct hsy_effects *fx)
{
    HSY_ASSERT(fx->head == fx->count);
    drop_items(fx);
    drop_blocks(fx);
}

void hsy_effects_fini(struct hsy_effects *fx)
{
    struct hearsay_effect effect;

    while (hsy_effects_pop(fx, &effect)) {
        if (effect.kind == HEARSAY_FX_SEND) {
            hearsay_buf_unref(effect.send.buf);
        }
    }
    drop_items(fx);
    drop_blocks(fx);
    HSY_ASSERT(fx->blocks == NULL);
}

static bool grow(struct hsy_effects *fx)
{
    uint32_t room = fx->room == 0 ? ITEMS_FIRST : 2 * fx->room;
    struct hearsay_effect *items =
        fx->mem.alloc(fx->mem.ctx, room * sizeof(*items));

    if (items == NULL) {
        return false;
    }
    if (fx->count > 0) {
        memcpy(items, fx->items, fx->count * sizeof(*items));
    }
    fx->mem.free(fx->mem.ctx, fx->items);
    fx->items = items;
    fx->room = room;
    HSY_ASSERT(fx->count < fx->room);
    return true;
}

bool hsy_effects_push(struct hsy_effects *fx,
                      const struct hearsay_effect *effect)
{
    if (fx->count == fx->room && !grow(fx)) {
        return false;
    }
    HSY_ASSERT(fx->count < fx->room);
    fx->items[fx->count] = *effect;
    fx->count++;
    return true;
}

bool hsy_effects_pop(struct hsy_effects *fx, struct hearsay_effect *out)
{
    HSY_ASSERT(fx->head <= fx->count);
    if (fx->head == fx->count) {
        if (fx->items != NULL) {
            drop_items(fx); /* Effects are given out as copies. */
        }
        return false;
    }
    *out = fx->items[fx->head];
    fx->head++;
    return true;
}

void *hsy_effects_room(struct hsy_effects *fx, size_t len)
{
    struct hsy_arena_block *block = fx->blocks;
    size_t rounded = (len + ALIGN - 1) / ALIGN * ALIGN;

    HSY_ASSERT(rounded >= len);
    if (block == NULL || block->len - block->used < rounded) {
        size_t least = block == NULL ? BLOCK_FIRST : BLOCK_LEN;
        size_t bytes = rounded > least ? rounded : least;
        block = fx->mem.alloc(fx->mem.ctx, sizeof(*block) + bytes);
        if (block == NULL) {
            return NULL;
        }
        block->next = fx->blocks;
        block->len = bytes;
        block->used = 0;
        fx->blocks = block;
    }
    uint8_t *room = block->data + block->used;
    block->used += rounded;
    HSY_ASSERT(block->used <= block->len);
    return room;
}

void *hsy_effects_copy(struct hsy_effects *fx, const void *data, size_t len)
{
    void *copy = hsy_effects_room(fx, len);

    HSY_ASSERT(data != NULL || len == 0);
    if (copy != NULL && len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

bool hsy_effects_hold(struct hsy_effects *fx, struct hearsay_buf *buf)
{
    struct hsy_effects_share *share = hsy_effects_room(fx, sizeof(*share));

    HSY_ASSERT(buf != NULL);
    if (share == NULL) {
        return false;
    }
    share->next = fx->shares;
    share->buf = hearsay_buf_ref(buf);
    fx->shares = share;
    return true;
}

const char *hsy_effects_text(struct hsy_effects *fx, const char *text)
{
    HSY_ASSERT(text != NULL);
    return hsy_effects_copy(fx, text, strlen(text) + 1);
}
