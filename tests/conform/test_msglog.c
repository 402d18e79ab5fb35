/* The log of retained messages: what it gives back, and what damage costs. */
#include "support/msglog_rig.h"

static void rows_come_back_in_the_order_of_writing(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    CLAIM_TEXT(rig_rows(log), "");
    rig_commit(log, "z", "1");
    rig_commit(log, "a", "2");
    rig_commit(log, "m", "3");
    rig_commit(log, "empty", "");
    rig_commit(log, "z", "4");
    rig_commit(log, "a", NULL);
    rig_commit(log, "never", NULL);
    CLAIM_TEXT(rig_rows(log), "m=3 empty= z=4 ");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "m=3 empty= z=4 ");
    rig_commit(log, "a", "5");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "m=3 empty= z=4 a=5 ");
    struct hsy_msglog_stats stats = rig_stats(log);
    CLAIM_INT(stats.rows, 4);
    CLAIM_INT(stats.segments, 1);
    CLAIM_INT(stats.torn_bytes + stats.damaged_bytes, 0);
    hsy_msglog_close(log);
}

static void within_a_batch_the_last_word_counts(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "old", "1");
    hsy_msglog_begin(log);
    CLAIM_INT(rig_put(log, "a", "1", false), 0);
    CLAIM_INT(rig_put(log, "a", NULL, false), 0);
    CLAIM_INT(rig_put(log, "a", "2", false), 0);
    CLAIM_INT(rig_put(log, "b", NULL, false), 0);
    CLAIM_INT(rig_put(log, "b", "3", false), 0);
    CLAIM_INT(rig_put(log, "c", "4", true), 0);
    CLAIM_INT(rig_put(log, "old", NULL, true), 0);
    CLAIM_INT(rig_put(log, "c", NULL, false), 0);
    CLAIM_INT(hsy_msglog_commit(log), 0);
    CLAIM_TEXT(rig_rows(log), "a=2 b=3 ");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "a=2 b=3 ");
    hsy_msglog_close(log);
}

static void a_batch_is_one_sync(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "first", "1");
    rig_syncs = 0;
    hsy_msglog_begin(log);
    for (uint32_t i = 0; i < 500; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "%u", i);
        CLAIM_INT(rig_put(log, key, "v", false), 0);
    }
    CLAIM_INT(rig_syncs, 0);
    CLAIM_INT(hsy_msglog_commit(log), 0);
    CLAIM_INT(rig_syncs, 1);
    hsy_msglog_close(log);
}

static void files_are_private(void **state)
{
    (void)state;
    char dir[sizeof(rig_dir)];
    memcpy(dir, rig_dir, sizeof(dir));
    (void)snprintf(rig_dir, sizeof(rig_dir), "%.40s/deep", dir);
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    struct stat st;
    CLAIM_INT(stat(rig_dir, &st), 0);
    CLAIM_INT(st.st_mode & 07777, 0700);
    CLAIM(!rig_exists(1)); /* Nothing was kept yet. */
    rig_commit(log, "a", "1");
    CLAIM_INT(stat(rig_path(1), &st), 0);
    CLAIM_INT(st.st_mode & 07777, 0600);
    hsy_msglog_close(log);
    CLAIM_INT(rig_end(NULL), 0);
    memcpy(rig_dir, dir, sizeof(dir));
}

static void a_batch_that_is_rolled_back_leaves_nothing(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    hsy_msglog_begin(log);
    CLAIM_INT(rig_put(log, "a", "2", false), 0);
    CLAIM_INT(rig_put(log, "b", "2", true), 0);
    hsy_msglog_rollback(log);
    hsy_msglog_begin(log);
    CLAIM_INT(hsy_msglog_commit(log), 0); /* Of nothing. */
    CLAIM_TEXT(rig_rows(log), "a=1 ");
    rig_commit(log, "c", "3");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "a=1 c=3 ");
    CLAIM_INT(rig_stats(log).segments, 1);
    hsy_msglog_close(log);
}

/* ------------------------------------------------------------- torn ends */

