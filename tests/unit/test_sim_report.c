/* The report: well-formed whatever it is given, honest when it has nothing.
 * HEARSAY_REPORT=FILE keeps the full page, to look at. */
#include "support/sim_toys.h"

#include <math.h>
#include <stdio.h>

#include "base/notes.h"
#include "base/prng.h"
#include "sim/plot.h"
#include "sim/report.h"
#include "support/mem_fault.h"
#include "wire/frames.h"

enum { PEERS = 400 };

static struct hsy_cluster *c;
static struct hsy_measure *m;
static struct hsy_text t;

/* ------------------------------------------------------------ well-formed */

static const char *after(const char *at, const char *what)
{
    const char *found = strstr(at, what);
    CLAIM(found != NULL);
    return found + strlen(what);
}

/* Every tag is closed, in order; every & begins an entity. */
static void claim_well_formed(const char *page)
{
    enum { DEPTH = 32 };
    const char *open[DEPTH];
    int depth = 0;
    for (const char *at = after(page, "<!DOCTYPE html>"); *at != '\0'; at++) {
        if (*at == '&') {
            size_t len = strcspn(at, ";<> ");
            CLAIM(at[len] == ';');
        }
        if (*at != '<') {
            CLAIM(*at != '>' || at[-1] != ' ');
            continue;
        }
        const char *end = strchr(at, '>');
        CLAIM(end != NULL);
        CLAIM(memchr(at + 1, '<', (size_t)(end - at - 1)) == NULL);
        size_t len = strcspn(at + 1, " >/\n");
        if (at[1] == '/') {
            depth--;
            CLAIM(depth >= 0);
            CLAIM(strncmp(open[depth], at + 2, strcspn(at + 2, ">")) == 0);
        } else if (end[-1] != '/') {
            CLAIM(len > 0);
            CLAIM(depth < DEPTH);
            open[depth++] = at + 1;
        }
        at = end;
    }
    CLAIM_INT(depth, 0);
}

static uint32_t count_of(const char *page, const char *what)
{
    uint32_t count = 0;
    for (const char *at = page; (at = strstr(at, what)) != NULL; at++) {
        count++;
    }
    return count;
}

/* ---------------------------------------------------------------- a run */

static void begin(void)
{
    static struct hearsay_config seed, peer;
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = &toy_machine;
    config.crypto = hearsay_crypto_null();
    config.seeds = 1;
    config.peers = PEERS;
    config.seed_config = &seed;
    config.peer_config = &peer;
    CLAIM_INT(hsy_cluster_create(&c, &config), HEARSAY_OK);
    CLAIM_INT(hsy_measure_create(&m, hearsay_mem_default(), c), HEARSAY_OK);
    hsy_text_init(&t, hearsay_mem_default());
}

static void end(void)
{
    hsy_text_fini(&t);
    hsy_measure_destroy(m);
    hsy_cluster_destroy(c);
}

static void measure_overlay(struct hsy_prng *prng)
{
    struct hsy_graph *g = NULL;
    CLAIM_INT(hsy_graph_create(&g, PEERS + 1, hearsay_mem_default()),
              HEARSAY_OK);
    for (uint32_t i = 1; i <= PEERS; i++) {
        hsy_graph_vertex(g, i);
        /* Squared: the first ones get the most. */
        uint64_t r = hsy_prng_below(prng, 1000);
        uint32_t to = 1 + (uint32_t)(r * r * (i - 1) / 1000000);
        if (to != i) {
            CLAIM_INT(hsy_graph_link(g, i, to), HEARSAY_OK);
            CLAIM_INT(hsy_graph_link(g, to, i), HEARSAY_OK);
        }
    }
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    hsy_graph_destroy(g);
    struct hsy_powerlaw_options options = {.bootstraps = 20};
    CLAIM_INT(hsy_measure_fit(m, &options), HEARSAY_OK);
}

static void happen(void)
{
    struct hsy_observer to = hsy_measure_observer(m);
    struct hsy_prng prng;
    uint8_t bundle[100] = {0, 0, 0, 96, HSY_BUNDLE};
    bundle[6 + 1 + 32 + 16 + 8 + 1] = 1;
    hsy_prng_init(&prng, 1);
    to.published(to.ctx, 1, 1, (const uint8_t *)"x", 1);
    for (uint32_t i = 2; i <= PEERS; i++) {
        struct hearsay_message message = {
            .origin = *hsy_cluster_id(c, 1), .seq = 1, .hops = i % 6 + 1};
        uint64_t ns = hsy_prng_below(&prng, 90 * HSY_MS) +
                      hsy_prng_below(&prng, 90 * HSY_MS);
        to.delivered(to.ctx, i, ns, &message);
        to.sent(to.ctx, i, 1, bundle, sizeof(bundle));
    }
    for (uint32_t i = 1; i <= 40; i++) {
        struct hsy_note note = hsy_note(HEARSAY_WARN, "dead-removed");
        hsy_note_id(&note, "subject", hsy_cluster_id(c, i));
        hsy_note_u64(&note, "incarnation", 1);
        hsy_measure_struck(m, i);
        to.note(to.ctx, 0, (26 + hsy_prng_below(&prng, 19)) * HSY_SECOND,
                &note.note);
    }
    measure_overlay(&prng);
}

static void write_page(struct hsy_text *out, const struct hsy_measure *measure)
{
    struct hsy_figures f;
    hsy_measure_figures(m, &f);
    struct hsy_report_page report = {
        .title = "A run <b>& more",
        .command = "hearsay sim --name '</pre><script>alert(1)</script>'",
        .figures = &f,
        .measure = measure};
    hsy_report_html(out, &report);
}

