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

/* A neighbour of version 1 cannot pull. */
static void a_new_link_is_told_what_was_said_a_moment_before(void **state)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};
    struct hsy_frame told;

    (void)state;
    hear(begin(), &first.id);
    CLAIM_INT(stage.delivered, 1);
    second.version = 1;
    hearsay_link link = puppet_dial(&stage, &second);
    CLAIM_INT(stage_frames(&stage, link, HSY_BUNDLE), 0);
    puppet_say(&stage, link, &connect);
    CLAIM_INT(stage_frames(&stage, link, HSY_BUNDLE), 1);
    CLAIM(stage_frame(&stage, link, HSY_BUNDLE, &told));
    CLAIM_INT(told.bundle.hops, 2);
    stage_fini(&stage);
}

/* Who dialled begins; here that is the puppet, which has nothing. */
static void a_new_link_of_version_2_finds_it_by_digest_and_pulls(void **state)
{
    struct hsy_frame frame = {.type = HSY_CONNECT};
    struct hsy_frame told;
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));

    (void)state;
    hear(begin(), &first.id);
    hearsay_link link = puppet_dial(&stage, &second);
    puppet_say(&stage, link, &frame);
    CLAIM_INT(stage_frames(&stage, link, HSY_BUNDLE), 0);
    frame = (struct hsy_frame){.type = HSY_DIGEST,
                               .digest.kind = HSY_DIGEST_HASHES};
    puppet_say(&stage, link, &frame);
    CLAIM(stage_frame(&stage, link, HSY_DIGEST, &told));
    CLAIM_INT(told.digest.kind, HSY_DIGEST_MARKS);
    CLAIM(told.digest.ask);
    CLAIM_INT(told.digest.marks.count, 1);
    struct hsy_span span = hsy_spans_at(&told.digest.marks, 0);
    CLAIM_INT(span.from, 1);
    CLAIM_INT(span.to, 1);
    frame = (struct hsy_frame){.type = HSY_PULL};
    frame.pull.nonce = 7;
    frame.pull.credit = 65536;
    frame.pull.spans.bytes = bytes;
    hsy_spans_add(&list, &frame.pull.spans, &span);
    puppet_say(&stage, link, &frame);
    CLAIM(stage_frame(&stage, link, HSY_BUNDLE, &told));
    CLAIM_INT(told.flags, HSY_FLAG_EXTRA);
    CLAIM_INT(told.bundle.hops, 2);
    CLAIM(stage_frame(&stage, link, HSY_GONE, &told));
    CLAIM_INT(told.gone.nonce, 7);
    CLAIM_INT(told.gone.how, HSY_GONE_DONE);
    CLAIM_INT(told.gone.spans.count, 0);
    stage_fini(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_own_message_from_before_a_restart_is_no_news),
        cmocka_unit_test(a_new_link_is_told_what_was_said_a_moment_before),
        cmocka_unit_test(a_new_link_of_version_2_finds_it_by_digest_and_pulls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
