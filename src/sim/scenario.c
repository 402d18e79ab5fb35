/* The parser of scenarios. Statements, options, actions and conditions are
 * tables of patterns, and one function matches a pattern against the words of
 * a line; so the language is its tables. Of the patterns that do not match,
 * the one that came furthest says what was expected and where. */
#include "sim/scenario.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "base/time.h"
#include "sim/script.h"
#include "sim/story.h"

#include <string.h>

enum { WORDS_MAX = 48, TOKEN_MAX = 64 };

struct token {
    char text[TOKEN_MAX];
    uint32_t column;
};

struct parser {
    struct hsy_scenario *s;
    struct hsy_scenario_error *error;
    struct token tokens[WORDS_MAX];
    uint32_t count;
    uint32_t line;
    uint32_t end_column;
    /* The furthest that any pattern came on this line. */
    uint32_t furthest;
    bool looked;
    const char *expected; /* NULL: the end of the line. */
    size_t expected_len;
};

/* ---------------------------------------------------------------- errors */

static int fail(struct parser *p, uint32_t token, const char *text)
{
    p->error->line = p->line;
    p->error->column =
        token < p->count ? p->tokens[token].column : p->end_column;
    struct hsy_line line = hsy_line(p->error->text, sizeof(p->error->text));
    hsy_line_text(&line, text);
    return HEARSAY_ERR_MALFORMED;
}

static int fail_expected(struct parser *p)
{
    char text[120];
    struct hsy_line line = hsy_line(text, sizeof(text));
    if (p->furthest < p->count) {
        hsy_line_text(&line, "\"");
        hsy_line_text(&line, p->tokens[p->furthest].text);
        hsy_line_text(&line, "\" is not understood here; expected ");
    } else {
        hsy_line_text(&line, "the line ends too early; expected ");
    }
    if (p->expected == NULL) {
        hsy_line_text(&line, "the end of the line");
    } else {
        hsy_line_piece(&line, p->expected, p->expected_len);
    }
    return fail(p, p->furthest, text);
}

/* --------------------------------------------------------------- values */

/* "A..B", or "A" for both. False: neither. */
static bool split_span(const char *text, char first[TOKEN_MAX],
                       char last[TOKEN_MAX])
{
    const char *dots = strstr(text, "..");
    size_t len = dots == NULL ? strlen(text) : (size_t)(dots - text);
    memcpy(first, text, len);
    first[len] = '\0';
    const char *second = dots == NULL ? text : dots + 2;
    memcpy(last, second, strlen(second) + 1);
    return len > 0 && second[0] != '\0';
}

static bool read_number_span(const char *text, uint64_t out[2])
{
    char first[TOKEN_MAX];
    char last[TOKEN_MAX];
    return split_span(text, first, last) &&
           hsy_uint_parse(&out[0], first, UINT32_MAX) == HEARSAY_OK &&
           hsy_uint_parse(&out[1], last, UINT32_MAX) == HEARSAY_OK &&
           out[0] <= out[1];
}

static bool read_time_span(const char *text, uint64_t out[2])
{
    char first[TOKEN_MAX];
    char last[TOKEN_MAX];
    return split_span(text, first, last) &&
           hsy_duration_parse(&out[0], first) == HEARSAY_OK &&
           hsy_duration_parse(&out[1], last) == HEARSAY_OK && out[0] <= out[1];
}

/* Numbers @text of a role, from 1, into node numbers. */
static bool read_members(const struct parser *p, const char *text, bool seeds,
                         struct hsy_who *out)
{
    uint64_t span[2];
    uint32_t count = seeds ? p->s->seeds : p->s->peers;
    if (!read_number_span(text, span) || span[0] < 1 || span[1] > count) {
        return false;
    }
    uint32_t base = seeds ? 0 : p->s->seeds;
    *out = (struct hsy_who){.first = base + (uint32_t)span[0] - 1,
                            .last = base + (uint32_t)span[1] - 1};
    return true;
}

