/* Lines of two seconds each way: whatever waits for an answer waits for three
 * round trips of that line, 12 s at most; and a dial that does not come to its
 * end there is no try of a probe. */
#include "core/trial.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/core_ports.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed, peer;
static hearsay_link seat;

/* A round trip of two seconds, in which nothing else happens. */
enum { TRIP_MS = 2000 };

/* The rest of a handshake whose HELLO went out a moment ago. */
static void greet(hearsay_link link, const struct puppet *p)
{
    stage_run(&stage, TRIP_MS);
    struct hsy_frame hello = puppet_hello(p, p->number);
    puppet_say(&stage, link, &hello);
    struct hsy_frame auth = puppet_auth(&stage, link, p, p->number);
    puppet_say(&stage, link, &auth);
}

/* @p dials, and answers the node's HELLO after a round trip. */
static hearsay_link come(const struct puppet *p)
{
    hearsay_link link = stage_accept(&stage, &p->record.addrs[0]);
    struct hsy_frame hello = puppet_hello(p, p->number);

    puppet_say(&stage, link, &hello);
    stage_run(&stage, TRIP_MS);
    struct hsy_frame auth = puppet_auth(&stage, link, p, p->number);
    puppet_say(&stage, link, &auth);
    return link;
}

/* A peer whose only seed has been dialled. */
static void begin_cold(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage.config.ping_interval_ns = 60 * HSY_MINUTE; /* Puppets are mute. */
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
}

static void begin(void)
{
    begin_cold();
    seat = puppet_seat(&stage, &seed, 1);
}

static void end(void)
{
    stage_fini(&stage);
}

/* ---------------------------------------------------------------- waiting */

static void an_answer_may_take_three_round_trips_and_no_more(void **state)
{
    struct hsy_neighbour n = {.link = 1};

    (void)state;
    CLAIM_INT(hsy_neighbour_wait_ns(&n, HSY_SECOND), HSY_SECOND);
    n.greeted_ns = 2 * HSY_SECOND;
    CLAIM_INT(hsy_neighbour_wait_ns(&n, HSY_SECOND), 6 * HSY_SECOND);
    CLAIM_INT(hsy_neighbour_wait_ns(&n, 7 * HSY_SECOND), 7 * HSY_SECOND);
    n.rtt_ns = HSY_SECOND; /* A PONG knows better. */
    CLAIM_INT(hsy_neighbour_wait_ns(&n, HSY_SECOND), 3 * HSY_SECOND);
    n.rtt_ns = 5 * HSY_SECOND;
    CLAIM_INT(hsy_neighbour_wait_ns(&n, HSY_SECOND), 12 * HSY_SECOND);
    n.rtt_ns = UINT64_MAX / 2;
    CLAIM_INT(hsy_neighbour_wait_ns(&n, HSY_SECOND), 12 * HSY_SECOND);
}

/* The seed names @peer, the node dials it and asks it for a link. */
static hearsay_link ask_peer(void)
{
    struct hsy_frame frame = {.type = HSY_PEERS};
    uint8_t list[600];
    struct hsy_writer out = hsy_writer(list, sizeof(list));

    hsy_records_add(&out, &frame.peers.records, &peer.record);
    frame.peers.peers_count = 2;
    puppet_say(&stage, seat, &frame);
    stage_run(&stage, 1);
    const struct stage_link *dial = stage_dial(&stage, 7002);
    CLAIM(dial != NULL);
    hearsay_link link = dial->link;
    stage_open(&stage, link);
    greet(link, &peer);
    CLAIM_INT(stage_frames(&stage, link, HSY_CONNECT), 1);
    return link;
}

static void a_link_that_is_asked_for_is_waited_for(void **state)
{
    (void)state;
    begin();
    hearsay_link link = ask_peer();
    const struct hsy_neighbour *n =
        hsy_neighbour_by_link(&stage.node->core.neighbours, link);
    stage_run(&stage, 5999);
    CLAIM(n->asked);
    stage_run(&stage, 1);
    CLAIM(!n->asked);
    end();
}

static void a_registration_is_waited_for(void **state)
{
    (void)state;
    begin_cold();
    hearsay_link link = stage_dial(&stage, 7200)->link;
    stage_open(&stage, link);
    greet(link, &seed);
    CLAIM_INT(stage_frames(&stage, link, HSY_REGISTER), 1);
    stage_run(&stage, 9999); /* 4 s for its disk, three round trips. */
    CLAIM_INT(stage_frames(&stage, link, HSY_REGISTER), 1);
    stage_run(&stage, 1);
    CLAIM_INT(stage_frames(&stage, link, HSY_REGISTER), 2);
    end();
}

