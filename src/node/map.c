/* Words of single ends become links: for each vertex, those that it names are
 * marked, and then those that name it are either marked too, or alone with
 * their word. */
#include "node/map.h"

#include "base/mem.h"
#include "core/topology.h"
#include "node/inner.h"

static void add_link(struct hsy_map *m, struct hsy_map_link link)
{
    HSY_ASSERT(m->links_count < m->web.edges);
    m->links[m->links_count] = link;
    m->links_count++;
}

/* The links that @v is named in. @marks have v + 1 for who @v names. */
static void pair_up(struct hsy_map *m, uint32_t *marks, uint32_t v)
{
    const struct hsy_web *w = &m->web;

    for (uint32_t i = w->to_begin[v]; i < w->to_begin[v + 1]; i++) {
        marks[w->to[i]] = v + 1;
    }
    for (uint32_t i = w->from_begin[v]; i < w->from_begin[v + 1]; i++) {
        uint32_t other = w->from[i];
        bool both = marks[other] == v + 1;
        m->degrees[v] += both ? 1 : 0;
        if (!both) {
            add_link(m, (struct hsy_map_link){.from = other, .to = v});
        } else if (v < other) {
            add_link(
                m, (struct hsy_map_link){.from = v, .to = other, .both = true});
        }
    }
}

static uint64_t count_strangers(const struct hsy_map *m,
                                const struct hsy_registry *r)
{
    uint64_t named = 0;

    for (uint32_t v = 0; v < m->web.vertices; v++) {
        bool counted = m->web.part[v] != HSY_WEB_NONE;
        named += counted ? hsy_entry_links(hsy_registry_at(r, v)).count : 0;
    }
    HSY_ASSERT(named >= m->web.edges);
    return named - m->web.edges;
}

int hsy_map_of_registry(struct hsy_map *m, const struct hsy_registry *r,
                        const struct hearsay_mem *mem)
{
    *m = (struct hsy_map){.links_count = 0};
    int err = hsy_topology_web(r, mem, &m->web);
    if (err != 0) {
        return err;
    }
    uint32_t count = m->web.vertices;
    size_t room = (size_t)count + 1; /* No allocation is empty. */
    size_t links = (size_t)m->web.edges + 1;
    uint32_t *marks = hsy_mem_zalloc(mem, room * sizeof(*marks));
    m->degrees = hsy_mem_zalloc(mem, room * sizeof(*m->degrees));
    m->links = hsy_mem_alloc(mem, links * sizeof(*m->links));
    if (marks == NULL || m->degrees == NULL || m->links == NULL) {
        hsy_mem_free(mem, marks);
        hsy_map_fini(m, mem);
        return HEARSAY_ERR_NOMEM;
    }
    for (uint32_t v = 0; v < count; v++) {
        pair_up(m, marks, v);
    }
    m->strangers = count_strangers(m, r);
    hsy_mem_free(mem, marks);
    return 0;
}

int hsy_map_init(struct hsy_map *m, const struct hearsay_node *node,
                 const struct hearsay_mem *mem)
{
    HSY_ASSERT(m != NULL);
    if (node->core.seed == NULL) {
        return HEARSAY_ERR_STATE;
    }
    return hsy_map_of_registry(m, &node->core.seed->registry, mem);
}

void hsy_map_fini(struct hsy_map *m, const struct hearsay_mem *mem)
{
    HSY_ASSERT(m != NULL);
    hsy_web_fini(&m->web, mem);
    hsy_mem_free(mem, m->degrees);
    hsy_mem_free(mem, m->links);
    *m = (struct hsy_map){.links_count = 0};
}
