/* Who is the root, how far away it is, and whom a node hangs on. */
#include <string.h>

#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

/* As shape.c has them. */
enum { HOP_US = 20000, GUESS_US = 250000, GAIN_US = 20000 };
#define PATIENCE_NS (3 * HSY_SECOND)
#define TELL_NS (100 * HSY_MS)
#define REFUSE_NS (100 * HSY_MS) /* Of a parent that is not measured. */
#define REFUSE_MORE_NS (40 * HSY_MS)
/* As tree.c has it. */
#define LET_GO_NS (1 * HSY_SECOND)

static void end(void)
{
    relay_rig_fini(&rig);
}

static const struct hsy_shape *shape(void)
{
    return &relay_rig_tree(&rig)->shape;
}

static bool is_own_root(void)
{
    return shape()->has_root &&
           memcmp(&shape()->root.id, &rig.core.env.id, HEARSAY_ID_LEN) == 0;
}

/* ROOT over @link: r<number> of rank 9 in @round, @distance_us from there. */
static void hear(hearsay_link link, uint32_t round, uint32_t distance_us)
{
    struct hsy_root root = relay_rig_root_of(1, 9, round);

    root.distance_us = distance_us;
    relay_rig_root(&rig, link, &root);
}

static uint32_t told(hearsay_link link)
{
    return relay_rig_sent(&rig, link, HSY_ROOT);
}

static struct hsy_root last_told(hearsay_link link)
{
    return relay_rig_last(&rig, link, HSY_ROOT).root;
}

/* --------------------------------------------------------------- election */

static void who_hears_of_no_root_for_3_s_becomes_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_run_ns(&rig, PATIENCE_NS - 1);
    CLAIM(!shape()->has_root);
    CLAIM_INT(told(0), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM(is_own_root());
    CLAIM_INT(told(4), 1);
    CLAIM_INT(told(6), 1);
    struct hsy_root root = last_told(4);
    CLAIM_BYTES(root.id.bytes, rig.core.env.id.bytes, HEARSAY_ID_LEN);
    CLAIM_INT(root.rank, 0);
    CLAIM_INT(root.distance_us, 0);
    CLAIM_INT(shape()->parent, 0);
    end();
}

static void who_has_not_joined_or_has_no_link_is_no_root(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    rig.core.env.joined_ns = HEARSAY_NEVER;
    relay_rig_run(&rig, 10000);
    CLAIM(!shape()->has_root);
    rig.core.env.joined_ns = rig.core.env.now.mono_ns;
    relay_rig_run(&rig, 1000);
    CLAIM(is_own_root());
    end();
    relay_rig_begin_with(&rig, 1);
    relay_rig_unlink(&rig, 4);
    relay_rig_run(&rig, 10000);
    CLAIM(!shape()->has_root);
    end();
}

static void the_higher_rank_wins_then_the_lower_id(void **state)
{
    struct hsy_root root = relay_rig_root_of(5, 1, 1);

    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_root(&rig, 4, &root);
    CLAIM(relay_rig_has_root(&rig, 5));
    root = relay_rig_root_of(6, 1, 9); /* Same rank, higher id. */
    relay_rig_root(&rig, 6, &root);
    CLAIM(relay_rig_has_root(&rig, 5));
    CLAIM_INT(last_told(6).rank, 1); /* It is told of the better one. */
    root = relay_rig_root_of(4, 1, 1);
    relay_rig_root(&rig, 6, &root);
    CLAIM(relay_rig_has_root(&rig, 4));
    root = relay_rig_root_of(1, 0, 1); /* Lower rank, lower id. */
    relay_rig_root(&rig, 4, &root);
    CLAIM(relay_rig_has_root(&rig, 4));
    root = relay_rig_root_of(9, 2, 1);
    relay_rig_root(&rig, 4, &root);
    CLAIM(relay_rig_has_root(&rig, 9));
    end();
}

static void who_is_far_better_linked_than_the_root_takes_its_place(void **state)
{
    static const struct {
        uint32_t links;
        uint8_t rank;
    } cases[] = {{7, 0}, {8, 1}, {31, 1}, {32, 2}};

    (void)state;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint8_t rank = 0; rank <= 3; rank++) {
            struct hsy_root root = relay_rig_root_of(1, rank, 1);
            relay_rig_begin_with(&rig, cases[i].links);
            relay_rig_root(&rig, 4, &root);
            relay_rig_run(&rig, 1);
            CLAIM(is_own_root() == (cases[i].rank > rank));
            CLAIM(!is_own_root() || shape()->root.rank == cases[i].rank);
            end();
        }
    }
}

