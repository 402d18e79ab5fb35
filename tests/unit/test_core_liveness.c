/* Pings, strikes and excuses, each from both sides of its deadline. */
#include "core/liveness.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_neighbours neighbours;
static struct hsy_liveness liveness;
static struct hsy_neighbour *n;

/* One overlay neighbour on link 2. */
static void begin(void)
{
    struct hsy_record record = core_record('q', 1, 1);

    core_ports_init(&ports, &env);
    env.config.role = HEARSAY_PEER;
    hsy_neighbours_init(&neighbours, &env);
    hsy_liveness_init(&liveness, &env, &neighbours);
    CLAIM_INT(hsy_neighbour_add(&neighbours, &n, 2, &record), 0);
    hsy_neighbour_set_overlay(&neighbours, n, true, true);
    hsy_liveness_link_up(&liveness, n);
}

static void end(void)
{
    hsy_neighbours_fini(&neighbours);
    core_ports_fini(&ports);
}

static enum hsy_finding at(uint64_t ns)
{
    struct hearsay_id id;

    env.now.mono_ns = ns;
    hsy_liveness_woke(&liveness);
    return hsy_liveness_tick(&liveness, &id);
}

/* Goes to the next ping and sends it. */
static void ping(void)
{
    uint64_t before = env.counters.pings;

    while (liveness.next_ns < n->ping_next_ns) { /* As a host does. */
        CLAIM_INT(at(liveness.next_ns), HSY_FINDING_NONE);
    }
    CLAIM_INT(at(n->ping_next_ns), HSY_FINDING_NONE);
    CLAIM_INT(env.counters.pings, before + 1);
    CLAIM(n->ping_nonce != 0);
}

static void the_first_ping_comes_within_an_interval(void **state)
{
    (void)state;
    begin();
    uint64_t first_ns = n->ping_next_ns;
    CLAIM(first_ns > env.now.mono_ns);
    CLAIM(first_ns <= env.now.mono_ns + env.config.ping_interval_ns);
    CLAIM_INT(at(first_ns - 1), HSY_FINDING_NONE);
    CLAIM_INT(env.counters.pings, 0);
    CLAIM_INT(at(first_ns), HSY_FINDING_NONE);
    CLAIM_INT(env.counters.pings, 1);
    CLAIM(n->ping_next_ns == first_ns + env.config.ping_interval_ns);
    end();
}

static void only_the_answer_to_the_open_ping_counts(void **state)
{
    (void)state;
    begin();
    CLAIM(!hsy_liveness_pong(&liveness, n, 0));
    ping();
    uint64_t first = n->ping_nonce;
    CLAIM(!hsy_liveness_pong(&liveness, n, first + 2));
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    CLAIM(!hsy_liveness_pong(&liveness, n, first)); /* Too late. */
    CLAIM_INT(n->strikes, 1);
    ping();
    CLAIM(!hsy_liveness_pong(&liveness, n, first));
    CLAIM(hsy_liveness_pong(&liveness, n, n->ping_nonce));
    CLAIM_INT(n->strikes, 0);
    end();
}

static void three_misses_in_a_row_are_dead_and_two_are_not(void **state)
{
    (void)state;
    begin();
    for (uint8_t strike = 1; strike <= 2; strike++) {
        ping();
        CLAIM_INT(at(n->ping_deadline_ns - 1), HSY_FINDING_NONE);
        CLAIM_INT(n->strikes, strike - 1);
        CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
        CLAIM_INT(n->strikes, strike);
    }
    ping();
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_DEAD);
    end();
}

static void an_answer_in_between_starts_the_count_anew(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 2; i++) {
        ping();
        CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    }
    ping();
    CLAIM(hsy_liveness_pong(&liveness, n, n->ping_nonce));
    ping();
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    end();
}

static void bytes_since_the_ping_make_it_a_skip(void **state)
{
    (void)state;
    begin();
    ping();
    n->heard_ns = env.now.mono_ns; /* Before, or with it: proves nothing. */
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    ping();
    n->heard_ns = env.now.mono_ns + 1;
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    CLAIM_INT(n->skips, 1);
    end();
}

static void what_we_did_not_read_is_no_strike_of_theirs(void **state)
{
    (void)state;
    begin();
    ping();
    n->unread = true; /* Not read, then read again, in time or not. */
    n->unread_ns = env.now.mono_ns + HSY_MS;
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 0);
    CLAIM_INT(n->skips, 1);
    ping();
    n->unread = false;
    n->unread_ns = env.now.mono_ns + HSY_MS;
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 0);
    CLAIM_INT(n->skips, 2);
    (void)at(env.now.mono_ns + HSY_SECOND);
    ping(); /* Read all the time. */
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    end();
}

