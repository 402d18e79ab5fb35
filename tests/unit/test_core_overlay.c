/* Links of a peer's own choice, and those it grants to others. */
#include "base/addr.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed, peer;
static hearsay_link seat;

/* Settings of a node, which run() starts. */
static void prepare(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
}

static void run(void)
{
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
}

/* The node runs, and its seed tells of @peers_count peers. */
static void begin_of(enum hearsay_overlay rule, uint32_t peers_count)
{
    prepare();
    stage.config.overlay = rule;
    run();
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
    seat = puppet_seat(&stage, &seed, peers_count);
}

/* The seed tells of @known peers, numbered 2, 3, ... */
static void tell_of(uint8_t known)
{
    struct hsy_frame frame = {.type = HSY_PEERS};
    static uint8_t list[32 * 300];
    struct hsy_writer out = hsy_writer(list, sizeof(list));

    for (uint8_t i = 0; i < known; i++) {
        struct puppet p;
        puppet_init(&p, (uint8_t)(2 + i), HEARSAY_PEER);
        hsy_records_add(&out, &frame.peers.records, &p.record);
    }
    frame.peers.by_degree = 0;
    CLAIM(!out.bad);
    frame.peers.peers_count = known + UINT32_C(1);
    puppet_say(&stage, seat, &frame);
    stage_run(&stage, 1);
}

static void begin(uint8_t known)
{
    begin_of(HEARSAY_OVERLAY_PREFERENTIAL, 1);
    tell_of(known);
}

static void end(void)
{
    stage_fini(&stage);
}

static const struct hsy_neighbours *neighbours(void)
{
    return &stage.node->core.neighbours;
}

/* To that port, and not only to see who is there (feeler.h). */
static struct stage_link *dial_for_link(uint16_t port)
{
    struct stage_link *dial = stage_dial(&stage, port);
    bool feels = dial != NULL && dial->link == stage.node->core.feeler.link;

    return feels ? NULL : dial;
}

static uint32_t dials(void)
{
    uint32_t count = 0;

    for (uint16_t port = 7002; port < 7032; port++) {
        count += dial_for_link(port) != NULL ? 1 : 0;
    }
    return count;
}

static struct stage_link *any_dial(struct puppet *who)
{
    for (uint8_t number = 2; number < 32; number++) {
        struct stage_link *dial = dial_for_link((uint16_t)(7000 + number));
        if (dial != NULL) {
            puppet_init(who, number, HEARSAY_PEER);
            return dial;
        }
    }
    return NULL;
}

/* The next dial comes up, and its CONNECT is out. */
static hearsay_link asked(struct puppet *who)
{
    struct stage_link *dial = any_dial(who);

    CLAIM(dial != NULL);
    hearsay_link link = dial->link;
    puppet_answer(&stage, link, who);
    CLAIM_INT(stage_frames(&stage, link, HSY_CONNECT), 1);
    return link;
}

static void say(hearsay_link link, enum hsy_frame_type type)
{
    struct hsy_frame frame = {.type = type};

    frame.refuse.why = type == HSY_REFUSE ? HSY_REFUSE_FULL : frame.refuse.why;
    puppet_say(&stage, link, &frame);
}

/* A new link is pinged at once. */
static void say_pong(hearsay_link link)
{
    struct hsy_frame frame;

    CLAIM_INT(stage_frames(&stage, link, HSY_PING), 1);
    CLAIM(stage_frame(&stage, link, HSY_PING, &frame));
    frame = (struct hsy_frame){.type = HSY_PONG, .pong = frame.ping};
    puppet_say(&stage, link, &frame);
}

static void say_connect(hearsay_link link, uint32_t degree)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};

    frame.connect.degree = degree;
    puppet_say(&stage, link, &frame);
}

