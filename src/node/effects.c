/* A growing array read from its head, and a list of blocks for lent bytes.
 * One small block is kept between steps: an idle node allocates nothing. */
#include "node/effects.h"

#include <string.h>

#include "base/assert.h"

enum { ITEMS_FIRST = 16, BLOCK_LEN = 2048, ALIGN = 16 };

struct hsy_arena_block {
    struct hsy_arena_block *next;
    size_t len, used;
    _Alignas(ALIGN) uint8_t data[];
};

void hsy_effects_init(struct hsy_effects *fx, const struct hearsay_mem *mem)
{
    HSY_ASSERT(mem->alloc != NULL);
    *fx = (struct hsy_effects){.mem = *mem};
}

static void drop_blocks(struct hsy_effects *fx, struct hsy_arena_block *keep)
{
    struct hsy_arena_block *block = fx->blocks;

    while (block != NULL) {
        struct hsy_arena_block *next = block->next;
        if (block != keep) {
            fx->mem.free(fx->mem.ctx, block);
        }
        block = next;
    }
    if (keep != NULL) {
        keep->next = NULL;
        keep->used = 0;
    }
    fx->blocks = keep;
}

void hsy_effects_reset(struct hsy_effects *fx)
{
    struct hsy_arena_block *keep = NULL;

    HSY_ASSERT(fx->head == fx->count);
    fx->head = 0;
    fx->count = 0;
    for (struct hsy_arena_block *b = fx->blocks; b != NULL; b = b->next) {
        keep = b->len == BLOCK_LEN ? b : keep;
    }
    drop_blocks(fx, keep);
}

void hsy_effects_fini(struct hsy_effects *fx)
{
    struct hearsay_effect effect;

    while (hsy_effects_pop(fx, &effect)) {
        if (effect.kind == HEARSAY_FX_SEND) {
            hearsay_buf_unref(effect.send.buf);
        }
    }
    drop_blocks(fx, NULL);
    fx->mem.free(fx->mem.ctx, fx->items);
    fx->items = NULL;
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
        return false;
    }
    *out = fx->items[fx->head];
    fx->head++;
    return true;
}

void *hsy_effects_copy(struct hsy_effects *fx, const void *data, size_t len)
{
    struct hsy_arena_block *block = fx->blocks;
    size_t rounded = (len + ALIGN - 1) / ALIGN * ALIGN;

    HSY_ASSERT(data != NULL || len == 0);
    if (block == NULL || block->len - block->used < rounded) {
        size_t room = rounded > BLOCK_LEN ? rounded : BLOCK_LEN;
        block = fx->mem.alloc(fx->mem.ctx, sizeof(*block) + room);
        if (block == NULL) {
            return NULL;
        }
        block->next = fx->blocks;
        block->len = room;
        block->used = 0;
        fx->blocks = block;
    }
    uint8_t *copy = block->data + block->used;
    if (len > 0) {
        memcpy(copy, data, len);
    }
    block->used += rounded;
    HSY_ASSERT(block->used <= block->len);
    return copy;
}

const char *hsy_effects_text(struct hsy_effects *fx, const char *text)
{
    HSY_ASSERT(text != NULL);
    return hsy_effects_copy(fx, text, strlen(text) + 1);
}
