/* The page: style, plots, figures, and how to make it again. */
#include "sim/report.h"

#include "sim/report_inner.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fcfcfa;--ink:#1c1f23;"
    "--soft:#5c6570;--grid:#e3e5e8;--axis:#8a929b;--first:#2563b8;"
    "--second:#c2570c}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e6e8ea;"
    "--soft:#9aa4af;--grid:#2a2f36;--axis:#6d7680;--first:#6ea8f5;"
    "--second:#f0954f}}\n"
    "body{margin:2rem auto;max-width:84rem;padding:0 1.25rem;"
    "background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:0 0 "
    ".5rem}\n"
    ".plots{margin-bottom:2.5rem}"
    "p,figcaption{color:var(--soft)}figcaption{font-size:.9rem}\n"
    ".plots{display:grid;gap:2rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))}\n"
    "figure{margin:0}svg{display:block;width:100%;height:auto}\n"
    ".none{padding:2rem 1rem;border:1px dashed var(--axis)}\n"
    "pre{overflow-x:auto;padding:.75rem 1rem;border:1px solid var(--grid)}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "td,th{padding:.2rem .9rem .2rem 0;text-align:left;font-weight:400;"
    "border-bottom:1px solid var(--grid)}td.value{text-align:right}\n"
    "@media(max-width:40rem){body{margin:1rem auto;padding:0 .75rem}"
    "svg .tick,svg .label{font-size:19px}"
    "table{width:100%;font-size:.85rem}td,th{padding-right:.5rem}"
    "td:last-child,th:last-child{padding-right:0}}\n"
    ".grid{stroke:var(--grid)}.axis{stroke:var(--axis)}\n"
    ".tick,.label{font-size:13px;fill:var(--soft)}.label{fill:var(--ink)}\n"
    ".mid{text-anchor:middle}.end{text-anchor:end}\n"
    ".line{fill:none;stroke-width:2}.line.first{stroke:var(--first)}"
    ".line.second{stroke:var(--second)}\n"
    ".dot.first,.bar.first{fill:var(--first)}"
    ".dot.second,.bar.second{fill:var(--second)}\n";

static void put_head(struct hsy_text *t, const char *title)
{
    hsy_text_put(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                    "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\"/>\n"
                    "<title>");
    hsy_text_html(t, title);
    hsy_text_put(t, "</title>\n<style>\n");
    hsy_text_put(t, style);
    hsy_text_put(t, "</style>\n</head>\n<body>\n<h1>");
    hsy_text_html(t, title);
    hsy_text_put(t, "</h1>\n");
}

static void put_figure(struct hsy_text *t, const struct hsy_figures *f,
                       uint32_t index, const struct hsy_figure *line)
{
    hsy_text_put(t, "<tr><th scope=\"row\">");
    hsy_text_html(t, line->label);
    hsy_text_put(t, "</th><td class=\"value\">");
    hsy_figures_value(t, f, index);
    hsy_text_put(t, "</td><td>");
    hsy_text_html(t, line->unit);
    hsy_text_put(t, "</td></tr>\n");
}

static void put_figures(struct hsy_text *t, const struct hsy_figures *f)
{
    struct hsy_figure line;
    hsy_text_put(t, "<h2>Figures</h2>\n<table>\n<tbody>\n");
    for (uint32_t i = 0; hsy_figures_line(i, &line); i++) {
        put_figure(t, f, i, &line);
    }
    hsy_text_put(t, "</tbody>\n</table>\n");
}

static void put_plots(struct hsy_text *t, const struct hsy_report_page *r)
{
    if (r->measure == NULL) {
        hsy_text_put(t, "<p class=\"none\">Nothing was measured.</p>\n");
        return;
    }
    hsy_text_put(t, "<div class=\"plots\">\n");
    hsy_report_coverage(t, r->measure, r->figures);
    hsy_report_latency(t, r->measure);
    hsy_report_degrees(t, r->measure);
    hsy_report_load(t, r->measure);
    hsy_report_detection(t, r->measure);
    hsy_text_put(t, "</div>\n");
}

static void put_origin(struct hsy_text *t, const struct hsy_report_page *r)
{
    hsy_text_put(t, "<h2>Made by</h2>\n");
    if (r->command[0] != '\0') {
        hsy_text_put(t, "<pre>");
        hsy_text_html(t, r->command);
        hsy_text_put(t, "</pre>\n");
    }
    if (r->figures->digest[0] != '\0') {
        hsy_text_put(t, "<p>The same command makes the same run; its digest is "
                        "<code>");
        hsy_text_html(t, r->figures->digest);
        hsy_text_put(t, "</code>.</p>\n");
    }
}

void hsy_report_html(struct hsy_text *t, const struct hsy_report_page *report)
{
    put_head(t, report->title);
    put_plots(t, report);
    put_figures(t, report->figures);
    put_origin(t, report);
    hsy_text_put(t, "</body>\n</html>\n");
}