static void the_cap_is_two_thirds_of_m_root_n_and_32_to_3200(void **state)
{
    (void)state;
    CLAIM_INT(hsy_overlay_cap(4, 0), 32);
    CLAIM_INT(hsy_overlay_cap(4, 152), 32);
    CLAIM_INT(hsy_overlay_cap(4, 154), 33);
    CLAIM_INT(hsy_overlay_cap(4, 1000), 84);
    CLAIM_INT(hsy_overlay_cap(4, 1000000), 2666);
    CLAIM_INT(hsy_overlay_cap(64, UINT32_MAX), 3200); /* One snapshot. */
}

static void m_links_are_opened_and_no_more(void **state)
{
    struct puppet who;

    (void)state;
    begin(8);
    CLAIM_INT(dials(), 4);
    for (uint32_t i = 1; i <= 4; i++) {
        say(asked(&who), HSY_ACCEPT);
        CLAIM_INT(neighbours()->chosen, i);
    }
    stage_run(&stage, 2000);
    CLAIM_INT(dials(), 0);
    CLAIM_INT(neighbours()->degree, 4);
    end();
}

/* Its seed has not answered a ping, and has told of 8 peers before. */
static struct hsy_neighbour *begin_strained(void)
{
    begin_of(HEARSAY_OVERLAY_PREFERENTIAL, 1);
    struct hsy_neighbour *n =
        hsy_neighbour_by_link(&stage.node->core.neighbours, seat);
    n->strikes = 1;
    tell_of(8);
    return n;
}

/* What is in the way may be its own line. */
static void who_is_strained_dials_one_at_a_time(void **state)
{
    struct puppet who;

    (void)state;
    struct hsy_neighbour *n = begin_strained();
    CLAIM_INT(dials(), 1);
    stage_down(&stage, any_dial(&who)->link, HEARSAY_DOWN_TIMEOUT);
    stage_run(&stage, 1);
    CLAIM_INT(dials(), 1);
    n->strikes = 0;
    stage_run(&stage, 1000);
    CLAIM_INT(dials(), 4);
    end();
}

/* The seed knows better which incarnation is next, and takes that. */
static void register_again(void)
{
    uint64_t incarnation = stage.node->core.self.incarnation;
    struct hsy_frame frame = {.type = HSY_REGISTERED};

    frame.registered.verdict = HSY_REGISTERED_STALE;
    frame.registered.incarnation = incarnation;
    frame.registered.known_rank = hsy_rank_dead(incarnation);
    puppet_say(&stage, seat, &frame);
    stage_run(&stage, 1);
    frame.registered.verdict = HSY_REGISTERED_OK;
    frame.registered.incarnation = incarnation + 1;
    frame.registered.lease_s = 600;
    frame.registered.peers_count = 9;
    puppet_say(&stage, seat, &frame);
    stage_run(&stage, 1);
}

/* It may wait for a line that is open by now. */
static void
a_seed_that_answers_lets_who_is_strained_dial_once_more(void **state)
{
    (void)state;
    (void)begin_strained();
    CLAIM_INT(dials(), 1);
    for (uint32_t i = 2; i < 6; i++) {
        register_again();
        CLAIM_INT(dials(), i < 4 ? i : 4); /* No more than are missing. */
        stage_run(&stage, 1000);
        CLAIM_INT(dials(), i < 4 ? i : 4);
    }
    end();
}

static void a_refused_dial_makes_way_for_another(void **state)
{
    struct puppet who;

    (void)state;
    begin(8);
    stage_down(&stage, any_dial(&who)->link, HEARSAY_DOWN_REFUSED);
    uint16_t failed = (uint16_t)(7000 + who.number);
    stage_run(&stage, 1);
    CLAIM_INT(dials(), 4);
    CLAIM(stage_dial(&stage, failed) == NULL); /* It backs off. */
    end();
}

static void an_ask_is_given_up_after_three_seconds(void **state)
{
    struct puppet who;

    (void)state;
    begin(8);
    hearsay_link link = asked(&who);
    stage_run(&stage, 2999);
    CLAIM_INT(dials(), 3);
    stage_run(&stage, 1);
    CLAIM_INT(dials(), 4);
    say(link, HSY_ACCEPT); /* Late: the other end has the link already. */
    CLAIM_INT(neighbours()->degree, 1);
    CLAIM_INT(neighbours()->chosen, 0);
    end();
}

