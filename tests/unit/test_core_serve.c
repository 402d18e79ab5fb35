/* Large messages: pieces are served to those who ask, and no more than that;
 * what is published is hashed by and by, and small messages do not wait. */
#include "support/bulk_rig.h"

/* ------------------------------------------------------------------- serve */

/* What the node would give to @link now. */
static bool next_for(hearsay_link link, struct hsy_frame *frame)
{
    return hsy_core_serve(&rig.core, link, frame);
}

static void claim_next(hearsay_link link, uint16_t index)
{
    struct hsy_frame frame;

    CLAIM(next_for(link, &frame));
    CLAIM_INT(frame.piece.how, HSY_PIECE_DATA);
    CLAIM_INT(frame.piece.index, index);
    CLAIM(memcmp(frame.piece.bytes, content + (size_t)index * PIECE,
                 frame.piece.len) == 0);
}

static void no_more_is_served_than_was_asked_for(void **state)
{
    struct hsy_frame frame;

    (void)state;
    begin();
    struct hsy_bundle_id id = take_one(1, 1, LEN);
    say_fetch(6, &id, 2, 4);
    CLAIM(rig.ports.served == 6);
    claim_next(6, 2);
    claim_next(6, 3);
    CLAIM(!next_for(6, &frame));
    CLAIM(!next_for(8, &frame));
    say_fetch(6, &id, 9, 11);
    claim_next(6, 9);
    CLAIM(next_for(6, &frame));
    CLAIM_INT(frame.piece.len, 100);
    CLAIM(!next_for(6, &frame));
    end();
}

static void a_longer_request_goes_on_and_an_empty_one_ends_it(void **state)
{
    struct hsy_frame frame;

    (void)state;
    begin();
    struct hsy_bundle_id id = take_one(1, 1, LEN);
    say_fetch(6, &id, 0, 2);
    claim_next(6, 0);
    say_fetch(6, &id, 2, 3); /* More of the same. */
    claim_next(6, 1);
    say_fetch(6, &id, 5, 7); /* Anew. */
    claim_next(6, 5);
    say_fetch(6, &id, 6, 6);
    CLAIM(!next_for(6, &frame));
    CLAIM_INT(bulk()->serves.count, 0);
    end();
}

/* So a content streams down the tree. */
static void what_has_not_come_yet_is_served_as_it_comes(void **state)
{
    struct hsy_frame frame;

    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    say_fetch(6, &id, 0, 4);
    CLAIM(!next_for(6, &frame));
    feed(4, &id, LEN, 1);
    CLAIM(rig.ports.served == 6);
    claim_next(6, 0);
    CLAIM(!next_for(6, &frame));
    feed(4, &id, LEN, 2);
    claim_next(6, 1);
    end();
}

static void what_is_not_known_is_not_here(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    say_fetch(6, &id, 0, 4);
    struct hsy_piece answer = relay_rig_last(&rig, 6, HSY_PIECE).piece;
    CLAIM_INT(answer.how, HSY_PIECE_NOT_HERE);
    CLAIM(memcmp(&answer.id, &id, sizeof(id)) == 0);
    end();
}

static void whom_we_ask_gets_no_promise(void **state)
{
    (void)state;
    begin();
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    say_fetch(4, &id, 0, 4);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_PIECE).piece.how, HSY_PIECE_NOT_HERE);
    end();
}

static void what_was_evicted_is_gone(void **state)
{
    struct hsy_frame frame;

    (void)state;
    begin();
    struct hsy_bundle_id id = take_one(1, 1, LEN);
    say_fetch(6, &id, 0, 4);
    claim_next(6, 0);
    hsy_bulk_remove(bulk(), hsy_bulk_find(bulk(), &id));
    CLAIM(next_for(6, &frame));
    CLAIM_INT(frame.piece.how, HSY_PIECE_GONE);
    CLAIM(!next_for(6, &frame));
    relay_rig_forget(&rig);
    say_fetch(6, &id, 0, 4);
    CLAIM_INT(relay_rig_last(&rig, 6, HSY_PIECE).piece.how, HSY_PIECE_GONE);
    end();
}

static void a_fetch_beyond_the_end_is_an_offence(void **state)
{
    struct hsy_frame frame = {.type = HSY_FETCH};

    (void)state;
    begin();
    frame.fetch.id = take_one(1, 1, LEN);
    frame.fetch.upto = PIECES + 1;
    CLAIM(!hsy_core_frame(&rig.core, 6, &frame));
    end();
}

