/* Queries: who is waited for, when it is over, and what the asker is told; and
 * at the other end, what can be answered. */
#include <string.h>

#include "base/addr.h"
#include "support/claim.h"
#include "support/relay_rig.h"

static struct relay_rig rig;

enum { SEED_LINK = 100, OTHER_LINK = 102 };

/* The seed s<index> holds the registration. */
static void register_at(uint32_t index, hearsay_link link)
{
    struct hsy_record record = core_record('s', index, 1);
    struct hsy_neighbour *n = NULL;
    struct hsy_seat *seat = &rig.core.join.seats[index];

    record.role = HEARSAY_SEED;
    CLAIM_INT(hsy_neighbour_add(&rig.core.neighbours, &n, link, &record), 0);
    n->version = 2;
    seat->state = HSY_SEAT_REGISTERED;
    seat->id = record.id;
    seat->known = true;
}

/* Links 4, 6; the first is eager; and one to the first of so many seeds. */
static int begin_with(uint32_t seeds)
{
    relay_rig_init(&rig);
    relay_rig_seeds(&rig, seeds);
    relay_rig_start(&rig);
    relay_rig_links(&rig, 2);
    register_at(0, SEED_LINK);
    rig.core.asked.incarnation = 5;
    rig.core.env.peers_count = 4;
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(1);
}

/* Two of three seeds hold the registration, which is a quorum. */
static int begin_two(void **state)
{
    (void)state;
    int err = begin_with(3);
    register_at(2, OTHER_LINK);
    return err;
}

static int end(void **state)
{
    (void)state;
    relay_rig_fini(&rig);
    return 0;
}

static const struct hsy_counters *counters(void)
{
    return relay_rig_counters(&rig);
}

static int ask(uint32_t timeout_ms)
{
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = (const uint8_t *)"?",
                                  .payload_len = 1,
                                  .query_ms = timeout_ms};
    return hsy_core_query(&rig.core, &message, NULL);
}

static uint32_t told(enum hearsay_effect_kind kind)
{
    return core_ports_told(&rig.ports, kind);
}

static const struct hearsay_summary *summary(void)
{
    const struct core_told *last =
        core_ports_told_last(&rig.ports, HEARSAY_FX_QUERY_DONE);

    HSY_ASSERT(last != NULL);
    return &last->summary;
}

static uint32_t asked_pages(void)
{
    return relay_rig_sent(&rig, SEED_LINK, HSY_PEERS_GET);
}

/* A page with ourselves and o<first>... of the seed's, of a list of @total. */
static void page_of(hearsay_link link, uint32_t number, uint32_t first,
                    uint32_t count, uint32_t total)
{
    static uint8_t bytes[HSY_RECORDS_LEN_MAX];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_PEERS};
    struct hsy_record own = core_record('m', 0, 5);

    frame.peers.kind = HSY_PEERS_PAGE;
    frame.peers.page = number;
    frame.peers.peers_count = total;
    frame.peers.records.bytes = bytes;
    if (number == 0) {
        hsy_records_add(&list, &frame.peers.records, &own);
    }
    for (uint32_t i = first; i < first + count; i++) {
        struct hsy_record record = core_record('o', i, 1);
        hsy_records_add(&list, &frame.peers.records, &record);
    }
    CLAIM(!list.bad);
    relay_rig_frame(&rig, link, &frame);
}

static void page(uint32_t number, uint32_t first, uint32_t count,
                 uint32_t total)
{
    page_of(SEED_LINK, number, first, count, total);
}

static struct hsy_frame answer_of(uint32_t number, uint64_t count, uint64_t seq)
{
    struct hsy_epoch of = relay_rig_epoch(number);
    struct hsy_frame frame = {.type = HSY_DIRECT};
    struct hsy_direct *d = &frame.direct.direct;