static void an_accept_that_nobody_asked_for_ends_the_link(void **state)
{
    (void)state;
    begin(0);
    hearsay_link link = puppet_dial(&stage, &peer);
    say(link, HSY_ACCEPT);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM_INT(neighbours()->degree, 0);
    say(seat, HSY_ACCEPT);
    CLAIM_INT(neighbours()->degree, 0);
    end();
}

static void a_refusal_brings_alternatives(void **state)
{
    struct hsy_frame frame = {.type = HSY_REFUSE};
    struct puppet who;
    uint8_t list[600];
    struct hsy_writer out = hsy_writer(list, sizeof(list));

    (void)state;
    begin(1);
    CLAIM_INT(dials(), 1);
    hearsay_link link = asked(&who);
    puppet_init(&peer, 20, HEARSAY_PEER);
    frame.refuse.why = HSY_REFUSE_FULL;
    hsy_records_add(&out, &frame.refuse.alternatives, &peer.record);
    puppet_say(&stage, link, &frame);
    CLAIM(!stage_is_open(&stage, link));
    stage_run(&stage, 1);
    CLAIM(stage_dial(&stage, 7020) != NULL);
    end();
}

/* Peers numbered from 100 on link to the node. */
static hearsay_link link_from(uint8_t count)
{
    hearsay_link link = 0;

    for (uint8_t i = 0; i < count; i++) {
        struct puppet who;
        puppet_init(&who, (uint8_t)(100 + i), HEARSAY_PEER);
        link = puppet_dial(&stage, &who);
        say_connect(link, 9);
    }
    return link;
}

/* Whoever is dialled in the next @ms refuses; how many did, and at most how
 * many were asked at the same time. */
static uint32_t refuse_all(uint32_t ms, uint32_t *out_most)
{
    uint32_t refused = 0;
    struct puppet who;

    *out_most = 0;
    for (uint32_t i = 0; i < ms / 10; i++) {
        uint32_t open = dials();
        *out_most = open > *out_most ? open : *out_most;
        while (dials() > 0) {
            say(asked(&who), HSY_REFUSE);
            refused++;
        }
        stage_run(&stage, 10);
    }
    return refused;
}

static void who_was_refused_is_not_asked_when_he_dials(void **state)
{
    struct puppet who;

    (void)state;
    begin(1);
    say(asked(&who), HSY_REFUSE);
    hearsay_link link =
        puppet_dial(&stage, &who); /* For a reason of its own. */
    stage_run(&stage, 900);
    CLAIM_INT(stage_frames(&stage, link, HSY_CONNECT), 0);
    CLAIM_INT(dials(), 0);
    stage_run(&stage, 3100); /* 1 to 3 s, and a look a second. */
    CLAIM_INT(stage_frames(&stage, link, HSY_CONNECT), 1);
    end();
}

static void
whom_16_refused_is_content_with_m_links_until_one_is_lost(void **state)
{
    uint32_t most;

    (void)state;
    begin(0);
    hearsay_link link = link_from(4);
    tell_of(30);
    uint32_t refused = refuse_all(1000, &most);
    CLAIM(refused >= 16 && refused < 20); /* 4 were under way. */
    uint32_t asks = stage_frames(&stage, seat, HSY_PEERS_GET);
    stage_run(&stage, 600000);
    CLAIM_INT(dials(), 0);
    CLAIM_INT(stage_frames(&stage, seat, HSY_PEERS_GET), asks);
    if (stage.node->core.feeler.link != 0) { /* Nobody answered it. */
        stage_down(&stage, stage.node->core.feeler.link, HEARSAY_DOWN_TIMEOUT);
    }
    stage_down(&stage, link, HEARSAY_DOWN_CLOSED);
    stage_run(&stage, 1);
    CLAIM(dials() >= 4); /* And a probe of the lost one. */
    end();
}

