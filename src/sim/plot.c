/* Values are mapped to a box of 640 x 360 units, y downwards. Ticks stand at
 * 1, 2 or 5 times a power of ten, so that there are about five; on a
 * logarithmic axis at the powers of ten, on a short one between them too. */
#include "sim/plot.h"

#include "base/assert.h"

#include <math.h>

enum { HEIGHT = 360 };
static const double LEFT = 68;
static const double RIGHT = 624;
static const double TOP = 14;
static const double BOTTOM = 306;
static const double LN_10 = 2.30258509299404568402;

static double share(const struct hsy_axis *a, double value)
{
    double at = value < a->min ? a->min : value > a->max ? a->max : value;
    if (a->is_log) {
        return log(at / a->min) / log(a->max / a->min);
    }
    return (at - a->min) / (a->max - a->min);
}

static double x_of(const struct hsy_plot *p, double value)
{
    return LEFT + share(&p->x, value) * (RIGHT - LEFT);
}

static double y_of(const struct hsy_plot *p, double value)
{
    return BOTTOM - share(&p->y, value) * (BOTTOM - TOP);
}

static void put_number(const struct hsy_plot *p, const char *before,
                       double value)
{
    hsy_text_put(p->out, before);
    hsy_text_fixed(p->out, value, 2);
}

static void put_line(const struct hsy_plot *p, const char *class_name,
                     struct hsy_point from, struct hsy_point to)
{
    hsy_text_put(p->out, "<line class=\"");
    hsy_text_put(p->out, class_name);
    put_number(p, "\" x1=\"", from.x);
    put_number(p, "\" y1=\"", from.y);
    put_number(p, "\" x2=\"", to.x);
    put_number(p, "\" y2=\"", to.y);
    hsy_text_put(p->out, "\"/>\n");
}

static void text_open(const struct hsy_plot *p, const char *class_name,
                      struct hsy_point at)
{
    hsy_text_put(p->out, "<text class=\"");
    hsy_text_put(p->out, class_name);
    put_number(p, "\" x=\"", at.x);
    put_number(p, "\" y=\"", at.y);
    hsy_text_put(p->out, "\">");
}

/* As few decimals as tell the ticks of a step apart. */
static void put_tick_text(const struct hsy_plot *p, double value, double step)
{
    unsigned decimals = 0;
    while (decimals < 9 && step < 0.999) {
        step *= 10;
        decimals++;
    }
    hsy_text_fixed(p->out, value, decimals);
    hsy_text_put(p->out, "</text>\n");
}

static void x_tick(const struct hsy_plot *p, double value, double step)
{
    double x = x_of(p, value);
    struct hsy_point top = {x, TOP};
    struct hsy_point bottom = {x, BOTTOM};
    put_line(p, "grid", top, bottom);
    text_open(p, "tick mid", (struct hsy_point){x, BOTTOM + 18});
    put_tick_text(p, value, step);
}

static void y_tick(const struct hsy_plot *p, double value, double step)
{
    double y = y_of(p, value);
    struct hsy_point left = {LEFT, y};
    struct hsy_point right = {RIGHT, y};
    put_line(p, "grid", left, right);
    text_open(p, "tick end", (struct hsy_point){LEFT - 8, y + 4});
    put_tick_text(p, value, step);
}

/* The largest power of ten that is not above @value. */
static double power_below(double value)
{
    double power = exp(LN_10 * floor(log(value) / LN_10 + 1e-9));
    HSY_ASSERT(power > 0);
    return power;
}

static double step_of(double span)
{
    double step = power_below(span / 5);
    double rest = span / 5 / step;
    rest -= 1e-9;
    return rest > 5   ? step * 10
           : rest > 2 ? step * 5
           : rest > 1 ? step * 2
                      : step;
}

double hsy_plot_round_up(double value)
{
    if (!(value > 0)) {
        return 1;
    }
    double step = step_of(value);
    return ceil(value / step - 1e-9) * step;
}

static void put_log_ticks(const struct hsy_plot *p, const struct hsy_axis *a,
                          void (*put)(const struct hsy_plot *p, double value,
                                      double step))
{
    static const double parts[] = {1, 2, 5};
    int count = a->max / a->min < 200 ? 3 : 1;
    for (double v = power_below(a->min); v <= a->max; v *= 10) {
        for (int i = 0; i < count; i++) {
            double at = v * parts[i];
            if (at >= a->min * 0.9999 && at <= a->max * 1.0001) {
                put(p, at, v);
            }
        }
    }
}

