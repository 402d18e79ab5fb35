/* Marks, runs and claims, against a set of numbers that keeps it simple. */
#include <string.h>

#include "core/origins.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_origins origins;

static void begin(uint32_t origins_max)
{
    core_ports_init(&ports, &env);
    env.config.origins_max = origins_max;
    env.now.mono_ns = 1000 * HSY_SECOND;
    hsy_origins_init(&origins, &env);
}

static void end(void)
{
    hsy_origins_fini(&origins);
    core_ports_fini(&ports);
}

static struct hsy_span span_of(uint32_t number, uint64_t from, uint64_t to)
{
    struct hsy_span span = {.from = from, .to = to};

    span.of.origin = core_id('o', number);
    span.of.incarnation = 1;
    return span;
}

static enum hsy_claimed_as claim(uint64_t from, uint64_t to)
{
    struct hsy_span span = span_of(1, from, to);
    struct hsy_origin *out = NULL;
    enum hsy_claimed_as before = hsy_origins_look(&origins, &span);
    enum hsy_claimed_as as = hsy_origins_claim(&origins, &out, &span);

    CLAIM(out != NULL);
    CLAIM(out == hsy_origin_find(&origins, &span.of));
    CLAIM_INT(as, before); /* A look tells the same. */
    return as;
}

static struct hsy_origin *origin(void)
{
    struct hsy_span span = span_of(1, 1, 1);

    return hsy_origin_find(&origins, &span.of);
}

static bool is_missing(uint64_t from, uint64_t to, uint64_t first,
                       uint64_t last)
{
    struct hsy_span span;

    return hsy_origin_missing(origin(), &span, from, to) &&
           span.from == first && span.to == last;
}

/* ----------------------------------------------------------------- claims */

static void numbers_in_order_move_the_mark(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(hsy_origins_count(&origins), 0);
    CLAIM_INT(claim(1, 1), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(2, 65), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->done, 65);
    CLAIM_INT(hsy_origin_high(origin()), 65);
    CLAIM(origin()->runs == NULL);
    CLAIM(origins.gap_next_ns == HEARSAY_NEVER);
    end();
}

static void a_look_changes_nothing(void **state)
{
    struct hsy_span span = span_of(1, 1, 3);

    (void)state;
    begin(4);
    CLAIM_INT(hsy_origins_look(&origins, &span), HSY_CLAIMED_NEW);
    CLAIM_INT(hsy_origins_count(&origins), 0);
    end();
}

static void numbers_behind_a_gap_wait_until_it_is_filled(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(claim(1, 1), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(4, 5), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->done, 1);
    CLAIM_INT(hsy_origin_high(origin()), 5);
    CLAIM(origin()->runs[0].since_ns == env.now.mono_ns);
    CLAIM(origins.gap_next_ns == env.now.mono_ns); /* Somebody is to look. */
    CLAIM_INT(claim(2, 2), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->done, 2);
    CLAIM_INT(claim(3, 3), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->done, 5);
    CLAIM(origin()->runs == NULL);
    end();
}

static void a_number_is_claimed_once(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(claim(1, 4), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(10, 14), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(1, 4), HSY_CLAIMED_BEFORE);
    CLAIM_INT(claim(2, 3), HSY_CLAIMED_BEFORE);
    CLAIM_INT(claim(10, 14), HSY_CLAIMED_BEFORE);
    CLAIM_INT(claim(14, 14), HSY_CLAIMED_BEFORE);
    CLAIM_INT(claim(4, 5), HSY_CLAIMED_PARTLY);
    CLAIM_INT(claim(9, 10), HSY_CLAIMED_PARTLY);
    CLAIM_INT(claim(14, 15), HSY_CLAIMED_PARTLY);
    CLAIM_INT(claim(9, 15), HSY_CLAIMED_PARTLY);
    CLAIM_INT(claim(3, 20), HSY_CLAIMED_PARTLY);
    CLAIM_INT(origin()->done, 4);
    CLAIM_INT(origin()->runs_count, 1);
    end();
}

