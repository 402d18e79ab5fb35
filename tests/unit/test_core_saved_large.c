/* What another life makes of a large message: the content was in memory only,
 * and is fetched again, to be handed over if its row does not say that it was,
 * else to be served. */
#include "support/bulk_rig.h"
#include "support/row_disk.h"

static struct row_disk disk;

static void prepare(void)
{
    relay_rig_init(&rig);
    rig.given.config.retain_on_disk = true;
}

/* The process is gone; another one begins @minutes later. */
static void restart(uint64_t minutes)
{
    relay_rig_fini(&rig);
    prepare();
    rig.given.now.wall_ms += minutes * 60 * 1000;
    row_disk_load(&disk, &rig);
}

static void settle(void)
{
    relay_rig_tick(&rig);
    for (uint32_t i = 0; i < 5; i++) {
        row_disk_answer(&disk, &rig, true);
        relay_rig_run_ns(&rig, HSY_SAVED_LATER_NS);
    }
}

static uint32_t delivered(void)
{
    return rig.ports.deliveries_count;
}

/* The process went between the disk's answer and the note of it; the next one
 * begins @minutes later. */
static struct hsy_bundle_id gone_for(uint64_t minutes)
{
    disk.count = 0;
    disk.answered = 0;
    prepare();
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    CLAIM(hear(4, 1, 1, LEN));
    struct hsy_bundle_id id = id_of(1, 1, LEN);
    feed(4, &id, LEN, PIECES);
    relay_rig_tick(&rig);
    CLAIM_INT(delivered(), 0);
    for (uint32_t i = 0; i < rig.ports.rows_count; i++) {
        row_disk_write(&disk, &rig.ports.rows[i]);
    }
    CLAIM(disk.count > 0);
    restart(minutes);
    CLAIM_INT(delivered(), 0);
    return id;
}

static void what_was_not_handed_over_is_fetched_again(void **state)
{
    (void)state;
    (void)gone_for(1);
    relay_rig_run(&rig, 1000);
    CLAIM(fetches(4) >= 1);
    end();
}

/* Longer than origins are remembered: this one is, for what is under way. */
static void nor_does_its_origin_go_before_that_is_over(void **state)
{
    (void)state;
    (void)gone_for(21);
    CLAIM_INT(relay_rig_origin(&rig, 1)->under_way, 1);
    relay_rig_run(&rig, 1000);
    end();
}

/* Others were, and that is on the disk; it must not look as if it were so of
 * the one that is fetched again. */
static void nor_is_it_forgotten_when_the_process_ends_once_more(void **state)
{
    (void)state;
    struct hsy_bundle_id id = gone_for(1);
    CLAIM(relay_rig_hear_one(&rig, 4, 2, 1));
    settle();
    CLAIM_INT(delivered(), 1);
    restart(1);
    CLAIM_INT(relay_rig_origin(&rig, 1)->fetching, 1);
    relay_rig_run(&rig, 100);
    feed(4, &id, LEN, PIECES);
    settle();
    CLAIM(rig.ports.deliveries[delivered() - 1].again);
    CLAIM_INT(rig.ports.deliveries[delivered() - 1].origin.bytes[0],
              relay_rig_epoch(1).origin.bytes[0]);
    restart(1);
    relay_rig_run(&rig, 100);
    CLAIM_INT(relay_rig_origin(&rig, 1)->fetching, 0); /* Now it is over. */
    CLAIM_INT(delivered(), 0);
    end();
}

/* It has come, and its row waits behind many others: what is handed over is
 * not written before that row is. */
static void nor_before_its_row_is_written_anew(void **state)
{
    (void)state;
    struct hsy_bundle_id id = gone_for(1);
    relay_rig_run(&rig, 100);
    feed(4, &id, LEN, PIECES - 1);
    row_disk_answer(&disk, &rig, true);
    for (uint64_t seq = 1; seq <= HSY_BATCH_BUNDLES; seq++) {
        CLAIM(relay_rig_hear_one(&rig, 4, 2, seq));
    }
    say_piece(4, &id, LEN, PIECES - 1);
    relay_rig_tick(&rig);
    CLAIM(rig.ports.token >= disk.answered + 2);
    row_disk_answer_one(&disk, &rig, true);
    restart(1);
    CLAIM_INT(relay_rig_origin(&rig, 1)->fetching, 1);
    end();
}

static bool is_on_disk(const struct hsy_bundle_id *id)
{
    for (uint32_t i = 0; i < disk.count; i++) {
        if (disk.rows[i].key_len == sizeof(id->bytes) &&
            memcmp(disk.rows[i].key, id->bytes, sizeof(id->bytes)) == 0) {
            return true;
        }
    }
    return false;
}

/* While it is fetched its own row stays, kept or not; and there is no mark of
 * its origin. Rows of others wait for neither. */
static void rows_of_others_go_meanwhile(void **state)
{
    (void)state;
    struct hsy_bundle_id large = gone_for(1);
    rig.core.env.config.retain_max = 2;
    for (uint64_t seq = 1; seq <= 4; seq++) {
        CLAIM(relay_rig_hear_one(&rig, 4, 2, seq));
    }
    settle();
    CLAIM_INT(delivered(), 4);
    CLAIM(hsy_retained_find(&relay_rig_relay(&rig)->retained, &large) == NULL);
    CLAIM(is_on_disk(&large));
    for (uint64_t seq = 1; seq <= 4; seq++) {
        struct hsy_bundle bundle = relay_rig_bundle(&rig, 2, seq, 1);
        struct hsy_bundle_id id = relay_rig_id(&rig, &bundle);
        CLAIM(is_on_disk(&id) == (seq >= 3));
    }
    feed(4, &large, LEN, PIECES);
    settle();
    CLAIM_INT(delivered(), 5);
    CLAIM(!is_on_disk(&large));
    end();
}

