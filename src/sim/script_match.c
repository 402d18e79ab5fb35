/* Patterns against the words of a line, and what to say when none fits: of
 * all patterns that were tried, those that came furthest name together what
 * was expected there. */
#include "base/assert.h"
#include "core/counters.h"
#include "sim/script_parser.h"
#include "sim/story.h"

#include <string.h>

/* ---------------------------------------------------------------- errors */

int hsy_parser_fail(struct hsy_parser *p, uint32_t token, const char *text,
                    const char *more)
{
    p->error->line = p->line;
    p->error->column =
        token < p->count ? p->tokens[token].column : p->end_column;
    struct hsy_line line = hsy_line(p->error->text, sizeof(p->error->text));
    if (token < p->count) {
        hsy_line_text(&line, "\"");
        hsy_line_text(&line, p->tokens[token].text);
        hsy_line_text(&line, "\": ");
    }
    hsy_line_text(&line, text);
    hsy_line_text(&line, more == NULL ? "" : more);
    return HEARSAY_ERR_MALFORMED;
}

static bool piece_is(const struct hsy_piece *piece, const char *text)
{
    return strlen(text) == piece->len &&
           memcmp(piece->text, text, piece->len) == 0;
}

/* What stands for a placeholder in an error. */
static const struct {
    const char *piece, *text;
} meanings[] = {
    {"$who", "nodes (peer 3, 3, peer 1..5, peers, seed 1, seeds, hub, "
             "top 5%, 30% of peers)"},
    {"$others", "other nodes, or * for everybody else"},
    {"$n", "a number"},
    {"$time", "a time (500ms, 20s, 2m, 1h)"},
    {"$span", "a span of time (20s..45s)"},
    {"$percent", "a share (2.5%)"},
    {"$jump", "a jump (+3650d, -1h)"},
    {"$word", "a word"},
    {"$state", "alive, dead, left, absent or gone"},
    {"$phase", "waiting, none, starting, joining, joined, serving or "
               "leaving"},
    {"$event", "the name of a log event"},
    {"$counter", "the name of a counter"},
    {"$rule", "preferential, top-half or uniform"},
    {"$invariant", "the name of an invariant (B1..B7, R1..R8, O1..O4, "
                   "S1..S4, D1..D3, Q1)"},
};

static void put_piece(struct hsy_line *line, const struct hsy_piece *piece)
{
    if (piece->len == 0) {
        hsy_line_text(line, "the end of the line");
        return;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (piece_is(piece, meanings[i].piece)) {
            hsy_line_text(line, meanings[i].text);
            return;
        }
    }
    hsy_line_piece(line, piece->text, piece->len);
}

int hsy_parser_fail_expected(struct hsy_parser *p)
{
    if (p->reason != NULL) {
        return hsy_parser_fail(p, p->furthest, p->reason, NULL);
    }
    char text[HSY_SCENARIO_ERROR_LEN];
    struct hsy_line line = hsy_line(text, sizeof(text));
    hsy_line_text(&line, p->furthest < p->count
                             ? "not understood here; expected "
                             : "the line ends too early; expected ");
    for (uint32_t i = 0; i < p->expected_count; i++) {
        bool last = i + 1 == p->expected_count;
        hsy_line_text(&line, i == 0 ? "" : last ? " or " : ", ");
        put_piece(&line, &p->expected[i]);
    }
    return hsy_parser_fail(p, p->furthest, text, NULL);
}

void hsy_parser_look(struct hsy_parser *p)
{
    p->furthest = 0;
    p->expected_count = 0;
    p->reason = NULL;
}

/* A pattern wanted @piece at word @at and did not find it. */
static void expected(struct hsy_parser *p, uint32_t at, const char *text,
                     size_t len)
{
    if (at < p->furthest) {
        return;
    }
    if (at > p->furthest) {
        hsy_parser_look(p);
        p->furthest = at;
    }
    for (uint32_t i = 0; i < p->expected_count; i++) {
        if (p->expected[i].len == len &&
            memcmp(p->expected[i].text, text, len) == 0) {
            return;
        }
    }
    if (p->expected_count < HSY_EXPECTED_MAX) {
        p->expected[p->expected_count] =
            (struct hsy_piece){.text = text, .len = len};
        p->expected_count++;
    }
}

/* ------------------------------------------------------------------ pieces */

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0) {
        words++;
    }
    return *words != NULL;
}

