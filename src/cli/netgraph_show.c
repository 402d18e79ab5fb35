/* One page about the overlay. */
#include "cli/netgraph_show.h"

#include "cli/print.h"
#include "cli/remote.h"

#include <string.h>

enum {
    WIDTH_DEFAULT = 80,
    HEAD_LEN = 13, /* The left column with its blank. */
    SIZES_SHOWN = 8,
    CUTS_SHOWN = 8,
    BAR_MIN = 10
};

static const json_t *node_at(const struct hsy_netgraph *g, uint32_t index)
{
    return json_array_get(g->nodes, index);
}

static double percent(uint32_t part, uint32_t whole)
{
    return whole > 0 ? 100.0 * part / whole : 0;
}

static void head(FILE *out, const char *title)
{
    fprintf(out, "%-*s", HEAD_LEN, title);
}

/* "4e8c1a2b alice" */
static void put_node(FILE *out, const json_t *node)
{
    fprintf(out, "%.8s ", hsy_text_of(node, "id"));
    hsy_print_defused(out, hsy_text_of(node, "name"));
}

static void show_view(FILE *out, const struct hsy_netgraph *g)
{
    head(out, "seen by");
    put_node(out, g->answer);
    fputs(", in network ", out);
    hsy_print_defused(out, hsy_text_of(g->answer, "network"));
    fputc('\n', out);
    if (g->own) {
        head(out, "");
        fputs("a peer knows its own links only; ask a seed for the rest\n",
              out);
    }
}

static void show_counts(FILE *out, const struct hsy_netgraph *g,
                        const struct hsy_netfigures *f)
{
    head(out, "peers");
    fprintf(out, "%u alive", f->alive);
    if (f->absent > 0) {
        fprintf(out, ", %u absent", f->absent);
    }
    if (f->silent > 0) {
        fprintf(out, ", %u of unknown links (not counted below)", f->silent);
    }
    fputc('\n', out);
    head(out, "links");
    fprintf(out, "%u named by both ends, %u by one end only\n", g->links,
            g->one_sided);
}

static void show_components(FILE *out, const struct hsy_netgraph *g)
{
    head(out, "components");
    fprintf(out, "%u", g->components);
    for (uint32_t i = 0; i < g->components && i < SIZES_SHOWN; i++) {
        fprintf(out, "%s%u", i == 0 ? ", of " : " + ", g->sizes[i]);
    }
    fprintf(out, "%s peer(s)\n", g->components > SIZES_SHOWN ? " + ..." : "");
}

/* Each on its line: a name may be long. */
static void show_cuts(FILE *out, const struct hsy_netgraph *g,
                      const struct hsy_netfigures *f)
{
    uint32_t shown = 0;
    head(out, "cut peers");
    fprintf(out, "%u%s\n", f->cuts,
            f->cuts > 0 ? ": without one of them its component falls apart"
                        : "");
    for (uint32_t i = 0; i < g->count && shown < CUTS_SHOWN; i++) {
        if (json_is_true(json_object_get(node_at(g, i), "cut"))) {
            head(out, "");
            put_node(out, node_at(g, i));
            fputc('\n', out);
            shown++;
        }
    }
    if (f->cuts > shown) {
        head(out, "");
        fprintf(out, "and %u more\n", f->cuts - shown);
    }
}

/* ----------------------------------------------------------------- degrees */

static void show_bin(FILE *out, const struct hsy_netfigures *f, uint32_t bin,
                     uint32_t bar_max)
{
    char range[32];
    uint32_t least = hsy_netgraph_bin_least(bin);
    uint32_t most = bin < 2 ? least : 2 * least - 1;
    uint32_t tallest = 0;
    for (uint32_t i = 0; i < f->bins_count; i++) {
        tallest = f->bins[i] > tallest ? f->bins[i] : tallest;
    }
    uint32_t bar = (uint32_t)((uint64_t)f->bins[bin] * bar_max / tallest);
    if (least == most) {
        snprintf(range, sizeof(range), "%u", least);
    } else {
        snprintf(range, sizeof(range), "%u-%u", least, most);
    }
    head(out, "");
    fprintf(out, "%9s %6u ", range, f->bins[bin]);
    for (uint32_t i = 0; i < bar || (i == 0 && f->bins[bin] > 0); i++) {
        fputc('#', out);
    }
    fputc('\n', out);
}

static void show_degrees(FILE *out, const struct hsy_netfigures *f,
                         uint32_t width)
{
    enum { BIN_HEAD_LEN = HEAD_LEN + 17 };
    uint32_t bar_max =
        width > BIN_HEAD_LEN + BAR_MIN ? width - BIN_HEAD_LEN : BAR_MIN;
    head(out, "degree");
    fprintf(out, "min %u, median %.1f, mean %.2f, max %u\n", f->degree_min,
            f->degree_median, f->degree_mean, f->degree_max);
    bool begun = false;
    for (uint32_t i = 0; i < f->bins_count; i++) {
        begun = begun || f->bins[i] > 0;
        if (begun) {
            show_bin(out, f, i, bar_max);
        }
    }
}

