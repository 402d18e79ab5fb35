/* Who may be the parent, and when one that is none is left. */
#include <string.h>

#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

/* As shape.c has them. */
enum { HOP_US = 20000, GUESS_US = 250000 };

static void end(void)
{
    relay_rig_fini(&rig);
}

static const struct hsy_shape *shape(void)
{
    return &relay_rig_tree(&rig)->shape;
}

/* ROOT over @link: r1 of rank 9 in @round, @distance_us from there. */
static void hear(hearsay_link link, uint32_t round, uint32_t distance_us)
{
    struct hsy_root root = relay_rig_root_of(1, 9, round);

    root.distance_us = distance_us;
    relay_rig_root(&rig, link, &root);
}

static struct hsy_root last_told(hearsay_link link)
{
    return relay_rig_last(&rig, link, HSY_ROOT).root;
}

static uint32_t sent(hearsay_link link, enum hsy_frame_type type)
{
    return relay_rig_sent(&rig, link, type);
}

static bool is_eager(hearsay_link link)
{
    return relay_rig_neighbour(&rig, link)->eager;
}

/* -------------------------------------------------------------------- full */

/* 6 and 8 could be the parent; 4 is eager, and could not. */
static void who_finds_all_full_presses_the_nearest(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(6, 1, 10000);
    hear(8, 1, 90000);
    CLAIM_INT(shape()->parent, 6);
    relay_rig_prune(&rig, 6, HSY_PRUNE_FULL);
    CLAIM_INT(shape()->parent, 8);
    CLAIM(!shape()->pressing);
    CLAIM(!relay_rig_last(&rig, 8, HSY_GRAFT).graft.last_parent);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 1);
    relay_rig_prune(&rig, 8, HSY_PRUNE_FULL);
    CLAIM(shape()->pressing);
    CLAIM_INT(shape()->parent, 6);
    CLAIM(relay_rig_neighbour(&rig, 4)->eager);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 2);
    CLAIM(relay_rig_last(&rig, 6, HSY_GRAFT).graft.last_parent);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    relay_rig_pass(&rig, HSY_PARENT_FULL_NS - 1);
    hear(8, 1, 90000);
    CLAIM(shape()->pressing);
    relay_rig_pass(&rig, 1); /* They are full no more. */
    hear(8, 1, 90000);
    CLAIM(!shape()->pressing);
    CLAIM_INT(shape()->parent, 6);
    end();
}

static void who_could_be_no_parent_is_not_pressed(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(6, 1, 10000);
    hear(8, 1, HSY_DISTANCE_NONE);
    relay_rig_prune(&rig, 6, HSY_PRUNE_FULL);
    CLAIM(shape()->pressing);
    CLAIM_INT(shape()->parent, 6);
    relay_rig_unlink(&rig, 6);
    CLAIM_INT(shape()->parent, 0);
    end();
}

/* ---------------------------------------------------------------- feasible */

/* Told 4 and 6 in round 2: so far from the root. */
enum { TOLD_US = 50000 + HOP_US + GUESS_US };

static void begin_told(void)
{
    relay_rig_begin_with(&rig, 3);
    hear(4, 2, 50000);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(last_told(6).distance_us, TOLD_US);
}

/* With @distance_us in @round, may 6 be the parent after 4? */
static bool is_feasible(uint32_t round, uint32_t distance_us)
{
    hear(6, round, distance_us);
    relay_rig_unlink(&rig, 4);
    bool feasible = shape()->parent == 6;
    CLAIM(feasible || shape()->parent == 0);
    CLAIM((shape()->root.distance_us == HSY_DISTANCE_NONE) == !feasible);
    end();
    return feasible;
}

/* Who hangs on this node is a hop further away than it said to be. */
static void a_parent_is_nearer_than_who_hangs_on_this_node_can_be(void **state)
{
    (void)state;
    begin_told();
    CLAIM(is_feasible(2, TOLD_US + HOP_US - 1));
    begin_told();
    CLAIM(!is_feasible(2, TOLD_US + HOP_US));
    begin_told();
    CLAIM(is_feasible(3, TOLD_US + HOP_US)); /* A later round. */
    begin_told();
    CLAIM(is_feasible(3, 3000000));
    begin_told();
    CLAIM(!is_feasible(1, 0)); /* An earlier one. */
}

static void the_least_distance_of_the_round_counts(void **state)
{
    for (uint32_t more_us = 0; more_us <= 1; more_us++) {
        begin_told();
        hear(4, 2, 0);
        relay_rig_run(&rig, 1000);
        hear(4, 2, 100000); /* Further away again. */
        relay_rig_run(&rig, 1000);
        CLAIM_INT(last_told(6).distance_us, TOLD_US + 50000);
        CLAIM(is_feasible(2, TOLD_US - 50000 + HOP_US - 1 + more_us) ==
              (more_us == 0));
    }
    begin_told(); /* A new round, a new count. */
    hear(4, 2, 0);
    relay_rig_run(&rig, 1000);
    hear(4, 3, 100000);
    relay_rig_run(&rig, 1000);
    CLAIM(is_feasible(3, TOLD_US + 50000 + HOP_US - 1));
    (void)state;
}

