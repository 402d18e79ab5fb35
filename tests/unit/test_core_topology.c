/* Components of the overlay as a seed sees it, and whom they hang on. */
#include "core/topology.h"
#include "support/claim.h"
#include "support/core_ports.h"

#include "base/addr.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;
static struct hsy_topology topology;
static struct hsy_picture picture;

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

/* The picture is to be ended by drop(). */
static void look(void)
{
    CLAIM(hsy_topology_look(&topology, &registry, &picture));
}

static void drop(void)
{
    hsy_picture_fini(&picture, &env.mem);
}

static uint32_t number_at(uint32_t place)
{
    CLAIM(place != HSY_WEB_NONE);
    return hsy_registry_at(&registry, place)->id.bytes[2];
}

static const struct hsy_component *part_of(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);
    const struct hsy_component *part = hsy_picture_part(&picture, &id);
    CLAIM(part != NULL);
    return part;
}

static void an_even_split_is_two_parts(void **state)
{
    (void)state;
    begin(8);
    name_clique(0, 4);
    name_clique(4, 4);
    look();
    CLAIM_INT(topology.components, 2);
    for (uint32_t i = 0; i < 8; i++) {
        CLAIM(part_of(i) == part_of(i < 4 ? 0 : 4));
        CLAIM_INT(part_of(i)->held, 4);
        CLAIM(!part_of(i)->open);
    }
    CLAIM(part_of(0) != part_of(4));
    CLAIM(number_at(part_of(0)->best) < 4);
    CLAIM(number_at(part_of(0)->second) < 4);
    CLAIM(part_of(0)->best != part_of(0)->second);
    drop();
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
    drop();
    end();
}

static void the_new_and_the_absent_are_no_components(void **state)
{
    (void)state;
    begin(4);
    name_clique(0, 2);
    look(); /* 2 and 3 have told nothing yet. */
    CLAIM_INT(topology.components, 1);
    drop();
    name_links(3, 0, 0);
    look();
    CLAIM_INT(topology.components, 2); /* Alone, and says so. */
    drop();
    env.now.mono_ns += env.config.lease_ns;
    struct hearsay_id id;
    while (hsy_registry_tick(&registry, &id)) {
    }
    look();
    CLAIM_INT(topology.components, 0);
    drop();
    end();
}

static void the_best_placed_is_held_and_has_most_links(void **state)
{
    (void)state;
    begin(9);
    name_clique(0, 5);
    name_links(5, 6, 3); /* A star: 5 has all the links. */
    name_links(6, 5, 1);
    name_links(7, 5, 1);
    name_links(8, 5, 1);
    look();
    CLAIM_INT(number_at(part_of(6)->best), 5);
    CLAIM(number_at(part_of(6)->second) > 5);
    drop();
    struct hearsay_id hub = core_id('p', 5);
    hsy_registry_hold(&registry, &hub, false); /* Here it cannot be told. */
    look();
    CLAIM(number_at(part_of(6)->best) > 5);
    CLAIM(number_at(part_of(6)->second) > 5);
    CLAIM_INT(part_of(6)->held, 3);
    drop();
    end();
}

/* Over many looks everybody has his turn. */
static void the_second_one_is_any_other_that_is_held(void **state)
{
    uint32_t turns[16] = {0};

    (void)state;
    begin(16);
    name_clique(0, 9);
    name_clique(9, 7);
    struct hearsay_id unheld = core_id('p', 12);
    hsy_registry_hold(&registry, &unheld, false);
    for (uint32_t i = 0; i < 300; i++) {
        look();
        turns[number_at(part_of(9)->second)]++;
        CLAIM(part_of(9)->second != part_of(9)->best);
        uint32_t any = hsy_picture_any(&picture, &env, HSY_WEB_NONE);
        turns[number_at(any)]++;
        CLAIM(hsy_picture_any(&picture, &env, any) != any);
        drop();
    }
    for (uint32_t i = 0; i < 9; i++) {
        CLAIM(turns[i] > 0);
    }
    CLAIM_INT(turns[12], 0);
    uint32_t others = 0;
    for (uint32_t i = 9; i < 16; i++) {
        others += turns[i] > 0 ? 1 : 0;
    }
    CLAIM_INT(others, 5); /* Of 7 one is best, one is not held. */
    end();
}

static void a_part_is_open_when_others_may_know_more(void **state)
{
    (void)state;
    begin(7);
    name_clique(0, 4);
    name_links(4, 5, 1);
    name_links(5, 4, 1);
    name_links(6, 60, 1); /* Somebody nobody here has heard of. */
    look();
    CLAIM_INT(topology.components, 3);
    CLAIM(!part_of(4)->open);
    CLAIM(part_of(6)->open);
    drop();
    struct hearsay_id id = core_id('p', 5);
    hsy_registry_hold(&registry, &id, false);
    look();
    CLAIM(part_of(4)->open);
    CLAIM(!part_of(0)->open);
    drop();
    end();
}

