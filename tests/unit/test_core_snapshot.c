/* A peer tells its seeds who its neighbours are, once per change. */
#include "base/addr.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed;
static hearsay_link seat;

static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    seat = puppet_seat(&stage, &seed, 1);
    stage_run(&stage, 500);
}

static void end(void)
{
    stage_fini(&stage);
}

static hearsay_link linked(uint8_t number)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};
    struct puppet peer;

    puppet_init(&peer, number, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, &peer);
    puppet_say(&stage, link, &connect);
    return link;
}

static struct hsy_links last(void)
{
    struct hsy_frame frame;

    CLAIM(stage_frame(&stage, seat, HSY_LINKS, &frame));
    return frame.links;
}

static uint32_t sent(void)
{
    return stage_frames(&stage, seat, HSY_LINKS);
}

static void changes_of_one_moment_go_out_as_one_sorted_snapshot(void **state)
{
    (void)state;
    begin();
    uint32_t before = sent();
    uint64_t version = before == 0 ? 0 : last().version;
    for (uint8_t number = 2; number <= 6; number++) {
        (void)linked(number);
    }
    stage_run(&stage, 99);
    CLAIM_INT(sent(), before);
    stage_run(&stage, 1);
    CLAIM_INT(sent(), before + 1);
    struct hsy_links links = last();
    CLAIM_INT(links.version, version + 1);
    CLAIM_INT(links.neighbours.count, 5);
    for (uint32_t i = 1; i < 5; i++) {
        CLAIM(hsy_id_compare(hsy_ids_at(&links.neighbours, i - 1),
                             hsy_ids_at(&links.neighbours, i)) < 0);
    }
    end();
}

static void a_link_that_goes_is_told_as_well(void **state)
{
    (void)state;
    begin();
    hearsay_link link = linked(2);
    stage_run(&stage, 200);
    CLAIM_INT(last().neighbours.count, 1);
    stage_down(&stage, link, HEARSAY_DOWN_CLOSED);
    stage_run(&stage, 200);
    CLAIM_INT(last().neighbours.count, 0);
    end();
}

static void a_change_while_it_is_signed_makes_another(void **state)
{
    (void)state;
    begin();
    (void)linked(2);
    uint32_t before = sent();
    hearsay_link second = linked(3);
    stage.hold_jobs = true;
    stage_run(&stage, 100); /* Two links; being signed. */
    CLAIM_INT(stage.jobs_count, 1);
    stage_down(&stage, second, HEARSAY_DOWN_CLOSED);
    stage_run(&stage, 500);
    CLAIM_INT(stage.jobs_count, 1); /* One at a time. */
    stage_settle(&stage);
    CLAIM_INT(sent(), before + 1);
    CLAIM_INT(last().neighbours.count, 2);
    stage_run(&stage, 100);
    CLAIM_INT(sent(), before + 2);
    CLAIM_INT(last().neighbours.count, 1);
    end();
}

static void a_seed_that_registers_us_anew_gets_the_last_one(void **state)
{
    struct hsy_frame reg;
    struct hsy_frame answer = {.type = HSY_REGISTERED};

    (void)state;
    begin();
    (void)linked(2);
    stage_run(&stage, 200);
    uint64_t version = last().version;
    stage_down(&stage, seat, HEARSAY_DOWN_RESET);
    stage_run(&stage, 5000);
    CLAIM(stage_dial(&stage, 7200) != NULL);
    seat = stage_dial(&stage, 7200)->link;
    puppet_answer(&stage, seat, &seed);
    CLAIM(stage_frame(&stage, seat, HSY_REGISTER, &reg));
    answer.registered.incarnation = reg.reg.incarnation;
    answer.registered.peers_count = 2;
    puppet_say(&stage, seat, &answer);
    CLAIM_INT(sent(), 1);
    CLAIM_INT(last().version, version);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_of_one_moment_go_out_as_one_sorted_snapshot),
        cmocka_unit_test(a_link_that_goes_is_told_as_well),
        cmocka_unit_test(a_change_while_it_is_signed_makes_another),
        cmocka_unit_test(a_seed_that_registers_us_anew_gets_the_last_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