static uint32_t take_word(struct hsy_args *args, const char *text)
{
    size_t len = strlen(text);
    HSY_ASSERT(args->words_count < 3);
    if (len >= HSY_SCRIPT_WORD) {
        return 0;
    }
    memcpy(args->words[args->words_count], text, len + 1);
    args->words_count++;
    return 1;
}

static uint32_t take_numbers(struct hsy_args *args, const uint64_t *span,
                             uint32_t count)
{
    HSY_ASSERT(args->numbers_count + count <= 4);
    for (uint32_t i = 0; i < count; i++) {
        args->numbers[args->numbers_count] = span[i];
        args->numbers_count++;
    }
    return 1;
}

static uint32_t match_span(struct hsy_parser *p, uint32_t at,
                           struct hsy_args *args)
{
    uint64_t span[2];
    if (!hsy_parser_times(p->tokens[at].text, span)) {
        return 0;
    }
    if (span[0] > span[1]) {
        expected(p, at, "$span", 5);
        p->reason = "this span goes back; its end must not be before its "
                    "beginning";
        return 0;
    }
    return take_numbers(args, span, 2);
}

static uint32_t match_nodes(struct hsy_parser *p, bool others, uint32_t at,
                            struct hsy_args *args)
{
    HSY_ASSERT(args->who_count < 2);
    struct hsy_who *who = &args->who[args->who_count];
    uint32_t taken = 1;
    if (others && strcmp(p->tokens[at].text, "*") == 0) {
        *who = (struct hsy_who){.others = true};
    } else {
        taken = hsy_parser_who(p, at, who);
    }
    args->who_count += taken > 0 ? 1 : 0;
    return taken;
}

static uint32_t match_value(const struct hsy_piece *piece, const char *text,
                            struct hsy_args *args)
{
    uint64_t span[2];
    bool single = strstr(text, "..") == NULL;
    if (piece_is(piece, "$n")) {
        return single && hsy_parser_numbers(text, span)
                   ? take_numbers(args, span, 1)
                   : 0;
    }
    if (piece_is(piece, "$time")) {
        return single && hsy_parser_times(text, span)
                   ? take_numbers(args, span, 1)
                   : 0;
    }
    if (piece_is(piece, "$percent")) {
        return hsy_parser_percent(text, span) ? take_numbers(args, span, 1) : 0;
    }
    if (piece_is(piece, "$jump")) {
        return hsy_parser_jump(text, &args->jump_ms) ? 1 : 0;
    }
    if (piece_is(piece, "$invariant")) {
        return hsy_invariant_find(text, &args->invariant) ? 1 : 0;
    }
    return 0;
}

/* Every event that a node in the simulator can note: those of docs/reference.md
 * but the runtime's. What nobody can ever note, as by a slip, would let a
 * `never event` pass for ever. */
static const char *const events[] = {"started",
                                     "registered",
                                     "peer-list",
                                     "joined",
                                     "no-quorum",
                                     "seed-lost",
                                     "seed-unreachable",
                                     "seed-mute",
                                     "not-a-seed",
                                     "seed-full",
                                     "no-address",
                                     "seed-twice",
                                     "connect",
                                     "disconnect",
                                     "gossip-sent",
                                     "gossip-seen",
                                     "strike",
                                     "dead-report",
                                     "dead-report-ignored",
                                     "doubt",
                                     "doubt-over",
                                     "dead-report-muted",
                                     "notifier-muted",
                                     "peer-plays-dead",
                                     "dead-refuted",
                                     "dialable",
                                     "undialable",
                                     "dead-verdict",
                                     "trial-dropped",
                                     "dead-removed",
                                     "peer-registered",
                                     "peer-left",
                                     "degree",
                                     "lease-expired",
                                     "rows-refused",
                                     "bridge",
                                     "link-refused",
                                     "refused-there",
                                     "error-received",
                                     "slow-closed",
                                     "store-row-skipped",
                                     "lost",
                                     "late",
                                     "equivocation",
                                     NULL};

static const char *const counters[] = {
#define X(name) #name,
    HSY_COUNTERS(X)
#undef X
        NULL};

