/* Two links to one node, restarts, clones and deaths. */
#include <string.h>

#include "base/addr.h"
#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed, peer;
static hearsay_link seat;

static void begin(void)
{
    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&peer, 2, HEARSAY_PEER);
    seat = puppet_seat(&stage, &seed, 1);
}

static void end(void)
{
    stage_fini(&stage);
}

/* The seed names @peer, and the node dials it. */
static hearsay_link dial_peer(void)
{
    struct hsy_frame frame = {.type = HSY_PEERS};
    uint8_t list[600];
    struct hsy_writer out = hsy_writer(list, sizeof(list));

    hsy_records_add(&out, &frame.peers.records, &peer.record);
    frame.peers.peers_count = 2;
    puppet_say(&stage, seat, &frame);
    stage_run(&stage, 1);
    const struct stage_link *dial =
        stage_dial(&stage, (uint16_t)(7000 + peer.number));
    CLAIM(dial != NULL);
    return dial->link;
}

static hearsay_link overlay_link(void)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};
    hearsay_link link = puppet_dial(&stage, &peer);

    puppet_say(&stage, link, &connect);
    CLAIM_INT(stage_frames(&stage, link, HSY_ACCEPT), 1);
    return link;
}

static void
of_two_links_at_once_the_one_dialled_by_the_lower_id_stays(void **state)
{
    bool seen[2] = {false, false};

    (void)state;
    for (uint8_t number = 2; number < 30; number++) {
        begin();
        puppet_init(&peer, number, HEARSAY_PEER);
        struct hearsay_id own = hearsay_node_id(stage.node);
        bool we_are_lower = hsy_id_compare(&own, &peer.id) < 0;
        seen[we_are_lower ? 1 : 0] = true;
        hearsay_link ours = dial_peer();
        hearsay_link theirs = puppet_dial(&stage, &peer);
        puppet_answer(&stage, ours, &peer);
        CLAIM(stage_is_open(&stage, ours) == we_are_lower);
        CLAIM(stage_is_open(&stage, theirs) != we_are_lower);
        CLAIM_INT(stage_ups(&stage), 2);
        end();
        begin(); /* The other order of arrival ends the same. */
        puppet_init(&peer, number, HEARSAY_PEER);
        ours = dial_peer();
        puppet_answer(&stage, ours, &peer);
        theirs = puppet_dial(&stage, &peer);
        CLAIM(stage_is_open(&stage, ours) == we_are_lower);
        CLAIM(stage_is_open(&stage, theirs) != we_are_lower);
        end();
    }
    CLAIM(seen[0] && seen[1]);
}

/* Another boot of @peer comes while the old link is up. */
static hearsay_link next_boot(void)
{
    peer.record.boot_nonce++;
    peer.record.incarnation++;
    puppet_sign_record(&peer);
    return puppet_dial(&stage, &peer);
}

static void a_holder_that_answers_keeps_its_identity(void **state)
{
    struct hsy_frame pong = {.type = HSY_PONG};
    struct hsy_frame ping;
    struct hsy_frame error;

    (void)state;
    begin();
    hearsay_link old = puppet_dial(&stage, &peer);
    hearsay_link young = next_boot();
    CLAIM(stage_frame(&stage, old, HSY_PING, &ping));
    stage_run(&stage, 999);
    CLAIM(stage_is_open(&stage, young));
    pong.pong = ping.ping;
    puppet_say(&stage, old, &pong);
    CLAIM(stage_is_open(&stage, old));
    CLAIM(!stage_is_open(&stage, young));
    CLAIM(stage_frame(&stage, young, HSY_ERROR, &error));
    CLAIM_INT(error.error.code, HSY_ERROR_DUPLICATE);
    end();
}

static void a_holder_that_is_silent_for_a_second_is_replaced(void **state)
{
    (void)state;
    begin();
    hearsay_link old = overlay_link();
    hearsay_link young = next_boot();
    stage_run(&stage, 999);
    CLAIM(stage_is_open(&stage, old));
    stage_run(&stage, 1);
    CLAIM(!stage_is_open(&stage, old));
    CLAIM(stage_is_open(&stage, young));
    CLAIM_INT(stage_ups(&stage), 2);
    stage_run(&stage, 5000);
    CLAIM_INT(stage_counters(&stage)->reports_sent, 0); /* Nobody died. */
    end();
}

static void a_third_boot_is_refused_while_two_dispute(void **state)
{
    (void)state;
    begin();
    (void)puppet_dial(&stage, &peer);
    hearsay_link second = next_boot();
    hearsay_link third = next_boot();
    CLAIM(stage_is_open(&stage, second));
    CLAIM(!stage_is_open(&stage, third));
    end();
}

static void a_newcomer_that_goes_away_is_forgotten(void **state)
{
    (void)state;
    begin();
    hearsay_link old = puppet_dial(&stage, &peer);
    stage_down(&stage, next_boot(), HEARSAY_DOWN_CLOSED);
    stage_run(&stage, 2000);
    CLAIM(stage_is_open(&stage, old));
    end();
}

