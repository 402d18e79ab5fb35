/* All of it is counted anew when it is needed: a node has some dozens of links,
 * and asks seldom. */
#include "core/diversity.h"

enum { POOR_DEGREE = 2 };

bool hsy_diversity_chosen(const struct hsy_neighbours *ns, uint64_t group)
{
    HSY_ASSERT(ns->chosen <= ns->degree);
    for (uint32_t i = 0; group != 0 && i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        if (n->group == group && (n->chosen || n->asked)) {
            return true;
        }
    }
    return false;
}

static uint32_t links_to(const struct hsy_neighbours *ns, uint64_t group)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        count += n->overlay && n->group == group ? 1 : 0;
    }
    HSY_ASSERT(count <= ns->degree);
    return count;
}

/* The tree keeps its branches, a peer its own choice, and who may have few
 * links is not cut off: a newcomer names its links itself, so one that claimed
 * none is left alone until it has had time to find some. */
static bool may_lose(const struct hsy_neighbours *ns,
                     const struct hsy_tree *tree, const struct hsy_neighbour *n)
{
    uint64_t age_ns = hsy_time_since(n->since_ns, ns->env->now.mono_ns);
    bool in_tree = n->eager || n->child || n->former ||
                   n->link == tree->parent || n->link == tree->spare ||
                   n->link == tree->shape.parent ||
                   n->link == tree->shape.spare;

    HSY_ASSERT(n->link != 0);
    return n->overlay && !n->chosen && !n->asked && !in_tree && n->group != 0 &&
           n->challenger == 0 &&
           (n->degree >= POOR_DEGREE || age_ns >= HSY_SETTLED_NS);
}

bool hsy_diversity_victim(const struct hsy_neighbours *ns,
                          const struct hsy_tree *tree,
                          const struct hsy_neighbour *newcomer,
                          struct hearsay_id *out)
{
    const struct hsy_neighbour *worst = NULL;
    uint32_t most = 2;

    HSY_ASSERT(!newcomer->overlay);
    if (newcomer->group == 0 || links_to(ns, newcomer->group) > 0) {
        return false;
    }
    for (uint32_t i = 0; i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        uint32_t count = n->overlay ? links_to(ns, n->group) : 0;
        if (count < most || (count > most && n->group == 0)) {
            continue;
        }
        if (!may_lose(ns, tree, n)) {
            continue;
        }
        if (worst == NULL || count > most || n->since_ns > worst->since_ns) {
            worst = n;
        }
        most = count;
    }
    if (worst != NULL) {
        *out = worst->id;
    }
    return worst != NULL;
}

/* Those who have said nothing, because they were asked, come last. */
static uint32_t known_degree(const struct hsy_neighbour *n)
{
    return n->degree > 0 ? n->degree : UINT32_MAX;
}

uint32_t hsy_diversity_humble(const struct hsy_neighbours *ns,
                              const struct hsy_neighbour *except,
                              uint32_t start, const struct hsy_neighbour **out,
                              uint32_t max)
{
    uint32_t total = hsy_neighbours_count(ns);
    uint32_t count = 0;

    HSY_ASSERT(max >= 1);
    for (uint32_t i = 0; i < total; i++) {
        const struct hsy_neighbour *n =
            hsy_neighbour_at(ns, (start + i) % total);
        if (!n->overlay || n == except) {
            continue;
        }
        uint32_t at = count < max ? count : max;
        while (at > 0 && known_degree(out[at - 1]) > known_degree(n)) {
            if (at < max) {
                out[at] = out[at - 1];
            }
            at--;
        }
        if (at < max) {
            out[at] = n;
            count += count < max ? 1 : 0;
        }
    }
    HSY_ASSERT(count <= max);
    return count;
}