/* Rows "a" and "b", and their file's length; then "c" behind them. */
static struct rig_file three_rows(size_t *two_len)
{
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    rig_commit(log, "b", "2");
    *two_len = rig_stats(log).bytes;
    rig_commit(log, "c", "a value that is a little longer");
    hsy_msglog_close(log);
    return rig_read(1);
}

/* Segment 1 with this in it: rows @want, and it can be gone on with. */
static void claim_torn(const struct rig_file *file, uint64_t torn,
                       const char *want)
{
    struct hsy_msglog_config config = rig_config();
    char with_d[64];
    rig_clear();
    rig_write(1, file->data, file->len);
    struct hsy_msglog *log = rig_open(&config);
    CLAIM_TEXT(rig_rows(log), want);
    CLAIM_INT(rig_stats(log).torn_bytes, torn);
    CLAIM_INT(rig_stats(log).damaged_bytes, 0);
    rig_commit(log, "d", "4");
    log = rig_reopen(log, config);
    (void)snprintf(with_d, sizeof(with_d), "%sd=4 ", want);
    CLAIM_TEXT(rig_rows(log), with_d);
    CLAIM_INT(rig_stats(log).torn_bytes, 0);
    CLAIM_INT(rig_stats(log).damaged_bytes, 0);
    CLAIM_INT(rig_stats(log).segments, 1);
    hsy_msglog_close(log);
}

static void an_end_torn_at_any_byte_costs_the_last_record_only(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    size_t len = file.len;
    CLAIM_INT(len - two_len, HSY_MSGRECORD_HEAD_LEN + 1 + 31);
    for (file.len = two_len; file.len < len; file.len++) {
        claim_torn(&file, file.len - two_len, "a=1 b=2 ");
    }
    claim_torn(&file, 0, "a=1 b=2 c=a value  ");
    free(file.data);
}

/* The file got its length before its bytes. */
static void an_end_of_zeros_is_torn(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    for (size_t at = file.len - 1; at >= two_len; at--) {
        file.data[at] = 0;
        claim_torn(&file, file.len - two_len, "a=1 b=2 ");
    }
    free(file.data);
}

static void a_segment_torn_within_its_header_is_begun_anew(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    for (file.len = 0; file.len < HSY_MSGSEGMENT_LEN; file.len++) {
        claim_torn(&file, file.len, "");
    }
    claim_torn(&file, 0, "");
    free(file.data);
}

static void half_a_transaction_is_none(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    size_t one_len = rig_stats(log).bytes;
    hsy_msglog_begin(log);
    CLAIM_INT(rig_put(log, "b", "2", true), 0);
    CLAIM_INT(rig_put(log, "a", NULL, true), 0);
    CLAIM_INT(rig_put(log, "c", "3", false), 0);
    CLAIM_INT(hsy_msglog_commit(log), 0);
    hsy_msglog_close(log);
    struct rig_file file = rig_read(1);
    size_t len = file.len;
    for (file.len = one_len; file.len < len; file.len++) {
        claim_torn(&file, file.len - one_len, "a=1 ");
    }
    claim_torn(&file, 0, "b=2 c=3 ");
    free(file.data);
}

/* ----------------------------------------------------------------- damage */

/* As claim_torn(), of damage that is not at the end. */
static void claim_damaged(const struct rig_file *file, const char *want)
{
    struct hsy_msglog_config config = rig_config();
    char with_d[64];
    rig_clear();
    rig_write(1, file->data, file->len);
    struct hsy_msglog *log = rig_open(&config);
    CLAIM_TEXT(rig_rows(log), want);
    CLAIM(rig_stats(log).damaged_bytes > 0);
    rig_commit(log, "d", "4");
    log = rig_reopen(log, config);
    (void)snprintf(with_d, sizeof(with_d), "%sd=4 ", want);
    CLAIM_TEXT(rig_rows(log), with_d);
    CLAIM_INT(rig_stats(log).segments, 2); /* Not behind damage. */
    hsy_msglog_close(log);
}

