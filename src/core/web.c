/* Tarjan's depth-first walk (1972), with a stack in arrays instead of calls:
 * a vertex holds its part together if some subtree below it has no edge to
 * anything above it. An edge back to where one came from does no harm here:
 * it leads to that vertex, and not above it. */
#include "core/web.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

/* Its first edge is not known yet. */
#define UNSET UINT32_MAX

int hsy_web_init(struct hsy_web *w, const struct hearsay_mem *mem,
                 uint32_t vertices, uint32_t edges_max)
{
    size_t count = vertices;
    size_t words = 2 * (size_t)edges_max + 2 * (count + 1) + 6 * count;
    size_t len = words * sizeof(uint32_t) + count * sizeof(bool);

    HSY_ASSERT(vertices < HSY_WEB_NONE);
    *w = (struct hsy_web){.vertices = vertices, .edges_max = edges_max};
    w->memory = hsy_mem_zalloc(mem, len);
    if (w->memory == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    w->to = w->memory;
    w->from = w->to + edges_max;
    w->to_begin = w->from + edges_max;
    w->from_begin = w->to_begin + count + 1;
    w->part = w->from_begin + count + 1;
    w->size = w->part + count;
    w->met = w->size + count;
    w->low = w->met + count;
    w->above = w->low + count;
    w->next = w->above + count;
    w->cuts = (bool *)(w->next + count);
    memset(w->to_begin, 0xff, (count + 1) * sizeof(uint32_t));
    memset(w->part, 0xff, count * sizeof(uint32_t));
    HSY_ASSERT(w->to_begin[count] == UNSET);
    return 0;
}

void hsy_web_fini(struct hsy_web *w, const struct hearsay_mem *mem)
{
    HSY_ASSERT(w != NULL);
    hsy_mem_free(mem, w->memory);
    *w = (struct hsy_web){0};
}

/* Until the walk, part[] is 0 for who was added; size[] is of no use. */
void hsy_web_vertex(struct hsy_web *w, uint32_t vertex)
{
    HSY_ASSERT(vertex < w->vertices);
    HSY_ASSERT(w->to_begin[vertex] == UNSET);
    w->to_begin[vertex] = w->edges;
    w->part[vertex] = 0;
}

void hsy_web_edge(struct hsy_web *w, uint32_t to)
{
    HSY_ASSERT(to < w->vertices);
    HSY_ASSERT(w->edges < w->edges_max);
    w->to[w->edges] = to;
    w->edges++;
}

/* Who was not added has no edges: his begin where the next one's do. */
static void close_gaps(struct hsy_web *w)
{
    uint32_t begin = w->edges;

    for (uint32_t v = w->vertices + 1; v > 0; v--) {
        if (w->to_begin[v - 1] == UNSET) {
            w->to_begin[v - 1] = begin;
        }
        HSY_ASSERT(w->to_begin[v - 1] <= begin);
        begin = w->to_begin[v - 1];
    }
}

/* The same edges once more, sorted by their other end: counted, summed up,
 * and put from the end of each place to its beginning. */
static void turn_around(struct hsy_web *w)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < w->edges; i++) {
        w->from_begin[w->to[i]]++;
    }
    for (uint32_t v = 0; v <= w->vertices; v++) {
        sum += w->from_begin[v];
        w->from_begin[v] = sum;
    }
    HSY_ASSERT(sum == w->edges);
    for (uint32_t v = w->vertices; v > 0; v--) {
        for (uint32_t i = w->to_begin[v - 1]; i < w->to_begin[v]; i++) {
            w->from_begin[w->to[i]]--;
            w->from[w->from_begin[w->to[i]]] = v - 1;
        }
    }
}

/* The end of the edge @index of @v, of those that it names and then of those
 * that others name; NONE: there are no more. */
static uint32_t edge_at(const struct hsy_web *w, uint32_t v, uint32_t index)
{
    uint32_t named = w->to_begin[v + 1] - w->to_begin[v];
    uint32_t all = named + w->from_begin[v + 1] - w->from_begin[v];

    HSY_ASSERT(index <= all);
    if (index == all) {
        return HSY_WEB_NONE;
    }
    return index < named ? w->to[w->to_begin[v] + index]
                         : w->from[w->from_begin[v] + index - named];
}

static void enter(struct hsy_web *w, uint32_t v, uint32_t above)
{
    HSY_ASSERT(w->met[v] == 0);
    w->size[w->parts - 1]++;
    w->part[v] = w->parts - 1;
    w->above[v] = above;
}

static void cut(struct hsy_web *w, uint32_t v)
{
    w->cuts_count += w->cuts[v] ? 0 : 1;
    w->cuts[v] = true;
    HSY_ASSERT(w->cuts_count <= w->vertices);
}

/* Back from @v to where it was met from. */
static void leave(struct hsy_web *w, uint32_t v)
{
    uint32_t above = w->above[v];

    if (above == HSY_WEB_NONE) {
        return;
    }
    HSY_ASSERT(w->low[v] >= 1);
    if (w->low[v] < w->low[above]) {
        w->low[above] = w->low[v];
    }
    if (w->above[above] != HSY_WEB_NONE && w->low[v] >= w->met[above]) {
        cut(w, above);
    }
}

/* All of the part of @root, which nobody has met; @clock counts who was. */
static void walk_part(struct hsy_web *w, uint32_t root, uint32_t *clock)
{
    uint32_t below_root = 0;

    w->parts++;
    enter(w, root, HSY_WEB_NONE);
    for (uint32_t v = root; v != HSY_WEB_NONE;) {
        if (w->met[v] == 0) {
            *clock += 1;
            w->met[v] = *clock;
            w->low[v] = *clock;
        }
        uint32_t to = edge_at(w, v, w->next[v]);
        if (to == HSY_WEB_NONE) {
            leave(w, v);
            v = w->above[v];
            continue;
        }
        w->next[v]++;
        if (w->part[to] == HSY_WEB_NONE) {
            continue; /* Not counted. */
        }
        if (w->met[to] != 0) {
            w->low[v] = w->met[to] < w->low[v] ? w->met[to] : w->low[v];
            continue;
        }
        below_root += v == root ? 1 : 0;
        enter(w, to, v);
        v = to;
    }
    if (below_root > 1) {
        cut(w, root);
    }
    HSY_ASSERT(w->size[w->parts - 1] >= 1);
}

void hsy_web_walk(struct hsy_web *w)
{
    uint32_t clock = 0;

    HSY_ASSERT(w->parts == 0);
    close_gaps(w);
    turn_around(w);
    for (uint32_t v = 0; v < w->vertices; v++) {
        if (w->part[v] != HSY_WEB_NONE && w->met[v] == 0) {
            walk_part(w, v, &clock);
        }
    }
    HSY_ASSERT(clock <= w->vertices);
}
