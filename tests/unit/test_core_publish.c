/* Own messages: alone at once, in company when there is a wait anyway. */
#include <string.h>

#include "support/claim.h"
#include "support/mem_fault.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

static void begin(void)
{
    relay_rig_begin(&rig);
    (void)relay_rig_link(&rig, 4, 2);
    (void)relay_rig_link(&rig, 6, 2);
    relay_rig_forget(&rig);
}

static void end(void)
{
    relay_rig_fini(&rig);
}

static struct hsy_publisher *publisher(void)
{
    return &relay_rig_relay(&rig)->publisher;
}

/* Bundles that wait for their signature. */
static uint32_t signing(void)
{
    return rig.ports.signables_count;
}

static const struct hsy_bundle *last_signing(void)
{
    CLAIM(signing() > 0);
    return &rig.ports.signables[signing() - 1].bundle;
}

static void publish(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CLAIM_INT(relay_rig_publish(&rig, "x"), 0);
    }
}

static int publish_len(uint32_t len)
{
    static char text[HEARSAY_PAYLOAD_MAX + 2];

    CLAIM(len < sizeof(text));
    memset(text, 'x', len);
    text[len] = '\0';
    return relay_rig_publish(&rig, text);
}

/* ------------------------------------------------------------------ alone */

static void alone_a_message_travels_at_once(void **state)
{
    uint64_t seq = 0;
    struct hsy_message message = {.topic = (const uint8_t *)"t",
                                  .topic_len = 1,
                                  .payload = (const uint8_t *)"hello",
                                  .payload_len = 5};

    (void)state;
    begin();
    CLAIM_INT(hsy_publish(publisher(), 5, &message, &seq), 0);
    CLAIM_INT(seq, 1);
    CLAIM_INT(signing(), 1);
    CLAIM(publisher()->open == NULL);
    const struct hsy_bundle *b = last_signing();
    CLAIM_INT(b->first_seq, 1);
    CLAIM_INT(b->count, 1);
    CLAIM_INT(b->epoch_incarnation, 5);
    CLAIM_INT(b->epoch_nonce, 77);
    CLAIM(b->wall_ms == rig.core.env.now.wall_ms);
    struct hsy_reader at = hsy_reader(b->messages, b->messages_len);
    CLAIM(hsy_messages_next(&at, &message));
    CLAIM_INT(message.payload_len, 5);
    CLAIM_BYTES(message.payload, "hello", 5);
    relay_rig_sign_all(&rig);
    publish(1); /* The one before is away: alone again. */
    CLAIM_INT(last_signing()->first_seq, 2);
    CLAIM_INT(relay_rig_counters(&rig)->published, 2);
    end();
}

static void the_epoch_is_that_of_the_first_message(void **state)
{
    (void)state;
    begin();
    publish(1);
    relay_rig_sign_all(&rig);
    rig.core.self.incarnation = 6; /* It refuted something. */
    publish(1);
    CLAIM_INT(last_signing()->epoch_incarnation, 5);
    end();
}

static void what_is_too_big_is_refused(void **state)
{
    uint8_t topic[HSY_TOPIC_MAX + 1];
    struct hsy_message message = {.topic = topic,
                                  .topic_len = HSY_TOPIC_MAX + 1,
                                  .payload = (const uint8_t *)""};

    (void)state;
    begin();
    memset(topic, 't', sizeof(topic));
    CLAIM_INT(publish_len(HEARSAY_PAYLOAD_MAX + 1), HEARSAY_ERR_TOO_BIG);
    CLAIM_INT(hsy_publish(publisher(), 5, &message, NULL), HEARSAY_ERR_TOO_BIG);
    CLAIM_INT(publisher()->last_seq, 0);
    CLAIM_INT(signing(), 0);
    message.topic_len = HSY_TOPIC_MAX;
    CLAIM_INT(hsy_publish(publisher(), 5, &message, NULL), 0);
    relay_rig_sign_all(&rig);
    CLAIM_INT(publish_len(HSY_INLINE_MAX), 0);
    CLAIM_INT(signing(), 1);
    end();
}

/* ------------------------------------------------------------- in company */

