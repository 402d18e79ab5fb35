/* Who makes room for whom at the cap, who is named to the refused, and that a
 * peer's own links lead into many groups. */
#include <string.h>

#include "core/diversity.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_neighbours ns;
static struct hsy_tree tree;

static void begin(void)
{
    core_ports_init(&ports, &env);
    hsy_neighbours_init(&ns, &env);
    memset(&tree, 0, sizeof(tree));
    env.now.mono_ns += 1000 * HSY_SECOND;
}

static void end(void)
{
    hsy_neighbours_fini(&ns);
    core_ports_fini(&ports);
}

/* An overlay neighbour that asked for the link, @age_s ago. */
static struct hsy_neighbour *linked(uint32_t number, uint64_t group,
                                    uint32_t degree, uint64_t age_s)
{
    struct hsy_record record = core_record('p', number, 1);
    struct hsy_neighbour *n;

    CLAIM_INT(hsy_neighbour_add(&ns, &n, number, &record), 0);
    n->group = group;
    n->degree = degree;
    n->since_ns = env.now.mono_ns - age_s * HSY_SECOND;
    hsy_neighbour_set_overlay(&ns, n, true, false);
    return n;
}

/* The number of the neighbour that a newcomer of @group displaces; 0: none. */
static uint32_t victim(uint64_t group)
{
    struct hsy_neighbour newcomer = {.id = core_id('n', 1), .group = group};
    struct hearsay_id id;

    if (!hsy_diversity_victim(&ns, &tree, &newcomer, &id)) {
        return 0;
    }
    return (uint32_t)hsy_neighbour_by_id(&ns, &id)->link;
}

static void the_largest_group_loses_its_latest_link(void **state)
{
    (void)state;
    begin();
    (void)linked(1, 7, 9, 500);
    (void)linked(2, 7, 9, 100);
    (void)linked(3, 7, 9, 300);
    (void)linked(4, 8, 9, 10);
    (void)linked(5, 8, 9, 20);
    CLAIM_INT(victim(9), 2);
    CLAIM_INT(victim(8), 0); /* It is represented. */
    CLAIM_INT(victim(0), 0); /* No group at all. */
    end();
}

static void a_group_with_one_link_keeps_it(void **state)
{
    (void)state;
    begin();
    (void)linked(1, 7, 9, 500);
    (void)linked(2, 8, 9, 500);
    for (uint32_t i = 3; i < 9; i++) {
        (void)linked(i, 0, 9, 500); /* Private: exempt. */
    }
    CLAIM_INT(victim(9), 0);
    end();
}

static void own_choice_the_tree_and_the_poor_are_spared(void **state)
{
    (void)state;
    begin();
    hsy_neighbour_set_overlay(&ns, linked(1, 7, 9, 500), true, true);
    linked(2, 7, 9, 500)->eager = true;
    linked(3, 7, 9, 500)->child = true;
    linked(4, 7, 9, 500)->former = true;
    tree.parent = linked(5, 7, 9, 500)->link;
    tree.spare = linked(6, 7, 9, 500)->link;
    tree.shape.parent = linked(7, 7, 9, 500)->link;
    tree.shape.spare = linked(8, 7, 9, 500)->link;
    (void)linked(9, 7, 1, 59); /* It had one link when it came. */
    CLAIM_INT(victim(9), 0);
    env.now.mono_ns += HSY_SECOND; /* By now it had time to find more. */
    CLAIM_INT(victim(9), 9);
    (void)linked(10, 7, 2, 0);
    CLAIM_INT(victim(9), 10);
    end();
}

static void those_with_few_links_are_named_first(void **state)
{
    static const uint32_t degrees[] = {30, 0, 4, 50, 2, 4};
    const struct hsy_neighbour *out[4];

    (void)state;
    begin();
    for (uint32_t i = 0; i < 6; i++) {
        (void)linked(i + 1, 0, degrees[i], 9);
    }
    struct hsy_neighbour *own = linked(7, 0, 1, 9);
    struct hsy_neighbour *bare = linked(8, 0, 1, 9);
    hsy_neighbour_set_overlay(&ns, bare, false, false);
    CLAIM_INT(hsy_diversity_humble(&ns, own, 0, out, 4), 4);
    CLAIM_INT(out[0]->link, 5);
    CLAIM_INT(out[1]->link, 3);
    CLAIM_INT(out[2]->link, 6);
    CLAIM_INT(out[3]->link, 1);
    CLAIM_INT(hsy_diversity_humble(&ns, own, 5, out, 2), 2);
    CLAIM_INT(out[1]->link, 6); /* Equal ones as they come. */
    end();
}

static void only_links_of_own_choice_take_a_group(void **state)
{
    (void)state;
    begin();
    struct hsy_neighbour *n = linked(1, 7, 9, 500);
    CLAIM(!hsy_diversity_chosen(&ns, 7));
    hsy_neighbour_set_overlay(&ns, n, true, true);
    CLAIM(hsy_diversity_chosen(&ns, 7));
    CLAIM(!hsy_diversity_chosen(&ns, 8));
    n = linked(2, 0, 9, 500);
    hsy_neighbour_set_overlay(&ns, n, true, true);
    CLAIM(!hsy_diversity_chosen(&ns, 0));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_group_loses_its_latest_link),
        cmocka_unit_test(a_group_with_one_link_keeps_it),
        cmocka_unit_test(own_choice_the_tree_and_the_poor_are_spared),
        cmocka_unit_test(those_with_few_links_are_named_first),
        cmocka_unit_test(only_links_of_own_choice_take_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
