/* Plots as SVG: a frame with ticks and labels, and lines, dots and bars in
 * it. Colours and fonts come from the classes of the page around it. */
#ifndef HSY_SIM_PLOT_H
#define HSY_SIM_PLOT_H

#include "sim/text.h"

struct hsy_axis {
    const char *label;
    double min, max; /* min < max; 0 < min when it is logarithmic. */
    bool is_log;
    bool is_whole; /* Counts: no tick between two whole numbers. */
};

struct hsy_plot {
    struct hsy_text *out;
    struct hsy_axis x, y;
};

enum hsy_series { HSY_SERIES_FIRST, HSY_SERIES_SECOND };

/* Frame, grid, ticks and labels; @says is what a screen reader reads. */
void hsy_plot_open(const struct hsy_plot *p, const char *says);
void hsy_plot_close(const struct hsy_plot *p);

struct hsy_point {
    double x, y; /* Outside of the axes: drawn at their ends. */
};
/* open, points, close. */
void hsy_plot_line_open(const struct hsy_plot *p, enum hsy_series series);
void hsy_plot_line_point(const struct hsy_plot *p, struct hsy_point at);
void hsy_plot_line_close(const struct hsy_plot *p);
void hsy_plot_dot(const struct hsy_plot *p, enum hsy_series series,
                  struct hsy_point at);
/* From the bottom up to @y. */
struct hsy_bar {
    double from, to, y;
};
void hsy_plot_bar(const struct hsy_plot *p, enum hsy_series series,
                  const struct hsy_bar *bar);
/* What a series is, in the upper right corner; one line each. */
void hsy_plot_legend(const struct hsy_plot *p, enum hsy_series series,
                     const char *text);

/* A round number that is not below @value, for the end of an axis. */
double hsy_plot_round_up(double value);

#endif
