/* A network on public addresses, and strangers of few groups who are many:
 * what a peer still sees of the others. */
#include "base/addr.h"
#include "base/time.h"
#include "node/inner.h"
#include "sim/cluster.h"
#include "support/claim.h"

enum { SEEDS = 3, HONEST = 20, STRANGERS = 400, GROUPS = 40, THEIRS = 16 };
#define VICTIM SEEDS /* The first peer. */

static struct hearsay_config seed_config, peer_config;
static struct hsy_cluster *c;

static void begin(uint32_t strangers)
{
    struct hsy_cluster_config config;
    hearsay_config_init(&seed_config, HEARSAY_SEED);
    hearsay_config_init(&peer_config, HEARSAY_PEER);
    peer_config.gossip_count = 0;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = hsy_machine_node();
    config.crypto = hearsay_crypto_null();
    config.rng = 11;
    config.seeds = SEEDS;
    config.peers = HONEST + strangers;
    config.groups = GROUPS;
    config.strangers_from = HONEST + 1;
    config.strangers_groups = THEIRS;
    config.seed_config = &seed_config;
    config.peer_config = &peer_config;
    CLAIM_INT(hsy_cluster_create(&c, &config), HEARSAY_OK);
    for (uint32_t i = 0; i < SEEDS + HONEST; i++) {
        CLAIM_INT(hsy_cluster_start(c, i, i * 50 * HSY_MS), HEARSAY_OK);
    }
}

static void run_to(uint64_t s)
{
    CLAIM_INT(hsy_cluster_run(c, s * HSY_SECOND), HEARSAY_OK);
    CLAIM_TEXT(hsy_cluster_fault(c), "");
}

static const struct hsy_core *core_of(uint32_t node)
{
    const struct hearsay_node *n = hsy_cluster_node(c, node);
    CLAIM(n != NULL);
    return &n->core;
}

static bool is_stranger(const struct hearsay_id *id)
{
    uint32_t node = 0;
    CLAIM(hsy_cluster_find(c, id, &node));
    return node >= SEEDS + HONEST;
}

/* Groups of the links that @node chose. */
static uint32_t groups_of(uint32_t node, uint32_t *out_chosen)
{
    const struct hsy_neighbours *ns = &core_of(node)->neighbours;
    uint32_t groups = 0;
    *out_chosen = ns->chosen;
    for (uint32_t i = 0; i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        bool again = false;
        for (uint32_t k = 0; k < i; k++) {
            const struct hsy_neighbour *other = hsy_neighbour_at(ns, k);
            again = again || (other->chosen && other->group == n->group);
        }
        CLAIM(n->group != 0);
        groups += n->chosen && !again ? 1 : 0;
    }
    return groups;
}

static void links_of_own_choice_lead_into_as_many_groups(void **state)
{
    (void)state;
    uint32_t chosen = 0;
    begin(STRANGERS);
    for (uint32_t i = SEEDS + HONEST; i < SEEDS + HONEST + STRANGERS; i++) {
        CLAIM_INT(hsy_cluster_start(c, i, i * 20 * HSY_MS), HEARSAY_OK);
    }
    run_to(40);
    for (uint32_t i = SEEDS; i < hsy_cluster_count(c); i++) {
        uint32_t groups = groups_of(i, &chosen);
        CLAIM(chosen > 0);
        CLAIM(groups + 1 >= chosen); /* Who asked each other both chose. */
    }
    hsy_cluster_destroy(c);
}

/* Of the links of @node: those to nodes that are no strangers. */
static uint32_t friends_of(uint32_t node)
{
    const struct hsy_neighbours *ns = &core_of(node)->neighbours;
    uint32_t count = 0;
    for (uint32_t i = 0; i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        count += n->overlay && !is_stranger(&n->id) ? 1 : 0;
    }
    return count;
}

/* The anchors in the book of @node, and how many of them it is linked to. */
static uint32_t anchors_of(uint32_t node, uint32_t *out_linked)
{
    const struct hsy_core *core = core_of(node);
    uint32_t count = 0;
    *out_linked = 0;
    for (uint32_t i = 0; i < core->book.by_id.count; i++) {
        const struct hsy_contact *a = hsy_table_at(&core->book.by_id, i);
        const struct hsy_neighbour *n =
            hsy_neighbour_by_id(&core->neighbours, &a->id);
        count += a->anchor ? 1 : 0;
        *out_linked += a->anchor && n != NULL && n->overlay ? 1 : 0;
        CLAIM(!a->anchor || !is_stranger(&a->id));
    }
    return count;
}

static void an_eclipsed_peer_that_restarts_finds_its_anchors(void **state)
{
    (void)state;
    uint32_t linked = 0;
    uint32_t chosen = 0;
    begin(STRANGERS);
    run_to(150);
    CLAIM_INT(anchors_of(VICTIM, &linked), HSY_ANCHORS);
    CLAIM(linked >= 3);
    for (uint32_t i = SEEDS + HONEST; i < SEEDS + HONEST + STRANGERS; i++) {
        CLAIM_INT(hsy_cluster_start(c, i, i * 20 * HSY_MS), HEARSAY_OK);
    }
    run_to(200);
    CLAIM_INT(hsy_cluster_kill(c, VICTIM), HEARSAY_OK);
    run_to(230);
    CLAIM_INT(hsy_cluster_start(c, VICTIM, 0), HEARSAY_OK);
    run_to(260);
    CLAIM_INT(anchors_of(VICTIM, &linked), HSY_ANCHORS);
    CLAIM(linked >= 1);
    CLAIM(friends_of(VICTIM) >= 1);
    CLAIM(groups_of(VICTIM, &chosen) >= 2);
    hsy_cluster_destroy(c);
}

/* Links of @node that are neither to a seed nor of the overlay. */
static uint32_t idle_of(uint32_t node)
{
    const struct hsy_neighbours *ns = &core_of(node)->neighbours;
    uint32_t idle = 0;
    for (uint32_t i = 0; i < hsy_neighbours_count(ns); i++) {
        const struct hsy_neighbour *n = hsy_neighbour_at(ns, i);
        idle += n->role == HEARSAY_PEER && !n->overlay ? 1 : 0;
    }
    return idle;
}

static void an_untried_entry_is_felt_and_costs_nobody_a_link(void **state)
{
    (void)state;
    begin(STRANGERS);
    run_to(370); /* Less than 30 s after feelers: none is idle for so long. */
    uint64_t felt = 0;
    for (uint32_t i = SEEDS; i < SEEDS + HONEST; i++) {
        const struct hsy_counters *k = &core_of(i)->env.counters;
        felt += k->feelers_answered;
        CLAIM(k->feelers <= 370 / 120);
        CLAIM_INT(idle_of(i), 0);
        CLAIM_INT(k->feelers, k->feelers_answered);
        CLAIM_INT(k->strikes, 0);
        CLAIM_INT(k->reports_sent, 0);
        CLAIM_INT(core_of(i)->probes.by_id.count, 0);
    }
    CLAIM(felt > 0);
    hsy_cluster_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_of_own_choice_lead_into_as_many_groups),
        cmocka_unit_test(an_eclipsed_peer_that_restarts_finds_its_anchors),
        cmocka_unit_test(an_untried_entry_is_felt_and_costs_nobody_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