    frame.direct.hops_left = 20;
    d->kind = HSY_DIRECT_ANSWER;
    d->origin = of.origin;
    d->incarnation = of.incarnation;
    d->nonce = of.nonce;
    d->number = count;
    d->to = rig.core.env.id;
    d->about_incarnation = 5;
    d->about_nonce = 77;
    d->about_number = seq;
    d->wall_ms = rig.core.env.now.wall_ms;
    d->payload = (const uint8_t *)"!";
    d->payload_len = 1;
    return frame;
}

static void hear(const struct hsy_frame *frame)
{
    CLAIM(hsy_core_wants(&rig.core, 4, frame));
    relay_rig_frame(&rig, 4, frame);
}

/* o<number> answers the query @seq, with its @count-th direct message. */
static void answers(uint32_t number, uint64_t count, uint64_t seq)
{
    struct hsy_frame frame = answer_of(number, count, seq);

    hear(&frame);
}

/* ---------------------------------------------------------------- the asker */

static void it_goes_out_as_a_message_with_a_mark(void **state)
{
    (void)state;
    (void)relay_rig_link(&rig, 8, 1); /* Knows no queries. */
    relay_rig_forget(&rig);
    CLAIM_INT(ask(5000), 0);
    relay_rig_sign_all(&rig);
    struct hsy_frame frame = relay_rig_last(&rig, 4, HSY_BUNDLE);
    struct hsy_reader at = hsy_reader(frame.bundle.bundle.messages,
                                      frame.bundle.bundle.messages_len);
    struct hsy_message message;
    CLAIM(frame.bundle.bundle.asks);
    CLAIM(hsy_messages_next(&at, &message));
    CLAIM_INT(message.query_ms, 5000);
    CLAIM_INT(relay_rig_sent(&rig, 8, HSY_BUNDLE), 0);
    CLAIM_INT(counters()->bundles_withheld, 1);
    CLAIM_INT(relay_rig_publish(&rig, "no query"), 0);
    relay_rig_sign_all(&rig);
    CLAIM_INT(relay_rig_sent(&rig, 8, HSY_BUNDLE), 1);
}

static void it_is_over_as_soon_as_all_have_answered(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    CLAIM_INT(asked_pages(), 1);
    answers(1, 1, 1); /* Before the list is there. */
    page(0, 1, 3, 4);
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 1);
    answers(2, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    answers(3, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 3);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM_INT(summary()->answered, 3);
    CLAIM_INT(summary()->expected, 3);
    CLAIM_INT(summary()->missing_count, 0);
    CLAIM(!summary()->counted_only);
    relay_rig_run(&rig, 10000);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
}

static void who_is_missing_is_named_at_the_deadline(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    page(0, 1, 3, 4);
    answers(2, 1, 1);
    relay_rig_run(&rig, 4999);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    relay_rig_run(&rig, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM_INT(summary()->answered, 1);
    CLAIM_INT(summary()->missing_count, 2);
    CLAIM_INT(summary()->missing_listed, 2);
    const struct core_told *last =
        core_ports_told_last(&rig.ports, HEARSAY_FX_QUERY_DONE);
    struct hearsay_id o1 = core_id('o', 1);
    struct hearsay_id o3 = core_id('o', 3);
    CLAIM_BYTES(&last->missing[0], &o1, 32);
    CLAIM_BYTES(&last->missing[1], &o3, 32);
    answers(1, 1, 1); /* Too late. */
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 1);
    CLAIM_INT(counters()->answers_late, 1);
}

static void each_node_counts_once(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    page(0, 1, 3, 4);
    answers(2, 1, 1);
    answers(2, 2, 1); /* Under another number. */
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 1);
    CLAIM_INT(counters()->answers_in, 1);
}

static void an_answer_to_another_life_is_late(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    struct hsy_frame frame = answer_of(2, 1, 1);
    frame.direct.direct.about_nonce++;
    hear(&frame);
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 0);
    CLAIM_INT(counters()->answers_late, 1);
}

