/* One entry per node id and one index from link to its place. Everything else
 * asks these two tables; nobody keeps a pointer. */
#include "core/neighbours.h"

#include "core/kept.h"

struct link_index {
    hearsay_link link; /* Key. */
    uint32_t at;
};

void hsy_neighbours_init(struct hsy_neighbours *ns, const struct hsy_env *env)
{
    uint32_t max = env->config.links_max;
    uint64_t salt = env->config.hash_salt;

    HSY_ASSERT(max >= 1);
    *ns = (struct hsy_neighbours){.env = env};
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
    for (uint32_t i = 0; i < ns->by_id.count; i++) {
        hsy_keep_no_more(ns->env, hsy_neighbour_at(ns, i)->record);
    }
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

struct hsy_neighbour *hsy_neighbour_by_link(struct hsy_neighbours *ns,
                                            hearsay_link link)
{
    if (ns->last_at < ns->by_id.count) {
        struct hsy_neighbour *last = hsy_table_at(&ns->by_id, ns->last_at);
        if (last->link == link) {
            return last;
        }
    }
    const struct link_index *index = hsy_table_find(&ns->by_link, &link);
    if (index == NULL) {
        return NULL;
    }
    ns->last_at = index->at;
    struct hsy_neighbour *n = hsy_table_at(&ns->by_id, index->at);
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

static int index_link(struct hsy_neighbours *ns, hearsay_link link, uint32_t at)
{
    void *item;

    HSY_ASSERT(link != 0);
    int err = hsy_table_put(&ns->by_link, &item, &link);
    if (err == 0) {
        ((struct link_index *)item)->at = at;
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
    int err = index_link(ns, link, ns->by_id.count);
    if (err != 0) {
        return err;
    }
    struct hsy_blob *kept = hsy_keep_record(ns->env, record);
    err = kept == NULL ? HEARSAY_ERR_NOMEM
                       : hsy_table_put(&ns->by_id, &item, &record->id);
    if (err != 0) {
        hsy_keep_no_more(ns->env, kept);
        unindex_link(ns, link);
        return err;
    }
    struct hsy_neighbour *n = item;
    HSY_ASSERT(n == hsy_table_at(&ns->by_id, ns->by_id.count - 1));
    n->record = kept;
    n->undialable = hsy_kept_undialable(kept);
    n->link = link;
    n->role = record->role;
    n->incarnation = record->incarnation;
    n->boot_nonce = record->boot_nonce;
    n->ping_deadline_ns = HEARSAY_NEVER;
    n->ping_next_ns = HEARSAY_NEVER;
    n->asked_until_ns = HEARSAY_NEVER;
    n->challenge_until_ns = HEARSAY_NEVER;
    *out = n;
    return 0;
}

static uint32_t place_of(const struct hsy_neighbours *ns,
                         const struct hsy_neighbour *n)
{
    const struct link_index *index = hsy_table_find(&ns->by_link, &n->link);

    HSY_ASSERT(index != NULL);
    HSY_ASSERT(hsy_table_at(&ns->by_id, index->at) == n);
    return index->at;
}

int hsy_neighbour_relink(struct hsy_neighbours *ns, struct hsy_neighbour *n,
                         hearsay_link link)
{
    HSY_ASSERT(link != n->link);

    /* Out with the old one first: the new one then needs no extra room. */
    hearsay_link old = n->link;
    uint32_t at = place_of(ns, n);
    unindex_link(ns, old);
    int err = index_link(ns, link, at);
    if (err != 0) {
        int undo = index_link(ns, old, at);
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
    uint32_t at = place_of(ns, n);
    unindex_link(ns, n->link);
    hsy_keep_no_more(ns->env, n->record);
    hsy_table_remove(&ns->by_id, n);
    if (at < ns->by_id.count) { /* The last one has moved here. */
        const struct hsy_neighbour *moved = hsy_table_at(&ns->by_id, at);
        struct link_index *index = hsy_table_find(&ns->by_link, &moved->link);
        HSY_ASSERT(index != NULL);
        index->at = at;
    }
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
