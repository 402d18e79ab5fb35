/* What was announced and does not come: who is asked for it, and when. */
#include <string.h>

#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

static void end(void)
{
    relay_rig_fini(&rig);
}

static uint32_t sent(hearsay_link link, enum hsy_frame_type type)
{
    return relay_rig_sent(&rig, link, type);
}

static bool is_eager(hearsay_link link)
{
    return relay_rig_neighbour(&rig, link)->eager;
}

/* o1's message comes over @link, along the tree. */
static void hear(hearsay_link link, uint64_t seq)
{
    (void)relay_rig_hear_one(&rig, link, 1, seq);
}

static struct hsy_bundle_id announce(hearsay_link link, uint64_t seq)
{
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);

    relay_rig_ihave(&rig, link, &id);
    return id;
}

/* The wait is claimed from both sides. */
static void graft_comes_after(uint64_t wait_ns)
{
    struct hsy_bundle_id id = announce(6, 1);

    relay_rig_run_ns(&rig, wait_ns - 1);
    CLAIM_INT(sent(6, HSY_GRAFT), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(sent(6, HSY_GRAFT), 1);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_GRAFT);
    CLAIM(!frame.graft.last_parent);
    CLAIM_INT(frame.graft.ids.count, 1);
    CLAIM_BYTES(frame.graft.ids.bytes, id.bytes, sizeof(id.bytes));
    CLAIM(is_eager(6));
}

static void the_wait_is_two_round_trips_or_lags_or_checks(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = 40 * HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    graft_comes_after(80 * HSY_MS);
    end();
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = 70 * HSY_MS;
    graft_comes_after(140 * HSY_MS);
    end();
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    relay_rig_relay(&rig)->check_ns = 60 * HSY_MS;
    graft_comes_after(120 * HSY_MS);
    end();
}

static void the_wait_is_20_to_500_ms(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    graft_comes_after(20 * HSY_MS);
    end();
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = HSY_SECOND;
    graft_comes_after(500 * HSY_MS);
    end();
    relay_rig_begin_with(&rig, 2); /* Not measured: 100 ms. */
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    graft_comes_after(200 * HSY_MS);
    end();
}

static void what_comes_in_time_is_not_grafted(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    (void)announce(6, 1);
    relay_rig_run(&rig, 10);
    hear(4, 1);
    (void)announce(6, 1); /* Known. */
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(0, HSY_GRAFT), 0);
    end();
}

static void what_is_being_checked_counts_as_received(void **state)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};

    (void)state;
    relay_rig_begin_with(&rig, 2);
    (void)announce(6, 1);
    frame.bundle.hops = 1;
    frame.bundle.bundle = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    (void)announce(6, 1);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(0, HSY_GRAFT), 0);
    relay_rig_frame(&rig, 4, &frame);
    end();
}

static void the_next_announcer_is_asked_a_round_trip_later(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    relay_rig_neighbour(&rig, 4)->rtt_ns = HSY_MS;
    relay_rig_neighbour(&rig, 6)->rtt_ns = 30 * HSY_MS;
    relay_rig_neighbour(&rig, 8)->rtt_ns = 45 * HSY_MS; /* The slowest. */
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    (void)announce(6, 1);
    (void)announce(8, 1);
    relay_rig_run(&rig, 60);
    CLAIM_INT(sent(6, HSY_GRAFT), 1);
    relay_rig_run_ns(&rig, 45 * HSY_MS - 1);
    CLAIM_INT(sent(8, HSY_GRAFT), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(sent(8, HSY_GRAFT), 1);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(sent(0, HSY_GRAFT), 2); /* Nobody is left. */
    end();
}

static void an_announcer_that_is_gone_is_passed_over(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    (void)announce(6, 1);
    (void)announce(8, 1);
    relay_rig_unlink(&rig, 6);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(6, HSY_GRAFT), 0);
    CLAIM_INT(sent(8, HSY_GRAFT), 1);
    end();
}

static void what_is_late_at_one_is_asked_for_in_one_graft(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint64_t seq = 1; seq <= HSY_GRAFT_IDS_MAX + 6; seq++) {
        (void)announce(6, seq);
    }
    relay_rig_run(&rig, 400);
    CLAIM_INT(sent(6, HSY_GRAFT), 2);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_GRAFT).graft.ids.count, 6);
    end();
}

static void with_20_grafts_a_second_the_rest_keeps_its_turn(void **state)
{
    uint32_t asked = 0;

    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    for (uint64_t seq = 1; seq <= 30; seq++) {
        relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
        (void)announce(6, seq);
        relay_rig_run_ns(&rig, HSY_MS);
    }
    relay_rig_run_ns(&rig, HSY_GRAFT_MIN_NS);
    CLAIM_INT(sent(6, HSY_GRAFT), HSY_GRAFTS_PER_S);
    relay_rig_run(&rig, 100);
    for (uint32_t i = 0; i < rig.ports.sent_count; i++) {
        const struct core_sent *s = &rig.ports.sent[i];
        asked += s->link == 6 && s->bytes[4] == HSY_GRAFT ? s->bytes[7] : 0;
    }
    CLAIM_INT(asked, 30);
    end();
}

/* An id that waited for its batch when the link became eager is not pushed any
 * more; without being told of it, its neighbour would never hear of it here. */
static void
what_waited_to_be_told_is_told_when_a_link_becomes_eager(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1);
    relay_rig_graft(&rig, 6, NULL, false);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(6, HSY_BUNDLE) + sent(6, HSY_IHAVE), 1);
    end();
    relay_rig_begin_with(&rig, 2);
    hear(4, 1);
    relay_rig_unlink(&rig, 4); /* The other one is grafted now. */
    CLAIM_INT(sent(6, HSY_GRAFT), 1);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(6, HSY_BUNDLE) + sent(6, HSY_IHAVE), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wait_is_two_round_trips_or_lags_or_checks),
        cmocka_unit_test(the_wait_is_20_to_500_ms),
        cmocka_unit_test(what_comes_in_time_is_not_grafted),
        cmocka_unit_test(what_is_being_checked_counts_as_received),
        cmocka_unit_test(the_next_announcer_is_asked_a_round_trip_later),
        cmocka_unit_test(an_announcer_that_is_gone_is_passed_over),
        cmocka_unit_test(what_is_late_at_one_is_asked_for_in_one_graft),
        cmocka_unit_test(with_20_grafts_a_second_the_rest_keeps_its_turn),
        cmocka_unit_test(
            what_waited_to_be_told_is_told_when_a_link_becomes_eager),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
