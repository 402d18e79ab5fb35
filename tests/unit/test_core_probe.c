/* Three tries before anybody is called silent. */
#include "base/addr.h"
#include "core/probe.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_probes probes;
static struct hsy_probe ended;

static void begin(void)
{
    core_ports_init(&ports, &env);
    env.now.mono_ns = 0;
    hsy_probes_init(&probes, &env);
}

static void end(void)
{
    hsy_probes_fini(&probes);
    core_ports_fini(&ports);
}

static void start(char letter)
{
    struct hsy_record record = core_record(letter, 1, 3);
    CLAIM_INT(hsy_probe_start(&probes, &record.id, 3, record.addrs, 1), 0);
}

static void at_ms(uint64_t ms)
{
    env.now.mono_ns = ms * HSY_MS;
    hsy_probes_tick(&probes);
}

static bool dial_failed(uint32_t dial, enum hearsay_down why)
{
    return hsy_probe_dial_failed(&probes, ports.dials[dial].link, why, &ended);
}

static void a_refused_subject_is_dialled_at_0_100_and_300_ms(void **state)
{
    (void)state;
    begin();
    start('p');
    at_ms(0);
    CLAIM_INT(ports.dials_count, 1);
    CLAIM_TEXT(ports.dials[0].host, "10.0.0.1");
    CLAIM_INT(ports.dials[0].port, 7000);
    CLAIM(!dial_failed(0, HEARSAY_DOWN_REFUSED));
    at_ms(99);
    CLAIM_INT(ports.dials_count, 1);
    at_ms(100);
    CLAIM_INT(ports.dials_count, 2);
    CLAIM(!dial_failed(1, HEARSAY_DOWN_REFUSED));
    at_ms(299);
    CLAIM_INT(ports.dials_count, 2);
    at_ms(300);
    CLAIM_INT(ports.dials_count, 3);
    CLAIM(hsy_probe_running(&probes, &ports.dials[0].expect));
    CLAIM(dial_failed(2, HEARSAY_DOWN_REFUSED));
    CLAIM(!hsy_probe_running(&probes, &ports.dials[0].expect));
    CLAIM_INT(ended.incarnation, 3);
    CLAIM(probes.by_id.count == 0);
    end();
}

/* Its own line may be full. */
static void who_is_strained_has_one_try_at_a_time(void **state)
{
    (void)state;
    begin();
    env.strained = true;
    start('p');
    start('q');
    at_ms(0);
    CLAIM_INT(ports.dials_count, 1);
    at_ms(8000);
    CLAIM_INT(ports.dials_count, 1);
    CLAIM(!dial_failed(0, HEARSAY_DOWN_TIMEOUT));
    at_ms(9000);
    CLAIM_INT(ports.dials_count, 2);
    env.strained = false;
    at_ms(10000);
    CLAIM_INT(ports.dials_count, 3);
    end();
}

static void a_try_that_proves_nothing_starts_it_over_a_few_times(void **state)
{
    (void)state;
    begin();
    start('p');
    at_ms(0);
    for (uint32_t i = 0; i < HSY_PROBE_RESTARTS_MAX; i++) {
        CLAIM(hsy_probe_again(&probes, ports.dials[i].link));
        at_ms(1000 * i + 999);
        CLAIM_INT(ports.dials_count, i + 1);
        at_ms(1000 * i + 1000);
        CLAIM_INT(ports.dials_count, i + 2);
    }
    CLAIM(!hsy_probe_again(&probes, ports.dials[HSY_PROBE_RESTARTS_MAX].link));
    CLAIM(hsy_probe_running(&probes, &ports.dials[0].expect));
    end();
}

static void a_mute_subject_is_dialled_four_seconds_apart(void **state)
{
    (void)state;
    begin();
    start('p');
    at_ms(0);
    at_ms(3999);
    CLAIM_INT(ports.dials_count, 1);
    at_ms(4000);
    CLAIM_INT(ports.dials_count, 2); /* The first one is still open. */
    at_ms(7999);
    CLAIM_INT(ports.dials_count, 2);
    at_ms(8000);
    CLAIM_INT(ports.dials_count, 3);
    at_ms(60000);
    CLAIM_INT(ports.dials_count, 3);
    CLAIM(!dial_failed(1, HEARSAY_DOWN_TIMEOUT));
    CLAIM(!dial_failed(0, HEARSAY_DOWN_TIMEOUT));
    CLAIM(dial_failed(2, HEARSAY_DOWN_TIMEOUT));
    end();
}

static void a_late_refusal_does_not_hasten_the_next_but_one(void **state)
{
    (void)state;
    begin();
    start('p');
    at_ms(0);
    at_ms(4000);
    CLAIM(
        !dial_failed(0, HEARSAY_DOWN_REFUSED)); /* Of a try before the last. */
    at_ms(7500);
    CLAIM_INT(ports.dials_count, 2);
    at_ms(8000);
    CLAIM_INT(ports.dials_count, 3);
    end();
}

static void an_answer_ends_a_probe_and_its_dials_find_nothing(void **state)
{
    (void)state;
    begin();
    start('p');
    at_ms(0);
    struct hearsay_id id = core_id('p', 1);
    CLAIM(hsy_probe_answered(&probes, &id));
    CLAIM(!hsy_probe_answered(&probes, &id));
    CLAIM(!dial_failed(0, HEARSAY_DOWN_RESET));
    at_ms(10000);
    CLAIM_INT(ports.dials_count, 1);
    end();
}

