/* Durations `<int>(ms|s|m|h)` and sizes `<int>[KiB|MiB]`. */
#ifndef HSY_BASE_QUANTITY_H
#define HSY_BASE_QUANTITY_H

#include "hearsay.h"

/* HEARSAY_ERR_MALFORMED: not a duration, or over 10 years (of 365 days). A
 * bare "0" is a duration too. Each parser leaves its output untouched then. */
HEARSAY_MUST_USE int hsy_duration_parse(uint64_t *out_ns, const char *text);
/* HEARSAY_ERR_MALFORMED: not a size, or over 1 TiB. */
HEARSAY_MUST_USE int hsy_size_parse(uint64_t *out_len, const char *text);
/* Decimal digits only; HEARSAY_ERR_MALFORMED also when over @max. */
HEARSAY_MUST_USE int hsy_uint_parse(uint64_t *out, const char *text,
                                    uint64_t max);

#endif
