/* One table says where each figure is, what it is called and how it is shown;
 * JSON and the table for people are two walks over it. */
#include "sim/figures.h"

#include "base/assert.h"
#include "sim/figures_inner.h"

#include <math.h>
#include <string.h>

#define COUNT HSY_FIGURES_COUNT
#define REAL HSY_FIGURES_REAL
#define WORDS HSY_FIGURES_WORDS

#define AT(field) offsetof(struct hsy_figures, field)

static const struct hsy_figures_row rows[] = {
    {NULL, "peers", "peers", "", COUNT, 0, AT(peers)},
    {NULL, "seeds", "seeds", "", COUNT, 0, AT(seeds)},
    {NULL, "rng", "PRNG seed", "", COUNT, 0, AT(rng)},
    {NULL, "joined", "joined", "peers", COUNT, 0, AT(joined)},
    {NULL, "components", "components", "", COUNT, 0, AT(components)},
    {NULL, "published", "published", "messages", COUNT, 0, AT(published)},
    {NULL, "expected_deliveries", "expected deliveries", "", COUNT, 0,
     AT(expected_deliveries)},
    {NULL, "delivered", "delivered", "", COUNT, 0, AT(delivered)},
    {NULL, "missed", "missed", "", COUNT, 0, AT(missed)},
    {NULL, "delivered_twice", "delivered twice", "", COUNT, 0,
     AT(delivered_twice)},
    {NULL, "redundancy", "needless copies", "per delivery", REAL, 3,
     AT(redundancy)},
    {"latency_ms", "p50", "latency, median", "ms", REAL, 1, AT(latency_ms.p50)},
    {"latency_ms", "p99", "latency, 99 %", "ms", REAL, 1, AT(latency_ms.p99)},
    {"latency_ms", "max", "latency, largest", "ms", REAL, 1,
     AT(latency_ms.max)},
    {"hops", "p50", "hops, median", "links", COUNT, 0, AT(hops.p50)},
    {"hops", "max", "hops, most", "links", COUNT, 0, AT(hops.max)},
    {NULL, "bytes_per_delivery", "all frames", "bytes per delivery", REAL, 1,
     AT(bytes_per_delivery)},
    {NULL, "control_per_delivery", "of these control", "bytes per delivery",
     REAL, 1, AT(control_per_delivery)},
    {NULL, "frames_per_delivery", "frames", "per delivery", REAL, 3,
     AT(frames_per_delivery)},
    {"frames_by_kind", "payload", "frames: payload", "per delivery", REAL, 3,
     AT(frames_by_kind.payload)},
    {"frames_by_kind", "pulled", "frames: pulled", "per delivery", REAL, 3,
     AT(frames_by_kind.pulled)},
    {"frames_by_kind", "announce", "frames: announcements", "per delivery",
     REAL, 3, AT(frames_by_kind.announce)},
    {"frames_by_kind", "tree", "frames: tree control", "per delivery", REAL, 3,
     AT(frames_by_kind.tree)},
    {"frames_by_kind", "repair", "frames: repair control", "per delivery", REAL,
     3, AT(frames_by_kind.repair)},
    {"frames_by_kind", "rest", "frames: rest", "per delivery", REAL, 3,
     AT(frames_by_kind.rest)},
    {"bytes_by_kind", "payload", "bytes: payload", "per delivery", REAL, 1,
     AT(bytes_by_kind.payload)},
    {"bytes_by_kind", "pulled", "bytes: pulled", "per delivery", REAL, 1,
     AT(bytes_by_kind.pulled)},
    {"bytes_by_kind", "announce", "bytes: announcements", "per delivery", REAL,
     1, AT(bytes_by_kind.announce)},
    {"bytes_by_kind", "tree", "bytes: tree control", "per delivery", REAL, 1,
     AT(bytes_by_kind.tree)},
    {"bytes_by_kind", "repair", "bytes: repair control", "per delivery", REAL,
     1, AT(bytes_by_kind.repair)},
    {"bytes_by_kind", "rest", "bytes: rest", "per delivery", REAL, 1,
     AT(bytes_by_kind.rest)},
    {"first", "expected", "first after the strike", "expected", COUNT, 0,
     AT(first.expected)},
    {"first", "missed", "first: missed", "", COUNT, 0, AT(first.missed)},
    {"first", "redundancy", "first: needless copies", "per delivery", REAL, 3,
     AT(first.redundancy)},
    {"first", "p50_ms", "first: latency, median", "ms", REAL, 1,
     AT(first.p50_ms)},
    {"first", "p99_ms", "first: latency, 99 %", "ms", REAL, 1,
     AT(first.p99_ms)},
    {"first", "max_ms", "first: latency, largest", "ms", REAL, 1,
     AT(first.max_ms)},
    {"degree", "min", "degree, least", "links", COUNT, 0, AT(degree.min)},
    {"degree", "max", "degree, most", "links", COUNT, 0, AT(degree.max)},
    {"degree", "mean", "degree, mean", "links", REAL, 2, AT(degree.mean)},
    {"fit", "alpha", "power law, alpha", "", REAL, 3, AT(fit.alpha)},
    {"fit", "xmin", "power law, from degree", "links", COUNT, 0, AT(fit.xmin)},
    {"fit", "p", "power law, p (plausible from 0.1)", "", REAL, 3, AT(fit.p)},
    {"fit", "lr_exp", "power law over exponential", "sigma", REAL, 2,
     AT(fit.lr_exp)},
    {NULL, "false_deaths", "false deaths", "", COUNT, 0, AT(false_deaths)},
    {"detection_s", "mean", "detection, mean", "s", REAL, 2,
     AT(detection_s.mean)},
    {"detection_s", "p99", "detection, 99 %", "s", REAL, 2,
     AT(detection_s.p99)},
    {"detection_s", "max", "detection, largest", "s", REAL, 2,
     AT(detection_s.max)},
    {NULL, "violations", "violations", "", COUNT, 0, AT(violations)},
    {NULL, "events", "events", "steps", COUNT, 0, AT(events)},
    {NULL, "events_per_s", "speed", "events/s", REAL, 0, AT(events_per_s)},
    {NULL, "virtual_s", "virtual time", "s", REAL, 3, AT(virtual_s)},
    {NULL, "wall_s", "real time", "s", REAL, 3, AT(wall_s)},
    {NULL, "bytes_per_peer", "memory per peer", "bytes", COUNT, 0,
     AT(bytes_per_peer)},
    {NULL, "rss_kib", "memory in all", "KiB", COUNT, 0, AT(rss_kib)},
    {NULL, "digest", "digest of the run", "", WORDS, 0, AT(digest)},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), JSON_DECIMALS = 6 };

