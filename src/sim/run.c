/* Runs a scenario: lets virtual time pass from one moment of interest to the
 * next (every 100 ms, every end of a span, every action), looks at all open
 * conditions there, then acts (run_actions.c). */
#include "sim/scenario.h"

#include "base/mem.h"
#include "base/time.h"
#include "sim/run_inner.h"

#include <string.h>

#define LOOK_EVERY_NS (100 * HSY_MS)
/* So that drawing does not follow what the cluster draws. */
#define SHARES_RNG UINT64_C(0x5ce4a51105)

static void on_note(void *ctx, uint32_t node, const struct hearsay_note *note)
{
    struct hsy_run *r = ctx;
    if (r->setup->trace != NULL) {
        char text[HSY_STORY_LINE_LEN];
        struct hsy_line line = hsy_line(text, sizeof(text));
        hsy_story_render(&line, r->cluster, node, note);
        r->setup->trace(r->setup->ctx, text);
    }
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        if (st->verb != HSY_VERB_AT && st->verb != HSY_VERB_RUN &&
            hsy_condition_matches(&r->scene, st, node, note)) {
            r->hits[i]++;
        }
    }
}

/* ----------------------------------------------------------------- verdict */

void hsy_run_fail(struct hsy_run *r, const struct hsy_statement *st,
                  const char *why)
{
    if (r->failed) {
        return;
    }
    r->failed = true;
    r->result->passed = false;
    r->result->line = st == NULL ? 0 : st->line;
    r->result->at_ns = hsy_cluster_now(r->cluster);
    hsy_line_text(&r->out, "failed at ");
    hsy_line_time(&r->out, r->result->at_ns);
    if (st != NULL) {
        hsy_line_text(&r->out, ", line ");
        hsy_line_u64(&r->out, st->line);
        hsy_line_text(&r->out, ": ");
        hsy_line_text(&r->out, st->text);
    }
    hsy_line_text(&r->out, "\n  because ");
    hsy_line_text(&r->out, why);
    hsy_line_text(&r->out, "\nthe last records:\n");
    hsy_story_tell(&r->witness->story, &r->out);
}

static void fail_with(struct hsy_run *r, const struct hsy_statement *st,
                      const char *verdict, const struct hsy_line *seen)
{
    char text[512];
    struct hsy_line why = hsy_line(text, sizeof(text));
    hsy_line_text(&why, verdict);
    hsy_line_text(&why, seen->len == 0 ? "" : "; seen: ");
    hsy_line_text(&why, seen->data);
    hsy_run_fail(r, st, text);
}

/* Looks come before the actions of a moment; so what is seen at the beginning
 * of a span that begins with an action is what was before. */
static bool has_begun(const struct hsy_run *r, uint64_t from_ns,
                      uint64_t now_ns)
{
    bool acts = false;
    for (uint32_t i = 0; i < r->s->count && now_ns == from_ns; i++) {
        acts = acts || r->next_ns[i] == now_ns;
    }
    return now_ns > from_ns || (now_ns == from_ns && !acts);
}

/* What one look at a condition means at @now_ns. NULL: all is well. */
static const char *judge(struct hsy_run *r, uint32_t i, bool holds,
                         uint64_t now_ns)
{
    const struct hsy_statement *st = &r->s->statements[i];
    bool begun = has_begun(r, st->from_ns, now_ns);
    switch (st->verb) {
    case HSY_VERB_EXPECT:
        if (holds && !begun) {
            return "it came too early";
        }
        r->done[i] = holds;
        return now_ns >= st->to_ns && !holds ? "it did not come in time" : NULL;
    case HSY_VERB_UNTIL:
        r->done[i] = holds && begun;
        return now_ns >= st->to_ns && !r->done[i] ? "it did not come in time"
                                                  : NULL;
    case HSY_VERB_HOLD:
        r->done[i] = now_ns >= st->to_ns;
        return holds || now_ns < st->from_ns ? NULL : "it did not hold";
    case HSY_VERB_NEVER:
        return holds ? "it happened" : NULL;
    case HSY_VERB_END:
        return holds || now_ns < r->s->end_ns ? NULL
                                              : "it does not hold at the end";
    case HSY_VERB_AT:
    case HSY_VERB_RUN:
        break;
    }
    return NULL;
}