static void its_own_root_of_a_past_life_is_not_believed(void **state)
{
    struct hsy_root root = {.rank = 9, .round = 5};

    (void)state;
    relay_rig_begin_with(&rig, 2);
    root.id = rig.core.env.id;
    relay_rig_root(&rig, 4, &root);
    CLAIM(!shape()->has_root);
    end();
}

static void neighbours_of_version_1_take_no_part(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    (void)relay_rig_link(&rig, 10, 1);
    relay_rig_run(&rig, 60000);
    CLAIM(is_own_root());
    CLAIM(told(4) > 1);
    CLAIM_INT(told(10), 0);
    end();
}

static void a_new_link_is_told_of_the_root(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 1);
    hear(4, 1, 0);
    relay_rig_forget(&rig);
    (void)relay_rig_link(&rig, 6, 2);
    CLAIM_INT(told(6), 1);
    CLAIM_INT(last_told(6).distance_us, HOP_US + GUESS_US);
    end();
}

/* --------------------------------------------------------------- distances */

static void each_hop_costs_20_ms_and_half_a_round_trip(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 7000); /* None is measured: 500 ms there and back. */
    CLAIM_INT(shape()->root.distance_us, 7000 + HOP_US + GUESS_US);
    CLAIM_INT(shape()->parent, 4);
    end();
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 4)->rtt_least_ns = 3 * HSY_MS;
    hear(4, 1, 7000);
    CLAIM_INT(shape()->root.distance_us, 7000 + HOP_US + 1500);
    end();
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, HSY_DISTANCE_NONE - 1); /* Does not wrap around. */
    CLAIM_INT(shape()->root.distance_us, HSY_DISTANCE_NONE - 1);
    end();
}

static void an_unmeasured_link_is_as_far_as_the_furthest(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    relay_rig_neighbour(&rig, 6)->rtt_least_ns = 100 * HSY_MS;
    relay_rig_neighbour(&rig, 8)->rtt_least_ns = 200 * HSY_MS;
    hear(4, 1, 50000);
    CLAIM_INT(shape()->root.distance_us, 50000 + HOP_US + 100000);
    hear(8, 1, 50000 - GAIN_US); /* Measured, and over as long a way. */
    CLAIM_INT(shape()->parent, 4);
    hear(8, 1, 50000 - GAIN_US - 1);
    CLAIM_INT(shape()->parent, 8);
    end();
}

static void a_neighbour_without_a_way_to_the_root_is_no_parent(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, HSY_DISTANCE_NONE);
    CLAIM(relay_rig_has_root(&rig, 1));
    CLAIM_INT(shape()->parent, 0);
    CLAIM_INT(shape()->root.distance_us, HSY_DISTANCE_NONE);
    hear(6, 1, 50000);
    CLAIM_INT(shape()->parent, 6);
    hear(6, 1, HSY_DISTANCE_NONE); /* It has lost it. */
    CLAIM_INT(shape()->parent, 0);
    end();
}

static void a_parent_is_changed_for_more_than_20_ms_only(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 50000);
    hear(6, 1, 50000 - GAIN_US);
    CLAIM_INT(shape()->parent, 4);
    hear(6, 1, 50000 - GAIN_US - 1);
    CLAIM_INT(shape()->parent, 6);
    end();
}

static void
what_is_older_than_the_last_round_but_one_is_not_believed(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 10, 50000);
    hear(6, 11, 200000);
    CLAIM_INT(shape()->parent, 4); /* One round behind. */
    hear(6, 12, 200000);
    CLAIM_INT(shape()->parent, 6);
    hear(4, 11, 50000);
    CLAIM_INT(shape()->parent, 4);
    end();
    relay_rig_begin_with(&rig, 2); /* Rounds wrap around. */
    hear(4, UINT32_MAX, 50000);
    hear(6, 0, 200000);
    CLAIM_INT(shape()->newest, 0);
    CLAIM_INT(shape()->root.round, UINT32_MAX);
    CLAIM_INT(shape()->parent, 4);
    hear(6, 1, 200000);
    CLAIM_INT(shape()->parent, 6);
    end();
}

