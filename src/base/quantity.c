/* Numbers with units, as people write them in flags. Nothing is guessed: no
 * sign, no blanks, no fractions, and no unit that could be read two ways ("M"
 * is minutes here and mega there, so it is neither). */
#include "base/quantity.h"

#include "base/assert.h"
#include "base/time.h"

#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit time_units[] = {
    {"ms", HSY_MS},
    {"s", HSY_SECOND},
    {"m", HSY_MINUTE},
    {"h", 60 * HSY_MINUTE},
};

static const struct unit size_units[] = {
    {"", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
};

/* Far above any use, far below where adding to a clock would wrap. */
#define DURATION_MAX (10 * 365 * 24 * 60 * HSY_MINUTE)
#define SIZE_LEN_MAX (UINT64_C(1) << 40)

/* The number at the start of @text, at most @max. Returns where it ends;
 * NULL: no digit, or over @max. */
static const char *read_digits(uint64_t *out, const char *text, uint64_t max)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        /* value * 10 + digit <= max, written so that nothing wraps. */
        if (digit > max || value > (max - digit) / 10) {
            return NULL;
        }
        value = value * 10 + digit;
    }
    if (at == text) {
        return NULL;
    }
    *out = value;
    return at;
}

static const struct unit *find_unit(const struct unit *units,
                                    size_t units_count, const char *name)
{
    HSY_ASSERT(units != NULL);
    HSY_ASSERT(name != NULL);

    for (size_t i = 0; i < units_count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

int hsy_duration_parse(uint64_t *out_ns, const char *text)
{
    HSY_ASSERT(out_ns != NULL);
    HSY_ASSERT(text != NULL);

    if (strcmp(text, "0") == 0) {
        *out_ns = 0; /* The same in every unit. */
        return HEARSAY_OK;
    }
    uint64_t number;
    const char *rest = read_digits(&number, text, UINT64_MAX);
    if (rest == NULL) {
        return HEARSAY_ERR_MALFORMED;
    }
    const struct unit *unit =
        find_unit(time_units, sizeof(time_units) / sizeof(time_units[0]), rest);
    if (unit == NULL || number > DURATION_MAX / unit->factor) {
        return HEARSAY_ERR_MALFORMED;
    }
    *out_ns = number * unit->factor;
    return HEARSAY_OK;
}

int hsy_size_parse(uint64_t *out_len, const char *text)
{
    HSY_ASSERT(out_len != NULL);
    HSY_ASSERT(text != NULL);

    uint64_t number;
    const char *rest = read_digits(&number, text, UINT64_MAX);
    if (rest == NULL) {
        return HEARSAY_ERR_MALFORMED;
    }
    const struct unit *unit =
        find_unit(size_units, sizeof(size_units) / sizeof(size_units[0]), rest);
    if (unit == NULL || number > SIZE_LEN_MAX / unit->factor) {
        return HEARSAY_ERR_MALFORMED;
    }
    *out_len = number * unit->factor;
    return HEARSAY_OK;
}

int hsy_uint_parse(uint64_t *out, const char *text, uint64_t max)
{
    HSY_ASSERT(out != NULL);
    HSY_ASSERT(text != NULL);

    uint64_t number;
    const char *rest = read_digits(&number, text, max);
    if (rest == NULL || *rest != '\0') {
        return HEARSAY_ERR_MALFORMED;
    }
    HSY_ASSERT(number <= max);
    *out = number;
    return HEARSAY_OK;
}
