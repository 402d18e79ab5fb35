/* Values in a scenario: numbers, times, shares, and the nodes that a phrase
 * names. */
#include "base/quantity.h"
#include "sim/script_parser.h"

#include <string.h>

enum { PERCENT_PPM = 10000, MILLION = 1000000 };

/* "A..B", or "A" for both. False: neither. */
static bool split_span(const char *text, char first[HSY_TOKEN_MAX],
                       char last[HSY_TOKEN_MAX])
{
    const char *dots = strstr(text, "..");
    size_t len = dots == NULL ? strlen(text) : (size_t)(dots - text);
    memcpy(first, text, len);
    first[len] = '\0';
    const char *second = dots == NULL ? text : dots + 2;
    memcpy(last, second, strlen(second) + 1);
    return len > 0 && second[0] != '\0';
}

bool hsy_parser_numbers(const char *text, uint64_t out[2])
{
    char first[HSY_TOKEN_MAX];
    char last[HSY_TOKEN_MAX];
    return split_span(text, first, last) &&
           hsy_uint_parse(&out[0], first, UINT32_MAX) == HEARSAY_OK &&
           hsy_uint_parse(&out[1], last, UINT32_MAX) == HEARSAY_OK;
}

bool hsy_parser_times(const char *text, uint64_t out[2])
{
    char first[HSY_TOKEN_MAX];
    char last[HSY_TOKEN_MAX];
    return split_span(text, first, last) &&
           hsy_duration_parse(&out[0], first) == HEARSAY_OK &&
           hsy_duration_parse(&out[1], last) == HEARSAY_OK;
}

/* Up to four decimals: a millionth. */
bool hsy_parser_percent(const char *text, uint64_t *out_ppm)
{
    uint64_t ppm = 0;
    uint64_t unit = PERCENT_PPM;
    bool dot = false;
    const char *at = text;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !dot); at++) {
        if (*at == '.') {
            dot = true;
            continue;
        }
        uint64_t digit = (uint64_t)(*at - '0');
        unit = dot ? unit / 10 : unit;
        ppm = dot ? ppm + digit * unit : ppm * 10 + digit * unit;
        if (ppm > MILLION || unit == 0) {
            return false;
        }
    }
    *out_ppm = ppm;
    return at != text && at[-1] != '.' && strcmp(at, "%") == 0;
}

/* Days too, which no other time in a scenario needs. */
bool hsy_parser_jump(const char *text, int64_t *out_ms)
{
    static const uint64_t day_ms = UINT64_C(24) * 60 * 60 * 1000;
    size_t len = strlen(text);
    uint64_t value = 0;
    if ((text[0] != '+' && text[0] != '-') || len < 3) {
        return false;
    }
    if (text[len - 1] == 'd') {
        char digits[HSY_TOKEN_MAX];
        memcpy(digits, text + 1, len - 2);
        digits[len - 2] = '\0';
        if (hsy_uint_parse(&value, digits, 3650) != HEARSAY_OK) {
            return false;
        }
        value *= day_ms;
    } else if (hsy_duration_parse(&value, text + 1) == HEARSAY_OK) {
        value /= 1000000;
    } else {
        return false;
    }
    *out_ms = text[0] == '-' ? -(int64_t)value : (int64_t)value;
    return true;
}

/* ------------------------------------------------------------------- nodes */

/* A word that has the right form but cannot be. */
static uint32_t refuse(struct hsy_parser *p, uint32_t at, const char *reason)
{
    if (at >= p->furthest) {
        if (at > p->furthest) {
            p->expected_count = 0;
        }
        p->furthest = at;
        p->reason = reason;
    }
    return 0;
}

