/* That the swarm bites: protocol defects planted between the real node and
 * the cluster are caught and made small, no class or node takes the rest of a
 * plan with it, rare paths are marked, and running out of memory is told. */
#include <string.h>

#include "base/notes.h"
#include "base/time.h"
#include "core/counters.h"
#include "node/rows.h"
#include "sim/cluster.h"
#include "sim/minimise.h"
#include "sim/swarm.h"
#include "support/claim.h"
#include "support/mem_fault.h"
#include "wire/frames.h"

static struct hsy_swarm_plan plan;
static struct hsy_minimised small;

static int run(const struct hsy_machine *machine,
               const struct hsy_swarm_choice *choice,
               struct hsy_swarm_result *out)
{
    struct hsy_swarm_setup setup = {.mem = *hearsay_mem_default(),
                                    .machine = machine,
                                    .crypto = hearsay_crypto_null()};
    hsy_swarm_draw(&plan, choice);
    return hsy_swarm_run(out, &plan, &setup);
}

/* ---------------------------------------------------------- planted defects */

static struct hearsay_effect again;
static bool has_again;

/* What @is_meant names reaches the application twice. */
static bool repeated(struct hearsay_node *node, struct hearsay_effect *out,
                     bool (*is_meant)(const struct hearsay_effect *effect))
{
    if (has_again) {
        *out = again;
        has_again = false;
        return true;
    }
    bool any = hearsay_next_effect(node, out);
    has_again = any && is_meant(out);
    again = has_again ? *out : again;
    return any;
}

static bool is_message(const struct hearsay_effect *effect)
{
    return effect->kind == HEARSAY_FX_DELIVER;
}

static bool effect_twice(struct hearsay_node *node, struct hearsay_effect *out)
{
    return repeated(node, out, is_message);
}

static bool is_direct(const struct hearsay_effect *effect)
{
    return is_message(effect) && effect->message->direct;
}

static bool effect_direct_twice(struct hearsay_node *node,
                                struct hearsay_effect *out)
{
    return repeated(node, out, is_direct);
}

static bool is_answer(const struct hearsay_effect *effect)
{
    return effect->kind == HEARSAY_FX_ANSWER;
}

static bool effect_answer_twice(struct hearsay_node *node,
                                struct hearsay_effect *out)
{
    return repeated(node, out, is_answer);
}

/* What nobody answered is told to be delivered. */
static bool effect_hopeful(struct hearsay_node *node,
                           struct hearsay_effect *out)
{
    bool any = hearsay_next_effect(node, out);
    if (any && out->kind == HEARSAY_FX_RECEIPT) {
        out->receipt.outcome = HEARSAY_OUTCOME_DELIVERED;
    }
    return any;
}

/* Nobody is told what became of a direct message. */
static bool effect_untold(struct hearsay_node *node, struct hearsay_effect *out)
{
    bool any = hearsay_next_effect(node, out);
    while (any && out->kind == HEARSAY_FX_RECEIPT) {
        any = hearsay_next_effect(node, out);
    }
    return any;
}

/* Bundles are never sent. */
static bool effect_mute(struct hearsay_node *node, struct hearsay_effect *out)
{
    while (hearsay_next_effect(node, out)) {
        if (out->kind != HEARSAY_FX_SEND ||
            out->send.buf->data[4] != HSY_BUNDLE) {
            return true;
        }
        hearsay_buf_unref(out->send.buf);
    }
    return false;
}

/* Frames of one type are never sent. */
static uint8_t muted;
static bool effect_muted(struct hearsay_node *node, struct hearsay_effect *out)
{
    while (hearsay_next_effect(node, out)) {
        if (out->kind != HEARSAY_FX_SEND || out->send.buf->data[4] != muted) {
            return true;
        }
        hearsay_buf_unref(out->send.buf);
    }
    return false;
}

/* The 500th step ends in nonsense. */
static unsigned steps;
static int step_wrong(struct hearsay_node *node, const struct hearsay_now *now,
                      const struct hearsay_event *ev)
{
    int err = hearsay_step(node, now, ev);
    steps++;
    return steps == 500 ? HEARSAY_ERR_IO : err;
}