static void a_17th_request_of_one_link_is_not_here(void **state)
{
    (void)state;
    begin();
    for (uint32_t number = 1; number <= HSY_SERVES_MAX + 1; number++) {
        struct hsy_bundle_id id = take_one(number, 1, PIECE);
        CLAIM_INT(relay_rig_sent(&rig, 6, HSY_PIECE), 0);
        say_fetch(6, &id, 0, 1);
    }
    CLAIM_INT(relay_rig_sent(&rig, 6, HSY_PIECE), 1);
    end();
}

static void several_requests_of_a_link_take_turns(void **state)
{
    struct hsy_frame frame;
    uint32_t of_first = 0;

    (void)state;
    begin();
    struct hsy_bundle_id first = take_one(1, 1, LEN);
    struct hsy_bundle_id second = take_one(2, 1, LEN);
    say_fetch(6, &first, 0, 8);
    say_fetch(6, &second, 0, 8);
    for (uint32_t i = 0; i < 8; i++) {
        CLAIM(next_for(6, &frame));
        of_first += memcmp(&frame.piece.id, &first, sizeof(first)) == 0 ? 1 : 0;
    }
    CLAIM_INT(of_first, 4);
    end();
}

static void requests_go_with_their_link(void **state)
{
    (void)state;
    begin();
    struct hsy_bundle_id id = take_one(1, 1, LEN);
    say_fetch(6, &id, 0, 4);
    CLAIM_INT(bulk()->serves.count, 1);
    relay_rig_unlink(&rig, 6);
    CLAIM_INT(bulk()->serves.count, 0);
    end();
}

/* --------------------------------------------------------------------- own */

static int publish_large(uint32_t len, uint64_t *seq)
{
    struct hsy_message message = {
        .topic = (const uint8_t *)"", .payload = content, .payload_len = len};

    return hsy_publish(&relay_rig_relay(&rig)->publisher,
                       rig.core.self.incarnation, &message, seq);
}

static struct hsy_bundle_id sent_manifest(hearsay_link link)
{
    struct hsy_bundle bundle =
        relay_rig_last(&rig, link, HSY_BUNDLE).bundle.bundle;

    CLAIM(hsy_bundle_large(&bundle));
    return relay_rig_id(&rig, &bundle);
}

static void own_ones_are_hashed_by_and_by_and_signed(void **state)
{
    uint64_t seq = 0;

    (void)state;
    begin();
    CLAIM_INT(publish_large(LEN, &seq), 0);
    CLAIM(seq == 1);
    CLAIM_INT(rig.ports.signables_count, 0);
    relay_rig_run(&rig, 1); /* 8 pieces, then 3. */
    CLAIM_INT(rig.ports.signables_count, 1);
    relay_rig_sign_all(&rig);
    struct hsy_bundle_id id = sent_manifest(4);
    say_fetch(4, &id, 0, PIECES);
    for (uint16_t i = 0; i < PIECES; i++) {
        claim_next(4, i);
    }
    end();
}

static void what_comes_later_does_not_wait_for_it(void **state)
{
    uint64_t seq = 0;

    (void)state;
    begin();
    CLAIM_INT(publish_large(HEARSAY_PAYLOAD_MAX, &seq), 0);
    CLAIM_INT(relay_rig_publish(&rig, "small"), 0);
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_BUNDLE).bundle.bundle.first_seq, 2);
    relay_rig_run(&rig, 100);
    CLAIM(relay_rig_sign(&rig));
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_BUNDLE).bundle.bundle.first_seq, 1);
    end();
}

/* A hole in our own numbers is not gone, and not asked for. */
static void a_number_that_is_being_signed_is_not_gone(void **state)
{
    struct hsy_frame pull = {.type = HSY_PULL};
    uint8_t bytes[HSY_SPAN_LEN];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_span span = {.from = 1, .to = 2};

    (void)state;
    begin();
    CLAIM_INT(publish_large(LEN, NULL), 0);
    CLAIM_INT(relay_rig_publish(&rig, "small"), 0);
    relay_rig_sign_all(&rig); /* Only the small one is ready. */
    span.of = (struct hsy_epoch){.origin = rig.core.env.id,
                                 .incarnation = rig.core.self.incarnation,
                                 .nonce = rig.core.env.config.boot_nonce};
    pull.pull.credit = 1024;
    pull.pull.spans.bytes = bytes;
    hsy_spans_add(&list, &pull.pull.spans, &span);
    relay_rig_frame(&rig, 4, &pull);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_GONE).gone.spans.count, 0);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_BUNDLE).bundle.bundle.first_seq, 2);
    relay_rig_run(&rig, 30000);
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_PULL), 0);
    CLAIM_INT(counters()->lost, 0);
    relay_rig_sign_all(&rig);
    relay_rig_frame(&rig, 4, &pull);
    CLAIM_INT(relay_rig_last(&rig, 4, HSY_GONE).gone.spans.count, 0);
    end();
}

