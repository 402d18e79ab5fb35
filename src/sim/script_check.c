/* Scenarios that contradict themselves are refused before anything runs. The
 * parser follows what is certain about each node (it runs, it is frozen, its
 * process is gone) from action to action; where chance decides, as about the
 * peers of a share, it knows nothing and lets the run find out. */
#include "base/assert.h"
#include "base/time.h"
#include "sim/script_parser.h"
#include "sim/story.h"

#include <string.h>

#define ASK_MAX_NS (60 * HSY_SECOND)       /* What a node waits. */
#define SLOW_MAX_NS (24 * 60 * HSY_MINUTE) /* What a cluster takes. */

static bool part_has(const struct hsy_part *part, uint32_t node)
{
    return !part->picked && node >= part->first && node <= part->last;
}

static bool names(const struct hsy_who *who, uint32_t node)
{
    for (uint32_t i = 0; i < who->count; i++) {
        if (part_has(&who->parts[i], node)) {
            return true;
        }
    }
    return false;
}

static bool is_picked(const struct hsy_who *who)
{
    for (uint32_t i = 0; i < who->count; i++) {
        if (who->parts[i].picked) {
            return true;
        }
    }
    return false;
}

/* What each action needs, and what it leads to. */
enum {
    NEEDS_NOTHING = 0,
    FRESH = 1 << HSY_CERTAIN_FRESH,
    UP = 1 << HSY_CERTAIN_UP,
    FROZEN = 1 << HSY_CERTAIN_FROZEN,
    DOWN = 1 << HSY_CERTAIN_DOWN,
    STAYS = -1
};

struct rule {
    int allowed; /* NEEDS_NOTHING: anything. */
    int leads_to;
    const char *text;
};

static const struct rule rules[] = {
    [HSY_ACTION_KILL] = {FRESH | UP | FROZEN, HSY_CERTAIN_DOWN,
                         " does not run then, so it cannot be killed"},
    [HSY_ACTION_FREEZE] = {FRESH | UP, HSY_CERTAIN_FROZEN,
                           " does not run then, so it cannot be frozen"},
    [HSY_ACTION_THAW] = {FROZEN, HSY_CERTAIN_UP,
                         " is not frozen then, so it cannot be thawed"},
    [HSY_ACTION_START] = {DOWN, HSY_CERTAIN_UP,
                          " runs then, so it cannot be started"},
    [HSY_ACTION_JOIN] = {FRESH, HSY_CERTAIN_UP,
                         " was named before; to join late must be the first "
                         "that is done to it"},
    [HSY_ACTION_RESTART] = {NEEDS_NOTHING, HSY_CERTAIN_UP, ""},
    [HSY_ACTION_LEAVE] = {FRESH | UP, HSY_CERTAIN_DOWN,
                          " does not run then, so it cannot leave"},
    [HSY_ACTION_ISOLATE] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_HEAL] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_HEAL_PAIR] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_CUT] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_CUT_WAY] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_PUBLISH] = {FRESH | UP, HSY_CERTAIN_UP,
                            " does not run then, so it cannot publish"},
    [HSY_ACTION_SEND] = {FRESH | UP, HSY_CERTAIN_UP,
                         " does not run then, so it cannot send"},
    [HSY_ACTION_QUERY] = {FRESH | UP, HSY_CERTAIN_UP,
                          " does not run then, so it cannot ask"},
    [HSY_ACTION_WATCH] = {FRESH | UP, HSY_CERTAIN_UP,
                          " does not run then, so it cannot watch"},
    [HSY_ACTION_RESET] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_SLOW] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_FAST] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_FAR] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_NEAR] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_NAT] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_OPEN] = {NEEDS_NOTHING, STAYS, ""},
    [HSY_ACTION_WEATHER] = {NEEDS_NOTHING, STAYS, ""},
    /* A node whose disk fails may end by itself. */
    [HSY_ACTION_DISK] = {NEEDS_NOTHING, HSY_CERTAIN_NOTHING, ""},
    [HSY_ACTION_HARM] = {DOWN, HSY_CERTAIN_NOTHING,
                         " runs then; a disk is harmed while its node is "
                         "killed"},
    [HSY_ACTION_CLOCK] = {NEEDS_NOTHING, STAYS, ""},
};

static int fail_node(struct hsy_parser *p, uint32_t node, const char *text)
{
    char name[200];
    struct hsy_line line = hsy_line(name, sizeof(name));
    hsy_line_text(&line, node < p->s->seeds ? "seed " : "peer ");
    hsy_line_u64(&line, node < p->s->seeds ? node + 1 : node - p->s->seeds + 1);
    hsy_line_text(&line, text);
    return hsy_parser_fail(p, 3, name, NULL);
}

