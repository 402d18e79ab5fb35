/* The parser of scenarios, line by line. Statements, options, actions and
 * conditions are tables of patterns, and one function matches a pattern
 * against the words of a line (script_match.c); so the language is its
 * tables. */
#include "sim/scenario.h"

#include "base/mem.h"
#include "base/time.h"
#include "sim/script_parser.h"
#include "sim/story.h"

#include <string.h>

/* ------------------------------------------------------------- statements */

static const struct {
    const char *pattern;
    enum hsy_action action;
    uint32_t value;
} actions[] = {
    {"kill $who", HSY_ACTION_KILL, 0},
    {"crash $who", HSY_ACTION_KILL, 0},
    {"freeze $who", HSY_ACTION_FREEZE, 0},
    {"thaw $who", HSY_ACTION_THAW, 0},
    {"start $who", HSY_ACTION_START, 0},
    {"join $who over $time", HSY_ACTION_JOIN, 0},
    {"restart $who", HSY_ACTION_RESTART, 0},
    {"restart $who after $time", HSY_ACTION_RESTART, 0},
    {"leave $who", HSY_ACTION_LEAVE, 0},
    {"isolate $who", HSY_ACTION_ISOLATE, 0},
    {"heal $who", HSY_ACTION_HEAL, 0},
    {"heal $who <-> $others", HSY_ACTION_HEAL_PAIR, 0},
    {"cut $who <-> $others", HSY_ACTION_CUT, 0},
    {"cut $who -> $others", HSY_ACTION_CUT_WAY, 0},
    {"partition $who | $others", HSY_ACTION_CUT, 0},
    {"publish $who", HSY_ACTION_PUBLISH, 0},
    {"publish $who every $time for $time", HSY_ACTION_PUBLISH, 1},
    {"publish $who of $n KiB", HSY_ACTION_PUBLISH, 2},
    {"send $who -> $others", HSY_ACTION_SEND, 0},
    {"send $who -> $others every $time for $time", HSY_ACTION_SEND, 1},
    {"query $who for $time", HSY_ACTION_QUERY, 0},
    {"watch $who", HSY_ACTION_WATCH, 0},
    {"reset $who $percent", HSY_ACTION_RESET, 0},
    {"reset $who $percent every $time for $time", HSY_ACTION_RESET, 1},
    {"slow $who by $time", HSY_ACTION_SLOW, 0},
    {"fast $who", HSY_ACTION_FAST, 0},
    {"far $who by $time", HSY_ACTION_FAR, 0},
    {"near $who", HSY_ACTION_NEAR, 0},
    {"nat $who", HSY_ACTION_NAT, 0},
    {"open $who", HSY_ACTION_OPEN, 0},
    {"disk $who fine", HSY_ACTION_DISK, HSY_DISK_FINE},
    {"disk $who full", HSY_ACTION_DISK, HSY_DISK_FULL},
    {"disk $who flaky", HSY_ACTION_DISK, HSY_DISK_FLAKY},
    {"disk $who lying", HSY_ACTION_DISK, HSY_DISK_LYING},
    {"harm $who lose", HSY_ACTION_HARM, HSY_HARM_LOSE},
    {"harm $who stale", HSY_ACTION_HARM, HSY_HARM_STALE},
    {"harm $who flip", HSY_ACTION_HARM, HSY_HARM_FLIP},
    {"harm $who cut", HSY_ACTION_HARM, HSY_HARM_CUT},
    {"clock $who $jump", HSY_ACTION_CLOCK, 0},
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

/* The last two numbers of an action that repeats. */
static void take_repeat(struct hsy_statement *st)
{
    bool repeats =
        (st->action == HSY_ACTION_PUBLISH || st->action == HSY_ACTION_SEND ||
         st->action == HSY_ACTION_RESET) &&
        st->value == 1;
    if (repeats) {
        uint32_t n = st->args.numbers_count;
        st->every_ns = st->args.numbers[n - 2];
        st->for_ns = st->args.numbers[n - 1];
    }
}

static int parse_action(struct hsy_parser *p, struct hsy_statement *st,
                        uint32_t at)
{
    if (at < p->count && strcmp(p->tokens[at].text, "weather") == 0) {
        st->action = HSY_ACTION_WEATHER;
        int err = hsy_parser_weather(p, st, at + 1);
        return err == HEARSAY_OK ? hsy_parser_check_action(p, st) : err;
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (hsy_parser_match_rest(p, actions[i].pattern, at, &st->args)) {
            st->action = actions[i].action;
            st->value = actions[i].value;
            take_repeat(st);
            return hsy_parser_check_action(p, st);
        }
    }
    struct hsy_args none; /* Takes part in what was expected. */
    (void)!hsy_parser_match_rest(p, "weather", at, &none);
    return hsy_parser_fail_expected(p);
}

static int parse_condition(struct hsy_parser *p, struct hsy_statement *st,
                           uint32_t at)
{
    for (uint32_t i = 0; i < hsy_conditions_count(); i++) {
        if (hsy_parser_match_rest(p, hsy_condition_pattern(i), at, &st->args)) {
            st->condition = i;
            return hsy_parser_check_claim(p, st);
        }
    }
    return hsy_parser_fail_expected(p);
}

/* The verb and its times. Returns the words taken; 0: none fits. */
static uint32_t parse_verb(struct hsy_parser *p, struct hsy_statement *st)
{
    struct hsy_args args;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        uint32_t taken = hsy_parser_match(p, verbs[i].pattern, 0, &args);
        if (taken > 0) {
            st->verb = verbs[i].verb;
            st->from_ns = args.numbers[0];
            st->to_ns =
                args.numbers_count > 1 ? args.numbers[1] : args.numbers[0];
            return taken;
        }
    }
    static const char *const others[] = {"cluster", "with", "arm", "disarm"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        (void)!hsy_parser_match(p, others[i], 0, &args);
    }
    return 0;
}