/* The words taken; 0: nobody. */
static uint32_t read_who(const struct parser *p, uint32_t at,
                         struct hsy_who *out)
{
    const char *text = p->tokens[at].text;
    bool has_next = at + 1 < p->count;
    if (strcmp(text, "hub") == 0) {
        *out = (struct hsy_who){.hub = true};
        return 1;
    }
    if (strcmp(text, "peers") == 0 && p->s->peers > 0) {
        *out = (struct hsy_who){.first = p->s->seeds,
                                .last = p->s->seeds + p->s->peers - 1};
        return 1;
    }
    if (strcmp(text, "seeds") == 0) {
        *out = (struct hsy_who){.last = p->s->seeds - 1};
        return 1;
    }
    if (strcmp(text, "peer") == 0 || strcmp(text, "seed") == 0) {
        bool seeds = text[0] == 's';
        return has_next && read_members(p, p->tokens[at + 1].text, seeds, out)
                   ? 2
                   : 0;
    }
    return read_members(p, text, false, out) ? 1 : 0;
}

static bool is_state(const char *text)
{
    static const char *const states[] = {"alive", "dead", "left", "absent",
                                         "gone"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(text, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_word(struct hsy_args *args, const char *text)
{
    size_t len = strlen(text);
    HSY_ASSERT(args->words_count < 3);
    if (len >= HSY_SCRIPT_WORD) {
        return false;
    }
    memcpy(args->words[args->words_count], text, len + 1);
    args->words_count++;
    return true;
}

/* -------------------------------------------------------------- matching */

static bool piece_is(const char *piece, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(piece, text, len) == 0;
}

static bool take_numbers(struct hsy_args *args, const uint64_t *span,
                         uint32_t count)
{
    HSY_ASSERT(args->numbers_count + count <= 4);
    for (uint32_t i = 0; i < count; i++) {
        args->numbers[args->numbers_count] = span[i];
        args->numbers_count++;
    }
    return true;
}

/* One piece of a pattern against the words from @at on. Returns the words
 * taken; 0: does not match. */
static uint32_t match_piece(const struct parser *p, const char *piece,
                            size_t len, uint32_t at, struct hsy_args *args)
{
    uint64_t span[2];
    const char *text = p->tokens[at].text;
    bool is_span = strstr(text, "..") != NULL;
    if (piece_is(piece, len, "$who")) {
        HSY_ASSERT(args->who_count < 2);
        uint32_t taken = read_who(p, at, &args->who[args->who_count]);
        args->who_count += taken > 0 ? 1 : 0;
        return taken;
    }
    if (piece_is(piece, len, "$n")) {
        return !is_span && read_number_span(text, span) &&
               take_numbers(args, span, 1);
    }
    if (piece_is(piece, len, "$time")) {
        return !is_span && read_time_span(text, span) &&
               take_numbers(args, span, 1);
    }
    if (piece_is(piece, len, "$span")) {
        return read_time_span(text, span) && take_numbers(args, span, 2);
    }
    if (piece_is(piece, len, "$state")) {
        return is_state(text) && take_word(args, text);
    }
    if (piece_is(piece, len, "$word")) {
        return take_word(args, text);
    }
    return piece_is(piece, len, text);
}

/* How many words from @from on @pattern takes; 0: it does not match. */
static uint32_t match(struct parser *p, const char *pattern, uint32_t from,
                      struct hsy_args *args)
{
    *args = (struct hsy_args){0};
    uint32_t at = from;
    while (*pattern != '\0') {
        size_t len = strcspn(pattern, " ");
        uint32_t taken =
            at < p->count ? match_piece(p, pattern, len, at, args) : 0;
        if (taken == 0) {
            if (at > p->furthest || !p->looked) {
                p->looked = true;
                p->furthest = at;
                p->expected = pattern;
                p->expected_len = len;
            }
            return 0;
        }
        at += taken;
        pattern += len;
        pattern += *pattern == ' ' ? 1 : 0;
    }
    return at - from;
}

/* --------------------------------------------------------------- options */

enum option {
    OPTION_RNG,
    OPTION_PING,
    OPTION_PING_TIMEOUT,
    OPTION_GOSSIP,
    OPTION_COUNT,
    OPTION_UNLIMITED,
    OPTION_OVERLAY,
    OPTION_LINKS,
    OPTION_LINKS_MAX,
    OPTION_LATENCY,
    OPTION_JOBS,
    OPTION_DISK,
    OPTION_STAGGER,
    OPTION_LEASE,
    OPTION_JOIN_TIMEOUT,
    OPTION_ONE_HOST,
    OPTIONS
};

static const char *const options[OPTIONS] = {
    [OPTION_RNG] = "rng $n",
    [OPTION_PING] = "ping $time",
    [OPTION_PING_TIMEOUT] = "ping-timeout $time",
    [OPTION_GOSSIP] = "gossip $time",
    [OPTION_COUNT] = "count $n",
    [OPTION_UNLIMITED] = "count unlimited",
    [OPTION_OVERLAY] = "overlay $word",
    [OPTION_LINKS] = "links $n",
    [OPTION_LINKS_MAX] = "links-max $n",
    [OPTION_LATENCY] = "latency $span",
    [OPTION_JOBS] = "jobs $span",
    [OPTION_DISK] = "disk $span",
    [OPTION_STAGGER] = "stagger $span",
    [OPTION_LEASE] = "lease $time",
    [OPTION_JOIN_TIMEOUT] = "join-timeout $time",
    [OPTION_ONE_HOST] = "one host",
};

static bool set_overlay(struct hearsay_config *config, const char *rule)
{
    static const struct {
        const char *name;
        enum hearsay_overlay overlay;
    } rules[] = {{"preferential", HEARSAY_OVERLAY_PREFERENTIAL},
                 {"top-half", HEARSAY_OVERLAY_TOP_HALF},
                 {"uniform", HEARSAY_OVERLAY_UNIFORM}};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].name, rule) == 0) {
            config->overlay = rules[i].overlay;
            return true;
        }
    }
    return false;
}

