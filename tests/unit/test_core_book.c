/* The address book: the newest record wins, the useful ones stay. */
#include <string.h>

#include "base/addr.h"
#include "core/book.h"
#include "core/kept.h"
#include "support/claim.h"
#include "support/core_ports.h"

static struct hsy_env env;
static struct core_ports ports;
static struct hsy_book book;

static void begin(uint32_t book_max)
{
    core_ports_init(&ports, &env);
    env.id = core_id('p', 99);
    env.config.book_max = book_max;
    hsy_book_init(&book, &env);
}

static void end(void)
{
    hsy_book_fini(&book);
    core_ports_fini(&ports);
}

static struct hsy_contact *merge(uint32_t number, uint64_t incarnation)
{
    struct hsy_record record = core_record('p', number, incarnation);
    bool is_new;

    return hsy_book_merge(&book, &record, &is_new);
}

/* The incarnation that the book knows after it. */
static uint64_t merged(uint32_t number, uint64_t incarnation)
{
    const struct hsy_contact *c = merge(number, incarnation);

    return hsy_kept_record_brief(c->record).incarnation;
}

static void worked(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    hsy_book_worked(&book, &id);
}

static void failed(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    hsy_book_failed(&book, &id);
}

static void refused(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    hsy_book_refused(&book, &id);
}

static bool has(uint32_t number)
{
    struct hearsay_id id = core_id('p', number);

    return hsy_book_find(&book, &id) != NULL;
}

static void the_newest_record_wins(void **state)
{
    (void)state;
    begin(10);
    CLAIM_INT(merged(1, 5), 5);
    CLAIM_INT(merged(1, 4), 5);
    CLAIM_INT(merged(1, 6), 6);
    CLAIM_INT(book.by_id.count, 1);
    end();
}

static void seeds_itself_and_the_unreachable_are_not_kept(void **state)
{
    struct hsy_record record = core_record('s', 1, 1);
    bool is_new = true;

    (void)state;
    begin(10);
    CLAIM(hsy_book_merge(&book, &record, &is_new) == NULL);
    CLAIM(!is_new);
    CLAIM(merge(99, 1) == NULL);
    record = core_record('p', 1, 1);
    record.addrs_count = 0;
    CLAIM(hsy_book_merge(&book, &record, &is_new) == NULL);
    CLAIM_INT(book.by_id.count, 0);
    end();
}

static void a_failure_backs_off_and_a_later_life_forgives_it(void **state)
{
    (void)state;
    begin(10);
    (void)merge(1, 5);
    failed(1);
    CLAIM(merge(1, 5)->next_try_ns > env.now.mono_ns + HSY_SECOND);
    CLAIM_INT(merge(1, 5)->tries, 1);
    CLAIM_INT(merge(1, 6)->next_try_ns, 0);
    CLAIM_INT(merge(1, 6)->tries, 0);
    failed(1);
    worked(1);
    CLAIM_INT(merge(1, 6)->tries, 0);
    end();
}

static void a_refusal_outlasts_being_reached_but_no_link(void **state)
{
    struct hearsay_id id = core_id('p', 1);

    (void)state;
    begin(10);
    (void)merge(1, 5);
    failed(1);
    refused(1);
    uint64_t until_ns = merge(1, 5)->next_try_ns;
    CLAIM(until_ns > env.now.mono_ns + HSY_SECOND);
    worked(1); /* It dialled, or answered: it is there, and full. */
    CLAIM_INT(merge(1, 5)->tries, 0);
    CLAIM_INT(merge(1, 5)->next_try_ns, until_ns);
    hsy_book_linked(&book, &id);
    CLAIM_INT(merge(1, 5)->next_try_ns, 0);
    refused(1);
    CLAIM_INT(merge(1, 6)->next_try_ns, 0); /* It starts with room. */
    end();
}

