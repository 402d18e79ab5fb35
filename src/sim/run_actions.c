/* What a scenario does to its cluster. An action that cannot be done ends the
 * scenario: its author believed something that is not so. Only those that
 * repeat pass over the nodes that cannot just now. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/time.h"
#include "sim/run_inner.h"

static int publish(struct hsy_run *r, uint32_t node)
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

/* The same text, and something that differs in every piece. */
static int publish_large(struct hsy_run *r, uint32_t node, uint64_t kib)
{
    size_t len = (size_t)kib * 1024;
    uint8_t *payload = hsy_mem_alloc(&r->setup->mem, len);
    uint64_t seq;
    if (payload == NULL) {
        return HEARSAY_ERR_NOMEM;
    }
    r->published++;
    for (size_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)((i >> 10) * 31 + i + r->published);
    }
    int err = hsy_cluster_publish(r->cluster, node, payload, len, &seq);
    hsy_mem_free(&r->setup->mem, payload);
    return err;
}

/* What is sent says which one it is: the checks know it by that. */
static size_t text_of(struct hsy_run *r, const char *what, char *out,
                      size_t out_max)
{
    struct hsy_line line = hsy_line(out, out_max);
    hsy_line_text(&line, what);
    r->published++;
    hsy_line_u64(&line, r->published);
    return line.len;
}

static int send_to(struct hsy_run *r, uint32_t node, uint32_t to)
{
    char text[48];
    struct hsy_ask_for what = {.payload = (const uint8_t *)text};
    uint64_t number;
    what.payload_len = text_of(r, "direct ", text, sizeof(text));
    return hsy_cluster_send(r->cluster, node, to, &what, &number);
}

static int query(struct hsy_run *r, uint32_t node, uint64_t timeout_ns)
{
    char text[48];
    struct hsy_ask_for what = {.payload = (const uint8_t *)text,
                               .timeout_ns = timeout_ns};
    uint64_t seq;
    what.payload_len = text_of(r, "query ", text, sizeof(text));
    return hsy_cluster_query(r->cluster, node, &what, &seq);
}

/* A process that runs is killed first. */
static int restart(struct hsy_run *r, uint32_t node, uint64_t after_ns)
{
    int err = HEARSAY_OK;
    if (hsy_cluster_process(r->cluster, node) != HSY_PROCESS_NONE) {
        err = hsy_cluster_kill(r->cluster, node);
    }
    return err == HEARSAY_OK ? hsy_cluster_start(r->cluster, node, after_ns)
                             : err;
}

/* Each peer at a moment of its own. */
static int join(struct hsy_run *r, uint32_t node, uint64_t over_ns)
{
    return hsy_cluster_start(r->cluster, node,
                             hsy_prng_below(&r->scene.prng, over_ns + 1));
}

static int harm(struct hsy_run *r, uint32_t node, enum hsy_disk_harm what)
{
    int err = hsy_cluster_disk_harm(r->cluster, node, what);
    if (err == HEARSAY_OK) {
        hsy_witness_disk_lost(r->witness, node);
    }
    return err;
}

/* With each node of the other W. */
static int act_on_pair(struct hsy_run *r, const struct hsy_statement *st,
                       uint32_t a)
{
    int err = HEARSAY_OK;
    for (uint32_t b = 0; b < hsy_cluster_count(r->cluster) && err == HEARSAY_OK;
         b++) {
        if (a == b || !hsy_scene_names(&r->scene, &st->args, 1, b)) {
            continue;
        }
        if (st->action == HSY_ACTION_SEND) {
            err = b < hsy_cluster_seeds(r->cluster) ? HEARSAY_OK
                                                    : send_to(r, a, b);
        } else if (st->action == HSY_ACTION_CUT) {
            err = hsy_cluster_cut(r->cluster, a, b);
        } else if (st->action == HSY_ACTION_CUT_WAY) {
            err = hsy_cluster_cut_way(r->cluster, a, b);
        } else {
            hsy_cluster_heal_pair(r->cluster, a, b);
        }
    }
    return err;
}

