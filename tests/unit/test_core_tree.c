/* Eager and lazy links, and how one becomes the other. */
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

static void make_eager(hearsay_link from, hearsay_link to)
{
    for (hearsay_link link = from; link <= to; link += 2) {
        relay_rig_eager(&rig, link, true);
    }
}

/* o1's message comes over @link, along the tree. */
static void hear(hearsay_link link, uint64_t seq)
{
    (void)relay_rig_hear_one(&rig, link, 1, seq);
}

/* ------------------------------------------------------------------ links */

static void the_first_link_is_grafted_and_the_next_is_lazy(void **state)
{
    (void)state;
    relay_rig_begin(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    (void)relay_rig_link(&rig, 6, 2);
    CLAIM(is_eager(4));
    CLAIM(!is_eager(6));
    CLAIM_INT(sent(4, HSY_GRAFT), 1);
    CLAIM_INT(sent(6, HSY_GRAFT), 0);
    struct hsy_frame graft = relay_rig_last(&rig, 4, HSY_GRAFT);
    CLAIM(graft.graft.last_parent);
    CLAIM_INT(graft.graft.ids.count, 0);
    end();
}

static void eager_links_get_the_bundle_and_lazy_ones_its_id(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 4);
    make_eager(4, 6);
    hear(4, 1);
    CLAIM_INT(sent(4, HSY_BUNDLE), 0);
    CLAIM_INT(sent(6, HSY_BUNDLE), 1);
    CLAIM_INT(sent(8, HSY_BUNDLE), 0);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_BUNDLE);
    CLAIM_INT(frame.flags, 0);
    CLAIM_INT(frame.bundle.hops, 2);
    relay_rig_run(&rig, 5);
    CLAIM_INT(sent(4, HSY_IHAVE), 0);
    CLAIM_INT(sent(6, HSY_IHAVE), 0);
    CLAIM_INT(sent(8, HSY_IHAVE), 1);
    CLAIM_INT(sent(10, HSY_IHAVE), 1);
    end();
}

static void who_sent_a_bundle_over_a_lazy_link_is_not_told_of_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    hear(6, 1);
    relay_rig_run(&rig, 5);
    CLAIM_INT(sent(6, HSY_IHAVE), 0);
    CLAIM_INT(sent(8, HSY_IHAVE), 1);
    CLAIM(!is_eager(6)); /* A bundle alone changes nothing. */
    end();
}

static void more_links_than_one_send_takes_all_get_it(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 150);
    make_eager(4, 302);
    hear(4, 1);
    CLAIM_INT(sent(0, HSY_BUNDLE), 149);
    CLAIM_INT(relay_rig_counters(&rig)->bundles_relayed, 149);
    end();
}

static void who_only_floods_sends_all_to_all_and_nothing_else(void **state)
{
    struct hsy_root root = {.rank = 1, .id = core_id('r', 1)};

    (void)state;
    relay_rig_init(&rig);
    rig.given.config.relay = HEARSAY_RELAY_FLOOD;
    relay_rig_start(&rig);
    for (hearsay_link link = 4; link <= 8; link += 2) {
        (void)relay_rig_link(&rig, link, 2);
        CLAIM(is_eager(link));
    }
    hear(4, 1);
    hear(6, 1);
    hear(8, 1);
    relay_rig_prune(&rig, 6, HSY_PRUNE_DUPLICATE);
    relay_rig_root(&rig, 4, &root);
    relay_rig_run(&rig, 60000);
    CLAIM_INT(sent(6, HSY_BUNDLE), 1);
    CLAIM_INT(sent(8, HSY_BUNDLE), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_BUNDLE).flags, 0);
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    CLAIM_INT(sent(0, HSY_GRAFT), 0);
    CLAIM_INT(sent(0, HSY_IHAVE), 0);
    CLAIM_INT(sent(0, HSY_ROOT), 0);
    CLAIM(is_eager(6));
    end();
}

