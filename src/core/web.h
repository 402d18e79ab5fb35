/* A graph over numbers, walked once: its components, and the vertices that
 * hold one together (articulation points). What the numbers are is the
 * caller's business. */
#ifndef HSY_CORE_WEB_H
#define HSY_CORE_WEB_H

#include "hearsay.h"

#define HSY_WEB_NONE UINT32_MAX

struct hsy_web {
    uint32_t vertices;
    uint32_t edges, edges_max; /* As named: one end's word. */
    uint32_t *memory;          /* Owned: all of the below; NULL: nothing. */
    uint32_t *to;              /* Of each edge, by its first end. */
    uint32_t *to_begin;        /* vertices + 1 places in it. */
    uint32_t *from;            /* The same edges by their other end. */
    uint32_t *from_begin;
    uint32_t *part;  /* Of each vertex, < parts; HSY_WEB_NONE: not counted. */
    uint32_t *size;  /* Of each part. */
    uint32_t *met;   /* When it was met; 0: not yet. */
    uint32_t *low;   /* The earliest that its subtree has an edge to. */
    uint32_t *above; /* Where it was met from; NONE: it is a root. */
    uint32_t *next;  /* Its next edge. */
    bool *cuts;      /* Of each vertex: without it its part falls apart. */
    uint32_t parts, cuts_count;
};

/* For @vertices and at most @edges_max edges. HEARSAY_ERR_NOMEM: nothing to
 * be ended. */
HEARSAY_MUST_USE int hsy_web_init(struct hsy_web *w,
                                  const struct hearsay_mem *mem,
                                  uint32_t vertices, uint32_t edges_max);
void hsy_web_fini(struct hsy_web *w, const struct hearsay_mem *mem);

/* Build: every vertex in order, each with its edges behind it (so that they
 * are in order, too); who is not added is not counted. An edge may be named
 * from either end or both, as often as one likes. */
void hsy_web_vertex(struct hsy_web *w, uint32_t vertex);
/* @to may be added later; if it never is, the edge is none. */
void hsy_web_edge(struct hsy_web *w, uint32_t to);
/* Then this, once: parts and cuts are known. */
void hsy_web_walk(struct hsy_web *w);

#endif
