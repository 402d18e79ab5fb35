/* Links that seeds wish for: tried until there is one, whatever else the peer
 * thinks of whom it is told of. */
#include "base/addr.h"
#include "core/wish.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum { AT_CAP = 32 };

static struct stage stage;
static struct puppet seed;
static hearsay_link seat;

/* A peer whose book holds @book, registered with the only seed. */
static void begin(uint32_t book)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
    stage.config.book_max = book;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    seat = puppet_seat(&stage, &seed, 1);
}

static void end(void)
{
    stage_fini(&stage);
}

static hearsay_link connect_from(uint8_t number)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};
    struct puppet who;

    puppet_init(&who, number, HEARSAY_PEER);
    hearsay_link link = puppet_dial(&stage, &who);
    frame.connect.degree = 9;
    puppet_say(&stage, link, &frame);
    return link;
}

/* So many have linked to it that it wants no more links. */
static void fill(void)
{
    for (uint8_t i = 0; i < AT_CAP; i++) {
        hearsay_link link = connect_from((uint8_t)(100 + i));
        CLAIM_INT(stage_frames(&stage, link, HSY_ACCEPT), 1);
    }
    stage_run(&stage, 1);
}

/* The seed says so; 0 for @b: of one only. */
static void say_bridge(uint8_t a, uint8_t b)
{
    static uint8_t list[1200];
    struct hsy_frame frame = {.type = HSY_BRIDGE};
    struct hsy_writer out = hsy_writer(list, sizeof(list));
    struct puppet far;

    frame.bridge.why = HSY_BRIDGE_COMPONENT;
    puppet_init(&far, a, HEARSAY_PEER);
    hsy_records_add(&out, &frame.bridge.records, &far.record);
    if (b != 0) {
        puppet_init(&far, b, HEARSAY_PEER);
        hsy_records_add(&out, &frame.bridge.records, &far.record);
    }
    CLAIM(!out.bad);
    puppet_say(&stage, seat, &frame);
}

/* As if its minute were over. */
static void say_bridge_at_once(uint8_t a, uint8_t b)
{
    stage.node->core.join.seats[0].bridge_next_ns = 0;
    say_bridge(a, b);
}

static struct stage_link *dial_of(uint8_t number)
{
    return stage_dial(&stage, (uint16_t)(7000 + number));
}

/* The dial of @number fails, if there is one. */
static bool fail_dial(uint8_t number)
{
    struct stage_link *dial = dial_of(number);

    if (dial == NULL) {
        return false;
    }
    stage_down(&stage, dial->link, HEARSAY_DOWN_TIMEOUT);
    return true;
}

/* How often @number is dialled in @ms, all in vain. */
static uint32_t dials_in(uint8_t number, uint32_t ms)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ms; i += 100) {
        count += fail_dial(number) ? 1 : 0;
        stage_run(&stage, 100);
    }
    return count;
}

static bool is_wished(uint8_t number)
{
    struct puppet who;

    puppet_init(&who, number, HEARSAY_PEER);
    return hsy_wish_names(&stage.node->core.overlay, &who.id);
}

static void a_wish_is_tried_every_4_to_12_seconds_for_90(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 0);
    CLAIM(dial_of(20) != NULL); /* At once. */
    uint32_t dials = dials_in(20, 90000);
    CLAIM(dials >= 90 / 12);
    CLAIM(dials <= 1 + 90 / 4);
    (void)fail_dial(20);
    CLAIM_INT(dials_in(20, 60000), 0);
    CLAIM(!is_wished(20));
    CLAIM(stage.node->core.overlay.wishes == NULL);
    end();
}

/* A line that opens is found soon, however long it was closed. */
static void no_failure_makes_it_wait_longer(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 0);
    for (uint32_t minute = 0; minute < 10; minute++) {
        CLAIM(dials_in(20, 62000) >= 5);
        CLAIM(dials_in(20, 13000) >= 1);
        say_bridge(20, 0);
    }
    end();
}

static void the_same_wish_said_again_lasts_longer(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 0);
    (void)dials_in(20, 61000);
    say_bridge(20, 0);
    CLAIM_INT(stage_counters(&stage)->bridges, 2);
    CLAIM(dials_in(20, 60000) >= 5);
    CLAIM(is_wished(20));
    (void)dials_in(20, 31000);
    CLAIM(!is_wished(20));
    end();
}

static void a_dial_that_hangs_does_not_keep_back_the_other_one(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 21);
    CLAIM(dial_of(20) != NULL);
    CLAIM(dial_of(21) == NULL);
    uint32_t both = 0;
    uint32_t neither_ms = 0;
    for (uint32_t ms = 0; ms < 89000; ms += 100) {
        stage_run(&stage, 100); /* Each hangs until it times out. */
        bool one = dial_of(20) != NULL;
        bool other = dial_of(21) != NULL;
        both += one && other ? 1 : 0;
        neither_ms += one || other ? 0 : 100;
    }
    CLAIM(both > 0);
    CLAIM(neither_ms <= 9 * 2000); /* 12 s less the 10 s of a dial. */
    end();
}

/* One is gone for good, and refuses. */
static void two_are_tried_in_turn(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 21);
    CLAIM(fail_dial(20));
    CLAIM_INT(dials_in(20, 3000), 0);
    for (uint32_t ms = 0; ms < 9100 && dial_of(21) == NULL; ms += 100) {
        CLAIM(dial_of(20) == NULL);
        stage_run(&stage, 100);
    }
    CLAIM(fail_dial(21));
    for (uint32_t ms = 0; ms < 12100 && dial_of(20) == NULL; ms += 100) {
        CLAIM(dial_of(21) == NULL);
        stage_run(&stage, 100);
    }
    CLAIM(dial_of(20) != NULL);
    end();
}

