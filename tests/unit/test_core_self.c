/* The own incarnation: raised by its owner alone, on disk before use. */
#include <string.h>

#include "core/self.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_self self;

static void begin(void)
{
    core_ports_init(&ports, &env);
    env.id = core_id('p', 1);
    env.config.role = HEARSAY_PEER;
    env.config.addrs[0] = core_record('p', 1, 1).addrs[0];
    env.config.addrs_count = 1;
    hsy_self_init(&self, &env);
}

static void end(void)
{
    core_ports_fini(&ports);
}

static uint64_t last_row(void)
{
    struct hsy_reader in =
        hsy_reader(ports.rows[ports.rows_count - 1].value, 8);

    return hsy_get_u64(&in);
}

static bool sign_last(void)
{
    struct hsy_record record =
        ports.signables[ports.signables_count - 1].record;

    return hsy_self_signed(&self, &record);
}

static void ready(void)
{
    hsy_self_start(&self);
    hsy_self_persisted(&self, ports.token, true);
    CLAIM(sign_last());
}

static void an_incarnation_is_on_disk_before_it_is_signed(void **state)
{
    (void)state;
    begin();
    self.highest = 7; /* As restored. */
    hsy_self_start(&self);
    CLAIM_INT(last_row(), 8);
    CLAIM_INT(ports.signables_count, 0);
    hsy_self_persisted(&self, ports.token + 1, true); /* Another write's. */
    CLAIM_INT(ports.signables_count, 0);
    hsy_self_persisted(&self, ports.token, true);
    CLAIM_INT(ports.signables_count, 1);
    CLAIM_INT(ports.signables[0].record.incarnation, 8);
    CLAIM(!self.signed_once);
    CLAIM(sign_last());
    CLAIM_INT(self.state, HSY_SELF_READY);
    end();
}

static void a_write_that_fails_stops_the_node(void **state)
{
    (void)state;
    begin();
    hsy_self_start(&self);
    hsy_self_persisted(&self, ports.token, false);
    CLAIM(ports.stopped);
    CLAIM_INT(ports.signables_count, 0);
    end();
}

static void it_steps_above_a_rank_and_never_down(void **state)
{
    (void)state;
    begin();
    ready();
    hsy_self_step_above(&self, hsy_rank_alive(0));
    CLAIM_INT(self.state, HSY_SELF_READY);
    hsy_self_step_above(&self, hsy_rank_dead(1));
    CLAIM_INT(self.state, HSY_SELF_PERSISTING);
    CLAIM_INT(last_row(), 2);
    hsy_self_persisted(&self, ports.token, true);
    CLAIM(sign_last());
    CLAIM_INT(self.record.incarnation, 2);
    CLAIM_INT(env.counters.refutations, 1);
    hsy_self_step_above(&self, hsy_rank_dead(1)); /* There already. */
    CLAIM_INT(self.state, HSY_SELF_READY);
    end();
}

/* Else what says it now could be said again by the next process. */
static void a_raise_is_no_incarnation_until_it_is_on_disk(void **state)
{
    (void)state;
    begin();
    self.highest = 7; /* As restored. */
    hsy_self_start(&self);
    CLAIM_INT(self.incarnation, 0); /* Nor is the one before it. */
    hsy_self_persisted(&self, ports.token, true);
    CLAIM_INT(self.incarnation, 8);
    hsy_self_step_above(&self, hsy_rank_dead(9));
    CLAIM_INT(last_row(), 10);
    CLAIM_INT(self.incarnation, 8);
    hsy_self_step_above(&self, hsy_rank_dead(11)); /* After that write. */
    hsy_self_persisted(&self, ports.token, true);
    CLAIM_INT(self.incarnation, 10);
    CLAIM_INT(last_row(), 12);
    hsy_self_persisted(&self, ports.token, false);
    CLAIM(ports.stopped);
    CLAIM_INT(self.incarnation, 10);
    end();
}

static void a_step_during_a_write_follows_it(void **state)
{
    (void)state;
    begin();
    hsy_self_start(&self);
    hsy_self_step_above(&self, hsy_rank_dead(5));
    CLAIM_INT(ports.rows_count, 1);
    hsy_self_persisted(&self, ports.token, true);
    CLAIM_INT(last_row(), 6);
    CLAIM_INT(ports.signables_count, 0);
    hsy_self_persisted(&self, ports.token, true);
    CLAIM_INT(ports.signables[0].record.incarnation, 6);
    end();
}

static void a_signature_of_an_overtaken_record_is_dropped(void **state)
{
    (void)state;
    begin();
    hsy_self_start(&self);
    hsy_self_persisted(&self, ports.token, true);
    hsy_self_step_above(&self, hsy_rank_dead(1));
    CLAIM(!sign_last());
    CLAIM(!self.signed_once);
    end();
}

static void nonsense_does_not_use_up_the_numbers(void **state)
{
    (void)state;
    begin();
    ready();
    hsy_self_step_above(&self, hsy_rank_dead(HSY_INCARNATION_END - 2));
    CLAIM_INT(self.state, HSY_SELF_READY);
    CLAIM_INT(self.incarnation, 1);
    end();
}

static void a_wildcard_address_is_completed_once(void **state)
{
    struct hearsay_addr seen = core_record('p', 9, 1).addrs[0];
    struct hearsay_addr unknown = {.port = 5};

    (void)state;
    begin();
    memset(env.config.addrs[0].ip, 0, 16);
    env.config.addrs[0].port = 7777;
    ready();
    CLAIM(!hsy_self_has_addr(&self));
    CLAIM_INT(self.record.addrs_count, 0);
    CLAIM(!hsy_self_observed(&self, &unknown));
    CLAIM(hsy_self_observed(&self, &seen));
    CLAIM(sign_last());
    CLAIM_INT(self.record.addrs_count, 1);
    CLAIM_INT(self.record.addrs[0].port, 7777); /* Never the source's. */
    CLAIM_BYTES(self.record.addrs[0].ip, seen.ip, 16);
    seen.ip[15]++;
    CLAIM(!hsy_self_observed(&self, &seen));
    end();
}

static void without_room_to_sign_the_next_tick_tries_again(void **state)
{
    (void)state;
    begin();
    hsy_self_start(&self);
    ports.no_room = true;
    hsy_self_persisted(&self, ports.token, true);
    hsy_self_tick(&self);
    CLAIM_INT(ports.signables_count, 0);
    ports.no_room = false;
    hsy_self_tick(&self);
    CLAIM_INT(ports.signables_count, 1);
    hsy_self_tick(&self);
    CLAIM_INT(ports.signables_count, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incarnation_is_on_disk_before_it_is_signed),
        cmocka_unit_test(a_write_that_fails_stops_the_node),
        cmocka_unit_test(it_steps_above_a_rank_and_never_down),
        cmocka_unit_test(a_raise_is_no_incarnation_until_it_is_on_disk),
        cmocka_unit_test(a_step_during_a_write_follows_it),
        cmocka_unit_test(a_signature_of_an_overtaken_record_is_dropped),
        cmocka_unit_test(nonsense_does_not_use_up_the_numbers),
        cmocka_unit_test(a_wildcard_address_is_completed_once),
        cmocka_unit_test(without_room_to_sign_the_next_tick_tries_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