static void six_skips_in_a_row_are_slow(void **state)
{
    (void)state;
    begin();
    for (uint8_t skip = 1; skip <= HSY_SKIPS_SLOW; skip++) {
        ping();
        n->heard_ns = env.now.mono_ns + 1;
        CLAIM_INT(at(n->ping_deadline_ns),
                  skip < HSY_SKIPS_SLOW ? HSY_FINDING_NONE : HSY_FINDING_SLOW);
    }
    end();
}

static void our_own_absence_is_no_strike_of_theirs(void **state)
{
    (void)state;
    begin();
    ping();
    CLAIM_INT(at(n->ping_deadline_ns + HSY_SECOND), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1); /* Just late. */
    ping();
    CLAIM_INT(at(n->ping_deadline_ns + HSY_SECOND + 1), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1); /* We were away. */
    ping();
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 2); /* The excuse is used up. */
    end();
}

static void a_slow_path_gets_three_round_trips_but_12_s_at_most(void **state)
{
    (void)state;
    begin();
    ping();
    CLAIM(n->ping_deadline_ns == env.now.mono_ns + 3 * HSY_SECOND);
    env.now.mono_ns += 2 * HSY_SECOND;
    CLAIM(hsy_liveness_pong(&liveness, n, n->ping_nonce));
    CLAIM(n->rtt_ns == 2 * HSY_SECOND);
    ping();
    CLAIM(n->ping_deadline_ns == env.now.mono_ns + 6 * HSY_SECOND);
    CLAIM(hsy_liveness_pong(&liveness, n, n->ping_nonce));
    n->rtt_ns = 10 * HSY_SECOND;
    ping();
    CLAIM(n->ping_deadline_ns == env.now.mono_ns + 12 * HSY_SECOND);
    end();
}

static void a_link_that_nobody_uses_is_idle_after_30_s(void **state)
{
    (void)state;
    begin();
    uint64_t up_ns = n->since_ns;
    hsy_neighbour_set_overlay(&neighbours, n, false, false);
    while (n->ping_next_ns < up_ns + 30 * HSY_SECOND) {
        CLAIM_INT(at(n->ping_next_ns), HSY_FINDING_NONE);
    }
    CLAIM_INT(at(n->ping_next_ns), HSY_FINDING_IDLE);
    CLAIM_INT(env.counters.pings, 0);
    end();
}

static void a_link_that_came_anew_starts_over(void **state)
{
    (void)state;
    begin();
    ping();
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(n->strikes, 1);
    hsy_liveness_link_up(&liveness, n);
    CLAIM_INT(n->strikes, 0);
    CLAIM_INT(n->ping_nonce, 0);
    end();
}

/* It shows that the next one may take as long, and nothing else. */
static void a_late_answer_makes_the_next_wait_longer(void **state)
{
    (void)state;
    begin();
    ping();
    uint64_t nonce = n->ping_nonce;
    CLAIM_INT(at(n->ping_deadline_ns), HSY_FINDING_NONE);
    CLAIM_INT(at(env.now.mono_ns + HSY_SECOND), HSY_FINDING_NONE);
    CLAIM(!hsy_liveness_pong(&liveness, n, nonce));
    CLAIM_INT(n->strikes, 1);
    CLAIM_INT(n->rtt_ns, 4 * HSY_SECOND);
    n->rtt_ns = 1;
    CLAIM(!hsy_liveness_pong(&liveness, n, nonce)); /* It counts once. */
    CLAIM_INT(n->rtt_ns, 1);
    n->rtt_ns = 4 * HSY_SECOND;
    ping();
    CLAIM_INT(n->ping_deadline_ns, env.now.mono_ns + 12 * HSY_SECOND);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_ping_comes_within_an_interval),
        cmocka_unit_test(only_the_answer_to_the_open_ping_counts),
        cmocka_unit_test(three_misses_in_a_row_are_dead_and_two_are_not),
        cmocka_unit_test(an_answer_in_between_starts_the_count_anew),
        cmocka_unit_test(bytes_since_the_ping_make_it_a_skip),
        cmocka_unit_test(what_we_did_not_read_is_no_strike_of_theirs),
        cmocka_unit_test(six_skips_in_a_row_are_slow),
        cmocka_unit_test(our_own_absence_is_no_strike_of_theirs),
        cmocka_unit_test(a_slow_path_gets_three_round_trips_but_12_s_at_most),
        cmocka_unit_test(a_link_that_nobody_uses_is_idle_after_30_s),
        cmocka_unit_test(a_link_that_came_anew_starts_over),
        cmocka_unit_test(a_late_answer_makes_the_next_wait_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
