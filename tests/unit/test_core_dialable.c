/* A peer to whom nobody gets through: whom it believes, and what it says then;
 * and what a peer does with a neighbour who says so. */
#include "base/addr.h"
#include "core/kept.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seeds[3];
static hearsay_link seats[3];

/* Registered with two of three seeds. */
static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 3);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    uint32_t seated = 0;
    for (uint8_t i = 0; i < 3; i++) {
        puppet_init(&seeds[i], (uint8_t)(200 + i), HEARSAY_SEED);
        if (stage_dial(&stage, (uint16_t)(7200 + i)) != NULL) {
            seats[seated] = puppet_seat(&stage, &seeds[i], 2);
            seated++;
        }
    }
    CLAIM_INT(seated, 2);
}

static void end(void)
{
    stage_fini(&stage);
}

static const struct hsy_record *own(void)
{
    return &stage.node->core.self.record;
}

static void say_reach(hearsay_link seat, bool reached, uint64_t incarnation)
{
    struct hsy_frame frame = {.type = HSY_REACH};

    frame.reach.incarnation = incarnation;
    frame.reach.reached = reached;
    frame.reach.addr = own()->addrs[0];
    puppet_say(&stage, seat, &frame);
    stage_settle(&stage);
}

static bool says_undialable(void)
{
    return (own()->features & HSY_RECORD_UNDIALABLE) != 0;
}

/* The link of a peer that has dialled, and is a neighbour. */
static hearsay_link neighbour(struct puppet *who, uint8_t number)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};

    puppet_init(who, number, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, who);
    frame.connect.degree = 3;
    puppet_say(&stage, link, &frame);
    CLAIM_INT(stage_frames(&stage, link, HSY_ACCEPT), 1);
    return link;
}

/* ------------------------------------------------------------------- itself */

static void one_of_two_seeds_is_not_believed(void **state)
{
    (void)state;
    begin();
    say_reach(seats[0], false, own()->incarnation);
    CLAIM(!says_undialable());
    end();
}

static void most_seeds_are_and_all_hear_of_it(void **state)
{
    (void)state;
    begin();
    uint64_t before_ms = own()->issued_ms;
    say_reach(seats[0], false, own()->incarnation);
    say_reach(seats[1], false, own()->incarnation);
    CLAIM(says_undialable());
    CLAIM(own()->issued_ms > before_ms);
    CLAIM_INT(stage_noted(&stage, "undialable"), 1);
    struct hsy_frame frame;
    CLAIM(stage_frame(&stage, seats[0], HSY_REGISTER, &frame));
    CLAIM((frame.reg.features & HSY_RECORD_UNDIALABLE) != 0);
    end();
}

static void a_yes_takes_it_back(void **state)
{
    (void)state;
    begin();
    say_reach(seats[0], false, own()->incarnation);
    say_reach(seats[1], false, own()->incarnation);
    say_reach(seats[1], true, own()->incarnation);
    CLAIM(!says_undialable());
    CLAIM_INT(stage_noted(&stage, "dialable"), 1);
    end();
}

static void what_is_about_another_life_says_nothing(void **state)
{
    (void)state;
    begin();
    say_reach(seats[0], false, own()->incarnation + 1);
    say_reach(seats[1], false, own()->incarnation + 1);
    CLAIM(!says_undialable());
    end();
}

static void a_seed_that_is_gone_says_nothing(void **state)
{
    (void)state;
    begin();
    say_reach(seats[0], false, own()->incarnation);
    stage_down(&stage, seats[0], HEARSAY_DOWN_CLOSED);
    say_reach(seats[1], false, own()->incarnation);
    CLAIM(says_undialable()); /* It is the only one that holds it. */
    end();
}

static void whom_a_peer_has_dialled_believes_no_seed(void **state)
{
    (void)state;
    struct puppet who;
    begin();
    (void)neighbour(&who, 100);
    say_reach(seats[0], false, own()->incarnation);
    say_reach(seats[1], false, own()->incarnation);
    CLAIM(!says_undialable());
    end();
}

static void a_peer_that_gets_through_takes_it_back(void **state)
{
    (void)state;
    struct puppet who;
    begin();
    say_reach(seats[0], false, own()->incarnation);
    say_reach(seats[1], false, own()->incarnation);
    CLAIM(says_undialable());
    (void)neighbour(&who, 100);
    stage_settle(&stage);
    CLAIM(!says_undialable());
    end();
}

static void neighbours_hear_what_it_says_now(void **state)
{
    (void)state;
    struct puppet who;
    struct hsy_frame frame;
    begin();
    hearsay_link link = neighbour(&who, 100);
    stage.node->core.dialable.dialled = false; /* As if it had dialled. */
    say_reach(seats[0], false, own()->incarnation);
    say_reach(seats[1], false, own()->incarnation);
    CLAIM(stage_frame(&stage, link, HSY_RECORD, &frame));
    CLAIM((frame.record.features & HSY_RECORD_UNDIALABLE) != 0);
    CLAIM_INT(frame.flags, HSY_FLAG_IGNORABLE);
    end();
}