static void put_ticks(const struct hsy_plot *p, const struct hsy_axis *a,
                      void (*put)(const struct hsy_plot *p, double value,
                                  double step))
{
    if (a->is_log) {
        put_log_ticks(p, a, put);
        return;
    }
    double step = step_of(a->max - a->min);
    step = a->is_whole && step < 1 ? 1 : step;
    double first = ceil(a->min / step - 1e-9);
    for (int i = 0; i < 12; i++) {
        double v = (first + i) * step;
        if (v <= a->max + step * 1e-6) {
            put(p, v, step);
        }
    }
}

static void put_label(const struct hsy_plot *p, const char *label)
{
    hsy_text_html(p->out, label);
    hsy_text_put(p->out, "</text>\n");
}

void hsy_plot_open(const struct hsy_plot *p, const char *says)
{
    HSY_ASSERT(p->x.min < p->x.max);
    HSY_ASSERT(p->y.min < p->y.max);
    HSY_ASSERT(!p->x.is_log || p->x.min > 0);
    HSY_ASSERT(!p->y.is_log || p->y.min > 0);
    hsy_text_put(p->out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                         "role=\"img\" viewBox=\"0 0 640 360\">\n<title>");
    hsy_text_html(p->out, says);
    hsy_text_put(p->out, "</title>\n");
    put_ticks(p, &p->x, x_tick);
    put_ticks(p, &p->y, y_tick);
    struct hsy_point corner = {LEFT, BOTTOM};
    put_line(p, "axis", corner, (struct hsy_point){RIGHT, BOTTOM});
    put_line(p, "axis", corner, (struct hsy_point){LEFT, TOP});
    text_open(p, "label mid",
              (struct hsy_point){(LEFT + RIGHT) / 2, HEIGHT - 12});
    put_label(p, p->x.label);
    hsy_text_put(p->out, "<text class=\"label mid\" transform=\"translate(16 ");
    hsy_text_fixed(p->out, (TOP + BOTTOM) / 2, 0);
    hsy_text_put(p->out, ") rotate(-90)\">");
    put_label(p, p->y.label);
}

void hsy_plot_close(const struct hsy_plot *p)
{
    hsy_text_put(p->out, "</svg>\n");
}

static const char *class_of(enum hsy_series series)
{
    return series == HSY_SERIES_FIRST ? "first" : "second";
}

void hsy_plot_line_open(const struct hsy_plot *p, enum hsy_series series)
{
    hsy_text_put(p->out, "<polyline class=\"line ");
    hsy_text_put(p->out, class_of(series));
    hsy_text_put(p->out, "\" points=\"");
}

void hsy_plot_line_point(const struct hsy_plot *p, struct hsy_point at)
{
    put_number(p, "", x_of(p, at.x));
    put_number(p, ",", y_of(p, at.y));
    hsy_text_put(p->out, " ");
}

void hsy_plot_line_close(const struct hsy_plot *p)
{
    hsy_text_put(p->out, "\"/>\n");
}

void hsy_plot_dot(const struct hsy_plot *p, enum hsy_series series,
                  struct hsy_point at)
{
    hsy_text_put(p->out, "<circle class=\"dot ");
    hsy_text_put(p->out, class_of(series));
    put_number(p, "\" cx=\"", x_of(p, at.x));
    put_number(p, "\" cy=\"", y_of(p, at.y));
    hsy_text_put(p->out, "\" r=\"3\"/>\n");
}

void hsy_plot_bar(const struct hsy_plot *p, enum hsy_series series,
                  const struct hsy_bar *bar)
{
    double from = x_of(p, bar->from);
    double width = x_of(p, bar->to) - from;
    double top = y_of(p, bar->y);
    double gap = width > 4 ? 1 : 0;
    HSY_ASSERT(bar->from <= bar->to);
    hsy_text_put(p->out, "<rect class=\"bar ");
    hsy_text_put(p->out, class_of(series));
    put_number(p, "\" x=\"", from + gap / 2);
    put_number(p, "\" y=\"", top);
    put_number(p, "\" width=\"", width - gap);
    put_number(p, "\" height=\"", BOTTOM - top);
    hsy_text_put(p->out, "\"/>\n");
}

void hsy_plot_legend(const struct hsy_plot *p, enum hsy_series series,
                     const char *text)
{
    double y = TOP + 16 + (series == HSY_SERIES_FIRST ? 0 : 20);
    hsy_text_put(p->out, "<rect class=\"bar ");
    hsy_text_put(p->out, class_of(series));
    put_number(p, "\" x=\"", RIGHT - 20);
    put_number(p, "\" y=\"", y - 9);
    hsy_text_put(p->out, "\" width=\"12\" height=\"10\"/>\n");
    text_open(p, "tick end", (struct hsy_point){RIGHT - 28, y});
    put_label(p, text);
}
