/* The renderings themselves are the simulator's; this prints them. */
#include "cli/sim_show.h"

#include "cli/cli.h"

#include <stdio.h>

static void put_json(struct hsy_text *t,
                     const struct hsy_figures_column *columns, uint32_t count,
                     const char *key)
{
    hsy_text_put(t, count > 1 ? "[" : "");
    for (uint32_t i = 0; i < count; i++) {
        struct hsy_text one;
        hsy_text_init(&one, &t->mem);
        hsy_figures_json(&one, columns[i].figures);
        t->err = t->err == HEARSAY_OK ? one.err : t->err;
        hsy_text_put(t, i == 0 ? "" : ", ");
        if (count > 1) {
            hsy_text_put(t, "{");
            hsy_text_json_string(t, key);
            hsy_text_put(t, ": ");
            hsy_text_json_string(t, columns[i].title);
            hsy_text_put(t, ", ");
        }
        /* Behind the brace that is already there. */
        hsy_text_put(t, hsy_text_get(&one) + (count > 1 && one.len > 0));
        hsy_text_fini(&one);
    }
    hsy_text_put(t, count > 1 ? "]\n" : "\n");
}

void hsy_sim_show(const struct hsy_figures_column *columns, uint32_t count,
                  const char *key, bool json)
{
    struct hsy_text text;
    hsy_text_init(&text, hearsay_mem_default());
    if (json) {
        put_json(&text, columns, count, key);
    } else {
        hsy_figures_table(&text, columns, count);
    }
    if (text.err == HEARSAY_OK) {
        fputs(hsy_text_get(&text), stdout);
    } else {
        hsy_cli_complain("no memory to print the figures");
    }
    hsy_text_fini(&text);
}
