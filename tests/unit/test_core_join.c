/* A peer's seats at the seeds: q of n, replaced for ever. */
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seeds[5];

static void begin(uint64_t rng_seed, uint64_t join_timeout_ns)
{
    stage_init(&stage, HEARSAY_PEER, 1, 3);
    stage.config.gossip_count = 0;
    stage.config.rng_seed = rng_seed;
    stage.config.join_timeout_ns = join_timeout_ns;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    for (uint8_t i = 0; i < 3; i++) {
        puppet_init(&seeds[i], (uint8_t)(200 + i), HEARSAY_SEED);
    }
}

static void end(void)
{
    stage_fini(&stage);
}

static struct stage_link *dial_to(uint32_t seed)
{
    return stage_dial(&stage, (uint16_t)(7200 + seed));
}

static uint32_t open_dials(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < 3; i++) {
        count += dial_to(i) != NULL ? 1 : 0;
    }
    return count;
}

/* The seed that is not dialled. */
static uint32_t spare(void)
{
    uint32_t found = 3;

    for (uint32_t i = 0; i < 3; i++) {
        found = dial_to(i) == NULL ? i : found;
    }
    CLAIM(found < 3);
    return found;
}

static hearsay_link answered(uint32_t seed, enum hsy_registered_verdict verdict,
                             uint64_t known_rank)
{
    struct hsy_frame frame = {.type = HSY_REGISTERED};
    struct hsy_frame reg;
    hearsay_link link = dial_to(seed)->link;

    puppet_answer(&stage, link, &seeds[seed]);
    CLAIM(stage_frame(&stage, link, HSY_REGISTER, &reg));
    frame.registered.verdict = verdict;
    frame.registered.incarnation = reg.reg.incarnation;
    frame.registered.known_rank = known_rank;
    frame.registered.peers_count = 1;
    puppet_say(&stage, link, &frame);
    return link;
}

static uint32_t registered(void)
{
    return hsy_join_registered(&stage.node->core.join);
}

static void a_quorum_is_picked_at_random(void **state)
{
    uint32_t picked[3] = {0};

    (void)state;
    for (uint64_t rng_seed = 1; rng_seed <= 90; rng_seed++) {
        begin(rng_seed, 0);
        CLAIM_INT(open_dials(), 2);
        for (uint32_t i = 0; i < 3; i++) {
            picked[i] += dial_to(i) != NULL ? 1 : 0;
        }
        end();
    }
    for (uint32_t i = 0; i < 3; i++) { /* 60 each on average; 4.5 sigma. */
        CLAIM(picked[i] >= 40);
        CLAIM(picked[i] <= 80);
    }
}

static void two_of_three_are_joined_and_one_is_not(void **state)
{
    (void)state;
    begin(1, 0);
    uint32_t third = spare();
    (void)answered((third + 1) % 3, HSY_REGISTERED_OK, 0);
    CLAIM_INT(registered(), 1);
    CLAIM(!hsy_core_joined(&stage.node->core));
    (void)answered((third + 2) % 3, HSY_REGISTERED_OK, 0);
    CLAIM_INT(registered(), 2);
    CLAIM(hsy_core_joined(&stage.node->core));
    stage_run(&stage, 5000);
    CLAIM(dial_to(third) == NULL);
    end();
}

static void an_unreachable_seed_is_replaced_by_another(void **state)
{
    (void)state;
    begin(1, 0);
    uint32_t third = spare();
    stage_down(&stage, dial_to((third + 1) % 3)->link, HEARSAY_DOWN_REFUSED);
    stage_run(&stage, 1);
    CLAIM(dial_to(third) != NULL);
    CLAIM_INT(open_dials(), 2);
    end();
}

static void a_lost_seed_is_replaced_by_another(void **state)
{
    (void)state;
    begin(1, 0);
    uint32_t third = spare();
    hearsay_link link = answered((third + 1) % 3, HSY_REGISTERED_OK, 0);
    (void)answered((third + 2) % 3, HSY_REGISTERED_OK, 0);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    CLAIM_INT(registered(), 1);
    stage_run(&stage, 1);
    CLAIM(dial_to(third) != NULL);
    (void)answered(third, HSY_REGISTERED_OK, 0);
    CLAIM_INT(registered(), 2);
    end();
}

static void a_full_seed_is_replaced_by_another(void **state)
{
    (void)state;
    begin(1, 0);
    uint32_t third = spare();
    (void)answered((third + 1) % 3, HSY_REGISTERED_FULL, 0);
    stage_run(&stage, 1);
    CLAIM(dial_to(third) != NULL);
    CLAIM(stage_noted(&stage, "seed-full") >= 1);
    end();
}

static void a_seed_that_never_acknowledges_loses_its_seat(void **state)
{
    struct hsy_frame reg;

    (void)state;
    begin(1, 0);
    uint32_t third = spare();
    uint32_t mute = (third + 1) % 3;
    hearsay_link link = dial_to(mute)->link;
    (void)answered((third + 2) % 3, HSY_REGISTERED_OK, 0);
    puppet_answer(&stage, link, &seeds[mute]);
    CLAIM(stage_frame(&stage, link, HSY_REGISTER, &reg));
    stage_run(&stage, 9900);
    CLAIM(dial_to(third) == NULL);
    stage_run(&stage, 200);
    CLAIM(dial_to(third) != NULL);
    CLAIM_INT(registered(), 1);
    end();
}