static void links_of_version_1_are_eager_and_hear_nothing_newer(void **state)
{
    static const enum hsy_frame_type newer[] = {
        HSY_IHAVE, HSY_GRAFT, HSY_PRUNE, HSY_DIGEST,
        HSY_PULL,  HSY_GONE,  HSY_ROOT};

    (void)state;
    relay_rig_begin_with(&rig, 2);
    (void)relay_rig_link(&rig, 10, 1);
    CLAIM(is_eager(10));
    hear(4, 1);
    CLAIM_INT(sent(10, HSY_BUNDLE), 1);
    for (uint32_t i = 0; i < 4; i++) {
        hear(10, 1);
    }
    hear(10, 3); /* And a gap, which nobody closes. */
    hsy_core_congested(&rig.core, 10);
    CLAIM(is_eager(10));
    hsy_repair_ponged(&rig.core.repair, relay_rig_neighbour(&rig, 10));
    relay_rig_run(&rig, 60000);
    for (uint32_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
        CLAIM_INT(sent(10, newer[i]), 0);
    }
    CLAIM(sent(4, HSY_PULL) > 0);
    end();
}

/* ------------------------------------------------------------------ prune */

static void the_second_copy_prunes_its_link(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    make_eager(4, 6);
    hear(4, 1);
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    hear(6, 1);
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    CLAIM_INT(sent(4, HSY_PRUNE), 0);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_PRUNE);
    CLAIM_INT(frame.prune.why, HSY_PRUNE_DUPLICATE);
    CLAIM_INT(frame.prune.alternatives.count, 0);
    CLAIM(!is_eager(6));
    CLAIM(is_eager(4));
    end();
}

static void a_copy_while_the_first_is_in_check_counts(void **state)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};

    (void)state;
    relay_rig_begin_with(&rig, 2);
    make_eager(4, 6);
    frame.bundle.hops = 1;
    frame.bundle.bundle = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(hsy_core_wants(&rig.core, 4, &frame));
    CLAIM(!hsy_core_wants(&rig.core, 6, &frame));
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    relay_rig_frame(&rig, 4, &frame);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    end();
}

static void extra_copies_never_prune(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    make_eager(4, 8);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    CLAIM(relay_rig_hear(&rig, 4, &b, HSY_FLAG_EXTRA));
    for (uint32_t i = 0; i < 5; i++) {
        CLAIM(!relay_rig_hear(&rig, 6, &b, HSY_FLAG_EXTRA));
    }
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    hear(8, 1); /* The first along the tree. */
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    hear(6, 1);
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    end();
}

static void the_only_eager_link_is_not_pruned(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    hear(6, 1); /* Lazy: somebody's flood without the flag. */
    hear(4, 1);
    CLAIM_INT(sent(4, HSY_PRUNE), 0);
    CLAIM(is_eager(4));
    relay_rig_eager(&rig, 6, true);
    hear(6, 2);
    hear(4, 2);
    CLAIM_INT(sent(4, HSY_PRUNE), 1);
    end();
}

static void parent_and_children_are_never_pruned(void **state)
{
    struct hsy_root root = {.rank = 9, .id = core_id('r', 1), .round = 1};

    (void)state;
    relay_rig_begin_with(&rig, 4);
    make_eager(4, 10);
    root.distance_us = 10000;
    relay_rig_root(&rig, 4, &root); /* The parent. */
    root.distance_us = 900000;
    relay_rig_root(&rig, 8, &root);
    root.parent = true;
    relay_rig_root(&rig, 6, &root); /* It hangs on this node. */
    relay_rig_forget(&rig);
    hear(10, 1);
    hear(4, 1);
    hear(6, 1);
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    hear(8, 1);
    CLAIM_INT(sent(8, HSY_PRUNE), 1);
    CLAIM(is_eager(4) && is_eager(6) && !is_eager(8));
    end();
}

static void who_pushes_on_is_told_again_after_a_second(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    make_eager(4, 6);
    hear(4, 1);
    hear(6, 1);
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    relay_rig_pass(&rig, HSY_SECOND - 1);
    hear(6, 1); /* It may have been on its way. */
    CLAIM_INT(sent(6, HSY_PRUNE), 1);
    relay_rig_pass(&rig, 1);
    hear(6, 1);
    CLAIM_INT(sent(6, HSY_PRUNE), 2);
    end();
}

static void whom_all_prune_grafts_the_quickest_other_link(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 4);
    relay_rig_neighbour(&rig, 6)->rtt_ns = 30 * HSY_MS;
    relay_rig_neighbour(&rig, 8)->rtt_ns = 20 * HSY_MS;
    relay_rig_prune(&rig, 4, HSY_PRUNE_DUPLICATE);
    CLAIM(!is_eager(4));
    CLAIM(is_eager(8));
    CLAIM_INT(sent(8, HSY_GRAFT), 1);
    CLAIM_INT(sent(0, HSY_GRAFT), 1);
    CLAIM(relay_rig_last(&rig, 8, HSY_GRAFT).graft.last_parent);
    CLAIM_INT(relay_rig_counters(&rig)->prunes_in, 1);
    end();
}

