/* The answer of /v1/topology as a graph, its figures, and how it is shown.
 * Compiled here: the commands are no library. */
#include "cli/netfigures.c"
#include "cli/netgraph.c"
#include "cli/netgraph_show.c"
#include "cli/print.c"

#include "support/claim.h"

enum { TEXT_LEN_MAX = 64 * 1024 };

static char text[TEXT_LEN_MAX];
static json_t *answer;
static struct hsy_netgraph graph;
static struct hsy_netfigures figures;

/* In cli/remote.c, which needs a client. */
const char *hsy_text_of(const json_t *object, const char *key)
{
    const char *found = json_string_value(json_object_get(object, key));
    return found != NULL ? found : "";
}

/* A network of @count nodes in one component, without links. */
static void begin(uint32_t count)
{
    answer = json_pack("{s:s, s:s, s:s, s:s, s:i, s:[], s:[], s:[]}", "view",
                       "network", "id", "5eed5eed5eed", "name", "seed-1",
                       "network", "default", "components", count > 0 ? 1 : 0,
                       "nodes", "links", "one_sided");
    for (uint32_t i = 0; i < count; i++) {
        char id[24], name[24];
        snprintf(id, sizeof(id), "%08u0000", i);
        snprintf(name, sizeof(name), "p%u", i);
        json_array_append_new(json_object_get(answer, "nodes"),
                              json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:b}",
                                        "id", id, "name", name, "address",
                                        "127.0.0.1:1", "state", "alive",
                                        "component", 0, "degree", 0, "cut", 0));
    }
}

static json_t *node(uint32_t index)
{
    return json_array_get(json_object_get(answer, "nodes"), index);
}

static void set(uint32_t index, const char *key, int value)
{
    json_object_set_new(node(index), key, json_integer(value));
}

static void raise_degree(uint32_t index)
{
    json_int_t degree =
        json_integer_value(json_object_get(node(index), "degree"));
    set(index, "degree", (int)degree + 1);
}

static void link_up(uint32_t a, uint32_t b)
{
    json_array_append_new(json_object_get(answer, "links"),
                          json_pack("[i, i]", (int)a, (int)b));
    raise_degree(a);
    raise_degree(b);
}

static void end(void)
{
    hsy_netgraph_fini(&graph);
    json_decref(answer);
}

static void read_it(void)
{
    const char *what = NULL;
    CLAIM_INT(hsy_netgraph_init(&graph, answer, &what), 0);
    CLAIM_INT(hsy_netfigures_of(&figures, &graph), 0);
}

/* Ends the answer. */
static void claim_refused(const char *why)
{
    const char *what = NULL;
    CLAIM_INT(hsy_netgraph_init(&graph, answer, &what), HEARSAY_ERR_MALFORMED);
    CLAIM(strstr(what, why) != NULL);
    json_decref(answer);
}

static const char *shown(bool dot, uint32_t width)
{
    FILE *out = fmemopen(text, sizeof(text), "w");
    CLAIM(out != NULL);
    if (dot) {
        hsy_netgraph_dot(out, &graph);
    } else {
        hsy_netgraph_show(out, &graph, &figures, width);
    }
    fclose(out);
    return text;
}

/* ----------------------------------------------------------------- reading */

static void an_answer_that_is_none_is_refused_with_its_fault(void **state)
{
    (void)state;
    answer = json_object();
    claim_refused("it has no `view`");
    begin(3);
    json_array_append_new(json_object_get(answer, "links"),
                          json_pack("[i, i]", 1, 3));
    claim_refused("an end that is no node");
    begin(3);
    json_array_append_new(json_object_get(answer, "one_sided"),
                          json_pack("[i, i]", 2, 2));
    claim_refused("an end that is no node");
    begin(3);
    json_array_append_new(json_object_get(answer, "links"),
                          json_pack("[i, i, i]", 0, 1, 2));
    claim_refused("an end that is no node");
    begin(3);
    set(1, "component", 1);
    claim_refused("`nodes` has one that is none");
    begin(3);
    json_object_del(node(2), "name");
    claim_refused("`nodes` has one that is none");
    begin(3);
    json_object_set_new(answer, "components", json_integer(4));
    claim_refused("`components`");
}

