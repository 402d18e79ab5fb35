/* The renderings themselves are the simulator's; this prints them. */
#include "cli/sim_show.h"

#include "base/assert.h"
#include "cli/cli.h"

#include <stdio.h>

static void print(struct hsy_text *t)
{
    if (t->err == HEARSAY_OK) {
        fputs(hsy_text_get(t), stdout);
    } else {
        hsy_cli_complain("no memory to print the figures");
    }
    hsy_text_fini(t);
}

void hsy_sim_show(const struct hsy_figures_column *column, bool json)
{
    struct hsy_text text;
    hsy_text_init(&text, hearsay_mem_default());
    if (json) {
        hsy_figures_json(&text, column->figures);
        hsy_text_put(&text, "\n");
    } else {
        hsy_figures_table(&text, column, 1);
    }
    print(&text);
}

/* -------------------------------------------------------------- compared */

static const struct hsy_figures *runs_of(const struct hsy_sim_shown *s,
                                         uint32_t value)
{
    return s->figures + value * s->stride;
}

/* The members of an object, without its braces. */
static void put_members(struct hsy_text *t, const struct hsy_figures *f)
{
    struct hsy_text one;
    hsy_text_init(&one, &t->mem);
    hsy_figures_json(&one, f);
    t->err = t->err == HEARSAY_OK ? one.err : t->err;
    if (one.len > 2) {
        hsy_text_putn(t, hsy_text_get(&one) + 1, one.len - 2);
    }
    hsy_text_fini(&one);
}

static void put_value(struct hsy_text *t, const struct hsy_sim_shown *s,
                      uint32_t value)
{
    struct hsy_figures median;
    struct hsy_figures most;
    const struct hsy_figures *runs = runs_of(s, value);
    hsy_figures_median(&median, runs, s->runs);
    hsy_text_put(t, "{");
    hsy_text_json_string(t, s->key);
    hsy_text_put(t, ": ");
    hsy_text_json_string(t, s->titles[value]);
    hsy_text_put(t, ", \"runs\": ");
    hsy_text_u64(t, s->runs);
    hsy_text_put(t, ", ");
    put_members(t, &median);
    if (s->runs > 1) {
        hsy_figures_most(&most, runs, s->runs);
        hsy_text_put(t, ", \"largest\": ");
        hsy_figures_json(t, &most);
    }
    hsy_text_put(t, ", \"ratio\": ");
    hsy_figures_ratios_json(t, runs, runs_of(s, 0), s->runs);
    hsy_text_put(t, "}");
}

static void put_json(struct hsy_text *t, const struct hsy_sim_shown *s)
{
    hsy_text_put(t, s->values > 1 ? "[" : "");
    for (uint32_t i = 0; i < s->values; i++) {
        hsy_text_put(t, i == 0 ? "" : ", ");
        put_value(t, s, i);
    }
    hsy_text_put(t, s->values > 1 ? "]\n" : "\n");
}

/* Of several runs the median, and beside it the largest, where both fit. */
static void put_table(struct hsy_text *t, const struct hsy_sim_shown *s)
{
    struct hsy_figures figures[HSY_FIGURES_COLUMNS];
    struct hsy_figures_column columns[HSY_FIGURES_COLUMNS];
    bool both = s->runs > 1 && 2 * s->values <= HSY_FIGURES_COLUMNS;
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->values; i++) {
        HSY_ASSERT(count < HSY_FIGURES_COLUMNS);
        hsy_figures_median(&figures[count], runs_of(s, i), s->runs);
        columns[count].title = s->titles[i];
        columns[count].figures = &figures[count];
        count++;
        if (both) {
            hsy_figures_most(&figures[count], runs_of(s, i), s->runs);
            columns[count].title = "largest";
            columns[count].figures = &figures[count];
            count++;
        }
    }
    hsy_figures_table(t, columns, count);
}

static void put_cell(struct hsy_text *t, const char *text, double value)
{
    struct hsy_text cell;
    hsy_text_init(&cell, &t->mem);
    if (text == NULL) {
        hsy_text_fixed(&cell, value, 3);
    }
    hsy_text_put(t, "  ");
    hsy_text_right(t, text != NULL ? text : hsy_text_get(&cell), 16);
    t->err = t->err == HEARSAY_OK ? cell.err : t->err;
    hsy_text_fini(&cell);
}

static void put_ratios(struct hsy_text *t, const struct hsy_sim_shown *s,
                       uint32_t value)
{
    enum { LABELS = 26 };
    struct hsy_figures_ratio ratio;
    hsy_text_put(t, "\n");
    hsy_text_put(t, s->titles[value]);
    hsy_text_put(t, " / ");
    hsy_text_put(t, s->titles[0]);
    hsy_text_put(t, "\n");
    hsy_text_left(t, "", LABELS);
    put_cell(t, "median", 0);
    put_cell(t, "worst", 0);
    hsy_text_put(t, "\n");
    for (uint32_t i = 0; hsy_figures_ratio(i, runs_of(s, value), runs_of(s, 0),
                                           s->runs, &ratio);
         i++) {
        hsy_text_left(t, ratio.label, LABELS);
        put_cell(t, NULL, ratio.median);
        put_cell(t, NULL, ratio.worst);
        hsy_text_put(t, "\n");
    }
}

void hsy_sim_show_compared(const struct hsy_sim_shown *shown, bool json)
{
    struct hsy_text text;
    hsy_text_init(&text, hearsay_mem_default());
    if (json) {
        put_json(&text, shown);
    } else {
        put_table(&text, shown);
        for (uint32_t i = 1; i < shown->values; i++) {
            put_ratios(&text, shown, i);
        }
    }
    print(&text);
}