static int parse_statement(struct hsy_parser *p, struct hsy_statement *st)
{
    uint32_t taken = parse_verb(p, st);
    if (taken == 0) {
        return hsy_parser_fail_expected(p);
    }
    if (st->verb != HSY_VERB_AT) {
        p->s->end_ns = hsy_time_max(p->s->end_ns, st->to_ns);
    }
    hsy_parser_look(p); /* What comes now is about the rest. */
    if (st->verb == HSY_VERB_AT) {
        return parse_action(p, st, taken);
    }
    if (st->verb == HSY_VERB_RUN) {
        return taken == p->count
                   ? HEARSAY_OK
                   : hsy_parser_fail(p, taken, "nothing may follow here", NULL);
    }
    return parse_condition(p, st, taken);
}

/* `arm R5 O1`, `disarm O4` */
static int parse_arms(struct hsy_parser *p, bool *arms, const bool *other)
{
    for (uint32_t i = 1; i < p->count; i++) {
        struct hsy_args args;
        if (hsy_parser_match(p, "$invariant", i, &args) == 0) {
            return hsy_parser_fail_expected(p);
        }
        if (arms[args.invariant] || other[args.invariant]) {
            return hsy_parser_fail(p, i, "this was said of it before", NULL);
        }
        arms[args.invariant] = true;
    }
    if (p->count == 1) {
        struct hsy_args args;
        (void)!hsy_parser_match(p, "$invariant", 1, &args);
        return hsy_parser_fail_expected(p);
    }
    return p->s->unchecked
               ? hsy_parser_fail(p, 0, "the cluster has \"no checks\"", NULL)
               : HEARSAY_OK;
}

/* ----------------------------------------------------------------- lines */

static int parse_first(struct hsy_parser *p)
{
    int err = hsy_parser_cluster(p);
    if (err != HEARSAY_OK) {
        return err;
    }
    /* All FRESH. */
    p->certain = hsy_mem_zalloc(&p->s->mem, p->s->seeds + p->s->peers);
    p->cut = hsy_mem_zalloc(&p->s->mem, p->s->seeds + p->s->peers);
    return p->certain == NULL || p->cut == NULL ? HEARSAY_ERR_NOMEM
                                                : HEARSAY_OK;
}