static bool is_open(const struct hsy_run *r, uint32_t i, uint64_t now_ns)
{
    const struct hsy_statement *st = &r->s->statements[i];
    if (r->done[i] || st->verb == HSY_VERB_AT || st->verb == HSY_VERB_RUN) {
        return false;
    }
    if (st->verb == HSY_VERB_END) {
        return now_ns >= r->s->end_ns;
    }
    return st->verb == HSY_VERB_EXPECT || st->verb == HSY_VERB_NEVER ||
           now_ns >= st->from_ns;
}

/* What holds without asking. */
static void look_at_promises(struct hsy_run *r)
{
    const char *broken = hsy_ledger_broken(r->witness->ledger);
    const struct hsy_checks *checks = r->witness->checks;
    const struct hsy_broken *first =
        checks == NULL ? NULL : hsy_checks_first(checks);
    if (first != NULL) {
        char text[512];
        struct hsy_line why = hsy_line(text, sizeof(text));
        hsy_line_text(&why, hsy_invariant_name(first->what));
        hsy_line_text(&why, " broke at ");
        hsy_line_time(&why, first->at_ns);
        hsy_line_text(&why, ": ");
        hsy_line_text(&why, first->text);
        hsy_line_text(&why, " (");
        hsy_line_text(&why, hsy_invariant_says(first->what));
        hsy_line_text(&why, ")");
        hsy_run_fail(r, NULL, text);
    } else if (broken[0] != '\0') {
        hsy_run_fail(r, NULL, broken);
    }
}

/* Who only asks whether messages were lost has not said that it is calm. */
static void tell_calm(struct hsy_run *r)
{
    struct hsy_checks *checks = r->witness->checks;
    bool armed[HSY_INVARIANTS];
    for (unsigned i = 0; i < HSY_INVARIANTS; i++) {
        armed[i] = hsy_checks_armed(checks, (enum hsy_invariant)i);
        if (!r->says_calm && i != HSY_B3) {
            hsy_checks_arm(checks, (enum hsy_invariant)i, false);
        }
    }
    int err = hsy_checks_calm(checks);
    r->scene.err = r->scene.err == HEARSAY_OK ? err : r->scene.err;
    for (unsigned i = 0; i < HSY_INVARIANTS; i++) {
        hsy_checks_arm(checks, (enum hsy_invariant)i, armed[i]);
    }
}

static void look_around(struct hsy_run *r)
{
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    r->scene.graph_fresh = false;
    if (now_ns >= r->s->end_ns && r->asks_calm) {
        tell_calm(r);
    }
    for (uint32_t i = 0; i < r->s->count && !r->failed; i++) {
        if (!is_open(r, i, now_ns)) {
            continue;
        }
        char seen_text[256];
        struct hsy_line seen = hsy_line(seen_text, sizeof(seen_text));
        bool holds = hsy_condition_holds(&r->scene, &r->s->statements[i],
                                         r->hits[i], &seen);
        const char *verdict = judge(r, i, holds, now_ns);
        if (verdict != NULL) {
            fail_with(r, &r->s->statements[i], verdict, &seen);
        }
    }
    look_at_promises(r);
}

/* -------------------------------------------------------------------- time */

/* The next moment after @now_ns that matters; all actions of @now_ns are
 * done. */
static uint64_t next_moment(const struct hsy_run *r, uint64_t now_ns)
{
    uint64_t next_ns = (now_ns / LOOK_EVERY_NS + 1) * LOOK_EVERY_NS;
    next_ns = hsy_time_min(next_ns, r->s->end_ns);
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        if (st->from_ns > now_ns) {
            next_ns = hsy_time_min(next_ns, st->from_ns);
        }
        if (st->to_ns > now_ns) {
            next_ns = hsy_time_min(next_ns, st->to_ns);
        }
        if (st->verb == HSY_VERB_AT && r->next_ns[i] > now_ns) {
            next_ns = hsy_time_min(next_ns, r->next_ns[i]);
        }
    }
    return next_ns;
}