static void each_life_of_an_origin_has_its_own_numbers(void **state)
{
    struct hsy_span other = span_of(1, 1, 1);

    (void)state;
    begin(4);
    CLAIM_INT(claim(1, 1), HSY_CLAIMED_NEW);
    other.of.nonce = 1;
    CLAIM_INT(hsy_origins_claim(&origins, NULL, &other), HSY_CLAIMED_NEW);
    other.of.nonce = 0;
    other.of.incarnation = 2;
    CLAIM_INT(hsy_origins_claim(&origins, NULL, &other), HSY_CLAIMED_NEW);
    CLAIM_INT(hsy_origins_count(&origins), 3);
    end();
}

static void runs_that_touch_become_one_as_old_as_the_first(void **state)
{
    (void)state;
    begin(4);
    uint64_t began_ns = env.now.mono_ns;
    CLAIM_INT(claim(10, 11), HSY_CLAIMED_NEW);
    env.now.mono_ns += HSY_SECOND;
    CLAIM_INT(claim(20, 21), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(12, 13), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(18, 19), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->runs_count, 2);
    CLAIM_INT(claim(14, 17), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->runs_count, 1);
    CLAIM_INT(origin()->runs[0].from, 10);
    CLAIM_INT(origin()->runs[0].to, 21);
    CLAIM(origin()->runs[0].since_ns == began_ns);
    end();
}

static void a_ninth_gap_merges_and_its_numbers_come_again(void **state)
{
    (void)state;
    begin(4);
    for (uint64_t i = 1; i <= HSY_GAPS_MAX; i++) { /* 10-12, 20-22, ... */
        uint64_t to = i == 4 ? 10 * i + 1 : 10 * i + 2;
        CLAIM_INT(claim(10 * i, to), HSY_CLAIMED_NEW);
    }
    CLAIM_INT(origin()->runs_count, HSY_GAPS_MAX);
    CLAIM_INT(claim(90, 92), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->runs_count, HSY_GAPS_MAX);
    /* The shortest one went: it is new again, and part of one gap. */
    CLAIM(is_missing(33, 49, 33, 49));
    CLAIM_INT(claim(30, 32), HSY_CLAIMED_BEFORE);
    CLAIM_INT(claim(40, 41), HSY_CLAIMED_NEW);
    end();
}

static void
an_eighth_gap_still_fits_and_so_does_what_touches_a_run(void **state)
{
    (void)state;
    begin(4);
    for (uint64_t i = 1; i <= HSY_GAPS_MAX; i++) {
        CLAIM_INT(claim(10 * i, 10 * i), HSY_CLAIMED_NEW);
    }
    CLAIM_INT(claim(11, 11), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(79, 79), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(1, 9), HSY_CLAIMED_NEW);
    CLAIM_INT(origin()->done, 11);
    for (uint64_t i = 2; i <= HSY_GAPS_MAX; i++) {
        CLAIM_INT(claim(10 * i, 10 * i), HSY_CLAIMED_BEFORE);
    }
    end();
}

/* ---------------------------------------------------------------- missing */

static void what_is_missing_is_found_span_by_span(void **state)
{
    struct hsy_span span;

    (void)state;
    begin(4);
    CLAIM_INT(claim(1, 2), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(5, 6), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(9, 9), HSY_CLAIMED_NEW);
    CLAIM(is_missing(1, 20, 3, 4));
    CLAIM(is_missing(4, 20, 4, 4));
    CLAIM(is_missing(1, 3, 3, 3));
    CLAIM(is_missing(5, 20, 7, 8));
    CLAIM(is_missing(9, 20, 10, 20));
    CLAIM(!hsy_origin_missing(origin(), &span, 1, 2));
    CLAIM(!hsy_origin_missing(origin(), &span, 5, 6));
    CLAIM(!hsy_origin_missing(origin(), &span, 9, 9));
    end();
}

static void what_is_given_up_is_counted_and_never_missing_again(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(claim(3, 4), HSY_CLAIMED_NEW);
    CLAIM_INT(claim(8, 8), HSY_CLAIMED_NEW);
    origin()->asked = 5;
    CLAIM_INT(hsy_origin_give_up(&origins, origin(), 1), 1);
    CLAIM_INT(origin()->done, 1);
    CLAIM_INT(origin()->asked, 5); /* Still the same gap. */
    CLAIM_INT(hsy_origin_give_up(&origins, origin(), 5), 2);
    CLAIM_INT(origin()->done, 5);
    CLAIM_INT(origin()->asked, 0); /* Another gap: a new round. */
    CLAIM_INT(hsy_origin_give_up(&origins, origin(), 8), 2);
    CLAIM_INT(origin()->done, 8);
    CLAIM(origin()->runs == NULL);
    CLAIM_INT(claim(7, 7), HSY_CLAIMED_BEFORE);
    end();
}

