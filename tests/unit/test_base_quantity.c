/* Numbers with units. */
#include "base/quantity.h"
#include "base/time.h"
#include "support/claim.h"

static void durations_are_nanoseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"1ms", HSY_MS},
        {"500ms", 500 * HSY_MS},
        {"13s", 13 * HSY_SECOND},
        {"007s", 7 * HSY_SECOND},
        {"2m", 2 * HSY_MINUTE},
        {"3h", 180 * HSY_MINUTE},
        {"87600h", 87600 * 60 * HSY_MINUTE},
        {"315360000000ms", 87600 * 60 * HSY_MINUTE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t ns = 1;
        CLAIM_INT(hsy_duration_parse(&ns, cases[i].text), HEARSAY_OK);
        CLAIM_INT(ns, cases[i].ns);
    }
}

static void what_is_no_duration_is_refused_untouched(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "s",
        "1",
        "00",
        "-1s",
        "+1s",
        " 1s",
        "1 s",
        "1s ",
        "1S",
        "1M",
        "1d",
        "1us",
        "1.5s",
        "1e3s",
        "0x1s",
        "1mss",
        "1sm",
        "ms",
        "1m1s",
        "87601h",
        "315360000001ms",
        "18446744073709551615h",
        "18446744073709551616ms",
        "99999999999999999999999999999999s",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t ns = 77;
        CLAIM_INT(hsy_duration_parse(&ns, cases[i]), HEARSAY_ERR_MALFORMED);
        CLAIM_INT(ns, 77);
    }
}

static void sizes_are_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t len;
    } cases[] = {
        {"0", 0},
        {"15360", 15360},
        {"15KiB", 15360},
        {"1MiB", 1048576},
        {"1048576MiB", UINT64_C(1) << 40},
        {"1099511627776", UINT64_C(1) << 40},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t len = 1;
        CLAIM_INT(hsy_size_parse(&len, cases[i].text), HEARSAY_OK);
        CLAIM_INT(len, cases[i].len);
    }
}

static void what_is_no_size_is_refused_untouched(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "KiB",
        "1K",
        "1kB",
        "1KB",
        "1kib",
        "1 KiB",
        "-1",
        "1B",
        "1GiB",
        "1048577MiB",
        "1099511627777",
        "1KiB ",
        "1.0KiB",
        "18446744073709551615MiB",
        "18446744073709551616",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t len = 77;
        CLAIM_INT(hsy_size_parse(&len, cases[i]), HEARSAY_ERR_MALFORMED);
        CLAIM_INT(len, 77);
    }
}

static void a_number_ends_at_its_maximum(void **state)
{
    (void)state;
    uint64_t v = 0;
    CLAIM_INT(hsy_uint_parse(&v, "65535", 65535), HEARSAY_OK);
    CLAIM_INT(v, 65535);
    CLAIM_INT(hsy_uint_parse(&v, "65536", 65535), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(hsy_uint_parse(&v, "0", 0), HEARSAY_OK);
    CLAIM_INT(v, 0);
    CLAIM_INT(hsy_uint_parse(&v, "1", 0), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(hsy_uint_parse(&v, "7", 5), HEARSAY_ERR_MALFORMED);
    CLAIM_INT(hsy_uint_parse(&v, "5", 5), HEARSAY_OK);
    CLAIM_INT(hsy_uint_parse(&v, "18446744073709551615", UINT64_MAX),
              HEARSAY_OK);
    CLAIM_INT(v, UINT64_MAX);
    CLAIM_INT(hsy_uint_parse(&v, "18446744073709551616", UINT64_MAX),
              HEARSAY_ERR_MALFORMED);
    CLAIM_INT(v, UINT64_MAX);
}

static void a_number_is_digits_and_nothing_else(void **state)
{
    (void)state;
    static const char *const cases[] = {"",   " 1", "1 ",  "-1", "+1",
                                        "0x", "1a", "1.0", "a"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t v = 77;
        CLAIM_INT(hsy_uint_parse(&v, cases[i], 100), HEARSAY_ERR_MALFORMED);
        CLAIM_INT(v, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_nanoseconds),
        cmocka_unit_test(what_is_no_duration_is_refused_untouched),
        cmocka_unit_test(sizes_are_bytes),
        cmocka_unit_test(what_is_no_size_is_refused_untouched),
        cmocka_unit_test(a_number_ends_at_its_maximum),
        cmocka_unit_test(a_number_is_digits_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