static void no_room_for_a_dial_costs_a_second_and_no_try(void **state)
{
    (void)state;
    begin();
    ports.no_room = true;
    start('p');
    at_ms(0);
    ports.no_room = false;
    at_ms(999);
    CLAIM_INT(ports.dials_count, 0);
    at_ms(1000);
    CLAIM_INT(ports.dials_count, 1);
    at_ms(5000);
    at_ms(9000);
    CLAIM_INT(ports.dials_count, 3);
    end();
}

static void one_that_waits_has_one_try(void **state)
{
    (void)state;
    begin();
    start('p');
    struct hearsay_id id = core_id('p', 1);
    hsy_probe_later(&probes, &id, 20 * HSY_SECOND);
    at_ms(19999);
    CLAIM_INT(ports.dials_count, 0);
    at_ms(20000);
    CLAIM_INT(ports.dials_count, 1);
    at_ms(60000);
    CLAIM_INT(ports.dials_count, 1);
    CLAIM(dial_failed(0, HEARSAY_DOWN_TIMEOUT));
    CLAIM(!hsy_probe_running(&probes, &id));
    end();
}

static void addresses_take_turns(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = core_record('p', 1, 3);
    record.addrs[1] = record.addrs[0];
    record.addrs[1].port = 7001;
    CLAIM_INT(hsy_probe_start(&probes, &record.id, 3, record.addrs, 2), 0);
    at_ms(0);
    at_ms(4000);
    at_ms(8000);
    CLAIM_INT(ports.dials[0].port, 7000);
    CLAIM_INT(ports.dials[1].port, 7001);
    CLAIM_INT(ports.dials[2].port, 7000);
    end();
}

static void a_probe_needs_an_address_and_runs_once(void **state)
{
    (void)state;
    begin();
    struct hsy_record record = core_record('p', 1, 3);
    CLAIM_INT(hsy_probe_start(&probes, &record.id, 3, record.addrs, 0),
              HEARSAY_ERR_INVALID);
    start('p');
    start('p');
    CLAIM_INT(probes.by_id.count, 1);
    end();
}

static int start_number(uint32_t number)
{
    struct hsy_record record = core_record('p', number, 1);
    return hsy_probe_start(&probes, &record.id, 1, record.addrs, 1);
}

/* All of a seed's list may be tried at the same time, all of a peer's links. */
static void there_is_room_for_everybody(void **state)
{
    (void)state;
    for (uint32_t role = 0; role < 2; role++) {
        begin();
        hsy_probes_fini(&probes);
        env.config.peers_max = 2000;
        env.config.links_max = 20;
        env.config.role = role == 0 ? HEARSAY_SEED : HEARSAY_PEER;
        hsy_probes_init(&probes, &env);
        uint32_t max = role == 0 ? 2000 : 20;
        for (uint32_t i = 1; i <= max; i++) {
            CLAIM_INT(start_number(i), 0);
        }
        CLAIM_INT(start_number(max + 1), HEARSAY_ERR_FULL);
        CLAIM_INT(start_number(1), 0); /* It runs. */
        end();
    }
}

/* Each dial finds its own probe, whatever has become of the others. */
static void tries_are_told_apart_by_their_dials(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 50; i++) {
        CLAIM_INT(start_number(i), 0);
    }
    at_ms(0);
    at_ms(4000);
    CLAIM_INT(ports.dials_count, 100);
    struct hearsay_id answers = core_id('p', 7);
    CLAIM(hsy_probe_answered(&probes, &answers));
    CLAIM_INT(probes.by_link.count, 98);
    CLAIM(hsy_probe_again(&probes, ports.dials[9].link));
    CLAIM_INT(probes.by_link.count, 96);
    CLAIM(!hsy_probe_again(&probes, ports.dials[59].link)); /* Its other. */
    at_ms(8000);
    for (uint32_t i = 0; i < ports.dials_count; i++) {
        bool ends = dial_failed(i, HEARSAY_DOWN_TIMEOUT);
        CLAIM(!ends || hsy_id_equal(&ended.id, &ports.dials[i].expect));
        CLAIM(!ends || !hsy_probe_running(&probes, &ended.id));
    }
    CLAIM_INT(probes.by_id.count, 1); /* The one that started over. */
    CLAIM_INT(probes.by_link.count, 0);
    end();
}

/* A tick looks at all of them: with 1,024 it comes at most each 8 ms. */
static void of_many_those_that_are_due_soon_share_a_tick(void **state)
{
    (void)state;
    begin();
    ports.no_room = true;
    for (uint32_t i = 0; i < 1024; i++) {
        CLAIM_INT(start_number(i), 0);
    }
    at_ms(1); /* The next try is a second later. */
    CLAIM_INT(probes.next_ns, 1008 * HSY_MS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_strained_has_one_try_at_a_time),
        cmocka_unit_test(a_refused_subject_is_dialled_at_0_100_and_300_ms),
        cmocka_unit_test(a_try_that_proves_nothing_starts_it_over_a_few_times),
        cmocka_unit_test(a_mute_subject_is_dialled_four_seconds_apart),
        cmocka_unit_test(a_late_refusal_does_not_hasten_the_next_but_one),
        cmocka_unit_test(an_answer_ends_a_probe_and_its_dials_find_nothing),
        cmocka_unit_test(no_room_for_a_dial_costs_a_second_and_no_try),
        cmocka_unit_test(one_that_waits_has_one_try),
        cmocka_unit_test(addresses_take_turns),
        cmocka_unit_test(a_probe_needs_an_address_and_runs_once),
        cmocka_unit_test(there_is_room_for_everybody),
        cmocka_unit_test(tries_are_told_apart_by_their_dials),
        cmocka_unit_test(of_many_those_that_are_due_soon_share_a_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
