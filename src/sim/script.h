/* A parsed scenario; see scenario.h for the language. The parser fills it,
 * the conditions and the runner read it. */
#ifndef HSY_SIM_SCRIPT_H
#define HSY_SIM_SCRIPT_H

#include "sim/checks.h"
#include "sim/scenario.h"

enum {
    HSY_SCRIPT_STATEMENTS = 128,
    HSY_SCRIPT_TEXT = 160, /* Of one line, for the story. */
    HSY_SCRIPT_WORD = 32,
    HSY_SCRIPT_PICKS = 8,
    HSY_SCRIPT_PARTS = 4
};

/* Peers that are known in the run only: chosen when an action first names
 * them or, if none does, when the span of a condition that does begins. */
struct hsy_pick {
    enum hsy_pick_kind {
        HSY_PICK_HUB,  /* The peer of highest degree. */
        HSY_PICK_TOP,  /* So large a share of the peers, by degree. */
        HSY_PICK_SHARE /* The same, drawn. */
    } kind;
    uint32_t ppm;
    bool by_action;
};

/* Some nodes: all that any part names. */
struct hsy_part {
    bool picked;
    uint32_t pick;
    uint32_t first, last; /* Unless picked. */
};
struct hsy_who {
    bool others; /* Everybody whom the other W of the line does not name. */
    uint32_t count;
    struct hsy_part parts[HSY_SCRIPT_PARTS];
};

/* What the placeholders of a pattern stood for, in order. */
struct hsy_args {
    struct hsy_who who[2];
    uint64_t numbers[4];
    char words[3][HSY_SCRIPT_WORD];
    enum hsy_invariant invariant;
    int64_t jump_ms;
    uint32_t who_count, numbers_count, words_count;
};

enum hsy_action {
    HSY_ACTION_KILL,
    HSY_ACTION_FREEZE,
    HSY_ACTION_THAW,
    HSY_ACTION_START,
    HSY_ACTION_JOIN,
    HSY_ACTION_RESTART,
    HSY_ACTION_LEAVE,
    HSY_ACTION_ISOLATE,
    HSY_ACTION_HEAL,
    HSY_ACTION_HEAL_PAIR,
    HSY_ACTION_CUT,
    HSY_ACTION_CUT_WAY,
    HSY_ACTION_PUBLISH,
    HSY_ACTION_SEND,
    HSY_ACTION_QUERY,
    HSY_ACTION_WATCH,
    HSY_ACTION_RESET,
    HSY_ACTION_SLOW,
    HSY_ACTION_FAST,
    HSY_ACTION_FAR,
    HSY_ACTION_NEAR,
    HSY_ACTION_NAT,
    HSY_ACTION_OPEN,
    HSY_ACTION_WEATHER,
    HSY_ACTION_DISK,
    HSY_ACTION_HARM,
    HSY_ACTION_CLOCK
};

enum hsy_verb {
    HSY_VERB_AT,
    HSY_VERB_UNTIL,
    HSY_VERB_EXPECT,
    HSY_VERB_HOLD,
    HSY_VERB_NEVER,
    HSY_VERB_END,
    HSY_VERB_RUN
};

/* What a line changes of the weather. */
enum {
    HSY_WEATHER_LATENCY = 1,
    HSY_WEATHER_TAIL = 2,
    HSY_WEATHER_RATE = 4,
    HSY_WEATHER_WINDOW = 8
};

struct hsy_statement {
    enum hsy_verb verb;
    enum hsy_action action; /* AT */
    uint32_t value;         /* Of the action: a mood, a harm. */
    uint32_t condition;     /* Index into hsy_conditions; the others. */
    uint32_t line, column;
    uint64_t from_ns, to_ns;
    uint64_t every_ns, for_ns; /* Of an action that repeats; else 0. */
    struct hsy_args args;
    uint32_t weather_set;
    struct hsy_weather weather;
    char text[HSY_SCRIPT_TEXT];
};

struct hsy_scenario {
    struct hearsay_mem mem;
    uint32_t seeds, peers;
    uint64_t rng;
    struct hearsay_config seed_config, peer_config;
    struct hsy_weather weather; /* At the beginning. */
    struct hsy_range job_ns, disk_ns, stagger_ns;
    bool one_host, unchecked;
    uint32_t groups, strangers_from, strangers_groups; /* See cluster.h. */
    bool arms[HSY_INVARIANTS], disarms[HSY_INVARIANTS];
    uint64_t end_ns;
    uint32_t picks_count;
    struct hsy_pick picks[HSY_SCRIPT_PICKS];
    uint32_t count;
    struct hsy_statement statements[HSY_SCRIPT_STATEMENTS];
};

/* The patterns of conditions, in condition.c. Words stand for themselves;
 * script_match.c says what those with a $ stand for. */
uint32_t hsy_conditions_count(void);
const char *hsy_condition_pattern(uint32_t index);
/* Makes sense at the end only. */
bool hsy_condition_ends(uint32_t index);
/* Asks about the calm at the end. */
bool hsy_condition_calms(uint32_t index);
/* NULL: what the numbers of a condition ask for can be. */
const char *hsy_condition_fault(const struct hsy_scenario *s,
                                const struct hsy_statement *st);

#endif