/* --------------------------------------------------------------- to serve */

/* @count of o1, which are @ids, were handed over; the next process begins
 * @minutes later. */
static void done_with(struct hsy_bundle_id *ids, uint32_t count,
                      uint64_t minutes)
{

    disk.count = 0;
    disk.answered = 0;
    prepare();
    relay_rig_start(&rig);
    relay_rig_links(&rig, 1);
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = take_one(1, i + 1, LEN);
        settle();
        CLAIM_INT(delivered(), i + 1);
    }
    restart(minutes);
    relay_rig_run(&rig, 100);
}

static void what_was_handed_over_is_fetched_again_to_be_served(void **state)
{
    struct hsy_bundle_id id;
    struct hsy_frame out;

    (void)state;
    done_with(&id, 1, 1);
    CLAIM_INT(relay_rig_origin(&rig, 1)->fetching, 0);
    CLAIM(fetches(4) >= 1);
    feed(4, &id, LEN, PIECES);
    settle();
    CLAIM_INT(delivered(), 0);
    say_fetch(4, &id, 0, PIECES);
    for (uint16_t i = 0; i < PIECES; i++) {
        CLAIM(hsy_bulk_serve(bulk(), 4, &out));
        CLAIM_INT(out.piece.how, HSY_PIECE_DATA);
        CLAIM_INT(out.piece.index, i);
    }
    restart(1);
    CLAIM_INT(delivered(), 0);
    end();
}

/* Nobody misses it here. */
static void in_vain_it_ends_without_a_word(void **state)
{
    struct hsy_bundle_id id;

    (void)state;
    done_with(&id, 1, 1);
    for (uint32_t i = 0; i < 61; i++) {
        CLAIM(hsy_bulk_find(bulk(), &id) != NULL);
        say_no(4, &id, HSY_PIECE_GONE);
        relay_rig_run(&rig, 2000);
    }
    CLAIM(hsy_bulk_find(bulk(), &id) == NULL);
    CLAIM_INT(counters()->lost, 0);
    end();
}

static void not_when_it_is_kept_no_more(void **state)
{
    struct hsy_bundle_id id;

    (void)state;
    done_with(&id, 1, 11);
    CLAIM(hsy_bulk_find(bulk(), &id) == NULL);
    CLAIM_INT(fetches(4), 0);
    end();
}

static void nor_when_it_is_larger_than_we_want(void **state)
{
    struct hsy_bundle_id id;

    (void)state;
    done_with(&id, 1, 1);
    relay_rig_fini(&rig);
    prepare();
    rig.given.config.payload_max = LEN - 1;
    row_disk_load(&disk, &rig);
    relay_rig_run(&rig, 100);
    CLAIM_INT(fetches(4), 0);
    CLAIM_INT(counters()->contents_refused, 0); /* Nobody has asked for it. */
    end();
}

/* The application waits for it. */
static void a_new_one_overtakes_them(void **state)
{
    enum { TURNS = HSY_BULK_TURNS / HSY_BULK_PARTS };

    struct hsy_bundle_id ids[TURNS + 1];

    (void)state;
    done_with(ids, TURNS + 1, 1);
    CLAIM_INT(bulk()->turns, TURNS);
    CLAIM(hear(4, 1, TURNS + 2, LEN));
    struct hsy_bundle_id fresh = id_of(1, TURNS + 2, LEN);
    CLAIM_INT(hsy_bulk_find(bulk(), &fresh)->state, HSY_BULK_WAITING);
    feed(4, &ids[0], LEN, PIECES);
    relay_rig_tick(&rig);
    CLAIM_INT(hsy_bulk_find(bulk(), &fresh)->state, HSY_BULK_FETCHING);
    CLAIM_INT(hsy_bulk_find(bulk(), &ids[TURNS])->state, HSY_BULK_WAITING);
    end();
}

/* Contents that nobody else keeps any more have a bound, too. */
static void contents_on_their_way_to_the_disk_have_a_bound(void **state)
{
    (void)state;
    disk.count = 0;
    disk.answered = 0;
    prepare();
    relay_rig_start(&rig);
    rig.core.env.config.bulk_bytes = 2 * LEN;
    relay_rig_links(&rig, 1);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        (void)take_one(1, seq, LEN);
        CLAIM_INT(delivered(), seq == 3 ? 1 : 0);
    }
    CLAIM_INT(counters()->unsaved, 1);
    settle();
    CLAIM_INT(delivered(), 3);
    (void)take_one(1, 4, LEN);
    CLAIM_INT(delivered(), 3);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_handed_over_is_fetched_again),
        cmocka_unit_test(nor_does_its_origin_go_before_that_is_over),
        cmocka_unit_test(nor_is_it_forgotten_when_the_process_ends_once_more),
        cmocka_unit_test(nor_before_its_row_is_written_anew),
        cmocka_unit_test(rows_of_others_go_meanwhile),
        cmocka_unit_test(what_was_handed_over_is_fetched_again_to_be_served),
        cmocka_unit_test(in_vain_it_ends_without_a_word),
        cmocka_unit_test(not_when_it_is_kept_no_more),
        cmocka_unit_test(nor_when_it_is_larger_than_we_want),
        cmocka_unit_test(a_new_one_overtakes_them),
        cmocka_unit_test(contents_on_their_way_to_the_disk_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
