/* The overlay as a seed tells it: each link once, and by whose word. */
#include "node/map.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

#include "core/registry.h"

enum { PEERS = 5 };

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_registry registry;
static struct hsy_map map;

static void begin(uint32_t peers)
{
    core_ports_init(&ports, &env);
    hsy_registry_init(&registry, &env);
    for (uint32_t i = 0; i < peers; i++) {
        struct hsy_record record = core_record('p', i, 1);
        uint64_t token;
        bool back;
        CLAIM_INT(hsy_registry_merge_record(&registry, &record, &back, &token),
                  HSY_MERGED_NEW);
    }
}

static void end(void)
{
    hsy_map_fini(&map, &env.mem);
    hsy_registry_fini(&registry);
    core_ports_fini(&ports);
}

/* @who names bit k of @named: peer k. */
static void name_links(uint32_t who, uint32_t named)
{
    struct hearsay_id ids[32];
    uint32_t count = 0;
    for (uint32_t i = 0; i < 32; i++) {
        if ((named >> i & 1) != 0) {
            ids[count] = core_id('p', i);
            count++;
        }
    }
    struct hsy_links links = {
        .id = core_id('p', who),
        .incarnation = 1,
        .version = 1,
        .neighbours = {.bytes = (const uint8_t *)ids, .count = count}};
    CLAIM_INT(hsy_registry_merge_links(&registry, &links), HSY_MERGED_NEWER);
}

static uint32_t place_of(uint32_t who)
{
    struct hearsay_id id = core_id('p', who);
    return hsy_registry_index(&registry, hsy_registry_find(&registry, &id));
}

/* How often the map has a link of @a and @b, and the last one. */
static uint32_t find_links(uint32_t a, uint32_t b, struct hsy_map_link *out)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < map.links_count; i++) {
        const struct hsy_map_link *l = &map.links[i];
        bool same = (l->from == place_of(a) && l->to == place_of(b)) ||
                    (l->from == place_of(b) && l->to == place_of(a));
        if (same) {
            *out = *l;
            found++;
        }
    }
    return found;
}

static void a_link_that_both_ends_name_is_there_once(void **state)
{
    (void)state;
    struct hsy_map_link link;
    begin(PEERS);
    name_links(0, 1 << 1 | 1 << 2);
    name_links(1, 1 << 0 | 1 << 2);
    name_links(2, 1 << 0 | 1 << 1);
    CLAIM_INT(hsy_map_of_registry(&map, &registry, &env.mem), 0);
    CLAIM_INT(map.links_count, 3);
    for (uint32_t a = 0; a < 3; a++) {
        for (uint32_t b = a + 1; b < 3; b++) {
            CLAIM_INT(find_links(a, b, &link), 1);
            CLAIM(link.both);
            CLAIM(link.from < link.to);
        }
        CLAIM_INT(map.degrees[place_of(a)], 2);
    }
    CLAIM_INT(map.web.parts, 1);
    CLAIM_INT(map.strangers, 0);
    end();
}

static void a_word_of_one_end_is_told_as_his_and_is_no_degree(void **state)
{
    (void)state;
    struct hsy_map_link link;
    begin(PEERS);
    name_links(0, 1 << 1);
    name_links(1, 1 << 0 | 1 << 2);
    name_links(2, 0);
    CLAIM_INT(hsy_map_of_registry(&map, &registry, &env.mem), 0);
    CLAIM_INT(map.links_count, 2);
    CLAIM_INT(find_links(1, 2, &link), 1);
    CLAIM(!link.both);
    CLAIM_INT(link.from, place_of(1));
    CLAIM_INT(link.to, place_of(2));
    CLAIM_INT(map.degrees[place_of(1)], 1);
    CLAIM_INT(map.degrees[place_of(2)], 0);
    CLAIM_INT(map.web.parts, 1); /* It holds the component together. */
    CLAIM(map.web.cuts[place_of(1)]);
    end();
}

static void who_has_no_snapshot_has_no_part_and_is_a_stranger(void **state)
{
    (void)state;
    struct hsy_map_link link;
    begin(PEERS);
    name_links(0, 1 << 1 | 1 << 3 | 1 << 9); /* 3: silent. 9: unknown. */
    name_links(1, 1 << 0);
    CLAIM_INT(hsy_map_of_registry(&map, &registry, &env.mem), 0);
    CLAIM_INT(map.web.vertices, PEERS);
    CLAIM_INT(map.web.part[place_of(3)], HSY_WEB_NONE);
    CLAIM_INT(find_links(0, 3, &link), 0);
    CLAIM_INT(map.strangers, 2);
    CLAIM_INT(map.web.parts, 1);
    end();
}

static void nobody_is_a_map_too(void **state)
{
    (void)state;
    begin(0);
    CLAIM_INT(hsy_map_of_registry(&map, &registry, &env.mem), 0);
    CLAIM_INT(map.web.vertices, 0);
    CLAIM_INT(map.links_count, 0);
    end();
}

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    begin(PEERS);
    name_links(0, 1 << 1);
    for (uint32_t k = 1; k <= 4; k++) { /* The web, and three tables. */
        struct mem_fault fault = mem_fault_at(k);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        CLAIM_INT(hsy_map_of_registry(&map, &registry, &mem),
                  HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM_INT(hsy_map_of_registry(&map, &registry, &env.mem), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_both_ends_name_is_there_once),
        cmocka_unit_test(a_word_of_one_end_is_told_as_his_and_is_no_degree),
        cmocka_unit_test(who_has_no_snapshot_has_no_part_and_is_a_stranger),
        cmocka_unit_test(nobody_is_a_map_too),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