static void who_was_slow_is_not_asked_for_a_minute(void **state)
{
    struct hearsay_id id = core_id('p', 1);

    (void)state;
    begin(10);
    (void)merge(1, 5);
    hsy_book_slow(&book, &id);
    uint64_t until_ns = env.now.mono_ns + 60 * HSY_SECOND;
    CLAIM_INT(merge(1, 5)->next_try_ns, until_ns);
    worked(1); /* It answers the probe: it is there, and slow. */
    CLAIM_INT(merge(1, 5)->next_try_ns, until_ns);
    hsy_book_linked(&book, &id); /* It asked for the link itself. */
    CLAIM_INT(merge(1, 5)->next_try_ns, until_ns);
    CLAIM_INT(hsy_book_slow_until(&book, &id), until_ns);
    env.now.mono_ns = until_ns;
    CLAIM_INT(hsy_book_slow_until(&book, &id), 0);
    hsy_book_linked(&book, &id);
    CLAIM_INT(merge(1, 5)->next_try_ns, 0);
    hsy_book_slow(&book, &id);
    refused(1); /* What it says itself counts more. */
    CLAIM_INT(hsy_book_slow_until(&book, &id), 0);
    end();
}

/* The longest of 50 tries: with full jitter it is near the ceiling. */
static uint64_t longest_ns(uint32_t refusals)
{
    uint64_t longest = 0;

    for (uint32_t i = 0; i < 50; i++) {
        struct hsy_contact *c = merge(1, 5);
        c->refusals = (uint8_t)(refusals - 1);
        refused(1);
        CLAIM_INT(c->refusals, refusals < 255 ? refusals : 255);
        CLAIM(c->next_try_ns > env.now.mono_ns + HSY_SECOND);
        uint64_t wait_ns = c->next_try_ns - env.now.mono_ns;
        longest = wait_ns > longest ? wait_ns : longest;
    }
    return longest;
}

static void refusals_back_off_with_full_jitter_up_to_a_minute(void **state)
{
    (void)state;
    begin(10);
    (void)merge(1, 5);
    uint64_t first_ns = longest_ns(1);
    CLAIM(first_ns > 2 * HSY_SECOND && first_ns <= 3 * HSY_SECOND + HSY_MS);
    uint64_t third_ns = longest_ns(3);
    CLAIM(third_ns > 7 * HSY_SECOND && third_ns <= 9 * HSY_SECOND + HSY_MS);
    uint64_t last_ns = longest_ns(256); /* Counted up to 255. */
    CLAIM(last_ns > 50 * HSY_SECOND && last_ns <= 61 * HSY_SECOND + HSY_MS);
    end();
}

static void failures_back_off_with_full_jitter_up_to_a_minute(void **state)
{
    uint64_t longest = 0;

    (void)state;
    begin(10);
    (void)merge(1, 5);
    for (uint32_t i = 0; i < 200; i++) {
        failed(1);
        const struct hsy_contact *c = merge(1, 5);
        uint64_t wait_ns = c->next_try_ns - env.now.mono_ns;
        CLAIM(wait_ns <= 61 * HSY_SECOND + HSY_MS);
        CLAIM(i > 0 || wait_ns <= 3 * HSY_SECOND + HSY_MS);
        longest = wait_ns > longest ? wait_ns : longest;
    }
    CLAIM(longest > 50 * HSY_SECOND);
    end();
}

static void the_untried_make_room_before_the_proven(void **state)
{
    (void)state;
    begin(2);
    (void)merge(1, 1);
    (void)merge(2, 1);
    worked(1);
    CLAIM(merge(3, 1) != NULL);
    CLAIM(has(1));
    CLAIM(!has(2));
    worked(3);
    CLAIM(merge(4, 1) == NULL); /* All that is there is better. */
    CLAIM(has(1) && has(3));
    end();
}

/* Offers unknowns; true: one of them found a place. */
static bool crowd(uint32_t first)
{
    for (uint32_t i = first; i < first + 40; i++) {
        if (merge(i, 1) != NULL) {
            return true;
        }
    }
    return false;
}

static void a_proven_one_is_tested_before_it_goes(void **state)
{
    (void)state;
    begin(2);
    for (uint32_t i = 1; i <= 2; i++) {
        (void)merge(i, 1);
        worked(i);
    }
    failed(1); /* A moment's failure, before anybody wanted its place. */
    CLAIM(!crowd(100));
    CLAIM(merge(1, 1)->coveted);
    worked(1); /* The test went well. */
    CLAIM(!merge(1, 1)->coveted);
    CLAIM(!crowd(200));
    failed(1);
    CLAIM(!crowd(300)); /* One failure alone is not enough. */
    failed(1);
    CLAIM(crowd(400));
    CLAIM(!has(1) && has(2));
    end();
}

static struct hsy_contact *merge_at(uint32_t number, uint8_t a, uint8_t b)
{
    struct hsy_record record = core_record('p', number, 1);
    bool is_new;

