/* Runs a scenario: lets virtual time pass from one moment of interest to the
 * next (every 100 ms, every end of a span, every action), looks at all open
 * conditions there, then acts. */
#include "sim/scenario.h"

#include "base/mem.h"
#include "base/prng.h"
#include "base/time.h"
#include "sim/condition.h"
#include "sim/script.h"

#include <string.h>

#define LOOK_EVERY_NS (100 * HSY_MS)

struct run {
    const struct hsy_scenario *s;
    struct hsy_witness *witness; /* Owned. */
    struct hsy_cluster *cluster; /* Of the witness. */
    struct hsy_scene scene;
    struct hsy_scenario_result *result;
    struct hsy_line out;
    uint64_t hits[HSY_SCRIPT_STATEMENTS];
    bool done[HSY_SCRIPT_STATEMENTS]; /* Held, or carried out. */
    uint64_t published;
    bool failed;
};

static void on_note(void *ctx, uint32_t node, const struct hearsay_note *note)
{
    struct run *r = ctx;
    for (uint32_t i = 0; i < r->s->count; i++) {
        const struct hsy_statement *st = &r->s->statements[i];
        if (st->verb != HSY_VERB_AT && st->verb != HSY_VERB_RUN &&
            hsy_condition_matches(&r->scene, st, node, note)) {
            r->hits[i]++;
        }
    }
}

/* ----------------------------------------------------------------- verdict */

static void fail(struct run *r, const struct hsy_statement *st, const char *why)
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

static void fail_with(struct run *r, const struct hsy_statement *st,
                      const char *verdict, const struct hsy_line *seen)
{
    char text[512];
    struct hsy_line why = hsy_line(text, sizeof(text));
    hsy_line_text(&why, verdict);
    hsy_line_text(&why, "; seen: ");
    hsy_line_text(&why, seen->data);
    fail(r, st, text);
}

/* What one look at a condition means at @now_ns. NULL: all is well. */
static const char *judge(struct run *r, uint32_t i, bool holds, uint64_t now_ns)
{
    const struct hsy_statement *st = &r->s->statements[i];
    switch (st->verb) {
    case HSY_VERB_EXPECT:
        if (holds && now_ns < st->from_ns && !r->done[i]) {
            return "it came too early";
        }
        r->done[i] = r->done[i] || holds;
        return now_ns >= st->to_ns && !r->done[i] ? "it did not come in time"
                                                  : NULL;
    case HSY_VERB_UNTIL:
        r->done[i] = r->done[i] || (holds && now_ns >= st->from_ns);
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

static bool is_open(const struct run *r, uint32_t i, uint64_t now_ns)
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

static void look_around(struct run *r)
{
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    r->scene.graph_fresh = false;
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
    const char *broken = hsy_ledger_broken(r->witness->ledger);
    if (broken[0] != '\0') {
        fail(r, NULL, broken);
    }
}

/* ----------------------------------------------------------------- actions */

static int publish(struct run *r, uint32_t node)
{
    char text[48];
    struct hsy_line line = hsy_line(text, sizeof(text));
    hsy_line_text(&line, "message ");
    r->published++;
    hsy_line_u64(&line, r->published);
    uint64_t seq;
    return hsy_cluster_publish(r->cluster, node, (const uint8_t *)text,
                               line.len, &seq);
}

static int act_on(struct run *r, const struct hsy_statement *st, uint32_t node)
{
    struct hsy_who other = {0};
    switch (st->action) {
    case HSY_ACTION_KILL:
        return hsy_cluster_kill(r->cluster, node);
    case HSY_ACTION_FREEZE:
        return hsy_cluster_freeze(r->cluster, node);
    case HSY_ACTION_THAW:
        return hsy_cluster_thaw(r->cluster, node);
    case HSY_ACTION_START:
        return hsy_cluster_start(r->cluster, node, 0);
    case HSY_ACTION_LEAVE:
        return hsy_cluster_leave(r->cluster, node);
    case HSY_ACTION_PUBLISH:
        return publish(r, node);
    case HSY_ACTION_ISOLATE:
        hsy_cluster_isolate(r->cluster, node);
        return HEARSAY_OK;
    case HSY_ACTION_HEAL:
        hsy_cluster_heal(r->cluster, node);
        return HEARSAY_OK;
    case HSY_ACTION_CUT:
        other = hsy_scene_who(&r->scene, &st->args.who[1]);
        break;
    }
    int err = HEARSAY_OK;
    for (uint32_t i = other.first; i <= other.last && err == HEARSAY_OK; i++) {
        err = i == node ? HEARSAY_OK : hsy_cluster_cut(r->cluster, node, i);
    }
    return err;
}

static void act(struct run *r, uint32_t index)
{
    const struct hsy_statement *st = &r->s->statements[index];
    r->done[index] = true;
    hsy_story_action(&r->witness->story, r->cluster, st->text);
    struct hsy_who who = hsy_scene_who(&r->scene, &st->args.who[0]);
    for (uint32_t i = who.first; i <= who.last && !r->failed; i++) {
        int err = act_on(r, st, i);
        if (err != HEARSAY_OK) {
            fail(r, st, hearsay_strerror(err));
        }
    }
    r->scene.graph_fresh = false;
}

/* -------------------------------------------------------------------- time */

/* The next moment after @now_ns that matters; all actions of @now_ns are
 * done. */
static uint64_t next_moment(const struct run *r, uint64_t now_ns)
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
    }
    return next_ns;
}