static void one_link_is_enough(void **state)
{
    struct hsy_frame frame = {.type = HSY_ACCEPT};
    struct puppet who;

    (void)state;
    begin(100);
    fill();
    say_bridge(20, 21);
    puppet_init(&who, 20, HEARSAY_PEER);
    hearsay_link link = dial_of(20)->link;
    puppet_answer(&stage, link, &who);
    CLAIM_INT(stage_frames(&stage, link, HSY_CONNECT), 1);
    puppet_say(&stage, link, &frame);
    CLAIM_INT(stage.node->core.neighbours.degree, AT_CAP + 1);
    stage_run(&stage, 1);
    CLAIM(!is_wished(20));
    CLAIM_INT(dials_in(21, 60000), 0);
    end();
}

/* It was dialled in vain, and waits. */
static void back_off_is_overridden(void **state)
{
    struct hsy_contact *c;
    struct puppet who;

    (void)state;
    begin(100);
    fill();
    say_bridge(20, 0);
    CLAIM(fail_dial(20));
    puppet_init(&who, 20, HEARSAY_PEER);
    c = hsy_book_find(&stage.node->core.book, &who.id);
    CLAIM(c != NULL);
    c->next_try_ns = stage.now.mono_ns + 60 * HSY_SECOND;
    CLAIM(dials_in(20, 13000) >= 1);
    end();
}

/* Of good ones, none of whom makes room. */
static void a_full_book_does_not_stand_in_the_way(void **state)
{
    struct puppet who;

    (void)state;
    begin(8);
    fill();
    puppet_init(&who, 20, HEARSAY_PEER);
    say_bridge(20, 0);
    CLAIM(hsy_book_find(&stage.node->core.book, &who.id) == NULL);
    CLAIM(dials_in(20, 30000) >= 3);
    end();
}

static void who_is_wished_for_is_let_in_above_the_cap(void **state)
{
    (void)state;
    begin(100);
    fill();
    CLAIM_INT(stage_frames(&stage, connect_from(22), HSY_REFUSE), 1);
    say_bridge(20, 21);
    CLAIM(fail_dial(20));
    CLAIM_INT(stage_frames(&stage, connect_from(20), HSY_ACCEPT), 1);
    CLAIM_INT(stage_frames(&stage, connect_from(23), HSY_REFUSE), 1);
    end();
}

static void there_are_four_wishes_at_most(void **state)
{
    (void)state;
    begin(100);
    fill();
    for (uint8_t i = 0; i < 5; i++) {
        say_bridge_at_once((uint8_t)(20 + 2 * i), (uint8_t)(21 + 2 * i));
        stage_run(&stage, 1000);
    }
    CLAIM(!is_wished(20)); /* The oldest one. */
    CLAIM(!is_wished(21));
    for (uint8_t i = 22; i < 30; i++) {
        CLAIM(is_wished(i));
    }
    stage_run(&stage, 12000);
    uint32_t dials = 0;
    for (uint8_t i = 20; i < 30; i++) {
        dials += dial_of(i) != NULL ? 1 : 0;
    }
    CLAIM(dials >= 3);
    CLAIM(dials <= HSY_ATTEMPTS_MAX);
    end();
}

static void nonsense_is_not_wished_for(void **state)
{
    static uint8_t list[1200];
    struct hsy_frame frame = {.type = HSY_BRIDGE};
    struct hsy_writer out = hsy_writer(list, sizeof(list));
    struct puppet who;

    (void)state;
    begin(100);
    fill();
    frame.bridge.why = HSY_BRIDGE_COMPONENT;
    puppet_init(&who, 1, HEARSAY_PEER); /* Itself. */
    hsy_records_add(&out, &frame.bridge.records, &who.record);
    puppet_init(&who, 100, HEARSAY_PEER); /* A neighbour. */
    hsy_records_add(&out, &frame.bridge.records, &who.record);
    CLAIM(!out.bad);
    puppet_say(&stage, seat, &frame);
    CLAIM_INT(stage_counters(&stage)->bridges, 0);
    CLAIM(stage.node->core.overlay.wishes == NULL);
    frame.bridge.records = (struct hsy_records){0};
    out = hsy_writer(list, sizeof(list));
    puppet_init(&who, 30, HEARSAY_SEED);
    hsy_records_add(&out, &frame.bridge.records, &who.record);
    stage.node->core.join.seats[0].bridge_next_ns = 0;
    puppet_say(&stage, seat, &frame);
    CLAIM_INT(stage_counters(&stage)->bridges, 0);
    CLAIM(dial_of(30) == NULL);
    end();
}

static void who_leaves_has_no_wishes(void **state)
{
    (void)state;
    begin(100);
    fill();
    say_bridge(20, 0);
    CLAIM(fail_dial(20));
    stage.hold_jobs = true;
    stage_leave(&stage);
    CLAIM_INT(dials_in(20, 1500), 0);
    stage_settle(&stage);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_is_tried_every_4_to_12_seconds_for_90),
        cmocka_unit_test(no_failure_makes_it_wait_longer),
        cmocka_unit_test(the_same_wish_said_again_lasts_longer),
        cmocka_unit_test(a_dial_that_hangs_does_not_keep_back_the_other_one),
        cmocka_unit_test(two_are_tried_in_turn),
        cmocka_unit_test(one_link_is_enough),
        cmocka_unit_test(back_off_is_overridden),
        cmocka_unit_test(a_full_book_does_not_stand_in_the_way),
        cmocka_unit_test(who_is_wished_for_is_let_in_above_the_cap),
        cmocka_unit_test(there_are_four_wishes_at_most),
        cmocka_unit_test(nonsense_is_not_wished_for),
        cmocka_unit_test(who_leaves_has_no_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