static void nobody_is_a_graph_too(void **state)
{
    (void)state;
    begin(0);
    read_it();
    CLAIM_INT(figures.counted, 0);
    CLAIM_INT(figures.diameter, 0);
    CLAIM(strstr(shown(false, 0), "0 alive") != NULL);
    end();
}

/* ------------------------------------------------------------------ figures */

static void degrees_are_of_those_who_are_counted(void **state)
{
    (void)state;
    begin(6);
    link_up(0, 1);
    link_up(0, 2);
    link_up(0, 3);
    link_up(1, 2);
    json_object_set_new(node(4), "component", json_null());
    json_object_set_new(node(5), "component", json_null());
    json_object_set_new(node(5), "state", json_string("absent"));
    read_it();
    CLAIM_INT(figures.alive, 5);
    CLAIM_INT(figures.absent, 1);
    CLAIM_INT(figures.silent, 1);
    CLAIM_INT(figures.counted, 4);
    CLAIM_INT(figures.degree_min, 1);
    CLAIM_INT(figures.degree_max, 3);
    CLAIM(figures.degree_median == 2);
    CLAIM(figures.degree_mean == 2);
    CLAIM_INT(figures.bins_count, 3); /* 0, 1, 2-3 */
    CLAIM_INT(figures.bins[1], 1);
    CLAIM_INT(figures.bins[2], 3);
    CLAIM_INT(figures.hubs_count, 4);
    CLAIM_INT(figures.hubs[0], 0);
    CLAIM_INT(figures.hubs[3], 3);
    CLAIM(!figures.fitted);
    end();
}

static void the_hubs_are_the_ten_of_highest_degree(void **state)
{
    (void)state;
    begin(40);
    for (uint32_t i = 0; i < 40; i++) {
        set(i, "degree", (int)(i * 7 % 40)); /* All of 0..39. */
    }
    read_it();
    CLAIM_INT(figures.hubs_count, HSY_NETGRAPH_HUBS);
    for (uint32_t i = 0; i < HSY_NETGRAPH_HUBS; i++) {
        CLAIM_INT(graph.degrees[figures.hubs[i]], 39 - i);
    }
    end();
}

static void a_bin_is_twice_as_wide_as_the_one_before(void **state)
{
    (void)state;
    const uint32_t degrees[] = {0, 1, 2, 3, 4, 7, 8, 4096};
    const uint32_t bins[] = {0, 1, 2, 2, 3, 3, 4, 13};
    for (uint32_t i = 0; i < sizeof(bins) / sizeof(bins[0]); i++) {
        CLAIM_INT(bin_of(degrees[i]), bins[i]);
        CLAIM(hsy_netgraph_bin_least(bins[i]) <= degrees[i]);
        CLAIM(hsy_netgraph_bin_least(bins[i] + 1) > degrees[i]);
    }
    CLAIM_INT(bin_of(UINT32_MAX), HSY_NETGRAPH_BINS - 1);
}

static void paths_of_few_are_measured_from_all(void **state)
{
    (void)state;
    begin(4); /* A line. */
    link_up(1, 0);
    link_up(1, 2);
    link_up(2, 3);
    read_it();
    CLAIM_INT(figures.diameter, 3);
    CLAIM(figures.diameter_exact);
    CLAIM(fabs(figures.path_mean - 10.0 / 6) < 1e-9);
    end();
}

static void of_many_the_sweep_finds_the_ends_of_a_line(void **state)
{
    (void)state;
    begin(2000); /* Ends are where no walk begins by itself. */
    for (uint32_t i = 1; i < 2000; i++) {
        link_up((7 * (i - 1) + 1003) % 2000, (7 * i + 1003) % 2000);
    }
    read_it();
    CLAIM_INT(figures.diameter, 1999);
    CLAIM(!figures.diameter_exact);
    CLAIM_INT(figures.path_sources, HSY_NETGRAPH_SOURCES);
    end();
}

static void paths_are_of_the_largest_component(void **state)
{
    (void)state;
    begin(7);
    json_object_set_new(answer, "components", json_integer(2));
    for (uint32_t i = 3; i < 7; i++) {
        set(i, "component", 1);
    }
    link_up(0, 1);
    link_up(1, 2);
    link_up(3, 4);
    link_up(4, 5);
    link_up(5, 6);
    read_it();
    CLAIM_INT(graph.sizes[0], 4);
    CLAIM_INT(graph.sizes[1], 3);
    CLAIM_INT(figures.diameter, 3);
    CLAIM(strstr(shown(false, 0), "2, of 4 + 3 peer(s)") != NULL);
    end();
}