/* Numbers of a role, from 1, into node numbers. */
static uint32_t take_members(struct hsy_parser *p, uint32_t at, bool seeds,
                             struct hsy_part *out)
{
    uint64_t span[2];
    uint32_t count = seeds ? p->s->seeds : p->s->peers;
    if (at >= p->count || !hsy_parser_numbers(p->tokens[at].text, span)) {
        return 0;
    }
    if (span[0] > span[1]) {
        return refuse(p, at, "these numbers go back");
    }
    if (span[0] < 1 || span[1] > count) {
        return refuse(p, at,
                      seeds ? "there is no such seed in this cluster"
                            : "there is no such peer in this cluster");
    }
    uint32_t base = seeds ? 0 : p->s->seeds;
    *out = (struct hsy_part){.first = base + (uint32_t)span[0] - 1,
                             .last = base + (uint32_t)span[1] - 1};
    return 1;
}

static uint32_t take_pick(struct hsy_parser *p, uint32_t at,
                          const struct hsy_pick *pick, struct hsy_part *out)
{
    uint32_t i = 0;
    while (i < p->s->picks_count && (p->s->picks[i].kind != pick->kind ||
                                     p->s->picks[i].ppm != pick->ppm)) {
        i++;
    }
    if (p->s->peers == 0) {
        return refuse(p, at, "there is no peer in this cluster");
    }
    if (i == HSY_SCRIPT_PICKS) {
        return refuse(p, at, "too many different hubs and shares of peers");
    }
    if (i == p->s->picks_count) {
        p->s->picks[i] = *pick;
        p->s->picks_count++;
    }
    *out = (struct hsy_part){.picked = true, .pick = i};
    return 1;
}

/* `top 5%`, `hubs 5%`, `30% of peers`, `hub` */
static uint32_t read_pick(struct hsy_parser *p, uint32_t at,
                          struct hsy_part *out)
{
    struct hsy_pick pick = {.kind = HSY_PICK_HUB};
    const char *text = p->tokens[at].text;
    uint64_t ppm = 0;
    if (strcmp(text, "hub") == 0) {
        return take_pick(p, at, &pick, out);
    }
    bool top = strcmp(text, "top") == 0 || strcmp(text, "hubs") == 0;
    uint32_t where = top ? at + 1 : at;
    uint32_t words = top ? 2 : 3;
    if (at + words > p->count ||
        !hsy_parser_percent(p->tokens[where].text, &ppm) ||
        (!top && (strcmp(p->tokens[at + 1].text, "of") != 0 ||
                  strcmp(p->tokens[at + 2].text, "peers") != 0))) {
        return 0;
    }
    if (ppm == 0) {
        return refuse(p, where, "a share of nothing names nobody");
    }
    pick.kind = top ? HSY_PICK_TOP : HSY_PICK_SHARE;
    pick.ppm = (uint32_t)ppm;
    return take_pick(p, at, &pick, out) > 0 ? words : 0;
}

static uint32_t read_part(struct hsy_parser *p, uint32_t at,
                          struct hsy_part *out)
{
    const char *text = p->tokens[at].text;
    uint32_t seeds = p->s->seeds;
    if (strcmp(text, "peers") == 0) {
        *out =
            (struct hsy_part){.first = seeds, .last = seeds + p->s->peers - 1};
        return p->s->peers > 0
                   ? 1
                   : refuse(p, at, "there is no peer in this cluster");
    }
    if (strcmp(text, "seeds") == 0) {
        *out = (struct hsy_part){.last = seeds - 1};
        return 1;
    }
    if (strcmp(text, "peer") == 0 || strcmp(text, "seed") == 0) {
        return take_members(p, at + 1, text[0] == 's', out) > 0 ? 2 : 0;
    }
    uint32_t taken = read_pick(p, at, out);
    return taken > 0 ? taken : take_members(p, at, false, out);
}

uint32_t hsy_parser_who(struct hsy_parser *p, uint32_t at, struct hsy_who *out)
{
    *out = (struct hsy_who){0};
    uint32_t start = at;
    while (true) {
        uint32_t taken =
            at < p->count ? read_part(p, at, &out->parts[out->count]) : 0;
        if (taken == 0) {
            return 0;
        }
        at += taken;
        out->count++;
        if (at >= p->count || strcmp(p->tokens[at].text, "and") != 0) {
            return at - start;
        }
        if (out->count == HSY_SCRIPT_PARTS) {
            return refuse(p, at, "at most four parts joined by \"and\"");
        }
        at++;
    }
}