static void a_flipped_bit_costs_its_record_only(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    size_t one_len = two_len - HSY_MSGRECORD_HEAD_LEN - 2;
    for (size_t bit = 8 * one_len; bit < 8 * two_len; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_damaged(&file, "a=1 c=a value  ");
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(file.data);
}

static void a_flipped_bit_takes_its_whole_transaction(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    size_t from = rig_stats(log).bytes;
    hsy_msglog_begin(log);
    CLAIM_INT(rig_put(log, "b", "2", true), 0);
    CLAIM_INT(rig_put(log, "a", NULL, false), 0);
    CLAIM_INT(hsy_msglog_commit(log), 0);
    size_t to = rig_stats(log).bytes;
    rig_commit(log, "c", "3");
    hsy_msglog_close(log);
    struct rig_file file = rig_read(1);
    for (size_t bit = 8 * from; bit < 8 * to; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_damaged(&file, "a=1 c=3 ");
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(file.data);
}

static void a_flipped_bit_in_the_only_header_costs_nothing(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    for (size_t bit = 0; bit < 8 * HSY_MSGSEGMENT_LEN; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        claim_damaged(&file, "a=1 b=2 c=a value  ");
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(file.data);
}

/* Of three records the last is taken out, and another row follows. */
static void a_transaction_without_its_end_is_none(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    hsy_msglog_begin(log);
    CLAIM_INT(rig_put(log, "b", "2", true), 0);
    CLAIM_INT(rig_put(log, "a", NULL, true), 0);
    CLAIM_INT(rig_put(log, "e", "5", false), 0);
    CLAIM_INT(hsy_msglog_commit(log), 0);
    size_t to = rig_stats(log).bytes;
    rig_commit(log, "c", "3");
    hsy_msglog_close(log);
    struct rig_file file = rig_read(1);
    size_t from = to - HSY_MSGRECORD_HEAD_LEN - 2;
    memmove(file.data + from, file.data + to, file.len - to);
    file.len -= to - from;
    claim_damaged(&file, "a=1 c=3 ");
    free(file.data);
}

/* Four segments of one row each. */
static struct hsy_msglog_config four_segments(void)
{
    struct hsy_msglog_config config = rig_config();
    config.segment_len = HSY_MSGSEGMENT_LEN + 1;
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    rig_commit(log, "b", "2");
    rig_commit(log, "c", "3");
    rig_commit(log, "d", "4");
    CLAIM_INT(rig_stats(log).segments, 4);
    hsy_msglog_close(log);
    return config;
}

static void damage_in_an_older_segment_costs_no_other(void **state)
{
    (void)state;
    struct hsy_msglog_config config = four_segments();
    struct rig_file file = rig_read(2);
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_write(2, file.data, file.len);
        struct hsy_msglog *log = rig_open(&config);
        CLAIM_TEXT(rig_rows(log), bit / 8 < HSY_MSGSEGMENT_LEN
                                      ? "a=1 b=2 c=3 d=4 "
                                      : "a=1 c=3 d=4 ");
        CLAIM(rig_stats(log).damaged_bytes > 0);
        hsy_msglog_close(log);
        file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < file.len; len++) {
        rig_write(2, file.data, len);
        struct hsy_msglog *log = rig_open(&config);
        CLAIM_TEXT(rig_rows(log), "a=1 c=3 d=4 ");
        hsy_msglog_close(log);
    }
    free(file.data);
}

static void what_goes_bad_after_opening_is_not_given(void **state)
{
    (void)state;
    struct hsy_msglog_config config = four_segments();
    struct hsy_msglog *log = rig_open(&config);
    struct rig_file file = rig_read(3);
    file.data[file.len - 1] ^= 0x10;
    rig_write(3, file.data, file.len);
    CLAIM_TEXT(rig_rows(log), "a=1 b=2 d=4 ");
    CLAIM_INT(rig_stats(log).rows_dropped, 1);
    CLAIM_INT(unlink(rig_path(2)), 0);
    CLAIM_TEXT(rig_rows(log), "a=1 d=4 ");
    hsy_msglog_close(log);
    free(file.data);
}

/* A copy would bring back what has been deleted since. */
static void a_segment_under_another_name_is_not_believed(void **state)
{
    (void)state;
    struct hsy_msglog_config config = four_segments();
    struct hsy_msglog *log = rig_open(&config);
    struct rig_file file = rig_read(2);
    rig_commit(log, "b", NULL);
    hsy_msglog_close(log);
    rig_write(9, file.data, file.len);
    rig_write(10, file.data, 3);
    log = rig_open(&config);
    CLAIM_TEXT(rig_rows(log), "a=1 c=3 d=4 ");
    rig_commit(log, "e", "5"); /* Behind all of them. */
    CLAIM(rig_exists(11));
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "a=1 c=3 d=4 e=5 ");
    hsy_msglog_close(log);
    free(file.data);
}

static void strangers_files_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {
        "README",         "1.log",          "000000000x.log", "0000000000.log",
        "4294967295.log", "9999999999.log", "0000000001.log~"};
    char path[128];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", rig_dir, names[i]);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        CLAIM(fd >= 0);
        CLAIM_INT(write(fd, "junk", 4), 4);
        CLAIM_INT(close(fd), 0);
    }
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log = rig_open(&config);
    CLAIM_TEXT(rig_rows(log), "");
    rig_commit(log, "a", "1");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "a=1 ");
    CLAIM_INT(rig_stats(log).segments, 1);
    hsy_msglog_close(log);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", rig_dir, names[i]);
        CLAIM_INT(unlink(path), 0);
    }
}

