/* config.txt: the seed list (docs/reference.md). One `host:port [KEY]` a
 * line, # comments, blank lines free; the same seed twice counts once: the
 * same address (host in either case; a KEY on any of the lines holds), or the
 * same KEY, whose first address stays. At most HEARSAY_SEEDS_MAX addresses. */
#ifndef HSY_BASE_SEEDLIST_H
#define HSY_BASE_SEEDLIST_H

#include "hearsay.h"

struct hsy_seedlist {
    struct hearsay_seed seeds[HEARSAY_SEEDS_MAX];
    uint32_t count;
};

/* Where parsing failed and why. */
struct hsy_parse_error {
    uint32_t line; /* From 1; 0 = the file as a whole. */
    char text[160];
};

/* HEARSAY_ERR_MALFORMED: *@error says where and why; @out is undefined.
 * An empty list is an error too. Refuses NUL bytes and lines over 512 bytes.
 */
HEARSAY_MUST_USE int hsy_seedlist_parse(struct hsy_seedlist *out,
                                        const char *text, size_t text_len,
                                        struct hsy_parse_error *error);

#endif