/* ----------------------------------------------------------------- bounds */

static void fill(void)
{
    for (uint32_t i = 1; i <= 2; i++) {
        struct hsy_span span = span_of(i, 1, 1);
        CLAIM_INT(hsy_origins_claim(&origins, NULL, &span), HSY_CLAIMED_NEW);
    }
}

static enum hsy_claimed_as claim_third(void)
{
    struct hsy_span span = span_of(3, 1, 1);

    return hsy_origins_claim(&origins, NULL, &span);
}

static void one_origin_too_many_is_refused_until_one_is_over(void **state)
{
    (void)state;
    begin(2);
    fill();
    CLAIM_INT(claim_third(), HSY_CLAIMED_NO_ROOM);
    env.now.mono_ns += 2 * env.config.retain_ns;
    CLAIM_INT(claim_third(), HSY_CLAIMED_NO_ROOM);
    env.now.mono_ns += 1;
    CLAIM_INT(claim_third(), HSY_CLAIMED_NEW);
    CLAIM_INT(hsy_origins_count(&origins), 2);
    CLAIM(origin() == NULL);
    end();
}

static void an_origin_of_which_something_may_come_is_not_over(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        begin(2);
        fill();
        env.now.mono_ns += 2 * env.config.retain_ns + 1;
        for (uint32_t k = 0; k < 2; k++) {
            struct hsy_origin *o = hsy_origin_at(&origins, k);
            o->muted = i == 0;
            o->offer.link = i == 1 ? 4 : 0;
            o->heard_ns = i == 2 ? env.now.mono_ns : 0;
            o->first = i == 3 ? 1 : HSY_PLACE_NONE;
        }
        CLAIM_INT(claim_third(), HSY_CLAIMED_NO_ROOM);
        hsy_origin_at(&origins, 0)->first = HSY_PLACE_NONE;
        hsy_origin_at(&origins, 1)->first = HSY_PLACE_NONE;
        end();
    }
}

static void without_memory_nothing_is_claimed(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 4; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        core_ports_init(&ports, &env);
        core_ports_use_mem(&ports, &env, &mem);
        hsy_origins_init(&origins, &env);
        struct hsy_span span = span_of(1, 5, 6); /* Needs room for a run. */
        enum hsy_claimed_as as = hsy_origins_claim(&origins, NULL, &span);
        bool failed = fault.calls >= at;
        CLAIM_INT(as, failed ? HSY_CLAIMED_NO_ROOM : HSY_CLAIMED_NEW);
        as = hsy_origins_claim(&origins, NULL, &span);
        CLAIM_INT(as, failed ? HSY_CLAIMED_NEW : HSY_CLAIMED_BEFORE);
        end();
        CLAIM_INT(fault.live, 0);
    }
}

/* ------------------------------------------------------------------- time */

static void an_origin_is_idle_30_s_after_it_was_heard(void **state)
{
    (void)state;
    begin(4);
    CLAIM_INT(claim(1, 1), HSY_CLAIMED_NEW);
    CLAIM(hsy_origin_is_idle(origin(), env.now.mono_ns)); /* Never heard. */
    origin()->heard_ns = env.now.mono_ns;
    CLAIM(!hsy_origin_is_idle(origin(),
                              env.now.mono_ns + HSY_ORIGIN_IDLE_NS - 1));
    CLAIM(hsy_origin_is_idle(origin(), env.now.mono_ns + HSY_ORIGIN_IDLE_NS));
    end();
}

static void digests_have_what_was_said_within_the_time_of_keeping(void **state)
{
    (void)state;
    begin(4);
    uint64_t window_ms = env.config.retain_ns / HSY_MS;
    CLAIM_INT(claim(1, 1), HSY_CLAIMED_NEW);
    origin()->wall_ms = env.now.wall_ms - window_ms;
    CLAIM(hsy_origin_is_recent(&origins, origin()));
    origin()->wall_ms -= 1;
    CLAIM(!hsy_origin_is_recent(&origins, origin()));
    end();
}

/* ----------------------------------------------------------------- digest */

