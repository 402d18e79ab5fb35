/* Flags as a table: one row gives the parser its rule and --help its line.
 * Nothing here prints to stderr or exits, so that tests can claim texts. */
#ifndef HSY_CLI_FLAGS_H
#define HSY_CLI_FLAGS_H

#include "base/compiler.h"
#include "base/range.h"
#include "hearsay.h"

#include <stdio.h>

enum { HSY_FLAGS_MAX = 48 };

/* What was wrong with the command line: names the flag, the value, and what
 * is accepted. */
struct hsy_usage_error {
    char text[512];
};

struct hsy_flag {
    const char *name;  /* Without dashes; NULL ends a table. */
    const char *value; /* What stands for its value in --help; NULL: none. */
    const char *help;  /* NULL: hidden. */
    int id;
};

/* Everything about one subcommand's use. */
struct hsy_usage {
    const char *command;  /* "peer" */
    const char *operands; /* "[TEXT...]"; "" when there are none. */
    const char *summary;
    const char *example;
    const struct hsy_flag *flags;
    /* Of a subcommand that has several uses: what is typed for this one, NULL:
     * the command; what it takes, NULL: "flags only"; and the other uses, up to
     * a NULL, so that a flag of theirs is told from one that does not exist. */
    const char *typed;
    const char *takes;
    const struct hsy_usage *const *others;
};

/* Takes one flag; @value is NULL when it has none. On a negative return
 * @error says why. */
typedef int (*hsy_flag_set)(void *ctx, const struct hsy_flag *flag,
                            const char *value, struct hsy_usage_error *error);

struct hsy_flag_taker {
    hsy_flag_set set;
    void *ctx;
};

/* Reads argv[1..] and calls @taker for each flag. *@out_first is the index of
 * the first operand; a usage without operands refuses any.
 * HEARSAY_ERR_INVALID: @error says why. May reorder @argv. */
HEARSAY_MUST_USE int hsy_flags_scan(const struct hsy_usage *usage, int argc,
                                    char **argv, struct hsy_flag_taker taker,
                                    int *out_first,
                                    struct hsy_usage_error *error);

/* Usage, flags and example. */
void hsy_flags_help(FILE *out, const struct hsy_usage *usage);

/* Notes in *@given, a bit for each id, that @flag was given. Twice with a value
 * is refused: one of the two would go unheard. */
HEARSAY_MUST_USE int hsy_flag_once(const struct hsy_flag *flag, uint64_t *given,
                                   struct hsy_usage_error *error);

/* Fills in @error; always HEARSAY_ERR_INVALID. */
int hsy_flag_refuse(struct hsy_usage_error *error, const char *format, ...)
    HSY_PRINTF(2, 3);

/* Each reads one value, or names the flag, the value and the accepted range
 * in @error. Durations are in ns. */
HEARSAY_MUST_USE int hsy_flag_duration(const struct hsy_flag *flag,
                                       const char *value,
                                       struct hsy_range range, uint64_t *out,
                                       struct hsy_usage_error *error);
/* What a message is about, as it is; lent. */
HEARSAY_MUST_USE int hsy_flag_topic(const struct hsy_flag *flag,
                                    const char *value, const char **out,
                                    struct hsy_usage_error *error);
/* Bytes, "N", "NKiB" or "NMiB". */
HEARSAY_MUST_USE int hsy_flag_size(const struct hsy_flag *flag,
                                   const char *value, struct hsy_range range,
                                   uint64_t *out,
                                   struct hsy_usage_error *error);
HEARSAY_MUST_USE int hsy_flag_uint(const struct hsy_flag *flag,
                                   const char *value, struct hsy_range range,
                                   uint64_t *out,
                                   struct hsy_usage_error *error);
/* @names ends with NULL; *@out is an index into it. */
HEARSAY_MUST_USE int hsy_flag_choice(const struct hsy_flag *flag,
                                     const char *value,
                                     const char *const *names, uint32_t *out,
                                     struct hsy_usage_error *error);

#endif