static void act_now(struct hsy_run *r)
{
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    for (uint32_t i = 0; i < r->s->count && !r->failed; i++) {
        if (r->s->statements[i].verb == HSY_VERB_AT &&
            r->next_ns[i] <= now_ns) {
            r->next_ns[i] = hsy_run_act(r, i);
        }
    }
}

static bool goes_on(const struct hsy_run *r)
{
    struct hsy_scenario_progress progress = {
        .now_ns = hsy_cluster_now(r->cluster),
        .end_ns = r->s->end_ns,
        .steps = hsy_cluster_steps(r->cluster)};
    return r->setup->goes_on == NULL ||
           r->setup->goes_on(r->setup->ctx, &progress);
}

/* What is known: that nothing has failed, and what is not known yet. */
static void tell_stopped(struct hsy_run *r)
{
    r->result->passed = false;
    r->result->stopped = true;
    hsy_line_text(&r->out, "stopped at ");
    hsy_line_time(&r->out, hsy_cluster_now(r->cluster));
    hsy_line_text(&r->out, " of ");
    hsy_line_time(&r->out, r->s->end_ns);
    hsy_line_text(&r->out, "; nothing had failed. Still open:\n");
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        bool claims = st->verb != HSY_VERB_AT && st->verb != HSY_VERB_RUN;
        if (claims && !r->done[i]) {
            hsy_line_text(&r->out, "  line ");
            hsy_line_u64(&r->out, st->line);
            hsy_line_text(&r->out, ": ");
            hsy_line_text(&r->out, st->text);
            hsy_line_text(&r->out, "\n");
        }
    }
}

/* Lets time pass up to @until_ns. False: the run ends before that. */
static bool pass(struct hsy_run *r, uint64_t until_ns)
{
    do {
        int err = hsy_bite_run(&r->bite, r->cluster, until_ns);
        if (err != HEARSAY_OK) {
            r->scene.err = err == HEARSAY_ERR_NOMEM ? err : r->scene.err;
            hsy_run_fail(r, NULL, hsy_cluster_fault(r->cluster));
            return false;
        }
        if (!goes_on(r)) {
            tell_stopped(r);
            return false;
        }
    } while (hsy_cluster_now(r->cluster) < until_ns);
    return true;
}

static void play(struct hsy_run *r)
{
    act_now(r);
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    while (!r->failed && now_ns < r->s->end_ns && r->scene.err == HEARSAY_OK) {
        now_ns = next_moment(r, now_ns);
        if (!pass(r, now_ns)) {
            return;
        }
        look_around(r);
        act_now(r);
    }
}

/* ------------------------------------------------------------------- set-up */

/* Those that a `join` names come then. */
static bool comes_late(const struct hsy_run *r, uint32_t node)
{
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        if (st->verb == HSY_VERB_AT && st->action == HSY_ACTION_JOIN &&
            hsy_scene_names(&r->scene, &st->args, 0, node)) {
            return true;
        }
    }
    return false;
}

static int start_all(struct hsy_run *r, uint64_t rng)
{
    struct hsy_prng prng;
    hsy_prng_init(&prng, rng);
    const struct hsy_range *stagger = &r->s->stagger_ns;
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < r->s->seeds + r->s->peers && err == HEARSAY_OK;
         i++) {
        uint64_t delay_ns = 0;
        if (i >= r->s->seeds) {
            delay_ns = stagger->min +
                       hsy_prng_below(&prng, stagger->max - stagger->min + 1);
        }
        if (!comes_late(r, i)) {
            err = hsy_cluster_start(r->cluster, i, delay_ns);
        }
    }
    return err;
}