/* A damaged row is believed: its seal is made to fit. */
static int restore_believing(struct hearsay_node *node,
                             const struct hearsay_row *row)
{
    static uint8_t value[8192];
    struct hearsay_row bare = *row;
    if (row->value_len < HSY_SEAL_LEN || row->value_len > sizeof(value)) {
        return hearsay_node_restore(node, row);
    }
    bare.value_len -= HSY_SEAL_LEN;
    memcpy(value, row->value, bare.value_len);
    bare.value = value;
    hsy_row_seal(value + bare.value_len, &bare);
    bare.value_len += HSY_SEAL_LEN;
    return hearsay_node_restore(node, &bare);
}

/* A write that failed counts as one that went well. */
static int step_believing(struct hearsay_node *node,
                          const struct hearsay_now *now,
                          const struct hearsay_event *ev)
{
    struct hearsay_event told = *ev;
    if (ev->kind == HEARSAY_EV_PERSISTED) {
        told.persisted.ok = true;
    }
    return hearsay_step(node, now, &told);
}

static struct hsy_machine machine_with(
    bool (*next_effect)(struct hearsay_node *, struct hearsay_effect *))
{
    struct hsy_machine machine = *hsy_machine_node();
    machine.next_effect = next_effect;
    return machine;
}

static int run_planted(void *ctx, const struct hsy_swarm_choice *choice,
                       struct hsy_swarm_result *out)
{
    has_again = false;
    return run(ctx, choice, out);
}

/* Of the seeds 1, 2, ... the first that fails, in @small. */
static void catch (struct hsy_machine *machine)
{
    memset(&small, 0, sizeof(small));
    for (uint64_t rng = 1; rng <= 40 && small.result.what[0] == '\0'; rng++) {
        small.choice.rng = rng;
        assert_int_equal(run_planted(machine, &small.choice, &small.result),
                         HEARSAY_OK);
    }
}

static void a_message_delivered_twice_is_caught_and_made_small(void **state)
{
    (void)state;
    struct hsy_machine machine = machine_with(effect_twice);
    catch (&machine);
    CLAIM_TEXT(small.result.what, "B2");
    CLAIM(small.result.story[0] != '\0');
    uint64_t for_ns = small.result.for_ns;

    struct hsy_minimiser m = {
        .ctx = &machine, .run = run_planted, .tries_max = 200};
    assert_int_equal(hsy_minimise(&small, &m), HEARSAY_OK);
    CLAIM(!small.bounded);
    CLAIM_TEXT(small.result.what, "B2");
    CLAIM_INT(small.result.on, 0);
    CLAIM_INT(small.result.peers, 3);
    CLAIM_INT(small.result.seeds, 1);
    CLAIM(small.result.for_ns < for_ns);

    /* What is reported fails by itself. */
    struct hsy_swarm_choice choice = small.choice;
    assert_int_equal(run_planted(&machine, &choice, &small.result), HEARSAY_OK);
    CLAIM_TEXT(small.result.what, "B2");
}

static void messages_that_are_not_relayed_are_missed(void **state)
{
    (void)state;
    struct hsy_machine machine = machine_with(effect_mute);
    catch (&machine);
    CLAIM(small.result.what[0] != '\0');
    CLAIM(strcmp(small.result.what, "B3") == 0 ||
          strcmp(small.result.what, "B7") == 0 ||
          strcmp(small.result.what, "messages") == 0);
}

static void what_is_never_pulled_is_missed(void **state)
{
    (void)state;
    struct hsy_machine machine = machine_with(effect_muted);
    muted = HSY_PULL;
    catch (&machine);
    CLAIM(strcmp(small.result.what, "B3") == 0 ||
          strcmp(small.result.what, "B7") == 0);
    CLAIM(small.result.pairs.lost > 0);
}