static void one_that_joined_since_counts_too(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    page(0, 1, 3, 4);
    answers(9, 1, 1);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(summary()->answered, 1);
    CLAIM_INT(summary()->expected, 4);
    CLAIM_INT(summary()->missing_count, 3);
}

static void a_list_comes_page_by_page(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    CLAIM_INT(asked_pages(), 1);
    page(0, 1, 47, 200);
    CLAIM_INT(asked_pages(), 1 + HSY_QUERY_PAGES_OPEN);
    page(1, 48, 48, 200);
    CLAIM_INT(asked_pages(), 2 + HSY_QUERY_PAGES_OPEN);
    page(2, 96, 48, 200);
    page(3, 144, 48, 200);
    page(4, 192, 8, 200);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(summary()->expected, 199);
    CLAIM_INT(summary()->missing_count, 199);
    CLAIM_INT(summary()->missing_listed, HSY_QUERY_MISSING_MAX);
}

static void
a_seed_that_sends_no_page_is_asked_again_and_then_counts_do(void **state)
{
    (void)state;
    CLAIM_INT(ask(6000), 0);
    relay_rig_run(&rig, 999);
    CLAIM_INT(asked_pages(), 1);
    relay_rig_run(&rig, 1);
    CLAIM_INT(asked_pages(), 2);
    relay_rig_run(&rig, 2000);
    CLAIM_INT(asked_pages(), 3);
    answers(1, 1, 1);
    answers(2, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    answers(3, 1, 1); /* Of four peers, as was told last. */
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM(summary()->counted_only);
    CLAIM_INT(summary()->expected, 3);
}

static void all_seeds_that_hold_us_are_asked_for_their_lists(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_PEERS_GET), 0);
    answers(1, 1, 1);
    page(0, 1, 1, 2); /* This one has not heard of o2. */
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_PEERS_GET), 1);
    page(0, 1, 1, 2); /* A copy: this list is over. */
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    page_of(OTHER_LINK, 0, 1, 2, 3);
    relay_rig_run(&rig, 2000);
    CLAIM_INT(relay_rig_sent(&rig, SEED_LINK, HSY_LOOKUP), 0);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_LOOKUP), 1);
    answers(2, 1, 1);
    CLAIM_INT(summary()->expected, 2);
}

/* One seed alone may not have heard of o3. */
static void a_list_that_does_not_come_is_asked_for_again(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    relay_rig_run(&rig, 1000);
    page_of(OTHER_LINK, 0, 1, 2, 3);
    answers(1, 1, 1);
    answers(2, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    CLAIM_INT(relay_rig_sent(&rig, SEED_LINK, HSY_PEERS_GET), 2);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_PEERS_GET), 1);
    page(0, 3, 1, 2);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    answers(3, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM(!summary()->counted_only);
    CLAIM_INT(summary()->expected, 3);
}

static void without_a_quorum_of_lists_numbers_are_compared(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    answers(1, 1, 1);
    answers(2, 1, 1);
    answers(3, 1, 1);
    relay_rig_run(&rig, 1000);
    page_of(OTHER_LINK, 0, 1, 2, 4);
    page_of(OTHER_LINK, 1, 3, 1, 4);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 0);
    relay_rig_run(&rig, 2000); /* Three times in all. */
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM(summary()->counted_only);
    CLAIM_INT(relay_rig_sent(&rig, SEED_LINK, HSY_PEERS_GET), 3);
}

/* By the seed that listed it, whichever link leads there now; and by no other,
 * that may not know it. */
static void who_listed_it_is_asked_over_its_new_link(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 1, 2);
    page_of(OTHER_LINK, 0, 2, 1, 2);
    answers(2, 1, 1);
    hsy_neighbour_remove(&rig.core.neighbours,
                         relay_rig_neighbour(&rig, SEED_LINK));
    relay_rig_run(&rig, 2000);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_LOOKUP), 0);
    register_at(0, SEED_LINK + 4);
    relay_rig_run(&rig, 2000);
    CLAIM_INT(relay_rig_sent(&rig, OTHER_LINK, HSY_LOOKUP), 0);
    CLAIM_INT(relay_rig_sent(&rig, SEED_LINK + 4, HSY_LOOKUP), 1);
}