static void set_both(struct hsy_scenario *s, enum option option, uint64_t value)
{
    struct hearsay_config *configs[] = {&s->seed_config, &s->peer_config};
    for (int i = 0; i < 2; i++) {
        if (option == OPTION_PING) {
            configs[i]->ping_interval_ns = value;
        } else if (option == OPTION_PING_TIMEOUT) {
            configs[i]->ping_timeout_ns = value;
        } else if (option == OPTION_LEASE) {
            configs[i]->lease_ns = value;
        } else if (option == OPTION_LINKS_MAX) {
            configs[i]->links_max = (uint32_t)value;
        }
    }
}

/* False: the value is out of range. */
static bool set_option(struct hsy_scenario *s, enum option option,
                       const struct hsy_args *args)
{
    uint64_t n = args->numbers[0];
    struct hsy_range range = {args->numbers[0], args->numbers[1]};
    switch (option) {
    case OPTION_RNG:
        s->rng = n;
        break;
    case OPTION_PING:
    case OPTION_PING_TIMEOUT:
    case OPTION_LEASE:
    case OPTION_LINKS_MAX:
        set_both(s, option, n);
        break;
    case OPTION_GOSSIP:
        s->peer_config.gossip_interval_ns = n;
        break;
    case OPTION_COUNT:
        s->peer_config.gossip_count = (uint32_t)n;
        break;
    case OPTION_UNLIMITED:
        s->peer_config.gossip_count = HEARSAY_UNLIMITED;
        break;
    case OPTION_OVERLAY:
        return set_overlay(&s->peer_config, args->words[0]);
    case OPTION_LINKS:
        s->peer_config.links_wanted = (uint32_t)n;
        return n >= 1 && n <= 64;
    case OPTION_LATENCY:
        s->latency_ns = range;
        break;
    case OPTION_JOBS:
        s->job_ns = range;
        break;
    case OPTION_DISK:
        s->disk_ns = range;
        break;
    case OPTION_STAGGER:
        s->stagger_ns = range;
        break;
    case OPTION_JOIN_TIMEOUT:
        s->peer_config.join_timeout_ns = n;
        break;
    case OPTION_ONE_HOST:
        s->one_host = true;
        break;
    case OPTIONS:
        return false;
    }
    return true;
}

static int parse_options(struct parser *p, uint32_t at)
{
    while (at < p->count) {
        struct hsy_args args;
        uint32_t taken = 0;
        unsigned option = 0;
        for (; option < OPTIONS && taken == 0; option++) {
            taken = match(p, options[option], at, &args);
        }
        if (taken == 0) {
            return fail_expected(p);
        }
        if (!set_option(p->s, (enum option)(option - 1), &args)) {
            return fail(p, at + taken - 1, "this value is out of range");
        }
        at += taken;
    }
    return HEARSAY_OK;
}

