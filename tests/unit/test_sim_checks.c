/* The checks around a real cluster: they see it, cost no memory for ever, and
 * keep what they found; and the table of invariants. */
#include "support/claim.h"

#include <string.h>

#include "base/time.h"
#include "sim/witness.h"
#include "support/mem_fault.h"

static struct hearsay_config seed_config, peer_config;

static struct hsy_cluster_config network(const struct hearsay_mem *mem)
{
    struct hsy_cluster_config config;
    hearsay_config_init(&seed_config, HEARSAY_SEED);
    hearsay_config_init(&peer_config, HEARSAY_PEER);
    peer_config.gossip_interval_ns = HSY_SECOND;
    hsy_cluster_config_init(&config, mem);
    config.machine = hsy_machine_node();
    config.crypto = hearsay_crypto_null();
    config.rng = 7;
    config.seeds = 3;
    config.peers = 6;
    config.seed_config = &seed_config;
    config.peer_config = &peer_config;
    return config;
}

static int start_all(struct hsy_witness *w)
{
    int err = HEARSAY_OK;
    for (uint32_t i = 0; i < hsy_cluster_count(w->cluster) && err == HEARSAY_OK;
         i++) {
        err = hsy_cluster_start(w->cluster, i, 0);
    }
    return err;
}

static void claim_looked_at(const struct hsy_checks *k)
{
    static const enum hsy_invariant looked[] = {
        HSY_B1, HSY_B2, HSY_B3, HSY_B4, HSY_B5, HSY_B6, HSY_B7,
        HSY_R1, HSY_R2, HSY_R3, HSY_R4, HSY_R7, HSY_R8, HSY_S1,
        HSY_O1, HSY_O2, HSY_O4, HSY_S2, HSY_S4};
    for (size_t i = 0; i < sizeof(looked) / sizeof(looked[0]); i++) {
        CLAIM(hsy_checks_looked(k, looked[i]) > 0);
    }
}

static void test_a_healthy_network_breaks_nothing(void **state)
{
    (void)state;
    struct hsy_witness *w = NULL;
    struct hsy_cluster_config config = network(hearsay_mem_default());
    CLAIM_INT(hsy_witness_create(&w, &config, NULL), HEARSAY_OK);
    CLAIM_INT(start_all(w), HEARSAY_OK);
    CLAIM_INT(hsy_cluster_run(w->cluster, 120 * HSY_SECOND), HEARSAY_OK);
    CLAIM_INT(hsy_checks_look(w->checks), HEARSAY_OK);
    CLAIM(hsy_checks_costs(w->checks).copies > 0);
    CLAIM_INT(hsy_checks_calm(w->checks), HEARSAY_OK);
    CLAIM(hsy_checks_first(w->checks) == NULL);
    claim_looked_at(w->checks);
    hsy_witness_destroy(w);
}

static void test_checks_change_nothing_in_a_run(void **state)
{
    (void)state;
    uint64_t digests[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct hsy_witness *w = NULL;
        struct hsy_witness_options keeps = {.keeps =
                                                i == 0 ? HSY_WITNESS_ALL : 0};
        struct hsy_cluster_config config = network(hearsay_mem_default());
        CLAIM_INT(hsy_witness_create(&w, &config, &keeps), HEARSAY_OK);
        CLAIM((w->checks != NULL) == (i == 0));
        CLAIM((w->ledger != NULL) == (i == 0));
        CLAIM_INT(start_all(w), HEARSAY_OK);
        CLAIM_INT(hsy_cluster_run(w->cluster, 30 * HSY_SECOND), HEARSAY_OK);
        digests[i] = hsy_cluster_digest(w->cluster);
        hsy_witness_destroy(w);
    }
    CLAIM(digests[0] == digests[1]);
}

/* A fact that the cluster never had. */
static void forge(struct hsy_witness *w, uint32_t node)
{
    struct hearsay_message m = {.epoch = 99, .seq = 99};
    CLAIM_INT(hsy_ledger_delivered(w->ledger, node, 3, &m), HEARSAY_OK);
    hsy_checks_delivered(w->checks, node, 3, &m);
}

static struct hsy_witness *idle(void)
{
    struct hsy_witness *w = NULL;
    struct hsy_cluster_config config = network(hearsay_mem_default());
    CLAIM_INT(hsy_witness_create(&w, &config, NULL), HEARSAY_OK);
    return w;
}

static void test_what_breaks_is_told_with_its_place(void **state)
{
    (void)state;
    struct hsy_witness *w = idle();
    forge(w, 4);
    forge(w, 5);
    const struct hsy_broken *first = hsy_checks_first(w->checks);
    CLAIM(first != NULL);
    CLAIM_INT(first->what, HSY_B1);
    CLAIM_INT(first->node, 4);
    CLAIM_TEXT(first->text,
               "peer 2: delivered what its origin never published");
    CLAIM_INT(hsy_checks_count(w->checks, HSY_B1), 2);
    hsy_witness_destroy(w);
}

static void test_what_is_not_armed_is_counted_only(void **state)
{
    (void)state;
    struct hsy_witness *w = idle();
    CLAIM(hsy_checks_armed(w->checks, HSY_B1));
    hsy_checks_arm(w->checks, HSY_B1, false);
    forge(w, 4);
    CLAIM(hsy_checks_first(w->checks) == NULL);
    CLAIM_INT(hsy_checks_count(w->checks, HSY_B1), 1);
    CLAIM_INT(hsy_checks_first_of(w->checks, HSY_B1)->node, 4);
    CLAIM(hsy_checks_first_of(w->checks, HSY_B2) == NULL);
    hsy_witness_destroy(w);
}