static void of_more_than_4096_peers_nobody_is_named(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    page(0, 1, 47, HSY_QUERY_LISTED_MAX + 1);
    CLAIM_INT(asked_pages(), 1);
    answers(1, 1, 1);
    relay_rig_run(&rig, 5000);
    CLAIM(summary()->counted_only);
    CLAIM_INT(summary()->answered, 1);
    CLAIM_INT(summary()->expected, HSY_QUERY_LISTED_MAX);
    CLAIM_INT(summary()->missing_count, HSY_QUERY_LISTED_MAX - 1);
    CLAIM_INT(summary()->missing_listed, 0);
}

/* The seed's answer to a LOOKUP of o<number>. */
static void looked_up(uint32_t number, bool listed)
{
    static uint8_t bytes[1024];
    struct hsy_writer list = hsy_writer(bytes, sizeof(bytes));
    struct hsy_frame frame = {.type = HSY_PEERS};
    struct hsy_record record = core_record('o', number, 1);

    frame.peers.kind = HSY_PEERS_LOOKUP;
    frame.peers.page = hsy_lookup_mark(&record.id);
    frame.peers.peers_count = 4;
    frame.peers.records.bytes = bytes;
    if (listed) {
        hsy_records_add(&list, &frame.peers.records, &record);
    }
    relay_rig_frame(&rig, SEED_LINK, &frame);
}

static uint32_t lookups(void)
{
    return relay_rig_sent(&rig, SEED_LINK, HSY_LOOKUP);
}

static void who_is_not_listed_any_more_is_not_waited_for(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 3, 4);
    answers(1, 1, 1);
    relay_rig_run(&rig, 1999);
    CLAIM_INT(lookups(), 0);
    relay_rig_run(&rig, 1);
    CLAIM_INT(lookups(), 2);
    looked_up(2, true);
    looked_up(3, false);
    answers(2, 1, 1);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM_INT(summary()->expected, 2);
    CLAIM_INT(summary()->missing_count, 0);
}

static void a_look_up_that_was_not_asked_for_changes_nothing(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 3, 4);
    looked_up(3, false);
    relay_rig_run(&rig, 8000);
    CLAIM_INT(summary()->expected, 3);
}

static void the_last_look_up_is_shortly_before_the_end(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 3, 4);
    relay_rig_run(&rig, 7699);
    CLAIM_INT(lookups(), 9);
    relay_rig_run(&rig, 1);
    CLAIM_INT(lookups(), 12);
    relay_rig_run(&rig, 299);
    looked_up(1, false);
    looked_up(2, false);
    relay_rig_run(&rig, 1);
    CLAIM_INT(summary()->missing_count, 1);
    CLAIM_INT(lookups(), 12);
}

/* The seed is far away: a round trip of 400 ms. */
static void the_last_look_up_leaves_time_for_the_line(void **state)
{
    (void)state;
    hsy_neighbour_by_link(&rig.core.neighbours, SEED_LINK)->rtt_ns =
        400 * HSY_MS;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 3, 4);
    relay_rig_run(&rig, 6799);
    CLAIM_INT(lookups(), 9);
    relay_rig_run(&rig, 1);
    CLAIM_INT(lookups(), 12);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(lookups(), 12);
}

static void a_page_from_far_away_is_waited_for(void **state)
{
    (void)state;
    hsy_neighbour_by_link(&rig.core.neighbours, SEED_LINK)->rtt_ns =
        2 * HSY_SECOND;
    CLAIM_INT(ask(60000), 0);
    CLAIM_INT(asked_pages(), 1);
    relay_rig_run(&rig, 5999);
    CLAIM_INT(asked_pages(), 1);
    relay_rig_run(&rig, 1); /* Passed over, and asked once more. */
    CLAIM_INT(asked_pages(), 2);
}