static void while_one_is_being_signed_messages_gather(void **state)
{
    (void)state;
    begin();
    publish(1 + 3);
    CLAIM_INT(signing(), 1);
    relay_rig_pass(&rig, 5 * HSY_MS);
    uint64_t wall_ms = rig.core.env.now.wall_ms - 5;
    CLAIM(relay_rig_sign(&rig)); /* The open one is closed for that. */
    CLAIM_INT(signing(), 1);
    CLAIM_INT(last_signing()->first_seq, 2);
    CLAIM_INT(last_signing()->count, 3);
    CLAIM(last_signing()->wall_ms == wall_ms); /* Of its first message. */
    CLAIM(publisher()->open == NULL);
    CLAIM(publisher()->next_ns == HEARSAY_NEVER);
    end();
}

static void they_gather_for_20_ms_at_most(void **state)
{
    (void)state;
    begin();
    publish(2);
    relay_rig_run_ns(&rig, 10 * HSY_MS);
    publish(1); /* The time is that of the first one. */
    relay_rig_run_ns(&rig, 10 * HSY_MS - 1);
    CLAIM_INT(signing(), 1);
    relay_rig_run_ns(&rig, 1);
    CLAIM_INT(signing(), 2);
    CLAIM_INT(last_signing()->first_seq, 2);
    CLAIM_INT(last_signing()->count, 2);
    end();
}

static void the_64th_closes_the_bundle(void **state)
{
    (void)state;
    begin();
    publish(1 + 63);
    CLAIM_INT(signing(), 1);
    publish(1);
    CLAIM_INT(signing(), 2);
    CLAIM_INT(last_signing()->count, 64);
    publish(1);
    CLAIM_INT(signing(), 2);
    end();
}

static void a_message_that_finds_no_room_closes_the_bundle(void **state)
{
    /* Two of them are all that one bundle carries. */
    uint32_t half = (HSY_BUNDLE_LEN_MAX - HSY_BUNDLE_FIXED_LEN) / 2 - 5;

    (void)state;
    begin();
    publish(1);
    CLAIM_INT(publish_len(half), 0);
    CLAIM_INT(publish_len(half), 0);
    CLAIM_INT(signing(), 1);
    publish(1);
    CLAIM_INT(signing(), 2);
    CLAIM_INT(last_signing()->count, 2);
    relay_rig_sign_all(&rig);
    publish(1);
    CLAIM_INT(publish_len(half), 0);
    CLAIM_INT(publish_len(half + 1), 0);
    CLAIM_INT(last_signing()->count, 1);
    CLAIM_INT(signing(), 2);
    end();
}

static void what_waits_on_every_link_lets_messages_gather(void **state)
{
    (void)state;
    begin();
    rig.ports.waiting = 1;
    publish(1);
    CLAIM_INT(signing(), 0);
    relay_rig_run(&rig, 20);
    CLAIM_INT(signing(), 1);
    CLAIM(relay_rig_sign(&rig));
    publish(1);
    CLAIM_INT(signing(), 0);
    rig.ports.waits_on = 4; /* Link 6 keeps up, and sets the pace. */
    relay_rig_run(&rig, 20);
    relay_rig_sign_all(&rig);
    publish(1);
    CLAIM_INT(signing(), 1);
    end();
}

static void without_any_link_nothing_waits(void **state)
{
    (void)state;
    relay_rig_begin(&rig);
    rig.ports.waiting = UINT32_MAX;
    publish(1);
    CLAIM_INT(signing(), 1);
    end();
}

static void leaving_closes_the_bundle(void **state)
{
    (void)state;
    begin();
    hsy_publisher_flush(publisher()); /* Nothing is open. */
    publish(3);
    CLAIM_INT(signing(), 1);
    hsy_publisher_flush(publisher());
    CLAIM_INT(signing(), 2);
    CLAIM_INT(last_signing()->count, 2);
    end();
}

/* ------------------------------------------------------------------ again */

static void a_quarter_of_the_queue_may_wait_everywhere_and_no_more(void **state)
{
    (void)state;
    begin();
    rig.ports.waiting = rig.core.env.config.queue_max / 4;
    publish(1);
    rig.ports.waiting++;
    CLAIM_INT(relay_rig_publish(&rig, "x"), HEARSAY_ERR_AGAIN);
    CLAIM_INT(publisher()->last_seq, 1);
    CLAIM_INT(relay_rig_counters(&rig)->publish_refused, 1);
    rig.ports.waits_on = 4; /* Link 6 keeps up. */
    publish(1);
    CLAIM_INT(publisher()->last_seq, 2);
    end();
}

