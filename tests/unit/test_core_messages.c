/* The Message List: bounded, the oldest out first. */
#include "core/messages.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/mem_fault.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_ml ml;

static void begin(uint32_t seen_max)
{
    core_ports_init(&ports, &env);
    env.config.seen_max = seen_max;
    hsy_ml_init(&ml, &env);
}

static void end(void)
{
    hsy_ml_fini(&ml);
    core_ports_fini(&ports);
}

static struct hsy_bundle_id id_of(uint32_t number)
{
    return (struct hsy_bundle_id){
        {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16)}};
}

static int add(uint32_t number)
{
    struct hsy_bundle_id id = id_of(number);

    return hsy_ml_add(&ml, &id, 1);
}

static bool seen(uint32_t number)
{
    struct hsy_bundle_id id = id_of(number);

    return hsy_ml_seen(&ml, &id);
}

static void an_id_is_seen_once_it_was_added_and_not_before(void **state)
{
    (void)state;
    begin(4);
    CLAIM(!seen(1));
    CLAIM_INT(add(1), 0);
    CLAIM(seen(1));
    CLAIM_INT(add(1), HEARSAY_ERR_INVALID);
    CLAIM_INT(hsy_ml_count(&ml), 1);
    end();
}

static void the_oldest_is_forgotten_first(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t i = 1; i <= 3; i++) {
        CLAIM_INT(add(i), 0);
    }
    CLAIM(seen(1));
    CLAIM_INT(add(4), 0);
    CLAIM(!seen(1));
    CLAIM(seen(2) && seen(3) && seen(4));
    CLAIM_INT(hsy_ml_count(&ml), 3);
    end();
}

static void the_bound_holds_through_many_rounds(void **state)
{
    (void)state;
    begin(100); /* More than the ring has at first. */
    for (uint32_t i = 1; i <= 1000; i++) {
        CLAIM_INT(add(i), 0);
        CLAIM_INT(hsy_ml_count(&ml), i < 100 ? i : 100);
        CLAIM(i <= 100 || (!seen(i - 100) && seen(i - 99)));
    }
    end();
}

static void a_list_of_one_remembers_the_last(void **state)
{
    (void)state;
    begin(1);
    CLAIM_INT(add(1), 0);
    CLAIM_INT(add(2), 0);
    CLAIM(!seen(1));
    CLAIM(seen(2));
    end();
}

static void without_memory_an_id_is_simply_not_added(void **state)
{
    struct mem_fault fault;

    (void)state;
    for (uint64_t at = 1; at <= 8; at++) {
        fault = mem_fault_at(at);
        core_ports_init(&ports, &env);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        core_ports_use_mem(&ports, &env, &mem);
        env.config.seen_max = 80;
        hsy_ml_init(&ml, &env);
        uint32_t failed = 0;
        for (uint32_t i = 1; i <= 200; i++) {
            int err = add(i);
            CLAIM(err == 0 || err == HEARSAY_ERR_NOMEM);
            CLAIM(seen(i) == (err == 0));
            failed += err == 0 ? 0 : 1;
        }
        CLAIM(failed == (fault.calls >= at ? 1 : 0));
        CLAIM_INT(hsy_ml_count(&ml), 80);
        end();
        CLAIM_INT(fault.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_seen_once_it_was_added_and_not_before),
        cmocka_unit_test(the_oldest_is_forgotten_first),
        cmocka_unit_test(the_bound_holds_through_many_rounds),
        cmocka_unit_test(a_list_of_one_remembers_the_last),
        cmocka_unit_test(without_memory_an_id_is_simply_not_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
