/* Figures as JSON and as a table. */
#include "support/claim.h"
#include "support/mem_fault.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "sim/figures.h"

static struct hsy_figures sample(void)
{
    struct hsy_figures f;
    hsy_figures_init(&f);
    f.peers = 1000;
    f.rng = UINT64_MAX - 1;
    f.latency_ms.p50 = 41.25;
    f.hops.max = 7;
    f.fit.alpha = 2.876;
    f.redundancy = 0.5;
    hsy_figures_set_digest(&f, UINT64_C(0x0123456789abcdef));
    return f;
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    CLAIM(root != NULL);
    return root;
}

static void json_has_every_name_and_nulls(void **state)
{
    (void)state;
    static const char *const names[] = {"peers",
                                        "seeds",
                                        "rng",
                                        "joined",
                                        "components",
                                        "published",
                                        "delivered",
                                        "missed",
                                        "expected_deliveries",
                                        "redundancy",
                                        "latency_ms",
                                        "bytes_per_delivery",
                                        "hops",
                                        "degree",
                                        "control_per_delivery",
                                        "fit",
                                        "detection_s",
                                        "false_deaths",
                                        "violations",
                                        "events",
                                        "events_per_s",
                                        "virtual_s",
                                        "wall_s",
                                        "bytes_per_peer",
                                        "rss_kib",
                                        "digest",
                                        "delivered_twice",
                                        "sends_by_degree",
                                        "frames_per_delivery",
                                        "first",
                                        "frames_by_kind",
                                        "bytes_by_kind"};
    static const char *const parts[][7] = {
        {"latency_ms", "p50", "p99", "max"},
        {"hops", "p50", "max"},
        {"degree", "min", "max", "mean"},
        {"fit", "alpha", "xmin", "p", "lr_exp"},
        {"detection_s", "mean", "p99", "max"},
        {"first", "expected", "missed", "redundancy", "p50_ms", "p99_ms",
         "max_ms"},
        {"frames_by_kind", "payload", "pulled", "announce", "tree", "repair",
         "rest"},
        {"bytes_by_kind", "payload", "pulled", "announce", "tree", "repair",
         "rest"}};
    struct hsy_text t;
    struct hsy_figures f;
    hsy_figures_init(&f);
    hsy_text_init(&t, hearsay_mem_default());
    hsy_figures_json(&t, &f);
    CLAIM(strchr(hsy_text_get(&t), '\n') == NULL);
    json_t *root = parse(hsy_text_get(&t));
    CLAIM_INT(json_object_size(root), sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *value = json_object_get(root, names[i]);
        CLAIM(json_is_null(value) || json_is_object(value));
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        json_t *group = json_object_get(root, parts[i][0]);
        size_t count = 0;
        for (; count < 6 && parts[i][count + 1] != NULL; count++) {
            CLAIM(json_is_null(json_object_get(group, parts[i][count + 1])));
        }
        CLAIM_INT(json_object_size(group), count);
    }
    json_decref(root);
    hsy_text_fini(&t);
}

static void json_has_the_values(void **state)
{
    (void)state;
    struct hsy_text t;
    struct hsy_figures f = sample();
    hsy_text_init(&t, hearsay_mem_default());
    hsy_figures_json(&t, &f);
    CLAIM(strstr(hsy_text_get(&t), "\"rng\": 18446744073709551614") != NULL);
    hsy_text_fini(&t);
    f.rng = 7; /* The one above is too large for this parser. */
    hsy_figures_json(&t, &f);
    json_t *root = parse(hsy_text_get(&t));
    CLAIM_INT(json_integer_value(json_object_get(root, "peers")), 1000);
    json_t *latency = json_object_get(root, "latency_ms");
    double p50 = json_real_value(json_object_get(latency, "p50"));
    CLAIM(fabs(p50 - 41.25) < 1e-9);
    json_t *hops = json_object_get(root, "hops");
    CLAIM_INT(json_integer_value(json_object_get(hops, "max")), 7);
    CLAIM_TEXT(json_string_value(json_object_get(root, "digest")),
               "0123456789abcdef");
    json_decref(root);
    hsy_text_fini(&t);
}

static void columns_stand_side_by_side(void **state)
{
    (void)state;
    struct hsy_text t;
    struct hsy_figures a = sample();
    struct hsy_figures b;
    hsy_figures_init(&b);
    b.peers = 5;
    struct hsy_figures_column columns[] = {{"flood", &a}, {"tree", &b}};
    hsy_text_init(&t, hearsay_mem_default());
    hsy_figures_table(&t, columns, 2);
    const char *text = hsy_text_get(&t);
    const char *peers = strstr(text, "\npeers ");
    CLAIM(peers != NULL);
    size_t width = (size_t)(peers - text);
    CLAIM(strncmp(peers + 1 + width - 4, "   5\n", 5) == 0);
    CLAIM(strstr(text, "41.3                 -  ms\n") != NULL);
    CLAIM(strstr(text, "0123456789abcdef                 -\n") != NULL);
    CLAIM(strncmp(peers - 4, "tree", 4) == 0);
    hsy_text_fini(&t);
    CLAIM_DIES(hsy_figures_table(&t, columns, 0));
    CLAIM_DIES(hsy_figures_table(&t, columns, HSY_FIGURES_COLUMNS + 1));
}

