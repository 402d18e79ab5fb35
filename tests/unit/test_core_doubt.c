/* A peer that finds many silent may be alone itself. Seen from a peer with one
 * seed and a few neighbours. */
#include <string.h>

#include "node/inner.h"
#include "support/claim.h"
#include "support/node_rig.h"

enum { FRIENDS_MAX = 4, STEP_MS = 100, STRUCK_OUT_MS = 45000 };

static struct stage stage;
static struct puppet seed, friends[FRIENDS_MAX];
static hearsay_link seat, links[FRIENDS_MAX];
static uint32_t friends_count;

static void begin(uint32_t count)
{
    struct hsy_frame connect = {.type = HSY_CONNECT};

    stage_init(&stage, HEARSAY_PEER, 1, 1);
    stage.config.gossip_count = 0;
    stage_create(&stage);
    stage_start(&stage);
    stage_run(&stage, 1);
    puppet_init(&seed, 200, HEARSAY_SEED);
    seat = puppet_seat(&stage, &seed, 10);
    friends_count = count;
    for (uint8_t i = 0; i < count; i++) {
        puppet_init(&friends[i], (uint8_t)(2 + i), HEARSAY_PEER);
        links[i] = puppet_dial(&stage, &friends[i]);
        puppet_say(&stage, links[i], &connect);
        CLAIM_INT(stage_frames(&stage, links[i], HSY_ACCEPT), 1);
    }
}

static void end(void)
{
    stage_fini(&stage);
}

static const struct hsy_doubt *doubt(void)
{
    return &stage.node->core.doubt;
}

static uint32_t reports(void)
{
    return stage_frames(&stage, seat, HSY_DEAD_REPORT);
}

/* Answers the last PING on @link, so often. */
static void answer(hearsay_link link, uint32_t times)
{
    struct hsy_frame ping, pong = {.type = HSY_PONG};

    if (!stage_is_open(&stage, link) ||
        !stage_frame(&stage, link, HSY_PING, &ping)) {
        return;
    }
    pong.pong = ping.ping;
    for (uint32_t i = 0; i < times; i++) {
        puppet_say(&stage, link, &pong);
    }
    if (link != seat) { /* Reports are counted there. */
        stage_find(&stage, link)->out_len = 0;
    }
}

/* Time goes on: the seed answers if @seeds, and so do the neighbours but the
 * first @silent ones. Until somebody is held back or reported. */
static void live(uint32_t ms, bool seeds, uint32_t silent)
{
    for (uint32_t at = 0; at < ms; at += STEP_MS) {
        stage_run(&stage, STEP_MS);
        if (seeds) {
            answer(seat, 1);
        }
        for (uint32_t i = silent; i < friends_count; i++) {
            answer(links[i], 1);
        }
        if (doubt()->suspects.count > 0 || reports() > 0) {
            return;
        }
    }
}

/* The dial to a neighbour that is no more; NULL. */
static struct stage_link *dial_of(const struct hearsay_id *id)
{
    for (uint32_t i = 0; i < friends_count; i++) {
        if (memcmp(&friends[i].id, id, sizeof(*id)) == 0) {
            return stage_dial(&stage, (uint16_t)(7000 + friends[i].number));
        }
    }
    return NULL;
}

static struct hearsay_id suspect(void)
{
    CLAIM(doubt()->suspects.count >= 1);
    return ((struct hsy_suspect *)hsy_table_at(&doubt()->suspects, 0))->id;
}

static void one_of_four_is_reported_without_a_dial(void **state)
{
    (void)state;
    begin(4);
    live(STRUCK_OUT_MS, true, 1);
    CLAIM_INT(reports(), 1);
    CLAIM_INT(stage_counters(&stage)->reports_held, 0);
    CLAIM(dial_of(&friends[0].id) == NULL);
    end();
}

static void one_of_two_is_reported_at_once_if_the_seed_answers(void **state)
{
    (void)state;
    for (uint32_t cut = 0; cut < 2; cut++) {
        begin(2);
        live(STRUCK_OUT_MS, cut == 0, 1);
        CLAIM_INT(reports(), cut == 0 ? 1 : 0);
        CLAIM_INT(doubt()->suspects.count, cut == 0 ? 0 : 1);
        end();
    }
}