static void one_prune_of_several_is_simply_obeyed(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    make_eager(4, 6);
    relay_rig_prune(&rig, 6, HSY_PRUNE_DUPLICATE);
    CLAIM(!is_eager(6));
    CLAIM_INT(sent(0, HSY_GRAFT), 0);
    end();
}

static void a_link_on_which_too_much_waits_becomes_lazy(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    make_eager(4, 6);
    hsy_core_congested(&rig.core, 6);
    CLAIM(!is_eager(6));
    CLAIM_INT(relay_rig_counters(&rig)->links_demoted, 1);
    hsy_core_congested(&rig.core, 6);
    CLAIM_INT(relay_rig_counters(&rig)->links_demoted, 1);
    end();
}

/* ------------------------------------------------------------------ graft */

static void a_graft_makes_eager_and_sends_what_is_wanted(void **state)
{
    struct hsy_bundle_id id;

    (void)state;
    relay_rig_begin_with(&rig, 2);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    id = relay_rig_id(&rig, &b);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    relay_rig_graft(&rig, 6, &id, false);
    CLAIM(is_eager(6));
    CLAIM_INT(sent(6, HSY_BUNDLE), 1);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_BUNDLE).bundle.hops, 2);
    id.bytes[15] ^= 1; /* Not kept here. */
    relay_rig_graft(&rig, 6, &id, false);
    relay_rig_graft(&rig, 6, NULL, false);
    CLAIM_INT(sent(6, HSY_BUNDLE), 1);
    CLAIM_INT(relay_rig_counters(&rig)->grafts_in, 3);
    end();
}

/* One message of 6,000 bytes; lent until the next one is made. */
static struct hsy_bundle large_bundle(uint64_t seq)
{
    static uint8_t bytes[8192], payload[6000];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, seq, 1);
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = payload,
                                  .payload_len = sizeof(payload)};

    b.messages = bytes;
    b.messages_len = 0;
    b.count = 0;
    hsy_messages_add(&out, &b, &message);
    return b;
}

/* What is left of it is announced to the asker, and can be asked for again. */
static void a_graft_is_answered_with_128_kib_at_most(void **state)
{
    struct hsy_bundle_id ids[HSY_GRAFT_IDS_MAX];
    struct hsy_frame frame = {.type = HSY_GRAFT};
    uint32_t each = 0;

    (void)state;
    relay_rig_begin_with(&rig, 2);
    for (uint32_t i = 0; i < HSY_GRAFT_IDS_MAX; i++) {
        struct hsy_bundle b = large_bundle(i + 1);
        ids[i] = relay_rig_id(&rig, &b);
        each = HSY_BUNDLE_FIXED_LEN + b.messages_len;
        CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    }
    frame.graft.ids = (struct hsy_bundle_ids){.bytes = ids[0].bytes,
                                              .count = HSY_GRAFT_IDS_MAX};
    relay_rig_run(&rig, 1000); /* They have been announced. */
    relay_rig_forget(&rig);
    relay_rig_frame(&rig, 6, &frame);
    uint32_t fit = HSY_GRAFT_ANSWER_MAX / each;
    CLAIM(each > 4096);
    CLAIM_INT(sent(6, HSY_BUNDLE), fit);
    CLAIM_INT(sent(6, HSY_IHAVE), 1);
    struct hsy_frame rest = relay_rig_last(&rig, 6, HSY_IHAVE);
    CLAIM_INT(rest.ihave.count, HSY_GRAFT_IDS_MAX - fit);
    CLAIM_BYTES(rest.ihave.bytes, ids[fit].bytes,
                rest.ihave.count * sizeof(ids[0]));
    frame.graft.ids = rest.ihave;
    relay_rig_frame(&rig, 6, &frame);
    CLAIM_INT(sent(6, HSY_BUNDLE), 2 * fit);
    end();
}

/* Who has asked for it in vain asks again when he is told that it is there. */
static void what_is_announced_again_is_asked_for_again(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);
    relay_rig_ihave(&rig, 6, &id);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(6, HSY_GRAFT), 1);
    relay_rig_ihave(&rig, 6, &id);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(sent(6, HSY_GRAFT), 2);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_GRAFT);
    CLAIM_INT(frame.graft.ids.count, 1);
    CLAIM_BYTES(frame.graft.ids.bytes, id.bytes, sizeof(id));
    end();
}