    record.addrs[0].ip[12] = a;
    record.addrs[0].ip[13] = b;
    record.addrs[0].ip[14] = 0;
    return hsy_book_merge(&book, &record, &is_new);
}

/* Entries of 70.<b>. */
static uint32_t count_of(uint8_t b)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < book.by_id.count; i++) {
        const struct hsy_contact *c = hsy_table_at(&book.by_id, i);
        struct hsy_record record = hsy_kept_record(c->record);
        count += record.addrs[0].ip[12] == 70 && record.addrs[0].ip[13] == b;
    }
    return count;
}

static void one_group_has_its_share_of_a_full_book(void **state)
{
    (void)state;
    begin(64);
    for (uint32_t i = 1; i <= 64; i++) { /* A group of two each. */
        CLAIM(merge_at(i, 70, (uint8_t)(i / 2)) != NULL);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        (void)merge_at(1000 + i, 70, 200);
    }
    CLAIM_INT(count_of(200), HSY_BOOK_GROUP_MIN);
    end();
}

static void a_group_that_fills_the_book_makes_room_for_others(void **state)
{
    (void)state;
    begin(64);
    for (uint32_t i = 1; i <= 60; i++) { /* Nobody else is known. */
        CLAIM(merge_at(i, 70, 200) != NULL);
    }
    for (uint32_t i = 61; i <= 64; i++) {
        CLAIM(merge_at(i, 70, (uint8_t)i) != NULL);
    }
    for (uint32_t i = 0; i < 20; i++) {
        CLAIM(merge_at(1000 + i, 70, (uint8_t)(100 + i)) != NULL);
    }
    CLAIM_INT(count_of(200), 40);
    for (uint32_t i = 61; i <= 64; i++) {
        CLAIM(has(i));
    }
    end();
}

static void an_anchor_stays_and_comes_back_first(void **state)
{
    struct hearsay_id id = core_id('p', 1);
    struct hearsay_id out;

    (void)state;
    begin(2);
    (void)merge(1, 1);
    (void)merge(2, 1);
    worked(1);
    hsy_book_anchor(&book, hsy_book_find(&book, &id), true);
    for (uint32_t i = 0; i < 3; i++) {
        failed(1);
    }
    CLAIM(crowd(100));
    CLAIM(has(1));
    hsy_book_flush(&book);
    const struct core_row *saved = &ports.rows[ports.rows_count - 1];
    struct hearsay_row row = {.table = HEARSAY_TABLE_BOOK,
                              .key = saved->key,
                              .key_len = saved->key_len,
                              .value = saved->value,
                              .value_len = saved->value_len};
    hsy_book_forget(&book, &id);
    CLAIM_INT(book.anchors, 0);
    CLAIM_INT(hsy_book_restore(&book, &row), 0);
    CLAIM_INT(book.anchors, 1);
    CLAIM(hsy_book_take_first(&book, &out));
    CLAIM(hsy_id_equal(&out, &id));
    CLAIM(!hsy_book_take_first(&book, &out)); /* Once. */
    saved->value[saved->value_len - 1] = 2;
    CLAIM_INT(hsy_book_restore(&book, &row), HEARSAY_ERR_MALFORMED);
    end();
}

static void good_ones_are_saved_in_batches_after_ten_seconds(void **state)
{
    (void)state;
    begin(40);
    for (uint32_t i = 1; i <= 20; i++) {
        (void)merge(i, 1);
        worked(i);
    }
    (void)merge(30, 1); /* Never worked: not worth a row. */
    env.now.mono_ns += 10 * HSY_SECOND - 1;
    hsy_book_tick(&book);
    CLAIM_INT(ports.rows_count, 0);
    env.now.mono_ns += 1;
    hsy_book_tick(&book);
    CLAIM_INT(ports.rows_count, HSY_BOOK_FLUSH_ROWS);
    env.now.mono_ns += HSY_SECOND;
    hsy_book_tick(&book);
    CLAIM_INT(ports.rows_count, 20);
    CLAIM(book.flush_ns == HEARSAY_NEVER);
    end();
}

static void leaving_saves_all_that_is_unsaved_at_once(void **state)
{
    (void)state;
    begin(40);
    for (uint32_t i = 1; i <= 20; i++) {
        (void)merge(i, 1);
        worked(i);
    }
    hsy_book_flush(&book);
    CLAIM_INT(ports.rows_count, 20);
    CLAIM(book.flush_ns == HEARSAY_NEVER);
    end();
}