static void what_gathers_goes_before_it(void **state)
{
    uint64_t seq = 0;

    (void)state;
    begin();
    CLAIM_INT(relay_rig_publish(&rig, "alone"), 0);
    CLAIM_INT(relay_rig_publish(&rig, "gathers"), 0);
    CLAIM_INT(publish_large(LEN, &seq), 0);
    CLAIM(seq == 3);
    CLAIM_INT(rig.ports.signables_count, 2);
    CLAIM_INT(rig.ports.signables[1].bundle.first_seq, 2);
    end();
}

static void four_are_prepared_at_a_time(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < HSY_BULK_OWN; i++) {
        CLAIM_INT(publish_large(PIECE, NULL), 0);
    }
    CLAIM_INT(publish_large(PIECE, NULL), HEARSAY_ERR_AGAIN);
    CLAIM_INT(counters()->publish_refused, 1);
    relay_rig_run(&rig, 10);
    relay_rig_sign_all(&rig);
    uint64_t seq = 0;
    CLAIM_INT(publish_large(PIECE, &seq), 0);
    CLAIM(seq == HSY_BULK_OWN + 1); /* No hole. */
    end();
}

/* Until one copy is out, or for half a minute. */
static void an_own_content_keeps_its_place_until_somebody_has_it(void **state)
{
    (void)state;
    begin();
    CLAIM_INT(publish_large(HEARSAY_PAYLOAD_MAX, NULL), 0);
    relay_rig_run(&rig, 100);
    relay_rig_sign_all(&rig);
    CLAIM_INT(publish_large(LEN, NULL), HEARSAY_ERR_AGAIN);
    struct hsy_bundle_id id = sent_manifest(4);
    say_fetch(4, &id, 0, 512);
    for (uint16_t i = 0; i < 512; i++) {
        claim_next(4, i);
    }
    CLAIM_INT(publish_large(HEARSAY_PAYLOAD_MAX, NULL), 0);
    relay_rig_run(&rig, 100);
    relay_rig_sign_all(&rig);
    CLAIM_INT(publish_large(LEN, NULL), HEARSAY_ERR_AGAIN);
    relay_rig_run(&rig, 30000);
    CLAIM_INT(publish_large(LEN, NULL), 0);
    end();
}

static void what_is_larger_than_we_take_is_refused(void **state)
{
    (void)state;
    begin();
    rig.core.env.config.payload_max = LEN - 1;
    CLAIM_INT(publish_large(LEN, NULL), HEARSAY_ERR_TOO_BIG);
    CLAIM_INT(publish_large(LEN - 1, NULL), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_served_than_was_asked_for),
        cmocka_unit_test(a_longer_request_goes_on_and_an_empty_one_ends_it),
        cmocka_unit_test(what_has_not_come_yet_is_served_as_it_comes),
        cmocka_unit_test(what_is_not_known_is_not_here),
        cmocka_unit_test(whom_we_ask_gets_no_promise),
        cmocka_unit_test(what_was_evicted_is_gone),
        cmocka_unit_test(a_fetch_beyond_the_end_is_an_offence),
        cmocka_unit_test(a_17th_request_of_one_link_is_not_here),
        cmocka_unit_test(several_requests_of_a_link_take_turns),
        cmocka_unit_test(requests_go_with_their_link),
        cmocka_unit_test(own_ones_are_hashed_by_and_by_and_signed),
        cmocka_unit_test(what_comes_later_does_not_wait_for_it),
        cmocka_unit_test(a_number_that_is_being_signed_is_not_gone),
        cmocka_unit_test(what_gathers_goes_before_it),
        cmocka_unit_test(four_are_prepared_at_a_time),
        cmocka_unit_test(an_own_content_keeps_its_place_until_somebody_has_it),
        cmocka_unit_test(what_is_larger_than_we_take_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