/* Which place among all that was sent; UINT32_MAX: none. */
static uint32_t place_of(hearsay_link link, enum hsy_frame_type type)
{
    for (uint32_t i = 0; i < rig.ports.sent_count; i++) {
        const struct core_sent *s = &rig.ports.sent[i];
        if (s->link == link && s->bytes[4] == (uint8_t)type) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* Twelve are eager, and hang on this node: 4 to 26. */
static void begin_full(void)
{
    relay_rig_begin_with(&rig, 14);
    make_eager(4, 2 + 2 * HSY_EAGER_MAX);
    for (hearsay_link link = 4; link <= 2 + 2 * HSY_EAGER_MAX; link += 2) {
        relay_rig_neighbour(&rig, link)->child = true;
    }
    relay_rig_forget(&rig);
}

static void a_13th_eager_link_is_refused_after_its_bundle(void **state)
{
    (void)state;
    begin_full();
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    relay_rig_graft(&rig, 28, &id, false);
    CLAIM(!is_eager(28));
    CLAIM_INT(sent(28, HSY_BUNDLE), 1);
    CLAIM_INT(sent(28, HSY_PRUNE), 1);
    CLAIM(place_of(28, HSY_BUNDLE) < place_of(28, HSY_PRUNE));
    struct hsy_frame frame = relay_rig_last(&rig, 28, HSY_PRUNE);
    CLAIM_INT(frame.prune.why, HSY_PRUNE_FULL);
    CLAIM_INT(frame.prune.alternatives.count, HSY_REDIRECTS_MAX);
    CLAIM_INT(relay_rig_counters(&rig)->grafts_refused, 1);
    end();
}

/* One that is no part of the tree makes room, and no other does. */
static void a_13th_eager_link_takes_the_place_of_an_idle_one(void **state)
{
    (void)state;
    begin_full();
    relay_rig_neighbour(&rig, 12)->child = false;
    relay_rig_neighbour(&rig, 20)->child = false;
    relay_rig_graft(&rig, 28, NULL, false);
    CLAIM(is_eager(28));
    CLAIM(!is_eager(12));
    CLAIM_INT(sent(0, HSY_PRUNE), 1);
    CLAIM_INT(sent(12, HSY_PRUNE), 1);
    struct hsy_frame frame = relay_rig_last(&rig, 12, HSY_PRUNE);
    CLAIM_INT(frame.prune.why, HSY_PRUNE_DUPLICATE);
    CLAIM_INT(frame.prune.alternatives.count, 0);
    relay_rig_neighbour(&rig, 28)->child = true;
    relay_rig_graft(&rig, 30, NULL, false);
    CLAIM(is_eager(30) && !is_eager(20));
    CLAIM_INT(relay_rig_counters(&rig)->grafts_refused, 0);
    relay_rig_neighbour(&rig, 30)->child = true;
    relay_rig_graft(&rig, 12, NULL, false); /* Now all are needed. */
    CLAIM(!is_eager(12));
    CLAIM_INT(relay_rig_counters(&rig)->grafts_refused, 1);
    CLAIM_INT(relay_rig_last(&rig, 12, HSY_PRUNE).prune.why, HSY_PRUNE_FULL);
    end();
}

static void links_that_cannot_be_lazy_make_no_room(void **state)
{
    (void)state;
    begin_full();
    relay_rig_eager(&rig, 4, false);
    (void)relay_rig_link(&rig, 100, 1); /* The twelfth. */
    CLAIM(is_eager(100));
    relay_rig_graft(&rig, 28, NULL, false);
    CLAIM(!is_eager(28));
    CLAIM(is_eager(100));
    CLAIM_INT(sent(100, HSY_PRUNE), 0);
    CLAIM_INT(sent(28, HSY_PRUNE), 1);
    end();
}

static void a_12th_eager_link_is_taken(void **state)
{
    (void)state;
    begin_full();
    relay_rig_eager(&rig, 26, false);
    relay_rig_graft(&rig, 28, NULL, false);
    CLAIM(is_eager(28));
    CLAIM_INT(sent(0, HSY_PRUNE), 0);
    end();
}

static void a_last_parent_is_never_refused(void **state)
{
    (void)state;
    begin_full();
    relay_rig_graft(&rig, 28, NULL, true);
    CLAIM(is_eager(28));
    relay_rig_graft(&rig, 28, NULL, false); /* It is eager already. */
    CLAIM(is_eager(28));
    relay_rig_neighbour(&rig, 28)->child = true;
    relay_rig_graft(&rig, 30, NULL, false);
    CLAIM(!is_eager(30));
    CLAIM_INT(sent(28, HSY_PRUNE), 0);
    end();
}

static void the_21st_graft_in_a_second_is_not_answered(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    struct hsy_bundle b = relay_rig_bundle(&rig, 1, 1, 1);
    struct hsy_bundle_id id = relay_rig_id(&rig, &b);
    CLAIM(relay_rig_hear(&rig, 4, &b, 0));
    for (uint32_t i = 0; i < HSY_GRAFTS_PER_S; i++) {
        relay_rig_graft(&rig, 6, &id, true);
    }
    CLAIM_INT(sent(6, HSY_BUNDLE), 20);
    relay_rig_graft(&rig, 6, &id, true);
    CLAIM_INT(sent(6, HSY_BUNDLE), 20);
    CLAIM_INT(relay_rig_counters(&rig)->grafts_refused, 1);
    relay_rig_pass(&rig, 50 * HSY_MS - 1);
    relay_rig_graft(&rig, 6, &id, true);
    CLAIM_INT(sent(6, HSY_BUNDLE), 20);
    relay_rig_pass(&rig, 1);
    relay_rig_graft(&rig, 6, &id, true);
    CLAIM_INT(sent(6, HSY_BUNDLE), 21);
    relay_rig_graft(&rig, 6, &id, true);
    CLAIM_INT(sent(6, HSY_BUNDLE), 21);
    relay_rig_pass(&rig, 10 * HSY_SECOND); /* No more than 20 are saved up. */
    for (uint32_t i = 0; i < 30; i++) {
        relay_rig_graft(&rig, 6, &id, true);
    }
    CLAIM_INT(sent(6, HSY_BUNDLE), 41);
    end();
}

/* ------------------------------------------------------------------ flood */

/* A bundle over link 4: how many go beside the tree. */
static uint32_t extras(uint64_t seq)
{
    uint64_t before = relay_rig_counters(&rig)->bundles_pushed_extra;

    hear(4, seq);
    return (uint32_t)(relay_rig_counters(&rig)->bundles_pushed_extra - before);
}

static void for_5_s_after_joining_all_goes_to_all(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    CLAIM_INT(extras(1), 0);
    hsy_tree_joined(relay_rig_tree(&rig));
    CLAIM_INT(extras(2), 2);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_BUNDLE).flags, HSY_FLAG_EXTRA);
    relay_rig_pass(&rig, HSY_FLOOD_NS - 1);
    CLAIM_INT(extras(3), 2);
    relay_rig_pass(&rig, 1);
    CLAIM_INT(extras(4), 0);
    end();
}