static void a_holder_far_away_has_time_to_answer_a_challenge(void **state)
{
    (void)state;
    begin();
    hearsay_link old = come(&peer);
    peer.record.boot_nonce++;
    peer.record.incarnation++;
    puppet_sign_record(&peer);
    hearsay_link young = puppet_dial(&stage, &peer);
    stage_run(&stage, 5999);
    CLAIM(stage_is_open(&stage, old));
    CLAIM(stage_is_open(&stage, young));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, old));
    CLAIM(stage_is_open(&stage, young));
    end();
}

static void the_first_ping_knows_the_round_trip_of_the_handshake(void **state)
{
    struct hsy_frame accept = {.type = HSY_ACCEPT};

    (void)state;
    begin();
    hearsay_link link = ask_peer();
    puppet_say(&stage, link, &accept);
    stage_run(&stage, 1);
    CLAIM_INT(stage_frames(&stage, link, HSY_PING), 1);
    stage_run(&stage, 5998);
    CLAIM_INT(stage_counters(&stage)->strikes, 0);
    stage_run(&stage, 2);
    CLAIM_INT(stage_counters(&stage)->strikes, 1);
    end();
}

/* ----------------------------------------------------------------- trials */

static struct core_rig rig;
static struct hsy_record subject;

enum { SUBJECT_LINK = 2001 };

/* The seed s0 of three; the subject is registered, and mute for long. */
static void begin_trial(uint64_t greeted_ns)
{
    subject = core_record('p', 1, 5);
    core_rig_init(&rig, 0, 3);
    core_rig_start(&rig);
    (void)core_rig_link(&rig, SUBJECT_LINK, &subject);
    core_rig_register(&rig, &subject);
    core_rig_commit(&rig);
    core_rig_silence(&rig, 25000);
    hsy_neighbour_by_id(&rig.neighbours, &subject.id)->greeted_ns = greeted_ns;
    core_ports_forget_sent(&rig.ports);
    CLAIM(hsy_trial_start(&rig.seed, &subject.id, HSY_TRIAL_LINK));
    rig.seed.next_ns = rig.env.now.mono_ns;
}

static void pings_of_a_trial_are_waited_for(void **state)
{
    (void)state;
    begin_trial(4 * HSY_SECOND);
    core_rig_run(&rig, 1500);
    CLAIM_INT(core_ports_sent(&rig.ports, SUBJECT_LINK, HSY_PING), 3);
    core_rig_run(&rig, 11999);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(rig.ports.signables_count, 1);
    core_rig_fini(&rig);
    begin_trial(0); /* Nobody knows: the usual three seconds. */
    core_rig_run(&rig, 4499);
    CLAIM_INT(rig.ports.signables_count, 0);
    core_rig_run(&rig, 1);
    CLAIM_INT(rig.ports.signables_count, 1);
    core_rig_fini(&rig);
}

/* ------------------------------------------------------------------ tries */

static const struct hsy_probe *probe(void)
{
    const struct hsy_probe *p =
        hsy_table_find(&stage.node->core.probes.by_id, &peer.id);

    CLAIM(p != NULL);
    return p;
}

/* The last one; the overlay dials @peer, too. */
static hearsay_link last_try(void)
{
    const struct hsy_probe *p = probe();

    CLAIM(p->started > 0);
    CLAIM(p->links[p->started - 1] != 0);
    return p->links[p->started - 1];
}

/* @peer was a neighbour, and its link broke: it is dialled. */
static hearsay_link probe_peer(void)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};
    hearsay_link link = puppet_dial(&stage, &peer);

    puppet_say(&stage, link, &connect);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    stage_run(&stage, 1);
    return last_try();
}

static void claim_probe(uint8_t failed, uint8_t restarts)
{
    CLAIM_INT(probe()->failed, failed);
    CLAIM_INT(probe()->restarts, restarts);
}

static void a_dial_that_is_refused_or_not_answered_is_a_try(void **state)
{
    (void)state;
    begin();
    stage_down(&stage, probe_peer(), HEARSAY_DOWN_REFUSED);
    claim_probe(1, 0);
    end();
    begin();
    stage_down(&stage, probe_peer(), HEARSAY_DOWN_TIMEOUT);
    claim_probe(1, 0);
    end();
    begin(); /* A frozen process: its kernel takes the connection. */
    stage_open(&stage, probe_peer());
    stage_run(&stage, 5000);
    claim_probe(1, 0);
    end();
}