/* The same numbers, however they came. */
static void a_hash_does_not_tell_in_which_order_all_came(void **state)
{
    uint64_t hash[2];

    (void)state;
    for (uint32_t way = 0; way < 2; way++) {
        begin(4);
        CLAIM_INT(way == 0 ? claim(9, 9) : claim(1, 1), HSY_CLAIMED_NEW);
        CLAIM_INT(way == 0 ? claim(5, 6) : claim(5, 5), HSY_CLAIMED_NEW);
        CLAIM_INT(way == 0 ? claim(1, 1) : claim(6, 6), HSY_CLAIMED_NEW);
        if (way != 0) {
            CLAIM_INT(claim(9, 9), HSY_CLAIMED_NEW);
        }
        hash[way] = hsy_origin_hash(origin());
        end();
    }
    CLAIM(hash[0] == hash[1]);
}

static void a_hash_is_of_what_is_there_and_of_nothing_else(void **state)
{
    struct hsy_span other = span_of(2, 1, 1);

    (void)state;
    begin(4);
    CLAIM_INT(claim(5, 5), HSY_CLAIMED_NEW); /* Above a gap. */
    uint64_t above = hsy_origin_hash(origin());
    CLAIM(above != 0);
    CLAIM_INT(claim(1, 2), HSY_CLAIMED_NEW);
    uint64_t lower = hsy_origin_hash(origin());
    CLAIM(lower != 0 && lower != above);
    CLAIM_INT(claim(9, 9), HSY_CLAIMED_NEW);
    uint64_t hash = hsy_origin_hash(origin());
    CLAIM(hash != lower);
    origin()->heard_ns = 5;
    origin()->wall_ms = 6;
    CLAIM(hsy_origin_hash(origin()) == hash);
    CLAIM_INT(claim(3, 3), HSY_CLAIMED_NEW);
    CLAIM(hsy_origin_hash(origin()) != hash);
    CLAIM_INT(hsy_origins_claim(&origins, NULL, &other), HSY_CLAIMED_NEW);
    other.of.nonce = 1;
    CLAIM_INT(hsy_origins_claim(&origins, NULL, &other), HSY_CLAIMED_NEW);
    CLAIM(hsy_origin_hash(hsy_origin_at(&origins, 1)) !=
          hsy_origin_hash(hsy_origin_at(&origins, 2)));
    end();
}

static void origins_lie_in_all_64_buckets(void **state)
{
    uint64_t used = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct hsy_span span = span_of(i, 1, 1);
        uint32_t bucket = hsy_origin_bucket(&span.of);
        CLAIM(bucket < HSY_DIGEST_BUCKETS);
        used |= UINT64_C(1) << bucket;
    }
    CLAIM(used == UINT64_MAX);
}

static void an_origin_of_which_nothing_came_is_a_rumour(void **state)
{
    struct hsy_span span = span_of(1, 1, 1);

    (void)state;
    begin(4);
    struct hsy_origin *made = hsy_origin_make(&origins, &span.of);
    CLAIM(hsy_origin_is_rumour(made));
    CLAIM(hsy_origin_make(&origins, &span.of) == made);
    CLAIM_INT(claim(5, 5), HSY_CLAIMED_NEW);
    CLAIM(!hsy_origin_is_rumour(origin()));
    CLAIM_INT(hsy_origins_count(&origins), 1);
    end();
}

/* ----------------------------------------------- against a set of numbers */

enum { NUMBERS = 240, SPAN_MAX = 6 };
static bool came[NUMBERS + SPAN_MAX + 2]; /* Came, or given up. */

static uint64_t naive_done(void)
{
    uint64_t n = 0;

    while (came[n + 1]) {
        n++;
    }
    return n;
}

/* Runs beyond the mark; the shortest of them in *@from, *@to. */
static uint32_t naive_runs(uint64_t *from, uint64_t *to)
{
    uint32_t count = 0;
    uint64_t shortest = UINT64_MAX;

    for (uint64_t n = naive_done() + 1; n <= NUMBERS + SPAN_MAX; n++) {
        uint64_t last = n;
        if (!came[n]) {
            continue;
        }
        while (came[last + 1]) {
            last++;
        }
        if (last - n < shortest) {
            shortest = last - n;
            *from = n;
            *to = last;
        }
        count++;
        n = last;
    }
    return count;
}

static uint32_t naive_count(uint64_t from, uint64_t to)
{
    uint32_t count = 0;

    for (uint64_t n = from; n <= to; n++) {
        count += came[n] ? 1 : 0;
    }
    return count;
}