static void what_was_not_told_binds_nobody(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(4, 2, 50000);
    CLAIM(is_feasible(2, 3000000));
    begin_told(); /* Of another root nothing was told. */
    struct hsy_root root = relay_rig_root_of(0, 9, 1);
    root.distance_us = 3000000;
    relay_rig_root(&rig, 6, &root);
    CLAIM(relay_rig_has_root(&rig, 0));
    CLAIM_INT(shape()->parent, 6);
    end();
}

static void who_has_no_feasible_neighbour_waits_for_the_next_round(void **state)
{
    (void)state;
    begin_told();
    hear(6, 2, TOLD_US + HOP_US);
    relay_rig_unlink(&rig, 4);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(shape()->parent, 0);
    CLAIM_INT(last_told(8).distance_us, HSY_DISTANCE_NONE);
    CLAIM(!shape()->has_root || relay_rig_has_root(&rig, 1));
    hear(6, 3, TOLD_US + HOP_US);
    CLAIM_INT(shape()->parent, 6);
    end();
}

/* ------------------------------------------------------------------ hunger */

/* As tree.c has them. */
enum { UNFED_MAX = 8 };
#define UNFED_NS (500 * HSY_MS)
#define LET_GO_NS (1 * HSY_SECOND)
/* Announced by 8, so much later it is asked. */
#define LATE_NS (20 * HSY_MS)

/* o1's message comes over @link, along the tree. */
static void bring(hearsay_link link, uint64_t seq)
{
    (void)relay_rig_hear_one(&rig, link, 1, seq);
}

static void announce(hearsay_link link, uint64_t seq)
{
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);

    relay_rig_ihave(&rig, link, &id);
}

static hearsay_link parent(void)
{
    return relay_rig_tree(&rig)->parent;
}

/* 6 is the parent, 8 the next nearest, and quick. */
static void begin_fed(void)
{
    relay_rig_begin_with(&rig, 4);
    relay_rig_neighbour(&rig, 8)->rtt_ns = HSY_MS;
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    hear(6, 1, 10000);
    hear(8, 1, 90000);
    CLAIM_INT(parent(), 6);
    relay_rig_forget(&rig);
}

/* So many bundles, from @seq on, are late: 8 is asked for each now. */
static void be_late(uint64_t seq, uint32_t count)
{
    relay_rig_tree(&rig)->wanted.lag_ns = HSY_MS;
    uint32_t asked = sent(8, HSY_GRAFT);
    for (uint32_t i = 0; i < count; i++) {
        announce(8, seq + i);
    }
    relay_rig_run_ns(&rig, LATE_NS);
    CLAIM_INT(sent(8, HSY_GRAFT), asked + 1);
    CLAIM_INT(relay_rig_last(&rig, 8, HSY_GRAFT).graft.ids.count, count);
}

static void a_parent_is_left_after_8_late_bundles(void **state)
{
    (void)state;
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS);
    be_late(1, UNFED_MAX - 1);
    CLAIM_INT(parent(), 6);
    CLAIM_INT(relay_rig_neighbour(&rig, 6)->full_until_ns, 0);
    be_late(100, 1);
    CLAIM_INT(parent(), 8);
    CLAIM(relay_rig_neighbour(&rig, 6)->full_until_ns ==
          rig.core.env.now.mono_ns + HSY_PARENT_FULL_NS);
    hear(6, 1, 0); /* As one that has no room. */
    CLAIM_INT(parent(), 8);
    end();
}

static void
a_parent_is_left_half_a_second_after_its_last_first_copy(void **state)
{
    (void)state;
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS - 1 - LATE_NS);
    be_late(1, UNFED_MAX + 5);
    CLAIM_INT(parent(), 6);
    relay_rig_pass(&rig, 1);
    be_late(100, 1); /* Whatever is late then. */
    CLAIM_INT(parent(), 8);
    end();
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS - LATE_NS);
    be_late(1, UNFED_MAX);
    CLAIM_INT(parent(), 8);
    end();
}

static void a_first_copy_from_the_parent_is_all_forgiven(void **state)
{
    (void)state;
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS);
    be_late(1, UNFED_MAX - 1);
    bring(6, 100);
    relay_rig_pass(&rig, UNFED_NS);
    be_late(200, UNFED_MAX - 1); /* The count begins anew, ... */
    CLAIM_INT(parent(), 6);
    bring(6, 300);
    relay_rig_pass(&rig, UNFED_NS - 1 - LATE_NS);
    be_late(400, UNFED_MAX); /* ... and so does the time. */
    CLAIM_INT(parent(), 6);
    relay_rig_pass(&rig, 1);
    be_late(500, 1);
    CLAIM_INT(parent(), 8);
    end();
}