static uint32_t match_word(const struct hsy_piece *piece, const char *text,
                           struct hsy_args *args)
{
    static const char *const states[] = {"alive",  "dead", "left",
                                         "absent", "gone", NULL};
    static const char *const phases[] = {"waiting", "none",   "starting",
                                         "joining", "joined", "serving",
                                         "leaving", NULL};
    static const char *const rules[] = {"preferential", "top-half", "uniform",
                                        NULL};
    static const struct {
        const char *piece;
        const char *const *words;
    } sets[] = {{"$state", states},
                {"$phase", phases},
                {"$event", events},
                {"$counter", counters},
                {"$rule", rules}};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (piece_is(piece, sets[i].piece)) {
            return is_one_of(text, sets[i].words) ? take_word(args, text) : 0;
        }
    }
    return piece_is(piece, "$word") ? take_word(args, text) : 0;
}

/* Returns the words taken; 0: does not match. */
static uint32_t match_piece(struct hsy_parser *p, const struct hsy_piece *piece,
                            uint32_t at, struct hsy_args *args)
{
    const char *text = p->tokens[at].text;
    if (piece->text[0] != '$') {
        return piece_is(piece, text) ? 1 : 0;
    }
    bool others = piece_is(piece, "$others");
    if (others || piece_is(piece, "$who")) {
        return match_nodes(p, others, at, args);
    }
    if (piece_is(piece, "$span")) {
        return match_span(p, at, args);
    }
    uint32_t taken = match_value(piece, text, args);
    return taken > 0 ? taken : match_word(piece, text, args);
}

uint32_t hsy_parser_match(struct hsy_parser *p, const char *pattern,
                          uint32_t from, struct hsy_args *args)
{
    *args = (struct hsy_args){0};
    uint32_t at = from;
    while (*pattern != '\0') {
        struct hsy_piece piece = {.text = pattern,
                                  .len = strcspn(pattern, " ")};
        uint32_t taken = at < p->count ? match_piece(p, &piece, at, args) : 0;
        if (taken == 0) {
            expected(p, at, piece.text, piece.len);
            return 0;
        }
        at += taken;
        pattern += piece.len;
        pattern += *pattern == ' ' ? 1 : 0;
    }
    return at - from;
}

bool hsy_parser_match_rest(struct hsy_parser *p, const char *pattern,
                           uint32_t from, struct hsy_args *args)
{
    uint32_t taken = hsy_parser_match(p, pattern, from, args);
    if (taken > 0 && from + taken < p->count) {
        expected(p, from + taken, "", 0);
    }
    return taken > 0 && from + taken == p->count;
}

/* ------------------------------------------------------------------- words */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int refuse_at(struct hsy_parser *p, size_t at, const char *text)
{
    p->count = 0;
    p->end_column = (uint32_t)at + 1;
    return hsy_parser_fail(p, 0, text, NULL);
}

/* The word from @start on. Returns where it ends; 0: said what is wrong. */
static size_t read_word(struct hsy_parser *p, const char *text, size_t len,
                        size_t start)
{
    size_t at = start;
    for (; at < len && !is_blank(text[at]); at++) {
        if (text[at] < '!' || text[at] > '~') {
            (void)refuse_at(p, at,
                            "a byte that is no printable ASCII; other "
                            "text belongs into a comment");
            return 0;
        }
    }
    if (at - start >= HSY_TOKEN_MAX || p->count == HSY_WORDS_MAX) {
        (void)refuse_at(p, start,
                        at - start >= HSY_TOKEN_MAX
                            ? "this word is too long; at most 63 bytes"
                            : "this line has too many words; at most 48");
        return 0;
    }
    struct hsy_token *token = &p->tokens[p->count];
    memcpy(token->text, text + start, at - start);
    token->text[at - start] = '\0';
    token->column = (uint32_t)start + 1;
    p->count++;
    return at;
}

int hsy_parser_split(struct hsy_parser *p, const char *text, size_t len)
{
    p->count = 0;
    hsy_parser_look(p);
    if (len > HSY_LINE_MAX) {
        return refuse_at(p, HSY_LINE_MAX,
                         "this line is too long; at most 512 bytes");
    }
    if (memchr(text, '\0', len) != NULL) {
        return refuse_at(p, 0, "this is no text: it has a byte of value 0");
    }
    size_t at = 0;
    while (true) {
        while (at < len && is_blank(text[at])) {
            at++;
        }
        p->end_column = (uint32_t)at + 1;
        if (at == len || text[at] == '#') {
            return HEARSAY_OK;
        }
        at = read_word(p, text, len, at);
        if (at == 0) {
            return HEARSAY_ERR_MALFORMED;
        }
    }
}
