/* One entry per node id and one index from link to id. Everything else asks
 * these two tables; nobody keeps a pointer. */
#include "core/neighbours.h"

#include <string.h>

struct link_index {
    hearsay_link link; /* Key. */
    struct hearsay_id id;
};

void hsy_neighbours_init(struct hsy_neighbours *ns, const struct hsy_env *env)
{
    uint32_t max = env->config.links_max;
    uint64_t salt = env->config.rng_seed;

    HSY_ASSERT(max >= 1);
    *ns = (struct hsy_neighbours){0};
    hsy_table_init(
        &ns->by_id, &env->mem,
        (struct hsy_table_shape){.key_len = HEARSAY_ID_LEN,
                                 .item_len = sizeof(struct hsy_neighbour),
                                 .items_max = max},
        salt);
    hsy_table_init(
        &ns->by_link, &env->mem,
        (struct hsy_table_shape){.key_len = sizeof(hearsay_link),
                                 .item_len = sizeof(struct link_index),
                                 .items_max = max},
        salt);
}

void hsy_neighbours_fini(struct hsy_neighbours *ns)
{
    hsy_table_fini(&ns->by_id);
    hsy_table_fini(&ns->by_link);
    ns->degree = 0;
    ns->chosen = 0;
}

struct hsy_neighbour *hsy_neighbour_by_id(const struct hsy_neighbours *ns,
                                          const struct hearsay_id *id)
{
    HSY_ASSERT(id != NULL);
    return hsy_table_find(&ns->by_id, id);
}

struct hsy_neighbour *hsy_neighbour_by_link(const struct hsy_neighbours *ns,
                                            hearsay_link link)
{
    const struct link_index *index = hsy_table_find(&ns->by_link, &link);

    if (index == NULL) {
        return NULL;
    }
    struct hsy_neighbour *n = hsy_table_find(&ns->by_id, &index->id);
    HSY_ASSERT(n != NULL);
    HSY_ASSERT(n->link == link);
    return n;
}

struct hsy_neighbour *hsy_neighbour_at(const struct hsy_neighbours *ns,
                                       uint32_t index)
{
    HSY_ASSERT(index < ns->by_id.count);
    return hsy_table_at(&ns->by_id, index);
}

uint32_t hsy_neighbours_count(const struct hsy_neighbours *ns)
{
    HSY_ASSERT(ns->by_id.count == ns->by_link.count);
    return ns->by_id.count;
}

static int index_link(struct hsy_neighbours *ns, hearsay_link link,
                      const struct hearsay_id *id)
{
    void *item;

    HSY_ASSERT(link != 0);
    int err = hsy_table_put(&ns->by_link, &item, &link);
    if (err == 0) {
        ((struct link_index *)item)->id = *id;
    }
    return err;
}

static void unindex_link(struct hsy_neighbours *ns, hearsay_link link)
{
    void *index = hsy_table_find(&ns->by_link, &link);

    HSY_ASSERT(index != NULL);
    hsy_table_remove(&ns->by_link, index);
}

int hsy_neighbour_add(struct hsy_neighbours *ns, struct hsy_neighbour **out,
                      hearsay_link link, const struct hsy_record *record)
{
    void *item;

    HSY_ASSERT(hsy_neighbour_by_id(ns, &record->id) == NULL);
    int err = index_link(ns, link, &record->id);
    if (err != 0) {
        return err;
    }
    err = hsy_table_put(&ns->by_id, &item, &record->id);
    if (err != 0) {
        unindex_link(ns, link);
        return err;
    }
    struct hsy_neighbour *n = item;
    n->link = link;
    n->role = record->role;
    n->incarnation = record->incarnation;
    n->boot_nonce = record->boot_nonce;
    n->ping_deadline_ns = HEARSAY_NEVER;
    n->ping_next_ns = HEARSAY_NEVER;
    n->asked_until_ns = HEARSAY_NEVER;
    n->challenge_until_ns = HEARSAY_NEVER;
    n->name_len = record->name_len;
    memcpy(n->name, record->name, record->name_len);
    *out = n;
    return 0;
}

int hsy_neighbour_relink(struct hsy_neighbours *ns, struct hsy_neighbour *n,
                         hearsay_link link)
{
    HSY_ASSERT(link != n->link);

    /* Out with the old one first: the new one then needs no extra room. */
    hearsay_link old = n->link;
    unindex_link(ns, old);
    int err = index_link(ns, link, &n->id);
    if (err != 0) {
        int undo = index_link(ns, old, &n->id);
        HSY_ASSERT(undo == 0); /* Its slot is still there. */
        return err;
    }
    n->link = link;
    n->superseded = false;
    n->invited = false;
    return 0;
}

void hsy_neighbour_remove(struct hsy_neighbours *ns, struct hsy_neighbour *n)
{
    hsy_neighbour_set_overlay(ns, n, false, false);
    unindex_link(ns, n->link);
    hsy_table_remove(&ns->by_id, n);
}

void hsy_neighbour_set_overlay(struct hsy_neighbours *ns,
                               struct hsy_neighbour *n, bool overlay,
                               bool chosen)
{
    HSY_ASSERT(overlay || !chosen);
    HSY_ASSERT(n->overlay || !n->chosen);

    ns->degree -= n->overlay ? 1 : 0;
    ns->chosen -= n->chosen ? 1 : 0;
    n->overlay = overlay;
    n->chosen = chosen;
    ns->degree += n->overlay ? 1 : 0;
    ns->chosen += n->chosen ? 1 : 0;
    HSY_ASSERT(ns->chosen <= ns->degree);
    HSY_ASSERT(ns->degree <= ns->by_id.count);
}