static int parse_cluster(struct parser *p)
{
    struct hsy_args args;
    uint32_t taken = match(p, "cluster $n seeds $n peers", 0, &args);
    if (taken == 0) {
        return fail_expected(p);
    }
    if (p->s->seeds > 0) {
        return fail(p, 0, "there is a cluster already");
    }
    if (args.numbers[0] < 1 || args.numbers[0] > HEARSAY_SEEDS_MAX) {
        return fail(p, 1, "a cluster has 1 to 32 seeds");
    }
    if (args.numbers[1] > 1000000) {
        return fail(p, 3, "a cluster has at most 1000000 peers");
    }
    p->s->seeds = (uint32_t)args.numbers[0];
    p->s->peers = (uint32_t)args.numbers[1];
    return parse_options(p, taken);
}

/* ------------------------------------------------------------- statements */

static const struct {
    const char *pattern;
    enum hsy_action action;
} actions[] = {
    {"kill $who", HSY_ACTION_KILL},        {"freeze $who", HSY_ACTION_FREEZE},
    {"thaw $who", HSY_ACTION_THAW},        {"start $who", HSY_ACTION_START},
    {"restart $who", HSY_ACTION_START},    {"leave $who", HSY_ACTION_LEAVE},
    {"isolate $who", HSY_ACTION_ISOLATE},  {"heal $who", HSY_ACTION_HEAL},
    {"cut $who <-> $who", HSY_ACTION_CUT}, {"publish $who", HSY_ACTION_PUBLISH},
};

static const struct {
    const char *pattern;
    enum hsy_verb verb;
} verbs[] = {
    {"at $time", HSY_VERB_AT},         {"until $span", HSY_VERB_UNTIL},
    {"expect $span", HSY_VERB_EXPECT}, {"hold $span", HSY_VERB_HOLD},
    {"never", HSY_VERB_NEVER},         {"end", HSY_VERB_END},
    {"run $time", HSY_VERB_RUN},
};

/* The whole rest of the line must be taken. */
static bool match_rest(struct parser *p, const char *pattern, uint32_t from,
                       struct hsy_args *args)
{
    uint32_t taken = match(p, pattern, from, args);
    if (taken > 0 && from + taken < p->count && from + taken > p->furthest) {
        p->looked = true;
        p->furthest = from + taken;
        p->expected = NULL;
    }
    return taken > 0 && from + taken == p->count;
}

static int parse_action(struct parser *p, struct hsy_statement *st, uint32_t at)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (match_rest(p, actions[i].pattern, at, &st->args)) {
            st->action = actions[i].action;
            return HEARSAY_OK;
        }
    }
    return fail_expected(p);
}

static int parse_condition(struct parser *p, struct hsy_statement *st,
                           uint32_t at)
{
    for (uint32_t i = 0; i < hsy_conditions_count(); i++) {
        if (match_rest(p, hsy_condition_pattern(i), at, &st->args)) {
            st->condition = i;
            return HEARSAY_OK;
        }
    }
    return fail_expected(p);
}

static int parse_statement(struct parser *p, struct hsy_statement *st)
{
    uint32_t taken = 0;
    struct hsy_args args;
    size_t i = 0;
    for (; i < sizeof(verbs) / sizeof(verbs[0]) && taken == 0; i++) {
        taken = match(p, verbs[i].pattern, 0, &args);
    }
    if (taken == 0) {
        return fail_expected(p);
    }
    if (p->s->seeds == 0) {
        return fail(p, 0, "the first statement must be cluster");
    }
    st->verb = verbs[i - 1].verb;
    st->from_ns = args.numbers[0];
    st->to_ns = args.numbers_count > 1 ? args.numbers[1] : args.numbers[0];
    p->s->end_ns = hsy_time_max(p->s->end_ns, st->to_ns);
    p->looked = false; /* What comes now is about the rest. */
    if (st->verb == HSY_VERB_AT) {
        return parse_action(p, st, taken);
    }
    if (st->verb == HSY_VERB_RUN) {
        return taken == p->count ? HEARSAY_OK
                                 : fail(p, taken, "nothing may follow here");
    }
    return parse_condition(p, st, taken);
}

