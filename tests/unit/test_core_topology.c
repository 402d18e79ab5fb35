/* Components, and bridges between them. */
#include "core/topology.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

enum { OUT_MAX = 8 };

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;
static struct hsy_topology topology;
static struct hsy_bridge bridges[OUT_MAX];
static uint32_t bridges_count;

static void begin(uint32_t peers)
{
    core_ports_init(&ports, &env);
    hsy_registry_init(&registry, &env);
    hsy_topology_init(&topology, &env);
    for (uint32_t i = 0; i < peers; i++) {
        struct hsy_record record = core_record('p', i, 1);
        uint64_t token;
        bool back;
        CLAIM_INT(hsy_registry_merge_record(&registry, &record, &back, &token),
                  HSY_MERGED_NEW);
        hsy_registry_hold(&registry, &record.id, true);
    }
}

static void end(void)
{
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

/* @who names the @count peers from @first on, without itself. */
static void name_links(uint32_t who, uint32_t first, uint32_t count)
{
    struct hearsay_id ids[64];
    uint32_t named = 0;
    for (uint32_t i = first; i < first + count; i++) {
        if (i != who) {
            ids[named] = core_id('p', i);
            named++;
        }
    }
    struct hsy_links links = {
        .id = core_id('p', who),
        .incarnation = 1,
        .version = 1,
        .neighbours = {.bytes = (const uint8_t *)ids, .count = named}};
    CLAIM_INT(hsy_registry_merge_links(&registry, &links), HSY_MERGED_NEWER);
}

/* Everybody of [first, first + count) names all others of it. */
static void name_clique(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        name_links(i, first, count);
    }
}

static void look(void)
{
    CLAIM_INT(hsy_topology_round(&topology, &registry, bridges, OUT_MAX,
                                 &bridges_count),
              0);
}

static uint32_t number_of(const struct hsy_entry *entry)
{
    return entry->id.bytes[2];
}

static void an_even_split_is_bridged_in_the_second_round(void **state)
{
    (void)state;
    begin(8);
    name_clique(0, 4);
    name_clique(4, 4);
    look();
    CLAIM_INT(topology.components, 2);
    CLAIM_INT(bridges_count, 0);
    look();
    CLAIM(bridges_count >= 1);
    CLAIM(bridges_count <= 2);
    for (uint32_t i = 0; i < bridges_count; i++) {
        CLAIM((number_of(bridges[i].a) < 4) != (number_of(bridges[i].b) < 4));
    }
    end();
}

static void a_split_seen_once_is_no_split(void **state)
{
    (void)state;
    begin(4);
    name_clique(0, 2);
    name_clique(2, 2);
    look();
    struct hearsay_id to[] = {core_id('p', 2)};
    struct hsy_links links = {.id = core_id('p', 1),
                              .incarnation = 1,
                              .version = 2,
                              .neighbours = {.bytes = to[0].bytes, .count = 1}};
    CLAIM_INT(hsy_registry_merge_links(&registry, &links), HSY_MERGED_NEWER);
    look();
    CLAIM_INT(topology.components, 1);
    CLAIM_INT(bridges_count, 0);
    CLAIM_INT(topology.apart_rounds, 0);
    end();
}

static void one_end_that_names_a_link_is_enough(void **state)
{
    (void)state;
    begin(2);
    name_links(0, 1, 1);
    name_links(1, 0, 0);
    look();
    CLAIM_INT(topology.components, 1);
    end();
}

static void the_new_and_the_absent_are_no_components(void **state)
{
    (void)state;
    begin(4);
    name_clique(0, 2);
    look(); /* 2 and 3 have told nothing yet. */
    CLAIM_INT(topology.components, 1);
    name_links(3, 0, 0);
    look();
    CLAIM_INT(topology.components, 2); /* Alone, and says so. */
    env.now.mono_ns += env.config.lease_ns;
    struct hearsay_id id;
    while (hsy_registry_tick(&registry, &id)) {
    }
    look();
    CLAIM_INT(topology.components, 0);
    end();
}

static void the_best_placed_peer_of_the_smaller_part_is_bridged(void **state)
{
    (void)state;
    begin(9);
    name_clique(0, 5);
    name_links(5, 6, 3); /* A star: 5 has all the links. */
    name_links(6, 5, 1);
    name_links(7, 5, 1);
    name_links(8, 5, 1);
    look();
    look();
    CLAIM(bridges_count >= 1);
    CLAIM_INT(number_of(bridges[0].a), 5);
    CLAIM(number_of(bridges[0].b) < 5);
    struct hearsay_id hub = core_id('p', 5);
    hsy_registry_hold(&registry, &hub, false); /* Here it cannot be told. */
    look();
    CLAIM(number_of(bridges[0].a) > 5);
    end();
}

static void bridges_are_bounded(void **state)
{
    (void)state;
    begin(40);
    for (uint32_t i = 0; i < 40; i++) {
        name_links(i, 0, 0);
    }
    look();
    look();
    CLAIM_INT(topology.components, 40);
    CLAIM_INT(bridges_count, OUT_MAX);
    end();
}

static void rounds_are_15_seconds_apart(void **state)
{
    (void)state;
    begin(0);
    look();
    CLAIM_INT(topology.components, 0);
    CLAIM_INT(topology.next_ns, env.now.mono_ns + 15 * HSY_SECOND);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_split_is_bridged_in_the_second_round),
        cmocka_unit_test(a_split_seen_once_is_no_split),
        cmocka_unit_test(one_end_that_names_a_link_is_enough),
        cmocka_unit_test(the_new_and_the_absent_are_no_components),
        cmocka_unit_test(the_best_placed_peer_of_the_smaller_part_is_bridged),
        cmocka_unit_test(bridges_are_bounded),
        cmocka_unit_test(rounds_are_15_seconds_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