/* Has o<number> been looked up? */
static bool was_looked_up(uint32_t number)
{
    struct hearsay_id id = core_id('o', number);

    for (uint32_t i = 0; i < rig.ports.sent_count; i++) {
        const struct core_sent *sent = &rig.ports.sent[i];
        struct hsy_frame frame;
        CLAIM_INT(hsy_frame_decode(&frame, sent->bytes, sent->len, NULL), 0);
        if (frame.type == HSY_LOOKUP && hsy_id_equal(&frame.lookup, &id)) {
            return true;
        }
    }
    return false;
}

static void of_more_than_64_missing_the_next_ones_have_their_turn(void **state)
{
    (void)state;
    CLAIM_INT(ask(8000), 0);
    page(0, 1, 47, 67);
    page(1, 48, 19, 67); /* All of 66. */
    relay_rig_run(&rig, 2000);
    CLAIM_INT(lookups(), HSY_QUERY_LOOKUPS_MAX);
    CLAIM(was_looked_up(64));
    CLAIM(!was_looked_up(65));
    relay_rig_forget(&rig);
    relay_rig_run(&rig, 2000);
    CLAIM_INT(lookups(), HSY_QUERY_LOOKUPS_MAX);
    CLAIM(was_looked_up(65));
    CLAIM(was_looked_up(66));
    CLAIM(was_looked_up(1)); /* From the first one again. */
    CLAIM(was_looked_up(62));
    CLAIM(!was_looked_up(63));
}

static void four_are_open_and_get_their_lists_in_turn(void **state)
{
    (void)state;
    for (int i = 0; i < HSY_QUERIES_MAX; i++) {
        CLAIM_INT(ask(5000), 0);
    }
    CLAIM_INT(ask(5000), HEARSAY_ERR_AGAIN);
    CLAIM_INT(asked_pages(), 1);
    page(0, 1, 3, 4);
    CLAIM_INT(asked_pages(), 2);
    page(0, 1, 3, 4);
    page(0, 1, 3, 4);
    page(0, 1, 3, 4);
    CLAIM_INT(asked_pages(), 4);
    relay_rig_run(&rig, 5000);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 4);
    CLAIM_INT(ask(5000), 0);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    (void)state;
    CLAIM_INT(ask(0), HEARSAY_ERR_INVALID);
    CLAIM_INT(ask(60001), HEARSAY_ERR_INVALID);
    rig.core.env.joined_ns = HEARSAY_NEVER;
    CLAIM_INT(ask(5000), HEARSAY_ERR_STATE);
    rig.core.env.joined_ns = 1;
    rig.ports.no_room = true;
    CLAIM_INT(ask(5000), HEARSAY_ERR_AGAIN);
    rig.ports.no_room = false;
    CLAIM_INT(counters()->queries, 0);
    CLAIM_INT(ask(60000), 0);
}

static void the_end_is_told_once_there_is_memory_for_it(void **state)
{
    (void)state;
    CLAIM_INT(ask(2000), 0);
    page(0, 1, 3, 4);
    rig.ports.tells_nothing = true;
    answers(1, 1, 1); /* As if it had never come. */
    relay_rig_run(&rig, 3000);
    rig.ports.tells_nothing = false;
    relay_rig_run(&rig, 10);
    CLAIM_INT(told(HEARSAY_FX_ANSWER), 0);
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM_INT(summary()->missing_count, 3);
}

static void who_stops_ends_its_queries(void **state)
{
    (void)state;
    CLAIM_INT(ask(5000), 0);
    page(0, 1, 3, 4);
    rig.core.phase = HSY_PHASE_STOPPED;
    CLAIM(hsy_core_give_up(&rig.core));
    CLAIM_INT(told(HEARSAY_FX_QUERY_DONE), 1);
    CLAIM(summary()->stopped);
}

/* ---------------------------------------------------------------- the asked */

