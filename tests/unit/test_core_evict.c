/* At the cap: a newcomer from elsewhere gets in, and the one that makes room
 * is told so, which neither end takes for a death. */
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;

enum { CAP = 10, FIRST = 30 };

static const struct hsy_neighbours *neighbours(void)
{
    return &stage.node->core.neighbours;
}

static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
    stage.config.links_max = 16;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
}

/* A peer of 64.<group> that has @degree links asks for one. */
static hearsay_link ask(uint8_t number, uint8_t group, uint32_t degree)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};
    struct puppet p;

    puppet_init(&p, number, HEARSAY_PEER);
    p.record.addrs[0].ip[12] = 64;
    p.record.addrs[0].ip[13] = group;
    puppet_sign_record(&p);
    hearsay_link link = puppet_dial(&stage, &p);
    frame.connect.degree = degree;
    puppet_say(&stage, link, &frame);
    return link;
}

static bool is_in(hearsay_link link)
{
    return stage_frames(&stage, link, HSY_ACCEPT) == 1;
}

static void
a_newcomer_from_elsewhere_gets_the_place_of_one_of_many(void **state)
{
    hearsay_link links[CAP];
    uint32_t refused = 0;

    (void)state;
    begin();
    for (uint8_t i = 0; i < CAP; i++) {
        links[i] = ask((uint8_t)(FIRST + i), 7, 9);
        CLAIM(is_in(links[i]));
    }
    CLAIM(!is_in(ask(60, 7, 9))); /* Another of the same: full is full. */
    CLAIM_INT(stage_counters(&stage)->links_evicted, 0);
    CLAIM(is_in(ask(61, 8, 9)));
    CLAIM_INT(neighbours()->degree, CAP);
    CLAIM_INT(stage_counters(&stage)->links_evicted, 1);
    for (uint32_t i = 0; i < CAP; i++) {
        refused += stage_frames(&stage, links[i], HSY_REFUSE);
    }
    CLAIM_INT(refused, 1);
    CLAIM_INT(stage_noted(&stage, "link-evicted"), 1);
    CLAIM_INT(stage.node->core.probes.by_id.count, 0);
    stage_fini(&stage);
}

static void one_link_in_ten_seconds_makes_room(void **state)
{
    (void)state;
    begin();
    for (uint8_t i = 0; i < CAP; i++) {
        (void)ask((uint8_t)(FIRST + i), 7, 9);
    }
    CLAIM(is_in(ask(61, 8, 9)));
    stage_run(&stage, 9999);
    CLAIM(!is_in(ask(62, 9, 9)));
    stage_run(&stage, 1);
    CLAIM(is_in(ask(63, 10, 9)));
    CLAIM_INT(neighbours()->degree, CAP);
    stage_fini(&stage);
}

/* On a link that stands, REFUSE says that it made room for another one. */
static void who_makes_room_looks_into_no_death(void **state)
{
    struct hsy_frame frame = {.type = HSY_REFUSE};

    (void)state;
    begin();
    hearsay_link link = ask(30, 7, 9);
    CLAIM(is_in(link));
    frame.refuse.why = HSY_REFUSE_FULL;
    puppet_say(&stage, link, &frame);
    CLAIM_INT(neighbours()->degree, 0);
    CLAIM_INT(stage.node->core.probes.by_id.count, 0);
    CLAIM_INT(stage_counters(&stage)->reports_sent, 0);
    stage_fini(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_newcomer_from_elsewhere_gets_the_place_of_one_of_many),
        cmocka_unit_test(one_link_in_ten_seconds_makes_room),
        cmocka_unit_test(who_makes_room_looks_into_no_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