static void without_the_parent_the_next_nearest_is_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(4, 1, 10000);
    hear(6, 1, 60000);
    hear(8, 1, 40000);
    CLAIM_INT(shape()->parent, 4);
    relay_rig_unlink(&rig, 4);
    CLAIM_INT(shape()->parent, 8);
    CLAIM_INT(shape()->root.distance_us, 40000 + HOP_US + GUESS_US);
    relay_rig_unlink(&rig, 8);
    relay_rig_unlink(&rig, 6);
    CLAIM_INT(shape()->parent, 0);
    CLAIM_INT(shape()->root.distance_us, HSY_DISTANCE_NONE);
    end();
}

static void a_full_parent_is_not_asked_again_for_5_minutes(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 10000);
    hear(6, 1, 90000);
    CLAIM_INT(shape()->parent, 4);
    relay_rig_prune(&rig, 4, HSY_PRUNE_FULL);
    CLAIM_INT(shape()->parent, 6);
    relay_rig_pass(&rig, HSY_PARENT_FULL_NS - 1);
    hear(6, 1, 90000);
    CLAIM_INT(shape()->parent, 6);
    relay_rig_pass(&rig, 1);
    hear(6, 1, 90000);
    CLAIM_INT(shape()->parent, 4);
    end();
}

/* ------------------------------------------------------------------ rounds */

static void the_root_counts_a_round_every_13_s(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_run(&rig, 3000);
    uint32_t round = last_told(4).round;
    relay_rig_run_ns(&rig, HSY_ROUND_NS - 1);
    CLAIM_INT(told(4), 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(told(4), 2);
    CLAIM_INT(last_told(4).round, round + 1);
    CLAIM_INT(last_told(4).distance_us, 0);
    end();
}

static void a_new_round_is_passed_on_and_an_old_one_is_not(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 5, 10000);
    relay_rig_run(&rig, 1000);
    relay_rig_forget(&rig);
    hear(4, 5, 10000);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(told(0), 0);
    hear(4, 6, 10000);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(told(6), 1);
    CLAIM_INT(last_told(6).round, 6);
    CLAIM_INT(last_told(6).distance_us, 10000 + HOP_US + GUESS_US);
    end();
}

static void neighbours_are_told_every_100_ms_at_most(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 10000);
    relay_rig_run(&rig, 1000);
    relay_rig_forget(&rig);
    hear(4, 1, 50000); /* At once: the last time was long ago. */
    relay_rig_run(&rig, 0);
    CLAIM_INT(told(6), 1);
    hear(4, 2, 10000);
    hear(4, 3, 90000);
    relay_rig_run_ns(&rig, TELL_NS - 1);
    CLAIM_INT(told(6), 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(told(6), 2);
    CLAIM_INT(last_told(6).round, 3);
    end();
}

/* A new parent of this round trip, when it chose it; @link's first ROOT says
 * so after @wait_ns. */
static void is_told_after(uint64_t rtt_ns, uint64_t wait_ns)
{
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 4)->rtt_ns = rtt_ns;
    hear(4, 1, 10000);
    relay_rig_run_ns(&rig, wait_ns - 1);
    CLAIM_INT(told(0), 0);
    CLAIM(shape()->changed);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(told(6), 1);
    CLAIM(last_told(4).parent);
    end();
}

static void a_new_parent_has_time_to_refuse_before_others_are_told(void **state)
{
    (void)state;
    is_told_after(0, REFUSE_NS);
    is_told_after(1 * HSY_MS, 1 * HSY_MS + REFUSE_MORE_NS);
    is_told_after(300 * HSY_MS, 300 * HSY_MS + REFUSE_MORE_NS);
    is_told_after(959 * HSY_MS, 999 * HSY_MS);
    is_told_after(961 * HSY_MS, HSY_SECOND);
    is_told_after(20 * HSY_SECOND, HSY_SECOND);
}