static void what_no_digest_tells_is_missed(void **state)
{
    (void)state;
    struct hsy_machine machine = machine_with(effect_muted);
    muted = HSY_DIGEST;
    catch (&machine);
    CLAIM(strcmp(small.result.what, "B3") == 0 ||
          strcmp(small.result.what, "B7") == 0);
    CLAIM(small.result.pairs.lost > 0);
}

static void claim_caught(bool (*defect)(struct hearsay_node *,
                                        struct hearsay_effect *),
                         const char *invariant)
{
    struct hsy_machine machine = machine_with(defect);
    struct hsy_swarm_result sound;
    catch (&machine);
    CLAIM_TEXT(small.result.what, invariant);
    assert_int_equal(run_planted(NULL, &small.choice, &sound), HEARSAY_OK);
    CLAIM_TEXT(sound.what, ""); /* It is the defect that fails. */
}

static void a_direct_message_taken_twice_is_caught(void **state)
{
    (void)state;
    claim_caught(effect_direct_twice, "D1");
}

static void a_delivery_that_never_was_is_caught(void **state)
{
    (void)state;
    claim_caught(effect_hopeful, "D2");
}

static void an_outcome_that_nobody_is_told_is_caught(void **state)
{
    (void)state;
    claim_caught(effect_untold, "D3");
}

static void an_answer_told_twice_is_caught(void **state)
{
    (void)state;
    claim_caught(effect_answer_twice, "Q1");
}

static void damaged_rows_that_are_believed_are_caught(void **state)
{
    (void)state;
    struct hsy_machine machine = *hsy_machine_node();
    machine.restore = restore_believing;
    memset(&small, 0, sizeof(small));
    small.choice.only =
        HSY_SWARM_BIT(HSY_SWARM_DISK_CORRUPT) | HSY_SWARM_BIT(HSY_SWARM_SEEDS);
    struct hsy_swarm_result sound;
    for (uint64_t rng = 1; rng <= 200 && small.result.what[0] == '\0'; rng++) {
        small.choice.rng = rng;
        assert_int_equal(run_planted(&machine, &small.choice, &small.result),
                         HEARSAY_OK);
    }
    CLAIM(small.result.what[0] != '\0');
    assert_int_equal(run_planted(NULL, &small.choice, &sound), HEARSAY_OK);
    CLAIM_TEXT(sound.what, ""); /* It is the defect that fails. */
}

/* One seed, whose disk is full when a peer comes back, and which dies soon
 * after: R1 is what it would lie about. */
static void run_on_full_disk(const struct hsy_machine *machine)
{
    static const struct hsy_strike strikes[] = {
        {.at_ns = 30 * HSY_SECOND,
         .lasts_ns = 60 * HSY_SECOND,
         .fault = HSY_SWARM_DISK_FULL}, /* Whom: 0, the seed. */
        {.at_ns = 35 * HSY_SECOND,
         .lasts_ns = HSY_SECOND,
         .whom = 1, /* The first peer. */
         .fault = HSY_SWARM_CRASH},
        {.at_ns = 60 * HSY_SECOND,
         .lasts_ns = HSY_SECOND,
         .fault = HSY_SWARM_CRASH}};
    struct hsy_swarm_choice choice = {.rng = 1,
                                      .seeds = 1,
                                      .peers = 4,
                                      .for_ns = 120 * HSY_SECOND,
                                      .only = HSY_SWARM_BIT(HSY_SWARM_SEEDS)};
    struct hsy_swarm_setup setup = {.mem = *hearsay_mem_default(),
                                    .machine = machine,
                                    .crypto = hearsay_crypto_null()};
    hsy_swarm_draw(&plan, &choice);
    memcpy(plan.strikes, strikes, sizeof(strikes));
    plan.strikes_count = sizeof(strikes) / sizeof(strikes[0]);
    assert_int_equal(hsy_swarm_run(&small.result, &plan, &setup), HEARSAY_OK);
}