static void whom_16_refused_without_m_links_tries_one_at_a_time(void **state)
{
    uint32_t most;

    (void)state;
    begin(0);
    (void)link_from(3);
    tell_of(30);
    CLAIM(refuse_all(100, &most) >= 16);
    CLAIM_INT(most, 4);
    (void)refuse_all(10000, &most);
    CLAIM_INT(most, 1);
    uint32_t refused = refuse_all(600000, &most);
    CLAIM_INT(most, 1);
    CLAIM(refused >= 10 && refused <= 40); /* One in 30 s on average. */
    end();
}

static void at_the_cap_nobody_is_asked(void **state)
{
    (void)state;
    begin(0);
    (void)link_from(31);
    tell_of(8);
    CLAIM_INT(dials(), 1); /* There is room for one. */
    end();
    begin(0);
    (void)link_from(32);
    tell_of(8);
    stage_run(&stage, 2000);
    CLAIM_INT(dials(), 0);
    end();
}

static void
who_is_linked_to_everybody_asks_only_how_many_there_are(void **state)
{
    struct puppet who;

    (void)state;
    begin(2);
    for (uint32_t i = 0; i < 2; i++) {
        hearsay_link link = asked(&who);
        say(link, HSY_ACCEPT);
        say_pong(link);
    }
    uint32_t gets = stage_frames(&stage, seat, HSY_PEERS_GET);
    stage_run(&stage, 120000);
    uint32_t lookups = stage_frames(&stage, seat, HSY_LOOKUP);
    CLAIM(lookups >= 1 && lookups <= 15); /* After 1 s, 2 s, ... 61 s. */
    stage_run(&stage, 600000);
    lookups = stage_frames(&stage, seat, HSY_LOOKUP) - lookups;
    CLAIM(lookups >= 10 && lookups <= 40); /* One in 31 s on average. */
    CLAIM_INT(stage_frames(&stage, seat, HSY_PEERS_GET), gets);
    CLAIM_INT(neighbours()->degree, 2);
    end();
}

static void
top_half_wants_half_of_them_a_third_of_the_cap_at_most_and_m(void **state)
{
    static const uint32_t wanted[][2] = {{1, 4},    {12, 6},    {60, 10},
                                         {300, 15}, {1000, 28}, {10000, 48}};

    (void)state;
    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct hsy_frame get;
        begin_of(HEARSAY_OVERLAY_TOP_HALF, wanted[i][0]);
        CLAIM_INT(stage.node->core.overlay.wanted, wanted[i][1]);
        CLAIM(stage_frame(&stage, seat, HSY_PEERS_GET, &get));
        CLAIM_INT(get.peers_get.kind, HSY_PEERS_TOP);
        uint32_t half = wanted[i][0] / 2;
        half = half > 48 ? 48 : half;
        CLAIM_INT(get.peers_get.count, half > 1 ? half : 1);
        end();
    }
}

static void at_the_cap_only_the_poor_are_let_in(void **state)
{
    struct hsy_frame refuse;
    struct puppet many;

    (void)state;
    begin(0);
    for (uint8_t i = 0; i < 40; i++) {
        puppet_init(&many, (uint8_t)(30 + i), HEARSAY_PEER);
        say_connect(puppet_dial(&stage, &many), i < 32 ? 9 : 1);
        CLAIM_INT(neighbours()->degree, i + 1);
        if (i == 31) { /* 32: full for all but the poor. */
            puppet_init(&many, 100, HEARSAY_PEER);
            hearsay_link link = puppet_dial(&stage, &many);
            say_connect(link, 2);
            CLAIM(stage_frame(&stage, link, HSY_REFUSE, &refuse));
            CLAIM_INT(refuse.refuse.why, HSY_REFUSE_FULL);
            CLAIM_INT(refuse.refuse.alternatives.count, HSY_ALTERNATIVES_MAX);
            CLAIM_INT(neighbours()->degree, 32);
        }
    }
    puppet_init(&many, 101, HEARSAY_PEER); /* 40: full for all. */
    hearsay_link link = puppet_dial(&stage, &many);
    say_connect(link, 0);
    CLAIM_INT(stage_frames(&stage, link, HSY_REFUSE), 1);
    CLAIM_INT(neighbours()->degree, 40);
    end();
}