/* What a parent that refuses had promised is never told. */
static void each_new_parent_has_its_own_time_to_refuse(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->rtt_ns = 500 * HSY_MS;
    hear(4, 1, 10000);
    hear(6, 1, 90000);
    relay_rig_run_ns(&rig, REFUSE_NS - 1);
    relay_rig_prune(&rig, 4, HSY_PRUNE_FULL);
    CLAIM_INT(shape()->parent, 6);
    relay_rig_run_ns(&rig, 500 * HSY_MS + REFUSE_MORE_NS - 1);
    CLAIM_INT(told(0), 0);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(told(4), 1);
    CLAIM_INT(last_told(4).distance_us, 90000 + HOP_US + GUESS_US);
    relay_rig_run(&rig, 1000);
    relay_rig_forget(&rig);
    hear(6, 1, 50000); /* The same parent does not get it again. */
    relay_rig_run(&rig, 0);
    CLAIM_INT(told(4), 1);
    relay_rig_run(&rig, 1000);
    hear(4, 1, HSY_DISTANCE_NONE);
    relay_rig_unlink(&rig, 6); /* Nor does none. */
    relay_rig_run(&rig, 0);
    CLAIM_INT(told(4), 2);
    CLAIM_INT(last_told(4).distance_us, HSY_DISTANCE_NONE);
    end();
}

static void a_round_is_told_when_the_parent_has_told_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 5, 10000);
    hear(6, 6, 300000);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(shape()->parent, 4);
    CLAIM_INT(shape()->newest, 6);
    CLAIM_INT(last_told(6).round, 5);
    CLAIM_INT(last_told(6).distance_us, 10000 + HOP_US + GUESS_US);
    hear(4, 6, 10000);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(last_told(6).round, 6);
    end();
}

static void a_distance_that_hardly_moves_is_not_news(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 50000);
    relay_rig_run(&rig, 1000);
    relay_rig_forget(&rig);
    hear(4, 1, 50000 + GAIN_US - 1);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(told(0), 0);
    hear(4, 1, 50000 + 2 * GAIN_US);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(told(6), 1);
    end();
}

static void a_root_without_rounds_is_gone_after_45_s(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 10000);
    relay_rig_run(&rig, 20000);
    hear(4, 2, 10000);
    relay_rig_run_ns(&rig, HSY_ROOT_GONE_NS - 1);
    CLAIM(relay_rig_has_root(&rig, 1));
    relay_rig_run_ns(&rig, 1);
    CLAIM(!shape()->has_root);
    CLAIM_INT(shape()->parent, 0);
    hear(6, 2, 10000); /* Who has not noticed yet. */
    hear(6, 1, 10000);
    CLAIM(!shape()->has_root);
    hear(6, 3, 10000); /* It lives after all. */
    CLAIM(relay_rig_has_root(&rig, 1));
    CLAIM_INT(shape()->parent, 6);
    end();
}

static void somebody_takes_its_place_within_3_s_more(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(4, 1, 10000);
    relay_rig_run_ns(&rig, HSY_ROOT_GONE_NS);
    CLAIM(!shape()->has_root);
    CLAIM(shape()->round_ns > rig.core.env.now.mono_ns);
    CLAIM(shape()->round_ns <= rig.core.env.now.mono_ns + PATIENCE_NS);
    relay_rig_run_ns(&rig, PATIENCE_NS);
    CLAIM(is_own_root());
    hear(4, 1, 10000); /* Better, but over. */
    CLAIM(is_own_root());
    end();
}

/* ---------------------------------------------------- what the tree does */

static void the_parent_is_grafted_and_told_so(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(6, 1, 50000);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 1);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    relay_rig_run_ns(&rig, REFUSE_NS);
    CLAIM(last_told(6).parent);
    CLAIM(!last_told(4).parent);
    end();
}

static void an_old_parent_is_let_go_a_second_later(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(6, 1, 50000);
    relay_rig_run(&rig, 2000);
    relay_rig_forget(&rig);
    hear(8, 1, 10000);
    CLAIM_INT(relay_rig_sent(&rig, 8, HSY_GRAFT), 1);
    relay_rig_run_ns(&rig, LET_GO_NS - 1);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_PRUNE), 1);
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_PRUNE), 1);
    CLAIM(!relay_rig_neighbour(&rig, 6)->eager);
    CLAIM(relay_rig_neighbour(&rig, 8)->eager);
    end();
}

static void who_hangs_on_this_node_is_not_let_go(void **state)
{
    struct hsy_root root = relay_rig_root_of(1, 9, 1);

    (void)state;
    relay_rig_begin_with(&rig, 3);
    relay_rig_graft(&rig, 6, NULL, false);
    root.distance_us = 900000;
    root.parent = true; /* It says so itself. */
    relay_rig_root(&rig, 6, &root);
    hear(8, 1, 10000);
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 8)));
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 4)));
    relay_rig_run(&rig, 3000);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    CLAIM(relay_rig_neighbour(&rig, 4)->eager); /* It never was a parent. */
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_PRUNE), 0);
    root.parent = false;
    relay_rig_root(&rig, 6, &root);
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    end();
}

