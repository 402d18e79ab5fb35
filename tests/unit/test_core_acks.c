/* How far behind its network is, and what a publisher makes of that. */
#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

static struct hsy_acks *acks(void)
{
    return &relay_rig_relay(&rig)->acks;
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static uint32_t sent(hearsay_link link)
{
    return relay_rig_sent(&rig, link, HSY_ACK);
}

/* @link hangs on this node. */
static void be_child(hearsay_link link)
{
    relay_rig_neighbour(&rig, link)->child = true;
}

/* So many bytes of o1 that came over link 4, all up to @to. */
static void came(uint64_t to, size_t len)
{
    struct hsy_origin *origin;

    CLAIM(relay_rig_hear_one(&rig, 4, 1, to));
    origin = relay_rig_origin(&rig, 1);
    CLAIM_INT(origin->up, 4);
    for (; len > 0; len -= len < 8192 ? len : 8192) {
        hsy_acks_came(acks(), origin, NULL, len < 8192 ? len : 8192);
    }
}

static void ack(hearsay_link link, const struct hsy_epoch *of, uint64_t to)
{
    struct hsy_frame frame = {.type = HSY_ACK};

    frame.ack = (struct hsy_span){.of = *of, .from = 1, .to = to};
    relay_rig_frame(&rig, link, &frame);
}

static uint64_t told(void)
{
    return relay_rig_last(&rig, 4, HSY_ACK).ack.to;
}

static void so_many_bytes_are_acknowledged_where_they_come_from(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    be_child(4);
    came(1, HSY_ACK_FIRST_LEN - 2048);
    CLAIM_INT(sent(0), 0);
    came(2, 4096);
    CLAIM_INT(sent(4), 1);
    CLAIM_INT(sent(0), 1);
    CLAIM_INT(told(), 2);
    came(3, HSY_ACK_LEN - 4096); /* After the first one, less often. */
    CLAIM_INT(sent(4), 1);
    came(4, 8192);
    CLAIM_INT(sent(4), 2);
    CLAIM_INT(told(), 4);
    came(6, 2 * HSY_ACK_LEN); /* 5 is missing: nothing new to say. */
    CLAIM_INT(sent(4), 2);
    end();
}

static void who_is_behind_us_counts_as_long_as_it_moves(void **state)
{
    struct hsy_epoch of = relay_rig_epoch(1);

    (void)state;
    relay_rig_begin_with(&rig, 3);
    be_child(4);
    be_child(6);
    for (uint64_t seq = 1; seq <= 10; seq++) {
        came(seq, 0);
    }
    ack(6, &of, 3);
    came(11, HSY_ACK_LEN);
    CLAIM_INT(told(), 3);
    ack(6, &of, 7); /* It moves, and so do we. */
    CLAIM_INT(told(), 7);
    ack(6, &of, 5);  /* An old one. */
    ack(6, &of, 99); /* What nobody has. */
    CLAIM_INT(told(), 7);
    relay_rig_pass(&rig, HSY_ACK_FRESH_NS + 1);
    came(12, HSY_ACK_LEN);
    CLAIM_INT(told(), 12);
    end();
}

static void
who_is_not_in_the_tree_does_not_count_nor_whom_it_comes_from(void **state)
{
    struct hsy_epoch of = relay_rig_epoch(1);

    (void)state;
    relay_rig_begin_with(&rig, 3);
    be_child(4);
    came(1, 0);
    came(2, 0);
    ack(6, &of, 1);
    ack(4, &of, 1);
    came(3, HSY_ACK_LEN);
    CLAIM_INT(told(), 3);
    end();
}

static void what_comes_beside_the_tree_is_acknowledged_in_the_tree(void **state)
{
    struct hsy_origin *origin;

    (void)state;
    relay_rig_begin_with(&rig, 3);
    be_child(4);
    came(1, 0);
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 2)); /* Grafted, or a shortcut. */
    origin = relay_rig_origin(&rig, 1);
    CLAIM_INT(origin->up, 4);
    be_child(6);
    CLAIM(relay_rig_hear_one(&rig, 6, 1, 3));
    CLAIM_INT(origin->up, 6);
    end();
}