static void a_newer_version_is_refused_and_untouched(void **state)
{
    (void)state;
    size_t two_len;
    struct rig_file file = three_rows(&two_len);
    struct hsy_msgsegment head = {.marker = 1, .number = 2};
    uint8_t bytes[HSY_MSGSEGMENT_LEN];
    struct hsy_writer out = hsy_writer(bytes, sizeof(bytes));
    hsy_put_msgsegment(&out, &head);
    /* Version 2, and the sum that goes with it. */
    static const uint8_t sum[4] = {0x68, 0x10, 0x61, 0xf3};
    bytes[7] = 2;
    memcpy(bytes + 20, sum, 4);
    rig_write(2, bytes, sizeof(bytes));
    struct hsy_msglog_config config = rig_config();
    struct hsy_msglog *log;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(hsy_msglog_open(&log, &config, &error), HEARSAY_ERR_NEWER);
    CLAIM(strstr(error.text, rig_dir) != NULL);
    CLAIM(strstr(error.text, "newer") != NULL);
    CLAIM(rig_exists(1) && rig_exists(2));
    free(file.data);
}

static void a_path_under_a_file_says_what_to_check(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    config.dir = "/dev/null/retain";
    struct hsy_msglog *log;
    struct hearsay_runtime_error error = {.err = 0};
    CLAIM_INT(hsy_msglog_open(&log, &config, &error), HEARSAY_ERR_IO);
    CLAIM(strstr(error.text, "/dev/null/retain") != NULL);
    CLAIM(strstr(error.text, "rights") != NULL);
}

/* ------------------------------------------------------------------- room */

static char kib[1025]; /* The text of a value, and what fills it up. */

static const char *kib_of(uint32_t i)
{
    memset(kib, '.', sizeof(kib) - 1);
    (void)snprintf(kib, sizeof(kib), "%07u", i);
    kib[7] = '.';
    return kib;
}

static const char *key_of(uint32_t i)
{
    static char key[33];
    (void)snprintf(key, sizeof(key), "%024u-in-full", i);
    return key;
}

static void a_segment_goes_when_its_last_row_does(void **state)
{
    (void)state;
    struct hsy_msglog_config config = four_segments();
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "b", NULL);
    CLAIM(rig_exists(2)); /* Only from the old end: "a" is older. */
    rig_commit(log, "a", NULL);
    CLAIM(!rig_exists(1) && !rig_exists(2) && rig_exists(3));
    rig_commit(log, "c", "new");
    CLAIM(!rig_exists(3) && rig_exists(4));
    CLAIM_TEXT(rig_rows(log), "d=4 c=new ");
    log = rig_reopen(log, config);
    CLAIM_TEXT(rig_rows(log), "d=4 c=new ");
    hsy_msglog_close(log);
}

