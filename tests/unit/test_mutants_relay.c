/* What tools/mutants found that no test noticed, about messages. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

static struct stage stage;
static struct puppet seed, first, second;

/* A peer with one overlay link; its number. */
static hearsay_link begin(void)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};

    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    puppet_init(&first, 2, HEARSAY_PEER);
    puppet_init(&second, 3, HEARSAY_PEER);
    (void)puppet_seat(&stage, &seed, 1);
    hearsay_link link = puppet_dial(&stage, &first);
    puppet_say(&stage, link, &connect);
    return link;
}

/* A bundle of @origin comes over @link. */
static void hear(hearsay_link link, const struct hearsay_id *origin)
{
    struct hsy_frame frame = {.type = HSY_BUNDLE};
    struct hsy_bundle *b = &frame.bundle.bundle;
    struct hsy_message m = {.topic = (const uint8_t *)"",
                            .payload = (const uint8_t *)"hi",
                            .payload_len = 2};
    uint8_t bytes[64];
    uint8_t covered_bytes[512];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_writer covered =
        hsy_writer(covered_bytes, sizeof(covered_bytes));

    b->origin = *origin;
    b->epoch_incarnation = 1;
    b->first_seq = 1;
    b->wall_ms = stage.now.wall_ms;
    b->messages = bytes;
    hsy_messages_add(&out, b, &m);
    hsy_bundle_signed_bytes(&covered, b);
    b->sig = puppet_sign(origin, &covered);
    frame.bundle.hops = 1;
    puppet_say(&stage, link, &frame);
}

static void an_own_message_from_before_a_restart_is_no_news(void **state)
{
    (void)state;
    hearsay_link link = begin();
    struct hearsay_id own = hearsay_node_id(stage.node);
    hear(link, &own);
    CLAIM_INT(stage.delivered, 0);
    CLAIM_INT(stage_counters(&stage)->bundles_duplicate, 1);
    CLAIM(stage_is_open(&stage, link));
    stage_fini(&stage);
}

static void a_new_link_is_told_what_was_said_a_moment_before(void **state)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};
    struct hsy_frame told;

    (void)state;
    hear(begin(), &first.id);
    CLAIM_INT(stage.delivered, 1);
    hearsay_link link = puppet_dial(&stage, &second);
    CLAIM_INT(stage_frames(&stage, link, HSY_BUNDLE), 0);
    puppet_say(&stage, link, &connect);
    CLAIM_INT(stage_frames(&stage, link, HSY_BUNDLE), 1);
    CLAIM(stage_frame(&stage, link, HSY_BUNDLE, &told));
    CLAIM_INT(told.bundle.hops, 2);
    stage_fini(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_own_message_from_before_a_restart_is_no_news),
        cmocka_unit_test(a_new_link_is_told_what_was_said_a_moment_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