static void a_stale_answer_makes_it_step_above_and_ask_again(void **state)
{
    struct hsy_frame reg;

    (void)state;
    begin(1, 0);
    hearsay_link link =
        answered((spare() + 1) % 3, HSY_REGISTERED_STALE, hsy_rank_dead(9));
    CLAIM_INT(stage.incarnation_saved, 10);
    CLAIM(stage_frame(&stage, link, HSY_REGISTER, &reg));
    CLAIM_INT(reg.reg.incarnation, 10);
    CLAIM_INT(registered(), 0);
    end();
}

static void no_address_is_said_and_does_not_count(void **state)
{
    (void)state;
    begin(1, 0);
    (void)answered((spare() + 1) % 3, HSY_REGISTERED_NO_ADDR, 0);
    CLAIM_INT(registered(), 0);
    CLAIM_INT(stage_noted(&stage, "no-address"), 1);
    end();
}

/* Two of five hold us, and the dials of the others take ten seconds to fail:
 * by chance, two of them might take turns for long. */
static void every_seed_gets_its_turn(void **state)
{
    (void)state;
    for (uint64_t rng_seed = 1; rng_seed <= 20; rng_seed++) {
        uint32_t tried = 0;
        stage_init(&stage, HEARSAY_PEER, 1, 5);
        stage.config.rng_seed = rng_seed;
        stage_create(&stage);
        stage_start(&stage);
        stage_run(&stage, 1);
        for (uint8_t i = 0; i < 5; i++) {
            puppet_init(&seeds[i], (uint8_t)(200 + i), HEARSAY_SEED);
            if (dial_to(i) != NULL && registered() < 2) {
                (void)answered(i, HSY_REGISTERED_OK, 0);
                tried |= 1u << i;
            }
        }
        for (uint32_t second = 0; second < 25; second++) {
            for (uint32_t i = 0; i < 5; i++) {
                tried |= dial_to(i) != NULL ? 1u << i : 0;
            }
            stage_run(&stage, 1000);
        }
        CLAIM_INT(registered(), 2);
        CLAIM_INT(tried, 31);
        stage_fini(&stage);
    }
}

static void refuse_all(uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms && !stage.stopped; passed++) {
        for (uint32_t i = 0; i < 3; i++) {
            if (dial_to(i) != NULL) {
                stage_down(&stage, dial_to(i)->link, HEARSAY_DOWN_REFUSED);
            }
        }
        stage_run(&stage, 1);
    }
}

static void too_few_seeds_are_complained_of_every_five_seconds(void **state)
{
    (void)state;
    begin(1, 0);
    CLAIM_INT(stage_noted(&stage, "no-quorum"), 0);
    refuse_all(10);
    CLAIM_INT(stage_noted(&stage, "no-quorum"), 1);
    refuse_all(4000);
    CLAIM_INT(stage_noted(&stage, "no-quorum"), 1);
    CLAIM(!stage.stopped); /* For ever. */
    end();
}

static void a_join_timeout_ends_it_at_its_time(void **state)
{
    (void)state;
    begin(1, 5 * HSY_SECOND);
    stage_run(&stage, 4998);
    CLAIM(!stage.stopped);
    stage_run(&stage, 2);
    CLAIM(stage.stopped);
    CLAIM_INT(stage.stop_why, HEARSAY_STOP_JOIN_TIMEOUT);
    end();
}

static void once_joined_the_join_timeout_is_over(void **state)
{
    (void)state;
    begin(1, 5 * HSY_SECOND);
    uint32_t third = spare();
    (void)answered((third + 1) % 3, HSY_REGISTERED_OK, 0);
    hearsay_link link = answered((third + 2) % 3, HSY_REGISTERED_OK, 0);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    refuse_all(6000);
    CLAIM(!stage.stopped);
    end();
}

static void two_lines_of_one_seed_count_once(void **state)
{
    (void)state;
    stage_init(&stage, HEARSAY_PEER, 1, 2);
    stage.lines[0].pinned = false;
    stage.lines[1].pinned = false;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seeds[0], 200, HEARSAY_SEED);
    CLAIM_INT(hsy_join_quorum(&stage.node->core.join), 2);
    (void)answered(0, HSY_REGISTERED_OK, 0);
    puppet_answer(&stage, dial_to(1)->link, &seeds[0]);
    CLAIM_INT(stage_noted(&stage, "seed-twice"), 1);
    CLAIM_INT(hsy_join_seeds(&stage.node->core.join), 1);
    CLAIM_INT(hsy_join_quorum(&stage.node->core.join), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quorum_is_picked_at_random),
        cmocka_unit_test(two_of_three_are_joined_and_one_is_not),
        cmocka_unit_test(an_unreachable_seed_is_replaced_by_another),
        cmocka_unit_test(a_lost_seed_is_replaced_by_another),
        cmocka_unit_test(a_full_seed_is_replaced_by_another),
        cmocka_unit_test(a_seed_that_never_acknowledges_loses_its_seat),
        cmocka_unit_test(a_stale_answer_makes_it_step_above_and_ask_again),
        cmocka_unit_test(no_address_is_said_and_does_not_count),
        cmocka_unit_test(every_seed_gets_its_turn),
        cmocka_unit_test(too_few_seeds_are_complained_of_every_five_seconds),
        cmocka_unit_test(a_join_timeout_ends_it_at_its_time),
        cmocka_unit_test(once_joined_the_join_timeout_is_over),
        cmocka_unit_test(two_lines_of_one_seed_count_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
