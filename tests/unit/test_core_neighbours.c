/* One entry per node; its link may be replaced, the counts stay true. */
#include "core/neighbours.h"
#include "core/text.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_neighbours neighbours;

static void begin(uint32_t links_max)
{
    core_ports_init(&ports, &env);
    env.config.links_max = links_max;
    hsy_neighbours_init(&neighbours, &env);
}

static void end(void)
{
    hsy_neighbours_fini(&neighbours);
    core_ports_fini(&ports);
}

static int add(uint32_t number, hearsay_link link)
{
    struct hsy_record record = core_record('p', number, 1);
    struct hsy_neighbour *n;

    return hsy_neighbour_add(&neighbours, &n, link, &record);
}

static struct hsy_neighbour *by_number(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    return hsy_neighbour_by_id(&neighbours, &id);
}

static void an_entry_is_found_by_id_and_by_link(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(add(1, 2), 0);
    CLAIM_INT(add(2, 4), 0);
    CLAIM(hsy_neighbour_by_link(&neighbours, 4) == by_number(2));
    CLAIM(hsy_neighbour_by_link(&neighbours, 6) == NULL);
    CLAIM(by_number(3) == NULL);
    end();
}

static void a_replaced_link_keeps_everything_else(void **state)
{
    (void)state;
    begin(1); /* Even when there is no room for one more. */
    CLAIM_INT(add(1, 2), 0);
    hsy_neighbour_set_overlay(&neighbours, by_number(1), true, true);
    CLAIM_INT(hsy_neighbour_relink(&neighbours, by_number(1), 7), 0);
    CLAIM(hsy_neighbour_by_link(&neighbours, 2) == NULL);
    CLAIM(hsy_neighbour_by_link(&neighbours, 7) == by_number(1));
    CLAIM(by_number(1)->overlay);
    CLAIM_INT(neighbours.degree, 1);
    end();
}

static void degree_and_chosen_follow_every_change(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(add(1, 2), 0);
    CLAIM_INT(add(2, 4), 0);
    hsy_neighbour_set_overlay(&neighbours, by_number(1), true, true);
    hsy_neighbour_set_overlay(&neighbours, by_number(2), true, false);
    CLAIM_INT(neighbours.degree, 2);
    CLAIM_INT(neighbours.chosen, 1);
    hsy_neighbour_set_overlay(&neighbours, by_number(2), true, false);
    CLAIM_INT(neighbours.degree, 2);
    hsy_neighbour_remove(&neighbours, by_number(1));
    CLAIM_INT(neighbours.degree, 1);
    CLAIM_INT(neighbours.chosen, 0);
    end();
}

static void a_full_table_takes_no_more_and_stays_whole(void **state)
{
    (void)state;
    begin(2);
    CLAIM_INT(add(1, 2), 0);
    CLAIM_INT(add(2, 4), 0);
    CLAIM_INT(add(3, 6), HEARSAY_ERR_FULL);
    CLAIM_INT(hsy_neighbours_count(&neighbours), 2);
    CLAIM(hsy_neighbour_by_link(&neighbours, 6) == NULL);
    hsy_neighbour_remove(&neighbours, by_number(1));
    CLAIM_INT(add(3, 6), 0);
    end();
}

static void texts_keep_their_nul_and_their_bound(void **state)
{
    char data[24];
    struct hsy_text t = {.data = data, .max = sizeof(data)};

    (void)state;
    hsy_text_add(&t, "a");
    hsy_text_add_u64(&t, 0);
    hsy_text_add_u64(&t, UINT64_MAX);
    CLAIM_TEXT(data, "a018446744073709551615");
    CLAIM_INT(t.len, 22);
    hsy_text_add(&t, "b");
    CLAIM_DIES(hsy_text_add(&t, "c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_found_by_id_and_by_link),
        cmocka_unit_test(a_replaced_link_keeps_everything_else),
        cmocka_unit_test(degree_and_chosen_follow_every_change),
        cmocka_unit_test(a_full_table_takes_no_more_and_stays_whole),
        cmocka_unit_test(texts_keep_their_nul_and_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
