/* Scenarios: a cluster, what is done to it and what must come of it, as text
 * (`*.scn`), run in virtual time. One statement a line; # begins a comment.
 * docs/scenarios.md explains each word; this is the grammar in short.
 *
 *   cluster S seeds P peers OPTION...     first; more options: with OPTION...
 *   arm INVARIANT... | disarm INVARIANT...   those of checks.h
 *   at T ACTION                           does it, at virtual time T
 *   until A..B CONDITION                  holds at some moment in A..B
 *   expect A..B CONDITION                 the same, and at none before A
 *   hold A..B CONDITION                   holds all the time from A to B
 *   never CONDITION                       holds at no time
 *   end CONDITION                         holds when all times have passed
 *   run T                                 at least so long
 *
 *   OPTION     rng N | ping D | ping-timeout D | gossip D | count N |
 *              count unlimited | overlay RULE | links N | links-max N |
 *              book N | jobs A..B | disk A..B | stagger A..B | lease D |
 *              join-timeout D | one host | groups N |
 *              strangers N from peer N | no checks | WEATHER
 *   WEATHER    latency A..B | tail P% up to D | rate N KiB/s | window N KiB
 *   ACTION     kill W | crash W | freeze W | thaw W | start W |
 *              join W over D | restart W [after D] | leave W | isolate W |
 *              heal W | heal W <-> V | cut W <-> V | cut W -> V |
 *              partition W | V | publish W [every D for D] |
 *              publish W of N KiB |
 *              send W -> V [every D for D] | query W for D |
 *              reset W P% [every D for D] | slow W by D | fast W |
 *              far W by D | near W | nat W | open W |
 *              weather WEATHER... | disk W fine/full/flaky/lying |
 *              harm W lose/stale/flip/cut | clock W JUMP
 *   W          one or more of these, joined by "and": peer N | peer N..M |
 *              peers | seed N | seed N..M | seeds | N (a peer) | hub |
 *              top P% | hubs P% | P% of peers
 *   V          W | * (everybody else)
 *   CONDITION  overlay connected | overlay in N parts |
 *              overlay holds P% together | links symmetric |
 *              joined all | joined none | joined W | registered W with N |
 *              degree between N and N | degree of W between N and N |
 *              all seeds have W STATE | all seeds have W alive inc N |
 *              some seed has W STATE | some reports W | W reports W |
 *              event NAME | event NAME at W | event NAME about W |
 *              event NAME at W about W | event NAME with KEY VALUE |
 *              event NAME at W with KEY VALUE |
 *              delivered all | delivered all since T |
 *              delivered P% since T | message lost | published N |
 *              directs delivered N | directs unanswered N |
 *              query answered N of N | query misses W |
 *              query misses nobody |
 *              state of W is WORD | broken INVARIANT | calm |
 *              nothing pending
 *   WORD       of a node's state: starting, joining, joined, serving, leaving;
 *              waiting (before its start), none (no process)
 *   STATE      alive | dead | left | absent | gone (anything but alive)
 *   T, D, A..B times and spans such as 500ms, 20s, 2m, 26s..45s
 *
 * All nodes start at 0 (each peer after a random part of `stagger`, default
 * 0..1s), except those that an `at 0s kill` or a `join` names. Conditions are
 * looked at every 100 ms, and at the ends of their spans, before the actions
 * of that moment; events are counted as they come, from the beginning. About
 * states, the seeds and peers that are killed, frozen or isolated have no say.
 * The invariants that are armed hold in every scenario without asking. */
#ifndef HSY_SIM_SCENARIO_H
#define HSY_SIM_SCENARIO_H

#include "sim/cluster.h"

struct hsy_scenario;

enum { HSY_SCENARIO_ERROR_LEN = 640 };

struct hsy_scenario_error {
    uint32_t line, column; /* From 1. */
    char text[HSY_SCENARIO_ERROR_LEN];
};

/* @text is borrowed for the call. HEARSAY_ERR_MALFORMED: *@error says where
 * and why. HEARSAY_ERR_NOMEM. */
HEARSAY_MUST_USE int hsy_scenario_parse(struct hsy_scenario **out,
                                        const struct hearsay_mem *mem,
                                        const char *text, size_t text_len,
                                        struct hsy_scenario_error *error);
void hsy_scenario_destroy(struct hsy_scenario *s);
uint32_t hsy_scenario_peers(const struct hsy_scenario *s);

/* How far a run is, in virtual time, and what it took. */
struct hsy_scenario_progress {
    uint64_t now_ns, end_ns;
    uint64_t steps;
};

struct hsy_scenario_setup {
    const struct hsy_machine *machine;
    const struct hearsay_crypto *crypto;
    struct hearsay_mem mem;
    uint64_t rng; /* 0: as the scenario says. */
    uint64_t hash_salt;
    /* Told of every record as it comes, readable; may be NULL. */
    void (*trace)(void *ctx, const char *line);
    /* Asked ten times a virtual second at least; false ends the run. May be
     * NULL. */
    bool (*goes_on)(void *ctx, const struct hsy_scenario_progress *progress);
    void *ctx;
};

struct hsy_scenario_result {
    bool passed;
    bool stopped;    /* By goes_on(): neither passed nor failed. */
    uint32_t line;   /* Of the statement that failed; 0: none. */
    uint64_t at_ns;  /* When; the end of a run that passed. */
    uint64_t digest; /* Of all that happened. */
    uint64_t steps;
};

/* Fills @story (of @story_len bytes) with what failed and the last records, or
 * with the claims that were open when it was stopped; "" when it passed.
 * HEARSAY_ERR_NOMEM. HEARSAY_ERR_INVALID: no cluster can be made of its
 * options; @story says why. */
HEARSAY_MUST_USE int hsy_scenario_run(const struct hsy_scenario *s,
                                      const struct hsy_scenario_setup *setup,
                                      struct hsy_scenario_result *out,
                                      char *story, size_t story_len);

#endif