static void test_who_is_excused_breaks_nothing(void **state)
{
    (void)state;
    struct hsy_witness *w = idle();
    hsy_checks_excuse(w->checks, HSY_B1, 4);
    forge(w, 4);
    CLAIM_INT(hsy_checks_count(w->checks, HSY_B1), 0);
    forge(w, 5);
    CLAIM_INT(hsy_checks_count(w->checks, HSY_B1), 1);
    hsy_witness_destroy(w);
}

static void test_the_simulator_arms_what_the_design_says(void **state)
{
    (void)state;
    static const char armed[] =
        "B1 B2 B3 B4 R1 R2 R3 R4 R8 O4 S2 S3 S4 D1 D2 D3 Q1";
    static const char by_relay[] = "B6 B7"; /* B5: where it is asked for. */
    struct hsy_witness *w = idle();
    for (uint32_t i = 0; i < HSY_INVARIANTS; i++) {
        enum hsy_invariant what = (enum hsy_invariant)i;
        enum hsy_invariant found;
        const char *name = hsy_invariant_name(what);
        CLAIM(hsy_invariant_find(name, &found));
        CLAIM_INT(found, what);
        CLAIM(hsy_invariant_says(what)[0] != '\0');
        bool ours = strstr(armed, name) != NULL;
        bool relay = strstr(by_relay, name) != NULL;
        CLAIM(hsy_checks_armed(w->checks, what) == (ours || relay));
        CLAIM((strcmp(hsy_invariant_armed_by(what), "simulator") == 0) == ours);
    }
    enum hsy_invariant none;
    CLAIM(!hsy_invariant_find("B9", &none));
    hsy_witness_destroy(w);
}

static void test_order_is_checked_where_it_is_asked_for(void **state)
{
    (void)state;
    struct hearsay_config peer;
    struct hsy_witness *w = NULL;
    struct hsy_cluster_config config = network(hearsay_mem_default());
    peer = *config.peer_config;
    peer.ordered_wait_ns = HSY_SECOND;
    config.peer_config = &peer;
    CLAIM_INT(hsy_witness_create(&w, &config, NULL), HEARSAY_OK);
    CLAIM(hsy_checks_armed(w->checks, HSY_B5));
    hsy_witness_destroy(w);
}

static void test_a_meter_counts_what_is_held(void **state)
{
    (void)state;
    struct mem_fault fault = mem_fault_at(3);
    struct hearsay_mem real = mem_fault_mem(&fault);
    struct hsy_meter meter;
    hsy_meter_init(&meter, &real);
    struct hearsay_mem mem = hsy_meter_mem(&meter);
    void *a = mem.alloc(mem.ctx, 100);
    void *b = mem.alloc(mem.ctx, 1);
    CLAIM(a != NULL && b != NULL);
    CLAIM(mem.alloc(mem.ctx, 50) == NULL);
    CLAIM(mem.alloc(mem.ctx, SIZE_MAX) == NULL);
    CLAIM_INT(meter.live_bytes, 101);
    mem.free(mem.ctx, a);
    mem.free(mem.ctx, NULL);
    CLAIM_INT(meter.live_bytes, 1);
    mem.free(mem.ctx, b);
    CLAIM_INT(meter.live_bytes, 0);
    CLAIM_INT(fault.live, 0);
}

/* Into the first registrations and links, and a look at all. */
static int short_run(const struct hearsay_mem *mem)
{
    struct hsy_witness *w = NULL;
    struct hsy_cluster_config config = network(mem);
    config.seeds = 1;
    config.peers = 2;
    int err = hsy_witness_create(&w, &config, NULL);
    if (err != HEARSAY_OK) {
        return err;
    }
    err = start_all(w);
    if (err == HEARSAY_OK) {
        err = hsy_cluster_run(w->cluster, 2 * HSY_SECOND);
    }
    if (err == HEARSAY_OK) {
        err = hsy_checks_calm(w->checks);
    }
    if (err == HEARSAY_OK) {
        err = w->err;
    }
    hsy_witness_destroy(w);
    return err;
}

static void test_each_failed_allocation_is_an_error_and_no_leak(void **state)
{
    (void)state;
    for (uint64_t at = 1; at < 40; at++) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        int err = short_run(&mem);
        CLAIM(err == HEARSAY_ERR_NOMEM || fault.calls < at);
        CLAIM_INT(fault.live, 0);
    }
    /* Later ones may be a node's, which makes do without. */
    for (uint64_t at = 40; at < 3000; at += 37) {
        struct mem_fault fault = mem_fault_at(at);
        struct hearsay_mem mem = mem_fault_mem(&fault);
        int err = short_run(&mem);
        CLAIM(err == HEARSAY_ERR_NOMEM || err == HEARSAY_OK);
        CLAIM_INT(fault.live, 0);
    }
    struct mem_fault fault = mem_fault_at(MEM_FAULT_NEVER);
    struct hearsay_mem mem = mem_fault_mem(&fault);
    CLAIM_INT(short_run(&mem), HEARSAY_OK);
    CLAIM_INT(fault.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_healthy_network_breaks_nothing),
        cmocka_unit_test(test_checks_change_nothing_in_a_run),
        cmocka_unit_test(test_what_breaks_is_told_with_its_place),
        cmocka_unit_test(test_what_is_not_armed_is_counted_only),
        cmocka_unit_test(test_who_is_excused_breaks_nothing),
        cmocka_unit_test(test_the_simulator_arms_what_the_design_says),
        cmocka_unit_test(test_order_is_checked_where_it_is_asked_for),
        cmocka_unit_test(test_a_meter_counts_what_is_held),
        cmocka_unit_test(test_each_failed_allocation_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests_name("sim_checks", tests, NULL, NULL);
}