static void for_5_s_after_a_lost_link_too(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 4);
    relay_rig_unlink(&rig, 10); /* A lazy one. */
    CLAIM_INT(sent(0, HSY_GRAFT), 0);
    relay_rig_pass(&rig, HSY_FLOOD_NS - 1);
    CLAIM_INT(extras(1), 2);
    relay_rig_pass(&rig, 1);
    CLAIM_INT(extras(2), 0);
    end();
}

static void for_a_lost_eager_link_the_quickest_lazy_one_is_grafted(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 4);
    make_eager(4, 6);
    relay_rig_neighbour(&rig, 8)->rtt_ns = 30 * HSY_MS;
    relay_rig_neighbour(&rig, 10)->rtt_ns = 20 * HSY_MS;
    relay_rig_unlink(&rig, 6);
    CLAIM(is_eager(10));
    CLAIM_INT(sent(10, HSY_GRAFT), 1);
    CLAIM_INT(sent(0, HSY_GRAFT), 1);
    CLAIM(!relay_rig_last(&rig, 10, HSY_GRAFT).graft.last_parent);
    end();
}

/* -------------------------------------------------------------- shortcuts */

/* Own bundle of @len bytes as it is encoded: over how many lazy links? */
static uint32_t shortcuts(uint32_t len)
{
    static char text[2048];
    uint64_t before = relay_rig_counters(&rig)->bundles_pushed_extra;
    uint32_t payload = len - HSY_BUNDLE_FIXED_LEN - 5;

    memset(text, 'x', payload);
    text[payload] = '\0';
    CLAIM_INT(relay_rig_publish(&rig, text), 0);
    CLAIM(relay_rig_sign(&rig));
    return (uint32_t)(relay_rig_counters(&rig)->bundles_pushed_extra - before);
}