static int act_on(struct hsy_run *r, const struct hsy_statement *st,
                  uint32_t node)
{
    struct hsy_cluster *c = r->cluster;
    switch (st->action) { /* tidy: dispatch */
    case HSY_ACTION_KILL:
        return hsy_cluster_kill(c, node);
    case HSY_ACTION_FREEZE:
        return hsy_cluster_freeze(c, node);
    case HSY_ACTION_THAW:
        return hsy_cluster_thaw(c, node);
    case HSY_ACTION_START:
        return hsy_cluster_start(c, node, 0);
    case HSY_ACTION_JOIN:
        return join(r, node, st->args.numbers[0]);
    case HSY_ACTION_RESTART:
        return restart(r, node, st->args.numbers[0]);
    case HSY_ACTION_LEAVE:
        return hsy_cluster_leave(c, node);
    case HSY_ACTION_PUBLISH:
        return st->value == 2 ? publish_large(r, node, st->args.numbers[0])
                              : publish(r, node);
    case HSY_ACTION_QUERY:
        return query(r, node, st->args.numbers[0]);
    case HSY_ACTION_WATCH:
        return hsy_cluster_watch(c, node);
    case HSY_ACTION_HARM:
        return harm(r, node, (enum hsy_disk_harm)st->value);
    case HSY_ACTION_SEND:
    case HSY_ACTION_HEAL_PAIR:
    case HSY_ACTION_CUT:
    case HSY_ACTION_CUT_WAY:
        return act_on_pair(r, st, node);
    case HSY_ACTION_ISOLATE:
        hsy_cluster_isolate(c, node);
        break;
    case HSY_ACTION_HEAL:
        hsy_cluster_heal(c, node);
        break;
    case HSY_ACTION_RESET:
        (void)hsy_cluster_reset(c, node, (uint32_t)st->args.numbers[0]);
        break;
    case HSY_ACTION_SLOW:
        hsy_cluster_slow(c, node, st->args.numbers[0]);
        break;
    case HSY_ACTION_FAST:
        hsy_cluster_slow(c, node, 0);
        break;
    case HSY_ACTION_FAR:
        hsy_cluster_far(c, node, st->args.numbers[0]);
        break;
    case HSY_ACTION_NEAR:
        hsy_cluster_far(c, node, 0);
        break;
    case HSY_ACTION_NAT:
        hsy_cluster_nat(c, node, true);
        break;
    case HSY_ACTION_OPEN:
        hsy_cluster_nat(c, node, false);
        break;
    case HSY_ACTION_DISK:
        hsy_cluster_disk_mood(c, node, (enum hsy_disk_mood)st->value);
        hsy_witness_disk_bad(r->witness, node);
        if (st->value == HSY_DISK_LYING) {
            hsy_witness_disk_lost(r->witness, node);
        }
        break;
    case HSY_ACTION_CLOCK:
        hsy_cluster_clock_jump(c, node, st->args.jump_ms);
        hsy_witness_clock_jumped(r->witness, node);
        break;
    case HSY_ACTION_WEATHER:
        break; /* Of the whole cluster. */
    }
    return HEARSAY_OK;
}

static void change_weather(struct hsy_run *r, const struct hsy_statement *st)
{
    struct hsy_weather now = hsy_cluster_weather(r->cluster);
    if ((st->weather_set & HSY_WEATHER_LATENCY) != 0) {
        now.latency_ns = st->weather.latency_ns;
    }
    if ((st->weather_set & HSY_WEATHER_TAIL) != 0) {
        now.tail_ppm = st->weather.tail_ppm;
        now.tail_ns = st->weather.tail_ns;
    }
    if ((st->weather_set & HSY_WEATHER_RATE) != 0) {
        now.bytes_per_s = st->weather.bytes_per_s;
    }
    if ((st->weather_set & HSY_WEATHER_WINDOW) != 0) {
        now.window_len = st->weather.window_len;
    }
    hsy_cluster_set_weather(r->cluster, &now);
}

static void act_on_all(struct hsy_run *r, const struct hsy_statement *st)
{
    hsy_scene_bind(&r->scene, &st->args);
    for (uint32_t i = 0; i < hsy_cluster_count(r->cluster) && !r->failed &&
                         r->scene.err == HEARSAY_OK;
         i++) {
        if (!hsy_scene_names(&r->scene, &st->args, 0, i)) {
            continue;
        }
        int err = act_on(r, st, i);
        if (err == HEARSAY_ERR_NOMEM) {
            r->scene.err = err;
        } else if (err != HEARSAY_OK && st->every_ns == 0) {
            char text[120];
            struct hsy_line why = hsy_line(text, sizeof(text));
            hsy_line_node(&why, r->cluster, i);
            hsy_line_text(&why, ": ");
            hsy_line_text(&why, hearsay_strerror(err));
            hsy_run_fail(r, st, text);
        }
    }
}

uint64_t hsy_run_act(struct hsy_run *r, uint32_t index)
{
    const struct hsy_statement *st = &r->s->statements[index];
    HSY_ASSERT(st->verb == HSY_VERB_AT);
    uint64_t now_ns = hsy_cluster_now(r->cluster);
    if (now_ns == st->from_ns) {
        hsy_story_action(&r->witness->story, r->cluster, st->text);
    }
    if (st->action == HSY_ACTION_WEATHER) {
        change_weather(r, st);
    } else {
        act_on_all(r, st);
    }
    r->scene.graph_fresh = false;
    uint64_t last_ns = hsy_time_add(st->from_ns, st->for_ns);
    uint64_t next_ns = hsy_time_add(now_ns, st->every_ns);
    return st->every_ns > 0 && next_ns < last_ns ? next_ns : HEARSAY_NEVER;
}