/* The query @seq of o<number>, said to be @age_ms old; lent until the next. */
static struct hsy_bundle query(uint32_t number, uint64_t seq, uint64_t age_ms)
{
    static uint8_t bytes[256];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hsy_bundle bundle = relay_rig_bundle(&rig, number, seq, 1);
    struct hsy_message message = {.topic = (const uint8_t *)"",
                                  .payload = (const uint8_t *)"?",
                                  .payload_len = 1,
                                  .query_ms = 4000};
    bundle.messages = bytes;
    bundle.messages_len = 0;
    bundle.count = 0;
    bundle.wall_ms = rig.core.env.now.wall_ms - age_ms;
    hsy_messages_add(&out, &bundle, &message);
    return bundle;
}

static void asked(uint32_t number, uint64_t seq, uint64_t age_ms)
{
    struct hsy_bundle bundle = query(number, seq, age_ms);

    CLAIM(relay_rig_hear(&rig, 6, &bundle, 0));
}

static int reply(uint32_t number, uint64_t seq)
{
    struct hsy_query_name name = {
        .origin = core_id('o', number), .incarnation = 1, .seq = seq};
    struct hsy_message payload = {.payload = (const uint8_t *)"!",
                                  .payload_len = 1};
    return hsy_core_answer(&rig.core, &name, &payload, NULL);
}

static void a_node_answers_by_itself_the_way_the_query_came(void **state)
{
    (void)state;
    asked(1, 7, 0);
    relay_rig_forget(&rig);
    relay_rig_sign_all(&rig);
    struct hsy_frame frame = relay_rig_last(&rig, 6, HSY_DIRECT);
    CLAIM_INT(relay_rig_sent(&rig, 0, HSY_DIRECT), 1);
    CLAIM_INT(frame.direct.direct.kind, HSY_DIRECT_ANSWER);
    CLAIM_INT(frame.direct.direct.about_number, 7);
    CLAIM_INT(frame.direct.direct.about_incarnation, 1);
    CLAIM_INT(frame.direct.direct.about_nonce, 9);
    CLAIM_INT(frame.direct.direct.payload_len, 0);
    CLAIM_INT(counters()->queries_in, 1);
    CLAIM_INT(reply(1, 7), HEARSAY_ERR_ANSWERED);
    relay_rig_run(&rig, 10000);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 0); /* Its own word. */
}

static void links_of_version_1_neither_bring_nor_get_any(void **state)
{
    (void)state;
    (void)relay_rig_link(&rig, 8, 1);
    struct hsy_bundle bundle = query(1, 7, 0);
    CLAIM(!relay_rig_hear(&rig, 8, &bundle, 0));
    CLAIM_INT(counters()->frames_unexpected, 1);
    CLAIM_INT(counters()->queries_in, 0);
    asked(1, 7, 0);
    CLAIM_INT(counters()->bundles_withheld, 1);
    (void)relay_rig_link(&rig, 10, 1); /* Which is caught up with the rest. */
    CLAIM_INT(counters()->bundles_withheld, 2);
    CLAIM_INT(relay_rig_sent(&rig, 8, HSY_BUNDLE), 0);
    CLAIM_INT(relay_rig_sent(&rig, 10, HSY_BUNDLE), 0);
}

static void an_application_answers_once_and_in_time(void **state)
{
    (void)state;
    rig.core.env.config.answers = true;
    asked(1, 7, 0);
    asked(1, 8, 0);
    CLAIM(!relay_rig_sign(&rig));
    CLAIM_INT(reply(1, 9), HEARSAY_ERR_UNKNOWN);
    CLAIM_INT(reply(2, 7), HEARSAY_ERR_UNKNOWN);
    relay_rig_run(&rig, 3999);
    CLAIM_INT(reply(1, 7), 0);
    CLAIM_INT(reply(1, 7), HEARSAY_ERR_ANSWERED);
    relay_rig_run(&rig, 1);
    CLAIM_INT(reply(1, 8), HEARSAY_ERR_LATE);
    CLAIM(relay_rig_sign(&rig));
    relay_rig_run(&rig, 10000);
    CLAIM_INT(told(HEARSAY_FX_RECEIPT), 1); /* It hears of the outcome. */
}