/* --------------------------------------------------------------- neighbours */

/* @who says that it cannot be dialled. */
static void renew(struct puppet *who, hearsay_link link)
{
    struct hsy_frame frame = {.type = HSY_RECORD};

    who->record.features = HSY_RECORD_UNDIALABLE;
    who->record.issued_ms++;
    puppet_sign_record(who);
    frame.record = who->record;
    puppet_say(&stage, link, &frame);
    stage_settle(&stage);
}

static void who_says_so_is_in_no_book_and_named_to_nobody(void **state)
{
    (void)state;
    struct puppet who;
    begin();
    hearsay_link link = neighbour(&who, 100);
    CLAIM(hsy_book_find(&stage.node->core.book, &who.record.id) != NULL);
    renew(&who, link);
    CLAIM(hsy_book_find(&stage.node->core.book, &who.record.id) == NULL);
    const struct hsy_neighbour *n =
        hsy_neighbour_by_id(&stage.node->core.neighbours, &who.record.id);
    CLAIM(hsy_kept_undialable(n->record));
    end();
}

static void who_says_so_has_15_s_to_come_back(void **state)
{
    (void)state;
    struct puppet who;
    begin();
    hearsay_link link = neighbour(&who, 100);
    renew(&who, link);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    stage_run(&stage, 14000);
    CLAIM(stage_dial(&stage, 7100) == NULL);
    stage_run(&stage, 2000);
    CLAIM(stage_dial(&stage, 7100) != NULL);
    struct hsy_frame ping = {.type = HSY_PING, .ping = 1};
    puppet_say(&stage, seats[0], &ping); /* The own line works. */
    stage_down(&stage, stage_dial(&stage, 7100)->link, HEARSAY_DOWN_TIMEOUT);
    stage_settle(&stage);
    CLAIM_INT(stage_frames(&stage, seats[0], HSY_DEAD_REPORT), 1);
    end();
}

static void the_record_of_another_is_no_business_of_its_link(void **state)
{
    (void)state;
    struct puppet who, other;
    struct hsy_frame frame = {.type = HSY_RECORD};
    begin();
    hearsay_link link = neighbour(&who, 100);
    puppet_init(&other, 101, HEARSAY_PEER);
    frame.record = other.record;
    puppet_say(&stage, link, &frame);
    stage_settle(&stage);
    CLAIM(!stage_is_open(&stage, link));
    end();
}

/* ------------------------------------------------------------------ feelers */

static void a_feeler_that_comes_becomes_no_link(void **state)
{
    (void)state;
    struct puppet who;
    begin();
    uint32_t links = hsy_neighbours_count(&stage.node->core.neighbours);
    puppet_init(&who, 100, HEARSAY_PEER);
    hearsay_link link = puppet_feel(&stage, &who);
    CLAIM_INT(stage_frames(&stage, link, HSY_AUTH), 1);
    CLAIM_INT(hsy_neighbours_count(&stage.node->core.neighbours), links);
    CLAIM(stage_is_open(&stage, link)); /* It is the dialler that hangs up. */
    stage_run(&stage, 6000);
    CLAIM(!stage_is_open(&stage, link));
    end();
}

static void a_feeler_that_says_anything_is_refused(void **state)
{
    (void)state;
    struct puppet who;
    struct hsy_frame frame = {.type = HSY_CONNECT};
    begin();
    puppet_init(&who, 100, HEARSAY_PEER);
    hearsay_link link = puppet_feel(&stage, &who);
    puppet_say(&stage, link, &frame);
    stage_settle(&stage);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(stage_frames(&stage, link, HSY_ERROR), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_two_seeds_is_not_believed),
        cmocka_unit_test(most_seeds_are_and_all_hear_of_it),
        cmocka_unit_test(a_yes_takes_it_back),
        cmocka_unit_test(what_is_about_another_life_says_nothing),
        cmocka_unit_test(a_seed_that_is_gone_says_nothing),
        cmocka_unit_test(whom_a_peer_has_dialled_believes_no_seed),
        cmocka_unit_test(a_peer_that_gets_through_takes_it_back),
        cmocka_unit_test(neighbours_hear_what_it_says_now),
        cmocka_unit_test(who_says_so_is_in_no_book_and_named_to_nobody),
        cmocka_unit_test(who_says_so_has_15_s_to_come_back),
        cmocka_unit_test(the_record_of_another_is_no_business_of_its_link),
        cmocka_unit_test(a_feeler_that_comes_becomes_no_link),
        cmocka_unit_test(a_feeler_that_says_anything_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