static void all_gone_is_one_segment_at_most(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    config.segment_len = 16 * 1024;
    struct hsy_msglog *log = rig_open(&config);
    for (uint32_t i = 0; i < 200; i++) {
        rig_commit(log, key_of(i), kib_of(i));
    }
    CLAIM(rig_stats(log).segments > 10);
    for (uint32_t i = 0; i < 200; i++) {
        rig_commit(log, key_of(i), NULL);
    }
    CLAIM_INT(rig_stats(log).segments, 1);
    CLAIM_INT(rig_stats(log).rows, 0);
    CLAIM_INT(rig_stats(log).live_bytes, 0);
    hsy_msglog_close(log);
}

/* A window of 100 rows, of which each 50th ever written stays for good: these
 * few must not keep whole segments alive. */
static void rows_that_stay_are_moved_and_keep_their_order(void **state)
{
    (void)state;
    enum { ROWS = 3000, WINDOW = 100, STAYS = 50 };
    struct hsy_msglog_config config = rig_config();
    config.live_max = 256 * 1024;
    config.segment_len = 16 * 1024;
    uint64_t bytes_max = 2 * config.live_max + 4 * config.segment_len;
    struct hsy_msglog *log = rig_open(&config);
    for (uint32_t i = 0; i < ROWS; i++) {
        rig_commit(log, key_of(i), kib_of(i));
        if (i >= WINDOW && (i - WINDOW) % STAYS != 0) {
            rig_commit(log, key_of(i - WINDOW), NULL);
        }
        CLAIM(rig_stats(log).bytes <= bytes_max);
        if (i % 500 == 499) {
            log = rig_reopen(log, config);
        }
    }
    struct hsy_msglog_stats stats = rig_stats(log);
    CLAIM_INT(stats.rows_dropped, 0);
    CLAIM_INT(stats.rows, (ROWS - WINDOW) / STAYS + WINDOW);
    log = rig_reopen(log, config);
    const char *at = rig_rows(log);
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i < ROWS - WINDOW && i % STAYS != 0) {
            continue;
        }
        char want[64];
        int n = snprintf(want, sizeof(want), "%s=%07u. ", key_of(i), i);
        CLAIM(strncmp(at, want, (size_t)n) == 0);
        at += n;
    }
    CLAIM_TEXT(at, "");
    hsy_msglog_close(log);
}

static void what_is_moved_is_less_than_what_is_put(void **state)
{
    (void)state;
    enum { LIVE = 200, ROUNDS = 40 };
    struct hsy_msglog_config config = rig_config();
    config.live_max = LIVE * 1100;
    config.segment_len = 16 * 1024;
    struct hsy_msglog *log = rig_open(&config);
    uint64_t moved = 0;
    for (uint32_t i = 0; i < LIVE * ROUNDS; i++) {
        uint32_t key = i * 7919 % LIVE; /* No segment dies as a whole. */
        rig_commit(log, key_of(key % (LIVE / 2) + i % 2 * LIVE), kib_of(i));
    }
    moved = rig_stats(log).rows_moved;
    CLAIM_INT(rig_stats(log).rows_dropped, 0);
    CLAIM(moved < LIVE * ROUNDS);
    hsy_msglog_close(log);
}

static void
more_rows_than_there_is_room_for_are_dropped_oldest_first(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    config.live_max = 100 * 1024;
    config.segment_len = 16 * 1024;
    uint64_t bytes_max = 2 * config.live_max + 4 * config.segment_len;
    struct hsy_msglog *log = rig_open(&config);
    for (uint32_t i = 0; i < 1000; i++) {
        rig_commit(log, key_of(i), kib_of(i));
        CLAIM(rig_stats(log).bytes <= bytes_max);
    }
    struct hsy_msglog_stats stats = rig_stats(log);
    CLAIM_INT(stats.rows + stats.rows_dropped, 1000);
    CLAIM(stats.rows >= 100);
    log = rig_reopen(log, config);
    const char *at = rig_rows(log);
    for (uint32_t i = 1000 - stats.rows; i < 1000; i++) {
        CLAIM(strncmp(at, key_of(i), 32) == 0);
        at = strchr(at, ' ') + 1;
    }
    hsy_msglog_close(log);
}