static void a_query_of_long_ago_is_a_message(void **state)
{
    (void)state;
    asked(1, 7, 4000 + HSY_ASKED_SKEW_MS + 1);
    CLAIM_INT(counters()->queries_in, 0);
    CLAIM_INT(rig.ports.deliveries_count, 1);
    asked(1, 8, 4000 + HSY_ASKED_SKEW_MS);
    CLAIM_INT(counters()->queries_in, 1);
}

static void what_finds_no_room_is_answered_when_there_is(void **state)
{
    (void)state;
    rig.ports.no_room = true;
    asked(1, 7, 0);
    relay_rig_run(&rig, 1000);
    CLAIM_INT(reply(1, 7), HEARSAY_ERR_ANSWERED);
    rig.ports.no_room = false;
    relay_rig_run(&rig, 20);
    CLAIM(relay_rig_sign(&rig));
    rig.ports.no_room = true;
    asked(1, 8, 0);
    relay_rig_run(&rig, 4100);
    rig.ports.no_room = false;
    relay_rig_run(&rig, 100);
    CLAIM(!relay_rig_sign(&rig));
    CLAIM_INT(counters()->answers_dropped, 1);
}

static void the_oldest_of_1024_is_forgotten(void **state)
{
    (void)state;
    rig.core.env.config.answers = true;
    for (uint64_t seq = 1; seq <= HSY_ASKED_MAX + 1; seq++) {
        asked(1, seq, 0);
    }
    CLAIM_INT(reply(1, 1), HEARSAY_ERR_UNKNOWN);
    CLAIM_INT(reply(1, 2), 0);
    CLAIM_INT(reply(1, HSY_ASKED_MAX + 1), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define CASE_TWO(f) cmocka_unit_test_setup_teardown(f, begin_two, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_goes_out_as_a_message_with_a_mark),
        CASE(it_is_over_as_soon_as_all_have_answered),
        CASE(who_is_missing_is_named_at_the_deadline),
        CASE(each_node_counts_once),
        CASE(an_answer_to_another_life_is_late),
        CASE(one_that_joined_since_counts_too),
        CASE(a_list_comes_page_by_page),
        CASE(a_seed_that_sends_no_page_is_asked_again_and_then_counts_do),
        CASE_TWO(all_seeds_that_hold_us_are_asked_for_their_lists),
        CASE_TWO(a_list_that_does_not_come_is_asked_for_again),
        CASE_TWO(without_a_quorum_of_lists_numbers_are_compared),
        CASE_TWO(who_listed_it_is_asked_over_its_new_link),
        CASE(of_more_than_4096_peers_nobody_is_named),
        CASE(who_is_not_listed_any_more_is_not_waited_for),
        CASE(a_look_up_that_was_not_asked_for_changes_nothing),
        CASE(the_last_look_up_is_shortly_before_the_end),
        CASE(the_last_look_up_leaves_time_for_the_line),
        CASE(a_page_from_far_away_is_waited_for),
        CASE(of_more_than_64_missing_the_next_ones_have_their_turn),
        CASE(four_are_open_and_get_their_lists_in_turn),
        CASE(what_cannot_be_asked_is_refused),
        CASE(the_end_is_told_once_there_is_memory_for_it),
        CASE(who_stops_ends_its_queries),
        CASE(a_node_answers_by_itself_the_way_the_query_came),
        CASE(links_of_version_1_neither_bring_nor_get_any),
        CASE(an_application_answers_once_and_in_time),
        CASE(a_query_of_long_ago_is_a_message),
        CASE(what_finds_no_room_is_answered_when_there_is),
        CASE(the_oldest_of_1024_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