static void a_full_page_has_all_plots(void **state)
{
    (void)state;
    begin();
    happen();
    write_page(&t, m);
    CLAIM_INT(t.err, HEARSAY_OK);
    const char *page = hsy_text_get(&t);
    claim_well_formed(page);
    CLAIM_INT(count_of(page, "<svg"), 5);
    CLAIM_INT(count_of(page, "<figcaption>"), 5);
    CLAIM_INT(count_of(page, "class=\"none\""), 0);
    CLAIM_INT(count_of(page, "<polyline"), 2);
    CLAIM(strstr(page, "prefers-color-scheme:dark") != NULL);
    CLAIM(strstr(page, "fitted power law") != NULL);
    const char *name = getenv("HEARSAY_REPORT");
    FILE *out = name == NULL ? NULL : fopen(name, "w");
    if (out != NULL) {
        CLAIM_INT(fwrite(page, 1, t.len, out), t.len);
        CLAIM_INT(fclose(out), 0);
    }
    end();
}

static void it_loads_nothing_and_runs_nothing(void **state)
{
    (void)state;
    begin();
    happen();
    write_page(&t, m);
    const char *page = hsy_text_get(&t);
    CLAIM_INT(count_of(page, "<script"), 0);
    CLAIM_INT(count_of(page, "src="), 0);
    CLAIM_INT(count_of(page, "href="), 0);
    CLAIM_INT(count_of(page, "url("), 0);
    CLAIM_INT(count_of(page, "@import"), 0);
    /* The one address is the name of SVG. */
    CLAIM_INT(count_of(page, "http"),
              count_of(page, "\"http://www.w3.org/2000/svg\""));
    end();
}

static void what_comes_from_outside_is_escaped(void **state)
{
    (void)state;
    begin();
    write_page(&t, m);
    const char *page = hsy_text_get(&t);
    claim_well_formed(page);
    CLAIM(strstr(page, "<title>A run &lt;b&gt;&amp; more</title>") != NULL);
    CLAIM(strstr(page, "&#39;&lt;/pre&gt;&lt;script&gt;") != NULL);
    end();
}

static void nothing_measured_is_said(void **state)
{
    (void)state;
    begin();
    write_page(&t, m);
    const char *page = hsy_text_get(&t);
    claim_well_formed(page);
    CLAIM_INT(count_of(page, "<svg"), 0);
    CLAIM_INT(count_of(page, "Nothing was measured"), 5);
    hsy_text_fini(&t);
    hsy_text_init(&t, hearsay_mem_default());
    write_page(&t, NULL);
    claim_well_formed(hsy_text_get(&t));
    CLAIM_INT(count_of(hsy_text_get(&t), "Nothing was measured"), 1);
    end();
}

/* One delivery at once, one death at once, one link. */
static void the_least_data_makes_a_plot(void **state)
{
    (void)state;
    begin();
    struct hsy_observer to = hsy_measure_observer(m);
    struct hearsay_message message = {.origin = *hsy_cluster_id(c, 1),
                                      .seq = 1};
    to.published(to.ctx, 1, 1, (const uint8_t *)"x", 1);
    to.delivered(to.ctx, 2, 0, &message);
    struct hsy_graph *g = NULL;
    CLAIM_INT(hsy_graph_create(&g, PEERS + 1, hearsay_mem_default()),
              HEARSAY_OK);
    hsy_graph_vertex(g, 1);
    hsy_graph_vertex(g, 2);
    CLAIM_INT(hsy_graph_link(g, 1, 2), HEARSAY_OK);
    CLAIM_INT(hsy_graph_link(g, 2, 1), HEARSAY_OK);
    CLAIM_INT(hsy_graph_finish(g), HEARSAY_OK);
    CLAIM_INT(hsy_measure_graph(m, g), HEARSAY_OK);
    hsy_graph_destroy(g);
    write_page(&t, m);
    claim_well_formed(hsy_text_get(&t));
    CLAIM_INT(count_of(hsy_text_get(&t), "<svg"), 3);
    CLAIM(strstr(hsy_text_get(&t), "No power law was fitted") != NULL);
    end();
}

static void axes_end_at_round_numbers(void **state)
{
    (void)state;
    static const double cases[][2] = {{0, 1},        {1, 1},      {0.9, 1},
                                      {7, 8},        {99, 100},   {101, 150},
                                      {0.037, 0.04}, {1234, 1500}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double end_at = hsy_plot_round_up(cases[i][0]);
        CLAIM(fabs(end_at - cases[i][1]) < 1e-9);
    }
    for (double v = 1e-9; v < 1e12; v *= 1.37) {
        CLAIM(hsy_plot_round_up(v) >= v * (1 - 1e-9));
        CLAIM(hsy_plot_round_up(v) <= v * 1.5);
    }
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    int err = HEARSAY_ERR_NOMEM;
    uint64_t call = 0;
    begin();
    happen();
    while (err != HEARSAY_OK) {
        call++;
        struct mem_fault fault = mem_fault_at(call);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        struct hsy_text out;
        hsy_text_init(&out, &mem);
        write_page(&out, m);
        err = out.err;
        hsy_text_fini(&out);
        CLAIM(err == HEARSAY_OK || err == HEARSAY_ERR_NOMEM);
        CLAIM_INT(fault.live, 0);
    }
    CLAIM(call > 5);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_page_has_all_plots),
        cmocka_unit_test(it_loads_nothing_and_runs_nothing),
        cmocka_unit_test(what_comes_from_outside_is_escaped),
        cmocka_unit_test(nothing_measured_is_said),
        cmocka_unit_test(the_least_data_makes_a_plot),
        cmocka_unit_test(axes_end_at_round_numbers),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("sim_report", tests, NULL, NULL);
}