static void a_power_law_is_fitted_to_many(void **state)
{
    (void)state;
    begin(400);
    for (uint32_t i = 0; i < 400; i++) {
        set(i, "degree", (int)(4 * 400 / (i + 1)) + 1); /* Zipf. */
    }
    read_it();
    CLAIM(figures.fitted);
    CLAIM(figures.fit.alpha > 1.5 && figures.fit.alpha < 2.5);
    CLAIM(strstr(shown(false, 0), "alpha ") != NULL);
    json_t *json = hsy_netfigures_json(&figures, &graph);
    CLAIM(json_is_boolean(
        json_object_get(json_object_get(json, "power_law"), "plausible")));
    json_decref(json);
    end();
}

/* -------------------------------------------------------------------- shown */

static void lines_fit_the_terminal(void **state)
{
    (void)state;
    begin(300);
    for (uint32_t i = 1; i < 300; i++) {
        link_up(0, i);
    }
    json_object_set_new(node(0), "cut", json_true());
    read_it();
    for (uint32_t width = 0; width <= 200; width += 100) {
        size_t widest = 0;
        for (const char *at = shown(false, width); *at != '\0';) {
            size_t len = strcspn(at, "\n");
            widest = len > widest ? len : widest;
            at += len + (at[len] == '\n' ? 1 : 0);
        }
        CLAIM_INT(widest, width == 0 ? 80 : width);
    }
    end();
}

static void names_cannot_drive_the_terminal(void **state)
{
    (void)state;
    begin(2);
    link_up(0, 1);
    json_object_set_new(node(0), "name", json_string("x\x1b[2Jy\"\\"));
    json_object_set_new(node(0), "cut", json_true());
    read_it();
    CLAIM(strchr(shown(false, 0), '\x1b') == NULL);
    CLAIM(strchr(shown(true, 0), '\x1b') == NULL);
    CLAIM(strstr(text, "[label=\"x?[2Jy\\\"\\\\\", color=red];") != NULL);
    end();
}

static void graphviz_gets_each_link_once(void **state)
{
    (void)state;
    begin(3);
    link_up(0, 1);
    json_array_append_new(json_object_get(answer, "one_sided"),
                          json_pack("[i, i]", 2, 1));
    read_it();
    CLAIM_TEXT(shown(true, 0),
               "graph \"default\" {\n"
               "  node [shape=box];\n"
               "  \"000000000000\" [label=\"p0\"];\n"
               "  \"000000010000\" [label=\"p1\"];\n"
               "  \"000000020000\" [label=\"p2\"];\n"
               "  \"000000000000\" -- \"000000010000\";\n"
               "  \"000000020000\" -- \"000000010000\" [style=dashed, "
               "dir=forward];\n"
               "}\n");
    end();
}

static void a_peer_shows_its_own_links(void **state)
{
    (void)state;
    begin(3);
    json_object_set_new(answer, "view", json_string("own"));
    link_up(0, 1);
    link_up(0, 2);
    json_object_set_new(node(1), "degree", json_null());
    json_object_set_new(node(2), "degree", json_null());
    read_it();
    CLAIM(strstr(shown(false, 0), "ask a seed for the rest") != NULL);
    CLAIM(strstr(text, "00000002 p2") != NULL);
    CLAIM(strstr(text, "diameter") == NULL);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_none_is_refused_with_its_fault),
        cmocka_unit_test(nobody_is_a_graph_too),
        cmocka_unit_test(degrees_are_of_those_who_are_counted),
        cmocka_unit_test(the_hubs_are_the_ten_of_highest_degree),
        cmocka_unit_test(a_bin_is_twice_as_wide_as_the_one_before),
        cmocka_unit_test(paths_of_few_are_measured_from_all),
        cmocka_unit_test(of_many_the_sweep_finds_the_ends_of_a_line),
        cmocka_unit_test(paths_are_of_the_largest_component),
        cmocka_unit_test(a_power_law_is_fitted_to_many),
        cmocka_unit_test(lines_fit_the_terminal),
        cmocka_unit_test(names_cannot_drive_the_terminal),
        cmocka_unit_test(graphviz_gets_each_link_once),
        cmocka_unit_test(a_peer_shows_its_own_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