/* The parent is lost before the others were let go: they are all there is. */
static void without_a_parent_nobody_is_let_go(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(6, 1, 10000);
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 4)));
    relay_rig_unlink(&rig, 6);
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 4)));
    relay_rig_run(&rig, 3000);
    CLAIM(relay_rig_neighbour(&rig, 4)->eager);
    CLAIM_INT(relay_rig_sent(&rig, 4, HSY_PRUNE), 0);
    end();
}

static void only_who_has_lost_its_parent_holds_all(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2); /* No root is known. */
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    relay_rig_run_ns(&rig, PATIENCE_NS);
    CLAIM(is_own_root());
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    hear(4, 1, HSY_DISTANCE_NONE); /* Of a root, and no way to it. */
    CLAIM(relay_rig_has_root(&rig, 1));
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 4)));
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    hear(4, 1, 10000);
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 4)));
    CLAIM(!hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    end();
}

static void a_parent_that_prunes_did_not_know_and_is_grafted_again(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(6, 1, 10000);
    relay_rig_prune(&rig, 6, HSY_PRUNE_DUPLICATE);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 2);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    end();
}

/* What it is asked does not use up what it may ask. */
static void a_neighbour_that_grafts_much_can_still_be_the_parent(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint32_t i = 0; i < HSY_GRAFTS_PER_S; i++) {
        relay_rig_graft(&rig, 6, NULL, false);
    }
    relay_rig_prune(&rig, 6, HSY_PRUNE_DUPLICATE);
    hear(6, 1, 10000);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 1);
    end();
}

/* ------------------------------------------------------- second parents */

/* With these settings: its second parent, after 4, 6, 8 were heard of. */
static hearsay_link spare_of(uint32_t percent, uint32_t peers, uint8_t draw)
{
    relay_rig_init(&rig);
    rig.given.config.spares_percent = percent;
    rig.given.peers_count = peers;
    rig.given.id.bytes[HEARSAY_ID_LEN - 1] = draw;
    relay_rig_start(&rig);
    for (hearsay_link link = 4; link <= 8; link += 2) {
        (void)relay_rig_link(&rig, link, 2);
    }
    hear(4, 1, 10000);
    hear(6, 1, 50000);
    hear(8, 1, 20000);
    hearsay_link spare = shape()->spare;
    CLAIM_INT(shape()->parent, 4);
    CLAIM(spare == 0 || relay_rig_neighbour(&rig, spare)->eager);
    end();
    return spare;
}

static void a_part_of_all_nodes_has_a_second_parent(void **state)
{
    (void)state;
    CLAIM_INT(spare_of(20, 1000, 51), 8);
    CLAIM_INT(spare_of(20, 1000, 52), 0); /* 52 of 256 is more than 20 %. */
    CLAIM_INT(spare_of(0, 1000, 0), 0);
    CLAIM_INT(spare_of(100, 1000, 255), 8);
    /* Of 200 peers all of the part, of 100 half of it. */
    CLAIM_INT(spare_of(20, 200, 51), 8);
    CLAIM_INT(spare_of(20, 100, 25), 8);
    CLAIM_INT(spare_of(20, 100, 26), 0);
}

static void a_second_parent_is_nearer_to_the_root_than_this_node(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.spares_percent = 100;
    relay_rig_start(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    (void)relay_rig_link(&rig, 6, 2);
    hear(4, 1, 10000);
    hear(6, 1, 10000 + HOP_US + GUESS_US); /* As far as this one. */
    CLAIM_INT(shape()->spare, 0);
    hear(6, 1, 10000 + HOP_US + GUESS_US - 1);
    CLAIM_INT(shape()->spare, 6);
    CLAIM(hsy_shape_holds(shape(), relay_rig_neighbour(&rig, 6)));
    relay_rig_run_ns(&rig, REFUSE_NS);
    CLAIM(last_told(6).parent);
    relay_rig_unlink(&rig, 6);
    CLAIM_INT(shape()->spare, 0);
    end();
}

/* Twenty in a second are all that go over a link. */
static void a_parent_that_cannot_be_grafted_now_is_grafted_later(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    relay_rig_neighbour(&rig, 6)->grafts_out.left = 0;
    hear(6, 1, 10000);
    CLAIM_INT(shape()->parent, 6);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 0);
    relay_rig_pass(&rig, HSY_SECOND / HSY_GRAFTS_PER_S - 1);
    relay_rig_tick(&rig);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 0);
    relay_rig_pass(&rig, 1);
    relay_rig_tick(&rig);
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_GRAFT), 1);
    CLAIM(relay_rig_neighbour(&rig, 6)->eager);
    end();
}