static void naive_claim(uint64_t from, uint64_t to)
{
    uint64_t run_from = 0, run_to = 0;
    bool touches = came[from - 1] || came[to + 1] || from == 1;

    if (naive_runs(&run_from, &run_to) == HSY_GAPS_MAX && !touches) {
        memset(&came[run_from], 0, run_to - run_from + 1);
    }
    memset(&came[from], 1, to - from + 1);
}

static void compare_missing(struct hsy_prng *prng)
{
    uint64_t from = 1 + hsy_prng_below(prng, NUMBERS);
    uint64_t to = from + hsy_prng_below(prng, 30);
    uint64_t first = from, last;
    struct hsy_span span;

    to = to < NUMBERS ? to : NUMBERS;
    while (first <= to && came[first]) {
        first++;
    }
    last = first;
    while (last < to && !came[last + 1]) {
        last++;
    }
    CLAIM(hsy_origin_missing(origin(), &span, from, to) == (first <= to));
    if (first <= to) {
        CLAIM_INT(span.from, first);
        CLAIM_INT(span.to, last);
    }
}

static void compare_claim(struct hsy_prng *prng)
{
    uint64_t from = 1 + hsy_prng_below(prng, NUMBERS);
    uint64_t to = from + hsy_prng_below(prng, SPAN_MAX);
    uint32_t before = naive_count(from, to);
    enum hsy_claimed_as want = before == 0               ? HSY_CLAIMED_NEW
                               : before == to - from + 1 ? HSY_CLAIMED_BEFORE
                                                         : HSY_CLAIMED_PARTLY;

    CLAIM_INT(claim(from, to), want);
    if (want == HSY_CLAIMED_NEW) {
        naive_claim(from, to);
    }
}

static void random_spans_are_claimed_as_in_a_set_of_numbers(void **state)
{
    struct hsy_prng prng;

    (void)state;
    for (uint64_t round = 0; round < 300; round++) {
        begin(4);
        memset(came, 0, sizeof(came));
        hsy_prng_init(&prng, round);
        for (uint32_t step = 0; step < 150; step++) {
            uint64_t run_from = 0, run_to = 0;
            compare_claim(&prng);
            compare_missing(&prng);
            if (hsy_prng_below(&prng, 20) == 0) {
                uint64_t to =
                    hsy_prng_below(&prng, hsy_origin_high(origin()) + 1);
                CLAIM_INT(hsy_origin_give_up(&origins, origin(), to),
                          to - naive_count(1, to));
                memset(&came[1], 1, to);
            }
            CLAIM_INT(origin()->done, naive_done());
            CLAIM_INT(origin()->runs_count, naive_runs(&run_from, &run_to));
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_order_move_the_mark),
        cmocka_unit_test(a_look_changes_nothing),
        cmocka_unit_test(numbers_behind_a_gap_wait_until_it_is_filled),
        cmocka_unit_test(a_number_is_claimed_once),
        cmocka_unit_test(each_life_of_an_origin_has_its_own_numbers),
        cmocka_unit_test(runs_that_touch_become_one_as_old_as_the_first),
        cmocka_unit_test(a_ninth_gap_merges_and_its_numbers_come_again),
        cmocka_unit_test(
            an_eighth_gap_still_fits_and_so_does_what_touches_a_run),
        cmocka_unit_test(what_is_missing_is_found_span_by_span),
        cmocka_unit_test(what_is_given_up_is_counted_and_never_missing_again),
        cmocka_unit_test(one_origin_too_many_is_refused_until_one_is_over),
        cmocka_unit_test(an_origin_of_which_something_may_come_is_not_over),
        cmocka_unit_test(without_memory_nothing_is_claimed),
        cmocka_unit_test(an_origin_is_idle_30_s_after_it_was_heard),
        cmocka_unit_test(digests_have_what_was_said_within_the_time_of_keeping),
        cmocka_unit_test(a_hash_does_not_tell_in_which_order_all_came),
        cmocka_unit_test(a_hash_is_of_what_is_there_and_of_nothing_else),
        cmocka_unit_test(origins_lie_in_all_64_buckets),
        cmocka_unit_test(an_origin_of_which_nothing_came_is_a_rumour),
        cmocka_unit_test(random_spans_are_claimed_as_in_a_set_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