static void the_lines_are_those_of_the_table(void **state)
{
    (void)state;
    struct hsy_figure line;
    uint32_t count = 0;
    while (hsy_figures_line(count, &line)) {
        CLAIM(line.label[0] != '\0');
        count++;
    }
    CLAIM_INT(count, 56);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int err = HEARSAY_ERR_NOMEM;
    uint64_t call = 0;
    struct hsy_figures f = sample();
    struct hsy_figures_column column = {"one", &f};
    while (err != HEARSAY_OK) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_text t;
        hsy_text_init(&t, &mem);
        hsy_figures_table(&t, &column, 1);
        hsy_figures_json(&t, &f);
        err = t.err;
        hsy_text_fini(&t);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(call > 20);
}

static void json_has_the_sends_of_each_degree(void **state)
{
    (void)state;
    struct hsy_text t;
    struct hsy_figures f = sample();
    f.sends[0].peers = 2;
    f.sends[3].peers = 4;
    f.sends[3].copies = 10;
    hsy_text_init(&t, hearsay_mem_default());
    hsy_figures_json(&t, &f);
    CLAIM(strstr(hsy_text_get(&t),
                 "\"sends_by_degree\": [{\"from\": 0, \"to\": 0, \"peers\": "
                 "2, \"mean\": 0.000000}, {\"from\": 4, \"to\": 7, "
                 "\"peers\": 4, \"mean\": 2.500000}]}") != NULL);
    hsy_text_fini(&t);
}

/* ------------------------------------------------------------ several runs */

static void runs(struct hsy_figures *out, double first_p99)
{
    static const double p99[] = {40, 10, 20, 30};
    for (uint32_t i = 0; i < 4; i++) {
        hsy_figures_init(&out[i]);
        out[i].missed = 3 - i;
        out[i].latency_ms.p99 = p99[i];
        out[i].sends[2].peers = 5;
    }
    out[2].first.p99_ms = first_p99; /* The others have none. */
}

static void several_runs_have_a_median_and_a_largest(void **state)
{
    (void)state;
    struct hsy_figures all[4];
    struct hsy_figures f;
    runs(all, 7);
    hsy_figures_median(&f, all, 4);
    CLAIM_INT(f.missed, 1);
    CLAIM(f.latency_ms.p99 == 20);
    CLAIM(f.first.p99_ms == 7);
    CLAIM(f.peers == HSY_FIGURE_NONE);
    CLAIM_INT(f.sends[2].peers, 20);
    CLAIM_TEXT(f.digest, "");
    hsy_figures_most(&f, all, 4);
    CLAIM_INT(f.missed, 3);
    CLAIM(f.latency_ms.p99 == 40);
    all[0] = sample();
    hsy_figures_median(&f, all, 1); /* As it is, to the last bit. */
    CLAIM(f.rng == UINT64_MAX - 1);
    CLAIM_TEXT(f.digest, "0123456789abcdef");
    CLAIM_DIES(hsy_figures_median(&f, all, 0));
    CLAIM_DIES(hsy_figures_most(&f, all, HSY_FIGURES_RUNS_MAX + 1));
}

static struct hsy_figures_ratio ratio_of(const char *name,
                                         const struct hsy_figures *some,
                                         const struct hsy_figures *base)
{
    struct hsy_figures_ratio ratio;
    uint32_t i = 0;
    while (hsy_figures_ratio(i, some, base, 4, &ratio) &&
           strcmp(ratio.name, name) != 0) {
        i++;
    }
    CLAIM_TEXT(ratio.name, name);
    return ratio;
}

/* Run by run: not the median of one over the median of the other. */
static void ratios_are_of_the_same_run(void **state)
{
    (void)state;
    struct hsy_figures base[4];
    struct hsy_figures some[4];
    struct hsy_text t;
    runs(base, 10);
    runs(some, 15);
    some[1].latency_ms.p99 = 40;
    some[2].latency_ms.p99 = 30;
    struct hsy_figures_ratio ratio = ratio_of("latency_p99", some, base);
    CLAIM(ratio.median == 1); /* Of 1, 4, 1.5 and 1. */
    CLAIM(ratio.worst == 4);
    ratio = ratio_of("first_p99", some, base);
    CLAIM(ratio.median == 1.5);
    ratio = ratio_of("redundancy", some, base);
    bool known = isfinite(ratio.median);
    CLAIM(!known);
    hsy_text_init(&t, hearsay_mem_default());
    hsy_figures_ratios_json(&t, some, base, 4);
    json_t *root = parse(hsy_text_get(&t));
    json_t *one = json_object_get(root, "first_p99");
    CLAIM(fabs(json_real_value(json_object_get(one, "worst")) - 1.5) < 1e-9);
    one = json_object_get(root, "redundancy");
    CLAIM(json_is_null(json_object_get(one, "median")));
    json_decref(root);
    hsy_text_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_every_name_and_nulls),
        cmocka_unit_test(json_has_the_values),
        cmocka_unit_test(json_has_the_sends_of_each_degree),
        cmocka_unit_test(columns_stand_side_by_side),
        cmocka_unit_test(the_lines_are_those_of_the_table),
        cmocka_unit_test(several_runs_have_a_median_and_a_largest),
        cmocka_unit_test(ratios_are_of_the_same_run),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sim_figures", tests, NULL, NULL);
}
