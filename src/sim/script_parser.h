/* What the files of the parser share. Only scenario.c and script_*.c include
 * this. */
#ifndef HSY_SIM_SCRIPT_PARSER_H
#define HSY_SIM_SCRIPT_PARSER_H

#include "sim/script.h"

enum {
    HSY_WORDS_MAX = 48,
    HSY_TOKEN_MAX = 64,
    HSY_EXPECTED_MAX = 40,
    HSY_LINE_MAX = 512
};

struct hsy_token {
    char text[HSY_TOKEN_MAX];
    uint32_t column;
};

/* A piece of a pattern. */
struct hsy_piece {
    const char *text;
    size_t len;
};

/* What is certain about a node at the time of the last action. */
enum hsy_certain {
    HSY_CERTAIN_FRESH, /* Runs since 0; nothing was done to it. */
    HSY_CERTAIN_UP,
    HSY_CERTAIN_FROZEN,
    HSY_CERTAIN_DOWN,
    HSY_CERTAIN_NOTHING
};

struct hsy_parser {
    struct hsy_scenario *s;
    struct hsy_scenario_error *error;
    struct hsy_token tokens[HSY_WORDS_MAX];
    uint32_t count;
    uint32_t line;
    uint32_t end_column;
    /* The furthest that any pattern came on this line, and what each of those
     * wanted there; an empty piece is the end of the line. */
    uint32_t furthest;
    uint32_t expected_count;
    struct hsy_piece expected[HSY_EXPECTED_MAX];
    const char *reason; /* Or: what is wrong with the word there. */
    uint32_t options_seen;
    uint64_t last_action_ns;
    bool any_cut;
    uint8_t *certain; /* Owned: an enum hsy_certain per node. */
    bool *cut;        /* Owned: per node, whether a cut may have met it. */
};

/* --------------------------------------------------------- script_match.c */

/* Splits @text of @len bytes into tokens. HEARSAY_ERR_MALFORMED: said. */
HEARSAY_MUST_USE int hsy_parser_split(struct hsy_parser *p, const char *text,
                                      size_t len);
/* Forgets how far patterns came. */
void hsy_parser_look(struct hsy_parser *p);
/* How many words from @from on @pattern takes; 0: it does not match. */
HEARSAY_MUST_USE uint32_t hsy_parser_match(struct hsy_parser *p,
                                           const char *pattern, uint32_t from,
                                           struct hsy_args *args);
/* The same, of the whole rest of the line. */
HEARSAY_MUST_USE bool hsy_parser_match_rest(struct hsy_parser *p,
                                            const char *pattern, uint32_t from,
                                            struct hsy_args *args);

/* Both: HEARSAY_ERR_MALFORMED. @text may be followed by @more, or NULL. */
int hsy_parser_fail(struct hsy_parser *p, uint32_t token, const char *text,
                    const char *more);
int hsy_parser_fail_expected(struct hsy_parser *p);

/* ---------------------------------------------------------- script_who.c */

/* The words taken; 0: nobody. */
uint32_t hsy_parser_who(struct hsy_parser *p, uint32_t at, struct hsy_who *out);
/* "A" to "B", both at most UINT32_MAX; "A" for both. */
bool hsy_parser_numbers(const char *text, uint64_t out[2]);
bool hsy_parser_times(const char *text, uint64_t out[2]);
/* "12.5%" */
bool hsy_parser_percent(const char *text, uint64_t *out_ppm);
/* "+10d", "-1h" */
bool hsy_parser_jump(const char *text, int64_t *out_ms);

/* ------------------------------------------------------ script_options.c */

/* `cluster ...`, and options from word @at on. */
HEARSAY_MUST_USE int hsy_parser_cluster(struct hsy_parser *p);
HEARSAY_MUST_USE int hsy_parser_options(struct hsy_parser *p, uint32_t at);
/* `weather ...`: the words from @at on. */
HEARSAY_MUST_USE int hsy_parser_weather(struct hsy_parser *p,
                                        struct hsy_statement *st, uint32_t at);

/* -------------------------------------------------------- script_check.c */

/* Could this action be done, after those before it? */
HEARSAY_MUST_USE int hsy_parser_check_action(struct hsy_parser *p,
                                             const struct hsy_statement *st);
/* Is this expectation one that anything could meet or break? */
HEARSAY_MUST_USE int hsy_parser_check_claim(struct hsy_parser *p,
                                            const struct hsy_statement *st);
/* After the last line. */
HEARSAY_MUST_USE int hsy_parser_check_end(struct hsy_parser *p);

#endif
