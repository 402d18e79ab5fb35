/* Two passes over the rows: the first measures, the second prints, and no
 * cell is kept. Names come from other machines, so control bytes, which could
 * drive the reader's terminal, are shown as "?". */
#include "cli/text_table.h"

#include "base/assert.h"
#include "cli/cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { GAP = 2 };

/* Columns on a terminal, as far as one per code point is true. */
static uint32_t text_width(const char *text)
{
    uint32_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0U) != 0x80U ? 1 : 0;
    }
    return width;
}

static void defuse(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

static void make_cell(const struct hsy_column *column, const json_t *row,
                      char out[HSY_CELL_MAX])
{
    out[0] = '\0';
    column->cell(json_object_get(row, column->key), out);
    defuse(out);
    if (out[0] == '\0') {
        memcpy(out, "-", 2);
    }
}

/* The line being printed, and how much of it fits yet. */
struct line {
    FILE *out;
    uint32_t width, at;
};

static void print_padded(struct line *line, const char *text, uint32_t width)
{
    for (; *text != '\0'; text++) {
        bool starts = ((unsigned char)*text & 0xc0U) != 0x80U;
        if (line->width > 0 && starts && line->at >= line->width) {
            return;
        }
        line->at += starts ? 1 : 0;
        width -= starts && width > 0 ? 1 : 0;
        fputc(*text, line->out);
    }
    for (; width > 0 && (line->width == 0 || line->at < line->width); width--) {
        fputc(' ', line->out);
        line->at++;
    }
}

static void measure(const struct hsy_column *columns, const json_t *rows,
                    uint32_t widths[HSY_COLUMNS_MAX])
{
    char cell[HSY_CELL_MAX];
    for (uint32_t c = 0; columns[c].title != NULL; c++) {
        HSY_ASSERT(c < HSY_COLUMNS_MAX);
        widths[c] = text_width(columns[c].title);
        for (size_t r = 0; r < json_array_size(rows); r++) {
            make_cell(&columns[c], json_array_get(rows, r), cell);
            uint32_t width = text_width(cell);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
}

/* @row NULL: the titles. */
static void print_row(FILE *out, const struct hsy_column *columns,
                      const json_t *row, const uint32_t widths[HSY_COLUMNS_MAX],
                      uint32_t width)
{
    struct line line = {.out = out, .width = width};
    char cell[HSY_CELL_MAX];
    for (uint32_t c = 0; columns[c].title != NULL; c++) {
        const char *text = columns[c].title;
        if (row != NULL) {
            make_cell(&columns[c], row, cell);
            text = cell;
        }
        bool last = columns[c + 1].title == NULL;
        print_padded(&line, text, last ? 0 : widths[c] + GAP);
    }
}

void hsy_table_print(FILE *out, const struct hsy_column *columns,
                     const json_t *rows, struct hsy_table_look look)
{
    uint32_t widths[HSY_COLUMNS_MAX] = {0};
    measure(columns, rows, widths);
    fputs(look.bold ? "\033[1m" : "", out);
    print_row(out, columns, NULL, widths, look.width);
    fputs(look.bold ? "\033[0m\n" : "\n", out);
    for (size_t r = 0; r < json_array_size(rows); r++) {
        print_row(out, columns, json_array_get(rows, r), widths, look.width);
        fputc('\n', out);
    }
}

struct hsy_table_look hsy_table_look_of(FILE *stream)
{
    struct winsize size = {0};
    int fd = fileno(stream);
    struct hsy_table_look look = {.bold = hsy_cli_colours(fd)};
    if (isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0) {
        look.width = size.ws_col;
    }
    return look;
}

void hsy_cell_text(const json_t *value, char *out)
{
    if (json_is_string(value)) {
        snprintf(out, HSY_CELL_MAX, "%s", json_string_value(value));
    } else if (json_is_number(value)) {
        size_t len = json_dumpb(value, out, HSY_CELL_MAX - 1,
                                JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        out[len < HSY_CELL_MAX ? len : 0] = '\0';
    }
}

void hsy_cell_id(const json_t *value, char *out)
{
    const char *id = json_string_value(value);
    snprintf(out, HSY_CELL_MAX, "%.8s", id != NULL ? id : "");
}

void hsy_cell_texts(const json_t *list, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        int more = snprintf(out + len, HSY_CELL_MAX - len, "%s%s",
                            i == 0 ? "" : " ", text != NULL ? text : "");
        if (more < 0 || (size_t)more >= HSY_CELL_MAX - len) {
            return;
        }
        len += (size_t)more;
    }
}