/* Each node of a plain W. */
static int follow(struct hsy_parser *p, const struct hsy_statement *st)
{
    const struct rule *rule = &rules[st->action];
    for (uint32_t i = 0; i < p->s->seeds + p->s->peers; i++) {
        if (!names(&st->args.who[0], i)) {
            continue;
        }
        bool speaks = st->action == HSY_ACTION_PUBLISH ||
                      st->action == HSY_ACTION_SEND ||
                      st->action == HSY_ACTION_QUERY;
        if (st->action == HSY_ACTION_WATCH && i < p->s->seeds) {
            return fail_node(p, i, " is a seed; only peers watch");
        }
        if (speaks && i < p->s->seeds) {
            return fail_node(p, i, " is a seed; only peers publish");
        }
        /* With a timeout, a peer may end by itself. */
        bool known = p->certain[i] != HSY_CERTAIN_NOTHING &&
                     p->s->peer_config.join_timeout_ns == 0;
        if (known && rule->allowed != NEEDS_NOTHING &&
            (rule->allowed & (1 << p->certain[i])) == 0) {
            return fail_node(p, i, rule->text);
        }
        if (rule->leads_to != STAYS) {
            p->certain[i] = (uint8_t)rule->leads_to;
        } else if (p->certain[i] == HSY_CERTAIN_FRESH) {
            p->certain[i] = HSY_CERTAIN_UP;
        }
    }
    return HEARSAY_OK;
}

/* Chance says whom it meets. */
static int follow_picked(struct hsy_parser *p, const struct hsy_statement *st)
{
    if (st->action == HSY_ACTION_JOIN) {
        return hsy_parser_fail(p, 3, "who joins late must be named by number",
                               NULL);
    }
    for (uint32_t i = p->s->seeds; i < p->s->seeds + p->s->peers; i++) {
        p->certain[i] = HSY_CERTAIN_NOTHING;
    }
    return HEARSAY_OK;
}

/* No node on both sides. */
static int check_sides(struct hsy_parser *p, const struct hsy_statement *st)
{
    const struct hsy_who *a = &st->args.who[0];
    const struct hsy_who *b = &st->args.who[1];
    uint32_t common = UINT32_MAX;
    uint32_t others = 0;
    for (uint32_t i = 0; i < p->s->seeds + p->s->peers; i++) {
        common =
            names(a, i) && names(b, i) && common == UINT32_MAX ? i : common;
        others += names(a, i) ? 0 : 1;
    }
    if (common != UINT32_MAX) {
        return fail_node(p, common, " is on both sides");
    }
    return b->others && others == 0
               ? hsy_parser_fail(p, 3, "nobody else is left for *", NULL)
               : HEARSAY_OK;
}

/* Is @node of @who, for all that is certain? */
static bool may_name(const struct hsy_parser *p, const struct hsy_who *who,
                     uint32_t node)
{
    return who->others || names(who, node) ||
           (is_picked(who) && node >= p->s->seeds);
}

/* Everybody whom a cut may have met. */
static void note_cut(struct hsy_parser *p, const struct hsy_statement *st)
{
    bool isolates = st->action == HSY_ACTION_ISOLATE; /* From all of them. */
    p->any_cut = true;
    for (uint32_t i = 0; i < p->s->seeds + p->s->peers; i++) {
        if (isolates || may_name(p, &st->args.who[0], i) ||
            may_name(p, &st->args.who[1], i)) {
            p->cut[i] = true;
        }
    }
}

static int check_heal(struct hsy_parser *p, const struct hsy_statement *st)
{
    if (!p->any_cut) {
        return hsy_parser_fail(p, 2, "nothing is cut then", NULL);
    }
    for (uint32_t side = 0; side < st->args.who_count; side++) {
        bool any = false;
        for (uint32_t i = 0; i < p->s->seeds + p->s->peers; i++) {
            any = any || (p->cut[i] && may_name(p, &st->args.who[side], i));
        }
        if (!any) {
            return hsy_parser_fail(p, side == 0 ? 3 : p->count - 1,
                                   "nobody has cut that off before", NULL);
        }
    }
    return HEARSAY_OK;
}