static void writes_that_failed_and_are_believed_are_caught(void **state)
{
    (void)state;
    struct hsy_machine machine = *hsy_machine_node();
    run_on_full_disk(&machine);
    CLAIM_TEXT(small.result.what, "");
    machine.step = step_believing;
    run_on_full_disk(&machine);
    CLAIM_TEXT(small.result.what, "R1");
}

static void a_node_that_breaks_its_contract_is_named(void **state)
{
    (void)state;
    struct hsy_machine machine = *hsy_machine_node();
    machine.step = step_wrong;
    struct hsy_swarm_choice choice = {.rng = 1};
    steps = 0;
    assert_int_equal(run(&machine, &choice, &small.result), HEARSAY_OK);
    CLAIM_TEXT(small.result.what, "contract");
}

/* ----------------------------------------------------------- the minimiser */

/* Fails if "crash" is on and there are at least 5 peers and 40 seconds. */
static int toy(void *ctx, const struct hsy_swarm_choice *choice,
               struct hsy_swarm_result *out)
{
    unsigned *left = ctx;
    memset(out, 0, sizeof(*out));
    if (*left == 0) {
        return HEARSAY_ERR_NOMEM;
    }
    (*left)--;
    hsy_swarm_draw(&plan, choice);
    out->on = plan.on;
    out->seeds = plan.seeds;
    out->peers = plan.peers;
    out->for_ns = plan.for_ns;
    if ((plan.on & HSY_SWARM_BIT(HSY_SWARM_CRASH)) != 0 && plan.peers >= 5 &&
        plan.for_ns >= 40 * HSY_SECOND) {
        memcpy(out->what, "toy", 4);
    }
    return HEARSAY_OK;
}

static void begin_toy(unsigned *left)
{
    memset(&small, 0, sizeof(small));
    for (uint64_t rng = 1; small.result.what[0] == '\0'; rng++) {
        small.choice.rng = rng;
        *left = 1;
        assert_int_equal(toy(left, &small.choice, &small.result), HEARSAY_OK);
    }
}

static void the_smallest_failure_is_found(void **state)
{
    (void)state;
    unsigned left;
    begin_toy(&left);
    left = 1000;
    struct hsy_minimiser m = {.ctx = &left, .run = toy, .tries_max = 1000};
    assert_int_equal(hsy_minimise(&small, &m), HEARSAY_OK);
    CLAIM_INT(small.result.on, HSY_SWARM_BIT(HSY_SWARM_CRASH));
    CLAIM_INT(small.result.peers, 5);
    CLAIM_INT(small.result.seeds, 1);
    CLAIM_INT(small.result.for_ns, 40 * HSY_SECOND);
    CLAIM(!small.bounded);
}

/* What the last try changed: classes are 0, then come peers, seeds, time. */
struct order {
    unsigned left; /* For toy(); first, so that one context is both. */
    unsigned stage;
    bool seen[4];
    struct hsy_swarm_choice kept;
};

static void see_order(void *ctx, uint32_t tries,
                      const struct hsy_swarm_choice *choice, bool still_fails)
{
    struct order *o = ctx;
    bool changed[4] = {
        choice->without != o->kept.without, choice->peers != o->kept.peers,
        choice->seeds != o->kept.seeds, choice->for_ns != o->kept.for_ns};
    (void)tries;
    for (unsigned i = 0; i < 4; i++) {
        if (changed[i]) {
            CLAIM(i >= o->stage);
            o->stage = i;
            o->seen[i] = true;
        }
    }
    CLAIM_INT(changed[0] + changed[1] + changed[2] + changed[3], 1);
    o->kept = still_fails ? *choice : o->kept;
}

static void classes_go_first_then_nodes_then_time(void **state)
{
    (void)state;
    struct order order = {0};
    begin_toy(&order.left);
    order.left = 1000;
    order.kept = small.choice;
    struct hsy_minimiser m = {
        .ctx = &order, .run = toy, .tried = see_order, .tries_max = 1000};
    assert_int_equal(hsy_minimise(&small, &m), HEARSAY_OK);
    for (unsigned i = 0; i < 4; i++) {
        CLAIM(order.seen[i]);
    }
}