static void own_small_bundles_go_over_some_lazy_links_as_well(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 6);
    CLAIM_INT(shortcuts(HSY_SMALL_LEN), 3);
    CLAIM_INT(sent(4, HSY_BUNDLE), 1); /* Eager. */
    CLAIM_INT(sent(12, HSY_BUNDLE), 0);
    CLAIM_INT(shortcuts(HSY_SMALL_LEN + 1), 0);
    CLAIM_INT(sent(4, HSY_BUNDLE), 2);
    end();
}

static void shortcuts_are_the_links_nearest_to_the_root(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 7);
    for (hearsay_link link = 6; link <= 16; link += 2) {
        relay_rig_neighbour(&rig, link)->root_distance_us =
            link == 12 || link == 16 ? 1000 : 5000;
    }
    CLAIM_INT(shortcuts(300), 3);
    CLAIM_INT(sent(12, HSY_BUNDLE), 1);
    CLAIM_INT(sent(16, HSY_BUNDLE), 1);
    CLAIM_INT(sent(6, HSY_BUNDLE), 1); /* Of equals, the older link. */
    CLAIM_INT(sent(8, HSY_BUNDLE), 0);
    end();
}

static void in_a_small_network_there_are_fewer_shortcuts(void **state)
{
    (void)state;
    for (uint32_t peers = 0; peers <= 80; peers += 19) {
        relay_rig_begin_with(&rig, 6);
        rig.core.env.peers_count = peers;
        CLAIM_INT(shortcuts(300), peers < 40 ? 1 + peers / 20 : 3);
        end();
    }
    relay_rig_begin_with(&rig, 6);
    rig.core.env.config.shortcuts = 0;
    CLAIM_INT(shortcuts(300), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_link_is_grafted_and_the_next_is_lazy),
        cmocka_unit_test(eager_links_get_the_bundle_and_lazy_ones_its_id),
        cmocka_unit_test(who_sent_a_bundle_over_a_lazy_link_is_not_told_of_it),
        cmocka_unit_test(more_links_than_one_send_takes_all_get_it),
        cmocka_unit_test(who_only_floods_sends_all_to_all_and_nothing_else),
        cmocka_unit_test(links_of_version_1_are_eager_and_hear_nothing_newer),
        cmocka_unit_test(the_second_copy_prunes_its_link),
        cmocka_unit_test(a_copy_while_the_first_is_in_check_counts),
        cmocka_unit_test(extra_copies_never_prune),
        cmocka_unit_test(the_only_eager_link_is_not_pruned),
        cmocka_unit_test(parent_and_children_are_never_pruned),
        cmocka_unit_test(who_pushes_on_is_told_again_after_a_second),
        cmocka_unit_test(whom_all_prune_grafts_the_quickest_other_link),
        cmocka_unit_test(one_prune_of_several_is_simply_obeyed),
        cmocka_unit_test(a_link_on_which_too_much_waits_becomes_lazy),
        cmocka_unit_test(a_graft_makes_eager_and_sends_what_is_wanted),
        cmocka_unit_test(a_graft_is_answered_with_128_kib_at_most),
        cmocka_unit_test(what_is_announced_again_is_asked_for_again),
        cmocka_unit_test(a_13th_eager_link_is_refused_after_its_bundle),
        cmocka_unit_test(a_13th_eager_link_takes_the_place_of_an_idle_one),
        cmocka_unit_test(links_that_cannot_be_lazy_make_no_room),
        cmocka_unit_test(a_12th_eager_link_is_taken),
        cmocka_unit_test(a_last_parent_is_never_refused),
        cmocka_unit_test(the_21st_graft_in_a_second_is_not_answered),
        cmocka_unit_test(for_5_s_after_joining_all_goes_to_all),
        cmocka_unit_test(for_5_s_after_a_lost_link_too),
        cmocka_unit_test(
            for_a_lost_eager_link_the_quickest_lazy_one_is_grafted),
        cmocka_unit_test(own_small_bundles_go_over_some_lazy_links_as_well),
        cmocka_unit_test(shortcuts_are_the_links_nearest_to_the_root),
        cmocka_unit_test(in_a_small_network_there_are_fewer_shortcuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