static int parse_more(struct hsy_parser *p)
{
    if (p->s->count == HSY_SCRIPT_STATEMENTS) {
        return hsy_parser_fail(p, 0, "too many statements; at most 128", NULL);
    }
    struct hsy_statement *st = &p->s->statements[p->s->count];
    p->s->count++;
    st->line = p->line;
    st->column = p->tokens[p->count > 1 ? 1 : 0].column;
    struct hsy_line copy = hsy_line(st->text, sizeof(st->text));
    for (uint32_t i = 0; i < p->count; i++) {
        hsy_line_text(&copy, i == 0 ? "" : " ");
        hsy_line_text(&copy, p->tokens[i].text);
    }
    return parse_statement(p, st);
}

static int parse_line(struct hsy_parser *p, const char *text, size_t len)
{
    int err = hsy_parser_split(p, text, len);
    if (err != HEARSAY_OK || p->count == 0) {
        return err;
    }
    const char *verb = p->tokens[0].text;
    if (strcmp(verb, "cluster") == 0) {
        return parse_first(p);
    }
    if (p->s->seeds == 0) {
        return hsy_parser_fail(p, 0, "the first statement must be cluster",
                               NULL);
    }
    if (strcmp(verb, "with") == 0) {
        return hsy_parser_options(p, 1);
    }
    if (strcmp(verb, "arm") == 0) {
        return parse_arms(p, p->s->arms, p->s->disarms);
    }
    if (strcmp(verb, "disarm") == 0) {
        return parse_arms(p, p->s->disarms, p->s->arms);
    }
    return parse_more(p);
}

static void set_defaults(struct hsy_scenario *s)
{
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, &s->mem);
    s->weather = (struct hsy_weather){.latency_ns = config.latency_ns,
                                      .tail_ppm = config.tail_ppm,
                                      .tail_ns = config.tail_ns,
                                      .bytes_per_s = config.bytes_per_s,
                                      .window_len = config.window_len};
    s->job_ns = config.job_ns;
    s->disk_ns = config.disk_ns;
    s->stagger_ns = (struct hsy_range){0, HSY_SECOND};
    s->rng = 1;
    hearsay_config_init(&s->seed_config, HEARSAY_SEED);
    hearsay_config_init(&s->peer_config, HEARSAY_PEER);
}

static int parse_text(struct hsy_parser *p, const char *text, size_t text_len)
{
    int err = HEARSAY_OK;
    for (size_t at = 0; at < text_len && err == HEARSAY_OK;) {
        const char *newline = memchr(text + at, '\n', text_len - at);
        size_t len =
            newline == NULL ? text_len - at : (size_t)(newline - text) - at;
        p->line++;
        err = parse_line(p, text + at, len);
        at += len + 1;
    }
    return err == HEARSAY_OK ? hsy_parser_check_end(p) : err;
}

int hsy_scenario_parse(struct hsy_scenario **out, const struct hearsay_mem *mem,
                       const char *text, size_t text_len,
                       struct hsy_scenario_error *error)
{
    struct hsy_scenario *s = hsy_mem_zalloc(mem, sizeof(*s));
    struct hsy_parser *p = hsy_mem_zalloc(mem, sizeof(*p));
    int err = HEARSAY_ERR_NOMEM;
    if (s != NULL && p != NULL) {
        s->mem = *mem;
        set_defaults(s);
        p->s = s;
        p->error = error;
        err = parse_text(p, text, text_len);
        hsy_mem_free(mem, p->cut);
        hsy_mem_free(mem, p->certain);
    }
    hsy_mem_free(mem, p);
    if (err != HEARSAY_OK) {
        hsy_mem_free(mem, s);
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

uint32_t hsy_scenario_peers(const struct hsy_scenario *s)
{
    return s->peers;
}