static int check_cuts(struct hsy_parser *p, const struct hsy_statement *st)
{
    if (st->action == HSY_ACTION_CUT || st->action == HSY_ACTION_CUT_WAY ||
        st->action == HSY_ACTION_ISOLATE) {
        note_cut(p, st);
    }
    int err = HEARSAY_OK;
    if (st->action == HSY_ACTION_HEAL || st->action == HSY_ACTION_HEAL_PAIR) {
        err = check_heal(p, st);
    }
    return err == HEARSAY_OK && st->args.who_count == 2 ? check_sides(p, st)
                                                        : err;
}

int hsy_parser_check_action(struct hsy_parser *p,
                            const struct hsy_statement *st)
{
    HSY_ASSERT((size_t)st->action < sizeof(rules) / sizeof(rules[0]));
    if (st->from_ns < p->last_action_ns) {
        return hsy_parser_fail(p, 1,
                               "before the action above; actions are written "
                               "in the order of their times",
                               NULL);
    }
    p->last_action_ns = st->from_ns;
    int err = check_cuts(p, st);
    if (err != HEARSAY_OK) {
        return err;
    }
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t k = 0; k < st->args.who[i].count; k++) {
            const struct hsy_part *part = &st->args.who[i].parts[k];
            if (part->picked) {
                p->s->picks[part->pick].by_action = true;
            }
        }
    }
    if (st->every_ns == 0 && st->for_ns > 0) {
        return hsy_parser_fail(p, p->count - 3, "every moment is too often",
                               NULL);
    }
    if (st->every_ns > 0 && st->for_ns == 0) {
        return hsy_parser_fail(p, p->count - 1, "over before it begins", NULL);
    }
    if (st->action == HSY_ACTION_PUBLISH && st->value == 2 &&
        (st->args.numbers[0] == 0 ||
         st->args.numbers[0] > HEARSAY_PAYLOAD_MAX / 1024)) {
        return hsy_parser_fail(p, p->count - 2, "1 to 16384 KiB", NULL);
    }
    if (st->action == HSY_ACTION_QUERY &&
        (st->args.numbers[0] == 0 || st->args.numbers[0] > ASK_MAX_NS)) {
        return hsy_parser_fail(p, p->count - 1, "a query waits for 1ms to 60s",
                               NULL);
    }
    if (st->action == HSY_ACTION_RESET && st->args.numbers[0] == 0) {
        return hsy_parser_fail(p, 2, "no connection breaks with 0%", NULL);
    }
    if (st->action == HSY_ACTION_SLOW && st->args.numbers[0] > SLOW_MAX_NS) {
        return hsy_parser_fail(p, p->count - 1, "at most a day slower", NULL);
    }
    if (st->action == HSY_ACTION_FAR && st->args.numbers[0] > SLOW_MAX_NS) {
        return hsy_parser_fail(p, p->count - 1, "at most a day further", NULL);
    }
    err = follow(p, st);
    return err == HEARSAY_OK && is_picked(&st->args.who[0])
               ? follow_picked(p, st)
               : err;
}

int hsy_parser_check_claim(struct hsy_parser *p, const struct hsy_statement *st)
{
    bool spans = st->verb == HSY_VERB_UNTIL || st->verb == HSY_VERB_EXPECT ||
                 st->verb == HSY_VERB_HOLD;
    if (spans && st->to_ns == 0) {
        return hsy_parser_fail(p, 1, "over before anything happens", NULL);
    }
    if (hsy_condition_ends(st->condition) && st->verb != HSY_VERB_END) {
        return hsy_parser_fail(p, 0, "this can be asked at the end only", NULL);
    }
    const char *fault = hsy_condition_fault(p->s, st);
    return fault == NULL ? HEARSAY_OK
                         : hsy_parser_fail(p, spans ? 2 : 1, fault, NULL);
}

int hsy_parser_check_end(struct hsy_parser *p)
{
    p->count = 0;
    p->end_column = 1;
    p->line += p->line == 0 ? 1 : 0;
    if (p->s->seeds == 0) {
        return hsy_parser_fail(p, 0, "there is no cluster statement", NULL);
    }
    for (uint32_t i = 0; i < p->s->count; i++) {
        const struct hsy_statement *st = &p->s->statements[i];
        if (st->verb == HSY_VERB_AT && st->from_ns >= p->s->end_ns) {
            p->line = st->line;
            p->end_column = st->column;
            return hsy_parser_fail(
                p, 0,
                "this action comes when all is over; let a later span or "
                "\"run\" look at what comes of it",
                NULL);
        }
    }
    return p->s->end_ns > 0
               ? HEARSAY_OK
               : hsy_parser_fail(
                     p, 0, "nothing is claimed: no span and no \"run\"", NULL);
}