static void two_nodes_agree_on_the_lower_id(void **state)
{
    static struct relay_rig other;
    struct hsy_root root;

    (void)state;
    relay_rig_begin_with(&rig, 1);
    relay_rig_init(&other);
    other.given.id = core_id('a', 1); /* Lower than "m0". */
    relay_rig_start(&other);
    (void)relay_rig_link(&other, 4, 2);
    relay_rig_run(&rig, 3000);
    relay_rig_run(&other, 3000);
    root = last_told(4);
    relay_rig_root(&other, 4, &root);
    root = relay_rig_last(&other, 4, HSY_ROOT).root;
    relay_rig_root(&rig, 4, &root);
    CLAIM(!is_own_root());
    CLAIM_BYTES(shape()->root.id.bytes, other.given.id.bytes, HEARSAY_ID_LEN);
    CLAIM_INT(shape()->parent, 4);
    relay_rig_fini(&other);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_hears_of_no_root_for_3_s_becomes_it),
        cmocka_unit_test(who_has_not_joined_or_has_no_link_is_no_root),
        cmocka_unit_test(the_higher_rank_wins_then_the_lower_id),
        cmocka_unit_test(
            who_is_far_better_linked_than_the_root_takes_its_place),
        cmocka_unit_test(its_own_root_of_a_past_life_is_not_believed),
        cmocka_unit_test(neighbours_of_version_1_take_no_part),
        cmocka_unit_test(a_new_link_is_told_of_the_root),
        cmocka_unit_test(each_hop_costs_20_ms_and_half_a_round_trip),
        cmocka_unit_test(an_unmeasured_link_is_as_far_as_the_furthest),
        cmocka_unit_test(a_neighbour_without_a_way_to_the_root_is_no_parent),
        cmocka_unit_test(a_parent_is_changed_for_more_than_20_ms_only),
        cmocka_unit_test(
            what_is_older_than_the_last_round_but_one_is_not_believed),
        cmocka_unit_test(without_the_parent_the_next_nearest_is_it),
        cmocka_unit_test(a_full_parent_is_not_asked_again_for_5_minutes),
        cmocka_unit_test(the_root_counts_a_round_every_13_s),
        cmocka_unit_test(a_new_round_is_passed_on_and_an_old_one_is_not),
        cmocka_unit_test(neighbours_are_told_every_100_ms_at_most),
        cmocka_unit_test(
            a_new_parent_has_time_to_refuse_before_others_are_told),
        cmocka_unit_test(each_new_parent_has_its_own_time_to_refuse),
        cmocka_unit_test(a_round_is_told_when_the_parent_has_told_it),
        cmocka_unit_test(a_distance_that_hardly_moves_is_not_news),
        cmocka_unit_test(a_root_without_rounds_is_gone_after_45_s),
        cmocka_unit_test(somebody_takes_its_place_within_3_s_more),
        cmocka_unit_test(the_parent_is_grafted_and_told_so),
        cmocka_unit_test(an_old_parent_is_let_go_a_second_later),
        cmocka_unit_test(who_hangs_on_this_node_is_not_let_go),
        cmocka_unit_test(without_a_parent_nobody_is_let_go),
        cmocka_unit_test(only_who_has_lost_its_parent_holds_all),
        cmocka_unit_test(
            a_parent_that_prunes_did_not_know_and_is_grafted_again),
        cmocka_unit_test(a_neighbour_that_grafts_much_can_still_be_the_parent),
        cmocka_unit_test(a_part_of_all_nodes_has_a_second_parent),
        cmocka_unit_test(a_second_parent_is_nearer_to_the_root_than_this_node),
        cmocka_unit_test(a_parent_that_cannot_be_grafted_now_is_grafted_later),
        cmocka_unit_test(two_nodes_agree_on_the_lower_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
