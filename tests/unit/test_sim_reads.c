/* R1 by the way that applications go: whatever a majority of seeds has
 * acknowledged, and every death, is found by a read of any other majority, in
 * whole networks. */
#include "base/addr.h"
#include "base/time.h"
#include "node/inner.h"
#include "sim/cluster.h"
#include "support/claim.h"

enum { SEEDS = 5, PEERS = 12, NEWCOMER = SEEDS + PEERS };
enum { READER = SEEDS, VICTIM, LEAVER };

static struct hearsay_config seed_config, peer_config;
static struct hsy_cluster *c;

/* The last read. */
static struct hearsay_found found[SEEDS + PEERS + 1];
static uint32_t found_count;
static struct hearsay_find_end end_of_it;
static bool over;

static void told(void *ctx, uint32_t node, uint64_t now_ns,
                 const struct hearsay_effect *fx)
{
    (void)ctx;
    (void)node;
    (void)now_ns;
    if (fx->kind == HEARSAY_FX_FOUND) {
        CLAIM(found_count < SEEDS + PEERS + 1);
        found[found_count] = *fx->found;
        found_count++;
    } else if (fx->kind == HEARSAY_FX_FIND_DONE) {
        end_of_it = fx->find_done;
        over = true;
    }
}

static void run_to(uint64_t s)
{
    CLAIM_INT(hsy_cluster_run(c, s * HSY_SECOND), HEARSAY_OK);
    CLAIM_TEXT(hsy_cluster_fault(c), "");
}

static void begin(uint64_t rng)
{
    struct hsy_cluster_config config;
    hearsay_config_init(&seed_config, HEARSAY_SEED);
    hearsay_config_init(&peer_config, HEARSAY_PEER);
    peer_config.gossip_count = 0;
    hsy_cluster_config_init(&config, hearsay_mem_default());
    config.machine = hsy_machine_node();
    config.crypto = hearsay_crypto_null();
    config.rng = rng;
    config.seeds = SEEDS;
    config.peers = PEERS + 1;
    config.seed_config = &seed_config;
    config.peer_config = &peer_config;
    config.observer.told = told;
    CLAIM_INT(hsy_cluster_create(&c, &config), HEARSAY_OK);
    for (uint32_t i = 0; i < SEEDS + PEERS; i++) {
        CLAIM_INT(hsy_cluster_start(c, i, i * 50 * HSY_MS), HEARSAY_OK);
    }
    run_to(20);
}

/* Reads, and waits for the end. */
static void look_up(uint32_t whom)
{
    uint64_t number = 0;
    uint64_t by_ns = hsy_cluster_now(c) + 10 * HSY_SECOND;

    found_count = 0;
    over = false;
    CLAIM_INT(hsy_cluster_look_up(c, READER, whom, &number), 0);
    while (!over && hsy_cluster_now(c) < by_ns) {
        CLAIM_INT(hsy_cluster_run(c, hsy_cluster_now(c) + 10 * HSY_MS),
                  HEARSAY_OK);
    }
    CLAIM(over);
}

static enum hearsay_found_state state_of(uint32_t node)
{
    for (uint32_t i = 0; i < found_count; i++) {
        if (hsy_id_equal(&found[i].id, hsy_cluster_id(c, node))) {
            return found[i].state;
        }
    }
    CLAIM(false); /* It was not found at all. */
    return HEARSAY_FOUND_DEAD;
}

static void all_are_found_once_and_the_dead_as_such(void **state)
{
    (void)state;
    begin(1);
    CLAIM_INT(hsy_cluster_kill(c, VICTIM), 0);
    CLAIM_INT(hsy_cluster_leave(c, LEAVER), 0);
    run_to(60);
    look_up(HSY_TO_ALL);
    CLAIM(end_of_it.whole);
    CLAIM_INT(found_count, PEERS);
    for (uint32_t i = SEEDS; i < SEEDS + PEERS; i++) {
        CLAIM_INT(state_of(i), i == VICTIM   ? HEARSAY_FOUND_DEAD
                               : i == LEAVER ? HEARSAY_FOUND_LEFT
                                             : HEARSAY_FOUND_ALIVE);
    }
    hsy_cluster_destroy(c);
}

/* Two seeds sleep while somebody comes and somebody dies; then two of the
 * others are gone, and the two that are back hear nothing of the last one: in
 * the only majority that is left, one seed knows. */
static void one_seed_of_a_majority_is_enough(void **state)
{
    (void)state;
    for (uint64_t rng = 1; rng <= 8; rng++) {
        begin(rng);
        CLAIM_INT(hsy_cluster_kill(c, 0), 0);
        CLAIM_INT(hsy_cluster_kill(c, 1), 0);
        run_to(40);
        CLAIM_INT(hsy_cluster_start(c, NEWCOMER, 0), 0);
        CLAIM_INT(hsy_cluster_kill(c, VICTIM), 0);
        run_to(60);
        for (uint32_t a = 0; a < 2; a++) {
            for (uint32_t b = 2; b < SEEDS; b++) {
                CLAIM_INT(hsy_cluster_cut(c, a, b), 0);
            }
            CLAIM_INT(hsy_cluster_cut(c, a, NEWCOMER), 0);
        }
        CLAIM_INT(hsy_cluster_kill(c, 2), 0);
        CLAIM_INT(hsy_cluster_kill(c, 3), 0);
        CLAIM_INT(hsy_cluster_start(c, 0, 0), 0);
        CLAIM_INT(hsy_cluster_start(c, 1, 0), 0);
        run_to(90); /* Registered with the three, whatever the back-off. */
        look_up(NEWCOMER);
        CLAIM(end_of_it.whole);
        CLAIM_INT(end_of_it.answered, 3);
        CLAIM_INT(state_of(NEWCOMER), HEARSAY_FOUND_ALIVE);
        look_up(VICTIM);
        CLAIM_INT(state_of(VICTIM), HEARSAY_FOUND_DEAD);
        look_up(HSY_TO_ALL);
        CLAIM(end_of_it.whole);
        CLAIM_INT(found_count, PEERS + 1);
        CLAIM_INT(state_of(NEWCOMER), HEARSAY_FOUND_ALIVE);
        CLAIM_INT(state_of(VICTIM), HEARSAY_FOUND_DEAD);
        hsy_cluster_destroy(c);
    }
}

static void without_a_majority_nothing_is_claimed(void **state)
{
    (void)state;
    begin(1);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM_INT(hsy_cluster_kill(c, i), 0);
    }
    run_to(60);
    look_up(HSY_TO_ALL);
    CLAIM(!end_of_it.whole);
    CLAIM(end_of_it.answered <= 2);
    CLAIM_INT(end_of_it.quorum, 3);
    CLAIM_INT(found_count, 0);
    hsy_cluster_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_found_once_and_the_dead_as_such),
        cmocka_unit_test(one_seed_of_a_majority_is_enough),
        cmocka_unit_test(without_a_majority_nothing_is_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