static void a_row_that_the_disk_refused_is_tried_again_in_a_minute(void **state)
{
    struct hearsay_id id = core_id('p', 2);

    (void)state;
    begin(10);
    for (uint32_t i = 1; i <= 3; i++) {
        (void)merge(i, 1);
        worked(i);
    }
    hsy_book_flush(&book);
    CLAIM_INT(ports.rows_count, 3);
    hsy_book_write_failed(&book, ports.rows[1].token);
    hsy_book_write_failed(&book, ports.token + 1); /* Not one of the book. */
    env.now.mono_ns += 60 * HSY_SECOND - 1;
    hsy_book_tick(&book);
    CLAIM_INT(ports.rows_count, 3);
    env.now.mono_ns += 1;
    hsy_book_tick(&book);
    CLAIM_INT(ports.rows_count, 4);
    CLAIM_BYTES(ports.rows[3].key, id.bytes, sizeof(id.bytes));
    CLAIM(book.flush_ns == HEARSAY_NEVER);
    end();
}

static void who_left_goes_from_the_disk_too(void **state)
{
    struct hearsay_id id = core_id('p', 1);

    (void)state;
    begin(10);
    (void)merge(1, 1);
    worked(1);
    hsy_book_flush(&book);
    hsy_book_forget(&book, &id);
    CLAIM(!has(1));
    CLAIM_INT(ports.rows_count, 2);
    CLAIM(ports.rows[1].value == NULL);
    hsy_book_forget(&book, &id);
    CLAIM_INT(ports.rows_count, 2);
    end();
}

static void a_saved_row_comes_back_as_a_good_contact(void **state)
{
    struct hsy_record record = core_record('p', 1, 7);
    uint8_t bytes[HSY_RECORD_LEN_MAX];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    struct hearsay_row row = {.table = HEARSAY_TABLE_BOOK,
                              .key = record.id.bytes,
                              .key_len = HEARSAY_ID_LEN,
                              .value = bytes};

    (void)state;
    begin(10);
    hsy_put_record(&out, &record);
    row.value_len = out.len;
    CLAIM_INT(hsy_book_restore(&book, &row), 0);
    CLAIM(merge(1, 7)->good);
    CLAIM_INT(ports.rows_count, 0);
    row.value_len--;
    CLAIM_INT(hsy_book_restore(&book, &row), HEARSAY_ERR_MALFORMED);
    end();
}

static void who_refuses_makes_room_for_newcomers(void **state)
{
    (void)state;
    begin(4);
    for (uint32_t i = 1; i <= 4; i++) {
        (void)merge(i, 1);
        worked(i);
        refused(i);
    }
    for (uint32_t i = 5; i <= 54; i++) {
        CLAIM(merge(i, 1) != NULL);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_refuses_makes_room_for_newcomers),
        cmocka_unit_test(the_newest_record_wins),
        cmocka_unit_test(seeds_itself_and_the_unreachable_are_not_kept),
        cmocka_unit_test(a_failure_backs_off_and_a_later_life_forgives_it),
        cmocka_unit_test(a_refusal_outlasts_being_reached_but_no_link),
        cmocka_unit_test(who_was_slow_is_not_asked_for_a_minute),
        cmocka_unit_test(refusals_back_off_with_full_jitter_up_to_a_minute),
        cmocka_unit_test(failures_back_off_with_full_jitter_up_to_a_minute),
        cmocka_unit_test(the_untried_make_room_before_the_proven),
        cmocka_unit_test(good_ones_are_saved_in_batches_after_ten_seconds),
        cmocka_unit_test(leaving_saves_all_that_is_unsaved_at_once),
        cmocka_unit_test(
            a_row_that_the_disk_refused_is_tried_again_in_a_minute),
        cmocka_unit_test(who_left_goes_from_the_disk_too),
        cmocka_unit_test(a_saved_row_comes_back_as_a_good_contact),
        cmocka_unit_test(a_proven_one_is_tested_before_it_goes),
        cmocka_unit_test(one_group_has_its_share_of_a_full_book),
        cmocka_unit_test(a_group_that_fills_the_book_makes_room_for_others),
        cmocka_unit_test(an_anchor_stays_and_comes_back_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