static void the_number_of_tries_is_bounded(void **state)
{
    (void)state;
    unsigned left;
    begin_toy(&left);
    left = 1000;
    struct hsy_minimiser m = {.ctx = &left, .run = toy, .tries_max = 3};
    assert_int_equal(hsy_minimise(&small, &m), HEARSAY_OK);
    CLAIM_INT(small.tries, 3);
    CLAIM(small.bounded);
    CLAIM_TEXT(small.result.what, "toy");
}

static void an_error_ends_the_search_with_what_was_found(void **state)
{
    (void)state;
    unsigned left;
    begin_toy(&left);
    left = 2;
    struct hsy_minimiser m = {.ctx = &left, .run = toy, .tries_max = 1000};
    assert_int_equal(hsy_minimise(&small, &m), HEARSAY_ERR_NOMEM);
    CLAIM_TEXT(small.result.what, "toy");
}

/* ------------------------------------------------------------------- plans */

/* Every strike of @part is one of @whole. */
static void claim_within(const struct hsy_swarm_plan *part,
                         const struct hsy_swarm_plan *whole)
{
    for (uint32_t i = 0; i < part->strikes_count; i++) {
        bool found = false;
        for (uint32_t k = 0; k < whole->strikes_count && !found; k++) {
            const struct hsy_strike *a = &part->strikes[i];
            const struct hsy_strike *b = &whole->strikes[k];
            found = a->at_ns == b->at_ns && a->whom == b->whom &&
                    a->how == b->how && a->lasts_ns == b->lasts_ns &&
                    a->fault == b->fault;
        }
        CLAIM(found);
    }
}

static void what_is_left_out_changes_nothing_else(void **state)
{
    (void)state;
    static struct hsy_swarm_plan less;
    for (uint64_t rng = 1; rng <= 50; rng++) {
        struct hsy_swarm_choice choice = {.rng = rng};
        hsy_swarm_draw(&plan, &choice);
        choice.without =
            HSY_SWARM_BIT(HSY_SWARM_CRASH) | HSY_SWARM_BIT(HSY_SWARM_DELAY);
        choice.peers = 3;
        choice.for_ns = 20 * HSY_SECOND;
        hsy_swarm_draw(&less, &choice);
        CLAIM_INT(less.on, plan.on & ~choice.without);
        CLAIM_INT(less.peers, 3);
        CLAIM_INT(less.peers_drawn, plan.peers_drawn);
        CLAIM_INT(less.seeds, plan.seeds);
        CLAIM_INT(less.window_len, plan.window_len);
        claim_within(&less, &plan);
    }
}

static void only_some_classes_can_be_asked_for(void **state)
{
    (void)state;
    struct hsy_swarm_choice choice = {.rng = 9,
                                      .only = HSY_SWARM_BIT(HSY_SWARM_PAUSE)};
    hsy_swarm_draw(&plan, &choice);
    CLAIM_INT(plan.on, HSY_SWARM_BIT(HSY_SWARM_PAUSE));
    CLAIM(plan.strikes_count > 0);
    for (uint32_t i = 0; i < plan.strikes_count; i++) {
        CLAIM_INT(plan.strikes[i].fault, HSY_SWARM_PAUSE);
    }
}

static void every_class_has_a_name_that_finds_it(void **state)
{
    (void)state;
    enum hsy_swarm_fault found = HSY_SWARM_FAULTS_COUNT;
    for (unsigned i = 0; i < HSY_SWARM_FAULTS_COUNT; i++) {
        const char *name = hsy_swarm_fault_name((enum hsy_swarm_fault)i);
        CLAIM(hsy_swarm_fault_find(name, strlen(name), &found));
        CLAIM_INT(found, i);
        CLAIM(hsy_swarm_fault_says(found)[0] != '\0');
    }
    CLAIM(!hsy_swarm_fault_find("meteor", 6, &found));
    CLAIM(!hsy_swarm_fault_find("crash2", 6, &found));
}