static void with_two_of_four_silent_it_asks_and_dials_once_more(void **state)
{
    (void)state;
    begin(4);
    live(STRUCK_OUT_MS, true, 2);
    CLAIM_INT(reports(), 0);
    CLAIM_INT(stage_counters(&stage)->reports_held, 1);
    struct hearsay_id id = suspect();
    live(1, true, 2); /* The seed and the others have answered by now. */
    stage_run(&stage, STEP_MS);
    CLAIM(stage_noted(&stage, "doubt-over") == 1);
    struct stage_link *dial = dial_of(&id);
    CLAIM(dial != NULL);
    CLAIM_INT(reports(), 0);
    answer(seat, 1);
    stage_run(&stage, 5000);
    stage_down(&stage, dial->link, HEARSAY_DOWN_TIMEOUT);
    CLAIM_INT(reports(), 1);
    CLAIM(hsy_table_find(&doubt()->suspects, &id) == NULL);
    end();
}

static void whose_own_line_was_cut_reports_nobody(void **state)
{
    (void)state;
    begin(4);
    live(STRUCK_OUT_MS, false, 4);
    CLAIM(stage_counters(&stage)->reports_held >= 1);
    struct hearsay_id id = suspect();
    stage_run(&stage, 2000);
    CLAIM(dial_of(&id) == NULL); /* Nobody has answered. */
    CLAIM_INT(reports(), 0);
    answer(seat, 1); /* The line is back. */
    stage_run(&stage, STEP_MS);
    struct stage_link *dial = dial_of(&id);
    CLAIM(dial != NULL);
    for (uint32_t i = 0; i < friends_count; i++) {
        if (memcmp(&friends[i].id, &id, sizeof(id)) == 0) {
            puppet_answer(&stage, dial->link, &friends[i]);
        }
    }
    CLAIM(hsy_table_find(&doubt()->suspects, &id) == NULL);
    CLAIM_INT(reports(), 0);
    end();
}

/* As long as nobody answers it goes on asking, with a pause. */
static void it_asks_again_when_too_few_have_answered(void **state)
{
    (void)state;
    begin(4);
    live(STRUCK_OUT_MS, false, 3);
    uint64_t nonce = doubt()->nonce;
    CLAIM_INT(doubt()->asked, 2); /* The seed, and who is not silent. */
    CLAIM_INT(doubt()->answered, 1);
    while (doubt()->nonce == nonce) {
        stage_run(&stage, STEP_MS);
    }
    CLAIM_INT(doubt()->answered, 0);
    answer(links[3], 2); /* An answer counts once. */
    CLAIM_INT(doubt()->answered, 1);
    CLAIM_INT(doubt()->held, 1);
    end();
}

static void a_dial_proves_nothing_when_nobody_is_heard(void **state)
{
    (void)state;
    begin(4);
    stage_down(&stage, links[0], HEARSAY_DOWN_RESET);
    for (uint32_t at = 0; at < 20000 && doubt()->held == 0; at += STEP_MS) {
        stage_run(&stage, STEP_MS);
        struct stage_link *dial = dial_of(&friends[0].id);
        if (dial != NULL) {
            stage_down(&stage, dial->link, HEARSAY_DOWN_TIMEOUT);
        }
        for (uint32_t i = 1; i < friends_count && doubt()->held == 0; i++) {
            answer(links[i], 1); /* Nobody is on strike. */
            answer(seat, 1);
        }
    }
    CLAIM_INT(reports(), 0);
    CLAIM_INT(doubt()->held, 1);
    CLAIM_INT(stage_counters(&stage)->strikes, 0);
    for (uint32_t i = 1; i < friends_count; i++) {
        answer(links[i], 1);
    }
    answer(seat, 1);
    stage_run(&stage, STEP_MS);
    struct stage_link *again = dial_of(&friends[0].id);
    CLAIM(again != NULL);
    answer(links[2], 1);
    stage_run(&stage, 5000);
    stage_down(&stage, again->link, HEARSAY_DOWN_TIMEOUT);
    CLAIM_INT(reports(), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_four_is_reported_without_a_dial),
        cmocka_unit_test(one_of_two_is_reported_at_once_if_the_seed_answers),
        cmocka_unit_test(with_two_of_four_silent_it_asks_and_dials_once_more),
        cmocka_unit_test(whose_own_line_was_cut_reports_nobody),
        cmocka_unit_test(it_asks_again_when_too_few_have_answered),
        cmocka_unit_test(a_dial_proves_nothing_when_nobody_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