/* ----------------------------------------------------------------- lines */

static int split_words(struct parser *p, const char *text, size_t len)
{
    p->count = 0;
    p->furthest = 0;
    p->looked = false;
    p->expected = NULL;
    size_t at = 0;
    while (true) {
        while (at < len && (text[at] == ' ' || text[at] == '\t')) {
            at++;
        }
        p->end_column = (uint32_t)at + 1;
        if (at == len || text[at] == '#') {
            return HEARSAY_OK;
        }
        size_t start = at;
        while (at < len && text[at] != ' ' && text[at] != '\t') {
            at++;
        }
        if (at - start >= TOKEN_MAX || p->count == WORDS_MAX) {
            p->error->line = p->line;
            p->error->column = (uint32_t)start + 1;
            struct hsy_line line =
                hsy_line(p->error->text, sizeof(p->error->text));
            hsy_line_text(&line, "this word or line is too long");
            return HEARSAY_ERR_MALFORMED;
        }
        struct token *token = &p->tokens[p->count];
        memcpy(token->text, text + start, at - start);
        token->text[at - start] = '\0';
        token->column = (uint32_t)start + 1;
        p->count++;
    }
}

static int parse_line(struct parser *p, const char *text, size_t len)
{
    int err = split_words(p, text, len);
    if (err != HEARSAY_OK || p->count == 0) {
        return err;
    }
    if (strcmp(p->tokens[0].text, "cluster") == 0) {
        return parse_cluster(p);
    }
    if (strcmp(p->tokens[0].text, "with") == 0 && p->s->seeds > 0) {
        return parse_options(p, 1);
    }
    if (p->s->count == HSY_SCRIPT_STATEMENTS) {
        return fail(p, 0, "too many statements");
    }
    struct hsy_statement *st = &p->s->statements[p->s->count];
    p->s->count++;
    st->line = p->line;
    struct hsy_line copy = hsy_line(st->text, sizeof(st->text));
    for (uint32_t i = 0; i < p->count; i++) {
        hsy_line_text(&copy, i == 0 ? "" : " ");
        hsy_line_text(&copy, p->tokens[i].text);
    }
    return parse_statement(p, st);
}

static void set_defaults(struct hsy_scenario *s)
{
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, &s->mem);
    s->latency_ns = config.latency_ns;
    s->job_ns = config.job_ns;
    s->disk_ns = config.disk_ns;
    s->stagger_ns = (struct hsy_range){0, HSY_SECOND};
    s->rng = 1;
    hearsay_config_init(&s->seed_config, HEARSAY_SEED);
    hearsay_config_init(&s->peer_config, HEARSAY_PEER);
}

int hsy_scenario_parse(struct hsy_scenario **out, const struct hearsay_mem *mem,
                       const char *text, size_t text_len,
                       struct hsy_scenario_error *error)
{
    struct hsy_scenario *s = hsy_mem_zalloc(mem, sizeof(*s));
    if (s == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    s->mem = *mem;
    set_defaults(s);
    struct parser p = {.s = s, .error = error};
    int err = HEARSAY_OK;
    for (size_t at = 0; at < text_len && err == HEARSAY_OK;) {
        const char *newline = memchr(text + at, '\n', text_len - at);
        size_t len =
            newline == NULL ? text_len - at : (size_t)(newline - text) - at;
        p.line++;
        err = parse_line(&p, text + at, len);
        at += len + 1;
    }
    if (err == HEARSAY_OK && s->seeds == 0) {
        p.count = 0;
        p.end_column = 1;
        err = fail(&p, 0, "there is no cluster statement");
    }
    if (err != HEARSAY_OK) {
        hsy_scenario_destroy(s);
        return err;
    }
    *out = s;
    return HEARSAY_OK;
}

void hsy_scenario_destroy(struct hsy_scenario *s)
{
    if (s != NULL) {
        struct hearsay_mem mem = s->mem; /* Outlives what held it. */
        hsy_mem_free(&mem, s);
    }
}
