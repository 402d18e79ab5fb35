/* Votes of seeds, and whether they are enough. Each line of config.txt has one
 * (core/lines.h). Only this knows how many of how many make a majority: who
 * asks names the lines that are in favour, and never compares numbers. So a
 * list that is about to change can be put behind it, when a majority must be
 * one of the old list and of the new one. */
#ifndef HSY_CORE_VOTES_H
#define HSY_CORE_VOTES_H

#include "core/env.h"

struct hsy_votes {
    uint32_t seeds; /* n: so many have a vote. */
    uint32_t count; /* k: so many of them are in favour. */
    uint64_t lines; /* Those in favour that have a line, a bit each. */
};

/* All lines have a vote, and none is in favour so far. */
struct hsy_votes hsy_votes(const struct hsy_env *env);
/* @line has no vote: another one is the same seed. */
void hsy_votes_void(struct hsy_votes *v);
/* @line is in favour; once. */
void hsy_votes_add(struct hsy_votes *v, uint32_t line);
/* A seed is in favour whose line is not known, or not any more. */
void hsy_votes_add_stranger(struct hsy_votes *v);

/* At least so many more make a majority; 0: they are one. Any two majorities
 * have a seed in common. */
uint32_t hsy_votes_missing(const struct hsy_votes *v);
/* q: the least that is a majority; to be shown, not to be compared with. */
uint32_t hsy_votes_majority(const struct hsy_votes *v);
/* Every majority has one of them: enough to be heard of by whoever asks one.
 * For an even n that is one less than a majority. */
bool hsy_votes_meet_majorities(const struct hsy_votes *v);

#endif