static void a_choice_is_written_as_the_command_that_makes_it(void **state)
{
    (void)state;
    char text[HSY_SWARM_REPRO_LEN];
    struct hsy_swarm_choice choice = {.rng = 0x1f,
                                      .without = HSY_SWARM_BIT(HSY_SWARM_CUT) |
                                                 HSY_SWARM_BIT(HSY_SWARM_CLOCK),
                                      .seeds = 2,
                                      .peers = 5,
                                      .for_ns = 1500 * HSY_MS};
    hsy_swarm_repro(text, &choice);
    CLAIM_TEXT(text, "hearsay sim --swarm --rng 0x1f --without cut,clock "
                     "--seeds 2 --peers 5 --for 1500ms");
    choice = (struct hsy_swarm_choice){.rng = 0,
                                       .only = HSY_SWARM_BIT(HSY_SWARM_TAIL)};
    hsy_swarm_repro(text, &choice);
    CLAIM_TEXT(text, "hearsay sim --swarm --rng 0x0 --only tail");
    choice =
        (struct hsy_swarm_choice){.rng = UINT64_MAX, .without = HSY_SWARM_ALL};
    hsy_swarm_repro(text, &choice);
    CLAIM(strlen(text) + 40 < HSY_SWARM_REPRO_LEN); /* All that has room. */
}

/* ------------------------------------------------------------------- marks */

static uint32_t mark(const char *name)
{
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        if (strcmp(hsy_mark_name(i), name) == 0) {
            return i;
        }
    }
    fail();
    return 0;
}

static void marks_have_names_of_their_own(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < hsy_marks_count(); i++) {
        CLAIM_INT(mark(hsy_mark_name(i)), i);
        CLAIM(hsy_mark_says(i)[0] != '\0');
    }
}

static void a_mark_takes_its_own_record_and_no_other(void **state)
{
    (void)state;
    struct hsy_marks marks = {0};
    struct hsy_note note = hsy_note(HEARSAY_INFO, "strike");
    hsy_note_u64(&note, "count", 3);
    hsy_marks_note(&marks, HEARSAY_PEER, &note.note);
    CLAIM_INT(marks.reached[mark("strike-3")], 1);
    CLAIM_INT(marks.reached[mark("strike-1")], 0);

    note = hsy_note(HEARSAY_INFO, "disconnect");
    hsy_note_text(&note, "why", "slow");
    hsy_marks_note(&marks, HEARSAY_SEED, &note.note);
    CLAIM_INT(marks.reached[mark("down-slow")], 1);
    CLAIM_INT(marks.reached[mark("down-reset")], 0);

    note = hsy_note(HEARSAY_INFO, "lease-expired");
    hsy_marks_note(&marks, HEARSAY_PEER, &note.note);
    CLAIM_INT(marks.reached[mark("lease-expired")], 0); /* Of seeds. */
    hsy_marks_note(&marks, HEARSAY_SEED, &note.note);
    CLAIM_INT(marks.reached[mark("lease-expired")], 1);
}

static void marks_see_frames_counters_and_ends(void **state)
{
    (void)state;
    struct hsy_marks marks = {0};
    /* REGISTERED with verdict STALE, behind a PING; then half a frame. */
    static const uint8_t frames[] = {
        0, 0, 0, 10, HSY_PING,       0, 1, 2, 3, 4, 5, 6, 7, 8,
        0, 0, 0, 3,  HSY_REGISTERED, 0, 1, 0, 0, 0, 9, 1, 1};
    hsy_marks_sent(&marks, HEARSAY_SEED, frames, sizeof(frames));
    CLAIM_INT(marks.reached[mark("registered-stale")], 1);
    CLAIM_INT(marks.reached[mark("registered-ok")], 0);

    struct hsy_counters counters = {.refutations = 2};
    hsy_marks_counters(&marks, HEARSAY_PEER, &counters);
    CLAIM_INT(marks.reached[mark("refutation")], 1);
    CLAIM_INT(marks.reached[mark("bridged")], 0);

    hsy_marks_stopped(&marks, HEARSAY_STOP_DISK);
    CLAIM_INT(marks.reached[mark("stopped-disk")], 1);
    CLAIM_INT(marks.reached[mark("stopped-left")], 0);

    hsy_marks_struck(&marks, HSY_SWARM_SPLIT);
    CLAIM_INT(marks.reached[mark("split")], 1);
    CLAIM_INT(marks.reached[mark("cut")], 0);
}