const struct hsy_figures_row *hsy_figures_row(uint32_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}

void hsy_figures_init(struct hsy_figures *f)
{
    memset(f, 0, sizeof(*f));
    for (uint32_t i = 0; i < ROWS; i++) {
        uint64_t count = HSY_FIGURE_NONE;
        double real = (double)NAN;
        uint8_t *at = (uint8_t *)f + rows[i].at;
        if (rows[i].kind == COUNT) {
            memcpy(at, &count, sizeof(count));
        } else if (rows[i].kind == REAL) {
            memcpy(at, &real, sizeof(real));
        }
    }
}

void hsy_figures_set_digest(struct hsy_figures *f, uint64_t digest)
{
    for (int i = 0; i < 16; i++) {
        f->digest[i] = "0123456789abcdef"[(digest >> (60 - 4 * i)) & 15];
    }
    f->digest[16] = '\0';
}

/* Writes the figure of @row, or @none. */
static void put_value(struct hsy_text *t, const struct hsy_figures *f,
                      const struct hsy_figures_row *row, unsigned decimals,
                      const char *none)
{
    const uint8_t *at = (const uint8_t *)f + row->at;
    uint64_t count;
    double real;
    switch (row->kind) {
    case COUNT:
        memcpy(&count, at, sizeof(count));
        if (count == HSY_FIGURE_NONE) {
            hsy_text_put(t, none);
        } else {
            hsy_text_u64(t, count);
        }
        break;
    case REAL:
        memcpy(&real, at, sizeof(real));
        if (isfinite(real)) {
            hsy_text_fixed(t, real, decimals);
        } else {
            hsy_text_put(t, none);
        }
        break;
    case WORDS:
        hsy_text_put(t, f->digest[0] == '\0' ? none : f->digest);
        break;
    }
}

static void put_json(struct hsy_text *t, const struct hsy_figures *f,
                     const struct hsy_figures_row *row)
{
    hsy_text_json_string(t, row->name);
    hsy_text_put(t, ": ");
    if (row->kind == WORDS && f->digest[0] != '\0') {
        hsy_text_json_string(t, f->digest);
    } else {
        put_value(t, f, row, JSON_DECIMALS, "null");
    }
}