/* Our own epoch, as if we had published up to @last. */
static struct hsy_epoch published(uint64_t last)
{
    struct hsy_epoch own = {.origin = rig.core.env.id,
                            .incarnation = 1,
                            .nonce = rig.core.env.config.boot_nonce};
    struct hsy_span all = {.of = own, .from = 1, .to = last};

    CLAIM_INT(hsy_origins_claim(&relay_rig_relay(&rig)->origins, NULL, &all),
              HSY_CLAIMED_NEW);
    acks()->mean_len = 1024 - HSY_ACK_MESSAGE_LEN;
    return own;
}

static void a_publisher_waits_for_the_slowest_that_moves(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 3);
    be_child(4);
    be_child(6);
    uint64_t window = HSY_WINDOW_LEN_MIN / 1024; /* It keeps little. */
    uint64_t last = 3 * window;
    struct hsy_epoch own = published(last);
    CLAIM(hsy_acks_may_publish(acks(), &own, last)); /* Nobody says anything. */
    acks()->base = 0;
    ack(4, &own, last);
    CLAIM(hsy_acks_may_publish(acks(), &own, last));
    acks()->base = 0;
    ack(6, &own, 1);
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    ack(6, &own, last - window - 1);
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    ack(6, &own, last - window);
    CLAIM(hsy_acks_may_publish(acks(), &own, last));
    end();
}

static void a_publisher_waits_three_seconds_for_a_step(void **state)
{
    (void)state;
    relay_rig_begin_with(&rig, 2);
    be_child(4);
    uint64_t last = 2 * HSY_WINDOW_LEN_MIN / 1024;
    struct hsy_epoch own = published(last);
    ack(4, &own, 1);
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    relay_rig_pass(&rig, HSY_ACK_STUCK_NS - 1);
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    ack(4, &own, 2); /* A step: three seconds more. */
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    relay_rig_pass(&rig, HSY_ACK_STUCK_NS - 1);
    CLAIM(!hsy_acks_may_publish(acks(), &own, last));
    relay_rig_pass(&rig, 1);
    CLAIM(hsy_acks_may_publish(acks(), &own, last));
    CLAIM_INT(acks()->base, last);
    end();
}

static void so_many_are_remembered_and_who_is_silent_makes_room(void **state)
{
    (void)state;
    relay_rig_init(&rig);
    rig.given.config.origins_max = 4096;
    relay_rig_start(&rig);
    relay_rig_links(&rig, 2);
    be_child(4);
    for (uint32_t i = 1; i <= HSY_ACKS_HEARD_MAX + 1; i++) {
        struct hsy_epoch of = relay_rig_epoch(i);
        struct hsy_span one = {.of = of, .from = 1, .to = 1};
        (void)hsy_origins_claim(&relay_rig_relay(&rig)->origins, NULL, &one);
        ack(4, &of, 1);
    }
    CLAIM_INT(acks()->heard.count, HSY_ACKS_HEARD_MAX);
    relay_rig_pass(&rig, HSY_ACK_FRESH_NS + 1);
    struct hsy_epoch of = relay_rig_epoch(HSY_ACKS_HEARD_MAX + 1);
    ack(4, &of, 1);
    CLAIM_INT(acks()->heard.count, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_bytes_are_acknowledged_where_they_come_from),
        cmocka_unit_test(who_is_behind_us_counts_as_long_as_it_moves),
        cmocka_unit_test(
            who_is_not_in_the_tree_does_not_count_nor_whom_it_comes_from),
        cmocka_unit_test(
            what_comes_beside_the_tree_is_acknowledged_in_the_tree),
        cmocka_unit_test(a_publisher_waits_for_the_slowest_that_moves),
        cmocka_unit_test(a_publisher_waits_three_seconds_for_a_step),
        cmocka_unit_test(so_many_are_remembered_and_who_is_silent_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
