/* Union and find over the links that both ends name. What is said is kept as
 * one number a word, and sorted at the end (by radix, so in linear time):
 * equal links come to stand together. 16 bytes a link, and as many while they
 * are sorted; a million peers with four million links are a second. */
#include "sim/graph.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum {
    WORDS_MAX = 1 << 29,
    WORDS_ROOM_MIN = 64,
    RADIX_BITS = 11,
    RADIX = 1 << RADIX_BITS,
    BY_LOWER = 1,
    BY_HIGHER = 2
};

/* A word: lower << 32 | higher << 1 | by whom. Vertices are below 2^31. */
static uint32_t lower_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint32_t higher_of(uint64_t word)
{
    return (uint32_t)word >> 1;
}

int hsy_graph_create(struct hsy_graph **out, uint32_t count,
                     const struct hearsay_mem *mem)
{
    HSY_ASSERT(count > 0);
    HSY_ASSERT(count < UINT32_C(1) << 31);
    struct hsy_graph *g = hsy_mem_zalloc(mem, sizeof(*g));
    if (g == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    g->mem = *mem;
    g->count = count;
    g->parents = hsy_mem_alloc(mem, count * sizeof(*g->parents));
    g->degrees = hsy_mem_alloc(mem, count * sizeof(*g->degrees));
    g->present = hsy_mem_alloc(mem, count * sizeof(*g->present));
    if (g->parents == NULL || g->degrees == NULL || g->present == NULL) {
        hsy_graph_destroy(g);
        return HEARSAY_ERR_NOMEM;
    }
    hsy_graph_clear(g);
    *out = g;
    return HEARSAY_OK;
}

void hsy_graph_destroy(struct hsy_graph *g)
{
    if (g == NULL) {
        return;
    }
    struct hearsay_mem mem = g->mem; /* Outlives the memory that held it. */
    hsy_mem_free(&mem, g->words);
    hsy_mem_free(&mem, g->parents);
    hsy_mem_free(&mem, g->degrees);
    hsy_mem_free(&mem, g->present);
    hsy_mem_free(&mem, g);
}

void hsy_graph_clear(struct hsy_graph *g)
{
    g->words_count = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        g->parents[i] = i;
        g->degrees[i] = 0;
        g->present[i] = false;
    }
    g->vertices = 0;
    g->links = 0;
    g->components = 0;
    g->one_sided = 0;
}

void hsy_graph_vertex(struct hsy_graph *g, uint32_t v)
{
    HSY_ASSERT(v < g->count);
    HSY_ASSERT(!g->present[v]);
    g->present[v] = true;
    g->vertices++;
}

static int reserve_word(struct hsy_graph *g)
{
    if (g->words_count < g->words_room) {
        return HEARSAY_OK;
    }
    uint32_t room = g->words_room == 0 ? WORDS_ROOM_MIN : g->words_room * 2;
    if (room > WORDS_MAX) {
        return HEARSAY_ERR_FULL;
    }
    uint64_t *words = hsy_mem_alloc(&g->mem, (size_t)room * sizeof(*words));
    if (words == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    if (g->words_count > 0) {
        memcpy(words, g->words, (size_t)g->words_count * sizeof(*words));
    }
    hsy_mem_free(&g->mem, g->words);
    g->words = words;
    g->words_room = room;
    return HEARSAY_OK;
}

int hsy_graph_link(struct hsy_graph *g, uint32_t from, uint32_t to)
{
    HSY_ASSERT(from < g->count);
    HSY_ASSERT(to < g->count);
    HSY_ASSERT(from != to);
    if (!g->present[from] || !g->present[to]) {
        return HEARSAY_OK;
    }
    int err = reserve_word(g);
    if (err == HEARSAY_OK) {
        uint64_t lower = from < to ? from : to;
        uint64_t higher = from < to ? to : from;
        g->words[g->words_count] =
            (lower << 32) | (higher << 1) | (from == lower ? 0 : 1);
        g->words_count++;
    }
    return err;
}

/* --------------------------------------------------------------- to finish */

/* One pass: stable, by the RADIX_BITS from @shift on. */
static void sort_pass(uint64_t *to, const uint64_t *from, uint32_t count,
                      unsigned shift)
{
    uint32_t starts[RADIX] = {0};
    for (uint32_t i = 0; i < count; i++) {
        starts[(from[i] >> shift) % RADIX]++;
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < RADIX; i++) {
        uint32_t n = starts[i];
        starts[i] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *at = &starts[(from[i] >> shift) % RADIX];
        to[*at] = from[i];
        (*at)++;
    }
}

/* Each half of a word has as many digits as the count of vertices needs. */
static int sort_words(struct hsy_graph *g)
{
    uint64_t *spare =
        hsy_mem_alloc(&g->mem, (size_t)g->words_room * sizeof(*spare));
    if (spare == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    for (unsigned half = 0; half < 64; half += 32) {
        for (unsigned bit = 0; (((uint64_t)g->count * 2) >> bit) != 0;
             bit += RADIX_BITS) {
            sort_pass(spare, g->words, g->words_count, half + bit);
            uint64_t *sorted = spare;
            spare = g->words;
            g->words = sorted;
        }
    }
    hsy_mem_free(&g->mem, spare);
    return HEARSAY_OK;
}

static uint32_t root_of(const struct hsy_graph *g, uint32_t v)
{
    while (g->parents[v] != v) {
        v = g->parents[v];
    }
    return v;
}

/* The same, and halves the path for the next time. */
static uint32_t find_root(struct hsy_graph *g, uint32_t v)
{
    while (g->parents[v] != v) {
        g->parents[v] = g->parents[g->parents[v]];
        v = g->parents[v];
    }
    return v;
}

static void add_link(struct hsy_graph *g, uint64_t word)
{
    uint32_t a = lower_of(word);
    uint32_t b = higher_of(word);
    g->words[g->links] = word; /* Not beyond where we read. */
    g->links++;
    g->degrees[a]++;
    g->degrees[b]++;
    uint32_t root_a = find_root(g, a);
    uint32_t root_b = find_root(g, b);
    if (root_a != root_b) {
        g->parents[root_b] = root_a;
        g->components--;
    }
}

int hsy_graph_finish(struct hsy_graph *g)
{
    g->components = g->vertices;
    if (g->words_count == 0) {
        return HEARSAY_OK;
    }
    int err = sort_words(g);
    if (err != HEARSAY_OK) {
        return err;
    }
    uint32_t i = 0;
    while (i < g->words_count) {
        uint64_t link = g->words[i] & ~UINT64_C(1);
        uint32_t said = 0;
        for (; i < g->words_count && (g->words[i] & ~UINT64_C(1)) == link;
             i++) {
            said |= (g->words[i] & 1) == 0 ? BY_LOWER : BY_HIGHER;
        }
        if (said == (BY_LOWER | BY_HIGHER)) {
            add_link(g, link);
        } else {
            g->one_sided++;
        }
    }
    g->words_count = g->links;
    return HEARSAY_OK;
}

void hsy_graph_ends(const struct hsy_graph *g, uint32_t index,
                    uint32_t *out_lower, uint32_t *out_higher)
{
    HSY_ASSERT(index < g->links);
    *out_lower = lower_of(g->words[index]);
    *out_higher = higher_of(g->words[index]);
}

bool hsy_graph_together(const struct hsy_graph *g, uint32_t a, uint32_t b)
{
    HSY_ASSERT(a < g->count);
    HSY_ASSERT(b < g->count);
    return root_of(g, a) == root_of(g, b);
}