/* null: no peer was looked at. */
static void put_sends(struct hsy_text *t, const struct hsy_figures *f)
{
    bool any = false;
    hsy_text_put(t, ", \"sends_by_degree\": ");
    for (uint32_t i = 0; i < HSY_FIGURES_DEGREES; i++) {
        uint64_t least = i == 0 ? 0 : UINT64_C(1) << (i - 1);
        uint64_t peers = f->sends[i].peers;
        if (peers == 0) {
            continue;
        }
        hsy_text_put(t, any ? ", {\"from\": " : "[{\"from\": ");
        hsy_text_u64(t, least);
        hsy_text_put(t, ", \"to\": ");
        hsy_text_u64(t, i == 0 ? 0 : 2 * least - 1);
        hsy_text_put(t, ", \"peers\": ");
        hsy_text_u64(t, peers);
        hsy_text_put(t, ", \"mean\": ");
        hsy_text_fixed(t, (double)f->sends[i].copies / (double)peers,
                       JSON_DECIMALS);
        hsy_text_put(t, "}");
        any = true;
    }
    hsy_text_put(t, any ? "]" : "null");
}

void hsy_figures_json(struct hsy_text *t, const struct hsy_figures *f)
{
    const char *group = NULL;
    hsy_text_put(t, "{");
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct hsy_figures_row *row = &rows[i];
        bool same = group != NULL && row->group != NULL &&
                    strcmp(group, row->group) == 0;
        if (group != NULL && !same) {
            hsy_text_put(t, "}");
        }
        hsy_text_put(t, i == 0 ? "" : ", ");
        if (row->group != NULL && !same) {
            hsy_text_json_string(t, row->group);
            hsy_text_put(t, ": {");
        }
        put_json(t, f, row);
        group = row->group;
    }
    hsy_text_put(t, group == NULL ? "" : "}");
    put_sends(t, f);
    hsy_text_put(t, "}");
}

/* ------------------------------------------------------------------ table */

bool hsy_figures_line(uint32_t index, struct hsy_figure *out)
{
    if (index >= ROWS) {
        return false;
    }
    *out = (struct hsy_figure){.label = rows[index].label,
                               .unit = rows[index].unit};
    return true;
}

void hsy_figures_value(struct hsy_text *t, const struct hsy_figures *f,
                       uint32_t index)
{
    HSY_ASSERT(index < ROWS);
    put_value(t, f, &rows[index], rows[index].decimals, "-");
}

static void put_cell(struct hsy_text *t,
                     const struct hsy_figures_column *column, uint32_t index,
                     size_t width)
{
    struct hsy_text cell;
    hsy_text_init(&cell, &t->mem);
    hsy_figures_value(&cell, column->figures, index);
    hsy_text_put(t, "  ");
    hsy_text_right(t, hsy_text_get(&cell), width);
    if (cell.err != HEARSAY_OK && t->err == HEARSAY_OK) {
        t->err = cell.err;
    }
    hsy_text_fini(&cell);
}

static size_t longest_label(void)
{
    size_t most = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        size_t len = strlen(rows[i].label);
        most = len > most ? len : most;
    }
    return most;
}

static void put_titles(struct hsy_text *t,
                       const struct hsy_figures_column *columns,
                       const size_t *widths, uint32_t count)
{
    hsy_text_left(t, "", longest_label());
    for (uint32_t i = 0; i < count; i++) {
        hsy_text_put(t, "  ");
        hsy_text_right(t, columns[i].title, widths[i]);
    }
    hsy_text_put(t, "\n");
}

void hsy_figures_table(struct hsy_text *t,
                       const struct hsy_figures_column *columns, uint32_t count)
{
    enum { VALUE_WIDTH = 16 }; /* The digest is the longest. */
    size_t widths[HSY_FIGURES_COLUMNS];
    size_t labels = longest_label();
    HSY_ASSERT(count >= 1);
    HSY_ASSERT(count <= HSY_FIGURES_COLUMNS);
    bool titled = false;
    for (uint32_t i = 0; i < count; i++) {
        size_t len = strlen(columns[i].title);
        widths[i] = len > VALUE_WIDTH ? len : (size_t)VALUE_WIDTH;
        titled = titled || len > 0;
    }
    if (titled) {
        put_titles(t, columns, widths, count);
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        hsy_text_left(t, rows[row].label, labels);
        for (uint32_t i = 0; i < count; i++) {
            put_cell(t, &columns[i], row, widths[i]);
        }
        hsy_text_put(t, rows[row].unit[0] == '\0' ? "" : "  ");
        hsy_text_put(t, rows[row].unit);
        hsy_text_put(t, "\n");
    }
}