static void who_holds_a_part_together_is_marked(void **state)
{
    struct hearsay_id middle = core_id('p', 3);

    (void)state;
    begin(7);
    name_clique(0, 4); /* 3 is in both. */
    name_clique(4, 3);
    struct hearsay_id to[] = {core_id('p', 4), core_id('p', 5)};
    struct hsy_links links = {.id = middle,
                              .incarnation = 1,
                              .version = 2,
                              .neighbours = {.bytes = to[0].bytes, .count = 2}};
    CLAIM_INT(hsy_registry_merge_links(&registry, &links), HSY_MERGED_NEWER);
    look();
    CLAIM_INT(topology.components, 1);
    CLAIM_INT(topology.cuts, 1);
    for (uint32_t i = 0; i < 7; i++) {
        struct hearsay_id id = core_id('p', i);
        CLAIM(hsy_registry_find(&registry, &id)->cut == (i == 3));
    }
    drop();
    struct hearsay_id other[] = {core_id('p', 0), core_id('p', 4)};
    links =
        (struct hsy_links){.id = core_id('p', 6), /* A second way. */
                           .incarnation = 1,
                           .version = 2,
                           .neighbours = {.bytes = other[0].bytes, .count = 2}};
    CLAIM_INT(hsy_registry_merge_links(&registry, &links), HSY_MERGED_NEWER);
    look();
    CLAIM_INT(topology.cuts, 0);
    CLAIM(!hsy_registry_find(&registry, &middle)->cut);
    drop();
    end();
}

static void looks_are_15_seconds_apart_or_5_when_asked_for(void **state)
{
    (void)state;
    begin(0);
    hsy_topology_soon(&topology, &registry, HSY_SECOND);
    CLAIM_INT(topology.next_ns, 0); /* The first one is due anyway. */
    look();
    drop();
    uint64_t now_ns = env.now.mono_ns;
    CLAIM_INT(topology.components, 0);
    CLAIM_INT(topology.next_ns, now_ns + 15 * HSY_SECOND);
    hsy_topology_soon(&topology, &registry, HSY_SECOND);
    CLAIM_INT(topology.next_ns, now_ns + 5 * HSY_SECOND);
    hsy_topology_soon(&topology, &registry, 20 * HSY_SECOND);
    CLAIM_INT(topology.next_ns, now_ns + 5 * HSY_SECOND);
    env.now.mono_ns += 5 * HSY_SECOND;
    CLAIM(!hsy_topology_look(&topology, &registry, &picture)); /* No change. */
    CLAIM_INT(topology.next_ns, now_ns + 20 * HSY_SECOND);
    hsy_topology_soon(&topology, &registry, HSY_SECOND);
    CLAIM_INT(topology.next_ns, now_ns + 6 * HSY_SECOND);
    end();
}

/* A look at so many takes its time. */
static void looks_at_many_are_further_apart(void **state)
{
    (void)state;
    begin(1);
    env.config.peers_max = 1000000;
    name_links(0, 0, 0);
    look();
    drop();
    uint64_t now_ns = env.now.mono_ns;
    registry.living.count = 20000;
    hsy_topology_soon(&topology, &registry, HSY_SECOND);
    CLAIM_INT(topology.next_ns, now_ns + 10 * HSY_SECOND);
    topology.next_ns = HEARSAY_NEVER;
    registry.living.count = 1000000;
    hsy_topology_soon(&topology, &registry, HSY_SECOND);
    CLAIM_INT(topology.next_ns, now_ns + 15 * HSY_SECOND);
    registry.living.count = 1;
    end();
}

static void *no_alloc(void *ctx, size_t len)
{
    (void)ctx;
    (void)len;
    return NULL;
}

static void without_memory_the_next_look_is_planned(void **state)
{
    (void)state;
    begin(4);
    name_clique(0, 2);
    name_clique(2, 2);
    void *(*alloc)(void *ctx, size_t len) = env.mem.alloc;
    env.mem.alloc = no_alloc;
    CLAIM(!hsy_topology_look(&topology, &registry, &picture));
    CLAIM_INT(topology.components, 0);
    CLAIM_INT(topology.next_ns, env.now.mono_ns + 15 * HSY_SECOND);
    env.mem.alloc = alloc;
    look();
    CLAIM_INT(topology.components, 2);
    drop();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_even_split_is_two_parts),
        cmocka_unit_test(one_end_that_names_a_link_is_enough),
        cmocka_unit_test(the_new_and_the_absent_are_no_components),
        cmocka_unit_test(the_best_placed_is_held_and_has_most_links),
        cmocka_unit_test(the_second_one_is_any_other_that_is_held),
        cmocka_unit_test(a_part_is_open_when_others_may_know_more),
        cmocka_unit_test(who_holds_a_part_together_is_marked),
        cmocka_unit_test(looks_are_15_seconds_apart_or_5_when_asked_for),
        cmocka_unit_test(looks_at_many_are_further_apart),
        cmocka_unit_test(without_memory_the_next_look_is_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