static void show_hubs(FILE *out, const struct hsy_netgraph *g,
                      const struct hsy_netfigures *f)
{
    head(out, "hubs");
    fprintf(out, "%6s %7s  %s\n", "DEGREE", "SHARE", "PEER");
    for (uint32_t i = 0; i < f->hubs_count; i++) {
        uint32_t degree = g->degrees[f->hubs[i]];
        head(out, "");
        fprintf(out, "%6u %6.1f%%  ", degree, percent(degree, 2 * g->links));
        put_node(out, node_at(g, f->hubs[i]));
        fputc('\n', out);
    }
}

/* ------------------------------------------------------------------- paths */

static void show_paths(FILE *out, const struct hsy_netfigures *f)
{
    head(out, "diameter");
    fprintf(out, "%s%u%s\n", f->diameter_exact ? "" : "at least ", f->diameter,
            f->diameter_exact ? "" : " (double sweep: a lower bound)");
    head(out, "paths");
    fprintf(out, "%.2f links on average, %s %u peer(s) to all others\n",
            f->path_mean, f->diameter_exact ? "from all" : "from a sample of",
            f->path_sources);
}

static void show_fit(FILE *out, const struct hsy_netfigures *f)
{
    head(out, "power law");
    if (!f->fitted) {
        fputs("too few peers, or too few different degrees, to fit one\n", out);
        return;
    }
    fprintf(out, "alpha %.2f +- %.2f from degree %u on (%u peers)\n",
            f->fit.alpha, f->fit.alpha_error, f->fit.xmin, f->fit.tail);
    head(out, "");
    fprintf(out, "p %.2f of %u bootstraps: %s\n", f->fit.p, f->fit.bootstraps,
            f->fit.p >= 0.1 ? "plausible" : "not a power law");
}

void hsy_netgraph_show(FILE *out, const struct hsy_netgraph *g,
                       const struct hsy_netfigures *f, uint32_t width)
{
    show_view(out, g);
    if (g->own) {
        head(out, "links");
        fprintf(out, "%u\n", g->links);
        for (uint32_t i = 1; i < g->count; i++) {
            head(out, "");
            put_node(out, node_at(g, i));
            fputc('\n', out);
        }
        return;
    }
    show_counts(out, g, f);
    show_components(out, g);
    show_cuts(out, g, f);
    show_degrees(out, f, width > 0 ? width : WIDTH_DEFAULT);
    show_hubs(out, g, f);
    show_paths(out, f);
    show_fit(out, f);
}

/* ---------------------------------------------------------------- Graphviz */

/* A quoted string: a quote and a backslash are escaped, and what could drive a
 * terminal is a question mark. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            fputc('\\', out);
        }
        fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
    fputc('"', out);
}

static void put_vertex(FILE *out, const json_t *node)
{
    const char *name = hsy_text_of(node, "name");
    char brief[9];
    snprintf(brief, sizeof(brief), "%.8s", hsy_text_of(node, "id"));
    fputs("  ", out);
    put_quoted(out, hsy_text_of(node, "id"));
    fputs(" [label=", out);
    put_quoted(out, name[0] != '\0' ? name : brief);
    if (json_is_true(json_object_get(node, "cut"))) {
        fputs(", color=red", out);
    }
    if (strcmp(hsy_text_of(node, "state"), "alive") != 0) {
        fputs(", style=dotted", out);
    }
    fputs("];\n", out);
}

static void put_edges(FILE *out, const struct hsy_netgraph *g, const char *key,
                      const char *look)
{
    const json_t *list = json_object_get(g->answer, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        json_int_t from = json_integer_value(json_array_get(pair, 0));
        json_int_t to = json_integer_value(json_array_get(pair, 1));
        fputs("  ", out);
        put_quoted(out, hsy_text_of(node_at(g, (uint32_t)from), "id"));
        fputs(" -- ", out);
        put_quoted(out, hsy_text_of(node_at(g, (uint32_t)to), "id"));
        fprintf(out, "%s;\n", look);
    }
}

void hsy_netgraph_dot(FILE *out, const struct hsy_netgraph *g)
{
    fputs("graph ", out);
    put_quoted(out, hsy_text_of(g->answer, "network"));
    fputs(" {\n  node [shape=box];\n", out);
    for (uint32_t i = 0; i < g->count; i++) {
        put_vertex(out, node_at(g, i));
    }
    put_edges(out, g, "links", "");
    put_edges(out, g, "one_sided", " [style=dashed, dir=forward]");
    fputs("}\n", out);
}