static void arm(struct hsy_run *r)
{
    for (unsigned i = 0; i < HSY_INVARIANTS && r->witness->checks != NULL;
         i++) {
        if (r->s->arms[i] || r->s->disarms[i]) {
            hsy_checks_arm(r->witness->checks, (enum hsy_invariant)i,
                           r->s->arms[i]);
        }
    }
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        bool acts = st->verb == HSY_VERB_AT;
        bool claims = !acts && st->verb != HSY_VERB_RUN;
        r->next_ns[i] = acts ? st->from_ns : HEARSAY_NEVER;
        r->asks_calm =
            r->asks_calm || (claims && hsy_condition_calms(st->condition));
        r->says_calm =
            r->says_calm || (claims && hsy_condition_ends(st->condition));
    }
}

static void fill(struct hsy_cluster_config *config, const struct hsy_run *r)
{
    const struct hsy_scenario *s = r->s;
    hsy_cluster_config_init(config, &r->setup->mem);
    config->machine = r->setup->machine;
    config->crypto = r->setup->crypto;
    config->rng = r->setup->rng != 0 ? r->setup->rng : s->rng;
    config->hash_salt = r->setup->hash_salt;
    config->seeds = s->seeds;
    config->peers = s->peers;
    config->seed_config = &s->seed_config;
    config->peer_config = &s->peer_config;
    config->latency_ns = s->weather.latency_ns;
    config->tail_ppm = s->weather.tail_ppm;
    config->tail_ns = s->weather.tail_ns;
    config->bytes_per_s = s->weather.bytes_per_s;
    config->window_len = s->weather.window_len;
    config->job_ns = s->job_ns;
    config->disk_ns = s->disk_ns;
    config->one_host = s->one_host;
    config->groups = s->groups;
    config->strangers_from = s->strangers_from;
    config->strangers_groups = s->strangers_groups;
}

static int set_up(struct hsy_run *r)
{
    struct hsy_cluster_config config;
    fill(&config, r);
    const char *fault = hsy_cluster_config_fault(&config);
    if (fault != NULL) {
        hsy_line_text(&r->out, fault);
        return HEARSAY_ERR_INVALID;
    }
    struct hsy_witness_options options = {.keeps = HSY_WITNESS_ALL};
    if (r->s->unchecked) {
        options.keeps = HSY_WITNESS_LEDGER | HSY_WITNESS_STORY;
    }
    int err = hsy_witness_create(&r->witness, &config, &options);
    if (err != HEARSAY_OK) {
        return err;
    }
    r->witness->on_note = on_note;
    r->witness->ctx = r;
    r->cluster = r->witness->cluster;
    r->scene.scenario = r->s;
    r->scene.witness = r->witness;
    r->scene.cluster = r->cluster;
    hsy_prng_init(&r->scene.prng, config.rng ^ SHARES_RNG);
    arm(r);
    return start_all(r, config.rng);
}

int hsy_scenario_run(const struct hsy_scenario *s,
                     const struct hsy_scenario_setup *setup,
                     struct hsy_scenario_result *out, char *story,
                     size_t story_len)
{
    struct hsy_run *r = hsy_mem_zalloc(&setup->mem, sizeof(*r));
    if (r == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    r->s = s;
    r->setup = setup;
    r->result = out;
    r->out = hsy_line(story, story_len);
    *out = (struct hsy_scenario_result){.passed = true};
    int err = set_up(r);
    if (err == HEARSAY_OK) {
        play(r);
        out->digest = hsy_cluster_digest(r->cluster);
        out->steps = hsy_cluster_steps(r->cluster);
        out->at_ns = r->failed ? out->at_ns : hsy_cluster_now(r->cluster);
        err = r->witness->err != HEARSAY_OK ? r->witness->err : r->scene.err;
    }
    if (r->witness != NULL) {
        hsy_scene_fini(&r->scene);
    }
    hsy_witness_destroy(r->witness);
    hsy_mem_free(&setup->mem, r);
    return err;
}
