/* Figures of several runs of one network, each with another PRNG seed: what is
 * usual, what is worst, and how both stand to those of another network. */
#include "sim/figures_inner.h"

#include "base/assert.h"

#include <math.h>
#include <string.h>

/* False: not measured. Counts above 2^53 do not occur. */
static bool read(const struct hsy_figures *f, const struct hsy_figures_row *row,
                 double *out)
{
    const uint8_t *at = (const uint8_t *)f + row->at;
    uint64_t count = HSY_FIGURE_NONE;
    if (row->kind == HSY_FIGURES_REAL) {
        memcpy(out, at, sizeof(*out));
        return isfinite(*out);
    }
    if (row->kind == HSY_FIGURES_COUNT) {
        memcpy(&count, at, sizeof(count));
        *out = (double)count;
    }
    return count != HSY_FIGURE_NONE;
}

/* An insertion sort: there are few. */
static void insert(double *sorted, uint32_t count, double value)
{
    uint32_t i = count;
    for (; i > 0 && sorted[i - 1] > value; i--) {
        sorted[i] = sorted[i - 1];
    }
    sorted[i] = value;
}

static uint32_t sort_row(double *sorted, const struct hsy_figures *runs,
                         uint32_t count, const struct hsy_figures_row *row)
{
    uint32_t known = 0;
    double value;
    for (uint32_t i = 0; i < count; i++) {
        if (read(&runs[i], row, &value)) {
            insert(sorted, known, value);
            known++;
        }
    }
    return known;
}

static void write(struct hsy_figures *f, const struct hsy_figures_row *row,
                  double value)
{
    uint8_t *at = (uint8_t *)f + row->at;
    uint64_t count = row->kind == HSY_FIGURES_COUNT ? (uint64_t)value : 0;
    if (row->kind == HSY_FIGURES_REAL) {
        memcpy(at, &value, sizeof(value));
    } else {
        memcpy(at, &count, sizeof(count));
    }
}

static void combine(struct hsy_figures *out, const struct hsy_figures *runs,
                    uint32_t count, bool most)
{
    double sorted[HSY_FIGURES_RUNS_MAX];
    const struct hsy_figures_row *row;
    HSY_ASSERT(count >= 1);
    HSY_ASSERT(count <= HSY_FIGURES_RUNS_MAX);
    if (count == 1) {
        *out = runs[0];
        return;
    }
    hsy_figures_init(out);
    for (uint32_t i = 0; (row = hsy_figures_row(i)) != NULL; i++) {
        uint32_t known = sort_row(sorted, runs, count, row);
        if (known > 0) {
            write(out, row, sorted[most ? known - 1 : (known - 1) / 2]);
        }
    }
    for (uint32_t i = 0; i < count * HSY_FIGURES_DEGREES; i++) {
        uint32_t degree = i % HSY_FIGURES_DEGREES;
        const struct hsy_figures *run = &runs[i / HSY_FIGURES_DEGREES];
        out->sends[degree].peers += run->sends[degree].peers;
        out->sends[degree].copies += run->sends[degree].copies;
    }
}

void hsy_figures_median(struct hsy_figures *out, const struct hsy_figures *runs,
                        uint32_t count)
{
    combine(out, runs, count, false);
}

void hsy_figures_most(struct hsy_figures *out, const struct hsy_figures *runs,
                      uint32_t count)
{
    combine(out, runs, count, true);
}

/* ---------------------------------------------------------------- ratios */

struct ratio {
    const char *name, *label;
    size_t at;
};

#define AT(field) offsetof(struct hsy_figures, field)

/* Of all of them less is better. */
static const struct ratio ratios[] = {
    {"redundancy", "needless copies", AT(redundancy)},
    {"latency_p50", "latency, median", AT(latency_ms.p50)},
    {"latency_p99", "latency, 99 %", AT(latency_ms.p99)},
    {"latency_max", "latency, largest", AT(latency_ms.max)},
    {"frames_per_delivery", "frames", AT(frames_per_delivery)},
    {"bytes_per_delivery", "bytes", AT(bytes_per_delivery)},
    {"first_redundancy", "first: needless copies", AT(first.redundancy)},
    {"first_p50", "first: latency, median", AT(first.p50_ms)},
    {"first_p99", "first: latency, 99 %", AT(first.p99_ms)},
    {"first_max", "first: latency, largest", AT(first.max_ms)},
};
enum { RATIOS = sizeof(ratios) / sizeof(ratios[0]), JSON_DECIMALS = 6 };

static double real_at(const struct hsy_figures *f, size_t at)
{
    double value;
    memcpy(&value, (const uint8_t *)f + at, sizeof(value));
    return value;
}

bool hsy_figures_ratio(uint32_t index, const struct hsy_figures *runs,
                       const struct hsy_figures *base, uint32_t count,
                       struct hsy_figures_ratio *out)
{
    double sorted[HSY_FIGURES_RUNS_MAX];
    uint32_t known = 0;
    HSY_ASSERT(count <= HSY_FIGURES_RUNS_MAX);
    if (index >= RATIOS) {
        return false;
    }
    const struct ratio *r = &ratios[index];
    for (uint32_t i = 0; i < count; i++) {
        double ratio = real_at(&runs[i], r->at) / real_at(&base[i], r->at);
        if (isfinite(ratio)) {
            insert(sorted, known, ratio);
            known++;
        }
    }
    *out = (struct hsy_figures_ratio){.name = r->name,
                                      .label = r->label,
                                      .median = (double)NAN,
                                      .worst = (double)NAN};
    if (known > 0) {
        out->median = sorted[(known - 1) / 2];
        out->worst = sorted[known - 1];
    }
    return true;
}

static void put_number(struct hsy_text *t, const char *name, double value)
{
    hsy_text_json_string(t, name);
    hsy_text_put(t, ": ");
    if (isfinite(value)) {
        hsy_text_fixed(t, value, JSON_DECIMALS);
    } else {
        hsy_text_put(t, "null");
    }
}

void hsy_figures_ratios_json(struct hsy_text *t, const struct hsy_figures *runs,
                             const struct hsy_figures *base, uint32_t count)
{
    struct hsy_figures_ratio ratio;
    for (uint32_t i = 0; hsy_figures_ratio(i, runs, base, count, &ratio); i++) {
        hsy_text_put(t, i == 0 ? "{" : ", ");
        hsy_text_json_string(t, ratio.name);
        hsy_text_put(t, ": {");
        put_number(t, "median", ratio.median);
        hsy_text_put(t, ", ");
        put_number(t, "worst", ratio.worst);
        hsy_text_put(t, "}");
    }
    hsy_text_put(t, "}");
}
