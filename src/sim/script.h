/* A parsed scenario; see scenario.h for the language. The parser fills it,
 * the conditions and the runner read it. */
#ifndef HSY_SIM_SCRIPT_H
#define HSY_SIM_SCRIPT_H

#include "sim/scenario.h"

enum {
    HSY_SCRIPT_STATEMENTS = 128,
    HSY_SCRIPT_TEXT = 160, /* Of one line, for the story. */
    HSY_SCRIPT_WORD = 32
};

/* Some nodes, by number. */
struct hsy_who {
    bool hub; /* Known when first asked for. */
    uint32_t first, last;
};

/* What the placeholders of a pattern stood for, in order. */
struct hsy_args {
    struct hsy_who who[2];
    uint64_t numbers[4];
    char words[3][HSY_SCRIPT_WORD];
    uint32_t who_count, numbers_count, words_count;
};

enum hsy_action {
    HSY_ACTION_KILL,
    HSY_ACTION_FREEZE,
    HSY_ACTION_THAW,
    HSY_ACTION_START,
    HSY_ACTION_LEAVE,
    HSY_ACTION_ISOLATE,
    HSY_ACTION_HEAL,
    HSY_ACTION_CUT,
    HSY_ACTION_PUBLISH
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

struct hsy_statement {
    enum hsy_verb verb;
    enum hsy_action action; /* AT */
    uint32_t condition;     /* Index into hsy_conditions; the others. */
    uint32_t line;
    uint64_t from_ns, to_ns;
    struct hsy_args args;
    char text[HSY_SCRIPT_TEXT];
};

struct hsy_scenario {
    struct hearsay_mem mem;
    uint32_t seeds, peers;
    uint64_t rng;
    struct hearsay_config seed_config, peer_config;
    struct hsy_range latency_ns, job_ns, disk_ns, stagger_ns;
    bool one_host;
    uint64_t end_ns;
    uint32_t count;
    struct hsy_statement statements[HSY_SCRIPT_STATEMENTS];
};

/* The patterns of conditions, in condition.c. Words stand for themselves,
 * $who $n $time $word $state for what they say. */
uint32_t hsy_conditions_count(void);
const char *hsy_condition_pattern(uint32_t index);

#endif
