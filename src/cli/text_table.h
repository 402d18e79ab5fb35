/* Tables for people, out of arrays of JSON objects. */
#ifndef HSY_CLI_TEXT_TABLE_H
#define HSY_CLI_TEXT_TABLE_H

#include "hearsay.h"

#include <jansson.h>
#include <stdio.h>

enum { HSY_CELL_MAX = 256, HSY_COLUMNS_MAX = 12 };

struct hsy_column {
    const char *title; /* NULL ends the columns. */
    const char *key;
    /* Writes the value of @key, at most HSY_CELL_MAX bytes with its NUL. */
    void (*cell)(const json_t *value, char *out);
};

/* Columns as wide as their widest cell; lines cut at @width columns, 0 =
 * never. @bold: terminal codes around the titles. */
struct hsy_table_look {
    uint32_t width;
    bool bold;
};

void hsy_table_print(FILE *out, const struct hsy_column *columns,
                     const json_t *rows, struct hsy_table_look look);

/* What suits @stream: its width and colours when it is a terminal. */
struct hsy_table_look hsy_table_look_of(FILE *stream);

/* Cells that many tables have. */
void hsy_cell_text(const json_t *value, char *out);
void hsy_cell_id(const json_t *value, char *out);    /* The first 8 digits. */
void hsy_cell_texts(const json_t *value, char *out); /* An array of texts. */

#endif