static void refuse_dials(uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed++) {
        stage_run(&stage, 1);
        struct stage_link *dial = stage_dial(&stage, 7002);
        if (dial != NULL) {
            stage_down(&stage, dial->link, HEARSAY_DOWN_REFUSED);
        }
    }
}

static void a_broken_link_is_reported_after_three_refusals(void **state)
{
    struct hsy_frame report;

    (void)state;
    begin();
    stage_down(&stage, overlay_link(), HEARSAY_DOWN_RESET);
    refuse_dials(290);
    CLAIM_INT(stage_frames(&stage, seat, HSY_DEAD_REPORT), 0);
    refuse_dials(20);
    CLAIM_INT(stage_frames(&stage, seat, HSY_DEAD_REPORT), 1);
    CLAIM(stage_frame(&stage, seat, HSY_DEAD_REPORT, &report));
    CLAIM(hsy_id_equal(&report.report.subject, &peer.id));
    CLAIM_INT(stage_counters(&stage)->reports_sent, 1);
    end();
}

static void a_broken_link_that_comes_back_is_not_reported(void **state)
{
    (void)state;
    begin();
    stage_down(&stage, overlay_link(), HEARSAY_DOWN_RESET);
    refuse_dials(150);
    (void)puppet_dial(&stage, &peer);
    refuse_dials(5000);
    CLAIM_INT(stage_frames(&stage, seat, HSY_DEAD_REPORT), 0);
    end();
}

static void answer_pings(hearsay_link link)
{
    struct hsy_frame pong = {.type = HSY_PONG};
    struct hsy_frame ping;

    if (stage_frame(&stage, link, HSY_PING, &ping)) {
        pong.pong = ping.ping;
        puppet_say(&stage, link, &pong);
        stage_find(&stage, link)->out_len = 0;
    }
}

static void three_strikes_are_reported_without_a_dial(void **state)
{
    (void)state;
    begin();
    hearsay_link link = overlay_link();
    uint32_t reports = 0;
    for (uint32_t ms = 0; ms < 45000 && reports == 0; ms += 100) {
        stage_run(&stage, 100);
        reports = stage_frames(&stage, seat, HSY_DEAD_REPORT);
        answer_pings(seat);
        CLAIM(stage_is_open(&stage, link) == (reports == 0));
    }
    CLAIM_INT(reports, 1);
    CLAIM_INT(stage_counters(&stage)->strikes, 3);
    end();
}

static void who_says_good_bye_is_not_reported(void **state)
{
    struct hsy_frame frame = {.type = HSY_LEAVE};
    uint8_t bytes[256];
    struct hsy_writer covered = hsy_writer(bytes, sizeof(bytes));

    (void)state;
    begin();
    hearsay_link link = overlay_link();
    frame.leave.id = peer.id;
    frame.leave.incarnation = 1;
    hsy_leave_signed_bytes(&covered, &frame.leave);
    frame.leave.sig = puppet_sign(&peer.id, &covered);
    puppet_say(&stage, link, &frame);
    refuse_dials(3000);
    CLAIM_INT(stage_counters(&stage)->departures, 1);
    CLAIM_INT(stage_counters(&stage)->reports_sent, 0);
    end();
}

static void a_report_is_held_until_a_seed_registers_us(void **state)
{
    struct hsy_frame reg;
    struct hsy_frame answer = {.type = HSY_REGISTERED};

    (void)state;
    begin();
    hearsay_link link = overlay_link();
    stage_down(&stage, seat, HEARSAY_DOWN_RESET);
    stage_down(&stage, link, HEARSAY_DOWN_RESET);
    refuse_dials(500);
    CLAIM_INT(stage_counters(&stage)->reports_sent, 1);
    stage_run(&stage, 5000);
    const struct stage_link *dial = stage_dial(&stage, 7200);
    CLAIM(dial != NULL);
    seat = dial->link;
    puppet_answer(&stage, seat, &seed);
    CLAIM(stage_frame(&stage, seat, HSY_REGISTER, &reg));
    CLAIM_INT(stage_frames(&stage, seat, HSY_DEAD_REPORT), 0);
    answer.registered.incarnation = reg.reg.incarnation;
    answer.registered.peers_count = 1;
    puppet_say(&stage, seat, &answer);
    CLAIM_INT(stage_frames(&stage, seat, HSY_DEAD_REPORT), 1);
    CLAIM_INT(stage.node->core.reports.count, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            of_two_links_at_once_the_one_dialled_by_the_lower_id_stays),
        cmocka_unit_test(a_holder_that_answers_keeps_its_identity),
        cmocka_unit_test(a_holder_that_is_silent_for_a_second_is_replaced),
        cmocka_unit_test(a_third_boot_is_refused_while_two_dispute),
        cmocka_unit_test(a_newcomer_that_goes_away_is_forgotten),
        cmocka_unit_test(a_broken_link_is_reported_after_three_refusals),
        cmocka_unit_test(a_broken_link_that_comes_back_is_not_reported),
        cmocka_unit_test(three_strikes_are_reported_without_a_dial),
        cmocka_unit_test(who_says_good_bye_is_not_reported),
        cmocka_unit_test(a_report_is_held_until_a_seed_registers_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