static void a_connection_that_breaks_is_no_try(void **state)
{
    (void)state;
    begin();
    hearsay_link link = probe_peer();
    stage_open(&stage, link);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    claim_probe(0, 1);
    stage_run(&stage, 999);
    CLAIM_INT(probe()->started, 0);
    stage_run(&stage, 1);
    link = last_try();
    stage_open(&stage, link);
    stage_down(&stage, link, HEARSAY_DOWN_CLOSED);
    claim_probe(0, 2);
    end();
}

static void whoever_said_hello_and_no_more_was_there(void **state)
{
    (void)state;
    begin();
    hearsay_link link = probe_peer();
    stage_open(&stage, link);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    stage_run(&stage, 3000); /* Before the next try goes out. */
    stage_down(&stage, link, HEARSAY_DOWN_TIMEOUT);
    claim_probe(0, 1);
    end();
}

/* It proved itself; that there is no room for it is our affair. */
static void who_is_answered_that_there_is_no_room_has_answered(void **state)
{
    (void)state;
    begin();
    hearsay_link link = probe_peer();
    struct hsy_table *table = &stage.node->core.neighbours.by_id;
    table->items_max = table->count; /* As if there were no memory. */
    puppet_answer(&stage, link, &peer);
    CLAIM(!stage_is_open(&stage, link));
    CLAIM(!hsy_probe_running(&stage.node->core.probes, &peer.id));
    end();
}

/* Or one machine that answers everything would keep the dead alive. */
static void hello_without_a_proof_helps_a_few_times_only(void **state)
{
    (void)state;
    begin();
    hearsay_link link = probe_peer();
    for (uint32_t i = 0; i <= HSY_PROBE_RESTARTS_MAX; i++) {
        stage_open(&stage, link);
        stage_down(&stage, link, HEARSAY_DOWN_RESET);
        claim_probe(i < HSY_PROBE_RESTARTS_MAX ? 0 : 1,
                    (uint8_t)(i < HSY_PROBE_RESTARTS_MAX ? i + 1 : i));
        stage_run(&stage, i < HSY_PROBE_RESTARTS_MAX ? 1000 : 4000);
        link = last_try();
    }
    end();
}

static void somebody_else_at_that_address_is_no_answer(void **state)
{
    struct puppet other;

    (void)state;
    begin();
    puppet_init(&other, 3, HEARSAY_PEER);
    hearsay_link link = probe_peer();
    stage_open(&stage, link);
    struct hsy_frame hello = puppet_hello(&other, 7);
    puppet_say(&stage, link, &hello);
    claim_probe(1, 0);
    stage_run(&stage, 4000);
    link = last_try();
    stage_open(&stage, link);
    hello.hello.network_len = 3; /* Nor is somebody of another network. */
    puppet_say(&stage, link, &hello);
    claim_probe(2, 0);
    end();
}

/* A HELLO can be copied, an AUTH cannot. */
static void who_cannot_sign_is_no_answer(void **state)
{
    (void)state;
    begin();
    hearsay_link link = probe_peer();
    stage_open(&stage, link);
    struct hsy_frame hello = puppet_hello(&peer, 7);
    puppet_say(&stage, link, &hello);
    struct hsy_frame auth = puppet_auth(&stage, link, &peer, 7);
    auth.auth.bytes[0] ^= 1;
    puppet_say(&stage, link, &auth);
    claim_probe(1, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_may_take_three_round_trips_and_no_more),
        cmocka_unit_test(a_link_that_is_asked_for_is_waited_for),
        cmocka_unit_test(a_registration_is_waited_for),
        cmocka_unit_test(a_holder_far_away_has_time_to_answer_a_challenge),
        cmocka_unit_test(the_first_ping_knows_the_round_trip_of_the_handshake),
        cmocka_unit_test(pings_of_a_trial_are_waited_for),
        cmocka_unit_test(a_dial_that_is_refused_or_not_answered_is_a_try),
        cmocka_unit_test(a_connection_that_breaks_is_no_try),
        cmocka_unit_test(whoever_said_hello_and_no_more_was_there),
        cmocka_unit_test(who_is_answered_that_there_is_no_room_has_answered),
        cmocka_unit_test(hello_without_a_proof_helps_a_few_times_only),
        cmocka_unit_test(somebody_else_at_that_address_is_no_answer),
        cmocka_unit_test(who_cannot_sign_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