static void a_few_runs_reach_most_marks(void **state)
{
    (void)state;
    static struct hsy_swarm_result result;
    bool reached[HSY_MARKS_MAX] = {false};
    uint32_t count = 0;
    for (uint64_t rng = 1; rng <= 30; rng++) {
        struct hsy_swarm_choice choice = {.rng = rng};
        assert_int_equal(run(NULL, &choice, &result), HEARSAY_OK);
        for (uint32_t i = 0; i < hsy_marks_count(); i++) {
            count += !reached[i] && result.marks.reached[i] > 0 ? 1 : 0;
            reached[i] = reached[i] || result.marks.reached[i] > 0;
        }
    }
    CLAIM(count * 10 > hsy_marks_count() * 8);
}

/* ------------------------------------------------------------------ memory */

static void no_memory_is_told_at_every_allocation(void **state)
{
    (void)state;
    static struct hsy_swarm_result result;
    struct hsy_swarm_choice choice = {
        .rng = 3, .peers = 3, .seeds = 1, .for_ns = HSY_SECOND};
    hsy_swarm_draw(&plan, &choice);
    unsigned told = 0;
    for (uint64_t at = 1; at < 3000; at = at < 200 ? at + 1 : at + at / 16) {
        struct mem_fault fault = mem_fault_at(at);
        struct hsy_swarm_setup setup = {.mem = mem_fault_mem(&fault),
                                        .crypto = hearsay_crypto_null()};
        int err = hsy_swarm_run(&result, &plan, &setup);
        if (err != HEARSAY_OK) {
            CLAIM_INT(err, HEARSAY_ERR_NOMEM);
            CLAIM_TEXT(result.what, "nomem");
            told++;
        }
        CLAIM_INT(fault.live, 0); /* All is given back. */
    }
    CLAIM(told > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_delivered_twice_is_caught_and_made_small),
        cmocka_unit_test(messages_that_are_not_relayed_are_missed),
        cmocka_unit_test(what_is_never_pulled_is_missed),
        cmocka_unit_test(what_no_digest_tells_is_missed),
        cmocka_unit_test(a_direct_message_taken_twice_is_caught),
        cmocka_unit_test(a_delivery_that_never_was_is_caught),
        cmocka_unit_test(an_outcome_that_nobody_is_told_is_caught),
        cmocka_unit_test(an_answer_told_twice_is_caught),
        cmocka_unit_test(damaged_rows_that_are_believed_are_caught),
        cmocka_unit_test(writes_that_failed_and_are_believed_are_caught),
        cmocka_unit_test(a_node_that_breaks_its_contract_is_named),
        cmocka_unit_test(the_smallest_failure_is_found),
        cmocka_unit_test(classes_go_first_then_nodes_then_time),
        cmocka_unit_test(the_number_of_tries_is_bounded),
        cmocka_unit_test(an_error_ends_the_search_with_what_was_found),
        cmocka_unit_test(what_is_left_out_changes_nothing_else),
        cmocka_unit_test(only_some_classes_can_be_asked_for),
        cmocka_unit_test(every_class_has_a_name_that_finds_it),
        cmocka_unit_test(a_choice_is_written_as_the_command_that_makes_it),
        cmocka_unit_test(marks_have_names_of_their_own),
        cmocka_unit_test(a_mark_takes_its_own_record_and_no_other),
        cmocka_unit_test(marks_see_frames_counters_and_ends),
        cmocka_unit_test(a_few_runs_reach_most_marks),
        cmocka_unit_test(no_memory_is_told_at_every_allocation),
    };
    return cmocka_run_group_tests_name("swarm_bites", tests, NULL, NULL);
}
