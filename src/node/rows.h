/* The seal of a row: what guards a store against bits that flip, rows that are
 * cut, and rows that change places. Rows get it when they leave as effects,
 * and must have it when they come back. */
#ifndef HSY_NODE_ROWS_H
#define HSY_NODE_ROWS_H

#include "hearsay.h"

enum { HSY_SEAL_LEN = 8, HSY_TABLES_COUNT = HEARSAY_TABLE_MESSAGES + 1 };

/* What belongs behind the value of @row, which is not deleted and has none
 * yet. */
void hsy_row_seal(uint8_t out[HSY_SEAL_LEN], const struct hearsay_row *row);

/* Takes the seal off the value, which stays where it is. False: it does not
 * fit, and *@row is unchanged. */
HEARSAY_MUST_USE bool hsy_row_unseal(struct hearsay_row *row);

/* As the views of the database call it; "unknown" for any other number. */
const char *hsy_table_name(enum hearsay_table table);

#endif