/* Of 16 links one is for its seed and two are for what is being opened: of 13
 * four fifths, and the poor above that. */
static void links_leave_room_for_seeds(void **state)
{
    static const struct {
        uint8_t degree;
        bool in;
    } cases[] = {{9, false}, {1, true}, {1, true}, {0, false}};
    struct puppet many;

    (void)state;
    prepare();
    stage.config.links_max = 16;
    run();
    for (uint8_t i = 0; i < 14; i++) {
        puppet_init(&many, (uint8_t)(30 + i), HEARSAY_PEER);
        hearsay_link link = puppet_dial(&stage, &many);
        bool in = i < 10 || cases[i - 10].in;
        say_connect(link, i < 10 ? 9 : cases[i - 10].degree);
        CLAIM_INT(stage_frames(&stage, link, HSY_REFUSE), in ? 0 : 1);
    }
    CLAIM_INT(neighbours()->degree, 12);
    end();
}

static void a_hub_asks_for_n_again_before_it_refuses(void **state)
{
    struct hsy_frame peers = {.type = HSY_PEERS};
    struct puppet many;

    (void)state;
    begin(0);
    stage_run(&stage, 1000);
    /* Alone, as far as it knows, it asks for that too. */
    uint32_t before = stage_frames(&stage, seat, HSY_LOOKUP);
    for (uint8_t i = 0; i < 48; i++) {
        puppet_init(&many, (uint8_t)(30 + i), HEARSAY_PEER);
        say_connect(puppet_dial(&stage, &many), 9);
        if (i == 24) { /* 24 of 32 when this one came; next: 3/4. */
            CLAIM_INT(neighbours()->degree, 25);
            CLAIM_INT(stage_frames(&stage, seat, HSY_LOOKUP), before + 1);
            peers.peers.kind = HSY_PEERS_LOOKUP;
            peers.peers.peers_count = 1000; /* The cap is 84 now. */
            puppet_say(&stage, seat, &peers);
        }
        CLAIM_INT(stage_frames(&stage, seat, HSY_LOOKUP),
                  before + (i < 24 ? 0 : 1));
        CLAIM_INT(neighbours()->degree, i + 1);
    }
    end();
}

static void n_is_asked_for_once_a_second_at_most(void **state)
{
    struct puppet many;

    (void)state;
    begin(0);
    for (uint8_t i = 0; i < 40; i++) {
        puppet_init(&many, (uint8_t)(30 + i), HEARSAY_PEER);
        say_connect(puppet_dial(&stage, &many), 9);
    }
    uint32_t early = stage_frames(&stage, seat, HSY_LOOKUP);
    CLAIM(early <= 1);
    stage_run(&stage, 1000);
    for (uint8_t i = 0; i < 2; i++) {
        puppet_init(&many, (uint8_t)(80 + i), HEARSAY_PEER);
        say_connect(puppet_dial(&stage, &many), 9);
        CLAIM_INT(stage_frames(&stage, seat, HSY_LOOKUP), early + 1);
    }
    end();
}

static void a_seed_gets_no_overlay_link(void **state)
{
    struct hsy_frame refuse;

    (void)state;
    begin(0);
    say_connect(seat, 0);
    CLAIM(stage_frame(&stage, seat, HSY_REFUSE, &refuse));
    CLAIM_INT(refuse.refuse.why, HSY_REFUSE_ROLE);
    CLAIM_INT(neighbours()->degree, 0);
    end();
}