static void too_many_rows_are_refused_and_the_log_goes_on(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    config.rows_max = 3;
    struct hsy_msglog *log = rig_open(&config);
    rig_commit(log, "a", "1");
    rig_commit(log, "b", "2");
    rig_commit(log, "c", "3");
    CLAIM_INT(rig_try(log, "d", "4"), HEARSAY_ERR_FULL);
    CLAIM(strstr(hsy_msglog_why(log), "too many") != NULL);
    rig_commit(log, "b", "5");
    rig_commit(log, "a", NULL);
    rig_commit(log, "d", "6");
    CLAIM_TEXT(rig_rows(log), "c=3 b=5 d=6 ");
    CLAIM_INT(rig_stats(log).segments, 1);
    config.rows_max = 2; /* A later program may have less room. */
    log = rig_reopen(log, config);
    CLAIM_INT(rig_stats(log).rows, 2);
    CLAIM(rig_stats(log).rows_dropped >= 1);
    hsy_msglog_close(log);
}

static void a_transaction_is_never_split(void **state)
{
    (void)state;
    struct hsy_msglog_config config = rig_config();
    config.live_max = 1 << 22;
    config.segment_len = 16 * 1024;
    struct hsy_msglog *log = rig_open(&config);
    hsy_msglog_begin(log);
    for (uint32_t i = 0; i < 1000; i++) {
        CLAIM_INT(rig_put(log, key_of(i), kib_of(i), i % 100 != 99), 0);
    }
    CLAIM_INT(hsy_msglog_commit(log), 0);
    CLAIM_INT(rig_stats(log).segments, 10);
    CLAIM_INT(rig_stats(log).rows, 1000);
    log = rig_reopen(log, config);
    CLAIM_INT(rig_stats(log).rows, 1000);
    CLAIM_INT(rig_stats(log).damaged_bytes, 0);
    hsy_msglog_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(rows_come_back_in_the_order_of_writing),
        IN_RIG(within_a_batch_the_last_word_counts),
        IN_RIG(a_batch_is_one_sync),
        IN_RIG(files_are_private),
        IN_RIG(a_batch_that_is_rolled_back_leaves_nothing),
        IN_RIG(an_end_torn_at_any_byte_costs_the_last_record_only),
        IN_RIG(an_end_of_zeros_is_torn),
        IN_RIG(a_segment_torn_within_its_header_is_begun_anew),
        IN_RIG(half_a_transaction_is_none),
        IN_RIG(a_flipped_bit_costs_its_record_only),
        IN_RIG(a_flipped_bit_in_the_only_header_costs_nothing),
        IN_RIG(a_flipped_bit_takes_its_whole_transaction),
        IN_RIG(a_transaction_without_its_end_is_none),
        IN_RIG(damage_in_an_older_segment_costs_no_other),
        IN_RIG(what_goes_bad_after_opening_is_not_given),
        IN_RIG(a_segment_under_another_name_is_not_believed),
        IN_RIG(strangers_files_are_left_alone),
        IN_RIG(a_newer_version_is_refused_and_untouched),
        IN_RIG(a_path_under_a_file_says_what_to_check),
        IN_RIG(a_segment_goes_when_its_last_row_does),
        IN_RIG(all_gone_is_one_segment_at_most),
        IN_RIG(rows_that_stay_are_moved_and_keep_their_order),
        IN_RIG(what_is_moved_is_less_than_what_is_put),
        IN_RIG(more_rows_than_there_is_room_for_are_dropped_oldest_first),
        IN_RIG(too_many_rows_are_refused_and_the_log_goes_on),
        IN_RIG(a_transaction_is_never_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