static void act_now(struct run *r)
{
    for (uint32_t i = 0; i < r->s->count && !r->failed; i++) {
        if (r->s->statements[i].verb == HSY_VERB_AT && !r->done[i] &&
            r->s->statements[i].from_ns <= hsy_cluster_now(r->cluster)) {
            act(r, i);
        }
    }
}

static void play(struct run *r)
{
    act_now(r);
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    while (!r->failed && now_ns < r->s->end_ns) {
        now_ns = next_moment(r, now_ns);
        if (hsy_cluster_run(r->cluster, now_ns) != HEARSAY_OK) {
            fail(r, NULL, hsy_cluster_fault(r->cluster));
            return;
        }
        look_around(r);
        act_now(r);
    }
}

/* ------------------------------------------------------------------- set-up */

static int start_all(struct run *r, uint64_t rng)
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
        err = hsy_cluster_start(r->cluster, i, delay_ns);
    }
    return err;
}

static int set_up(struct run *r, const struct hsy_scenario_setup *setup)
{
    const struct hsy_scenario *s = r->s;
    struct hsy_cluster_config config;
    hsy_cluster_config_init(&config, &setup->mem);
    config.machine = setup->machine;
    config.crypto = setup->crypto;
    config.rng = setup->rng != 0 ? setup->rng : s->rng;
    config.seeds = s->seeds;
    config.peers = s->peers;
    config.seed_config = &s->seed_config;
    config.peer_config = &s->peer_config;
    config.latency_ns = s->latency_ns;
    config.job_ns = s->job_ns;
    config.disk_ns = s->disk_ns;
    config.one_host = s->one_host;
    int err = hsy_witness_create(&r->witness, &config, NULL);
    if (err != HEARSAY_OK) {
        return err;
    }
    r->witness->on_note = on_note;
    r->witness->ctx = r;
    r->cluster = r->witness->cluster;
    r->scene.witness = r->witness;
    r->scene.cluster = r->cluster;
    return start_all(r, config.rng);
}

int hsy_scenario_run(const struct hsy_scenario *s,
                     const struct hsy_scenario_setup *setup,
                     struct hsy_scenario_result *out, char *story,
                     size_t story_len)
{
    struct run *r = hsy_mem_zalloc(&setup->mem, sizeof(*r));
    if (r == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    r->s = s;
    r->result = out;
    r->out = hsy_line(story, story_len);
    *out = (struct hsy_scenario_result){.passed = true};
    int err = set_up(r, setup);
    if (err == HEARSAY_OK) {
        play(r);
        out->digest = hsy_cluster_digest(r->cluster);
        out->steps = hsy_cluster_steps(r->cluster);
        err = r->witness->err != HEARSAY_OK ? r->witness->err : r->scene.err;
    }
    hsy_witness_destroy(r->witness);
    hsy_mem_free(&setup->mem, r);
    return err;
}
