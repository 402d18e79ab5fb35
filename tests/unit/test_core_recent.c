/* The last few bundles: bounded in number, bytes and age. */
#include <string.h>

#include "core/recent.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_recent recent;
static uint8_t payload[HEARSAY_PAYLOAD_MAX];

static void begin(void)
{
    core_ports_init(&ports, &env);
    hsy_recent_init(&recent, &env);
}

static void end(void)
{
    hsy_recent_fini(&recent);
    core_ports_fini(&ports);
}

static void keep(uint64_t seq, uint32_t len)
{
    static uint8_t bytes[HSY_BUNDLE_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle bundle = {.origin = core_id('p', 1),
                                .epoch_incarnation = 1,
                                .first_seq = seq,
                                .messages = bytes};
    struct hsy_message message = {
        .topic = (const uint8_t *)"", .payload = payload, .payload_len = len};

    hsy_messages_add(&out, &bundle, &message);
    hsy_recent_keep(&recent, &bundle, 3);
}

static uint64_t first_sent(void)
{
    struct hsy_frame frame;

    CLAIM(ports.sent_count > 0);
    CLAIM_INT(
        hsy_frame_decode(&frame, ports.sent[0].bytes, ports.sent[0].len, NULL),
        0);
    CLAIM_INT(frame.bundle.hops, 3);
    return frame.bundle.bundle.first_seq;
}

static void a_new_link_gets_all_in_order(void **state)
{
    struct hsy_frame last;

    (void)state;
    begin();
    CLAIM_INT(hsy_recent_send(&recent, 2), 0);
    keep(1, 10);
    keep(2, 10);
    CLAIM_INT(hsy_recent_send(&recent, 2), 2);
    CLAIM_INT(first_sent(), 1);
    CLAIM(core_ports_last(&ports, 2, HSY_BUNDLE, &last));
    CLAIM_INT(last.bundle.bundle.first_seq, 2);
    end();
}

static void the_65th_pushes_the_first_out(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= HSY_RECENT_MAX; seq++) {
        keep(seq, 1);
    }
    CLAIM_INT(hsy_recent_send(&recent, 2), HSY_RECENT_MAX);
    CLAIM_INT(first_sent(), 1);
    core_ports_forget_sent(&ports);
    keep(HSY_RECENT_MAX + 1, 1);
    CLAIM_INT(hsy_recent_send(&recent, 2), HSY_RECENT_MAX);
    CLAIM_INT(first_sent(), 2);
    end();
}

static void how_many_are_kept_is_a_setting(void **state)
{
    (void)state;
    for (uint32_t max = 1; max < 12; max++) {
        begin();
        env.config.retain_max = max;
        for (uint64_t seq = 1; seq <= 20; seq++) {
            keep(seq, 1);
        }
        CLAIM_INT(hsy_recent_send(&recent, 2), max);
        CLAIM_INT(first_sent(), 21 - max);
        CLAIM(recent.room <= max);
        end();
    }
}

static void bytes_are_bounded_too(void **state)
{
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 4; seq++) {
        keep(seq, HEARSAY_PAYLOAD_MAX);
    }
    CLAIM_INT(recent.count, 4);
    CLAIM(recent.bytes_total <= HSY_RECENT_BYTES_MAX);
    keep(5, HEARSAY_PAYLOAD_MAX);
    CLAIM_INT(recent.count, 4);
    CLAIM_INT(hsy_recent_send(&recent, 2), 4);
    CLAIM_INT(first_sent(), 2);
    end();
}

static void what_is_older_than_15_s_is_not_sent(void **state)
{
    (void)state;
    begin();
    keep(1, 1);
    env.now.mono_ns += HSY_RECENT_NS;
    CLAIM_INT(hsy_recent_send(&recent, 2), 1);
    env.now.mono_ns += 1;
    CLAIM_INT(hsy_recent_send(&recent, 2), 0);
    keep(2, 1); /* And makes room. */
    CLAIM_INT(recent.count, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_link_gets_all_in_order),
        cmocka_unit_test(the_65th_pushes_the_first_out),
        cmocka_unit_test(how_many_are_kept_is_a_setting),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(what_is_older_than_15_s_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