static void a_lost_link_is_replaced_from_the_book(void **state)
{
    struct puppet who;
    hearsay_link link = 0;

    (void)state;
    begin(8);
    for (uint32_t i = 0; i < 4; i++) {
        link = asked(&who);
        say(link, HSY_ACCEPT);
    }
    uint32_t gets = stage_frames(&stage, seat, HSY_PEERS_GET);
    stage_down(&stage, link, HEARSAY_DOWN_CLOSED);
    stage_run(&stage, 1);
    CLAIM(dials() >= 1);
    CLAIM_INT(stage_frames(&stage, seat, HSY_PEERS_GET), gets);
    end();
}

static void one_bridge_per_seed_and_minute_is_obeyed(void **state)
{
    struct hsy_frame frame = {.type = HSY_BRIDGE};
    struct puppet far;
    uint8_t list[600];

    (void)state;
    begin(0);
    for (uint8_t number = 20; number <= 22; number++) {
        struct hsy_writer out = hsy_writer(list, sizeof(list));
        puppet_init(&far, number, HEARSAY_PEER);
        frame.bridge.why = HSY_BRIDGE_COMPONENT;
        frame.bridge.records = (struct hsy_records){0};
        hsy_records_add(&out, &frame.bridge.records, &far.record);
        puppet_say(&stage, seat, &frame);
        CLAIM_INT(stage_counters(&stage)->bridges, number < 22 ? 1 : 2);
        stage.node->core.join.seats[0].bridge_next_ns -=
            number == 21 ? HSY_MINUTE : 0;
    }
    end();
}

static void a_book_full_of_refusers_is_not_the_end(void **state)
{
    (void)state;
    prepare();
    stage.config.book_max = 8;
    run();
    puppet_init(&seed, 200, HEARSAY_SEED);
    seat = puppet_seat(&stage, &seed, 100);
    tell_of(8); /* 2 to 9: all full. */
    uint32_t most;
    (void)refuse_all(60000, &most);
    uint32_t dialled = 0;
    for (int round = 0; round < 600 && dialled == 0; round++) {
        tell_of(28); /* And 20 more, who may say yes. */
        for (uint16_t port = 7010; port < 7030; port++) {
            dialled += stage_dial(&stage, port) != NULL ? 1 : 0;
        }
        (void)refuse_all(1000, &most);
    }
    CLAIM(dialled > 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_book_full_of_refusers_is_not_the_end),
        cmocka_unit_test(the_cap_is_two_thirds_of_m_root_n_and_32_to_3200),
        cmocka_unit_test(m_links_are_opened_and_no_more),
        cmocka_unit_test(who_is_strained_dials_one_at_a_time),
        cmocka_unit_test(
            a_seed_that_answers_lets_who_is_strained_dial_once_more),
        cmocka_unit_test(a_refused_dial_makes_way_for_another),
        cmocka_unit_test(an_ask_is_given_up_after_three_seconds),
        cmocka_unit_test(an_accept_that_nobody_asked_for_ends_the_link),
        cmocka_unit_test(a_refusal_brings_alternatives),
        cmocka_unit_test(who_was_refused_is_not_asked_when_he_dials),
        cmocka_unit_test(
            whom_16_refused_is_content_with_m_links_until_one_is_lost),
        cmocka_unit_test(whom_16_refused_without_m_links_tries_one_at_a_time),
        cmocka_unit_test(at_the_cap_nobody_is_asked),
        cmocka_unit_test(
            who_is_linked_to_everybody_asks_only_how_many_there_are),
        cmocka_unit_test(
            top_half_wants_half_of_them_a_third_of_the_cap_at_most_and_m),
        cmocka_unit_test(at_the_cap_only_the_poor_are_let_in),
        cmocka_unit_test(links_leave_room_for_seeds),
        cmocka_unit_test(a_hub_asks_for_n_again_before_it_refuses),
        cmocka_unit_test(n_is_asked_for_once_a_second_at_most),
        cmocka_unit_test(a_seed_gets_no_overlay_link),
        cmocka_unit_test(a_lost_link_is_replaced_from_the_book),
        cmocka_unit_test(one_bridge_per_seed_and_minute_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