static void without_a_job_nothing_is_taken_that_would_travel_alone(void **state)
{
    (void)state;
    begin();
    rig.ports.no_room = true;
    CLAIM_INT(relay_rig_publish(&rig, "x"), HEARSAY_ERR_AGAIN);
    CLAIM_INT(publisher()->last_seq, 0);
    CLAIM_INT(publisher()->unsigned_count, 0);
    rig.ports.no_room = false;
    publish(1);
    CLAIM_INT(last_signing()->first_seq, 1);
    end();
}

static void again_loses_nothing_and_leaves_no_hole(void **state)
{
    uint32_t taken = 0;
    uint64_t next_seq = 1;

    (void)state;
    begin();
    publish(1);
    rig.ports.no_room = true;
    while (relay_rig_publish(&rig, "x") == 0) {
        taken++;
    }
    CLAIM_INT(taken, 64); /* All that the open bundle holds. */
    CLAIM_INT(relay_rig_publish(&rig, "x"), HEARSAY_ERR_AGAIN);
    CLAIM_INT(publisher()->last_seq, 65);
    rig.ports.no_room = false;
    relay_rig_run(&rig, 1); /* It is tried again after a millisecond. */
    CLAIM_INT(signing(), 2);
    publish(1);
    relay_rig_run(&rig, 20);
    CLAIM_INT(signing(), 3);
    for (uint32_t i = 0; i < 3; i++) {
        CLAIM_INT(rig.ports.signables[i].bundle.first_seq, next_seq);
        next_seq += rig.ports.signables[i].bundle.count;
    }
    CLAIM_INT(next_seq, 67);
    end();
}

static void sixty_four_bundles_are_signed_at_a_time(void **state)
{
    (void)state;
    begin();
    publish(1 + 63 * 64);
    CLAIM_INT(signing(), 64);
    publish(64);
    CLAIM_INT(signing(), 64);
    CLAIM_INT(relay_rig_publish(&rig, "x"), HEARSAY_ERR_AGAIN);
    relay_rig_run(&rig, 100);
    CLAIM_INT(signing(), 64);
    CLAIM(relay_rig_sign(&rig));
    publish(1);
    CLAIM_INT(signing(), 64);
    CLAIM_INT(last_signing()->first_seq, 1 + 63 * 64 + 1);
    end();
}

static void without_memory_nothing_is_taken(void **state)
{
    struct mem_fault fault = mem_fault_at(1);

    (void)state;
    begin();
    publish(1);
    rig.core.env.mem = mem_fault_mem(&fault);
    CLAIM_INT(relay_rig_publish(&rig, "x"), HEARSAY_ERR_NOMEM);
    CLAIM_INT(publisher()->last_seq, 1);
    publish(1);
    CLAIM_INT(publisher()->last_seq, 2);
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(last_signing()->first_seq, 2);
    rig.core.env.mem = rig.given.mem;
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_a_message_travels_at_once),
        cmocka_unit_test(the_epoch_is_that_of_the_first_message),
        cmocka_unit_test(what_is_too_big_is_refused),
        cmocka_unit_test(while_one_is_being_signed_messages_gather),
        cmocka_unit_test(they_gather_for_20_ms_at_most),
        cmocka_unit_test(the_64th_closes_the_bundle),
        cmocka_unit_test(a_message_that_finds_no_room_closes_the_bundle),
        cmocka_unit_test(what_waits_on_every_link_lets_messages_gather),
        cmocka_unit_test(without_any_link_nothing_waits),
        cmocka_unit_test(leaving_closes_the_bundle),
        cmocka_unit_test(
            a_quarter_of_the_queue_may_wait_everywhere_and_no_more),
        cmocka_unit_test(
            without_a_job_nothing_is_taken_that_would_travel_alone),
        cmocka_unit_test(again_loses_nothing_and_leaves_no_hole),
        cmocka_unit_test(sixty_four_bundles_are_signed_at_a_time),
        cmocka_unit_test(without_memory_nothing_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