/* Neither what others bring first, nor what the parent brings out of turn. */
static void other_copies_forgive_a_parent_nothing(void **state)
{
    (void)state;
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS - LATE_NS);
    bring(8, 1);
    bring(6, 1); /* The second copy. */
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 2, 1);
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    be_late(100, UNFED_MAX);
    CLAIM_INT(parent(), 8);
    end();
}

static void a_parent_for_which_too_much_waits_is_left(void **state)
{
    (void)state;
    begin_fed();
    hsy_core_congested(&rig.core, 6);
    CLAIM_INT(parent(), 8);
    CLAIM(!relay_rig_neighbour(&rig, 6)->eager);
    hear(6, 1, 0); /* Not for now. */
    CLAIM_INT(parent(), 8);
    end();
}

static void a_new_parent_has_half_a_second_of_its_own(void **state)
{
    (void)state;
    begin_fed();
    relay_rig_pass(&rig, UNFED_NS);
    be_late(1, UNFED_MAX - 1);
    hear(10, 1, 0); /* Nearer than 6. */
    hear(6, 1, 200000);
    CLAIM_INT(parent(), 10);
    relay_rig_pass(&rig, UNFED_NS - 1 - LATE_NS);
    be_late(100, UNFED_MAX);
    CLAIM_INT(parent(), 10);
    relay_rig_pass(&rig, 1);
    be_late(200, 1);
    CLAIM_INT(parent(), 8);
    end();
}

/* 6 was the parent, and now 8 is; 4 and 10 are eager. */
static void begin_former(void)
{
    begin_fed();
    relay_rig_eager(&rig, 10, true);
    hear(8, 1, 0);
    hear(6, 1, 200000);
    CLAIM_INT(parent(), 8);
    CLAIM(is_eager(8) && is_eager(6));
    relay_rig_forget(&rig);
}

static void only_former_parents_are_let_go_a_second_later(void **state)
{
    (void)state;
    begin_former();
    relay_rig_run_ns(&rig, LET_GO_NS - 1);
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    CLAIM(is_eager(6));
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(sent(0, HSY_PRUNE), 1);
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_PRUNE).prune.why,
              HSY_PRUNE_DUPLICATE);
    CLAIM(!is_eager(6));
    CLAIM(is_eager(4) && is_eager(8) && is_eager(10));
    relay_rig_run(&rig, 5000);
    CLAIM_INT(sent(0, HSY_PRUNE), 1);
    end();
}

/* The new parent may be dead. */
static void a_former_parent_that_is_first_stays_until_it_is_second(void **state)
{
    (void)state;
    begin_former();
    relay_rig_run_ns(&rig, LET_GO_NS - 1);
    bring(6, 1);
    relay_rig_run_ns(&rig, 3 * HSY_SECOND);
    CLAIM(is_eager(6));
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    bring(8, 2);
    bring(6, 2);
    CLAIM(!is_eager(6));
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    end();
    begin_former();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA)); /* Not of the tree. */
    relay_rig_run_ns(&rig, LET_GO_NS);
    CLAIM(!is_eager(6));
    end();
}

static void a_former_parent_that_is_one_again_stays(void **state)
{
    (void)state;
    begin_former();
    relay_rig_run_ns(&rig, LET_GO_NS / 2);
    hear(6, 1, 0);
    hear(8, 1, 200000);
    CLAIM_INT(parent(), 6);
    relay_rig_run_ns(&rig, LET_GO_NS - 1); /* A second from then. */
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM(is_eager(6) && !is_eager(8));
    CLAIM_INT(sent(0, HSY_PRUNE), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_finds_all_full_presses_the_nearest),
        cmocka_unit_test(who_could_be_no_parent_is_not_pressed),
        cmocka_unit_test(a_parent_is_nearer_than_who_hangs_on_this_node_can_be),
        cmocka_unit_test(the_least_distance_of_the_round_counts),
        cmocka_unit_test(what_was_not_told_binds_nobody),
        cmocka_unit_test(
            who_has_no_feasible_neighbour_waits_for_the_next_round),
        cmocka_unit_test(a_parent_is_left_after_8_late_bundles),
        cmocka_unit_test(
            a_parent_is_left_half_a_second_after_its_last_first_copy),
        cmocka_unit_test(a_first_copy_from_the_parent_is_all_forgiven),
        cmocka_unit_test(other_copies_forgive_a_parent_nothing),
        cmocka_unit_test(a_parent_for_which_too_much_waits_is_left),
        cmocka_unit_test(a_new_parent_has_half_a_second_of_its_own),
        cmocka_unit_test(only_former_parents_are_let_go_a_second_later),
        cmocka_unit_test(
            a_former_parent_that_is_first_stays_until_it_is_second),
        cmocka_unit_test(a_former_parent_that_is_one_again_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
